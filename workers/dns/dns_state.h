/*
 * dns_state.h - how worker-dns is, as a JSON object: what `spoolctl dns` shows.
 *
 * Called by dns_serve.c for each ASK. {"v":1, "questions","merged","sent","open","waiting","bounded","tcp",
 * "no_edns","wrong_case","strange": numbers, "rcodes":{"NOERROR",...},
 * "cache":{"names","bytes","hits","misses", "evicted"},
 * "servers":{"192.0.2.1:53":{"late":bool,"asked","answers","timeouts","errors","average_ms"}}, "zones": how
 * many have a server of their own}. One line of ASCII, below DNS_STATE_MAX bytes.
 */
#ifndef WORKERS_DNS_DNS_STATE_H
#define WORKERS_DNS_DNS_STATE_H

#include "workers/dns/dns_ask.h"

void dns_state_add(struct dns_ask *a, struct buf *to);

#endif
