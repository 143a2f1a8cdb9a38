/* Bytes as text: hexadecimal, base64, percent-encoding, UUIDs.
 *
 * Output goes into memory of the caller, without terminator; functions that decode return false (or
 * SIZE_MAX) on text that is not of the form, having written at most the documented maximum.  Any
 * thread.
 */
#ifndef WEIR_TEXT_ENCODE_H
#define WEIR_TEXT_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower-case hexadecimal, 2 * n bytes into out; returns 2 * n. */
size_t weir_hex_encode(const void *p, size_t n, char *out);
/* Both cases; n / 2 bytes into out (may be the same memory as p); SIZE_MAX when odd or not hex. */
size_t weir_hex_decode(const char *p, size_t n, void *out);

typedef enum weir_base64 {
    WEIR_BASE64,    /* RFC 4648 section 4: + / and padding */
    WEIR_BASE64_URL /* section 5: - _ and no padding */
} weir_base64;
/* Bytes that encoding n bytes needs at most. */
static inline size_t weir_base64_max(size_t n) {
    return n / 3 * 4 + 4;
}
size_t weir_base64_encode(const void *p, size_t n, weir_base64 kind, char *out);
/* At most n / 4 * 3 + 3 bytes into out.  Padding may be missing, but what is there must be right;
 * unused low bits must be zero; blanks and line ends are not allowed.  SIZE_MAX when malformed. */
size_t weir_base64_decode(const char *p, size_t n, weir_base64 kind, void *out);

/* Percent-encoding of everything but A-Z a-z 0-9 - . _ ~ (RFC 3986's unreserved characters) and the
 * bytes in `keep` (NULL = none).  At most 3 * n bytes into out. */
size_t weir_url_encode(const char *p, size_t n, const char *keep, char *out);
/* At most n bytes into out (may be p).  A bad escape gives SIZE_MAX.  plus: '+' is a blank, as in
 * forms. */
size_t weir_url_decode(const char *p, size_t n, bool plus, char *out);

#define WEIR_UUID_TEXT_BYTES 36
/* 8-4-4-4-12 hexadecimal digits in lower case. */
void weir_uuid_format(const uint8_t uuid[16], char out[WEIR_UUID_TEXT_BYTES]);
/* Hexadecimal digits of either case with hyphens after every or any group of four digits, or none,
 * in braces or not, as PostgreSQL reads them. */
bool weir_uuid_parse(const char *p, size_t n, uint8_t uuid[16]);

#endif
