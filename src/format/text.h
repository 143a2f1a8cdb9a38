/* Text: lines, or groups of lines, as records.  Not for other folders; they see `weir_format_text`
 * through format.h.
 *
 *   text.c          options, the layout of a split, the format object
 *   text_pattern.c  regular expressions with named parts -> columns
 *   text_table.c    the table of named patterns
 *   text_logfmt.c   key=value lines
 *   text_write.c    batches -> lines
 */
#ifndef WEIR_FORMAT_TEXT_H
#define WEIR_FORMAT_TEXT_H

#include "format/lines.h"

extern const weir_format weir_format_text;

/* ---- options ------------------------------------------------------------------------------- */

typedef enum weir_text_unmatched {
    WEIR_TEXT_REJECT,
    WEIR_TEXT_KEEP,
    WEIR_TEXT_DROP
} weir_text_unmatched;

typedef struct weir_text_multiline {
    const char *start, *go_on;
    int64_t max_lines;
} weir_text_multiline;

typedef struct weir_text_read_config {
    const char *pattern; /* NULL: one column */
    weir_text_multiline multiline;
    int unmatched; /* weir_text_unmatched */
    int64_t skip;
} weir_text_read_config;

typedef struct weir_text_write_config {
    const char *template;
} weir_text_write_config;

/* The column of whole records. */
#define WEIR_TEXT_LINE "line"

/* ---- patterns ------------------------------------------------------------------------------ */

/* A piece of a pattern that others name in %{...}; text may name others. */
typedef struct weir_text_piece {
    const char *name, *text;
    weir_type_id type;  /* of a column that it alone fills; 0 = inferred */
    const char *format; /* of times */
} weir_text_piece;
extern const weir_text_piece weir_text_pieces[]; /* ends with a NULL name */

/* What is known of a column of a whole pattern. */
typedef struct weir_text_field {
    const char *name;
    weir_type_id type; /* 0 = inferred */
    const char *format;
    const char *null; /* word that means null */
} weir_text_field;

/* A whole pattern by name. */
typedef struct weir_text_pattern {
    const char *name, *text;
    const weir_text_field *fields; /* ends with a NULL name */
    const char *help;
} weir_text_pattern;
extern const weir_text_pattern weir_text_patterns[]; /* ends with a NULL name */

/* A compiled pattern: the layout of the lines, and how they are taken apart.  Immutable. */
typedef struct weir_text_layout {
    weir_line_layout lines;
    weir_arena arena;
    weir_regex *regex, *start;
    uint32_t *groups; /* of each column */
    uint32_t n_spans; /* to ask for */
    const char **names;
    weir_line_column *columns;
    int unmatched;
} weir_text_layout;

/* Compiles config's pattern (a regular expression, one with %{NAME:column:type} parts, or a name)
 * into the layout.  WEIR_USAGE when it is wrong. */
WEIR_MUST_USE weir_status weir_text_compile(weir_text_layout *layout, const char *pattern,
                                            weir_error *err);
/* Compiles a regular expression with %{NAME} parts. */
WEIR_MUST_USE weir_status weir_text_regex(const char *pattern, unsigned flags, weir_arena *arena,
                                          weir_regex **out, weir_error *err);
/* split of weir_line_layout. */
WEIR_MUST_USE weir_status weir_text_split(const weir_line_layout *layout, weir_line_group *g,
                                          weir_error *err);
WEIR_MUST_USE weir_status weir_text_split_line(const weir_line_layout *layout, weir_line_group *g,
                                               weir_error *err);
/* The name of the pattern that most of the first lines in data are written by; NULL = none.  *all:
 * whether each of them is. */
WEIR_MUST_USE weir_status weir_text_known(const char *data, size_t size, const char **name,
                                          bool *all, weir_error *err);
/* Marks the records that are not UTF-8 as failed. */
void weir_text_check_utf8(weir_line_group *g);

/* ---- logfmt -------------------------------------------------------------------------------- */

WEIR_MUST_USE weir_status weir_text_logfmt_split(const weir_line_layout *layout, weir_line_group *g,
                                                 const char *const *names, weir_error *err);
WEIR_MUST_USE weir_status weir_text_logfmt_infer(const weir_line_layout *layout, weir_line_group *g,
                                                 const weir_address *at,
                                                 struct weir_inference *into, weir_error *err);

extern const weir_write_ops weir_text_write_ops;

#endif
