/* What stands in front of the records: BOM, skipped lines, blank lines, the header. */
#include "format/csv.h"

#include "text/utf8.h"

#define HEAD_PIECE_BYTES ((size_t)64 << 10)

/* The bytes read so far: block->data[WEIR_CSV_FRONT .. end).  What stands in front of the header,
 * and the header, may have max_record_bytes each, so that the block has a cap. */
typedef struct head_reader {
    const weir_read_request *request;
    weir_stream *in;
    weir_block *block;
    size_t end;
    bool at_end;
} head_reader;

static weir_status read_more(head_reader *r, weir_error *err) {
    size_t used = r->end - WEIR_CSV_FRONT, want = HEAD_PIECE_BYTES;
    if (want > r->request->chunk_bytes) want = r->request->chunk_bytes;
    if (weir_cancel_requested(r->request->cancel))
        return weir_error_set(err, WEIR_CANCELLED, "cancelled");
    if (r->block->capacity - r->end < want) {
        weir_block *grown = NULL;
        weir_status status =
            weir_block_new(r->request->ledger, WEIR_CSV_FRONT + used * 2 + want, &grown, err);
        if (status != WEIR_OK) return status;
        memcpy(grown->data, r->block->data, r->end);
        weir_block_release(r->block);
        r->block = grown;
    }
    size_t got = 0;
    weir_status status = weir_stream_read_full(r->in, r->block->data + r->end, want, &got, err);
    if (status != WEIR_OK) return status;
    r->end += got;
    r->at_end = got < want;
    r->block->size = r->end;
    return WEIR_OK;
}

static weir_status need_bytes(head_reader *r, size_t end, weir_error *err) {
    while (r->end < end && !r->at_end) {
        weir_status status = read_more(r, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status too_long(const head_reader *r, weir_error *err) {
    weir_error_set(err, WEIR_DATA, "the head of the file has more than %zu bytes",
                   r->request->max_record_bytes);
    weir_error_hint(err, "is this a csv file? Check quote and newline");
    weir_error_at(err, r->in->name, 1, 0);
    return WEIR_DATA;
}

static weir_status skip_bom(head_reader *r, size_t *at, weir_error *err) {
    weir_status status = need_bytes(r, *at + 4, err);
    if (status != WEIR_OK) return status;
    const uint8_t *p = r->block->data + *at;
    size_t n = r->end - *at;
    if (n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) {
        *at += 3;
    } else if (n >= 2 && (memcmp(p, "\xFF\xFE", 2) == 0 || memcmp(p, "\xFE\xFF", 2) == 0)) {
        weir_error_set(err, WEIR_DATA, "the file is UTF-16, not UTF-8");
        weir_error_hint(err, "write encoding: auto, or utf-16");
        weir_error_at(err, r->in->name, 1, 0);
        return WEIR_DATA;
    }
    return WEIR_OK;
}

/* Goes behind the next line end (LF, CR LF or CR), quotes not looked at. */
static weir_status skip_line(head_reader *r, size_t *at, bool *lone_cr, weir_error *err) {
    for (size_t i = *at;; i++) {
        if (i - WEIR_CSV_FRONT > r->request->max_record_bytes) return too_long(r, err);
        weir_status status = need_bytes(r, i + 2, err);
        if (status != WEIR_OK) return status;
        if (i >= r->end) {
            *at = r->end;
            return WEIR_OK;
        }
        const uint8_t *p = r->block->data;
        bool cr = p[i] == '\r' && !(i + 1 < r->end && p[i + 1] == '\n');
        if (p[i] != '\n' && !cr) continue;
        if (lone_cr) *lone_cr = cr;
        *at = i + 1;
        return WEIR_OK;
    }
}

/* Runs the automaton over the record at `at`, at most max_record_bytes of it.  *next is where it
 * stopped; *whole is false when that is not the record's end. */
static weir_status run_record(head_reader *r, const weir_csv_dialect *d, weir_csv_scan *s,
                              size_t at, size_t *next, bool *whole, weir_error *err) {
    size_t i = at, limit = at + r->request->max_record_bytes;
    weir_csv_scan_reset(s, s->one_line);
    while (!s->done) {
        /* One byte more tells whether a record of just the largest size ends there. */
        weir_status status = i == r->end ? need_bytes(r, r->end + 1, err) : WEIR_OK;
        if (status != WEIR_OK) return status;
        if (i == r->end || i == limit) break;
        i = weir_csv_scan_run(s, d, r->block->data, i, r->end < limit ? r->end : limit);
    }
    *whole = s->done || i == r->end;
    *next = i;
    return WEIR_OK;
}

/* The same with all its fields' ends in s->ends; what is not whole is closed where it stopped. */
static weir_status scan_record(head_reader *r, const weir_csv_dialect *d, weir_csv_scan *s,
                               size_t at, size_t *next, bool *whole, size_t *ends_capacity,
                               weir_error *err) {
    weir_status status = run_record(r, d, s, at, next, whole, err);
    if (status != WEIR_OK) return status;
    if (!s->done) weir_csv_scan_finish(s, *next);
    if (s->n_fields <= s->max_fields) return WEIR_OK;
    if (s->n_fields > WEIR_TYPE_MAX_FIELDS) {
        weir_error_set(err, WEIR_DATA, "the first record has %u fields, more than %d", s->n_fields,
                       WEIR_TYPE_MAX_FIELDS);
        weir_error_hint(err, "check the delimiter");
        weir_error_at(err, r->in->name, 1, 0);
        return WEIR_DATA;
    }
    status = weir_grow((void **)&s->ends, ends_capacity, s->n_fields, sizeof *s->ends,
                       WEIR_TYPE_MAX_FIELDS + 1, err);
    if (status != WEIR_OK) return status;
    s->max_fields = (uint32_t)*ends_capacity;
    return scan_record(r, d, s, at, next, whole, ends_capacity, err);
}

/* Whether the first line end outside quotes is a lone CR. */
static weir_status detect_lone_cr(head_reader *r, const weir_csv_dialect *d, size_t at, bool skips,
                                  bool *lone_cr, weir_error *err) {
    if (skips) return skip_line(r, &at, lone_cr, err);
    weir_csv_dialect any = *d;
    weir_csv_scan s = {0};
    bool whole;
    any.lone_cr = true;
    weir_csv_dialect_finish(&any);
    weir_status status = run_record(r, &any, &s, at, &at, &whole, err);
    if (status != WEIR_OK) return status;
    *lone_cr = s.done ? r->block->data[at - 1] == '\r'
                      : s.state == WEIR_CSV_PLAIN_CR || s.state == WEIR_CSV_QUOTE_CR;
    return WEIR_OK;
}

/* ---- names --------------------------------------------------------------------------------- */

static weir_status head_error(const head_reader *r, uint64_t line, weir_error *err) {
    weir_error_at(err, r->in->name, (int64_t)line, 0);
    return err ? err->status : WEIR_DATA;
}

/* One field of the header as text in arena. */
static weir_status header_name(const head_reader *r, const weir_csv_dialect *d, size_t begin,
                               size_t end, uint32_t number, uint64_t line, weir_arena *arena,
                               const char **out, weir_error *err) {
    weir_slice text = {(const char *)r->block->data + begin, end - begin};
    char *name = weir_arena_alloc(arena, text.size + 1);
    if (!name) return weir_error_nomem(err);
    if (text.size >= 2 && d->has_quote && (uint8_t)text.data[0] == d->quote) {
        weir_slice inner;
        bool escapes = weir_csv_unquote(d, text, &inner);
        size_t size = inner.size;
        if (escapes)
            size = weir_csv_unescape(d, inner, name);
        else
            memcpy(name, inner.data, inner.size);
        text.size = size;
    } else {
        memcpy(name, text.data, text.size);
    }
    name[text.size] = 0;
    if (!weir_utf8_valid(name, text.size) || memchr(name, 0, text.size)) {
        weir_error_set(err, WEIR_DATA, "the name of column %u is not UTF-8 text", number);
        weir_error_hint(err, "say how the file is written, such as encoding: windows-1252");
        return head_error(r, line, err);
    }
    if (text.size == 0) {
        weir_error_set(err, WEIR_DATA, "column %u has no name in the header", number);
        weir_error_hint(err, "name the columns yourself: header: false, skip: %d and columns",
                        (int)(line < 1000000 ? line : 1));
        return head_error(r, line, err);
    }
    *out = name;
    return WEIR_OK;
}

typedef struct name_slot {
    const char *name;
    uint32_t number;
} name_slot;

/* Refuses two columns of one name. */
static weir_status check_duplicates(const head_reader *r, const char *const *names, uint32_t n,
                                    uint64_t line, weir_arena *arena, weir_error *err) {
    size_t slots = 16;
    while (slots < (size_t)n * 2) slots *= 2;
    name_slot *table = weir_arena_zero(arena, slots, sizeof *table);
    if (!table) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t h = 1469598103934665603ull;
        for (const char *c = names[i]; *c; c++) h = (h ^ (uint8_t)*c) * 1099511628211ull;
        size_t at = (h ^ h >> 29) & (slots - 1);
        for (; table[at].name; at = (at + 1) & (slots - 1)) {
            if (strcmp(table[at].name, names[i]) != 0) continue;
            weir_error_set(err, WEIR_DATA, "columns %u and %u are both called '%.*s'",
                           table[at].number, i + 1, 100, names[i]);
            weir_error_hint(err, "name the columns yourself: header: false, skip: %d and columns",
                            (int)(line < 1000000 ? line : 1));
            return head_error(r, line, err);
        }
        table[at].name = names[i];
        table[at].number = i + 1;
    }
    return WEIR_OK;
}

static const char *flaw_text(uint8_t flaws) {
    return flaws & WEIR_CSV_UNCLOSED ? "a quote is opened and never closed"
           : flaws & WEIR_CSV_STRAY  ? "a quote stands inside an unquoted field"
           : flaws & WEIR_CSV_BEHIND ? "text stands behind a closing quote"
                                     : "a carriage return stands outside quotes";
}

static weir_status header_names(const head_reader *r, const weir_csv_dialect *d,
                                const weir_csv_scan *s, size_t begin, uint64_t line,
                                weir_arena *arena, const char **names, weir_error *err) {
    if (s->flaws) {
        weir_error_set(err, WEIR_DATA, "the header is malformed: %s in field %u",
                       flaw_text(s->flaws), s->flawed_field + 1);
        weir_error_hint(err, "check quote and escape, or skip the line with skip");
        return head_error(r, line, err);
    }
    for (uint32_t i = 0; i < s->n_fields; i++) {
        weir_status status = header_name(r, d, i ? s->ends[i - 1] + 1 : begin, s->ends[i], i + 1,
                                         line, arena, &names[i], err);
        if (status != WEIR_OK) return status;
    }
    return check_duplicates(r, names, s->n_fields, line, arena, err);
}

/* Without a header: `columns` in their order unless one of them says `from`, then column1, ... */
static weir_status made_names(const weir_read_request *request, uint32_t n, weir_arena *arena,
                              const char **names, weir_error *err) {
    const weir_opt_columns *columns = request->columns;
    uint32_t given = columns ? (uint32_t)columns->n : 0;
    for (uint32_t i = 0; i < given; i++)
        if (columns->items[i].from) given = 0;
    for (uint32_t i = 0; i < n; i++) {
        names[i] = i < given ? columns->items[i].name : weir_arena_printf(arena, "column%u", i + 1);
        if (!names[i]) return weir_error_nomem(err);
    }
    return WEIR_OK;
}

/* ---- the layout ---------------------------------------------------------------------------- */

static const char *physical_name(const weir_opt_column *c) {
    return c->from ? c->from : c->name;
}

static weir_status check_columns(const weir_read_request *request, const char *source,
                                 const weir_layout *layout, uint64_t line, weir_error *err) {
    const weir_opt_columns *columns = request->columns;
    weir_schema *schema = NULL;
    weir_status status = WEIR_OK;
    if (!columns || !columns->n) return WEIR_OK;
    weir_field *fields = weir_alloc_zero(layout->n_names ? layout->n_names : 1, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    for (uint32_t i = 0; i < layout->n_names; i++) {
        fields[i].name = layout->names[i];
        fields[i].type = weir_type_of(WEIR_STRING);
    }
    WEIR_TRY(weir_schema_new(fields, layout->n_names, &schema, err));
    for (size_t i = 0; i < columns->n; i++) {
        const char *name = physical_name(&columns->items[i]);
        if (weir_schema_find(schema, name, strlen(name)) >= 0) continue;
        const char *near = weir_schema_nearest(schema, name);
        status = weir_error_set(err, WEIR_DATA, "there is no column '%.100s' in the file", name);
        if (near)
            weir_error_hint(err, "did you mean '%.100s'? Say so with from", near);
        else
            weir_error_hint(err, "the file has %u columns, the first is '%.100s'", layout->n_names,
                            layout->n_names ? layout->names[0] : "");
        weir_error_at(err, source, (int64_t)line, 0);
        goto out;
    }
    for (uint32_t i = 0; request->extra == WEIR_EXTRA_REJECT && i < layout->n_names; i++) {
        bool known = false;
        for (size_t k = 0; k < columns->n && !known; k++)
            known = strcmp(physical_name(&columns->items[k]), layout->names[i]) == 0;
        if (known) continue;
        status = weir_error_set(err, WEIR_DATA, "column '%.100s' of the file is not declared",
                                layout->names[i]);
        weir_error_hint(err, "declare it under columns, or set extra_columns: keep or drop");
        weir_error_at(err, source, (int64_t)line, 0);
        goto out;
    }
out:
    weir_schema_release(schema);
    weir_free(fields);
    return status;
}

static weir_status make_layout(const weir_csv_dialect *d, const char *const *names, uint32_t n,
                               weir_layout **out, weir_error *err) {
    weir_layout *layout = NULL;
    weir_status status = weir_layout_new(names, n, &layout, err);
    if (status != WEIR_OK) return status;
    weir_csv_layout *own = weir_alloc(sizeof *own);
    if (!own) {
        weir_layout_release(layout);
        return weir_error_nomem(err);
    }
    own->dialect = *d;
    layout->private_data = own;
    layout->private_free = weir_free;
    *out = layout;
    return WEIR_OK;
}

weir_status weir_csv_layout_of(const weir_read_request *request, const char *const *names,
                               uint32_t n, weir_layout **out, weir_error *err) {
    weir_csv_dialect d;
    weir_status status = weir_csv_dialect_init(&d, request->config, err);
    return status == WEIR_OK ? make_layout(&d, names, n, out, err) : status;
}

/* The first record that is not blank, from *at on: *begin, *next and its fields in s.  s->n_fields
 * 0: there is none. */
static weir_status first_record(head_reader *r, const weir_csv_dialect *d, weir_csv_scan *s,
                                size_t at, size_t *begin, size_t *next, bool *whole,
                                size_t *ends_capacity, weir_error *err) {
    weir_status status = WEIR_OK;
    for (;; at = *next) {
        WEIR_TRY(need_bytes(r, at + 1, err));
        *begin = *next = at;
        *whole = true;
        s->n_fields = 0;
        if (at == r->end) break;
        if (at - WEIR_CSV_FRONT > r->request->max_record_bytes) return too_long(r, err);
        WEIR_TRY(scan_record(r, d, s, at, next, whole, ends_capacity, err));
        bool blank = s->n_fields == 1 && s->ends[0] == at;
        if (!blank) break;
        s->n_fields = 0;
    }
out:
    return status;
}

weir_status weir_csv_head_read(const weir_read_request *request, weir_stream *in,
                               weir_csv_dialect *d, weir_csv_head *out, weir_error *err) {
    const weir_csv_read_config *config = request->config;
    head_reader r = {.request = request, .in = in, .end = WEIR_CSV_FRONT};
    weir_csv_scan s = {0};
    size_t ends_capacity = 0, at = WEIR_CSV_FRONT, begin, next;
    uint64_t line = 1;
    bool whole = true;
    weir_arena arena = {.ledger = NULL};
    weir_layout *layout = NULL;
    weir_status status = WEIR_OK;
    const weir_csv_kernels *kernels = weir_csv_kernels_pick();

    WEIR_TRY(weir_block_new(request->ledger, WEIR_CSV_FRONT + request->chunk_bytes, &r.block, err));
    memset(r.block->data, '\n', WEIR_CSV_FRONT);
    WEIR_TRY(skip_bom(&r, &at, err));
    if (config->newline == WEIR_CSV_AUTO) {
        WEIR_TRY(detect_lone_cr(&r, d, at, config->skip > 0, &d->lone_cr, err));
        weir_csv_dialect_finish(d);
    }
    for (int64_t i = 0; i < config->skip && !(r.at_end && at == r.end); i++) {
        WEIR_TRY(skip_line(&r, &at, NULL, err));
        line++;
    }
    WEIR_TRY(first_record(&r, d, &s, at, &begin, &next, &whole, &ends_capacity, err));
    if (!whole && config->header) WEIR_TRY(too_long(&r, err));
    if (s.n_fields && (s.flaws & WEIR_CSV_UNCLOSED) && !config->header) {
        /* The cutter will take the line alone, and so is its number of fields counted. */
        s.one_line = true;
        WEIR_TRY(scan_record(&r, d, &s, begin, &next, &whole, &ends_capacity, err));
    }
    if (s.n_fields == 0 && config->header) {
        weir_error_set(err, WEIR_DATA, "the file is empty: there is no header");
        weir_error_hint(err, "for a file without one set header: false");
        weir_error_at(err, in->name, (int64_t)line, 0);
        status = WEIR_DATA;
        goto out;
    }
    uint32_t n = s.n_fields ? s.n_fields : 1;
    const char **names = weir_arena_zero(&arena, n, sizeof *names);
    if (!names) WEIR_TRY(weir_error_nomem(err));
    uint64_t header_line = line + kernels->lines(r.block->data, at, begin);
    if (config->header) {
        WEIR_TRY(header_names(&r, d, &s, begin, header_line, &arena, names, err));
        line = header_line + kernels->lines(r.block->data, begin, next);
        at = next;
    } else {
        WEIR_TRY(made_names(request, n, &arena, names, err));
    }
    WEIR_TRY(make_layout(d, names, n, &layout, err));
    /* An empty file without header has no column that one could miss. */
    if (s.n_fields) WEIR_TRY(check_columns(request, in->name, layout, header_line, err));
    out->layout = layout;
    out->block = r.block;
    out->begin = at;
    out->end = r.end;
    out->byte = at - WEIR_CSV_FRONT;
    out->line = line;
    out->at_end = r.at_end;
    layout = NULL;
    r.block = NULL;
out:
    weir_layout_release(layout);
    weir_block_release(r.block);
    weir_free(s.ends);
    weir_arena_clear(&arena);
    return status;
}
