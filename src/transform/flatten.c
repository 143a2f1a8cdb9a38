/* flatten: columns of the members of a struct, in its place. */
#include "transform/kinds.h"

typedef struct flatten_config {
    weir_opt_strings fields;
    const char *separator, *prefix;
    int64_t depth;
} flatten_config;

/* A column of the result: a column of the input, and the way down in its structs. */
typedef struct flat_column {
    uint32_t source, depth;
    const uint32_t *path;
} flat_column;

typedef struct flatten_state {
    uint32_t n;
    flat_column *columns;
} flatten_state;

static const weir_option fields[] = {
    {.name = "fields",
     .type = WEIR_OPT_STRINGS,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(flatten_config, fields),
     .alias = "field",
     .help = "columns of structs",
     .since = "0.2"},
    {.name = "separator",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(flatten_config, separator),
     .fallback = "_",
     .help = "between the name of the struct and that of its member",
     .since = "0.2"},
    {.name = "prefix",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(flatten_config, prefix),
     .help = "before the member's name instead of the struct's name and separator; may be empty",
     .since = "0.2"},
    {.name = "depth",
     .type = WEIR_OPT_INT,
     .offset = offsetof(flatten_config, depth),
     .fallback = "0",
     .min = 0,
     .max = WEIR_TYPE_MAX_DEPTH,
     .help = "structs in structs, so many levels down; 0 = all",
     .since = "0.2"},
    {0}};

static const weir_option options[] = {
    {.name = "flatten",
     .type = WEIR_OPT_STRUCT,
     .flags = WEIR_OPT_REQUIRED | WEIR_OPT_SHORT,
     .fields = fields,
     .help = "columns of the members of structs, as in flatten: address",
     .since = "0.2"},
    {0}};

/* ---- bind ---------------------------------------------------------------------------------- */

typedef struct binding {
    const weir_bind *bind;
    const flatten_config *config;
    weir_field *out;
    flat_column *columns;
    uint32_t n, room;
    uint32_t path[WEIR_TYPE_MAX_DEPTH + 1];
} binding;

static weir_status add(binding *b, const char *name, const weir_field *f, uint32_t source,
                       uint32_t depth, weir_error *err) {
    if (b->n == b->room)
        return weir_error_set(err, WEIR_USAGE, "flatten makes more than %u columns", b->room);
    uint32_t *path = weir_arena_zero(b->bind->arena, depth + 1u, sizeof *path);
    if (!path || !name) return weir_error_nomem(err);
    memcpy(path, b->path, depth * sizeof *path);
    b->columns[b->n] = (flat_column){source, depth, path};
    b->out[b->n++] = (weir_field){name, f->type, depth ? false : f->not_null};
    return WEIR_OK;
}

/* The members of a struct, which stands `depth` levels below its column and is called `name`. */
static weir_status add_members(binding *b, const char *name, const weir_type *t, uint32_t source,
                               uint32_t depth, weir_error *err) {
    const flatten_config *c = b->config;
    for (uint32_t i = 0; i < t->n_fields; i++) {
        const weir_field *f = &t->fields[i];
        const char *full =
            depth == 0 && c->prefix
                ? weir_arena_printf(b->bind->arena, "%s%s", c->prefix, f->name)
                : weir_arena_printf(b->bind->arena, "%s%s%s", name, c->separator, f->name);
        if (!full) return weir_error_nomem(err);
        b->path[depth] = i;
        bool down = f->type->id == WEIR_STRUCT && (c->depth == 0 || (int64_t)depth + 1 < c->depth);
        weir_status status = down ? add_members(b, full, f->type, source, depth + 1, err)
                                  : add(b, full, f, source, depth + 1, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* Names of two columns that are alike, each said once. */
static void check_names(const binding *b) {
    for (uint32_t i = 0; i < b->n; i++) {
        if (b->columns[i].depth == 0) continue;
        for (uint32_t k = 0; k < b->n; k++)
            if (k != i && (k < i || b->columns[k].depth == 0) &&
                strcmp(b->out[i].name, b->out[k].name) == 0) {
                weir_diags_error(b->bind->diags, b->bind->node, "flatten",
                                 "write another separator: or prefix:, or rename that column",
                                 "the column '%s' is there already", b->out[i].name);
                break;
            }
    }
}

static bool is_struct(const binding *b, const weir_schema *in, size_t i, uint32_t number) {
    const weir_type *t = in->fields[number].type;
    const weir_node *node = b->bind->node;
    if (t->id == WEIR_STRUCT) return true;
    if (node && node->kind == WEIR_NODE_MAP) {
        const weir_node *list = weir_node_get(node, "fields");
        node = list ? list : weir_node_get(node, "field");
    }
    weir_diags_error(b->bind->diags, weir_bind_item(node, i), "flatten",
                     t->id == WEIR_JSON
                         ? "its members are known only when it is read: take them with set and "
                           "json_text(column, 'name'), or declare the column as a struct"
                     : t->id == WEIR_LIST || t->id == WEIR_MAP ? "unnest: makes rows of its items"
                                                               : "it takes structs",
                     "the column '%s' is %s, not a struct", b->config->fields.items[i], t->name);
    return false;
}

static weir_status flatten_bind(const void *config, const weir_bind *bind, weir_operator *op,
                                weir_error *err) {
    const flatten_config *c = config;
    const weir_schema *in = op->in;
    size_t faults = bind->diags->n_errors;
    weir_status status = WEIR_OK;
    bool known = true;
    flatten_state *state = weir_arena_zero(bind->arena, 1, sizeof *state);
    uint32_t *numbers = weir_arena_zero(bind->arena, c->fields.n + 1, sizeof *numbers);
    op->reads = weir_transform_reads(bind, in);
    binding b = {.bind = bind, .config = c, .room = in->n_fields + 2 * WEIR_TYPE_MAX_FIELDS};
    b.out = weir_alloc_zero(b.room, sizeof *b.out);
    b.columns = weir_alloc_zero(b.room, sizeof *b.columns);
    if (!state || !numbers || !op->reads || !b.out || !b.columns) WEIR_TRY(weir_error_nomem(err));
    weir_transform_columns(bind, op, "fields", &c->fields, numbers, &known);
    bool *flat = weir_arena_zero(bind->arena, (size_t)in->n_fields + 1, sizeof *flat);
    if (!flat) WEIR_TRY(weir_error_nomem(err));
    for (size_t i = 0; i < c->fields.n; i++)
        if (numbers[i] != UINT32_MAX && is_struct(&b, in, i, numbers[i])) flat[numbers[i]] = true;
    for (uint32_t i = 0; i < in->n_fields; i++) {
        const weir_field *f = &in->fields[i];
        WEIR_TRY(flat[i] ? add_members(&b, f->name, f->type, i, 0, err)
                         : add(&b, f->name, f, i, 0, err));
    }
    check_names(&b);
    bool wrong = bind->diags->n_errors > faults;
    if ((wrong || !known) && bind->unseen) bind->unseen->any = true; /* what they would have made */
    if (wrong) WEIR_TRY(weir_bind_failed(bind, err));
    WEIR_TRY(weir_schema_new(b.out, b.n, &op->out, err));
    if (!known) goto out;
    state->n = b.n;
    state->columns = weir_arena_zero(bind->arena, (size_t)b.n + 1, sizeof *state->columns);
    if (!state->columns) WEIR_TRY(weir_error_nomem(err));
    memcpy(state->columns, b.columns, b.n * sizeof *b.columns);
    op->state = state;
out:
    weir_free(b.out);
    weir_free(b.columns);
    return status;
}

/* ---- run ----------------------------------------------------------------------------------- */

/* Where the struct is null its member is, and poisoned where that is. */
static weir_status below(const weir_column *s, const weir_column *member, weir_rows rows,
                         weir_ctx *ctx, weir_column **out, weir_error *err) {
    size_t words = weir_bit_words(s->length);
    uint64_t *nulls = weir_alloc((words + 1) * sizeof *nulls);
    if (!nulls) return weir_error_nomem(err);
    for (size_t i = 0; i < words; i++) nulls[i] = ~s->validity[i];
    weir_status status = weir_with_nulls(member, nulls, rows, ctx, out, err);
    weir_free(nulls);
    for (uint32_t k = 0; status == WEIR_OK && s->poison && k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (weir_bit_get(s->poison, row))
            status = weir_column_set_null(*out, row, true, ctx->ledger, err);
    }
    return status;
}

/* The column at the end of the way. */
static weir_status walk(const weir_column *from, const flat_column *way, weir_rows rows,
                        weir_ctx *ctx, weir_column **out, weir_error *err) {
    weir_column *at = weir_column_retain((weir_column *)(uintptr_t)from);
    weir_status status = WEIR_OK;
    for (uint32_t d = 0; status == WEIR_OK && d < way->depth; d++) {
        weir_column *plain = NULL, *next = NULL;
        status = weir_decode_plain(at, ctx, &plain, err);
        weir_column_release(at);
        at = NULL;
        if (status != WEIR_OK) break;
        weir_column *member = plain->children[way->path[d]];
        if (plain->validity)
            status = below(plain, member, rows, ctx, &next, err);
        else
            next = weir_column_retain(member);
        weir_column_release(plain);
        at = next;
    }
    if (status == WEIR_OK)
        *out = at;
    else
        weir_column_release(at);
    return status;
}

static weir_status flatten_process(const weir_operator *op, void *local, weir_ctx *ctx,
                                   weir_batch *batch, weir_error *err) {
    const flatten_state *s = op->state;
    weir_status status = WEIR_OK;
    (void)local;
    weir_column **columns = weir_alloc_zero((size_t)s->n + 1, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    for (uint32_t i = 0; status == WEIR_OK && i < s->n; i++)
        status = walk(batch->columns[s->columns[i].source], &s->columns[i], weir_rows_of(batch),
                      ctx, &columns[i], err);
    if (status == WEIR_OK) status = weir_batch_replace(batch, op->out, columns, err);
    for (uint32_t i = 0; status != WEIR_OK && i < s->n; i++) weir_column_release(columns[i]);
    weir_free(columns);
    return status;
}

const weir_operator_kind weir_transform_flatten = {
    .name = "flatten",
    .summary = "makes columns of the members of structs",
    .example = "- flatten: { fields: [address], separator: \".\" }",
    .options = options,
    .config_size = sizeof(flatten_config),
    .bind = flatten_bind,
    .process = flatten_process,
};
