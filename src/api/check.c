/* What can be known without running: names, types and expressions of all steps, bound to what is
 * known of their sources.  Nothing is written, and of local files only the beginning is read. */
#include <stdio.h>
#include <sys/stat.h>

#include "api/api.h"
#include "base/clock.h"
#include "connect/file/file.h"
#include "text/hash.h"

/* Below this size a sample of a file is all of it. */
#define WHOLE_BYTES ((uint64_t)1 << 20)
/* The headers of so many files are looked at. */
#define FILES_MAX 100

typedef struct known {
    weir_session *s;
    const weir_step *step;
    weir_env *env;
    weir_unseen unseen; /* names beside the fields */
    size_t n, capacity;
    weir_field *fields;
    uint32_t *slots; /* by name, open addressing: number of a field + 1 */
    size_t n_slots;
} known;

/* The slot of a name: that of the field, or the free one where it belongs. */
static size_t slot_of(const known *k, const char *name) {
    size_t at = weir_hash_bytes(name, strlen(name), 0) & (k->n_slots - 1);
    while (k->slots[at] && strcmp(k->fields[k->slots[at] - 1].name, name) != 0)
        at = (at + 1) & (k->n_slots - 1);
    return at;
}

static weir_status grow_slots(known *k, weir_error *err) {
    size_t n = k->n_slots ? k->n_slots * 2 : 64;
    uint32_t *slots = weir_alloc_zero(n, sizeof *slots);
    if (!slots) return weir_error_nomem(err);
    weir_free(k->slots);
    k->slots = slots;
    k->n_slots = n;
    for (size_t i = 0; i < k->n; i++) slots[slot_of(k, k->fields[i].name)] = (uint32_t)i + 1;
    return WEIR_OK;
}

/* type NULL: the name is known, its type is not. */
static weir_status add_field(known *k, const char *name, const weir_type *type, bool not_null,
                             weir_error *err) {
    const weir_bind bind = {.arena = &k->s->arena, .unseen = &k->unseen};
    if (!type) return weir_bind_unsee(&bind, name, err);
    weir_status status = k->n * 2 >= k->n_slots ? grow_slots(k, err) : WEIR_OK;
    if (status != WEIR_OK) return status;
    size_t at = slot_of(k, name);
    if (k->slots[at]) return WEIR_OK;
    status = weir_grow((void **)&k->fields, &k->capacity, k->n + 1, sizeof *k->fields,
                       WEIR_TYPE_MAX_FIELDS, err);
    const char *copy = status == WEIR_OK ? weir_arena_strdup(&k->s->arena, name) : NULL;
    if (status != WEIR_OK) return status;
    if (!copy) return weir_error_nomem(err);
    k->fields[k->n++] = (weir_field){copy, type, not_null};
    k->slots[at] = (uint32_t)k->n;
    return WEIR_OK;
}

static weir_status declared_type(const weir_opt_column *c, const weir_type **out, weir_error *err) {
    *out = NULL;
    if (!c->type) return WEIR_OK;
    weir_status status = weir_type_parse(c->type, out, err);
    if (status == WEIR_OK && (*out)->id == WEIR_TIMESTAMPTZ && c->timezone &&
        strcmp((*out)->zone, "UTC") == 0)
        status = weir_type_timestamptz(c->timezone, out, err);
    return status;
}

/* Columns of the address are there whatever the data is. */
static weir_status add_metadata(known *k, weir_error *err) {
    const weir_opt_strings *names = &k->step->flow.source.metadata;
    weir_status status = WEIR_OK;
    for (size_t i = 0; i < names->n && status == WEIR_OK; i++) {
        bool text = strcmp(names->items[i], "_file") == 0;
        status = add_field(k, names->items[i], weir_type_of(text ? WEIR_STRING : WEIR_INT64), false,
                           err);
    }
    return status;
}

static weir_status add_declared(known *k, weir_error *err) {
    const weir_opt_columns *columns = &k->step->flow.source.columns;
    weir_status status = WEIR_OK;
    for (size_t i = 0; i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        const weir_type *type;
        WEIR_TRY(declared_type(c, &type, err));
        WEIR_TRY(add_field(k, c->name, type, c->not_null, err));
    }
out:
    return status;
}

/* ---- looking at files ---------------------------------------------------------------------- */

static bool is_compressed(const char *path) {
    unsigned char head[4] = {0};
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0;
    if (f) fclose(f);
    return n >= 2 && ((head[0] == 0x1F && head[1] == 0x8B) || (head[0] == 0x28 && head[1] == 0xB5));
}

/* Whether all splits are files that can be looked at without taking anything from the run.  *whole:
 * a sample sees all there is, so that its types are the run's. */
static bool regular_files(const known *k, const weir_source_spec *spec, const weir_splits *splits,
                          bool *whole) {
    uint64_t bytes = 0;
    *whole = spec->incremental.by == WEIR_INCREMENTAL_NONE;
    for (size_t i = 0; i < splits->n; i++) {
        struct stat st;
        weir_error ignored = {0};
        char *path;
        if (strcmp(splits->items[i].name, "-") == 0 ||
            weir_file_resolve(k->env, splits->items[i].name, &path, &ignored) != WEIR_OK ||
            stat(path, &st) != 0 || !S_ISREG(st.st_mode))
            return false;
        bytes += (uint64_t)st.st_size;
        if (bytes > WHOLE_BYTES || is_compressed(path)) *whole = false;
    }
    return splits->n > 0 && splits->n <= FILES_MAX;
}

/* The columns of a source of files, as a sample shows them.  What cannot be read now is no fault
 * here: *schema stays NULL.  *whole: the run will see the same types. */
static weir_status sample_files(const known *k, const weir_source_spec *spec, weir_schema **schema,
                                bool *whole, weir_error *err) {
    const weir_source_ops *ops = spec->connector->source;
    weir_source_request request = spec->request;
    weir_splits splits = {0};
    weir_error ignored = {0};
    void *source = NULL;
    if (request.infer == WEIR_INFER_FULL) request.infer = WEIR_INFER_SAMPLE;
    if (ops->open(&request, k->env, &source, &ignored) == WEIR_OK &&
        ops->enumerate(source, &splits, &ignored) == WEIR_OK &&
        regular_files(k, spec, &splits, whole) &&
        ops->schema(source, &splits, schema, &ignored) == WEIR_OK &&
        spec->request.infer != WEIR_INFER_FULL)
        *whole = true; /* the run does the same */
    weir_splits_clear(&splits);
    if (source) ops->close(source);
    if (ignored.status != WEIR_RESOURCE) return WEIR_OK;
    if (err) *err = ignored;
    return ignored.status;
}

/* The columns that the files have beside the declared ones. */
static weir_status look_at_files(known *k, bool *seen, weir_error *err) {
    const weir_source_spec *spec = &k->step->flow.source;
    weir_schema *schema = NULL;
    bool whole = false;
    weir_status status = sample_files(k, spec, &schema, &whole, err);
    if (status != WEIR_OK || !schema) goto out;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const weir_field *f = &schema->fields[i];
        if (k->n_slots && k->slots[slot_of(k, f->name)]) continue;
        WEIR_TRY(add_field(k, f->name, whole ? f->type : NULL, f->not_null, err));
    }
    /* records may name fields that a sample has not seen; a header names all */
    bool header = spec->request.format->read->layout_of != NULL;
    *seen = whole || header;
out:
    weir_schema_release(schema);
    return status;
}

/* Whether an earlier step may write what this one reads: what is there now says nothing. */
static bool is_fed(const weir_pipeline *p, const weir_step *step) {
    if (step->n_needs) return true;
    for (size_t i = 0; i < p->n_steps && &p->steps[p->order[i]] != step; i++) {
        const weir_flow_spec *flow = &p->steps[p->order[i]].flow;
        const weir_connector *c = flow->sink.connector;
        if (c && (c->caps & WEIR_CAP_FORMATS)) return true;
        for (size_t k = 0; k < flow->n_routes; k++) {
            c = flow->routes[k].connector; /* NULL: that one is not sound */
            if (c && (c->caps & WEIR_CAP_FORMATS)) return true;
        }
    }
    return false;
}

static weir_status find_columns(known *k, weir_error *err) {
    const weir_source_spec *source = &k->step->flow.source;
    const weir_source_request *r = &source->request;
    bool files = source->connector->caps & WEIR_CAP_FORMATS, seen = false, typed = true;
    weir_status status;
    WEIR_TRY(add_metadata(k, err));
    WEIR_TRY(add_declared(k, err));
    for (size_t i = 0; i < source->columns.n; i++) typed = typed && source->columns.items[i].type;
    bool named = source->columns.n && r->extra != WEIR_EXTRA_KEEP;
    if (files && !(named && typed) && !is_fed(k->s->pipeline, k->step)) {
        status = look_at_files(k, &seen, err);
        /* a sample too large for the memory tells nothing; whether the run has enough, it says */
        if (status == WEIR_RESOURCE) {
            seen = false;
            *err = (weir_error){0};
            status = WEIR_OK;
        }
        if (status != WEIR_OK) goto out;
    }
    k->unseen.any = !(seen || (files && named));
    k->unseen.n_source = k->unseen.n;
out:
    return status;
}

/* ---- other sources ------------------------------------------------------------------------- */

/* What is known of the sources that operators look things up in. */
static weir_status find_inputs(known *k, weir_operator_input *inputs, weir_error *err) {
    const weir_flow_spec *flow = &k->step->flow;
    weir_status status = WEIR_OK;
    for (size_t i = 0; i < flow->n_operators && status == WEIR_OK; i++) {
        const weir_source_spec *spec = flow->operators[i].input;
        if (!spec || !spec->connector) continue;
        inputs[i].name = flow->operators[i].input_name;
        if ((spec->connector->caps & WEIR_CAP_FORMATS) && !is_fed(k->s->pipeline, k->step))
            status = sample_files(k, spec, &inputs[i].schema, &inputs[i].typed, err);
    }
    return status;
}

/* ---- steps --------------------------------------------------------------------------------- */

static weir_status check_step(weir_session *s, const weir_step *step, weir_error *err) {
    const weir_pipeline *p = s->pipeline;
    /* the pipeline's own limit is for its run, which says when it is too small; a sample holds one
     * record at least, however large */
    const size_t least = WEIR_DEFAULT_MEMORY_BYTES;
    size_t memory = (size_t)p->memory_bytes > least ? (size_t)p->memory_bytes : least;
    weir_flow_config config;
    weir_ledger ledger;
    weir_schema *schema = NULL;
    weir_operator_input *inputs = NULL;
    size_t n = step->flow.n_operators;
    weir_status status;
    weir_ledger_init(&ledger, "check", memory / 4 * 3, NULL); /* as a run */
    weir_env env = {.folder = p->folder,
                    .pipeline = p->name,
                    .step = step->name,
                    .run_id = "check",
                    .arena = &s->arena,
                    .ledger = &ledger,
                    .cancel = &s->cancel,
                    .now_us = weir_clock_wall_us(),
                    .threads = 1,
                    .memory_bytes = memory};
    known k = {.s = s, .step = step, .env = &env};
    WEIR_TRY(weir_step_config(step, &s->arena, NULL, &config, err));
    if (!step->sound) config.n_targets = 0; /* its sink is not looked at */
    WEIR_TRY(find_columns(&k, err));
    WEIR_TRY(weir_schema_new(k.fields, (uint32_t)k.n, &schema, err));
    inputs = weir_alloc_zero(n + 1, sizeof *inputs);
    if (!inputs) WEIR_TRY(weir_error_nomem(err));
    WEIR_TRY(find_inputs(&k, inputs, err));
    status = weir_flow_check(&config, &env, schema, &k.unseen, inputs, &s->diags, err);
out:
    for (size_t i = 0; inputs && i < n; i++) weir_schema_release(inputs[i].schema);
    weir_free(inputs);
    weir_free(k.fields);
    weir_free(k.slots);
    weir_schema_release(schema);
    return status;
}

weir_status weir_api_check(weir_session *s, size_t n, const size_t *steps, weir_error *err) {
    const weir_pipeline *p = s->pipeline;
    for (size_t i = 0; i < (n ? n : p->n_steps); i++) {
        const weir_step *step = &p->steps[n ? steps[i] : p->order[i]];
        weir_error fault = {0};
        if (step->kind != WEIR_STEP_FLOW || !step->flow.source.connector) continue;
        weir_status status = check_step(s, step, &fault);
        if (status == WEIR_OK || (status == WEIR_USAGE && s->diags.n_errors)) continue;
        if (err) *err = fault;
        return status;
    }
    return weir_diags_status(&s->diags, err);
}

weir_status weir_api_check_sound(weir_session *s, weir_pipeline *p, weir_error *err) {
    weir_status status = WEIR_OK;
    s->pipeline = p;
    for (size_t i = 0; status == WEIR_OK && i < p->n_steps; i++) {
        weir_step *step = &p->steps[i];
        weir_error fault = {0};
        if (step->kind != WEIR_STEP_FLOW || !step->flow.source_sound ||
            !step->flow.source.connector)
            continue;
        if (!step->sound) {
            step->flow.n_operators = step->flow.n_sound;
            step->flow.n_routes = 0;
        }
        status = check_step(s, step, &fault);
        if (status == WEIR_USAGE) status = WEIR_OK; /* said in diags */
        if (status != WEIR_OK && err) *err = fault;
    }
    s->pipeline = NULL;
    return status;
}
