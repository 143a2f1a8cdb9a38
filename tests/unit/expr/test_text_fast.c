/* The short cuts for ASCII and short texts against the general functions, on random texts that end
 * directly before memory that may not be read. */
#include <sys/mman.h>
#include <unistd.h>
#include "expr/text_fast.h"
#include "expr_test.h"
#include "text/utf8.h"

static uint64_t seed = 99;
static uint32_t dice(uint32_t sides) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % sides;
}

/* n bytes whose end is the end of a page. */
static char *guarded(size_t n) {
    static char *page;
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    if (!page) {
        page = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(page != MAP_FAILED);
        assert_int_equal(mprotect(page + size, size, PROT_NONE), 0);
    }
    return page + size - n;
}

static void find(void **state) {
    (void)state;
    for (int round = 0; round < 200000; round++) {
        size_t n = dice(70), m = 1 + dice(6);
        char needle[8], *text = guarded(n);
        for (size_t i = 0; i < n; i++) text[i] = (char)('a' + dice(3));
        for (size_t i = 0; i < m; i++) needle[i] = (char)('a' + dice(3));
        if (dice(3) == 0 && m <= n) memcpy(text + n - m, needle, m); /* at the very end */
        size_t from = dice((uint32_t)n + 2);
        const char *p = from <= n ? memmem(text + from, n - from, needle, m) : NULL;
        size_t want = p ? (size_t)(p - text) : n;
        assert_int_equal(weir_text_find((weir_slice){text, n}, from, (weir_slice){needle, m}),
                         want);
    }
}

static void cases_and_ascii(void **state) {
    (void)state;
    for (int round = 0; round < 200000; round++) {
        size_t n = dice(40);
        char *text = guarded(n), fast[64], slow[128];
        for (size_t i = 0; i < n; i++) text[i] = (char)dice(128);
        bool ascii = n == 0 || dice(4) != 0;
        if (!ascii) {
            text[dice((uint32_t)n)] = (char)(128 + dice(128));
            assert_false(weir_ascii_case(text, n, dice(2), fast));
        } else {
            size_t size = weir_utf8_to_lower(text, n, slow);
            assert_true(weir_ascii_case(text, n, false, fast));
            assert_int_equal(size, n);
            assert_memory_equal(fast, slow, n);
            assert_int_equal(weir_utf8_to_upper(text, n, slow), n);
            assert_true(weir_ascii_case(text, n, true, fast));
            assert_memory_equal(fast, slow, n);
        }
        assert_int_equal(weir_text_is_ascii(text, n), ascii);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(find), cmocka_unit_test(cases_and_ascii)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
