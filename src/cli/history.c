/* weir status, runs, show, rejects: what the state remembers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

/* The state folder when no pipeline file is named; NULL = memory is short. */
static const char *folder_here(const cli_args *a, weir_session *s) {
    const char *folder = cli_flag_value(a, "--state"), *target = cli_flag_value(a, "--target");
    if (folder) return folder;
    if (!target) target = getenv("WEIR_TARGET");
    if (!target || !*target) return WEIR_SPEC_STATE_FOLDER;
    return weir_pipeline_state_of_target(WEIR_SPEC_STATE_FOLDER, target, &s->arena);
}

int cli_open_history(const cli_args *a, weir_session *s, const char *word, bool whole) {
    weir_error err = {0};
    weir_status status;
    if (word) {
        if (cli_load_for(a, s, word, !whole, &err) != WEIR_OK)
            return cli_fail_diags(&s->diags, &err);
        status = weir_api_open_state(s, false, &err);
    } else {
        const char *folder = folder_here(a, s);
        status = folder ? weir_api_open_state_at(s, folder, &err) : weir_error_nomem(&err);
    }
    if (status == WEIR_OK) return EXIT_OK;
    if (err.vendor_code == ENOENT && word) {
        weir_error none = {0};
        weir_error_set(&none, err.status, "%s has not run yet", word);
        weir_error_hint(&none, "`weir run %s` makes the first entry of its history", word);
        return cli_fail(&none);
    }
    if (err.vendor_code == ENOENT)
        weir_error_hint(&err,
                        "name the pipeline file, or the folder with --state; nothing is there "
                        "before the first run");
    return cli_fail(&err);
}

/* ---- which run ----------------------------------------------------------------------------- */

/* Whether a word has the form of a run's id: 20240131-120000-00ff. */
static bool is_run_id(const char *word) {
    static const char form[] = "dddddddd-dddddd-xxxx";
    size_t i = 0;
    for (; form[i] && word[i]; i++) {
        bool digit = word[i] >= '0' && word[i] <= '9';
        bool hex = digit || (word[i] >= 'a' && word[i] <= 'f');
        if (form[i] == 'd' ? !digit : form[i] == 'x' ? !hex : word[i] != '-') return false;
    }
    return !form[i] && !word[i];
}

static bool ends_in(const char *word, const char *end) {
    size_t n = strlen(word), m = strlen(end);
    return n >= m && strcmp(word + n - m, end) == 0;
}

/* Whether a word that may be a RUN or a FILE is a pipeline file. */
static bool is_file(const char *word) {
    if (is_run_id(word)) return false;
    return ends_in(word, ".yaml") || ends_in(word, ".yml") || access(word, F_OK) == 0;
}

static int fail_nomem(void) {
    weir_error err = {0};
    (void)weir_error_nomem(&err);
    return cli_fail(&err);
}

/* Finds one run of the state: *run, or (NULL) the pipeline's last.  *run is in the session's arena
 * then.  Returns 0, or the exit code after having said that there is none. */
static int find_run(const cli_args *a, weir_session *s, const char **run) {
    weir_state_filter filter = {.run_id = *run, .newest_first = true, .limit = 1};
    weir_state_result result = {0};
    weir_error err = {0};
    int code = EXIT_OK;
    if (!*run) filter.pipeline = s->pipeline->name;
    if (weir_state_query(s->state, WEIR_STATE_RUNS, &filter, NULL, &result, &err) != WEIR_OK) {
        code = cli_fail(&err);
    } else if (result.rows == 0) {
        if (*run)
            code = cli_usage("weir %s: there is no run %s; `weir runs` lists them\n",
                             a->command->name, *run);
        else
            code = cli_usage("weir %s: %s has no run yet\n", a->command->name, s->pipeline->file);
    } else {
        const weir_batch *b = result.batches[0];
        weir_slice id = weir_column_slice(b->columns[weir_schema_find(b->schema, "run_id", 6)], 0);
        *run = weir_arena_strndup(&s->arena, id.data, id.size);
        if (!*run) code = fail_nomem();
    }
    weir_state_result_clear(&result);
    return code;
}

int cli_open_run(const cli_args *a, weir_session *s, const char *word, const char *file,
                 const char **run) {
    bool last = !file && is_file(word);
    int code = cli_open_history(a, s, last ? word : file, false);
    *run = last ? NULL : word;
    return code == EXIT_OK ? find_run(a, s, run) : code;
}

int cli_print_query(const cli_args *a, weir_session *s, weir_state_what what,
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
    int code = cli_open_history(a, &s, a->n ? a->words[0] : NULL, false);
    weir_state_filter filter = {.pipeline = pipeline_of(&s), .newest_first = true, .limit = 20};
    if (code == EXIT_OK)
        code = cli_print_query(a, &s, WEIR_STATE_RUNS, &filter, columns, a->json ? 0 : 9,
                               "no run yet");
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
    int code = cli_open_history(a, &s, a->n ? a->words[0] : NULL, false);
    if (code != EXIT_OK) goto out;
    if (!a->json) printf("last runs\n");
    weir_state_filter filter = {.pipeline = pipeline_of(&s), .newest_first = true, .limit = 5};
    code = cli_print_query(a, &s, WEIR_STATE_RUNS, &filter, runs, 7, "  none");
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
        code = cli_print_query(a, &s, WEIR_STATE_EPOCHS, &filter, epochs, 5, "");
    }
    weir_state_epochs_clear(&open);
    printf("\nopen rejects\n");
    filter = (weir_state_filter){.pipeline = pipeline_of(&s), .status = "open", .limit = 100};
    if (code == EXIT_OK)
        code = cli_print_query(a, &s, WEIR_STATE_REJECTS, &filter, rejects, 4, "  none");
out:
    weir_session_clear(&s);
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
    const char *run = NULL;
    int code = cli_open_run(a, &s, a->words[0], a->n > 1 ? a->words[1] : NULL, &run);
    weir_state_filter filter = {.run_id = run, .limit = 1000};
    if (code == EXIT_OK) code = cli_print_query(a, &s, WEIR_STATE_RUNS, &filter, runs, 9, NULL);
    if (code == EXIT_OK && !a->json) printf("\n");
    if (code == EXIT_OK) code = cli_print_query(a, &s, WEIR_STATE_STEPS, &filter, steps, 14, NULL);
    if (code == EXIT_OK && !a->json) printf("\n");
    if (code == EXIT_OK)
        code = cli_print_query(a, &s, WEIR_STATE_OPERATORS, &filter, operators, 8, NULL);
    if (code == EXIT_OK && !a->json) printf("\n");
    if (code == EXIT_OK)
        code = cli_print_query(a, &s, WEIR_STATE_REJECTS, &filter, rejects, 4, NULL);
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
    return cli_print_query(a, s, WEIR_STATE_REJECTS, &filter, columns, 6, "no rejects");
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

/* Prints the records of all reject sets of a run, as many as are wanted. */
static int rejects_show(const cli_args *a, weir_session *s, const char *run) {
    const char *limit = cli_flag_value(a, "--limit");
    weir_state_filter filter = {.run_id = run, .limit = 1000};
    weir_state_result sets = {0};
    weir_error err = {0};
    uint64_t rows = 0;
    shown x = {.a = a, .left = 20};
    if (limit && (!weir_option_parse_size(weir_slice_of(limit), &rows) || rows == 0)) {
        return cli_usage("weir rejects: --limit wants a number, not %s\n", limit);
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
    if (code == EXIT_OK && sets.rows == 0)
        fprintf(a->json ? stderr : stdout, "run %s has no rejects\n", run);
    weir_state_result_clear(&sets);
    return code;
}

/* What discarding did with the reject sets of a run. */
typedef struct discarded {
    uint64_t now, before, replayed;
} discarded;

/* Only open sets are marked: one that was replayed stays so. */
static weir_status discard_open(weir_session *s, const char *run, const weir_state_result *sets,
                                discarded *out, weir_error *err) {
    weir_status status = WEIR_OK;
    for (size_t i = 0; i < sets->n; i++) {
        const weir_batch *b = sets->batches[i];
        const weir_column *state = b->columns[weir_schema_find(b->schema, "state", 5)];
        const weir_column *step = b->columns[weir_schema_find(b->schema, "step", 4)];
        const weir_column *path = b->columns[weir_schema_find(b->schema, "path", 4)];
        for (uint32_t r = 0; r < b->length; r++) {
            weir_slice is = weir_column_slice(state, r);
            if (!weir_slice_is(is, "open")) {
                *(weir_slice_is(is, "replayed") ? &out->replayed : &out->before) += 1;
                continue;
            }
            weir_slice at = weir_column_slice(path, r), of = weir_column_slice(step, r);
            char *path_text = weir_arena_strndup(&s->arena, at.data, at.size);
            char *step_text = weir_arena_strndup(&s->arena, of.data, of.size);
            uint64_t marked = 0;
            if (!path_text || !step_text) return weir_error_nomem(err);
            status = weir_state_reject_mark(s->state, run, step_text, path_text,
                                            WEIR_REJECTS_DISCARDED, run, &marked, err);
            if (status != WEIR_OK) return status;
            out->now += marked;
        }
    }
    return status;
}

static void print_discarded(const char *run, const discarded *d) {
    if (d->now)
        printf("%llu reject set%s of run %s discarded; the files stay until they are pruned\n",
               (unsigned long long)d->now, d->now == 1 ? "" : "s", run);
    if (d->replayed)
        printf("%llu reject set%s of run %s %s been replayed already\n",
               (unsigned long long)d->replayed, d->replayed == 1 ? "" : "s", run,
               d->replayed == 1 ? "has" : "have");
    if (d->before)
        printf("%llu reject set%s of run %s %s discarded already\n", (unsigned long long)d->before,
               d->before == 1 ? "" : "s", run, d->before == 1 ? "was" : "were");
}

static int rejects_discard(weir_session *s, const char *run) {
    weir_state_filter filter = {.run_id = run, .limit = 10000};
    weir_state_result sets = {0};
    weir_error err = {0};
    discarded d = {0};
    int code = EXIT_OK;
    if (weir_state_query(s->state, WEIR_STATE_REJECTS, &filter, NULL, &sets, &err) != WEIR_OK ||
        discard_open(s, run, &sets, &d, &err) != WEIR_OK)
        code = cli_fail(&err);
    else if (sets.rows == 0)
        printf("run %s has no rejects\n", run);
    else
        print_discarded(run, &d);
    weir_state_result_clear(&sets);
    return code;
}

static int rejects_replay(const cli_args *a, weir_session *s) {
    weir_error err = {0};
    weir_run_result result;
    weir_api_run_options options = {.trigger = "replay"};
    if (!s->pipeline) {
        return cli_usage(
            "weir rejects replay: name the pipeline FILE that the records are to go through\n");
    }
    const char *run = cli_flag_value(a, "--run");
    int code = run ? find_run(a, s, &run) : EXIT_OK;
    if (code != EXIT_OK) return code;
    cli_catch_signals(s);
    if (weir_api_replay(s, run, &options, &result, &err) != WEIR_OK)
        return cli_refuse(a, &s->diags, &err);
    if (result.run_id[0]) return cli_print_run(a, s, &result);
    if (a->json)
        printf("{\"run_id\":null,\"status\":\"ok\",\"exit_code\":0,\"errors\":[],\"steps\":[]}\n");
    else if (!a->quiet)
        printf("there are no open rejects%s%s\n", run ? " of run " : "", run ? run : "");
    return EXIT_OK;
}

/* Opens the history that the words behind the verb speak of; *run for show and discard. */
static int open_rejects(const cli_args *a, weir_session *s, const char *verb, const char **run) {
    const char *word = a->n > 1 ? a->words[1] : NULL, *file = a->n > 2 ? a->words[2] : NULL;
    bool show = strcmp(verb, "show") == 0, discard = strcmp(verb, "discard") == 0;
    if (!show && !discard) return cli_open_history(a, s, word, strcmp(verb, "replay") == 0);
    if (!word) {
        return cli_usage("weir rejects %s: name the RUN; `weir rejects list` shows them\n", verb);
    }
    if (discard && !file && is_file(word)) { /* what is let go is named */
        return cli_usage(
            "weir rejects discard: name the RUN before %s; `weir rejects list %s` shows them\n",
            word, word);
    }
    return cli_open_run(a, s, word, file, run);
}

int cli_cmd_rejects(cli_args *a) {
    weir_session s;
    weir_session_init(&s);
    const char *verb = a->words[0], *run = NULL;
    bool list = strcmp(verb, "list") == 0, replay = strcmp(verb, "replay") == 0;
    bool show = strcmp(verb, "show") == 0, discard = strcmp(verb, "discard") == 0;
    int code = EXIT_USAGE;
    if (!list && !replay && !show && !discard)
        code = cli_usage("weir rejects: list, show, replay or discard, not %s\n", verb);
    else
        code = open_rejects(a, &s, verb, &run);
    if (code == EXIT_OK)
        code = list      ? rejects_list(a, &s)
               : show    ? rejects_show(a, &s, run)
               : discard ? rejects_discard(&s, run)
                         : rejects_replay(a, &s);
    weir_session_clear(&s);
    return code;
}
