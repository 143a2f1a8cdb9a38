/* Zip archives: members as streams, and directories that lie. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fault.h"
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

/* ---- the one file of an archive ------------------------------------------------------------ */

/* What weir_decompress makes of an archive with these members: its text, or why there is none. */
static const char *read_archive(const char *name, const char *const *names, const char *text,
                                weir_decompress_options *o, bool at_will) {
    static char out[1200];
    archive a = {0};
    lies none = {0};
    weir_stream *in = NULL;
    weir_error err = {0};
    size_t got = 0;
    for (; *names; names++) {
        bool folder = (*names)[strlen(*names) - 1] == '/';
        put_member(&a, *names, folder ? "" : text, &none);
    }
    finish(&a, "");
    assert_int_equal(weir_memory_open(name, a.bytes.data, a.bytes.size, &in, &err), WEIR_OK);
    in->at_will = at_will;
    o->codec = WEIR_CODEC_AUTO;
    weir_status status = weir_decompress_with(in, o, &in, &err);
    if (status == WEIR_OK) {
        status = weir_stream_read_full(in, out, sizeof out - 1, &got, &err);
        if (status == WEIR_OK) assert_true(in->name[0] && in->position == got);
        weir_stream_close(in);
    }
    out[got] = 0;
    if (status != WEIR_OK) snprintf(out, sizeof out, "%.500s; %.500s", err.message, err.hint);
    clear(&a);
    return out;
}

#define FILES(...)                                                                                 \
    (const char *const[]) {                                                                        \
        __VA_ARGS__, NULL                                                                          \
    }

static void the_only_file(void **state) {
    (void)state;
    weir_decompress_options o = {0};
    assert_string_equal(read_archive("a.zip", FILES("data.csv"), "a\n1\n", &o, true), "a\n1\n");
    assert_string_equal(
        read_archive("a.csv", FILES("d/", "d/data.csv", "__MACOSX/d/._data.csv", "d/.DS_Store"),
                     "a\n1\n", &o, true),
        "a\n1\n");
    assert_string_equal(read_archive("a.zip", FILES("a.csv"), "", &o, true), "");
}

static void files_by_name(void **state) {
    (void)state;
    static const struct {
        const char *member, *want;
    } all[] = {
        {"b.csv", "same"},
        {"d/b.csv", "same"},
        {"*.json", "same"},
        {"d/*.csv", "same"},
        {"**/b.*", "same"},
        {NULL, "a.zip is a zip archive of 3 files: a.csv, d/b.csv, c.json; say with member: which "
               "one to read, by its name or a pattern"},
        {"*.csv", "a.zip is a zip archive of which 2 files are meant by *.csv: a.csv, d/b.csv; say "
                  "with member: which one to read, by its name or a pattern"},
        {"x.csv", "a.zip is a zip archive, and no file in it is called x.csv; it has a.csv, "
                  "d/b.csv, c.json"},
        {"d/", "a.zip is a zip archive, and no file in it is called d/; it has a.csv, d/b.csv, "
               "c.json"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        weir_decompress_options o = {.member = all[i].member};
        assert_string_equal(
            read_archive("a.zip", FILES("a.csv", "d/", "d/b.csv", "c.json"), "same", &o, true),
            all[i].want);
    }
}

static void archives_refused(void **state) {
    (void)state;
    static const char *const climbing[] = {"../a.csv", "d/../../a.csv", "/../a.csv", "d\\..\\a.csv",
                                           "d/.."};
    weir_decompress_options o = {0}, good = {.member = "good.csv"};
    for (size_t i = 0; i < sizeof climbing / sizeof *climbing; i++) {
        const char *want = "a.zip is a zip archive with a file whose name leads out of its folder; "
                           "it is damaged or hostile; weir reads nothing of it";
        assert_string_equal(read_archive("a.zip", FILES(climbing[i]), "x", &o, true), want);
        assert_string_equal(read_archive("a.zip", FILES("good.csv", climbing[i]), "x", &good, true),
                            want);
    }
    assert_string_equal(read_archive("a.zip", FILES("..a..csv"), "x", &o, true), "x");
    assert_non_null(
        strstr(read_archive("a.zip", FILES("a.csv"), "x", &o, false), "save it to a file"));
    assert_non_null(strstr(read_archive("a.zip", FILES("d/"), "x", &o, true), "without a file"));
    assert_non_null(strstr(read_archive("a.zip", FILES("a.csv"), "PK\3\4x", &o, true),
                           "is itself packed with zip"));
    assert_non_null(strstr(read_archive("a.zip", FILES("a.csv"), "\x1f\x8b\x08xx", &o, true),
                           "a.zip: a.csv is itself packed with gzip"));
    assert_string_equal(read_archive("a.zip", FILES("a\33[2J\n"), "7z\xbc\xaf\x27\x1c", &o, true),
                        "a.zip: a\\x1b[2J  is a 7z archive, which weir does not unpack; unpack it "
                        "first and read the "
                        "files in it");
}

/* Packages of office programs are no archives of data. */
static void packages(void **state) {
    (void)state;
    weir_decompress_options o = {0}, book = {.zip = true};
    const char *const *xlsx = FILES("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml");
    const char *const *ods = FILES("mimetype", "content.xml");
    assert_non_null(strstr(read_archive("a.zip", xlsx, "x", &o, true), "format: xlsx"));
    assert_non_null(strstr(read_archive("a.csv", ods, "x", &o, true), "an office program"));
    assert_non_null(
        strstr(read_archive("a.csv", FILES("_rels/.rels", "word/document.xml"), "x", &o, true),
               "an office program"));
    assert_string_equal(read_archive("a.csv", FILES("content.xml"), "<a/>", &o, true), "<a/>");
    assert_memory_equal(read_archive("a.xlsx", xlsx, "x", &book, true), "PK\3\4", 4);
    assert_memory_equal(read_archive("a.zip", xlsx, "x", &book, true), "PK\3\4", 4);
    assert_memory_equal(read_archive("a.xlsx", xlsx, "x", &book, false), "PK\3\4", 4);
    /* a workbook that was packed once more */
    assert_memory_equal(read_archive("a.zip", FILES("a.xlsx"), "PK\3\4", &book, true), "PK\3\4", 4);
}

/* The n-th allocation fails: a clean error, nothing leaks (the sanitizer looks). */
static void no_memory(void **state) {
    (void)state;
    for (long n = 1;; n++) {
        archive a = {0};
        lies none = {0};
        weir_stream *in = NULL;
        weir_error err = {0};
        char text[9];
        size_t got = 0;
        put_member(&a, "a.csv", "hello", &none);
        finish(&a, "");
        assert_int_equal(weir_memory_open("a.zip", a.bytes.data, a.bytes.size, &in, &err), WEIR_OK);
        weir_fault_arm(WEIR_FAULT_MALLOC, n, ENOMEM);
        weir_status status = weir_decompress(in, WEIR_CODEC_AUTO, 0, &in, &err);
        if (status == WEIR_OK) {
            status = weir_stream_read_full(in, text, sizeof text, &got, &err);
            weir_stream_close(in);
        }
        bool passed = weir_fault_count(WEIR_FAULT_MALLOC) < n;
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        clear(&a);
        assert_int_equal(status, passed ? WEIR_OK : WEIR_RESOURCE);
        if (passed) {
            assert_int_equal(got, 5);
            break;
        }
        assert_true(n < 100);
    }
}

int main(void) {
    weir_fault_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_read), cmocka_unit_test(lies_are_found),
        cmocka_unit_test(cut_archives),     cmocka_unit_test(the_only_file),
        cmocka_unit_test(files_by_name),    cmocka_unit_test(archives_refused),
        cmocka_unit_test(packages),         cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
