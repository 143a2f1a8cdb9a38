/* Leases, epochs and what they make effective: every transition, the fence, a model under random
 * calls. */
#include "state_test.h"

static void lease_excludes(void **state) {
    (void)state;
    weir_error err = {0};
    weir_state *s = open_state(), *s2 = open_state();
    weir_lease *a = take_lease(s, "p", "run-a"), *b = NULL, *q;
    uint64_t first = a->fence;
    assert_true(first >= 1);
    assert_int_equal(weir_state_lease_acquire(s2, "p", "run-b", &b, &err), WEIR_IO);
    assert_int_equal(err.vendor_code, EBUSY);
    assert_true(err.retriable);
    assert_true(strstr(err.message, "run-a") != NULL);
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_true(strstr(err.message, pid) != NULL);
    assert_null(b);
    q = take_lease(s2, "q/../x", "run-q"); /* another pipeline; its name cannot leave the folder */
    struct stat st;
    assert_int_equal(stat("st/locks/q%2F..%2Fx.lock", &st), 0);
    OK(weir_state_lease_renew(a, &ok_error));
    weir_state_result r = query(s, WEIR_STATE_LEASES, &(weir_state_filter){.pipeline = "p"});
    assert_string_equal(cell(&r, 0, "released"), "NULL");
    weir_state_result_clear(&r);
    weir_state_lease_release(a);
    r = query(s, WEIR_STATE_LEASES, &(weir_state_filter){.pipeline = "p"});
    assert_string_not_equal(cell(&r, 0, "released"), "NULL");
    weir_state_result_clear(&r);
    b = take_lease(s2, "p", "run-b");
    assert_int_equal(b->fence, first + 1);
    weir_state_lease_release(b);
    weir_state_lease_release(q);
    weir_state_lease_release(NULL);
    weir_state_close(s);
    weir_state_close(s2);
}

/* The lock file is removed by someone: the second lease wins, the first can commit nothing. */
static void fence_stops_the_old(void **state) {
    (void)state;
    weir_error err = {0};
    weir_state *s = open_state(), *s2 = open_state();
    weir_lease *old = take_lease(s, "p", "run-old");
    uint64_t n = 0, m = 0;
    weir_state_intent in = {0};
    OK(weir_state_epoch_begin(old, "s", &n, &ok_error));
    OK(weir_state_epoch_intent(old, "s", n, &in, &ok_error));
    assert_int_equal(unlink("st/locks/p.lock"), 0);
    weir_lease *fresh = take_lease(s2, "p", "run-new");
    weir_state_position p = {.fingerprint = "f", .text = "1"};
    weir_status calls[] = {weir_state_epoch_decide(old, "s", n, NULL, 0, &err),
                           weir_state_epoch_intent(old, "s", n, &in, &err),
                           weir_state_epoch_begin(old, "t", &m, &err),
                           weir_state_epoch_undone(old, "s", n, &err),
                           weir_state_position_set(old, "s", &p, &err),
                           weir_state_step_reset(old, NULL, &err),
                           weir_state_lease_renew(old, &err)};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) assert_int_equal(calls[i], WEIR_IO);
    assert_int_equal(err.vendor_code, ESTALE);
    assert_true(err.fatal && !err.retriable);
    assert_int_equal(m, 0);
    OK(weir_state_epoch_decide(fresh, "s", n, NULL, 0, &ok_error));
    weir_state_lease_release(old); /* must not disturb the new one */
    OK(weir_state_epoch_done(fresh, "s", n, (weir_slice){0}, &ok_error));
    weir_state_lease_release(fresh);
    weir_state_close(s);
    weir_state_close(s2);
}

static void dead_runs(void **state) {
    (void)state;
    weir_state *s = open_state();
    OK(weir_state_run_begin(s, &(weir_state_run){.id = "dead", .pipeline = "p"}, &ok_error));
    OK(weir_state_step_put(s, "dead", &(weir_state_step){.step = "a", .status = WEIR_RUN_RUNNING},
                           &ok_error));
    OK(weir_state_step_put(s, "dead", &(weir_state_step){.step = "b", .status = WEIR_RUN_OK},
                           &ok_error));
    OK(weir_state_run_begin(s, &(weir_state_run){.id = "elsewhere", .pipeline = "q"}, &ok_error));
    OK(weir_state_run_begin(s, &(weir_state_run){.id = "me", .pipeline = "p"}, &ok_error));
    weir_lease *l = take_lease(s, "p", "me");
    weir_state_result r = query(s, WEIR_STATE_RUNS, &(weir_state_filter){.status = "interrupted"});
    assert_int_equal(r.rows, 1);
    assert_string_equal(cell(&r, 0, "run_id"), "dead");
    weir_state_result_clear(&r);
    r = query(s, WEIR_STATE_STEPS, &(weir_state_filter){.run_id = "dead", .status = "interrupted"});
    assert_int_equal(r.rows, 1);
    assert_string_equal(cell(&r, 0, "step"), "a");
    weir_state_result_clear(&r);
    weir_state_lease_release(l);
    weir_state_close(s);
}

/* ---- epochs --- */

static const weir_state_handle handles[] = {
    {"sink", {"h\0one", 5}}, {"rejects", {"", 0}}, {"sink", {"two", 3}}};

static weir_state_intent sample(const weir_state_position *p, const weir_state_file *f,
                                const weir_state_reject *r) {
    return (weir_state_intent){.splits = {"splits\0", 7},
                               .account = {"acc", 3},
                               .n_handles = 3,
                               .handles = handles,
                               .n_positions = p ? 1 : 0,
                               .positions = p,
                               .n_files = f ? 1 : 0,
                               .files = f,
                               .n_rejects = r ? 1 : 0,
                               .rejects = r};
}

static weir_epoch_state state_now(weir_state *s, const char *step, uint64_t n) {
    weir_state_result r = query(s, WEIR_STATE_EPOCHS, &(weir_state_filter){.step = step});
    weir_epoch_state found = WEIR_EPOCH_UNDONE;
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)n);
    for (uint64_t i = 0; i < r.rows; i++)
        if (strcmp(cell(&r, i, "epoch"), number) == 0)
            for (int k = 0; k <= WEIR_EPOCH_UNDONE; k++)
                if (strcmp(cell(&r, i, "state"), weir_epoch_state_name((weir_epoch_state)k)) == 0)
                    found = (weir_epoch_state)k;
    weir_state_result_clear(&r);
    return found;
}

static weir_status move_to(weir_lease *l, const char *step, uint64_t n, int to, weir_error *err) {
    static const weir_state_intent none;
    switch (to) {
    case WEIR_EPOCH_INTENT: return weir_state_epoch_intent(l, step, n, &none, err);
    case WEIR_EPOCH_DECIDED: return weir_state_epoch_decide(l, step, n, NULL, 0, err);
    case WEIR_EPOCH_COMMITTED: return weir_state_epoch_committed(l, step, n, err);
    case WEIR_EPOCH_DONE: return weir_state_epoch_done(l, step, n, (weir_slice){0}, err);
    default: return weir_state_epoch_undone(l, step, n, err);
    }
}

/* Each state against each call: allowed or refused, and where it ends. */
static void transitions(void **state) {
    (void)state;
    enum { B = WEIR_EPOCH_BEGUN, I, D, C, OKD, U, X = -1 };
    static const int paths[6][4] = {{0}, {I}, {I, D}, {I, D, C}, {I, D, OKD}, {U}};
    /* rows: from; columns: intent, decide, committed, done, undone -> the new state or X = refused
     */
    static const int table[6][5] = {
        [B] = {I, X, X, X, U},   [I] = {I, D, X, X, U},     [D] = {D, D, C, OKD, U},
        [C] = {X, X, C, OKD, X}, [OKD] = {X, X, X, OKD, X}, [U] = {X, X, X, X, U}};
    weir_error err = {0};
    weir_state *s = open_state();
    weir_lease *l = take_lease(s, "p", "r");
    for (int from = B; from <= U; from++)
        for (int to = I; to <= U; to++) {
            char step[32];
            uint64_t n = 0, n2 = 0;
            snprintf(step, sizeof step, "s%d-%d", from, to);
            OK(weir_state_epoch_begin(l, step, &n, &ok_error));
            assert_int_equal(n, 1);
            for (int k = 0; k < 4 && paths[from][k]; k++)
                OK(move_to(l, step, n, paths[from][k], &ok_error));
            assert_int_equal(state_now(s, step, n), from);
            weir_status status = move_to(l, step, n, to, &err);
            int expected = table[from][to - I];
            if (expected == X) {
                if (status != WEIR_INTERNAL) fail_msg("from %d to %d was allowed", from, to);
                assert_int_equal(state_now(s, step, n), from);
            } else {
                if (status != WEIR_OK) fail_msg("from %d to %d: %s", from, to, err.message);
                assert_int_equal(state_now(s, step, n), expected);
            }
            bool finished = (expected == X ? from : expected) >= WEIR_EPOCH_DONE;
            assert_int_equal(weir_state_epoch_begin(l, step, &n2, &err),
                             finished ? WEIR_OK : WEIR_INTERNAL);
            if (finished) assert_int_equal(n2, 2);
        }
    assert_int_equal(weir_state_epoch_decide(l, "none", 1, NULL, 0, &err), WEIR_INTERNAL);
    check_sound(s);
    weir_state_lease_release(l);
    weir_state_close(s);
}

static void intent_comes_back(void **state) {
    (void)state;
    weir_state *s = open_state();
    weir_lease *l = take_lease(s, "p", "run-1");
    weir_state_position p = {.fingerprint = "f", .bytes = {"p\0os", 4}, .text = "2026-01-01"};
    weir_state_file f = {
        .path = "in/\xff.csv", .size_bytes = 5, .mtime_ns = -7, .hash = "abc", .rows = 3};
    weir_state_reject rj = {"rej", "csv", 2, "src"};
    weir_state_intent in = sample(&p, &f, &rj);
    uint64_t n = 0, n2 = 0;
    weir_state_epochs e = {0};
    OK(weir_state_epoch_begin(l, "a", &n, &ok_error));
    OK(weir_state_epoch_begin(l, "b", &n2, &ok_error));
    OK(weir_state_epoch_intent(l, "a", n, &in, &ok_error));
    OK(weir_state_epoch_intent(l, "a", n, &in, &ok_error)); /* again: replaced, not doubled */
    weir_state_lease_release(l);
    weir_state_close(s);
    s = open_state();
    OK(weir_state_epochs_unfinished(s, "p", &e, &ok_error));
    assert_int_equal(e.n, 2);
    assert_string_equal(e.items[0].step, "a");
    assert_string_equal(e.items[0].run_id, "run-1");
    assert_int_equal(e.items[0].state, WEIR_EPOCH_INTENT);
    assert_int_equal(e.items[0].intent.splits.size, 7);
    assert_memory_equal(e.items[0].intent.splits.data, "splits\0", 7);
    assert_int_equal(e.items[0].intent.account.size, 3);
    assert_int_equal(e.items[0].intent.n_handles, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(e.items[0].intent.handles[i].sink, handles[i].sink);
        assert_int_equal(e.items[0].intent.handles[i].bytes.size, handles[i].bytes.size);
    }
    assert_memory_equal(e.items[0].intent.handles[0].bytes.data, "h\0one", 5);
    assert_int_equal(e.items[0].intent.n_positions, 1);
    assert_memory_equal(e.items[0].intent.positions[0].bytes.data, "p\0os", 4);
    assert_int_equal(e.items[0].intent.n_files, 1);
    assert_string_equal(e.items[0].intent.files[0].path, "in/\xff.csv");
    assert_int_equal(e.items[0].intent.files[0].mtime_ns, -7);
    assert_int_equal(e.items[0].intent.n_rejects, 1);
    assert_string_equal(e.items[0].intent.rejects[0].source, "src");
    assert_int_equal(e.items[1].state, WEIR_EPOCH_BEGUN);
    assert_int_equal(e.items[1].intent.n_handles, 0);
    weir_state_epochs_clear(&e);
    OK(weir_state_epochs_unfinished(s, "other", &e, &ok_error));
    assert_int_equal(e.n, 0);
    OK(weir_state_epochs_unfinished(s, NULL, &e, &ok_error));
    assert_int_equal(e.n, 2);
    weir_state_epochs_clear(&e);
    /* Nothing takes effect before done. */
    weir_arena arena = {0};
    bool found = true;
    const char *other = "x";
    weir_state_position got;
    weir_state_file file;
    OK(weir_state_position_get(s, "p", "a", "f", &arena, &got, &found, &other, &ok_error));
    assert_false(found);
    assert_null(other);
    OK(weir_state_file_get(s, "p", "a", f.path, &arena, &file, &found, &ok_error));
    assert_false(found);
    assert_int_equal(count(s, WEIR_STATE_REJECTS, NULL), 0);
    /* The next run finishes it; what was written belongs to the run that wrote it. */
    l = take_lease(s, "p", "run-2");
    OK(weir_state_epoch_decide(l, "a", n, NULL, 0, &ok_error));
    OK(weir_state_epoch_committed(l, "a", n, &ok_error));
    OK(weir_state_epoch_done(l, "a", n, (weir_slice){0}, &ok_error));
    OK(weir_state_epoch_undone(l, "b", n2, &ok_error));
    OK(weir_state_position_get(s, "p", "a", "f", &arena, &got, &found, &other, &ok_error));
    assert_true(found);
    assert_string_equal(got.text, "2026-01-01");
    assert_int_equal(got.bytes.size, 4);
    assert_int_equal(got.epoch, n);
    assert_string_equal(got.run_id, "run-1");
    OK(weir_state_position_get(s, "p", "a", "changed", &arena, &got, &found, &other, &ok_error));
    assert_false(found);
    assert_string_equal(other, "f");
    OK(weir_state_file_get(s, "p", "a", f.path, &arena, &file, &found, &ok_error));
    assert_true(found);
    assert_int_equal(file.size_bytes, 5);
    assert_string_equal(file.hash, "abc");
    assert_string_equal(file.run_id, "run-1");
    assert_int_equal(file.rows, 3);
    weir_state_result r = query(s, WEIR_STATE_REJECTS, &(weir_state_filter){.run_id = "run-1"});
    assert_int_equal(r.rows, 1);
    assert_string_equal(cell(&r, 0, "epoch"), "1");
    assert_string_equal(cell(&r, 0, "state"), "open");
    weir_state_result_clear(&r);
    OK(weir_state_step_reset(l, "other", &ok_error));
    OK(weir_state_file_get(s, "p", "a", f.path, &arena, &file, &found, &ok_error));
    assert_true(found);
    OK(weir_state_step_reset(l, NULL, &ok_error));
    OK(weir_state_file_get(s, "p", "a", f.path, &arena, &file, &found, &ok_error));
    assert_false(found);
    weir_arena_clear(&arena);
    check_sound(s);
    weir_state_lease_release(l);
    weir_state_close(s);
}

/* Behind the decision the handles may be replaced, the decision stays; decide may bring positions.
 */
static void read_again(void **state) {
    (void)state;
    weir_state *s = open_state();
    weir_lease *l = take_lease(s, "p", "r");
    weir_state_position p[] = {{.fingerprint = "f", .text = "1"},
                               {.fingerprint = "g", .text = "2"}};
    weir_state_intent in = sample(&p[0], NULL, NULL);
    uint64_t n = 0;
    OK(weir_state_epoch_begin(l, "s", &n, &ok_error));
    OK(weir_state_epoch_intent(l, "s", n, &in, &ok_error));
    OK(weir_state_epoch_decide(l, "s", n, &p[1], 1, &ok_error));
    weir_state_epochs e = {0};
    OK(weir_state_epochs_unfinished(s, "p", &e, &ok_error));
    assert_int_equal(e.items[0].intent.n_positions, 1);
    assert_string_equal(e.items[0].intent.positions[0].fingerprint, "g");
    weir_state_epochs_clear(&e);
    in.n_handles = 1;
    OK(weir_state_epoch_intent(l, "s", n, &in, &ok_error));
    OK(weir_state_epochs_unfinished(s, "p", &e, &ok_error));
    assert_int_equal(e.items[0].state, WEIR_EPOCH_DECIDED);
    assert_int_equal(e.items[0].intent.n_handles, 1);
    weir_state_epochs_clear(&e);
    OK(weir_state_epoch_done(l, "s", n, (weir_slice){0}, &ok_error));
    OK(weir_state_epoch_done(l, "s", n, (weir_slice){0}, &ok_error));
    weir_state_result r = query(s, WEIR_STATE_POSITIONS, NULL);
    assert_int_equal(r.rows, 1);
    assert_string_equal(cell(&r, 0, "fingerprint"), "f");
    assert_string_equal(cell(&r, 0, "position"), "1");
    weir_state_result_clear(&r);
    weir_state_lease_release(l);
    weir_state_close(s);
}

static void old_epochs_go(void **state) {
    (void)state;
    weir_state *s = open_state();
    weir_lease *l = take_lease(s, "p", "r");
    static const weir_state_intent none;
    uint64_t n = 0;
    for (int i = 0; i < 1100; i++) {
        OK(weir_state_epoch_begin(l, "s", &n, &ok_error));
        OK(weir_state_epoch_intent(l, "s", n, &none, &ok_error));
        OK(weir_state_epoch_decide(l, "s", n, NULL, 0, &ok_error));
        OK(weir_state_epoch_done(l, "s", n, (weir_slice){0}, &ok_error));
        assert_int_equal(n, i + 1);
    }
    uint64_t kept = count(s, WEIR_STATE_EPOCHS, NULL);
    assert_true(kept >= 1000 && kept <= 1001);
    weir_state_lease_release(l);
    weir_state_close(s);
}

/* ---- a model under random calls --- */

#define STEPS 3
#define PRINTS 3
#define PATHS 5
typedef struct model {
    int positions[STEPS][PRINTS]; /* -1 = none */
    int files[STEPS][PATHS];
    int state[STEPS]; /* weir_epoch_state of the last epoch, -1 = none yet */
    uint64_t number[STEPS];
    int pending_position[STEPS][PRINTS], pending_file[STEPS][PATHS];
    int n_handles[STEPS];
} model;

static uint32_t seed_now;
static uint32_t rnd(uint32_t n) {
    seed_now = seed_now * 1664525u + 1013904223u;
    return (seed_now >> 8) % n;
}

static const char *const step_names[STEPS] = {"s0", "s1", "s2"};
static const char *const prints[PRINTS] = {"f0", "f1", "f2"};
static const char *const paths[PATHS] = {"a", "b", "c", "d", "e"};

static void model_intent(weir_lease *l, model *m, int k) {
    weir_state_position p[PRINTS];
    weir_state_file f[PATHS];
    char text[PRINTS][16];
    weir_state_intent in = {.positions = p, .files = f, .handles = handles, .n_handles = rnd(4)};
    memset(m->pending_position[k], -1, sizeof m->pending_position[k]);
    memset(m->pending_file[k], -1, sizeof m->pending_file[k]);
    for (int i = 0; i < PRINTS; i++)
        if (rnd(2)) {
            int v = (int)rnd(1000);
            snprintf(text[i], sizeof text[i], "%d", v);
            m->pending_position[k][i] = v;
            p[in.n_positions++] = (weir_state_position){
                .fingerprint = prints[i], .text = text[i], .bytes = {text[i], strlen(text[i])}};
        }
    for (int i = 0; i < PATHS; i++)
        if (rnd(2)) {
            int v = (int)rnd(1000);
            m->pending_file[k][i] = v;
            f[in.n_files++] = (weir_state_file){.path = paths[i], .size_bytes = (uint64_t)v};
        }
    m->n_handles[k] = (int)in.n_handles;
    weir_status status = weir_state_epoch_intent(l, step_names[k], m->number[k], &in, NULL);
    bool allowed = m->state[k] <= WEIR_EPOCH_DECIDED;
    assert_int_equal(status, allowed ? WEIR_OK : WEIR_INTERNAL);
    if (allowed && m->state[k] != WEIR_EPOCH_DECIDED) m->state[k] = WEIR_EPOCH_INTENT;
}

static void model_apply(model *m, int k) {
    for (int i = 0; i < PRINTS; i++)
        if (m->pending_position[k][i] >= 0) m->positions[k][i] = m->pending_position[k][i];
    for (int i = 0; i < PATHS; i++)
        if (m->pending_file[k][i] >= 0) m->files[k][i] = m->pending_file[k][i];
}

static void model_op(weir_lease *l, model *m) {
    int k = (int)rnd(STEPS), now = m->state[k];
    bool open = now >= 0 && now < WEIR_EPOCH_DONE;
    uint64_t n = 0;
    switch (rnd(8)) {
    case 0:
    case 1: {
        weir_status status = weir_state_epoch_begin(l, step_names[k], &n, NULL);
        assert_int_equal(status, open ? WEIR_INTERNAL : WEIR_OK);
        if (!open) {
            assert_int_equal(n, m->number[k] + 1);
            m->number[k] = n;
            m->state[k] = WEIR_EPOCH_BEGUN;
            m->n_handles[k] = 0;
        }
        break;
    }
    case 2:
        if (open && now != WEIR_EPOCH_COMMITTED) model_intent(l, m, k);
        break;
    case 3:
        if (now == WEIR_EPOCH_INTENT) {
            assert_int_equal(weir_state_epoch_decide(l, step_names[k], m->number[k], NULL, 0, NULL),
                             WEIR_OK);
            m->state[k] = WEIR_EPOCH_DECIDED;
        }
        break;
    case 4:
        if (now == WEIR_EPOCH_DECIDED) {
            assert_int_equal(weir_state_epoch_committed(l, step_names[k], m->number[k], NULL),
                             WEIR_OK);
            m->state[k] = WEIR_EPOCH_COMMITTED;
        }
        break;
    case 5:
        if (now >= 0) {
            bool allowed = now >= WEIR_EPOCH_DECIDED && now <= WEIR_EPOCH_DONE;
            assert_int_equal(
                weir_state_epoch_done(l, step_names[k], m->number[k], (weir_slice){0}, NULL),
                allowed ? WEIR_OK : WEIR_INTERNAL);
            if (allowed && now != WEIR_EPOCH_DONE) model_apply(m, k);
            if (allowed) m->state[k] = WEIR_EPOCH_DONE;
        }
        break;
    case 6:
        if (now >= 0) {
            bool allowed = now <= WEIR_EPOCH_DECIDED || now == WEIR_EPOCH_UNDONE;
            assert_int_equal(weir_state_epoch_undone(l, step_names[k], m->number[k], NULL),
                             allowed ? WEIR_OK : WEIR_INTERNAL);
            if (allowed) m->state[k] = WEIR_EPOCH_UNDONE;
        }
        break;
    default:
        if (rnd(10) == 0) {
            assert_int_equal(weir_state_step_reset(l, step_names[k], NULL), WEIR_OK);
            memset(m->positions[k], -1, sizeof m->positions[k]);
            memset(m->files[k], -1, sizeof m->files[k]);
        }
    }
}

static void model_compare(weir_state *s, const model *m) {
    weir_arena arena = {0};
    weir_state_epochs e = {0};
    size_t unfinished = 0;
    OK(weir_state_epochs_unfinished(s, "p", &e, &ok_error));
    for (int k = 0; k < STEPS; k++) {
        for (int i = 0; i < PRINTS; i++) {
            weir_state_position p;
            bool found;
            OK(weir_state_position_get(s, "p", step_names[k], prints[i], &arena, &p, &found, NULL,
                                       &ok_error));
            assert_int_equal(found, m->positions[k][i] >= 0);
            if (found) assert_int_equal((int)strtol(p.text, NULL, 10), m->positions[k][i]);
        }
        for (int i = 0; i < PATHS; i++) {
            weir_state_file f;
            bool found;
            OK(weir_state_file_get(s, "p", step_names[k], paths[i], &arena, &f, &found, &ok_error));
            assert_int_equal(found, m->files[k][i] >= 0);
            if (found) assert_int_equal(f.size_bytes, m->files[k][i]);
        }
        if (m->state[k] < 0 || m->state[k] >= WEIR_EPOCH_DONE) continue;
        assert_true(unfinished < e.n);
        weir_state_epoch *x = &e.items[unfinished++];
        assert_string_equal(x->step, step_names[k]);
        assert_int_equal(x->number, m->number[k]);
        assert_int_equal(x->state, m->state[k]);
        assert_int_equal(x->intent.n_handles, m->n_handles[k]);
        if (x->state == WEIR_EPOCH_BEGUN) continue;
        size_t at = 0;
        for (int i = 0; i < PRINTS; i++)
            if (m->pending_position[k][i] >= 0)
                assert_int_equal((int)strtol(x->intent.positions[at++].text, NULL, 10),
                                 m->pending_position[k][i]);
        assert_int_equal(at, x->intent.n_positions);
    }
    assert_int_equal(unfinished, e.n);
    weir_state_epochs_clear(&e);
    weir_arena_clear(&arena);
}

static void random_calls(void **state) {
    (void)state;
    const char *given = getenv("WEIR_SEED");
    uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)weir_clock_wall_us();
    print_message("WEIR_SEED=%u\n", seed);
    seed_now = seed;
    model m;
    memset(&m, -1, sizeof m);
    memset(m.number, 0, sizeof m.number);
    for (int round = 0; round < 40; round++) {
        weir_state *s = open_state();
        weir_lease *l = take_lease(s, "p", "r");
        for (int i = 0; i < 40; i++) model_op(l, &m);
        model_compare(s, &m);
        weir_state_lease_release(l);
        if (round % 8 == 0) check_sound(s);
        weir_state_close(s);
        s = open_state();
        model_compare(s, &m);
        weir_state_close(s);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
    weir_fault_init();
    const struct CMUnitTest tests[] = {
        T(lease_excludes),    T(fence_stops_the_old), T(dead_runs),     T(transitions),
        T(intent_comes_back), T(read_again),          T(old_epochs_go), T(random_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
