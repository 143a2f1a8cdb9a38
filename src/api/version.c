#include <sqlite3.h>

#include "api/api.h"

#ifndef WEIR_VERSION
#define WEIR_VERSION "0.0.0-dev"
#endif
#ifndef WEIR_GIT_HASH
#define WEIR_GIT_HASH ""
#endif

const char *weir_version(void) {
    return WEIR_VERSION;
}

bool weir_api_version(weir_buf *out, bool json) {
    if (json)
        return weir_buf_printf(out, "{\"version\":\"%s\",\"commit\":\"%s\",\"sqlite\":\"%s\"}\n",
                               WEIR_VERSION, WEIR_GIT_HASH, sqlite3_libversion());
    return weir_buf_printf(out, "weir %s%s%s%s, sqlite %s\n", WEIR_VERSION,
                           WEIR_GIT_HASH[0] ? " (" : "", WEIR_GIT_HASH, WEIR_GIT_HASH[0] ? ")" : "",
                           sqlite3_libversion());
}
