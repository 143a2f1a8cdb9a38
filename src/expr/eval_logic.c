/* Nodes that evaluate their operands under selection: and, or, not, is, case, coalesce, try. */
#include "expr/bound.h"

/* A condition as words of bits, one a row of the batch; in scratch or in a column. */
typedef struct truth {
    const uint64_t *value, *valid, *poison; /* valid, poison may be NULL: all, none */
    weir_column *held;
} truth;

static void truth_clear(truth *t) {
    weir_column_release(t->held);
    t->held = NULL;
}

/* Takes over c. */
static weir_status truth_of(weir_eval *e, weir_column *c, uint32_t length, truth *out,
                            weir_error *err) {
    size_t words = weir_bit_words(length);
    *out = (truth){.held = c};
    if (c->encoding == WEIR_DICTIONARY) {
        weir_column *plain = NULL;
        weir_status status = weir_decode_plain(c, e->ctx, &plain, err);
        if (status != WEIR_OK) return status;
        weir_column_release(c);
        out->held = c = plain;
    }
    if (c->encoding == WEIR_PLAIN) {
        out->value = c->values;
        out->valid = c->validity;
        out->poison = c->poison;
        return WEIR_OK;
    }
    uint64_t *bits = weir_arena_alloc(e->scratch, (words + 1) * 2 * sizeof *bits);
    if (!bits) return weir_error_nomem(err);
    bool null = weir_column_is_null(c, 0);
    memset(bits, !null && weir_bool_at(c, 0) ? 0xFF : 0, words * 8);
    out->value = bits;
    if (null) {
        memset(bits + words, 0, words * 8);
        out->valid = bits + words;
        if (weir_column_is_poisoned(c, 0)) {
            uint64_t *all = weir_arena_alloc(e->scratch, (words + 1) * sizeof *all);
            if (!all) return weir_error_nomem(err);
            memset(all, 0xFF, words * 8);
            out->poison = all;
        }
    }
    return WEIR_OK;
}

static weir_status eval_truth(weir_eval *e, const weir_bound *b, weir_rows rows, truth *out,
                              weir_error *err) {
    weir_column *c = NULL;
    *out = (truth){0};
    weir_status status = weir_eval_node(e, b, rows, &c, err);
    return status == WEIR_OK ? truth_of(e, c, rows.length, out, err) : status;
}

/* A PLAIN BOOL column from words; validity and poison are left out when they say nothing. */
static weir_status column_of_bits(weir_eval *e, uint32_t length, const uint64_t *value,
                                  const uint64_t *valid, const uint64_t *poison, weir_column **out,
                                  weir_error *err) {
    weir_status status = WEIR_OK;
    weir_column *c = NULL;
    size_t words = weir_bit_words(length);
    uint64_t some_null = 0, some_poison = 0;
    for (size_t i = 0; i < words; i++) {
        some_null |= ~valid[i];
        some_poison |= poison[i];
    }
    WEIR_TRY(weir_column_new(weir_type_of(WEIR_BOOL), length, e->ctx->ledger, &c, err));
    memcpy(c->values, value, words * 8);
    if (some_null) {
        WEIR_TRY(weir_column_need_validity(c, e->ctx->ledger, err));
        memcpy(c->validity, valid, words * 8);
    }
    if (some_poison) {
        WEIR_TRY(weir_column_need_poison(c, e->ctx->ledger, err));
        memcpy(c->poison, poison, words * 8);
    }
    *out = c;
    c = NULL;
out:
    weir_column_release(c);
    return status;
}

/* ---- and, or ------------------------------------------------------------------------------- */

/* One operand into the running result.  `or` is `and` with all values turned round. */
static void join_operand(const truth *t, uint64_t turn, size_t words, uint64_t *yes, uint64_t *no,
                         uint64_t *poison) {
    for (size_t i = 0; i < words; i++) {
        uint64_t open = ~no[i] & ~poison[i], value = t->value[i] ^ turn;
        uint64_t valid = t->valid ? t->valid[i] : UINT64_MAX;
        uint64_t bad = t->poison ? t->poison[i] : 0;
        yes[i] &= (valid & value) | ~open;
        no[i] |= valid & ~value & open & ~bad;
        poison[i] |= bad & open;
    }
}

static weir_status eval_junction(weir_eval *e, const weir_bound *b, weir_rows rows,
                                 weir_column **out, weir_error *err) {
    weir_status status = WEIR_OK;
    size_t words = weir_bit_words(rows.length);
    uint64_t turn = b->kind == WEIR_B_OR ? UINT64_MAX : 0;
    uint64_t *yes = weir_arena_alloc(e->scratch, (words + 1) * 4 * sizeof *yes);
    truth t = {0};
    if (!yes) return weir_error_nomem(err);
    uint64_t *no = yes + words, *poison = no + words, *open = poison + words;
    memset(yes, 0xFF, words * 8);
    memset(no, 0, words * 2 * 8);
    for (uint32_t i = 0; i < b->n; i++) {
        weir_rows part = rows;
        if (i > 0) {
            for (size_t w = 0; w < words; w++) open[w] = ~no[w] & ~poison[w];
            WEIR_TRY(weir_rows_where(e, rows, open, false, &part, err));
            if (part.n == 0) break;
            /* A loop over all rows is cheaper than one over most of them by number. */
            if (!b->args[i]->can_fail && part.n >= rows.n / 4) part = rows;
        }
        WEIR_TRY(eval_truth(e, b->args[i], part, &t, err));
        join_operand(&t, turn, words, yes, no, poison);
        truth_clear(&t);
    }
    for (size_t w = 0; w < words; w++) {
        yes[w] &= ~no[w] & ~poison[w];
        open[w] = yes[w] | no[w];
        yes[w] ^= turn & open[w];
    }
    WEIR_TRY(column_of_bits(e, rows.length, yes, open, poison, out, err));
out:
    truth_clear(&t);
    return status;
}

static weir_status eval_not(weir_eval *e, const weir_bound *b, weir_rows rows, weir_column **out,
                            weir_error *err) {
    weir_status status = WEIR_OK;
    size_t words = weir_bit_words(rows.length);
    truth t = {0};
    uint64_t *bits = weir_arena_alloc(e->scratch, (words + 1) * 3 * sizeof *bits);
    if (!bits) return weir_error_nomem(err);
    WEIR_TRY(eval_truth(e, b->args[0], rows, &t, err));
    for (size_t w = 0; w < words; w++) {
        bits[w] = ~t.value[w];
        bits[words + w] = t.valid ? t.valid[w] : UINT64_MAX;
        bits[2 * words + w] = t.poison ? t.poison[w] : 0;
    }
    WEIR_TRY(column_of_bits(e, rows.length, bits, bits + words, bits + 2 * words, out, err));
out:
    truth_clear(&t);
    return status;
}

/* x is [not] null, true, false: never null, but poisoned where x is. */
static weir_status eval_is(weir_eval *e, const weir_bound *b, weir_rows rows, weir_column **out,
                           weir_error *err) {
    weir_status status = WEIR_OK;
    size_t words = weir_bit_words(rows.length);
    uint64_t turn = b->negated ? UINT64_MAX : 0;
    weir_column *c = NULL;
    truth t = {0};
    uint64_t *bits = weir_arena_alloc(e->scratch, (words + 1) * 3 * sizeof *bits);
    if (!bits) return weir_error_nomem(err);
    uint64_t *valid = bits + words, *poison = valid + words;
    WEIR_TRY(weir_eval_node(e, b->args[0], rows, &c, err));
    bool constant = c->encoding == WEIR_CONSTANT || c->type->id == WEIR_NULL;
    if (b->op == WEIR_IS_NULL) {
        bool null = weir_column_is_null(c, 0), bad = constant && weir_column_is_poisoned(c, 0);
        for (size_t w = 0; w < words; w++) {
            uint64_t nulls = constant ? (null ? UINT64_MAX : 0) : c->validity ? ~c->validity[w] : 0;
            bits[w] = nulls ^ turn;
            poison[w] = constant ? (bad ? UINT64_MAX : 0) : c->poison ? c->poison[w] : 0;
        }
    } else {
        weir_column *given = c;
        c = NULL;
        WEIR_TRY(truth_of(e, given, rows.length, &t, err));
        for (size_t w = 0; w < words; w++) {
            uint64_t ok = t.valid ? t.valid[w] : UINT64_MAX;
            uint64_t value = b->op == WEIR_IS_TRUE ? t.value[w] : ~t.value[w];
            bits[w] = (ok & value) ^ turn;
            poison[w] = t.poison ? t.poison[w] : 0;
        }
    }
    for (size_t w = 0; w < words; w++) valid[w] = ~poison[w];
    WEIR_TRY(column_of_bits(e, rows.length, bits, valid, poison, out, err));
out:
    weir_column_release(c);
    truth_clear(&t);
    return status;
}

/* ---- case, coalesce, try --------------------------------------------------------------------- */

/* Splits rest by a condition: taken (true), poisoned, and what stays. */
static weir_status split(weir_eval *e, const truth *t, weir_rows *rest, weir_rows *taken,
                         weir_rows *poisoned, weir_error *err) {
    weir_status status = WEIR_OK;
    size_t words = weir_bit_words(rest->length);
    uint64_t *bits = weir_arena_alloc(e->scratch, (words + 1) * 2 * sizeof *bits);
    if (!bits) return weir_error_nomem(err);
    uint64_t *done = bits + words;
    for (size_t w = 0; w < words; w++) {
        uint64_t valid = t->valid ? t->valid[w] : UINT64_MAX;
        bits[w] = t->value[w] & valid;
        done[w] = bits[w] | (t->poison ? t->poison[w] : 0);
    }
    *poisoned = (weir_rows){NULL, 0, rest->length};
    if (t->poison) WEIR_TRY(weir_rows_where(e, *rest, t->poison, false, poisoned, err));
    WEIR_TRY(weir_rows_where(e, *rest, bits, false, taken, err));
    WEIR_TRY(weir_rows_where(e, *rest, done, true, rest, err));
out:
    return status;
}

static weir_status merge_branch(weir_eval *e, const weir_bound *b, weir_rows rows, weir_merge *m,
                                weir_error *err) {
    if (rows.n == 0) return WEIR_OK;
    weir_column *c = NULL;
    weir_status status = weir_eval_node(e, b, rows, &c, err);
    if (status == WEIR_OK) status = weir_merge_add(m, c, rows, err);
    weir_column_release(c);
    return status;
}

static weir_status eval_case(weir_eval *e, const weir_bound *b, weir_rows rows, weir_column **out,
                             weir_error *err) {
    weir_status status = WEIR_OK;
    weir_rows rest = rows, taken, poisoned;
    weir_merge m = {0};
    truth t = {0};
    WEIR_TRY(weir_merge_begin(e, b->type, rows.length, &m, err));
    for (uint32_t i = 0; i + 1 < b->n && rest.n > 0; i += 2) {
        WEIR_TRY(eval_truth(e, b->args[i], rest, &t, err));
        const uint64_t *poison = t.poison;
        WEIR_TRY(split(e, &t, &rest, &taken, &poisoned, err));
        WEIR_TRY(weir_merge_null(&m, poisoned, poison, err));
        truth_clear(&t);
        WEIR_TRY(merge_branch(e, b->args[i + 1], taken, &m, err));
    }
    WEIR_TRY(merge_branch(e, b->args[b->n - 1], rest, &m, err));
    WEIR_TRY(weir_merge_end(&m, out, err));
out:
    truth_clear(&t);
    weir_merge_clear(&m);
    return status;
}

/* Rows of c that are null without an error: these go on to the next operand. */
static weir_status still_null(weir_eval *e, const weir_column *c, weir_rows rows, weir_rows *out,
                              weir_error *err) {
    *out = rows;
    if (c->encoding == WEIR_CONSTANT || c->type->id == WEIR_NULL) {
        if (!weir_column_is_null(c, 0) || weir_column_is_poisoned(c, 0)) out->n = 0;
        return WEIR_OK;
    }
    if (!c->validity) {
        out->n = 0;
        return WEIR_OK;
    }
    weir_status status = weir_rows_where(e, rows, c->validity, true, out, err);
    if (status == WEIR_OK && c->poison)
        status = weir_rows_where(e, *out, c->poison, true, out, err);
    return status;
}

static weir_status eval_coalesce(weir_eval *e, const weir_bound *b, weir_rows rows,
                                 weir_column **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_rows rest = rows;
    weir_merge m = {0};
    weir_column *c = NULL;
    bool begun = false;
    for (uint32_t i = 0; i < b->n && (rest.n > 0 || !begun); i++) {
        weir_rows next;
        WEIR_TRY(weir_eval_node(e, b->args[i], rest, &c, err));
        WEIR_TRY(still_null(e, c, rest, &next, err));
        if (!begun && next.n == 0) { /* the first has it all */
            *out = c;
            c = NULL;
            goto out;
        }
        if (!begun) WEIR_TRY(weir_merge_begin(e, b->type, rows.length, &m, err));
        begun = true;
        /* The null rows are written too; a later operand replaces them, so they are left out. */
        if (next.n < rest.n || i + 1 == b->n) {
            weir_rows have = rest;
            if (next.n > 0 && i + 1 < b->n) {
                WEIR_TRY(weir_rows_where(e, rest, c->validity, false, &have, err));
                if (c->poison) {
                    weir_rows bad;
                    WEIR_TRY(weir_rows_where(e, rest, c->poison, false, &bad, err));
                    WEIR_TRY(weir_merge_null(&m, bad, c->poison, err));
                }
            }
            WEIR_TRY(weir_merge_add(&m, c, have, err));
        }
        weir_column_release(c);
        c = NULL;
        rest = next;
    }
    WEIR_TRY(weir_merge_end(&m, out, err));
out:
    weir_column_release(c);
    weir_merge_clear(&m);
    return status;
}

weir_status weir_eval_logic(weir_eval *e, const weir_bound *b, weir_rows rows, weir_column **out,
                            weir_error *err) {
    switch (b->kind) {
    case WEIR_B_AND:
    case WEIR_B_OR: return eval_junction(e, b, rows, out, err);
    case WEIR_B_NOT: return eval_not(e, b, rows, out, err);
    case WEIR_B_IS: return eval_is(e, b, rows, out, err);
    case WEIR_B_CASE: return eval_case(e, b, rows, out, err);
    case WEIR_B_COALESCE: return eval_coalesce(e, b, rows, out, err);
    case WEIR_B_TRY: {
        weir_blame quiet = *e->blame;
        const weir_blame *loud = e->blame;
        quiet.failures = NULL;
        e->blame = &quiet;
        weir_status status = weir_eval_node(e, b->args[0], rows, out, err);
        e->blame = loud;
        return status;
    }
    default: return weir_error_set(err, WEIR_INTERNAL, "bound node %d", b->kind);
    }
}
