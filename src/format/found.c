/* The names of the columns that were found in a source, and where they stand among them. */
#include "format/infer.h"

#include "text/hash.h"

static size_t slot_of(const weir_found *f, const char *name) {
    size_t mask = f->n_slots - 1, at = weir_hash_bytes(name, strlen(name), 0) & mask;
    while (f->slots[at] && strcmp(f->names[f->slots[at] - 1].name, name) != 0) at = (at + 1) & mask;
    return at;
}

static weir_status grow_slots(weir_found *f, weir_error *err) {
    size_t n = f->n_slots ? f->n_slots * 2 : 64;
    uint32_t *slots = weir_alloc_zero(n, sizeof *slots);
    if (!slots) return weir_error_nomem(err);
    weir_free(f->slots);
    f->slots = slots;
    f->n_slots = n;
    for (size_t i = 0; i < f->n_names; i++)
        f->slots[slot_of(f, f->names[i].name)] = (uint32_t)i + 1;
    return WEIR_OK;
}

const weir_found_name *weir_found_find(const weir_found *f, const char *name) {
    uint32_t number = f->n_slots ? f->slots[slot_of(f, name)] : 0;
    return number ? &f->names[number - 1] : NULL;
}

weir_status weir_found_add(weir_found *f, const char *name, weir_error *err) {
    weir_status status = WEIR_OK;
    if (f->n_names * 2 >= f->n_slots) {
        status = grow_slots(f, err);
        if (status != WEIR_OK) return status;
    }
    size_t at = slot_of(f, name);
    if (f->slots[at]) return WEIR_OK;
    status = weir_grow((void **)&f->names, &f->names_capacity, f->n_names + 1, sizeof *f->names,
                       WEIR_TYPE_MAX_FIELDS, err);
    if (status != WEIR_OK) return status;
    weir_found_name *n = &f->names[f->n_names];
    *n = (weir_found_name){.name = weir_arena_strdup(&f->arena, name), .lacking = UINT32_MAX};
    if (!n->name) return weir_error_nomem(err);
    f->slots[at] = (uint32_t)++f->n_names;
    return WEIR_OK;
}

void weir_found_clear(weir_found *f) {
    weir_inference_free(f->evidence);
    weir_free(f->names);
    weir_free(f->slots);
    weir_free(f->unread.reason);
    weir_arena_clear(&f->arena);
    memset(f, 0, sizeof *f);
}
