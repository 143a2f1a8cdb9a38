/* Values as evidence of types: numbers, words and nested values state their own, strings are asked
 * whether they are dates or the like - but never whether they are numbers.
 *
 * Most values say what an earlier one of the chunk has said already; these are recognised here and
 * cost no more than finding their end.  (Rows come in order of address, so the first value of a
 * kind is the witness that counts.)
 */
#include <stdio.h>

#include "column/column.h"
#include "format/infer.h"
#include "format/json.h"
#include "text/json_scan.h"
#include "text/time.h"
#include "text/utf8.h"

#define PLACES 64 /* members of a record whose names are remembered from the last one */
#define MEMBERS_MAX ((size_t)1 << 18) /* a record with more is not looked at */
#define NOT_WANTED UINT32_MAX
#define UNKNOWN (UINT32_MAX - 1) /* to be looked up once the record is known to be sound */

/* What values of a column have said so far; bits. */
enum {
    SAID_BOOL = 1,
    SAID_TEXT = 2,
    SAID_JSON = 4,
    SAID_DATE = 8,
    SAID_TIMESTAMP = 16,
    SAID_TIMESTAMPTZ = 32
};
typedef struct said {
    uint32_t kinds;
    uint8_t int_digits;      /* the longest integer */
    uint8_t whole, fraction; /* the longest parts of a number with a point */
} said;

typedef struct member {
    uint32_t column;
    weir_slice name; /* with quotes */
    weir_slice value;
    uint8_t whole, fraction; /* of a plain number: 1 + significant digits; 0 = none */
} member;

typedef struct looker {
    const weir_read_request *request;
    struct weir_inference *into;
    uint32_t max_depth;
    bool texts; /* strings are text of any type */
    bool dates; /* strings may be dates and times in any ISO form */
    weir_address at;
    weir_buf name, text;  /* unescaped */
    weir_buf path;        /* of a flattened member */
    weir_slice separator; /* flatten; data NULL = not */
    uint32_t flatten_depth;
    bool structs; /* nested values become structs and lists */
    struct {
        weir_slice name; /* in the chunk, with quotes */
        uint32_t column;
    } places[PLACES];
    said *said; /* by column */
    size_t n_said, said_capacity;
    member *members; /* of the record */
    size_t n_members, members_capacity;
    weir_error *err;
} looker;

/* ---- names --------------------------------------------------------------------------------- */

/* Texts are looked at as fields of CSV are, but for the marks of numbers, which JSON does not read.
 */
static void search(looker *l, weir_slice name, uint32_t column) {
    const weir_opt_columns *columns = l->request->columns;
    weir_search how = {.points = true};
    for (size_t i = 0; columns && i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        if (c->nulls.n && weir_slice_is(name, c->from ? c->from : c->name)) how.words_off = true;
    }
    weir_inference_search(l->into, column, &how);
}

/* The column of a name; NOT_WANTED when its type is declared. */
static weir_status column_of(looker *l, weir_slice name, uint32_t *out) {
    const weir_opt_columns *columns = l->request->columns;
    weir_status status = WEIR_OK;
    *out = NOT_WANTED;
    if (memchr(name.data, 0, name.size)) return WEIR_OK; /* no column can be called so */
    for (size_t i = 0; columns && i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        if (c->type && weir_slice_is(name, c->from ? c->from : c->name)) return WEIR_OK;
    }
    WEIR_TRY(weir_inference_column(l->into, name, out, l->err));
    if (l->texts) search(l, name, *out);
    if (*out >= l->n_said) {
        WEIR_TRY(weir_grow((void **)&l->said, &l->said_capacity, *out + 1u, sizeof *l->said,
                           WEIR_TYPE_MAX_FIELDS, l->err));
        memset(l->said + l->n_said, 0, (*out + 1 - l->n_said) * sizeof *l->said);
        l->n_said = *out + 1u;
    }
out:
    return status;
}

/* The text of a string without its quotes. */
static weir_status text_of(looker *l, weir_slice inner, weir_buf *buf, weir_slice *out) {
    *out = inner;
    if (!inner.data || !memchr(inner.data, '\\', inner.size)) return WEIR_OK;
    buf->size = 0;
    if (!weir_buf_reserve(buf, inner.size + 1)) return weir_error_nomem(l->err);
    ptrdiff_t n = weir_json_unescape(inner.data, inner.size, buf->data, NULL);
    *out = (weir_slice){buf->data, n < 0 ? 0 : (size_t)n};
    return WEIR_OK;
}

/* ---- evidence ------------------------------------------------------------------------------ */

/* Only a string that begins with a digit and goes on like a date or a time, or has the length of a
 * UUID, is worth a look; a number in quotes is text. */
static bool may_be_time_or_uuid(weir_slice s) {
    if (s.size == 36) return s.data[8] == '-';
    if (s.size < 5 || s.data[0] < '0' || s.data[0] > '9') return false;
    return s.data[2] == ':' || (s.size >= 10 && s.data[4] == '-' && s.data[7] == '-');
}

static bool is_small_uuid(weir_slice s) {
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23,
             hex = strchr("0123456789abcdef", s.data[i]) && s.data[i];
        if (dash ? s.data[i] != '-' : !hex) return false;
    }
    return true;
}

/* The type whose text this is letter for letter, as weir writes it; STRING when there is none: a
 * text that would come out another one is not made a date. */
static weir_type_id exact_type(weir_slice s) {
    char out[WEIR_TIME_TEXT_MAX];
    int32_t d;
    int64_t v;
    size_t n = 0;
    weir_type_id id = WEIR_STRING;
    if (s.size == 36) return is_small_uuid(s) ? WEIR_UUID : WEIR_STRING;
    if (s.size == 10) return weir_date_parse(s.data, 10, &d) == WEIR_NUM_OK ? WEIR_DATE : id;
    if (s.size < 19) {
        if (weir_time_parse(s.data, s.size, &v) != WEIR_NUM_OK) return id;
        n = weir_time_format(v, out);
        id = WEIR_TIME;
    } else if (s.data[s.size - 1] == 'Z') {
        weir_zone_cache utc;
        weir_zone_cache_init(&utc, NULL);
        if (weir_timestamptz_parse(s.data, s.size, NULL, WEIR_AMBIGUOUS_ERROR, &v) != WEIR_NUM_OK)
            return id;
        n = weir_timestamptz_format(v, &utc, 'T', out);
        id = WEIR_TIMESTAMPTZ;
    } else {
        if (weir_timestamp_parse(s.data, s.size, &v) != WEIR_NUM_OK) return id;
        n = weir_timestamp_format(v, 'T', out);
        id = WEIR_TIMESTAMP;
    }
    return n == s.size && memcmp(out, s.data, n) == 0 ? id : WEIR_STRING;
}

/* A number that JSON can only write as a text. */
static bool is_not_finite(weir_slice s) {
    return weir_slice_is(s, "NaN") || weir_slice_is(s, "Infinity") || weir_slice_is(s, "-Infinity");
}

/* The bit under which values of such a type are known; 0 = each is looked at. */
static uint32_t kind_of(weir_type_id id) {
    return id == WEIR_DATE          ? SAID_DATE
           : id == WEIR_TIMESTAMP   ? SAID_TIMESTAMP
           : id == WEIR_TIMESTAMPTZ ? SAID_TIMESTAMPTZ
                                    : 0;
}

static weir_status look_at_string(looker *l, uint32_t column, weir_slice token) {
    weir_slice text, inner = {token.data + 1, token.size - 2};
    said *s = &l->said[column];
    if (s->kinds & SAID_TEXT) return WEIR_OK; /* rules out all there is to rule out */
    weir_status status = text_of(l, inner, &l->text, &text);
    if (status != WEIR_OK) return status;
    if (l->texts) return weir_inference_field(l->into, column, text, true, l->at, l->err);
    weir_interval v;
    if (l->dates && text.size > 2 && memcmp(text.data, "PT", 2) == 0 &&
        weir_interval_parse(text.data, text.size, &v) == WEIR_NUM_OK)
        return weir_inference_type(l->into, column, weir_type_of(WEIR_INTERVAL), text, l->at,
                                   l->err);
    bool maybe = may_be_time_or_uuid(text);
    if (maybe && l->dates) return weir_inference_text(l->into, column, text, l->at, l->err);
    if (maybe) {
        weir_type_id id = exact_type(text);
        uint32_t kind = kind_of(id);
        if (kind && s->kinds & kind) return WEIR_OK;
        s->kinds |= kind;
        if (id != WEIR_STRING)
            return weir_inference_type(l->into, column, weir_type_of(id), text, l->at, l->err);
    }
    if (is_not_finite(text))
        return weir_inference_type(l->into, column, weir_type_of(WEIR_FLOAT64), text, l->at,
                                   l->err);
    s->kinds |= SAID_TEXT;
    return weir_inference_type(l->into, column, weir_type_of(WEIR_STRING), text, l->at, l->err);
}

/* true: the column has seen a number like it, and none that says more is needed. */
static bool number_is_known(said *s, const member *m) {
    if (m->whole == 0 || m->whole + m->fraction > 16) return false; /* may not be a float64 */
    if (m->fraction == 0) {
        if (m->whole <= s->int_digits) return true;
        s->int_digits = m->whole;
        return false;
    }
    if (m->whole <= s->whole && m->fraction <= s->fraction) return true;
    if (m->whole > s->whole) s->whole = m->whole;
    if (m->fraction > s->fraction) s->fraction = m->fraction;
    return false;
}

static weir_status look_at(looker *l, const member *m);
static const char *value_end(const looker *l, const char *p, const char *end, member *m);

/* The items of a list, where one item alone is a list of one: each says what the items are. */
static weir_status look_at_items(looker *l, const member *m) {
    const char *end = m->value.data + m->value.size;
    const char *p = weir_json_skip_space(m->value.data + 1, end);
    weir_status status = WEIR_OK;
    weir_inference_list(l->into, m->column);
    while (status == WEIR_OK && p && p < end && *p != ']') { /* the syntax was checked */
        member item = {.column = m->column};
        const char *q = value_end(l, p, end, &item);
        if (!q) return WEIR_OK;
        item.value = (weir_slice){p, (size_t)(q - p)};
        if (*p != 'n' && *p != '[') status = look_at(l, &item);
        p = weir_json_skip_space(q, end);
        if (p < end && *p == ',') p = weir_json_skip_space(p + 1, end);
    }
    return status;
}

static weir_status look_at(looker *l, const member *m) {
    said *s = &l->said[m->column];
    weir_type_id type = WEIR_FLOAT64; /* a number: its text decides which */
    uint32_t kind = 0;
    switch (*m->value.data) {
    case 'n': return weir_inference_null(l->into, m->column, l->err);
    case '"': return look_at_string(l, m->column, m->value);
    case 't':
    case 'f': type = WEIR_BOOL, kind = SAID_BOOL; break;
    case '{':
    case '[': type = WEIR_JSON, kind = SAID_JSON; break;
    default:
        if (number_is_known(s, m)) return WEIR_OK;
    }
    if (*m->value.data == '[' && l->texts) return look_at_items(l, m);
    if (type == WEIR_JSON && l->structs)
        return weir_inference_nested(l->into, m->column, m->value, l->at, l->err);
    if (kind && s->kinds & kind) return WEIR_OK;
    s->kinds |= kind;
    return weir_inference_type(l->into, m->column, weir_type_of(type), m->value, l->at, l->err);
}

/* ---- records ------------------------------------------------------------------------------- */

/* Digits at p, at most 8. */
static inline unsigned digits8(const char *p) {
    uint64_t x = weir_num_load8(p) ^ 0x3030303030303030ULL;
    uint64_t other = ((x + 0x7676767676767676ULL) | x) & 0x8080808080808080ULL;
    return other ? (unsigned)__builtin_ctzll(other) >> 3 : 8;
}

/* The end of a plain number, its digits noted in m; NULL: it is none, or none so plain. */
static inline const char *plain_number(const char *p, member *m) {
    const char *d = p + (*p == '-');
    unsigned n = digits8(d), f = 0;
    if (n == 8) n += digits8(d + 8);
    if (n == 0 || n == 16 || (*d == '0' && n > 1)) return NULL;
    const char *q = d + n;
    if (*q == '.') {
        f = digits8(q + 1);
        if (f == 0 || f == 8) return NULL;
        q += 1 + f;
    }
    if (*q == 'e' || *q == 'E') return NULL;
    m->whole = (uint8_t)(1 + (*d == '0' ? 0 : n));
    m->fraction = (uint8_t)f;
    return q;
}

/* The end of the value at p, which is checked; NULL: malformed. */
static const char *value_end(const looker *l, const char *p, const char *end, member *m) {
    if (*p == '"') {
        const char *q = weir_json_scan_padded(p + 1, end);
        if (q < end && *q == '"') return q + 1;
    } else {
        const char *q = plain_number(p, m);
        if (q) return q <= end ? q : NULL;
    }
    return weir_json_skip(p, end, l->max_depth - 1, NULL, NULL);
}

/* Reads the name at p into m.  Returns its end; NULL: malformed. */
static const char *name_end(const looker *l, const char *p, const char *end, size_t place,
                            member *m) {
    const char *at, *why;
    bool escaped = false;
    if (place < PLACES && l->places[place].name.size) {
        weir_slice known = l->places[place].name;
        if ((size_t)(end - p) > known.size && memcmp(known.data, p, known.size) == 0) {
            m->column = l->places[place].column;
            m->name = known;
            return p + known.size;
        }
    }
    if (p == end || *p != '"') return NULL;
    const char *stop = weir_json_string_check(p + 1, end, &escaped, &at, &why);
    if (!stop) return NULL;
    m->column = UNKNOWN;
    m->name = (weir_slice){p, (size_t)(stop + 1 - p)};
    return stop + 1;
}

/* Looks up the name of the member at a place, and remembers it for the next record. */
static weir_status resolve(looker *l, size_t place, member *m) {
    weir_slice name, inner = {m->name.data + 1, m->name.size - 2};
    weir_status status = text_of(l, inner, &l->name, &name);
    if (status == WEIR_OK) status = column_of(l, name, &m->column);
    if (status != WEIR_OK || place >= PLACES) return status;
    l->places[place].name = m->name;
    l->places[place].column = m->column;
    return WEIR_OK;
}

/* Collects the members of the object at p.  *sound: it is one, and ends at end. */
static weir_status read_object(looker *l, const char *p, const char *end, bool *sound) {
    weir_status status = WEIR_OK;
    *sound = false;
    l->n_members = 0;
    p = weir_json_skip_space(p + 1, end);
    if (p < end && *p == '}') {
        *sound = p + 1 == end;
        return WEIR_OK;
    }
    for (;;) {
        if (l->n_members == MEMBERS_MAX) return WEIR_OK;
        if (l->n_members == l->members_capacity)
            WEIR_TRY(weir_grow((void **)&l->members, &l->members_capacity, l->n_members + 1,
                               sizeof *l->members, MEMBERS_MAX, l->err));
        member *m = &l->members[l->n_members];
        *m = (member){0};
        const char *q = name_end(l, p, end, l->n_members++, m);
        if (!q) return WEIR_OK;
        q = weir_json_skip_space(q, end);
        if (q >= end || *q != ':') return WEIR_OK;
        p = weir_json_skip_space(q + 1, end);
        if (p >= end) return WEIR_OK;
        q = value_end(l, p, end, m);
        if (!q) return WEIR_OK;
        m->value = (weir_slice){p, (size_t)(q - p)};
        p = weir_json_skip_space(q, end);
        if (p >= end || (*p != ',' && *p != '}')) return WEIR_OK;
        if (*p++ == '}') break;
        p = weir_json_skip_space(p, end);
    }
    *sound = p == end;
out:
    return status;
}

/* Whether the column of a path has a declared type: what stands there is taken as a whole. */
static bool is_declared(const looker *l, weir_slice path) {
    const weir_opt_columns *columns = l->request->columns;
    for (size_t i = 0; columns && i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        if (c->type && weir_slice_is(path, c->from ? c->from : c->name)) return true;
    }
    return false;
}

/* Whether a value is an object that is not empty. */
static bool has_members(weir_slice v) {
    return *v.data == '{' && *weir_json_skip_space(v.data + 1, v.data + v.size) != '}';
}

/* The members of the object `value`, whose path is l->path, as columns. */
static weir_status flatten_object(looker *l, weir_slice value, uint32_t depth) {
    const char *p = weir_json_skip_space(value.data + 1, value.data + value.size);
    const char *end = value.data + value.size;
    size_t here = l->path.size;
    weir_status status = WEIR_OK;
    while (p < end && *p != '}') { /* the syntax was checked */
        bool escaped;
        member m = {0};
        const char *stop = weir_json_string_end(p + 1, end, &escaped);
        if (!stop) return WEIR_OK;
        weir_slice name;
        WEIR_TRY(text_of(l, (weir_slice){p + 1, (size_t)(stop - p - 1)}, &l->name, &name));
        if (!weir_buf_add(&l->path, l->separator.data, l->separator.size) ||
            !weir_buf_add(&l->path, name.data, name.size))
            return weir_error_nomem(l->err);
        p = weir_json_skip_space(weir_json_skip_space(stop + 1, end) + 1, end);
        stop = value_end(l, p, end, &m);
        if (!stop) return WEIR_OK;
        m.value = (weir_slice){p, (size_t)(stop - p)};
        weir_slice path = {l->path.data, l->path.size};
        if (has_members(m.value) && depth < l->flatten_depth && !is_declared(l, path)) {
            WEIR_TRY(flatten_object(l, m.value, depth + 1));
        } else {
            WEIR_TRY(column_of(l, path, &m.column));
            if (m.column != NOT_WANTED) WEIR_TRY(look_at(l, &m));
        }
        l->path.size = here;
        p = weir_json_skip_space(stop, end);
        if (p < end && *p == ',') p = weir_json_skip_space(p + 1, end);
    }
out:
    return status;
}

/* A member of the record that is an object. */
static weir_status flatten(looker *l, const member *m) {
    weir_slice name;
    weir_status status =
        text_of(l, (weir_slice){m->name.data + 1, m->name.size - 2}, &l->name, &name);
    if (status != WEIR_OK || is_declared(l, name)) return status;
    l->path.size = 0;
    if (!weir_buf_add(&l->path, name.data, name.size)) return weir_error_nomem(l->err);
    return flatten_object(l, m->value, 1);
}

/* A record that is no object: the member "value". */
static weir_status read_other(looker *l, const char *p, const char *end, bool *sound) {
    *sound = weir_json_skip(p, end, l->max_depth, NULL, NULL) == end;
    if (!*sound) return WEIR_OK;
    weir_status status = weir_grow((void **)&l->members, &l->members_capacity, 1,
                                   sizeof *l->members, MEMBERS_MAX, l->err);
    if (status != WEIR_OK) return status;
    l->n_members = 1;
    l->members[0] = (member){.value = {p, (size_t)(end - p)}};
    return column_of(l, weir_slice_of(WEIR_JSON_VALUE_NAME), &l->members[0].column);
}

/* A file that is one object with one array of objects in it: people mostly want these. */
static weir_status advise(looker *l, const char *p, const char *end) {
    char path[160], text[240];
    uint32_t column;
    if (l->separator.data || !weir_json_suggest_path(p, end, path, sizeof path)) return WEIR_OK;
    const char *name = path + strlen("$.");
    weir_status status = column_of(l, (weir_slice){name, strcspn(name, ".")}, &column);
    if (status != WEIR_OK || column == NOT_WANTED) return status;
    snprintf(text, sizeof text, "one record a file; `record_path: %s` reads those inside it", path);
    return weir_inference_advise(l->into, column, text, l->err);
}

weir_status weir_json_infer(const weir_read_request *request, const weir_chunk *chunk,
                            struct weir_inference *into, weir_error *err) {
    return weir_json_infer_at(request, chunk, NULL, into, err);
}

weir_status weir_json_infer_at(const weir_read_request *request, const weir_chunk *chunk,
                               const weir_json_places *places, struct weir_inference *into,
                               weir_error *err) {
    const weir_json_read_config *config = request->config;
    weir_json_records r;
    weir_status status = WEIR_OK;
    if (chunk->flags & (WEIR_CHUNK_TOO_LONG | WEIR_JSON_CHUNK_BROKEN)) {
        weir_inference_records(into, 1, 1);
        return WEIR_OK;
    }
    looker *l = weir_alloc_zero(1, sizeof *l);
    if (!l) return weir_error_nomem(err);
    l->request = request;
    l->into = into;
    l->err = err;
    l->texts = config->texts;
    l->dates = config->dates;
    l->structs = config->nested == WEIR_JSON_NESTED_STRUCT;
    if (config->nested == WEIR_JSON_NESTED_FLATTEN)
        l->separator = weir_slice_of(config->separator ? config->separator : ".");
    l->flatten_depth = config->flatten_depth > 0 ? (uint32_t)config->flatten_depth : 16;
    l->path.max = request->max_record_bytes + 4096;
    l->max_depth = config->max_depth > 0 ? (uint32_t)config->max_depth : WEIR_JSON_DEPTH_DEFAULT;
    l->at = (weir_address){chunk->split, chunk->first_line, chunk->first_byte};
    const char *data = (const char *)chunk->block->data;
    bool check = !weir_utf8_valid(data + chunk->begin, chunk->end - chunk->begin);
    size_t begin, stop, counted = chunk->begin, row = 0, alone = 0, n_records = 0;
    weir_json_records_begin(&r, chunk);
    while (weir_json_records_next(&r, &begin, &stop)) {
        bool sound;
        size_t place = row++;
        if (places && places->void_rows && weir_bit_get(places->void_rows, place)) continue;
        /* What cannot be read says nothing of the types. */
        if (check && !weir_utf8_valid(data + begin, stop - begin)) continue;
        if (data[begin] == '{')
            WEIR_TRY(read_object(l, data + begin, data + stop, &sound));
        else
            WEIR_TRY(read_other(l, data + begin, data + stop, &sound));
        if (!sound) continue;
        if (places && place < places->n) {
            l->at.line = places->line[place];
            l->at.byte = places->byte[place];
        } else {
            l->at.line += weir_json_count_lines(data + counted, begin - counted);
            l->at.byte = chunk->first_byte + (begin - chunk->begin);
        }
        for (size_t i = 0; i < l->n_members; i++) {
            member *m = &l->members[i];
            if (l->separator.data && has_members(m->value) && m->name.data) {
                WEIR_TRY(flatten(l, m));
                continue;
            }
            if (m->column == UNKNOWN) WEIR_TRY(resolve(l, i, m));
            if (m->column != NOT_WANTED) WEIR_TRY(look_at(l, m));
        }
        counted = begin;
        alone = begin;
        n_records++;
    }
    weir_inference_records(into, row, row - n_records);
    bool whole = chunk->sequence == 0 && chunk->flags & WEIR_CHUNK_LAST && n_records == 1;
    if (whole && !config->record_path && data[alone] == '{')
        WEIR_TRY(advise(l, data + alone, data + chunk->end));
out:
    weir_buf_clear(&l->name);
    weir_buf_clear(&l->text);
    weir_buf_clear(&l->path);
    weir_free(l->said);
    weir_free(l->members);
    weir_free(l);
    return status;
}
