/* Unpacking one whole block of known size: the pages of Parquet files and the blocks of Avro and
 * Arrow.  For streams see stream.h.
 *
 * Formats: snappy's format_description.txt (raw, unframed), RFC 1952 (gzip), RFC 7932 (brotli), RFC
 * 8878 (zstd), LZ4's block format; LZ4 in Hadoop's framing as parquet-format's Compression.md
 * describes it.
 */
#ifndef WEIR_IO_UNPACK_H
#define WEIR_IO_UNPACK_H

#include "base/mem.h"

typedef enum weir_packing {
    WEIR_PACKING_NONE,
    WEIR_PACKING_SNAPPY,
    WEIR_PACKING_GZIP, /* gzip or zlib, one or several members */
    WEIR_PACKING_BROTLI,
    WEIR_PACKING_ZSTD,
    WEIR_PACKING_LZ4,       /* one LZ4 block */
    WEIR_PACKING_LZ4_HADOOP /* blocks behind their sizes; a plain block or a frame is taken too */
} weir_packing;

/* Unpacks `size` bytes into exactly out_size bytes.  WEIR_DATA when the bytes are not of that
 * packing, or come to another size; what is in `out` then means nothing.  Thread-safe. */
WEIR_MUST_USE weir_status weir_unpack(weir_packing packing, const void *data, size_t size,
                                      void *out, size_t out_size, weir_error *err);
/* "1.0.9"; static. */
const char *weir_brotli_version(void);
/* "snappy", ...; never NULL. */
const char *weir_packing_name(weir_packing packing);

#endif
