/* .xz and .lzma through liblzma: xz streams in a row, checksums verified.  The dictionary, which
 * the data asks for, is charged to the budget and capped. */
#include <lzma.h>

#include "io/codec.h"

#define BUFFER_BYTES ((size_t)64 << 10)
#define OVERHEAD_BYTES ((uint64_t)4 << 20) /* of the decoder beside its dictionary */

typedef struct xz_reader {
    weir_stream base;
    lzma_stream z;
    lzma_allocator allocator;
    weir_block *buffer;
    weir_codec_limits limits;
    uint64_t max_window;
    uint64_t fetched; /* compressed bytes taken from under */
    weir_codec_members places;
    bool lzma; /* the older format: one stream, no checksum */
    bool open; /* z is in a stream that has begun */
    bool input_ended;
    uint64_t streams;
    unsigned padding; /* zero bytes behind the last stream, modulo 4 */
    weir_status failed;
    weir_error error; /* repeated on every read after a failure */
} xz_reader;

static void *xz_alloc(void *ledger, size_t n, size_t size) {
    if (size && n > SIZE_MAX / size) return NULL;
    return weir_codec_alloc(ledger, n * size);
}

static void xz_free(void *ledger, void *p) {
    weir_codec_free(ledger, p);
}

static uint64_t consumed(const xz_reader *x) {
    return x->fetched - x->z.avail_in;
}

static const char *kind(const xz_reader *x) {
    return x->lzma ? "lzma" : "xz";
}

static weir_status refill(xz_reader *x, weir_error *err) {
    size_t got = 0;
    weir_status status = weir_stream_read(x->base.under, x->buffer->data, BUFFER_BYTES, &got, err);
    if (status != WEIR_OK) return status;
    x->fetched += got;
    x->input_ended = got == 0;
    x->z.next_in = x->buffer->data;
    x->z.avail_in = got;
    return WEIR_OK;
}

static weir_status behind_end(xz_reader *x, weir_error *err) {
    return weir_codec_bad(&x->base, consumed(x), err, "bytes behind the end of the %s data",
                          kind(x));
}

static weir_status fault(xz_reader *x, lzma_ret code, weir_error *err) {
    switch (code) {
    case LZMA_MEM_ERROR:
        weir_error_set(err, WEIR_RESOURCE, "not enough memory to decompress %s", x->base.name);
        weir_error_hint(
            err, "raise limits: memory, or compress the file with a smaller dictionary (xz -6)");
        return WEIR_RESOURCE;
    case LZMA_MEMLIMIT_ERROR:
        (void)weir_codec_bad(&x->base, consumed(x), err,
                             "the %s data needs a dictionary of more than %llu MiB", kind(x),
                             (unsigned long long)(x->max_window >> 20));
        weir_error_hint(err, "compress the file with a smaller dictionary (xz -6)");
        return WEIR_DATA;
    case LZMA_FORMAT_ERROR:
        if (x->streams) return behind_end(x, err);
        return weir_codec_bad(&x->base, consumed(x), err, "the data is not %s", kind(x));
    case LZMA_OPTIONS_ERROR:
        return weir_codec_bad(&x->base, consumed(x), err,
                              "the %s data is packed with a filter that weir does not know",
                              kind(x));
    case LZMA_UNSUPPORTED_CHECK:
        return weir_codec_bad(&x->base, consumed(x), err,
                              "the %s data has a kind of checksum that weir does not know",
                              kind(x));
    case LZMA_DATA_ERROR:
        return weir_codec_bad(&x->base, consumed(x), err,
                              "the %s data is damaged or has a wrong checksum", kind(x));
    default: return weir_codec_bad(&x->base, consumed(x), err, "the %s data is damaged", kind(x));
    }
}

static weir_status begin_stream(xz_reader *x, weir_error *err) {
    uint64_t limit = x->max_window + OVERHEAD_BYTES;
    lzma_ret rc = x->lzma ? lzma_alone_decoder(&x->z, limit)
                          : lzma_stream_decoder(&x->z, limit, LZMA_TELL_UNSUPPORTED_CHECK);
    if (rc != LZMA_OK) return fault(x, rc, err);
    x->open = true;
    return WEIR_OK;
}

/* Starts the next stream when there is one; *end = the input is over.  Between streams there may be
 * zero bytes, four at a time (The .xz File Format 1.1.0, section 2.2). */
static weir_status next_stream(xz_reader *x, bool *end, weir_error *err) {
    *end = false;
    for (;;) {
        if (x->z.avail_in == 0 && !x->input_ended) {
            weir_status status = refill(x, err);
            if (status != WEIR_OK) return status;
        }
        if (x->z.avail_in == 0) break;
        if (x->streams == 0) return begin_stream(x, err);
        if (x->lzma) return behind_end(x, err);
        if (*x->z.next_in != 0)
            return x->padding || *x->z.next_in != 0xfd ? behind_end(x, err) : begin_stream(x, err);
        x->padding = (x->padding + 1) % 4;
        x->z.next_in++;
        x->z.avail_in--;
    }
    if (x->streams == 0)
        return weir_codec_bad(&x->base, 0, err, "the file is empty and not %s data", kind(x));
    if (x->padding) return behind_end(x, err);
    *end = true;
    return WEIR_OK;
}

static weir_status unpack_some(xz_reader *x, void *buf, size_t size, size_t *got, weir_error *err) {
    size_t made = 0;
    while (made == 0) {
        weir_status status = WEIR_OK;
        if (!x->open) {
            bool end;
            status = next_stream(x, &end, err);
            if (status != WEIR_OK || end) return status;
            status = weir_codec_member_begins(&x->places, x->base.position, err);
            if (status != WEIR_OK) return status;
        }
        if (x->z.avail_in == 0 && !x->input_ended && (status = refill(x, err)) != WEIR_OK)
            return status;
        size_t before = x->z.avail_in;
        x->z.next_out = buf;
        x->z.avail_out = size;
        lzma_ret rc = lzma_code(&x->z, x->input_ended ? LZMA_FINISH : LZMA_RUN);
        made = size - x->z.avail_out;
        if (rc == LZMA_STREAM_END) {
            x->open = false;
            x->streams++;
        } else if (rc == LZMA_BUF_ERROR ||
                   (rc == LZMA_OK && made == 0 && x->input_ended && x->z.avail_in == before)) {
            *got = made;
            if (x->input_ended)
                return weir_codec_bad(&x->base, x->fetched, err, "the %s data is cut off", kind(x));
        } else if (rc != LZMA_OK) {
            *got = made; /* what came out before the fault is handed on first */
            return fault(x, rc, err);
        }
    }
    *got = made;
    return weir_codec_check_limits(&x->base, consumed(x), x->base.position + made, &x->limits, err);
}

static weir_status xz_read(weir_stream *s, void *buf, size_t size, size_t *got, weir_error *err) {
    xz_reader *x = (xz_reader *)s;
    size_t n = 0;
    if (x->failed != WEIR_OK) {
        if (err) *err = x->error;
        return x->failed;
    }
    if (size > 0) {
        weir_status status = unpack_some(x, buf, size, &n, &x->error);
        if (status != WEIR_OK) {
            /* The decoder cannot go on after its own fault, but may after one of the stream below.
             */
            if (status == WEIR_DATA || status == WEIR_RESOURCE) x->failed = status;
            if (n == 0 || status != WEIR_DATA) {
                if (err) *err = x->error;
                return status;
            }
        }
    }
    s->position += n;
    *got = n;
    return WEIR_OK;
}

static void xz_close(weir_stream *s) {
    xz_reader *x = (xz_reader *)s;
    weir_stream_close(s->under);
    lzma_end(&x->z);
    weir_block_release(x->buffer);
    weir_free(x->places.at);
    weir_free(x);
}

static bool xz_next_member(weir_stream *s, uint64_t *at) {
    return weir_codec_member_take(&((xz_reader *)s)->places, at);
}

static const weir_stream_ops ops = {
    .next_member = xz_next_member, .read = xz_read, .close = xz_close};

weir_status weir_xz_reader(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                           weir_error *err) {
    xz_reader *x = weir_alloc_zero(1, sizeof *x);
    if (!x) return weir_error_nomem(err);
    weir_status status = weir_block_new(o->ledger, BUFFER_BYTES, &x->buffer, err);
    if (status != WEIR_OK) {
        weir_free(x);
        return status;
    }
    x->lzma = o->codec == WEIR_CODEC_LZMA;
    x->allocator = (lzma_allocator){.alloc = xz_alloc, .free = xz_free, .opaque = o->ledger};
    x->z.allocator = &x->allocator;
    x->max_window = o->max_window_bytes;
    x->places.wanted = o->members;
    x->limits = (weir_codec_limits){o->max_ratio, o->max_bytes};
    x->base = (weir_stream){.ops = &ops, .name = in->name, .under = in};
    *out = &x->base;
    return WEIR_OK;
}

const char *weir_xz_version(void) {
    return lzma_version_string();
}
