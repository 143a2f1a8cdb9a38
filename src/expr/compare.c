/* Comparison kernels.  All six operators are made of <, <= and =, turned round or swapped. */
#include "base/cpu.h"
#include "expr/number.h"

enum {
    COMPARE_I8,
    COMPARE_I16,
    COMPARE_I32,
    COMPARE_I64,
    COMPARE_U8,
    COMPARE_U16,
    COMPARE_U32,
    COMPARE_U64,
    COMPARE_I128,
    COMPARE_F32,
    COMPARE_F64,
    COMPARE_TYPES
};

/* Compares n values of a with those of b (or with the one of b); writes all bits of out, which is
 * zero. */
typedef void (*compare_loop)(const void *a, const void *b, uint32_t n, uint64_t *out);

#define WEIR_LOOP_SUFFIX _portable
#define WEIR_LOOP_TARGET
#include "expr/compare_loops.h"
#undef WEIR_LOOP_SUFFIX
#undef WEIR_LOOP_TARGET
#if defined(__x86_64__)
#define WEIR_LOOP_SUFFIX _avx2
#define WEIR_LOOP_TARGET __attribute__((target("avx2")))
#include "expr/compare_loops.h"
#undef WEIR_LOOP_SUFFIX
#undef WEIR_LOOP_TARGET
#endif

typedef struct compare_state {
    weir_compare_op op;
    int type;  /* COMPARE_I8 ... */
    int base;  /* 0 <, 1 <=, 2 = */
    bool swap; /* a > b is b < a */
    bool flip; /* a <> b is not a = b */
} compare_state;

/* The storage of a type as one of the loops' kinds, -1 when there is none. */
static int loop_type(const weir_type *t) {
    switch (t->id) {
    case WEIR_INT8: return COMPARE_I8;
    case WEIR_INT16: return COMPARE_I16;
    case WEIR_DATE:
    case WEIR_INT32: return COMPARE_I32;
    case WEIR_TIME:
    case WEIR_TIMESTAMP:
    case WEIR_TIMESTAMPTZ:
    case WEIR_INT64: return COMPARE_I64;
    case WEIR_UINT8: return COMPARE_U8;
    case WEIR_UINT16: return COMPARE_U16;
    case WEIR_UINT32: return COMPARE_U32;
    case WEIR_UINT64: return COMPARE_U64;
    case WEIR_FLOAT32: return COMPARE_F32;
    case WEIR_FLOAT64: return COMPARE_F64;
    case WEIR_DECIMAL: return t->width == 8 ? COMPARE_I64 : COMPARE_I128;
    default: return -1;
    }
}

static bool answer(weir_compare_op op, int order) {
    switch (op) {
    case WEIR_EQ: return order == 0;
    case WEIR_NE: return order != 0;
    case WEIR_LT: return order < 0;
    case WEIR_LE: return order <= 0;
    case WEIR_GT: return order > 0;
    default: return order >= 0;
    }
}

/* ---- fixed width ----------------------------------------------------------------------------- */

/* Few rows of many: one by one, through the same loops over a gathered piece. */
static void compare_few(weir_call *call, const compare_state *s, const weir_column *a,
                        const weir_column *b, compare_loop loop, uint64_t *out) {
    uint64_t piece_a[128], piece_b[128]; /* 64 values of 16 bytes */
    size_t width = a->type->width;
    bool ca = a->encoding == WEIR_CONSTANT, cb = b->encoding == WEIR_CONSTANT;
    for (uint32_t k = 0; k < call->rows.n; k += 64) {
        uint32_t n = call->rows.n - k < 64 ? call->rows.n - k : 64;
        for (uint32_t j = 0; j < n; j++) {
            size_t row = weir_rows_at(&call->rows, k + j);
            memcpy((char *)piece_a + j * width, (const char *)a->values + (ca ? 0 : row) * width,
                   width);
            memcpy((char *)piece_b + j * width, (const char *)b->values + (cb ? 0 : row) * width,
                   width);
        }
        uint64_t bits = 0;
        loop(piece_a, piece_b, n, &bits);
        if (s->flip) bits = ~bits;
        for (uint32_t j = 0; j < n; j++)
            if (bits >> j & 1) weir_bit_set(out, weir_rows_at(&call->rows, k + j));
    }
}

static weir_status compare_fixed(weir_call *call, weir_column *out, weir_error *err) {
    const compare_state *s = call->state;
    (void)err;
    const weir_column *a = call->args[s->swap], *b = call->args[!s->swap];
    uint64_t *bits = out->values;
    uint32_t n = call->rows.length;
    const compare_loop(*loops)[3][2] = compare_loops_portable;
#if defined(__x86_64__)
    if (weir_cpu_has_avx2()) loops = compare_loops_avx2;
#endif
    int base = s->base;
    bool flip = s->flip;
    if (call->rows.n < n / 4) {
        compare_few(call, s, a, b, loops[s->type][base][0], bits);
        return WEIR_OK;
    }
    bool constant = b->encoding == WEIR_CONSTANT;
    if (a->encoding == WEIR_CONSTANT && !constant) {
        /* c < x is not x <= c; c <= x is not x < c. */
        const weir_column *swap = a;
        a = b;
        b = swap;
        constant = true;
        if (base < 2) {
            base = !base;
            flip = !flip;
        }
    }
    if (a->encoding == WEIR_CONSTANT) {
        compare_few(call, s, a, b, loops[s->type][s->base][0], bits);
        return WEIR_OK;
    }
    loops[s->type][base][constant](a->values, b->values, n, bits);
    if (flip)
        for (size_t i = 0; i < weir_bit_words(n); i++) bits[i] = ~bits[i];
    return WEIR_OK;
}

/* ---- decimals of different scale, text, and the rest --------------------------------------------
 */

static weir_status compare_decimal(weir_call *call, weir_column *out, weir_error *err) {
    const compare_state *s = call->state;
    const weir_column *a = call->args[0], *b = call->args[1];
    int sa = a->type->id == WEIR_DECIMAL ? a->type->scale : 0;
    int sb = b->type->id == WEIR_DECIMAL ? b->type->scale : 0;
    (void)err;
    WEIR_EACH_ROW(row) {
        int order = weir_decimal_compare(weir_number_at(a, row), sa, weir_number_at(b, row), sb);
        if (answer(s->op, order)) weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}

static inline bool text_equal(const weir_text_arg *a, const weir_view *x, const weir_text_arg *b,
                              const weir_view *y) {
    if (x->words[0] != y->words[0]) return false; /* size and first bytes */
    if (x->in.size <= 12) return x->words[1] == y->words[1];
    return memcmp(weir_view_slice(a->base, x).data, weir_view_slice(b->base, y).data, x->in.size) ==
           0;
}

static inline int text_order(const weir_text_arg *a, const weir_view *x, const weir_text_arg *b,
                             const weir_view *y) {
    uint32_t px, py;
    memcpy(&px, x->in.bytes, 4); /* zero behind short texts */
    memcpy(&py, y->in.bytes, 4);
    if (px != py) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        px = __builtin_bswap32(px);
        py = __builtin_bswap32(py);
#endif
        return px < py ? -1 : 1;
    }
    weir_slice s = weir_view_slice(a->base, x), t = weir_view_slice(b->base, y);
    size_t n = s.size < t.size ? s.size : t.size;
    int order = n ? memcmp(s.data, t.data, n) : 0;
    return order ? order : (s.size > t.size) - (s.size < t.size);
}

static weir_status compare_text(weir_call *call, weir_column *out, weir_error *err) {
    const compare_state *s = call->state;
    (void)err;
    weir_text_arg a = weir_text_arg_of(call->args[0]), b = weir_text_arg_of(call->args[1]);
    uint64_t *bits = out->values;
    if (s->base == 2) {
        WEIR_EACH_ROW(row) {
            bool equal = text_equal(&a, weir_text_view(&a, row), &b, weir_text_view(&b, row));
            bits[row >> 6] |= (uint64_t)(equal != s->flip) << (row & 63);
        }
        return WEIR_OK;
    }
    WEIR_EACH_ROW(row) {
        int order = text_order(&a, weir_text_view(&a, row), &b, weir_text_view(&b, row));
        if (answer(s->op, order)) weir_bit_set(bits, row);
    }
    return WEIR_OK;
}

/* Types without a loop of their own: one by one. */
static weir_status compare_any(weir_call *call, weir_column *out, weir_error *err) {
    const compare_state *s = call->state;
    (void)err;
    WEIR_EACH_ROW(row) {
        int order = weir_compare_values(call->args[0], row, call->args[1], row);
        if (answer(s->op, order)) weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* Brings two numbers to one type where that is cheap; else they stay and compare_decimal does it.
 */
static weir_status meet(weir_binder *b, weir_bound **x, weir_bound **y, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_type *tx = (*x)->type, *ty = (*y)->type;
    if (tx == ty || (weir_type_is_float(tx) != weir_type_is_float(ty)) ||
        (weir_type_is_float(tx) && weir_type_is_float(ty))) {
        if (tx == ty) return WEIR_OK;
        WEIR_TRY(weir_bind_convert(b, x, weir_type_of(WEIR_FLOAT64), err));
        WEIR_TRY(weir_bind_convert(b, y, weir_type_of(WEIR_FLOAT64), err));
        return WEIR_OK;
    }
    if ((*y)->kind == WEIR_B_CONST && weir_bind_cost(*y, tx) >= 0)
        return weir_bind_convert(b, y, tx, err);
    if ((*x)->kind == WEIR_B_CONST && weir_bind_cost(*x, ty) >= 0)
        return weir_bind_convert(b, x, ty, err);
    bool ints = weir_type_is_integer(tx) && weir_type_is_integer(ty);
    if (!ints || tx->id == WEIR_UINT64 || ty->id == WEIR_UINT64) return WEIR_OK;
    WEIR_TRY(weir_bind_convert(b, x, weir_type_of(WEIR_INT64), err));
    WEIR_TRY(weir_bind_convert(b, y, weir_type_of(WEIR_INT64), err));
out:
    return status;
}

weir_status weir_compare_choose(weir_binder *b, const weir_expr *at, weir_compare_op op,
                                weir_bound *x, weir_bound *y, weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    bool numbers = weir_type_is_numeric(x->type) && weir_type_is_numeric(y->type);
    if (numbers) WEIR_TRY(meet(b, &x, &y, err));
    compare_state *s = weir_arena_zero(b->arena, 1, sizeof *s);
    weir_bound **args = weir_bind_args(b, 2);
    if (!s || !args) return weir_error_nomem(err);
    args[0] = x;
    args[1] = y;
    s->op = op;
    s->base = op == WEIR_EQ || op == WEIR_NE ? 2 : op == WEIR_LE || op == WEIR_GE ? 1 : 0;
    s->swap = op == WEIR_GT || op == WEIR_GE;
    s->flip = op == WEIR_NE;
    weir_kernel kernel = compare_any;
    uint32_t flags = 0;
    s->type = loop_type(x->type);
    bool same = s->type >= 0 && s->type == loop_type(y->type) &&
                (x->type->id != WEIR_DECIMAL || y->type->id != WEIR_DECIMAL ||
                 x->type->scale == y->type->scale) &&
                (x->type->id == WEIR_DECIMAL) == (y->type->id == WEIR_DECIMAL);
    if (same) {
        kernel = compare_fixed;
        flags = WEIR_K_DENSE;
    } else if (numbers) {
        kernel = compare_decimal;
    } else if (x->type->id == WEIR_STRING || x->type->id == WEIR_BINARY) {
        kernel = compare_text;
    }
    WEIR_TRY(weir_bind_kernel(b, at, weir_type_of(WEIR_BOOL), kernel, flags, s, args, 2, out, err));
out:
    return status;
}
