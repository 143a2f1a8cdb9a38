/* Operators: what a stage does with a batch.
 *
 * A kind is one row of a registry (src/transform, src/validate).  It is bound once per plan to the
 * schema that reaches it and then runs on every worker: the bound operator is shared and read-only,
 * what a worker needs for itself lives in its local state.  Chains of operators are fused: the
 * engine calls process on one batch after the other without queues between.
 *
 *     bind -> (local_new -> process* -> local_free) on each worker -> finish -> free
 */
#ifndef WEIR_COLUMN_OPERATOR_H
#define WEIR_COLUMN_OPERATOR_H

#include "base/option.h"
#include "column/batch.h"

typedef enum weir_operator_flags {
    WEIR_OP_FILTERS = 1,   /* may drop rows: they count as filtered */
    WEIR_OP_VALIDATES = 2, /* rejects leave the flow right behind it */
    WEIR_OP_CAN_FAIL = 4,  /* may add failures */
    WEIR_OP_BOUNDARY = 8,  /* needs its whole input: a stage of its own */
    WEIR_OP_STATEFUL = 16, /* has snapshot and restore */
    WEIR_OP_ROUTES = 32    /* writes weir_batch.routes; the last one of its flow */
} weir_operator_flags;

/* Columns that may reach an operator although its schema does not have them: what a source brings
 * beside its declared columns, and what an operator above would have made if it were right. Nothing
 * can be said about them, so they are no faults; an operator that uses one is looked at as far as
 * possible and must not be run. */
typedef struct weir_unseen {
    bool any; /* every name may be there */
    size_t n, capacity;
    size_t n_source;    /* the first so many are columns of the source whose type is not known */
    const char **names; /* in the arena of weir_bind */
} weir_unseen;

/* Another source that an operator reads whole before the first record: its config has this struct,
 * filled by its option table, at kind->source_offset. */
typedef struct weir_operator_source {
    const char *name;      /* of the step's `inputs:`; NULL = from */
    const weir_node *from; /* a path, or a source described in place; both NULL = none is read */
    weir_opt_strings field, key; /* what is looked up, and where in the source; key n 0: the same */
    weir_opt_strings take;       /* further columns that are read */
} weir_operator_source;

/* What was read of it.  Lives as long as the flow; the operator shares the columns. */
typedef struct weir_operator_input {
    const char *name;    /* for messages */
    weir_schema *schema; /* all columns there are, NULL when that is not known (`check`) */
    bool typed;          /* the types are those that a run will see */
    bool loaded;         /* false: only looked at, columns is NULL */
    uint32_t n_rows;
    weir_column **columns; /* a field of schema each: PLAIN, or NULL for one that is not wanted */
} weir_operator_input;

/* What bind may use.  Errors of binding (unknown column, wrong type) go to diags with the option's
 * place; at plan time as well as in `weir check`. */
typedef struct weir_bind {
    weir_arena *arena; /* lives as long as the plan */
    weir_diags *diags;
    const weir_node *node; /* the step's node, for places */
    const char *stage;     /* name for failures: "set", "validate" */
    weir_ledger *ledger;
    weir_unseen *unseen;              /* NULL = the schema has all there is */
    const weir_operator_input *input; /* of kind->source_offset; NULL = none is asked for */
} weir_bind;

/* A row of a batch in source order: its record and, where unnest made it, the items. */
#define WEIR_PLACE_LEVELS 8
typedef struct weir_place {
    uint32_t record, levels;
    uint32_t items[WEIR_PLACE_LEVELS];
} weir_place;
weir_place weir_place_of(const weir_batch *b, uint32_t row);
/* < 0, 0, > 0 for rows that were read in one batch. */
int weir_place_compare(const weir_place *a, const weir_place *b);

/* Where an operator that makes several batches of one hands them on. */
typedef struct weir_pieces {
    /* Takes over the piece, of op->out.  ctx->scratch is empty afterwards. */
    weir_status (*give)(void *context, weir_batch *piece, weir_error *err);
    void *context;
    uint64_t created;  /* rows more than there were */
    uint64_t filtered; /* rows that came to nothing */
} weir_pieces;

typedef struct weir_operator {
    const struct weir_operator_kind *kind;
    void *state;           /* bound, shared, read-only while running */
    weir_schema *in, *out; /* retained; the same object when the operator keeps the schema */
    /* column use, for projection: bit per input field that is read; NULL = all */
    uint64_t *reads;
} weir_operator;

typedef struct weir_operator_kind {
    const char *name, *summary;
    const char *example;        /* an entry of transform:, as in a file; NULL = none */
    const weir_option *options; /* ONE row named like the kind: `- filter: <value>` */
    size_t config_size;
    uint32_t flags;
    size_t source_offset; /* of a weir_operator_source in the config, behind what else is in it; 0 =
                             the operator reads no other source */
    /* Makes op->state and op->out from config (already parsed by `options`).  WEIR_USAGE when
     * errors went to bind->diags; op->out, when it is set then, is the best guess for looking at
     * the operators behind (NULL: op->in), and names it cannot say are added to bind->unseen. */
    weir_status (*bind)(const void *config, const weir_bind *bind, weir_operator *op,
                        weir_error *err);
    void (*free)(weir_operator *op); /* state only; may be NULL */
    /* Per-worker state; both may be NULL. */
    weir_status (*local_new)(const weir_operator *op, weir_ctx *ctx, void **local, weir_error *err);
    void (*local_free)(const weir_operator *op, void *local);
    /* Changes the batch in place.  An error ends the run; a record's fault goes to the batch's
     * failures.  Never drops an errored row. */
    weir_status (*process)(const weir_operator *op, void *local, weir_ctx *ctx, weir_batch *batch,
                           weir_error *err);
    /* Instead of process: gives what the batch comes to (borrowed, at most WEIR_BATCH_MAX_ROWS rows
     * a piece) in order, and counts what it created and filtered.  Pieces of no rows are not
     * given.  A row with failures is handed on as one row. */
    weir_status (*expand)(const weir_operator *op, void *local, weir_ctx *ctx,
                          const weir_batch *batch, weir_pieces *out, weir_error *err);
    /* Whether the bound operator must get the batches in source order, one at a time, whatever
     * worker they are on: its state may then be shared by all.  NULL = no. */
    bool (*ordered)(const weir_operator *op);
    /* Whether nothing that comes later can pass (ordered operators; NULL = never); *last is then
     * the place, in the batch that was processed last, of the last row that did. */
    bool (*enough)(const weir_operator *op, weir_place *last);
    /* Endless flows; NULL where the operator keeps nothing. */
    weir_status (*watermark)(const weir_operator *op, void *local, int64_t watermark_us,
                             weir_error *err);
    weir_status (*snapshot)(const weir_operator *op, void *local, weir_buf *out, weir_error *err);
    weir_status (*restore)(const weir_operator *op, void *local, weir_slice snapshot,
                           weir_error *err);
    /* Called once per worker after its last batch; may emit nothing more in this version. */
    weir_status (*finish)(const weir_operator *op, void *local, weir_ctx *ctx, weir_error *err);
} weir_operator_kind;

/* ---- faults of binding ----------------------------------------------------------------------- */

/* Adds err (of a wrong expression, type, pattern or format) to bind->diags.  text stood at line and
 * column of the file; err->column, when set, is a 1-based byte offset in it.  key is named in the
 * message; text may be NULL. */
void weir_bind_fault(const weir_bind *bind, uint32_t line, uint32_t column, bool quoted,
                     const char *text, const char *key, const weir_error *err);
/* The same for an expression; one that came from a reference is not shown. */
void weir_bind_expr_fault(const weir_bind *bind, const weir_opt_expr *e, const char *key,
                          const weir_error *err);
/* The same for a type, format or timezone of a column. */
void weir_bind_column_fault(const weir_bind *bind, const weir_opt_column *c, const char *text,
                            const weir_error *err);
/* Adds "there is no column 'x'; did you mean ...". */
void weir_bind_unknown_column(const weir_bind *bind, const weir_node *at, const char *key,
                              const weir_schema *schema, const char *name);
/* WEIR_USAGE with a sentence that points at bind->diags, for the status of a bind that failed. */
weir_status weir_bind_failed(const weir_bind *bind, weir_error *err);
/* Whether a column that the schema lacks may be there nevertheless (bind->unseen).  fold: letters
 * of either case are the same, as in expressions. */
bool weir_bind_may_have(const weir_bind *bind, const char *name, bool fold);
/* Adds a name to bind->unseen (copied into bind->arena; nothing is done when that is NULL). */
WEIR_MUST_USE weir_status weir_bind_unsee(const weir_bind *bind, const char *name, weir_error *err);
/* From here on only what an operator names is there: forgets bind->unseen. */
void weir_bind_forget(const weir_bind *bind);
/* The place of entry i of a list, or of the key called `name` of a map; node itself when there is
 * none. node may be NULL. */
const weir_node *weir_bind_item(const weir_node *node, size_t i);
const weir_node *weir_bind_key(const weir_node *node, const char *name);

#endif
