/* The cutter: events -> records -> chunks of JSON lines. */
#include "format/xml.h"

/* The document's beginning, which was looked at, and then the rest. */
typedef struct again {
    weir_stream base;
    weir_stream *in; /* the caller's */
    weir_block *head;
    size_t at;
} again;

struct weir_cutter {
    const weir_read_request *request;
    const weir_xml_read_config *config;
    again stream;
    weir_xml_reader *reader;
    weir_xml_path path;
    weir_xml_tree tree;
    weir_relay relay;
    weir_layout *layout; /* tells which record was found; NULL = it was given */
    bool inside, end;
};

static weir_status again_read(weir_stream *s, void *buf, size_t size, size_t *got,
                              weir_error *err) {
    again *a = (again *)s;
    size_t n = a->head ? a->head->size - a->at : 0;
    if (n == 0) {
        weir_block_release(a->head);
        a->head = NULL;
        return weir_stream_read(a->in, buf, size, got, err);
    }
    if (n > size) n = size;
    memcpy(buf, a->head->data + a->at, n);
    a->at += n;
    *got = n;
    return WEIR_OK;
}

static void again_close(weir_stream *s) {
    weir_block_release(((again *)s)->head);
}

static const weir_stream_ops again_ops = {.read = again_read, .close = again_close};

static weir_status describe(weir_cutter *c, weir_error *err) {
    weir_buf text = {0};
    weir_status status = weir_layout_new(NULL, 0, &c->layout, err);
    if (status != WEIR_OK) return status;
    if (weir_buf_printf(&text, "record: %s\n", c->path.text))
        status = weir_layout_describe(c->layout, weir_buf_cstr(&text), err);
    else
        status = weir_error_nomem(err);
    weir_buf_clear(&text);
    return status;
}

static weir_status find_record(weir_cutter *c, weir_error *err) {
    weir_status status = WEIR_OK;
    if (c->config->record) return weir_xml_path_parse(c->config->record, &c->path, err);
    weir_block *head = NULL;
    size_t n = 0;
    WEIR_TRY(weir_block_new(c->request->ledger, WEIR_XML_HEAD_BYTES, &head, err));
    WEIR_TRY(weir_stream_read_full(c->stream.in, head->data, WEIR_XML_HEAD_BYTES, &n, err));
    head->size = n;
    c->stream.head = head;
    head = NULL;
    bool partial = n == WEIR_XML_HEAD_BYTES || c->stream.in->partial;
    status = weir_xml_find_record(c->stream.in->name, (weir_slice){(char *)c->stream.head->data, n},
                                  partial, &c->path, err);
    if (status == WEIR_OK) status = describe(c, err);
out:
    weir_block_release(head);
    return status;
}

weir_status weir_xml_cutter_new(const weir_read_request *request, weir_stream *in,
                                weir_cutter **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_cutter *c = weir_alloc_zero(1, sizeof *c);
    if (!c) return weir_error_nomem(err);
    c->request = request;
    c->config = request->config;
    c->stream.in = in;
    c->stream.base = (weir_stream){.ops = &again_ops, .name = in->name};
    weir_relay_init(&c->relay, request);
    weir_xml_tree_init(&c->tree, c->config, request->max_record_bytes, request->ledger);
    WEIR_TRY(find_record(c, err));
    weir_xml_limits limits = {.max_text_bytes = request->max_record_bytes, .partial = in->partial};
    WEIR_TRY(
        weir_xml_open(&c->stream.base, &limits, request->ledger, request->cancel, &c->reader, err));
    *out = c;
    c = NULL;
out:
    weir_xml_cutter_free(c);
    return status;
}

weir_layout *weir_xml_cutter_layout(weir_cutter *c) {
    return c->layout; /* without names: records name their own fields */
}

static weir_status end_record(weir_cutter *c, weir_error *err) {
    weir_xml_tree *t = &c->tree;
    weir_relay *r = &c->relay;
    if (t->too_deep)
        weir_relay_fail(r, "depth",
                        "has elements more than %lld levels deep, which max_depth does "
                        "not allow",
                        (long long)c->config->max_depth);
    if (t->entity[0])
        weir_relay_fail(r, "entity",
                        "refers to the entity &%s; which the document does not declare", t->entity);
    bool whole = weir_xml_tree_write(t, &r->record) && !t->too_long;
    return weir_relay_end(r, !whole, err);
}

static weir_status take_event(weir_cutter *c, weir_xml_event event, weir_error *err) {
    weir_status status = WEIR_OK;
    bool done = false;
    if (c->inside) {
        WEIR_TRY(weir_xml_tree_add(&c->tree, c->reader, event, &done, err));
        if (done) WEIR_TRY(end_record(c, err));
        c->inside = !done;
        return WEIR_OK;
    }
    if (event == WEIR_XML_END) weir_xml_path_leave(&c->path, c->reader);
    if (event != WEIR_XML_START || !weir_xml_path_enter(&c->path, c->reader)) return WEIR_OK;
    weir_xml_place place = weir_xml_place_of(c->reader);
    weir_relay_begin(&c->relay, place.line, place.byte);
    c->inside = true;
    WEIR_TRY(weir_xml_tree_begin(&c->tree, c->reader, err));
out:
    return status;
}

weir_status weir_xml_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err) {
    weir_status status = WEIR_OK;
    *end = false;
    for (;;) {
        if (weir_relay_take(&c->relay, out)) return WEIR_OK;
        if (c->end) {
            *end = true;
            return WEIR_OK;
        }
        weir_xml_event event = WEIR_XML_EOF;
        WEIR_TRY(weir_xml_next(c->reader, &event, err));
        if (event != WEIR_XML_EOF) {
            WEIR_TRY(take_event(c, event, err));
            continue;
        }
        c->end = true;
        WEIR_TRY(weir_relay_flush(&c->relay, err));
    }
out:
    return status;
}

void weir_xml_cutter_free(weir_cutter *c) {
    if (!c) return;
    weir_xml_close(c->reader);
    again_close(&c->stream.base);
    weir_xml_path_clear(&c->path);
    weir_xml_tree_clear(&c->tree);
    weir_relay_clear(&c->relay);
    weir_layout_release(c->layout);
    weir_free(c);
}
