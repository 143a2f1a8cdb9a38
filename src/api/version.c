#include <sqlite3.h>

#include "api/api.h"
#include "format/xml_lib.h"
#include "io/stream.h"

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
    char xml[32] = "";
    bool has_xml = weir_xml_lib_version(xml, sizeof xml), ok;
    if (json)
        ok = weir_buf_printf(
            out, "{\"version\":\"%s\",\"commit\":\"%s\",\"sqlite\":\"%s\",\"libxml2\":%s%s%s",
            WEIR_VERSION, WEIR_GIT_HASH, sqlite3_libversion(), has_xml ? "\"" : "",
            has_xml ? xml : "null", has_xml ? "\"" : "");
    else
        ok = weir_buf_printf(out, "weir %s%s%s%s, sqlite %s, %s%s", WEIR_VERSION,
                             WEIR_GIT_HASH[0] ? " (" : "", WEIR_GIT_HASH,
                             WEIR_GIT_HASH[0] ? ")" : "", sqlite3_libversion(),
                             has_xml ? "libxml2 " : "no libxml2: xml and xlsx cannot be read", xml);
    return ok && weir_codec_versions(out, json) && weir_buf_adds(out, json ? "}\n" : "\n");
}
