/* The fault layer: counting, one failure, the environment, the kill. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

static int disarm(void **state) {
    (void)state;
    for (int i = 0; i < WEIR_FAULT_KINDS; i++) weir_fault_arm((weir_fault_kind)i, 0, 0);
    unsetenv("WEIR_FAULT");
    unsetenv("WEIR_KILL_AT");
    return 0;
}

static void test_nth(void **state) {
    (void)state;
    int code = 0;
    assert_false(weir_fault_on);
    assert_false(weir_fault(WEIR_FAULT_WRITE, &code));
    weir_fault_arm(WEIR_FAULT_WRITE, 3, ENOSPC);
    for (int i = 1; i <= 5; i++) {
        bool fails = weir_fault(WEIR_FAULT_WRITE, &code);
        assert_int_equal(fails, i == 3);
        if (fails) assert_int_equal(code, ENOSPC);
        assert_false(weir_fault(WEIR_FAULT_READ, &code));
    }
    assert_int_equal(weir_fault_count(WEIR_FAULT_WRITE), 5);
    weir_fault_arm(WEIR_FAULT_WRITE, 1, 0);
    assert_int_equal(weir_fault_count(WEIR_FAULT_WRITE), 0);
    assert_true(weir_fault(WEIR_FAULT_WRITE, &code));
    assert_int_equal(code, EIO);
    weir_fault_arm(WEIR_FAULT_WRITE, 0, 0);
    assert_false(weir_fault_on);
}

static void test_environment(void **state) {
    (void)state;
    int code = 0;
    setenv("WEIR_FAULT", "write:ENOSPC@2,fsync:1,open:EMFILE", 1);
    weir_fault_init();
    assert_true(weir_fault_on);
    assert_false(weir_fault(WEIR_FAULT_WRITE, &code));
    assert_true(weir_fault(WEIR_FAULT_WRITE, &code));
    assert_int_equal(code, ENOSPC);
    assert_true(weir_fault(WEIR_FAULT_FSYNC, &code));
    assert_int_equal(code, EIO);
    assert_true(weir_fault(WEIR_FAULT_OPEN, &code));
    assert_int_equal(code, EMFILE);
    disarm(NULL);
    static const char *const wrong[] = {"write",         "write:",   "writ:1",
                                        "write:0",       "write:-1", "write:1x",
                                        "write:ENOSPC@", ":1",       "write:EWHAT@1"};
    const char *accepted = NULL;
    int saved = dup(2), null = open("/dev/null", O_WRONLY);
    assert_true(saved >= 0 && null >= 0);
    dup2(null, 2);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        setenv("WEIR_FAULT", wrong[i], 1);
        weir_fault_init();
        if (weir_fault_on) accepted = wrong[i];
    }
    dup2(saved, 2);
    close(null);
    close(saved);
    if (accepted) fail_msg("accepted '%s'", accepted);
}

static void test_kill(void **state) {
    (void)state;
    for (int passages = 1; passages <= 2; passages++) {
        pid_t child = fork();
        if (child == 0) {
            setenv("WEIR_KILL_AT", "after-decision:2", 1);
            weir_fault_init();
            weir_fault_point("before-decision");
            for (int i = 0; i < passages; i++) weir_fault_point("after-decision");
            _exit(7);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (passages == 1) {
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), 7);
        } else {
            assert_true(WIFSIGNALED(status));
            assert_int_equal(WTERMSIG(status), SIGKILL);
        }
    }
}

/* What a shell can see of it: the fault that fired, and how often each kind was passed. */
static void test_log(void **state) {
    (void)state;
    char path[] = "/tmp/weir-fault-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    pid_t child = fork();
    if (child == 0) {
        int code;
        setenv("WEIR_FAULT", "sqlite:2", 1);
        setenv("WEIR_FAULT_LOG", path, 1);
        weir_fault_init();
        for (int i = 0; i < 3; i++) (void)weir_fault(WEIR_FAULT_SQLITE, &code);
        (void)weir_fault(WEIR_FAULT_READ, &code);
        exit(7);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    char text[256];
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    unlink(path);
    assert_true(n > 0);
    text[n] = '\0';
    assert_string_equal(text, "fired sqlite:2\npassed malloc:0 read:1 write:0 fsync:0 rename:0 "
                              "open:0 sqlite:3\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_nth, disarm),
        cmocka_unit_test_teardown(test_environment, disarm),
        cmocka_unit_test_teardown(test_kill, disarm),
        cmocka_unit_test_teardown(test_log, disarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
