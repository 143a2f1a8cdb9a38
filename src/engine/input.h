/* Other sources that operators look things up in: read whole, before the first record. */
#ifndef WEIR_ENGINE_INPUT_H
#define WEIR_ENGINE_INPUT_H

#include "engine/flow.h"

/* Reads the columns of want->key (or field) and want->take, if they are there (the operator tells
 * about those that are not), into *out, which is cleared by weir_input_clear.  WEIR_RESOURCE with a
 * remedy when it takes more than half of the run's memory; WEIR_DATA when a record of it cannot be
 * read. */
WEIR_MUST_USE weir_status weir_input_load(const weir_flow_input *input,
                                          const weir_operator_source *want, const weir_env *env,
                                          weir_operator_input *out, weir_error *err);
void weir_input_clear(weir_operator_input *input); /* a zeroed one is legal */

#endif
