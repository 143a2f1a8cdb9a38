/* Rejects: records that failed, with address, stage, field, rule, reason and raw form.
 *
 * The engine collects the failed rows of a batch into a batch of its own, of weir_reject_schema,
 * and loads that through an ordinary sink.
 */
#ifndef WEIR_REJECT_REJECT_H
#define WEIR_REJECT_REJECT_H

#include "base/option.h"
#include "column/batch.h"

/* run_id, step, stage, source, line, byte, address, field, rule, reason, failures, raw.  Caller
 * releases. */
WEIR_MUST_USE weir_status weir_reject_schema(weir_schema **out, weir_error *err);

typedef struct weir_reject_context {
    const char *run_id, *step;
    /* Name of a split, as a person opens it. */
    const char *(*split_name)(const void *splits, uint32_t split);
    const void *splits;
    /* Of a flow with a route: what refused the records at their load, "load NAME"; else NULL. */
    const char *load_name;
    /* The target that refused them when others may have the same records; else NULL. */
    const char *route;
} weir_reject_context;

/* Makes the reject records of all alive rows of b that have failures; *out NULL when there are
 * none. Where b has no raw bytes the raw form is JSON: of b->origin.as_read, else of `original`
 * (may be NULL), columns with the physical rows of b.  A raw form that is not UTF-8, or
 * begins with
 * "\x", is written as "\x" and hex, so that it can always be read back exactly. */
WEIR_MUST_USE weir_status weir_reject_build(const weir_reject_context *context, const weir_batch *b,
                                            weir_schema *original_schema,
                                            weir_column *const *original, weir_schema *schema,
                                            weir_ctx *ctx, weir_batch **out, weir_error *err);

/* Takes failed rows out of the selection.  Returns how many left. */
WEIR_MUST_USE weir_status weir_reject_drop(weir_batch *b, uint64_t *dropped, weir_error *err);

/* The columns of the source as text (JSON), kept with a reject set so that its raw forms can be
 * decoded again.  metadata (may be NULL): the columns that the source adds to its records (_file,
 * ...); they are left out.  found (may be NULL): how columns are written that were inferred;
 * dialect (may be NULL): what else was found of the text, as weir_found has it.
 * Appends to out; false = out of memory. */
WEIR_MUST_USE bool weir_reject_describe_source(const weir_schema *source,
                                               const weir_opt_strings *metadata,
                                               const weir_opt_columns *found, const char *dialect,
                                               weir_buf *out);

/* The target of a route that a reject is to come to alone when it is replayed: the text of its
 * `failures` says so.  *out (in arena) NULL when it does not. */
WEIR_MUST_USE weir_status weir_reject_route(weir_slice failures, weir_arena *arena,
                                            const char **out, weir_error *err);

/* The exact bytes of a `raw` value (undoes "\x" hex).  false = out of memory or not well-formed. */
WEIR_MUST_USE bool weir_reject_raw_bytes(weir_slice raw, weir_buf *out);

#endif
