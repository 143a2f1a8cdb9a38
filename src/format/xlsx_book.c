/* The package: which parts there are, and which of them are sheets. */
#include "format/xlsx.h"

#include <stdio.h>
#include <strings.h>

#include "base/distance.h"

#define SHEETS_MAX ((size_t)1 << 12)
#define RELATIONS_MAX ((size_t)1 << 14)

/* ---- parts --------------------------------------------------------------------------------- */

weir_status weir_xlsx_part_open(weir_xlsx_book *b, const char *name, weir_xlsx_part *out,
                                weir_error *err) {
    bool twice = false;
    const weir_zip_member *m = weir_zip_find(b->zip, name, &twice);
    if (!m || twice) {
        weir_error_set(err, WEIR_DATA, "the workbook has %s part %.200s", m ? "two of its" : "no",
                       name);
        weir_error_at(err, b->in->name, 0, 0);
        weir_error_hint(err,
                        "the file may be damaged: open it in a spreadsheet program and save it "
                        "again as xlsx");
        return WEIR_DATA;
    }
    weir_status status = weir_zip_read(b->zip, m, &out->in, err);
    if (status != WEIR_OK) return status;
    weir_xml_limits limits = {.max_text_bytes = b->request->max_record_bytes};
    status = weir_xml_open(out->in, &limits, b->request->ledger, b->request->cancel, &out->x, err);
    if (status != WEIR_OK) weir_xlsx_part_close(out);
    return status;
}

void weir_xlsx_part_close(weir_xlsx_part *p) {
    weir_xml_close(p->x);
    weir_stream_close(p->in);
    *p = (weir_xlsx_part){0};
}

weir_slice weir_xlsx_attribute(const weir_xml_reader *x, const char *name) {
    weir_xml_attribute a = {0};
    while (weir_xml_attributes_next(x, &a))
        if (weir_slice_is(a.name, name)) return a.value;
    return (weir_slice){NULL, 0};
}

uint64_t weir_xlsx_number(weir_slice s, uint64_t fallback) {
    uint64_t v = 0;
    if (s.size == 0 || s.size > 12) return fallback;
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') return fallback;
        v = v * 10 + (uint64_t)(s.data[i] - '0');
    }
    return v;
}

bool weir_xlsx_is_true(weir_slice s) {
    return s.data && (weir_slice_is(s, "1") || weir_slice_is(s, "true") || weir_slice_is(s, "on"));
}

/* ---- relations ----------------------------------------------------------------------------- */

typedef struct relation {
    const char *id, *type, *part;
} relation;

typedef struct relations {
    relation *items;
    size_t n, capacity;
} relations;

/* The name of the part that target means in the folder (with its slash) of another part. */
static char *resolve(weir_arena *arena, const char *folder, size_t folder_size, weir_slice target) {
    char *name = weir_arena_zero(arena, folder_size + target.size + 2, 1);
    if (!name) return NULL;
    size_t n = 0;
    if (target.size && *target.data == '/')
        target.data++, target.size--;
    else
        memcpy(name, folder, n = folder_size);
    while (target.size) {
        const char *slash = memchr(target.data, '/', target.size);
        size_t step = slash ? (size_t)(slash - target.data) + 1 : target.size;
        if (step == 3 && memcmp(target.data, "../", 3) == 0) {
            if (n) n--; /* the slash, then the folder's name */
            while (n && name[n - 1] != '/') n--;
        } else if (!(step == 2 && memcmp(target.data, "./", 2) == 0)) {
            memcpy(name + n, target.data, step);
            n += step;
        }
        target.data += step;
        target.size -= step;
    }
    name[n] = 0;
    return name;
}

static weir_status add_relation(weir_xlsx_book *b, relations *r, const weir_xml_reader *x,
                                const char *folder, size_t folder_size, weir_error *err) {
    weir_slice id = weir_xlsx_attribute(x, "Id"), type = weir_xlsx_attribute(x, "Type"),
               target = weir_xlsx_attribute(x, "Target"),
               mode = weir_xlsx_attribute(x, "TargetMode");
    if (!id.data || !type.data || !target.data || weir_slice_is(mode, "External")) return WEIR_OK;
    weir_status status =
        weir_grow((void **)&r->items, &r->capacity, r->n + 1, sizeof *r->items, RELATIONS_MAX, err);
    if (status != WEIR_OK) return status;
    while (type.size && memchr(type.data, '/', type.size)) type.data++, type.size--;
    relation one = {.id = weir_arena_strndup(&b->arena, id.data, id.size),
                    .type = weir_arena_strndup(&b->arena, type.data, type.size),
                    .part = resolve(&b->arena, folder, folder_size, target)};
    if (!one.id || !one.type || !one.part) return weir_error_nomem(err);
    r->items[r->n++] = one;
    return WEIR_OK;
}

/* The relations of a part ("" = the package), in _rels/NAME.rels of its folder; none is fine. */
static weir_status read_relations(weir_xlsx_book *b, const char *part, relations *r,
                                  weir_error *err) {
    weir_status status = WEIR_OK;
    weir_xlsx_part rels = {0};
    const char *slash = strrchr(part, '/');
    size_t folder = slash ? (size_t)(slash - part) + 1 : 0;
    const char *name =
        weir_arena_printf(&b->arena, "%.*s_rels/%s.rels", (int)folder, part, part + folder);
    if (!name) return weir_error_nomem(err);
    if (!weir_zip_find(b->zip, name, NULL)) return WEIR_OK;
    WEIR_TRY(weir_xlsx_part_open(b, name, &rels, err));
    for (;;) {
        weir_xml_event event = WEIR_XML_EOF;
        WEIR_TRY(weir_xml_next(rels.x, &event, err));
        if (event == WEIR_XML_EOF) break;
        if (event == WEIR_XML_START && weir_slice_is(weir_xml_name(rels.x), "Relationship"))
            WEIR_TRY(add_relation(b, r, rels.x, part, folder, err));
    }
out:
    weir_xlsx_part_close(&rels);
    return status;
}

static const relation *by_id(const relations *r, weir_slice id) {
    for (size_t i = 0; id.data && i < r->n; i++)
        if (weir_slice_is(id, r->items[i].id)) return &r->items[i];
    return NULL;
}

static const char *by_type(const relations *r, const char *type) {
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->items[i].type, type) == 0) return r->items[i].part;
    return NULL;
}

/* ---- the workbook -------------------------------------------------------------------------- */

static weir_status add_sheet(weir_xlsx_book *b, const relations *r, const weir_xml_reader *x,
                             weir_error *err) {
    weir_slice name = weir_xlsx_attribute(x, "name"), state = weir_xlsx_attribute(x, "state");
    weir_slice id = {NULL, 0};
    weir_xml_attribute a = {0};
    while (weir_xml_attributes_next(x, &a)) /* r:id, beside sheetId */
        if (weir_slice_is(a.name, "id") && (a.prefix.size || *a.uri)) id = a.value;
    const relation *to = by_id(r, id);
    if (b->n_sheets == SHEETS_MAX) {
        weir_error_set(err, WEIR_DATA, "the workbook has more than %zu sheets", SHEETS_MAX);
        weir_error_hint(err, "it is damaged or hostile; weir reads no such workbook");
        return WEIR_DATA;
    }
    weir_status status = weir_grow((void **)&b->sheets, &b->sheets_capacity, b->n_sheets + 1,
                                   sizeof *b->sheets, SHEETS_MAX, err);
    if (status != WEIR_OK) return status;
    const char *copy =
        weir_arena_strndup(&b->arena, name.data ? name.data : "", name.data ? name.size : 0);
    if (!copy) return weir_error_nomem(err);
    b->sheets[b->n_sheets++] =
        (weir_xlsx_sheet){.name = copy,
                          .part = to ? to->part : NULL,
                          .hidden = state.data && !weir_slice_is(state, "visible"),
                          .worksheet = to && strcmp(to->type, "worksheet") == 0};
    return WEIR_OK;
}

static weir_status read_workbook(weir_xlsx_book *b, const char *part, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_xlsx_part book = {0};
    relations r = {0};
    WEIR_TRY(read_relations(b, part, &r, err));
    b->strings_part = by_type(&r, "sharedStrings");
    b->styles_part = by_type(&r, "styles");
    WEIR_TRY(weir_xlsx_part_open(b, part, &book, err));
    for (;;) {
        weir_xml_event event = WEIR_XML_EOF;
        WEIR_TRY(weir_xml_next(book.x, &event, err));
        if (event == WEIR_XML_EOF) break;
        if (event != WEIR_XML_START) continue;
        weir_slice name = weir_xml_name(book.x);
        if (weir_slice_is(name, "workbookPr"))
            b->date1904 = weir_xlsx_is_true(weir_xlsx_attribute(book.x, "date1904"));
        if (weir_slice_is(name, "sheet")) WEIR_TRY(add_sheet(b, &r, book.x, err));
    }
out:
    weir_xlsx_part_close(&book);
    weir_free(r.items);
    return status;
}

/* ---- other kinds of files ------------------------------------------------------------------ */

static weir_status refuse(const weir_xlsx_book *b, const char *what, const char *hint,
                          weir_error *err) {
    weir_error_set(err, WEIR_DATA, "%s", what);
    weir_error_at(err, b->in->name, 0, 0);
    weir_error_hint(err, "%s", hint);
    return WEIR_DATA;
}

/* Looks at the first bytes where that is possible; else the directory of the archive decides. */
static weir_status check_magic(const weir_xlsx_book *b, weir_error *err) {
    static const uint8_t compound[] = {0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1};
    uint8_t head[8];
    size_t got = 0;
    if (!b->in->at_will) return WEIR_OK;
    weir_status status = weir_stream_read_at(b->in, 0, head, sizeof head, &got, err);
    if (status != WEIR_OK) return status;
    if (got == 0)
        return refuse(b, "the file is empty", "an xlsx file has at least its sheets", err);
    if (got == sizeof head && memcmp(head, compound, sizeof head) == 0)
        return refuse(b, "this is an old Excel file (.xls), or a workbook with a password",
                      "save it as xlsx without a password, or as csv", err);
    if (weir_zip_magic(head, got)) return WEIR_OK;
    return refuse(b, "this is no xlsx file: it is no zip archive",
                  "when it is text with the name of a workbook, say so: format: csv", err);
}

static weir_status check_kind(weir_xlsx_book *b, weir_error *err) {
    if (weir_zip_find(b->zip, "xl/workbook.bin", NULL))
        return refuse(b, "this is a binary workbook (.xlsb)", "save it as xlsx, or as csv", err);
    if (weir_zip_find(b->zip, "content.xml", NULL))
        return refuse(b, "this is an OpenDocument file (.ods)", "save it as xlsx, or as csv", err);
    if (weir_zip_find(b->zip, "EncryptedPackage", NULL))
        return refuse(b, "the workbook has a password", "save it without one", err);
    if (weir_zip_find(b->zip, "[Content_Types].xml", NULL) ||
        weir_zip_find(b->zip, "_rels/.rels", NULL))
        return WEIR_OK;
    return refuse(b, "this is a zip archive, but no workbook", "unpack it, and read what is in it",
                  err);
}

/* ---- life ---------------------------------------------------------------------------------- */

weir_status weir_xlsx_open(const weir_read_request *request, weir_stream *in, weir_xlsx_book *b,
                           weir_error *err) {
    weir_status status = WEIR_OK;
    relations r = {0};
    b->request = request;
    b->in = in;
    b->arena.ledger = request->ledger;
    WEIR_TRY(check_magic(b, err));
    WEIR_TRY(weir_zip_open(in, &(weir_zip_limits){.ledger = request->ledger}, &b->zip, err));
    WEIR_TRY(check_kind(b, err));
    WEIR_TRY(read_relations(b, "", &r, err));
    const char *part = by_type(&r, "officeDocument");
    WEIR_TRY(read_workbook(b, part ? part : "xl/workbook.xml", err));
    if (b->n_sheets == 0)
        status = refuse(b, "the workbook has no sheet",
                        "it may be another kind of document: save it as xlsx", err);
out:
    weir_free(r.items);
    return status;
}

void weir_xlsx_clear(weir_xlsx_book *b) {
    weir_free(b->sheets);
    weir_free(b->kinds);
    weir_xlsx_part_close(&b->strings);
    weir_buf_clear(&b->text);
    weir_buf_clear(&b->json);
    weir_free(b->pages);
    for (size_t i = 0; i < b->n_pieces; i++) weir_block_release(b->pieces[i]);
    weir_free(b->pieces);
    weir_zip_close(b->zip);
    weir_arena_clear(&b->arena);
    *b = (weir_xlsx_book){0};
}

static weir_status no_sheet(const weir_xlsx_book *b, const char *text, weir_error *err) {
    char names[300];
    size_t n = 0;
    names[0] = 0;
    for (size_t i = 0; i < b->n_sheets && n < 200; i++) {
        int k = snprintf(names + n, sizeof names - n, "%s%.40s", i ? ", " : "", b->sheets[i].name);
        if (k > 0) n += (size_t)k;
    }
    weir_error_set(err, WEIR_DATA, "the workbook has no sheet %.60s", text);
    weir_error_at(err, b->in->name, 0, 0);
    weir_error_hint(err, "it has %zu: %s", b->n_sheets, names);
    return WEIR_DATA;
}

weir_status weir_xlsx_find_sheet(const weir_xlsx_book *b, const char *text,
                                 const weir_xlsx_sheet **out, weir_error *err) {
    const weir_xlsx_sheet *found = NULL;
    for (size_t i = 0; text && !found && i < b->n_sheets; i++)
        if (strcmp(b->sheets[i].name, text) == 0) found = &b->sheets[i];
    for (size_t i = 0; text && !found && i < b->n_sheets; i++)
        if (strcasecmp(b->sheets[i].name, text) == 0) found = &b->sheets[i];
    uint64_t number = text ? weir_xlsx_number(weir_slice_of(text), 0) : 0;
    if (!found && number && number <= b->n_sheets) found = &b->sheets[number - 1];
    if (text && !found) return no_sheet(b, text, err);
    for (size_t i = 0; !found && i < b->n_sheets; i++)
        if (b->sheets[i].worksheet && !b->sheets[i].hidden) found = &b->sheets[i];
    for (size_t i = 0; !found && i < b->n_sheets; i++)
        if (b->sheets[i].worksheet) found = &b->sheets[i];
    if (!found || !found->worksheet || !found->part) {
        weir_error_set(err, WEIR_DATA, "the sheet %.60s has no cells",
                       found ? found->name : b->sheets[0].name);
        weir_error_at(err, b->in->name, 0, 0);
        weir_error_hint(err, "it is a chart, or its part is missing; name another one as sheet:");
        return WEIR_DATA;
    }
    *out = found;
    return WEIR_OK;
}
