/* `weir init`: a pipeline to begin with. */
#ifndef WEIR_API_INIT_H
#define WEIR_API_INIT_H

#include "api/infer.h"

/* The text of a pipeline that loads the files of paths, as they were inferred, into a table of a
 * SQLite database (target; NULL = NAME.sqlite) or a file. */
WEIR_MUST_USE weir_status weir_api_init_text(const char *name, size_t n_paths,
                                             const char *const *paths, const char *format,
                                             const char *target, const weir_infer_result *columns,
                                             weir_buf *out, weir_error *err);
/* A commented pipeline over a small example, and that example (CSV). */
WEIR_MUST_USE bool weir_api_init_starter(weir_buf *pipeline, weir_buf *example);
#define WEIR_INIT_EXAMPLE "example.csv"

/* A name for pipeline and table from a path: "in/My orders.csv.gz" gives "my_orders"; in arena. */
const char *weir_api_init_name(weir_arena *arena, const char *path);

/* Writes a file that is not there yet.  WEIR_USAGE when it is. */
WEIR_MUST_USE weir_status weir_api_init_write(const char *path, const weir_buf *text,
                                              weir_error *err);
/* Whether a folder lies in a git repository. */
bool weir_api_init_in_git(const char *folder);

#endif
