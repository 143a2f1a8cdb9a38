/* The command line: a table of commands, a parser of flags, printing. */
#ifndef WEIR_CLI_CLI_H
#define WEIR_CLI_CLI_H

#include "api/api.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_LIMIT = 3, EXIT_PARTIAL = 4 };

/* ---- flags --------------------------------------------------------------------------------- */

typedef struct cli_flag {
    const char *name;  /* "--output"; NULL ends the table */
    char letter;       /* 'o', or 0 */
    const char *value; /* name of its value in the help, NULL = a switch */
    const char *help;
} cli_flag;

/* What stood on the command line of one command. */
typedef struct cli_args {
    const struct cli_command *command;
    size_t n; /* words that are no flags */
    const char **words;
    const char **values; /* for each flag of the command and of the common ones: NULL = not given */
    size_t n_params;     /* --param name=value or --set name=value, may be repeated */
    const char **param_names, **param_values;
    size_t n_env_files; /* --env-file, may be repeated */
    const char **env_files;
    size_t n_select; /* --select, may be repeated */
    const char **select;
    weir_arena arena;
    bool json, quiet, no_color;
    bool short_of_memory; /* something could not be shown */
    int verbosity;
} cli_args;

/* Value of a flag, "" for a switch that was given, NULL when it was not. */
const char *cli_flag_value(const cli_args *a, const char *name);

typedef struct cli_command {
    const char *name, *alias;
    bool first;        /* shown first by --help */
    const char *usage; /* behind the name */
    const char *summary;
    const char *verbs;   /* words that may stand first, with blanks between; NULL = none */
    const char *example; /* a command line that works */
    const char *more;    /* what else is to be known, paragraphs; NULL = nothing */
    const cli_flag *flags;
    size_t min_words, max_words;
    int (*run)(cli_args *a);
} cli_command;

extern const cli_command *const cli_commands[]; /* NULL-terminated, in order of the help */

const cli_command *cli_find_command(const char *name); /* by name or alias; NULL = none */
int cli_print_command_help(const char *name);
/* The objects of all that is called word, NULL = of everything, "functions" = of all functions; as
 * one JSON array.  false = nothing is called so, and nothing was printed. */
bool cli_help_json(const char *word);
bool cli_help_knows(const char *word); /* whether help has something of that name */
/* The manual page; the commands as a part of the reference page. */
int cli_print_man(void);
void cli_print_commands_markdown(void);

/* ---- printing ------------------------------------------------------------------------------ */

/* With --output json: the functions below print, beside their text, an object with status,
 * exit_code and errors on standard output (that of cli_refuse). */
void cli_set_json(bool json);
/* Prints an error to stderr and gives the exit code for it. */
int cli_fail(const weir_error *err);
/* Prints what is wrong with the file, or err when diags has nothing. */
int cli_fail_diags(const weir_diags *d, const weir_error *err);
/* Says that the arguments are wrong; the format ends with a line end.  Returns EXIT_USAGE. */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* cli_fail_diags without the object, for commands that print one of their own. */
int cli_say_diags(const weir_diags *d, const weir_error *err);
/* Prints what is wrong as a JSON array: file, line, column, key, severity, message, hint of each.
 */
void cli_json_errors(const weir_diags *d, const weir_error *err);
/* The end of a command that could not begin its run: cli_fail_diags and, with --output json, an
 * object on standard output with status, exit_code and errors.  Returns the exit code. */
int cli_refuse(const cli_args *a, const weir_diags *d, const weir_error *err);
bool cli_color(const cli_args *a, int fd); /* whether to colour what goes to fd */
/* "1,234,567" into buf (room 32). */
const char *cli_count(uint64_t n, char *buf);
/* "12.3 MiB" / "1.2 s", room 32. */
const char *cli_size(uint64_t bytes, char *buf);
const char *cli_time(int64_t us, char *buf);

/* Places of a terminal that n bytes of text take: two for a wide character, none for a mark on the
 * one before it. */
size_t cli_width(const char *s, size_t n);
/* Bytes of s that fit into so many places. */
size_t cli_clip(const char *s, size_t n, size_t places);
/* Places of a line of the terminal that standard output is; 0 = it is none. */
size_t cli_terminal_width(void);

/* A JSON string, quoted. */
void cli_json_string(const char *s, size_t n);
/* Rows of batches as a table for people (text) or one JSON object a line; columns: names and their
 * order, n_columns 0 = all.  WEIR_RESOURCE when memory is short; part may be printed then. */
weir_status cli_print_batches(const cli_args *a, weir_batch *const *batches, size_t n,
                              const char *const *columns, size_t n_columns, weir_error *err);

/* ---- runs ---------------------------------------------------------------------------------- */

/* Runs s->pipeline with progress and summary; common to run and copy. */
int cli_run_session(const cli_args *a, weir_session *s, weir_api_run_options *options);
/* The summary of a run that is over; returns the exit code. */
int cli_print_run(const cli_args *a, const weir_session *s, const weir_run_result *r);
/* SIGINT and SIGTERM ask the session to stop, a second one ends the process. */
void cli_catch_signals(weir_session *s);
int cli_signal_exit_code(const weir_session *s, int otherwise);

/* Loads the pipeline file with --param, --target and --env-file as given. */
weir_status cli_load(const cli_args *a, weir_session *s, const char *path, weir_error *err);
/* The same; history: only its name and state are wanted, nothing else has to be right or set. */
weir_status cli_load_for(const cli_args *a, weir_session *s, const char *path, bool history,
                         weir_error *err);
/* Whether a word names a pipeline file (.yaml, .yml) and not data. */
bool cli_is_pipeline(const char *word);
/* Loads what the words from `first` on name: a pipeline FILE and a STEP (*step, or NULL), or data
 * files as a pipeline that has a source alone. */
weir_status cli_load_any(const cli_args *a, weir_session *s, size_t first, const char **step,
                         weir_error *err);
/* Keys of a source that flags give. */
typedef struct cli_options {
    size_t n;
    const char **names, **values;
} cli_options;
/* Those of --set and of the flags for what is wanted often (--delimiter, --encoding, --header,
 * --skip, --null); false = memory is short. */
bool cli_source_options(cli_args *a, cli_options *out);
/* A plan (JSON) as text for people. */
int cli_print_plan(const weir_buf *json);
/* --select, --limit, --full-refresh and the steps behind FILE; 0 or the exit code. */
int cli_run_options(const cli_args *a, weir_api_run_options *out);

int cli_cmd_run(cli_args *a);
int cli_cmd_plan(cli_args *a);
int cli_cmd_state(cli_args *a);
int cli_cmd_connectors(cli_args *a);
int cli_cmd_completion(cli_args *a);
int cli_cmd_init(cli_args *a);
int cli_cmd_logs(cli_args *a);
int cli_cmd_schema(cli_args *a);
int cli_cmd_copy(cli_args *a);
int cli_cmd_infer(cli_args *a);
int cli_cmd_check(cli_args *a);
int cli_cmd_version(cli_args *a);
int cli_cmd_preview(cli_args *a);
int cli_cmd_test(cli_args *a);
int cli_cmd_rejects(cli_args *a);
int cli_cmd_status(cli_args *a);
int cli_cmd_runs(cli_args *a);
int cli_cmd_show(cli_args *a);
int cli_cmd_help(cli_args *a);

/* Opens the state a history command speaks of: of the pipeline FILE in `word` when given, else
 * --state, else .weir here (that of --target).  whole: the file has to be right, and is loaded with
 * its steps; else its name and state are enough.  Returns 0 or the exit code after having said what
 * is wrong. */
int cli_open_history(const cli_args *a, weir_session *s, const char *word, bool whole);
/* Prints what the state answers; says so when that is nothing (NULL: says nothing). */
int cli_print_query(const cli_args *a, weir_session *s, weir_state_what what,
                    const weir_state_filter *filter, const char *const *columns, size_t n,
                    const char *nothing);
/* Opens the history that `RUN [FILE]` or `FILE` speaks of; a file by itself means its last run. */
int cli_open_run(const cli_args *a, weir_session *s, const char *word, const char *file,
                 const char **run);

#endif
