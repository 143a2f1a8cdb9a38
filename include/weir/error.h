/* Errors of calls.
 *
 * A call that can fail returns a weir_status and fills a weir_error on the caller's stack:
 *
 *     weir_error err = {0};
 *     if (weir_thing_open(path, &thing, &err) != WEIR_OK) fprintf(stderr, "%s\n", err.message);
 *
 * A *record* that fails is something else: it becomes a reject and never a weir_error
 * (src/column/failure.h).  "End of data" and "again" are results, not errors.
 */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_MUST_USE __attribute__((warn_unused_result))
#define WEIR_PRINTF(f, a) __attribute__((format(printf, f, a)))
#if defined(WEIR_BUILDING)
#define WEIR_PUBLIC __attribute__((visibility("default")))
#else
#define WEIR_PUBLIC
#endif

/* The class of a failure; it alone decides the program's exit code. */
typedef enum weir_status {
    WEIR_OK = 0,
    WEIR_USAGE,     /* wrong file, option or argument: exit 2 */
    WEIR_DATA,      /* input that cannot be read as what it claims to be */
    WEIR_IO,        /* the operating system or a network said no */
    WEIR_AUTH,      /* a server refused the credentials */
    WEIR_RESOURCE,  /* memory, disk or another budget is used up */
    WEIR_CANCELLED, /* someone asked to stop, or a deadline passed */
    WEIR_LIMIT,     /* a gate or a reject limit: exit 3 */
    WEIR_INTERNAL   /* a promise of weir's own was broken */
} weir_status;

/* What went wrong, where, and what to do.  Zeroed = no error.  Owns nothing, may be copied. */
typedef struct weir_error {
    weir_status status;
    bool retriable;    /* the same call may succeed later */
    bool fatal;        /* the object it came from must be closed */
    int vendor_code;   /* errno, sqlite code, ...; 0 = none */
    char sqlstate[6];  /* "" = none */
    char source[320];  /* file, table, topic; "" = none */
    int64_t line;      /* 1-based, 0 = unknown */
    int64_t column;    /* 1-based, 0 = unknown */
    int64_t byte;      /* 0-based, -1 or 0 with line 0 = unknown */
    char key[96];      /* option, field or column concerned; "" = none */
    char message[640]; /* one sentence, no newline */
    char hint[320];    /* what to do; "" = none */
    char trail[320];   /* contexts, innermost first, joined by "; while " */
} weir_error;

/* Fills *err (NULL is legal) and returns status, so that `return weir_error_set(...)` works.
 * Earlier contents of *err are dropped.  Too long texts are cut at a character boundary. */
WEIR_PUBLIC weir_status weir_error_set(weir_error *err, weir_status status, const char *fmt, ...)
    WEIR_PRINTF(3, 4);

/* The same with the text of errno value `code` appended; EINTR/EAGAIN/ENOSPC/ENOMEM/EACCES choose
 * class and flags: ENOSPC, EDQUOT and ENOMEM give WEIR_RESOURCE, others WEIR_IO. */
WEIR_PUBLIC weir_status weir_error_errno(weir_error *err, int code, const char *fmt, ...)
    WEIR_PRINTF(3, 4);

/* Out of memory: WEIR_RESOURCE without allocating anything. */
WEIR_PUBLIC weir_status weir_error_nomem(weir_error *err);

/* Adds a remedy, replacing an earlier one. NULL err is legal. */
WEIR_PUBLIC void weir_error_hint(weir_error *err, const char *fmt, ...) WEIR_PRINTF(2, 3);

/* Adds a place.  source may be NULL (keep); line/column 0 = unknown. */
WEIR_PUBLIC void weir_error_at(weir_error *err, const char *source, int64_t line, int64_t column);

/* Appends a context ("reading the header") to the trail. */
WEIR_PUBLIC void weir_error_context(weir_error *err, const char *fmt, ...) WEIR_PRINTF(2, 3);

/* Writes "source:line:column: key: message; hint (while ...)" into buf; always terminated.
 * Returns buf. */
WEIR_PUBLIC const char *weir_error_format(const weir_error *err, char *buf, size_t size);

/* "usage", "data", ... */
WEIR_PUBLIC const char *weir_status_name(weir_status status);

/* For functions with a local `weir_status status = WEIR_OK;` and one label `out:`. */
#define WEIR_TRY(call)                                                                             \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != WEIR_OK) goto out;                                                           \
    } while (0)

#endif
