/* What select, drop and rename come to: columns in another order under other names. */
#include "transform/kinds.h"

uint64_t *weir_transform_reads(const weir_bind *bind, const weir_schema *schema) {
    return weir_arena_zero(bind->arena, weir_bit_words(schema->n_fields) + 1, sizeof(uint64_t));
}

void weir_transform_columns(const weir_bind *bind, weir_operator *op, const char *key,
                            const weir_opt_strings *names, uint32_t *numbers, bool *known) {
    /* `limit: { by: [a] }` has the names below the key, `flatten: [a]` at the node itself */
    const weir_node *list = bind->node;
    if (list && list->kind == WEIR_NODE_MAP && weir_node_get(list, key))
        list = weir_node_get(list, key);
    for (size_t i = 0; i < names->n; i++) {
        const char *name = names->items[i];
        const weir_node *at = weir_bind_item(list, i);
        int number = weir_schema_find(op->in, name, strlen(name));
        numbers[i] = number < 0 ? UINT32_MAX : (uint32_t)number;
        if (number >= 0) {
            for (size_t k = 0; k < i; k++)
                if (numbers[k] == (uint32_t)number)
                    weir_diags_error(bind->diags, at, key, "name it once", "names '%s' twice",
                                     name);
            if (op->reads) weir_bit_set(op->reads, (uint32_t)number);
        } else if (weir_bind_may_have(bind, name, false)) {
            *known = false;
        } else {
            weir_bind_unknown_column(bind, at, key, op->in, name);
        }
    }
}

weir_status weir_pick_bind(const weir_bind *bind, weir_operator *op, const weir_field *fields,
                           const uint32_t *from, uint32_t n, weir_error *err) {
    weir_pick *pick = weir_arena_zero(bind->arena, 1, sizeof *pick);
    uint32_t *copy = weir_arena_zero(bind->arena, (size_t)n + 1, sizeof *copy);
    if (!pick || !copy) return weir_error_nomem(err);
    memcpy(copy, from, n * sizeof *copy);
    pick->n = n;
    pick->from = copy;
    weir_status status = weir_schema_new(fields, n, &op->out, err);
    if (status == WEIR_OK) op->state = pick;
    return status;
}

weir_status weir_pick_process(const weir_operator *op, void *local, weir_ctx *ctx,
                              weir_batch *batch, weir_error *err) {
    const weir_pick *pick = op->state;
    (void)local;
    (void)ctx;
    weir_column **columns = weir_alloc_zero((size_t)pick->n + 1, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    for (uint32_t i = 0; i < pick->n; i++)
        columns[i] = weir_column_retain(batch->columns[pick->from[i]]);
    weir_status status = weir_batch_replace(batch, op->out, columns, err);
    for (uint32_t i = 0; status != WEIR_OK && i < pick->n; i++) weir_column_release(columns[i]);
    weir_free(columns);
    return status;
}
