/* weir completion: scripts for shells, made from the tables of commands, flags and names. */
#include <stdio.h>

#include "cli/args.h"

/* ---- what there is to complete ------------------------------------------------------------- */

/* Calls each with every name that `weir help` knows beside commands. */
static void each_name(void (*each)(const char *name)) {
    const weir_spec_registry *r = weir_api_registry();
    const char *name, *summary;
    each("names");
    each("functions");
    for (size_t i = 0; cli_commands[i]; i++) each(cli_commands[i]->name);
    for (size_t i = 0; r->connectors[i]; i++) each(r->connectors[i]->name);
    for (size_t i = 0; r->formats[i]; i++) each(r->formats[i]->name);
    for (size_t i = 0; r->operators[i]; i++)
        for (size_t k = 0; r->operators[i][k]; k++) each(r->operators[i][k]->name);
    for (size_t i = 0; weir_pipeline_table(i, &name, &summary); i++) each(name);
    for (size_t i = 0; weir_api_function_at(i); i++) each(weir_api_function_at(i)->name);
}

static void each_flag(const cli_command *c, void (*each)(const cli_flag *f)) {
    for (const cli_flag *f = c->flags; f && f->name; f++) each(f);
    for (const cli_flag *f = cli_common_flags; f->name; f++) each(f);
}

/* The words that may stand behind a flag, with blanks between; NULL = files or anything. */
static void put_values(const char *flag) {
    const weir_spec_registry *r = weir_api_registry();
    if (strcmp(flag, "--output") == 0) printf("text json");
    if (strcmp(flag, "--level") == 0) printf("error warn info debug");
    if (strcmp(flag, "--status") == 0) printf("open replayed discarded");
    if (strcmp(flag, "--header") == 0) printf("yes no");
    if (strcmp(flag, "--mode") == 0)
        for (int m = 0; m < WEIR_MODE_COUNT; m++)
            printf("%s%s", m ? " " : "", weir_load_mode_names[m]);
    if (strstr(flag, "format"))
        for (size_t i = 0; r->formats[i]; i++) printf("%s%s", i ? " " : "", r->formats[i]->name);
}

static const char *const chosen[] = {"--output",      "--level",  "--status",    "--mode",
                                     "--from-format", "--format", "--to-format", "--header"};
#define N_CHOSEN (sizeof chosen / sizeof *chosen)

/* Text in single quotes of any of the shells: quotes and brackets of summaries are left out. */
static void put_plain(const char *text) {
    for (; *text; text++)
        if (!strchr("'[]:\\`$\"", *text)) putchar(*text);
}

/* Whether the files of a command are pipeline files alone. */
static bool wants_pipelines(const cli_command *c) {
    return strstr(c->usage, "FILE") && !strstr(c->usage, "DATA") && !strstr(c->usage, "FILE...") &&
           strcmp(c->name, "state") != 0;
}

/* ---- bash ---------------------------------------------------------------------------------- */

static void space_name(const char *name) {
    printf(" %s", name);
}

static void bash_flag(const cli_flag *f) {
    printf(" %s", f->name);
    if (f->letter) printf(" -%c", f->letter);
}

static void bash(void) {
    printf("# bash completion of weir: source <(weir completion bash)\n"
           "_weir() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev= command=${COMP_WORDS[1]} words=\n"
           "    COMPREPLY=()\n"
           "    [ \"$COMP_CWORD\" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
           "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
           "        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; cli_commands[i]; i++) printf("%s%s", i ? " " : "", cli_commands[i]->name);
    printf("' -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    case $prev in\n");
    for (size_t i = 0; i < N_CHOSEN; i++) {
        printf("    %s%s) words='", chosen[i], strcmp(chosen[i], "--output") == 0 ? " | -o" : "");
        put_values(chosen[i]);
        printf("' ;;\n");
    }
    printf("    esac\n"
           "    if [ -n \"$words\" ]; then\n"
           "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    case $command in\n");
    for (size_t i = 0; cli_commands[i]; i++) {
        const cli_command *c = cli_commands[i];
        printf("    %s%s%s) words='", c->name, c->alias ? " | " : "", c->alias ? c->alias : "");
        each_flag(c, bash_flag);
        printf("' ;;\n");
    }
    printf("    esac\n"
           "    if [[ $cur == -* ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    words=\n"
           "    if [ \"$COMP_CWORD\" = 2 ]; then\n"
           "        case $command in\n"
           "        help) words='");
    each_name(space_name);
    printf("' ;;\n");
    for (size_t i = 0; cli_commands[i]; i++)
        if (cli_commands[i]->verbs)
            printf("        %s) words='%s' ;;\n", cli_commands[i]->name, cli_commands[i]->verbs);
    printf("        esac\n"
           "    fi\n"
           "    if [ -n \"$words\" ]; then\n"
           "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    local IFS=$'\\n'\n"
           "    compopt -o filenames 2>/dev/null\n"
           "    case $command in\n"
           "    ");
    bool any = false;
    for (size_t i = 0; cli_commands[i]; i++)
        if (wants_pipelines(cli_commands[i])) {
            printf("%s%s", any ? " | " : "", cli_commands[i]->name);
            any = true;
        }
    printf(")\n"
           "        COMPREPLY=($(compgen -f -X '!*.yaml' -- \"$cur\"; compgen -f -X '!*.yml' -- "
           "\"$cur\"; compgen -d -- \"$cur\")) ;;\n"
           "    *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
           "    esac\n"
           "}\n"
           "complete -F _weir weir\n");
}

/* ---- zsh ----------------------------------------------------------------------------------- */

static void zsh_flag(const cli_flag *f) {
    bool values = false;
    for (size_t i = 0; i < N_CHOSEN; i++) values |= strcmp(f->name, chosen[i]) == 0;
    printf(" \\\n            '");
    if (f->letter) printf("(-%c %s)'{-%c,%s}'", f->letter, f->name, f->letter, f->name);
    if (!f->letter) printf("%s", f->name);
    printf("[");
    put_plain(f->help);
    printf("]");
    if (f->value) printf(":");
    if (f->value) put_plain(f->value);
    if (f->value) printf(":");
    if (f->value && values) {
        printf("(");
        put_values(f->name);
        printf(")");
    } else if (f->value) {
        printf("_files");
    }
    printf("'");
}

static void zsh(void) {
    printf("#compdef weir\n"
           "# zsh completion of weir: weir completion zsh >_weir, in a folder of $fpath\n"
           "_weir() {\n"
           "    local -a commands names\n"
           "    commands=(\n");
    for (size_t i = 0; cli_commands[i]; i++) {
        printf("        '%s:", cli_commands[i]->name);
        put_plain(cli_commands[i]->summary);
        printf("'\n");
    }
    printf("    )\n"
           "    if (( CURRENT == 2 )); then\n"
           "        _describe command commands\n"
           "        return\n"
           "    fi\n"
           "    local command=$words[2]\n"
           "    if (( CURRENT == 3 )); then\n"
           "        case $command in\n"
           "        help) names=(");
    each_name(space_name);
    printf(" ); compadd -a names; return ;;\n");
    for (size_t i = 0; cli_commands[i]; i++)
        if (cli_commands[i]->verbs)
            printf("        %s) [[ $PREFIX != -* ]] && { compadd %s; return } ;;\n",
                   cli_commands[i]->name, cli_commands[i]->verbs);
    printf("        esac\n"
           "    fi\n"
           "    shift words\n"
           "    (( CURRENT-- ))\n"
           "    case $command in\n");
    for (size_t i = 0; cli_commands[i]; i++) {
        const cli_command *c = cli_commands[i];
        printf("    %s%s%s)\n        _arguments", c->name, c->alias ? "|" : "",
               c->alias ? c->alias : "");
        each_flag(c, zsh_flag);
        printf(" \\\n            '*:file:_files'\n        ;;\n");
    }
    printf("    esac\n"
           "}\n"
           "if [ \"$funcstack[1]\" = _weir ]; then _weir \"$@\"; else compdef _weir weir; fi\n");
}

/* ---- fish ---------------------------------------------------------------------------------- */

static const char *fish_command;

static void fish_flag(const cli_flag *f) {
    bool values = false;
    for (size_t i = 0; i < N_CHOSEN; i++) values |= strcmp(f->name, chosen[i]) == 0;
    printf("complete -c weir -n '__fish_seen_subcommand_from %s' -l %s", fish_command, f->name + 2);
    if (f->letter) printf(" -s %c", f->letter);
    if (f->value) printf(values ? " -x -a '" : " -r");
    if (f->value && values) {
        put_values(f->name);
        printf("'");
    }
    printf(" -d '");
    put_plain(f->help);
    printf("'\n");
}

static void fish(void) {
    printf("# fish completion of weir: weir completion fish | source\n"
           "complete -c weir -e\n");
    for (size_t i = 0; cli_commands[i]; i++) {
        const cli_command *c = cli_commands[i];
        printf("complete -c weir -f -n __fish_use_subcommand -a %s -d '", c->name);
        put_plain(c->summary);
        printf("'\n");
        fish_command = c->name;
        each_flag(c, fish_flag);
        if (c->verbs)
            printf("complete -c weir -n '__fish_seen_subcommand_from %s; and not "
                   "__fish_seen_subcommand_from %s' -a '%s'\n",
                   c->name, c->verbs, c->verbs);
    }
    printf("complete -c weir -f -n '__fish_seen_subcommand_from help' -a '");
    each_name(space_name);
    printf("'\n");
}

int cli_cmd_completion(cli_args *a) {
    static const struct {
        const char *name;
        void (*put)(void);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(a->words[0], shells[i].name) != 0) continue;
        shells[i].put();
        return EXIT_OK;
    }
    return cli_usage("weir completion: bash, zsh or fish, not %s\n", a->words[0]);
}
