/* weir preview, weir schema, weir test: what a step does to rows and columns. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/infer.h"
#include "api/preview.h"
#include "base/printable.h"
#include "cli/cli.h"

#define CELL_MAX 60u    /* places of a cell that are shown */
#define FOLDS_MAX 10u   /* a table that is wider than the terminal stands below itself */
#define ROWS_MAX 10000u /* a preview is kept in memory */

/* ---- what is looked at --------------------------------------------------------------------- */

static bool ends_in(const char *word, const char *end) {
    size_t n = strlen(word), m = strlen(end);
    return n >= m && strcmp(word + n - m, end) == 0;
}

bool cli_is_pipeline(const char *word) {
    return ends_in(word, ".yaml") || ends_in(word, ".yml");
}

weir_status cli_load_any(const cli_args *a, weir_session *s, size_t first, const char **step,
                         weir_error *err) {
    *step = NULL;
    if (cli_is_pipeline(a->words[first])) {
        if (a->n > first + 2) {
            weir_error_set(err, WEIR_USAGE, "%s is one word too many", a->words[first + 2]);
            weir_error_hint(err, "write a pipeline FILE and at most one STEP");
            return WEIR_USAGE;
        }
        if (a->n > first + 1) *step = a->words[first + 1];
        return cli_load(a, s, a->words[first], err);
    }
    weir_source_options options = {.n_paths = a->n - first,
                                   .paths = a->words + first,
                                   .format = cli_flag_value(a, "--format"),
                                   .table = cli_flag_value(a, "--table"),
                                   .query = cli_flag_value(a, "--query"),
                                   .infer = "sample",
                                   .n_options = a->n_params,
                                   .option_names = a->param_names,
                                   .option_values = a->param_values};
    weir_status status = weir_api_load_source(s, &options, err);
    const char *who = weir_arena_printf(&s->arena, "weir %s", a->command->name);
    if (who) s->diags.file = who;
    return status;
}

/* ---- text ---------------------------------------------------------------------------------- */

typedef struct painter {
    bool color;
} painter;

static void paint(const painter *p, const char *code) {
    if (p->color) fputs(code, stdout);
}

#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define RED "\033[31m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

static size_t width_of(const char *s) {
    return cli_width(s, strlen(s));
}

/* text as it can be printed, cut to CELL_MAX places, in the arena; marked when changed. */
static const char *shown(cli_args *a, const char *text, const char *mark) {
    size_t n = strlen(text), room = n * 4 + 8;
    char *safe = weir_arena_zero(&a->arena, room + 8, 1);
    if (!safe) {
        a->short_of_memory = true;
        return "";
    }
    size_t m = strlen(mark);
    memcpy(safe, mark, m);
    n = m + weir_printable(safe + m, room, text, n);
    safe[cli_clip(safe, n, CELL_MAX)] = '\0';
    return safe;
}

static const char *const column_marks[] = {"", "+", "~"};

/* One table: the cells of rows and the heads of columns. */
typedef struct table {
    cli_args *a;
    painter p;
    const weir_preview_stage *stage, *before;
    size_t *width;
    bool *right;
    const weir_preview_row *also; /* rows of the same columns that stand below */
    size_t room;                  /* places of a line; 0 = any */
} table;

static const char *cell_shown(table *t, const weir_preview_cell *c, bool gone) {
    bool mark = c->changed && !t->p.color && !gone;
    return c->text ? shown(t->a, c->text, mark ? "*" : "") : mark ? "*" : "";
}

static const char *head_shown(table *t, const weir_preview_stage *s, uint32_t i) {
    return shown(t->a, s->columns[i].name, s == t->stage ? column_marks[s->columns[i].change] : "");
}

static void widen(size_t *width, const char *text) {
    size_t w = width_of(text);
    if (w > *width) *width = w;
}

static void put_cell(table *t, uint32_t i, uint32_t n, const char *text, const char *code) {
    int fill = (int)(t->width[i] - width_of(text));
    if (t->right[i]) printf("%*s", fill, "");
    if (code) paint(&t->p, code);
    fputs(text, stdout);
    if (code) paint(&t->p, PLAIN);
    if (i + 1 < n) printf("%*s  ", t->right[i] ? 0 : fill, "");
}

static bool is_number(const char *type) {
    return strncmp(type, "int", 3) == 0
               ? strcmp(type, "interval") != 0
               : strncmp(type, "uint", 4) == 0 || strncmp(type, "float", 5) == 0 ||
                     strncmp(type, "decimal", 7) == 0;
}

/* Lines of the columns from..to - 1 of `s`. */
static void put_part(table *t, const weir_preview_stage *s, const weir_preview_row *rows, bool gone,
                     uint32_t from, uint32_t to) {
    static const char *const colors[] = {NULL, GREEN, YELLOW};
    if (!gone || from) {
        printf("  ");
        for (uint32_t i = from; i < to; i++)
            put_cell(t, i, to, head_shown(t, s, i), colors[s->columns[i].change]);
        printf("\n");
    }
    if (!t->before) { /* the types under the names of what was read */
        printf("  ");
        for (uint32_t i = from; i < to; i++) put_cell(t, i, to, s->columns[i].type, DIM);
        printf("\n");
    }
    for (const weir_preview_row *r = rows; r; r = r->next) {
        bool fresh = r->row == WEIR_PREVIEW_NEW && t->before;
        if (gone) paint(&t->p, RED);
        printf("%s ", gone ? "-" : r->failed ? "!" : fresh ? "+" : " ");
        for (uint32_t i = from; i < to; i++)
            put_cell(t, i, to, cell_shown(t, &r->cells[i], gone),
                     !gone && r->cells[i].changed ? YELLOW : NULL);
        if (gone) paint(&t->p, PLAIN);
        printf("\n");
    }
}

/* The end of the columns from `from` on that fit into a line. */
static uint32_t fits(const table *t, uint32_t from, uint32_t n) {
    size_t width = 2;
    uint32_t to = from;
    while (to < n && (t->room == 0 || to == from || width + t->width[to] <= t->room))
        width += t->width[to++] + 2;
    return to;
}

/* The heads and rows of columns of `s` (the stage, or for filtered rows the one before). */
static bool put_rows(table *t, const weir_preview_stage *s, const weir_preview_row *rows,
                     bool gone) {
    uint32_t n = s->n_columns, to;
    bool set = gone && t->also && t->width; /* below rows of the same columns */
    if (!set) t->width = weir_arena_zero(&t->a->arena, n + 1, sizeof *t->width);
    if (!set) t->right = weir_arena_zero(&t->a->arena, n + 1, sizeof *t->right);
    if (!t->width || !t->right) return false;
    for (uint32_t i = 0; !set && i < n; i++) {
        t->right[i] = is_number(s->columns[i].type);
        widen(&t->width[i], head_shown(t, s, i));
        if (!t->before) widen(&t->width[i], s->columns[i].type);
        for (const weir_preview_row *r = rows; r; r = r->next)
            widen(&t->width[i], cell_shown(t, &r->cells[i], gone));
        for (const weir_preview_row *r = gone ? NULL : t->also; r; r = r->next)
            widen(&t->width[i], cell_shown(t, &r->cells[i], true));
    }
    for (uint32_t from = 0, folds = 0; from < n; from = to, folds++) {
        to = fits(t, from, n);
        if (folds == FOLDS_MAX) {
            printf("\n  and %u more columns, which a wider terminal, `weir schema show` or "
                   "--output json show\n",
                   n - from);
            break;
        }
        if (from) printf("\n");
        put_part(t, s, rows, gone, from, to);
    }
    return true;
}

/* "3 validate: 2 rows, 1 rejected  + cents  - name  ~ id int64" */
static void put_title(const painter *p, size_t number, const weir_preview_stage *s, bool first) {
    printf("%s%zu %s: %llu row%s", first ? "" : "\n", number, s->name,
           (unsigned long long)s->n_rows, s->n_rows == 1 ? "" : "s");
    if (s->n_filtered) printf(", %llu filtered", (unsigned long long)s->n_filtered);
    if (s->n_rejected) printf(", %llu rejected", (unsigned long long)s->n_rejected);
    for (uint32_t i = 0; i < s->n_columns; i++) {
        if (s->columns[i].change == WEIR_PREVIEW_SAME) continue;
        bool fresh = s->columns[i].change == WEIR_PREVIEW_NEW;
        paint(p, fresh ? GREEN : YELLOW);
        printf("  %s %s %s", fresh ? "+" : "~", s->columns[i].name, s->columns[i].type);
        paint(p, PLAIN);
    }
    for (size_t i = 0; i < s->n_removed; i++) {
        paint(p, RED);
        printf("  - %s", s->removed[i]);
        paint(p, PLAIN);
    }
    printf("\n");
}

static void put_rejects(cli_args *a, const painter *p, const weir_preview_stage *s) {
    for (const weir_preview_reject *r = s->rejects; r; r = r->next) {
        paint(p, RED);
        printf("! %s", shown(a, r->address, ""));
        if (r->field[0]) printf("  %s", shown(a, r->field, ""));
        printf("  %s", r->rule);
        paint(p, PLAIN);
        char text[512];
        size_t n = strlen(r->reason);
        n = weir_printable(text, sizeof text - 1, r->reason, n > 120 ? 120 : n);
        text[n] = '\0';
        printf("  %s\n", text);
    }
}

static bool put_stage(cli_args *a, const painter *p, const weir_preview *v, size_t i) {
    const weir_preview_stage *s = &v->stages[i];
    bool load = i > 0 && !s->columns; /* rejected behind the last operator */
    if (load) {
        printf("\n%s%llu rejected\n", v->n_stages > 2 ? "load: " : "",
               (unsigned long long)s->n_rejected);
        put_rejects(a, p, s);
        return true;
    }
    table t = {
        .a = a, .p = *p, .stage = s, .before = i ? s - 1 : NULL, .room = cli_terminal_width()};
    if (i && s->n_columns == (s - 1)->n_columns) t.also = s->filtered;
    put_title(p, i, s, i == 0);
    if ((s->n_rows || i == 0) && s->n_columns && !put_rows(&t, s, s->rows, false)) return false;
    if (s->filtered && !put_rows(&t, s - 1, s->filtered, true)) return false;
    put_rejects(a, p, s);
    return true;
}

static void put_head(const weir_preview *v) {
    char x[32];
    if (v->n_splits == 1)
        printf("%s", v->first_split);
    else
        printf("%s and %zu more", v->first_split, v->n_splits - 1);
    if (v->bytes) printf(", %s", cli_size(v->bytes, x));
    if (v->format) printf(", %s", v->format);
    if (v->dialect[0]) printf(": %s", v->dialect);
    printf("\n\n");
}

static int print_text(cli_args *a, const weir_preview *v) {
    painter p = {.color = cli_color(a, STDOUT_FILENO)};
    if (v->n_splits == 0) {
        printf("%s: nothing to read\n", v->step);
        return EXIT_OK;
    }
    if (!a->quiet) put_head(v);
    for (size_t i = 0; i < v->n_stages; i++)
        if (!put_stage(a, &p, v, i) || a->short_of_memory) {
            weir_error err = {0};
            (void)weir_error_nomem(&err);
            return cli_fail(&err);
        }
    if (v->more && !a->quiet) printf("\nthese are the first rows; -n N shows more\n");
    return EXIT_OK;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void json_text(const char *name, const char *text) {
    printf("\"%s\":", name);
    cli_json_string(text, strlen(text));
}

static void json_columns(const weir_preview_stage *s) {
    static const char *const changes[] = {"same", "added", "retyped"};
    printf("\"columns\":[");
    for (uint32_t i = 0; i < s->n_columns; i++) {
        printf("%s{", i ? "," : "");
        json_text("name", s->columns[i].name);
        printf(",");
        json_text("type", s->columns[i].type);
        printf(",\"not_null\":%s,\"change\":\"%s\"}", s->columns[i].not_null ? "true" : "false",
               changes[s->columns[i].change]);
    }
    printf("],\"removed\":[");
    for (size_t i = 0; i < s->n_removed; i++) {
        if (i) putchar(',');
        cli_json_string(s->removed[i], strlen(s->removed[i]));
    }
    printf("]");
}

static void json_rows(const char *name, const weir_preview_stage *s, const weir_preview_row *rows) {
    printf(",\"%s\":[", name);
    for (const weir_preview_row *r = rows; r; r = r->next) {
        printf("%s{", r == rows ? "" : ",");
        for (uint32_t i = 0; i < s->n_columns; i++) {
            if (i) putchar(',');
            cli_json_string(s->columns[i].name, strlen(s->columns[i].name));
            printf(":%s", r->cells[i].json);
        }
        printf("}");
    }
    printf("]");
}

/* The names of changed cells of each row. */
static void json_changed(const weir_preview_stage *s) {
    printf(",\"changed\":[");
    for (const weir_preview_row *r = s->rows; r; r = r->next) {
        bool any = false;
        printf("%s[", r == s->rows ? "" : ",");
        for (uint32_t i = 0; i < s->n_columns; i++) {
            if (!r->cells[i].changed) continue;
            if (any) putchar(',');
            any = true;
            cli_json_string(s->columns[i].name, strlen(s->columns[i].name));
        }
        printf("]");
    }
    printf("]");
}

static void json_rejects(const weir_preview_stage *s) {
    printf(",\"rejected\":[");
    for (const weir_preview_reject *r = s->rejects; r; r = r->next) {
        printf("%s{", r == s->rejects ? "" : ",");
        json_text("address", r->address);
        printf(",");
        json_text("field", r->field);
        printf(",");
        json_text("rule", r->rule);
        printf(",");
        json_text("reason", r->reason);
        printf(",");
        json_text("raw", r->raw);
        printf("}");
    }
    printf("]");
}

/* One object a stage. */
static int print_json(const weir_preview *v) {
    for (size_t i = 0; i < v->n_stages; i++) {
        const weir_preview_stage *s = &v->stages[i];
        printf("{\"stage\":%zu,", i);
        json_text("name", s->name);
        if (i == 0 && v->dialect[0]) {
            printf(",");
            json_text("dialect", v->dialect);
        }
        printf(",");
        json_columns(s);
        json_rows("rows", s, s->rows);
        json_changed(s);
        if (i) json_rows("filtered", s - 1, s->filtered);
        json_rejects(s);
        printf("}\n");
    }
    return EXIT_OK;
}

int cli_cmd_preview(cli_args *a) {
    weir_session s;
    weir_error err = {0};
    weir_preview v;
    uint64_t rows = 20;
    const char *limit = cli_flag_value(a, "--rows"), *step;
    if (limit &&
        (!weir_option_parse_size(weir_slice_of(limit), &rows) || rows == 0 || rows > ROWS_MAX)) {
        return cli_usage("weir preview: -n wants a number of rows, 1 to %u, not %s\n", ROWS_MAX,
                         limit);
    }
    weir_session_init(&s);
    int code;
    cli_catch_signals(&s);
    if (cli_load_any(a, &s, 0, &step, &err) != WEIR_OK ||
        weir_api_preview(&s, step, rows, &v, &err) != WEIR_OK)
        code = cli_fail_diags(&s.diags, &err);
    else
        code = a->json ? print_json(&v) : print_text(a, &v);
    code = cli_signal_exit_code(&s, code);
    weir_session_clear(&s);
    return code;
}

/* ---- schema -------------------------------------------------------------------------------- */

static size_t name_width(const weir_preview_stage *s) {
    size_t width = 0;
    for (uint32_t i = 0; i < s->n_columns; i++) {
        size_t w = width_of(s->columns[i].name);
        if (w > width && w <= 40) width = w;
    }
    return width;
}

static void put_column(const weir_preview_stage *s, uint32_t i, size_t width, const char *mark) {
    size_t w = width_of(s->columns[i].name);
    printf("  %s%s%*s  %s%s\n", mark, s->columns[i].name, (int)(width > w ? width - w : 0), "",
           s->columns[i].type, s->columns[i].not_null ? "!" : "");
}

/* What a stage does to the columns; of the source, all of them. */
static void put_schema_stage(const painter *p, const weir_preview_stage *s, size_t number) {
    static const char *const marks[] = {"", "+ ", "~ "};
    size_t width = name_width(s);
    if (number)
        printf("%zu %s\n", number, s->name);
    else
        printf("source\n");
    for (uint32_t i = 0; i < s->n_columns; i++) {
        weir_preview_change change = s->columns[i].change;
        if (number && change == WEIR_PREVIEW_SAME) continue;
        if (change) paint(p, change == WEIR_PREVIEW_NEW ? GREEN : YELLOW);
        put_column(s, i, width, marks[change]);
        if (change) paint(p, PLAIN);
    }
    for (size_t i = 0; i < s->n_removed; i++) printf("  - %s\n", s->removed[i]);
}

static void put_sink_columns(const weir_preview_stage *s) {
    size_t width = name_width(s);
    printf("sink\n");
    for (uint32_t i = 0; i < s->n_columns; i++) put_column(s, i, width, "");
}

static int schema_show(cli_args *a) {
    weir_session s;
    weir_error err = {0};
    weir_preview v;
    const char *step;
    weir_session_init(&s);
    cli_catch_signals(&s);
    int code = EXIT_OK;
    if (cli_load_any(a, &s, 1, &step, &err) != WEIR_OK ||
        weir_api_preview(&s, step, 0, &v, &err) != WEIR_OK) {
        code = cli_fail_diags(&s.diags, &err);
    } else if (a->json) {
        for (size_t i = 0; i < v.n_stages; i++) {
            printf("{\"stage\":%zu,", i);
            json_text("name", v.stages[i].name);
            printf(",");
            json_columns(&v.stages[i]);
            printf("}\n");
        }
    } else {
        painter p = {.color = cli_color(a, STDOUT_FILENO)};
        for (size_t i = 0; i < v.n_stages; i++) put_schema_stage(&p, &v.stages[i], i);
        if (v.n_stages > 1) put_sink_columns(&v.stages[v.n_stages - 1]);
        if (v.n_stages == 0) printf("%s: nothing to read\n", v.step);
    }
    code = cli_signal_exit_code(&s, code);
    weir_session_clear(&s);
    return code;
}

int cli_cmd_schema(cli_args *a) {
    const char *verb = a->words[0];
    if (strcmp(verb, "json") == 0) {
        weir_buf text = {0};
        bool ok = weir_api_schema(&text);
        if (ok) fwrite(text.data, 1, text.size, stdout);
        weir_buf_clear(&text);
        return ok ? EXIT_OK : EXIT_FAILED;
    }
    if (strcmp(verb, "show") != 0) {
        return cli_usage("weir schema: show or json, not %s\n", verb);
    }
    if (a->n < 2) {
        return cli_usage("weir schema show: name a pipeline FILE or a data file\n");
    }
    return schema_show(a);
}
