/* Batches: rows, which of them are alive, and where they came from. */
#include "column/kernel_util.h"

weir_status weir_batch_new(weir_schema *schema, uint32_t length, weir_batch **out,
                           weir_error *err) {
    if (length > WEIR_BATCH_MAX_ROWS)
        return weir_error_set(err, WEIR_INTERNAL, "a batch of %u rows, more than %u", length,
                              WEIR_BATCH_MAX_ROWS);
    weir_batch *b = weir_alloc_zero(1, sizeof *b);
    if (!b) return weir_error_nomem(err);
    b->columns = weir_alloc_zero(schema->n_fields, sizeof *b->columns);
    if (!b->columns) {
        weir_free(b);
        return weir_error_nomem(err);
    }
    b->schema = weir_schema_retain(schema);
    b->length = b->n_selected = length;
    *out = b;
    return WEIR_OK;
}

static void release_columns(weir_batch *b) {
    for (uint32_t i = 0; i < b->schema->n_fields; i++) weir_column_release(b->columns[i]);
    weir_free(b->columns);
    weir_schema_release(b->schema);
}

void weir_batch_free(weir_batch *b) {
    if (!b) return;
    release_columns(b);
    weir_free(b->selection);
    weir_free(b->row_kind);
    weir_free(b->routes);
    weir_origin_clear(&b->origin);
    weir_failures_free(b->failures);
    weir_free(b);
}

weir_status weir_batch_replace(weir_batch *b, weir_schema *schema, weir_column **columns,
                               weir_error *err) {
    weir_column **copy = weir_alloc_zero(schema->n_fields, sizeof *copy);
    if (!copy) return weir_error_nomem(err);
    if (schema->n_fields) memcpy(copy, columns, schema->n_fields * sizeof *copy);
    weir_schema_retain(schema); /* first: it may be the one that is released */
    release_columns(b);
    b->schema = schema;
    b->columns = copy;
    return WEIR_OK;
}

/* Rows of the whole batch whose bit is set, into sel; their number. */
static uint32_t rows_of_mask(const uint64_t *keep, uint32_t length, uint16_t *sel) {
    uint32_t n = 0;
    for (uint32_t base = 0; base < length; base += 64) {
        uint64_t word = keep[base >> 6];
        if (length - base < 64) word &= (1ull << (length - base)) - 1;
        while (word) {
            sel[n++] = (uint16_t)(base + (uint32_t)__builtin_ctzll(word));
            word &= word - 1;
        }
    }
    return n;
}

static uint32_t count_bits(const uint64_t *bits, uint32_t length) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < length / 64; i++) n += (uint32_t)__builtin_popcountll(bits[i]);
    if (length % 64)
        n += (uint32_t)__builtin_popcountll(bits[length / 64] & ((1ull << length % 64) - 1));
    return n;
}

weir_status weir_batch_keep(weir_batch *b, const uint64_t *keep, weir_error *err) {
    if (b->selection) {
        uint32_t n = 0;
        for (uint32_t k = 0; k < b->n_selected; k++) {
            uint16_t row = b->selection[k];
            b->selection[n] = row;
            n += (uint32_t)weir_bit_get(keep, row);
        }
        b->n_selected = n;
        return WEIR_OK;
    }
    uint32_t n = count_bits(keep, b->length);
    if (n == b->length) return WEIR_OK;
    uint16_t *sel = weir_alloc(((size_t)n + 1) * sizeof *sel);
    if (!sel) return weir_error_nomem(err);
    b->n_selected = rows_of_mask(keep, b->length, sel);
    b->selection = sel;
    return WEIR_OK;
}

weir_status weir_batch_head(weir_batch *b, uint64_t rows, weir_error *err) {
    if (b->n_selected <= rows) return WEIR_OK;
    uint64_t *keep = weir_alloc_zero(weir_bit_words(b->length) + 1, sizeof *keep);
    if (!keep) return weir_error_nomem(err);
    for (uint32_t k = 0; k < rows; k++) weir_bit_set(keep, weir_batch_row(b, k));
    weir_status status = weir_batch_keep(b, keep, err);
    weir_free(keep);
    return status;
}

weir_status weir_batch_failures(weir_batch *b, weir_failures **out, weir_error *err) {
    if (!b->failures) {
        weir_status status = weir_failures_new(b->length, &b->failures, err);
        if (status != WEIR_OK) return status;
    }
    *out = b->failures;
    return WEIR_OK;
}

/* ---- origin -------------------------------------------------------------------------------- */

/* A first address that a row keeps; UINT64_MAX = unknown. */
static uint64_t kept_address(const weir_origin *o, const uint64_t *rows, uint32_t row) {
    return rows[o->row_number ? o->row_number[row] : row];
}

uint64_t weir_batch_line(const weir_batch *b, uint32_t row) {
    const weir_origin *o = &b->origin;
    if (o->row_line) {
        uint64_t kept = kept_address(o, o->row_line, row);
        return kept == UINT64_MAX ? 0 : kept;
    }
    if (!o->raw_line) return 0;
    if (!o->raw || !o->row_begin) return o->raw_line;
    return o->raw_line + weir_batch_lines_between(b, o->raw_begin, o->row_begin[row]);
}

uint64_t weir_batch_lines_between(const weir_batch *b, uint32_t from, uint32_t to) {
    const weir_origin *o = &b->origin;
    const uint8_t *end = o->raw->data + to, *last = o->raw->data + o->raw->size, *p;
    uint64_t lines = 0;
    /* a line ends with LF, CR LF or a lone CR; two quick searches, for few bytes are either */
    for (p = o->raw->data + from; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++) lines++;
    for (p = o->raw->data + from; p < end && (p = memchr(p, '\r', (size_t)(end - p))); p++)
        lines += !(p + 1 < last && p[1] == '\n');
    return lines;
}

uint64_t weir_batch_byte(const weir_batch *b, uint32_t row) {
    const weir_origin *o = &b->origin;
    if (o->row_byte) {
        uint64_t kept = kept_address(o, o->row_byte, row);
        return kept == UINT64_MAX ? 0 : kept;
    }
    return o->row_begin ? o->raw_byte + (o->row_begin[row] - o->raw_begin) : o->raw_byte;
}

bool weir_batch_has_byte(const weir_batch *b, uint32_t row) {
    const weir_origin *o = &b->origin;
    return !o->row_byte || kept_address(o, o->row_byte, row) != UINT64_MAX;
}

weir_slice weir_batch_raw(const weir_batch *b, uint32_t row) {
    const weir_origin *o = &b->origin;
    weir_slice s = {NULL, 0};
    if (!o->raw || !o->row_begin) return s;
    s.data = (const char *)o->raw->data + o->row_begin[row];
    s.size = o->row_end[row] - o->row_begin[row];
    return s;
}

static void as_read_release(weir_as_read *a) {
    if (!a || atomic_fetch_sub(&a->refs, 1) > 1) return;
    for (uint32_t i = 0; a->columns && i < a->schema->n_fields; i++)
        weir_column_release(a->columns[i]);
    weir_free(a->columns);
    weir_schema_release(a->schema);
    weir_free(a);
}

weir_origin weir_origin_share(const weir_origin *from) {
    weir_block_retain(from->raw);
    weir_block_retain(from->rows_block);
    weir_block_retain(from->address_block);
    if (from->as_read) atomic_fetch_add(&from->as_read->refs, 1);
    return *from;
}

void weir_origin_clear(weir_origin *o) {
    weir_block_release(o->raw);
    weir_block_release(o->rows_block);
    weir_block_release(o->address_block);
    as_read_release(o->as_read);
    *o = (weir_origin){0};
}

weir_status weir_batch_keep_as_read(weir_batch *b, weir_error *err) {
    weir_as_read *a = weir_alloc_zero(1, sizeof *a);
    if (!a) return weir_error_nomem(err);
    a->refs = 1;
    a->schema = weir_schema_retain(b->schema);
    a->columns = weir_alloc_zero(b->schema->n_fields + 1u, sizeof *a->columns);
    if (!a->columns) {
        as_read_release(a);
        return weir_error_nomem(err);
    }
    for (uint32_t i = 0; i < b->schema->n_fields; i++)
        a->columns[i] = weir_column_retain(b->columns[i]);
    as_read_release(b->origin.as_read);
    b->origin.as_read = a;
    return WEIR_OK;
}

weir_status weir_origin_take(const weir_origin *from, const uint32_t *rows, const uint32_t *items,
                             uint32_t n, weir_ledger *ledger, weir_origin *out, weir_error *err) {
    uint32_t levels = from->levels + (items ? 1 : 0);
    size_t ids = from->row_id ? (size_t)n * 8 : 0, spans = from->row_begin ? (size_t)n * 4 : 0;
    size_t bytes = ids + 2 * spans + (size_t)n * 4 * (1 + (size_t)levels);
    weir_block *block = NULL;
    weir_status status = weir_block_new(ledger, bytes ? bytes : 8, &block, err);
    if (status != WEIR_OK) return status;
    block->size = bytes;
    weir_origin to = *from;
    uint8_t *at = block->data;
    to.rows_block = block;
    to.levels = levels;
    if (ids) to.row_id = (uint64_t *)(void *)at;
    at += ids;
    if (spans) {
        to.row_begin = (uint32_t *)(void *)at;
        to.row_end = to.row_begin + n;
    }
    at += 2 * spans;
    to.row_number = (uint32_t *)(void *)at;
    to.items = levels ? to.row_number + n : NULL;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = rows[i];
        if (ids) to.row_id[i] = from->row_id[row];
        if (spans) to.row_begin[i] = from->row_begin[row];
        if (spans) to.row_end[i] = from->row_end[row];
        to.row_number[i] = from->row_number ? from->row_number[row] : row;
        for (uint32_t l = 0; l < from->levels; l++)
            to.items[(size_t)i * levels + l] = from->items[(size_t)row * from->levels + l];
        if (items) to.items[(size_t)i * levels + levels - 1] = items[i];
    }
    weir_block_retain(to.raw);
    weir_block_retain(to.address_block);
    if (to.as_read) atomic_fetch_add(&to.as_read->refs, 1);
    *out = to;
    return WEIR_OK;
}

/* ---- size ---------------------------------------------------------------------------------- */

/* A set of blocks seen; open addressing, grows. */
typedef struct block_set {
    const weir_block **slots;
    size_t mask, n;
} block_set;

static bool set_grow(block_set *s) {
    size_t slots = s->slots ? (s->mask + 1) * 2 : 64;
    const weir_block **fresh = weir_alloc_zero(slots, sizeof *fresh);
    if (!fresh) return false;
    for (size_t i = 0; s->slots && i <= s->mask; i++) {
        if (!s->slots[i]) continue;
        size_t at = ((uintptr_t)s->slots[i] >> 5) & (slots - 1);
        while (fresh[at]) at = (at + 1) & (slots - 1);
        fresh[at] = s->slots[i];
    }
    weir_free(s->slots);
    s->slots = fresh;
    s->mask = slots - 1;
    return true;
}

/* Bytes that b adds: its capacity when it is new.  Without memory for the set a block may count
 * more than once, which errs to the safe side. */
static size_t add_block(block_set *s, const weir_block *b) {
    if (!b) return 0;
    if ((!s->slots || s->n * 2 > s->mask) && !set_grow(s) && !s->slots) return b->capacity;
    size_t at = ((uintptr_t)b >> 5) & s->mask;
    while (s->slots[at]) {
        if (s->slots[at] == b) return 0;
        at = (at + 1) & s->mask;
    }
    if (s->n < s->mask) { /* one slot stays empty, else the search would not end */
        s->slots[at] = b;
        s->n++;
    }
    return b->capacity;
}

static size_t add_column(block_set *s, const weir_column *c) {
    if (!c) return 0;
    size_t bytes = add_block(s, c->values_block) + add_block(s, c->validity_block) +
                   add_block(s, c->poison_block) + add_column(s, c->dictionary);
    for (uint32_t i = 0; i < c->n_blocks; i++) bytes += add_block(s, c->blocks[i]);
    for (uint32_t i = 0; i < c->n_children; i++) bytes += add_column(s, c->children[i]);
    return bytes;
}

size_t weir_batch_bytes(const weir_batch *b) {
    block_set set = {0};
    size_t bytes = add_block(&set, b->origin.raw) + add_block(&set, b->origin.rows_block);
    for (uint32_t i = 0; i < b->schema->n_fields; i++) bytes += add_column(&set, b->columns[i]);
    weir_free(set.slots);
    return bytes;
}

/* Bytes of n of c's rows, all alike: nested values count with their average share. */
static size_t live_share(const weir_column *c, size_t n) {
    size_t share = weir_values_bytes(c->type, 1) * n;
    if (c->length == 0) return 0;
    if (weir_type_is_view(c->type)) {
        size_t bytes = 0;
        for (uint32_t i = 0; i < c->length; i++) {
            if (weir_column_is_null(c, i)) continue;
            size_t size = weir_column_slice(c, i).size;
            bytes += size > 12 ? size : 0;
        }
        share += bytes * n / c->length;
    }
    for (uint32_t i = 0; i < c->n_children; i++)
        share += live_share(c->children[i], (size_t)c->children[i]->length * n / c->length);
    return share;
}

static size_t live_column(const weir_column *c, const weir_rows *rows) {
    size_t bytes = 0;
    if (!c) return 0;
    if (c->encoding == WEIR_CONSTANT) return 64;
    if (c->encoding == WEIR_DICTIONARY)
        return (size_t)rows->n * 4 + live_share(c->dictionary, c->dictionary->length);
    if (!weir_type_is_view(c->type)) return live_share(c, rows->n);
    bytes = (size_t)rows->n * sizeof(weir_view);
    for (uint32_t k = 0; k < rows->n; k++) {
        uint32_t row = weir_rows_at(rows, k);
        uint32_t size = ((const weir_view *)c->values)[row].in.size;
        if (size > 12 && !weir_column_is_null(c, row)) bytes += size;
    }
    return bytes;
}

size_t weir_batch_live_bytes(const weir_batch *b) {
    weir_rows rows = weir_rows_of(b);
    size_t bytes = (size_t)rows.n * (b->origin.row_begin ? 12 : 0);
    for (uint32_t i = 0; i < b->schema->n_fields; i++) bytes += live_column(b->columns[i], &rows);
    return bytes;
}

/* ---- validity ------------------------------------------------------------------------------ */

static weir_status check_selection(const weir_batch *b, weir_error *err) {
    if (!b->selection)
        return b->n_selected == b->length
                   ? WEIR_OK
                   : weir_error_set(err, WEIR_INTERNAL, "%u of %u rows without a selection",
                                    b->n_selected, b->length);
    for (uint32_t k = 0; k < b->n_selected; k++) {
        if (b->selection[k] >= b->length || (k && b->selection[k] <= b->selection[k - 1]))
            return weir_error_set(err, WEIR_INTERNAL, "selection[%u] is %u", k, b->selection[k]);
    }
    return WEIR_OK;
}

static weir_status check_origin(const weir_batch *b, weir_error *err) {
    const weir_origin *o = &b->origin;
    if (!o->raw || !o->row_begin) return WEIR_OK;
    for (uint32_t i = 0; i < b->length; i++)
        if (o->row_begin[i] > o->row_end[i] || o->row_end[i] > o->raw->size ||
            o->row_begin[i] < o->raw_begin)
            return weir_error_set(err, WEIR_INTERNAL, "the raw form of row %u is %u..%u", i,
                                  o->row_begin[i], o->row_end[i]);
    return WEIR_OK;
}

weir_status weir_batch_validate(const weir_batch *b, weir_error *err) {
    if (b->length > WEIR_BATCH_MAX_ROWS)
        return weir_error_set(err, WEIR_INTERNAL, "a batch of %u rows", b->length);
    weir_status status = check_selection(b, err);
    if (status == WEIR_OK) status = check_origin(b, err);
    weir_rows rows = weir_rows_of(b);
    for (uint32_t i = 0; status == WEIR_OK && i < b->schema->n_fields; i++) {
        const weir_column *c = b->columns[i];
        const weir_field *f = &b->schema->fields[i];
        if (!c || c->type != f->type || c->length != b->length)
            return weir_error_set(err, WEIR_INTERNAL, "column '%s' is %s of %u rows, not %s of %u",
                                  f->name, c ? c->type->name : "missing", c ? c->length : 0,
                                  f->type->name, b->length);
        status = weir_column_validate_rows(c, rows, err);
        if (status != WEIR_OK) weir_error_context(err, "checking column '%s'", f->name);
    }
    return status;
}
