/* What the files of src/validate share: options of a rule, bound checks. */
#ifndef WEIR_VALIDATE_CHECK_H
#define WEIR_VALIDATE_CHECK_H

#include "column/kernel.h"
#include "column/operator.h"
#include "expr/expr.h"
#include "text/regex.h"
#include "validate/validate.h"
#include "validate/value_set.h"

/* One entry of the list, as the option table fills it. */
typedef struct rule_config {
    const char *field, *name, *type, *min, *max, *pattern, *message;
    bool required;
    int64_t length, min_length, max_length;
    bool has_length, has_min_length, has_max_length;
    weir_opt_strings in, not_in;
    bool has_in, has_not_in;
    weir_opt_expr check;
    int on_fail;
} rule_config;

typedef struct validate_config {
    weir_opt_list rules; /* of rule_config */
} validate_config;

typedef enum check_kind {
    CHECK_REQUIRED,
    CHECK_TYPE,
    CHECK_MIN,
    CHECK_MAX,
    CHECK_LENGTH,
    CHECK_MIN_LENGTH,
    CHECK_MAX_LENGTH,
    CHECK_PATTERN,
    CHECK_IN,
    CHECK_NOT_IN,
    CHECK_EXPR
} check_kind;

typedef struct check {
    check_kind kind;
    int field;        /* number in the schema; -1 = the record as a whole */
    const char *name; /* of the field, "" without one */
    const char *rule;
    const char *message; /* NULL = a sentence is made */
    const char *text;    /* of the expression; else the sentence behind the value, ready made */
    weir_on_fail on_fail;
    int64_t length;
    const weir_type *type;
    weir_column *bound; /* CONSTANT, for MIN and MAX */
    weir_regex *regex;
    weir_value_set *set;
    weir_program *program;
    const uint32_t *shown; /* fields whose values stand in the sentence of an expression */
    uint32_t n_shown;
    _Atomic uint64_t failed;
} check;

typedef struct validate_state {
    size_t n;
    check *checks;
} validate_state;

extern const weir_operator_kind weir_validate_kind;

/* operator.c: slots of the kind, which stands in bind.c beside its options. */
WEIR_MUST_USE weir_status weir_validate_local_new(const weir_operator *op, weir_ctx *ctx,
                                                  void **local, weir_error *err);
void weir_validate_local_free(const weir_operator *op, void *local);
WEIR_MUST_USE weir_status weir_validate_process(const weir_operator *op, void *local, weir_ctx *ctx,
                                                weir_batch *batch, weir_error *err);

/* A run of one check over one batch. */
typedef struct check_run {
    const check *c;
    weir_expr_local *local; /* of an expression */
    weir_ctx *ctx;
    weir_batch *batch;
    weir_rows rows;
    uint64_t *bad;        /* out: one bit a row; bits outside rows are undefined */
    bool any;             /* out: whether a row of rows is bad */
    weir_failures *found; /* TYPE: the sentences, made by the cast */
} check_run;

/* values.c: fills run->bad. */
WEIR_MUST_USE weir_status weir_check_run(check_run *run, weir_error *err);
/* reason.c: appends the sentence about a row. */
WEIR_MUST_USE bool weir_check_reason(const check_run *run, uint32_t row, weir_buf *out);

#endif
