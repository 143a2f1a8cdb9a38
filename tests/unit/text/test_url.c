/* Addresses cut into parts, queries into pairs; accents and entities. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include "text/unaccent.h"
#include "text/url.h"
#include "text/utf8.h"

static void put(char *out, size_t size, const char *name, weir_slice part) {
    size_t n = strlen(out);
    if (part.data)
        snprintf(out + n, size - n, "%s%s=%.*s", n ? " " : "", name, (int)part.size, part.data);
}

static void urls(void **state) {
    (void)state;
    static const struct {
        const char *text, *parts; /* NULL: none */
    } cases[] = {
        {"https://x.io", "scheme=https host=x.io"},
        {"https://ann:pw@x.io:8080/a/b?q=1#top",
         "scheme=https user=ann:pw host=x.io port=8080 path=/a/b query=q=1 fragment=top"},
        {"http://[2001:db8::1]:80/", "scheme=http host=2001:db8::1 port=80 path=/"},
        {"http://x.io?", "scheme=http host=x.io query="},
        {"http://x.io#a?b", "scheme=http host=x.io fragment=a?b"},
        {"http://x.io/a#b#c", "scheme=http host=x.io path=/a fragment=b#c"},
        {"s3+x.y-z://bucket/key", "scheme=s3+x.y-z host=bucket path=/key"},
        {"http://a@b@c/", "scheme=http user=a@b host=c path=/"},
        {"http://x:/", "scheme=http host=x port= path=/"},
        {"http://", NULL},
        {"http:///a", NULL},
        {"//x.io", NULL},
        {"x.io", NULL},
        {"1http://x", NULL},
        {"http:/x", NULL},
        {"http://x y/", NULL},
        {"http://x:65536/", NULL},
        {"http://x:8a/", NULL},
        {"http://[::1", NULL},
        {"http://[::1]x/", NULL},
        {"mailto:a@x.io", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_url u = {0};
        char got[400] = "";
        bool ok = weir_url_split(weir_slice_of(cases[i].text), &u);
        put(got, sizeof got, "scheme", u.scheme);
        put(got, sizeof got, "user", u.user);
        put(got, sizeof got, "host", u.host);
        put(got, sizeof got, "port", u.port);
        put(got, sizeof got, "path", u.path);
        put(got, sizeof got, "query", u.query);
        put(got, sizeof got, "fragment", u.fragment);
        if (ok != (cases[i].parts != NULL) || strcmp(got, ok ? cases[i].parts : "") != 0)
            fail_msg("%s: %s", cases[i].text, got);
    }
}

static void queries(void **state) {
    (void)state;
    weir_slice query = weir_slice_of("a=1&&b&c=&=d&e=f=g&"), name, value;
    char got[200] = "";
    while (weir_url_next(&query, &name, &value)) {
        size_t n = strlen(got);
        snprintf(got + n, sizeof got - n, "[%.*s|%.*s]", (int)name.size, name.data,
                 value.data ? (int)value.size : 1, value.data ? value.data : "-");
    }
    assert_string_equal(got, "[a|1][b|-][c|][|d][e|f=g]");
}

static void accents(void **state) {
    (void)state;
    static const struct {
        const char *text, *plain;
    } cases[] = {{"Crème brûlée", "Creme brulee"},
                 {"Łódź, Ærø, Straße, ĳ", "Lodz, AEro, Strasse, ij"},
                 {"e\xCC\x81", "e"}, /* a mark of its own */
                 {"Việt", "Viet"},
                 {"日本 Ω й", "日本 Ω й"},
                 {"\xDE\xC6x", "\xDE\xC6x"}, /* bytes that are no characters stay: not TH and AE */
                 {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[100];
        size_t n = weir_unaccent(cases[i].text, strlen(cases[i].text), out);
        out[n] = '\0';
        assert_string_equal(out, cases[i].plain);
    }
    /* the tables are in order, or the search would miss */
    for (uint32_t i = 1; i < weir_unaccent_size; i++)
        assert_true(weir_unaccent_rows[i - 1].code < weir_unaccent_rows[i].code);
    for (uint32_t i = 1; i < weir_entity_size; i++)
        assert_true(strcmp(weir_entity_rows[i - 1].name, weir_entity_rows[i].name) < 0);
    for (uint32_t i = 0; i < weir_unaccent_size; i++) {
        char bytes[4], out[4];
        size_t n = weir_utf8_encode(weir_unaccent_rows[i].code, bytes);
        size_t m = weir_unaccent(bytes, n, out);
        assert_true(m > 0 && m <= n && memcmp(out, weir_unaccent_rows[i].text, m) == 0);
    }
}

static void entities(void **state) {
    (void)state;
    assert_int_equal(weir_entity_find("amp", 3), '&');
    assert_int_equal(weir_entity_find("thetasym", 8), 0x3D1);
    assert_int_equal(weir_entity_find("#8364", 5), 0x20AC);
    assert_int_equal(weir_entity_find("#x20aC", 6), 0x20AC);
    assert_int_equal(weir_entity_find("am", 2), 0);
    assert_int_equal(weir_entity_find("ampx", 4), 0);
    assert_int_equal(weir_entity_find("amp\0x", 5), 0); /* as bytes, not as a C text */
    assert_int_equal(weir_entity_find("thetasym\0and more", 17), 0);
    assert_int_equal(weir_entity_find("#", 1), 0);
    assert_int_equal(weir_entity_find("#x", 2), 0);
    assert_int_equal(weir_entity_find("#xD800", 6), 0);
    assert_int_equal(weir_entity_find("#99999999999", 12), 0);
    assert_int_equal(weir_entity_find("", 0), 0);
    for (uint32_t i = 0; i < weir_entity_size; i++)
        assert_int_equal(
            weir_entity_find(weir_entity_rows[i].name, strlen(weir_entity_rows[i].name)),
            weir_entity_rows[i].code);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(urls), cmocka_unit_test(queries),
                                       cmocka_unit_test(accents), cmocka_unit_test(entities)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
