/* weir.yaml: what the pipelines below a folder share, and targets.
 *
 *     weir: 1
 *     target: dev                      used when neither --target nor WEIR_TARGET names one
 *     connections: { warehouse: { type: sqlite, path: dev.sqlite } }
 *     defaults: { retries: 2 }
 *     limits: { memory: 256MiB }
 *     state: { path: .weir }
 *     targets:
 *       prod:
 *         connections: { warehouse: { path: /srv/shop.sqlite } }
 *         params: { country: de }
 *
 * The nearest weir.yaml counts, from the pipeline's folder upwards to the first folder that has
 * .git, else to the root.  The pipeline file wins over it, a target over both; a connection that
 * gives no type: is laid over the one of the same name, key by key.  Relative paths count from the
 * file they stand in.  Only what a pipeline uses is resolved: the connections it names, the target
 * that was chosen.  A target that says nothing of the state has the folder targets/NAME below it.
 */
#ifndef WEIR_SPEC_PROJECT_H
#define WEIR_SPEC_PROJECT_H

#include "spec/load.h"

#define WEIR_PROJECT_FILE "weir.yaml"

/* Lays what is shared, and the target, into the tree of a pipeline: *root becomes the merged tree.
 * file: the pipeline file's path; folder: its folder.  params (in: what was given, out: the
 * target's before it).  Faults go to diags, with the file they stand in; WEIR_USAGE then, or
 * WEIR_RESOURCE. */
WEIR_MUST_USE weir_status weir_spec_project(const char *file, const char *folder,
                                            const weir_spec_options *options, weir_arena *arena,
                                            weir_diags *diags, weir_spec_params *params,
                                            weir_node **root, weir_error *err);

#endif
