/* Numbers by PostgreSQL's patterns: to_char of a number, and to_number.  The pattern is a constant,
 * taken apart when the expression is bound.  Marks are those of the C locale: a point and a comma.
 */
#include "expr/function.h"
#include "expr/number.h"
#include "text/utf8.h"

enum { MAX_PATTERN = 256, MAX_FRACTION = 18, MAX_DIGITS = 38 };

typedef enum item_kind {
    I_DIGIT,
    I_POINT,
    I_GROUP,
    I_SIGN,
    I_MINUS,
    I_BRACKET,
    I_MONEY,
    I_TEXT
} item_kind;

typedef struct item {
    item_kind kind;
    bool zero; /* DIGIT: 0, not 9 */
    weir_slice text;
} item;

typedef struct picture {
    int whole, fraction; /* places for digits */
    int first_zero;      /* place of the first 0 before the point; whole: none */
    int kept;            /* digits behind the point that FM does not drop */
    bool fill, point, brackets, minus, sign, sign_behind;
    uint32_t n;
    item items[];
} picture;

/* ---- the pattern -------------------------------------------------------------------------------
 */

static const char *add_item(picture *p, item_kind kind, bool zero, bool *closed) {
    bool digits = p->whole + p->fraction > 0;
    if (*closed && (kind == I_DIGIT || kind == I_POINT || kind == I_GROUP))
        return "digits behind S or PR";
    switch (kind) {
    case I_DIGIT:
        if (p->point) {
            p->fraction++;
            if (zero) p->kept = p->fraction;
        } else {
            if (zero && p->first_zero < 0) p->first_zero = p->whole;
            p->whole++;
        }
        break;
    case I_POINT:
        if (p->point) return "two decimal points";
        p->point = true;
        break;
    case I_SIGN:
        if (p->sign || p->minus || p->brackets) return "two signs";
        p->sign = true;
        p->sign_behind = *closed = digits;
        break;
    case I_MINUS:
        if (p->sign || p->minus || p->brackets) return "two signs";
        p->minus = true;
        break;
    case I_BRACKET:
        if (p->sign || p->minus || p->brackets) return "two signs";
        p->brackets = *closed = true;
        break;
    default: break;
    }
    p->items[p->n++] = (item){kind, zero, {"", 0}};
    return NULL;
}

static bool is_pair(weir_slice f, size_t i, char a, char b) {
    return i + 1 < f.size && (f.data[i] & ~32) == a && (f.data[i + 1] & ~32) == b;
}

static const char *read_items(weir_slice f, char *room, picture *p) {
    bool closed = false;
    const char *why = NULL;
    memcpy(room, f.data, f.size);
    for (size_t i = 0; i < f.size && !why; i++) {
        char c = f.data[i], capital = (char)(c & ~32);
        if (is_pair(f, i, 'F', 'M')) {
            p->fill = true;
            i++;
        } else if (is_pair(f, i, 'M', 'I')) {
            why = add_item(p, I_MINUS, false, &closed);
            i++;
        } else if (is_pair(f, i, 'P', 'R')) {
            why = add_item(p, I_BRACKET, false, &closed);
            i++;
        } else if (is_pair(f, i, 'P', 'L') || is_pair(f, i, 'S', 'G') || is_pair(f, i, 'R', 'N') ||
                   is_pair(f, i, 'T', 'H') || is_pair(f, i, 'E', 'E') || capital == 'V' ||
                   capital == 'B') {
            why = "PL, SG, RN, TH, EEEE, V and B are not known here; put text in double quotes";
        } else if (c == '9' || c == '0') {
            why = add_item(p, I_DIGIT, c == '0', &closed);
        } else if (c == '.' || capital == 'D') {
            why = add_item(p, I_POINT, false, &closed);
        } else if (c == ',' || capital == 'G') {
            why = add_item(p, I_GROUP, false, &closed);
        } else if (capital == 'S') {
            why = add_item(p, I_SIGN, false, &closed);
        } else if (capital == 'L') {
            why = add_item(p, I_MONEY, false, &closed);
        } else {
            size_t begin = c == '"' ? ++i : i;
            if (c == '"')
                while (i < f.size && f.data[i] != '"') i++;
            why = add_item(p, I_TEXT, false, &closed);
            p->items[p->n - 1].text = (weir_slice){room + begin, c == '"' ? i - begin : 1};
        }
    }
    if (why) return why;
    if (p->whole + p->fraction == 0) return "the pattern has no 9 and no 0";
    if (p->fraction > MAX_FRACTION || p->whole + p->fraction > MAX_DIGITS)
        return "a pattern has at most 38 digits, 18 of them behind the point";
    if (p->first_zero < 0) p->first_zero = p->whole;
    return NULL;
}

static weir_status read_picture(weir_prepare *p, picture **out, weir_error *err) {
    weir_slice f;
    if (!weir_bound_text(p->args[1], &f))
        return weir_expr_fault(err, p->args[1]->at->begin, "the pattern must be constant");
    if (f.size > MAX_PATTERN)
        return weir_expr_fault(err, p->args[1]->at->begin, "a pattern has at most 256 bytes");
    picture *made = weir_arena_zero(p->binder->arena, 1, sizeof *made + f.size * sizeof(item));
    char *room = weir_arena_alloc(p->binder->arena, f.size + 1);
    if (!made || !room) return weir_error_nomem(err);
    made->first_zero = -1;
    const char *why = read_items(f, room, made);
    if (why) return weir_expr_fault(err, p->args[1]->at->begin, "wrong pattern: %s", why);
    *out = made;
    return WEIR_OK;
}

/* ---- number to text ----------------------------------------------------------------------------
 */

typedef struct writer {
    const picture *p;
    const char *digits; /* whole, then fraction */
    int blanks;         /* places before the first digit */
    int kept;           /* digits behind the point that are written */
    int at;             /* place at hand, from the left */
    bool negative, started, signed_already, closed;
    char *to;
    size_t n;
} writer;

static void put_char(writer *w, char c) {
    w->to[w->n++] = c;
}

/* The sign that stands directly before the first digit or the point. */
static void put_sign(writer *w) {
    const picture *p = w->p;
    if (w->signed_already || p->minus || (p->sign && p->sign_behind)) return;
    w->signed_already = true;
    if (p->sign)
        put_char(w, w->negative ? '-' : '+');
    else if (w->negative)
        put_char(w, p->brackets ? '<' : '-');
    else if (!p->fill)
        put_char(w, ' ');
}

/* What stands behind the last digit. */
static void put_close(writer *w) {
    const picture *p = w->p;
    if (w->closed) return;
    w->closed = true;
    if (p->sign && p->sign_behind) put_char(w, w->negative ? '-' : '+');
    if (p->brackets && w->negative) put_char(w, '>');
    if (p->brackets && !w->negative && !p->fill) put_char(w, ' ');
}

static void put_digit(writer *w) {
    const picture *p = w->p;
    int place = w->at++, behind = place - p->whole;
    if (behind >= 0) {
        put_sign(w);
        if (behind < w->kept) put_char(w, w->digits[place]);
        w->started = true;
    } else if (place < w->blanks && place < p->first_zero) {
        if (!p->fill) put_char(w, ' ');
    } else if (place == p->whole - 1 && w->digits[place] == '0' && place >= w->blanks &&
               p->first_zero == p->whole && p->fraction > 0 && w->blanks == place &&
               !(p->fill && w->kept == 0)) {
        if (!p->fill) put_char(w, ' '); /* 9.9 of 0.5: nothing before the point */
    } else {
        put_sign(w);
        put_char(w, place < w->blanks ? '0' : w->digits[place]);
        w->started = true;
    }
    if (w->at == p->whole + p->fraction) put_close(w);
}

static void put_item(writer *w, const item *i) {
    bool fill = w->p->fill;
    switch (i->kind) {
    case I_DIGIT: put_digit(w); return;
    case I_POINT:
        if (!w->p->fraction) return; /* as PostgreSQL: no point without digits behind it */
        put_sign(w);
        put_char(w, '.');
        w->started = true;
        return;
    case I_GROUP:
        if (w->started)
            put_char(w, ',');
        else if (!fill)
            put_char(w, ' ');
        return;
    case I_MINUS:
        if (w->negative)
            put_char(w, '-');
        else if (!fill)
            put_char(w, ' ');
        return;
    case I_MONEY: put_char(w, ' '); return;
    case I_TEXT:
        memcpy(w->to + w->n, i->text.data, i->text.size);
        w->n += i->text.size;
        return;
    default: return; /* S and PR stand at the digits */
    }
}

static weir_status fn_to_char_number(weir_call *call, weir_column *out, weir_error *err) {
    const picture *p = call->state;
    const weir_column *c = call->args[0];
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        char text[WEIR_NUM_DECIMAL_MAX], digits[MAX_DIGITS + 2], *room = NULL;
        size_t size = weir_num_format_decimal128(weir_number_at(c, row), c->type->scale, text);
        bool negative = text[0] == '-';
        int whole = (int)size - negative - (p->fraction ? p->fraction + 1 : 0);
        const char *from = text + negative;
        if (whole == 1 && from[0] == '0' && p->whole == 0) from++, whole = 0;
        memset(digits, '#', sizeof digits);
        if (whole <= p->whole) {
            memset(digits, '0', sizeof digits);
            memcpy(digits + p->whole - whole, from, (size_t)whole);
            if (p->fraction) memcpy(digits + p->whole, from + whole + 1, (size_t)p->fraction);
        }
        int kept = p->fraction;
        while (p->fill && kept > p->kept && digits[p->whole + kept - 1] == '0') kept--;
        WEIR_TRY(weir_text_room(&t, MAX_PATTERN * 2, &room, err));
        writer w = {.p = p, .digits = digits, .kept = kept, .negative = negative, .to = room};
        w.blanks = whole < p->whole ? p->whole - whole : 0;
        for (uint32_t i = 0; i < p->n; i++) put_item(&w, &p->items[i]);
        weir_text_commit(&t, row, w.n);
    }
out:
    return status;
}

weir_status weir_bind_number_pattern(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_type *type = NULL;
    weir_bound **args = weir_bind_args(p->binder, 2), **own = weir_bind_args(p->binder, 1);
    weir_bound *number = NULL;
    weir_column *places = NULL;
    picture *made = NULL;
    if (!args || !own) return weir_error_nomem(err);
    if (weir_bound_is_null(p->args[0])) /* the pattern may be one of a date */
        return weir_bind_null(p->binder, p->at, p->type, &p->node, err);
    WEIR_TRY(read_picture(p, &made, err));
    int64_t digits = made->fraction;
    WEIR_TRY(weir_column_constant(weir_type_of(WEIR_INT64), 1, &digits, 8, NULL, &places, err));
    WEIR_TRY(weir_bind_constant(p->binder, p->at, places, &args[1], err));
    args[0] = p->args[0];
    WEIR_TRY(weir_bind_named(p->binder, p->at, "round", args, 2, &number, err));
    WEIR_TRY(weir_type_decimal(38, made->fraction, &type, err));
    WEIR_TRY(weir_bind_cast(p->binder, p->at, number, type, &own[0], err));
    p->args = own;
    p->n_args = 1;
    p->kernel = fn_to_char_number;
    p->state = made;
out:
    return status;
}

/* ---- text to number ----------------------------------------------------------------------------
 */

typedef struct reader {
    weir_slice s;
    size_t at;
    bool negative, sign, bracket;
    char digits[MAX_DIGITS + 4];
    size_t n;
    bool point;
} reader;

static bool next_is(const reader *r, char c) {
    return r->at < r->s.size && r->s.data[r->at] == c;
}

static void take_sign(reader *r) {
    if (r->sign || (!next_is(r, '-') && !next_is(r, '+'))) return;
    r->negative = next_is(r, '-');
    r->sign = true;
    r->at++;
}

/* One item of the pattern; false: the text is not like it. */
static bool read_item(reader *r, const item *i) {
    uint32_t code;
    switch (i->kind) {
    case I_DIGIT:
        if (r->at < r->s.size && r->s.data[r->at] >= '0' && r->s.data[r->at] <= '9')
            r->digits[r->n++] = r->s.data[r->at++];
        return true;
    case I_POINT:
        if (!next_is(r, '.')) return true;
        r->digits[r->n++] = '.';
        r->point = true;
        r->at++;
        return true;
    case I_GROUP: r->at += next_is(r, ','); return true;
    case I_SIGN:
    case I_MINUS: take_sign(r); return true;
    case I_MONEY:
        if (r->at < r->s.size && !strchr("0123456789.,+-<>", r->s.data[r->at]))
            r->at += weir_utf8_decode(r->s.data + r->at, r->s.size - r->at, &code);
        return true;
    case I_TEXT:
        if (r->s.size - r->at < i->text.size ||
            memcmp(r->s.data + r->at, i->text.data, i->text.size) != 0)
            return false;
        r->at += i->text.size;
        return true;
    default: return true;
    }
}

static bool read_text(const picture *p, reader *r) {
    while (r->s.size && r->s.data[r->s.size - 1] == ' ') r->s.size--;
    while (next_is(r, ' ')) r->at++;
    if (p->brackets && next_is(r, '<')) {
        r->bracket = r->negative = r->sign = true;
        r->at++;
    } else {
        take_sign(r);
        while (r->sign && next_is(r, ' ')) r->at++;
    }
    for (uint32_t i = 0; i < p->n; i++)
        if (!read_item(r, &p->items[i])) return false;
    if (r->bracket) {
        if (!next_is(r, '>')) return false;
        r->at++;
    }
    return r->at == r->s.size && r->n > r->point;
}

static weir_status fn_to_number(weir_call *call, weir_column *out, weir_error *err) {
    const picture *p = call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        reader r = {.s = weir_text_at(&a, row)};
        char text[MAX_DIGITS + 6];
        if (!read_text(p, &r)) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "'%.*s' is not written by the pattern",
                                    weir_clip(r.s), r.s.data));
            continue;
        }
        text[0] = '-';
        memcpy(text + r.negative, r.digits, r.n);
        WEIR_TRY(weir_text_put(&t, row, text, r.n + r.negative, err));
    }
out:
    return status;
}

/* The text without marks, then a cast to the decimal that the pattern makes. */
static weir_status prepare_to_number(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_type *type = NULL;
    weir_bound **own = weir_bind_args(p->binder, 1), *text = NULL;
    picture *made = NULL;
    if (!own) return weir_error_nomem(err);
    WEIR_TRY(read_picture(p, &made, err));
    own[0] = p->args[0];
    WEIR_TRY(weir_bind_kernel(p->binder, p->at, weir_type_of(WEIR_STRING), fn_to_number,
                              WEIR_K_CAN_FAIL, made, own, 1, &text, err));
    WEIR_TRY(weir_type_decimal(made->whole + made->fraction, made->fraction, &type, err));
    WEIR_TRY(weir_bind_cast(p->binder, p->at, text, type, &p->node, err));
out:
    return status;
}

const weir_function weir_functions_to_number[] = {
    {{"to_number", "", "to_number(string, pattern string) -> decimal", "cast", 0,
      "a number read by a pattern of PostgreSQL (9 0 . , D G S MI PR L); text that the pattern "
      "does "
      "not cover fails",
      "to_number('12,454.8-', '99G999D9S')", "-12454.8", "does not exist"},
     {{"ss", '!', WEIR_K_CAN_FAIL, fn_to_number, prepare_to_number}}},
    {.info = {.name = NULL}}};
