/* Formats: how bytes become batches and back.
 *
 * Reading is cut serially and parsed in parallel:
 *
 *     stream --(one cutter a split)--> chunks, numbered, record-aligned --(a decoder a worker)-->
 * batches
 *
 * Every record of the input is in exactly one chunk; what the cutter decides about record borders
 * is final, so the result does not depend on the number of threads or on chunk_bytes.  A decoder
 * gives one or several batches a chunk (several when a chunk holds more than WEIR_BATCH_MAX_ROWS
 * records).
 *
 * Writing: an encoder per worker turns batches into blocks of bytes; one writer puts the blocks of
 * a file one behind the other, between header and footer.
 *
 * A row that cannot be read or written goes to the batch's failures and is never dropped silently.
 */
#ifndef WEIR_FORMAT_FORMAT_H
#define WEIR_FORMAT_FORMAT_H

#include "base/option.h"
#include "column/batch.h"
#include "io/stream.h"

/* ---- reading ------------------------------------------------------------------------------- */

typedef enum weir_infer_mode {
    WEIR_INFER_FULL,
    WEIR_INFER_SAMPLE,
    WEIR_INFER_NONE
} weir_infer_mode;
typedef enum weir_extra_columns {
    WEIR_EXTRA_KEEP,
    WEIR_EXTRA_DROP,
    WEIR_EXTRA_REJECT
} weir_extra_columns;

/* Members of a compressed file that begin with the head of the first one again: it is passed over.
 */
typedef struct weir_read_heads {
    uint64_t n, first_line; /* in one split, in which line the first of them */
} weir_read_heads;

/* What is asked of a reader; the same object for all splits of a source.  Borrowed: lives as long
 * as the source. */
typedef struct weir_read_request {
    const void *config;              /* the format's read config */
    const weir_opt_columns *columns; /* declared columns: types, from, format, timezone */
    /* How inferred columns are written, by final name and without type: what was found (infer.h);
     * what `columns` says of the same column comes first.  NULL = nothing was found. */
    const weir_opt_columns *found;
    weir_infer_mode infer;
    weir_extra_columns extra;
    /* KEEP: all columns of the data as far as they are known, once they are.  Records that name
     * their own fields (JSON) may bring others later, behind a sample: those are rejects, never
     * lost. */
    const weir_schema *all;
    /* The fields that decoders will be asked for, by final name; NULL = all, or not known yet. */
    const weir_schema *wanted;
    /* One of several files: a declared column that it lacks is null in it, unless it is not null.
     */
    bool may_lack;
    size_t chunk_bytes;      /* aimed size of a chunk; 64 .. 16 MiB */
    size_t max_record_bytes; /* a longer record is a reject; at least chunk_bytes */
    weir_ledger *ledger;     /* chunks are charged here */
    weir_cancel *cancel;
    /* Notes of heads that members of a compressed file repeat; a cutter's thread writes it.  NULL =
     * nobody asks. */
    weir_read_heads *heads;
    /* Counts names that stood twice in a record and of which one value was taken; shared by all
     * decoders of a source; NULL = nobody asks. */
    _Atomic uint64_t *repeats;
} weir_read_request;

/* What is known of one split before its records are cut: the names of its physical columns in order
 * (CSV header).  Immutable, reference-counted; equal layouts of many files may be shared.  Formats
 * whose records name their own fields (JSON) have n_names 0. */
typedef struct weir_layout {
    _Atomic uint32_t refs;
    uint32_t n_names;
    const char **names;
    /* What was found out about the text, where it differs from the format's plainest form: options
     * as lines of YAML that could stand in the source ("delimiter: \";\"\nskip: 3\n").  NULL =
     * nothing differs. */
    const char *dialect;
    const weir_type **types; /* that the format itself states; NULL = none does, also for single
                                columns; a declared type wins */
    void *private_data;
    void (*private_free)(void *);
} weir_layout;
WEIR_MUST_USE weir_status weir_layout_new(const char *const *names, uint32_t n, weir_layout **out,
                                          weir_error *err); /* copies names */
/* Gives a new layout its `dialect` (copied; NULL or "" = nothing). */
WEIR_MUST_USE weir_status weir_layout_describe(weir_layout *l, const char *dialect,
                                               weir_error *err);
/* Makes room for the types of all names. */
WEIR_MUST_USE weir_status weir_layout_types(weir_layout *l, weir_error *err);
weir_layout *weir_layout_retain(weir_layout *l);
void weir_layout_release(weir_layout *l);

typedef enum weir_chunk_flags {
    WEIR_CHUNK_IRREGULAR = 1, /* quotes stand where the fast parser does not expect them */
    WEIR_CHUNK_ONE_LINE = 2,  /* quotes do not span lines in this chunk (resynchronising) */
    WEIR_CHUNK_TOO_LONG = 4, /* one record longer than max_record_bytes; bytes hold its beginning */
    WEIR_CHUNK_LAST = 8,     /* ends at the end of the split */
    WEIR_CHUNK_BROKEN = 16   /* with ONE_LINE: when its first line leaves a quote open, all of it is
                                one broken record */
} weir_chunk_flags;

typedef struct weir_chunk {
    weir_block *block;   /* retained by the chunk; bytes begin..end of it */
    uint32_t begin, end; /* record-aligned, line end of the last record included */
    uint32_t flags;
    uint32_t n_lines;  /* line ends in begin..end: never fewer than records - 1; 0 = not counted */
    uint32_t split;    /* filled by the source */
    uint64_t sequence; /* 0, 1, 2, ... within the split */
    uint64_t first_byte;    /* address of `begin` in the split (after decompression) */
    uint64_t first_line;    /* 1-based */
    uint64_t skipped_bytes; /* TOO_LONG: bytes of the record that were read but not kept */
    weir_layout *layout;    /* retained; may be NULL */
    weir_block *index; /* retained; its records as pairs of offsets in the block; may be NULL */
} weir_chunk;
void weir_chunk_clear(weir_chunk *c);

typedef struct weir_cutter weir_cutter;
typedef struct weir_decoder weir_decoder;
struct weir_inference; /* format/infer.h */

typedef struct weir_read_ops {
    /* Begins a split: reads what stands before the records (BOM, header).  `in` stays the caller's.
     * WEIR_DATA when the split is not of this format. */
    weir_status (*cutter_new)(const weir_read_request *request, weir_stream *in, weir_cutter **out,
                              weir_error *err);
    weir_layout *(*cutter_layout)(weir_cutter *c); /* borrowed; NULL when the format has none */
    /* The next chunk; *end true (and no chunk) behind the last. */
    weir_status (*cutter_next)(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err);
    void (*cutter_free)(weir_cutter *c);
    /* The layout of records that come without their file (replays): names of the physical columns
     * in order, the rest as the config says.  NULL when names are all there is. */
    weir_status (*layout_of)(const weir_read_request *request, const char *const *names, uint32_t n,
                             weir_layout **out, weir_error *err);
    /* Looks at all values of a chunk for type inference.  Thread-safe for different `into`. */
    weir_status (*infer)(const weir_read_request *request, const weir_chunk *chunk,
                         struct weir_inference *into, weir_error *err);
    /* A decoder for one worker.  schema holds only the fields that are wanted; field names are
     * final names, request->columns tells which physical column (`from`) feeds each. Retains
     * schema. */
    weir_status (*decoder_new)(const weir_read_request *request, weir_schema *schema, weir_ctx *ctx,
                               weir_decoder **out, weir_error *err);
    /* Starts on a chunk (retains what it needs of it). */
    weir_status (*decoder_begin)(weir_decoder *d, const weir_chunk *chunk, weir_error *err);
    /* The next batch of the chunk; *out NULL when the chunk is done. Origin is filled: split,
     * sequence, raw block, row_begin/row_end, raw_byte, raw_line. */
    weir_status (*decoder_next)(weir_decoder *d, weir_ctx *ctx, weir_batch **out, weir_error *err);
    void (*decoder_free)(weir_decoder *d);
} weir_read_ops;

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct weir_encoder weir_encoder;
typedef struct weir_write_ops {
    weir_status (*encoder_new)(const void *config, weir_schema *schema, weir_ctx *ctx,
                               weir_encoder **out, weir_error *err);
    /* Bytes in front of the first record of a file; nothing added when there are none. */
    weir_status (*header)(weir_encoder *e, weir_buf *out, weir_error *err);
    /* The alive, not failed rows of batch as bytes: a new block (one reference) charged to
     * ctx->ledger, *out NULL when no row was left.  meta: what the footer needs of this piece
     * (nothing for text formats).  Rows that the format cannot hold get a failure and are left out.
     */
    weir_status (*encode)(weir_encoder *e, weir_ctx *ctx, weir_batch *batch, weir_block **out,
                          weir_buf *meta, weir_error *err);
    /* Bytes behind the last record; metas in file order with the offset each piece was written at.
     * empty: the file has no record. */
    weir_status (*footer)(weir_encoder *e, const weir_slice *metas, const uint64_t *offsets,
                          size_t n, bool empty, weir_buf *out, weir_error *err);
    void (*encoder_free)(weir_encoder *e);
    /* Stands between two pieces of a file; NULL = nothing does. */
    const char *separator;
} weir_write_ops;

/* ---- the registry -------------------------------------------------------------------------- */

typedef enum weir_text_input {
    WEIR_TEXT_ANY,     /* text in any encoding; the cutter gets UTF-8 */
    WEIR_TEXT_UNICODE, /* the same, but without encoding: only UTF-8, UTF-16 and UTF-32 are looked
                          for */
    WEIR_TEXT_NONE /* no text, or text that tells its encoding itself: the cutter gets the bytes */
} weir_text_input;

typedef struct weir_format {
    const char *name, *summary;
    const char *const *extensions;   /* ".csv", ...; NULL-terminated */
    const weir_option *read_options; /* NULL = cannot read */
    size_t read_config_size;
    const weir_read_ops *read;
    const weir_option *write_options; /* NULL = cannot write */
    size_t write_config_size;
    const weir_write_ops *write;
    bool members;  /* the cutter asks where the members of a compressed file begin */
    bool whole;    /* a file is read at will: from a zip archive's directory to its members */
    bool columnar; /* records have no bytes of their own: rejects hold their columns as JSON */
    weir_text_input text; /* what the bytes of a file are before the cutter gets them */
    /* What the table of read options cannot tell about a read config (NULL = nothing): WEIR_USAGE
     * with err->key the option that is wrong.  Called by `weir check`. */
    weir_status (*read_check)(const void *config, weir_error *err);
} weir_format;

/* All formats of the program, NULL-terminated (src/format/registry.c). */
extern const weir_format *const weir_formats[];
const weir_format *weir_format_find(const char *name);
/* By file name, compression suffix ignored: "a.csv.gz" -> csv; NULL = unknown. */
const weir_format *weir_format_of_path(const char *path);
/* By the first lines of a regular file, unpacked and in any encoding: JSON, XML, delimited, fixed
 * width, else text; of a zip archive by the name of the file in it (member, or the only one) before
 * that.  NULL when it cannot be read as text, or is empty.  An archive in which no file can be
 * chosen is csv: reading it says why. */
const char *weir_format_of_content(const char *path, const char *member);

#endif
