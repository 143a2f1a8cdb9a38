#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define POOL_OFF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define POOL_OFF 1
#endif
#endif
#ifndef POOL_OFF
#define POOL_OFF 0 /* 1: keep nothing, so that a sanitizer sees each use after free */
#endif

/* Kept pieces of one class form a stack; the link lies in the piece itself. */
typedef struct piece {
    struct piece *next;
} piece;

/* 4 KiB .. 4 MiB are 10 doublings of 4 classes each, and the last size. */
#define CLASSES 41
static struct {
    pthread_mutex_t lock;
    piece *top;
} classes[CLASSES] = {[0 ... CLASSES - 1] = {PTHREAD_MUTEX_INITIALIZER, NULL}};
static atomic_size_t kept_bytes;

/* Class number of a size within MIN..MAX, rounded up. */
static unsigned class_of(size_t bytes) {
    unsigned log = 63 - (unsigned)__builtin_clzll((unsigned long long)bytes);
    size_t quarter = (size_t)1 << (log - 2);
    size_t steps = (bytes - ((size_t)1 << log) + quarter - 1) / quarter;
    return (log - 12) * 4 + (unsigned)steps;
}

static size_t class_bytes(unsigned number) {
    size_t base = WEIR_POOL_MIN_BYTES << (number / 4);
    return base + (base >> 2) * (number % 4);
}

size_t weir_pool_round(size_t bytes) {
    if (bytes >= WEIR_POOL_MIN_BYTES && bytes <= WEIR_POOL_MAX_BYTES)
        return class_bytes(class_of(bytes));
    if (bytes > PTRDIFF_MAX - 4096) return 0;
    return (bytes + 63) & ~(size_t)63;
}

static bool is_class(size_t bytes) {
    return !POOL_OFF && bytes >= WEIR_POOL_MIN_BYTES && bytes <= WEIR_POOL_MAX_BYTES;
}

static void *pop(unsigned number) {
    pthread_mutex_lock(&classes[number].lock);
    piece *p = classes[number].top;
    if (p) classes[number].top = p->next;
    pthread_mutex_unlock(&classes[number].lock);
    if (p) atomic_fetch_sub(&kept_bytes, class_bytes(number));
    return p;
}

void *weir_pool_take(size_t bytes) {
    int code;
    if (weir_fault(WEIR_FAULT_MALLOC, &code)) return NULL;
    if (is_class(bytes)) {
        void *p = pop(class_of(bytes));
        if (p) return p;
    }
    return weir_pool_from_system(bytes + WEIR_POOL_EXTRA_BYTES);
}

/* Makes room for `bytes` more by freeing kept pieces of the largest classes: what an earlier phase
 * of the run left behind must not keep the present one from being served. */
static bool make_room(size_t bytes, unsigned except) {
    for (unsigned number = CLASSES; number-- > 0;) {
        while (number != except) {
            if (atomic_load(&kept_bytes) + bytes <= WEIR_POOL_KEPT_BYTES) return true;
            void *p = pop(number);
            if (!p) break;
            weir_free(p);
        }
    }
    return atomic_load(&kept_bytes) + bytes <= WEIR_POOL_KEPT_BYTES;
}

void weir_pool_give(void *p, size_t bytes) {
    if (!p) return;
    if (!is_class(bytes)) {
        weir_free(p);
        return;
    }
    unsigned number = class_of(bytes);
    /* Reserve first, so that threads together stay below the cap. */
    if (atomic_fetch_add(&kept_bytes, bytes) + bytes > WEIR_POOL_KEPT_BYTES) {
        atomic_fetch_sub(&kept_bytes, bytes);
        if (!make_room(bytes, number)) {
            weir_free(p);
            return;
        }
        if (atomic_fetch_add(&kept_bytes, bytes) + bytes > WEIR_POOL_KEPT_BYTES) {
            atomic_fetch_sub(&kept_bytes, bytes);
            weir_free(p);
            return;
        }
    }
    piece *kept = p;
    pthread_mutex_lock(&classes[number].lock);
    kept->next = classes[number].top;
    classes[number].top = kept;
    pthread_mutex_unlock(&classes[number].lock);
}

void weir_pool_trim(void) {
    for (unsigned number = 0; number < CLASSES; number++) {
        void *p;
        while ((p = pop(number)) != NULL) weir_free(p);
    }
}

size_t weir_pool_kept(void) {
    return atomic_load(&kept_bytes);
}
