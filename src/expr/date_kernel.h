/* What the date function files share: reading dates and timestamps, units, zones. */
#ifndef WEIR_EXPR_DATE_KERNEL_H
#define WEIR_EXPR_DATE_KERNEL_H

#include "expr/function.h"
#include "text/time.h"

/* A date, timestamp, timestamptz or time argument as microseconds (dates: at midnight). */
typedef struct weir_stamp_arg {
    const int32_t *days; /* DATE */
    const int64_t *us;
    uint32_t mask;
    weir_zone_cache zone;
    bool zoned;
} weir_stamp_arg;

WEIR_MUST_USE weir_status weir_stamp_arg_of(const weir_column *c, weir_stamp_arg *out,
                                            weir_error *err);
static inline int64_t weir_stamp_at(const weir_stamp_arg *a, uint32_t row) {
    return a->days ? (int64_t)a->days[row & a->mask] * WEIR_US_PER_DAY : a->us[row & a->mask];
}
/* Local time of a timestamptz in its zone; the others as they are. */
static inline int64_t weir_stamp_local(weir_stamp_arg *a, uint32_t row) {
    int64_t us = weir_stamp_at(a, row), local = us;
    if (a->zoned && !weir_zone_to_local(&a->zone, us, &local)) local = us;
    return local;
}

/* A unit argument ('month'): constant ones are read at bind time. */
typedef struct weir_unit_state {
    bool constant;
    weir_time_part part;
} weir_unit_state;
WEIR_MUST_USE weir_status weir_unit_bind(weir_prepare *p, uint32_t i, weir_unit_state **out,
                                         weir_error *err);
/* The unit of row; false: the record has failed or *status is set. */
bool weir_unit_at(weir_call *call, weir_column *out, const weir_unit_state *s,
                  const weir_text_arg *texts, uint32_t row, weir_time_part *part,
                  weir_status *status, weir_error *err);

#endif
