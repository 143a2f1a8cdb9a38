/* The fault layer: fails the n-th allocation, read, write, fsync, rename, and kills the process at
 * a named commit point.  Switched on by the environment only:
 *
 *     WEIR_FAULT=malloc:17 | read:3 | write:ENOSPC@5 | fsync:2 | rename:1 | open:1 |
 *                sqlite:9                an allocation of SQLite's own
 *     WEIR_KILL_AT=after-decision[:n]     SIGKILL to itself at the n-th passage of that point
 *     WEIR_FAULT_LOG=FILE                 appends `fired KIND:N` when a fault fires, and at exit
 *                                         `passed KIND:N ...`, the events of each kind
 *
 * When neither is set, a check is one read of a plain bool.
 */
#ifndef WEIR_BASE_FAULT_H
#define WEIR_BASE_FAULT_H

#include <stdbool.h>

typedef enum weir_fault_kind {
    WEIR_FAULT_MALLOC,
    WEIR_FAULT_READ,
    WEIR_FAULT_WRITE,
    WEIR_FAULT_FSYNC,
    WEIR_FAULT_RENAME,
    WEIR_FAULT_OPEN,
    WEIR_FAULT_SQLITE,
    WEIR_FAULT_KINDS
} weir_fault_kind;

extern bool weir_fault_on;
/* Reads WEIR_FAULT, WEIR_KILL_AT and WEIR_FAULT_LOG; called once by main and by test programs. */
void weir_fault_init(void);
/* Tests: fail the nth (1-based) event of kind with errno value code; nth 0 switches off. */
void weir_fault_arm(weir_fault_kind kind, long nth, int code);
/* How many events of the kind have passed since the last arm. */
long weir_fault_count(weir_fault_kind kind);
int weir_fault_next(weir_fault_kind kind);   /* the errno to fail with, or 0 */
void weir_fault_point_hit(const char *name); /* may not return */

/* True (with *code set) when this event is to fail. */
static inline bool weir_fault(weir_fault_kind kind, int *code) {
    return weir_fault_on && (*code = weir_fault_next(kind)) != 0;
}
/* A commit point by name; docs/delivery.md lists them. */
static inline void weir_fault_point(const char *name) {
    if (weir_fault_on) weir_fault_point_hit(name);
}

#endif
