/* What flow.c (opening, binding) and flow_run.h (threads) share. */
#ifndef WEIR_ENGINE_FLOW_PRIVATE_H
#define WEIR_ENGINE_FLOW_PRIVATE_H

#include <pthread.h>
#include <time.h>

#include "engine/chain.h"
#include "engine/exchange.h"
#include "engine/flow.h"

struct weir_flow {
    weir_flow_config config;
    const weir_env *env;
    weir_diags *diags;
    void *source;
    weir_splits splits;
    weir_schema *full_schema;   /* all the source has */
    weir_schema *source_schema; /* what decode gives: the wanted fields */
    weir_schema *reject_schema;
    size_t n_operators;
    weir_operator *operators;
    weir_operator_input *inputs; /* one an operator */
    void *sinks[WEIR_FLOW_SINKS];
    int64_t failed_split; /* number of the split that could not be read, or -1 */
};

/* CPU time of the calling thread: on a shared core the wall clock would count the others' work. */
static inline uint64_t flow_cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline weir_schema *flow_out_schema(const weir_flow *f) {
    return f->n_operators ? f->operators[f->n_operators - 1].out : f->source_schema;
}

#endif
