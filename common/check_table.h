/*
 * check_table.h - one row per check: its name, its results and what they weigh. No include guard: included
 * with different CHECK and W macros (like config_table.h).
 *
 *   CHECK(id, name, kind, on, smtp, requirements, help, weights)
 *   W(id, result, weight, requirements)           one of them for each result that may weigh something
 *
 * name         in records, `check --json` and settings: section [name] has enable, enable_smtp_in,
 *              enable_smtp_out and weight_RESULT, made of this row
 * kind         PLAIN: one result a message.  NAMED: any number, "name:NAME"; their weights stand in sections
 *              [name NAME] or in a list file, and the row has no W
 * on           the default of enable: "yes" or "no"
 * smtp         SMTP: may be asked before the message is there (address, HELO and sender only).  SPOOL: not
 * weights      thousandths are possible: "-1.5"
 *
 * A check is this row and one file workers/antispam/check_ID.c with its struct check_ops check_ID. The order
 * is that of judging: who needs another one's result stands behind it. Then etc/spoold.ini is made anew
 * (build/spoold --print-config), and workers/worker-antispam.8 gets its line.
 */
CHECK(gateway, "gateway", PLAIN, "yes", SMTP, "R079 R080 R081", "Whose address, HELO and names are judged: the client, or behind gateways.trust the first host that is no gateway. Switched off, gateways.trust counts for nothing.", )
CHECK(spf, "spf", PLAIN, "yes", SMTP, "R047 R048 R049 R050 R051 R052", "SPF (RFC 7208) of the envelope sender; of postmaster@HELO for the null sender.",
    W(spf, pass, "0", "R047") W(spf, fail, "8", "R048") W(spf, softfail, "4", "R049") W(spf, neutral, "0", "R050") W(spf, none, "0", "R052") W(spf, permerror, "0", "R051") W(spf, temperror, "0", "R051"))
CHECK(spf_helo, "spf_helo", PLAIN, "yes", SMTP, "R047 R048", "SPF (RFC 7208, 2.3) of the HELO name.",
    W(spf_helo, pass, "0", "R047") W(spf_helo, fail, "2", "R048") W(spf_helo, softfail, "0", "R049") W(spf_helo, neutral, "0", "R050") W(spf_helo, none, "0", "R052") W(spf_helo, permerror, "0", "R051") W(spf_helo, temperror, "0", "R051"))
CHECK(dkim, "dkim", PLAIN, "yes", SPOOL, "R046", "DKIM signatures (RFC 6376, RFC 8463): pass if one of them passes.",
    W(dkim, pass, "0", "R046") W(dkim, fail, "8", "R046") W(dkim, none, "0", "R046") W(dkim, neutral, "0", "R046") W(dkim, policy, "0", "R046") W(dkim, permerror, "0", "R046") W(dkim, temperror, "0", "R046"))
CHECK(dmarc, "dmarc", PLAIN, "yes", SPOOL, "R046", "DMARC (RFC 7489): does the domain of From stand behind the message?",
    W(dmarc, pass, "0", "R046") W(dmarc, fail, "5", "R046") W(dmarc, none, "0", "R046") W(dmarc, permerror, "0", "R046") W(dmarc, temperror, "0", "R046"))
CHECK(iprev, "iprev", PLAIN, "yes", SMTP, "R053", "Reverse DNS of the client (RFC 8601, 2.7.3): pass: a name that leads back to the address; fail: it does not; none: no name.",
    W(iprev, pass, "0", "R053") W(iprev, fail, "5", "R053") W(iprev, none, "8", "R053") W(iprev, permerror, "0", "R053") W(iprev, temperror, "0", "R053"))
CHECK(helo, "helo", PLAIN, "yes", SMTP, "R053", "The client's HELO name: pass: it leads to its address or is its reverse name; neutral: it leads elsewhere; fail: it leads nowhere, or is no name; none: none was given.",
    W(helo, pass, "0", "R053") W(helo, neutral, "0", "R053") W(helo, fail, "2", "R053") W(helo, none, "0", "R053") W(helo, temperror, "0", "R053"))
CHECK(rbl, "rbl", NAMED, "yes", SMTP, "R054 R055 R056 R057 R058 R059 R060 R061", "DNS lists of addresses, each a section [rbl NAME].", )
CHECK(uribl, "uribl", NAMED, "yes", SMTP, "R054 R057", "DNS lists of domains (sender, HELO, reverse name, links in the text), each a section [uribl NAME].", )
CHECK(header, "header", NAMED, "yes", SPOOL, "R040", "Own rules for header fields: those of lists.header_rules.", )
CHECK(body, "body", NAMED, "yes", SPOOL, "R041", "Own rules for subject and text: those of lists.body_rules.", )
CHECK(null_sender, "null_sender", PLAIN, "yes", SMTP, "R020", "The envelope sender is empty, as that of bounces.", W(null_sender, hit, "0", "R020"))
CHECK(forged_local, "forged_local", PLAIN, "yes", SMTP, "R020", "The sender is of site.domains, but the client is neither authenticated nor in site.networks, and neither SPF nor DKIM passes.", W(forged_local, hit, "0", "R020"))
CHECK(headers, "headers", PLAIN, "yes", SPOOL, "R020", "Header fields that are missing, doubled or impossible (RFC 5322, 3.6).", W(headers, hit, "0", "R020"))
CHECK(ambiguous, "ambiguous", PLAIN, "yes", SPOOL, "R020", "Mail readers take the message in different ways.", W(ambiguous, hit, "0", "R020"))
CHECK(list, "list", NAMED, "yes", SMTP, "R076 R077 R092 R096 R097", "Own lists of addresses, domains and networks: blacklist, whitelist, blocked, trusted.", )
