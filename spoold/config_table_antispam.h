/*
 * config_table_antispam.h - the rows of config_table.h about the antispam stage, the DNS and own lists.
 *
 * Included by config_table.h only, in its midst, with its macros. The options of the checks are made of
 * common/check_table.h, so that a new check needs no row here. No include guard.
 */
OPT("antispam", "enable", BOOL, antispam, "yes", 0, 0, NULL, "R020 R022", "Judge each message by the checks below: every check that is on gives a result, each result has a weight, and the sum of the weights is the spam weight of the message. off: none of them runs.")
OPT("antispam", "budget", TIME, antispam_budget, "20s", 100, 300000, NULL, "R020", "Longest time that one message waits for answers of the DNS. What is not answered by then counts as an answer that failed for now (temperror), and the message goes on.")
OPT("antispam", "children", INT, antispam_children, "2", 1, 64, NULL, "", "Processes that judge messages at the same time. Waiting for the DNS keeps none of them busy.")
OPT("antispam", "max_urls", INT, antispam_max_urls, "50", 0, 200, NULL, "R054", "Domains of links in the text of one message that are looked up in the [uribl NAME] lists, the first ones that differ. 0: none.")
OPT("antispam", "skip_authenticated", BOOL, antispam_skip_authenticated, "yes", 0, 0, NULL, "R091", "Mail of users that have logged in is not judged by the spam checks (its envelope must say so, not its header). It is examined for viruses all the same.")
OPT("antispam", "skip_intra_domain", BOOL, antispam_skip_intra_domain, "no", 0, 0, NULL, "R076", "Neither is mail from one of site.domains to the same domain, where the client has logged in or is in site.networks.")
OPT("antispam", "whitelist_skips", BOOL, antispam_whitelist_skips, "yes", 0, 0, NULL, "R077", "Neither is mail from addresses in lists.whitelist.")
OPT("antispam", "header_log_level", ENUM, antispam_header_log_level, "score+tests", 0, 0, "none|score|score+tests|score+tests+descriptions", "R031 R038", "What the header of a judged message tells. none: X-Spam-Flag and X-Spam-Level only. score: X-Spam-Score and X-Spam-Status as well. score+tests: X-Spam-Status names each check that weighs something. score+tests+descriptions: and what it found. Fields X-Spam-* that the mail brought are removed.")

OPT("dns", "enable", BOOL, dns, "yes", 0, 0, NULL, "", "Ask the DNS. off: checks that need it find out nothing (temperror, weight 0 unless you say otherwise), the others go on.")
OPT("dns", "servers", STR, dns_servers, "", 0, 0, NULL, "", "Name servers to ask, as 127.0.0.1 192.0.2.53:5353 [2001:db8::1]:53. Empty: those of /etc/resolv.conf. DNS lists often refuse the large public name servers: a resolver of your own is best.")
OPT("dns", "timeout", TIME, dns_timeout, "1s", 20, 30000, NULL, "", "Wait for one answer, before the next try goes to the next server.")
OPT("dns", "tries", INT, dns_tries, "2", 1, 10, NULL, "", "How often a server is asked.")
OPT("dns", "channels", INT, dns_channels, "4", 1, 64, NULL, "", "Questions are spread over this many sockets, so that one that is blocked does not delay all.")
OPT("dns", "outstanding", INT, dns_outstanding, "200", 1, 1000, NULL, "", "Questions that wait for an answer at one time, for each of the channels. The rest queues.")
OPT("dns", "cache_names", INT, dns_cache_names, "100000", 1, 10000000, NULL, "", "Answers that are remembered, each as long as the DNS says; the oldest make room.")
OPT("dns", "max_ttl", TIME, dns_max_ttl, "1d", 0, 604800000, NULL, "", "No answer is remembered for longer than this.")
OPT("dns", "max_negative_ttl", TIME, dns_max_negative_ttl, "1h", 0, 86400000, NULL, "", "The same for the answer that there is no such name or no such record.")

OPT("gateways", "trust", LIST, gateways_trust, "", 0, 1, "gateways|network", "R079 R080 R081", "Mail servers that pass mail on to this one: backup MX, a filter in front, as 192.0.2.1 198.51.100.8-198.51.100.15 2001:db8::/48, or @lists/FILE. The host that gave the mail to the first of them is judged instead; it is read from the Received fields, the newest first. An address that anybody can send from does not belong here: its Received fields could be forged.")

OPT("lists", "blacklist", LIST, lists_blacklist, "", 0, 0, "blacklist|network", "R096 R099 R100", "Clients that are not wanted. A list file: one address, range (192.0.2.1-192.0.2.9) or network (192.0.2.0/24, 2001:db8::/32) a line.")
OPT("lists", "whitelist", LIST, lists_whitelist, "", 0, 0, "whitelist|network", "R077 R097 R099 R100", "Clients whose mail is no spam; the same kind of file. It is examined for viruses all the same.")
OPT("lists", "blocked_senders", LIST, lists_blocked_senders, "", 0, 0, "blocked_senders|sender", "R127 R129", "Senders that are not wanted. A list file: one address (user@example.org), domain (example.org) or domain with all below it (.example.org) a line.")
OPT("lists", "trusted_senders", LIST, lists_trusted_senders, "", 0, 0, "trusted_senders|sender", "R092", "Senders whose mail is no spam; the same kind of file. One counts only where SPF or DKIM shows that the mail comes from there.")
OPT("lists", "header_rules", LIST, lists_header_rules, "", 0, 0, "header_rules|header_rule", "R040", "Own rules for header fields. A list file with lines NAME WEIGHT TYPE Field: PATTERN, TYPE contains, wildcard or regex, Field * for any; the pattern goes on to the end of the line, a # in it is part of it.")
OPT("lists", "domains", LIST, lists_domains, "", 0, 0, "profiles|profile", "R065 R071", "Which [profile NAME] is for whom. A list file with lines DOMAIN PROFILE, .DOMAIN PROFILE (the domain and all below it) or USER@DOMAIN PROFILE. Recipients that no line is for have none. An address counts before its domain, without its +detail too; a longer domain before a shorter one.")
OPT("lists", "body_rules", LIST, lists_body_rules, "", 0, 0, "body_rules|body_rule", "R041", "Own rules for the subject and the text. A list file with lines NAME WEIGHT TYPE PATTERN, as in header_rules but without a field.")

/*
 * Of each check: [NAME] with its switches and the weights of its results. A check whose lists have sections of
 * their own ([rbl NAME]) has no [NAME] beside them: it is named by a CONFIG_NAMED_ line here.
 */
#ifdef OPT_CHECK
#define CONFIG_NAMED_rbl   ~, CONFIG_NO_ROWS,
#define CONFIG_NAMED_uribl ~, CONFIG_NO_ROWS,
#define CONFIG_SECOND(a, b, ...) b
#define CONFIG_ROWS_OF(...) CONFIG_SECOND(__VA_ARGS__, ~)
#define CONFIG_NO_ROWS(...)
#define CONFIG_SMTP_SPOOL(id, name)
#define CONFIG_SMTP_SMTP(id, name) \
    OPT_CHECK(name, "enable_smtp_in", BOOL, check_smtp_in[CHECK_##id], "no", 0, 0, NULL, "R023", "Does nothing in this version. Meant for asking this already while the mail server talks to the client, before there is a message; this one for incoming mail.") \
    OPT_CHECK(name, "enable_smtp_out", BOOL, check_smtp_out[CHECK_##id], "no", 0, 0, NULL, "R023", "Does nothing in this version. The same for mail of authenticated clients and of site.networks.")
#define CONFIG_ROWS(id, name, kind, on, smtp, requirements, help, weights) \
    OPT_CHECK(name, "enable", BOOL, check_on[CHECK_##id], on, 0, 0, NULL, requirements " R022 R025", help) \
    CONFIG_SMTP_##smtp(id, name)
#define CHECK(id, ...) CONFIG_ROWS_OF(CONFIG_NAMED_##id CONFIG_ROWS, CONFIG_ROWS)(id, __VA_ARGS__)
#define W(...)
#include "common/check_table.h"
#undef CHECK
#undef W
#define CHECK(id, name, kind, on, smtp, requirements, help, weights) weights
#define W(id, result, weight_, requirements) \
    OPT_POLICY(#id, #id, "weight_" #result, WEIGHT, weight[CHECK_##id][RESULT_##result], weight_, -1000000, 1000000, NULL, requirements " R024", "Weight of the result " #result ".")
#include "common/check_table.h"
#undef CHECK
#undef W
#undef CONFIG_NAMED_rbl
#undef CONFIG_NAMED_uribl
#undef CONFIG_SECOND
#undef CONFIG_ROWS_OF
#undef CONFIG_NO_ROWS
#undef CONFIG_SMTP_SPOOL
#undef CONFIG_SMTP_SMTP
#undef CONFIG_ROWS
#undef OPT_CHECK
#endif
OPT("spf", "engine", ENUM, spf_engine, "own", 0, 0, "own|libspf2", "R047", "What evaluates SPF records. own: spoold itself. libspf2: that library, for comparison.")
OPT("dkim", "min_key_bits", INT, dkim_min_key_bits, "1024", 512, 8192, NULL, "R046", "A signature with a shorter RSA key is no pass.")
OPT("dkim", "max_size", SIZE, dkim_max_size, "16M", 65536, 1073741824, NULL, "R046", "Signatures of larger messages are not verified.")
OPT("dmarc", "enforce", BOOL, dmarc_enforce, "no", 0, 0, NULL, "R046", "Do what the domain of From asks for (quarantine or reject) where a message fails; no: its weight alone counts.")

OPT_RBL("enable", BOOL, enable, "yes", 0, 0, NULL, "R054", "Ask this list.")
OPT_RBL("description", STR, description, "", 0, 0, NULL, "R056", "A few words about the list for your own use.")
OPT_RBL("zone", STR, zone, "", 0, 0, NULL, "R058", "Domain name of the list, as zen.example.net. Look into its terms of use first: most lists are free for small sites only.")
OPT_RBL("key", STR, key, "", 0, 0, NULL, "R058", "Key of your account, where the list needs one: letters, digits, - and dots. It is put in front of the zone, or in the place of the word KEY in it, as in KEY.zen.example.net. It stands in no record.")
OPT_RBL("results", STR, results, "", 0, 0, NULL, "R059", "Answers that are a hit: addresses, ranges and networks, as 127.0.0.2 127.0.0.4-127.0.0.7 127.0.1.0/24 127.0.*.3; with bitmap: numbers from 1 to 255. Empty: every answer in 127.0.0.0/8. Answers outside of it and in 127.255.255.0/24 (refused, too many questions) are never a hit.")
OPT_RBL("bitmap", BOOL, bitmap, "no", 0, 0, NULL, "R060", "The last number of the answer is a sum of bits: it is a hit where it has a bit in common with a number in results.")
OPT_RBL("weight", WEIGHT, weight, "5", -1000000, 1000000, NULL, "R057", "Weight of a hit. Negative for a list of addresses that send no spam.")
OPT_RBL("weight_max", WEIGHT, weight_max, "0", 0, 1000000, NULL, "R057", "Several hits of one message (several answers) count weight each, together up to this, or down to its negative. 0: without a limit.")
OPT_RBL("dns_server", STR, dns_server, "", 0, 0, NULL, "R061", "Name servers to ask about this list, in the form of dns.servers. Empty: those of dns.servers.")
OPT_RBL("self_test", BOOL, self_test, "yes", 0, 0, NULL, "R061", "Ask the list at the start and each hour for its test entries (RFC 5782): one that lists everything or nothing at all is left out until it is well again.")
OPT_RBL("enable_smtp_in", BOOL, smtp_in, "no", 0, 0, NULL, "R023", "Does nothing in this version. Meant for asking this already while the mail server talks to the client, before there is a message; this one for incoming mail.")
OPT_RBL("enable_smtp_out", BOOL, smtp_out, "no", 0, 0, NULL, "R023", "Does nothing in this version. The same for mail of authenticated clients and of site.networks.")

OPT_URIBL("enable", BOOL, enable, "yes", 0, 0, NULL, "R054", "Ask this list.")
OPT_URIBL("description", STR, description, "", 0, 0, NULL, "R056", "A few words about the list for your own use.")
OPT_URIBL("zone", STR, zone, "", 0, 0, NULL, "R058", "Domain name of the list, as dbl.example.net. Look into its terms of use first: most lists are free for small sites only.")
OPT_URIBL("key", STR, key, "", 0, 0, NULL, "R058", "Key of your account, where the list needs one: letters, digits, - and dots. It is put in front of the zone, or in the place of the word KEY in it, as in KEY.zen.example.net. It stands in no record.")
OPT_URIBL("domains", STR, domains, "sender helo ptr body", 0, 0, NULL, "R054", "Which domains are looked up: sender (of the envelope), helo (the name that the client gave), ptr (its name in the DNS), body (links in the text).")
OPT_URIBL("results", STR, results, "", 0, 0, NULL, "R059", "Answers that are a hit: addresses, ranges and networks, as 127.0.0.2 127.0.0.4-127.0.0.7 127.0.1.0/24 127.0.*.3; with bitmap: numbers from 1 to 255. Empty: every answer in 127.0.0.0/8. Answers outside of it and in 127.255.255.0/24 (refused, too many questions) are never a hit.")
OPT_URIBL("bitmap", BOOL, bitmap, "no", 0, 0, NULL, "R060", "The last number of the answer is a sum of bits: it is a hit where it has a bit in common with a number in results.")
OPT_URIBL("weight", WEIGHT, weight, "5", -1000000, 1000000, NULL, "R057", "Weight of a hit. Negative for a list of domains that send no spam.")
OPT_URIBL("weight_max", WEIGHT, weight_max, "0", 0, 1000000, NULL, "R057", "Several hits of one message (several domains or answers) count weight each, together up to this, or down to its negative. 0: without a limit.")
OPT_URIBL("dns_server", STR, dns_server, "", 0, 0, NULL, "R061", "Name servers to ask about this list, in the form of dns.servers. Empty: those of dns.servers.")
OPT_URIBL("self_test", BOOL, self_test, "yes", 0, 0, NULL, "R061", "Ask the list at the start and each hour for its test entries (RFC 5782): one that lists everything or nothing at all is left out until it is well again.")
OPT_URIBL("enable_smtp_in", BOOL, smtp_in, "no", 0, 0, NULL, "R023", "Does nothing in this version. Meant for asking this already while the mail server talks to the client, before there is a message; this one for incoming mail.")
OPT_URIBL("enable_smtp_out", BOOL, smtp_out, "no", 0, 0, NULL, "R023", "Does nothing in this version. The same for mail of authenticated clients and of site.networks.")
