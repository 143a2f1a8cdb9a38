/* The splitter: a chunk -> tiles, that is some rows with the offsets of their fields.
 *
 * The vector index gives the offsets of all delimiters and line ends.  Where each row has as many
 * fields as the layout, these very offsets are the tile.  Other rows, blank lines and chunks that
 * the automaton must take are laid out one by one.
 */
#include "format/csv.h"

/* Offsets per tile: small enough that tile and text stay in the cache while the columns pass. */
#define TILE_OFFSETS 8192u
#define TILE_ROWS_MAX 4096u

static weir_status make_room(weir_csv_splitter *s, weir_error *err) {
    size_t room = TILE_OFFSETS > s->n_fields * 2 + 256 ? TILE_OFFSETS : s->n_fields * 2 + 256;
    weir_status status =
        weir_grow((void **)&s->found, &s->room, room + 16, sizeof *s->found, (size_t)1 << 24, err);
    if (status != WEIR_OK) return status;
    status = weir_grow((void **)&s->pos, &s->pos_room, room, sizeof *s->pos, (size_t)1 << 24, err);
    if (status != WEIR_OK || s->rows_room) return status;
    s->row_begin = weir_alloc_zero(TILE_ROWS_MAX, sizeof *s->row_begin);
    s->row_end = weir_alloc_zero(TILE_ROWS_MAX, sizeof *s->row_end);
    s->last_end = weir_alloc_zero(TILE_ROWS_MAX, sizeof *s->last_end);
    s->bad = weir_alloc_zero(TILE_ROWS_MAX / 64, sizeof *s->bad);
    if (!s->row_begin || !s->row_end || !s->last_end || !s->bad) return weir_error_nomem(err);
    s->rows_room = TILE_ROWS_MAX;
    return WEIR_OK;
}

weir_status weir_csv_splitter_begin(weir_csv_splitter *s, const weir_chunk *chunk,
                                    weir_error *err) {
    const weir_csv_layout *own = chunk->layout->private_data;
    s->kernels = weir_csv_kernels_pick();
    s->dialect = &own->dialect;
    s->data = chunk->block->data;
    s->at = s->row_start = chunk->begin;
    s->end = chunk->end;
    s->n_fields = chunk->layout->n_names;
    s->flags = chunk->flags;
    s->automaton = !own->dialect.regular || (chunk->flags & WEIR_CHUNK_IRREGULAR);
    s->n_found = s->used_found = 0;
    memset(&s->index, 0, sizeof s->index);
    return make_room(s, err);
}

void weir_csv_splitter_clear(weir_csv_splitter *s) {
    weir_free(s->found);
    weir_free(s->pos);
    weir_free(s->row_begin);
    weir_free(s->row_end);
    weir_free(s->last_end);
    weir_free(s->bad);
    weir_free(s->faults);
    memset(s, 0, sizeof *s);
}

/* ---- rows that are laid out one by one ------------------------------------------------------ */

static weir_status add_fault(weir_csv_splitter *s, weir_csv_fault fault, weir_error *err) {
    weir_status status = weir_grow((void **)&s->faults, &s->faults_capacity, s->n_faults + 1,
                                   sizeof *s->faults, TILE_ROWS_MAX, err);
    if (status != WEIR_OK) return status;
    s->faults[s->n_faults++] = fault;
    s->bad[fault.row >> 6] |= 1ull << (fault.row & 63);
    return WEIR_OK;
}

static void set_tile(const weir_csv_splitter *s, uint32_t rows, const uint32_t *pos,
                     weir_csv_tile *tile) {
    tile->n_rows = rows;
    tile->n_fields = s->n_fields;
    tile->step = s->dialect->delimiter_size;
    tile->pos = pos;
    tile->row_begin = s->row_begin;
    tile->row_end = s->row_end;
    tile->ragged = s->ragged;
    tile->last_end = s->ragged ? s->last_end : s->row_end;
    tile->bad = s->n_faults ? s->bad : NULL;
}

/* Rows that pos has room for. */
static uint32_t rows_that_fit(const weir_csv_splitter *s, uint32_t max_rows) {
    uint32_t rows = (uint32_t)(s->pos_room / s->n_fields);
    if (rows > TILE_ROWS_MAX) rows = TILE_ROWS_MAX;
    return rows < max_rows ? rows : max_rows;
}

/* End of a row's text, the line end not included. */
static size_t trim_line_end(const weir_csv_splitter *s, size_t begin, size_t next) {
    if (next > begin && s->data[next - 1] == '\n') next--;
    if (next > begin && s->data[next - 1] == '\r') next--;
    return next;
}

/* A line of nothing, or of blanks, is a record only where there is one column. */
static bool is_blank(const weir_csv_splitter *s, uint32_t fields, size_t begin, size_t end) {
    if (fields != 1 || s->n_fields < 2) return false;
    while (begin < end && (s->data[begin] == ' ' || s->data[begin] == '\t')) begin++;
    return begin == end;
}

/* Lays out a row of another width where the dialect lets it be one: all that it has too much is
 * empty (a delimiter at the end of the line), or `ragged` says so.  The ends of its first fields
 * stand in pos.  false: it is a fault. */
static bool fit_row(weir_csv_splitter *s, uint32_t row, uint32_t fields, uint32_t *pos,
                    size_t end) {
    const uint32_t n = s->n_fields, step = s->dialect->delimiter_size;
    uint32_t last = (uint32_t)end;
    if (n == 1) return false; /* a delimiter at the end may well be text */
    if (fields < n) {
        if (!(s->dialect->ragged & WEIR_CSV_PAD)) return false;
        for (uint32_t k = fields - 1; k < n; k++) pos[k] = (uint32_t)end + (k + 1 - fields) * step;
    } else {
        last = pos[n - 1];
        bool empty = end - last == (size_t)(fields - n) * step;
        if (!empty && !(s->dialect->ragged & WEIR_CSV_TRUNCATE)) return false;
    }
    if (!s->ragged) memcpy(s->last_end, s->row_end, row * sizeof *s->last_end);
    s->ragged = true;
    s->last_end[row] = last;
    return true;
}

static weir_status tile_by_automaton(weir_csv_splitter *s, uint32_t max_rows, weir_csv_tile *tile,
                                     weir_error *err) {
    uint32_t limit = rows_that_fit(s, max_rows), rows = 0;
    weir_csv_scan scan = {.max_fields = s->n_fields};
    s->ragged = false;
    while (rows < limit && s->row_start < s->end) {
        size_t begin = s->row_start;
        scan.ends = s->pos + (size_t)rows * s->n_fields;
        weir_csv_scan_reset(&scan, (s->flags & WEIR_CHUNK_ONE_LINE) != 0);
        size_t next = weir_csv_scan_run(&scan, s->dialect, s->data, begin, s->end);
        if (!scan.done) weir_csv_scan_finish(&scan, s->end);
        if ((s->flags & WEIR_CHUNK_BROKEN) && (scan.flaws & WEIR_CSV_UNCLOSED)) next = s->end;
        size_t end = trim_line_end(s, begin, next);
        s->row_start = next;
        if (scan.comment || is_blank(s, scan.n_fields, begin, end)) continue;
        s->row_begin[rows] = (uint32_t)begin;
        s->row_end[rows] = (uint32_t)end;
        bool fits = !scan.flaws && (scan.n_fields == s->n_fields ||
                                    fit_row(s, rows, scan.n_fields, scan.ends, end));
        if (fits && s->ragged && scan.n_fields == s->n_fields) s->last_end[rows] = (uint32_t)end;
        if (!fits) {
            weir_csv_fault fault = {.row = rows,
                                    .flaws = scan.flaws,
                                    .fields = scan.flaws ? scan.flawed_field + 1 : scan.n_fields};
            weir_status status = add_fault(s, fault, err);
            if (status != WEIR_OK) return status;
        }
        rows++;
    }
    set_tile(s, rows, s->pos, tile);
    return WEIR_OK;
}

/* The one record of a chunk that is too long. */
static weir_status tile_too_long(weir_csv_splitter *s, weir_csv_tile *tile, weir_error *err) {
    bool done = s->row_start == s->end;
    if (!done) {
        s->row_begin[0] = (uint32_t)s->row_start;
        s->row_end[0] = (uint32_t)s->end;
        s->row_start = s->end;
        weir_status status = add_fault(s, (weir_csv_fault){.row = 0, .too_long = true}, err);
        if (status != WEIR_OK) return status;
    }
    set_tile(s, done ? 0 : 1, s->pos, tile);
    return WEIR_OK;
}

/* ---- rows from the index -------------------------------------------------------------------- */

static bool is_line_end(const weir_csv_splitter *s, uint32_t at) {
    return at == s->end || s->data[at] == '\n';
}

/* Fetches offsets until `found` is full or the chunk ends.  A last record without line end gets one
 * at s->end. */
static void fetch(weir_csv_splitter *s) {
    while (s->at < s->end && s->room - 16 - s->n_found >= 64) {
        size_t n = 0;
        s->at = s->kernels->index(s->dialect, &s->index, s->data, s->at, s->end,
                                  s->found + s->n_found, s->room - 16 - s->n_found, &n);
        s->n_found += n;
        if (s->at == s->end && s->data[s->end - 1] != '\n') {
            s->found[s->n_found++] = (uint32_t)s->end;
            s->index.n_lines++;
        }
    }
}

/* Removes the first n offsets, n_lines of which are line ends. */
static void drop_found(weir_csv_splitter *s, size_t n, uint32_t n_lines) {
    s->n_found -= n;
    memmove(s->found, s->found + n, s->n_found * sizeof *s->found);
    s->index.n_lines -= n_lines;
}

/* Rows begin and end where every n-th of the offsets says; true when all of these, of which there
 * are `whole`, are line ends.  The first `rows` are laid out. */
static bool plain_rows(weir_csv_splitter *s, uint32_t rows, size_t whole) {
    size_t n = s->n_fields, start = s->row_start;
    const uint32_t *last = s->found + n - 1;
    uint32_t other = 0;
    for (uint32_t r = 0; r < rows; r++, last += n) {
        uint32_t end = *last;
        other |= !is_line_end(s, end);
        s->row_begin[r] = (uint32_t)start;
        s->row_end[r] = end - (end > start && s->data[end - 1] == '\r');
        start = (size_t)end + 1;
    }
    for (size_t r = rows; r < whole; r++, last += n) other |= !is_line_end(s, *last);
    return !other;
}

/* Rows of any number of fields, from the offsets; stops before a row that is not whole yet. */
static weir_status ragged_rows(weir_csv_splitter *s, uint32_t limit, weir_csv_tile *tile,
                               weir_error *err) {
    uint32_t rows = 0, lines = 0;
    size_t used = 0;
    s->ragged = false;
    while (rows < limit) {
        size_t k = used;
        while (k < s->n_found && !is_line_end(s, s->found[k])) k++;
        if (k == s->n_found) break;
        size_t begin = s->row_start, end = trim_line_end(s, begin, s->found[k]);
        size_t fields = k - used + 1;
        const uint32_t *offsets = s->found + used;
        s->row_start = (size_t)s->found[k] + 1;
        used = k + 1;
        lines++;
        if (fields == 1 && is_blank(s, 1, begin, end)) continue;
        s->row_begin[rows] = (uint32_t)begin;
        s->row_end[rows] = (uint32_t)end;
        uint32_t *pos = s->pos + (size_t)rows * s->n_fields;
        memcpy(pos, offsets, (fields < s->n_fields ? fields : s->n_fields) * sizeof *offsets);
        if (fields == s->n_fields) {
            s->last_end[rows] = (uint32_t)end;
        } else if (!fit_row(s, rows, (uint32_t)fields, pos, end)) {
            weir_csv_fault fault = {.row = rows, .fields = (uint32_t)fields};
            weir_status status = add_fault(s, fault, err);
            if (status != WEIR_OK) return status;
        }
        rows++;
    }
    drop_found(s, used, lines);
    set_tile(s, rows, s->pos, tile);
    return WEIR_OK;
}

/* A row with more offsets than `found` holds: counted without keeping them. */
static weir_status endless_row(weir_csv_splitter *s, weir_csv_tile *tile, weir_error *err) {
    s->ragged = false;
    size_t fields = s->n_found;
    while (s->index.n_lines == 0 && s->at < s->end) {
        s->n_found = 0;
        fetch(s);
        fields += s->n_found;
    }
    size_t k = 0;
    while (k < s->n_found && !is_line_end(s, s->found[k])) k++;
    fields = fields - s->n_found + k + 1;
    s->row_begin[0] = (uint32_t)s->row_start;
    s->row_end[0] = (uint32_t)trim_line_end(s, s->row_start, s->found[k]);
    s->row_start = (size_t)s->found[k] + 1;
    drop_found(s, k + 1, 1);
    weir_status status = add_fault(s, (weir_csv_fault){.row = 0, .fields = (uint32_t)fields}, err);
    set_tile(s, 1, s->pos, tile);
    return status;
}

weir_status weir_csv_splitter_next(weir_csv_splitter *s, uint32_t max_rows, weir_csv_tile *tile,
                                   weir_error *err) {
    if (s->n_faults) {
        memset(s->bad, 0, TILE_ROWS_MAX / 8);
        s->n_faults = 0;
    }
    if (s->used_found) {
        drop_found(s, s->used_found, s->used_lines);
        s->used_found = 0;
    }
    if (s->flags & WEIR_CHUNK_TOO_LONG) return tile_too_long(s, tile, err);
    for (;;) {
        if (!s->automaton) {
            fetch(s);
            if (s->index.bare_cr) s->automaton = true;
        }
        if (s->automaton) return tile_by_automaton(s, max_rows, tile, err);
        size_t whole = s->n_found / s->n_fields;
        uint32_t rows =
            whole < rows_that_fit(s, max_rows) ? (uint32_t)whole : rows_that_fit(s, max_rows);
        s->ragged = false;
        if (s->n_found == 0) {
            set_tile(s, 0, s->found, tile);
            return WEIR_OK;
        }
        /* As many line ends as rows, each in its place: every row is whole. */
        if (rows && s->index.n_lines == whole && plain_rows(s, rows, whole)) {
            s->row_start = (size_t)s->found[(size_t)rows * s->n_fields - 1] + 1;
            s->used_found = (size_t)rows * s->n_fields;
            s->used_lines = rows;
            s->ragged = false;
            set_tile(s, rows, s->found, tile);
            return WEIR_OK;
        }
        if (s->index.n_lines == 0) return endless_row(s, tile, err);
        weir_status status = ragged_rows(s, rows_that_fit(s, max_rows), tile, err);
        if (status != WEIR_OK || tile->n_rows) return status;
        /* Blank lines only; go on. */
    }
}
