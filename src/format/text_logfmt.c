/* logfmt: key=value pairs between blanks.  A value is bare, or in quotes with the escapes of JSON;
 * a key without "=" is true. */
#include "format/text.h"

#include "format/infer.h"
#include "text/utf8.h"

/* One pair of a record.  A value with escapes stands unescaped in the group's side block. */
typedef struct pair {
    uint32_t key, key_end;
    uint32_t value, value_end; /* value WEIR_LINE_NULL: there is no "=" */
    bool escapes;
} pair;

static bool key_byte(uint8_t c) {
    return c > ' ' && c != '=' && c != '"' && c != 0x7F;
}

/* The next pair at *at; false: none is left, or *why. */
static bool next_pair(const uint8_t *data, uint32_t *at, uint32_t end, pair *p, const char **why) {
    uint32_t i = *at;
    while (i < end && (data[i] == ' ' || data[i] == '\t' || data[i] == '\n' || data[i] == '\r'))
        i++;
    if (i == end) return false;
    *p = (pair){.key = i};
    while (i < end && key_byte(data[i])) i++;
    p->key_end = i;
    if (i == p->key) {
        *why = "has a value without a key";
        return false;
    }
    p->value = p->value_end = WEIR_LINE_NULL;
    if (i < end && data[i] == '=') {
        p->value = ++i;
        if (i < end && data[i] == '"') {
            p->value = ++i;
            for (; i < end && data[i] != '"'; i++)
                if (data[i] == '\\') {
                    p->escapes = true;
                    i++;
                }
            if (i >= end) {
                *why = "has a quote that is not closed";
                return false;
            }
            p->value_end = i++;
        } else {
            while (i < end && data[i] > ' ') i++;
            p->value_end = i;
        }
    }
    if (i < end && data[i] > ' ') {
        *why = "has a character that belongs to no key=value pair";
        return false;
    }
    *at = i;
    return true;
}

static int hex(const uint8_t *p, uint32_t n) {
    int v = 0;
    for (uint32_t i = 0; i < n; i++) {
        int c = p[i] | 32, d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 87 : -1;
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

/* Writes the text without its escapes to out (room for its length); the bytes written.  An escape
 * that is none stays as it is. */
static uint32_t unescape(const uint8_t *p, uint32_t n, uint8_t *out) {
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    uint8_t *o = out;
    for (uint32_t i = 0; i < n; i++) {
        if (p[i] != '\\' || i + 1 == n) {
            *o++ = p[i];
            continue;
        }
        const char *simple = strchr(from, p[i + 1]);
        int code = p[i + 1] == 'u' && n - i >= 6 ? hex(p + i + 2, 4) : -1;
        if (p[i + 1] && simple) {
            *o++ = (uint8_t)to[simple - from];
            i++;
        } else if (p[i + 1] == '"' || p[i + 1] == '\\' || p[i + 1] == '/') {
            *o++ = p[++i];
        } else if (code >= 0xD800 && code < 0xDC00 && n - i >= 12 && p[i + 6] == '\\' &&
                   p[i + 7] == 'u' && (hex(p + i + 8, 4) & 0xFC00) == 0xDC00) {
            uint32_t c = 0x10000 + ((uint32_t)(code - 0xD800) << 10) +
                         (uint32_t)(hex(p + i + 8, 4) - 0xDC00);
            o += weir_utf8_encode(c, (char *)o);
            i += 11;
        } else if (code >= 0 && (code < 0xD800 || code > 0xDFFF)) {
            o += weir_utf8_encode((uint32_t)code, (char *)o);
            i += 5;
        } else {
            *o++ = p[i];
        }
    }
    return (uint32_t)(o - out);
}

/* The value's place in the data, or in the side block (*aside). */
static weir_status value_of(weir_line_group *g, const pair *p, uint32_t *start, uint32_t *stop,
                            bool *aside, weir_error *err) {
    *start = p->value;
    *stop = p->value_end;
    *aside = p->escapes || p->value == WEIR_LINE_NULL;
    if (!*aside) return WEIR_OK;
    uint32_t size = p->escapes ? p->value_end - p->value : 4, at = 0;
    weir_status status = weir_line_group_side(g, size, &at, err);
    if (status != WEIR_OK) return status;
    if (p->escapes)
        size = unescape(g->data + p->value, size, g->side->data + at);
    else
        memcpy(g->side->data + at, "true", 4);
    *start = at;
    *stop = at + size;
    return WEIR_OK;
}

static void fail(weir_line_group *g, uint32_t r, const char *rule, const char *why) {
    g->fail |= 1ull << r;
    g->rule[r] = rule;
    g->reason[r] = why;
}

/* Whether all of a record can be read, and it has a pair at all. */
static bool readable(weir_line_group *g, uint32_t r) {
    const char *why = NULL;
    uint32_t at = g->begin[r];
    bool pairs = false;
    pair p;
    while (next_pair(g->data, &at, g->end[r], &p, &why)) pairs = pairs || p.value != WEIR_LINE_NULL;
    if (!why && !pairs) why = "has no key=value pair";
    if (why) fail(g, r, "logfmt", why);
    return !why;
}

/* ---- decoding ------------------------------------------------------------------------------ */

static bool is_name(const char *name, const uint8_t *key, size_t size) {
    return strlen(name) == size && memcmp(name, key, size) == 0;
}

/* The wanted column of that key; the search begins behind the last one found. */
static uint32_t find_name(const char *const *names, uint32_t n, uint32_t from, const uint8_t *key,
                          size_t size) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = from + i < n ? from + i : from + i - n;
        if (is_name(names[k], key, size)) return k;
    }
    return UINT32_MAX;
}

/* A key that no column takes: fine when its column is only not wanted here. */
static bool strange(const weir_read_request *q, const uint8_t *key, size_t size) {
    if (q->extra == WEIR_EXTRA_DROP || (q->extra == WEIR_EXTRA_KEEP && !q->all)) return false;
    for (size_t i = 0; q->columns && i < q->columns->n; i++) {
        const weir_opt_column *c = &q->columns->items[i];
        if (is_name(c->from ? c->from : c->name, key, size)) return false;
    }
    return q->extra == WEIR_EXTRA_REJECT || weir_schema_find(q->all, (const char *)key, size) < 0;
}

static weir_status split_record(weir_line_group *g, uint32_t r, const char *const *names,
                                weir_error *err) {
    const char *why = NULL;
    uint32_t at = g->begin[r], next = 0;
    pair p;
    while (next_pair(g->data, &at, g->end[r], &p, &why)) {
        const uint8_t *key = g->data + p.key;
        size_t size = p.key_end - p.key;
        uint32_t c = find_name(names, g->n_columns, next, key, size);
        if (c == UINT32_MAX) {
            if (strange(g->request, key, size))
                fail(g, r, "extra_columns", "has a key that no column takes");
            continue;
        }
        if (g->start[c * 64 + r] != WEIR_LINE_NULL)
            fail(g, r, "repeated_names", "has a key that stands twice");
        bool aside;
        weir_status status =
            value_of(g, &p, &g->start[c * 64 + r], &g->stop[c * 64 + r], &aside, err);
        if (status != WEIR_OK) return status;
        if (aside) g->aside[c] |= 1ull << r;
        next = c + 1 < g->n_columns ? c + 1 : 0;
        /* several columns may be made of one key */
        for (uint32_t k = 0; k < g->n_columns; k++) {
            if (k == c || !is_name(names[k], key, size)) continue;
            g->start[k * 64 + r] = g->start[c * 64 + r];
            g->stop[k * 64 + r] = g->stop[c * 64 + r];
            if (aside) g->aside[k] |= 1ull << r;
        }
    }
    return WEIR_OK;
}

weir_status weir_text_logfmt_split(const weir_line_layout *layout, weir_line_group *g,
                                   const char *const *names, weir_error *err) {
    (void)layout;
    weir_text_check_utf8(g);
    for (uint32_t c = 0; c < g->n_columns; c++)
        for (uint32_t r = 0; r < g->n; r++) g->start[c * 64 + r] = WEIR_LINE_NULL;
    for (uint32_t r = 0; r < g->n; r++) {
        if (g->fail >> r & 1 || !readable(g, r)) continue;
        weir_status status = split_record(g, r, names, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* ---- inference ----------------------------------------------------------------------------- */

static weir_status infer_record(weir_line_group *g, uint32_t r, weir_address at,
                                struct weir_inference *into, weir_error *err) {
    const char *why = NULL;
    uint32_t from = g->begin[r];
    pair p;
    while (next_pair(g->data, &from, g->end[r], &p, &why)) {
        weir_slice key = {(const char *)g->data + p.key, p.key_end - p.key};
        uint32_t column, start, stop;
        bool aside;
        weir_status status = weir_inference_column(into, key, &column, err);
        if (status == WEIR_OK) status = value_of(g, &p, &start, &stop, &aside, err);
        if (status != WEIR_OK) return status;
        weir_slice text = {(const char *)(aside ? g->side->data : g->data) + start, stop - start};
        status = text.size ? weir_inference_text(into, column, text, at, err)
                           : weir_inference_null(into, column, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

weir_status weir_text_logfmt_infer(const weir_line_layout *layout, weir_line_group *g,
                                   const weir_address *at, struct weir_inference *into,
                                   weir_error *err) {
    (void)layout;
    weir_text_check_utf8(g);
    for (uint32_t r = 0; r < g->n; r++) {
        if (g->fail >> r & 1 || !readable(g, r)) continue;
        weir_status status = infer_record(g, r, at[r], into, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}
