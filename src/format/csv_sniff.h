/* Finding out the dialect of a text.  Private to csv.
 *
 *   csv_cell.c    what a cell looks like        csv_score.c   how well a dialect fits a text
 *   csv_sniff.c   the best dialect              csv_shape.c   preamble, header, units
 *   csv_footer.c csv_tail.c  the end            csv_names.c   names of columns, found as text
 */
#ifndef WEIR_FORMAT_CSV_SNIFF_H
#define WEIR_FORMAT_CSV_SNIFF_H

#include "format/csv.h"

/* ---- cells --------------------------------------------------------------------------------- */

/* What a cell looks like; a column has the kind that all its cells have. */
typedef enum weir_csv_kind {
    WEIR_CSV_EMPTY, /* or a word for nothing, such as NA */
    WEIR_CSV_NUMBER,
    WEIR_CSV_TIME, /* a date, a time of day, or both */
    WEIR_CSV_BOOLEAN,
    WEIR_CSV_TEXT
} weir_csv_kind;

/* The kind of a text without its quotes; blanks around it do not count. */
weir_csv_kind weir_csv_kind_of(weir_slice text);
/* Whether a text is an address that no column is called by: of mail, of the web, of a host (IPv4),
 * a UUID; or JSON, or a line of a log that begins with a day. */
bool weir_csv_is_address(weir_slice text);
/* A whole number of one to nine digits, with nothing around it. */
bool weir_csv_small_number(weir_slice text, int64_t *out);
weir_slice weir_csv_trim(weir_slice text);

/* ---- records ------------------------------------------------------------------------------- */

/* A record of the sample. */
typedef struct weir_csv_record {
    uint32_t begin, end; /* in the sample; the line end not included */
    uint32_t next;
    uint32_t line;   /* 0-based, within the sample */
    uint32_t fields; /* 0: a blank line or a comment */
    bool comment, flawed;
    bool stray; /* its only flaw is a quote inside a field that does not begin with one */
} weir_csv_record;

/* A sample cut into records by one dialect. */
typedef struct weir_csv_sample {
    const uint8_t *data; /* as in a block: what stands around it can be read */
    size_t size;
    bool whole; /* the text ends with it */
    const weir_csv_dialect *dialect;
    weir_csv_record *records;
    size_t n, capacity;
    uint32_t *ends; /* room for the fields of one record */
    size_t ends_room;
} weir_csv_sample;

/* Cuts data[from..size) into at most max records.  A record that the end of the sample cuts is
 * left out, unless it is the only one.  s->records and s->ends are used again, and freed by
 * weir_csv_sample_clear. */
WEIR_MUST_USE weir_status weir_csv_sample_cut(weir_csv_sample *s, const weir_csv_dialect *d,
                                              size_t from, size_t max, weir_error *err);
void weir_csv_sample_clear(weir_csv_sample *s);
/* The fields of a record: *n slices' ends in s->ends; field i by weir_csv_sample_field, its quotes
 * taken off (escapes stay), *quoted whether it had some. */
WEIR_MUST_USE weir_status weir_csv_sample_fields(weir_csv_sample *s, const weir_csv_record *r,
                                                 uint32_t *n, weir_error *err);
weir_slice weir_csv_sample_field(const weir_csv_sample *s, const weir_csv_record *r, uint32_t i,
                                 bool *quoted);

/* ---- results ------------------------------------------------------------------------------- */

/* How well a dialect fits. */
typedef struct weir_csv_fit {
    double score;      /* 0 .. 1 */
    double constant;   /* share of the records that have the usual width */
    double typed;      /* share of the cells that are numbers, times or truth values */
    uint32_t width;    /* usual number of fields */
    uint32_t flawed;   /* records */
    uint32_t records;  /* in all */
    uint32_t before;   /* records in front of the first one of the usual width */
    uint32_t quoted;   /* fields */
    bool first_flawed; /* the first record */
} weir_csv_fit;

/* prior: what is not clear is taken for this delimiter. */
WEIR_MUST_USE weir_status weir_csv_fit_dialect(weir_csv_sample *s, uint8_t prior, weir_csv_fit *out,
                                               weir_error *err);

/* What was found out about a text. */
typedef struct weir_csv_found {
    weir_csv_dialect dialect;
    uint32_t skip;    /* lines */
    uint32_t header;  /* records */
    uint32_t units;   /* records */
    uint32_t width;   /* fields of a record; 0 = there is none */
    bool index_first; /* the header has one name less than there are columns: the first has none */
    bool contrast;    /* the header's cells are of other kinds than those below */
    bool footer_seen; /* the sample is the whole text: skip_footer is known */
    uint32_t skip_footer; /* lines */
} weir_csv_found;

/* The dialect of data[0..size), the beginning of a text without its byte order mark.  What config
 * declares is taken as it stands.  WEIR_DATA with a place when the text holds several tables. */
WEIR_MUST_USE weir_status weir_csv_sniff(const weir_read_request *request, uint8_t prior,
                                         const uint8_t *data, size_t size, bool whole,
                                         const char *name, weir_csv_found *out, weir_error *err);

/* The parts of it that ask what the records are. */
WEIR_MUST_USE weir_status weir_csv_find_shape(const weir_read_request *request, weir_csv_sample *s,
                                              weir_csv_found *found, const char *name,
                                              weir_error *err);

/* Where the footer of a text begins: the offset in data[0..size), which is the end of the text and
 * begins where a line begins; size when there is none.  lines: how many there must be, or
 * WEIR_CSV_FIND; *n how many there are. */
size_t weir_csv_footer(const weir_csv_dialect *d, uint32_t width, const uint8_t *data, size_t size,
                       int64_t lines, uint32_t *n);

/* What is looked at to find a footer, so that a stream of any length is read in bounded memory. */
#define WEIR_CSV_TAIL_BYTES ((size_t)16 << 10)

/* Bytes of the footer of data[begin..end), the end of a text; looks at its last bytes only. */
size_t weir_csv_tail_cut(const weir_csv_dialect *d, uint32_t width, const uint8_t *data,
                         size_t begin, size_t end, int64_t lines, uint32_t *n);

/* A stream without its footer. */
typedef struct weir_csv_tail {
    weir_stream *in;
    const weir_csv_dialect *dialect;
    uint32_t width;
    int64_t lines;   /* as in weir_csv_footer; 0 = nothing is held back */
    uint8_t *buffer; /* NULL: not needed */
    size_t begin, end;
    bool ended;       /* the stream has been read to its end */
    uint32_t n_lines; /* that were cut, once it has ended */
} weir_csv_tail;

/* Takes the end of what the head has read (or cuts the footer there, when that is all).  d is
 * borrowed. */
WEIR_MUST_USE weir_status weir_csv_tail_begin(weir_csv_tail *t, weir_stream *in,
                                              const weir_csv_dialect *d, uint32_t width,
                                              int64_t lines, weir_csv_head *head, weir_error *err);
/* Reads up to want bytes; fewer than that may come at any time.  *end: there are no more. */
WEIR_MUST_USE weir_status weir_csv_tail_read(weir_csv_tail *t, uint8_t *to, size_t want,
                                             size_t *got, bool *end, weir_error *err);
void weir_csv_tail_clear(weir_csv_tail *t);

/* The options that differ from the plainest csv (prior: from tsv), as lines of YAML. */
WEIR_MUST_USE bool weir_csv_found_text(const weir_csv_found *found,
                                       const weir_csv_read_config *config, uint8_t prior,
                                       weir_buf *out);

/* ---- names --------------------------------------------------------------------------------- */

/* Makes the names of a header good: blank ones are called column3 after their place, those that
 * stood before get _1, _2, ... behind them; strict: they are errors of line `line` of `source`. */
WEIR_MUST_USE weir_status weir_csv_names_settle(const char **names, uint32_t n, bool strict,
                                                const char *source, uint64_t line,
                                                weir_arena *arena, weir_error *err);

#endif
