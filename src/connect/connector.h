/* Connectors: the two ends of a flow.
 *
 * A connector is one constant table.  The engine knows this interface and never a connector; retry,
 * batching, timeouts, rejects, compression and formats belong to the layers, so a connector stays
 * small.  The table is versioned and append-only: abi is WEIR_CONNECTOR_ABI, struct_size its
 * sizeof.
 *
 * Source, in the order of calls (one thread unless said otherwise):
 *
 *     open -> enumerate -> schema -> (decoder_new on each worker)
 *          -> for each split: split_begin, read* (reader thread) ; decode* (workers) ; split_end
 *          -> position -> close
 *
 * Sink:
 *
 *     open -> plan -> begin(epoch) -> (encoder_new, encode* on workers) ; writer_new, write*,
 * prepare
 *          -> commit(epoch) | abort(epoch) -> close
 *     after a crash, without open: recover(epoch), discard(epoch)
 */
#ifndef WEIR_CONNECT_CONNECTOR_H
#define WEIR_CONNECT_CONNECTOR_H

#include "format/format.h"

#define WEIR_CONNECTOR_ABI 1u

typedef enum weir_role {
    WEIR_ROLE_SOURCE = 1,
    WEIR_ROLE_SINK = 2,
    WEIR_ROLE_CATALOG = 4
} weir_role;

typedef enum weir_cap {
    WEIR_CAP_SPLITS = 1,            /* source: several splits */
    WEIR_CAP_STABLE = 2,            /* source: a split read again gives the same records */
    WEIR_CAP_PROJECT = 4,           /* source: reads only wanted columns */
    WEIR_CAP_UNBOUNDED = 8,         /* source: no end; cut into epochs */
    WEIR_CAP_FORMATS = 16,          /* bytes: needs a format */
    WEIR_CAP_SINGLE_WRITER = 32,    /* sink: one writer, batches in source order */
    WEIR_CAP_TXN = 64,              /* sink: commit is atomic and carries a token */
    WEIR_CAP_DURABLE_PREPARE = 128, /* sink: what was prepared survives a crash */
    WEIR_CAP_CURSOR = 256 /* source: reads only what is above the last value of a column */
} weir_cap;

typedef enum weir_load_mode {
    WEIR_MODE_APPEND,
    WEIR_MODE_REPLACE,
    WEIR_MODE_TRUNCATE,
    WEIR_MODE_UPSERT,
    WEIR_MODE_DELETE_INSERT,
    WEIR_MODE_SCD2,
    WEIR_MODE_SNAPSHOT,
    WEIR_MODE_REPLACE_PARTITIONS,
    WEIR_MODE_COUNT
} weir_load_mode;
extern const char
    *const weir_load_mode_names[]; /* NULL-terminated, "merge" is an alias of upsert */

/* drift: what becomes of columns that differ from those of the target (docs/pipeline-file.md). */
typedef enum weir_drift_action {
    WEIR_DRIFT_FAIL,   /* the load stops before its first row */
    WEIR_DRIFT_EVOLVE, /* the target follows the records */
    WEIR_DRIFT_DROP    /* the column is left out */
} weir_drift_action;
/* The words that a sink has a meaning for, in weir_connector: */
#define WEIR_DRIFT_NEW_COLUMNS(action) (1u << (action))
#define WEIR_DRIFT_TYPE_CHANGE(action) (1u << (4 + (action)))
#define WEIR_DRIFT_MISSING(action) (1u << (8 + (action)))

/* What a source remembers between runs about the data it found: one text of bytes for each step,
 * kept in the state.  A fault of the state is no fault of the run: get finds nothing then, and put
 * is lost.  One thread. */
typedef struct weir_memo {
    uint64_t source; /* tells the source as it is declared from any other */
    bool (*get)(void *context, weir_buf *out);    /* false: there is none */
    void (*put)(void *context, weir_slice bytes); /* NULL: nothing may be kept */
    void *context;
} weir_memo;

/* What the engine lends to a connector; borrowed for the life of the source or sink. */
typedef struct weir_env {
    const char *folder; /* relative paths count from here */
    const char *pipeline, *step;
    const char *run_id;
    weir_arena *arena; /* lives as long as the run; one thread at a time */
    weir_ledger *ledger;
    weir_cancel *cancel;
    int64_t now_us;
    uint32_t threads;
    size_t memory_bytes;   /* the run's budget */
    bool look_only;        /* a plan or a dry run: a sink's open may not even make an empty file */
    const weir_memo *memo; /* of the step's source; NULL: nothing is remembered */
} weir_env;

/* ---- source -------------------------------------------------------------------------------- */

typedef enum weir_on_fault { WEIR_FAULT_FAIL, WEIR_FAULT_SKIP } weir_on_fault;

/* A parameter of the pipeline, for `:name` in a query.  The value fits the type. */
typedef struct weir_query_param {
    const char *name, *type, *value; /* type: as weir_type_parse reads it */
} weir_query_param;

/* incremental: { by: cursor }.  What docs/delivery.md promises of it is the connector's to keep. */
typedef enum weir_cursor_nulls {
    WEIR_NULLS_ERROR,
    WEIR_NULLS_INCLUDE,
    WEIR_NULLS_EXCLUDE
} weir_cursor_nulls;
typedef struct weir_cursor_request {
    const char *column;   /* that grows */
    weir_opt_strings key; /* orders rows of equal cursor; may be empty */
    int64_t lag_us;       /* rows younger than this are left to a later run; 0 = none */
    const char *start;    /* the first value, when nothing was read yet; NULL = all */
    weir_cursor_nulls nulls;
    bool merges; /* the sink merges by key: a row that is given twice does no harm */
} weir_cursor_request;

typedef struct weir_source_request {
    const void *connection;    /* config of `options`: the named connection, or defaults */
    const void *config;        /* config of `source_options` */
    const weir_format *format; /* WEIR_CAP_FORMATS */
    const void *format_config;
    const weir_opt_columns *columns;
    const weir_opt_strings *metadata; /* _file, _line, _byte wanted as columns */
    weir_infer_mode infer;
    weir_extra_columns extra;
    weir_on_fault on_file_error;
    bool empty_ok;       /* nothing to read is no fault: files without content may be left out */
    uint64_t limit_rows; /* 0 = all */
    size_t n_params;     /* of the pipeline; a source with queries binds them */
    const weir_query_param *params;
    const weir_cursor_request *cursor; /* WEIR_CAP_CURSOR; NULL = everything is read */
} weir_source_request;

/* A part of a source that can be read on its own, with frozen bounds.  Owned by a weir_splits. */
typedef struct weir_split {
    const char *name;    /* as a person opens it: path, table key range */
    uint64_t size_bytes; /* 0 = unknown */
    int64_t mtime_ns;    /* 0 = none; with size_bytes the version of a file */
    const void *data;    /* the connector's own, versioned bytes */
    size_t data_size;
} weir_split;
typedef struct weir_splits {
    weir_arena arena;
    size_t n, capacity;
    weir_split *items;
} weir_splits;
WEIR_MUST_USE weir_status weir_splits_add(weir_splits *s, const weir_split *split,
                                          weir_error *err); /* copies */
void weir_splits_clear(weir_splits *s);
/* Versioned bytes for the intent, and back. */
WEIR_MUST_USE weir_status weir_splits_save(const weir_splits *s, weir_buf *out, weir_error *err);
WEIR_MUST_USE weir_status weir_splits_load(weir_splits *s, weir_slice bytes, weir_error *err);

/* What the reader thread hands to a worker: undecoded bytes or a finished batch. */
typedef struct weir_packet {
    weir_chunk chunk;  /* chunk.block NULL when batch is set */
    weir_batch *batch; /* owned */
    /* What a source tells its own decoder beside the bytes; lives as long as the packet. */
    void *extra;
    void (*extra_free)(void *extra);
} weir_packet;
void weir_packet_clear(weir_packet *p);

typedef enum weir_read_result {
    WEIR_READ_PACKET, /* *out is filled */
    WEIR_READ_END,    /* the split has no more */
    WEIR_READ_AGAIN   /* endless sources: nothing now; call again */
} weir_read_result;

typedef struct weir_source_ops {
    /* Opens and authorises; no data is read.  *source is the connector's own. */
    weir_status (*open)(const weir_source_request *request, const weir_env *env, void **source,
                        weir_error *err);
    /* The splits of this run, in source order, bounds frozen.  None found is n = 0, not an error.
     */
    weir_status (*enumerate)(void *source, weir_splits *out, weir_error *err);
    /* The schema of what decode gives, metadata columns included; may read the data (inference) of
     * `splits`, those this run will read; they stay until close.  Caller releases. */
    weir_status (*schema)(void *source, const weir_splits *splits, weir_schema **out,
                          weir_error *err);
    /* Reader thread.  A split that fails in split_begin or read fails as a whole (on_file_error).
     */
    weir_status (*split_begin)(void *source, const weir_split *split, uint32_t number,
                               weir_error *err);
    weir_status (*read)(void *source, weir_packet *out, weir_read_result *result, weir_error *err);
    /* Behind the last read: checks that the split did not change meanwhile; frees what read needed.
     */
    weir_status (*split_end)(void *source, bool aborted, weir_error *err);
    /* Workers; NULL for sources that read finished batches.  schema: the wanted fields only. */
    weir_status (*decoder_new)(void *source, weir_schema *schema, weir_ctx *ctx, void **decoder,
                               weir_error *err);
    weir_status (*decode_begin)(void *decoder, weir_packet *packet, weir_error *err);
    weir_status (*decode_next)(void *decoder, weir_ctx *ctx, weir_batch **out, weir_error *err);
    void (*decoder_free)(void *decoder);
    /* The position behind what was read so far, as versioned bytes; NULL where there is none.
     * restore: between open and enumerate, and once only. */
    weir_status (*position)(void *source, weir_buf *out, weir_error *err);
    weir_status (*restore)(void *source, weir_slice position, weir_error *err);
    weir_status (*ack)(void *source, uint64_t epoch, weir_error *err);
    void (*cancel)(void *source); /* any thread; NULL = the cancel flag is enough */
    void (*close)(void *source);  /* NULL source is legal */
    /* What `schema` found out by looking at the data: lives until close.  NULL, or a slot that is
     * NULL: the types are known without a look. */
    const struct weir_found *(*found)(void *source);
    /* With a cursor.  identify: a text that names the extract; a position belongs to it and to no
     * other.  describe: a position as people read it. */
    weir_status (*identify)(void *source, weir_buf *out, weir_error *err);
    weir_status (*describe)(weir_slice position, weir_buf *out, weir_error *err);
    /* Optional, with WEIR_CAP_PROJECT: the fields that decoders will be asked for, told between
     * `schema` and the first split_begin; the schema stays until close. */
    void (*project)(void *source, weir_schema *schema);
} weir_source_ops;

/* ---- sink ---------------------------------------------------------------------------------- */

typedef struct weir_sink_request {
    const void *connection;
    const void *config; /* of `sink_options` */
    const weir_format *format;
    const void *format_config;
    weir_load_mode mode;
    bool mode_given;
    weir_opt_strings key;
    const char *version; /* column, or NULL */
    weir_drift_action new_columns, type_change, missing;
    bool keep_order;
} weir_sink_request;

/* The unit of commit. token is unique for (pipeline, step, sink, epoch) and equal on a second try.
 */
typedef struct weir_epoch {
    uint64_t number;
    const char *token; /* [A-Za-z0-9_-]+ */
    const char *pipeline, *step, *sink;
    const char *run_id;
} weir_epoch;

typedef struct weir_load_counts {
    uint64_t inserted, updated, unchanged, stale; /* sum = rows the target accepted */
    uint64_t bytes;
} weir_load_counts;

/* What a worker hands to a writer.  A sink with an encoder gets what it encoded; without, the
 * batch. */
typedef struct weir_piece {
    weir_batch *batch; /* owned; NULL when encoded */
    void *encoded;     /* the sink's own; freed by piece_free */
    uint32_t rows;     /* alive rows in it */
    size_t bytes;
} weir_piece;

typedef enum weir_recovery { WEIR_RECOVER_DONE, WEIR_RECOVER_LOST } weir_recovery;

typedef struct weir_sink_ops {
    /* Checks target, columns, key, mode against what is there; changes nothing. */
    weir_status (*open)(const weir_sink_request *request, const weir_env *env, weir_schema *schema,
                        void **sink, weir_error *err);
    /* What begin and commit will do, one statement or file a line, for `plan` and `check`. */
    weir_status (*plan)(void *sink, weir_buf *out, weir_error *err);
    weir_status (*begin)(void *sink, const weir_epoch *epoch, weir_error *err);
    /* Workers; all three NULL when the writer takes batches.  Failed rows stay in batch (failures)
     * and are not in the piece; encode may take piece->batch or leave it to the caller. */
    weir_status (*encoder_new)(void *sink, weir_ctx *ctx, void **encoder, weir_error *err);
    weir_status (*encode)(void *encoder, weir_ctx *ctx, weir_batch *batch, weir_piece *out,
                          weir_error *err);
    void (*encoder_free)(void *encoder);
    void (*piece_free)(void *encoded);
    /* One writer (WEIR_CAP_SINGLE_WRITER) or one a worker; each used by one thread.  A row that the
     * target refuses goes to piece->batch's failures. */
    weir_status (*writer_new)(void *sink, uint32_t number, weir_ctx *ctx, void **writer,
                              weir_error *err);
    weir_status (*write)(void *writer, weir_ctx *ctx, weir_piece *piece, weir_error *err);
    /* Everything written is ready to be committed; handle: versioned bytes that commit, abort and
     * recover understand in another process. */
    weir_status (*prepare)(void *writer, weir_buf *handle, weir_error *err);
    void (*writer_free)(void *writer);
    /* Idempotent.  Counts are added to *counts. */
    weir_status (*commit)(void *sink, const weir_epoch *epoch, const weir_slice *handles, size_t n,
                          weir_load_counts *counts, weir_error *err);
    /* Undoes begin and everything behind it; handles of what was prepared (n may be 0). */
    weir_status (*abort)(void *sink, const weir_epoch *epoch, const weir_slice *handles, size_t n,
                         weir_error *err);
    /* Without an open sink, for an epoch of a dead process.
     * recover: behind the decision.  Completes the commit where it can: DONE (counts are added), or
     * LOST when the epoch must be read again.
     * discard: before the decision, or LOST.  Removes what the dead process left. */
    weir_status (*recover)(const weir_sink_request *request, const weir_env *env,
                           const weir_epoch *epoch, const weir_slice *handles, size_t n,
                           weir_load_counts *counts, weir_recovery *out, weir_error *err);
    weir_status (*discard)(const weir_sink_request *request, const weir_env *env,
                           const weir_epoch *epoch, weir_error *err);
    void (*cancel)(void *sink); /* any thread; may be NULL */
    void (*close)(void *sink);  /* NULL sink is legal */
} weir_sink_ops;

/* ---- catalog ------------------------------------------------------------------------------- */

typedef struct weir_catalog_ops {
    /* Names of tables or files, one a line. */
    weir_status (*list)(const void *connection, const weir_env *env, weir_buf *out,
                        weir_error *err);
    weir_status (*describe)(const void *connection, const weir_env *env, const char *table,
                            weir_schema **out, weir_error *err);
} weir_catalog_ops;

/* ---- the table ----------------------------------------------------------------------------- */

typedef struct weir_connector {
    uint32_t abi, struct_size;
    const char *name, *summary;
    uint32_t roles, caps; /* weir_role, weir_cap bits */
    uint32_t modes;       /* bit 1 << weir_load_mode */
    weir_load_mode default_mode;
    const char *const *extensions; /* file names that mean this connector in `copy`; may be NULL */
    const weir_option *options;    /* of a connection (connections: ...), {0}-terminated */
    size_t config_size;
    const weir_option *source_options; /* further keys of `source:`; NULL = none */
    size_t source_config_size;
    const weir_option *sink_options; /* further keys of `sink:` */
    size_t sink_config_size;
    /* Reaches and authorises without touching data; may be NULL. */
    weir_status (*check)(const void *connection, const weir_env *env, weir_error *err);
    const weir_catalog_ops *catalog;
    const weir_source_ops *source;
    const weir_sink_ops *sink;
    size_t (*reserve_bytes)(const void *connection,
                            const weir_env *env); /* memory beside the ledger */
    uint32_t drift; /* sink: bits WEIR_DRIFT_...(action); 0 = it has no columns to compare with */
} weir_connector;

/* All connectors of the program, NULL-terminated (src/connect/registry.c). */
extern const weir_connector *const weir_connectors[];
const weir_connector *weir_connector_find(const char *name);

#endif
