/* Options that are one scalar: text to value, and what is said when it is none. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/distance.h"
#include "base/option_value.h"

/* ---- messages ------------------------------------------------------------------------------ */

typedef char shown[96];

static bool is_secret(const weir_option *row) {
    return row->type == WEIR_OPT_SECRET;
}

/* The value as a message may show it. */
static const char *show(const weir_option *row, const weir_node *node, shown buf) {
    if (is_secret(row) && node->kind == WEIR_NODE_SCALAR) return "***";
    return weir_node_show(node, buf, sizeof(shown));
}

static bool bad(weir_binder *b, const weir_option *row, const weir_node *node, const char *hint,
                const char *what) {
    shown buf;
    weir_diags_error(b->diags, node, row->name, hint, "%s is not %s", show(row, node, buf), what);
    return false;
}

bool weir_option_wrong_kind(weir_binder *b, const weir_option *row, const weir_node *node,
                            const char *want, const char *hint) {
    if (node->kind == WEIR_NODE_NULL)
        weir_diags_error(b->diags, node, row->name,
                         hint ? hint : "write a value, or remove the key", "has no value");
    else {
        shown buf;
        weir_diags_error(b->diags, node, row->name, hint, "wants %s, found %s", want,
                         show(row, node, buf));
    }
    return false;
}

bool weir_option_no_memory(weir_binder *b) {
    b->nomem = true;
    return false;
}

/* ---- scalars ------------------------------------------------------------------------------- */

bool weir_option_want_scalar(weir_binder *b, const weir_option *row, const weir_node *node) {
    if (node->kind == WEIR_NODE_SCALAR) return true;
    return weir_option_wrong_kind(b, row, node, "one value", NULL);
}

static weir_slice text_of(const weir_node *node) {
    weir_slice s = {node->text, node->text_size};
    return s;
}

/* The text in the binder's arena.  A NUL would cut it for every reader of C strings. */
bool weir_option_copy_text(weir_binder *b, const weir_option *row, const weir_node *node,
                           const char **out) {
    if (memchr(node->text, 0, node->text_size)) {
        weir_diags_error(b->diags, node, row->name, "remove it", "holds a NUL character");
        return false;
    }
    *out = weir_arena_strndup(b->arena, node->text, node->text_size);
    return *out ? true : weir_option_no_memory(b);
}

/* A word that stands for a number. */
static bool int_word(const weir_option *row, weir_slice s, int64_t *out) {
    bool yes = false, bools = false;
    for (int i = 0; row->choices && row->choices[i]; i++) {
        bools |= strcmp(row->choices[i], "true") == 0;
        if (!weir_slice_is(s, row->choices[i])) continue;
        *out = -1 - i;
        if (!weir_option_parse_bool(s, &yes)) return true;
    }
    if (!bools || !weir_option_parse_bool(s, &yes)) return false;
    *out = yes;
    return true;
}

static bool bind_int(weir_binder *b, const weir_option *row, const weir_node *node, int64_t *out) {
    char buf[32], *end = NULL;
    weir_slice s = text_of(node);
    if (int_word(row, s, out)) return true;
    if (s.size == 0 || s.size >= sizeof buf ||
        !(s.data[0] == '-' || s.data[0] == '+' || (s.data[0] >= '0' && s.data[0] <= '9')))
        return bad(b, row, node, NULL, "a whole number");
    memcpy(buf, s.data, s.size);
    buf[s.size] = '\0';
    errno = 0;
    long long v = strtoll(buf, &end, 10);
    if (end != buf + s.size) return bad(b, row, node, NULL, "a whole number");
    if (errno == ERANGE || (row->min != row->max && (v < row->min || v > row->max))) {
        shown value;
        if (row->min == row->max || errno == ERANGE) return bad(b, row, node, NULL, "in range");
        if (row->max == INT64_MAX)
            weir_diags_error(b->diags, node, row->name, NULL, "%s is too small: at least %lld",
                             show(row, node, value), (long long)row->min);
        else
            weir_diags_error(b->diags, node, row->name, NULL, "%s is not within %lld and %lld",
                             show(row, node, value), (long long)row->min, (long long)row->max);
        return false;
    }
    *out = v;
    return true;
}

static bool bind_float(weir_binder *b, const weir_option *row, const weir_node *node, double *out) {
    char buf[64], *end = NULL;
    weir_slice s = text_of(node);
    bool ok = s.size > 0 && s.size < sizeof buf;
    for (size_t i = 0; ok && i < s.size; i++)
        ok = strchr("+-.eE0123456789", s.data[i]) && s.data[i];
    if (!ok) return bad(b, row, node, NULL, "a number");
    memcpy(buf, s.data, s.size);
    buf[s.size] = '\0';
    double v = strtod(buf, &end);
    if (end != buf + s.size || v - v != 0) return bad(b, row, node, NULL, "a number");
    *out = v;
    return true;
}

static bool bind_size(weir_binder *b, const weir_option *row, const weir_node *node,
                      uint64_t *out) {
    uint64_t v;
    shown value;
    if (!weir_option_parse_size(text_of(node), &v))
        return bad(b, row, node, "write a number with a unit, such as 64KiB or 512MiB", "a size");
    if (v < (uint64_t)row->min)
        weir_diags_error(b->diags, node, row->name, NULL, "%s is too small: at least %lld bytes",
                         show(row, node, value), (long long)row->min);
    else if (row->max > 0 && v > (uint64_t)row->max)
        weir_diags_error(b->diags, node, row->name, NULL, "%s is too large: at most %lld bytes",
                         show(row, node, value), (long long)row->max);
    else {
        *out = v;
        return true;
    }
    return false;
}

static bool bind_duration(weir_binder *b, const weir_option *row, const weir_node *node,
                          int64_t *out) {
    int64_t v;
    shown value;
    if (!weir_option_parse_duration(text_of(node), &v))
        return bad(b, row, node, "write a number with a unit, such as 500ms, 30s, 10m or 1h",
                   "a duration");
    if (row->min != row->max && (v < row->min || v > row->max)) {
        weir_diags_error(b->diags, node, row->name, NULL, "%s is not within %gs and %gs",
                         show(row, node, value), (double)row->min / 1e6, (double)row->max / 1e6);
        return false;
    }
    *out = v;
    return true;
}

/* "a, b, c" of the choices, cut after a while. */
static void list_choices(const char *const *choices, char *buf, size_t size) {
    size_t at = 0;
    buf[0] = '\0';
    for (size_t i = 0; choices[i]; i++) {
        int n = snprintf(buf + at, size - at, "%s%s", i ? ", " : "", choices[i]);
        if (n < 0 || (size_t)n >= size - at) return;
        at += (size_t)n;
    }
}

static size_t count_words(const char *const *words) {
    size_t n = 0;
    while (words[n]) n++;
    return n;
}

static bool bind_enum(weir_binder *b, const weir_option *row, const weir_node *node, int *out) {
    weir_slice s = text_of(node);
    for (int i = 0; row->choices[i]; i++)
        if (weir_slice_is(s, row->choices[i])) {
            *out = i;
            return true;
        }
    char all[400], hint[500];
    shown value;
    const char *near =
        weir_distance_nearest(s.data, s.size, row->choices, count_words(row->choices));
    list_choices(row->choices, all, sizeof all);
    snprintf(hint, sizeof hint, "did you mean \"%s\"?", near ? near : "");
    weir_diags_error(b->diags, node, row->name, near ? hint : NULL, "%s is not one of %s",
                     show(row, node, value), all);
    return false;
}

/* Length of the well-formed UTF-8 character at p, 0 = none. */
static size_t character_size(const char *p, size_t n) {
    unsigned char c = n ? (unsigned char)p[0] : 0xFF;
    size_t size = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (size > n) return 0;
    for (size_t i = 1; i < size; i++)
        if (((unsigned char)p[i] & 0xC0) != 0x80) return 0;
    return size;
}

static bool bind_char(weir_binder *b, const weir_option *row, const weir_node *node,
                      weir_opt_char *out) {
    static const struct {
        const char *word, *byte;
    } words[] = {{"\\t", "\t"}, {"\\\\", "\\"}, {"tab", "\t"}, {"comma", ","}, {"space", " "}};
    weir_slice s = text_of(node);
    weir_opt_char c = {.set = true};
    if (weir_slice_is(s, "none")) {
        *out = c;
        return true;
    }
    if (row->choices && weir_slice_is(s, "auto")) {
        *out = (weir_opt_char){.automatic = true};
        return true;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (weir_slice_is(s, words[i].word)) s = weir_slice_of(words[i].byte);
    bool many = (row->flags & WEIR_OPT_MANY) != 0;
    if (many && s.size > 4) return bad(b, row, node, "write at most four bytes", "a short text");
    if (s.size == 0 || s.size > 4 || (!many && character_size(s.data, s.size) != s.size))
        return bad(b, row, node, "write one character in quotes, \"\\t\" or none",
                   "a single character");
    c.size = (uint8_t)s.size;
    memcpy(c.bytes, s.data, s.size);
    *out = c;
    return true;
}

bool weir_option_bind_expr(weir_binder *b, const weir_option *row, const weir_node *node,
                           weir_opt_expr *out) {
    weir_opt_expr e = {
        .line = node->line, .column = node->column, .quoted = node->quoted, .secret = node->secret};
    if (!weir_option_want_scalar(b, row, node)) return false;
    if (node->text_size == 0)
        return weir_option_wrong_kind(
            b, row, &(weir_node){.line = node->line, .column = node->column}, "", NULL);
    if (!weir_option_copy_text(b, row, node, &e.text)) return false;
    *out = e;
    return true;
}

static bool bind_ratio(weir_binder *b, const weir_option *row, const weir_node *node, double *out) {
    if (weir_option_parse_ratio(text_of(node), out)) return true;
    return bad(b, row, node, "write 1% or 0.01", "a ratio");
}

static bool bind_bool(weir_binder *b, const weir_option *row, const weir_node *node, bool *out) {
    if (weir_option_parse_bool(text_of(node), out)) return true;
    return bad(b, row, node, "write true or false", "true or false");
}

bool weir_option_bind_scalar(weir_binder *b, const weir_option *row, const weir_node *node,
                             void *slot) {
    if (!weir_option_want_scalar(b, row, node)) return false;
    switch (row->type) {
    case WEIR_OPT_STRING:
    case WEIR_OPT_SECRET: return weir_option_copy_text(b, row, node, slot);
    case WEIR_OPT_BOOL: return bind_bool(b, row, node, slot);
    case WEIR_OPT_INT: return bind_int(b, row, node, slot);
    case WEIR_OPT_FLOAT: return bind_float(b, row, node, slot);
    case WEIR_OPT_RATIO: return bind_ratio(b, row, node, slot);
    case WEIR_OPT_SIZE: return bind_size(b, row, node, slot);
    case WEIR_OPT_DURATION: return bind_duration(b, row, node, slot);
    case WEIR_OPT_ENUM: return bind_enum(b, row, node, slot);
    case WEIR_OPT_CHAR: return bind_char(b, row, node, slot);
    default: break;
    }
    weir_diags_error(b->diags, node, row->name, NULL, "has a type that this version does not know");
    return false;
}
