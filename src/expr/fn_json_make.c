/* JSON made of values, and taken apart into lists. */
#include "expr/list_kernel.h"
#include "text/json.h"

/* A JSON value may be this deep. */
enum { DEPTH = 256 };

/* ---- json_object, json_array
 * ----------------------------------------------------------------------- */

/* Ends a value that was put together in text: into out, or the record fails. */
static weir_status put(weir_call *call, weir_column *out, weir_text_out *t, uint32_t row, bool ok,
                       const weir_buf *text, weir_error *err) {
    if (!ok && text->size < WEIR_TEXT_RESULT_MAX / 2) return weir_error_nomem(err);
    if (!ok) return weir_call_fail(call, out, row, err, "text longer than 64 MiB");
    return weir_text_put(t, row, text->data ? text->data : "", text->size, err);
}

static bool put_name(const weir_column *c, uint32_t row, weir_buf *text, weir_buf *scratch) {
    scratch->size = 0;
    return weir_column_text(c, row, scratch) &&
           weir_json_put_string(text, scratch->data ? scratch->data : "", scratch->size,
                                WEIR_JSON_UTF8_TRUST, NULL);
}
static bool put_value(const weir_column *c, uint32_t row, weir_buf *text) {
    return weir_column_is_null(c, row) ? weir_buf_adds(text, "null")
                                       : weir_column_json(c, row, text);
}

static weir_status fn_object(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_out t = weir_text_out_of(call, out);
    weir_buf text = {.max = WEIR_TEXT_RESULT_MAX}, scratch = {.max = WEIR_TEXT_RESULT_MAX};
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        bool ok = true, null = false;
        text.size = 0;
        for (uint32_t i = 0; ok && !null && i + 1 < call->n_args; i += 2) {
            null = weir_column_is_null(call->args[i], row);
            ok = null || (weir_buf_adds(&text, i ? "," : "{") &&
                          put_name(call->args[i], row, &text, &scratch) &&
                          weir_buf_adds(&text, ":") && put_value(call->args[i + 1], row, &text));
        }
        if (null)
            WEIR_TRY(weir_call_fail(call, out, row, err, "a name that is null"));
        else
            WEIR_TRY(put(call, out, &t, row, ok && weir_buf_adds(&text, call->n_args ? "}" : "{}"),
                         &text, err));
    }
out:
    weir_buf_clear(&text);
    weir_buf_clear(&scratch);
    return status;
}
static weir_status prepare_object(weir_prepare *p, weir_error *err) {
    if (p->n_args % 2)
        return weir_expr_fault(err, p->at->begin, "json_object takes names and values by turns");
    return WEIR_OK;
}

static weir_status fn_array(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_out t = weir_text_out_of(call, out);
    weir_buf text = {.max = WEIR_TEXT_RESULT_MAX};
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        text.size = 0;
        bool ok = weir_buf_adds(&text, "[");
        for (uint32_t i = 0; ok && i < call->n_args; i++)
            ok = (i == 0 || weir_buf_adds(&text, ",")) && put_value(call->args[i], row, &text);
        WEIR_TRY(put(call, out, &t, row, ok && weir_buf_adds(&text, "]"), &text, err));
    }
out:
    weir_buf_clear(&text);
    return status;
}

/* ---- taking apart
 * ------------------------------------------------------------------------------------- */

/* Opens the text when it is the container wanted; false: it is another value (*status WEIR_OK), no
 * JSON (the record has failed), or memory is short. */
static bool enter(weir_call *call, weir_column *out, uint32_t row, weir_slice s,
                  weir_json_kind kind, weir_json_reader *r, weir_status *status, weir_error *err) {
    weir_json_token t;
    weir_error inner = {0};
    weir_status code = weir_json_reader_init(r, s.data, s.size, DEPTH, &inner);
    if (code == WEIR_OK) code = weir_json_next(r, &t, &inner);
    if (code == WEIR_OK && t.event == WEIR_JSON_AT_OPEN && t.kind == kind) return true;
    *status = code == WEIR_OK
                  ? weir_call_null(call, out, row, err)
                  : weir_call_fail(call, out, row, err, "this is no JSON: %s", inner.message);
    return false;
}

/* The names of an object's members, each once as it stands there. */
static weir_status fn_keys(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_list_out w = {0};
    weir_buf name = {.max = WEIR_TEXT_RESULT_MAX};
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_list_open(call, out, &w, err));
    WEIR_EACH_ROW(row) {
        weir_json_reader r;
        weir_json_token t;
        weir_error inner = {0};
        weir_list_row(&w, row);
        if (!enter(call, out, row, weir_text_at(&a, row), WEIR_JSON_OBJECT, &r, &status, err)) {
            if (status != WEIR_OK) goto out;
            continue;
        }
        while (weir_json_next(&r, &t, &inner) == WEIR_OK && t.event == WEIR_JSON_AT_KEY) {
            ptrdiff_t n = (ptrdiff_t)t.size;
            const char *text = t.begin;
            if (t.escaped) {
                name.size = 0;
                if (!weir_buf_add(&name, t.begin, t.size)) WEIR_TRY(weir_error_nomem(err));
                n = weir_json_unescape(t.begin, t.size, name.data, NULL);
                text = name.data;
            }
            WEIR_TRY(weir_builder_bytes(w.items, text, n < 0 ? 0 : (size_t)n, err));
            if (weir_json_reader_skip(&r, NULL, &inner) != WEIR_OK) break;
        }
        if (inner.status != WEIR_OK)
            WEIR_TRY(weir_call_fail(call, out, row, err, "this is no JSON: %s", inner.message));
    }
    status = weir_list_close(&w, err);
out:
    weir_list_clear(&w);
    weir_buf_clear(&name);
    return status;
}
static weir_status prepare_keys(weir_prepare *p, weir_error *err) {
    return weir_type_list(weir_type_of(WEIR_STRING), &p->type, err);
}

/* The items of an array as a list of json. */
static weir_status fn_items(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_list_out w = {0};
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_list_open(call, out, &w, err));
    WEIR_EACH_ROW(row) {
        weir_json_reader r;
        weir_json_token t;
        weir_error inner = {0};
        weir_list_row(&w, row);
        if (!enter(call, out, row, weir_text_at(&a, row), WEIR_JSON_ARRAY, &r, &status, err)) {
            if (status != WEIR_OK) goto out;
            continue;
        }
        while (weir_json_next(&r, &t, &inner) == WEIR_OK && t.event != WEIR_JSON_AT_CLOSE) {
            weir_slice raw = {t.begin, t.size};
            if (t.event == WEIR_JSON_AT_OPEN && weir_json_reader_skip(&r, &raw, &inner) != WEIR_OK)
                break;
            if (t.event == WEIR_JSON_AT_VALUE && t.kind == WEIR_JSON_STRING)
                raw = (weir_slice){t.begin - 1, t.size + 2}; /* with its quotes */
            WEIR_TRY(weir_builder_bytes(w.items, raw.data, raw.size, err));
        }
        if (inner.status != WEIR_OK)
            WEIR_TRY(weir_call_fail(call, out, row, err, "this is no JSON: %s", inner.message));
    }
    status = weir_list_close(&w, err);
out:
    weir_list_clear(&w);
    return status;
}
static weir_status prepare_items(weir_prepare *p, weir_error *err) {
    return weir_type_list(weir_type_of(WEIR_JSON), &p->type, err);
}

/* ---- merge patch (RFC 7396)
 * ---------------------------------------------------------------------------- */

static const weir_json *member(const weir_json *object, weir_slice key) {
    const weir_json *found = NULL;
    if (!object || object->kind != WEIR_JSON_OBJECT) return NULL;
    for (const weir_json *m = object->first; m; m = m->next)
        if (m->key.size == key.size && (!key.size || memcmp(m->key.data, key.data, key.size) == 0))
            found = m;
    return found;
}

static bool put_key(weir_buf *text, bool *first, weir_slice key) {
    bool ok = *first || weir_buf_adds(text, ",");
    *first = false;
    return ok && weir_json_put_string(text, key.data, key.size, WEIR_JSON_UTF8_TRUST, NULL) &&
           weir_buf_adds(text, ":");
}

static bool merge(weir_buf *text, const weir_json *target, const weir_json *patch) {
    if (patch->kind != WEIR_JSON_OBJECT) return weir_json_put(text, patch);
    bool ok = weir_buf_adds(text, "{"), first = true;
    const weir_json *t = target && target->kind == WEIR_JSON_OBJECT ? target->first : NULL;
    for (; ok && t; t = t->next) {
        const weir_json *p = member(patch, t->key);
        if (p && p->kind == WEIR_JSON_NULL) continue;
        ok = put_key(text, &first, t->key) && (p ? merge(text, t, p) : weir_json_put(text, t));
    }
    for (const weir_json *p = patch->first; ok && p; p = p->next)
        if (p->kind != WEIR_JSON_NULL && !member(target, p->key))
            ok = put_key(text, &first, p->key) && merge(text, NULL, p);
    return ok && weir_buf_adds(text, "}");
}

static weir_status fn_merge(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), b = weir_text_arg_of(call->args[1]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_buf text = {.max = WEIR_TEXT_RESULT_MAX};
    weir_arena arena = {0};
    const weir_json_limits limits = {
        .max_values = 10000, .max_depth = DEPTH, .duplicates_last = true};
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        const weir_json *x = NULL, *y = NULL;
        weir_error inner = {0};
        weir_slice s = weir_text_at(&a, row), p = weir_text_at(&b, row);
        weir_arena_reset(&arena);
        text.size = 0;
        weir_status code = weir_json_parse(s.data, s.size, &limits, &arena, &x, &inner);
        if (code == WEIR_OK) code = weir_json_parse(p.data, p.size, &limits, &arena, &y, &inner);
        if (code == WEIR_OK)
            WEIR_TRY(put(call, out, &t, row, merge(&text, x, y), &text, err));
        else
            WEIR_TRY(
                weir_call_fail(call, out, row, err, "these cannot be merged: %s", inner.message));
    }
out:
    weir_arena_clear(&arena);
    weir_buf_clear(&text);
    return status;
}

const weir_function weir_functions_json_make[] = {
    {{"json_object", "json_build_object", "json_object(name, value, ...) -> json", "json", 0,
      "an object of these", "json_object('id', 7, 'tags', list('a'))",
      "{\"id\":7,\"tags\":[\"a\"]}", ""},
     {{"x*", 'j', WEIR_K_CAN_FAIL | WEIR_K_NULLS, fn_object, prepare_object}}},
    {{"json_array", "json_build_array", "json_array(any, ...) -> json", "json", 0,
      "an array of these", "json_array(1, 'a', null)", "[1,\"a\",null]", ""},
     {{"x*", 'j', WEIR_K_CAN_FAIL | WEIR_K_NULLS, fn_array, NULL}}},
    {{"json_keys", "json_object_keys", "json_keys(json|string) -> list<string>", "json", 0,
      "names of the members as they stand there; null for another value",
      "json_keys('{\"a\": 1, \"b\": 2}')", "[\"a\",\"b\"]", ""},
     {{"j", '!', WEIR_K_CAN_FAIL, fn_keys, prepare_keys},
      {"s", '!', WEIR_K_CAN_FAIL, fn_keys, prepare_keys}}},
    {{"json_items", "json_array_elements", "json_items(json|string) -> list<json>", "json", 0,
      "items of an array; null for another value", "json_items('[1, {\"a\": 2}]')",
      "[1,{\"a\": 2}]", "json_extract(j, '$[*]')"},
     {{"j", '!', WEIR_K_CAN_FAIL, fn_items, prepare_items},
      {"s", '!', WEIR_K_CAN_FAIL, fn_items, prepare_items}}},
    {{"json_merge_patch", "", "json_merge_patch(json|string, patch json|string) -> json", "json", 0,
      "with the patch's members; null removes one (RFC 7396)",
      "json_merge_patch('{\"a\": 1, \"b\": 2}', '{\"b\": null, \"c\": 3}')", "{\"a\":1,\"c\":3}",
      ""},
     {{"jj", 'j', WEIR_K_CAN_FAIL, fn_merge, NULL},
      {"js", 'j', WEIR_K_CAN_FAIL, fn_merge, NULL},
      {"sj", 'j', WEIR_K_CAN_FAIL, fn_merge, NULL},
      {"ss", 'j', WEIR_K_CAN_FAIL, fn_merge, NULL}}},
    {.info = {.name = NULL}}};
