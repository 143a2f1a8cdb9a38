/* Memory fails at the n-th request, for every n: nothing leaks, nothing crashes, the error is
 * WEIR_RESOURCE; and a budget that is too small is an error, too. */
#include "expr_test.h"

static const char *const texts[] = {
    "lower(s) || '-' || i || coalesce(g, 'none of them at all')",
    "case when i > 0 and 10 / i < 100 then upper(g) when s like '%e%' then replace(s, 'e', 'EE') "
    "else null end",
    "i in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) or s not in ('Hello', 'x') or d between 0 and 10 is "
    "true",
    "regexp_replace(s, g, '<\\&>') || strftime(tz, '%d.%m.%Y %H:%M') || cast(l as string)",
    "try(cast(s as decimal(10,2)) + d * 1.5) is distinct from w / 3",
    "case when b then split(s, 'l') else split(g, 'e') end",
    "case when b then l end",
    "greatest(s, g, 'm') || list_join(split(s, 'l'), '+') || st.b || json_text(j, 'a')",
    "date_trunc('month', ts) + iv > to_timestamp('2024-01-01 00', g)",
    "gi / (gi - 7) + length(concat_ws(',', g, s, i))",
    "nullif(round(d / 3, 2), floor(w)) is null or hash(s, i, g) > 5",
    "slugify(s) || format('%s-%L', g, i) || substring_after(s, 'l') || soundex(g)",
    "list_join(list_sort(list(s, g, 'x'), 'desc'), '-') || list_max(split(s, 'l')) || typeof(l)",
    "list_sum(list_concat(l, list(i, k))) + clamp(i, 0, 5) + coalesce(safe_divide(i, k), 0)",
    "cast(map(list('a', 'b'), list(s, g)) as string) || cast(struct('a', i, 'b', s) as string)",
    "json_merge_patch(json_object('a', s, 'l', l), j) ->> 'a' || list_join(json_keys(j), ',')",
    "list_join(regexp_split(s, '[le]+'), '|') || list_join(regexp_extract_all(s, 'l(x)?', 1), '')",
    "format_number(d, 1, '.', ',') || to_int('1,234', ',') || hmac_sha256(s, g) || mask_email(s)",
    "map_keys(url_params('a=' || s || '&b')) = list('a', 'b') and levenshtein(s, g) > 1",
    "cast(add_months(dt, u) as string) || day_name(ts) || age(ts, dt) || next_day(dt, 'mon')",
};

static void nth_allocation(void **state) {
    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        fixture x = {0};
        fixture_fill(&x, 6, AS_WRITTEN);
        bool done = false;
        for (long nth = 1; !done; nth++) {
            weir_error err = {0};
            weir_arena plan = {0};
            weir_program *p = NULL;
            weir_expr_local *local = NULL;
            weir_failures *f = NULL;
            weir_column *c = NULL;
            weir_buf out = {0};
            assert_true(nth < 20000);
            MUST(weir_failures_new(6, &f, &err));
            weir_blame blame = {f, "set", "field", NULL, false};
            weir_arena_clear(&x.scratch); /* so that its chunks are asked for again */
            weir_block_trim();
            weir_fault_arm(WEIR_FAULT_MALLOC, nth, 12);
            weir_status status = weir_expr_compile(texts[t], x.schema, NULL, &plan, &p, &err);
            if (status == WEIR_OK) status = weir_program_local_new(p, &x.ctx, &local, &err);
            if (status == WEIR_OK)
                status = weir_program_eval(p, local, &x.ctx, x.batch, weir_rows_of(x.batch), &blame,
                                           &c, &err);
            done = weir_fault_count(WEIR_FAULT_MALLOC) < nth;
            weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
            if (status == WEIR_OK) {
                MUST(weir_column_validate(c, &err));
            } else {
                if (status != WEIR_RESOURCE || err.status != WEIR_RESOURCE)
                    fail_msg("%s, request %ld: %s", texts[t], nth, err.message);
                assert_null(c);
            }
            if (done && status != WEIR_OK) fail_msg("%s: %s", texts[t], err.message);
            weir_column_release(c);
            weir_failures_free(f);
            weir_program_local_free(p, local);
            weir_program_free(p);
            weir_arena_clear(&plan);
            weir_buf_clear(&out);
        }
        fixture_clear(&x);
    }
    weir_block_trim();
}

static void small_budget(void **state) {
    (void)state;
    fixture x = {0};
    fixture_fill(&x, 6, AS_WRITTEN);
    bool enough = false;
    for (size_t limit = 64; !enough; limit += limit / 4) {
        weir_error err = {0};
        weir_ledger ledger;
        weir_ctx ctx = x.ctx;
        weir_program *p = NULL;
        weir_column *c = NULL;
        weir_ledger_init(&ledger, "test", limit, NULL);
        ctx.ledger = &ledger;
        MUST(weir_expr_compile("repeat(s, 1000) || g", x.schema, NULL, &x.plan, &p, &err));
        weir_status status =
            weir_program_eval(p, NULL, &ctx, x.batch, weir_rows_of(x.batch), NULL, &c, &err);
        enough = status == WEIR_OK;
        if (!enough) assert_int_equal(status, WEIR_RESOURCE);
        if (enough) assert_true(atomic_load(&ledger.used_bytes) > 30000);
        weir_column_release(c);
        weir_program_free(p);
        weir_arena_reset(&x.scratch);
        assert_int_equal(atomic_load(&ledger.used_bytes), 0);
    }
    fixture_clear(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nth_allocation),
        cmocka_unit_test(small_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
