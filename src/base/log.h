/* The program's log: one line an event on stderr, for people.
 *
 * A line is written with a single write(2), so that lines of several threads never mix.  Text from
 * outside cannot forge a line: control characters are escaped (printable.h).  Logging never fails
 * and never allocates.
 */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

#include "weir/error.h"

typedef enum weir_log_level {
    WEIR_LOG_ERROR,
    WEIR_LOG_WARN,
    WEIR_LOG_INFO,  /* the default: what a person who started the run wants to see */
    WEIR_LOG_DEBUG, /* -v */
    WEIR_LOG_TRACE  /* -vv */
} weir_log_level;

/* Receives a finished, escaped line without prefix and line end.  May be called from any thread,
 * one call at a time; must not log. */
typedef void (*weir_log_sink)(void *context, weir_log_level level, int64_t wall_us,
                              const char *text, size_t size);

/* Lines above this level are dropped.  Default WEIR_LOG_INFO. */
void weir_log_set_level(weir_log_level level);
weir_log_level weir_log_get_level(void);
/* verbosity 0 = INFO, 1 (-v) = DEBUG, 2 (-vv) = TRACE, -1 (-q) = WARN, -2 (-qq) = ERROR. */
void weir_log_set_verbosity(int verbosity);
/* Puts "2026-01-31T10:20:30.123Z " before each line on stderr; off by default, on for a service. */
void weir_log_set_timestamps(bool on);
/* Sends lines to sink instead of stderr; NULL = stderr again. */
void weir_log_set_sink(weir_log_sink sink, void *context);

/* Sends each line up to DEBUG to tap as well, whatever the level of what is printed; NULL = none.
 */
void weir_log_set_tap(weir_log_sink tap, void *context);

extern _Atomic int weir_log_current; /* private: read by weir_log_enabled */
/* Whether a line of this level would be written; for what is costly to compute. */
static inline bool weir_log_enabled(weir_log_level level) {
    return (int)level <= weir_log_current;
}

/* Writes one line.  Longer than 4000 bytes: cut.  errno is kept. */
void weir_log(weir_log_level level, const char *fmt, ...) WEIR_PRINTF(2, 3);

#define weir_log_error(...) weir_log(WEIR_LOG_ERROR, __VA_ARGS__)
#define weir_log_warn(...) weir_log(WEIR_LOG_WARN, __VA_ARGS__)
#define weir_log_info(...) weir_log(WEIR_LOG_INFO, __VA_ARGS__)
#define weir_log_debug(...)                                                                        \
    do {                                                                                           \
        if (weir_log_enabled(WEIR_LOG_DEBUG)) weir_log(WEIR_LOG_DEBUG, __VA_ARGS__);               \
    } while (0)
#define weir_log_trace(...)                                                                        \
    do {                                                                                           \
        if (weir_log_enabled(WEIR_LOG_TRACE)) weir_log(WEIR_LOG_TRACE, __VA_ARGS__);               \
    } while (0)

#endif
