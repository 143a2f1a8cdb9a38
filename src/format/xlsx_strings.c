/* The table of shared strings: kept as JSON, since that is what becomes of them. */
#include "format/xlsx.h"

#define STRINGS_MAX ((size_t)1 << 28)

static weir_status no_room(weir_error *err) {
    weir_error_set(err, WEIR_RESOURCE,
                   "the workbook's shared strings do not fit into the memory budget");
    weir_error_hint(err, "raise limits: memory, or save the sheet as csv");
    return WEIR_RESOURCE;
}

static weir_status add(weir_xlsx_book *b, const weir_buf *json, weir_error *err) {
    weir_status status = weir_grow((void **)&b->strings, &b->strings_capacity, b->n_strings + 1,
                                   sizeof *b->strings, STRINGS_MAX, err);
    if (status != WEIR_OK) return status;
    size_t bytes = b->strings_capacity * sizeof *b->strings;
    if (bytes > b->charged_bytes) {
        if (!weir_ledger_charge(b->request->ledger, bytes - b->charged_bytes)) return no_room(err);
        b->charged_bytes = bytes;
    }
    /* "" is no value of a cell */
    size_t size = json->size > 2 ? json->size : 0;
    char *copy = size ? weir_arena_alloc(&b->string_arena, size) : NULL;
    if (size && !copy) return no_room(err);
    if (size) memcpy(copy, json->data, size);
    b->strings[b->n_strings++] = (weir_slice){copy, size};
    return WEIR_OK;
}

weir_status weir_xlsx_load_strings(weir_xlsx_book *b, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_xlsx_part part = {0};
    weir_buf text = {.max = b->request->max_record_bytes}, json = {0};
    bool in_item = false, in_text = false;
    uint32_t phonetic = 0; /* in how to pronounce it, which is not shown */
    b->strings_loaded = true;
    if (!b->strings_part) return WEIR_OK;
    b->string_arena.ledger = b->request->ledger;
    WEIR_TRY(weir_xlsx_part_open(b, b->strings_part, &part, err));
    for (;;) {
        weir_xml_event event = WEIR_XML_EOF;
        WEIR_TRY(weir_xml_next(part.x, &event, err));
        if (event == WEIR_XML_EOF) break;
        if (event == WEIR_XML_TEXT) {
            weir_slice s = weir_xml_text(part.x);
            if (in_text && !phonetic && !weir_buf_add(&text, s.data, s.size)) {
                status = no_room(err);
                goto out;
            }
            continue;
        }
        weir_slice name = weir_xml_name(part.x);
        bool starts = event == WEIR_XML_START;
        if (weir_slice_is(name, "t")) in_text = starts && in_item;
        if (weir_slice_is(name, "rPh"))
            phonetic = starts ? phonetic + 1 : phonetic - (phonetic > 0);
        if (!weir_slice_is(name, "si")) continue;
        in_item = starts;
        if (!starts) {
            json.size = 0;
            if (!weir_xlsx_put_text(&json, (weir_slice){text.data, text.size}))
                status = weir_error_nomem(err);
            if (status == WEIR_OK) status = add(b, &json, err);
            if (status != WEIR_OK) goto out;
        }
        text.size = 0;
    }
out:
    if (status != WEIR_OK && err && !err->source[0]) weir_error_at(err, b->in->name, 0, 0);
    weir_xlsx_part_close(&part);
    weir_buf_clear(&text);
    weir_buf_clear(&json);
    return status;
}
