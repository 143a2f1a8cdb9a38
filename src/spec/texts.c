/* Texts of options that are a language of their own: types of columns, expressions.  Names in them
 * are bound later, when the columns are known; how they are written can be told now. */
#include "expr/expr.h"
#include "spec/load.h"
#include "text/time.h"
#include "text/zone.h"

/* Reports *err at its place; only a wrong text is reported, short memory is the loader's.  A text
 * that came from a reference is not shown. */
static void report(loader *l, uint32_t line, uint32_t column, const weir_opt_expr *e, bool secret,
                   const char *key, weir_error *err) {
    const weir_bind bind = {.diags = l->diags};
    if (secret && err->status != WEIR_RESOURCE) {
        weir_error_set(err, WEIR_USAGE, "the value of the variable cannot be used here");
        e = NULL;
    }
    if (err->status == WEIR_RESOURCE)
        l->nomem = true;
    else
        weir_bind_fault(&bind, line, column, e && e->quoted, e ? e->text : NULL, key, err);
}

static void check_columns(loader *l, const weir_opt_columns *columns) {
    for (size_t i = 0; i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        const weir_type *type;
        weir_error err = {0};
        if (c->type && weir_type_parse(c->type, &type, &err) != WEIR_OK)
            report(l, c->line, c->column, NULL, c->secret, c->name, &err);
    }
}

/* Format and timezone of a source's column; those of a cast depend on the type it comes from and
 * are looked at when that is known. */
static void check_moments(loader *l, const weir_opt_columns *columns) {
    for (size_t i = 0; i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        const weir_time_program *program;
        const weir_zone *zone;
        weir_error err = {0};
        if (c->format &&
            weir_time_program_compile(c->format, true, l->arena, &program, &err) != WEIR_OK)
            report(l, c->line, c->column, NULL, c->secret, c->name, &err);
        memset(&err, 0, sizeof err);
        if (c->timezone && weir_zone_get(c->timezone, &zone, &err) == WEIR_USAGE)
            report(l, c->line, c->column, NULL, c->secret, c->name, &err);
    }
}

static void check_expr(loader *l, const weir_opt_expr *e, const char *key) {
    const weir_expr *expr;
    weir_error err = {0};
    if (e->text && weir_expr_parse(e->text, l->arena, &expr, &err) != WEIR_OK)
        report(l, e->line, e->column, e, e->secret, key, &err);
}

static void check_table(loader *l, const weir_option *table, const void *config, bool expressions) {
    for (const weir_option *r = table; r && r->name; r++) {
        const char *slot = (const char *)config + r->offset;
        const weir_opt_exprs *exprs = (const void *)slot;
        const weir_opt_list *list = (const void *)slot;
        if (r->type == WEIR_OPT_COLUMNS) check_columns(l, (const void *)slot);
        if (r->type == WEIR_OPT_COLUMNS && !expressions) /* of a source */
            check_moments(l, (const void *)slot);
        else if (r->type == WEIR_OPT_STRUCT)
            check_table(l, r->fields, slot, expressions);
        else if (r->type == WEIR_OPT_EXPR && expressions)
            check_expr(l, (const void *)slot, r->name);
        else if (r->type == WEIR_OPT_EXPRS && expressions)
            for (size_t i = 0; i < exprs->n; i++) check_expr(l, &exprs->items[i], exprs->names[i]);
        else if (r->type == WEIR_OPT_LIST)
            for (size_t i = 0; i < list->n; i++)
                check_table(l, r->fields, (const char *)list->items + i * r->item_size,
                            expressions);
    }
}

bool weir_spec_check_texts(loader *l, const weir_option *table, const void *config,
                           bool expressions) {
    check_table(l, table, config, expressions);
    return !l->nomem;
}
