/* Regular expressions: PCRE2 with just-in-time compilation and limits.
 *
 * A weir_regex is immutable after weir_regex_new and may be used by any number of threads at once;
 * what a match needs besides is kept per thread and freed when the thread ends.  Text must be valid
 * UTF-8 (the readers prove it) unless WEIR_REGEX_BYTES is given.  $ without WEIR_REGEX_MULTILINE is
 * the very end, not the place before a last line end.
 */
#ifndef WEIR_TEXT_REGEX_H
#define WEIR_TEXT_REGEX_H

#include "base/mem.h"

typedef struct weir_regex weir_regex;

enum {
    WEIR_REGEX_CASELESS = 1,
    WEIR_REGEX_BYTES = 2,     /* pattern and text are bytes, not UTF-8 */
    WEIR_REGEX_MULTILINE = 4, /* ^ and $ also at line ends */
    WEIR_REGEX_DOTALL = 8,    /* . also matches line ends */
    WEIR_REGEX_LITERAL = 16,  /* the pattern is plain text */
    WEIR_REGEX_FULL = 32,     /* the whole text must match */
    WEIR_REGEX_UNICODE = 64   /* \d \w \s \b know all of Unicode, not ASCII only (slower) */
};

typedef enum weir_regex_result {
    WEIR_REGEX_MATCH = 0,
    WEIR_REGEX_NOMATCH,
    WEIR_REGEX_LIMIT, /* too costly for this text: more than WEIR_REGEX_MATCH_LIMIT steps */
    WEIR_REGEX_ERROR  /* out of memory, or the output is full */
} weir_regex_result;

#define WEIR_REGEX_MATCH_LIMIT 1000000
#define WEIR_REGEX_MAX_PATTERN_BYTES 65536
#define WEIR_REGEX_MAX_GROUPS 99

/* Compiles a pattern of n bytes.  A wrong pattern is WEIR_USAGE, err->column = 1-based byte of the
 * pattern at which it is wrong. */
WEIR_MUST_USE weir_status weir_regex_new(const char *pattern, size_t n, unsigned flags,
                                         weir_regex **out, weir_error *err);
void weir_regex_free(weir_regex *re); /* NULL is legal */
/* Number of capturing groups, without group 0. */
uint32_t weir_regex_groups(const weir_regex *re);
/* Number of the group of that name, or -1. */
int weir_regex_group(const weir_regex *re, const char *name);
/* The name of a capturing group; NULL when it has none.  Lives as long as re. */
const char *weir_regex_group_name(const weir_regex *re, uint32_t group);

/* Whether the pattern occurs in the text. */
weir_regex_result weir_regex_match(const weir_regex *re, const char *p, size_t n);

/* A piece of the text; start > end = this group took no part. */
typedef struct weir_regex_span {
    size_t start, end; /* bytes */
} weir_regex_span;
/* The first match at or behind byte `from`; fills spans[0..n_spans-1] (0 = the whole match). */
weir_regex_result weir_regex_find(const weir_regex *re, const char *p, size_t n, size_t from,
                                  weir_regex_span *spans, uint32_t n_spans);
/* The text of a group of the first match; out->data is NULL when the group took no part. */
weir_regex_result weir_regex_extract(const weir_regex *re, const char *p, size_t n, uint32_t group,
                                     weir_slice *out);
/* Number of matches that do not overlap. MATCH when there is one at least. */
weir_regex_result weir_regex_count(const weir_regex *re, const char *p, size_t n, size_t *count);
/* Appends the text with the first match (all: every match) replaced.  In the replacement \1..\9
 * stand for groups, \& for the whole match, \\ for a backslash, as in PostgreSQL.  NOMATCH: the
 * text was appended as it is.  On LIMIT and ERROR out->size is as before. */
weir_regex_result weir_regex_replace(const weir_regex *re, const char *p, size_t n,
                                     weir_slice replacement, bool all, weir_buf *out);

#endif
