/* Names that stand twice in an object: the policy, at the top and at any depth. */
#include "json_test.h"

static const setup lines = {.config = {.lines = true}, .extra = WEIR_EXTRA_DROP};

static void repeated_names(void **state) {
    (void)state;
    const char *text = "{\"a\":1,\"b\":\"x\",\"a\":2}\n{\"a\":null,\"a\":3,\"l\":[1],\"l\":[2]}\n{"
                       "\"a\":1,\"a\":null}\n";
    setup o = lines;
    o.no_place = true;
    check_rows(
        &o, "a int64, b string, l list<int64>", text,
        " a=! b=! l=! {/json: malformed JSON at byte 20 of the record: a name stands twice}\n"
        " a=! b=! l=! {/json: malformed JSON at byte 15 of the record: a name stands twice}\n"
        " a=! b=! l=! {/json: malformed JSON at byte 12 of the record: a name stands twice}\n");
    o.config.repeated = WEIR_JSON_REPEATED_LAST;
    check_rows(&o, "a int64, b string, l list<int64>", text,
               " a=2 b=x l=~\n a=3 b=~ l=[2]\n a=~ b=~ l=~\n");
}

/* The policy holds at any depth, for what is kept as text, too. */
static void repeated_names_inside(void **state) {
    (void)state;
    const char *text = "{\"j\":{\"x\":1,\"y\":[{\"q\":1,\"q\" : 2}, [ ] ],\"\\u0078\":3}}\n"
                       "{\"j\":[{\"x\":1},{\"x\":1},\"x\",\"x\"]}\n"
                       "{\"j\":{\"long name 1\":1,\"long name 2\":2,\"long name 1\":null}}\n";
    setup o = lines;
    o.no_place = true;
    check_rows(&o, "j json", text,
               " j=! {/json: malformed JSON at byte 6 of the record: a name stands twice}\n"
               " j=[{\"x\":1},{\"x\":1},\"x\",\"x\"]\n"
               " j=! {/json: malformed JSON at byte 6 of the record: a name stands twice}\n");
    o.config.repeated = WEIR_JSON_REPEATED_LAST;
    check_rows(&o, "j json", text,
               " j={\"y\":[{\"q\":2},[]],\"\\u0078\":3}\n"
               " j=[{\"x\":1},{\"x\":1},\"x\",\"x\"]\n"
               " j={\"long name 2\":2,\"long name 1\":null}\n");
    o.config.repeated = WEIR_JSON_REPEATED_FIRST;
    check_rows(&o, "j json", text,
               " j={\"x\":1,\"y\":[{\"q\":1},[]]}\n"
               " j=[{\"x\":1},{\"x\":1},\"x\",\"x\"]\n"
               " j={\"long name 1\":1,\"long name 2\":2}\n");
    /* Members that a struct does not name are still missed when one stands twice. */
    o.config.repeated = WEIR_JSON_REPEATED_LAST;
    o.extra = WEIR_EXTRA_REJECT;
    check_rows(
        &o, "j struct<x int64, l list<json>>",
        "{\"j\":{\"x\":1,\"x\":2,\"l\":[{\"a\":1,\"a\":2}]}}\n{\"j\":{\"x\":1,\"x\":2,\"z\":3}}\n",
        " j={\"x\":2,\"l\":[{\"a\":2}]}\n"
        " j=! {j/extra_columns: has members that struct<x int64, l list<json>> does not name}\n");
}

/* More names than are compared pair by pair, and a hash of each must do. */
static void repeated_names_among_many(void **state) {
    (void)state;
    weir_buf text = {0}, want = {0};
    setup o = lines;
    o.no_place = true;
    o.config.repeated = WEIR_JSON_REPEATED_LAST;
    for (int twice = 0; twice < 2; twice++) {
        text.size = want.size = 0;
        assert_true(weir_buf_adds(&text, "{\"j\":{") && weir_buf_adds(&want, " j={"));
        for (int i = 0; i < 200; i++) {
            assert_true(weir_buf_printf(&text, "\"n%d\":%d,", i, i));
            if (!twice || i != 77) assert_true(weir_buf_printf(&want, "\"n%d\":%d,", i, i));
        }
        assert_true(weir_buf_printf(&text, "\"%s\":0}}\n", twice ? "n77" : "m"));
        assert_true(weir_buf_printf(&want, "\"%s\":0}\n", twice ? "n77" : "m"));
        check_rows(&o, "j json", weir_buf_cstr(&text), weir_buf_cstr(&want));
    }
    weir_buf_clear(&text);
    weir_buf_clear(&want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeated_names),
        cmocka_unit_test(repeated_names_inside),
        cmocka_unit_test(repeated_names_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
