/* weir run, weir copy: progress while it runs, a summary when it is over. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"

/* ---- signals ------------------------------------------------------------------------------- */

static weir_session *_Atomic interrupted_session;

static void on_signal(int number) {
    weir_session *s = atomic_load(&interrupted_session);
    if (!s || atomic_load(&s->cancel.requested)) _exit(128 + number);
    atomic_store(&s->cancel.requested, number);
}

void cli_catch_signals(weir_session *s) {
    atomic_store(&interrupted_session, s);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int cli_signal_exit_code(const weir_session *s, int otherwise) {
    int number = atomic_load(&((weir_session *)(uintptr_t)s)->cancel.requested);
    return number > 0 ? 128 + number : otherwise;
}

/* ---- progress ------------------------------------------------------------------------------ */

typedef struct progress {
    char step[128]; /* that the figures are of */
    int64_t begun_us;
    uint64_t bytes;
    bool shown;
} progress;

/* Figures count from the beginning of a step, and afresh when it is tried again. */
static double seconds_of(progress *p, const char *step, const weir_account *a) {
    int64_t now = weir_clock_monotonic_us();
    if (strncmp(p->step, step, sizeof p->step - 1) != 0) {
        if (p->step[0]) p->begun_us = now - 100000; /* it is told ten times a second */
        snprintf(p->step, sizeof p->step, "%s", step);
    } else if (a->bytes_read < p->bytes) {
        p->begun_us = now - 100000;
    }
    p->bytes = a->bytes_read;
    double s = (double)(now - p->begun_us) / 1e6;
    return s > 0.001 ? s : 0.001;
}

static void show_progress(void *context, const char *step, const weir_account *a) {
    progress *p = context;
    char x[32];
    double s = seconds_of(p, step, a), rate = (double)a->bytes_read / s;
    bool known = a->bytes_total >= a->bytes_read && a->bytes_total > 0;
    p->shown = true;
    fprintf(stderr, "\r\033[K%s: %s rows", step, cli_count(a->rows_read, x));
    fprintf(stderr, ", %s", cli_size(a->bytes_read, x));
    if (known) fprintf(stderr, " of %s", cli_size(a->bytes_total, x));
    fprintf(stderr, ", %s rows/s", cli_count((uint64_t)((double)a->rows_read / s), x));
    fprintf(stderr, ", %s/s", cli_size((uint64_t)rate, x));
    if (known && rate >= 1) {
        int64_t left = (int64_t)((double)(a->bytes_total - a->bytes_read) / rate * 1e6);
        fprintf(stderr, ", %s left", cli_time(left - left % 100000, x));
    }
    if (a->rows_rejected) fprintf(stderr, ", %s rejected", cli_count(a->rows_rejected, x));
    fflush(stderr);
}

/* ---- summary ------------------------------------------------------------------------------- */

static void json_text(const char *text) {
    cli_json_string(text ? text : "", text ? strlen(text) : 0);
}

/* Where the pipeline file wants the rejects of a step, beside the state folder: a path with the run
 * filled in, or a table.  false = nowhere, or memory is short. */
static bool reject_target(const weir_session *s, const char *run_id, const weir_step_result *r,
                          weir_buf *out) {
    const weir_pipeline *p = s->pipeline;
    size_t number = p ? weir_pipeline_find_step(p, r->step) : SIZE_MAX;
    if (!r->reject_path || number == SIZE_MAX || !p->steps[number].flow.rejects.has_sink)
        return false;
    const weir_node *sink = p->steps[number].flow.rejects.sink.node;
    const weir_node *path = weir_node_get(sink, "path"), *table = weir_node_get(sink, "table");
    const weir_node *value = table ? table : path;
    if (!value || value->kind != WEIR_NODE_SCALAR) return false;
    const char *text = value->secret && value->written ? value->written : value->text;
    if (table && !weir_buf_adds(out, "table ")) return false;
    for (const char *at; (at = strstr(text, "{run_id}")) != NULL; text = at + 8)
        if (!weir_buf_add(out, text, (size_t)(at - text)) || !weir_buf_adds(out, run_id))
            return false;
    return weir_buf_adds(out, text);
}

static void json_head(const weir_run_result *r, bool dry) {
    if (dry)
        printf("{\"run_id\":null,\"dry_run\":true");
    else
        printf("{\"run_id\":\"%s\"", r->run_id);
    printf(",\"status\":\"%s\",\"exit_code\":%d,\"duration_us\":%lld",
           weir_run_status_name(r->status), weir_run_exit_code(r), (long long)r->duration_us);
}

static void summary_json(const weir_session *session, const weir_run_result *r, bool dry) {
    json_head(r, dry);
    if (r->resumed) printf(",\"resumed\":\"%s\"", r->resumed);
    if (r->error.status != WEIR_OK) {
        char text[2048];
        printf(",\"error\":");
        json_text(weir_error_format(&r->error, text, sizeof text));
    }
    printf(",\"steps\":[");
    for (size_t i = 0; i < r->n_steps; i++) {
        const weir_step_result *s = &r->steps[i];
        const weir_account *a = &s->account;
        printf("%s{\"step\":", i ? "," : "");
        json_text(s->step);
        printf(",\"status\":\"%s\",\"read\":%llu,\"created\":%llu,\"loaded\":%llu,"
               "\"inserted\":%llu,\"updated\":%llu,\"unchanged\":%llu,\"stale\":%llu,\"rejected\":%"
               "llu,\"filtered\":%llu,"
               "\"warnings\":%llu,\"bytes_read\":%llu,"
               "\"files\":%llu,\"files_skipped\":%llu,\"duration_us\":%lld,\"error\":",
               weir_run_status_name(s->status), (unsigned long long)a->rows_read,
               (unsigned long long)a->rows_created, (unsigned long long)a->rows_loaded,
               (unsigned long long)a->loaded.inserted, (unsigned long long)a->loaded.updated,
               (unsigned long long)a->loaded.unchanged, (unsigned long long)a->loaded.stale,
               (unsigned long long)a->rows_rejected, (unsigned long long)a->rows_filtered,
               (unsigned long long)a->warnings, (unsigned long long)a->bytes_read,
               (unsigned long long)a->splits, (unsigned long long)a->splits_skipped,
               (long long)s->duration_us);
        if (s->error.status != WEIR_OK) {
            char text[2048];
            json_text(weir_error_format(&s->error, text, sizeof text));
        } else {
            printf("null");
        }
        printf(",\"unread\":");
        if (a->unread[0])
            json_text(a->unread);
        else
            printf("null");
        printf(",\"rejects\":");
        if (s->reject_path && !dry)
            json_text(s->reject_path);
        else
            printf("null");
        weir_buf target = {0};
        printf(",\"rejects_sink\":");
        if (reject_target(session, r->run_id, s, &target))
            json_text(weir_buf_cstr(&target));
        else
            printf("null");
        weir_buf_clear(&target);
        printf(",\"operators\":[");
        for (size_t k = 0; k < a->n_operators; k++) {
            const weir_operator_account *o = &a->operators[k];
            printf("%s{\"operator\":\"%s\",\"in\":%llu,\"created\":%llu,\"out\":%llu,"
                   "\"rejected\":%llu,\"filtered\":%llu}",
                   k ? "," : "", o->name, (unsigned long long)o->in, (unsigned long long)o->created,
                   (unsigned long long)o->out, (unsigned long long)o->rejected,
                   (unsigned long long)o->filtered);
        }
        printf("],\"cpu_ms\":{\"cut\":%.1f,\"parse\":%.1f,\"transform\":%.1f,\"validate\":%.1f,"
               "\"encode\":%.1f,\"write\":%.1f}}",
               (double)a->phases.cut / 1e6, (double)a->phases.parse / 1e6,
               (double)a->phases.transform / 1e6, (double)a->phases.validate / 1e6,
               (double)a->phases.encode / 1e6, (double)a->phases.write / 1e6);
    }
    printf("]}\n");
}

static void step_line(const weir_session *session, const char *run_id, const weir_step_result *s,
                      bool dry) {
    const weir_account *a = &s->account;
    char x[32], y[32], t[32];
    fprintf(stderr, "%s: ", s->step);
    if (s->untried) {
        fprintf(stderr, "not tried, it reads what an earlier step writes: %s\n", s->untried);
        return;
    }
    if (s->status == WEIR_RUN_SKIPPED) {
        fprintf(stderr, "not run, a step it needs failed\n");
        return;
    }
    if (s->completed_run && a->rows_read == 0) {
        fprintf(stderr, "done already by run %s, which was interrupted\n", s->completed_run);
        return;
    }
    if (s->nothing_new && a->rows_read == 0) {
        fprintf(stderr, "nothing new to read\n");
        return;
    }
    fprintf(stderr, "%s read", cli_count(a->rows_read, x));
    if (a->rows_created) fprintf(stderr, ", %s created", cli_count(a->rows_created, x));
    if (a->rows_filtered) fprintf(stderr, ", %s filtered", cli_count(a->rows_filtered, x));
    if (a->rows_rejected) fprintf(stderr, ", %s rejected", cli_count(a->rows_rejected, x));
    if (a->warnings) fprintf(stderr, ", %s warnings", cli_count(a->warnings, x));
    if (s->status == WEIR_RUN_OK || s->status == WEIR_RUN_PARTIAL) {
        fprintf(stderr, dry ? ", %s would be loaded" : ", %s loaded", cli_count(a->rows_loaded, x));
        if (a->loaded.updated || a->loaded.stale || a->loaded.unchanged)
            fprintf(stderr, " (%s new, %s updated", cli_count(a->loaded.inserted, x),
                    cli_count(a->loaded.updated, y));
        if (a->loaded.stale) fprintf(stderr, ", %s stale", cli_count(a->loaded.stale, x));
        if (a->loaded.unchanged)
            fprintf(stderr, ", %s unchanged", cli_count(a->loaded.unchanged, x));
        if (a->loaded.updated || a->loaded.stale || a->loaded.unchanged) fprintf(stderr, ")");
    } else {
        fprintf(stderr, dry ? ", nothing would be loaded" : ", nothing loaded");
    }
    fprintf(stderr, " in %s", cli_time(s->duration_us, t));
    double seconds = (double)s->duration_us / 1e6;
    if (seconds > 0.5 && a->bytes_read)
        fprintf(stderr, " (%s/s)", cli_size((uint64_t)((double)a->bytes_read / seconds), x));
    fprintf(stderr, "\n");
    if (s->account.splits_skipped)
        fprintf(stderr, "  %llu file%s skipped\n", (unsigned long long)a->splits_skipped,
                s->account.splits_skipped == 1 ? " was" : "s were");
    if (s->completed_run)
        fprintf(stderr, "  completed what run %s had decided when it was interrupted\n",
                s->completed_run);
    bool loaded = s->status == WEIR_RUN_OK || s->status == WEIR_RUN_PARTIAL;
    if (a->unread[0] && loaded) fprintf(stderr, "  %s\n", a->unread); /* else the error says it */
    weir_buf target = {0};
    if (reject_target(session, run_id, s, &target))
        fprintf(stderr, "  rejects: %s\n", weir_buf_cstr(&target));
    weir_buf_clear(&target);
    if (s->reject_path) fprintf(stderr, "  rejects: %s\n", s->reject_path);
}

static void summary_phases(const weir_run_result *r) {
    for (size_t i = 0; i < r->n_steps; i++) {
        const weir_phases *p = &r->steps[i].account.phases;
        fprintf(stderr,
                "%s: CPU ms: cut %.0f, parse %.0f, transform %.0f, validate %.0f, encode %.0f, "
                "write %.0f\n",
                r->steps[i].step, (double)p->cut / 1e6, (double)p->parse / 1e6,
                (double)p->transform / 1e6, (double)p->validate / 1e6, (double)p->encode / 1e6,
                (double)p->write / 1e6);
    }
}

/* Each step's own error; r->error is that of the first step that failed, or of the run. */
static void print_errors(const weir_run_result *r) {
    char text[2048];
    size_t failed = 0;
    for (size_t i = 0; i < r->n_steps; i++) failed += r->steps[i].error.status != WEIR_OK;
    for (size_t i = 0; failed > 1 && i < r->n_steps; i++)
        if (r->steps[i].error.status != WEIR_OK)
            fprintf(stderr, "weir: %s: %s\n", r->steps[i].step,
                    weir_error_format(&r->steps[i].error, text, sizeof text));
    if (failed <= 1 && r->error.status != WEIR_OK)
        fprintf(stderr, "weir: %s\n", weir_error_format(&r->error, text, sizeof text));
}

/* told: the error stood among those of the file already. */
static void summary_text(const cli_args *a, const weir_session *s, const weir_run_result *r,
                         bool told, bool dry) {
    if (!a->quiet)
        for (size_t i = 0; i < r->n_steps; i++) step_line(s, r->run_id, &r->steps[i], dry);
    if (a->verbosity > 0) summary_phases(r);
    if (!told) print_errors(r);
    if (a->quiet) return;
    if (dry)
        fprintf(stderr, "dry run: %s, nothing was written\n", weir_run_status_name(r->status));
    else
        fprintf(stderr, "run %s: %s\n", r->run_id, weir_run_status_name(r->status));
}

int cli_run_session(const cli_args *a, weir_session *s, weir_api_run_options *options) {
    weir_error err = {0};
    weir_run_result result;
    progress p = {.begun_us = weir_clock_monotonic_us()};
    cli_catch_signals(s);
    if (isatty(STDERR_FILENO) && !a->quiet && !a->json) {
        options->progress = show_progress;
        options->progress_context = &p;
    }
    weir_status status = weir_api_run(s, options, &result, &err);
    if (p.shown) fprintf(stderr, "\r\033[K");
    if (status != WEIR_OK) return cli_signal_exit_code(s, cli_refuse(a, &s->diags, &err));
    return cli_print_run(a, s, &result);
}

int cli_print_run(const cli_args *a, const weir_session *s, const weir_run_result *r) {
    bool dry = cli_flag_value(a, "--dry-run") != NULL;
    if (s->diags.n_errors) cli_say_diags(&s->diags, NULL);
    if (a->json)
        summary_json(s, r, dry);
    else
        summary_text(a, s, r, s->diags.n_errors && r->error.status == WEIR_USAGE, dry);
    int code = cli_signal_exit_code(s, weir_run_exit_code(r));
    if (code == EXIT_OK && cli_flag_value(a, "--strict"))
        for (size_t i = 0; i < r->n_steps; i++)
            if (r->steps[i].account.rows_rejected) code = EXIT_PARTIAL;
    return code;
}

/* ---- the plan ------------------------------------------------------------------------------ */

int cli_run_options(const cli_args *a, weir_api_run_options *out) {
    const char *limit = cli_flag_value(a, "--limit");
    *out = (weir_api_run_options){.n_steps = a->n - 1,
                                  .steps = a->words + 1,
                                  .n_select = a->n_select,
                                  .select = a->select,
                                  .full_refresh = cli_flag_value(a, "--full-refresh") != NULL,
                                  .dry = cli_flag_value(a, "--dry-run") != NULL};
    if (!limit) return EXIT_OK;
    if (weir_option_parse_size(weir_slice_of(limit), &out->limit_rows) && out->limit_rows)
        return EXIT_OK;
    return cli_usage("weir %s: --limit wants a number of rows, not %s\n", a->command->name, limit);
}

int cli_print_plan(const weir_buf *json) {
    weir_buf text = {0};
    weir_error err = {0};
    int code = EXIT_OK;
    if (weir_api_plan_text((weir_slice){json->data, json->size}, &text, &err) != WEIR_OK)
        code = cli_fail(&err);
    else
        fwrite(text.data, 1, text.size, stdout);
    weir_buf_clear(&text);
    return code;
}

int cli_cmd_plan(cli_args *a) {
    weir_session s;
    weir_error err = {0};
    weir_buf json = {0};
    weir_api_run_options options;
    const char *run = cli_flag_value(a, "--run");
    weir_session_init(&s);
    int code = cli_run_options(a, &options);
    if (code != EXIT_OK) goto out;
    cli_catch_signals(&s);
    if (cli_load(a, &s, a->words[0], &err) != WEIR_OK ||
        (run ? weir_api_plan_of(&s, run, &json, &err) : weir_api_plan(&s, &options, &json, &err)) !=
            WEIR_OK)
        code = cli_refuse(a, &s.diags, &err);
    else if (a->json)
        printf("%.*s\n", (int)json.size, json.data);
    else
        code = cli_print_plan(&json);
out:
    weir_buf_clear(&json);
    weir_session_clear(&s);
    return code;
}

/* ---- the commands -------------------------------------------------------------------------- */

int cli_cmd_run(cli_args *a) {
    weir_session s;
    weir_error err = {0};
    weir_session_init(&s);
    int code;
    if (cli_load(a, &s, a->words[0], &err) != WEIR_OK) {
        code = cli_refuse(a, &s.diags, &err);
    } else {
        weir_api_run_options options;
        code = cli_run_options(a, &options);
        if (code == EXIT_OK) code = cli_run_session(a, &s, &options);
    }
    weir_session_clear(&s);
    return code;
}

int cli_cmd_copy(cli_args *a) {
    weir_session s;
    weir_error err = {0};
    weir_session_init(&s);
    const char *format = cli_flag_value(a, "--format");
    if (!format) format = cli_flag_value(a, "--from-format");
    cli_options further = {0};
    bool ok = cli_source_options(a, &further);
    weir_copy_options copy = {.table = cli_flag_value(a, "--table"),
                              .source_table = cli_flag_value(a, "--source-table"),
                              .query = cli_flag_value(a, "--query"),
                              .mode = cli_flag_value(a, "--mode"),
                              .version = cli_flag_value(a, "--version-column"),
                              .key = cli_flag_value(a, "--key"),
                              .rejects = cli_flag_value(a, "--rejects"),
                              .columns = cli_flag_value(a, "--columns"),
                              .source_format = format,
                              .n_options = further.n,
                              .option_names = further.names,
                              .option_values = further.values,
                              .target_format = cli_flag_value(a, "--to-format"),
                              .max_ratio = cli_flag_value(a, "--max-ratio"),
                              .memory = cli_flag_value(a, "--memory"),
                              .threads = cli_flag_value(a, "--threads"),
                              .incremental = cli_flag_value(a, "--incremental") != NULL};
    int code;
    if (!ok) {
        code = cli_fail(weir_error_nomem(&err) == WEIR_OK ? NULL : &err);
    } else if (weir_api_load_copy(&s, a->words[0], a->words[1], &copy, &err) != WEIR_OK) {
        code = cli_refuse(a, &s.diags, &err);
    } else {
        weir_api_run_options options = {.trigger = "copy"};
        code = cli_run_session(a, &s, &options);
    }
    weir_session_clear(&s);
    return code;
}
