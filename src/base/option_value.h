/* Private to option*.c: what the binder and the help share. */
#ifndef WEIR_BASE_OPTION_VALUE_H
#define WEIR_BASE_OPTION_VALUE_H

#include "base/option.h"

/* One binding in progress. */
typedef struct weir_binder {
    weir_arena *arena;
    weir_diags *diags;
    bool nomem;
} weir_binder;

/* All return false when the value is not taken over: an error was added, or memory is short and
 * b->nomem set. */

/* One scalar of any of the plain types into slot. */
bool weir_option_bind_scalar(weir_binder *b, const weir_option *row, const weir_node *node,
                             void *slot);
bool weir_option_bind_expr(weir_binder *b, const weir_option *row, const weir_node *node,
                           weir_opt_expr *out);
/* Adds an error unless node is a scalar. */
bool weir_option_want_scalar(weir_binder *b, const weir_option *row, const weir_node *node);
/* Adds "wants WANT, found ...", or "has no value"; hint may be NULL. */
bool weir_option_wrong_kind(weir_binder *b, const weir_option *row, const weir_node *node,
                            const char *want, const char *hint);
/* The text of a scalar in the binder's arena. */
bool weir_option_copy_text(weir_binder *b, const weir_option *row, const weir_node *node,
                           const char **out);
bool weir_option_no_memory(weir_binder *b);

/* Whether a row stands for the option `key` (name or alias). */
bool weir_option_is(const weir_option *row, const char *key);
/* The kind of a row in words: "size", "one of a, b", "list of strings". */
WEIR_MUST_USE bool weir_option_type_name(const weir_option *row, weir_buf *out);

#endif
