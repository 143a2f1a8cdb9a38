/* parse: what a text holds (JSON, a URL, a query string) as columns or one nested value.
 *
 * The field is read once, so that a text that is none of it gives one failure; the columns are then
 * taken out of what was read, and cast by value with the options of their entry.
 */
#include "transform/made.h"

typedef enum parse_as { AS_JSON, AS_URL, AS_QUERY } parse_as;
static const char *const as_words[] = {"json", "url", "query", NULL};

typedef struct parse_config {
    const char *field, *into;
    int as;
    weir_opt_columns columns;
} parse_config;

static const weir_option fields[] = {
    {.name = "field",
     .type = WEIR_OPT_STRING,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(parse_config, field),
     .help = "the column, a text (or json)",
     .since = "0.1"},
    {.name = "as",
     .type = WEIR_OPT_ENUM,
     .choices = as_words,
     .fallback = "json",
     .offset = offsetof(parse_config, as),
     .help = "what the text is",
     .since = "0.1"},
    {.name = "into",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(parse_config, into),
     .help = "one column with all of it: json, a struct of the URL's parts, a map of the query's",
     .since = "0.1"},
    {.name = "columns",
     .type = WEIR_OPT_COLUMNS,
     .offset = offsetof(parse_config, columns),
     .help = "column: type, or { type, from, format, timezone, null }; from: member or path of the "
             "JSON, part of the URL, parameter of the query, by default the column's name",
     .since = "0.1"},
    {0}};

static const weir_option options[] = {{.name = "parse",
                                       .type = WEIR_OPT_STRUCT,
                                       .flags = WEIR_OPT_REQUIRED,
                                       .fields = fields,
                                       .help = "the parts of a text that is JSON, a URL or a query",
                                       .since = "0.1"},
                                      {0}};

typedef struct parse_part {
    const char *name;
    weir_program *program; /* over what was read */
    const weir_type *to;   /* NULL: as the program gives it */
    weir_cast_options options;
    bool not_null;
} parse_part;

typedef struct parse_state {
    weir_program *reader;
    weir_schema *value; /* what the reader gives, as the column "value" */
    uint32_t n;
    parse_part *parts;
    uint32_t *target;
} parse_state;

/* ---- bind ---------------------------------------------------------------------------------- */

static void clear(parse_state *s) {
    if (!s) return;
    weir_program_free(s->reader);
    s->reader = NULL;
    for (uint32_t i = 0; i < s->n; i++) {
        weir_program_free(s->parts[i].program);
        s->parts[i].program = NULL;
    }
    weir_schema_release(s->value);
    s->value = NULL;
}

static const char *finish_text(const weir_bind *bind, bool ok, weir_buf *text) {
    const char *copy =
        ok ? weir_arena_strndup(bind->arena, text->data ? text->data : "", text->size) : NULL;
    weir_buf_clear(text);
    return copy;
}

/* The expression that reads the field. */
static const char *reader_text(const weir_bind *bind, const parse_config *c) {
    static const char *const before[] = {"cast(", "url_reference(", "url_params("};
    static const char *const behind[] = {" as json)", ")", ")"};
    weir_buf text = {0};
    bool ok = weir_buf_adds(&text, before[c->as]) && weir_made_name(&text, c->field) &&
              weir_buf_adds(&text, behind[c->as]);
    return finish_text(bind, ok, &text);
}

/* The expression that takes one part out of the column "value". */
static const char *part_text(const weir_bind *bind, const parse_config *c, const weir_opt_column *e,
                             bool json) {
    weir_buf text = {0};
    const char *from = e->from ? e->from : e->name;
    bool ok;
    switch ((parse_as)c->as) {
    case AS_JSON:
        ok = weir_buf_adds(&text, json ? "json_get(value, " : "json_text(value, ") &&
             weir_made_text(&text, from) && weir_buf_adds(&text, ")");
        break;
    case AS_URL:
        if (strcmp(from, "query_params") == 0)
            ok = weir_buf_adds(&text, "url_params(value)");
        else
            ok = weir_buf_adds(&text, "url_part(value, ") && weir_made_text(&text, from) &&
                 weir_buf_adds(&text, ")");
        break;
    default:
        ok = weir_buf_adds(&text, "value[") && weir_made_text(&text, from) &&
             weir_buf_adds(&text, "]");
    }
    return finish_text(bind, ok, &text);
}

static const char *into_text(const parse_config *c) {
    return c->as == AS_URL
               ? "if(value is null, null, struct('scheme', url_part(value, 'scheme'), 'user', "
                 "url_part(value, 'user'), "
                 "'host', url_part(value, 'host'), 'port', cast(url_part(value, 'port') as int64), "
                 "'path', url_part(value, 'path'), 'query', url_part(value, 'query'), "
                 "'fragment', url_part(value, 'fragment')))"
               : "value";
}

/* The type of an entry, and how its text is read. */
static weir_status part_type(const weir_bind *bind, const weir_opt_column *c, parse_part *p,
                             weir_error *err) {
    weir_error why = {0};
    weir_status status = weir_type_parse(c->type ? c->type : "string", &p->to, &why);
    if (status == WEIR_OK && c->timezone && p->to == weir_type_of(WEIR_TIMESTAMPTZ))
        status = weir_type_timestamptz(c->timezone, &p->to, &why);
    if (status == WEIR_OK && c->format)
        status = weir_time_program_compile(c->format, true, bind->arena, &p->options.format, &why);
    if (status == WEIR_USAGE) weir_bind_column_fault(bind, c, NULL, &why);
    if (status != WEIR_OK) {
        if (err) *err = why;
        return status;
    }
    weir_node at = {.line = c->line, .column = c->column};
    bool time = p->to->id >= WEIR_DATE && p->to->id <= WEIR_TIMESTAMPTZ;
    size_t faults = bind->diags->n_errors;
    if (weir_type_is_nested(p->to))
        weir_diags_error(bind->diags, &at, c->name,
                         "write json, and take it apart with unnest or set",
                         "a %s cannot be read here", p->to->name);
    if ((c->format && !time) || (c->timezone && p->to->id != WEIR_TIMESTAMPTZ))
        weir_diags_error(bind->diags, &at, c->name, "leave it out", "%s says nothing about %s",
                         c->format && !time ? "format" : "timezone", p->to->name);
    p->options.zone = c->timezone ? weir_arena_strdup(bind->arena, c->timezone) : NULL;
    p->options.ambiguous = !c->ambiguous                          ? 0
                           : strcmp(c->ambiguous, "earlier") == 0 ? WEIR_AMBIGUOUS_EARLIER
                           : strcmp(c->ambiguous, "later") == 0   ? WEIR_AMBIGUOUS_LATER
                                                                  : WEIR_AMBIGUOUS_ERROR;
    p->options.nulls = c->nulls.items; /* of the config, which outlives the plan */
    p->options.n_nulls = c->nulls.n;
    p->not_null = c->not_null;
    return bind->diags->n_errors == faults ? WEIR_OK : weir_bind_failed(bind, err);
}

static weir_status bind_part(const weir_bind *bind, const parse_config *c, parse_state *s,
                             uint32_t i, weir_error *err) {
    const weir_opt_column *e = &c->columns.items[i];
    parse_part *p = &s->parts[i];
    p->name = weir_arena_strdup(bind->arena, e->name);
    if (!p->name) return weir_error_nomem(err);
    weir_status status = part_type(bind, e, p, err);
    if (status != WEIR_OK || !s->value) return status;
    bool json = p->to->id == WEIR_JSON && c->as == AS_JSON;
    const char *text = part_text(bind, c, e, json);
    if (!text) return weir_error_nomem(err);
    weir_error why = {0};
    status = weir_expr_compile(text, s->value, NULL, bind->arena, &p->program, &why);
    if (status == WEIR_USAGE) {
        weir_node at = {.line = e->line, .column = e->column};
        weir_diags_error(bind->diags, &at, e->name, why.hint[0] ? why.hint : NULL, "%s",
                         why.message);
    }
    if (status != WEIR_OK && err) *err = why;
    return status;
}

/* The expression over the field, and the schema of what it gives; neither when the field is not
 * known yet. */
static weir_status bind_reader(const weir_bind *bind, const parse_config *c, weir_operator *op,
                               parse_state *s, weir_error *err) {
    const weir_expr *expr = NULL;
    const char *text = reader_text(bind, c);
    if (!text) return weir_error_nomem(err);
    weir_error why = {0};
    weir_status status = weir_expr_parse(text, bind->arena, &expr, &why);
    if (status == WEIR_OK)
        status = weir_expr_bind_known(expr, bind, op->in, NULL, &s->reader, &why);
    if (status == WEIR_USAGE) {
        const weir_node *at = weir_node_get(bind->node, "field");
        weir_diags_error(bind->diags, at ? at : bind->node, "field", why.hint[0] ? why.hint : NULL,
                         "%s", why.message);
    }
    if (status != WEIR_OK && err) *err = why;
    if (status != WEIR_OK || !s->reader) return status;
    weir_field value = {.name = "value", .type = weir_program_type(s->reader)};
    return weir_schema_new(&value, 1, &s->value, err);
}

static bool check_options(const parse_config *c, const weir_bind *bind) {
    if (c->into || c->columns.n) return true;
    weir_diags_error(bind->diags, bind->node, "parse",
                     "write columns: { name: type }, or into: with the name of one column",
                     "makes no column");
    return false;
}

static weir_status parse_bind(const void *config, const weir_bind *bind, weir_operator *op,
                              weir_error *err) {
    const parse_config *c = config;
    weir_status status = WEIR_OK, first = WEIR_OK;
    parse_state *s = weir_arena_zero(bind->arena, 1, sizeof *s);
    uint32_t n = (uint32_t)c->columns.n, field;
    op->reads = weir_transform_reads(bind, op->in);
    if (!s || !op->reads) return weir_error_nomem(err);
    s->n = n + (c->into ? 1 : 0);
    s->parts = weir_arena_zero(bind->arena, s->n + 1u, sizeof *s->parts);
    s->target = weir_arena_zero(bind->arena, s->n + 1u, sizeof *s->target);
    weir_field *made = weir_arena_zero(bind->arena, s->n + 1u, sizeof *made);
    if (!s->parts || !s->target || !made) return weir_error_nomem(err);
    bool right = check_options(c, bind);
    const weir_node *at = weir_node_get(bind->node, "field");
    if (!weir_transform_field(bind, op, at, "field", c->field, &field)) right = false;
    if (!right) return weir_bind_failed(bind, err);
    WEIR_TRY(bind_reader(bind, c, op, s, err));
    for (uint32_t i = 0; i < n; i++) {
        status = bind_part(bind, c, s, i, err);
        made[i] = (weir_field){c->columns.items[i].name, status == WEIR_OK ? s->parts[i].to : NULL,
                               false};
        if (status != WEIR_OK && status != WEIR_USAGE) goto out;
        if (first == WEIR_OK) first = status;
        if (s->parts[i].program && s->parts[i].not_null) made[i].not_null = true;
    }
    if (c->into) {
        parse_part *p = &s->parts[n];
        p->name = weir_arena_strdup(bind->arena, c->into);
        if (!p->name) WEIR_TRY(weir_error_nomem(err));
        if (s->value)
            WEIR_TRY(
                weir_expr_compile(into_text(c), s->value, NULL, bind->arena, &p->program, err));
        made[n] = (weir_field){p->name, s->value ? weir_program_type(p->program) : NULL, false};
    }
    WEIR_TRY(weir_places_bind(bind, op, made, s->n, n ? "columns" : "into", s->target, err));
    status = first;
    if (status == WEIR_OK && s->reader) op->state = s;
out:
    if (!op->state) clear(s);
    return status;
}

static void parse_free(weir_operator *op) {
    clear(op->state);
    op->state = NULL;
}

/* ---- run ----------------------------------------------------------------------------------- */

typedef struct parse_local {
    weir_expr_local *reader;
    weir_expr_local **parts;
} parse_local;

static void parse_local_free(const weir_operator *op, void *local) {
    const parse_state *s = op->state;
    parse_local *l = local;
    if (!l) return;
    weir_program_local_free(s->reader, l->reader);
    for (uint32_t i = 0; l->parts && i < s->n; i++)
        weir_program_local_free(s->parts[i].program, l->parts[i]);
    weir_free(l->parts);
    weir_free(l);
}

static weir_status parse_local_new(const weir_operator *op, weir_ctx *ctx, void **local,
                                   weir_error *err) {
    const parse_state *s = op->state;
    weir_status status = WEIR_OK;
    parse_local *l = weir_alloc_zero(1, sizeof *l);
    if (!l) return weir_error_nomem(err);
    l->parts = weir_alloc_zero(s->n + 1u, sizeof *l->parts);
    if (!l->parts) WEIR_TRY(weir_error_nomem(err));
    WEIR_TRY(weir_program_local_new(s->reader, ctx, &l->reader, err));
    for (uint32_t i = 0; i < s->n; i++)
        WEIR_TRY(weir_program_local_new(s->parts[i].program, ctx, &l->parts[i], err));
    *local = l;
    return WEIR_OK;
out:
    parse_local_free(op, l);
    return status;
}

/* Nulls where the column is declared never null. */
static weir_status check_nulls(const parse_part *p, const weir_column *c, weir_rows rows,
                               weir_failures *f, weir_error *err) {
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (!weir_column_is_null(c, row) || weir_column_is_poisoned(c, row)) continue;
        weir_status status = weir_failures_add(f, row, "parse", p->name, "required", err,
                                               "%s is null, but declared never null", p->name);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status take_part(const parse_part *p, weir_expr_local *local, weir_ctx *ctx,
                             const weir_batch *value, weir_rows rows, weir_failures *f,
                             weir_column **out, weir_error *err) {
    weir_column *text = NULL;
    weir_blame blame = {
        .failures = f, .stage = "parse", .field = p->name, .rule = "parse", .bare = true};
    weir_status status = weir_program_eval(p->program, local, ctx, value, rows, &blame, &text, err);
    if (status != WEIR_OK) return status;
    if (!p->to || text->type == p->to) {
        *out = text;
        text = NULL;
    } else {
        blame.rule = "type";
        status = weir_cast(text, p->to, rows, &p->options, &blame, ctx, out, err);
    }
    weir_column_release(text);
    if (status == WEIR_OK && p->not_null) status = check_nulls(p, *out, rows, f, err);
    return status;
}

static weir_status parse_process(const weir_operator *op, void *local, weir_ctx *ctx,
                                 weir_batch *batch, weir_error *err) {
    const parse_state *s = op->state;
    parse_local *l = local;
    weir_rows rows = weir_rows_of(batch);
    weir_status status = WEIR_OK;
    weir_batch *value = NULL;
    weir_failures *f = NULL;
    weir_column **made = weir_alloc_zero(s->n + 1u, sizeof *made);
    if (!made) return weir_error_nomem(err);
    WEIR_TRY(weir_batch_failures(batch, &f, err));
    WEIR_TRY(weir_batch_new(s->value, batch->length, &value, err));
    const char *field = op->in->fields[0].name;
    for (uint32_t i = 0; i < op->in->n_fields; i++)
        if (weir_bit_get(op->reads, i)) field = op->in->fields[i].name;
    weir_blame blame = {
        .failures = f, .stage = "parse", .field = field, .rule = "parse", .bare = true};
    WEIR_TRY(
        weir_program_eval(s->reader, l->reader, ctx, batch, rows, &blame, &value->columns[0], err));
    for (uint32_t i = 0; i < s->n; i++)
        WEIR_TRY(take_part(&s->parts[i], l->parts[i], ctx, value, rows, f, &made[i], err));
    WEIR_TRY(weir_places_put(op, batch, s->target, s->n, made, err));
    for (uint32_t i = 0; i < s->n; i++) made[i] = NULL;
out:
    weir_batch_free(value);
    for (uint32_t i = 0; i < s->n; i++) weir_column_release(made[i]);
    weir_free(made);
    return status;
}

const weir_operator_kind weir_transform_parse = {
    .name = "parse",
    .summary = "takes the parts out of a text that is JSON, a URL or a query string",
    .example = "- parse: { field: payload, as: json, columns: { id: int64!, city: { from: "
               "$.address.city } } }",
    .options = options,
    .config_size = sizeof(parse_config),
    .flags = WEIR_OP_CAN_FAIL,
    .bind = parse_bind,
    .free = parse_free,
    .local_new = parse_local_new,
    .local_free = parse_local_free,
    .process = parse_process,
};
