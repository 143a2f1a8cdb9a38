/* What all formats share: layouts and chunks. */
#include "format/format.h"

weir_status weir_layout_new(const char *const *names, uint32_t n, weir_layout **out,
                            weir_error *err) {
    weir_layout *l = weir_alloc_zero(1, sizeof *l);
    if (!l) return weir_error_nomem(err);
    atomic_init(&l->refs, 1);
    l->names = weir_alloc_zero(n ? n : 1, sizeof *l->names);
    if (!l->names) {
        weir_free(l);
        return weir_error_nomem(err);
    }
    for (uint32_t i = 0; i < n; i++) {
        l->names[i] = weir_strdup(names[i]);
        if (!l->names[i]) {
            weir_layout_release(l);
            return weir_error_nomem(err);
        }
        l->n_names++;
    }
    *out = l;
    return WEIR_OK;
}

weir_status weir_layout_describe(weir_layout *l, const char *dialect, weir_error *err) {
    if (!dialect || !*dialect) return WEIR_OK;
    char *copy = weir_strdup(dialect);
    if (!copy) return weir_error_nomem(err);
    weir_free((void *)(uintptr_t)l->dialect);
    l->dialect = copy;
    return WEIR_OK;
}

weir_status weir_layout_types(weir_layout *l, weir_error *err) {
    l->types = weir_alloc_zero(l->n_names ? l->n_names : 1, sizeof *l->types);
    return l->types ? WEIR_OK : weir_error_nomem(err);
}

weir_layout *weir_layout_retain(weir_layout *l) {
    if (l) atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
    return l;
}

void weir_layout_release(weir_layout *l) {
    if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1) return;
    if (l->private_free) l->private_free(l->private_data);
    for (uint32_t i = 0; i < l->n_names; i++) weir_free((void *)(uintptr_t)l->names[i]);
    weir_free(l->names);
    weir_free((void *)(uintptr_t)l->dialect);
    weir_free(l->types);
    weir_free(l);
}

void weir_chunk_clear(weir_chunk *c) {
    weir_block_release(c->block);
    weir_layout_release(c->layout);
    weir_block_release(c->index);
    memset(c, 0, sizeof *c);
}
