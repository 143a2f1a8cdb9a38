/* Where the columns go that an operator makes: over those of the same names, or behind the others.
 */
#include "transform/kinds.h"

/* Two new columns of one name. */
static bool check_names(const weir_bind *bind, const weir_field *made, uint32_t n,
                        const char *key) {
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(made[i].name, made[k].name) == 0) {
                weir_diags_error(bind->diags, weir_bind_key(bind->node, key), key,
                                 "choose another name", "makes the column %.200s twice",
                                 made[i].name);
                return false;
            }
    return true;
}

weir_status weir_places_bind(const weir_bind *bind, weir_operator *op, const weir_field *made,
                             uint32_t n, const char *key, uint32_t *target, weir_error *err) {
    const weir_schema *in = op->in;
    weir_status status = WEIR_OK;
    uint32_t count = in->n_fields, kept = 0;
    weir_field *fields = weir_alloc_zero((size_t)count + n + 1, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    if (!check_names(bind, made, n, key)) WEIR_TRY(weir_bind_failed(bind, err));
    for (uint32_t i = 0; i < in->n_fields; i++) fields[i] = in->fields[i];
    for (uint32_t i = 0; i < n; i++) {
        int at = weir_schema_find(in, made[i].name, strlen(made[i].name));
        target[i] = at >= 0 ? (uint32_t)at : count++;
        fields[target[i]] = made[i];
        if (!made[i].type) WEIR_TRY(weir_bind_unsee(bind, made[i].name, err));
    }
    for (uint32_t i = 0; i < count; i++)
        if (fields[i].type) fields[kept++] = fields[i];
    WEIR_TRY(weir_schema_new(fields, kept, &op->out, err));
out:
    weir_free(fields);
    return status;
}

weir_status weir_places_put(const weir_operator *op, weir_batch *batch, const uint32_t *target,
                            uint32_t n, weir_column **made, weir_error *err) {
    uint32_t before = batch->schema->n_fields, after = op->out->n_fields;
    weir_column **columns = weir_alloc_zero((size_t)after + 1, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) columns[target[i]] = made[i];
    for (uint32_t i = 0; i < before; i++)
        if (!columns[i]) columns[i] = weir_column_retain(batch->columns[i]);
    weir_status status = weir_batch_replace(batch, op->out, columns, err);
    if (status != WEIR_OK) {
        for (uint32_t i = 0; i < n; i++) columns[target[i]] = NULL; /* the caller's */
        for (uint32_t i = 0; i < before; i++) weir_column_release(columns[i]);
    }
    weir_free(columns);
    return status;
}

bool weir_transform_field(const weir_bind *bind, weir_operator *op, const weir_node *at,
                          const char *key, const char *name, uint32_t *field) {
    int found = weir_schema_find(op->in, name, strlen(name));
    *field = UINT32_MAX;
    if (found >= 0) {
        *field = (uint32_t)found;
        weir_bit_set(op->reads, *field);
        return true;
    }
    if (weir_bind_may_have(bind, name, false)) return true;
    weir_bind_unknown_column(bind, at, key, op->in, name);
    return false;
}
