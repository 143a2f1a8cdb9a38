/* Good pipeline files: everything typed, resolved, defaulted and ordered as it should be. */
#include "registry.h"
#include <sys/stat.h>
#include <unistd.h>

#define FLOW "source: { path: a.csv }\nsink: { path: b.csv }\n"

/* The example of the documents, as far as this version runs it. */
static const char orders[] =
    "weir: 1\n"
    "name: orders_daily\n"
    "description: Shop orders\n"
    "connections:\n"
    "  warehouse:\n"
    "    type: sqlite\n"
    "    path: warehouse.db\n"
    "    password: \"${SECRET:?set SECRET}\"\n"
    "defaults: { retries: 3, backoff: 2s, timeout: 30m }\n"
    "params:\n"
    "  region: { type: string, default: eu }\n"
    "  day: { type: date, default: 2024-01-31, help: the day to load }\n"
    "steps:\n"
    "  orders:\n"
    "    source:\n"
    "      path: [\"${FOLDER}/orders-{day}-*.csv\", \"more/{region}.csv\"]\n"
    "      delimiter: \";\"\n"
    "      incremental: { by: files }\n"
    "      metadata: [_file, _line]\n"
    "      on_empty: ok\n"
    "      on_file_error: skip\n"
    "      infer: sample\n"
    "      extra_columns: drop\n"
    "      columns:\n"
    "        order_id: int64!\n"
    "        created_at: { type: timestamptz, from: \"Created at\", timezone: Europe/Berlin }\n"
    "    transform:\n"
    "      - set:\n"
    "          email: lower(trim(email))\n"
    "      - filter: status <> 'test'\n"
    "    validate:\n"
    "      - { field: email, required: true }\n"
    "    rejects: { path: rejects/orders.ndjson, max_ratio: 1%, max_rows: 10 }\n"
    "    sink:\n"
    "      connection: warehouse\n"
    "      table: orders_{region}\n"
    "      mode: merge\n"
    "      key: [order_id]\n"
    "      version: updated_at\n"
    "      drift: { new_columns: evolve }\n"
    "      order: keep\n"
    "  copy:\n"
    "    needs: orders\n"
    "    retries: 0\n"
    "    source: { type: sqlite, path: shop.db, table: t }\n"
    "    sink: { path: out.csv.gz, mode: replace, header: no }\n"
    "limits: { memory: 512MiB, threads: 2 }\n"
    "state: { path: kept }\n"
    "tests:\n"
    "  - name: set aside\n"
    "    step: orders\n"
    "    input: [ { order_id: 1, amount: \"-3\" }, { order_id: 2 } ]\n"
    "    expect: { loaded: 0, rejected: 1, exit: 3, rows: [], rejects: [ { field: amount } ] }\n";

static void test_orders(void **state) {
    (void)state;
    loaded l;
    weir_spec_options o = {.folder = "jobs/daily"};
    load_with(&l, orders, &test_registry, &o);
    expect_good(&l);
    const weir_pipeline *p = l.p;
    assert_string_equal(p->name, "orders_daily");
    assert_string_equal(p->description, "Shop orders");
    assert_string_equal(p->folder, "jobs/daily");
    assert_string_equal(p->state_path, "jobs/daily/kept");
    assert_int_equal(p->memory_bytes, 512u << 20);
    assert_int_equal(p->threads, 2);
    assert_int_equal(p->n_connections, 1);
    const base_config *warehouse = p->connections[0].config;
    assert_string_equal(warehouse->path, "warehouse.db");
    assert_string_equal(warehouse->password, "canary-5417");
    assert_int_equal(p->n_steps, 2);
    assert_int_equal(p->n_params, 2);
    assert_string_equal(p->params[1].value, "2024-01-31");
    assert_string_equal(p->params[1].help, "the day to load");
    unload(&l);
}

static void test_source(void **state) {
    (void)state;
    loaded l;
    load_text(&l, orders);
    expect_good(&l);
    const weir_source_spec *s = &l.p->steps[0].flow.source;
    const file_config *file = s->request.config;
    const csv_config *csv = s->request.format_config;
    assert_ptr_equal(s->connector, &fake_file);
    assert_ptr_equal(s->request.format, &fake_csv);
    assert_int_equal(file->path.n, 2);
    assert_string_equal(file->path.items[0], "data/in/orders-2024-01-31-*.csv");
    assert_string_equal(file->path.items[1], "more/eu.csv");
    assert_int_equal(csv->delimiter.bytes[0], ';');
    assert_true(csv->header);
    assert_int_equal(s->incremental.by, WEIR_INCREMENTAL_FILES);
    assert_int_equal(s->metadata.n, 2);
    assert_true(s->on_empty_ok);
    assert_int_equal(s->request.on_file_error, WEIR_FAULT_SKIP);
    assert_int_equal(s->request.infer, WEIR_INFER_SAMPLE);
    assert_int_equal(s->request.extra, WEIR_EXTRA_DROP);
    assert_int_equal(s->request.columns->n, 2);
    assert_true(s->request.columns->items[0].not_null);
    assert_string_equal(s->request.columns->items[1].from, "Created at");
    assert_int_equal(s->request.columns->items[0].line, 25);
    unload(&l);
}

static void test_operators(void **state) {
    (void)state;
    loaded l;
    load_text(&l, orders);
    expect_good(&l);
    const weir_flow_spec *f = &l.p->steps[0].flow;
    assert_int_equal(f->n_operators, 3);
    assert_ptr_equal(f->operators[0].kind, &fake_set);
    const set_config *set = f->operators[0].config;
    assert_string_equal(set->set.names[0], "email");
    assert_string_equal(set->set.items[0].text, "lower(trim(email))");
    assert_int_equal(set->set.items[0].line, 29);
    assert_int_equal(set->set.items[0].column, 18);
    const filter_config *filter = f->operators[1].config;
    assert_string_equal(filter->filter.text, "status <> 'test'");
    assert_ptr_equal(f->operators[2].kind, &fake_validate);
    const validate_config *validate = f->operators[2].config;
    assert_int_equal(validate->rules.n, 1);
    assert_string_equal(((const rule *)validate->rules.items)->field, "email");
    assert_int_equal(f->operators[2].node->kind, WEIR_NODE_LIST);
    unload(&l);
}

static void test_sink_and_rejects(void **state) {
    (void)state;
    loaded l;
    load_text(&l, orders);
    expect_good(&l);
    const weir_sink_spec *s = &l.p->steps[0].flow.sink;
    const table_config *table = s->request.config;
    assert_ptr_equal(s->connector, &fake_base);
    assert_string_equal(s->connection_name, "warehouse");
    assert_ptr_equal(s->request.connection, l.p->connections[0].config);
    assert_string_equal(table->table, "orders_eu");
    assert_int_equal(s->request.mode, WEIR_MODE_UPSERT);
    assert_true(s->request.mode_given);
    assert_string_equal(s->request.key.items[0], "order_id");
    assert_string_equal(s->request.version, "updated_at");
    assert_int_equal(s->request.new_columns, WEIR_DRIFT_EVOLVE);
    assert_int_equal(s->request.type_change, WEIR_DRIFT_FAIL);
    assert_int_equal(s->request.missing, WEIR_DRIFT_EVOLVE);
    assert_true(s->request.keep_order);
    const weir_rejects_spec *r = &l.p->steps[0].flow.rejects;
    assert_true(r->has_sink);
    assert_ptr_equal(r->sink.request.format, &fake_ndjson);
    assert_int_equal(r->sink.request.mode, WEIR_MODE_REPLACE);
    assert_true(r->max_ratio == 0.01);
    assert_int_equal(r->max_rows, 10);
    const weir_flow_spec *f = &l.p->steps[1].flow;
    const base_config *inline_base = f->source.request.connection;
    assert_string_equal(inline_base->path, "shop.db");
    assert_null(f->source.connection_name);
    assert_ptr_equal(f->sink.request.format, &fake_csv);
    assert_false(((const csv_config *)f->sink.request.format_config)->header);
    assert_false(f->rejects.has_sink);
    assert_true(f->rejects.max_ratio == 0.05);
    assert_int_equal(f->rejects.max_rows, -1);
    unload(&l);
}

static void test_steps_inherit(void **state) {
    (void)state;
    loaded l;
    load_text(&l, orders);
    expect_good(&l);
    const weir_step *a = &l.p->steps[0], *b = &l.p->steps[1];
    assert_int_equal(a->retries, 3);
    assert_int_equal(a->backoff_us, 2000000);
    assert_int_equal(a->timeout_us, 1800000000);
    assert_int_equal(b->retries, 0);
    assert_int_equal(b->backoff_us, 2000000);
    assert_int_equal(b->n_needs, 1);
    assert_int_equal(b->needs[0], 0);
    assert_int_equal(weir_pipeline_find_step(l.p, "copy"), 1);
    assert_int_equal(weir_pipeline_find_step(l.p, "nope"), SIZE_MAX);
    unload(&l);
}

static void test_inline_tests(void **state) {
    (void)state;
    loaded l;
    load_text(&l, orders);
    expect_good(&l);
    assert_int_equal(l.p->n_tests, 1);
    const weir_test_spec *t = &l.p->tests[0];
    assert_string_equal(t->name, "set aside");
    assert_int_equal(t->step, 0);
    assert_int_equal(t->n_input, 2);
    assert_string_equal(weir_node_get(t->input[0], "amount")->text, "-3");
    assert_int_equal(t->loaded, 0);
    assert_int_equal(t->rejected, 1);
    assert_int_equal(t->exit_code, 3);
    assert_true(t->rows_given);
    assert_int_equal(t->n_rows, 0);
    assert_int_equal(t->n_rejects, 1);
    unload(&l);
}

static void test_one_flow(void **state) {
    (void)state;
    loaded l;
    weir_spec_options o = {.folder = "", .name = "my file.v2"};
    load_with(&l,
              FLOW "validate: [ { field: a } ]\nretries: 2\n"
                   "tests: [ { input: [], expect: { loaded: 0 } } ]\n",
              &test_registry, &o);
    expect_good(&l);
    assert_string_equal(l.p->name, "my_file_v2");
    assert_int_equal(l.p->n_steps, 1);
    assert_string_equal(l.p->steps[0].name, "my_file_v2");
    assert_int_equal(l.p->steps[0].retries, 2);
    assert_int_equal(l.p->steps[0].flow.n_operators, 1);
    assert_string_equal(l.p->folder, ".");
    assert_string_equal(l.p->state_path, ".weir");
    assert_int_equal(l.p->memory_bytes, WEIR_SPEC_DEFAULT_MEMORY_BYTES);
    assert_int_equal(l.p->threads, 0);
    assert_string_equal(l.p->tests[0].name, "test 1");
    assert_int_equal(l.p->tests[0].loaded, 0);
    assert_int_equal(l.p->tests[0].rejected, -1);
    assert_int_equal(l.p->steps[0].flow.sink.request.mode, WEIR_MODE_APPEND);
    assert_false(l.p->steps[0].flow.sink.request.mode_given);
    unload(&l);
}

static void test_database_by_extension(void **state) {
    (void)state;
    loaded l;
    load_text(&l, "source: { path: shop.SQLITE, table: t }\nsink: { path: b.csv.gz }\n");
    expect_good(&l);
    assert_ptr_equal(l.p->steps[0].flow.source.connector, &fake_base);
    unload(&l);
}

static void test_order(void **state) {
    (void)state;
    loaded l;
    load_text(&l, "steps:\n"
                  "  c: { needs: [a, b], source: { path: a.csv }, sink: { path: b.csv } }\n"
                  "  b: { needs: a, source: { path: a.csv }, sink: { path: b.csv } }\n"
                  "  a: { source: { path: a.csv }, sink: { path: b.csv } }\n"
                  "  d: { source: { path: a.csv }, sink: { path: b.csv } }\n");
    expect_good(&l);
    const size_t want[] = {2, 1, 0, 3};
    for (size_t i = 0; i < 4; i++) assert_int_equal(l.p->order[i], want[i]);
    unload(&l);
}

static void test_given_params(void **state) {
    (void)state;
    loaded l;
    const char *names[] = {"n", "n"}, *values[] = {"x", "7"};
    weir_spec_options o = {.params = {2, names, values}};
    load_with(&l,
              "params: { n: int32 }\nsource: { path: \"in-{n}-{m}-{n.csv\", format: csv }\n"
              "sink: { path: b.csv }\n",
              &test_registry, &o);
    expect_good(&l);
    assert_true(l.p->params[0].given);
    const file_config *file = l.p->steps[0].flow.source.request.config;
    assert_string_equal(file->path.items[0], "in-7-{m}-{n.csv");
    unload(&l);
}

static void test_aliases_and_merge(void **state) {
    (void)state;
    loaded l;
    load_text(
        &l,
        "connections:\n"
        "  a: &base { type: sqlite, path: a.db }\n"
        "  b: { <<: *base, path: b.db }\n"
        "steps:\n"
        "  one: { source: { connection: a, table: t }, sink: &out { connection: b, table: u } }\n"
        "  two: { source: { path: a.csv }, sink: *out }\n");
    expect_good(&l);
    assert_string_equal(((const base_config *)l.p->connections[1].config)->path, "b.db");
    assert_string_equal(((const table_config *)l.p->steps[1].flow.sink.request.config)->table, "u");
    unload(&l);
}

/* A scalar's type comes from the table, never from its look. */
static void test_looks_do_not_matter(void **state) {
    (void)state;
    loaded l;
    load_text(&l,
              "name: NO\nsource: { path: 1e3.csv, columns: { NO: string, 2024-01-01: 'null' } }\n"
              "sink: { path: ~.csv }\n");
    expect_good(&l);
    assert_string_equal(l.p->name, "NO");
    assert_string_equal(l.p->steps[0].flow.source.columns.items[0].name, "NO");
    assert_string_equal(l.p->steps[0].flow.source.columns.items[1].type, "null");
    unload(&l);
}

static void test_features(void **state) {
    (void)state;
    loaded l;
    weir_spec_registry r = test_registry;
    r.features = WEIR_SPEC_SQL | WEIR_SPEC_COMMAND | WEIR_SPEC_SCHEDULE | WEIR_SPEC_ALERTS |
                 WEIR_SPEC_QUALITY | WEIR_SPEC_CURSOR;
    load_with(
        &l,
        "connections: { w: { type: sqlite, path: w.db } }\n"
        "schedule: { cron: \"0 2 * * *\", timezone: Europe/Berlin }\n"
        "alerts: [ { events: failure, webhook: \"${SECRET}\" } ]\n"
        "steps:\n"
        "  f:\n"
        "    source: { connection: w, table: t, incremental: { by: cursor, column: c, lag: 5m } }\n"
        "    quality: [ { metric: null_ratio(a), max: 0.1%, severity: warn }, { metric: n, min: "
        "-2.5 } ]\n"
        "    sink: { path: b.csv }\n"
        "  s: { needs: f, sql: { connection: w, into: x, query: select 1 } }\n"
        "  c: { command: { run: [echo, a b], env: { A: 1 } } }\n",
        &r, NULL);
    expect_good(&l);
    assert_true(l.p->schedule.given);
    assert_string_equal(l.p->schedule.cron, "0 2 * * *");
    assert_int_equal(l.p->n_alerts, 1);
    assert_string_equal(l.p->alerts[0].webhook, "canary-5417");
    const weir_flow_spec *f = &l.p->steps[0].flow;
    assert_int_equal(f->source.incremental.lag_us, 300000000);
    assert_int_equal(f->n_quality, 2);
    assert_string_equal(f->quality[0].name, "null_ratio(a)");
    assert_true(f->quality[0].max_given && f->quality[0].max == 0.001);
    assert_false(f->quality[0].min_given);
    assert_int_equal(f->quality[0].severity, WEIR_SEVERITY_WARN);
    assert_true(f->quality[1].min == -2.5);
    assert_int_equal(l.p->steps[1].kind, WEIR_STEP_SQL);
    assert_string_equal(l.p->steps[1].sql.query.text, "select 1");
    assert_int_equal(l.p->steps[1].sql.mode, WEIR_MODE_REPLACE);
    assert_int_equal(l.p->steps[2].kind, WEIR_STEP_COMMAND);
    assert_string_equal(l.p->steps[2].command.run.items[1], "a b");
    assert_string_equal(l.p->steps[2].command.env.values[0], "1");
    unload(&l);
}

/* Each value of the file in turn comes from a variable: whatever is then wrong, no message has it.
 */
static void test_no_value_of_a_variable_is_printed(void **state) {
    (void)state;
    size_t tried = 0, refused = 0;
    for (const char *at = orders; (at = strpbrk(at, ":[-")) != NULL; at++) {
        size_t n = strspn(at + 1, " ");
        if (n == 0 || at[1 + n] == '\n') continue;
        const char *value = at + 1 + n, *rest = value + strcspn(value, ",}]\n");
        weir_buf text = {0};
        assert_true(weir_buf_add(&text, orders, (size_t)(value - orders)));
        assert_true(weir_buf_adds(&text, "\"${SECRET}\""));
        assert_true(weir_buf_adds(&text, rest));
        loaded l;
        load_text(&l, weir_buf_cstr(&text));
        char *got = printed(&l.diags);
        if (strstr(got, "canary") || strstr(l.err.message, "canary") ||
            strstr(l.err.hint, "canary"))
            fail_msg("printed: %s", got);
        tried++;
        refused += l.status == WEIR_USAGE;
        weir_free(got);
        unload(&l);
        weir_buf_clear(&text);
    }
    assert_true(tried > 60);
    assert_true(refused > 30);
}

/* ---- files --------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static weir_status load_file(loaded *l, const char *path) {
    memset(l, 0, sizeof *l);
    weir_diags_init(&l->diags, path);
    l->status =
        weir_pipeline_load_file(path, &test_registry, NULL, &l->arena, &l->diags, &l->p, &l->err);
    return l->status;
}

static void test_file(void **state) {
    (void)state;
    char folder[] = "/tmp/weir-spec-XXXXXX", path[100], want[100];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/my job.yaml", folder);
    write_file(path, FLOW);
    loaded l;
    assert_int_equal(load_file(&l, path), WEIR_OK);
    assert_string_equal(l.p->name, "my_job");
    assert_string_equal(l.p->folder, folder);
    assert_string_equal(l.p->file, path);
    snprintf(want, sizeof want, "%s/.weir", folder);
    assert_string_equal(l.p->state_path, want);
    unload(&l);
    remove(path);
    assert_int_equal(load_file(&l, path), WEIR_USAGE);
    assert_int_equal(l.diags.n, 1);
    assert_non_null(strstr(l.diags.items[0].message, "No such file"));
    assert_int_equal(l.err.status, WEIR_USAGE);
    unload(&l);
    assert_int_equal(load_file(&l, folder), WEIR_USAGE);
    unload(&l);
    rmdir(folder);
}

static void test_secret_file(void **state) {
    (void)state;
    char folder[] = "/tmp/weir-spec-XXXXXX", path[100], secret[100];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/p.yaml", folder);
    snprintf(secret, sizeof secret, "%s/key", folder);
    write_file(secret, "canary-7\r\n");
    write_file(
        path, "connections: { w: { type: sqlite, path: w.db, password: \"${file:key}\" } }\n" FLOW);
    loaded l;
    assert_int_equal(load_file(&l, path), WEIR_OK);
    assert_string_equal(((const base_config *)l.p->connections[0].config)->password, "canary-7");
    unload(&l);
    remove(secret);
    assert_int_equal(load_file(&l, path), WEIR_USAGE);
    assert_int_equal(l.diags.items[0].line, 1);
    assert_non_null(strstr(l.diags.items[0].message, "${file:key}: cannot be read: "));
    unload(&l);
    remove(path);
    rmdir(folder);
}

static void test_large_file_is_refused(void **state) {
    (void)state;
    char path[] = "/tmp/weir-spec-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (8 << 20) + 1), 0);
    close(fd);
    loaded l;
    assert_int_equal(load_file(&l, path), WEIR_USAGE);
    assert_string_equal(l.diags.items[0].message, "the file is larger than 8 MiB");
    unload(&l);
    remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_source),
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_sink_and_rejects),
        cmocka_unit_test(test_steps_inherit),
        cmocka_unit_test(test_inline_tests),
        cmocka_unit_test(test_one_flow),
        cmocka_unit_test(test_database_by_extension),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_given_params),
        cmocka_unit_test(test_aliases_and_merge),
        cmocka_unit_test(test_looks_do_not_matter),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_no_value_of_a_variable_is_printed),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_secret_file),
        cmocka_unit_test(test_large_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
