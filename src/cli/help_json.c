/* weir help NAME --output json: the same tables as objects. */
#include <stdio.h>

#include "cli/args.h"

static void put_text(const char *name, const char *text, bool first) {
    printf("%s\"%s\":", first ? "" : ",", name);
    if (text)
        cli_json_string(text, strlen(text));
    else
        printf("null");
}

static void put_options(const char *name, const weir_option *table) {
    printf(",\"%s\":[", name);
    for (const weir_option *o = table; o && o->name; o++) {
        printf(o == table ? "{" : ",{");
        put_text("name", o->name, true);
        put_text("default", o->fallback, false);
        put_text("help", o->help, false);
        putchar('}');
    }
    putchar(']');
}

/* Begins an object; the first one of the list has no comma before it. */
static void begin(bool *any, const char *kind, const char *name, const char *summary) {
    printf(*any ? ",{" : "{");
    *any = true;
    put_text("kind", kind, true);
    put_text("name", name, false);
    put_text("summary", summary, false);
}

static void put_command(bool *any, const cli_command *c) {
    begin(any, "command", c->name, c->summary);
    put_text("alias", c->alias, false);
    put_text("usage", c->usage, false);
    put_text("example", c->example, false);
    put_text("more", c->more, false);
    printf(",\"flags\":[");
    const cli_flag *tables[] = {c->flags, cli_common_flags};
    bool more = false;
    for (size_t t = 0; t < 2; t++)
        for (const cli_flag *f = tables[t]; f && f->name; f++, more = true) {
            char letter[2] = {f->letter, '\0'};
            printf(more ? ",{" : "{");
            put_text("name", f->name, true);
            put_text("letter", f->letter ? letter : NULL, false);
            put_text("value", f->value, false);
            put_text("help", f->help, false);
            putchar('}');
        }
    printf("]}");
}

static void put_function(bool *any, const weir_api_function *f) {
    begin(any, "function", f->name, f->summary);
    put_text("category", f->category, false);
    put_text("signature", f->signature, false);
    put_text("aliases", f->aliases, false);
    put_text("example", f->example, false);
    put_text("result", f->result, false);
    put_text("duckdb", f->duckdb, false);
    putchar('}');
}

static bool is(const char *name, const char *word) {
    return !word || strcmp(name, word) == 0;
}

static void put_parts(bool *any, const char *word) {
    const weir_spec_registry *r = weir_api_registry();
    for (size_t i = 0; r->connectors[i]; i++) {
        const weir_connector *c = r->connectors[i];
        if (!is(c->name, word)) continue;
        begin(any, "connector", c->name, c->summary);
        put_options("connection", c->options);
        put_options("source", c->source_options);
        put_options("sink", c->sink_options);
        putchar('}');
    }
    for (size_t i = 0; r->formats[i]; i++) {
        const weir_format *f = r->formats[i];
        if (!is(f->name, word)) continue;
        begin(any, "format", f->name, f->summary);
        put_options("reading", f->read_options);
        put_options("writing", f->write_options);
        putchar('}');
    }
    for (size_t i = 0; r->operators[i]; i++)
        for (size_t k = 0; r->operators[i][k]; k++) {
            const weir_operator_kind *o = r->operators[i][k];
            if (!is(o->name, word)) continue;
            begin(any, "operator", o->name, o->summary);
            put_options("options", o->options);
            put_text("example", o->example, false);
            putchar('}');
        }
    const char *name, *summary;
    const weir_option *table;
    for (size_t i = 0; (table = weir_pipeline_table(i, &name, &summary)); i++) {
        if (!is(name, word)) continue;
        begin(any, "section", name, summary);
        put_options("keys", table);
        putchar('}');
    }
}

bool cli_help_json(const char *word) {
    bool any = false;
    bool functions = word && strcmp(word, "functions") == 0;
    if (functions) {
        putchar('[');
        for (size_t i = 0; weir_api_function_at(i); i++)
            put_function(&any, weir_api_function_at(i));
    } else if (!word) {
        putchar('[');
        for (size_t i = 0; cli_commands[i]; i++) put_command(&any, cli_commands[i]);
        put_parts(&any, NULL);
        for (size_t i = 0; weir_api_function_at(i); i++)
            put_function(&any, weir_api_function_at(i));
    } else {
        const cli_command *c = cli_find_command(word);
        const weir_api_function *f = weir_api_function_find(word);
        if (!cli_help_knows(word)) return false;
        putchar('[');
        if (c) put_command(&any, c);
        put_parts(&any, word);
        if (f) put_function(&any, f);
    }
    printf("]\n");
    return true;
}
