#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/pool.h"

/* ---- checked allocation -------------------------------------------------------------------- */

static bool refused(size_t size_bytes) {
    int code;
    return size_bytes > PTRDIFF_MAX || weir_fault(WEIR_FAULT_MALLOC, &code);
}

void *weir_alloc(size_t size_bytes) {
    if (refused(size_bytes)) return NULL;
    return malloc(size_bytes ? size_bytes : 1);
}

void *weir_alloc_zero(size_t count, size_t size_bytes) {
    size_t total;
    if (__builtin_mul_overflow(count, size_bytes, &total) || refused(total)) return NULL;
    return calloc(1, total ? total : 1);
}

void *weir_realloc(void *old, size_t count, size_t size_bytes) {
    size_t total;
    if (__builtin_mul_overflow(count, size_bytes, &total) || refused(total)) return NULL;
    return realloc(old, total ? total : 1);
}

void weir_free(void *p) {
    free(p);
}

void *weir_pool_from_system(size_t bytes) {
    return aligned_alloc(64, bytes);
}

char *weir_strdup(const char *s) {
    return weir_strndup(s, strlen(s));
}

char *weir_strndup(const char *s, size_t n) {
    if (n == SIZE_MAX) return NULL;
    char *copy = weir_alloc(n + 1);
    if (!copy) return NULL;
    if (n) memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

weir_status weir_grow(void **items, size_t *capacity, size_t need, size_t size_bytes, size_t max,
                      weir_error *err) {
    if (need <= *capacity) return WEIR_OK;
    if (need > max) {
        weir_error_set(err, WEIR_RESOURCE, "a list would grow to %zu entries; %zu is the most",
                       need, max);
        return WEIR_RESOURCE;
    }
    size_t wanted = *capacity < 8 ? 8 : *capacity > SIZE_MAX / 2 ? need : *capacity * 2;
    if (wanted < need) wanted = need;
    if (wanted > max) wanted = max;
    void *grown = weir_realloc(*items, wanted, size_bytes);
    if (!grown) return weir_error_nomem(err);
    *items = grown;
    *capacity = wanted;
    return WEIR_OK;
}

/* ---- ledger -------------------------------------------------------------------------------- */

void weir_ledger_init(weir_ledger *l, const char *name, size_t limit_bytes, weir_ledger *parent) {
    l->name = name;
    l->parent = parent;
    l->limit_bytes = limit_bytes;
    atomic_init(&l->used_bytes, 0);
    atomic_init(&l->peak_bytes, 0);
}

/* Adds to one ledger alone and tells the new sum; the limit is never passed, not even for a moment.
 */
static bool add_used(weir_ledger *l, size_t bytes, size_t *sum) {
    size_t used = atomic_load_explicit(&l->used_bytes, memory_order_relaxed), next;
    do {
        if (__builtin_add_overflow(used, bytes, &next)) return false;
        if (l->limit_bytes && next > l->limit_bytes) return false;
    } while (!atomic_compare_exchange_weak_explicit(&l->used_bytes, &used, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    *sum = next;
    return true;
}

bool weir_ledger_charge(weir_ledger *l, size_t bytes) {
    size_t sum;
    if (!l) return true;
    if (!add_used(l, bytes, &sum)) return false;
    if (!weir_ledger_charge(l->parent, bytes)) {
        atomic_fetch_sub_explicit(&l->used_bytes, bytes, memory_order_relaxed);
        return false;
    }
    /* Only now, so that a refusal above leaves no trace in the peak. */
    size_t peak = atomic_load_explicit(&l->peak_bytes, memory_order_relaxed);
    while (peak < sum &&
           !atomic_compare_exchange_weak_explicit(&l->peak_bytes, &peak, sum, memory_order_relaxed,
                                                  memory_order_relaxed)) {
    }
    return true;
}

void weir_ledger_release(weir_ledger *l, size_t bytes) {
    for (; l; l = l->parent) atomic_fetch_sub_explicit(&l->used_bytes, bytes, memory_order_relaxed);
}

/* ---- growable bytes ------------------------------------------------------------------------ */

bool weir_buf_reserve(weir_buf *b, size_t more) {
    size_t max = b->max ? b->max : SIZE_MAX / 2, need;
    if (__builtin_add_overflow(b->size, more, &need) || need > max) return false;
    if (need < b->capacity) return true;
    /* One byte more, for the terminator: weir_buf_cstr has no way to say that memory is short. */
    size_t wanted = b->capacity < 64 ? 64 : b->capacity > max / 2 ? max : b->capacity * 2;
    if (wanted > max) wanted = max;
    if (wanted <= need) wanted = need + 1;
    char *grown = weir_realloc(b->data, wanted, 1);
    if (!grown) return false;
    b->data = grown;
    b->capacity = wanted;
    return true;
}

bool weir_buf_add(weir_buf *b, const void *p, size_t n) {
    if (n == 0) return true;
    if (!weir_buf_reserve(b, n)) return false;
    memcpy(b->data + b->size, p, n);
    b->size += n;
    return true;
}

bool weir_buf_adds(weir_buf *b, const char *s) {
    return weir_buf_add(b, s, strlen(s));
}

bool weir_buf_printf(weir_buf *b, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) return false;
    /* One byte more for vsnprintf's terminator, which does not count; the cap must not refuse a
     * text that fits without it. */
    size_t max = b->max;
    if (max && max < SIZE_MAX) b->max = max + 1;
    bool room = (!max || (b->size <= max && (size_t)n <= max - b->size)) &&
                weir_buf_reserve(b, (size_t)n + 1);
    b->max = max;
    if (!room) return false;
    va_start(args, fmt);
    vsnprintf(b->data + b->size, (size_t)n + 1, fmt, args);
    va_end(args);
    b->size += (size_t)n;
    return true;
}

const char *weir_buf_cstr(weir_buf *b) {
    if (b->size == b->capacity && !weir_buf_reserve(b, 0)) return "";
    b->data[b->size] = '\0';
    return b->data;
}

void weir_buf_clear(weir_buf *b) {
    weir_free(b->data);
    b->data = NULL;
    b->size = b->capacity = 0;
}
