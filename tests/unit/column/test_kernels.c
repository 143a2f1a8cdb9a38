/* take, decode, compare, hash, filter masks against row-by-row references. */
#include "base/fault.h"
#include "random_column.h"

#define ROUNDS 20

static void take(void **state) {
    (void)state;
    weir_error err = {0};
    for (size_t t = 0; t < RANDOM_TYPES; t++)
        for (int round = 0; round < ROUNDS; round++) {
            uint32_t length = random_below(150);
            uint16_t *sel;
            weir_rows rows = random_rows(length, &sel);
            weir_column *c = random_column(type_of(random_types[t]), (weir_encoding)(round % 3),
                                           length, round % 2 ? 4 : 0, true);
            weir_column *out = NULL, *plain = NULL;
            MUST(weir_take(c, rows, NULL, &out, &err));
            MUST(weir_column_validate(out, &err));
            assert_int_equal(out->length, rows.n);
            MUST(weir_decode_plain(out, NULL, &plain, &err));
            MUST(weir_column_validate(plain, &err));
            assert_int_equal(plain->encoding, WEIR_PLAIN);
            for (uint32_t k = 0; k < rows.n; k++) {
                uint32_t row = weir_rows_at(&rows, k);
                assert_true(weir_column_equal(c, row, out, k));
                assert_true(weir_column_equal(c, row, plain, k));
                assert_int_equal(weir_column_is_poisoned(c, row), weir_column_is_poisoned(out, k));
                assert_int_equal(weir_column_is_poisoned(c, row),
                                 weir_column_is_poisoned(plain, k));
            }
            weir_column_release(c);
            weir_column_release(out);
            weir_column_release(plain);
            free(sel);
        }
}

static void decode_of_an_empty_dictionary(void **state) {
    (void)state;
    weir_error err = {0};
    for (size_t t = 0; t < RANDOM_TYPES; t++) {
        weir_column *d = NULL, *c = NULL, *plain = NULL;
        weir_builder *b = NULL;
        MUST(weir_builder_new(type_of(random_types[t]), NULL, &b, &err));
        MUST(weir_builder_finish(b, &d, &err));
        weir_builder_free(b);
        MUST(weir_column_dictionary(d, 5, NULL, &c, &err));
        for (uint32_t i = 0; i < 5; i++) {
            c->indices[i] = 0;
            MUST(weir_column_set_null(c, i, false, NULL, &err));
        }
        MUST(weir_column_validate(c, &err));
        MUST(weir_decode_plain(c, NULL, &plain, &err));
        MUST(weir_column_validate(plain, &err));
        for (uint32_t i = 0; i < 5; i++) assert_true(weir_column_is_null(plain, i));
        weir_column_release(c);
        weir_column_release(plain);
    }
}

static bool holds(weir_compare_op op, int order) {
    switch (op) {
    case WEIR_EQ: return order == 0;
    case WEIR_NE: return order != 0;
    case WEIR_LT: return order < 0;
    case WEIR_LE: return order <= 0;
    case WEIR_GT: return order > 0;
    default: return order >= 0;
    }
}

static void compare(void **state) {
    (void)state;
    weir_error err = {0};
    for (size_t t = 0; t < RANDOM_TYPES; t++)
        for (int round = 0; round < 54; round++) {
            uint32_t length = random_below(200);
            weir_compare_op op = (weir_compare_op)(round % 6);
            uint16_t *sel;
            weir_rows rows = random_rows(length, &sel);
            const weir_type *type = type_of(random_types[t]);
            weir_column *a = random_column(type, (weir_encoding)(round / 6 % 3), length,
                                           round % 2 ? 4 : 0, true);
            weir_column *b = random_column(type, (weir_encoding)(round / 18), length,
                                           round % 5 == 0 ? 4 : 0, true);
            weir_column *out = NULL;
            MUST(weir_compare(op, a, b, rows, NULL, &out, &err));
            MUST(weir_column_validate_rows(out, rows, &err));
            assert_int_equal(out->length, length);
            assert_ptr_equal(out->type, weir_type_of(WEIR_BOOL));
            uint64_t mask[8];
            weir_filter_mask(out, rows, mask);
            for (uint32_t k = 0; k < rows.n; k++) {
                uint32_t row = weir_rows_at(&rows, k);
                bool null = weir_column_is_null(a, row) || weir_column_is_null(b, row);
                bool poison = weir_column_is_poisoned(a, row) || weir_column_is_poisoned(b, row);
                assert_int_equal(weir_column_is_null(out, row), null);
                assert_int_equal(weir_column_is_poisoned(out, row), poison);
                bool want = !null && holds(op, weir_compare_values(a, row, b, row));
                if (!null)
                    assert_int_equal(
                        weir_bit_get(weir_column_base(out)->values, weir_column_slot(out, row)),
                        want);
                assert_int_equal(weir_bit_get(mask, row), want || poison);
            }
            weir_column_release(a);
            weir_column_release(b);
            weir_column_release(out);
            free(sel);
        }
}

/* The order itself: total, and as the text of the types says. */
static void order(void **state) {
    (void)state;
    weir_error err = {0};
    const char *items[] = {"",
                           "\x01",
                           "a",
                           "ab",
                           "abc",
                           "abcd",
                           "abcd\x01",
                           "abcde",
                           "abcdefghijkl",
                           "abcdefghijklm",
                           "abcdefghijklmn",
                           "abce",
                           "b",
                           "\xc3\xa4"};
    weir_column *c = texts(type_of("string"), items, 14);
    for (uint32_t i = 0; i < 14; i++)
        for (uint32_t j = 0; j < 14; j++) {
            weir_column *x = row_alone(c, i), *y = row_alone(c, j), *out = NULL;
            weir_rows one = {NULL, 1, 1};
            assert_int_equal(weir_compare_values(c, i, c, j), (i > j) - (i < j));
            MUST(weir_compare(WEIR_LT, x, y, one, NULL, &out, &err));
            assert_int_equal(weir_bit_get(out->values, 0), i < j);
            weir_column_release(x);
            weir_column_release(y);
            weir_column_release(out);
        }
    weir_column_release(c);
    double d[] = {-__builtin_inf(), -1, 0, 1, __builtin_inf(), __builtin_nan("")};
    weir_builder *b = NULL;
    MUST(weir_builder_new(type_of("float64"), NULL, &b, &err));
    for (int i = 0; i < 6; i++) MUST(weir_builder_value(b, &d[i], &err));
    MUST(weir_builder_finish(b, &c, &err));
    weir_builder_free(b);
    for (uint32_t i = 0; i < 6; i++)
        for (uint32_t j = 0; j < 6; j++)
            assert_int_equal(weir_compare_values(c, i, c, j), (i > j) - (i < j));
    weir_column_release(c);
}

static void compare_of_different_types(void **state) {
    (void)state;
    weir_error err = {0};
    weir_rows rows = {NULL, 50, 50};
    weir_column *out = NULL;
    weir_column *narrow = random_column(type_of("decimal(10,2)"), WEIR_PLAIN, 50, 0, false);
    weir_column *wide = NULL;
    MUST(weir_cast(narrow, type_of("decimal(30,2)"), rows, NULL, NULL, NULL, &wide, &err));
    MUST(weir_compare(WEIR_EQ, narrow, wide, rows, NULL, &out, &err));
    for (uint32_t i = 0; i < 50; i++) assert_true(weir_bit_get(out->values, i));
    weir_column_release(out);
    weir_column *other = random_column(type_of("decimal(10,3)"), WEIR_PLAIN, 50, 0, false);
    assert_int_equal(weir_compare(WEIR_EQ, narrow, other, rows, NULL, &out, &err), WEIR_USAGE);
    assert_non_null(strstr(err.message, "decimal(10,3)"));
    weir_column *null = NULL;
    MUST(weir_column_constant(weir_type_of(WEIR_NULL), 50, NULL, 0, NULL, &null, &err));
    MUST(weir_compare(WEIR_LT, null, other, rows, NULL, &out, &err));
    for (uint32_t i = 0; i < 50; i++) assert_true(weir_column_is_null(out, i));
    weir_column_release(out);
    weir_column_release(null);
    weir_column_release(narrow);
    weir_column_release(wide);
    weir_column_release(other);
}

static void hash(void **state) {
    (void)state;
    weir_error err = {0};
    for (size_t t = 0; t < RANDOM_TYPES; t++)
        for (int round = 0; round < ROUNDS; round++) {
            enum { N = 60 };
            uint64_t a[N], b[N];
            uint16_t *sel;
            weir_rows rows = random_rows(N, &sel), all = {NULL, N, N};
            const weir_type *type = type_of(random_types[t]);
            weir_column *c = random_column(type, (weir_encoding)(round % 3), N, 4, false),
                        *plain = NULL;
            for (int i = 0; i < N; i++) a[i] = b[i] = 77;
            MUST(weir_hash_rows(c, rows, a));
            MUST(weir_decode_plain(c, NULL, &plain, &err));
            MUST(weir_hash_rows(plain, all, b));
            uint32_t differ = 0, pairs = 0;
            for (uint32_t k = 0; k < rows.n; k++) {
                uint32_t i = weir_rows_at(&rows, k);
                assert_int_equal(a[i], b[i]); /* whatever the encoding */
                for (uint32_t j = 0; j < N; j++) {
                    bool both = !weir_column_is_null(c, i) && !weir_column_is_null(c, j);
                    bool equal = weir_column_equal(c, i, c, j) ||
                                 (both && weir_compare_values(c, i, c, j) == 0);
                    if (equal) assert_int_equal(b[i], b[j]);
                    pairs += !equal;
                    differ += !equal && b[i] != b[j];
                }
            }
            assert_true(differ == pairs); /* no chance collision in this fixed sequence */
            weir_column_release(c);
            weir_column_release(plain);
            free(sel);
        }
}

static weir_status one_of_each(const weir_column *a, const weir_column *b, weir_rows rows,
                               weir_error *err) {
    weir_column *out[3] = {NULL};
    uint64_t hashes[64] = {0};
    weir_status status = weir_compare(WEIR_LE, a, b, rows, NULL, &out[0], err);
    if (status == WEIR_OK) status = weir_take(a, rows, NULL, &out[1], err);
    if (status == WEIR_OK) status = weir_decode_plain(b, NULL, &out[2], err);
    if (status == WEIR_OK) status = weir_hash_rows(a, rows, hashes);
    for (int i = 0; i < 3; i++) weir_column_release(out[i]);
    return status;
}

static void memory_may_be_short(void **state) {
    (void)state;
    weir_error err = {0};
    uint16_t sel[3] = {1, 5, 60};
    weir_rows rows = {sel, 3, 64};
    for (size_t t = 0; t < RANDOM_TYPES; t++) {
        weir_column *a = random_column(type_of(random_types[t]),
                                       t % 2 ? WEIR_DICTIONARY : WEIR_PLAIN, 64, 4, true);
        weir_column *b = random_column(type_of(random_types[t]),
                                       t % 2 ? WEIR_CONSTANT : WEIR_DICTIONARY, 64, 0, false);
        for (long n = 1;; n++) {
            weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
            weir_status status = one_of_each(a, b, rows, &err);
            bool reached = weir_fault_count(WEIR_FAULT_MALLOC) >= n;
            weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
            if (!reached) break;
            assert_int_equal(status, WEIR_RESOURCE);
        }
        weir_column_release(a);
        weir_column_release(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take),
        cmocka_unit_test(decode_of_an_empty_dictionary),
        cmocka_unit_test(compare),
        cmocka_unit_test(order),
        cmocka_unit_test(hash),
        cmocka_unit_test(compare_of_different_types),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
