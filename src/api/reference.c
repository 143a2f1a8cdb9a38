/* The reference page and the schema, from the tables that the program itself uses. */
#include "api/api.h"

static bool section(weir_buf *out, const char *title, const weir_option *table) {
    if (!table || !table->name) return true;
    return weir_buf_printf(out, "\n%s\n\n", title) && weir_option_markdown(table, out);
}

static bool connectors(weir_buf *out, const weir_spec_registry *r) {
    bool ok = weir_buf_adds(out, "\n## Connectors\n");
    for (size_t i = 0; ok && r->connectors[i]; i++) {
        const weir_connector *c = r->connectors[i];
        ok = weir_buf_printf(out, "\n### %s\n\n%s\n", c->name, c->summary) &&
             section(out, "Connection:", c->options) &&
             section(out, "In `source:`", c->source_options) &&
             section(out, "In `sink:`", c->sink_options);
        if (!ok || !(c->roles & WEIR_ROLE_SINK)) continue;
        ok = weir_buf_adds(out, "\nLoad modes:");
        for (int m = 0; ok && m < WEIR_MODE_COUNT; m++)
            if (c->modes & 1u << m)
                ok = weir_buf_printf(out, " `%s`%s", weir_load_mode_names[m],
                                     m == (int)c->default_mode ? " (default)" : "");
        ok = ok && weir_buf_adds(out, "\n");
    }
    return ok;
}

static bool formats(weir_buf *out, const weir_spec_registry *r) {
    bool ok = weir_buf_adds(out, "\n## Formats\n");
    for (size_t i = 0; ok && r->formats[i]; i++) {
        const weir_format *f = r->formats[i];
        ok = weir_buf_printf(out, "\n### %s\n\n%s\n", f->name, f->summary) &&
             section(out, "Reading:", f->read_options) &&
             section(out, "Writing:", f->write_options);
    }
    return ok;
}

static bool operators(weir_buf *out, const weir_spec_registry *r) {
    bool ok = weir_buf_adds(out, "\n## Transforms and rules\n");
    for (size_t i = 0; ok && r->operators[i]; i++)
        for (size_t k = 0; ok && r->operators[i][k]; k++) {
            const weir_operator_kind *o = r->operators[i][k];
            ok = weir_buf_printf(out, "\n### %s\n\n%s\n", o->name, o->summary) &&
                 (!o->example || weir_buf_printf(out, "\n```yaml\n%s\n```\n", o->example)) &&
                 section(out, "Option:", o->options);
            if (ok && o->options && o->options->fields)
                ok = section(out, "Each entry:", o->options->fields);
        }
    return ok;
}

bool weir_api_reference(weir_buf *out) {
    const weir_spec_registry *r = weir_api_registry();
    const char *name, *summary;
    const weir_option *table;
    bool ok =
        weir_buf_adds(out, "# Reference\n\nMade by `make docs` from the program's own tables.\n\n"
                           "## The pipeline file\n");
    for (size_t i = 0; ok && (table = weir_pipeline_table(i, &name, &summary)); i++)
        ok = weir_buf_printf(out, "\n### `%s`\n\n%s\n\n", name, summary) &&
             weir_option_markdown(table, out);
    ok = ok && connectors(out, r) && formats(out, r) && operators(out, r);
    return ok && weir_buf_adds(out, "\n## Functions\n\n") && weir_function_markdown(out);
}

bool weir_api_schema(weir_buf *out) {
    return weir_pipeline_schema(weir_api_registry(), out) && weir_buf_adds(out, "\n");
}
