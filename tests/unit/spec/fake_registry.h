/* A small registry for the tests of src/spec: two connectors that read and write, one that only
 * reads, formats, operators.  Nothing here can run; the tables are all that the loader looks at. */
#ifndef WEIR_TESTS_SPEC_FAKE_REGISTRY_H
#define WEIR_TESTS_SPEC_FAKE_REGISTRY_H

#include <stddef.h>
#include "spec/pipeline.h"

typedef struct file_config {
    weir_opt_strings path;
    int compression;
} file_config;
typedef struct table_config {
    const char *table, *query;
} table_config;
typedef struct base_config {
    const char *path, *password;
} base_config;
typedef struct csv_config {
    weir_opt_char delimiter;
    bool header;
} csv_config;
typedef struct set_config {
    weir_opt_exprs set;
} set_config;
typedef struct filter_config {
    weir_opt_expr filter;
} filter_config;
typedef struct rule {
    const char *field, *check;
    bool required;
} rule;
typedef struct validate_config {
    weir_opt_list rules;
} validate_config;

static const char *const test_compressions[] = {"auto", "none", "gzip", NULL};
static const weir_option no_options[] = {{0}};
static const weir_option file_options[] = {{.name = "path",
                                            .type = WEIR_OPT_STRINGS,
                                            .flags = WEIR_OPT_REQUIRED,
                                            .offset = offsetof(file_config, path),
                                            .help = "files"},
                                           {.name = "compression",
                                            .type = WEIR_OPT_ENUM,
                                            .offset = offsetof(file_config, compression),
                                            .choices = test_compressions,
                                            .fallback = "auto"},
                                           {0}};
static const weir_option base_options[] = {
    {.name = "path",
     .type = WEIR_OPT_STRING,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(base_config, path),
     .help = "the database file"},
    {.name = "password", .type = WEIR_OPT_SECRET, .offset = offsetof(base_config, password)},
    {0}};
static const weir_option table_options[] = {
    {.name = "table", .type = WEIR_OPT_STRING, .offset = offsetof(table_config, table)},
    {.name = "query", .type = WEIR_OPT_STRING, .offset = offsetof(table_config, query)},
    {0}};
static const weir_option csv_options[] = {{.name = "delimiter",
                                           .type = WEIR_OPT_CHAR,
                                           .offset = offsetof(csv_config, delimiter),
                                           .fallback = ","},
                                          {.name = "header",
                                           .type = WEIR_OPT_BOOL,
                                           .offset = offsetof(csv_config, header),
                                           .fallback = "true"},
                                          {0}};

static const char *const base_extensions[] = {".db", ".sqlite", NULL};
static const weir_connector fake_file = {.name = "file",
                                         .roles = WEIR_ROLE_SOURCE | WEIR_ROLE_SINK,
                                         .caps = WEIR_CAP_FORMATS,
                                         .modes = 1u << WEIR_MODE_APPEND | 1u << WEIR_MODE_REPLACE,
                                         .options = no_options,
                                         .source_options = file_options,
                                         .source_config_size = sizeof(file_config),
                                         .sink_options = file_options,
                                         .sink_config_size = sizeof(file_config)};
static const weir_connector fake_base = {
    .name = "sqlite",
    .roles = WEIR_ROLE_SOURCE | WEIR_ROLE_SINK,
    .caps = WEIR_CAP_CURSOR,
    .modes = 1u << WEIR_MODE_APPEND | 1u << WEIR_MODE_REPLACE | 1u << WEIR_MODE_UPSERT,
    .extensions = base_extensions,
    .options = base_options,
    .config_size = sizeof(base_config),
    .source_options = table_options,
    .source_config_size = sizeof(table_config),
    .sink_options = table_options,
    .sink_config_size = sizeof(table_config),
    .drift = WEIR_DRIFT_NEW_COLUMNS(WEIR_DRIFT_FAIL) | WEIR_DRIFT_NEW_COLUMNS(WEIR_DRIFT_EVOLVE) |
             WEIR_DRIFT_MISSING(WEIR_DRIFT_EVOLVE)};
static const weir_connector fake_feed = {
    .name = "feed", .roles = WEIR_ROLE_SOURCE, .options = no_options, .source_options = no_options};
static const weir_connector *const fake_connectors[] = {&fake_file, &fake_base, &fake_feed, NULL};

static const char *const csv_extensions[] = {".csv", NULL};
static const char *const ndjson_extensions[] = {".ndjson", ".jsonl", NULL};
static const char *const xml_extensions[] = {".xml", NULL};
static const weir_format fake_csv = {.name = "csv",
                                     .extensions = csv_extensions,
                                     .read_options = csv_options,
                                     .read_config_size = sizeof(csv_config),
                                     .write_options = csv_options,
                                     .write_config_size = sizeof(csv_config)};
static const weir_format fake_ndjson = {.name = "ndjson",
                                        .extensions = ndjson_extensions,
                                        .read_options = no_options,
                                        .write_options = no_options};
static const weir_format fake_xml = {
    .name = "xml", .extensions = xml_extensions, .read_options = no_options};
static const weir_format *const fake_formats[] = {&fake_csv, &fake_ndjson, &fake_xml, NULL};

static const weir_option set_options[] = {
    {.name = "set", .type = WEIR_OPT_EXPRS, .flags = WEIR_OPT_REQUIRED, .help = "new fields"}, {0}};
static const weir_option filter_options[] = {
    {.name = "filter", .type = WEIR_OPT_EXPR, .flags = WEIR_OPT_REQUIRED}, {0}};
static const weir_option rule_options[] = {
    {.name = "field", .type = WEIR_OPT_STRING, .offset = offsetof(rule, field)},
    {.name = "check", .type = WEIR_OPT_STRING, .offset = offsetof(rule, check)},
    {.name = "required", .type = WEIR_OPT_BOOL, .offset = offsetof(rule, required)},
    {0}};
static const weir_option validate_options[] = {{.name = "validate",
                                                .type = WEIR_OPT_LIST,
                                                .flags = WEIR_OPT_REQUIRED,
                                                .fields = rule_options,
                                                .item_size = sizeof(rule)},
                                               {0}};
static const weir_operator_kind fake_set = {
    .name = "set", .options = set_options, .config_size = sizeof(set_config)};
static const weir_operator_kind fake_filter = {
    .name = "filter", .options = filter_options, .config_size = sizeof(filter_config)};
static const weir_operator_kind fake_validate = {
    .name = "validate", .options = validate_options, .config_size = sizeof(validate_config)};
static const weir_operator_kind *const test_transforms[] = {&fake_set, &fake_filter, NULL};
static const weir_operator_kind *const test_validators[] = {&fake_validate, NULL};
static const weir_operator_kind *const *const fake_operators[] = {test_transforms, test_validators,
                                                                  NULL};
static const weir_spec_registry test_registry = {.connectors = fake_connectors,
                                                 .formats = fake_formats,
                                                 .operators = fake_operators,
                                                 .features = WEIR_SPEC_PARAMS};

/* Variables for ${...}. */
static const char *test_variable(void *context, const char *name) {
    (void)context;
    if (strcmp(name, "FOLDER") == 0) return "data/in";
    if (strcmp(name, "EMPTY") == 0) return "";
    if (strcmp(name, "SECRET") == 0) return "canary-5417";
    if (strcmp(name, "BAD_SIZE") == 0) return "canary-9921";
    if (strcmp(name, "URL") == 0) return "canary7://host/x.csv";
    return NULL;
}

#endif
