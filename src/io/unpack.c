#include "io/unpack.h"

#include <brotli/decode.h>
#include <stdio.h>
#include <zlib.h>
#include <zstd.h>

/* ---- snappy -------------------------------------------------------------------------------- */

/* Copies `n` bytes from `back` bytes before `to`; they may overlap. */
static void copy_back(uint8_t *to, size_t back, size_t n, const uint8_t *end) {
    const uint8_t *from = to - back;
    if (back >= 16 && (size_t)(end - to) >= n + 16) { /* by 16, past the end of what is asked */
        for (size_t i = 0; i < n; i += 16) memcpy(to + i, from + i, 16);
        return;
    }
    if (back >= n) {
        memcpy(to, from, n);
        return;
    }
    if (back == 1) {
        memset(to, *from, n);
        return;
    }
    for (size_t i = 0; i < n; i++) to[i] = from[i];
}

static bool snappy_size(const uint8_t **p, const uint8_t *end, size_t *out) {
    uint64_t n = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        if (*p == end) return false;
        uint8_t b = *(*p)++;
        n |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *out = (size_t)n;
            return n <= UINT32_MAX;
        }
    }
    return false;
}

/* The bytes of a literal; false: it passes the end of the input or of the output. */
static bool snappy_literal(const uint8_t **p, const uint8_t *end, uint8_t tag, uint8_t **to,
                           const uint8_t *to_end) {
    size_t n = (size_t)(tag >> 2) + 1;
    if (n > 60) {
        size_t more = n - 60;
        if ((size_t)(end - *p) < more) return false;
        n = 0;
        for (size_t i = 0; i < more; i++) n |= (size_t)(*p)[i] << (8 * i);
        n++;
        *p += more;
    }
    size_t left = (size_t)(end - *p), room = (size_t)(to_end - *to);
    if (n <= 16 && left >= 16 && room >= 16) {
        memcpy(*to, *p, 16);
    } else {
        if (n > left || n > room) return false;
        memcpy(*to, *p, n);
    }
    *p += n;
    *to += n;
    return true;
}

static bool unpack_snappy(const uint8_t *p, size_t size, uint8_t *out, size_t out_size) {
    const uint8_t *end = p + size;
    uint8_t *to = out, *to_end = out + out_size;
    size_t claimed;
    if (!snappy_size(&p, end, &claimed) || claimed != out_size) return false;
    while (p < end) {
        uint8_t tag = *p++;
        if ((tag & 3) == 0) {
            if (!snappy_literal(&p, end, tag, &to, to_end)) return false;
            continue;
        }
        size_t n, back, left = (size_t)(end - p);
        if ((tag & 3) == 1) {
            if (left < 1) return false;
            n = ((tag >> 2) & 7) + 4u;
            back = ((size_t)(tag >> 5) << 8) | p[0];
            p += 1;
        } else if ((tag & 3) == 2) {
            if (left < 2) return false;
            n = (size_t)(tag >> 2) + 1;
            back = (size_t)p[0] | (size_t)p[1] << 8;
            p += 2;
        } else {
            if (left < 4) return false;
            n = (size_t)(tag >> 2) + 1;
            back = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
            p += 4;
        }
        if (back == 0 || back > (size_t)(to - out) || n > (size_t)(to_end - to)) return false;
        copy_back(to, back, n, to_end);
        to += n;
    }
    return to == to_end;
}

/* ---- LZ4 ----------------------------------------------------------------------------------- */

/* A length that goes on in bytes of 255. */
static bool lz4_more(const uint8_t **p, const uint8_t *end, size_t *n) {
    uint8_t b;
    do {
        if (*p == end || *n > SIZE_MAX / 2) return false;
        b = *(*p)++;
        *n += b;
    } while (b == 255);
    return true;
}

/* One block that fills at most out_size; *got is what it came to. */
static bool unpack_lz4(const uint8_t *p, size_t size, uint8_t *out, size_t out_size, size_t *got) {
    const uint8_t *end = p + size;
    uint8_t *to = out, *to_end = out + out_size;
    while (p < end) {
        uint8_t token = *p++;
        size_t n = token >> 4;
        if (n == 15 && !lz4_more(&p, end, &n)) return false;
        if (n > (size_t)(end - p) || n > (size_t)(to_end - to)) return false;
        if (n) memcpy(to, p, n); /* to is NULL for an empty page */
        p += n;
        to += n;
        if (p == end) break; /* the last sequence has literals only */
        if (end - p < 2) return false;
        size_t back = (size_t)p[0] | (size_t)p[1] << 8;
        p += 2;
        n = token & 15;
        if (n == 15 && !lz4_more(&p, end, &n)) return false;
        n += 4;
        if (back == 0 || back > (size_t)(to - out) || n > (size_t)(to_end - to)) return false;
        copy_back(to, back, n, to_end);
        to += n;
    }
    *got = (size_t)(to - out);
    return true;
}

static uint32_t big32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static uint32_t little32(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Hadoop: unpacked size and packed size, both big-endian, before each block. */
static bool unpack_lz4_hadoop(const uint8_t *p, size_t size, uint8_t *out, size_t out_size) {
    size_t at = 0;
    while (size >= 8) {
        size_t unpacked = big32(p), packed = big32(p + 4), got;
        if (packed > size - 8 || unpacked > out_size - at) return false;
        if (!unpack_lz4(p + 8, packed, out + at, unpacked, &got) || got != unpacked) return false;
        p += 8 + packed;
        size -= 8 + packed;
        at += unpacked;
    }
    return size == 0 && at == out_size;
}

/* An LZ4 frame with blocks of its own, as some writers put it there. */
static bool unpack_lz4_frame(const uint8_t *p, size_t size, uint8_t *out, size_t out_size) {
    if (size < 7 || little32(p) != 0x184D2204u || (p[4] & 0xc0) != 0x40) return false;
    uint8_t flags = p[4];
    size_t head = 7 + (flags & 0x08 ? 8u : 0u) + (flags & 0x01 ? 4u : 0u), done = 0;
    if (size < head) return false;
    p += head;
    size -= head;
    while (size >= 4) {
        uint32_t n = little32(p);
        bool stored = n >> 31;
        n &= 0x7fffffffu;
        p += 4;
        size -= 4;
        if (n == 0) return done == out_size;
        size_t tail = flags & 0x10 ? 4u : 0u, got = n;
        if (n > size || tail > size - n) return false;
        if (stored) {
            if (n > out_size - done) return false;
            memcpy(out + done, p, n);
        } else if (!unpack_lz4(p, n, out + done, out_size - done, &got)) {
            return false; /* blocks that refer to the one before are not read */
        }
        done += got;
        p += n + tail;
        size -= n + tail;
    }
    return false;
}

/* ---- the libraries' ------------------------------------------------------------------------ */

static bool unpack_gzip(const uint8_t *p, size_t size, uint8_t *out, size_t out_size) {
    z_stream z = {0};
    uint8_t none;
    if (size > UINT32_MAX || out_size > UINT32_MAX || inflateInit2(&z, 15 + 32) != Z_OK)
        return false;
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)size;
    z.next_out = out_size ? out : &none;
    z.avail_out = (uInt)out_size;
    bool ok = true;
    for (;;) {
        int rc = inflate(&z, Z_FINISH);
        ok = rc == Z_STREAM_END;
        if (!ok || z.avail_in == 0 || z.avail_out == 0) break;
        ok = inflateReset(&z) == Z_OK; /* another member */
        if (!ok) break;
    }
    ok = ok && z.avail_out == 0;
    inflateEnd(&z);
    return ok;
}

static bool unpack_zstd(const uint8_t *p, size_t size, uint8_t *out, size_t out_size) {
    size_t n = ZSTD_decompress(out, out_size, p, size);
    return !ZSTD_isError(n) && n == out_size;
}

static bool unpack_brotli(const uint8_t *p, size_t size, uint8_t *out, size_t out_size) {
    size_t n = out_size;
    return BrotliDecoderDecompress(size, p, &n, out) == BROTLI_DECODER_RESULT_SUCCESS &&
           n == out_size;
}

const char *weir_brotli_version(void) {
    static char text[32];
    uint32_t v = BrotliDecoderVersion();
    snprintf(text, sizeof text, "%u.%u.%u", v >> 24, v >> 12 & 0xfff, v & 0xfff);
    return text;
}

const char *weir_packing_name(weir_packing packing) {
    static const char *const names[] = {"none", "snappy", "gzip", "brotli", "zstd", "lz4", "lz4"};
    return (size_t)packing < sizeof names / sizeof *names ? names[packing] : "unknown";
}

weir_status weir_unpack(weir_packing packing, const void *data, size_t size, void *out,
                        size_t out_size, weir_error *err) {
    bool ok = false;
    size_t got = 0;
    switch (packing) {
    case WEIR_PACKING_NONE:
        ok = size == out_size;
        if (ok && size) memcpy(out, data, size);
        break;
    case WEIR_PACKING_SNAPPY: ok = unpack_snappy(data, size, out, out_size); break;
    case WEIR_PACKING_GZIP: ok = unpack_gzip(data, size, out, out_size); break;
    case WEIR_PACKING_BROTLI: ok = unpack_brotli(data, size, out, out_size); break;
    case WEIR_PACKING_ZSTD: ok = unpack_zstd(data, size, out, out_size); break;
    case WEIR_PACKING_LZ4:
        ok = unpack_lz4(data, size, out, out_size, &got) && got == out_size;
        break;
    case WEIR_PACKING_LZ4_HADOOP:
        ok = unpack_lz4_hadoop(data, size, out, out_size) ||
             unpack_lz4_frame(data, size, out, out_size) ||
             (unpack_lz4(data, size, out, out_size, &got) && got == out_size);
        break;
    }
    if (ok) return WEIR_OK;
    return weir_error_set(err, WEIR_DATA, "%zu bytes packed with %s do not unpack to %zu bytes",
                          size, weir_packing_name(packing), out_size);
}
