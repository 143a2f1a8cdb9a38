/* compare: a BOOL column from two columns of one type, and the order of two single values.
 *
 * Fixed-width values are compared 64 at a time into bytes, which compilers turn into vector code,
 * and the bytes are packed into one word of the result.  All rows are computed, alive or not: that
 * is cheaper than looking up the selection, and fixed-width values may always be read.  Texts are
 * looked at only where both sides are alive and not null.  EQ, LT and LE are computed; NE, GE and
 * GT are their opposites, which holds for floats, too, as NaN has its place in the order.
 */
#include "column/kernel_util.h"
#include "text/number.h"
#include "text/time.h"

/* ---- two values ---------------------------------------------------------------------------- */

static int sign_of(int64_t d) {
    return d < 0 ? -1 : d > 0;
}
#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int order_double(double a, double b) {
    bool nan_a = a != a, nan_b = b != b;
    return nan_a || nan_b ? nan_a - nan_b : ORDER(a, b);
}

static int order_bytes(weir_slice a, weir_slice b) {
    size_t n = a.size < b.size ? a.size : b.size;
    int d = n ? memcmp(a.data, b.data, n) : 0;
    return d ? sign_of(d) : ORDER(a.size, b.size);
}

static weir_int128 decimal_at(const weir_column *base, uint32_t slot) {
    return base->type->width == 8 ? ((const int64_t *)base->values)[slot]
                                  : ((const weir_int128 *)base->values)[slot];
}

/* Nulls inside lists and structs come last and equal each other. */
static int order_nullable(const weir_column *a, uint32_t i, const weir_column *b, uint32_t j) {
    bool null_a = weir_column_is_null(a, i), null_b = weir_column_is_null(b, j);
    return null_a || null_b ? null_a - null_b : weir_compare_values(a, i, b, j);
}

static int order_nested(const weir_column *a, uint32_t sa, const weir_column *b, uint32_t sb) {
    if (a->type->id == WEIR_STRUCT) {
        for (uint32_t i = 0; i < a->n_children; i++) {
            int d = order_nullable(a->children[i], sa, b->children[i], sb);
            if (d) return d;
        }
        return 0;
    }
    const int32_t *x = a->values, *y = b->values;
    int32_t na = x[sa + 1] - x[sa], nb = y[sb + 1] - y[sb];
    for (int32_t i = 0; i < na && i < nb; i++)
        for (uint32_t child = 0; child < a->n_children; child++) {
            int d = order_nullable(a->children[child], (uint32_t)(x[sa] + i), b->children[child],
                                   (uint32_t)(y[sb] + i));
            if (d) return d;
        }
    return ORDER(na, nb);
}

#define ORDER_AT(TYPE) ORDER(((const TYPE *)base_a->values)[sa], ((const TYPE *)base_b->values)[sb])

int weir_compare_values(const weir_column *a, uint32_t row_a, const weir_column *b,
                        uint32_t row_b) {
    const weir_column *base_a = weir_column_base(a), *base_b = weir_column_base(b);
    uint32_t sa = weir_column_slot(a, row_a), sb = weir_column_slot(b, row_b);
    switch (a->type->id) {
    case WEIR_NULL:
    case WEIR_TYPE_COUNT: return 0;
    case WEIR_BOOL: return weir_bit_get(base_a->values, sa) - weir_bit_get(base_b->values, sb);
    case WEIR_INT8: return ORDER_AT(int8_t);
    case WEIR_INT16: return ORDER_AT(int16_t);
    case WEIR_DATE:
    case WEIR_INT32: return ORDER_AT(int32_t);
    case WEIR_TIME:
    case WEIR_TIMESTAMP:
    case WEIR_TIMESTAMPTZ:
    case WEIR_INT64: return ORDER_AT(int64_t);
    case WEIR_UINT8: return ORDER_AT(uint8_t);
    case WEIR_UINT16: return ORDER_AT(uint16_t);
    case WEIR_UINT32: return ORDER_AT(uint32_t);
    case WEIR_UINT64: return ORDER_AT(uint64_t);
    case WEIR_FLOAT32:
        return order_double((double)((const float *)base_a->values)[sa],
                            (double)((const float *)base_b->values)[sb]);
    case WEIR_FLOAT64:
        return order_double(((const double *)base_a->values)[sa],
                            ((const double *)base_b->values)[sb]);
    case WEIR_DECIMAL: return ORDER(decimal_at(base_a, sa), decimal_at(base_b, sb));
    case WEIR_INTERVAL:
        return weir_interval_compare((const weir_interval *)base_a->values + sa,
                                     (const weir_interval *)base_b->values + sb);
    case WEIR_UUID:
        return sign_of(memcmp((const uint8_t *)base_a->values + (size_t)sa * 16,
                              (const uint8_t *)base_b->values + (size_t)sb * 16, 16));
    case WEIR_STRING:
    case WEIR_BINARY:
    case WEIR_JSON: return order_bytes(weir_column_slice(a, row_a), weir_column_slice(b, row_b));
    case WEIR_LIST:
    case WEIR_STRUCT:
    case WEIR_MAP: return order_nested(base_a, sa, base_b, sb);
    }
    return 0;
}

/* ---- fixed width --------------------------------------------------------------------------- */

/* 64 bytes of 0 or 1 as the bits of a word. */
static inline uint64_t pack64(const uint8_t *bytes) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t eight;
        memcpy(&eight, bytes + i * 8, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        eight = __builtin_bswap64(eight);
#endif
        word |= (eight * 0x0102040810204080ull >> 56) << (i * 8);
    }
    return word;
}

#define IS_EQ(a, b) ((a) == (b))
#define IS_LT(a, b) ((a) < (b))
#define IS_LE(a, b) ((a) <= (b))
#define FLOAT_EQ(a, b) (((a) == (b)) | (((a) != (a)) & ((b) != (b))))
#define FLOAT_LT(a, b) (((a) < (b)) | (((b) != (b)) & ((a) == (a))))
#define FLOAT_LE(a, b) (((a) <= (b)) | ((b) != (b)))

/* step 0: b is one value for all rows. */
#define COMPARE_LOOP(TYPE, TEST)                                                                   \
    for (uint32_t at = 0; at < n; at += 64, out++) {                                               \
        uint32_t m = n - at < 64 ? n - at : 64;                                                    \
        const TYPE *x = (const TYPE *)a + at;                                                      \
        if (m < 64 && !step) {                                                                     \
            for (uint32_t i = 0; i < m; i++) bytes[i] = TEST(x[i], y0);                            \
        } else if (m < 64) {                                                                       \
            const TYPE *y = (const TYPE *)b + at;                                                  \
            for (uint32_t i = 0; i < m; i++) bytes[i] = TEST(x[i], y[i]);                          \
        } else if (!step) {                                                                        \
            for (uint32_t i = 0; i < 64; i++) bytes[i] = TEST(x[i], y0);                           \
        } else {                                                                                   \
            const TYPE *y = (const TYPE *)b + at;                                                  \
            for (uint32_t i = 0; i < 64; i++) bytes[i] = TEST(x[i], y[i]);                         \
        }                                                                                          \
        *out = pack64(bytes);                                                                      \
    }

#define COMPARE_TYPE(NAME, TYPE, EQ, LT, LE)                                                       \
    static void NAME(weir_compare_op op, const void *a, const void *b, bool step, uint32_t n,      \
                     uint64_t *out) {                                                              \
        uint8_t bytes[64] = {0};                                                                   \
        const TYPE y0 = n ? *(const TYPE *)b : (TYPE)0;                                            \
        if (op == WEIR_EQ) {                                                                       \
            COMPARE_LOOP(TYPE, EQ)                                                                 \
        } else if (op == WEIR_LT) {                                                                \
            COMPARE_LOOP(TYPE, LT)                                                                 \
        } else {                                                                                   \
            COMPARE_LOOP(TYPE, LE)                                                                 \
        }                                                                                          \
    }

COMPARE_TYPE(compare_i8, int8_t, IS_EQ, IS_LT, IS_LE)
COMPARE_TYPE(compare_i16, int16_t, IS_EQ, IS_LT, IS_LE)
COMPARE_TYPE(compare_i32, int32_t, IS_EQ, IS_LT, IS_LE)
COMPARE_TYPE(compare_i64, int64_t, IS_EQ, IS_LT, IS_LE)
COMPARE_TYPE(compare_u8, uint8_t, IS_EQ, IS_LT, IS_LE)
COMPARE_TYPE(compare_u16, uint16_t, IS_EQ, IS_LT, IS_LE)
COMPARE_TYPE(compare_u32, uint32_t, IS_EQ, IS_LT, IS_LE)
COMPARE_TYPE(compare_u64, uint64_t, IS_EQ, IS_LT, IS_LE)
COMPARE_TYPE(compare_i128, weir_int128, IS_EQ, IS_LT, IS_LE)
COMPARE_TYPE(compare_f32, float, FLOAT_EQ, FLOAT_LT, FLOAT_LE)
COMPARE_TYPE(compare_f64, double, FLOAT_EQ, FLOAT_LT, FLOAT_LE)

typedef void (*fixed_compare)(weir_compare_op, const void *, const void *, bool, uint32_t,
                              uint64_t *);

static fixed_compare fixed_of(const weir_type *t) {
    switch (t->id) {
    case WEIR_INT8: return compare_i8;
    case WEIR_INT16: return compare_i16;
    case WEIR_DATE:
    case WEIR_INT32: return compare_i32;
    case WEIR_TIME:
    case WEIR_TIMESTAMP:
    case WEIR_TIMESTAMPTZ:
    case WEIR_INT64: return compare_i64;
    case WEIR_UINT8: return compare_u8;
    case WEIR_UINT16: return compare_u16;
    case WEIR_UINT32: return compare_u32;
    case WEIR_UINT64: return compare_u64;
    case WEIR_FLOAT32: return compare_f32;
    case WEIR_FLOAT64: return compare_f64;
    case WEIR_DECIMAL: return t->width == 8 ? compare_i64 : compare_i128;
    default: return NULL;
    }
}

static void compare_bits(weir_compare_op op, const uint64_t *a, const uint64_t *b, bool step,
                         uint32_t n, uint64_t *out) {
    uint64_t all = n && weir_bit_get(b, 0) ? ~0ull : 0;
    for (size_t w = 0; w < weir_bit_words(n); w++) {
        uint64_t x = a[w], y = step ? b[w] : all;
        out[w] = op == WEIR_EQ ? ~(x ^ y) : op == WEIR_LT ? ~x & y : ~x | y;
    }
}

/* ---- texts --------------------------------------------------------------------------------- */

static inline bool same_view(const weir_column *a, const weir_view *x, const weir_column *b,
                             const weir_view *y) {
    if (x->words[0] != y->words[0]) return false; /* length and first four bytes */
    if (x->in.size <= 12) return x->words[1] == y->words[1];
    return memcmp(weir_view_slice(a, x).data, weir_view_slice(b, y).data, x->in.size) == 0;
}

static inline int order_views(const weir_column *a, const weir_view *x, const weir_column *b,
                              const weir_view *y) {
    uint32_t p, q;
    memcpy(&p, x->in.bytes, 4); /* shorter texts are padded with zeros, which come first */
    memcpy(&q, y->in.bytes, 4);
    if (p != q) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        p = __builtin_bswap32(p);
        q = __builtin_bswap32(q);
#endif
        return p < q ? -1 : 1;
    }
    return order_bytes(weir_view_slice(a, x), weir_view_slice(b, y));
}

/* Both PLAIN (or b one value when step is false); only rows that are alive and valid in `valid`. */
static void compare_views(weir_compare_op op, const weir_column *a, const weir_column *b, bool step,
                          const weir_rows *rows, const uint64_t *valid, uint64_t *out) {
    const weir_view *x = a->values, *y = b->values;
    memset(out, 0, weir_bit_words(rows->length) * 8);
    for (uint32_t k = 0; k < rows->n; k++) {
        uint32_t row = weir_rows_at(rows, k);
        if (valid && !weir_bit_get(valid, row)) continue;
        const weir_view *v = step ? y + row : y;
        bool bit = op == WEIR_EQ ? same_view(a, x + row, b, v)
                                 : order_views(a, x + row, b, v) < (op == WEIR_LE);
        out[row >> 6] |= (uint64_t)bit << (row & 63);
    }
}

/* Intervals, uuids, nested values: row by row. */
static void compare_rows(weir_compare_op op, const weir_column *a, const weir_column *b,
                         const weir_rows *rows, const uint64_t *valid, uint64_t *out) {
    memset(out, 0, weir_bit_words(rows->length) * 8);
    for (uint32_t k = 0; k < rows->n; k++) {
        uint32_t row = weir_rows_at(rows, k);
        if (valid && !weir_bit_get(valid, row)) continue;
        int order = weir_compare_values(a, row, b, row);
        if (op == WEIR_EQ ? order == 0 : order < (op == WEIR_LE)) weir_bit_set(out, row);
    }
}

/* ---- the kernel ---------------------------------------------------------------------------- */

/* Validity and poison of the result: null where either side is null. */
static weir_status merge_bitmaps(weir_column *out, const weir_column *a, const weir_column *b,
                                 weir_ledger *ledger, weir_error *err) {
    const weir_column *sides[2] = {a, b};
    size_t words = weir_bit_words(out->length);
    for (int i = 0; i < 2; i++) {
        const weir_column *c = sides[i];
        bool constant = c->encoding == WEIR_CONSTANT;
        if (c->type->id == WEIR_NULL || (constant && weir_column_is_null(c, 0))) {
            weir_status status = weir_column_need_validity(out, ledger, err);
            if (status != WEIR_OK) return status;
            memset(out->validity, 0, words * 8);
        } else if (c->validity && !constant) {
            weir_status status = weir_column_need_validity(out, ledger, err);
            if (status != WEIR_OK) return status;
            for (size_t w = 0; w < words; w++) out->validity[w] &= c->validity[w];
        }
        if (c->poison && (!constant || weir_bit_get(c->poison, 0))) {
            weir_status status = weir_column_need_poison(out, ledger, err);
            if (status != WEIR_OK) return status;
            for (size_t w = 0; w < words; w++) out->poison[w] |= constant ? ~0ull : c->poison[w];
        }
    }
    return WEIR_OK;
}

static weir_compare_op opposite(weir_compare_op op) {
    switch (op) {
    case WEIR_NE: return WEIR_EQ;
    case WEIR_GE: return WEIR_LT;
    case WEIR_GT: return WEIR_LE;
    default: return op;
    }
}

/* a is PLAIN; b is PLAIN, or a CONSTANT that is not null. */
static void compare_core(weir_compare_op op, const weir_column *a, const weir_column *b,
                         const weir_rows *rows, const uint64_t *valid, uint64_t *out) {
    weir_compare_op basic = opposite(op);
    bool step = b->encoding == WEIR_PLAIN;
    fixed_compare fixed = fixed_of(a->type);
    if (a->type->id == WEIR_DECIMAL && a->type->width != b->type->width) fixed = NULL;
    if (fixed)
        fixed(basic, a->values, b->values, step, rows->length, out);
    else if (a->type->id == WEIR_BOOL)
        compare_bits(basic, a->values, b->values, step, rows->length, out);
    else if (weir_type_is_view(a->type))
        compare_views(basic, a, b, step, rows, valid, out);
    else if (a->type->id != WEIR_NULL)
        compare_rows(basic, a, b, rows, valid, out);
    if (basic != op)
        for (size_t w = 0; w < weir_bit_words(rows->length); w++) out[w] = ~out[w];
}

/* A dictionary against one value: the dictionary is compared, the rows look up. */
static weir_status compare_dictionary(weir_compare_op op, const weir_column *a,
                                      const weir_column *b, const weir_rows *rows, uint64_t *out,
                                      weir_error *err) {
    uint32_t n = a->dictionary->length;
    weir_rows all = {NULL, n, n};
    uint64_t *bits = weir_alloc_zero(weir_bit_words(n) + 1, sizeof *bits);
    if (!bits) return weir_error_nomem(err);
    compare_core(op, a->dictionary, b, &all, NULL, bits);
    memset(out, 0, weir_bit_words(rows->length) * 8);
    for (uint32_t k = 0; k < rows->n; k++) {
        uint32_t row = weir_rows_at(rows, k);
        uint32_t at = (uint32_t)a->indices[row];
        if (at >= n) continue; /* a null of an empty dictionary */
        out[row >> 6] |= (uint64_t)weir_bit_get(bits, at) << (row & 63);
    }
    weir_free(bits);
    return WEIR_OK;
}

static weir_compare_op swapped(weir_compare_op op) {
    switch (op) {
    case WEIR_LT: return WEIR_GT;
    case WEIR_LE: return WEIR_GE;
    case WEIR_GT: return WEIR_LT;
    case WEIR_GE: return WEIR_LE;
    default: return op;
    }
}

static weir_status compare_constants(weir_compare_op op, const weir_column *a, const weir_column *b,
                                     uint32_t length, weir_ledger *ledger, weir_column **out,
                                     weir_error *err) {
    bool null = weir_column_is_null(a, 0) || weir_column_is_null(b, 0);
    int d = null ? 0 : weir_compare_values(a, 0, b, 0);
    bool eq = op == WEIR_EQ || op == WEIR_LE || op == WEIR_GE;
    bool lt = op == WEIR_LT || op == WEIR_LE || op == WEIR_NE;
    bool gt = op == WEIR_GT || op == WEIR_GE || op == WEIR_NE;
    uint8_t value = d == 0 ? eq : d < 0 ? lt : gt;
    weir_status status = weir_column_constant(weir_type_of(WEIR_BOOL), length, null ? NULL : &value,
                                              1, ledger, out, err);
    if (status != WEIR_OK) return status;
    if (weir_column_is_poisoned(a, 0) || weir_column_is_poisoned(b, 0))
        status = weir_column_set_null(*out, 0, true, ledger, err);
    return status;
}

static bool comparable(const weir_type *a, const weir_type *b) {
    if (a == b || a->id == WEIR_NULL || b->id == WEIR_NULL) return true;
    return a->id == b->id && a->scale == b->scale && !weir_type_is_nested(a);
}

weir_status weir_compare(weir_compare_op op, const weir_column *a, const weir_column *b,
                         weir_rows rows, weir_ctx *ctx, weir_column **out, weir_error *err) {
    weir_ledger *ledger = weir_ctx_ledger(ctx);
    weir_column *result = NULL, *plain_a = NULL, *plain_b = NULL;
    weir_status status = WEIR_OK;
    if (!comparable(a->type, b->type))
        return weir_error_set(err, WEIR_USAGE, "%s cannot be compared with %s", a->type->name,
                              b->type->name);
    if (a->encoding == WEIR_CONSTANT && b->encoding == WEIR_CONSTANT) {
        WEIR_TRY(compare_constants(op, a, b, rows.length, ledger, &result, err));
        goto done;
    }
    if (a->encoding == WEIR_CONSTANT) {
        const weir_column *c = a;
        a = b;
        b = c;
        op = swapped(op);
    }
    WEIR_TRY(weir_column_new(weir_type_of(WEIR_BOOL), rows.length, ledger, &result, err));
    WEIR_TRY(merge_bitmaps(result, a, b, ledger, err));
    bool known = a->type->id != WEIR_NULL && b->type->id != WEIR_NULL &&
                 !(b->encoding == WEIR_CONSTANT && weir_column_is_null(b, 0));
    if (!known) goto done; /* all null */
    if (b->encoding == WEIR_CONSTANT && weir_dictionary_pays(a, &rows)) {
        WEIR_TRY(compare_dictionary(op, a, b, &rows, result->values, err));
    } else {
        WEIR_TRY(weir_decode_plain(a, ctx, &plain_a, err));
        if (b->encoding == WEIR_DICTIONARY) WEIR_TRY(weir_decode_plain(b, ctx, &plain_b, err));
        compare_core(op, plain_a, plain_b ? plain_b : b, &rows, result->validity, result->values);
    }
done:
    *out = result;
    result = NULL;
out:
    weir_column_release(plain_a);
    weir_column_release(plain_b);
    weir_column_release(result);
    return status;
}
