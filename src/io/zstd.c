/* Zstandard (RFC 8878): frames in a row, skippable frames, checksums, a window charged to the
 * budget. */
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_customMem: the library's memory goes through ours */
#include <zstd.h>
#include <zstd_errors.h>

#include "io/codec.h"

/* ---- memory -------------------------------------------------------------------------------- */

static void *zstd_alloc(void *ledger, size_t size) {
    return weir_codec_alloc(ledger, size);
}

static void zstd_free(void *ledger, void *p) {
    weir_codec_free(ledger, p);
}

static ZSTD_customMem memory_of(weir_ledger *ledger) {
    return (ZSTD_customMem){.customAlloc = zstd_alloc, .customFree = zstd_free, .opaque = ledger};
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct zstd_reader {
    weir_stream base;
    ZSTD_DCtx *d;
    weir_block *buffer;
    ZSTD_inBuffer in;
    weir_codec_limits limits;
    weir_codec_members places;
    uint64_t max_window;
    uint64_t fetched;
    size_t wants; /* 0 = between frames */
    bool input_ended, any;
    weir_status failed;
    weir_error error;
} zstd_reader;

static uint64_t consumed(const zstd_reader *z) {
    return z->fetched - (z->in.size - z->in.pos);
}

static weir_status zstd_fault(zstd_reader *z, size_t rc, weir_error *err) {
    weir_status status;
    switch (ZSTD_getErrorCode(rc)) {
    case ZSTD_error_memory_allocation:
        status =
            weir_error_set(err, WEIR_RESOURCE, "not enough memory to decompress %s", z->base.name);
        weir_error_hint(
            err,
            "raise limits: memory, or compress the file with a smaller window (zstd --long=23)");
        return status;
    case ZSTD_error_frameParameter_windowTooLarge:
        status = weir_codec_bad(&z->base, consumed(z), err,
                                "the zstd data needs a window of more than %llu MiB",
                                (unsigned long long)(z->max_window >> 20));
        weir_error_hint(err, "compress the file with a smaller window (zstd --long=23)");
        return status;
    case ZSTD_error_prefix_unknown:
        return weir_codec_bad(&z->base, consumed(z), err,
                              z->any ? "bytes behind the end of the zstd data"
                                     : "the data is not zstd");
    default:
        return weir_codec_bad(&z->base, consumed(z), err, "the zstd data is damaged: %s",
                              ZSTD_getErrorName(rc));
    }
}

static weir_status decompress_some(zstd_reader *z, void *buf, size_t size, size_t *got,
                                   weir_error *err) {
    ZSTD_outBuffer out = {.dst = buf, .size = size};
    while (out.pos == 0) {
        if (z->in.pos == z->in.size && !z->input_ended) {
            size_t n = 0;
            weir_status status =
                weir_stream_read(z->base.under, z->buffer->data, WEIR_CODEC_BUFFER_BYTES, &n, err);
            if (status != WEIR_OK) return status;
            z->fetched += n;
            z->input_ended = n == 0;
            z->in = (ZSTD_inBuffer){.src = z->buffer->data, .size = n};
        }
        bool starved = z->in.pos == z->in.size && z->input_ended;
        if (starved && z->wants == 0) {
            if (z->any) return WEIR_OK;
            return weir_codec_bad(&z->base, 0, err, "the file is empty and not zstd data");
        }
        if (z->any && z->wants == 0) {
            weir_status status = weir_codec_member_begins(&z->places, z->base.position, err);
            if (status != WEIR_OK) return status;
        }
        size_t rc = ZSTD_decompressStream(z->d, &out, &z->in);
        if (ZSTD_isError(rc)) {
            *got = out.pos;
            return zstd_fault(z, rc, err);
        }
        z->wants = rc;
        if (rc == 0) z->any = true;
        if (starved && out.pos == 0 && rc != 0)
            return weir_codec_bad(&z->base, z->fetched, err, "the zstd data is cut off");
    }
    *got = out.pos;
    return weir_codec_check_limits(&z->base, consumed(z), z->base.position + out.pos, &z->limits,
                                   err);
}

static weir_status zstd_read(weir_stream *s, void *buf, size_t size, size_t *got, weir_error *err) {
    zstd_reader *z = (zstd_reader *)s;
    size_t n = 0;
    if (z->failed != WEIR_OK) {
        if (err) *err = z->error;
        return z->failed;
    }
    if (size > 0) {
        weir_status status = decompress_some(z, buf, size, &n, &z->error);
        if (status != WEIR_OK) {
            /* The decoder cannot go on after its own fault, but may after one of the stream below.
             */
            if (status == WEIR_DATA || status == WEIR_RESOURCE) z->failed = status;
            if (n == 0 || status != WEIR_DATA) {
                if (err) *err = z->error;
                return status;
            }
        }
    }
    s->position += n;
    *got = n;
    return WEIR_OK;
}

static void zstd_reader_close(weir_stream *s) {
    zstd_reader *z = (zstd_reader *)s;
    weir_stream_close(s->under);
    ZSTD_freeDCtx(z->d);
    weir_block_release(z->buffer);
    weir_free(z->places.at);
    weir_free(z);
}

static bool zstd_next_member(weir_stream *s, uint64_t *at) {
    return weir_codec_member_take(&((zstd_reader *)s)->places, at);
}

static const weir_stream_ops zstd_reader_ops = {
    .next_member = zstd_next_member, .read = zstd_read, .close = zstd_reader_close};

weir_status weir_zstd_reader(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                             weir_error *err) {
    weir_status status = WEIR_OK;
    zstd_reader *z = weir_alloc_zero(1, sizeof *z);
    if (!z) return weir_error_nomem(err);
    WEIR_TRY(weir_block_new(o->ledger, WEIR_CODEC_BUFFER_BYTES, &z->buffer, err));
    z->d = ZSTD_createDCtx_advanced(memory_of(o->ledger));
    if (!z->d) {
        status = weir_error_nomem(err);
        goto out;
    }
    int log = 10; /* the smallest window zstd knows */
    while (log < 27 && ((uint64_t)1 << (log + 1)) <= o->max_window_bytes) log++;
    z->max_window = (uint64_t)1 << log;
    if (ZSTD_isError(ZSTD_DCtx_setParameter(z->d, ZSTD_d_windowLogMax, log))) {
        status = weir_error_set(err, WEIR_INTERNAL, "zstd refuses a window limit of 2^%d", log);
        goto out;
    }
    z->places.wanted = o->members;
    z->limits = (weir_codec_limits){o->max_ratio, o->max_bytes};
    z->base = (weir_stream){.ops = &zstd_reader_ops, .name = in->name, .under = in};
    *out = &z->base;
    return WEIR_OK;
out:
    ZSTD_freeDCtx(z->d);
    weir_block_release(z->buffer);
    weir_free(z);
    return status;
}

/* ---- writing ------------------------------------------------------------------------------- */

static weir_status encoder_new(int level, ZSTD_CCtx **out, weir_error *err) {
    ZSTD_CCtx *c = ZSTD_createCCtx_advanced(memory_of(NULL));
    if (!c) return weir_error_nomem(err);
    if (ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel,
                                            level ? level : ZSTD_CLEVEL_DEFAULT)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1))) {
        ZSTD_freeCCtx(c);
        return weir_error_set(err, WEIR_INTERNAL, "zstd refuses level %d", level);
    }
    *out = c;
    return WEIR_OK;
}

static weir_status encoder_fault(size_t rc, const char *name, weir_error *err) {
    if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation) return weir_error_nomem(err);
    return weir_error_set(err, WEIR_INTERNAL, "compressing %s failed: %s", name,
                          ZSTD_getErrorName(rc));
}

typedef struct zstd_writer {
    weir_stream base;
    ZSTD_CCtx *c;
    uint8_t *buffer;
    bool finished;
    weir_status failed;
} zstd_writer;

static weir_status encode(zstd_writer *z, ZSTD_inBuffer *in, bool last, weir_error *err) {
    size_t left;
    do {
        ZSTD_outBuffer out = {.dst = z->buffer, .size = WEIR_CODEC_BUFFER_BYTES};
        left = ZSTD_compressStream2(z->c, &out, in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left)) return encoder_fault(left, z->base.name, err);
        weir_status status =
            out.pos ? weir_stream_write(z->base.under, z->buffer, out.pos, err) : WEIR_OK;
        if (status != WEIR_OK) return status;
    } while (last ? left != 0 : in->pos < in->size);
    return WEIR_OK;
}

static weir_status zstd_write(weir_stream *s, const void *buf, size_t size, weir_error *err) {
    zstd_writer *z = (zstd_writer *)s;
    if (z->failed != WEIR_OK || z->finished)
        return weir_error_set(err, z->failed ? z->failed : WEIR_INTERNAL,
                              "%s takes no more data after %s", s->name,
                              z->failed ? "a failed write" : "its end");
    if (size == 0) return WEIR_OK;
    ZSTD_inBuffer in = {.src = buf, .size = size};
    weir_status status = encode(z, &in, false, err);
    if (status != WEIR_OK) {
        z->failed = status;
        return status;
    }
    s->position += size;
    return WEIR_OK;
}

static weir_status zstd_finish(weir_stream *s, weir_error *err) {
    zstd_writer *z = (zstd_writer *)s;
    if (z->failed != WEIR_OK)
        return weir_error_set(err, z->failed, "an earlier write to %s failed", s->name);
    if (!z->finished) {
        ZSTD_inBuffer in = {.src = "", .size = 0};
        weir_status status = encode(z, &in, true, err);
        if (status != WEIR_OK) {
            z->failed = status;
            return status;
        }
        z->finished = true;
    }
    return weir_stream_finish(s->under, err);
}

static void zstd_writer_close(weir_stream *s) {
    zstd_writer *z = (zstd_writer *)s;
    weir_stream_close(s->under);
    ZSTD_freeCCtx(z->c);
    weir_free(z->buffer);
    weir_free(z);
}

static const weir_stream_ops zstd_writer_ops = {.read = weir_codec_no_read,
                                                .write = zstd_write,
                                                .finish = zstd_finish,
                                                .close = zstd_writer_close};

weir_status weir_zstd_writer(weir_stream *to, int level, weir_stream **out, weir_error *err) {
    weir_status status = WEIR_OK;
    zstd_writer *z = weir_alloc_zero(1, sizeof *z);
    if (!z) return weir_error_nomem(err);
    z->buffer = weir_alloc(WEIR_CODEC_BUFFER_BYTES);
    if (!z->buffer) {
        status = weir_error_nomem(err);
        goto out;
    }
    WEIR_TRY(encoder_new(level, &z->c, err));
    z->base = (weir_stream){.ops = &zstd_writer_ops, .name = to->name, .under = to};
    *out = &z->base;
    return WEIR_OK;
out:
    weir_free(z->buffer);
    weir_free(z);
    return status;
}

/* ---- blocks -------------------------------------------------------------------------------- */

weir_status weir_zstd_block_new(int level, void **state, weir_error *err) {
    ZSTD_CCtx *c = NULL;
    weir_status status = encoder_new(level, &c, err);
    if (status == WEIR_OK) *state = c;
    return status;
}

void weir_zstd_block_free(void *state) {
    ZSTD_freeCCtx(state);
}

weir_status weir_zstd_block(void *state, const void *data, size_t size, weir_buf *out,
                            weir_error *err) {
    size_t bound = ZSTD_compressBound(size);
    if (ZSTD_isError(bound) || !weir_buf_reserve(out, bound)) return weir_error_nomem(err);
    size_t n = ZSTD_compress2(state, out->data + out->size, bound, size ? data : "", size);
    if (ZSTD_isError(n)) return encoder_fault(n, "a block", err);
    out->size += n;
    return WEIR_OK;
}

const char *weir_zstd_version(void) {
    return ZSTD_versionString();
}
