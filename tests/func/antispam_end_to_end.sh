#!/bin/bash
# A signed message is judged with facts of a real name server: SPF, DKIM, DMARC, reverse DNS and a DNS list
# give what they must, the weights add up, and the record says why; mail itself goes on unchanged.
. "$(dirname "$0")/lib.bash"
. "$(dirname "$0")/dns.bash"
antispam=on

key=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuoxUYR6ho9BXP0Xa2ddfK9RhBKFJR0A/zNI1aqHmFoOvDWtJgvBYOMkKOy1lwafwwcOFgHjpgrH0pY+F3GC4JJNeIWgnib7/IMwrmyQdbz2FglkbljmN0Di04tS7/Hcu01lcbnM6vM1XNWPgaM48Zwyn4XJcTqgzr/ix5EPU7KWrsa2syZU80+r/rwBDrKUweKWSAgntf1nCSNriD065kTLGA4I/kvcLYjvNBBmuhQJ11it5SGWKrUZ8xr46miKzVp1Mn3oWjyHafLiWCOGV07n6ZyVQR3ATdq8MgnbPSOupIpbXPQhI+OHnDHph5E5b7g+tzg7ASwQXoYbZ7Sz4hQIDAQAB
dns_zone example.org <<END
@ TXT "v=spf1 ip4:192.0.2.1 include:inner.example.org -all"
inner TXT "v=spf1 a:mail.example.org ?all"
mail A 192.0.2.1
_dmarc TXT "v=DMARC1; p=reject"
sel._domainkey TXT "v=DKIM1; k=rsa; p=${key:0:200}" "${key:200}"
END
dns_zone 2.0.192.in-addr.arpa <<END
1 PTR mail.example.org.
9 PTR mail.example.org.
END
dns_zone bl.example.net <<END
2.0.0.127 A 127.0.0.2
9.2.0.192 A 127.0.0.2
9.2.0.192 A 127.0.0.4
END
dns_start
settings+=('rbl test.zone=bl.example.net' 'rbl test.weight=3' 'rbl test.weight_max=5')
settings+=('level high.action=header') # all of them come out

signed() {
    printf '%s\r\n' 'DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=example.org; s=sel;'
    printf '%s\r\n' '	h=From:To:Subject:Date:Message-ID; bh=unjlOSis8lJreMY6lYBQDC+E3gosJIEP4Kj8nqOo6bw=;'
    printf '%s\r\n' '	b=oSWVfuOzpcUVcJbBnmwXWF/nie+/aJC8jfAbtZ/Mkpo57dUFurfBfBwVaePbhb/TAOYK5/0eN5aM6bnQMYiCjE/pmYIbnBri5456IHkPmX1bitvg08eeYd7RN5coSS8z1N1Q6BGc/fBi0lTmBev4ivuvkD5C1ehkClC3uslycROwrbjR3bOUhScb7f2IV6u3xPaHd5HVnMSKOyWNcFdxX8lTRUCkcyva5RcS+eiL9C+3JrCAgFvn3BbJ8xpmtemFghkzmLADRbfu1Crme4fPV8Z+K5JTf9SpQdDpiwe2F5TLXwUEpJpy9+MoUuuC5JJvnnqicPh+lSXTgXli0Rlthw=='
    printf '%s\r\n' 'From: Ann <ann@example.org>' 'To: bob@example.net' 'Subject: signed'
    printf '%s\r\n' 'Date: Mon, 23 Nov 2026 03:00:00 +0000' 'Message-ID: <1@example.org>' '' "${1:-Hello, this is signed.}"
}
# judge NAME IP HELO [BODY]: puts one in; its line in the journal is in $line afterwards.
judge() {
    signed "${4:-}" > "$dir/$1.eml"
    spooldrop -f ann@example.org --ip "$2" --helo "$3" -- bob@example.net < "$dir/$1.eml" || fail "spooldrop: $?"
    wait_until 20 "$1 is delivered" eval "[ \$(grep -c '\"event\":\"delivered\"' $root/state/journal/*.jsonl) -gt $n ]"
    n=$((n + 1))
    line=$(grep '"event":"accepted"' "$root"/state/journal/*.jsonl | tail -n 1)
}
has() { [[ $line == *"\"name\":\"$1\",\"result\":\"$2\",\"weight\":$3"* ]] || fail "no $1 $2 $3 in: $line"; }

start_spoold
n=0
judge good 192.0.2.1 mail.example.org
has spf pass 0; has dkim pass 0; has dmarc pass 0; has iprev pass 0; has helo pass 0; has rbl:test miss 0
[[ $line == *'"client":{"ip":"192.0.2.1","helo":"mail.example.org","name":"mail.example.org"'* ]] || fail "client: $line"
[[ $line == *'"TXT sel._domainkey.example.org":{'* ]] || fail "the facts are not in the record: $line"
grep -q 'Subject: signed' "$root"/outgoing/*.eml || fail "it did not come out"

judge bad 192.0.2.9 other.example.org "Not what was signed."
has spf fail 8; has dkim fail 8; has dmarc fail 5; has iprev fail 5; has helo fail 2; has rbl:test hit 5
[[ $line == *'"weight":35,'* ]] || [[ $line == *'"weight":33,'* ]] || fail "the sum: $line"
stop_spoold
