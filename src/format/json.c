/* JSON: options, and the two format objects. */
#include "format/json.h"

#include <stdio.h>

#include "text/jsonpath.h"

static const char *const repeated_choices[] = {"reject", "first", "last", NULL};
static const char *const nested_choices[] = {"json", "struct", "flatten", NULL};
static const char *const not_finite_choices[] = {"text", "reject", "null", NULL};

#define READ_OPTIONS(lines_fallback)                                                               \
    {                                                                                              \
        {.name = "lines",                                                                          \
         .type = WEIR_OPT_BOOL,                                                                    \
         .flags = WEIR_OPT_HIDDEN,                                                                 \
         .offset = offsetof(weir_json_read_config, lines),                                         \
         .fallback = lines_fallback,                                                               \
         .help = "each line is one record",                                                        \
         .since = "0.1"},                                                                          \
            {.name = "repeated_names",                                                             \
             .type = WEIR_OPT_ENUM,                                                                \
             .offset = offsetof(weir_json_read_config, repeated),                                  \
             .choices = repeated_choices,                                                          \
             .fallback = "last",                                                                   \
             .help =                                                                               \
                 "a name that stands twice in an object: take the last or the first value, and "   \
                 "say so, or reject the record",                                                   \
             .since = "0.1"},                                                                      \
            {.name = "max_depth",                                                                  \
             .type = WEIR_OPT_INT,                                                                 \
             .offset = offsetof(weir_json_read_config, max_depth),                                 \
             .fallback = "64",                                                                     \
             .min = 1,                                                                             \
             .max = WEIR_JSON_DEPTH_MAX,                                                           \
             .help = "objects and arrays inside each other; a deeper record is rejected",          \
             .since = "0.1"},                                                                      \
            {.name = "record_path",                                                                \
             .type = WEIR_OPT_STRING,                                                              \
             .offset = offsetof(weir_json_read_config, record_path),                               \
             .help = "where the records stand inside a document: a JSONPath (RFC 9535) like "      \
                     "$.data.items[*]",                                                            \
             .since = "0.1"},                                                                      \
            {.name = "max_document",                                                               \
             .type = WEIR_OPT_SIZE,                                                                \
             .offset = offsetof(weir_json_read_config, max_document),                              \
             .fallback = "64MiB",                                                                  \
             .help = "the largest input for a record_path that cannot be followed while reading "  \
                     "(.., filters, lists, counting from the end)",                                \
             .since = "0.1"},                                                                      \
            {.name = "nested",                                                                     \
             .type = WEIR_OPT_ENUM,                                                                \
             .offset = offsetof(weir_json_read_config, nested),                                    \
             .choices = nested_choices,                                                            \
             .fallback = "json",                                                                   \
             .help = "objects and arrays in columns without a declared type: their text, structs " \
                     "and lists, or a column for each member of an object",                        \
             .since = "0.1"},                                                                      \
            {.name = "flatten_separator",                                                          \
             .type = WEIR_OPT_STRING,                                                              \
             .offset = offsetof(weir_json_read_config, separator),                                 \
             .fallback = ".",                                                                      \
             .help = "stands between the names of a flattened column: who.name",                   \
             .since = "0.1"},                                                                      \
            {.name = "flatten_depth",                                                              \
             .type = WEIR_OPT_INT,                                                                 \
             .offset = offsetof(weir_json_read_config, flatten_depth),                             \
             .fallback = "16",                                                                     \
             .min = 1,                                                                             \
             .max = 64,                                                                            \
             .help = "objects inside each other that are flattened; deeper ones are json",         \
             .since = "0.1"},                                                                      \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

static const weir_option write_options[] = {
    {.name = "not_finite",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(weir_json_write_config, not_finite),
     .choices = not_finite_choices,
     .fallback = "text",
     .help = "NaN and infinity, for which JSON has no number: the texts \"NaN\", \"Infinity\" and "
             "\"-Infinity\", which are read back as numbers; reject the record; or null",
     .since = "0.1"},
    {.name = "omit_nulls",
     .type = WEIR_OPT_BOOL,
     .offset = offsetof(weir_json_write_config, omit_nulls),
     .fallback = "false",
     .help = "leave out members that are null",
     .since = "0.1"},
    {0}};

static const weir_option ndjson_read_options[] = READ_OPTIONS("true");
static const weir_option json_read_options[] = READ_OPTIONS("false");

static const weir_read_ops read_ops = {
    .cutter_new = weir_json_cutter_new,
    .cutter_layout = weir_json_cutter_layout,
    .cutter_next = weir_json_cutter_next,
    .cutter_free = weir_json_cutter_free,
    .infer = weir_json_infer,
    .decoder_new = weir_json_decoder_new,
    .decoder_begin = weir_json_decoder_begin,
    .decoder_next = weir_json_decoder_next,
    .decoder_free = weir_json_decoder_free,
};

static weir_status read_check(const void *config, weir_error *err) {
    const weir_json_read_config *c = config;
    weir_jsonpath *path = NULL;
    if (c->nested == WEIR_JSON_NESTED_FLATTEN && c->separator && !c->separator[0]) {
        if (err) snprintf(err->key, sizeof err->key, "flatten_separator");
        return weir_error_set(err, WEIR_USAGE, "may not be empty");
    }
    if (!c->record_path) return WEIR_OK;
    weir_status status = weir_jsonpath_new(c->record_path, strlen(c->record_path), &path, err);
    if (status != WEIR_OK && err) snprintf(err->key, sizeof err->key, "record_path");
    weir_jsonpath_free(path);
    return status;
}

static const char *const ndjson_extensions[] = {".ndjson", ".jsonl", ".geojsonl", NULL};
static const char *const json_extensions[] = {".json", ".geojson", NULL};

const weir_format weir_format_ndjson = {
    .name = "ndjson",
    .summary = "one JSON object a line",
    .extensions = ndjson_extensions,
    .read_options = ndjson_read_options,
    .read_config_size = sizeof(weir_json_read_config),
    .read = &read_ops,
    .write_options = write_options,
    .write_config_size = sizeof(weir_json_write_config),
    .write = &weir_json_write_ops,
    .text = WEIR_TEXT_UNICODE,
    .read_check = read_check,
};

const weir_format weir_format_json = {
    .name = "json",
    .summary = "an array of JSON objects, or objects one after the other; written as an array",
    .extensions = json_extensions,
    .read_options = json_read_options,
    .read_config_size = sizeof(weir_json_read_config),
    .read = &read_ops,
    .write_options = write_options,
    .write_config_size = sizeof(weir_json_write_config),
    .write = &weir_json_array_write_ops,
    .text = WEIR_TEXT_UNICODE,
    .read_check = read_check,
};
