/* XML: what the guard refuses, which element is the record, and records whatever the chunks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "format/xml.h"

/* ---- the guard ----------------------------------------------------------------------------- */

static const char *guard(const char *text) {
    weir_xml_guard g;
    weir_error err = {0};
    weir_xml_guard_init(&g, WEIR_XML_UNITS_8, 1000);
    weir_status status = weir_xml_guard_look(&g, text, strlen(text), &err);
    assert_int_equal(status, g.fault ? WEIR_DATA : WEIR_OK);
    weir_xml_guard_clear(&g);
    return g.fault ? g.fault : "";
}

/* before, then n times piece, then after */
static const char *guard_many(const char *before, const char *piece, size_t n, const char *after) {
    weir_buf text = {0};
    assert_true(weir_buf_adds(&text, before));
    for (size_t i = 0; i < n; i++) assert_true(weir_buf_adds(&text, piece));
    assert_true(weir_buf_adds(&text, after));
    const char *fault = guard(weir_buf_cstr(&text));
    weir_buf_clear(&text);
    return fault;
}

static void the_guard_refuses(void **state) {
    (void)state;
    assert_string_equal(guard("<!DOCTYPE r [ <!ENTITY a 'b'> ]><r/>"),
                        "the document declares entities");
    assert_string_equal(guard("<!DOCTYPE r [ <!-- <!ENTITY --> <!ELEMENT r ANY> ]><r/>"), "");
    assert_string_equal(guard("<!DOCTYPE r SYSTEM '[<!ENTITY'><r/>"), "");
    assert_string_equal(guard("<!DOCTYPE r [ %x; ]><r/>"),
                        "the document type refers to a parameter entity");
    assert_string_equal(guard("<r><!-- <!DOCTYPE r [<!ENTITY a 'b'>]> --></r>"), "");
    assert_string_equal(guard("<r><![CDATA[<!DOCTYPE r [<!ENTITY a 'b'>]>]]></r>"), "");
    assert_string_equal(guard("<r a='<!DOCTYPE [<!ENTITY '/>"), "");
    assert_string_equal(guard_many("<r", " a=''", 2000, "/>"), "");
    assert_string_equal(guard_many("<r", " a=''", 2001, "/>"),
                        "a tag has more than 2000 attributes");
    assert_string_equal(guard_many("<r", " a='='", 1500, "/>"), "");
    assert_string_equal(guard_many("<r", " xmlns:a='u'", 64, "/>"), "");
    assert_string_equal(guard_many("<r", " xmlns:a ='u'", 65, "/>"),
                        "a tag declares more than 64 namespaces");
    assert_string_equal(guard_many("<r", " xmlnsa='u'", 65, "/>"), "");
    assert_string_equal(guard_many("<r>", "x", 1000, "</r>"), "");
    assert_string_equal(guard_many("<r>", "x", 1001, "</r>"), "a text is too long");
    assert_string_equal(guard_many("<r><![CDATA[", "x", 1001, "]]></r>"), "a text is too long");
    assert_string_equal(guard_many("<r a='", "xxxxxxxxxxxxxxxx", 16384, "'/>"),
                        "a tag is longer than 256 KiB");
    assert_string_equal(guard_many("<!DOCTYPE r [<!ATTLIST r", " a CDATA 'x'", 65, ">]><r/>"),
                        "the document type has more than 64 literals");
    assert_string_equal(guard_many("<!DOCTYPE r [", "                ", 4096, "]><r/>"),
                        "the document type is longer than 64 KiB");
    assert_string_equal(guard_many("<r><!--", "x-xxxxxxxxxxxxxx", 65537, "--></r>"),
                        "a comment is longer than 1 MiB");
}

/* UTF-16 is looked at unit by unit, UTF-8 in runs: both see the same. */
static void the_guard_passes_over_runs(void **state) {
    (void)state;
    static const char *const texts[] = {
        "<?p ?\?> x ?><a x='1' y = \"2>\" xmlns:q='u'/><!-- - -- ---><b\n c='\r\n'>t</b ><c/>",
        "<a><![CDATA[ ]] > ]]]]><x/></a><!-- <y> --->\r<z\t/>\n<longname.with-signs att='v'/>",
        "<!DOCTYPE r [ <!ELEMENT r ANY><!-- > --> ]>\n<r><s xmlnsb='x'/></r>",
        "<a b='1'c='2'/><d><e/></d><f g/><h =''/><i/",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = texts[i];
        size_t n = strlen(text);
        char wide[400];
        assert_true(2 * n <= sizeof wide);
        for (size_t k = 0; k < n; k++) {
            wide[2 * k] = text[k];
            wide[2 * k + 1] = 0;
        }
        for (size_t cut = 0; cut <= n; cut++) {
            weir_xml_guard a, b;
            weir_xml_guard_init(&a, WEIR_XML_UNITS_8, 1000);
            weir_xml_guard_init(&b, WEIR_XML_UNITS_16LE, 1000);
            assert_int_equal(weir_xml_guard_look(&a, text, cut, NULL), WEIR_OK);
            assert_int_equal(weir_xml_guard_look(&a, text + cut, n - cut, NULL), WEIR_OK);
            assert_int_equal(weir_xml_guard_look(&b, wide, 2 * n, NULL), WEIR_OK);
            assert_int_equal(a.n, b.n);
            assert_true(a.n > 0);
            assert_int_equal(a.state, b.state);
            assert_int_equal(a.token_bytes, b.token_bytes);
            assert_int_equal(a.line, b.line);
            while (a.n) {
                weir_xml_place x = weir_xml_guard_take(&a), y = weir_xml_guard_take(&b);
                assert_int_equal(x.line, y.line);
                assert_int_equal(2 * x.byte, y.byte);
            }
            weir_xml_guard_clear(&a);
            weir_xml_guard_clear(&b);
        }
    }
}

static void the_guard_knows_places(void **state) {
    (void)state;
    const char *text = "<?xml version='1.0'?>\r\n<a\n b='>'>\r<!-- <x> --><c/>\n\n</a>";
    weir_xml_guard g;
    weir_xml_guard_init(&g, WEIR_XML_UNITS_8, 1000);
    assert_int_equal(weir_xml_guard_look(&g, text, strlen(text), NULL), WEIR_OK);
    weir_xml_place a = weir_xml_guard_take(&g), c = weir_xml_guard_take(&g);
    assert_int_equal(a.line, 2);
    assert_int_equal(a.byte, 23);
    assert_int_equal(c.line, 4);
    assert_int_equal(c.byte, strstr(text, "<c/>") - text);
    assert_int_equal(weir_xml_guard_take(&g).line, 0);
    assert_int_equal(g.line, 6);
    weir_xml_guard_clear(&g);
}

/* ---- which element ------------------------------------------------------------------------- */

static void check_record(const char *text, const char *want) {
    weir_xml_path path = {0};
    weir_error err = {0};
    weir_status status = weir_xml_find_record("test", weir_slice_of(text), false, &path, &err);
    if (status != WEIR_OK) fail_msg("%s: %s", text, err.message);
    assert_string_equal(path.text, want);
    weir_xml_path_clear(&path);
}

static void records_are_found(void **state) {
    (void)state;
    check_record("<r><i><a/></i><i><a/></i></r>", "/r/i");
    check_record("<r><i>1</i><i>2</i></r>", "/r/i");
    /* RSS: items, not the links beside them */
    check_record("<rss><channel><title>t</title><link a='1'/><link a='2'/><item><t/></item>"
                 "<item><t/></item><item><t/></item></channel></rss>",
                 "/rss/channel/item");
    /* many lines in few orders: the orders */
    check_record("<os><o><l a='1'/><l a='2'/><l a='3'/></o><o><l a='4'/></o></os>", "/os/o");
    /* rows deep down, beside a pair of texts at the top */
    check_record("<r><n>1</n><n>2</n><data><row a='1'/><row a='2'/></data></r>", "/r/data/row");
    /* nothing repeats */
    check_record("<r><a>1</a><b>2</b></r>", "/r");
    check_record("<r><o><a>1</a><b>2</b></o></r>", "/r/o");
    check_record("<r>text</r>", "/r");
    /* as many entries, orders or rows as there are: the record stays the same */
    const char *entry = "<entry><title/><author><name/></author><link a='1'/><link a='2'/></entry>";
    for (int n = 1; n < 4; n++) {
        weir_buf text = {0};
        assert_true(weir_buf_adds(
            &text, "<feed><title/><link a='1'/><link a='2'/><author><name/><uri/></author>"));
        for (int i = 0; i < n; i++) assert_true(weir_buf_adds(&text, entry));
        assert_true(weir_buf_adds(&text, "</feed>"));
        check_record(weir_buf_cstr(&text), "/feed/entry");
        weir_buf_clear(&text);
    }
    check_record("<feed><title/><entry><id/><author><n/><m/></author><author><n/></author></entry>"
                 "</feed>",
                 "/feed/entry");
    check_record("<rss><channel><title/><image><url/><link/></image><item><title/><cat a='1'/>"
                 "<cat a='2'/></item></channel></rss>",
                 "/rss/channel/item");
    check_record("<orders><order><id/><line><a/></line><line><a/></line></order></orders>",
                 "/orders/order");
    check_record("<r><ok/><orders><order><id/><l a='1'/><l a='2'/></order></orders></r>",
                 "/r/orders/order");
    check_record("<catalog><book><title/><p c='1'/><p c='2'/></book></catalog>", "/catalog/book");
    check_record("<cities><city a='1'/></cities>", "/cities/city");
    check_record("<doc><head/><sale><id/><l a='1'/><l a='2'/></sale></doc>", "/doc/sale");
    /* one document with parts of its own */
    check_record("<invoice><id/><customer><name/><city/></customer></invoice>", "/invoice");
    check_record("<invoice><id/><customer><name/></customer><lines><l a='1'/><l a='2'/></lines>"
                 "</invoice>",
                 "/invoice/lines/l");
    check_record("<x:r xmlns:x='u'><x:i a='1'/><y:i a='2'/></x:r>", "/r/i");
}

static void paths_are_checked(void **state) {
    (void)state;
    static const char *const bad[] = {"", "/", "//", "a/b", "/a//b", "/a[1]", "@a", "/a/", "a b"};
    weir_xml_path path = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        weir_error err = {0};
        assert_int_equal(weir_xml_path_parse(bad[i], &path, &err), WEIR_USAGE);
    }
    assert_int_equal(weir_xml_path_parse("/a/*/c:d", &path, NULL), WEIR_OK);
    assert_int_equal(path.n_steps, 3);
    assert_false(path.anywhere);
    weir_xml_path_clear(&path);
}

/* ---- records ------------------------------------------------------------------------------- */

static weir_xml_read_config plain = {
    .attributes = "@", .text = "#text", .separator = ".", .trim = true, .max_depth = 64};

/* Each record as "line@byte JSON", or "!" for one that is too long. */
static void read_all(const weir_xml_read_config *config, size_t chunk_bytes, size_t max_record,
                     const char *text, weir_buf *out) {
    weir_read_request request = {
        .config = config, .chunk_bytes = chunk_bytes, .max_record_bytes = max_record};
    weir_stream *in = NULL;
    weir_cutter *c = NULL;
    weir_error err = {0};
    assert_int_equal(weir_memory_open("test", text, strlen(text), &in, &err), WEIR_OK);
    weir_status status = weir_xml_cutter_new(&request, in, &c, &err);
    while (status == WEIR_OK) {
        weir_chunk chunk = {0};
        bool end = false;
        status = weir_xml_cutter_next(c, &chunk, &end, &err);
        if (status != WEIR_OK || end) break;
        if (chunk.flags & WEIR_CHUNK_TOO_LONG) assert_true(weir_buf_adds(out, "!"));
        assert_true(weir_buf_printf(out, "%llu@%llu ", (unsigned long long)chunk.first_line,
                                    (unsigned long long)chunk.first_byte));
        assert_true(weir_buf_add(out, chunk.block->data + chunk.begin, chunk.end - chunk.begin));
        weir_chunk_clear(&chunk);
    }
    if (status != WEIR_OK) assert_true(weir_buf_printf(out, "%s\n", err.message));
    weir_xml_cutter_free(c);
    weir_stream_close(in);
}

static void check_all(const weir_xml_read_config *config, const char *text, const char *want) {
    weir_buf out = {0};
    read_all(config, 1 << 16, 1 << 20, text, &out);
    assert_string_equal(weir_buf_cstr(&out), want);
    weir_buf_clear(&out);
}

static void elements_become_json(void **state) {
    (void)state;
    weir_xml_read_config o = plain;
    check_all(&o,
              "<r>\n<i id='1'><a> x </a><b/><a>y</a><c u=''>z<d/>w</c></i>\n"
              "<i>t<![CDATA[<u>]]></i></r>",
              "2@4 {\"@id\":\"1\",\"a\":[\"x\",\"y\"],\"b\":null,\"c\":{\"@u\":\"\",\"d\":null,"
              "\"#text\":\"zw\"}}\n{\"#text\":\"t<u>\"}\n");
    o.nested = WEIR_XML_NESTED_FLATTEN;
    o.empty = WEIR_XML_EMPTY_TEXT;
    o.trim = false;
    check_all(&o, "<r><i><a> x </a><b/><c u='1'>z<d><e>2</e></d></c></i><i/></r>",
              "1@3 {\"a\":\" x \",\"b\":\"\",\"c\":\"z\",\"c.@u\":\"1\",\"c.d.e\":\"2\"}\n"
              "{\"#text\":\"\"}\n");
    o = plain;
    o.record = "n:i";
    o.names = WEIR_XML_NAMES_PREFIX;
    check_all(&plain,
              "<r xmlns:n='u' xmlns:m='v'><i><n:a>1</n:a><n:a>2</n:a></i>"
              "<i k='0' n:k='1'><a>3</a><n:a>4</n:a><m:b>5</m:b><n:a>6</n:a></i>"
              "<i><n:a>7</n:a><n:b>8</n:b><m:b>9</m:b></i></r>",
              "1@27 {\"a\":[\"1\",\"2\"]}\n"
              "{\"@k\":\"0\",\"@n:k\":\"1\",\"a\":\"3\",\"n:a\":[\"4\",\"6\"],\"b\":\"5\"}\n"
              "{\"n:a\":\"7\",\"n:b\":\"8\",\"m:b\":\"9\"}\n");
    check_all(&o, "<r xmlns:n='u'><i>no</i><n:i n:k='1'><n:a>2</n:a></n:i></r>",
              "1@24 {\"@n:k\":\"1\",\"n:a\":\"2\"}\n");
    o.record = "/r/*/i";
    o.names = WEIR_XML_NAMES_LOCAL;
    check_all(&o, "<r><i>0</i><x><i>1</i></x><y><z><i>2</i></z><i>3</i></y></r>",
              "1@14 {\"#text\":\"1\"}\n{\"#text\":\"3\"}\n");
}

static void long_records_and_faults(void **state) {
    (void)state;
    weir_xml_read_config o = plain;
    weir_buf out = {0};
    o.record = "i";
    read_all(&o, 50, 50,
             "<r><i>a</i><i><x>0123456789</x><x>0123456789</x><x>0123456789</x>"
             "<x>0123456789</x></i><i>b</i></r>",
             &out);
    assert_string_equal(weir_buf_cstr(&out),
                        "1@3 {\"#text\":\"a\"}\n!1@11 {\"x\":[\"0123456789\",\"0123456789\","
                        "\"0123456789\",\"0123456789\"]}1@86 {\"#text\":\"b\"}\n");
    weir_buf_clear(&out);
    check_all(&o, "<r><i>a</i><i>b</j></r>",
              "malformed XML: Opening and ending tag mismatch: i line 1 and j\n");
    check_all(&o, "<r><i>a</i>",
              "malformed XML: the document is cut off: it ends inside its "
              "elements\n");
    check_all(&o, "<r><i>a</i></r><r/>",
              "malformed XML: Extra content at the end of the document\n");
    check_all(&o, "<?xml version='1.0' encoding='UTF-7'?><r/>",
              "XML in the encoding UTF-7 is not read\n");
}

/* Deep documents end in an error, not in a crash. */
static void deep_documents(void **state) {
    (void)state;
    weir_xml_read_config o = plain;
    weir_buf text = {0}, out = {0};
    o.record = "r";
    for (int i = 0; i < 300; i++) assert_true(weir_buf_adds(&text, "<r>"));
    read_all(&o, 1 << 16, 1 << 20, weir_buf_cstr(&text), &out);
    assert_string_equal(weir_buf_cstr(&out), "elements are nested more than 250 levels deep\n");
    weir_buf_clear(&text);
    weir_buf_clear(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guard_refuses),       cmocka_unit_test(the_guard_passes_over_runs),
        cmocka_unit_test(the_guard_knows_places),  cmocka_unit_test(records_are_found),
        cmocka_unit_test(paths_are_checked),       cmocka_unit_test(elements_become_json),
        cmocka_unit_test(long_records_and_faults), cmocka_unit_test(deep_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
