/* JSONPath (RFC 9535) in expressions: json_query, json_value, json_exists.  Other than the paths of
 * fn_json.c these look at the whole document. */
#include "expr/function.h"

#include "text/jsonpath.h"

/* The path in use: the constant, or the one parsed last. */
typedef struct path_use {
    const weir_jsonpath *constant;
    weir_text_arg texts, documents;
    weir_jsonpath *last;
    weir_buf last_text;
    weir_arena arena; /* of one row */
    weir_slice document;
    const weir_json **nodes;
    size_t n;
} path_use;

static path_use use_of(weir_call *call) {
    path_use u = {.constant = call->state, .documents = weir_text_arg_of(call->args[0])};
    if (!u.constant) u.texts = weir_text_arg_of(call->args[1]);
    return u;
}

static void use_clear(path_use *u) {
    weir_jsonpath_free(u->last);
    weir_buf_clear(&u->last_text);
    weir_arena_clear(&u->arena);
}

/* A record's fault, or the call's. */
static weir_status fails(weir_call *call, weir_column *out, uint32_t row, weir_status status,
                         const weir_error *inner, const char *what, weir_error *err) {
    if (status == WEIR_DATA || status == WEIR_USAGE)
        return weir_call_fail(call, out, row, err, "%s%s", what, inner->message);
    if (err) *err = *inner;
    return status;
}

/* The path of row; *path NULL: the record has failed. */
static weir_status path_at(path_use *u, weir_call *call, weir_column *out, uint32_t row,
                           const weir_jsonpath **path, weir_error *err) {
    *path = u->constant;
    if (*path) return WEIR_OK;
    weir_slice p = weir_text_at(&u->texts, row);
    bool same = u->last && u->last_text.size == p.size &&
                (p.size == 0 || memcmp(u->last_text.data, p.data, p.size) == 0);
    if (!same) {
        weir_error inner = {0};
        weir_jsonpath_free(u->last);
        u->last = NULL;
        u->last_text.size = 0;
        if (!weir_buf_add(&u->last_text, p.data, p.size)) return weir_error_nomem(err);
        weir_status status = weir_jsonpath_new(p.data, p.size, &u->last, &inner);
        if (status != WEIR_OK) return fails(call, out, row, status, &inner, "", err);
    }
    *path = u->last;
    return WEIR_OK;
}

/* Finds the nodes of row; *found false: the record has failed. */
static weir_status find(path_use *u, weir_call *call, weir_column *out, uint32_t row, bool *found,
                        weir_error *err) {
    weir_json_limits limits = {.max_depth = WEIR_JSON_DEPTH_MAX};
    const weir_jsonpath *path;
    const weir_json *root;
    weir_error inner = {0};
    weir_status status = WEIR_OK;
    *found = false;
    WEIR_TRY(path_at(u, call, out, row, &path, err));
    if (!path) return WEIR_OK;
    weir_arena_reset(&u->arena);
    u->document = weir_text_at(&u->documents, row);
    status = weir_json_parse(u->document.data, u->document.size, &limits, &u->arena, &root, &inner);
    if (status != WEIR_OK) return fails(call, out, row, status, &inner, "this is no JSON: ", err);
    status = weir_jsonpath_find(path, root, &u->arena, &u->nodes, &u->n, &inner);
    if (status != WEIR_OK) return fails(call, out, row, status, &inner, "", err);
    *found = true;
out:
    return status;
}

/* A node as it stands in the document. */
static weir_slice raw_of(const path_use *u, const weir_json *v) {
    const char *p = u->document.data + v->byte, *end = u->document.data + u->document.size;
    const char *stop = weir_json_skip(p, end, WEIR_JSON_DEPTH_MAX, NULL, NULL);
    return (weir_slice){p, stop ? (size_t)(stop - p) : 0};
}

static weir_status fn_query(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_out t = weir_text_out_of(call, out);
    path_use u = use_of(call);
    weir_buf text = {.max = WEIR_TEXT_RESULT_MAX};
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        bool found, ok = true;
        WEIR_TRY(find(&u, call, out, row, &found, err));
        if (!found) continue;
        text.size = 0;
        for (size_t i = 0; ok && i < u.n; i++) {
            weir_slice raw = raw_of(&u, u.nodes[i]);
            ok = weir_buf_adds(&text, i ? "," : "[") && weir_buf_add(&text, raw.data, raw.size);
        }
        ok = ok && weir_buf_adds(&text, u.n ? "]" : "[]");
        if (!ok && text.size < WEIR_TEXT_RESULT_MAX / 2)
            WEIR_TRY(weir_error_nomem(err));
        else if (!ok)
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
        else
            WEIR_TRY(weir_text_put(&t, row, text.data, text.size, err));
    }
out:
    weir_buf_clear(&text);
    use_clear(&u);
    return status;
}

static weir_status fn_value(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_out t = weir_text_out_of(call, out);
    path_use u = use_of(call);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        bool found;
        WEIR_TRY(find(&u, call, out, row, &found, err));
        if (!found) continue;
        const weir_json *v = u.n ? u.nodes[0] : NULL;
        if (u.n > 1) {
            WEIR_TRY(
                weir_call_fail(call, out, row, err, "the path gives %zu values, not one", u.n));
        } else if (!v || v->kind == WEIR_JSON_NULL) {
            WEIR_TRY(weir_call_null(call, out, row, err));
        } else if (v->kind == WEIR_JSON_ARRAY || v->kind == WEIR_JSON_OBJECT) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "the path gives %s, not a single value",
                                    v->kind == WEIR_JSON_ARRAY ? "an array" : "an object"));
        } else {
            weir_slice s = v->kind == WEIR_JSON_STRING ? v->text : raw_of(&u, v);
            WEIR_TRY(weir_text_put(&t, row, s.data, s.size, err));
        }
    }
out:
    use_clear(&u);
    return status;
}

static weir_status fn_exists(weir_call *call, weir_column *out, weir_error *err) {
    path_use u = use_of(call);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        bool found;
        WEIR_TRY(find(&u, call, out, row, &found, err));
        if (found && u.n) weir_bit_set((uint64_t *)out->values, row);
    }
out:
    use_clear(&u);
    return status;
}

/* ---- binding ------------------------------------------------------------------------------- */

static void free_path(void *path) {
    weir_jsonpath_free(path);
}

/* A constant path is parsed once. */
static weir_status prepare_path(weir_prepare *p, weir_error *err) {
    weir_slice text;
    weir_jsonpath *path = NULL;
    weir_error inner = {0};
    if (!weir_bound_text(p->args[1], &text)) return WEIR_OK;
    weir_status status = weir_jsonpath_new(text.data, text.size, &path, &inner);
    if (status == WEIR_USAGE)
        return weir_expr_fault(err, p->args[1]->at->begin, "%s", inner.message);
    if (status != WEIR_OK) {
        if (err) *err = inner;
        return status;
    }
    p->state = path;
    p->n_args = 1;
    return weir_bind_own(p->binder, path, free_path, err);
}

#define WITH_PATH(result, kernel)                                                                  \
    {"js", result, WEIR_K_CAN_FAIL, kernel, prepare_path}, {                                       \
        "ss", result, WEIR_K_CAN_FAIL, kernel, prepare_path                                        \
    }

const weir_function weir_functions_jsonpath[] = {
    {{"json_query", "", "json_query(json|string, jsonpath string) -> json", "json", 0,
      "all values that a JSONPath (RFC 9535) selects, as an array",
      "json_query('{\"a\": [{\"b\": 1}, {\"b\": 2.50}]}', '$.a[?@.b > 1].b')", "[2.50]",
      "json_extract with wildcards"},
     {WITH_PATH('j', fn_query)}},
    {{"json_value", "", "json_value(json|string, jsonpath string) -> string", "json", 0,
      "the single value that a JSONPath selects, as text; null when there is none; an array, an "
      "object or several values fail the record",
      "json_value('{\"a\": [{\"b\": \"x\"}]}', '$.a[-1].b')", "x", "json_value"},
     {WITH_PATH('s', fn_value)}},
    {{"json_exists", "", "json_exists(json|string, jsonpath string) -> bool", "json", 0,
      "whether a JSONPath selects anything", "json_exists('{\"a\": [1, 2]}', '$.a[?@ > 1]')",
      "true", "json_exists"},
     {WITH_PATH('B', fn_exists)}},
    {.info = {.name = NULL}}};
