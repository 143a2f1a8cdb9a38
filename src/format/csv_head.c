/* What stands in front of the records: BOM, skipped lines, blank lines, header, units. */
#include "format/csv_sniff.h"

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
    uint64_t *members; /* as far as the stream was asked */
    size_t n_members, members_capacity;
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

/* Files that were put together may have more than one mark. */
static weir_status skip_bom(head_reader *r, size_t *at, weir_error *err) {
    weir_status status = need_bytes(r, *at + 7, err);
    if (status != WEIR_OK) return status;
    const uint8_t *p = r->block->data + *at;
    size_t n = r->end - *at;
    for (int marks = 0; marks < 2 && n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0; marks++) {
        *at += 3;
        p += 3;
        n -= 3;
    }
    if (n >= 2 && (memcmp(p, "\xFF\xFE", 2) == 0 || memcmp(p, "\xFE\xFF", 2) == 0)) {
        weir_error_set(err, WEIR_DATA, "the file is UTF-16, not UTF-8");
        weir_error_hint(err, "write encoding: auto, or utf-16");
        weir_error_at(err, r->in->name, 1, 0);
        return WEIR_DATA;
    }
    return WEIR_OK;
}

/* Goes behind the next line end (LF, CR LF or CR), quotes not looked at. */
static weir_status skip_line(head_reader *r, size_t *at, weir_error *err) {
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
    const weir_csv_read_config *config = r->request->config;
    bool strict = config->names != 0;
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
    size_t nuls = 0;
    for (size_t i = 0; i < text.size; i++) nuls += !name[i];
    if (!weir_utf8_valid(name, text.size) || (strict && nuls) || nuls * 2 > text.size) {
        weir_error_set(err, WEIR_DATA, "the name of column %u is not UTF-8 text", number);
        weir_error_hint(err, "say how the file is written, such as encoding: windows-1252");
        return head_error(r, line, err);
    }
    for (size_t i = 0; i < text.size; i++) /* no name can hold a NUL */
        if (!name[i]) name[i] = '?';
    *out = name;
    return WEIR_OK;
}

static const char *flaw_text(uint8_t flaws) {
    return flaws & WEIR_CSV_UNCLOSED ? "a quote is opened and never closed"
           : flaws & WEIR_CSV_STRAY  ? "a quote stands inside an unquoted field"
           : flaws & WEIR_CSV_BEHIND ? "text stands behind a closing quote"
                                     : "a carriage return stands outside quotes";
}

/* The fields of one record of the header. */
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
        size_t from = i ? s->ends[i - 1] + d->delimiter_size : begin;
        weir_status status =
            header_name(r, d, from, s->ends[i], i + 1, line, arena, &names[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* One header record above another: a blank cell belongs to the one left of it (merged cells), and
 * names are joined. */
static weir_status join_names(const char **upper, const char *const *lower, uint32_t n,
                              weir_arena *arena, weir_error *err) {
    const char *left = "";
    for (uint32_t i = 0; i < n; i++) {
        const char *top = upper[i][0] ? upper[i] : left;
        left = top;
        if (!lower[i][0])
            upper[i] = upper[i][0] ? upper[i] : "";
        else if (!top[0] || strcmp(top, lower[i]) == 0)
            upper[i] = lower[i];
        else
            upper[i] = weir_arena_printf(arena, "%s_%s", top, lower[i]);
        if (!upper[i]) return weir_error_nomem(err);
    }
    return WEIR_OK;
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
        if (request->may_lack && !columns->items[i].not_null) continue;
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

weir_status weir_csv_layout_new(const weir_csv_dialect *d, const char *const *names, uint32_t n,
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

static weir_status layout_with(const weir_read_request *request, const char *prior,
                               const char *const *names, uint32_t n, weir_layout **out,
                               weir_error *err) {
    const weir_csv_read_config *config = request->config;
    weir_csv_dialect d;
    weir_status status = weir_csv_dialect_init(&d, config, err);
    if (status != WEIR_OK) return status;
    if (config->delimiter.automatic) weir_csv_dialect_delimiter(&d, prior, 1);
    weir_csv_dialect_finish(&d);
    return weir_csv_layout_new(&d, names, n, out, err);
}

weir_status weir_csv_layout_of(const weir_read_request *request, const char *const *names,
                               uint32_t n, weir_layout **out, weir_error *err) {
    return layout_with(request, ",", names, n, out, err);
}

weir_status weir_tsv_layout_of(const weir_read_request *request, const char *const *names,
                               uint32_t n, weir_layout **out, weir_error *err) {
    return layout_with(request, "\t", names, n, out, err);
}

/* ---- the head ------------------------------------------------------------------------------ */

static bool is_blank(const head_reader *r, size_t at, size_t end) {
    return weir_csv_trim((weir_slice){(const char *)r->block->data + at, end - at}).size == 0;
}

/* The first record that is neither blank nor a comment, from *at on: *begin, *next and its fields
 * in s.  s->n_fields 0: there is none. */
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
        bool blank = s->comment || (s->n_fields == 1 && is_blank(r, at, s->ends[0]));
        if (!blank) break;
        s->n_fields = 0;
    }
out:
    return status;
}

/* Whether something is to be found out. */
static bool must_sniff(const weir_csv_read_config *c) {
    return c->delimiter.automatic || c->quote.automatic || c->escape.automatic ||
           c->comment.automatic || c->header == WEIR_CSV_FIND || c->skip == WEIR_CSV_FIND ||
           c->units == WEIR_CSV_FIND || c->newline == WEIR_CSV_AUTO ||
           c->skip_footer == WEIR_CSV_FIND;
}

/* Where further members begin in what was read. */
static weir_status find_members(head_reader *r, weir_error *err) {
    weir_status status = WEIR_OK;
    for (uint64_t at; status == WEIR_OK && weir_stream_next_member(r->in, &at);) {
        status = weir_grow((void **)&r->members, &r->members_capacity, r->n_members + 1,
                           sizeof *r->members, SIZE_MAX / sizeof *r->members / 2, err);
        if (status == WEIR_OK) r->members[r->n_members++] = at;
    }
    return status;
}

/* A copy of the sample without the lines at the begin of members that are its first line again: in
 * the midst of the records they would look like one.  *out NULL: there are none. */
static weir_status without_heads(const head_reader *r, size_t at, size_t *size, weir_block **out,
                                 weir_error *err) {
    const uint8_t *text = r->block->data + at, *eol = memchr(text, '\n', *size);
    size_t line = eol ? (size_t)(eol - text) + 1 : 0, from = 0, to = 0;
    weir_block *block = NULL;
    uint8_t *copy = NULL;
    for (size_t i = 0; line && i < r->n_members; i++) {
        uint64_t place = r->members[i] + WEIR_CSV_FRONT;
        if (place < at + line || place - at >= *size) continue;
        size_t member = (size_t)(place - at), skip = line;
        if (*size - member >= 3 && memcmp(text + member, "\xEF\xBB\xBF", 3) == 0) skip += 3;
        if (*size - member < skip || memcmp(text + member + skip - line, text, line) != 0) continue;
        if (!block) { /* with room in front and behind, as the vector code wants it */
            weir_status status =
                weir_block_new(r->request->ledger, WEIR_CSV_FRONT + *size, &block, err);
            if (status != WEIR_OK) return status;
            memset(block->data, '\n', WEIR_CSV_FRONT);
            copy = block->data + WEIR_CSV_FRONT;
        }
        memcpy(copy + to, text + from, member - from);
        to += member - from;
        from = member + skip;
    }
    if (copy) {
        memcpy(copy + to, text + from, *size - from);
        *size = to + (*size - from);
    }
    *out = block;
    return WEIR_OK;
}

/* What the text at `at` is like; what is declared stays. */
static weir_status find_out(head_reader *r, uint8_t prior, size_t at, weir_csv_found *found,
                            weir_error *err) {
    const weir_csv_read_config *config = r->request->config;
    weir_status status = WEIR_OK;
    if (must_sniff(config)) {
        WEIR_TRY(need_bytes(r, at + WEIR_CSV_SAMPLE_BYTES + 1, err));
        size_t size = r->end - at;
        bool whole = size <= WEIR_CSV_SAMPLE_BYTES && !r->in->partial;
        if (size > WEIR_CSV_SAMPLE_BYTES) size = WEIR_CSV_SAMPLE_BYTES;
        weir_block *copy = NULL;
        WEIR_TRY(find_members(r, err));
        WEIR_TRY(without_heads(r, at, &size, &copy, err));
        status = weir_csv_sniff(r->request, prior,
                                copy ? copy->data + WEIR_CSV_FRONT : r->block->data + at, size,
                                whole, r->in->name, found, err);
        weir_block_release(copy);
        return status;
    }
    WEIR_TRY(weir_csv_dialect_init(&found->dialect, config, err));
    found->skip = (uint32_t)config->skip;
    found->header = (uint32_t)config->header;
    found->units = (uint32_t)config->units;
out:
    return status;
}

/* The head in the making. */
typedef struct head {
    head_reader r;
    weir_csv_found found;
    weir_csv_scan scan;
    size_t ends_capacity;
    size_t at;     /* what is in front has been read */
    uint64_t line; /* of `at` */
    uint64_t names_line;
    size_t front; /* the text begins here, behind a BOM */
    const char **names;
    uint32_t n;
    bool any; /* there is a record, or a header */
    weir_arena arena;
} head;

/* The next record that is not blank: *begin; h->scan has its fields (none: n_fields 0). */
static weir_status next_record(head *h, size_t *begin, size_t *next, weir_error *err) {
    const weir_csv_kernels *kernels = weir_csv_kernels_pick();
    bool whole = true;
    weir_status status = first_record(&h->r, &h->found.dialect, &h->scan, h->at, begin, next,
                                      &whole, &h->ends_capacity, err);
    if (status != WEIR_OK) return status;
    if (!whole) return too_long(&h->r, err);
    h->line += kernels->lines(h->r.block->data, h->at, *begin);
    return WEIR_OK;
}

static void pass_record(head *h, size_t begin, size_t next) {
    h->line += weir_csv_kernels_pick()->lines(h->r.block->data, begin, next);
    h->at = next;
}

/* Room for n names, "" where there is none yet. */
static weir_status need_names(head *h, uint32_t n, weir_error *err) {
    if (n <= h->n) return WEIR_OK;
    const char **names = weir_arena_zero(&h->arena, n, sizeof *names);
    if (!names) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) names[i] = i < h->n ? h->names[i] : "";
    h->names = names;
    h->n = n;
    return WEIR_OK;
}

static weir_status read_names(head *h, weir_error *err) {
    weir_status status = WEIR_OK;
    size_t begin, next;
    uint32_t fields = 0;
    for (uint32_t k = 0; k < h->found.header; k++) {
        WEIR_TRY(next_record(h, &begin, &next, err));
        uint32_t n = h->scan.n_fields;
        if (n == 0 && k) break;
        if (n == 0) {
            weir_error_set(err, WEIR_DATA, "the file is empty: there is no header");
            weir_error_hint(err, "for a file without one set header: false");
            weir_error_at(err, h->r.in->name, (int64_t)h->line, 0);
            return WEIR_DATA;
        }
        const char **row = weir_arena_zero(&h->arena, n, sizeof *row);
        if (!row) return weir_error_nomem(err);
        WEIR_TRY(
            header_names(&h->r, &h->found.dialect, &h->scan, begin, h->line, &h->arena, row, err));
        if (k == 0) h->names_line = h->line;
        WEIR_TRY(need_names(h, n, err));
        for (uint32_t i = 0; k == 0 && i < n; i++) h->names[i] = row[i];
        fields = n > fields ? n : fields;
        if (k) {
            const char **lower = weir_arena_zero(&h->arena, h->n, sizeof *lower);
            if (!lower) return weir_error_nomem(err);
            for (uint32_t i = 0; i < h->n; i++) lower[i] = i < n ? row[i] : "";
            WEIR_TRY(join_names(h->names, lower, h->n, &h->arena, err));
        }
        pass_record(h, begin, next);
    }
    h->n = fields;
    /* Names without a column behind the last one that has one. */
    while (h->found.width && h->n > h->found.width && !h->names[h->n - 1][0]) h->n--;
    if (h->found.width > h->n) {
        uint32_t n = h->n;
        WEIR_TRY(need_names(h, h->found.width, err));
        if (h->found.index_first) {
            memmove(h->names + 1, h->names, n * sizeof *h->names);
            h->names[0] = "";
        }
    }
    const weir_csv_read_config *config = h->r.request->config;
    WEIR_TRY(weir_csv_names_settle(h->names, h->n, config->names != 0, h->r.in->name, h->names_line,
                                   &h->arena, err));
out:
    return status;
}

/* Without a header the first record tells how many columns there are. */
static weir_status count_columns(head *h, weir_error *err) {
    size_t begin, next;
    bool whole;
    weir_status status = first_record(&h->r, &h->found.dialect, &h->scan, h->at, &begin, &next,
                                      &whole, &h->ends_capacity, err);
    if (status != WEIR_OK) return status;
    if (h->scan.n_fields && (h->scan.flaws & WEIR_CSV_UNCLOSED)) {
        /* The cutter will take the line alone, and so is its number of fields counted. */
        h->scan.one_line = true;
        status = scan_record(&h->r, &h->found.dialect, &h->scan, begin, &next, &whole,
                             &h->ends_capacity, err);
        h->scan.one_line = false;
        if (status != WEIR_OK) return status;
    }
    uint32_t n = h->scan.n_fields;
    h->any = n != 0;
    h->names_line = h->line + weir_csv_kernels_pick()->lines(h->r.block->data, h->at, begin);
    if (n && h->found.width) n = h->found.width;
    status = need_names(h, n ? n : 1, err);
    return status == WEIR_OK ? made_names(h->r.request, h->n, &h->arena, h->names, err) : status;
}

static weir_status pass_units(head *h, weir_error *err) {
    weir_status status = WEIR_OK;
    for (uint32_t k = 0; k < h->found.units && status == WEIR_OK; k++) {
        size_t begin, next;
        status = next_record(h, &begin, &next, err);
        if (status == WEIR_OK) pass_record(h, begin, next);
    }
    return status;
}

static weir_status head_layout(const head *h, uint8_t prior, weir_layout **out, weir_error *err) {
    weir_buf text = {0};
    weir_status status = weir_csv_layout_new(&h->found.dialect, h->names, h->n, out, err);
    if (status != WEIR_OK) return status;
    if (!weir_csv_found_text(&h->found, h->r.request->config, prior, &text))
        status = weir_error_nomem(err);
    if (status == WEIR_OK && text.size)
        status = weir_layout_describe(*out, weir_buf_cstr(&text), err);
    weir_buf_clear(&text);
    return status;
}

weir_status weir_csv_head_read(const weir_read_request *request, weir_stream *in, uint8_t prior,
                               weir_csv_head *out, weir_error *err) {
    head h = {.r = {.request = request, .in = in, .end = WEIR_CSV_FRONT}, .line = 1};
    weir_layout *layout = NULL;
    weir_status status = WEIR_OK;
    h.at = WEIR_CSV_FRONT;
    WEIR_TRY(
        weir_block_new(request->ledger, WEIR_CSV_FRONT + request->chunk_bytes, &h.r.block, err));
    memset(h.r.block->data, '\n', WEIR_CSV_FRONT);
    WEIR_TRY(skip_bom(&h.r, &h.at, err));
    h.front = h.at;
    WEIR_TRY(find_out(&h.r, prior, h.at, &h.found, err));
    for (uint32_t i = 0; i < h.found.skip && !(h.r.at_end && h.at == h.r.end); i++) {
        WEIR_TRY(skip_line(&h.r, &h.at, err));
        h.line++;
    }
    h.any = h.found.header > 0;
    WEIR_TRY(h.found.header ? read_names(&h, err) : count_columns(&h, err));
    WEIR_TRY(pass_units(&h, err));
    WEIR_TRY(head_layout(&h, prior, &layout, err));
    /* An empty file without header has no column that one could miss. */
    if (h.any) WEIR_TRY(check_columns(request, in->name, layout, h.names_line, err));
    *out = (weir_csv_head){.block = h.r.block,
                           .begin = h.at,
                           .end = h.r.end,
                           .byte = h.at - WEIR_CSV_FRONT,
                           .line = h.line,
                           .at_end = h.r.at_end,
                           .front = h.found.header ? h.front : 0,
                           .footer_seen = h.found.footer_seen,
                           .width = h.found.width,
                           .dialect = h.found.dialect,
                           .layout = layout,
                           .members = h.r.members,
                           .n_members = h.r.n_members};
    layout = NULL;
    h.r.block = NULL;
    h.r.members = NULL;
out:
    weir_layout_release(layout);
    weir_block_release(h.r.block);
    weir_free(h.r.members);
    weir_free(h.scan.ends);
    weir_arena_clear(&h.arena);
    return status;
}
