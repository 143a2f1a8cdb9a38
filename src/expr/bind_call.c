/* Binding of function calls: the forms of the language, then the table by signature. */
#include "expr/function.h"

/* ---- forms that are functions by their looks ------------------------------------------------- */

static weir_status wrong_count(const weir_expr *e, const char *signature, weir_error *err) {
    weir_expr_fault(err, e->begin, "%.*s does not take %u argument%s", (int)e->text_size, e->text,
                    e->n, e->n == 1 ? "" : "s");
    weir_error_hint(err, "write %s", signature);
    return WEIR_USAGE;
}

static weir_status bind_args_of(weir_binder *b, const weir_expr *e, weir_bound ***out,
                                weir_error *err) {
    weir_bound **args = weir_bind_args(b, e->n);
    if (!args) return weir_error_nomem(err);
    for (uint32_t i = 0; i < e->n; i++) {
        weir_status status = weir_bind_expr(b, e->args[i], &args[i], err);
        if (status != WEIR_OK) return status;
    }
    *out = args;
    return WEIR_OK;
}

static weir_status bind_coalesce(weir_binder *b, const weir_expr *e, weir_bound **out,
                                 weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **args = NULL;
    const weir_type *type = NULL;
    if (e->n == 0) return wrong_count(e, "coalesce(a, b)", err);
    WEIR_TRY(bind_args_of(b, e, &args, err));
    WEIR_TRY(weir_bind_common(b, e, args, e->n, &type, err));
    for (uint32_t i = 0; i < e->n; i++) WEIR_TRY(weir_bind_convert(b, &args[i], type, err));
    if (e->n == 1) {
        *out = args[0];
        return WEIR_OK;
    }
    WEIR_TRY(weir_bind_node(b, WEIR_B_COALESCE, e, type, args, e->n, out, err));
    WEIR_TRY(weir_bind_fold(b, out, err));
out:
    return status;
}

/* nullif(a, b): case when a = b then null else a end */
static weir_status bind_nullif(weir_binder *b, const weir_expr *e, weir_bound **out,
                               weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **args = NULL, **parts = weir_bind_args(b, 3), *let = NULL, *ref = NULL,
               *body = NULL;
    if (!parts) return weir_error_nomem(err);
    if (e->n != 2) return wrong_count(e, "nullif(a, b)", err);
    WEIR_TRY(bind_args_of(b, e, &args, err));
    WEIR_TRY(weir_bind_let(b, args[0], &let, &ref, err));
    WEIR_TRY(weir_bind_compare(b, e, WEIR_X_EQ, ref, args[1], &parts[0], err));
    WEIR_TRY(weir_bind_null(b, e, ref->type, &parts[1], err));
    parts[2] = ref;
    WEIR_TRY(weir_bind_node(b, WEIR_B_CASE, e, ref->type, parts, 3, &body, err));
    WEIR_TRY(weir_bind_fold(b, &body, err));
    *out = weir_bind_close(let, body);
out:
    return status;
}

/* if(condition, a [, b]) */
static weir_status bind_if(weir_binder *b, const weir_expr *e, weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **args = NULL, **parts = weir_bind_args(b, 3);
    const weir_type *type = NULL;
    if (!parts) return weir_error_nomem(err);
    if (e->n != 2 && e->n != 3) return wrong_count(e, "if(condition, a, b)", err);
    WEIR_TRY(bind_args_of(b, e, &args, err));
    WEIR_TRY(weir_bind_convert(b, &args[0], weir_type_of(WEIR_BOOL), err));
    WEIR_TRY(weir_bind_common(b, e, args + 1, e->n - 1, &type, err));
    for (uint32_t i = 1; i < e->n; i++) WEIR_TRY(weir_bind_convert(b, &args[i], type, err));
    parts[0] = args[0];
    parts[1] = args[1];
    parts[2] = e->n == 3 ? args[2] : NULL;
    if (!parts[2]) WEIR_TRY(weir_bind_null(b, e, type, &parts[2], err));
    WEIR_TRY(weir_bind_node(b, WEIR_B_CASE, e, type, parts, 3, out, err));
    WEIR_TRY(weir_bind_fold(b, out, err));
out:
    return status;
}

static weir_status bind_is_null(weir_binder *b, const weir_expr *e, weir_bound **out,
                                weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **args = NULL;
    if (e->n != 1) return wrong_count(e, "is_null(x)", err);
    WEIR_TRY(bind_args_of(b, e, &args, err));
    WEIR_TRY(weir_bind_node(b, WEIR_B_IS, e, weir_type_of(WEIR_BOOL), args, 1, out, err));
    (*out)->op = WEIR_IS_NULL;
    WEIR_TRY(weir_bind_fold(b, out, err));
out:
    return status;
}

/* ---- signatures ------------------------------------------------------------------------------ */

static bool id_of_letter(char letter, weir_type_id *id) {
    static const struct {
        char letter;
        weir_type_id id;
    } letters[] = {{'s', WEIR_STRING},   {'b', WEIR_BINARY},    {'B', WEIR_BOOL},
                   {'i', WEIR_INT64},    {'f', WEIR_FLOAT64},   {'d', WEIR_DATE},
                   {'t', WEIR_TIME},     {'T', WEIR_TIMESTAMP}, {'Z', WEIR_TIMESTAMPTZ},
                   {'v', WEIR_INTERVAL}, {'u', WEIR_UUID},      {'j', WEIR_JSON}};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].letter == letter) {
            *id = letters[i].id;
            return true;
        }
    return false;
}

/* Cost of node as an argument of this letter, -1 when it does not go; *want the type to convert to
 * (NULL: leave it). */
static int letter_cost(const weir_bound *x, char letter, const weir_type **want) {
    weir_type_id id = WEIR_NULL, has = x->type->id;
    bool null = has == WEIR_NULL, text = x->loose && has == WEIR_STRING;
    *want = NULL;
    if (id_of_letter(letter, &id)) {
        *want = weir_type_of(id);
        if (id == has) {
            *want = NULL;
            return 0;
        }
        return weir_bind_cost(x, *want);
    }
    switch (letter) {
    case 'S':
        if (null) *want = weir_type_of(WEIR_STRING);
        return null ? 1 : has == WEIR_STRING || has == WEIR_BINARY ? 0 : -1;
    case 'n':
        if (null) *want = weir_type_of(WEIR_INT64);
        return null ? 1 : weir_type_is_numeric(x->type) ? 0 : -1;
    case 'e': return has == WEIR_DECIMAL ? 0 : -1;
    case 'D':
        if (null || text) *want = weir_type_of(WEIR_TIMESTAMP);
        if (null || text) return 2;
        return has == WEIR_DATE || has == WEIR_TIMESTAMP || has == WEIR_TIMESTAMPTZ ? 0 : -1;
    case 'l': return has == WEIR_LIST ? 0 : -1;
    case 'L': return weir_type_is_nested(x->type) ? 0 : -1;
    case 'x':
        if (null) *want = weir_type_of(WEIR_STRING);
        return 4;
    default: return 4; /* X */
    }
}

/* Walks a signature in step with the arguments; NUL when there are too many. */
static char letter_at(const char *args, uint32_t i) {
    uint32_t n = 0;
    for (const char *c = args; *c; c++) {
        if (*c == '?') continue;
        if (c[1] == '*') {
            if (i >= n) return *c;
            return '\0';
        }
        if (n++ == i) return *c;
    }
    return '\0';
}

static uint32_t least_args(const char *args) {
    uint32_t n = 0;
    for (const char *c = args; *c; c++) {
        if (c[1] == '?' || c[1] == '*') return n;
        n++;
    }
    return n;
}

/* Cost of the call by this overload, -1 when it does not go. *wrong: the first argument that fails.
 */
static int overload_cost(const weir_overload *o, weir_bound **args, uint32_t n, uint32_t *wrong) {
    int total = 0;
    *wrong = UINT32_MAX;
    if (n < least_args(o->args)) return -1;
    for (uint32_t i = 0; i < n; i++) {
        const weir_type *want;
        char letter = letter_at(o->args, i);
        if (!letter) return -1;
        int cost = letter_cost(args[i], letter, &want);
        if (cost < 0) {
            *wrong = i;
            return -1;
        }
        total += cost;
    }
    return total;
}

static weir_status no_overload(const weir_expr *at, const weir_function *f, weir_bound **args,
                               uint32_t n, weir_error *err) {
    weir_buf types = {0};
    bool ok = true;
    for (uint32_t i = 0; i < n && i < 8; i++)
        ok = ok && weir_buf_printf(&types, "%s%s", i ? ", " : "", args[i]->type->name);
    weir_expr_fault(err, at->begin, "%s cannot take (%s)", f->info.name,
                    ok ? weir_buf_cstr(&types) : "...");
    weir_buf_clear(&types);
    uint32_t wrong = UINT32_MAX;
    const weir_overload *near = NULL;
    for (const weir_overload *o = f->overloads; o->args && !near; o++) {
        overload_cost(o, args, n, &wrong);
        if (wrong != UINT32_MAX) near = o;
    }
    weir_type_id id;
    if (near && id_of_letter(letter_at(near->args, wrong), &id) &&
        weir_cast_known(args[wrong]->type, weir_type_of(id))) {
        weir_slice piece = weir_expr_piece(args[wrong]->at);
        weir_error_hint(err, "it is %s; cast(%.*s as %s)", f->info.signature, (int)piece.size,
                        piece.data, weir_type_of(id)->name);
    } else {
        weir_error_hint(err, "it is %s", f->info.signature);
    }
    return WEIR_USAGE;
}

/* Converts the arguments to what the overload wants. */
static weir_status convert_args(weir_binder *b, const weir_expr *at, const weir_overload *o,
                                weir_bound **args, uint32_t n, const weir_type **common,
                                weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **shared = weir_bind_args(b, n);
    uint32_t m = 0;
    if (!shared) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++)
        if (letter_at(o->args, i) == 'X') shared[m++] = args[i];
    if (m) {
        WEIR_TRY(weir_bind_common(b, at, shared, m, common, err));
        if ((*common)->id == WEIR_NULL) *common = weir_type_of(WEIR_STRING);
    }
    for (uint32_t i = 0; i < n; i++) {
        const weir_type *want;
        char letter = letter_at(o->args, i);
        letter_cost(args[i], letter, &want);
        if (letter == 'X') want = *common;
        if (want) WEIR_TRY(weir_bind_convert(b, &args[i], want, err));
    }
out:
    return status;
}

static weir_status bind_overload(weir_binder *b, const weir_expr *at, const weir_overload *o,
                                 weir_bound **args, uint32_t n, weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_type *common = NULL;
    weir_type_id id;
    WEIR_TRY(convert_args(b, at, o, args, n, &common, err));
    weir_prepare p = {b, at, args, n, NULL, NULL, o->kernel, o->kernel_flags, NULL};
    if (id_of_letter(o->result, &id))
        p.type = weir_type_of(id);
    else if (o->result >= '0' && o->result <= '9' && (uint32_t)(o->result - '0') < n)
        p.type = args[o->result - '0']->type;
    else if (o->result == 'X')
        p.type = common;
    if (o->prepare) WEIR_TRY(o->prepare(&p, err));
    if (p.node) {
        *out = p.node;
        return WEIR_OK;
    }
    if (!p.type) return weir_error_set(err, WEIR_INTERNAL, "a function without result type");
    WEIR_TRY(weir_bind_kernel(b, at, p.type, p.kernel, p.kernel_flags, p.state, p.args, p.n_args,
                              out, err));
out:
    return status;
}

static weir_status bind_function(weir_binder *b, const weir_expr *at, const weir_function *f,
                                 weir_bound **args, uint32_t n, weir_bound **out, weir_error *err) {
    const weir_overload *best = NULL;
    int best_cost = -1;
    for (const weir_overload *o = f->overloads; o < f->overloads + WEIR_MAX_OVERLOADS && o->args;
         o++) {
        uint32_t wrong;
        int cost = overload_cost(o, args, n, &wrong);
        if (cost < 0 || (best && cost >= best_cost)) continue;
        best = o;
        best_cost = cost;
    }
    if (!best) return no_overload(at, f, args, n, err);
    return bind_overload(b, at, best, args, n, out, err);
}

weir_status weir_bind_named(weir_binder *b, const weir_expr *at, const char *name,
                            weir_bound **args, uint32_t n, weir_bound **out, weir_error *err) {
    const weir_function *f = weir_function_lookup(name, strlen(name));
    if (!f) return weir_error_set(err, WEIR_INTERNAL, "there is no function %s", name);
    return bind_function(b, at, f, args, n, out, err);
}

static weir_status bind_user(weir_binder *b, const weir_expr *e, const weir_user_function *u,
                             weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **args = NULL;
    if (e->n != u->n_args) {
        weir_expr_fault(err, e->begin, "%s takes %u arguments, not %u", u->name, u->n_args, e->n);
        return WEIR_USAGE;
    }
    WEIR_TRY(bind_args_of(b, e, &args, err));
    for (uint32_t i = 0; i < e->n; i++) WEIR_TRY(weir_bind_convert(b, &args[i], u->args[i], err));
    WEIR_TRY(weir_bind_node(b, WEIR_B_USER, e, u->result, args, e->n, out, err));
    (*out)->user = u;
    (*out)->can_fail = (*out)->can_fail || (u->flags & WEIR_FUNCTION_CAN_FAIL);
    (*out)->is_volatile = (*out)->is_volatile || (u->flags & WEIR_FUNCTION_VOLATILE);
out:
    return status;
}

/* NULL for names without a kernel: the forms of the language. */
static const weir_function *find_function(const weir_expr *e) {
    const weir_function *f = weir_function_lookup(e->text, e->text_size);
    return f && f->info.summary && f->overloads[0].args ? f : NULL;
}

static weir_status unknown_function(const weir_expr *e, weir_error *err) {
    weir_slice name = {e->text, e->text_size};
    weir_expr_fault(err, e->begin, "there is no function %.*s", (int)e->text_size, e->text);
    const char *near = weir_function_nearest(e->text, e->text_size);
    static const char *const aggregates[] = {"sum", "avg", "count", "min", "max", "median"};
    for (size_t i = 0; i < sizeof aggregates / sizeof *aggregates; i++)
        if (weir_slice_is(name, aggregates[i])) {
            weir_error_hint(err,
                            "an expression sees one record; %s belongs into an aggregate or a "
                            "quality metric",
                            aggregates[i]);
            return WEIR_USAGE;
        }
    if (near)
        weir_error_hint(err, "did you mean %s?", near);
    else
        weir_error_hint(err, "`weir help functions` lists them");
    return WEIR_USAGE;
}

weir_status weir_bind_call(weir_binder *b, const weir_expr *e, weir_bound **out, weir_error *err) {
    weir_slice name = {e->text, e->text_size};
    if (weir_slice_is(name, "coalesce") || weir_slice_is(name, "ifnull") ||
        weir_slice_is(name, "nvl"))
        return bind_coalesce(b, e, out, err);
    if (weir_slice_is(name, "nullif")) return bind_nullif(b, e, out, err);
    if (weir_slice_is(name, "if") || weir_slice_is(name, "iif") || weir_slice_is(name, "iff"))
        return bind_if(b, e, out, err);
    if (weir_slice_is(name, "is_null")) return bind_is_null(b, e, out, err);
    const weir_function *f = find_function(e);
    if (f) {
        weir_bound **args = NULL;
        weir_status status = bind_args_of(b, e, &args, err);
        return status == WEIR_OK ? bind_function(b, e, f, args, e->n, out, err) : status;
    }
    const weir_user_function *u = weir_function_lookup_user(e->text, e->text_size);
    if (u) return bind_user(b, e, u, out, err);
    return unknown_function(e, err);
}

/* Forms that bind themselves: least and greatest number of arguments. */
static const struct form {
    const char *name;
    uint32_t least, most;
    const char *signature;
} forms[] = {
    {"coalesce", 1, UINT32_MAX, "coalesce(a, b)"}, {"ifnull", 1, UINT32_MAX, "ifnull(a, b)"},
    {"nvl", 1, UINT32_MAX, "nvl(a, b)"},           {"nullif", 2, 2, "nullif(a, b)"},
    {"if", 2, 3, "if(condition, a, b)"},           {"iif", 2, 3, "iif(condition, a, b)"},
    {"iff", 2, 3, "iff(condition, a, b)"},         {"is_null", 1, 1, "is_null(x)"}};

weir_status weir_bind_call_shape(const weir_expr *e, weir_error *err) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (weir_slice_is((weir_slice){e->text, e->text_size}, forms[i].name)) {
            if (e->n >= forms[i].least && e->n <= forms[i].most) return WEIR_OK;
            return wrong_count(e, forms[i].signature, err);
        }
    const weir_function *f = find_function(e);
    if (f) {
        for (const weir_overload *o = f->overloads;
             o < f->overloads + WEIR_MAX_OVERLOADS && o->args; o++)
            if (e->n >= least_args(o->args) && (e->n == 0 || letter_at(o->args, e->n - 1)))
                return WEIR_OK;
        return wrong_count(e, f->info.signature, err);
    }
    const weir_user_function *u = weir_function_lookup_user(e->text, e->text_size);
    if (!u) return unknown_function(e, err);
    if (e->n == u->n_args) return WEIR_OK;
    weir_expr_fault(err, e->begin, "%s takes %u arguments, not %u", u->name, u->n_args, e->n);
    return WEIR_USAGE;
}
