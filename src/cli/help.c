/* weir help NAME: a command, connector, format, transform, rule or function, from its own table. */
#include <stdio.h>

#include "base/distance.h"
#include "cli/args.h"

static void print_options(const char *title, const weir_option *table) {
    weir_buf text = {0};
    if (!table || !table->name) return;
    if (weir_option_help(table, 2, &text)) {
        printf("\n%s:\n", title);
        fwrite(text.data, 1, text.size, stdout);
    }
    weir_buf_clear(&text);
}

static void print_connector(const weir_connector *c) {
    printf("%s: %s\n", c->name, c->summary);
    print_options("connection", c->options);
    print_options("source", c->source_options);
    print_options("sink", c->sink_options);
    if (!(c->roles & WEIR_ROLE_SINK)) return;
    printf("\nload modes:");
    for (int m = 0; m < WEIR_MODE_COUNT; m++)
        if (c->modes & 1u << m)
            printf(" %s%s", weir_load_mode_names[m], m == (int)c->default_mode ? " (default)" : "");
    printf("\n");
}

static void print_format(const weir_format *f) {
    printf("%s: %s\n", f->name, f->summary);
    print_options("reading", f->read_options);
    print_options("writing", f->write_options);
}

static void print_function(const weir_api_function *f) {
    printf("%s\n\n%s\n", f->signature, f->summary);
    if (f->aliases[0]) printf("also called: %s\n", f->aliases);
    if (f->duckdb[0]) printf("in a DuckDB sql: step: %s\n", f->duckdb);
    if (f->example[0]) printf("\nexample: %s\n      -> %s\n", f->example, f->result);
}

/* All functions, a line each, by category. */
static int print_functions(void) {
    const weir_api_function *f;
    const char *category = "";
    int width = 0;
    for (size_t i = 0; (f = weir_api_function_at(i)) != NULL; i++)
        if ((int)strlen(f->name) > width) width = (int)strlen(f->name);
    for (size_t i = 0; (f = weir_api_function_at(i)) != NULL; i++) {
        if (strcmp(f->category, category) != 0)
            printf("%s%s:\n", category[0] ? "\n" : "", f->category);
        category = f->category;
        printf("  %-*s  %s\n", width, f->name, f->summary);
    }
    printf("\n`weir help NAME` has the arguments and an example of each.\n");
    return EXIT_OK;
}

static int print_names(void) {
    const weir_spec_registry *r = weir_api_registry();
    printf("commands:  ");
    for (size_t i = 0; cli_commands[i]; i++) printf(" %s", cli_commands[i]->name);
    printf("\nconnectors:");
    for (size_t i = 0; r->connectors[i]; i++) printf(" %s", r->connectors[i]->name);
    printf("\nformats:   ");
    for (size_t i = 0; r->formats[i]; i++) printf(" %s", r->formats[i]->name);
    printf("\noperators: ");
    for (size_t i = 0; r->operators[i]; i++)
        for (size_t k = 0; r->operators[i][k]; k++) printf(" %s", r->operators[i][k]->name);
    printf("\nsections:  ");
    const char *name, *summary;
    for (size_t i = 0; weir_pipeline_table(i, &name, &summary); i++) printf(" %s", name);
    printf("\nfunctions: ");
    for (size_t i = 0; weir_api_function_at(i); i++) printf(" %s", weir_api_function_at(i)->name);
    printf("\n");
    return EXIT_OK;
}

/* Prints a text that the api makes. */
static int print_made(bool (*make)(weir_buf *out)) {
    weir_buf text = {0};
    bool ok = make(&text);
    if (ok) fwrite(text.data, 1, text.size, stdout);
    weir_buf_clear(&text);
    return ok ? EXIT_OK : EXIT_FAILED;
}

/* ---- what was meant ------------------------------------------------------------------------ */

#define NAMES_MAX 1024
typedef struct name_list {
    size_t n;
    const char *items[NAMES_MAX];
} name_list;

static void add_name(name_list *list, const char *name) {
    if (list->n < NAMES_MAX) list->items[list->n++] = name;
}

/* The name nearest to word among all that help knows, or NULL. */
static const char *nearest_name(const char *word) {
    const weir_spec_registry *r = weir_api_registry();
    name_list list = {.n = 0};
    const char *name, *summary;
    add_name(&list, "names");
    add_name(&list, "functions");
    for (size_t i = 0; cli_commands[i]; i++) add_name(&list, cli_commands[i]->name);
    for (size_t i = 0; r->connectors[i]; i++) add_name(&list, r->connectors[i]->name);
    for (size_t i = 0; r->formats[i]; i++) add_name(&list, r->formats[i]->name);
    for (size_t i = 0; r->operators[i]; i++)
        for (size_t k = 0; r->operators[i][k]; k++) add_name(&list, r->operators[i][k]->name);
    for (size_t i = 0; weir_pipeline_table(i, &name, &summary); i++) add_name(&list, name);
    for (size_t i = 0; weir_api_function_at(i); i++) add_name(&list, weir_api_function_at(i)->name);
    return weir_distance_nearest(word, strlen(word), list.items, list.n);
}

bool cli_help_knows(const char *word) {
    const char *near = nearest_name(word);
    return cli_find_command(word) || weir_api_function_find(word) ||
           (near && strcmp(near, word) == 0);
}

static int unknown_name(const char *word) {
    const char *near = nearest_name(word);
    if (!near)
        return cli_usage("weir help: nothing is called %s; `weir help names` lists what there is\n",
                         word);
    return cli_usage("weir help: nothing is called %s, did you mean %s?; `weir help names` lists "
                     "what there is\n",
                     word, near);
}

int cli_cmd_help(cli_args *a) {
    if (cli_flag_value(a, "--reference")) {
        int code = print_made(weir_api_reference);
        if (code == EXIT_OK) cli_print_commands_markdown();
        return code;
    }
    if (cli_flag_value(a, "--man")) return cli_print_man();
    if (cli_flag_value(a, "--schema")) return print_made(weir_api_schema);
    const weir_spec_registry *r = weir_api_registry();
    const char *word = a->n ? a->words[0] : "";
    bool found = false;
    if (a->json) {
        bool all = a->n == 0 || strcmp(word, "names") == 0;
        return cli_help_json(all ? NULL : word) ? EXIT_OK : unknown_name(word);
    }
    if (a->n == 0 || strcmp(word, "names") == 0) return print_names();
    if (strcmp(word, "functions") == 0) return print_functions();
    if (cli_find_command(word)) {
        cli_print_command_help(word);
        found = true;
    }
    for (size_t i = 0; r->connectors[i]; i++)
        if (strcmp(r->connectors[i]->name, word) == 0)
            print_connector(r->connectors[i]), found = true;
    for (size_t i = 0; r->formats[i]; i++)
        if (strcmp(r->formats[i]->name, word) == 0) print_format(r->formats[i]), found = true;
    for (size_t i = 0; r->operators[i]; i++)
        for (size_t k = 0; r->operators[i][k]; k++)
            if (strcmp(r->operators[i][k]->name, word) == 0) {
                printf("%s: %s\n", word, r->operators[i][k]->summary);
                print_options("option", r->operators[i][k]->options);
                if (r->operators[i][k]->example)
                    printf("\nexample:\n%s\n", r->operators[i][k]->example);
                found = true;
            }
    const char *name, *summary;
    const weir_option *table;
    for (size_t i = 0; (table = weir_pipeline_table(i, &name, &summary)); i++)
        if (strcmp(name, word) == 0) {
            printf("%s: %s\n", name, summary);
            print_options("keys", table);
            found = true;
        }
    const weir_api_function *f = weir_api_function_find(word);
    if (f) print_function(f), found = true;
    if (found) return EXIT_OK;
    return unknown_name(word);
}
