/* The state: what weir remembers between runs and shows about them.
 *
 * Runs, steps, accounts, quality and events (history); leases; epochs with their intents;
 * positions; the ledger of files; the index of reject sets; documents; small values.  `weir_state`
 * is an object with a table of functions (weir_state_store): SQLite in a folder here, another store
 * (a server) injected by src/api.
 *
 * Rules for every call
 *   - Any thread may call; calls on one object are serialised inside.  Several processes may have
 * the same state open.
 *   - Every writing call is one transaction, durable when it returns WEIR_OK (it survives power
 * loss); after an error nothing of it is there, except that an error from the commit itself may
 * leave it either way: ask again.  A kill at any instant leaves whole transactions only.
 *   - Times are microseconds since 1970 UTC; 0 in an input means now.
 *   - Texts and bytes given are copied.  NULL text means "".  No secret may be among them.
 *   - Faults: WEIR_IO (device, permissions; busy is retriable), WEIR_RESOURCE (disk or memory
 * full), WEIR_DATA (the state is damaged or of a newer weir), WEIR_INTERNAL (called in a wrong
 * order), WEIR_IO with vendor_code ESTALE: the lease went to another run, nothing may be committed
 * any more.
 *
 * Life of an epoch (DESIGN, Epochs and commit), one at a time for each (pipeline, step):
 *
 *     begin -> intent -> decide -> committed -> done
 *        |        |         |
 *        +--------+---------+--> undone            (never behind committed)
 *
 *   intent may be written again before the decision (replaces) and behind it (the epoch is read
 * again within its frozen bounds: the handles are replaced, the decision stays).  The pending
 * positions, files and reject sets of the intent take effect in the transaction of done.  decide,
 * committed, done and undone may be repeated.
 */
#ifndef WEIR_STATE_STATE_H
#define WEIR_STATE_STATE_H

#include "column/batch.h"

#define WEIR_STATE_ABI 1u
#define WEIR_RUN_ID_SIZE 24             /* "20261122-164501-3f9a" and its terminator, with room */
#define WEIR_STATE_EVENTS_PER_RUN 10000 /* later ones are counted, not kept */

typedef struct weir_state weir_state;

/* ---- what is stored ------------------------------------------------------------------------ */

typedef enum weir_run_status {
    WEIR_RUN_RUNNING,
    WEIR_RUN_OK,
    WEIR_RUN_FAILED,
    WEIR_RUN_LIMIT,   /* a gate or reject limit */
    WEIR_RUN_PARTIAL, /* files were skipped */
    WEIR_RUN_CANCELLED,
    WEIR_RUN_INTERRUPTED, /* the process died; noticed by the next run */
    WEIR_RUN_SKIPPED,     /* steps: not needed or upstream failed */
    WEIR_RUN_STATUS_COUNT
} weir_run_status;
/* "running", "ok", "failed", "limit", "partial", "cancelled", "interrupted", "skipped". */
const char *weir_run_status_name(weir_run_status status);

typedef struct weir_state_run {
    const char *id; /* from weir_state_run_id */
    const char *pipeline, *file, *fingerprint, *version,
        *trigger;     /* trigger: "manual", "schedule", slot id */
    const char *host; /* NULL = this machine's */
    int64_t pid;      /* 0 = this process */
    int64_t started_us;
} weir_state_run;

typedef struct weir_state_operator {
    const char *name;
    uint64_t in, created, out, rejected, filtered, absorbed;
} weir_state_operator;

/* Everything about one step of a run; written when it starts, ends, and in between as often as
 * liked (the whole row is replaced, the operators too). */
typedef struct weir_state_step {
    const char *step, *source, *sink;
    weir_run_status status;
    int64_t started_us, duration_us;
    uint64_t attempts;
    uint64_t rows_in, created;
    uint64_t inserted, updated, unchanged, stale; /* loaded = their sum */
    uint64_t rejected, filtered, absorbed;
    uint64_t bytes_in, bytes_out, warnings, files, files_skipped;
    const char *error;
    size_t n_operators;
    const weir_state_operator *operators;
} weir_state_step;

typedef struct weir_state_quality {
    const char *step, *metric;
    double value;
    bool has_value;
    const char *threshold; /* as in the file: "max 0.1%" */
    const char *severity;  /* "warn", "fail" */
    bool passed;
} weir_state_quality;

typedef struct weir_state_event {
    int64_t at_us;
    const char *level; /* "error", "warn", "info", "debug" */
    const char *step;  /* "" = the run as a whole */
    const char *text;
    const char *fields; /* a JSON object, NULL = none */
} weir_state_event;

/* How far a source has been read.  fingerprint: of the extract (query, table, filter); bytes: the
 * connector's own, versioned; text: for people. */
typedef struct weir_state_position {
    const char *fingerprint;
    weir_slice bytes;
    const char *text;
    /* filled by position_get only */
    uint64_t epoch;
    const char *run_id;
    int64_t updated_us;
} weir_state_position;

typedef struct weir_state_file {
    const char *path;
    uint64_t size_bytes;
    int64_t mtime_ns;
    const char *hash; /* of the content, "" = not taken */
    uint64_t rows;
    /* filled by file_get only */
    uint64_t epoch;
    const char *run_id;
    int64_t loaded_us;
} weir_state_file;

typedef enum weir_reject_state {
    WEIR_REJECTS_OPEN,
    WEIR_REJECTS_REPLAYED,
    WEIR_REJECTS_DISCARDED,
    WEIR_REJECTS_PARTLY
} weir_reject_state;
/* "open", "replayed", "discarded", "partly". */
const char *weir_reject_state_name(weir_reject_state state);

/* One set of rejected records: of a run, a step, an epoch. */
typedef struct weir_state_reject {
    const char *path, *format;
    uint64_t rows;
    const char *source; /* what replay needs: source format and its options, as text */
} weir_state_reject;

typedef enum weir_epoch_state {
    WEIR_EPOCH_BEGUN,
    WEIR_EPOCH_INTENT,
    WEIR_EPOCH_DECIDED,
    WEIR_EPOCH_COMMITTED,
    WEIR_EPOCH_DONE,
    WEIR_EPOCH_UNDONE
} weir_epoch_state;
/* "begun", "intent", "decided", "committed", "done", "undone". */
const char *weir_epoch_state_name(weir_epoch_state state);

/* What a prepared writer gave, to be understood by commit, abort and recover in another process. */
typedef struct weir_state_handle {
    const char *sink;
    weir_slice bytes;
} weir_state_handle;

typedef struct weir_state_intent {
    weir_slice splits;  /* weir_splits_save */
    weir_slice account; /* counts; the engine's own bytes */
    size_t n_handles;
    const weir_state_handle *handles; /* order is kept */
    size_t n_positions;
    const weir_state_position *positions;
    size_t n_files;
    const weir_state_file *files;
    size_t n_rejects;
    const weir_state_reject *rejects;
} weir_state_intent;

/* An epoch as it stands in the state. */
typedef struct weir_state_epoch {
    const char *pipeline, *step, *run_id;
    uint64_t number, fence;
    weir_epoch_state state;
    int64_t begun_us, changed_us;
    weir_state_intent intent; /* all zero in state BEGUN */
} weir_state_epoch;
typedef struct weir_state_epochs {
    weir_arena arena;
    size_t n;
    weir_state_epoch *items;
} weir_state_epochs;
void weir_state_epochs_clear(weir_state_epochs *e);

/* ---- leases -------------------------------------------------------------------------------- */

/* The right of one run to commit for one pipeline.  fence grows with every acquisition; it is
 * checked inside each transaction that touches epochs, positions or the ledger. */
typedef struct weir_lease {
    weir_state *state;
    const char *pipeline, *run_id; /* owned by the lease */
    uint64_t fence;
} weir_lease;

/* ---- reading ------------------------------------------------------------------------------- */

/* Columns of the batches, in this order (text: string, counts: int64, times: timestamptz UTC):
 * - RUNS: run_id pipeline status started ended duration_us exit_code error file fingerprint trigger
 *   host pid version rows_in loaded rejected
 * - STEPS: run_id pipeline step status source sink started duration_us attempts rows_in created
 *   loaded inserted updated unchanged stale rejected filtered absorbed bytes_in bytes_out warnings
 *   files files_skipped error
 * - OPERATORS: run_id step ordinal operator in created out rejected filtered absorbed
 * - REJECTS: run_id pipeline step epoch path format rows state replayed_by changed source
 * - POSITIONS: pipeline step fingerprint position epoch run_id updated
 * - FILES: pipeline step path size_bytes mtime_ns hash rows epoch run_id loaded
 * - QUALITY: run_id pipeline step metric value(float64) threshold severity passed(bool) at
 * - EVENTS: run_id at level step text fields (a JSON object or "")
 * - EPOCHS: pipeline step epoch state run_id fence begun changed handles account
 * - LEASES: pipeline fence run_id pid host acquired released
 * - DOCUMENTS: run_id step kind text
 *
 * Nullable where a value may be missing (ended, exit_code, value, released, replayed_by,
 * account). */
typedef enum weir_state_what {
    WEIR_STATE_RUNS,
    WEIR_STATE_STEPS,
    WEIR_STATE_OPERATORS,
    WEIR_STATE_REJECTS,
    WEIR_STATE_POSITIONS,
    WEIR_STATE_FILES,
    WEIR_STATE_QUALITY,
    WEIR_STATE_EVENTS,
    WEIR_STATE_EPOCHS,
    WEIR_STATE_LEASES,
    WEIR_STATE_DOCUMENTS,
    WEIR_STATE_WHAT_COUNT
} weir_state_what;

/* All given conditions must hold; NULL and 0 = any.  Conditions on columns that `what` has not are
 * ignored.  Order: oldest first (FILES, POSITIONS: by name), or newest first. */
typedef struct weir_state_filter {
    const char *pipeline, *step, *status; /* status: also of rejects and epochs */
    const char *run_id;                   /* exact, or a prefix that ends in "*" */
    int64_t since_us, until_us;           /* start, event or change time: since <= t < until */
    bool newest_first;
    uint64_t limit;  /* rows; 0 = WEIR_STATE_QUERY_ROWS */
    uint64_t offset; /* rows passed over first */
} weir_state_filter;
#define WEIR_STATE_QUERY_ROWS 100000u

typedef struct weir_state_result {
    weir_schema *schema;
    size_t n;
    weir_batch **batches;
    uint64_t rows;
    bool more; /* the limit cut the result */
} weir_state_result;
void weir_state_result_clear(weir_state_result *r);

/* ---- the store table ----------------------------------------------------------------------- */

/* One function for each call below, same contract.  An implementation embeds weir_state as its
 * first member. */
typedef struct weir_state_store {
    uint32_t abi, struct_size;
    const char *name; /* "sqlite" */
    void (*close)(weir_state *s);
    weir_status (*run_exists)(weir_state *s, const char *id, bool *exists, weir_error *err);
    weir_status (*lease_acquire)(weir_state *s, const char *pipeline, const char *run_id,
                                 weir_lease **out, weir_error *err);
    weir_status (*lease_renew)(weir_lease *l, weir_error *err);
    void (*lease_release)(weir_lease *l);
    weir_status (*run_begin)(weir_state *s, const weir_state_run *run, weir_error *err);
    weir_status (*run_end)(weir_state *s, const char *id, weir_run_status status, int exit_code,
                           const char *error, weir_error *err);
    weir_status (*step_put)(weir_state *s, const char *run_id, const weir_state_step *step,
                            weir_error *err);
    weir_status (*quality_add)(weir_state *s, const char *run_id, const weir_state_quality *items,
                               size_t n, weir_error *err);
    weir_status (*events_add)(weir_state *s, const char *run_id, const weir_state_event *items,
                              size_t n, weir_error *err);
    weir_status (*document_put)(weir_state *s, const char *run_id, const char *step,
                                const char *kind, const char *text, weir_error *err);
    weir_status (*epoch_begin)(weir_lease *l, const char *step, uint64_t *number, weir_error *err);
    weir_status (*epoch_intent)(weir_lease *l, const char *step, uint64_t number,
                                const weir_state_intent *intent, weir_error *err);
    weir_status (*epoch_move)(weir_lease *l, const char *step, uint64_t number, weir_epoch_state to,
                              const weir_state_position *positions, size_t n, weir_slice account,
                              weir_error *err);
    weir_status (*epochs_unfinished)(weir_state *s, const char *pipeline, weir_state_epochs *out,
                                     weir_error *err);
    weir_status (*position_get)(weir_state *s, const char *pipeline, const char *step,
                                const char *fingerprint, weir_arena *arena,
                                weir_state_position *out, bool *found, const char **other,
                                weir_error *err);
    weir_status (*position_set)(weir_lease *l, const char *step,
                                const weir_state_position *position, weir_error *err);
    weir_status (*step_reset)(weir_lease *l, const char *step, weir_error *err);
    weir_status (*file_get)(weir_state *s, const char *pipeline, const char *step, const char *path,
                            weir_arena *arena, weir_state_file *out, bool *found, weir_error *err);
    weir_status (*reject_put)(weir_state *s, const char *run_id, const char *step, uint64_t epoch,
                              const weir_state_reject *reject, weir_error *err);
    weir_status (*reject_mark)(weir_state *s, const char *run_id, const char *step,
                               const char *path, weir_reject_state state, const char *by_run,
                               uint64_t *marked, weir_error *err);
    weir_status (*value_put)(weir_state *s, const char *space, const char *key, weir_slice bytes,
                             weir_error *err);
    weir_status (*value_get)(weir_state *s, const char *space, const char *key, weir_buf *out,
                             bool *found, weir_error *err);
    weir_status (*query)(weir_state *s, weir_state_what what, const weir_state_filter *filter,
                         weir_ledger *ledger, weir_state_result *out, weir_error *err);
    weir_status (*prune)(weir_state *s, int64_t before_us, uint64_t *runs, weir_error *err);
    weir_status (*check)(weir_state *s, weir_buf *findings, weir_error *err);
    weir_status (*files_set)(weir_lease *l, const char *step, const weir_state_file *files,
                             size_t n, weir_error *err);
} weir_state_store;

struct weir_state {
    const weir_state_store *store;
    const char *place; /* for people: the folder or server; owned by the store */
};

/* ---- opening ------------------------------------------------------------------------------- */

/* The SQLite store "<folder>/state.db".  create: folder and database are made when missing;
 * otherwise a missing one is WEIR_IO with vendor_code ENOENT.  A database of an older weir is
 * brought up to date in one transaction, one of a newer weir refused (WEIR_DATA). */
WEIR_MUST_USE weir_status weir_state_open(const char *folder, bool create, weir_state **out,
                                          weir_error *err);
void weir_state_close(weir_state *s); /* NULL is legal; release leases first */

/* ---- runs and history ---------------------------------------------------------------------- */

/* A new id: UTC second + random, sortable, not in the state yet. */
WEIR_MUST_USE weir_status weir_state_run_id(weir_state *s, char id[WEIR_RUN_ID_SIZE],
                                            weir_error *err);
WEIR_MUST_USE weir_status weir_state_run_begin(weir_state *s, const weir_state_run *run,
                                               weir_error *err);
/* Only the first call for a run has an effect on a run that is RUNNING or INTERRUPTED; others
 * change nothing and are WEIR_OK. */
WEIR_MUST_USE weir_status weir_state_run_end(weir_state *s, const char *id, weir_run_status status,
                                             int exit_code, const char *error, weir_error *err);
WEIR_MUST_USE weir_status weir_state_step_put(weir_state *s, const char *run_id,
                                              const weir_state_step *step, weir_error *err);
/* A metric of a step that is there already is replaced. */
WEIR_MUST_USE weir_status weir_state_quality_add(weir_state *s, const char *run_id,
                                                 const weir_state_quality *items, size_t n,
                                                 weir_error *err);
/* At most WEIR_STATE_EVENTS_PER_RUN are kept a run; one last event says that more were dropped. */
WEIR_MUST_USE weir_status weir_state_events_add(weir_state *s, const char *run_id,
                                                const weir_state_event *items, size_t n,
                                                weir_error *err);
/* A text that belongs to a run: kind "lineage", "plan", ...  Replaced when there already. */
WEIR_MUST_USE weir_status weir_state_document_put(weir_state *s, const char *run_id,
                                                  const char *step, const char *kind,
                                                  const char *text, weir_error *err);

/* ---- leases -------------------------------------------------------------------------------- */

/* Takes the lease of pipeline for run_id, at once or not at all: held by another living run =
 * WEIR_IO, retriable, vendor_code EBUSY, naming its run, process and host.  Runs of the pipeline
 * that are still RUNNING in the state belong to dead processes then and become INTERRUPTED.  The
 * SQLite store uses a lock of the operating system on "<folder>/locks/<pipeline>.lock", which dies
 * with the process. */
WEIR_MUST_USE weir_status weir_state_lease_acquire(weir_state *s, const char *pipeline,
                                                   const char *run_id, weir_lease **out,
                                                   weir_error *err);
/* Heartbeat for stores on a server; here it checks that the lease is still ours (ESTALE). */
WEIR_MUST_USE weir_status weir_state_lease_renew(weir_lease *l, weir_error *err);
void weir_state_lease_release(weir_lease *l); /* NULL is legal; never fails */

/* ---- epochs -------------------------------------------------------------------------------- */

/* The next number of (pipeline, step).  WEIR_INTERNAL when an epoch there is unfinished: recover
 * first. */
WEIR_MUST_USE weir_status weir_state_epoch_begin(weir_lease *l, const char *step, uint64_t *number,
                                                 weir_error *err);
/* The epoch's fence becomes that of the lease, its run too unless it is decided already. */
WEIR_MUST_USE weir_status weir_state_epoch_intent(weir_lease *l, const char *step, uint64_t number,
                                                  const weir_state_intent *intent, weir_error *err);
/* The commit decision.  positions: replace the pending ones of the intent when n > 0. */
WEIR_MUST_USE weir_status weir_state_epoch_decide(weir_lease *l, const char *step, uint64_t number,
                                                  const weir_state_position *positions, size_t n,
                                                  weir_error *err);
WEIR_MUST_USE weir_status weir_state_epoch_committed(weir_lease *l, const char *step,
                                                     uint64_t number, weir_error *err);
/* In one transaction: positions, files and reject sets of the intent take effect, blobs are
 * dropped but for the account: the final figures stay with the epoch (EPOCHS, account), for the run
 * may die before it has put its step. */
WEIR_MUST_USE weir_status weir_state_epoch_done(weir_lease *l, const char *step, uint64_t number,
                                                weir_slice account, weir_error *err);
WEIR_MUST_USE weir_status weir_state_epoch_undone(weir_lease *l, const char *step, uint64_t number,
                                                  weir_error *err);
/* Epochs that are neither done nor undone, ordered by step and number.  pipeline NULL = all. */
WEIR_MUST_USE weir_status weir_state_epochs_unfinished(weir_state *s, const char *pipeline,
                                                       weir_state_epochs *out, weir_error *err);

/* ---- positions and files ------------------------------------------------------------------- */

/* found false: nothing for this fingerprint; *other (may be NULL) is then the fingerprint last used
 * by the step, or NULL: a changed extract asks for a decision.  Texts live in arena. */
WEIR_MUST_USE weir_status weir_state_position_get(weir_state *s, const char *pipeline,
                                                  const char *step, const char *fingerprint,
                                                  weir_arena *arena, weir_state_position *out,
                                                  bool *found, const char **other, weir_error *err);
/* By hand (`weir state set`); epochs set them through their intent. */
WEIR_MUST_USE weir_status weir_state_position_set(weir_lease *l, const char *step,
                                                  const weir_state_position *position,
                                                  weir_error *err);
/* Forgets positions and files of a step (NULL = all steps) (`weir state reset`, --full-refresh),
 * and its value in the space "inference", whose key is PIPELINE, a line feed, STEP. */
WEIR_MUST_USE weir_status weir_state_step_reset(weir_lease *l, const char *step, weir_error *err);
/* By hand (`weir state import`): files that count as loaded; in one transaction. */
WEIR_MUST_USE weir_status weir_state_files_set(weir_lease *l, const char *step,
                                               const weir_state_file *files, size_t n,
                                               weir_error *err);
WEIR_MUST_USE weir_status weir_state_file_get(weir_state *s, const char *pipeline, const char *step,
                                              const char *path, weir_arena *arena,
                                              weir_state_file *out, bool *found, weir_error *err);

/* ---- rejects ------------------------------------------------------------------------------- */

/* Registers a set outside an epoch's end (a run that failed keeps its rejects too).  Same run,
 * step, epoch and path: replaced. */
WEIR_MUST_USE weir_status weir_state_reject_put(weir_state *s, const char *run_id, const char *step,
                                                uint64_t epoch, const weir_state_reject *reject,
                                                weir_error *err);
/* Sets the state of a run's sets (step, path NULL = all); *marked (may be NULL) = how many. */
WEIR_MUST_USE weir_status weir_state_reject_mark(weir_state *s, const char *run_id,
                                                 const char *step, const char *path,
                                                 weir_reject_state state, const char *by_run,
                                                 uint64_t *marked, weir_error *err);

/* ---- small values -------------------------------------------------------------------------- */

/* Bytes by name, for what has no table of its own: known schemas, schedule slots, caches of
 * inference. */
WEIR_MUST_USE weir_status weir_state_value_put(weir_state *s, const char *space, const char *key,
                                               weir_slice bytes, weir_error *err);
/* Appends to out. */
WEIR_MUST_USE weir_status weir_state_value_get(weir_state *s, const char *space, const char *key,
                                               weir_buf *out, bool *found, weir_error *err);

/* ---- reading and care ---------------------------------------------------------------------- */

/* All history is read through this.  out is zeroed by the caller and cleared with
 * weir_state_result_clear; memory is charged to ledger (may be NULL). */
WEIR_MUST_USE weir_status weir_state_query(weir_state *s, weir_state_what what,
                                           const weir_state_filter *filter, weir_ledger *ledger,
                                           weir_state_result *out, weir_error *err);
/* The text of a string column of such a batch; "" where it is null.  Points into the batch. */
weir_slice weir_state_text(const weir_batch *b, const char *column, uint32_t row);
/* The schema of weir_state_query's batches; borrowed names, caller releases. */
WEIR_MUST_USE weir_status weir_state_schema(weir_state_what what, weir_schema **out,
                                            weir_error *err);
/* Forgets runs that ended before before_us with all that hangs on them, but not those with open
 * rejects or unfinished epochs, nor positions and files. */
WEIR_MUST_USE weir_status weir_state_prune(weir_state *s, int64_t before_us, uint64_t *runs,
                                           weir_error *err);
/* `weir state fsck`: one line a finding is appended; none = sound. */
WEIR_MUST_USE weir_status weir_state_check(weir_state *s, weir_buf *findings, weir_error *err);

#endif
