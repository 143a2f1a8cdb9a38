/* What every piece of work carries: where memory is charged, where scratch lives, who may stop it.
 */
#ifndef WEIR_BASE_CONTEXT_H
#define WEIR_BASE_CONTEXT_H

#include <stdatomic.h>
#include "base/mem.h"

/* A request to stop; set from any thread or a signal handler, never cleared. */
typedef struct weir_cancel {
    _Atomic int requested;       /* 0 = go on; else the signal number, or -1 for a deadline */
    _Atomic int64_t deadline_us; /* monotonic; 0 = none */
} weir_cancel;

static inline bool weir_cancel_requested(const weir_cancel *c) {
    return c && atomic_load_explicit(&((weir_cancel *)(uintptr_t)c)->requested,
                                     memory_order_relaxed) != 0;
}

/* One per worker thread (never shared).  `scratch` is reset after each batch: nothing reachable
 * from a batch that leaves the worker may live in it. */
typedef struct weir_ctx {
    weir_ledger *ledger;
    weir_arena *scratch;
    weir_cancel *cancel;
    int64_t now_us; /* wall clock at the start of the run, UTC; the meaning of now() */
    uint32_t worker;
} weir_ctx;

#endif
