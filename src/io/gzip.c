/* gzip (RFC 1952) through ISA-L's igzip: members in a row, checksums verified, no member trusted to
 * be the last one. */
#include "io/codec.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

/* ISA-L may give back some bytes it had taken into its bit buffer by moving next_in backwards; they
 * may have come from the piece before, so its tail is kept in front of each piece. */
#define GUARD_BYTES 64
#define CUT_OFF "the gzip data is cut off"

typedef struct gzip_reader {
    weir_stream base;
    weir_block *memory; /* holds state */
    weir_block *buffer; /* GUARD_BYTES, then input */
    struct inflate_state *state;
    weir_codec_limits limits;
    uint64_t fetched; /* compressed bytes taken from under */
    weir_codec_members places;
    bool input_ended;
    bool in_member; /* between a member's first byte and its checked trailer */
    bool padding;   /* zero bytes behind the last member have begun */
    uint64_t members;
    weir_status failed;
    weir_error error; /* repeated on every read after a failure */
} gzip_reader;

static uint64_t consumed(const gzip_reader *g) {
    return g->fetched - g->state->avail_in;
}

/* Gets the next piece; only called when everything before is consumed. */
static weir_status refill(gzip_reader *g, weir_error *err) {
    uint8_t *start = g->buffer->data + GUARD_BYTES;
    if (g->buffer->size > 0) {
        size_t keep = g->buffer->size < GUARD_BYTES ? g->buffer->size : GUARD_BYTES;
        memmove(start - keep, start + g->buffer->size - keep, keep);
    }
    size_t got = 0;
    weir_status status = weir_stream_read(g->base.under, start, WEIR_CODEC_BUFFER_BYTES, &got, err);
    if (status != WEIR_OK) return status;
    g->buffer->size = got;
    g->fetched += got;
    g->input_ended = got == 0;
    g->state->next_in = start;
    g->state->avail_in = (uint32_t)got;
    return WEIR_OK;
}

static const char *inflate_fault(int code) {
    switch (code) {
    case ISAL_INVALID_BLOCK: return "an invalid block";
    case ISAL_INVALID_SYMBOL: return "an invalid symbol";
    case ISAL_INVALID_LOOKBACK: return "a reference to before its start";
    case ISAL_INVALID_WRAPPER: return "an invalid header";
    case ISAL_UNSUPPORTED_METHOD: return "an unknown compression method";
    case ISAL_INCORRECT_CHECKSUM: return "a wrong checksum";
    default: return "a fault";
    }
}

/* ---- member headers ------------------------------------------------------------------------ */

/* Read here and not by ISA-L, whose check of a header checksum fails when the header stands across
 * two pieces of input (2.30). */
typedef struct header {
    gzip_reader *g;
    weir_error *err;
    uint32_t crc;
} header;

/* *c = the next byte of the header, or -1 at the end of the input. */
static weir_status header_byte(header *h, int *c) {
    struct inflate_state *z = h->g->state;
    if (z->avail_in == 0 && !h->g->input_ended) {
        weir_status status = refill(h->g, h->err);
        if (status != WEIR_OK) return status;
    }
    *c = -1;
    if (z->avail_in == 0) return weir_codec_bad(&h->g->base, h->g->fetched, h->err, CUT_OFF);
    h->crc = crc32_gzip_refl(h->crc, z->next_in, 1);
    *c = *z->next_in++;
    z->avail_in--;
    return WEIR_OK;
}

static weir_status header_skip(header *h, uint32_t n) {
    int c;
    weir_status status = WEIR_OK;
    while (n-- > 0 && status == WEIR_OK) status = header_byte(h, &c);
    return status;
}

static weir_status header_skip_text(header *h) {
    int c;
    weir_status status;
    do status = header_byte(h, &c);
    while (status == WEIR_OK && c != 0);
    return status;
}

static weir_status header_number(header *h, uint32_t *value) { /* two bytes, low one first */
    int low, high;
    weir_status status = header_byte(h, &low);
    if (status == WEIR_OK) status = header_byte(h, &high);
    if (status == WEIR_OK) *value = (uint32_t)low | (uint32_t)high << 8;
    return status;
}

/* RFC 1952, section 2.3, up to the deflate data. */
static weir_status read_header(gzip_reader *g, weir_error *err) {
    enum { HAS_CHECKSUM = 2, HAS_EXTRA = 4, HAS_NAME = 8, HAS_COMMENT = 16, RESERVED = 0xe0 };
    header h = {.g = g, .err = err};
    weir_status status = WEIR_OK;
    int id1, id2, method, flags;
    WEIR_TRY(header_byte(&h, &id1));
    WEIR_TRY(header_byte(&h, &id2));
    WEIR_TRY(header_byte(&h, &method));
    if (id1 != 0x1f || id2 != 0x8b) {
        return weir_codec_bad(&g->base, consumed(g), err,
                              g->members ? "bytes behind the end of the gzip data"
                                         : "the data is not gzip");
    }
    WEIR_TRY(header_byte(&h, &flags));
    if (method != 8 || flags & RESERVED)
        return weir_codec_bad(&g->base, consumed(g), err,
                              "the gzip header asks for what no one knows");
    WEIR_TRY(header_skip(&h, 6)); /* time, flags of the packer, system */
    if (flags & HAS_EXTRA) {
        uint32_t n;
        WEIR_TRY(header_number(&h, &n));
        WEIR_TRY(header_skip(&h, n));
    }
    if (flags & HAS_NAME) WEIR_TRY(header_skip_text(&h));
    if (flags & HAS_COMMENT) WEIR_TRY(header_skip_text(&h));
    if (flags & HAS_CHECKSUM) {
        uint32_t expected = h.crc & 0xffff, stated;
        WEIR_TRY(header_number(&h, &stated));
        if (stated != expected)
            return weir_codec_bad(&g->base, consumed(g), err,
                                  "the gzip header has a wrong checksum");
    }
    isal_inflate_reset(g->state);
    g->state->crc_flag = ISAL_GZIP_NO_HDR_VER; /* checks the trailer */
    g->in_member = true;
out:
    return status;
}

/* Starts the next member when there is one; *end = the input is over. */
static weir_status next_member(gzip_reader *g, bool *end, weir_error *err) {
    *end = false;
    for (;;) {
        if (g->state->avail_in == 0) {
            weir_status status = g->input_ended ? WEIR_OK : refill(g, err);
            if (status != WEIR_OK) return status;
            if (g->state->avail_in == 0) break;
        }
        uint8_t first = *g->state->next_in;
        if (g->members > 0 && first == 0) {
            g->padding = true;
            g->state->next_in++;
            g->state->avail_in--;
            continue;
        }
        if (g->padding)
            return weir_codec_bad(&g->base, consumed(g), err,
                                  "bytes behind the end of the gzip data");
        return read_header(g, err);
    }
    if (g->members == 0)
        return weir_codec_bad(&g->base, 0, err, "the file is empty and not gzip data");
    *end = true;
    return WEIR_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

static weir_status inflate_some(gzip_reader *g, void *buf, size_t size, size_t *got,
                                weir_error *err) {
    struct inflate_state *z = g->state;
    uint32_t room = size < ((size_t)1 << 30) ? (uint32_t)size : (uint32_t)1 << 30;
    size_t made = 0;
    while (made == 0) {
        weir_status status;
        if (!g->in_member) {
            bool end;
            status = next_member(g, &end, err);
            if (status != WEIR_OK || end) return status;
            status = weir_codec_member_begins(&g->places, g->base.position, err);
            if (status != WEIR_OK) return status;
        }
        if (z->avail_in == 0 && !g->input_ended && (status = refill(g, err)) != WEIR_OK)
            return status;
        z->next_out = buf;
        z->avail_out = room;
        uint32_t before = z->avail_in;
        int rc = isal_inflate(z);
        made = room - z->avail_out;
        if (rc != ISAL_DECOMP_OK) {
            *got = made; /* what came out before the fault is handed on first */
            return weir_codec_bad(&g->base, consumed(g), err, "the gzip data has %s",
                                  rc == ISAL_NEED_DICT ? "a dictionary" : inflate_fault(rc));
        }
        if (z->block_state == ISAL_BLOCK_FINISH) {
            g->in_member = false;
            g->members++;
        } else if (made == 0 && g->input_ended && z->avail_in == before) {
            return weir_codec_bad(&g->base, g->fetched, err, CUT_OFF);
        }
    }
    *got = made;
    return weir_codec_check_limits(&g->base, consumed(g), g->base.position + made, &g->limits, err);
}

static weir_status gzip_read(weir_stream *s, void *buf, size_t size, size_t *got, weir_error *err) {
    gzip_reader *g = (gzip_reader *)s;
    size_t n = 0;
    if (g->failed != WEIR_OK) {
        if (err) *err = g->error;
        return g->failed;
    }
    if (size > 0) {
        weir_status status = inflate_some(g, buf, size, &n, &g->error);
        if (status != WEIR_OK) {
            /* A header that was read in part cannot be read again; data can, after a fault below.
             */
            if (status == WEIR_DATA || !g->in_member) g->failed = status;
            if (n == 0 || status != WEIR_DATA) {
                if (err) *err = g->error;
                return status;
            }
        }
    }
    s->position += n;
    *got = n;
    return WEIR_OK;
}

static void gzip_reader_close(weir_stream *s) {
    gzip_reader *g = (gzip_reader *)s;
    weir_stream_close(s->under);
    weir_block_release(g->memory);
    weir_block_release(g->buffer);
    weir_free(g->places.at);
    weir_free(g);
}

static bool gzip_next_member(weir_stream *s, uint64_t *at) {
    return weir_codec_member_take(&((gzip_reader *)s)->places, at);
}

static const weir_stream_ops gzip_reader_ops = {
    .next_member = gzip_next_member, .read = gzip_read, .close = gzip_reader_close};

weir_status weir_gzip_reader(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                             weir_error *err) {
    weir_status status = WEIR_OK;
    gzip_reader *g = weir_alloc_zero(1, sizeof *g);
    if (!g) return weir_error_nomem(err);
    WEIR_TRY(weir_block_new(o->ledger, sizeof(struct inflate_state), &g->memory, err));
    WEIR_TRY(weir_block_new(o->ledger, GUARD_BYTES + WEIR_CODEC_BUFFER_BYTES, &g->buffer, err));
    g->state = (struct inflate_state *)(void *)g->memory->data;
    memset(g->state, 0, sizeof *g->state); /* its history may be looked at, never shown */
    isal_inflate_init(g->state);
    g->state->avail_in = 0;
    g->places.wanted = o->members;
    g->limits = (weir_codec_limits){o->max_ratio, o->max_bytes};
    g->base = (weir_stream){.ops = &gzip_reader_ops, .name = in->name, .under = in};
    *out = &g->base;
    return WEIR_OK;
out:
    weir_block_release(g->memory);
    weir_block_release(g->buffer);
    weir_free(g);
    return status;
}

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct gzip_deflate {
    struct isal_zstream z;
    weir_block *memory, *level_memory;
    uint32_t level;
} gzip_deflate;

/* gzip's 1..9 on igzip's 1..3; level 0 of igzip is hardly faster and much larger. */
static uint32_t igzip_level(int level) {
    return level <= 3 ? 1 : level <= 6 ? 2 : 3;
}

static void deflate_reset(gzip_deflate *d) {
    isal_deflate_init(&d->z);
    d->z.level = d->level;
    d->z.level_buf = d->level_memory->data;
    d->z.level_buf_size = (uint32_t)d->level_memory->capacity;
    d->z.gzip_flag = IGZIP_GZIP;
    d->z.flush = NO_FLUSH;
    d->z.end_of_stream = 0;
    d->z.avail_in = 0;
}

static void deflate_free(gzip_deflate *d) {
    if (!d) return;
    weir_block *memory = d->memory;
    weir_block_release(d->level_memory);
    weir_block_release(memory);
}

static weir_status deflate_new(int level, gzip_deflate **out, weir_error *err) {
    static const uint32_t sizes[4] = {0, ISAL_DEF_LVL1_LARGE, ISAL_DEF_LVL2_LARGE,
                                      ISAL_DEF_LVL3_LARGE};
    weir_block *memory = NULL;
    weir_status status = weir_block_new(NULL, sizeof(gzip_deflate), &memory, err);
    if (status != WEIR_OK) return status;
    gzip_deflate *d = (gzip_deflate *)(void *)memory->data;
    memset(d, 0, sizeof *d);
    d->memory = memory;
    d->level = igzip_level(level);
    status = weir_block_new(NULL, sizes[d->level], &d->level_memory, err);
    if (status != WEIR_OK) {
        weir_block_release(memory);
        return status;
    }
    deflate_reset(d);
    *out = d;
    return WEIR_OK;
}

typedef struct gzip_writer {
    weir_stream base;
    gzip_deflate *deflate;
    uint8_t *buffer;
    bool finished;
    weir_status failed;
} gzip_writer;

/* Runs the encoder over what it was given and hands full pieces on; last: to the end of the member.
 */
static weir_status deflate_out(gzip_writer *g, bool last, weir_error *err) {
    struct isal_zstream *z = &g->deflate->z;
    z->end_of_stream = last;
    do {
        z->next_out = g->buffer;
        z->avail_out = (uint32_t)WEIR_CODEC_BUFFER_BYTES;
        if (isal_deflate(z) != COMP_OK)
            return weir_error_set(err, WEIR_INTERNAL, "compressing %s failed", g->base.name);
        size_t n = WEIR_CODEC_BUFFER_BYTES - z->avail_out;
        weir_status status = n ? weir_stream_write(g->base.under, g->buffer, n, err) : WEIR_OK;
        if (status != WEIR_OK) return status;
    } while (last ? z->internal_state.state != ZSTATE_END : z->avail_in > 0 || z->avail_out == 0);
    return WEIR_OK;
}

static weir_status gzip_write(weir_stream *s, const void *buf, size_t size, weir_error *err) {
    gzip_writer *g = (gzip_writer *)s;
    if (g->failed != WEIR_OK || g->finished)
        return weir_error_set(err, g->failed ? g->failed : WEIR_INTERNAL,
                              "%s takes no more data after %s", s->name,
                              g->failed ? "a failed write" : "its end");
    const uint8_t *p = buf;
    while (size > 0) {
        uint32_t n = size < ((size_t)1 << 30) ? (uint32_t)size : (uint32_t)1 << 30;
        g->deflate->z.next_in = (uint8_t *)(uintptr_t)p; /* only read by the library */
        g->deflate->z.avail_in = n;
        weir_status status = deflate_out(g, false, err);
        if (status != WEIR_OK) {
            g->failed = status;
            return status;
        }
        p += n;
        size -= n;
        s->position += n;
    }
    return WEIR_OK;
}

static weir_status gzip_finish(weir_stream *s, weir_error *err) {
    gzip_writer *g = (gzip_writer *)s;
    if (g->failed != WEIR_OK)
        return weir_error_set(err, g->failed, "an earlier write to %s failed", s->name);
    if (!g->finished) {
        weir_status status = deflate_out(g, true, err);
        if (status != WEIR_OK) {
            g->failed = status;
            return status;
        }
        g->finished = true;
    }
    return weir_stream_finish(s->under, err);
}

static void gzip_writer_close(weir_stream *s) {
    gzip_writer *g = (gzip_writer *)s;
    weir_stream_close(s->under);
    deflate_free(g->deflate);
    weir_free(g->buffer);
    weir_free(g);
}

static const weir_stream_ops gzip_writer_ops = {.read = weir_codec_no_read,
                                                .write = gzip_write,
                                                .finish = gzip_finish,
                                                .close = gzip_writer_close};

weir_status weir_gzip_writer(weir_stream *to, int level, weir_stream **out, weir_error *err) {
    gzip_writer *g = weir_alloc_zero(1, sizeof *g);
    if (!g) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    g->buffer = weir_alloc(WEIR_CODEC_BUFFER_BYTES);
    if (!g->buffer) {
        status = weir_error_nomem(err);
        goto out;
    }
    WEIR_TRY(deflate_new(level, &g->deflate, err));
    g->base = (weir_stream){.ops = &gzip_writer_ops, .name = to->name, .under = to};
    *out = &g->base;
    return WEIR_OK;
out:
    weir_free(g->buffer);
    weir_free(g);
    return status;
}

/* ---- blocks -------------------------------------------------------------------------------- */

weir_status weir_gzip_block_new(int level, void **state, weir_error *err) {
    gzip_deflate *d = NULL;
    weir_status status = deflate_new(level, &d, err);
    if (status == WEIR_OK) *state = d;
    return status;
}

void weir_gzip_block_free(void *state) {
    deflate_free(state);
}

weir_status weir_gzip_block(void *state, const void *data, size_t size, weir_buf *out,
                            weir_error *err) {
    gzip_deflate *d = state;
    const size_t start = out->size, piece = (size_t)64 << 10;
    const uint8_t *p = data;
    deflate_reset(d);
    do {
        uint32_t n = size < ((size_t)1 << 30) ? (uint32_t)size : (uint32_t)1 << 30;
        d->z.next_in = (uint8_t *)(uintptr_t)p;
        d->z.avail_in = n;
        p += n;
        size -= n;
        d->z.end_of_stream = size == 0;
        do {
            if (!weir_buf_reserve(out, piece)) {
                out->size = start;
                return weir_error_nomem(err);
            }
            d->z.next_out = (uint8_t *)out->data + out->size;
            d->z.avail_out = (uint32_t)piece;
            if (isal_deflate(&d->z) != COMP_OK) {
                out->size = start;
                return weir_error_set(err, WEIR_INTERNAL, "compressing a block failed");
            }
            out->size += piece - d->z.avail_out;
        } while (size == 0 ? d->z.internal_state.state != ZSTATE_END
                           : d->z.avail_in > 0 || d->z.avail_out == 0);
    } while (size > 0);
    return WEIR_OK;
}
