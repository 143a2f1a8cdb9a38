/* Random columns for the tests of kernels: any type, encoding, nulls, poison, selection. */
#ifndef WEIR_TEST_RANDOM_COLUMN_H
#define WEIR_TEST_RANDOM_COLUMN_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include "column/kernel.h"

#define MUST(call)                                                                                 \
    do {                                                                                           \
        if ((call) != WEIR_OK) {                                                                   \
            print_error("%s:%d: %s\n", __FILE__, __LINE__, err.message);                           \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

static uint64_t random_state = 88172645463325252ull;
static inline uint64_t random_word(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}
static inline uint32_t random_below(uint32_t n) {
    return n ? (uint32_t)(random_word() >> 20) % n : 0;
}

/* Types that random_value knows, by text. */
static const char *const random_types[] = {"bool",
                                           "int8",
                                           "int16",
                                           "int32",
                                           "int64",
                                           "uint8",
                                           "uint16",
                                           "uint32",
                                           "uint64",
                                           "float32",
                                           "float64",
                                           "decimal(10,2)",
                                           "decimal(30,4)",
                                           "string",
                                           "binary",
                                           "date",
                                           "time",
                                           "timestamp",
                                           "timestamptz(Europe/Berlin)",
                                           "interval",
                                           "uuid",
                                           "json",
                                           "list<int32>",
                                           "list<string>",
                                           "struct<a int64, b string>",
                                           "map<string, int32>",
                                           "list<struct<x date, y list<bool>>>"};
#define RANDOM_TYPES (sizeof random_types / sizeof *random_types)

static inline const weir_type *type_of(const char *text) {
    weir_error err = {0};
    const weir_type *t = NULL;
    MUST(weir_type_parse(text, &t, &err));
    return t;
}

static inline void random_text(weir_builder *b, const char *head, const char *tail) {
    weir_error err = {0};
    char text[128];
    /* few different ones, around the 12 bytes that stand in the view */
    static const int sizes[] = {0, 1, 3, 4, 5, 11, 12, 13, 14, 40};
    int size = sizes[random_below(10)];
    int n = snprintf(text, sizeof text, "%s%.*s%s", head, size,
                     random_below(2) ? "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst"
                                     : "abcdXfghijklmnopqrstuvwxyzabcdefghijklmnopqrsT",
                     tail);
    MUST(weir_builder_bytes(b, text, (size_t)n, &err));
}

/* Appends one random value, null with chance 1/nulls (0 = never). */
static inline void random_value(weir_builder *b, const weir_type *t, uint32_t nulls) {
    weir_error err = {0};
    uint64_t w[2] = {random_word(), random_word()};
    if (nulls && random_below(nulls) == 0) {
        MUST(weir_builder_null(b, false, &err));
        return;
    }
    switch (t->id) {
    case WEIR_BOOL: w[0] &= 1; break;
    case WEIR_FLOAT32: {
        static const float values[] = {
            0, -0.0f, 1, -1, 1.5f, 0.1f, 3e38f, __builtin_nanf(""), __builtin_inff()};
        memcpy(w, &values[random_below(9)], 4);
        break;
    }
    case WEIR_FLOAT64: {
        static const double values[] = {
            0, -0.0, 1, -1, 1.5, 0.1, 1e300, 123.25, __builtin_nan(""), -__builtin_inf()};
        memcpy(w, &values[random_below(10)], 8);
        break;
    }
    case WEIR_DECIMAL: {
        __int128 v = (int64_t)(w[0] % 2000) - 1000;
        if (random_below(4) == 0) v *= t->width == 8 ? 5000000 : (__int128)1000000000000000000;
        memcpy(w, &v, 16);
        break;
    }
    case WEIR_DATE: {
        int32_t days = (int32_t)random_below(40000) - 10000;
        memcpy(w, &days, 4);
        break;
    }
    case WEIR_TIME: w[0] %= 86400000000ull; break;
    case WEIR_TIMESTAMP:
    case WEIR_TIMESTAMPTZ:
        w[0] = (uint64_t)((int64_t)(w[0] % 4000000000ull) * 1000000 - 1000000000000000);
        if (random_below(3) == 0) w[0] -= w[0] % 86400000000ull;
        break;
    case WEIR_INTERVAL: {
        weir_interval v = {(int32_t)random_below(3), (int32_t)random_below(40),
                           (int64_t)random_below(5) * 1000000};
        memcpy(w, &v, 16);
        break;
    }
    case WEIR_STRING: random_text(b, "", ""); return;
    case WEIR_BINARY: random_text(b, "\xff", ""); return;
    case WEIR_JSON: random_text(b, "\"", "\""); return;
    case WEIR_LIST:
    case WEIR_MAP:
        for (uint32_t n = random_below(4); n > 0; n--)
            for (uint32_t i = 0; i < t->n_fields; i++)
                random_value(weir_builder_child(b, i), t->fields[i].type,
                             i == 0 && t->id == WEIR_MAP ? 0 : 5);
        MUST(weir_builder_close_row(b, &err));
        return;
    case WEIR_STRUCT:
        for (uint32_t i = 0; i < t->n_fields; i++)
            random_value(weir_builder_child(b, i), t->fields[i].type, 5);
        MUST(weir_builder_close_row(b, &err));
        return;
    default: /* integers, uuid: small ones often, so that equal values meet */
        if (t->id != WEIR_UUID && random_below(2))
            w[0] = (uint64_t)(int64_t)(int32_t)(random_below(9) - 4);
        if (t->id == WEIR_UUID && random_below(2)) w[0] = w[1] = 7;
        break;
    }
    MUST(weir_builder_value(b, w, &err));
}

/* A column of length rows; nulls as above; a third of the nulls poisoned when poison is true. */
static inline weir_column *random_column(const weir_type *t, weir_encoding encoding,
                                         uint32_t length, uint32_t nulls, bool poison) {
    weir_error err = {0};
    weir_builder *b = NULL;
    weir_column *c = NULL, *d = NULL;
    MUST(weir_builder_new(t, NULL, &b, &err));
    if (encoding == WEIR_CONSTANT) {
        random_value(b, t, nulls ? 2 : 0);
        MUST(weir_builder_finish(b, &c, &err));
        c->encoding = WEIR_CONSTANT;
        c->length = length;
        if (poison && weir_column_is_null(c, 0)) MUST(weir_column_set_null(c, 0, true, NULL, &err));
    } else {
        bool dictionary = encoding == WEIR_DICTIONARY;
        uint32_t n = dictionary ? 1 + random_below(7) : length;
        for (uint32_t i = 0; i < n; i++) random_value(b, t, dictionary ? 0 : nulls);
        MUST(weir_builder_finish(b, &c, &err));
        if (dictionary) {
            d = c;
            MUST(weir_column_dictionary(d, length, NULL, &c, &err));
            for (uint32_t i = 0; i < length; i++) {
                c->indices[i] = (int32_t)random_below(n);
                if (nulls && random_below(nulls) == 0)
                    MUST(weir_column_set_null(c, i, false, NULL, &err));
            }
        }
        for (uint32_t i = 0; poison && i < length; i++)
            if (weir_column_is_null(c, i) && random_below(3) == 0)
                MUST(weir_column_set_null(c, i, true, NULL, &err));
    }
    weir_builder_free(b);
    MUST(weir_column_validate(c, &err));
    return c;
}

/* Random ascending rows; *sel is freed by the caller. */
static inline weir_rows random_rows(uint32_t length, uint16_t **sel) {
    weir_rows rows = {NULL, length, length};
    *sel = NULL;
    if (random_below(2)) return rows;
    *sel = malloc(((size_t)length + 1) * sizeof **sel);
    rows.n = 0;
    for (uint32_t i = 0; i < length; i++)
        if (random_below(3)) (*sel)[rows.n++] = (uint16_t)i;
    rows.sel = *sel;
    return rows;
}

/* One row as a PLAIN column of its own, built from nothing but take's definition. */
static inline weir_column *row_alone(const weir_column *c, uint32_t row) {
    weir_error err = {0};
    uint16_t sel[1] = {(uint16_t)row};
    weir_rows rows = {sel, 1, c->length};
    weir_column *one = NULL, *plain = NULL;
    MUST(weir_take(c, rows, NULL, &one, &err));
    MUST(weir_decode_plain(one, NULL, &plain, &err));
    weir_column_release(one);
    return plain;
}

static inline const char *text_of(const weir_column *c, uint32_t row) {
    static char ring[8][512];
    static int at;
    weir_buf b = {0};
    char *out = ring[at++ & 7];
    assert_true(weir_column_text(c, row, &b));
    snprintf(out, 512, "%s", weir_column_is_null(c, row) ? "null" : weir_buf_cstr(&b));
    weir_buf_clear(&b);
    return out;
}

/* A PLAIN string column of terminated texts; NULL = null. */
static inline weir_column *texts(const weir_type *t, const char *const *items, uint32_t n) {
    weir_error err = {0};
    weir_builder *b = NULL;
    weir_column *c = NULL;
    MUST(weir_builder_new(t, NULL, &b, &err));
    for (uint32_t i = 0; i < n; i++) {
        if (items[i])
            MUST(weir_builder_bytes(b, items[i], strlen(items[i]), &err));
        else
            MUST(weir_builder_null(b, false, &err));
    }
    MUST(weir_builder_finish(b, &c, &err));
    weir_builder_free(b);
    return c;
}

#endif
