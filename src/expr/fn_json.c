/* Values out of JSON text by a path, without building a tree. */
#include "expr/function.h"

#include "text/json.h"

enum { MAX_STEPS = 32 };

/* One step of a path: a member's name or an item's number (0-based; negative from the end). */
typedef struct json_step {
    bool is_index;
    int64_t index;
    weir_slice name;
} json_step;

typedef struct json_path {
    uint32_t n;
    json_step steps[MAX_STEPS];
} json_path;

typedef struct json_state {
    bool constant;
    json_path path;
} json_state;

/* ---- paths
 * -------------------------------------------------------------------------------------------- */

/* '$.a.b[0]."odd name"' or a bare member's name.  false: not a path. */
static bool parse_path(weir_slice t, json_path *out) {
    out->n = 0;
    if (t.size == 0 || t.data[0] != '$') {
        out->steps[out->n++] = (json_step){.name = t};
        return true;
    }
    for (size_t i = 1; i < t.size;) {
        if (out->n == MAX_STEPS) return false;
        json_step s = {0};
        size_t begin = ++i;
        if (t.data[begin - 1] == '.' && begin < t.size && t.data[begin] == '"') {
            const char *end = memchr(t.data + begin + 1, '"', t.size - begin - 1);
            if (!end) return false;
            s.name = (weir_slice){t.data + begin + 1, (size_t)(end - t.data) - begin - 1};
            i = (size_t)(end - t.data) + 1;
        } else if (t.data[begin - 1] == '.') {
            while (i < t.size && t.data[i] != '.' && t.data[i] != '[') i++;
            if (i == begin) return false;
            s.name = (weir_slice){t.data + begin, i - begin};
        } else if (t.data[begin - 1] == '[') {
            bool minus = i < t.size && t.data[i] == '-';
            if (minus) i++;
            size_t digits = i;
            for (; i < t.size && t.data[i] >= '0' && t.data[i] <= '9' && i - digits < 9; i++)
                s.index = s.index * 10 + (t.data[i] - '0');
            if (i == digits || i >= t.size || t.data[i] != ']') return false;
            i++;
            if (minus) s.index = -s.index;
            s.is_index = true;
        } else {
            return false;
        }
        out->steps[out->n++] = s;
    }
    return true;
}

/* ---- walking
 * ------------------------------------------------------------------------------------------ */

typedef struct json_found {
    bool found;
    weir_json_token token; /* AT_VALUE, or AT_OPEN with raw */
    weir_slice raw;        /* the whole value as written */
} json_found;

/* Whether the name of an AT_KEY token is the step's. */
static bool is_key(const weir_json_token *t, weir_slice name, weir_arena *arena) {
    if (!t->escaped)
        return t->size == name.size &&
               (name.size == 0 || memcmp(t->begin, name.data, name.size) == 0);
    char *text = weir_arena_alloc(arena, t->size + 1);
    if (!text) return false;
    ptrdiff_t n = weir_json_unescape(t->begin, t->size, text, NULL);
    return n >= 0 && (size_t)n == name.size &&
           (name.size == 0 || memcmp(text, name.data, name.size) == 0);
}

/* Items of the array at hand; the reader stands behind its [ and is spent afterwards. */
static weir_status count_items(weir_json_reader *r, int64_t *count, weir_error *err) {
    weir_json_token t;
    *count = 0;
    for (;;) {
        weir_status status = weir_json_next(r, &t, err);
        if (status != WEIR_OK) return status;
        if (t.event == WEIR_JSON_AT_CLOSE || t.event == WEIR_JSON_AT_END) return WEIR_OK;
        ++*count;
        if (t.event == WEIR_JSON_AT_OPEN) status = weir_json_reader_skip(r, NULL, err);
        if (status != WEIR_OK) return status;
    }
}

/* Goes into the container whose AT_OPEN is *t; afterwards *t is the value wanted, or *found false.
 */
static weir_status take_step(weir_json_reader *r, const json_step *s, weir_json_token *t,
                             weir_arena *arena, bool *found, weir_error *err) {
    weir_status status = WEIR_OK;
    *found = false;
    if (t->event != WEIR_JSON_AT_OPEN || (t->kind == WEIR_JSON_OBJECT) == s->is_index)
        return WEIR_OK;
    int64_t wanted = s->index;
    if (s->is_index && wanted < 0) {
        weir_json_reader copy = *r;
        int64_t count;
        WEIR_TRY(count_items(&copy, &count, err));
        wanted += count;
        if (wanted < 0) return WEIR_OK;
    }
    for (int64_t i = 0;; i++) {
        WEIR_TRY(weir_json_next(r, t, err));
        if (t->event == WEIR_JSON_AT_CLOSE) return WEIR_OK;
        if (t->event == WEIR_JSON_AT_KEY) {
            if (is_key(t, s->name, arena)) {
                *found = true;
                return weir_json_next(r, t, err);
            }
            WEIR_TRY(weir_json_reader_skip(r, NULL, err));
            continue;
        }
        if (s->is_index && i == wanted) {
            *found = true;
            return WEIR_OK;
        }
        if (t->event == WEIR_JSON_AT_OPEN) WEIR_TRY(weir_json_reader_skip(r, NULL, err));
    }
out:
    return status;
}

/* WEIR_DATA: the text is no JSON (as far as it was read). */
static weir_status walk(weir_slice text, const json_path *path, weir_arena *arena, json_found *out,
                        weir_error *err) {
    weir_status status = WEIR_OK;
    weir_json_reader r;
    *out = (json_found){0};
    WEIR_TRY(weir_json_reader_init(&r, text.data, text.size, WEIR_JSON_DEPTH_MAX, err));
    WEIR_TRY(weir_json_next(&r, &out->token, err));
    out->found = true;
    for (uint32_t i = 0; i < path->n && out->found; i++)
        WEIR_TRY(take_step(&r, &path->steps[i], &out->token, arena, &out->found, err));
    if (!out->found) return WEIR_OK;
    const weir_json_token *t = &out->token;
    if (t->event == WEIR_JSON_AT_OPEN) {
        WEIR_TRY(weir_json_reader_skip(&r, &out->raw, err));
    } else {
        size_t quote = t->kind == WEIR_JSON_STRING ? 1 : 0;
        out->raw = (weir_slice){t->begin - quote, t->size + 2 * quote};
    }
out:
    return status;
}

/* ---- kernels
 * -------------------------------------------------------------------------------------------- */

/* The path of row; NULL: the record has failed (or *status). */
static const json_path *path_at(weir_call *call, weir_column *out, uint32_t row, json_path *made,
                                weir_status *status, weir_error *err) {
    const json_state *s = call->state;
    if (s->constant) return &s->path;
    const weir_column *c = call->args[1];
    if (c->type->id == WEIR_INT64) {
        made->n = 1;
        made->steps[0] = (json_step){
            .is_index = true,
            .index = ((const int64_t *)c->values)[c->encoding == WEIR_CONSTANT ? 0 : row]};
        return made;
    }
    weir_slice t = weir_column_slice(c, row);
    if (parse_path(t, made)) return made;
    *status = weir_call_fail(call, out, row, err, "%.*s is no path", weir_clip(t), t.data);
    return NULL;
}

/* Walks row; false: nothing there, a failure, or *status. */
static bool find_value(weir_call *call, weir_column *out, uint32_t row, weir_slice text,
                       json_found *found, weir_status *status, weir_error *err) {
    json_path made;
    weir_error inner = {0};
    const json_path *path = path_at(call, out, row, &made, status, err);
    if (!path) return false;
    weir_status walked = walk(text, path, call->eval->scratch, found, &inner);
    if (walked == WEIR_RESOURCE) {
        if (err) *err = inner;
        *status = walked;
        return false;
    }
    if (walked != WEIR_OK) {
        *status = weir_call_fail(call, out, row, err, "this is no JSON: %s", inner.message);
        return false;
    }
    return found->found;
}

static weir_status fn_get(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    uint32_t first = 0;
    weir_status status = weir_text_share(call, out, 0, &first, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        const weir_view *v = weir_text_view(&a, row);
        weir_slice s = weir_view_slice(a.base, v);
        json_found f = {0};
        if (find_value(call, out, row, s, &f, &status, err))
            ((weir_view *)out->values)[row] = weir_text_piece(v, s, f.raw, first);
        else if (status == WEIR_OK && (!out->validity || weir_bit_get(out->validity, row)))
            status = weir_call_null(call, out, row, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status put_text(weir_call *call, weir_column *out, weir_text_out *t, uint32_t row,
                            const json_found *f, weir_error *err) {
    if (f->token.event == WEIR_JSON_AT_OPEN || f->token.kind != WEIR_JSON_STRING)
        return weir_text_put(t, row, f->raw.data, f->raw.size, err);
    if (!f->token.escaped) return weir_text_put(t, row, f->token.begin, f->token.size, err);
    char *room = NULL;
    weir_status status = weir_text_room(t, f->token.size, &room, err);
    if (status != WEIR_OK) return status;
    ptrdiff_t n = weir_json_unescape(f->token.begin, f->token.size, room, NULL);
    if (n < 0) return weir_call_fail(call, out, row, err, "this is no JSON: bad escape");
    weir_text_commit(t, row, (size_t)n);
    return WEIR_OK;
}

static weir_status fn_text(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        json_found f = {0};
        if (find_value(call, out, row, weir_text_at(&a, row), &f, &status, err) &&
            f.token.kind != WEIR_JSON_NULL)
            status = put_text(call, out, &t, row, &f, err);
        else if (status == WEIR_OK && (!out->validity || weir_bit_get(out->validity, row)))
            status = weir_call_null(call, out, row, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status fn_type(weir_call *call, weir_column *out, weir_error *err) {
    static const char *const names[] = {"null",   "boolean", "boolean", "number",
                                        "string", "array",   "object"};
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        json_found f = {0};
        if (find_value(call, out, row, weir_text_at(&a, row), &f, &status, err))
            status = weir_text_put(&t, row, names[f.token.kind], strlen(names[f.token.kind]), err);
        else if (status == WEIR_OK && (!out->validity || weir_bit_get(out->validity, row)))
            status = weir_call_null(call, out, row, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* Items of an array or members of an object; null for anything else. */
static weir_status fn_length(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        json_found f = {0};
        int64_t n = -1;
        if (find_value(call, out, row, weir_text_at(&a, row), &f, &status, err) &&
            f.token.event == WEIR_JSON_AT_OPEN) {
            weir_json_reader r;
            weir_json_token t;
            WEIR_TRY(weir_json_reader_init(&r, f.raw.data, f.raw.size, WEIR_JSON_DEPTH_MAX, err));
            WEIR_TRY(weir_json_next(&r, &t, err));
            WEIR_TRY(count_items(&r, &n, err));
            if (f.token.kind == WEIR_JSON_OBJECT) n /= 2; /* names and values were counted */
        }
        if (status != WEIR_OK) goto out;
        ((int64_t *)out->values)[row] = n;
        if (n < 0 && (!out->validity || weir_bit_get(out->validity, row)))
            WEIR_TRY(weir_call_null(call, out, row, err));
    }
out:
    return status;
}

static weir_status fn_valid(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    (void)err;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        weir_json_reader r;
        weir_json_token t = {0};
        weir_status status = weir_json_reader_init(&r, s.data, s.size, WEIR_JSON_DEPTH_MAX, NULL);
        while (status == WEIR_OK && t.event != WEIR_JSON_AT_END)
            status = weir_json_next(&r, &t, NULL);
        if (status == WEIR_OK) weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}

/* to_json(x): a text becomes a JSON string; numbers and truth values stand for themselves. */
static weir_status fn_quote(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        size_t most = weir_json_quote_max(s.size);
        char *room = NULL;
        if (most == 0 || most > WEIR_TEXT_RESULT_MAX * 6) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        WEIR_TRY(weir_text_room(&t, most, &room, err));
        weir_text_commit(&t, row, (size_t)(weir_json_quote(room, s.data, s.size) - room));
    }
out:
    return status;
}

/* ---- binding
 * -------------------------------------------------------------------------------------------- */

static weir_status prepare_path(weir_prepare *p, weir_error *err) {
    weir_slice text;
    int64_t index;
    json_state *s = weir_arena_zero(p->binder->arena, 1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    p->state = s;
    if (p->n_args < 2) {
        s->constant = true;
        return WEIR_OK;
    }
    if (weir_bound_int(p->args[1], &index)) {
        s->constant = true;
        s->path.n = 1;
        s->path.steps[0] = (json_step){.is_index = true, .index = index};
    } else if (weir_bound_text(p->args[1], &text)) {
        char *copy = weir_arena_strndup(p->binder->arena, text.data, text.size);
        if (!copy) return weir_error_nomem(err);
        s->constant = true;
        if (!parse_path((weir_slice){copy, text.size}, &s->path)) {
            weir_expr_fault(err, p->args[1]->at->begin, "%.*s is no path", weir_clip(text),
                            text.data);
            weir_error_hint(err, "a path looks like $.a.b[0].\"odd name\", with at most %d steps",
                            MAX_STEPS);
            return WEIR_USAGE;
        }
    }
    if (s->constant) p->n_args = 1;
    return WEIR_OK;
}

static weir_status prepare_to_json(weir_prepare *p, weir_error *err) {
    const weir_type *t = p->args[0]->type;
    if (t->id == WEIR_JSON) {
        p->node = p->args[0];
        return WEIR_OK;
    }
    if (t->id == WEIR_STRING) return WEIR_OK;
    return weir_bind_cast(p->binder, p->at, p->args[0], weir_type_of(WEIR_JSON), &p->node, err);
}

#define WITH_PATH(result, kernel)                                                                  \
    {"js", result, WEIR_K_CAN_FAIL, kernel, prepare_path},                                         \
        {"ji", result, WEIR_K_CAN_FAIL, kernel, prepare_path},                                     \
        {"ss", result, WEIR_K_CAN_FAIL, kernel, prepare_path}, {                                   \
        "si", result, WEIR_K_CAN_FAIL, kernel, prepare_path                                        \
    }

const weir_function weir_functions_json[] = {
    {{"json_get", "json_extract", "json_get(json|string, path string|int64) -> json", "json", 0,
      "the value at a name, a number (from 0) or a path like '$.a[0].b'; null when there is none; "
      "x -> path",
      "json_get('{\"a\": [1, {\"b\": 2}]}', '$.a[1]')", "{\"b\": 2}", "json_extract"},
     {WITH_PATH('j', fn_get)}},
    {{"json_text", "json_extract_string", "json_text(json|string, path string|int64) -> string",
      "json", 0, "the same as text, a string without its quotes; null for null; x ->> path",
      "json_text('{\"a\": \"x\\u00e4\"}', 'a')", "xä", "json_extract_string"},
     {WITH_PATH('s', fn_text)}},
    {{"json_type", "json_typeof", "json_type(json|string [, path]) -> string", "json", 0,
      "null, boolean, number, string, array or object", "json_type('[1, 2]')", "array",
      "in capitals"},
     {{"js?", 's', WEIR_K_CAN_FAIL, fn_type, prepare_path},
      {"ss?", 's', WEIR_K_CAN_FAIL, fn_type, prepare_path}}},
    {{"json_length", "json_array_length", "json_length(json|string [, path]) -> int64", "json", 0,
      "number of items or members; null for other values", "json_length('{\"a\": [1, 2, 3]}', 'a')",
      "3", "json_array_length"},
     {{"js?", 'i', WEIR_K_CAN_FAIL, fn_length, prepare_path},
      {"ss?", 'i', WEIR_K_CAN_FAIL, fn_length, prepare_path}}},
    {{"json_valid", "", "json_valid(string) -> bool", "json", 0,
      "whether the text is one JSON value", "json_valid('{\"a\": }')", "false", ""},
     {{"s", 'B', 0, fn_valid, NULL}, {"j", 'B', 0, fn_valid, NULL}}},
    {{"to_json", "", "to_json(any) -> json", "json", 0,
      "a text as a JSON string; other values as cast(x as json)", "to_json('say \"a\"')",
      "\"say \\\"a\\\"\"", ""},
     {{"x", 'j', WEIR_K_CAN_FAIL, fn_quote, prepare_to_json}}},
    {.info = {.name = NULL}}};
