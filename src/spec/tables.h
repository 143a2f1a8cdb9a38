/* The option tables of the pipeline file, and the structs they fill.  Private to src/spec. */
#ifndef WEIR_SPEC_TABLES_H
#define WEIR_SPEC_TABLES_H

#include "spec/pipeline.h"

/* The keys of the file itself; a one-flow file has the keys of a step beside them. */
typedef struct root_form {
    int64_t version;
    const char *name, *description;
    const weir_node *connections, *steps, *params, *tests, *targets;
    struct {
        int64_t retries, backoff_us, timeout_us;
    } defaults;
    struct {
        uint64_t memory_bytes;
        int64_t threads;
    } limits;
    struct {
        const char *path, *connection;
    } state;
    weir_schedule_spec schedule;
    weir_opt_list alerts; /* weir_alert_spec */
} root_form;

/* weir.yaml, and a target of it: parts that are laid into the tree of a pipeline. */
typedef struct project_form {
    int64_t version;
    const char *target;
    const weir_node *connections, *defaults, *limits, *state, *params, *targets;
} project_form;

typedef struct step_form {
    weir_opt_strings needs;
    const weir_node *source, *transform, *validate, *rejects, *quality, *sink, *inputs;
    const weir_node *sql, *command, *route, *from;
    int64_t retries, backoff_us, timeout_us;
    bool retries_given, backoff_given, timeout_given;
} step_form;

/* What stands in front of a connector's own keys. */
typedef struct end_form {
    const char *type, *connection, *format;
} end_form;

typedef struct source_form {
    end_form end;
    weir_opt_columns columns;
    weir_opt_strings metadata;
    int infer, extra_columns, on_empty, on_file_error;
    weir_incremental_spec incremental;
    const char *from;
    const weir_node *tables, *topic, *group, *start, *value, *batch;
} source_form;

/* The words of `drift:`, in the order of weir_drift_action; NULL-terminated. */
extern const char *const weir_spec_drift_actions[];

typedef struct drift_form {
    int new_columns, type_change, missing;
} drift_form;

typedef struct sink_form {
    end_form end;
    int mode;
    bool mode_given;
    weir_opt_strings key;
    const char *version;
    drift_form drift;
    int order;
    const weir_node *topic;
} sink_form;

typedef struct route_form {
    const char *name;
    weir_opt_expr when;
    bool when_given;
    const weir_node *sink;
} route_form;

typedef struct routes_form {
    weir_opt_list to;
    bool all, unmatched_given;
    int unmatched;
} routes_form;

typedef struct rejects_form {
    end_form end;
    double max_ratio;
    int64_t max_rows;
    bool max_rows_given;
    int mode;
    bool mode_given;
} rejects_form;

typedef struct quality_form {
    weir_opt_expr metric;
    const char *name, *min, *max;
    int severity;
} quality_form;

typedef struct sql_form {
    weir_opt_expr query;
    const char *connection, *into;
    int mode;
} sql_form;

typedef struct param_form {
    const char *type, *fallback, *help;
} param_form;

typedef struct test_form {
    const char *name, *step;
    const weir_node *input;
    struct {
        int64_t loaded, rejected, exit_code;
        bool loaded_given, rejected_given, exit_given;
        const weir_node *quality, *rows, *rejects;
    } expect;
} test_form;

extern const weir_option weir_spec_project_options[], weir_spec_target_options[];
extern const weir_option weir_spec_root_options[], weir_spec_step_options[],
    weir_spec_connection_options[], weir_spec_source_options[], weir_spec_sink_options[],
    weir_spec_rejects_options[], weir_spec_quality_options[], weir_spec_route_options[],
    weir_spec_sql_options[], weir_spec_command_options[], weir_spec_param_options[],
    weir_spec_test_options[];

/* The load mode of an index of the `mode:` choices ("merge" is "upsert"). */
weir_load_mode weir_spec_mode(int choice);
const char *weir_spec_mode_name(weir_load_mode mode);

#endif
