/* Kernels against each other and against the exact path: vector code and its portable twin give the
 * same masks and values, and what a kernel takes it converts as the exact path does. */
#include "csv_helpers.h"

#include "base/cpu.h"
#include "format/csv_kernels.h"

static uint64_t next_random(void) {
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}
static uint32_t below(uint32_t n) {
    return (uint32_t)(next_random() % n);
}

/* ---- cutting and indexing -------------------------------------------------------------------- */

static void test_cut_and_index(void **state) {
    (void)state;
    static const char alphabet[] = "aaaa,,\"\"\"\n\n\r";
    weir_csv_read_config config = read_defaults();
    weir_csv_dialect d;
    weir_error err = {0};
    enum { SIZE = 1000 };
    uint8_t buffer[64 + SIZE + 128];
    uint32_t found[2][SIZE + 200];
    const weir_csv_kernels *kernels[2] = {&weir_csv_kernels_portable, NULL};
    weir_cpu_limit(UINT32_MAX);
    kernels[1] = weir_csv_kernels_pick();
    must(weir_csv_dialect_init(&d, &config, &err), &err);
    memset(buffer, '\n', sizeof buffer);
    for (int round = 0; round < 20000; round++) {
        size_t n = below(SIZE), split = n ? below((uint32_t)n) : 0;
        unsigned kinds = below(3) ? 12 : 6; /* often without quotes */
        for (size_t i = 0; i < n; i++) buffer[64 + i] = (uint8_t)alphabet[below(kinds)];
        weir_csv_cut cuts[2] = {0};
        weir_csv_index indexes[2] = {0};
        size_t at[2], total[2] = {0};
        for (int k = 0; k < 2; k++) {
            /* In two calls, so that the state between them counts. */
            at[k] = kernels[k]->cut(&d, &cuts[k], buffer, 64, 64 + split);
            if (!cuts[k].irregular)
                at[k] = kernels[k]->cut(&d, &cuts[k], buffer, 64 + split, 64 + n);
            size_t from = 64, got;
            while (from < 64 + n) {
                size_t to = from < 64 + split ? 64 + split : 64 + n;
                from = kernels[k]->index(&d, &indexes[k], buffer, from, to, found[k] + total[k],
                                         below(4) ? SIZE + 150 - total[k] : 64, &got);
                total[k] += got;
            }
        }
        assert_int_equal(cuts[0].irregular, cuts[1].irregular);
        assert_int_equal(at[0], at[1]);
        assert_memory_equal(&cuts[0], &cuts[1], sizeof cuts[0]);
        assert_int_equal(total[0], total[1]);
        assert_memory_equal(found[0], found[1], total[0] * sizeof found[0][0]);
        assert_int_equal(indexes[0].n_lines, indexes[1].n_lines);
        assert_int_equal(indexes[0].bare_cr, indexes[1].bare_cr);
        /* One byte after the other. */
        bool inside = false;
        size_t count = 0;
        uint64_t lines = 0;
        for (size_t i = 64; i < 64 + n; i++) {
            inside ^= buffer[i] == '"';
            if (!inside && (buffer[i] == ',' || buffer[i] == '\n')) {
                assert_true(count < total[0]);
                assert_int_equal(found[0][count++], i);
            }
            lines += buffer[i] == '\r' || (buffer[i] == '\n' && buffer[i - 1] != '\r');
        }
        assert_int_equal(count, total[0]);
        for (int k = 0; k < 2; k++) assert_int_equal(kernels[k]->lines(buffer, 64, 64 + n), lines);
    }
}

static void test_special(void **state) {
    (void)state;
    uint8_t text[256];
    const weir_csv_kernels *kernels[2] = {&weir_csv_kernels_portable, weir_csv_kernels_pick()};
    for (int round = 0; round < 50000; round++) {
        uint32_t n = below(150), at = below(40);
        bool want = false;
        memset(text, ',', sizeof text); /* what stands outside must not count */
        memset(text + at, 'x', n);
        for (unsigned i = below(3); n && i; i--)
            text[at + below(n)] = (uint8_t) ",;\"\n\rabc"[below(8)];
        for (uint32_t i = 0; i < n; i++) want |= strchr(";\"\n\r", text[at + i]) != NULL;
        for (int k = 0; k < 2; k++) {
            const uint8_t *p = text + at;
            uint32_t size = n;
            assert_int_equal(kernels[k]->special(p, n, ';', '"'), want);
            kernels[k]->mark(&p, &size, 1, 1, ';', '"');
            assert_int_equal(size, n | (want ? WEIR_CSV_QUOTE_FLAG : 0));
        }
    }
}

/* ---- values -------------------------------------------------------------------------------- */

/* A text near those that the type has. */
static uint32_t near_text(weir_type_id id, char *out) {
    int n;
    uint64_t v = next_random();
    switch (id) {
    case WEIR_DATE:
        n = snprintf(out, 64, "%04u-%02u-%02u", (unsigned)(v % 10001), (unsigned)(v >> 20) % 14,
                     (unsigned)(v >> 32) % 33);
        break;
    case WEIR_TIMESTAMP:
    case WEIR_TIMESTAMPTZ:
        n = snprintf(out, 64, "%04u-%02u-%02u%c%02u:%02u:%02u%s", (unsigned)(v % 3000),
                     (unsigned)(v >> 20) % 13, (unsigned)(v >> 24) % 32, "TTT t"[v % 5],
                     (unsigned)(v >> 40) % 25, (unsigned)(v >> 44) % 61, (unsigned)(v >> 50) % 61,
                     (const char *[]){"Z", "", "Z", ".5Z", "+02"}[v % 5]);
        break;
    case WEIR_DECIMAL:
        n = snprintf(out, 64, "%s%u.%0*u", v & 64 ? "" : "-", (unsigned)(v >> 32) >> (v & 31),
                     (int)(v % 4), (unsigned)(v >> 20) % 100);
        break;
    case WEIR_STRING:
        n = (int)(v % 40);
        for (int i = 0; i < n; i++) out[i] = (char)('a' + below(26));
        break;
    default: n = snprintf(out, 64, "%lld", (long long)((int64_t)next_random() >> (v & 63))); break;
    }
    /* Spoil some. */
    if (n && below(4) == 0) out[below((uint32_t)n)] = "0 9-:.T\"xZ/"[below(11)];
    if (n && below(10) == 0) n--;
    return (uint32_t)n;
}

static void compare_kernels(const char *type_name) {
    weir_csv_read_config config = read_defaults();
    weir_csv_dialect d;
    weir_error err = {0};
    weir_arena arena = {0};
    weir_field field = {.name = "v"};
    weir_csv_target t = {0};
    must(weir_type_parse(type_name, &field.type, &err), &err);
    must(weir_csv_dialect_init(&d, &config, &err), &err);
    must(weir_csv_target_init(&t, &field, NULL, &config, &arena, &err), &err);
    t.quote = '"';
    weir_csv_kernel fast = weir_csv_kernel_pick(&t), plain = weir_csv_kernel_portable(&t);
    static uint8_t data[64 + 64 * 64 + 128];
    uint64_t values[3][128];
    size_t taken = 0, width = field.type->width;
    for (int round = 0; round < 4000; round++) {
        weir_csv_cells cells = {.data = data, .n = 1 + below(64)};
        uint32_t at = 64;
        for (uint32_t i = 0; i < cells.n; i++) {
            cells.start[i] = at;
            at += near_text(field.type->id, (char *)data + at);
            cells.end[i] = at;
            data[at++] = ',';
        }
        memset(values, 0, sizeof values);
        uint64_t left[2] = {fast(&t, &cells, values[0]), plain(&t, &cells, values[1])};
        for (uint32_t i = 0; i < cells.n; i++) {
            weir_csv_blame blame = {.rows = 64};
            weir_csv_outcome outcome;
            weir_ctx ctx = {0};
            if (cells.start[i] == cells.end[i]) continue;
            if (data[cells.start[i]] == '"') {
                assert_true(left[0] >> i & 1);
                continue;
            }
            must(weir_csv_value(&t, &d, data, cells.start[i], cells.end[i], i, &blame, &ctx,
                                (uint8_t *)values[2] + i * width, &outcome, &err),
                 &err);
            for (int k = 0; k < 2; k++) {
                if (left[k] >> i & 1) continue;
                taken++;
                if (outcome != WEIR_CSV_VALUE || memcmp((uint8_t *)values[k] + i * width,
                                                        (uint8_t *)values[2] + i * width, width))
                    fail_msg("%s: '%.*s' differs", type_name, (int)(cells.end[i] - cells.start[i]),
                             (const char *)data + cells.start[i]);
            }
            weir_failures_free(blame.failures);
        }
    }
    assert_true(taken > 1000);
    weir_arena_clear(&arena);
}

static void test_values(void **state) {
    (void)state;
    static const char *const types[] = {
        "int64",     "int32",         "int16",        "int8",         "uint8",         "uint16",
        "uint32",    "decimal(10,2)", "decimal(4,2)", "decimal(9,0)", "decimal(18,8)", "date",
        "timestamp", "timestamptz",   "string",       "float64"};
    weir_cpu_limit(UINT32_MAX);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) compare_kernels(types[i]);
}

/* Every day of the calendar's years 1 to 9999, and the days that are none. */
static void test_all_dates(void **state) {
    (void)state;
    static uint8_t data[64 + 64 * 16 + 128];
    weir_csv_read_config config = read_defaults();
    weir_arena arena = {0};
    weir_error err = {0};
    weir_field field = {.name = "v", .type = weir_type_of(WEIR_DATE)};
    weir_csv_target t = {0};
    must(weir_csv_target_init(&t, &field, NULL, &config, &arena, &err), &err);
    int32_t day = WEIR_DATE_MIN;
    for (int year = 1; year <= 9999; year++) {
        for (int month = 1; month <= 12; month++) {
            weir_csv_cells cells = {.data = data, .n = 31};
            int32_t values[64];
            for (uint32_t i = 0; i < 31; i++) {
                cells.start[i] = 64 + i * 16;
                cells.end[i] = cells.start[i] + 10;
                char text[64];
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, (int)i + 1);
                memcpy(data + cells.start[i], text, 10);
            }
            uint64_t left = t.kernel(&t, &cells, values);
            unsigned days = weir_month_days(year, (unsigned)month);
            for (uint32_t i = 0; i < 31; i++) {
                assert_int_equal(left >> i & 1, i >= days);
                if (i < days) assert_int_equal(values[i], day++);
            }
        }
    }
    assert_int_equal(day, WEIR_DATE_MAX + 1);
    weir_arena_clear(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_and_index),
        cmocka_unit_test(test_special),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_all_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
