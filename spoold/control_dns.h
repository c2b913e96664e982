/*
 * control_dns.h - the verb "dns" of the control socket: how the DNS answers, and the order to forget it.
 *
 * Called through the verb table of control_server.c; loop thread. What worker-dns
 * knows of its servers and its cache is asked of it first, so the answer comes up
 * to a second later; where it does not come, the last one is shown with its age.
 */
#ifndef SPOOLD_CONTROL_DNS_H
#define SPOOLD_CONTROL_DNS_H

#include "spoold/control_server.h"

/* "dns": one line {"dns":{..},"worker":{..},"worker_age_ms":N,"lists":{..}}; "dns flush": {"flushed":true}.
 */
control_answer control_dns;

#endif
