/* Private to src/text: the vector form of the UTF-8 proof. */
#ifndef WEIR_TEXT_UTF8_SIMD_H
#define WEIR_TEXT_UTF8_SIMD_H

#include <stddef.h>

#if defined(__x86_64__)
/* n when all is valid; else an offset at a character boundary before which all is valid and not
 * more than 67 bytes before the first fault.  Needs AVX2; reads exactly n bytes. */
size_t weir_utf8_valid_until_avx2(const char *p, size_t n);
#endif

#endif
