/* Whole lists: order, parts, sums, sets; lists out of other things. */
#include "expr/list_kernel.h"

#include <stdlib.h>
#include "expr/number.h"
#include "text/hash.h"

/* ---- writing ------------------------------------------------------------------------------------
 */

weir_status weir_list_open(weir_call *call, weir_column *out, weir_list_out *w, weir_error *err) {
    *w = (weir_list_out){.out = out};
    return weir_builder_new(out->type->fields[0].type, call->ledger, &w->items, err);
}

weir_status weir_list_close(weir_list_out *w, weir_error *err) {
    weir_column *items = NULL;
    if (weir_builder_length(w->items) > INT32_MAX / 2)
        return weir_error_set(err, WEIR_RESOURCE, "too many items of lists in one batch");
    weir_list_row(w, w->out->length);
    weir_status status = weir_builder_finish(w->items, &items, err);
    if (status == WEIR_OK) status = weir_column_add_child(w->out, items, err);
    if (status != WEIR_OK) weir_column_release(items);
    return status;
}

void weir_list_clear(weir_list_out *w) {
    weir_builder_free(w->items);
    w->items = NULL;
}

/* ---- looking for an item ------------------------------------------------------------------------
 */

/* As array_position of PostgreSQL, which finds a null, too. */
static weir_status fn_position(weir_call *call, weir_column *out, weir_error *err) {
    weir_list_arg a = weir_list_arg_of(call->args[0]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        uint32_t begin, end, i;
        bool null = weir_column_is_null(call->args[1], row);
        if (weir_column_is_null(call->args[0], row)) {
            WEIR_TRY(weir_call_null(call, out, row, err));
            continue;
        }
        weir_list_at(&a, row, &begin, &end);
        for (i = begin; i < end; i++)
            if (null ? weir_column_is_null(a.items, i)
                     : !weir_column_is_null(a.items, i) &&
                           weir_compare_values(a.items, i, call->args[1], row) == 0)
                break;
        ((int64_t *)out->values)[row] = i - begin + 1;
        if (i == end) WEIR_TRY(weir_call_null(call, out, row, err));
    }
out:
    return status;
}

/* Argument k as an item of a list of this type; null is one of any type. */
static weir_status take_item(weir_prepare *p, uint32_t k, const weir_type *list, weir_error *err) {
    const weir_type *type = list->fields[0].type;
    if (p->at->args[k]->kind == WEIR_E_NULL)
        return weir_bind_null(p->binder, p->at->args[k], type, &p->args[k], err);
    return weir_bind_convert(p->binder, &p->args[k], type, err);
}
static weir_status prepare_item(weir_prepare *p, weir_error *err) {
    return take_item(p, 1, p->args[0]->type, err);
}

/* any or all items of the second list are in the first */
static inline weir_status has(weir_call *call, weir_column *out, bool all, weir_error *err) {
    weir_list_arg a = weir_list_arg_of(call->args[0]), b = weir_list_arg_of(call->args[1]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        uint32_t begin, end, from, to;
        weir_list_at(&a, row, &begin, &end);
        weir_list_at(&b, row, &from, &to);
        if ((uint64_t)(end - begin) * (to - from) > 10000000) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "lists too long to be compared"));
            continue;
        }
        bool result = all;
        for (; from < to && result == all; from++) {
            bool found = false;
            for (uint32_t i = begin; i < end && !found; i++)
                found = weir_column_equal(a.items, i, b.items, from);
            if (weir_column_is_null(b.items, from)) continue;
            result = found;
        }
        if (result) weir_bit_set((uint64_t *)out->values, row);
    }
out:
    return status;
}
static weir_status fn_has_any(weir_call *call, weir_column *out, weir_error *err) {
    return has(call, out, false, err);
}
static weir_status fn_has_all(weir_call *call, weir_column *out, weir_error *err) {
    return has(call, out, true, err);
}
/* Both lists of one type. */
static weir_status prepare_pair(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    if (p->args[0]->type != p->args[1]->type)
        return weir_expr_fault(err, p->at->begin, "%s and %s have items of different types",
                               p->args[0]->type->name, p->args[1]->type->name);
    if (!p->type) p->type = p->args[0]->type;
    return status;
}

/* ---- the same items in another order
 * ------------------------------------------------------------- */

typedef struct order {
    const weir_column *items;
    int sign;
} order;

/* Nulls last, whatever the order. */
static int by_value(const void *x, const void *y, void *context) {
    const order *o = context;
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    bool null_a = weir_column_is_null(o->items, a), null_b = weir_column_is_null(o->items, b);
    if (null_a || null_b) return null_a != null_b ? (null_a ? 1 : -1) : a < b ? -1 : 1;
    int c = weir_compare_values(o->items, a, o->items, b) * o->sign;
    return c ? c : a < b ? -1 : 1;
}

typedef enum arrange { SORT, SORT_DOWN, REVERSE, DISTINCT, COMPACT } arrange;

/* The numbers of the items wanted, in order; returns how many. */
static uint32_t arranged(const weir_column *items, uint32_t begin, uint32_t end, arrange how,
                         uint32_t *numbers) {
    uint32_t n = 0;
    order o = {items, how == SORT_DOWN ? -1 : 1};
    for (uint32_t i = begin; i < end; i++) {
        if (how == COMPACT && weir_column_is_null(items, i)) continue;
        numbers[n++] = how == REVERSE ? begin + end - 1 - i : i;
    }
    if (how == REVERSE || how == COMPACT || n < 2) return n;
    qsort_r(numbers, n, sizeof *numbers, by_value, &o);
    if (how != DISTINCT) return n;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool again = kept && weir_column_equal(items, numbers[kept - 1], items, numbers[i]);
        if (!again) numbers[kept++] = numbers[i];
    }
    return kept;
}

static weir_status rearrange(weir_call *call, weir_column *out, arrange how, weir_error *err) {
    weir_list_arg a = weir_list_arg_of(call->args[0]);
    weir_list_out w = {0};
    weir_status status = WEIR_OK;
    uint32_t *numbers = NULL;
    size_t room = 0;
    WEIR_TRY(weir_list_open(call, out, &w, err));
    WEIR_EACH_ROW(row) {
        uint32_t begin, end;
        weir_list_at(&a, row, &begin, &end);
        WEIR_TRY(weir_grow((void **)&numbers, &room, end - begin + 1u, sizeof *numbers,
                           SIZE_MAX / 8, err));
        weir_list_row(&w, row);
        uint32_t n = arranged(a.items, begin, end, how, numbers);
        for (uint32_t i = 0; i < n; i++)
            WEIR_TRY(weir_builder_copy(w.items, a.items, numbers[i], err));
    }
    status = weir_list_close(&w, err);
out:
    weir_list_clear(&w);
    weir_free(numbers);
    return status;
}
#define ARRANGE(name, how)                                                                         \
    static weir_status fn_##name(weir_call *call, weir_column *out, weir_error *err) {             \
        return rearrange(call, out, how, err);                                                     \
    }
ARRANGE(sort, SORT)
ARRANGE(sort_down, SORT_DOWN)
ARRANGE(reverse, REVERSE)
ARRANGE(distinct, DISTINCT)
ARRANGE(compact, COMPACT)

static weir_status need_order(weir_prepare *p, weir_error *err) {
    const weir_type *t = p->args[0]->type->fields[0].type;
    if (weir_type_is_nested(t) || t->id == WEIR_JSON)
        return weir_expr_fault(err, p->at->begin, "%s values have no order", t->name);
    return WEIR_OK;
}
static weir_status prepare_sort(weir_prepare *p, weir_error *err) {
    weir_slice word = {"asc", 3};
    if (p->n_args > 1 && (!weir_bound_text(p->args[1], &word) ||
                          (!weir_slice_is(word, "asc") && !weir_slice_is(word, "desc"))))
        return weir_expr_fault(err, p->args[1]->at->begin, "the order must be 'asc' or 'desc'");
    if (weir_slice_is(word, "desc")) p->kernel = fn_sort_down;
    p->n_args = 1;
    return need_order(p, err);
}

/* ---- parts and sums of lists
 * ---------------------------------------------------------------------- */

/* Items from..to, 1-based, negative from the end. */
static weir_status fn_slice(weir_call *call, weir_column *out, weir_error *err) {
    weir_list_arg a = weir_list_arg_of(call->args[0]);
    WEIR_ARG(int64_t, f, 1);
    WEIR_ARG(int64_t, t, 2);
    weir_list_out w = {0};
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_list_open(call, out, &w, err));
    WEIR_EACH_ROW(row) {
        uint32_t begin, end;
        weir_list_at(&a, row, &begin, &end);
        int64_t size = end - begin, from = WEIR_AT(f, row), to = WEIR_AT(t, row);
        if (from < 0) from = from < -size ? 1 : size + from + 1;
        if (to < 0) to = to < -size ? 0 : size + to + 1;
        if (from < 1) from = 1;
        if (to > size) to = size;
        weir_list_row(&w, row);
        for (int64_t i = from; i <= to; i++)
            WEIR_TRY(weir_builder_copy(w.items, a.items, begin + (uint32_t)i - 1, err));
    }
    status = weir_list_close(&w, err);
out:
    weir_list_clear(&w);
    return status;
}

/* Lists and items one behind the other: which arguments are lists says their type.  A list that is
 * null has no items, as in PostgreSQL. */
static weir_status fn_concat(weir_call *call, weir_column *out, weir_error *err) {
    weir_list_out w = {0};
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_list_open(call, out, &w, err));
    WEIR_EACH_ROW(row) {
        weir_list_row(&w, row);
        for (uint32_t k = 0; k < call->n_args; k++) {
            const weir_column *c = call->args[k];
            if (c->type != out->type) {
                WEIR_TRY(weir_builder_copy(w.items, c, row, err));
                continue;
            }
            if (weir_column_is_null(c, row)) continue;
            weir_list_arg a = weir_list_arg_of(c);
            uint32_t begin, end;
            weir_list_at(&a, row, &begin, &end);
            for (uint32_t i = begin; i < end; i++)
                WEIR_TRY(weir_builder_copy(w.items, a.items, i, err));
        }
    }
    status = weir_list_close(&w, err);
out:
    weir_list_clear(&w);
    return status;
}
/* The same; null when both are. */
static weir_status fn_concat_lists(weir_call *call, weir_column *out, weir_error *err) {
    weir_status status = fn_concat(call, out, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        if (!weir_column_is_null(call->args[0], row) || !weir_column_is_null(call->args[1], row))
            continue;
        WEIR_TRY(weir_call_null(call, out, row, err));
    }
out:
    return status;
}
static weir_status prepare_append(weir_prepare *p, weir_error *err) {
    p->type = p->args[0]->type;
    return take_item(p, 1, p->type, err);
}
static weir_status prepare_prepend(weir_prepare *p, weir_error *err) {
    p->type = p->args[1]->type;
    return take_item(p, 0, p->type, err);
}

/* list(a, b, ...) */
static weir_status prepare_list(weir_prepare *p, weir_error *err) {
    return weir_type_list(p->args[0]->type, &p->type, err);
}

static weir_status fn_flatten(weir_call *call, weir_column *out, weir_error *err) {
    weir_list_arg a = weir_list_arg_of(call->args[0]);
    weir_list_out w = {0};
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_list_open(call, out, &w, err));
    weir_list_arg inner = weir_list_arg_of(a.items);
    WEIR_EACH_ROW(row) {
        uint32_t begin, end;
        weir_list_at(&a, row, &begin, &end);
        weir_list_row(&w, row);
        for (uint32_t i = begin; i < end; i++) {
            uint32_t from, to;
            if (weir_column_is_null(a.items, i)) continue;
            weir_list_at(&inner, i, &from, &to);
            for (; from < to; from++) WEIR_TRY(weir_builder_copy(w.items, inner.items, from, err));
        }
    }
    status = weir_list_close(&w, err);
out:
    weir_list_clear(&w);
    return status;
}
static weir_status prepare_flatten(weir_prepare *p, weir_error *err) {
    p->type = p->args[0]->type->fields[0].type;
    if (p->type->id != WEIR_LIST)
        return weir_expr_fault(err, p->at->begin, "the items of %s are no lists",
                               p->args[0]->type->name);
    return WEIR_OK;
}

/* ---- figures of a list
 * ------------------------------------------------------------------------------ */

/* The smallest or largest item that is not null, put through an index of items. */
static weir_status fn_extreme(weir_call *call, weir_column *out, int sign, weir_error *err) {
    weir_list_arg a = weir_list_arg_of(call->args[0]);
    weir_status status = WEIR_OK;
    weir_builder *b = NULL;
    weir_column *made = NULL;
    WEIR_TRY(weir_builder_new(out->type, call->ledger, &b, err));
    for (uint32_t row = 0, k = 0; row < out->length; row++) {
        bool active = k < call->rows.n && weir_rows_at(&call->rows, k) == row;
        uint32_t begin = 0, end = 0, best = UINT32_MAX;
        if (active) k++, weir_list_at(&a, row, &begin, &end);
        for (uint32_t i = begin; i < end; i++)
            if (!weir_column_is_null(a.items, i) &&
                (best == UINT32_MAX || weir_compare_values(a.items, i, a.items, best) * sign > 0))
                best = i;
        if (best == UINT32_MAX)
            WEIR_TRY(weir_builder_null(b, false, err));
        else
            WEIR_TRY(weir_builder_copy(b, a.items, best, err));
    }
    WEIR_TRY(weir_builder_finish(b, &made, err));
    for (uint32_t i = 0; i < made->n_blocks; i++)
        WEIR_TRY(weir_column_add_block(out, made->blocks[i], NULL, err));
    if (out->length)
        memcpy(out->values, made->values,
               out->type->id == WEIR_BOOL ? weir_bit_words(out->length) * 8
                                          : (size_t)out->type->width * out->length);
    WEIR_EACH_ROW(row)
    if (weir_column_is_null(made, row)) WEIR_TRY(weir_call_null(call, out, row, err));
out:
    weir_column_release(made);
    weir_builder_free(b);
    return status;
}
static weir_status fn_min(weir_call *call, weir_column *out, weir_error *err) {
    return fn_extreme(call, out, -1, err);
}
static weir_status fn_max(weir_call *call, weir_column *out, weir_error *err) {
    return fn_extreme(call, out, 1, err);
}
static weir_status prepare_extreme(weir_prepare *p, weir_error *err) {
    p->type = p->args[0]->type->fields[0].type;
    return need_order(p, err);
}

static double item_double(const weir_column *items, uint32_t i) {
    const weir_column *base = weir_column_base(items);
    uint32_t s = weir_column_slot(items, i);
    switch (items->type->id) {
    case WEIR_FLOAT64: return ((const double *)base->values)[s];
    case WEIR_FLOAT32: return (double)((const float *)base->values)[s];
    case WEIR_DECIMAL: return weir_decimal_to_double(weir_number_at(items, i), items->type->scale);
    default: return weir_decimal_to_double(weir_number_at(items, i), 0);
    }
}

/* Sum of the items that are not null; null when there is none. */
static weir_status fn_sum(weir_call *call, weir_column *out, weir_error *err) {
    weir_list_arg a = weir_list_arg_of(call->args[0]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        uint32_t begin, end, n = 0;
        weir_int128 sum = 0, most = 0;
        double total = 0;
        bool over = false;
        weir_list_at(&a, row, &begin, &end);
        for (uint32_t i = begin; i < end; i++) {
            if (weir_column_is_null(a.items, i)) continue;
            n++;
            if (out->type->id == WEIR_FLOAT64)
                total += item_double(a.items, i);
            else
                over |= __builtin_add_overflow(sum, weir_number_at(a.items, i), &sum);
        }
        char *to = (char *)out->values + (size_t)row * out->type->width;
        memset(to, 0, out->type->width);
        if (out->type->id == WEIR_FLOAT64)
            memcpy(to, &total, 8);
        else if (out->type->id == WEIR_INT64) {
            int64_t v = (int64_t)sum;
            over |= v != sum;
            memcpy(to, &v, 8);
        } else {
            most = weir_decimal_power[38];
            over |= sum >= most || sum <= -most;
            memcpy(to, &sum, 16);
        }
        if (n == 0)
            WEIR_TRY(weir_call_null(call, out, row, err));
        else if (over)
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of %s", out->type->name));
    }
out:
    return status;
}
static weir_status prepare_sum(weir_prepare *p, weir_error *err) {
    const weir_type *t = p->args[0]->type->fields[0].type;
    if (!weir_type_is_numeric(t))
        return weir_expr_fault(err, p->at->begin, "the items of %s are no numbers",
                               p->args[0]->type->name);
    if (weir_type_is_float(t))
        p->type = weir_type_of(WEIR_FLOAT64);
    else if (t->id == WEIR_DECIMAL || t->id == WEIR_UINT64)
        return weir_type_decimal(38, t->id == WEIR_DECIMAL ? t->scale : 0, &p->type, err);
    else
        p->type = weir_type_of(WEIR_INT64);
    return WEIR_OK;
}

static weir_status fn_avg(weir_call *call, weir_column *out, weir_error *err) {
    weir_list_arg a = weir_list_arg_of(call->args[0]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        uint32_t begin, end, n = 0;
        double total = 0;
        weir_list_at(&a, row, &begin, &end);
        for (uint32_t i = begin; i < end; i++)
            if (!weir_column_is_null(a.items, i)) n++, total += item_double(a.items, i);
        ((double *)out->values)[row] = n ? total / n : 0;
        if (!n) WEIR_TRY(weir_call_null(call, out, row, err));
    }
out:
    return status;
}
static weir_status prepare_avg(weir_prepare *p, weir_error *err) {
    weir_status status = prepare_sum(p, err);
    p->type = weir_type_of(WEIR_FLOAT64);
    return status;
}

static weir_status fn_count(weir_call *call, weir_column *out, weir_error *err) {
    weir_list_arg a = weir_list_arg_of(call->args[0]);
    (void)err;
    WEIR_EACH_ROW(row) {
        uint32_t begin, end;
        int64_t n = 0;
        weir_list_at(&a, row, &begin, &end);
        for (uint32_t i = begin; i < end; i++) n += !weir_column_is_null(a.items, i);
        ((int64_t *)out->values)[row] = n;
    }
    return WEIR_OK;
}

/* ---- series
 * ------------------------------------------------------------------------------------------ */

/* From start to stop by step; closed: stop itself may be the last. */
static weir_status series(weir_call *call, weir_column *out, bool closed, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    WEIR_ARG(int64_t, b, 1);
    static const int64_t one = 1;
    const int64_t *step_v = call->n_args > 2 ? call->args[2]->values : &one;
    uint32_t step_m = call->n_args > 2 && call->args[2]->encoding == WEIR_PLAIN ? UINT32_MAX : 0;
    weir_list_out w = {0};
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_list_open(call, out, &w, err));
    WEIR_EACH_ROW(row) {
        weir_int128 at = WEIR_AT(a, row), stop = WEIR_AT(b, row), step = step_v[row & step_m];
        weir_list_row(&w, row);
        if (step == 0) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "a step of 0"));
            continue;
        }
        weir_int128 n = step > 0 ? stop - at : at - stop, by = step > 0 ? step : -step;
        n = n < 0 ? 0 : closed ? n / by + 1 : (n + by - 1) / by;
        if (n > WEIR_LIST_RESULT_MAX) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "a list of more than 65,536 items"));
            continue;
        }
        for (weir_int128 i = 0; i < n; i++) {
            int64_t v = (int64_t)(at + i * step);
            WEIR_TRY(weir_builder_value(w.items, &v, err));
        }
    }
    status = weir_list_close(&w, err);
out:
    weir_list_clear(&w);
    return status;
}
static weir_status fn_range(weir_call *call, weir_column *out, weir_error *err) {
    return series(call, out, false, err);
}
static weir_status fn_series(weir_call *call, weir_column *out, weir_error *err) {
    return series(call, out, true, err);
}
static weir_status prepare_series(weir_prepare *p, weir_error *err) {
    return weir_type_list(weir_type_of(WEIR_INT64), &p->type, err);
}

/* x[i] under a name */
static weir_status fn_none(weir_call *call, weir_column *out, weir_error *err) {
    (void)call;
    (void)out;
    return weir_error_set(err, WEIR_INTERNAL, "a form that was not replaced");
}
static weir_status prepare_element(weir_prepare *p, weir_error *err) {
    return weir_bind_named(p->binder, p->at, "element_op", p->args, 2, &p->node, err);
}

#define LIST(name, alias, signature, kernel, prepare, doc, example, result, duck)                  \
    {                                                                                              \
        {name, alias, name signature, "list", 0, doc, example, result, duck}, {                    \
            { "l", '!', 0, kernel, prepare }                                                       \
        }                                                                                          \
    }
#define SAME(name, alias, kernel, prepare, doc, example, result, duck)                             \
    {                                                                                              \
        {name, alias, name "(list) -> type of the list", "list", 0, doc, example, result, duck}, { \
            { "l", '0', 0, kernel, prepare }                                                       \
        }                                                                                          \
    }

const weir_function weir_functions_list_more[] = {
    {{"list", "list_value, array", "list(any, ...) -> list", "list", 0, "a list of these",
      "list(1, 2, 3)", "[1,2,3]", "list_value"},
     {{"XX*", '!', WEIR_K_NULLS, fn_concat, prepare_list}}},
    {{"list_element", "element_at, list_extract", "list_element(list|map, i) -> item", "list", 0,
      "x[i]: an item by its number, from 1, negative from the end; the value of a key",
      "list_element(list(5, 6, 7), -1)", "7", ""},
     {{"xx", '!', 0, fn_none, prepare_element}}},
    {{"list_position", "array_position, list_indexof", "list_position(list, item) -> int64", "list",
      0, "number of the first such item, from 1; null when there is none",
      "list_position(split('a,b', ','), 'b')", "2", "0 when there is none"},
     {{"lx", 'i', WEIR_K_NULLS, fn_position, prepare_item}}},
    {{"list_sort", "array_sort", "list_sort(list [, 'asc'|'desc']) -> type of the list", "list", 0,
      "the items in order, nulls last", "list_sort(list(3, 1, 2), 'desc')", "[3,2,1]",
      "nulls first; other words"},
     {{"ls?", '0', 0, fn_sort, prepare_sort}}},
    SAME("list_reverse", "array_reverse", fn_reverse, NULL, "the items in reverse order",
         "list_reverse(list(1, 2, 3))", "[3,2,1]", ""),
    SAME("list_distinct", "array_distinct", fn_distinct, need_order,
         "each item once, in order, a null last", "list_distinct(list(2, 1, 2))", "[1,2]",
         "in any order, without null"),
    SAME("list_compact", "array_compact", fn_compact, NULL, "without nulls",
         "list_compact(list(1, null, 2))", "[1,2]", "does not exist"),
    {{"list_slice", "array_slice", "list_slice(list, from int64, to int64) -> type of the list",
      "list", 0, "items from..to, from 1, negative from the end",
      "list_slice(list(1, 2, 3, 4), 2, -1)", "[2,3,4]", ""},
     {{"lii", '0', 0, fn_slice, NULL}}},
    {{"list_concat", "array_cat, array_concat", "list_concat(list, list) -> type of the lists",
      "list", 0, "the items of both; a null list has none", "list_concat(list(1, 2), list(3))",
      "[1,2,3]", ""},
     {{"ll", '!', WEIR_K_NULLS, fn_concat_lists, prepare_pair}}},
    {{"list_append", "array_append, array_push_back", "list_append(list, item) -> type of the list",
      "list", 0, "with the item at the end", "list_append(list(1, 2), 3)", "[1,2,3]", ""},
     {{"lx", '!', WEIR_K_NULLS, fn_concat, prepare_append}}},
    {{"list_prepend", "array_prepend, array_push_front",
      "list_prepend(item, list) -> type of the list", "list", 0, "with the item at the beginning",
      "list_prepend(0, list(1, 2))", "[0,1,2]", ""},
     {{"xl", '!', WEIR_K_NULLS, fn_concat, prepare_prepend}}},
    LIST("list_flatten", "flatten", "(list of lists) -> list", fn_flatten, prepare_flatten,
         "the items of the items", "list_flatten(list(list(1, 2), list(3)))", "[1,2,3]", "flatten"),
    {{"list_has_any", "array_has_any, arrays_overlap", "list_has_any(list, list) -> bool", "list",
      0, "whether an item of the second is in the first", "list_has_any(list(1, 2), list(2, 3))",
      "true", ""},
     {{"ll", 'B', WEIR_K_CAN_FAIL, fn_has_any, prepare_pair}}},
    {{"list_has_all", "array_has_all", "list_has_all(list, list) -> bool", "list", 0,
      "whether all items of the second are in the first", "list_has_all(list(1, 2), list(2, 3))",
      "false", ""},
     {{"ll", 'B', WEIR_K_CAN_FAIL, fn_has_all, prepare_pair}}},
    LIST("list_min", "array_min", "(list) -> item", fn_min, prepare_extreme,
         "the smallest item that is not null", "list_min(list(3, 1, 2))", "1", ""),
    LIST("list_max", "array_max", "(list) -> item", fn_max, prepare_extreme,
         "the largest item that is not null", "list_max(split('a b c', ' '))", "c", ""),
    {{"list_sum", "array_sum", "list_sum(list of numbers) -> number", "list", 0,
      "sum of the items that are not null", "list_sum(list(1.5, 2, null))", "3.5", ""},
     {{"l", '!', WEIR_K_CAN_FAIL, fn_sum, prepare_sum}}},
    LIST("list_avg", "array_avg", "(list of numbers) -> float64", fn_avg, prepare_avg,
         "mean of the items that are not null", "list_avg(list(1, 2, 4, 5))", "3", ""),
    {{"list_count", "", "list_count(list) -> int64", "list", 0, "number of items that are not null",
      "list_count(list(1, null, 2))", "2", ""},
     {{"l", 'i', 0, fn_count, NULL}}},
    {{"range", "", "range(start int64, stop int64 [, step int64]) -> list<int64>", "list", 0,
      "start, start + step, ... before stop", "range(0, 10, 3)", "[0,3,6,9]", ""},
     {{"iii?", '!', WEIR_K_CAN_FAIL, fn_range, prepare_series}}},
    {{"generate_series", "sequence",
      "generate_series(start int64, stop int64 [, step int64]) -> "
      "list<int64>",
      "list", 0, "start, start + step, ... up to stop", "generate_series(3, 1, -1)", "[3,2,1]", ""},
     {{"iii?", '!', WEIR_K_CAN_FAIL, fn_series, prepare_series}}},
    {.info = {.name = NULL}}};
