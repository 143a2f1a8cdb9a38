/* Text in other encodings: what is written is read back as it was; what an encoding lacks is found.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "io/charset_write.h"
#include "io/stream.h"

static void read_back(const weir_buf *bytes, const char *encoding, weir_buf *text) {
    weir_stream *s = NULL;
    weir_error err = {0};
    assert_int_equal(weir_memory_open("in", bytes->data, bytes->size, &s, &err), WEIR_OK);
    assert_int_equal(weir_transcode(s, encoding, false, &s, &err), WEIR_OK);
    text->size = 0;
    for (;;) {
        char piece[100];
        size_t got = 0;
        assert_int_equal(weir_stream_read(s, piece, sizeof piece, &got, &err), WEIR_OK);
        if (got == 0) break;
        assert_true(weir_buf_add(text, piece, got));
    }
    weir_stream_close(s);
}

static void test_round_trip(void **state) {
    (void)state;
    static const struct {
        const char *encoding, *text;
    } cases[] = {{"windows-1252", "Zo\xc3\xab \xe2\x82\xac 5\n"},
                 {"windows-1250", "\xc5\x81\xc3\xb3"
                                  "d\xc5\xba\n"},
                 {"koi8-r", "\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0\n"},
                 {"ibm037", "a,1\n"},
                 {"utf-16le", "a\xe4\xb8\xad\xf0\x9f\x98\x80\n"},
                 {"utf-16be", "a\xe4\xb8\xad\xf0\x9f\x98\x80\n"},
                 {"utf-32le", "a\xe4\xb8\xad\xf0\x9f\x98\x80\n"},
                 {"utf-32be", "a\xe4\xb8\xad\xf0\x9f\x98\x80\n"},
                 {"gb18030", "a\xe4\xb8\xad\xf0\x9f\x98\x80\n"},
                 {"shift_jis", "\xe4\xbd\x90\xe8\x97\xa4\xef\xbd\xb6\n"},
                 {"iso-2022-jp", "a\xe4\xbd\x90\xe8\x97\xa4z\n"},
                 {"utf-8", "a\xe4\xb8\xad\n"}};
    weir_buf bytes = {0}, text = {0};
    weir_error err = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_charset_writer *w = NULL;
        size_t n = strlen(cases[i].text), bad = 0;
        assert_int_equal(weir_charset_writer_new(cases[i].encoding, false, &w, &err), WEIR_OK);
        assert_string_equal(weir_charset_writer_name(w), cases[i].encoding);
        assert_int_equal(weir_charset_writer_plain(w), strcmp(cases[i].encoding, "utf-8") == 0);
        bytes.size = 0;
        for (int k = 0; k < 3000; k++) { /* larger than the pieces in which it is done */
            assert_int_equal(weir_charset_writer_put(w, cases[i].text, n, &bytes, &bad, &err),
                             WEIR_OK);
            assert_int_equal(bad, n);
            assert_int_equal(weir_charset_writer_check(w, cases[i].text, n, &bad, &err), WEIR_OK);
            assert_int_equal(bad, n);
        }
        read_back(&bytes, cases[i].encoding, &text);
        assert_int_equal(text.size, 3000 * n);
        for (int k = 0; k < 3000; k++) assert_memory_equal(text.data + k * n, cases[i].text, n);
        weir_charset_writer_free(w);
    }
    weir_buf_clear(&bytes);
    weir_buf_clear(&text);
}

/* What is not in the encoding: where it stands, and nothing is written. */
static void test_lacking(void **state) {
    (void)state;
    static const struct {
        const char *encoding, *text;
        size_t bad;
    } cases[] = {{"windows-1252", "Zo\xc3\xab \xc5\x81", 5}, {"iso-8859-1", "\xe2\x82\xac", 0},
                 {"shift_jis", "ab\xed\x95\x9c", 2},         {"iso-2022-jp", "\xc3\xbc", 0},
                 {"windows-1252", "a\xf0\x9f\x98\x80", 1},   {"koi8-r", "a\xff", 1},
                 {"utf-16le", "ab\xed\xa0\x80", 2}};
    weir_buf bytes = {0};
    weir_error err = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_charset_writer *w = NULL;
        size_t n = strlen(cases[i].text), bad = 99;
        assert_int_equal(weir_charset_writer_new(cases[i].encoding, false, &w, &err), WEIR_OK);
        bytes.size = 0;
        assert_true(weir_buf_adds(&bytes, "x"));
        assert_int_equal(weir_charset_writer_put(w, cases[i].text, n, &bytes, &bad, &err), WEIR_OK);
        assert_int_equal(bad, cases[i].bad);
        assert_int_equal(bytes.size, 1);
        weir_charset_writer_free(w);
    }
    weir_buf_clear(&bytes);
}

static void test_marks(void **state) {
    (void)state;
    static const struct {
        const char *encoding;
        bool mark;
        const char *bytes;
        size_t size;
    } cases[] = {{"utf-8", true, "\xEF\xBB\xBF", 3},   {"utf-8", false, "", 0},
                 {"utf-16", false, "\xFF\xFE", 2},     {"utf-16le", false, "", 0},
                 {"utf-16be", true, "\xFE\xFF", 2},    {"utf-32", false, "\xFF\xFE\0\0", 4},
                 {"utf-32be", true, "\0\0\xFE\xFF", 4}};
    weir_error err = {0};
    weir_charset_writer *w = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(weir_charset_writer_new(cases[i].encoding, cases[i].mark, &w, &err),
                         WEIR_OK);
        weir_slice mark = weir_charset_writer_mark(w);
        assert_int_equal(mark.size, cases[i].size);
        if (mark.size) assert_memory_equal(mark.data, cases[i].bytes, mark.size);
        weir_charset_writer_free(w);
    }
    w = NULL;
    assert_int_equal(weir_charset_writer_new("latin1", true, &w, &err), WEIR_USAGE);
    assert_int_equal(weir_charset_writer_new("gb18030", true, &w, &err), WEIR_USAGE);
    assert_int_equal(weir_charset_writer_new("auto", false, &w, &err), WEIR_USAGE);
    assert_int_equal(weir_charset_writer_new("windows-1225", false, &w, &err), WEIR_USAGE);
    assert_non_null(strstr(err.hint, "windows-125"));
    assert_null(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_lacking),
        cmocka_unit_test(test_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
