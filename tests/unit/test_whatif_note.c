/*
 * test_whatif_note.c - which settings are named as not taken into account.
 *
 * Run in a folder of its own.
 */
#include "spoold/whatif_note.h"

#include "tests/unit/config_world.h"

static const struct {
    const char *says, *then, *now, *wanted;
} cases[] = {
    {"nothing differs", "[site]\nnetworks = 192.0.2.1\n", "[site]\nnetworks = 192.0.2.1\n", ""},
    {"networks", "", "[site]\nnetworks = 192.0.2.1\n", "site.networks\n"},
    {"the same entries from a file",
     "[lists]\nblacklist = @lists/nets\n[site]\nnetworks = 192.0.2.1 192.0.2.2\n",
     "[lists]\nblacklist = @lists/nets\n[site]\nnetworks = 192.0.2.1, 192.0.2.2\n", ""},
    {"a list of clients", "", "[lists]\nblacklist = @lists/nets\n", "lists.blacklist\n"},
    {"gateways, engine of SPF, DKIM, DMARC and skipping, in the order of the table", "",
     "[dmarc]\nenforce = yes\n[dkim]\nmin_key_bits = 2048\n[spf]\nengine = libspf2\n[gateways]\ntrust = "
     "192.0.2.1\n"
     "[antispam]\nskip_intra_domain = yes\n[dns]\nenable = no\n[antivirus]\nclamav = no\n",
     "antivirus.clamav\nantispam.skip_intra_domain\ndns.enable\ngateways.trust\nspf.engine\ndkim.min_key_"
     "bits\n"
     "dmarc.enforce\n"},
    {"a check that decides without weighing", "", "[list]\nenable = no\n[gateway]\nenable = no\n",
     "gateway.enable\nlist.enable\n"},
    {"not what is decided again", "",
     "[spf]\nenable = no\nweight_fail = 3\nenable_smtp_in = yes\n[level low]\nthreshold = 3\naction = "
     "tag\n[profile x]\n"
     "low.threshold = 3\n[filter]\nblacklist_action = tag\n[antispam]\nchildren = 5\n[spool]\nmax_hops = 9\n",
     ""},
    {"the account of a list, not its weight or zone",
     "[rbl a]\nzone = a.example\n[rbl b]\nzone = b.example\n",
     "[rbl b]\nzone = c.example\nkey = k\nweight = 9\nself_test = no\n", "rbl b.key\nrbl b.self_test\n"},
    {"where a level redirects to, which is the same action", "[level high]\nredirect = a@example.org\n",
     "[level high]\nredirect = b@example.org\n[level low]\ntext = x\n",
     "level low.text\nlevel high.redirect\n"},
    {"of a profile what it alone has another of",
     "[level low]\ntext = a\n[profile p]\nmedium.redirect = a@example.org\n[profile old]\nlow.text = o\n",
     "[level low]\ntext = b\n[profile p]\nmedium.redirect = b@example.org\n[profile new]\nlow.text = n\n",
     "level low.text\nprofile p medium.redirect\n"},
    {"a list that is new has nothing to differ from", "", "[uribl u]\nzone = c.example\nself_test = no\n",
     ""},
};

static void what_is_named(void **state)
{
    (void)state;
    config_world_put("lists/nets", "192.0.2.0/24\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config *then = config_world_load(cases[i].then), *now = config_world_load(cases[i].now);
        struct buf text = {0};

        whatif_note_differences(then, now, &text);
        if (strcmp(text.p ? text.p : "", cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].says, text.p ? text.p : "nothing");
        buf_free(&text);
        config_free(&then);
        config_free(&now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_named, config_world_enter, config_world_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
