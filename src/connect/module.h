/* The `module` connector: sources and sinks of modules (weir/module.h) behind the engine's
 * interface.
 *
 * module.c loads files and checks their tables, module_source.c and module_sink.c translate between
 * weir_source_ops, weir_sink_ops and the module's slots, rows as Arrow C data.
 */
#ifndef WEIR_CONNECT_MODULE_H
#define WEIR_CONNECT_MODULE_H

#include "connect/connector.h"
#include "weir/module.h"

/* The connection: which file, which settings. */
typedef struct weir_module_config {
    const char *path;
    weir_opt_strmap options;
} weir_module_config;
/* One end: which connector of the file; NULL = the only one. */
typedef struct weir_module_end {
    const char *connector;
} weir_module_end;

extern const weir_connector weir_connector_module;
extern const weir_source_ops weir_module_source_ops;
extern const weir_sink_ops weir_module_sink_ops;

/* Loads config's file, or finds it loaded; its tables are checked.  Thread-safe.  WEIR_USAGE: there
 * is no such file, it is no module, or one of another ABI. */
WEIR_MUST_USE weir_status weir_module_load_file(const weir_module_config *config,
                                                const weir_env *env, const weir_module **out,
                                                weir_error *err);
/* The source or sink called name; NULL name: the only one.  WEIR_USAGE names what there is. */
WEIR_MUST_USE weir_status weir_module_find_source(const weir_module *m, const char *name,
                                                  const weir_module_source **out, weir_error *err);
WEIR_MUST_USE weir_status weir_module_find_sink(const weir_module *m, const char *name,
                                                const weir_module_sink **out, weir_error *err);

/* A run as modules see it.  Its texts are env's and config's; cleared, not freed, by the caller. */
typedef struct weir_module_context {
    weir_module_run run;
    const weir_env *env;
    weir_module_setting *settings;
} weir_module_context;
/* Fills c: the settings given and the defaults of the others, checked against the options. */
WEIR_MUST_USE weir_status weir_module_context_init(weir_module_context *c,
                                                   const weir_module_config *config,
                                                   const weir_module_option *options, uint32_t n,
                                                   const weir_env *env, weir_error *err);
void weir_module_context_clear(weir_module_context *c);

/* What a module's call said, made trustworthy: texts terminated and printable, a status of ours, a
 * message and a place where it left none.  from: the module's error.  Returns the status. */
weir_status weir_module_fault(const weir_module_config *config, const char *connector,
                              const char *slot, weir_status status, weir_error *from,
                              weir_error *err);

#endif
