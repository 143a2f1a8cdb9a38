/* What jsonpath_parse.c makes and jsonpath.c follows.  Private to these. */
#ifndef WEIR_TEXT_JSONPATH_AST_H
#define WEIR_TEXT_JSONPATH_AST_H

#include "text/jsonpath.h"
#include "text/regex.h"

typedef enum jsonpath_selector_kind {
    SELECT_NAME,
    SELECT_EVERY,
    SELECT_INDEX,
    SELECT_SLICE,
    SELECT_FILTER
} jsonpath_selector_kind;

typedef struct jsonpath_selector {
    jsonpath_selector_kind kind;
    bool has_start, has_end;
    int64_t start, end, step; /* index: start */
    weir_slice name;
    struct jsonpath_expr *filter;
    struct jsonpath_selector *next;
} jsonpath_selector;

typedef struct jsonpath_segment {
    bool descend;
    jsonpath_selector *first;
    struct jsonpath_segment *next;
} jsonpath_segment;

typedef struct jsonpath_query {
    bool relative; /* begins with @ */
    bool singular;
    jsonpath_segment *first;
} jsonpath_query;

typedef enum jsonpath_function {
    CALL_LENGTH,
    CALL_COUNT,
    CALL_MATCH,
    CALL_SEARCH,
    CALL_VALUE
} jsonpath_function;

typedef enum jsonpath_expr_kind {
    EXPR_OR,
    EXPR_AND,
    EXPR_NOT,
    EXPR_COMPARE,
    EXPR_LITERAL,
    EXPR_QUERY, /* its value in a comparison, its existence in a test, its nodes as an argument */
    EXPR_CALL
} jsonpath_expr_kind;

typedef enum jsonpath_compare {
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_LT,
    COMPARE_LE,
    COMPARE_GT,
    COMPARE_GE
} jsonpath_compare;

typedef struct jsonpath_expr {
    jsonpath_expr_kind kind;
    jsonpath_compare op;
    jsonpath_function call;
    struct jsonpath_expr *a, *b; /* operands, arguments */
    jsonpath_query *query;
    weir_json literal;
    weir_regex *regex; /* match, search with a literal pattern; NULL = matches nothing */
    bool fixed;        /* the pattern is a literal */
} jsonpath_expr;

typedef struct jsonpath_pattern {
    weir_regex *regex;
    struct jsonpath_pattern *next;
} jsonpath_pattern;

struct weir_jsonpath {
    weir_arena arena;
    jsonpath_query *query;
    jsonpath_pattern *patterns; /* all compiled ones, to be freed */
};

/* Compiles an I-Regexp.  *out NULL with WEIR_OK: it is wrong. */
WEIR_MUST_USE weir_status weir_jsonpath_regex(weir_slice pattern, bool full, weir_regex **out,
                                              weir_error *err);

#endif
