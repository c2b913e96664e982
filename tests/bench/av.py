#!/usr/bin/env python3
"""av.py BUILD [--signatures N_HASHES N_BODY] [--quick] [--figures 1 2 ...] - the virus scanner beside clamd.

The same generated signatures, the same mails, the same machine, one run. Root is needed for the memory of
worker-av, clamd (package clamav-daemon) for the comparison, SPOOLD_BENCH for make_sigs.py, SPOOLD_CORPUS for
the mails; what is missing is said and passed over. A bench, not a test: it ends with 0. CPU a message is the
figure to trust; the longest stalls and messages/s swing with everything else that the machine does.
"""
import argparse, atexit, math, os, signal, subprocess, sys, time

sys.dont_write_bytecode = True          # nothing is left in the tree
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import avlib
from avlib import Beside, Clamd, Peak, Skip, Spoold, Watch, median, memory, now, small_mail

CPU_GOAL, START_GOAL = 0.6, 1.05        # of clamd's
FIRST_GOAL, SEEN_GOAL = 1.05, 0.5       # of clamd's, with attachments
CHILD_GOAL = 14                         # MiB of a child's own
PEAK_GOAL, STALL_GOAL = 2.05, 0.1       # engines; seconds
ACCEPT_GOAL = 2                         # seconds from deposit to acceptance, also without an engine
SCANS_BEFORE_MEMORY = 350
BLOCK = 100                             # mails, then it is the other's turn


def row(what, spoold="", clamd="", goal=""):
    print(f"{what:<64} {spoold:>10} {clamd:>10}   {goal}".rstrip(), flush=True)


def goal(value, limit, form):
    return f"{form % value} (goal <= {limit})" + ("" if value <= limit else "  MISSED")


def num(form, value):
    return "-" if value is None or math.isnan(value) else form % value


class Bench:
    def __init__(self, args):
        here = os.path.dirname(os.path.abspath(__file__))
        shared = os.path.join(here, "..", "..", "..", "shared")
        self.build, self.quick = os.path.realpath(args.build), args.quick
        self.scratch = avlib.Scratch()
        atexit.register(self.scratch.clear)
        hashes, body = args.signatures or ((200000, 100000) if args.quick else (1000000, 100000))
        peers = os.environ.get("SPOOLD_BENCH", os.path.join(shared, "bench"))
        corpus = os.environ.get("SPOOLD_CORPUS", os.path.join(shared, "corpus"))
        self.signatures = avlib.make_signatures(self.scratch, peers, hashes, body)
        self.mails = avlib.Mails(avlib.read_mails(corpus))
        self.n, self.passes = (100, 1) if args.quick else (600, 5)
        print(f"{hashes} hashes and {body} body patterns; {len(self.mails.mails)} mails of the corpus, "
              f"{self.n} a pass, {self.passes} passes, medians; {os.cpu_count()} processors, "
              f"load {os.getloadavg()[0]:.1f}")
        self.has_clamd = os.access("/usr/sbin/clamd", os.X_OK)
        if not self.has_clamd:
            print("clamd: not measured (needs clamd of the package clamav-daemon)")

    def spoold(self, **how):
        return Spoold(self.scratch, self.build, self.signatures, **how)

    def clamd(self):
        return Clamd(self.scratch, self.signatures) if self.has_clamd else None


# ---- 1: CPU ----

def cpu_pass(clamd, spoold, mails, prefix):
    """Both the same mails, by turns, so that a busy machine is busy for both: [CPU, wall] seconds a message."""
    ours, theirs = [0, 0], [0, 0]
    for at in range(0, len(mails), BLOCK):
        block = mails[at:at + BLOCK]
        for sums, (c, w) in ((theirs, clamd.scan_all(block) if clamd else (0, 0)),
                             (ours, spoold.examine_all(block, f"{prefix}{at}."))):
            sums[0] += c / len(mails)
            sums[1] += w / len(mails)
    return ours, theirs


def figure_cpu(b):
    clamd, spoold = b.clamd(), b.spoold(children=1)
    theirs, ours = [], []
    try:
        for i in range(b.passes + 1):               # the first one warms both up
            a, t = cpu_pass(clamd, spoold, b.mails.take(b.n if i else BLOCK), f"m{i}.")
            ours.append(a)
            theirs.append(t)
        bad = spoold.not_clean()
    finally:
        spoold.stop()
        if clamd:
            clamd.stop()
    print_cpu(ours[1:], theirs[1:] if clamd else [])
    row("of these mails not called clean by spoold", str(bad))


def print_cpu(ours, theirs):
    each = [a[0] / t[0] for a, t in zip(ours, theirs)]
    said = goal(median(each), CPU_GOAL, "%.3f") + f", passes {min(each):.2f}..{max(each):.2f}" if each else ""
    us, them = (1e6 * median([c for c, _ in x]) for x in (ours, theirs))
    row("CPU of scanning, us a message (children; clamd FILDES)", num("%.0f", us), num("%.0f", them), said)
    us, them = (1 / median([w for _, w in x]) for x in (ours, theirs))
    row("messages/s, one at a time (spoold: durably, in to out)", num("%.0f", us), num("%.0f", them))


# ---- 2: memory ----

def figure_memory(b):
    if os.getuid():
        raise Skip("needs root to see the memory of worker-av")
    clamd, theirs = b.clamd(), None
    if clamd:
        clamd.scan_all(b.mails.take(SCANS_BEFORE_MEMORY))
        theirs = memory(clamd.pid)[1]
        clamd.stop()
    for children in (1, 4, 8):
        spoold = b.spoold(children=children)
        try:
            spoold.examine_all(b.mails.take(SCANS_BEFORE_MEMORY), "m")
            own = [memory(p)[0] for p in spoold.children()]
            row(f"{children} children after {SCANS_BEFORE_MEMORY} scans: of the largest's own, MiB",
                num("%.1f", max(own)), "", goal(max(own), CHILD_GOAL, "%.1f"))
            row(f"{children} children: PSS of loader and children, MiB", num("%.0f", spoold.pss()),
                num("%.0f", theirs))
        finally:
            spoold.stop()


# ---- 3: reload, overlap ----

class Stream:
    """Small mails deposited all the time, and when each was taken and delivered."""

    def __init__(self, spoold, prefix="s"):
        self.spoold, self.prefix = spoold, prefix + "."
        self.taken = Watch(avlib.IN_MOVED_FROM, spoold.folder("incoming"))
        self.out = spoold.watch_results()

    def __call__(self, i):
        self.spoold.deposit(f"{self.prefix}{i}", small_mail(i))

    def names(self, start=0.0):
        return [n for n, t in self.spoold.deposited.items() if n.startswith(self.prefix) and t >= start]

    def finish(self, seconds):
        """Waits until all came out; how many did not."""
        end = now() + seconds
        while (left := [n for n in self.names() if n not in self.out.times]) and now() < end:
            time.sleep(0.02)
        time.sleep(0.1)
        self.out.stop()
        self.taken.stop()
        return len(left)

    def longest(self, watch, start, end=float("inf")):
        at = self.spoold.deposited
        names = (n for n in self.names(start) if n in watch.times and at[n] < end)
        return max((watch.times[n] - at[n] for n in names), default=0)

    def longest_gap(self, start, end):
        times = sorted(t for t in self.out.times.values() if start - 0.5 <= t <= end)
        return max((b - a for a, b in zip(times, times[1:])), default=0)


def overlap_stalls(spoold, i):
    stream = Stream(spoold, f"reload{i}")
    with Beside(avlib.SMALL_GAP, stream):
        time.sleep(3)
        start = now()
        took = spoold.reload()
        end = now()
        time.sleep(1)
    failed = stream.finish(60)
    return dict(took=took, told=spoold.status().get("last_reload_ms", 0) / 1000, failed=failed,
                calm=stream.longest(stream.out, 0, start - 0.2), stall=stream.longest(stream.out, start - 0.2),
                gap=stream.longest_gap(start, end), n=len(stream.names()))


def clamd_stalls(clamd, _):
    seen = []

    def scan(i):
        at = now()
        seen.append((at, now() - at if clamd.scan(small_mail(i)) else None, now()))
    with Beside(avlib.SMALL_GAP, scan):
        time.sleep(3)
        start = now()
        took = clamd.reload()
        time.sleep(1)
    late = [x for x in seen if x[2] >= start]
    return dict(took=took, failed=sum(x[1] is None for x in seen), n=len(seen),
                calm=max((x[1] or 0 for x in seen if x[2] < start), default=0),
                stall=max((x[1] or 0 for x in late), default=0),
                gap=max((y[2] - x[2] for x, y in zip(late, late[1:])), default=0))


def worst_and_middle(measure, daemon, passes):
    """Several reloads: medians of what each shows, the sum of the failures, and the worst stall of all."""
    every = [measure(daemon, i) for i in range(passes)]
    found = {key: median([e[key] for e in every]) for key in every[0]}
    return dict(found, failed=sum(e["failed"] for e in every), n=sum(e["n"] for e in every),
                worst=max(e["stall"] for e in every))


def reload_peak(daemon, sample):
    """Apart from the stalls: looking at the memory of a process stops it for a moment."""
    before, peak = sample(), Peak(sample)
    with Beside(avlib.SAMPLE_GAP, peak):
        daemon.reload()
    return before, peak.top


def measure_clamd_reload(b):
    clamd = b.clamd()
    if not clamd:
        return None, None
    try:
        clamd.scan_all(b.mails.take(50))
        return worst_and_middle(clamd_stalls, clamd, b.passes), reload_peak(clamd, lambda: memory(clamd.pid)[1])
    finally:
        clamd.stop()


def figure_overlap(b):
    theirs, their_peak = measure_clamd_reload(b)
    spoold = b.spoold(children=2, mode="overlap")
    try:
        spoold.examine_all(b.mails.take(50), "w")
        ours = worst_and_middle(overlap_stalls, spoold, b.passes)
        ours["failed"] += spoold.not_clean()
        peak = None if os.getuid() else reload_peak(spoold, spoold.pss)
    finally:
        spoold.stop()

    print_overlap(ours, theirs, b.passes)
    their_engines, engines = (p[1] / p[0] if p else None for p in (their_peak, peak))
    row("reload, overlap: peak of PSS in engines", num("%.2f", engines), num("%.2f", their_engines),
        goal(engines, PEAK_GOAL, "%.2f") + f", {peak[0]:.0f} -> {peak[1]:.0f} MiB" if peak else "needs root")


def print_overlap(ours, theirs, passes):
    def both(what, key, form, said="", scale=1):
        them = scale * theirs[key] if theirs else None
        row("reload, overlap: " + what, num(form, scale * ours[key]), num(form, them), said)
    both("longest from deposit to delivery, ms", "stall", "%.0f", goal(ours["stall"], STALL_GOAL, "%.3f s"), 1000)
    both(f"  worst of {passes} reloads", "worst", "%.0f", "", 1000)
    both("  before the reload", "calm", "%.0f", "", 1000)
    both("longest between two deliveries, ms", "gap", "%.0f", goal(ours["gap"], STALL_GOAL, "%.3f s"), 1000)
    both(f"failed or not examined, of {ours['n']}", "failed", "%d", goal(ours["failed"], 0, "%d"))
    both("seconds until the new set serves alone", "took", "%.1f", f"spoold says {ours['told']:.1f}")


# ---- 4: reload, drain ----

def figure_drain(b):
    spoold = b.spoold(children=2, mode="drain")
    try:
        stream = Stream(spoold)
        with Beside(avlib.SMALL_GAP, stream):
            time.sleep(2)
            start = now()
            serves = start + spoold.reload()
            time.sleep(2)
        lost = stream.finish(150)
        gone = max(stream.out.times.get(n, 0) for n in stream.names() if spoold.deposited[n] < serves) - serves
        accepted = stream.longest(stream.taken, start - 0.2)
        untaken = sum(n not in stream.taken.times for n in stream.names())
        told = spoold.status().get("last_reload_ms", 0)
        unexamined, held = spoold.not_clean(), spoold.journal("held")
        longest = stream.longest(stream.out, start - 0.2)
    finally:
        spoold.stop()
    row("reload, drain: longest from deposit to acceptance, s", f"{accepted:.2f}", "",
        goal(accepted, ACCEPT_GOAL, "%.2f") + (f", {untaken} never accepted" if untaken else ""))
    row(f"reload, drain: lost / not examined, of {len(stream.names())}", f"{lost} / {unexamined}", "",
        goal(lost + unexamined, 0, "%d"))
    row("reload, drain: told time of the reload, s", f"{told / 1000:.1f}", "", f"{held} messages were held")
    row("reload, drain: backlog gone after the new set serves, s", f"{max(gone, 0):.1f}", "",
        f"longest delay of a message {longest:.1f} s")


# ---- 5: growth ----

def clamd_growth(b, early, late, step):
    clamd = b.clamd()
    if not clamd:
        return None
    try:
        for done in range(step, late + 1, step):
            clamd.scan_all(b.mails.take(step))
            if done == early:
                before = memory(clamd.pid)[1]
        return memory(clamd.pid)[1] - before
    finally:
        clamd.stop()


def figure_growth(b):
    if os.getuid():
        raise Skip("needs root to see the memory of worker-av")
    early, late, step = (200, 2000, 100) if b.quick else (1000, 10000, 500)
    theirs = clamd_growth(b, early, late, step)
    spoold = b.spoold(children=1)
    own, seen = {}, set()
    try:
        for done in range(step, late + 1, step):
            spoold.examine_all(b.mails.take(step), f"g{done}.")
            spoold.clear_outgoing()
            seen.update(spoold.children())
            if done == early or done % (late // 4) == 0:
                own[done] = memory(spoold.children()[0])[0]
    finally:
        spoold.stop()
    row("processes that served one after the other (5,000 jobs each)", str(len(seen)))
    for done, mib in own.items():
        row(f"one child's own memory after {done} scans, MiB", f"{mib:.1f}")
    grown = own[late] - own[early]
    row(f"growth from {early} to {late} scans, MiB (clamd: PSS)", f"{grown:+.2f}", num("%+.2f", theirs),
        f"in the second half {own[late] - own[late // 2]:+.2f}; {grown * 1048576 / (late - early):.0f} bytes a scan")


# ---- 6: start ----

def first_delivery(b):
    """Seconds from the start of spoold until the mail that lay there is delivered."""
    spoold = Spoold(b.scratch, b.build, b.signatures, children=1, fresh=False, first=small_mail(0))
    try:
        out = spoold.folder("outgoing")
        hdr = spoold.wait("the first mail is delivered", 180,
                          lambda: [n for n in os.listdir(out) if n.startswith("first~") and n.endswith(".hdr")])
        seconds = os.stat(os.path.join(out, hdr[0])).st_ctime - (time.time() - (now() - spoold.started))
        spoold.clear_outgoing()
        return seconds
    finally:
        spoold.stop()


def figure_start(b):
    b.spoold(children=1).stop()
    ours, theirs = [], []
    for _ in range(b.passes):
        ours.append(first_delivery(b))
        clamd = b.clamd()
        if clamd:
            theirs.append(clamd.start_seconds)
            clamd.stop()
    ours, theirs = median(ours), median(theirs)
    row("seconds from start to the first mail delivered (clamd: PONG)", num("%.2f", ours), num("%.2f", theirs),
        "" if math.isnan(theirs) else goal(ours / theirs, START_GOAL, "%.2f"))


# ---- 7: attachments ----

def figure_attachments(b):
    """Never seen before, and seen by another child before; mails differ, their attachments do not."""
    clamd, spoold = b.clamd(), b.spoold(children=2)
    try:
        for kb, n in ((100, 40), (1000, 8)):
            files = [avlib.archive(kb * 1000 + i, kb * 1000) for i in range(n)]
            for turn, what, most in ((0, "first sight", FIRST_GOAL), (1, "seen before", SEEN_GOAL)):
                mails = [avlib.attached(1000 * turn + i, f) for i, f in enumerate(files)]
                (us, _), (them, _) = cpu_pass(clamd, spoold, mails, f"a{kb}.{turn}.")
                row(f"attachments of {kb} kB, {what}: CPU, us a message", num("%.0f", 1e6 * us),
                    num("%.0f", 1e6 * them), goal(us / them, most, "%.3f") if them else "")
        row("of these mails not called clean by spoold", str(spoold.not_clean()))
    finally:
        spoold.stop()
        if clamd:
            clamd.stop()


FIGURES = {1: figure_cpu, 2: figure_memory, 3: figure_overlap, 4: figure_drain, 5: figure_growth, 6: figure_start,
           7: figure_attachments}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("build", nargs="?", default="build")
    p.add_argument("--signatures", nargs=2, type=int, metavar=("HASHES", "BODY"))
    p.add_argument("--quick", action="store_true", help="fewer signatures and mails, one pass: to see that it works")
    p.add_argument("--figures", nargs="+", type=int, choices=sorted(FIGURES), default=sorted(FIGURES))
    args = p.parse_args()
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, lambda *_: sys.exit(3))
    try:
        b = Bench(args)
    except (Skip, OSError, subprocess.CalledProcessError) as e:
        print(f"virus scanning: not measured ({e})")
        return
    row("", "spoold", "clamd")
    for i in args.figures:
        try:
            FIGURES[i](b)
        except (Skip, OSError, subprocess.CalledProcessError) as e:
            print(f"{FIGURES[i].__name__[7:]}: not measured ({e})", flush=True)
        finally:
            for d in list(avlib.Daemon.live):
                d.stop()


if __name__ == "__main__":
    main()
