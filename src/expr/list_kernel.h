/* What the function files that make lists share. */
#ifndef WEIR_EXPR_LIST_KERNEL_H
#define WEIR_EXPR_LIST_KERNEL_H

#include "expr/function.h"

/* A list that one call makes of one record has at most so many items. */
#define WEIR_LIST_RESULT_MAX 65536

/* A list argument of any encoding. */
typedef struct weir_list_arg {
    const weir_column *column, *items;
    const int32_t *offsets;
} weir_list_arg;
static inline weir_list_arg weir_list_arg_of(const weir_column *c) {
    const weir_column *base = weir_column_base(c);
    weir_list_arg a = {c, base->n_children ? base->children[0] : NULL, base->values};
    return a;
}
/* Items of row: numbers *begin to *end - 1 of a->items. */
static inline void weir_list_at(const weir_list_arg *a, uint32_t row, uint32_t *begin,
                                uint32_t *end) {
    uint32_t s = weir_column_slot(a->column, row);
    *begin = (uint32_t)a->offsets[s];
    *end = (uint32_t)a->offsets[s + 1];
}

/* Writes lists: open, then for each row of the call weir_list_row and its items, then close; clear
 * in any case. */
typedef struct weir_list_out {
    weir_column *out;
    weir_builder *items;
    uint32_t next; /* first row whose end is not written */
} weir_list_out;
WEIR_MUST_USE weir_status weir_list_open(weir_call *call, weir_column *out, weir_list_out *w,
                                         weir_error *err);
/* What is appended to w->items from here on belongs to row. */
static inline void weir_list_row(weir_list_out *w, uint32_t row) {
    int32_t *offsets = w->out->values, n = (int32_t)weir_builder_length(w->items);
    for (; w->next <= row; w->next++) offsets[w->next] = n;
}
/* WEIR_RESOURCE when the batch has too many items. */
WEIR_MUST_USE weir_status weir_list_close(weir_list_out *w, weir_error *err);
void weir_list_clear(weir_list_out *w);

#endif
