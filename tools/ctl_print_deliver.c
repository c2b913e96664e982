/*
 * ctl_print_deliver.c - the servers that spoold hands messages over to, as rows of spoolctl status.
 *
 * Called by ctl_print.c. What a server said comes from a stranger: it is escaped by
 * the functions of ctl_print.h like all text.
 */
#include "tools/ctl_print.h"

void ctl_print_deliver(struct ctl_print *p, const json_t *servers)
{
    for (size_t i = 0; i < json_array_size(servers); i++) {
        const json_t *o = json_array_get(servers, i);
        struct buf label = {0}, text = {0};
        bool trouble = json_object_get(o, "trouble") != NULL;

        ctl_print_add_part(&label, "outlet of ", o, "intake");
        ctl_print_add_part(&text, "handed over to ", o, "to");
        ctl_print_add_part(&text, ", waiting ", o, "waiting");
        ctl_print_add_part(&text, ": ", o, "trouble");
        if (label.n)
            ctl_print_row(p, trouble ? CTL_PRINT_YELLOW : CTL_PRINT_PLAIN, label.p, &text);
        buf_free(&label);
        buf_free(&text);
    }
}
