#include "weir/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"

/* Formats into dst, made printable and without trailing blanks.  The arguments may point into the
 * error that dst belongs to, hence the detour. */
static void put_text(char *dst, size_t cap, const char *fmt, va_list args) WEIR_PRINTF(3, 0);
static void put_text(char *dst, size_t cap, const char *fmt, va_list args) {
    char text[1024];
    int wanted = vsnprintf(text, sizeof text, fmt, args);
    size_t n = wanted < 0 ? 0 : strlen(text);
    while (n > 0 && (unsigned char)text[n - 1] <= ' ') n--;
    if (wanted >= (int)sizeof text) {
        /* Cut by vsnprintf: do not let half a character show as escaped bytes. */
        size_t back = 0;
        while (back < 3 && n > back && ((unsigned char)text[n - 1 - back] & 0xC0) == 0x80) back++;
        if (n > back && (unsigned char)text[n - 1 - back] >= 0xC0) n -= back + 1;
    }
    weir_printable(dst, cap, text, n);
}

static void start(weir_error *err, weir_status status, const char *message) {
    char copy[sizeof err->message];
    memcpy(copy, message, sizeof copy);
    memset(err, 0, sizeof *err);
    err->status = status;
    memcpy(err->message, copy, sizeof copy);
}

weir_status weir_error_set(weir_error *err, weir_status status, const char *fmt, ...) {
    if (err) {
        char message[sizeof err->message] = "";
        va_list args;
        va_start(args, fmt);
        put_text(message, sizeof message, fmt, args);
        va_end(args);
        start(err, status, message);
    }
    return status;
}

static weir_status errno_status(int code) {
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case ENOMEM: return WEIR_RESOURCE;
    default: return WEIR_IO;
    }
}

static bool errno_retriable(int code) {
    switch (code) {
    case EINTR:
    case EAGAIN:
    case EBUSY:
    case ETIMEDOUT:
    case ECONNRESET:
    case ECONNREFUSED:
    case ECONNABORTED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case ENETRESET:
    case EPIPE: return true;
    default: return false;
    }
}

static const char *errno_hint(int code) {
    switch (code) {
    case ENOSPC:
    case EDQUOT: return "free space there or choose another place";
    case ENOMEM: return "lower limits.memory or limits.threads, or give the process more memory";
    case EACCES:
    case EPERM: return "check the owner and the permissions of the path";
    case EROFS: return "the file system is mounted read-only; choose another place";
    case EMFILE:
    case ENFILE: return "raise the limit of open files (ulimit -n)";
    default: return NULL;
    }
}

weir_status weir_error_errno(weir_error *err, int code, const char *fmt, ...) {
    weir_status status = errno_status(code);
    if (err) {
        char message[sizeof err->message] = "", system[128] = "";
        va_list args;
        va_start(args, fmt);
        put_text(message, sizeof message, fmt, args);
        va_end(args);
        const char *text = strerror_r(code, system, sizeof system);
        char whole[sizeof message + sizeof system + 4];
        /* The system's words are kept even where the message must be cut. */
        int keep = (int)(sizeof message - 3 - strnlen(text, sizeof system));
        snprintf(whole, sizeof whole, "%.*s: %.*s", keep, message, (int)sizeof system - 1, text);
        weir_printable(message, sizeof message, whole, strlen(whole));
        start(err, status, message);
        err->vendor_code = code;
        err->retriable = errno_retriable(code);
        const char *hint = errno_hint(code);
        if (hint) weir_error_hint(err, "%s", hint);
    }
    return status;
}

weir_status weir_error_nomem(weir_error *err) {
    weir_error_set(err, WEIR_RESOURCE, "out of memory");
    weir_error_hint(err, "%s", errno_hint(ENOMEM));
    return WEIR_RESOURCE;
}

void weir_error_hint(weir_error *err, const char *fmt, ...) {
    if (!err) return;
    char hint[sizeof err->hint] = "";
    va_list args;
    va_start(args, fmt);
    put_text(hint, sizeof hint, fmt, args);
    va_end(args);
    memcpy(err->hint, hint, sizeof hint);
}

void weir_error_at(weir_error *err, const char *source, int64_t line, int64_t column) {
    if (!err) return;
    if (source) {
        char copy[sizeof err->source] = "";
        weir_printable(copy, sizeof copy, source, strlen(source));
        memcpy(err->source, copy, sizeof copy);
    }
    err->line = line;
    err->column = column;
}

void weir_error_context(weir_error *err, const char *fmt, ...) {
    if (!err) return;
    char context[sizeof err->trail] = "";
    va_list args;
    va_start(args, fmt);
    put_text(context, sizeof context, fmt, args);
    va_end(args);
    static const char joint[] = "; while ";
    size_t have = strnlen(err->trail, sizeof err->trail - 1);
    if (have == 0) {
        memcpy(err->trail, context, sizeof context);
    } else if (have + sizeof joint + 8 < sizeof err->trail) {
        memcpy(err->trail + have, joint, sizeof joint);
        have += sizeof joint - 1;
        weir_printable(err->trail + have, sizeof err->trail - have, context, strlen(context));
    }
}

/* Appends to buf at *at; what does not fit is cut at a character boundary. */
static void add(char *buf, size_t size, size_t *at, const char *text, size_t n) {
    if (*at + 1 >= size) return;
    *at += weir_printable(buf + *at, size - *at, text, n);
}

static void add_number(char *buf, size_t size, size_t *at, int64_t value) {
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)value);
    add(buf, size, at, digits, n < 0 ? 0 : (size_t)n);
}

const char *weir_error_format(const weir_error *err, char *buf, size_t size) {
    size_t at = 0;
    if (size == 0) return buf;
    buf[0] = '\0';
    if (!err) return buf;
#define ADD(text) add(buf, size, &at, text, strlen(text))
    /* A message that names the source itself needs it in front only for the line. */
    bool named = err->source[0] && err->line <= 0 && strstr(err->message, err->source);
    if (err->source[0] && !named) {
        ADD(err->source);
        ADD(":");
    }
    if (err->line > 0) {
        if (!err->source[0]) ADD("line ");
        add_number(buf, size, &at, err->line);
        ADD(":");
        if (err->column > 0) {
            add_number(buf, size, &at, err->column);
            ADD(":");
        }
    }
    if (at > 0) ADD(" ");
    if (err->key[0]) {
        ADD(err->key);
        ADD(": ");
    }
    ADD(err->message[0] ? err->message : weir_status_name(err->status));
    if (err->hint[0]) {
        ADD("; ");
        ADD(err->hint);
    }
    if (err->trail[0]) {
        ADD(" (while ");
        ADD(err->trail);
        ADD(")");
    }
#undef ADD
    return buf;
}

const char *weir_status_name(weir_status status) {
    switch (status) {
    case WEIR_OK: return "ok";
    case WEIR_USAGE: return "usage";
    case WEIR_DATA: return "data";
    case WEIR_IO: return "io";
    case WEIR_AUTH: return "auth";
    case WEIR_RESOURCE: return "resource";
    case WEIR_CANCELLED: return "cancelled";
    case WEIR_LIMIT: return "limit";
    case WEIR_INTERNAL: return "internal";
    }
    return "unknown";
}
