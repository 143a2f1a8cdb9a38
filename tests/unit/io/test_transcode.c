/* Encodings: what becomes of every kind, in pieces of any size; what is guessed and what is not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "io/stream.h"

/* A stream that hands out at most `step` bytes a read. */
typedef struct slow_stream {
    weir_stream base;
    const char *data;
    size_t size, at, step;
} slow_stream;

static weir_status slow_read(weir_stream *s, void *buf, size_t size, size_t *got, weir_error *err) {
    slow_stream *t = (slow_stream *)s;
    (void)err;
    size_t n = t->size - t->at;
    if (n > size) n = size;
    if (n > t->step) n = t->step;
    memcpy(buf, t->data + t->at, n);
    t->at += n;
    *got = n;
    return WEIR_OK;
}
static void slow_close(weir_stream *s) {
    free(s);
}
static const weir_stream_ops slow_ops = {.read = slow_read, .close = slow_close};

static weir_stream *slow(const char *data, size_t size, size_t step) {
    slow_stream *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->base = (weir_stream){.ops = &slow_ops, .name = "in.txt"};
    t->data = data;
    t->size = size;
    t->step = step;
    return &t->base;
}

static weir_status transcode(const char *data, size_t size, size_t step, const char *encoding,
                             bool unicode, weir_buf *text, char found[40], weir_error *err) {
    weir_stream *s = NULL;
    weir_status status = weir_transcode(slow(data, size, step), encoding, unicode, &s, err);
    if (status != WEIR_OK) return status;
    if (found) {
        strncpy(found, s->encoding, 39);
        found[39] = 0;
    }
    text->size = 0;
    for (;;) {
        char piece[7];
        size_t got = 0;
        status = weir_stream_read(s, piece, sizeof piece, &got, err);
        if (status != WEIR_OK || got == 0) break;
        assert_true(weir_buf_add(text, piece, got));
    }
    assert_int_equal(s->position, text->size);
    weir_stream_close(s);
    return status;
}

#define BYTES(text) text, sizeof(text) - 1

static void gives(const char *data, size_t size, const char *encoding, const char *want,
                  size_t want_size, const char *name) {
    weir_buf text = {0};
    weir_error err = {0};
    char found[40] = "";
    for (size_t step = 1; step < 9; step += 2) {
        assert_int_equal(transcode(data, size, step, encoding, false, &text, found, &err), WEIR_OK);
        assert_int_equal(text.size, want_size);
        if (want_size) assert_memory_equal(text.data, want, want_size);
        assert_string_equal(found, name);
    }
    weir_buf_clear(&text);
}

/* clang-format off */
static void test_declared(void **state) {
    (void)state;
    gives(BYTES("\143\141\146\351\054\244"), "latin1",
          BYTES("\143\141\146\303\251\054\302\244"), "iso-8859-1");
    gives(BYTES("\143\141\146\351\054\244"), "ISO_8859-15",
          BYTES("\143\141\146\303\251\054\342\202\254"), "iso-8859-15");
    gives(BYTES("\200\223\170"), "CP1252",
          BYTES("\342\202\254\342\200\234\170"), "windows-1252");
    gives(BYTES("\360\322\311\327\305\324"), "koi8-r",
          BYTES("\320\237\321\200\320\270\320\262\320\265\321\202"), "koi8-r");
    gives(BYTES("\317\360\350\342\345\362"), "windows-1251",
          BYTES("\320\237\321\200\320\270\320\262\320\265\321\202"), "windows-1251");
    gives(BYTES("\156\141\225\166\145"), "MacRoman",
          BYTES("\156\141\303\257\166\145"), "macintosh");
    gives(BYTES("\326\320\316\304\054\141"), "gbk",
          BYTES("\344\270\255\346\226\207\054\141"), "gb18030");
    gives(BYTES("\242\343\224\071\374\066\326\320"), "GB18030",
          BYTES("\342\202\254\360\237\230\200\344\270\255"), "gb18030");
    gives(BYTES("\223\372\226\173\214\352\266\305"), "Shift_JIS",
          BYTES("\346\227\245\346\234\254\350\252\236\357\275\266\357\276\205"), "shift_jis");
    gives(BYTES("\306\374\313\334\270\354"), "EUC-JP",
          BYTES("\346\227\245\346\234\254\350\252\236"), "euc-jp");
    gives(BYTES("\307\321\261\271\276\356"), "euc-kr",
          BYTES("\355\225\234\352\265\255\354\226\264"), "euc-kr");
    gives(BYTES("\301\143\305\351"), "big5",
          BYTES("\347\271\201\351\253\224"), "big5");
    gives(BYTES("\141\000\351\000\055\116\075\330\000\336\012\000"), "utf-16le",
          BYTES("\141\303\251\344\270\255\360\237\230\200\012"), "utf-16le");
    gives(BYTES("\000\141\000\351\116\055\330\075\336\000\000\012"), "UTF16BE",
          BYTES("\141\303\251\344\270\255\360\237\230\200\012"), "utf-16be");
    gives(BYTES("\141\000\000\000\000\366\001\000"), "utf-32le",
          BYTES("\141\360\237\230\200"), "utf-32le");
    gives(BYTES("\000\000\000\141\000\001\366\000"), "utf-32be",
          BYTES("\141\360\237\230\200"), "utf-32be");
    gives(BYTES("\310\305\323\323\326\100\361"), "cp037",
          BYTES("\110\105\114\114\117\040\061"), "ibm037");
    gives(BYTES("\245\141\156\144\243"), "cp850",
          BYTES("\303\221\141\156\144\303\272"), "ibm850");
}

static void test_found(void **state) {
    (void)state;
    gives(BYTES("\160\154\141\151\156\012"), "auto",
          BYTES("\160\154\141\151\156\012"), "utf-8");
    gives(BYTES("\143\141\146\303\251\012"), "auto",
          BYTES("\143\141\146\303\251\012"), "utf-8");
    gives(BYTES("\377\376\141\000\054\000\142\000\012\000"), "auto",
          BYTES("\357\273\277\141\054\142\012"), "utf-16le");
    gives(BYTES("\376\377\000\141\000\054\000\142\000\012"), "auto",
          BYTES("\357\273\277\141\054\142\012"), "utf-16be");
    gives(BYTES("\377\376\000\000\141\000\000\000\054\000\000\000\142\000\000\000\012\000\000\000\061\000\000\000"), "auto",
          BYTES("\357\273\277\141\054\142\012\061"), "utf-32le");
    gives(BYTES("\000\000\376\377\000\000\000\141\000\000\000\054\000\000\000\142\000\000\000\012"), "auto",
          BYTES("\357\273\277\141\054\142\012"), "utf-32be");
    gives(BYTES("\151\000\144\000\054\000\156\000\141\000\155\000\145\000\012\000\061\000\054\000\351\000\055\116\012\000"), "auto",
          BYTES("\151\144\054\156\141\155\145\012\061\054\303\251\344\270\255\012"), "utf-16le");
    gives(BYTES("\000\151\000\144\000\054\000\156\000\141\000\155\000\145\000\012\000\061\000\054\000\351\116\055\000\012"), "auto",
          BYTES("\151\144\054\156\141\155\145\012\061\054\303\251\344\270\255\012"), "utf-16be");
    gives(BYTES("\151\144\054\166\151\154\154\145\012\061\054\117\162\154\351\141\156\163\012\062\054\102\145\163\141\156\347\157\156\012\063\054\200\040\065\012"), "auto",
          BYTES("\151\144\054\166\151\154\154\145\012\061\054\117\162\154\303\251\141\156\163\012\062\054\102\145\163\141\156\303\247\157\156\012\063\054\342\202\254\040\065\012"), "windows-1252");
    gives(BYTES("\151\144\054\350\354\377\012\061\054\300\355\355\340\040\310\342\340\355\356\342\340\012\062\054\317\270\362\360\040\317\345\362\360\356\342\012"), "auto",
          BYTES("\151\144\054\320\270\320\274\321\217\012\061\054\320\220\320\275\320\275\320\260\040\320\230\320\262\320\260\320\275\320\276\320\262\320\260\012\062\054\320\237\321\221\321\202\321\200\040\320\237\320\265\321\202\321\200\320\276\320\262\012"), "windows-1251");
    gives(BYTES("\151\144\054\311\315\321\012\061\054\341\316\316\301\040\351\327\301\316\317\327\301\012\062\054\360\243\324\322\040\360\305\324\322\317\327\012"), "auto",
          BYTES("\151\144\054\320\270\320\274\321\217\012\061\054\320\220\320\275\320\275\320\260\040\320\230\320\262\320\260\320\275\320\276\320\262\320\260\012\062\054\320\237\321\221\321\202\321\200\040\320\237\320\265\321\202\321\200\320\276\320\262\012"), "koi8-r");
    gives(BYTES("\261\340\272\305\054\320\325\303\373\012\061\054\325\305\310\375\012\062\054\300\356\320\241\303\367\012\063\054\261\261\276\251\312\320\272\243\265\355\307\370\012"), "auto",
          BYTES("\347\274\226\345\217\267\054\345\247\223\345\220\215\012\061\054\345\274\240\344\270\211\012\062\054\346\235\216\345\260\217\346\230\216\012\063\054\345\214\227\344\272\254\345\270\202\346\265\267\346\267\200\345\214\272\012"), "gb18030");
    gives(BYTES("\224\324\215\206\054\226\274\221\117\012\061\054\202\263\202\255\202\347\012\062\054\202\320\202\310\202\275\201\101\203\112\203\151\012\063\054\223\214\213\236\202\305\202\267\012"), "auto",
          BYTES("\347\225\252\345\217\267\054\345\220\215\345\211\215\012\061\054\343\201\225\343\201\217\343\202\211\012\062\054\343\201\262\343\201\252\343\201\237\343\200\201\343\202\253\343\203\212\012\063\054\346\235\261\344\272\254\343\201\247\343\201\231\012"), "shift_jis");
    gives(BYTES("\310\326\271\346\054\314\276\301\260\012\061\054\244\265\244\257\244\351\012\062\054\244\322\244\312\244\277\012\063\054\305\354\265\376\244\307\244\271\012"), "auto",
          BYTES("\347\225\252\345\217\267\054\345\220\215\345\211\215\012\061\054\343\201\225\343\201\217\343\202\211\012\062\054\343\201\262\343\201\252\343\201\237\012\063\054\346\235\261\344\272\254\343\201\247\343\201\231\012"), "euc-jp");
    gives(BYTES("\271\370\310\243\054\300\314\270\247\012\061\054\261\350\303\266\274\366\012\062\054\274\255\277\357\306\257\272\260\275\303\040\260\255\263\262\261\270\012"), "auto",
          BYTES("\353\262\210\355\230\270\054\354\235\264\353\246\204\012\061\054\352\271\200\354\262\240\354\210\230\012\062\054\354\204\234\354\232\270\355\212\271\353\263\204\354\213\234\040\352\260\225\353\202\250\352\265\254\012"), "euc-kr");
    gives(BYTES("\275\163\270\271\054\251\155\246\127\012\061\054\244\375\244\160\251\372\252\272\256\321\012\062\054\245\170\245\137\245\253\244\152\246\167\260\317\012\063\054\247\332\255\314\254\117\244\244\265\330\245\301\260\352\252\272\260\352\245\301\012"), "auto",
          BYTES("\347\267\250\350\231\237\054\345\247\223\345\220\215\012\061\054\347\216\213\345\260\217\346\230\216\347\232\204\346\233\270\012\062\054\345\217\260\345\214\227\345\270\202\345\244\247\345\256\211\345\215\200\012\063\054\346\210\221\345\200\221\346\230\257\344\270\255\350\217\257\346\260\221\345\234\213\347\232\204\345\234\213\346\260\221\012"), "big5");
    /* characters with a NUL in the other half, and beyond the first plane */
    gives(BYTES("\173\000\042\000\141\000\042\000\072\000\042\000\075\330\000\336\040\000\000\001\042\000\175\000"), "auto",
          BYTES("\173\042\141\042\072\042\360\237\230\200\040\304\200\042\175"), "utf-16le");
    gives(BYTES("\000\173\000\042\000\141\000\042\000\072\000\042\330\075\336\000\000\040\001\000\000\042\000\175"), "auto",
          BYTES("\173\042\141\042\072\042\360\237\230\200\040\304\200\042\175"), "utf-16be");
    gives(BYTES("\173\000\000\000\042\000\000\000\141\000\000\000\042\000\000\000\072\000\000\000\042\000\000\000\000\366\001\000\040\000\000\000\000\001\000\000\042\000\000\000\175\000\000\000"), "auto",
          BYTES("\173\042\141\042\072\042\360\237\230\200\040\304\200\042\175"), "utf-32le");
    gives(BYTES("\000\000\000\173\000\000\000\042\000\000\000\141\000\000\000\042\000\000\000\072\000\000\000\042\000\001\366\000\000\000\000\040\000\000\001\000\000\000\000\042\000\000\000\175"), "auto",
          BYTES("\173\042\141\042\072\042\360\237\230\200\040\304\200\042\175"), "utf-32be");
    gives(BYTES(""), NULL, BYTES(""), "utf-8");
}
/* clang-format on */

/* What is not convincing stays UTF-8, byte for byte. */
static void test_not_guessed(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } kept[] = {{BYTES("id,t\n1,\xc3\xa4\n2,\xff\n")},
                {BYTES("id,t\n2,\xed\xa0\x80\n")},
                {BYTES("a\n\xb3\xb3x\xb3y\n")},
                {BYTES("id\n1\0\xe9\n")},
                {BYTES("x\naa\x8e"
                       "aa\n")},
                {BYTES("a\n\xc0\xaf\n")}};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        gives(kept[i].bytes, kept[i].size, NULL, kept[i].bytes, kept[i].size, "utf-8");
    weir_buf text = {0};
    weir_error err = {0};
    char found[40];
    assert_int_equal(transcode(BYTES("[\"caf\xe9 \"]"), 5, "auto", true, &text, found, &err),
                     WEIR_OK);
    assert_string_equal(found, "utf-8"); /* JSON: no guess */
    weir_buf_clear(&text);
}

static void test_impossible(void **state) {
    (void)state;
    gives(BYTES("a\x81,b"), "cp1252", BYTES("a\xff\x81,b"), "windows-1252");
    gives(BYTES("a\0\x00\xd8,\0"), "utf-16le", BYTES("a\xed\xa0\x80,"), "utf-16le");
    gives(BYTES("a\0\x00\xdc,\0"), "utf-16le", BYTES("a\xed\xb0\x80,"), "utf-16le");
    gives(BYTES("a\0\x00\xd8"), "utf-16le", BYTES("a\xed\xa0\x80"), "utf-16le");
    gives(BYTES("a\0b"), "utf-16le", BYTES("a\xff"), "utf-16le");
    gives(BYTES("\0\x11\0\0,\0\0\0"), "utf-32le",
          BYTES("\xe1\x84\x80"
                ","),
          "utf-32le");
    gives(BYTES("\0\0\x11\0,\0\0\0"), "utf-32le", BYTES("\xff,"), "utf-32le");
    gives(BYTES("\xd6\xd0,\xd6\n\xff"), "gb18030", BYTES("\xe4\xb8\xad,\xff\xd6\n\xff\xff"),
          "gb18030");
    gives(BYTES("\xd6\xd0\xd6"), "gb18030", BYTES("\xe4\xb8\xad\xff\xd6"), "gb18030");
}

/* Larger than every buffer, and not in step with any. */
static void test_long(void **state) {
    (void)state;
    size_t n = 700001;
    char *latin = malloc(n), *wide = malloc(n * 2);
    weir_buf text = {0};
    weir_error err = {0};
    assert_non_null(latin);
    assert_non_null(wide);
    for (size_t i = 0; i < n; i++) {
        latin[i] = (char)(i % 97 == 0 ? 0xe9 : i % 61 == 0 ? '\n' : 'a' + i % 26);
        wide[2 * i] = latin[i];
        wide[2 * i + 1] = 0;
    }
    size_t accents = (n + 96) / 97;
    assert_int_equal(transcode(latin, n, 4093, "latin1", false, &text, NULL, &err), WEIR_OK);
    assert_int_equal(text.size, n + accents);
    weir_buf other = {0};
    assert_int_equal(transcode(wide, n * 2, 4093, NULL, false, &other, NULL, &err), WEIR_OK);
    assert_int_equal(other.size, text.size);
    assert_memory_equal(other.data, text.data, text.size);
    assert_int_equal(transcode(latin, n, 4093, "CP932", false, &other, NULL, &err), WEIR_OK);
    assert_true(other.size > n);
    weir_buf_clear(&text);
    weir_buf_clear(&other);
    free(latin);
    free(wide);
}

static void test_refused(void **state) {
    (void)state;
    weir_buf text = {0};
    weir_error err = {0};
    char tar[512] = "a.csv";
    assert_int_equal(transcode(BYTES("a"), 1, "windows-1225", false, &text, NULL, &err),
                     WEIR_USAGE);
    assert_non_null(strstr(err.hint, "windows-125"));
    assert_int_equal(weir_encoding_check("latin1//IGNORE", &err), WEIR_USAGE);
    assert_int_equal(weir_encoding_check("", &err), WEIR_USAGE);
    assert_int_equal(weir_encoding_check("auto", &err), WEIR_OK);
    memcpy(tar + 257, "ustar", 5);
    err = (weir_error){0};
    assert_int_equal(transcode(tar, sizeof tar, 100, NULL, false, &text, NULL, &err), WEIR_DATA);
    assert_non_null(strstr(err.message, "tar archive"));
    assert_int_equal(transcode(BYTES("PK\3\4"), 1, "latin1", false, &text, NULL, &err), WEIR_DATA);
    weir_buf_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_declared),    cmocka_unit_test(test_found),
        cmocka_unit_test(test_not_guessed), cmocka_unit_test(test_impossible),
        cmocka_unit_test(test_long),        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
