/* Parquet files: options, and the format object. */
#include "format/parquet.h"

static const weir_option read_options[] = {{0}};

static weir_status infer(const weir_read_request *request, const weir_chunk *chunk,
                         struct weir_inference *into, weir_error *err) {
    (void)request;
    (void)chunk;
    (void)into;
    return weir_error_set(err, WEIR_INTERNAL, "a Parquet file states its types");
}

static const weir_read_ops read_ops = {
    .cutter_new = weir_parquet_cutter_new,
    .cutter_layout = weir_parquet_cutter_layout,
    .cutter_next = weir_parquet_cutter_next,
    .cutter_free = weir_parquet_cutter_free,
    .infer = infer,
    .decoder_new = weir_parquet_decoder_new,
    .decoder_begin = weir_parquet_decoder_begin,
    .decoder_next = weir_parquet_decoder_next,
    .decoder_free = weir_parquet_decoder_free,
};

static const char *const extensions[] = {".parquet", ".parq", ".pq", NULL};

typedef struct read_config {
    char unused;
} read_config;

const weir_format weir_format_parquet = {
    .name = "parquet",
    .summary = "columns in row groups, packed (Apache Parquet)",
    .extensions = extensions,
    .read_options = read_options,
    .read_config_size = sizeof(read_config),
    .read = &read_ops,
    .whole = true,
    .columnar = true,
    .text = WEIR_TEXT_NONE,
};
