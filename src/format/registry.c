/* The one list of formats; `weir help`, the documents and the conformance tests are made from it. */
#include "format/csv.h"
#include "format/json.h"

const weir_format *const weir_formats[] = {&weir_format_csv, &weir_format_tsv, &weir_format_ndjson,
                                           &weir_format_json, NULL};
