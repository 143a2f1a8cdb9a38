/* A dry run: everything but what changes something outside.
 *
 * The sinks are opened and their encoders run, so that a target that does not fit, or a row that
 * the target's format cannot hold, shows; their writers take the pieces and forget them.
 */
#ifndef WEIR_ENGINE_DRY_H
#define WEIR_ENGINE_DRY_H

#include "engine/flow.h"

/* Puts sinks that write nothing in the place of config's; the tables live in arena. */
WEIR_MUST_USE weir_status weir_dry_sinks(weir_flow_config *config, weir_arena *arena,
                                         weir_error *err);
/* Hooks for weir_flow_run: only the limits of rejects are looked at. */
weir_flow_hooks weir_dry_hooks(const weir_flow_config *config);

#endif
