/* The bound (typed) form of an expression and what evaluating it needs; private to src/expr.
 *
 * Most nodes are WEIR_B_CALL: a kernel over argument columns.  The frame around a kernel
 * (eval_call.c) takes care of nulls, poison, constants and dictionaries, so that a kernel is a loop
 * over the rows it is given.  What must evaluate its operands under selection (and, or, case,
 * coalesce, try) is a node kind of its own (eval_logic.c).
 */
#ifndef WEIR_EXPR_BOUND_H
#define WEIR_EXPR_BOUND_H

#include "expr/ast.h"

typedef struct weir_bound weir_bound;
typedef struct weir_call weir_call;

/* Computes out for call->rows.  out is a PLAIN column of the result type whose validity and poison
 * already hold what follows from the arguments; view values outside the rows are empty. */
typedef weir_status (*weir_kernel)(weir_call *call, weir_column *out, weir_error *err);

typedef enum weir_bound_kind {
    WEIR_B_CONST,
    WEIR_B_COLUMN,
    WEIR_B_CAST, /* weir_cast of args[0] */
    WEIR_B_CALL, /* kernel over args */
    WEIR_B_USER, /* a user's function */
    WEIR_B_AND,
    WEIR_B_OR,
    WEIR_B_NOT,
    WEIR_B_IS,   /* op: weir_expr_is; negated */
    WEIR_B_CASE, /* when, then, ..., else (always there) */
    WEIR_B_COALESCE,
    WEIR_B_TRY,
    WEIR_B_LET, /* slot := args[0] in args[1] */
    WEIR_B_REF  /* value of slot */
} weir_bound_kind;

/* What the frame must know of a kernel. */
typedef enum weir_kernel_flags {
    WEIR_K_NULLS = 1,    /* gets all rows, sees nulls (not poison) itself */
    WEIR_K_DENSE = 2,    /* gets null rows too, and must not mind what stands there */
    WEIR_K_CAN_FAIL = 4, /* may call weir_call_fail */
    WEIR_K_VOLATILE = 8  /* never folded, never run over a dictionary */
} weir_kernel_flags;

struct weir_bound {
    weir_bound_kind kind;
    const weir_type *type;
    const weir_expr *at; /* for messages */
    bool can_fail, is_volatile, negated;
    bool loose; /* CONST: a literal that takes the type wanted (text, integer) */
    uint8_t op;
    uint32_t n;
    weir_bound **args;
    uint32_t index;        /* COLUMN: field; CONST: number among the constants; LET, REF: slot */
    weir_column *constant; /* CONST: one row, owned by the program */
    weir_kernel kernel;
    uint32_t kernel_flags;
    const void *state; /* of the kernel, made at bind time */
    const weir_user_function *user;
};

/* Something the program frees. */
typedef struct weir_owned {
    void *object;
    void (*release)(void *object);
    struct weir_owned *next;
} weir_owned;

struct weir_program {
    weir_bound *root;
    weir_schema *schema; /* retained */
    const char *text;
    uint64_t *reads;
    uint32_t n_slots, n_constants;
    weir_owned *owned;
};

struct weir_expr_local {
    uint32_t n_constants;
    weir_column **constants; /* each constant at the batch length used last */
};

/* ---- evaluation ---------------------------------------------------------------------------- */

typedef struct weir_eval {
    weir_expr_local *local; /* NULL while folding */
    weir_ctx *ctx;
    weir_arena *scratch;
    const weir_batch *batch;
    const weir_blame *blame; /* never NULL; failures may be */
    weir_column **slots;     /* borrowed */
} weir_eval;

/* What a kernel gets. */
struct weir_call {
    weir_eval *eval;
    const weir_bound *node;
    const void *state;
    const weir_blame *blame;
    weir_ledger *ledger;
    weir_rows rows;     /* what to compute */
    weir_rows all_rows; /* also those with null arguments */
    uint32_t n_args;
    const weir_column *const *args;
};

WEIR_MUST_USE weir_status weir_eval_node(weir_eval *e, const weir_bound *b, weir_rows rows,
                                         weir_column **out, weir_error *err);
/* eval_call.c: applies the kernel of b to columns; args are borrowed. */
WEIR_MUST_USE weir_status weir_eval_kernel(weir_eval *e, const weir_bound *b,
                                           const weir_column *const *args, weir_rows rows,
                                           weir_column **out, weir_error *err);
/* eval_logic.c */
WEIR_MUST_USE weir_status weir_eval_logic(weir_eval *e, const weir_bound *b, weir_rows rows,
                                          weir_column **out, weir_error *err);
/* Evaluates a subtree without columns to one row (*out, one reference).  When it would fail every
 * record *out stays NULL and reason (may be NULL) gets why. */
WEIR_MUST_USE weir_status weir_eval_fold(const weir_bound *b, uint32_t n_slots, weir_column **out,
                                         char *reason, size_t reason_bytes, weir_error *err);

/* The rows of `rows` (a subset in scratch) whose bit in (bits ^ flip) is set. bits NULL: all set.
 */
WEIR_MUST_USE weir_status weir_rows_where(weir_eval *e, weir_rows rows, const uint64_t *bits,
                                          bool flip, weir_rows *out, weir_error *err);

/* ---- for kernels --------------------------------------------------------------------------- */

/* This record fails: null and poisoned with an entry "MESSAGE in TEXT", or a quiet null. */
weir_status weir_call_fail(weir_call *call, weir_column *out, uint32_t row, weir_error *err,
                           const char *fmt, ...) WEIR_PRINTF(5, 6);
/* The result is null here. */
WEIR_MUST_USE weir_status weir_call_null(weir_call *call, weir_column *out, uint32_t row,
                                         weir_error *err);

/* Reads a view argument of any encoding. */
typedef struct weir_text_arg {
    const weir_column *base;
    const weir_view *views;
    const int32_t *indices; /* DICTIONARY */
    uint32_t mask;          /* 0 for CONSTANT */
} weir_text_arg;
static inline weir_text_arg weir_text_arg_of(const weir_column *c) {
    const weir_column *base = weir_column_base(c);
    weir_text_arg a = {base, (const weir_view *)base->values,
                       c->encoding == WEIR_DICTIONARY ? c->indices : NULL,
                       c->encoding == WEIR_CONSTANT ? 0 : UINT32_MAX};
    return a;
}
static inline const weir_view *weir_text_view(const weir_text_arg *a, uint32_t row) {
    return a->views + (a->indices ? (uint32_t)a->indices[row] : row & a->mask);
}
static inline weir_slice weir_text_at(const weir_text_arg *a, uint32_t row) {
    return weir_view_slice(a->base, weir_text_view(a, row));
}

/* Reads a fixed-width argument; the frame has expanded dictionaries. */
#define WEIR_ARG(T, name, i)                                                                       \
    const T *name##_v = (const T *)call->args[i]->values;                                          \
    const uint32_t name##_m = call->args[i]->encoding == WEIR_CONSTANT ? 0 : UINT32_MAX
#define WEIR_AT(name, row) (name##_v[(row)&name##_m])

/* for (row of call->rows) */
#define WEIR_EACH_ROW(row)                                                                         \
    for (uint32_t k_ = 0, row; k_ < call->rows.n && (row = weir_rows_at(&call->rows, k_), true);   \
         k_++)

/* Writes text results; blocks are added to out as they fill. */
typedef struct weir_text_out {
    weir_column *out;
    weir_ledger *ledger;
    weir_block *block; /* owned by out */
    uint32_t block_index;
    size_t room_used;
} weir_text_out;
/* A record's text result is at most this long. */
#define WEIR_TEXT_RESULT_MAX ((size_t)64 << 20)
static inline weir_text_out weir_text_out_of(weir_call *call, weir_column *out) {
    weir_text_out t = {out, call->ledger, NULL, 0, 0};
    return t;
}
/* Room for at most max_bytes bytes (at least 16), to be followed by weir_text_commit. */
WEIR_MUST_USE weir_status weir_text_room(weir_text_out *t, size_t max_bytes, char **room,
                                         weir_error *err);
/* The first n bytes of the room are the value of row. */
static inline void weir_text_commit(weir_text_out *t, uint32_t row, size_t n) {
    weir_view *v = (weir_view *)t->out->values + row;
    const uint8_t *at = t->block->data + t->block->size;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (n <= 12) { /* the room has 16 bytes at least: take 12 and mask, without a branch on n */
        uint32_t head;
        uint64_t rest;
        memcpy(&head, at, 4);
        memcpy(&rest, at + 4, 8);
        uint64_t keep_head = n >= 4 ? UINT32_MAX : (1ull << (8 * n)) - 1;
        uint64_t keep_rest = n >= 12 ? UINT64_MAX : n <= 4 ? 0 : (1ull << (8 * (n - 4))) - 1;
        v->words[0] = n | (head & keep_head) << 32;
        v->words[1] = rest & keep_rest;
        return;
    }
#endif
    *v = weir_view_make(at, (uint32_t)n, t->block_index, (uint32_t)t->block->size);
    if (n > 12) t->block->size += n;
}
/* Copies p as the value of row. */
WEIR_MUST_USE weir_status weir_text_put(weir_text_out *t, uint32_t row, const char *p, size_t n,
                                        weir_error *err);

/* Makes out share the blocks of argument i, for results that are pieces of it. */
WEIR_MUST_USE weir_status weir_text_share(weir_call *call, weir_column *out, uint32_t i,
                                          uint32_t *first_block, weir_error *err);
/* A view of the piece `part` of view v of the shared argument. */
static inline weir_view weir_text_piece(const weir_view *v, weir_slice whole, weir_slice part,
                                        uint32_t first_block) {
    uint32_t offset = v->in.size <= 12 ? 0 : v->ref.offset + (uint32_t)(part.data - whole.data);
    uint32_t block = v->in.size <= 12 ? 0 : v->ref.block + first_block;
    return weir_view_make((const uint8_t *)part.data, (uint32_t)part.size, block, offset);
}

/* ---- putting columns together (merge.c) ---------------------------------------------------- */

/* A column filled from several others, each giving some rows. */
typedef struct weir_merge {
    weir_column *out; /* NULL for nested types until the end */
    const weir_type *type;
    uint32_t length;
    weir_ledger *ledger;
    weir_arena *scratch;
    /* nested: which source and row */
    const weir_column **source_of;
    weir_column **held;
    uint32_t n_held;
} weir_merge;
WEIR_MUST_USE weir_status weir_merge_begin(weir_eval *e, const weir_type *type, uint32_t length,
                                           weir_merge *m, weir_error *err);
/* Copies rows of c (same type), with their nulls and poison. */
WEIR_MUST_USE weir_status weir_merge_add(weir_merge *m, const weir_column *c, weir_rows rows,
                                         weir_error *err);
/* Makes rows null; poisoned where poison has the bit (NULL: none). */
WEIR_MUST_USE weir_status weir_merge_null(weir_merge *m, weir_rows rows, const uint64_t *poison,
                                          weir_error *err);
WEIR_MUST_USE weir_status weir_merge_end(weir_merge *m, weir_column **out, weir_error *err);
void weir_merge_clear(weir_merge *m); /* after a failure; safe after end */

/* Bit of a BOOL column of any encoding: value true and not null. */
static inline bool weir_bool_at(const weir_column *c, uint32_t row) {
    const weir_column *base = weir_column_base(c);
    return weir_bit_get((const uint64_t *)base->values, weir_column_slot(c, row));
}

#endif
