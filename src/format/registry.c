/* The one list of formats; `weir help`, the documents and the conformance tests are made from it.
 */
#include <strings.h>

#include "format/csv.h"
#include "format/fixed.h"
#include "format/json.h"
#include "format/parquet.h"
#include "format/text.h"
#include "format/xlsx.h"
#include "format/xml.h"

const weir_format *const weir_formats[] = {&weir_format_csv,     &weir_format_tsv,
                                           &weir_format_ndjson,  &weir_format_json,
                                           &weir_format_xml,     &weir_format_xlsx,
                                           &weir_format_fixed,   &weir_format_text,
                                           &weir_format_parquet, NULL};

const weir_format *weir_format_find(const char *name) {
    for (const weir_format *const *f = weir_formats; *f; f++)
        if (strcmp((*f)->name, name) == 0) return *f;
    return NULL;
}

const weir_format *weir_format_of_path(const char *path) {
    size_t size = strlen(path);
    weir_codec_of_name(path, &size);
    for (const weir_format *const *f = weir_formats; *f; f++) {
        for (const char *const *e = (*f)->extensions; e && *e; e++) {
            size_t n = strlen(*e);
            if (n < size && strncasecmp(path + size - n, *e, n) == 0) return *f;
        }
    }
    return NULL;
}
