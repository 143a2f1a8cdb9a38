/* Private to infer*.c: what is known of a column while its values are looked at. */
#ifndef WEIR_FORMAT_INFER_EVIDENCE_H
#define WEIR_FORMAT_INFER_EVIDENCE_H

#include "format/infer.h"
#include "format/infer_forms.h"
#include "format/shape.h"

#define WEIR_WITNESS_BYTES 100

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
    AS_INTERVAL, /* only where a format says so */
    CANDIDATES
};
#define ALL_ALIVE ((1u << CANDIDATES) - 1)
#define NUMBERS (1u << AS_INT64 | 1u << AS_DECIMAL | 1u << AS_FLOAT64)
#define TIMES (1u << AS_DATE | 1u << AS_TIME | 1u << AS_TIMESTAMP | 1u << AS_TIMESTAMPTZ)

extern const weir_type_id weir_infer_ids[CANDIDATES];

typedef struct weir_witness {
    weir_address at;
    char text[WEIR_WITNESS_BYTES + 1];
} weir_witness;

/* How often a word for nothing stood there, and where first. */
typedef struct weir_word {
    uint64_t n;
    weir_address at;
} weir_word;

typedef struct weir_evidence {
    char *name;
    uint32_t name_size;
    uint32_t alive;              /* bits of candidates */
    bool scalars, nested;        /* values seen of either kind */
    bool listed;                 /* a list of such values stood somewhere */
    bool exponent;               /* a number with an exponent, or nan, inf */
    bool numbers, others;        /* scalars that the format itself called numbers, and other ones */
    int max_whole, max_fraction; /* of numbers written plainly */
    uint64_t nulls, values;      /* words for nothing are values */
    weir_address last; /* largest address of a witness: later values need no second look */
    weir_witness *witnesses[CANDIDATES]; /* NULL = none */
    weir_witness *widest;                /* the number with most digits before the point */
    const weir_type *stated;             /* nested values: the type that holds all */
    char *advice;                        /* what a user may want to know; NULL = nothing */
    weir_shape *shape;                   /* nested values that were looked into; may be NULL */

    /* Other ways of writing, where they are looked for. */
    bool ints_settled;      /* a small integer was seen, and what none can be is ruled out */
    bool searched, closed;  /* closed: no candidate and no way is left */
    bool words_off;         /* null words were declared */
    bool comma_file;        /* a comma stands between fields */
    bool semicolon_file;    /* a semicolon does */
    char decimal_elsewhere; /* the mark that other columns of the data show; 0 = not known */
    weir_num_marks given;   /* decimal 0 = none were declared */
    uint32_t forms_dead;    /* bits of number forms that do not hold all values */
    uint64_t times_dead[TIME_WORDS]; /* the same of time formats */
    form_width ints;                /* numbers without any mark, whose widths count for all forms */
    form_width points;              /* numbers with a point and no other mark */
    form_width forms[NUMBER_FORMS]; /* numbers with other marks */
    weir_word *words;               /* NULL_WORDS of them, or NULL */
} weir_evidence;

struct weir_inference {
    weir_evidence *columns;
    size_t n, capacity;
    uint32_t *index; /* open addressing: column number + 1 */
    size_t slots;
    uint64_t seen, unread; /* records */
};

/* Whether a stands before b. */
bool weir_address_before(weir_address a, weir_address b);
/* Keeps the witness with the smaller address in *place. */
WEIR_MUST_USE weir_status weir_witness_set(weir_witness **place, weir_slice text, weir_address at,
                                           weir_error *err);
/* The narrowest type that holds values of both. */
WEIR_MUST_USE weir_status weir_infer_unify(const weir_type *a, const weir_type *b,
                                           const weir_type **out, weir_error *err);

#endif
