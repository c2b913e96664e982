/*
 * config_table_decide.h - the rows of config_table.h about what becomes of a judged message.
 *
 * Included by config_table.h only, in its midst, with its macros. A row OPT_POLICY is an option of its own section and,
 * as SHORT.key, one of [profile NAME]; the fields are those of struct config_policy. No include guard.
 *
 *   OPT_POLICY(SHORT, section, key, TYPE, field, default, min, max, values, r_numbers, help)
 */
#ifdef OPT_POLICY
#define CONFIG_ACTIONS "deliver|tag|header|junk|redirect|quarantine|discard|bounce"
#define CONFIG_LEVEL(name, i, threshold_, action_, outgoing_) \
    OPT_POLICY(name, "level " name, "threshold", WEIGHT, level[i].threshold, threshold_, 1, 100000000, NULL, "R021 R062", "A message of this spam weight or more is of level " name ", unless it is of a higher one.") \
    OPT_POLICY(name, "level " name, "action", ENUM, level[i].action, action_, 0, 0, CONFIG_ACTIONS, "R063", "What becomes of an incoming message of this level. Each judged message that is passed on has X-Spam header fields, from level low on with X-Spam-Flag: YES, by which mail programs file it under junk. deliver, header: passed on, no more than that. tag: also with text in front of its subject. junk: X-Spam-Flag: YES whatever its weight, as behind a rule of [filter]. redirect: to the address redirect instead. quarantine: into quarantine/spam. discard: removed for good, with a line in the journal. bounce: refused with a notice to its sender; until spoold writes notices, into quarantine/policy.") \
    OPT_POLICY(name, "level " name, "outgoing_action", ENUM, level[i].outgoing_action, outgoing_, 0, 0, CONFIG_ACTIONS, "R063 R068", "The same for outgoing mail: its client has logged in or is in site.networks.") \
    OPT_POLICY(name, "level " name, "text", STR, level[i].text, "[SPAM?] ", 0, 0, NULL, "R064", "What the action tag puts in front of the subject, once. Empty: nothing.") \
    OPT_POLICY(name, "level " name, "redirect", STR, level[i].redirect, "", 0, 0, NULL, "R063", "Address (user@example.org) to which the action redirect sends the message instead of its recipient; it gets one copy for all recipients with the same outcome. The journal names those whom it was for.")
CONFIG_LEVEL("low", 1, "10", "header", "deliver")
CONFIG_LEVEL("medium", 2, "20", "tag", "deliver")
CONFIG_LEVEL("high", 3, "30", "quarantine", "quarantine")

OPT_POLICY("filter", "filter", "incoming_threshold", WEIGHT, incoming_threshold, "30", 1, 100000000, NULL, "R066", "From this spam weight on threshold_action decides what becomes of an incoming message, and no longer the action of its level. Does nothing while threshold_action is deliver.")
OPT_POLICY("filter", "filter", "threshold_action", ENUM, threshold_action, "deliver", 0, 0, CONFIG_ACTIONS, "R066", "deliver: the level decides. Else one of the actions of [level high], with its text and redirect.")
OPT_POLICY("filter", "filter", "outgoing_threshold", WEIGHT, outgoing_threshold, "30", 1, 100000000, NULL, "R068", "The same for outgoing mail, with outgoing_threshold_action.")
OPT_POLICY("filter", "filter", "outgoing_threshold_action", ENUM, outgoing_threshold_action, "deliver", 0, 0, CONFIG_ACTIONS, "R068", "The same for outgoing mail from outgoing_threshold on.")
OPT_POLICY("filter", "filter", "blacklist_action", ENUM, blacklist_action, "quarantine", 0, 0, CONFIG_ACTIONS, "R096", "What becomes of mail from a client in lists.blacklist, before anything else but a virus decides. deliver: nothing by that alone. The other actions are those of [level high], with its text and redirect.")
OPT_POLICY("filter", "filter", "blocked_action", ENUM, blocked_action, "quarantine", 0, 0, CONFIG_ACTIONS, "R127", "What becomes of mail from a sender in lists.blocked_senders, in the same way; blacklist_action comes first.")
#undef CONFIG_LEVEL
#undef CONFIG_ACTIONS
#endif
OPT("filter", "allow_override", STR, allow_override, "low.* medium.* high.*", 0, 0, NULL, "R065 R071", "Keys of [profile NAME] that count where a profile is a single user's (user@example.org in lists.domains); a profile of a domain may set all of them. Words like high.action, or low.* for all that begins so. Other keys in a user's profile are as in that of the domain.")
