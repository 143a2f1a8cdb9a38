/* CSV: options, dialect, and the two format objects (csv and tsv differ in one default). */
#include "format/csv.h"

/* ---- options ------------------------------------------------------------------------------- */

static const char *const newline_choices[] = {"auto", "lf", "cr", NULL};
static const char *const stray_choices[] = {"reject", "keep", NULL};
static const char *const newline_write_choices[] = {"lf", "crlf", NULL};
static const char *const quoting_choices[] = {"needed", "all", NULL};

static const char *const auto_word[] = {"auto", NULL};
static const char *const header_words[] = {"auto", "true", "false", NULL};
static const char *const ragged_choices[] = {"reject", "pad", "truncate", "fit", NULL};
static const char *const names_choices[] = {"rename", "error", NULL};

static const weir_option read_options[] = {
    {.name = "delimiter",
     .type = WEIR_OPT_CHAR,
     .offset = offsetof(weir_csv_read_config, delimiter),
     .flags = WEIR_OPT_MANY,
     .choices = auto_word,
     .fallback = "auto",
     .help = "what stands between two fields, up to four bytes; auto: found in the text",
     .since = "0.1"},
    {.name = "quote",
     .type = WEIR_OPT_CHAR,
     .offset = offsetof(weir_csv_read_config, quote),
     .choices = auto_word,
     .fallback = "auto",
     .help = "the byte around fields that hold delimiters; none: no field is quoted",
     .since = "0.1"},
    {.name = "escape",
     .type = WEIR_OPT_CHAR,
     .offset = offsetof(weir_csv_read_config, escape),
     .choices = auto_word,
     .fallback = "auto",
     .help = "the byte in front of a quote inside quotes; none: the quote is doubled; with quote: "
             "none it escapes any byte (\\t, \\n, \\N)",
     .since = "0.1"},
    {.name = "comment",
     .type = WEIR_OPT_CHAR,
     .offset = offsetof(weir_csv_read_config, comment),
     .flags = WEIR_OPT_MANY,
     .choices = auto_word,
     .fallback = "auto",
     .help = "lines that begin so are passed over, such as # or //",
     .since = "0.1"},
    {.name = "header",
     .type = WEIR_OPT_INT,
     .offset = offsetof(weir_csv_read_config, header),
     .choices = header_words,
     .fallback = "auto",
     .min = 0,
     .max = 8,
     .help = "how many records name the columns, true is one; false: `columns` names them in "
             "order, else column1, column2, ...",
     .since = "0.1"},
    {.name = "skip",
     .type = WEIR_OPT_INT,
     .offset = offsetof(weir_csv_read_config, skip),
     .choices = auto_word,
     .fallback = "auto",
     .min = 0,
     .max = 1000000,
     .help = "lines in front of the header that are passed over",
     .since = "0.1"},
    {.name = "units",
     .type = WEIR_OPT_INT,
     .offset = offsetof(weir_csv_read_config, units),
     .choices = header_words,
     .fallback = "auto",
     .min = 0,
     .max = 8,
     .help = "records behind the header that are no data, such as units of measure",
     .since = "0.1"},
    {.name = "skip_footer",
     .type = WEIR_OPT_INT,
     .offset = offsetof(weir_csv_read_config, skip_footer),
     .choices = auto_word,
     .fallback = "auto",
     .min = 0,
     .max = 1000,
     .help = "lines at the end that are no data, blank ones not counted; within the last 16 KiB",
     .since = "0.1"},
    {.name = "newline",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(weir_csv_read_config, newline),
     .choices = newline_choices,
     .fallback = "auto",
     .help = "lf: LF or CR LF ends a line; cr: a lone CR does so, too; auto: found in the text",
     .since = "0.1"},
    {.name = "ragged",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(weir_csv_read_config, ragged),
     .set_offset = offsetof(weir_csv_read_config, ragged_given),
     .choices = ragged_choices,
     .fallback = "reject",
     .help = "records of another width; pad: missing fields are empty; truncate: surplus ones are "
             "dropped; fit: both",
     .since = "0.1"},
    {.name = "names",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(weir_csv_read_config, names),
     .choices = names_choices,
     .fallback = "rename",
     .help = "blank and repeated names in the header; rename: column3, and id, id_1, id_2; error: "
             "the file is refused",
     .since = "0.1"},
    {.name = "null",
     .type = WEIR_OPT_STRINGS,
     .offset = offsetof(weir_csv_read_config, null_words),
     .set_offset = offsetof(weir_csv_read_config, null_given),
     .help = "texts that mean null when they stand unquoted (default: the empty field)",
     .since = "0.1"},
    {.name = "null_quoted",
     .type = WEIR_OPT_BOOL,
     .offset = offsetof(weir_csv_read_config, null_quoted),
     .fallback = "false",
     .help = "the texts of `null` mean null inside quotes, too",
     .since = "0.1"},
    {.name = "stray_quotes",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(weir_csv_read_config, stray_quotes),
     .set_offset = offsetof(weir_csv_read_config, stray_given),
     .choices = stray_choices,
     .fallback = "reject",
     .help =
         "keep: a quote inside a field that does not begin with one is a character like any other",
     .since = "0.1"},
    {.name = "decimal",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_csv_read_config, decimal),
     .help = "mark in front of the fraction of numbers, such as a comma (default: a point)",
     .since = "0.1"},
    {.name = "thousands",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_csv_read_config, thousands),
     .help = "mark between the thousands of numbers: , . ' _ or a blank (default: none)",
     .since = "0.1"},
    {0}};

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

static const weir_option csv_write_options[] = WRITE_OPTIONS(",");
static const weir_option tsv_write_options[] = WRITE_OPTIONS("\\t");

/* ---- dialect ------------------------------------------------------------------------------- */

/* How much of the delimiter's beginning is seen again where the byte behind k of them differs. */
static void find_repeats(weir_csv_dialect *d) {
    uint8_t all[4] = {d->delimiter, d->delimiter_rest[0], d->delimiter_rest[1],
                      d->delimiter_rest[2]};
    memset(d->delimiter_back, 0, sizeof d->delimiter_back);
    for (uint8_t k = 1; k < d->delimiter_size; k++) {
        uint8_t n = d->delimiter_back[k - 1];
        while (n && all[n] != all[k]) n = d->delimiter_back[n - 1];
        d->delimiter_back[k] = (uint8_t)(n + (all[n] == all[k]));
    }
}

void weir_csv_dialect_finish(weir_csv_dialect *d) {
    d->doubled = d->escape == d->quote;
    /* So MySQL writes it, between fields that may be quoted; PostgreSQL without quotes. */
    d->escaped_null = d->escapes_plain || (d->has_quote && d->escape == '\\');
    d->regular = (d->doubled || !d->has_quote) && !d->lone_cr && d->delimiter_size == 1 &&
                 !d->comment_size && !d->escapes_plain;
    memset(d->stops, 0, sizeof d->stops);
    d->stops[d->delimiter] = d->stops['\n'] = d->stops['\r'] = 1;
    for (int i = 1; i < d->delimiter_size; i++) d->stops[d->delimiter_rest[i - 1]] = 1;
    if (d->has_quote) d->stops[d->quote] = 1;
    if (d->has_quote || d->escapes_plain) d->stops[d->escape] = 1;
    find_repeats(d);
}

void weir_csv_dialect_delimiter(weir_csv_dialect *d, const char *text, uint8_t size) {
    d->delimiter = (uint8_t)text[0];
    d->delimiter_size = size;
    for (uint8_t i = 1; i < size; i++) d->delimiter_rest[i - 1] = (uint8_t)text[i];
}

static weir_status one_byte(const char *name, const weir_opt_char *c, weir_error *err) {
    if (c->size == 1 && c->bytes[0] != '\n' && c->bytes[0] != '\r') return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "%s must be one byte other than a line end", name);
    weir_error_hint(err, "take an ASCII character such as \", ' or \\");
    return WEIR_USAGE;
}

/* Text of several bytes: no line end, and (unless found later) no byte that means something else.
 */
static weir_status some_bytes(const char *name, const weir_opt_char *c, weir_error *err) {
    if (c->size && !memchr(c->bytes, '\n', c->size) && !memchr(c->bytes, '\r', c->size))
        return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "%s must have one to four bytes, and no line end", name);
    weir_error_hint(err, "such as , ; | || or \\t");
    return WEIR_USAGE;
}

static weir_status same_byte(const char *a, const char *b, const char *byte, weir_error *err) {
    return weir_error_set(err, WEIR_USAGE, "%s and %s are the same character '%c'", a, b, *byte);
}

static bool holds(const weir_opt_char *text, const weir_opt_char *byte) {
    return byte->size && memchr(text->bytes, byte->bytes[0], text->size);
}

static weir_status check_config(const weir_csv_read_config *c, weir_error *err) {
    weir_status status = WEIR_OK;
    if (!c->delimiter.automatic) WEIR_TRY(some_bytes("delimiter", &c->delimiter, err));
    if (c->quote.size) WEIR_TRY(one_byte("quote", &c->quote, err));
    if (c->escape.size) WEIR_TRY(one_byte("escape", &c->escape, err));
    if (c->comment.size) WEIR_TRY(some_bytes("comment", &c->comment, err));
    if (holds(&c->delimiter, &c->quote))
        WEIR_TRY(same_byte("delimiter", "quote", c->quote.bytes, err));
    if (holds(&c->delimiter, &c->escape))
        WEIR_TRY(same_byte("delimiter", "escape", c->escape.bytes, err));
    if (holds(&c->comment, &c->quote)) WEIR_TRY(same_byte("comment", "quote", c->quote.bytes, err));
    if (c->comment.size && c->delimiter.size && c->comment.bytes[0] == c->delimiter.bytes[0])
        WEIR_TRY(same_byte("comment", "delimiter", c->comment.bytes, err));
out:
    return status;
}

weir_status weir_csv_dialect_init(weir_csv_dialect *d, const weir_csv_read_config *config,
                                  weir_error *err) {
    weir_status status = check_config(config, err);
    if (status != WEIR_OK) return status;
    memset(d, 0, sizeof *d);
    if (config->delimiter.automatic)
        weir_csv_dialect_delimiter(d, ",", 1);
    else
        weir_csv_dialect_delimiter(d, config->delimiter.bytes, config->delimiter.size);
    d->has_quote = config->quote.automatic || config->quote.size;
    if (d->has_quote)
        d->quote = d->escape = config->quote.size ? (uint8_t)config->quote.bytes[0] : '"';
    if (config->escape.size) {
        d->escape = (uint8_t)config->escape.bytes[0];
        d->escapes_plain = !d->has_quote;
    }
    d->comment_size = config->comment.size;
    memcpy(d->comment, config->comment.bytes, config->comment.size);
    d->ragged = (uint8_t)config->ragged;
    d->lone_cr = config->newline == WEIR_CSV_CR;
    d->keep_stray = config->stray_quotes != 0;
    weir_csv_dialect_finish(d);
    return WEIR_OK;
}

/* ---- the formats --------------------------------------------------------------------------- */

#define READ_OPS(begin, replayed)                                                                  \
    {                                                                                              \
        .cutter_new = begin, .cutter_layout = weir_csv_cutter_layout,                              \
        .cutter_next = weir_csv_cutter_next, .cutter_free = weir_csv_cutter_free,                  \
        .layout_of = replayed, .infer = weir_csv_infer, .decoder_new = weir_csv_decoder_new,       \
        .decoder_begin = weir_csv_decoder_begin, .decoder_next = weir_csv_decoder_next,            \
        .decoder_free = weir_csv_decoder_free,                                                     \
    }

static const weir_read_ops csv_read_ops = READ_OPS(weir_csv_cutter_new, weir_csv_layout_of);
static const weir_read_ops tsv_read_ops = READ_OPS(weir_tsv_cutter_new, weir_tsv_layout_of);

static const char *const csv_extensions[] = {".csv", NULL};
static const char *const tsv_extensions[] = {".tsv", ".tab", NULL};

const weir_format weir_format_csv = {
    .name = "csv",
    .summary = "comma-separated values (RFC 4180)",
    .extensions = csv_extensions,
    .read_options = read_options,
    .read_config_size = sizeof(weir_csv_read_config),
    .read = &csv_read_ops,
    .write_options = csv_write_options,
    .write_config_size = sizeof(weir_csv_write_config),
    .write = &weir_csv_write_ops,
    .members = true,
};

const weir_format weir_format_tsv = {
    .name = "tsv",
    .summary = "csv with tabs between the fields",
    .extensions = tsv_extensions,
    .read_options = read_options,
    .read_config_size = sizeof(weir_csv_read_config),
    .read = &tsv_read_ops,
    .write_options = tsv_write_options,
    .write_config_size = sizeof(weir_csv_write_config),
    .write = &weir_csv_write_ops,
    .members = true,
};
