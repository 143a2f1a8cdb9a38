#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/printable.h"

#define TEXT_BYTES 4000

_Atomic int weir_log_current = WEIR_LOG_INFO; /* the higher one of what is printed and tapped */
static _Atomic int printed = WEIR_LOG_INFO;
static _Atomic bool timestamps;

static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;
static weir_log_sink sink;
static void *sink_context;
static weir_log_sink tap;
static void *tap_context;

/* Both levels count for weir_log_enabled. */
static void set_level(int level) {
    printed = level;
    weir_log_current = tap && level < WEIR_LOG_DEBUG ? WEIR_LOG_DEBUG : level;
}

void weir_log_set_level(weir_log_level level) {
    set_level((int)level);
}

weir_log_level weir_log_get_level(void) {
    return (weir_log_level)printed;
}

void weir_log_set_verbosity(int verbosity) {
    int level = WEIR_LOG_INFO + verbosity;
    if (level < WEIR_LOG_ERROR) level = WEIR_LOG_ERROR;
    if (level > WEIR_LOG_TRACE) level = WEIR_LOG_TRACE;
    set_level(level);
}

void weir_log_set_timestamps(bool on) {
    timestamps = on;
}

void weir_log_set_sink(weir_log_sink new_sink, void *context) {
    pthread_mutex_lock(&sink_lock);
    sink = new_sink;
    sink_context = context;
    pthread_mutex_unlock(&sink_lock);
}

void weir_log_set_tap(weir_log_sink new_tap, void *context) {
    pthread_mutex_lock(&sink_lock);
    tap = new_tap;
    tap_context = context;
    set_level(printed);
    pthread_mutex_unlock(&sink_lock);
}

/* "2026-01-31T10:20:30.123Z " */
static size_t put_time(char *out, size_t size, int64_t wall_us) {
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm)) return 0;
    size_t n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
    if (n == 0) return 0;
    int more = snprintf(out + n, size - n, ".%03dZ ", (int)(wall_us / 1000 % 1000));
    return more < 0 ? n : n + (size_t)more;
}

static void write_all(const char *p, size_t n) {
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return; /* nobody to tell */
        p += done;
        n -= (size_t)done;
    }
}

static void put_line(weir_log_level level, const char *text, size_t size) {
    static const char *const prefix[] = {"error: ", "warning: ", "", "", ""};
    char line[TEXT_BYTES + 64];
    size_t n = timestamps ? put_time(line, sizeof line, weir_clock_wall_us()) : 0;
    size_t prefix_size = strlen(prefix[level]);
    memcpy(line + n, prefix[level], prefix_size);
    n += prefix_size;
    memcpy(line + n, text, size);
    n += size;
    line[n++] = '\n';
    write_all(line, n);
}

void weir_log(weir_log_level level, const char *fmt, ...) {
    if (!weir_log_enabled(level)) return;
    int saved = errno;
    char raw[TEXT_BYTES], text[TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    int wanted = vsnprintf(raw, sizeof raw, fmt, args);
    va_end(args);
    if (wanted < 0) raw[0] = '\0';
    size_t n = weir_printable(text, sizeof text, raw, strlen(raw));
    pthread_mutex_lock(&sink_lock);
    if (tap && level <= WEIR_LOG_DEBUG) tap(tap_context, level, weir_clock_wall_us(), text, n);
    if ((int)level > printed)
        ; /* for the tap alone */
    else if (sink)
        sink(sink_context, level, weir_clock_wall_us(), text, n);
    else
        put_line(level, text, n);
    pthread_mutex_unlock(&sink_lock);
    errno = saved;
}
