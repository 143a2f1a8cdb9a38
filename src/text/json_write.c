/* Writing JSON. */
#include "text/json.h"
#include "text/json_scan.h"
#include "text/number.h"
#include "text/utf8.h"

/* ---- strings ------------------------------------------------------------------------------- */

size_t weir_json_quote_max(size_t n) {
    return n > (SIZE_MAX - 2) / 6 ? 0 : n * 6 + 2;
}

/* Writes the escape of a special character. */
static char *put_escape(char *out, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
    char letter = 0;
    switch (c) {
    case '"': letter = '"'; break;
    case '\\': letter = '\\'; break;
    case '\n': letter = 'n'; break;
    case '\r': letter = 'r'; break;
    case '\t': letter = 't'; break;
    case '\b': letter = 'b'; break;
    case '\f': letter = 'f'; break;
    default: break;
    }
    *out++ = '\\';
    if (letter) {
        *out++ = letter;
        return out;
    }
    memcpy(out, "u00", 3);
    out[3] = hex[c >> 4];
    out[4] = hex[c & 15];
    return out + 5;
}

char *weir_json_quote(char *out, const char *s, size_t n) {
    const char *p = s, *end = s + n;
    *out++ = '"';
    while (p < end) {
        const char *stop = weir_json_find_special(p, end);
        memcpy(out, p, (size_t)(stop - p));
        out += stop - p;
        if (stop == end) break;
        out = put_escape(out, (unsigned char)*stop);
        p = stop + 1;
    }
    *out++ = '"';
    return out;
}

static bool put_quoted(weir_buf *b, const char *s, size_t n) {
    size_t max = weir_json_quote_max(n);
    /* Room for the worst case of long strings would be six times too much: count instead. */
    if (n > 4096) {
        max = n + 2;
        for (size_t i = 0; i < n; i++)
            if (s[i] == '"' || s[i] == '\\' || (unsigned char)s[i] < 0x20) max += 5;
    }
    if (!max || !weir_buf_reserve(b, max)) return false;
    char *at = b->data + b->size;
    b->size += (size_t)(weir_json_quote(at, s, n) - at);
    return true;
}

bool weir_json_put_string(weir_buf *b, const char *s, size_t n, weir_json_utf8 utf8,
                          bool *replaced) {
    size_t good = utf8 == WEIR_JSON_UTF8_TRUST ? n : weir_utf8_valid_prefix(s, n);
    if (replaced) *replaced = good < n;
    if (good == n) return put_quoted(b, s, n);
    if (utf8 == WEIR_JSON_UTF8_REFUSE) return false;
    weir_buf fixed = {.max = b->max};
    bool ok = true;
    while (ok && n) {
        ok = weir_buf_add(&fixed, s, good);
        s += good;
        n -= good;
        if (ok && n) {
            ok = weir_buf_add(&fixed, "\xEF\xBF\xBD", 3);
            s++;
            n--;
        }
        good = weir_utf8_valid_prefix(s, n);
    }
    ok = ok && put_quoted(b, fixed.data ? fixed.data : "", fixed.size);
    weir_buf_clear(&fixed);
    return ok;
}

/* ---- numbers ------------------------------------------------------------------------------- */

bool weir_json_put_int(weir_buf *b, int64_t v) {
    char text[WEIR_NUM_INT64_MAX];
    return weir_buf_add(b, text, weir_num_format_int64(v, text));
}

bool weir_json_put_double(weir_buf *b, double v) {
    char text[WEIR_NUM_DOUBLE_MAX];
    if (!__builtin_isfinite(v)) return weir_buf_add(b, "null", 4);
    return weir_buf_add(b, text, weir_num_format_double(v, text));
}

/* ---- the writer ---------------------------------------------------------------------------- */

static void put(weir_json_writer *w, bool ok) {
    if (!ok) w->failed = true;
}

/* What stands in front of a value or name: a comma from the second on. */
static void separate(weir_json_writer *w) {
    if (w->failed) return;
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0) return;
    uint32_t d = w->depth - 1;
    uint64_t bit = 1ull << (d & 63);
    if (w->filled[d >> 6] & bit) put(w, weir_buf_add(w->out, ",", 1));
    w->filled[d >> 6] |= bit;
}

void weir_json_open(weir_json_writer *w, char bracket) {
    separate(w);
    if (w->depth >= WEIR_JSON_DEPTH_MAX) w->failed = true;
    if (w->failed) return;
    w->filled[w->depth >> 6] &= ~(1ull << (w->depth & 63));
    w->depth++;
    put(w, weir_buf_add(w->out, &bracket, 1));
}

void weir_json_close(weir_json_writer *w, char bracket) {
    if (w->depth == 0) w->failed = true;
    if (w->failed) return;
    w->depth--;
    put(w, weir_buf_add(w->out, &bracket, 1));
}

void weir_json_key_n(weir_json_writer *w, const char *name, size_t n) {
    separate(w);
    if (w->failed) return;
    put(w, weir_json_put_string(w->out, name, n, WEIR_JSON_UTF8_REPLACE, NULL) &&
               weir_buf_add(w->out, ":", 1));
    w->after_key = true;
}

void weir_json_key(weir_json_writer *w, const char *name) {
    weir_json_key_n(w, name, strlen(name));
}

void weir_json_write_raw(weir_json_writer *w, const char *json, size_t n) {
    separate(w);
    if (!w->failed) put(w, weir_buf_add(w->out, json, n));
}

void weir_json_write_string_n(weir_json_writer *w, const char *s, size_t n) {
    separate(w);
    if (!w->failed) put(w, weir_json_put_string(w->out, s, n, WEIR_JSON_UTF8_REPLACE, NULL));
}

void weir_json_write_string(weir_json_writer *w, const char *s) {
    if (s)
        weir_json_write_string_n(w, s, strlen(s));
    else
        weir_json_write_null(w);
}

void weir_json_write_int(weir_json_writer *w, int64_t v) {
    separate(w);
    if (!w->failed) put(w, weir_json_put_int(w->out, v));
}

void weir_json_write_uint(weir_json_writer *w, uint64_t v) {
    char text[WEIR_NUM_INT64_MAX];
    weir_json_write_raw(w, text, weir_num_format_uint64(v, text));
}

void weir_json_write_double(weir_json_writer *w, double v) {
    separate(w);
    if (!w->failed) put(w, weir_json_put_double(w->out, v));
}

void weir_json_write_bool(weir_json_writer *w, bool v) {
    weir_json_write_raw(w, v ? "true" : "false", v ? 4 : 5);
}

void weir_json_write_null(weir_json_writer *w) {
    weir_json_write_raw(w, "null", 4);
}

/* ---- a tree -------------------------------------------------------------------------------- */

static void write_scalar(weir_json_writer *w, const weir_json *v) {
    switch (v->kind) {
    case WEIR_JSON_NULL: weir_json_write_null(w); break;
    case WEIR_JSON_FALSE: weir_json_write_bool(w, false); break;
    case WEIR_JSON_TRUE: weir_json_write_bool(w, true); break;
    case WEIR_JSON_NUMBER: weir_json_write_raw(w, v->text.data, v->text.size); break;
    default: weir_json_write_string_n(w, v->text.data, v->text.size); break;
    }
}

bool weir_json_put(weir_buf *b, const weir_json *root) {
    const weir_json *open[WEIR_JSON_DEPTH_MAX], *v = root;
    weir_json_writer w = {.out = b};
    for (;;) {
        if (v->key.data && w.depth) weir_json_key_n(&w, v->key.data, v->key.size);
        if (v->kind >= WEIR_JSON_ARRAY) {
            if (w.depth >= WEIR_JSON_DEPTH_MAX) return false;
            open[w.depth] = v;
            weir_json_open(&w, v->kind == WEIR_JSON_OBJECT ? '{' : '[');
            if (w.failed) return false;
            if (v->first) {
                v = v->first;
                continue;
            }
            weir_json_close(&w, v->kind == WEIR_JSON_OBJECT ? '}' : ']');
        } else {
            write_scalar(&w, v);
        }
        if (w.failed) return false;
        while (w.depth && !v->next) { /* the last child: close its parent */
            v = open[w.depth - 1];
            weir_json_close(&w, v->kind == WEIR_JSON_OBJECT ? '}' : ']');
        }
        if (w.depth == 0) return !w.failed;
        v = v->next;
    }
}
