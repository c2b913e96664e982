#!/usr/bin/env bash
#
# lint.sh - the walls between the parts, held by machine, and the figures of the code.
#
# Run by `make lint`. Reads common/, spoold/, workers/, tools/; of tests/ only which unit
# tests exist. A broken wall is one line "lint: FILE:LINE: what, why" and ends in exit 1;
# "warn:" lines and the table do not fail. Globals and etc/spoold.ini are compared only
# with what is built, so run it after `make`. It changes nothing in the tree.
#
# Patterns are matched against the code with comments and string contents taken out: a wall
# is about what is called, not what is mentioned. It trusts ctags to find the functions.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
ctags --version 2>/dev/null | grep -q Universal ||
    { echo "lint: universal-ctags is needed: apt-get install universal-ctags" >&2; exit 1; }
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
mapfile -t SRC < <(find common launcher spoold workers tools -name '*.[ch]' 2>/dev/null | sort)
[ "${#SRC[@]}" -gt 0 ] || { echo "lint: there are no C sources below $PWD" >&2; exit 1; }
touch "$T/bad" "$T/warn" "$T/facts" "$T/notes"

# ---- the rules: tables with ";" between the fields ----
# Who may move, remove or flush a file: file;which calls;reason.
SYNC='rename|renameat|renameat2|link|linkat|unlink|unlinkat|remove|fsync|fdatasync|syncfs'
MAY_SYNC='spoold/spool\.c;.*;the one place where messages are moved, removed and flushed
spoold/journal[a-z_]*\.c;.*;its own files in the journal directory, never a message
spoold/kept\.c;.*;the texts of the settings in state/config, never a message
spoold/ledger[a-z_]*\.c;.*;its own database, which can be made again from the journal
spoold/control_server\.c; *unlinkat\([^,]*, CONTROL_SOCKET_NAME, 0\);the socket that a dead spoold left behind
spoold/control_freeze\.c;.*;the mark state/frozen, never a message
workers/scratch\.c;.*;temporary files in a scratch folder of the workers, never a message
workers/av/av_canary\.c;.*;its own test signatures in a scratch folder
workers/escape[a-z_]*\.c;.*;attempts of the self-test, which must be refused; on files of its own where they are not
tools/drop_spool\.c;.*;the own pair of the depositor, before spoold may see it'

# What only some files may say: pattern in the code;the files ("-": none);what, why.
CODE='\bspool_(move|replace|remove|create|flush\w*) *\(;spoold/(spool|depot|tidy|carry|release\w*|deliver_store|(flow|recover|quarantine)_\w+)\.[ch];moves messages, others may not
# *include *<db\.h>;spoold/ledger\.c;includes <db.h>, Berkeley DB stays in ledger.c
# *include *<clamav\.h>;workers/av/av_(engine|layer)\w*\.[ch];includes <clamav.h>, libclamav stays behind av_engine.h
\b(DB|DBC|DBT|DB_ENV|DB_TXN)\b;spoold/ledger\.c;shows a type of Berkeley DB, it stays in ledger.c
# *include *"spoold/ledger_store\.h";spoold/ledger\w*\.[ch];includes ledger_store.h, everybody else asks ledger.h
# *include *"(?!(common|launcher|spoold|workers|tools)/);-;includes a header without its directory, write the path from the root
# *include *"workers/;workers/.*;includes from workers/, only what is in common/ is shared with a worker
# *include *"launcher/;launcher/.*;includes from launcher/, what has root shares no code but common/
# *include *"tools/;tools/.*;includes from tools/, nothing is built on a tool
# *include *"spoold/config\.h";(spoold|tools)/.*;includes config.h, common/ and workers/ do not know the configuration
# *include *"spoold/(?!config\.h");(spoold/.*|tools/ctl_check_(worker|judge|decide)\.c|tools/ctl_record(_files)?\.c|tools/ctl_check_part\.h|tools/ctl_doctor_folders\.c|tools/ctl_(whatif(_print)?|reload|kept|replay(_full)?)\.[ch]);includes from spoold/, only config.h is open to the tools (check drives a pool of its own and decides, explain, replay and whatif read the journal, doctor asks fs.h)
\bstrtok *\(;-;calls strtok, it keeps hidden state: cut with struct view
\b(strcpy|strcat|sprintf|gets) *\(;-;writes without a bound, use common/buf.h or snprintf
\balloca *\(;-;calls alloca, input must not size the stack: use xalloc.h
\b(system|popen) *\(;-;runs a shell, no shell may see input
\bsetlocale *\(;-;calls setlocale, numbers and case must not depend on the place'

# The same for the text as it stands, comments included; here "files" are the exempt ones.
TEXT='\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b;-;unfinished work, finish it or open an issue
[ \t\r]$;-;white space at the end of the line, it makes noise in diffs
\t;-;a tab, indent with 4 spaces
^[^:]+:\d+:.{121};(spoold/config_table\w*|common/check_table)\.h;line over 120 columns, two do not fit side by side'

# ---- what the rules are matched against ----

# FILE:LINE:code without comments and string contents (those of an #include stay); the line figures go to facts.
strip_sources() {
    awk -v facts="$T/facts" '
    function leave() {
        if (dir) print dir, "lines", n "\n" dir, "text", text "\n" dir, "comment", comment >>facts
    }
    FNR == 1 { leave(); dir = FILENAME; sub(/\/.*/, "", dir); inside = text = comment = 0 }
    {
        s = $0; out = ""; seen = inside; n = FNR
        while (s != "") {
            if (inside) {
                if (!(end = index(s, "*/"))) break
                s = substr(s, end + 2); out = out " "; inside = 0
            } else if (match(s, /\/\*|\/\/|"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047/)) {
                token = substr(s, RSTART, RLENGTH); mark = substr(token, 1, 1)
                out = out substr(s, 1, RSTART - 1); s = substr(s, RSTART + RLENGTH)
                if (token == "//") { seen = 1; break }
                if (token == "/*") seen = inside = 1
                else out = out ($0 ~ /^ *# *include/ ? token : mark mark)
            } else { out = out s; break }
        }
        if ($0 ~ /[^ \t]/) { text++; comment += seen }
        print FILENAME ":" FNR ":" out
    }
    END { leave() }' "${SRC[@]}" >"$T/code"
}

# One line per function: file, first line, last line, "static" or "public", parameters, name.
list_functions() {
    ctags --languages=C --map-C=+.h --c-kinds=f --fields=nefS --excmd=number -f - "${SRC[@]}" 2>/dev/null | awk -F'\t' '
    function params(list) {
        sub(/^\( */, "", list); sub(/(, *\.\.\.)? *\)$/, "", list)
        while (gsub(/\([^()]*\)/, "", list)) { }
        return list == "" || list == "void" ? 0 : gsub(/,/, "", list) + 1
    }
    {
        split("", has)
        for (i = 4; i <= NF; i++) { colon = index($i, ":"); has[substr($i, 1, colon - 1)] = substr($i, colon + 1) }
        kind = "file" in has ? "static" : "public"
        if (has["end"]) print $2, has["line"], has["end"], kind, params(has["signature"]), $1
    }' >"$T/functions"
}

# ---- the walls; each adds "FILE:LINE: what, why" to bad or warn ----

# Of the lines FILE:LINE:... those not in the files $1, with $2 said about them.
blame() {
    grep -vE "^($1):[0-9]+:" | WHAT=$2 awk -F: '{ print $1 ":" $2 ": " ENVIRON["WHAT"] }' >>"$T/bad"
}

check_table() { # $1 table, $2 the lines it is about
    local pattern files what
    while IFS=';' read -r pattern files what; do
        grep -P -- "$pattern" "$2" | blame "$files" "$what"
    done <<<"$1"
}

check_sync() {
    local file call allowed='-:'
    while IFS=';' read -r file call _; do
        allowed+="|$file:[0-9]+:$call"
    done <<<"$MAY_SYNC"
    grep -P "\b(($SYNC) *\(|SYS_($SYNC)\b)" "$T/code" | grep -vE "^($allowed)" |
        blame - 'moves, removes or flushes a file, only those in MAY_SYNC of tests/lint.sh may'
}

# Every file says first what it is for: a comment of 3 lines or more that names the file.
check_heads() {
    awk '
    function leave() {
        if (base && !(starts && named && last >= 3))
            print name ":1: no head comment that names " base ", say first in 3 lines or more what it is for"
    }
    FNR == 1 { leave(); name = base = FILENAME; sub(/.*\//, "", base); starts = /^\/\*/; named = last = 0 }
    !last { if (index($0, base)) named = 1; if (index($0, "*/")) last = FNR }
    END { leave() }' "${SRC[@]}" >>"$T/bad"
}

check_files() {
    wc -l "${SRC[@]}" README.md spoold/DESIGN.md spoold/PROTOCOL.md spoold/DECIDING.md Makefile 2>/dev/null | awk -v bad="$T/bad" -v warn="$T/warn" '
    BEGIN { most["README.md"] = 80; most["spoold/DESIGN.md"] = most["spoold/DECIDING.md"] = most["spoold/PROTOCOL.md"] = 200; most["Makefile"] = 150 }
    $2 == "total" { next }
    { max = $2 ~ /\.c$/ ? 500 : $2 ~ /\.h$/ ? 200 : most[$2] }
    $1 > max { print $2 ":" $1 ": has " $1 " lines, more than " max " nobody reads whole: divide it" >>bad }
    $1 <= max && $1 > 450 { print $2 ":" $1 ": has " $1 " lines, " max " are the most" >>warn }'
}

# Length, parameters and nesting of each function, and whether a public name says where it lives.
# The own brace of a function counts as nesting 1, to make up for bodies that need no braces.
check_functions() {
    awk -v bad="$T/bad" -v warn="$T/warn" -v facts="$T/facts" '
    function say(n, wanted, most, what) {
        what = at ": " name "() has " n " " what ", wanted are " wanted " and " most " is the most"
        if (n > wanted) print what >>(n > most ? bad : warn)
    }
    NR == FNR { to[$1, $2] = $3; kind[$1, $2] = $4; args[$1, $2] = $5; id[$1, $2] = $6; next }
    {
        split($0, part, ":"); code = substr($0, length(part[1] part[2]) + 3); line = part[2] + 0
        if ((part[1], line) in to) { file = part[1]; from = line; depth = deepest = deep = 0; open = 1 }
        if (!open) next
        here = depth - (code ~ /^ *}/); deep += here > 4
        if (here > deepest) deepest = here
        depth += gsub(/{/, "", code) - gsub(/}/, "", code)
        if (line < to[file, from]) next
        open = 0; name = id[file, from]; at = file ":" from; dir = stem = file; sub(/\/.*/, "", dir)
        print dir, "length", line - from + 1 "\n" dir, "deep", deep >>facts
        say(line - from + 1, 60, 80, "lines")
        # What libclamav and c-ares call back has the parameters that they give.
        if (file !~ /^workers\/(av\/av_engine_scan|dns\/dns_line)\.c$/ || name !~ /^on_/) say(args[file, from], 5, 6, "parameters")
        say(deepest, 4, 6, "levels of nesting")
        if (kind[file, from] == "static" || name == "main") next
        sub(/.*\//, "", stem); sub(/\.[ch]$/, "", stem); family = stem; sub(/_.*/, "", family)
        fits = name ~ "^(" stem "|" family ")(_|$)"; public++; prefixed += fits
        print dir, "named", fits >>facts
        if (!fits) print at ": " name "() is public and does not begin with " family "_" >>warn
    }
    END {
        if (prefixed < .9 * public)
            print "common:1: " public - prefixed " of " public " public names lack the prefix of their file" >>bad
    }' "$T/functions" "$T/code"
}

# State outside struct spoold. Tables of pointers lie in .data.rel.ro: constant once loaded.
check_globals() {
    local f old=0 objects=()
    for f in "${SRC[@]}"; do
        [[ $f == *.c ]] || continue
        if [ "build/obj/${f%.c}.o" -nt "$f" ]; then objects+=("build/obj/${f%.c}.o"); else old=$((old + 1)); fi
    done
    [ "$old" -eq 0 ] || echo "$old sources are newer than the build, run make: globals not known" >>"$T/notes"
    [ "${#objects[@]}" -gt 0 ] || return 0
    objdump -t "${objects[@]}" | awk -v bad="$T/bad" -v facts="$T/facts" '
    / file format / { file = dir = substr($1, 11); sub(/\.o:$/, ".c", file); sub(/\/.*/, "", dir) }
    / O / && /[ \t](\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && !/\.data\.rel\.ro/ {
        print dir, "static", 1 >>facts
        may = "common/log.c ctx;workers/sandbox_trace.c trace;workers/role_antispam.c role;workers/role_av.c av;workers/role_dns.c dns;workers/role_deliver.c deliver;workers/av/av_engine.c heard;workers/av/av_guard.c guard;workers/av/av_seen.c seen;workers/av/av_stat.c stand_in;"
        if (!index(may, file " " $NF ";"))
            print file ":1: " $NF " can change, state belongs in struct spoold (only what a signal handler, a callback or a stand-in without an argument of ours needs may stay)" >>bad
    }'
}

check_tests() {
    local f missing=()
    for f in "${SRC[@]}"; do
        [[ $f =~ ^(common|spoold)/.*\.c$ && $f != spoold/main.c && ! -f tests/unit/test_${f##*/} ]] || continue
        echo "${f%%/*} untested 1" >>"$T/facts"
        missing+=("$f")
    done
    [ "${#missing[@]}" -eq 0 ] || echo "no unit test (${#missing[@]}): ${missing[*]}" >>"$T/notes"
}

check_ini() {
    if [ ! -x build/spoold ]; then
        echo "build/spoold is not built, etc/spoold.ini is not compared" >>"$T/notes"
    elif ! timeout 5 build/spoold --print-config 2>/dev/null | cmp -s - etc/spoold.ini; then
        echo "etc/spoold.ini:1: differs from build/spoold --print-config, print it anew after make" >>"$T/bad"
    fi
}

# tests/requirements.tsv: each requirement once; what is done has a setting and a test, what a table names is known.
check_requirements() {
    awk -v rows=tests/requirements.tsv '
    function bad(what) { print FILENAME ":" FNR ": " what }
    FILENAME == "etc/spoold.ini" {
        sub(/^# /, "")
        if ($0 ~ /^\[.*\]$/) section = substr($0, 2, length - 2)
        else if ($0 ~ /^[a-z0-9_]+ = /) key[section "." $1] = 1
        next
    }
    FILENAME == rows {
        if (/^#/) next
        if ((n = split($0, f, "\t")) != 4) { bad("has " n " fields, number, setting, test and state are wanted"); next }
        if (f[1] !~ /^R[0-9][0-9][0-9]$/ || substr(f[1], 2) + 0 < 1 || substr(f[1], 2) + 0 > 142) bad(f[1] " is none of R001 to R142")
        if (f[1] in row) bad(f[1] " stands twice")
        row[f[1]] = 1
        if (f[4] !~ /^(done|partly|coming)$/) bad("the state " f[4] " is not done, partly or coming")
        if (f[2] != "-" ? !(f[2] in key) : f[4] == "done") bad(f[1] ": " f[2] " is no setting of etc/spoold.ini")
        if (f[3] != "-" ? system("test -f " f[3]) : f[4] == "done") bad(f[1] ": there is no test " f[3])
        next
    }
    { for (s = $0; match(s, /"[^"]*"/); s = substr(s, RSTART + RLENGTH)) check(substr(s, RSTART + 1, RLENGTH - 2)) }
    function check(text, n, w, i) {
        if (text !~ /^ ?R[0-9]+( R[0-9]+)*$/) return
        n = split(text, w, " ")
        for (i = 1; i <= n; i++) if (!(w[i] in row)) bad("names " w[i] ", which is not in " rows)
    }
    END { for (n = 1; n <= 142; n++) if (!((w = sprintf("R%03d", n)) in row)) print rows ":1: " w " is missing" }
    ' etc/spoold.ini tests/requirements.tsv common/check_table.h spoold/config_table*.h >>"$T/bad"
}

# ---- the figures: one row per directory from the facts "directory what number" ----

print_table() {
    echo 'dir      files  lines functions median  p90  max   %>60  %deep %comment %prefix stat/kLOC no test'
    sort -k3,3n "$T/facts" | awk '
    function at(d, part) { return size[d, int((functions[d] - 1) * part) + 1] + 0 }
    function of(a, b) { return b ? a / b : 0 }
    function add(d) {
        sum[d, $2] += $3; seen[d, $2]++
        if ($2 == "length") { size[d, ++functions[d]] = $3; long[d] += $3 > 60 }
    }
    function row(d) {
        if (seen[d, "lines"])
            printf "%-8s %5d %6d %9d %6d %4d %4d %6.1f %6.2f %8.1f %7.1f %9.2f %7d\n", d, seen[d, "lines"],
                sum[d, "lines"], functions[d], at(d, .5), at(d, .9), at(d, 1), 100 * of(long[d], functions[d]),
                100 * of(sum[d, "deep"], sum[d, "length"]), 100 * of(sum[d, "comment"], sum[d, "text"]),
                100 * of(sum[d, "named"], seen[d, "named"]), 1000 * of(seen[d, "static"], sum[d, "lines"]),
                seen[d, "untested"]
    }
    { add($1); add("all") }
    END { row("common"); row("spoold"); row("workers"); row("tools"); row("all") }'
    echo 'wanted                            <= 20  <=45 <=80    < 2  < 0.5   8 - 18   >= 90      <= 1       0'
}

strip_sources
list_functions
grep -nH '' "${SRC[@]}" >"$T/text"
check_table "$CODE" "$T/code"
check_table "$TEXT" "$T/text"
for wall in sync heads files functions globals tests ini requirements; do
    "check_$wall"
done
print_table
sed 's/^/note: /' "$T/notes"
sort -t: -k1,1 -k2,2n "$T/warn" | sed 's/^/warn: /'
sort -t: -k1,1 -k2,2n "$T/bad" | sed 's/^/lint: /'
printf 'lint: %d broken, %d warnings\n' "$(wc -l <"$T/bad")" "$(wc -l <"$T/warn")"
[ ! -s "$T/bad" ]
