#!/usr/bin/env python3
"""whatif.py BUILD [N] - records a second of `spoolctl whatif`, on one core, with a journal made for it.

N messages (100,000) over two days, each with a decision record as it comes of 14 checks, 8 address lists, 3
domain lists, some own rules and their facts (about 5 kB), and its line "delivered". The settings that are tried
have other thresholds, and in the second run a list that was never asked as well, so that each is decided twice.
Wanted: 10,000 a second and more. Nothing is kept.
"""
import datetime, json, os, random, shutil, subprocess, sys, tempfile, zlib

sys.dont_write_bytecode = True
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
PLAIN = [("gateway", ["miss"], ""), ("spf", ["pass", "softfail", "fail"], "pass, 192.0.2.%d is in ip4:192.0.2.0/24 of mail%d.example.org"),
         ("spf_helo", ["none", "pass"], "no record of mail%d.example.org, %d bytes"), ("dkim", ["pass", "none"], "pass: d=mail%d.example.org s=sel%d rsa-sha256"),
         ("dmarc", ["pass", "none"], "mail%d.example.org: p=reject, aligned by DKIM %d"), ("iprev", ["pass", "none", "fail"], "192.0.2.%d is mail%d.example.org"),
         ("helo", ["pass", "neutral"], "mail%d.example.org leads to 192.0.2.%d"), ("null_sender", ["miss"], ""), ("forged_local", ["miss"], ""),
         ("headers", ["miss"], ""), ("ambiguous", ["miss"], ""), ("list:blacklist", ["miss"], ""), ("list:whitelist", ["miss"], ""), ("list:blocked", ["miss"], "")]
LISTS = [f"rbl:l{i}" for i in range(8)] + [f"uribl:u{i}" for i in range(3)]
RULES = [f"r{i}" for i in range(40)]
WEIGHT = {"softfail": 4, "fail": 8}


def a_check(rng, name, results, detail):
    result = rng.choice(results)
    weight = 8 if name == "iprev" and result == "none" else 5 if name == "iprev" and result == "fail" else WEIGHT.get(result, 0) if name == "spf" else 0
    check = {"name": name, "result": result, "weight": weight}
    if detail:
        check["detail"] = detail % (rng.randrange(200), rng.randrange(200))
    if name in ("spf", "dkim", "iprev"):
        check["props"] = f"smtp.mailfrom=mail{rng.randrange(200)}.example.org"
    return check | {"line": "default"}


def checks_of(rng):
    checks = [a_check(rng, *p) for p in PLAIN]
    for name in LISTS:
        hit = rng.random() < 0.1
        checks.append({"name": name, "result": "hit" if hit else "miss", "weight": 5 if hit else 0,
                       "detail": f"192.0.2.{rng.randrange(250)} {'is' if hit else 'is not'} listed by {name[-2:]}.example.net", "line": "spoold.ini:20"})
    for rule in rng.sample(RULES, rng.randrange(4)):
        checks.append({"name": "body:" + rule, "result": "hit", "weight": 4, "detail": "\"some words\" in the text", "line": f"lists/body:{rule[1:]}"})
    return checks


def record_of(rng, at, config):
    checks = checks_of(rng)
    weight = sum(c["weight"] for c in checks)
    level = "high" if weight >= 30 else "medium" if weight >= 20 else "low" if weight >= 10 else "none"
    action = {"high": "quarantine", "medium": "tag", "low": "header", "none": "deliver"}[level]
    decision = {"to": "1", "weight": weight, "level": level, "action": action, "why": "" if level == "none" else "level"}
    if level != "none":
        decision |= {"threshold": 10, "section": "level " + level, "key": "action", "line": "default"}
    if action != "quarantine":
        decision["copy"] = 1
    facts = {f"{kind} x{rng.randrange(10**6)}.mail{i}.example.org": {"rcode": "NOERROR", "answers": [f"192.0.2.{rng.randrange(250)}"], "ttl": 300, "at": at}
             for i, kind in enumerate(["A", "TXT", "MX", "PTR"] * 4)}
    fate = {"fate": "quarantine", "class": "spam", "reason": f"weight {weight} is level high: [level high] action quarantine (default)"} if action == "quarantine" else {"fate": "send"}
    return {"v": 1, "config": config, "by": "recipients", **fate, "direction": "incoming", "envelope": {"ip": "192.0.2.1", "helo": "mail.example.org", "protocol": "ESMTP"},
            "sha256": "%064x" % rng.getrandbits(256), "virus": {"state": "clean", "engine": "1.0.7", "version": 27000, "generation": 1},
            "client": {"ip": "192.0.2.1", "helo": "mail.example.org", "name": "mail.example.org", "via": []}, "checks": checks, "weight": weight,
            "decisions": [decision], "facts": {"default": "missing", "dns": facts, "now": at}}


def line_of(o):
    body = json.dumps(o, separators=(",", ":"))[:-1].encode()
    return body + b',"crc":"%08x"}\n' % zlib.crc32(body)


def make_journal(folder, n, config):
    rng, size = random.Random(8), 0
    now = datetime.datetime.now(datetime.timezone.utc)
    records = [record_of(rng, now.strftime("%Y-%m-%dT%H:%M:%S.000Z"), config) for _ in range(2000)]
    files = {}
    for i in range(n):
        when = now - datetime.timedelta(hours=20) + datetime.timedelta(hours=19) * (i / n)
        at = when.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (when.microsecond // 1000)
        base = f"m{i}~9" + "".join(rng.choices(DIGITS, k=24))
        f = files.get(at[:10]) or files.setdefault(at[:10], open(f"{folder}/{at[:10]}.jsonl", "wb"))
        whole = line_of({"v": 1, "at": at, "event": "accepted", "id": base, "name": f"m{i}", "client": "192.0.2.1", "from": f"a{i}@example.org",
                         "to": [f"b{i % 999}@example.net"], "size": 4000, "record": records[i % len(records)]})
        size += len(whole)
        f.write(whole)
        f.write(line_of({"v": 1, "at": at, "event": "delivered", "id": base, "copy": 1, "from": f"a{i}@example.org", "to": [f"b{i % 999}@example.net"], "size": 4000}))
    for f in files.values():
        f.close()
    return size / n


def settings(folder, more):
    with open(folder + "/body", "w") as f:
        f.writelines(f"{r} 4 contains {r}\n" for r in RULES)
    with open(folder + "/new.ini", "w") as f:
        f.write(f"[paths]\nlists = {folder}\n[lists]\nbody_rules = @lists/body\n[level high]\nthreshold = 25\n" + more)
        for name in LISTS:
            kind, name = name.split(":")
            f.write(f"[{kind} {name}]\nzone = {name}.example.net\n")


def keep_settings(build, folder):
    """Has spoold keep the settings of that time; their hash."""
    settings(folder, "")
    subprocess.run([f"{build}/spoold", "-c", folder + "/new.ini", "-o", "paths.root=" + folder, "-o", "antivirus.clamav=no", "-o", "antispam.enable=no",
                    "-o", "spool.unsafe_filesystem=yes", "--once"], check=True, stderr=subprocess.DEVNULL)
    shutil.rmtree(folder + "/state/journal")
    os.mkdir(folder + "/state/journal")
    return os.listdir(folder + "/state/config")[0][:-4]


def main():
    build, n = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    folder = tempfile.mkdtemp()
    try:
        size = make_journal(folder + "/state/journal", n, keep_settings(build, folder))
        for what, more in (("other thresholds", ""), ("and a list never asked", "[uribl new]\nzone = new.example.net\nweight = 6\n")):
            settings(folder, more)
            said = subprocess.run(["taskset", "-c", "0", f"{build}/spoolctl", "-o", "paths.root=" + folder, "--json", "whatif", folder + "/new.ini"],
                                  capture_output=True, text=True, check=True).stdout
            o = json.loads(said)
            assert o["messages"] == n, said
            print(f"whatif, {what}: {n * 1000 / o['ms']:8.0f} records/s of {size:.0f} bytes; changed {o['changed']}, unchanged {o['unchanged']}, unknown {o['unknown']}")
    finally:
        shutil.rmtree(folder)


main()
