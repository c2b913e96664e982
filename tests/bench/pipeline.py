#!/usr/bin/env python3
"""pipeline.py BUILD [--passes N] [--mails N] [--burst N] ... - the whole way of a message beside rspamd + clamd.

CPU (user and system, all processes of each side, also ended ones) per message over the same mails in one run, by turns:
  spoold  from the intake folder to the outlet: virus scan, all checks, decision, headers written anew, every step durable;
          first on a journaled ext4 (loop-mounted; root), then in memory, which shows what being durable costs
  peers   rspamd, POST /checkv2, network modules on, no Bayes (we have none yet), antivirus module off; clamd, FILDES,
          the same signatures and limits, temporary files in memory. Their figures are added; nothing is made durable
DNS: nsd on loopback, not counted. A first pass over all mails fills every cache. Then both virus scanners load their
signatures again, so that contents are new to them (--seen: they are not), and names are still known. A bench, not a
test: it ends with 0. SPOOLD_CORPUS: the mails; SPOOLD_SIGNATURES: a folder of signatures, instead of making them.
"""
import argparse, contextlib, ctypes, os, shutil, signal, statistics, subprocess, sys, time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import antispam, avlib
from avlib import Clamd, Skip, Spoold, memory, tree

HERE = os.path.dirname(os.path.abspath(__file__))
GOAL = 0.30
TICK = os.sysconf("SC_CLK_TCK")
LISTED = "".join(f"2.0.0.127.l{i}.example.net. A 127.0.0.2\n" for i in range(8)) + "".join(
    f"test.u{i}.example.net. A 127.0.0.2\n" for i in range(3))
KINDS = [("contains", "%s"), ("wildcard", "*%s*now*"), ("regex", r"\b%s[a-z]{0,8}\s+\d+")]
WORDS = "lottery refinance mortgage viagra winner prince inheritance pills casino rolex diploma unsecured herbal".split()


def rules(front):
    """As many as a site may have of its own."""
    return "".join(f"r{i} 0.1 {kind} {front}{form % WORDS[i % len(WORDS)]}\n" for i in range(21) for kind, form in [KINDS[i % 3]])


# ---- CPU of processes ----

def threads(pid):
    """Of a process with two threads, seconds: [the first one, all others]."""
    sums = [0, 0]
    for t in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{t}/schedstat") as f:
            sums[int(t) != pid] += int(f.read().split()[0]) / 1e9
    return sums


def ended(pid):
    with open(f"/proc/{pid}/stat") as f:
        word = f.read().rsplit(")", 1)[1].split()
    return (int(word[13]) + int(word[14])) / TICK


def parts(root):
    """{name: seconds} of a process and all below it; a process that has ended counts for who waited for it."""
    sums = {}
    for pid, (_, name) in tree(root).items():
        sums[name] = sums.get(name, 0) + avlib.cpu(pid) + ended(pid)
    if "spoold" in sums:
        loop, store = threads(root)
        sums.update({"spoold: loop": loop, "spoold: store": store})
        del sums["spoold"]
    return sums


def added(per, before, after, n):
    for name, seconds in after.items():
        per[name] = per.get(name, 0) + 1000 * (seconds - before.get(name, 0)) / n


# ---- the sides ----

class Ours(Spoold):
    keys = b"connectedip: 198.51.100.7\nhelo: mx.example.net\nprotocol: ESMTP\n"

    def __init__(self, scratch, build, signatures, dns):
        lists = os.path.join(scratch.path("spool"), "lists")
        os.makedirs(lists)
        for name, front in (("header_rules", "Subject: "), ("body_rules", "")):
            antispam.write(os.path.join(lists, name), rules(front))
        super().__init__(scratch, build, signatures, children=2, fresh=False, more=[
            "antispam.enable=yes", "paths.lists=" + lists, f"dns.servers=127.0.0.1:{dns}", "lists.header_rules=@lists/header_rules",
            "lists.body_rules=@lists/body_rules", "filter.threshold_action=deliver", "level high.action=tag"] + antispam.LISTS)
        self.made = 0

    def run(self, mails):
        """{name: ms CPU a message}, wall seconds."""
        self.made += 1
        names = [f"p{self.made}.{i}" for i in range(len(mails))]
        for name, mail in zip(names, mails):
            self.stage(name, mail)
        flush(self.root)
        before, seen, wall = parts(self.pid), self.watch_results(), avlib.now()
        for name in names:
            self.commit(name)
        try:
            self.wait("all are delivered", 300, lambda: len(seen.times) >= len(names), 0.01)
        finally:
            seen.stop()
        wall = max(seen.times[n] for n in names) - wall
        self.wait("the last names are gone", 60, lambda: not os.listdir(self.folder("proc")))
        per = {}
        added(per, before, parts(self.pid), len(names))
        return per, wall

    def unjudged(self):
        """Delivered mails that were not called clean or that do not show what their judging gave."""
        n = self.not_clean()
        for name in os.listdir(self.folder("outgoing")):
            if name.endswith(".eml"):
                with open(self.folder("outgoing", name), "rb") as f:
                    n += b"\nX-Spam-Status: " not in f.read(2000)
        return n

    def pss(self):
        return sum(memory(p)[1] for p in tree(self.pid))


class Peers:
    def __init__(self, scratch, signatures, dns):
        self.clamd = Clamd(scratch, signatures)
        self.rspamd, self.port = antispam.start_rspamd(scratch.path("rspamd"), dns, True)

    def run(self, mails):
        before, wall = parts(self.rspamd.pid), avlib.now()
        antispam.scan(self.port, mails)
        per = {"rspamd": 1000 * (sum(parts(self.rspamd.pid).values()) - sum(before.values())) / len(mails)}
        wall = avlib.now() - wall
        cpu, more = self.clamd.scan_all(mails)
        per["clamd"] = 1000 * cpu / len(mails)
        return per, wall + more

    def reload(self):
        self.clamd.reload()

    def pss(self):
        return sum(memory(p)[1] for of in (self.rspamd.pid, self.clamd.pid) for p in tree(of))

    def stop(self):
        for pid in tree(self.rspamd.pid):
            os.kill(pid, signal.SIGKILL)
        self.rspamd.wait()


class Place(avlib.Scratch):
    """A folder on a file system of its own."""

    def __init__(self, how):
        super().__init__()
        self.how, self.mounted = how, False
        point = self.path("m")
        os.mkdir(point)
        if how == "ext4":
            with open(self.path("image"), "wb") as f:
                f.truncate(4 << 30)
            self.call("mkfs.ext4", "-q", "-F", self.path("image"))
            self.call("mount", "-o", "loop", self.path("image"), point)
        else:
            self.call("mount", "-t", "tmpfs", "-o", "size=2G,mode=755", "spoold-bench", point)
        self.mounted = True

    def call(self, *argv):
        r = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if r.returncode:
            self.clear()
            raise Skip(f"no {self.how} of its own: {r.stderr.decode().strip()}")

    def path(self, *names):
        return super().path("m", *names) if names[:1] == ("spool",) else super().path(*names)

    def clear(self):
        if self.mounted:
            subprocess.run(["umount", os.path.join(self.dir, "m")], check=False)
        for d in (self.dir, self.memory):       # what else runs goes on
            shutil.rmtree(d, ignore_errors=True)


def flush(folder):
    """What the depositor wrote is on disk before the clock starts: spooldrop flushes its own."""
    fd = os.open(folder, os.O_RDONLY)
    ctypes.CDLL(None).syncfs(fd)
    os.close(fd)


# ---- passes ----

def one_pass(sides, mails, burst):
    """Each side the same mails, by turns: {side: ({name: ms a message}, wall seconds a message)}."""
    sums = {side: ({}, 0.0) for side in sides}
    for at in range(0, len(mails), burst):
        block = mails[at:at + burst]
        for side, runner in sides.items():
            per, wall = runner.run(block)
            kept, seconds = sums[side]
            for name, ms in per.items():
                kept[name] = kept.get(name, 0) + ms * len(block) / len(mails)
            sums[side] = kept, seconds + wall / len(mails)
    return sums


def measure(sides, corpus, args):
    chosen = corpus.mails[::max(1, len(corpus.mails) // (args.mails * args.passes))][:args.mails * args.passes]
    slices = [chosen[i::args.passes] for i in range(args.passes)]
    one_pass(sides, [corpus.unique(m) for m in chosen], 200)
    if not args.seen:
        for runner in sides.values():
            runner.reload()
    one_pass(sides, [corpus.unique(avlib.small_mail(i)) for i in range(100)], 100)
    found = []
    for part in slices:
        for runner in sides.values():
            if isinstance(runner, Ours):
                runner.clear_outgoing()
        found.append(one_pass(sides, [corpus.unique(m) for m in part], args.burst))
    return found


# ---- words ----

def report(sides, found):
    def total(one, side):
        return sum(one[side][0].values())

    print(f"{'':<44} {'CPU ms/msg':>10} {'lowest':>8} {'highest':>8} {'msgs/s':>8} {'PSS MiB':>8}")
    for side, runner in sides.items():
        sums = [total(one, side) for one in found]
        rate = statistics.median(1 / one[side][1] for one in found)
        print(f"{side:<44} {statistics.median(sums):>10.3f} {min(sums):>8.3f} {max(sums):>8.3f} {rate:>8.0f} {runner.pss():>8.0f}")
        for name in sorted({n for one in found for n in one[side][0]}):
            print(f"    {name:<40} {statistics.median(one[side][0].get(name, 0) for one in found):>10.3f}")
    for side, runner in sides.items():
        if isinstance(runner, Ours) and PEERS in sides:
            each = [total(one, side) / total(one, PEERS) for one in found]
            ratio = statistics.median(each)
            print(f"{side} / ({PEERS}): CPU {ratio:.3f}, passes {min(each):.3f} - {max(each):.3f} (goal <= {GOAL:.2f})"
                  + ("" if ratio <= GOAL else "  MISSED"))


PEERS = "rspamd + clamd"


def start_peers(stack, args, signatures, scratch, dns):
    if args.alone:
        print("only our figures")
    elif shutil.which("rspamd") and os.access("/usr/sbin/clamd", os.X_OK):
        peers = Peers(scratch, signatures, dns)
        stack.callback(peers.stop)
        return {PEERS: peers}
    else:
        print("rspamd and clamd are not both installed: only our figures")
    return {}


def start_dns(stack, scratch):
    if not shutil.which("nsd"):
        raise Skip("needs nsd")
    os.makedirs(scratch.path("dns"))
    dns, port = antispam.start_dns(scratch.path("dns"), LISTED)
    stack.callback(lambda: (dns.kill(), dns.wait()))
    return port


def run_on(how, args, corpus, signatures, dns, peers):
    """One spool at a time: two engines of ours would take each other's place in the processor's cache."""
    with contextlib.ExitStack() as stack:
        sides = dict(peers)
        for program in [args.build] + args.beside:
            place = Place(how)
            stack.callback(place.clear)
            ours = Ours(place, os.path.realpath(program), signatures, dns)
            stack.callback(ours.stop)
            title = f"spoold {'in' if how == 'memory' else 'on'} {how}"
            sides[title if program == args.build else f"{title}, {program}"] = ours
        found = measure(sides, corpus, args)
        report(sides, found)
        for side, runner in sides.items():
            if isinstance(runner, Ours):
                print(f"{side}: mails of the last pass that were not examined and judged: {runner.unjudged()}", flush=True)


def run(args):
    shared = os.path.join(HERE, "..", "..", "..", "shared")
    maker = os.path.realpath(os.environ.get("SPOOLD_BENCH", os.path.join(shared, "bench")))
    with contextlib.ExitStack() as stack:
        scratch = avlib.Scratch()
        stack.callback(scratch.clear)
        corpus = avlib.Mails(avlib.read_mails(os.environ.get("SPOOLD_CORPUS", os.path.join(shared, "corpus"))))
        signatures = os.environ.get("SPOOLD_SIGNATURES") or avlib.make_signatures(scratch, maker, 1000000, 100000)
        dns = start_dns(stack, scratch)
        peers = start_peers(stack, args, signatures, scratch, dns)
        size = sum(map(len, corpus.mails)) // len(corpus.mails)
        print(f"{args.mails} mails a pass in bursts of {args.burst}, {args.passes} passes, medians; mean {size} bytes; contents "
              f"{'seen before' if args.seen else 'new to the scanners'}; load {os.getloadavg()[0]:.1f}", flush=True)
        for how in args.on:
            try:
                run_on(how, args, corpus, signatures, dns, peers)
            except (Skip, OSError) as e:
                print(f"not measured: {e}", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("build", nargs="?", default="build")
    p.add_argument("--passes", type=int, default=5)
    p.add_argument("--mails", type=int, default=400, help="of a pass")
    p.add_argument("--burst", type=int, default=100, help="mails that come at once, then it is the other's turn")
    p.add_argument("--seen", action="store_true", help="the scanners have seen the contents before")
    p.add_argument("--on", nargs="+", choices=("ext4", "memory"), default=["ext4", "memory"])
    p.add_argument("--alone", action="store_true", help="without the peers: for a profiler")
    p.add_argument("--beside", nargs="+", default=[], metavar="BUILD", help="other builds, by turns with the first one")
    p.add_argument("--quick", action="store_true", help="few mails: to see that it works")
    args = p.parse_args()
    if args.quick:
        args.passes, args.mails = 2, 100
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, lambda *_: sys.exit(3))
    try:
        run(args)
    except (Skip, OSError, subprocess.SubprocessError) as e:
        print(f"the whole way of a message: not measured ({e})")


if __name__ == "__main__":
    main()
