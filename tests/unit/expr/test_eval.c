/* Expressions over a small batch give what the table in cases.h says, and the same under any
 * selection, encoding, length and processor. */
#include "base/cpu.h"
#include "cases_sql.h"
#include "expr_test.h"

#define N_FIRST (sizeof cases / sizeof *cases)
#define N_CASES (N_FIRST + sizeof sql_cases / sizeof *sql_cases)

static const expr_case *case_at(size_t i) {
    return i < N_FIRST ? &cases[i] : &sql_cases[i - N_FIRST];
}

/* Splits "a|b|c" (texts of the table hold no '|'). */
static uint32_t split_rows(char *text, char **rows, uint32_t most) {
    uint32_t n = 0;
    for (char *at = text; n < most; at++) {
        rows[n++] = at;
        at = strchr(at, '|');
        if (!at) break;
        *at = '\0';
    }
    return n;
}

/* One case: which rows to look at, and the rows of the table they must equal (modulo 6). */
static void check(fixture *x, const expr_case *c, weir_rows rows, bool quiet, bool reasons_too) {
    weir_buf out = {0}, reasons = {0};
    char want_text[2048];
    char *want[6], *got[1024];
    snprintf(want_text, sizeof want_text, "%s", c->rows);
    uint32_t n_want = split_rows(want_text, want, 6);
    evaluate(x, c->text, rows, quiet, &out, &reasons);
    char *copy = strdup(weir_buf_cstr(&out));
    uint32_t n_got = split_rows(copy, got, 1024);
    assert_int_equal(n_got, rows.n);
    for (uint32_t k = 0; k < n_got; k++) {
        uint32_t row = weir_rows_at(&rows, k) % 6;
        const char *wanted = n_want == 1 ? want[0] : want[row];
        if (quiet && strcmp(wanted, "!") == 0)
            continue; /* what null gives there is another matter */
        if (strcmp(got[k], wanted) != 0)
            fail_msg("%s, row %u: %s, not %s", c->text, weir_rows_at(&rows, k), got[k], wanted);
    }
    if (reasons_too) {
        /* Constants fail on every row; the table has the first. */
        const char *r = weir_buf_cstr(&reasons);
        bool ok = n_want == 1 ? strncmp(r, c->reasons, strlen(c->reasons)) == 0
                              : strcmp(r, c->reasons) == 0;
        if (!ok) fail_msg("%s: failures %s, not %s", c->text, r, c->reasons);
    }
    if (quiet) assert_string_equal(weir_buf_cstr(&reasons), "");
    free(copy);
    weir_buf_clear(&out);
    weir_buf_clear(&reasons);
}

static void table(void **state) {
    fixture *x = *state;
    for (size_t i = 0; i < N_CASES; i++) {
        weir_error err = {0};
        weir_program *p = NULL;
        check(x, case_at(i), weir_rows_of(x->batch), false, true);
        MUST(weir_expr_compile(case_at(i)->text, x->schema, NULL, &x->plan, &p, &err));
        assert_string_equal(weir_program_type(p)->name, case_at(i)->type);
        assert_string_equal(weir_program_text(p), case_at(i)->text);
        weir_program_free(p);
    }
}

static void quietly(void **state) {
    fixture *x = *state;
    for (size_t i = 0; i < N_CASES; i++) check(x, case_at(i), weir_rows_of(x->batch), true, false);
}

static void under_selection(void **state) {
    static const uint16_t some[] = {0, 3, 5}, one[] = {4}, two[] = {1, 2};
    fixture *x = *state;
    for (size_t i = 0; i < N_CASES; i++) {
        check(x, case_at(i), (weir_rows){some, 3, 6}, false, false);
        check(x, case_at(i), (weir_rows){one, 1, 6}, false, false);
        check(x, case_at(i), (weir_rows){two, 2, 6}, false, false);
    }
}

/* No rows at all: nothing to compute, nothing to fail. */
static void no_rows(void **state) {
    static const uint16_t none[1] = {0};
    fixture *x = *state;
    for (size_t i = 0; i < N_CASES; i++) {
        weir_buf out = {0}, reasons = {0};
        evaluate(x, case_at(i)->text, (weir_rows){none, 0, 6}, false, &out, &reasons);
        assert_int_equal(out.size, 0);
        if (reasons.size) fail_msg("%s: %s", case_at(i)->text, weir_buf_cstr(&reasons));
        weir_buf_clear(&out);
    }
}

static void other_encodings(void **state) {
    (void)state;
    for (shape how = ALL_PLAIN; how <= ALL_DICTIONARY; how++) {
        fixture x = {0};
        fixture_fill(&x, 6, how);
        for (size_t i = 0; i < N_CASES; i++)
            check(&x, case_at(i), weir_rows_of(x.batch), false, true);
        fixture_clear(&x);
    }
}

/* Longer than a word of bits, with dictionaries that pay, on both kinds of loops. */
static void many_rows(void **state) {
    (void)state;
    uint16_t odd[99], few[20];
    for (uint16_t k = 0; k < 99; k++) odd[k] = (uint16_t)(2 * k + 1);
    for (uint16_t k = 0; k < 20; k++) few[k] = (uint16_t)(k * 9 + k % 7);
    for (shape how = AS_WRITTEN; how <= ALL_DICTIONARY; how++) {
        fixture x = {0};
        fixture_fill(&x, 200, how);
        for (int portable = 0; portable < 2; portable++) {
            weir_cpu_limit(portable ? 0 : UINT32_MAX);
            for (size_t i = 0; i < N_CASES; i++) {
                check(&x, case_at(i), weir_rows_of(x.batch), false, false);
                check(&x, case_at(i), (weir_rows){odd, 99, 200}, false, false);
                check(&x, case_at(i), (weir_rows){few, 20, 200}, false, false);
            }
        }
        weir_cpu_limit(UINT32_MAX);
        fixture_clear(&x);
    }
}

/* Every column is one row of the table as a CONSTANT column. */
static void constants(void **state) {
    (void)state;
    for (uint32_t row = 0; row < 6; row++) {
        fixture x = {0};
        fixture_fill(&x, 6, ALL_PLAIN);
        for (uint32_t i = 0; i < x.schema->n_fields; i++) {
            weir_error err = {0};
            weir_column *c = x.batch->columns[i], *k = NULL;
            const weir_type *t = c->type;
            const void *data = NULL;
            size_t size = 0;
            uint8_t truth = 0;
            if (weir_type_is_nested(t)) continue;
            if (!weir_column_is_null(c, row)) {
                size = t->width;
                data = (const char *)c->values + (size_t)row * size;
                if (t->id == WEIR_BOOL) {
                    truth = weir_bit_get(c->values, row);
                    data = &truth;
                    size = 1;
                } else if (weir_type_is_view(t)) {
                    weir_slice s = weir_column_slice(c, row);
                    data = s.data;
                    size = s.size;
                }
            }
            MUST(weir_column_constant(t, 6, data, size, NULL, &k, &err));
            if (weir_column_is_poisoned(c, row)) MUST(weir_column_set_null(k, 0, true, NULL, &err));
            weir_column_release(c);
            x.batch->columns[i] = k;
        }
        uint16_t here[] = {(uint16_t)row};
        for (size_t i = 0; i < N_CASES; i++)
            check(&x, case_at(i), (weir_rows){here, 1, 6}, false, false);
        fixture_clear(&x);
    }
}

/* The canonical text means the same, and is its own canonical text. */
static void canonical_text(void **state) {
    fixture *x = *state;
    for (size_t i = 0; i < N_CASES; i++) {
        weir_error err = {0};
        weir_buf one = {0}, two = {0};
        const weir_expr *e = NULL;
        MUST(weir_expr_parse(case_at(i)->text, &x->plan, &e, &err));
        assert_true(weir_expr_format(e, &one));
        if (weir_expr_parse(weir_buf_cstr(&one), &x->plan, &e, &err) != WEIR_OK)
            fail_msg("%s -> %s: %s", case_at(i)->text, weir_buf_cstr(&one), err.message);
        assert_true(weir_expr_format(e, &two));
        assert_string_equal(weir_buf_cstr(&one), weir_buf_cstr(&two));
        expr_case same = *case_at(i);
        same.text = weir_buf_cstr(&one);
        check(x, &same, weir_rows_of(x->batch), false, false);
        weir_buf_clear(&one);
        weir_buf_clear(&two);
    }
}

/* A result is of the type wanted where that needs no cast. */
static void wanted_type(void **state) {
    static const struct {
        const char *text, *want, *result;
    } wants[] = {
        {"1", "int32", "1"},
        {"300", "uint8", NULL},
        {"k", "int64", "10"},
        {"i", "int32", NULL},
        {"null", "date", "~"},
        {"'2024-01-02'", "date", "2024-01-02"},
        {"s", "date", NULL},
        {"dt", "timestamp", "2024-01-31 00:00:00"},
        {"5", "decimal(10,2)", "5.00"},
        {"1.555", "decimal(10,2)", NULL},
        {"d", "decimal(12,2)", "10.00"},
        {"d", "float64", "10"},
        {"1.5", "float32", "1.5"},
        {"'x'", "string", "x"},
        {"i", "string", NULL},
        {"b", "bool", "true"},
        {"i", "bool", NULL},
        {"'yes'", "bool", "true"},
        {"'maybe'", "bool", NULL},
        {"tz", "timestamptz(UTC)", "2024-03-31 00:30:00Z"},
    };
    fixture *x = *state;
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        weir_error err = {0};
        const weir_type *t = NULL;
        weir_program *p = NULL;
        weir_column *c = NULL;
        MUST(weir_type_parse(wants[i].want, &t, &err));
        weir_status status = weir_expr_compile(wants[i].text, x->schema, t, &x->plan, &p, &err);
        if ((status == WEIR_OK) != (wants[i].result != NULL))
            fail_msg("%s as %s: %s", wants[i].text, wants[i].want, err.message);
        if (status != WEIR_OK) {
            assert_int_equal(status, WEIR_USAGE);
            assert_int_equal(err.column, 1);
            continue;
        }
        assert_ptr_equal(weir_program_type(p), t);
        weir_expr_local *local = NULL;
        weir_buf out = {0};
        MUST(weir_program_local_new(p, &x->ctx, &local, &err));
        MUST(
            weir_program_eval(p, local, &x->ctx, x->batch, weir_rows_of(x->batch), NULL, &c, &err));
        put_row(c, 0, &out);
        assert_string_equal(weir_buf_cstr(&out), wants[i].result);
        weir_buf_clear(&out);
        weir_column_release(c);
        weir_program_local_free(p, local);
        weir_program_free(p);
    }
}

/* What a program says about itself. */
static void questions(void **state) {
    fixture *x = *state;
    weir_error err = {0};
    weir_program *p = NULL;
    const weir_column *value = NULL;
    MUST(weir_expr_compile("k + f > 1 and s is null", x->schema, NULL, &x->plan, &p, &err));
    const uint64_t *reads = weir_program_reads(p);
    for (uint32_t i = 0; i < x->schema->n_fields; i++) {
        const char *name = x->schema->fields[i].name;
        bool read = strcmp(name, "k") == 0 || strcmp(name, "f") == 0 || strcmp(name, "s") == 0;
        assert_int_equal(reads[0] >> i & 1, read);
    }
    assert_int_equal(weir_program_column(p), -1);
    assert_true(weir_program_can_fail(p));
    assert_false(weir_program_constant(p, NULL));
    weir_program_free(p);
    MUST(weir_expr_compile("(G)", x->schema, NULL, &x->plan, &p, &err)); /* any case */
    assert_int_equal(weir_program_column(p), weir_schema_find(x->schema, "g", 1));
    assert_false(weir_program_can_fail(p));
    weir_program_free(p);
    MUST(weir_expr_compile("lower(s) = 'a' or d > 5 and try(1 / i) is null", x->schema, NULL,
                           &x->plan, &p, &err));
    assert_false(weir_program_can_fail(p));
    weir_program_free(p);
    MUST(weir_expr_compile("1 + 2", x->schema, NULL, &x->plan, &p, &err));
    assert_true(weir_program_constant(p, &value));
    assert_int_equal(*(const int64_t *)value->values, 3);
    assert_false(weir_program_volatile(p));
    weir_program_free(p);
    MUST(weir_expr_compile("1 / 0", x->schema, NULL, &x->plan, &p, &err));
    assert_false(weir_program_constant(p, NULL));
    weir_program_free(p);
    MUST(weir_expr_compile("now() > timestamptz '2024-01-01Z'", x->schema, NULL, &x->plan, &p,
                           &err));
    assert_true(weir_program_volatile(p));
    assert_false(weir_program_constant(p, NULL));
    weir_program_free(p);
}

/* A local serves batches of different lengths one after the other. */
static void changing_lengths(void **state) {
    (void)state;
    weir_error err = {0};
    fixture x = {0}, y = {0};
    weir_program *p = NULL;
    weir_expr_local *local = NULL;
    fixture_fill(&x, 6, AS_WRITTEN);
    fixture_fill(&y, 700, AS_WRITTEN);
    MUST(weir_expr_compile("coalesce(s, 'a constant of some length') || i", x.schema, NULL, &x.plan,
                           &p, &err));
    MUST(weir_program_local_new(p, &x.ctx, &local, &err));
    for (int i = 0; i < 4; i++) {
        fixture *z = i & 1 ? &y : &x;
        weir_column *c = NULL;
        MUST(
            weir_program_eval(p, local, &z->ctx, z->batch, weir_rows_of(z->batch), NULL, &c, &err));
        assert_int_equal(c->length, z->batch->length);
        MUST(weir_column_validate(c, &err));
        weir_slice s = weir_column_slice(c, c->length - c->length % 6 - 4);
        assert_true(weir_slice_is(s, "a constant of some length-3"));
        weir_column_release(c);
    }
    weir_program_local_free(p, local);
    weir_program_free(p);
    fixture_clear(&x);
    fixture_clear(&y);
}

static void cancelled(void **state) {
    fixture *x = *state;
    weir_error err = {0};
    weir_cancel cancel = {0};
    weir_program *p = NULL;
    weir_column *c = NULL;
    atomic_store(&cancel.requested, 2);
    MUST(weir_expr_compile("i + 1", x->schema, NULL, &x->plan, &p, &err));
    x->ctx.cancel = &cancel;
    assert_int_equal(
        weir_program_eval(p, NULL, &x->ctx, x->batch, weir_rows_of(x->batch), NULL, &c, &err),
        WEIR_CANCELLED);
    x->ctx.cancel = NULL;
    weir_program_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(table, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(quietly, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(under_selection, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(no_rows, fixture_open, fixture_close),
        cmocka_unit_test(other_encodings),
        cmocka_unit_test(many_rows),
        cmocka_unit_test(constants),
        cmocka_unit_test_setup_teardown(canonical_text, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(wanted_type, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(questions, fixture_open, fixture_close),
        cmocka_unit_test(changing_lengths),
        cmocka_unit_test_setup_teardown(cancelled, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
