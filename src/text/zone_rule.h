/* The POSIX TZ rule in the footer of a TZif file (RFC 8536, section 3.3): which offset holds after
 * the last transition in the file.  Private to src/text/zone.c and its tests. */
#ifndef WEIR_TEXT_ZONE_RULE_H
#define WEIR_TEXT_ZONE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A day of the year and a time of that day, at which the clock changes. */
typedef struct weir_zone_change {
    enum { WEIR_ZONE_JULIAN, WEIR_ZONE_DAY, WEIR_ZONE_WEEKDAY } kind; /* Jn | n | Mm.w.d */
    int16_t day;         /* JULIAN 1..365 (never 29 February), DAY 0..365, WEEKDAY 0..6 */
    uint8_t month, week; /* WEEKDAY: 1..12; 1..5, 5 = the last */
    int32_t time_s;      /* seconds after local midnight, -167 h .. 167 h */
} weir_zone_change;

typedef struct weir_zone_rule {
    int32_t std_offset, dst_offset; /* seconds east */
    bool has_dst;
    char std_name[16], dst_name[16];
    weir_zone_change to_dst, to_std;
} weir_zone_rule;

typedef struct weir_zone_rule_span {
    int64_t from, to; /* seconds UTC: [from, to); INT64_MIN and INT64_MAX when it never changes */
    int32_t offset;
    bool dst;
    const char *abbreviation; /* in the rule */
} weir_zone_rule_span;

/* Parses "CET-1CEST,M3.5.0,M10.5.0/3".  false = malformed. */
bool weir_zone_rule_parse(const char *s, size_t n, weir_zone_rule *out);
/* The span that holds second t (UTC). */
void weir_zone_rule_at(const weir_zone_rule *r, int64_t t, weir_zone_rule_span *out);

#endif
