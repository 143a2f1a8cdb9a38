/* The checks themselves: which rows are bad.  Over the values of a column, or once per dictionary
 * value.
 */
#include "text/utf8.h"
#include "validate/check.h"

/* ---- over a PLAIN column ------------------------------------------------------------------- */

/* Sets *BAD for each row that is alive and not null. */
#define EACH_VALUE(BAD)                                                                            \
    do {                                                                                           \
        const uint64_t *valid = c->validity;                                                       \
        for (uint32_t i_ = 0; i_ < rows.n; i_++) {                                                 \
            uint32_t row = weir_rows_at(&rows, i_);                                                \
            if (valid && !weir_bit_get(valid, row)) continue;                                      \
            if (BAD) weir_bit_set(bad, row);                                                       \
        }                                                                                          \
    } while (0)

static size_t length_of(const weir_column *c, uint32_t row) {
    if (!weir_type_is_view(c->type)) {
        const int32_t *offsets = c->values;
        return (size_t)(offsets[row + 1] - offsets[row]);
    }
    weir_slice s = weir_view_slice(c, (const weir_view *)c->values + row);
    return c->type->id == WEIR_BINARY ? s.size : weir_utf8_count(s.data, s.size);
}

/* Counting characters is only needed where the bytes do not decide: a character has 1 to 4. */
static bool length_is_bad(const check *k, const weir_column *c, uint32_t row) {
    uint64_t want = (uint64_t)k->length;
    if (weir_type_is_view(c->type) && c->type->id != WEIR_BINARY) {
        uint64_t bytes = ((const weir_view *)c->values)[row].in.size;
        if (k->kind == CHECK_MAX_LENGTH && bytes <= want) return false;
        if (k->kind == CHECK_MIN_LENGTH && bytes / 4 >= want) return false;
        if (bytes < want) return k->kind != CHECK_MAX_LENGTH;
    }
    uint64_t n = length_of(c, row);
    return k->kind == CHECK_LENGTH ? n != want : k->kind == CHECK_MIN_LENGTH ? n < want : n > want;
}

static weir_status check_pattern(const check *k, const weir_column *c, weir_rows rows,
                                 uint64_t *bad, weir_error *err) {
    const weir_view *views = c->values;
    bool broken = false;
    EACH_VALUE(({
        weir_slice s = weir_view_slice(c, views + row);
        weir_regex_result r = weir_regex_match(k->regex, s.data, s.size);
        broken |= r == WEIR_REGEX_ERROR;
        r != WEIR_REGEX_MATCH;
    }));
    return broken ? weir_error_nomem(err) : WEIR_OK;
}

/* Empty texts.  The caller looks at null rows again, so that theirs may be wrong here. */
static void find_empty(const weir_column *c, weir_rows rows, uint64_t *bad) {
    const weir_view *views = c->values;
    if (rows.sel) {
        EACH_VALUE(views[row].in.size == 0);
        return;
    }
    for (uint32_t row = 0; row < rows.n; row++)
        bad[row >> 6] |= (uint64_t)(views[row].in.size == 0) << (row & 63);
}

/* Rows of a PLAIN column that are bad (bits of dead rows mean nothing); bad is cleared by the
 * caller. */
static weir_status check_plain(const check *k, const weir_column *c, weir_rows rows, uint64_t *bad,
                               weir_error *err) {
    switch (k->kind) {
    case CHECK_LENGTH:
    case CHECK_MIN_LENGTH:
    case CHECK_MAX_LENGTH: EACH_VALUE(length_is_bad(k, c, row)); return WEIR_OK;
    case CHECK_REQUIRED: find_empty(c, rows, bad); return WEIR_OK;
    case CHECK_PATTERN: return check_pattern(k, c, rows, bad, err);
    case CHECK_NOT_IN: return weir_value_set_find(k->set, c, rows, bad, err);
    case CHECK_IN: {
        weir_status status = weir_value_set_find(k->set, c, rows, bad, err);
        if (rows.sel) { /* dead rows keep a clear bit: a word without bits is looked at no more */
            EACH_VALUE((bad[row >> 6] ^= 1ull << (row & 63), false));
            return status;
        }
        for (size_t w = 0; w < weir_bit_words(rows.length); w++)
            bad[w] = c->validity ? ~bad[w] & c->validity[w] : ~bad[w];
        return status;
    }
    default: return weir_error_set(err, WEIR_INTERNAL, "rule %s has no values", k->rule);
    }
}

/* ---- encodings ----------------------------------------------------------------------------- */

static weir_status check_constant(check_run *run, const weir_column *c, weir_error *err) {
    weir_column *one = NULL;
    uint16_t first = 0;
    weir_rows rows = {&first, 1, c->length};
    uint64_t bad = 0;
    if (weir_column_is_null(c, 0) || !run->rows.n) return WEIR_OK;
    weir_status status = weir_take(c, rows, run->ctx, &one, err);
    weir_column *plain = NULL;
    if (status == WEIR_OK) status = weir_decode_plain(one, run->ctx, &plain, err);
    if (status == WEIR_OK) status = check_plain(run->c, plain, (weir_rows){NULL, 1, 1}, &bad, err);
    if (status == WEIR_OK && (bad & 1))
        memset(run->bad, 0xFF, weir_bit_words(run->rows.length) * 8);
    weir_column_release(one);
    weir_column_release(plain);
    return status;
}

/* Once per value; most batches end with "no value is bad" and never look at the rows. */
static weir_status check_dictionary(check_run *run, const weir_column *c, weir_error *err) {
    uint32_t n = c->dictionary->length;
    size_t words = weir_bit_words(n);
    uint64_t any = 0, *bad = weir_alloc_zero(words + 1, sizeof *bad);
    if (!bad) return weir_error_nomem(err);
    weir_status status = check_plain(run->c, c->dictionary, (weir_rows){NULL, n, n}, bad, err);
    if (n % 64) bad[n / 64] &= (1ull << n % 64) - 1;
    for (size_t w = 0; w < words; w++) any |= bad[w];
    for (uint32_t k = 0; status == WEIR_OK && any && k < run->rows.n; k++) {
        uint32_t row = weir_rows_at(&run->rows, k);
        if (!weir_column_is_null(c, row) && weir_bit_get(bad, (uint32_t)c->indices[row]))
            weir_bit_set(run->bad, row);
    }
    weir_free(bad);
    return status;
}

static weir_status check_values(check_run *run, const weir_column *c, weir_error *err) {
    weir_column *plain = NULL;
    if (c->encoding == WEIR_CONSTANT) return check_constant(run, c, err);
    if (c->encoding == WEIR_DICTIONARY && c->dictionary->length <= (size_t)run->rows.n * 2 + 16)
        return check_dictionary(run, c, err);
    weir_status status = weir_decode_plain(c, run->ctx, &plain, err);
    if (status == WEIR_OK) status = check_plain(run->c, plain, run->rows, run->bad, err);
    weir_column_release(plain);
    return status;
}

/* ---- the other kinds ----------------------------------------------------------------------- */

/* Missing: null, but not because of an earlier fault; or the empty text. */
static weir_status check_required(check_run *run, const weir_column *c, weir_error *err) {
    weir_status status = WEIR_OK;
    if (weir_type_is_view(c->type)) status = check_values(run, c, err);
    if (status != WEIR_OK || (!c->validity && c->type->id != WEIR_NULL)) return status;
    for (uint32_t k = 0; k < run->rows.n; k++) {
        uint32_t row = weir_rows_at(&run->rows, k);
        if (!weir_column_is_null(c, row)) continue;
        if (weir_column_is_poisoned(c, row))
            weir_bit_clear(run->bad, row);
        else
            weir_bit_set(run->bad, row);
    }
    return WEIR_OK;
}

/* bad = what a BOOL column says: true when `when`, never null. */
static void take_bits(check_run *run, const weir_column *p, bool when) {
    if (p->encoding == WEIR_PLAIN && p->type->id == WEIR_BOOL) {
        const uint64_t *values = p->values;
        for (size_t w = 0; w < weir_bit_words(run->rows.length); w++) {
            uint64_t bits = when ? values[w] : ~values[w];
            run->bad[w] = p->validity ? bits & p->validity[w] : bits;
        }
        return;
    }
    const weir_column *base = weir_column_base(p);
    for (uint32_t k = 0; k < run->rows.n; k++) {
        uint32_t row = weir_rows_at(&run->rows, k);
        if (!weir_column_is_null(p, row) && p->type->id == WEIR_BOOL &&
            weir_bit_get(base->values, weir_column_slot(p, row)) == when)
            weir_bit_set(run->bad, row);
    }
}

static weir_status check_bound(check_run *run, const weir_column *c, weir_error *err) {
    weir_column *outside = NULL;
    weir_compare_op op = run->c->kind == CHECK_MIN ? WEIR_LT : WEIR_GT;
    weir_status status = weir_compare(op, c, run->c->bound, run->rows, run->ctx, &outside, err);
    if (status == WEIR_OK) take_bits(run, outside, true);
    weir_column_release(outside);
    return status;
}

static weir_status check_expr(check_run *run, weir_error *err) {
    weir_column *p = NULL;
    const check *k = run->c;
    weir_blame blame = {.stage = "validate", .field = k->name, .rule = k->rule};
    weir_status status = WEIR_OK;
    if (weir_program_can_fail(k->program))
        status = weir_batch_failures(run->batch, &blame.failures, err);
    if (status == WEIR_OK)
        status = weir_program_eval(k->program, run->local, run->ctx, run->batch, run->rows, &blame,
                                   &p, err);
    if (status == WEIR_OK) take_bits(run, p, false);
    weir_column_release(p);
    return status;
}

/* The cast is tried; its failures are kept for their sentences. */
static weir_status check_type(check_run *run, const weir_column *c, weir_error *err) {
    weir_column *cast = NULL;
    weir_status status = weir_failures_new(run->rows.length, &run->found, err);
    if (status != WEIR_OK) return status;
    weir_blame blame = {
        .failures = run->found, .stage = "validate", .field = run->c->name, .rule = run->c->rule};
    status = weir_cast(c, run->c->type, run->rows, NULL, &blame, run->ctx, &cast, err);
    if (status == WEIR_OK && run->found->n)
        memcpy(run->bad, run->found->bad, weir_bit_words(run->rows.length) * 8);
    weir_column_release(cast);
    return status;
}

weir_status weir_check_run(check_run *run, weir_error *err) {
    const check *k = run->c;
    const weir_column *c = k->field >= 0 ? run->batch->columns[k->field] : NULL;
    weir_status status;
    memset(run->bad, 0, weir_bit_words(run->rows.length) * 8);
    switch (k->kind) {
    case CHECK_EXPR: status = check_expr(run, err); break;
    case CHECK_TYPE: status = check_type(run, c, err); break;
    case CHECK_REQUIRED: status = check_required(run, c, err); break;
    case CHECK_MIN:
    case CHECK_MAX: status = check_bound(run, c, err); break;
    default: status = check_values(run, c, err); break;
    }
    if (status != WEIR_OK) return status;
    /* The common answer is that no bit is set; dead rows may have any. */
    uint64_t any = 0;
    uint32_t n = run->rows.length;
    for (size_t w = 0; w < n / 64; w++) any |= run->bad[w];
    if (n % 64) any |= run->bad[n / 64] &= (1ull << n % 64) - 1;
    run->any = any != 0;
    return WEIR_OK;
}
