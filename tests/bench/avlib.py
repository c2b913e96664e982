"""avlib.py - what av.py, whole.py and pipeline.py measure with: processes, mails, a clamd and a spoold of its own.

Used by these only; Python 3 and its standard library, Linux. Everything lives under one temporary folder (and
one in memory, for clamd's temporary files) and goes with it; processes are ended by their pids, also when the
bench is interrupted. It starts no system service and reads no configuration of the system. It trusts the programs
that it measures no further than what the kernel says of them: CPU clocks, smaps_rollup, names in folders.
"""
import array, base64, ctypes, io, json, os, random, select, shutil, signal, socket, statistics, struct, subprocess, sys, tarfile, zipfile
import tempfile, threading, time

now = time.perf_counter
LIBC = ctypes.CDLL(None, use_errno=True)
IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE = 0x40, 0x80, 0x100
SMALL_GAP = 0.02    # between two small mails
SAMPLE_GAP = 0.1    # between two looks at the memory


class Skip(Exception):
    """A figure cannot be had here; the text says why."""


def median(numbers):
    return statistics.median(numbers) if numbers else float("nan")


# ---- processes ----

def stat(pid):
    """(parent, name), or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            text = f.read().decode("latin1")
    except OSError:
        return None
    end = text.rindex(")")
    fields = text[end + 2:].split()
    return None if fields[0] in "ZX" else (int(fields[1]), text[text.index("(") + 1:end])


def tree(root):
    """{pid: (parent, name)} of a process and all that descend from it."""
    every = {int(p): s for p in os.listdir("/proc") if p.isdigit() and (s := stat(p))}
    found, before = {p: s for p, s in every.items() if p == root}, 0
    while len(found) > before:
        before = len(found)
        found.update({p: s for p, s in every.items() if s[0] in found})
    return found


def cpu(pid):
    """Seconds, user and system, of all its threads, also of those that ended: clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid):
    """(private, PSS) in MiB, or (0, 0) when it is gone."""
    sums = {}
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            for line in f:
                word = line.split()
                if word[-1] == "kB":
                    sums[word[0]] = int(word[1])
    except (ProcessLookupError, FileNotFoundError):
        return 0, 0
    return (sums.get("Private_Clean:", 0) + sums.get("Private_Dirty:", 0)) / 1024, sums.get("Pss:", 0) / 1024


class Daemon:
    """A started program; stop() ends it and what it started."""
    live = []

    def __init__(self, argv, log):
        self.log, self.started = log, now()
        with open(log, "ab") as to:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=to, stderr=to, cwd="/",
                                            start_new_session=True)
        self.pid = self.process.pid
        Daemon.live.append(self)

    def check(self):
        if self.process.poll() is not None:
            with open(self.log, errors="replace") as f:
                last = f.read().splitlines()[-3:]
            raise Skip(f"{os.path.basename(self.process.args[0])} ended: " + " / ".join(last))

    def wait(self, what, seconds, condition, gap=0.05):
        end = now() + seconds
        while not (found := condition()):
            self.check()
            if now() > end:
                raise Skip(f"within {seconds} s this did not happen: {what}; its log: {self.tail()}")
            time.sleep(gap)
        return found

    def tail(self):
        with open(self.log, errors="replace") as f:
            return (f.read().splitlines() or [""])[-1][-200:]

    def stop(self):
        if self in Daemon.live:
            Daemon.live.remove(self)
        pids = tree(self.pid)
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        for pid, (_, name) in pids.items():
            seen = stat(pid)
            if seen and seen[1] == name:
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


# ---- the bench's own folders ----

class Scratch:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="spoold-bench-")
        shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.memory = tempfile.mkdtemp(prefix="spoold-bench-", dir=shm)
        for d in (self.dir, self.memory):
            os.chmod(d, 0o755)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def clear(self):
        for d in list(Daemon.live):
            d.stop()
        for d in (self.dir, self.memory):
            shutil.rmtree(d, ignore_errors=True)


def make_signatures(scratch, bench, hashes, body):
    """The generated set; its folder."""
    maker = os.path.join(bench, "make_sigs.py")
    if not os.path.exists(maker):
        raise Skip(f"there is no {maker} to make the signatures with (SPOOLD_BENCH)")
    subprocess.run([sys.executable, maker, str(hashes), str(body)], check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, MSBENCH_DIR=scratch.dir))
    return scratch.path("db-big")


def read_mails(corpus):
    """The contents of all mails, in the order of their names."""
    archive = os.path.join(corpus, "mail", "sa-public-dev.tar.xz")
    if not os.path.exists(archive):
        raise Skip(f"there is no {archive} (SPOOLD_CORPUS)")
    with tarfile.open(archive) as t:
        mails = {m.name: t.extractfile(m).read() for m in t if m.isfile() and m.name.endswith(".eml")}
    # A part of a message that was cut in pieces is never called clean; it would wait here for ever.
    return [b for _, b in sorted(mails.items()) if b"message/partial" not in b.lower()]


class Mails:
    """Mails that no scanner saw before: another slice of the corpus each time, and a header line of their own."""

    def __init__(self, mails):
        self.mails, self.slices, self.made = mails, 0, 0

    def unique(self, mail):
        self.made += 1
        return b"X-Bench: %d\n" % self.made + mail

    def take(self, n):
        step = max(1, len(self.mails) // n)
        found = self.mails[self.slices % step::step][:n]
        self.slices += 1
        while len(found) < n:
            found = found + found[:n - len(found)]
        return [self.unique(m) for m in found]


def small_mail(i):
    return b"From: a@example.org\nTo: b@example.net\nSubject: small %d\n\nhello %d\n" % (i, i)


def attached(i, content):
    """A mail with a text and this file in base64."""
    return (b"From: a@example.org\nTo: b@example.net\nSubject: attached %d\nMIME-Version: 1.0\n"
            b"Content-Type: multipart/mixed; boundary=\"=_b\"\n\n--=_b\nContent-Type: text/plain\n\nsee below, %d\n"
            b"--=_b\nContent-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n" % (i, i) +
            base64.encodebytes(content) + b"--=_b--\n")


def archive(seed, size):
    """A ZIP archive of two files, half words and half noise, as documents are; about so long."""
    chance, to = random.Random(seed), io.BytesIO()
    words = [b"%x" % chance.randrange(1 << 24) for _ in range(2000)]
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a.txt", b" ".join(chance.choices(words, k=size // 5)))
        z.writestr("b.bin", chance.randbytes(size // 2))
    return to.getvalue()


# ---- threads beside a reload ----

class Beside(threading.Thread):
    """Calls work(i) each `gap` seconds from enter to exit."""

    def __init__(self, gap, work):
        super().__init__(daemon=True)
        self.gap, self.work, self.ended, self.error = gap, work, threading.Event(), None

    def run(self):
        i, due = 0, now()
        try:
            while not self.ended.is_set():
                self.work(i)
                i, due = i + 1, max(due + self.gap, now())
                self.ended.wait(max(0, due - now()))
        except Exception as e:          # told by whoever waits for the thread
            self.error = e

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        if self.error and not _[0]:
            raise self.error


class Peak:
    """The largest of sampled numbers."""

    def __init__(self, sample):
        self.sample, self.top = sample, 0

    def __call__(self, _):
        self.top = max(self.top, self.sample())


class Watch(threading.Thread):
    """When names with the suffix .hdr came into (or left) folders: times[NAME], by inotify."""

    def __init__(self, mask, *folders):
        super().__init__(daemon=True)
        self.times, self.ended = {}, False
        self.fd = LIBC.inotify_init1(os.O_CLOEXEC)
        for f in folders:
            if LIBC.inotify_add_watch(self.fd, f.encode(), mask) < 0:
                raise OSError(ctypes.get_errno(), f)
        self.start()

    def run(self):
        while not self.ended:
            if select.select([self.fd], [], [], 0.05)[0]:
                self.note(os.read(self.fd, 1 << 16), now())

    def note(self, events, at):
        pos = 0
        while pos < len(events):
            _, _, _, n = struct.unpack_from("iIII", events, pos)
            name = events[pos + 16:pos + 16 + n].rstrip(b"\0").decode("latin1")
            pos += 16 + n
            if name.endswith(".hdr"):
                self.times.setdefault(name[:-4].split("~")[0], at)

    def stop(self):
        self.ended = True
        self.join()
        os.close(self.fd)


# ---- the two that are measured ----

class Clamd(Daemon):
    def __init__(self, scratch, signatures):
        self.socket = scratch.path("clamd.sock")
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        config, log = scratch.path("clamd.conf"), scratch.path("clamd.log")
        with open(config, "w") as f:
            f.write(f"DatabaseDirectory {signatures}\nLocalSocket {self.socket}\n"
                    f"TemporaryDirectory {scratch.memory}\n"
                    "Foreground yes\nMaxThreads 2\nSelfCheck 0\nConcurrentDatabaseReload yes\n")
            f.write("User root\n" if os.getuid() == 0 else "")
        open(log, "w").close()
        super().__init__(["/usr/sbin/clamd", "-c", config], log)
        self.wait("clamd answers PING", 180, self.answers, 0.01)
        self.start_seconds = now() - self.started

    def answers(self):
        try:
            return self.ask(b"PING") == b"PONG\0"
        except OSError:
            return False

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(180)
        s.connect(self.socket)
        return s

    def ask(self, command):
        with self.connect() as s:
            s.sendall(b"z" + command + b"\0")
            return s.recv(4096)

    def scan(self, mail, session=None):
        """FILDES; true when it is called clean."""
        fd = os.memfd_create("mail")
        try:
            os.write(fd, mail)
            with session.dup() if session else self.connect() as s:
                s.sendall(b"zFILDES\0")
                s.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
                return b"OK" in s.recv(4096)
        finally:
            os.close(fd)

    def scan_all(self, mails):
        """(CPU seconds, wall seconds), one mail after the other over one connection."""
        with self.connect() as s:
            s.sendall(b"zIDSESSION\0")
            cpu0, wall0 = cpu(self.pid), now()
            for m in mails:
                self.scan(m, s)
            return cpu(self.pid) - cpu0, now() - wall0

    def reload(self):
        """Seconds until it says that the new set is there."""
        seen, start = os.path.getsize(self.log), now()
        self.ask(b"RELOAD")

        def done():
            with open(self.log, errors="replace") as f:
                f.seek(seen)
                return "Database correctly reloaded" in f.read() or None
        self.wait("clamd has reloaded", 180, done)
        return now() - start


class Spoold(Daemon):
    """spoold on a spool of its own below the scratch folder; `fresh` makes the spool anew, `more` are settings."""

    keys = b""      # lines of the envelope after the recipients

    def __init__(self, scratch, build, signatures, children=1, mode="auto", fresh=True, first=None, more=()):
        self.root, self.build, self.deposited = scratch.path("spool"), build, {}
        if fresh:
            shutil.rmtree(self.root, ignore_errors=True)
        settings = (f"paths.root={self.root}", f"antivirus.signatures={signatures}", "antispam.enable=no", "log.level=info",
                    f"antivirus.children={children}", f"antivirus.reload_mode={mode}", *more)
        self.options = [word for s in settings for word in ("-o", s)]
        if first:
            self.deposit("first", first)
        super().__init__([os.path.join(build, "spoold"), *self.options, "-o", "spool.unsafe_filesystem=yes"],
                         scratch.path("spoold.log"))
        self.wait("the scanner serves", 180, lambda: self.serves() and len(self.children()) >= children, 0.02)

    def status(self):
        r = subprocess.run([os.path.join(self.build, "spoolctl"), *self.options, "--json", "av", "status"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            return json.loads(r.stdout)["antivirus"]
        except (ValueError, KeyError):
            return {}

    def serves(self):
        return self.status().get("state") == "serving"

    def workers(self):
        """{pid: parent} of the worker-av processes: loaders and children."""
        return {p: parent for p, (parent, name) in tree(self.pid).items() if name == "worker-av"}

    def loaders(self):
        found = self.workers()
        return [p for p, parent in found.items() if parent not in found]

    def children(self):
        found = self.workers()
        return sorted(p for p, parent in found.items() if parent in found)

    def children_cpu(self):
        """Seconds of the children that live and of those that were replaced (a child serves 5,000 jobs)."""
        ended = 0
        for loader in self.loaders():
            with open(f"/proc/{loader}/stat") as f:
                word = f.read().rsplit(")", 1)[1].split()
            ended += (int(word[13]) + int(word[14])) / os.sysconf("SC_CLK_TCK")
        return ended + sum(cpu(p) for p in self.children())

    def pss(self):
        return sum(memory(p)[1] for p in self.workers())

    def folder(self, *names):
        return os.path.join(self.root, *names)

    def stage(self, name, mail):
        to = self.folder("incoming", name)
        for suffix, data in ((".em_", mail), (".hd_", b"Written\na@example.org\nb@example.net\n" + self.keys + b"\n")):
            with open(to + suffix, "wb") as f:
                f.write(data)
            os.chmod(to + suffix, 0o644)

    def commit(self, name):
        to = self.folder("incoming", name)
        os.rename(to + ".em_", to + ".eml")
        self.deposited[name] = now()
        os.rename(to + ".hd_", to + ".hdr")

    def deposit(self, name, mail):
        self.stage(name, mail)
        self.commit(name)

    def watch_results(self):
        kept = self.folder("quarantine")
        folders = [os.path.join(kept, f) for f in os.listdir(kept)] if os.path.isdir(kept) else []
        return Watch(IN_MOVED_TO | IN_CREATE, self.folder("outgoing"), *folders)

    def examine_all(self, mails, prefix):
        """All at once in the intake folder: (CPU seconds of the children, wall seconds)."""
        names = [f"{prefix}{i}" for i in range(len(mails))]
        for name, mail in zip(names, mails):
            self.stage(name, mail)
        before = self.children_cpu()
        seen, wall0 = self.watch_results(), now()
        for name in names:
            self.commit(name)
        try:
            self.wait(f"all {len(mails)} are delivered", 300, lambda: all(n in seen.times for n in names), 0.01)
        finally:
            seen.stop()
        wall = max(seen.times[n] for n in names) - wall0
        return self.children_cpu() - before, wall

    def reload(self):
        """Orders a reload; seconds until a later generation serves and the earlier one is gone, give or take 0.05."""
        first, start = self.status().get("generation", 0), now()
        subprocess.run([os.path.join(self.build, "spoolctl"), *self.options, "av", "reload"], check=True,
                       stdout=subprocess.DEVNULL)

        def done():
            s = self.status()
            return s.get("generation", 0) > first and s.get("state") == "serving" and len(self.loaders()) == 1
        self.wait("the new generation serves alone", 180, done)
        return now() - start

    def not_clean(self):
        """Delivered messages that do not say that they were examined and found clean; and what is in quarantine."""
        n = 0
        for folder, _, names in os.walk(self.folder("quarantine")):
            n += sum(name.endswith(".hdr") for name in names)
        for name in os.listdir(self.folder("outgoing")):
            if name.endswith(".eml"):
                with open(self.folder("outgoing", name), "rb") as f:
                    n += b"\nX-Spoold-Virus: clean" not in f.read(400)
        return n

    def journal(self, event):
        """How many different messages the journal says this of."""
        ids, folder = set(), self.folder("state", "journal")
        for name in os.listdir(folder):
            if name.endswith(".jsonl"):
                with open(os.path.join(folder, name)) as f:
                    ids.update(line["id"] for line in map(json.loads, f) if line.get("event") == event)
        return len(ids)

    def clear_outgoing(self):
        for name in os.listdir(self.folder("outgoing")):
            os.unlink(self.folder("outgoing", name))
