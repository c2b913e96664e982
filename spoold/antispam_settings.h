/*
 * antispam_settings.h - what the loaders of worker-antispam and worker-dns are told of the configuration.
 *
 * For role_settings.c and the tools; read by common/settings.h. Weights stay here: a worker says what it
 * found, the supervisor what that is worth (weigh.h), so other weights need no other worker.
 */
#ifndef SPOOLD_ANTISPAM_SETTINGS_H
#define SPOOLD_ANTISPAM_SETTINGS_H

#include "spoold/config.h"

/* Sections antispam, site, gateways, those of the checks, [rbl NAME], [uribl NAME], and the entries of all
 * lists. */
void antispam_settings_pack(const struct config *cfg, struct buf *to);
/* Section dns, and of [rbl NAME] and [uribl NAME] what is asked where. */
void dns_settings_pack(const struct config *cfg, struct buf *to);

#endif
