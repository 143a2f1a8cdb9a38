/* Private to infer*.c: ways in which people write numbers and moments, and the words they write for
 * nothing.  Each way is a bit; a column keeps the bits that hold all its values. */
#ifndef WEIR_FORMAT_INFER_FORMS_H
#define WEIR_FORMAT_INFER_FORMS_H

#include "base/mem.h"
#include "text/number.h"
#include "text/time.h"

/* ---- numbers ------------------------------------------------------------------------------- */

/* Decimal mark, then the mark between thousands. */
enum {
    FORM_COMMA,       /* 1,5 */
    FORM_POINT_COMMA, /* 1,234.5 */
    FORM_COMMA_POINT, /* 1.234,5 */
    FORM_POINT_BLANK, /* 1 234.5 */
    FORM_COMMA_BLANK, /* 1 234,5 */
    FORM_POINT_QUOTE, /* 1'234.5 */
    FORM_COMMA_QUOTE, /* 1'234,5 */
    FORM_GIVEN,       /* the marks that were declared */
    NUMBER_FORMS,
    FORM_PERCENT = NUMBER_FORMS, /* 12.5 %: never a number, but worth a word */
    FORM_CURRENCY,               /* $ 12.50 */
    FORMS
};
#define FORM_BIT(f) (1u << (f))
#define FORM_ALL ((1u << FORMS) - 1)
#define FORM_AFFIXES (FORM_BIT(FORM_PERCENT) | FORM_BIT(FORM_CURRENCY))
#define FORM_POINTS                                                                                \
    (FORM_BIT(FORM_POINT_COMMA) | FORM_BIT(FORM_POINT_BLANK) | FORM_BIT(FORM_POINT_QUOTE))

extern const weir_num_marks weir_infer_marks[NUMBER_FORMS]; /* FORM_GIVEN: zeros */

/* Digits that values of one form have. */
typedef struct form_width {
    uint8_t whole_max, whole_min, fraction_max; /* whole_min 0 = none seen */
    bool exponent, point; /* point: a decimal mark, even with nothing behind it */
} form_width;
void weir_infer_widen(form_width *w, const weir_num_shape *shape);
void weir_infer_widen_by(form_width *w, const form_width *other);

/* Whether s is a number (no code: no plus sign, no needless zero) in the marks; *shape its digits.
 */
bool weir_infer_number(weir_slice s, weir_num_marks marks, weir_num_shape *shape);
/* The affix forms of `ask` that hold s. */
uint32_t weir_infer_affixes(weir_slice s, uint32_t ask);
/* A number that is no code: no plus sign, no needless zero in front.  s is written plainly. */
bool weir_infer_looks_numeric(weir_slice s);

/* ---- moments ------------------------------------------------------------------------------- */

#define TIME_FORMATS_MAX 128
#define TIME_WORDS 2 /* of 64 bits */

enum { TIME_DAY_FIRST = 1, TIME_MONTH_FIRST = 2, TIME_SHORT_YEAR = 4 };
typedef struct time_format {
    const char *text;
    uint8_t kind; /* weir_time_kind */
    uint8_t flags;
} time_format;

/* Number of formats, and one of them. */
uint32_t weir_infer_n_formats(void);
const time_format *weir_infer_format(uint32_t i);
/* Of the formats in ask (a bit each), those that hold s, into fits.  The programs are compiled at
 * the first call of the process.  WEIR_RESOURCE when memory is short. */
WEIR_MUST_USE weir_status weir_infer_times(weir_slice s, const uint64_t *ask, uint64_t *fits,
                                           weir_error *err);
/* The bit of %Y-%m-%d: dates of ISO 8601 and those with one digit. */
uint64_t weir_infer_iso_date_bit(void); /* in the first word */

/* ---- words for nothing --------------------------------------------------------------------- */

#define NULL_WORDS 24
extern const char *const weir_infer_null_words[NULL_WORDS];
/* Number of the word that s is, or -1. */
int weir_infer_null_word(weir_slice s);

#endif
