/* weir preview, weir test. */
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"

typedef struct view {
    const cli_args *a;
    uint64_t rejected;
} view;

static weir_status see(void *context, int number, const char *name, const weir_batch *batch,
                       weir_error *err) {
    view *v = context;
    weir_batch *one = (weir_batch *)(uintptr_t)batch;
    if (!v->a->json)
        printf("%s%d %s: %u rows\n", number < 0 ? "" : "\n", number + 1, name, batch->n_selected);
    if (v->a->json || batch->n_selected == 0) return WEIR_OK;
    return cli_print_batches(v->a, &one, 1, NULL, 0, err);
}

static weir_status see_json(void *context, int number, const char *name, const weir_batch *batch,
                            weir_error *err) {
    view *v = context;
    weir_batch *one = (weir_batch *)(uintptr_t)batch;
    (void)name;
    (void)number;
    return cli_print_batches(v->a, &one, 1, NULL, 0, err);
}

static weir_status rejected(void *context, const weir_batch *rejects, weir_error *err) {
    static const char *const columns[] = {"address", "field", "rule", "reason"};
    view *v = context;
    weir_batch *one = (weir_batch *)(uintptr_t)rejects;
    v->rejected += rejects->n_selected;
    if (v->a->json) return WEIR_OK;
    printf("\nrejected: %u rows\n", rejects->n_selected);
    return cli_print_batches(v->a, &one, 1, columns, 4, err);
}

int cli_cmd_preview(cli_args *a) {
    weir_session s;
    weir_error err = {0};
    view v = {.a = a};
    uint64_t rows = 20;
    const char *limit = cli_flag_value(a, "--rows");
    if (limit && (!weir_option_parse_size(weir_slice_of(limit), &rows) || rows == 0)) {
        fprintf(stderr, "weir preview: -n wants a number of rows, not %s\n", limit);
        return EXIT_USAGE;
    }
    weir_session_init(&s);
    weir_api_preview how = {
        .max_rows = rows, .see = a->json ? see_json : see, .rejected = rejected, .context = &v};
    int code = EXIT_OK;
    cli_catch_signals(&s);
    if (cli_load(a, &s, a->words[0], &err) != WEIR_OK ||
        weir_api_preview_step(&s, a->n > 1 ? a->words[1] : NULL, &how, &err) != WEIR_OK)
        code = cli_fail_diags(&s.diags, &err);
    weir_session_clear(&s);
    return code;
}

static int print_results(const cli_args *a, const weir_api_test_result *r, size_t n) {
    size_t failed = 0;
    for (size_t i = 0; i < n; i++) {
        failed += !r[i].passed;
        if (a->json) {
            printf("{\"name\":");
            cli_json_string(r[i].name, strlen(r[i].name));
            printf(",\"passed\":%s,\"why\":", r[i].passed ? "true" : "false");
            cli_json_string(r[i].why, strlen(r[i].why));
            printf("}\n");
        } else if (r[i].passed) {
            if (!a->quiet) printf("ok      %s\n", r[i].name);
        } else {
            printf("failed  %s: %s\n", r[i].name, r[i].why);
        }
    }
    if (!a->json) printf("%zu passed, %zu failed\n", n - failed, failed);
    return failed ? EXIT_FAILED : EXIT_OK;
}

int cli_cmd_test(cli_args *a) {
    weir_session s;
    weir_error err = {0};
    weir_api_test_result *results = NULL;
    size_t n = 0;
    weir_session_init(&s);
    int code;
    if (cli_load(a, &s, a->words[0], &err) != WEIR_OK ||
        weir_api_test(&s, &results, &n, &err) != WEIR_OK) {
        code = cli_fail_diags(&s.diags, &err);
    } else if (n == 0) {
        fprintf(stderr, "weir test: %s has no tests: section\n", a->words[0]);
        code = EXIT_USAGE;
    } else {
        code = print_results(a, results, n);
        if (code && s.diags.n_errors) cli_fail_diags(&s.diags, NULL);
    }
    weir_session_clear(&s);
    return code;
}
