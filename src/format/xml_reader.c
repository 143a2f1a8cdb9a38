#include "format/xml_reader.h"

#include <stdio.h>
#include <strings.h>

#include "base/context.h"
#include "format/xml_lib.h"

#ifndef WEIR_HAVE_LIBXML2

weir_status weir_xml_open(weir_stream *in, const weir_xml_limits *limits, weir_ledger *ledger,
                          weir_cancel *cancel, weir_xml_reader **out, weir_error *err) {
    (void)in, (void)limits, (void)ledger, (void)cancel, (void)out;
    weir_error_set(err, WEIR_USAGE, "this build of weir has no XML: it was made without libxml2");
    weir_error_hint(err, "install libxml2-dev and build again");
    return WEIR_USAGE;
}
void weir_xml_close(weir_xml_reader *x) {
    (void)x;
}
weir_status weir_xml_next(weir_xml_reader *x, weir_xml_event *event, weir_error *err) {
    (void)x, (void)event;
    return weir_error_set(err, WEIR_INTERNAL, "there is no XML");
}
weir_slice weir_xml_name(const weir_xml_reader *x) {
    (void)x;
    return (weir_slice){"", 0};
}
weir_slice weir_xml_prefix(const weir_xml_reader *x) {
    return weir_xml_name(x);
}
weir_slice weir_xml_text(const weir_xml_reader *x) {
    return weir_xml_name(x);
}
const char *weir_xml_namespace(const weir_xml_reader *x) {
    return weir_xml_name(x).data;
}
uint32_t weir_xml_depth(const weir_xml_reader *x) {
    (void)x;
    return 0;
}
weir_xml_place weir_xml_place_of(const weir_xml_reader *x) {
    (void)x;
    return (weir_xml_place){0};
}
uint64_t weir_xml_bytes(const weir_xml_reader *x) {
    (void)x;
    return 0;
}
bool weir_xml_attributes_next(const weir_xml_reader *x, weir_xml_attribute *a) {
    (void)x, (void)a;
    return false;
}

#else

/* What libxml2 holds for a document beside its text: tables, buffers, a few nodes. */
#define READER_BYTES ((size_t)256 << 10)
#define HEAD_BYTES 1024u

struct weir_xml_reader {
    const weir_xml_lib *lib;
    weir_stream *in;
    weir_ledger *ledger;
    weir_cancel *cancel;
    weir_xml_limits limits;
    xmlTextReaderPtr reader;
    weir_xml_guard guard;
    char head[HEAD_BYTES]; /* looked at for the encoding, then handed on */
    size_t head_size, head_at;
    bool ended;
    /* What stops the document: of the stream or the guard first, else of libxml2. */
    weir_status io_status;
    weir_error io_error;
    int parse_line, parse_code;
    char parse_why[200];
    /* the event */
    const xmlNode *node;
    weir_xml_place place;
    uint32_t depth;
    uint32_t open; /* elements that have begun and not ended */
    bool empty;    /* START of an empty element: END comes next */
};

/* ---- bytes --------------------------------------------------------------------------------- */

/* Some of libxml2's faults go to standard error unless someone takes them. */
static void say_nothing(void *context, const char *fmt, ...) {
    (void)context, (void)fmt;
}

static int read_bytes(void *context, char *buffer, int size) {
    weir_xml_reader *x = context;
    size_t n = 0;
    x->lib->set_generic_error(NULL, say_nothing); /* this thread's, which parses what it gets */
    if (x->io_status != WEIR_OK || size <= 0) return -1;
    if (weir_cancel_requested(x->cancel)) {
        x->io_status = weir_error_set(&x->io_error, WEIR_CANCELLED, "cancelled");
        return -1;
    }
    if (x->head_at < x->head_size) {
        n = x->head_size - x->head_at;
        if (n > (size_t)size) n = (size_t)size;
        memcpy(buffer, x->head + x->head_at, n);
        x->head_at += n;
    } else {
        x->io_status = weir_stream_read(x->in, buffer, (size_t)size, &n, &x->io_error);
    }
    if (x->io_status == WEIR_OK) {
        x->ended |= n == 0;
        x->io_status = weir_xml_guard_look(&x->guard, buffer, n, &x->io_error);
        if (x->guard.fault) weir_error_at(&x->io_error, x->in->name, (int64_t)x->guard.line, 0);
    }
    return x->io_status == WEIR_OK ? (int)n : -1;
}

static int close_bytes(void *context) {
    (void)context;
    return 0;
}

/* The first fault counts; what follows is its consequence.  Lesser ones (a prefix or an entity that
 * is not declared) leave the document readable. */
static void note_fault(void *context, xmlErrorPtr error) {
    weir_xml_reader *x = context;
    if (!error || error->level != XML_ERR_FATAL || x->parse_why[0]) return;
    x->parse_code = error->code;
    x->parse_line = error->line;
    snprintf(x->parse_why, sizeof x->parse_why, "%s", error->message ? error->message : "");
    for (size_t n = strlen(x->parse_why); n && (unsigned char)x->parse_why[n - 1] <= ' '; n--)
        x->parse_why[n - 1] = 0;
}

/* ---- the encoding -------------------------------------------------------------------------- */

/* Encodings in which markup is ASCII byte by byte, so that the guard sees what the parser sees. */
static bool is_known_encoding(weir_slice name) {
    static const char *const families[] = {
        "UTF-8",     "UTF8",      "UTF-16",   "US-ASCII", "ASCII",   "ISO-8859-", "ISO8859-",
        "ISO_8859-", "LATIN",     "WINDOWS-", "CP125",    "CP85",    "CP86",      "CP437",
        "CP936",     "CP932",     "IBM85",    "IBM437",   "KOI8-",   "GB",        "BIG5",
        "SHIFT_JIS", "SHIFT-JIS", "SJIS",     "EUC-",     "TIS-620", "MACINTOSH"};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        size_t n = strlen(families[i]);
        if (name.size >= n && strncasecmp(name.data, families[i], n) == 0) return true;
    }
    return false;
}

/* The encoding in <?xml ... encoding="..."?>; size 0 = none is named. */
static weir_slice declared_encoding(const weir_xml_reader *x) {
    weir_slice none = {"", 0};
    const char *p = x->head, *end = p + x->head_size;
    if (end - p >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) p += 3;
    if (end - p < 6 || memcmp(p, "<?xml", 5) != 0) return none;
    const char *stop = memmem(p, (size_t)(end - p), "?>", 2);
    if (!stop) return none;
    const char *at = memmem(p, (size_t)(stop - p), "encoding", 8);
    if (!at) return none;
    at += 8;
    while (at < stop && *at != '"' && *at != '\'') at++;
    if (at >= stop) return none;
    const char *close = memchr(at + 1, *at, (size_t)(stop - at - 1));
    return close ? (weir_slice){at + 1, (size_t)(close - at - 1)} : none;
}

static weir_status no_encoding(const weir_xml_reader *x, weir_slice name, weir_error *err) {
    int n = name.size < 40 ? (int)name.size : 40;
    weir_error_set(err, WEIR_DATA, "XML in the encoding %.*s is not read", n, name.data);
    weir_error_at(err, x->in->name, 1, 0);
    weir_error_hint(err, "convert it to UTF-8 first, for example with xmllint --encode UTF-8");
    return WEIR_DATA;
}

static weir_status find_units(const weir_xml_reader *x, weir_xml_units *units, weir_error *err) {
    const uint8_t *p = (const uint8_t *)x->head;
    *units = WEIR_XML_UNITS_8;
    if (x->head_size >= 4) {
        bool wide = (!p[0] && !p[1] && (p[2] == 0xFE || p[3] == '<')) ||
                    (p[0] == '<' && !p[1] && !p[2] && !p[3]) ||
                    (p[0] == 0xFF && p[1] == 0xFE && !p[2] && !p[3]);
        if (wide) return no_encoding(x, weir_slice_of("UTF-32"), err);
        if (p[0] == 0x4C && p[1] == 0x6F) return no_encoding(x, weir_slice_of("EBCDIC"), err);
    }
    if (x->head_size >= 2) {
        if ((p[0] == 0xFF && p[1] == 0xFE) || (p[0] == '<' && !p[1])) *units = WEIR_XML_UNITS_16LE;
        if ((p[0] == 0xFE && p[1] == 0xFF) || (!p[0] && p[1] == '<')) *units = WEIR_XML_UNITS_16BE;
    }
    if (*units != WEIR_XML_UNITS_8) return WEIR_OK;
    weir_slice name = declared_encoding(x);
    return name.size && !is_known_encoding(name) ? no_encoding(x, name, err) : WEIR_OK;
}

/* ---- life ---------------------------------------------------------------------------------- */

weir_status weir_xml_open(weir_stream *in, const weir_xml_limits *limits, weir_ledger *ledger,
                          weir_cancel *cancel, weir_xml_reader **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_xml_units units = WEIR_XML_UNITS_8;
    const weir_xml_lib *lib = NULL;
    weir_xml_reader *x = NULL;
    WEIR_TRY(weir_xml_lib_get(&lib, err));
    x = weir_alloc_zero(1, sizeof *x);
    if (!x) return weir_error_nomem(err);
    x->lib = lib;
    x->in = in;
    x->cancel = cancel;
    x->limits = *limits;
    if (!x->limits.max_text_bytes || x->limits.max_text_bytes > WEIR_XML_TEXT_MAX)
        x->limits.max_text_bytes = WEIR_XML_TEXT_MAX;
    if (!weir_ledger_charge(ledger, READER_BYTES)) {
        status = weir_error_set(err, WEIR_RESOURCE, "the memory budget leaves no room to read XML");
        goto out;
    }
    x->ledger = ledger;
    WEIR_TRY(weir_stream_read_full(in, x->head, sizeof x->head, &x->head_size, err));
    WEIR_TRY(find_units(x, &units, err));
    weir_xml_guard_init(&x->guard, units, x->limits.max_text_bytes);
    x->reader = lib->reader_for_io(read_bytes, close_bytes, x, NULL, NULL,
                                   XML_PARSE_NONET | XML_PARSE_COMPACT | XML_PARSE_NOCDATA);
    if (!x->reader) {
        status = x->io_status != WEIR_OK ? x->io_status : weir_error_nomem(err);
        if (x->io_status != WEIR_OK && err) *err = x->io_error;
        goto out;
    }
    lib->set_error_handler(x->reader, note_fault, x);
    *out = x;
    x = NULL;
out:
    weir_xml_close(x);
    return status;
}

void weir_xml_close(weir_xml_reader *x) {
    if (!x) return;
    if (x->reader) x->lib->free_reader(x->reader);
    if (x->ledger) weir_ledger_release(x->ledger, READER_BYTES);
    weir_xml_guard_clear(&x->guard);
    weir_free(x);
}

/* ---- events -------------------------------------------------------------------------------- */

static weir_status malformed(weir_xml_reader *x, weir_error *err) {
    if (x->io_status != WEIR_OK) {
        if (err) *err = x->io_error;
        return x->io_status;
    }
    const char *why = x->parse_why[0] ? x->parse_why : "its text is not in the encoding it states";
    bool ends = x->parse_code == XML_ERR_DOCUMENT_END || x->parse_code == XML_ERR_DOCUMENT_EMPTY;
    if (ends && x->guard.byte == 0) why = "the document is empty";
    if (ends && x->open) { /* libxml2 says something else then */
        why = "the document is cut off: it ends inside its elements";
        x->parse_line = (int)x->guard.line;
    }
    weir_error_set(err, WEIR_DATA, "malformed XML: %s", why);
    weir_error_at(err, x->in->name, x->parse_line > 0 ? x->parse_line : 0, 0);
    weir_error_hint(err, "`xmllint --noout FILE` shows the place; have its writer mend it");
    return WEIR_DATA;
}

static void start(weir_xml_reader *x) {
    x->place = weir_xml_guard_take(&x->guard);
    x->depth = (uint32_t)x->lib->depth(x->reader);
    x->empty = x->lib->is_empty(x->reader) == 1;
    x->open += !x->empty;
}

weir_status weir_xml_next(weir_xml_reader *x, weir_xml_event *event, weir_error *err) {
    if (x->empty) {
        x->empty = false;
        *event = WEIR_XML_END;
        return WEIR_OK;
    }
    for (;;) {
        int rc = x->lib->read(x->reader);
        if (rc != 1) {
            x->node = NULL;
            *event = WEIR_XML_EOF;
            bool good = rc == 0 && x->io_status == WEIR_OK && !x->parse_why[0];
            bool cut = x->limits.partial && x->ended && x->io_status == WEIR_OK;
            return good || cut ? WEIR_OK : malformed(x, err);
        }
        x->node = x->lib->current_node(x->reader);
        switch (x->lib->node_type(x->reader)) {
        case XML_READER_TYPE_ELEMENT:
            start(x);
            *event = WEIR_XML_START;
            return WEIR_OK;
        case XML_READER_TYPE_END_ELEMENT:
            x->depth = (uint32_t)x->lib->depth(x->reader);
            x->open -= x->open > 0;
            *event = WEIR_XML_END;
            return WEIR_OK;
        case XML_READER_TYPE_TEXT:
        case XML_READER_TYPE_CDATA:
        case XML_READER_TYPE_WHITESPACE:
        case XML_READER_TYPE_SIGNIFICANT_WHITESPACE: *event = WEIR_XML_TEXT; return WEIR_OK;
        case XML_READER_TYPE_ENTITY_REFERENCE: *event = WEIR_XML_ENTITY; return WEIR_OK;
        default: break;
        }
    }
}

/* ---- what an event has --------------------------------------------------------------------- */

static weir_slice slice(const xmlChar *s) {
    return weir_slice_of(s ? (const char *)s : "");
}

/* Without a declaration of its prefix a name holds it. */
static weir_slice local_name(weir_slice name) {
    const char *colon = memchr(name.data, ':', name.size);
    if (!colon || colon + 1 == name.data + name.size) return name;
    return (weir_slice){colon + 1, (size_t)(name.data + name.size - colon - 1)};
}

static weir_slice prefix_of(const xmlNs *ns, weir_slice name) {
    if (ns && ns->prefix) return slice(ns->prefix);
    const char *colon = ns ? NULL : memchr(name.data, ':', name.size);
    return (weir_slice){name.data, colon ? (size_t)(colon - name.data) : 0};
}

weir_slice weir_xml_name(const weir_xml_reader *x) {
    return x->node ? local_name(slice(x->node->name)) : (weir_slice){"", 0};
}

weir_slice weir_xml_prefix(const weir_xml_reader *x) {
    return x->node ? prefix_of(x->node->ns, slice(x->node->name)) : (weir_slice){"", 0};
}

const char *weir_xml_namespace(const weir_xml_reader *x) {
    return x->node && x->node->ns && x->node->ns->href ? (const char *)x->node->ns->href : "";
}

weir_slice weir_xml_text(const weir_xml_reader *x) {
    if (!x->node) return (weir_slice){"", 0};
    return slice(x->node->type == XML_ENTITY_REF_NODE ? x->node->name : x->node->content);
}

uint32_t weir_xml_depth(const weir_xml_reader *x) {
    return x->depth;
}

weir_xml_place weir_xml_place_of(const weir_xml_reader *x) {
    return x->place;
}

uint64_t weir_xml_bytes(const weir_xml_reader *x) {
    return x->guard.byte;
}

bool weir_xml_attributes_next(const weir_xml_reader *x, weir_xml_attribute *a) {
    const xmlAttr *p = a->next ? ((const xmlAttr *)a->next)->next
                       : x->node && x->node->type == XML_ELEMENT_NODE && !a->name.data
                           ? x->node->properties
                           : NULL;
    if (!p) return false;
    weir_slice name = slice(p->name);
    a->next = p;
    a->prefix = prefix_of(p->ns, name);
    a->name = local_name(name);
    a->uri = p->ns && p->ns->href ? (const char *)p->ns->href : "";
    const xmlNode *text = p->children;
    a->entity = text && (text->next || text->type != XML_TEXT_NODE);
    a->value = text && text->type == XML_TEXT_NODE ? slice(text->content) : (weir_slice){"", 0};
    return true;
}

#endif
