/* The list of commands, in the order of the help. */
#include "cli/cli.h"

static const cli_flag run_flags[] = {
    {"--param", 'p', "NAME=VALUE", "a value for params: of the file; may be repeated"},
    {"--full-refresh", 0, NULL, "forget what was loaded before and read everything"},
    {"--strict", 0, NULL, "any reject gives exit code 4"},
    {0}};
static const cli_command run_command = {
    .name = "run", .first = true, .usage = "FILE [STEP...]", .summary = "run a pipeline",
    .flags = run_flags, .min_words = 1, .max_words = 1000, .run = cli_cmd_run};

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
    {"--from-format", 0, "NAME", "format of the source when its name does not tell"},
    {"--to-format", 0, "NAME", "format of the target"},
    {"--memory", 0, "SIZE", "budget (default 128MiB)"},
    {"--threads", 0, "N", "compute threads (default: the CPUs)"},
    {"--incremental", 0, NULL, "only files that were not loaded before"},
    {"--strict", 0, NULL, "any reject gives exit code 4"},
    {0}};
static const cli_command copy_command = {
    .name = "copy", .usage = "SRC DST", .summary = "one flow without a file: paths or URLs",
    .flags = copy_flags, .min_words = 2, .max_words = 2, .run = cli_cmd_copy};

static const cli_flag check_flags[] = {
    {"--param", 'p', "NAME=VALUE", "a value for params: of the file; may be repeated"},
    {"--connect", 0, NULL, "also open sources and targets and bind everything to them"},
    {0}};
static const cli_command check_command = {
    .name = "check", .alias = "validate", .first = true, .usage = "FILE",
    .summary = "all that can be known of a file without running it",
    .flags = check_flags, .min_words = 1, .max_words = 1, .run = cli_cmd_check};

static const cli_command version_command = {
    .name = "version", .usage = "", .summary = "version and what it was built with",
    .max_words = 0, .run = cli_cmd_version};

const cli_command *const cli_commands[] = {&check_command, &run_command, &copy_command,
                                           &version_command, NULL};
