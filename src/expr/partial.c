/* Looking at an expression some columns of which are not known: what does not depend on them. */
#include <strings.h>
#include "base/distance.h"
#include "expr/function.h"

typedef struct partial {
    const weir_bind *bind;
    weir_schema *schema;
    bool unseen; /* a column of the subtree is not known */
} partial;

static bool in_schema(const weir_schema *s, const char *name) {
    if (weir_schema_find(s, name, strlen(name)) >= 0) return true;
    for (uint32_t i = 0; i < s->n_fields; i++)
        if (strcasecmp(s->fields[i].name, name) == 0) return true;
    return false;
}

static void visit(void *context, const char *name) {
    partial *p = context;
    if (!in_schema(p->schema, name) && weir_bind_may_have(p->bind, name, true)) p->unseen = true;
}

static bool has_unseen(partial *p, const weir_expr *e) {
    p->unseen = false;
    weir_expr_columns(e, visit, p);
    return p->unseen;
}

static weir_status look(partial *p, const weir_expr *e, const weir_type *want, weir_error *err);

/* Whether the node gives a number, a text, a condition, ... whatever its columns are. */
static bool never_bool(const weir_expr *e) {
    if (e->kind == WEIR_E_CONCAT || e->kind == WEIR_E_UNARY) return true;
    if (e->kind == WEIR_E_CAST) return e->type->id != WEIR_BOOL;
    return e->kind == WEIR_E_BINARY && e->op >= WEIR_X_ADD && e->op <= WEIR_X_POW;
}

static weir_status not_a_condition(const weir_expr *e, weir_error *err) {
    weir_slice piece = weir_expr_piece(e);
    weir_expr_fault(err, e->begin, "%.*s is no condition", (int)piece.size, piece.data);
    weir_error_hint(err, "compare it with something");
    return WEIR_USAGE;
}

/* A misspelt name may be near to one whose type alone is unknown. */
static weir_status hint_unseen(const weir_bind *bind, weir_status status, weir_error *err) {
    const weir_unseen *u = bind->unseen;
    if (status != WEIR_USAGE || !err || !err->key[0] || !u || strncmp(err->hint, "did", 3) == 0)
        return status;
    const char *near = weir_distance_nearest(err->key, strlen(err->key), u->names, u->n_source);
    if (near) weir_error_hint(err, "did you mean %s?", near);
    return status;
}

/* A subtree of known columns is bound as usual, and forgotten. */
static weir_status bind_whole(partial *p, const weir_expr *e, const weir_type *want,
                              weir_error *err) {
    weir_program *program = NULL;
    weir_status status = weir_expr_bind(e, p->schema, want, p->bind->arena, &program, err);
    weir_program_free(program);
    return hint_unseen(p->bind, status, err);
}

static weir_status look(partial *p, const weir_expr *e, const weir_type *want, weir_error *err) {
    bool junction = e->kind == WEIR_E_AND || e->kind == WEIR_E_OR || e->kind == WEIR_E_NOT;
    weir_status status = WEIR_OK;
    if (!has_unseen(p, e)) return bind_whole(p, e, want, err);
    if (e->kind == WEIR_E_COLUMN || e->kind == WEIR_E_FIELD) return WEIR_OK;
    if (want && want->id == WEIR_BOOL && never_bool(e)) return not_a_condition(e, err);
    if (e->kind == WEIR_E_CALL) WEIR_TRY(weir_bind_call_shape(e, err));
    for (uint32_t i = 0; i < e->n; i++)
        WEIR_TRY(look(p, e->args[i], junction ? weir_type_of(WEIR_BOOL) : NULL, err));
out:
    return status;
}

weir_status weir_expr_bind_known(const weir_expr *expr, const weir_bind *bind, weir_schema *schema,
                                 const weir_type *want, weir_program **out, weir_error *err) {
    partial p = {.bind = bind, .schema = schema};
    *out = NULL;
    if (has_unseen(&p, expr)) return look(&p, expr, want, err);
    weir_status status = weir_expr_bind(expr, schema, want, bind->arena, out, err);
    return hint_unseen(bind, status, err);
}
