/* Flags and words of one command. */
#include <stdio.h>
#include <stdlib.h>

#include "base/distance.h"
#include "base/log.h"
#include "cli/args.h"

const cli_flag cli_common_flags[] = {{"--output", 'o', "FORMAT", "text (default) or json"},
                                     {"--quiet", 'q', NULL, "errors only"},
                                     {"--verbose", 'v', NULL, "more detail; twice for still more"},
                                     {"--no-color", 0, NULL, "no colours"},
                                     {"--help", 'h', NULL, "this text"},
                                     {0}};

static size_t flag_count(const cli_flag *table) {
    size_t n = 0;
    while (table && table[n].name) n++;
    return n;
}

/* Number of a flag over both tables, -1 = unknown. */
static int find_flag(const cli_command *c, const char *name, size_t size) {
    size_t own = flag_count(c->flags);
    for (size_t i = 0; i < own + flag_count(cli_common_flags); i++) {
        const cli_flag *f = i < own ? &c->flags[i] : &cli_common_flags[i - own];
        if (strlen(f->name) == size && memcmp(f->name, name, size) == 0) return (int)i;
    }
    return -1;
}

static int find_letter(const cli_command *c, char letter) {
    size_t own = flag_count(c->flags);
    for (size_t i = 0; i < own + flag_count(cli_common_flags); i++) {
        const cli_flag *f = i < own ? &c->flags[i] : &cli_common_flags[i - own];
        if (f->letter && f->letter == letter) return (int)i;
    }
    return -1;
}

static const cli_flag *flag_at(const cli_command *c, int i) {
    int own = (int)flag_count(c->flags);
    return i < own ? &c->flags[i] : &cli_common_flags[i - own];
}

const char *cli_flag_value(const cli_args *a, const char *name) {
    int i = find_flag(a->command, name, strlen(name));
    return i < 0 ? NULL : a->values[i];
}

static int unknown_flag(const cli_command *c, const char *word) {
    const char *names[64];
    size_t n = 0, own = flag_count(c->flags), all = own + flag_count(cli_common_flags);
    for (; n < all && n < 64; n++) names[n] = flag_at(c, (int)n)->name;
    const char *near = weir_distance_nearest(word, strlen(word), names, n);
    return cli_usage("weir %s: %s is not one of its flags%s%s%s; see `weir help %s`\n", c->name,
                     word, near ? ", did you mean " : "", near ? near : "", near ? "?" : "",
                     c->name);
}

static int add_param(cli_args *a, const char *flag, const char *text) {
    const char *eq = strchr(text, '=');
    if (!eq || eq == text) {
        return cli_usage("weir %s: %s wants name=value, not %s\n", a->command->name, flag, text);
    }
    a->param_names[a->n_params] = weir_arena_strndup(&a->arena, text, (size_t)(eq - text));
    a->param_values[a->n_params++] = eq + 1;
    return EXIT_OK;
}

static int take_flag(cli_args *a, int number, const char *value) {
    const cli_flag *f = flag_at(a->command, number);
    a->values[number] = value;
    if (strcmp(f->name, "--param") == 0 || strcmp(f->name, "--set") == 0)
        return add_param(a, f->name, value);
    if (strcmp(f->name, "--env-file") == 0) a->env_files[a->n_env_files++] = value;
    if (strcmp(f->name, "--select") == 0) a->select[a->n_select++] = value;
    if (strcmp(f->name, "--verbose") == 0) a->verbosity++;
    if (strcmp(f->name, "--quiet") == 0) a->quiet = true, a->verbosity--;
    if (strcmp(f->name, "--no-color") == 0) a->no_color = true;
    if (strcmp(f->name, "--output") == 0) {
        a->json = strcmp(value, "json") == 0;
        if (!a->json && strcmp(value, "text") != 0) {
            return cli_usage("weir %s: --output is text or json, not %s\n", a->command->name,
                             value);
        }
    }
    return EXIT_OK;
}

/* One word that begins with '-'; *i moves on when the value is the next word. */
static int parse_flag(cli_args *a, int argc, char **argv, int *i) {
    const char *word = argv[*i], *value = NULL;
    int number;
    if (word[1] == '-') {
        const char *eq = strchr(word, '=');
        number = find_flag(a->command, word, eq ? (size_t)(eq - word) : strlen(word));
        if (eq) value = eq + 1;
    } else {
        number = find_letter(a->command, word[1]);
        if (word[2]) {
            if (number >= 0 && !flag_at(a->command, number)->value) { /* -vv */
                for (const char *p = word + 1; *p; p++) {
                    number = find_letter(a->command, *p);
                    if (number < 0 || flag_at(a->command, number)->value)
                        return unknown_flag(a->command, word);
                    int code = take_flag(a, number, "");
                    if (code) return code;
                }
                return EXIT_OK;
            }
            value = word + 2;
        }
    }
    if (number < 0) return unknown_flag(a->command, word);
    const cli_flag *f = flag_at(a->command, number);
    if (f->value && !value) {
        if (*i + 1 >= argc) {
            return cli_usage("weir %s: %s wants %s\n", a->command->name, f->name, f->value);
        }
        value = argv[++*i];
    }
    if (!f->value && value) {
        return cli_usage("weir %s: %s takes no value\n", a->command->name, f->name);
    }
    return take_flag(a, number, value ? value : "");
}

bool cli_args_ask_json(int argc, char **argv) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        bool flag = strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0;
        if (flag && i + 1 < argc && strcmp(argv[i + 1], "json") == 0) return true;
        if (strcmp(argv[i], "-ojson") == 0 || strcmp(argv[i], "--output=json") == 0) return true;
    }
    return false;
}

static int missing_words(const cli_command *c) {
    bool loads = find_flag(c, "--param", 7) >= 0, run = strncmp(c->usage, "RUN", 3) == 0;
    const char *what = loads && run                           ? "name a run or a pipeline file"
                       : strncmp(c->usage, "FILE...", 7) == 0 ? "name a data file"
                       : loads && strncmp(c->usage, "FILE", 4) == 0 ? "name a pipeline file"
                                                                    : "something is missing";
    return cli_usage("weir %s: %s: weir %s %s\n", c->name, what, c->name, c->usage);
}

int cli_args_parse(cli_args *a, const cli_command *c, int argc, char **argv) {
    memset(a, 0, sizeof *a);
    a->command = c;
    size_t flags = flag_count(c->flags) + flag_count(cli_common_flags);
    a->words = weir_arena_zero(&a->arena, (size_t)argc + 1, sizeof *a->words);
    a->values = weir_arena_zero(&a->arena, flags + 1, sizeof *a->values);
    a->param_names = weir_arena_zero(&a->arena, (size_t)argc + 1, sizeof *a->param_names);
    a->param_values = weir_arena_zero(&a->arena, (size_t)argc + 1, sizeof *a->param_values);
    a->env_files = weir_arena_zero(&a->arena, (size_t)argc + 1, sizeof *a->env_files);
    a->select = weir_arena_zero(&a->arena, (size_t)argc + 1, sizeof *a->select);
    if (!a->words || !a->values || !a->param_names || !a->param_values || !a->select ||
        !a->env_files) {
        fprintf(stderr, "weir: memory is short\n");
        return EXIT_FAILED;
    }
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1]) {
            int code = parse_flag(a, argc, argv, &i);
            if (code) return code;
        } else {
            a->words[a->n++] = argv[i];
        }
    }
    weir_log_set_verbosity(a->verbosity);
    if (cli_flag_value(a, "--help")) return EXIT_OK;
    if (a->n < c->min_words) return missing_words(c);
    if (a->n > c->max_words) {
        return cli_usage("weir %s: too many words\nusage: weir %s %s\n", c->name, c->name,
                         c->usage);
    }
    return EXIT_OK;
}
