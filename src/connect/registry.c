/* The list of connectors; the only place that names them all. */
#include "connect/connector.h"

extern const weir_connector weir_connector_file;
extern const weir_connector weir_connector_module;
extern const weir_connector weir_connector_sqlite;

const weir_connector *const weir_connectors[] = {
    &weir_connector_file,
    &weir_connector_sqlite,
    &weir_connector_module,
    NULL,
};

const weir_connector *weir_connector_find(const char *name) {
    for (size_t i = 0; weir_connectors[i]; i++)
        if (strcmp(weir_connectors[i]->name, name) == 0) return weir_connectors[i];
    return NULL;
}
