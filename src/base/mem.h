/* Memory: checked allocation, the run's ledger, reference-counted blocks, arenas.
 *
 * Data lives in blocks charged to a ledger with a hard limit; everything that lives as long as a
 * plan, an epoch or a batch lives in an arena.  Every allocation of the program goes through
 * weir_alloc and its kin, so that the fault layer (fault.h) can fail the n-th one.
 */
#ifndef WEIR_BASE_MEM_H
#define WEIR_BASE_MEM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "weir/error.h"

/* ---- checked allocation -------------------------------------------------------------------- */

/* malloc/calloc/realloc with checked sizes.  Return NULL when memory is short or the product of
 * count and size overflows; the caller reports weir_error_nomem.  size 0 gives a unique pointer. */
WEIR_MUST_USE void *weir_alloc(size_t size_bytes);
WEIR_MUST_USE void *weir_alloc_zero(size_t count, size_t size_bytes);
WEIR_MUST_USE void *weir_realloc(void *old, size_t count, size_t size_bytes);
void weir_free(void *p); /* NULL is legal */
WEIR_MUST_USE char *weir_strdup(const char *s);
/* Copies exactly n bytes (which may hold NUL) and terminates; the arena's strndup likewise. */
WEIR_MUST_USE char *weir_strndup(const char *s, size_t n);

/* Grows *items (element size size_bytes) so that *capacity >= need, doubling, never above max
 * elements.  On failure nothing changes.  For the one growable-array idiom of the code. */
WEIR_MUST_USE weir_status weir_grow(void **items, size_t *capacity, size_t need, size_t size_bytes,
                                    size_t max, weir_error *err);

/* ---- ledger -------------------------------------------------------------------------------- */

/* A budget.  Charges go to the ledger and all its parents or to none.  Thread-safe. */
typedef struct weir_ledger {
    const char *name;
    struct weir_ledger *parent;
    size_t limit_bytes; /* 0 = no limit of its own */
    _Atomic size_t used_bytes;
    _Atomic size_t peak_bytes;
} weir_ledger;

void weir_ledger_init(weir_ledger *l, const char *name, size_t limit_bytes, weir_ledger *parent);
/* false = the limit would be passed; nothing was charged.  NULL ledger: always true. */
WEIR_MUST_USE bool weir_ledger_charge(weir_ledger *l, size_t bytes);
void weir_ledger_release(weir_ledger *l, size_t bytes);

/* ---- blocks -------------------------------------------------------------------------------- */

/* Reference-counted bytes, 64-byte aligned, with WEIR_BLOCK_PAD readable bytes behind capacity so
 * that SIMD code may read past the end.  The owner of the only reference may write; everyone else
 * reads.  Freed blocks of common sizes are kept per process for reuse, uncharged, up to a small
 * cap. */
#define WEIR_BLOCK_PAD 64
typedef struct weir_block {
    _Atomic uint32_t refs;
    size_t capacity; /* bytes that may be written */
    size_t size;     /* bytes in use */
    uint8_t *data;
    weir_ledger *ledger;
    void (*release)(void *context); /* foreign memory: called instead of freeing data */
    void *context;
} weir_block;

/* A block of at least capacity bytes (uninitialised), size 0, one reference, charged to ledger (may
 * be NULL).  Capacities are rounded up to one of four sizes for each power of two (powers of two
 * stay as they are), and what is rounded is usable, charged and in (*out)->capacity.  WEIR_RESOURCE
 * when the ledger or the system refuses. */
WEIR_MUST_USE weir_status weir_block_new(weir_ledger *ledger, size_t capacity, weir_block **out,
                                         weir_error *err);
/* Wraps memory that someone else owns (Arrow C data): release(context) runs at the last release. */
WEIR_MUST_USE weir_status weir_block_wrap(void *data, size_t size, void (*release)(void *),
                                          void *context, weir_block **out, weir_error *err);
weir_block *weir_block_retain(weir_block *b); /* NULL gives NULL */
void weir_block_release(weir_block *b);       /* NULL is legal */
/* Gives the process's kept blocks back to the system. */
void weir_block_trim(void);

/* ---- arenas -------------------------------------------------------------------------------- */

/* Bump allocation, freed all at once.  Not thread-safe.  A zeroed arena is ready to use (no
 * ledger).  Chunks grow from 4 KiB to 256 KiB; larger requests get a chunk of their own. */
typedef struct weir_arena {
    struct weir_arena_chunk *head;
    weir_ledger *ledger;
    size_t total_bytes;
    size_t max_bytes; /* 0 = no cap */
} weir_arena;

/* 16-byte aligned; NULL when memory is short. */
WEIR_MUST_USE void *weir_arena_alloc(weir_arena *a, size_t size_bytes);
WEIR_MUST_USE void *weir_arena_zero(weir_arena *a, size_t count, size_t size_bytes);
WEIR_MUST_USE char *weir_arena_strdup(weir_arena *a, const char *s);
WEIR_MUST_USE char *weir_arena_strndup(weir_arena *a, const char *s, size_t n);
WEIR_MUST_USE char *weir_arena_printf(weir_arena *a, const char *fmt, ...) WEIR_PRINTF(2, 3);
void weir_arena_reset(weir_arena *a); /* keeps one chunk for reuse */
void weir_arena_clear(weir_arena *a); /* frees all; the arena may be used again */

/* ---- growable bytes ------------------------------------------------------------------------ */

/* A byte buffer with a cap.  Zeroed = empty, no cap beyond SIZE_MAX/2. */
typedef struct weir_buf {
    char *data; /* not terminated unless weir_buf_cstr was called */
    size_t size, capacity, max;
} weir_buf;
WEIR_MUST_USE bool weir_buf_reserve(weir_buf *b, size_t more);
WEIR_MUST_USE bool weir_buf_add(weir_buf *b, const void *p, size_t n);
WEIR_MUST_USE bool weir_buf_adds(weir_buf *b, const char *s);
WEIR_MUST_USE bool weir_buf_printf(weir_buf *b, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* Terminates.  There is always room for that behind what the functions above have put in or
 * reserved; "" only when a buffer that is empty, or was filled by hand to its capacity, cannot
 * grow. */
const char *weir_buf_cstr(weir_buf *b);
void weir_buf_clear(weir_buf *b);

/* ---- slices -------------------------------------------------------------------------------- */

/* Borrowed bytes with their length; never terminated, may hold any byte. */
typedef struct weir_slice {
    const char *data;
    size_t size;
} weir_slice;
static inline weir_slice weir_slice_of(const char *s) {
    weir_slice r = {s, s ? strlen(s) : 0};
    return r;
}
static inline bool weir_slice_is(weir_slice a, const char *s) {
    size_t n = strlen(s);
    return a.size == n && (n == 0 || memcmp(a.data, s, n) == 0);
}

#endif
