/* What the command line, the service and the library's users call.
 *
 * A weir_session carries what outlives a call: the arena that results live in, the diagnostics of
 * the file, the request to stop.  One thread at a time per session.
 */
#ifndef WEIR_API_API_H
#define WEIR_API_API_H

#include "engine/run.h"
#include "expr/expr.h"
#include "spec/pipeline.h"

typedef struct weir_session {
    weir_arena arena;
    weir_diags diags;
    weir_cancel cancel;
    weir_pipeline *pipeline; /* loaded */
    weir_state *state;       /* opened */
} weir_session;

void weir_session_init(weir_session *s);
void weir_session_clear(weir_session *s);

/* All connectors, formats and operators of this program. */
const weir_spec_registry *weir_api_registry(void);

/* Loads and checks a pipeline file into s->pipeline.  WEIR_USAGE: the faults are in s->diags. */
WEIR_MUST_USE weir_status weir_api_load(weir_session *s, const char *path,
                                        const weir_spec_params *params, weir_error *err);
/* The same with all that a command line may say. */
typedef struct weir_api_load_options {
    weir_spec_params params;
    const char *target; /* --target */
    size_t n_env_files; /* --env-file: the environment wins over them, a later file over an
                           earlier one */
    const char *const *env_files;
    bool history; /* only the name and the state are wanted; s->pipeline has no steps then */
} weir_api_load_options;
WEIR_MUST_USE weir_status weir_api_load_with(weir_session *s, const char *path,
                                             const weir_api_load_options *options, weir_error *err);
/* The same for `weir copy`. */
WEIR_MUST_USE weir_status weir_api_load_copy(weir_session *s, const char *source,
                                             const char *target, const weir_copy_options *options,
                                             weir_error *err);
/* Opens s->state, the state of s->pipeline; create false and none there: WEIR_IO, ENOENT. */
WEIR_MUST_USE weir_status weir_api_open_state(weir_session *s, bool create, weir_error *err);

/* Opens the state in folder without a pipeline, for history. */
WEIR_MUST_USE weir_status weir_api_open_state_at(weir_session *s, const char *folder,
                                                 weir_error *err);

/* The same for a file with faults in its keys (weir_spec_options.partial): looks at what is sound
 * in the steps of p, so that all faults come at once.  They go to s->diags; p is of no other use.
 */
WEIR_MUST_USE weir_status weir_api_check_sound(weir_session *s, weir_pipeline *p, weir_error *err);

/* Binds the steps (numbers; n 0 = all) to what is known of their sources without running: declared
 * columns, and what the headers and the beginnings of local files show.  Nothing is written.
 * WEIR_USAGE: all faults are in s->diags. */
WEIR_MUST_USE weir_status weir_api_check(weir_session *s, size_t n, const size_t *steps,
                                         weir_error *err);

/* How a run is wanted. */
typedef struct weir_api_run_options {
    size_t n_steps;
    const char *const *steps; /* names; 0 = all */
    size_t n_select;
    const char *const *select; /* "a", "+a", "a+", "a,+b": see weir_api_select */
    bool full_refresh;
    bool dry;            /* everything but writing; no state is made */
    uint64_t limit_rows; /* rows each step reads; 0 = all */
    const char *trigger; /* NULL = "manual" */
    void (*progress)(void *context, const char *step, const weir_account *sofar);
    void *progress_context;
} weir_api_run_options;

/* Runs s->pipeline.  See weir_run. */
WEIR_MUST_USE weir_status weir_api_run(weir_session *s, const weir_api_run_options *options,
                                       weir_run_result *result, weir_error *err);

/* Everything that can be known without running: opens sources and targets read-only, infers, binds,
 * and describes what weir_api_run with these options would do.  Nothing is written.  One JSON
 * object; its steps are what the run keeps as the document "plan" (engine/plan.h). */
WEIR_MUST_USE weir_status weir_api_plan(weir_session *s, const weir_api_run_options *options,
                                        weir_buf *json, weir_error *err);
/* The plan that a run has kept: what it did.  WEIR_USAGE when the state knows no such run. */
WEIR_MUST_USE weir_status weir_api_plan_of(weir_session *s, const char *run_id, weir_buf *json,
                                           weir_error *err);
/* Such a plan as text for people. */
WEIR_MUST_USE weir_status weir_api_plan_text(weir_slice json, weir_buf *out, weir_error *err);

/* The steps that selectors name: a step's name (or a pattern with * and ?), "+" before it for all
 * steps that it needs, "+" behind it for all that need it; several with commas.  *steps (numbers,
 * in the session's arena) and *n; no selector = all steps, n 0. */
WEIR_MUST_USE weir_status weir_api_select(weir_session *s, size_t n_selectors,
                                          const char *const *selectors, size_t **steps, size_t *n,
                                          weir_error *err);

/* "0.1.0" */
const char *weir_version(void);
/* One line with weir's version and those of what is linked; as JSON when json. */
WEIR_MUST_USE bool weir_api_version(weir_buf *out, bool json);

/* ---- reference ----------------------------------------------------------------------------- */

/* A function of the expression language (src/expr/expr.h). */
typedef struct weir_function_info weir_api_function;
const weir_api_function *weir_api_function_at(size_t i); /* NULL behind the last */
const weir_api_function *weir_api_function_find(const char *name);
/* The reference page: every option of every table, all functions (Markdown). */
WEIR_MUST_USE bool weir_api_reference(weir_buf *out);
/* The JSON Schema of the pipeline file, for editors. */
WEIR_MUST_USE bool weir_api_schema(weir_buf *out);

/* ---- inline tests -------------------------------------------------------------------------- */

typedef struct weir_api_test_result {
    const char *name;
    bool passed;
    const char *why; /* in the session's arena; "" when it passed */
} weir_api_test_result;
/* Runs the tests of s->pipeline, offline; *results in the session's arena. */
WEIR_MUST_USE weir_status weir_api_test(weir_session *s, weir_api_test_result **results, size_t *n,
                                        weir_error *err);

/* ---- rejects ------------------------------------------------------------------------------- */

/* The records of one reject set, handed out batch by batch. */
WEIR_MUST_USE weir_status weir_api_rejects_read(weir_session *s, const char *path,
                                                weir_status (*see)(void *context,
                                                                   const weir_batch *batch,
                                                                   weir_error *err),
                                                void *context, weir_error *err);
/* Runs the open rejects of run_id (NULL = all of the pipeline) through the pipeline as it is now: a
 * run like any other, whose source is the raw records.  What is rejected again is a reject of that
 * run.  When nothing is open there is no run: WEIR_OK, and result->run_id is empty. */
WEIR_MUST_USE weir_status weir_api_replay(weir_session *s, const char *run_id,
                                          const weir_api_run_options *options,
                                          weir_run_result *result, weir_error *err);

#endif
