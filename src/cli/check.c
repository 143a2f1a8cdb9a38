/* weir check, weir version. */
#include <stdio.h>

#include "cli/cli.h"

/* One object: whether the file is sound, its steps, all faults and warnings, the plan. */
static void print_json(const cli_args *a, const weir_session *s, int code, const weir_buf *plan,
                       const weir_error *err) {
    printf("{\"file\":");
    cli_json_string(a->words[0], strlen(a->words[0]));
    printf(",\"ok\":%s,\"exit_code\":%d,\"steps\":[", code == EXIT_OK ? "true" : "false", code);
    for (size_t i = 0; s->pipeline && i < s->pipeline->n_steps; i++) {
        if (i) putchar(',');
        cli_json_string(s->pipeline->steps[i].name, strlen(s->pipeline->steps[i].name));
    }
    printf("],\"errors\":");
    cli_json_errors(&s->diags, err);
    printf(",\"plan\":");
    if (plan->size)
        fwrite(plan->data, 1, plan->size, stdout);
    else
        printf("null");
    printf("}\n");
}

int cli_cmd_check(cli_args *a) {
    weir_session s;
    weir_error err = {0};
    weir_buf plan = {0};
    weir_session_init(&s);
    int code = EXIT_OK;
    weir_status status = cli_load(a, &s, a->words[0], &err);
    if (status == WEIR_OK) status = weir_api_check(&s, 0, NULL, &err);
    if (status == WEIR_OK && cli_flag_value(a, "--connect"))
        status = weir_api_plan(&s, &(weir_api_run_options){0}, &plan, &err);
    if (status != WEIR_OK || s.diags.n_errors)
        code = cli_say_diags(&s.diags, &err);
    else if (s.diags.n)
        cli_say_diags(&s.diags, NULL); /* warnings */
    if (a->json) {
        print_json(a, &s, code, &plan, &err);
    } else if (code == EXIT_OK && !a->quiet) {
        if (plan.size && cli_print_plan(&plan) != EXIT_OK) code = EXIT_FAILED;
        printf("%s: ok, %zu step%s\n", a->words[0], s.pipeline->n_steps,
               s.pipeline->n_steps == 1 ? "" : "s");
    }
    weir_buf_clear(&plan);
    weir_session_clear(&s);
    return code;
}

int cli_cmd_version(cli_args *a) {
    weir_buf text = {0};
    if (!weir_api_version(&text, a->json)) return EXIT_FAILED;
    fwrite(text.data, 1, text.size, stdout);
    weir_buf_clear(&text);
    return EXIT_OK;
}
