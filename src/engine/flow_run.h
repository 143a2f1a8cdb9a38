/* The threads of a flow: what flow_run.c, flow_read.c, flow_work.c and flow_write.c share.
 *
 *   reader   reads packets, numbers them with tickets, waits for budget
 *   workers  decode, run the chain, encode; what comes of a ticket goes to the gather in its order
 *   writer   the calling thread: writes pieces in ticket order, ends epochs
 *
 * The first error stops both exchanges; everyone then returns, and the error is the run's.
 */
#ifndef WEIR_ENGINE_FLOW_RUN_H
#define WEIR_ENGINE_FLOW_RUN_H

#include "engine/flow_private.h"
#include "engine/trail.h"

/* One piece for one sink on its way to the writer. */
typedef struct output {
    uint32_t sink;
    weir_piece piece;
} output;

/* The end of an epoch; travels with the barrier (or the end) through all workers. */
typedef struct barrier {
    struct barrier *next; /* in the run's list, which owns it */
    pthread_mutex_t lock;
    bool last;
    weir_buf position;
    weir_account account; /* workers add theirs */
    weir_buf *handles;    /* of writers on workers, one each */
} barrier;

typedef struct worker {
    struct flow_run *run;
    uint32_t number;
    pthread_t thread;
    bool started;
    weir_arena scratch;
    weir_ctx ctx;
    weir_chain *chain;
    void *decoder;
    void *encoders[WEIR_FLOW_SINKS];
    void *writer; /* sinks with many writers */
    uint64_t ticket;
    bool has_turn; /* all tickets below have gone through the chain */
    weir_account account;
} worker;

typedef struct flow_run {
    weir_flow *flow;
    const weir_flow_hooks *hooks;
    uint32_t n_workers;
    worker *workers;
    bool many_writers;
    weir_exchange *packets, *pieces;
    weir_chain_rejects rejects;
    weir_trail *trail; /* what could not be read */
    pthread_t reader;
    bool reader_started;
    /* shared, under lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    weir_error error;
    bool failed;
    uint64_t tickets_done, epochs_open;
    bool ordered;      /* an operator needs the source's order: tickets take turns */
    uint64_t turn;     /* the lowest ticket that has not gone through the chain */
    uint64_t warnings; /* the writer's: those of ended epochs */
    barrier *barriers;
    _Atomic uint64_t rows_read, bytes_read, rows_rejected, rows_filtered;
    _Atomic bool limit_reached; /* limit_rows have been read */
    weir_phases reader_phases;  /* written by the reader, read after it has ended */
    /* the writer's own */
    worker front; /* its scratch, encoders for rejects found while writing */
    void *writers[WEIR_FLOW_SINKS];
    weir_account *total;
    int64_t last_progress_us; /* 0 = none yet */
    uint64_t bytes_total;     /* for progress; 0 = unknown */
    uint64_t bytes_dropped;   /* the reader's: of records too long to be handed out as a whole */
    uint64_t rows_loaded;
} flow_run;

/* ---- flow_run.c */

/* Any thread: the first error is the run's; both exchanges stop. */
void flow_fail(flow_run *r, const weir_error *err);
/* WEIR_CANCELLED when a stop was asked for. */
WEIR_MUST_USE weir_status flow_cancelled(const flow_run *r, weir_error *err);
/* An account with the operators of the flow, all zero; its operators are the caller's to free. */
WEIR_MUST_USE weir_status flow_account_new(const weir_flow *f, weir_account *a, weir_error *err);
void flow_account_zero(weir_account *a);
/* Reader: the end of an epoch, with the source's position; owned by the run until
 * flow_barrier_done, which the writer calls when the epoch is over. */
WEIR_MUST_USE weir_status flow_barrier_new(flow_run *r, bool last, barrier **out, weir_error *err);
void flow_barrier_done(flow_run *r, barrier *b);

/* ---- flow_read.c */

/* The reader thread; arg: the run. */
void *flow_reader_main(void *arg);

/* ---- flow_work.c */

/* A worker thread; arg: its worker.  init before, close after (legal for one that was never
 * started).
 */
void *flow_worker_main(void *arg);
void flow_worker_init(worker *w, flow_run *r, uint32_t number);
void flow_worker_close(worker *w);
/* Encoders of the sinks first..n; freed by flow_encoders_free. */
WEIR_MUST_USE weir_status flow_encoders_new(worker *w, uint32_t first, weir_error *err);
void flow_encoders_free(worker *w);
/* Rows that the target (number sink) refused leave the flow as rejects, counted in account. */
WEIR_MUST_USE weir_status flow_leave_at_load(worker *w, uint32_t sink, weir_batch *b,
                                             weir_account *account, weir_error *err);
/* Sends reject records (batch taken over) to every reject sink; context: the worker. */
WEIR_MUST_USE weir_status flow_emit_rejects(void *context, weir_batch *batch, weir_error *err);
/* Frees what an exchange still held. */
void flow_packet_free(void *packet);
void flow_output_drop(flow_run *r, output *o);

/* ---- flow_write.c */

/* Writes pieces and ends epochs until the end of the flow; on the calling thread. */
WEIR_MUST_USE weir_status flow_writer_loop(flow_run *r, weir_error *err);
/* Writes one piece and frees it. */
WEIR_MUST_USE weir_status flow_write_output(flow_run *r, output *o, weir_error *err);
WEIR_MUST_USE weir_status flow_begin_epoch(flow_run *r, weir_error *err);
void flow_writers_free(flow_run *r);

#endif
