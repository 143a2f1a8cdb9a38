/* Rows as a table for people, or one JSON object a line. */
#include <stdio.h>

#include "base/printable.h"
#include "cli/cli.h"

#define CELL_MAX 60u /* places of a cell that are shown */

typedef struct column {
    int field;
    size_t width;
    size_t most; /* places of a cell that are shown */
    bool right;
} column;

/* What a person takes elsewhere is never cut. */
static size_t most_of(const char *name) {
    bool whole = strcmp(name, "path") == 0 || strcmp(name, "error") == 0;
    return whole ? SIZE_MAX : CELL_MAX;
}

static bool cell_text(const weir_column *c, uint32_t row, weir_buf *raw, weir_buf *out) {
    raw->size = out->size = 0;
    if (weir_column_is_null(c, row)) return true;
    if (!weir_column_text(c, row, raw) || !weir_buf_reserve(out, raw->size * 4 + 1)) return false;
    out->size = weir_printable(out->data, raw->size * 4 + 1, raw->data, raw->size);
    return true;
}

static int choose(const weir_schema *s, const char *const *names, size_t n, column *out) {
    int count = 0;
    if (n == 0)
        for (uint32_t i = 0; i < s->n_fields; i++) out[count++] = (column){.field = (int)i};
    for (size_t i = 0; i < n; i++) {
        int f = weir_schema_find(s, names[i], strlen(names[i]));
        if (f >= 0) out[count++] = (column){.field = f};
    }
    for (int i = 0; i < count; i++) {
        const weir_field *f = &s->fields[out[i].field];
        out[i].width = cli_width(f->name, strlen(f->name));
        out[i].most = most_of(f->name);
        out[i].right = weir_type_is_numeric(f->type);
    }
    return count;
}

static void print_cell(const column *c, const char *s, size_t n, bool last) {
    size_t shown = cli_clip(s, n, c->most), w = cli_width(s, shown);
    if (c->right) printf("%*s", (int)(c->width - w), "");
    fwrite(s, 1, shown, stdout);
    if (!c->right && !last) printf("%*s", (int)(c->width - w), "");
    if (!last) printf("  ");
}

static bool print_text(weir_batch *const *batches, size_t n, const column *columns, int count,
                       column *sized) {
    weir_buf raw = {0}, cell = {0};
    memcpy(sized, columns, (size_t)count * sizeof *sized);
    bool ok = true;
    for (size_t b = 0; b < n; b++)
        for (uint32_t k = 0; k < batches[b]->n_selected; k++)
            for (int c = 0; c < count && ok; c++) {
                ok = cell_text(batches[b]->columns[columns[c].field], weir_batch_row(batches[b], k),
                               &raw, &cell);
                size_t w = cli_width(cell.data, cell.size);
                if (w > columns[c].most) w = columns[c].most;
                if (w > sized[c].width) sized[c].width = w;
            }
    const weir_schema *s = batches[0]->schema;
    for (int c = 0; c < count; c++)
        print_cell(&sized[c], s->fields[sized[c].field].name,
                   strlen(s->fields[sized[c].field].name), c + 1 == count);
    printf("\n");
    for (size_t b = 0; b < n; b++)
        for (uint32_t k = 0; k < batches[b]->n_selected; k++) {
            for (int c = 0; c < count && ok; c++) {
                ok = cell_text(batches[b]->columns[columns[c].field], weir_batch_row(batches[b], k),
                               &raw, &cell);
                print_cell(&sized[c], cell.data ? cell.data : "", cell.size, c + 1 == count);
            }
            printf("\n");
        }
    weir_buf_clear(&raw);
    weir_buf_clear(&cell);
    return ok;
}

void cli_json_string(const char *s, size_t n) {
    putchar('"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c == '\n')
            printf("\\n");
        else if (c < 0x20)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static bool print_json(weir_batch *const *batches, size_t n, const column *columns, int count) {
    weir_buf raw = {0};
    bool ok = true;
    for (size_t b = 0; b < n; b++)
        for (uint32_t k = 0; k < batches[b]->n_selected && ok; k++) {
            uint32_t row = weir_batch_row(batches[b], k);
            putchar('{');
            for (int c = 0; c < count && ok; c++) {
                const weir_field *f = &batches[b]->schema->fields[columns[c].field];
                const weir_column *v = batches[b]->columns[columns[c].field];
                if (c) putchar(',');
                cli_json_string(f->name, strlen(f->name));
                putchar(':');
                raw.size = 0;
                ok = weir_column_json(v, row, &raw);
                fwrite(raw.data ? raw.data : "", 1, raw.size, stdout);
            }
            printf("}\n");
        }
    weir_buf_clear(&raw);
    return ok;
}

weir_status cli_print_batches(const cli_args *a, weir_batch *const *batches, size_t n,
                              const char *const *names, size_t n_names, weir_error *err) {
    if (n == 0) return WEIR_OK;
    uint32_t fields = batches[0]->schema->n_fields;
    column *columns = weir_alloc_zero(fields + n_names + 1, sizeof *columns);
    column *sized = weir_alloc_zero(fields + n_names + 1, sizeof *sized);
    bool ok = false;
    if (columns && sized) {
        int count = choose(batches[0]->schema, names, n_names, columns);
        ok = a->json ? print_json(batches, n, columns, count)
                     : print_text(batches, n, columns, count, sized);
    }
    weir_free(columns);
    weir_free(sized);
    return ok ? WEIR_OK : weir_error_nomem(err);
}
