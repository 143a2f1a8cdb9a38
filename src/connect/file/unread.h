/* The first record of a source that cannot be read, for whoever looks at the data before a run. */
#ifndef WEIR_CONNECT_FILE_UNREAD_H
#define WEIR_CONNECT_FILE_UNREAD_H

#include "format/format.h"

/* Zeroed = none was seen. */
typedef struct weir_unread {
    char *reason;  /* owned: as a run would say it */
    bool encoding; /* it is no UTF-8 */
    uint32_t split;
    uint64_t sequence, line; /* of the chunk; of the record, 1-based */
} weir_unread;

/* Whether a stands before b; one that is none stands last. */
bool weir_unread_before(const weir_unread *a, const weir_unread *b);
/* Looks for the first record of a chunk that cannot be read, unless *u stands before it. */
WEIR_MUST_USE weir_status weir_unread_look(weir_unread *u, const weir_read_ops *ops,
                                           const weir_read_request *read, const weir_chunk *chunk,
                                           weir_error *err);

#endif
