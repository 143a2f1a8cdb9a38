/* The parsed form of an expression, private to src/expr.
 *
 * Nodes live in an arena and never change after parsing.  `and`, `or` and `||` chains are one node
 * with many arguments, so that a long chain is not a deep tree; every other tree is at most
 * WEIR_EXPR_MAX_DEPTH deep, which bounds the recursion of all later passes.
 */
#ifndef WEIR_EXPR_AST_H
#define WEIR_EXPR_AST_H

#include "expr/expr.h"

typedef enum weir_expr_kind {
    WEIR_E_NULL,
    WEIR_E_BOOL,    /* op: 0 or 1 */
    WEIR_E_INT,     /* text: digits, perhaps with a leading '-' */
    WEIR_E_DECIMAL, /* text: digits with a point */
    WEIR_E_FLOAT,   /* text: with an exponent */
    WEIR_E_STRING,  /* text: the value */
    WEIR_E_TYPED,   /* type and text: date '2024-01-01' */
    WEIR_E_COLUMN,  /* text: name; WEIR_E_QUOTED when written in double quotes */
    WEIR_E_FIELD,   /* args[0].text */
    WEIR_E_INDEX,   /* args[0][args[1]] */
    WEIR_E_UNARY,   /* op: WEIR_X_NEG, WEIR_X_PLUS or WEIR_X_BITNOT */
    WEIR_E_NOT,
    WEIR_E_BINARY,   /* op: weir_expr_op */
    WEIR_E_AND,      /* n >= 2 */
    WEIR_E_OR,       /* n >= 2 */
    WEIR_E_CONCAT,   /* n >= 2: || */
    WEIR_E_IS,       /* op: weir_expr_is; NEGATED */
    WEIR_E_DISTINCT, /* args[0] is [not] distinct from args[1] */
    WEIR_E_IN,       /* args[0] in (args[1..]); NEGATED */
    WEIR_E_LIKE,     /* args[0] like args[1] [escape args[2]]; NEGATED, ICASE; op 1: similar to */
    WEIR_E_BETWEEN,  /* args[0] between args[1] and args[2]; NEGATED, SYMMETRIC */
    WEIR_E_CASE,     /* [operand] when/then pairs [else]; OPERAND, ELSE say which are there */
    WEIR_E_CAST,     /* args[0] to type; TRY, COLONS when written with :: */
    WEIR_E_TRY,      /* args[0] */
    WEIR_E_CALL      /* text: lower-case name; args */
} weir_expr_kind;

typedef enum weir_expr_op {
    WEIR_X_NONE,
    WEIR_X_NEG,
    WEIR_X_PLUS,
    WEIR_X_ADD,
    WEIR_X_SUB,
    WEIR_X_MUL,
    WEIR_X_DIV,
    WEIR_X_MOD,
    WEIR_X_POW,
    WEIR_X_EQ,
    WEIR_X_NE,
    WEIR_X_LT,
    WEIR_X_LE,
    WEIR_X_GT,
    WEIR_X_GE,
    WEIR_X_MATCH,    /* ~   */
    WEIR_X_IMATCH,   /* ~*  */
    WEIR_X_NMATCH,   /* !~  */
    WEIR_X_NIMATCH,  /* !~* */
    WEIR_X_JSON,     /* ->  */
    WEIR_X_JSONTEXT, /* ->> */
    WEIR_X_ATZONE,   /* at time zone */
    WEIR_X_BITAND,   /* &   */
    WEIR_X_BITOR,    /* |   */
    WEIR_X_BITXOR,   /* #   */
    WEIR_X_BITNOT,   /* ~x  */
    WEIR_X_SHL,      /* <<  */
    WEIR_X_SHR,      /* >>  */
    WEIR_X_OPS
} weir_expr_op;

typedef enum weir_expr_is {
    WEIR_IS_NULL,
    WEIR_IS_TRUE,
    WEIR_IS_FALSE,
    WEIR_IS_UNKNOWN
} weir_expr_is;

enum {
    WEIR_E_NEGATED = 1,
    WEIR_E_ICASE = 2,
    WEIR_E_SYMMETRIC = 4,
    WEIR_E_QUOTED = 8,
    WEIR_E_OPERAND = 16,
    WEIR_E_ELSE = 32,
    WEIR_E_TRYCAST = 64,
    WEIR_E_PAREN = 128 /* stood in parentheses: not merged with a chain or a sign */
};

struct weir_expr {
    uint8_t kind, op, flags;
    uint16_t depth;
    uint32_t begin, end; /* bytes of `source` */
    const char *source;  /* the whole text */
    const char *text;    /* name or literal; may hold NUL */
    uint32_t text_size;
    uint32_t n;
    const weir_expr **args;
    const weir_type *type; /* TYPED, CAST */
};

/* Binding strength of a node as an operand, for the parser and for canonical text. */
typedef enum weir_expr_power {
    WEIR_P_NONE = 0,
    WEIR_P_OR = 10,
    WEIR_P_AND = 20,
    WEIR_P_NOT = 30,
    WEIR_P_IS = 40,
    WEIR_P_COMPARE = 50,
    WEIR_P_RANGE = 60, /* between in like */
    WEIR_P_OTHER = 70, /* || ~ -> */
    WEIR_P_ADD = 80,
    WEIR_P_MUL = 90,
    WEIR_P_POW = 100,
    WEIR_P_AT = 110,
    WEIR_P_UNARY = 120,
    WEIR_P_CAST = 130, /* :: */
    WEIR_P_INDEX = 140,
    WEIR_P_DOT = 150,
    WEIR_P_ATOM = 200
} weir_expr_power;

/* Spelling and strength of a binary operator. */
const char *weir_expr_op_text(weir_expr_op op);
int weir_expr_op_power(weir_expr_op op);

/* Fills err for a wrong expression: WEIR_USAGE, err->column = offset + 1. */
weir_status weir_expr_fault(weir_error *err, uint32_t offset, const char *fmt, ...)
    WEIR_PRINTF(3, 4);

/* The node's own piece of the text, cut to 60 bytes at a character boundary (for "%.*s"). */
weir_slice weir_expr_piece(const weir_expr *e);

/* Whether the word must be quoted to be a column's name. */
bool weir_expr_is_reserved(const char *word, size_t size);

#endif
