/* unnest: one row for each item of a list, a map or a JSON array.
 *
 * The other columns are repeated; their texts are shared, not copied.  Each row keeps where its
 * record stands and gets the number of its item, so that a reject later has the address
 * "file:line:byte#2" and the raw form of the whole record.  When that reject is replayed the source
 * says which item is wanted (weir_origin.wanted) and the others are not made again.
 *
 * A row that has failed already goes on as one row: it leaves as a whole.  What comes of a batch is
 * handed on in pieces that are bounded in rows and in bytes, see unnest_piece.c.
 */
#include <stdio.h>

#include "transform/unnest.h"

static const weir_option fields[] = {
    {.name = "field",
     .type = WEIR_OPT_STRING,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(unnest_config, field),
     .help = "column of a list, a map, or json with arrays",
     .since = "0.2"},
    {.name = "as",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(unnest_config, as),
     .help = "name of the column of items; default: that of the list (of a map: value)",
     .since = "0.2"},
    {.name = "key",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(unnest_config, key),
     .fallback = "key",
     .help = "name of the column of keys of a map",
     .since = "0.2"},
    {.name = "index",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(unnest_config, index),
     .help = "name of a column with the number of the item, from 1",
     .since = "0.2"},
    {.name = "fields",
     .type = WEIR_OPT_BOOL,
     .offset = offsetof(unnest_config, fields),
     .fallback = "false",
     .help = "the members of struct items become columns",
     .since = "0.2"},
    {.name = "prefix",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(unnest_config, prefix),
     .help = "before the names of such columns; implies fields: true",
     .since = "0.2"},
    {.name = "outer",
     .type = WEIR_OPT_BOOL,
     .offset = offsetof(unnest_config, outer),
     .fallback = "false",
     .help = "a record without items is kept, with nulls; else it counts as filtered",
     .since = "0.2"},
    {.name = "max_items",
     .type = WEIR_OPT_INT,
     .offset = offsetof(unnest_config, max_items),
     .fallback = "1000000",
     .min = 1,
     .max = INT32_MAX,
     .help = "a record with more items is rejected",
     .since = "0.2"},
    {0}};

static const weir_option options[] = {
    {.name = "unnest",
     .type = WEIR_OPT_STRUCT,
     .flags = WEIR_OPT_REQUIRED | WEIR_OPT_SHORT,
     .fields = fields,
     .help = "one row for each item of a list, as in unnest: { field: items, as: item }",
     .since = "0.2"},
    {0}};

/* ---- bind ---------------------------------------------------------------------------------- */

typedef struct binding {
    const weir_bind *bind;
    const unnest_config *config;
    const weir_schema *in;
    unnest_state *state;
    weir_field *out;
    uint32_t n;
} binding;

/* Adds a column of the result; its name must be free among the others. */
static weir_status add(binding *b, const char *key, const char *name, const weir_type *type,
                       bool not_null, weir_error *err) {
    const weir_node *at = weir_bind_key(b->bind->node, key);
    int there = weir_schema_find(b->in, name, strlen(name));
    bool twice = there >= 0 && (uint32_t)there != b->state->field;
    for (uint32_t i = 0; i < b->n && !twice; i++) twice = strcmp(b->out[i].name, name) == 0;
    if (!*name)
        weir_diags_error(b->bind->diags, at, key, NULL, "a column has no name");
    else if (twice)
        weir_diags_error(b->bind->diags, at, key,
                         b->state->members ? "write prefix: for their names"
                                           : "choose another name, or drop the other column first",
                         "the column '%s' is there already", name);
    const char *copy = weir_arena_strdup(b->bind->arena, name);
    if (!copy) return weir_error_nomem(err);
    b->out[b->n++] = (weir_field){copy, type, not_null};
    return WEIR_OK;
}

/* The columns that take the place of the list. */
static weir_status add_items(binding *b, weir_error *err) {
    const unnest_config *c = b->config;
    const weir_type *t = b->in->fields[b->state->field].type;
    weir_status status = WEIR_OK;
    b->state->first = b->n;
    if (c->index) WEIR_TRY(add(b, "index", c->index, weir_type_of(WEIR_INT64), !c->outer, err));
    if (t->id == WEIR_MAP) WEIR_TRY(add(b, "key", c->key, t->fields[0].type, !c->outer, err));
    const weir_type *item = t->id == WEIR_MAP    ? t->fields[1].type
                            : t->id == WEIR_LIST ? t->fields[0].type
                                                 : t;
    if (!b->state->members) {
        const char *name = c->as               ? c->as
                           : t->id == WEIR_MAP ? "value"
                                               : b->in->fields[b->state->field].name;
        status = add(b, "as", name, item, false, err);
        goto out;
    }
    if (item->id != WEIR_STRUCT) {
        weir_diags_error(b->bind->diags,
                         weir_bind_key(b->bind->node, c->prefix ? "prefix" : "fields"),
                         c->prefix ? "prefix" : "fields", "remove it; as: names their column",
                         "the items of '%s' are %s, not structs", c->field, item->name);
        goto out;
    }
    for (uint32_t i = 0; i < item->n_fields; i++) {
        char *name = weir_arena_printf(b->bind->arena, "%s%s", c->prefix ? c->prefix : "",
                                       item->fields[i].name);
        if (!name) WEIR_TRY(weir_error_nomem(err));
        WEIR_TRY(add(b, c->prefix ? "prefix" : "fields", name, item->fields[i].type, false, err));
    }
out:
    b->state->n = b->n - b->state->first;
    return status;
}

/* The list is not known here: neither are the columns that come of it. */
static weir_status bind_unseen(binding *b, weir_error *err) {
    const unnest_config *c = b->config;
    weir_status status = weir_bind_unsee(b->bind, c->as ? c->as : c->field, err);
    if (status == WEIR_OK && !c->as) status = weir_bind_unsee(b->bind, "value", err);
    if (status == WEIR_OK) status = weir_bind_unsee(b->bind, c->key, err);
    if (status == WEIR_OK && c->index) status = weir_bind_unsee(b->bind, c->index, err);
    if (b->state->members && b->bind->unseen) b->bind->unseen->any = true;
    return status;
}

static bool is_list(const weir_type *t) {
    return t->id == WEIR_LIST || t->id == WEIR_MAP || t->id == WEIR_JSON;
}

/* Says what is wrong with the column; true when nothing is. */
static bool check_field(const binding *b, int number) {
    const weir_node *at = weir_bind_key(b->bind->node, "field");
    const char *name = b->config->field;
    if (number < 0) {
        if (!weir_bind_may_have(b->bind, name, false))
            weir_bind_unknown_column(b->bind, at, "unnest", b->in, name);
        return false;
    }
    const weir_type *t = b->in->fields[number].type;
    if (is_list(t)) return true;
    weir_diags_error(b->bind->diags, at, "unnest",
                     t->id == WEIR_STRUCT ? "flatten: makes columns of its members"
                     : t->id == WEIR_STRING
                         ? "a text that holds a JSON array: cast it to json first"
                         : "it takes lists, maps and json",
                     "the column '%s' is %s, not a list", name, t->name);
    return false;
}

static weir_status unnest_bind(const void *config, const weir_bind *bind, weir_operator *op,
                               weir_error *err) {
    const unnest_config *c = config;
    const weir_schema *in = op->in;
    size_t faults = bind->diags->n_errors;
    weir_status status = WEIR_OK;
    unnest_state *state = weir_arena_zero(bind->arena, 1, sizeof *state);
    op->reads = weir_transform_reads(bind, in);
    binding b = {bind, c, in, state, NULL, 0};
    size_t room = (size_t)in->n_fields + WEIR_TYPE_MAX_FIELDS + 4;
    b.out = weir_alloc_zero(room, sizeof *b.out);
    if (!state || !op->reads || !b.out) WEIR_TRY(weir_error_nomem(err));
    int number = weir_schema_find(in, c->field, strlen(c->field));
    bool known = check_field(&b, number);
    state->field = number < 0 ? UINT32_MAX : (uint32_t)number;
    state->members = c->fields || c->prefix;
    state->index = c->index != NULL;
    state->outer = c->outer;
    state->max_items = (uint64_t)c->max_items;
    for (uint32_t i = 0; i < in->n_fields; i++) {
        if (i != state->field)
            b.out[b.n++] = in->fields[i];
        else if (known)
            WEIR_TRY(add_items(&b, err));
    }
    if (!known) WEIR_TRY(bind_unseen(&b, err));
    if (bind->diags->n_errors > faults) { /* a name may stand twice */
        if (known) WEIR_TRY(bind_unseen(&b, err));
        WEIR_TRY(weir_bind_failed(bind, err));
    }
    WEIR_TRY(weir_schema_new(b.out, b.n, &op->out, err));
    if (!known) goto out;
    state->json = in->fields[number].type->id == WEIR_JSON;
    state->name = weir_arena_strdup(bind->arena, in->fields[number].name);
    if (!state->name) WEIR_TRY(weir_error_nomem(err));
    state->row_bytes = unnest_row_bytes(op->out);
    weir_bit_set(op->reads, (uint32_t)number);
    op->state = state;
out:
    weir_free(b.out);
    return status;
}

/* ---- run ----------------------------------------------------------------------------------- */

/* Items of a JSON array: how many, at most `most` + 1; -1: it is no array. */
static int64_t count_json(weir_slice text, uint64_t most) {
    json_items at;
    weir_slice item;
    if (!json_items_begin(&at, text)) return -1;
    uint64_t n = 0;
    while (n <= most && json_items_next(&at, &item)) n++;
    return (int64_t)n;
}

/* Which item of the row the source wants; 0 = all. */
static uint32_t wanted_item(const weir_batch *b, uint32_t row) {
    const weir_origin *o = &b->origin;
    if (o->wanted_levels <= o->levels) return 0;
    return o->wanted[(size_t)weir_batch_record(b, row) * o->wanted_levels + o->levels];
}

/* A row that cannot be unnested goes on as one row, with the reason. */
static weir_status fail_row(unnest_run *u, uint32_t row, const char *rule, const char *reason,
                            weir_error *err) {
    weir_status status = unnest_put(u, row, 0, 0, err);
    return status == WEIR_OK ? unnest_fail(u, rule, reason, err) : status;
}

static weir_status fail_no_array(unnest_run *u, uint32_t row, weir_slice text, weir_error *err) {
    char reason[200];
    snprintf(reason, sizeof reason, "is no array but %.*s", weir_clip(text), text.data);
    return fail_row(u, row, "list", reason, err);
}

static weir_status fail_too_many(unnest_run *u, uint32_t row, weir_error *err) {
    char reason[100];
    snprintf(reason, sizeof reason, "has more than %llu items (max_items)",
             (unsigned long long)u->state->max_items);
    return fail_row(u, row, "max_items", reason, err);
}

/* How many items a row has, and where they begin; -1: it has something else. */
static int64_t items_at(const unnest_run *u, uint32_t row, uint64_t most, weir_slice *text,
                        uint32_t *begin) {
    if (weir_column_is_null(u->list, row)) return 0;
    if (u->state->json) {
        *text = weir_column_slice(u->list, row);
        return weir_slice_is(*text, "null") ? 0 : count_json(*text, most);
    }
    const int32_t *offsets = u->list->values;
    *begin = (uint32_t)offsets[row];
    return offsets[row + 1] - offsets[row];
}

static weir_status unnest_json_row(unnest_run *u, uint32_t row, weir_slice text, uint32_t wanted,
                                   weir_error *err) {
    json_items at;
    weir_slice item;
    weir_status status = WEIR_OK;
    (void)json_items_begin(&at, text);
    for (uint32_t i = 1; status == WEIR_OK && json_items_next(&at, &item); i++)
        if (!wanted || i == wanted) status = unnest_put_json(u, row, i, item, text, err);
    return status;
}

/* One row that has not failed. */
static weir_status unnest_row(unnest_run *u, uint32_t row, weir_error *err) {
    const unnest_state *s = u->state;
    uint32_t wanted = wanted_item(u->batch, row), begin = 0;
    weir_slice text = {NULL, 0};
    int64_t count = items_at(u, row, s->max_items, &text, &begin);
    if (count < 0) return fail_no_array(u, row, text, err);
    if ((uint64_t)count > s->max_items) return fail_too_many(u, row, err);
    if (wanted > count)
        return fail_row(u, row, "item", "the item that its address names is not there", err);
    if (count == 0) {
        if (s->outer) return unnest_put(u, row, 0, 0, err);
        u->out->filtered++;
        return WEIR_OK;
    }
    if (!wanted) u->out->created += (uint64_t)count - 1;
    if (s->json) return unnest_json_row(u, row, text, wanted, err);
    if (wanted) return unnest_put(u, row, wanted, begin + wanted - 1, err);
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; status == WEIR_OK && i < (uint64_t)count; i++)
        status = unnest_put(u, row, i + 1, begin + i, err);
    return status;
}

static weir_status unnest_expand(const weir_operator *op, void *local, weir_ctx *ctx,
                                 const weir_batch *batch, weir_pieces *out, weir_error *err) {
    const unnest_state *s = op->state;
    unnest_run u = {.op = op, .state = s, .ctx = ctx, .batch = batch, .out = out};
    weir_status status = WEIR_OK;
    (void)local;
    WEIR_TRY(unnest_begin(&u, err));
    for (uint32_t k = 0; k < batch->n_selected; k++) {
        uint32_t row = weir_batch_row(batch, k);
        if (weir_failures_bad(batch->failures, row))
            WEIR_TRY(unnest_put(&u, row, 0, 0, err));
        else
            WEIR_TRY(unnest_row(&u, row, err));
    }
    status = unnest_flush(&u, err);
out:
    unnest_end(&u);
    return status;
}

const weir_operator_kind weir_transform_unnest = {
    .name = "unnest",
    .summary = "makes one row of each item of a list",
    .example = "- unnest: items",
    .options = options,
    .config_size = sizeof(unnest_config),
    .flags = WEIR_OP_FILTERS | WEIR_OP_CAN_FAIL,
    .bind = unnest_bind,
    .expand = unnest_expand,
};
