/* What all formats share: layouts, chunks, and finding a format by name. */
#include "format/format.h"

#include <strings.h>

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

weir_layout *weir_layout_retain(weir_layout *l) {
    if (l) atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
    return l;
}

void weir_layout_release(weir_layout *l) {
    if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1) return;
    if (l->private_free) l->private_free(l->private_data);
    for (uint32_t i = 0; i < l->n_names; i++) weir_free((void *)(uintptr_t)l->names[i]);
    weir_free(l->names);
    weir_free(l);
}

void weir_chunk_clear(weir_chunk *c) {
    weir_block_release(c->block);
    weir_layout_release(c->layout);
    memset(c, 0, sizeof *c);
}

const weir_format *weir_format_find(const char *name) {
    for (const weir_format *const *f = weir_formats; *f; f++)
        if (strcmp((*f)->name, name) == 0) return *f;
    return NULL;
}

const weir_format *weir_format_of_path(const char *path) {
    size_t size = strlen(path);
    weir_codec_of_name(path, &size);
    for (const weir_format *const *f = weir_formats; *f; f++) {
        for (const char *const *e = (*f)->extensions; e && *e; e++) {
            size_t n = strlen(*e);
            if (n < size && strncasecmp(path + size - n, *e, n) == 0) return *f;
        }
    }
    return NULL;
}
