/* Random expressions of the language that weir and SQLite share, over random rows, compared value
 * by value.  SQLite differs in known ways, so: integers stay small (SQLite turns overflow into
 * floats), division by zero is null there and a failed record here, text is ASCII. */
#include <sqlite3.h>
#include "expr_test.h"

enum { ROWS = 60, EXPRESSIONS = 1500, DEPTH = 4 };

static uint64_t seed = 20240607;
static uint32_t dice(uint32_t sides) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % sides;
}

typedef enum kind { INTEGER, TEXT, TRUTH } kind;

/* The same text is an expression of both. */
static void make(weir_buf *out, kind k, int depth) {
    static const char *const ints[] = {"a", "b", "c", "0", "1", "2", "-3", "7", "null"};
    static const char *const words[] = {"s",   "t", "'ab'", "''", "'B'", "'a longer piece of text'",
                                        "null"};
    static const char *const ops[] = {"+", "-", "*"}, *const compares[] = {"=",  "<>", "<",
                                                                           "<=", ">",  ">="};
    static const char *const patterns[] = {"'a%'", "'%b'", "'%b%'",  "'_b%'",
                                           "'a'",  "'%'",  "'%a_b%'"};
    bool ok = true;
    int how = depth <= 0 ? 0 : (int)dice(10);
#define PUT(s) ok = ok && weir_buf_adds(out, s)
#define SUB(k) (PUT("("), make(out, k, depth - 1), PUT(")"))
    if (k == INTEGER) {
        if (how < 2)
            PUT(ints[dice(9)]);
        else if (how < 5)
            SUB(k), PUT(" "), PUT(ops[dice(3)]), PUT(" "), SUB(k);
        else if (how == 5)
            SUB(k), PUT(dice(2) ? " / " : " % "), PUT(dice(2) ? "3" : "-2");
        else if (how == 6)
            PUT("length("), make(out, TEXT, depth - 1), PUT(")");
        else if (how == 7)
            PUT("coalesce("), make(out, k, depth - 1), PUT(", "), make(out, k, depth - 1), PUT(")");
        else if (how == 8)
            PUT("nullif("), make(out, k, depth - 1), PUT(", "), make(out, k, depth - 1), PUT(")");
        else
            PUT("abs("), make(out, k, depth - 1), PUT(")");
    } else if (k == TEXT) {
        if (how < 3)
            PUT(words[dice(7)]);
        else if (how == 3)
            SUB(k), PUT(" || "), SUB(k);
        else if (how == 4)
            PUT(dice(2) ? "lower(" : "upper("), make(out, k, depth - 1), PUT(")");
        else if (how == 5)
            PUT("substr("), make(out, k, depth - 1), PUT(", "), PUT(dice(2) ? "2" : "1"),
                PUT(", 3)");
        else if (how == 6)
            PUT("replace("), make(out, k, depth - 1), PUT(", 'a', 'xy')");
        else if (how == 7)
            PUT(dice(2) ? "trim(" : "ltrim("), make(out, k, depth - 1), PUT(")");
        else
            PUT("case when "), make(out, TRUTH, depth - 1), PUT(" then "), make(out, k, depth - 1),
                PUT(" else "), make(out, k, depth - 1), PUT(" end");
    } else {
        kind of = dice(2) ? INTEGER : TEXT;
        if (how < 3)
            SUB(of), PUT(" "), PUT(compares[dice(6)]), PUT(" "), SUB(of);
        else if (how == 3)
            SUB(k), PUT(dice(2) ? " and " : " or "), SUB(k);
        else if (how == 4)
            PUT("not "), SUB(k);
        else if (how == 5)
            SUB(of), PUT(dice(2) ? " is null" : " is not null");
        else if (how == 6)
            SUB(INTEGER), PUT(dice(2) ? " in (" : " not in ("), make(out, INTEGER, 0), PUT(", "),
                make(out, INTEGER, 0), PUT(", 5)");
        else if (how == 7)
            SUB(TEXT), PUT(dice(2) ? " like " : " not like "), PUT(patterns[dice(7)]);
        else if (how == 8)
            SUB(of), PUT(dice(2) ? " between " : " not between "), SUB(of), PUT(" and "), SUB(of);
        else
            SUB(of), PUT(dice(2) ? " is distinct from " : " is not distinct from "), SUB(of);
    }
    assert_true(ok);
}

/* SQLite from 3.39 knows is distinct from; before, its own `is not` and `is` mean it. */
static void for_sqlite(char *text) {
    static const char *const from[] = {" is not distinct from ", " is distinct from "};
    static const char *const to[] = {" is                   ", " is not           "};
    for (int i = 0; i < 2; i++)
        for (char *at; (at = strstr(text, from[i]));) memcpy(at, to[i], strlen(to[i]));
}

static void random_expressions(void **state) {
    (void)state;
    fixture x = {0};
    weir_error err = {0};
    sqlite3 *db = NULL;
    const char *names[] = {"a", "b", "c", "s", "t"};
    static const char *const texts[] = {
        "", "a", "ab", "B", "aXb", " a b ", "a longer piece of text", "bab", "AB"};
    x.ctx.scratch = &x.scratch;
    weir_field fields[5];
    for (int i = 0; i < 5; i++)
        fields[i] = (weir_field){names[i], weir_type_of(i < 3 ? WEIR_INT64 : WEIR_STRING), false};
    MUST(weir_schema_new(fields, 5, &x.schema, &err));
    MUST(weir_batch_new(x.schema, ROWS, &x.batch, &err));
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "create table x(n int, a int, b int, c int, s text, t text); "
                                  "pragma case_sensitive_like = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    static char cells[5][ROWS][24];
    for (int r = 0; r < ROWS; r++) {
        char sql[400];
        int at = snprintf(sql, sizeof sql, "insert into x values (%d", r);
        for (int i = 0; i < 5; i++) {
            if (dice(6) == 0)
                snprintf(cells[i][r], 24, "~");
            else if (i < 3)
                snprintf(cells[i][r], 24, "%d", (int)dice(21) - 10);
            else
                snprintf(cells[i][r], 24, "%s", texts[dice(9)]);
            const char *quote = i < 3 || cells[i][r][0] == '~' ? "" : "'";
            at += snprintf(sql + at, sizeof sql - (size_t)at, ", %s%s%s", quote,
                           cells[i][r][0] == '~' ? "null" : cells[i][r], quote);
        }
        snprintf(sql + at, sizeof sql - (size_t)at, ")");
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    }
    for (int i = 0; i < 5; i++) {
        const char *rows[ROWS];
        for (int r = 0; r < ROWS; r++) rows[r] = cells[i][r];
        x.batch->columns[i] =
            (i == 4 ? dictionary_column : plain_column)(&x.ctx, fields[i].type, rows, ROWS);
    }
    int compared = 0;
    for (int n = 0; n < EXPRESSIONS; n++) {
        weir_buf text = {0}, sql = {0};
        weir_program *p = NULL;
        weir_column *c = NULL;
        weir_failures *f = NULL;
        make(&text, (kind)dice(3), DEPTH);
        const char *t = weir_buf_cstr(&text);
        weir_status status = weir_expr_compile(t, x.schema, NULL, &x.plan, &p, &err);
        if (status != WEIR_OK) fail_msg("%s: %s", t, err.message);
        MUST(weir_failures_new(ROWS, &f, &err));
        weir_blame blame = {f, "set", "x", NULL, false};
        MUST(weir_program_eval(p, NULL, &x.ctx, x.batch, weir_rows_of(x.batch), &blame, &c, &err));
        assert_true(weir_buf_printf(&sql, "select %s from x order by n", t));
        char *query = strdup(weir_buf_cstr(&sql));
        for_sqlite(query);
        sqlite3_stmt *st = NULL;
        if (sqlite3_prepare_v2(db, query, -1, &st, NULL) != SQLITE_OK)
            fail_msg("%s: %s", query, sqlite3_errmsg(db));
        for (uint32_t r = 0; r < ROWS; r++) {
            weir_buf got = {0};
            assert_int_equal(sqlite3_step(st), SQLITE_ROW);
            if (weir_failures_bad(f, r)) continue; /* overflow: a float there */
            put_row(c, r, &got);
            const char *want = (const char *)sqlite3_column_text(st, 0),
                       *mine = weir_buf_cstr(&got);
            if (c->type->id == WEIR_BOOL && want) want = strcmp(want, "0") == 0 ? "false" : "true";
            if (strcmp(mine, want ? want : "~") != 0 && sqlite3_column_type(st, 0) != SQLITE_FLOAT)
                fail_msg("%s, row %u: %s, but SQLite has %s", t, r, mine, want ? want : "~");
            compared++;
            weir_buf_clear(&got);
        }
        sqlite3_finalize(st);
        free(query);
        weir_column_release(c);
        weir_failures_free(f);
        weir_program_free(p);
        weir_buf_clear(&text);
        weir_buf_clear(&sql);
        weir_arena_reset(&x.scratch);
        weir_arena_reset(&x.plan);
    }
    assert_true(compared > EXPRESSIONS * ROWS * 9 / 10);
    sqlite3_close(db);
    fixture_clear(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_expressions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
