/* Records that are lines, or groups of lines: what the formats text and fixed share.
 *
 *   lines_cut.c   stream -> chunks of whole records
 *   lines_read.c  chunks -> batches and evidence; a format only says where the values of a record
 * are
 *
 * A line ends with LF or CR LF (with a lone CR where the beginning of the file has no LF).  Private
 * to src/format.
 */
#ifndef WEIR_FORMAT_LINES_H
#define WEIR_FORMAT_LINES_H

#include "format/csv_value.h"
#include "format/format.h"
#include "format/infer.h"
#include "text/regex.h"

/* Bytes in front of the data of a block, as the kernels of csv need them. */
#define WEIR_LINES_FRONT 64u
/* Bytes at the beginning of a split that a format may look at before it is cut. */
#define WEIR_LINES_HEAD_BYTES ((size_t)64 << 10)
/* Bytes of a line that are looked at to tell whether a record begins with it; fewer when records
 * may only be small. */
#define WEIR_LINES_START_BYTES 4096u

/* ---- records ------------------------------------------------------------------------------- */

/* What makes a record.  Zeroed: each line. */
typedef struct weir_line_rule {
    const weir_regex
        *start;           /* a record begins with a line in which this occurs; NULL = each line */
    bool continues;       /* the other way round: lines in which `start` occurs go on with one */
    uint32_t start_bytes; /* weir_line_start_bytes */
    uint32_t max_lines;   /* of a record; longer ones fail; 0 = any */
    bool keep_blank;      /* blank lines are records; else they are passed over */
} weir_line_rule;

uint32_t weir_line_start_bytes(const weir_read_request *request);

/* Takes the records of a chunk apart. */
typedef struct weir_line_records {
    const weir_line_rule *rule;
    const uint8_t *data;
    uint32_t at, end;
    uint8_t eol;
    bool whole; /* the chunk is one record that was cut off */
} weir_line_records;
void weir_line_records_begin(weir_line_records *r, const weir_line_rule *rule, uint8_t eol,
                             const weir_chunk *chunk);
/* The next record without its line end, and its number of lines.  false = no more. */
bool weir_line_records_next(weir_line_records *r, uint32_t *begin, uint32_t *end, uint32_t *lines);
/* Line ends in data[from .. to), as addresses count them: LF, CR LF and lone CR. */
uint32_t weir_line_count(const uint8_t *data, uint32_t from, uint32_t to);

/* ---- cutting ------------------------------------------------------------------------------- */

typedef struct weir_lines weir_lines;

/* Reads the head of `in`, which stays the caller's; a byte order mark is passed over. */
WEIR_MUST_USE weir_status weir_lines_new(const weir_read_request *request, weir_stream *in,
                                         weir_lines **out, weir_error *err);
void weir_lines_free(weir_lines *l);
/* The bytes of the head that were not passed over, and whether they are all there is. */
weir_slice weir_lines_head(const weir_lines *l, bool *whole);
/* How lines end: '\n' or '\r'. */
uint8_t weir_lines_eol(const weir_lines *l);
/* Passes over the next line; *line (may be NULL) is it, without its end, as long as l lives.  *got
 * false: there is none.  WEIR_DATA when it does not end within the head. */
WEIR_MUST_USE weir_status weir_lines_skip(weir_lines *l, weir_slice *line, bool *got,
                                          weir_error *err);
/* What the chunks carry; rule and layout must be set before the first is cut.  Takes over layout.
 */
void weir_lines_set(weir_lines *l, const weir_line_rule *rule, weir_layout *layout);
weir_layout *weir_lines_layout(weir_lines *l); /* borrowed */
WEIR_MUST_USE weir_status weir_lines_next(weir_lines *l, weir_chunk *out, bool *end,
                                          weir_error *err);
/* The slots of weir_read_ops for formats whose cutter is a weir_lines. */
weir_layout *weir_lines_cutter_layout(weir_cutter *c);
WEIR_MUST_USE weir_status weir_lines_cutter_next(weir_cutter *c, weir_chunk *out, bool *end,
                                                 weir_error *err);
void weir_lines_cutter_free(weir_cutter *c);

/* ---- values -------------------------------------------------------------------------------- */

/* The start of a value that is not there. */
#define WEIR_LINE_NULL UINT32_MAX

/* Up to 64 records of a chunk, and where their values are. */
typedef struct weir_line_group {
    const uint8_t *data;
    uint32_t n;
    uint32_t begin[64], end[64], lines[64];
    uint32_t n_columns;
    uint32_t *start, *stop; /* value of column c in record r: [c * 64 + r] */
    uint64_t *aside;        /* a bit a record, by column: the value stands in `side` */
    weir_block *side;       /* made when it is needed; NULL = no value stands there */
    weir_ledger *ledger;
    const weir_read_request *request;
    uint64_t drop;                     /* records to leave out without a reject */
    uint64_t fail;                     /* records that cannot be read: */
    const char *rule[64], *reason[64]; /* static, or as long as the layout */
} weir_line_group;

/* Adds size bytes to the group's side block; where they begin. */
WEIR_MUST_USE weir_status weir_line_group_side(weir_line_group *g, size_t size, uint32_t *at,
                                               weir_error *err);

/* How a column that is not declared is written. */
typedef struct weir_line_column {
    const weir_type *type;  /* NULL = inferred */
    const char *format;     /* of times, or NULL */
    weir_opt_strings nulls; /* words that mean null */
    bool trim;              /* blanks around are no part of the value */
    bool empty_null;        /* of a text */
} weir_line_column;

/* What a format tells of its layout: the private data of its weir_layout begins with this. */
typedef struct weir_line_layout {
    weir_line_rule rule;
    uint8_t eol;
    bool cuts_bytes; /* a value may begin or end inside a character */
    uint32_t n_columns;
    const weir_line_column *columns; /* as many as the layout has names */
    /* Fills in the values of g's records.  all: of every column. */
    weir_status (*split)(const struct weir_line_layout *layout, weir_line_group *g,
                         weir_error *err);
    /* For records that name their own fields: the names of the wanted columns, by number; NULL =
     * the layout's names. */
    weir_status (*split_named)(const struct weir_line_layout *layout, weir_line_group *g,
                               const char *const *names, weir_error *err);
    weir_status (*infer_named)(const struct weir_line_layout *layout, weir_line_group *g,
                               const weir_address *at, struct weir_inference *into,
                               weir_error *err);
} weir_line_layout;

WEIR_MUST_USE weir_status weir_lines_infer(const weir_read_request *request,
                                           const weir_chunk *chunk, struct weir_inference *into,
                                           weir_error *err);
WEIR_MUST_USE weir_status weir_lines_decoder_new(const weir_read_request *request,
                                                 weir_schema *schema, weir_ctx *ctx,
                                                 weir_decoder **out, weir_error *err);
WEIR_MUST_USE weir_status weir_lines_decoder_begin(weir_decoder *d, const weir_chunk *chunk,
                                                   weir_error *err);
WEIR_MUST_USE weir_status weir_lines_decoder_next(weir_decoder *d, weir_ctx *ctx, weir_batch **out,
                                                  weir_error *err);
void weir_lines_decoder_free(weir_decoder *d);

#endif
