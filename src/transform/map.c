/* map: a field's value to another one, through a table in the file, a file, or a named input. */
#include "transform/map.h"

#include <stdio.h>

static const char *const missing_words[] = {"reject", "null", "keep", NULL};
static const char *const twice_words[] = {"error", "first", "last", NULL};

static const weir_option fields[] = {
    {.name = "field",
     .type = WEIR_OPT_STRINGS,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(map_config, source.field),
     .help = "the column whose value is looked up; a list for a key of several columns",
     .since = "0.1"},
    {.name = "to",
     .type = WEIR_OPT_STRINGS,
     .offset = offsetof(map_config, to),
     .help = "the columns made, by default the field itself, or those of take",
     .since = "0.1"},
    {.name = "values",
     .type = WEIR_OPT_STRMAP,
     .flags = WEIR_OPT_ANY_KEY,
     .offset = offsetof(map_config, values),
     .set_offset = offsetof(map_config, values_given),
     .help = "value: new value",
     .since = "0.1"},
    {.name = "type",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(map_config, type),
     .help = "type of the new values, by default string, with missing: keep that of the field",
     .since = "0.1"},
    {.name = "input",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(map_config, source.name),
     .help = "name of one of the step's inputs, instead of values",
     .since = "0.1"},
    {.name = "from",
     .type = WEIR_OPT_NODE,
     .offset = offsetof(map_config, source.from),
     .help = "path of a file, or a source as in inputs, instead of values",
     .since = "0.1"},
    {.name = "key",
     .type = WEIR_OPT_STRINGS,
     .offset = offsetof(map_config, source.key),
     .help = "the columns of the input that hold the field's value, by default of the same name",
     .since = "0.1"},
    {.name = "take",
     .alias = "value",
     .type = WEIR_OPT_STRINGS,
     .offset = offsetof(map_config, source.take),
     .help = "the columns of the input that are the new values",
     .since = "0.1"},
    {.name = "missing",
     .type = WEIR_OPT_ENUM,
     .choices = missing_words,
     .fallback = "reject",
     .offset = offsetof(map_config, missing),
     .set_offset = offsetof(map_config, missing_given),
     .help = "what a value becomes that is not in the table",
     .since = "0.1"},
    {.name = "default",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(map_config, fallback),
     .set_offset = offsetof(map_config, fallback_given),
     .help = "the new value for what is not in the table, instead of missing",
     .since = "0.1"},
    {.name = "duplicates",
     .type = WEIR_OPT_ENUM,
     .choices = twice_words,
     .fallback = "error",
     .offset = offsetof(map_config, twice),
     .help = "which row of the input counts when several have one key",
     .since = "0.1"},
    {0}};

static const weir_option options[] = {{.name = "map",
                                       .type = WEIR_OPT_STRUCT,
                                       .flags = WEIR_OPT_REQUIRED,
                                       .fields = fields,
                                       .help = "new values through a table, a file or an input",
                                       .since = "0.1"},
                                      {0}};

/* ---- bind ---------------------------------------------------------------------------------- */

typedef struct binding {
    const map_config *config;
    const weir_bind *bind;
    weir_operator *op;
    map_state *state;
    weir_field *made;   /* columns made; type NULL: not known */
    weir_column **keys; /* of the table */
    uint32_t n_rows;
    weir_arena scratch;
    weir_ctx ctx;
    bool ready; /* all is known: it can run */
} binding;

static void fault(const binding *b, const char *key, const char *hint, const char *message) {
    weir_diags_error(b->bind->diags, weir_bind_key(b->bind->node, key), key, hint, "%s", message);
}

/* Texts of the file as a column of a type; a text that does not fit is told to diags at its key. */
static weir_status texts_as(binding *b, const char *const *texts, const char *const *keys, size_t n,
                            const char *key, const weir_type *type, weir_column **out,
                            weir_error *err) {
    weir_status status = WEIR_OK;
    weir_builder *builder = NULL;
    weir_column *text = NULL;
    weir_failures *f = NULL;
    weir_rows all = {NULL, (uint32_t)n, (uint32_t)n};
    const weir_node *map = weir_node_get(b->bind->node, "values");
    if (!weir_cast_known(weir_type_of(WEIR_STRING), type)) {
        weir_diags_error(b->bind->diags, weir_bind_key(b->bind->node, key), key,
                         "map to a text, number, date or json", "texts cannot be %s", type->name);
        return WEIR_USAGE;
    }
    WEIR_TRY(weir_builder_new(weir_type_of(WEIR_STRING), b->bind->ledger, &builder, err));
    for (size_t i = 0; i < n; i++)
        WEIR_TRY(weir_builder_bytes(builder, texts[i], strlen(texts[i]), err));
    WEIR_TRY(weir_builder_finish(builder, &text, err));
    WEIR_TRY(weir_failures_new((uint32_t)n, &f, err));
    weir_blame blame = {.failures = f, .stage = "map", .field = "the value", .rule = "type"};
    WEIR_TRY(weir_cast(text, type, all, NULL, &blame, &b->ctx, out, err));
    for (size_t i = 0; i < f->n; i++) {
        const char *name = keys ? keys[f->items[i].row] : NULL;
        const weir_node *at = name ? weir_bind_key(map, name) : weir_bind_key(b->bind->node, key);
        const weir_node *value =
            name ? weir_node_get(map, name) : weir_node_get(b->bind->node, key);
        bool hidden = texts != keys && value && value->secret; /* names are never references */
        weir_diags_error(b->bind->diags, at, key, NULL, "%s",
                         hidden ? "the value of the variable cannot be used here"
                                : f->items[i].reason);
    }
    if (f->n) WEIR_TRY(weir_bind_failed(b->bind, err));
out:
    weir_failures_free(f);
    weir_column_release(text);
    weir_builder_free(builder);
    return status;
}

/* The type of what is made of values written in the file. */
static weir_status values_type(binding *b, const weir_type *field, const weir_type **out,
                               weir_error *err) {
    const map_config *c = b->config;
    bool keeps = c->missing == MAP_KEEP && !c->fallback_given;
    *out = keeps ? field : weir_type_of(WEIR_STRING);
    if (!c->type) return WEIR_OK;
    weir_status status = weir_type_parse(c->type, out, err);
    if (status == WEIR_USAGE) {
        const weir_node *at = weir_node_get(b->bind->node, "type");
        weir_diags_error(b->bind->diags, at ? at : b->bind->node, "type",
                         err && err->hint[0] ? err->hint : NULL, "%s",
                         err ? err->message : "is no type");
    }
    return status;
}

static weir_status bind_values(binding *b, const weir_type *field, weir_error *err) {
    const map_config *c = b->config;
    map_column *m = &b->state->made[0];
    const weir_type *type = NULL;
    weir_status status = values_type(b, field, &type, err);
    if (status != WEIR_OK) return status;
    b->made[0].type = type;
    b->n_rows = (uint32_t)c->values.n;
    if (!type) return WEIR_OK; /* keep, of a field that is not known */
    WEIR_TRY(texts_as(b, c->values.values, c->values.names, c->values.n, "values", type, &m->values,
                      err));
    if (!field) return WEIR_OK;
    WEIR_TRY(texts_as(b, c->values.names, c->values.names, c->values.n, "values", field,
                      &b->keys[0], err));
    b->ready = true;
out:
    return status;
}

/* Number of a column of the input; told to diags when it has none of that name. */
static bool input_column(const binding *b, const char *name, const char *key, size_t i,
                         uint32_t *number) {
    const weir_operator_input *input = b->bind->input;
    int found = weir_schema_find(input->schema, name, strlen(name));
    if (found >= 0) {
        *number = (uint32_t)found;
        return true;
    }
    weir_bind others = *b->bind; /* nothing is unseen there */
    others.unseen = NULL;
    const weir_node *at = weir_node_get(b->bind->node, key);
    weir_bind_unknown_column(&others, at ? weir_bind_item(at, i) : b->bind->node, key,
                             input->schema, name);
    return false;
}

/* The input's key, as values of the field's type; what cannot be one never matches. */
static weir_status bind_key(binding *b, uint32_t i, uint32_t number, weir_error *err) {
    const weir_operator_input *input = b->bind->input;
    const weir_type *have = input->schema->fields[number].type;
    uint32_t at = b->state->fields[i];
    const weir_type *want = at == UINT32_MAX ? NULL : b->op->in->fields[at].type;
    if (want && input->typed && have != want && !weir_cast_known(have, want)) {
        weir_diags_error(b->bind->diags, weir_bind_key(b->bind->node, "key"), "key",
                         "cast one of the two", "%s of the input is %s, the field is %s",
                         input->schema->fields[number].name, have->name, want->name);
        return WEIR_USAGE;
    }
    if (!input->loaded || !want) {
        b->ready = false;
        return WEIR_OK;
    }
    weir_rows all = {NULL, input->n_rows, input->n_rows};
    weir_blame quiet = {.stage = "map", .field = ""};
    if (have == want) {
        b->keys[i] = weir_column_retain(input->columns[number]);
        return WEIR_OK;
    }
    return weir_cast(input->columns[number], want, all, NULL, &quiet, &b->ctx, &b->keys[i], err);
}

static weir_status bind_input(binding *b, weir_error *err) {
    const map_config *c = b->config;
    const weir_operator_input *input = b->bind->input;
    const weir_opt_strings *keys = c->source.key.n ? &c->source.key : &c->source.field;
    weir_status status = WEIR_OK;
    bool ok = true;
    if (!input->schema) return WEIR_OK; /* types are not known */
    b->ready = input->loaded;
    b->n_rows = input->n_rows;
    for (uint32_t i = 0; i < keys->n; i++) {
        uint32_t number;
        if (!input_column(b, keys->items[i], c->source.key.n ? "key" : "field", i, &number)) {
            ok = false;
            continue;
        }
        status = bind_key(b, i, number, err);
        if (status == WEIR_USAGE)
            ok = false;
        else if (status != WEIR_OK)
            return status;
    }
    for (uint32_t i = 0; i < c->source.take.n; i++) {
        uint32_t number;
        const char *key = weir_node_get(b->bind->node, "value") ? "value" : "take";
        if (!input_column(b, c->source.take.items[i], key, i, &number)) {
            ok = false;
            continue;
        }
        if (input->typed) b->made[i].type = input->schema->fields[number].type;
        if (input->loaded) b->state->made[i].values = weir_column_retain(input->columns[number]);
    }
    return ok ? WEIR_OK : weir_bind_failed(b->bind, err);
}

static weir_status bind_default(binding *b, weir_error *err) {
    const map_config *c = b->config;
    weir_status status = WEIR_OK;
    if (c->fallback_given)
        for (uint32_t i = 0; i < b->state->n_made; i++) {
            map_column *m = &b->state->made[i];
            if (!b->made[i].type) continue;
            WEIR_TRY(
                texts_as(b, &c->fallback, NULL, 1, "default", b->made[i].type, &m->fallback, err));
        }
    const weir_type *have = b->made[0].type;
    uint32_t at = b->state->fields[0];
    const weir_type *field = at == UINT32_MAX ? NULL : b->op->in->fields[at].type;
    if (b->state->missing == MAP_KEEP && have && field && have != field) {
        weir_diags_error(b->bind->diags, weir_bind_key(b->bind->node, "missing"), "missing",
                         "use default: or null, or cast the field before",
                         "cannot keep a %s among values that are %s", field->name, have->name);
        return weir_bind_failed(b->bind, err);
    }
out:
    return status;
}

/* Options that exclude or need each other. */
static bool check_options(binding *b) {
    const map_config *c = b->config;
    bool input = c->source.name || c->source.from;
    size_t faults = b->bind->diags->n_errors;
    if (c->values_given == input)
        fault(b, "values",
              "write values: { old: new }, or from: with a path, or input: with a name",
              input ? "stands beside an input" : "is missing");
    if (input && c->source.take.n == 0)
        fault(b, "take", "name the columns of the input that are the new values", "is missing");
    if (!input && c->source.key.n) fault(b, "key", "remove it", "has no meaning without an input");
    if (!input && c->source.take.n)
        fault(b, "take", "remove it", "has no meaning without an input");
    if (input && c->type)
        fault(b, "type", "declare it in the columns: of the input", "is for values only");
    if (c->source.field.n == 0) fault(b, "field", "name a column", "has no column");
    if (c->source.key.n && c->source.key.n != c->source.field.n)
        fault(b, "key", "name one for each column of field", "has another number of columns");
    if (!input && c->source.field.n > 1)
        fault(b, "field",
              "write a file with the keys and use from:", "may name one column only with values");
    if (c->to.n && c->to.n != (input ? c->source.take.n : 1))
        fault(b, "to", input ? "name one for each column of take" : "name one column",
              "has another number of columns");
    if (c->fallback_given && c->missing_given)
        fault(b, "default", "keep one of the two", "stands beside missing");
    if (c->missing == MAP_KEEP && !c->fallback_given &&
        (c->source.field.n > 1 || (input && c->source.take.n > 1)))
        fault(b, "missing", "use null or default:", "can keep one column only");
    return b->bind->diags->n_errors == faults;
}

/* Names, places, and texts for reasons. */
static weir_status begin(binding *b, weir_error *err) {
    const map_config *c = b->config;
    weir_arena *arena = b->bind->arena;
    map_state *s = b->state;
    weir_buf what = {0};
    bool input = c->source.take.n > 0, ok = true;
    s->n_fields = (uint32_t)c->source.field.n;
    s->n_made = input ? (uint32_t)c->source.take.n : 1;
    s->missing = c->fallback_given ? MAP_NULL : (map_missing)c->missing;
    s->fields = weir_arena_zero(arena, s->n_fields, sizeof *s->fields);
    s->target = weir_arena_zero(arena, s->n_made, sizeof *s->target);
    s->names = weir_arena_zero(arena, s->n_made, sizeof *s->names);
    s->made = weir_arena_zero(arena, s->n_made, sizeof *s->made);
    b->made = weir_arena_zero(arena, s->n_made, sizeof *b->made);
    b->keys = weir_arena_zero(arena, s->n_fields, sizeof *b->keys);
    if (!s->fields || !s->target || !s->names || !s->made || !b->made || !b->keys)
        return weir_error_nomem(err);
    const weir_opt_strings *to = c->to.n ? &c->to : input ? &c->source.take : &c->source.field;
    for (uint32_t i = 0; ok && i < s->n_made; i++) {
        s->names[i] = b->made[i].name = weir_arena_strdup(arena, to->items[i]);
        ok = s->names[i] != NULL;
    }
    for (uint32_t i = 0; ok && i < s->n_fields; i++)
        ok = weir_buf_printf(&what, "%s%.100s", i ? ", " : "", c->source.field.items[i]);
    if (ok) s->what = weir_arena_strdup(arena, weir_buf_cstr(&what));
    s->where = b->bind->input ? weir_arena_strdup(arena, b->bind->input->name) : "values";
    weir_buf_clear(&what);
    return ok && s->what && s->where ? WEIR_OK : weir_error_nomem(err);
}

static weir_status find_fields(binding *b, weir_error *err) {
    const map_config *c = b->config;
    bool ok = true;
    const weir_node *at = weir_node_get(b->bind->node, "field");
    for (uint32_t i = 0; i < b->state->n_fields; i++)
        if (!weir_transform_field(b->bind, b->op, at ? weir_bind_item(at, i) : b->bind->node,
                                  "field", c->source.field.items[i], &b->state->fields[i]))
            ok = false;
    return ok ? WEIR_OK : weir_bind_failed(b->bind, err);
}

static weir_status twice(binding *b, uint32_t row, weir_error *err) {
    weir_buf text = {0};
    bool ok = true;
    for (uint32_t i = 0; ok && i < b->state->n_fields; i++)
        ok = (i == 0 || weir_buf_adds(&text, ", ")) && weir_column_text(b->keys[i], row, &text);
    weir_slice shown = {text.data ? text.data : "", text.size};
    weir_status status = WEIR_DATA;
    if (ok && !b->bind->input) {
        const weir_node *map = weir_node_get(b->bind->node, "values");
        weir_diags_error(b->bind->diags, weir_bind_key(map, b->config->values.names[row]), "values",
                         "keep one of the two", "the key \"%.*s\" stands there more than once",
                         weir_clip(shown), shown.data);
        status = weir_bind_failed(b->bind, err);
    } else if (ok) {
        weir_error_set(err, WEIR_DATA, "the key \"%.*s\" stands in %.100s more than once",
                       weir_clip(shown), shown.data, b->state->where);
        weir_error_hint(err, "write duplicates: first or last, or mend the input");
    }
    weir_buf_clear(&text);
    return ok ? status : weir_error_nomem(err);
}

/* The table and the columns, when all is known. */
static weir_status make_table(binding *b, weir_error *err) {
    map_state *s = b->state;
    uint32_t first = 0, second = 0;
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; i < s->n_made; i++)
        WEIR_TRY(map_column_finish(&s->made[i], b->bind->ledger, err));
    status = weir_lookup_init(&s->lookup, b->keys, s->n_fields, b->n_rows,
                              (weir_lookup_twice)b->config->twice, b->bind->ledger, &first, &second,
                              err);
    if (status == WEIR_DATA && second > first) status = twice(b, second, err);
out:
    return status;
}

static weir_status map_bind(const void *config, const weir_bind *bind, weir_operator *op,
                            weir_error *err) {
    weir_status status = WEIR_OK;
    binding b = {.config = config, .bind = bind, .op = op};
    b.ctx = (weir_ctx){.ledger = bind->ledger, .scratch = &b.scratch};
    op->reads = weir_transform_reads(bind, op->in);
    b.state = weir_arena_zero(bind->arena, 1, sizeof *b.state);
    if (!b.state || !op->reads) return weir_error_nomem(err);
    if (!check_options(&b)) return weir_bind_failed(bind, err);
    WEIR_TRY(begin(&b, err));
    status = find_fields(&b, err);
    weir_status second = WEIR_OK;
    if (status == WEIR_OK || status == WEIR_USAGE) {
        uint32_t at = b.state->fields[0];
        if (bind->input)
            second = bind_input(&b, err);
        else if (b.config->values_given)
            second = bind_values(&b, at == UINT32_MAX ? NULL : op->in->fields[at].type, err);
        if (second == WEIR_OK) second = bind_default(&b, err);
    }
    if (status == WEIR_OK) status = second;
    if (status == WEIR_OK || status == WEIR_USAGE) {
        weir_error ignored = {0};
        second = weir_places_bind(bind, op, b.made, b.state->n_made, "to", b.state->target,
                                  status == WEIR_OK ? err : &ignored);
        if (status == WEIR_OK) status = second;
    }
    if (status != WEIR_OK) goto out;
    if (b.ready) WEIR_TRY(make_table(&b, err));
    op->state = b.state;
out:
    for (uint32_t i = 0; b.keys && i < b.state->n_fields; i++) weir_column_release(b.keys[i]);
    if (status != WEIR_OK) map_state_clear(b.state);
    weir_arena_clear(&b.scratch);
    return status;
}

static void map_free(weir_operator *op) {
    map_state_clear(op->state);
    op->state = NULL;
}

const weir_operator_kind weir_transform_map = {
    .name = "map",
    .summary = "gives a field new values through a table, a file or another source",
    .example =
        "- map: { field: country, to: name, values: { de: Germany, fr: France }, missing: keep "
        "}\n- map: { field: country, from: countries.csv, key: code, take: [name, population] }",
    .options = options,
    .config_size = sizeof(map_config),
    .source_offset = offsetof(map_config, source),
    .flags = WEIR_OP_CAN_FAIL,
    .bind = map_bind,
    .free = map_free,
    .process = map_process,
};
