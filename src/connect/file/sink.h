/* The sink's parts: sink.c (opening, commit, recovery), sink_encode.c (on workers), sink_write.c.
 */
#ifndef WEIR_CONNECT_FILE_SINK_H
#define WEIR_CONNECT_FILE_SINK_H

#include "connect/file/file.h"

#define WEIR_FILE_PARTITIONS_MAX 100000u

typedef struct sink {
    weir_sink_request request;
    const weir_env *env;
    const weir_file_sink_config *config;
    weir_schema *schema;
    char *path; /* resolved, {run_id} and {date} filled in */
    weir_codec codec;
    uint32_t n_partition;
    uint32_t *partition; /* fields of schema */
    const char *token;
    bool to_stdout;
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
