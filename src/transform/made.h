/* Operators that are expressions in other words: columns made of the record as it came in. */
#ifndef WEIR_TRANSFORM_MADE_H
#define WEIR_TRANSFORM_MADE_H

#include "expr/expr.h"
#include "transform/kinds.h"

/* One column that an operator makes. */
typedef struct weir_made_column {
    const char *name, *text; /* the expression; in the plan's arena */
    weir_program *program;
} weir_made_column;

typedef struct weir_made {
    const char *stage; /* the operator's name, also the rule of what fails */
    uint32_t n;
    weir_made_column *columns;
    uint32_t *target;
} weir_made;

/* A column's name, and a text, as an expression writes them; appended to out. */
WEIR_MUST_USE bool weir_made_name(weir_buf *out, const char *name);
WEIR_MUST_USE bool weir_made_text(weir_buf *out, const char *text);

/* Binds made->columns (names and texts are there), fills op->reads and op->out, and sets op->state
 * to made unless a column is not known yet.  Faults of an expression are told at node. */
WEIR_MUST_USE weir_status weir_made_bind(weir_made *made, const weir_bind *bind, weir_operator *op,
                                         const weir_node *node, const char *key, weir_error *err);
/* For the rows of kinds: free, local_new, local_free, process. */
void weir_made_free(weir_operator *op);
weir_status weir_made_local_new(const weir_operator *op, weir_ctx *ctx, void **local,
                                weir_error *err);
void weir_made_local_free(const weir_operator *op, void *local);
weir_status weir_made_process(const weir_operator *op, void *local, weir_ctx *ctx,
                              weir_batch *batch, weir_error *err);

#endif
