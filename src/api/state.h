/* Care of the state: what `weir state` does. */
#ifndef WEIR_API_STATE_H
#define WEIR_API_STATE_H

#include "api/api.h"

/* What lies in a state folder. */
typedef struct weir_state_sizes {
    uint64_t database_bytes; /* with its journals */
    uint64_t reject_files, reject_bytes;
} weir_state_sizes;
WEIR_MUST_USE weir_status weir_api_state_sizes(weir_session *s, weir_state_sizes *out,
                                               weir_error *err);

/* Forgets positions and loaded files of a step (NULL = all) of s->pipeline, under its lease. */
WEIR_MUST_USE weir_status weir_api_state_reset(weir_session *s, const char *step, weir_error *err);

/* Positions and loaded files of s->pipeline, one JSON object a line behind a first line that names
 * the pipeline. */
WEIR_MUST_USE weir_status weir_api_state_export(weir_session *s, weir_buf *out, weir_error *err);
/* Puts such lines into the state of s->pipeline; what it has of the same name is replaced, nothing
 * else goes.  All lines are read before the first one is written.  *n: entries. */
WEIR_MUST_USE weir_status weir_api_state_import(weir_session *s, weir_slice lines, uint64_t *n,
                                                weir_error *err);
#define WEIR_STATE_IMPORT_MAX_BYTES ((size_t)256 << 20)

/* Looks at the database, the reject files and what dead runs left; one line a finding, with what
 * to do.  None = sound. */
WEIR_MUST_USE weir_status weir_api_state_fsck(weir_session *s, weir_buf *findings, weir_error *err);

#endif
