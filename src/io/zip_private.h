/* Between zip.c and zip_member.c: private to src/io. */
#ifndef WEIR_IO_ZIP_PRIVATE_H
#define WEIR_IO_ZIP_PRIVATE_H

#include "io/zip.h"

struct weir_zip {
    weir_stream *in;
    weir_zip_limits limits; /* filled in, no zeros */
    uint64_t size_bytes;    /* of the archive */
    weir_block **spool;     /* pieces of SPOOL_PIECE bytes, of what cannot be read at will */
    size_t n_spool, spool_capacity;
    weir_zip_member *members;
    size_t n_members, capacity;
    weir_arena names;
};

/* Reads size bytes at offset; fewer only at the end. */
WEIR_MUST_USE weir_status weir_zip_bytes(weir_zip *z, uint64_t offset, void *buf, size_t size,
                                         size_t *got, weir_error *err);
/* WEIR_DATA for a fault of the archive. */
weir_status weir_zip_bad(const weir_zip *z, weir_error *err, const char *fmt, ...)
    WEIR_PRINTF(3, 4);

static inline uint32_t weir_zip_u16(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}
static inline uint32_t weir_zip_u32(const uint8_t *p) {
    return weir_zip_u16(p) | weir_zip_u16(p + 2) << 16;
}
static inline uint64_t weir_zip_u64(const uint8_t *p) {
    return weir_zip_u32(p) | (uint64_t)weir_zip_u32(p + 4) << 32;
}

#endif
