/* split: a text by a delimiter or pattern, into columns or a list. */
#include "column/views.h"
#include "text/regex.h"
#include "text/utf8.h"
#include "transform/kinds.h"

typedef enum rest { REST_KEEP, REST_REJECT, REST_DROP } rest;
static const char *const rest_words[] = {"keep", "reject", "drop", NULL};
static const char *const fewer_words[] = {"null", "reject", NULL};

typedef struct split_config {
    const char *field, *by, *pattern, *list;
    weir_opt_strings into;
    int rest, fewer;
    bool trim;
} split_config;

static const weir_option fields[] = {
    {.name = "field",
     .type = WEIR_OPT_STRING,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(split_config, field),
     .help = "the column, a text",
     .since = "0.1"},
    {.name = "by",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(split_config, by),
     .help = "the delimiter, as it stands there",
     .since = "0.1"},
    {.name = "pattern",
     .alias = "regex",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(split_config, pattern),
     .help = "instead of by: a regular expression that matches the delimiters",
     .since = "0.1"},
    {.name = "into",
     .type = WEIR_OPT_STRINGS,
     .offset = offsetof(split_config, into),
     .help = "columns for the parts, in order",
     .since = "0.1"},
    {.name = "list",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(split_config, list),
     .help = "instead of into: one column with a list of all parts",
     .since = "0.1"},
    {.name = "rest",
     .type = WEIR_OPT_ENUM,
     .choices = rest_words,
     .fallback = "keep",
     .offset = offsetof(split_config, rest),
     .help = "more parts than columns: keep them in the last column, reject the record, drop them",
     .since = "0.1"},
    {.name = "fewer",
     .type = WEIR_OPT_ENUM,
     .choices = fewer_words,
     .fallback = "null",
     .offset = offsetof(split_config, fewer),
     .help = "fewer parts than columns: null in the others, or reject the record",
     .since = "0.1"},
    {.name = "trim",
     .type = WEIR_OPT_BOOL,
     .fallback = "false",
     .offset = offsetof(split_config, trim),
     .help = "removes white space around the parts",
     .since = "0.1"},
    {0}};

static const weir_option options[] = {{.name = "split",
                                       .type = WEIR_OPT_STRUCT,
                                       .flags = WEIR_OPT_REQUIRED,
                                       .fields = fields,
                                       .help = "a text by a delimiter, into columns or a list",
                                       .since = "0.1"},
                                      {0}};

typedef struct split_state {
    uint32_t field, n; /* columns made */
    const char *name;  /* of the field */
    weir_slice by;
    weir_regex *re; /* NULL: by */
    rest rest;
    bool fewer_rejects, trim;
    const weir_type *list; /* NULL: columns */
    uint32_t *target;
    const char **names;
} split_state;

/* ---- bind ---------------------------------------------------------------------------------- */

static void wrong(const weir_bind *bind, const char *key, const char *hint, const char *message) {
    weir_diags_error(bind->diags, weir_bind_key(bind->node, key), key, hint, "%s", message);
}

static bool check_options(const split_config *c, const weir_bind *bind) {
    size_t faults = bind->diags->n_errors;
    if (!c->by == !c->pattern)
        wrong(bind, "by", "write by: with the delimiter, or pattern:",
              c->by ? "stands beside pattern" : "is missing");
    else if ((c->by && !*c->by) || (c->pattern && !*c->pattern))
        wrong(bind, c->by ? "by" : "pattern", "write what stands between the parts", "is empty");
    if ((c->into.n > 0) == (c->list != NULL))
        wrong(bind, "into", "write into: [a, b] for columns, or list: a for a list",
              c->list ? "stands beside list" : "is missing");
    return bind->diags->n_errors == faults;
}

static weir_status compile(const split_config *c, const weir_bind *bind, split_state *s,
                           weir_error *err) {
    if (!c->pattern) {
        const char *copy = weir_arena_strdup(bind->arena, c->by);
        s->by = weir_slice_of(copy);
        return copy ? WEIR_OK : weir_error_nomem(err);
    }
    weir_error why = {0};
    weir_status status = weir_regex_new(c->pattern, strlen(c->pattern), 0, &s->re, &why);
    if (status == WEIR_USAGE) {
        const char *key = weir_node_get(bind->node, "regex") ? "regex" : "pattern";
        const weir_node *at = weir_node_get(bind->node, key);
        weir_diags_error(bind->diags, at ? at : bind->node, key, NULL, "wrong pattern: %s",
                         why.message);
    }
    if (status != WEIR_OK && err) *err = why;
    return status;
}

static weir_status split_bind(const void *config, const weir_bind *bind, weir_operator *op,
                              weir_error *err) {
    const split_config *c = config;
    weir_status status = WEIR_OK;
    weir_arena *arena = bind->arena;
    split_state *s = weir_arena_zero(arena, 1, sizeof *s);
    op->reads = weir_transform_reads(bind, op->in);
    if (!s || !op->reads) return weir_error_nomem(err);
    const weir_node *at = weir_node_get(bind->node, "field");
    bool right = check_options(c, bind);
    if (!weir_transform_field(bind, op, at, "field", c->field, &s->field)) right = false;
    const weir_type *have = s->field == UINT32_MAX ? NULL : op->in->fields[s->field].type;
    if (have && have->id != WEIR_STRING) {
        weir_diags_error(bind->diags, at, "field", "cast it to string before",
                         "%s is %s, not a text", c->field, have->name);
        right = false;
    }
    if (!right) return weir_bind_failed(bind, err);
    s->n = c->list ? 1 : (uint32_t)c->into.n;
    s->rest = (rest)c->rest;
    s->fewer_rejects = c->fewer == 1;
    s->trim = c->trim;
    s->name = weir_arena_strdup(arena, c->field);
    s->target = weir_arena_zero(arena, s->n, sizeof *s->target);
    s->names = weir_arena_zero(arena, s->n, sizeof *s->names);
    weir_field *made = weir_arena_zero(arena, s->n, sizeof *made);
    if (!s->name || !s->target || !s->names || !made) return weir_error_nomem(err);
    const weir_type *type = weir_type_of(WEIR_STRING);
    if (c->list) WEIR_TRY(weir_type_list(type, &s->list, err));
    for (uint32_t i = 0; i < s->n; i++) {
        s->names[i] = weir_arena_strdup(arena, c->list ? c->list : c->into.items[i]);
        if (!s->names[i]) WEIR_TRY(weir_error_nomem(err));
        made[i] = (weir_field){.name = s->names[i], .type = c->list ? s->list : type};
    }
    WEIR_TRY(compile(c, bind, s, err));
    WEIR_TRY(weir_places_bind(bind, op, made, s->n, c->list ? "list" : "into", s->target, err));
    if (s->field != UINT32_MAX) op->state = s;
out:
    if (!op->state) weir_regex_free(s->re);
    return status;
}

static void split_free(weir_operator *op) {
    split_state *s = op->state;
    if (s) weir_regex_free(s->re);
    op->state = NULL;
}

/* ---- run ----------------------------------------------------------------------------------- */

/* The next delimiter at or behind `from`. */
static weir_regex_result find(const split_state *s, weir_slice text, size_t from,
                              weir_regex_span *at) {
    if (!s->re) {
        const char *p = from < text.size
                            ? memmem(text.data + from, text.size - from, s->by.data, s->by.size)
                            : NULL;
        if (!p) return WEIR_REGEX_NOMATCH;
        at->start = (size_t)(p - text.data);
        at->end = at->start + s->by.size;
        return WEIR_REGEX_MATCH;
    }
    /* an empty match divides nothing */
    for (; from <= text.size; from = at->end + 1) {
        weir_regex_result r = weir_regex_find(s->re, text.data, text.size, from, at, 1);
        if (r != WEIR_REGEX_MATCH || at->end > at->start) return r;
        while (at->end + 1 < text.size && ((unsigned char)text.data[at->end + 1] & 0xC0) == 0x80)
            at->end++;
    }
    return WEIR_REGEX_NOMATCH;
}

static weir_slice part(const split_state *s, weir_slice text, size_t begin, size_t end) {
    weir_slice p = {text.data + begin, end - begin};
    if (!s->trim) return p;
    p = weir_utf8_trim(p);
    if (p.size == 0) p.data = text.data + begin;
    return p;
}

/* The record fails: all its columns are null. */
static weir_status fail_row(const split_state *s, weir_batch *batch, uint32_t row,
                            weir_column **made, weir_ctx *ctx, const char *why, weir_slice text,
                            weir_error *err) {
    weir_failures *f = NULL;
    weir_status status = weir_batch_failures(batch, &f, err);
    if (status == WEIR_OK)
        status = weir_failures_add(f, row, "split", s->name, "split", err, "\"%.*s\" %s",
                                   weir_clip(text), text.data, why);
    for (uint32_t i = 0; status == WEIR_OK && made && i < s->n; i++) {
        ((weir_view *)made[i]->values)[row] = (weir_view){.words = {0, 0}};
        status = weir_column_set_null(made[i], row, true, ctx->ledger, err);
    }
    return status;
}

/* Parts of one text into the columns; *why: the record fails. */
static weir_status split_row(const split_state *s, weir_slice text, const weir_view *whole,
                             uint32_t row, weir_column **made, weir_ctx *ctx, const char **why,
                             weir_error *err) {
    size_t from = 0;
    weir_regex_result r = WEIR_REGEX_MATCH;
    for (uint32_t i = 0; i < s->n; i++) {
        weir_regex_span cut = {text.size, text.size};
        if (r != WEIR_REGEX_MATCH) {
            if (s->fewer_rejects) *why = "has fewer parts than there are columns";
            weir_status status = weir_column_set_null(made[i], row, false, ctx->ledger, err);
            if (status != WEIR_OK) return status;
            continue;
        }
        r = find(s, text, from, &cut);
        if (r == WEIR_REGEX_LIMIT) *why = "is too costly for the pattern";
        if (r == WEIR_REGEX_ERROR) return weir_error_nomem(err);
        bool last = i + 1 == s->n && r == WEIR_REGEX_MATCH;
        if (last && s->rest == REST_REJECT) *why = "has more parts than there are columns";
        size_t end =
            r != WEIR_REGEX_MATCH || (last && s->rest == REST_KEEP) ? text.size : cut.start;
        weir_slice p = part(s, text, from, end);
        uint32_t offset =
            whole->in.size <= 12 ? 0 : whole->ref.offset + (uint32_t)(p.data - text.data);
        ((weir_view *)made[i]->values)[row] =
            weir_view_make((const uint8_t *)p.data, (uint32_t)p.size,
                           whole->in.size <= 12 ? 0 : whole->ref.block, offset);
        from = cut.end;
    }
    return WEIR_OK;
}

/* The columns share the field's bytes. */
static weir_status into_columns(const split_state *s, weir_batch *batch, weir_ctx *ctx,
                                weir_column **made, weir_error *err) {
    const weir_column *c = batch->columns[s->field], *base = weir_column_base(c);
    weir_rows rows = weir_rows_of(batch);
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; i < s->n; i++) {
        WEIR_TRY(
            weir_column_new(weir_type_of(WEIR_STRING), rows.length, ctx->ledger, &made[i], err));
        memset(made[i]->values, 0, (size_t)rows.length * sizeof(weir_view));
        for (uint32_t k = 0; k < base->n_blocks; k++)
            WEIR_TRY(weir_column_add_block(made[i], base->blocks[k], NULL, err));
    }
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (weir_column_is_null(c, row)) {
            for (uint32_t i = 0; i < s->n; i++)
                WEIR_TRY(weir_column_set_null(made[i], row, weir_column_is_poisoned(c, row),
                                              ctx->ledger, err));
            continue;
        }
        const weir_view *whole = (const weir_view *)base->values + weir_column_slot(c, row);
        weir_slice text = weir_view_slice(base, whole);
        const char *why = NULL;
        WEIR_TRY(split_row(s, text, whole, row, made, ctx, &why, err));
        if (why) WEIR_TRY(fail_row(s, batch, row, made, ctx, why, text, err));
    }
out:
    return status;
}

static weir_status list_row(const split_state *s, weir_slice text, weir_builder *b,
                            const char **why, weir_error *err) {
    weir_regex_result r = WEIR_REGEX_MATCH;
    weir_status status = WEIR_OK;
    for (size_t from = 0; r == WEIR_REGEX_MATCH;) {
        weir_regex_span cut = {text.size, text.size};
        r = find(s, text, from, &cut);
        if (r == WEIR_REGEX_LIMIT) *why = "is too costly for the pattern";
        if (r == WEIR_REGEX_ERROR) return weir_error_nomem(err);
        weir_slice p = part(s, text, from, r == WEIR_REGEX_MATCH ? cut.start : text.size);
        WEIR_TRY(weir_builder_bytes(weir_builder_child(b, 0), p.data, p.size, err));
        from = cut.end;
    }
out:
    return status;
}

static weir_status into_list(const split_state *s, weir_batch *batch, weir_ctx *ctx,
                             weir_column **made, weir_error *err) {
    const weir_column *c = batch->columns[s->field];
    weir_rows rows = weir_rows_of(batch);
    weir_status status = WEIR_OK;
    weir_builder *b = NULL;
    WEIR_TRY(weir_builder_new(s->list, ctx->ledger, &b, err));
    for (uint32_t row = 0, k = 0; row < rows.length; row++) {
        bool active = k < rows.n && weir_rows_at(&rows, k) == row;
        if (active) k++;
        if (!active || weir_column_is_null(c, row)) {
            WEIR_TRY(weir_builder_null(b, active && weir_column_is_poisoned(c, row), err));
            continue;
        }
        weir_slice text = weir_column_slice(c, row);
        const char *why = NULL;
        WEIR_TRY(list_row(s, text, b, &why, err));
        WEIR_TRY(weir_builder_close_row(b, err));
        if (why) WEIR_TRY(fail_row(s, batch, row, NULL, ctx, why, text, err));
    }
    status = weir_builder_finish(b, made, err);
out:
    weir_builder_free(b);
    return status;
}

static weir_status split_process(const weir_operator *op, void *local, weir_ctx *ctx,
                                 weir_batch *batch, weir_error *err) {
    const split_state *s = op->state;
    weir_status status = WEIR_OK;
    weir_column **made = weir_alloc_zero(s->n + 1u, sizeof *made);
    (void)local;
    if (!made) return weir_error_nomem(err);
    WEIR_TRY(s->list ? into_list(s, batch, ctx, made, err)
                     : into_columns(s, batch, ctx, made, err));
    WEIR_TRY(weir_places_put(op, batch, s->target, s->n, made, err));
    for (uint32_t i = 0; i < s->n; i++) made[i] = NULL;
out:
    for (uint32_t i = 0; i < s->n; i++) weir_column_release(made[i]);
    weir_free(made);
    return status;
}

const weir_operator_kind weir_transform_split = {
    .name = "split",
    .summary = "divides a text by a delimiter into columns or a list",
    .example = "- split: { field: name, by: \" \", into: [first, last] }",
    .options = options,
    .config_size = sizeof(split_config),
    .flags = WEIR_OP_CAN_FAIL,
    .bind = split_bind,
    .free = split_free,
    .process = split_process,
};
