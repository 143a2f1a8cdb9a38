/* Running the program under test from a C driver: with a time limit, and its memory measured. */
#ifndef TESTS_SUPPORT_PROCESS_H
#define TESTS_SUPPORT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct process_result {
    int code;         /* exit code, -1 when a signal ended it */
    int signal;       /* the signal that ended it, 0 = none */
    bool timed_out;   /* it was killed behind timeout_s */
    long max_rss_kib; /* the most memory it held at once */
    double user_s;    /* processor time in user mode */
} process_result;

/* Runs argv (ends with NULL; argv[0] is a path) in folder dir with no standard input; standard
 * output and error go to the files out_path and err_path (relative to dir when not absolute).
 * After timeout_s seconds its process group is killed.  Returns false when it could not be
 * started.  The caller has no other children. */
bool process_run(char *const argv[], const char *dir, const char *out_path, const char *err_path,
                 int timeout_s, process_result *out);

/* Runs work(context, i) for i = 0 .. n-1 in `jobs` forked processes, each of which takes the next
 * number; returns when all have ended.  false: one of them died. */
bool process_share(size_t n, int jobs, void (*work)(void *context, size_t i), void *context);

/* The content of a file, ends with NUL; NULL when it cannot be read.  free() it. */
char *process_slurp(const char *path, size_t *size);

/* Writes one line to standard output in one call, so that lines of several processes stay whole.
 */
__attribute__((format(printf, 1, 2))) void process_say(const char *format, ...);

#endif
