/* The table of shared strings: kept as JSON, since that is what becomes of them. */
#include "format/xlsx.h"

#define STRINGS_MAX ((size_t)1 << 28)

static weir_status no_room(weir_error *err) {
    weir_error_set(err, WEIR_RESOURCE,
                   "the workbook's shared strings do not fit into the memory budget");
    weir_error_hint(err, "raise limits: memory, or save the sheet as csv");
    return WEIR_RESOURCE;
}

/* Pieces grow to a size that goes back to the system when it is freed: the table is made twice, to
 * infer types and to read. */
#define FIRST_PIECE ((size_t)64 << 10)
#define LAST_PIECE ((size_t)6 << 20)

static void *take(weir_xlsx_book *b, size_t bytes, weir_error *err) {
    weir_block *piece = b->n_pieces ? b->pieces[b->n_pieces - 1] : NULL;
    bytes = (bytes + 15) & ~(size_t)15;
    if (!piece || piece->capacity - piece->size < bytes) {
        size_t size = piece ? piece->capacity * 2 : FIRST_PIECE;
        if (size > LAST_PIECE) size = LAST_PIECE;
        if (size < bytes) size = bytes;
        if (weir_grow((void **)&b->pieces, &b->pieces_capacity, b->n_pieces + 1, sizeof *b->pieces,
                      STRINGS_MAX, err) != WEIR_OK)
            return NULL;
        weir_status status = weir_block_new(b->request->ledger, size, &piece, err);
        if (status != WEIR_OK && size > FIRST_PIECE && bytes <= FIRST_PIECE)
            status = weir_block_new(b->request->ledger, FIRST_PIECE, &piece, err);
        if (status != WEIR_OK) return NULL;
        b->pieces[b->n_pieces++] = piece;
    }
    void *p = piece->data + piece->size;
    piece->size += bytes;
    return p;
}

static weir_status add(weir_xlsx_book *b, const weir_buf *json, weir_error *err) {
    size_t page = b->n_strings / WEIR_XLSX_PAGE;
    if (b->n_strings % WEIR_XLSX_PAGE == 0) { /* pages: a table that doubled would be there twice */
        weir_status status = weir_grow((void **)&b->pages, &b->pages_capacity, page + 1,
                                       sizeof *b->pages, STRINGS_MAX / WEIR_XLSX_PAGE, err);
        if (status != WEIR_OK) return status;
        b->pages[page] = take(b, WEIR_XLSX_PAGE * sizeof(weir_slice), err);
        if (!b->pages[page]) return no_room(err);
    }
    /* "" is no value of a cell */
    size_t size = json->size > 2 ? json->size : 0;
    char *copy = take(b, size ? size : 1, err);
    if (!copy) return no_room(err);
    if (size) memcpy(copy, json->data, size);
    b->pages[page][b->n_strings++ % WEIR_XLSX_PAGE] = (weir_slice){copy, size};
    return WEIR_OK;
}

static weir_status begin(weir_xlsx_book *b, weir_error *err) {
    b->strings_begun = true;
    b->strings_ended = !b->strings_part;
    b->text.max = b->request->max_record_bytes;
    return b->strings_part ? weir_xlsx_part_open(b, b->strings_part, &b->strings, err) : WEIR_OK;
}

/* A start or end tag. */
static weir_status take_tag(weir_xlsx_book *b, bool starts, weir_error *err) {
    weir_slice name = weir_xml_name(b->strings.x);
    if (weir_slice_is(name, "t")) b->in_text = starts && b->in_item;
    if (weir_slice_is(name, "rPh"))
        b->phonetic = starts ? b->phonetic + 1 : b->phonetic - (b->phonetic > 0);
    if (!weir_slice_is(name, "si")) return WEIR_OK;
    weir_slice text = {b->text.data, b->text.size};
    b->in_item = starts;
    b->text.size = b->json.size = 0;
    if (starts) return WEIR_OK;
    if (!weir_xlsx_put_text(&b->json, text)) return weir_error_nomem(err);
    return add(b, &b->json, err);
}

static weir_status read_up_to(weir_xlsx_book *b, uint64_t number, weir_error *err) {
    weir_status status = WEIR_OK;
    while (b->n_strings <= number && !b->strings_ended) {
        weir_xml_event event = WEIR_XML_EOF;
        WEIR_TRY(weir_xml_next(b->strings.x, &event, err));
        if (event == WEIR_XML_EOF) {
            b->strings_ended = true;
        } else if (event == WEIR_XML_TEXT) {
            weir_slice s = weir_xml_text(b->strings.x);
            if (b->in_text && !b->phonetic && !weir_buf_add(&b->text, s.data, s.size))
                return no_room(err);
        } else if (event != WEIR_XML_ENTITY) {
            WEIR_TRY(take_tag(b, event == WEIR_XML_START, err));
        }
    }
out:
    return status;
}

weir_status weir_xlsx_string(weir_xlsx_book *b, uint64_t number, weir_slice *out, weir_error *err) {
    weir_status status = WEIR_OK;
    *out = (weir_slice){NULL, 0};
    if (!b->strings_begun) WEIR_TRY(begin(b, err));
    if (number >= STRINGS_MAX) return WEIR_OK;
    WEIR_TRY(read_up_to(b, number, err));
    if (number < b->n_strings) *out = b->pages[number / WEIR_XLSX_PAGE][number % WEIR_XLSX_PAGE];
out:
    if (status != WEIR_OK && err && !err->source[0]) weir_error_at(err, b->in->name, 0, 0);
    return status;
}
