/* What a run will do in one step, written down.
 *
 * A step is planned by opening its flow: splits enumerated, columns found, operators bound, targets
 * looked at, nothing changed.  The run executes that very flow, and keeps this description of it as
 * the document "plan" of its history; `weir plan` describes the same flow and closes it.
 */
#ifndef WEIR_ENGINE_PLAN_H
#define WEIR_ENGINE_PLAN_H

#include "engine/flow.h"
#include "spec/pipeline.h"

/* A run id for what is planned without a run.  In the description every run's own id stands as
 * "{run_id}", so that the plans of two runs can be compared. */
#define WEIR_PLAN_RUN_ID "00000000-000000-0000"

/* So many splits are named; all are counted. */
#define WEIR_PLAN_NAMES 20

/* Appends one JSON object: step, needs, source (splits, bytes, names, columns and where their types
 * come from), operators with the columns behind each, sink with what it will do, limits of rejects.
 * ledger_skipped: splits that earlier runs have loaded. */
WEIR_MUST_USE weir_status weir_plan_describe(const weir_pipeline *p, const weir_step *step,
                                             const weir_flow_config *config, weir_flow *f,
                                             const char *run_id, uint64_t ledger_skipped,
                                             weir_buf *out, weir_error *err);
/* The same for a step that cannot be planned before another one has run: why says what is missing.
 */
WEIR_MUST_USE weir_status weir_plan_describe_later(const weir_pipeline *p, const weir_step *step,
                                                   const char *why, weir_buf *out, weir_error *err);

/* The lines of YAML that a source found about its format (weir_found.dialect; NULL = none) on one
 * line, in the arena; NULL when memory is short. */
const char *weir_plan_dialect(weir_arena *arena, const char *yaml);

/* Whether an earlier step of the file may write what this one reads, so that what is there now says
 * nothing. */
bool weir_plan_is_fed(const weir_pipeline *p, const weir_step *step);

#endif
