/* Type inference: each column keeps a set of types that still hold all its values, and for each
 * type that does not, the value with the smallest address that ruled it out. */
#include "format/infer_evidence.h"

#include "text/encode.h"
#include "text/number.h"
#include "text/time.h"
#include "text/utf8.h"

const weir_type_id weir_infer_ids[CANDIDATES] = {
    WEIR_BOOL, WEIR_INT64,     WEIR_DECIMAL,     WEIR_FLOAT64, WEIR_DATE,
    WEIR_TIME, WEIR_TIMESTAMP, WEIR_TIMESTAMPTZ, WEIR_UUID,    WEIR_INTERVAL};

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
        weir_free(i->columns[k].words);
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
        const weir_evidence *e = &i->columns[i->index[at] - 1];
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
    weir_evidence *e = &i->columns[i->n];
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

bool weir_inference_find(const weir_inference *i, const char *name, uint32_t *out) {
    size_t size = strlen(name);
    if (i->slots == 0) return false;
    size_t at = hash_name(name, size) & (i->slots - 1);
    for (; i->index[at]; at = (at + 1) & (i->slots - 1)) {
        const weir_evidence *e = &i->columns[i->index[at] - 1];
        if (e->name_size != size || memcmp(e->name, name, size) != 0) continue;
        *out = i->index[at] - 1;
        return true;
    }
    return false;
}

void weir_inference_records(weir_inference *i, uint64_t seen, uint64_t unread) {
    i->seen += seen;
    i->unread += unread;
}

uint64_t weir_inference_seen(const weir_inference *i) {
    return i->seen;
}

uint64_t weir_inference_unread(const weir_inference *i) {
    return i->unread;
}

const char *weir_inference_name(const weir_inference *i, uint32_t column) {
    return i->columns[column].name;
}

/* ---- witnesses ------------------------------------------------------------------------------ */

bool weir_address_before(weir_address a, weir_address b) {
    if (a.split != b.split) return a.split < b.split;
    return a.byte != b.byte ? a.byte < b.byte : a.line < b.line;
}

weir_status weir_witness_set(weir_witness **place, weir_slice text, weir_address at,
                             weir_error *err) {
    if (*place && !weir_address_before(at, (*place)->at)) return WEIR_OK;
    if (!*place) {
        *place = weir_alloc_zero(1, sizeof **place);
        if (!*place) return weir_error_nomem(err);
    }
    size_t size = weir_utf8_valid_prefix(text.data, text.size < 512 ? text.size : 512);
    size = weir_utf8_clip(text.data, size, WEIR_WITNESS_BYTES);
    memcpy((*place)->text, text.data, size);
    (*place)->text[size] = 0;
    (*place)->at = at;
    return WEIR_OK;
}

/* The candidate is none; the value says why. */
static weir_status rule_out(weir_evidence *e, int candidate, weir_slice text, weir_address at,
                            weir_error *err) {
    e->alive &= ~(1u << candidate);
    if (weir_address_before(e->last, at)) e->last = at;
    return weir_witness_set(&e->witnesses[candidate], text, at, err);
}

/* ---- what a text could be ------------------------------------------------------------------- */

/* A value being looked at. */
typedef struct looked_at {
    weir_slice text;
    weir_address at;
    bool small_int;       /* is_small_int */
    bool measured, plain; /* plain: a number without marks, shape its digits */
    weir_num_shape shape;
} looked_at;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* "0" or up to 18 digits that begin with none: by far the most common number. */
static bool is_small_int(weir_slice s) {
    if (s.size == 0 || s.size > 18 || !is_digit(s.data[0]) || (s.data[0] == '0' && s.size > 1))
        return false;
    for (size_t i = 1; i < s.size; i++)
        if (!is_digit(s.data[i])) return false;
    return true;
}

static bool is_plain(looked_at *v) {
    if (v->measured) return v->plain;
    v->measured = true;
    v->plain = weir_infer_looks_numeric(v->text) &&
               weir_num_measure(v->text.data, v->text.size, &v->shape) == WEIR_NUM_OK;
    return v->plain;
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
static weir_status note_width(weir_evidence *e, int whole, const looked_at *v, weir_error *err) {
    if (whole < e->max_whole || whole == 0) return WEIR_OK;
    if (whole > e->max_whole && e->widest) {
        weir_free(e->widest);
        e->widest = NULL;
    }
    e->max_whole = whole;
    return weir_witness_set(&e->widest, v->text, v->at, err);
}

/* The candidates that hold the number. */
static uint32_t number_fits(weir_evidence *e, looked_at *v, weir_error *err, weir_status *status) {
    weir_slice s = v->text;
    int64_t whole;
    double f;
    if (!is_plain(v)) {
        if (weir_infer_looks_numeric(s) || !is_float_word(s)) return 0;
        e->exponent = true;
        return 1u << AS_FLOAT64;
    }
    uint32_t fits =
        weir_num_parse_double(s.data, s.size, 0, &f) == WEIR_NUM_OK ? 1u << AS_FLOAT64 : 0;
    if (v->shape.exponent) {
        e->exponent = true;
        return fits;
    }
    if (!v->shape.point && weir_num_parse_int64(s.data, s.size, &whole) == WEIR_NUM_OK)
        fits |= 1u << AS_INT64;
    if (v->shape.whole + v->shape.fraction <= WEIR_DECIMAL_MAX_PRECISION) fits |= 1u << AS_DECIMAL;
    *status = note_width(e, v->shape.whole, v, err);
    if (v->shape.fraction > e->max_fraction) e->max_fraction = v->shape.fraction;
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

/* Takes away the candidates that are not in fits. */
static weir_status narrow(weir_evidence *e, uint32_t fits, weir_slice text, weir_address at,
                          weir_error *err) {
    e->scalars = true;
    for (int t = 0; t < CANDIDATES; t++) {
        if (fits & 1u << t) continue;
        const weir_witness *w = e->witnesses[t];
        if (w && !weir_address_before(at, w->at)) continue;
        weir_status status = rule_out(e, t, text, at, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* The plain forms: what the types themselves read. */
static weir_status look_at_types(weir_evidence *e, looked_at *v, bool late, weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t ask = late ? e->alive : ALL_ALIVE, fits = 0;
    if (late && ask == 0) return WEIR_OK;
    if (v->small_int) {
        fits = NUMBERS;
        if (ask & NUMBERS)
            status = note_width(e, v->text.data[0] == '0' ? 0 : (int)v->text.size, v, err);
    } else {
        if (ask & NUMBERS) fits |= number_fits(e, v, err, &status);
        if (ask & TIMES) fits |= time_fits(v->text, ask);
        if (ask & 1u << AS_BOOL && is_bool_word(v->text)) fits |= 1u << AS_BOOL;
        if (ask & 1u << AS_UUID && is_uuid(v->text)) fits |= 1u << AS_UUID;
    }
    if (status != WEIR_OK || (late && (e->alive & ~fits) == 0)) return status;
    return narrow(e, fits, v->text, v->at, err);
}

/* ---- other ways of writing ------------------------------------------------------------------ */

/* The number forms that hold v; their widths are noted. */
static uint32_t forms_of(weir_evidence *e, looked_at *v, uint32_t ask) {
    weir_num_shape shape;
    uint32_t fits = 0, try = ask;
    if (is_plain(v)) {
        if (!v->shape.point) {
            weir_infer_widen(&e->ints, &v->shape);
            return ask & ~FORM_AFFIXES;
        }
        weir_infer_widen(&e->points, &v->shape);
        fits = ask & FORM_POINTS;
        try = ask & (FORM_BIT(FORM_COMMA_POINT) | FORM_BIT(FORM_GIVEN));
    } else {
        fits = weir_infer_affixes(v->text, ask);
    }
    for (int f = 0; f < NUMBER_FORMS; f++) {
        if (!(try & FORM_BIT(f))) continue;
        weir_num_marks marks = f == FORM_GIVEN ? e->given : weir_infer_marks[f];
        if (!weir_infer_number(v->text, marks, &shape)) continue;
        weir_infer_widen(&e->forms[f], &shape);
        fits |= FORM_BIT(f);
    }
    return fits;
}

static weir_status look_at_times(weir_evidence *e, looked_at *v, weir_error *err) {
    uint64_t ask[TIME_WORDS], fits[TIME_WORDS] = {0}, any = 0;
    int32_t date;
    for (int w = 0; w < TIME_WORDS; w++) any |= ask[w] = ~e->times_dead[w];
    if (!any) return WEIR_OK;
    bool iso = v->text.size == 10 && v->text.data[4] == '-' && v->text.data[7] == '-' &&
               weir_date_parse(v->text.data, 10, &date) == WEIR_NUM_OK;
    if (iso) {
        fits[0] = weir_infer_iso_date_bit();
    } else if (!v->plain) {
        weir_status status = weir_infer_times(v->text, ask, fits, err);
        if (status != WEIR_OK) return status;
    }
    for (int w = 0; w < TIME_WORDS; w++) e->times_dead[w] |= ~fits[w];
    return WEIR_OK;
}

/* Whether a small integer says nothing that another of the column has not said.  A zero has no
 * digit that counts: the first digit after zeros alone is news, though it is as wide as they. */
static bool is_known_width(const weir_evidence *e, const looked_at *v) {
    size_t n = v->text.size;
    if (n < e->ints.whole_min || n > e->ints.whole_max) return false;
    if (v->text.data[0] == '0' || n < (size_t)e->max_whole) return true;
    return e->widest && !weir_address_before(v->at, e->widest->at);
}

static weir_status look_further(weir_evidence *e, looked_at *v, weir_error *err) {
    uint32_t ask = FORM_ALL & ~e->forms_dead;
    if (!e->given.decimal) ask &= ~FORM_BIT(FORM_GIVEN);
    if (v->small_int) {
        uint8_t n = (uint8_t)v->text.size;
        if (n > e->ints.whole_max) e->ints.whole_max = n;
        if (n < e->ints.whole_min || e->ints.whole_min == 0) e->ints.whole_min = n;
        e->forms_dead |= FORM_AFFIXES;
        for (int w = 0; w < TIME_WORDS; w++) e->times_dead[w] = UINT64_MAX;
        e->ints_settled = (e->alive & ~NUMBERS) == 0;
        return WEIR_OK;
    }
    if (ask) e->forms_dead |= FORM_ALL & ~forms_of(e, v, ask);
    weir_status status = look_at_times(e, v, err);
    uint64_t times = UINT64_MAX;
    for (int w = 0; w < TIME_WORDS; w++) times &= e->times_dead[w];
    bool forms = (e->forms_dead | FORM_BIT(FORM_GIVEN)) == FORM_ALL &&
                 (!e->given.decimal || e->forms_dead & FORM_BIT(FORM_GIVEN));
    e->closed = e->alive == 0 && forms && times == UINT64_MAX;
    return status;
}

static weir_status note_word(weir_evidence *e, int word, weir_address at, weir_error *err) {
    if (!e->words) {
        e->words = weir_alloc_zero(NULL_WORDS, sizeof *e->words);
        if (!e->words) return weir_error_nomem(err);
    }
    weir_word *w = &e->words[word];
    if (w->n++ == 0 || weir_address_before(at, w->at)) w->at = at;
    return WEIR_OK;
}

void weir_inference_search(weir_inference *i, uint32_t column, const weir_search *how) {
    weir_evidence *e = &i->columns[column];
    e->searched = true;
    e->words_off |= how->words_off;
    e->comma_file |= how->comma_file;
    e->semicolon_file |= how->semicolon_file;
    if (how->points) e->forms_dead |= FORM_BIT(NUMBER_FORMS) - 1;
    if (how->marks.decimal) e->given = how->marks;
}

weir_status weir_inference_text(weir_inference *i, uint32_t column, weir_slice text,
                                weir_address at, weir_error *err) {
    return weir_inference_field(i, column, text, false, at, err);
}

/* A value that says something new.  Kept apart: the common ones need no frame for this. */
static __attribute__((noinline)) weir_status look_at_value(weir_evidence *e, looked_at *v,
                                                           bool bare, bool late, weir_error *err) {
    if (bare && e->searched && !e->words_off && !v->small_int) {
        int word = weir_infer_null_word(v->text);
        if (word >= 0) return note_word(e, word, v->at, err);
    }
    weir_status status = look_at_types(e, v, late, err);
    return status == WEIR_OK && e->searched ? look_further(e, v, err) : status;
}

weir_status weir_inference_field(weir_inference *i, uint32_t column, weir_slice text, bool bare,
                                 weir_address at, weir_error *err) {
    weir_evidence *e = &i->columns[column];
    e->values++;
    e->others = true;
    bool late = e->scalars && !weir_address_before(at, e->last);
    if (late && (e->searched ? e->closed : e->alive == 0)) return WEIR_OK;
    looked_at v = {.text = text, .at = at, .small_int = is_small_int(text)};
    if (late && v.small_int && e->ints_settled && is_known_width(e, &v)) return WEIR_OK;
    return look_at_value(e, &v, bare, late, err);
}

weir_status weir_inference_null(weir_inference *i, uint32_t column, weir_error *err) {
    (void)err;
    i->columns[column].nulls++; /* says nothing of the type */
    return WEIR_OK;
}

/* ---- stated types ---------------------------------------------------------------------------- */

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
            WEIR_TRY(weir_infer_unify(fields[at].type, b->fields[k].type, &fields[at].type, err));
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
weir_status weir_infer_unify(const weir_type *a, const weir_type *b, const weir_type **out,
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
        weir_status status = weir_infer_unify(a->fields[0].type, b->fields[0].type, &item, err);
        return status == WEIR_OK ? weir_type_list(item, out, err) : status;
    }
    bool nested = weir_type_is_nested(a) || weir_type_is_nested(b) || a->id == WEIR_JSON ||
                  b->id == WEIR_JSON;
    *out = weir_type_of(nested ? WEIR_JSON : WEIR_STRING);
    return WEIR_OK;
}

weir_status weir_inference_type(weir_inference *i, uint32_t column, const weir_type *type,
                                weir_slice text, weir_address at, weir_error *err) {
    weir_evidence *e = &i->columns[column];
    weir_status status = WEIR_OK;
    uint32_t fits = 0;
    if (type->id == WEIR_NULL) return WEIR_OK;
    if (weir_type_is_nested(type) || type->id == WEIR_JSON) {
        e->nested = true;
        return weir_infer_unify(e->stated ? e->stated : type, type, &e->stated, err);
    }
    if (weir_type_is_numeric(type)) {
        looked_at v = {.text = text, .at = at};
        fits = number_fits(e, &v, err, &status);
        e->numbers = true;
        if (fits & 1u << AS_FLOAT64 && !weir_is_exact_double(text)) fits &= ~(1u << AS_FLOAT64);
    } else {
        e->others = true;
        for (int t = 0; t < CANDIDATES; t++)
            if (weir_infer_ids[t] == type->id) fits = 1u << t;
    }
    return status == WEIR_OK ? narrow(e, fits, text, at, err) : status;
}

weir_status weir_inference_nested(weir_inference *i, uint32_t column, weir_slice value,
                                  weir_address at, weir_error *err) {
    weir_evidence *e = &i->columns[column];
    e->nested = true;
    /* splits come first, then bytes; 2^40 bytes a split are enough to put members in order */
    return weir_shape_add(&e->shape, value,
                          (uint64_t)at.split << 40 | (at.byte & ((1ull << 40) - 1)), err);
}

void weir_inference_list(weir_inference *i, uint32_t column) {
    i->columns[column].listed = true;
}

weir_status weir_inference_advise(weir_inference *i, uint32_t column, const char *text,
                                  weir_error *err) {
    weir_evidence *e = &i->columns[column];
    if (e->advice) return WEIR_OK;
    e->advice = weir_strdup(text);
    return e->advice ? WEIR_OK : weir_error_nomem(err);
}

const char *weir_inference_advice(const weir_inference *i, uint32_t column) {
    return i->columns[column].advice ? i->columns[column].advice : "";
}
