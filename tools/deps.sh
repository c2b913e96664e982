#!/bin/sh
# deps.sh - installs the Debian packages that spoold is built and tested with; says the command where it may not.
set -eu
packages="gcc make pkg-config libc6-dev libdb5.3-dev libiniparser-dev zlib1g-dev libjansson-dev libcmocka-dev libseccomp-dev libssl-dev libclamav-dev libxml2-dev libspf2-dev libopendkim-dev libc-ares-dev libpsl-dev libidn2-dev libpcre2-dev libmd-dev"
case "${1:-build}" in
check) packages="$packages e2fsprogs mount procps util-linux universal-ctags strace zip python3 xz-utils nsd" ;;
fuzz) packages="$packages clang llvm libclang-rt-dev" ;;
bench) packages="$packages e2fsprogs mount python3 nsd" ;; # clamd (clamav-daemon), rspamd and Postfix are compared with where they are
esac
missing=""
for p in $packages; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "These Debian packages are missing. Install them as root, then run make again:" >&2
    echo "    apt-get install$missing" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get install -y --no-install-recommends $missing >/dev/null 2>&1 || {
    apt-get update >/dev/null
    apt-get install -y --no-install-recommends $missing >/dev/null
}
