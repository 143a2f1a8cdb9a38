/* The list of commands, in the order of the help. */
#include "cli/cli.h"

/* Of every command that reads a pipeline file. */
#define LOAD_FLAGS                                                                                 \
    {"--param", 'p', "NAME=VALUE", "a value for params: of the file; may be repeated"},            \
        {"--target", 0, "NAME", "one of targets: of the file or weir.yaml (WEIR_TARGET)"}, {       \
        "--env-file", 0, "FILE", "variables for ${VAR}: NAME=VALUE lines; the environment wins"    \
    }

static const cli_flag run_flags[] = {
    LOAD_FLAGS,
    {"--select", 's', "STEPS", "a,+b,c+: steps, + adds those before or behind; may be repeated"},
    {"--limit", 'n', "N", "only the first N rows of each source, for trying out"},
    {"--dry-run", 0, NULL, "read, transform and validate, but write nothing"},
    {"--full-refresh", 0, NULL, "read what was loaded before as well, and load it anew"},
    {"--strict", 0, NULL, "any reject gives exit code 4"},
    {0}};
static const cli_command run_command = {
    .name = "run",
    .first = true,
    .example = "weir run orders.yaml --limit 100 --dry-run",
    .more = "--select names steps; several with commas. a is the step, +a also all it needs, a+ "
            "also all that need it; * and ? match names.\n\n--limit N reads the first N rows of "
            "each step on one thread. They are loaded, but the files do not count as loaded and a "
            "position does not move, so the next run reads them again.\n\n--dry-run writes "
            "nothing, neither to targets nor to the state; account and exit code are those of the "
            "run. Faults that only the target knows, such as a broken constraint, do not "
            "show.\n\n--full-refresh reads what was loaded before as well. An incremental step "
            "with mode append replaces the table then; other modes stay what they are.",
    .usage = "FILE [STEP...]",
    .summary = "run a pipeline",
    .flags = run_flags,
    .min_words = 1,
    .max_words = 1000,
    .run = cli_cmd_run};

static const cli_flag plan_flags[] = {
    LOAD_FLAGS,
    {"--select", 's', "STEPS", "a,+b,c+: steps, + adds those before or behind; may be repeated"},
    {"--limit", 'n', "N", "the plan of a run with --limit"},
    {"--full-refresh", 0, NULL, "the plan of a run with --full-refresh"},
    {"--run", 0, "RUN", "what an earlier run did: the plan that it kept"},
    {0}};
static const cli_command plan_command = {
    .name = "plan",
    .example = "weir plan orders.yaml --select +totals",
    .more = "The plan is the object that a run executes, described before it is executed; each run "
            "keeps its own (--run). What an earlier step has to write first is planned when it is "
            "reached.",
    .usage = "FILE [STEP...]",
    .summary = "what a run would do, step by step; writes nothing",
    .flags = plan_flags,
    .min_words = 1,
    .max_words = 1000,
    .run = cli_cmd_plan};

/* Of infer and copy: what is found in a source, overruled. */
#define SOURCE_FLAGS                                                                               \
    {"--format", 'f', "NAME", "format of the source when its name does not tell"},                 \
        {"--delimiter", 'd', "CHAR", "csv: what stands between two fields"},                       \
        {"--encoding", 0, "NAME", "how the text of the source is encoded"},                        \
        {"--header", 0, "YES|NO", "csv: whether the first record names the columns"},              \
        {"--skip", 0, "N", "csv: lines in front of the header"},                                   \
        {"--null", 0, "WORD", "csv: the word that means null"}, {                                  \
        "--set", 's', "NAME=VALUE",                                                                \
            "any other option of the source, a.b for one inside another; may be repeated"          \
    }

static const cli_flag copy_flags[] = {
    {"--table", 't', "NAME", "table of the target (or of the source when only that is a database)"},
    {"--source-table", 0, "NAME", "table of the source"},
    {"--query", 0, "SELECT", "what to read from the source database"},
    {"--mode", 'm', "MODE", "append, replace, truncate, upsert"},
    {"--key", 'k', "A,B", "key columns of an upsert"},
    {"--version-column", 0, "NAME", "the newer row wins by this column"},
    {"--columns", 'c', "SPEC", "types: id:int64!,amount:decimal(10,2),name"},
    {"--rejects", 'r', "PATH", "where rejects are written, beside the state folder"},
    {"--max-ratio", 0, "RATIO", "rejects above this share commit nothing (default 5%)"},
    SOURCE_FLAGS,
    {"--from-format", 0, "NAME", "the same as --format"},
    {"--to-format", 0, "NAME", "format of the target"},
    {"--memory", 0, "SIZE", "budget (default 128MiB)"},
    {"--threads", 0, "N", "compute threads (default: the CPUs)"},
    {"--incremental", 0, NULL, "only files that were not loaded before"},
    {"--strict", 0, NULL, "any reject gives exit code 4"},
    {0}};
static const cli_command copy_command = {
    .name = "copy",
    .example = "weir copy orders.csv shop.sqlite --table orders --mode upsert --key id",
    .usage = "SRC DST",
    .summary = "one flow without a file: paths or URLs",
    .flags = copy_flags,
    .min_words = 2,
    .max_words = 2,
    .run = cli_cmd_copy};

/* Of commands that take data files in the place of a pipeline file. */
#define DATA_FLAGS                                                                                 \
    {"--format", 'f', "NAME", "DATA: the format when names do not tell"},                          \
        {"--set", 0, "NAME=VALUE",                                                                 \
         "DATA: any option of the source, a.b for one inside another; may be repeated"},           \
        {"--table", 't', "NAME", "DATA: table of a database"}, {                                   \
        "--query", 0, "SELECT", "DATA: what to read from a database"                               \
    }

static const cli_flag infer_flags[] = {
    SOURCE_FLAGS,
    {"--columns", 'c', "SPEC", "what is known already: id:int64!,name"},
    {"--table", 't', "NAME", "table of a database"},
    {"--query", 0, "SELECT", "what to read from a database"},
    {"--sample", 0, NULL, "look at the first MiB only"},
    {"--memory", 0, "SIZE", "budget (default 128MiB)"},
    {"--threads", 0, "N", "compute threads (default: the CPUs)"},
    {0}};
static const cli_command infer_command = {
    .name = "infer",
    .example = "weir infer orders.csv",
    .usage = "FILE...",
    .summary = "the columns of files as a columns: block, and what ruled out narrower types",
    .flags = infer_flags,
    .min_words = 1,
    .max_words = 100000,
    .run = cli_cmd_infer};

static const cli_flag check_flags[] = {
    LOAD_FLAGS,
    {"--connect", 0, NULL, "also open sources and targets and bind everything to them"},
    {0}};
static const cli_command check_command = {.name = "check",
                                          .alias = "validate",
                                          .first = true,
                                          .example = "weir check orders.yaml",
                                          .usage = "FILE",
                                          .summary =
                                              "all that can be known of a file without running it",
                                          .flags = check_flags,
                                          .min_words = 1,
                                          .max_words = 1,
                                          .run = cli_cmd_check};

static const cli_flag preview_flags[] = {
    {"--rows", 'n', "N", "how many rows are read (default 20)"}, LOAD_FLAGS, DATA_FLAGS, {0}};
static const cli_command preview_command = {
    .name = "preview",
    .first = true,
    .example = "weir preview orders.yaml -n 5",
    .more = "Marks: + a column or row that came, ~ a column of another type, - a column or row "
            "that left, * a changed cell, ! a rejected record and why. On a terminal colours stand "
            "for + ~ and *. DATA: types come from the first MiB.",
    .usage = "FILE [STEP] | DATA...",
    .summary = "the first rows after each stage, and what "
               "it changed; or those of data files",
    .flags = preview_flags,
    .min_words = 1,
    .max_words = 100000,
    .run = cli_cmd_preview};

static const cli_flag schema_flags[] = {LOAD_FLAGS, DATA_FLAGS, {0}};
static const cli_command schema_command = {
    .name = "schema",
    .example = "weir schema show orders.csv",
    .verbs = "show json",
    .usage = "show FILE [STEP] | show DATA... | json",
    .summary = "columns and types at the source, behind each stage and at the sink",
    .flags = schema_flags,
    .min_words = 1,
    .max_words = 100000,
    .run = cli_cmd_schema};

static const cli_flag test_flags[] = {LOAD_FLAGS, {0}};
static const cli_command test_command = {.name = "test",
                                         .example = "weir test orders.yaml",
                                         .usage = "FILE",
                                         .summary = "the inline tests of a file, offline",
                                         .flags = test_flags,
                                         .min_words = 1,
                                         .max_words = 1,
                                         .run = cli_cmd_test};

static const cli_flag state_flags[] = {
    LOAD_FLAGS,
    {"--state", 0, "FOLDER", "the state folder, when no FILE is named (default .weir)"},
    {0}};
static const cli_flag rejects_flags[] = {
    LOAD_FLAGS,
    {"--state", 0, "FOLDER", "the state folder, when no FILE is named (default .weir)"},
    {"--run", 0, "RUN", "only the rejects of this run"},
    {"--status", 0, "STATUS", "list: open, replayed, discarded"},
    {"--limit", 'n', "N", "show: how many records (default 20)"},
    {0}};
static const cli_command rejects_command = {
    .name = "rejects",
    .first = true,
    .example = "weir rejects show orders.yaml",
    .verbs = "list show replay discard",
    .usage = "list [FILE] | show RUN [FILE] | show FILE | replay FILE | discard RUN [FILE]",
    .summary = "records that were set aside: see them, replay them, let them go",
    .flags = rejects_flags,
    .min_words = 1,
    .max_words = 3,
    .run = cli_cmd_rejects};

static const cli_command status_command = {.name = "status",
                                           .first = true,
                                           .example = "weir status orders.yaml",
                                           .usage = "[FILE]",
                                           .summary = "last runs, unfinished work, open rejects",
                                           .flags = state_flags,
                                           .max_words = 1,
                                           .run = cli_cmd_status};

static const cli_command runs_command = {.name = "runs",
                                         .example = "weir runs orders.yaml",
                                         .usage = "[FILE]",
                                         .summary = "the last runs",
                                         .flags = state_flags,
                                         .max_words = 1,
                                         .run = cli_cmd_runs};

static const cli_command show_command = {.name = "show",
                                         .example = "weir show orders.yaml",
                                         .usage = "RUN [FILE] | FILE",
                                         .summary = "the account of one run, or of a file's last",
                                         .flags = state_flags,
                                         .min_words = 1,
                                         .max_words = 2,
                                         .run = cli_cmd_show};

static const cli_flag logs_flags[] = {
    LOAD_FLAGS,
    {"--state", 0, "FOLDER", "the state folder, when no FILE is named (default .weir)"},
    {"--level", 'l', "LEVEL", "error, warn, info (default) or debug (-v), and what is above it"},
    {"--step", 0, "STEP", "only the lines of this step"},
    {"--follow", 'f', NULL, "go on until the run has ended"},
    {0}};
static const cli_command logs_command = {
    .name = "logs",
    .example = "weir logs orders.yaml --level warn",
    .more =
        "The journal of a run is kept with its history, at most 10,000 lines a run. --follow shows "
        "what a running one has written so far and goes on; lines are written when a step ends.",
    .usage = "RUN [FILE] | FILE",
    .summary = "what happened in a run, line by line",
    .flags = logs_flags,
    .min_words = 1,
    .max_words = 2,
    .run = cli_cmd_logs};

static const cli_flag state_command_flags[] = {
    LOAD_FLAGS,
    {"--state", 0, "FOLDER", "show, fsck: the state folder, when no FILE is named"},
    {"--yes", 'y', NULL, "reset: do not ask"},
    {0}};
static const cli_command state_command = {
    .name = "state",
    .example = "weir state show orders.yaml",
    .verbs = "show reset export import fsck",
    .more = "A position or a loaded file that is reset is read again; where a sink appends, its "
            "rows come twice. export writes lines of JSON, import puts them into the state of "
            "FILE. fsck ends with 1 when it found something, and says what to do.",
    .usage = "show [FILE] | reset FILE STEP|all | export FILE | import FILE DUMP | fsck [FILE]",
    .summary = "positions, loaded files, leases: see them, reset, copy and check them",
    .flags = state_command_flags,
    .min_words = 1,
    .max_words = 3,
    .run = cli_cmd_state};

static const cli_command connectors_command = {.name = "connectors",
                                               .example = "weir connectors",
                                               .usage = "",
                                               .summary =
                                                   "connectors and formats, and what each can do",
                                               .max_words = 0,
                                               .run = cli_cmd_connectors};

static const cli_command completion_command = {
    .name = "completion",
    .example = "source <(weir completion bash)",
    .verbs = "bash zsh fish",
    .usage = "bash | zsh | fish",
    .summary = "a script that completes commands, flags and names in a shell",
    .min_words = 1,
    .max_words = 1,
    .run = cli_cmd_completion};

static const cli_flag init_flags[] = {
    {"--to", 0, "PATH", "where the records go (default: NAME.sqlite beside the pipeline)"},
    {"--format", 'f', "NAME", "format of DATA when its name does not tell"},
    {0}};
static const cli_command init_command = {
    .name = "init",
    .first = true,
    .example = "weir init orders.csv",
    .more = "Nothing is ever overwritten. With DATA the columns are inferred, and the pipeline "
            "loads them into a table of a SQLite database beside it.",
    .usage = "[FOLDER|FILE.yaml] [DATA...]",
    .summary = "write a pipeline to begin with, from data "
               "files when they are named",
    .flags = init_flags,
    .max_words = 100000,
    .run = cli_cmd_init};

static const cli_flag help_flags[] = {
    {"--reference", 0, NULL, "the whole reference, as Markdown"},
    {"--schema", 0, NULL, "the JSON Schema of the pipeline file, for editors"},
    {"--man", 0, NULL, "the manual page, for man -l"},
    {0}};
static const cli_command help_command = {
    .name = "help",
    .example = "weir help csv",
    .usage = "[NAME]",
    .summary = "more about a command, connector, format, transform or function",
    .flags = help_flags,
    .max_words = 1,
    .run = cli_cmd_help};

static const cli_command version_command = {.name = "version",
                                            .example = "weir version",
                                            .usage = "",
                                            .summary = "version and what it was built with",
                                            .max_words = 0,
                                            .run = cli_cmd_version};

const cli_command *const cli_commands[] = {
    &init_command,       &check_command,      &preview_command, &run_command,     &rejects_command,
    &status_command,     &infer_command,      &plan_command,    &test_command,    &copy_command,
    &schema_command,     &runs_command,       &show_command,    &logs_command,    &state_command,
    &connectors_command, &completion_command, &help_command,    &version_command, NULL};
