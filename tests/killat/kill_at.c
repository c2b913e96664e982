/*
 * kill_at.c - kill_at [--one] [--log FILE] N PROGRAM ARGUMENT... - kills a program at its N-th system call.
 *
 * All processes and threads of the program share one index, which begins with the
 * first file call behind start-up (trace.h). Prints "points N reached 0|1 status N"; N = 0
 * runs it to its end and counts. For harnesses that are written in another
 * language; exit code 0 when the run could be made, 2 where tracing is impossible.
 */
#include "tests/crash/trace.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct trace_plan plan = {
        .action = TRACE_KILL_TREE, .late = true, .timeout_ms = 60000, .log = "/dev/null"};
    struct trace_result res = {0};
    int i = 1;

    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--one") == 0)
            plan.action = TRACE_KILL_ONE;
        else if (strcmp(argv[i], "--log") == 0 && i + 1 < argc)
            plan.log = argv[++i];
    }
    if (argc - i < 2 || !trace_supported())
        return 2;
    plan.at = strtoull(argv[i], NULL, 10);
    plan.argv = argv + i + 1;
    if (trace_run(&plan, &res) < 0)
        return 2;
    printf("points %llu reached %d status %d timeout %d\n", (unsigned long long)res.points, res.reached,
           res.status, res.timed_out);
    return 0;
}
