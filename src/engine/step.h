/* One flow step of a run: attempts, recovery, files that are skipped, its account. */
#ifndef WEIR_ENGINE_STEP_H
#define WEIR_ENGINE_STEP_H

#include "engine/coordinator.h"
#include "spec/pipeline.h"

/* What a run lends to its steps. */
typedef struct weir_step_env {
    const weir_pipeline *pipeline;
    weir_state *state; /* NULL: nothing is remembered (a plan or a dry run before the first run) */
    weir_lease *lease; /* of a run */
    const char *run_id;
    const char *fingerprint; /* of the pipeline file, as the run's history has it */
    weir_cancel *cancel;     /* of the run */
    bool full_refresh;       /* what earlier runs loaded counts for nothing */
    bool dry;                /* nothing is written, neither to targets nor to the state */
    bool look_only;          /* see weir_env: dry, or only to be planned */
    uint64_t limit_rows;     /* rows that each step reads at most; 0 = all.  What was loaded of a
                                limited read does not count as loaded */
    size_t memory_bytes;
    uint32_t threads;
    /* The sink of the state folder's reject set of a step; injected, for the engine knows no
     * connector.  Fills *out and the path it writes to, both in arena. */
    weir_status (*reject_sink)(void *context, weir_arena *arena, const char *run_id,
                               const char *step, weir_flow_sink *out, const char **path,
                               const char **format, weir_error *err);
    /* Gives the records of such a set, batch after batch, to `see`, which borrows them. */
    weir_status (*reject_read)(const char *path, const weir_env *env,
                               weir_status (*see)(void *to, const weir_batch *rejects,
                                                  weir_error *err),
                               void *to, weir_error *err);
    void *reject_context;
    void (*progress)(void *context, const char *step, const weir_account *sofar);
    void *progress_context;
    weir_diags *diags;
    struct weir_journal *journal; /* of the run; NULL = none is kept */
} weir_step_env;

typedef struct weir_step_result {
    const char *step;
    weir_run_status status;
    weir_account account;   /* operators in the arena of the call */
    weir_account recovered; /* of completed_run's epoch: it belongs to that run's history */
    uint64_t attempts;
    int64_t started_us, duration_us;
    const char *reject_path;   /* NULL when nothing was rejected */
    bool nothing_new;          /* no split was left to read */
    const char *plan;          /* what the step did, by weir_plan_describe; NULL = it had none */
    const char *untried;       /* dry run: why it could not be tried before the steps it reads of */
    const char *completed_run; /* the interrupted run whose work was completed or found done */
    weir_error error;
} weir_step_result;

/* Runs step to its end.  WEIR_OK when it ended in a known way (see result->status, result->error);
 * anything else is a failure of weir's own.  Texts of the result live in arena. */
WEIR_MUST_USE weir_status weir_step_execute(const weir_step_env *env, const weir_step *step,
                                            weir_arena *arena, weir_step_result *result,
                                            weir_error *err);

/* Plans step as weir_step_execute does, describes the plan (weir_plan_describe) into out, and
 * closes it: what a run of env would do.  env->lease is not needed. */
WEIR_MUST_USE weir_status weir_step_plan(const weir_step_env *env, const weir_step *step,
                                         weir_arena *arena, weir_buf *out, weir_error *err);

/* Builds the flow's config from the file; used by check, plan and preview as well.  rejects NULL =
 * no reject sinks. */
WEIR_MUST_USE weir_status weir_step_config(const weir_step *step, weir_arena *arena,
                                           const weir_flow_sink *reject_store,
                                           weir_flow_config *out, weir_error *err);

#endif
