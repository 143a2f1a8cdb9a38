/* Reading a source on one thread, batch by batch: for previews, reject sets, tests. */
#ifndef WEIR_ENGINE_SCAN_H
#define WEIR_ENGINE_SCAN_H

#include "connect/connector.h"

/* Takes the batch over; *stop ends the scan. ctx->scratch is reset behind each call. */
typedef weir_status (*weir_scan_each)(void *context, weir_ctx *ctx, weir_batch *batch, bool *stop,
                                      weir_error *err);

/* Reads all splits of an open source in order; schema: the wanted fields.  The caller's thread does
 * everything. */
WEIR_MUST_USE weir_status weir_scan(const weir_source_ops *ops, void *source,
                                    const weir_splits *splits, weir_schema *schema,
                                    const weir_env *env, weir_scan_each each, void *context,
                                    weir_error *err);

#endif
