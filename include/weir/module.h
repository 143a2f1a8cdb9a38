/* Modules: sources and sinks from outside weir.
 *
 * A module is a shared object with one exported function, weir_module_open.  It is compiled with
 * the headers of include/weir alone and linked with nothing of weir; what it needs of the program
 * comes through the host table.  Rows cross the border as Arrow C data (weir/arrow.h).
 * docs/modules.md shows how to write one, tests/support/modules/example_module.c is a whole one.
 *
 * In a pipeline file:
 *
 *     source: { type: module, path: ./count.so, connector: count, options: { rows: 1000 } }
 *
 * Versions.  WEIR_MODULE_ABI changes when a module has to be compiled again; each side refuses the
 * other's then.  Within one ABI the tables only grow at their end: struct_size (sizeof in the
 * header that the table's owner was compiled with) says how far.  Reserved members are zero.
 *
 * Threads.  weir_module_open is called once per process and file, under a lock.  All calls on one
 * source, and on one sink, come one at a time, but not always from the same thread: the engine's
 * reader thread reads, another opens and closes.  Different objects are used at once.  `cancel` is
 * the exception: it comes from any thread, during any other call.
 *
 * Ownership.  What weir passes to a call lives until the call returns unless said otherwise; a
 * module copies what it keeps.  What a module hands out must stay as long as its slot says.  Arrow
 * structures follow their own rules: who holds one releases it.
 *
 * Errors.  A call that fails fills *err through host->fail and returns its status.  err->status,
 * the class, decides how the run ends (weir/error.h); err->retriable = true lets a step with
 * `retries` begin anew; put no secrets into messages.  A call never ends the process, and never
 * leaves it by longjmp or an exception.
 *
 * A module's code runs with all rights of the program: load only what you would run.  It is never
 * unloaded.
 */
#ifndef WEIR_MODULE_H
#define WEIR_MODULE_H

#include "weir/arrow.h"
#include "weir/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_MODULE_ABI 1u

/* ---- what weir lends ----------------------------------------------------------------------- */

/* The program, to its modules.  Lives as long as the process; all functions from any thread. */
typedef struct weir_host {
    uint32_t abi, struct_size;
    /* Fills *err (NULL is legal) with a sentence without a newline, and returns status:
     * `return host->fail(err, WEIR_IO, "cannot open %s", path)`. */
    weir_status (*fail)(weir_error *err, weir_status status, const char *format, ...)
        WEIR_PRINTF(3, 4);
    /* The same with the text of errno value `code` behind it; the code chooses the status. */
    weir_status (*fail_errno)(weir_error *err, int code, const char *format, ...) WEIR_PRINTF(3, 4);
    /* Adds what to do about it. */
    void (*hint)(weir_error *err, const char *format, ...) WEIR_PRINTF(2, 3);
    /* One line for people in the program's log.  level: 0 error, 1 warning, 2 information, 3 debug.
     */
    void (*log)(int level, const char *format, ...) WEIR_PRINTF(2, 3);
} weir_host;

/* One option as the pipeline file has it, or its default. */
typedef struct weir_module_setting {
    const char *key, *value;
} weir_module_setting;

/* A run, to a source or sink that is opened for it.  The structure and its texts live until the
 * object's close returns (recover and discard: until that call returns). */
typedef struct weir_module_run {
    uint32_t struct_size;
    uint32_t threads;   /* compute threads of the run */
    const char *folder; /* relative paths count from here */
    const char *pipeline, *step, *run_id;
    int64_t now_us;    /* wall clock at the start of the run, microseconds since 1970 UTC */
    size_t n_settings; /* known keys only, each once, required ones among them */
    const weir_module_setting *settings;
    /* Whether the run is to stop: a call that takes long asks this, and fails with WEIR_CANCELLED.
     * From any thread. */
    bool (*cancelled)(const struct weir_module_run *run);
    const void *reserved; /* weir's own */
} weir_module_run;

/* ---- what both kinds of connector have ----------------------------------------------------- */

/* An option that the pipeline file may give below `options:`; weir checks names and what is
 * missing, the module what the values mean. */
typedef struct weir_module_option {
    const char *name;
    const char *fallback; /* the default; NULL = none: the key is then absent from the settings */
    const char *help;     /* one line, lower case, no full stop */
    bool required;
} weir_module_option;

/* ---- source -------------------------------------------------------------------------------- */

/* Calls, in this order: open, schema (once), next until the end or a failure, close.  An object is
 * read once; who wants the rows again (a retry, a preview) opens another.
 * All slots but cancel must be set. */
typedef struct weir_module_source {
    uint32_t struct_size;
    uint32_t n_options;
    const char *name;                  /* `connector:` of the pipeline file; [a-z0-9_]+ */
    const char *summary;               /* one line */
    const weir_module_option *options; /* n_options */

    /* Connects, checks the settings; reads no data yet.  On failure nothing is left open, and close
     * is not called. */
    weir_status (*open)(const weir_module_run *run, void **source, weir_error *err);
    /* The columns: a struct schema (format +s).  *out is zeroed; weir releases it. */
    weir_status (*schema)(void *source, struct ArrowSchema *out, weir_error *err);
    /* The next rows as a struct array of that schema: any number of them, batches of some thousand
     * are best.  *out is zeroed; left so (release NULL) it means the end.  weir releases it, maybe
     * long after the next call, from any thread, and even behind close: the memory must not hang on
     * the source. */
    weir_status (*next)(void *source, struct ArrowArray *out, weir_error *err);
    /* Makes a call in progress return soon, with WEIR_CANCELLED; may be NULL. */
    void (*cancel)(void *source);
    /* After a successful open exactly once, whatever happened since. */
    void (*close)(void *source);
} weir_module_source;

/* ---- sink ---------------------------------------------------------------------------------- */

/* Load modes, as bits; `mode:` of the pipeline file. */
typedef enum weir_module_mode {
    WEIR_MODULE_APPEND = 1,   /* the default mode */
    WEIR_MODULE_REPLACE = 2,  /* what was there goes when the epoch commits */
    WEIR_MODULE_TRUNCATE = 4, /* the same, keeping the table itself */
    WEIR_MODULE_UPSERT = 8    /* by key; the later row wins, or the one with the higher version */
} weir_module_mode;

typedef struct weir_module_load {
    uint32_t struct_size;
    weir_module_mode mode; /* one bit */
    size_t n_key;          /* columns of the key */
    const char *const *key;
    const char *version; /* column, or NULL */
} weir_module_load;

/* The unit of commit.  The token is the same in every attempt at one epoch, and in recover after a
 * crash; a sink that stores it beside the data can tell what is already there. */
typedef struct weir_module_epoch {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t number;
    const char *token; /* not empty; letters, digits and . _ - alone when pipeline names are such */
} weir_module_epoch;

/* Takes the rows that the target does not accept, during write. */
typedef struct weir_module_refusals {
    /* Row `row` (0-based in this array) becomes a reject: it must not be loaded.  field: the column
     * concerned, NULL = the record as a whole.  reason: one sentence.  Both are copied. */
    void (*refuse)(const struct weir_module_refusals *refusals, uint64_t row, const char *field,
                   const char *reason);
    const void *reserved; /* weir's own */
} weir_module_refusals;

/* Bytes that a sink needs to commit in another process; borrowed until its next call. */
typedef struct weir_module_bytes {
    const void *data;
    size_t size;
} weir_module_bytes;
#define WEIR_MODULE_HANDLE_MAX ((size_t)1 << 20)

/* What became of the rows that were accepted; their sum must be the number of these rows.  weir
 * fills `inserted` with that number before commit and recover: a sink that only inserts leaves it.
 */
typedef struct weir_module_counts {
    uint64_t inserted, updated, unchanged, stale;
    uint64_t bytes; /* written; 0 = not known */
} weir_module_counts;

/* Calls:
 *
 *     open -> schema -> for each epoch: begin, write*, then prepare -> commit, or abort -> close
 *
 * An epoch either commits as a whole or leaves no trace.  Between prepare and commit weir writes
 * down that the epoch is decided; if the process dies from then on, the next run calls recover with
 * the bytes of prepare; if it dies before, it calls discard.  What prepare has made must therefore
 * survive the death of the process, or recover has to say that it is lost.  abort may come at any
 * time after begin, also behind prepare, and commit, abort, recover and discard may each come twice
 * for one epoch: the second time changes nothing.
 * All slots but cancel must be set. */
typedef struct weir_module_sink {
    uint32_t struct_size;
    uint32_t n_options;
    const char *name;
    const char *summary;
    const weir_module_option *options;
    uint32_t modes; /* weir_module_mode bits; APPEND should be one of them */
    uint32_t reserved;

    /* Checks settings, target and mode; changes nothing there.  load lives as long as run. */
    weir_status (*open)(const weir_module_run *run, const weir_module_load *load, void **sink,
                        weir_error *err);
    /* What will be written: a struct schema, once, before the first begin.  It is the module's now,
     * which releases it when it wants (weir does, when it comes back unreleased). */
    weir_status (*schema)(void *sink, struct ArrowSchema *schema, weir_error *err);
    weir_status (*begin)(void *sink, const weir_module_epoch *epoch, weir_error *err);
    /* A struct array of the schema, dense, in source order.  It is the module's now: released
     * before prepare or abort returns (weir releases it when write returns and it is not yet
     * moved). */
    weir_status (*write)(void *sink, struct ArrowArray *rows, const weir_module_refusals *refusals,
                         weir_error *err);
    /* All rows of the epoch are written: makes them ready, durably where that is possible.  handle
     * is zeroed; at most WEIR_MODULE_HANDLE_MAX bytes. */
    weir_status (*prepare)(void *sink, weir_module_bytes *handle, weir_error *err);
    /* Makes the epoch visible.  handle: the bytes of prepare. */
    weir_status (*commit)(void *sink, const weir_module_epoch *epoch,
                          const weir_module_bytes *handle, weir_module_counts *counts,
                          weir_error *err);
    weir_status (*abort)(void *sink, const weir_module_epoch *epoch, weir_error *err);
    /* In another process, without an open sink, for a decided epoch: completes the commit where it
     * can.  *done = true: the epoch is there, whoever did it.  false: what prepare made is lost,
     * the epoch will be discarded and read again.  A failure stops the run, and the next one asks
     * again.
     */
    weir_status (*recover)(const weir_module_run *run, const weir_module_load *load,
                           const weir_module_epoch *epoch, const weir_module_bytes *handle,
                           weir_module_counts *counts, bool *done, weir_error *err);
    /* The same for an epoch that was never decided, or is lost: removes what is left of it. */
    weir_status (*discard)(const weir_module_run *run, const weir_module_load *load,
                           const weir_module_epoch *epoch, weir_error *err);
    void (*cancel)(void *sink);
    void (*close)(void *sink);
} weir_module_sink;

/* ---- the module ---------------------------------------------------------------------------- */

/* Static: lives as long as the process. */
typedef struct weir_module {
    uint32_t abi, struct_size;
    const char *name, *summary;
    const char *version; /* the module's own, for people */
    uint32_t n_sources, n_sinks;
    const weir_module_source *const *sources; /* n_sources tables, names unique among them */
    const weir_module_sink *const *sinks;
} weir_module;

/* The one entry.  host stays valid; a module keeps the pointer.  NULL = the module cannot work with
 * this host (its abi is another one). */
#define WEIR_MODULE_ENTRY __attribute__((visibility("default")))
WEIR_MODULE_ENTRY const weir_module *weir_module_open(const weir_host *host);

#ifdef __cplusplus
}
#endif

#endif
