/* Fields of a chunk as evidence of the columns' types. */
#include "format/csv_value.h"
#include "format/infer.h"

#include "text/utf8.h"

/* The physical columns whose type is to be found out. */
typedef struct wanted {
    uint32_t source, column; /* in the layout; in the inference */
    weir_csv_target words;   /* only its null words are used */
    bool check_utf8;         /* of the chunk: some text in it is none */
} wanted;

/* The declared column of a name, looked for from *next on: mostly they stand in the file's order.
 */
static const weir_opt_column *declared(const weir_opt_columns *columns, const char *name,
                                       size_t *next) {
    for (size_t i = 0, at = *next; columns && i < columns->n; i++, at++) {
        if (at >= columns->n) at = 0;
        const weir_opt_column *c = &columns->items[at];
        if (strcmp(c->from ? c->from : c->name, name) != 0) continue;
        *next = at + 1;
        return c;
    }
    return NULL;
}

static void words_of(weir_csv_target *t, const weir_csv_read_config *config,
                     const weir_opt_column *column) {
    const weir_opt_strings *given = config->null_given ? &config->null_words : NULL;
    if (column && column->nulls.n) given = &column->nulls;
    t->null_quoted = config->null_quoted;
    if (!given) return;
    t->nulls = *given;
    for (size_t i = 0; i < given->n; i++) {
        size_t size = strlen(given->items[i]);
        t->null_sizes |= 1ull << (size < 63 ? size : 63);
    }
}

static weir_status find_wanted(const weir_read_request *request, const weir_layout *layout,
                               uint8_t delimiter, struct weir_inference *into, wanted *list,
                               uint32_t *n, weir_error *err) {
    size_t next = 0;
    *n = 0;
    for (uint32_t i = 0; i < layout->n_names; i++) {
        const weir_opt_column *column = declared(request->columns, layout->names[i], &next);
        if (column && column->type) continue;
        wanted *w = &list[*n];
        const weir_csv_read_config *config = request->config;
        w->source = i;
        words_of(&w->words, config, column);
        weir_status status =
            weir_inference_column(into, weir_slice_of(layout->names[i]), &w->column, err);
        if (status != WEIR_OK) return status;
        weir_search search = {.words_off = config->null_given || (column && column->nulls.n),
                              .comma_file = delimiter == ',',
                              .semicolon_file = delimiter == ';'};
        status = weir_csv_marks(column, config, layout->names[i], &search.marks, err);
        if (status != WEIR_OK) return status;
        weir_inference_search(into, w->column, &search);
        ++*n;
    }
    return WEIR_OK;
}

/* One field; buf holds unescaped text. */
static weir_status add_field(const wanted *w, const weir_csv_dialect *d, weir_slice text,
                             weir_buf *buf, struct weir_inference *into, weir_address at,
                             weir_error *err) {
    bool quoted = d->has_quote && text.size >= 2 && (uint8_t)text.data[0] == d->quote;
    if (quoted) {
        weir_slice inner;
        if (weir_csv_unquote(d, text, &inner)) {
            buf->size = 0;
            if (!weir_buf_reserve(buf, inner.size)) return weir_error_nomem(err);
            text.size = weir_csv_unescape(d, inner, buf->data);
            text.data = buf->data;
        } else {
            text = inner;
        }
    } else if (d->escaped_null && weir_csv_is_plain_null(d, text)) {
        return weir_inference_null(into, w->column, err);
    } else if (d->escapes_plain && memchr(text.data, d->escape, text.size)) {
        buf->size = 0;
        if (!weir_buf_reserve(buf, text.size)) return weir_error_nomem(err);
        text.size = weir_csv_unescape_plain(d, text, buf->data);
        text.data = buf->data;
    }
    /* An empty field says nothing of the type, quoted or not. */
    if (text.size == 0 ||
        ((!quoted || w->words.null_quoted) && weir_csv_is_null_word(&w->words, text)))
        return weir_inference_null(into, w->column, err);
    if (w->check_utf8 && !weir_utf8_valid(text.data, text.size)) return WEIR_OK; /* is a reject */
    return weir_inference_field(into, w->column, text, !quoted, at, err);
}

/* One column over a tile.  Lines are counted on from the last row: rows come in order. */
static weir_status add_column(const wanted *w, const weir_csv_splitter *s,
                              const weir_csv_tile *tile, const weir_chunk *chunk,
                              const uint64_t *lines, weir_buf *buf, struct weir_inference *into,
                              weir_error *err) {
    const size_t n = tile->n_fields, c = w->source;
    for (uint32_t r = 0; r < tile->n_rows; r++) {
        if (tile->bad && weir_bit_get(tile->bad, r)) continue;
        uint32_t start = c ? tile->pos[r * n + c - 1] + tile->step : tile->row_begin[r];
        uint32_t end = c == n - 1 ? tile->last_end[r] : tile->pos[r * n + c];
        if (tile->ragged && start > tile->last_end[r]) start = end = tile->last_end[r];
        weir_address at = {chunk->split, lines[r],
                           chunk->first_byte + (tile->row_begin[r] - chunk->begin)};
        weir_slice text = {(const char *)s->data + start, end - start};
        weir_status status = add_field(w, s->dialect, text, buf, into, at, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* How many records of the tile a run will reject as they stand. */
static uint64_t count_unread(const weir_csv_splitter *s, const weir_csv_tile *tile, bool check) {
    uint64_t n = 0;
    for (uint32_t r = 0; (check || tile->bad) && r < tile->n_rows; r++) {
        uint32_t begin = tile->row_begin[r], end = tile->row_end[r];
        n += (tile->bad && weir_bit_get(tile->bad, r)) ||
             (check && !weir_utf8_valid((const char *)s->data + begin, end - begin));
    }
    return n;
}

weir_status weir_csv_infer(const weir_read_request *request, const weir_chunk *chunk,
                           struct weir_inference *into, weir_error *err) {
    weir_csv_splitter s = {0};
    weir_buf buf = {.max = request->max_record_bytes + 64};
    uint32_t n = 0;
    uint64_t *lines = NULL, line = chunk->first_line;
    size_t counted = chunk->begin;
    weir_status status = WEIR_OK;
    wanted *list = weir_alloc_zero(chunk->layout->n_names, sizeof *list);
    if (!list) return weir_error_nomem(err);
    WEIR_TRY(weir_csv_splitter_begin(&s, chunk, err));
    WEIR_TRY(find_wanted(request, chunk->layout, s.dialect->delimiter, into, list, &n, err));
    bool check = !weir_utf8_valid((const char *)s.data + chunk->begin, chunk->end - chunk->begin);
    for (uint32_t i = 0; i < n; i++) list[i].check_utf8 = check;
    lines = weir_alloc_zero(s.rows_room, sizeof *lines);
    if (!lines) WEIR_TRY(weir_error_nomem(err));
    for (;;) {
        weir_csv_tile tile;
        WEIR_TRY(weir_csv_splitter_next(&s, (uint32_t)s.rows_room, &tile, err));
        if (tile.n_rows == 0) break;
        for (uint32_t r = 0; r < tile.n_rows; r++) {
            line += s.kernels->lines(s.data, counted, tile.row_begin[r]);
            counted = tile.row_begin[r];
            lines[r] = line;
        }
        weir_inference_records(into, tile.n_rows, count_unread(&s, &tile, check));
        for (uint32_t i = 0; i < n; i++)
            WEIR_TRY(add_column(&list[i], &s, &tile, chunk, lines, &buf, into, err));
    }
out:
    weir_csv_splitter_clear(&s);
    weir_buf_clear(&buf);
    weir_free(lines);
    weir_free(list);
    return status;
}
