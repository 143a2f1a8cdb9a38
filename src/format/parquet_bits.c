/* Runs and bit-packed groups, delta-encoded numbers (Encodings.md). */
#include "format/parquet.h"

static uint64_t load64(const uint8_t *p, const uint8_t *end) {
    uint64_t v = 0;
    if (end - p >= 8)
        memcpy(&v, p, 8);
    else if (end > p)
        memcpy(&v, p, (size_t)(end - p));
    return v;
}

/* Number of `width` bits (0 .. 32) that begins at a bit. */
static uint32_t bits32(const uint8_t *p, const uint8_t *end, uint64_t bit, uint32_t width) {
    uint64_t v = load64(p + (bit >> 3), end) >> (bit & 7);
    return (uint32_t)(v & ((1ull << width) - 1));
}

/* The same for up to 64 bits. */
static uint64_t bits64(const uint8_t *p, const uint8_t *end, uint64_t bit, uint32_t width) {
    if (width == 0) return 0;
    const uint8_t *at = p + (bit >> 3);
    uint32_t shift = bit & 7;
    uint64_t v = load64(at, end) >> shift;
    if (shift && width > 64 - shift && at + 8 < end) v |= (uint64_t)at[8] << (64 - shift);
    return width == 64 ? v : v & ((1ull << width) - 1);
}

/* ---- runs ---------------------------------------------------------------------------------- */

void weir_parquet_runs_init(weir_parquet_runs *r, const uint8_t *p, size_t size, uint32_t width) {
    *r = (weir_parquet_runs){.p = p, .end = p + size, .width = width};
}

/* The head of the next run. */
static bool next_run(weir_parquet_runs *r) {
    uint64_t head = 0;
    if (r->packed) { /* behind the groups */
        r->p += r->bit >> 3;
        r->packed = false;
    }
    for (unsigned shift = 0;; shift += 7) {
        if (r->p >= r->end || shift > 28) return false;
        uint8_t b = *r->p++;
        head |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) break;
    }
    size_t left = (size_t)(r->end - r->p);
    if (head & 1) {
        uint64_t groups = head >> 1, most = r->width ? left / r->width : UINT32_MAX / 8;
        r->packed = true;
        r->bit = 0;
        /* the last group may be cut where its values are not needed */
        if (groups > most) {
            uint64_t n = r->width ? (uint64_t)left * 8 / r->width : UINT32_MAX;
            r->left = n < groups * 8 ? (uint32_t)n : (uint32_t)(groups * 8);
        } else {
            r->left = (uint32_t)(groups * 8);
        }
        return r->left > 0;
    }
    uint32_t bytes = (r->width + 7) / 8;
    if (head >> 1 == 0 || left < bytes || head >> 1 > UINT32_MAX) return false;
    r->left = (uint32_t)(head >> 1);
    r->value = bits32(r->p, r->p + bytes, 0, r->width);
    r->p += bytes;
    return true;
}

uint32_t weir_parquet_runs_u8(weir_parquet_runs *r, uint8_t *out, uint32_t n) {
    uint32_t done = 0;
    while (done < n) {
        if (r->left == 0 && !next_run(r)) {
            r->bad = true;
            break;
        }
        uint32_t k = n - done < r->left ? n - done : r->left;
        if (!r->packed) {
            memset(out + done, (uint8_t)r->value, k);
        } else if (r->width == 1) {
            for (uint32_t i = 0; i < k; i++, r->bit++)
                out[done + i] = (r->p[r->bit >> 3] >> (r->bit & 7)) & 1;
        } else {
            for (uint32_t i = 0; i < k; i++, r->bit += r->width)
                out[done + i] = (uint8_t)bits32(r->p, r->end, r->bit, r->width);
        }
        r->left -= k;
        done += k;
    }
    return done;
}

uint32_t weir_parquet_runs_u32(weir_parquet_runs *r, uint32_t *out, uint32_t n) {
    uint32_t done = 0;
    while (done < n) {
        if (r->left == 0 && !next_run(r)) {
            r->bad = true;
            break;
        }
        uint32_t k = n - done < r->left ? n - done : r->left;
        if (!r->packed) {
            for (uint32_t i = 0; i < k; i++) out[done + i] = r->value;
        } else {
            for (uint32_t i = 0; i < k; i++, r->bit += r->width)
                out[done + i] = bits32(r->p, r->end, r->bit, r->width);
        }
        r->left -= k;
        done += k;
    }
    return done;
}

bool weir_parquet_high_bits(const uint8_t *p, size_t size, uint32_t width, uint8_t *out,
                            uint32_t n) {
    if ((uint64_t)n * width > (uint64_t)size * 8) return false;
    uint64_t bit = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v = 0;
        for (uint32_t k = 0; k < width; k++, bit++)
            v = v << 1 | ((p[bit >> 3] >> (7 - (bit & 7))) & 1u);
        out[i] = (uint8_t)v;
    }
    return true;
}

/* ---- deltas -------------------------------------------------------------------------------- */

static uint64_t varint(weir_parquet_deltas *d) {
    uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (d->p >= d->end) break;
        uint8_t b = *d->p++;
        n |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) return n;
    }
    d->bad = true;
    return 0;
}

static uint64_t zigzag(weir_parquet_deltas *d) {
    uint64_t n = varint(d);
    return (n >> 1) ^ (0 - (n & 1));
}

void weir_parquet_deltas_init(weir_parquet_deltas *d, const uint8_t *p, size_t size) {
    *d = (weir_parquet_deltas){.p = p, .end = p + size};
    uint64_t block = varint(d), minis = varint(d);
    d->total = varint(d);
    d->last = zigzag(d);
    bool fine = block && block <= (1u << 20) && minis && minis <= 4096 && block % minis == 0 &&
                block / minis % 8 == 0;
    if (!fine) d->bad = true;
    if (d->bad) return;
    d->block = (uint32_t)block;
    d->minis = (uint32_t)minis;
    d->per_mini = (uint32_t)(block / minis);
    d->left = d->total;
    d->first = d->left > 0;
    d->mini = d->minis;
}

/* The head of the next miniblock. */
static bool next_mini(weir_parquet_deltas *d) {
    if (d->bit) d->p += (d->bit + 7) >> 3;
    d->bit = 0;
    if (d->mini == d->minis) {
        d->least = zigzag(d);
        if (d->bad || (size_t)(d->end - d->p) < d->minis) return false;
        d->widths = d->p;
        d->p += d->minis;
        d->mini = 0;
    }
    d->width = d->widths[d->mini++];
    d->in_mini = d->per_mini;
    if (d->width > 64) return false;
    uint64_t need = (uint64_t)d->width * (d->left < d->per_mini ? d->left : d->per_mini);
    return need <= (uint64_t)(d->end - d->p) * 8;
}

uint32_t weir_parquet_deltas_next(weir_parquet_deltas *d, uint64_t *out, uint32_t n) {
    uint32_t done = 0;
    if (d->bad) return 0;
    if (d->first && n) {
        out[done++] = d->last;
        d->first = false;
        d->left--;
    }
    while (done < n && d->left) {
        if (d->in_mini == 0 && !next_mini(d)) {
            d->bad = true;
            break;
        }
        uint32_t k = n - done < d->in_mini ? n - done : d->in_mini;
        if (k > d->left) k = (uint32_t)d->left;
        for (uint32_t i = 0; i < k; i++, d->bit += d->width) {
            d->last += d->least + bits64(d->p, d->end, d->bit, d->width);
            out[done + i] = d->last;
        }
        done += k;
        d->left -= k;
        d->in_mini -= k;
    }
    return done;
}

const uint8_t *weir_parquet_deltas_end(weir_parquet_deltas *d) {
    /* a miniblock is written whole where one of its values is there */
    if (d->in_mini) d->bit += (uint64_t)d->in_mini * d->width;
    uint64_t bytes = (d->bit + 7) >> 3;
    size_t left = (size_t)(d->end - d->p);
    return bytes > left ? d->end : d->p + bytes;
}
