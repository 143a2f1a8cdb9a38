/* Every YAML example of docs/pipeline-file.md is a pipeline that the program's own tables accept.
 */
#include "registry.h"
#include "transform/transform.h"
#include "validate/validate.h"

static char *read_page(void) {
    static char text[65536];
    const char *root = getenv("WEIR_ROOT");
    char path[4096];
    snprintf(path, sizeof path, "%s/docs/pipeline-file.md", root ? root : ".");
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

static void load_example(const char *text) {
    static const weir_operator_kind *const *const operators[] = {weir_transform_kinds,
                                                                 weir_validate_kinds, NULL};
    static const weir_spec_registry registry = {.connectors = weir_connectors,
                                                .formats = weir_formats,
                                                .operators = operators,
                                                .features = WEIR_SPEC_PARAMS | WEIR_SPEC_TARGETS};
    const char *names[] = {"day"}, *values[] = {"2024-01-31"};
    weir_spec_options o = {0};
    if (strstr(text, "params:")) o.params = (weir_spec_params){1, names, values};
    loaded l;
    load_with(&l, text, &registry, &o);
    char *errors = printed(&l.diags);
    if (errors[0]) fail_msg("%s\n%s", text, errors);
    assert_int_equal(l.status, WEIR_OK);
    weir_free(errors);
    unload(&l);
}

static void test_examples(void **state) {
    (void)state;
    char *page = read_page(), *at = page;
    size_t n = 0;
    if (!page) {
        printf("skipped: docs/pipeline-file.md is not below the working directory\n");
        skip();
    }
    while ((at = strstr(at, "```yaml\n")) != NULL) {
        char *end = strstr(at + 8, "```");
        assert_non_null(end);
        *end = '\0';
        load_example(at + 8);
        at = end + 1;
        n++;
    }
    assert_int_equal(n, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
