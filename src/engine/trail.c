#include "engine/trail.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Batches with failures that are remembered; beyond them nothing is told. */
#define PLACES_MAX ((size_t)16384)
#define ROWS_MIN 10u

/* The failed records at the end of one batch. */
typedef struct place {
    uint32_t split, rows;
    uint64_t byte, line;   /* of the first; byte: its place in order, where there are no bytes */
    uint64_t id;           /* of the first, where there are no lines: the table's or its number */
    char *source, *reason; /* of the first; owned */
} place;

struct weir_trail {
    size_t n_splits;
    _Atomic uint64_t *good; /* for each split: behind the begin of the last good record; 0 = none */
    pthread_mutex_t lock;
    place *places;
    size_t n, capacity;
    bool full;
    place first;          /* the first record of all that failed; reason NULL = none did */
    _Atomic uint64_t odd; /* records that failed for the number of their fields */
};

static void place_clear(place *p) {
    weir_free(p->source);
    weir_free(p->reason);
}

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
    for (size_t i = 0; i < t->n; i++) place_clear(&t->places[i]);
    weir_free(t->places);
    place_clear(&t->first);
    weir_free(t->good);
    pthread_mutex_destroy(&t->lock);
    weir_free(t);
}

static void raise_good(_Atomic uint64_t *good, uint64_t byte) {
    uint64_t now = atomic_load(good);
    while (now < byte + 1 && !atomic_compare_exchange_weak(good, &now, byte + 1)) {
    }
}

/* Where a record stands in its split, in the split's order. */
static uint64_t order_of(const weir_batch *b, uint32_t row) {
    if (!b->origin.raw && !b->origin.row_byte) return weir_batch_row_number(b, row);
    return weir_batch_byte(b, row);
}

/* Failed record `row` of a batch, which stands for `rows` of them. */
static weir_status make_place(const weir_batch *b, uint32_t row, uint32_t rows, place *out,
                              weir_error *err) {
    const weir_failure *first = NULL;
    for (size_t i = 0; i < b->failures->n && !first; i++)
        if (b->failures->items[i].row == row) first = &b->failures->items[i];
    weir_buf reason = {0};
    bool ok = !first || !first->field[0] || weir_buf_printf(&reason, "%s: ", first->field);
    ok = ok && weir_buf_adds(&reason, first ? first->reason : "");
    place p = {.split = b->origin.split,
               .rows = rows,
               .byte = order_of(b, row),
               .id = b->origin.row_id ? b->origin.row_id[row] : weir_batch_row_number(b, row) + 1,
               .line = weir_batch_line(b, row),
               .source = weir_strdup(b->origin.source ? b->origin.source : ""),
               .reason = ok ? weir_strdup(weir_buf_cstr(&reason)) : NULL};
    weir_buf_clear(&reason);
    if (p.source && p.reason) {
        *out = p;
        return WEIR_OK;
    }
    place_clear(&p);
    return weir_error_nomem(err);
}

static int in_order(const void *x, const void *y) {
    const place *a = x, *b = y;
    if (a->split != b->split) return a->split < b->split ? -1 : 1;
    return a->byte < b->byte ? -1 : a->byte > b->byte;
}

static weir_status add_place(weir_trail *t, const weir_batch *b, uint32_t row, weir_error *err) {
    place p;
    weir_status status = make_place(b, row, b->length - row, &p, err);
    if (status != WEIR_OK) return status;
    pthread_mutex_lock(&t->lock);
    t->full |= t->n == PLACES_MAX;
    if (!t->full)
        status = weir_grow((void **)&t->places, &t->capacity, t->n + 1, sizeof *t->places,
                           PLACES_MAX, err);
    if (status == WEIR_OK && !t->full) {
        t->places[t->n++] = p;
        memset(&p, 0, sizeof p);
    }
    pthread_mutex_unlock(&t->lock);
    place_clear(&p);
    return status;
}

static weir_status keep_first(weir_trail *t, const weir_batch *b, weir_error *err) {
    uint32_t row = 0;
    while (row < b->length && !weir_bit_get(b->failures->bad, row)) row++;
    if (row == b->length) return WEIR_OK;
    place p = {.split = b->origin.split, .byte = order_of(b, row)};
    pthread_mutex_lock(&t->lock);
    bool later = t->first.reason && in_order(&t->first, &p) <= 0;
    pthread_mutex_unlock(&t->lock);
    if (later) return WEIR_OK;
    weir_status status = make_place(b, row, 1, &p, err);
    if (status != WEIR_OK) return status;
    pthread_mutex_lock(&t->lock);
    if (!t->first.reason || in_order(&p, &t->first) < 0) {
        place before = t->first;
        t->first = p;
        p = before;
    }
    pthread_mutex_unlock(&t->lock);
    place_clear(&p);
    return WEIR_OK;
}

static uint64_t count_odd(const weir_failures *f) {
    uint64_t n = 0;
    for (size_t i = 0; i < f->n; i++) n += strcmp(f->items[i].rule, "fields") == 0;
    return n;
}

weir_status weir_trail_see(weir_trail *t, const weir_batch *b, weir_error *err) {
    uint32_t row = b->length;
    if (row == 0 || b->origin.split >= t->n_splits || !weir_batch_has_byte(b, 0)) return WEIR_OK;
    bool whole = !b->origin.row_byte; /* else these are records of a replay, from anywhere */
    while (b->failures && row && weir_bit_get(b->failures->bad, row - 1)) row--;
    if (row) raise_good(&t->good[b->origin.split], weir_batch_byte(b, row - 1));
    if (!b->failures) return WEIR_OK;
    atomic_fetch_add(&t->odd, count_odd(b->failures));
    weir_status status = keep_first(t, b, err);
    return status == WEIR_OK && whole && row < b->length ? add_place(t, b, row, err) : status;
}

/* The failed records of one split, from place i on, up to its end: the first of them, or NULL when
 * they are too few, or nothing else could be read. */
static const place *trail_of(const weir_trail *t, size_t i) {
    const place *first = NULL;
    uint64_t rows = 0, good = atomic_load(&t->good[t->places[i].split]);
    for (uint32_t split = t->places[i].split; i < t->n && t->places[i].split == split; i++) {
        if (t->places[i].byte < good) continue;
        if (!first) first = &t->places[i];
        rows += t->places[i].rows;
    }
    return good && rows >= ROWS_MIN ? first : NULL;
}

void weir_trail_tell(weir_trail *t, weir_account *account) {
    const place *p = &t->first;
    account->odd = atomic_load(&t->odd);
    if (p->reason)
        snprintf(account->first, sizeof account->first, "%.120s%c%llu: %.200s", p->source,
                 p->line ? ':' : '#', (unsigned long long)(p->line ? p->line : p->id), p->reason);
    if (t->full || t->n == 0) return;
    qsort(t->places, t->n, sizeof *t->places, in_order);
    for (size_t i = 0; i < t->n; i++) {
        if (i && t->places[i].split == t->places[i - 1].split) continue;
        p = trail_of(t, i);
        if (!p) continue;
        snprintf(account->unread, sizeof account->unread,
                 "from line %llu of %.120s on no record can be read, the first of them: %.160s; "
                 "another table, delimiter or encoding may begin there",
                 (unsigned long long)p->line, p->source, p->reason);
        return;
    }
}
