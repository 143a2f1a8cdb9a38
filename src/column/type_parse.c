/* The text of types: a small recursive-descent parser whose depth is capped. */
#include "base/distance.h"
#include "column/type.h"

#include <strings.h>

typedef struct parser {
    const char *text, *at;
    uint32_t depth;
    weir_error *err;
} parser;

typedef struct alias {
    const char *name;
    weir_type_id id;
} alias;

/* Canonical names first: the nearest spelling is looked for in order. */
static const alias aliases[] = {
    {"bool", WEIR_BOOL},
    {"int8", WEIR_INT8},
    {"int16", WEIR_INT16},
    {"int32", WEIR_INT32},
    {"int64", WEIR_INT64},
    {"uint8", WEIR_UINT8},
    {"uint16", WEIR_UINT16},
    {"uint32", WEIR_UINT32},
    {"uint64", WEIR_UINT64},
    {"float32", WEIR_FLOAT32},
    {"float64", WEIR_FLOAT64},
    {"decimal", WEIR_DECIMAL},
    {"string", WEIR_STRING},
    {"binary", WEIR_BINARY},
    {"date", WEIR_DATE},
    {"time", WEIR_TIME},
    {"timestamp", WEIR_TIMESTAMP},
    {"timestamptz", WEIR_TIMESTAMPTZ},
    {"interval", WEIR_INTERVAL},
    {"uuid", WEIR_UUID},
    {"json", WEIR_JSON},
    {"list", WEIR_LIST},
    {"struct", WEIR_STRUCT},
    {"map", WEIR_MAP},
    {"null", WEIR_NULL},
    {"boolean", WEIR_BOOL},
    {"tinyint", WEIR_INT8},
    {"smallint", WEIR_INT16},
    {"int", WEIR_INT64},
    {"integer", WEIR_INT64},
    {"bigint", WEIR_INT64},
    {"long", WEIR_INT64},
    {"real", WEIR_FLOAT32},
    {"float", WEIR_FLOAT64},
    {"double", WEIR_FLOAT64},
    {"double precision", WEIR_FLOAT64},
    {"number", WEIR_DECIMAL},
    {"numeric", WEIR_DECIMAL},
    {"text", WEIR_STRING},
    {"str", WEIR_STRING},
    {"varchar", WEIR_STRING},
    {"char", WEIR_STRING},
    {"bytes", WEIR_BINARY},
    {"bytea", WEIR_BINARY},
    {"blob", WEIR_BINARY},
    {"varbinary", WEIR_BINARY},
    {"datetime", WEIR_TIMESTAMP},
    {"timestamp without time zone", WEIR_TIMESTAMP},
    {"timestamp with time zone", WEIR_TIMESTAMPTZ},
    {"jsonb", WEIR_JSON},
    {"array", WEIR_LIST},
};

static weir_status parse_type(parser *p, const weir_type **out);

static void skip_space(parser *p) {
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r') p->at++;
}

static weir_status fail(parser *p, const char *at, const char *what) {
    weir_status status = weir_error_set(p->err, WEIR_USAGE, "type '%.100s': %s", p->text, what);
    if (p->err) p->err->column = (int64_t)(at - p->text) + 1;
    return status;
}

static bool accept(parser *p, char c) {
    skip_space(p);
    if (*p->at != c) return false;
    p->at++;
    return true;
}

static bool is_word(char c, bool first) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

/* Reads a word; the bytes stay in the text. */
static weir_slice read_word(parser *p) {
    skip_space(p);
    weir_slice w = {p->at, 0};
    while (is_word(*p->at, p->at == w.data)) p->at++;
    w.size = (size_t)(p->at - w.data);
    return w;
}

/* The longest alias at p->at: "double precision" before "double". */
static const alias *read_alias(parser *p, weir_slice *first) {
    *first = read_word(p);
    if (!first->size) return NULL;
    const alias *best = NULL;
    const char *end = p->at;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        size_t n = strlen(aliases[i].name);
        if (n < first->size || strncasecmp(first->data, aliases[i].name, n) != 0) continue;
        if (is_word(first->data[n], false)) continue;
        if (best && strlen(best->name) > n) continue;
        best = &aliases[i];
        end = first->data + n;
    }
    p->at = end;
    return best;
}

/* A small unsigned number; -1 when there is none or it is far too large. */
static int read_number(parser *p) {
    skip_space(p);
    if (*p->at < '0' || *p->at > '9') return -1;
    int n = 0;
    for (; *p->at >= '0' && *p->at <= '9'; p->at++)
        if (n < 100000) n = n * 10 + (*p->at - '0');
    return n;
}

static weir_status parse_decimal(parser *p, const weir_type **out) {
    if (!accept(p, '(')) {
        *out = weir_type_of(WEIR_DECIMAL);
        return WEIR_OK;
    }
    const char *at = p->at;
    int precision = read_number(p), scale = 0;
    if (precision < 0)
        return fail(p, p->at, "decimal wants (precision, scale), as in decimal(10,2)");
    if (accept(p, ',')) {
        scale = read_number(p);
        if (scale < 0) return fail(p, p->at, "the scale must be a number");
    }
    if (!accept(p, ')'))
        return fail(p, p->at,
                    "a closing ) is missing; inside { } quote the type: \"decimal(10,2)\"");
    weir_status status = weir_type_decimal(precision, scale, out, p->err);
    if (status != WEIR_OK && p->err) p->err->column = (int64_t)(at - p->text) + 1;
    return status;
}

static weir_status parse_zone(parser *p, const weir_type **out) {
    if (!accept(p, '(')) {
        *out = weir_type_of(WEIR_TIMESTAMPTZ);
        return WEIR_OK;
    }
    skip_space(p);
    const char *at = p->at;
    char quote = *at == '\'' || *at == '"' ? *at : 0;
    if (quote) p->at = ++at;
    while (*p->at && *p->at != ')' && *p->at != quote && (quote || *p->at != ' ')) p->at++;
    size_t n = (size_t)(p->at - at);
    char zone[80];
    if (n == 0 || n >= sizeof zone)
        return fail(p, at, "the zone wants a name such as Europe/Berlin");
    memcpy(zone, at, n);
    zone[n] = 0;
    if (quote && *p->at == quote) p->at++;
    if (!accept(p, ')')) return fail(p, p->at, "a closing ) is missing");
    weir_status status = weir_type_timestamptz(zone, out, p->err);
    if (status != WEIR_OK && p->err) p->err->column = (int64_t)(at - p->text) + 1;
    return status;
}

/* A field name: a word, or any text in double quotes with "" for a quote. */
static weir_status read_field_name(parser *p, weir_buf *name) {
    skip_space(p);
    name->size = 0;
    if (*p->at != '"') {
        weir_slice w = read_word(p);
        if (!w.size) return fail(p, p->at, "a field name is missing");
        return weir_buf_add(name, w.data, w.size) && weir_buf_add(name, "", 1)
                   ? WEIR_OK
                   : weir_error_nomem(p->err);
    }
    const char *start = p->at++;
    for (;;) {
        if (!*p->at) return fail(p, start, "the quoted name is not closed");
        if (*p->at == '"') {
            if (p->at[1] != '"') break;
            p->at++;
        }
        if (!weir_buf_add(name, p->at++, 1)) return weir_error_nomem(p->err);
    }
    p->at++;
    return weir_buf_add(name, "", 1) ? WEIR_OK : weir_error_nomem(p->err);
}

static weir_status parse_struct(parser *p, const weir_type **out) {
    weir_status status = WEIR_OK;
    weir_arena names = {0};
    weir_buf name = {.max = 65536};
    weir_field *fields = NULL;
    size_t n = 0, capacity = 0;
    if (!accept(p, '<')) {
        *out = weir_type_of(WEIR_STRUCT);
        return WEIR_OK;
    }
    if (accept(p, '>')) {
        *out = weir_type_of(WEIR_STRUCT);
        return WEIR_OK;
    }
    do {
        weir_field f = {0};
        WEIR_TRY(read_field_name(p, &name));
        (void)accept(p, ':');
        f.name = weir_arena_strdup(&names, name.data);
        if (!f.name) WEIR_TRY(weir_error_nomem(p->err));
        WEIR_TRY(parse_type(p, &f.type));
        f.not_null = accept(p, '!');
        WEIR_TRY(weir_grow((void **)&fields, &capacity, n + 1, sizeof *fields, WEIR_TYPE_MAX_FIELDS,
                           p->err));
        fields[n++] = f;
    } while (accept(p, ','));
    if (!accept(p, '>')) WEIR_TRY(fail(p, p->at, "a closing > is missing"));
    WEIR_TRY(weir_type_struct(fields, (uint32_t)n, out, p->err));
out:
    weir_free(fields);
    weir_buf_clear(&name);
    weir_arena_clear(&names);
    return status;
}

static weir_status parse_list(parser *p, const weir_type **out) {
    const weir_type *item;
    if (!accept(p, '<')) {
        *out = weir_type_of(WEIR_LIST);
        return WEIR_OK;
    }
    weir_status status = parse_type(p, &item);
    if (status != WEIR_OK) return status;
    if (!accept(p, '>')) return fail(p, p->at, "a closing > is missing");
    return weir_type_list(item, out, p->err);
}

static weir_status parse_map(parser *p, const weir_type **out) {
    const weir_type *key, *value;
    if (!accept(p, '<')) {
        *out = weir_type_of(WEIR_MAP);
        return WEIR_OK;
    }
    weir_status status = parse_type(p, &key);
    if (status != WEIR_OK) return status;
    if (!accept(p, ',')) return fail(p, p->at, "a map wants <key, value>");
    status = parse_type(p, &value);
    if (status != WEIR_OK) return status;
    if (!accept(p, '>')) return fail(p, p->at, "a closing > is missing");
    return weir_type_map(key, value, out, p->err);
}

static weir_status unknown(parser *p, weir_slice word) {
    const char *names[sizeof aliases / sizeof *aliases];
    size_t n = sizeof aliases / sizeof *aliases;
    for (size_t i = 0; i < n; i++) names[i] = aliases[i].name;
    const char *best = weir_distance_nearest(word.data, word.size, names, n);
    weir_status status = weir_error_set(p->err, WEIR_USAGE, "'%.*s' is not a type",
                                        (int)(word.size > 60 ? 60 : word.size), word.data);
    if (best)
        weir_error_hint(p->err, "did you mean %s?", best);
    else
        weir_error_hint(
            p->err, "types: bool int8..64 uint8..64 float32 float64 decimal(p,s) string binary "
                    "date time timestamp timestamptz interval uuid json list<> struct<> map<,>");
    if (p->err) p->err->column = (int64_t)(word.data - p->text) + 1;
    return status;
}

static weir_status parse_type(parser *p, const weir_type **out) {
    weir_slice word;
    weir_status status = WEIR_OK;
    if (++p->depth > WEIR_TYPE_MAX_DEPTH) return fail(p, p->at, "it is nested too deeply");
    const alias *a = read_alias(p, &word);
    if (!word.size) return fail(p, p->at, "a type is missing here");
    if (!a) return unknown(p, word);
    switch (a->id) {
    case WEIR_DECIMAL: status = parse_decimal(p, out); break;
    case WEIR_TIMESTAMPTZ: status = parse_zone(p, out); break;
    case WEIR_LIST: status = parse_list(p, out); break;
    case WEIR_MAP: status = parse_map(p, out); break;
    case WEIR_STRUCT: status = parse_struct(p, out); break;
    default:
        *out = weir_type_of(a->id);
        if (a->id == WEIR_STRING && accept(p, '('))
            return fail(p, p->at - 1, "text has no length here; use the rule max_length");
        break;
    }
    if (status != WEIR_OK) return status;
    while (accept(p, '[')) {
        if (!accept(p, ']')) return fail(p, p->at, "a list is written type[] or list<type>");
        status = weir_type_list(*out, out, p->err);
        if (status != WEIR_OK) return status;
    }
    p->depth--;
    return WEIR_OK;
}

weir_status weir_type_parse(const char *text, const weir_type **out, weir_error *err) {
    parser p = {.text = text ? text : "", .at = text ? text : "", .err = err};
    const weir_type *type = NULL;
    weir_status status = parse_type(&p, &type);
    if (status != WEIR_OK) return status;
    skip_space(&p);
    if (*p.at == '!')
        return fail(&p, p.at, "! (never null) belongs to a column, not to a type alone");
    if (*p.at) return fail(&p, p.at, "unexpected text after the type");
    *out = type;
    return WEIR_OK;
}
