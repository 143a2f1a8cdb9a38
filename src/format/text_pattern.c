/* Patterns: %{NAME:column:type} parts are put together from the table into one regular expression,
 * whose named groups are the columns. */
#include <stdio.h>

#include "format/text.h"

#include "base/distance.h"
#include "text/utf8.h"

#define MAX_DEPTH 16

/* A column that a %{NAME:column} made; its group is called _NUMBER. */
typedef struct part {
    const char *column;
    const weir_type *type;
    const char *format;
} part;

typedef struct maker {
    weir_arena *arena;
    weir_buf text;
    part parts[WEIR_REGEX_MAX_GROUPS];
    uint32_t n_parts;
} maker;

/* ---- putting together ---------------------------------------------------------------------- */

static const weir_text_piece *find_piece(const char *name, size_t size) {
    for (const weir_text_piece *p = weir_text_pieces; p->name; p++)
        if (strlen(p->name) == size && memcmp(p->name, name, size) == 0) return p;
    return NULL;
}

static weir_status unknown_piece(const char *name, size_t size, weir_error *err) {
    const char *names[128], *near;
    size_t n = 0;
    for (const weir_text_piece *p = weir_text_pieces; p->name && n < 128; p++) names[n++] = p->name;
    near = weir_distance_nearest(name, size, names, n);
    weir_error_set(err, WEIR_USAGE, "nothing is called %%{%.*s}", (int)(size < 40 ? size : 40),
                   name);
    if (near)
        weir_error_hint(err, "did you mean %%{%s}?", near);
    else
        weir_error_hint(err, "docs/formats-text.md lists the names; write a regular expression "
                             "where none fits");
    return WEIR_USAGE;
}

/* "int" and "float" beside the names of types. */
static weir_status part_type(const char *text, const weir_type **out, weir_error *err) {
    if (strcmp(text, "int") == 0) text = "int64";
    if (strcmp(text, "float") == 0) text = "float64";
    return weir_type_parse(text, out, err);
}

static weir_status expand(maker *m, const char *p, size_t size, int depth, weir_error *err);

/* %{NAME}, %{NAME:column}, %{NAME:column:type}: p points behind "%{", n bytes up to "}". */
static weir_status expand_part(maker *m, const char *p, size_t n, int depth, weir_error *err) {
    const char *colon = memchr(p, ':', n);
    size_t name_size = colon ? (size_t)(colon - p) : n;
    const weir_text_piece *piece = find_piece(p, name_size);
    if (!piece) return unknown_piece(p, name_size, err);
    if (depth >= MAX_DEPTH) return weir_error_set(err, WEIR_INTERNAL, "nested too deeply");
    bool ok;
    if (colon && depth == 0) {
        const char *column = colon + 1, *end = p + n;
        const char *second = memchr(column, ':', (size_t)(end - column));
        size_t column_size = (size_t)((second ? second : end) - column);
        if (column_size == 0)
            return weir_error_set(err, WEIR_USAGE, "%%{%.*s} names no column", (int)n, p);
        if (m->n_parts == WEIR_REGEX_MAX_GROUPS)
            return weir_error_set(err, WEIR_USAGE, "more than %d columns", WEIR_REGEX_MAX_GROUPS);
        part *c = &m->parts[m->n_parts++];
        *c = (part){weir_arena_strndup(m->arena, column, column_size),
                    piece->type ? weir_type_of(piece->type) : NULL, piece->format};
        char *type =
            second ? weir_arena_strndup(m->arena, second + 1, (size_t)(end - second - 1)) : "";
        if (!c->column || !type) return weir_error_nomem(err);
        if (second) {
            weir_status status = part_type(type, &c->type, err);
            if (status != WEIR_OK) return status;
        }
        ok = weir_buf_printf(&m->text, "(?<_%u>", m->n_parts);
    } else {
        ok = weir_buf_adds(&m->text, "(?:");
    }
    if (!ok) return weir_error_nomem(err);
    weir_status status = expand(m, piece->text, strlen(piece->text), depth + 1, err);
    if (status != WEIR_OK) return status;
    return weir_buf_adds(&m->text, ")") ? WEIR_OK : weir_error_nomem(err);
}

static weir_status expand(maker *m, const char *p, size_t size, int depth, weir_error *err) {
    const char *end = p + size;
    while (p < end) {
        size_t n = 1;
        if (*p == '\\' && p + 1 < end) {
            n = 2;
        } else if (end - p > 2 && p[0] == '%' && p[1] == '{') {
            const char *close = memchr(p, '}', (size_t)(end - p));
            if (!close) return weir_error_set(err, WEIR_USAGE, "%%{ is not closed by }");
            weir_status status = expand_part(m, p + 2, (size_t)(close - p) - 2, depth, err);
            if (status != WEIR_OK) return status;
            p = close + 1;
            continue;
        }
        if (!weir_buf_add(&m->text, p, n)) return weir_error_nomem(err);
        p += n;
    }
    if (m->text.size > WEIR_REGEX_MAX_PATTERN_BYTES)
        return weir_error_set(err, WEIR_USAGE, "more than %d bytes", WEIR_REGEX_MAX_PATTERN_BYTES);
    return WEIR_OK;
}

weir_status weir_text_regex(const char *pattern, unsigned flags, weir_arena *arena,
                            weir_regex **out, weir_error *err) {
    maker *m = weir_arena_zero(arena, 1, sizeof *m);
    if (!m) return weir_error_nomem(err);
    m->arena = arena;
    weir_status status = expand(m, pattern, strlen(pattern), 0, err);
    if (status == WEIR_OK) status = weir_regex_new(m->text.data, m->text.size, flags, out, err);
    weir_buf_clear(&m->text);
    return status;
}

/* ---- columns ------------------------------------------------------------------------------- */

static const weir_text_pattern *find_pattern(const char *name) {
    for (const weir_text_pattern *p = weir_text_patterns; p->name; p++)
        if (strcmp(p->name, name) == 0) return p;
    return NULL;
}

/* A word alone is a name, not a regular expression. */
static weir_status unknown_pattern(const char *name, weir_error *err) {
    const char *names[32], *near;
    size_t n = 0;
    for (const weir_text_pattern *p = weir_text_patterns; p->name && n < 31; p++)
        names[n++] = p->name;
    names[n++] = "logfmt";
    near = weir_distance_nearest(name, strlen(name), names, n);
    weir_error_set(err, WEIR_USAGE, "none is called \"%.60s\"", name);
    if (near)
        weir_error_hint(err, "did you mean %s?", near);
    else
        weir_error_hint(err, "there are common, combined, syslog, syslog5424, nginx_error, "
                             "apache_error, cri, elb, alb, s3, haproxy, postgres and logfmt; else "
                             "write a regular expression with "
                             "(?<column>...) or %%{NAME:column} parts");
    return WEIR_USAGE;
}

static weir_status add_column(weir_text_layout *l, const char *name, uint32_t group,
                              const weir_line_column *column, weir_error *err) {
    uint32_t n = l->lines.n_columns;
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(l->names[i], name) != 0) continue;
        weir_error_set(err, WEIR_USAGE, "two columns are called '%.60s'", name);
        weir_error_hint(err, strcmp(name, WEIR_TEXT_LINE) == 0
                                 ? "unmatched: keep makes a column of this name"
                                 : "give each part a name of its own");
        return WEIR_USAGE;
    }
    l->names[n] = name;
    l->groups[n] = group;
    l->columns[n] = *column;
    l->lines.n_columns++;
    if (group >= l->n_spans) l->n_spans = group + 1;
    return WEIR_OK;
}

/* A group of the pattern, by number, as a column. */
static weir_status group_column(weir_text_layout *l, const maker *m, const weir_text_pattern *known,
                                uint32_t group, const char *name, weir_error *err) {
    weir_line_column column = {0};
    unsigned number = 0;
    char rest;
    if (name[0] == '_' && sscanf(name + 1, "%u%c", &number, &rest) == 1 && number >= 1 &&
        number <= m->n_parts) {
        const part *p = &m->parts[number - 1];
        column.type = p->type;
        column.format = p->format;
        return add_column(l, p->column, group, &column, err);
    }
    for (const weir_text_field *f = known ? known->fields : NULL; f && f->name; f++) {
        if (strcmp(f->name, name) != 0) continue;
        column.type = f->type ? weir_type_of(f->type) : NULL;
        column.format = f->format;
        if (!f->null) continue;
        column.nulls.items = weir_arena_zero(&l->arena, 1, sizeof *column.nulls.items);
        if (!column.nulls.items) return weir_error_nomem(err);
        column.nulls.items[0] = f->null;
        column.nulls.n = 1;
    }
    const char *kept = weir_arena_strdup(&l->arena, name);
    return kept ? add_column(l, kept, group, &column, err) : weir_error_nomem(err);
}

static weir_status room_for_columns(weir_text_layout *l, weir_error *err) {
    size_t n = WEIR_REGEX_MAX_GROUPS + 1;
    l->names = weir_arena_zero(&l->arena, n, sizeof *l->names);
    l->groups = weir_arena_zero(&l->arena, n, sizeof *l->groups);
    l->columns = weir_arena_zero(&l->arena, n, sizeof *l->columns);
    l->lines.columns = l->columns;
    return l->names && l->groups && l->columns ? WEIR_OK : weir_error_nomem(err);
}

weir_status weir_text_compile(weir_text_layout *l, const char *pattern, weir_error *err) {
    weir_status status = room_for_columns(l, err);
    if (status != WEIR_OK) return status;
    weir_line_column line = {.type = weir_type_of(WEIR_STRING)};
    l->lines.split = weir_text_split_line;
    if (!pattern) return add_column(l, WEIR_TEXT_LINE, 0, &line, err);
    const weir_text_pattern *known = find_pattern(pattern);
    if (!known && strspn(pattern, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(pattern))
        return unknown_pattern(pattern, err);
    maker *m = weir_arena_zero(&l->arena, 1, sizeof *m);
    if (!m) return weir_error_nomem(err);
    m->arena = &l->arena;
    const char *text = known ? known->text : pattern;
    WEIR_TRY(expand(m, text, strlen(text), 0, err));
    WEIR_TRY(weir_regex_new(m->text.data, m->text.size, WEIR_REGEX_DOTALL, &l->regex, err));
    for (uint32_t i = 1; i <= weir_regex_groups(l->regex); i++) {
        const char *name = weir_regex_group_name(l->regex, i);
        if (name) WEIR_TRY(group_column(l, m, known, i, name, err));
    }
    if (l->lines.n_columns == 0) {
        weir_error_set(err, WEIR_USAGE, "no part of it is named");
        weir_error_hint(err, "name the parts that become columns: (?<column>...) or "
                             "%%{NAME:column}");
        status = WEIR_USAGE;
        goto out;
    }
    if (l->unmatched == WEIR_TEXT_KEEP) WEIR_TRY(add_column(l, WEIR_TEXT_LINE, 0, &line, err));
    l->lines.split = weir_text_split;
out:
    weir_buf_clear(&m->text);
    return status;
}

/* ---- records ------------------------------------------------------------------------------- */

void weir_text_check_utf8(weir_line_group *g) {
    const char *data = (const char *)g->data;
    uint32_t first = g->begin[0], last = g->end[g->n - 1];
    if (weir_utf8_valid(data + first, last - first)) return;
    for (uint32_t r = 0; r < g->n; r++) {
        if (g->fail >> r & 1 || weir_utf8_valid(data + g->begin[r], g->end[r] - g->begin[r]))
            continue;
        g->fail |= 1ull << r;
        g->rule[r] = "utf8";
        g->reason[r] = "is not UTF-8; encoding: tells how characters are written";
    }
}

weir_status weir_text_split_line(const weir_line_layout *layout, weir_line_group *g,
                                 weir_error *err) {
    (void)layout, (void)err;
    memcpy(g->start, g->begin, g->n * sizeof *g->begin);
    memcpy(g->stop, g->end, g->n * sizeof *g->end);
    return WEIR_OK;
}

/* A record in which the pattern does not occur. */
static void no_match(const weir_text_layout *l, weir_line_group *g, uint32_t r, bool limit) {
    const uint32_t n = l->lines.n_columns;
    if (!limit && l->unmatched == WEIR_TEXT_DROP) {
        g->drop |= 1ull << r;
    } else if (!limit && l->unmatched == WEIR_TEXT_KEEP) {
        for (uint32_t c = 0; c < n; c++) g->start[c * 64 + r] = WEIR_LINE_NULL;
        g->start[(n - 1) * 64 + r] = g->begin[r];
        g->stop[(n - 1) * 64 + r] = g->end[r];
    } else {
        g->fail |= 1ull << r;
        g->rule[r] = "pattern";
        g->reason[r] =
            limit ? "takes too long to compare with the pattern" : "does not match the pattern";
    }
}

weir_status weir_text_split(const weir_line_layout *layout, weir_line_group *g, weir_error *err) {
    const weir_text_layout *l = (const weir_text_layout *)(const void *)layout;
    weir_regex_span spans[WEIR_REGEX_MAX_GROUPS + 1];
    const char *data = (const char *)g->data;
    weir_text_check_utf8(g);
    for (uint32_t r = 0; r < g->n; r++) {
        if (g->fail >> r & 1) continue;
        weir_regex_result found = weir_regex_find(l->regex, data + g->begin[r],
                                                  g->end[r] - g->begin[r], 0, spans, l->n_spans);
        if (found == WEIR_REGEX_ERROR) return weir_error_nomem(err);
        if (found != WEIR_REGEX_MATCH) {
            no_match(l, g, r, found == WEIR_REGEX_LIMIT);
            continue;
        }
        for (uint32_t c = 0; c < l->lines.n_columns; c++) {
            const weir_regex_span *s = &spans[l->groups[c]];
            bool none = l->groups[c] == 0 || s->start > s->end;
            g->start[c * 64 + r] = none ? WEIR_LINE_NULL : g->begin[r] + (uint32_t)s->start;
            g->stop[c * 64 + r] = none ? WEIR_LINE_NULL : g->begin[r] + (uint32_t)s->end;
        }
    }
    return WEIR_OK;
}

/* ---- which pattern would fit ---------------------------------------------------------------- */

#define LOOK_LINES 32 /* so many lines tell which pattern fits */

/* Whether at least three in four of the first lines in data are of the pattern; *all: whether each
 * is. */
static weir_status fits(const weir_text_pattern *known, const char *data, size_t size, bool *out,
                        bool *all, weir_error *err) {
    weir_text_layout l = {0};
    weir_regex_span spans[WEIR_REGEX_MAX_GROUPS + 1];
    uint32_t seen = 0, matched = 0;
    const char *p = data, *end = data + size;
    weir_status status = weir_text_compile(&l, known->name, err);
    while (status == WEIR_OK && p < end && seen < LOOK_LINES) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        const char *stop = eol ? eol : end;
        const char *next = eol ? eol + 1 : end;
        if (stop > p && stop[-1] == '\r') stop--;
        if (stop > p && weir_utf8_valid(p, (size_t)(stop - p))) {
            seen++;
            matched += weir_regex_find(l.regex, p, (size_t)(stop - p), 0, spans, l.n_spans) ==
                       WEIR_REGEX_MATCH;
        }
        p = next;
    }
    *out = matched > 0 && matched * 4 >= seen * 3;
    *all = matched == seen;
    weir_regex_free(l.regex);
    weir_arena_clear(&l.arena);
    return status;
}

weir_status weir_text_known(const char *data, size_t size, const char **name, bool *all,
                            weir_error *err) {
    weir_status status = WEIR_OK;
    *name = NULL;
    for (const weir_text_pattern *p = weir_text_patterns; p->name && status == WEIR_OK; p++) {
        bool yes = false;
        status = fits(p, data, size, &yes, all, err);
        if (status == WEIR_OK && yes) {
            *name = p->name;
            break;
        }
    }
    return status;
}
