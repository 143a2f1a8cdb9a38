/* Stored values to values of their types. */
#include "format/parquet.h"
#include "text/utf8.h"

uint32_t weir_parquet_stored_bytes(const weir_parquet_node *n) {
    static const uint8_t sizes[] = {0, 4, 8, 12, 4, 8, 0};
    return n->physical == WEIR_PARQUET_FIXED ? (uint32_t)n->length : sizes[n->physical];
}

bool weir_parquet_walk(const uint8_t **p, const uint8_t *end, uint32_t n, weir_slice *out) {
    const uint8_t *at = *p;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t size;
        if (end - at < 4) return false;
        memcpy(&size, at, 4);
        at += 4;
        if (size > (size_t)(end - at)) return false;
        out[i] = (weir_slice){(const char *)at, size};
        at += size;
    }
    *p = at;
    return true;
}

static int32_t get32(const uint8_t *p) {
    int32_t v;
    memcpy(&v, p, 4);
    return v;
}
static int64_t get64(const uint8_t *p) {
    int64_t v;
    memcpy(&v, p, 8);
    return v;
}

static void narrow(const weir_type *t, const uint8_t *in, uint32_t n, void *out) {
    if (t->width == 1) {
        for (uint32_t i = 0; i < n; i++) ((uint8_t *)out)[i] = in[4 * i];
    } else {
        for (uint32_t i = 0; i < n; i++) memcpy((uint16_t *)out + i, in + 4 * i, 2);
    }
}

/* Whether every int32 is one of the narrow type; where not, the value is a fault. */
static bool check_narrow(const weir_type *t, const uint8_t *in, uint32_t n, uint8_t *faults) {
    int32_t low = t->id == WEIR_INT8 ? INT8_MIN : t->id == WEIR_INT16 ? INT16_MIN : 0;
    int32_t high = t->id == WEIR_INT8    ? INT8_MAX
                   : t->id == WEIR_UINT8 ? UINT8_MAX
                   : t->id == WEIR_INT16 ? INT16_MAX
                                         : UINT16_MAX;
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        int32_t v = get32(in + 4 * (size_t)i);
        if (v >= low && v <= high) continue;
        faults[i] = WEIR_PARQUET_TOO_LARGE;
        any = true;
    }
    return any;
}

static bool times(const uint8_t *in, uint32_t n, int64_t *out, uint8_t *faults) {
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        if (!__builtin_mul_overflow(get64(in + 8 * (size_t)i), 1000, &out[i])) continue;
        faults[i] = WEIR_PARQUET_TOO_LARGE;
        any = true;
    }
    return any;
}

static bool through(const uint8_t *in, uint32_t n, int64_t *out, uint8_t *faults) {
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        int64_t v = get64(in + 8 * (size_t)i);
        out[i] = v / 1000;
        if (v % 1000 == 0) continue;
        faults[i] = WEIR_PARQUET_TOO_FINE;
        any = true;
    }
    return any;
}

/* Nanoseconds of the day and the Julian day, as Impala and Spark write them. */
static bool stamp96(const uint8_t *in, uint32_t n, int64_t *out, uint8_t *faults) {
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        int64_t nanos = get64(in + 12 * (size_t)i), days = (uint32_t)get32(in + 12 * (size_t)i + 8);
        int64_t micros = nanos / 1000;
        bool large = __builtin_mul_overflow(days - 2440588, (int64_t)86400000000, &out[i]) ||
                     __builtin_add_overflow(out[i], micros, &out[i]);
        if (!large && nanos % 1000 == 0) continue;
        faults[i] = large ? WEIR_PARQUET_TOO_LARGE : WEIR_PARQUET_TOO_FINE;
        any = true;
    }
    return any;
}

/* IEEE 754 half precision. */
static float half(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = (h >> 10) & 31u, part = h & 1023u;
    uint32_t bits;
    float v;
    if (exponent == 31) {
        bits = sign | 0x7f800000u | part << 13;
    } else if (exponent) {
        bits = sign | (exponent + 112u) << 23 | part << 13;
    } else {
        v = (float)part * (1.0f / 16777216.0f); /* 2^-24 */
        return sign ? -v : v;
    }
    memcpy(&v, &bits, 4);
    return v;
}

static __int128 power10(int n) {
    __int128 v = 1;
    while (n-- > 0) v *= 10;
    return v;
}

/* A decimal's number, as wide as its type has it; false: more digits than the type has. */
static bool put_decimal(const weir_type *t, __int128 v, __int128 limit, void *out, uint32_t i) {
    if (t->width == 16)
        memcpy((__int128 *)out + i, &v, 16);
    else
        ((int64_t *)out)[i] = (int64_t)v;
    return v < limit && v > -limit;
}

/* Big-endian two's complement of any length; false: it does not fit 128 bits. */
static bool big_number(const uint8_t *p, size_t n, __int128 *out) {
    uint8_t sign = n && p[0] & 0x80 ? 0xff : 0;
    while (n > 16) {
        if (*p != sign) return false;
        p++;
        n--;
    }
    if (n == 16 && ((p[0] & 0x80) != 0) != (sign != 0)) return false;
    unsigned __int128 v = sign ? ~(unsigned __int128)0 : 0;
    for (size_t i = 0; i < n; i++) v = v << 8 | p[i];
    *out = (__int128)v;
    return true;
}

static bool decimals(const weir_parquet_node *node, const uint8_t *in, uint32_t n, void *out,
                     uint8_t *faults) {
    __int128 limit = power10(node->type->precision), v = 0;
    uint32_t size = weir_parquet_stored_bytes(node);
    bool any = false;
    for (uint32_t i = 0; i < n; i++, in += size) {
        bool fits = true;
        if (node->convert == WEIR_PARQUET_NUMBER32)
            v = get32(in);
        else if (node->convert == WEIR_PARQUET_NUMBER64)
            v = get64(in);
        else
            fits = big_number(in, size, &v);
        if (put_decimal(node->type, v, limit, out, i) && fits) continue;
        faults[i] = WEIR_PARQUET_TOO_LARGE;
        any = true;
    }
    return any;
}

/* Months, days and milliseconds. */
static bool spans(const uint8_t *in, uint32_t n, weir_interval *out, uint8_t *faults) {
    bool any = false;
    for (uint32_t i = 0; i < n; i++, in += 12) {
        uint32_t months = (uint32_t)get32(in), days = (uint32_t)get32(in + 4);
        out[i] = (weir_interval){.months = (int32_t)months,
                                 .days = (int32_t)days,
                                 .micros = (int64_t)(uint32_t)get32(in + 8) * 1000};
        if (months <= INT32_MAX && days <= INT32_MAX) continue;
        faults[i] = WEIR_PARQUET_TOO_LARGE;
        any = true;
    }
    return any;
}

bool weir_parquet_convert_fixed(const weir_parquet_node *node, const uint8_t *in, uint32_t n,
                                void *out, uint8_t *faults) {
    uint32_t size = weir_parquet_stored_bytes(node);
    switch ((weir_parquet_convert)node->convert) {
    case WEIR_PARQUET_SAME:
        if (n) memcpy(out, in, (size_t)n * size);
        return false;
    case WEIR_PARQUET_NARROW:
        narrow(node->type, in, n, out);
        return check_narrow(node->type, in, n, faults);
    case WEIR_PARQUET_TIMES: return times(in, n, out, faults);
    case WEIR_PARQUET_WIDEN:
        for (uint32_t i = 0; i < n; i++) ((int64_t *)out)[i] = get32(in + 4 * (size_t)i);
        return false;
    case WEIR_PARQUET_WIDEN_TIMES:
        for (uint32_t i = 0; i < n; i++)
            ((int64_t *)out)[i] = (int64_t)get32(in + 4 * (size_t)i) * 1000;
        return false;
    case WEIR_PARQUET_THROUGH: return through(in, n, out, faults);
    case WEIR_PARQUET_STAMP96: return stamp96(in, n, out, faults);
    case WEIR_PARQUET_HALF:
        for (uint32_t i = 0; i < n; i++)
            ((float *)out)[i] = half((uint16_t)(in[2 * (size_t)i] | in[2 * (size_t)i + 1] << 8));
        return false;
    case WEIR_PARQUET_NUMBER32:
    case WEIR_PARQUET_NUMBER64:
    case WEIR_PARQUET_NUMBER: return decimals(node, in, n, out, faults);
    case WEIR_PARQUET_SPAN: return spans(in, n, out, faults);
    case WEIR_PARQUET_BITS:
    case WEIR_PARQUET_TEXT:
    case WEIR_PARQUET_RAW: break; /* not of a fixed width */
    }
    return false;
}

bool weir_parquet_convert_bytes(const weir_parquet_node *node, const weir_slice *in, uint32_t n,
                                bool ascii, void *out, uint8_t *faults) {
    bool any = false;
    if (node->convert == WEIR_PARQUET_NUMBER) {
        __int128 limit = power10(node->type->precision), v = 0;
        for (uint32_t i = 0; i < n; i++) {
            bool fits = big_number((const uint8_t *)in[i].data, in[i].size, &v);
            if (put_decimal(node->type, v, limit, out, i) && fits) continue;
            faults[i] = WEIR_PARQUET_TOO_LARGE;
            any = true;
        }
        return any;
    }
    if (out != in && n) memcpy(out, in, n * sizeof *in);
    if (ascii || node->convert != WEIR_PARQUET_TEXT) return false;
    for (uint32_t i = 0; i < n; i++) {
        if (weir_utf8_valid(in[i].data, in[i].size)) continue;
        faults[i] = WEIR_PARQUET_NOT_UTF8;
        any = true;
    }
    return any;
}
