/* printf: C's format over the arguments, checked against their types when it is bound. */
#include <math.h>
#include <stdio.h>
#include "expr/function.h"
#include "text/utf8.h"

enum { MAX_WIDTH = 1000, MAX_PRECISION = 60 };

/* A piece of text and the conversion behind it. */
typedef struct piece {
    weir_slice text;
    char kind; /* d x X o s c f e g E G; 0 = none */
    bool left, plus, blank, zero;
    int width, precision; /* precision -1: not given */
    uint32_t arg;
    struct piece *next;
} piece;

static int read_number(weir_slice f, size_t *i, int most) {
    int n = 0;
    for (; *i < f.size && f.data[*i] >= '0' && f.data[*i] <= '9'; ++*i)
        n = n > most ? n : n * 10 + (f.data[*i] - '0');
    return n;
}

/* The conversion behind the % at f[*i - 1].  NULL: right, else why. */
static const char *read_conversion(weir_slice f, size_t *i, piece *p) {
    for (; *i < f.size && strchr("-+ 0", f.data[*i]); ++*i) {
        p->left |= f.data[*i] == '-';
        p->plus |= f.data[*i] == '+';
        p->blank |= f.data[*i] == ' ';
        p->zero |= f.data[*i] == '0';
    }
    p->width = read_number(f, i, MAX_WIDTH);
    p->precision = -1;
    if (*i < f.size && f.data[*i] == '.') {
        ++*i;
        p->precision = read_number(f, i, MAX_PRECISION);
    }
    if (p->width > MAX_WIDTH || p->precision > MAX_PRECISION)
        return "a width is at most 1000, the digits behind the point at most 60";
    while (*i < f.size && (f.data[*i] == 'l' || f.data[*i] == 'h')) ++*i;
    char c = *i < f.size ? f.data[(*i)++] : '\0';
    if (c == 'i' || c == 'u') c = 'd';
    if (!c || !strchr("dxXoscfeEgG", c))
        return "printf knows %d %x %X %o %f %e %g %s %c and %%, with - + blank 0, width and digits";
    p->kind = c;
    return NULL;
}

static weir_type_id wanted(char kind) {
    return kind == 's' ? WEIR_STRING : strchr("fFeEgG", kind) ? WEIR_FLOAT64 : WEIR_INT64;
}

static weir_status prepare_printf(weir_prepare *p, weir_error *err) {
    weir_slice f;
    piece *first = NULL, **tail = &first;
    uint32_t next = 1;
    const char *why = NULL;
    if (!weir_bound_text(p->args[0], &f)) {
        weir_expr_fault(err, p->args[0]->at->begin, "the format of printf must be constant");
        weir_error_hint(err, "format('%%s', x) takes one that varies");
        return WEIR_USAGE;
    }
    for (size_t i = 0; i < f.size && !why;) {
        piece *one = weir_arena_zero(p->binder->arena, 1, sizeof *one);
        if (!one) return weir_error_nomem(err);
        *tail = one;
        tail = &one->next;
        const char *percent = memchr(f.data + i, '%', f.size - i);
        size_t end = percent ? (size_t)(percent - f.data) : f.size;
        bool itself = percent && end + 1 < f.size && f.data[end + 1] == '%';
        one->text = (weir_slice){weir_arena_strndup(p->binder->arena, f.data + i, end - i + itself),
                                 end - i + itself};
        if (!one->text.data) return weir_error_nomem(err);
        i = end + (percent ? 1 : 0) + itself;
        if (!percent || itself) continue;
        why = read_conversion(f, &i, one);
        one->arg = next++;
        if (!why && one->arg >= p->n_args)
            why = "the format has more places than there are arguments";
        weir_bound **arg = &p->args[one->arg < p->n_args ? one->arg : 0];
        weir_status status = why ? WEIR_OK
                                 : weir_bind_cast(p->binder, (*arg)->at, *arg,
                                                  weir_type_of(wanted(one->kind)), arg, err);
        if (status != WEIR_OK) return status;
    }
    if (!why && next < p->n_args) why = "the format has fewer places than there are arguments";
    if (why) return weir_expr_fault(err, p->args[0]->at->begin, "%s", why);
    p->state = first;
    return WEIR_OK;
}

/* body with a sign before it, to the width. */
static bool put_padded(const piece *p, char sign, const char *body, size_t size, bool zero,
                       weir_buf *out) {
    size_t have = weir_utf8_count(body, size) + (sign ? 1 : 0);
    size_t fill = (size_t)p->width > have ? (size_t)p->width - have : 0;
    bool ok = true;
    zero = zero && !p->left;
    for (size_t i = 0; ok && !p->left && !zero && i < fill; i++) ok = weir_buf_add(out, " ", 1);
    ok = ok && (!sign || weir_buf_add(out, &sign, 1));
    for (size_t i = 0; ok && zero && i < fill; i++) ok = weir_buf_add(out, "0", 1);
    ok = ok && weir_buf_add(out, body, size);
    for (size_t i = 0; ok && p->left && i < fill; i++) ok = weir_buf_add(out, " ", 1);
    return ok;
}

static char sign_of(const piece *p, bool negative) {
    return negative ? '-' : p->plus ? '+' : p->blank ? ' ' : '\0';
}

static bool put_int(const piece *p, int64_t v, weir_buf *out) {
    char text[128];
    size_t at = sizeof text;
    unsigned base = p->kind == 'd' ? 10 : p->kind == 'o' ? 8 : 16;
    bool negative = base == 10 && v < 0;
    uint64_t u = negative ? 0 - (uint64_t)v : (uint64_t)v;
    const char *digits = p->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    for (; u; u /= base) text[--at] = digits[u % base];
    size_t least = p->precision < 0 ? 1 : (size_t)p->precision;
    while (sizeof text - at < least) text[--at] = '0';
    return put_padded(p, base == 10 ? sign_of(p, negative) : '\0', text + at, sizeof text - at,
                      p->zero && p->precision < 0, out);
}

static bool put_float(const piece *p, double v, weir_buf *out) {
    char text[512];
    int digits = p->precision < 0 ? 6 : p->precision, n = 0;
    bool negative = signbit(v) && !isnan(v);
    v = fabs(v);
    switch (p->kind) {
    case 'f': n = snprintf(text, sizeof text, "%.*f", digits, v); break;
    case 'e': n = snprintf(text, sizeof text, "%.*e", digits, v); break;
    case 'E': n = snprintf(text, sizeof text, "%.*E", digits, v); break;
    case 'g': n = snprintf(text, sizeof text, "%.*g", digits, v); break;
    default: n = snprintf(text, sizeof text, "%.*G", digits, v); break;
    }
    return put_padded(p, sign_of(p, negative), text, (size_t)n, p->zero && isfinite(v), out);
}

static bool put_piece(const piece *p, const weir_column *c, weir_slice s, uint32_t row,
                      weir_buf *out) {
    if (!weir_buf_add(out, p->text.data, p->text.size)) return false;
    if (!p->kind) return true;
    if (p->kind == 's') {
        if (p->precision >= 0) s.size = weir_utf8_offset(s.data, s.size, (size_t)p->precision);
        return put_padded(p, '\0', s.data, s.size, false, out);
    }
    uint32_t slot = weir_column_slot(c, row);
    const void *values = weir_column_base(c)->values;
    if (c->type->id == WEIR_FLOAT64) return put_float(p, ((const double *)values)[slot], out);
    int64_t v = ((const int64_t *)values)[slot];
    if (p->kind != 'c') return put_int(p, v, out);
    char letter[4];
    return put_padded(p, '\0', letter, weir_utf8_encode((uint32_t)v, letter), false, out);
}

static weir_status fn_printf(weir_call *call, weir_column *out, weir_error *err) {
    uint32_t n = call->n_args;
    weir_text_arg *args = weir_arena_zero(call->eval->scratch, n, sizeof *args);
    weir_text_out t = weir_text_out_of(call, out);
    weir_buf text = {.max = WEIR_TEXT_RESULT_MAX};
    weir_status status = WEIR_OK;
    if (!args) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++)
        if (call->args[i]->type->id == WEIR_STRING) args[i] = weir_text_arg_of(call->args[i]);
    WEIR_EACH_ROW(row) {
        bool ok = true;
        const char *why = NULL;
        text.size = 0;
        for (const piece *p = call->state; p && ok && !why; p = p->next) {
            const weir_column *c = call->args[p->arg];
            if (p->kind == 'c') {
                int64_t v =
                    ((const int64_t *)weir_column_base(c)->values)[weir_column_slot(c, row)];
                if (v < 1 || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
                    why = "there is no such character";
            }
            weir_slice s = {"", 0};
            if (p->kind == 's') s = weir_text_at(&args[p->arg], row);
            if (!why) ok = put_piece(p, c, s, row, &text);
        }
        if (!ok && text.size < WEIR_TEXT_RESULT_MAX / 2) WEIR_TRY(weir_error_nomem(err));
        if (!ok) why = "text longer than 64 MiB";
        if (why)
            WEIR_TRY(weir_call_fail(call, out, row, err, "%s", why));
        else
            WEIR_TRY(weir_text_put(&t, row, text.data ? text.data : "", text.size, err));
    }
out:
    weir_buf_clear(&text);
    return status;
}

const weir_function weir_functions_printf[] = {
    {{"printf", "format_string", "printf(format string, any, ...) -> string", "text", 0,
      "C's format: %d %x %o %f %e %g %s %c %% with the flags - + 0, width and digits",
      "printf('%05d|%-4s|%.2f', 42, 'ab', 3.14159)", "00042|ab  |3.14", ""},
     {{"sx*", 's', WEIR_K_CAN_FAIL, fn_printf, prepare_printf}}},
    {.info = {.name = NULL}}};
