/* What binders of operators share: faults with their place. */
#include "column/operator.h"

#include "base/distance.h"

#include <stdio.h>
#include <strings.h>

weir_place weir_place_of(const weir_batch *b, uint32_t row) {
    const weir_origin *o = &b->origin;
    weir_place p = {.record = weir_batch_record(b, row)};
    for (; p.levels < o->levels && p.levels < WEIR_PLACE_LEVELS; p.levels++)
        p.items[p.levels] = o->items[(size_t)row * o->levels + p.levels];
    return p;
}

int weir_place_compare(const weir_place *a, const weir_place *b) {
    if (a->record != b->record) return a->record < b->record ? -1 : 1;
    for (uint32_t l = 0; l < a->levels && l < b->levels; l++)
        if (a->items[l] != b->items[l]) return a->items[l] < b->items[l] ? -1 : 1;
    return 0;
}

void weir_bind_fault(const weir_bind *bind, uint32_t line, uint32_t column, bool quoted,
                     const char *text, const char *key, const weir_error *err) {
    weir_node at = {.kind = WEIR_NODE_SCALAR, .line = line, .column = column};
    /* Only in a text of one line is the offset also a column of the file; escapes before the place
     * may still shift it. */
    if (text && line && err->column > 0 && !strchr(text, '\n'))
        at.column += (uint32_t)(err->column - 1) + quoted;
    weir_diags_error(bind->diags, &at, key, err->hint[0] ? err->hint : NULL, "%s", err->message);
}

/* What a variable holds may be a password, whatever it was used for. */
static void secret_fault(const weir_bind *bind, uint32_t line, uint32_t column, const char *key) {
    weir_node at = {.kind = WEIR_NODE_SCALAR, .line = line, .column = column};
    weir_diags_error(bind->diags, &at, key, NULL, "the value of the variable cannot be used here");
}

void weir_bind_expr_fault(const weir_bind *bind, const weir_opt_expr *e, const char *key,
                          const weir_error *err) {
    if (e->secret)
        secret_fault(bind, e->line, e->column, key);
    else
        weir_bind_fault(bind, e->line, e->column, e->quoted, e->text, key, err);
}

void weir_bind_column_fault(const weir_bind *bind, const weir_opt_column *c, const char *text,
                            const weir_error *err) {
    if (c->secret)
        secret_fault(bind, c->line, c->column, c->name);
    else
        weir_bind_fault(bind, c->line, c->column, false, text, c->name, err);
}

void weir_bind_unknown_column(const weir_bind *bind, const weir_node *at, const char *key,
                              const weir_schema *schema, const char *name) {
    char hint[300];
    const char *near = weir_schema_nearest(schema, name);
    const weir_unseen *u = bind->unseen;
    if (!near && u) near = weir_distance_nearest(name, strlen(name), u->names, u->n_source);
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

bool weir_bind_may_have(const weir_bind *bind, const char *name, bool fold) {
    const weir_unseen *u = bind->unseen;
    if (!u || u->any) return u != NULL;
    for (size_t i = 0; i < u->n; i++)
        if ((fold ? strcasecmp(u->names[i], name) : strcmp(u->names[i], name)) == 0) return true;
    return false;
}

weir_status weir_bind_unsee(const weir_bind *bind, const char *name, weir_error *err) {
    weir_unseen *u = bind->unseen;
    if (!u || weir_bind_may_have(bind, name, false)) return WEIR_OK;
    if (u->n == u->capacity) {
        size_t more = u->capacity ? u->capacity * 2 : 16;
        const char **names = weir_arena_zero(bind->arena, more, sizeof *names);
        if (!names) return weir_error_nomem(err);
        if (u->n) memcpy(names, u->names, u->n * sizeof *names);
        u->names = names;
        u->capacity = more;
    }
    u->names[u->n] = weir_arena_strdup(bind->arena, name);
    if (!u->names[u->n]) return weir_error_nomem(err);
    u->n++;
    return WEIR_OK;
}

void weir_bind_forget(const weir_bind *bind) {
    if (!bind->unseen) return;
    bind->unseen->any = false;
    bind->unseen->n = bind->unseen->n_source = 0;
}

const weir_node *weir_bind_item(const weir_node *node, size_t i) {
    return node && node->kind == WEIR_NODE_LIST && i < node->n ? node->items[i] : node;
}

const weir_node *weir_bind_key(const weir_node *node, const char *name) {
    for (size_t i = 0; node && node->kind == WEIR_NODE_MAP && i < node->n; i++)
        if (node->keys[i]->text && strcmp(node->keys[i]->text, name) == 0) return node->keys[i];
    return node;
}
