#!/usr/bin/env python3
"""deliver_kills.py TESTBUILD POINTS [--one] [--control NAME] - kill -9 while messages are handed over to a mail server.

Each point: a few messages in a fresh spool, spoold with its workers until its N-th system call, then SIGKILL for all of
it (--one: for the process that makes the call); a second run must bring everything to its end. What must hold:
nobody's message is lost, each arrives with the same bytes; what was noted as taken by the server, or written down as
delivered, at the moment of the kill does not arrive again; of the others at most one arrives a second time, that is the
one whose answer was on its way. With --control the named way of being wrong is built in, and must be noticed.
"""
import argparse, glob, json, os, re, shutil, subprocess, sys, tempfile, time

MESSAGES = 4
HERE = os.path.dirname(os.path.abspath(__file__))


class Run:
    def __init__(self, build, one, control):
        self.build, self.one = os.path.realpath(build), one
        self.dir = tempfile.mkdtemp(prefix="spoold-kills-")
        os.chmod(self.dir, 0o755)
        self.sink_dir, self.root = os.path.join(self.dir, "sink"), os.path.join(self.dir, "spool")
        os.mkdir(self.sink_dir)
        self.env = dict(os.environ, SPOOLD_CONTROL=control) if control else dict(os.environ)
        self.sink = subprocess.Popen([sys.executable, os.path.join(HERE, "smtp_sink.py"), self.sink_dir])
        while not os.path.exists(os.path.join(self.sink_dir, "port")):
            time.sleep(0.02)
        self.port = open(os.path.join(self.sink_dir, "port")).read()
        self.found, self.again, self.points = [], 0, 0

    def close(self):
        self.sink.kill()
        self.sink.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def command(self):
        settings = [f"paths.root={self.root}", f"intake main.deliver=smtp:127.0.0.1:{self.port}", "antivirus.clamav=no", "antispam.enable=no",
                    "spool.unsafe_filesystem=yes", "spool.rescan=100ms", "spool.hold_first=10ms", "spool.max_attempts=9",
                    "journal.compress=no", "log.target=stderr", "spool.store_inline=yes", "deliver.tls=no",
                    "deliver.children=1", "deliver.retry_first=10ms", "deliver.retry_longest=1s"]
        return [os.path.join(self.build, "spoold"), "--once"] + [w for s in settings for w in ("-o", s)]

    def deposit(self, point):
        shutil.rmtree(self.root, ignore_errors=True)
        os.makedirs(os.path.join(self.root, "incoming"))
        for i in range(MESSAGES):
            to = os.path.join(self.root, "incoming", f"m{i}")
            with open(to + ".eml", "w") as f:
                f.write(self.content(point, i))
            with open(to + ".hdr", "w") as f:
                f.write("Written\na@example.org\n" + ("b@example.net,never@example.net" if i == 1 else "b@example.net") + "\n\n")

    @staticmethod
    def content(point, i):
        return f"Subject: point {point} message {i}\n\n.\nwords {i}\n"

    def arrived(self, point):
        """How often each message stands at the server."""
        seen = [0] * MESSAGES
        for name in glob.glob(os.path.join(self.sink_dir, "*.eml")):
            data = open(name, newline="").read()
            m = re.search(rf"Subject: point {point} message (\d)\r\n", data)
            if m:
                seen[int(m[1])] += 1
                if not data.endswith(self.content(point, int(m[1])).replace("\n", "\r\n")):
                    self.found.append(f"point {point}: message {m[1]} arrived with other bytes")
        return seen

    def noted(self):
        """Messages that the server has, as far as the disk says."""
        done = set()
        for name in glob.glob(os.path.join(self.root, "outgoing", "*.sent")):
            if re.search(r"^\d+ d ", open(name).read(), re.M):
                done.add(int(os.path.basename(name)[1]))
        for name in glob.glob(os.path.join(self.root, "state", "journal", "*.jsonl")):
            for m in re.finditer(r'"event":"delivered"[^\n]*"id":"m(\d)~|"id":"m(\d)~[^\n]*"event":"delivered"', open(name).read()):
                done.add(int(m[1] or m[2]))
        return done

    def clear(self):
        for name in glob.glob(os.path.join(self.sink_dir, "*.e*")):
            os.unlink(name)

    def point(self, at):
        self.clear()
        self.deposit(at)
        log = os.path.join(self.dir, "log")
        kill = [os.path.join(self.build, "kill_at")] + (["--one"] if self.one else []) + ["--log", log, str(at)] + self.command()
        r = subprocess.run(kill, stdout=subprocess.PIPE, env=self.env)
        if r.returncode:
            sys.exit(77)
        words = r.stdout.split()
        reached = words[3] == b"1"
        before, done = self.arrived(at), self.noted()
        r = subprocess.run(self.command(), stdout=subprocess.DEVNULL, stderr=open(log, "w"), env=self.env, timeout=60)
        after = self.arrived(at)
        if r.returncode:
            self.found.append(f"point {at}: the second run ended with {r.returncode}")
        self.judge(at, before, done, after)
        return int(words[1]), reached

    def judge(self, at, before, done, after):
        left = [n for n in os.listdir(os.path.join(self.root, "outgoing")) if n[0] != "."]
        if left:
            self.found.append(f"point {at}: left in the outlet: {left}")
        twice = [i for i in range(MESSAGES) if after[i] > 1]
        self.again += len(twice)
        for i in range(MESSAGES):
            if after[i] == 0:
                self.found.append(f"point {at}: message {i} is lost")
            if i in done and after[i] != before[i]:
                self.found.append(f"point {at}: message {i} was noted as taken and came again")
        if len(twice) > 1:
            self.found.append(f"point {at}: {len(twice)} messages came twice")
        failed = glob.glob(os.path.join(self.root, "quarantine", "failed", "m1~*"))
        if sorted(os.path.splitext(n)[1] for n in failed) != [".eml", ".hdr", ".json"]:
            self.found.append(f"point {at}: the refused recipient's entry: {failed}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("points", type=int)
    p.add_argument("--one", action="store_true")
    p.add_argument("--control", default="")
    a = p.parse_args()
    run, start = Run(a.build, a.one, a.control), time.time()
    try:
        total, _ = run.point(0)
        step, n = max(1.0, total / a.points), 0
        at = 1.0
        while at <= total and not (a.control and run.found):
            run.point(int(at))
            at, n = at + step, n + 1
    finally:
        run.close()
    for line in run.found[:20]:
        print(line)
    print(f"sweep: {n} points of {total}, {len(run.found)} findings, {run.again} came twice inside one answer, "
          f"{time.time() - start:.1f} seconds")
    if a.control:
        return 0 if run.found else 1
    return 1 if run.found else 0


if __name__ == "__main__":
    sys.exit(main())
