/*
 * config_check_dns.h - whether what is to be asked of the DNS can be asked: servers, and lists in sections.
 *
 * For config_check.c.
 */
#ifndef SPOOLD_CONFIG_CHECK_DNS_H
#define SPOOLD_CONFIG_CHECK_DNS_H

#include "spoold/config.h"

void config_check_dns(const struct config *c, struct config_errors *errs);
/* "127.0.0.1 192.0.2.53:5353 [2001:db8::1]:53", blanks or commas between: NULL, or what is wrong with *word.
 */
const char *config_check_dns_servers(struct view text, struct view *word);
/* The value of `results`: NULL, or what is wrong with *word. */
const char *config_check_dns_results(struct view text, bool bitmap, struct view *word);

#endif
