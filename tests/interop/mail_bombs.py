#!/usr/bin/env python3
"""mail_bombs.py FOLDER [--percent N] - the worst messages that we know of, as files, to give to any program.

Writes NAME.eml for each: about 1.4 GB in all; `--percent 1` makes the long ones a hundredth as long. Those called
limit-WHAT-N stand at a limit of workers/mail/mail_limits.h, or one below or beyond it. tests/unit/test_mail_bombs.c
makes the same for the parser alone. It reads nothing but that header, and overwrites what is in the folder.
"""
import argparse, os, re, sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
LIMITS = os.path.join(HERE, "..", "..", "workers", "mail", "mail_limits.h")
MIB = 1 << 20
TOP = b"From: a@example.org\r\nMIME-Version: 1.0\r\n"
TEXT = TOP + b"Content-Type: text/plain\r\n\r\n"


def multi(boundary):
    return TOP + b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n"


def encoded(cte):
    return TOP + b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: " + cte + b"\r\n\r\n"


def count(form, n):
    """`form` n times, with its number for "#"."""
    return b"".join(form.replace(b"#", b"%d" % i) for i in range(n))


def trap():
    """32 multiparts in each other; each boundary of a level fits all its delimiters, and ends elsewhere."""
    x = b"xxxxxxxx"
    head = b"".join(
        b"".join(b"Content-Type: multipart/mixed; boundary=%d.%s\r\n" % (level, x[:i]) for i in range(1, 9)) +
        b"\r\n--%d.%s\r\n" % (level, x) for level in range(32))
    tail = b"".join(b"--%d.%s--\r\n" % (level, x[:i]) for level in range(31, -1, -1) for i in range(8, 0, -1))
    return TOP + head + b"Content-Type: text/plain\r\n\r\nhello\r\n" + tail


# ---- bombs: name, head, what is repeated, MiB of it ----

LONG = [
    ("body-line", TEXT, b"x", 100),
    ("header-line", b"Subject: ", b"x", 100),
    ("folded-header", b"Content-Type: text/plain;\r\n", b" x=y;\r\n", 100),
    ("two-dashes", multi(b'""'), b"--\n", 100),
    ("two-dashes-no-boundary", TOP + b"Content-Type: multipart/mixed\r\n\r\n", b"--\n", 100),
    ("delimiters", multi(b"b"), b"--b\n", 100),
    ("delimiters-almost", multi(b"b"), b"--bx\n", 100),
    ("delimiters-one-line", multi(b"b"), b"--b", 50),
    ("dashes-one-line", multi(b"-" * 200), b"-", 50),
    ("base64-padding", encoded(b"base64"), b"=", 50),
    ("base64-foreign", encoded(b"base64"), b"QUJD!", 50),
    ("qp-soft-breaks", encoded(b"quoted-printable"), b"=\n", 50),
    ("qp-blanks", encoded(b"quoted-printable"), b" ", 50),
    ("uu-begin", TEXT, b"begin 644 x\n", 50),
    ("uu-files", TEXT, b"begin 644 x\n#0V]D\n", 50),
    ("yenc-begin", TEXT, b"=ybegin line=128 size=9 name=x\nabc\n", 50),
    ("headers-in-text", TEXT, b"Content-Type: text/plain\n\n", 50),
    ("multiparts-in-text", TEXT, b"Content-Type: multipart/mixed; boundary=b\n\n--b\n", 50),
    ("bare-cr", TEXT, b"X: y\r", 50),
    ("nul", TEXT, b"\0", 50),
]


def many():
    """Bombs of many small things: name, message."""
    yield "parts-10000", multi(b"b") + count(b"--b\r\n\r\n#\r\n", 10000)
    yield "multiparts-1000-deep", TOP + count(
        b"Content-Type: multipart/mixed; boundary=b#.\r\n\r\n--b#.\r\n", 1000) + b"\r\nx\r\n"
    yield "messages-1000-deep", TOP + b"Content-Type: message/rfc822\r\n\r\n" * 1000 + b"Subject: x\r\n\r\nx\r\n"
    yield "fields-1000000", TOP + count(b"X-#: 1\r\n", 1000000) + b"\r\nx\r\n"
    yield "params-1000", TOP + b"Content-Type: text/plain" + count(b";\r\n x#=y", 1000) + b"\r\n\r\nx\r\n"
    yield "boundaries-100000", TOP + b"Content-Type: multipart/mixed" + count(
        b";\r\n boundary=b#", 100000) + b"\r\n\r\n--b0\r\n\r\nx\r\n--b99999\r\n\r\nx\r\n"
    yield "boundary-pieces-100000", TOP + b"Content-Type: multipart/mixed" + count(
        b";\r\n boundary*#=b", 100000) + b"\r\n\r\n--b\r\n\r\nx\r\n"
    yield "comments-100000-deep", TOP + b"Content-Type: " + b"(" * 100000 + b"x/y\r\n\r\nx\r\n"
    yield "boundaries-8-each-32-deep", trap()


# ---- one below, at and beyond each limit ----

def header_of(n):
    lines = (b"X: " + b"x" * 995 + b"\r\n") * (n // 1000 - 1)
    return lines + b"X: " + b"x" * (n - len(lines) - 5) + b"\r\n\r\nx\r\n"


def boundary_of(n):
    head = TOP + b"Content-Type: multipart/mixed;\r\n boundary="
    return head + b"b" * n + b"\r\n\r\n--" + b"b" * n + b"\r\n\r\nx\r\n"


AT_LIMIT = {
    "DEPTH_MAX": lambda n: TOP + count(
        b"Content-Type: multipart/mixed; boundary=b#.\r\n\r\n--b#.\r\n", n) + b"\r\nx\r\n",
    "PARTS_MAX": lambda n: multi(b"b") + count(b"--b\r\n\r\n#\r\n", n - 1) + b"--b--\r\n",
    "FIELDS_MAX": lambda n: count(b"X-#: 1\r\n", n) + b"\r\nx\r\n",
    "HEADER_MAX": header_of,
    "LINE_MAX": lambda n: b"X: " + b"x" * (n - 3) + b"\r\n\r\nx\r\n",
    "BODY_LINE_MAX": lambda n: TEXT + b"hello\r\n" + b"x" * n + b"\nbye\r\n",
    "PARAMS_MAX": lambda n: TOP + b"Content-Type: text/plain" + count(b";\r\n x#=y", n) + b"\r\n\r\nx\r\n",
    "VALUE_MAX": lambda n: TOP + b"Content-Type: text/plain; name=" + b"x" * n + b"\r\n\r\nx\r\n",
    "BOUNDARY_MAX": boundary_of,
    "WAYS_MAX": lambda n: TOP + count(
        b"Content-Type: multipart/mixed; boundary=b#.\r\n", n) + b"\r\n--b0.\r\n\r\nx\r\n",
    "COMMENTS_MAX": lambda n: TOP + b"Content-Type: " + b"(" * n + b")" * n + b" text/plain\r\n\r\nx\r\n",
    "ADDRESSES_MAX": lambda n: b"To: " + count(b"a#@example.org,\r\n ", n - 1) + b"b@example.org\r\n\r\nx\r\n",
    "RECEIVED_MAX": lambda n: count(
        b"Received: from a by b# with ESMTP; Wed, 1 Jan 2020 00:00:00 +0000\r\n", n) + b"\r\nx\r\n",
    "URLS_MAX": lambda n: TEXT + count(b"https://example.org/#\r\n", n),
    "URL_MAX": lambda n: TEXT + b"https://example.org/" + b"x" * (n - 20) + b"\r\n",
    "TEXT_MAX": lambda n: TEXT + (b"x" * 78 + b"\r\n") * (n // 80) + b"x" * (n % 80),
    "INSIDE_MAX": lambda n: TEXT + b"".join(b"begin 644 x%d\r\n#0V]D\r\n`\r\nend\r\n" % i for i in range(n)),
}
# Bounds of work, which no single message stands exactly at.
NOT_EXACT = {"WORK_MAX"}


def limits():
    """{name: number}, as the header has them."""
    with open(LIMITS) as f:
        rows = re.findall(r"^#define MAIL_(\w+)\s+(?:\((\d+)u << (\d+)\)|(\d+))", f.read(), re.M)
    return {name: int(plain) if plain else int(n) << int(shift) for name, n, shift, plain in rows}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("folder")
    p.add_argument("--percent", type=int, default=100)
    args = p.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    made = 0

    def write(name, *pieces):
        nonlocal made
        with open(os.path.join(args.folder, name + ".eml"), "wb") as f:
            for piece in pieces:
                f.write(piece)
            made += f.tell()

    for name, head, again, mib in LONG:
        write(name, head, again * (mib * MIB * args.percent // 100 // len(again)))
    for name, message in many():
        write(name, message)
    found = limits()
    for name, make in AT_LIMIT.items():
        for n in range(found[name] - 1, found[name] + 2):
            write(f"limit-{name[:-4].lower().replace('_', '-')}-{n}", make(n))
    for name in sorted(found.keys() - AT_LIMIT.keys() - NOT_EXACT):
        print(f"no message stands at MAIL_{name}", file=sys.stderr)
    print(f"{len(os.listdir(args.folder))} messages, {made // MIB} MiB")


if __name__ == "__main__":
    main()
