/* set: new or replaced columns from expressions.
 *
 * The entries are evaluated in the order of the file, and each sees what the ones above it made.  A
 * replaced column keeps its place, a new one comes last.  A record whose expression fails gets a
 * null there and the failure; what reads that null later is skipped.
 */
#include "expr/expr.h"
#include "transform/kinds.h"

typedef struct set_config {
    weir_opt_exprs entries;
} set_config;

typedef struct set_entry {
    weir_program *program;
    const char *name;
    uint32_t target;    /* field number in `after` */
    weir_schema *after; /* with this column; retained; the schema before when nothing changes */
} set_entry;

typedef struct set_state {
    size_t n;
    set_entry *entries;
} set_state;

static const weir_option options[] = {
    {.name = "set",
     .type = WEIR_OPT_EXPRS,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(set_config, entries),
     .help = "column: expression; each entry sees the ones above it",
     .since = "0.1"},
    {0}};

/* ---- bind ---------------------------------------------------------------------------------- */

typedef struct binding {
    const weir_bind *bind;
    weir_operator *op;
    weir_schema *schema; /* so far; borrowed from the last entry or op->in */
    uint64_t *replaced;  /* fields of op->in that an entry has replaced */
    bool broken;         /* an entry is wrong, or reads what is not known: it is not run */
} binding;

/* A bare null takes the type of the column that it replaces. */
static weir_status compile(binding *b, const weir_opt_expr *e, int existing, weir_program **out,
                           weir_error *err) {
    const weir_expr *expr = NULL;
    weir_arena *arena = b->bind->arena;
    weir_status status = weir_expr_parse(e->text, arena, &expr, err);
    if (status != WEIR_OK) return status;
    status = weir_expr_bind_known(expr, b->bind, b->schema, NULL, out, err);
    if (status != WEIR_OK || !*out || weir_program_type(*out)->id != WEIR_NULL) return status;
    weir_program_free(*out);
    *out = NULL;
    if (existing >= 0)
        return weir_expr_bind(expr, b->schema, b->schema->fields[existing].type, arena, out, err);
    weir_error_set(err, WEIR_USAGE, "a null has no type");
    weir_error_hint(err, "write the type, as in cast(null as string)");
    return WEIR_USAGE;
}

static void add_reads(binding *b, const weir_program *p) {
    const uint64_t *reads = weir_program_reads(p);
    for (uint32_t i = 0; i < b->op->in->n_fields; i++)
        if (weir_bit_get(reads, i) && !weir_bit_get(b->replaced, i)) weir_bit_set(b->op->reads, i);
}

/* The schema with the entry's column. */
static weir_status extend(binding *b, set_entry *entry, int existing, weir_error *err) {
    weir_schema *before = b->schema;
    uint32_t n = before->n_fields;
    int source = weir_program_column(entry->program);
    weir_field f = {.name = entry->name,
                    .type = weir_program_type(entry->program),
                    .not_null = source >= 0 && before->fields[source].not_null};
    entry->target = existing >= 0 ? (uint32_t)existing : n;
    if (existing >= 0 && before->fields[existing].type == f.type &&
        before->fields[existing].not_null == f.not_null) {
        entry->after = weir_schema_retain(before);
        return WEIR_OK;
    }
    weir_field *fields = weir_alloc(((size_t)n + 1) * sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    if (n) memcpy(fields, before->fields, n * sizeof *fields);
    fields[entry->target] = f;
    weir_status status = weir_schema_new(fields, existing >= 0 ? n : n + 1, &entry->after, err);
    weir_free(fields);
    return status;
}

/* The column of an entry that cannot be typed: nothing more is said about it. */
static weir_status lose(binding *b, const char *name, int existing, set_entry *entry,
                        weir_error *err) {
    const weir_schema *before = b->schema;
    uint32_t n = 0;
    b->broken = true;
    weir_status status = weir_bind_unsee(b->bind, name, err);
    if (status != WEIR_OK || existing < 0 || !b->bind->unseen) return status;
    weir_field *fields = weir_alloc_zero((size_t)before->n_fields + 1, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    for (uint32_t i = 0; i < before->n_fields; i++)
        if (i != (uint32_t)existing) fields[n++] = before->fields[i];
    status = weir_schema_new(fields, n, &entry->after, err);
    if (status == WEIR_OK) b->schema = entry->after;
    weir_free(fields);
    return status;
}

static weir_status bind_entry(binding *b, const char *name, const weir_opt_expr *e,
                              set_entry *entry, weir_error *err) {
    int existing = weir_schema_find(b->schema, name, strlen(name));
    weir_status status = compile(b, e, existing, &entry->program, err);
    if (status == WEIR_USAGE) {
        weir_bind_expr_fault(b->bind, e, name, err);
        return lose(b, name, existing, entry, err); /* the others are looked at, too */
    }
    if (status != WEIR_OK) return status;
    if (!entry->program) return lose(b, name, existing, entry, err);
    entry->name = name;
    if (!b->broken) add_reads(b, entry->program);
    if (!b->broken && existing >= 0 && (uint32_t)existing < b->op->in->n_fields)
        weir_bit_set(b->replaced, (uint32_t)existing);
    status = extend(b, entry, existing, err);
    if (status == WEIR_OK) b->schema = entry->after;
    return status;
}

static void free_state(set_state *state) {
    for (size_t i = 0; state && i < state->n; i++) {
        weir_program_free(state->entries[i].program);
        weir_schema_release(state->entries[i].after);
    }
}

static void set_free(weir_operator *op) {
    free_state(op->state);
    op->state = NULL;
}

static weir_status set_bind(const void *config, const weir_bind *bind, weir_operator *op,
                            weir_error *err) {
    const weir_opt_exprs *given = &((const set_config *)config)->entries;
    size_t faults = bind->diags->n_errors;
    weir_status status = WEIR_OK;
    set_state *state = weir_arena_zero(bind->arena, 1, sizeof *state);
    binding b = {.bind = bind, .op = op, .schema = op->in};
    b.replaced = weir_transform_reads(bind, op->in);
    op->reads = weir_transform_reads(bind, op->in);
    if (!state || !b.replaced || !op->reads) return weir_error_nomem(err);
    state->entries = weir_arena_zero(bind->arena, given->n + 1, sizeof *state->entries);
    if (!state->entries) return weir_error_nomem(err);
    state->n = given->n;
    for (size_t i = 0; i < given->n; i++) {
        const char *name = weir_arena_strdup(bind->arena, given->names[i]);
        if (!name) WEIR_TRY(weir_error_nomem(err));
        if (!*name) {
            weir_diags_error(bind->diags, bind->node, "set", NULL, "a column has no name");
            continue;
        }
        WEIR_TRY(bind_entry(&b, name, &given->items[i], &state->entries[i], err));
    }
    op->out = weir_schema_retain(b.schema);
    if (bind->diags->n_errors > faults) WEIR_TRY(weir_bind_failed(bind, err));
    op->state = state;
    return WEIR_OK;
out:
    free_state(state);
    return status;
}

/* ---- run ----------------------------------------------------------------------------------- */

static void set_local_free(const weir_operator *op, void *local) {
    const set_state *state = op->state;
    weir_expr_local **locals = local;
    for (size_t i = 0; locals && i < state->n; i++)
        weir_program_local_free(state->entries[i].program, locals[i]);
    weir_free(locals);
}

static weir_status set_local_new(const weir_operator *op, weir_ctx *ctx, void **local,
                                 weir_error *err) {
    const set_state *state = op->state;
    weir_expr_local **locals = weir_alloc_zero(state->n + 1, sizeof *locals);
    if (!locals) return weir_error_nomem(err);
    for (size_t i = 0; i < state->n; i++) {
        weir_status status =
            weir_program_local_new(state->entries[i].program, ctx, &locals[i], err);
        if (status != WEIR_OK) {
            set_local_free(op, locals);
            return status;
        }
    }
    *local = locals;
    return WEIR_OK;
}

/* Puts the entry's column into the batch; takes over column, but not on failure. */
static weir_status put(weir_batch *batch, const set_entry *entry, weir_column *column,
                       weir_error *err) {
    uint32_t n = batch->schema->n_fields, more = entry->after->n_fields;
    weir_column **columns = weir_alloc_zero((size_t)more + 1, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++)
        if (i != entry->target) columns[i] = weir_column_retain(batch->columns[i]);
    columns[entry->target] = column;
    weir_status status = weir_batch_replace(batch, entry->after, columns, err);
    for (uint32_t i = 0; status != WEIR_OK && i < n; i++)
        if (i != entry->target) weir_column_release(columns[i]);
    weir_free(columns);
    return status;
}

static weir_status set_process(const weir_operator *op, void *local, weir_ctx *ctx,
                               weir_batch *batch, weir_error *err) {
    const set_state *state = op->state;
    weir_expr_local **locals = local;
    for (size_t i = 0; i < state->n; i++) {
        const set_entry *entry = &state->entries[i];
        weir_column *column = NULL;
        weir_blame blame = {.stage = "set", .field = entry->name};
        weir_status status = WEIR_OK;
        if (weir_program_can_fail(entry->program))
            status = weir_batch_failures(batch, &blame.failures, err);
        if (status == WEIR_OK)
            status = weir_program_eval(entry->program, locals[i], ctx, batch, weir_rows_of(batch),
                                       &blame, &column, err);
        if (status != WEIR_OK) return status;
        status = put(batch, entry, column, err);
        if (status != WEIR_OK) {
            weir_column_release(column);
            return status;
        }
    }
    return WEIR_OK;
}

const weir_operator_kind weir_transform_set = {
    .name = "set",
    .summary = "makes or replaces columns by expressions, in order",
    .example = "- set: { email: lower(trim(email)), total: \"round(price * quantity, 2)\" }",
    .options = options,
    .config_size = sizeof(set_config),
    .flags = WEIR_OP_CAN_FAIL,
    .bind = set_bind,
    .free = set_free,
    .local_new = set_local_new,
    .local_free = set_local_free,
    .process = set_process,
};
