/* Interned types.  Every type that is not one of the fixed entries below lives in one process-wide
 * hash table guarded by a mutex and is never freed, so that `==` on pointers is equality of types.
 */
#include "column/type.h"

#include <pthread.h>

/* A struct built from a struct built from a struct... has a name that doubles at each level; the
 * cap ends that before memory does. */
#define TYPE_NAME_MAX ((size_t)1 << 20)
#define TABLE_BUCKETS 4096u

typedef struct type_entry {
    weir_type type; /* first, so that a weir_type * is a type_entry * */
    uint32_t depth;
    uint32_t hash;
    struct type_entry *next;
} type_entry;

static const weir_field null_item[1];
static const weir_field null_pair[2];

#define SIMPLE(ID, WIDTH, NAME)                                                                    \
    [ID] = {.type = {.id = ID, .width = WIDTH, .name = NAME}, .depth = 1}

static const type_entry simple[WEIR_TYPE_COUNT] = {
    SIMPLE(WEIR_NULL, 0, "null"),
    SIMPLE(WEIR_BOOL, 0, "bool"),
    SIMPLE(WEIR_INT8, 1, "int8"),
    SIMPLE(WEIR_INT16, 2, "int16"),
    SIMPLE(WEIR_INT32, 4, "int32"),
    SIMPLE(WEIR_INT64, 8, "int64"),
    SIMPLE(WEIR_UINT8, 1, "uint8"),
    SIMPLE(WEIR_UINT16, 2, "uint16"),
    SIMPLE(WEIR_UINT32, 4, "uint32"),
    SIMPLE(WEIR_UINT64, 8, "uint64"),
    SIMPLE(WEIR_FLOAT32, 4, "float32"),
    SIMPLE(WEIR_FLOAT64, 8, "float64"),
    [WEIR_DECIMAL] = {.type = {.id = WEIR_DECIMAL,
                               .precision = WEIR_DECIMAL_MAX_PRECISION,
                               .scale = 9,
                               .width = 16,
                               .name = "decimal(38,9)"},
                      .depth = 1},
    SIMPLE(WEIR_STRING, 16, "string"),
    SIMPLE(WEIR_BINARY, 16, "binary"),
    SIMPLE(WEIR_DATE, 4, "date"),
    SIMPLE(WEIR_TIME, 8, "time"),
    SIMPLE(WEIR_TIMESTAMP, 8, "timestamp"),
    [WEIR_TIMESTAMPTZ] =
        {.type = {.id = WEIR_TIMESTAMPTZ, .width = 8, .zone = "UTC", .name = "timestamptz"},
         .depth = 1},
    SIMPLE(WEIR_INTERVAL, 16, "interval"),
    SIMPLE(WEIR_UUID, 16, "uuid"),
    SIMPLE(WEIR_JSON, 16, "json"),
    [WEIR_LIST] = {.type = {.id = WEIR_LIST,
                            .width = 4,
                            .n_fields = 1,
                            .fields = null_item,
                            .name = "list<null>"},
                   .depth = 2},
    [WEIR_STRUCT] = {.type = {.id = WEIR_STRUCT, .name = "struct<>"}, .depth = 1},
    [WEIR_MAP] = {.type = {.id = WEIR_MAP,
                           .width = 4,
                           .n_fields = 2,
                           .fields = null_pair,
                           .name = "map<null, null>"},
                  .depth = 2},
};

static const weir_field null_item[1] = {{.name = "item", .type = &simple[WEIR_NULL].type}};
static const weir_field null_pair[2] = {
    {.name = "key", .type = &simple[WEIR_NULL].type, .not_null = true},
    {.name = "value", .type = &simple[WEIR_NULL].type}};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static type_entry *table[TABLE_BUCKETS];
static uint32_t table_count;

const weir_type *weir_type_of(weir_type_id id) {
    return (unsigned)id < WEIR_TYPE_COUNT ? &simple[id].type : &simple[WEIR_NULL].type;
}

static uint32_t depth_of(const weir_type *t) {
    return ((const type_entry *)(const void *)t)->depth;
}

static uint32_t hash_text(uint32_t h, const char *s) {
    for (; *s; s++) h = (h ^ (uint8_t)*s) * 16777619u;
    return h;
}

static uint32_t hash_type(const weir_type *t) {
    uint32_t h = 2166136261u ^ (uint32_t)t->id * 31u ^ (uint32_t)t->precision << 8 ^
                 (uint32_t)t->scale << 16;
    if (t->zone) h = hash_text(h, t->zone);
    for (uint32_t i = 0; i < t->n_fields; i++) {
        h = hash_text(h, t->fields[i].name);
        h = (h ^ (uint32_t)((uintptr_t)t->fields[i].type >> 4)) * 16777619u;
    }
    return h ^ h >> 15;
}

static bool same_type(const weir_type *a, const weir_type *b) {
    if (a->id != b->id || a->precision != b->precision || a->scale != b->scale ||
        a->n_fields != b->n_fields)
        return false;
    if ((a->zone != NULL) != (b->zone != NULL)) return false;
    if (a->zone && strcmp(a->zone, b->zone) != 0) return false;
    for (uint32_t i = 0; i < a->n_fields; i++) {
        const weir_field *x = &a->fields[i], *y = &b->fields[i];
        if (x->type != y->type || x->not_null != y->not_null || strcmp(x->name, y->name) != 0)
            return false;
    }
    return true;
}

/* A name that the parser reads back without quotes. */
static bool plain_name(const char *s) {
    if (!*s) return false;
    for (const char *p = s; *p; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_';
        bool digit = *p >= '0' && *p <= '9';
        if (!letter && !(digit && p > s)) return false;
    }
    return true;
}

static bool add_field_name(weir_buf *b, const char *s) {
    if (plain_name(s)) return weir_buf_adds(b, s);
    if (!weir_buf_adds(b, "\"")) return false;
    for (; *s; s++) {
        if (*s == '"' && !weir_buf_adds(b, "\"")) return false;
        if (!weir_buf_add(b, s, 1)) return false;
    }
    return weir_buf_adds(b, "\"");
}

static bool write_name(const weir_type *t, weir_buf *b) {
    switch (t->id) {
    case WEIR_DECIMAL: return weir_buf_printf(b, "decimal(%d,%d)", t->precision, t->scale);
    case WEIR_TIMESTAMPTZ: return weir_buf_printf(b, "timestamptz(%s)", t->zone);
    case WEIR_LIST: return weir_buf_printf(b, "list<%s>", t->fields[0].type->name);
    case WEIR_MAP:
        return weir_buf_printf(b, "map<%s, %s>", t->fields[0].type->name, t->fields[1].type->name);
    default: break;
    }
    if (!weir_buf_adds(b, "struct<")) return false;
    for (uint32_t i = 0; i < t->n_fields; i++) {
        const weir_field *f = &t->fields[i];
        if ((i && !weir_buf_adds(b, ", ")) || !add_field_name(b, f->name) ||
            !weir_buf_adds(b, " ") || !weir_buf_adds(b, f->type->name) ||
            (f->not_null && !weir_buf_adds(b, "!")))
            return false;
    }
    return weir_buf_adds(b, ">");
}

/* Copies key into a new entry with its names, zone and canonical name in one allocation. */
static weir_status make_entry(const weir_type *key, uint32_t depth, uint32_t hash, type_entry **out,
                              weir_error *err) {
    weir_buf name = {0};
    type_entry *e = NULL;
    weir_status status = WEIR_OK;
    size_t name_bytes = 64;
    for (uint32_t i = 0; i < key->n_fields; i++)
        name_bytes += strlen(key->fields[i].type->name) + 2 * strlen(key->fields[i].name) + 6;
    if (name_bytes > TYPE_NAME_MAX)
        return weir_error_set(err, WEIR_USAGE, "a nested type has a name of more than 1 MiB");
    if (!write_name(key, &name) || !weir_buf_add(&name, "", 1)) {
        status = weir_error_nomem(err);
        goto out;
    }
    size_t fields_bytes = (size_t)key->n_fields * sizeof(weir_field);
    size_t text_bytes = name.size + (key->zone ? strlen(key->zone) + 1 : 0);
    for (uint32_t i = 0; i < key->n_fields; i++) text_bytes += strlen(key->fields[i].name) + 1;
    e = weir_alloc(sizeof *e + fields_bytes + text_bytes);
    if (!e) {
        status = weir_error_nomem(err);
        goto out;
    }
    weir_field *fields = (weir_field *)(void *)(e + 1);
    char *text = (char *)fields + fields_bytes;
    *e = (type_entry){.type = *key, .depth = depth, .hash = hash};
    e->type.fields = key->n_fields ? fields : NULL;
    memcpy(text, name.data, name.size);
    e->type.name = text;
    text += name.size;
    if (key->zone) {
        size_t n = strlen(key->zone) + 1;
        e->type.zone = memcpy(text, key->zone, n);
        text += n;
    }
    for (uint32_t i = 0; i < key->n_fields; i++) {
        size_t n = strlen(key->fields[i].name) + 1;
        fields[i] = key->fields[i];
        fields[i].name = memcpy(text, key->fields[i].name, n);
        text += n;
    }
    *out = e;
out:
    weir_buf_clear(&name);
    return status;
}

static weir_status intern(const weir_type *key, const weir_type **out, weir_error *err) {
    if (same_type(key, &simple[key->id].type)) {
        *out = &simple[key->id].type;
        return WEIR_OK;
    }
    uint32_t depth = 1;
    for (uint32_t i = 0; i < key->n_fields; i++) {
        uint32_t d = depth_of(key->fields[i].type) + 1;
        if (d > depth) depth = d;
    }
    if (depth > WEIR_TYPE_MAX_DEPTH)
        return weir_error_set(err, WEIR_USAGE, "a type is nested more than %d levels deep",
                              WEIR_TYPE_MAX_DEPTH);
    uint32_t hash = hash_type(key);
    weir_status status = WEIR_OK;
    pthread_mutex_lock(&table_lock);
    type_entry *e = table[hash % TABLE_BUCKETS];
    while (e && !(e->hash == hash && same_type(&e->type, key))) e = e->next;
    if (!e) {
        if (table_count >= WEIR_TYPES_MAX)
            status = weir_error_set(err, WEIR_RESOURCE,
                                    "more than %d different types in one process", WEIR_TYPES_MAX);
        else
            status = make_entry(key, depth, hash, &e, err);
        if (status == WEIR_OK) {
            e->next = table[hash % TABLE_BUCKETS];
            table[hash % TABLE_BUCKETS] = e;
            table_count++;
        }
    }
    if (status == WEIR_OK) *out = &e->type;
    pthread_mutex_unlock(&table_lock);
    return status;
}

weir_status weir_type_decimal(int precision, int scale, const weir_type **out, weir_error *err) {
    if (precision < 1 || precision > WEIR_DECIMAL_MAX_PRECISION)
        return weir_error_set(err, WEIR_USAGE, "decimal(%d,%d): the precision must be 1 to %d",
                              precision, scale, WEIR_DECIMAL_MAX_PRECISION);
    if (scale < 0 || scale > precision)
        return weir_error_set(err, WEIR_USAGE, "decimal(%d,%d): the scale must be 0 to %d",
                              precision, scale, precision);
    weir_type key = {.id = WEIR_DECIMAL,
                     .precision = (uint8_t)precision,
                     .scale = (uint8_t)scale,
                     .width = precision <= WEIR_DECIMAL64_MAX_PRECISION ? 8 : 16};
    return intern(&key, out, err);
}

weir_status weir_type_timestamptz(const char *zone, const weir_type **out, weir_error *err) {
    const weir_zone *z = NULL;
    if (!zone || !*zone) zone = "UTC";
    weir_status status = weir_zone_get(zone, &z, err);
    if (status != WEIR_OK) return status;
    /* One name for what is UTC at all times, so that Z, GMT and +00:00 give one type. */
    weir_type key = {
        .id = WEIR_TIMESTAMPTZ, .width = 8, .zone = weir_zone_is_utc(z) ? "UTC" : zone};
    return intern(&key, out, err);
}

weir_status weir_type_list(const weir_type *item, const weir_type **out, weir_error *err) {
    weir_field f = {.name = "item", .type = item};
    weir_type key = {.id = WEIR_LIST, .width = 4, .n_fields = 1, .fields = &f};
    return intern(&key, out, err);
}

weir_status weir_type_map(const weir_type *key_type, const weir_type *value, const weir_type **out,
                          weir_error *err) {
    weir_field f[2] = {{.name = "key", .type = key_type, .not_null = true},
                       {.name = "value", .type = value}};
    weir_type key = {.id = WEIR_MAP, .width = 4, .n_fields = 2, .fields = f};
    return intern(&key, out, err);
}

weir_status weir_type_struct(const weir_field *fields, uint32_t n, const weir_type **out,
                             weir_error *err) {
    if (n > WEIR_TYPE_MAX_FIELDS)
        return weir_error_set(err, WEIR_USAGE, "a struct has %u fields, more than %d", n,
                              WEIR_TYPE_MAX_FIELDS);
    /* Duplicate names would make access by name a matter of chance; the schema has the index that
     * finds them in linear time. */
    weir_schema *s = NULL;
    weir_status status = weir_schema_new(fields, n, &s, err);
    if (status != WEIR_OK) return status;
    weir_schema_release(s);
    weir_type key = {.id = WEIR_STRUCT, .n_fields = n, .fields = n ? fields : NULL};
    return intern(&key, out, err);
}
