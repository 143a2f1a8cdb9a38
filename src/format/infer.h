/* Type inference: what each column could be, and which value ruled out each narrower type.
 *
 * A weir_inference gathers evidence from any number of chunks; two of them can be merged (order
 * does not matter but for which witness is kept: the one with the smaller address).
 */
#ifndef WEIR_FORMAT_INFER_H
#define WEIR_FORMAT_INFER_H

#include "base/option.h"
#include "column/type.h"
#include "text/number.h"

typedef struct weir_inference weir_inference;
/* Where a value stood, for the witness. */
typedef struct weir_address {
    uint32_t split;
    uint64_t line, byte;
} weir_address;

WEIR_MUST_USE weir_status weir_inference_new(weir_inference **out, weir_error *err);
void weir_inference_free(weir_inference *i);
/* Column number by name, added when new (order of first appearance); capped at
 * WEIR_TYPE_MAX_FIELDS. */
WEIR_MUST_USE weir_status weir_inference_column(weir_inference *i, weir_slice name, uint32_t *out,
                                                weir_error *err);
/* The number of a column; false: there is none of that name. */
bool weir_inference_find(const weir_inference *i, const char *name, uint32_t *out);
/* What else than the plain forms of a column's values is looked for (texts of CSV and the like):
 * decimal commas, thousands marks, formats of dates, words for nothing. */
typedef struct weir_search {
    bool words_off;       /* the words that mean null were declared: there are no others */
    bool comma_file;      /* a comma stands between fields, so that one inside is no decimal mark */
    bool semicolon_file;  /* a semicolon does, as where commas are decimal: 1.250 may be 1250 */
    bool points;          /* numbers are written with a point and no other mark */
    weir_num_marks marks; /* that were declared; decimal 0 = none */
} weir_search;
void weir_inference_search(weir_inference *i, uint32_t column, const weir_search *how);
/* One text value. */
WEIR_MUST_USE weir_status weir_inference_text(weir_inference *i, uint32_t column, weir_slice value,
                                              weir_address at, weir_error *err);
/* The same; bare: not in quotes, so that it can be a word for nothing. */
WEIR_MUST_USE weir_status weir_inference_field(weir_inference *i, uint32_t column, weir_slice text,
                                               bool bare, weir_address at, weir_error *err);
WEIR_MUST_USE weir_status weir_inference_null(weir_inference *i, uint32_t column, weir_error *err);
/* A value whose type the format states itself (JSON number, bool, object). */
WEIR_MUST_USE weir_status weir_inference_type(weir_inference *i, uint32_t column,
                                              const weir_type *type, weir_slice text,
                                              weir_address at, weir_error *err);
/* An object or array as JSON text, whose members and elements are looked at: the column becomes a
 * struct or list (format/shape.h). */
WEIR_MUST_USE weir_status weir_inference_nested(weir_inference *i, uint32_t column,
                                                weir_slice value, weir_address at, weir_error *err);
/* The column has a list somewhere, so it is one; its items are given one by one like other values
 * (formats in which a list of one cannot be told from its item). */
void weir_inference_list(weir_inference *i, uint32_t column);
/* What a user may want to know of a column, beside its type; the first text stays.  "" = nothing.
 */
WEIR_MUST_USE weir_status weir_inference_advise(weir_inference *i, uint32_t column,
                                                const char *text, weir_error *err);
const char *weir_inference_advice(const weir_inference *i, uint32_t column);
WEIR_MUST_USE weir_status weir_inference_merge(weir_inference *into, const weir_inference *from,
                                               weir_error *err);
/* Notes how many records were seen, and how many of these cannot be read, which say nothing. */
void weir_inference_records(weir_inference *i, uint64_t seen, uint64_t unread);
uint64_t weir_inference_seen(const weir_inference *i);
uint64_t weir_inference_unread(const weir_inference *i);
/* Lets columns whose decimal mark is open learn from the others: once, when all is merged. */
void weir_inference_settle(weir_inference *i);
/* The narrowest type that holds all values: bool, int64, decimal(p,s) exact, float64 (only where
 * exponents or nan appear), date, time, timestamp, timestamptz, uuid, string; a column of nulls
 * only is string.  "0123" and mixtures with text stay string. */
uint32_t weir_inference_count(const weir_inference *i);
const char *weir_inference_name(const weir_inference *i, uint32_t column);
WEIR_MUST_USE weir_status weir_inference_result(const weir_inference *i, uint32_t column,
                                                const weir_type **type, weir_error *err);
/* How the column's values are written: format, null words, decimal, thousands of *how are set, in
 * arena or static.  *any false: plainly, *how is zeros. */
WEIR_MUST_USE weir_status weir_inference_how(const weir_inference *i, uint32_t column,
                                             weir_arena *arena, weir_opt_column *how, bool *any,
                                             weir_error *err);
/* Appends what a column of text could be when a word was said about it, such as "dates, but day and
 * month cannot be told apart: declare format"; nothing when there is nothing to say. */
WEIR_MUST_USE bool weir_inference_hint(const weir_inference *i, uint32_t column, weir_buf *out);
/* "not int64 because of \"N/A\" at line 17": text of the value that ruled out `type`; "" = none. */
const char *weir_inference_witness(const weir_inference *i, uint32_t column, weir_type_id type,
                                   weir_address *at);
/* How many nulls were seen (words that mean null included), and how many other values.  Formats
 * whose records name their own fields (JSON) count neither fields that are missing nor every value.
 */
uint64_t weir_inference_nulls(const weir_inference *i, uint32_t column);
uint64_t weir_inference_values(const weir_inference *i, uint32_t column);

/* ---- what was found in a source ------------------------------------------------------------ */

/* A column by its name in the data, and the files that have it. */
typedef struct weir_found_name {
    const char *name;
    const weir_type *type; /* that the format states itself; NULL = none */
    uint32_t n_splits;     /* that have it; 0 = records name their own fields */
    uint32_t lacking;      /* number of the first split without it; UINT32_MAX = none */
} weir_found_name;

/* What the look at a source's data found, beside its schema; lives as long as the source. */
typedef struct weir_found {
    weir_arena arena;
    weir_inference *evidence;
    weir_opt_columns columns; /* how values of inferred columns are written: by final name, without
                                 type; only those that are not written plainly */
    size_t n_names, names_capacity;
    weir_found_name *names;
    uint32_t *slots; /* private: open addressing, number of a name + 1 */
    size_t n_slots;
    /* options of the files as they were found, as lines of YAML; where files differ, a comment for
     * each; NULL = none */
    const char *dialect;
    /* what the encoding of the first file may be as well, in words; NULL = there is no doubt */
    const char *encoding_others;
    uint32_t n_splits; /* looked at */
    struct {           /* records that cannot be read, where the data was looked at */
        uint64_t records, of;
        char *reason;   /* of the first one, as a run would say it; NULL = not known */
        bool encoding;  /* it is no UTF-8 */
        uint32_t split; /* where it stands */
        uint64_t line;
    } unread;
    bool sampled; /* only the beginning was looked at */
    bool header;  /* files name their columns, so a missing one is known */
} weir_found;
/* The column of a name; NULL = none has it. */
const weir_found_name *weir_found_find(const weir_found *f, const char *name);
/* Adds a name that no column has yet. */
WEIR_MUST_USE weir_status weir_found_add(weir_found *f, const char *name, weir_error *err);
void weir_found_clear(weir_found *f);

#endif
