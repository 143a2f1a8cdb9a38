/* The pull tokenizer. */
#include "text/json.h"
#include "text/utf8.h"

enum state {
    AT_VALUE,       /* a value must follow */
    AT_FIRST_VALUE, /* behind '[': a value or ']' */
    AT_FIRST_KEY,   /* behind '{': a name or '}' */
    AT_COLON,       /* behind a name */
    AT_AFTER,       /* behind a value: ',' or a close, or the end */
    AT_DONE
};

static weir_status fail(const weir_json_reader *r, const char *at, const char *why,
                        weir_error *err) {
    int64_t line = 1;
    const char *start = r->begin, *nl;
    if (at > r->end) at = r->end;
    while (start < at && (nl = memchr(start, '\n', (size_t)(at - start)))) {
        line++;
        start = nl + 1;
    }
    weir_status s = weir_error_set(err, WEIR_DATA, "malformed JSON: %s", why);
    weir_error_at(err, NULL, line, at - start + 1);
    if (err) err->byte = at - r->begin;
    return s;
}

weir_status weir_json_reader_init(weir_json_reader *r, const char *text, size_t size,
                                  uint32_t max_depth, weir_error *err) {
    memset(r, 0, sizeof *r);
    r->begin = r->at = text;
    r->end = text + size;
    r->max_depth = max_depth ? max_depth : WEIR_JSON_DEPTH_DEFAULT;
    if (r->max_depth > WEIR_JSON_DEPTH_MAX) r->max_depth = WEIR_JSON_DEPTH_MAX;
    size_t good = weir_utf8_valid_prefix(text, size);
    if (good < size) return fail(r, text + good, "the text is not UTF-8", err);
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        return fail(r, text, "it begins with a byte order mark", err);
    return WEIR_OK;
}

static bool in_object(const weir_json_reader *r) {
    uint32_t d = r->depth - 1;
    return r->nesting[d >> 6] >> (d & 63) & 1;
}

static void value_done(weir_json_reader *r) {
    r->state = AT_AFTER;
}

static weir_status open_level(weir_json_reader *r, bool object, weir_error *err) {
    if (r->depth >= r->max_depth) {
        weir_status s = fail(r, r->at, "it is nested too deeply", err);
        weir_error_hint(err, "at most %u levels are allowed here", r->max_depth);
        return s;
    }
    uint64_t bit = 1ull << (r->depth & 63);
    if (object)
        r->nesting[r->depth >> 6] |= bit;
    else
        r->nesting[r->depth >> 6] &= ~bit;
    r->depth++;
    r->state = object ? AT_FIRST_KEY : AT_FIRST_VALUE;
    return WEIR_OK;
}

static weir_status take_string(weir_json_reader *r, weir_json_token *t, weir_error *err) {
    const char *at, *why;
    t->escaped = false;
    const char *stop = weir_json_string_check(r->at + 1, r->end, &t->escaped, &at, &why);
    if (!stop) return fail(r, at, why, err);
    t->kind = WEIR_JSON_STRING;
    t->begin = r->at + 1;
    t->size = (size_t)(stop - t->begin);
    r->at = stop + 1;
    return WEIR_OK;
}

static weir_status take_value(weir_json_reader *r, weir_json_token *t, weir_error *err) {
    weir_status status = WEIR_OK;
    char c = r->at < r->end ? *r->at : 0;
    t->event = WEIR_JSON_AT_VALUE;
    if (c == '{' || c == '[') {
        t->event = WEIR_JSON_AT_OPEN;
        t->kind = c == '{' ? WEIR_JSON_OBJECT : WEIR_JSON_ARRAY;
        t->begin = r->at;
        t->size = 1;
        WEIR_TRY(open_level(r, c == '{', err));
        r->at++;
    } else if (c == '"') {
        WEIR_TRY(take_string(r, t, err));
        value_done(r);
    } else {
        const char *at, *why;
        const char *stop = weir_json_scalar_check(r->at, r->end, &t->kind, &at, &why);
        if (!stop) return fail(r, at, why, err);
        t->begin = r->at;
        t->size = (size_t)(stop - r->at);
        r->at = stop;
        value_done(r);
    }
out:
    return status;
}

static void take_close(weir_json_reader *r, weir_json_token *t) {
    t->event = WEIR_JSON_AT_CLOSE;
    t->kind = *r->at == '}' ? WEIR_JSON_OBJECT : WEIR_JSON_ARRAY;
    t->begin = r->at++;
    t->size = 1;
    r->depth--;
    value_done(r);
}

static weir_status take_key(weir_json_reader *r, weir_json_token *t, weir_error *err) {
    if (r->at == r->end || *r->at != '"')
        return fail(r, r->at, weir_json_name_fault(r->at, r->end), err);
    weir_status status = take_string(r, t, err);
    if (status != WEIR_OK) return status;
    t->event = WEIR_JSON_AT_KEY;
    r->state = AT_COLON;
    return WEIR_OK;
}

/* Behind a value: the end, a close, or ',' and what must follow it. */
static weir_status take_after(weir_json_reader *r, weir_json_token *t, weir_error *err) {
    if (r->depth == 0) {
        if (r->at < r->end) return fail(r, r->at, "something follows the value", err);
        r->state = AT_DONE;
        t->event = WEIR_JSON_AT_END;
        t->begin = r->end;
        t->size = 0;
        return WEIR_OK;
    }
    bool object = in_object(r);
    char c = r->at < r->end ? *r->at : 0;
    if (c == (object ? '}' : ']')) {
        take_close(r, t);
        return WEIR_OK;
    }
    if (c != ',')
        return fail(r, r->at, object ? "',' or '}' expected" : "',' or ']' expected", err);
    r->at = weir_json_skip_space(r->at + 1, r->end);
    return object ? take_key(r, t, err) : take_value(r, t, err);
}

weir_status weir_json_next(weir_json_reader *r, weir_json_token *t, weir_error *err) {
    memset(t, 0, sizeof *t);
    r->at = weir_json_skip_space(r->at, r->end);
    bool more = r->at < r->end;
    switch ((enum state)r->state) {
    case AT_VALUE: return take_value(r, t, err);
    case AT_FIRST_VALUE:
        if (more && *r->at == ']') {
            take_close(r, t);
            return WEIR_OK;
        }
        return take_value(r, t, err);
    case AT_FIRST_KEY:
        if (more && *r->at == '}') {
            take_close(r, t);
            return WEIR_OK;
        }
        return take_key(r, t, err);
    case AT_COLON:
        if (!more || *r->at != ':') return fail(r, r->at, "':' expected", err);
        r->at = weir_json_skip_space(r->at + 1, r->end);
        return take_value(r, t, err);
    case AT_AFTER: return take_after(r, t, err);
    case AT_DONE: break;
    }
    t->event = WEIR_JSON_AT_END;
    t->begin = r->end;
    return WEIR_OK;
}

weir_status weir_json_reader_skip(weir_json_reader *r, weir_slice *raw, weir_error *err) {
    weir_json_token t;
    weir_status status = WEIR_OK;
    const char *begin;
    uint32_t target = r->depth;
    if (r->state == AT_FIRST_VALUE || r->state == AT_FIRST_KEY) { /* behind the open */
        begin = r->at - 1;
        target = r->depth - 1;
    } else {
        WEIR_TRY(weir_json_next(r, &t, err));
        begin = t.kind == WEIR_JSON_STRING ? t.begin - 1 : t.begin;
    }
    while (r->depth > target) WEIR_TRY(weir_json_next(r, &t, err));
    if (raw) {
        raw->data = begin;
        raw->size = (size_t)(r->at - begin);
    }
out:
    return status;
}
