/* Fixed width: options, the layout of a split, and the format object. */
#include <stdio.h>
#include <stdlib.h>

#include "format/fixed.h"
#include "text/number.h"
#include "text/utf8.h"

static const char *const header_choices[] = {"auto", "true", "false", NULL};
static const char *const units_choices[] = {"characters", "bytes", NULL};
static const char *const trim_choices[] = {"both", "left", "right", "none", NULL};
static const char *const short_choices[] = {"null", "reject", NULL};

static const weir_option field_options[] = {
    {.name = "name",
     .type = WEIR_OPT_STRING,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(weir_fixed_field, name),
     .help = "of the column",
     .since = "0.1"},
    {.name = "start",
     .type = WEIR_OPT_INT,
     .fallback = "0",
     .min = 0,
     .max = 1000000,
     .offset = offsetof(weir_fixed_field, start),
     .help = "where it begins, from 1; 0 = behind the field before",
     .since = "0.1"},
    {.name = "width",
     .type = WEIR_OPT_INT,
     .fallback = "0",
     .min = 0,
     .max = 1000000,
     .offset = offsetof(weir_fixed_field, width),
     .help = "how wide it is; 0 = up to the end of the line",
     .since = "0.1"},
    {0}};

static const weir_option read_options[] = {
    {.name = "fields",
     .type = WEIR_OPT_LIST,
     .fields = field_options,
     .item_size = sizeof(weir_fixed_field),
     .offset = offsetof(weir_fixed_read_config, fields),
     .help = "where the columns stand (default: found by the blanks that all lines share)",
     .since = "0.1"},
    {.name = "widths",
     .type = WEIR_OPT_STRINGS,
     .offset = offsetof(weir_fixed_read_config, widths),
     .help =
         "the same by widths alone, one behind the other; -2 is a gap of two places, which must "
         "be blank; names are those of the header or of columns, in order",
     .since = "0.1"},
    {.name = "header",
     .type = WEIR_OPT_ENUM,
     .choices = header_choices,
     .fallback = "auto",
     .offset = offsetof(weir_fixed_read_config, header),
     .help = "the first line names the columns; auto: when columns are found, and it does; with "
             "fields it is passed over",
     .since = "0.1"},
    {.name = "units",
     .type = WEIR_OPT_ENUM,
     .choices = units_choices,
     .fallback = "characters",
     .offset = offsetof(weir_fixed_read_config, units),
     .help = "what starts and widths count",
     .since = "0.1"},
    {.name = "trim",
     .type = WEIR_OPT_ENUM,
     .choices = trim_choices,
     .fallback = "both",
     .offset = offsetof(weir_fixed_read_config, trim),
     .help = "where blanks are no part of a value",
     .since = "0.1"},
    {.name = "short_lines",
     .type = WEIR_OPT_ENUM,
     .choices = short_choices,
     .fallback = "null",
     .offset = offsetof(weir_fixed_read_config, short_lines),
     .help = "columns behind the end of a line: null, or reject the line",
     .since = "0.1"},
    {.name = "skip",
     .type = WEIR_OPT_INT,
     .fallback = "0",
     .min = 0,
     .max = 1000000,
     .offset = offsetof(weir_fixed_read_config, skip),
     .help = "lines in front of the header that are passed over",
     .since = "0.1"},
    {.name = "null",
     .type = WEIR_OPT_STRINGS,
     .offset = offsetof(weir_fixed_read_config, null_words),
     .set_offset = offsetof(weir_fixed_read_config, null_given),
     .help = "texts that mean null, beside a field of blanks",
     .since = "0.1"},
    {0}};

/* ---- layouts ------------------------------------------------------------------------------- */

/* A boundary between columns, in units. */
typedef struct edge {
    uint32_t at, column;
    bool end;
} edge;

typedef struct fixed_layout {
    weir_line_layout lines;
    weir_arena arena;
    weir_fixed_place *places;
    edge *edges; /* in order of place */
    uint32_t n_edges;
    uint32_t full; /* units of a line that has all columns */
    bool bytes, trim_left, trim_right, reject_short;
    bool gaps;        /* text between columns is a fault */
    bool reject_long; /* text behind the last column */
    weir_line_column *columns;
    weir_opt_strings nulls; /* the config's */
} fixed_layout;

static void fixed_layout_free(void *p) {
    fixed_layout *l = p;
    if (!l) return;
    weir_arena_clear(&l->arena);
    weir_free(l);
}

static int edge_order(const void *a, const void *b) {
    const edge *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

static bool all_blank(const uint8_t *d, uint32_t from, uint32_t to) {
    while (from < to && (d[from] == ' ' || d[from] == '\t')) from++;
    return from >= to;
}

/* Stores the start and end of column c of record r, blanks cut off. */
static void put(const fixed_layout *l, weir_line_group *g, uint32_t c, uint32_t r, uint32_t begin,
                uint32_t end) {
    const uint8_t *d = g->data;
    while (l->trim_left && begin < end && (d[begin] == ' ' || d[begin] == '\t')) begin++;
    while (l->trim_right && begin < end && (d[end - 1] == ' ' || d[end - 1] == '\t')) end--;
    g->start[c * 64 + r] = begin;
    g->stop[c * 64 + r] = end;
}

static void split_bytes(const fixed_layout *l, weir_line_group *g, uint32_t r) {
    uint32_t begin = g->begin[r], size = g->end[r] - begin;
    for (uint32_t c = 0; c < l->lines.n_columns; c++) {
        const weir_fixed_place *p = &l->places[c];
        g->start[c * 64 + r] = begin + (p->begin < size ? p->begin : size);
        g->stop[c * 64 + r] = begin + (p->end < size ? p->end : size);
    }
}

/* One walk over the characters of the record; *units: how many there are. */
static void split_characters(const fixed_layout *l, weir_line_group *g, uint32_t r,
                             uint32_t *units) {
    const char *data = (const char *)g->data;
    uint32_t at = g->begin[r], end = g->end[r], n = 0, e = 0;
    for (;;) {
        for (; e < l->n_edges && (l->edges[e].at == n || at == end); e++) {
            uint32_t cell = l->edges[e].column * 64 + r;
            *(l->edges[e].end ? &g->stop[cell] : &g->start[cell]) = at;
        }
        if (at == end) break;
        uint32_t c;
        size_t size = (uint8_t)data[at] < 0x80 ? 1 : weir_utf8_decode(data + at, end - at, &c);
        at += size ? (uint32_t)size : 1;
        n++;
    }
    *units = n;
}

/* Whether text stands between columns, where the sample in which they were found had none. */
static bool text_between(const fixed_layout *l, const weir_line_group *g, uint32_t r) {
    uint32_t at = g->begin[r];
    for (uint32_t c = 0; c < l->lines.n_columns; c++) {
        if (!all_blank(g->data, at, g->start[c * 64 + r])) return true;
        at = g->stop[c * 64 + r];
    }
    return false;
}

static void fail(weir_line_group *g, uint32_t r, const char *why) {
    g->fail |= 1ull << r;
    g->rule[r] = "width";
    g->reason[r] = why;
}

static weir_status split(const weir_line_layout *layout, weir_line_group *g, weir_error *err) {
    const fixed_layout *l = (const fixed_layout *)(const void *)layout;
    const char *data = (const char *)g->data;
    (void)err;
    for (uint32_t r = 0; r < g->n; r++) {
        if (g->fail >> r & 1) continue;
        uint32_t size = g->end[r] - g->begin[r], units = size;
        weir_slice line = {data + g->begin[r], size};
        if (l->bytes || weir_utf8_is_ascii(line.data, size))
            split_bytes(l, g, r);
        else
            split_characters(l, g, r, &units);
        if (l->gaps && text_between(l, g, r)) fail(g, r, "has text between the columns");
        for (uint32_t c = 0; c < l->lines.n_columns; c++)
            put(l, g, c, r, g->start[c * 64 + r], g->stop[c * 64 + r]);
        if (l->reject_short && units < l->full) fail(g, r, "is shorter than its columns");
        if (l->reject_long && units > l->full) {
            size_t from = weir_fixed_offset(line, l->full, l->bytes);
            if (weir_fixed_trim((weir_slice){line.data + from, size - from}).size)
                fail(g, r, "has text behind its last column");
        }
    }
    return WEIR_OK;
}

/* Edges, and how long a whole line is. */
static weir_status finish_layout(fixed_layout *l, weir_error *err) {
    uint32_t n = l->lines.n_columns;
    l->edges = weir_arena_zero(&l->arena, (size_t)n * 2 + 1, sizeof *l->edges);
    l->columns = weir_arena_zero(&l->arena, (size_t)n + 1, sizeof *l->columns);
    if (!l->edges || !l->columns) return weir_error_nomem(err);
    for (uint32_t c = 0; c < n; c++) {
        const weir_fixed_place *p = &l->places[c];
        l->edges[l->n_edges++] = (edge){p->begin, c, false};
        l->edges[l->n_edges++] = (edge){p->end, c, true};
        uint32_t whole = p->end == UINT32_MAX ? p->begin + 1 : p->end;
        if (whole > l->full) l->full = whole;
        if (p->end == UINT32_MAX) l->reject_long = false;
        l->columns[c].empty_null = true;
        l->columns[c].nulls = l->nulls;
    }
    qsort(l->edges, l->n_edges, sizeof *l->edges, edge_order);
    l->lines.columns = l->columns;
    l->lines.split = split;
    return WEIR_OK;
}

static weir_status add_place(fixed_layout *l, uint64_t begin, uint64_t width, weir_error *err) {
    if (begin + width > 1u << 30)
        return weir_error_set(err, WEIR_USAGE, "a line would have more than 1 GiB");
    l->places[l->lines.n_columns++] =
        (weir_fixed_place){(uint32_t)begin, width ? (uint32_t)(begin + width) : UINT32_MAX};
    return WEIR_OK;
}

static weir_status from_fields(fixed_layout *l, const weir_fixed_read_config *config,
                               const char **names, weir_error *err) {
    const weir_fixed_field *fields = config->fields.items;
    uint64_t at = 0;
    for (size_t i = 0; i < config->fields.n; i++) {
        const weir_fixed_field *f = &fields[i];
        uint64_t begin = f->start > 0 ? (uint64_t)f->start - 1 : at;
        for (size_t k = 0; k < i; k++)
            if (strcmp(fields[k].name, f->name) == 0)
                return weir_error_set(err, WEIR_USAGE, "two are called '%.60s'", f->name);
        names[i] = f->name;
        weir_status status = add_place(l, begin, (uint64_t)f->width, err);
        if (status != WEIR_OK) return status;
        at = begin + (uint64_t)f->width;
        if (!f->width && i + 1 < config->fields.n && !fields[i + 1].start)
            return weir_error_set(err, WEIR_USAGE,
                                  "'%.60s' has no width, and the next one no start", f->name);
    }
    return WEIR_OK;
}

/* One of `widths`; *gap: it is a gap.  0 = it is none. */
static uint64_t width_of(const char *text, bool *gap) {
    uint64_t width = 0;
    *gap = *text == '-';
    const char *digits = text + *gap;
    bool good = weir_num_parse_uint64(digits, strlen(digits), &width) == WEIR_NUM_OK;
    return good && width <= 1000000 ? width : 0;
}

/* How many columns the config declares; 0 = they are to be found. */
static size_t declared_columns(const weir_fixed_read_config *config) {
    size_t n = config->fields.n;
    for (size_t i = 0; !config->fields.n && i < config->widths.n; i++)
        n += config->widths.items[i][0] != '-';
    return n;
}

static weir_status from_widths(fixed_layout *l, const weir_fixed_read_config *config,
                               weir_error *err) {
    uint64_t at = 0;
    for (size_t i = 0; i < config->widths.n; i++) {
        const char *text = config->widths.items[i];
        bool rest = strcmp(text, "*") == 0 && i + 1 == config->widths.n, gap = false;
        uint64_t width = rest ? 0 : width_of(text, &gap);
        if (!rest && !width) {
            weir_error_set(err, WEIR_USAGE, "\"%.20s\" is no width", text);
            weir_error_hint(err,
                            "give whole numbers from 1, -1 and so on for gaps; the last may be "
                            "* for the rest");
            return WEIR_USAGE;
        }
        weir_status status = gap ? WEIR_OK : add_place(l, at, width, err);
        if (status != WEIR_OK) return status;
        at += width;
        l->gaps |= gap;
        if (at > 1u << 30)
            return weir_error_set(err, WEIR_USAGE, "a line would have more than 1 GiB");
    }
    if (l->lines.n_columns == 0) {
        weir_error_set(err, WEIR_USAGE, "these are gaps only");
        weir_error_hint(err, "a column has a width without a minus sign");
        return WEIR_USAGE;
    }
    l->reject_long = true;
    return WEIR_OK;
}

/* Columns that were found, as options that could stand in the source. */
static weir_status describe(const weir_fixed_found *f, weir_layout *layout, weir_error *err) {
    weir_buf text = {0};
    uint32_t at = 0;
    bool ok = weir_buf_adds(&text, "widths: [");
    for (uint32_t c = 0; ok && c < f->n; c++) {
        const weir_fixed_place *p = &f->places[c];
        ok = (p->begin == at || weir_buf_printf(&text, "-%u, ", p->begin - at)) &&
             (p->end == UINT32_MAX ? weir_buf_adds(&text, "\"*\"")
                                   : weir_buf_printf(&text, "%u", p->end - p->begin)) &&
             (c + 1 == f->n || weir_buf_adds(&text, ", "));
        at = p->end;
    }
    ok = ok && weir_buf_adds(&text, f->header ? "]\nheader: true\n" : "]\n");
    weir_status status =
        ok ? weir_layout_describe(layout, weir_buf_cstr(&text), err) : weir_error_nomem(err);
    weir_buf_clear(&text);
    return status;
}

static weir_status not_found(const weir_stream *in, weir_error *err) {
    weir_error_set(err, WEIR_DATA,
                   "no columns of fixed width are found: the lines share no blanks");
    weir_error_hint(err, "give widths or fields, or is this another format?");
    weir_error_at(err, in->name, 1, 0);
    return WEIR_DATA;
}

/* ---- names --------------------------------------------------------------------------------- */

/* Names in the header line; a blank one, and one that stands twice, get a number. */
static weir_status header_names(fixed_layout *l, weir_slice line, const char **names,
                                weir_error *err) {
    for (uint32_t c = 0; c < l->lines.n_columns; c++) {
        const weir_fixed_place *p = &l->places[c];
        size_t from = weir_fixed_offset(line, p->begin, l->bytes);
        size_t to = p->end == UINT32_MAX ? line.size : weir_fixed_offset(line, p->end, l->bytes);
        weir_slice s = weir_fixed_trim((weir_slice){line.data + from, to - from});
        if (!weir_utf8_valid(s.data, s.size) || (s.size && memchr(s.data, 0, s.size))) {
            weir_error_set(err, WEIR_DATA, "the name of column %u is not UTF-8 text", c + 1);
            weir_error_hint(err, "say how the file is written, such as encoding: windows-1252");
            return WEIR_DATA;
        }
        names[c] = s.size ? weir_arena_strndup(&l->arena, s.data, s.size)
                          : weir_arena_printf(&l->arena, "column%u", c + 1);
        for (uint32_t k = 0, again = 2; names[c] && k < c; k++) {
            if (strcmp(names[k], names[c]) != 0) continue;
            names[c] = weir_arena_printf(&l->arena, "%.*s_%u", (int)s.size, s.data, again++);
            k = UINT32_MAX; /* look at all again */
        }
        if (!names[c]) return weir_error_nomem(err);
    }
    return WEIR_OK;
}

/* Without a header: `columns` in their order unless one of them says `from`, then column1, ... */
static weir_status made_names(fixed_layout *l, const weir_read_request *request, const char **names,
                              weir_error *err) {
    const weir_opt_columns *columns = request->columns;
    size_t given = columns ? columns->n : 0;
    for (size_t i = 0; i < given; i++)
        if (columns->items[i].from) given = 0;
    for (uint32_t i = 0; i < l->lines.n_columns; i++) {
        names[i] =
            i < given ? columns->items[i].name : weir_arena_printf(&l->arena, "column%u", i + 1);
        if (!names[i]) return weir_error_nomem(err);
    }
    return WEIR_OK;
}

/* ---- a split ------------------------------------------------------------------------------- */

static weir_status new_layout(const weir_read_request *request, uint8_t eol, size_t columns,
                              fixed_layout **out, weir_error *err) {
    const weir_fixed_read_config *config = request->config;
    fixed_layout *l = weir_alloc_zero(1, sizeof *l);
    if (!l) return weir_error_nomem(err);
    l->lines.eol = eol;
    l->lines.rule.start_bytes = weir_line_start_bytes(request);
    l->bytes = l->lines.cuts_bytes = config->units == 1;
    l->trim_left = config->trim == WEIR_FIXED_TRIM_BOTH || config->trim == WEIR_FIXED_TRIM_LEFT;
    l->trim_right = config->trim == WEIR_FIXED_TRIM_BOTH || config->trim == WEIR_FIXED_TRIM_RIGHT;
    l->reject_short = config->short_lines == 1;
    if (config->null_given) l->nulls = config->null_words;
    l->places = weir_arena_zero(&l->arena, columns + 1, sizeof *l->places);
    if (l->places) {
        *out = l;
        return WEIR_OK;
    }
    fixed_layout_free(l);
    return weir_error_nomem(err);
}

static weir_status publish(fixed_layout *l, const char *const *names, weir_layout **out,
                           weir_error *err) {
    weir_status status = finish_layout(l, err);
    if (status == WEIR_OK) status = weir_layout_new(names, l->lines.n_columns, out, err);
    if (status != WEIR_OK) return status;
    (*out)->private_data = l;
    (*out)->private_free = fixed_layout_free;
    return WEIR_OK;
}

/* Passes over a rule of dashes below the header. */
static weir_status skip_rule(weir_lines *lines, weir_error *err) {
    bool whole, got;
    weir_slice head = weir_lines_head(lines, &whole);
    if (!weir_fixed_is_rule(head, whole, weir_lines_eol(lines))) return WEIR_OK;
    return weir_lines_skip(lines, NULL, &got, err);
}

/* The columns of a split, and the lines in front of its records passed over. */
static weir_status read_head(const weir_read_request *request, weir_stream *in, weir_lines *lines,
                             weir_layout **out, weir_error *err) {
    const weir_fixed_read_config *config = request->config;
    fixed_layout *l = NULL;
    weir_layout *layout = NULL;
    weir_fixed_found *found = NULL;
    const char **names = NULL;
    weir_status status = WEIR_OK;
    bool header = config->header == WEIR_FIXED_HEADER_TRUE, whole, got = true;
    weir_slice line = {"", 0};
    size_t n = declared_columns(config);
    bool find = !config->fields.n && !config->widths.n;
    for (int64_t i = 0; i < config->skip && got; i++)
        WEIR_TRY(weir_lines_skip(lines, NULL, &got, err));
    if (find) {
        found = weir_alloc(sizeof *found);
        if (!found) WEIR_TRY(weir_error_nomem(err));
        weir_slice head = weir_lines_head(lines, &whole);
        if (!weir_fixed_find(head, whole, weir_lines_eol(lines), config->units == 1, config->header,
                             found)) {
            status = not_found(in, err);
            goto out;
        }
        n = found->n;
        header = found->header;
    }
    WEIR_TRY(new_layout(request, weir_lines_eol(lines), n, &l, err));
    names = weir_alloc_zero(n + 1, sizeof *names);
    if (!names) WEIR_TRY(weir_error_nomem(err));
    if (config->fields.n)
        WEIR_TRY(from_fields(l, config, names, err));
    else if (config->widths.n)
        WEIR_TRY(from_widths(l, config, err));
    for (uint32_t c = 0; found && c < found->n; c++) l->places[c] = found->places[c];
    if (found) l->lines.n_columns = found->n;
    l->gaps |= found != NULL;
    while (header && got && weir_fixed_trim(line).size == 0)
        WEIR_TRY(weir_lines_skip(lines, &line, &got, err));
    if (header && got && !(found && !found->ruled)) WEIR_TRY(skip_rule(lines, err));
    if (header && !config->fields.n)
        WEIR_TRY(header_names(l, line, names, err));
    else if (!config->fields.n)
        WEIR_TRY(made_names(l, request, names, err));
    WEIR_TRY(publish(l, names, &layout, err));
    l = NULL;
    if (found) WEIR_TRY(describe(found, layout, err));
    *out = layout;
    layout = NULL;
out:
    weir_layout_release(layout);
    fixed_layout_free(l);
    weir_free(found);
    weir_free(names);
    return status;
}

static weir_status cutter_new(const weir_read_request *request, weir_stream *in, weir_cutter **out,
                              weir_error *err) {
    weir_lines *lines = NULL;
    weir_layout *layout = NULL;
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_lines_new(request, in, &lines, err));
    WEIR_TRY(read_head(request, in, lines, &layout, err));
    weir_lines_set(lines, &((fixed_layout *)layout->private_data)->lines.rule, layout);
    *out = (weir_cutter *)lines;
    return WEIR_OK;
out:
    weir_lines_free(lines);
    return status;
}

/* Records of a replay, which come without their file: their places are declared, or kept with them.
 */
static weir_status layout_of(const weir_read_request *request, const char *const *names, uint32_t n,
                             weir_layout **out, weir_error *err) {
    const weir_fixed_read_config *config = request->config;
    fixed_layout *l = NULL;
    const char **own = NULL;
    size_t columns = declared_columns(config);
    weir_status status = WEIR_OK;
    bool none = !config->fields.n && !config->widths.n;
    if (none || (columns && columns != n && !config->fields.n)) {
        weir_error_set(err, WEIR_USAGE,
                       "these records come without their file, in which the "
                       "columns were found");
        weir_error_hint(err, "declare where they stand with fields or widths");
        return WEIR_USAGE;
    }
    WEIR_TRY(new_layout(request, '\n', columns, &l, err));
    own = weir_alloc_zero(columns + 1, sizeof *own);
    if (!own) WEIR_TRY(weir_error_nomem(err));
    if (config->fields.n)
        WEIR_TRY(from_fields(l, config, own, err));
    else
        WEIR_TRY(from_widths(l, config, err));
    WEIR_TRY(publish(l, config->fields.n ? own : names, out, err));
    l = NULL;
out:
    fixed_layout_free(l);
    weir_free(own);
    return status;
}

/* Places that are declared, for their errors. */
static weir_status read_check(const void *config, weir_error *err) {
    const weir_fixed_read_config *c = config;
    const weir_read_request request = {.config = c, .max_record_bytes = WEIR_LINES_HEAD_BYTES};
    weir_layout *layout = NULL;
    const char **names = NULL;
    uint32_t n = (uint32_t)declared_columns(c);
    if (c->fields.n && c->widths.n) {
        weir_error_set(err, WEIR_USAGE, "fields say already where the columns stand");
        weir_error_hint(err, "give one of the two");
        if (err) snprintf(err->key, sizeof err->key, "widths");
        return WEIR_USAGE;
    }
    if (!c->fields.n && !c->widths.n) return WEIR_OK;
    weir_status status = WEIR_OK;
    names = weir_alloc_zero(n + 1u, sizeof *names);
    if (!names) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) names[i] = "";
    status = layout_of(&request, names, n, &layout, err);
    if (status == WEIR_USAGE && err)
        snprintf(err->key, sizeof err->key, "%s", c->fields.n ? "fields" : "widths");
    weir_layout_release(layout);
    weir_free(names);
    return status;
}

/* ---- the format ---------------------------------------------------------------------------- */

static const weir_read_ops read_ops = {
    .cutter_new = cutter_new,
    .cutter_layout = weir_lines_cutter_layout,
    .cutter_next = weir_lines_cutter_next,
    .cutter_free = weir_lines_cutter_free,
    .layout_of = layout_of,
    .infer = weir_lines_infer,
    .decoder_new = weir_lines_decoder_new,
    .decoder_begin = weir_lines_decoder_begin,
    .decoder_next = weir_lines_decoder_next,
    .decoder_free = weir_lines_decoder_free,
};

static const char *const extensions[] = {".fwf", ".prn", NULL};

const weir_format weir_format_fixed = {
    .name = "fixed",
    .summary = "lines whose values stand in fixed places",
    .extensions = extensions,
    .read_options = read_options,
    .read_config_size = sizeof(weir_fixed_read_config),
    .read = &read_ops,
    .read_check = read_check,
};
