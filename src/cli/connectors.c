/* weir connectors: what there is to read from and write to. */
#include <stdio.h>

#include "cli/cli.h"

static void put_modes(const weir_connector *c, const char *between, const char *quote) {
    bool any = false;
    for (int m = 0; m < WEIR_MODE_COUNT; m++) {
        if (!(c->modes & 1u << m)) continue;
        printf("%s%s%s%s", any ? between : "", quote, weir_load_mode_names[m], quote);
        any = true;
    }
}

static void put_connector(const cli_args *a, const weir_connector *c) {
    bool source = c->roles & WEIR_ROLE_SOURCE, sink = c->roles & WEIR_ROLE_SINK;
    if (a->json) {
        printf("{\"kind\":\"connector\",\"name\":\"%s\",\"summary\":", c->name);
        cli_json_string(c->summary, strlen(c->summary));
        printf(",\"source\":%s,\"sink\":%s,\"formats\":%s,\"modes\":[", source ? "true" : "false",
               sink ? "true" : "false", c->caps & WEIR_CAP_FORMATS ? "true" : "false");
        put_modes(c, ",", "\"");
        printf("]}\n");
        return;
    }
    printf("  %-10s %-12s  %s\n", c->name,
           source && sink ? "source, sink"
           : sink         ? "sink"
                          : "source",
           c->summary);
    if (sink) {
        printf("  %-10s %-12s  modes: ", "", "");
        put_modes(c, ", ", "");
        printf("\n");
    }
}

static void put_format(const cli_args *a, const weir_format *f) {
    bool reads = f->read, writes = f->write;
    if (a->json) {
        printf("{\"kind\":\"format\",\"name\":\"%s\",\"summary\":", f->name);
        cli_json_string(f->summary, strlen(f->summary));
        printf(",\"read\":%s,\"write\":%s,\"extensions\":[", reads ? "true" : "false",
               writes ? "true" : "false");
        for (const char *const *e = f->extensions; e && *e; e++)
            printf("%s\"%s\"", e == f->extensions ? "" : ",", *e);
        printf("]}\n");
        return;
    }
    printf("  %-10s %-12s  %s", f->name,
           reads && writes ? "read, write"
           : writes        ? "write"
                           : "read",
           f->summary);
    for (const char *const *e = f->extensions; e && *e; e++)
        printf("%s%s", e == f->extensions ? " (" : ", ", *e);
    printf("%s\n", f->extensions && *f->extensions ? ")" : "");
}

int cli_cmd_connectors(cli_args *a) {
    const weir_spec_registry *r = weir_api_registry();
    if (!a->json) printf("connectors\n");
    for (size_t i = 0; r->connectors[i]; i++) put_connector(a, r->connectors[i]);
    if (!a->json) printf("\nformats\n");
    for (size_t i = 0; r->formats[i]; i++) put_format(a, r->formats[i]);
    if (!a->json) printf("\n`weir help NAME` has the options of each.\n");
    return EXIT_OK;
}
