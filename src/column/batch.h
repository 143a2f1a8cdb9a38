/* The batch: the only unit that flows.
 *
 * At most WEIR_BATCH_MAX_ROWS rows, a schema, one column a field, where its rows came from, which
 * of them are still alive (selection) and what went wrong with some (failures).  A batch has one
 * owner; columns are shared.
 */
#ifndef WEIR_COLUMN_BATCH_H
#define WEIR_COLUMN_BATCH_H

#include "column/column.h"
#include "column/failure.h"

#define WEIR_BATCH_MAX_ROWS 65535u

/* The columns of a batch as its source gave them: the raw form of records without bytes.  Shared.
 */
typedef struct weir_as_read {
    _Atomic uint32_t refs;
    weir_schema *schema;
    weir_column **columns; /* one a field; rows are those of the batch as it was read */
} weir_as_read;

/* Where the rows of a batch came from.  Row i of the batch (a physical row, whatever the selection)
 * stands at raw->data[row_begin[i] .. row_end[i]) when raw is set. */
typedef struct weir_origin {
    uint32_t split; /* number of the split within its source */
    uint64_t
        sequence; /* of the batch within its split: (split, sequence, row) is the total order */
    uint64_t first_row; /* 0-based row of the batch's row 0 in its split, when known */
    uint64_t raw_byte;  /* byte address in the split of raw->data[raw_begin] */
    uint64_t raw_line;  /* 1-based line at raw_begin; 0 = the source has no lines */
    uint32_t raw_begin;
    weir_block *raw;     /* retained; NULL when there is no raw form */
    uint32_t *row_begin; /* in rows_block; NULL without raw */
    uint32_t *row_end;
    weir_block *rows_block;
    /* Records that are read a second time (replayed rejects) keep their first address: all three in
     * address_block, retained; NULL = the address follows from raw. */
    weir_block *address_block;
    const char *source; /* name of the split, or of the first address; in address_block or longer
                           lived than the flow; NULL = not known */
    const uint64_t *row_line, *row_byte; /* a row; UINT64_MAX = unknown */
    uint64_t *row_id; /* optional: an id a source gives each row (rowid, offset); in rows_block */
    uint32_t *row_number;  /* row i was row first_row + row_number[i]; NULL = first_row + i; in
                              rows_block, set when a batch is compacted or unnested */
    weir_as_read *as_read; /* retained; NULL where raw tells */
    /* Rows that unnest made: items[row * levels + level] is the number of the item (from 1) in the
     * row that the record, or its item of the level above, came to; 0 = the row stands for all of
     * it.  In rows_block; NULL while levels is 0. */
    uint32_t levels;
    uint32_t *items;
    /* Records of which only one item is wanted once more: wanted[record * wanted_levels + level],
     * 0 = all; by row of the batch as it was read, in address_block. */
    uint32_t wanted_levels;
    const uint32_t *wanted;
    /* Records that only one target of a route wants once more: its name by record, NULL = none in
     * particular; in address_block. */
    const char *const *wanted_route;
} weir_origin;

typedef struct weir_batch {
    weir_schema *schema; /* retained */
    uint32_t length;     /* physical rows */
    weir_column **columns;
    uint16_t *selection; /* ascending physical rows that are alive; NULL = all; owned */
    uint32_t n_selected; /* == length when selection is NULL */
    weir_origin origin;
    weir_failures *failures; /* owned; NULL = none */
    uint32_t passed_over;    /* records the reader left out between these, as it was told to */
    uint32_t *routes;  /* optional: sinks a row goes to, a bit each; NULL = the only one; owned */
    uint8_t *row_kind; /* optional: weir_row_kind a row; NULL = all inserts; owned */
} weir_batch;

typedef enum weir_row_kind {
    WEIR_ROW_INSERT,
    WEIR_ROW_UPDATE,
    WEIR_ROW_DELETE,
    WEIR_ROW_TRUNCATE
} weir_row_kind;

/* A batch without columns set (all NULL).  Retains schema. */
WEIR_MUST_USE weir_status weir_batch_new(weir_schema *schema, uint32_t length, weir_batch **out,
                                         weir_error *err);
void weir_batch_free(weir_batch *b); /* releases columns, origin, failures; NULL is legal */
/* Replaces the schema and the columns (n = schema->n_fields; takes over their references, not
 * the array; on failure nothing changes and they stay with the caller); releases the old ones.  For
 * operators such as select and set. */
WEIR_MUST_USE weir_status weir_batch_replace(weir_batch *b, weir_schema *schema,
                                             weir_column **columns, weir_error *err);
/* Keeps only the rows whose bit is set in keep (bit i = physical row i).  Owned selection updated.
 */
WEIR_MUST_USE weir_status weir_batch_keep(weir_batch *b, const uint64_t *keep, weir_error *err);
/* Keeps only the first `rows` alive rows. */
WEIR_MUST_USE weir_status weir_batch_head(weir_batch *b, uint64_t rows, weir_error *err);
/* k-th alive row -> physical row. */
static inline uint32_t weir_batch_row(const weir_batch *b, uint32_t k) {
    return b->selection ? b->selection[k] : k;
}
/* Failures of the batch, made on first use. */
WEIR_MUST_USE weir_status weir_batch_failures(weir_batch *b, weir_failures **out, weir_error *err);
/* 0-based row of a physical row in its split, also after compaction. */
static inline uint64_t weir_batch_row_number(const weir_batch *b, uint32_t row) {
    return b->origin.first_row + (b->origin.row_number ? b->origin.row_number[row] : row);
}
/* Number of a physical row in the batch as it was read. */
static inline uint32_t weir_batch_record(const weir_batch *b, uint32_t row) {
    return b->origin.row_number ? b->origin.row_number[row] : row;
}
/* The only target of a route that wants a physical row's record; NULL = none in particular. */
static inline const char *weir_batch_wanted_route(const weir_batch *b, uint32_t row) {
    return b->origin.wanted_route ? b->origin.wanted_route[weir_batch_record(b, row)] : NULL;
}
/* The origin of a batch whose row i is row rows[i] of one with the origin `from`.  items (may be
 * NULL): the number of the item that row i is, one level more.  Holds references of its own. */
WEIR_MUST_USE weir_status weir_origin_take(const weir_origin *from, const uint32_t *rows,
                                           const uint32_t *items, uint32_t n, weir_ledger *ledger,
                                           weir_origin *out, weir_error *err);
/* Another reference to all that an origin holds. */
weir_origin weir_origin_share(const weir_origin *from);
/* Gives up what an origin holds. */
void weir_origin_clear(weir_origin *o);
/* Keeps the columns as they are now in b->origin.as_read. */
WEIR_MUST_USE weir_status weir_batch_keep_as_read(weir_batch *b, weir_error *err);
/* 1-based line of a physical row (counts line ends in raw, cold path); 0 = no lines. */
uint64_t weir_batch_line(const weir_batch *b, uint32_t row);
/* Line ends in raw->data[from .. to): who needs the lines of many rows counts along. */
uint64_t weir_batch_lines_between(const weir_batch *b, uint32_t from, uint32_t to);
/* Byte address of a physical row in its split. */
uint64_t weir_batch_byte(const weir_batch *b, uint32_t row);
/* false: the source counts lines (rows of a sheet) only, and weir_batch_byte gives 0. */
bool weir_batch_has_byte(const weir_batch *b, uint32_t row);
/* Raw bytes of a physical row; size 0 and NULL data when there is no raw form. */
weir_slice weir_batch_raw(const weir_batch *b, uint32_t row);
/* Bytes that the batch keeps alive: its columns and origin, each block once, in full. */
size_t weir_batch_bytes(const weir_batch *b);
/* Bytes that the alive rows need: what weir_batch_bytes would be after weir_batch_compact, without
 * the raw form.  A batch whose weir_batch_bytes is more than twice this is worth compacting. */
size_t weir_batch_live_bytes(const weir_batch *b);
/* Checks every column and the selection; for tests. */
WEIR_MUST_USE weir_status weir_batch_validate(const weir_batch *b, weir_error *err);

#endif
