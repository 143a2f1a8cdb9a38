/* CSV: options, dialect, and the two format objects (csv and tsv differ in one default). */
#include "format/csv.h"

/* ---- options ------------------------------------------------------------------------------- */

static const char *const newline_choices[] = {"auto", "lf", "cr", NULL};
static const char *const stray_choices[] = {"reject", "keep", NULL};
static const char *const newline_write_choices[] = {"lf", "crlf", NULL};
static const char *const quoting_choices[] = {"needed", "all", NULL};

#define READ_OPTIONS(fallback_delimiter)                                                           \
    {                                                                                              \
        {.name = "delimiter",                                                                      \
         .type = WEIR_OPT_CHAR,                                                                    \
         .offset = offsetof(weir_csv_read_config, delimiter),                                      \
         .fallback = fallback_delimiter,                                                           \
         .help = "the byte between two fields",                                                    \
         .since = "0.1"},                                                                          \
            {.name = "quote",                                                                      \
             .type = WEIR_OPT_CHAR,                                                                \
             .offset = offsetof(weir_csv_read_config, quote),                                      \
             .fallback = "\"",                                                                     \
             .help = "the byte around fields that hold delimiters; none: no field is quoted",      \
             .since = "0.1"},                                                                      \
            {.name = "escape",                                                                     \
             .type = WEIR_OPT_CHAR,                                                                \
             .offset = offsetof(weir_csv_read_config, escape),                                     \
             .help = "the byte in front of a quote inside quotes (default: the quote, doubled)",   \
             .since = "0.1"},                                                                      \
            {.name = "header",                                                                     \
             .type = WEIR_OPT_BOOL,                                                                \
             .offset = offsetof(weir_csv_read_config, header),                                     \
             .fallback = "true",                                                                   \
             .help = "the first record names the columns; false: `columns` names them in order, "  \
                     "else column1, column2, ...",                                                 \
             .since = "0.1"},                                                                      \
            {.name = "skip",                                                                       \
             .type = WEIR_OPT_INT,                                                                 \
             .offset = offsetof(weir_csv_read_config, skip),                                       \
             .fallback = "0",                                                                      \
             .min = 0,                                                                             \
             .max = 1000000,                                                                       \
             .help = "lines in front of the header that are passed over",                          \
             .since = "0.1"},                                                                      \
            {.name = "newline",                                                                    \
             .type = WEIR_OPT_ENUM,                                                                \
             .offset = offsetof(weir_csv_read_config, newline),                                    \
             .choices = newline_choices,                                                           \
             .fallback = "auto",                                                                   \
             .help = "lf: LF or CR LF ends a line; cr: a lone CR does so, too; auto: cr when the " \
                     "first line ends with a lone CR",                                             \
             .since = "0.1"},                                                                      \
            {.name = "null",                                                                       \
             .type = WEIR_OPT_STRINGS,                                                             \
             .offset = offsetof(weir_csv_read_config, null_words),                                 \
             .set_offset = offsetof(weir_csv_read_config, null_given),                             \
             .help = "texts that mean null when they stand unquoted (default: the empty field)",   \
             .since = "0.1"},                                                                      \
            {.name = "null_quoted",                                                                \
             .type = WEIR_OPT_BOOL,                                                                \
             .offset = offsetof(weir_csv_read_config, null_quoted),                                \
             .fallback = "false",                                                                  \
             .help = "the texts of `null` mean null inside quotes, too",                           \
             .since = "0.1"},                                                                      \
            {.name = "stray_quotes",                                                               \
             .type = WEIR_OPT_ENUM,                                                                \
             .offset = offsetof(weir_csv_read_config, stray_quotes),                               \
             .choices = stray_choices,                                                             \
             .fallback = "reject",                                                                 \
             .help = "keep: a quote inside a field that does not begin with one is a character "   \
                     "like any other",                                                             \
             .since = "0.1"},                                                                      \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

#define WRITE_OPTIONS(fallback_delimiter)                                                          \
    {                                                                                              \
        {.name = "delimiter",                                                                      \
         .type = WEIR_OPT_CHAR,                                                                    \
         .offset = offsetof(weir_csv_write_config, delimiter),                                     \
         .fallback = fallback_delimiter,                                                           \
         .help = "the byte between two fields",                                                    \
         .since = "0.1"},                                                                          \
            {.name = "quote",                                                                      \
             .type = WEIR_OPT_CHAR,                                                                \
             .offset = offsetof(weir_csv_write_config, quote),                                     \
             .fallback = "\"",                                                                     \
             .help = "the byte around fields that need it; doubled inside",                        \
             .since = "0.1"},                                                                      \
            {.name = "header",                                                                     \
             .type = WEIR_OPT_BOOL,                                                                \
             .offset = offsetof(weir_csv_write_config, header),                                    \
             .fallback = "true",                                                                   \
             .help = "write the names of the columns as the first record of each file",            \
             .since = "0.1"},                                                                      \
            {.name = "newline",                                                                    \
             .type = WEIR_OPT_ENUM,                                                                \
             .offset = offsetof(weir_csv_write_config, newline),                                   \
             .choices = newline_write_choices,                                                     \
             .fallback = "lf",                                                                     \
             .help = "how a record ends",                                                          \
             .since = "0.1"},                                                                      \
            {.name = "null",                                                                       \
             .type = WEIR_OPT_STRING,                                                              \
             .offset = offsetof(weir_csv_write_config, null_word),                                 \
             .fallback = "",                                                                       \
             .help = "what stands for null, unquoted; a text that equals it is quoted",            \
             .since = "0.1"},                                                                      \
            {.name = "timestamp_format",                                                           \
             .type = WEIR_OPT_STRING,                                                              \
             .offset = offsetof(weir_csv_write_config, timestamp_format),                          \
             .help = "%-format of timestamp and timestamptz columns (default: ISO 8601)",          \
             .since = "0.1"},                                                                      \
            {.name = "quoting",                                                                    \
             .type = WEIR_OPT_ENUM,                                                                \
             .offset = offsetof(weir_csv_write_config, quoting),                                   \
             .choices = quoting_choices,                                                           \
             .fallback = "needed",                                                                 \
             .help =                                                                               \
                 "needed: only where a reader needs quotes; all: every value that is not null",    \
             .since = "0.1"},                                                                      \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

static const weir_option csv_read_options[] = READ_OPTIONS(",");
static const weir_option tsv_read_options[] = READ_OPTIONS("\\t");
static const weir_option csv_write_options[] = WRITE_OPTIONS(",");
static const weir_option tsv_write_options[] = WRITE_OPTIONS("\\t");

/* ---- dialect ------------------------------------------------------------------------------- */

void weir_csv_dialect_finish(weir_csv_dialect *d) {
    d->regular = (d->doubled || !d->has_quote) && !d->lone_cr;
    memset(d->stops, 0, sizeof d->stops);
    d->stops[d->delimiter] = d->stops['\n'] = d->stops['\r'] = 1;
    if (d->has_quote) d->stops[d->quote] = d->stops[d->escape] = 1;
}

static weir_status one_byte(const char *name, const weir_opt_char *c, weir_error *err) {
    if (c->size == 1 && c->bytes[0] != '\n' && c->bytes[0] != '\r') return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "%s must be one byte other than a line end", name);
    weir_error_hint(err, "take an ASCII character such as , ; | or \\t");
    return WEIR_USAGE;
}

weir_status weir_csv_dialect_init(weir_csv_dialect *d, const weir_csv_read_config *config,
                                  weir_error *err) {
    weir_status status = one_byte("delimiter", &config->delimiter, err);
    if (status != WEIR_OK) return status;
    memset(d, 0, sizeof *d);
    d->delimiter = (uint8_t)config->delimiter.bytes[0];
    d->has_quote = config->quote.size != 0;
    d->doubled = true;
    if (d->has_quote) {
        status = one_byte("quote", &config->quote, err);
        if (status != WEIR_OK) return status;
        d->quote = d->escape = (uint8_t)config->quote.bytes[0];
        if (config->escape.size) {
            status = one_byte("escape", &config->escape, err);
            if (status != WEIR_OK) return status;
            d->escape = (uint8_t)config->escape.bytes[0];
        }
        d->doubled = d->escape == d->quote;
        if (d->quote == d->delimiter || d->escape == d->delimiter)
            return weir_error_set(err, WEIR_USAGE, "delimiter and %s are the same character '%c'",
                                  d->quote == d->delimiter ? "quote" : "escape", d->delimiter);
    }
    d->lone_cr = config->newline == WEIR_CSV_CR;
    d->keep_stray = config->stray_quotes != 0;
    weir_csv_dialect_finish(d);
    return WEIR_OK;
}

/* ---- the formats --------------------------------------------------------------------------- */

static const weir_read_ops read_ops = {
    .cutter_new = weir_csv_cutter_new,
    .cutter_layout = weir_csv_cutter_layout,
    .cutter_next = weir_csv_cutter_next,
    .cutter_free = weir_csv_cutter_free,
    .layout_of = weir_csv_layout_of,
    .infer = weir_csv_infer,
    .decoder_new = weir_csv_decoder_new,
    .decoder_begin = weir_csv_decoder_begin,
    .decoder_next = weir_csv_decoder_next,
    .decoder_free = weir_csv_decoder_free,
};

static const char *const csv_extensions[] = {".csv", NULL};
static const char *const tsv_extensions[] = {".tsv", ".tab", NULL};

const weir_format weir_format_csv = {
    .name = "csv",
    .summary = "comma-separated values (RFC 4180)",
    .extensions = csv_extensions,
    .read_options = csv_read_options,
    .read_config_size = sizeof(weir_csv_read_config),
    .read = &read_ops,
    .write_options = csv_write_options,
    .write_config_size = sizeof(weir_csv_write_config),
    .write = &weir_csv_write_ops,
};

const weir_format weir_format_tsv = {
    .name = "tsv",
    .summary = "csv with tabs between the fields",
    .extensions = tsv_extensions,
    .read_options = tsv_read_options,
    .read_config_size = sizeof(weir_csv_read_config),
    .read = &read_ops,
    .write_options = tsv_write_options,
    .write_config_size = sizeof(weir_csv_write_config),
    .write = &weir_csv_write_ops,
};
