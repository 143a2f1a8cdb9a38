/* Reading reject sets, for the calls of src/api only. */
#ifndef WEIR_API_REJECTS_H
#define WEIR_API_REJECTS_H

#include "api/api.h"
#include "engine/flow.h"

/* A path as it is seen from everywhere, in the session's arena. */
WEIR_MUST_USE weir_status weir_api_absolute(weir_session *s, const char *path, const char **out,
                                            weir_error *err);

/* An open reader of one reject set (a CSV file of weir_reject_schema). */
typedef struct weir_reject_reader weir_reject_reader;
WEIR_MUST_USE weir_status weir_reject_reader_new(const char *path, const weir_env *env,
                                                 weir_reject_reader **out, weir_error *err);
/* The next batch; *out NULL at the end. */
WEIR_MUST_USE weir_status weir_reject_reader_next(weir_reject_reader *r, weir_batch **out,
                                                  weir_error *err);
void weir_reject_reader_free(weir_reject_reader *r); /* NULL is legal */

/* Gives all batches of a set to see, which borrows them. */
WEIR_MUST_USE weir_status weir_rejects_read(const char *path, const weir_env *env,
                                            weir_status (*see)(void *to, const weir_batch *rejects,
                                                               weir_error *err),
                                            void *to, weir_error *err);

/* The source that gives raw records once more (replay.c). */
typedef struct weir_replay_config {
    const weir_connector *origin; /* the step's own source */
    weir_source_request origin_request;
    size_t n_sets;
    const char *const *paths;   /* reject sets */
    const char *const *schemas; /* what the state keeps of their sources */
} weir_replay_config;
extern const weir_connector weir_replay_connector;

/* How the records of a file are to be read that is gone: *out (in arena) is a read config of format
 * like declared, with the options in it that the run had found.  dialect: what was kept with the
 * rejects.  *out NULL: of this file nothing was kept.  WEIR_DATA when the text is damaged. */
WEIR_MUST_USE weir_status weir_replay_dialect(const weir_format *format, const void *declared,
                                              const char *dialect, const char *file,
                                              weir_arena *arena, const void **out, weir_error *err);

#endif
