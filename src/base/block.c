#include "base/mem.h"

#include "base/pool.h"

/* A block is one piece of the pool: header, data, padding. */
#define HEADER_BYTES 64
_Static_assert(sizeof(weir_block) <= HEADER_BYTES, "the header must leave data aligned");
_Static_assert(HEADER_BYTES + WEIR_BLOCK_PAD == WEIR_POOL_EXTRA_BYTES, "pool pieces must fit");

weir_status weir_block_new(weir_ledger *ledger, size_t capacity, weir_block **out,
                           weir_error *err) {
    size_t bytes = weir_pool_round(capacity);
    if (bytes < capacity) return weir_error_nomem(err);
    if (!weir_ledger_charge(ledger, bytes)) {
        weir_error_set(err, WEIR_RESOURCE,
                       "the memory budget '%s' is used up: %zu bytes more were needed",
                       ledger->name ? ledger->name : "run", bytes);
        weir_error_hint(err, "raise limits.memory");
        return WEIR_RESOURCE;
    }
    uint8_t *piece = weir_pool_take(bytes);
    if (!piece) {
        weir_ledger_release(ledger, bytes);
        return weir_error_nomem(err);
    }
    weir_block *b = (weir_block *)piece;
    atomic_init(&b->refs, 1);
    b->capacity = bytes;
    b->size = 0;
    b->data = piece + HEADER_BYTES;
    b->ledger = ledger;
    b->release = NULL;
    b->context = NULL;
    memset(b->data + bytes, 0, WEIR_BLOCK_PAD);
    *out = b;
    return WEIR_OK;
}

weir_status weir_block_wrap(void *data, size_t size, void (*release)(void *), void *context,
                            weir_block **out, weir_error *err) {
    weir_block *b = weir_alloc(sizeof *b);
    if (!b) return weir_error_nomem(err);
    atomic_init(&b->refs, 1);
    b->capacity = b->size = size;
    b->data = data;
    b->ledger = NULL;
    b->release = release;
    b->context = context;
    *out = b;
    return WEIR_OK;
}

weir_block *weir_block_retain(weir_block *b) {
    if (b) atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void weir_block_release(weir_block *b) {
    if (!b) return;
    if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1) return;
    /* Foreign memory may come without a release function: static data. */
    if (b->data != (uint8_t *)b + HEADER_BYTES) {
        if (b->release) b->release(b->context);
        weir_free(b);
        return;
    }
    weir_ledger *ledger = b->ledger;
    size_t bytes = b->capacity;
    weir_pool_give(b, bytes);
    weir_ledger_release(ledger, bytes);
}

void weir_block_trim(void) {
    weir_pool_trim();
}
