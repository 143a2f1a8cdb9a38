/* Fuzzes --env-file: any bytes are parsed, and a fault shows nothing of them. */
#include <stdint.h>
#include <stdlib.h>
#include "api/env_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    weir_env_file e = {0};
    weir_arena arena = {.max_bytes = (size_t)64 << 20};
    weir_error err = {0};
    weir_slice text = {(const char *)data, size};
    weir_status status = weir_env_file_parse(&e, text, "x", &arena, &err);
    check(status == WEIR_OK || status == WEIR_USAGE || status == WEIR_RESOURCE);
    for (size_t i = 0; i < e.n; i++) {
        check(e.items[i].name[0] && !strchr(e.items[i].name, '='));
        check(weir_env_file_variable(&e, e.items[i].name) != NULL);
    }
    weir_env_file_clear(&e);
    weir_arena_clear(&arena);
    return 0;
}
