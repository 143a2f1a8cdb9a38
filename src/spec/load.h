/* What the parts of the loader share.  Private to src/spec. */
#ifndef WEIR_SPEC_LOAD_H
#define WEIR_SPEC_LOAD_H

#include "spec/tables.h"

/* One file being loaded. */
typedef struct loader {
    const weir_spec_registry *registry;
    const weir_spec_options *options; /* never NULL */
    weir_arena *arena;
    weir_diags *diags;
    weir_pipeline *p;
    root_form root;
    bool nomem;
    bool steps_readable; /* what steps may name (parameters, connections) has no fault */
} loader;

/* All functions that return bool give false when memory is short (l->nomem is set); faults of the
 * file go to l->diags and are no reason to stop. */

/* Zeroed memory of the pipeline; NULL sets l->nomem. */
void *weir_spec_new(loader *l, size_t count, size_t size_bytes);
/* A copy of text; NULL sets l->nomem. */
const char *weir_spec_text(loader *l, const char *text, size_t size);
/* The node of a key itself, for its place; the map when it is not there. */
const weir_node *weir_spec_key(const weir_node *map, const char *key);
/* Binds tables to a map; an error goes to diags. */
bool weir_spec_bind(loader *l, const weir_option_part *parts, size_t n, const weir_node *map);
/* The same for one table, without complaint about keys that it does not know. */
bool weir_spec_bind_known(loader *l, const weir_option *table, const weir_node *map, void *config);
/* "key: is not available in this version", unless the feature is on.  true = it is on. */
bool weir_spec_available(loader *l, uint32_t feature, const weir_node *map, const char *key,
                         const char *hint);
/* Whether a name is letters, digits, "_" and "-" (and "." when dots), beginning with a letter,
 * digit or "_"; else an error at `at`. */
bool weir_spec_name_ok(loader *l, const weir_node *at, const char *key, weir_slice name, bool dots);
/* Text of a scalar child of a map, or NULL. */
const char *weir_spec_scalar(const weir_node *map, const char *key);
/* A word of the file for a message, in the arena: in quotes, or as the file has it when references
 * were resolved in it.  at: its node, the list of words it is the i-th of, or NULL. */
const char *weir_spec_show(loader *l, const weir_node *at, size_t i, const char *word);
/* "a, b, c" of the names that get(context, i) gives until NULL, in the arena; "" when memory is
 * short. */
const char *weir_spec_join(loader *l, const char *(*get)(const void *context, size_t i),
                           const void *context);
/* "did you mean X?", or "known: a, b, c", in the arena. */
const char *weir_spec_suggest(loader *l, const char *word, const char *known,
                              const char *(*get)(const void *context, size_t i),
                              const void *context);

/* texts.c: how types of columns and, where asked, expressions are written in what was bound; errors
 * go to diags. */
bool weir_spec_check_texts(loader *l, const weir_option *table, const void *config,
                           bool expressions);

/* resolve.c */
/* The connector called name for a role; errors at the value of map's key. */
const weir_connector *weir_spec_connector(loader *l, const weir_node *map, const char *key,
                                          const char *name);
const weir_format *weir_spec_format(const weir_spec_registry *r, const char *name);
/* By the end of a path, compression suffix ignored; NULL = unknown. */
const weir_format *weir_spec_format_of_path(const weir_spec_registry *r, const char *path);
/* "write format:, one of: csv, ..." with other words in front, in the arena. */
const char *weir_spec_formats(loader *l, const char *words);
/* The format that all files a name or a pattern stands for now have, by their names, else by their
 * content; relative patterns count from folder.  member: of a zip archive; NULL = its only file.
 * NULL when none matches or they differ. */
const weir_format *weir_spec_format_of_files(const weir_spec_registry *r, const char *folder,
                                             const char *pattern, const char *member);
/* By the end of a path, such as ".sqlite"; NULL = none. */
const weir_connector *weir_spec_connector_of_path(const weir_spec_registry *r, const char *path);

/* connections.c */
bool weir_spec_connections(loader *l);
bool weir_spec_bind_params(loader *l);
/* A copy of map with {param} replaced in the texts of `path` and `table`; map itself when there is
 * nothing to do; NULL sets l->nomem. */
const weir_node *weir_spec_fill_params(loader *l, const weir_node *map);

/* flow.c, ends.c */
bool weir_spec_flow(loader *l, weir_step *step, const step_form *form, const weir_node *map);
bool weir_spec_source(loader *l, weir_source_spec *s, const weir_node *map);
/* inputs.c: `inputs:` of a step, and which of them, or which source in place, an operator reads. */
bool weir_spec_inputs(loader *l, weir_flow_spec *flow, const weir_node *map);
bool weir_spec_operator_input(loader *l, weir_flow_spec *flow, weir_operator_spec *op);
/* Warns of inputs that no operator reads. */
void weir_spec_unused_inputs(loader *l, const weir_flow_spec *flow, const weir_node *map);
bool weir_spec_sink(loader *l, weir_sink_spec *s, const weir_node *map);
/* route.c: fills flow->routes, route and sink (the first); after rejects:. */
bool weir_spec_route(loader *l, weir_flow_spec *flow, const weir_node *node);
bool weir_spec_rejects(loader *l, weir_rejects_spec *r, const weir_node *map);

/* steps.c */
bool weir_spec_steps(loader *l, const step_form *top);
bool weir_spec_order(loader *l);

/* inline_test.c */
bool weir_spec_tests(loader *l);

/* load.c: a whole file from its tree; used by copy.c as well. */
weir_status weir_spec_build(const weir_node *root, const char *file, const char *folder,
                            const char *default_name, const weir_spec_registry *registry,
                            const weir_spec_options *options, weir_arena *arena, weir_diags *diags,
                            weir_pipeline **out, weir_error *err);

#endif
