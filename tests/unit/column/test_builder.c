#include "base/fault.h"
#include "random_column.h"

static void every_type_is_valid(void **state) {
    (void)state;
    weir_error err = {0};
    for (size_t i = 0; i < RANDOM_TYPES; i++)
        for (int round = 0; round < 12; round++) {
            weir_encoding e = (weir_encoding)(round % 3);
            weir_column *c = random_column(type_of(random_types[i]), e, random_below(400),
                                           round % 2 ? 4 : 0, round % 4 == 3);
            MUST(weir_column_validate(c, &err));
            weir_column_release(c);
        }
}

static void values_come_back(void **state) {
    (void)state;
    weir_error err = {0};
    weir_builder *b = NULL;
    weir_column *c = NULL;
    MUST(weir_builder_new(type_of("int32"), NULL, &b, &err));
    for (int32_t i = 0; i < 1000; i++) {
        if (i % 7 == 3)
            MUST(weir_builder_null(b, i % 2, &err));
        else
            MUST(weir_builder_value(b, &i, &err));
    }
    assert_int_equal(weir_builder_length(b), 1000);
    MUST(weir_builder_finish(b, &c, &err));
    assert_int_equal(weir_builder_length(b), 0);
    MUST(weir_column_validate(c, &err));
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(weir_column_is_null(c, i), i % 7 == 3);
        assert_int_equal(weir_column_is_poisoned(c, i), i % 7 == 3 && i % 2);
        if (i % 7 != 3) assert_int_equal(((int32_t *)c->values)[i], i);
    }
    weir_column_release(c);
    /* the builder is empty and ready */
    int32_t seven = 7;
    MUST(weir_builder_value(b, &seven, &err));
    MUST(weir_builder_finish(b, &c, &err));
    assert_null(c->validity);
    assert_string_equal(text_of(c, 0), "7");
    weir_column_release(c);
    MUST(weir_builder_finish(b, &c, &err)); /* nothing at all */
    assert_int_equal(c->length, 0);
    MUST(weir_column_validate(c, &err));
    weir_column_release(c);
    assert_int_equal(weir_builder_bytes(b, "x", 1, &err), WEIR_INTERNAL);
    assert_int_equal(weir_builder_close_row(b, &err), WEIR_INTERNAL);
    weir_builder_free(b);
}

static void views_of_a_block(void **state) {
    (void)state;
    weir_error err = {0};
    weir_block *block = NULL;
    weir_builder *b = NULL;
    weir_column *c = NULL;
    MUST(weir_block_new(NULL, 64, &block, &err));
    memcpy(block->data, "0123456789abcdefghijklmnopqrstuvwxyz", 36);
    block->size = 36;
    MUST(weir_builder_new(type_of("string"), NULL, &b, &err));
    MUST(weir_builder_view(b, block, 0, 13, &err));
    MUST(weir_builder_view(b, block, 10, 12, &err));
    MUST(weir_builder_bytes(b, "a text of the builder's own", 27, &err));
    MUST(weir_builder_view(b, block, 10, 26, &err));
    MUST(weir_builder_bytes(b, NULL, 0, &err));
    MUST(weir_builder_finish(b, &c, &err));
    weir_builder_free(b);
    weir_block_release(block);
    MUST(weir_column_validate(c, &err));
    assert_int_equal(c->n_blocks, 2); /* the block once */
    assert_string_equal(text_of(c, 0), "0123456789abc");
    assert_string_equal(text_of(c, 1), "abcdefghijkl");
    assert_string_equal(text_of(c, 2), "a text of the builder's own");
    assert_string_equal(text_of(c, 3), "abcdefghijklmnopqrstuvwxyz");
    assert_string_equal(text_of(c, 4), "");
    weir_column_release(c);
}

static void nested_text(void **state) {
    (void)state;
    weir_error err = {0};
    weir_builder *b = NULL;
    weir_column *c = NULL;
    const weir_type *t =
        type_of("struct<id int64, tags list<string>, m map<string, decimal(5,2)>, d timestamp>");
    MUST(weir_builder_new(t, NULL, &b, &err));
    int64_t id = 5, cents = -150, us = 1700000000500000;
    MUST(weir_builder_value(weir_builder_child(b, 0), &id, &err));
    weir_builder *tags = weir_builder_child(b, 1), *m = weir_builder_child(b, 2);
    MUST(weir_builder_bytes(weir_builder_child(tags, 0), "a \"b\"\n", 6, &err));
    MUST(weir_builder_null(weir_builder_child(tags, 0), false, &err));
    MUST(weir_builder_close_row(tags, &err));
    MUST(weir_builder_bytes(weir_builder_child(m, 0), "k", 1, &err));
    assert_int_equal(weir_builder_close_row(m, &err), WEIR_INTERNAL); /* key without value */
    MUST(weir_builder_value(weir_builder_child(m, 1), &cents, &err));
    MUST(weir_builder_close_row(m, &err));
    assert_int_equal(weir_builder_close_row(b, &err), WEIR_INTERNAL); /* d is missing */
    MUST(weir_builder_value(weir_builder_child(b, 3), &us, &err));
    MUST(weir_builder_close_row(b, &err));
    MUST(weir_builder_null(b, false, &err));
    MUST(weir_builder_finish(b, &c, &err));
    weir_builder_free(b);
    MUST(weir_column_validate(c, &err));
    assert_string_equal(text_of(c, 0),
                        "{\"id\":5,\"tags\":[\"a \\\"b\\\"\\n\",null],\"m\":{\"k\":-1.50},"
                        "\"d\":\"2023-11-14T22:13:20.500\"}");
    assert_string_equal(text_of(c, 1), "null");
    weir_column_release(c);
}

static void scalar_text(void **state) {
    (void)state;
    weir_error err = {0};
    struct {
        const char *type;
        uint64_t w[2];
        const char *text, *json;
    } cases[] = {
        {"bool", {1}, "true", "true"},
        {"int8", {0xFF}, "-1", "-1"},
        {"uint8", {0xFF}, "255", "255"},
        {"uint64", {UINT64_MAX}, "18446744073709551615", "18446744073709551615"},
        {"decimal(18,4)", {12345}, "1.2345", "1.2345"},
        {"decimal(38,2)", {UINT64_MAX, UINT64_MAX}, "-0.01", "-0.01"},
        {"date", {19723}, "2024-01-01", "\"2024-01-01\""},
        {"time", {3723000000ull}, "01:02:03", "\"01:02:03\""},
        {"timestamp", {86400000000ull}, "1970-01-02 00:00:00", "\"1970-01-02T00:00:00\""},
        {"timestamptz", {0}, "1970-01-01 00:00:00Z", "\"1970-01-01T00:00:00Z\""},
        {"timestamptz(Europe/Berlin)",
         {0},
         "1970-01-01 01:00:00+01:00",
         "\"1970-01-01T01:00:00+01:00\""},
        {"uuid",
         {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull},
         "00010203-0405-0607-0809-0a0b0c0d0e0f",
         "\"00010203-0405-0607-0809-0a0b0c0d0e0f\""},
        {"interval", {(uint64_t)1 << 32, 1000000}, "1 day 00:00:01", "\"1 day 00:00:01\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_column *c = NULL;
        weir_buf json = {0};
        MUST(weir_column_constant(type_of(cases[i].type), 3, cases[i].w, 16, NULL, &c, &err));
        MUST(weir_column_validate(c, &err));
        assert_string_equal(text_of(c, 2), cases[i].text);
        assert_true(weir_column_json(c, 1, &json));
        assert_string_equal(weir_buf_cstr(&json), cases[i].json);
        weir_buf_clear(&json);
        weir_column_release(c);
    }
    weir_column *c = NULL;
    MUST(weir_column_constant(type_of("binary"), 1, "\x00\xfe longer than twelve", 21, NULL, &c,
                              &err));
    assert_string_equal(text_of(c, 0), "\\x00fe206c6f6e676572207468616e207477656c7665");
    weir_column_release(c);
}

static void equality(void **state) {
    (void)state;
    for (size_t i = 0; i < RANDOM_TYPES; i++) {
        weir_column *c = random_column(type_of(random_types[i]), WEIR_PLAIN, 40, 6, false);
        weir_column *d = random_column(type_of(random_types[i]), WEIR_DICTIONARY, 40, 6, false);
        for (uint32_t a = 0; a < 40; a++)
            for (uint32_t b = 0; b < 40; b++) {
                /* the text decides: equal text, equal value (-0 and 0 alone differ in text) */
                const char *x = text_of(c, a), *y = text_of(d, b);
                bool same = strcmp(x, y) == 0 || (strcmp(x, "-0") == 0 && strcmp(y, "0") == 0) ||
                            (strcmp(x, "0") == 0 && strcmp(y, "-0") == 0);
                assert_int_equal(weir_column_equal(c, a, d, b), same);
            }
        weir_column_release(c);
        weir_column_release(d);
    }
}

/* Corrupts one thing after the other; the check must see each. */
static void validate_sees(void **state) {
    (void)state;
    weir_error err = {0};
    const char *items[] = {"short", "a longer text than twelve bytes",
                           "another one, longer than that", NULL};
    weir_column *c = texts(type_of("string"), items, 4);
    weir_view *v = c->values, keep;
#define SEEN(CHANGE, UNDO)                                                                         \
    do {                                                                                           \
        CHANGE;                                                                                    \
        assert_int_equal(weir_column_validate(c, &err), WEIR_INTERNAL);                            \
        UNDO;                                                                                      \
        MUST(weir_column_validate(c, &err));                                                       \
    } while (0)
    keep = v[0];
    SEEN(v[0].in.bytes[8] = 'x', v[0] = keep);
    SEEN(v[0].in.bytes[1] = (char)0xff, v[0] = keep);
    keep = v[1];
    SEEN(v[1].ref.block = 1, v[1] = keep);
    SEEN(v[1].ref.offset = 1u << 30, v[1] = keep);
    SEEN(v[1].ref.prefix[0] = 'b', v[1] = keep);
    SEEN(c->poison = c->validity, c->poison = NULL);
    v[3].ref.size = 99; /* of a null row: nobody may look */
    MUST(weir_column_validate(c, &err));
    weir_column_release(c);
    c = random_column(type_of("list<int32>"), WEIR_PLAIN, 20, 0, false);
    int32_t *o = c->values;
    SEEN(o[20] += 1, o[20] -= 1);
    SEEN(o[0] = -1, o[0] = 0);
    SEEN(c->n_children = 0, c->n_children = 1);
    weir_column_release(c);
    c = random_column(type_of("int32"), WEIR_DICTIONARY, 20, 0, false);
    int32_t at = c->indices[3];
    SEEN(c->indices[3] = 99, c->indices[3] = at);
    SEEN(c->indices[3] = -1, c->indices[3] = at);
    weir_column_release(c);
}

static void nulls_are_copied_on_write(void **state) {
    (void)state;
    weir_error err = {0};
    weir_column *c = random_column(type_of("int32"), WEIR_PLAIN, 100, 3, true), *d = NULL;
    const weir_type *to = type_of("int64");
    weir_rows rows = {NULL, 100, 100};
    MUST(weir_cast(c, to, rows, NULL, NULL, NULL, &d, &err));
    assert_ptr_equal(c->validity, d->validity);
    uint32_t row = 0;
    while (weir_column_is_null(c, row)) row++;
    MUST(weir_column_set_null(d, row, true, NULL, &err));
    assert_true(weir_column_is_poisoned(d, row));
    assert_false(weir_column_is_null(c, row));
    assert_false(weir_column_is_poisoned(c, row));
    weir_column_release(c);
    weir_column_release(d);
}

static weir_status build_all(const weir_type *t, weir_error *err) {
    weir_builder *b = NULL;
    weir_column *c = NULL;
    weir_status status = weir_builder_new(t, NULL, &b, err);
    for (int i = 0; status == WEIR_OK && i < 100; i++) {
        if (i % 9 == 0) {
            status = weir_builder_null(b, true, err);
        } else {
            status =
                weir_builder_bytes(weir_builder_child(b, 0), "some text, not a short one", 26, err);
            if (status == WEIR_OK) status = weir_builder_close_row(b, err);
        }
    }
    if (status == WEIR_OK) status = weir_builder_finish(b, &c, err);
    weir_column_release(c);
    weir_builder_free(b);
    return status;
}

static void memory_may_be_short(void **state) {
    (void)state;
    weir_error err = {0};
    const weir_type *t = type_of("list<string>");
    for (long n = 1;; n++) {
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
        weir_status status = build_all(t, &err);
        bool reached = weir_fault_count(WEIR_FAULT_MALLOC) >= n;
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        if (!reached) break;
        assert_int_equal(status, WEIR_RESOURCE);
        assert_true(n < 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_valid), cmocka_unit_test(values_come_back),
        cmocka_unit_test(views_of_a_block),    cmocka_unit_test(nested_text),
        cmocka_unit_test(scalar_text),         cmocka_unit_test(equality),
        cmocka_unit_test(validate_sees),       cmocka_unit_test(nulls_are_copied_on_write),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
