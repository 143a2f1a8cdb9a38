/* The engine over test-only connectors: order, endless epochs, writers that fail, refused rows,
 * slow sinks, accounts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/coordinator.h"
#include "support/connectors.h"

/* A whole run's surroundings, with real state in a folder of its own. */
typedef struct rig {
    char folder[64];
    weir_state *state;
    weir_lease *lease;
    weir_arena arena;
    weir_ledger ledger;
    weir_cancel cancel;
    weir_diags diags;
    weir_env env;
    char run_id[WEIR_RUN_ID_SIZE];
    test_sink_log log;
    test_source_config source;
    test_sink_config sink;
    weir_flow_config config;
    weir_coordinator coordinator;
    weir_account total;
    weir_error err;
} rig;

static rig *rig_new(const weir_connector *source, const weir_connector *sink, uint32_t threads) {
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    snprintf(r->folder, sizeof r->folder, "/tmp/weir-flow-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    assert_int_equal(weir_state_open(r->folder, true, &r->state, &r->err), WEIR_OK);
    assert_int_equal(weir_state_run_id(r->state, r->run_id, &r->err), WEIR_OK);
    assert_int_equal(weir_state_lease_acquire(r->state, "p", r->run_id, &r->lease, &r->err),
                     WEIR_OK);
    weir_state_run run = {.id = r->run_id, .pipeline = "p", .trigger = "test"};
    assert_int_equal(weir_state_run_begin(r->state, &run, &r->err), WEIR_OK);
    weir_ledger_init(&r->ledger, "test", (size_t)64 << 20, NULL);
    weir_diags_init(&r->diags, "test");
    r->source = (test_source_config){.rows = 10000, .batch_rows = 128};
    r->sink = (test_sink_config){.log = &r->log, .fail_writer = -1};
    r->env = (weir_env){.folder = ".",
                        .pipeline = "p",
                        .step = "s",
                        .run_id = r->run_id,
                        .arena = &r->arena,
                        .ledger = &r->ledger,
                        .cancel = &r->cancel,
                        .now_us = weir_clock_wall_us(),
                        .threads = threads,
                        .memory_bytes = (size_t)64 << 20};
    r->config = (weir_flow_config){.source = source, .n_sinks = 1, .max_ratio = -1, .max_rows = -1};
    r->config.source_request.config = &r->source;
    r->config.sinks[0] = (weir_flow_sink){.connector = sink, .name = "sink"};
    r->config.sinks[0].request.config = &r->sink;
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

static uint64_t epochs_in_state(rig *r, const char *state) {
    weir_state_filter filter = {.pipeline = "p", .status = state};
    weir_state_result result = {0};
    assert_int_equal(weir_state_query(r->state, WEIR_STATE_EPOCHS, &filter, NULL, &result, &r->err),
                     WEIR_OK);
    uint64_t n = result.rows;
    weir_state_result_clear(&result);
    return n;
}

static void rig_free(rig *r) {
    assert_int_equal(atomic_load(&r->ledger.used_bytes),
                     0); /* nothing is kept, whatever happened */
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

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void one_writer_keeps_source_order(void **state) {
    (void)state;
    const uint32_t threads[] = {1, 2, 7};
    for (int t = 0; t < 3; t++) {
        rig *r = rig_new(&test_source_bounded, &test_sink_one, threads[t]);
        r->source.splits = 3;
        assert_int_equal(rig_run(r), WEIR_OK);
        assert_int_equal(r->log.n, 30000);
        for (size_t i = 0; i < r->log.n; i++) assert_int_equal(r->log.rows[i], i % 10000);
        assert_int_equal(r->total.rows_read, 30000);
        assert_int_equal(r->total.rows_loaded, 30000);
        assert_int_equal(r->coordinator.loaded.inserted, 30000);
        assert_int_equal(epochs_in_state(r, "done"), 1);
        rig_free(r);
    }
}

static void many_writers_load_each_row_once(void **state) {
    (void)state;
    rig *r = rig_new(&test_source_bounded, &test_sink_many, 3);
    assert_int_equal(rig_run(r), WEIR_OK);
    assert_int_equal(r->log.writers, 3);
    assert_int_equal(r->log.n, 10000);
    qsort(r->log.rows, r->log.n, sizeof *r->log.rows, by_value);
    for (size_t i = 0; i < r->log.n; i++) assert_int_equal(r->log.rows[i], i);
    rig_free(r);
}

static void an_endless_source_commits_epoch_by_epoch(void **state) {
    (void)state;
    const weir_connector *sinks[] = {&test_sink_one, &test_sink_many};
    for (int s = 0; s < 2; s++) {
        rig *r = rig_new(&test_source_endless, sinks[s], 2);
        r->source.rows = 0;
        r->config.epoch_rows = 1280;
        r->config.max_epochs = 5;
        assert_int_equal(rig_run(r), WEIR_OK);
        assert_int_equal(r->log.epochs, 5);
        assert_int_equal(r->log.n, 5 * 1280);
        qsort(r->log.rows, r->log.n, sizeof *r->log.rows, by_value);
        for (size_t i = 0; i < r->log.n; i++) assert_int_equal(r->log.rows[i], i);
        assert_int_equal(epochs_in_state(r, "done"), 5);
        assert_int_equal(r->total.rows_loaded, 5 * 1280);
        /* the position of the last epoch is what was committed with it */
        weir_state_position position = {0};
        bool found = false;
        assert_int_equal(weir_state_position_get(r->state, "p", "s", "", &r->arena, &position,
                                                 &found, NULL, &r->err),
                         WEIR_OK);
        assert_true(found);
        assert_int_equal(position.bytes.size, 4);
        assert_memory_equal(position.bytes.data, "6400", 4);
        rig_free(r);
    }
}

static void a_cancelled_endless_run_commits_nothing_half(void **state) {
    (void)state;
    rig *r = rig_new(&test_source_endless, &test_sink_one, 2);
    r->source.rows = 0;
    r->config.epoch_rows = 1 << 30;
    atomic_store(&r->cancel.requested, 15);
    assert_int_equal(rig_run(r), WEIR_CANCELLED);
    assert_int_equal(r->log.n, 0);
    assert_int_equal(epochs_in_state(r, "undone"), 1);
    rig_free(r);
}

static void the_second_writer_failing_undoes_all(void **state) {
    (void)state;
    for (int how = 0; how < 3; how++) { /* in a write, in prepare, in the source */
        rig *r = rig_new(&test_source_bounded, &test_sink_many, 2);
        r->sink.fail_writer = how < 2 ? 1 : -1;
        r->sink.fail_at_write = how == 0 ? 5 : 0;
        r->sink.fail_prepare = how == 1;
        r->source.fail_at = how == 2 ? 40 : 0;
        r->source.rows = 200000;
        assert_int_equal(rig_run(r), WEIR_IO);
        const char *said = how == 0   ? "writer 1 broke"
                           : how == 1 ? "writer 1 cannot prepare"
                                      : "the numbers ran out";
        assert_string_equal(r->err.message, said); /* the cause, not its echo */
        assert_int_equal(r->log.n, 0);
        assert_true(r->log.aborted >= 1);
        assert_int_equal(epochs_in_state(r, "undone"), 1);
        rig_free(r);
    }
}

static void a_commit_that_fails_stays_decided(void **state) {
    (void)state;
    rig *r = rig_new(&test_source_bounded, &test_sink_one, 2);
    r->sink.fail_commit = true;
    assert_int_equal(rig_run(r), WEIR_IO);
    assert_int_equal(epochs_in_state(r, "decided"), 1); /* recovery's work, not ours */
    /* the next run asks the sink, which has lost it: the epoch is read again within its splits */
    weir_state_epochs open = {0};
    weir_epoch_fate fate;
    weir_splits splits = {0};
    weir_account account = {0};
    assert_int_equal(weir_state_epochs_unfinished(r->state, "p", &open, &r->err), WEIR_OK);
    assert_int_equal(open.n, 1);
    char token[sizeof r->coordinator.token];
    memcpy(token, r->coordinator.token, sizeof token);
    r->coordinator.token[0] = '\0';
    assert_int_equal(weir_coordinator_recover(&r->coordinator, &open.items[0], &fate, &splits,
                                              &account, &r->err),
                     WEIR_OK);
    assert_int_equal(fate, WEIR_FATE_AGAIN);
    assert_int_equal(splits.n, 1);
    assert_string_equal(splits.items[0].name, "numbers-0");
    assert_string_equal(r->coordinator.token, token); /* a second try is the same epoch */
    assert_int_equal(account.rows_read, 10000);
    r->sink.fail_commit = false;
    weir_free(r->total.operators);
    weir_flow *f = NULL;
    assert_int_equal(weir_flow_open(&r->config, &r->env, &splits, &r->diags, &f, &r->err), WEIR_OK);
    weir_flow_hooks hooks = weir_coordinator_hooks(&r->coordinator);
    assert_int_equal(weir_flow_run(f, &hooks, &r->total, &r->err), WEIR_OK);
    weir_flow_close(f);
    assert_int_equal(r->log.n, 10000);
    assert_int_equal(epochs_in_state(r, "done"), 1);
    assert_int_equal(epochs_in_state(r, "decided"), 0);
    weir_splits_clear(&splits);
    weir_state_epochs_clear(&open);
    rig_free(r);
}

static void refused_rows_are_rejected_and_balance(void **state) {
    (void)state;
    const weir_connector *sinks[] = {&test_sink_one, &test_sink_many};
    for (int s = 0; s < 2; s++) {
        rig *r = rig_new(&test_source_bounded, sinks[s], 2);
        r->sink.refuse_multiple = 100;
        assert_int_equal(rig_run(r), WEIR_OK);
        assert_int_equal(r->log.n, 9900);
        assert_int_equal(r->total.rows_rejected, 100);
        assert_int_equal(r->total.rows_loaded, 9900);
        const weir_operator_account *load = &r->total.operators[r->total.n_operators - 1];
        assert_int_equal(load->in, 10000);
        assert_int_equal(load->rejected, 100);
        assert_int_equal(load->out, 9900);
        rig_free(r);
    }
}

static void limits_commit_nothing(void **state) {
    (void)state;
    rig *r = rig_new(&test_source_bounded, &test_sink_one, 2);
    r->sink.refuse_multiple = 100;
    r->config.max_ratio = 0.005; /* 1 % are refused */
    assert_int_equal(rig_run(r), WEIR_LIMIT);
    assert_int_equal(r->log.n, 0);
    assert_int_equal(epochs_in_state(r, "undone"), 1);
    rig_free(r);
}

static void a_slow_sink_holds_the_source_back(void **state) {
    (void)state;
    rig *r = rig_new(&test_source_bounded, &test_sink_one, 2);
    weir_ledger_init(&r->ledger, "small", (size_t)4 << 20, NULL);
    r->env.memory_bytes = (size_t)16 << 20;
    r->source = (test_source_config){.rows = 4000000, .batch_rows = 8192}; /* 36 MB in all */
    r->sink.sleep_us = 1000;
    assert_int_equal(rig_run(r), WEIR_OK);
    assert_int_equal(r->log.n, 4000000);
    assert_true(atomic_load(&r->ledger.peak_bytes) <= (size_t)4 << 20);
    rig_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_writer_keeps_source_order),
        cmocka_unit_test(many_writers_load_each_row_once),
        cmocka_unit_test(an_endless_source_commits_epoch_by_epoch),
        cmocka_unit_test(a_cancelled_endless_run_commits_nothing_half),
        cmocka_unit_test(the_second_writer_failing_undoes_all),
        cmocka_unit_test(a_commit_that_fails_stays_decided),
        cmocka_unit_test(refused_rows_are_rejected_and_balance),
        cmocka_unit_test(limits_commit_nothing),
        cmocka_unit_test(a_slow_sink_holds_the_source_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
