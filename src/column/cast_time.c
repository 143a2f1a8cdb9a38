/* Casts among date, timestamp and timestamptz; time to interval; uuid to binary. */
#include "column/cast_job.h"
#include "text/time.h"

static int local_code(weir_local l) {
    switch (l) {
    case WEIR_LOCAL_OK: return 0;
    case WEIR_LOCAL_TWICE: return WEIR_CAST_TWICE;
    case WEIR_LOCAL_NEVER: return WEIR_CAST_NEVER;
    default: return WEIR_CAST_RANGE;
    }
}

/* Any of the three kinds to local (or naive) microseconds; 0 or a code. */
static inline int to_micros(weir_cast_job *job, uint32_t row, bool to_instant, int64_t *us) {
    const void *v = job->in->values;
    switch (job->in->type->id) {
    case WEIR_DATE:
        if (__builtin_mul_overflow((int64_t)((const int32_t *)v)[row], WEIR_US_PER_DAY, us))
            return WEIR_CAST_RANGE;
        break;
    case WEIR_TIMESTAMP: *us = ((const int64_t *)v)[row]; break;
    default: { /* an instant: its local time, unless an instant is wanted */
        int64_t utc = ((const int64_t *)v)[row];
        *us = utc;
        return to_instant || weir_zone_to_local(&job->zone, utc, us) ? 0 : WEIR_CAST_RANGE;
    }
    }
    if (!to_instant) return 0;
    weir_ambiguous policy = (weir_ambiguous)job->options->ambiguous;
    return local_code(weir_zone_read_local(&job->zone, *us, policy, us));
}

static int to_date(const weir_cast_options *o, int64_t us, int32_t *out) {
    int64_t of_day;
    *out = weir_timestamp_split(us, &of_day);
    return of_day == 0 || o->lossy_trunc ? 0 : WEIR_CAST_TIME_OF_DAY;
}

weir_status weir_cast_times(weir_cast_job *job, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_type_id to = job->out->type->id;
    if (to == WEIR_INTERVAL) { /* from time */
        const int64_t *from = job->in->values;
        weir_interval *v = job->out->values;
        WEIR_CAST_ROWS(job, { v[row] = (weir_interval){.micros = from[row]}; });
        return WEIR_OK;
    }
    if (to == WEIR_BINARY) { /* from uuid */
        const uint8_t *from = job->in->values;
        WEIR_CAST_ROWS(job, {
            if (!weir_view_put(&job->writer, from + (size_t)row * 16, 16,
                               (weir_view *)job->out->values + row, err))
                return WEIR_RESOURCE;
        });
        return WEIR_OK;
    }
    WEIR_CAST_ROWS(job, {
        int64_t us = 0;
        int code = to_micros(job, row, to == WEIR_TIMESTAMPTZ, &us);
        if (to == WEIR_DATE) {
            if (!code) code = to_date(job->options, us, (int32_t *)job->out->values + row);
        } else {
            ((int64_t *)job->out->values)[row] = us;
        }
        if (__builtin_expect(code != 0, 0)) WEIR_TRY(weir_cast_fail(job, row, code, err));
    });
out:
    return status;
}
