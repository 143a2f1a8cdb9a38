/* Excel workbooks (.xlsx): what their files share.  Not for other folders; they see
 * `weir_format_xlsx` through format.h.
 *
 * Spec: ECMA-376 part 1 (SpreadsheetML) and part 2 (packages), also its Strict variant;
 * docs/formats-xlsx.md says how a sheet becomes records.
 *
 *   xlsx.c          options, the format object
 *   xlsx_book.c     the package: workbook, relations, sheets      xlsx_style.c  number formats
 *   xlsx_strings.c  the table of shared strings                   xlsx_value.c  cells -> JSON
 *   xlsx_head.c     whether a row is a header
 *   xlsx_cut.c      rows -> records -> chunks                     relay.c       ... -> batches
 */
#ifndef WEIR_FORMAT_XLSX_H
#define WEIR_FORMAT_XLSX_H

#include "format/format.h"
#include "format/relay.h"
#include "format/xml_reader.h"
#include "io/zip.h"

extern const weir_format weir_format_xlsx;

#define WEIR_XLSX_COLUMNS 16384u /* A .. XFD */
#define WEIR_XLSX_ROWS 1048576u

typedef enum weir_xlsx_errors {
    WEIR_XLSX_ERRORS_REJECT,
    WEIR_XLSX_ERRORS_NULL,
    WEIR_XLSX_ERRORS_TEXT
} weir_xlsx_errors;

typedef enum weir_xlsx_header {
    WEIR_XLSX_HEADER_AUTO,
    WEIR_XLSX_HEADER_TRUE,
    WEIR_XLSX_HEADER_FALSE
} weir_xlsx_header;

typedef struct weir_xlsx_read_config {
    const char *sheet;  /* name or number; NULL = the first that is shown */
    const char *range;  /* "B3:F100"; NULL = all */
    int header;         /* weir_xlsx_header */
    int64_t header_row; /* 0 = the first row that is not empty */
    int64_t skip;
    int errors; /* weir_xlsx_errors */
} weir_xlsx_read_config;

/* ---- cells --------------------------------------------------------------------------------- */

/* What a number means by its format. */
typedef enum weir_xlsx_kind {
    WEIR_XLSX_NUMBER,
    WEIR_XLSX_DATE,
    WEIR_XLSX_TIME,
    WEIR_XLSX_DATETIME,
    WEIR_XLSX_DURATION
} weir_xlsx_kind;

/* The kind of a number format's code, or of one of the built-in numbers. */
weir_xlsx_kind weir_xlsx_kind_of_code(const char *code);
weir_xlsx_kind weir_xlsx_kind_of_builtin(uint32_t id);

/* Appends a stored number as JSON: the number itself, or the text of the date, time or duration it
 * stands for.  false = memory is short. */
WEIR_MUST_USE bool weir_xlsx_put_number(weir_buf *out, weir_slice stored, weir_xlsx_kind kind,
                                        bool date1904);
/* Appends a text as a JSON string, with _x000D_ and the like resolved (ST_Xstring). */
WEIR_MUST_USE bool weir_xlsx_put_text(weir_buf *out, weir_slice text);

/* "C7" or "$C$7" -> column 2, row 7; either part may be missing (column UINT32_MAX, row 0).
 * false = it is none, or beyond the last cell of a sheet. */
bool weir_xlsx_reference(weir_slice s, uint32_t *column, uint32_t *row);
/* 0 -> "A", 16383 -> "XFD".  Returns buf. */
const char *weir_xlsx_letters(uint32_t column, char buf[4]);

/* ---- the header ---------------------------------------------------------------------------- */

/* How many rows and columns are looked at to tell the header from titles and records. */
#define WEIR_XLSX_LOOK_ROWS 20u
#define WEIR_XLSX_LOOK_COLUMNS 256u

/* What a cell looks like. */
typedef enum weir_xlsx_look {
    WEIR_XLSX_LOOK_NONE,
    WEIR_XLSX_LOOK_TEXT,
    WEIR_XLSX_LOOK_NUMBER,
    WEIR_XLSX_LOOK_YEAR, /* a whole number from 1900 to 2100 */
    WEIR_XLSX_LOOK_BOOL,
    WEIR_XLSX_LOOK_MOMENT /* a date, a time, a duration */
} weir_xlsx_look;

/* The first rows that are not empty, from the range's first column on. */
typedef struct weir_xlsx_rows {
    uint32_t n;
    uint32_t numbers[WEIR_XLSX_LOOK_ROWS];
    size_t cells[WEIR_XLSX_LOOK_ROWS];
    bool declared[WEIR_XLSX_LOOK_ROWS]; /* has a name that `columns` declares */
    uint8_t looks[WEIR_XLSX_LOOK_ROWS][WEIR_XLSX_LOOK_COLUMNS]; /* weir_xlsx_look */
} weir_xlsx_rows;

/* The look of a cell's JSON; moment: its format is one of dates or times. */
weir_xlsx_look weir_xlsx_look_of(weir_slice json, bool moment);
/* Whether a row names the columns of those below: its texts stand above numbers, dates or booleans,
 * or all are texts.  A row that looks as those below does not. */
bool weir_xlsx_is_header(const weir_xlsx_rows *r, uint32_t row);

/* ---- the workbook -------------------------------------------------------------------------- */

typedef struct weir_xlsx_sheet {
    const char *name, *part;
    bool hidden, worksheet; /* worksheet: not a chart or a macro sheet */
} weir_xlsx_sheet;

/* A part of the package as XML. */
typedef struct weir_xlsx_part {
    weir_stream *in;
    weir_xml_reader *x;
} weir_xlsx_part;

typedef struct weir_xlsx_book {
    const weir_read_request *request;
    weir_stream *in;
    weir_zip *zip;
    weir_arena arena;
    weir_xlsx_sheet *sheets;
    size_t n_sheets, sheets_capacity;
    bool date1904;
    uint8_t *kinds; /* weir_xlsx_kind of each cell format */
    size_t n_kinds, kinds_capacity;
    const char *strings_part, *styles_part; /* NULL = none */
    /* shared strings as JSON; read as far as cells refer to them: mostly they stand in that order
     */
    weir_xlsx_part strings;
    weir_buf text, json; /* of the string under way */
    bool strings_begun, strings_ended, in_item, in_text;
    uint32_t phonetic;  /* in how to pronounce it, which is not shown */
    weir_slice **pages; /* of WEIR_XLSX_PAGE strings; texts and pages are in pieces */
    size_t n_strings, pages_capacity;
    weir_block **pieces;
    size_t n_pieces, pieces_capacity;
} weir_xlsx_book;

#define WEIR_XLSX_PAGE 4096u

/* Opens the workbook in `in`, which stays the caller's; *b is zeroed.  WEIR_DATA, with what to do,
 * when it is another kind of file. */
WEIR_MUST_USE weir_status weir_xlsx_open(const weir_read_request *request, weir_stream *in,
                                         weir_xlsx_book *b, weir_error *err);
void weir_xlsx_clear(weir_xlsx_book *b);
/* The sheet of a name or number; NULL text = the first one that is shown. */
WEIR_MUST_USE weir_status weir_xlsx_find_sheet(const weir_xlsx_book *b, const char *text,
                                               const weir_xlsx_sheet **out, weir_error *err);
WEIR_MUST_USE weir_status weir_xlsx_load_styles(weir_xlsx_book *b, weir_error *err);
/* The shared string of a number as JSON; size 0 = it is empty, data NULL = there is none. */
WEIR_MUST_USE weir_status weir_xlsx_string(weir_xlsx_book *b, uint64_t number, weir_slice *out,
                                           weir_error *err);

/* WEIR_DATA when the package has no such part. */
WEIR_MUST_USE weir_status weir_xlsx_part_open(weir_xlsx_book *b, const char *name,
                                              weir_xlsx_part *out, weir_error *err);
void weir_xlsx_part_close(weir_xlsx_part *p);
/* The value of the attribute with this local name; data NULL = none. */
weir_slice weir_xlsx_attribute(const weir_xml_reader *x, const char *name);
/* A whole number without sign; fallback when it is none. */
uint64_t weir_xlsx_number(weir_slice s, uint64_t fallback);
bool weir_xlsx_is_true(weir_slice s);

/* ---- chunks -------------------------------------------------------------------------------- */

weir_status weir_xlsx_cutter_new(const weir_read_request *request, weir_stream *in,
                                 weir_cutter **out, weir_error *err);
weir_layout *weir_xlsx_cutter_layout(weir_cutter *c);
weir_status weir_xlsx_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err);
void weir_xlsx_cutter_free(weir_cutter *c);

#endif
