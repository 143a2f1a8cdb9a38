/* Type inference: each column keeps a set of types that still hold all its values, and for each
 * type that does not, the value with the smallest address that ruled it out. */
#include "format/infer.h"

#include "format/shape.h"
#include "text/encode.h"
#include "text/number.h"
#include "text/time.h"
#include "text/utf8.h"

#define WITNESS_BYTES 100

/* The candidates, from narrow to wide; STRING holds everything. */
enum {
    AS_BOOL,
    AS_INT64,
    AS_DECIMAL,
    AS_FLOAT64,
    AS_DATE,
    AS_TIME,
    AS_TIMESTAMP,
    AS_TIMESTAMPTZ,
    AS_UUID,
    CANDIDATES
};
#define ALL_ALIVE ((1u << CANDIDATES) - 1)
#define NUMBERS (1u << AS_INT64 | 1u << AS_DECIMAL | 1u << AS_FLOAT64)

static const weir_type_id candidate_ids[CANDIDATES] = {
    WEIR_BOOL, WEIR_INT64,     WEIR_DECIMAL,     WEIR_FLOAT64, WEIR_DATE,
    WEIR_TIME, WEIR_TIMESTAMP, WEIR_TIMESTAMPTZ, WEIR_UUID};

typedef struct witness {
    weir_address at;
    char text[WITNESS_BYTES + 1];
} witness;

typedef struct evidence {
    char *name;
    uint32_t name_size;
    uint32_t alive;       /* bits of candidates */
    bool scalars, nested; /* values seen of either kind */
    bool exponent;        /* a number with an exponent, or nan, inf */
    bool numbers, others; /* scalars that the format itself called numbers, and other ones */
    int max_whole, max_fraction;
    uint64_t nulls, values;
    weir_address last; /* largest address of a witness: later values need no second look */
    witness *witnesses[CANDIDATES]; /* NULL = none */
    witness *widest;                /* the number with most digits before the point */
    const weir_type *stated;        /* nested values: the type that holds all */
    char *advice;                   /* what a user may want to know; NULL = nothing */
    weir_shape *shape;              /* nested values that were looked into; may be NULL */
} evidence;

struct weir_inference {
    evidence *columns;
    size_t n, capacity;
    uint32_t *index; /* open addressing: column number + 1 */
    size_t slots;
};

/* ---- columns by name ------------------------------------------------------------------------ */

weir_status weir_inference_new(weir_inference **out, weir_error *err) {
    weir_inference *i = weir_alloc_zero(1, sizeof *i);
    if (!i) return weir_error_nomem(err);
    *out = i;
    return WEIR_OK;
}

void weir_inference_free(weir_inference *i) {
    if (!i) return;
    for (size_t k = 0; k < i->n; k++) {
        weir_free(i->columns[k].name);
        weir_free(i->columns[k].widest);
        weir_shape_free(i->columns[k].shape);
        weir_free(i->columns[k].advice);
        for (int t = 0; t < CANDIDATES; t++) weir_free(i->columns[k].witnesses[t]);
    }
    weir_free(i->columns);
    weir_free(i->index);
    weir_free(i);
}

static uint64_t hash_name(const char *p, size_t n) {
    uint64_t h = 1469598103934665603ull;
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)p[i]) * 1099511628211ull;
    return h ^ h >> 29;
}

static weir_status grow_index(weir_inference *i, weir_error *err) {
    size_t slots = i->slots ? i->slots * 2 : 64;
    uint32_t *index = weir_alloc_zero(slots, sizeof *index);
    if (!index) return weir_error_nomem(err);
    for (size_t k = 0; k < i->n; k++) {
        size_t at = hash_name(i->columns[k].name, i->columns[k].name_size) & (slots - 1);
        while (index[at]) at = (at + 1) & (slots - 1);
        index[at] = (uint32_t)k + 1;
    }
    weir_free(i->index);
    i->index = index;
    i->slots = slots;
    return WEIR_OK;
}

weir_status weir_inference_column(weir_inference *i, weir_slice name, uint32_t *out,
                                  weir_error *err) {
    weir_status status = WEIR_OK;
    if (i->n * 2 >= i->slots) {
        status = grow_index(i, err);
        if (status != WEIR_OK) return status;
    }
    size_t at = hash_name(name.data, name.size) & (i->slots - 1);
    for (; i->index[at]; at = (at + 1) & (i->slots - 1)) {
        const evidence *e = &i->columns[i->index[at] - 1];
        if (e->name_size != name.size || memcmp(e->name, name.data, name.size) != 0) continue;
        *out = i->index[at] - 1;
        return WEIR_OK;
    }
    if (i->n == WEIR_TYPE_MAX_FIELDS) {
        weir_error_set(err, WEIR_DATA, "the input has more than %d columns", WEIR_TYPE_MAX_FIELDS);
        weir_error_hint(err, "declare those that are wanted under columns, with infer: none");
        return WEIR_DATA;
    }
    status = weir_grow((void **)&i->columns, &i->capacity, i->n + 1, sizeof *i->columns,
                       WEIR_TYPE_MAX_FIELDS, err);
    if (status != WEIR_OK) return status;
    evidence *e = &i->columns[i->n];
    memset(e, 0, sizeof *e);
    e->name = weir_strndup(name.data, name.size);
    if (!e->name) return weir_error_nomem(err);
    e->name_size = (uint32_t)name.size;
    e->alive = ALL_ALIVE;
    *out = (uint32_t)i->n;
    i->index[at] = (uint32_t)++i->n;
    return WEIR_OK;
}

uint32_t weir_inference_count(const weir_inference *i) {
    return (uint32_t)i->n;
}

const char *weir_inference_name(const weir_inference *i, uint32_t column) {
    return i->columns[column].name;
}

/* ---- witnesses ------------------------------------------------------------------------------ */

static bool address_before(weir_address a, weir_address b) {
    if (a.split != b.split) return a.split < b.split;
    return a.byte != b.byte ? a.byte < b.byte : a.line < b.line;
}

static weir_status set_witness(witness **place, weir_slice text, weir_address at, weir_error *err) {
    if (*place && !address_before(at, (*place)->at)) return WEIR_OK;
    if (!*place) {
        *place = weir_alloc_zero(1, sizeof **place);
        if (!*place) return weir_error_nomem(err);
    }
    size_t size = weir_utf8_valid_prefix(text.data, text.size < 512 ? text.size : 512);
    size = weir_utf8_clip(text.data, size, WITNESS_BYTES);
    memcpy((*place)->text, text.data, size);
    (*place)->text[size] = 0;
    (*place)->at = at;
    return WEIR_OK;
}

/* The candidate is none; the value says why. */
static weir_status rule_out(evidence *e, int candidate, weir_slice text, weir_address at,
                            weir_error *err) {
    e->alive &= ~(1u << candidate);
    if (address_before(e->last, at)) e->last = at;
    return set_witness(&e->witnesses[candidate], text, at, err);
}

/* ---- what a text could be ------------------------------------------------------------------- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Numbers that are no codes: no plus sign, no needless zero in front. */
static bool looks_numeric(weir_slice s) {
    size_t sign = s.size && s.data[0] == '-';
    if (s.size == sign) return false;
    const char *p = s.data + sign;
    size_t n = s.size - sign;
    if (p[0] == '.') return n > 1 && is_digit(p[1]);
    return is_digit(p[0]) && !(p[0] == '0' && n > 1 && is_digit(p[1]));
}

static bool is_float_word(weir_slice s) {
    double v;
    return s.size >= 3 && s.size <= 9 && !is_digit(s.data[s.size - 1]) &&
           weir_num_parse_double(s.data, s.size, WEIR_NUM_WORDS, &v) == WEIR_NUM_OK;
}

static bool is_bool_word(weir_slice s) {
    static const char words[2][6] = {"true", "false"};
    for (int w = 0; w < 2; w++) {
        size_t i = 0;
        while (i < s.size && i < 5 && (s.data[i] | 0x20) == words[w][i]) i++;
        if (i == s.size && words[w][i] == 0) return true;
    }
    return false;
}

static bool is_uuid(weir_slice s) {
    uint8_t v[16];
    if (s.size != 36 || s.data[8] != '-' || s.data[13] != '-' || s.data[18] != '-' ||
        s.data[23] != '-')
        return false;
    return weir_uuid_parse(s.data, s.size, v);
}

/* A number with so many digits before the point: the first of the widest is remembered. */
static weir_status note_width(evidence *e, int whole, weir_slice text, weir_address at,
                              weir_error *err) {
    if (whole < e->max_whole || whole == 0) return WEIR_OK;
    if (whole > e->max_whole && e->widest) {
        weir_free(e->widest);
        e->widest = NULL;
    }
    e->max_whole = whole;
    return set_witness(&e->widest, text, at, err);
}

/* The candidates that hold the number s. */
static uint32_t number_fits(evidence *e, weir_slice s, weir_address at, weir_error *err,
                            weir_status *status) {
    weir_num_shape shape;
    int64_t v;
    double f;
    if (!looks_numeric(s)) {
        if (!is_float_word(s)) return 0;
        e->exponent = true;
        return 1u << AS_FLOAT64;
    }
    weir_num code = weir_num_measure(s.data, s.size, &shape);
    if (code != WEIR_NUM_OK) return 0;
    uint32_t fits =
        weir_num_parse_double(s.data, s.size, 0, &f) == WEIR_NUM_OK ? 1u << AS_FLOAT64 : 0;
    if (shape.exponent) {
        e->exponent = true;
        return fits;
    }
    if (!shape.point && weir_num_parse_int64(s.data, s.size, &v) == WEIR_NUM_OK)
        fits |= 1u << AS_INT64;
    if (shape.whole + shape.fraction <= WEIR_DECIMAL_MAX_PRECISION) fits |= 1u << AS_DECIMAL;
    *status = note_width(e, shape.whole, s, at, err);
    if (shape.fraction > e->max_fraction) e->max_fraction = shape.fraction;
    return fits;
}

/* The candidates of `ask` that hold the date or time s. */
static uint32_t time_fits(weir_slice s, uint32_t ask) {
    int32_t d;
    int64_t v;
    uint32_t fits = 0;
    if (s.size < 5 || !is_digit(s.data[0])) return 0;
    if (s.data[2] == ':') {
        if (weir_time_parse(s.data, s.size, &v) == WEIR_NUM_OK) fits = 1u << AS_TIME;
        return fits;
    }
    if (s.size < 10 || s.data[4] != '-' || s.data[7] != '-') return 0;
    if (s.size == 10) {
        if (weir_date_parse(s.data, s.size, &d) == WEIR_NUM_OK)
            fits = 1u << AS_DATE | 1u << AS_TIMESTAMP;
        return fits;
    }
    if (ask & 1u << AS_TIMESTAMPTZ &&
        weir_timestamptz_parse(s.data, s.size, NULL, WEIR_AMBIGUOUS_ERROR, &v) == WEIR_NUM_OK)
        return 1u << AS_TIMESTAMPTZ;
    if (ask & 1u << AS_TIMESTAMP && weir_timestamp_parse(s.data, s.size, &v) == WEIR_NUM_OK)
        fits = 1u << AS_TIMESTAMP;
    return fits;
}

/* "0" or up to 18 digits that begin with none: by far the most common number. */
static bool is_small_int(weir_slice s) {
    if (s.size == 0 || s.size > 18 || !is_digit(s.data[0]) || (s.data[0] == '0' && s.size > 1))
        return false;
    for (size_t i = 1; i < s.size; i++)
        if (!is_digit(s.data[i])) return false;
    return true;
}

/* Takes away the candidates that are not in fits. */
static weir_status narrow(evidence *e, uint32_t fits, weir_slice text, weir_address at,
                          weir_error *err) {
    e->scalars = true;
    for (int t = 0; t < CANDIDATES; t++) {
        if (fits & 1u << t) continue;
        const witness *w = e->witnesses[t];
        if (w && !address_before(at, w->at)) continue;
        weir_status status = rule_out(e, t, text, at, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

weir_status weir_inference_text(weir_inference *i, uint32_t column, weir_slice value,
                                weir_address at, weir_error *err) {
    evidence *e = &i->columns[column];
    weir_status status = WEIR_OK;
    e->values++;
    e->others = true;
    bool late = e->scalars && !address_before(at, e->last);
    if (late && e->alive == 0) return WEIR_OK;
    uint32_t ask = late ? e->alive : ALL_ALIVE, fits = 0;
    if (ask & NUMBERS && is_small_int(value)) {
        fits = NUMBERS;
        status = note_width(e, value.data[0] == '0' ? 0 : (int)value.size, value, at, err);
    } else {
        if (ask & NUMBERS) fits |= number_fits(e, value, at, err, &status);
        if (ask & (1u << AS_DATE | 1u << AS_TIME | 1u << AS_TIMESTAMP | 1u << AS_TIMESTAMPTZ))
            fits |= time_fits(value, ask);
        if (ask & 1u << AS_BOOL && is_bool_word(value)) fits |= 1u << AS_BOOL;
        if (ask & 1u << AS_UUID && is_uuid(value)) fits |= 1u << AS_UUID;
    }
    if (status != WEIR_OK || (late && (e->alive & ~fits) == 0)) return status;
    return narrow(e, fits, value, at, err);
}

weir_status weir_inference_null(weir_inference *i, uint32_t column, weir_error *err) {
    (void)err;
    i->columns[column].nulls++; /* says nothing of the type */
    return WEIR_OK;
}

uint64_t weir_inference_nulls(const weir_inference *i, uint32_t column) {
    return i->columns[column].nulls;
}

uint64_t weir_inference_values(const weir_inference *i, uint32_t column) {
    return i->columns[column].values;
}

/* ---- stated types ---------------------------------------------------------------------------- */

static weir_status unify(const weir_type *a, const weir_type *b, const weir_type **out,
                         weir_error *err);

static int whole_digits(const weir_type *t) {
    return t->id == WEIR_DECIMAL ? t->precision - t->scale : t->id == WEIR_UINT64 ? 20 : 19;
}

static weir_status unify_numbers(const weir_type *a, const weir_type *b, const weir_type **out,
                                 weir_error *err) {
    if (weir_type_is_float(a) || weir_type_is_float(b)) {
        *out = weir_type_of(WEIR_FLOAT64);
        return WEIR_OK;
    }
    if (weir_type_is_integer(a) && weir_type_is_integer(b) && weir_type_is_signed(a) &&
        weir_type_is_signed(b)) {
        *out = weir_type_of(WEIR_INT64);
        return WEIR_OK;
    }
    int scale_a = a->id == WEIR_DECIMAL ? a->scale : 0,
        scale_b = b->id == WEIR_DECIMAL ? b->scale : 0;
    int scale = scale_a > scale_b ? scale_a : scale_b;
    int whole = whole_digits(a) > whole_digits(b) ? whole_digits(a) : whole_digits(b);
    if (whole + scale > WEIR_DECIMAL_MAX_PRECISION) {
        *out = weir_type_of(WEIR_STRING);
        return WEIR_OK;
    }
    return weir_type_decimal(whole + scale, scale, out, err);
}

/* Fields of a, then those of b that a does not have. */
static weir_status unify_structs(const weir_type *a, const weir_type *b, const weir_type **out,
                                 weir_error *err) {
    uint32_t n = a->n_fields;
    weir_status status = WEIR_OK;
    weir_field *fields = weir_alloc_zero((size_t)a->n_fields + b->n_fields + 1, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    if (n) memcpy(fields, a->fields, n * sizeof *fields);
    for (uint32_t k = 0; k < b->n_fields; k++) {
        uint32_t at = 0;
        while (at < a->n_fields && strcmp(fields[at].name, b->fields[k].name) != 0) at++;
        if (at == a->n_fields)
            fields[n++] = b->fields[k];
        else
            WEIR_TRY(unify(fields[at].type, b->fields[k].type, &fields[at].type, err));
    }
    if (n > WEIR_TYPE_MAX_FIELDS)
        *out = weir_type_of(WEIR_JSON);
    else
        status = weir_type_struct(fields, n, out, err);
out:
    weir_free(fields);
    return status;
}

/* The narrowest type that holds values of both. */
static weir_status unify(const weir_type *a, const weir_type *b, const weir_type **out,
                         weir_error *err) {
    if (a == b || b->id == WEIR_NULL) {
        *out = a;
        return WEIR_OK;
    }
    if (a->id == WEIR_NULL) {
        *out = b;
        return WEIR_OK;
    }
    if (weir_type_is_numeric(a) && weir_type_is_numeric(b)) return unify_numbers(a, b, out, err);
    if (a->id == WEIR_STRUCT && b->id == WEIR_STRUCT) return unify_structs(a, b, out, err);
    if (a->id == WEIR_LIST && b->id == WEIR_LIST) {
        const weir_type *item = NULL;
        weir_status status = unify(a->fields[0].type, b->fields[0].type, &item, err);
        return status == WEIR_OK ? weir_type_list(item, out, err) : status;
    }
    bool nested = weir_type_is_nested(a) || weir_type_is_nested(b) || a->id == WEIR_JSON ||
                  b->id == WEIR_JSON;
    *out = weir_type_of(nested ? WEIR_JSON : WEIR_STRING);
    return WEIR_OK;
}

weir_status weir_inference_type(weir_inference *i, uint32_t column, const weir_type *type,
                                weir_slice text, weir_address at, weir_error *err) {
    evidence *e = &i->columns[column];
    weir_status status = WEIR_OK;
    uint32_t fits = 0;
    if (type->id == WEIR_NULL) return WEIR_OK;
    if (weir_type_is_nested(type) || type->id == WEIR_JSON) {
        e->nested = true;
        return unify(e->stated ? e->stated : type, type, &e->stated, err);
    }
    if (weir_type_is_numeric(type)) {
        fits = number_fits(e, text, at, err, &status);
        e->numbers = true;
        if (fits & 1u << AS_FLOAT64 && !weir_is_exact_double(text)) fits &= ~(1u << AS_FLOAT64);
    } else {
        e->others = true;
        for (int t = 0; t < CANDIDATES; t++)
            if (candidate_ids[t] == type->id) fits = 1u << t;
    }
    return status == WEIR_OK ? narrow(e, fits, text, at, err) : status;
}

weir_status weir_inference_nested(weir_inference *i, uint32_t column, weir_slice value,
                                  weir_address at, weir_error *err) {
    evidence *e = &i->columns[column];
    e->nested = true;
    /* splits come first, then bytes; 2^40 bytes a split are enough to put members in order */
    return weir_shape_add(&e->shape, value,
                          (uint64_t)at.split << 40 | (at.byte & ((1ull << 40) - 1)), err);
}

weir_status weir_inference_advise(weir_inference *i, uint32_t column, const char *text,
                                  weir_error *err) {
    evidence *e = &i->columns[column];
    if (e->advice) return WEIR_OK;
    e->advice = weir_strdup(text);
    return e->advice ? WEIR_OK : weir_error_nomem(err);
}

const char *weir_inference_advice(const weir_inference *i, uint32_t column) {
    return i->columns[column].advice ? i->columns[column].advice : "";
}

/* ---- merging and results --------------------------------------------------------------------- */

static weir_status merge_column(evidence *to, const evidence *from, weir_error *err) {
    weir_status status = WEIR_OK;
    to->alive &= from->alive;
    to->scalars |= from->scalars;
    to->nested |= from->nested;
    to->exponent |= from->exponent;
    to->numbers |= from->numbers;
    to->others |= from->others;
    to->nulls += from->nulls;
    to->values += from->values;
    if (address_before(to->last, from->last)) to->last = from->last;
    for (int t = 0; t < CANDIDATES; t++) {
        const witness *w = from->witnesses[t];
        if (w) WEIR_TRY(set_witness(&to->witnesses[t], weir_slice_of(w->text), w->at, err));
    }
    if (from->max_whole > to->max_whole) {
        to->max_whole = from->max_whole;
        weir_free(to->widest);
        to->widest = NULL;
    }
    if (from->max_whole == to->max_whole && from->widest)
        WEIR_TRY(
            set_witness(&to->widest, weir_slice_of(from->widest->text), from->widest->at, err));
    if (from->max_fraction > to->max_fraction) to->max_fraction = from->max_fraction;
    WEIR_TRY(weir_shape_merge(&to->shape, from->shape, err));
    if (from->stated)
        WEIR_TRY(unify(to->stated ? to->stated : from->stated, from->stated, &to->stated, err));
out:
    return status;
}

weir_status weir_inference_merge(weir_inference *into, const weir_inference *from,
                                 weir_error *err) {
    for (size_t k = 0; k < from->n; k++) {
        const evidence *e = &from->columns[k];
        weir_slice name = {e->name, e->name_size};
        uint32_t column;
        weir_status status = weir_inference_column(into, name, &column, err);
        if (status == WEIR_OK) status = merge_column(&into->columns[column], e, err);
        if (status == WEIR_OK && e->advice)
            status = weir_inference_advise(into, column, e->advice, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static bool decimal_fits(const evidence *e) {
    return e->alive & 1u << AS_DECIMAL &&
           e->max_whole + e->max_fraction <= WEIR_DECIMAL_MAX_PRECISION;
}

weir_status weir_inference_result(const weir_inference *i, uint32_t column, const weir_type **type,
                                  weir_error *err) {
    const evidence *e = &i->columns[column];
    *type = weir_type_of(WEIR_STRING);
    if (e->nested) {
        *type = e->scalars || !e->stated ? weir_type_of(WEIR_JSON) : e->stated;
        return e->shape && !e->scalars ? weir_shape_type(e->shape, type, err) : WEIR_OK;
    }
    if (!e->scalars) return WEIR_OK;
    for (int t = 0; t < CANDIDATES; t++) {
        if (!(e->alive & 1u << t)) continue;
        if (t == AS_FLOAT64 && !e->exponent) continue;
        if (t == AS_DECIMAL) {
            if (!decimal_fits(e)) continue;
            int precision = e->max_whole + e->max_fraction;
            return weir_type_decimal(precision ? precision : 1, e->max_fraction, type, err);
        }
        *type = weir_type_of(candidate_ids[t]);
        return WEIR_OK;
    }
    /* Numbers that no type holds exactly stay what they are. */
    if (e->numbers && !e->others) *type = weir_type_of(WEIR_JSON);
    return WEIR_OK;
}

const char *weir_inference_witness(const weir_inference *i, uint32_t column, weir_type_id type,
                                   weir_address *at) {
    const evidence *e = &i->columns[column];
    const witness *w = NULL;
    for (int t = 0; t < CANDIDATES; t++)
        if (candidate_ids[t] == type) w = e->witnesses[t];
    if (type == WEIR_DECIMAL && !w && !decimal_fits(e)) w = e->widest;
    if (!w) return "";
    if (at) *at = w->at;
    return w->text;
}

void weir_found_clear(weir_found *f) {
    weir_inference_free(f->evidence);
    weir_free(f->names);
    weir_arena_clear(&f->arena);
    memset(f, 0, sizeof *f);
}
