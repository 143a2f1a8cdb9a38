/* Between charset.c, charset_guess.c and transcode.c: private to src/io. */
#ifndef WEIR_IO_CHARSET_H
#define WEIR_IO_CHARSET_H

#include "io/stream.h"

typedef enum weir_charset_kind {
    WEIR_CHARSET_UTF8,
    WEIR_CHARSET_UTF16_LE,
    WEIR_CHARSET_UTF16_BE,
    WEIR_CHARSET_UTF32_LE,
    WEIR_CHARSET_UTF32_BE,
    WEIR_CHARSET_UTF16, /* the mark in front says which */
    WEIR_CHARSET_UTF32,
    WEIR_CHARSET_TABLE, /* one byte a character */
    WEIR_CHARSET_ICONV  /* the C library's */
} weir_charset_kind;

typedef struct weir_charset {
    const char *name;
    weir_charset_kind kind;
    const uint16_t *table; /* TABLE: code points of the 256 bytes; 0xFFFF = none */
    const char *iconv;     /* ICONV: what the C library calls it */
} weir_charset;

/* Names in lower case, letters and digits only, with what they mean. */
typedef struct weir_charset_name {
    const char *name;
    const weir_charset *charset;
} weir_charset_name;

/* src/io/charset_tables.c; both end with a NULL name. */
extern const weir_charset weir_charset_tables[];
extern const weir_charset_name weir_charset_table_names[];

/* Longest name of an encoding. */
#define WEIR_CHARSET_NAME_MAX 40

/* The encoding of that name, in any case and with any signs between; *out holds it, *own is storage
 * for one that only the C library knows.  false = unknown. */
bool weir_charset_find(const char *name, char own[WEIR_CHARSET_NAME_MAX], weir_charset *out);

/* What else a text may be in: names with commas and "or". */
#define WEIR_CHARSET_OTHERS_MAX (3 * (WEIR_CHARSET_NAME_MAX + 4))

typedef struct weir_charset_found {
    weir_charset charset;
    char own[WEIR_CHARSET_NAME_MAX];      /* storage of a name */
    bool guessed;                         /* neither a mark nor valid UTF-8 said so */
    bool mixed;                           /* guessed, though some of it reads as UTF-8 */
    char others[WEIR_CHARSET_OTHERS_MAX]; /* not empty: it may as well be one of these */
} weir_charset_found;

/* What the beginning of a text is most likely written in: by its mark, by its NUL bytes, as UTF-8
 * when it is valid, else by how well it reads in each of the older encodings, else UTF-8.  whole:
 * p[0..n) is all there is. */
void weir_charset_guess(const uint8_t *p, size_t n, bool whole, weir_charset_found *out);

/* What a declared utf-16 becomes, and what is known by a mark. */
extern const weir_charset weir_charset_utf8, weir_charset_utf16le, weir_charset_utf16be,
    weir_charset_utf32le, weir_charset_utf32be;

#endif
