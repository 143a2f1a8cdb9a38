/* Numbers as people write them: marks between thousands, a decimal comma. */
#include "expr/function.h"
#include "expr/number.h"
#include "text/utf8.h"

/* ---- text to number ---------------------------------------------------------------------------
 */

/* The decimal mark and the thousands marks of a call, constants of one character each. */
typedef struct marks {
    char decimal[4], group[4];
    size_t decimal_size, group_size;
} marks;

static const char *skip(const char *p, const char *end, const char *mark, size_t size) {
    return size && (size_t)(end - p) >= size && memcmp(p, mark, size) == 0 ? p + size : NULL;
}

/* The plain number: marks of thousands out (each with exactly three digits behind it), the decimal
 * mark as a point.  Returns the size, or SIZE_MAX when it is not written so. */
static size_t plain_number(const marks *m, weir_slice s, char *out) {
    const char *p = s.data, *end = p + s.size, *next;
    size_t n = 0, run = 0;
    bool grouped = false, behind = false;
    if (s.size && (*p == '-' || *p == '+')) out[n++] = *p++;
    for (; p < end; p = next) {
        bool digit = *p >= '0' && *p <= '9';
        if (digit) {
            out[n++] = *p;
            run++;
            next = p + 1;
        } else if (!behind && (next = skip(p, end, m->group, m->group_size)) != NULL) {
            if (run == 0 || run > 3 || (grouped && run != 3)) return SIZE_MAX;
            grouped = true;
            run = 0;
        } else if (!behind && (next = skip(p, end, m->decimal, m->decimal_size)) != NULL) {
            if (grouped && run != 3) return SIZE_MAX;
            behind = true;
            out[n++] = '.';
        } else if ((*p == 'e' || *p == 'E') && !grouped) {
            memcpy(out + n, p, (size_t)(end - p));
            return n + (size_t)(end - p);
        } else {
            return SIZE_MAX;
        }
    }
    return grouped && !behind && run != 3 ? SIZE_MAX : n;
}

static weir_status fn_plain(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, s.size + 1, &room, err));
        size_t n = plain_number(call->state, s, room);
        if (n == SIZE_MAX)
            WEIR_TRY(weir_call_fail(call, out, row, err, "'%.*s' is no number with these marks",
                                    weir_clip(s), s.data));
        else
            weir_text_commit(&t, row, n);
    }
out:
    return status;
}

/* A constant mark: one character that is no digit, sign or letter; empty for none. */
static weir_status read_mark(weir_prepare *p, uint32_t i, char *to, size_t *size, weir_error *err) {
    weir_slice text;
    uint32_t c = 0;
    *size = 0;
    if (i >= p->n_args) return WEIR_OK;
    bool known = weir_bound_text(p->args[i], &text);
    if (known && text.size == 0) return WEIR_OK;
    if (!known || text.size > 4 || weir_utf8_decode(text.data, text.size, &c) != text.size ||
        weir_utf8_is_word(c) || c == '-' || c == '+')
        return weir_expr_fault(err, p->args[i]->at->begin,
                               "a mark must be one constant character, such as ','");
    memcpy(to, text.data, text.size);
    *size = text.size;
    return WEIR_OK;
}

/* args[0], written with the marks that these arguments name, as plain text of a number. */
static weir_status plain_text(weir_prepare *p, uint32_t decimal, uint32_t group, weir_bound **out,
                              weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **args = weir_bind_args(p->binder, 1);
    marks *m = weir_arena_zero(p->binder->arena, 1, sizeof *m);
    if (!m || !args) return weir_error_nomem(err);
    WEIR_TRY(read_mark(p, decimal, m->decimal, &m->decimal_size, err));
    WEIR_TRY(read_mark(p, group, m->group, &m->group_size, err));
    if (m->decimal_size && m->decimal_size == m->group_size &&
        memcmp(m->decimal, m->group, m->group_size) == 0)
        return weir_expr_fault(err, p->at->begin, "the two marks are the same");
    args[0] = p->args[0];
    status = weir_bind_kernel(p->binder, p->at, weir_type_of(WEIR_STRING), fn_plain,
                              WEIR_K_CAN_FAIL, m, args, 1, out, err);
out:
    return status;
}

weir_status weir_bind_marked_number(weir_prepare *p, uint32_t decimal, uint32_t group,
                                    const weir_type *type, weir_error *err) {
    weir_bound *text = NULL;
    weir_status status = plain_text(p, decimal, group, &text, err);
    if (status != WEIR_OK) return status;
    return weir_bind_cast(p->binder, p->at, text, type, &p->node, err);
}

/* ---- number to text ---------------------------------------------------------------------------
 */

/* format_number(x, digits [, group [, decimal]]) of a decimal of that scale. */
static weir_status fn_format_number(weir_call *call, weir_column *out, weir_error *err) {
    const marks *m = call->state;
    const weir_column *c = call->args[0];
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        char text[WEIR_NUM_DECIMAL_MAX], *room = NULL;
        size_t n = weir_num_format_decimal128(weir_number_at(c, row), c->type->scale, text);
        size_t sign = text[0] == '-', point = n - (c->type->scale ? c->type->scale + 1u : 0u);
        WEIR_TRY(weir_text_room(&t, n * 5 + 8, &room, err));
        size_t size = 0;
        for (size_t i = 0; i < n; i++) {
            if (i == point) {
                memcpy(room + size, m->decimal, m->decimal_size);
                size += m->decimal_size;
                continue;
            }
            if (i > sign && i < point && (point - i) % 3 == 0) {
                memcpy(room + size, m->group, m->group_size);
                size += m->group_size;
            }
            room[size++] = text[i];
        }
        weir_text_commit(&t, row, size);
    }
out:
    return status;
}

static weir_status prepare_format(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    int64_t digits = 0;
    const weir_type *type = NULL;
    weir_bound **args = weir_bind_args(p->binder, 2), **own = weir_bind_args(p->binder, 1);
    weir_bound *number = NULL;
    marks *m = weir_arena_zero(p->binder->arena, 1, sizeof *m);
    if (!m || !args || !own) return weir_error_nomem(err);
    if (!weir_bound_int(p->args[1], &digits) || digits < 0 || digits > 18)
        return weir_expr_fault(err, p->args[1]->at->begin,
                               "the number of digits must be a constant, 0 to 18");
    m->group[0] = ',', m->group_size = 1;
    m->decimal[0] = '.', m->decimal_size = 1;
    if (p->n_args > 2) WEIR_TRY(read_mark(p, 2, m->group, &m->group_size, err));
    if (p->n_args > 3) WEIR_TRY(read_mark(p, 3, m->decimal, &m->decimal_size, err));
    args[0] = p->args[0];
    args[1] = p->args[1];
    WEIR_TRY(weir_bind_named(p->binder, p->at, "round", args, 2, &number, err));
    WEIR_TRY(weir_type_decimal(38, (int)digits, &type, err));
    WEIR_TRY(weir_bind_cast(p->binder, p->at, number, type, &number, err));
    own[0] = number; /* args belongs to the call of round */
    p->args = own;
    p->n_args = 1;
    p->state = m;
out:
    return status;
}

const weir_function weir_functions_number_text[] = {
    {{"format_number", "",
      "format_number(x, digits int64 [, group string [, decimal string]]) -> string", "number", 0,
      "rounded to these digits, with marks between thousands and a decimal mark",
      "format_number(1234567.891, 2, '.', ',')", "1.234.567,89", "other arguments"},
     {{"nis?s?", 's', WEIR_K_CAN_FAIL, fn_format_number, prepare_format}}},
    {.info = {.name = NULL}}};
