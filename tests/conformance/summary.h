/* What `weir run -o json` says of a run. */
#ifndef TESTS_CONFORMANCE_SUMMARY_H
#define TESTS_CONFORMANCE_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

enum { SUMMARY_STEPS_MAX = 64 };

typedef struct summary_step {
    bool ok;
    bool told; /* it failed, and says why in 20 characters at least */
    size_t read, loaded, rejected;
} summary_step;

typedef struct summary {
    size_t n;
    summary_step steps[SUMMARY_STEPS_MAX]; /* in the order of the file */
} summary;

/* Reads the summary in file `path`; false when it is no JSON. */
bool summary_read(const char *path, summary *out);

/* Removes a folder and what is in it. */
void summary_remove_dir(const char *dir);

#endif
