/* A module from outside, tests/support/modules/example_module.c, behind the `module` connector:
 * loaded from its file, run through the engine, its errors, refusals and recovery. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "connect/module.h"
#include "engine/coordinator.h"
#include "support/connectors.h"

/* ---- a run's surroundings -------------------------------------------------------------------- */

typedef struct rig {
    char folder[64], module[512];
    weir_state *state;
    weir_lease *lease;
    weir_arena arena;
    weir_ledger ledger;
    weir_cancel cancel;
    weir_diags diags;
    weir_env env;
    char run_id[WEIR_RUN_ID_SIZE];
    test_sink_log log;
    test_source_config numbers;
    test_sink_config logged;
    weir_module_config source_file, sink_file;
    weir_module_end source_end, sink_end;
    const char *source_names[8], *source_values[8], *sink_names[8], *sink_values[8];
    weir_opt_columns columns;
    weir_flow_config config;
    weir_coordinator coordinator;
    weir_account total;
    weir_error err;
} rig;

static void option(weir_module_config *c, const char *name, const char *value) {
    c->options.names[c->options.n] = name;
    c->options.values[c->options.n++] = value;
}

/* source and sink: names of the example's, or NULL for the test's own. */
static rig *rig_new(const char *source, const char *sink) {
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    snprintf(r->folder, sizeof r->folder, "/tmp/weir-module-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    const char *build = getenv("WEIR_BUILD");
    snprintf(r->module, sizeof r->module, "%s/tests/modules/example_module.so",
             build ? build : ".");
    assert_int_equal(weir_state_open(r->folder, true, &r->state, &r->err), WEIR_OK);
    assert_int_equal(weir_state_run_id(r->state, r->run_id, &r->err), WEIR_OK);
    assert_int_equal(weir_state_lease_acquire(r->state, "p", r->run_id, &r->lease, &r->err),
                     WEIR_OK);
    weir_state_run run = {.id = r->run_id, .pipeline = "p", .trigger = "test"};
    assert_int_equal(weir_state_run_begin(r->state, &run, &r->err), WEIR_OK);
    weir_ledger_init(&r->ledger, "test", (size_t)64 << 20, NULL);
    weir_diags_init(&r->diags, "test");
    r->numbers = (test_source_config){.rows = 1000, .batch_rows = 128};
    r->logged = (test_sink_config){.log = &r->log, .fail_writer = -1};
    r->env = (weir_env){.folder = r->folder,
                        .pipeline = "p",
                        .step = "s",
                        .run_id = r->run_id,
                        .arena = &r->arena,
                        .ledger = &r->ledger,
                        .cancel = &r->cancel,
                        .now_us = weir_clock_wall_us(),
                        .threads = 2,
                        .memory_bytes = (size_t)64 << 20};
    r->source_file = (weir_module_config){r->module, {0, r->source_names, r->source_values}};
    r->sink_file = (weir_module_config){r->module, {0, r->sink_names, r->sink_values}};
    r->source_end.connector = source;
    r->sink_end.connector = sink;
    r->config = (weir_flow_config){.source = source ? &weir_connector_module : &test_source_bounded,
                                   .n_sinks = 1,
                                   .max_ratio = -1,
                                   .max_rows = -1};
    r->config.source_request.columns = &r->columns;
    r->config.source_request.config = source ? (void *)&r->source_end : (void *)&r->numbers;
    r->config.source_request.connection = source ? &r->source_file : NULL;
    r->config.sinks[0] = (weir_flow_sink){
        .connector = sink ? &weir_connector_module : &test_sink_one, .name = "sink"};
    r->config.sinks[0].request.config = sink ? (void *)&r->sink_end : (void *)&r->logged;
    r->config.sinks[0].request.connection = sink ? &r->sink_file : NULL;
    r->coordinator = (weir_coordinator){
        .config = &r->config, .env = &r->env, .lease = r->lease, .step = "s", .reject_source = ""};
    return r;
}

static weir_status rig_run(rig *r) {
    weir_flow *f = NULL;
    weir_status status = weir_flow_open(&r->config, &r->env, NULL, &r->diags, &f, &r->err);
    if (status == WEIR_OK) {
        weir_flow_hooks hooks = weir_coordinator_hooks(&r->coordinator);
        status = weir_flow_run(f, &hooks, &r->total, &r->err);
        if (status != WEIR_OK)
            assert_int_equal(weir_coordinator_abort(&r->coordinator, f, &(weir_error){0}), WEIR_OK);
    }
    weir_flow_close(f);
    return status;
}

static void must_run(rig *r) {
    if (rig_run(r) == WEIR_OK) return;
    char text[2048];
    fail_msg("%s", weir_error_format(&r->err, text, sizeof text));
}

static void rig_free(rig *r) {
    assert_int_equal(atomic_load(&r->ledger.used_bytes), 0);
    weir_free(r->total.operators);
    test_sink_log_clear(&r->log);
    weir_state_lease_release(r->lease);
    weir_state_close(r->state);
    weir_diags_clear(&r->diags);
    weir_arena_clear(&r->arena);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", r->folder);
    assert_int_equal(system(command), 0);
    free(r);
}

/* A file of the rig's folder; "" when it is not there.  Freed by the caller. */
static char *content(const rig *r, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    FILE *f = fopen(path, "rb");
    size_t size = (size_t)1 << 20;
    char *text = calloc(1, size);
    if (f) {
        size = fread(text, 1, size - 1, f);
        fclose(f);
    }
    return text;
}

static void expect_file(const rig *r, const char *name, const char *want) {
    char *have = content(r, name);
    assert_string_equal(have, want);
    free(have);
}

static void write_file(const rig *r, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Parts that the example's sink has not taken away. */
static int parts_left(const rig *r) {
    char command[160];
    snprintf(command, sizeof command, "ls %s/*.part >/dev/null 2>&1", r->folder);
    return system(command) == 0;
}

/* ---- flows ----------------------------------------------------------------------------------- */

static void from_a_module_into_a_module(void **state) {
    (void)state;
    rig *r = rig_new("count", "append");
    option(&r->source_file, "rows", "5");
    option(&r->source_file, "start", "10");
    option(&r->source_file, "batch", "2");
    option(&r->sink_file, "path", "out.txt");
    write_file(r, "out.txt", "before\n");
    must_run(r);
    expect_file(r, "out.txt",
                "before\n10,number 10\n11,number 11\n12,\n13,number 13\n14,number 14\n");
    assert_int_equal(r->total.rows_read, 5);
    assert_int_equal(r->total.rows_loaded, 5);
    assert_int_equal(r->coordinator.loaded.inserted, 5);
    assert_false(parts_left(r));
    rig_free(r);
}

static void many_rows_in_arrays_of_any_size(void **state) {
    (void)state;
    static const char *const sizes[] = {"1", "999", "65535", "65536", "200000"};
    for (int i = 0; i < 5; i++) {
        rig *r = rig_new("count", NULL);
        option(&r->source_file, "rows", i ? "200000" : "500");
        option(&r->source_file, "batch", sizes[i]);
        must_run(r);
        assert_int_equal(r->log.n, i ? 200000 : 500);
        for (size_t k = 0; k < r->log.n; k++) assert_int_equal(r->log.rows[k], k);
        rig_free(r);
    }
}

static void no_rows_are_fine(void **state) {
    (void)state;
    rig *r = rig_new("count", "append");
    option(&r->source_file, "rows", "0");
    option(&r->sink_file, "path", "out.txt");
    must_run(r);
    expect_file(r, "out.txt", "");
    rig_free(r);
}

static void columns_lie_over_the_modules(void **state) {
    (void)state;
    weir_opt_column items[] = {{.name = "number", .type = "string", .from = "n"},
                               {.name = "label", .type = "string", .not_null = true}};
    rig *r = rig_new("count", NULL);
    r->columns = (weir_opt_columns){2, items};
    r->config.source_request.extra = WEIR_EXTRA_DROP;
    option(&r->source_file, "rows", "4");
    const weir_source_ops *ops = weir_connector_module.source;
    void *source = NULL;
    weir_schema *schema = NULL;
    weir_splits splits = {0};
    weir_packet packet = {0};
    weir_read_result result;
    assert_int_equal(ops->open(&r->config.source_request, &r->env, &source, &r->err), WEIR_OK);
    assert_int_equal(ops->enumerate(source, &splits, &r->err), WEIR_OK);
    assert_int_equal(ops->schema(source, &splits, &schema, &r->err), WEIR_OK);
    assert_string_equal(schema->fields[0].name, "number");
    assert_ptr_equal(schema->fields[0].type, weir_type_of(WEIR_STRING));
    for (int time = 0; time < 2; time++) { /* a second reading begins anew */
        assert_int_equal(ops->split_begin(source, &splits.items[0], 0, &r->err), WEIR_OK);
        assert_int_equal(ops->read(source, &packet, &result, &r->err), WEIR_OK);
        assert_int_equal(result, WEIR_READ_PACKET);
        weir_batch *b = packet.batch;
        assert_int_equal(weir_batch_validate(b, &r->err), WEIR_OK);
        assert_int_equal(b->length, 4);
        weir_slice three = weir_column_slice(b->columns[0], 3);
        assert_true(weir_slice_is(three, "3"));
        /* n = 0 and n = 3 have no label */
        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(weir_failures_bad(b->failures, i), i % 3 == 0);
        assert_string_equal(b->failures->items[0].field, "label");
        assert_string_equal(b->failures->items[0].rule, "not null");
        weir_packet_clear(&packet);
        assert_int_equal(ops->read(source, &packet, &result, &r->err), WEIR_OK);
        assert_int_equal(result, WEIR_READ_END);
        assert_int_equal(ops->split_end(source, false, &r->err), WEIR_OK);
    }
    weir_schema_release(schema);
    weir_splits_clear(&splits);
    ops->close(source);
    items[0].from = "nn";
    assert_int_equal(rig_run(r), WEIR_DATA);
    assert_string_equal(r->err.hint, "did you mean n? from: names the column of the source");
    rig_free(r);
}

/* ---- what goes wrong ---------------------------------------------------------------------------
 */

static void a_source_that_breaks_undoes_the_epoch(void **state) {
    (void)state;
    rig *r = rig_new("count", "append");
    option(&r->source_file, "rows", "100000");
    option(&r->source_file, "fail_at", "50000");
    option(&r->sink_file, "path", "out.txt");
    write_file(r, "out.txt", "before\n");
    assert_int_equal(rig_run(r), WEIR_IO);
    assert_string_equal(r->err.message, "the counter broke at 50000");
    assert_string_equal(r->err.hint, "raise fail_at");
    assert_string_equal(r->err.trail, "in next of count");
    expect_file(r, "out.txt", "before\n");
    assert_false(parts_left(r));
    rig_free(r);
}

static void cancel_reaches_the_module(void **state) {
    (void)state;
    rig *r = rig_new("count", "append");
    option(&r->source_file, "rows", "1000000000");
    option(&r->sink_file, "path", "out.txt");
    atomic_store(&r->cancel.requested, 15);
    assert_int_equal(rig_run(r), WEIR_CANCELLED);
    expect_file(r, "out.txt", "");
    rig_free(r);
}

static void expect_usage(rig *r, const char *message, const char *hint) {
    assert_int_equal(rig_run(r), WEIR_USAGE);
    assert_string_equal(r->err.message, message);
    if (hint) assert_string_equal(r->err.hint, hint);
    assert_true(r->err.source[0]);
    rig_free(r);
}

static void settings_are_checked(void **state) {
    (void)state;
    rig *r = rig_new("count", NULL);
    expect_usage(r, "options: rows is missing", "rows: how many rows");
    r = rig_new("count", NULL);
    option(&r->source_file, "rowz", "1");
    expect_usage(r, "options: the module knows no rowz", "did you mean rows?");
    r = rig_new("count", NULL);
    option(&r->source_file, "rows", "many");
    expect_usage(r, "rows: \"many\" is no number from 0 on", NULL);
    r = rig_new("kount", NULL);
    expect_usage(r, "connector: the module example has no source kount", "there is: count");
    r = rig_new("count", "append");
    option(&r->source_file, "rows", "1");
    option(&r->sink_file, "path", "out.txt");
    r->config.sinks[0].request.mode = WEIR_MODE_REPLACE;
    expect_usage(r, "append of the module does not offer mode replace", NULL);
    r = rig_new(NULL, "append"); /* numbers have no label */
    option(&r->sink_file, "path", "out.txt");
    expect_usage(r, "append needs the columns n int64 and label string", NULL);
    r = rig_new("count", "append");
    const char *key[] = {"m"};
    option(&r->source_file, "rows", "1");
    option(&r->sink_file, "path", "out.txt");
    r->config.sinks[0].request.key = (weir_opt_strings){1, key};
    expect_usage(r, "there is no column m", "did you mean n?");
}

static void only_modules_are_loaded(void **state) {
    (void)state;
    rig *r = rig_new("count", NULL);
    r->source_file.path = "no/such.so";
    assert_int_equal(rig_run(r), WEIR_USAGE);
    assert_non_null(strstr(r->err.message, "there is no module "));
    rig_free(r);
    r = rig_new("count", NULL);
    write_file(r, "text.so", "this is no shared object\n");
    r->source_file.path = "text.so"; /* counts from the pipeline's folder */
    assert_int_equal(rig_run(r), WEIR_USAGE);
    assert_non_null(strstr(r->err.message, "text.so is no module of weir: "));
    rig_free(r);
    r = rig_new("count", NULL);
    r->source_file.path = "/tmp";
    assert_int_equal(rig_run(r), WEIR_USAGE);
    rig_free(r);
    r = rig_new(NULL, NULL); /* the only source needs no name */
    r->config.source = &weir_connector_module;
    r->config.source_request.config = &r->source_end;
    r->config.source_request.connection = &r->source_file;
    option(&r->source_file, "rows", "7");
    must_run(r);
    assert_int_equal(r->log.n, 7);
    assert_int_equal(weir_connector_module.check(&r->source_file, &r->env, &r->err), WEIR_OK);
    rig_free(r);
}

/* ---- the sink, call by call
 * ---------------------------------------------------------------------- */

static weir_batch *labels(rig *r, weir_schema *schema, const char *const *texts, uint32_t n) {
    weir_batch *b = NULL;
    weir_builder *builder = NULL;
    assert_int_equal(weir_batch_new(schema, n, &b, &r->err), WEIR_OK);
    assert_int_equal(
        weir_column_new(schema->fields[0].type, n, &r->ledger, &b->columns[0], &r->err), WEIR_OK);
    assert_int_equal(weir_builder_new(schema->fields[1].type, &r->ledger, &builder, &r->err),
                     WEIR_OK);
    for (uint32_t i = 0; i < n; i++) {
        ((int64_t *)b->columns[0]->values)[i] = i;
        assert_int_equal(weir_builder_bytes(builder, texts[i], strlen(texts[i]), &r->err), WEIR_OK);
    }
    assert_int_equal(weir_builder_finish(builder, &b->columns[1], &r->err), WEIR_OK);
    weir_builder_free(builder);
    return b;
}

/* An epoch of the sink up to prepare: the third of the alive rows is refused. */
static void *prepared(rig *r, const weir_epoch *epoch, weir_buf *handle) {
    static const char *const texts[] = {"a", "not alive", "b", "two\nlines", "c"};
    const weir_sink_ops *ops = weir_connector_module.sink;
    const weir_field fields[] = {{"n", weir_type_of(WEIR_INT64), true},
                                 {"label", weir_type_of(WEIR_STRING), false}};
    weir_schema *schema = NULL;
    void *sink = NULL, *writer = NULL;
    weir_ctx ctx = {.ledger = &r->ledger};
    assert_int_equal(weir_schema_new(fields, 2, &schema, &r->err), WEIR_OK);
    assert_int_equal(ops->open(&r->config.sinks[0].request, &r->env, schema, &sink, &r->err),
                     WEIR_OK);
    assert_int_equal(ops->begin(sink, epoch, &r->err), WEIR_OK);
    assert_int_equal(ops->writer_new(sink, 0, &ctx, &writer, &r->err), WEIR_OK);
    weir_piece piece = {.batch = labels(r, schema, texts, 5)};
    uint64_t keep = 0x1D;
    assert_int_equal(weir_batch_keep(piece.batch, &keep, &r->err), WEIR_OK);
    assert_int_equal(ops->write(writer, &ctx, &piece, &r->err), WEIR_OK);
    assert_int_equal(piece.batch->failures->n, 1);
    assert_int_equal(piece.batch->failures->items[0].row, 3); /* the physical row */
    assert_string_equal(piece.batch->failures->items[0].field, "label");
    assert_string_equal(piece.batch->failures->items[0].reason, "a label must be one line");
    weir_batch_free(piece.batch);
    assert_int_equal(ops->prepare(writer, handle, &r->err), WEIR_OK);
    ops->writer_free(writer);
    weir_schema_release(schema);
    return sink;
}

static const weir_epoch one = {
    .number = 1, .token = "r-1.s.1", .pipeline = "p", .step = "s", .sink = "sink", .run_id = "r-1"};

static void refused_rows_are_not_counted(void **state) {
    (void)state;
    rig *r = rig_new(NULL, "append");
    option(&r->sink_file, "path", "out.txt");
    const weir_sink_ops *ops = weir_connector_module.sink;
    weir_buf handle = {0};
    weir_load_counts counts = {0};
    void *sink = prepared(r, &one, &handle);
    weir_slice slice = {handle.data, handle.size};
    expect_file(r, "out.txt", "");
    assert_int_equal(ops->commit(sink, &one, &slice, 1, &counts, &r->err), WEIR_OK);
    assert_int_equal(counts.inserted, 3);
    expect_file(r, "out.txt", "0,a\n2,b\n4,c\n");
    assert_int_equal(ops->commit(sink, &one, &slice, 1, &counts, &r->err),
                     WEIR_OK); /* idempotent */
    expect_file(r, "out.txt", "0,a\n2,b\n4,c\n");
    slice.size = 5; /* a damaged intent */
    assert_int_equal(ops->commit(sink, &one, &slice, 1, &counts, &r->err), WEIR_INTERNAL);
    ops->close(sink);
    weir_buf_clear(&handle);
    rig_free(r);
}

static void a_decided_epoch_is_recovered(void **state) {
    (void)state;
    for (int half = 0; half < 2; half++) {
        rig *r = rig_new(NULL, "append");
        option(&r->sink_file, "path", "out.txt");
        const weir_sink_ops *ops = weir_connector_module.sink;
        const weir_sink_request *request = &r->config.sinks[0].request;
        weir_buf handle = {0};
        write_file(r, "out.txt", "before\n");
        ops->close(prepared(r, &one, &handle)); /* the process dies after the decision */
        if (half) write_file(r, "out.txt", "before\n0,a\n2,"); /* in the middle of the commit */
        weir_slice slice = {handle.data, handle.size};
        for (int time = 0; time < 2; time++) {
            weir_load_counts counts = {0};
            weir_recovery found = WEIR_RECOVER_LOST;
            assert_int_equal(
                ops->recover(request, &r->env, &one, &slice, 1, &counts, &found, &r->err), WEIR_OK);
            assert_int_equal(found, WEIR_RECOVER_DONE);
            assert_int_equal(counts.inserted, 3);
            expect_file(r, "out.txt", "before\n0,a\n2,b\n4,c\n");
        }
        assert_false(parts_left(r));
        weir_buf_clear(&handle);
        rig_free(r);
    }
}

static void an_undecided_epoch_is_discarded(void **state) {
    (void)state;
    rig *r = rig_new(NULL, "append");
    option(&r->sink_file, "path", "out.txt");
    const weir_sink_ops *ops = weir_connector_module.sink;
    const weir_sink_request *request = &r->config.sinks[0].request;
    weir_buf handle = {0};
    ops->close(prepared(r, &one, &handle));
    assert_true(parts_left(r));
    assert_int_equal(ops->discard(request, &r->env, &one, &r->err), WEIR_OK);
    assert_int_equal(ops->discard(request, &r->env, &one, &r->err), WEIR_OK);
    assert_false(parts_left(r));
    expect_file(r, "out.txt", "");
    weir_buf_clear(&handle);
    rig_free(r);
}

/* ---- errors of a careless module
 * ------------------------------------------------------------------ */

static void a_modules_error_is_made_fit(void **state) {
    (void)state;
    weir_module_config config = {.path = "x.so"};
    weir_error own = {0}, err = {0};
    assert_int_equal(weir_module_fault(&config, "c", "next", WEIR_IO, &own, &err), WEIR_IO);
    assert_string_equal(err.message, "next failed and said nothing");
    assert_string_equal(err.source, "x.so");
    assert_int_equal(weir_module_fault(&config, "c", "next", (weir_status)99, &own, &err),
                     WEIR_INTERNAL);
    memset(&own, 'A', sizeof own); /* no text ends */
    own.status = WEIR_DATA;
    assert_int_equal(weir_module_fault(&config, "c", "next", WEIR_DATA, &own, &err), WEIR_DATA);
    assert_true(strlen(err.message) < sizeof err.message);
    own = (weir_error){.status = WEIR_IO, .message = "two\nlines \x1b[2J"};
    assert_int_equal(weir_module_fault(&config, "c", "next", WEIR_IO, &own, &err), WEIR_IO);
    assert_null(strpbrk(err.message, "\n\x1b"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_a_module_into_a_module),
        cmocka_unit_test(many_rows_in_arrays_of_any_size),
        cmocka_unit_test(no_rows_are_fine),
        cmocka_unit_test(columns_lie_over_the_modules),
        cmocka_unit_test(a_source_that_breaks_undoes_the_epoch),
        cmocka_unit_test(cancel_reaches_the_module),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(only_modules_are_loaded),
        cmocka_unit_test(refused_rows_are_not_counted),
        cmocka_unit_test(a_decided_epoch_is_recovered),
        cmocka_unit_test(an_undecided_epoch_is_discarded),
        cmocka_unit_test(a_modules_error_is_made_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
