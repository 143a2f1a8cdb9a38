/* Expressions that read columns nobody knows yet: what can be told, and that nothing else is. */
#include "expr_test.h"

typedef struct known {
    weir_arena arena;
    weir_diags diags;
    weir_schema *schema;
    weir_unseen unseen;
} known;

static void known_init(known *k, bool any) {
    memset(k, 0, sizeof *k);
    weir_field fields[] = {{"id", weir_type_of(WEIR_INT64), false},
                           {"name", weir_type_of(WEIR_STRING), false}};
    weir_error err = {0};
    assert_int_equal(weir_schema_new(fields, 2, &k->schema, &err), WEIR_OK);
    k->unseen.any = any;
}

static void known_clear(known *k) {
    weir_schema_release(k->schema);
    weir_arena_clear(&k->arena);
}

/* want NULL: no fault.  whole: a program comes of it. */
static void look(bool any, const char *lost, const char *text, weir_type_id type, bool whole,
                 const char *want) {
    known k;
    known_init(&k, any);
    weir_bind bind = {.arena = &k.arena, .diags = &k.diags, .unseen = &k.unseen};
    const weir_expr *expr = NULL;
    weir_program *program = NULL;
    weir_error err = {0};
    if (lost) assert_int_equal(weir_bind_unsee(&bind, lost, &err), WEIR_OK);
    k.unseen.n_source = k.unseen.n;
    assert_int_equal(weir_expr_parse(text, &k.arena, &expr, &err), WEIR_OK);
    weir_status status = weir_expr_bind_known(
        expr, &bind, k.schema, type == WEIR_NULL ? NULL : weir_type_of(type), &program, &err);
    if (want && strcmp(err.message, want) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", text, err.message, want);
    if (want && strstr(text, "aeg")) assert_string_equal(err.hint, "did you mean age?");
    if (!want && status != WEIR_OK) fail_msg("%s: %s", text, err.message);
    assert_int_equal(status, want ? WEIR_USAGE : WEIR_OK);
    assert_int_equal(program != NULL, whole);
    weir_program_free(program);
    known_clear(&k);
}

static void columns_that_may_be_there(void **state) {
    (void)state;
    look(true, NULL, "id > 1", WEIR_BOOL, true, NULL);
    look(true, NULL, "ID > 1", WEIR_BOOL, true, NULL); /* case folds to a known column */
    look(true, NULL, "age > 1 and other = 'x'", WEIR_BOOL, false, NULL);
    look(true, NULL, "age", WEIR_BOOL, false, NULL);
    look(true, NULL, "coalesce(age, 1) || name", WEIR_STRING, false, NULL);
    look(true, NULL, "greatest(age, height) > 5", WEIR_BOOL, false, NULL);
    look(true, NULL, "case when age then id else height end", WEIR_NULL, false, NULL);
    look(true, NULL, "tags[1].x", WEIR_NULL, false, NULL);
    look(false, "age", "AGE > 1", WEIR_BOOL, false, NULL);
    look(false, "age", "name = 'x'", WEIR_BOOL, true, NULL);
}

static void what_does_not_depend_on_them(void **state) {
    (void)state;
    look(true, NULL, "lenght(age) > 1", WEIR_BOOL, false, "there is no function lenght");
    look(true, NULL, "age > lower(id)", WEIR_BOOL, false, "lower cannot take (int64)");
    look(true, NULL, "substr(age) = 'x'", WEIR_BOOL, false, "substr does not take 1 argument");
    look(true, NULL, "nullif(age)", WEIR_NULL, false, "nullif does not take 1 argument");
    look(true, NULL, "upper(age, 1)", WEIR_NULL, false, "upper does not take 2 arguments");
    look(true, NULL, "age and id + 1", WEIR_BOOL, false, "id + 1 is int64, but bool is wanted");
    look(true, NULL, "age + 1", WEIR_BOOL, false, "age + 1 is no condition");
    look(true, NULL, "not (age || 'x')", WEIR_BOOL, false, "(age || 'x') is no condition");
    look(true, NULL, "age in (1, nosuch(2))", WEIR_BOOL, false, "there is no function nosuch");
    look(false, "age", "aeg > 1", WEIR_BOOL, false, "there is no column aeg");
}

/* select ends what may be there beside the schema. */
static void forgetting(void **state) {
    (void)state;
    known k;
    known_init(&k, true);
    weir_bind bind = {.arena = &k.arena, .unseen = &k.unseen};
    weir_error err = {0};
    assert_true(weir_bind_may_have(&bind, "anything", false));
    weir_bind_forget(&bind);
    assert_false(weir_bind_may_have(&bind, "anything", false));
    for (int i = 0; i < 100; i++) {
        char name[8];
        snprintf(name, sizeof name, "c%u", (unsigned)i % 100u);
        assert_int_equal(weir_bind_unsee(&bind, name, &err), WEIR_OK);
        assert_int_equal(weir_bind_unsee(&bind, name, &err), WEIR_OK);
    }
    assert_int_equal(k.unseen.n, 100);
    assert_true(weir_bind_may_have(&bind, "c0", false) && weir_bind_may_have(&bind, "c99", false));
    assert_false(weir_bind_may_have(&bind, "C99", false));
    assert_true(weir_bind_may_have(&bind, "C99", true));
    bind.unseen = NULL;
    assert_false(weir_bind_may_have(&bind, "c1", false));
    assert_int_equal(weir_bind_unsee(&bind, "c1", &err), WEIR_OK);
    known_clear(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(columns_that_may_be_there),
                                       cmocka_unit_test(what_does_not_depend_on_them),
                                       cmocka_unit_test(forgetting)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
