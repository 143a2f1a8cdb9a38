/* weir test: the inline tests of a file. */
#include <stdio.h>

#include "cli/cli.h"

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
        code = cli_usage("weir test: %s has no tests: section\n", a->words[0]);
    } else {
        code = print_results(a, results, n);
        if (code && s.diags.n_errors) cli_say_diags(&s.diags, NULL);
    }
    weir_session_clear(&s);
    return code;
}
