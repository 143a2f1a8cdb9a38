/* Columns as cells: pointer and length of each value's text.  Private to csv writing. */
#ifndef WEIR_FORMAT_CSV_CELLS_H
#define WEIR_FORMAT_CSV_CELLS_H

#include "column/batch.h"
#include "format/csv.h"
#include "text/time.h"

/* How records look. */
typedef struct weir_csv_style {
    uint8_t delimiter, quote;
    char newline[2];
    uint8_t newline_size;
    bool quote_all;
    bool odd;   /* delimiter or quote may stand in numbers and times */
    bool alone; /* one column: a null must not make an empty line */
    const char *null_word;
    uint32_t null_size;
    char padded_null[64]; /* the null word with room behind it, when it is short */
    const weir_csv_kernels *kernels;
} weir_csv_style;

WEIR_MUST_USE weir_status weir_csv_style_init(weir_csv_style *s,
                                              const weir_csv_write_config *config,
                                              uint32_t n_fields, weir_error *err);

/* What one column needs to become cells. */
typedef struct weir_csv_cell_column {
    const weir_type *type;
    char *slots; /* formatted values, slot_bytes each */
    size_t slot_bytes;
    weir_buf text; /* values without a slot: nested, binary */
    weir_zone_cache zone;
    bool zone_utc;
    const weir_time_program *program;
} weir_csv_cell_column;

WEIR_MUST_USE weir_status weir_csv_cell_column_init(weir_csv_cell_column *c,
                                                    const weir_field *field,
                                                    const weir_csv_write_config *config,
                                                    uint32_t tile_rows, weir_arena *arena,
                                                    weir_error *err);
void weir_csv_cell_column_clear(weir_csv_cell_column *c);

/* Cells of the values at rows[0..n) of column into text[k * stride], size[k * stride].  They are
 * good until the next call for the same c. */
WEIR_MUST_USE weir_status weir_csv_cells_fill(weir_csv_cell_column *c, const weir_csv_style *style,
                                              const weir_column *column, const uint32_t *rows,
                                              uint32_t n, const uint8_t **text, uint32_t *size,
                                              size_t stride, weir_error *err);

#endif
