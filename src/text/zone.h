/* Time zones: reads TZif files (RFC 8536, versions 1 to 4) of the system's tz database and answers
 * two questions: which offset holds at an instant, and which instants a local time can mean.
 *
 * Zones are loaded once per process and never freed; a `const weir_zone *` may be shared by all
 * threads.  A weir_zone_cache belongs to one thread: it remembers the span between two transitions
 * that was used last, so that converting a column costs a few compares a row.
 *
 * The database is $TZDIR, else /usr/share/zoneinfo.
 */
#ifndef WEIR_TEXT_ZONE_H
#define WEIR_TEXT_ZONE_H

#include "base/mem.h"

typedef struct weir_zone weir_zone;

/* What to do with a local time that happens twice (the clock went back) or never (it went forward).
 * For a time that never happens, EARLIER and LATER read it with the offset after and before the
 * gap: 02:30 in a gap 02:00..03:00 becomes 01:30 or 03:30. */
typedef enum weir_ambiguous {
    WEIR_AMBIGUOUS_ERROR = 0,
    WEIR_AMBIGUOUS_EARLIER = 1,
    WEIR_AMBIGUOUS_LATER = 2
} weir_ambiguous;

/* Why a local time has no answer. */
typedef enum weir_local {
    WEIR_LOCAL_OK = 0,
    WEIR_LOCAL_TWICE, /* ambiguous, and the policy is ERROR */
    WEIR_LOCAL_NEVER, /* skipped, and the policy is ERROR */
    WEIR_LOCAL_RANGE  /* outside the range of int64 microseconds */
} weir_local;

/* Longest accepted name. */
#define WEIR_ZONE_NAME_MAX 63

/* The zone called name: "UTC" (also "Z", "GMT", "Etc/UTC"), a fixed offset "+02:00" "-0330" "+05"
 * (below 24 hours), or an IANA name.  *out lives as long as the process.  WEIR_USAGE: the name is
 * malformed or unknown (hint: how names look); WEIR_IO: there is no tz database (hint: install
 * it); WEIR_DATA: its file is damaged; WEIR_RESOURCE.  Thread-safe. */
WEIR_MUST_USE weir_status weir_zone_get(const char *name, const weir_zone **out, weir_error *err);

/* UTC itself, needs no file. */
const weir_zone *weir_zone_utc(void);
/* The name the zone was asked by. */
const char *weir_zone_name(const weir_zone *z);
/* Whether the zone is UTC at all times. */
bool weir_zone_is_utc(const weir_zone *z);

/* Zeroed = UTC.  Not thread-safe; one per column and worker. */
typedef struct weir_zone_cache {
    const weir_zone *zone;        /* NULL = UTC */
    int64_t utc_from, utc_to;     /* seconds: offset holds in [utc_from, utc_to) */
    int64_t local_from, local_to; /* seconds: local times that can only mean this offset */
    int32_t offset;               /* seconds east of UTC */
    bool dst;
    const char *abbreviation; /* "CET"; lives as long as the zone; NULL = "UTC" */
} weir_zone_cache;

void weir_zone_cache_init(weir_zone_cache *c, const weir_zone *zone);

/* Fills c with the span around utc_s (slow path of the inline functions below). */
void weir_zone_seek(weir_zone_cache *c, int64_t utc_s);
/* Slow path of weir_zone_to_utc. */
weir_local weir_zone_resolve(weir_zone_cache *c, int64_t local_us, weir_ambiguous policy,
                             int64_t *utc_us);

/* Offset in seconds east of UTC at an instant (seconds since 1970 UTC). */
static inline int32_t weir_zone_offset(weir_zone_cache *c, int64_t utc_s) {
    if (utc_s < c->utc_from || utc_s >= c->utc_to) weir_zone_seek(c, utc_s);
    return c->offset;
}

/* Seconds of an instant in microseconds, rounded down. */
static inline int64_t weir_floor_seconds(int64_t us) {
    int64_t s = us / 1000000;
    return s - (us % 1000000 < 0);
}

/* Instant to local time, both in microseconds.  false: the result does not fit. */
static inline bool weir_zone_to_local(weir_zone_cache *c, int64_t utc_us, int64_t *local_us) {
    int32_t offset = weir_zone_offset(c, weir_floor_seconds(utc_us));
    return !__builtin_add_overflow(utc_us, (int64_t)offset * 1000000, local_us);
}

/* Local time to instant, both in microseconds.  *utc_us is set only with WEIR_LOCAL_OK. */
static inline weir_local weir_zone_to_utc(weir_zone_cache *c, int64_t local_us,
                                          weir_ambiguous policy, int64_t *utc_us) {
    int64_t s = weir_floor_seconds(local_us);
    if (s < c->local_from || s >= c->local_to)
        return weir_zone_resolve(c, local_us, policy, utc_us);
    return __builtin_sub_overflow(local_us, (int64_t)c->offset * 1000000, utc_us) ? WEIR_LOCAL_RANGE
                                                                                  : WEIR_LOCAL_OK;
}

/* Parses "Z", "+02", "+0200", "+02:00", "+02:00:30" at s[0..n); *used bytes taken, *offset seconds
 * east.  Hours up to 23 (PostgreSQL allows 15), minutes and seconds up to 59.  false = not one. */
bool weir_zone_parse_offset(const char *s, size_t n, size_t *used, int32_t *offset);

/* The same for text that people wrote: the policy is for times that happen twice; one that never
 * happens is WEIR_LOCAL_NEVER under any policy, for reading it would change it. */
static inline weir_local weir_zone_read_local(weir_zone_cache *c, int64_t local_us,
                                              weir_ambiguous policy, int64_t *utc_us) {
    weir_local r = weir_zone_to_utc(c, local_us, WEIR_AMBIGUOUS_ERROR, utc_us);
    return r == WEIR_LOCAL_TWICE ? weir_zone_to_utc(c, local_us, policy, utc_us) : r;
}

#endif
