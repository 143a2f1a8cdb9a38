/* The coordinator: one epoch from its beginning to its commit, so that a kill at any instant leaves
 * either nothing of it or all of it.
 *
 *     begin      epoch BEGUN in the state; sinks begin under the epoch's token
 *     prepare    every writer's work is durable or waits in an open transaction (flow_write.c)
 *     intent     splits, handles, counts, files and reject sets durable in the state
 *     limits     reject limits; above them nothing is committed
 *     decide     the commit decision, durable
 *     commit     the sink, idempotently; then the rejects are published
 *     done       files and positions take effect
 *
 * Behind the decision a crash is rolled forward, before it back (weir_coordinator_recover).
 * With several targets (a route) all prepare before the intent; behind the decision they commit one
 * after the other, those first whose transaction dies with the process. A crash then leaves either
 * no target committed, or transactions only of targets of that kind: what one of them lost is read
 * again, for it alone (settled).
 *
 * The named points for WEIR_KILL_AT: before-prepare after-prepare after-intent after-decision
 * between-sinks
 * after-sink-commit after-committed after-rejects after-done file-publish.
 */
#ifndef WEIR_ENGINE_COORDINATOR_H
#define WEIR_ENGINE_COORDINATOR_H

#include "engine/flow.h"
#include "state/state.h"

typedef struct weir_coordinator {
    /* set by the caller, borrowed */
    const weir_flow_config *config;
    const weir_env *env;
    weir_lease *lease;
    const char *step;
    bool ledger_files;       /* incremental: { by: files } */
    const char *reject_path; /* of the state folder's reject set (sinks[1]) */
    const char *reject_format;
    const char *reject_source; /* what a replay needs */
    bool no_position;          /* a limited run leaves the position where it was */
    const char *extract;     /* weir_source_ops.identify: what the position belongs to; NULL = "" */
    uint64_t splits_skipped; /* files left out by on_file_error: skip; for the account */
    /* an epoch that is read again: set by recover */
    bool again;
    bool rejects_before; /* the epoch had rejects, and one of its targets has committed: what that
                            one refused stands in the epoch's reject set */
    const char *owner;   /* the run whose epoch is being recovered; NULL = this one's */
    const char *owner_rejects; /* where its reject set stands; by the caller of recover */
    /* results */
    uint64_t number;
    char token[160];
    bool begun, decided;
    /* Of an epoch that is read again: targets that have committed it, what they took, and their
     * handles as the intent had them (in env->arena). */
    bool settled[WEIR_FLOW_SINKS];
    weir_load_counts settled_counts[WEIR_FLOW_SINKS];
    weir_slice *settled_handles[WEIR_FLOW_SINKS];
    size_t n_settled_handles[WEIR_FLOW_SINKS];
    weir_load_counts loaded; /* of all epochs */
    uint64_t rejects;        /* rows in published reject sets, but for recovered epochs */
    weir_status limit;       /* WEIR_LIMIT when a limit stopped the last epoch */
} weir_coordinator;

/* WEIR_LIMIT when the figures of an epoch are above the limits of rejects. */
WEIR_MUST_USE weir_status weir_coordinator_limits(const weir_flow_config *config,
                                                  const weir_account *account, weir_error *err);
/* Hooks for weir_flow_run. */
weir_flow_hooks weir_coordinator_hooks(weir_coordinator *c);
/* After a failed weir_flow_run: undoes the epoch unless it was decided. */
WEIR_MUST_USE weir_status weir_coordinator_abort(weir_coordinator *c, weir_flow *f,
                                                 weir_error *err);

/* What recovery found out about one unfinished epoch. */
typedef enum weir_epoch_fate {
    WEIR_FATE_UNDONE, /* nothing of it is left */
    WEIR_FATE_DONE,   /* its commit was completed */
    WEIR_FATE_AGAIN   /* decided, but the target lost it: read again within `splits` */
} weir_epoch_fate;
/* Handles one unfinished epoch of c->step.  AGAIN: *splits (zeroed by the caller) is filled and c
 * is ready for a flow opened with them; account receives the epoch's figures when DONE (operators
 * are not filled). */
WEIR_MUST_USE weir_status weir_coordinator_recover(weir_coordinator *c,
                                                   const weir_state_epoch *epoch,
                                                   weir_epoch_fate *fate, weir_splits *splits,
                                                   weir_account *account, weir_error *err);
/* Reads the figures that an ended epoch keeps in the state (EPOCHS, account); operators are not
 * among them. */
WEIR_MUST_USE weir_status weir_coordinator_account(weir_slice bytes, weir_account *account,
                                                   weir_error *err);
/* Gives up an epoch that is to be read again but cannot be. */
WEIR_MUST_USE weir_status weir_coordinator_give_up(weir_coordinator *c, weir_error *err);

#endif
