/* YAML text -> tree of weir_node.
 *
 * What libyaml reads, with these rules on top: one document; no tags; keys are scalars and stand
 * once; merge keys (`<<`) are resolved; aliases are shared nodes, and what they stand for in all is
 * capped; `${...}` in values (never in keys) is replaced after parsing (reference.h).  A scalar is
 * text: its type comes from the option table that reads it.  An empty plain value is
 * WEIR_NODE_NULL; `null` and `~` are text.
 */
#ifndef WEIR_SPEC_YAML_H
#define WEIR_SPEC_YAML_H

#include "base/option.h"
#include "spec/reference.h"

#define WEIR_YAML_MAX_BYTES ((size_t)8 << 20)
#define WEIR_YAML_MAX_DEPTH 64
#define WEIR_YAML_MAX_NODES 200000 /* all nodes, those behind aliases counted at each use */
#define WEIR_YAML_MAX_ANCHORS 1000

/* Parses text.  references NULL: `${` is text like any other.  The tree lives in arena.  All errors
 * go to diags with their place; then WEIR_USAGE is returned, and *out is still set when the file
 * could be read to its end (so that the caller can look for more errors), else NULL.
 * WEIR_RESOURCE: memory is short. */
WEIR_MUST_USE weir_status weir_yaml_parse(weir_slice text, const weir_references *references,
                                          weir_arena *arena, weir_diags *diags, weir_node **out);

#endif
