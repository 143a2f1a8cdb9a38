/* Functions with regular expressions (PCRE2).  A constant pattern is compiled when the expression
 * is bound; a varying one when it differs from the row before. */
#include "expr/function.h"
#include "text/regex.h"

typedef struct regex_state {
    weir_regex *constant; /* owned by the program */
    unsigned flags;
    bool all;
    int64_t group;
} regex_state;

/* The pattern in use: the constant, or the one compiled last. */
typedef struct regex_use {
    const regex_state *state;
    weir_text_arg patterns;
    weir_regex *last;
    weir_buf last_text;
} regex_use;

static regex_use use_of(weir_call *call) {
    regex_use u = {.state = call->state, .patterns = weir_text_arg_of(call->args[1])};
    return u;
}

static void use_clear(regex_use *u) {
    weir_regex_free(u->last);
    weir_buf_clear(&u->last_text);
}

/* The regex for row; *out NULL: the record has failed. */
static weir_status use_at(regex_use *u, weir_call *call, weir_column *out_column, uint32_t row,
                          const weir_regex **out, weir_error *err) {
    *out = u->state->constant;
    if (*out) return WEIR_OK;
    weir_slice p = weir_text_at(&u->patterns, row);
    if (u->last && u->last_text.size == p.size &&
        (p.size == 0 || memcmp(u->last_text.data, p.data, p.size) == 0)) {
        *out = u->last;
        return WEIR_OK;
    }
    weir_regex_free(u->last);
    u->last = NULL;
    u->last_text.size = 0;
    if (!weir_buf_add(&u->last_text, p.data, p.size)) return weir_error_nomem(err);
    weir_error inner = {0};
    weir_status status = weir_regex_new(p.data, p.size, u->state->flags, &u->last, &inner);
    if (status == WEIR_USAGE)
        return weir_call_fail(call, out_column, row, err, "wrong pattern: %s", inner.message);
    if (status != WEIR_OK && err) *err = inner;
    *out = u->last;
    return status;
}

/* A match that did not come to an end. */
static weir_status no_answer(weir_call *call, weir_column *out, uint32_t row, weir_regex_result r,
                             weir_error *err) {
    if (r == WEIR_REGEX_LIMIT)
        return weir_call_fail(call, out, row, err, "the pattern is too costly for this text");
    return weir_error_nomem(err);
}

static weir_status fn_matches(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    regex_use u = use_of(call);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        const weir_regex *re = NULL;
        WEIR_TRY(use_at(&u, call, out, row, &re, err));
        if (!re) continue;
        weir_slice s = weir_text_at(&a, row);
        weir_regex_result r = weir_regex_match(re, s.data, s.size);
        if (r == WEIR_REGEX_MATCH)
            weir_bit_set((uint64_t *)out->values, row);
        else if (r != WEIR_REGEX_NOMATCH)
            WEIR_TRY(no_answer(call, out, row, r, err));
    }
out:
    use_clear(&u);
    return status;
}

static weir_status fn_count(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    regex_use u = use_of(call);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        const weir_regex *re = NULL;
        size_t n = 0;
        WEIR_TRY(use_at(&u, call, out, row, &re, err));
        if (!re) continue;
        weir_slice s = weir_text_at(&a, row);
        weir_regex_result r = weir_regex_count(re, s.data, s.size, &n);
        if (r == WEIR_REGEX_LIMIT || r == WEIR_REGEX_ERROR)
            WEIR_TRY(no_answer(call, out, row, r, err));
        else
            ((int64_t *)out->values)[row] = r == WEIR_REGEX_MATCH ? (int64_t)n : 0;
    }
out:
    use_clear(&u);
    return status;
}

static weir_status fn_replace(weir_call *call, weir_column *out, weir_error *err) {
    const regex_state *s = call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]), to = weir_text_arg_of(call->args[2]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_buf text = {.max = WEIR_TEXT_RESULT_MAX};
    regex_use u = use_of(call);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        const weir_regex *re = NULL;
        WEIR_TRY(use_at(&u, call, out, row, &re, err));
        if (!re) continue;
        weir_slice x = weir_text_at(&a, row);
        text.size = 0;
        weir_regex_result r =
            weir_regex_replace(re, x.data, x.size, weir_text_at(&to, row), s->all, &text);
        if (r == WEIR_REGEX_LIMIT || r == WEIR_REGEX_ERROR)
            WEIR_TRY(no_answer(call, out, row, r, err));
        else
            WEIR_TRY(weir_text_put(&t, row, text.data ? text.data : "", text.size, err));
    }
out:
    weir_buf_clear(&text);
    use_clear(&u);
    return status;
}

/* The group's text is a piece of the argument. */
static weir_status fn_extract(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    const regex_state *state = call->state;
    bool given = call->n_args > 2;
    const int64_t *group = given ? call->args[2]->values : &state->group;
    uint32_t mask = given && call->args[2]->encoding == WEIR_PLAIN ? UINT32_MAX : 0, first = 0;
    regex_use u = use_of(call);
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_text_share(call, out, 0, &first, err));
    WEIR_EACH_ROW(row) {
        const weir_regex *re = NULL;
        WEIR_TRY(use_at(&u, call, out, row, &re, err));
        if (!re) continue;
        const weir_view *v = weir_text_view(&a, row);
        weir_slice s = weir_view_slice(a.base, v), part = {NULL, 0};
        int64_t g = group[row & mask];
        if (g < 0 || g > (int64_t)weir_regex_groups(re)) {
            WEIR_TRY(
                weir_call_fail(call, out, row, err, "the pattern has no group %lld", (long long)g));
            continue;
        }
        weir_regex_result r = weir_regex_extract(re, s.data, s.size, (uint32_t)g, &part);
        if (r == WEIR_REGEX_LIMIT || r == WEIR_REGEX_ERROR) {
            WEIR_TRY(no_answer(call, out, row, r, err));
        } else if (r == WEIR_REGEX_NOMATCH || !part.data) {
            WEIR_TRY(weir_call_null(call, out, row, err));
        } else {
            ((weir_view *)out->values)[row] = weir_text_piece(v, s, part, first);
        }
    }
out:
    use_clear(&u);
    return status;
}

/* ---- binding -----------------------------------------------------------------------------------
 */

static void free_regex(void *re) {
    weir_regex_free(re);
}

/* Letters of a flags argument, which must be constant. */
static weir_status read_flags(weir_prepare *p, uint32_t i, regex_state *s, weir_error *err) {
    weir_slice text;
    if (p->n_args <= i) return WEIR_OK;
    if (!weir_bound_text(p->args[i], &text))
        return weir_expr_fault(err, p->args[i]->at->begin, "the flags must be a constant text");
    for (size_t k = 0; k < text.size; k++) {
        switch (text.data[k]) {
        case 'i': s->flags |= WEIR_REGEX_CASELESS; break;
        case 'm': s->flags |= WEIR_REGEX_MULTILINE; break;
        case 's': s->flags |= WEIR_REGEX_DOTALL; break;
        case 'g': s->all = true; break;
        case 'c': break;
        default:
            weir_expr_fault(err, p->args[i]->at->begin, "there is no flag %c", text.data[k]);
            weir_error_hint(err,
                            "i: any case, m: ^ and $ at line ends, s: . matches line ends, g: all");
            return WEIR_USAGE;
        }
    }
    p->n_args = i; /* the kernel does not see it */
    return WEIR_OK;
}

static weir_status prepare_regex(weir_prepare *p, regex_state *s, weir_error *err) {
    weir_slice text;
    p->state = s;
    if (!weir_bound_text(p->args[1], &text)) {
        p->kernel_flags |= WEIR_K_CAN_FAIL;
        return WEIR_OK;
    }
    weir_error inner = {0};
    weir_status status = weir_regex_new(text.data, text.size, s->flags, &s->constant, &inner);
    if (status == WEIR_USAGE) {
        weir_expr_fault(err, p->args[1]->at->begin, "wrong pattern: %s", inner.message);
        if (inner.column > 0)
            weir_error_hint(err, "at byte %lld of the pattern", (long long)inner.column);
        return WEIR_USAGE;
    }
    if (status != WEIR_OK) {
        if (err) *err = inner;
        return status;
    }
    return weir_bind_own(p->binder, s->constant, free_regex, err);
}

static weir_status prepare_at(weir_prepare *p, uint32_t flags_at, unsigned flags, weir_error *err) {
    regex_state *s = weir_arena_zero(p->binder->arena, 1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    s->flags = flags;
    weir_status status = read_flags(p, flags_at, s, err);
    return status == WEIR_OK ? prepare_regex(p, s, err) : status;
}
static weir_status prepare_two(weir_prepare *p, weir_error *err) {
    return prepare_at(p, 2, 0, err);
}
static weir_status prepare_icase(weir_prepare *p, weir_error *err) {
    return prepare_at(p, 2, WEIR_REGEX_CASELESS, err);
}
static weir_status prepare_three(weir_prepare *p, weir_error *err) {
    return prepare_at(p, 3, 0, err);
}

/* A constant group is checked at once. */
static weir_status prepare_extract(weir_prepare *p, weir_error *err) {
    weir_status status = prepare_at(p, 3, 0, err);
    if (status != WEIR_OK) return status;
    regex_state *s = (regex_state *)(uintptr_t)p->state;
    int64_t group;
    if (p->n_args < 3 || !s->constant || !weir_bound_int(p->args[2], &group)) return WEIR_OK;
    if (group < 0 || group > (int64_t)weir_regex_groups(s->constant))
        return weir_expr_fault(err, p->args[2]->at->begin, "the pattern has no group %lld",
                               (long long)group);
    return WEIR_OK;
}

const weir_function weir_functions_regex[] = {
    {{"regexp_matches", "regexp_like",
      "regexp_matches(string, pattern string [, flags string]) -> bool", "regex", 0,
      "whether the pattern occurs in it; x ~ p, x ~* p (any case), x !~ p",
      "regexp_matches('A-17', '^[A-Z]-[0-9]+$')", "true", "RE2 syntax"},
     {{"sss?", 'B', WEIR_K_CAN_FAIL, fn_matches, prepare_two}}},
    {{"regexp_imatch_op", "", "", "regex", 0, NULL, "", "", ""},
     {{"ss", 'B', WEIR_K_CAN_FAIL, fn_matches, prepare_icase}}},
    {{"regexp_replace", "",
      "regexp_replace(string, pattern string, new string [, flags string]) -> string", "regex", 0,
      "the first match (with flag g: all) replaced; \\1 to \\9 are the groups, \\& the match",
      "regexp_replace('2024-01-02', '([0-9]+)-([0-9]+)', '\\2/\\1')", "01/2024-02", "RE2 syntax"},
     {{"ssss?", 's', WEIR_K_CAN_FAIL, fn_replace, prepare_three}}},
    {{"regexp_extract", "regexp_substr",
      "regexp_extract(string, pattern string [, group int64 [, flags string]]) -> string", "regex",
      0, "the first match or one of its groups; null when there is none",
      "regexp_extract('order 17', '([0-9]+)', 1)", "17", "empty text when there is none"},
     {{"ssi?s?", 's', WEIR_K_CAN_FAIL, fn_extract, prepare_extract}}},
    {{"regexp_count", "", "regexp_count(string, pattern string [, flags string]) -> int64", "regex",
      0, "number of matches that do not overlap", "regexp_count('a1b22', '[0-9]+')", "2",
      "does not exist"},
     {{"sss?", 'i', WEIR_K_CAN_FAIL, fn_count, prepare_two}}},
    {.info = {.name = NULL}}};
