#include "engine/input.h"

#include "engine/scan.h"

/* One being read. */
typedef struct load {
    const weir_flow_input *input;
    const weir_env *env;
    weir_operator_input *out;
    const weir_splits *splits;
    uint32_t n;       /* wanted columns */
    uint32_t *number; /* field of out->schema of each */
    weir_builder **builders;
    size_t before_bytes;
    uint64_t rows;
} load;

static bool is_named(const weir_opt_strings *names, const char *name) {
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->items[i], name) == 0) return true;
    return false;
}

/* The fields that are wanted; at least one, since a source gives no batches without columns. */
static weir_status choose(load *l, const weir_operator_source *want, weir_schema **narrow,
                          weir_error *err) {
    const weir_schema *all = l->out->schema;
    weir_status status = WEIR_OK;
    weir_field *fields = weir_alloc_zero(all->n_fields + 1u, sizeof *fields);
    l->number = weir_alloc_zero(all->n_fields + 1u, sizeof *l->number);
    l->builders = weir_alloc_zero(all->n_fields + 1u, sizeof *l->builders);
    l->out->columns = weir_alloc_zero(all->n_fields + 1u, sizeof *l->out->columns);
    if (!fields || !l->number || !l->builders || !l->out->columns) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t i = 0; i < all->n_fields; i++) {
        const weir_field *f = &all->fields[i];
        if (!is_named(want->key.n ? &want->key : &want->field, f->name) &&
            !is_named(&want->take, f->name))
            continue;
        WEIR_TRY(weir_builder_new(f->type, l->env->ledger, &l->builders[l->n], err));
        fields[l->n] = *f;
        l->number[l->n++] = i;
    }
    if (l->n) WEIR_TRY(weir_schema_new(fields, l->n, narrow, err));
out:
    weir_free(fields);
    return status;
}

static weir_status bad_record(const load *l, const weir_batch *b, weir_error *err) {
    const weir_failure *f = &b->failures->items[0];
    weir_error_set(err, WEIR_DATA, "the input %.100s has a record that cannot be read: %.60s%s%s",
                   l->input->name, f->field, f->field[0] ? ": " : "", f->reason);
    weir_error_hint(err, "mend it, or declare the column's type and null words in its columns:");
    const char *split =
        b->origin.split < l->splits->n ? l->splits->items[b->origin.split].name : l->input->name;
    weir_error_at(err, split, weir_batch_line(b, f->row), 0);
    return WEIR_DATA;
}

static weir_status too_large(const load *l, weir_error *err) {
    weir_error_set(err, WEIR_RESOURCE,
                   "the input %.100s does not fit: its columns take more than half of the run's "
                   "memory after %llu records",
                   l->input->name, (unsigned long long)l->rows);
    weir_error_hint(err, "raise limits: { memory }, or take fewer columns");
    return WEIR_RESOURCE;
}

/* Copies the batch's rows: its blocks, with all that is not wanted, can go. */
static weir_status add_batch(void *context, weir_ctx *ctx, weir_batch *b, bool *stop,
                             weir_error *err) {
    load *l = context;
    const weir_ledger *ledger = l->env->ledger;
    weir_status status = WEIR_OK;
    (void)ctx;
    (void)stop;
    if (b->failures && b->failures->n) WEIR_TRY(bad_record(l, b, err));
    for (uint32_t i = 0; i < l->n; i++) {
        const char *name = l->out->schema->fields[l->number[i]].name;
        int at = weir_schema_find(b->schema, name, strlen(name));
        const weir_column *c = at < 0 ? NULL : b->columns[at];
        if (!c)
            WEIR_TRY(weir_error_set(err, WEIR_INTERNAL, "the input %.100s gave no column %.100s",
                                    l->input->name, name));
        for (uint32_t k = 0; k < b->n_selected; k++)
            WEIR_TRY(weir_builder_copy(l->builders[i], c, weir_batch_row(b, k), err));
    }
    l->rows += b->n_selected;
    if (l->rows > INT32_MAX) WEIR_TRY(too_large(l, err));
out:
    if (status == WEIR_RESOURCE && ledger && ledger->limit_bytes) status = too_large(l, err);
    weir_batch_free(b);
    if (status == WEIR_OK && ledger && ledger->limit_bytes &&
        ledger->used_bytes > l->before_bytes + ledger->limit_bytes / 2)
        status = too_large(l, err);
    return status;
}

weir_status weir_input_load(const weir_flow_input *input, const weir_operator_source *want,
                            const weir_env *env, weir_operator_input *out, weir_error *err) {
    const weir_source_ops *ops = input->connector->source;
    weir_status status = WEIR_OK;
    weir_splits splits = {0};
    weir_schema *narrow = NULL;
    void *source = NULL;
    weir_env own = *env;
    own.memo = NULL; /* is the step's source's */
    env = &own;
    load l = {.input = input, .env = env, .out = out, .splits = &splits};
    *out = (weir_operator_input){.name = input->name};
    if (env->ledger) l.before_bytes = env->ledger->used_bytes;
    WEIR_TRY(ops->open(&input->request, env, &source, err));
    WEIR_TRY(ops->enumerate(source, &splits, err));
    if (splits.n == 0) {
        status = weir_error_set(err, WEIR_DATA, "the input %.100s is empty: nothing matches",
                                input->name);
        weir_error_hint(err, "check the path");
        goto out;
    }
    WEIR_TRY(ops->schema(source, &splits, &out->schema, err));
    out->typed = true;
    WEIR_TRY(choose(&l, want, &narrow, err));
    if (narrow) WEIR_TRY(weir_scan(ops, source, &splits, narrow, env, add_batch, &l, err));
    for (uint32_t i = 0; i < l.n; i++)
        WEIR_TRY(weir_builder_finish(l.builders[i], &out->columns[l.number[i]], err));
    out->n_rows = (uint32_t)l.rows;
    out->loaded = true;
out:
    for (uint32_t i = 0; i < l.n; i++) weir_builder_free(l.builders[i]);
    weir_free(l.builders);
    weir_free(l.number);
    weir_schema_release(narrow);
    weir_splits_clear(&splits);
    if (source) ops->close(source);
    if (status != WEIR_OK) {
        weir_input_clear(out);
        if (err) weir_error_context(err, "reading the input %.100s", input->name);
    }
    return status;
}

void weir_input_clear(weir_operator_input *input) {
    for (uint32_t i = 0; input->columns && i < input->schema->n_fields; i++)
        weir_column_release(input->columns[i]);
    weir_free(input->columns);
    weir_schema_release(input->schema);
    *input = (weir_operator_input){0};
}
