#include "engine/trail.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Batches with failures that are remembered; beyond them nothing is told. */
#define PLACES_MAX ((size_t)16384)
#define ROWS_MIN 10u

/* The failed records at the end of one batch. */
typedef struct place {
    uint32_t split, rows;
    uint64_t byte, line; /* of the first */
    char *reason;        /* its; owned */
} place;

struct weir_trail {
    size_t n_splits;
    _Atomic uint64_t *good; /* for each split: behind the begin of the last good record; 0 = none */
    pthread_mutex_t lock;
    place *places;
    size_t n, capacity;
    bool full;
};

weir_trail *weir_trail_new(size_t n) {
    weir_trail *t = weir_alloc_zero(1, sizeof *t);
    if (!t) return NULL;
    pthread_mutex_init(&t->lock, NULL);
    t->n_splits = n;
    t->good = weir_alloc_zero(n + 1, sizeof *t->good);
    if (t->good) return t;
    weir_trail_free(t);
    return NULL;
}

void weir_trail_free(weir_trail *t) {
    if (!t) return;
    for (size_t i = 0; i < t->n; i++) weir_free(t->places[i].reason);
    weir_free(t->places);
    weir_free(t->good);
    pthread_mutex_destroy(&t->lock);
    weir_free(t);
}

static void raise_good(_Atomic uint64_t *good, uint64_t byte) {
    uint64_t now = atomic_load(good);
    while (now < byte + 1 && !atomic_compare_exchange_weak(good, &now, byte + 1)) {
    }
}

static weir_status add_place(weir_trail *t, const weir_batch *b, uint32_t row, weir_error *err) {
    const weir_failure *first = NULL;
    for (size_t i = 0; i < b->failures->n && !first; i++)
        if (b->failures->items[i].row == row) first = &b->failures->items[i];
    weir_buf reason = {0};
    bool ok = !first || !first->field[0] || weir_buf_printf(&reason, "%s: ", first->field);
    ok = ok && weir_buf_adds(&reason, first ? first->reason : "");
    char *text = ok ? weir_strdup(weir_buf_cstr(&reason)) : NULL;
    weir_buf_clear(&reason);
    if (!text) return weir_error_nomem(err);
    place p = {b->origin.split, b->length - row, weir_batch_byte(b, row), weir_batch_line(b, row),
               text};
    weir_status status = WEIR_OK;
    pthread_mutex_lock(&t->lock);
    t->full |= t->n == PLACES_MAX;
    if (!t->full)
        status = weir_grow((void **)&t->places, &t->capacity, t->n + 1, sizeof *t->places,
                           PLACES_MAX, err);
    if (status == WEIR_OK && !t->full) {
        t->places[t->n++] = p;
        text = NULL;
    }
    pthread_mutex_unlock(&t->lock);
    weir_free(text);
    return status;
}

weir_status weir_trail_see(weir_trail *t, const weir_batch *b, weir_error *err) {
    uint32_t row = b->length;
    if (row == 0 || b->origin.split >= t->n_splits || !weir_batch_has_byte(b, 0)) return WEIR_OK;
    while (b->failures && row && weir_bit_get(b->failures->bad, row - 1)) row--;
    if (row) raise_good(&t->good[b->origin.split], weir_batch_byte(b, row - 1));
    return row < b->length ? add_place(t, b, row, err) : WEIR_OK;
}

static int in_order(const void *x, const void *y) {
    const place *a = x, *b = y;
    if (a->split != b->split) return a->split < b->split ? -1 : 1;
    return a->byte < b->byte ? -1 : a->byte > b->byte;
}

bool weir_trail_tell(weir_trail *t, const weir_splits *splits, char *out, size_t size) {
    if (t->full || t->n == 0) return false;
    qsort(t->places, t->n, sizeof *t->places, in_order);
    for (size_t i = 0; i < t->n;) {
        const place *first = NULL;
        uint64_t rows = 0;
        uint32_t split = t->places[i].split;
        uint64_t good = atomic_load(&t->good[split]);
        for (; i < t->n && t->places[i].split == split; i++) {
            if (t->places[i].byte < good) continue;
            if (!first) first = &t->places[i];
            rows += t->places[i].rows;
        }
        if (!good || !first || rows < ROWS_MIN || split >= splits->n) continue;
        snprintf(out, size,
                 "from line %llu of %.120s on no record can be read, the first of them: %.160s; "
                 "another table, delimiter or encoding may begin there",
                 (unsigned long long)first->line, splits->items[split].name, first->reason);
        return true;
    }
    return false;
}
