/* UTF-8: proof, counting, cutting, case.
 *
 * All functions take bytes and a length, and may be called from any thread.  Positions and lengths
 * in characters are Unicode code points.  Functions that say "valid" rely on bytes proven by
 * weir_utf8_valid; on other bytes they give a wrong answer but never read outside.
 */
#ifndef WEIR_TEXT_UTF8_H
#define WEIR_TEXT_UTF8_H

#include "base/mem.h"

/* Whether all n bytes are well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, nothing
 * overlong, nothing above U+10FFFF).  NUL is a character like any other. */
bool weir_utf8_valid(const char *p, size_t n);
/* The length of the longest valid prefix that ends at a character boundary: n when all is valid,
 * else the offset of the first byte of the ill-formed sequence. */
size_t weir_utf8_valid_prefix(const char *p, size_t n);
/* Whether all bytes are below 0x80. */
bool weir_utf8_is_ascii(const char *p, size_t n);

/* Decodes one character at p; n >= 1.  Returns its length 1..4 and stores it, or returns 0 when it
 * is ill-formed or cut off. */
size_t weir_utf8_decode(const char *p, size_t n, uint32_t *code_point);
/* Writes 1..4 bytes; 0 when it is a surrogate or above U+10FFFF. */
size_t weir_utf8_encode(uint32_t code_point, char out[4]);

/* ---- on valid text ------------------------------------------------------------------------- */

/* Number of characters. */
size_t weir_utf8_count(const char *p, size_t n);
/* The byte offset of character number `index` (0-based), n when there are no more. */
size_t weir_utf8_offset(const char *p, size_t n, size_t index);
/* SQL's substring: characters start..start+length-1, 1-based; start may be below 1 (those places
 * are empty but count).  length < 0 = all that follows. */
weir_slice weir_utf8_substring(weir_slice s, int64_t start, int64_t length);
/* The longest prefix of at most max_bytes bytes that ends at a character boundary. */
size_t weir_utf8_clip(const char *p, size_t n, size_t max_bytes);

/* Simple case mapping of one character, to one character; itself when it has none. */
uint32_t weir_utf8_upper(uint32_t code_point);
uint32_t weir_utf8_lower(uint32_t code_point);
uint32_t weir_utf8_title(uint32_t code_point);
/* Whether the character has the property White_Space. */
bool weir_utf8_is_space(uint32_t code_point);
/* Whether the character is a letter or a number (general category L* or N*), or a mark (M*). */
bool weir_utf8_is_word(uint32_t code_point);

/* Whole texts.  out has room for weir_utf8_case_max(n) bytes and may not overlap p; returns the
 * bytes written.  initcap: first character of each word (run of weir_utf8_is_word) in title case,
 * the others in lower case.  Simple mappings only: "ß" stays. */
static inline size_t weir_utf8_case_max(size_t n) {
    return n + n / 2 + 4;
}
size_t weir_utf8_to_upper(const char *p, size_t n, char *out);
size_t weir_utf8_to_lower(const char *p, size_t n, char *out);
size_t weir_utf8_to_initcap(const char *p, size_t n, char *out);

/* White space cut off; the result points into s. */
weir_slice weir_utf8_trim(weir_slice s);
weir_slice weir_utf8_trim_left(weir_slice s);
weir_slice weir_utf8_trim_right(weir_slice s);

#endif
