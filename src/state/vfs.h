/* SQLite's files and memory through the fault layer. */
#ifndef WEIR_STATE_VFS_H
#define WEIR_STATE_VFS_H

#include "weir/error.h"

/* Registers, at the first call, the VFS "weir-state": the system's, with reads, writes, syncs and
 * opens through the fault layer; while faults are switched on, SQLite's allocations go through it,
 * too.  *name is static.  To be called before anything else of SQLite.  Any thread.  WEIR_INTERNAL
 * when SQLite cannot be started. */
WEIR_MUST_USE weir_status weir_statedb_vfs(const char **name, weir_error *err);

#endif
