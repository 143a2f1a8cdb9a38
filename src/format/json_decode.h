/* The decoder's parts.  Private to json_read.c, json_record.c, json_value.c and json_nested.c. */
#ifndef WEIR_FORMAT_JSON_DECODE_H
#define WEIR_FORMAT_JSON_DECODE_H

#include "column/batch.h"
#include "column/views.h"
#include "format/json.h"
#include "text/json.h"
#include "text/number.h"
#include "text/time.h"

#define WEIR_JSON_STAGE "read"

/* Which fast path the values of a column take. */
typedef enum weir_json_path_kind {
    WEIR_JSON_PATH_EXACT, /* none */
    WEIR_JSON_PATH_INT,
    WEIR_JSON_PATH_DECIMAL,
    WEIR_JSON_PATH_DOUBLE,
    WEIR_JSON_PATH_STRING,
    WEIR_JSON_PATH_BOOL,
    WEIR_JSON_PATH_DATE,
    WEIR_JSON_PATH_TIMESTAMP,
    WEIR_JSON_PATH_TIMESTAMPTZ
} weir_json_path_kind;

/* Where the values of one name go, and how. */
typedef struct weir_json_target {
    uint8_t path; /* weir_json_path_kind */
    uint8_t width;
    bool not_null, nested;
    bool declared;    /* its type is */
    bool group;       /* leads to flattened columns: only self, stamp and key are used */
    uint32_t self;    /* of a group: number + 1 of the column of the same name; 0 = none */
    uint32_t stamp;   /* row + 1 of the last value in this batch */
    uint32_t next;    /* number + 1 of another target with the same physical name; 0 = none */
    uint32_t block;   /* number of the chunk's block in the column */
    void *values;     /* of column */
    int64_t min, max; /* integers; decimals: |value| <= max */
    int64_t power;    /* decimals: 10^scale */
    const weir_type *type;
    const char *name; /* of the schema's field */
    const char *key;  /* physical name */
    size_t key_size;
    const weir_time_program *program; /* `format`, or NULL */
    weir_time_kind time_kind;
    weir_zone_cache zone;
    weir_ambiguous ambiguous;
    weir_opt_strings nulls; /* texts that mean null */
    weir_column *column;
    weir_view_writer writer; /* views that are not text of the chunk */
    uint32_t *raw; /* nested: begin and end of each row's text in the block; 0, 0 = none */
} weir_json_target;

/* A name as it stood at some place of the last records: its bytes with quotes and colon. */
#define WEIR_JSON_NAME_BYTES 48
typedef struct weir_json_name {
    uint32_t size;   /* of the bytes in use */
    uint32_t target; /* number + 1; 0 = a name that no column wants */
    uint64_t mask;   /* one bit a byte in use */
    char bytes[WEIR_JSON_NAME_BYTES];
} weir_json_name;
#define WEIR_JSON_NAMES_MAX 512

struct weir_decoder {
    /* The record under way. */
    const char *block_data;
    weir_json_target *targets;
    uint32_t n_groups;          /* behind the targets */
    weir_slice separator;       /* flatten; data NULL = not */
    weir_buf path;              /* of the member under way */
    uint32_t n_targets, filled; /* filled: targets that have a value in this row */
    uint32_t n_names;
    weir_json_name *names; /* in the order they are expected; room for WEIR_JSON_NAMES_MAX */
    bool lines;            /* a line feed ends the record */
    bool cr;               /* so does a lone CR: there are no line feeds */
    bool repeated_last, repeated_first;
    uint64_t repeats; /* of which one value was taken */
    uint64_t *hashes; /* json_repeat.c: of the names of open objects */
    size_t n_hashes, hashes_capacity;
    bool extra_is_known; /* extra columns were declared to be faults */
    bool reject_extra;   /* a name that no column takes spoils the record */
    bool single_lists;   /* a value that is no list is the only one of a list */
    bool reject_members; /* so does a member that a declared struct does not name */
    uint32_t max_depth;
    const char *line_end; /* found when first asked for; NULL = not yet */
    const char *fault_at; /* why the record is malformed */
    const char *fault_why;
    weir_status status; /* a failing call, with *err filled; the record is then void */
    weir_error *err;
    weir_ctx *ctx;
    weir_failures *failures;
    uint32_t capacity; /* rows */

    const weir_read_request *request;
    weir_schema *schema;
    uint32_t *index; /* open addressing: target number + 1, by hash of the physical name */
    uint32_t index_mask;
    uint32_t learned; /* names forgotten for want of room: a sign that order means nothing */
    weir_arena arena; /* format programs */
    weir_buf text;    /* unescaped text */
    weir_buf key_text;

    /* The chunk. */
    weir_block *block; /* retained; NULL = no chunk */
    weir_block *table; /* retained; of records, may be NULL */
    weir_json_records records;
    bool check_utf8; /* the chunk is not valid UTF-8 as a whole */
    uint32_t split, begin, end, flags, n_lines, batch_number;
    uint64_t sequence, first_byte, first_line, skipped_bytes;

    /* The batch in the making. */
    uint32_t rows;
    weir_block *rows_block;
    uint32_t *row_begin, *row_end;
};

/* ---- json_record.c ------------------------------------------------------------------------- */

/* Reads the object at p ('{') into row.  Returns its end, or NULL: the record is malformed
 * (fault_at, fault_why) or a call failed (status).  end: of the chunk (lines) or of the record. */
const char *weir_json_record_read(weir_decoder *d, const char *p, const char *end, uint32_t row);
/* One value that is the whole record, as if it were the member called "value". */
const char *weir_json_record_value(weir_decoder *d, const char *p, const char *end, uint32_t row);
/* Nulls of the targets that the record did not name.  false = d->status. */
bool weir_json_record_finish(weir_decoder *d, uint32_t row);

/* A member that was found by its path: its value for t and the other columns of that name. */
const char *weir_json_take_member(weir_decoder *d, weir_json_target *t, const char *p,
                                  const char *end, uint32_t row);

/* ---- json_flatten.c ------------------------------------------------------------------------ */

/* How many groups the schema's names can make. */
size_t weir_json_count_groups(const weir_schema *schema, const weir_opt_columns *columns,
                              weir_slice separator);
/* Adds the groups behind the targets and to the index, which have room. */
void weir_json_add_groups(weir_decoder *d);
/* Reads the value at p of a group into the columns below it.  Returns its end or NULL as
 * weir_json_record_read. */
const char *weir_json_flatten_read(weir_decoder *d, weir_json_target *g, const char *p,
                                   const char *end, uint32_t row);
/* Whether a column of the data has this path, or lies below it. */
bool weir_json_flat_name_is_known(const weir_decoder *d, weir_slice name);

/* ---- json_read.c --------------------------------------------------------------------------- */

/* The physical name of a field. */
const char *weir_json_key_of(const weir_schema *schema, const weir_opt_columns *columns,
                             uint32_t field);
/* Target number + 1 of a physical name, or 0. */
uint32_t weir_json_find_target(const weir_decoder *d, const char *name, size_t size);
/* The end of the record's line (lines), or end. */
const char *weir_json_line_end(weir_decoder *d, const char *p, const char *end);

/* ---- json_value.c -------------------------------------------------------------------------- */

WEIR_MUST_USE weir_status weir_json_target_init(weir_json_target *t, const weir_field *field,
                                                const weir_opt_column *column, weir_arena *arena,
                                                weir_error *err);
/* Any value at p for target t, exactly.  Returns its end or NULL as weir_json_record_read. */
const char *weir_json_value_exact(weir_decoder *d, weir_json_target *t, const char *p,
                                  const char *end, uint32_t row);
/* Makes the row null (and poisoned).  false = d->status. */
bool weir_json_set_null(weir_decoder *d, weir_json_target *t, uint32_t row, bool poison);
/* Null, or the failure of a column that may not be null.  missing: the record does not name it. */
bool weir_json_take_null(weir_decoder *d, weir_json_target *t, uint32_t row, bool missing);
/* Failures of the batch, made on first use; NULL = d->status. */
weir_failures *weir_json_failures(weir_decoder *d);
/* Adds a failure of a value: rule "type", reason "`token` `what`".  token: the value as written.
 * false = d->status. */
bool weir_json_fail(weir_decoder *d, uint32_t row, const char *field, weir_slice token,
                    const char *what);

/* A scalar as it was written, and its text: the inside of a string, unescaped. */
typedef struct weir_json_scalar {
    weir_json_kind kind;
    weir_slice token, text;
    bool moved; /* text stands in d->text, not in the chunk */
} weir_json_scalar;
/* Reads the scalar at p < end.  Returns its end or NULL as weir_json_record_read. */
const char *weir_json_read_scalar(weir_decoder *d, const char *p, const char *end,
                                  weir_json_scalar *out);
/* One scalar that is not null to a value of fixed width, at out (BOOL: one byte). */
weir_num weir_json_parse_fixed(weir_json_target *t, const weir_json_scalar *s, void *out);
/* Why it failed: "is not a date", ...; static or in buf (at least 200 bytes). */
const char *weir_json_reason(const weir_json_target *t, const weir_json_scalar *s, weir_num code,
                             char *buf, size_t size);
/* Copies JSON text without its white space; returns the length (at most n). */
size_t weir_json_compact(const char *s, size_t n, char *out);

/* ---- json_repeat.c ------------------------------------------------------------------------- */

/* Whether, by all appearances, a name stands twice in an object of the sound JSON text [p, end). */
WEIR_MUST_USE weir_status weir_json_may_repeat(weir_decoder *d, const char *p, const char *end,
                                               bool *maybe, weir_error *err);

/* ---- json_nested.c ------------------------------------------------------------------------- */

/* The JSON text s without white space and without the members that do not count as their names
 * stand twice (d->repeats).  *refused: there are such, and the policy is to reject. */
WEIR_MUST_USE weir_status weir_json_without_repeats(weir_decoder *d, const weir_json_target *t,
                                                    weir_slice s, uint32_t row, weir_buf *out,
                                                    bool *refused, weir_error *err);
/* Makes the column of a nested target from its texts. */
WEIR_MUST_USE weir_status weir_json_build_nested(weir_decoder *d, weir_json_target *t,
                                                 weir_error *err);

#endif
