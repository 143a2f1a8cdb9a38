/* The engine over test-only connectors: order, endless epochs, writers that fail, refused rows,
 * slow sinks, accounts, operators that need the source's order. */
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

/* ---- operators that need the source's order ------------------------------------------------- */

/* What all workers share of the operator below; the turns alone keep it whole. */
typedef struct turns {
    _Atomic int inside;
    _Atomic uint64_t batches;
    uint64_t next, wrong; /* the row that must come next; batches that were another */
    uint64_t shake;       /* sleeps now and then, so that the workers get out of step */
    uint64_t fail_at;     /* the batch that fails, from 1; 0 = none */
    uint64_t cancel_at;   /* at which the run is cancelled */
    uint64_t enough_at;   /* behind which no row is needed; 0 = all are */
    weir_cancel *cancel;
} turns;

static weir_status turns_bind(const void *config, const weir_bind *bind, weir_operator *op,
                              weir_error *err) {
    (void)bind;
    (void)err;
    memcpy(&op->state, config, sizeof op->state);
    op->out = weir_schema_retain(op->in);
    return WEIR_OK;
}

static bool turns_ordered(const weir_operator *op) {
    (void)op;
    return true;
}

static weir_status turns_process(const weir_operator *op, void *local, weir_ctx *ctx, weir_batch *b,
                                 weir_error *err) {
    turns *t = op->state;
    (void)local;
    (void)ctx;
    if (atomic_fetch_add(&t->inside, 1) != 0) t->wrong++;
    uint64_t n = atomic_fetch_add(&t->batches, 1) + 1;
    uint64_t first = (uint64_t)((const int64_t *)b->columns[0]->values)[0];
    if (first != t->next) t->wrong++;
    t->next = first + b->length;
    if (t->shake && n * 7 % t->shake == 0) weir_clock_sleep_us(300);
    if (n == t->cancel_at) atomic_store(&t->cancel->requested, 15);
    weir_status status =
        n == t->fail_at ? weir_error_set(err, WEIR_IO, "batch %d broke", (int)n) : WEIR_OK;
    if (t->enough_at && first + b->length >= t->enough_at) {
        uint64_t left = first < t->enough_at ? t->enough_at - first : 0;
        if (status == WEIR_OK) status = weir_batch_head(b, left, err);
    }
    atomic_fetch_sub(&t->inside, 1);
    return status;
}

/* Puts workers out of step before the turn is taken. */
static weir_status stagger_process(const weir_operator *op, void *local, weir_ctx *ctx,
                                   weir_batch *b, weir_error *err) {
    (void)op;
    (void)local;
    (void)err;
    (void)b;
    weir_clock_sleep_us(ctx->worker % 3 * 100);
    return WEIR_OK;
}

static const weir_operator_kind turns_kind = {.name = "turns",
                                              .summary = "test",
                                              .flags = WEIR_OP_FILTERS,
                                              .bind = turns_bind,
                                              .process = turns_process,
                                              .ordered = turns_ordered};
static const weir_operator_kind stagger_kind = {
    .name = "stagger", .summary = "test", .bind = turns_bind, .process = stagger_process};

/* A rig whose chain staggers the workers and then takes turns. */
typedef struct turns_rig {
    rig *r;
    turns t;
    void *state; /* the config of both operators: where t is */
    weir_flow_operator operators[2];
} turns_rig;

static void turns_rig_init(turns_rig *x, const weir_connector *source, const weir_connector *sink,
                           uint32_t threads) {
    memset(x, 0, sizeof *x);
    x->r = rig_new(source, sink, threads);
    x->t.cancel = &x->r->cancel;
    x->t.shake = 5;
    x->state = &x->t;
    x->operators[0] = (weir_flow_operator){.kind = &stagger_kind, .config = &x->state};
    x->operators[1] = (weir_flow_operator){.kind = &turns_kind, .config = &x->state};
    x->r->config.operators = x->operators;
    x->r->config.n_operators = 2;
}

static void an_ordered_operator_sees_the_source_order(void **state) {
    (void)state;
    const uint32_t threads[] = {1, 2, 7, 32};
    for (int t = 0; t < 4; t++)
        for (int many = 0; many < 2; many++) {
            turns_rig x;
            turns_rig_init(&x, &test_source_bounded, many ? &test_sink_many : &test_sink_one,
                           threads[t]);
            assert_int_equal(rig_run(x.r), WEIR_OK);
            assert_int_equal(x.t.wrong, 0);
            assert_int_equal(atomic_load(&x.t.batches), (10000 + 127) / 128);
            assert_int_equal(x.r->log.n, 10000);
            if (many) qsort(x.r->log.rows, x.r->log.n, sizeof *x.r->log.rows, by_value);
            for (size_t i = 0; i < x.r->log.n; i++) assert_int_equal(x.r->log.rows[i], i);
            rig_free(x.r);
        }
}

static void turns_go_on_over_the_ends_of_epochs(void **state) {
    (void)state;
    const weir_connector *sinks[] = {&test_sink_one, &test_sink_many};
    for (int s = 0; s < 2; s++) {
        turns_rig x;
        turns_rig_init(&x, &test_source_endless, sinks[s], 7);
        x.r->source.rows = 0;
        x.r->config.epoch_rows = 640;
        x.r->config.max_epochs = 12;
        assert_int_equal(rig_run(x.r), WEIR_OK);
        assert_int_equal(x.t.wrong, 0);
        assert_int_equal(x.r->log.epochs, 12);
        assert_int_equal(x.r->log.n, 12 * 640);
        rig_free(x.r);
    }
}

static void a_budget_for_nearly_nothing_still_takes_turns(void **state) {
    (void)state;
    turns_rig x;
    turns_rig_init(&x, &test_source_bounded, &test_sink_one, 16);
    weir_ledger_init(&x.r->ledger, "small", (size_t)1 << 20, NULL);
    x.r->env.memory_bytes = (size_t)24 << 20;
    x.r->source = (test_source_config){.rows = 400000, .batch_rows = 8192};
    x.r->sink.sleep_us = 1000;
    x.t.shake = 2;
    assert_int_equal(rig_run(x.r), WEIR_OK);
    assert_int_equal(x.t.wrong, 0);
    assert_int_equal(x.r->log.n, 400000);
    for (size_t i = 0; i < x.r->log.n; i++) assert_int_equal(x.r->log.rows[i], i);
    rig_free(x.r);
}

static void a_fault_in_a_turn_wakes_those_who_wait(void **state) {
    (void)state;
    for (uint64_t at = 1; at < 60; at += 13) {
        turns_rig x;
        turns_rig_init(&x, &test_source_bounded, &test_sink_one, 7);
        x.t.fail_at = at;
        assert_int_equal(rig_run(x.r), WEIR_IO);
        char said[32];
        snprintf(said, sizeof said, "batch %d broke", (int)at);
        assert_string_equal(x.r->err.message, said);     /* the cause, not its echo */
        assert_int_equal(atomic_load(&x.t.batches), at); /* nobody went on behind it */
        assert_int_equal(x.t.wrong, 0);
        assert_int_equal(x.r->log.n, 0);
        assert_int_equal(epochs_in_state(x.r, "undone"), 1);
        rig_free(x.r);
    }
}

static void a_stop_in_a_turn_ends_all_workers(void **state) {
    (void)state;
    for (int endless = 0; endless < 2; endless++) {
        turns_rig x;
        turns_rig_init(&x, endless ? &test_source_endless : &test_source_bounded, &test_sink_one,
                       7);
        x.r->source.rows = endless ? 0 : 1000000;
        x.r->config.epoch_rows = 1 << 30;
        x.t.cancel_at = 20;
        assert_int_equal(rig_run(x.r), WEIR_CANCELLED);
        assert_int_equal(x.t.wrong, 0);
        assert_int_equal(x.r->log.n, 0);
        assert_int_equal(epochs_in_state(x.r, "undone"), 1);
        rig_free(x.r);
    }
}

static void rows_dropped_in_turn_are_the_same_for_any_threads(void **state) {
    (void)state;
    const uint32_t threads[] = {1, 3, 16};
    for (int t = 0; t < 3; t++) {
        turns_rig x;
        turns_rig_init(&x, &test_source_bounded, &test_sink_one, threads[t]);
        x.t.enough_at = 5000; /* within a batch */
        assert_int_equal(rig_run(x.r), WEIR_OK);
        assert_int_equal(x.t.wrong, 0);
        assert_int_equal(x.r->log.n, 5000);
        for (size_t i = 0; i < x.r->log.n; i++) assert_int_equal(x.r->log.rows[i], i);
        assert_int_equal(x.r->total.rows_filtered, 5000);
        rig_free(x.r);
    }
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
        cmocka_unit_test(an_ordered_operator_sees_the_source_order),
        cmocka_unit_test(turns_go_on_over_the_ends_of_epochs),
        cmocka_unit_test(a_budget_for_nearly_nothing_still_takes_turns),
        cmocka_unit_test(a_fault_in_a_turn_wakes_those_who_wait),
        cmocka_unit_test(a_stop_in_a_turn_ends_all_workers),
        cmocka_unit_test(rows_dropped_in_turn_are_the_same_for_any_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
