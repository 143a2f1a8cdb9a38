/* Values of a column as cells for the encoder. */
#include "format/csv_cells.h"

#include "text/encode.h"
#include "text/number.h"

#define TILE_ROWS_MAX 256u

/* "00" "01" ... "99". */
static const char pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* ---- style --------------------------------------------------------------------------------- */

weir_status weir_csv_style_init(weir_csv_style *s, const weir_csv_write_config *config,
                                uint32_t n_fields, weir_error *err) {
    memset(s, 0, sizeof *s);
    if (config->delimiter.size != 1 || config->quote.size != 1 ||
        config->delimiter.bytes[0] == config->quote.bytes[0] ||
        strchr("\r\n", config->delimiter.bytes[0]) || strchr("\r\n", config->quote.bytes[0])) {
        weir_error_set(err, WEIR_USAGE,
                       "delimiter and quote must be two different bytes and no line end");
        weir_error_hint(err, "take ASCII characters such as , ; | or \\t");
        return WEIR_USAGE;
    }
    s->delimiter = (uint8_t)config->delimiter.bytes[0];
    s->quote = (uint8_t)config->quote.bytes[0];
    memcpy(s->newline, config->newline ? "\r\n" : "\n", 2);
    s->newline_size = config->newline ? 2 : 1;
    s->quote_all = config->quoting == WEIR_CSV_QUOTE_ALL;
    s->alone = n_fields == 1;
    s->kernels = weir_csv_kernels_pick();
    const char *odd = "0123456789+-.:TZe \\x";
    s->odd = strchr(odd, s->delimiter) || strchr(odd, s->quote) || (s->delimiter | 0x20) >= 'a' ||
             (s->quote | 0x20) >= 'a';
    s->null_word = config->null_word ? config->null_word : "";
    s->null_size = (uint32_t)strlen(s->null_word);
    if (s->kernels->special((const uint8_t *)s->null_word, s->null_size, s->delimiter, s->quote))
        return weir_error_set(err, WEIR_USAGE,
                              "null: the word may hold no delimiter, quote or line end");
    if (s->null_size < 32) memcpy(s->padded_null, s->null_word, s->null_size);
    return WEIR_OK;
}

weir_status weir_csv_cell_column_init(weir_csv_cell_column *c, const weir_field *field,
                                      const weir_csv_write_config *config, uint32_t tile_rows,
                                      weir_arena *arena, weir_error *err) {
    const weir_zone *zone = NULL;
    weir_status status = WEIR_OK;
    const weir_type_id id = field->type->id;
    c->type = field->type;
    c->slot_bytes = id == WEIR_INTERVAL ? WEIR_INTERVAL_TEXT_MAX : 64;
    c->zone_utc = true;
    if (id == WEIR_TIMESTAMPTZ) {
        WEIR_TRY(weir_zone_get(field->type->zone, &zone, err));
        c->zone_utc = weir_zone_is_utc(zone);
    }
    weir_zone_cache_init(&c->zone, zone);
    if (config->timestamp_format && (id == WEIR_TIMESTAMPTZ || id == WEIR_TIMESTAMP)) {
        WEIR_TRY(
            weir_time_program_compile(config->timestamp_format, false, arena, &c->program, err));
        c->slot_bytes = weir_time_program_max(c->program) + 1;
    }
    if (c->slot_bytes < 64) c->slot_bytes = 64;
    bool slots = !weir_type_is_view(c->type) && !weir_type_is_nested(c->type) && id != WEIR_BOOL &&
                 id != WEIR_NULL;
    if (!slots) return WEIR_OK;
    c->slots = weir_arena_zero(arena, tile_rows, c->slot_bytes);
    if (!c->slots) status = weir_error_nomem(err);
out:
    return status;
}

void weir_csv_cell_column_clear(weir_csv_cell_column *c) {
    weir_buf_clear(&c->text);
}

/* ---- formatting ---------------------------------------------------------------------------- */

static inline void put_pair(char *out, uint32_t v) {
    memcpy(out, pairs + 2 * v, 2);
}

/* Days that the short way below takes: 1600-03-01 to 9999-12-31. */
#define DAY_MIN (-135080)

/* "2024-01-02" for a day from DAY_MIN to WEIR_DATE_MAX.  The year begins in March, so that the odd
 * length of February stands at its end; 146097 days are 400 years, 1461 are four, and the months
 * from March on begin every 30.6 days. */
static inline void put_civil(int32_t day, char *out) {
    uint32_t n = (uint32_t)(day - DAY_MIN); /* since 1600-03-01 */
    uint32_t era = n / 146097, rest = n % 146097;
    uint32_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    uint32_t of_year = rest - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153, of_month = of_year - (153 * month + 2) / 5;
    year += 1600 + era * 400 + (month >= 10);
    month += month >= 10 ? (uint32_t)-9 : 3;
    put_pair(out, year / 100);
    put_pair(out + 2, year % 100);
    out[4] = '-';
    put_pair(out + 5, month);
    out[7] = '-';
    put_pair(out + 8, of_month + 1);
}

static inline size_t put_day(int32_t day, char *out) {
    if (day < DAY_MIN || day > WEIR_DATE_MAX) return weir_date_format(day, out);
    put_civil(day, out);
    return 10;
}

static inline size_t put_timestamp(weir_csv_cell_column *c, int64_t us, bool utc, char *out) {
    /* Whole seconds in the plain years; all else the long way. */
    int64_t since = us - DAY_MIN * WEIR_US_PER_DAY;
    uint64_t seconds = (uint64_t)since / 1000000;
    if (us < DAY_MIN * WEIR_US_PER_DAY || us > WEIR_TIMESTAMP_MAX ||
        seconds * 1000000 != (uint64_t)since)
        return utc ? weir_timestamptz_format(us, &c->zone, 'T', out)
                   : weir_timestamp_format(us, 'T', out);
    uint32_t day = (uint32_t)(seconds / 86400),
             of_day = (uint32_t)(seconds - (uint64_t)day * 86400);
    put_civil((int32_t)day + DAY_MIN, out);
    uint32_t minutes = of_day / 60;
    out[10] = 'T';
    put_pair(out + 11, minutes / 60);
    out[13] = ':';
    put_pair(out + 14, minutes % 60);
    out[16] = ':';
    put_pair(out + 17, of_day % 60);
    out[19] = 'Z';
    return 19 + utc;
}

static size_t put_program(weir_csv_cell_column *c, int64_t us, char *out) {
    bool zoned = c->type->id == WEIR_TIMESTAMPTZ;
    return weir_time_program_write(c->program,
                                   zoned ? WEIR_TIME_KIND_TIMESTAMPTZ : WEIR_TIME_KIND_TIMESTAMP,
                                   us, zoned ? &c->zone : NULL, out, c->slot_bytes);
}

/* One loop a type: `expression` formats values[i] into `out` and gives the length. */
#define FORMAT_LOOP(ctype, expression)                                                             \
    do {                                                                                           \
        const ctype *values = base->values;                                                        \
        for (uint32_t k = 0; k < n; k++) {                                                         \
            char *out = c->slots + k * c->slot_bytes;                                              \
            const ctype *v = &values[slot[k]];                                                     \
            text[k * stride] = (const uint8_t *)out;                                               \
            size[k * stride] = (uint32_t)(expression);                                             \
        }                                                                                          \
    } while (0)

static void fill_slots(weir_csv_cell_column *c, const weir_column *base, const uint32_t *slot,
                       uint32_t n, const uint8_t **text, uint32_t *size, size_t stride) {
    const weir_type *t = c->type;
    if (c->program) {
        FORMAT_LOOP(int64_t, put_program(c, *v, out));
        return;
    }
    switch (t->id) {
    case WEIR_INT8: FORMAT_LOOP(int8_t, weir_num_format_int64(*v, out)); break;
    case WEIR_INT16: FORMAT_LOOP(int16_t, weir_num_format_int64(*v, out)); break;
    case WEIR_INT32: FORMAT_LOOP(int32_t, weir_num_format_int64(*v, out)); break;
    case WEIR_INT64: FORMAT_LOOP(int64_t, weir_num_format_int64(*v, out)); break;
    case WEIR_UINT8: FORMAT_LOOP(uint8_t, weir_num_format_uint64(*v, out)); break;
    case WEIR_UINT16: FORMAT_LOOP(uint16_t, weir_num_format_uint64(*v, out)); break;
    case WEIR_UINT32: FORMAT_LOOP(uint32_t, weir_num_format_uint64(*v, out)); break;
    case WEIR_UINT64: FORMAT_LOOP(uint64_t, weir_num_format_uint64(*v, out)); break;
    case WEIR_FLOAT32: FORMAT_LOOP(float, weir_num_format_float(*v, out)); break;
    case WEIR_FLOAT64: FORMAT_LOOP(double, weir_num_format_double(*v, out)); break;
    case WEIR_DECIMAL:
        if (t->width == 8)
            FORMAT_LOOP(int64_t, weir_num_format_decimal64(*v, t->scale, out));
        else
            FORMAT_LOOP(weir_int128, weir_num_format_decimal128(*v, t->scale, out));
        break;
    case WEIR_DATE: FORMAT_LOOP(int32_t, put_day(*v, out)); break;
    case WEIR_TIME: FORMAT_LOOP(int64_t, weir_time_format(*v, out)); break;
    case WEIR_TIMESTAMP: FORMAT_LOOP(int64_t, put_timestamp(c, *v, false, out)); break;
    case WEIR_TIMESTAMPTZ:
        if (c->zone_utc)
            FORMAT_LOOP(int64_t, put_timestamp(c, *v, true, out));
        else
            FORMAT_LOOP(int64_t, weir_timestamptz_format(*v, &c->zone, 'T', out));
        break;
    case WEIR_INTERVAL: FORMAT_LOOP(weir_interval, weir_interval_format(v, out)); break;
    default: {
        typedef struct uuid {
            uint8_t bytes[16];
        } uuid;
        FORMAT_LOOP(uuid, (weir_uuid_format(v->bytes, out), WEIR_UUID_TEXT_BYTES));
        break;
    }
    }
}

static void fill_bools(const weir_column *base, const uint32_t *slot, uint32_t n,
                       const uint8_t **text, uint32_t *size, size_t stride) {
    static const char words[2][64] = {"false", "true"};
    for (uint32_t k = 0; k < n; k++) {
        bool v = weir_bit_get(base->values, slot[k]);
        text[k * stride] = (const uint8_t *)words[v];
        size[k * stride] = v ? 4 : 5;
    }
}

/* Texts stand where they are.  Near the end of a block they are marked EXACT, since it need not
 * have padding (foreign memory).  The views of nulls may be anything. */
static weir_status fill_views(const weir_column *column, const weir_column *base,
                              const uint32_t *rows, const uint32_t *slot, uint32_t n,
                              const uint8_t **text, uint32_t *size, size_t stride,
                              weir_error *err) {
    static const weir_view none[4]; /* so that 32 bytes can be read */
    const weir_view *values = base->values;
    const uint8_t *values_end = base->values_block->data + base->values_block->capacity;
    for (uint32_t k = 0; k < n; k++) {
        bool null = column->validity && weir_column_is_null(column, rows[k]);
        const weir_view *v = null ? none : &values[slot[k]];
        uint32_t bytes = v->in.size;
        const uint8_t *p, *end;
        if (bytes <= 12) {
            p = (const uint8_t *)v->in.bytes;
            end = values_end;
        } else {
            const weir_block *b = base->blocks[v->ref.block];
            p = b->data + v->ref.offset;
            end = b->data + b->capacity;
            if (bytes > WEIR_CSV_SIZE_MASK)
                return weir_error_set(err, WEIR_RESOURCE, "a value of more than 1 GiB of text");
        }
        text[k * stride] = p;
        size[k * stride] = bytes | (end - p < 32 ? WEIR_CSV_EXACT_FLAG : 0);
    }
    return WEIR_OK;
}

/* Values without fixed room: one behind the other in c->text. */
static weir_status fill_texts(weir_csv_cell_column *c, const weir_column *column,
                              const uint32_t *rows, uint32_t n, const uint8_t **text,
                              uint32_t *size, size_t stride, weir_error *err) {
    size_t ends[TILE_ROWS_MAX];
    c->text.size = 0;
    for (uint32_t k = 0; k < n; k++) {
        if (!weir_column_is_null(column, rows[k]) && !weir_column_text(column, rows[k], &c->text))
            return weir_error_nomem(err);
        ends[k] = c->text.size;
    }
    if (!weir_buf_reserve(&c->text, 64)) return weir_error_nomem(err);
    for (uint32_t k = 0; k < n; k++) {
        size_t begin = k ? ends[k - 1] : 0;
        if (ends[k] - begin > WEIR_CSV_SIZE_MASK)
            return weir_error_set(err, WEIR_RESOURCE, "a value of more than 1 GiB of text");
        text[k * stride] = (const uint8_t *)c->text.data + begin;
        size[k * stride] = (uint32_t)(ends[k] - begin);
    }
    return WEIR_OK;
}

/* ---- quotes and nulls ------------------------------------------------------------------------ */

/* Marks the cells that a reader would misread. */
static void mark_quotes(const weir_csv_style *s, const weir_type *type, uint32_t n,
                        const uint8_t *const *text, uint32_t *size, size_t stride) {
    s->kernels->mark(text, size, stride, n, s->delimiter, s->quote);
    if (s->quote_all)
        for (uint32_t k = 0; k < n; k++) size[k * stride] |= WEIR_CSV_QUOTE_FLAG;
    if (!weir_type_is_view(type) && !weir_type_is_nested(type)) return;
    /* The empty text, and one that reads as the null word. */
    for (uint32_t k = 0; k < n; k++) {
        uint32_t bytes = size[k * stride] & WEIR_CSV_SIZE_MASK;
        if (bytes == 0 ||
            (bytes == s->null_size && memcmp(text[k * stride], s->null_word, bytes) == 0))
            size[k * stride] |= WEIR_CSV_QUOTE_FLAG;
    }
}

static void put_nulls(const weir_csv_style *s, const weir_column *column, const uint32_t *rows,
                      uint32_t n, const uint8_t **text, uint32_t *size, size_t stride) {
    bool padded = s->null_size < 32;
    for (uint32_t k = 0; k < n; k++) {
        if (!weir_column_is_null(column, rows[k])) continue;
        text[k * stride] = (const uint8_t *)(padded ? s->padded_null : s->null_word);
        size[k * stride] = s->null_size | (padded ? 0 : WEIR_CSV_EXACT_FLAG);
        if (s->alone && s->null_size == 0) size[k * stride] |= WEIR_CSV_QUOTE_FLAG;
    }
}

weir_status weir_csv_cells_fill(weir_csv_cell_column *c, const weir_csv_style *style,
                                const weir_column *column, const uint32_t *rows, uint32_t n,
                                const uint8_t **text, uint32_t *size, size_t stride,
                                weir_error *err) {
    uint32_t slot[TILE_ROWS_MAX];
    const weir_column *base = weir_column_base(column);
    const weir_type *t = c->type;
    for (uint32_t k = 0; k < n; k++) slot[k] = weir_column_slot(column, rows[k]);
    if (t->id == WEIR_NULL || weir_type_is_nested(t) || t->id == WEIR_BINARY) {
        weir_status status = fill_texts(c, column, rows, n, text, size, stride, err);
        if (status != WEIR_OK) return status;
    } else if (t->id == WEIR_BOOL) {
        fill_bools(base, slot, n, text, size, stride);
    } else if (weir_type_is_view(t)) {
        weir_status status = fill_views(column, base, rows, slot, n, text, size, stride, err);
        if (status != WEIR_OK) return status;
    } else {
        fill_slots(c, base, slot, n, text, size, stride);
    }
    bool plain = c->slots && !c->program;
    if (!plain || style->odd || style->quote_all || style->null_size)
        mark_quotes(style, t, n, text, size, stride);
    if (t->id == WEIR_NULL || column->validity)
        put_nulls(style, column, rows, n, text, size, stride);
    return WEIR_OK;
}
