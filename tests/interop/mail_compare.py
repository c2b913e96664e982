#!/usr/bin/env python3
"""mail_compare.py BUILD [--ids N] [--all-mail] - our usual reading of mail beside three others, as figures.

The others: what mime4j's own tests expect of 35 messages of the corpus (SPOOLD_CORPUS, mime/mime4j-decoded.json),
which must be equal; what Python's email package saw (mime/parts.jsonl) and what GMime sees now (where
BUILD/mail_parts_gmime is built), which are opinions. Equal are two lists of leaves when each decoded content is.
Messages that differ are grouped by how they differ, and by what is odd about them; N ids of each group are printed.
Exit code 1: a message of mime4j differs and is not in EXPLAINED; 77: there is no corpus.
"""
import argparse, collections, json, os, subprocess, sys, tarfile, tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

# Of mime4j's expectations, those that ours may differ from: id, reason.
SKIPS = "passes over a line that is no field; our usual reading ends the header there, so its text is the end of ours"
CRLF = "its quoted-printable makes CRLF of each line end"
EXPLAINED = {
    "mime4j-testmsgs-malformedHeader-nocrlfcrlf": SKIPS,
    "mime4j-testmsgs-obsolete": SKIPS,
    "mime4j-testmsgs-missing-inner-boundary": "an empty part where a multipart has no delimiter; ours is its text",
    "mimetools-mimetools-testmsgs-badbound": "no part where a multipart has no delimiter; ours is its text",
    "mimetools-mimetools-testmsgs-empty-preamble": CRLF,
    "mimetools-mimetools-testmsgs-mp-msg-rfc822": CRLF,
    "mimetools-mimetools-testmsgs-frag": "drops an incomplete last group of base64; ours keeps its whole bytes",
}


def run(program, paths, *words):
    """{id: its line} of mail_parts or mail_parts_gmime."""
    out = subprocess.run([program, *words], input="\n".join(paths) + "\n", stdout=subprocess.PIPE, check=True,
                         encoding="utf-8").stdout
    return {name_of(row["file"]): row for row in map(json.loads, out.splitlines())}


def name_of(path):
    return os.path.basename(path)[:-len(".eml")]


def unpack(archive, folder):
    with tarfile.open(archive) as t:
        t.extractall(folder, filter="data")
    return sorted(os.path.join(d, f) for d, _, files in os.walk(folder) for f in files if f.endswith(".eml"))


def sums(leaves):
    return [leaf["sha256"] for leaf in leaves]



def how(ours, theirs):
    """In what two lists of leaves differ, in words; "" when they do not."""
    a, b = sums(ours), sums(theirs)
    if a == b:
        return ""
    if [s for s in a if s != EMPTY] == [s for s in b if s != EMPTY]:
        return "leaves that are empty"
    if sorted(a) == sorted(b):
        return "order"
    if len(a) != len(b):
        more = "more" if len(a) > len(b) else "fewer"
        less = a if len(a) < len(b) else b
        return f"{more} leaves" + ("" if set(less) - set(a if less is b else b) else ", else the same")
    gaps = [abs(x["bytes"] - y["bytes"]) for x, y in zip(ours, theirs) if x["sha256"] != y["sha256"]]
    if max(gaps) <= 2:
        return f"up to {max(gaps)} bytes of a content"
    encodings = sorted({x["encoding"] for x, y in zip(ours, theirs) if x["sha256"] != y["sha256"]})
    return "a content in " + ", ".join(e or "?" for e in encodings)


def among_all(every, mime4j, differ):
    """Of those that differ, which have each part of mime4j's among ours of all readings, line ends as CRLF."""
    found = []
    for key in sorted(differ):
        sums = {s for leaf in every[key]["leaves"] for s in (leaf["sha256"], leaf["crlf"])}
        if all(leaf["sha256"] in sums for leaf in mime4j[key]):
            found.append(key)
    print(f"mime4j: {len(mime4j) - len(differ)} equal, and of {len(found)} more each part is one of ours when all readings "
          f"count and line ends are CRLF: {len(mime4j) - len(differ) + len(found)} of {len(mime4j)}")


def report(title, ours, theirs, ids):
    """Prints it; answers the ids that differ."""
    groups, same, fields = collections.defaultdict(list), 0, collections.Counter()
    for key in sorted(theirs):
        said = how(ours[key]["leaves"], theirs[key])
        if not said:
            same += 1
            for field in ("type", "name"):
                fields[field] += all(field not in b or (a[field] or "").lower() == (b[field] or "").lower()
                                     for a, b in zip(ours[key]["leaves"], theirs[key]))
        else:
            groups[said, " ".join(ours[key]["oddities"]) or "nothing odd"].append(key)
    n = len(theirs)
    print(f"{title}: {same} of {n} equal ({100 * same / n:.1f} %)"
          f"; of these types {fields['type']}, names {fields['name']}")
    kinds = collections.Counter()
    for (said, _), keys in groups.items():
        kinds[said] += len(keys)
    for said, count in kinds.most_common():
        print(f"  {count:4} {said}")
        for (what, odd), keys in sorted(groups.items(), key=lambda g: -len(g[1])):
            if what == said:
                more = f" and {len(keys) - ids} more" if len(keys) > ids else ""
                print(f"       {len(keys):4} {odd}: {', '.join(keys[:ids])}{more}")
    return {key for keys in groups.values() for key in keys}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("build")
    p.add_argument("--ids", type=int, default=5)
    p.add_argument("--all-mail", action="store_true", help="GMime also on the 3,064 messages of mail/")
    args = p.parse_args()
    corpus = os.environ.get("SPOOLD_CORPUS", os.path.join(HERE, "..", "..", "..", "shared", "corpus"))
    mime = os.path.join(corpus, "mime")
    if not os.path.exists(os.path.join(mime, "mime-dev.tar.xz")):
        print(f"there is no {mime}/mime-dev.tar.xz (SPOOLD_CORPUS)")
        return 77
    ours_program, gmime = (os.path.join(args.build, f) for f in ("mail_parts", "mail_parts_gmime"))
    has_gmime = os.access(gmime, os.X_OK)
    with tempfile.TemporaryDirectory(prefix="spoold-compare-") as folder:
        paths = unpack(os.path.join(mime, "mime-dev.tar.xz"), folder)
        ours = run(ours_program, paths)
        with open(os.path.join(folder, "parts.jsonl")) as f:
            python = {row["id"]: row["leaves"] for row in map(json.loads, f)}
        with open(os.path.join(mime, "mime4j-decoded.json")) as f:
            mime4j = json.load(f)
        differ = report("mime4j", ours, mime4j, args.ids)
        wrong = differ - EXPLAINED.keys()
        among_all(run(ours_program, paths, "--all"), mime4j, differ)
        report("Python's email package", ours, python, args.ids)
        if has_gmime:
            theirs = {key: row["leaves"] for key, row in run(gmime, paths).items()}
            report("GMime", ours, theirs, args.ids)
            both = {key: leaves for key, leaves in theirs.items() if sums(leaves) == sums(python[key])}
            report("where GMime and Python agree", ours, both, args.ids)
        else:
            print("GMime: not compared (needs libgmime-3.0-dev when it is built)")
    if has_gmime and args.all_mail:
        with tempfile.TemporaryDirectory(prefix="spoold-compare-") as folder:
            paths = unpack(os.path.join(corpus, "mail", "sa-public-dev.tar.xz"), folder)
            theirs = {key: row["leaves"] for key, row in run(gmime, paths).items()}
            report("GMime on the mails", run(ours_program, paths), theirs, args.ids)
    for key in sorted(EXPLAINED):
        print(f"mime4j, {key}: {EXPLAINED[key]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
