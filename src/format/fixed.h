/* Fixed width: values by their place in the line.  Not for other folders; they see
 * `weir_format_fixed` through format.h.
 *
 *   fixed.c       options, the layout of a split, the format object
 *   fixed_head.c  finds columns and header in the beginning of a file
 */
#ifndef WEIR_FORMAT_FIXED_H
#define WEIR_FORMAT_FIXED_H

#include "format/lines.h"

extern const weir_format weir_format_fixed;

typedef struct weir_fixed_field {
    const char *name;
    int64_t start; /* from 1; 0 = behind the field before */
    int64_t width; /* 0 = up to the end of the line */
} weir_fixed_field;

typedef enum weir_fixed_header {
    WEIR_FIXED_HEADER_AUTO,
    WEIR_FIXED_HEADER_TRUE,
    WEIR_FIXED_HEADER_FALSE
} weir_fixed_header;
enum { WEIR_FIXED_TRIM_BOTH, WEIR_FIXED_TRIM_LEFT, WEIR_FIXED_TRIM_RIGHT, WEIR_FIXED_TRIM_NONE };

typedef struct weir_fixed_read_config {
    weir_opt_list fields; /* of weir_fixed_field */
    weir_opt_strings widths;
    int header; /* weir_fixed_header */
    int units;  /* 0 characters, 1 bytes */
    int trim;
    int short_lines; /* 0 null, 1 reject */
    int64_t skip;
    weir_opt_strings null_words;
    bool null_given;
} weir_fixed_read_config;

/* Where a column stands, in units from 0; end UINT32_MAX = the end of the line. */
typedef struct weir_fixed_place {
    uint32_t begin, end;
} weir_fixed_place;

#define WEIR_FIXED_MAX_COLUMNS 4096u

/* What the beginning of a file shows. */
typedef struct weir_fixed_found {
    weir_fixed_place places[WEIR_FIXED_MAX_COLUMNS];
    uint32_t n;
    bool header; /* the first line names the columns */
    bool ruled;  /* and the second one is a rule of dashes */
} weir_fixed_found;

/* Looks for columns of blanks that all lines of text share.  false: fewer than two columns, or too
 * few lines to tell.  bytes: units are bytes, else characters. */
bool weir_fixed_find(weir_slice text, bool whole, uint8_t eol, bool bytes, int header,
                     weir_fixed_found *out);
/* Whether the first line of text is a rule: two runs of dashes at least, and blanks. */
bool weir_fixed_is_rule(weir_slice text, bool whole, uint8_t eol);
/* Bytes of a line in front of unit number `at`, its size when it is shorter. */
size_t weir_fixed_offset(weir_slice line, uint32_t at, bool bytes);
/* Without blanks at both ends. */
weir_slice weir_fixed_trim(weir_slice s);

#endif
