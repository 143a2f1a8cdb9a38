/* Fast kernels: each converts up to 64 fields of one column and leaves quoted, empty and unusual
 * ones to the exact path.  They accept less than the exact path, and what they accept they convert
 * alike. */
#include "format/csv_kernels.h"

#include "base/cpu.h"

/* ---- integers ------------------------------------------------------------------------------ */

#define INTEGER_KERNEL(name, ctype)                                                                \
    static uint64_t name(const weir_csv_target *t, const weir_csv_cells *c, void *out) {           \
        ctype *values = out;                                                                       \
        const int64_t min = t->min, max = t->max;                                                  \
        uint64_t left = 0;                                                                         \
        for (uint32_t i = 0; i < c->n; i++) {                                                      \
            size_t n = c->end[i] - c->start[i];                                                    \
            int64_t v = 0;                                                                         \
            bool good = n && weir_num_parse_int64_padded((const char *)c->data + c->start[i], n,   \
                                                         &v) == WEIR_NUM_OK;                       \
            good = good && v >= min && v <= max;                                                   \
            left |= (uint64_t)!good << i;                                                          \
            values[i] = good ? (ctype)v : 0;                                                       \
        }                                                                                          \
        return left;                                                                               \
    }

INTEGER_KERNEL(int64_kernel, int64_t)
INTEGER_KERNEL(int32_kernel, int32_t)
INTEGER_KERNEL(int16_kernel, int16_t)
INTEGER_KERNEL(int8_kernel, int8_t)

/* ---- decimals ------------------------------------------------------------------------------ */

/* "123.45" with exactly `scale` digits behind the point and at most 8 digits in all, without sign.
 */
static inline bool short_decimal(const char *p, size_t n, unsigned scale, unsigned precision,
                                 int64_t *out) {
    size_t whole = n - scale - 1;
    if (n < (size_t)scale + 2 || whole + scale > 8 || whole + scale > precision || p[whole] != '.')
        return false;
    uint64_t w = weir_num_digits8(weir_num_load8(p), whole) >> (8 * scale) |
                 weir_num_digits8(weir_num_load8(p + whole + 1), scale);
    if (!weir_num_valid8(w)) return false;
    *out = weir_num_value8(w);
    return true;
}

static uint64_t decimal64_kernel(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    int64_t *values = out;
    const unsigned precision = t->type->precision, scale = t->type->scale;
    uint64_t left = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const char *p = (const char *)c->data + c->start[i];
        size_t n = c->end[i] - c->start[i];
        int64_t v = 0;
        bool good = scale && scale < 8 && short_decimal(p, n, scale, precision, &v);
        if (!good)
            good = n && weir_num_parse_decimal64_padded(p, n, (int)precision, (int)scale, &v) ==
                            WEIR_NUM_OK;
        left |= (uint64_t)!good << i;
        values[i] = good ? v : 0;
    }
    return left;
}

/* ---- floats, booleans ---------------------------------------------------------------------- */

static uint64_t float64_kernel(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    double *values = out;
    uint64_t left = 0;
    (void)t;
    for (uint32_t i = 0; i < c->n; i++) {
        double v = 0;
        bool good =
            weir_num_parse_double((const char *)c->data + c->start[i], c->end[i] - c->start[i],
                                  WEIR_NUM_WORDS, &v) == WEIR_NUM_OK;
        left |= (uint64_t)!good << i;
        values[i] = good ? v : 0;
    }
    return left;
}

/* One bit a row in one word, which the caller shifts into place. */
static uint64_t bool_kernel(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    uint64_t left = 0, bits = 0;
    (void)t;
    for (uint32_t i = 0; i < c->n; i++) {
        bool v = false;
        bool good = weir_num_parse_bool((const char *)c->data + c->start[i],
                                        c->end[i] - c->start[i], &v) == WEIR_NUM_OK;
        left |= (uint64_t)!good << i;
        bits |= (uint64_t)v << i;
    }
    memcpy(out, &bits, 8);
    return left;
}

/* ---- dates and timestamps ------------------------------------------------------------------ */

static uint64_t date_kernel(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    int32_t *values = out;
    uint64_t left = 0;
    (void)t;
    for (uint32_t i = 0; i < c->n; i++) {
        int32_t v = 0;
        bool good = weir_date_parse((const char *)c->data + c->start[i], c->end[i] - c->start[i],
                                    &v) == WEIR_NUM_OK;
        left |= (uint64_t)!good << i;
        values[i] = good ? v : 0;
    }
    return left;
}

static uint64_t timestamp_kernel(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    int64_t *values = out;
    uint64_t left = 0;
    (void)t;
    for (uint32_t i = 0; i < c->n; i++) {
        int64_t v = 0;
        bool good = weir_timestamp_parse((const char *)c->data + c->start[i],
                                         c->end[i] - c->start[i], &v) == WEIR_NUM_OK;
        left |= (uint64_t)!good << i;
        values[i] = good ? v : 0;
    }
    return left;
}

static uint64_t timestamptz_kernel(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    int64_t *values = out;
    weir_zone_cache zone = t->zone;
    uint64_t left = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        int64_t v = 0;
        bool good =
            weir_timestamptz_parse((const char *)c->data + c->start[i], c->end[i] - c->start[i],
                                   &zone, t->ambiguous, &v) == WEIR_NUM_OK;
        left |= (uint64_t)!good << i;
        values[i] = good ? v : 0;
    }
    return left;
}

static uint64_t program_kernel(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    weir_zone_cache zone = t->zone;
    uint64_t left = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        int64_t v = 0;
        bool good = weir_time_program_parse(
                        t->program, t->time_kind, (const char *)c->data + c->start[i],
                        c->end[i] - c->start[i], &zone, t->ambiguous, &v) == WEIR_NUM_OK;
        left |= (uint64_t)!good << i;
        if (t->type->width == 4)
            ((int32_t *)out)[i] = good ? (int32_t)v : 0;
        else
            ((int64_t *)out)[i] = good ? v : 0;
    }
    return left;
}

/* ---- strings ------------------------------------------------------------------------------- */

static uint64_t string_kernel(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    weir_view *values = out;
    uint64_t left = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t n = c->end[i] - c->start[i];
        const uint8_t *p = c->data + c->start[i];
        left |= (uint64_t)(n && p[0] == t->quote) << i;
        values[i] = weir_view_make(p, n, t->block, c->start[i]);
    }
    return left;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static uint64_t none_kernel(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    memset(out, 0, (size_t)c->n * t->type->width);
    return c->n == 64 ? ~0ull : (1ull << c->n) - 1;
}

weir_csv_kernel weir_csv_kernel_portable(const weir_csv_target *t) {
    if (t->program) return program_kernel;
    switch (t->type->id) {
    case WEIR_INT64: return int64_kernel;
    case WEIR_INT32:
    case WEIR_UINT32: return int32_kernel;
    case WEIR_INT16:
    case WEIR_UINT16: return int16_kernel;
    case WEIR_INT8:
    case WEIR_UINT8: return int8_kernel;
    case WEIR_DECIMAL: return t->type->width == 8 ? decimal64_kernel : none_kernel;
    case WEIR_FLOAT64: return float64_kernel;
    case WEIR_BOOL: return bool_kernel;
    case WEIR_DATE: return date_kernel;
    case WEIR_TIMESTAMP: return timestamp_kernel;
    case WEIR_TIMESTAMPTZ: return timestamptz_kernel;
    case WEIR_STRING: return string_kernel;
    default: return none_kernel;
    }
}

weir_csv_kernel weir_csv_kernel_pick(const weir_csv_target *t) {
#if defined(__x86_64__)
    if (weir_cpu_has_sse42() && !t->program) {
        switch (t->type->id) {
        case WEIR_STRING: return weir_csv_string_sse4;
        case WEIR_DATE: return weir_csv_date_sse4;
        case WEIR_TIMESTAMP: return weir_csv_timestamp_sse4;
        case WEIR_TIMESTAMPTZ: return weir_csv_timestamptz_sse4;
        default: break;
        }
    }
#endif
    return weir_csv_kernel_portable(t);
}
