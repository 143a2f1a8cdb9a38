/* JSON Schema of option tables, for editors. */
#include <stdio.h>
#include "base/option_value.h"

/* Any scalar may be written as a reference (${VAR}), so each type also takes such a text. */
#define REFERENCE ".*\\\\$\\\\{.*"

static bool add_string(weir_buf *out, const char *text) {
    if (!weir_buf_adds(out, "\"")) return false;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool ok = c == '"' || c == '\\' ? weir_buf_printf(out, "\\%c", c)
                  : c < 0x20            ? weir_buf_printf(out, "\\u%04x", c)
                                        : weir_buf_add(out, text, 1);
        if (!ok) return false;
    }
    return weir_buf_adds(out, "\"");
}

static bool add_int(const weir_option *row, weir_buf *out) {
    if (!weir_buf_printf(out, "\"type\":[\"integer\",%s\"string\"],\"pattern\":\"^[+-]?[0-9]+$|",
                         row->choices ? "\"boolean\"," : ""))
        return false;
    for (size_t i = 0; row->choices && row->choices[i]; i++)
        if (!weir_buf_printf(out, "^%s$|", row->choices[i])) return false;
    if (!weir_buf_adds(out, REFERENCE "\"")) return false;
    if (row->min == row->max) return true;
    if (!weir_buf_printf(out, ",\"minimum\":%lld", (long long)row->min)) return false;
    return row->max == INT64_MAX || weir_buf_printf(out, ",\"maximum\":%lld", (long long)row->max);
}

static bool add_enum(const weir_option *row, weir_buf *out) {
    if (!weir_buf_adds(out, "\"anyOf\":[{\"enum\":[")) return false;
    for (size_t i = 0; row->choices[i]; i++)
        if ((i && !weir_buf_adds(out, ",")) || !add_string(out, row->choices[i])) return false;
    return weir_buf_adds(out, "]},{\"type\":\"string\",\"pattern\":\"" REFERENCE "\"}]");
}

#define SCALAR "\"type\":[\"string\",\"number\",\"boolean\"]"
#define ITEM "{" SCALAR "}"

static const char *fixed_schema(weir_opt_type type) {
    switch (type) {
    case WEIR_OPT_STRING:
    case WEIR_OPT_SECRET:
    case WEIR_OPT_EXPR:
    case WEIR_OPT_CHAR: return SCALAR;
    case WEIR_OPT_BOOL:
        return "\"type\":[\"boolean\",\"string\"],\"pattern\":"
               "\"^([Tt]rue|[Ff]alse|[Yy]es|[Nn]o|[Oo]n|[Oo]ff)$|" REFERENCE "\"";
    case WEIR_OPT_FLOAT:
        return "\"type\":[\"number\",\"string\"],\"pattern\":\"^[-+0-9.eE]+$|" REFERENCE "\"";
    case WEIR_OPT_RATIO:
        return "\"type\":[\"number\",\"string\"],\"minimum\":0,\"pattern\":"
               "\"^[0-9.]+ *%?$|" REFERENCE "\"";
    case WEIR_OPT_SIZE:
        return "\"type\":[\"integer\",\"string\"],\"minimum\":0,\"pattern\":"
               "\"^[0-9.]+ ?([KMGT]iB|[kKMGT]?B)?$|" REFERENCE "\"";
    case WEIR_OPT_DURATION:
        return "\"type\":[\"string\",\"integer\"],\"minimum\":0,\"maximum\":0,\"pattern\":"
               "\"^(0|([0-9.]+(us|ms|s|m|min|h|d))+)$|" REFERENCE "\"";
    case WEIR_OPT_STRINGS: return "\"anyOf\":[" ITEM ",{\"type\":\"array\",\"items\":" ITEM "}]";
    case WEIR_OPT_EXPRS:
    case WEIR_OPT_STRMAP: return "\"type\":\"object\",\"additionalProperties\":" ITEM;
    case WEIR_OPT_COLUMNS:
        return "\"type\":\"object\",\"additionalProperties\":{\"anyOf\":[{\"type\":\"string\"},"
               "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
               "\"type\":" ITEM ",\"from\":" ITEM ",\"format\":" ITEM ",\"timezone\":" ITEM ","
               "\"null\":{},\"ambiguous\":" ITEM "}}]}";
    default: return NULL;
    }
}

static bool type_schema(const weir_option *row, weir_buf *out) {
    const char *fixed = fixed_schema(row->type);
    if (fixed) return weir_buf_adds(out, fixed);
    switch (row->type) {
    case WEIR_OPT_INT: return add_int(row, out);
    case WEIR_OPT_ENUM: return add_enum(row, out);
    case WEIR_OPT_STRUCT:
        if (row->flags & WEIR_OPT_SHORT)
            return weir_buf_adds(out, "\"anyOf\":[{") && type_schema(row->fields, out) &&
                   weir_buf_adds(out, "},") && weir_option_schema(row->fields, out) &&
                   weir_buf_adds(out, "]");
        return weir_buf_adds(out, "\"allOf\":[") && weir_option_schema(row->fields, out) &&
               weir_buf_adds(out, "]");
    case WEIR_OPT_LIST:
        return weir_buf_adds(out, "\"type\":\"array\",\"items\":") &&
               weir_option_schema(row->fields, out);
    default: return weir_buf_adds(out, "\"title\":") && add_string(out, row->name); /* any value */
    }
}

static bool row_schema(const weir_option *row, weir_buf *out) {
    if (!weir_buf_adds(out, "{")) return false;
    if (row->help && !(weir_buf_adds(out, "\"description\":") && add_string(out, row->help) &&
                       weir_buf_adds(out, ",")))
        return false;
    if (row->fallback && row->type != WEIR_OPT_SECRET &&
        !(weir_buf_adds(out, "\"default\":") && add_string(out, row->fallback) &&
          weir_buf_adds(out, ",")))
        return false;
    return type_schema(row, out) && weir_buf_adds(out, "}");
}

bool weir_option_schema_member(const weir_option *row, const char *name, weir_buf *out) {
    return add_string(out, name) && weir_buf_adds(out, ":") && row_schema(row, out);
}

static bool members(const weir_option *table, weir_buf *out) {
    bool first = true;
    for (const weir_option *r = table; r && r->name; r++) {
        if (r->flags & WEIR_OPT_HIDDEN) continue;
        if (!first && !weir_buf_adds(out, ",")) return false;
        first = false;
        if (!weir_option_schema_member(r, r->name, out)) return false;
        if (r->alias && !(weir_buf_adds(out, ",") && weir_option_schema_member(r, r->alias, out)))
            return false;
    }
    return true;
}

/* Names that must be there; one that has an alias may be either, which `required` cannot say. */
static bool add_required(const weir_option *table, weir_buf *out) {
    bool first = true;
    for (const weir_option *r = table; r && r->name; r++) {
        if (!(r->flags & WEIR_OPT_REQUIRED) || r->alias) continue;
        if (!weir_buf_adds(out, first ? ",\"required\":[" : ",") || !add_string(out, r->name))
            return false;
        first = false;
    }
    return first || weir_buf_adds(out, "]");
}

bool weir_option_schema(const weir_option *table, weir_buf *out) {
    return weir_buf_adds(out, "{\"type\":\"object\",\"properties\":{") && members(table, out) &&
           weir_buf_adds(out, "},\"additionalProperties\":false") && add_required(table, out) &&
           weir_buf_adds(out, "}");
}
