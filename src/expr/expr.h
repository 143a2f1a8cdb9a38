/* The expression language: text -> tree -> typed program -> columns.
 *
 *     const weir_program *p = NULL;
 *     WEIR_TRY(weir_expr_compile("cast(amount * 100 as int64)", schema, NULL, arena, &p, err));
 *     WEIR_TRY(weir_program_local_new(p, ctx, &local, err));           one per worker
 *     WEIR_TRY(weir_program_eval(p, local, ctx, batch, rows, &blame, &column, err));
 *     weir_column_release(column); weir_program_local_free(p, local); weir_program_free(p);
 *
 * SQL scalar syntax with PostgreSQL's meaning; docs/expressions.md is the language's reference.
 *
 * Errors.  A wrong *expression* (syntax, unknown name, types) is a WEIR_USAGE error of parse or
 * bind: err->column is the 1-based byte offset in the text, the message says what is wrong and the
 * hint what to do.  A *record* on which a right expression fails (division by zero, overflow, a
 * text that is no number) gets one entry in blame->failures, and its value is null and poisoned.
 */
#ifndef WEIR_EXPR_EXPR_H
#define WEIR_EXPR_EXPR_H

#include "column/kernel.h"
#include "column/operator.h"

/* An expression nests at most this deep, and its text is at most this long. */
#define WEIR_EXPR_MAX_DEPTH 200
#define WEIR_EXPR_MAX_BYTES (256u * 1024)
/* Nodes of one expression after parsing. */
#define WEIR_EXPR_MAX_NODES 65536
/* Arguments of one call, items of one in-list, branches of one case. */
#define WEIR_EXPR_MAX_ITEMS 16384

typedef struct weir_expr weir_expr;             /* parsed; lives in an arena, immutable */
typedef struct weir_program weir_program;       /* bound to a schema; immutable while it runs */
typedef struct weir_expr_local weir_expr_local; /* what one worker needs to run a program */

/* ---- parse --------------------------------------------------------------------------------- */

/* Parses text (terminated UTF-8; copied into arena).  *out lives as long as the arena.  WEIR_USAGE
 * for a wrong text (err->column set), WEIR_RESOURCE when memory is short. */
WEIR_MUST_USE weir_status weir_expr_parse(const char *text, weir_arena *arena,
                                          const weir_expr **out, weir_error *err);

/* Appends the canonical text: keywords lower case, one space, only needed parentheses; parsing it
 * again gives the same tree.  false = memory is short. */
WEIR_MUST_USE bool weir_expr_format(const weir_expr *expr, weir_buf *out);

/* The column's name when the expression is a bare column (`email`, `"Order id"`), else NULL. */
const char *weir_expr_column_name(const weir_expr *expr);

/* Calls visit(context, name) for every column reference in order of the text (repeats included; for
 * `a.b` the first part). */
void weir_expr_columns(const weir_expr *expr, void (*visit)(void *context, const char *name),
                       void *context);

/* ---- bind ---------------------------------------------------------------------------------- */

/* Types the tree against schema (retained by the program) and folds constants.  want NULL: any
 * result type; else the result is converted to want where that can be done without a cast being
 * written (null, a fitting literal, widening of numbers, date to timestamp) and everything else is
 * an error that suggests the cast.  The program lives partly in arena, partly on the heap (compiled
 * regexes): free it before the arena.  Thread-safe for different arenas. */
WEIR_MUST_USE weir_status weir_expr_bind(const weir_expr *expr, weir_schema *schema,
                                         const weir_type *want, weir_arena *arena,
                                         weir_program **out, weir_error *err);

/* Parse and bind in one call. */
WEIR_MUST_USE weir_status weir_expr_compile(const char *text, weir_schema *schema,
                                            const weir_type *want, weir_arena *arena,
                                            weir_program **out, weir_error *err);

/* weir_expr_bind for an operator: when the expression reads a column of bind->unseen, it is looked
 * at as far as that goes without the column (functions, numbers of arguments, parts without it) and
 * *out is NULL with WEIR_OK.  The program lives in bind->arena. */
WEIR_MUST_USE weir_status weir_expr_bind_known(const weir_expr *expr, const weir_bind *bind,
                                               weir_schema *schema, const weir_type *want,
                                               weir_program **out, weir_error *err);

void weir_program_free(weir_program *p); /* NULL is legal */

/* Type of the result; WEIR_NULL for a bare null. */
const weir_type *weir_program_type(const weir_program *p);
/* The text it was compiled from. */
const char *weir_program_text(const weir_program *p);
/* One bit per field of the schema that is read, weir_bit_words(n_fields) words. */
const uint64_t *weir_program_reads(const weir_program *p);
/* Field number when the program is a bare column, else -1. */
int weir_program_column(const weir_program *p);
/* Whether evaluating it may add a failure (reading a poisoned column does not). */
bool weir_program_can_fail(const weir_program *p);
/* Whether two evaluations of the same row may differ between runs: now(), uuid(), random(). */
bool weir_program_volatile(const weir_program *p);
/* Whether it reads no column and is not volatile; then *value (may be NULL) gets a CONSTANT column
 * of length 1, owned by the program.  An expression that fails on every record is not constant. */
bool weir_program_constant(const weir_program *p, const weir_column **value);

/* ---- evaluate ------------------------------------------------------------------------------ */

/* Scratch of one worker; ctx is used for its ledger only. */
WEIR_MUST_USE weir_status weir_program_local_new(const weir_program *p, weir_ctx *ctx,
                                                 weir_expr_local **out, weir_error *err);
void weir_program_local_free(const weir_program *p, weir_expr_local *local); /* NULL is legal */

/* Evaluates over rows of batch (weir_rows_of(batch), or fewer).  *out: a column of batch->length
 * rows with one reference for the caller; rows outside `rows` have undefined values.  Its encoding
 * may be any; constants give CONSTANT, unary functions of a DICTIONARY give DICTIONARY where it
 * pays. A record that fails becomes null and poisoned with one entry in blame->failures, stage and
 * field from blame, rule from blame or "expression" when that is NULL, reason such as "division by
 * zero in amount / quantity".  blame NULL or without failures: quiet, plain null. Reading a
 * poisoned value gives a poisoned null and no new entry.  batch->schema must be equal to the schema
 * of bind, and a column that is read must not be NULL.  ctx->scratch is used (and only grows until
 * its owner resets it).  Calls fail with WEIR_RESOURCE, WEIR_CANCELLED or WEIR_INTERNAL only. */
WEIR_MUST_USE weir_status weir_program_eval(const weir_program *p, weir_expr_local *local,
                                            weir_ctx *ctx, const weir_batch *batch, weir_rows rows,
                                            const weir_blame *blame, weir_column **out,
                                            weir_error *err);

/* ---- functions ----------------------------------------------------------------------------- */

typedef enum weir_function_flags {
    WEIR_FUNCTION_VOLATILE = 1, /* not folded, not run once per dictionary value */
    WEIR_FUNCTION_NULLS = 2,    /* sees nulls; the others give null when an argument is null */
    WEIR_FUNCTION_CAN_FAIL = 4, /* may fail a record */
    WEIR_FUNCTION_SYNTAX = 8    /* a form of the language (case, cast), listed for the reference */
} weir_function_flags;

/* One row of the function table, as the reference page shows it. */
typedef struct weir_function_info {
    const char *name;
    const char *aliases;   /* "char_length, character_length"; "" = none */
    const char *signature; /* "substr(string, start int64 [, length int64]) -> string" */
    const char *category;  /* "text", "number", "date", ... */
    uint32_t flags;
    const char *summary; /* one line */
    const char *example; /* an expression without columns */
    const char *result;  /* its value as weir_column_text gives it; "null" for null */
    const char *duckdb;  /* where a DuckDB `sql:` step differs; "" = it does not */
} weir_function_info;

/* All functions, ordered by category and name; static. */
const weir_function_info *weir_function_table(size_t *n);
/* By name or alias (any case); NULL when unknown. */
const weir_function_info *weir_function_find(const char *name);
/* Appends the reference of all functions as Markdown: a third-level heading and a table for each
 * category, for a page that has its own title.  false = memory is short. */
WEIR_MUST_USE bool weir_function_markdown(weir_buf *out);

/* A function of the library's user.  args are PLAIN, DICTIONARY or CONSTANT columns of the declared
 * types.  call gets only rows in which no argument is null, must set *out to a new column of
 * rows.length rows of the declared result type, and reports records that fail through blame (see
 * weir_blame; failures may be NULL).  It may be called from several threads at once. */
#define WEIR_FUNCTION_MAX_ARGS 8
typedef struct weir_user_function {
    const char *name;
    uint32_t flags;
    uint32_t n_args;
    const weir_type *args[WEIR_FUNCTION_MAX_ARGS];
    const weir_type *result;
    weir_status (*call)(void *context, const weir_column *const *args, weir_rows rows,
                        const weir_blame *blame, weir_ctx *ctx, weir_column **out, weir_error *err);
    void *context;
} weir_user_function;

/* Adds f (copied, its name too) for the rest of the process; before any bind that uses it.
 * WEIR_USAGE when the name is taken, or not a name; at most 256.  Thread-safe. */
WEIR_MUST_USE weir_status weir_function_register(const weir_user_function *f, weir_error *err);

#endif
