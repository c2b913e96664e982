/*
 * feed.c - drops messages into a running spoold and measures; also the floor that it is compared with.
 *
 *   feed drop ROOT N SIZE PID   N pairs by rename; prints messages/s and CPU us a message of process PID
 *   feed fill ROOT N SIZE       N pairs, no measuring (a backlog)
 *   feed floor ROOT N SIZE      the same file work without spoold: write anew, one syncfs for 32, rename, unlink
 * Called by run.sh only; ROOT is a scratch folder on a journaled file system.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define GROUP 32

struct feed {
    const char *root;
    long n, size;
    char *body;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put(const char *path, const char *data, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    if (fd < 0 || write(fd, data, n) != (ssize_t)n || close(fd) < 0)
        err(1, "%s", path);
}

static void stage(const struct feed *f, const char *dir)
{
    static const char hdr[] = "Written\na@example.net\nb@example.org\nconnectedip: 192.0.2.1\n\n";
    char path[512];

    for (long i = 0; i < f->n; i++) {
        snprintf(path, sizeof path, "%s/%s/m%07ld.eml", f->root, dir, i);
        put(path, f->body, (size_t)f->size);
        snprintf(path, sizeof path, "%s/%s/m%07ld.hdr", f->root, dir, i);
        put(path, hdr, sizeof hdr - 1);
    }
}

static void move(const struct feed *f, long i, const char *from, const char *to, const char *suffix)
{
    char a[512], b[512];

    snprintf(a, sizeof a, "%s/%s/m%07ld%s", f->root, from, i, suffix);
    snprintf(b, sizeof b, "%s/%s/m%07ld%s", f->root, to, i, suffix);
    if (rename(a, b) < 0)
        err(1, "%s", a);
}

static long count(const char *root, const char *dir, const char *suffix)
{
    char path[512];
    const struct dirent *e;
    long n = 0;
    DIR *d;

    snprintf(path, sizeof path, "%s/%s", root, dir);
    d = opendir(path);
    while (d && (e = readdir(d))) {
        size_t len = strlen(e->d_name);

        n += len > 4 && strcmp(e->d_name + len - 4, suffix) == 0;
    }
    if (d)
        closedir(d);
    return n;
}

static double cpu_of_one(const char *pid)
{
    char path[64], text[1024];
    unsigned long user = 0, sys = 0;
    const char *p;
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    f = fopen(path, "r");
    n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    p = strrchr(text, ')');
    if (!p || sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) != 2)
        errx(1, "process %s is gone", pid);
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

/* The process and everything that it started, workers included. */
static double cpu_of(const char *pid)
{
    char path[96], child[32];
    double sum = cpu_of_one(pid);
    FILE *f;

    snprintf(path, sizeof path, "/proc/%s/task/%s/children", pid, pid);
    f = fopen(path, "r");
    while (f && fscanf(f, "%31s", child) == 1)
        sum += cpu_of(child);
    if (f)
        fclose(f);
    return sum;
}

static void drop(const struct feed *f, const char *pid)
{
    double cpu, from, took;

    stage(f, "stage");
    sync();
    cpu = cpu_of(pid);
    from = now();
    for (long i = 0; i < f->n; i++) {
        move(f, i, "stage", "s/incoming", ".eml");
        move(f, i, "stage", "s/incoming", ".hdr");
    }
    while (count(f->root, "s/outgoing", ".hdr") < f->n && now() - from < 300)
        usleep(20000);
    took = now() - from;
    while ((count(f->root, "s/proc", ".eml") || count(f->root, "s/proc", "send")) && now() - from < 300)
        usleep(20000);
    printf("%.0f %.1f\n", (double)f->n / took, 1e6 * (cpu_of(pid) - cpu) / (double)f->n);
}

static double own_cpu(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void floor_group(const struct feed *f, long from, int dir)
{
    char path[512];

    for (long i = from; i < from + GROUP && i < f->n; i++) {
        snprintf(path, sizeof path, "%s/floor/m%07ld.eml.out", f->root, i);
        put(path, f->body, (size_t)f->size);
        snprintf(path, sizeof path, "%s/floor/m%07ld.hdr.out", f->root, i);
        put(path, f->body, 80);
    }
    if (syncfs(dir) < 0)
        err(1, "syncfs");
    for (long i = from; i < from + GROUP && i < f->n; i++) {
        char to[512];

        for (int h = 0; h < 2; h++) {
            snprintf(path, sizeof path, "%s/floor/m%07ld.%s.out", f->root, i, h ? "hdr" : "eml");
            snprintf(to, sizeof to, "%s/floor-out/m%07ld.%s", f->root, i, h ? "hdr" : "eml");
            if (rename(path, to) < 0)
                err(1, "%s", path);
            snprintf(path, sizeof path, "%s/stage/m%07ld.%s", f->root, i, h ? "hdr" : "eml");
            unlink(path);
        }
    }
}

static void floor_run(const struct feed *f)
{
    int dir = open(f->root, O_RDONLY | O_DIRECTORY);
    double cpu, from;

    stage(f, "stage");
    sync();
    cpu = own_cpu();
    from = now();
    for (long i = 0; i < f->n; i += GROUP)
        floor_group(f, i, dir);
    printf("%.0f %.1f\n", (double)f->n / (now() - from), 1e6 * (own_cpu() - cpu) / (double)f->n);
}

static void make_dir(const struct feed *f, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", f->root, name);
    mkdir(path, 0755);
}

int main(int argc, char **argv)
{
    struct feed f;

    if (argc < 5)
        errx(64, "usage: feed drop|fill|floor ROOT N SIZE [PID]");
    f = (struct feed){.root = argv[2], .n = atol(argv[3]), .size = atol(argv[4])};
    f.body = malloc((size_t)f.size + 80);
    if (!f.body)
        err(1, NULL);
    memset(f.body, 'x', (size_t)f.size + 80);
    for (long i = 0; i < f.size; i += 72)
        f.body[i] = '\n';
    memcpy(f.body, "Subject: x\n\n", f.size > 12 ? 12 : (size_t)f.size);
    make_dir(&f, "stage");
    make_dir(&f, "floor");
    make_dir(&f, "floor-out");
    if (strcmp(argv[1], "drop") == 0 && argc == 6)
        drop(&f, argv[5]);
    else if (strcmp(argv[1], "fill") == 0)
        stage(&f, "s/incoming");
    else
        floor_run(&f);
    return 0;
}
