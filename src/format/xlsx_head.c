/* Whether the first row of a table names its columns: told by what stands below, as in CSV. */
#include "format/xlsx.h"
#include "text/number.h"

weir_xlsx_look weir_xlsx_look_of(weir_slice json, bool moment) {
    if (json.size == 0) return WEIR_XLSX_LOOK_NONE;
    if (*json.data == 't' || *json.data == 'f') return WEIR_XLSX_LOOK_BOOL;
    if (moment && *json.data == '"') return WEIR_XLSX_LOOK_MOMENT;
    if (*json.data == '"' && json.size >= 2) json.data++, json.size -= 2; /* a number as text */
    int64_t v;
    if (weir_num_parse_int64(json.data, json.size, &v) == WEIR_NUM_OK)
        return v >= 1900 && v <= 2100 ? WEIR_XLSX_LOOK_YEAR : WEIR_XLSX_LOOK_NUMBER;
    double d;
    return weir_num_parse_double(json.data, json.size, 0, &d) == WEIR_NUM_OK ? WEIR_XLSX_LOOK_NUMBER
                                                                             : WEIR_XLSX_LOOK_TEXT;
}

/* What all cells of a column are from a row on; NONE = nothing, TEXT = also when they differ. */
static weir_xlsx_look below(const weir_xlsx_rows *r, uint32_t row, uint32_t column) {
    weir_xlsx_look all = WEIR_XLSX_LOOK_NONE;
    for (; row < r->n; row++) {
        weir_xlsx_look k = (weir_xlsx_look)r->looks[row][column];
        if (k == WEIR_XLSX_LOOK_NONE || k == all) continue;
        bool numbers = (k == WEIR_XLSX_LOOK_YEAR && all == WEIR_XLSX_LOOK_NUMBER) ||
                       (k == WEIR_XLSX_LOOK_NUMBER && all == WEIR_XLSX_LOOK_YEAR);
        if (all != WEIR_XLSX_LOOK_NONE && !numbers) return WEIR_XLSX_LOOK_TEXT;
        all = numbers ? WEIR_XLSX_LOOK_NUMBER : k;
    }
    return all;
}

bool weir_xlsx_is_header(const weir_xlsx_rows *r, uint32_t row) {
    uint32_t contrasts = 0, agrees = 0, years = 0, others = 0;
    if (row >= r->n || r->declared[row]) return true;
    for (uint32_t i = 0; i < WEIR_XLSX_LOOK_COLUMNS; i++) {
        weir_xlsx_look k = (weir_xlsx_look)r->looks[row][i];
        weir_xlsx_look b = below(r, row + 1, i);
        if (k == WEIR_XLSX_LOOK_NONE) continue;
        if (k == WEIR_XLSX_LOOK_TEXT) {
            contrasts += b != WEIR_XLSX_LOOK_NONE && b != WEIR_XLSX_LOOK_TEXT;
            continue;
        }
        bool year = k == WEIR_XLSX_LOOK_YEAR && b == WEIR_XLSX_LOOK_NUMBER;
        years += year;
        others += !year;
        if (k == WEIR_XLSX_LOOK_YEAR && b == WEIR_XLSX_LOOK_NUMBER) k = b;
        agrees += b == WEIR_XLSX_LOOK_NONE || k == b ||
                  (k == WEIR_XLSX_LOOK_NUMBER && b == WEIR_XLSX_LOOK_YEAR);
    }
    if (years >= 2 && !others) return true; /* 2019, 2020 above amounts */
    return contrasts > agrees || !agrees;
}
