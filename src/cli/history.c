/* weir status, runs, show, rejects: what the state remembers. */
#include <stdio.h>
#include <sys/stat.h>

#include "cli/cli.h"

int cli_open_history(const cli_args *a, weir_session *s, const char *word) {
    weir_error err = {0};
    const char *folder = cli_flag_value(a, "--state");
    weir_status status;
    if (word) {
        if (weir_api_load(s, word, NULL, &err) != WEIR_OK) return cli_fail_diags(&s->diags, &err);
        status = weir_api_open_state(s, false, &err);
    } else {
        status = weir_api_open_state_at(s, folder ? folder : ".weir", &err);
    }
    if (status == WEIR_OK) return EXIT_OK;
    weir_error_hint(&err,
                    "name the pipeline file, or the folder with --state; nothing is there before "
                    "the first run");
    return cli_fail(&err);
}

/* Prints what the state answers; says so when that is nothing. */
static int print_query(const cli_args *a, weir_session *s, weir_state_what what,
                       const weir_state_filter *filter, const char *const *columns, size_t n,
                       const char *nothing) {
    weir_state_result result = {0};
    weir_error err = {0};
    int code = EXIT_OK;
    if (weir_state_query(s->state, what, filter, NULL, &result, &err) != WEIR_OK)
        code = cli_fail(&err);
    else if (result.rows) {
        if (cli_print_batches(a, result.batches, result.n, columns, n, &err) != WEIR_OK)
            code = cli_fail(&err);
    } else if (!a->json && nothing)
        printf("%s\n", nothing);
    weir_state_result_clear(&result);
    return code;
}

static const char *pipeline_of(const weir_session *s) {
    return s->pipeline ? s->pipeline->name : NULL;
}

int cli_cmd_runs(cli_args *a) {
    static const char *const columns[] = {"run_id",  "pipeline",    "status",
                                          "started", "duration_us", "rows_in",
                                          "loaded",  "rejected",    "error"};
    weir_session s;
    weir_session_init(&s);
    int code = cli_open_history(a, &s, a->n ? a->words[0] : NULL);
    weir_state_filter filter = {.pipeline = pipeline_of(&s), .newest_first = true, .limit = 20};
    if (code == EXIT_OK)
        code = print_query(a, &s, WEIR_STATE_RUNS, &filter, columns, a->json ? 0 : 9, "no run yet");
    weir_session_clear(&s);
    return code;
}

int cli_cmd_status(cli_args *a) {
    static const char *const runs[] = {"run_id",  "pipeline", "status",  "started",
                                       "rows_in", "loaded",   "rejected"};
    static const char *const epochs[] = {"pipeline", "step", "epoch", "state", "run_id"};
    static const char *const rejects[] = {"run_id", "step", "rows", "path"};
    weir_session s;
    weir_session_init(&s);
    int code = cli_open_history(a, &s, a->n ? a->words[0] : NULL);
    if (code != EXIT_OK) goto out;
    if (!a->json) printf("last runs\n");
    weir_state_filter filter = {.pipeline = pipeline_of(&s), .newest_first = true, .limit = 5};
    code = print_query(a, &s, WEIR_STATE_RUNS, &filter, runs, 7, "  none");
    if (code != EXIT_OK || a->json) goto out;
    weir_state_epochs open = {0};
    weir_error err = {0};
    if (weir_state_epochs_unfinished(s.state, pipeline_of(&s), &open, &err) != WEIR_OK) {
        code = cli_fail(&err);
        goto out;
    }
    if (open.n) {
        printf("\nunfinished: the next run completes or undoes it\n");
        filter.newest_first = true;
        filter.limit = open.n;
        code = print_query(a, &s, WEIR_STATE_EPOCHS, &filter, epochs, 5, "");
    }
    weir_state_epochs_clear(&open);
    printf("\nopen rejects\n");
    filter = (weir_state_filter){.pipeline = pipeline_of(&s), .status = "open", .limit = 100};
    if (code == EXIT_OK)
        code = print_query(a, &s, WEIR_STATE_REJECTS, &filter, rejects, 4, "  none");
out:
    weir_session_clear(&s);
    return code;
}

static int check_run(weir_session *s, const char *run) {
    weir_state_filter filter = {.run_id = run, .limit = 1};
    weir_state_result result = {0};
    weir_error err = {0};
    int code = EXIT_OK;
    if (weir_state_query(s->state, WEIR_STATE_RUNS, &filter, NULL, &result, &err) != WEIR_OK) {
        code = cli_fail(&err);
    } else if (result.rows == 0) {
        fprintf(stderr, "weir show: there is no run %s; `weir runs` lists them\n", run);
        code = EXIT_USAGE;
    }
    weir_state_result_clear(&result);
    return code;
}

int cli_cmd_show(cli_args *a) {
    static const char *const steps[] = {"step",     "status",   "source",      "sink",  "rows_in",
                                        "loaded",   "inserted", "updated",     "stale", "rejected",
                                        "filtered", "files",    "duration_us", "error"};
    static const char *const operators[] = {"step", "operator", "in",       "created",
                                            "out",  "rejected", "filtered", "absorbed"};
    static const char *const runs[] = {"run_id", "pipeline", "status",  "exit_code", "started",
                                       "ended",  "file",     "version", "error"};
    static const char *const rejects[] = {"step", "rows", "state", "path"};
    weir_session s;
    weir_session_init(&s);
    int code = cli_open_history(a, &s, a->n > 1 ? a->words[1] : NULL);
    weir_state_filter filter = {.run_id = a->words[0], .limit = 1000};
    if (code == EXIT_OK) code = check_run(&s, a->words[0]);
    if (code == EXIT_OK) code = print_query(a, &s, WEIR_STATE_RUNS, &filter, runs, 9, NULL);
    if (code == EXIT_OK && !a->json) printf("\n");
    if (code == EXIT_OK) code = print_query(a, &s, WEIR_STATE_STEPS, &filter, steps, 14, NULL);
    if (code == EXIT_OK && !a->json) printf("\n");
    if (code == EXIT_OK)
        code = print_query(a, &s, WEIR_STATE_OPERATORS, &filter, operators, 8, NULL);
    if (code == EXIT_OK && !a->json) printf("\n");
    if (code == EXIT_OK) code = print_query(a, &s, WEIR_STATE_REJECTS, &filter, rejects, 4, NULL);
    weir_session_clear(&s);
    return code;
}

/* ---- rejects ------------------------------------------------------------------------------- */

static int rejects_list(const cli_args *a, weir_session *s) {
    static const char *const columns[] = {"run_id", "pipeline", "step", "rows", "state", "path"};
    weir_state_filter filter = {.pipeline = pipeline_of(s),
                                .status = cli_flag_value(a, "--status"),
                                .run_id = cli_flag_value(a, "--run"),
                                .newest_first = true,
                                .limit = 1000};
    return print_query(a, s, WEIR_STATE_REJECTS, &filter, columns, 6, "no rejects");
}

typedef struct shown {
    const cli_args *a;
    uint64_t left;
} shown;

static weir_status show_batch(void *context, const weir_batch *b, weir_error *err) {
    static const char *const columns[] = {"address", "stage", "field", "rule", "reason", "raw"};
    shown *x = context;
    weir_status status = WEIR_OK;
    weir_batch *one = (weir_batch *)(uintptr_t)b;
    uint32_t all = one->n_selected;
    if (one->n_selected > x->left) one->n_selected = (uint32_t)x->left;
    if (one->n_selected)
        status = cli_print_batches(x->a, &one, 1, columns, x->a->json ? 0 : 6, err);
    x->left -= one->n_selected;
    one->n_selected = all;
    return status;
}

/* Calls `each` with the path of every reject set of a run. */
static int rejects_show(const cli_args *a, weir_session *s, const char *run) {
    const char *limit = cli_flag_value(a, "--limit");
    weir_state_filter filter = {.run_id = run, .limit = 1000};
    weir_state_result sets = {0};
    weir_error err = {0};
    uint64_t rows = 0;
    shown x = {.a = a, .left = 20};
    if (limit && (!weir_option_parse_size(weir_slice_of(limit), &rows) || rows == 0)) {
        fprintf(stderr, "weir rejects: --limit wants a number, not %s\n", limit);
        return EXIT_USAGE;
    }
    if (limit) x.left = rows;
    int code = EXIT_OK;
    if (weir_state_query(s->state, WEIR_STATE_REJECTS, &filter, NULL, &sets, &err) != WEIR_OK)
        code = cli_fail(&err);
    for (size_t i = 0; code == EXIT_OK && i < sets.n; i++) {
        const weir_batch *b = sets.batches[i];
        int field = weir_schema_find(b->schema, "path", 4);
        for (uint32_t r = 0; code == EXIT_OK && x.left && r < b->length; r++) {
            weir_slice path = weir_column_slice(b->columns[field], r);
            char *copy = weir_arena_strndup(&s->arena, path.data, path.size);
            if (!copy || weir_api_rejects_read(s, copy, show_batch, &x, &err) != WEIR_OK)
                code = cli_fail(&err);
        }
    }
    if (code == EXIT_OK && sets.rows == 0) printf("run %s has no rejects\n", run);
    weir_state_result_clear(&sets);
    return code;
}

static int rejects_discard(weir_session *s, const char *run) {
    weir_error err = {0};
    uint64_t marked = 0;
    if (weir_state_reject_mark(s->state, run, NULL, NULL, WEIR_REJECTS_DISCARDED, run, &marked,
                               &err) != WEIR_OK)
        return cli_fail(&err);
    if (marked == 0) {
        fprintf(stderr, "weir rejects: run %s has no rejects\n", run);
        return EXIT_USAGE;
    }
    printf("%llu reject set%s of run %s discarded; the files stay until they are pruned\n",
           (unsigned long long)marked, marked == 1 ? "" : "s", run);
    return EXIT_OK;
}

static int rejects_replay(const cli_args *a, weir_session *s) {
    weir_error err = {0};
    weir_run_result result;
    weir_api_run_options options = {.trigger = "replay"};
    if (!s->pipeline) {
        fprintf(stderr,
                "weir rejects replay: name the pipeline FILE that the records are to go through\n");
        return EXIT_USAGE;
    }
    cli_catch_signals(s);
    if (weir_api_replay(s, cli_flag_value(a, "--run"), &options, &result, &err) != WEIR_OK)
        return cli_fail_diags(&s->diags, &err);
    return cli_print_run(a, s, &result);
}

int cli_cmd_rejects(cli_args *a) {
    weir_session s;
    weir_session_init(&s);
    const char *verb = a->words[0], *word = a->n > 1 ? a->words[1] : NULL;
    bool list = strcmp(verb, "list") == 0, replay = strcmp(verb, "replay") == 0;
    bool show = strcmp(verb, "show") == 0, discard = strcmp(verb, "discard") == 0;
    int code;
    if (!list && !replay && !show && !discard) {
        fprintf(stderr, "weir rejects: list, show, replay or discard, not %s\n", verb);
        code = EXIT_USAGE;
    } else if ((show || discard) && !word) {
        fprintf(stderr, "weir rejects %s: name the RUN; `weir rejects list` shows them\n", verb);
        code = EXIT_USAGE;
    } else {
        const char *file = list || replay ? word : a->n > 2 ? a->words[2] : NULL;
        code = cli_open_history(a, &s, file);
    }
    if (code == EXIT_OK)
        code = list      ? rejects_list(a, &s)
               : show    ? rejects_show(a, &s, word)
               : discard ? rejects_discard(&s, word)
                         : rejects_replay(a, &s);
    weir_session_clear(&s);
    return code;
}
