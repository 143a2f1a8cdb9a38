/* Runs, history, positions, rejects, values: what is written is read back, also by another opening.
 */
#include "state_test.h"

#include <sqlite3.h>

#include "state/state_sqlite.h"

static void opening(void **state) {
    (void)state;
    weir_error err = {0};
    weir_state *s = NULL;
    assert_int_equal(weir_state_open("st", false, &s, &err), WEIR_IO);
    assert_int_equal(err.vendor_code, ENOENT);
    assert_null(s);
    OK(weir_state_open("a/b/st", true, &s, &ok_error));
    assert_string_equal(s->place, "a/b/st");
    assert_string_equal(s->store->name, "sqlite");
    weir_state_close(s);
    OK(weir_state_open("a/b/st", false, &s, &ok_error));
    check_sound(s);
    weir_state_close(s);
    weir_state_close(NULL);
    assert_int_equal(mkdir("ro", 0500), 0);
    FILE *f = fopen("file", "w");
    fclose(f);
    assert_int_equal(weir_state_open("file/st", true, &s, &err), WEIR_IO);
}

static void sql(const char *path, const char *text) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void foreign_and_newer(void **state) {
    (void)state;
    weir_error err = {0};
    weir_state *s = open_state();
    weir_state_close(s);
    s = NULL;
    sql("st/state.db", "pragma user_version = 99");
    assert_int_equal(weir_state_open("st", true, &s, &err), WEIR_DATA);
    assert_true(strstr(err.message, "newer weir") && strstr(err.message, "99"));
    assert_true(err.hint[0] != 0);
    assert_int_equal(mkdir("other", 0777), 0);
    sql("other/state.db", "create table t(a)");
    assert_int_equal(weir_state_open("other", true, &s, &err), WEIR_DATA);
    assert_true(strstr(err.message, "not a state of weir") != NULL);
    assert_int_equal(mkdir("junk", 0777), 0);
    FILE *f = fopen("junk/state.db", "w");
    for (int i = 0; i < 1000; i++) fputs("no database at all ", f);
    fclose(f);
    assert_int_equal(weir_state_open("junk", true, &s, &err), WEIR_DATA);
    assert_true(strstr(err.hint, "backup") != NULL);
    assert_null(s);
}

/* A database of an earlier version is brought up in one transaction, or stays as it was. */
static void upgrade(void **state) {
    (void)state;
    static const char *const steps[] = {"create table a(x)",
                                        "create table b(y); insert into b select x + 1 from a",
                                        "create table c(z); insert into nowhere values(1)"};
    weir_error err = {0};
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open("u.db", &db), SQLITE_OK);
    OK(weir_statedb_migrate(db, "u.db", steps, 1, &ok_error));
    assert_int_equal(sqlite3_exec(db, "insert into a values(41)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(weir_statedb_migrate(db, "u.db", steps, 3, &err),
                         WEIR_OK); /* step 3 fails: none is kept */
    assert_int_equal(sqlite3_exec(db, "select * from b", NULL, NULL, NULL), SQLITE_ERROR);
    OK(weir_statedb_migrate(db, "u.db", steps, 2, &ok_error));
    OK(weir_statedb_migrate(db, "u.db", steps, 2, &ok_error));
    assert_int_equal(
        sqlite3_prepare_v2(db, "select y, (select user_version from pragma_user_version) from b",
                           -1, &stmt, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(stmt, 0), 42);
    assert_int_equal(sqlite3_column_int(stmt, 1), 2);
    sqlite3_finalize(stmt);
    assert_int_equal(weir_statedb_migrate(db, "u.db", steps, 1, &err), WEIR_DATA); /* now too new */
    sqlite3_close(db);
}

static void begin_run(weir_state *s, const char *id, const char *pipeline, int64_t started) {
    weir_state_run run = {.id = id,
                          .pipeline = pipeline,
                          .file = "p.yaml",
                          .fingerprint = "f1",
                          .version = "0.1",
                          .trigger = "manual",
                          .host = "h",
                          .pid = 7,
                          .started_us = started};
    OK(weir_state_run_begin(s, &run, &ok_error));
}

static void runs(void **state) {
    (void)state;
    weir_error err = {0};
    weir_state *s = open_state();
    char id[WEIR_RUN_ID_SIZE], id2[WEIR_RUN_ID_SIZE];
    weir_clock_fake(0, 1795365901000000); /* 2026-11-22 16:45:01 */
    OK(weir_state_run_id(s, id, &ok_error));
    OK(weir_state_run_id(s, id2, &ok_error));
    weir_clock_real();
    assert_int_equal(strlen(id), 20);
    assert_memory_equal(id, "20261122-164501-", 16);
    assert_int_equal(strspn(id + 16, "0123456789abcdef"), 4);
    begin_run(s, "r1", "p", 1000000);
    begin_run(s, "r2", "q", 2000000);
    weir_state_run again = {.id = "r1", .pipeline = "p"};
    assert_int_equal(weir_state_run_begin(s, &again, &err), WEIR_INTERNAL);
    assert_int_equal(weir_state_run_begin(s, &(weir_state_run){.id = "x"}, &err), WEIR_INTERNAL);
    weir_state_operator ops[] = {
        {"read", 10, 0, 10, 0, 0, 0}, {"filter", 10, 0, 7, 0, 3, 0}, {"load", 7, 0, 6, 1, 0, 0}};
    weir_state_step step = {.step = "orders",
                            .source = "in.csv",
                            .sink = "out",
                            .status = WEIR_RUN_RUNNING,
                            .started_us = 1000000};
    OK(weir_state_step_put(s, "r1", &step, &ok_error));
    step = (weir_state_step){.step = "orders",
                             .source = "in.csv",
                             .sink = "out",
                             .status = WEIR_RUN_OK,
                             .started_us = 1000000,
                             .duration_us = 5,
                             .attempts = 1,
                             .rows_in = 10,
                             .inserted = 1,
                             .updated = 2,
                             .unchanged = 2,
                             .stale = 1,
                             .rejected = 1,
                             .filtered = 3,
                             .bytes_in = UINT64_MAX,
                             .n_operators = 3,
                             .operators = ops};
    OK(weir_state_step_put(s, "r1", &step, &ok_error));
    assert_int_equal(weir_state_step_put(s, "nope", &step, &err), WEIR_INTERNAL);
    assert_true(strstr(err.message, "nope") != NULL);
    OK(weir_state_run_end(s, "r1", WEIR_RUN_PARTIAL, 4, "one file: \"x\"\n", &ok_error));
    OK(weir_state_run_end(s, "r1", WEIR_RUN_OK, 0, "", &ok_error)); /* no effect */
    OK(weir_state_run_end(s, "unknown", WEIR_RUN_OK, 0, "", &ok_error));
    weir_state_close(s);

    s = open_state();
    weir_state_result r = query(s, WEIR_STATE_RUNS, NULL);
    assert_int_equal(r.rows, 2);
    assert_false(r.more);
    assert_string_equal(cell(&r, 0, "run_id"), "r1");
    assert_string_equal(cell(&r, 0, "status"), "partial");
    assert_string_equal(cell(&r, 0, "exit_code"), "4");
    assert_string_equal(cell(&r, 0, "error"), "one file: \"x\"\n");
    assert_string_equal(cell(&r, 0, "loaded"), "6");
    assert_string_equal(cell(&r, 0, "rows_in"), "10");
    assert_string_equal(cell(&r, 0, "rejected"), "1");
    assert_string_equal(cell(&r, 0, "host"), "h");
    assert_string_equal(cell(&r, 0, "pid"), "7");
    assert_string_not_equal(cell(&r, 0, "ended"), "NULL");
    assert_string_equal(cell(&r, 1, "status"), "running");
    assert_string_equal(cell(&r, 1, "ended"), "NULL");
    assert_string_equal(cell(&r, 1, "exit_code"), "NULL");
    weir_state_result_clear(&r);
    r = query(s, WEIR_STATE_STEPS, NULL);
    assert_int_equal(r.rows, 1);
    assert_string_equal(cell(&r, 0, "pipeline"), "p");
    assert_string_equal(cell(&r, 0, "status"), "ok");
    assert_string_equal(cell(&r, 0, "loaded"), "6");
    assert_string_equal(cell(&r, 0, "bytes_in"), "9223372036854775807");
    weir_state_result_clear(&r);
    r = query(s, WEIR_STATE_OPERATORS, NULL);
    assert_int_equal(r.rows, 3);
    assert_string_equal(cell(&r, 1, "operator"), "filter");
    assert_string_equal(cell(&r, 1, "in"), "10");
    assert_string_equal(cell(&r, 1, "out"), "7");
    assert_string_equal(cell(&r, 1, "filtered"), "3");
    weir_state_result_clear(&r);
    /* An operator that does not balance is found. */
    ops[0].out = 9;
    OK(weir_state_step_put(s, "r1", &step, &ok_error));
    weir_buf findings = {0};
    OK(weir_state_check(s, &findings, &ok_error));
    assert_true(strstr(weir_buf_cstr(&findings), "operator read") != NULL);
    weir_buf_clear(&findings);
    weir_state_close(s);
}

static void filters(void **state) {
    (void)state;
    weir_state *s = open_state();
    char id[32];
    for (int i = 0; i < 50; i++) {
        snprintf(id, sizeof id, "2026010%d-%02d", i / 10, i);
        begin_run(s, id, i % 2 ? "odd" : "even", 1000 + i);
        if (i % 5 == 0) OK(weir_state_run_end(s, id, WEIR_RUN_FAILED, 1, "x", &ok_error));
    }
    assert_int_equal(count(s, WEIR_STATE_RUNS, &(weir_state_filter){.pipeline = "odd"}), 25);
    assert_int_equal(
        count(s, WEIR_STATE_RUNS, &(weir_state_filter){.pipeline = "odd", .status = "failed"}), 5);
    assert_int_equal(count(s, WEIR_STATE_RUNS, &(weir_state_filter){.run_id = "20260103*"}), 10);
    assert_int_equal(count(s, WEIR_STATE_RUNS, &(weir_state_filter){.run_id = "20260103-31"}), 1);
    assert_int_equal(count(s, WEIR_STATE_RUNS, &(weir_state_filter){.run_id = "2026_103*"}), 0);
    assert_int_equal(count(s, WEIR_STATE_RUNS, &(weir_state_filter){.run_id = "*"}), 50);
    assert_int_equal(
        count(s, WEIR_STATE_RUNS, &(weir_state_filter){.since_us = 1010, .until_us = 1020}), 10);
    assert_int_equal(count(s, WEIR_STATE_RUNS, &(weir_state_filter){.pipeline = "o' or 1=1 --"}),
                     0);
    weir_state_result r = query(
        s, WEIR_STATE_RUNS, &(weir_state_filter){.newest_first = true, .limit = 3, .offset = 1});
    assert_int_equal(r.rows, 3);
    assert_true(r.more);
    assert_string_equal(cell(&r, 0, "run_id"), "20260104-48");
    assert_string_equal(cell(&r, 2, "run_id"), "20260104-46");
    weir_state_result_clear(&r);
    r = query(s, WEIR_STATE_RUNS, &(weir_state_filter){.limit = 50});
    assert_false(r.more);
    weir_state_result_clear(&r);
    weir_state_close(s);
}

static void many_rows(void **state) {
    (void)state;
    weir_state *s = open_state();
    begin_run(s, "r", "p", 1);
    weir_state_event *items = calloc(WEIR_STATE_EVENTS_PER_RUN + 50, sizeof *items);
    for (int i = 0; i < WEIR_STATE_EVENTS_PER_RUN + 50; i++)
        items[i] = (weir_state_event){.at_us = 1 + i, .level = "info", .text = "e"};
    items[3].text = "bad \xff byte";
    OK(weir_state_events_add(s, "r", items, 5, &ok_error));
    OK(weir_state_events_add(s, "r", items + 5, WEIR_STATE_EVENTS_PER_RUN + 45, &ok_error));
    OK(weir_state_events_add(s, "r", items, 5, &ok_error));
    weir_state_result r = query(s, WEIR_STATE_EVENTS, NULL);
    assert_int_equal(r.rows, WEIR_STATE_EVENTS_PER_RUN + 1);
    assert_true(r.n > 1);
    assert_string_equal(cell(&r, 3, "text"), "bad \\xff byte");
    assert_string_equal(cell(&r, WEIR_STATE_EVENTS_PER_RUN, "text"),
                        "later events of this run were not kept");
    weir_state_result_clear(&r);
    /* A budget that is too small is an error, and gives all back. */
    weir_ledger ledger;
    weir_error err = {0};
    weir_ledger_init(&ledger, "t", 10000, NULL);
    assert_int_equal(weir_state_query(s, WEIR_STATE_EVENTS, NULL, &ledger, &r, &err),
                     WEIR_RESOURCE);
    assert_int_equal(ledger.used_bytes, 0);
    free(items);
    weir_state_close(s);
}

static void quality_and_documents(void **state) {
    (void)state;
    weir_state *s = open_state();
    begin_run(s, "r", "p", 1);
    weir_state_quality q[] = {{"s", "row_count", 12, true, "min 1", "fail", true},
                              {"s", "null_ratio(c)", 0.25, true, "max 0.1%", "warn", false},
                              {"s", "nothing", 0, false, "", "warn", true}};
    OK(weir_state_quality_add(s, "r", q, 3, &ok_error));
    q[0].value = 13;
    OK(weir_state_quality_add(s, "r", q, 1, &ok_error));
    weir_state_result r = query(s, WEIR_STATE_QUALITY, &(weir_state_filter){.status = "failed"});
    assert_int_equal(r.rows, 1);
    assert_string_equal(cell(&r, 0, "metric"), "null_ratio(c)");
    assert_string_equal(cell(&r, 0, "value"), "0.25");
    assert_string_equal(cell(&r, 0, "passed"), "false");
    weir_state_result_clear(&r);
    r = query(s, WEIR_STATE_QUALITY, &(weir_state_filter){.status = "passed"});
    assert_int_equal(r.rows, 2);
    for (uint64_t i = 0; i < 2; i++)
        assert_string_equal(cell(&r, i, "value"),
                            strcmp(cell(&r, i, "metric"), "nothing") == 0 ? "NULL" : "13");
    weir_state_result_clear(&r);
    OK(weir_state_document_put(s, "r", "s", "lineage", "{}", &ok_error));
    OK(weir_state_document_put(s, "r", "s", "lineage", "{\"a\":1}", &ok_error));
    OK(weir_state_document_put(s, "r", NULL, "plan", "x", &ok_error));
    r = query(s, WEIR_STATE_DOCUMENTS, &(weir_state_filter){.status = "lineage"});
    assert_int_equal(r.rows, 1);
    assert_string_equal(cell(&r, 0, "text"), "{\"a\":1}");
    weir_state_result_clear(&r);
    weir_state_close(s);
}

static void values(void **state) {
    (void)state;
    weir_state *s = open_state();
    weir_buf b = {0};
    bool found = true;
    OK(weir_state_value_get(s, "schema", "k", &b, &found, &ok_error));
    assert_false(found);
    OK(weir_state_value_put(s, "schema", "k", (weir_slice){"a\0b", 3}, &ok_error));
    OK(weir_state_value_put(s, "other", "k", (weir_slice){NULL, 0}, &ok_error));
    OK(weir_state_value_get(s, "schema", "k", &b, &found, &ok_error));
    assert_true(found);
    assert_int_equal(b.size, 3);
    assert_memory_equal(b.data, "a\0b", 3);
    OK(weir_state_value_get(s, "other", "k", &b, &found, &ok_error));
    assert_true(found);
    assert_int_equal(b.size, 3);
    weir_buf_clear(&b);
    weir_state_close(s);
}

static void rejects(void **state) {
    (void)state;
    weir_state *s = open_state();
    begin_run(s, "r1", "p", 1);
    weir_state_reject a = {"rej/a", "csv", 3, "{source}"}, b = {"rej/b", "csv", 1, ""};
    uint64_t marked = 9;
    OK(weir_state_reject_put(s, "r1", "s", 1, &a, &ok_error));
    a.rows = 4;
    OK(weir_state_reject_put(s, "r1", "s", 1, &a, &ok_error));
    OK(weir_state_reject_put(s, "r1", "t", 0, &b, &ok_error));
    assert_int_equal(count(s, WEIR_STATE_REJECTS, &(weir_state_filter){.status = "open"}), 2);
    OK(weir_state_reject_mark(s, "r1", "s", NULL, WEIR_REJECTS_REPLAYED, "r9", &marked, &ok_error));
    assert_int_equal(marked, 1);
    OK(weir_state_reject_mark(s, "r1", NULL, "rej/none", WEIR_REJECTS_DISCARDED, NULL, &marked,
                              &ok_error));
    assert_int_equal(marked, 0);
    weir_state_result r = query(s, WEIR_STATE_REJECTS, &(weir_state_filter){.pipeline = "p"});
    assert_int_equal(r.rows, 2);
    assert_string_equal(cell(&r, 0, "rows"), "4");
    assert_string_equal(cell(&r, 0, "state"), "replayed");
    assert_string_equal(cell(&r, 0, "replayed_by"), "r9");
    assert_string_equal(cell(&r, 0, "source"), "{source}");
    assert_string_equal(cell(&r, 1, "replayed_by"), "NULL");
    weir_state_result_clear(&r);
    weir_state_close(s);
}

static void pruning(void **state) {
    (void)state;
    weir_state *s = open_state();
    weir_clock_fake(0, 5000000);
    weir_state_reject a = {"rej/a", "csv", 3, ""};
    begin_run(s, "old", "p", 1);
    begin_run(s, "old-open", "p", 1);
    begin_run(s, "old-replayed", "p", 1);
    begin_run(s, "old-running", "p", 1);
    begin_run(s, "new", "p", 1);
    OK(weir_state_events_add(s, "old", &(weir_state_event){.text = "x"}, 1, &ok_error));
    OK(weir_state_step_put(s, "old",
                           &(weir_state_step){.step = "s",
                                              .n_operators = 1,
                                              .operators = &(weir_state_operator){.name = "o"}},
                           &ok_error));
    OK(weir_state_reject_put(s, "old-open", "s", 1, &a, &ok_error));
    OK(weir_state_reject_put(s, "old-replayed", "s", 1, &a, &ok_error));
    OK(weir_state_reject_mark(s, "old-replayed", NULL, NULL, WEIR_REJECTS_REPLAYED, "x", NULL,
                              &ok_error));
    OK(weir_state_run_end(s, "old", WEIR_RUN_OK, 0, NULL, &ok_error));
    OK(weir_state_run_end(s, "old-open", WEIR_RUN_OK, 0, NULL, &ok_error));
    OK(weir_state_run_end(s, "old-replayed", WEIR_RUN_OK, 0, NULL, &ok_error));
    weir_clock_fake(0, 9000000);
    OK(weir_state_run_end(s, "new", WEIR_RUN_OK, 0, NULL, &ok_error));
    uint64_t n = 99;
    OK(weir_state_prune(s, 6000000, &n, &ok_error));
    weir_clock_real();
    assert_int_equal(n, 2);
    assert_int_equal(count(s, WEIR_STATE_RUNS, NULL), 3);
    assert_int_equal(count(s, WEIR_STATE_RUNS, &(weir_state_filter){.run_id = "old"}), 0);
    assert_int_equal(count(s, WEIR_STATE_EVENTS, NULL) + count(s, WEIR_STATE_STEPS, NULL) +
                         count(s, WEIR_STATE_OPERATORS, NULL),
                     0);
    assert_int_equal(count(s, WEIR_STATE_REJECTS, NULL), 1);
    check_sound(s);
    weir_state_close(s);
}

/* Every table of the query has a schema that its batches follow, also when it is empty. */
static void all_tables(void **state) {
    (void)state;
    weir_state *s = open_state();
    weir_state_filter f = {.pipeline = "p",
                           .step = "s",
                           .status = "x",
                           .run_id = "r*",
                           .since_us = 1,
                           .until_us = 2,
                           .newest_first = true,
                           .limit = 1,
                           .offset = 1};
    for (int w = 0; w < WEIR_STATE_WHAT_COUNT; w++) {
        weir_schema *schema = NULL;
        OK(weir_state_schema((weir_state_what)w, &schema, &ok_error));
        weir_state_result r = query(s, (weir_state_what)w, NULL),
                          r2 = query(s, (weir_state_what)w, &f);
        assert_true(weir_schema_equal(schema, r.schema));
        assert_true(weir_schema_equal(schema, r2.schema));
        weir_state_result_clear(&r);
        weir_state_result_clear(&r2);
        weir_schema_release(schema);
    }
    weir_error err = {0};
    weir_state_result r = {0};
    assert_int_equal(weir_state_query(s, WEIR_STATE_WHAT_COUNT, NULL, NULL, &r, &err),
                     WEIR_INTERNAL);
    weir_state_close(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
    weir_fault_init();
    const struct CMUnitTest tests[] = {
        T(opening),    T(foreign_and_newer),     T(upgrade), T(runs),    T(filters),
        T(many_rows),  T(quality_and_documents), T(values),  T(rejects), T(pruning),
        T(all_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
