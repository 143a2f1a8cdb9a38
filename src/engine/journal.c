#include "engine/journal.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

static const char *const levels[] = {"error", "warn", "info", "debug", "debug"};

static void add(weir_journal *j, weir_log_level level, int64_t at_us, const char *fields,
                const char *text, size_t size) {
    pthread_mutex_lock(&j->lock);
    weir_state_event e = {.at_us = at_us, .level = levels[level], .step = j->step};
    bool room = j->n < WEIR_JOURNAL_PENDING;
    if (room) e.text = weir_arena_strndup(&j->arena, text, size);
    if (room && fields) e.fields = weir_arena_strdup(&j->arena, fields);
    if (room && e.text && (!fields || e.fields))
        j->items[j->n++] = e;
    else
        j->dropped++;
    pthread_mutex_unlock(&j->lock);
}

static void on_line(void *context, weir_log_level level, int64_t wall_us, const char *text,
                    size_t size) {
    add(context, level, wall_us, NULL, text, size);
}

weir_journal *weir_journal_open(weir_state *state, const char *run_id) {
    weir_journal *j = weir_alloc_zero(1, sizeof *j);
    if (!j) return NULL;
    j->state = state;
    j->run_id = run_id;
    j->step = "";
    pthread_mutex_init(&j->lock, NULL);
    weir_log_set_tap(on_line, j);
    return j;
}

void weir_journal_step(weir_journal *j, const char *step) {
    if (!j) return;
    pthread_mutex_lock(&j->lock);
    j->step = step;
    pthread_mutex_unlock(&j->lock);
}

void weir_journal_add(weir_journal *j, weir_log_level level, const char *fields, const char *fmt,
                      ...) {
    char text[2048];
    va_list args;
    if (!j) return;
    va_start(args, fmt);
    if (vsnprintf(text, sizeof text, fmt, args) < 0) text[0] = '\0';
    va_end(args);
    add(j, level, weir_clock_wall_us(), fields, text, strlen(text));
}

void weir_journal_flush(weir_journal *j) {
    if (!j) return;
    pthread_mutex_lock(&j->lock);
    weir_error ignored = {0};
    char text[80];
    if (j->dropped && j->n) {
        snprintf(text, sizeof text, "%zu more lines were not kept", j->dropped);
        j->items[j->n - 1].text = text;
        j->items[j->n - 1].fields = NULL;
    }
    if (weir_state_events_add(j->state, j->run_id, j->items, j->n, &ignored) != WEIR_OK)
        ignored.status = WEIR_OK; /* a state that cannot be written ends the run elsewhere */
    j->n = j->dropped = 0;
    weir_arena_reset(&j->arena);
    pthread_mutex_unlock(&j->lock);
}

void weir_journal_close(weir_journal *j) {
    if (!j) return;
    weir_log_set_tap(NULL, NULL);
    weir_journal_flush(j);
    weir_arena_clear(&j->arena);
    pthread_mutex_destroy(&j->lock);
    weir_free(j);
}
