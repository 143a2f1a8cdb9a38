/* What the tests of src/spec share: loading a text and looking at its errors. */
#ifndef WEIR_TESTS_SPEC_REGISTRY_H
#define WEIR_TESTS_SPEC_REGISTRY_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "fake_registry.h"

/* A loaded text and all it needs. */
typedef struct loaded {
    weir_arena arena;
    weir_diags diags;
    weir_pipeline *p; /* NULL unless status is WEIR_OK */
    weir_status status;
    weir_error err;
} loaded;

static inline void load_with(loaded *l, const char *text, const weir_spec_registry *registry,
                             const weir_spec_options *options) {
    weir_spec_options o = {.folder = "."};
    memset(l, 0, sizeof *l);
    if (options) o = *options;
    if (!o.references.variable) o.references.variable = test_variable;
    weir_diags_init(&l->diags, "p.yaml");
    l->status = weir_pipeline_load_text(weir_slice_of(text), registry, &o, &l->arena, &l->diags,
                                        &l->p, &l->err);
}

static inline void load_text(loaded *l, const char *text) {
    load_with(l, text, &test_registry, NULL);
}

static inline void unload(loaded *l) {
    weir_diags_clear(&l->diags);
    weir_arena_clear(&l->arena);
}

/* The printed errors; the caller frees. */
static inline char *printed(const weir_diags *d) {
    weir_buf b = {0};
    assert_true(weir_diags_print(d, &b));
    char *text = weir_strdup(weir_buf_cstr(&b));
    weir_buf_clear(&b);
    return text;
}

/* Fails with the errors when there are any. */
static inline void expect_good(const loaded *l) {
    char *text = printed(&l->diags);
    if (text[0]) fail_msg("%s", text);
    assert_int_equal(l->status, WEIR_OK);
    weir_free(text);
}

#endif
