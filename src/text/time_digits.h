/* Small pieces shared by the files of text/time: two-digit output and fractions.  Private. */
#ifndef WEIR_TEXT_TIME_DIGITS_H
#define WEIR_TEXT_TIME_DIGITS_H

#include "text/time.h"

/* "00" "01" ... "99". */
extern const char weir_two_digits[200];

static inline char *weir_put2(char *out, unsigned v) { /* v < 100 */
    memcpy(out, weir_two_digits + 2 * v, 2);
    return out + 2;
}
/* Four digits; years outside 0..9999 with their sign and as many digits as they need. */
char *weir_time_put_year(char *out, int32_t year);
/* Six digits. */
char *weir_time_put_micros(char *out, uint32_t micros);
/* +hh:mm or +hhmm, with seconds where they are not zero. */
char *weir_time_put_offset(char *out, int32_t offset, bool colon);

/* 1 to 9 digits at s as a fraction of a second.  LOSSY below the microsecond (*used and *micros
 * are set), SYNTAX when there are none or more. */
weir_num weir_time_fraction(const char *s, size_t n, size_t *used, int64_t *micros);

#endif
