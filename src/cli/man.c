/* The manual page and the reference of commands, from the tables of commands and flags. */
#include <stdio.h>

#include "cli/args.h"

/* ---- roff ---------------------------------------------------------------------------------- */

/* Text of a manual page: what roff would take for its own is escaped. */
static void roff(const char *text) {
    bool begins = true;
    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\'')) printf("\\&");
        if (*text == '\\')
            printf("\\e");
        else if (*text == '-')
            printf("\\-");
        else if (*text == '\n' && text[1] == '\n')
            printf("\n.PP"), text++, putchar('\n');
        else
            putchar(*text);
        begins = *text == '\n';
    }
}

static void roff_flags(const cli_flag *table) {
    for (const cli_flag *f = table; f && f->name; f++) {
        printf(".TP\n.B ");
        if (f->letter) printf("\\-%c, ", f->letter);
        roff(f->name);
        if (f->value) printf(" \\fI%s\\fR", f->value);
        printf("\n");
        roff(f->help);
        printf("\n");
    }
}

static void roff_command(const cli_command *c) {
    printf(".SS weir %s ", c->name);
    roff(c->usage);
    printf("\n");
    roff(c->summary);
    printf("\n");
    if (c->alias) printf(".PP\nAlso called\n.BR %s .\n", c->alias);
    roff_flags(c->flags);
    if (c->more) {
        printf(".PP\n");
        roff(c->more);
        printf("\n");
    }
    if (c->example) {
        printf(".PP\n.EX\n    ");
        roff(c->example);
        printf("\n.EE\n");
    }
}

static const struct {
    const char *code, *meaning;
} exits[] = {{"0", "all is well"},
             {"1", "it failed: a run, a test, a check of the state"},
             {"2", "the file or the arguments are wrong"},
             {"3", "a limit of rejects or of quality: nothing was committed"},
             {"4", "partial: files were skipped, or with --strict a record was rejected"},
             {"130, 143", "interrupted by a signal"}},
  variables[] = {{"WEIR_TARGET", "the target when --target names none"},
                 {"NO_COLOR", "when it is set and not empty, nothing is coloured"},
                 {"XDG_STATE_HOME",
                  "where weir copy keeps its state when the target is not local"}},
  files[] = {{"NAME.yaml", "a pipeline file"},
             {"weir.yaml", "what the pipelines beside and below it share"},
             {".weir/", "the state of the pipelines beside it: history, positions, rejects"}};

int cli_print_man(void) {
    printf(".\\\" Made by `weir help --man` from the program's own tables.\n"
           ".TH WEIR 1 \"\" \"weir %s\" \"User Commands\"\n"
           ".SH NAME\nweir \\- extract, transform, validate and load records exactly once\n"
           ".SH SYNOPSIS\n.B weir\n.I COMMAND\n.RI [ ARGUMENTS ]\n"
           ".SH DESCRIPTION\n"
           "weir moves data: it reads records from files and databases, transforms and validates "
           "every one of them,\nloads the good ones exactly once and sets the bad ones aside with "
           "the reason.\nA pipeline is one YAML file.\n"
           ".PP\n"
           "The first five minutes: \\fBweir init orders.csv\\fR writes a pipeline,\n"
           "\\fBweir preview orders.yaml\\fR shows what it does, \\fBweir run orders.yaml\\fR does "
           "it,\n\\fBweir rejects show orders.yaml\\fR has what was set aside.\n"
           ".SH COMMANDS\n",
           weir_version());
    for (size_t i = 0; cli_commands[i]; i++) roff_command(cli_commands[i]);
    printf(".SH OPTIONS OF ALL COMMANDS\n");
    roff_flags(cli_common_flags);
    printf(".SH EXIT STATUS\n");
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) {
        printf(".TP\n.B %s\n", exits[i].code);
        roff(exits[i].meaning);
        printf("\n");
    }
    printf(".SH ENVIRONMENT\n");
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        printf(".TP\n.B %s\n", variables[i].code);
        roff(variables[i].meaning);
        printf("\n");
    }
    printf(".SH FILES\n");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        printf(".TP\n.I ");
        roff(files[i].code);
        printf("\n");
        roff(files[i].meaning);
        printf("\n");
    }
    printf(".SH SEE ALSO\n.BR sqlite3 (1)\n.PP\n"
           "\\fBweir help\\fR \\fINAME\\fR explains a command, connector, format, transform, rule "
           "or function.\n");
    return EXIT_OK;
}

/* ---- Markdown ------------------------------------------------------------------------------ */

static void cell(const char *text) {
    for (; *text; text++) {
        if (*text == '|') putchar('\\');
        putchar(*text);
    }
}

static void markdown_flags(const cli_flag *table) {
    printf("\n| flag | what it does |\n|---|---|\n");
    for (const cli_flag *f = table; f && f->name; f++) {
        printf("| `%s%s%s`", f->name, f->value ? " " : "", f->value ? f->value : "");
        if (f->letter) printf(", `-%c`", f->letter);
        printf(" | ");
        cell(f->help);
        printf(" |\n");
    }
}

void cli_print_commands_markdown(void) {
    printf("\n## Commands\n\nEvery command takes these:\n");
    markdown_flags(cli_common_flags);
    for (size_t i = 0; cli_commands[i]; i++) {
        const cli_command *c = cli_commands[i];
        printf("\n### weir %s\n\n`weir %s%s%s`\n\n%s.\n", c->name, c->name, *c->usage ? " " : "",
               c->usage, c->summary);
        if (c->alias) printf("Also called `%s`.\n", c->alias);
        if (c->flags) markdown_flags(c->flags);
        if (c->more) printf("\n%s\n", c->more);
        if (c->example) printf("\n    %s\n", c->example);
    }
}
