/* The parts of cast, which only src/column includes.
 *
 * A job converts the rows of one PLAIN column.  What fails is only noted, as a code a row; cast.c
 * then turns the codes into failures, once per row for PLAIN, once per row that uses the value for
 * DICTIONARY, and for all rows for CONSTANT.
 */
#ifndef WEIR_COLUMN_CAST_JOB_H
#define WEIR_COLUMN_CAST_JOB_H

#include "column/kernel_util.h"
#include "column/views.h"
#include "text/number.h"

/* Why a value has no counterpart: the values of weir_num, and these. */
typedef enum weir_cast_code {
    WEIR_CAST_EMPTY = WEIR_NUM_EMPTY,
    WEIR_CAST_SYNTAX = WEIR_NUM_SYNTAX,
    WEIR_CAST_RANGE = WEIR_NUM_RANGE,
    WEIR_CAST_LOSSY = WEIR_NUM_LOSSY,
    WEIR_CAST_TWICE = 16, /* a local time that the clock shows twice */
    WEIR_CAST_NEVER,      /* a local time that the clock skips */
    WEIR_CAST_TIME_OF_DAY /* a timestamp that is not midnight, to date */
} weir_cast_code;

typedef struct weir_cast_job {
    const weir_column *in; /* PLAIN */
    weir_rows rows;
    weir_column *out; /* PLAIN, as long as in */
    const weir_cast_options *options;
    weir_ledger *ledger;
    weir_zone_cache zone;
    weir_view_writer writer; /* into out */
    weir_buf text;           /* scratch */
    uint8_t *codes;          /* one a row, 0 = fine; NULL until something fails */
    uint32_t n_bad;
} weir_cast_job;

/* Notes that a row failed.  Cold. */
WEIR_MUST_USE weir_status weir_cast_fail(weir_cast_job *job, uint32_t row, int code,
                                         weir_error *err);

/* Families; each knows the pairs that weir_cast_known names.  in and out are set. */
WEIR_MUST_USE weir_status weir_cast_numbers(weir_cast_job *job, weir_error *err);
WEIR_MUST_USE weir_status weir_cast_from_text(weir_cast_job *job, weir_error *err);
WEIR_MUST_USE weir_status weir_cast_from_json(weir_cast_job *job, weir_error *err);
WEIR_MUST_USE weir_status weir_cast_to_text(weir_cast_job *job, weir_error *err);
WEIR_MUST_USE weir_status weir_cast_times(weir_cast_job *job, weir_error *err);
/* One text to one value of out, at row; the code. */
int weir_cast_parse(weir_cast_job *job, weir_slice s, uint32_t row);

/* value / 10^scale to another scale; LOSSY unless the options allow. */
weir_num weir_cast_rescale(weir_int128 v, int from_scale, int to_scale,
                           const weir_cast_options *options, weir_int128 *out);
/* |v| < 10^precision */
bool weir_cast_fits(weir_int128 v, int precision);
extern const int64_t weir_cast_pow10[19];

/* Runs BODY for every row that is alive and not null, with `row` set.  BODY may `goto out`. */
#define WEIR_CAST_ROWS(job, BODY)                                                                  \
    do {                                                                                           \
        const uint64_t *valid_ = (job)->in->validity;                                              \
        weir_rows rows_ = (job)->rows;                                                             \
        if (!rows_.sel && !valid_) {                                                               \
            for (uint32_t row = 0; row < rows_.n; row++) BODY                                      \
        } else {                                                                                   \
            for (uint32_t k_ = 0; k_ < rows_.n; k_++) {                                            \
                uint32_t row = weir_rows_at(&rows_, k_);                                           \
                if (valid_ && !weir_bit_get(valid_, row)) continue;                                \
                BODY                                                                               \
            }                                                                                      \
        }                                                                                          \
    } while (0)

#endif
