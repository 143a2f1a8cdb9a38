/* Lists, maps and structs: elements, fields, length, splitting and joining. */
#include "expr/function.h"

/* ---- taking values of children
 * ------------------------------------------------------------------------- */

/* Copies value `from` of child to row of out (same type, not nested). */
static void copy_fixed(weir_column *out, uint32_t row, const weir_column *child, uint32_t from) {
    const weir_column *base = weir_column_base(child);
    uint32_t s = weir_column_slot(child, from);
    if (out->type->id == WEIR_BOOL) {
        if (weir_bit_get((const uint64_t *)base->values, s))
            weir_bit_set((uint64_t *)out->values, row);
    } else {
        memcpy((char *)out->values + (size_t)row * out->type->width,
               (const char *)base->values + (size_t)s * out->type->width, out->type->width);
    }
}

/* Fills out with child[index[row]] for the call's rows; index < 0: null. */
static weir_status gather(weir_call *call, weir_column *out, const weir_column *child,
                          const int64_t *index, weir_error *err) {
    weir_status status = WEIR_OK;
    if (weir_type_is_nested(out->type)) {
        /* Built anew and moved into out, which is the frame's. */
        weir_builder *b = NULL;
        weir_column *made = NULL;
        WEIR_TRY(weir_builder_new(out->type, call->ledger, &b, err));
        for (uint32_t row = 0, k = 0; status == WEIR_OK && row < out->length; row++) {
            bool active = k < call->rows.n && weir_rows_at(&call->rows, k) == row;
            if (active) k++;
            if (active && index[row] >= 0)
                status = weir_builder_copy(b, child, (uint32_t)index[row], err);
            else
                status = weir_builder_null(b, false, err);
        }
        if (status == WEIR_OK) status = weir_builder_finish(b, &made, err);
        weir_builder_free(b);
        if (status != WEIR_OK) return status;
        for (uint32_t i = 0; status == WEIR_OK && i < made->n_children; i++)
            status = weir_column_add_child(out, weir_column_retain(made->children[i]), err);
        if (status == WEIR_OK && out->type->id != WEIR_STRUCT)
            memcpy(out->values, made->values, ((size_t)out->length + 1) * sizeof(int32_t));
        WEIR_EACH_ROW(row) {
            if (status == WEIR_OK && weir_column_is_null(made, row))
                status = weir_column_set_null(out, row, false, call->ledger, err);
        }
        weir_column_release(made);
        return status;
    }
    bool text = weir_type_is_view(out->type);
    const weir_column *base = weir_column_base(child);
    uint32_t first = out->n_blocks;
    for (uint32_t i = 0; text && i < base->n_blocks; i++)
        WEIR_TRY(weir_column_add_block(out, base->blocks[i], NULL, err));
    WEIR_EACH_ROW(row) {
        if (index[row] < 0 || weir_column_is_null(child, (uint32_t)index[row])) {
            WEIR_TRY(weir_call_null(call, out, row, err));
        } else if (text) {
            weir_view v =
                ((const weir_view *)base->values)[weir_column_slot(child, (uint32_t)index[row])];
            if (v.in.size > 12) v.ref.block += first;
            ((weir_view *)out->values)[row] = v;
        } else {
            copy_fixed(out, row, child, (uint32_t)index[row]);
        }
    }
out:
    return status;
}

/* ---- fields and elements
 * --------------------------------------------------------------------------------- */

static weir_status fn_field(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0];
    const weir_column *child = weir_column_base(c)->children[*(const uint32_t *)call->state];
    int64_t *index =
        weir_arena_alloc(call->eval->scratch, ((size_t)out->length + 1) * sizeof *index);
    if (!index) return weir_error_nomem(err);
    WEIR_EACH_ROW(row) index[row] = weir_column_slot(c, row);
    return gather(call, out, child, index, err);
}

weir_status weir_field_bind(weir_binder *b, const weir_expr *at, weir_bound **args,
                            const weir_type *type, const uint32_t *state, weir_bound **out,
                            weir_error *err) {
    return weir_bind_kernel(b, at, type, fn_field, 0, state, args, 1, out, err);
}

/* list[i]: 1-based, negative from the end; null outside. */
static weir_status fn_element(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0], *base = weir_column_base(c);
    WEIR_ARG(int64_t, n, 1);
    const int32_t *offsets = base->values;
    int64_t *index =
        weir_arena_alloc(call->eval->scratch, ((size_t)out->length + 1) * sizeof *index);
    if (!index) return weir_error_nomem(err);
    WEIR_EACH_ROW(row) {
        uint32_t s = weir_column_slot(c, row);
        int64_t i = WEIR_AT(n, row), size = offsets[s + 1] - offsets[s];
        if (i < 0) i = size + i + 1;
        index[row] = i < 1 || i > size ? -1 : offsets[s] + i - 1;
    }
    return gather(call, out, base->children[0], index, err);
}

/* map[key]: the value of the last such key; null when there is none. */
static weir_status fn_map_value(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0], *base = weir_column_base(c), *key = call->args[1];
    const int32_t *offsets = base->values;
    int64_t *index =
        weir_arena_alloc(call->eval->scratch, ((size_t)out->length + 1) * sizeof *index);
    if (!index) return weir_error_nomem(err);
    WEIR_EACH_ROW(row) {
        uint32_t s = weir_column_slot(c, row);
        index[row] = -1;
        for (int32_t i = offsets[s]; i < offsets[s + 1]; i++)
            if (!weir_column_is_null(base->children[0], (uint32_t)i) &&
                weir_compare_values(base->children[0], (uint32_t)i, key, row) == 0)
                index[row] = i;
    }
    return gather(call, out, base->children[1], index, err);
}

static weir_status prepare_element(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_type *t = p->args[0]->type;
    if (t->id == WEIR_JSON)
        return weir_bind_named(p->binder, p->at, "json_get", p->args, 2, &p->node, err);
    if (t->id == WEIR_LIST) {
        WEIR_TRY(weir_bind_convert(p->binder, &p->args[1], weir_type_of(WEIR_INT64), err));
        p->type = t->fields[0].type;
        return WEIR_OK;
    }
    if (t->id == WEIR_MAP) {
        WEIR_TRY(weir_bind_convert(p->binder, &p->args[1], t->fields[0].type, err));
        p->type = t->fields[1].type;
        p->kernel = fn_map_value;
        return WEIR_OK;
    }
    weir_expr_fault(err, p->at->begin, "%s has no elements", t->name);
    if (t->id == WEIR_STRUCT) weir_error_hint(err, "a field is written x.name");
    if (t->id == WEIR_STRING) weir_error_hint(err, "a piece of a text is substr(x, from, length)");
    return WEIR_USAGE;
out:
    return status;
}

/* ---- whole lists
 * -------------------------------------------------------------------------------------------- */

static weir_status fn_length(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0];
    const int32_t *offsets = weir_column_base(c)->values;
    (void)err;
    WEIR_EACH_ROW(row) {
        uint32_t s = weir_column_slot(c, row);
        ((int64_t *)out->values)[row] = offsets[s + 1] - offsets[s];
    }
    return WEIR_OK;
}
static weir_status prepare_length(weir_prepare *p, weir_error *err) {
    if (p->args[0]->type->id == WEIR_STRUCT)
        return weir_expr_fault(err, p->at->begin, "a struct has no length");
    return WEIR_OK;
}

/* array_length(list, 1): null for an empty list, as PostgreSQL has it. */
static weir_status fn_array_length(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0];
    const int32_t *offsets = weir_column_base(c)->values;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        uint32_t s = weir_column_slot(c, row);
        int64_t n = offsets[s + 1] - offsets[s];
        ((int64_t *)out->values)[row] = n;
        if (n == 0) WEIR_TRY(weir_call_null(call, out, row, err));
    }
out:
    return status;
}
static weir_status prepare_array_length(weir_prepare *p, weir_error *err) {
    int64_t dimension = 0;
    if (weir_bound_int(p->args[1], &dimension) && dimension == 1) return WEIR_OK;
    weir_expr_fault(err, p->args[1]->at->begin, "a list has one dimension, 1");
    weir_error_hint(err, "length(x[1]) is the length of the first list inside");
    return WEIR_USAGE;
}

static weir_status fn_contains(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0], *base = weir_column_base(c), *items = base->children[0];
    const int32_t *offsets = base->values;
    (void)err;
    WEIR_EACH_ROW(row) {
        uint32_t s = weir_column_slot(c, row);
        bool found = false;
        for (int32_t i = offsets[s]; i < offsets[s + 1] && !found; i++)
            found = !weir_column_is_null(items, (uint32_t)i) &&
                    weir_compare_values(items, (uint32_t)i, call->args[1], row) == 0;
        if (found) weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}
static weir_status prepare_contains(weir_prepare *p, weir_error *err) {
    const weir_type *item = p->args[0]->type->fields[0].type;
    return weir_bind_convert(p->binder, &p->args[1], item, err);
}

/* split(text, delimiter) -> list of text */
static weir_status fn_split(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), d = weir_text_arg_of(call->args[1]);
    weir_status status = WEIR_OK;
    weir_builder *b = NULL;
    weir_column *items = NULL;
    int32_t *offsets = out->values;
    WEIR_TRY(weir_builder_new(weir_type_of(WEIR_STRING), call->ledger, &b, err));
    for (uint32_t row = 0, k = 0; row < out->length; row++) {
        bool active = k < call->rows.n && weir_rows_at(&call->rows, k) == row;
        if (active) k++;
        weir_slice s = active ? weir_text_at(&a, row) : (weir_slice){NULL, 0};
        weir_slice cut = active ? weir_text_at(&d, row) : s;
        const char *at = s.data, *end = s.size ? s.data + s.size : s.data;
        while (active) {
            const char *next =
                cut.size && end > at ? memmem(at, (size_t)(end - at), cut.data, cut.size) : NULL;
            WEIR_TRY(weir_builder_bytes(b, at, (size_t)((next ? next : end) - at), err));
            if (!next) break;
            at = next + cut.size;
        }
        if (weir_builder_length(b) > INT32_MAX / 2) {
            status = weir_error_set(err, WEIR_RESOURCE, "split made too many items in one batch");
            goto out;
        }
        offsets[row + 1] = (int32_t)weir_builder_length(b);
    }
    WEIR_TRY(weir_builder_finish(b, &items, err));
    WEIR_TRY(weir_column_add_child(out, items, err));
    items = NULL;
out:
    weir_column_release(items);
    weir_builder_free(b);
    return status;
}
static weir_status prepare_split(weir_prepare *p, weir_error *err) {
    return weir_type_list(weir_type_of(WEIR_STRING), &p->type, err);
}

/* list_join(list of text, separator): nulls left out. */
static weir_status fn_join(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0], *base = weir_column_base(c), *items = base->children[0];
    const int32_t *offsets = base->values;
    weir_text_arg d = weir_text_arg_of(call->args[1]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_buf text = {.max = WEIR_TEXT_RESULT_MAX};
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        uint32_t s = weir_column_slot(c, row);
        weir_slice between = weir_text_at(&d, row);
        bool some = false, ok = true;
        text.size = 0;
        for (int32_t i = offsets[s]; i < offsets[s + 1] && ok; i++) {
            if (weir_column_is_null(items, (uint32_t)i)) continue;
            if (some) ok = weir_buf_add(&text, between.data, between.size);
            some = true;
            ok = ok && weir_column_text(items, (uint32_t)i, &text);
        }
        if (!ok && text.size < WEIR_TEXT_RESULT_MAX / 2) WEIR_TRY(weir_error_nomem(err));
        if (!ok)
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
        else
            WEIR_TRY(weir_text_put(&t, row, text.data ? text.data : "", text.size, err));
    }
out:
    weir_buf_clear(&text);
    return status;
}

const weir_function weir_functions_list[] = {
    {{"element_op", "", "x[i]", "list", 0, NULL, "", "", ""},
     {{"xx", '!', 0, fn_element, prepare_element}}},
    {{"cardinality", "list_length", "cardinality(list|map) -> int64", "list", 0, "number of items",
      "cardinality(split('a,b,c', ','))", "3", "len"},
     {{"L", 'i', 0, fn_length, prepare_length}}},
    {{"array_length", "", "array_length(list [, 1]) -> int64", "list", 0,
      "number of items; with the dimension 1 null for an empty list",
      "array_length(split('a,b,c', ','), 1)", "3", "0 for an empty list"},
     {{"l", 'i', 0, fn_length, NULL}, {"li", 'i', 0, fn_array_length, prepare_array_length}}},
    {{"list_contains", "array_contains", "list_contains(list, item) -> bool", "list", 0,
      "whether the item is in it", "list_contains(split('a,b', ','), 'b')", "true", ""},
     {{"lx", 'B', 0, fn_contains, prepare_contains}}},
    {{"split", "string_to_array, string_split, str_split",
      "split(string, delimiter string) -> list<string>", "list", 0,
      "the parts between delimiters; x[i] takes one (from 1, negative from the end)",
      "split('a-b', '-')[2]", "b", ""},
     {{"ss", '!', 0, fn_split, prepare_split}}},
    {{"list_join", "array_to_string", "list_join(list, separator string) -> string", "list", 0,
      "the items as text with the separator between, nulls left out",
      "list_join(split('a b', ' '), '+')", "a+b", "array_to_string"},
     {{"ls", 's', WEIR_K_CAN_FAIL, fn_join, NULL}}},
    {.info = {.name = NULL}}};
