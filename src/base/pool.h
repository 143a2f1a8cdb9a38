/* Private to src/base: raw memory behind blocks and arenas, kept for reuse.
 *
 * Large pieces that malloc would give back to the system with every free (and the kernel would have
 * to zero again page by page) are kept here in size classes, WEIR_POOL_KEPT_BYTES in all.
 */
#ifndef WEIR_BASE_POOL_H
#define WEIR_BASE_POOL_H

#include <stddef.h>

#define WEIR_POOL_MIN_BYTES ((size_t)4 << 10)
#define WEIR_POOL_MAX_BYTES ((size_t)4 << 20)
#define WEIR_POOL_KEPT_BYTES ((size_t)16 << 20)

/* The size that a request is rounded up to: four classes for each power of two between MIN and MAX
 * (so at most a quarter is spare), multiples of 64 outside.  0 when that overflows. */
size_t weir_pool_round(size_t bytes);
/* bytes (a result of weir_pool_round) + WEIR_POOL_EXTRA_BYTES (a header in front, padding behind)
 * of uninitialised memory, 64-byte aligned; NULL when memory is short.  Counts as one allocation
 * for the fault layer.  Thread-safe. */
#define WEIR_POOL_EXTRA_BYTES 128
void *weir_pool_take(size_t bytes);
/* Gives it back, with the same size. */
void weir_pool_give(void *p, size_t bytes);
/* Frees what is kept. */
void weir_pool_trim(void);
/* Bytes kept at the moment. */
size_t weir_pool_kept(void);

/* In mem.c: memory from the system, without regard to the fault layer; free with weir_free. */
void *weir_pool_from_system(size_t bytes);

#endif
