#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool weir_fault_on;

static struct {
    atomic_long passed; /* events since the last arm */
    atomic_long nth;    /* 0 = none */
    atomic_int code;
} kinds[WEIR_FAULT_KINDS];

static struct {
    char name[64]; /* "" = none */
    long nth;
    atomic_long passed;
} kill_at;

static char log_path[256]; /* "" = none */

static const struct {
    const char *name;
    int code; /* the errno value unless another is named */
} kind_table[WEIR_FAULT_KINDS] = {{"malloc", ENOMEM}, {"read", EIO},   {"write", EIO},
                                  {"fsync", EIO},     {"rename", EIO}, {"open", EACCES},
                                  {"sqlite", ENOMEM}};

static const struct {
    const char *name;
    int code;
} code_table[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"ENOMEM", ENOMEM},
                  {"EINTR", EINTR},   {"EAGAIN", EAGAIN}, {"EACCES", EACCES},
                  {"EDQUOT", EDQUOT}, {"EROFS", EROFS},   {"ECONNRESET", ECONNRESET},
                  {"EPIPE", EPIPE},   {"EMFILE", EMFILE}, {"ENOENT", ENOENT}};

/* Straight to the system: what is written here is no event, and allocates nothing. */
static void log_line(const char *line) {
    int kept = errno;
    int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd >= 0) {
        ssize_t written = write(fd, line, strlen(line));
        (void)written;
        (void)close(fd);
    }
    errno = kept;
}

static void log_passed(void) {
    char line[256] = "passed";
    size_t n = strlen(line);
    for (int i = 0; i < WEIR_FAULT_KINDS; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, " %s:%ld", kind_table[i].name,
                              atomic_load(&kinds[i].passed));
    snprintf(line + n, sizeof line - n, "\n");
    log_line(line);
}

static void switch_on(void) {
    bool on = kill_at.name[0] != '\0' || log_path[0] != '\0';
    for (int i = 0; i < WEIR_FAULT_KINDS; i++) on = on || atomic_load(&kinds[i].nth) != 0;
    weir_fault_on = on;
}

void weir_fault_arm(weir_fault_kind kind, long nth, int code) {
    atomic_store(&kinds[kind].passed, 0);
    atomic_store(&kinds[kind].code, code ? code : kind_table[kind].code);
    atomic_store(&kinds[kind].nth, nth < 0 ? 0 : nth);
    switch_on();
}

long weir_fault_count(weir_fault_kind kind) {
    return atomic_load(&kinds[kind].passed);
}

int weir_fault_next(weir_fault_kind kind) {
    long passed = atomic_fetch_add(&kinds[kind].passed, 1) + 1;
    if (passed != atomic_load(&kinds[kind].nth)) return 0;
    if (log_path[0]) {
        char line[64];
        snprintf(line, sizeof line, "fired %s:%ld\n", kind_table[kind].name, passed);
        log_line(line);
    }
    return atomic_load(&kinds[kind].code);
}

void weir_fault_point_hit(const char *name) {
    if (kill_at.name[0] == '\0' || strcmp(name, kill_at.name) != 0) return;
    if (atomic_fetch_add(&kill_at.passed, 1) + 1 != kill_at.nth) return;
    kill(getpid(), SIGKILL);
    for (;;) pause(); /* the signal may take a moment; nothing may happen after the point */
}

/* One "kind:n", "kind:CODE@n" or "kind:CODE" (n = 1); false when it is none. */
static bool arm_from_text(const char *text, size_t n) {
    const char *colon = memchr(text, ':', n);
    if (!colon) return false;
    int kind = -1;
    for (int i = 0; i < WEIR_FAULT_KINDS; i++) {
        size_t length = strlen(kind_table[i].name);
        if (length == (size_t)(colon - text) && memcmp(text, kind_table[i].name, length) == 0)
            kind = i;
    }
    if (kind < 0) return false;
    char rest[48];
    size_t rest_size = n - (size_t)(colon + 1 - text);
    if (rest_size == 0 || rest_size >= sizeof rest) return false;
    memcpy(rest, colon + 1, rest_size);
    rest[rest_size] = '\0';

    int code = 0;
    char *number = rest;
    for (size_t i = 0; i < sizeof code_table / sizeof *code_table; i++) {
        size_t length = strlen(code_table[i].name);
        if (strncmp(rest, code_table[i].name, length) != 0) continue;
        if (rest[length] != '@' && rest[length] != '\0') continue;
        code = code_table[i].code;
        number = rest + length + (rest[length] == '@');
    }
    long nth = 1;
    if (*number || code == 0 || number[-1] == '@') {
        char *end;
        nth = strtol(number, &end, 10);
        if (end == number || *end || nth < 1) return false;
    }
    weir_fault_arm((weir_fault_kind)kind, nth, code);
    return true;
}

static bool kill_from_text(const char *text) {
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : strlen(text);
    long nth = 1;
    if (colon) {
        char *end;
        nth = strtol(colon + 1, &end, 10);
        if (end == colon + 1 || *end || nth < 1) return false;
    }
    if (n == 0 || n >= sizeof kill_at.name) return false;
    memcpy(kill_at.name, text, n);
    kill_at.name[n] = '\0';
    kill_at.nth = nth;
    atomic_store(&kill_at.passed, 0);
    return true;
}

void weir_fault_init(void) {
    const char *faults = getenv("WEIR_FAULT"), *point = getenv("WEIR_KILL_AT");
    const char *file = getenv("WEIR_FAULT_LOG");
    while (faults && *faults) {
        size_t n = strcspn(faults, ",");
        if (!arm_from_text(faults, n))
            fprintf(stderr, "weir: WEIR_FAULT: cannot read '%.*s'; say kind:n or kind:CODE@n\n",
                    (int)n, faults);
        faults += n + (faults[n] == ',');
    }
    if (point && *point && !kill_from_text(point))
        fprintf(stderr, "weir: WEIR_KILL_AT: cannot read '%s'; say point or point:n\n", point);
    if (file && *file && strlen(file) < sizeof log_path && log_path[0] == '\0') {
        memcpy(log_path, file, strlen(file) + 1);
        atexit(log_passed);
    }
    switch_on();
}
