/* ${...} in values. */
#include "registry.h"
#include <unistd.h>
#include "spec/reference.h"

static const char *variable(void *context, const char *name) {
    (void)context;
    if (strcmp(name, "A") == 0) return "one";
    if (strcmp(name, "_b2") == 0) return "two";
    if (strcmp(name, "EMPTY") == 0) return "";
    if (strcmp(name, "TRICK") == 0) return "${A}";
    return NULL;
}

/* The text resolved, or the error message, in one string that the caller frees. */
static char *resolve(const char *text, bool *secret) {
    weir_arena arena = {0};
    weir_diags diags;
    weir_references r = {.variable = variable};
    weir_diags_init(&diags, NULL);
    weir_node *n = weir_node_scalar(&arena, text, strlen(text));
    assert_true(weir_reference_resolve(&r, n, "key", &arena, &diags));
    char *out = diags.n ? weir_strdup(diags.items[0].message) : weir_strdup(n->text);
    if (diags.n) assert_string_equal(n->text, text);
    if (secret) *secret = n->secret;
    weir_diags_clear(&diags);
    weir_arena_clear(&arena);
    return out;
}

static void test_forms(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"plain", "plain"},
        {"$", "$"},
        {"$A {A} }{ $$ $", "$A {A} }{ $$ $"},
        {"^[^@\\s]+$", "^[^@\\s]+$"},
        {"${A}", "one"},
        {"x${A}y${_b2}z", "xoneytwoz"},
        {"${EMPTY}", ""},
        {"${EMPTY:-d}", "d"},
        {"${NOPE:-}", ""},
        {"${NOPE:-a b:-c}", "a b:-c"},
        {"${NOPE:-${A}/${EMPTY:-x}}", "one/x"},
        {"${A:-${NOPE}}", "one"},
        {"${NOPE:-{date}}.csv", "{date}.csv"},
        {"${A:-{date}}.csv", "one.csv"},
        {"${A:?must}", "one"},
        {"$${A}", "${A}"},
        {"$$${A}", "$${A}"},
        {"$${A} ${A}", "${A} one"},
        {"${TRICK}", "${A}"}, /* what comes in is not looked at again */
        {"${NOPE}", "${NOPE}: the variable is not set"},
        {"${NOPE:?set it to a folder}", "${NOPE}: set it to a folder"},
        {"${NOPE:?}", "${NOPE}: the variable is not set"},
        {"${EMPTY:?msg}", "${EMPTY}: msg"},
        {"${}", "${}: is not a reference"},
        {"${1A}", "${1A}: is not a reference"},
        {"${A-b}", "${A-b}: is not a reference"},
        {"${A:+b}", "${A:+b}: is not a reference"},
        {"${A b}", "${A b}: is not a reference"},
        {"${A", "${A}: is not closed"},
        {"${NOPE:-${A}", "${NOPE:-${A}}: is not closed"},
        {"${file:}", "${file:}: names no file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = resolve(cases[i].text, NULL);
        assert_string_equal(got, cases[i].want);
        weir_free(got);
    }
}

static void test_secret_flag(void **state) {
    (void)state;
    bool secret;
    weir_free(resolve("x", &secret));
    assert_false(secret);
    weir_free(resolve("$${A}", &secret));
    assert_false(secret);
    weir_free(resolve("${A}", &secret));
    assert_true(secret);
    weir_free(resolve("${NOPE:-x}", &secret));
    assert_true(secret);
}

static void test_nesting_is_limited(void **state) {
    (void)state;
    weir_buf b = {0};
    for (int i = 0; i < 1000; i++) assert_true(weir_buf_adds(&b, "${N:-"));
    for (int i = 0; i < 1000; i++) assert_true(weir_buf_adds(&b, "}"));
    char *got = resolve(weir_buf_cstr(&b), NULL);
    assert_non_null(strstr(got, "references nest too deep"));
    weir_free(got);
    weir_buf_clear(&b);
}

/* A short text that stands for a very long one. */
static void test_size_is_limited(void **state) {
    (void)state;
    char big[70000], path[] = "/tmp/weir-reference-XXXXXX";
    memset(big, 'x', sizeof big);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, big, 60000), 60000);
    weir_buf b = {0};
    for (int i = 0; i < 100; i++) assert_true(weir_buf_printf(&b, "${file:%s}", path));
    char *got = resolve(weir_buf_cstr(&b), NULL);
    assert_string_equal(got, "the value is too long when its references are resolved");
    weir_free(got);
    weir_buf_clear(&b);
    assert_int_equal(write(fd, big, 10000), 10000);
    assert_true(weir_buf_printf(&b, "${file:%s}", path));
    got = resolve(weir_buf_cstr(&b), NULL);
    assert_non_null(strstr(got, ": cannot be read: "));
    weir_free(got);
    weir_buf_clear(&b);
    close(fd);
    remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_secret_flag),
        cmocka_unit_test(test_nesting_is_limited),
        cmocka_unit_test(test_size_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
