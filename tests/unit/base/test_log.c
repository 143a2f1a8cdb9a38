/* The log: levels, escapes, the sink, one write a line. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static char last[8192];
static int lines;
static weir_log_level last_level;

static void keep(void *context, weir_log_level level, int64_t wall_us, const char *text,
                 size_t size) {
    (void)wall_us;
    assert_ptr_equal(context, last);
    memcpy(last, text, size);
    last[size] = '\0';
    last_level = level;
    lines++;
}

static void test_levels(void **state) {
    (void)state;
    weir_log_set_sink(keep, last);
    lines = 0;
    weir_log_info("hello %d", 5);
    assert_string_equal(last, "hello 5");
    assert_int_equal(last_level, WEIR_LOG_INFO);
    weir_log_debug("not shown");
    assert_int_equal(lines, 1);
    weir_log_set_verbosity(1);
    weir_log_debug("shown");
    weir_log_trace("not shown");
    assert_int_equal(lines, 2);
    weir_log_set_verbosity(9);
    assert_int_equal(weir_log_get_level(), WEIR_LOG_TRACE);
    weir_log_set_verbosity(-1);
    weir_log_info("not shown");
    weir_log_warn("shown");
    assert_int_equal(lines, 3);
    weir_log_set_verbosity(-9);
    weir_log_warn("not shown");
    errno = 42;
    weir_log_error("shown");
    assert_int_equal(errno, 42);
    assert_int_equal(lines, 4);
    weir_log_set_verbosity(0);
    weir_log_set_sink(NULL, NULL);
}

static char tapped[64];
static int tapped_lines;

static void tap(void *context, weir_log_level level, int64_t wall_us, const char *text,
                size_t size) {
    (void)level;
    (void)wall_us;
    assert_ptr_equal(context, tapped);
    memcpy(tapped, text, size);
    tapped[size] = '\0';
    tapped_lines++;
}

/* What is kept of a run does not depend on what is printed. */
static void test_tap(void **state) {
    (void)state;
    weir_log_set_sink(keep, last);
    weir_log_set_tap(tap, tapped);
    lines = tapped_lines = 0;
    weir_log_debug("quiet");
    assert_string_equal(tapped, "quiet");
    assert_int_equal(lines, 0);
    weir_log_trace("nobody's");
    assert_int_equal(tapped_lines, 1);
    weir_log_set_verbosity(-2);
    weir_log_warn("kept");
    assert_string_equal(tapped, "kept");
    assert_int_equal(lines, 0);
    assert_int_equal(weir_log_get_level(), WEIR_LOG_ERROR);
    weir_log_set_verbosity(2);
    weir_log_trace("printed");
    assert_int_equal(lines, 1);
    assert_int_equal(tapped_lines, 2);
    weir_log_set_verbosity(0);
    weir_log_set_tap(NULL, NULL);
    weir_log_debug("gone");
    assert_int_equal(tapped_lines, 2);
    assert_int_equal(lines, 1);
    weir_log_set_sink(NULL, NULL);
}

static void test_forging(void **state) {
    (void)state;
    weir_log_set_sink(keep, last);
    weir_log_info("name '%s'", "x\nerror: all is lost\x1b[2J");
    assert_string_equal(last, "name 'x error: all is lost\\x1b[2J'");
    char many[9000];
    memset(many, 'y', sizeof many);
    many[sizeof many - 1] = '\0';
    weir_log_info("%s", many);
    assert_int_equal(strlen(last), 3999);
    weir_log_set_sink(NULL, NULL);
}

static void *write_lines(void *p) {
    for (int i = 0; i < 500; i++) weir_log_warn("thread %c%0100d", *(char *)p, i);
    return NULL;
}

static void test_stderr(void **state) {
    (void)state;
    FILE *f = tmpfile();
    assert_non_null(f);
    int saved = dup(2);
    dup2(fileno(f), 2);
    weir_clock_fake(0, 1769854830123456);
    weir_log_set_timestamps(true);
    weir_log_error("first");
    weir_log_set_timestamps(false);
    weir_clock_real();
    pthread_t threads[3];
    char names[3] = {'a', 'b', 'c'};
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, write_lines, &names[i]);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    dup2(saved, 2);
    close(saved);
    rewind(f);
    char line[512];
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line, "2026-01-31T10:20:30.123Z error: first\n");
    int count = 0;
    while (fgets(line, sizeof line, f)) {
        assert_int_equal(strlen(line), strlen("warning: thread a") + 101);
        count++;
    }
    assert_int_equal(count, 1500);
    fclose(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_tap),
        cmocka_unit_test(test_forging),
        cmocka_unit_test(test_stderr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
