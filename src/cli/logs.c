/* weir logs: the journal of a run. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"

#define LINES_MAX 100000u

static bool is_level(const char *word) {
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    for (size_t i = 0; i < 4; i++)
        if (strcmp(word, levels[i]) == 0) return true;
    return false;
}

static int weight(weir_slice level) {
    return weir_slice_is(level, "error")  ? 3
           : weir_slice_is(level, "warn") ? 2
           : weir_slice_is(level, "info") ? 1
                                          : 0;
}

/* {"a":1,"b":"x"} as `a=1 b=x`: made by weir itself, so simply read. */
static void put_fields(weir_slice json) {
    bool quoted = false;
    for (size_t i = 1; i + 1 < json.size; i++) {
        char c = json.data[i];
        if (c == '\\' && quoted && i + 2 < json.size) {
            fputc(json.data[++i] == 'n' ? ' ' : json.data[i], stdout);
        } else if (c == '"') {
            quoted = !quoted;
        } else {
            fputc(quoted ? c : c == ':' ? '=' : c == ',' ? ' ' : c, stdout);
        }
    }
}

static void put_text_line(const weir_batch *b, uint32_t row, bool color) {
    weir_slice level = weir_state_text(b, "level", row), step = weir_state_text(b, "step", row);
    weir_slice text = weir_state_text(b, "text", row), fields = weir_state_text(b, "fields", row);
    weir_buf at = {0};
    int f = weir_schema_find(b->schema, "at", 2);
    if (weir_column_text(b->columns[f], row, &at)) printf("%s", weir_buf_cstr(&at));
    weir_buf_clear(&at);
    int w = weight(level);
    const char *code = !color ? "" : w == 3 ? "\033[31m" : w == 2 ? "\033[33m" : "";
    printf("  %s%-5.*s%s  %.*s%s%.*s", code, (int)level.size, level.data, *code ? "\033[0m" : "",
           (int)step.size, step.data, step.size ? ": " : "", (int)text.size, text.data);
    if (fields.size > 2) {
        printf("  ");
        put_fields(fields);
    }
    printf("\n");
}

static void put_json_line(const weir_batch *b, uint32_t row) {
    static const char *const columns[] = {"run_id", "at", "level", "step", "text"};
    weir_slice fields = weir_state_text(b, "fields", row);
    weir_buf raw = {0};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        int f = weir_schema_find(b->schema, columns[i], strlen(columns[i]));
        raw.size = 0;
        if (f < 0 || !weir_column_json(b->columns[f], row, &raw)) continue;
        printf("%s\"%s\":%s", i ? "," : "{",
               i == 1   ? "time"
               : i == 4 ? "message"
                        : columns[i],
               weir_buf_cstr(&raw));
    }
    printf(",\"fields\":%.*s}\n", fields.size ? (int)fields.size : 2,
           fields.size ? fields.data : "{}");
    weir_buf_clear(&raw);
}

/* Prints the lines behind the first `passed` ones; *passed: how many there are now. */
static int put_lines(const cli_args *a, weir_session *s, const char *run, uint64_t *passed) {
    const char *level = cli_flag_value(a, "--level");
    weir_state_filter filter = {
        .run_id = run, .step = cli_flag_value(a, "--step"), .offset = *passed, .limit = LINES_MAX};
    weir_state_result found = {0};
    weir_error err = {0};
    if (weir_state_query(s->state, WEIR_STATE_EVENTS, &filter, NULL, &found, &err) != WEIR_OK)
        return cli_fail(&err);
    int least = level ? weight(weir_slice_of(level)) : a->verbosity > 0 ? 0 : 1;
    bool color = cli_color(a, STDOUT_FILENO);
    for (size_t i = 0; i < found.n; i++)
        for (uint32_t r = 0; r < found.batches[i]->length; r++) {
            if (weight(weir_state_text(found.batches[i], "level", r)) < least) continue;
            if (a->json)
                put_json_line(found.batches[i], r);
            else
                put_text_line(found.batches[i], r, color);
        }
    *passed += found.rows;
    weir_state_result_clear(&found);
    fflush(stdout);
    return EXIT_OK;
}

static bool is_running(weir_session *s, const char *run) {
    weir_state_filter filter = {.run_id = run, .limit = 1};
    weir_state_result found = {0};
    weir_error ignored = {0};
    bool yes =
        weir_state_query(s->state, WEIR_STATE_RUNS, &filter, NULL, &found, &ignored) == WEIR_OK &&
        found.rows && weir_slice_is(weir_state_text(found.batches[0], "status", 0), "running");
    weir_state_result_clear(&found);
    return yes;
}

int cli_cmd_logs(cli_args *a) {
    weir_session s;
    const char *run = NULL, *level = cli_flag_value(a, "--level");
    uint64_t passed = 0;
    if (level && !is_level(level)) {
        return cli_usage("weir logs: --level is error, warn, info or debug, not %s\n", level);
    }
    weir_session_init(&s);
    int code = cli_open_run(a, &s, a->words[0], a->n > 1 ? a->words[1] : NULL, &run);
    if (code == EXIT_OK) code = put_lines(a, &s, run, &passed);
    if (code == EXIT_OK && cli_flag_value(a, "--follow")) {
        cli_catch_signals(&s);
        bool more = true;
        while (code == EXIT_OK && more && !weir_cancel_requested(&s.cancel)) {
            weir_clock_sleep_us(200000);
            more = is_running(&s, run);
            code = put_lines(a, &s, run, &passed);
        }
        code = cli_signal_exit_code(&s, code);
    }
    weir_session_clear(&s);
    return code;
}
