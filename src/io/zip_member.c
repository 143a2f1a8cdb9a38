/* The bytes of one member: stored, or inflated by ISA-L; size and checksum verified. */
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdio.h>

#include "base/printable.h"
#include "io/codec.h"
#include "io/zip.h"
#include "io/zip_private.h"

#define LOCAL_BYTES 30u
#define INPUT_BYTES ((size_t)64 << 10)
/* ISA-L may step back in its input by what stands in its bit buffer: see gzip.c. */
#define GUARD_BYTES 64u

enum { STORED = 0, DEFLATED = 8 };

typedef struct member_stream {
    weir_stream base;
    weir_zip *zip;
    weir_zip_member member;
    uint64_t at, left; /* packed bytes: where the next ones are, how many */
    uint32_t crc;
    weir_block *memory, *buffer; /* of the inflater and its input; NULL = stored */
    struct inflate_state *state;
    bool ended;
    weir_status failed;
    weir_error error;
    char name[512];
} member_stream;

static weir_status bad(member_stream *s, weir_error *err, const char *what) {
    weir_error_set(err, WEIR_DATA, "%s", what);
    weir_error_at(err, s->name, 0, 0);
    weir_error_hint(err,
                    "the file may be cut off or damaged: get it again from where it came from");
    return WEIR_DATA;
}

static weir_status refill(member_stream *s, weir_error *err) {
    struct inflate_state *z = s->state;
    uint8_t *start = s->buffer->data + GUARD_BYTES;
    size_t keep = s->buffer->size < GUARD_BYTES ? s->buffer->size : GUARD_BYTES, got = 0;
    if (keep) memmove(start - keep, start + s->buffer->size - keep, keep);
    size_t want = s->left < INPUT_BYTES ? (size_t)s->left : INPUT_BYTES;
    weir_status status = weir_zip_bytes(s->zip, s->at, start, want, &got, err);
    if (status != WEIR_OK) return status;
    if (got < want) return bad(s, err, "the zip archive is cut off");
    s->buffer->size = got;
    s->at += got;
    s->left -= got;
    z->next_in = start;
    z->avail_in = (uint32_t)got;
    return WEIR_OK;
}

static weir_status inflate_some(member_stream *s, void *buf, size_t size, size_t *got,
                                weir_error *err) {
    struct inflate_state *z = s->state;
    uint32_t room = size < ((size_t)1 << 30) ? (uint32_t)size : (uint32_t)1 << 30;
    while (*got == 0 && z->block_state != ISAL_BLOCK_FINISH) {
        weir_status status;
        if (z->avail_in == 0 && s->left && (status = refill(s, err)) != WEIR_OK) return status;
        uint32_t before = z->avail_in;
        z->next_out = buf;
        z->avail_out = room;
        int rc = isal_inflate(z);
        *got = room - z->avail_out;
        if (rc != ISAL_DECOMP_OK) return bad(s, err, "the packed data is damaged");
        if (*got == 0 && z->avail_in == before && !s->left && z->block_state != ISAL_BLOCK_FINISH)
            return bad(s, err, "the packed data is cut off");
    }
    return WEIR_OK;
}

static weir_status copy_some(member_stream *s, void *buf, size_t size, size_t *got,
                             weir_error *err) {
    if (size > s->left) size = (size_t)s->left;
    weir_status status = weir_zip_bytes(s->zip, s->at, buf, size, got, err);
    if (status != WEIR_OK) return status;
    if (*got < size) return bad(s, err, "the zip archive is cut off");
    s->at += *got;
    s->left -= *got;
    return WEIR_OK;
}

/* What was unpacked so far against what may be. */
static weir_status check_size(member_stream *s, uint64_t made, weir_error *err) {
    const weir_zip_limits *l = &s->zip->limits;
    if (made > s->member.size_bytes)
        return bad(s, err, "there is more data than the zip archive's directory says");
    bool bomb = made > WEIR_DECOMPRESS_FREE_BYTES &&
                (double)made > (double)s->member.packed_bytes * l->max_ratio;
    if (!bomb && made <= l->max_member_bytes) return WEIR_OK;
    char text[100];
    if (bomb)
        snprintf(text, sizeof text, "the data unpacks to more than %.0f times its size",
                 l->max_ratio);
    else
        snprintf(text, sizeof text, "the data unpacks to more than %llu bytes",
                 (unsigned long long)l->max_member_bytes);
    (void)bad(s, err, text);
    weir_error_hint(err, bomb ? "this looks like a decompression bomb; raise max_ratio if it is not"
                              : "raise max_unpacked when the file may be that large");
    return WEIR_DATA;
}

static weir_status read_some(member_stream *s, void *buf, size_t size, size_t *got,
                             weir_error *err) {
    weir_status status =
        s->state ? inflate_some(s, buf, size, got, err) : copy_some(s, buf, size, got, err);
    if (status != WEIR_OK) return status;
    uint64_t made = s->base.position + *got;
    if ((status = check_size(s, made, err)) != WEIR_OK) return status;
    s->crc = crc32_gzip_refl(s->crc, buf, *got);
    if (*got) return WEIR_OK;
    s->ended = true;
    if (made < s->member.size_bytes)
        return bad(s, err, "there is less data than the zip archive's directory says");
    if (s->crc != s->member.crc) return bad(s, err, "the data has a wrong checksum");
    return WEIR_OK;
}

static weir_status member_read(weir_stream *base, void *buf, size_t size, size_t *got,
                               weir_error *err) {
    member_stream *s = (member_stream *)base;
    *got = 0;
    if (s->failed == WEIR_OK && !s->ended && size)
        s->failed = read_some(s, buf, size, got, &s->error);
    if (s->failed != WEIR_OK) {
        *got = 0;
        if (err) *err = s->error;
        return s->failed;
    }
    base->position += *got;
    return WEIR_OK;
}

static void member_close(weir_stream *base) {
    member_stream *s = (member_stream *)base;
    weir_block_release(s->memory);
    weir_block_release(s->buffer);
    weir_free(s);
}

static const weir_stream_ops ops = {.read = member_read, .close = member_close};

static weir_status check_method(member_stream *s, weir_error *err) {
    const weir_zip_member *m = &s->member;
    if (m->flags & 0x41 || m->method == 99) {
        weir_error_set(err, WEIR_DATA, "the member is encrypted");
        weir_error_at(err, s->name, 0, 0);
        weir_error_hint(err, "weir reads no encrypted archives: save it without a password");
        return WEIR_DATA;
    }
    if (m->method != STORED && m->method != DEFLATED) {
        weir_error_set(err, WEIR_DATA, "the member is packed with method %u", m->method);
        weir_error_at(err, s->name, 0, 0);
        weir_error_hint(err, "pack it again with deflate, which every zip program can");
        return WEIR_DATA;
    }
    if (m->method == STORED && m->packed_bytes != m->size_bytes)
        return bad(s, err, "the zip archive's directory is damaged");
    return WEIR_OK;
}

static weir_status find_data(member_stream *s, weir_error *err) {
    uint8_t p[LOCAL_BYTES];
    size_t got = 0;
    weir_status status = weir_zip_bytes(s->zip, s->member.offset, p, sizeof p, &got, err);
    if (status != WEIR_OK) return status;
    if (got < sizeof p || weir_zip_u32(p) != 0x04034b50)
        return bad(s, err, "the member is not where the zip archive's directory says");
    s->at = s->member.offset + LOCAL_BYTES + weir_zip_u16(p + 26) + weir_zip_u16(p + 28);
    s->left = s->member.packed_bytes;
    if (s->at > s->zip->size_bytes || s->left > s->zip->size_bytes - s->at)
        return bad(s, err, "the zip archive is cut off");
    return WEIR_OK;
}

weir_status weir_zip_read(weir_zip *z, const weir_zip_member *m, weir_stream **out,
                          weir_error *err) {
    weir_status status = WEIR_OK;
    member_stream *s = weir_alloc_zero(1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    s->zip = z;
    s->member = *m;
    char shown[201];
    (void)weir_printable(shown, sizeof shown, m->name, strlen(m->name));
    snprintf(s->name, sizeof s->name, "%.300s: %s", z->in->name, shown);
    s->base = (weir_stream){.ops = &ops, .name = s->name, .size_hint = m->size_bytes};
    WEIR_TRY(check_method(s, err));
    WEIR_TRY(find_data(s, err));
    if (m->method == DEFLATED) {
        weir_ledger *ledger = z->limits.ledger;
        WEIR_TRY(weir_block_new(ledger, sizeof(struct inflate_state), &s->memory, err));
        WEIR_TRY(weir_block_new(ledger, GUARD_BYTES + INPUT_BYTES, &s->buffer, err));
        s->state = (struct inflate_state *)(void *)s->memory->data;
        memset(s->state, 0, sizeof *s->state);
        isal_inflate_init(s->state);
        s->state->crc_flag = ISAL_DEFLATE;
        s->state->avail_in = 0;
    }
    *out = &s->base;
    s = NULL;
out:
    if (s) member_close(&s->base);
    return status;
}
