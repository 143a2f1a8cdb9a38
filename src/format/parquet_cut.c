/* Row groups, or parts of them, to chunks.
 *
 * A small row group is one chunk: the pages of the wanted columns as they stand, one read a
 * column.  A large one is cut by rows: each chunk gets the pages its rows are in, a page at the
 * border goes into both.
 */
#include "format/parquet.h"

#define MAX_FOOTER_BYTES ((uint64_t)1 << 30)
#define HEAD_BYTES 4096u /* read at once to see a page's head */
#define MAX_HEAD_BYTES ((size_t)16 << 20)

/* The pages of a leaf in the row group under way. */
typedef struct walk {
    uint64_t offset, end; /* of the next page's head; of the column's bytes */
    uint64_t row;         /* of the group, at which that page begins */
    uint64_t dictionary, dictionary_end;
} walk;

/* A stretch of the file that goes into the chunk's block. */
typedef struct stretch {
    uint64_t offset, size;
} stretch;

struct weir_cutter {
    const weir_read_request *request;
    weir_stream *in;
    weir_layout *layout;
    weir_parquet_file *file; /* the layout's */
    bool *wanted;            /* a leaf */
    uint32_t group;          /* the next, or the one under way */
    bool in_group;
    walk *walks;          /* a leaf */
    uint64_t row;         /* of the group under way: the next chunk's first */
    uint64_t group_bytes; /* of its wanted columns */
    uint64_t before;      /* rows of the groups before it */
    uint64_t sequence;
    weir_buf head;
};

static void file_free(void *object) {
    weir_parquet_file *f = object;
    if (!f) return;
    weir_block_release(f->footer);
    weir_arena_clear(&f->arena);
    weir_free(f);
}

void weir_parquet_cutter_free(weir_cutter *c) {
    if (!c) return;
    weir_layout_release(c->layout);
    weir_free(c->wanted);
    weir_free(c->walks);
    weir_buf_clear(&c->head);
    weir_free(c);
}

weir_layout *weir_parquet_cutter_layout(weir_cutter *c) {
    return c->layout;
}

static weir_status read_at(const weir_cutter *c, uint64_t offset, void *to, size_t size,
                           weir_error *err) {
    size_t got = 0;
    for (size_t done = 0; done < size; done += got) {
        weir_status status =
            weir_stream_read_at(c->in, offset + done, (char *)to + done, size - done, &got, err);
        if (status != WEIR_OK) return status;
        if (got == 0)
            return weir_error_set(err, WEIR_DATA, "the file ends within a page, at byte %llu",
                                  (unsigned long long)(offset + done));
    }
    return WEIR_OK;
}

/* ---- the footer ---------------------------------------------------------------------------- */

static weir_status no_parquet(weir_error *err, const char *what) {
    weir_error_set(err, WEIR_DATA, "no Parquet file: %s", what);
    weir_error_hint(err, "a file that is still being written has no footer yet; name another "
                         "format with format: when it is one");
    return WEIR_DATA;
}

static weir_status encrypted(weir_error *err) {
    weir_error_set(err, WEIR_DATA, "the Parquet file is encrypted");
    weir_error_hint(err, "decrypt it first: encrypted files are not read");
    return WEIR_DATA;
}

static weir_status read_footer(weir_cutter *c, weir_parquet_file *f, weir_error *err) {
    uint8_t tail[8], front[4];
    uint32_t size;
    weir_status status = WEIR_OK;
    uint64_t length = c->in->size_hint;
    if (!c->in->at_will) return no_parquet(err, "it cannot be read from its end");
    if (length < 12) return no_parquet(err, length ? "it is too short" : "it is empty");
    WEIR_TRY(read_at(c, length - 8, tail, 8, err));
    WEIR_TRY(read_at(c, 0, front, 4, err));
    if (memcmp(tail + 4, "PARE", 4) == 0) return encrypted(err);
    if (memcmp(tail + 4, "PAR1", 4) != 0)
        return no_parquet(err, memcmp(front, "PAR1", 4) == 0
                                   ? "it begins like one but has no footer"
                                   : "it does not end with PAR1");
    memcpy(&size, tail, 4);
    if (size > length - 8 || size > MAX_FOOTER_BYTES)
        return no_parquet(err, "its footer would be longer than the file");
    WEIR_TRY(weir_block_new(c->request->ledger, size, &f->footer, err));
    WEIR_TRY(read_at(c, length - 8 - size, f->footer->data, size, err));
    WEIR_TRY(weir_parquet_parse((weir_slice){(const char *)f->footer->data, size}, &f->arena,
                                &f->meta, err));
    if (f->meta.encrypted) return encrypted(err);
    WEIR_TRY(weir_parquet_schema_of(&f->meta, &f->arena, &f->schema, err));
out:
    return status;
}

/* ---- the layout ---------------------------------------------------------------------------- */

static weir_status make_layout(weir_cutter *c, weir_parquet_file *f, weir_error *err) {
    const char **names = weir_alloc_zero(f->schema.n_columns + 1u, sizeof *names);
    if (!names) return weir_error_nomem(err);
    for (uint32_t i = 0; i < f->schema.n_columns; i++) names[i] = f->schema.columns[i].name;
    weir_status status = weir_layout_new(names, f->schema.n_columns, &c->layout, err);
    weir_free(names);
    if (status != WEIR_OK) return status;
    c->layout->private_data = f;
    c->layout->private_free = file_free;
    c->file = f;
    status = weir_layout_types(c->layout, err);
    for (uint32_t i = 0; status == WEIR_OK && i < f->schema.n_columns; i++)
        c->layout->types[i] = f->schema.columns[i].type;
    return status;
}

/* Columns whose final name the request's wanted schema does not have are not read. */
static bool is_wanted(const weir_read_request *r, const char *physical) {
    if (!r->wanted) return true;
    for (size_t i = 0; r->columns && i < r->columns->n; i++) {
        const weir_opt_column *o = &r->columns->items[i];
        if (strcmp(o->from ? o->from : o->name, physical) != 0) continue;
        return weir_schema_find(r->wanted, o->name, strlen(o->name)) >= 0;
    }
    return weir_schema_find(r->wanted, physical, strlen(physical)) >= 0;
}

weir_status weir_parquet_cutter_new(const weir_read_request *request, weir_stream *in,
                                    weir_cutter **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_parquet_file *f = NULL;
    weir_cutter *c = weir_alloc_zero(1, sizeof *c);
    if (!c) return weir_error_nomem(err);
    c->request = request;
    c->in = in;
    f = weir_alloc_zero(1, sizeof *f);
    if (!f) WEIR_TRY(weir_error_nomem(err));
    f->arena.ledger = request->ledger;
    WEIR_TRY(read_footer(c, f, err));
    status = make_layout(c, f, err);
    if (c->file) f = NULL;
    if (status != WEIR_OK) goto out;
    const weir_parquet_schema *s = &c->file->schema;
    c->wanted = weir_alloc_zero(s->n_leaves + 1u, sizeof *c->wanted);
    c->walks = weir_alloc_zero(s->n_leaves + 1u, sizeof *c->walks);
    if (!c->wanted || !c->walks) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t i = 0; i < s->n_columns; i++) {
        const weir_parquet_node *n = &s->columns[i];
        bool wanted = is_wanted(request, n->name);
        for (uint32_t k = 0; k < n->n_leaves; k++) c->wanted[n->first_leaf + k] = wanted;
    }
    *out = c;
    c = NULL;
out:
    file_free(f);
    weir_parquet_cutter_free(c);
    return status;
}

/* ---- row groups ---------------------------------------------------------------------------- */

static weir_status bad_group(const weir_cutter *c, weir_error *err, const char *what) {
    return weir_error_set(err, WEIR_DATA, "row group %u: %s", c->group, what);
}

static weir_status packing_of(const weir_cutter *c, int32_t codec, uint32_t *out, weir_error *err) {
    static const uint8_t packings[] = {
        WEIR_PACKING_NONE,   WEIR_PACKING_SNAPPY,     WEIR_PACKING_GZIP, UINT8_MAX,
        WEIR_PACKING_BROTLI, WEIR_PACKING_LZ4_HADOOP, WEIR_PACKING_ZSTD, WEIR_PACKING_LZ4};
    bool known = codec >= 0 && (size_t)codec < sizeof packings && packings[codec] != UINT8_MAX;
    if (!known)
        return bad_group(c, err,
                         codec == 3 ? "its pages are packed with LZO, which is not read"
                                    : "its pages are packed in an unknown way");
    *out = packings[codec];
    return WEIR_OK;
}

/* Checks where the group's columns stand and begins to walk over them. */
static weir_status begin_group(weir_cutter *c, weir_error *err) {
    const weir_parquet_group *g = &c->file->meta.groups[c->group];
    if (g->n_rows < 0) return bad_group(c, err, "it has fewer than no rows");
    if (g->n_columns != c->file->schema.n_leaves)
        return bad_group(c, err, "it has another number of columns than the schema");
    for (uint32_t i = 0; i < g->n_columns; i++) {
        const weir_parquet_chunk *k = &g->columns[i];
        if (!c->wanted[i]) continue;
        if (k->encrypted) return encrypted(err);
        if (k->elsewhere) return bad_group(c, err, "its columns stand in other files");
        bool dictionary = k->dictionary_offset > 0 && k->dictionary_offset < k->data_offset;
        int64_t offset = dictionary ? k->dictionary_offset : k->data_offset;
        uint64_t length = c->in->size_hint;
        if (offset < 0 || k->packed_bytes < 0 || (uint64_t)offset > length ||
            (uint64_t)k->packed_bytes > length - (uint64_t)offset)
            return bad_group(c, err, "a column would stand behind the end of the file");
        c->walks[i] =
            (walk){.offset = (uint64_t)offset, .end = (uint64_t)offset + (uint64_t)k->packed_bytes};
    }
    c->in_group = true;
    c->row = 0;
    c->group_bytes = 0;
    for (uint32_t i = 0; i < g->n_columns; i++)
        if (c->wanted[i]) c->group_bytes += c->walks[i].end - c->walks[i].offset;
    return WEIR_OK;
}

static uint64_t chunk_limit(const weir_cutter *c) {
    uint64_t n = (uint64_t)c->request->chunk_bytes * 16;
    return n > (8u << 20) ? 8u << 20 : n;
}

/* The head of a page, from the file. */
static weir_status page_head(weir_cutter *c, uint64_t offset, uint64_t end, weir_parquet_page *h,
                             weir_error *err) {
    bool more = true;
    for (size_t n = HEAD_BYTES; more; n *= 4) {
        size_t size = n < end - offset ? n : (size_t)(end - offset);
        c->head.size = 0;
        if (!weir_buf_reserve(&c->head, size + 1)) return weir_error_nomem(err);
        weir_status status = read_at(c, offset, c->head.data, size, err);
        if (status != WEIR_OK) return status;
        status = weir_parquet_page_head((const uint8_t *)c->head.data, size, h, &more, err);
        if (status != WEIR_OK) return status;
        if (more && (size == end - offset || n >= MAX_HEAD_BYTES))
            return weir_error_set(err, WEIR_DATA, "the head of the page at byte %llu is broken",
                                  (unsigned long long)offset);
    }
    if (h->head_bytes + (uint64_t)h->packed_bytes > end - offset)
        return weir_error_set(err, WEIR_DATA, "the page at byte %llu goes on behind its column",
                              (unsigned long long)offset);
    return WEIR_OK;
}

/* ---- chunks -------------------------------------------------------------------------------- */

/* Reads stretches of the file into a new block. */
static weir_status fill(weir_cutter *c, const stretch *all, uint32_t n, weir_block **out,
                        weir_error *err) {
    uint64_t total = 0;
    weir_block *b = NULL;
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; i < n; i++) total += all[i].size;
    if (total > UINT32_MAX / 2) return bad_group(c, err, "more than 2 GiB cannot be read at once");
    status = weir_block_new(c->request->ledger, (size_t)total, &b, err);
    if (status != WEIR_OK) {
        weir_error_hint(err, "%llu bytes of a row group are read at once: raise limits: memory",
                        (unsigned long long)total);
        return status;
    }
    for (uint32_t i = 0; status == WEIR_OK && i < n; i++) {
        status = read_at(c, all[i].offset, b->data + b->size, (size_t)all[i].size, err);
        b->size += (size_t)all[i].size;
    }
    if (status == WEIR_OK)
        *out = b;
    else
        weir_block_release(b);
    return status;
}

/* The pages of leaf i that rows `from` to `to` of the group are in: up to two stretches. */
static weir_status pages_of(weir_cutter *c, uint32_t i, uint64_t to, stretch out[2], uint32_t *skip,
                            weir_error *err) {
    walk *w = &c->walks[i];
    weir_parquet_page h;
    weir_status status = WEIR_OK;
    uint64_t offset = w->offset, row = w->row, last_offset = offset, last_row = row;
    while (row < to || offset == w->offset) {
        if (offset >= w->end) break; /* told by the decoder, where the rows are wanted */
        WEIR_TRY(page_head(c, offset, w->end, &h, err));
        uint64_t size = h.head_bytes + (uint64_t)h.packed_bytes;
        if (h.kind == WEIR_PARQUET_DICTIONARY_PAGE && !w->dictionary_end) {
            w->dictionary = offset;
            w->dictionary_end = offset + size;
            w->offset = offset += size;
            continue;
        }
        last_offset = offset;
        last_row = row;
        offset += size;
        bool data = h.kind == WEIR_PARQUET_DATA_PAGE || h.kind == WEIR_PARQUET_DATA_PAGE_V2;
        if (data) row += (uint64_t)(h.n_rows >= 0 ? h.n_rows : h.n_values);
    }
    *skip = (uint32_t)(c->row - w->row);
    out[0] = (stretch){w->dictionary, w->dictionary_end - w->dictionary};
    out[1] = (stretch){w->offset, offset - w->offset};
    w->offset = row > to ? last_offset : offset;
    w->row = row > to ? last_row : row;
out:
    return status;
}

/* The head of a leaf's first data page; kind -1 where it has none. */
static weir_status first_page(weir_cutter *c, const walk *w, weir_parquet_page *h,
                              weir_error *err) {
    *h = (weir_parquet_page){.kind = -1};
    for (uint64_t at = w->offset; at < w->end; at += h->head_bytes + (uint64_t)h->packed_bytes) {
        weir_status status = page_head(c, at, w->end, h, err);
        if (status != WEIR_OK) return status;
        if (h->kind == WEIR_PARQUET_DATA_PAGE || h->kind == WEIR_PARQUET_DATA_PAGE_V2)
            return WEIR_OK;
    }
    h->kind = -1;
    return WEIR_OK;
}

/* Whether the group can be cut by rows: pages of nested columns must say how many they have, and
 * none may be so large that unpacking it for each part would cost more than cutting saves. */
static weir_status can_cut(weir_cutter *c, bool *out, weir_error *err) {
    bool cut = true;
    for (uint32_t k = 0; k < c->file->schema.n_columns; k++) {
        const weir_parquet_node *n = &c->file->schema.columns[k];
        if (!c->wanted[n->first_leaf]) continue;
        for (uint32_t i = 0; i < n->n_leaves && cut; i++) {
            weir_parquet_page h;
            weir_status status = first_page(c, &c->walks[n->first_leaf + i], &h, err);
            if (status != WEIR_OK) return status;
            bool tells = n->kind == WEIR_PARQUET_LEAF || h.kind == WEIR_PARQUET_DATA_PAGE_V2;
            cut = tells && (uint64_t)h.packed_bytes <= chunk_limit(c) / 2;
        }
    }
    *out = cut;
    return WEIR_OK;
}

static weir_status make_chunk(weir_cutter *c, uint64_t rows, bool cut, weir_chunk *out,
                              weir_error *err) {
    const weir_parquet_group *g = &c->file->meta.groups[c->group];
    uint32_t n = c->file->schema.n_leaves;
    weir_block *index = NULL, *block = NULL;
    stretch *all = weir_alloc_zero(2 * (size_t)n + 1, sizeof *all);
    weir_status status = WEIR_OK;
    uint64_t at = 0;
    if (!all) WEIR_TRY(weir_error_nomem(err));
    WEIR_TRY(weir_block_new(c->request->ledger,
                            sizeof(weir_parquet_part) + n * sizeof(weir_parquet_piece), &index,
                            err));
    weir_parquet_part *part = (weir_parquet_part *)(void *)index->data;
    part->first_row = c->before + c->row;
    part->n_rows = rows;
    for (uint32_t i = 0; i < n; i++) {
        weir_parquet_piece *p = &part->pieces[i];
        *p = (weir_parquet_piece){0};
        if (!c->wanted[i]) continue;
        walk *w = &c->walks[i];
        WEIR_TRY(packing_of(c, g->columns[i].codec, &p->packing, err));
        if (cut)
            WEIR_TRY(pages_of(c, i, c->row + rows, &all[2 * i], &p->skip_rows, err));
        else
            all[2 * i + 1] = (stretch){w->offset, w->end - w->offset};
        uint64_t size = all[2 * i].size + all[2 * i + 1].size;
        p->first_byte = all[2 * i + 1].offset - all[2 * i].size;
        p->begin = (uint32_t)at;
        p->size = (uint32_t)size;
        at += size;
        if (at > UINT32_MAX / 2) break; /* fill says so */
    }
    WEIR_TRY(fill(c, all, 2 * n, &block, err));
    *out = (weir_chunk){.block = block,
                        .end = (uint32_t)block->size,
                        .sequence = c->sequence++,
                        .first_byte = part->pieces[0].first_byte,
                        .layout = weir_layout_retain(c->layout),
                        .index = index};
    index = NULL;
out:
    weir_block_release(index);
    weir_free(all);
    return status;
}

weir_status weir_parquet_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err) {
    const weir_parquet_meta *m = &c->file->meta;
    weir_status status = WEIR_OK;
    *end = false;
    while (c->group < m->n_groups) {
        const weir_parquet_group *g = &m->groups[c->group];
        if (!c->in_group) WEIR_TRY(begin_group(c, err));
        uint64_t rows = (uint64_t)g->n_rows - c->row, bytes = c->group_bytes;
        bool cut = c->row > 0;
        if (rows > 0) {
            if (!cut && bytes > chunk_limit(c)) WEIR_TRY(can_cut(c, &cut, err));
            if (cut) {
                uint64_t some =
                    (uint64_t)((double)g->n_rows * (double)chunk_limit(c) / ((double)bytes + 1.0));
                some = some < 64 ? 64 : some;
                rows = some < rows ? some : rows;
            }
            WEIR_TRY(make_chunk(c, rows, cut, out, err));
            c->row += rows;
        }
        if (c->row == (uint64_t)g->n_rows) {
            c->before += c->row;
            c->in_group = false;
            c->group++;
        }
        if (rows > 0) return WEIR_OK;
    }
    *end = true;
out:
    return status;
}
