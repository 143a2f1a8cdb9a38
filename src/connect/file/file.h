/* The `file` connector: local files and standard input or output, in any format. */
#ifndef WEIR_CONNECT_FILE_FILE_H
#define WEIR_CONNECT_FILE_FILE_H

#include "connect/connector.h"
#include "format/infer.h"
#include "io/file.h"

typedef struct weir_file_source_config {
    weir_opt_strings path; /* files and patterns */
    int compression;       /* weir_file_compression */
    const char *member;    /* of a zip archive; NULL = the only file in it */
    const char *encoding;  /* as weir_transcode takes it */
    int64_t max_ratio;     /* of unpacking; 0 = default */
    uint64_t max_unpacked; /* bytes that a compressed file may have; 0 = any */
    uint64_t max_record;   /* bytes; 0 = a quarter of the memory, at most 64 MiB + 64 KiB */
    uint64_t chunk;        /* bytes; 0 = from the memory */
} weir_file_source_config;

typedef struct weir_file_sink_config {
    const char *path;
    int compression;
    int64_t level;
    weir_opt_strings partition_by;
    uint64_t file_size; /* rotate above this many bytes; 0 = one file */
    bool skip_empty;    /* no file when there is no record */
    const char *encoding;
    bool bom;
} weir_file_sink_config;

enum weir_file_compression {
    WEIR_FILE_AUTO,
    WEIR_FILE_NONE,
    WEIR_FILE_GZIP,
    WEIR_FILE_ZSTD,
    WEIR_FILE_BZIP2,
    WEIR_FILE_XZ,
    WEIR_FILE_LZMA,
    WEIR_FILE_ZIP
};

extern const weir_source_ops weir_file_source_ops;
extern const weir_sink_ops weir_file_sink_ops;

/* Relative paths count from env->folder; "-" stays. */
WEIR_MUST_USE weir_status weir_file_resolve(const weir_env *env, const char *path, char **out,
                                            weir_error *err);
/* The name of a path that was resolved from `written` (or found by it, when a pattern): counted
 * from the pipeline's folder when that was, so that what is kept of it - ledger, handles, addresses
 * - does not depend on the working folder.  Points into path; resolving
 * it gives path again. */
const char *weir_file_name(const weir_env *env, const char *written, const char *path);
/* The codec an option value and a file name ask for (AUTO by name; reading: by content). */
weir_codec weir_file_codec(int option, const char *path, bool reading);

/* Columns and types of a source's splits: names by layout, types declared or inferred.  found:
 * zeroed, filled also on failure; the caller clears it. */
typedef struct weir_file_schema_request {
    const weir_read_request *read;
    const weir_format *format;
    const weir_splits *splits;
    /* opens the bytes of a split, decompressed; the caller closes */
    weir_status (*open)(void *context, const weir_split *split, weir_stream **out, weir_error *err);
    void *context;
    uint32_t threads;
    bool sample_only; /* the input cannot be read again */
    /* What is known of these very bytes: the data is not looked at.  NULL = nothing. */
    const struct weir_file_memo *known;
    /* Filled with what is found, in the arena of `found`, when the data was looked at and all of it
     * can be kept: n_columns is 0 otherwise.  NULL = not asked. */
    struct weir_file_memo *learnt;
    bool skip_faults; /* a file with other columns than those before it is that file's fault */
} weir_file_schema_request;
WEIR_MUST_USE weir_status weir_file_schema(const weir_file_schema_request *request,
                                           weir_found *found, weir_schema **out, weir_error *err);

#endif
