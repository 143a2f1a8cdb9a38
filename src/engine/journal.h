/* The journal of a run: what happened when, kept in the state for `weir logs`.
 *
 * Entries are gathered in memory and written when a step ends; lines of the program's log
 * (warnings, retries, skipped files; debug lines too) become entries while the journal is open.
 * Writing it never fails a run.  Like the log it holds no secret: it gets the same texts.
 */
#ifndef WEIR_ENGINE_JOURNAL_H
#define WEIR_ENGINE_JOURNAL_H

#include <pthread.h>

#include "base/log.h"
#include "state/state.h"

#define WEIR_JOURNAL_PENDING 1000 /* entries gathered at most between two writes */

typedef struct weir_journal {
    weir_state *state;
    const char *run_id;
    const char *step; /* that log lines are of; "" = the run as a whole */
    pthread_mutex_t lock;
    weir_arena arena;
    size_t n, dropped;
    weir_state_event items[WEIR_JOURNAL_PENDING];
} weir_journal;

/* Opens a journal of a run that the state knows; NULL when memory is short: then nothing is kept.
 * One journal of a process takes the lines of the log. */
weir_journal *weir_journal_open(weir_state *state, const char *run_id);
/* Names the step that comes now (borrowed). */
void weir_journal_step(weir_journal *j, const char *step);
/* Adds an entry; fields: a JSON object, or NULL. */
void weir_journal_add(weir_journal *j, weir_log_level level, const char *fields, const char *fmt,
                      ...) WEIR_PRINTF(4, 5);
/* Writes what was gathered; an error is no fault of the run's. */
void weir_journal_flush(weir_journal *j);
void weir_journal_close(weir_journal *j); /* flushes; NULL is legal everywhere */

#endif
