/* --env-file: variables from a file, for ${VAR} of the pipeline file.
 *
 * A line is KEY=VALUE, `export` before it is legal; blank lines and lines that begin with # are
 * passed over.  A value without quotes ends before " #" and loses blanks at its ends.  'single
 * quotes' hold the text as it is; "double quotes" know \n \r \t \" \\ \$.  Nothing is expanded, and
 * values are never printed.
 */
#ifndef WEIR_API_ENV_FILE_H
#define WEIR_API_ENV_FILE_H

#include "base/mem.h"

#define WEIR_ENV_FILE_MAX_BYTES ((size_t)1 << 20)

typedef struct weir_env_file {
    size_t n, capacity;
    struct weir_env_entry {
        const char *name, *value; /* in the arena */
    } * items;
} weir_env_file;

/* Parses text and adds what it sets; a later line wins.  file: its name for errors.  WEIR_USAGE
 * with the line: it is no KEY=VALUE, the name is no name, a quote is not closed. */
WEIR_MUST_USE weir_status weir_env_file_parse(weir_env_file *e, weir_slice text, const char *file,
                                              weir_arena *arena, weir_error *err);
/* The same from a file. */
WEIR_MUST_USE weir_status weir_env_file_read(weir_env_file *e, const char *file, weir_arena *arena,
                                             weir_error *err);
/* For weir_references: the environment's value of name, else the file's, else NULL.  context: a
 * weir_env_file. */
const char *weir_env_file_variable(void *context, const char *name);
void weir_env_file_clear(weir_env_file *e);

#endif
