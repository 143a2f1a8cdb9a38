/* cast: columns to other types, checked by value: what cannot be kept exactly fails the record. */
#include "transform/kinds.h"

typedef struct cast_config {
    weir_opt_columns columns;
} cast_config;

typedef struct cast_entry {
    uint32_t field;
    const char *name;
    const weir_type *to;
    bool not_null;
    weir_cast_options options;
} cast_entry;

typedef struct cast_state {
    size_t n;
    cast_entry *entries;
} cast_state;

static const weir_option options[] = {
    {.name = "cast",
     .type = WEIR_OPT_COLUMNS,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(cast_config, columns),
     .help = "column: type, or { type, format, timezone, ambiguous, decimal, thousands, null }; ! "
             "= never null",
     .since = "0.1"},
    {0}};

/* ---- bind ---------------------------------------------------------------------------------- */

static bool is_moment(const weir_type *t) {
    return t->id >= WEIR_DATE && t->id <= WEIR_TIMESTAMPTZ;
}

static bool only_zone_missing(const weir_type *t) {
    return t == weir_type_of(WEIR_TIMESTAMPTZ);
}

/* The type, with the zone of `timezone:` where the type names none. */
static weir_status find_type(const weir_bind *bind, const weir_opt_column *c, const weir_type **to,
                             weir_error *err) {
    weir_status status = weir_type_parse(c->type, to, err);
    if (status == WEIR_USAGE) weir_bind_column_fault(bind, c, c->type, err);
    if (status != WEIR_OK || !c->timezone || !only_zone_missing(*to)) return status;
    status = weir_type_timestamptz(c->timezone, to, err);
    if (status == WEIR_USAGE) weir_bind_column_fault(bind, c, NULL, err);
    return status;
}

/* from NULL: the column's type is not known. */
static weir_status find_format(const weir_bind *bind, const weir_opt_column *c,
                               const weir_type *from, cast_entry *e, weir_error *err) {
    weir_node at = {.line = c->line, .column = c->column};
    bool parses = (!from || from->id == WEIR_STRING) && is_moment(e->to);
    bool writes = (!from || is_moment(from)) && e->to->id == WEIR_STRING;
    if (!c->format) return WEIR_OK;
    if (!parses && !writes) {
        weir_diags_error(bind->diags, &at, c->name, "leave it out",
                         "format is for dates and times from or to text, not for %s to %s",
                         from ? from->name : "this column", e->to->name);
        return WEIR_USAGE;
    }
    weir_status status =
        weir_time_program_compile(c->format, parses, bind->arena, &e->options.format, err);
    if (status == WEIR_USAGE) weir_bind_column_fault(bind, c, NULL, err);
    return status;
}

/* decimal and thousands: how numbers are written in text. */
static weir_status find_marks(const weir_bind *bind, const weir_opt_column *c,
                              const weir_type *from, cast_entry *e) {
    weir_node at = {.line = c->line, .column = c->column};
    if (!c->decimal && !c->thousands) return WEIR_OK;
    if (weir_type_is_numeric(e->to) && (!from || from->id == WEIR_STRING)) {
        if (weir_num_marks_of(c->decimal, c->thousands, &e->options.marks)) return WEIR_OK;
        weir_diags_error(bind->diags, &at, c->name,
                         "decimal is a comma or a point, thousands another one, ', _ or a blank",
                         "decimal and thousands are no marks of numbers");
        return WEIR_USAGE;
    }
    weir_diags_error(bind->diags, &at, c->name, "leave them out",
                     "decimal and thousands are for text to numbers, not for %s to %s",
                     from ? from->name : "this column", e->to->name);
    return WEIR_USAGE;
}

/* Whether timezone says anything about this cast: times on one side, instants or text on the other.
 */
static weir_status find_zone(const weir_bind *bind, const weir_opt_column *c, const weir_type *from,
                             cast_entry *e, weir_error *err) {
    weir_node at = {.line = c->line, .column = c->column};
    const weir_zone *zone = NULL;
    if (!c->timezone) return WEIR_OK;
    if (from && from->id != WEIR_TIMESTAMPTZ && e->to->id != WEIR_TIMESTAMPTZ) {
        weir_diags_error(bind->diags, &at, c->name, "leave it out",
                         "timezone says nothing about a cast from %s to %s", from->name,
                         e->to->name);
        return WEIR_USAGE;
    }
    weir_status status = weir_zone_get(c->timezone, &zone, err);
    if (status == WEIR_USAGE) weir_bind_column_fault(bind, c, NULL, err);
    e->options.zone = weir_arena_strdup(bind->arena, c->timezone);
    return status != WEIR_OK || e->options.zone ? status : weir_error_nomem(err);
}

static weir_status copy_nulls(const weir_bind *bind, const weir_opt_column *c, cast_entry *e,
                              weir_error *err) {
    const char **copy = weir_arena_zero(bind->arena, c->nulls.n + 1, sizeof *copy);
    for (size_t i = 0; copy && i < c->nulls.n; i++) {
        copy[i] = weir_arena_strdup(bind->arena, c->nulls.items[i]);
        if (!copy[i]) return weir_error_nomem(err);
    }
    if (!copy) return weir_error_nomem(err);
    e->options.nulls = copy;
    e->options.n_nulls = c->nulls.n;
    return WEIR_OK;
}

/* WEIR_USAGE: told to diags. */
static weir_status bind_column(const weir_bind *bind, const weir_schema *in,
                               const weir_opt_column *c, cast_entry *e, weir_error *err) {
    const weir_node *key = weir_bind_key(bind->node, c->name);
    weir_node at = {.line = c->line, .column = c->column};
    int field = weir_schema_find(in, c->name, strlen(c->name));
    size_t faults = bind->diags->n_errors;
    if (field < 0 && !weir_bind_may_have(bind, c->name, false))
        weir_bind_unknown_column(bind, key, "cast", in, c->name);
    if (c->from) {
        weir_diags_error(bind->diags, &at, c->name, "use rename or set",
                         "from: belongs to the columns of a source");
        return WEIR_USAGE;
    }
    if (!c->type) {
        weir_diags_error(bind->diags, &at, c->name, "write type: int64", "has no type");
        return WEIR_USAGE;
    }
    const weir_type *from = field < 0 ? NULL : in->fields[field].type;
    *e = (cast_entry){.field = field < 0 ? UINT32_MAX : (uint32_t)field, .not_null = c->not_null};
    weir_status status = find_type(bind, c, &e->to, err);
    if (status != WEIR_OK) return status;
    if (from && !weir_cast_known(from, e->to)) {
        weir_diags_error(bind->diags, &at, c->name,
                         weir_type_is_nested(e->to) ? "cast it to json instead"
                                                    : "compute it with set, or cast it to string",
                         "%s cannot be cast to %s", from->name, e->to->name);
        return WEIR_USAGE;
    }
    e->options.ambiguous = !c->ambiguous                          ? 0
                           : strcmp(c->ambiguous, "earlier") == 0 ? WEIR_AMBIGUOUS_EARLIER
                           : strcmp(c->ambiguous, "later") == 0   ? WEIR_AMBIGUOUS_LATER
                                                                  : WEIR_AMBIGUOUS_ERROR;
    e->name = weir_arena_strdup(bind->arena, c->name);
    if (!e->name) return weir_error_nomem(err);
    status = find_format(bind, c, from, e, err);
    if (status == WEIR_OK) status = find_marks(bind, c, from, e);
    if (status == WEIR_OK || status == WEIR_USAGE) status = find_zone(bind, c, from, e, err);
    if (status == WEIR_OK) status = copy_nulls(bind, c, e, err);
    return status == WEIR_OK && bind->diags->n_errors > faults ? WEIR_USAGE : status;
}

/* The schema behind: a column of an unknown type has one now, one that cannot be cast has none. */
static weir_status after_cast(const weir_bind *bind, const weir_opt_columns *columns,
                              weir_operator *op, weir_field *fields, uint32_t n, weir_error *err) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (fields[i].type) fields[kept++] = fields[i];
    for (size_t i = 0; kept < n && i < columns->n; i++) {
        weir_status status = weir_bind_unsee(bind, columns->items[i].name, err);
        if (status != WEIR_OK) return status;
    }
    return weir_schema_new(fields, kept, &op->out, err);
}

static weir_status cast_bind(const void *config, const weir_bind *bind, weir_operator *op,
                             weir_error *err) {
    const weir_opt_columns *columns = &((const cast_config *)config)->columns;
    const weir_schema *in = op->in;
    size_t faults = bind->diags->n_errors;
    uint32_t n = in->n_fields;
    weir_status status = WEIR_OK;
    cast_state *state = weir_arena_zero(bind->arena, 1, sizeof *state);
    weir_field *fields = weir_alloc_zero((size_t)n + columns->n + 1, sizeof *fields);
    op->reads = weir_transform_reads(bind, in);
    if (!state || !fields || !op->reads) WEIR_TRY(weir_error_nomem(err));
    state->entries = weir_arena_zero(bind->arena, columns->n + 1, sizeof *state->entries);
    if (!state->entries) WEIR_TRY(weir_error_nomem(err));
    if (n) memcpy(fields, in->fields, n * sizeof *fields);
    for (size_t i = 0; i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        cast_entry *e = &state->entries[state->n];
        int field = weir_schema_find(in, c->name, strlen(c->name));
        status = bind_column(bind, in, c, e, err);
        if (status == WEIR_USAGE) {
            if (field >= 0) fields[field].type = NULL;
            continue;
        }
        if (status != WEIR_OK) goto out;
        state->n++;
        if (field >= 0) weir_bit_set(op->reads, e->field);
        uint32_t at = field >= 0 ? e->field : n++;
        fields[at].name = c->name;
        fields[at].type = e->to;
        fields[at].not_null |= e->not_null;
    }
    WEIR_TRY(after_cast(bind, columns, op, fields, n, err));
    if (bind->diags->n_errors > faults) WEIR_TRY(weir_bind_failed(bind, err));
    op->state = state;
out:
    weir_free(fields);
    return status;
}

/* ---- run ----------------------------------------------------------------------------------- */

/* A null in a column that may have none fails the record; what failed before has said so. */
static weir_status check_not_null(const cast_entry *e, const weir_column *c, weir_batch *batch,
                                  weir_error *err) {
    weir_failures *f = NULL;
    if (!c->validity && c->type->id != WEIR_NULL) return WEIR_OK;
    for (uint32_t k = 0; k < batch->n_selected; k++) {
        uint32_t row = weir_batch_row(batch, k);
        if (!weir_column_is_null(c, row) || weir_column_is_poisoned(c, row)) continue;
        weir_status status = weir_batch_failures(batch, &f, err);
        if (status == WEIR_OK)
            status = weir_failures_add(f, row, "cast", e->name, "required", err,
                                       "%s is null, but declared never null", e->name);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status cast_process(const weir_operator *op, void *local, weir_ctx *ctx,
                                weir_batch *batch, weir_error *err) {
    const cast_state *state = op->state;
    uint32_t n = batch->schema->n_fields;
    weir_status status = WEIR_OK;
    (void)local;
    weir_column **columns = weir_alloc_zero((size_t)n + 1, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) columns[i] = weir_column_retain(batch->columns[i]);
    for (size_t i = 0; i < state->n; i++) {
        const cast_entry *e = &state->entries[i];
        weir_column *out = NULL;
        weir_blame blame = {.stage = "cast", .field = e->name, .rule = "type"};
        WEIR_TRY(weir_batch_failures(batch, &blame.failures, err));
        WEIR_TRY(weir_cast(columns[e->field], e->to, weir_rows_of(batch), &e->options, &blame, ctx,
                           &out, err));
        weir_column_release(columns[e->field]);
        columns[e->field] = out;
        if (e->not_null) WEIR_TRY(check_not_null(e, out, batch, err));
    }
    WEIR_TRY(weir_batch_replace(batch, op->out, columns, err));
    weir_free(columns);
    return WEIR_OK;
out:
    for (uint32_t i = 0; i < n; i++) weir_column_release(columns[i]);
    weir_free(columns);
    return status;
}

const weir_operator_kind weir_transform_cast = {
    .name = "cast",
    .summary = "changes the types of columns; a value that does not fit fails its record",
    .example = "- cast: { amount: \"decimal(10,2)\", day: { type: date, format: \"%d.%m.%Y\" } }",
    .options = options,
    .config_size = sizeof(cast_config),
    .flags = WEIR_OP_CAN_FAIL,
    .bind = cast_bind,
    .process = cast_process,
};
