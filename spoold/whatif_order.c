/*
 * whatif_order.c - see whatif_order.h.
 *
 * The text is the administrator's, checked when the configuration is loaded; two of them are compared at a
 * reload, because a new file must not switch off unseen what asks about it. Pure.
 */
#include "spoold/whatif_order.h"

int whatif_order_parse(struct view text, struct whatif_order *to)
{
    static const struct view refuse = VIEW("refuse:");
    unsigned n = 0;
    size_t i = refuse.n;

    *to = (struct whatif_order){WHATIF_OFF, 0};
    if (view_equal(text, VIEW("off")))
        return 0;
    if (view_equal(text, VIEW("warn"))) {
        to->kind = WHATIF_WARN;
        return 0;
    }
    if (text.n < refuse.n + 2 || memcmp(text.p, refuse.p, refuse.n) != 0)
        return -1;
    for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && n <= 100; i++)
        n = 10 * n + (unsigned)(text.p[i] - '0');
    if (i == refuse.n || i + 1 != text.n || text.p[i] != '%' || n > 100)
        return -1;
    *to = (struct whatif_order){WHATIF_REFUSE, n};
    return 0;
}

bool whatif_order_is_weaker(struct whatif_order a, struct whatif_order b)
{
    return a.kind < b.kind || (a.kind == WHATIF_REFUSE && b.kind == WHATIF_REFUSE && a.percent > b.percent);
}

struct whatif_order whatif_order_stricter(const char *a, const char *b)
{
    struct whatif_order x, y;

    whatif_order_parse(view_of(a), &x);
    whatif_order_parse(view_of(b), &y);
    return whatif_order_is_weaker(x, y) ? y : x;
}
