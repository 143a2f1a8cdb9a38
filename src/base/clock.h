/* Time, in microseconds.  Everything that measures or waits asks here, so that tests can set it. */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Never goes back; for durations and deadlines.  Its zero means nothing. */
int64_t weir_clock_monotonic_us(void);
/* Since 1970-01-01 00:00 UTC; may jump. */
int64_t weir_clock_wall_us(void);
/* Waits at least us microseconds (<= 0: not at all); EINTR does not end it.  With a fake clock it
 * advances the clock instead.  For tests and short pauses: what must be cancellable waits
 * elsewhere. */
void weir_clock_sleep_us(int64_t us);

/* Tests: both clocks stand still at these values until advanced or freed. */
void weir_clock_fake(int64_t monotonic_us, int64_t wall_us);
void weir_clock_advance_us(int64_t us); /* no effect on the real clock */
void weir_clock_real(void);

#endif
