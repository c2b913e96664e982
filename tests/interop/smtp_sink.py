#!/usr/bin/env python3
"""smtp_sink.py DIR [--lmtp] [--port N] - a strict mail server for tests: takes messages, and says what is wrong.

Listens on 127.0.0.1 and writes the port to DIR/port. Each message that it answers for becomes DIR/N.eml (as it
came, dots unstuffed) and DIR/N.env (JSON). A line end that is not CRLF, a line of more than 1,000 bytes or a command
that RFC 5321 does not know becomes a line in DIR/violations. What recipients ask for by their names:
  later*  451 always          once*  451 the first time       never*  550
  mute*   the message is taken, and the connection closed instead of the answer, the first time
DIR/refuse: while this file stands there, connections are greeted with 421.
"""
import argparse, json, os, re, socketserver, threading

LOCK = threading.Lock()
SEEN, COUNT = set(), [0]


class Talk(socketserver.StreamRequestHandler):
    timeout = 60
    disable_nagle_algorithm = True

    def path(self, name):
        return os.path.join(self.server.dir, name)

    def wrong(self, what):
        with LOCK, open(self.path("violations"), "a") as f:
            f.write(what + "\n")

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def line(self, most=1000):
        data = self.rfile.readline(65536)
        if data and not data.endswith(b"\r\n"):
            self.wrong(f"a line that does not end in CRLF: {data[-60:]!r}")
        if data.count(b"\r") > 1 or b"\r" in data[:-2]:
            self.wrong(f"a CR inside a line: {data[:60]!r}")
        if len(data) > most:
            self.wrong(f"a line of {len(data)} bytes")
        return data

    def first_time(self, what):
        with LOCK:
            new = what not in SEEN
            SEEN.add(what)
        return new

    def handle(self):
        if os.path.exists(self.path("refuse")):
            self.say("421 4.3.2 not now")
            return
        self.say("220 sink.example.org ESMTP")
        self.sender = None
        while True:
            data = self.line(2048)
            if not data:
                return
            word = re.match(rb"[A-Za-z]*", data).group().upper().decode()
            if not hasattr(self, "do_" + word):
                self.wrong(f"a command that there is not: {data[:80]!r}")
                self.say("500 5.5.1 what?")
            elif getattr(self, "do_" + word)(data.decode("utf-8", "surrogateescape").rstrip("\r\n")):
                return

    def do_EHLO(self, line):
        self.say("250-sink.example.org")
        for word in self.server.offers[:-1]:
            self.say("250-" + word)
        self.say("250 " + self.server.offers[-1])

    do_LHLO = do_EHLO

    def do_HELO(self, line):
        self.say("250 sink.example.org")

    def do_MAIL(self, line):
        m = re.fullmatch(r"MAIL FROM:<(.*)>((?: [A-Z0-9-]+(?:=[!-<>-~]+)?)*)", line, re.I)
        if not m:
            self.wrong("MAIL that is none: " + line)
            self.say("501 5.5.4 no")
            return
        self.sender, self.params, self.rcpt = m[1], m[2].split(), []
        self.say("250 2.1.0 ok")

    def do_RCPT(self, line):
        m = re.fullmatch(r"RCPT TO:<(.+)>((?: [A-Z0-9-]+=[!-<>-~]+)*)", line, re.I)
        if not m or self.sender is None:
            self.wrong("RCPT that is none: " + line)
            self.say("501 5.5.4 no")
        elif m[1].startswith("never"):
            self.say("550 5.1.1 there is no such mailbox")
        elif m[1].startswith("later") or (m[1].startswith("once") and self.first_time(m[1])):
            self.say("451 4.2.1 not now")
        else:
            self.rcpt.append((m[1], m[2].split()))
            self.say("250 2.1.5 ok")

    def do_DATA(self, line):
        if not self.rcpt:
            self.say("554 5.5.1 no recipients")
            return
        self.say("354 go on")
        data = b""
        while (more := self.line()) != b".\r\n":
            if not more:
                return True
            data += more[1:] if more.startswith(b".") else more
        mute = [r for r, _ in self.rcpt if r.startswith("mute")]
        number = self.keep(data)
        if mute and self.first_time(mute[0]):
            return True
        for _ in self.rcpt if self.server.lmtp else [0]:
            self.say(f"250 2.0.0 taken as {number}")
        self.sender = None

    def keep(self, data):
        with LOCK:
            COUNT[0] += 1
            number = COUNT[0]
        with open(self.path(f"{number}.eml"), "wb") as f:
            f.write(data)
        with open(self.path(f"{number}.tmp"), "w") as f:
            json.dump({"from": self.sender, "params": self.params, "to": [r for r, _ in self.rcpt],
                       "rcpt_params": self.rcpt[0][1]}, f)
        os.rename(self.path(f"{number}.tmp"), self.path(f"{number}.env"))
        return number

    def do_RSET(self, line):
        self.sender = None
        self.say("250 2.0.0 ok")

    def do_NOOP(self, line):
        self.say("250 2.0.0 ok")

    def do_QUIT(self, line):
        self.say("221 2.0.0 bye")
        return True


class Server(socketserver.ThreadingTCPServer):
    def handle_error(self, request, address):
        pass                    # whoever is killed resets its connections

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("dir")
    p.add_argument("--lmtp", action="store_true")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--offer", default="PIPELINING,8BITMIME,SMTPUTF8,DSN,SIZE 100000000")
    args = p.parse_args()
    with Server(("127.0.0.1", args.port), Talk) as server:
        server.dir, server.lmtp, server.offers = args.dir, args.lmtp, args.offer.split(",")
        with open(os.path.join(args.dir, "port.tmp"), "w") as f:
            f.write(str(server.server_address[1]))
        os.rename(os.path.join(args.dir, "port.tmp"), os.path.join(args.dir, "port"))
        server.serve_forever()
