/*
 * main.c - the entry of every worker binary; the runtime does the rest.
 *
 * Linked with the runtime and one workers/role_NAME.c into worker-NAME. Started
 * by the launcher only: without its link it says so and ends.
 */
#include "workers/worker.h"

int main(void)
{
    return worker_main();
}
