/* CSV: what its files share.  Not for other folders; they see `weir_format_csv` through format.h.
 *
 * Spec: RFC 4180, read strictly where it is silent or widely broken; docs/formats-csv.md says how.
 *
 *   csv.c         options -> dialect; the format objects
 *   csv_scan.c    the automaton: the one definition of where a record and a field end
 *   csv_simd.c    vector forms of cutting and indexing for regular text, with a portable twin
 *   csv_sniff.c   a beginning of a file -> its dialect      csv_score.c  how well a dialect fits
 *   csv_shape.c   its records -> preamble, header, units, footer
 *   csv_head.c    BOM, skipped lines, header -> layout      csv_names.c  names of columns
 *   csv_cut.c     stream -> chunks            csv_tile.c   chunk -> fields of some rows
 *   csv_read.c    fields -> batches           csv_value.c  fields -> values of one column
 *   csv_infer.c   fields -> evidence of types csv_write.c  batches -> bytes
 */
#ifndef WEIR_FORMAT_CSV_H
#define WEIR_FORMAT_CSV_H

#include "format/format.h"

extern const weir_format weir_format_csv;
extern const weir_format weir_format_tsv;

/* ---- options ------------------------------------------------------------------------------- */

typedef enum weir_csv_newline { WEIR_CSV_AUTO, WEIR_CSV_LF, WEIR_CSV_CR } weir_csv_newline;

/* A number that is to be found out. */
#define WEIR_CSV_FIND (-1)

typedef enum weir_csv_ragged {                   /* bits: what is done with rows of another width */
                               WEIR_CSV_PAD = 1, /* missing fields are empty */
                               WEIR_CSV_TRUNCATE = 2 /* fields too many are dropped */
} weir_csv_ragged;

/* Zero is "none" or "no" in all of it; what is to be found out says so (automatic, WEIR_CSV_FIND,
 * WEIR_CSV_AUTO). */
typedef struct weir_csv_read_config {
    weir_opt_char delimiter, quote, escape, comment;
    int64_t header;      /* records that name the columns */
    int64_t skip;        /* lines in front of them */
    int64_t units;       /* records behind them that are no data */
    int64_t skip_footer; /* lines at the end */
    int newline;         /* weir_csv_newline */
    int ragged;          /* weir_csv_ragged */
    int names;           /* 0: blank and repeated names are made good; 1: they are errors */
    weir_opt_strings null_words;
    bool null_given;
    bool null_quoted;                /* null words count inside quotes, too */
    int stray_quotes;                /* 0 reject, 1 keep */
    bool ragged_given, stray_given;  /* declared: nothing is found out */
    const char *decimal, *thousands; /* marks in numbers, where a column has none; may be NULL */
} weir_csv_read_config;

typedef enum weir_csv_quoting { WEIR_CSV_QUOTE_NEEDED, WEIR_CSV_QUOTE_ALL } weir_csv_quoting;

typedef struct weir_csv_write_config {
    weir_opt_char delimiter, quote;
    bool header;
    int newline; /* 0 = LF, 1 = CR LF */
    const char *null_word;
    const char *timestamp_format; /* NULL = ISO */
    int quoting;                  /* weir_csv_quoting */
} weir_csv_write_config;

/* ---- dialect ------------------------------------------------------------------------------- */

typedef struct weir_csv_dialect {
    uint8_t delimiter, quote, escape; /* delimiter: its first byte */
    uint8_t delimiter_size, delimiter_rest[3];
    uint8_t delimiter_back[4]; /* how much of it is still matched where the next byte differs */
    uint8_t comment_size;      /* 0 = no comments */
    char comment[4];
    uint8_t ragged; /* weir_csv_ragged */
    bool has_quote;
    bool escapes_plain; /* no quotes; the escape stands in front of any byte: \t \n \\ \N */
    bool escaped_null;  /* an unquoted field that is the escape and N is null */
    bool doubled;       /* a quote inside quotes is written twice (escape == quote) */
    bool lone_cr; /* a lone CR ends a line, as LF and CR LF do; else it is a fault outside quotes */
    bool keep_stray; /* a quote inside an unquoted field is a character, not a fault */
    bool regular;    /* csv_simd.c may be used: one delimiter byte, doubled or no quotes, no escapes
                      * outside them, no comments, and not lone_cr */
    uint8_t stops[256]; /* 1 for bytes of the delimiter, quote, escape, CR, LF */
} weir_csv_dialect;

/* WEIR_USAGE when two of the characters are the same, or quote or escape is not a single byte.
 * What is to be found out gets the plainest value: comma, double quote, no comments, no lone CR. */
WEIR_MUST_USE weir_status weir_csv_dialect_init(weir_csv_dialect *d,
                                                const weir_csv_read_config *config,
                                                weir_error *err);
/* To be called after a member was changed: sets `regular`, `stops` and what belongs to the
 * delimiter. */
void weir_csv_dialect_finish(weir_csv_dialect *d);
/* Sets the delimiter, 1 to 4 bytes; the dialect is to be finished. */
void weir_csv_dialect_delimiter(weir_csv_dialect *d, const char *text, uint8_t size);

/* ---- the automaton ------------------------------------------------------------------------- */

/* What is wrong with a record; bits. */
enum {
    WEIR_CSV_STRAY = 1,    /* a quote inside an unquoted field */
    WEIR_CSV_BEHIND = 2,   /* text behind a closing quote */
    WEIR_CSV_UNCLOSED = 4, /* a quote that is not closed on its line (one_line), or at all */
    WEIR_CSV_BARE_CR = 8,  /* a CR outside quotes that is not before LF */
    WEIR_CSV_QUOTE_FLAWS = 7
};

typedef enum weir_csv_state {
    WEIR_CSV_AT_START, /* of a field */
    WEIR_CSV_IN_PLAIN,
    WEIR_CSV_IN_QUOTES,
    WEIR_CSV_AFTER_ESCAPE,
    WEIR_CSV_AFTER_QUOTE,  /* closing, or the first of two */
    WEIR_CSV_QUOTE_CR,     /* CR behind a closing quote */
    WEIR_CSV_PLAIN_CR,     /* CR outside quotes */
    WEIR_CSV_PLAIN_ESCAPE, /* behind an escape outside quotes */
    WEIR_CSV_COMMENT_MARK, /* inside what may begin a comment */
    WEIR_CSV_IN_COMMENT
} weir_csv_state;

/* One record in the making.  Zeroed = at the start of a record. */
typedef struct weir_csv_scan {
    uint8_t state;   /* weir_csv_state */
    bool one_line;   /* quotes do not span lines */
    bool wary;       /* stop as soon as a record of several lines has a fault of quoting */
    bool broken;     /* stopped so */
    bool multi;      /* a line end stands inside */
    bool done;       /* the record has ended */
    bool comment;    /* it is a comment */
    uint8_t matched; /* bytes of the delimiter, or of the comment's mark, that were seen last */
    uint8_t flaws;
    uint32_t flawed_field; /* 0-based, of the first flaw */
    uint32_t n_fields;     /* closed so far; all of them when done */
    uint32_t filled;       /* the number, from 1, of the last one that is not empty; 0 = none is */
    uint32_t *ends;        /* end offsets of the first max_fields fields; NULL = not wanted */
    uint32_t max_fields;
    uint32_t pending_end; /* end of the field before a CR that may belong to the line end */
    size_t last_line;     /* behind the last line end inside quotes; the caller's to clear */
} weir_csv_scan;

static inline void weir_csv_scan_reset(weir_csv_scan *s, bool one_line) {
    s->state = WEIR_CSV_AT_START;
    s->one_line = one_line;
    s->multi = s->done = s->comment = s->broken = false;
    s->flaws = s->matched = 0;
    s->n_fields = s->flawed_field = s->filled = 0;
}

/* Goes on with the record over p[at..to).  Returns where it stopped: behind the record's line end
 * with done set, somewhere with broken set, or `to`.  Offsets in `ends` are offsets in p. */
size_t weir_csv_scan_run(weir_csv_scan *s, const weir_csv_dialect *d, const uint8_t *p, size_t at,
                         size_t to);
/* The input ends at p[to] inside or before the record: closes the last field, sets UNCLOSED. */
void weir_csv_scan_finish(weir_csv_scan *s, size_t to);

/* ---- cells of the encoder ------------------------------------------------------------------ */

/* A cell's size with flags. */
#define WEIR_CSV_QUOTE_FLAG 0x80000000u /* is to be written between quotes */
#define WEIR_CSV_EXACT_FLAG 0x40000000u /* fewer than 32 bytes can be read behind its begin */
#define WEIR_CSV_FLAGS 0xC0000000u
#define WEIR_CSV_SIZE_MASK 0x3FFFFFFFu

/* ---- vector code --------------------------------------------------------------------------- */

/* State of cutting between two calls; zeroed at the start of a record. */
typedef struct weir_csv_cut {
    uint64_t inside;    /* all ones inside quotes */
    uint64_t closed;    /* 1: the last byte was a closing quote */
    uint64_t closed_cr; /* 1: the last two were a closing quote and a CR */
    uint64_t lines;     /* line ends passed: each CR, and each LF that has no CR before it */
    size_t last_end;    /* behind the last record end that was passed; untouched when none was */
    bool irregular;     /* a quote stands where it may not: stopped before that group of bytes */
} weir_csv_cut;

/* State of indexing between two calls; zeroed at the start of a record. */
typedef struct weir_csv_index {
    uint64_t inside;
    uint64_t after_cr; /* 1: the last byte was a CR outside quotes */
    uint32_t n_lines;  /* line ends among the positions written */
    bool bare_cr;      /* a CR outside quotes stands before something else than LF */
} weir_csv_index;

/* All but `special` read up to 64 bytes behind `to` (block padding); `cut` reads p[from - 1],
 * `lines` too unless from is 0. */
typedef struct weir_csv_kernels {
    const char *name;
    /* Passes p[from..to), returns `to`, or less when irregular. */
    size_t (*cut)(const weir_csv_dialect *d, weir_csv_cut *s, const uint8_t *p, size_t from,
                  size_t to);
    /* Writes the offsets of all delimiters and line ends outside quotes in p[from..to) to `out`,
     * which has room for `room` of them and 8 more, until fewer than 64 are free.  Returns where it
     * stopped; *n is the number written. */
    size_t (*index)(const weir_csv_dialect *d, weir_csv_index *s, const uint8_t *p, size_t from,
                    size_t to, uint32_t *out, size_t room, size_t *n);
    /* Line ends in p[from..to) as defined above. */
    uint64_t (*lines)(const uint8_t *p, size_t from, size_t to);
    /* Whether p[0..n) holds a delimiter, quote, CR or LF.  Reads no byte outside. */
    bool (*special)(const uint8_t *p, size_t n, uint8_t delimiter, uint8_t quote);
    /* The same for n cells at text[k * stride], size[k * stride] (sizes with their flags; 32 bytes
     * can be read at each that is not flagged): sets WEIR_CSV_QUOTE_FLAG. */
    void (*mark)(const uint8_t *const *text, uint32_t *size, size_t stride, uint32_t n,
                 uint8_t delimiter, uint8_t quote);
} weir_csv_kernels;

extern const weir_csv_kernels weir_csv_kernels_portable;
/* The best for this machine. */
const weir_csv_kernels *weir_csv_kernels_pick(void);

/* ---- the head of a file -------------------------------------------------------------------- */

/* Room in front of the first byte of a block, so that p[from - 1] and 16-byte loads that end at a
 * field's end are always inside. */
#define WEIR_CSV_FRONT 64u

/* What was read before the first record. */
typedef struct weir_csv_head {
    weir_block *block; /* bytes that were read; begin..end are not used up yet */
    size_t begin, end;
    uint64_t byte, line; /* address of `begin` */
    bool at_end;         /* the stream has ended */
    size_t front;        /* where the head begins, behind a BOM; 0 = there is no header */
    bool footer_seen;    /* the layout tells of the footer */
    uint32_t width;      /* usual number of fields, where the dialect was found; else 0 */
    weir_csv_dialect dialect;
    weir_layout *layout;
    uint64_t *members; /* where further members of a compressed file begin; the caller's to free */
    size_t n_members;
} weir_csv_head;

/* What is looked at to find out the dialect. */
#define WEIR_CSV_SAMPLE_BYTES ((size_t)256 << 10)

/* Reads BOM, skipped lines and header; finds the dialect and the names.  prior: the delimiter where
 * that is not clear. */
WEIR_MUST_USE weir_status weir_csv_head_read(const weir_read_request *request, weir_stream *in,
                                             uint8_t prior, weir_csv_head *out, weir_error *err);

/* What a layout of csv files carries privately. */
typedef struct weir_csv_layout {
    weir_csv_dialect dialect;
} weir_csv_layout;

WEIR_MUST_USE weir_status weir_csv_layout_new(const weir_csv_dialect *d, const char *const *names,
                                              uint32_t n, weir_layout **out, weir_error *err);

/* weir_read_ops.layout_of: what is not declared is as plain as it can be. */
WEIR_MUST_USE weir_status weir_csv_layout_of(const weir_read_request *request,
                                             const char *const *names, uint32_t n,
                                             weir_layout **out, weir_error *err);

WEIR_MUST_USE weir_status weir_tsv_layout_of(const weir_read_request *request,
                                             const char *const *names, uint32_t n,
                                             weir_layout **out, weir_error *err);

/* ---- cutting ------------------------------------------------------------------------------- */

/* Raw bytes kept of a record longer than max_record_bytes. */
#define WEIR_CSV_KEEP_BYTES 4096u

weir_status weir_csv_cutter_new(const weir_read_request *request, weir_stream *in,
                                weir_cutter **out, weir_error *err);
/* The same for tsv: what is not clear is taken for a tab. */
weir_status weir_tsv_cutter_new(const weir_read_request *request, weir_stream *in,
                                weir_cutter **out, weir_error *err);
weir_layout *weir_csv_cutter_layout(weir_cutter *c);
weir_status weir_csv_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err);
void weir_csv_cutter_free(weir_cutter *c);

/* ---- fields of a chunk --------------------------------------------------------------------- */

/* Some rows of a chunk with their fields.  Field c of row r is [start, end) of the block:
 *   start = c == 0 ? row_begin[r] : pos[r * n + c - 1] + step
 *   end   = c == n - 1 ? last_end[r] : pos[r * n + c]
 * quotes included; a field that would begin behind last_end[r] is missing, that is empty (only
 * where `ragged`).  Rows whose bit is set in `bad` have no fields. */
typedef struct weir_csv_tile {
    uint32_t n_rows, n_fields;
    uint32_t step; /* size of the delimiter */
    bool ragged;
    const uint32_t *pos;
    const uint32_t *row_begin, *row_end;
    const uint32_t *last_end; /* row_end but for rows with fields too many */
    const uint64_t *bad;      /* NULL = none */
} weir_csv_tile;

/* Why a row is bad. */
typedef struct weir_csv_fault {
    uint32_t row;  /* in the tile */
    uint8_t flaws; /* 0: wrong number of fields */
    bool too_long;
    uint32_t fields; /* that it has; or the 1-based number of the field with the flaw */
} weir_csv_fault;

/* Splits chunks into tiles.  Owned by one worker; zeroed = not begun. */
typedef struct weir_csv_splitter {
    const weir_csv_kernels *kernels;
    const weir_csv_dialect *dialect;
    const uint8_t *data; /* of the block */
    size_t at, end;      /* not indexed yet: at..end */
    size_t row_start;    /* begin of the next row */
    uint32_t n_fields;
    uint32_t flags; /* of the chunk */
    bool automaton; /* no vector code for the rest of this chunk */
    weir_csv_index index;
    uint32_t *found; /* positions from the index: n_found of room */
    size_t n_found, room;
    size_t used_found; /* offsets of the last tile, which stand in `found` until the next call */
    uint32_t used_lines;
    uint32_t *pos; /* of a tile that could not be taken from `found` as it is */
    size_t pos_room;
    uint32_t *row_begin, *row_end, *last_end; /* rows_room each */
    bool ragged;                              /* the tile has rows that were padded or cut */
    uint64_t *bad;
    size_t rows_room;
    weir_csv_fault *faults;
    size_t n_faults, faults_capacity;
} weir_csv_splitter;

WEIR_MUST_USE weir_status weir_csv_splitter_begin(weir_csv_splitter *s, const weir_chunk *chunk,
                                                  weir_error *err);
/* The next rows, at most max_rows; n_rows 0 = the chunk is done.  tile points into s and the chunk
 * until the next call. */
WEIR_MUST_USE weir_status weir_csv_splitter_next(weir_csv_splitter *s, uint32_t max_rows,
                                                 weir_csv_tile *tile, weir_error *err);
void weir_csv_splitter_clear(weir_csv_splitter *s);

/* Removes the quotes of a field that is known to be well-formed: the text is *inner as it stands,
 * or (return value true) has escapes and must go through weir_csv_unescape. */
bool weir_csv_unquote(const weir_csv_dialect *d, weir_slice field, weir_slice *inner);
/* Writes the text of inner to out (inner.size bytes are enough); returns its length. */
size_t weir_csv_unescape(const weir_csv_dialect *d, weir_slice inner, char *out);
/* The same for a field where the dialect says escapes_plain. */
size_t weir_csv_unescape_plain(const weir_csv_dialect *d, weir_slice text, char *out);
/* Whether an unquoted field is the null of a dialect that says escaped_null: the escape and N. */
static inline bool weir_csv_is_plain_null(const weir_csv_dialect *d, weir_slice text) {
    return text.size == 2 && (uint8_t)text.data[0] == d->escape && text.data[1] == 'N';
}

/* ---- decoding, encoding, inference --------------------------------------------------------- */

weir_status weir_csv_decoder_new(const weir_read_request *request, weir_schema *schema,
                                 weir_ctx *ctx, weir_decoder **out, weir_error *err);
weir_status weir_csv_decoder_begin(weir_decoder *d, const weir_chunk *chunk, weir_error *err);
weir_status weir_csv_decoder_next(weir_decoder *d, weir_ctx *ctx, weir_batch **out,
                                  weir_error *err);
void weir_csv_decoder_free(weir_decoder *d);

weir_status weir_csv_infer(const weir_read_request *request, const weir_chunk *chunk,
                           struct weir_inference *into, weir_error *err);

extern const weir_write_ops weir_csv_write_ops;

#endif
