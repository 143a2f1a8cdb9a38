#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/pool.h"

#define FIRST_BYTES ((size_t)4 << 10)
#define NORMAL_BYTES ((size_t)256 << 10)

typedef struct weir_arena_chunk {
    struct weir_arena_chunk *next;
    size_t capacity, used; /* bytes behind the header */
    size_t piece_bytes;    /* what the pool calls it */
} weir_arena_chunk;
#define HEADER_BYTES 64
_Static_assert(sizeof(weir_arena_chunk) <= HEADER_BYTES, "the header must leave data aligned");

static uint8_t *chunk_data(weir_arena_chunk *c) {
    return (uint8_t *)c + HEADER_BYTES;
}

/* Charges one chunk; 0 when the cap or the ledger refuses. */
static size_t charge(weir_arena *a, size_t bytes) {
    size_t total;
    bytes = weir_pool_round(bytes);
    if (bytes == 0 || __builtin_add_overflow(a->total_bytes, bytes, &total)) return 0;
    if (a->max_bytes && total > a->max_bytes) return 0;
    return weir_ledger_charge(a->ledger, bytes) ? bytes : 0;
}

/* A chunk of `wanted` bytes, or of `needed` where the budget has no room for more. */
static weir_arena_chunk *chunk_new(weir_arena *a, size_t wanted, size_t needed) {
    size_t bytes = charge(a, wanted);
    if (bytes == 0 && needed < wanted) bytes = charge(a, needed);
    if (bytes == 0) return NULL;
    weir_arena_chunk *c = weir_pool_take(bytes);
    if (!c) {
        weir_ledger_release(a->ledger, bytes);
        return NULL;
    }
    c->next = NULL;
    c->capacity = bytes;
    c->used = 0;
    c->piece_bytes = bytes;
    a->total_bytes += bytes;
    return c;
}

static void chunk_free(weir_arena *a, weir_arena_chunk *c) {
    size_t bytes = c->piece_bytes;
    weir_pool_give(c, bytes);
    weir_ledger_release(a->ledger, bytes);
    a->total_bytes -= bytes;
}

/* A new chunk for a request that does not fit the head.  Large requests get a chunk behind the head
 * so that what is left of the head stays in use. */
static void *alloc_slow(weir_arena *a, size_t bytes) {
    size_t next = FIRST_BYTES;
    /* A head larger than ordinary holds one large request: what comes next may be small. */
    if (a->head && a->head->capacity <= NORMAL_BYTES) next = a->head->capacity * 2;
    if (next > NORMAL_BYTES) next = NORMAL_BYTES;
    if (next < bytes) next = bytes;
    weir_arena_chunk *c = chunk_new(a, next, bytes);
    if (!c) return NULL;
    c->used = bytes;
    if (a->head && bytes > NORMAL_BYTES / 4 &&
        a->head->capacity - a->head->used > c->capacity - bytes) {
        c->next = a->head->next;
        a->head->next = c;
    } else {
        c->next = a->head;
        a->head = c;
    }
    return chunk_data(c);
}

void *weir_arena_alloc(weir_arena *a, size_t size_bytes) {
    if (size_bytes > PTRDIFF_MAX - 4096) return NULL;
    size_t bytes = size_bytes ? (size_bytes + 15) & ~(size_t)15 : 16;
    weir_arena_chunk *c = a->head;
    if (c && c->capacity - c->used >= bytes) {
        void *p = chunk_data(c) + c->used;
        c->used += bytes;
        return p;
    }
    return alloc_slow(a, bytes);
}

void *weir_arena_zero(weir_arena *a, size_t count, size_t size_bytes) {
    size_t total;
    if (__builtin_mul_overflow(count, size_bytes, &total)) return NULL;
    void *p = weir_arena_alloc(a, total);
    if (p) memset(p, 0, total);
    return p;
}

char *weir_arena_strdup(weir_arena *a, const char *s) {
    return weir_arena_strndup(a, s, strlen(s));
}

char *weir_arena_strndup(weir_arena *a, const char *s, size_t n) {
    if (n == SIZE_MAX) return NULL;
    char *copy = weir_arena_alloc(a, n + 1);
    if (!copy) return NULL;
    if (n) memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *weir_arena_printf(weir_arena *a, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) return NULL;
    char *text = weir_arena_alloc(a, (size_t)n + 1);
    if (!text) return NULL;
    va_start(args, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, args);
    va_end(args);
    return text;
}

void weir_arena_reset(weir_arena *a) {
    /* The largest chunk of ordinary size is worth keeping; the pool keeps the others at hand. */
    weir_arena_chunk *kept = NULL, *c = a->head;
    while (c) {
        weir_arena_chunk *next = c->next, *drop = c;
        if (c->capacity <= NORMAL_BYTES && (!kept || c->capacity > kept->capacity)) {
            drop = kept;
            kept = c;
        }
        if (drop) chunk_free(a, drop);
        c = next;
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    a->head = kept;
}

void weir_arena_clear(weir_arena *a) {
    for (weir_arena_chunk *c = a->head, *next; c; c = next) {
        next = c->next;
        chunk_free(a, c);
    }
    a->head = NULL;
}
