/* route: which of a flow's sinks a row goes to.
 *
 * The operator that stands at the end of a flow with `route:`. It writes weir_batch.routes; the
 * engine does the rest.  It is no operator of `transform:` and not in the registry.
 */
#ifndef WEIR_TRANSFORM_ROUTE_H
#define WEIR_TRANSFORM_ROUTE_H

#include "column/operator.h"

#define WEIR_ROUTES_MAX 32u /* bits of weir_batch.routes */

typedef enum weir_unmatched {
    WEIR_UNMATCHED_NONE,
    WEIR_UNMATCHED_DROP,
    WEIR_UNMATCHED_REJECT
} weir_unmatched;

typedef struct weir_route {
    const char *name;
    weir_opt_expr when; /* text NULL: what no other route takes */
} weir_route;

typedef struct weir_route_config {
    size_t n;
    const weir_route *routes;
    bool all;      /* each sink whose condition holds; else the first one */
    int unmatched; /* weir_unmatched; of no importance when a route has no condition */
} weir_route_config;

/* config: a weir_route_config. */
extern const weir_operator_kind weir_transform_route;

#endif
