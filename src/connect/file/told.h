/* What a run says about encodings that were guessed: a line each file, up to a number of them. */
#ifndef WEIR_CONNECT_FILE_TOLD_H
#define WEIR_CONNECT_FILE_TOLD_H

#include "io/stream.h"

#define WEIR_TOLD_FILES 5u

typedef struct weir_told {
    uint64_t names[WEIR_TOLD_FILES]; /* hashes of those that were spoken of */
    uint32_t n;
    uint64_t more; /* that were not, because there were so many */
    bool reading;  /* not only looking at what the columns are: that has its own words for it */
} weir_told;

/* Logs a warning for a stream whose encoding was guessed, once for each name.  A
 * weir_transcode_tell: context is the weir_told; by one thread at a time. */
void weir_told_encoding(void *context, const weir_stream *s);
/* Logs how many files were not spoken of. */
void weir_told_rest(const weir_told *told);

#endif
