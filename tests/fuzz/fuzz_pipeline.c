/* Fuzzes the pipeline file: YAML, references, option tables, all checks.  The first byte chooses
 * which parts of the language are on. */
#include <stdint.h>
#include <stdlib.h>
#include "../unit/spec/fake_registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

static const char *hidden[] = {"table", "day"};
static const char *values[] = {"canary-1", "2024-02-29"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    weir_spec_registry registry = test_registry;
    registry.features = data[0] & 1 ? UINT32_MAX : 0;
    weir_spec_options options = {.references.variable = test_variable, .folder = "/nonexistent"};
    if (data[0] & 2) options.params = (weir_spec_params){2, hidden, values};
    weir_arena arena = {.max_bytes = (size_t)128 << 20};
    weir_diags diags;
    weir_pipeline *p = NULL;
    weir_error err = {0};
    weir_buf text = {0};
    weir_diags_init(&diags, "fuzz.yaml");
    weir_slice input = {(const char *)data + 1, size - 1};
    weir_status status =
        weir_pipeline_load_text(input, &registry, &options, &arena, &diags, &p, &err);
    check(status == WEIR_OK || status == WEIR_USAGE || status == WEIR_RESOURCE);
    check((status == WEIR_OK) == (p != NULL));
    check(status != WEIR_OK || diags.n_errors == 0);
    check(status != WEIR_USAGE || (diags.n_errors > 0 && err.status == WEIR_USAGE));
    check(weir_diags_print(&diags, &text));
    for (size_t i = 0; i < text.size; i++)
        check((unsigned char)text.data[i] >= 0x20 || text.data[i] == '\n');
    /* What variables hold is in no message, unless the file says the word itself. */
    if (text.size && !memmem(input.data, input.size, "canary", 6))
        check(!memmem(text.data, text.size, "canary", 6));
    for (size_t i = 0; p && i < p->n_steps; i++) check(p->order[i] < p->n_steps);
    weir_buf_clear(&text);
    weir_diags_clear(&diags);
    weir_arena_clear(&arena);
    return 0;
}
