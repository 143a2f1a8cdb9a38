/* What inference found, as bytes and back; the hash of a file's content; the build. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/build_id.h"
#include "connect/file/memo.h"

static const weir_type *type_of(const char *text) {
    const weir_type *t = NULL;
    assert_int_equal(weir_type_parse(text, &t, NULL), WEIR_OK);
    return t;
}

static void bytes_come_back(void **state) {
    (void)state;
    const char *words[] = {"n/a", ""}, *dialects[] = {"delimiter: \";\"\n", ""};
    weir_file_known columns[] = {
        {.name = "a b", .type = type_of("struct<\"x y\" list<decimal(10,2)>, z timestamptz>")},
        {.name = "", .type = type_of("date"), .how = {.format = "%d.%m.%Y", .nulls = {2, words}}},
        {.name = "c", .how = {.decimal = ",", .thousands = "."}}};
    weir_file_memo m = {.source = 7,
                        .data = {1, UINT64_MAX},
                        .n_columns = 3,
                        .n_splits = 2,
                        .columns = columns,
                        .dialects = dialects};
    weir_buf bytes = {0};
    weir_arena arena = {0};
    weir_file_memo back = {0};
    assert_true(weir_file_memo_save(&m, &bytes));
    assert_true(weir_file_memo_load(&back, (weir_slice){bytes.data, bytes.size}, &arena));
    assert_int_equal(back.source, 7);
    assert_true(back.data.low == 1 && back.data.high == UINT64_MAX);
    assert_int_equal(back.n_columns, 3);
    assert_int_equal(back.n_splits, 2);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(back.columns[i].name, columns[i].name);
        assert_ptr_equal(back.columns[i].type, columns[i].type);
    }
    assert_string_equal(back.columns[1].how.format, "%d.%m.%Y");
    assert_int_equal(back.columns[1].how.nulls.n, 2);
    assert_string_equal(back.columns[1].how.nulls.items[0], "n/a");
    assert_null(back.columns[0].how.format);
    assert_string_equal(back.columns[2].how.decimal, ",");
    assert_string_equal(back.columns[2].how.thousands, ".");
    assert_string_equal(back.dialects[0], dialects[0]);
    assert_string_equal(back.dialects[1], "");

    /* no bit may differ, no byte be missing */
    for (size_t i = 0; i < bytes.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes.data[i] ^= (char)(1 << bit);
            assert_false(weir_file_memo_load(&back, (weir_slice){bytes.data, bytes.size}, &arena));
            bytes.data[i] ^= (char)(1 << bit);
        }
    for (size_t n = 0; n < bytes.size; n++)
        assert_false(weir_file_memo_load(&back, (weir_slice){bytes.data, n}, &arena));
    /* nor may counts claim more than there is, whatever the checksum says */
    size_t at = 16 + 3 * 8;
    for (size_t i = at; i + 12 <= bytes.size; i++) {
        weir_buf other = {0};
        assert_true(weir_buf_add(&other, bytes.data, bytes.size));
        memset(other.data + i, 0xfe, 4);
        uint64_t sum = weir_hash_bytes(other.data, other.size - 8, 0);
        memcpy(other.data + other.size - 8, &sum, 8);
        (void)!weir_file_memo_load(&back, (weir_slice){other.data, other.size}, &arena);
        weir_buf_clear(&other);
    }
    weir_buf_clear(&bytes);
    weir_arena_clear(&arena);
}

static void a_large_one_is_not_kept(void **state) {
    (void)state;
    static char name[2 << 20];
    memset(name, 'x', sizeof name - 1);
    weir_file_known column = {.name = name};
    weir_file_memo m = {.n_columns = 1, .columns = &column};
    weir_buf bytes = {0};
    assert_false(weir_file_memo_save(&m, &bytes));
    weir_buf_clear(&bytes);
}

/* The hash of data that is read in pieces of `step` bytes. */
static weir_file_hash hash_in_steps(const char *data, size_t n, size_t step) {
    weir_stream *in = NULL;
    weir_file_hash h = {0};
    static char buf[300000];
    size_t got = 1;
    assert_int_equal(weir_memory_open("x", data, n, &in, NULL), WEIR_OK);
    assert_int_equal(weir_file_hashed(in, &h, &in, NULL), WEIR_OK);
    for (size_t all = 0; got; all += got) {
        assert_false(h.end);
        assert_int_equal(weir_stream_read(in, buf, step, &got, NULL), WEIR_OK);
        assert_memory_equal(buf, data + all, got);
        assert_int_equal(in->position, all + got);
    }
    assert_true(h.end);
    weir_stream_close(in);
    return h;
}

static void pieces_do_not_matter(void **state) {
    (void)state;
    static char data[300000];
    static const size_t sizes[] = {0, 1, 131071, 131072, 131073, 262144, 300000};
    for (size_t i = 0; i < sizeof data; i++) data[i] = (char)(i * 7 + i / 1000);
    char path[] = "/tmp/weir-memo-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        weir_file_hash file = {0}, other = {0};
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, data, sizes[i], 0), (ssize_t)sizes[i]);
        assert_int_equal(weir_file_hash_of(path, NULL, &file, NULL), WEIR_OK);
        assert_true(file.end && file.total_bytes == sizes[i]);
        static const size_t steps[] = {300000, 4096, 777};
        for (size_t k = 0; k < 3; k++) {
            other = hash_in_steps(data, sizes[i], steps[k]);
            weir_hash128 a = {0}, b = {0};
            weir_file_memo_add(&a, &file);
            weir_file_memo_add(&b, &other);
            assert_memory_equal(&a, &b, sizeof a);
            weir_file_hash_clear(&other);
        }
        if (sizes[i]) { /* one byte counts */
            data[sizes[i] / 2] ^= 1;
            other = hash_in_steps(data, sizes[i], 4096);
            assert_memory_not_equal(&other.sum, &file.sum, sizeof file.sum);
            data[sizes[i] / 2] ^= 1;
            weir_file_hash_clear(&other);
        }
        weir_file_hash_clear(&file);
    }
    close(fd);
    unlink(path);
}

static void what_is_read_at_will_has_no_hash(void **state) {
    (void)state;
    weir_stream *in = NULL;
    weir_file_hash h = {0};
    char buf[8];
    size_t got = 1;
    assert_int_equal(weir_memory_open("x", "abcdef", 6, &in, NULL), WEIR_OK);
    assert_int_equal(weir_file_hashed(in, &h, &in, NULL), WEIR_OK);
    assert_true(in->at_will);
    assert_int_equal(weir_stream_read_at(in, 2, buf, 3, &got, NULL), WEIR_OK);
    assert_memory_equal(buf, "cde", 3);
    while (got) assert_int_equal(weir_stream_read(in, buf, sizeof buf, &got, NULL), WEIR_OK);
    assert_false(h.end);
    weir_stream_close(in);
    weir_file_hash_clear(&h);
}

static void the_build_is_known(void **state) {
    (void)state;
    uint8_t id[32], again[32] = {0};
    size_t n = weir_build_id(id, sizeof id);
    assert_in_range(n, 8, 32);
    assert_int_equal(weir_build_id(again, 4), 4);
    assert_memory_equal(id, again, 4);
    /* names, sizes and what is declared tell sources apart */
    weir_splits a = {0}, b = {0};
    weir_memo memo = {.source = 1}, other = {.source = 2};
    assert_int_equal(
        weir_splits_add(&a, &(weir_split){.name = "x", .size_bytes = 5, .mtime_ns = 1}, NULL),
        WEIR_OK);
    assert_int_equal(
        weir_splits_add(&b, &(weir_split){.name = "x", .size_bytes = 5, .mtime_ns = 2}, NULL),
        WEIR_OK);
    assert_int_equal(weir_file_memo_source(&memo, &a), weir_file_memo_source(&memo, &b));
    assert_int_not_equal(weir_file_memo_source(&memo, &a), weir_file_memo_source(&other, &a));
    b.items[0].size_bytes = 6;
    assert_int_not_equal(weir_file_memo_source(&memo, &a), weir_file_memo_source(&memo, &b));
    weir_splits_clear(&a);
    weir_splits_clear(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back),      cmocka_unit_test(a_large_one_is_not_kept),
        cmocka_unit_test(pieces_do_not_matter), cmocka_unit_test(what_is_read_at_will_has_no_hash),
        cmocka_unit_test(the_build_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
