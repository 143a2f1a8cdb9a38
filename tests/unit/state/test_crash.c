/* The state under kills, failing disks and several processes at once. */
#include "state_test.h"

#include <pthread.h>

/* One unit of work: the next epoch sets position text N and file "fN"; so N files must go with
 * position N at any time.  Unfinished epochs are settled first, as the engine does. */
static weir_status recover(weir_state *s, weir_lease *l, weir_error *err) {
    weir_state_epochs e = {0};
    weir_status status = weir_state_epochs_unfinished(s, "p", &e, err);
    for (size_t i = 0; i < e.n && status == WEIR_OK; i++)
        status = e.items[i].state >= WEIR_EPOCH_DECIDED
                     ? weir_state_epoch_done(l, "s", e.items[i].number, (weir_slice){0}, err)
                     : weir_state_epoch_undone(l, "s", e.items[i].number, err);
    weir_state_epochs_clear(&e);
    return status;
}

static weir_status position_now(weir_state *s, long *out, weir_error *err) {
    weir_arena arena = {0};
    weir_state_position p = {0};
    bool found = false;
    weir_status status = weir_state_position_get(s, "p", "s", "f", &arena, &p, &found, NULL, err);
    if (status == WEIR_OK) *out = found ? strtol(p.text, NULL, 10) : 0;
    weir_arena_clear(&arena);
    return status;
}

/* decided: set to N as soon as the decision is durable. */
static weir_status one_epoch(weir_state *s, weir_lease *l, long *decided, weir_error *err) {
    weir_status status;
    uint64_t n = 0;
    long now = 0;
    char text[24], path[24];
    WEIR_TRY(position_now(s, &now, err));
    snprintf(text, sizeof text, "%ld", now + 1);
    snprintf(path, sizeof path, "f%ld", now + 1);
    WEIR_TRY(weir_state_epoch_begin(l, "s", &n, err));
    weir_state_position p = {.fingerprint = "f", .text = text, .bytes = {text, strlen(text)}};
    weir_state_file f = {.path = path, .rows = (uint64_t)now + 1};
    weir_state_intent in = {.n_positions = 1, .positions = &p, .n_files = 1, .files = &f};
    WEIR_TRY(weir_state_epoch_intent(l, "s", n, &in, err));
    WEIR_TRY(weir_state_epoch_decide(l, "s", n, NULL, 0, err));
    *decided = now + 1;
    WEIR_TRY(weir_state_epoch_committed(l, "s", n, err));
    WEIR_TRY(weir_state_epoch_done(l, "s", n, (weir_slice){0}, err));
out:
    return status;
}

/* Opens, recovers, checks that position and files agree; returns the position. */
static long settle(void) {
    weir_state *s = open_state();
    weir_lease *l = take_lease(s, "p", "settle");
    long now = -1;
    OK(recover(s, l, &ok_error));
    OK(position_now(s, &now, &ok_error));
    assert_int_equal(count(s, WEIR_STATE_FILES, NULL), now);
    check_sound(s);
    weir_state_lease_release(l);
    weir_state_close(s);
    return now;
}

static void worker(int acks) {
    weir_error err = {0};
    weir_state *s = NULL;
    weir_lease *l = NULL;
    if (weir_state_open("st", true, &s, &err) != WEIR_OK) _exit(2);
    if (weir_state_lease_acquire(s, "p", "worker", &l, &err) != WEIR_OK) _exit(3);
    if (recover(s, l, &err) != WEIR_OK) _exit(4);
    for (;;) {
        long decided = 0;
        if (one_epoch(s, l, &decided, &err) != WEIR_OK) _exit(5);
        if (write(acks, &decided, sizeof decided) != sizeof decided) _exit(6);
    }
}

static void killed(void **state) {
    (void)state;
    uint32_t x = (uint32_t)weir_clock_wall_us();
    long last = 0;
    for (int i = 0; i < 40; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(ends[0]);
            worker(ends[1]);
        }
        close(ends[1]);
        x = x * 1664525u + 1013904223u;
        usleep(1000 + (x >> 8) % 60000);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        long acked = last, got;
        while (read(ends[0], &got, sizeof got) == sizeof got) acked = got;
        close(ends[0]);
        long now = settle();
        assert_true(now >= acked && now >= last); /* what was decided is there */
        assert_true(now <= acked + 1);            /* and no more than one that was not reported */
        last = now;
    }
    print_message("%ld epochs survived 40 kills\n", last);
    assert_true(last > 0);
}

/* The n-th read, write, sync, open, allocation fails: an error, the rest agrees, and it works again
 * after. */
static void every_fault(void **state) {
    (void)state;
    static const struct {
        weir_fault_kind kind;
        int code;
        const char *name;
    } kinds[] = {{WEIR_FAULT_WRITE, EIO, "write"},  {WEIR_FAULT_WRITE, ENOSPC, "full"},
                 {WEIR_FAULT_FSYNC, EIO, "fsync"},  {WEIR_FAULT_READ, EIO, "read"},
                 {WEIR_FAULT_OPEN, EACCES, "open"}, {WEIR_FAULT_MALLOC, ENOMEM, "malloc"}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        long n = 1, failures = 0;
        for (;; n++) {
            char command[64];
            snprintf(command, sizeof command, "rm -rf st");
            assert_int_equal(system(command), 0);
            weir_error err = {0};
            weir_state *s = NULL;
            weir_lease *l = NULL;
            long decided = 0;
            weir_fault_arm(kinds[k].kind, n, kinds[k].code);
            weir_status status = weir_state_open("st", true, &s, &err);
            if (status == WEIR_OK) status = weir_state_lease_acquire(s, "p", "r", &l, &err);
            for (int i = 0; i < 3 && status == WEIR_OK; i++)
                status = one_epoch(s, l, &decided, &err);
            weir_lease *l2 = l;
            weir_state_lease_release(l2);
            weir_state_close(s);
            bool passed = weir_fault_count(kinds[k].kind) < n;
            weir_fault_arm(kinds[k].kind, 0, 0);
            if (status != WEIR_OK) {
                failures++;
                if (err.message[0] == 0) fail_msg("%s %ld: no message", kinds[k].name, n);
                bool expected = kinds[k].code == ENOSPC              ? status == WEIR_RESOURCE
                                : kinds[k].kind == WEIR_FAULT_MALLOC ? status == WEIR_RESOURCE
                                                                     : status == WEIR_IO;
                if (!expected)
                    fail_msg("%s %ld: %s: %s", kinds[k].name, n, weir_status_name(status),
                             err.message);
            }
            long now = settle();
            assert_true(now >= decided && now <= 3);
            if (passed) {
                assert_int_equal(status, WEIR_OK);
                assert_int_equal(now, 3);
                break;
            }
            assert_true(n < 2000);
        }
        print_message("%s: %ld events, %ld failed calls\n", kinds[k].name, n - 1, failures);
        assert_true(failures > 0);
    }
}

/* After a failed fsync nothing more is written through this opening. */
static void fsync_poisons(void **state) {
    (void)state;
    weir_error err = {0};
    weir_state *s = open_state();
    weir_buf b = {0};
    bool found;
    OK(weir_state_value_put(s, "a", "b", bytes_of("1"), &ok_error));
    weir_fault_arm(WEIR_FAULT_FSYNC, 1, EIO);
    assert_int_equal(weir_state_value_put(s, "a", "b", bytes_of("2"), &err), WEIR_IO);
    assert_true(err.fatal);
    weir_fault_arm(WEIR_FAULT_FSYNC, 0, 0);
    assert_int_equal(weir_state_value_put(s, "a", "b", bytes_of("3"), &err), WEIR_IO);
    assert_true(err.fatal && err.hint[0]);
    OK(weir_state_value_get(s, "a", "b", &b, &found, &ok_error)); /* reading goes on */
    weir_state_close(s);
    s = open_state();
    OK(weir_state_value_put(s, "a", "b", bytes_of("4"), &ok_error));
    weir_state_close(s);
    weir_buf_clear(&b);
}

/* A counter that processes raise under the lease: none is lost, fences only grow. */
static void raise_counter(int times) {
    weir_error err = {0};
    weir_state *s = NULL;
    if (weir_state_open("st", true, &s, &err) != WEIR_OK) _exit(2);
    for (int i = 0; i < times;) {
        weir_lease *l = NULL;
        weir_status status = weir_state_lease_acquire(s, "p", "fighter", &l, &err);
        if (status == WEIR_IO && err.vendor_code == EBUSY) {
            usleep(300);
            continue;
        }
        if (status != WEIR_OK) _exit(3);
        weir_buf b = {0};
        bool found = false;
        uint64_t number = 0, fence = 0;
        char text[64];
        if (weir_state_value_get(s, "c", "n", &b, &found, &err) != WEIR_OK) _exit(4);
        if (found && sscanf(weir_buf_cstr(&b), "%lu %lu", &number, &fence) != 2) _exit(5);
        weir_buf_clear(&b);
        if (l->fence <= fence) _exit(6);
        snprintf(text, sizeof text, "%lu %lu", number + 1, l->fence);
        if (weir_state_value_put(s, "c", "n", bytes_of(text), &err) != WEIR_OK) _exit(7);
        weir_state_lease_release(l);
        i++;
    }
    weir_state_close(s);
    _exit(0);
}

static void processes_fight(void **state) {
    (void)state;
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) raise_counter(15);
    }
    for (int i = 0; i < 4; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    weir_state *s = open_state();
    weir_buf b = {0};
    bool found;
    OK(weir_state_value_get(s, "c", "n", &b, &found, &ok_error));
    assert_int_equal((int)strtol(weir_buf_cstr(&b), NULL, 10), 60);
    weir_buf_clear(&b);
    weir_state_close(s);
}

/* A killed holder frees the lease at once. */
static void lease_of_the_dead(void **state) {
    (void)state;
    int ends[2];
    char c;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        weir_state *s = NULL;
        weir_lease *l = NULL;
        if (weir_state_open("st", true, &s, NULL) != WEIR_OK ||
            weir_state_lease_acquire(s, "p", "doomed", &l, NULL) != WEIR_OK)
            _exit(1);
        if (write(ends[1], "x", 1) != 1) _exit(1);
        for (;;) pause();
    }
    assert_int_equal(read(ends[0], &c, 1), 1);
    weir_error err = {0};
    weir_state *s = open_state();
    weir_lease *l = NULL;
    assert_int_equal(weir_state_lease_acquire(s, "p", "next", &l, &err), WEIR_IO);
    assert_true(strstr(err.message, "doomed") != NULL);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    l = take_lease(s, "p", "next");
    assert_int_equal(l->fence, 2);
    weir_state_lease_release(l);
    weir_state_close(s);
    close(ends[0]);
    close(ends[1]);
}

/* Threads of one process on one object, and a second opening that writes at the same time. */
static void *thread_work(void *arg) {
    weir_state *s = arg;
    for (int i = 0; i < 100; i++) {
        weir_error err = {0};
        char key[32];
        snprintf(key, sizeof key, "%lx-%d", (unsigned long)pthread_self(), i);
        if (weir_state_value_put(s, "t", key, bytes_of("v"), &err) != WEIR_OK)
            return err.message[0] ? strdup(err.message) : strdup("?");
        weir_state_result r = {0};
        if (weir_state_query(s, WEIR_STATE_RUNS, NULL, NULL, &r, &err) != WEIR_OK)
            return strdup(err.message);
        weir_state_result_clear(&r);
        /* Reads, then writes: two openings must not run into each other's snapshot. */
        weir_state_event e = {.text = "x"};
        if (weir_state_events_add(s, "run", &e, 1, &err) != WEIR_OK) return strdup(err.message);
    }
    return NULL;
}

static void threads(void **state) {
    (void)state;
    weir_state *s = open_state(), *s2 = open_state();
    pthread_t t[4];
    OK(weir_state_run_begin(s, &(weir_state_run){.id = "run", .pipeline = "p"}, &ok_error));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, thread_work, i == 3 ? s2 : s), 0);
    for (int i = 0; i < 4; i++) {
        void *message = NULL;
        pthread_join(t[i], &message);
        if (message) fail_msg("%s", (char *)message);
    }
    assert_int_equal(count(s, WEIR_STATE_EVENTS, NULL), 400);
    check_sound(s);
    weir_state_close(s);
    weir_state_close(s2);
}

/* Several processes open a state that is not there yet. */
static void open_together(void **state) {
    (void)state;
    for (int round = 0; round < 5; round++) {
        pid_t children[4];
        assert_int_equal(system("rm -rf st"), 0);
        for (int i = 0; i < 4; i++)
            if ((children[i] = fork()) == 0) {
                weir_state *s = NULL;
                weir_error err = {0};
                if (weir_state_open("st", true, &s, &err) != WEIR_OK) {
                    fprintf(stderr, "%s\n", err.message);
                    _exit(1);
                }
                weir_state_close(s);
                _exit(0);
            }
        for (int i = 0; i < 4; i++) {
            int status = -1;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
    weir_fault_init();
    const struct CMUnitTest tests[] = {
        T(killed),  T(every_fault),   T(fsync_poisons), T(processes_fight), T(lease_of_the_dead),
        T(threads), T(open_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
