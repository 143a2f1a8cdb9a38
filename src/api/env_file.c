#include "api/env_file.h"

#include <stdlib.h>

#include "io/file.h"

#define ENTRIES_MAX 10000

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static bool name_char(char c, bool first) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

/* No message shows the line: it may hold a secret. */
static weir_status fail(const char *file, uint64_t line, const char *what, const char *hint,
                        weir_error *err) {
    weir_error_set(err, WEIR_USAGE, "%s", what);
    weir_error_at(err, file, (int64_t)line, 0);
    weir_error_hint(err, "%s", hint);
    return WEIR_USAGE;
}

/* What stands for an escaped character of a value in double quotes. */
static bool unescape(char c, char *out) {
    static const char from[] = "nrt\"\\$", to[] = "\n\r\t\"\\$";
    const char *at = c ? strchr(from, c) : NULL;
    if (at) *out = to[at - from];
    return at != NULL;
}

/* The value at p (its line ends at end) into out; *rest behind it.  NULL, or why not. */
static const char *quoted(const char *p, const char *end, weir_buf *out, const char **rest,
                          bool *nomem) {
    char quote = *p++;
    for (; p < end && *p != quote; p++) {
        char c = *p;
        if (quote == '"' && c == '\\') {
            if (++p == end) return "a quote is not closed";
            if (!unescape(*p, &c)) return "only \\n \\r \\t \\\" \\\\ and \\$ may stand here";
        }
        if (!weir_buf_add(out, &c, 1)) *nomem = true;
    }
    *rest = p < end ? p + 1 : end;
    return p < end ? NULL : "a quote is not closed";
}

static const char *plain_end(const char *p, const char *end) {
    const char *at = p;
    while (at < end && !(*at == '#' && (at == p || is_blank(at[-1])))) at++;
    while (at > p && is_blank(at[-1])) at--;
    return at;
}

static weir_status add_entry(weir_env_file *e, const char *name, size_t name_size,
                             const weir_buf *value, weir_arena *arena, weir_error *err) {
    char *key = weir_arena_strndup(arena, name, name_size);
    char *copy = weir_arena_strndup(arena, value->size ? value->data : "", value->size);
    if (!key || !copy) return weir_error_nomem(err);
    weir_status status =
        weir_grow((void **)&e->items, &e->capacity, e->n + 1, sizeof *e->items, ENTRIES_MAX, err);
    if (status == WEIR_OK) {
        e->items[e->n].name = key;
        e->items[e->n++].value = copy;
    }
    return status;
}

static weir_status parse_line(weir_env_file *e, const char *p, const char *end, const char *file,
                              uint64_t line, weir_arena *arena, weir_error *err) {
    while (p < end && is_blank(*p)) p++;
    while (end > p && is_blank(end[-1])) end--;
    if (p == end || *p == '#') return WEIR_OK;
    if (end - p > 7 && memcmp(p, "export", 6) == 0 && is_blank(p[6]))
        for (p += 7; p < end && is_blank(*p);) p++;
    const char *name = p;
    while (p < end && name_char(*p, p == name)) p++;
    size_t size = (size_t)(p - name);
    while (p < end && is_blank(*p)) p++;
    if (size == 0 || p == end || *p != '=')
        return fail(file, line, "the line is no NAME=VALUE",
                    "a name is letters, digits and _; a comment begins with #", err);
    for (p++; p < end && is_blank(*p);) p++;
    weir_buf value = {.max = WEIR_ENV_FILE_MAX_BYTES};
    bool nomem = false;
    const char *rest = end, *why = NULL;
    if (p < end && (*p == '"' || *p == '\'')) {
        why = quoted(p, end, &value, &rest, &nomem);
        while (!why && rest < end && is_blank(*rest)) rest++;
        if (!why && rest < end && *rest != '#') why = "something stands behind the closing quote";
    } else {
        const char *stop = plain_end(p, end);
        nomem = !weir_buf_add(&value, p, (size_t)(stop - p));
    }
    weir_status status = nomem ? weir_error_nomem(err)
                         : why ? fail(file, line, why, "write NAME='VALUE' on one line", err)
                               : add_entry(e, name, size, &value, arena, err);
    weir_buf_clear(&value);
    return status;
}

weir_status weir_env_file_parse(weir_env_file *e, weir_slice text, const char *file,
                                weir_arena *arena, weir_error *err) {
    const char *p = text.data, *end = text.data + text.size;
    uint64_t line = 1;
    if (text.size && memchr(text.data, 0, text.size))
        return fail(file, 0, "the file holds a zero byte", "it is no text file", err);
    if (text.size >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) p += 3;
    for (; p < end; line++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop) stop = end;
        weir_status status = parse_line(e, p, stop, file, line, arena, err);
        if (status != WEIR_OK) return status;
        p = stop < end ? stop + 1 : end;
    }
    return WEIR_OK;
}

weir_status weir_env_file_read(weir_env_file *e, const char *file, weir_arena *arena,
                               weir_error *err) {
    weir_buf text = {0};
    weir_status status = weir_file_read_all(file, WEIR_ENV_FILE_MAX_BYTES, &text, err);
    if (status == WEIR_OK)
        status = weir_env_file_parse(e, (weir_slice){text.size ? text.data : "", text.size}, file,
                                     arena, err);
    else if (status == WEIR_IO && err)
        err->status = status = WEIR_USAGE; /* a wrong argument */
    weir_buf_clear(&text);
    return status;
}

const char *weir_env_file_variable(void *context, const char *name) {
    const weir_env_file *e = context;
    const char *value = getenv(name);
    for (size_t i = e->n; !value && i > 0; i--)
        if (strcmp(e->items[i - 1].name, name) == 0) value = e->items[i - 1].value;
    return value;
}

void weir_env_file_clear(weir_env_file *e) {
    weir_free(e->items);
    *e = (weir_env_file){0};
}
