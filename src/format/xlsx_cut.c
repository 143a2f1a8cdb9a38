/* The cutter: rows of a sheet -> records -> chunks of JSON lines. */
#include "format/xlsx.h"
#include "text/hash.h"
#include "text/json.h"

/* A cell of the row under way: its JSON in cutter.row. */
typedef struct cell {
    uint32_t column;
    size_t begin, end;
    bool moment; /* its format is one of dates or times */
} cell;

/* What stands in a cell by its `t`. */
typedef enum cell_type {
    CELL_NUMBER,
    CELL_SHARED,
    CELL_TEXT, /* str, inlineStr */
    CELL_BOOL,
    CELL_ERROR,
    CELL_DATE /* ISO 8601 */
} cell_type;

struct weir_cutter {
    const weir_read_request *request;
    const weir_xlsx_read_config *config;
    weir_xlsx_book book;
    const weir_xlsx_sheet *sheet;
    weir_xlsx_part part;
    weir_relay relay;
    uint32_t first_column, last_column, first_row, last_row; /* the range; rows 1-based */
    weir_layout *layout;
    weir_buf keys;      /* "name": of each column of the layout, one behind the other */
    size_t *key_at;     /* n_names + 1 offsets; NULL = no column has a name of its own */
    uint32_t key_first; /* column of the first name */
    uint32_t n_keys;
    /* the row */
    uint32_t row_number, next_column;
    weir_buf row;
    cell *cells;
    size_t n_cells, capacity;
    /* the cell */
    cell_type type;
    uint32_t column, kind;
    bool in_cell, in_value, has_value, has_formula, wanted;
    uint32_t phonetic;
    weir_buf text;
    bool in_data, end, rows_above; /* rows_above: the header is not the first row with cells */
    bool found_none;               /* no row looks like a header */
};

/* ---- cells --------------------------------------------------------------------------------- */

static void begin_cell(weir_cutter *c) {
    static const struct {
        const char *name;
        cell_type type;
    } types[] = {{"s", CELL_SHARED}, {"str", CELL_TEXT}, {"inlineStr", CELL_TEXT},
                 {"b", CELL_BOOL},   {"e", CELL_ERROR},  {"d", CELL_DATE}};
    const weir_xml_reader *x = c->part.x;
    uint32_t column = UINT32_MAX, row = 0;
    weir_xml_attribute a = {0};
    c->type = CELL_NUMBER;
    c->kind = WEIR_XLSX_NUMBER;
    c->column = c->next_column;
    while (weir_xml_attributes_next(x, &a)) {
        if (a.name.size != 1) continue;
        if (*a.name.data == 'r') {
            if (!weir_xlsx_reference(a.value, &column, &row))
                weir_relay_fail(&c->relay, "cell", "%.*s in row %u is no cell of a sheet",
                                weir_clip(a.value), a.value.data, c->row_number);
            else if (column != UINT32_MAX)
                c->column = column;
        } else if (*a.name.data == 's') {
            uint64_t style = weir_xlsx_number(a.value, UINT64_MAX);
            if (style < c->book.n_kinds) c->kind = c->book.kinds[style];
        } else if (*a.name.data == 't') {
            for (size_t i = 0; i < sizeof types / sizeof *types; i++)
                if (weir_slice_is(a.value, types[i].name)) c->type = types[i].type;
        }
    }
    c->next_column = c->column + 1;
    c->in_cell = true;
    c->in_value = c->has_value = c->has_formula = false;
    c->text.size = 0;
    c->wanted = c->column >= c->first_column && c->column <= c->last_column;
}

static bool put_date_text(weir_cutter *c, weir_slice s) {
    /* 2024-01-02T00:00:00 of a cell that shows a date only is that date */
    bool midnight = s.size >= 19 && memcmp(s.data + 10, "T00:00:00", 9) == 0;
    if (c->kind == WEIR_XLSX_DATE && midnight) s.size = 10;
    if (s.size && s.data[s.size - 1] == 'Z') s.size--; /* cells have no zone */
    return weir_xlsx_put_text(&c->row, s);
}

static weir_status put_shared(weir_cutter *c, weir_slice s, weir_error *err) {
    weir_slice text = {NULL, 0};
    weir_status status = weir_xlsx_string(&c->book, weir_xlsx_number(s, UINT64_MAX), &text, err);
    if (status != WEIR_OK) return status;
    if (text.data)
        return !text.size || weir_buf_add(&c->row, text.data, text.size) ? WEIR_OK
                                                                         : weir_error_nomem(err);
    char name[4];
    weir_relay_fail(&c->relay, "cell", "cell %s%u refers to a shared string that is not there",
                    weir_xlsx_letters(c->column, name), c->row_number);
    return weir_json_put_string(&c->row, s.size ? s.data : "", s.size, WEIR_JSON_UTF8_REPLACE, NULL)
               ? WEIR_OK
               : weir_error_nomem(err);
}

static bool put_error(weir_cutter *c, weir_slice s) {
    char name[4];
    if (c->config->errors == WEIR_XLSX_ERRORS_NULL) return true;
    if (c->config->errors == WEIR_XLSX_ERRORS_REJECT)
        weir_relay_fail(&c->relay, "cell_error", "cell %s%u holds the error %.*s",
                        weir_xlsx_letters(c->column, name), c->row_number, weir_clip(s), s.data);
    return weir_xlsx_put_text(&c->row, s);
}

/* Appends the cell's value to the row; nothing when it is empty. */
static weir_status put_value(weir_cutter *c, weir_error *err) {
    weir_slice s = {c->text.data, c->text.size};
    bool ok = true;
    /* a text may be empty; <v/> of anything else is what programs write that compute nothing */
    if (c->has_formula && (!c->has_value || (!s.size && c->type != CELL_TEXT))) {
        char name[4];
        if (c->config->errors != WEIR_XLSX_ERRORS_NULL)
            weir_relay_fail(&c->relay, "formula",
                            "cell %s%u has a formula whose value is not stored in the file",
                            weir_xlsx_letters(c->column, name), c->row_number);
        return WEIR_OK;
    }
    if (s.size == 0) return WEIR_OK;
    switch (c->type) {
    case CELL_SHARED: return put_shared(c, s, err);
    case CELL_TEXT: ok = weir_xlsx_put_text(&c->row, s); break;
    case CELL_BOOL:
        ok = weir_slice_is(s, "1") || weir_slice_is(s, "true") ? weir_buf_add(&c->row, "true", 4)
             : weir_slice_is(s, "0") || weir_slice_is(s, "false")
                 ? weir_buf_add(&c->row, "false", 5)
                 : weir_xlsx_put_text(&c->row, s);
        break;
    case CELL_ERROR: ok = put_error(c, s); break;
    case CELL_DATE: ok = put_date_text(c, s); break;
    default: ok = weir_xlsx_put_number(&c->row, s, (weir_xlsx_kind)c->kind, c->book.date1904);
    }
    return ok ? WEIR_OK : weir_error_nomem(err);
}

static weir_status end_cell(weir_cutter *c, weir_error *err) {
    size_t begin = c->row.size;
    c->in_cell = false;
    if (!c->wanted) return WEIR_OK;
    weir_status status = put_value(c, err);
    if (status != WEIR_OK || c->row.size == begin) return status;
    status = weir_grow((void **)&c->cells, &c->capacity, c->n_cells + 1, sizeof *c->cells,
                       WEIR_XLSX_COLUMNS, err);
    if (status != WEIR_OK) return status;
    if (c->n_cells && c->column <= c->cells[c->n_cells - 1].column) {
        char name[4];
        weir_relay_fail(&c->relay, "cell", "cell %s%u does not stand behind the one before it",
                        weir_xlsx_letters(c->column, name), c->row_number);
        if (c->column == c->cells[c->n_cells - 1].column) {
            c->row.size = begin;
            return WEIR_OK;
        }
    }
    bool moment = c->type == CELL_DATE || (c->type == CELL_NUMBER && c->kind != WEIR_XLSX_NUMBER);
    c->cells[c->n_cells++] = (cell){c->column, begin, c->row.size, moment};
    return WEIR_OK;
}

/* ---- rows ----------------------------------------------------------------------------------
 */

static void begin_row(weir_cutter *c) {
    uint64_t number =
        weir_xlsx_number(weir_xlsx_attribute(c->part.x, "r"), (uint64_t)c->row_number + 1);
    c->row_number = number <= WEIR_XLSX_ROWS ? (uint32_t)number : c->row_number + 1;
    c->next_column = 0;
    c->row.size = 0;
    c->n_cells = 0;
    weir_relay_begin(&c->relay, c->row_number, UINT64_MAX);
    if (number > WEIR_XLSX_ROWS || c->row_number > WEIR_XLSX_ROWS)
        weir_relay_fail(&c->relay, "cell", "a sheet has no row %llu", (unsigned long long)number);
}

static bool in_range(const weir_cutter *c) {
    return c->row_number >= c->first_row && c->row_number <= c->last_row;
}

/* Reads on to the end of the next row that has cells in the range; *got false = no more. */
static weir_status next_row(weir_cutter *c, bool *got, weir_error *err) {
    weir_status status = WEIR_OK;
    *got = false;
    for (;;) {
        weir_xml_event event = WEIR_XML_EOF;
        WEIR_TRY(weir_xml_next(c->part.x, &event, err));
        if (event == WEIR_XML_EOF) return WEIR_OK;
        if (event == WEIR_XML_TEXT) {
            weir_slice s = weir_xml_text(c->part.x);
            if (c->in_value && !c->phonetic && c->wanted && !weir_buf_add(&c->text, s.data, s.size))
                return weir_error_nomem(err);
            continue;
        }
        if (event == WEIR_XML_ENTITY) continue;
        weir_slice name = weir_xml_name(c->part.x);
        bool starts = event == WEIR_XML_START;
        if (weir_slice_is(name, "sheetData")) c->in_data = starts;
        if (!c->in_data) continue;
        if (weir_slice_is(name, "c")) {
            if (starts)
                begin_cell(c);
            else if (c->in_cell)
                WEIR_TRY(end_cell(c, err));
        } else if (weir_slice_is(name, "row")) {
            if (starts)
                begin_row(c);
            else if ((c->n_cells || c->relay.fault_rule) && in_range(c)) {
                *got = true;
                return WEIR_OK;
            }
        } else if (weir_slice_is(name, "v") || weir_slice_is(name, "t")) {
            c->in_value = starts && c->in_cell;
            c->has_value |= c->in_value;
        } else if (weir_slice_is(name, "f")) {
            c->has_formula |= starts;
        } else if (weir_slice_is(name, "rPh")) {
            c->phonetic = starts ? c->phonetic + 1 : c->phonetic - (c->phonetic > 0);
        }
    }
out:
    return status;
}

/* ---- names ---------------------------------------------------------------------------------
 */

/* The text of a header's cell, in the arena: without white space around it, on one line. */
static weir_status header_text(weir_cutter *c, const cell *k, char **out, weir_error *err) {
    const weir_json *v = NULL;
    weir_status status =
        weir_json_parse(c->row.data + k->begin, k->end - k->begin, NULL, &c->book.arena, &v, err);
    if (status != WEIR_OK) return status;
    weir_slice s = v->kind == WEIR_JSON_STRING || v->kind == WEIR_JSON_NUMBER
                       ? v->text
                       : (weir_slice){c->row.data + k->begin, k->end - k->begin};
    char *text = weir_arena_strndup(&c->book.arena, s.data, s.size);
    if (!text) return weir_error_nomem(err);
    char *to = text;
    for (const char *p = text; *p; p++) {
        bool blank = (unsigned char)*p <= ' ';
        if (!blank)
            *to++ = *p;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    while (to > text && to[-1] == ' ') to--;
    *to = 0;
    *out = text;
    return WEIR_OK;
}

/* Names in use, by hash. */
typedef struct used {
    const char *name;
    unsigned next; /* the number to try when the name comes again */
} used;

static used *find_used(used *table, size_t mask, const char *name) {
    size_t at = weir_hash_bytes(name, strlen(name), 0) & mask;
    while (table[at].name && strcmp(table[at].name, name) != 0) at = (at + 1) & mask;
    return &table[at];
}

/* A name that stands twice gets a number; a column without one is called by its letters. */
static weir_status settle_names(weir_cutter *c, const char **names, uint32_t n, weir_error *err) {
    size_t slots = 64;
    while (slots < (size_t)n * 2) slots *= 2;
    used *table = weir_alloc_zero(slots, sizeof *table);
    if (!table) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; i < n && status == WEIR_OK; i++) {
        char letters[4];
        const char *name = names[i];
        if (!name || !*name) name = weir_xlsx_letters(c->key_first + i, letters);
        const char *unique = weir_arena_strdup(&c->book.arena, name);
        used *first = unique ? find_used(table, slots - 1, unique) : NULL;
        if (first && first->name) {
            do unique = weir_arena_printf(&c->book.arena, "%s_%u", name, first->next++);
            while (unique && find_used(table, slots - 1, unique)->name);
        }
        if (unique)
            *find_used(table, slots - 1, unique) = (used){unique, 2};
        else
            status = weir_error_nomem(err);
        names[i] = unique;
    }
    weir_free(table);
    return status;
}

/* What was found and not given: the sheet among several, the header below other rows. */
static weir_status describe(weir_cutter *c, weir_error *err) {
    weir_buf text = {0};
    bool ok = true;
    if (!c->config->sheet && c->book.n_sheets > 1)
        ok = weir_buf_adds(&text, "sheet: ") &&
             weir_json_put_string(&text, c->sheet->name, strlen(c->sheet->name),
                                  WEIR_JSON_UTF8_REPLACE, NULL) &&
             weir_buf_adds(&text, "\n");
    if (c->found_none) {
        ok = ok && weir_buf_adds(&text, "header: false\n");
        if (c->rows_above) ok = ok && weir_buf_printf(&text, "skip: %u\n", c->first_row - 1);
    } else if (c->rows_above) {
        ok = ok && weir_buf_printf(&text, "header_row: %u\n", c->row_number);
    }
    weir_status status = !ok         ? weir_error_nomem(err)
                         : text.size ? weir_layout_describe(c->layout, weir_buf_cstr(&text), err)
                                     : WEIR_OK;
    weir_buf_clear(&text);
    return status;
}

static weir_status make_keys(weir_cutter *c, const char **names, uint32_t n, weir_error *err) {
    c->key_at = weir_alloc_zero((size_t)n + 1, sizeof *c->key_at);
    if (!c->key_at) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) {
        c->key_at[i] = c->keys.size;
        if (!weir_json_put_string(&c->keys, names[i], strlen(names[i]), WEIR_JSON_UTF8_REPLACE,
                                  NULL) ||
            !weir_buf_add(&c->keys, ":", 1))
            return weir_error_nomem(err);
    }
    c->key_at[n] = c->keys.size;
    c->n_keys = n;
    weir_status status = weir_layout_new(names, n, &c->layout, err);
    return status == WEIR_OK ? describe(c, err) : status;
}

/* The names of the columns from the header's row, which is the one under way. */
static weir_status names_from_row(weir_cutter *c, weir_error *err) {
    weir_status status = WEIR_OK;
    if (!c->n_cells) {
        weir_error_set(err, WEIR_DATA, "the header in row %u has no values: %s", c->row_number,
                       c->relay.fault);
        weir_error_at(err, c->book.in->name, c->row_number, 0);
        return WEIR_DATA;
    }
    uint32_t first = c->cells[0].column, n = c->cells[c->n_cells - 1].column - first + 1;
    const char **names = weir_alloc_zero(n, sizeof *names);
    if (!names) return weir_error_nomem(err);
    c->key_first = first;
    for (size_t i = 0; i < c->n_cells; i++) {
        char *text = NULL;
        WEIR_TRY(header_text(c, &c->cells[i], &text, err));
        names[c->cells[i].column - first] = text;
    }
    WEIR_TRY(settle_names(c, names, n, err));
    status = make_keys(c, names, n, err);
out:
    weir_free(names);
    return status;
}

/* Without a header: the declared columns in their order, from the range's first column on. */
static weir_status names_declared(weir_cutter *c, weir_error *err) {
    const weir_opt_columns *columns = c->request->columns;
    uint32_t n = columns && columns->n < WEIR_XLSX_COLUMNS ? (uint32_t)columns->n : 0;
    c->key_first = c->first_column;
    for (uint32_t i = 0; i < n; i++)
        if (columns->items[i].from) return WEIR_OK; /* these name columns by their letters */
    if (n == 0) return WEIR_OK;
    const char **names = weir_alloc_zero(n, sizeof *names);
    if (!names) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) names[i] = columns->items[i].name;
    weir_status status = make_keys(c, names, n, err);
    weir_free(names);
    return status;
}

static weir_status open_sheet(weir_cutter *c, weir_error *err) {
    weir_xlsx_part_close(&c->part);
    c->row_number = 0;
    c->in_data = c->in_cell = false;
    return weir_xlsx_part_open(&c->book, c->sheet->part, &c->part, err);
}

/* Whether a text cell is a name that `columns` declares. */
static bool is_declared(const weir_cutter *c, weir_slice json) {
    const weir_opt_columns *columns = c->request->columns;
    if (json.size < 2 || *json.data != '"') return false;
    weir_slice text = {json.data + 1, json.size - 2};
    for (size_t i = 0; columns && i < columns->n; i++) {
        const weir_opt_column *o = &columns->items[i];
        if (weir_slice_is(text, o->from ? o->from : o->name)) return true;
    }
    return false;
}

/* Takes down what the first rows look like, and begins the sheet anew. */
static weir_status look_at_rows(weir_cutter *c, weir_xlsx_rows *r, weir_error *err) {
    weir_status status = WEIR_OK;
    while (r->n < WEIR_XLSX_LOOK_ROWS) {
        bool got;
        WEIR_TRY(next_row(c, &got, err));
        if (!got) break;
        r->numbers[r->n] = c->row_number;
        r->cells[r->n] = c->n_cells;
        for (size_t i = 0; i < c->n_cells; i++) {
            const cell *k = &c->cells[i];
            uint32_t at = k->column - c->first_column;
            weir_slice json = {c->row.data + k->begin, k->end - k->begin};
            r->declared[r->n] |= is_declared(c, json);
            if (at < WEIR_XLSX_LOOK_COLUMNS)
                r->looks[r->n][at] = (uint8_t)weir_xlsx_look_of(json, k->moment);
        }
        r->n++;
    }
    status = open_sheet(c, err);
out:
    return status;
}

/* A title or a date above the table fills a cell or two: the header is the first row with half as
 * many cells as the widest one of the first rows, when it looks like one. */
static weir_status find_header(weir_cutter *c, bool titles, weir_error *err) {
    weir_xlsx_rows *r = weir_alloc_zero(1, sizeof *r);
    size_t most = 0;
    uint32_t at = 0;
    if (!r) return weir_error_nomem(err);
    weir_status status = look_at_rows(c, r, err);
    for (uint32_t i = 0; i < r->n; i++)
        if (r->cells[i] > most) most = r->cells[i];
    while (titles && at < r->n && r->cells[at] * 2 < most) at++;
    if (status == WEIR_OK && at < r->n) {
        c->first_row = r->numbers[at];
        c->rows_above = at > 0;
        c->found_none = c->config->header == WEIR_XLSX_HEADER_AUTO && !weir_xlsx_is_header(r, at);
    }
    weir_free(r);
    return status;
}

/* No row names the columns. */
static weir_status no_header(weir_cutter *c, weir_error *err) {
    weir_status status = names_declared(c, err);
    if (status != WEIR_OK || c->layout) return status;
    status = weir_layout_new(NULL, 0, &c->layout, err);
    return status == WEIR_OK ? describe(c, err) : status;
}

/* Whether the sheet is a cover: a cell at most, and nothing below it. */
static weir_status is_cover(weir_cutter *c, bool *out, weir_error *err) {
    bool got = false, more = false;
    weir_status status = open_sheet(c, err);
    if (status == WEIR_OK) status = next_row(c, &got, err);
    *out = !got || c->n_cells < 2;
    if (status == WEIR_OK && got && *out) status = next_row(c, &more, err);
    *out = *out && !more;
    return status;
}

/* Without a sheet that was named: a cover in front of sheets that are none is passed over. */
static weir_status pass_covers(weir_cutter *c, weir_error *err) {
    const weir_xlsx_sheet *first = c->sheet, *end = c->book.sheets + c->book.n_sheets;
    bool cover = true, said = c->config->header_row || c->config->skip || c->config->range;
    weir_status status = WEIR_OK;
    if (c->config->sheet || said) return WEIR_OK;
    for (const weir_xlsx_sheet *s = first; s < end; s++) {
        if (s->hidden != first->hidden || !s->worksheet || !s->part) continue;
        c->sheet = s;
        status = is_cover(c, &cover, err);
        if (status != WEIR_OK || !cover) break;
    }
    if (cover) c->sheet = first;
    return status;
}

static weir_status read_header(weir_cutter *c, weir_error *err) {
    bool got = false, said = c->config->header_row || c->config->skip || c->config->range;
    weir_status status = WEIR_OK;
    if (c->config->header == WEIR_XLSX_HEADER_FALSE) return names_declared(c, err);
    bool look = c->config->header == WEIR_XLSX_HEADER_AUTO && !c->config->header_row;
    if (!said || look) status = find_header(c, !said, err);
    if (status != WEIR_OK) return status;
    if (c->found_none) return no_header(c, err);
    status = next_row(c, &got, err);
    if (status != WEIR_OK) return status;
    uint32_t wanted = (uint32_t)c->config->header_row;
    if (got && (!wanted || wanted == c->row_number)) return names_from_row(c, err);
    if (!wanted) { /* an empty sheet */
        c->end = !got;
        return WEIR_OK;
    }
    weir_error_set(err, WEIR_DATA, "row %u, which is said to be the header, is empty", wanted);
    weir_error_at(err, c->book.in->name, 0, 0);
    return WEIR_DATA;
}

/* ---- records -------------------------------------------------------------------------------
 */

/* The row as an object.  false = it is too long. */
static bool put_row(weir_cutter *c) {
    weir_buf *out = &c->relay.record;
    bool ok = weir_buf_add(out, "{", 1);
    for (size_t i = 0; ok && i < c->n_cells; i++) {
        const cell *k = &c->cells[i];
        uint32_t at = k->column - c->key_first;
        ok = i == 0 || weir_buf_add(out, ",", 1);
        if (k->column >= c->key_first && at < c->n_keys) {
            ok = ok &&
                 weir_buf_add(out, c->keys.data + c->key_at[at], c->key_at[at + 1] - c->key_at[at]);
        } else {
            char letters[4];
            ok = ok && weir_buf_printf(out, "\"%s\":", weir_xlsx_letters(k->column, letters));
        }
        ok = ok && weir_buf_add(out, c->row.data + k->begin, k->end - k->begin);
    }
    return ok && weir_buf_add(out, "}", 1);
}

weir_status weir_xlsx_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err) {
    weir_status status = WEIR_OK;
    *end = false;
    for (;;) {
        if (weir_relay_take(&c->relay, out)) return WEIR_OK;
        if (c->end) {
            *end = true;
            return WEIR_OK;
        }
        bool got = false;
        WEIR_TRY(next_row(c, &got, err));
        if (got) {
            bool whole = put_row(c);
            WEIR_TRY(weir_relay_end(&c->relay, !whole, err));
            continue;
        }
        c->end = true;
        WEIR_TRY(weir_relay_flush(&c->relay, err));
    }
out:
    if (status != WEIR_OK && err && !err->source[0])
        weir_error_at(err, c->book.in->name, c->row_number, 0);
    return status;
}

/* ---- life ----------------------------------------------------------------------------------
 */

static weir_status bad_range(const char *text, weir_error *err) {
    weir_error_set(err, WEIR_USAGE, "range: %.60s is no range of cells", text);
    weir_error_hint(err,
                    "write the first and the last cell, as in B3:F100; B:F is all rows of these "
                    "columns, B3:F all from row 3 on");
    return WEIR_USAGE;
}

static weir_status set_range(weir_cutter *c, weir_error *err) {
    const char *text = c->config->range;
    c->last_column = WEIR_XLSX_COLUMNS - 1;
    c->first_row = 1 + (uint32_t)c->config->skip;
    c->last_row = WEIR_XLSX_ROWS;
    if (text) {
        const char *colon = strchr(text, ':');
        weir_slice from = {text, colon ? (size_t)(colon - text) : strlen(text)};
        weir_slice to = colon ? weir_slice_of(colon + 1) : from;
        uint32_t column, row, column2, row2;
        if (!weir_xlsx_reference(from, &column, &row) || !weir_xlsx_reference(to, &column2, &row2))
            return bad_range(text, err);
        if (column != UINT32_MAX) c->first_column = column;
        if (column2 != UINT32_MAX) c->last_column = column2;
        if (row) c->first_row = row + (uint32_t)c->config->skip;
        if (row2) c->last_row = row2;
        if (c->last_column < c->first_column || (row2 && row2 < row)) return bad_range(text, err);
    }
    if (c->config->header != WEIR_XLSX_HEADER_FALSE && c->config->header_row > 0 &&
        c->first_row < (uint32_t)c->config->header_row)
        c->first_row = (uint32_t)c->config->header_row;
    return WEIR_OK;
}

weir_status weir_xlsx_cutter_new(const weir_read_request *request, weir_stream *in,
                                 weir_cutter **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_cutter *c = weir_alloc_zero(1, sizeof *c);
    if (!c) return weir_error_nomem(err);
    c->request = request;
    c->config = request->config;
    c->text.max = request->max_record_bytes;
    c->row.max = request->max_record_bytes * 2;
    weir_relay_init(&c->relay, request);
    WEIR_TRY(set_range(c, err));
    WEIR_TRY(weir_xlsx_open(request, in, &c->book, err));
    WEIR_TRY(weir_xlsx_find_sheet(&c->book, c->config->sheet, &c->sheet, err));
    WEIR_TRY(weir_xlsx_load_styles(&c->book, err));
    WEIR_TRY(pass_covers(c, err));
    WEIR_TRY(open_sheet(c, err));
    WEIR_TRY(read_header(c, err));
    *out = c;
    c = NULL;
out:
    weir_xlsx_cutter_free(c);
    return status;
}

weir_layout *weir_xlsx_cutter_layout(weir_cutter *c) {
    return c->layout;
}

void weir_xlsx_cutter_free(weir_cutter *c) {
    if (!c) return;
    weir_xlsx_part_close(&c->part);
    weir_xlsx_clear(&c->book);
    weir_relay_clear(&c->relay);
    weir_layout_release(c->layout);
    weir_buf_clear(&c->keys);
    weir_buf_clear(&c->row);
    weir_buf_clear(&c->text);
    weir_free(c->key_at);
    weir_free(c->cells);
    weir_free(c);
}
