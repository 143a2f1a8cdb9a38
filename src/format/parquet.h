/* Parquet files: what the reader's files share.  Not for other folders; they see
 * `weir_format_parquet` through format.h.
 *
 * Spec: parquet-format's parquet.thrift, LogicalTypes.md, Encodings.md, Compression.md and
 * README.md (nested values by definition and repetition levels).
 *
 *   parquet.c          options, the format object
 *   parquet_meta.c     footer and page heads (thrift.h)   parquet_schema.c  columns, nested types
 *   parquet_bits.c     levels, indices, delta encodings   parquet_value.c   values of each type
 *   parquet_page.c     pages: found, checked, unpacked    parquet_leaf.c    levels, values in turn
 *   parquet_nested.c   lists, structs and maps from their leaves
 *   parquet_cut.c      row groups, or parts of them -> chunks
 *   parquet_read.c     chunks -> batches
 */
#ifndef WEIR_FORMAT_PARQUET_H
#define WEIR_FORMAT_PARQUET_H

#include "format/format.h"
#include "format/thrift.h"
#include "io/unpack.h"

extern const weir_format weir_format_parquet;

#define WEIR_PARQUET_MAX_LEVEL 250

typedef enum weir_parquet_physical {
    WEIR_PARQUET_BOOLEAN,
    WEIR_PARQUET_INT32,
    WEIR_PARQUET_INT64,
    WEIR_PARQUET_INT96,
    WEIR_PARQUET_FLOAT,
    WEIR_PARQUET_DOUBLE,
    WEIR_PARQUET_BYTES,
    WEIR_PARQUET_FIXED
} weir_parquet_physical;

typedef enum weir_parquet_repetition {
    WEIR_PARQUET_REQUIRED,
    WEIR_PARQUET_OPTIONAL,
    WEIR_PARQUET_REPEATED
} weir_parquet_repetition;

/* What a type means, whether the file says it in the older way or in the newer one. */
typedef enum weir_parquet_meaning {
    WEIR_PARQUET_PLAIN,
    WEIR_PARQUET_STRING,
    WEIR_PARQUET_MAP,
    WEIR_PARQUET_LIST,
    WEIR_PARQUET_ENUM,
    WEIR_PARQUET_DECIMAL,
    WEIR_PARQUET_DATE,
    WEIR_PARQUET_TIME,
    WEIR_PARQUET_TIMESTAMP,
    WEIR_PARQUET_INTEGER,
    WEIR_PARQUET_UNKNOWN,
    WEIR_PARQUET_JSON,
    WEIR_PARQUET_BSON,
    WEIR_PARQUET_UUID,
    WEIR_PARQUET_FLOAT16,
    WEIR_PARQUET_INTERVAL
} weir_parquet_meaning;

typedef enum weir_parquet_unit {
    WEIR_PARQUET_MILLIS = 1,
    WEIR_PARQUET_MICROS,
    WEIR_PARQUET_NANOS
} weir_parquet_unit;

typedef struct weir_parquet_element {
    weir_slice name;
    int32_t physical;   /* -1: a group */
    int32_t repetition; /* -1: the root */
    int32_t length, n_children, scale, precision;
    uint8_t meaning, unit, bits; /* weir_parquet_meaning, weir_parquet_unit */
    bool is_signed, utc;
} weir_parquet_element;

/* A column of a row group. */
typedef struct weir_parquet_chunk {
    int32_t physical, codec;
    int64_t n_values, packed_bytes, data_offset, dictionary_offset; /* offset 0: none */
    int64_t index_offset;                                           /* of the offset index */
    int32_t index_bytes;
    bool encrypted, elsewhere; /* elsewhere: in another file */
} weir_parquet_chunk;

typedef struct weir_parquet_group {
    weir_parquet_chunk *columns;
    uint32_t n_columns;
    int64_t n_rows;
} weir_parquet_group;

typedef struct weir_parquet_meta {
    weir_parquet_element *elements;
    uint32_t n_elements;
    weir_parquet_group *groups;
    uint32_t n_groups;
    int64_t n_rows;
    bool encrypted;
    weir_slice created_by;
} weir_parquet_meta;

/* The footer's bytes, which must outlive m; all else is in the arena.  WEIR_DATA when they are no
 * file metadata. */
WEIR_MUST_USE weir_status weir_parquet_parse(weir_slice bytes, weir_arena *arena,
                                             weir_parquet_meta *m, weir_error *err);

typedef enum weir_parquet_page_kind {
    WEIR_PARQUET_DATA_PAGE,
    WEIR_PARQUET_INDEX_PAGE,
    WEIR_PARQUET_DICTIONARY_PAGE,
    WEIR_PARQUET_DATA_PAGE_V2
} weir_parquet_page_kind;

typedef enum weir_parquet_encoding {
    WEIR_PARQUET_ENC_PLAIN = 0,
    WEIR_PARQUET_ENC_PLAIN_DICTIONARY = 2,
    WEIR_PARQUET_ENC_RLE = 3,
    WEIR_PARQUET_ENC_BIT_PACKED = 4,
    WEIR_PARQUET_ENC_DELTA = 5,
    WEIR_PARQUET_ENC_DELTA_LENGTH = 6,
    WEIR_PARQUET_ENC_DELTA_BYTES = 7,
    WEIR_PARQUET_ENC_DICTIONARY = 8,
    WEIR_PARQUET_ENC_SPLIT = 9
} weir_parquet_encoding;

typedef struct weir_parquet_page {
    int32_t kind, n_values, n_rows; /* n_rows -1: not told */
    int32_t encoding, def_encoding, rep_encoding;
    int32_t unpacked_bytes, packed_bytes;
    int32_t def_bytes, rep_bytes; /* v2: of the levels, which are never packed */
    uint32_t crc;
    bool has_crc, packed;
    size_t head_bytes; /* the size of this head itself */
} weir_parquet_page;

/* Reads the head of the page at data.  WEIR_DATA when it is none; *more is set when it goes on
 * behind size (then nothing is in err). */
WEIR_MUST_USE weir_status weir_parquet_page_head(const uint8_t *data, size_t size,
                                                 weir_parquet_page *out, bool *more,
                                                 weir_error *err);

/* ---- columns ------------------------------------------------------------------------------- */

typedef enum weir_parquet_node_kind {
    WEIR_PARQUET_LEAF,
    WEIR_PARQUET_STRUCT,
    WEIR_PARQUET_LISTS, /* one child: the item */
    WEIR_PARQUET_MAPS   /* two: key and value */
} weir_parquet_node_kind;

/* How a leaf's stored values become those of its type. */
typedef enum weir_parquet_convert {
    WEIR_PARQUET_SAME,   /* the same bytes */
    WEIR_PARQUET_BITS,   /* booleans */
    WEIR_PARQUET_NARROW, /* int32 to less */
    WEIR_PARQUET_TIMES,  /* by 1,000 */
    WEIR_PARQUET_WIDEN,  /* int32 to int64 */
    WEIR_PARQUET_WIDEN_TIMES,
    WEIR_PARQUET_THROUGH, /* a thousandth, which must be exact */
    WEIR_PARQUET_STAMP96,
    WEIR_PARQUET_HALF,
    WEIR_PARQUET_NUMBER32, /* decimals of int32, int64, bytes */
    WEIR_PARQUET_NUMBER64,
    WEIR_PARQUET_NUMBER,
    WEIR_PARQUET_SPAN, /* intervals */
    WEIR_PARQUET_TEXT, /* bytes that must be UTF-8 */
    WEIR_PARQUET_RAW   /* bytes */
} weir_parquet_convert;

typedef struct weir_parquet_node {
    const char *name;
    uint8_t kind, convert, physical;
    bool optional;    /* a level of definition is its own */
    uint8_t def, rep; /* definition level from which it is there; LEAF: repetition level */
    uint8_t item_def; /* LISTS, MAPS: from which it has an item */
    uint8_t item_rep; /* the repetition level at which another item begins */
    const weir_type *type;
    int32_t length; /* FIXED */
    uint32_t n_children;
    struct weir_parquet_node *children;
    uint32_t first_leaf, n_leaves; /* numbers of the leaves below it */
} weir_parquet_node;

typedef struct weir_parquet_schema {
    weir_parquet_node *columns;
    uint32_t n_columns, n_leaves;
} weir_parquet_schema;

WEIR_MUST_USE weir_status weir_parquet_schema_of(const weir_parquet_meta *m, weir_arena *arena,
                                                 weir_parquet_schema *out, weir_error *err);

/* ---- runs of small numbers ----------------------------------------------------------------- */

/* Runs and bit-packed groups of numbers of up to 32 bits (the "RLE/bit-packing hybrid"). */
typedef struct weir_parquet_runs {
    const uint8_t *p, *end;
    uint32_t width; /* bits */
    uint32_t left;  /* of the run or the groups */
    bool packed;    /* groups */
    uint32_t value; /* of the run */
    uint64_t bit;   /* groups: the next one's place from p */
    bool bad;       /* the bytes end too early */
} weir_parquet_runs;

void weir_parquet_runs_init(weir_parquet_runs *r, const uint8_t *p, size_t size, uint32_t width);
/* The next n numbers; fewer (and r->bad) where the bytes end. */
uint32_t weir_parquet_runs_u8(weir_parquet_runs *r, uint8_t *out, uint32_t n);
uint32_t weir_parquet_runs_u32(weir_parquet_runs *r, uint32_t *out, uint32_t n);
/* The older packing of levels, from the highest bit down. */
bool weir_parquet_high_bits(const uint8_t *p, size_t size, uint32_t width, uint8_t *out,
                            uint32_t n);

/* Delta encoding: a reader of whole numbers. */
typedef struct weir_parquet_deltas {
    const uint8_t *p, *end;
    uint64_t total, left; /* values; left: still to come */
    uint32_t block, per_mini, minis;
    uint64_t last;          /* two's complement */
    uint64_t least;         /* of the block */
    uint32_t mini, in_mini; /* the miniblock under way, its values still to come */
    const uint8_t *widths;
    bool first, bad;
    uint32_t width;
    uint64_t bit;
} weir_parquet_deltas;

void weir_parquet_deltas_init(weir_parquet_deltas *d, const uint8_t *p, size_t size);
/* The next n; fewer, and bad, where the bytes end or break the rules. */
uint32_t weir_parquet_deltas_next(weir_parquet_deltas *d, uint64_t *out, uint32_t n);
/* Passes over what is left of the last block; where the bytes behind the numbers begin. */
const uint8_t *weir_parquet_deltas_end(weir_parquet_deltas *d);

/* ---- leaves -------------------------------------------------------------------------------- */

/* Why a stored value cannot be held. */
typedef enum weir_parquet_fault {
    WEIR_PARQUET_FINE,
    WEIR_PARQUET_NOT_UTF8,
    WEIR_PARQUET_TOO_FINE, /* a fraction of a microsecond */
    WEIR_PARQUET_TOO_LARGE
} weir_parquet_fault;

/* Where the values of a page come from. */
typedef enum weir_parquet_form {
    WEIR_PARQUET_FORM_FIXED,  /* at `at`, one behind the other */
    WEIR_PARQUET_FORM_BITS,   /* a bit each */
    WEIR_PARQUET_FORM_RUNS,   /* booleans in runs */
    WEIR_PARQUET_FORM_BYTES,  /* behind their lengths */
    WEIR_PARQUET_FORM_SLICES, /* in `slices` */
    WEIR_PARQUET_FORM_INDICES /* of the dictionary */
} weir_parquet_form;

/* Most levels and values that are read at once. */
#define WEIR_PARQUET_WINDOW 1024u

typedef struct weir_parquet_leaf {
    const weir_parquet_node *node;
    weir_ledger *ledger;
    weir_packing packing;
    uint32_t width; /* bytes that a value has when it is read: the type's, or a slice's */
    /* the pages of the chunk: p .. end still to come, begin stands at first_byte of the file */
    const uint8_t *begin, *p, *end;
    uint64_t first_byte;
    /* the dictionary: values as they are read, and faults (NULL: none) */
    weir_block *dictionary_bytes, *dictionary;
    uint8_t *dictionary_faults; /* in dictionary, behind the values */
    uint32_t n_dictionary;
    bool has_dictionary;
    /* the page under way */
    weir_block *block;  /* its bytes */
    weir_block *joined; /* texts that were put together; NULL = slices point into block */
    weir_block *spread; /* what its values were turned into before they are read; NULL = nothing */
    uint8_t form;       /* weir_parquet_form */
    bool ascii;         /* FORM_BYTES: no byte above 0x7f anywhere */
    uint32_t left;      /* levels still to come */
    const uint8_t *at, *at_end;
    uint32_t next, n_spread; /* FORM_BITS, FORM_SLICES */
    weir_parquet_runs defs, reps, values;
    const uint8_t *def_levels, *rep_levels; /* levels in the older packing; NULL = in runs */
    weir_block *level_block;
    uint32_t indices[WEIR_PARQUET_WINDOW];
} weir_parquet_leaf;

/* What weir_parquet_leaf_read gave. */
typedef struct weir_parquet_got {
    uint32_t levels, values;
    weir_block *block; /* which slices point into; borrowed until the next call */
    bool faulty;       /* a fault is not FINE */
} weir_parquet_got;

/* Begins on the pages between p and end, which stand at first_byte of the file.  node, ledger and
 * the bytes must outlive the leaf; *l is zeroed. */
void weir_parquet_leaf_begin(weir_parquet_leaf *l, const weir_parquet_node *node,
                             weir_packing packing, weir_ledger *ledger, const uint8_t *p,
                             const uint8_t *end, uint64_t first_byte);
void weir_parquet_leaf_clear(weir_parquet_leaf *l);
/* At least one and up to max (<= WEIR_PARQUET_WINDOW) levels of one page, and the values that are
 * there, each of l->width bytes; bytes are weir_slice.  defs and reps are not written where the
 * node has no such level.  WEIR_DATA when the pages end. */
WEIR_MUST_USE weir_status weir_parquet_leaf_read(weir_parquet_leaf *l, uint32_t max, uint8_t *defs,
                                                 uint8_t *reps, void *values, uint8_t *faults,
                                                 weir_parquet_got *got, weir_error *err);
/* Loads the next data page, and the dictionary in front of it. */
WEIR_MUST_USE weir_status weir_parquet_leaf_load(weir_parquet_leaf *l, weir_error *err);

/* ---- values -------------------------------------------------------------------------------- */

/* Bytes of a stored value; 0: booleans and bytes behind their length. */
uint32_t weir_parquet_stored_bytes(const weir_parquet_node *n);
/* Whether values are read as weir_slice. */
static inline bool weir_parquet_is_bytes(const weir_parquet_node *n) {
    return n->convert >= WEIR_PARQUET_TEXT;
}
/* n stored values at `in`, of weir_parquet_stored_bytes each, to values of the type.  faults: one a
 * value, written only for those that are not FINE; true = there are some. */
bool weir_parquet_convert_fixed(const weir_parquet_node *node, const uint8_t *in, uint32_t n,
                                void *out, uint8_t *faults);
/* The same for bytes; out may be `in`.  ascii: none is above 0x7f. */
bool weir_parquet_convert_bytes(const weir_parquet_node *node, const weir_slice *in, uint32_t n,
                                bool ascii, void *out, uint8_t *faults);
/* n values of bytes behind their lengths from *p on. false: they end too early. */
bool weir_parquet_walk(const uint8_t **p, const uint8_t *end, uint32_t n, weir_slice *out);

/* ---- nested values ------------------------------------------------------------------------- */

/* A leaf with a window of what was read of it. */
typedef struct weir_parquet_cursor {
    weir_parquet_leaf leaf;
    uint8_t defs[WEIR_PARQUET_WINDOW], reps[WEIR_PARQUET_WINDOW], faults[WEIR_PARQUET_WINDOW];
    uint8_t values[WEIR_PARQUET_WINDOW * 16];
    weir_parquet_got got;
    uint32_t at, value; /* level and value that come next */
    bool ended;
} weir_parquet_cursor;

/* Appends one row of a column to the builder; cursors: one a leaf of the schema.  *fault: what the
 * first value that cannot be held has; it is null there. */
WEIR_MUST_USE weir_status weir_parquet_assemble(const weir_parquet_node *column,
                                                weir_parquet_cursor *const *cursors,
                                                weir_builder *b, uint8_t *fault, weir_error *err);
/* Passes over rows of one leaf. */
WEIR_MUST_USE weir_status weir_parquet_pass(weir_parquet_cursor *c, uint64_t rows, weir_error *err);

/* ---- chunks -------------------------------------------------------------------------------- */

/* What a layout knows of its file. */
typedef struct weir_parquet_file {
    weir_arena arena;
    weir_block *footer;
    weir_parquet_meta meta;
    weir_parquet_schema schema;
} weir_parquet_file;

/* The pages of one leaf in a chunk's block. */
typedef struct weir_parquet_piece {
    uint64_t first_byte;
    uint32_t begin, size;
    uint32_t skip_rows; /* that come before the chunk's */
    uint32_t packing;   /* weir_packing */
} weir_parquet_piece;

/* Stands at the beginning of a chunk's index block, in front of a piece for each leaf. */
typedef struct weir_parquet_part {
    uint64_t first_row; /* in the file */
    uint64_t n_rows;
    weir_parquet_piece pieces[];
} weir_parquet_part;

weir_status weir_parquet_cutter_new(const weir_read_request *request, weir_stream *in,
                                    weir_cutter **out, weir_error *err);
weir_layout *weir_parquet_cutter_layout(weir_cutter *c);
weir_status weir_parquet_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err);
void weir_parquet_cutter_free(weir_cutter *c);

weir_status weir_parquet_decoder_new(const weir_read_request *request, weir_schema *schema,
                                     weir_ctx *ctx, weir_decoder **out, weir_error *err);
weir_status weir_parquet_decoder_begin(weir_decoder *d, const weir_chunk *chunk, weir_error *err);
weir_status weir_parquet_decoder_next(weir_decoder *d, weir_ctx *ctx, weir_batch **out,
                                      weir_error *err);
void weir_parquet_decoder_free(weir_decoder *d);

#endif
