/* JSON (RFC 8259), strict: a pull tokenizer, a small tree for documents that fit in memory, a
 * writer, and the fast scanners that the NDJSON reader and writer share.
 *
 * Numbers are never converted on the way: a token keeps the exact text.  Texts must be UTF-8; the
 * tokenizer and the tree prove it, the fast scanners leave it to the caller, who proves whole
 * blocks at once.
 */
#ifndef WEIR_TEXT_JSON_H
#define WEIR_TEXT_JSON_H

#include "base/mem.h"

#define WEIR_JSON_DEPTH_DEFAULT 64
#define WEIR_JSON_DEPTH_MAX 1024

/* ---- tree ---------------------------------------------------------------------------------- */

typedef enum weir_json_kind {
    WEIR_JSON_NULL,
    WEIR_JSON_FALSE,
    WEIR_JSON_TRUE,
    WEIR_JSON_NUMBER,
    WEIR_JSON_STRING,
    WEIR_JSON_ARRAY,
    WEIR_JSON_OBJECT
} weir_json_kind;

/* A value in the caller's arena. */
typedef struct weir_json {
    weir_json_kind kind;
    uint32_t line, column; /* 1-based; column in bytes */
    size_t byte;           /* 0-based offset in the document */
    weir_slice key;        /* member of an object: its name, unescaped and terminated */
    weir_slice text;       /* STRING: unescaped and terminated (may hold NUL); NUMBER: as written */
    size_t n;              /* ARRAY, OBJECT: number of children */
    struct weir_json *first, *next; /* children; next sibling */
} weir_json;

typedef struct weir_json_limits {
    size_t max_bytes;      /* 0 = 64 MiB */
    size_t max_values;     /* 0 = 1,000,000; a value takes about 100 bytes of the arena */
    uint32_t max_depth;    /* 0 = WEIR_JSON_DEPTH_DEFAULT; at most WEIR_JSON_DEPTH_MAX */
    bool duplicates_last;  /* a repeated name replaces the earlier value; default: an error */
    bool duplicates_first; /* a repeated name is dropped */
} weir_json_limits;

/* Parses one document: a value with white space around it, nothing else.  A BOM is an error (RFC
 * 8259, section 8.1).  limits NULL = defaults.  The tree and all its texts live in arena. WEIR_DATA
 * with line, column and byte; WEIR_RESOURCE. */
WEIR_MUST_USE weir_status weir_json_parse(const char *text, size_t size,
                                          const weir_json_limits *limits, weir_arena *arena,
                                          const weir_json **out, weir_error *err);
/* Member of an object; NULL when v is NULL, no object, or has no such member. */
const weir_json *weir_json_get(const weir_json *v, const char *name);
/* Member by a path of names and array positions: "a.b.0"; a name with a dot cannot be reached. */
const weir_json *weir_json_path(const weir_json *v, const char *path);
/* i-th child of an array or object, or NULL. */
const weir_json *weir_json_at(const weir_json *v, size_t i);
/* Each false (*out untouched) when v is NULL, of another kind, or does not fit exactly. */
bool weir_json_int(const weir_json *v, int64_t *out);   /* 1, -5, 1e3, 2.0 */
bool weir_json_double(const weir_json *v, double *out); /* nearest double, finite */
bool weir_json_bool(const weir_json *v, bool *out);
/* Text of a STRING (terminated), else NULL. */
const char *weir_json_string(const weir_json *v);

/* ---- pull tokenizer ------------------------------------------------------------------------ */

typedef enum weir_json_event {
    WEIR_JSON_AT_VALUE, /* null, true, false, number, string: token.kind */
    WEIR_JSON_AT_KEY,   /* name of a member */
    WEIR_JSON_AT_OPEN,  /* [ or {: token.kind */
    WEIR_JSON_AT_CLOSE, /* ] or } */
    WEIR_JSON_AT_END    /* the document is complete */
} weir_json_event;

typedef struct weir_json_token {
    weir_json_event event;
    weir_json_kind kind;
    const char *begin; /* in the document: the token as written; strings without their quotes */
    size_t size;
    bool escaped; /* string or name holds escapes: use weir_json_unescape */
} weir_json_token;

/* Caller's storage; zeroed by _init; owns nothing. */
typedef struct weir_json_reader {
    const char *begin, *at, *end;
    uint32_t depth, max_depth;
    uint8_t state;
    uint64_t nesting[WEIR_JSON_DEPTH_MAX / 64]; /* bit d: level d is an object */
} weir_json_reader;

/* Reads text, which must stay; checks that it is UTF-8.  max_depth 0 = default. */
WEIR_MUST_USE weir_status weir_json_reader_init(weir_json_reader *r, const char *text, size_t size,
                                                uint32_t max_depth, weir_error *err);
/* The next token.  After WEIR_JSON_AT_END always AT_END.  WEIR_DATA with line, column, byte. */
WEIR_MUST_USE weir_status weir_json_next(weir_json_reader *r, weir_json_token *token,
                                         weir_error *err);
/* After AT_OPEN: goes behind the matching close; *raw (may be NULL) the whole value as written.
 * After AT_KEY: skips the value of the member. */
WEIR_MUST_USE weir_status weir_json_reader_skip(weir_json_reader *r, weir_slice *raw,
                                                weir_error *err);

/* ---- writer -------------------------------------------------------------------------------- */

typedef enum weir_json_utf8 {
    WEIR_JSON_UTF8_TRUST,   /* proven before */
    WEIR_JSON_UTF8_REPLACE, /* each bad byte becomes U+FFFD; *replaced tells */
    WEIR_JSON_UTF8_REFUSE   /* false */
} weir_json_utf8;

/* Bytes that quoting n bytes can take at most, quotes included; 0 when that overflows. */
size_t weir_json_quote_max(size_t n);
/* Writes "..." to out (room weir_json_quote_max(n)); input is trusted to be UTF-8.  Escapes ",
 * \ and control characters (short forms where there are), nothing else.  Returns the end. */
char *weir_json_quote(char *out, const char *s, size_t n);
/* Appends a quoted string.  false: out of memory, or bad UTF-8 with REFUSE (*replaced then true).
 * replaced may be NULL. */
WEIR_MUST_USE bool weir_json_put_string(weir_buf *b, const char *s, size_t n, weir_json_utf8 utf8,
                                        bool *replaced);
WEIR_MUST_USE bool weir_json_put_int(weir_buf *b, int64_t v);
/* Shortest text that reads back; NaN and infinity give null. */
WEIR_MUST_USE bool weir_json_put_double(weir_buf *b, double v);
/* Compact text of a tree; numbers as they were written. */
WEIR_MUST_USE bool weir_json_put(weir_buf *b, const weir_json *v);

/* A writer that sets commas itself:
 *     weir_json_writer w = {.out = &buf};
 *     weir_json_open(&w, '{'); weir_json_key(&w, "n"); weir_json_write_int(&w, 1);
 *     weir_json_close(&w, '}'); if (w.failed) ...
 * failed stays set: out of memory, or more than WEIR_JSON_DEPTH_MAX levels. */
typedef struct weir_json_writer {
    weir_buf *out;
    uint32_t depth;
    bool failed, after_key;
    uint64_t filled[WEIR_JSON_DEPTH_MAX / 64]; /* bit d: level d has a child already */
} weir_json_writer;
void weir_json_open(weir_json_writer *w, char bracket); /* '{' or '[' */
void weir_json_close(weir_json_writer *w, char bracket);
void weir_json_key(weir_json_writer *w, const char *name);
void weir_json_key_n(weir_json_writer *w, const char *name, size_t n);
void weir_json_write_string(weir_json_writer *w, const char *s);             /* NULL = null */
void weir_json_write_string_n(weir_json_writer *w, const char *s, size_t n); /* bad UTF-8: U+FFFD */
void weir_json_write_int(weir_json_writer *w, int64_t v);
void weir_json_write_uint(weir_json_writer *w, uint64_t v);
void weir_json_write_double(weir_json_writer *w, double v);
void weir_json_write_bool(weir_json_writer *w, bool v);
void weir_json_write_null(weir_json_writer *w);
void weir_json_write_raw(weir_json_writer *w, const char *json, size_t n); /* trusted JSON text */

/* ---- fast scanners ------------------------------------------------------------------------- */

/* All take [p, end) and never read at or behind end, unless they say otherwise. */

/* Finds the first '"', '\\' or control character (< 0x20); end when there is none.  For short
 * strings in padded memory text/json_scan.h has an inline form. */
const char *weir_json_find_special(const char *p, const char *end);

/* p stands behind an opening quote.  Returns the closing quote, or NULL when the string is cut off
 * or holds a control character.  *escaped is set when there are backslashes (escapes are not
 * checked: weir_json_unescape does). */
const char *weir_json_string_end(const char *p, const char *end, bool *escaped);

/* Unescapes the inside of a string.  out needs room for size bytes (never longer than the input).
 * Returns the length, or -1: bad escape, lone surrogate; *at (may be NULL) the offset of the fault.
 */
ptrdiff_t weir_json_unescape(const char *s, size_t size, char *out, size_t *at);

typedef enum weir_json_number_kind {
    WEIR_JSON_NUMBER_INT,     /* -?digits */
    WEIR_JSON_NUMBER_DECIMAL, /* with a fraction, no exponent */
    WEIR_JSON_NUMBER_EXPONENT /* with an exponent */
} weir_json_number_kind;
/* Checks the number at p and returns its end, or NULL when it is none (01, +1, .5, 1., 1e, -). */
const char *weir_json_number_end(const char *p, const char *end, weir_json_number_kind *kind);

/* weir_json_string_end that also checks each escape.  Returns the closing quote, or NULL with *at
 * the place of the fault and *why static text. */
const char *weir_json_string_check(const char *p, const char *end, bool *escaped, const char **at,
                                   const char **why);
/* Why no name begins at p: static text. */
const char *weir_json_name_fault(const char *p, const char *end);
/* Checks null, true, false or a number at p (what follows it is not looked at).  Returns its end,
 * or NULL with *at and *why. */
const char *weir_json_scalar_check(const char *p, const char *end, weir_json_kind *kind,
                                   const char **at, const char **why);

static inline const char *weir_json_skip_space(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++;
    return p;
}
/* p stands at the first byte of a value.  Checks the value fully (syntax, escapes, depth) and
 * returns its end, or NULL with *at (may be NULL) the place of the fault and *why static text. */
const char *weir_json_skip(const char *p, const char *end, uint32_t max_depth, const char **at,
                           const char **why);

#endif
