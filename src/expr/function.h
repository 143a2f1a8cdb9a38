/* The function table's private side: what binds and runs a function. */
#ifndef WEIR_EXPR_FUNCTION_H
#define WEIR_EXPR_FUNCTION_H

#include "expr/bind.h"

/* A call while it is bound: the chosen overload may look at constant arguments, keep a state, and
 * decide the result type. */
typedef struct weir_prepare {
    weir_binder *binder;
    const weir_expr *at;
    weir_bound **args; /* converted already */
    uint32_t n_args;
    const weir_type *type; /* in: from the signature (NULL for '!'); out: may be set */
    const void *state;
    weir_kernel kernel;    /* may be replaced */
    uint32_t kernel_flags; /* may be changed */
    weir_bound *node;      /* set: used in place of a call of the kernel */
} weir_prepare;

/* Signatures: one letter an argument, after it '?' = may be missing (and all behind it), '*' = zero
 * or more of these. s string   b binary  S string or binary  B bool  i int64  f float64  n any
 * number as it is e decimal  d date    t time   T timestamp   Z timestamptz   v interval   u uuid
 * j json D date or timestamp or timestamptz as it is x anything as it is  X anything, all X of one
 * type  l list  L anything nested Result: a letter of a plain type, '0'..'3' the type of that
 * argument, 'X' the common type, '!' decided by prepare. */
typedef struct weir_overload {
    const char *args;
    char result;
    uint32_t kernel_flags;
    weir_kernel kernel;
    weir_status (*prepare)(weir_prepare *p, weir_error *err);
} weir_overload;

#define WEIR_MAX_OVERLOADS 6
typedef struct weir_function {
    weir_function_info info;
    weir_overload overloads[WEIR_MAX_OVERLOADS]; /* ends at args NULL; none for syntax forms */
} weir_function;

/* One array a file, ended by a NULL name. */
extern const weir_function weir_functions_text[], weir_functions_text_edit[],
    weir_functions_regex[], weir_functions_number[], weir_functions_decimal[],
    weir_functions_date[], weir_functions_date_text[], weir_functions_hash[], weir_functions_json[],
    weir_functions_jsonpath[], weir_functions_logic[], weir_functions_cast[], weir_functions_list[],
    weir_functions_check[], weir_functions_similar[], weir_functions_text_more[],
    weir_functions_math[], weir_functions_number_text[], weir_functions_calendar[],
    weir_functions_form[], weir_functions_list_more[], weir_functions_map[],
    weir_functions_json_make[], weir_functions_net[], weir_functions_digest[],
    weir_functions_regex_more[], weir_functions_sql[], weir_functions_printf[],
    weir_functions_to_char[], weir_functions_to_number[];

const weir_function *weir_function_lookup(const char *name, size_t size);
const weir_user_function *weir_function_lookup_user(const char *name, size_t size);
/* fn_number_text.c: p->args[0], a text with a decimal mark and marks between thousands (constants
 * at these arguments; UINT32_MAX: none), as a number of type. */
WEIR_MUST_USE weir_status weir_bind_marked_number(weir_prepare *p, uint32_t decimal, uint32_t group,
                                                  const weir_type *type, weir_error *err);
/* fn_to_number.c: to_char of a number; p->args[1] is the constant pattern. */
WEIR_MUST_USE weir_status weir_bind_number_pattern(weir_prepare *p, weir_error *err);
/* The known name nearest to this one, or NULL. */
const char *weir_function_nearest(const char *name, size_t size);

#endif
