/*
 * role_settings.c - see role_settings.h: one row for each role that has settings.
 *
 * Loop thread. What is packed here is the administrator's, from a configuration that was checked.
 */
#include "spoold/role_settings.h"

#include "spoold/antispam_settings.h"
#include "spoold/spoold.h"

static void load_antispam(struct spoold *s, enum role role, struct buf *settings, int *dir)
{
    (void)role;
    (void)dir;
    antispam_settings_pack(s->cfg, settings);
}

static void load_dns(struct spoold *s, enum role role, struct buf *settings, int *dir)
{
    (void)role;
    (void)dir;
    dns_settings_pack(s->cfg, settings);
}

void role_settings_load(struct spoold *s, enum role role, struct buf *settings, int *dir)
{
    static void (*const rows[ROLE__MAX])(struct spoold *, enum role, struct buf *, int *) = {
        [ROLE_AV] = antivirus_load,
        [ROLE_ANTISPAM] = load_antispam,
        [ROLE_DNS] = load_dns,
    };

    *dir = -1;
    if (rows[role])
        rows[role](s, role, settings, dir);
}
