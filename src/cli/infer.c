/* weir infer: what the columns of files are. */
#include <stdio.h>

#include "api/infer.h"
#include "cli/cli.h"

/* Options that have a flag of their own, because they are wanted often. */
static const struct {
    const char *flag, *option;
} shortcuts[] = {{"--delimiter", "delimiter"},
                 {"--encoding", "encoding"},
                 {"--header", "header"},
                 {"--skip", "skip"},
                 {"--null", "null"}};
#define SHORTCUTS (sizeof shortcuts / sizeof *shortcuts)

bool cli_source_options(cli_args *a, cli_options *out) {
    size_t n = 0;
    const char **names = weir_arena_zero(&a->arena, a->n_params + SHORTCUTS + 1, sizeof *names);
    const char **values = weir_arena_zero(&a->arena, a->n_params + SHORTCUTS + 1, sizeof *values);
    if (!names || !values) return false;
    for (size_t i = 0; i < a->n_params; i++) {
        names[n] = a->param_names[i];
        values[n++] = a->param_values[i];
    }
    for (size_t i = 0; i < SHORTCUTS; i++) {
        const char *value = cli_flag_value(a, shortcuts[i].flag);
        if (!value) continue;
        names[n] = shortcuts[i].option;
        values[n++] = value;
    }
    *out = (cli_options){n, names, values};
    return true;
}

static int print_result(const cli_args *a, const weir_infer_result *r) {
    weir_buf text = {0};
    bool ok = a->json ? weir_api_infer_json(r, &text) : weir_api_infer_yaml(r, 0, &text);
    if (ok) fwrite(text.data, 1, text.size, stdout);
    if (!ok) fprintf(stderr, "weir: memory is short\n");
    if (ok && r->sampled && !a->quiet)
        fprintf(stderr,
                "only the first MiB was looked at: what stands behind it may be otherwise\n");
    weir_buf_clear(&text);
    return ok ? EXIT_OK : EXIT_FAILED;
}

int cli_cmd_infer(cli_args *a) {
    weir_session s;
    weir_error err = {0};
    weir_infer_result result = {0};
    weir_source_options options = {.n_paths = a->n,
                                   .paths = a->words,
                                   .format = cli_flag_value(a, "--format"),
                                   .columns = cli_flag_value(a, "--columns"),
                                   .table = cli_flag_value(a, "--table"),
                                   .query = cli_flag_value(a, "--query"),
                                   .infer = cli_flag_value(a, "--sample") ? "sample" : NULL,
                                   .memory = cli_flag_value(a, "--memory"),
                                   .threads = cli_flag_value(a, "--threads")};
    cli_options further = {0};
    weir_session_init(&s);
    cli_catch_signals(&s);
    bool ok = cli_source_options(a, &further);
    options.n_options = further.n;
    options.option_names = further.names;
    options.option_values = further.values;
    int code;
    if (!ok)
        code = cli_fail(weir_error_nomem(&err) == WEIR_OK ? NULL : &err);
    else if (weir_api_load_source(&s, &options, &err) != WEIR_OK ||
             weir_api_infer(&s, 0, &result, &err) != WEIR_OK)
        code = cli_signal_exit_code(&s, cli_refuse(a, &s.diags, &err));
    else
        code = print_result(a, &result);
    weir_session_clear(&s);
    return code;
}
