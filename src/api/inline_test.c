/* The inline tests of a pipeline file: rows in, figures and rows out, without source or target.
 *
 * The rows become CSV text, or NDJSON where a column holds lists, structs or maps, that goes
 * through the ordinary reader, so that types, formats and time zones of `columns:` hold as they do
 * in a run.  Types of columns that are not declared come from the source where it can be read, else
 * from the rows themselves.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/api.h"
#include "base/clock.h"
#include "connect/file/file.h"
#include "engine/chain.h"
#include "engine/scan.h"
#include "format/csv.h"
#include "text/json.h"

typedef struct trial {
    weir_session *s;
    const weir_test_spec *test;
    const weir_step *step;
    weir_env env;
    weir_ledger ledger;
    weir_api_test_result *result;
    weir_opt_columns columns; /* declared, known from the source, or seen in the rows */
    weir_flow *flow;
    weir_chain *chain;
    weir_chain_rejects rejects;
    weir_account account;
    uint64_t rows, rejected; /* so far, for comparing in order */
    uint64_t copies;         /* how often rows go to a further sink of a route */
    bool short_of_memory;    /* for the text of a difference */
    bool nested;             /* a column holds lists, structs or maps: the text is NDJSON */
    weir_buf text;
} trial;

/* The first difference found is what is told. */
static void differs(trial *t, const char *fmt, ...) WEIR_PRINTF(2, 3);
static void differs(trial *t, const char *fmt, ...) {
    char text[512];
    va_list args;
    if (t->result->why[0]) return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const char *copy = weir_arena_strdup(&t->s->arena, text);
    t->result->why = copy ? copy : "memory is short";
    t->short_of_memory = !copy;
}

/* Null as YAML has it: nothing, or null and ~ without quotes.  A value from a reference is text. */
static bool is_null(const weir_node *v) {
    if (v->kind == WEIR_NODE_NULL) return true;
    if (v->kind != WEIR_NODE_SCALAR || v->quoted || v->written) return false;
    return strcmp(v->text, "~") == 0 || strcmp(v->text, "null") == 0 ||
           strcmp(v->text, "Null") == 0 || strcmp(v->text, "NULL") == 0;
}

/* ---- rows as text -------------------------------------------------------------------------- */

static weir_opt_column *find_column(trial *t, const char *name) {
    for (size_t i = 0; i < t->columns.n; i++)
        if (strcmp(t->columns.items[i].name, name) == 0) return &t->columns.items[i];
    return NULL;
}

static weir_opt_column *add_column(trial *t, const char *name) {
    weir_opt_column *c = find_column(t, name);
    if (c) return c;
    c = &t->columns.items[t->columns.n++];
    *c = (weir_opt_column){.name = name};
    return c;
}

/* What the source is known to have; a source that cannot be read is no fault here, but memory that
 * is short is. */
static weir_status columns_of_source(trial *t, weir_schema **out, weir_error *err) {
    const weir_source_spec *source = &t->step->flow.source;
    weir_error why = {0};
    weir_splits splits = {0};
    void *object = NULL;
    *out = NULL;
    if (!source->connector || !source->connector->source) return WEIR_OK;
    const weir_source_ops *ops = source->connector->source;
    weir_status status = ops->open(&source->request, &t->env, &object, &why);
    if (status == WEIR_OK) {
        status = ops->enumerate(object, &splits, &why);
        if (status == WEIR_OK && splits.n && strcmp(splits.items[0].name, "-") != 0)
            status = ops->schema(object, &splits, out, &why);
        if (status != WEIR_OK) *out = NULL;
        ops->close(object);
        weir_splits_clear(&splits);
    }
    if (status != WEIR_RESOURCE) return WEIR_OK;
    *err = why;
    return status;
}

/* The columns that the source adds to its records (_file, ...): null where a test does not give
 * them. */
static void add_metadata(trial *t) {
    const weir_opt_strings *names = t->step->flow.source.request.metadata;
    for (size_t i = 0; names && i < names->n; i++) {
        bool text = strcmp(names->items[i], "_file") == 0;
        weir_opt_column *c = add_column(t, names->items[i]);
        if (!c->type) c->type = text ? "string" : "int64";
    }
}

static weir_status gather_columns(trial *t, weir_error *err) {
    const weir_opt_columns *declared = t->step->flow.source.request.columns;
    weir_schema *known = NULL;
    size_t max = declared ? declared->n : 0;
    weir_status status = columns_of_source(t, &known, err);
    if (status != WEIR_OK) return status;
    if (known) max += known->n_fields;
    if (t->step->flow.source.request.metadata) max += t->step->flow.source.request.metadata->n;
    for (size_t i = 0; i < t->test->n_input; i++) max += t->test->input[i]->n;
    t->columns.items = weir_arena_zero(&t->s->arena, max + 1, sizeof *t->columns.items);
    status = t->columns.items ? WEIR_OK : weir_error_nomem(err);
    for (size_t i = 0; status == WEIR_OK && declared && i < declared->n; i++)
        *add_column(t, declared->items[i].name) = declared->items[i];
    for (uint32_t i = 0; status == WEIR_OK && known && i < known->n_fields; i++) {
        const char *name = weir_arena_strdup(&t->s->arena, known->fields[i].name);
        if (!name)
            status = weir_error_nomem(err);
        else {
            weir_opt_column *c = add_column(t, name);
            if (!c->type) c->type = known->fields[i].type->name;
        }
    }
    if (status == WEIR_OK) add_metadata(t);
    for (size_t i = 0; status == WEIR_OK && i < t->test->n_input; i++)
        for (size_t k = 0; k < t->test->input[i]->n; k++)
            add_column(t, t->test->input[i]->keys[k]->text);
    weir_schema_release(known);
    return status;
}

/* What the source says of its CSV, or NULL: marks of numbers and words for null hold in tests, too.
 */
static const weir_csv_read_config *csv_of_source(const trial *t) {
    const weir_source_request *r = &t->step->flow.source.request;
    bool csv =
        r->format && (strcmp(r->format->name, "csv") == 0 || strcmp(r->format->name, "tsv") == 0);
    return csv ? r->format_config : NULL;
}

/* The words that mean null in the column; n is 0 where only the empty field does. */
static weir_opt_strings null_words(const trial *t, const weir_opt_column *c) {
    const weir_csv_read_config *csv = csv_of_source(t);
    if (c->nulls.n || !csv || !csv->null_given) return c->nulls;
    return csv->null_words;
}

static bool put_quoted(weir_buf *b, const char *s, size_t n) {
    bool ok = weir_buf_add(b, "\"", 1);
    for (size_t i = 0; ok && i < n; i++)
        ok = (s[i] != '"' || weir_buf_add(b, "\"", 1)) && weir_buf_add(b, &s[i], 1);
    return ok && weir_buf_add(b, "\"", 1);
}

static bool put_string(weir_buf *b, const weir_node *v) {
    return weir_json_put_string(b, v->text, v->text_size, WEIR_JSON_UTF8_REPLACE, NULL);
}

/* A value as JSON: what stands without quotes and is a JSON number, true or false is one. */
static bool put_json(weir_buf *b, const weir_node *v) {
    bool map = v->kind == WEIR_NODE_MAP, ok;
    if (is_null(v)) return weir_buf_adds(b, "null");
    if (v->kind == WEIR_NODE_SCALAR) {
        const char *end = v->text + v->text_size;
        weir_json_number_kind kind;
        bool plain = weir_json_number_end(v->text, end, &kind) == end ||
                     strcmp(v->text, "true") == 0 || strcmp(v->text, "false") == 0;
        if (v->quoted || v->written || !plain) return put_string(b, v);
        return weir_buf_add(b, v->text, v->text_size);
    }
    ok = weir_buf_add(b, map ? "{" : "[", 1);
    for (size_t i = 0; ok && i < v->n; i++) {
        ok = i == 0 || weir_buf_add(b, ",", 1);
        if (ok && map) ok = put_string(b, v->keys[i]) && weir_buf_add(b, ":", 1);
        ok = ok && put_json(b, v->items[i]);
    }
    return ok && weir_buf_add(b, map ? "}" : "]", 1);
}

/* Scalars are texts, which the reader takes by their value; those of a json column are JSON. */
static bool put_object(trial *t, const weir_node *row) {
    weir_buf *b = &t->text;
    bool ok = weir_buf_add(b, "{", 1);
    for (size_t c = 0; ok && c < t->columns.n; c++) {
        const weir_opt_column *x = &t->columns.items[c];
        const weir_node *v = weir_node_get(row, x->name);
        const char *name = x->from ? x->from : x->name;
        ok = (c == 0 || weir_buf_add(b, ",", 1)) &&
             weir_json_put_string(b, name, strlen(name), WEIR_JSON_UTF8_REPLACE, NULL) &&
             weir_buf_add(b, ":", 1);
        if (!ok) break;
        bool json = x->type && strncmp(x->type, "json", 4) == 0;
        if (!v || is_null(v))
            ok = weir_buf_adds(b, "null");
        else if (v->kind != WEIR_NODE_SCALAR || !x->type)
            ok = put_json(b, v);
        else
            ok = json ? weir_buf_add(b, v->text, v->text_size) : put_string(b, v);
    }
    return ok && weir_buf_add(b, "}\n", 2);
}

static bool put_word(weir_buf *b, const char *word) {
    return put_quoted(b, word, strlen(word));
}

static bool put_nested(weir_buf *b, const weir_node *v) {
    weir_buf text = {0};
    bool ok = put_json(&text, v) && put_quoted(b, text.data, text.size);
    weir_buf_clear(&text);
    return ok;
}

/* null is an unquoted empty field, or the first word for it; everything else is quoted, lists and
 * maps as JSON. */
static bool put_row(trial *t, const weir_node *row) {
    weir_buf *b = &t->text;
    bool ok = true;
    for (size_t c = 0; ok && c < t->columns.n; c++) {
        const weir_node *v = weir_node_get(row, t->columns.items[c].name);
        if (c) ok = weir_buf_add(b, ",", 1);
        if (ok && v && v->kind == WEIR_NODE_SCALAR && !is_null(v))
            ok = put_quoted(b, v->text, v->text_size);
        else if (ok && v && !is_null(v))
            ok = put_nested(b, v);
        else if (ok && null_words(t, &t->columns.items[c]).n)
            ok = put_word(b, null_words(t, &t->columns.items[c]).items[0]);
    }
    return ok && weir_buf_add(b, "\n", 1);
}

static weir_status rows_as_text(trial *t, weir_error *err) {
    bool ok = true;
    for (size_t c = 0; c < t->columns.n; c++) {
        const char *type = t->columns.items[c].type;
        t->nested |= type && (strncmp(type, "list", 4) == 0 || strncmp(type, "struct", 6) == 0 ||
                              strncmp(type, "map", 3) == 0);
    }
    if (t->nested) {
        for (size_t i = 0; ok && i < t->test->n_input; i++) ok = put_object(t, t->test->input[i]);
        return ok ? WEIR_OK : weir_error_nomem(err);
    }
    for (size_t c = 0; ok && c < t->columns.n; c++) {
        const weir_opt_column *x = &t->columns.items[c];
        const char *name = x->from ? x->from : x->name;
        ok = (c == 0 || weir_buf_add(&t->text, ",", 1)) && put_quoted(&t->text, name, strlen(name));
    }
    ok = ok && weir_buf_add(&t->text, "\n", 1);
    for (size_t i = 0; ok && i < t->test->n_input; i++) ok = put_row(t, t->test->input[i]);
    return ok ? WEIR_OK : weir_error_nomem(err);
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* Compares the given fields of one expected row with a row of b. */
/* Names of the routes that a row takes. */
static bool route_text(const trial *t, const weir_batch *b, uint32_t row, weir_buf *out) {
    bool ok = true;
    for (uint32_t bits = b->routes[row]; ok && bits; bits &= bits - 1)
        ok = (out->size == 0 || weir_buf_adds(out, ", ")) &&
             weir_buf_adds(out, t->step->flow.route.routes[__builtin_ctz(bits)].name);
    return ok;
}

static bool compare_row(trial *t, const char *what, uint64_t number, const weir_node *expected,
                        const weir_batch *b, uint32_t row) {
    weir_buf text = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < expected->n; i++) {
        const char *name = expected->keys[i]->text;
        const weir_node *want = expected->items[i];
        int f = weir_schema_find(b->schema, name, strlen(name));
        text.size = 0;
        bool route = f < 0 && b->routes && strcmp(name, "route") == 0;
        if (f < 0 && !route) {
            differs(t, "%s %llu: there is no column %s", what, (unsigned long long)number, name);
            break;
        }
        bool null = !route && weir_column_is_null(b->columns[f], row);
        if (route)
            ok = route_text(t, b, row, &text);
        else if (!null)
            ok = weir_column_text(b->columns[f], row, &text);
        bool want_null = is_null(want);
        weir_buf nested = {0};
        weir_slice sought = {want->text, want->text_size};
        if (want->kind == WEIR_NODE_LIST || want->kind == WEIR_NODE_MAP) {
            ok = ok && put_json(&nested, want) && weir_buf_add(&nested, "", 1);
            sought = (weir_slice){nested.data, nested.size ? nested.size - 1 : 0};
        }
        bool same = null == want_null &&
                    (null || (sought.size == text.size &&
                              (text.size == 0 || memcmp(sought.data, text.data, text.size) == 0)));
        if (!same)
            differs(t, "%s %llu: %s is %s%.*s%s, expected %s%s%s", what, (unsigned long long)number,
                    name, null ? "null" : "'",
                    null ? 0 : weir_clip((weir_slice){text.data, text.size}),
                    text.data ? text.data : "", null ? "" : "'", want_null ? "null" : "'",
                    want_null ? "" : sought.data, want_null ? "" : "'");
        weir_buf_clear(&nested);
    }
    weir_buf_clear(&text);
    return ok;
}

static weir_status compare_batch(trial *t, const char *what, const weir_batch *b, uint64_t *seen,
                                 bool given, size_t n, const weir_node *const *rows,
                                 weir_error *err) {
    for (uint32_t k = 0; k < b->n_selected; k++) {
        if (given && *seen < n &&
            !compare_row(t, what, *seen + 1, rows[*seen], b, weir_batch_row(b, k)))
            return weir_error_nomem(err);
        ++*seen;
    }
    return WEIR_OK;
}

static weir_status on_rejects(void *context, weir_batch *rejects, weir_error *err) {
    trial *t = context;
    weir_status status = compare_batch(t, "reject", rejects, &t->rejected, t->test->rejects_given,
                                       t->test->n_rejects, t->test->rejects, err);
    weir_batch_free(rejects);
    return status;
}

static weir_status on_done(void *context, weir_ctx *ctx, weir_batch *b, weir_error *err) {
    trial *t = context;
    (void)ctx;
    weir_status status = compare_batch(t, "row", b, &t->rows, t->test->rows_given, t->test->n_rows,
                                       t->test->rows, err);
    for (uint32_t k = 0; b->routes && k < b->n_selected; k++)
        t->copies += (uint64_t)__builtin_popcount(b->routes[weir_batch_row(b, k)]) - 1;
    weir_batch_free(b);
    return status;
}

static weir_status on_batch(void *context, weir_ctx *ctx, weir_batch *b, bool *stop,
                            weir_error *err) {
    trial *t = context;
    weir_chain_out out = {.done = on_done, .emit = on_rejects, .context = t};
    weir_status status = WEIR_OK;
    (void)stop;
    if (!t->chain)
        WEIR_TRY(weir_chain_new(weir_flow_operators(t->flow), weir_flow_n_operators(t->flow),
                                &t->rejects, ctx, &t->chain, err));
    return weir_chain_process(t->chain, ctx, b, &out, &t->account, err);
out:
    weir_batch_free(b);
    return status;
}

static void compare_figures(trial *t) {
    const weir_test_spec *x = t->test;
    const weir_rejects_spec *limit = &t->step->flow.rejects;
    uint64_t read = t->account.rows_read + t->account.rows_created;
    if (x->rows_given && t->rows != x->n_rows)
        differs(t, "%llu rows were loaded, %zu are expected", (unsigned long long)t->rows,
                x->n_rows);
    if (x->rejects_given && t->rejected != x->n_rejects)
        differs(t, "%llu rows were rejected, %zu are expected", (unsigned long long)t->rejected,
                x->n_rejects);
    if (x->loaded >= 0 && t->rows + t->copies != (uint64_t)x->loaded)
        differs(t, "loaded is %llu, expected %lld", (unsigned long long)(t->rows + t->copies),
                (long long)x->loaded);
    if (x->rejected >= 0 && t->rejected != (uint64_t)x->rejected)
        differs(t, "rejected is %llu, expected %lld", (unsigned long long)t->rejected,
                (long long)x->rejected);
    bool over = t->rejected && ((t->rows == 0 && t->account.rows_filtered < read) ||
                                (limit->max_rows >= 0 && t->rejected > (uint64_t)limit->max_rows) ||
                                (double)t->rejected > limit->max_ratio * (double)read);
    if (x->exit_code >= 0 && x->exit_code != (over ? 3 : 0))
        differs(t, "the exit code would be %d, expected %lld", over ? 3 : 0,
                (long long)x->exit_code);
}

/* ---- one test ------------------------------------------------------------------------------ */

static const char *no_name(const void *splits, uint32_t split) {
    (void)splits;
    (void)split;
    return "test";
}

/* A file that exists in memory only, with the rows in it. */
static weir_status memory_file(trial *t, int *fd, weir_error *err) {
    *fd = memfd_create("weir-test", MFD_CLOEXEC);
    if (*fd < 0 || write(*fd, t->text.data, t->text.size) != (ssize_t)t->text.size)
        return weir_error_set(err, WEIR_IO, "cannot keep the rows of a test in memory");
    return WEIR_OK;
}

/* Marks of numbers and words for null, which count inside quotes here: all values are quoted. */
static void take_words(trial *t, weir_csv_read_config *config) {
    const weir_csv_read_config *csv = csv_of_source(t);
    for (size_t i = 0; i < t->columns.n; i++)
        config->null_quoted |= t->columns.items[i].nulls.n > 0;
    if (!csv) return;
    config->decimal = csv->decimal;
    config->thousands = csv->thousands;
    if (!csv->null_given) return;
    config->null_words = csv->null_words;
    config->null_given = config->null_quoted = true;
}

static weir_status open_flow(trial *t, int fd, weir_flow_config *config, weir_error *err) {
    const weir_format *format = weir_format_find(t->nested ? "ndjson" : "csv");
    weir_file_source_config *file = weir_arena_zero(&t->s->arena, 1, sizeof *file);
    const char **path = weir_arena_zero(&t->s->arena, 1, sizeof *path);
    void *format_config = weir_arena_zero(&t->s->arena, 1, format->read_config_size + 1);
    weir_status status;
    if (!file || !path || !format_config) return weir_error_nomem(err);
    *path = weir_arena_printf(&t->s->arena, "/proc/self/fd/%d", fd);
    if (!*path) return weir_error_nomem(err);
    file->path = (weir_opt_strings){1, path};
    WEIR_TRY(
        weir_option_bind(format->read_options, NULL, format_config, &t->s->arena, &t->s->diags));
    if (!t->nested) take_words(t, format_config);
    WEIR_TRY(weir_step_config(t->step, &t->s->arena, NULL, config, err));
    config->n_sinks = 0;
    config->source = weir_connector_find("file");
    config->source_request = (weir_source_request){.config = file,
                                                   .format = format,
                                                   .format_config = format_config,
                                                   .columns = &t->columns,
                                                   .infer = WEIR_INFER_FULL};
    status = weir_flow_open(config, &t->env, NULL, &t->s->diags, &t->flow, err);
out:
    return status;
}

static weir_status run_trial(trial *t, weir_error *err) {
    weir_flow_config config;
    int fd = -1;
    weir_status status;
    WEIR_TRY(gather_columns(t, err));
    if (t->columns.n == 0) {
        differs(t, "the input has no fields");
        goto out;
    }
    WEIR_TRY(rows_as_text(t, err));
    WEIR_TRY(memory_file(t, &fd, err));
    WEIR_TRY(open_flow(t, fd, &config, err));
    WEIR_TRY(weir_reject_schema(&t->rejects.schema, err));
    t->rejects.context =
        (weir_reject_context){.run_id = "test", .step = t->step->name, .split_name = no_name};
    t->account.n_loads = weir_flow_n_loads(t->flow);
    t->account.n_operators = weir_flow_n_operators(t->flow) + 1 + t->account.n_loads;
    t->account.operators = weir_alloc_zero(t->account.n_operators, sizeof *t->account.operators);
    if (!t->account.operators) status = weir_error_nomem(err);
    if (status != WEIR_OK) goto out;
    WEIR_TRY(weir_scan(config.source->source, weir_flow_source_object(t->flow),
                       weir_flow_splits(t->flow), weir_flow_source_schema(t->flow), &t->env,
                       on_batch, t, err));
    compare_figures(t);
out:
    weir_chain_free(t->chain);
    weir_flow_close(t->flow);
    weir_schema_release(t->rejects.schema);
    weir_free(t->account.operators);
    weir_buf_clear(&t->text);
    if (fd >= 0) close(fd);
    return status;
}

weir_status weir_api_test(weir_session *s, weir_api_test_result **results, size_t *n,
                          weir_error *err) {
    const weir_pipeline *p = s->pipeline;
    *results = weir_arena_zero(&s->arena, p->n_tests + 1, sizeof **results);
    if (!*results) return weir_error_nomem(err);
    *n = p->n_tests;
    for (size_t i = 0; i < p->n_tests; i++) {
        trial t = {.s = s,
                   .test = &p->tests[i],
                   .step = &p->steps[p->tests[i].step],
                   .result = &(*results)[i]};
        weir_error fault = {0};
        weir_ledger_init(&t.ledger, "test", WEIR_DEFAULT_MEMORY_BYTES, NULL);
        t.env = (weir_env){.folder = p->folder,
                           .pipeline = p->name,
                           .step = t.step->name,
                           .run_id = "test",
                           .arena = &s->arena,
                           .ledger = &t.ledger,
                           .cancel = &s->cancel,
                           .now_us = weir_clock_wall_us(),
                           .threads = 1,
                           .memory_bytes = WEIR_DEFAULT_MEMORY_BYTES};
        t.result->name = t.test->name;
        t.result->why = "";
        weir_status status = run_trial(&t, &fault);
        /* nothing that the test could be wrong about */
        if (status == WEIR_RESOURCE || status == WEIR_CANCELLED || status == WEIR_IO) {
            if (err) *err = fault;
            return status;
        }
        if (status != WEIR_OK) {
            char text[1024];
            differs(&t, "%s", weir_error_format(&fault, text, sizeof text));
        }
        if (t.short_of_memory) return weir_error_nomem(err);
        t.result->passed = t.result->why[0] == '\0';
    }
    return WEIR_OK;
}
