/* How far two words are apart, for "did you mean". */
#ifndef WEIR_BASE_DISTANCE_H
#define WEIR_BASE_DISTANCE_H

#include <stddef.h>

#define WEIR_DISTANCE_MAX_BYTES 64 /* longer words are not compared */

/* Number of single-byte insertions, deletions, substitutions and swaps of neighbours (optimal
 * string alignment) that turn a into b, ASCII case ignored.  Returns limit + 1 as soon as it is
 * known to be more than limit, and for words longer than WEIR_DISTANCE_MAX_BYTES. */
int weir_distance(const char *a, size_t a_size, const char *b, size_t b_size, int limit);

/* The nearest of n candidates (terminated; NULL entries are skipped) to word, or NULL when none is
 * near enough: at most one edit in up to 4 bytes, 2 in up to 8, else 3. */
const char *weir_distance_nearest(const char *word, size_t word_size, const char *const *candidates,
                                  size_t n);

#endif
