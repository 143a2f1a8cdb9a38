/* What binders of operators share: faults with their place. */
#include "column/operator.h"

#include <stdio.h>

void weir_bind_fault(const weir_bind *bind, uint32_t line, uint32_t column, bool quoted,
                     const char *text, const char *key, const weir_error *err) {
    weir_node at = {.kind = WEIR_NODE_SCALAR, .line = line, .column = column};
    /* Only in a text of one line is the offset also a column of the file; escapes before the place
     * may still shift it. */
    if (text && line && err->column > 0 && !strchr(text, '\n'))
        at.column += (uint32_t)(err->column - 1) + quoted;
    weir_diags_error(bind->diags, &at, key, err->hint[0] ? err->hint : NULL, "%s", err->message);
}

void weir_bind_unknown_column(const weir_bind *bind, const weir_node *at, const char *key,
                              const weir_schema *schema, const char *name) {
    char hint[300];
    const char *near = weir_schema_nearest(schema, name);
    if (near) {
        snprintf(hint, sizeof hint, "did you mean %.200s?", near);
    } else {
        size_t n = (size_t)snprintf(hint, sizeof hint, "there are");
        for (uint32_t i = 0; i < schema->n_fields && n < 200; i++)
            n += (size_t)snprintf(hint + n, sizeof hint - n, "%s %.60s", i ? "," : "",
                                  schema->fields[i].name);
        if (schema->n_fields == 0) snprintf(hint, sizeof hint, "there are no columns here");
    }
    weir_diags_error(bind->diags, at, key, hint, "there is no column %.200s", name);
}

weir_status weir_bind_failed(const weir_bind *bind, weir_error *err) {
    const weir_diags *d = bind->diags;
    for (size_t i = d->n; i-- > 0;)
        if (!d->items[i].warning) {
            weir_error_set(err, WEIR_USAGE, "%s", d->items[i].message);
            if (d->items[i].hint) weir_error_hint(err, "%s", d->items[i].hint);
            weir_error_at(err, d->file, d->items[i].line, d->items[i].column);
            return WEIR_USAGE;
        }
    return weir_error_set(err, WEIR_USAGE, "%s cannot be bound",
                          bind->stage ? bind->stage : "a step");
}

const weir_node *weir_bind_item(const weir_node *node, size_t i) {
    return node && node->kind == WEIR_NODE_LIST && i < node->n ? node->items[i] : node;
}

const weir_node *weir_bind_key(const weir_node *node, const char *name) {
    for (size_t i = 0; node && node->kind == WEIR_NODE_MAP && i < node->n; i++)
        if (node->keys[i]->text && strcmp(node->keys[i]->text, name) == 0) return node->keys[i];
    return node;
}
