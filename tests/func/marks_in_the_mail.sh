#!/bin/bash
# What was found stands in the mail: Authentication-Results and X-Spam fields of this host, in the place of forged
# ones; what others wrote and the body stay as they were, byte for byte.
. "$(dirname "$0")/lib.bash"
antispam=on
settings+=('site.hostname=mx.example.org' 'dns.enable=no' 'iprev.enable=no' 'dmarc.enable=no' 'helo.enable=no')
settings+=('headers.weight_hit=2.5' 'antispam.header_log_level=score+tests')
make_spool

header() { sed '/^\r*$/q' "$1"; }
# The value of field $2 in $1, unfolded; only one of them may be there.
value() {
    [ "$(header "$1" | grep -aic "^$2:")" = 1 ] || fail "$(header "$1" | grep -aic "^$2:") fields $2: $(header "$1")"
    header "$1" | tr -d '\r' | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n[ \t]/ /g' | grep -ai "^$2:" | cut -d: -f2- | sed 's/^ *//'
}
is() { [ "$(value "$at.eml" "$1")" = "$2" ] || fail "$1 is \"$(value "$at.eml" "$1")\", not \"$2\""; }

deposit forged 'Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=bank.example\r\nX-Spam-Flag: NO\r\nX-SPAM-status:\r\n No, score=-100\r\nAuthentication-Results: (mx.example.org)\r\n\tother.example.net; dkim=pass\r\nauthentication-results : (a(b))\r\n "MX.example.org" 1;\r\n dkim=pass\r\nFrom: a@example.org\r\nSubject: hello\r\n\r\nX-Spam-Flag: NO\r\nAuthentication-Results: mx.example.org; none\r\n'
run_once

at=$(only "$root/outgoing/forged" .hdr) || fail "it is not delivered"
[ "$(header "$at.eml" | grep -aic '^authentication-results *:')" = 2 ] || fail "$(header "$at.eml")"
header "$at.eml" | tr -d '\r' | grep -aA1 '^Authentication-Results: (mx.example.org)$' | grep -aq '^	other.example.net; dkim=pass$' ||
    fail "the one of another host: $(header "$at.eml")"
header "$at.eml" | tr -d '\r' | grep -aq '^Authentication-Results: mx.example.org;' || fail "none of this host: $(header "$at.eml")"
header "$at.eml" | grep -aq 'bank.example' && fail "forged: $(header "$at.eml")"
is X-Spam-Flag NO
is X-Spam-Level '**'
is X-Spam-Score 2.5
is X-Spam-Status 'No, score=2.5 required=10 tests=headers=hit:2.5'
is Subject hello
header "$at.eml" | grep -avq $'\r$' && fail "a line without CRLF: $(header "$at.eml" | cat -A)"
[ "$(sed '1,/^\r$/d' "$at.eml" | tr -d '\r')" = $'X-Spam-Flag: NO\nAuthentication-Results: mx.example.org; none' ] ||
    fail "the body: $(sed '1,/^\r$/d' "$at.eml")"

# The name and how much is told are settings; where nothing judges, the fields are nobody's business.
settings+=('site.authserv_id=auth.example.org' 'antispam.header_log_level=none')
deposit named 'Authentication-Results: mx.example.org; spf=pass\nAuthentication-Results: auth.example.org; spf=pass\nX-Spam-Score: -9\nSubject: a\n\nbody\n'
run_once
at=$(only "$root/outgoing/named" .hdr) || fail "it is not delivered"
header "$at.eml" | grep -aq '^Authentication-Results: mx.example.org; spf=pass$' || fail "not ours: $(header "$at.eml")"
header "$at.eml" | grep -aq '^Authentication-Results: auth.example.org; spf=pass$' && fail "forged: $(header "$at.eml")"
header "$at.eml" | grep -aqi '^X-Spam-S' && fail "header_log_level: $(header "$at.eml")"
is X-Spam-Flag NO

antispam=''
deposit off 'Authentication-Results: auth.example.org; spf=pass\nX-Spam-Score: -9\nSubject: a\n\nbody\n'
run_once
at=$(only "$root/outgoing/off" .hdr) || fail "it is not delivered"
is Authentication-Results 'auth.example.org; spf=pass'
is X-Spam-Score -9
