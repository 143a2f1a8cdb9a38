/* Evidence of several chunks put together, and what it says in the end. */
#include "format/infer_evidence.h"

/* ---- merging and results --------------------------------------------------------------------- */

static weir_status merge_column(weir_evidence *to, const weir_evidence *from, weir_error *err) {
    weir_status status = WEIR_OK;
    to->alive &= from->alive;
    to->scalars |= from->scalars;
    to->nested |= from->nested;
    to->listed |= from->listed;
    to->exponent |= from->exponent;
    to->numbers |= from->numbers;
    to->others |= from->others;
    to->nulls += from->nulls;
    to->values += from->values;
    to->searched |= from->searched;
    to->words_off |= from->words_off;
    to->comma_file |= from->comma_file;
    to->semicolon_file |= from->semicolon_file;
    if (from->given.decimal) to->given = from->given;
    to->forms_dead |= from->forms_dead;
    for (int w = 0; w < TIME_WORDS; w++) to->times_dead[w] |= from->times_dead[w];
    weir_infer_widen_by(&to->ints, &from->ints);
    weir_infer_widen_by(&to->points, &from->points);
    for (int f = 0; f < NUMBER_FORMS; f++) weir_infer_widen_by(&to->forms[f], &from->forms[f]);
    if (weir_address_before(to->last, from->last)) to->last = from->last;
    if (from->words && !to->words) {
        to->words = weir_alloc_zero(NULL_WORDS, sizeof *to->words);
        if (!to->words) WEIR_TRY(weir_error_nomem(err));
    }
    for (int w = 0; from->words && w < NULL_WORDS; w++) {
        const weir_word *word = &from->words[w];
        weir_word *sum = &to->words[w];
        if (word->n && (sum->n == 0 || weir_address_before(word->at, sum->at))) sum->at = word->at;
        sum->n += word->n;
    }
    for (int t = 0; t < CANDIDATES; t++) {
        const weir_witness *w = from->witnesses[t];
        if (w) WEIR_TRY(weir_witness_set(&to->witnesses[t], weir_slice_of(w->text), w->at, err));
    }
    if (from->max_whole > to->max_whole) {
        to->max_whole = from->max_whole;
        weir_free(to->widest);
        to->widest = NULL;
    }
    if (from->max_whole == to->max_whole && from->widest)
        WEIR_TRY(weir_witness_set(&to->widest, weir_slice_of(from->widest->text), from->widest->at,
                                  err));
    if (from->max_fraction > to->max_fraction) to->max_fraction = from->max_fraction;
    WEIR_TRY(weir_shape_merge(&to->shape, from->shape, err));
    if (from->stated)
        WEIR_TRY(weir_infer_unify(to->stated ? to->stated : from->stated, from->stated, &to->stated,
                                  err));
out:
    return status;
}

weir_status weir_inference_merge(weir_inference *into, const weir_inference *from,
                                 weir_error *err) {
    weir_inference_records(into, from->seen, from->unread);
    for (size_t k = 0; k < from->n; k++) {
        const weir_evidence *e = &from->columns[k];
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

static bool decimal_fits(const weir_evidence *e) {
    return e->alive & 1u << AS_DECIMAL &&
           e->max_whole + e->max_fraction <= WEIR_DECIMAL_MAX_PRECISION;
}

/* ---- conclusions ----------------------------------------------------------------------------- */

#define WORDS_MAX 4        /* a column with more different words for nothing is text */
#define TYPED_MIN 3        /* so many values beside them are needed, */
#define WORDS_PER_TYPED 10 /* and one for so many of them */

typedef enum hint {
    HINT_NONE,
    HINT_DAY_MONTH,  /* day and month cannot be told apart */
    HINT_SHORT_YEAR, /* which century cannot be told */
    HINT_COMMA,      /* a comma may be decimal or thousands */
    HINT_POINT,      /* a point may be so */
    HINT_COMMA_FILE, /* a decimal comma, but fields are separated by commas, too */
    HINT_CODE,       /* thousands marks, but all numbers have equally many digits */
    HINT_PERCENT,
    HINT_CURRENCY,
    HINT_WORDS /* a type, but for words that may mean nothing */
} hint;

typedef struct conclusion {
    weir_type_id id;     /* STRING: none */
    int whole, fraction; /* DECIMAL */
    int form;            /* of numbers; -1 = plain */
    int format;          /* of moments; -1 = ISO */
    bool point;          /* of a form: its decimal mark was seen */
    bool words;          /* some mean null */
    hint hint;
} conclusion;

static uint64_t count_words(const weir_evidence *e, uint32_t *different) {
    uint64_t n = 0;
    *different = 0;
    for (int w = 0; e->words && w < NULL_WORDS; w++) {
        n += e->words[w].n;
        *different += e->words[w].n > 0;
    }
    return n;
}

/* Whether all numbers with a point have one group of three digits behind it, where people write
 * decimal commas: 12.500 is then as likely twelve thousand. */
static bool point_is_open(const weir_evidence *e) {
    return e->semicolon_file && !e->given.decimal && e->points.whole_max > 0 &&
           !(e->forms_dead & FORM_BIT(FORM_COMMA_POINT)) &&
           e->forms[FORM_COMMA_POINT].fraction_max == 0 && e->ints.whole_max <= 3 &&
           e->decimal_elsewhere != '.';
}

/* The type of values that are written plainly. */
static bool conclude_plain(const weir_evidence *e, conclusion *c) {
    /* with declared marks a point need not be one */
    bool marked = e->given.decimal &&
                  (e->forms_dead & FORM_BIT(FORM_GIVEN) || e->forms[FORM_GIVEN].whole_max);
    marked |= point_is_open(e);
    for (int t = 0; t < CANDIDATES; t++) {
        if (!(e->alive & 1u << t)) continue;
        if (t == AS_FLOAT64 && !e->exponent) continue;
        if (t == AS_DECIMAL && !decimal_fits(e)) continue;
        if (NUMBERS & 1u << t && marked) continue;
        c->id = weir_infer_ids[t];
        c->whole = e->max_whole;
        c->fraction = e->max_fraction;
        return true;
    }
    return false;
}

/* The number form among those alive, -1 = none that can be believed. */
static int choose_form(const weir_evidence *e, uint32_t alive, hint *why) {
    if (e->given.decimal) return alive & FORM_BIT(FORM_GIVEN) ? FORM_GIVEN : -1;
    alive &= ~FORM_BIT(FORM_GIVEN);
    if (alive & FORM_BIT(FORM_PERCENT)) *why = HINT_PERCENT;
    if (alive & FORM_BIT(FORM_CURRENCY)) *why = HINT_CURRENCY;
    alive &= ~FORM_AFFIXES;
    if (point_is_open(e)) {
        if (e->decimal_elsewhere == ',') return FORM_COMMA_POINT;
        *why = HINT_POINT;
        return -1;
    }
    if (alive & FORM_BIT(FORM_POINT_COMMA) &&
        alive & (FORM_BIT(FORM_COMMA) | FORM_BIT(FORM_COMMA_POINT))) {
        *why = HINT_COMMA;
        return -1;
    }
    if (alive & FORM_BIT(FORM_COMMA)) {
        if (!e->comma_file) return FORM_COMMA;
        *why = HINT_COMMA_FILE;
        return -1;
    }
    for (int f = 0; f < FORM_GIVEN; f++)
        if (alive & FORM_BIT(f)) return f;
    return -1;
}

static bool conclude_number(const weir_evidence *e, conclusion *c) {
    int f = choose_form(e, FORM_ALL & ~e->forms_dead, &c->hint);
    if (f < 0 || e->forms[f].whole_max == 0) return false;
    form_width w = e->forms[f];
    weir_infer_widen_by(&w, &e->ints);
    if (FORM_POINTS & FORM_BIT(f)) weir_infer_widen_by(&w, &e->points);
    bool known = f == FORM_GIVEN || (f == FORM_COMMA_POINT && e->decimal_elsewhere == ',');
    if (!known && f != FORM_COMMA && w.fraction_max == 0 && w.whole_min == w.whole_max) {
        c->hint = HINT_CODE;
        return false;
    }
    if (!w.exponent && w.whole_max + w.fraction_max > WEIR_DECIMAL_MAX_PRECISION) return false;
    c->form = f;
    c->whole = w.whole_max;
    c->fraction = w.fraction_max;
    c->point = w.point;
    c->id = w.exponent ? WEIR_FLOAT64 : !w.point && w.whole_max <= 18 ? WEIR_INT64 : WEIR_DECIMAL;
    return true;
}

static bool conclude_time(const weir_evidence *e, conclusion *c) {
    uint32_t n = 0, flags = 0;
    int format = -1;
    for (uint32_t i = 0; i < weir_infer_n_formats(); i++) {
        if (e->times_dead[i / 64] >> (i % 64) & 1) continue;
        n++;
        flags |= weir_infer_format(i)->flags;
        format = (int)i;
    }
    if (n == 0) return false;
    if (n > 1 || flags & TIME_SHORT_YEAR) {
        c->hint = flags & TIME_SHORT_YEAR ? HINT_SHORT_YEAR : HINT_DAY_MONTH;
        return false;
    }
    static const weir_type_id kinds[] = {[WEIR_TIME_KIND_DATE] = WEIR_DATE,
                                         [WEIR_TIME_KIND_TIME] = WEIR_TIME,
                                         [WEIR_TIME_KIND_TIMESTAMP] = WEIR_TIMESTAMP,
                                         [WEIR_TIME_KIND_TIMESTAMPTZ] = WEIR_TIMESTAMPTZ};
    c->format = format;
    c->id = kinds[weir_infer_format((uint32_t)format)->kind];
    return true;
}

static conclusion conclude(const weir_evidence *e) {
    conclusion c = {.id = WEIR_STRING, .form = -1, .format = -1};
    if (!e->scalars) return c;
    bool known = conclude_plain(e, &c);
    if (!known && e->searched) known = conclude_number(e, &c) || conclude_time(e, &c);
    if (!known) return c;
    c.hint = HINT_NONE;
    uint32_t different;
    uint64_t words = count_words(e, &different), typed = e->values - words;
    if (words == 0) return c;
    c.words = different <= WORDS_MAX && typed >= TYPED_MIN && typed >= words / WORDS_PER_TYPED;
    if (!c.words) c = (conclusion){.id = WEIR_STRING, .form = -1, .format = -1, .hint = HINT_WORDS};
    return c;
}

/* The decimal mark that the fractions of a column show; 0 = none. */
static char shown_mark(const weir_evidence *e) {
    if (e->nested || e->listed) return 0;
    conclusion c = conclude(e);
    if ((c.id != WEIR_DECIMAL && c.id != WEIR_FLOAT64) || c.fraction == 0) return 0;
    return c.form < 0             ? '.'
           : c.form == FORM_GIVEN ? e->given.decimal
                                  : weir_infer_marks[c.form].decimal;
}

void weir_inference_settle(weir_inference *i) {
    bool comma = false, point = false;
    for (size_t k = 0; k < i->n; k++) {
        char mark = shown_mark(&i->columns[k]);
        comma |= mark == ',';
        point |= mark == '.';
    }
    for (size_t k = 0; k < i->n && comma != point; k++)
        i->columns[k].decimal_elsewhere = comma ? ',' : '.';
}

/* Items are read without a format and without words for nothing. */
static weir_status list_of(const weir_evidence *e, const weir_type **type, weir_error *err) {
    conclusion c = {.id = WEIR_STRING, .form = -1, .format = -1};
    const weir_type *item = weir_type_of(WEIR_JSON);
    weir_status status = WEIR_OK;
    uint32_t different;
    if (!e->nested) {
        bool known = e->scalars && count_words(e, &different) == 0 && conclude_plain(e, &c);
        int precision = c.whole + c.fraction;
        item = weir_type_of(known ? c.id : WEIR_STRING);
        if (known && c.id == WEIR_DECIMAL)
            status = weir_type_decimal(precision ? precision : 1, c.fraction, &item, err);
    }
    return status == WEIR_OK ? weir_type_list(item, type, err) : status;
}

weir_status weir_inference_result(const weir_inference *i, uint32_t column, const weir_type **type,
                                  weir_error *err) {
    const weir_evidence *e = &i->columns[column];
    if (e->listed) return list_of(e, type, err);
    if (e->nested) {
        *type = e->scalars || !e->stated ? weir_type_of(WEIR_JSON) : e->stated;
        return e->shape && !e->scalars ? weir_shape_type(e->shape, type, err) : WEIR_OK;
    }
    conclusion c = conclude(e);
    if (c.id != WEIR_DECIMAL) {
        /* Numbers that no type holds exactly stay what they are. */
        bool json = c.id == WEIR_STRING && e->numbers && !e->others;
        *type = weir_type_of(json ? WEIR_JSON : c.id);
        return WEIR_OK;
    }
    int precision = c.whole + c.fraction;
    return weir_type_decimal(precision ? precision : 1, c.fraction, type, err);
}

/* A mark as options have it. */
static const char *mark_text(char mark) {
    switch (mark) {
    case ',': return ",";
    case '.': return ".";
    case ' ': return " ";
    case '\'': return "'";
    case '_': return "_";
    default: return NULL;
    }
}

weir_status weir_inference_how(const weir_inference *i, uint32_t column, weir_arena *arena,
                               weir_opt_column *how, bool *any, weir_error *err) {
    const weir_evidence *e = &i->columns[column];
    conclusion c = e->nested || e->listed ? (conclusion){.form = -1, .format = -1} : conclude(e);
    weir_opt_column h = {0};
    if (c.format >= 0) h.format = weir_infer_format((uint32_t)c.format)->text;
    if (c.form >= 0) {
        weir_num_marks m = c.form == FORM_GIVEN ? e->given : weir_infer_marks[c.form];
        /* a mark that no value has is none */
        bool fraction = c.point || c.form == FORM_GIVEN || m.thousands == '.';
        h.decimal = m.decimal != '.' && fraction ? mark_text(m.decimal) : NULL;
        h.thousands = mark_text(m.thousands);
    }
    if (c.words) {
        h.nulls.items = weir_arena_zero(arena, NULL_WORDS, sizeof *h.nulls.items);
        if (!h.nulls.items) return weir_error_nomem(err);
        for (int w = 0; w < NULL_WORDS; w++)
            if (e->words[w].n) h.nulls.items[h.nulls.n++] = weir_infer_null_words[w];
    }
    *any = h.format || h.decimal || h.thousands || h.nulls.n;
    *how = h;
    return WEIR_OK;
}

uint64_t weir_inference_nulls(const weir_inference *i, uint32_t column) {
    const weir_evidence *e = &i->columns[column];
    uint32_t different;
    return e->nulls +
           (!e->nested && !e->listed && conclude(e).words ? count_words(e, &different) : 0);
}

uint64_t weir_inference_values(const weir_inference *i, uint32_t column) {
    const weir_evidence *e = &i->columns[column];
    return e->values + e->nulls - weir_inference_nulls(i, column);
}

/* ---- hints ----------------------------------------------------------------------------------- */

/* The formats that hold all values, one behind the other. */
static bool put_formats(const weir_evidence *e, weir_buf *out) {
    bool first = true;
    for (uint32_t i = 0; i < weir_infer_n_formats(); i++) {
        if (e->times_dead[i / 64] >> (i % 64) & 1) continue;
        if (!weir_buf_printf(out, "%s\"%s\"", first ? "" : " or ", weir_infer_format(i)->text))
            return false;
        first = false;
    }
    return true;
}

static bool put_words(const weir_evidence *e, weir_buf *out) {
    uint32_t different;
    uint64_t words = count_words(e, &different);
    bool first = true;
    conclusion c = {.form = -1, .format = -1, .id = WEIR_STRING};
    if (!conclude_plain(e, &c) && !conclude_number(e, &c)) conclude_time(e, &c);
    const char *type = c.id == WEIR_DECIMAL ? "decimal" : weir_type_of(c.id)->name;
    if (!weir_buf_printf(out, "%s but for ", type)) return false;
    for (int w = 0; w < NULL_WORDS; w++) {
        if (!e->words[w].n) continue;
        if (!weir_buf_printf(out, "%s\"%s\"", first ? "" : ", ", weir_infer_null_words[w]))
            return false;
        first = false;
    }
    return weir_buf_printf(out, " (%llu of %llu values): declare null", (unsigned long long)words,
                           (unsigned long long)e->values);
}

bool weir_inference_hint(const weir_inference *i, uint32_t column, weir_buf *out) {
    const weir_evidence *e = &i->columns[column];
    if (e->nested || e->listed) return true;
    switch (conclude(e).hint) {
    case HINT_NONE: return true;
    case HINT_DAY_MONTH:
        return weir_buf_adds(out,
                             "dates, but day and month cannot be told apart: declare format: ") &&
               put_formats(e, out);
    case HINT_SHORT_YEAR:
        return weir_buf_adds(out, "dates with years of two digits: declare format: ") &&
               put_formats(e, out);
    case HINT_COMMA:
        return weir_buf_adds(out, "numbers, but \",\" may be decimal or thousands: declare one");
    case HINT_POINT:
        return weir_buf_adds(out, "numbers, but \".\" may be decimal or thousands: declare one");
    case HINT_COMMA_FILE: return weir_buf_adds(out, "could be decimal with decimal: \",\"");
    case HINT_CODE:
        return weir_buf_adds(out, "could be a number with thousands, but all have equally many "
                                  "digits");
    case HINT_PERCENT: return weir_buf_adds(out, "could be decimal after removing %");
    case HINT_CURRENCY: return weir_buf_adds(out, "could be decimal after removing the currency");
    case HINT_WORDS: return put_words(e, out);
    }
    return true;
}

const char *weir_inference_witness(const weir_inference *i, uint32_t column, weir_type_id type,
                                   weir_address *at) {
    const weir_evidence *e = &i->columns[column];
    const weir_witness *w = NULL;
    for (int t = 0; t < CANDIDATES; t++)
        if (weir_infer_ids[t] == type) w = e->witnesses[t];
    if (type == WEIR_DECIMAL && !w && !decimal_fits(e)) w = e->widest;
    if (!w) return "";
    if (at) *at = w->at;
    return w->text;
}
