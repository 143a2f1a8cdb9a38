/* Excel workbooks: options, and the format object. */
#include "format/xlsx.h"

static const char *const header_choices[] = {"auto", "true", "false", NULL};
static const char *const errors_choices[] = {"reject", "null", "text", NULL};

static const weir_option read_options[] = {
    {.name = "sheet",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_xlsx_read_config, sheet),
     .help =
         "name or number (1, 2, ...) of the sheet to read; the first one that is not hidden when "
         "not given",
     .since = "0.1"},
    {.name = "range",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_xlsx_read_config, range),
     .help = "the cells to read: B3:F100, B:F for whole columns, B3:F from row 3 on",
     .since = "0.1"},
    {.name = "header",
     .type = WEIR_OPT_ENUM,
     .choices = header_choices,
     .offset = offsetof(weir_xlsx_read_config, header),
     .fallback = "auto",
     .help = "a row names the columns; false: `columns` names them in order, else A, B, C, ...; "
             "auto: told by what stands below it",
     .since = "0.1"},
    {.name = "header_row",
     .type = WEIR_OPT_INT,
     .offset = offsetof(weir_xlsx_read_config, header_row),
     .fallback = "0",
     .min = 0,
     .max = WEIR_XLSX_ROWS,
     .help = "number of the row with the names; 0 = the first row that is not empty",
     .since = "0.1"},
    {.name = "skip",
     .type = WEIR_OPT_INT,
     .offset = offsetof(weir_xlsx_read_config, skip),
     .fallback = "0",
     .min = 0,
     .max = 1000000,
     .help = "rows at the top that are passed over",
     .since = "0.1"},
    {.name = "errors",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(weir_xlsx_read_config, errors),
     .choices = errors_choices,
     .fallback = "reject",
     .help = "a cell with an error (#N/A), or with a formula whose value is not stored: reject the "
             "record, read null, or the error's text",
     .since = "0.1"},
    {0}};

static const weir_read_ops read_ops = {
    .cutter_new = weir_xlsx_cutter_new,
    .cutter_layout = weir_xlsx_cutter_layout,
    .cutter_next = weir_xlsx_cutter_next,
    .cutter_free = weir_xlsx_cutter_free,
    .infer = weir_relay_infer,
    .decoder_new = weir_relay_decoder_new,
    .decoder_begin = weir_relay_decoder_begin,
    .decoder_next = weir_relay_decoder_next,
    .decoder_free = weir_relay_decoder_free,
};

static const char *const extensions[] = {".xlsx", ".xlsm", NULL};

const weir_format weir_format_xlsx = {
    .name = "xlsx",
    .summary = "rows of a sheet of an Excel workbook (2007 and later)",
    .extensions = extensions,
    .read_options = read_options,
    .read_config_size = sizeof(weir_xlsx_read_config),
    .read = &read_ops,
    .whole = true,
    .text = WEIR_TEXT_NONE,
};
