#include "spec/tables.h"

#define SINCE .since = "0.1"
#define SINCE_2 .since = "0.2"

/* ---- words --------------------------------------------------------------------------------- */

static const char *const modes[] = {"append",        "replace", "truncate", "upsert",
                                    "delete_insert", "scd2",    "snapshot", "replace_partitions",
                                    "merge",         NULL};
static const char *const infer_modes[] = {"full", "sample", "none", NULL};
static const char *const extra_modes[] = {"keep", "drop", "reject", NULL};
static const char *const empty_modes[] = {"fail", "ok", NULL};
static const char *const file_error_modes[] = {"fail", "skip", NULL};
static const char *const orders[] = {"free", "keep", NULL};
const char *const weir_spec_drift_actions[] = {"fail", "evolve", "drop", NULL};
static const char *const by_words[] = {"none", "files", "cursor", NULL};
static const char *const null_words[] = {"error", "include", "exclude", NULL};
static const char *const severities[] = {"fail", "warn", NULL};
static const char *const overlaps[] = {"skip", "queue", "fail", NULL};

weir_load_mode weir_spec_mode(int choice) {
    return choice >= WEIR_MODE_COUNT ? WEIR_MODE_UPSERT : (weir_load_mode)choice;
}

const char *weir_spec_mode_name(weir_load_mode mode) {
    return modes[mode];
}

/* ---- the file ------------------------------------------------------------------------------ */

#define IN(form, member) .offset = offsetof(form, member)

static const weir_option defaults_options[] = {
    {.name = "retries",
     .type = WEIR_OPT_INT,
     .offset = 0,
     .fallback = "0",
     .max = 1000,
     .help = "attempts after the first",
     SINCE},
    {.name = "backoff",
     .type = WEIR_OPT_DURATION,
     .offset = sizeof(int64_t),
     .fallback = "1s",
     .help = "wait before the second attempt; it doubles, with jitter",
     SINCE},
    {.name = "timeout",
     .type = WEIR_OPT_DURATION,
     .offset = 2 * sizeof(int64_t),
     .fallback = "0",
     .help = "a step that takes longer is stopped; 0 = no limit",
     SINCE},
    {0}};

static const weir_option limits_options[] = {
    {.name = "memory",
     .type = WEIR_OPT_SIZE,
     .offset = 0,
     .fallback = "128MiB",
     .min = 1 << 20,
     .max = (int64_t)1 << 50,
     .help = "memory of a run, all threads together",
     SINCE},
    {.name = "threads",
     .type = WEIR_OPT_INT,
     .offset = sizeof(uint64_t),
     .fallback = "0",
     .max = 1024,
     .help = "threads that compute; 0 = the processors the program may use",
     SINCE},
    {0}};

static const weir_option state_options[] = {
    {.name = "path",
     .type = WEIR_OPT_STRING,
     .offset = 0,
     .fallback = WEIR_SPEC_STATE_FOLDER,
     .help = "folder of positions, runs and rejects, beside the pipeline file",
     SINCE},
    {.name = "connection",
     .type = WEIR_OPT_STRING,
     .offset = sizeof(char *),
     .help = "keep the state in a database instead",
     SINCE},
    {0}};

static const weir_option schedule_options[] = {
    {.name = "cron",
     .type = WEIR_OPT_STRING,
     IN(weir_schedule_spec, cron),
     .help = "minute hour day month weekday, such as \"0 2 * * *\"",
     SINCE},
    {.name = "every",
     .type = WEIR_OPT_DURATION,
     IN(weir_schedule_spec, every_us),
     .help = "instead of cron: a fixed distance",
     SINCE},
    {.name = "timezone",
     .type = WEIR_OPT_STRING,
     IN(weir_schedule_spec, timezone),
     .fallback = "UTC",
     .help = "zone of the cron times",
     SINCE},
    {.name = "overlap",
     .type = WEIR_OPT_ENUM,
     IN(weir_schedule_spec, overlap),
     .choices = overlaps,
     .fallback = "skip",
     .help = "what to do when the last run still runs",
     SINCE},
    {0}};

static const weir_option alert_options[] = {{.name = "events",
                                             .type = WEIR_OPT_STRINGS,
                                             .flags = WEIR_OPT_REQUIRED,
                                             IN(weir_alert_spec, events),
                                             .help = "failure, quality, rejects or success",
                                             SINCE},
                                            {.name = "webhook",
                                             .type = WEIR_OPT_SECRET,
                                             IN(weir_alert_spec, webhook),
                                             .help = "address that gets a JSON message",
                                             SINCE},
                                            {0}};

const weir_option weir_spec_root_options[] = {
    {.name = "weir",
     .type = WEIR_OPT_INT,
     IN(root_form, version),
     .fallback = "1",
     .help = "version of the file's language: 1",
     SINCE},
    {.name = "name",
     .type = WEIR_OPT_STRING,
     IN(root_form, name),
     .help = "name of the pipeline in state and messages; default: the file's name",
     SINCE},
    {.name = "description",
     .type = WEIR_OPT_STRING,
     IN(root_form, description),
     .help = "what it is for, in one line",
     SINCE},
    {.name = "connections",
     .type = WEIR_OPT_NODE,
     IN(root_form, connections),
     .help = "databases and services by name",
     SINCE},
    {.name = "defaults",
     .type = WEIR_OPT_STRUCT,
     IN(root_form, defaults),
     .fields = defaults_options,
     .help = "what holds for every step that says nothing else",
     SINCE},
    {.name = "steps",
     .type = WEIR_OPT_NODE,
     IN(root_form, steps),
     .help = "the steps by name; a file with one flow may have its keys at the top instead",
     SINCE},
    {.name = "params",
     .type = WEIR_OPT_NODE,
     IN(root_form, params),
     .help = "values given at the start of a run, by name",
     SINCE},
    {.name = "limits",
     .type = WEIR_OPT_STRUCT,
     IN(root_form, limits),
     .fields = limits_options,
     .help = "what a run may use",
     SINCE},
    {.name = "state",
     .type = WEIR_OPT_STRUCT,
     IN(root_form, state),
     .fields = state_options,
     .help = "where the state is kept",
     SINCE},
    {.name = "schedule",
     .type = WEIR_OPT_STRUCT,
     IN(root_form, schedule),
     .set_offset = offsetof(root_form, schedule) + offsetof(weir_schedule_spec, given),
     .fields = schedule_options,
     .help = "when the pipeline runs by itself",
     SINCE},
    {.name = "alerts",
     .type = WEIR_OPT_LIST,
     IN(root_form, alerts),
     .fields = alert_options,
     .item_size = sizeof(weir_alert_spec),
     .help = "who is told what",
     SINCE},
    {.name = "tests",
     .type = WEIR_OPT_NODE,
     IN(root_form, tests),
     .help = "inline tests: rows in, figures and rows out",
     SINCE},
    {.name = "targets",
     .type = WEIR_OPT_NODE,
     IN(root_form, targets),
     .help = "what differs by environment, by name: chosen with --target or WEIR_TARGET",
     SINCE},
    {0}};

/* ---- weir.yaml ----------------------------------------------------------------------------- */

#define SHARED_ROWS                                                                                \
    {.name = "connections",                                                                        \
     .type = WEIR_OPT_NODE,                                                                        \
     IN(project_form, connections),                                                                \
     .help = "databases and services by name; one without type: is laid over the one below",       \
     SINCE},                                                                                       \
        {.name = "defaults",                                                                       \
         .type = WEIR_OPT_NODE,                                                                    \
         IN(project_form, defaults),                                                               \
         .help = "retries, backoff and timeout of steps",                                          \
         SINCE},                                                                                   \
        {.name = "limits",                                                                         \
         .type = WEIR_OPT_NODE,                                                                    \
         IN(project_form, limits),                                                                 \
         .help = "memory and threads of a run",                                                    \
         SINCE},                                                                                   \
    {                                                                                              \
        .name = "state", .type = WEIR_OPT_NODE, IN(project_form, state),                           \
        .help = "where the state is kept", SINCE                                                   \
    }

const weir_option weir_spec_project_options[] = {
    {.name = "weir",
     .type = WEIR_OPT_INT,
     IN(project_form, version),
     .fallback = "1",
     .min = 1,
     .max = 1,
     .help = "version of the file's language: 1",
     SINCE},
    {.name = "target",
     .type = WEIR_OPT_STRING,
     IN(project_form, target),
     .help = "the target when neither --target nor WEIR_TARGET names one",
     SINCE},
    SHARED_ROWS,
    {.name = "targets",
     .type = WEIR_OPT_NODE,
     IN(project_form, targets),
     .help = "what differs by environment, by name",
     SINCE},
    {0}};

const weir_option weir_spec_target_options[] = {SHARED_ROWS,
                                                {.name = "params",
                                                 .type = WEIR_OPT_NODE,
                                                 IN(project_form, params),
                                                 .help = "values of parameters, by name",
                                                 SINCE},
                                                {0}};

/* ---- steps --------------------------------------------------------------------------------- */

const weir_option weir_spec_step_options[] = {
    {.name = "needs",
     .type = WEIR_OPT_STRINGS,
     IN(step_form, needs),
     .help = "steps that must have succeeded before",
     SINCE},
    {.name = "source",
     .type = WEIR_OPT_NODE,
     IN(step_form, source),
     .help = "where the records come from",
     SINCE},
    {.name = "inputs",
     .type = WEIR_OPT_NODE,
     IN(step_form, inputs),
     .help = "other sources by name, for operators that look something up (map)",
     SINCE},
    {.name = "transform",
     .type = WEIR_OPT_NODE,
     IN(step_form, transform),
     .help = "operators, in order",
     SINCE},
    {.name = "validate",
     .type = WEIR_OPT_NODE,
     IN(step_form, validate),
     .help = "rules; the same as a last validate in transform",
     SINCE},
    {.name = "rejects",
     .type = WEIR_OPT_NODE,
     IN(step_form, rejects),
     .help = "limits of rejected records, and a place for them of your own",
     SINCE},
    {.name = "quality",
     .type = WEIR_OPT_NODE,
     IN(step_form, quality),
     .help = "what must hold for the whole load",
     SINCE},
    {.name = "sink", .type = WEIR_OPT_NODE, IN(step_form, sink), .help = "where they go", SINCE},
    {.name = "route",
     .type = WEIR_OPT_NODE,
     IN(step_form, route),
     .help = "instead of sink: several, by condition",
     SINCE_2},
    {.name = "sql",
     .type = WEIR_OPT_NODE,
     IN(step_form, sql),
     .help = "instead of a flow: a statement for a database",
     SINCE},
    {.name = "command",
     .type = WEIR_OPT_NODE,
     IN(step_form, command),
     .help = "instead of a flow: a program to run",
     SINCE},
    {.name = "retries",
     .type = WEIR_OPT_INT,
     IN(step_form, retries),
     .max = 1000,
     .set_offset = offsetof(step_form, retries_given),
     .help = "attempts after the first",
     SINCE},
    {.name = "backoff",
     .type = WEIR_OPT_DURATION,
     IN(step_form, backoff_us),
     .set_offset = offsetof(step_form, backoff_given),
     .help = "wait before the second attempt; it doubles, with jitter",
     SINCE},
    {.name = "timeout",
     .type = WEIR_OPT_DURATION,
     IN(step_form, timeout_us),
     .set_offset = offsetof(step_form, timeout_given),
     .help = "the step is stopped when it takes longer; 0 = no limit",
     SINCE},
    {.name = "from", .type = WEIR_OPT_NODE, IN(step_form, from), .flags = WEIR_OPT_HIDDEN},
    {0}};

const weir_option weir_spec_sql_options[] = {{.name = "connection",
                                              .type = WEIR_OPT_STRING,
                                              .flags = WEIR_OPT_REQUIRED,
                                              IN(sql_form, connection),
                                              .help = "the database that runs the statement",
                                              SINCE},
                                             {.name = "query",
                                              .type = WEIR_OPT_EXPR,
                                              .flags = WEIR_OPT_REQUIRED,
                                              IN(sql_form, query),
                                              .help = "the statement",
                                              SINCE},
                                             {.name = "into",
                                              .type = WEIR_OPT_STRING,
                                              IN(sql_form, into),
                                              .help = "table for the result of a select",
                                              SINCE},
                                             {.name = "mode",
                                              .type = WEIR_OPT_ENUM,
                                              IN(sql_form, mode),
                                              .choices = modes,
                                              .fallback = "replace",
                                              .help = "how the table is loaded",
                                              SINCE},
                                             {0}};

const weir_option weir_spec_command_options[] = {
    {.name = "run",
     .type = WEIR_OPT_STRINGS,
     .flags = WEIR_OPT_REQUIRED,
     IN(weir_command_spec, run),
     .help = "program and arguments; no shell looks at them",
     SINCE},
    {.name = "env",
     .type = WEIR_OPT_STRMAP,
     IN(weir_command_spec, env),
     .help = "variables for the program",
     SINCE},
    {.name = "folder",
     .type = WEIR_OPT_STRING,
     IN(weir_command_spec, folder),
     .fallback = ".",
     .help = "where it runs, counted from the pipeline file",
     SINCE},
    {0}};

/* ---- sources ------------------------------------------------------------------------------- */

const weir_option weir_spec_connection_options[] = {{.name = "type",
                                                     .type = WEIR_OPT_STRING,
                                                     .offset = 0,
                                                     .flags = WEIR_OPT_REQUIRED,
                                                     .help = "name of a connector",
                                                     SINCE},
                                                    {0}};

static const weir_option incremental_options[] = {
    {.name = "by",
     .type = WEIR_OPT_ENUM,
     .flags = WEIR_OPT_REQUIRED,
     IN(weir_incremental_spec, by),
     .choices = by_words,
     .help = "files: each file once; cursor: rows above the last value",
     SINCE},
    {.name = "column",
     .type = WEIR_OPT_STRING,
     IN(weir_incremental_spec, column),
     .help = "cursor: the column that grows",
     SINCE},
    {.name = "key",
     .type = WEIR_OPT_STRINGS,
     IN(weir_incremental_spec, key),
     .help = "cursor: unique columns, for rows of equal cursor",
     SINCE},
    {.name = "lag",
     .type = WEIR_OPT_DURATION,
     IN(weir_incremental_spec, lag_us),
     .fallback = "0",
     .help = "cursor: how late a row may appear",
     SINCE},
    {.name = "start",
     .type = WEIR_OPT_STRING,
     IN(weir_incremental_spec, start),
     .help = "cursor: the first value",
     SINCE},
    {.name = "nulls",
     .type = WEIR_OPT_ENUM,
     IN(weir_incremental_spec, nulls),
     .choices = null_words,
     .fallback = "error",
     .help = "cursor: rows without a cursor",
     SINCE},
    {0}};

#define END_ROWS(form)                                                                             \
    {.name = "type",                                                                               \
     .type = WEIR_OPT_STRING,                                                                      \
     IN(form, end.type),                                                                           \
     .help = "name of a connector; path: alone means file",                                        \
     SINCE},                                                                                       \
        {.name = "connection",                                                                     \
         .type = WEIR_OPT_STRING,                                                                  \
         IN(form, end.connection),                                                                 \
         .help = "one of connections:, instead of type",                                           \
         SINCE},                                                                                   \
    {                                                                                              \
        .name = "format", .type = WEIR_OPT_STRING, IN(form, end.format),                           \
        .help = "csv, ndjson, ...; default: by the name of the file", SINCE                        \
    }

const weir_option weir_spec_source_options[] = {
    END_ROWS(source_form),
    {.name = "columns",
     .type = WEIR_OPT_COLUMNS,
     IN(source_form, columns),
     .help = "types of columns, by name; others are inferred",
     SINCE},
    {.name = "metadata",
     .type = WEIR_OPT_STRINGS,
     IN(source_form, metadata),
     .help = "columns of the address: _file, _line, _byte",
     SINCE},
    {.name = "infer",
     .type = WEIR_OPT_ENUM,
     IN(source_form, infer),
     .choices = infer_modes,
     .fallback = "full",
     .help = "how types of other columns are found; pipes are sampled",
     SINCE},
    {.name = "extra_columns",
     .type = WEIR_OPT_ENUM,
     IN(source_form, extra_columns),
     .choices = extra_modes,
     .fallback = "keep",
     .help = "columns that `columns` does not name",
     SINCE},
    {.name = "incremental",
     .type = WEIR_OPT_STRUCT,
     IN(source_form, incremental),
     .fields = incremental_options,
     .help = "read only what is new",
     SINCE},
    {.name = "on_empty",
     .type = WEIR_OPT_ENUM,
     IN(source_form, on_empty),
     .choices = empty_modes,
     .fallback = "fail",
     .help = "an input that matches nothing",
     SINCE},
    {.name = "on_file_error",
     .type = WEIR_OPT_ENUM,
     IN(source_form, on_file_error),
     .choices = file_error_modes,
     .fallback = "fail",
     .help = "a file that cannot be read; skip ends the run as partial",
     SINCE},
    {.name = "from", .type = WEIR_OPT_STRING, IN(source_form, from), .flags = WEIR_OPT_HIDDEN},
    {.name = "tables", .type = WEIR_OPT_NODE, IN(source_form, tables), .flags = WEIR_OPT_HIDDEN},
    {.name = "topic", .type = WEIR_OPT_NODE, IN(source_form, topic), .flags = WEIR_OPT_HIDDEN},
    {.name = "group", .type = WEIR_OPT_NODE, IN(source_form, group), .flags = WEIR_OPT_HIDDEN},
    {.name = "start", .type = WEIR_OPT_NODE, IN(source_form, start), .flags = WEIR_OPT_HIDDEN},
    {.name = "value", .type = WEIR_OPT_NODE, IN(source_form, value), .flags = WEIR_OPT_HIDDEN},
    {.name = "batch", .type = WEIR_OPT_NODE, IN(source_form, batch), .flags = WEIR_OPT_HIDDEN},
    {0}};

/* ---- sinks --------------------------------------------------------------------------------- */

static const weir_option drift_options[] = {
    {.name = "new_columns",
     .type = WEIR_OPT_ENUM,
     IN(drift_form, new_columns),
     .choices = weir_spec_drift_actions,
     .fallback = "fail",
     .help = "columns that the target lacks; evolve = they are added to it",
     SINCE},
    {.name = "type_change",
     .type = WEIR_OPT_ENUM,
     IN(drift_form, type_change),
     .choices = weir_spec_drift_actions,
     .fallback = "fail",
     .help = "columns whose type in the target would change the values",
     SINCE},
    {.name = "missing",
     .type = WEIR_OPT_ENUM,
     IN(drift_form, missing),
     .choices = weir_spec_drift_actions,
     .fallback = "evolve",
     .help = "columns that only the target has; evolve = they get their default, or null",
     SINCE},
    {0}};

const weir_option weir_spec_sink_options[] = {
    END_ROWS(sink_form),
    {.name = "mode",
     .type = WEIR_OPT_ENUM,
     IN(sink_form, mode),
     .set_offset = offsetof(sink_form, mode_given),
     .choices = modes,
     .help = "how the target is loaded; append for tables",
     SINCE},
    {.name = "key",
     .type = WEIR_OPT_STRINGS,
     IN(sink_form, key),
     .help = "columns that tell rows apart, for upsert",
     SINCE},
    {.name = "version",
     .type = WEIR_OPT_STRING,
     IN(sink_form, version),
     .help = "column by which the newer row wins; without it the last in source order",
     SINCE},
    {.name = "drift",
     .type = WEIR_OPT_STRUCT,
     IN(sink_form, drift),
     .fields = drift_options,
     .help = "what to do when the columns change",
     SINCE},
    {.name = "order",
     .type = WEIR_OPT_ENUM,
     IN(sink_form, order),
     .choices = orders,
     .fallback = "free",
     .help = "keep = rows arrive in source order",
     SINCE},
    {.name = "topic", .type = WEIR_OPT_NODE, IN(sink_form, topic), .flags = WEIR_OPT_HIDDEN},
    {0}};

const weir_option weir_spec_rejects_options[] = {
    {.name = "max_ratio",
     .type = WEIR_OPT_RATIO,
     IN(rejects_form, max_ratio),
     .fallback = "5%",
     .help = "share of rejected records above which nothing is committed",
     SINCE},
    {.name = "max_rows",
     .type = WEIR_OPT_INT,
     IN(rejects_form, max_rows),
     .max = INT64_MAX,
     .set_offset = offsetof(rejects_form, max_rows_given),
     .help = "number of rejected records above which nothing is committed",
     SINCE},
    END_ROWS(rejects_form),
    {.name = "mode",
     .type = WEIR_OPT_ENUM,
     IN(rejects_form, mode),
     .set_offset = offsetof(rejects_form, mode_given),
     .choices = modes,
     .help = "default: replace for files, append for tables",
     SINCE},
    {0}};

static const char *const unmatched_words[] = {"error", "drop", "reject", NULL};

static const weir_option route_entry[] = {
    {.name = "name",
     .type = WEIR_OPT_STRING,
     .flags = WEIR_OPT_REQUIRED,
     IN(route_form, name),
     .help = "name of the route in the account and in messages",
     SINCE_2},
    {.name = "when",
     .type = WEIR_OPT_EXPR,
     IN(route_form, when),
     .set_offset = offsetof(route_form, when_given),
     .help = "condition; without one: what no route before takes",
     SINCE_2},
    {.name = "sink",
     .type = WEIR_OPT_NODE,
     .flags = WEIR_OPT_REQUIRED,
     IN(route_form, sink),
     .help = "where these records go, as sink: of a flow",
     SINCE_2},
    {0}};

const weir_option weir_spec_route_options[] = {
    {.name = "to",
     .type = WEIR_OPT_LIST,
     .flags = WEIR_OPT_REQUIRED,
     IN(routes_form, to),
     .fields = route_entry,
     .item_size = sizeof(route_form),
     .help = "the routes; `route:` may be this list itself",
     SINCE_2},
    {.name = "all",
     .type = WEIR_OPT_BOOL,
     IN(routes_form, all),
     .fallback = "false",
     .help = "a record goes to each sink whose condition holds; else to the first",
     SINCE_2},
    {.name = "unmatched",
     .type = WEIR_OPT_ENUM,
     IN(routes_form, unmatched),
     .set_offset = offsetof(routes_form, unmatched_given),
     .choices = unmatched_words,
     .fallback = "error",
     .help = "what becomes of a record that no route takes; error: a route must take the rest",
     SINCE_2},
    {0}};

const weir_option weir_spec_quality_options[] = {
    {.name = "metric",
     .type = WEIR_OPT_EXPR,
     .flags = WEIR_OPT_REQUIRED,
     IN(quality_form, metric),
     .help = "what is measured, such as row_count or null_ratio(email)",
     SINCE},
    {.name = "name",
     .type = WEIR_OPT_STRING,
     IN(quality_form, name),
     .help = "name in reports; default: the metric",
     SINCE},
    {.name = "min",
     .type = WEIR_OPT_STRING,
     IN(quality_form, min),
     .help = "at least: 10 or 1%",
     SINCE},
    {.name = "max",
     .type = WEIR_OPT_STRING,
     IN(quality_form, max),
     .help = "at most: 10 or 1%",
     SINCE},
    {.name = "severity",
     .type = WEIR_OPT_ENUM,
     IN(quality_form, severity),
     .choices = severities,
     .fallback = "fail",
     .help = "fail stops the commit, warn only tells",
     SINCE},
    {0}};

/* ---- parameters and tests ------------------------------------------------------------------ */

const weir_option weir_spec_param_options[] = {
    {.name = "type",
     .type = WEIR_OPT_STRING,
     IN(param_form, type),
     .fallback = "string",
     .help = "type of the value",
     SINCE},
    {.name = "default",
     .type = WEIR_OPT_STRING,
     IN(param_form, fallback),
     .help = "value when none is given; without it the parameter must be given",
     SINCE},
    {.name = "help",
     .type = WEIR_OPT_STRING,
     IN(param_form, help),
     .alias = "description",
     .help = "what it is for",
     SINCE},
    {0}};

#define EXPECT(member) .offset = offsetof(test_form, expect.member) - offsetof(test_form, expect)
static const weir_option expect_options[] = {
    {.name = "loaded",
     .type = WEIR_OPT_INT,
     EXPECT(loaded),
     .max = INT64_MAX,
     .set_offset = offsetof(test_form, expect.loaded_given) - offsetof(test_form, expect),
     .help = "records that reach the sink",
     SINCE},
    {.name = "rejected",
     .type = WEIR_OPT_INT,
     EXPECT(rejected),
     .max = INT64_MAX,
     .set_offset = offsetof(test_form, expect.rejected_given) - offsetof(test_form, expect),
     .help = "records set aside",
     SINCE},
    {.name = "exit",
     .type = WEIR_OPT_INT,
     EXPECT(exit_code),
     .max = 255,
     .set_offset = offsetof(test_form, expect.exit_given) - offsetof(test_form, expect),
     .help = "exit code; drift, limits and gates count only when it is asked",
     SINCE},
    {.name = "quality",
     .type = WEIR_OPT_NODE,
     EXPECT(quality),
     .help = "outcome of the quality entries, by name",
     SINCE},
    {.name = "rows",
     .type = WEIR_OPT_NODE,
     EXPECT(rows),
     .help = "the loaded records in order; only the fields given are compared",
     SINCE},
    {.name = "rejects",
     .type = WEIR_OPT_NODE,
     EXPECT(rejects),
     .help = "the rejects in order: field, rule, reason, ...",
     SINCE},
    {0}};

const weir_option weir_spec_test_options[] = {
    {.name = "name", .type = WEIR_OPT_STRING, IN(test_form, name), .help = "what is tested", SINCE},
    {.name = "step",
     .type = WEIR_OPT_STRING,
     IN(test_form, step),
     .help = "the step; not needed when there is one",
     SINCE},
    {.name = "input",
     .type = WEIR_OPT_NODE,
     .flags = WEIR_OPT_REQUIRED,
     IN(test_form, input),
     .help = "records: a list of maps; fields not given are null",
     SINCE},
    {.name = "expect",
     .type = WEIR_OPT_STRUCT,
     .flags = WEIR_OPT_REQUIRED,
     IN(test_form, expect),
     .fields = expect_options,
     .help = "what must come out",
     SINCE},
    {0}};

/* ---- for the reference pages --------------------------------------------------------------- */

const weir_option *weir_pipeline_table(size_t i, const char **name, const char **summary) {
    static const struct {
        const char *name, *summary;
        const weir_option *table;
    } tables[] = {
        {"pipeline", "the keys of the file", weir_spec_root_options},
        {"step", "the keys of a step", weir_spec_step_options},
        {"connection", "an entry of connections, beside the connector's own keys",
         weir_spec_connection_options},
        {"source", "beside the keys of the connector and the format", weir_spec_source_options},
        {"sink", "beside the keys of the connector and the format", weir_spec_sink_options},
        {"rejects", "beside the keys of the connector and the format", weir_spec_rejects_options},
        {"route", "several sinks by condition", weir_spec_route_options},
        {"quality", "an entry of quality", weir_spec_quality_options},
        {"sql", "a step of SQL", weir_spec_sql_options},
        {"command", "a step that runs a program", weir_spec_command_options},
        {"param", "an entry of params", weir_spec_param_options},
        {"weir.yaml", "the file of that name beside or above pipelines: what they share",
         weir_spec_project_options},
        {"target", "an entry of targets", weir_spec_target_options},
        {"test", "an entry of tests", weir_spec_test_options}};
    if (i >= sizeof tables / sizeof *tables) return NULL;
    *name = tables[i].name;
    *summary = tables[i].summary;
    return tables[i].table;
}
