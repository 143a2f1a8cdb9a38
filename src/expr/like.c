/* like and ilike.  Most patterns are a plain text with % at one or both ends; the rest is matched
 * character by character. */
#include "expr/bind.h"
#include "expr/text_fast.h"
#include "text/utf8.h"

enum { ANY_TEXT = 0x110000, ANY_ONE }; /* above all code points */

typedef enum like_kind {
    LIKE_EQUAL,
    LIKE_PREFIX,
    LIKE_SUFFIX,
    LIKE_CONTAINS,
    LIKE_GENERAL
} like_kind;

typedef struct like_pattern {
    like_kind kind;
    weir_slice text;       /* the plain part */
    const uint32_t *codes; /* GENERAL */
    uint32_t n;
} like_pattern;

typedef struct like_state {
    bool icase, constant;
    like_pattern pattern; /* constant */
} like_state;

/* Compiles a pattern.  escape: code point, 0 = none.  NULL *why on success; *why NULL and false: no
 * memory. */
static bool compile(weir_slice p, uint32_t escape, bool icase, weir_arena *arena, like_pattern *out,
                    const char **why) {
    *why = NULL;
    uint32_t *codes = weir_arena_alloc(arena, (p.size + 1) * sizeof *codes);
    char *text = weir_arena_alloc(arena, p.size * 2 + 8);
    if (!codes || !text) return false;
    uint32_t n = 0, any = 0, one = 0;
    size_t size = 0;
    for (size_t i = 0; i < p.size;) {
        uint32_t c;
        size_t step = weir_utf8_decode(p.data + i, p.size - i, &c);
        if (!step) step = 1, c = (unsigned char)p.data[i];
        i += step;
        if (escape && c == escape) {
            if (i >= p.size) {
                *why = "the pattern ends with its escape character";
                return false;
            }
            step = weir_utf8_decode(p.data + i, p.size - i, &c);
            if (!step) step = 1, c = (unsigned char)p.data[i];
            i += step;
        } else if (c == '%') {
            if (n && codes[n - 1] == ANY_TEXT) continue;
            codes[n++] = ANY_TEXT;
            any++;
            continue;
        } else if (c == '_') {
            codes[n++] = ANY_ONE;
            one++;
            continue;
        }
        if (icase) c = weir_utf8_lower(c);
        codes[n++] = c;
        size += weir_utf8_encode(c, text + size);
    }
    bool first = n && codes[0] == ANY_TEXT, last = n && codes[n - 1] == ANY_TEXT;
    out->codes = codes;
    out->n = n;
    out->text = (weir_slice){text, size};
    out->kind = LIKE_GENERAL;
    if (one == 0 && any == 0) out->kind = LIKE_EQUAL;
    if (one == 0 && any == 1 && last) out->kind = LIKE_PREFIX;
    if (one == 0 && any == 1 && first) out->kind = LIKE_SUFFIX;
    if (one == 0 && any == 2 && first && last) out->kind = LIKE_CONTAINS;
    if (one == 0 && n == 1 && any == 1) out->kind = LIKE_CONTAINS;
    return true;
}

/* Matches by going back to the last % only: that is enough, since a later % can take over whatever
 * an earlier one could. */
static bool match_codes(const like_pattern *p, weir_slice s, bool icase) {
    uint32_t k = 0, back_k = UINT32_MAX;
    size_t i = 0, back_i = 0;
    for (;;) {
        if (k < p->n && p->codes[k] == ANY_TEXT) {
            back_k = ++k;
            back_i = i;
            if (k == p->n) return true;
            continue;
        }
        if (i >= s.size) return k == p->n;
        uint32_t c;
        size_t step = weir_utf8_decode(s.data + i, s.size - i, &c);
        if (!step) step = 1, c = (unsigned char)s.data[i];
        if (k < p->n &&
            (p->codes[k] == ANY_ONE || p->codes[k] == (icase ? weir_utf8_lower(c) : c))) {
            k++;
            i += step;
            continue;
        }
        if (back_k == UINT32_MAX) return false;
        uint32_t skipped;
        step = weir_utf8_decode(s.data + back_i, s.size - back_i, &skipped);
        back_i += step ? step : 1;
        i = back_i;
        k = back_k;
        if (i > s.size) return false;
    }
}

static bool match(const like_pattern *p, weir_slice s) {
    weir_slice t = p->text;
    switch (p->kind) {
    case LIKE_EQUAL: return s.size == t.size && memcmp(s.data, t.data, t.size) == 0;
    case LIKE_PREFIX: return s.size >= t.size && memcmp(s.data, t.data, t.size) == 0;
    case LIKE_SUFFIX:
        return s.size >= t.size && memcmp(s.data + s.size - t.size, t.data, t.size) == 0;
    case LIKE_CONTAINS: return t.size == 0 || weir_text_find(s, 0, t) < s.size;
    default: return match_codes(p, s, false);
    }
}

static weir_status like_constant(weir_call *call, weir_column *out, weir_error *err) {
    const like_state *s = call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_buf low = {0};
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice text = weir_text_at(&a, row);
        bool yes;
        if (s->icase && s->pattern.kind == LIKE_GENERAL) {
            yes = match_codes(&s->pattern, text, true);
        } else if (s->icase) {
            low.size = 0;
            if (!weir_buf_reserve(&low, weir_utf8_case_max(text.size))) {
                status = weir_error_nomem(err);
                break;
            }
            weir_slice lower = {low.data, weir_utf8_to_lower(text.data, text.size, low.data)};
            yes = match(&s->pattern, lower);
        } else {
            yes = match(&s->pattern, text);
        }
        if (yes) weir_bit_set((uint64_t *)out->values, row);
    }
    weir_buf_clear(&low);
    return status;
}

/* The escape character of an escape text: one character or nothing. */
static bool escape_of(weir_slice e, uint32_t *out) {
    if (e.size == 0) {
        *out = 0;
        return true;
    }
    return weir_utf8_decode(e.data, e.size, out) == e.size;
}

static weir_status like_varying(weir_call *call, weir_column *out, weir_error *err) {
    const like_state *s = call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]), p = weir_text_arg_of(call->args[1]);
    weir_text_arg e = p;
    if (call->n_args > 2) e = weir_text_arg_of(call->args[2]);
    weir_status status = WEIR_OK;
    weir_arena arena = {0};
    WEIR_EACH_ROW(row) {
        uint32_t escape = '\\';
        like_pattern pattern;
        const char *why = NULL;
        if (call->n_args > 2 && !escape_of(weir_text_at(&e, row), &escape)) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "the escape is not one character"));
            continue;
        }
        weir_arena_reset(&arena);
        if (!compile(weir_text_at(&p, row), escape, s->icase, &arena, &pattern, &why)) {
            if (!why) WEIR_TRY(weir_error_nomem(err));
            WEIR_TRY(weir_call_fail(call, out, row, err, "%s", why));
            continue;
        }
        if (match_codes(&pattern, weir_text_at(&a, row), s->icase))
            weir_bit_set((uint64_t *)out->values, row);
    }
out:
    weir_arena_clear(&arena);
    return status;
}

weir_status weir_like_bind(weir_binder *b, const weir_expr *e, weir_bound *x, weir_bound *pattern,
                           weir_bound *escape, weir_bound **out, weir_error *err) {
    like_state *s = weir_arena_zero(b->arena, 1, sizeof *s);
    weir_bound **args = weir_bind_args(b, 3);
    if (!s || !args) return weir_error_nomem(err);
    s->icase = e->flags & WEIR_E_ICASE;
    args[0] = x;
    args[1] = pattern;
    args[2] = escape;
    const weir_type *boolean = weir_type_of(WEIR_BOOL);
    weir_slice text, mark = {"\\", 1};
    uint32_t code;
    bool fixed = weir_bound_text(pattern, &text) && (!escape || weir_bound_text(escape, &mark));
    if (!fixed)
        return weir_bind_kernel(b, e, boolean, like_varying, WEIR_K_CAN_FAIL, s, args,
                                escape ? 3 : 2, out, err);
    if (!escape_of(mark, &code)) {
        weir_expr_fault(err, escape->at->begin, "escape takes one character");
        return WEIR_USAGE;
    }
    const char *why = NULL;
    if (!compile(text, code, s->icase, b->arena, &s->pattern, &why)) {
        if (!why) return weir_error_nomem(err);
        weir_expr_fault(err, pattern->at->begin, "%s", why);
        weir_error_hint(err, "write it twice to mean itself");
        return WEIR_USAGE;
    }
    return weir_bind_kernel(b, e, boolean, like_constant, 0, s, args, 1, out, err);
}
