/* Private to option*.c: what the binder and the help share. */
#ifndef WEIR_BASE_OPTION_VALUE_H
#define WEIR_BASE_OPTION_VALUE_H

#include "base/option.h"

/* Whether a row stands for the option `key` (name or alias). */
bool weir_option_is(const weir_option *row, const char *key);
/* The kind of a row in words: "size", "one of a, b", "list of strings". */
WEIR_MUST_USE bool weir_option_type_name(const weir_option *row, weir_buf *out);

#endif
