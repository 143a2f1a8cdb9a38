/* Casts among bool, integers, floats and decimals.
 *
 * Work goes in chunks: load into one wide type, convert, store.  The switches over types stand
 * outside the loops; chunks stay in the first cache.  Exact types (bool, integers, decimals) pass
 * through int64 when both ends fit it and through __int128 else; floats pass through double.
 */
#include "column/cast_job.h"

#include <math.h>

#define CHUNK 256u

const int64_t weir_cast_pow10[19] = {1,
                                     10,
                                     100,
                                     1000,
                                     10000,
                                     100000,
                                     1000000,
                                     10000000,
                                     100000000,
                                     1000000000,
                                     10000000000,
                                     100000000000,
                                     1000000000000,
                                     10000000000000,
                                     100000000000000,
                                     1000000000000000,
                                     10000000000000000,
                                     100000000000000000,
                                     1000000000000000000};

/* 10^n, n 0..38. */
static weir_int128 power(int n) {
    return n <= 18 ? weir_cast_pow10[n]
                   : (weir_int128)weir_cast_pow10[18] *
                         (n <= 36 ? weir_cast_pow10[n - 18]
                                  : weir_cast_pow10[18] * (weir_int128)weir_cast_pow10[n - 36]);
}

bool weir_cast_fits(weir_int128 v, int precision) {
    weir_int128 limit = power(precision);
    return v < limit && v > -limit;
}

weir_num weir_cast_rescale(weir_int128 v, int from_scale, int to_scale,
                           const weir_cast_options *options, weir_int128 *out) {
    if (to_scale >= from_scale)
        return __builtin_mul_overflow(v, power(to_scale - from_scale), out) ? WEIR_NUM_RANGE
                                                                            : WEIR_NUM_OK;
    weir_int128 p = power(from_scale - to_scale), q = v / p, r = v % p;
    if (r) {
        if (!options->lossy_round && !options->lossy_trunc) return WEIR_NUM_LOSSY;
        if (options->lossy_round && (r < 0 ? -r : r) >= p - (r < 0 ? -r : r)) q += r < 0 ? -1 : 1;
    }
    *out = q;
    return WEIR_NUM_OK;
}

/* ---- chunks -------------------------------------------------------------------------------- */

/* Row numbers of a chunk; null rows are converted, too: their values may be read, and nothing is
 * noted about them. */
typedef struct chunk {
    uint32_t n;
    uint32_t rows[CHUNK];
} chunk;

static void fill_chunk(const weir_rows *rows, uint32_t k, chunk *c) {
    c->n = rows->n - k < CHUNK ? rows->n - k : CHUNK;
    if (rows->sel)
        for (uint32_t i = 0; i < c->n; i++) c->rows[i] = rows->sel[k + i];
    else
        for (uint32_t i = 0; i < c->n; i++) c->rows[i] = k + i;
}

#define LOAD(TYPE)                                                                                 \
    {                                                                                              \
        for (uint32_t i = 0; i < c->n; i++) to[i] = ((const TYPE *)v)[c->rows[i]];                 \
        break;                                                                                     \
    }
#define LOAD_BITS()                                                                                \
    {                                                                                              \
        for (uint32_t i = 0; i < c->n; i++) to[i] = weir_bit_get(v, c->rows[i]);                   \
        break;                                                                                     \
    }

static void load64(const weir_column *in, const chunk *c, int64_t *to) {
    const void *v = in->values;
    switch (in->type->id) {
    case WEIR_BOOL: LOAD_BITS()
    case WEIR_INT8: LOAD(int8_t)
    case WEIR_INT16: LOAD(int16_t)
    case WEIR_INT32: LOAD(int32_t)
    case WEIR_UINT8: LOAD(uint8_t)
    case WEIR_UINT16: LOAD(uint16_t)
    case WEIR_UINT32: LOAD(uint32_t)
    default: LOAD(int64_t) /* INT64, and DECIMAL of 8 bytes */
    }
}

static void load128(const weir_column *in, const chunk *c, weir_int128 *to) {
    const void *v = in->values;
    switch (in->type->id) {
    case WEIR_BOOL: LOAD_BITS()
    case WEIR_INT8: LOAD(int8_t)
    case WEIR_INT16: LOAD(int16_t)
    case WEIR_INT32: LOAD(int32_t)
    case WEIR_INT64: LOAD(int64_t)
    case WEIR_UINT8: LOAD(uint8_t)
    case WEIR_UINT16: LOAD(uint16_t)
    case WEIR_UINT32: LOAD(uint32_t)
    case WEIR_UINT64: LOAD(uint64_t)
    default:
        if (in->type->width == 8) LOAD(int64_t)
        LOAD(weir_int128)
    }
}

/* Stores what the mask of good values allows; the type's own range has been checked. */
#define STORE(TYPE)                                                                                \
    {                                                                                              \
        for (uint32_t i = 0; i < c->n; i++) ((TYPE *)v)[c->rows[i]] = (TYPE)from[i];               \
        break;                                                                                     \
    }
#define STORE_ALL(FROM, NAME)                                                                      \
    static void NAME(weir_column *out, const chunk *c, const FROM *from) {                         \
        void *v = out->values;                                                                     \
        switch (out->type->id) {                                                                   \
        case WEIR_BOOL:                                                                            \
            for (uint32_t i = 0; i < c->n; i++)                                                    \
                if (from[i]) weir_bit_set(v, c->rows[i]);                                          \
            break;                                                                                 \
        case WEIR_INT8: STORE(int8_t)                                                              \
        case WEIR_INT16: STORE(int16_t)                                                            \
        case WEIR_INT32: STORE(int32_t)                                                            \
        case WEIR_INT64: STORE(int64_t)                                                            \
        case WEIR_UINT8: STORE(uint8_t)                                                            \
        case WEIR_UINT16: STORE(uint16_t)                                                          \
        case WEIR_UINT32: STORE(uint32_t)                                                          \
        case WEIR_UINT64: STORE(uint64_t)                                                          \
        default:                                                                                   \
            if (out->type->width == 8) STORE(int64_t)                                              \
            STORE(weir_int128)                                                                     \
        }                                                                                          \
    }
STORE_ALL(int64_t, store64)
STORE_ALL(weir_int128, store128)

/* Smallest and largest scaled value of an exact type. */
static void range_of(const weir_type *t, weir_int128 *min, weir_int128 *max) {
    switch (t->id) {
    case WEIR_BOOL: *min = 0, *max = 1; break;
    case WEIR_DECIMAL: *max = power(t->precision) - 1, *min = -*max; break;
    default: {
        int bits = t->width * 8;
        bool is_signed = weir_type_is_signed(t);
        *max = ((weir_int128)1 << (is_signed ? bits - 1 : bits)) - 1;
        *min = is_signed ? -*max - 1 : 0;
    }
    }
}

/* Notes the codes of a chunk (0 = fine) for the rows that are not null. */
static weir_status note(weir_cast_job *job, const chunk *c, const uint8_t *codes, weir_error *err) {
    for (uint32_t i = 0; i < c->n; i++) {
        if (!codes[i] || weir_column_is_null(job->in, c->rows[i])) continue;
        weir_status status = weir_cast_fail(job, c->rows[i], codes[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* ---- exact to exact ------------------------------------------------------------------------ */

typedef struct exact_plan {
    int from_scale, to_scale;
    weir_int128 min, max;
} exact_plan;

/* Codes of the chunk into codes; any code set? */
static bool convert64(const exact_plan *p, const weir_cast_options *o, uint32_t n, int64_t *v,
                      uint8_t *codes) {
    int64_t min = (int64_t)p->min, max = (int64_t)p->max;
    uint8_t any = 0;
    if (p->to_scale >= p->from_scale) {
        int64_t factor = weir_cast_pow10[p->to_scale - p->from_scale];
        for (uint32_t i = 0; i < n; i++) {
            int64_t r;
            bool bad = __builtin_mul_overflow(v[i], factor, &r);
            bad |= (r < min) | (r > max);
            v[i] = r;
            any |= codes[i] = bad ? WEIR_NUM_RANGE : 0;
        }
        return any;
    }
    int64_t divisor = weir_cast_pow10[p->from_scale - p->to_scale];
    bool lossy = o->lossy_round || o->lossy_trunc;
    for (uint32_t i = 0; i < n; i++) {
        int64_t q = v[i] / divisor, r = v[i] - q * divisor, m = r < 0 ? -r : r;
        bool inexact = r != 0 && !lossy;
        if (o->lossy_round && m >= divisor - m) q += r < 0 ? -1 : 1;
        v[i] = q;
        bool outside = (q < min) | (q > max);
        any |= codes[i] = outside ? WEIR_NUM_RANGE : inexact ? WEIR_NUM_LOSSY : 0;
    }
    return any;
}

static bool convert128(const exact_plan *p, const weir_cast_options *o, uint32_t n, weir_int128 *v,
                       uint8_t *codes) {
    uint8_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        weir_num code = weir_cast_rescale(v[i], p->from_scale, p->to_scale, o, &v[i]);
        if (code == WEIR_NUM_OK && (v[i] < p->min || v[i] > p->max)) code = WEIR_NUM_RANGE;
        any |= codes[i] = (uint8_t)code;
    }
    return any;
}

static bool fits_int64(const weir_type *t) {
    return t->width <= 8 && t->id != WEIR_UINT64;
}

static weir_status exact_to_exact(weir_cast_job *job, weir_error *err) {
    const weir_type *from = job->in->type, *to = job->out->type;
    exact_plan plan = {.from_scale = from->scale, .to_scale = to->scale};
    union {
        int64_t narrow[CHUNK];
        weir_int128 wide[CHUNK];
    } v;
    uint8_t codes[CHUNK];
    chunk c;
    bool narrow = fits_int64(from) && fits_int64(to);
    range_of(to, &plan.min, &plan.max);
    for (uint32_t k = 0; k < job->rows.n; k += CHUNK) {
        bool bad;
        fill_chunk(&job->rows, k, &c);
        if (narrow) {
            load64(job->in, &c, v.narrow);
            bad = convert64(&plan, job->options, c.n, v.narrow, codes);
            store64(job->out, &c, v.narrow);
        } else {
            load128(job->in, &c, v.wide);
            bad = convert128(&plan, job->options, c.n, v.wide, codes);
            store128(job->out, &c, v.wide);
        }
        if (bad) {
            weir_status status = note(job, &c, codes, err);
            if (status != WEIR_OK) return status;
        }
    }
    return WEIR_OK;
}

/* ---- exact to float ------------------------------------------------------------------------ */

/* The nearest double of v / 10^scale, and whether its shortest text is that very decimal (for a
 * float: the same with floats).  Integers and short decimals need no text. */
static weir_num to_double(weir_int128 v, int scale, bool single, bool lossy, double *out) {
    char text[WEIR_NUM_DECIMAL_MAX];
    weir_int128 m = v < 0 ? -v : v, back = 0;
    if (scale == 0) {
        double d = single ? (double)(float)v : (double)v;
        *out = d;
        /* 2^127 is the only rounding that leaves int128; it is not exact. */
        bool exact = fabs(d) < 1.7e38 && (weir_int128)d == v;
        return exact || lossy ? WEIR_NUM_OK : WEIR_NUM_LOSSY;
    }
    if (!single && m < 1000000000000000 && scale <= 18) { /* 15 digits always come back */
        *out = (double)(int64_t)v / (double)weir_cast_pow10[scale];
        return WEIR_NUM_OK;
    }
    size_t n = weir_num_format_decimal128(v, scale, text);
    float f = 0;
    weir_num code =
        single ? weir_num_parse_float(text, n, 0, &f) : weir_num_parse_double(text, n, 0, out);
    if (code != WEIR_NUM_OK) return code;
    if (single) *out = f;
    char again[WEIR_NUM_DOUBLE_MAX];
    n = single ? weir_num_format_float(f, again) : weir_num_format_double(*out, again);
    if (weir_num_parse_decimal128(again, n, 38, scale, &back) == WEIR_NUM_OK && back == v)
        return WEIR_NUM_OK;
    return lossy ? WEIR_NUM_OK : WEIR_NUM_LOSSY;
}

static weir_status exact_to_float(weir_cast_job *job, weir_error *err) {
    bool single = job->out->type->id == WEIR_FLOAT32;
    bool lossy = job->options->lossy_round || job->options->lossy_trunc;
    int scale = job->in->type->scale;
    weir_int128 v[CHUNK];
    chunk c;
    for (uint32_t k = 0; k < job->rows.n; k += CHUNK) {
        fill_chunk(&job->rows, k, &c);
        load128(job->in, &c, v);
        for (uint32_t i = 0; i < c.n; i++) {
            double d = 0;
            uint32_t row = c.rows[i];
            if (weir_column_is_null(job->in, row)) continue;
            weir_num code = to_double(v[i], scale, single, lossy, &d);
            if (code != WEIR_NUM_OK) {
                weir_status status = weir_cast_fail(job, row, code, err);
                if (status != WEIR_OK) return status;
            }
            if (single)
                ((float *)job->out->values)[row] = (float)d;
            else
                ((double *)job->out->values)[row] = d;
        }
    }
    return WEIR_OK;
}

/* ---- from float ---------------------------------------------------------------------------- */

/* The decimal that the shortest text of d stands for, at scale.  0.1 is 0.1 here, whatever its
 * bits. */
static weir_num from_text_of(double d, bool single, int precision, int scale,
                             const weir_cast_options *o, weir_int128 *out) {
    char text[WEIR_NUM_DOUBLE_MAX];
    weir_num_shape shape;
    size_t n = single ? weir_num_format_float((float)d, text) : weir_num_format_double(d, text);
    weir_num code = weir_num_parse_decimal128(text, n, precision, scale, out);
    if (code != WEIR_NUM_LOSSY || (!o->lossy_round && !o->lossy_trunc)) return code;
    /* At most 17 digits; those far below the scale do not matter. */
    if (weir_num_measure(text, n, &shape) != WEIR_NUM_OK) return WEIR_NUM_RANGE;
    if (shape.fraction > 38 || shape.whole + shape.fraction > 38) {
        *out = 0; /* below 10^-21: rounds and cuts to zero at every scale up to 20 */
        if (scale > 20) return WEIR_NUM_LOSSY;
        if (fabs(d) < 1) return WEIR_NUM_OK;
        return WEIR_NUM_RANGE;
    }
    weir_int128 exact;
    code = weir_num_parse_decimal128(text, n, 38, shape.fraction, &exact);
    if (code != WEIR_NUM_OK) return code;
    return weir_cast_rescale(exact, shape.fraction, scale, o, out);
}

/* A float to an exact value of scale 0. */
static weir_num whole(double d, const weir_cast_options *o, weir_int128 *out) {
    if (!(fabs(d) < 1.7e38)) return WEIR_NUM_RANGE; /* NaN, too */
    double t = trunc(d);
    if (t != d) {
        if (o->lossy_round)
            t = round(d); /* halves away from zero */
        else if (!o->lossy_trunc)
            return WEIR_NUM_LOSSY;
    }
    *out = (weir_int128)t;
    return WEIR_NUM_OK;
}

static weir_status float_to_exact(weir_cast_job *job, weir_error *err) {
    const weir_type *to = job->out->type;
    bool single = job->in->type->id == WEIR_FLOAT32;
    weir_int128 min, max, v[CHUNK];
    uint8_t codes[CHUNK];
    chunk c;
    range_of(to, &min, &max);
    for (uint32_t k = 0; k < job->rows.n; k += CHUNK) {
        uint8_t any = 0;
        fill_chunk(&job->rows, k, &c);
        for (uint32_t i = 0; i < c.n; i++) {
            uint32_t row = c.rows[i];
            v[i] = codes[i] = 0;
            if (weir_column_is_null(job->in, row)) continue;
            double d = single ? (double)((const float *)job->in->values)[row]
                              : ((const double *)job->in->values)[row];
            weir_num code = WEIR_NUM_RANGE;
            if (to->id == WEIR_DECIMAL && d - d == 0)
                code = from_text_of(d, single, to->precision, to->scale, job->options, &v[i]);
            else if (to->id != WEIR_DECIMAL)
                code = whole(d, job->options, &v[i]);
            if (code == WEIR_NUM_OK && (v[i] < min || v[i] > max)) code = WEIR_NUM_RANGE;
            any |= codes[i] = (uint8_t)code;
        }
        store128(job->out, &c, v);
        if (any) {
            weir_status status = note(job, &c, codes, err);
            if (status != WEIR_OK) return status;
        }
    }
    return WEIR_OK;
}

static weir_status float_to_float(weir_cast_job *job, weir_error *err) {
    weir_status status = WEIR_OK;
    bool lossy = job->options->lossy_round || job->options->lossy_trunc;
    if (job->in->type->id == WEIR_FLOAT32) {
        const float *from = job->in->values;
        double *to = job->out->values;
        WEIR_CAST_ROWS(job, { to[row] = from[row]; });
        return WEIR_OK;
    }
    const double *from = job->in->values;
    float *to = job->out->values;
    WEIR_CAST_ROWS(job, {
        double d = from[row];
        float f = (float)d;
        to[row] = f;
        if ((double)f != d && d == d) {
            bool overflow = fabs(d) > 3.4028234663852886e38 && d - d == 0;
            if (overflow || !lossy)
                WEIR_TRY(
                    weir_cast_fail(job, row, overflow ? WEIR_CAST_RANGE : WEIR_CAST_LOSSY, err));
        }
    });
out:
    return status;
}

weir_status weir_cast_numbers(weir_cast_job *job, weir_error *err) {
    bool from_float = weir_type_is_float(job->in->type),
         to_float = weir_type_is_float(job->out->type);
    if (from_float) return to_float ? float_to_float(job, err) : float_to_exact(job, err);
    return to_float ? exact_to_float(job, err) : exact_to_exact(job, err);
}
