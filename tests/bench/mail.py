#!/usr/bin/env python3
"""mail.py BUILD [PASSES] - the mail parser beside GMime: the same mails from memory, in one run, by turns.

Both parse a message and decode every leaf of it (BUILD/bench_mail, BUILD/bench_mail_gmime; the latter needs
libgmime-3.0-dev when it is built). SPOOLD_CORPUS for the mails. A bench, not a test: it ends with 0; what is
missing is said and passed over. "usual" is the reading that other programs do, "all" every reading of the message.
"""
import os, subprocess, sys, tarfile, tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 3      # by turns, so that a busy machine is busy for both


def measure(program, paths, passes):
    """{way: (messages, bytes, leaves, decoded, seconds)}"""
    out = subprocess.run([program, str(passes)], input="\n".join(paths) + "\n", stdout=subprocess.PIPE, check=True,
                         encoding="utf-8").stdout
    rows = [line.split() for line in out.splitlines()]
    return {(r[0], r[1]): (*map(int, r[2:6]), float(r[6])) for r in rows}


def print_set(title, programs, paths, passes):
    best = {}
    for _ in range(ROUNDS):
        for program in programs:
            for way, row in measure(program, paths, passes).items():
                best[way] = min(best.get(way, row), row, key=lambda r: r[-1])
    print(f"{title}: {len(paths)} messages, {next(iter(best.values()))[1] / 1e6:.1f} MB")
    for (name, way), (n, size, leaves, decoded, seconds) in best.items():
        what = f"{name}, {way} reading" + ("s" if way == "all" else "")
        print(f"  {what:<24} {size / seconds / 1e6:8.0f} MB/s "
              f"{1e6 * seconds / n:8.1f} us a message  {leaves:6} leaves {decoded / 1e6:8.1f} MB decoded")
    if ("GMime", "usual") in best:
        theirs = best["GMime", "usual"][-1]
        print("  spoold / GMime: " + ", ".join(f"{way} {row[-1] / theirs:.2f}" for (name, way), row in best.items()
                                               if name == "spoold"))


def unpack(archive, folder):
    with tarfile.open(archive) as t:
        t.extractall(folder, filter="data")
    return sorted(os.path.join(d, f) for d, _, files in os.walk(folder) for f in files if f.endswith(".eml"))


def attachments(folder):
    """Mails of half a megabyte, of the kind that fills most disks: a text and an archive in base64."""
    import base64, random
    random.seed(1)
    for i in range(20):
        with open(os.path.join(folder, f"{i}.eml"), "wb") as f:
            f.write(b"From: a@example.org\r\nMIME-Version: 1.0\r\n"
                    b"Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n"
                    b"--=_b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
                    b"--=_b\r\nContent-Type: application/zip; name=a.zip\r\n"
                    b"Content-Transfer-Encoding: base64\r\n\r\n" +
                    base64.encodebytes(random.randbytes(400000)).replace(b"\n", b"\r\n") + b"--=_b--\r\n")
    return sorted(os.path.join(folder, f) for f in os.listdir(folder))


def main():
    build, passes = sys.argv[1] if len(sys.argv) > 1 else "build", int(sys.argv[2]) if len(sys.argv) > 2 else 3
    programs = [os.path.join(build, f) for f in ("bench_mail", "bench_mail_gmime")]
    programs = [p for p in programs if os.access(p, os.X_OK)]
    if not programs or programs[0].endswith("gmime"):
        print("mail parser: not measured (make builds bench_mail)")
        return
    if len(programs) == 1:
        print("GMime: not measured (needs libgmime-3.0-dev)")
    corpus = os.environ.get("SPOOLD_CORPUS", os.path.join(HERE, "..", "..", "..", "shared", "corpus"))
    for title, name in (("mails", "mail/sa-public-dev.tar.xz"), ("torture messages", "mime/mime-dev.tar.xz")):
        archive = os.path.join(corpus, name)
        if not os.path.exists(archive):
            print(f"{title}: not measured (there is no {archive}; SPOOLD_CORPUS)")
            continue
        with tempfile.TemporaryDirectory(prefix="spoold-bench-") as folder:
            print_set(title, programs, unpack(archive, folder), passes)
    with tempfile.TemporaryDirectory(prefix="spoold-bench-") as folder:
        print_set("mails with an attachment", programs, attachments(folder), passes)


if __name__ == "__main__":
    main()
