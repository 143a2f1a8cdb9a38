#include <stdarg.h>
#include <stdio.h>
#include "base/option.h"

void weir_diags_init(weir_diags *d, const char *file) {
    memset(d, 0, sizeof *d);
    d->file = file;
}

void weir_diags_clear(weir_diags *d) {
    weir_free(d->items);
    weir_arena_clear(&d->arena);
    weir_diags_init(d, d->file);
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool comes_before(const weir_diag *a, const weir_diag *b) {
    if (!same_text(a->file, b->file)) return !a->file || (b->file && strcmp(a->file, b->file) < 0);
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

void weir_diags_settle(weir_diags *d) {
    for (size_t i = 0; i < d->n; i++) d->items[i].settled = !d->items[i].warning;
}

/* The same node can be bound twice (aliases, shared defaults): one message is enough. */
static bool already_there(const weir_diags *d, const weir_diag *x) {
    for (size_t i = 0; i < d->n; i++) {
        const weir_diag *y = &d->items[i];
        if (!x->line || x->line != y->line || x->column != y->column) continue;
        if (!same_text(x->file, y->file)) continue;
        if (y->settled && !x->warning) return true;
        if (x->warning == y->warning && same_text(x->key, y->key) &&
            same_text(x->message, y->message))
            return true;
    }
    return false;
}

/* Cuts what vsnprintf shortened at a character boundary. */
static void cut_utf8(char *text, size_t size) {
    size_t n = strlen(text);
    if (n + 1 < size) return;
    size_t i = n;
    while (i > 0 && ((unsigned char)text[i - 1] & 0xC0) == 0x80) i--;
    if (i > 0 && ((unsigned char)text[i - 1] & 0xC0) == 0xC0) i--;
    text[i] = '\0';
}

__attribute__((format(printf, 3, 0))) static void add(weir_diags *d, weir_diag x, const char *fmt,
                                                      va_list args) {
    char text[1024];
    if (vsnprintf(text, sizeof text, fmt, args) < 0) text[0] = '\0';
    cut_utf8(text, sizeof text);
    x.message = text;
    if (already_there(d, &x)) return;
    if (!x.warning) d->n_errors++;
    if (d->n >= WEIR_DIAGS_MAX) {
        d->n_dropped++;
        return;
    }
    const char *key = x.key, *hint = x.hint, *file = x.file;
    x.message = weir_arena_strdup(&d->arena, text);
    if (key) x.key = weir_arena_strndup(&d->arena, key, strnlen(key, 200));
    if (hint) x.hint = weir_arena_strndup(&d->arena, hint, strnlen(hint, 1000));
    if (file) x.file = weir_arena_strdup(&d->arena, file);
    if (!x.message || (file && !x.file) || (key && !x.key) || (hint && !x.hint) ||
        weir_grow((void **)&d->items, &d->capacity, d->n + 1, sizeof *d->items, WEIR_DIAGS_MAX,
                  NULL) != WEIR_OK) {
        d->nomem = true;
        return;
    }
    size_t at = d->n;
    while (at > 0 && comes_before(&x, &d->items[at - 1])) at--;
    memmove(&d->items[at + 1], &d->items[at], (d->n - at) * sizeof x);
    d->items[at] = x;
    d->n++;
}

void weir_diags_error(weir_diags *d, const weir_node *at, const char *key, const char *hint,
                      const char *fmt, ...) {
    weir_diag x = {.file = at && at->file ? at->file : d->part,
                   .line = at ? at->line : 0,
                   .column = at ? at->column : 0,
                   .key = key,
                   .hint = hint};
    va_list args;
    va_start(args, fmt);
    add(d, x, fmt, args);
    va_end(args);
}

void weir_diags_warn(weir_diags *d, const weir_node *at, const char *key, const char *hint,
                     const char *fmt, ...) {
    weir_diag x = {.file = at && at->file ? at->file : d->part,
                   .line = at ? at->line : 0,
                   .column = at ? at->column : 0,
                   .warning = true,
                   .key = key,
                   .hint = hint};
    va_list args;
    va_start(args, fmt);
    add(d, x, fmt, args);
    va_end(args);
}

/* ---- printing ------------------------------------------------------------------------------ */

/* Length of the control character at p (C0, DEL, or C1 in UTF-8); 0 = none. */
static size_t control_at(const char *p) {
    unsigned char c = (unsigned char)p[0];
    if (c < 0x20 || c == 0x7F) return 1;
    if (c == 0xC2 && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] <= 0x9F) return 2;
    return 0;
}

static bool add_escaped(weir_buf *b, const char *s) {
    size_t start = 0, i = 0;
    while (s[i]) {
        size_t n = control_at(s + i);
        if (n == 0) {
            i++;
            continue;
        }
        if (!weir_buf_add(b, s + start, i - start)) return false;
        for (size_t k = 0; k < n; k++)
            if (!weir_buf_printf(b, "\\x%02X", (unsigned)(unsigned char)s[i + k])) return false;
        i += n;
        start = i;
    }
    return weir_buf_add(b, s + start, i - start);
}

static bool print_one(const weir_diags *d, const weir_diag *x, weir_buf *b) {
    const char *file = x->file ? x->file : d->file;
    if (file && !(add_escaped(b, file) && weir_buf_adds(b, ":"))) return false;
    if (x->line && !weir_buf_printf(b, "%u:%u:", (unsigned)x->line, (unsigned)x->column))
        return false;
    if ((file || x->line) && !weir_buf_adds(b, " ")) return false;
    if (x->warning && !weir_buf_adds(b, "warning: ")) return false;
    if (x->key && x->key[0] && !(add_escaped(b, x->key) && weir_buf_adds(b, ": "))) return false;
    if (!add_escaped(b, x->message)) return false;
    if (x->hint && !(weir_buf_adds(b, "; ") && add_escaped(b, x->hint))) return false;
    return weir_buf_adds(b, "\n");
}

bool weir_diags_print(const weir_diags *d, weir_buf *b) {
    for (size_t i = 0; i < d->n; i++)
        if (!print_one(d, &d->items[i], b)) return false;
    if (d->n_dropped && !weir_buf_printf(b, "and %zu more\n", d->n_dropped)) return false;
    return true;
}

weir_status weir_diags_status(const weir_diags *d, weir_error *err) {
    if (d->nomem) return weir_error_nomem(err);
    if (d->n_errors == 0) return WEIR_OK;
    const weir_diag *first = NULL;
    for (size_t i = 0; i < d->n && !first; i++)
        if (!d->items[i].warning) first = &d->items[i];
    if (!first) return weir_error_set(err, WEIR_USAGE, "%zu errors", d->n_errors);
    if (d->n_errors > 1)
        weir_error_set(err, WEIR_USAGE, "%s (and %zu more)", first->message, d->n_errors - 1);
    else
        weir_error_set(err, WEIR_USAGE, "%s", first->message);
    weir_error_at(err, first->file ? first->file : d->file, first->line, first->column);
    if (first->hint) weir_error_hint(err, "%s", first->hint);
    if (err && first->key) snprintf(err->key, sizeof err->key, "%s", first->key);
    return WEIR_USAGE;
}
