/* Maps and structs: keys, values, making them of other things. */
#include "expr/list_kernel.h"

/* ---- parts of a map
 * ------------------------------------------------------------------------------ */

/* State: child number. */
static weir_status fn_parts(weir_call *call, weir_column *out, weir_error *err) {
    const uint32_t *child = call->state;
    const weir_column *c = call->args[0], *base = weir_column_base(c);
    const int32_t *offsets = base->values;
    weir_list_out w = {0};
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_list_open(call, out, &w, err));
    WEIR_EACH_ROW(row) {
        uint32_t s = weir_column_slot(c, row);
        weir_list_row(&w, row);
        for (int32_t i = offsets[s]; i < offsets[s + 1]; i++)
            WEIR_TRY(weir_builder_copy(w.items, base->children[*child], (uint32_t)i, err));
    }
    status = weir_list_close(&w, err);
out:
    weir_list_clear(&w);
    return status;
}
static weir_status prepare_parts(weir_prepare *p, const uint32_t *child, weir_error *err) {
    const weir_type *t = p->args[0]->type;
    if (t->id != WEIR_MAP) return weir_expr_fault(err, p->at->begin, "%s is no map", t->name);
    p->state = child;
    return weir_type_list(t->fields[*child].type, &p->type, err);
}
static weir_status prepare_keys(weir_prepare *p, weir_error *err) {
    static const uint32_t keys = 0;
    return prepare_parts(p, &keys, err);
}
static weir_status prepare_values(weir_prepare *p, weir_error *err) {
    static const uint32_t values = 1;
    return prepare_parts(p, &values, err);
}

static weir_status fn_contains(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0], *base = weir_column_base(c), *keys = base->children[0];
    const int32_t *offsets = base->values;
    (void)err;
    WEIR_EACH_ROW(row) {
        uint32_t s = weir_column_slot(c, row);
        bool found = false;
        for (int32_t i = offsets[s]; i < offsets[s + 1] && !found; i++)
            found = !weir_column_is_null(keys, (uint32_t)i) &&
                    weir_compare_values(keys, (uint32_t)i, call->args[1], row) == 0;
        if (found) weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}
static weir_status prepare_contains(weir_prepare *p, weir_error *err) {
    const weir_type *t = p->args[0]->type;
    if (t->id != WEIR_MAP) return weir_expr_fault(err, p->at->begin, "%s is no map", t->name);
    return weir_bind_convert(p->binder, &p->args[1], t->fields[0].type, err);
}

/* ---- making maps
 * ----------------------------------------------------------------------------------- */

/* Gives out what the builder made: its children and, for maps, the offsets. */
static weir_status take_over(weir_column *out, weir_builder *b, weir_error *err) {
    weir_column *made = NULL;
    weir_status status = weir_builder_finish(b, &made, err);
    if (status != WEIR_OK) return status;
    for (uint32_t i = 0; status == WEIR_OK && i < made->n_children; i++) {
        weir_column *child = weir_column_retain(made->children[i]);
        status = weir_column_add_child(out, child, err);
        if (status != WEIR_OK) weir_column_release(child);
    }
    if (status == WEIR_OK && out->type->id != WEIR_STRUCT)
        memcpy(out->values, made->values, ((size_t)out->length + 1) * sizeof(int32_t));
    weir_column_release(made);
    return status;
}

/* map(keys, values): two lists of one length; a key that is null fails. */
static weir_status map_row(weir_builder *b, const weir_list_arg *k, const weir_list_arg *v,
                           uint32_t row, const char **why, weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t begin, end, from, to;
    weir_list_at(k, row, &begin, &end);
    weir_list_at(v, row, &from, &to);
    *why = end - begin != to - from ? "lists of different lengths"
           : end - begin > 4096     ? "a map of more than 4,096 keys"
                                    : NULL;
    for (uint32_t i = begin; i < end && !*why; i++) {
        if (weir_column_is_null(k->items, i)) *why = "a key that is null";
        for (uint32_t j = begin; j < i && !*why; j++)
            if (weir_column_equal(k->items, i, k->items, j)) *why = "a key that stands twice";
    }
    for (uint32_t i = begin; i < end && !*why; i++) {
        WEIR_TRY(weir_builder_copy(weir_builder_child(b, 0), k->items, i, err));
        WEIR_TRY(weir_builder_copy(weir_builder_child(b, 1), v->items, from + i - begin, err));
    }
out:
    return status;
}
static weir_status fn_map(weir_call *call, weir_column *out, weir_error *err) {
    weir_list_arg k = weir_list_arg_of(call->args[0]), v = weir_list_arg_of(call->args[1]);
    weir_builder *b = NULL;
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_builder_new(out->type, call->ledger, &b, err));
    for (uint32_t row = 0, n = 0; row < out->length; row++) {
        const char *why = NULL;
        bool active = n < call->rows.n && weir_rows_at(&call->rows, n) == row;
        if (active) n++;
        if (active) WEIR_TRY(map_row(b, &k, &v, row, &why, err));
        if (why) WEIR_TRY(weir_call_fail(call, out, row, err, "%s", why));
        WEIR_TRY(active && !why ? weir_builder_close_row(b, err)
                                : weir_builder_null(b, false, err));
    }
    status = take_over(out, b, err);
out:
    weir_builder_free(b);
    return status;
}
static weir_status prepare_map(weir_prepare *p, weir_error *err) {
    return weir_type_map(p->args[0]->type->fields[0].type, p->args[1]->type->fields[0].type,
                         &p->type, err);
}

/* ---- structs
 * ---------------------------------------------------------------------------------------- */

/* struct('a', x, 'b', y): the values only, the names are in the type. */
static weir_status fn_struct(weir_call *call, weir_column *out, weir_error *err) {
    weir_builder *b = NULL;
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_builder_new(out->type, call->ledger, &b, err));
    for (uint32_t row = 0, k = 0; row < out->length; row++) {
        bool active = k < call->rows.n && weir_rows_at(&call->rows, k) == row;
        if (active) k++;
        if (!active) {
            WEIR_TRY(weir_builder_null(b, false, err));
            continue;
        }
        for (uint32_t i = 0; i < call->n_args; i++)
            WEIR_TRY(weir_builder_copy(weir_builder_child(b, i), call->args[i], row, err));
        WEIR_TRY(weir_builder_close_row(b, err));
    }
    status = take_over(out, b, err);
out:
    weir_builder_free(b);
    return status;
}
static weir_status prepare_struct(weir_prepare *p, weir_error *err) {
    uint32_t n = p->n_args / 2;
    weir_bound **values = weir_bind_args(p->binder, n);
    weir_field *fields = weir_arena_zero(p->binder->arena, n + 1, sizeof *fields);
    if (!values || !fields) return weir_error_nomem(err);
    if (p->n_args % 2 || n == 0)
        return weir_expr_fault(err, p->at->begin, "struct takes names and values by turns");
    for (uint32_t i = 0; i < n; i++) {
        weir_slice name;
        if (!weir_bound_text(p->args[2 * i], &name) || name.size == 0)
            return weir_expr_fault(err, p->args[2 * i]->at->begin,
                                   "the name of a field must be a constant text");
        for (uint32_t k = 0; k < i; k++)
            if (weir_slice_is(name, fields[k].name))
                return weir_expr_fault(err, p->args[2 * i]->at->begin, "field %.*s stands twice",
                                       weir_clip(name), name.data);
        values[i] = p->args[2 * i + 1];
        fields[i].name = weir_arena_strndup(p->binder->arena, name.data, name.size);
        fields[i].type = values[i]->type;
        if (!fields[i].name) return weir_error_nomem(err);
    }
    p->args = values;
    p->n_args = n;
    return weir_type_struct(fields, n, &p->type, err);
}

/* struct_get(s, 'a') is s.a */
static weir_status fn_none(weir_call *call, weir_column *out, weir_error *err) {
    (void)call;
    (void)out;
    return weir_error_set(err, WEIR_INTERNAL, "a form that was not replaced");
}
static weir_status prepare_get(weir_prepare *p, weir_error *err) {
    const weir_type *t = p->args[0]->type;
    weir_slice name;
    uint32_t *number = weir_arena_zero(p->binder->arena, 1, sizeof *number);
    if (!number) return weir_error_nomem(err);
    if (t->id != WEIR_STRUCT) return weir_expr_fault(err, p->at->begin, "%s is no struct", t->name);
    if (!weir_bound_text(p->args[1], &name))
        return weir_expr_fault(err, p->args[1]->at->begin,
                               "the name of a field must be a constant text");
    for (; *number < t->n_fields; ++*number)
        if (weir_slice_is(name, t->fields[*number].name))
            return weir_field_bind(p->binder, p->at, p->args, t->fields[*number].type, number,
                                   &p->node, err);
    return weir_expr_fault(err, p->args[1]->at->begin, "%s has no field %.*s", t->name,
                           weir_clip(name), name.data);
}
static weir_status prepare_map_get(weir_prepare *p, weir_error *err) {
    return weir_bind_named(p->binder, p->at, "element_op", p->args, 2, &p->node, err);
}

const weir_function weir_functions_map[] = {
    {{"map", "map_from_arrays", "map(keys list, values list) -> map", "map", 0,
      "a map of two lists of one length; a key that is null or stands twice fails",
      "map(list('a', 'b'), list(1, 2))['b']", "2", ""},
     {{"ll", '!', WEIR_K_CAN_FAIL, fn_map, prepare_map}}},
    {{"map_keys", "", "map_keys(map) -> list", "map", 0, "the keys",
      "map_keys(map(list('a', 'b'), list(1, 2)))", "[\"a\",\"b\"]", ""},
     {{"L", '!', 0, fn_parts, prepare_keys}}},
    {{"map_values", "", "map_values(map) -> list", "map", 0, "the values",
      "map_values(map(list('a', 'b'), list(1, 2)))", "[1,2]", ""},
     {{"L", '!', 0, fn_parts, prepare_values}}},
    {{"map_get", "map_extract_value", "map_get(map, key) -> value", "map", 0,
      "m[key]: the value, null when there is none", "map_get(map(list('a'), list(1)), 'b')", "null",
      "map_extract_value"},
     {{"xx", '!', 0, fn_none, prepare_map_get}}},
    {{"map_contains", "map_contains_key", "map_contains(map, key) -> bool", "map", 0,
      "whether the key is there", "map_contains(map(list('a'), list(1)), 'a')", "true", ""},
     {{"Lx", 'B', 0, fn_contains, prepare_contains}}},
    {{"struct", "named_struct", "struct(name string, value, ...) -> struct", "map", 0,
      "a struct of these; the names are constants", "struct('id', 7, 'name', 'Ann')",
      "{\"id\":7,\"name\":\"Ann\"}", "struct_pack"},
     {{"xx*", '!', WEIR_K_NULLS, fn_struct, prepare_struct}}},
    {{"struct_get", "struct_extract", "struct_get(struct, name string) -> field", "map", 0,
      "s.name: the field of a constant name", "struct_get(struct('id', 7), 'id')", "7", ""},
     {{"Ls", '!', 0, fn_none, prepare_get}}},
    {.info = {.name = NULL}}};
