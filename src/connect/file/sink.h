/* The sink's parts: sink.c (opening, commit, recovery), sink_encode.c (on workers), sink_write.c,
 * sink_set.c (which files are the sink's). */
#ifndef WEIR_CONNECT_FILE_SINK_H
#define WEIR_CONNECT_FILE_SINK_H

#include "connect/file/file.h"
#include "io/charset_write.h"

#define WEIR_FILE_PARTITIONS_MAX 100000u

typedef struct sink {
    weir_sink_request request;
    const weir_env *env;
    const weir_file_sink_config *config;
    weir_schema *schema;
    char *path;       /* resolved, {run_id} and {date} filled in */
    size_t root_size; /* of path: the folder that all files are below, with its slash */
    weir_codec codec;
    uint32_t n_partition;
    uint32_t *partition; /* fields of schema */
    const char *token;
    bool to_stdout;
    bool encoded; /* not plain UTF-8 */
} sink;

typedef struct part {
    char *path; /* NULL = the one file */
    weir_block *bytes;
    weir_buf meta;
} part;
typedef struct piece {
    size_t n, capacity;
    part *parts;
} piece;

static inline bool weir_file_sink_replaces(const sink *s) {
    return s->request.mode == WEIR_MODE_REPLACE || s->request.mode == WEIR_MODE_REPLACE_PARTITIONS;
}

/* What a run wrote; n of each, sorted by weir_file_sink_stale. */
typedef struct weir_file_written {
    const char **paths; /* final names */
    const char **keys;  /* the same without the number of rotation */
    size_t n;
} weir_file_written;
typedef struct weir_file_names {
    size_t n, capacity;
    char **items;
} weir_file_names;
WEIR_MUST_USE weir_status weir_file_names_add(weir_file_names *l, const char *path,
                                              weir_error *err); /* copies */
void weir_file_names_clear(weir_file_names *l);
/* Adds the files that are there, that the sink's path could have made and that were not written
 * now: what a commit in mode replace removes.  replace_partitions: only those of the partitions
 * that were written. */
WEIR_MUST_USE weir_status weir_file_sink_stale(const sink *s, weir_file_written *written,
                                               weir_file_names *out, weir_error *err);
/* The writer of the sink's encoding; *out NULL where UTF-8 stays as it is. */
WEIR_MUST_USE weir_status weir_file_sink_charset(const sink *s, weir_charset_writer **out,
                                                 weir_error *err);
/* Bytes of s->path up to its first name with a value of partition_by, at most up to the name of
 * the file. */
size_t weir_file_sink_root(const sink *s);

/* WEIR_USAGE when path exists and the mode does not replace it. */
WEIR_MUST_USE weir_status weir_file_sink_check_free(const sink *s, const char *path,
                                                    weir_error *err);

/* Slots of weir_sink_ops, see connect/connector.h.  sink_encode.c: */
WEIR_MUST_USE weir_status weir_file_sink_encoder_new(void *object, weir_ctx *ctx, void **out,
                                                     weir_error *err);
WEIR_MUST_USE weir_status weir_file_sink_encode(void *object, weir_ctx *ctx, weir_batch *batch,
                                                weir_piece *out, weir_error *err);
void weir_file_sink_encoder_free(void *object);
void weir_file_sink_piece_free(void *object);
/* sink_write.c: */
WEIR_MUST_USE weir_status weir_file_sink_writer_new(void *object, uint32_t number, weir_ctx *ctx,
                                                    void **out, weir_error *err);
WEIR_MUST_USE weir_status weir_file_sink_write(void *object, weir_ctx *ctx, weir_piece *x,
                                               weir_error *err);
WEIR_MUST_USE weir_status weir_file_sink_prepare(void *object, weir_buf *handle, weir_error *err);
void weir_file_sink_writer_free(void *object);

#endif
