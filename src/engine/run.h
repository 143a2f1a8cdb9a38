/* A run: the steps of a pipeline in order, under one lease, with its history in the state. */
#ifndef WEIR_ENGINE_RUN_H
#define WEIR_ENGINE_RUN_H

#include "engine/step.h"

typedef struct weir_run_request {
    const weir_pipeline *pipeline;
    weir_state *state; /* a dry run may have none: NULL */
    weir_cancel *cancel;
    const char *trigger; /* "manual" */
    const char *version; /* of the program */
    size_t n_steps;      /* 0 = all */
    const size_t *steps; /* numbers of the chosen steps */
    bool full_refresh;   /* read what was loaded before as well; append becomes replace */
    bool dry;            /* write nothing at all */
    uint64_t limit_rows; /* see weir_step_env */
    /* see weir_step_env */
    weir_status (*reject_sink)(void *context, weir_arena *arena, const char *run_id,
                               const char *step, weir_flow_sink *out, const char **path,
                               const char **format, weir_error *err);
    weir_status (*reject_read)(const char *path, const weir_env *env,
                               weir_status (*see)(void *to, const weir_batch *rejects,
                                                  weir_error *err),
                               void *to, weir_error *err);
    void *reject_context;
    void (*progress)(void *context, const char *step, const weir_account *sofar);
    void *progress_context;
} weir_run_request;

typedef struct weir_run_result {
    char run_id[WEIR_RUN_ID_SIZE];
    weir_run_status status;
    size_t n_steps;
    weir_step_result *steps; /* in the order they ran */
    int64_t duration_us;
    const char *resumed; /* the interrupted run this one went on with, or NULL */
    weir_error error;    /* of the first step that failed */
} weir_run_result;

/* Runs the pipeline to its end.  WEIR_OK: see result->status.  Everything else happened before the
 * first step (state, lease).  Texts live in arena. */
WEIR_MUST_USE weir_status weir_run(const weir_run_request *request, weir_arena *arena,
                                   weir_diags *diags, weir_run_result *result, weir_error *err);

/* Plans the chosen steps as weir_run would (state may be NULL) and appends one JSON object a step
 * to *out, separated by commas.  A step that reads what another one has not written yet says so. */
WEIR_MUST_USE weir_status weir_run_plan(const weir_run_request *request, weir_arena *arena,
                                        weir_diags *diags, weir_buf *out, weir_error *err);

/* The process's exit code for a run. */
int weir_run_exit_code(const weir_run_result *result);

/* CPUs of the affinity mask and the cgroup quota, at least 1. */
uint32_t weir_default_threads(void);
#define WEIR_DEFAULT_MEMORY_BYTES ((size_t)128 << 20)

#endif
