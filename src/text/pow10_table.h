/* Private to src/text: powers of ten to 128 bits, made by tools/gen_pow5.py. */
#ifndef WEIR_TEXT_POW10_TABLE_H
#define WEIR_TEXT_POW10_TABLE_H

#include <stdint.h>

#define WEIR_POW10_MIN (-342)
#define WEIR_POW10_MAX 324
/* [q - MIN] = {high, low} word of 10^q scaled to 128 bits with the top bit set: cut off (exact for
 * 0 <= q <= 55), but rounded up for -27 <= q < 0. */
extern const uint64_t weir_pow10_table[WEIR_POW10_MAX - WEIR_POW10_MIN + 1][2];

#endif
