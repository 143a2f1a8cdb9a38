/* Tokens of the expression language, private to src/expr. */
#ifndef WEIR_EXPR_LEX_H
#define WEIR_EXPR_LEX_H

#include "expr/ast.h"

typedef enum weir_token_kind {
    WEIR_T_END,
    WEIR_T_WORD,   /* identifier or keyword as written; text */
    WEIR_T_QUOTED, /* "identifier"; text without the quotes */
    WEIR_T_STRING, /* 'text'; text without the quotes, '' undone */
    WEIR_T_INT,
    WEIR_T_DECIMAL,
    WEIR_T_FLOAT,
    WEIR_T_OPERATOR, /* op */
    WEIR_T_CONCAT,   /* || */
    WEIR_T_COLONS,   /* :: */
    WEIR_T_OPEN,     /* ( */
    WEIR_T_CLOSE,    /* ) */
    WEIR_T_INDEX,    /* [ */
    WEIR_T_UNINDEX,  /* ] */
    WEIR_T_COMMA,
    WEIR_T_DOT
} weir_token_kind;

typedef struct weir_token {
    weir_token_kind kind;
    weir_expr_op op;
    uint32_t begin, end;
    const char *text;
    uint32_t size;
} weir_token;

typedef struct weir_lexer {
    const char *text;
    uint32_t size, at;
    weir_arena *arena; /* texts with escapes undone */
} weir_lexer;

/* The next token.  White space and comments (-- to the line's end, slash-star) are skipped.
 * WEIR_USAGE with the place for what is no token, WEIR_RESOURCE when memory is short. */
WEIR_MUST_USE weir_status weir_lex_next(weir_lexer *lexer, weir_token *out, weir_error *err);

/* The token is this keyword (any case, not quoted). */
bool weir_token_is(const weir_token *t, const char *word);

#endif
