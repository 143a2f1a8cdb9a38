/* The binder's insides, shared by bind*.c and the function files. */
#ifndef WEIR_EXPR_BIND_H
#define WEIR_EXPR_BIND_H

#include "expr/bound.h"

typedef struct weir_binder {
    weir_program *program;
    weir_schema *schema;
    weir_arena *arena;
} weir_binder;

/* bind.c */
WEIR_MUST_USE weir_status weir_bind_expr(weir_binder *b, const weir_expr *e, weir_bound **out,
                                         weir_error *err);
WEIR_MUST_USE weir_status weir_bind_node(weir_binder *b, weir_bound_kind kind, const weir_expr *at,
                                         const weir_type *type, weir_bound **args, uint32_t n,
                                         weir_bound **out, weir_error *err);
/* A call of a kernel; folded when all arguments are constant. args: borrowed array in the arena. */
WEIR_MUST_USE weir_status weir_bind_kernel(weir_binder *b, const weir_expr *at,
                                           const weir_type *type, weir_kernel kernel,
                                           uint32_t kernel_flags, const void *state,
                                           weir_bound **args, uint32_t n, weir_bound **out,
                                           weir_error *err);
/* Replaces *node by its value when it is constant and does not fail. */
WEIR_MUST_USE weir_status weir_bind_fold(weir_binder *b, weir_bound **node, weir_error *err);
/* A constant; takes over value's reference, also on failure. */
WEIR_MUST_USE weir_status weir_bind_constant(weir_binder *b, const weir_expr *at,
                                             weir_column *value, weir_bound **out, weir_error *err);
/* A null of a type. */
WEIR_MUST_USE weir_status weir_bind_null(weir_binder *b, const weir_expr *at, const weir_type *type,
                                         weir_bound **out, weir_error *err);
/* let slot = value; *ref reads it.  A column or constant is returned itself, without a let. */
WEIR_MUST_USE weir_status weir_bind_let(weir_binder *b, weir_bound *value, weir_bound **let,
                                        weir_bound **ref, weir_error *err);
/* Closes a let made by weir_bind_let (NULL: body itself). */
weir_bound *weir_bind_close(weir_bound *let, weir_bound *body);
/* The program frees object at its end; on failure object is freed at once. */
WEIR_MUST_USE weir_status weir_bind_own(weir_binder *b, void *object, void (*release)(void *),
                                        weir_error *err);
weir_bound **weir_bind_args(weir_binder *b, uint32_t n); /* NULL: no memory */

/* bind_type.c: conversions that need no written cast. */

/* Cost of turning node into type, -1 when it needs a cast; 0 = it has the type. */
int weir_bind_cost(const weir_bound *node, const weir_type *type);
/* Converts; an error when weir_bind_cost is -1, or when a literal does not fit. */
WEIR_MUST_USE weir_status weir_bind_convert(weir_binder *b, weir_bound **node,
                                            const weir_type *type, weir_error *err);
/* Casts as written. */
WEIR_MUST_USE weir_status weir_bind_cast(weir_binder *b, const weir_expr *at, weir_bound *node,
                                         const weir_type *type, weir_bound **out, weir_error *err);
/* The type that all n nodes (NULL entries skipped) can be converted to; NULL with a USAGE error
 * naming both types. */
WEIR_MUST_USE weir_status weir_bind_common(weir_binder *b, const weir_expr *at, weir_bound **nodes,
                                           uint32_t n, const weir_type **out, weir_error *err);
/* Constant's integer value. */
bool weir_bound_int(const weir_bound *node, int64_t *value);
/* Constant's text; false when it is no constant or null. */
bool weir_bound_text(const weir_bound *node, weir_slice *text);
bool weir_bound_is_null(const weir_bound *node);
/* Integer digits and scale of a number type; literals: of the value. */
void weir_bound_digits(const weir_bound *node, int *whole, int *scale);

/* bind_op.c */
WEIR_MUST_USE weir_status weir_bind_operator(weir_binder *b, const weir_expr *e, weir_bound **out,
                                             weir_error *err);
WEIR_MUST_USE weir_status weir_bind_compare(weir_binder *b, const weir_expr *at, weir_expr_op op,
                                            weir_bound *x, weir_bound *y, weir_bound **out,
                                            weir_error *err);
WEIR_MUST_USE weir_status weir_bind_in(weir_binder *b, const weir_expr *e, weir_bound **out,
                                       weir_error *err);
WEIR_MUST_USE weir_status weir_bind_not(weir_binder *b, const weir_expr *at, weir_bound *x,
                                        weir_bound **out, weir_error *err);
/* arith.c: x op y for numbers, dates, times and intervals. */
WEIR_MUST_USE weir_status weir_bind_arith(weir_binder *b, const weir_expr *at, weir_expr_op op,
                                          weir_bound *x, weir_bound *y, weir_bound **out,
                                          weir_error *err);
WEIR_MUST_USE weir_status weir_bind_negate(weir_binder *b, const weir_expr *at, weir_bound *x,
                                           weir_bound **out, weir_error *err);
/* date_arith.c; *known false: not a pair of this kind. */
WEIR_MUST_USE weir_status weir_bind_date_arith(weir_binder *b, const weir_expr *at, weir_expr_op op,
                                               weir_bound *x, weir_bound *y, bool *known,
                                               weir_bound **out, weir_error *err);
/* compare.c: the kernel for a comparison of two columns of comparable storage. */
WEIR_MUST_USE weir_status weir_compare_choose(weir_binder *b, const weir_expr *at,
                                              weir_compare_op op, weir_bound *x, weir_bound *y,
                                              weir_bound **out, weir_error *err);
/* set.c: x in (constants of x's type). */
WEIR_MUST_USE weir_status weir_set_bind(weir_binder *b, const weir_expr *at, weir_bound *x,
                                        weir_bound **items, uint32_t n, weir_bound **out,
                                        weir_error *err);
/* like.c */
WEIR_MUST_USE weir_status weir_like_bind(weir_binder *b, const weir_expr *e, weir_bound *x,
                                         weir_bound *pattern, weir_bound *escape, weir_bound **out,
                                         weir_error *err);
/* bind_call.c */
WEIR_MUST_USE weir_status weir_bind_call(weir_binder *b, const weir_expr *e, weir_bound **out,
                                         weir_error *err);
/* Whether the function is there and takes that many arguments, of whatever type. */
WEIR_MUST_USE weir_status weir_bind_call_shape(const weir_expr *e, weir_error *err);
WEIR_MUST_USE weir_status weir_bind_named(weir_binder *b, const weir_expr *at, const char *name,
                                          weir_bound **args, uint32_t n, weir_bound **out,
                                          weir_error *err);

/* fn_list.c: field number *state of a struct. */
WEIR_MUST_USE weir_status weir_field_bind(weir_binder *b, const weir_expr *at, weir_bound **args,
                                          const weir_type *type, const uint32_t *state,
                                          weir_bound **out, weir_error *err);

#endif
