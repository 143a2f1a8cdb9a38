/* Between codec.c and the codecs: private to src/io. */
#ifndef WEIR_IO_CODEC_H
#define WEIR_IO_CODEC_H

#include "io/stream.h"

#define WEIR_CODEC_BUFFER_BYTES ((size_t)256 << 10)

/* The readers and writers of one codec each.  They take over the inner stream on success only;
 * limits are filled in (no zeros). */
weir_status weir_gzip_reader(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                             weir_error *err);
weir_status weir_gzip_writer(weir_stream *to, int level, weir_stream **out, weir_error *err);
weir_status weir_zstd_reader(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                             weir_error *err);
weir_status weir_zstd_writer(weir_stream *to, int level, weir_stream **out, weir_error *err);

weir_status weir_bzip2_reader(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                              weir_error *err);
/* o->codec tells .xz from .lzma. */
weir_status weir_xz_reader(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                           weir_error *err);
/* The one file of a zip archive (o->member); with o->zip, a workbook is handed back as it is. */
weir_status weir_zip_reader(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                            weir_error *err);

/* The places where further members began (weir_stream_next_member), in order. */
typedef struct weir_codec_members {
    bool wanted;
    uint64_t last; /* the last that was added; 0 = none */
    uint64_t *at;  /* first..n are to be taken */
    size_t first, n, capacity;
} weir_codec_members;
/* A further member begins at this place of what comes out; what is no new place is passed over. */
WEIR_MUST_USE weir_status weir_codec_member_begins(weir_codec_members *m, uint64_t at,
                                                   weir_error *err);
bool weir_codec_member_take(weir_codec_members *m, uint64_t *at);

/* The versions of the libraries; bzip2's has a date behind a comma. */
const char *weir_zstd_version(void);
const char *weir_bzip2_version(void);
const char *weir_xz_version(void);

/* Memory for a library's own use, charged to ledger (may be NULL); NULL when either is short. */
void *weir_codec_alloc(weir_ledger *ledger, size_t size);
void weir_codec_free(weir_ledger *ledger, void *p); /* NULL is legal */

/* One whole member or frame into out; state is the codec's kept memory (made by _block_new). */
weir_status weir_gzip_block_new(int level, void **state, weir_error *err);
weir_status weir_gzip_block(void *state, const void *data, size_t size, weir_buf *out,
                            weir_error *err);
void weir_gzip_block_free(void *state);
weir_status weir_zstd_block_new(int level, void **state, weir_error *err);
weir_status weir_zstd_block(void *state, const void *data, size_t size, weir_buf *out,
                            weir_error *err);
void weir_zstd_block_free(void *state);

/* WEIR_DATA for a fault of the compressed bytes of s at byte offset (0-based). */
weir_status weir_codec_bad(weir_stream *s, uint64_t offset, weir_error *err, const char *fmt, ...)
    WEIR_PRINTF(4, 5);
/* How far a stream may unpack. */
typedef struct weir_codec_limits {
    double max_ratio;
    uint64_t max_bytes; /* 0 = any */
} weir_codec_limits;
/* WEIR_DATA when out_bytes of output from in_bytes of input pass the limits. */
weir_status weir_codec_check_limits(weir_stream *s, uint64_t in_bytes, uint64_t out_bytes,
                                    const weir_codec_limits *limits, weir_error *err);
/* read slot of a stream that is only written. */
weir_status weir_codec_no_read(weir_stream *s, void *buf, size_t size, size_t *got,
                               weir_error *err);

#endif
