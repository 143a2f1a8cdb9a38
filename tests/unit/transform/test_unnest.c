/* unnest: kinds of lists, nulls, failed rows, pieces, origins. */
#include "operator_rig.h"

#include "transform/transform.h"

#define EXPECT(YAML, TABLE, WANT) rig_expect(weir_transform_find, YAML, TABLE, WANT)

static void lists(void **state) {
    (void)state;
    EXPECT("unnest: l",
           "id:int64|l:list<int64>|t:string\n1|[1,2]|a\n2|[]|b\n3|null|c\n4|[null,5]|d\n",
           "id:int64|l:int64|t:string\n1|1|a\n1|2|a\n4|null|d\n4|5|d\n"
           "created 2 filtered 2\n");
    EXPECT("unnest: { field: l, as: n, index: i, outer: true }",
           "l:list<string>|t:string\n[\"x\",\"a text of more than twelve bytes\"]|a\nnull|b\n",
           "i:int64|n:string|t:string\n1|x|a\n2|a text of more than twelve bytes|a\n"
           "null|null|b\ncreated 1 filtered 0\n");
    EXPECT("unnest: l", "l:list<int64>\nnull\n", "created 0 filtered 1\n");
    EXPECT("unnest: { field: l, outer: true }", "l:list<bool>\nnull\n[]\n[true]\n",
           "l:bool\nnull\nnull\ntrue\ncreated 0 filtered 0\n");
}

static void structs_and_maps(void **state) {
    (void)state;
    const char *table =
        "s:list<struct<a int64, b string>>\n[{\"a\":1,\"b\":\"x\"},null,{\"a\":2,\"b\":null}]\n";
    EXPECT("unnest: { field: s, fields: true }", table,
           "a:int64|b:string\n1|x\nnull|null\n2|null\ncreated 2 filtered 0\n");
    EXPECT("unnest: { field: s, prefix: s_ }", table,
           "s_a:int64|s_b:string\n1|x\nnull|null\n2|null\ncreated 2 filtered 0\n");
    EXPECT("unnest: s", table,
           "s:struct<a int64, b string>\n{\"a\":1,\"b\":\"x\"}\nnull\n{\"a\":2,\"b\":null}\n"
           "created 2 filtered 0\n");
    EXPECT("unnest: { field: m, key: k, as: v }",
           "m:map<string, int64>\n{\"x\":1,\"y\":null}\n{}\n",
           "k:string!|v:int64\nx|1\ny|null\ncreated 1 filtered 1\n");
}

static void json_arrays(void **state) {
    (void)state;
    EXPECT("unnest: j", "j:json\n[1, \"a, b\" ,null,{\"c\":[2]}]\n[]\nnull\n",
           "j:json\n1\n\"a, b\"\nnull\n{\"c\":[2]}\ncreated 3 filtered 2\n");
    EXPECT("unnest: { field: j, index: i, outer: true }", "j:json|t:string\n{\"a\":1}|x\n[7]|y\n",
           "i:int64|j:json|t:string\nERR|ERR|x\n1|7|y\n0 j list: is no array but {\"a\":1}\n"
           "created 0 filtered 0\n");
}

static void limits(void **state) {
    (void)state;
    EXPECT("unnest: { field: l, max_items: 2 }", "l:list<int64>|t:string\n[1,2]|a\n[1,2,3]|b\n",
           "l:int64|t:string\n1|a\n2|a\nERR|b\n2 l max_items: has more than 2 items (max_items)\n"
           "created 1 filtered 0\n");
    EXPECT("unnest: { field: j, max_items: 2 }", "j:json\n[1,2,3]\n",
           "j:json\nERR\n0 j max_items: has more than 2 items (max_items)\ncreated 0 filtered 0\n");
}

static void faults(void **state) {
    (void)state;
    EXPECT("unnest: m", "l:list<int64>\n[1]\n",
           "p.yaml:1:9: unnest: there is no column m; did you mean l?\n");
    EXPECT("unnest: s", "s:struct<a int64>\nnull\n",
           "p.yaml:1:9: unnest: the column 's' is struct<a int64>, not a list; flatten: makes "
           "columns of "
           "its members\n");
    EXPECT(
        "unnest: { field: l, as: t }", "l:list<int64>|t:string\n[1]|a\n",
        "p.yaml:1:21: as: the column 't' is there already; choose another name, or drop the other "
        "column first\n");
    EXPECT(
        "unnest: { field: l, prefix: x_ }", "l:list<int64>\n[1]\n",
        "p.yaml:1:21: prefix: the items of 'l' are int64, not structs; remove it; as: names their "
        "column\n");
}

/* A record that has failed goes on as one row, with all its failures. */
static void failed_rows(void **state) {
    (void)state;
    weir_error err = {0};
    rig r;
    weir_batch *b = rig_batch("l:list<int64>|t:string\n[1,2]|a\n[3,4]|b\n[5]|c\n", RIG_PLAIN);
    weir_failures *f = NULL;
    assert_true(rig_bind(&r, weir_transform_find, "unnest: l", b->schema));
    MUST(weir_batch_failures(b, &f, &err));
    MUST(weir_failures_add(f, 1, "set", "x", "expression", &err, "earlier"));
    MUST(weir_failures_add(f, 1, "set", "y", "expression", &err, "later"));
    MUST(weir_failures_keep_raw(f, 1, weir_slice_of("raw"), &err));
    weir_pieces pieces = {.give = rig_piece, .context = &r};
    MUST(r.kind->expand(&r.op, r.local, &r.ctx, b, &pieces, &err));
    weir_batch_free(b);
    assert_string_equal(weir_buf_cstr(&r.text), "l:int64|t:string\n1|a\n2|a\nERR|b\n5|c\n"
                                                "2 x expression: earlier\n2 y expression: later\n");
    assert_int_equal(pieces.created, 1);
    rig_clear(&r);
}

/* ---- pieces and origins -------------------------------------------------------------------- */

typedef struct seen {
    uint64_t rows, pieces, sum;
    uint32_t most;
    int64_t last; /* items come in order */
} seen;

static weir_status count(void *context, weir_batch *piece, weir_error *err) {
    seen *s = context;
    weir_status status = weir_batch_validate(piece, err);
    s->pieces++;
    s->rows += piece->length;
    if (piece->length > s->most) s->most = piece->length;
    for (uint32_t i = 0; i < piece->length; i++) {
        int64_t v = ((const int64_t *)piece->columns[0]->values)[i];
        assert_int_equal(v, s->last + 1);
        s->last = v;
        assert_int_equal(piece->origin.levels, 1);
        assert_int_equal(weir_batch_record(piece, i), v / 50000);
        assert_int_equal(piece->origin.items[i], v % 50000 + 1);
    }
    weir_batch_free(piece);
    return status;
}

/* More rows than fit in a batch come in several. */
static void many_items(void **state) {
    (void)state;
    weir_error err = {0};
    rig r;
    weir_batch *b = rig_batch("l:list<int64>\nnull\nnull\nnull\n", RIG_PLAIN);
    weir_builder *builder = NULL;
    MUST(weir_builder_new(b->schema->fields[0].type, NULL, &builder, &err));
    for (int64_t i = 0; i < 150000; i++) {
        MUST(weir_builder_value(weir_builder_child(builder, 0), &i, &err));
        if (i % 50000 == 49999) MUST(weir_builder_close_row(builder, &err));
    }
    weir_column_release(b->columns[0]);
    MUST(weir_builder_finish(builder, &b->columns[0], &err));
    weir_builder_free(builder);
    assert_true(rig_bind(&r, weir_transform_find, "unnest: l", b->schema));
    seen s = {.last = -1};
    weir_pieces pieces = {.give = count, .context = &s};
    MUST(r.kind->expand(&r.op, r.local, &r.ctx, b, &pieces, &err));
    assert_int_equal(s.rows, 150000);
    assert_int_equal(pieces.created, 149997);
    assert_true(s.most <= WEIR_BATCH_MAX_ROWS && s.pieces > 1);
    weir_batch_free(b);
    rig_clear(&r);
}

/* Lists beside the one that is unnested are repeated: pieces stay small in bytes. */
static weir_status small(void *context, weir_batch *piece, weir_error *err) {
    (void)err;
    size_t bytes = weir_batch_bytes(piece);
    if (bytes > *(size_t *)context) *(size_t *)context = bytes;
    weir_batch_free(piece);
    return WEIR_OK;
}

static void repeated_lists(void **state) {
    (void)state;
    weir_error err = {0};
    rig r;
    weir_batch *b = rig_batch("l:list<int64>|m:list<int64>\nnull|null\n", RIG_PLAIN);
    for (int c = 0; c < 2; c++) {
        weir_builder *builder = NULL;
        MUST(weir_builder_new(b->schema->fields[0].type, NULL, &builder, &err));
        for (int64_t i = 0; i < 3000; i++)
            MUST(weir_builder_value(weir_builder_child(builder, 0), &i, &err));
        MUST(weir_builder_close_row(builder, &err));
        weir_column_release(b->columns[c]);
        MUST(weir_builder_finish(builder, &b->columns[c], &err));
        weir_builder_free(builder);
    }
    assert_true(rig_bind(&r, weir_transform_find, "unnest: l", b->schema));
    size_t most = 0;
    weir_pieces pieces = {.give = small, .context = &most};
    MUST(r.kind->expand(&r.op, r.local, &r.ctx, b, &pieces, &err));
    assert_int_equal(pieces.created, 2999);
    assert_true(most < (size_t)6 << 20); /* together they would be 72 MB */
    weir_batch_free(b);
    rig_clear(&r);
}

/* Of a record that comes again for one item, only that one is made. */
static void wanted_items(void **state) {
    (void)state;
    weir_error err = {0};
    rig r;
    weir_batch *b = rig_batch("l:list<int64>\n[1,2,3]\n[4,5]\n[6]\n", RIG_PLAIN);
    uint32_t wanted[3] = {2, 0, 4};
    b->origin.wanted_levels = 1;
    b->origin.wanted = wanted;
    assert_true(rig_bind(&r, weir_transform_find, "unnest: l", b->schema));
    weir_pieces pieces = {.give = rig_piece, .context = &r};
    MUST(r.kind->expand(&r.op, r.local, &r.ctx, b, &pieces, &err));
    assert_string_equal(weir_buf_cstr(&r.text),
                        "l:int64\n2\n4\n5\nERR\n"
                        "3 l item: the item that its address names is not there\n");
    assert_int_equal(pieces.created, 1);
    assert_int_equal(pieces.filtered, 0);
    weir_batch_free(b);
    rig_clear(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG_TEST(lists),      RIG_TEST(structs_and_maps), RIG_TEST(json_arrays),
        RIG_TEST(limits),     RIG_TEST(faults),           RIG_TEST(failed_rows),
        RIG_TEST(many_items), RIG_TEST(repeated_lists),   RIG_TEST(wanted_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
