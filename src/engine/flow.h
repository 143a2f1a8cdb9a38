/* A flow: source -> operators -> sink, with rejects on the side.
 *
 *     reader thread --FORWARD--> workers (decode, operators, encode) --GATHER--> writer
 *     (cuts splits into              |  a sink with many writers writes       (the calling thread:
 *      numbered packets)             |  here, on the worker                    main sink, rejects,
 *                                                                              epochs)
 *
 * weir_flow_open binds everything and changes nothing outside; weir_flow_run moves the data and
 * calls back at each epoch's end, when all writers have been prepared (coordinator.h commits).
 */
#ifndef WEIR_ENGINE_FLOW_H
#define WEIR_ENGINE_FLOW_H

#include "column/operator.h"
#include "connect/connector.h"
#include "engine/account.h"

/* Another source that an operator reads whole when the flow is opened. */
typedef struct weir_flow_input {
    const char *name;                /* for messages */
    const weir_connector *connector; /* NULL = none */
    weir_source_request request;
} weir_flow_input;

typedef struct weir_flow_operator {
    const weir_operator_kind *kind;
    const void *config;
    const weir_node *node;
    weir_flow_input input;
} weir_flow_operator;

typedef struct weir_flow_sink {
    const weir_connector *connector;
    weir_sink_request request;
    const char *name;      /* "sink", "rejects"; "route.NAME" of a route's */
    const char *load_name; /* "load NAME", a route's in the account; else NULL */
    const char *route;     /* NAME of a route, when a record may go to several; else NULL */
    const weir_node *node; /* where it stands in the file; NULL = nowhere */
} weir_flow_sink;

#define WEIR_FLOW_TARGETS 32 /* sinks of a route: bits of weir_batch.routes */
/* and the state folder's rejects, the user's rejects */
#define WEIR_FLOW_SINKS (WEIR_FLOW_TARGETS + 2)

/* What is to be run; borrowed for the life of the flow. */
typedef struct weir_flow_config {
    const weir_connector *source;
    weir_source_request source_request;
    size_t n_operators;
    const weir_flow_operator *operators;
    size_t n_sinks;
    size_t n_targets; /* the first so many take the good rows, the others the rejects */
    weir_flow_sink sinks[WEIR_FLOW_SINKS];
    /* By sink, of an epoch that is read again: it has committed already, so it is not opened and
     * what goes to it is left out.  NULL = none. */
    const bool *settled;
    /* Of such an epoch: gives the rejects that it had, batch after batch of weir_reject_schema, to
     * `see`, which borrows them.  What the settled sinks refused is taken over.  NULL = it had
     * none. */
    weir_status (*rejects_before)(void *context,
                                  weir_status (*see)(void *to, const weir_batch *rejects,
                                                     weir_error *err),
                                  void *to, weir_error *err);
    void *rejects_context;
    double max_ratio;    /* rejects / read above which nothing is committed; < 0 = no limit */
    int64_t max_rows;    /* < 0 = no limit */
    bool empty_ok;       /* no split is not an error */
    uint64_t limit_rows; /* rows read at most, for trying out; 0 = all.  One worker reads then */
    /* which splits are left over from earlier runs; NULL = all are read */
    bool (*split_wanted)(void *context, const weir_split *split);
    /* told of the split that could not be read when its columns were looked for; may be NULL */
    void (*split_failed)(void *context, const weir_split *split);
    void *split_context;
    /* gives a source with a cursor the position to go on from; NULL = it reads from its start */
    weir_status (*resume)(void *context, const weir_source_ops *ops, void *source, weir_error *err);
    void *resume_context;
    /* endless sources: an epoch ends at whichever comes first; 0 = not by this */
    uint64_t epoch_rows, epoch_bytes;
    int64_t epoch_us;
    uint64_t max_epochs; /* 0 = no end; tests */
    /* a live view of progress; called about ten times a second from the calling thread; may be NULL
     */
    void (*progress)(void *context, const weir_account *sofar);
    void *progress_context;
} weir_flow_config;

typedef struct weir_flow weir_flow;

/* Opens source and sinks, enumerates, infers, binds.  frozen: the splits of an interrupted epoch
 * that is read again; NULL = enumerate.  Faults of binding go to diags and give WEIR_USAGE. */
WEIR_MUST_USE weir_status weir_flow_open(const weir_flow_config *config, const weir_env *env,
                                         const weir_splits *frozen, weir_diags *diags,
                                         weir_flow **out, weir_error *err);
/* Binds operators and the sink's key to a schema without opening anything, for `check`: source is
 * what is known of the source's columns, unseen what it may have beside them (used up), inputs
 * what is known of the operators' other sources, one an operator. WEIR_USAGE: faults went to diags,
 * all that could be found. */
WEIR_MUST_USE weir_status weir_flow_check(const weir_flow_config *config, const weir_env *env,
                                          weir_schema *source, weir_unseen *unseen,
                                          const weir_operator_input *inputs, weir_diags *diags,
                                          weir_error *err);
/* True when there is nothing to read: then only weir_flow_close may follow. */
bool weir_flow_is_empty(const weir_flow *f);
const weir_splits *weir_flow_splits(const weir_flow *f);
weir_schema *weir_flow_full_schema(const weir_flow *f);   /* borrowed: all the source has */
weir_schema *weir_flow_source_schema(const weir_flow *f); /* borrowed */
weir_schema *weir_flow_sink_schema(const weir_flow *f);   /* borrowed */
/* After a failed run: number of the split that could not be read, or -1 when it was not a split. */
int64_t weir_flow_failed_split(const weir_flow *f);
size_t weir_flow_n_operators(const weir_flow *f);
size_t weir_flow_n_loads(const weir_flow *f); /* sinks that take the good rows */
void *weir_flow_source_object(weir_flow *f);
const weir_operator *weir_flow_operators(const weir_flow *f); /* the first of n */
const weir_operator *weir_flow_operator_at(const weir_flow *f, size_t i);
/* What operator i looks things up in; NULL = it does not.  Borrowed. */
const weir_operator_input *weir_flow_input_at(const weir_flow *f, size_t i);
/* What a sink will do (weir_sink_ops.plan). */
WEIR_MUST_USE weir_status weir_flow_plan(weir_flow *f, size_t sink, weir_buf *out, weir_error *err);
void *weir_flow_sink_object(weir_flow *f, size_t sink);

/* The end of an epoch, all writers prepared. */
typedef struct weir_flow_epoch {
    size_t n_sinks;
    struct {
        weir_slice *handles;
        size_t n;
    } sinks[WEIR_FLOW_SINKS];
    weir_slice position;         /* the source's, empty when it has none */
    const weir_account *account; /* of this epoch */
    bool last;
} weir_flow_epoch;
typedef struct weir_flow_hooks {
    /* Before the first batch of an epoch is written: names the epoch, begins the sinks. */
    weir_status (*begin)(void *context, weir_flow *f, weir_error *err);
    /* All prepared: decide and commit.  An error ends the flow. */
    weir_status (*commit)(void *context, weir_flow *f, const weir_flow_epoch *epoch,
                          weir_error *err);
    void *context;
} weir_flow_hooks;

/* Runs to the end (bounded) or until cancelled.  total receives the sum of all epochs. */
WEIR_MUST_USE weir_status weir_flow_run(weir_flow *f, const weir_flow_hooks *hooks,
                                        weir_account *total, weir_error *err);
void weir_flow_close(weir_flow *f); /* NULL is legal */

#endif
