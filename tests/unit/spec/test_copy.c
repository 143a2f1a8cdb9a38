/* `weir copy SRC DST` as a pipeline, and the JSON Schema. */
#include "registry.h"
#include "spec/yaml.h"

static void copy(loaded *l, const char *from, const char *to, const weir_copy_options *o) {
    memset(l, 0, sizeof *l);
    weir_diags_init(&l->diags, NULL);
    l->status =
        weir_pipeline_from_copy(from, to, o, &test_registry, &l->arena, &l->diags, &l->p, &l->err);
}

static void copy_fails(const char *from, const char *to, const weir_copy_options *o,
                       const char *want) {
    loaded l;
    copy(&l, from, to, o);
    char *got = printed(&l.diags);
    assert_string_equal(got, want);
    assert_int_equal(l.status, WEIR_USAGE);
    weir_free(got);
    unload(&l);
}

static void test_files(void **state) {
    (void)state;
    loaded l;
    weir_copy_options o = {.mode = "replace",
                           .columns = "id:int64!,amount:decimal(10,2),name",
                           .rejects = "bad.csv",
                           .max_ratio = "1%",
                           .memory = "64MiB",
                           .threads = "3",
                           .incremental = true};
    copy(&l, "in/*.csv.gz", "out/x.ndjson", &o);
    expect_good(&l);
    const weir_flow_spec *f = &l.p->steps[0].flow;
    assert_string_equal(((const file_config *)f->source.request.config)->path.items[0],
                        "in/*.csv.gz");
    assert_ptr_equal(f->source.request.format, &fake_csv);
    assert_int_equal(f->source.incremental.by, WEIR_INCREMENTAL_FILES);
    assert_int_equal(f->source.columns.n, 3);
    assert_true(f->source.columns.items[0].not_null);
    assert_string_equal(f->source.columns.items[1].type, "decimal(10,2)");
    assert_null(f->source.columns.items[2].type);
    assert_ptr_equal(f->sink.request.format, &fake_ndjson);
    assert_int_equal(f->sink.request.mode, WEIR_MODE_REPLACE);
    assert_true(f->rejects.has_sink);
    assert_true(f->rejects.max_ratio == 0.01);
    assert_int_equal(l.p->memory_bytes, 64u << 20);
    assert_int_equal(l.p->threads, 3);
    assert_string_equal(l.p->state_path, "out/.weir");
    assert_true(strncmp(l.p->name, "copy-", 5) == 0);
    unload(&l);
}

static void test_databases(void **state) {
    (void)state;
    loaded l;
    weir_copy_options o = {.table = "t", .mode = "upsert", .key = "a,b", .version = "v"};
    copy(&l, "a.csv", "sqlite:///tmp/x.file", &o);
    expect_good(&l);
    const weir_sink_spec *s = &l.p->steps[0].flow.sink;
    assert_string_equal(((const base_config *)s->request.connection)->path, "/tmp/x.file");
    assert_string_equal(((const table_config *)s->request.config)->table, "t");
    assert_int_equal(s->request.key.n, 2);
    assert_string_equal(s->request.key.items[1], "b");
    assert_string_equal(l.p->state_path, "/tmp/.weir");
    unload(&l);
    o = (weir_copy_options){.table = "t"};
    copy(&l, "a.db", "b.csv", &o);
    expect_good(&l);
    assert_string_equal(((const table_config *)l.p->steps[0].flow.source.request.config)->table,
                        "t");
    assert_string_equal(l.p->state_path, ".weir");
    unload(&l);
    o = (weir_copy_options){.table = "t", .query = "select 1"};
    copy(&l, "sqlite:a.x", "b.db", &o);
    expect_good(&l);
    const table_config *from = l.p->steps[0].flow.source.request.config;
    assert_null(from->table);
    assert_string_equal(from->query, "select 1");
    unload(&l);
}

static void test_pipes(void **state) {
    (void)state;
    loaded l;
    weir_copy_options o = {.source_format = "csv", .target_format = "ndjson"};
    setenv("XDG_STATE_HOME", "/tmp/state", 1);
    copy(&l, "-", "-", &o);
    expect_good(&l);
    assert_string_equal(l.p->state_path, "/tmp/state/weir");
    unload(&l);
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/home/x", 1);
    copy(&l, "-", "-", &o);
    assert_string_equal(l.p->state_path, "/home/x/.local/state/weir");
    unload(&l);
}

/* Positions are kept by name: two copies may not share one. */
static void test_names_differ(void **state) {
    (void)state;
    loaded a, b, c;
    copy(&a, "a.csv", "b.csv", NULL);
    copy(&b, "a.csv", "c.csv", NULL);
    copy(&c, "a.csv", "b.csv", NULL);
    assert_string_not_equal(a.p->name, b.p->name);
    assert_string_equal(a.p->name, c.p->name);
    unload(&a);
    unload(&b);
    unload(&c);
}

static void test_copy_faults(void **state) {
    (void)state;
    copy_fails("s3://b/x.csv", "b.csv", NULL,
               "SRC: s3:// is not available in this version; give a path, or sqlite:PATH\n");
    copy_fails("a.csv", "sqlite:", NULL, "DST: names nothing; give a path\n");
    copy_fails("a.csv", "b.db", NULL, "--table: is missing; name the table to load\n");
    copy_fails(
        "a.db", "b.csv", NULL,
        "--table: is missing; name the table to read; `weir preview a.db` says which there are\n");
    copy_fails("a.db", "b.db", &(weir_copy_options){.table = "t"},
               "--source-table: is missing; name the table to read; `weir preview a.db` says which "
               "there are\n");
    copy_fails("-", "x.txt", NULL,
               "SRC: the format does not follow from the name \"-\"; give --format, one of: "
               "csv, ndjson, xml\n"
               "DST: the format does not follow from the name \"x.txt\"; give --to-format, one of: "
               "csv, ndjson, xml\n");
    copy_fails("a.csv", "b.csv", &(weir_copy_options){.mode = "upsert"},
               "mode: file does not offer upsert; it offers append, replace\n");
    copy_fails("a.csv", "b.db", &(weir_copy_options){.table = "t", .key = "id"},
               "--key: has no meaning without a mode that compares rows; add --mode upsert, or "
               "leave --key out\n");
    copy_fails("a.csv", "b.db", &(weir_copy_options){.table = "t", .key = "id", .mode = "append"},
               "key: has no meaning with mode: append; remove it, or write mode: upsert\n");
    copy_fails("a.csv", "b.csv", &(weir_copy_options){.memory = "much"},
               "memory: \"much\" is not a size; write a number with a unit, such as 64KiB or "
               "512MiB\n");
}

static void test_short_memory(void **state) {
    (void)state;
    int refused = 0;
    for (size_t cap = 256; cap < 60000; cap += 512) {
        weir_arena arena = {.max_bytes = cap};
        weir_diags diags;
        weir_pipeline *p = NULL;
        weir_error err = {0};
        weir_copy_options o = {.columns = "a:int64,b", .max_ratio = "1%", .rejects = "r.csv"};
        weir_diags_init(&diags, NULL);
        weir_status status =
            weir_pipeline_from_copy("a.csv", "b.csv", &o, &test_registry, &arena, &diags, &p, &err);
        assert_true(status == WEIR_RESOURCE || (status == WEIR_OK && p));
        refused += status == WEIR_RESOURCE;
        weir_diags_clear(&diags);
        weir_arena_clear(&arena);
    }
    assert_in_range(refused, 3, 100);
}

/* ---- schema -------------------------------------------------------------------------------- */

/* JSON is YAML: read by our own reader, which also refuses keys that stand twice. */
static void test_schema(void **state) {
    (void)state;
    weir_buf b = {0};
    assert_true(weir_pipeline_schema(&test_registry, &b));
    weir_arena arena = {0};
    weir_diags diags;
    weir_node *root = NULL;
    weir_diags_init(&diags, "schema");
    weir_status status = weir_yaml_parse((weir_slice){b.data, b.size}, NULL, &arena, &diags, &root);
    char *errors = printed(&diags);
    if (errors[0]) fail_msg("%s", errors);
    weir_free(errors);
    assert_int_equal(status, WEIR_OK);
    const weir_node *keys = weir_node_get(root, "properties");
    const weir_node *definitions = weir_node_get(root, "definitions");
    static const char *const top[] = {"weir",    "name",   "connections", "steps",
                                      "source",  "sink",   "transform",   "validate",
                                      "rejects", "limits", "tests"};
    for (size_t i = 0; i < sizeof top / sizeof *top; i++)
        assert_non_null(weir_node_get(keys, top[i]));
    assert_non_null(weir_node_get(keys, "route"));
    assert_null(weir_node_get(keys, "from"));
    const weir_node *source = weir_node_get(weir_node_get(definitions, "source"), "properties");
    static const char *const in_source[] = {"path",    "table",       "query",      "delimiter",
                                            "columns", "incremental", "compression"};
    for (size_t i = 0; i < sizeof in_source / sizeof *in_source; i++)
        assert_non_null(weir_node_get(source, in_source[i]));
    const weir_node *ops = weir_node_get(weir_node_get(definitions, "operator"), "properties");
    assert_int_equal(ops->n, 3);
    assert_non_null(weir_node_get(ops, "validate"));
    weir_diags_clear(&diags);
    weir_arena_clear(&arena);
    weir_buf_clear(&b);
}

static void test_tables_for_the_pages(void **state) {
    (void)state;
    const char *name, *summary;
    size_t n = 0;
    const weir_option *table;
    for (; (table = weir_pipeline_table(n, &name, &summary)) != NULL; n++) {
        weir_buf b = {0};
        assert_true(weir_option_markdown(table, &b));
        assert_true(b.size > 100 && name[0] && summary[0]);
        weir_buf_clear(&b);
        for (const weir_option *r = table; r->name; r++)
            if (!(r->flags & WEIR_OPT_HIDDEN)) assert_true(r->help && r->since);
    }
    assert_int_equal(n, 14);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),       cmocka_unit_test(test_databases),
        cmocka_unit_test(test_pipes),       cmocka_unit_test(test_names_differ),
        cmocka_unit_test(test_copy_faults), cmocka_unit_test(test_short_memory),
        cmocka_unit_test(test_schema),      cmocka_unit_test(test_tables_for_the_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
