/* Parts of Parquet files: Thrift's compact protocol, runs, deltas, values.  Whole files are read by
 * the pipeline case parquet_read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "format/parquet.h"

static void thrift_fields(void **state) {
    (void)state;
    /* 1: i32 -3, 2: true, 4: "ab", 20: i64 300 with its own number, 21: list of 3 i32, end */
    static const uint8_t bytes[] = {0x15, 0x05, 0x11, 0x28, 0x02, 'a',  'b',  0x06, 0x28,
                                    0xd8, 0x04, 0x19, 0x35, 0x02, 0x04, 0x06, 0x00};
    weir_thrift t = {.p = bytes, .end = bytes + sizeof bytes};
    weir_thrift_field f = {0};
    assert_true(weir_thrift_next(&t, &f));
    assert_int_equal(f.id, 1);
    assert_int_equal(weir_thrift_int32(&t, &f), -3);
    assert_true(weir_thrift_next(&t, &f));
    assert_int_equal(f.id, 2);
    assert_true(weir_thrift_bool(&t, &f));
    assert_true(weir_thrift_next(&t, &f));
    assert_int_equal(f.id, 4);
    weir_slice s = weir_thrift_binary(&t, &f);
    assert_true(weir_slice_is(s, "ab"));
    assert_true(weir_thrift_next(&t, &f));
    assert_int_equal(f.id, 20);
    assert_int_equal(weir_thrift_int(&t, &f), 300);
    assert_true(weir_thrift_next(&t, &f));
    assert_int_equal(f.id, 21);
    assert_int_equal(weir_thrift_list(&t, &f, WEIR_THRIFT_I32), 3);
    for (int i = 1; i <= 3; i++) assert_int_equal(weir_thrift_item_int(&t), i);
    assert_false(weir_thrift_next(&t, &f));
    assert_false(t.bad);
}

static void thrift_that_lies(void **state) {
    (void)state;
    static const uint8_t deep[] = {0x1c, 0x1c, 0x1c};
    uint8_t nested[200];
    memset(nested, 0x1c, sizeof nested);
    const struct {
        const uint8_t *p;
        size_t n;
    } cases[] = {
        {(const uint8_t *)"\x18\x05"
                          "ab",
         4},                                              /* a text that is cut */
        {(const uint8_t *)"\x19\xfc\xff\xff\xff\x0f", 6}, /* a list longer than the bytes */
        {(const uint8_t *)"\x15\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12}, /* no number */
        {(const uint8_t *)"\x1f", 1},                                              /* no type */
        {deep, sizeof deep},
        {nested, sizeof nested},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_thrift t = {.p = cases[i].p, .end = cases[i].p + cases[i].n};
        weir_thrift_field f = {0};
        while (weir_thrift_next(&t, &f)) weir_thrift_skip(&t, f.type);
        assert_true(t.bad);
    }
}

static void runs_and_groups(void **state) {
    (void)state;
    /* Encodings.md: 0..7 in 3 bits is 88 C6 FA; a run of 5 times 6 behind it */
    static const uint8_t bytes[] = {0x03, 0x88, 0xc6, 0xfa, 0x0a, 0x06};
    uint32_t numbers[16];
    uint8_t small[16];
    weir_parquet_runs r;
    weir_parquet_runs_init(&r, bytes, sizeof bytes, 3);
    assert_int_equal(weir_parquet_runs_u32(&r, numbers, 10), 10);
    for (uint32_t i = 0; i < 10; i++) assert_int_equal(numbers[i], i < 8 ? i : 6);
    assert_int_equal(weir_parquet_runs_u32(&r, numbers, 10), 3);
    assert_true(r.bad);
    weir_parquet_runs_init(&r, bytes, sizeof bytes, 3);
    assert_int_equal(weir_parquet_runs_u8(&r, small, 13), 13);
    for (uint32_t i = 0; i < 13; i++) assert_int_equal(small[i], i < 8 ? i : 6);
    /* width 0: nothing but zeros, without bytes of their own */
    static const uint8_t zeros[] = {0x14};
    weir_parquet_runs_init(&r, zeros, 1, 0);
    assert_int_equal(weir_parquet_runs_u32(&r, numbers, 10), 10);
    assert_int_equal(numbers[9], 0);
    assert_int_equal(weir_parquet_runs_u32(&r, numbers, 1), 0);
    /* a run of 32 bits */
    static const uint8_t wide[] = {0x04, 0x78, 0x56, 0x34, 0x12};
    weir_parquet_runs_init(&r, wide, sizeof wide, 32);
    assert_int_equal(weir_parquet_runs_u32(&r, numbers, 2), 2);
    assert_int_equal(numbers[1], 0x12345678);
}

static void older_levels(void **state) {
    (void)state;
    /* Encodings.md: 0..7 in 3 bits, from the highest bit down: 05 39 77 */
    static const uint8_t bytes[] = {0x05, 0x39, 0x77};
    uint8_t out[8];
    assert_true(weir_parquet_high_bits(bytes, 3, 3, out, 8));
    for (uint8_t i = 0; i < 8; i++) assert_int_equal(out[i], i);
    assert_false(weir_parquet_high_bits(bytes, 2, 3, out, 8));
}

static void deltas(void **state) {
    (void)state;
    /* Encodings.md, second example: 7, 5, 3, 1, 2, 3, 4, 5 as one block of 128 in 4 miniblocks:
     * least difference -2, widths 2 0 0 0, differences 0 0 0 3 3 3 3 */
    static const uint8_t bytes[] = {0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 0x02, 0x00, 0x00, 0x00,
                                    0xc0, 0x3f, 0,    0,    0,    0,    0,    0,    0xee};
    static const int64_t want[] = {7, 5, 3, 1, 2, 3, 4, 5};
    weir_parquet_deltas d;
    uint64_t out[16];
    weir_parquet_deltas_init(&d, bytes, sizeof bytes);
    assert_int_equal(d.total, 8);
    assert_int_equal(weir_parquet_deltas_next(&d, out, 3), 3);
    assert_int_equal(weir_parquet_deltas_next(&d, out + 3, 16), 5);
    for (size_t i = 0; i < 8; i++) assert_int_equal((int64_t)out[i], want[i]);
    assert_false(d.bad);
    assert_ptr_equal(weir_parquet_deltas_end(&d), bytes + 18);
    /* cut within the miniblock */
    weir_parquet_deltas_init(&d, bytes, 11);
    assert_true(weir_parquet_deltas_next(&d, out, 16) < 8);
    assert_true(d.bad);
    /* miniblocks that are no multiple of 8 */
    static const uint8_t odd[] = {0x0c, 0x04, 0x02, 0x00};
    weir_parquet_deltas_init(&d, odd, sizeof odd);
    assert_true(d.bad);
}

/* One stored value of a column, converted. */
static uint8_t convert(weir_parquet_convert how, weir_parquet_physical physical, const char *type,
                       const void *in, int32_t length, void *out) {
    weir_parquet_node n = {
        .convert = (uint8_t)how, .physical = (uint8_t)physical, .length = length};
    uint8_t fault = WEIR_PARQUET_FINE;
    weir_error err = {0};
    assert_int_equal(weir_type_parse(type, &n.type, &err), WEIR_OK);
    bool any = weir_parquet_convert_fixed(&n, in, 1, out, &fault);
    assert_int_equal(any, fault != 0);
    return fault;
}

static void values(void **state) {
    (void)state;
    int64_t v;
    float f;
    __int128 wide;
    int32_t year = 300, number = -5;
    uint8_t byte;
    assert_int_equal(convert(WEIR_PARQUET_NARROW, WEIR_PARQUET_INT32, "uint8", &year, 0, &byte),
                     WEIR_PARQUET_TOO_LARGE);
    assert_int_equal(convert(WEIR_PARQUET_WIDEN_TIMES, WEIR_PARQUET_INT32, "time", &year, 0, &v),
                     WEIR_PARQUET_FINE);
    assert_int_equal(v, 300000);
    int64_t nanos = 1500, exact = -2000, large = INT64_MAX / 10;
    assert_int_equal(convert(WEIR_PARQUET_THROUGH, WEIR_PARQUET_INT64, "timestamp", &nanos, 0, &v),
                     WEIR_PARQUET_TOO_FINE);
    assert_int_equal(convert(WEIR_PARQUET_THROUGH, WEIR_PARQUET_INT64, "timestamp", &exact, 0, &v),
                     WEIR_PARQUET_FINE);
    assert_int_equal(v, -2);
    assert_int_equal(convert(WEIR_PARQUET_TIMES, WEIR_PARQUET_INT64, "timestamp", &large, 0, &v),
                     WEIR_PARQUET_TOO_LARGE);
    /* 1970-01-01 00:00:00.000001 as Impala has it */
    static const uint8_t stamp[] = {0xe8, 3, 0, 0, 0, 0, 0, 0, 0x8c, 0x3d, 0x25, 0};
    assert_int_equal(convert(WEIR_PARQUET_STAMP96, WEIR_PARQUET_INT96, "timestamp", stamp, 0, &v),
                     WEIR_PARQUET_FINE);
    assert_int_equal(v, 1);
    static const struct {
        uint16_t half;
        double value;
    } halves[] = {{0x3c00, 1}, {0xc000, -2}, {0x7bff, 65504}, {0x0001, 0x1p-24}, {0x8000, -0.0}};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        convert(WEIR_PARQUET_HALF, WEIR_PARQUET_FIXED, "float32", &halves[i].half, 2, &f);
        assert_true((double)f == halves[i].value);
    }
    /* decimals: big-endian bytes, sign-extended; too many digits */
    static const uint8_t minus_two[] = {0xff, 0xff, 0xfe}, thousand[] = {0x03, 0xe8};
    assert_int_equal(
        convert(WEIR_PARQUET_NUMBER, WEIR_PARQUET_FIXED, "decimal(30,2)", minus_two, 3, &wide),
        WEIR_PARQUET_FINE);
    assert_true(wide == -2);
    assert_int_equal(
        convert(WEIR_PARQUET_NUMBER, WEIR_PARQUET_FIXED, "decimal(3,0)", thousand, 2, &v),
        WEIR_PARQUET_TOO_LARGE);
    assert_int_equal(
        convert(WEIR_PARQUET_NUMBER32, WEIR_PARQUET_INT32, "decimal(3,1)", &number, 0, &v),
        WEIR_PARQUET_FINE);
    assert_int_equal(v, -5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thrift_fields),   cmocka_unit_test(thrift_that_lies),
        cmocka_unit_test(runs_and_groups), cmocka_unit_test(older_levels),
        cmocka_unit_test(deltas),          cmocka_unit_test(values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
