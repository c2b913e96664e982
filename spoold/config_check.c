/*
 * config_check.c - checks over settings that are good one by one and wrong together.
 *
 * Called by config.c once the struct is filled. Compares folders as text, after
 * taking out "//", "/./" and a last slash; links and mounts are looked at when
 * the folders are opened. Changes nothing and touches no file.
 */
#include "common/deliver.h"
#include "common/edit.h"
#include "spoold/config_check_dns.h"
#include "spoold/config_profile.h"
#include "spoold/deliver.h"
#include "spoold/pool.h"
#include "spoold/whatif_order.h"

#define CHECK_FOLDER_MAX (3 + 2 * CONFIG_INTAKE_MAX)

/* One setting: for finding its place, and for naming it. */
struct spot {
    const char *section;
    const char *name; /* of the intake, or "" */
    const char *key;
};

struct folder {
    struct spot spot;
    struct buf path;
    bool outlet; /* several intakes may share one */
};

struct checking {
    const struct config *c;
    struct config_errors *errs;
};

/* The settings that were written down: a default is not at fault. */
static struct config_place blame(const struct checking *k, const struct spot *a, const struct spot *b)
{
    struct config_place place = config_where(k->c, a->section, a->name, a->key);

    return place.file ? place : config_where(k->c, b->section, b->name, b->key);
}

static void add_components(struct buf *to, const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");

        if (n > 1 || (n == 1 && path[0] != '.')) {
            buf_add_char(to, '/');
            buf_add(to, path, n);
        }
        path += n + (path[n] == '/');
    }
}

/* Relative roots all start at the same folder, so they compare well without it. */
static void add_folder(struct folder *f, const struct checking *k, struct spot spot, const char *path)
{
    f->spot = spot;
    f->outlet = strcmp(spot.key, "outlet") == 0;
    if (path[0] != '/') {
        buf_add_str(&f->path, k->c->root[0] == '/' ? "" : ".");
        add_components(&f->path, k->c->root);
    }
    add_components(&f->path, path);
}

static void compare_folders(const struct checking *k, const struct folder *a, const struct folder *b)
{
    struct config_place place = {0};

    if (!view_equal(buf_view(&a->path), buf_view(&b->path)) || (a->outlet && b->outlet))
        return;
    place = blame(k, &b->spot, &a->spot);
    config_error(k->errs, place.file, place.lineno,
                 "[%s%s%s] %s and [%s%s%s] %s are the same folder; accepted: different folders",
                 b->spot.section, b->spot.name[0] ? " " : "", b->spot.name, b->spot.key, a->spot.section,
                 a->spot.name[0] ? " " : "", a->spot.name, a->spot.key);
}

static void check_folders(const struct checking *k)
{
    struct folder folder[CHECK_FOLDER_MAX] = {0};
    size_t n = 0;

    add_folder(&folder[n++], k, (struct spot){"paths", "", "proc"}, k->c->proc);
    add_folder(&folder[n++], k, (struct spot){"paths", "", "quarantine"}, k->c->quarantine);
    add_folder(&folder[n++], k, (struct spot){"paths", "", "state"}, k->c->state);
    for (size_t i = 0; i < k->c->intake_n; i++) {
        const struct config_intake *in = &k->c->intake[i];

        add_folder(&folder[n++], k, (struct spot){"intake", in->name, "path"}, in->path);
        add_folder(&folder[n++], k, (struct spot){"intake", in->name, "outlet"}, in->outlet);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            compare_folders(k, &folder[j], &folder[i]);
    for (size_t i = 0; i < n; i++)
        buf_free(&folder[i].path);
}

static void check_growing(const struct checking *k, const char *section, const char *lesser,
                          const char *greater)
{
    const struct config_option *a = config_value_find(view_of(section), view_of(lesser));
    const struct config_option *b = config_value_find(view_of(section), view_of(greater));
    const struct spot at[] = {{section, "", lesser}, {section, "", greater}};
    struct config_place place = blame(k, &at[0], &at[1]);
    struct buf low = {0}, high = {0};

    config_value_format(a, k->c, &low);
    config_value_format(b, k->c, &high);
    config_error(k->errs, place.file, place.lineno,
                 "%s (%s) is longer than %s (%s); accepted: at most as long", lesser, low.p, greater, high.p);
    buf_free(&low);
    buf_free(&high);
}

static void check_allow_less(const struct checking *k)
{
    struct config_place place = config_where(k->c, "workers", "", "allow_less");
    uint32_t bits = 0;
    const char *accepted = pool_allow_less(view_of(k->c->worker_allow_less), &bits);

    if (accepted)
        config_error(k->errs, place.file, place.lineno,
                     "allow_less (%s) names no part of the sandbox; accepted: %s", k->c->worker_allow_less,
                     accepted);
}

static void check_whatif(const struct checking *k)
{
    struct config_place place = config_where(k->c, "spool", "", "whatif_on_reload");
    struct whatif_order order;

    if (whatif_order_parse(view_of(k->c->whatif_on_reload), &order) < 0)
        config_error(k->errs, place.file, place.lineno,
                     "whatif_on_reload (%s) is not understood; accepted: %s", k->c->whatif_on_reload,
                     WHATIF_ORDER_ACCEPTED);
}

static void check_authserv_id(const struct checking *k)
{
    struct config_place place = config_where(k->c, "site", "", "authserv_id");

    if (k->c->authserv_id[0] && !edit_is_id(view_of(k->c->authserv_id)))
        config_error(k->errs, place.file, place.lineno,
                     "authserv_id (%s) is no token; accepted: a name of letters, digits, dots and hyphens",
                     k->c->authserv_id);
}

static void check_address(const struct checking *k, const struct config_intake *in)
{
    struct config_place place = config_where(k->c, "intake", in->name, "deliver");
    struct deliver_address a;
    const char *accepted;

    if (in->deliver[0] && deliver_address_parse(view_of(in->deliver), &a, &accepted) < 0)
        config_error(k->errs, place.file, place.lineno, "deliver (%s) is no address; accepted: %s",
                     in->deliver, accepted);
}

/* One folder has one consumer. */
static void check_shared(const struct checking *k, size_t n)
{
    const struct config_intake *in = &k->c->intake[n];
    struct config_place place = config_where(k->c, "intake", in->name, "deliver");

    for (size_t i = 0; i < n; i++)
        if (strcmp(k->c->intake[i].outlet, in->outlet) == 0 &&
            strcmp(k->c->intake[i].deliver, in->deliver) != 0)
            config_error(k->errs, place.file, place.lineno,
                         "[intake %s] and [intake %s] share an outlet but not deliver; accepted: the same "
                         "deliver, or outlets of their own",
                         k->c->intake[i].name, in->name);
}

static bool any_server_is_far(const struct config *c)
{
    struct deliver_address a;
    const char *why;

    for (size_t i = 0; i < c->intake_n; i++)
        if (c->intake[i].deliver[0] && deliver_address_parse(view_of(c->intake[i].deliver), &a, &why) == 0 &&
            !a.near)
            return true;
    return false;
}

static void check_deliver(const struct checking *k)
{
    struct config_place name = config_where(k->c, "deliver", "", "tls");
    struct config_place user = config_where(k->c, "deliver", "", "user");

    for (size_t i = 0; i < k->c->intake_n; i++) {
        check_address(k, &k->c->intake[i]);
        check_shared(k, i);
    }
    if (k->c->deliver_tls == DELIVER_TLS_VERIFY && !k->c->deliver_tls_name[0])
        config_error(k->errs, name.file, name.lineno,
                     "tls = verify needs tls_name, the name in the server's certificate");
    if (k->c->deliver_user[0] && k->c->deliver_tls != DELIVER_TLS_VERIFY && any_server_is_far(k->c))
        config_error(k->errs, user.file, user.lineno,
                     "user needs tls = verify, for a server that is not on this machine: anybody in between "
                     "could read the password");
    if (k->c->deliver_user[0] && !k->c->deliver_password_file[0])
        config_error(k->errs, user.file, user.lineno, "user needs password_file, the file with its password");
}

void config_check(const struct config *c, struct config_errors *errs)
{
    const struct checking k = {.c = c, .errs = errs};

    check_folders(&k);
    if (c->hold_first > c->hold_longest)
        check_growing(&k, "spool", "hold_first", "hold_longest");
    if (c->hold_longest > c->max_hold)
        check_growing(&k, "spool", "hold_longest", "max_hold");
    check_allow_less(&k);
    check_authserv_id(&k);
    check_whatif(&k);
    check_deliver(&k);
    if (c->deliver_retry_first > c->deliver_retry_longest)
        check_growing(&k, "deliver", "retry_first", "retry_longest");
    config_check_dns(c, errs);
    config_profile_check(c, errs);
}
