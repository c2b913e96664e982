/*
 * config_table.h - one row per option; the parser, --print-config, etc/spoold.ini, spoold.ini(5), what the
 * workers are told and the struct itself come from these rows. No include guard: included with different OPT
 * macros; who includes it defines those that it wants, and all are undefined at its end.
 *
 *   OPT(section, key, TYPE, field, default, min, max, values, r_numbers, help)
 *
 * TYPE     C type of the field        text
 * STR      char *                     any printable text
 * PATH     char *                     relative to paths.root (paths.root: to the working directory)
 * BOOL     bool                       yes no on off true false 1 0
 * INT      int64_t                    min..max
 * SIZE     int64_t (bytes)            number with k, M, G (1024)
 * TIME     int64_t (milliseconds)     number with ms, s, m, h, d
 * WEIGHT   int64_t (thousandths)      8, -1.5, 0.125; min..max
 * ENUM     int (index into `values`)  one of the words in `values`, separated by "|"
 * READY    struct config_ready        rename | lease | quiet:TIME
 * LIST     struct config_list         empty or @lists/FILE; with max 1 also words. values: "NAME|KIND", NAME
 *                                     of its entries in common/settings.h, KIND a row in config_entries.c
 *
 *   OPT_INTAKE, OPT_RBL, OPT_URIBL(key, TYPE, field, default, min, max, values, r_numbers, help)
 *
 * is the same for the sections with a name, [intake NAME] and so on; config_option.c has a row for each kind.
 *
 *   OPT_CHECK(section, key, TYPE, field, ...)
 *
 * is OPT for what common/check_table.h says of the checks (config_table_antispam.h); the fields are elements of
 * arrays in struct config. OPT_POLICY(short, section, key, ...) is a row that a [profile NAME] may override, too
 * (config_table_decide.h).
 */
#ifndef OPT
#define OPT(...)
#endif
#ifndef OPT_INTAKE
#define OPT_INTAKE(...)
#endif
#ifndef OPT_RBL
#define OPT_RBL(...)
#endif
#ifndef OPT_URIBL
#define OPT_URIBL(...)
#endif
OPT("paths", "root", PATH, root, "/var/spool/spoold", 0, 0, NULL, "", "Folder that holds everything of one instance. All other paths are relative to it unless they start with a slash.")
OPT("paths", "proc", PATH, proc, "proc", 0, 0, NULL, "R073", "Messages in work. Must be on the same file system as every intake and outlet.")
OPT("paths", "quarantine", PATH, quarantine, "quarantine", 0, 0, NULL, "", "Messages that were taken out of the flow, one folder per class. May be on another file system.")
OPT("paths", "state", PATH, state, "state", 0, 0, NULL, "", "Journal, ledger, control socket and lock.")
OPT("paths", "lists", PATH, lists, "lists", 0, 0, NULL, "", "Folder of the list files that settings name as @lists/FILE, relative to the configuration file.")

OPT("site", "hostname", STR, hostname, "", 0, 0, NULL, "", "Name of this host in Received: lines. Empty: the system's own name.")
OPT("site", "authserv_id", STR, authserv_id, "", 0, 0, NULL, "", "Name under which Authentication-Results fields are written (RFC 8601). Empty: the hostname. Fields of that name that the mail brought are removed while antispam.enable is on: a filter before spoold must use another one.")
OPT("site", "domains", LIST, site_domains, "", 0, 1, "domains|domain", "R076", "Your own mail domains, as example.org .example.net (with all below it), or @lists/FILE. Mail that says it comes from one of them is looked at for forged_local; see also antispam.skip_intra_domain.")
OPT("site", "networks", LIST, site_networks, "", 0, 1, "networks|network", "R068 R076", "Addresses of your own users and machines, as 192.0.2.0/24 2001:db8::/32 10.0.0.1-10.0.0.9, or @lists/FILE. What they send is outgoing mail. Only networks from which nobody else can connect belong here.")

OPT("spool", "user", STR, user, "auto", 0, 0, NULL, "", "User that spoold becomes when it is started as root: a name, a number, or auto (user spoold where there is one, else an unused number). spoold never stays root.")
OPT("spool", "drop_group", STR, drop_group, "spooldrop", 0, 0, NULL, "", "Group that may drop messages into the intake folders. Where it does not exist, the group of the user above.")
OPT("spool", "outgoing_group", STR, outgoing_group, "", 0, 0, NULL, "", "Group that may take messages from the outlets. Empty: the group of the user above.")
OPT("spool", "max_in_flight", INT, max_in_flight, "512", 1, 4096, NULL, "", "Messages in work at one time. The rest waits in its folder and costs no memory.")
OPT("spool", "max_bytes_in_flight", SIZE, max_bytes_in_flight, "64M", 1048576, 1099511627776, NULL, "", "Bytes of all messages in work at one time. A single larger message is still taken, alone.")
OPT("spool", "max_message_size", SIZE, max_message_size, "256M", 1024, 1099511627776, NULL, "", "A larger message is moved to quarantine/failed, unread.")
OPT("spool", "max_attempts", INT, max_attempts, "3", 1, 9, NULL, "", "Attempts at a message that brings its worker down, before it is moved to quarantine/poison.")
OPT("spool", "max_held", INT, max_held, "10000", 1, 1000000, NULL, "", "Above this number of held messages no new ones are taken.")
OPT("spool", "hold_first", TIME, hold_first, "30s", 10, 3600000, NULL, "", "Wait before a held message is tried again the first time; doubled each time. After trouble with the disk: 3 s.")
OPT("spool", "hold_longest", TIME, hold_longest, "15m", 1000, 86400000, NULL, "", "Longest wait between two tries of a held message.")
OPT("spool", "max_hold", TIME, max_hold, "1d", 1000, 31536000000, NULL, "", "A message that is still held after this time is moved to quarantine/failed; trouble with the disk does not count.")
OPT("spool", "rescan", TIME, rescan, "30s", 100, 3600000, NULL, "", "Time between two full looks at the folders; inotify only makes it quicker.")
OPT("spool", "deposit_alarm", TIME, deposit_alarm, "10m", 1000, 31536000000, NULL, "", "A deposit that stays incomplete this long is reported (one that can never be taken: at once).")
OPT("spool", "reserve", SIZE, reserve, "64M", 0, 1099511627776, NULL, "", "Free space below which no new messages are taken; messages in work go on.")
OPT("spool", "reserve_inodes", INT, reserve_inodes, "1000", 0, 1000000000, NULL, "", "Free inodes below which no new messages are taken, on file systems that count them.")
OPT("spool", "syncfs_above", INT, syncfs_above, "16", 0, 100000, NULL, "", "Above this number of new files in one flush, one syncfs is used instead of an fsync each.")
OPT("spool", "store_stall", TIME, store_stall, "5s", 100, 3600000, NULL, "", "A disk that does not answer for this long stops the intake and raises an alarm.")
OPT("spool", "store_inline", BOOL, store_inline, "no", 0, 0, NULL, "", "Run disk work in the main loop instead of a thread of its own. For tests: it makes the order of system calls repeatable.")
OPT("spool", "unsafe_filesystem", BOOL, unsafe_filesystem, "no", 0, 0, NULL, "", "Start even on a file system that can lose messages at a power failure (ext2, ext4 without journal, FAT, network, memory).")
OPT("spool", "external_stage", BOOL, external_stage, "no", 0, 0, NULL, "R073", "Offer each message to other programs in the proc folder before it is examined.")
OPT("spool", "external_window", TIME, external_window, "2s", 0, 3600000, NULL, "R073", "How long a message is offered to other programs.")
OPT("spool", "external_alarm", TIME, external_alarm, "10m", 1000, 86400000, NULL, "R073", "A message that another program keeps longer than this is reported.")
OPT("spool", "proc_group", STR, proc_group, "", 0, 0, NULL, "R073", "Group that may enter the proc folder while external_stage is on.")

OPT("spool", "max_hops", INT, max_hops, "100", 3, 1000, NULL, "", "A message with more Received: fields than this runs in a circle and is moved to quarantine/policy; so is one that passed this host's spoold three times.")
OPT("spool", "whatif_on_reload", STR, whatif_on_reload, "off", 0, 0, NULL, "", "Whether spoolctl reload first shows what the new settings would have done with the mail of the past (spoolctl whatif). off: no. warn: it does. refuse:N%, as in refuse:5%: where more than N of 100 messages would have been treated in another way, nothing is reloaded but with --force; and SIGHUP, which asks nobody, reloads nothing at all. Messages of which that cannot be told (as with a DNS list that is new) count as not changed. Of the settings in force and the new ones the stricter one counts.")
OPT("spool", "whatif_days", INT, whatif_days, "1", 1, 365, NULL, "", "Days of the past that are looked at for whatif_on_reload.")

OPT("workers", "children", INT, worker_children, "2", 1, 64, NULL, "", "Processes that rewrite messages at the same time.")
OPT("workers", "deadline", TIME, worker_deadline, "20s", 100, 3600000, NULL, "", "A worker that has worked on one message for this long, and a quarter of it on a processor, is ended, and so is any after four times as long.")
OPT("workers", "allow_less", STR, worker_allow_less, "", 0, 0, NULL, "", "Required parts of the sandbox that may be missing all the same, separated by blanks: seccomp, rlimits, no_new_privs, landlock (required where viruses are looked for). The other parts are used where the system has them; spoolctl status shows what is missing. Leave it empty for mail that matters.")

OPT("antivirus", "clamav", BOOL, clamav, "yes", 0, 0, NULL, "R003", "Examine each message for viruses with libclamav. off: messages pass without that, and their records say so.")
OPT("antivirus", "signatures", PATH, av_signatures, "/var/lib/clamav", 0, 0, NULL, "R001", "Folder of the ClamAV signatures, as freshclam(1) keeps it. It is watched: what changes there is loaded. Where it holds none, spoold's own test signatures are used (they find the EICAR test file only), and status, log and records say so.")
OPT("antivirus", "recheck", TIME, av_recheck, "6h", 1000, 604800000, NULL, "R012", "Look at the folder of signatures at least this often, also where no change was seen.")
OPT("antivirus", "max_age", TIME, av_max_age, "7d", 3600000, 315360000000, NULL, "R011", "Signatures that are older than this raise an alarm.")
OPT("antivirus", "reload_mode", ENUM, av_reload_mode, "auto", 0, 0, "auto|overlap|drain", "", "How new signatures take over. overlap: loaded beside the old ones, which examine until then; needs the memory twice for that time. drain: the old ones end first and messages are held meanwhile. auto: overlap where the memory is free.")
OPT("antivirus", "children", INT, av_children, "2", 1, 64, NULL, "", "Processes that examine messages at the same time; they share the memory of the signatures.")
OPT("antivirus", "timeout", TIME, av_timeout, "10s", 100, 3600000, NULL, "R009", "Longest time for one message; what is not done by then is not examined (reason limit).")
OPT("antivirus", "scan_size", SIZE, av_scan_size, "400M", 1048576, 4294967295, NULL, "", "Bytes that are examined of one message, all that is unpacked from it counted; what has more is not examined (reason limit).")
OPT("antivirus", "file_size", SIZE, av_file_size, "100M", 1048576, 2147483647, NULL, "", "Largest single file in a message (a part, a member of an archive); what is larger is not examined (reason limit).")
OPT("antivirus", "recursion", INT, av_recursion, "17", 2, 100, NULL, "", "How deep archives and messages may lie in each other (reason limit).")
OPT("antivirus", "files", INT, av_files, "10000", 10, 1000000, NULL, "", "Files in one message, members of archives among them (reason limit).")
OPT("antivirus", "big_message", SIZE, av_big_message, "2M", 65536, 1099511627776, NULL, "", "Messages larger than this are examined one at a time, so that small ones go by.")
OPT("antivirus", "virus_action", ENUM, av_virus_action, "quarantine", 0, 0, "quarantine|delete", "R015", "What becomes of an infected message. quarantine: into quarantine/virus. delete: removed, with a line in the journal.")
OPT("antivirus", "encrypted_action", ENUM, av_encrypted_action, "tag", 0, 0, "tag|quarantine", "", "A message with content that nobody can examine without its password. tag: passed on with X-Spoold-Virus: unexamined. quarantine: into quarantine/policy.")
OPT("antivirus", "no_unpacker_action", ENUM, av_no_unpacker_action, "tag", 0, 0, "tag|quarantine", "", "A message with an archive that no program here can unpack.")
OPT("antivirus", "limit_action", ENUM, av_limit_action, "quarantine", 0, 0, "tag|quarantine", "", "A message that goes beyond timeout, scan_size, file_size, recursion or files, or beyond what is read of one mail (worker-av(8)).")
OPT("antivirus", "ambiguous_action", ENUM, av_ambiguous_action, "quarantine", 0, 0, "tag|quarantine", "", "A message that was not examined to its end because an archive or a part of it can be read in two ways (reason ambiguous). What was examined in every way is mime.ambiguous_action's.")
OPT("antivirus", "macros", BOOL, av_macros, "no", 0, 0, NULL, "", "Documents with macros count as infected.")
OPT("antivirus", "phishing", BOOL, av_phishing, "no", 0, 0, NULL, "", "Links that show another host than they lead to count as infected.")
OPT("antivirus", "broken_programs", BOOL, av_broken, "no", 0, 0, NULL, "", "Programs that are broken (PE, ELF) count as infected.")
OPT("antivirus", "broken_media", BOOL, av_broken_media, "no", 0, 0, NULL, "", "Pictures that are broken count as infected.")
OPT("antivirus", "pua", BOOL, av_pua, "no", 0, 0, NULL, "", "Possibly unwanted applications count as infected.")

OPT("mime", "ambiguous_action", ENUM, mime_ambiguous_action, "tag", 0, 0, "tag|quarantine", "", "A message that readers take in different ways (two boundaries, doubled fields ...), when every way was examined and nothing was found. tag: passed on, its X-Spoold-Virus says how. quarantine: into quarantine/policy, also what another setting would tag. Needs antivirus.clamav: worker-av reads the mail. What could not be examined to its end (a part of a message that was sent in parts, a file that was cut off) is antivirus.ambiguous_action's.")

#include "spoold/config_table_antispam.h"
#include "spoold/config_table_decide.h"

OPT("deliver", "children", INT, deliver_children, "4", 1, 64, NULL, "", "Messages that are handed over at the same time, where an intake has deliver set.")
OPT("deliver", "helo", STR, deliver_helo, "", 0, 0, NULL, "", "Name given in EHLO or LHLO. Empty: site.hostname.")
OPT("deliver", "tls", ENUM, deliver_tls, "may", 0, 0, "no|may|must|verify", "", "STARTTLS. may: where the server offers it. must: never without. verify: also with a certificate that is valid for deliver.tls_name.")
OPT("deliver", "tls_name", STR, deliver_tls_name, "", 0, 0, NULL, "", "Name that must stand in the server's certificate, with tls = verify.")
OPT("deliver", "user", STR, deliver_user, "", 0, 0, NULL, "", "Log in with this name (AUTH PLAIN or LOGIN), over TLS or to this machine only. Empty: no login.")
OPT("deliver", "password_file", STR, deliver_password_file, "", 0, 0, NULL, "", "File (relative to paths.root) whose first line is the password for deliver.user; read for each message.")
OPT("deliver", "timeout", TIME, deliver_timeout, "5m", 100, 3600000, NULL, "", "Longest wait for an answer of the server. RFC 5321 asks for 5 minutes; after the end of a message spoold waits twice as long, as it says.")
OPT("deliver", "connect_timeout", TIME, deliver_connect_timeout, "30s", 100, 600000, NULL, "", "Longest wait for a connection to the server.")
OPT("deliver", "retry_first", TIME, deliver_retry_first, "30s", 10, 86400000, NULL, "", "Wait before a message that was refused for now is tried again; doubled each time.")
OPT("deliver", "retry_longest", TIME, deliver_retry_longest, "15m", 1000, 86400000, NULL, "", "Longest wait between two tries.")
OPT("deliver", "lifetime", TIME, deliver_lifetime, "5d", 1000, 31536000000, NULL, "", "A message that could not be handed over for this long is moved to quarantine/failed.")

OPT("quarantine", "expire_virus", TIME, expire_virus, "30d", 0, 315360000000, NULL, "", "Entries of quarantine/virus are deleted after this time. 0: never.")
OPT("quarantine", "expire_spam", TIME, expire_spam, "30d", 0, 315360000000, NULL, "", "The same for quarantine/spam.")
OPT("quarantine", "expire_policy", TIME, expire_policy, "60d", 0, 315360000000, NULL, "", "The same for quarantine/policy.")
OPT("quarantine", "expire_poison", TIME, expire_poison, "0", 0, 315360000000, NULL, "", "The same for quarantine/poison.")
OPT("quarantine", "expire_failed", TIME, expire_failed, "0", 0, 315360000000, NULL, "", "The same for quarantine/failed.")
OPT("quarantine", "keep_released", TIME, keep_released, "7d", 0, 315360000000, NULL, "", "Entries that were released are deleted after this time. 0: at once.")

OPT("journal", "log_addresses", ENUM, log_addresses, "full", 0, 0, "full|hash|none", "", "How mail addresses are written to the journal: full, hash (they can be searched for, not read), or none. With hash and none its records have no login, no facts and no text that rules found either.")
OPT("journal", "keep_history", TIME, keep_history, "90d", 86400000, 315360000000, NULL, "", "Whole days of journal that are kept.")
OPT("journal", "compress", BOOL, compress, "yes", 0, 0, NULL, "", "Compress the journal of past days.")

OPT("log", "target", ENUM, log_target, "auto", 0, 0, "auto|stderr|syslog|journald", "", "Where log lines go. auto: journald when started by systemd, else standard error.")
OPT("log", "level", ENUM, log_level, "info", 0, 0, "warn|info|debug", "", "How much is logged.")

OPT_INTAKE("path", PATH, path, "incoming", 0, 0, NULL, "R073", "Folder into which messages are dropped.")
OPT_INTAKE("codec", ENUM, codec, "pair", 0, 0, "pair", "R073", "Format of a dropped message. pair: NAME.eml and NAME.hdr.")
OPT_INTAKE("ready", READY, ready, "rename", 0, 0, NULL, "R073", "When a dropped pair is complete. rename: as soon as both names stand there and line 1 of the .hdr is Written. lease: also no program has them open; where that cannot be asked (the files belong to another user) they must be unchanged for 2 s instead. quiet:TIME: also unchanged for TIME.")
OPT_INTAKE("outlet", PATH, outlet, "outgoing", 0, 0, NULL, "R075", "Folder into which finished messages are put.")
OPT_INTAKE("deliver", STR, deliver, "", 0, 0, NULL, "R075", "Server to which spoold hands over what stands in the outlet: smtp:ADDRESS:PORT or lmtp:ADDRESS:PORT (an IPv6 address in brackets; localhost), lmtp:/PATH or smtp:/PATH for a socket of this machine. Recipients that it refuses for good go to quarantine/failed with its words, those that it refuses for now are tried again (see deliver); nobody else is to put anything there. Empty: a mail server or another program takes it from the folder.")

#undef OPT
#undef OPT_INTAKE
#undef OPT_RBL
#undef OPT_URIBL
#undef OPT_POLICY
