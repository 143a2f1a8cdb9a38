/* Clocks and processor features, and that tests can set them; the nearest spelling. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/distance.h"

static void test_clock(void **state) {
    (void)state;
    int64_t a = weir_clock_monotonic_us();
    weir_clock_sleep_us(2000);
    int64_t b = weir_clock_monotonic_us();
    assert_true(b - a >= 2000 && b - a < 60000000);
    assert_true(weir_clock_wall_us() > 1600000000000000);
    weir_clock_fake(5, 100);
    assert_int_equal(weir_clock_monotonic_us(), 5);
    weir_clock_advance_us(10);
    weir_clock_sleep_us(1000000000); /* returns at once */
    weir_clock_sleep_us(-5);
    assert_int_equal(weir_clock_monotonic_us(), 1000000015);
    assert_int_equal(weir_clock_wall_us(), 1000000110);
    weir_clock_real();
    assert_true(weir_clock_wall_us() > 1600000000000000);
}

static void test_cpu(void **state) {
    (void)state;
    assert_true(weir_cpu_count() >= 1);
    uint32_t all = weir_cpu_features();
    assert_true(all & WEIR_CPU_READY);
    weir_cpu_limit(0);
    assert_false(weir_cpu_has_avx2());
    assert_false(weir_cpu_has_sse42());
    weir_cpu_limit(UINT32_MAX);
    assert_int_equal(weir_cpu_features(), all);
}

static void test_cpu_environment(void **state) {
    (void)state;
    /* The environment is read once a process, so a fresh one is asked: this program itself. */
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    pid_t child = fork();
    if (child == 0) {
        setenv("WEIR_SIMD", "portable", 1);
        execl(self, self, "--features", (char *)NULL);
        _exit(99);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), WEIR_CPU_READY);
}

static int distance(const char *a, const char *b, int limit) {
    int one = weir_distance(a, strlen(a), b, strlen(b), limit);
    assert_int_equal(weir_distance(b, strlen(b), a, strlen(a), limit), one);
    return one;
}

static void test_distance(void **state) {
    (void)state;
    assert_int_equal(distance("", "", 3), 0);
    assert_int_equal(distance("", "abc", 3), 3);
    assert_int_equal(distance("kitten", "sitting", 5), 3);
    assert_int_equal(distance("kitten", "sitting", 2), 3); /* limit + 1 */
    assert_int_equal(distance("colums", "columns", 3), 1);
    assert_int_equal(distance("soruce", "source", 3), 1); /* a swap is one edit */
    assert_int_equal(distance("SOURCE", "source", 3), 0);
    assert_int_equal(distance("ab", "ba", 1), 1);
    assert_int_equal(distance("abcdef", "badcfe", 3), 3);
    char longer[WEIR_DISTANCE_MAX_BYTES + 2];
    memset(longer, 'x', sizeof longer);
    assert_int_equal(weir_distance(longer, sizeof longer, longer, sizeof longer, 3), 4);
    assert_int_equal(weir_distance(longer, 64, longer, 64, 3), 0);
    assert_int_equal(weir_distance(longer, 64, longer, 61, 3), 3);
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const keys[] = {"source", "sink", NULL, "transform", "rejects", "key"};
    assert_string_equal(weir_distance_nearest("sorce", 5, keys, 6), "source");
    assert_string_equal(weir_distance_nearest("transfrom", 9, keys, 6), "transform");
    assert_string_equal(weir_distance_nearest("keys", 4, keys, 6), "key");
    assert_null(weir_distance_nearest("banana", 6, keys, 6));
    assert_null(weir_distance_nearest("abc", 3, keys, 6));
    assert_null(weir_distance_nearest("x", 1, NULL, 0));
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--features") == 0) return (int)weir_cpu_features();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock),           cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_cpu_environment), cmocka_unit_test(test_distance),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
