/* Number formats: which numbers are dates. */
#include "format/xlsx.h"

#define FORMATS_MAX ((size_t)1 << 16)
#define KINDS_MAX ((size_t)1 << 17)

weir_xlsx_kind weir_xlsx_kind_of_builtin(uint32_t id) {
    if (id >= 14 && id <= 17) return WEIR_XLSX_DATE;
    if (id >= 18 && id <= 21) return WEIR_XLSX_TIME;
    if (id == 22) return WEIR_XLSX_DATETIME;
    if (id == 45 || id == 47) return WEIR_XLSX_TIME;
    if (id == 46) return WEIR_XLSX_DURATION;
    /* East Asian ones; 34, 35, 55 and 56 are dates in some languages and times in others */
    if (id == 32 || id == 33) return WEIR_XLSX_TIME;
    if ((id >= 27 && id <= 36) || (id >= 50 && id <= 58)) return WEIR_XLSX_DATE;
    return WEIR_XLSX_NUMBER;
}

/* Passes over what is in brackets; *duration: it was [h], [mm], [s]. */
static const char *brackets(const char *p, bool *duration) {
    const char *close = strchr(p, ']');
    if (!close) return p + strlen(p);
    char first = (char)(p[1] | 0x20);
    bool same = first == 'h' || first == 'm' || first == 's';
    for (const char *q = p + 1; same && q < close; q++) same = (*q | 0x20) == first;
    *duration |= same;
    return close + 1;
}

weir_xlsx_kind weir_xlsx_kind_of_code(const char *code) {
    bool day = false, clock = false, month = false, duration = false;
    for (const char *p = code; *p && *p != ';';) {
        char c = *p;
        if (c == '"') { /* text */
            const char *close = strchr(p + 1, '"');
            if (!close) break;
            p = close + 1;
            continue;
        }
        if (c == '[') {
            p = brackets(p, &duration);
            continue;
        }
        if ((c == '\\' || c == '_' || c == '*') && p[1]) {
            p += 2;
            continue;
        }
        char low = (char)(c | 0x20);
        if (strncmp(p, "General", 7) == 0) {
            p += 7;
            continue;
        }
        if (strncmp(p, "AM/PM", 5) == 0 || strncmp(p, "am/pm", 5) == 0) {
            clock = true;
            p += 5;
            continue;
        }
        if ((c == 'E' || c == 'e') && (p[1] == '+' || p[1] == '-')) return WEIR_XLSX_NUMBER;
        if (c == '0' || c == '#' || c == '?') { /* digits: a number, but for ss.000 */
            if (!clock && !duration) return WEIR_XLSX_NUMBER;
        }
        if (low == 'y' || low == 'd' || c == 'e') day = true;
        if (low == 'h' || low == 's') clock = true;
        if (low == 'm') month = true;
        p++;
    }
    if (duration) return WEIR_XLSX_DURATION;
    if (month && !clock) day = true; /* else minutes, or a month beside a day */
    if (day && clock) return WEIR_XLSX_DATETIME;
    return day ? WEIR_XLSX_DATE : clock ? WEIR_XLSX_TIME : WEIR_XLSX_NUMBER;
}

typedef struct custom {
    uint32_t id;
    weir_xlsx_kind kind;
} custom;

typedef struct styles {
    custom *customs;
    size_t n, capacity;
    bool in_cells; /* in cellXfs */
} styles;

static weir_xlsx_kind kind_of(const styles *s, uint32_t id) {
    for (size_t i = s->n; i-- > 0;)
        if (s->customs[i].id == id) return s->customs[i].kind;
    return weir_xlsx_kind_of_builtin(id);
}

static weir_status add_custom(weir_xlsx_book *b, styles *s, const weir_xml_reader *x,
                              weir_error *err) {
    weir_slice code = weir_xlsx_attribute(x, "formatCode");
    weir_status status = weir_grow((void **)&s->customs, &s->capacity, s->n + 1, sizeof *s->customs,
                                   FORMATS_MAX, err);
    if (status != WEIR_OK) return status;
    char *text = weir_arena_strndup(&b->arena, code.data ? code.data : "", code.size);
    if (!text) return weir_error_nomem(err);
    uint64_t id = weir_xlsx_number(weir_xlsx_attribute(x, "numFmtId"), UINT32_MAX);
    s->customs[s->n++] = (custom){(uint32_t)id, weir_xlsx_kind_of_code(text)};
    return WEIR_OK;
}

static weir_status add_cell_format(weir_xlsx_book *b, const styles *s, const weir_xml_reader *x,
                                   weir_error *err) {
    weir_status status = weir_grow((void **)&b->kinds, &b->kinds_capacity, b->n_kinds + 1,
                                   sizeof *b->kinds, KINDS_MAX, err);
    if (status != WEIR_OK) return status;
    uint64_t id = weir_xlsx_number(weir_xlsx_attribute(x, "numFmtId"), 0);
    b->kinds[b->n_kinds++] = (uint8_t)kind_of(s, (uint32_t)id);
    return WEIR_OK;
}

weir_status weir_xlsx_load_styles(weir_xlsx_book *b, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_xlsx_part part = {0};
    styles s = {0};
    if (!b->styles_part) return WEIR_OK;
    WEIR_TRY(weir_xlsx_part_open(b, b->styles_part, &part, err));
    for (;;) {
        weir_xml_event event = WEIR_XML_EOF;
        WEIR_TRY(weir_xml_next(part.x, &event, err));
        if (event == WEIR_XML_EOF) break;
        weir_slice name = weir_xml_name(part.x);
        if (event == WEIR_XML_END && weir_slice_is(name, "cellXfs")) s.in_cells = false;
        if (event != WEIR_XML_START) continue;
        if (weir_slice_is(name, "cellXfs")) s.in_cells = true;
        if (weir_slice_is(name, "numFmt")) WEIR_TRY(add_custom(b, &s, part.x, err));
        if (s.in_cells && weir_slice_is(name, "xf")) WEIR_TRY(add_cell_format(b, &s, part.x, err));
    }
out:
    weir_xlsx_part_close(&part);
    weir_free(s.customs);
    return status;
}
