#include "base/fault.h"
#include "random_column.h"

static weir_schema *schema_of(const char *const *types, uint32_t n) {
    weir_error err = {0};
    static char names[32][16];
    weir_field f[32];
    weir_schema *s = NULL;
    for (uint32_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "c%u", i);
        f[i] = (weir_field){.name = names[i], .type = type_of(types[i])};
    }
    MUST(weir_schema_new(f, n, &s, &err));
    return s;
}

/* A batch of all types with an origin of lines "row <i>\n". */
static weir_batch *random_batch(uint32_t length) {
    weir_error err = {0};
    weir_schema *s = schema_of(random_types, RANDOM_TYPES);
    weir_batch *b = NULL;
    MUST(weir_batch_new(s, length, &b, &err));
    weir_schema_release(s);
    for (uint32_t i = 0; i < RANDOM_TYPES; i++)
        b->columns[i] = random_column(type_of(random_types[i]), (weir_encoding)random_below(3),
                                      length, 5, true);
    MUST(weir_block_new(NULL, 64 + length * 16, &b->origin.raw, &err));
    MUST(weir_block_new(NULL, 16 + length * 16, &b->origin.rows_block, &err));
    b->origin.row_id = (uint64_t *)(void *)b->origin.rows_block->data;
    b->origin.row_begin = (uint32_t *)(void *)(b->origin.row_id + length);
    b->origin.row_end = b->origin.row_begin + length;
    size_t at = 7; /* something stands before the first row */
    memcpy(b->origin.raw->data, "before\n", 7);
    b->origin.raw_begin = 7;
    b->origin.raw_byte = 1000;
    b->origin.raw_line = 50;
    b->origin.first_row = 400;
    for (uint32_t i = 0; i < length; i++) {
        char line[32];
        int n = snprintf(line, sizeof line, i % 3 == 0 ? "row\r\n%u" : "row %u", i);
        b->origin.row_begin[i] = (uint32_t)at;
        memcpy(b->origin.raw->data + at, line, (size_t)n);
        at += (size_t)n;
        b->origin.row_end[i] = (uint32_t)at;
        b->origin.row_id[i] = 9000 + i;
        b->origin.raw->data[at++] = i % 2 ? '\n' : '\r';
    }
    b->origin.raw->size = at;
    MUST(weir_batch_validate(b, &err));
    return b;
}

static void keep(void **state) {
    (void)state;
    weir_error err = {0};
    for (int round = 0; round < 60; round++) {
        uint32_t length = random_below(300);
        weir_schema *s = schema_of(random_types, 0);
        weir_batch *b = NULL;
        uint64_t mask[6];
        bool alive[300];
        memset(alive, 1, sizeof alive);
        MUST(weir_batch_new(s, length, &b, &err));
        for (int pass = 0; pass < 4; pass++) {
            for (int i = 0; i < 6; i++)
                mask[i] = pass == 0 && round % 3 ? ~0ull : random_word() | random_word();
            for (uint32_t i = 0; i < length; i++) alive[i] = alive[i] && weir_bit_get(mask, i);
            MUST(weir_batch_keep(b, mask, &err));
            MUST(weir_batch_validate(b, &err));
            uint32_t n = 0;
            for (uint32_t i = 0; i < length; i++)
                if (alive[i]) assert_int_equal(weir_batch_row(b, n++), i);
            assert_int_equal(n, b->n_selected);
            if (n == length) assert_null(b->selection);
        }
        weir_batch_free(b);
        weir_schema_release(s);
    }
}

static void addresses(void **state) {
    (void)state;
    weir_batch *b = random_batch(20);
    /* rows 0, 3, 6 ... hold a line end themselves; the ends are CR, LF, CR, LF ... */
    uint64_t line = 50;
    for (uint32_t i = 0; i < 20; i++) {
        char text[32];
        snprintf(text, sizeof text, i % 3 == 0 ? "row\r\n%u" : "row %u", i);
        assert_int_equal(weir_batch_line(b, i), line);
        assert_int_equal(weir_batch_byte(b, i), 1000 + b->origin.row_begin[i] - 7);
        assert_int_equal(weir_batch_raw(b, i).size, strlen(text));
        assert_memory_equal(weir_batch_raw(b, i).data, text, strlen(text));
        assert_int_equal(weir_batch_row_number(b, i), 400 + i);
        line += i % 3 == 0 ? 2 : 1;
    }
    weir_block *rows = b->origin.rows_block, *raw = b->origin.raw;
    b->origin.row_begin = b->origin.row_end = NULL;
    b->origin.raw = NULL;
    assert_null(weir_batch_raw(b, 3).data);
    assert_int_equal(weir_batch_byte(b, 3), 1000);
    b->origin.raw_line = 0;
    assert_int_equal(weir_batch_line(b, 3), 0);
    b->origin.raw = raw;
    assert_ptr_equal(b->origin.rows_block, rows);
    weir_batch_free(b);
}

static void compact(void **state) {
    (void)state;
    weir_error err = {0};
    for (int round = 0; round < 30; round++) {
        uint32_t length = 1 + random_below(200);
        weir_batch *b = random_batch(length);
        weir_failures *f = NULL;
        weir_column *before[RANDOM_TYPES];
        uint32_t *begin = malloc(length * 4), rows[200];
        char text[32];
        MUST(weir_batch_failures(b, &f, &err));
        for (uint32_t i = 0; i < length; i += 3)
            MUST(weir_failures_add(f, i, "test", "c", "r", &err, "row %u", i));
        uint64_t mask[4];
        for (int i = 0; i < 4; i++) mask[i] = round == 0 ? 0 : random_word();
        b->row_kind = weir_alloc(length);
        for (uint32_t i = 0; i < length; i++) b->row_kind[i] = (uint8_t)(i % 3);
        MUST(weir_batch_keep(b, mask, &err));
        uint32_t n = b->n_selected;
        for (uint32_t k = 0; k < n; k++) rows[k] = weir_batch_row(b, k);
        memcpy(begin, b->origin.row_begin, length * 4);
        for (uint32_t i = 0; i < RANDOM_TYPES; i++) before[i] = weir_column_retain(b->columns[i]);
        size_t live = weir_batch_live_bytes(b);
        MUST(weir_batch_compact(b, NULL, &err));
        assert_null(b->selection);
        assert_int_equal(b->length, n);
        MUST(weir_batch_validate(b, &err));
        uint64_t first_line = 0;
        for (uint32_t k = 0; k < n; k++) {
            for (uint32_t i = 0; i < RANDOM_TYPES; i++) {
                assert_true(weir_column_equal(b->columns[i], k, before[i], rows[k]));
                assert_int_equal(weir_column_is_poisoned(b->columns[i], k),
                                 weir_column_is_poisoned(before[i], rows[k]));
            }
            assert_int_equal(b->origin.row_begin[k], begin[rows[k]]);
            assert_int_equal(b->origin.row_id[k], 9000 + rows[k]);
            assert_int_equal(weir_batch_row_number(b, k), 400 + rows[k]);
            assert_int_equal(b->row_kind[k], rows[k] % 3);
            assert_int_equal(weir_failures_bad(f, k), rows[k] % 3 == 0);
            assert_true(weir_batch_line(b, k) > first_line);
            first_line = weir_batch_line(b, k);
        }
        size_t at = 0;
        for (uint32_t k = 0; k < n; k++)
            if (rows[k] % 3 == 0) {
                assert_int_equal(f->items[at].row, k);
                snprintf(text, sizeof text, "row %u", rows[k]);
                assert_string_equal(f->items[at++].reason, text);
            }
        assert_int_equal(f->n, at);
        (void)live;
        /* once more: the numbers of rows stay those of the split */
        memset(mask, 0, sizeof mask);
        if (n > 1) {
            weir_bit_set(mask, n - 1);
            MUST(weir_batch_keep(b, mask, &err));
            MUST(weir_batch_compact(b, NULL, &err));
            assert_int_equal(weir_batch_row_number(b, 0), 400 + rows[n - 1]);
        }
        for (uint32_t i = 0; i < RANDOM_TYPES; i++) weir_column_release(before[i]);
        free(begin);
        weir_batch_free(b);
    }
}

static void compact_frees_text(void **state) {
    (void)state;
    weir_error err = {0};
    const char *types[] = {"string"};
    weir_schema *s = schema_of(types, 1);
    weir_batch *b = NULL;
    weir_builder *builder = NULL;
    char text[1000];
    memset(text, 'x', sizeof text);
    MUST(weir_batch_new(s, 1000, &b, &err));
    MUST(weir_builder_new(type_of("string"), NULL, &builder, &err));
    for (int i = 0; i < 1000; i++) MUST(weir_builder_bytes(builder, text, sizeof text, &err));
    MUST(weir_builder_finish(builder, &b->columns[0], &err));
    weir_builder_free(builder);
    assert_true(weir_batch_bytes(b) >= 1000000);
    uint64_t mask[16] = {1};
    MUST(weir_batch_keep(b, mask, &err));
    assert_true(weir_batch_live_bytes(b) < 2000 && weir_batch_live_bytes(b) >= 1000);
    assert_true(weir_batch_bytes(b) >= 1000000); /* still pinned */
    MUST(weir_batch_compact(b, NULL, &err));
    assert_true(weir_batch_bytes(b) < 100000);
    assert_int_equal(strlen(text_of(b->columns[0], 0)), 511); /* text_of clips */
    weir_batch_free(b);
    weir_schema_release(s);
}

static void bytes_count_once(void **state) {
    (void)state;
    weir_error err = {0};
    const char *types[] = {"int64", "int64"};
    weir_schema *s = schema_of(types, 2);
    weir_batch *b = NULL;
    MUST(weir_batch_new(s, 1000, &b, &err));
    b->columns[0] = random_column(type_of("int64"), WEIR_PLAIN, 1000, 0, false);
    b->columns[1] = weir_column_retain(b->columns[0]);
    size_t once = b->columns[0]->values_block->capacity;
    assert_int_equal(weir_batch_bytes(b), once);
    weir_batch_free(b);
    weir_schema_release(s);
}

static void replace(void **state) {
    (void)state;
    weir_error err = {0};
    const char *types[] = {"int64", "int64"};
    weir_schema *two = schema_of(types, 2), *one = schema_of(types, 1);
    weir_batch *b = NULL;
    MUST(weir_batch_new(two, 10, &b, &err));
    b->columns[0] = random_column(type_of("int64"), WEIR_PLAIN, 10, 0, false);
    b->columns[1] = random_column(type_of("int64"), WEIR_CONSTANT, 10, 0, false);
    weir_column *keep_it = weir_column_retain(b->columns[1]);
    MUST(weir_batch_replace(b, one, &keep_it, &err));
    MUST(weir_batch_validate(b, &err));
    assert_int_equal(b->schema->n_fields, 1);
    /* a batch of the same schema object */
    keep_it = weir_column_retain(b->columns[0]);
    MUST(weir_batch_replace(b, b->schema, &keep_it, &err));
    MUST(weir_batch_validate(b, &err));
    assert_int_equal(weir_batch_new(two, 65536, &b, &err), WEIR_INTERNAL);
    weir_batch_free(b);
    weir_schema_release(two);
    weir_schema_release(one);
}

static void failures(void **state) {
    (void)state;
    weir_error err = {0};
    weir_failures *f = NULL;
    MUST(weir_failures_new(70, &f, &err));
    assert_false(weir_failures_bad(NULL, 3));
    assert_false(weir_failures_bad(f, 69));
    for (int i = 0; i < 100; i++)
        MUST(weir_failures_add(f, 69, "validate", "email", "pattern", &err, "reason %d", i));
    assert_true(weir_failures_bad(f, 69));
    assert_int_equal(f->n, WEIR_FAILURES_PER_ROW);
    assert_int_equal(f->dropped, 100 - WEIR_FAILURES_PER_ROW);
    assert_string_equal(f->items[63].reason, "reason 63");
    assert_string_equal(f->items[63].field, "email");
    assert_int_equal(weir_failures_add(f, 70, "s", "f", "r", &err, "x"), WEIR_INTERNAL);
    weir_failures_free(f);
    /* any number of long reasons: bounded memory, and every record is marked */
    MUST(weir_failures_new(65535, &f, &err));
    char big[3000];
    memset(big, 'a', sizeof big);
    big[2999] = 0;
    for (uint32_t i = 0; i < 65535; i++)
        MUST(weir_failures_add(f, i, "s", "f", "r", &err, "%s", big));
    assert_int_equal(f->n, 65535);
    assert_true(f->arena.total_bytes <= (33u << 20));
    assert_int_equal(strlen(f->items[0].reason), 2047);
    assert_non_null(strstr(f->items[65534].reason, "too many"));
    weir_failures_free(f);
}

static void clip(void **state) {
    (void)state;
    char text[300];
    memset(text, 'a', sizeof text);
    assert_int_equal(weir_clip((weir_slice){text, 100}), 100);
    assert_int_equal(weir_clip((weir_slice){text, 300}), 100);
    memcpy(text + 98, "\xe2\x82\xac", 3); /* a euro sign across the cut */
    assert_int_equal(weir_clip((weir_slice){text, 300}), 98);
    assert_int_equal(weir_clip((weir_slice){text, 0}), 0);
}

static void compact_survives_short_memory(void **state) {
    (void)state;
    weir_error err = {0};
    for (long n = 1;; n++) {
        random_state = 42;
        weir_batch *b = random_batch(50);
        uint64_t mask[1] = {0x5555555555555555ull};
        MUST(weir_batch_keep(b, mask, &err));
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
        weir_status status = weir_batch_compact(b, NULL, &err);
        bool reached = weir_fault_count(WEIR_FAULT_MALLOC) >= n;
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        MUST(weir_batch_validate(b, &err));
        if (status != WEIR_OK) assert_int_equal(b->n_selected, 25); /* nothing changed */
        weir_batch_free(b);
        if (!reached) break;
        assert_int_equal(status, WEIR_RESOURCE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keep),
        cmocka_unit_test(addresses),
        cmocka_unit_test(compact),
        cmocka_unit_test(compact_frees_text),
        cmocka_unit_test(bytes_count_once),
        cmocka_unit_test(replace),
        cmocka_unit_test(failures),
        cmocka_unit_test(clip),
        cmocka_unit_test(compact_survives_short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
