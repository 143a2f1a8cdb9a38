/* Option tables as text for people and editors: help lines, markdown, JSON Schema. */
#include <stdio.h>
#include "base/option_value.h"

/* ---- names of types ------------------------------------------------------------------------ */

bool weir_option_type_name(const weir_option *row, weir_buf *out) {
    static const char *const names[] = {[WEIR_OPT_STRING] = "text",
                                        [WEIR_OPT_SECRET] = "secret text",
                                        [WEIR_OPT_BOOL] = "true or false",
                                        [WEIR_OPT_INT] = "whole number",
                                        [WEIR_OPT_FLOAT] = "number",
                                        [WEIR_OPT_RATIO] = "ratio",
                                        [WEIR_OPT_SIZE] = "size",
                                        [WEIR_OPT_DURATION] = "duration",
                                        [WEIR_OPT_CHAR] = "character",
                                        [WEIR_OPT_STRINGS] = "list of texts",
                                        [WEIR_OPT_EXPR] = "expression",
                                        [WEIR_OPT_EXPRS] = "map of expressions",
                                        [WEIR_OPT_STRMAP] = "map of texts",
                                        [WEIR_OPT_COLUMNS] = "columns",
                                        [WEIR_OPT_STRUCT] = "map",
                                        [WEIR_OPT_LIST] = "list of maps",
                                        [WEIR_OPT_NODE] = "any"};
    if (row->type == WEIR_OPT_ENUM) {
        for (size_t i = 0; row->choices[i]; i++)
            if ((i && !weir_buf_adds(out, " | ")) || !weir_buf_adds(out, row->choices[i]))
                return false;
        return true;
    }
    if (row->type == WEIR_OPT_STRUCT && (row->flags & WEIR_OPT_SHORT))
        return weir_buf_printf(out, "map, or its %s", row->fields->name);
    for (size_t i = 0; row->choices && row->choices[i]; i++)
        if (!weir_buf_adds(out, row->choices[i]) || !weir_buf_adds(out, " | ")) return false;
    if (row->flags & WEIR_OPT_MANY) return weir_buf_adds(out, "characters");
    if ((size_t)row->type >= sizeof names / sizeof *names || !names[row->type]) return false;
    return weir_buf_adds(out, names[row->type]);
}

static bool has_fields(const weir_option *row) {
    return (row->type == WEIR_OPT_STRUCT || row->type == WEIR_OPT_LIST) && row->fields;
}

/* ---- help ---------------------------------------------------------------------------------- */

typedef struct widths {
    size_t name, type, fallback;
} widths;

static const char *fallback_text(const weir_option *row) {
    if (row->flags & WEIR_OPT_REQUIRED) return "required";
    return row->fallback ? row->fallback : "-";
}

static void widen(size_t *width, size_t n) {
    if (n > *width && n <= 40) *width = n; /* one long entry must not push all others away */
}

static bool measure(const weir_option *table, size_t indent, widths *w) {
    for (const weir_option *r = table; r && r->name; r++) {
        if (r->flags & WEIR_OPT_HIDDEN) continue;
        weir_buf type = {0};
        bool ok = weir_option_type_name(r, &type);
        widen(&w->name, indent + strlen(r->name));
        widen(&w->type, type.size);
        widen(&w->fallback, strlen(fallback_text(r)));
        weir_buf_clear(&type);
        if (!ok || (has_fields(r) && !measure(r->fields, indent + 2, w))) return false;
    }
    return true;
}

/* Blanks up to the next cell; two at least. */
static bool pad(weir_buf *out, size_t used, size_t width) {
    size_t n = used < width ? width - used + 2 : 2;
    return weir_buf_printf(out, "%*s", (int)n, "");
}

static bool help_rows(const weir_option *table, size_t indent, const widths *w, weir_buf *out) {
    for (const weir_option *r = table; r && r->name; r++) {
        if (r->flags & WEIR_OPT_HIDDEN) continue;
        if (!weir_buf_printf(out, "%*s%s", (int)indent, "", r->name) ||
            !pad(out, indent + strlen(r->name), w->name))
            return false;
        size_t start = out->size;
        if (!weir_option_type_name(r, out) || !pad(out, out->size - start, w->type)) return false;
        const char *fallback = fallback_text(r);
        if (!weir_buf_adds(out, fallback) || !pad(out, strlen(fallback), w->fallback)) return false;
        if (!weir_buf_printf(out, "%s\n", r->help ? r->help : "")) return false;
        if (has_fields(r) && !help_rows(r->fields, indent + 2, w, out)) return false;
    }
    return true;
}

bool weir_option_help(const weir_option *table, int indent, weir_buf *out) {
    widths w = {0};
    size_t first = indent > 0 ? (size_t)indent : 0;
    return measure(table, first, &w) && help_rows(table, first, &w, out);
}

/* ---- markdown ------------------------------------------------------------------------------ */

/* "|" would end a table cell. */
static bool add_cell(weir_buf *out, const char *text) {
    for (; *text; text++)
        if ((*text == '|' && !weir_buf_adds(out, "\\")) || !weir_buf_add(out, text, 1))
            return false;
    return true;
}

static bool add_code(weir_buf *out, const char *prefix, const char *text) {
    return weir_buf_adds(out, "`") && add_cell(out, prefix) && add_cell(out, text) &&
           weir_buf_adds(out, "`");
}

static bool markdown_row(const weir_option *r, const char *prefix, weir_buf *out) {
    weir_buf type = {0};
    bool ok = weir_option_type_name(r, &type) && weir_buf_adds(out, "| ") &&
              add_code(out, prefix, r->name);
    if (ok && r->alias)
        ok = weir_buf_adds(out, " (or ") && add_code(out, "", r->alias) && weir_buf_adds(out, ")");
    ok = ok && weir_buf_adds(out, " | ") && add_cell(out, weir_buf_cstr(&type)) &&
         weir_buf_adds(out, " | ");
    weir_buf_clear(&type);
    if (!ok) return false;
    if (r->flags & WEIR_OPT_REQUIRED)
        ok = weir_buf_adds(out, "required");
    else if (r->fallback)
        ok = add_code(out, "", r->fallback);
    return ok && weir_buf_adds(out, " | ") && add_cell(out, r->help ? r->help : "") &&
           weir_buf_printf(out, " | %s |\n", r->since ? r->since : "");
}

static bool markdown_rows(const weir_option *table, const char *prefix, int depth, weir_buf *out) {
    for (const weir_option *r = table; r && r->name; r++) {
        if (r->flags & WEIR_OPT_HIDDEN) continue;
        if (!markdown_row(r, prefix, out)) return false;
        if (!has_fields(r) || depth >= 8) continue;
        weir_buf inner = {0};
        bool ok = weir_buf_printf(&inner, "%s%s%s", prefix, r->name,
                                  r->type == WEIR_OPT_LIST ? "[]." : ".");
        ok = ok && markdown_rows(r->fields, weir_buf_cstr(&inner), depth + 1, out);
        weir_buf_clear(&inner);
        if (!ok) return false;
    }
    return true;
}

bool weir_option_markdown(const weir_option *table, weir_buf *out) {
    return weir_buf_adds(out, "| option | type | default | meaning | since |\n"
                              "|---|---|---|---|---|\n") &&
           markdown_rows(table, "", 0, out);
}
