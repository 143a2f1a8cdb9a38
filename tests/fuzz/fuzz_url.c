/* Fuzzes web addresses and their queries, and the texts that lose their accents. */
#include <stdint.h>
#include <stdlib.h>

#include "text/unaccent.h"
#include "text/url.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

/* A part lies within the address. */
static void within(weir_slice part, const char *text, size_t size) {
    if (part.data) check(part.data >= text && part.data + part.size <= text + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1), *out = malloc(size + 1);
    if (!text || !out) abort();
    if (size) memcpy(text, data, size);
    weir_url u = {0};
    if (weir_url_split((weir_slice){text, size}, &u)) {
        check(u.scheme.size > 0 && u.host.size > 0);
        const weir_slice parts[] = {u.scheme, u.user, u.host, u.port, u.path, u.query, u.fragment};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) within(parts[i], text, size);
    }
    u = (weir_url){0};
    if (weir_url_split_reference((weir_slice){text, size}, &u)) {
        const weir_slice parts[] = {u.scheme, u.user, u.host, u.port, u.path, u.query, u.fragment};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) within(parts[i], text, size);
    }
    weir_slice query = {text, size}, name, value;
    size_t left = size + 1;
    while (weir_url_next(&query, &name, &value)) {
        within(name, text, size);
        within(value, text, size);
        check(query.size < left);
        left = query.size;
    }
    weir_entity_find(text, size);
    size_t n = weir_unaccent(text, size, out);
    check(n <= size);
    if (weir_utf8_valid(text, size)) check(weir_utf8_valid(out, n));
    free(text);
    free(out);
    return 0;
}
