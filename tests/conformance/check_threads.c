/* Generated CSV, legal and not, through the program: with 1, 2 and 7 threads and chunks down to 64
 * bytes the same rows, the same rejects and the same addresses as a plain reader finds.
 *
 *     check_threads WORK FIRST_SEED COUNT
 *
 * One line for each 50 texts.  A failure names its seed: `check_threads DIR SEED 1` does it again
 * (with WEIR_KEEP=1 its files stay).  WEIR, WEIR_JOBS, WEIR_TIMEOUT_S as for check_files.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/grid.h"
#include "conformance/summary.h"
#include "support/csv_generate.h"
#include "support/process.h"
#include "text/utf8.h"

enum { EACH = 50 };

typedef struct plan {
    char *program;
    const char *work;
    uint64_t first;
    size_t count;
    int timeout_s;
} plan;

typedef struct trial {
    const plan *p;
    uint64_t seed;
    char dir[512], why[900];
    csv_world w;
    csv_text t;
    ref_rows want;
    unsigned threads;
    size_t chunk;
} trial;

__attribute__((format(printf, 2, 3))) static bool fail(trial *t, const char *format, ...) {
    va_list args;
    if (t->why[0]) return false;
    int n = snprintf(t->why, sizeof t->why,
                     "seed %llu, %u threads, chunks of %zu: ", (unsigned long long)t->seed,
                     t->threads, t->chunk);
    va_start(args, format);
    vsnprintf(t->why + n, sizeof t->why - (size_t)n, format, args);
    va_end(args);
    return false;
}

/* ---- what must come out -------------------------------------------------------------------- */

static const char *rule_of(const ref_row *r) {
    if (r->rule) return r->rule;
    for (unsigned c = 0; c < r->n_fields; c++)
        if (!weir_utf8_valid(r->fields[c].text, r->fields[c].size)) return "utf8";
    return NULL;
}

/* The raw form of a reject, as ARCHITECTURE.md says: text, or \x and hexadecimal digits. */
static void raw_of(const char *data, size_t size, grid_cell *out) {
    bool text = weir_utf8_valid(data, size) && !(size >= 2 && memcmp(data, "\\x", 2) == 0);
    out->text = malloc(size * 2 + 3);
    out->size = text ? size : size * 2 + 2;
    if (text) {
        memcpy(out->text, data, size);
        out->text[size] = '\0';
        return;
    }
    memcpy(out->text, "\\x", 3);
    for (size_t i = 0; i < size; i++)
        snprintf(out->text + 2 + i * 2, 3, "%02x", (unsigned char)data[i]);
}

static bool is_text(const grid_cell *c, const char *text) {
    return c->text && strcmp(c->text, text) == 0;
}

static bool is_number(const grid_cell *c, uint64_t n) {
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    return is_text(c, text);
}

static bool same_address(trial *t, const ref_row *r, const grid_cell *line, const grid_cell *byte) {
    if (is_number(line, r->line) && is_number(byte, r->begin)) return true;
    return fail(t, "line %s, byte %s: expected line %llu, byte %zu", line->text, byte->text,
                (unsigned long long)r->line, r->begin);
}

/* Columns of the output: those of the text, then _line and _byte. */
static bool same_row(trial *t, const ref_row *r, const grid *got, size_t row) {
    const grid_cell *cells = got->cells + row * got->columns;
    if (!same_address(t, r, &cells[r->n_fields], &cells[r->n_fields + 1])) return false;
    for (unsigned c = 0; c < r->n_fields; c++) {
        const ref_field *f = &r->fields[c];
        grid_cell want = {.text = f->size || f->quoted ? f->text : NULL, .size = f->size};
        if (!grid_cell_same(&cells[c], &want, GRID_EXACT))
            return fail(t, "line %llu, column %u: [%.100s], not [%.*s]",
                        (unsigned long long)r->line, c + 1, cells[c].text ? cells[c].text : "null",
                        (int)f->size, f->text);
    }
    return true;
}

static bool same_reject(trial *t, const ref_row *r, const char *rule, const grid *got, size_t row) {
    static const char *const names[] = {"line", "byte", "rule", "raw"};
    const grid_cell *cells[4] = {0};
    for (size_t c = 0; c < got->columns; c++)
        for (int k = 0; k < 4; k++)
            if (strcmp(got->names[c], names[k]) == 0)
                cells[k] = &got->cells[row * got->columns + c];
    for (int k = 0; k < 4; k++)
        if (!cells[k]) return fail(t, "the rejects have no column %s", names[k]);
    if (!same_address(t, r, cells[0], cells[1])) return false;
    if (!is_text(cells[2], rule))
        return fail(t, "line %llu: rule %s, not %s", (unsigned long long)r->line, cells[2]->text,
                    rule);
    grid_cell raw;
    raw_of(t->t.data + r->begin, r->end - r->begin, &raw);
    /* An empty raw form may be null. */
    bool same = grid_cell_same(cells[3], &raw, raw.size ? GRID_EXACT : GRID_NO_EMPTY);
    free(raw.text);
    return same || fail(t, "line %llu: another raw form", (unsigned long long)r->line);
}

static void read_grid(const trial *t, const char *name, grid *g) {
    char path[700];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", t->dir, name);
    char *text = process_slurp(path, &size);
    memset(g, 0, sizeof *g);
    if (text) grid_of_csv(g, text, size, ',', false);
    free(text);
}

static bool compare(trial *t) {
    grid rows, rejects;
    size_t good = 0, bad = 0;
    read_grid(t, "out.csv", &rows);
    read_grid(t, "rejects.csv", &rejects);
    bool same = !rows.bad && !rejects.bad;
    if (!same) fail(t, "the output is no CSV");
    for (size_t i = 0; same && i < t->want.n; i++) {
        const ref_row *r = &t->want.rows[i];
        const char *rule = rule_of(r);
        if (!rule && good < rows.rows)
            same = same_row(t, r, &rows, good);
        else if (rule && bad < rejects.rows)
            same = same_reject(t, r, rule, &rejects, bad);
        good += rule == NULL;
        bad += rule != NULL;
    }
    if (same && (rows.rows != good || rejects.rows != bad))
        same = fail(t, "%zu rows and %zu rejects, not %zu and %zu", rows.rows, rejects.rows, good,
                    bad);
    grid_clear(&rows);
    grid_clear(&rejects);
    return same;
}

/* ---- a run --------------------------------------------------------------------------------- */

static bool put_file(const trial *t, const char *name, const char *data, size_t size) {
    char path[700];
    snprintf(path, sizeof path, "%s/%s", t->dir, name);
    FILE *f = fopen(path, "wb");
    if (!f) return false;
    bool ok = fwrite(data, 1, size, f) == size;
    return fclose(f) == 0 && ok;
}

static bool write_pipeline(const trial *t) {
    const ref_dialect *d = &t->w.d;
    char quote[8], text[1200];
    snprintf(quote, sizeof quote,
             d->quote == '\'' ? "\"'\""
             : d->quote       ? "'%c'"
                              : "none",
             d->quote);
    int n =
        snprintf(text, sizeof text,
                 "name: threads\nlimits: { threads: %u }\n"
                 "source:\n  path: in.csv\n  infer: none\n  chunk: %zu\n  max_record: %zu\n"
                 "  delimiter: '%c'\n  quote: %s\n  newline: %s\n  metadata: [_line, _byte]\n"
                 "  header: true\n  skip: 0\n  units: 0\n  skip_footer: 0\n  comment: none\n%s"
                 "rejects: { max_ratio: 100%%, path: rejects.csv }\n"
                 "sink: { path: out.csv, mode: replace, order: keep }\n",
                 t->threads, t->chunk, d->max_record, d->delimiter, quote, d->lone_cr ? "cr" : "lf",
                 d->escape && d->escape != d->quote ? "  escape: '\\'\n" : "  escape: none\n");
    return put_file(t, "p.yaml", text, (size_t)n);
}

static bool run(trial *t) {
    char *const args[] = {t->p->program, "run", "p.yaml", "-o", "json", NULL};
    char path[700];
    process_result r;
    summary s;
    const char *const outputs[] = {"out.csv", "rejects.csv"};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", t->dir, outputs[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/out", t->dir);
    if (!write_pipeline(t) || !process_run(args, t->dir, "out", "err", t->p->timeout_s, &r))
        return fail(t, "cannot be started");
    if (r.timed_out) return fail(t, "hangs");
    if (r.signal) return fail(t, "ended by signal %d", r.signal);
    if (!summary_read(path, &s) || s.n != 1) return fail(t, "no summary, exit code %d", r.code);
    /* A run whose records are all rejected fails, and keeps the rejects. */
    if (r.code != (s.steps[0].loaded || !s.steps[0].rejected ? 0 : 3))
        return fail(t, "exit code %d", r.code);
    return compare(t);
}

static bool one_text(trial *t) {
    static const size_t chunks[] = {64, 65, 100, 128, 200, 1000, 4096, 70000};
    static const unsigned threads[] = {1, 2, 7};
    size_t head = csv_generate(t->seed, &t->w, &t->t), usable = 0;
    bool same = put_file(t, "in.csv", t->t.data, t->t.size);
    ref_read(&t->w.d, t->t.data, head, t->t.size, 2, &t->want);
    while (usable < sizeof chunks / sizeof *chunks && chunks[usable] <= t->w.d.max_record) usable++;
    /* Small chunks most often: there the work of the threads interleaves. */
    t->chunk = chunks[t->seed % 3 ? t->seed / 3 % usable : 0];
    for (int i = 0; same && i < 3; i++) {
        t->threads = threads[i];
        same = run(t);
    }
    ref_rows_free(&t->want);
    free(t->t.data);
    return same;
}

static void one(void *context, size_t i) {
    const plan *p = context;
    uint64_t from = p->first + i * EACH, to = from + EACH;
    if (to > p->first + p->count) to = p->first + p->count;
    for (uint64_t seed = from; seed < to; seed++) {
        trial t = {.p = p, .seed = seed};
        snprintf(t.dir, sizeof t.dir, "%s/%llu", p->work, (unsigned long long)seed);
        bool same = mkdir(t.dir, 0755) == 0 && one_text(&t);
        if (!getenv("WEIR_KEEP")) summary_remove_dir(t.dir);
        if (same) continue;
        process_say("not ok threads/%llu..%llu: %s", (unsigned long long)from,
                    (unsigned long long)to - 1, t.why[0] ? t.why : "cannot be laid out");
        return;
    }
    process_say("ok threads/%llu..%llu", (unsigned long long)from, (unsigned long long)to - 1);
}

int main(int argc, char **argv) {
    const char *jobs = getenv("WEIR_JOBS"), *timeout = getenv("WEIR_TIMEOUT_S");
    if (argc != 4 || !getenv("WEIR")) {
        fprintf(stderr, "usage: WEIR=PROGRAM check_threads WORK FIRST_SEED COUNT\n");
        return 2;
    }
    plan p = {.program = getenv("WEIR"),
              .work = argv[1],
              .first = strtoull(argv[2], NULL, 10),
              .count = (size_t)strtoull(argv[3], NULL, 10),
              .timeout_s = timeout ? (int)strtol(timeout, NULL, 10) : 20};
    if (process_share((p.count + EACH - 1) / EACH, jobs ? (int)strtol(jobs, NULL, 10) : 2, one, &p))
        return 0;
    printf("not ok threads: a driver died\n");
    return 1;
}
