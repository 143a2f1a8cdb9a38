/* JSON: what its files share.  Not for other folders; they see `weir_format_ndjson` and
 * `weir_format_json` through format.h.
 *
 * Spec: RFC 8259, strictly; one record a line (ndjson), or documents of which an array at the top
 * is taken apart into its elements (json).
 *
 *   json.c        options and the format objects
 *   json_walk.c   finds where a value ends without looking into it, across blocks; counts lines
 *   json_cut.c    stream -> chunks
 *   json_path.c   the same where record_path leads to the records
 *   json_read.c   chunks -> batches: life of a decoder, names, origins
 *   json_record.c one record -> one row: the hot loop      json_value.c  its exact path
 *   json_flatten.c members of nested objects as columns of their own
 *   json_nested.c texts of nested values -> list, struct and map columns
 *   json_repeat.c names that stand twice in what is kept as text
 *   json_infer.c  values -> evidence of types
 *   json_write.c  batches -> bytes
 */
#ifndef WEIR_FORMAT_JSON_H
#define WEIR_FORMAT_JSON_H

#include "format/format.h"

extern const weir_format weir_format_ndjson;
extern const weir_format weir_format_json;

/* ---- options ------------------------------------------------------------------------------- */

typedef enum weir_json_repeated {
    WEIR_JSON_REPEATED_REJECT,
    WEIR_JSON_REPEATED_FIRST,
    WEIR_JSON_REPEATED_LAST
} weir_json_repeated;

typedef enum weir_json_nesting {
    WEIR_JSON_NESTED_JSON,
    WEIR_JSON_NESTED_STRUCT,
    WEIR_JSON_NESTED_FLATTEN
} weir_json_nesting;

typedef struct weir_json_read_config {
    bool lines;              /* set by the format: ndjson */
    int repeated;            /* weir_json_repeated */
    int64_t max_depth;       /* 1 .. WEIR_JSON_DEPTH_MAX */
    const char *record_path; /* a JSONPath; NULL = the values at the top are the records */
    uint64_t max_document;   /* bytes, of what such a path needs as a whole */
    int nested;              /* weir_json_nesting */
    const char *separator;   /* between the names of a flattened column; NULL = "." */
    int64_t flatten_depth;   /* objects that are flattened inside each other; 0 = 16 */
    bool texts; /* set by formats that come as JSON: strings may be any type, one value is a list */
    bool dates; /* texts that look like dates and times are such: the file had them typed */
} weir_json_read_config;

typedef enum weir_json_not_finite {
    WEIR_JSON_FINITE_TEXT, /* "NaN", "Infinity", "-Infinity", as PostgreSQL's to_json has them */
    WEIR_JSON_FINITE_REJECT,
    WEIR_JSON_FINITE_NULL
} weir_json_not_finite;

typedef struct weir_json_write_config {
    int not_finite;  /* weir_json_not_finite: NaN and infinity */
    bool omit_nulls; /* leave out members that are null */
} weir_json_write_config;

/* The name under which a record that is no object is read: [1, 2] gives two rows of `value`. */
#define WEIR_JSON_VALUE_NAME "value"

/* In front of each record of a JSON text sequence (RFC 7464). */
#define WEIR_JSON_RS '\x1e'

/* ---- walking ------------------------------------------------------------------------------- */

/* Follows one value over any number of pieces by its brackets and quotes only.  Zeroed = in front
 * of a value (blanks before it are the caller's). */
typedef struct weir_json_span {
    uint32_t depth;
    bool in_string, escape, in_scalar;
} weir_json_span;

typedef enum weir_json_step {
    WEIR_JSON_STEP_MORE,  /* all bytes used, the value goes on */
    WEIR_JSON_STEP_DONE,  /* the value ends at *at (a scalar: in front of it stands what follows) */
    WEIR_JSON_STEP_BROKEN /* a line feed inside a string at *at */
} weir_json_step;

/* Reads p[*at .. end), with 16 bytes of padding behind end. */
weir_json_step weir_json_span_step(weir_json_span *s, const char *p, size_t *at, size_t end);

/* Line feeds in p[0 .. n). */
uint64_t weir_json_count_lines(const char *p, size_t n);

/* ---- chunks -------------------------------------------------------------------------------- */

/* Flags of chunks, beside those of format.h. */
enum {
    WEIR_JSON_CHUNK_VALUES = 1 << 16, /* values between blanks and commas; else one record a line */
    WEIR_JSON_CHUNK_BROKEN = 1 << 19, /* its one record is the rest of a line that is no JSON */
    WEIR_JSON_CHUNK_CR = 1 << 18,     /* lines end with a lone CR */
    WEIR_JSON_CHUNK_IN_ARRAY = 1 << 17 /* its first byte stands inside the array at the top */
};

/* Takes the records of a chunk apart.  For a chunk of lines, each line that is not blank. */
typedef struct weir_json_records {
    const char *data; /* of the block */
    size_t at, end;
    char line_end;                /* LF or CR */
    bool values, in_array, whole; /* whole: the chunk is one (cut off) record */
    const uint32_t *index;        /* begin and end of each record, when the cutter made a table */
    size_t next, n;               /* of index, in records */
} weir_json_records;
void weir_json_records_begin(weir_json_records *r, const weir_chunk *chunk);
/* The next record [*begin, *stop), line end and blanks around it left out.  false = no more. */
bool weir_json_records_next(weir_json_records *r, size_t *begin, size_t *stop);

weir_status weir_json_cutter_new(const weir_read_request *request, weir_stream *in,
                                 weir_cutter **out, weir_error *err);
weir_layout *weir_json_cutter_layout(weir_cutter *c);
weir_status weir_json_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err);
void weir_json_cutter_free(weir_cutter *c);

/* Where the records of a document may stand: "$.data" or "$.data.items" when the object at p, of
 * which [p, end) may be the beginning, has one array of objects near its top.  false: it has none,
 * or several. */
bool weir_json_suggest_path(const char *p, const char *end, char *out, size_t size);

/* ---- decoding, encoding, inference --------------------------------------------------------- */

weir_status weir_json_decoder_new(const weir_read_request *request, weir_schema *schema,
                                  weir_ctx *ctx, weir_decoder **out, weir_error *err);
weir_status weir_json_decoder_begin(weir_decoder *d, const weir_chunk *chunk, weir_error *err);
weir_status weir_json_decoder_next(weir_decoder *d, weir_ctx *ctx, weir_batch **out,
                                   weir_error *err);
void weir_json_decoder_free(weir_decoder *d);

weir_status weir_json_infer(const weir_read_request *request, const weir_chunk *chunk,
                            struct weir_inference *into, weir_error *err);
/* Lines that come from another file: where each stood there. */
typedef struct weir_json_places {
    const uint64_t *line, *byte; /* n of each; byte UINT64_MAX = unknown */
    size_t n;
    const uint64_t *void_rows; /* bits: records that are no evidence; NULL = none */
} weir_json_places;
weir_status weir_json_infer_at(const weir_read_request *request, const weir_chunk *chunk,
                               const weir_json_places *places, struct weir_inference *into,
                               weir_error *err);

extern const weir_write_ops weir_json_write_ops;       /* one object a line */
extern const weir_write_ops weir_json_array_write_ops; /* one array of objects */

#endif
