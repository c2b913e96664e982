#!/usr/bin/env python3
"""round_trip.py send|compare CORPUS WHERE N - mails of the corpus through two mail servers, and whether they came back.

send: hands N mails to the SMTP server WHERE (host:port), each with a mark of its own as its first line.
compare: WHERE is a folder of a maildir; each mark must be there once, with the same body and the same fields (those of
the servers on the way are above the mark). Line ends are compared as lines; a CR inside of one comes back as a blank.
"""
import re, smtplib, sys, tarfile

MARK = b"X-Round-Trip: "


def mails(corpus, n):
    with tarfile.open(corpus) as t:
        names = sorted(m.name for m in t if m.isfile() and m.name.endswith(".eml"))
    step = max(1, len(names) // n)
    with tarfile.open(corpus) as t:
        wanted = set(names[::step][:n])
        found = {m.name: t.extractfile(m).read() for m in t if m.name in wanted}
    return [found[k] for k in sorted(found)]


def lines(data):
    """What a server may change on the way: line ends, and a CR that ends no line."""
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    return (data if data.endswith(b"\n") else data + b"\n")


def made(number, mail):
    """As it is sent: an mbox line is no part of a mail, and Return-Path is the last server's to write."""
    mail = lines(mail)
    mail = re.sub(rb"\AFrom [^\n]*\n", b"", mail)
    head, end, body = mail.partition(b"\n\n")
    head = re.sub(rb"(?mi)^(return-path|delivered-to|x-original-to|bcc|resent-bcc|content-length):[^\n]*\n(?:[ \t][^\n]*\n)*", b"", head + b"\n")
    return MARK + str(number).encode() + b"\n" + head + (b"\n" + body if end else b"")


def send(corpus, where, n):
    host, port = where.rsplit(":", 1)
    for i, mail in enumerate(mails(corpus, n)):
        with smtplib.SMTP(host, int(port), local_hostname="client.example.org", timeout=30) as s:
            s.ehlo()
            data = made(i, mail).replace(b"\n", b"\r\n")
            s.sendmail("a@example.com", [f"user{i}@example.org"], data, ["BODY=8BITMIME"] if max(data) > 127 else [])
    print("sent", n)


def compare(corpus, folder, n):
    import os
    seen, wrong = {}, 0
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as f:
            data = lines(f.read())
        at = data.find(b"\n" + MARK)
        number = int(data[at + 1 + len(MARK):].split(b"\n", 1)[0]) if at >= 0 else -1
        seen.setdefault(number, []).append(data[at + 1:])
    for i, mail in enumerate(mails(corpus, n)):
        got = seen.pop(i, [])
        if len(got) != 1:
            print(f"mail {i}: {len(got)} times", file=sys.stderr)
            wrong += 1
        elif got[0] != made(i, mail):
            a, b = made(i, mail).split(b"\n"), got[0].split(b"\n")
            diff = next((k for k in range(min(len(a), len(b))) if a[k] != b[k]), min(len(a), len(b)))
            print(f"mail {i}: line {diff}: {a[diff:diff+1]} became {b[diff:diff+1]}", file=sys.stderr)
            wrong += 1
    if seen:
        print(f"mails that nobody sent: {list(seen)[:5]}", file=sys.stderr)
    print(f"compared {n}, wrong {wrong}")
    return 1 if wrong or seen else 0


if __name__ == "__main__":
    what, corpus, where, n = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    sys.exit(send(corpus, where, n) if what == "send" else compare(corpus, where, n))
