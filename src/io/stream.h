/* Byte streams: files, pipes, compression, stacked.
 *
 * A weir_stream is read or written by one thread.  Filters (gzip, zstd, hash, counting) wrap a
 * stream and own it.  Bad bytes of a compressed file are WEIR_DATA with the compressed offset; the
 * operating system's refusals are WEIR_IO.
 */
#ifndef WEIR_IO_STREAM_H
#define WEIR_IO_STREAM_H

#include "base/context.h"

typedef struct weir_stream weir_stream;
typedef struct weir_stream_ops {
    /* Reads 1..size bytes; *got 0 = end.  Blocks at most until cancel. */
    weir_status (*read)(weir_stream *s, void *buf, size_t size, size_t *got, weir_error *err);
    weir_status (*write)(weir_stream *s, const void *buf, size_t size, weir_error *err);
    /* Writing: everything handed on and durable where the medium has the notion. */
    weir_status (*finish)(weir_stream *s, weir_error *err);
    /* Optional: reads 1..size bytes at an offset without moving `position`; *got 0 = behind the
     * end.  Only where at_will is set, and size_hint is then the exact size. */
    weir_status (*read_at)(weir_stream *s, uint64_t offset, void *buf, size_t size, size_t *got,
                           weir_error *err);
    /* Optional: weir_stream_next_member. */
    bool (*next_member)(weir_stream *s, uint64_t *at);
    void (*close)(weir_stream *s);
} weir_stream_ops;
struct weir_stream {
    const weir_stream_ops *ops;
    const char *name;   /* for errors and addresses; owned by the stream */
    uint64_t size_hint; /* bytes when known, else 0 */
    uint64_t position;  /* bytes read or written so far, on the caller's side of this filter */
    weir_stream *under; /* a filter's inner stream, owned; NULL at the bottom */
    /* Text: the encoding that weir_transcode found or was told, as `encoding:` takes it; lives as
     * long as the stream.  NULL = nobody looked.  guessed: neither a mark nor valid UTF-8 said so;
     * mixed: some of it reads as UTF-8 nevertheless.  others: what it may be as well, in words;
     * NULL = nothing.  All may change while it is read, where the beginning is ASCII. */
    const char *encoding, *encoding_others;
    bool encoding_guessed, encoding_mixed;
    bool at_will; /* read_at may be called */
    bool partial; /* the beginning of something longer: its end may be anywhere */
};

static inline weir_status weir_stream_read(weir_stream *s, void *buf, size_t size, size_t *got,
                                           weir_error *err) {
    return s->ops->read(s, buf, size, got, err);
}
/* Only where s->at_will. */
static inline weir_status weir_stream_read_at(weir_stream *s, uint64_t offset, void *buf,
                                              size_t size, size_t *got, weir_error *err) {
    return s->ops->read_at(s, offset, buf, size, got, err);
}
/* Takes the next place at which a further member of the compressed file begins, in bytes of what s
 * gives; in order, each once, and not before the byte in front of it was read.  false = none as far
 * as was read.  Only where decompress was asked for `members`; a member without a byte is none. */
static inline bool weir_stream_next_member(weir_stream *s, uint64_t *at) {
    return s->ops->next_member && s->ops->next_member(s, at);
}
/* Reads until size bytes are there or the end: *got < size only at the end. */
WEIR_MUST_USE weir_status weir_stream_read_full(weir_stream *s, void *buf, size_t size, size_t *got,
                                                weir_error *err);
WEIR_MUST_USE weir_status weir_stream_write(weir_stream *s, const void *buf, size_t size,
                                            weir_error *err);
/* Finishes a written stream (flush, end marks, fsync). */
WEIR_MUST_USE weir_status weir_stream_finish(weir_stream *s, weir_error *err);
/* The stream at the bottom of the stack: its position / size_hint is the progress through a
 * compressed file. */
static inline const weir_stream *weir_stream_bottom(const weir_stream *s) {
    while (s->under) s = s->under;
    return s;
}
void weir_stream_close(weir_stream *s); /* NULL is legal; frees the stack */

/* ---- local files --------------------------------------------------------------------------- */

/* Opens path for reading; "-" is standard input.  Refuses folders and block devices with a hint; a
 * FIFO or a character device is read like a pipe: waiting for its writer and for data ends when
 * cancel says so.  posix_fadvise sequential; read in pieces the caller asks for.  cancel may be
 * NULL and must outlive the stream. */
WEIR_MUST_USE weir_status weir_file_open(const char *path, weir_cancel *cancel, weir_stream **out,
                                         weir_error *err);
/* Reading from memory, for tests and `weir test`; bytes are borrowed. */
WEIR_MUST_USE weir_status weir_memory_open(const char *name, const void *data, size_t size,
                                           weir_stream **out, weir_error *err);
/* Writes to an open descriptor (standard output); does not close it.  Small writes are gathered
 * until finish (closing without finish drops what was gathered: the output is not whole then).  The
 * program ignores SIGPIPE, so a reader that has gone is WEIR_IO. */
WEIR_MUST_USE weir_status weir_fd_writer(int fd, const char *name, weir_stream **out,
                                         weir_error *err);
/* Lets cancel (may be NULL, must outlive s) end a wait for a full pipe.  s is a weir_fd_writer. */
void weir_fd_writer_set_cancel(weir_stream *s, const weir_cancel *cancel);

/* ---- compression --------------------------------------------------------------------------- */

typedef enum weir_codec {
    WEIR_CODEC_NONE,
    WEIR_CODEC_GZIP,
    WEIR_CODEC_ZSTD,
    WEIR_CODEC_BZIP2, /* from here on: only read */
    WEIR_CODEC_XZ,
    WEIR_CODEC_LZMA,
    WEIR_CODEC_ZIP, /* the one file of an archive */
    WEIR_CODEC_AUTO
} weir_codec;
/* By name ("data.csv.gz" -> GZIP, and *stem_size = length without the suffix; stem_size may be
 * NULL). Suffixes .gz .gzip .bgz .zst .zstd .bz2 .xz .lzma .zip, in any case. */
weir_codec weir_codec_of_name(const char *name, size_t *stem_size);
/* "none", "gzip", "zstd", "bzip2", "xz", "lzma", "zip", "auto". */
const char *weir_codec_name(weir_codec codec);
/* Adds the versions of the libraries: `, zstd 1.5.4, ...`, or `,"zstd":"1.5.4",...`.  false = no
 * memory. */
WEIR_MUST_USE bool weir_codec_versions(weir_buf *out, bool json);
/* Whether it can be written, too: NONE, GZIP, ZSTD. */
bool weir_codec_writes(weir_codec codec);

#define WEIR_DECOMPRESS_DEFAULT_RATIO 1000.0
#define WEIR_DECOMPRESS_FREE_BYTES ((uint64_t)16 << 20) /* output before the ratio counts */
#define WEIR_DECOMPRESS_MAX_WINDOW ((uint64_t)128 << 20)

/* Wraps a reader.  AUTO looks at the first bytes (magic) and passes plain data through; the bytes
 * of an unsupported compressed format (lz4, lzip, 7z, compress, lzop, framed snappy) are refused by
 * name, and so is an empty or cut file whose name promises compression.  Several members, frames or
 * streams in a row are read as one; zero bytes behind the last gzip or bzip2 member are padding,
 * for xz four at a time; anything else there is WEIR_DATA, as is a truncated stream or a wrong
 * checksum.  max_ratio: output bytes per input byte above which (after the first 16 MiB of output)
 * the stream is refused as a bomb; 0 = default (1000).  Data that was read before a fault in the
 * stream is handed out first.  Takes over in, also on failure. */
WEIR_MUST_USE weir_status weir_decompress(weir_stream *in, weir_codec codec, double max_ratio,
                                          weir_stream **out, weir_error *err);
/* The same with all choices.  What the decoder allocates (a zstd window has up to 128 MiB) is
 * charged to ledger (may be NULL): a frame that needs more than the budget is WEIR_RESOURCE. */
typedef struct weir_decompress_options {
    weir_codec codec;
    double max_ratio;          /* 0 = default */
    uint64_t max_bytes;        /* of output; more is refused as a bomb; 0 = any */
    uint64_t max_window_bytes; /* zstd, xz; 0 = default, WEIR_DECOMPRESS_MAX_WINDOW at most */
    weir_ledger *ledger;
    bool members;       /* weir_stream_next_member will be asked as the stream is read */
    bool zip;           /* a zip archive that is a workbook is passed through */
    const char *member; /* zip: the name, or a pattern, of the file to read; NULL = the only one */
} weir_decompress_options;
WEIR_MUST_USE weir_status weir_decompress_with(weir_stream *in,
                                               const weir_decompress_options *options,
                                               weir_stream **out, weir_error *err);
/* ---- character encodings ------------------------------------------------------------------- */

/* WEIR_USAGE, with the nearest name as hint, when no encoding is called so.  "auto" and NULL are
 * fine. */
WEIR_MUST_USE weir_status weir_encoding_check(const char *name, weir_error *err);
/* Wraps a reader of text: what comes out is UTF-8, a byte order mark in front included.  encoding:
 * a name (case and signs do not matter: utf-8, utf-16, utf-16le, utf-32, iso-8859-1, windows-1252,
 * koi8-r, gb18030, shift_jis, ..., and what the C library's iconv knows), or "auto" or NULL: by the
 * mark, by the pattern of NUL bytes, UTF-8 when 256 KiB from the first byte on that is not ASCII
 * are valid, else the encoding in which they read best, where they read like a text, else UTF-8.
 * (*out)->encoding tells.  UTF-8 passes unchanged and unchecked.  What means nothing in its
 * encoding comes out as bytes that are no UTF-8 (0xFF and the byte; a lone surrogate in three
 * bytes), so that the record is rejected behind.  tar and zip files are WEIR_DATA.  unicode_only:
 * "auto" makes no guess.  Takes over in, also on failure. */
WEIR_MUST_USE weir_status weir_transcode(weir_stream *in, const char *encoding, bool unicode_only,
                                         weir_stream **out, weir_error *err);

/* Called once when an encoding was guessed, or when none was though the text is no UTF-8: s says
 * which. */
typedef void (*weir_transcode_tell)(void *context, const weir_stream *s);
typedef struct weir_transcode_options {
    const char *encoding;
    bool unicode_only;
    weir_transcode_tell tell; /* NULL = nobody wants to know; while the stream is used */
    void *tell_context;
} weir_transcode_options;
/* The same with all choices. */
WEIR_MUST_USE weir_status weir_transcode_with(weir_stream *in, const weir_transcode_options *o,
                                              weir_stream **out, weir_error *err);

/* Wraps a writer; level 0 = the codec's default (zstd 3, gzip 1), zstd 1..19, gzip 1..9.  NONE and
 * AUTO hand `to` back.  Takes over `to`, also on failure. */
WEIR_MUST_USE weir_status weir_compress(weir_stream *to, weir_codec codec, int level,
                                        weir_stream **out, weir_error *err);
/* Compresses one buffer as a whole member/frame appended to out: members can be concatenated, so
 * workers compress in parallel. */
WEIR_MUST_USE weir_status weir_compress_block(weir_codec codec, int level, const void *data,
                                              size_t size, weir_buf *out, weir_error *err);
/* The same with the codec's tables kept between blocks; one per worker. */
typedef struct weir_compressor weir_compressor;
WEIR_MUST_USE weir_status weir_compressor_new(weir_codec codec, int level, weir_compressor **out,
                                              weir_error *err);
WEIR_MUST_USE weir_status weir_compressor_block(weir_compressor *c, const void *data, size_t size,
                                                weir_buf *out, weir_error *err);
void weir_compressor_free(weir_compressor *c); /* NULL is legal */

#endif
