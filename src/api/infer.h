/* What a source's columns are, found out by looking at all of it: for `weir infer`, and for whoever
 * wants to show or write down what a run would see. */
#ifndef WEIR_API_INFER_H
#define WEIR_API_INFER_H

#include "api/api.h"

/* A value that a type could not hold. */
typedef struct weir_infer_witness {
    const char *type;   /* "int64", "decimal", ... */
    const char *text;   /* the value, clipped */
    const char *source; /* name of the file */
    uint64_t line;      /* 1-based */
} weir_infer_witness;

typedef struct weir_infer_column {
    const char *name;
    const char *from; /* its name in the data where that differs, else NULL */
    const weir_type *type;
    bool declared;              /* its type was given, not found */
    bool never_null;            /* declared so; or found: every record of every file has a value */
    const weir_opt_column *how; /* format, null words, decimal, thousands; NULL = written plainly */
    const char *why;            /* what ruled out the narrower types, for people; "" = nothing */
    bool counted;               /* nulls is known */
    uint64_t nulls;
    const char *lacking; /* a file that does not have the column, NULL = none */
    uint32_t n_files;    /* that have it; 0 = records name their own fields */
    size_t n_witnesses;
    const weir_infer_witness *witnesses; /* one a type that was ruled out */
} weir_infer_column;

typedef struct weir_infer_result {
    const char *format;  /* NULL = the source has none */
    bool format_open;    /* the file's name does not tell it, so that it must be written down */
    const char *dialect; /* options of the format that were found, lines of YAML; "" = none */
    const char *encoding_others; /* what it may be as well, in words; NULL = there is no doubt */
    bool sampled;                /* only the beginning was looked at */
    /* Records that cannot be read, among those that were looked at; and the first of them. */
    uint64_t unread, unread_of;
    const char *unread_reason, *unread_source; /* NULL = not known */
    uint64_t unread_line;
    bool unread_encoding; /* because it is no UTF-8 */
    size_t n_files, n_columns;
    const weir_infer_column *columns;
} weir_infer_result;

/* Looks at the source of a step of s->pipeline (its number); *out lives in the session's arena.
 * Fails as a run would: a file that is not there, a header that is none. */
WEIR_MUST_USE weir_status weir_api_infer(weir_session *s, size_t step, weir_infer_result *out,
                                         weir_error *err);
/* Loads a pipeline that only has the source (weir_pipeline_from_source) for weir_api_infer. */
WEIR_MUST_USE weir_status weir_api_load_source(weir_session *s, const weir_source_options *options,
                                               weir_error *err);
/* The result as text that can stand under `source:`, each line behind `indent` blanks: the dialect,
 * then `columns:`.  false = memory is short. */
WEIR_MUST_USE bool weir_api_infer_yaml(const weir_infer_result *r, int indent, weir_buf *out);
/* The result as one JSON object. */
WEIR_MUST_USE bool weir_api_infer_json(const weir_infer_result *r, weir_buf *out);

#endif
