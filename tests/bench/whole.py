#!/usr/bin/env python3
"""whole.py BUILD [N] - the product so far beside clamd + Postfix: virus scan, headers written anew, durably out.

The same mails and the same large set of signatures, one run. spoold: from the intake folder to the outlet, all of its
processes counted. The peers do the same work in two halves that are measured one after the other and added: clamd
scans each mail (FILDES), Postfix takes mails of the same mean size by SMTP into its queue and discards them; their
messages/s are those of the slower half, as if the other one cost nothing. A bench, not a test: it ends with 0.
"""
import json, os, re, subprocess, sys, time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import avlib
from avlib import Clamd, Skip, Spoold, cpu, median, memory, tree

HERE = os.path.dirname(os.path.abspath(__file__))


def cpu_of(pid):
    """Of a process, all below it, and what of that has ended and was waited for."""
    total = 0
    for p in tree(pid):
        with open(f"/proc/{p}/stat") as f:
            word = f.read().rsplit(")", 1)[1].split()
        total += cpu(p) + (int(word[13]) + int(word[14])) / os.sysconf("SC_CLK_TCK")
    return total


def pass_spoold(spoold, mails, prefix):
    before = cpu_of(spoold.pid)
    _, wall = spoold.examine_all(mails, prefix)
    time.sleep(0.5)                         # the books are closed
    return (cpu_of(spoold.pid) - before) / len(mails), len(mails) / wall


def postfix(scratch, peers, n, size):
    code = f"import sys; sys.argv=['x','{n}']\nimport bench_postfix as b\nb.N={n}; b.run('whole','discard', size={size})"
    r = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=300,
                       env=dict(os.environ, MSBENCH_DIR=scratch.path("postfix"), MSBENCH_REPS="3", PYTHONPATH=peers))
    m = re.search(rb'\{.*"cpu_ms".*\}', r.stdout)
    if not m:
        raise Skip("Postfix could not be measured")
    return json.loads(m[0])


def main():
    build, n = os.path.realpath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 600
    shared = os.path.join(HERE, "..", "..", "..", "shared")
    peers = os.path.realpath(os.environ.get("SPOOLD_BENCH", os.path.join(shared, "bench")))
    corpus = os.environ.get("SPOOLD_CORPUS", os.path.join(shared, "corpus"))
    scratch = avlib.Scratch()
    try:
        signatures = avlib.make_signatures(scratch, peers, 1000000, 100000)
        mails = avlib.Mails(avlib.read_mails(corpus))
        size = sum(len(m) for m in mails.mails) // len(mails.mails)
        spoold, clamd = Spoold(scratch, build, signatures, children=2), Clamd(scratch, signatures)
        ours, scan = [], []
        for i in range(4):
            block = mails.take(n if i else 100)
            ours.append(pass_spoold(spoold, block, f"w{i}."))
            c, w = clamd.scan_all(block)
            scan.append((c / len(block), len(block) / w))
        pss = sum(memory(p)[1] for p in tree(spoold.pid))
        clamd_pss = memory(clamd.pid)[1]
        spoold.stop()
        clamd.stop()
        queue = postfix(scratch, peers, 2000, size)
        us = 1e3 * median([c for c, _ in ours[1:]]), median([r for _, r in ours[1:]])
        them = 1e3 * median([c for c, _ in scan[1:]]), median([r for _, r in scan[1:]])
        peer = them[0] + queue["cpu_ms"], min(them[1], queue["through_per_s"])
        print(f"{n} mails a pass of {size} bytes in the mean, medians of 3; 1,000,000 hashes and 100,000 patterns")
        print(f"{'':<52} {'CPU ms/msg':>10} {'msgs/s':>8} {'PSS MiB':>8}")
        print(f"{'spoold: examined, rewritten, durably in the outlet':<52} {us[0]:>10.2f} {us[1]:>8.0f} {pss:>8.0f}")
        print(f"{'clamd (FILDES)':<52} {them[0]:>10.2f} {them[1]:>8.0f} {clamd_pss:>8.0f}")
        print(f"{'Postfix, smtpd -> queue -> discard':<52} {queue['cpu_ms']:>10.2f} {queue['through_per_s']:>8.0f} {queue['mem_rss_pss'][-1]:>8.0f}")
        print(f"spoold / (clamd + Postfix): CPU {us[0] / peer[0]:.2f}, messages/s {us[1] / peer[1]:.2f}")
    except (Skip, OSError, subprocess.SubprocessError) as e:
        print(f"the whole product: not measured ({e})")
    finally:
        scratch.clear()


if __name__ == "__main__":
    main()
