/* Values as evidence of types: numbers, words and nested values state their own, strings are asked
 * whether they are dates or the like - but never whether they are numbers. */
#include "format/infer.h"
#include "format/json.h"
#include "text/json.h"
#include "text/json_scan.h"
#include "text/utf8.h"

#define PLACES 64 /* members of a record whose names are remembered from the last one */
#define NOT_WANTED UINT32_MAX

typedef struct looker {
    const weir_read_request *request;
    struct weir_inference *into;
    weir_address at;
    weir_buf name, text; /* unescaped */
    struct {
        weir_slice name; /* in the chunk */
        uint32_t column;
    } places[PLACES];
    weir_error *err;
} looker;

/* The column of a name; NOT_WANTED when its type is declared. */
static weir_status column_of(looker *l, weir_slice name, uint32_t *out) {
    const weir_opt_columns *columns = l->request->columns;
    *out = NOT_WANTED;
    if (memchr(name.data, 0, name.size)) return WEIR_OK; /* no column can be called so */
    for (size_t i = 0; columns && i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        if (c->type && weir_slice_is(name, c->from ? c->from : c->name)) return WEIR_OK;
    }
    return weir_inference_column(l->into, name, out, l->err);
}

/* The text of a string without its quotes. */
static weir_status text_of(looker *l, weir_slice inner, weir_buf *buf, weir_slice *out) {
    *out = inner;
    if (!memchr(inner.data, '\\', inner.size)) return WEIR_OK;
    buf->size = 0;
    if (!weir_buf_reserve(buf, inner.size + 1)) return weir_error_nomem(l->err);
    ptrdiff_t n = weir_json_unescape(inner.data, inner.size, buf->data, NULL);
    *out = (weir_slice){buf->data, n < 0 ? 0 : (size_t)n};
    return WEIR_OK;
}

/* Only a string that begins with a digit and goes on like a date or a time, or has the length of a
 * UUID, is worth a look; a number in quotes is text. */
static bool may_be_time_or_uuid(weir_slice s) {
    if (s.size == 36) return s.data[8] == '-';
    if (s.size < 5 || s.data[0] < '0' || s.data[0] > '9') return false;
    return s.data[2] == ':' || (s.size >= 10 && s.data[4] == '-' && s.data[7] == '-');
}

static weir_status look_at(looker *l, uint32_t column, weir_slice token) {
    const weir_type *type;
    weir_slice text = token;
    switch (*token.data) {
    case 'n': return weir_inference_null(l->into, column, l->err);
    case 't':
    case 'f': type = weir_type_of(WEIR_BOOL); break;
    case '{':
    case '[': type = weir_type_of(WEIR_JSON); break;
    case '"': {
        weir_slice inner = {token.data + 1, token.size - 2};
        weir_status status = text_of(l, inner, &l->text, &text);
        if (status != WEIR_OK) return status;
        if (may_be_time_or_uuid(text))
            return weir_inference_text(l->into, column, text, l->at, l->err);
        type = weir_type_of(WEIR_STRING);
        break;
    }
    default: type = weir_type_of(WEIR_FLOAT64); break; /* the text decides which number it is */
    }
    return weir_inference_type(l->into, column, type, text, l->at, l->err);
}

static weir_status look_at_object(looker *l, const char *p, const char *end) {
    weir_status status = WEIR_OK;
    uint32_t place = 0;
    for (p = weir_json_skip_space(p + 1, end); p < end && *p != '}'; place++) {
        bool escaped = false;
        const char *stop = weir_json_string_end(p + 1, end, &escaped);
        if (!stop) break; /* not reached: the record was checked */
        weir_slice raw = {p + 1, (size_t)(stop - p - 1)}, name;
        uint32_t column;
        bool known = place < PLACES && l->places[place].name.size == raw.size && raw.size &&
                     memcmp(l->places[place].name.data, raw.data, raw.size) == 0;
        if (known) {
            column = l->places[place].column;
        } else {
            WEIR_TRY(text_of(l, raw, &l->name, &name));
            WEIR_TRY(column_of(l, name, &column));
            if (place < PLACES) {
                l->places[place].name = raw;
                l->places[place].column = column;
            }
        }
        p = weir_json_skip_space(weir_json_skip_space(stop + 1, end) + 1, end);
        stop = weir_json_skip(p, end, WEIR_JSON_DEPTH_MAX, NULL, NULL);
        if (!stop) break;
        if (column != NOT_WANTED)
            WEIR_TRY(look_at(l, column, (weir_slice){p, (size_t)(stop - p)}));
        p = weir_json_skip_space(stop, end);
        if (p < end && *p == ',') p = weir_json_skip_space(p + 1, end);
    }
out:
    return status;
}

/* Whether the record can be read; one that cannot says nothing of the types. */
static bool is_sound(const weir_json_read_config *config, const char *p, const char *end, bool check) {
    uint32_t depth = config->max_depth > 0 ? (uint32_t)config->max_depth : WEIR_JSON_DEPTH_DEFAULT;
    if (check && !weir_utf8_valid(p, (size_t)(end - p))) return false;
    return weir_json_skip(p, end, depth, NULL, NULL) == end;
}

weir_status weir_json_infer(const weir_read_request *request, const weir_chunk *chunk,
                            struct weir_inference *into, weir_error *err) {
    weir_json_records r;
    weir_status status = WEIR_OK;
    if (chunk->flags & WEIR_CHUNK_TOO_LONG) return WEIR_OK;
    looker *l = weir_alloc_zero(1, sizeof *l);
    if (!l) return weir_error_nomem(err);
    l->request = request;
    l->into = into;
    l->err = err;
    l->at = (weir_address){chunk->split, chunk->first_line, chunk->first_byte};
    const char *data = (const char *)chunk->block->data;
    bool check = !weir_utf8_valid(data + chunk->begin, chunk->end - chunk->begin);
    size_t begin, stop, counted = chunk->begin;
    weir_json_records_begin(&r, chunk);
    while (weir_json_records_next(&r, &begin, &stop)) {
        if (!is_sound(request->config, data + begin, data + stop, check)) continue;
        l->at.line += weir_json_count_lines(data + counted, begin - counted);
        l->at.byte = chunk->first_byte + (begin - chunk->begin);
        counted = begin;
        if (data[begin] == '{') {
            WEIR_TRY(look_at_object(l, data + begin, data + stop));
            continue;
        }
        uint32_t column;
        WEIR_TRY(column_of(l, weir_slice_of(WEIR_JSON_VALUE_NAME), &column));
        if (column != NOT_WANTED)
            WEIR_TRY(look_at(l, column, (weir_slice){data + begin, stop - begin}));
    }
out:
    weir_buf_clear(&l->name);
    weir_buf_clear(&l->text);
    weir_free(l);
    return status;
}
