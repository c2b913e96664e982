#!/usr/bin/env python3
"""A name server on 127.0.0.1 that is right, slow or lying, as the name that is asked for says.

    dns_liar.py PORT [--ready FILE] [--log FILE]

Listens by UDP and TCP on PORT (0: any; the port is written to FILE of --ready, or printed). The first label of
the form b01 .. b25 in a name chooses how it is answered; a name without one is answered as b01. With --log each
question is a line: milliseconds, "udp" or "tcp", the behaviour, type, name. Ends on SIGTERM.

    b01  the answer, at once
    b02  no such name, with a SOA
    b03  no data, with a SOA
    b04  nothing, ever
    b05  the answer, after 300 ms
    b06  the answer, after 1.5 s
    b07  the answer, after 8 s
    b08  SERVFAIL
    b09  REFUSED
    b10  FORMERR to a question with EDNS, without a question in it; the answer to one without
    b11  cut by UDP, the answer by TCP
    b12  cut by UDP; the connection by TCP is taken, and nothing is said
    b13  cut by UDP; the connection by TCP is ended at once
    b14  cut by UDP; by TCP half of what its length promises
    b15  cut by UDP; by TCP a byte each 100 ms
    b16  the answer to another number
    b17  the answer to another question
    b18  the answer, but with all letters small
    b19  a name that is a circle of pointers
    b20  more records in the head than there are
    b21  64 kB of answers by TCP
    b22  two CNAMEs that are a circle
    b23  twenty CNAMEs
    b24  records of another type only
    b25  200 packets that answer nothing, some of them empty, and then the answer

The answers: A 192.0.2.1, AAAA 2001:db8::1, MX 10 mail.example.org, TXT "v=spf1 ip4:192.0.2.0/24 -all", PTR
mail.example.org. It trusts nobody to stop asking: threads and memory for each question are given back.
"""
import argparse
import re
import signal
import socket
import struct
import sys
import threading
import time

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA = 1, 2, 5, 6, 12, 15, 16, 28
TYPES = {A: "A", CNAME: "CNAME", PTR: "PTR", MX: "MX", TXT: "TXT", AAAA: "AAAA"}
BEHAVIOUR = re.compile(r"(?:^|\.)(b(?:0[1-9]|1[0-9]|2[0-5]))(?=\.|$)")
SLOW = {"b05": 0.3, "b06": 1.5, "b07": 8}
POINTER = b"\xc0\x0c"  # to the name of the question
HOLD = 30  # seconds that a connection is held that says nothing


def wire(name):
    return b"".join(bytes([len(x)]) + x.encode("latin-1") for x in name.split(".") if x) + b"\0"


def record(kind, data, owner=POINTER, ttl=60):
    return owner + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


class Question:
    """One question as it came: .name in small letters, .kind, .edns, .how (b01 ..)."""

    def __init__(self, packet):
        self.id, flags, count, _, _, extra = struct.unpack_from(">HHHHHH", packet)
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1 : at + 1 + packet[at]].decode("latin-1"))
            at += packet[at] + 1
        self.kind = struct.unpack_from(">H", packet, at + 1)[0]
        self.text = packet[12 : at + 5]
        self.name = ".".join(labels).lower()
        self.edns = extra > 0
        found = BEHAVIOUR.search(self.name)
        self.how = found.group(1) if found else "b01"
        if flags & 0x8000 or count != 1:
            raise ValueError("no question")

    def reply(self, answers=(), authority=(), flags=0x8180, text=None, more=0, number=None):
        head = struct.pack(">HHHHHH", self.id if number is None else number, flags, 1, len(answers) + more,
                           len(authority), 0)
        return head + (self.text if text is None else text) + b"".join(answers) + b"".join(authority)

    def data(self):
        return {
            A: bytes([192, 0, 2, 1]),
            AAAA: socket.inet_pton(socket.AF_INET6, "2001:db8::1"),
            MX: b"\0\x0a" + wire("mail.example.org"),
            TXT: b"\x20" + b"v=spf1 ip4:192.0.2.0/24 -all    ",
            PTR: wire("mail.example.org"),
            CNAME: wire("alias.example.org"),
        }.get(self.kind)

    def right(self, owner=POINTER):
        data = self.data()
        return [record(self.kind, data, owner)] if data else []


def soa():
    return [record(SOA, wire("ns.example.org") + wire("admin.example.org") + struct.pack(">5I", 1, 3600, 600, 86400, 60),
                   wire("example.org"), 300)]


def chain(q, n):
    names = [POINTER] + [wire("c%d.example.org" % i) for i in range(1, n + 1)]
    return [record(CNAME, names[i + 1], names[i]) for i in range(n)] + q.right(names[n])


def small(text):
    return bytes(c | 0x20 if 65 <= c <= 90 else c for c in text)


def packets(q, tcp):
    """What goes back, in this order; none: silence."""
    how, plain = q.how, q.reply(q.right())
    if how in ("b11", "b12", "b13", "b14", "b15", "b21") and not tcp:
        return [q.reply(flags=0x8380)]
    if how == "b10" and q.edns:
        return [struct.pack(">HHHHHH", q.id, 0x8181, 0, 0, 0, 0)]
    if how == "b25" and not tcp:
        lies = [q.reply(q.right(), number=(q.id + i) & 0xffff) for i in range(1, 181)]
        return lies + [b""] * 10 + [plain[:11]] * 10 + [plain]
    return {
        "b02": lambda: [q.reply(authority=soa(), flags=0x8183)],
        "b03": lambda: [q.reply(authority=soa())],
        "b04": lambda: [],
        "b08": lambda: [q.reply(flags=0x8182)],
        "b09": lambda: [q.reply(flags=0x8185)],
        "b12": lambda: [],
        "b16": lambda: [q.reply(q.right(), number=q.id ^ 1)],
        "b17": lambda: [q.reply(q.right(), text=wire("other.example.org") + q.text[-4:])],
        "b18": lambda: [q.reply(q.right(), text=small(q.text))],
        "b19": lambda: [q.reply([struct.pack(">H", 0xc000 | 12 + len(q.text)) + record(q.kind, b"", b"")])],
        "b20": lambda: [q.reply(q.right(), more=3)],
        "b21": lambda: [q.reply(q.right() * (65000 // (len(q.text) + 40)))],
        "b22": lambda: [q.reply([record(CNAME, wire("circle.example.org")),
                                 record(CNAME, POINTER, wire("circle.example.org"))])],
        "b23": lambda: [q.reply(chain(q, 20))],
        "b24": lambda: [q.reply([record(MX if q.kind != MX else A, b"\0\x0a" + wire("mail.example.org"))])],
    }.get(how, lambda: [plain])()


class Liar:
    def __init__(self, port, log):
        self.udp, self.tcp = self.bind(port)
        self.port = self.udp.getsockname()[1]
        self.log, self.began = log, time.monotonic()

    @staticmethod
    def bind(port):
        for _ in range(50):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            udp.bind(("127.0.0.1", port))
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tcp.bind(("127.0.0.1", udp.getsockname()[1]))
                tcp.listen(200)
                return udp, tcp
            except OSError:
                udp.close()
                tcp.close()
                if port:
                    raise
        raise OSError("no port is free for UDP and TCP")

    def note(self, q, way):
        if self.log:
            print("%.0f %s %s %s %s" % ((time.monotonic() - self.began) * 1000, way, q.how, TYPES.get(q.kind, q.kind),
                                        q.name), file=self.log, flush=True)

    def run_udp(self):
        while True:
            packet, sender = self.udp.recvfrom(65535)
            try:
                q = Question(packet)
            except (ValueError, IndexError, struct.error):
                continue
            self.note(q, "udp")
            if q.how in SLOW:
                timer = threading.Timer(SLOW[q.how], self.send, (packets(q, False), sender))
                timer.daemon = True
                timer.start()
            else:
                self.send(packets(q, False), sender)

    def send(self, out, sender):
        for packet in out:
            try:
                self.udp.sendto(packet, sender)
            except OSError:
                return  # nobody is there any more

    def run_tcp(self):
        while True:
            connection, _ = self.tcp.accept()
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        connection.settimeout(HOLD)
        try:
            with connection:
                while self.answer(connection):
                    pass
        except (OSError, ValueError, IndexError, struct.error):
            pass

    def answer(self, connection):
        head = self.take(connection, 2)
        if not head:
            return False
        q = Question(self.take(connection, struct.unpack(">H", head)[0]))
        self.note(q, "tcp")
        if q.how in SLOW:
            time.sleep(SLOW[q.how])
        if q.how == "b13":
            return False
        for packet in packets(q, True):
            whole = struct.pack(">H", len(packet)) + packet
            if q.how == "b14":
                whole = whole[: len(whole) // 2]
            if q.how != "b15":
                connection.sendall(whole)
            for byte in whole if q.how == "b15" else b"":
                connection.sendall(bytes([byte]))
                time.sleep(0.1)
        return True

    @staticmethod
    def take(connection, n):
        got = b""
        while len(got) < n:
            more = connection.recv(n - len(got))
            if not more:
                return b""
            got += more
        return got


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--ready")
    parser.add_argument("--log")
    args = parser.parse_args()
    liar = Liar(args.port, open(args.log, "w") if args.log else None)
    for run in (liar.run_udp, liar.run_tcp):
        threading.Thread(target=run, daemon=True).start()
    if args.ready:
        with open(args.ready, "w") as f:
            f.write("%d\n" % liar.port)
    else:
        print(liar.port, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pause()


if __name__ == "__main__":
    main()
