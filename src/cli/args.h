/* Parsing of a command's flags; the table of those that every command has. */
#ifndef WEIR_CLI_ARGS_H
#define WEIR_CLI_ARGS_H

#include "cli/cli.h"

extern const cli_flag cli_common_flags[];

/* Whether the words ask for JSON; to be looked at before anything is said about them. */
bool cli_args_ask_json(int argc, char **argv);
/* Fills *a (cleared by weir_arena_clear(&a->arena)) from the words behind the command's name.
 * Returns 0, or the exit code after having said what is wrong. */
int cli_args_parse(cli_args *a, const cli_command *c, int argc, char **argv);

#endif
