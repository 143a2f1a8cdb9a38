/* The directory of an archive. */
#include "io/zip.h"

#include <stdio.h>
#include <strings.h>

#include "io/zip_private.h"

#define SPOOL_PIECE ((size_t)256 << 10)
#define END_BYTES 22u
#define END_SEARCH (END_BYTES + 65535u) /* the end record and the longest comment */
#define ENTRY_BYTES 46u
#define MAX_NAME 1024u

bool weir_zip_magic(const void *head, size_t size) {
    const uint8_t *p = head;
    return size >= 4 && p[0] == 'P' && p[1] == 'K' &&
           ((p[2] == 3 && p[3] == 4) || (p[2] == 5 && p[3] == 6));
}

weir_status weir_zip_bad(const weir_zip *z, weir_error *err, const char *fmt, ...) {
    char text[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    weir_error_set(err, WEIR_DATA, "%s", n < 0 ? "the zip archive is damaged" : text);
    weir_error_at(err, z->in->name, 0, 0);
    weir_error_hint(err,
                    "the file may be cut off or damaged: get it again from where it came from");
    return WEIR_DATA;
}

/* ---- bytes at will ------------------------------------------------------------------------- */

static weir_status spool(weir_zip *z, weir_error *err) {
    weir_status status = WEIR_OK;
    for (;;) {
        weir_block *piece = NULL;
        size_t got = 0;
        WEIR_TRY(weir_block_new(z->limits.ledger, SPOOL_PIECE, &piece, err));
        status = weir_grow((void **)&z->spool, &z->spool_capacity, z->n_spool + 1, sizeof *z->spool,
                           SIZE_MAX / SPOOL_PIECE, err);
        if (status == WEIR_OK)
            status = weir_stream_read_full(z->in, piece->data, SPOOL_PIECE, &got, err);
        if (status != WEIR_OK || got == 0) {
            weir_block_release(piece);
            break;
        }
        piece->size = got;
        z->spool[z->n_spool++] = piece;
        z->size_bytes += got;
        if (z->size_bytes > z->limits.max_spool_bytes) {
            status = weir_error_set(err, WEIR_DATA,
                                    "the archive is larger than the %llu MiB that are kept of one "
                                    "that comes compressed or through a pipe",
                                    (unsigned long long)(z->limits.max_spool_bytes >> 20));
            weir_error_hint(err, "save it to a file, unpacked");
            break;
        }
        if (got < SPOOL_PIECE) break;
    }
out:
    if (status == WEIR_RESOURCE)
        weir_error_hint(err,
                        "an archive that comes compressed or through a pipe is kept in memory: "
                        "save it to a file, or raise limits: memory");
    return status;
}

weir_status weir_zip_bytes(weir_zip *z, uint64_t offset, void *buf, size_t size, size_t *got,
                           weir_error *err) {
    *got = 0;
    if (offset >= z->size_bytes) return WEIR_OK;
    if (size > z->size_bytes - offset) size = (size_t)(z->size_bytes - offset);
    while (*got < size) {
        size_t n = 0, left = size - *got;
        char *to = (char *)buf + *got;
        if (z->n_spool) {
            uint64_t at = offset + *got;
            const weir_block *piece = z->spool[at / SPOOL_PIECE];
            size_t within = (size_t)(at % SPOOL_PIECE);
            n = piece->size - within < left ? piece->size - within : left;
            memcpy(to, piece->data + within, n);
        } else {
            weir_status status = weir_stream_read_at(z->in, offset + *got, to, left, &n, err);
            if (status != WEIR_OK) return status;
        }
        if (n == 0) break; /* the file has become shorter: the caller will miss bytes */
        *got += n;
    }
    return WEIR_OK;
}

static weir_status exactly(weir_zip *z, uint64_t offset, void *buf, size_t size, weir_error *err) {
    size_t got = 0;
    weir_status status = weir_zip_bytes(z, offset, buf, size, &got, err);
    if (status == WEIR_OK && got < size)
        status = weir_zip_bad(z, err, "the zip archive is cut off");
    return status;
}

/* ---- the directory ------------------------------------------------------------------------- */

typedef struct directory {
    uint64_t at, size, members;
    uint64_t end; /* where the end records begin */
} directory;

/* zip64: the record before the end record has what does not fit there. */
static weir_status read_zip64(weir_zip *z, uint64_t end, directory *d, weir_error *err) {
    uint8_t locator[20] = {0}, record[56] = {0};
    if (end < sizeof locator) return WEIR_OK;
    weir_status status = exactly(z, end - sizeof locator, locator, sizeof locator, err);
    if (status != WEIR_OK) return status;
    if (weir_zip_u32(locator) != 0x07064b50) return WEIR_OK;
    uint64_t at = weir_zip_u64(locator + 8);
    if (at > end - sizeof locator || end - sizeof locator - at < sizeof record)
        return weir_zip_bad(z, err, "the zip archive's end record is damaged");
    status = exactly(z, at, record, sizeof record, err);
    if (status != WEIR_OK) return status;
    if (weir_zip_u32(record) != 0x06064b50)
        return weir_zip_bad(z, err, "the zip archive's end record is damaged");
    d->members = weir_zip_u64(record + 32);
    d->size = weir_zip_u64(record + 40);
    d->at = weir_zip_u64(record + 48);
    d->end = at;
    return WEIR_OK;
}

static weir_status find_directory(weir_zip *z, directory *d, weir_error *err) {
    weir_status status = WEIR_OK;
    size_t n = z->size_bytes < END_SEARCH ? (size_t)z->size_bytes : END_SEARCH;
    weir_block *tail = NULL;
    WEIR_TRY(weir_block_new(z->limits.ledger, END_SEARCH, &tail, err));
    uint64_t begin = z->size_bytes - n;
    WEIR_TRY(exactly(z, begin, tail->data, n, err));
    const uint8_t *p = NULL;
    for (size_t at = n < END_BYTES ? SIZE_MAX : n - END_BYTES; at != SIZE_MAX; at--) {
        const uint8_t *q = tail->data + at;
        if (weir_zip_u32(q) != 0x06054b50 || weir_zip_u16(q + 20) != n - at - END_BYTES) continue;
        p = q;
        break;
    }
    if (!p) {
        status = weir_zip_bad(z, err, "the zip archive has no end: it is cut off, or no archive");
        goto out;
    }
    uint64_t end = begin + (uint64_t)(p - tail->data);
    *d = (directory){.at = weir_zip_u32(p + 16),
                     .size = weir_zip_u32(p + 12),
                     .members = weir_zip_u16(p + 10),
                     .end = end};
    if (weir_zip_u16(p + 4) != weir_zip_u16(p + 6) ||
        (weir_zip_u16(p + 4) != 0 && weir_zip_u16(p + 4) != 0xffff)) {
        status = weir_zip_bad(z, err, "the zip archive is one part of several");
        goto out;
    }
    if (d->at == 0xffffffff || d->size == 0xffffffff || d->members == 0xffff)
        WEIR_TRY(read_zip64(z, end, d, err));
    if (d->size > d->end || d->at > d->end - d->size)
        status = weir_zip_bad(z, err, "the zip archive's directory is not where its end says");
    else if (d->members > WEIR_ZIP_MAX_MEMBERS || d->size > WEIR_ZIP_MAX_DIRECTORY)
        status =
            weir_zip_bad(z, err, "the zip archive has more than %u members", WEIR_ZIP_MAX_MEMBERS);
out:
    weir_block_release(tail);
    return status;
}

/* Replaces what the fixed part marks as too large by the values of the zip64 field. */
static bool take_zip64(weir_zip_member *m, const uint8_t *extra, size_t n) {
    bool size = m->size_bytes == 0xffffffff, packed = m->packed_bytes == 0xffffffff,
         offset = m->offset == 0xffffffff;
    while (n >= 4 && (size || packed || offset)) {
        uint32_t id = weir_zip_u16(extra);
        size_t length = weir_zip_u16(extra + 2);
        if (length > n - 4) return false;
        if (id == 1) {
            const uint8_t *p = extra + 4, *stop = p + length;
            uint64_t *const places[] = {size ? &m->size_bytes : NULL,
                                        packed ? &m->packed_bytes : NULL,
                                        offset ? &m->offset : NULL};
            for (int i = 0; i < 3; i++) {
                if (!places[i]) continue;
                if (stop - p < 8) return false;
                *places[i] = weir_zip_u64(p);
                p += 8;
            }
            return true;
        }
        extra += 4 + length;
        n -= 4 + length;
    }
    return !(size || packed || offset);
}

static weir_status add_member(weir_zip *z, const uint8_t *p, size_t name_size, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_zip_member m = {.flags = (uint16_t)weir_zip_u16(p + 8),
                         .method = (uint16_t)weir_zip_u16(p + 10),
                         .crc = weir_zip_u32(p + 16),
                         .packed_bytes = weir_zip_u32(p + 20),
                         .size_bytes = weir_zip_u32(p + 24),
                         .offset = weir_zip_u32(p + 42)};
    if (!take_zip64(&m, p + ENTRY_BYTES + name_size, weir_zip_u16(p + 30)))
        return weir_zip_bad(z, err, "the zip archive's directory is damaged");
    if (m.offset > z->size_bytes || m.packed_bytes > z->size_bytes - m.offset)
        return weir_zip_bad(z, err, "the zip archive has a member behind its end");
    if (name_size > MAX_NAME || memchr(p + ENTRY_BYTES, 0, name_size))
        return weir_zip_bad(z, err, "the zip archive has a member whose name is no name");
    const char *name = (const char *)p + ENTRY_BYTES;
    while (name_size && (*name == '/' || *name == '\\')) name++, name_size--;
    char *copy = weir_arena_strndup(&z->names, name, name_size);
    if (!copy) return weir_error_nomem(err);
    for (char *c = copy; *c; c++)
        if (*c == '\\') *c = '/';
    m.name = copy;
    WEIR_TRY(weir_grow((void **)&z->members, &z->capacity, z->n_members + 1, sizeof *z->members,
                       WEIR_ZIP_MAX_MEMBERS, err));
    z->members[z->n_members++] = m;
out:
    return status;
}

static weir_status read_members(weir_zip *z, const directory *d, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_block *block = NULL;
    WEIR_TRY(weir_block_new(z->limits.ledger, d->size ? (size_t)d->size : 1, &block, err));
    WEIR_TRY(exactly(z, d->at, block->data, (size_t)d->size, err));
    const uint8_t *p = block->data, *end = p + d->size;
    for (uint64_t i = 0; i < d->members; i++) {
        size_t left = (size_t)(end - p);
        if (left < ENTRY_BYTES || weir_zip_u32(p) != 0x02014b50) {
            status = weir_zip_bad(z, err, "the zip archive's directory is damaged");
            break;
        }
        size_t name = weir_zip_u16(p + 28);
        size_t rest = name + weir_zip_u16(p + 30) + weir_zip_u16(p + 32);
        if (left - ENTRY_BYTES < rest) {
            status = weir_zip_bad(z, err, "the zip archive's directory is damaged");
            break;
        }
        WEIR_TRY(add_member(z, p, name, err));
        p += ENTRY_BYTES + rest;
    }
out:
    weir_block_release(block);
    return status;
}

/* ---- the public calls ---------------------------------------------------------------------- */

weir_status weir_zip_open(weir_stream *in, const weir_zip_limits *limits, weir_zip **out,
                          weir_error *err) {
    weir_status status = WEIR_OK;
    directory d = {0};
    weir_zip *z = weir_alloc_zero(1, sizeof *z);
    if (!z) return weir_error_nomem(err);
    z->in = in;
    z->limits = *limits;
    if (!z->limits.max_spool_bytes) z->limits.max_spool_bytes = (uint64_t)256 << 20;
    if (!z->limits.max_member_bytes) z->limits.max_member_bytes = (uint64_t)16 << 30;
    if (!(z->limits.max_ratio > 0)) z->limits.max_ratio = WEIR_DECOMPRESS_DEFAULT_RATIO;
    if (in->at_will)
        z->size_bytes = in->size_hint;
    else
        WEIR_TRY(spool(z, err));
    WEIR_TRY(find_directory(z, &d, err));
    WEIR_TRY(read_members(z, &d, err));
    *out = z;
    z = NULL;
out:
    weir_zip_close(z);
    return status;
}

void weir_zip_close(weir_zip *z) {
    if (!z) return;
    for (size_t i = 0; i < z->n_spool; i++) weir_block_release(z->spool[i]);
    weir_free(z->spool);
    weir_free(z->members);
    weir_arena_clear(&z->names);
    weir_free(z);
}

size_t weir_zip_count(const weir_zip *z) {
    return z->n_members;
}

const weir_zip_member *weir_zip_at(const weir_zip *z, size_t i) {
    return &z->members[i];
}

const weir_zip_member *weir_zip_find(const weir_zip *z, const char *name, bool *twice) {
    const weir_zip_member *found = NULL;
    if (twice) *twice = false;
    for (size_t i = 0; i < z->n_members; i++) {
        if (strcasecmp(z->members[i].name, name) != 0) continue;
        if (found && twice) *twice = true;
        found = &z->members[i];
    }
    return found;
}
