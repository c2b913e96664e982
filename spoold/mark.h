/*
 * mark.h - what a decision leaves in the mail: the edits for worker-rewrite that a verdict and an outcome ask
 * for.
 *
 * Called by flow_rewrite.c for each copy. Pure. Texts of the verdict come from a worker that has read a
 * hostile message: none of them can end a line, a comment or a quoted string, or add a method to
 * Authentication-Results.
 */
#ifndef SPOOLD_MARK_H
#define SPOOLD_MARK_H

#include "common/buf.h"
#include "spoold/decide.h"

/*
 * Adds the removal of forged fields (X-Spam-*, Authentication-Results of authserv_id), and where the
 * message was judged ours: Authentication-Results (RFC 8601), X-Spam-Flag, -Level, -Score, -Status as
 * antispam.header_log_level says, and the text in front of the subject. verdict NULL: it was not judged;
 * outcome and policy may be NULL then. An authserv-id that is no token has no field. 0, or -1 (EINVAL).
 */
struct mark {
    const struct config *cfg;
    const struct config_policy *policy; /* of the copy's recipients: weights, and from where on it is spam */
    const struct antispam_verdict *verdict;
    const struct decide_outcome *outcome;
    const char *authserv_id;
};
int mark_add_edits(struct buf *edits, const struct mark *m);

/* A value that is written word by word, folded before the word that would go beyond column 78. */
struct mark_value {
    struct buf text;
    size_t column; /* of what comes next; at first behind the name and ": " */
};
/* `join`: no blank before it, unless it must be folded. */
void mark_add_word(struct mark_value *v, struct view word, bool join);
/* mark_auth.c: the value of Authentication-Results. */
void mark_add_auth(struct mark_value *v, const struct antispam_verdict *verdict, struct view authserv_id);

#endif
