#include "base/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

static _Atomic bool fake;
static _Atomic int64_t fake_monotonic_us, fake_wall_us;

static int64_t read_us(clockid_t id) {
    struct timespec t = {0};
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t weir_clock_monotonic_us(void) {
    if (atomic_load_explicit(&fake, memory_order_relaxed)) return fake_monotonic_us;
    return read_us(CLOCK_MONOTONIC);
}

int64_t weir_clock_wall_us(void) {
    if (atomic_load_explicit(&fake, memory_order_relaxed)) return fake_wall_us;
    return read_us(CLOCK_REALTIME);
}

void weir_clock_sleep_us(int64_t us) {
    if (us <= 0) return;
    if (fake) {
        weir_clock_advance_us(us);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(us / 1000000);
    until.tv_nsec += (long)(us % 1000000) * 1000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

void weir_clock_fake(int64_t monotonic_us, int64_t wall_us) {
    fake_monotonic_us = monotonic_us;
    fake_wall_us = wall_us;
    fake = true;
}

void weir_clock_advance_us(int64_t us) {
    fake_monotonic_us += us;
    fake_wall_us += us;
}

void weir_clock_real(void) {
    fake = false;
}
