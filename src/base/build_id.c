#include "base/build_id.h"

#include <link.h>
#include <string.h>

typedef struct search {
    uint8_t *id;
    size_t cap, size;
} search;

/* Whether the loaded object holds the address. */
static bool holds(const struct dl_phdr_info *object, uintptr_t address) {
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &object->dlpi_phdr[i];
        if (p->p_type == PT_LOAD && address - object->dlpi_addr - p->p_vaddr < p->p_memsz)
            return true;
    }
    return false;
}

static size_t padded(size_t n) {
    return (n + 3) & ~(size_t)3;
}

static int look(struct dl_phdr_info *object, size_t size, void *context) {
    search *s = context;
    (void)size;
    if (!holds(object, (uintptr_t)&look)) return 0;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &object->dlpi_phdr[i];
        if (p->p_type != PT_NOTE) continue;
        const char *notes = (const char *)(object->dlpi_addr + p->p_vaddr);
        for (size_t at = 0; at + sizeof(ElfW(Nhdr)) <= p->p_memsz;) {
            ElfW(Nhdr) n;
            memcpy(&n, notes + at, sizeof n);
            at += sizeof n;
            size_t name = padded(n.n_namesz), text = padded(n.n_descsz);
            if (name > p->p_memsz - at || text > p->p_memsz - at - name) break;
            if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && !memcmp(notes + at, "GNU", 4)) {
                s->size = n.n_descsz < s->cap ? n.n_descsz : s->cap;
                memcpy(s->id, notes + at + name, s->size);
                return 1;
            }
            at += name + text;
        }
    }
    return 1;
}

size_t weir_build_id(uint8_t *id, size_t cap) {
    search s = {.id = id, .cap = cap};
    dl_iterate_phdr(look, &s);
    return s.size;
}
