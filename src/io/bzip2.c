/* bzip2 through libbz2: streams in a row, checksums verified, memory charged to the budget. */
#include <bzlib.h>

#include "io/codec.h"

typedef struct bzip2_reader {
    weir_stream base;
    bz_stream z;
    bool open; /* z belongs to a stream that has begun */
    weir_block *buffer;
    weir_codec_limits limits;
    uint64_t fetched; /* compressed bytes taken from under */
    weir_codec_members places;
    bool input_ended;
    bool padding; /* zero bytes behind the last stream have begun */
    uint64_t streams;
    weir_status failed;
    weir_error error; /* repeated on every read after a failure */
} bzip2_reader;

static void *bzip2_alloc(void *ledger, int n, int size) {
    if (n < 0 || size < 0) return NULL;
    return weir_codec_alloc(ledger, (size_t)n * (size_t)size);
}

static void bzip2_free(void *ledger, void *p) {
    weir_codec_free(ledger, p);
}

static uint64_t consumed(const bzip2_reader *b) {
    return b->fetched - b->z.avail_in;
}

static weir_status refill(bzip2_reader *b, weir_error *err) {
    size_t got = 0;
    weir_status status =
        weir_stream_read(b->base.under, b->buffer->data, WEIR_CODEC_BUFFER_BYTES, &got, err);
    if (status != WEIR_OK) return status;
    b->fetched += got;
    b->input_ended = got == 0;
    b->z.next_in = (char *)b->buffer->data;
    b->z.avail_in = (unsigned)got;
    return WEIR_OK;
}

static weir_status no_memory(bzip2_reader *b, weir_error *err) {
    weir_error_set(err, WEIR_RESOURCE, "not enough memory to decompress %s", b->base.name);
    weir_error_hint(err, "raise limits: memory; bzip2 needs 4 MiB");
    return WEIR_RESOURCE;
}

/* Starts the next stream when there is one; *end = the input is over. */
static weir_status next_stream(bzip2_reader *b, bool *end, weir_error *err) {
    *end = false;
    for (;;) {
        if (b->z.avail_in == 0 && !b->input_ended) {
            weir_status status = refill(b, err);
            if (status != WEIR_OK) return status;
        }
        if (b->z.avail_in == 0) break;
        if (b->streams == 0 || *b->z.next_in != 0) {
            if (b->padding || (b->streams && *b->z.next_in != 'B'))
                return weir_codec_bad(&b->base, consumed(b), err,
                                      "bytes behind the end of the bzip2 data");
            if (BZ2_bzDecompressInit(&b->z, 0, 0) != BZ_OK) return no_memory(b, err);
            b->open = true;
            return WEIR_OK;
        }
        b->padding = true;
        b->z.next_in++;
        b->z.avail_in--;
    }
    if (b->streams == 0)
        return weir_codec_bad(&b->base, 0, err, "the file is empty and not bzip2 data");
    *end = true;
    return WEIR_OK;
}

static weir_status fault(bzip2_reader *b, int code, weir_error *err) {
    switch (code) {
    case BZ_MEM_ERROR: return no_memory(b, err);
    case BZ_DATA_ERROR_MAGIC:
        return weir_codec_bad(&b->base, consumed(b), err,
                              b->streams ? "bytes behind the end of the bzip2 data"
                                         : "the data is not bzip2");
    default:
        return weir_codec_bad(&b->base, consumed(b), err,
                              "the bzip2 data is damaged or has a wrong checksum");
    }
}

static weir_status unpack_some(bzip2_reader *b, void *buf, size_t size, size_t *got,
                               weir_error *err) {
    unsigned room = size < ((size_t)1 << 30) ? (unsigned)size : 1u << 30, made = 0;
    while (made == 0) {
        weir_status status = WEIR_OK;
        if (!b->open) {
            bool end;
            status = next_stream(b, &end, err);
            if (status != WEIR_OK || end) return status;
            status = weir_codec_member_begins(&b->places, b->base.position, err);
            if (status != WEIR_OK) return status;
        }
        if (b->z.avail_in == 0 && !b->input_ended && (status = refill(b, err)) != WEIR_OK)
            return status;
        unsigned before = b->z.avail_in;
        b->z.next_out = buf;
        b->z.avail_out = room;
        int rc = BZ2_bzDecompress(&b->z);
        made = room - b->z.avail_out;
        if (rc == BZ_STREAM_END) {
            (void)BZ2_bzDecompressEnd(&b->z);
            b->open = false;
            b->streams++;
        } else if (rc != BZ_OK) {
            *got = made; /* what came out before the fault is handed on first */
            return fault(b, rc, err);
        } else if (made == 0 && b->input_ended && b->z.avail_in == before) {
            return weir_codec_bad(&b->base, b->fetched, err, "the bzip2 data is cut off");
        }
    }
    *got = made;
    return weir_codec_check_limits(&b->base, consumed(b), b->base.position + made, &b->limits, err);
}

static weir_status bzip2_read(weir_stream *s, void *buf, size_t size, size_t *got,
                              weir_error *err) {
    bzip2_reader *b = (bzip2_reader *)s;
    size_t n = 0;
    if (b->failed != WEIR_OK) {
        if (err) *err = b->error;
        return b->failed;
    }
    if (size > 0) {
        weir_status status = unpack_some(b, buf, size, &n, &b->error);
        if (status != WEIR_OK) {
            /* The decoder cannot go on after its own fault, but may after one of the stream below.
             */
            if (status == WEIR_DATA || status == WEIR_RESOURCE) b->failed = status;
            if (n == 0 || status != WEIR_DATA) {
                if (err) *err = b->error;
                return status;
            }
        }
    }
    s->position += n;
    *got = n;
    return WEIR_OK;
}

static void bzip2_close(weir_stream *s) {
    bzip2_reader *b = (bzip2_reader *)s;
    weir_stream_close(s->under);
    if (b->open) (void)BZ2_bzDecompressEnd(&b->z);
    weir_block_release(b->buffer);
    weir_free(b->places.at);
    weir_free(b);
}

static bool bzip2_next_member(weir_stream *s, uint64_t *at) {
    return weir_codec_member_take(&((bzip2_reader *)s)->places, at);
}

static const weir_stream_ops ops = {
    .next_member = bzip2_next_member, .read = bzip2_read, .close = bzip2_close};

weir_status weir_bzip2_reader(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                              weir_error *err) {
    bzip2_reader *b = weir_alloc_zero(1, sizeof *b);
    if (!b) return weir_error_nomem(err);
    weir_status status = weir_block_new(o->ledger, WEIR_CODEC_BUFFER_BYTES, &b->buffer, err);
    if (status != WEIR_OK) {
        weir_free(b);
        return status;
    }
    b->z.bzalloc = bzip2_alloc;
    b->z.bzfree = bzip2_free;
    b->z.opaque = o->ledger;
    b->places.wanted = o->members;
    b->limits = (weir_codec_limits){o->max_ratio, o->max_bytes};
    b->base = (weir_stream){.ops = &ops, .name = in->name, .under = in};
    *out = &b->base;
    return WEIR_OK;
}

const char *weir_bzip2_version(void) {
    return BZ2_bzlibVersion();
}
