/* The parser's insides, shared by parse.c and parse_form.c. */
#ifndef WEIR_EXPR_PARSE_H
#define WEIR_EXPR_PARSE_H

#include "expr/lex.h"

typedef struct weir_parser {
    weir_lexer lexer;
    weir_arena *arena;
    weir_token now, next; /* one token ahead of the one at hand */
    const char *text;     /* terminated copy in the arena */
    uint32_t depth, n_nodes;
    uint32_t last_end; /* end of the token taken last */
} weir_parser;

/* Growing list of arguments; the items live in the arena. */
typedef struct weir_parser_list {
    const weir_expr **items;
    uint32_t n, capacity;
} weir_parser_list;

WEIR_MUST_USE weir_status weir_parser_advance(weir_parser *p, weir_error *err);
/* "expected WHAT, found ..." at the token at hand. */
weir_status weir_parser_expected(weir_parser *p, weir_error *err, const char *what);
WEIR_MUST_USE weir_status weir_parser_take(weir_parser *p, weir_token_kind kind, const char *what,
                                           weir_error *err);
WEIR_MUST_USE weir_status weir_parser_take_word(weir_parser *p, const char *word, weir_error *err);
WEIR_MUST_USE weir_status weir_parser_push(weir_parser *p, weir_parser_list *list,
                                           const weir_expr *item, weir_error *err);
/* A node over args (borrowed array in the arena); checks depth and number of nodes. */
WEIR_MUST_USE weir_status weir_parser_node(weir_parser *p, weir_expr_kind kind, uint32_t begin,
                                           const weir_expr **args, uint32_t n, weir_expr **out,
                                           weir_error *err);
/* An expression whose operators bind tighter than `power`. */
WEIR_MUST_USE weir_status weir_parser_expr(weir_parser *p, int power, const weir_expr **out,
                                           weir_error *err);
/* Comma-separated expressions up to the closing parenthesis, which is taken. */
WEIR_MUST_USE weir_status weir_parser_arguments(weir_parser *p, weir_parser_list *list,
                                                const char *what, weir_error *err);

/* parse_form.c: what begins with a word.  Takes case, cast, extract ..., calls, typed literals and
 * columns. */
WEIR_MUST_USE weir_status weir_parser_word(weir_parser *p, const weir_expr **out, weir_error *err);
/* The type at hand, as in cast(x as TYPE). */
WEIR_MUST_USE weir_status weir_parser_type(weir_parser *p, const weir_type **out, weir_error *err);

#endif
