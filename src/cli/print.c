/* Numbers, sizes, errors as people read them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

const char *cli_count(uint64_t n, char *buf) {
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    char *p = buf;
    for (int i = 0; i < size; i++) {
        if (i && (size - i) % 3 == 0) *p++ = ',';
        *p++ = digits[i];
    }
    *p = '\0';
    return buf;
}

const char *cli_size(uint64_t bytes, char *buf) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double v = (double)bytes;
    int u = 0;
    while (v >= 1024 && u < 4) v /= 1024, u++;
    snprintf(buf, 32, u ? "%.1f %s" : "%.0f %s", v, units[u]);
    return buf;
}

const char *cli_time(int64_t us, char *buf) {
    if (us < 1000000)
        snprintf(buf, 32, "%.0f ms", (double)us / 1e3);
    else if (us < 60000000)
        snprintf(buf, 32, "%.2f s", (double)us / 1e6);
    else
        snprintf(buf, 32, "%lld min %02lld s", (long long)(us / 60000000),
                 (long long)(us / 1000000 % 60));
    return buf;
}

bool cli_color(const cli_args *a, int fd) {
    const char *no = getenv("NO_COLOR");
    return !a->no_color && !a->json && !(no && *no) && isatty(fd);
}

static int code_of(weir_status status) {
    switch (status) {
    case WEIR_OK: return EXIT_OK;
    case WEIR_USAGE: return EXIT_USAGE;
    case WEIR_LIMIT: return EXIT_LIMIT;
    case WEIR_CANCELLED: return 130;
    default: return EXIT_FAILED;
    }
}

static bool wants_json;

void cli_set_json(bool json) {
    wants_json = json;
}

static int say(const weir_error *err) {
    char text[2048];
    fprintf(stderr, "weir: %s\n", weir_error_format(err, text, sizeof text));
    return code_of(err->status);
}

/* What a command that failed leaves on standard output. */
static int put_failure(int code, const weir_diags *d, const weir_error *err) {
    printf("{\"run_id\":null,\"status\":\"failed\",\"exit_code\":%d,\"errors\":", code);
    cli_json_errors(d, err);
    printf(",\"steps\":[]}\n");
    return code;
}

int cli_fail(const weir_error *err) {
    static const weir_diags none;
    int code = say(err);
    return wants_json ? put_failure(code, &none, err) : code;
}

int cli_usage(const char *format, ...) {
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fputs(text, stderr);
    if (!wants_json) return EXIT_USAGE;
    static const weir_diags none;
    weir_error err = {0};
    (void)weir_error_set(&err, WEIR_USAGE, "%.*s", (int)strcspn(text, "\n"), text);
    return put_failure(EXIT_USAGE, &none, &err);
}

int cli_fail_diags(const weir_diags *d, const weir_error *err) {
    int code = cli_say_diags(d, err);
    return wants_json ? put_failure(code, d, err) : code;
}

int cli_say_diags(const weir_diags *d, const weir_error *err) {
    if (d->n == 0) return err ? say(err) : EXIT_USAGE;
    weir_buf text = {0};
    weir_error nomem = {0};
    if (!weir_diags_print(d, &text) || d->nomem) (void)weir_error_nomem(&nomem);
    if (text.size) fwrite(text.data, 1, text.size, stderr);
    weir_buf_clear(&text);
    if (nomem.status != WEIR_OK) return say(&nomem);
    if (err && err->status != WEIR_USAGE && err->status != WEIR_OK) return say(err);
    return EXIT_USAGE;
}

/* A member of a JSON object; null where there is no text. */
static void put_member(const char *name, const char *text) {
    printf(",\"%s\":", name);
    if (text && *text)
        cli_json_string(text, strlen(text));
    else
        printf("null");
}

static void put_place(const char *file, int64_t line, int64_t column) {
    printf("{\"file\":");
    if (file && *file)
        cli_json_string(file, strlen(file));
    else
        printf("null");
    if (line > 0)
        printf(",\"line\":%lld,\"column\":%lld", (long long)line, (long long)column);
    else
        printf(",\"line\":null,\"column\":null");
}

void cli_json_errors(const weir_diags *d, const weir_error *err) {
    bool any = false;
    putchar('[');
    for (size_t i = 0; i < d->n; i++) {
        const weir_diag *x = &d->items[i];
        if (any) putchar(',');
        any = true;
        put_place(x->file ? x->file : d->file, x->line, x->column);
        put_member("key", x->key);
        put_member("severity", x->warning ? "warning" : "error");
        put_member("message", x->message);
        put_member("hint", x->hint);
        putchar('}');
    }
    bool told = d->n_errors && err && err->status == WEIR_USAGE;
    if (err && err->status != WEIR_OK && !told) {
        if (any) putchar(',');
        put_place(err->source, err->line, err->column);
        put_member("key", err->key);
        put_member("severity", "error");
        put_member("message", err->message);
        put_member("hint", err->hint);
        putchar('}');
    }
    putchar(']');
}

int cli_refuse(const cli_args *a, const weir_diags *d, const weir_error *err) {
    int code = cli_say_diags(d, err);
    return a->json ? put_failure(code, d, err) : code;
}

weir_status cli_load(const cli_args *a, weir_session *s, const char *path, weir_error *err) {
    return cli_load_for(a, s, path, false, err);
}

weir_status cli_load_for(const cli_args *a, weir_session *s, const char *path, bool history,
                         weir_error *err) {
    weir_api_load_options options = {.params = {a->n_params, a->param_names, a->param_values},
                                     .target = cli_flag_value(a, "--target"),
                                     .history = history,
                                     .n_env_files = a->n_env_files,
                                     .env_files = a->env_files};
    return weir_api_load_with(s, path, &options, err);
}
