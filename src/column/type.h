/* Types, fields and schemas.
 *
 * A weir_type is immutable and interned: two equal types are the same pointer, so types are
 * compared with == and never freed.  The table of nested, zoned and decimal types is capped
 * (WEIR_TYPES_MAX) so that hostile input cannot grow it without end.
 */
#ifndef WEIR_COLUMN_TYPE_H
#define WEIR_COLUMN_TYPE_H

#include "base/mem.h"
#include "text/time.h" /* weir_interval */

typedef enum weir_type_id {
    WEIR_NULL = 0, /* the type of a bare null */
    WEIR_BOOL,
    WEIR_INT8,
    WEIR_INT16,
    WEIR_INT32,
    WEIR_INT64,
    WEIR_UINT8,
    WEIR_UINT16,
    WEIR_UINT32,
    WEIR_UINT64,
    WEIR_FLOAT32,
    WEIR_FLOAT64,
    WEIR_DECIMAL,     /* scaled integer: int64 when precision <= 18, else __int128 */
    WEIR_STRING,      /* UTF-8, string views */
    WEIR_BINARY,      /* any bytes, string views */
    WEIR_DATE,        /* int32 days since 1970-01-01 */
    WEIR_TIME,        /* int64 microseconds since midnight */
    WEIR_TIMESTAMP,   /* int64 microseconds since 1970-01-01 00:00, no zone */
    WEIR_TIMESTAMPTZ, /* int64 microseconds since 1970-01-01 00:00 UTC; the type carries the zone */
    WEIR_INTERVAL,    /* weir_interval, 16 bytes */
    WEIR_UUID,        /* 16 bytes, network order */
    WEIR_JSON,        /* UTF-8 text of one JSON value, string views */
    WEIR_LIST,
    WEIR_STRUCT,
    WEIR_MAP,
    WEIR_TYPE_COUNT
} weir_type_id;

typedef struct weir_type weir_type;
typedef struct weir_field {
    const char *name;
    const weir_type *type;
    bool not_null;
} weir_field;

struct weir_type {
    weir_type_id id;
    uint8_t precision, scale; /* DECIMAL: 1..38, 0..precision */
    uint8_t width;     /* bytes per value in `values`: 1..16; 0 for BOOL (bits), STRUCT, NULL */
    const char *zone;  /* TIMESTAMPTZ: IANA name or "UTC" */
    uint32_t n_fields; /* LIST: 1 ("item"); MAP: 2 ("key","value"); STRUCT: n */
    const weir_field *fields;
    const char *name; /* canonical text: "decimal(10,2)", "list<int64>" */
};

#define WEIR_DECIMAL_MAX_PRECISION 38
#define WEIR_DECIMAL64_MAX_PRECISION 18
#define WEIR_TYPE_MAX_DEPTH 64
#define WEIR_TYPE_MAX_FIELDS 16384
#define WEIR_TYPES_MAX 65536

/* The type without parameters; decimal gives decimal(38,9), timestamptz UTC, list/struct/map NULL.
 */
const weir_type *weir_type_of(weir_type_id id);
WEIR_MUST_USE weir_status weir_type_decimal(int precision, int scale, const weir_type **out,
                                            weir_error *err);
WEIR_MUST_USE weir_status weir_type_timestamptz(const char *zone, const weir_type **out,
                                                weir_error *err);
WEIR_MUST_USE weir_status weir_type_list(const weir_type *item, const weir_type **out,
                                         weir_error *err);
WEIR_MUST_USE weir_status weir_type_map(const weir_type *key, const weir_type *value,
                                        const weir_type **out, weir_error *err);
/* Copies names. */
WEIR_MUST_USE weir_status weir_type_struct(const weir_field *fields, uint32_t n,
                                           const weir_type **out, weir_error *err);
/* "int64", "decimal(10,2)", "timestamptz(Europe/Berlin)", "list<string>", "struct<a int64, b
 * string>", "map<string, int64>", and the usual aliases (int, integer, bigint, text, varchar,
 * double, real, numeric, boolean, bytea, datetime).  The error has err->column = 1-based offset in
 * text. */
WEIR_MUST_USE weir_status weir_type_parse(const char *text, const weir_type **out, weir_error *err);

static inline bool weir_type_is_integer(const weir_type *t) {
    return t->id >= WEIR_INT8 && t->id <= WEIR_UINT64;
}
static inline bool weir_type_is_signed(const weir_type *t) {
    return t->id >= WEIR_INT8 && t->id <= WEIR_INT64;
}
static inline bool weir_type_is_float(const weir_type *t) {
    return t->id == WEIR_FLOAT32 || t->id == WEIR_FLOAT64;
}
static inline bool weir_type_is_numeric(const weir_type *t) {
    return t->id >= WEIR_INT8 && t->id <= WEIR_DECIMAL;
}
/* Stored as 16-byte string views: STRING, BINARY, JSON. */
static inline bool weir_type_is_view(const weir_type *t) {
    return t->id == WEIR_STRING || t->id == WEIR_BINARY || t->id == WEIR_JSON;
}
static inline bool weir_type_is_nested(const weir_type *t) {
    return t->id >= WEIR_LIST;
}
static inline bool weir_type_is_decimal128(const weir_type *t) {
    return t->id == WEIR_DECIMAL && t->precision > WEIR_DECIMAL64_MAX_PRECISION;
}

/* ---- schema -------------------------------------------------------------------------------- */

/* Immutable, reference-counted (thread-safe), with a name index. */
typedef struct weir_schema {
    _Atomic uint32_t refs;
    uint32_t n_fields;
    weir_field *fields;
    uint32_t *index; /* private: open-addressing table of field numbers + 1 */
    uint32_t index_mask;
} weir_schema;

/* Copies names.  Duplicate names are WEIR_DATA with the name. */
WEIR_MUST_USE weir_status weir_schema_new(const weir_field *fields, uint32_t n, weir_schema **out,
                                          weir_error *err);
weir_schema *weir_schema_retain(weir_schema *s);
void weir_schema_release(weir_schema *s);
/* Field number, or -1. */
int weir_schema_find(const weir_schema *s, const char *name, size_t name_size);
bool weir_schema_equal(const weir_schema *a, const weir_schema *b);
/* The field name nearest to `name`, for "did you mean"; NULL when none is near. */
const char *weir_schema_nearest(const weir_schema *s, const char *name);

#endif
