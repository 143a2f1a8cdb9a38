/* weir init: a pipeline to begin with. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/init.h"
#include "cli/cli.h"

/* The pipeline, an example, a .gitignore. */
#define WROTE_MAX 4

/* What is to be written, and where. */
typedef struct plan {
    cli_args *a;
    weir_session *s;
    const char *folder; /* "." at least */
    const char *file;   /* path of the pipeline file */
    size_t n_data;
    const char **data; /* as seen from folder */
    size_t n_wrote;
    const char *wrote[WROTE_MAX];
} plan;

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A word without a suffix that is nothing yet is a folder to be made. */
static bool is_new_folder(const char *word) {
    struct stat st;
    const char *slash = strrchr(word, '/'), *base = slash ? slash + 1 : word;
    return stat(word, &st) != 0 && errno == ENOENT && !strchr(base, '.') && !strpbrk(word, "*?[");
}

static weir_status find_words(plan *p, weir_error *err) {
    cli_args *a = p->a;
    size_t first = 0;
    p->folder = ".";
    if (a->n && cli_is_pipeline(a->words[0])) {
        p->file = a->words[first++];
        const char *slash = strrchr(p->file, '/');
        if (slash) p->folder = weir_arena_strndup(&a->arena, p->file, (size_t)(slash - p->file));
    } else if (a->n && (is_folder(a->words[0]) || is_new_folder(a->words[0]))) {
        p->folder = a->words[first++];
    }
    p->n_data = a->n - first;
    p->data = a->words + first;
    if (!p->folder) return weir_error_nomem(err);
    if (strcmp(p->folder, ".") != 0 && p->folder[0] && mkdir(p->folder, 0777) != 0 &&
        errno != EEXIST)
        return weir_error_errno(err, errno, "cannot make the folder %s", p->folder);
    return WEIR_OK;
}

/* Relative paths of a pipeline count from its folder: elsewhere data is named from the root. */
static weir_status root_paths(plan *p, weir_error *err) {
    if (strcmp(p->folder, ".") == 0) return WEIR_OK;
    for (size_t i = 0; i < p->n_data; i++) {
        char full[PATH_MAX];
        if (p->data[i][0] == '/' || !realpath(p->data[i], full)) continue;
        p->data[i] = weir_arena_strdup(&p->a->arena, full);
        if (!p->data[i]) return weir_error_nomem(err);
    }
    return WEIR_OK;
}

static weir_status path_in(plan *p, const char *name, const char *end, const char **out,
                           weir_error *err) {
    *out = strcmp(p->folder, ".") == 0
               ? weir_arena_printf(&p->a->arena, "%s%s", name, end)
               : weir_arena_printf(&p->a->arena, "%s/%s%s", p->folder, name, end);
    return *out ? WEIR_OK : weir_error_nomem(err);
}

static void say_wrote(plan *p, const char *path) {
    if (p->a->json) {
        if (p->n_wrote < WROTE_MAX) p->wrote[p->n_wrote++] = path;
    } else if (!p->a->quiet) {
        printf("wrote %s\n", path);
    }
}

static void put_json(const plan *p) {
    printf("{\"file\":");
    cli_json_string(p->file, strlen(p->file));
    printf(",\"wrote\":[");
    for (size_t i = 0; i < p->n_wrote; i++) {
        if (i) putchar(',');
        cli_json_string(p->wrote[i], strlen(p->wrote[i]));
    }
    printf("]}\n");
}

static weir_status look_at(plan *p, const weir_source_options *options, weir_infer_result *out,
                           weir_error *err) {
    weir_session_clear(p->s);
    weir_session_init(p->s);
    weir_status status = weir_api_load_source(p->s, options, err);
    p->s->diags.file = "weir init";
    return status == WEIR_OK ? weir_api_infer(p->s, 0, out, err) : status;
}

/* Lines that inference knows a pattern for are taken apart by it when it fits them all: *found and
 * *format become what is found then. */
static weir_status take_pattern(plan *p, const weir_source_options *options,
                                weir_infer_result *found, const char **format, weir_error *err) {
    char pattern[40], word[8];
    weir_infer_result apart = {0};
    weir_error why = {0};
    weir_status status;
    const char *hint = strstr(found->dialect, "# pattern: ");
    if (!hint || sscanf(hint, "# pattern: %39s takes %7s", pattern, word) != 2 ||
        strcmp(word, "these") != 0)
        return WEIR_OK;
    const char *name = "pattern", *value = weir_arena_strdup(&p->a->arena, pattern);
    if (!value) return weir_error_nomem(err);
    weir_source_options with = *options;
    with.format = "text";
    with.n_options = 1;
    with.option_names = &name;
    with.option_values = &value;
    status = look_at(p, &with, &apart, &why);
    if (status != WEIR_OK || apart.unread) return look_at(p, options, found, err);
    *found = apart;
    *format = "text";
    found->dialect = weir_arena_printf(&p->a->arena, "pattern: %s\n%s", value, apart.dialect);
    return found->dialect ? WEIR_OK : weir_error_nomem(err);
}

static weir_status write_from_data(plan *p, weir_error *err) {
    weir_infer_result found = {0};
    weir_buf text = {0};
    const char *format = cli_flag_value(p->a, "--format");
    weir_source_options options = {.n_paths = p->n_data, .paths = p->data, .format = format};
    const char *name = weir_api_init_name(&p->a->arena, p->data[0]);
    weir_status status = name ? WEIR_OK : weir_error_nomem(err);
    if (status == WEIR_OK) status = look_at(p, &options, &found, err);
    if (status == WEIR_OK) status = take_pattern(p, &options, &found, &format, err);
    if (status == WEIR_OK) status = root_paths(p, err);
    if (status == WEIR_OK && !p->file) status = path_in(p, name, ".yaml", &p->file, err);
    if (status == WEIR_OK)
        status = weir_api_init_text(name, p->n_data, p->data, format, cli_flag_value(p->a, "--to"),
                                    &found, &text, err);
    if (status == WEIR_OK) status = weir_api_init_write(p->file, &text, err);
    if (status == WEIR_OK) say_wrote(p, p->file);
    weir_buf_clear(&text);
    return status;
}

static weir_status write_starter(plan *p, weir_error *err) {
    weir_buf text = {0}, example = {0};
    struct stat st;
    const char *data;
    weir_status status = weir_api_init_starter(&text, &example) ? WEIR_OK : weir_error_nomem(err);
    if (status == WEIR_OK) status = path_in(p, WEIR_INIT_EXAMPLE, "", &data, err);
    if (status == WEIR_OK && !p->file) status = path_in(p, "pipeline", ".yaml", &p->file, err);
    if (status == WEIR_OK) status = weir_api_init_write(p->file, &text, err);
    if (status == WEIR_OK) say_wrote(p, p->file);
    if (status == WEIR_OK && stat(data, &st) != 0) {
        status = weir_api_init_write(data, &example, err);
        if (status == WEIR_OK) say_wrote(p, data);
    }
    weir_buf_clear(&text);
    weir_buf_clear(&example);
    return status;
}

/* The state folder does not belong into a repository. */
static weir_status write_gitignore(plan *p, weir_error *err) {
    const char *path;
    struct stat st;
    weir_status status = path_in(p, ".gitignore", "", &path, err);
    if (status != WEIR_OK || !weir_api_init_in_git(p->folder)) return status;
    if (stat(path, &st) == 0) {
        if (!p->a->quiet && !p->a->json) printf("%s is there: let it have a line .weir/\n", path);
        return WEIR_OK;
    }
    weir_buf text = {0};
    status = weir_buf_adds(&text, ".weir/\n") ? weir_api_init_write(path, &text, err)
                                              : weir_error_nomem(err);
    if (status == WEIR_OK) say_wrote(p, path);
    weir_buf_clear(&text);
    return status;
}

int cli_cmd_init(cli_args *a) {
    weir_session s;
    weir_error err = {0};
    plan p = {.a = a, .s = &s};
    weir_session_init(&s);
    cli_catch_signals(&s);
    weir_status status = find_words(&p, &err);
    if (status == WEIR_OK) status = p.n_data ? write_from_data(&p, &err) : write_starter(&p, &err);
    if (status == WEIR_OK) status = write_gitignore(&p, &err);
    int code = EXIT_OK;
    if (status != WEIR_OK)
        code = cli_fail_diags(&s.diags, &err);
    else if (a->json)
        put_json(&p);
    else if (!a->quiet)
        printf("next: weir preview %s, weir run %s\n", p.file, p.file);
    code = cli_signal_exit_code(&s, code);
    weir_session_clear(&s);
    return code;
}
