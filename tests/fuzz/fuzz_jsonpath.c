/* Fuzzes JSONPath: text up to the first line feed is a query, the rest a document. */
#include <stdint.h>
#include <stdlib.h>

#include "text/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    const char *nl = size ? memchr(text, '\n', size) : NULL;
    size_t n = nl ? (size_t)(nl - text) : size;
    weir_jsonpath *path = NULL;
    weir_error err = {0};
    weir_status status = weir_jsonpath_new(text, n, &path, &err);
    check(status == WEIR_OK ||
          (status == WEIR_USAGE && err.column >= 1 && (size_t)err.column <= n + 1 && !path));
    weir_arena arena = {.max_bytes = (size_t)64 << 20};
    weir_json_limits limits = {.duplicates_last = true};
    const weir_json *root = NULL, **nodes = NULL;
    size_t found = 0;
    if (status == WEIR_OK && nl &&
        weir_json_parse(nl + 1, size - n - 1, &limits, &arena, &root, NULL) == WEIR_OK) {
        status = weir_jsonpath_find(path, root, &arena, &nodes, &found, &err);
        check(status == WEIR_OK || status == WEIR_DATA || status == WEIR_RESOURCE);
        if (status == WEIR_OK && weir_jsonpath_is_singular(path)) check(found <= 1);
    }
    weir_jsonpath_free(path);
    weir_arena_clear(&arena);
    return 0;
}
