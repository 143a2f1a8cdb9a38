/* Latin letters without their marks, and the characters that HTML gives names. */
#ifndef WEIR_TEXT_UNACCENT_H
#define WEIR_TEXT_UNACCENT_H

#include <stddef.h>
#include <stdint.h>

typedef struct weir_unaccent_row {
    uint32_t code;
    char text[3]; /* one or two letters of ASCII */
} weir_unaccent_row;
typedef struct weir_entity_row {
    char name[9];
    uint32_t code;
} weir_entity_row;

/* Both in ascending order; made by tools/gen_unaccent.py. */
extern const uint32_t weir_unaccent_size, weir_entity_size;
extern const weir_unaccent_row weir_unaccent_rows[];
extern const weir_entity_row weir_entity_rows[];

/* A text without accents: "é" is e, "ß" ss, "ø" o; combining marks (U+0300 to U+036F) go; all other
 * characters stay.  out has room for n bytes and may be p; returns the bytes written. */
size_t weir_unaccent(const char *p, size_t n, char *out);
/* The character of `&name;` or `&#number;` without & and ;, or 0. */
uint32_t weir_entity_find(const char *name, size_t n);

#endif
