#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>

#include "base/distance.h"
#include "base/fault.h"
#include "cli/args.h"

static void print_group(bool first) {
    for (size_t i = 0; cli_commands[i]; i++)
        if (cli_commands[i]->first == first)
            printf("  %-11s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
}

static int print_overview(void) {
    printf("weir moves data: it extracts, transforms, validates and loads every record, exactly "
           "once.\n\n"
           "usage: weir COMMAND [ARGUMENTS]\n\n");
    print_group(true);
    printf("\nmore:\n");
    print_group(false);
    printf(
        "\n`weir help COMMAND` tells more about one; `weir help NAME` about a connector, format, "
        "transform or rule.\n");
    return EXIT_OK;
}

static void print_flags(const cli_flag *table) {
    for (const cli_flag *f = table; f && f->name; f++) {
        char left[64];
        snprintf(left, sizeof left, "%s%c%s%s%s%s", f->letter ? "-" : "   ",
                 f->letter ? f->letter : ' ', f->letter ? ", " : "", f->name, f->value ? " " : "",
                 f->value ? f->value : "");
        printf("  %-26s %s\n", left, f->help);
    }
}

/* Paragraphs, wrapped for a terminal. */
static void print_wrapped(const char *text) {
    size_t width = 0;
    while (*text) {
        if (*text == '\n') {
            putchar(*text++);
            width = 0;
            continue;
        }
        size_t n = strcspn(text, " \n");
        if (width && width + 1 + n > 78) putchar('\n'), width = 0;
        printf("%s%.*s", width ? " " : "", (int)n, text);
        width += n + (width > 0);
        text += n;
        while (*text == ' ') text++;
    }
    printf("\n");
}

static int print_command(const cli_command *c) {
    printf("%s\n\nusage: weir %s %s\n", c->summary, c->name, c->usage);
    if (c->example) printf("example: %s\n", c->example);
    if (c->alias) printf("also called: %s\n", c->alias);
    printf("\n");
    print_flags(c->flags);
    print_flags(cli_common_flags);
    if (c->more) {
        printf("\n");
        print_wrapped(c->more);
    }
    return EXIT_OK;
}

const cli_command *cli_find_command(const char *name) {
    for (size_t i = 0; cli_commands[i]; i++) {
        const cli_command *c = cli_commands[i];
        if (strcmp(c->name, name) == 0 || (c->alias && strcmp(c->alias, name) == 0)) return c;
    }
    return NULL;
}

int cli_print_command_help(const char *name) {
    const cli_command *c = cli_find_command(name);
    return c ? print_command(c) : EXIT_USAGE;
}

static int unknown_command(const char *word) {
    const char *names[64];
    size_t n = 0;
    for (; cli_commands[n] && n < 64; n++) names[n] = cli_commands[n]->name;
    const char *near = weir_distance_nearest(word, strlen(word), names, n);
    if (word[0] == '-')
        return cli_usage("weir: name a command first, %s stands behind it; see `weir --help`\n",
                         word);
    return cli_usage("weir: there is no command %s%s%s%s; see `weir --help`\n", word,
                     near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
}

/* Large buffers come and go with every batch: giving each back to the system at once would cost a
 * page fault a page; few arenas keep what malloc holds back small. */
static void tune_malloc(void) {
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 8 << 20);
}

/* What was printed has to be out.  A reader that went away, such as `head`, has what it wanted. */
static int end_output(int code) {
    errno = 0;
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (!failed || errno == EPIPE) return code;
    if (errno)
        fprintf(stderr, "weir: standard output could not be written: %m\n");
    else
        fprintf(stderr, "weir: standard output could not be written\n");
    return code == EXIT_OK ? EXIT_FAILED : code;
}

int main(int argc, char **argv) {
    tune_malloc();
    weir_fault_init();
    signal(SIGPIPE, SIG_IGN);
    cli_set_json(cli_args_ask_json(argc - 1, argv + 1));
    if (argc < 2) {
        print_overview();
        return end_output(EXIT_USAGE);
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return end_output(print_overview());
    if (strcmp(word, "--version") == 0) word = "version";
    if (strcmp(word, "help") == 0 && argc == 2) return end_output(print_overview());
    const cli_command *c = cli_find_command(word);
    if (!c) return unknown_command(word);
    cli_args a;
    int code = cli_args_parse(&a, c, argc - 2, argv + 2);
    if (code == EXIT_OK) code = cli_flag_value(&a, "--help") ? print_command(c) : c->run(&a);
    weir_arena_clear(&a.arena);
    return end_output(code);
}
