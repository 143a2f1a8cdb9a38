/* JSONPath (RFC 9535): queries over the tree of a JSON document.
 *
 * A query is parsed once, is immutable afterwards and may be evaluated by any number of threads at
 * once.  The whole language: names, wildcards, indexes, slices, filters, descendants, the functions
 * length, count, match, search and value with the types that the RFC gives them.  Numbers are
 * compared by their digits, never as doubles.  Patterns of match and search are I-Regexp (RFC 9485)
 * and run with the limits of text/regex.h; a wrong one matches nothing, one that is too costly for
 * a text is a fault.
 */
#ifndef WEIR_TEXT_JSONPATH_H
#define WEIR_TEXT_JSONPATH_H

#include "text/json.h"

#define WEIR_JSONPATH_MAX_BYTES 65536u
#define WEIR_JSONPATH_MAX_SEGMENTS 256u
/* Filters, brackets and calls inside each other. */
#define WEIR_JSONPATH_MAX_DEPTH 64u
/* Nodes that one query may give, and values it may look at. */
#define WEIR_JSONPATH_MAX_NODES 1000000u
#define WEIR_JSONPATH_MAX_WORK 100000000u

typedef struct weir_jsonpath weir_jsonpath;

/* Parses a query of n bytes.  WEIR_USAGE with err->column = the 1-based byte at which it is wrong;
 * WEIR_RESOURCE. */
WEIR_MUST_USE weir_status weir_jsonpath_new(const char *text, size_t n, weir_jsonpath **out,
                                            weir_error *err);
void weir_jsonpath_free(weir_jsonpath *path); /* NULL is legal */

/* The nodes of the document that the query selects, in the order of the RFC; a node may occur more
 * than once.  *nodes lives in arena.  WEIR_DATA when there are more than the limits above allow. */
WEIR_MUST_USE weir_status weir_jsonpath_find(const weir_jsonpath *path, const weir_json *root,
                                             weir_arena *arena, const weir_json ***nodes, size_t *n,
                                             weir_error *err);

/* ---- paths that can be followed while reading ---------------------------------------------- */

typedef enum weir_jsonpath_step_kind {
    WEIR_JSONPATH_NAME,  /* the member `name` */
    WEIR_JSONPATH_EVERY, /* every member or item */
    WEIR_JSONPATH_ITEMS  /* the items start, start + step, ... below end */
} weir_jsonpath_step_kind;

typedef struct weir_jsonpath_step {
    weir_jsonpath_step_kind kind;
    bool single;                /* a name or an index: at most one node */
    weir_slice name;            /* lives as long as the path */
    uint64_t start, end, every; /* end UINT64_MAX = to the last */
} weir_jsonpath_step;

/* Whether each segment has one selector and that is a name, a wildcard, an index or a slice that
 * counts forward from the first item: the nodes then come in document order, none twice.  Fills
 * steps (room for max) and *n; false when it is not so, or there are more than max. */
bool weir_jsonpath_steps(const weir_jsonpath *path, weir_jsonpath_step *steps, size_t max,
                         size_t *n);
/* Whether the query can select at most one node: names and indexes only. */
bool weir_jsonpath_is_singular(const weir_jsonpath *path);

/* ---- for the parts ------------------------------------------------------------------------- */

/* Order of two JSON numbers by value, exactly: below 0, 0, above 0. */
int weir_json_number_compare(weir_slice a, weir_slice b);

#endif
