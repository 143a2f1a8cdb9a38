/* The fused operators of a stage, applied to one batch after the other on one worker. */
#ifndef WEIR_ENGINE_CHAIN_H
#define WEIR_ENGINE_CHAIN_H

#include "column/operator.h"
#include "engine/account.h"
#include "reject/reject.h"

typedef struct weir_chain weir_chain;

/* What a chain needs to turn failed rows into reject records. */
typedef struct weir_chain_rejects {
    weir_schema *schema; /* weir_reject_schema, borrowed */
    weir_reject_context context;
} weir_chain_rejects;

/* One worker's instance over bound operators (borrowed). */
WEIR_MUST_USE weir_status weir_chain_new(const weir_operator *operators, size_t n,
                                         const weir_chain_rejects *rejects, weir_ctx *ctx,
                                         weir_chain **out, weir_error *err);
/* Runs batch (taken over) through all operators; what it comes to, one batch or several, is handed
 * to done, which takes them over.  Failed rows leave behind validators and at the end: their
 * reject records are handed to emit (which takes the batch over) in source order per call. observe,
 * when given, sees the batch after each operator (-1: as read) - for preview. account: operators[0]
 * = read, [1..n] = the chain, [n+1] = load (its `in` is filled here). */
typedef struct weir_chain_out {
    weir_status (*done)(void *context, weir_ctx *ctx, weir_batch *batch, weir_error *err);
    weir_status (*emit)(void *context, weir_batch *rejects, weir_error *err);
    /* waits until all that was read before has gone through the chain; NULL = it has */
    weir_status (*turn)(void *context, weir_error *err);
    weir_status (*observe)(void *context, int operator_number, const weir_batch *batch,
                           weir_error *err);
    void *context;
} weir_chain_out;
WEIR_MUST_USE weir_status weir_chain_process(weir_chain *c, weir_ctx *ctx, weir_batch *batch,
                                             const weir_chain_out *out, weir_account *account,
                                             weir_error *err);
/* Whether an operator needs the source's order. */
bool weir_chain_ordered(const weir_operator *operators, size_t n);
/* Whether nothing that is read from now on can reach the end. */
bool weir_chain_enough(const weir_chain *c);
WEIR_MUST_USE weir_status weir_chain_finish(weir_chain *c, weir_ctx *ctx, weir_error *err);
void weir_chain_free(weir_chain *c);

#endif
