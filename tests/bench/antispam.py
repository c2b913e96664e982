#!/usr/bin/env python3
"""antispam.py BUILD - what the antispam stage costs a message, beside rspamd where that is installed.

CPU (user and system, all processes of each side) per message over mails of SPOOLD_CORPUS, in one run:
  1  no net: without the DNS; rspamd with its network modules off
  2  net: SPF, DKIM, DMARC, reverse DNS, 8 address lists, 3 domain lists; every name is NXDOMAIN, asked of a
     name server (nsd) on loopback; rspamd with its own network modules on. The name server is not counted
Ours is `spoolctl check --no-av`: worker-antispam, worker-dns and what drives them; the start is taken off by a
second run with few messages. Nothing is kept; servers are ended with the bench. Exit 77: no corpus.
"""
import http.client, json, os, random, resource, shutil, signal, socket, statistics, subprocess, sys, tarfile, tempfile, time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import avlib

MESSAGES, FEW, PASSES = 1000, 40, 3
LISTS = [f"rbl l{i}.zone=l{i}.example.net" for i in range(8)] + [f"uribl u{i}.zone=u{i}.example.net" for i in range(3)]
NET = "rbl spf dkim arc dmarc mx_check asn fuzzy_check phishing".split()
OFF = "greylist ratelimit dkim_signing arc_signing history_redis hfilter neural reputation replies".split()


def mails(folder):
    corpus = os.environ.get("SPOOLD_CORPUS", "../shared/corpus")
    archive = os.path.join(corpus, "mail", "sa-public-dev.tar.xz")
    if not os.path.exists(archive):
        print("no corpus: set SPOOLD_CORPUS")
        sys.exit(77)
    with tarfile.open(archive) as t:
        t.extractall(folder, filter="data")
    every = sorted(os.path.join(d, f) for d, _, files in os.walk(folder) for f in files if f.endswith(".eml"))
    random.Random(7).shuffle(every)
    return every[:MESSAGES]


def free_port():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s.getsockname()[1]


def start_dns(folder, more=""):
    """A name server that knows no names but those of `more`, lines of a zone file."""
    port = free_port()
    with open(folder + "/root.zone", "w") as f:
        f.write("$ORIGIN .\n$TTL 3600\n@ SOA a.invalid. b.invalid. 1 3600 600 86400 3600\n@ NS a.invalid.\n" + more)
    with open(folder + "/nsd.conf", "w") as f:
        f.write(f'server:\n ip-address: 127.0.0.1\n port: {port}\n username: ""\n chroot: ""\n zonesdir: "{folder}"\n database: ""\n'
                f' pidfile: "{folder}/pid"\n xfrdfile: ""\n zonelistfile: "{folder}/list"\n server-count: 1\n rrl-ratelimit: 0\n'
                f'remote-control:\n control-enable: no\nzone:\n name: "."\n zonefile: root.zone\n')
    p = subprocess.Popen(["nsd", "-d", "-c", folder + "/nsd.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    return p, port


def children_cpu():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def run_ours(build, folder, files, settings, net):
    """CPU seconds and wall seconds of one run."""
    words = [build + "/spoolctl", "-o", "paths.root=" + folder + "/spool"]
    for s in settings:
        words += ["-o", s]
    words += ["check", "--json", "--no-av", "--dns", "live" if net else "none", "-f", "a@example.net", "--ip", "198.51.100.7",
              "--helo", "mx.example.net"] + files
    before, start = children_cpu(), time.perf_counter()
    out = subprocess.run(words, stdout=subprocess.PIPE, check=False).stdout
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == len(files) and all(r["checks"] for r in rows), "not every message was judged"
    return children_cpu() - before, time.perf_counter() - start


def ours(build, folder, files, settings, net):
    """ms CPU a message, messages a second."""
    few_cpu, few_wall = run_ours(build, folder, files[:FEW], settings, net)
    cpu, wall = run_ours(build, folder, files, settings, net)
    n = len(files) - FEW
    return 1000 * (cpu - few_cpu) / n, n / max(wall - few_wall, 1e-9)


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def start_rspamd(folder, dns_port, net):
    port = free_port()
    shutil.rmtree(folder, ignore_errors=True)
    for sub in ("conf/local.d", "conf/override.d", "db", "run", "log"):
        os.makedirs(f"{folder}/{sub}", mode=0o777)
    for d, _, _ in os.walk(folder):
        os.chmod(d, 0o777)
    local = folder + "/conf/local.d/"
    write(local + "worker-normal.inc", f'bind_socket = "127.0.0.1:{port}";\ncount = 2;\n')
    write(local + "worker-controller.inc", f'bind_socket = "127.0.0.1:{free_port()}";\n')
    for name in ("worker-proxy.inc", "worker-fuzzy.inc"):
        write(local + name, "enabled = false;\n")
    write(local + "logging.inc", f'type = "file";\nfilename = "{folder}/log/log";\nlevel = "notice";\n')
    write(local + "options.inc", f'dns {{ nameserver = ["127.0.0.1:{dns_port}"]; timeout = 1s; retransmits = 2; }}\n'
          f'pidfile = "{folder}/run/pid";\nlocal_addrs = [];\ncontrol_socket = "{folder}/run/ctl mode=0600";\n')
    for name in OFF + ([] if net else NET):
        write(local + name + ".conf", "enabled = false;\n")
    share = "/usr/share/rspamd"
    places = dict(CONFDIR="/etc/rspamd", LOCAL_CONFDIR=folder + "/conf", PLUGINSDIR=share + "/plugins", RULESDIR=share + "/rules",
                  LUALIBDIR=share + "/lualib", SHAREDIR=share, WWWDIR=share + "/www", DBDIR=folder + "/db",
                  RUNDIR=folder + "/run", LOGDIR=folder + "/log")
    p = subprocess.Popen(["rspamd", "-f", "-u", "nobody", "-g", "nogroup", "-c", "/etc/rspamd/rspamd.conf"] +
                         [f"--var={k}={v}" for k, v in places.items()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    quiet, last, end = 0, 0.0, time.time() + 120
    while quiet < 4 and time.time() < end:      # its helper compiles patterns first
        time.sleep(1)
        now = sum(avlib.cpu(pid) for pid in avlib.tree(p.pid))
        quiet, last = (quiet + 1 if now - last < 0.08 and now > 0.5 else 0), now
    return p, port


def read(files):
    for name in files:
        with open(name, "rb") as f:
            yield f.read()


def scan(port, bodies):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for body in bodies:
        for again in (False, True):
            try:
                c.request("POST", "/checkv2", body, {"From": "a@example.net", "Rcpt": "b@example.org", "IP": "198.51.100.7",
                                                     "Helo": "mx.example.net"})
                r = c.getresponse()
                r.read()
                break
            except (http.client.HTTPException, OSError):
                c.close()
                if again:
                    raise
    c.close()


def rspamd(folder, dns_port, net, files):
    p, port = start_rspamd(folder, dns_port, net)
    try:
        scan(port, read(files[:FEW]))
        figures = []
        for _ in range(PASSES):
            before = sum(avlib.cpu(pid) for pid in avlib.tree(p.pid))
            scan(port, read(files))
            figures.append(1000 * (sum(avlib.cpu(pid) for pid in avlib.tree(p.pid)) - before) / len(files))
        return statistics.median(figures)
    finally:
        for pid in avlib.tree(p.pid):
            os.kill(pid, signal.SIGKILL)
        p.wait()


def report(title, our, peer):
    cpu = statistics.median(c for c, _ in our)
    rate = statistics.median(r for _, r in our)
    print(f"{title}: spoold {cpu:.3f} ms CPU a message ({min(c for c, _ in our):.3f} - {max(c for c, _ in our):.3f}), {rate:.0f} messages/s")
    if peer:
        print(f"{title}: rspamd {peer:.3f} ms CPU a message; ratio {cpu / peer:.3f} (asked: at most 0.25)")
    else:
        print(f"{title}: rspamd is not installed; only our figures")
    sys.stdout.flush()


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    folder = tempfile.mkdtemp(prefix="spoold-antispam-")
    os.chmod(folder, 0o755)
    dns = None
    try:
        files = mails(folder + "/mail")
        os.makedirs(folder + "/dns")
        dns, port = start_dns(folder + "/dns")
        settings = [f"dns.servers=127.0.0.1:{port}", "antispam.children=1"] + LISTS
        has = shutil.which("rspamd")
        for title, net in (("1 no net", False), ("2 net", True)):
            our = [ours(build, folder, files, settings, net) for _ in range(PASSES)]
            peer = rspamd(folder + "/rspamd", port, net, files) if has else None
            report(title, our, peer)
    finally:
        if dns:
            dns.kill()
            dns.wait()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
