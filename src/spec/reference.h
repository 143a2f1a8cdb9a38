/* References in string values, resolved after the file was parsed:
 *
 *     ${VAR}            the variable; not set is an error
 *     ${VAR:-default}   the default when it is not set or empty; it may hold references itself
 *     ${VAR:?message}   an error with that message when it is not set or empty
 *     ${file:PATH}      the content of a file (a mounted secret), without the line end at its end
 *     $${               the two characters ${
 *
 * A `$` before anything else is a plain character, and `{name}` belongs to weir's own placeholders.
 */
#ifndef WEIR_SPEC_REFERENCE_H
#define WEIR_SPEC_REFERENCE_H

#include "base/option.h"

#define WEIR_REFERENCE_MAX_FILE_BYTES 65536
#define WEIR_REFERENCE_MAX_BYTES ((size_t)1 << 20) /* of one value when all is resolved */
#define WEIR_REFERENCE_MAX_DEPTH 8

/* Where references are looked up; borrowed. */
typedef struct weir_references {
    const char *folder; /* relative ${file:} paths count from here; NULL = working directory */
    /* Value of a variable or NULL; a NULL function reads the environment. */
    const char *(*variable)(void *context, const char *name);
    void *context;
    const char *leave; /* weir_yaml_parse: what stands below this key of the top is left as
                          written; "*" = everything */
} weir_references;

/* Resolves the references in a scalar in place: text, text_size, `written` and `secret` change.
 * Errors go to diags at the node's place with key; the text then stays as written.  false = memory
 * is short. */
WEIR_MUST_USE bool weir_reference_resolve(const weir_references *r, weir_node *scalar,
                                          const char *key, weir_arena *arena, weir_diags *diags);

#endif
