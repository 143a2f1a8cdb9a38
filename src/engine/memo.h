/* What a step's source remembers of its data between runs (weir_memo), kept in the state.
 *
 * One value a step; the next one takes its place, so it does not grow.  A run writes it, a plan and
 * a dry run only read it.  It is a cache: it is not exported, and a fault of it is no fault. */
#ifndef WEIR_ENGINE_MEMO_H
#define WEIR_ENGINE_MEMO_H

#include "engine/step.h"

typedef struct weir_step_memo {
    weir_memo memo;
    weir_state *state;
    const char *key;
} weir_step_memo;

/* Fills *m, whose texts are in arena, and returns &m->memo; NULL when nothing is to be remembered:
 * there is no state, or the source reads each file once (incremental). */
const weir_memo *weir_step_memo_init(weir_step_memo *m, const weir_step_env *e,
                                     const weir_step *step, weir_arena *arena);

#endif
