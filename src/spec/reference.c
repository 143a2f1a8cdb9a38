#include "spec/reference.h"
#include <stdio.h>
#include <stdlib.h>
#include "io/file.h"

/* One value being resolved. */
typedef struct resolver {
    const weir_references *r;
    const weir_node *at;
    const char *key;
    weir_arena *arena;
    weir_diags *diags;
    bool nomem, failed;
    bool looked_up; /* something from outside the file went in */
} resolver;

static bool resolve_text(resolver *s, weir_slice text, int depth, weir_buf *out);

static bool name_char(char c, bool first) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

static bool fail(resolver *s, const char *hint, const char *what, weir_slice part) {
    s->failed = true;
    int n = part.size > 60 ? 60 : (int)part.size;
    weir_diags_error(s->diags, s->at, s->key, hint, "${%.*s}: %s", n, part.data, what);
    return true;
}

static bool add(resolver *s, weir_buf *out, const char *p, size_t n) {
    if (out->size + n > WEIR_REFERENCE_MAX_BYTES) {
        if (!s->failed)
            weir_diags_error(s->diags, s->at, s->key, "keep it below 1 MiB",
                             "the value is too long when its references are resolved");
        s->failed = true;
        return true;
    }
    if (weir_buf_add(out, p, n)) return true;
    s->nomem = true;
    return false;
}

/* Index of the brace that closes the reference whose inside starts at `from`, or SIZE_MAX. */
static size_t closing_brace(weir_slice text, size_t from) {
    size_t depth = 1; /* braces in a default, such as {name} or ${OTHER}, come in pairs */
    for (size_t i = from; i < text.size; i++) {
        if (text.data[i] == '{')
            depth++;
        else if (text.data[i] == '}' && --depth == 0)
            return i;
    }
    return SIZE_MAX;
}

/* ---- ${file:PATH} -------------------------------------------------------------------------- */

static bool resolve_file(resolver *s, weir_slice inside, weir_buf *out) {
    weir_slice path = {inside.data + 5, inside.size - 5};
    weir_error err = {0};
    weir_buf content = {0};
    s->looked_up = true;
    if (path.size == 0) return fail(s, "write ${file:PATH}", "names no file", inside);
    const char *folder = s->r->folder;
    char *full = path.data[0] == '/' || !folder || !folder[0]
                     ? weir_arena_strndup(s->arena, path.data, path.size)
                     : weir_arena_printf(s->arena, "%s/%.*s", folder, (int)path.size, path.data);
    if (!full) {
        s->nomem = true;
        return false;
    }
    weir_status status = weir_file_read_all(full, WEIR_REFERENCE_MAX_FILE_BYTES, &content, &err);
    bool ok = true;
    if (status != WEIR_OK) {
        char why[700];
        snprintf(why, sizeof why, "cannot be read: %s", err.message);
        fail(s, err.hint[0] ? err.hint : "check the path and who may read it", why, inside);
    } else {
        size_t n = content.size;
        if (n > 0 && content.data[n - 1] == '\n') n--;
        if (n > 0 && content.data[n - 1] == '\r') n--;
        ok = add(s, out, content.data, n);
    }
    weir_buf_clear(&content);
    return ok;
}

/* ---- ${VAR} -------------------------------------------------------------------------------- */

static const char *look_up(const resolver *s, const char *name) {
    return s->r->variable ? s->r->variable(s->r->context, name) : getenv(name);
}

/* What stands in the braces. */
static bool resolve_one(resolver *s, weir_slice inside, int depth, weir_buf *out) {
    size_t n = 0;
    if (inside.size >= 5 && memcmp(inside.data, "file:", 5) == 0)
        return resolve_file(s, inside, out);
    while (n < inside.size && name_char(inside.data[n], n == 0)) n++;
    s->looked_up = true;
    weir_slice name = {inside.data, n}, rest = {inside.data + n, inside.size - n};
    bool plain = rest.size == 0;
    char form = rest.size >= 2 && rest.data[0] == ':' ? rest.data[1] : '\0';
    if (n == 0 || (!plain && form != '-' && form != '?'))
        return fail(s,
                    "write ${VAR}, ${VAR:-default}, ${VAR:?message} or ${file:PATH}; $${ is a "
                    "plain ${",
                    "is not a reference", inside);
    char *copy = weir_arena_strndup(s->arena, name.data, name.size);
    if (!copy) {
        s->nomem = true;
        return false;
    }
    const char *value = look_up(s, copy);
    if (value && (value[0] || plain)) return add(s, out, value, strlen(value));
    if (plain)
        return fail(s, "set it, or write a default: ${VAR:-default}", "the variable is not set",
                    name);
    rest.data += 2;
    rest.size -= 2;
    if (form == '-') return resolve_text(s, rest, depth + 1, out);
    char why[200];
    snprintf(why, sizeof why, "%.*s", (int)(rest.size > 190 ? 190 : rest.size), rest.data);
    return fail(s, "set the variable", rest.size ? why : "the variable is not set", name);
}

static bool resolve_text(resolver *s, weir_slice text, int depth, weir_buf *out) {
    size_t start = 0, i = 0;
    if (depth > WEIR_REFERENCE_MAX_DEPTH) return fail(s, NULL, "references nest too deep", text);
    while (i + 1 < text.size) {
        if (text.data[i] != '$') {
            i++;
            continue;
        }
        if (text.data[i + 1] == '$' && i + 2 < text.size && text.data[i + 2] == '{') {
            if (!add(s, out, text.data + start, i - start) || !add(s, out, "${", 2)) return false;
            start = i = i + 3;
            continue;
        }
        if (text.data[i + 1] != '{') {
            i++;
            continue;
        }
        size_t end = closing_brace(text, i + 2);
        if (end == SIZE_MAX)
            return fail(s, "close it with }, or write $${ for a plain ${", "is not closed",
                        (weir_slice){text.data + i + 2, text.size - i - 2});
        weir_slice inside = {text.data + i + 2, end - i - 2};
        if (!add(s, out, text.data + start, i - start)) return false;
        if (!resolve_one(s, inside, depth, out)) return false;
        start = i = end + 1;
    }
    return add(s, out, text.data + start, text.size - start);
}

bool weir_reference_resolve(const weir_references *r, weir_node *scalar, const char *key,
                            weir_arena *arena, weir_diags *diags) {
    if (scalar->kind != WEIR_NODE_SCALAR || scalar->resolved ||
        !memmem(scalar->text, scalar->text_size, "${", 2))
        return true;
    scalar->resolved = true;
    resolver s = {.r = r, .at = scalar, .key = key, .arena = arena, .diags = diags};
    weir_buf out = {0};
    bool ok = resolve_text(&s, (weir_slice){scalar->text, scalar->text_size}, 0, &out);
    if (ok && !s.failed) {
        char *text = weir_arena_strndup(arena, out.size ? out.data : "", out.size);
        if (text && s.looked_up) {
            scalar->written = scalar->text;
            scalar->secret = true; /* who knows what the variable holds: messages show `written` */
        }
        if (text) {
            scalar->text = text;
            scalar->text_size = out.size;
        } else
            ok = false;
    }
    weir_buf_clear(&out);
    return ok && !s.nomem;
}
