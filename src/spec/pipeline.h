/* A pipeline file, checked and typed.
 *
 *     weir_arena arena = {0};
 *     weir_diags diags;
 *     weir_diags_init(&diags, path);
 *     WEIR_TRY(weir_pipeline_load_file(path, &registry, NULL, &arena, &diags, &p, err));
 *     ... WEIR_USAGE: weir_diags_print has every error of the file, with its place and remedy
 *     weir_diags_clear(&diags);
 *     weir_arena_clear(&arena);      the pipeline lives in the arena
 *
 * What is checked here is all that can be known without data: keys, values, names of connectors,
 * formats and operators, references between steps.  Columns, types and expressions are bound later
 * by the engine, with the configs and nodes that are kept here.
 */
#ifndef WEIR_SPEC_PIPELINE_H
#define WEIR_SPEC_PIPELINE_H

#include "base/option.h"
#include "column/operator.h"
#include "connect/connector.h"
#include "spec/reference.h"
#include "transform/route.h"

#define WEIR_SPEC_MAX_STEPS 1000
#define WEIR_SPEC_MAX_NAME_BYTES 100
#define WEIR_SPEC_MAX_FILE_BYTES ((size_t)8 << 20)
#define WEIR_SPEC_DEFAULT_MEMORY_BYTES ((uint64_t)128 << 20)

/* ---- what there is to choose from ---------------------------------------------------------- */

/* Parts of the file that the program can run.  What is not among them is parsed, and refused at its
 * place with "is not available in this version". */
typedef enum weir_spec_feature {
    WEIR_SPEC_SQL = 1,            /* steps of SQL */
    WEIR_SPEC_COMMAND = 2,        /* steps that run a program */
    WEIR_SPEC_SCHEDULE = 4,       /* schedule: */
    WEIR_SPEC_ALERTS = 8,         /* alerts: */
    WEIR_SPEC_QUALITY = 16,       /* quality: */
    WEIR_SPEC_CURSOR = 32,        /* incremental: { by: cursor } */
    WEIR_SPEC_TABLES = 64,        /* tables: in a source */
    WEIR_SPEC_FROM = 256,         /* from: step */
    WEIR_SPEC_STATE_SERVER = 512, /* state: { connection } */
    WEIR_SPEC_PARAMS = 1024,      /* params: */
    WEIR_SPEC_TARGETS = 2048      /* targets: */
} weir_spec_feature;

/* All lists are NULL-terminated and borrowed for the life of the pipelines. */
typedef struct weir_spec_registry {
    const weir_connector *const *connectors;
    const weir_format *const *formats;
    const weir_operator_kind *const *const *operators; /* lists, one a folder */
    uint32_t features;                                 /* weir_spec_feature bits */
} weir_spec_registry;

/* ---- a flow -------------------------------------------------------------------------------- */

typedef enum weir_incremental {
    WEIR_INCREMENTAL_NONE,
    WEIR_INCREMENTAL_FILES,
    WEIR_INCREMENTAL_CURSOR
} weir_incremental;

/* incremental: */
typedef struct weir_incremental_spec {
    int by;             /* weir_incremental */
    const char *column; /* CURSOR */
    weir_opt_strings key;
    int64_t lag_us;
    const char *start;
    int nulls; /* 0 error, 1 include, 2 exclude */
} weir_incremental_spec;

typedef struct weir_source_spec {
    const weir_node *node;
    const char *type;            /* name of the connector */
    const char *connection_name; /* NULL = described in place */
    const weir_connector *connector;
    weir_source_request request; /* ready for open but for limit_rows */
    weir_opt_columns columns;    /* what request.columns points to */
    weir_opt_strings metadata;
    weir_incremental_spec incremental;
    bool on_empty_ok;
    const char *from; /* another step's rows (WEIR_SPEC_FROM); connector is NULL then */
} weir_source_spec;

typedef struct weir_sink_spec {
    const weir_node *node;
    const char *type, *connection_name;
    const weir_connector *connector;
    weir_sink_request request; /* ready for open */
} weir_sink_spec;

/* One operator of transform: or validate: */
typedef struct weir_operator_spec {
    const weir_operator_kind *kind;
    const void *config;
    const weir_node *node;         /* the value of its key */
    const weir_source_spec *input; /* the other source that it reads; NULL = none */
    const char *input_name;        /* for messages: the name, or the path */
} weir_operator_spec;

/* One entry of inputs: */
typedef struct weir_input_spec {
    const char *name;
    weir_source_spec source;
    bool used;
} weir_input_spec;

typedef struct weir_rejects_spec {
    bool has_sink; /* a sink of the user's beside the state folder */
    weir_sink_spec sink;
    double max_ratio; /* above it nothing is committed; default 0.05 */
    int64_t max_rows; /* -1 = no limit */
} weir_rejects_spec;

typedef enum weir_severity { WEIR_SEVERITY_FAIL, WEIR_SEVERITY_WARN } weir_severity;

/* One entry of quality: */
typedef struct weir_quality_spec {
    weir_opt_expr metric;
    const char *name;
    double min, max;
    bool min_given, max_given;
    int severity; /* weir_severity */
} weir_quality_spec;

typedef struct weir_flow_spec {
    weir_source_spec source;
    size_t n_inputs;
    weir_input_spec *inputs;
    size_t n_operators;
    weir_operator_spec *operators; /* transform:, then validate: as the last one */
    /* Of a step with faults: what can be looked at all the same is its source, and the operators
     * before the first one that is wrong. */
    bool source_sound;
    size_t n_sound;
    weir_rejects_spec rejects;
    size_t n_quality;
    weir_quality_spec *quality;
    weir_sink_spec sink; /* the first one of a route */
    size_t n_routes;     /* 0 = no route: */
    weir_sink_spec *routes;
    weir_route_config route;
    const weir_node *route_node;
} weir_flow_spec;

/* ---- steps --------------------------------------------------------------------------------- */

typedef struct weir_sql_spec {
    weir_opt_expr query;
    const char *connection, *into;
    weir_load_mode mode;
} weir_sql_spec;

typedef struct weir_command_spec {
    weir_opt_strings run; /* program and arguments; no shell */
    weir_opt_strmap env;
    const char *folder;
} weir_command_spec;

typedef enum weir_step_kind { WEIR_STEP_FLOW, WEIR_STEP_SQL, WEIR_STEP_COMMAND } weir_step_kind;

typedef struct weir_step {
    const char *name;
    weir_step_kind kind;
    const weir_node *node;
    size_t n_needs;
    size_t *needs;   /* numbers of steps that come before */
    int64_t retries; /* attempts after the first */
    int64_t backoff_us;
    int64_t timeout_us;        /* 0 = none */
    bool sound;                /* nothing is wrong in it */
    weir_flow_spec flow;       /* FLOW */
    weir_sql_spec sql;         /* SQL */
    weir_command_spec command; /* COMMAND */
} weir_step;

/* ---- the rest of the file ------------------------------------------------------------------ */

typedef struct weir_connection_spec {
    const char *name, *type;
    const weir_connector *connector; /* NULL when its type is unknown (an error was added) */
    const void *config;
    const weir_node *node;
} weir_connection_spec;

/* One entry of params:; bound as :name in SQL, {name} in paths and tables. */
typedef struct weir_param_spec {
    const char *name, *type, *help;
    const char *value; /* given, else the default */
    bool given;        /* by the caller */
} weir_param_spec;

typedef enum weir_overlap { WEIR_OVERLAP_SKIP, WEIR_OVERLAP_QUEUE, WEIR_OVERLAP_FAIL } weir_overlap;
typedef struct weir_schedule_spec {
    bool given;
    const char *cron, *timezone;
    int64_t every_us;
    int overlap; /* weir_overlap */
} weir_schedule_spec;

typedef struct weir_alert_spec {
    weir_opt_strings events; /* failure, quality, success, rejects */
    const char *webhook;
} weir_alert_spec;

/* One inline test: rows in, figures and rows out. */
typedef struct weir_test_spec {
    const char *name;
    size_t step; /* number of the step */
    const weir_node *node;
    size_t n_input;
    const weir_node *const *input; /* maps: field -> value */
    int64_t loaded, rejected;      /* -1 = not asked */
    int64_t exit_code;             /* -1 = not asked; asked: gates and limits count */
    const weir_node *quality;      /* NULL = not asked */
    bool rows_given, rejects_given;
    size_t n_rows, n_rejects;
    const weir_node *const *rows, *const *rejects; /* maps: expected fields of each */
} weir_test_spec;

typedef struct weir_pipeline {
    const char *file;   /* as given; "" for text */
    const char *folder; /* relative paths count from here; "." at least */
    const char *name, *description;
    size_t n_connections;
    weir_connection_spec *connections;
    size_t n_steps;
    weir_step *steps; /* in order of the file */
    size_t *order;    /* numbers of the steps, each behind those it needs */
    uint64_t memory_bytes;
    int64_t threads;        /* 0 = as many as the machine gives */
    const char *state_path; /* from the working directory or absolute */
    const char *state_connection;
    size_t n_params;
    weir_param_spec *params;
    weir_schedule_spec schedule;
    size_t n_alerts;
    weir_alert_spec *alerts;
    size_t n_tests;
    weir_test_spec *tests;
    const weir_node *root;
} weir_pipeline;

/* ---- loading ------------------------------------------------------------------------------- */

typedef struct weir_spec_params {
    size_t n;
    const char *const *names, *const *values;
} weir_spec_params;

/* Whatever may differ from the defaults; NULL and zero mean the defaults. */
typedef struct weir_spec_options {
    weir_spec_params params;    /* --param name=value */
    weir_references references; /* variables beside the environment; folder is set by the loader */
    const char *target; /* load_file: --target; NULL = WEIR_TARGET, or target: of weir.yaml */
    const char *folder; /* load_text: relative paths count from here */
    const char *name;   /* load_text: the name when the file gives none */
    bool history; /* load_file: only the name and the state folder are wanted: nothing else has to
                     be right, no other variable has to be set, and the pipeline has no steps */
    bool partial; /* a file with faults in its keys sets *out, too, with WEIR_USAGE: for a look at
                     what of its steps is sound, and for nothing else */
} weir_spec_options;

#define WEIR_SPEC_STATE_FOLDER ".weir" /* beside the pipeline file, when state: names no other */

/* Reads and checks a file.  WEIR_USAGE: the errors are in diags (the first one in *err, too);
 * WEIR_RESOURCE, WEIR_IO: *err.  *out is set on WEIR_OK only, but for `partial`.  diags->file is
 * the caller's. */
WEIR_MUST_USE weir_status weir_pipeline_load_file(const char *path,
                                                  const weir_spec_registry *registry,
                                                  const weir_spec_options *options,
                                                  weir_arena *arena, weir_diags *diags,
                                                  weir_pipeline **out, weir_error *err);
WEIR_MUST_USE weir_status weir_pipeline_load_text(weir_slice text,
                                                  const weir_spec_registry *registry,
                                                  const weir_spec_options *options,
                                                  weir_arena *arena, weir_diags *diags,
                                                  weir_pipeline **out, weir_error *err);

/* The state of a target that names none: the folder targets/NAME of what would be the state without
 * a target; bytes of the name that could leave that folder are written as %XX.  NULL = memory is
 * short. */
const char *weir_pipeline_state_of_target(const char *folder, const char *target,
                                          weir_arena *arena);

/* `weir copy SRC DST`: the same struct without a file, one flow named "copy". */
typedef struct weir_copy_options {
    const char *table; /* of the target; of the source when only that is a database */
    const char *source_table, *query; /* of the source */
    const char *mode, *version;
    const char *key;                           /* "a,b" */
    const char *rejects;                       /* path */
    const char *columns;                       /* "id:int64!,amount:decimal(10,2),name" */
    const char *source_format, *target_format; /* when the name does not tell */
    const char *compression;                   /* of the target */
    const char *max_ratio, *memory, *threads;  /* as in the file */
    bool incremental;                          /* by: files */
    size_t n_options; /* further keys of `source:` with the text of their value */
    const char *const *option_names, *const *option_values;
} weir_copy_options;
/* source, target: a path, `-`, `file:PATH`, `sqlite:PATH`, `sqlite:///abs.db` (what stands behind
 * `://` is the path).  Databases are known by the connector's file extensions.  Errors go to diags
 * with the option as key.  The state is `.weir` beside a local target, else in the user's state
 * folder. */
WEIR_MUST_USE weir_status weir_pipeline_from_copy(const char *source, const char *target,
                                                  const weir_copy_options *options,
                                                  const weir_spec_registry *registry,
                                                  weir_arena *arena, weir_diags *diags,
                                                  weir_pipeline **out, weir_error *err);

/* `weir infer PATH...`: a pipeline whose one step, called "infer", reads the paths and goes nowhere
 * in particular; nothing of it is to be run. */
typedef struct weir_source_options {
    size_t n_paths;
    const char *const *paths; /* as source of weir_pipeline_from_copy; all of one connector */
    const char *format;       /* when the names do not tell */
    const char *columns;      /* as in weir_copy_options */
    const char *table, *query;
    const char *infer;            /* full, sample */
    const char *memory, *threads; /* as in the file */
    size_t n_options;             /* further keys of `source:` with the text of their value */
    const char *const *option_names, *const *option_values;
} weir_source_options;
WEIR_MUST_USE weir_status weir_pipeline_from_source(const weir_source_options *options,
                                                    const weir_spec_registry *registry,
                                                    weir_arena *arena, weir_diags *diags,
                                                    weir_pipeline **out, weir_error *err);

/* The JSON Schema of the whole file, for editors.  false = memory is short. */
WEIR_MUST_USE bool weir_pipeline_schema(const weir_spec_registry *registry, weir_buf *out);

/* The option tables of the file itself, for the reference pages: `name` is "pipeline", "step",
 * "source", "sink", "rejects", ...; NULL when i is past the last. */
const weir_option *weir_pipeline_table(size_t i, const char **name, const char **summary);

/* Number of a step by name, SIZE_MAX = none. */
size_t weir_pipeline_find_step(const weir_pipeline *p, const char *name);

#endif
