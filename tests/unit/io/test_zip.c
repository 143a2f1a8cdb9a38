/* Zip archives: members as streams, and directories that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "io/zip.h"
#include "text/hash.h"

/* ---- an archive of stored members ---------------------------------------------------------- */

static void put16(weir_buf *b, uint32_t v) {
    char p[2] = {(char)v, (char)(v >> 8)};
    assert_true(weir_buf_add(b, p, 2));
}
static void put32(weir_buf *b, uint32_t v) {
    put16(b, v);
    put16(b, v >> 16);
}

typedef struct archive {
    weir_buf bytes, directory;
    uint32_t n;
} archive;

typedef struct lies {
    uint32_t flags, method, crc, packed, size, at; /* added (or, for flags, method: set) */
} lies;

static void put_member(archive *a, const char *name, const char *text, const lies *l) {
    uint32_t at = (uint32_t)a->bytes.size, n = (uint32_t)strlen(text);
    uint32_t names = (uint32_t)strlen(name), crc = weir_crc32(0, text, n);
    put32(&a->bytes, 0x04034b50);
    for (int i = 0; i < 5; i++) put16(&a->bytes, 0);
    for (int i = 0; i < 3; i++) put32(&a->bytes, 77); /* not believed */
    put16(&a->bytes, names);
    put16(&a->bytes, 3);
    assert_true(weir_buf_adds(&a->bytes, name) && weir_buf_adds(&a->bytes, "xyz"));
    assert_true(weir_buf_adds(&a->bytes, text));
    put32(&a->directory, 0x02014b50);
    put32(&a->directory, 0);
    put16(&a->directory, l->flags);
    put16(&a->directory, l->method);
    put32(&a->directory, 0);
    put32(&a->directory, crc + l->crc);
    put32(&a->directory, n + l->packed);
    put32(&a->directory, n + l->size);
    put16(&a->directory, names);
    for (int i = 0; i < 4; i++) put16(&a->directory, 0);
    put32(&a->directory, 0);
    put32(&a->directory, at + l->at);
    assert_true(weir_buf_adds(&a->directory, name));
    a->n++;
}

static void finish(archive *a, const char *comment) {
    uint32_t at = (uint32_t)a->bytes.size;
    assert_true(weir_buf_add(&a->bytes, a->directory.data, a->directory.size));
    put32(&a->bytes, 0x06054b50);
    put32(&a->bytes, 0);
    put16(&a->bytes, a->n);
    put16(&a->bytes, a->n);
    put32(&a->bytes, (uint32_t)a->directory.size);
    put32(&a->bytes, at);
    put16(&a->bytes, (uint32_t)strlen(comment));
    assert_true(weir_buf_adds(&a->bytes, comment));
}

static void clear(archive *a) {
    weir_buf_clear(&a->bytes);
    weir_buf_clear(&a->directory);
}

/* The text of the archive's member, or why there is none. */
static const char *read_member(const archive *a, size_t size, const char *name, bool at_will) {
    static char text[300];
    weir_stream *in = NULL, *member = NULL;
    weir_zip *z = NULL;
    weir_error err = {0};
    size_t got = 0;
    bool twice = false;
    assert_int_equal(weir_memory_open("a.zip", a->bytes.data, size, &in, &err), WEIR_OK);
    in->at_will = at_will;
    weir_status status = weir_zip_open(in, &(weir_zip_limits){0}, &z, &err);
    const weir_zip_member *m = status == WEIR_OK ? weir_zip_find(z, name, &twice) : NULL;
    if (status == WEIR_OK && !m) status = weir_error_set(&err, WEIR_DATA, "none");
    if (status == WEIR_OK && twice) status = weir_error_set(&err, WEIR_DATA, "twice");
    if (status == WEIR_OK) status = weir_zip_read(z, m, &member, &err);
    if (status == WEIR_OK)
        status = weir_stream_read_full(member, text, sizeof text - 1, &got, &err);
    text[got] = 0;
    if (status != WEIR_OK) snprintf(text, sizeof text, "%.250s", err.message);
    weir_stream_close(member);
    weir_zip_close(z);
    weir_stream_close(in);
    return text;
}

static void members_are_read(void **state) {
    (void)state;
    archive a = {0};
    lies none = {0};
    put_member(&a, "a.txt", "first", &none);
    put_member(&a, "Folder\\B.txt", "second", &none);
    put_member(&a, "/../evil", "third", &none);
    put_member(&a, "two", "1", &none);
    put_member(&a, "TWO", "2", &none);
    finish(&a, "a comment with PK\5\6 in it, and some more to look past");
    for (int at_will = 0; at_will < 2; at_will++) {
        assert_string_equal(read_member(&a, a.bytes.size, "a.txt", at_will), "first");
        assert_string_equal(read_member(&a, a.bytes.size, "folder/b.txt", at_will), "second");
        assert_string_equal(read_member(&a, a.bytes.size, "../evil", at_will), "third");
        assert_string_equal(read_member(&a, a.bytes.size, "two", at_will), "twice");
        assert_string_equal(read_member(&a, a.bytes.size, "b.txt", at_will), "none");
    }
    clear(&a);
}

static void lies_are_found(void **state) {
    (void)state;
    static const struct {
        lies l;
        const char *want;
    } all[] = {
        {{.flags = 1}, "the member is encrypted"},
        {{.method = 99}, "the member is encrypted"},
        {{.method = 12}, "the member is packed with method 12"},
        {{.method = 8}, "the packed data is damaged"},
        {{.crc = 1}, "the data has a wrong checksum"},
        {{.packed = 1}, "the zip archive's directory is damaged"},
        {{.packed = 1, .size = 1}, "the data has a wrong checksum"},
        {{.at = 1}, "the member is not where the zip archive's directory says"},
        {{.at = 1u << 30}, "the zip archive has a member behind its end"},
        {{.packed = 1u << 30, .size = 1u << 30}, "the zip archive has a member behind its end"},
        {{.packed = UINT32_MAX - 5}, "the zip archive's directory is damaged"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        archive a = {0};
        put_member(&a, "m", "hello", &all[i].l);
        finish(&a, "");
        const char *got = read_member(&a, a.bytes.size, "m", true);
        if (strcmp(got, all[i].want) != 0) fail_msg("%zu: %s, not: %s", i, got, all[i].want);
        clear(&a);
    }
}

/* No cut of an archive is read as one; none crashes. */
static void cut_archives(void **state) {
    (void)state;
    archive a = {0};
    lies none = {0};
    put_member(&a, "m", "hello", &none);
    finish(&a, "");
    for (size_t n = 0; n < a.bytes.size; n++)
        assert_string_not_equal(read_member(&a, n, "m", n & 1), "hello");
    assert_string_equal(read_member(&a, a.bytes.size, "m", true), "hello");
    clear(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_read),
        cmocka_unit_test(lies_are_found),
        cmocka_unit_test(cut_archives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
