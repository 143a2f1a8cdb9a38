/* Files that come with the outcome they must have, through the program.
 *
 *     check_expected WORK DECIDED FILE...
 *
 * A CSV file with its values in ../json/NAME.json must give these values; one called bad must fail
 * or have its records rejected.  A JSON file called y_ or pass must be read, one called n_ or fail
 * must not, one called i_ may do either; what is read must be the very value: once as it stands,
 * once as the member of a record.  DECIDED lists what decides otherwise (its head has the form).
 *
 * WEIR is the program, WEIR_CORPUS the folder that names count from, WEIR_JOBS, WEIR_TIMEOUT_S as
 * for check_files.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/grid.h"
#include "conformance/summary.h"
#include "support/plain_json.h"
#include "support/process.h"

typedef struct plan {
    char *program;
    const char *work, *root;
    char **files, *decided;
    int timeout_s;
} plan;

typedef struct trial {
    const plan *p;
    const char *path, *name, *base;
    char dir[512], why[700];
    summary sum;
    int code;
} trial;

__attribute__((format(printf, 2, 3))) static bool fail(trial *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (!t->why[0]) vsnprintf(t->why, sizeof t->why, format, args);
    va_end(args);
    return false;
}

/* The word behind DECISION for this file; NULL when nothing is decided. */
static const char *decided(const trial *t, const char *decision, char *rest, size_t rest_size) {
    size_t n = strlen(t->name), k = strlen(decision);
    for (const char *p = t->p->decided; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, t->name, n) != 0 || strncmp(p + n, " | ", 3) != 0) continue;
        const char *q = p + n + 3, *end = strstr(q, " | ");
        if (!end || strncmp(q, decision, k) != 0 || (q[k] != ' ')) continue;
        snprintf(rest, rest_size, "%.*s", q + k < end ? (int)(end - q - (long)k - 1) : 0,
                 q + k + 1);
        return rest;
    }
    return NULL;
}

static bool is_decided(const trial *t, const char *decision) {
    char rest[200];
    return decided(t, decision, rest, sizeof rest) != NULL;
}

static FILE *create(const trial *t, const char *name) {
    char path[700];
    snprintf(path, sizeof path, "%s/%s", t->dir, name);
    return fopen(path, "wb");
}

static char *slurp_in(const trial *t, const char *name, size_t *size) {
    char path[700];
    snprintf(path, sizeof path, "%s/%s", t->dir, name);
    return process_slurp(path, size);
}

static bool run(trial *t, size_t steps) {
    char *const args[] = {t->p->program, "run", "p.yaml", "-o", "json", NULL};
    process_result r;
    char path[700];
    snprintf(path, sizeof path, "%s/out", t->dir);
    if (!process_run(args, t->dir, "out", "err", t->p->timeout_s, &r))
        return fail(t, "cannot be started");
    t->code = r.code;
    if (r.timed_out) return fail(t, "hangs");
    if (r.signal) return fail(t, "ended by signal %d", r.signal);
    if (r.code < 0 || r.code > 4) return fail(t, "exit code %d", r.code);
    if (!summary_read(path, &t->sum) || t->sum.n != steps) return fail(t, "no summary");
    for (size_t i = 0; i < steps; i++)
        if (!t->sum.steps[i].ok && (!t->sum.steps[i].told || r.code == 0))
            return fail(t, "step %zu fails silently", i + 1);
    return true;
}

static bool starts(const char *s, const char *with) {
    return strncmp(s, with, strlen(with)) == 0;
}

/* ---- CSV ----------------------------------------------------------------------------------- */

/* Copies the file, with CR LF for LF where that is decided. */
static bool lay_out_csv(trial *t, bool header) {
    size_t size = 0;
    char *text = process_slurp(t->path, &size);
    FILE *in = create(t, "in"), *yaml = create(t, "p.yaml");
    if (!text || !in || !yaml) return fail(t, "cannot be laid out");
    bool crlf = is_decided(t, "crlf");
    for (size_t i = 0; i < size; i++) {
        if (crlf && text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) fputc('\r', in);
        fputc(text[i], in);
    }
    fprintf(yaml,
            "name: x\nsource: { path: [\"in\"], format: csv, infer: none, header: %s%s }\n"
            "rejects: { max_ratio: 100%%, path: rejects.csv }\n"
            "sink: { path: out.ndjson, mode: replace, order: keep }\n",
            header ? "true" : "false", is_decided(t, "stray_quotes") ? ", stray_quotes: keep" : "");
    fclose(in);
    fclose(yaml);
    free(text);
    return true;
}

/* A row of the expected file against one of ours.  Its authors know no null. */
static bool same_row(trial *t, const grid *got, size_t row, const plain_json *want) {
    char other[200];
    const char *left_out = decided(t, "other", other, sizeof other);
    if (want->n != got->columns) return fail(t, "row %zu: %zu columns", row + 1, got->columns);
    const plain_json *v = want->first;
    for (size_t c = 0; v; v = v->next, c++) {
        size_t at = c;
        if (want->kind == PLAIN_OBJECT)
            for (at = 0; at < got->columns && strcmp(got->names[at], v->key) != 0;) at++;
        if (at == got->columns) return fail(t, "there is no column %s", v->key);
        if (left_out && strcmp(got->names[at], left_out) == 0) continue;
        const grid_cell *cell = &got->cells[row * got->columns + at];
        grid_cell w = {.text = v->text, .size = v->size};
        if (v->kind != PLAIN_TEXT || !grid_cell_same(cell, &w, GRID_NO_EMPTY))
            return fail(t, "row %zu, column %s: [%s], not [%s]", row + 1, got->names[at],
                        cell->text ? cell->text : "null", v->text ? v->text : "?");
    }
    return true;
}

static bool same_rows(trial *t, const char *json, size_t json_size) {
    grid got;
    size_t size = 0, at = 0;
    plain_json *want = plain_json_read(json, json_size, &at);
    char *text = slurp_in(t, "out.ndjson", &size);
    if (!want || at != json_size || !text) return fail(t, "there is nothing to compare");
    grid_of_ndjson(&got, text, size);
    /* One of the files holds a single object instead of a list of one. */
    const plain_json *row = want->kind == PLAIN_LIST ? want->first : want;
    size_t n = want->kind == PLAIN_LIST ? want->n : 1;
    bool same = !got.why[0] && got.rows == n;
    if (!same) fail(t, "%zu rows, not %zu %s", got.rows, n, got.why);
    for (size_t i = 0; same && i < n; i++, row = row->next) same = same_row(t, &got, i, row);
    grid_clear(&got);
    plain_json_free(want);
    free(text);
    return same;
}

static bool check_bad_csv(trial *t) {
    char rule[100];
    const summary_step *s = &t->sum.steps[0];
    if (is_decided(t, "good"))
        return (s->ok && s->rejected == 0) || fail(t, "is refused, though it may not be");
    if (is_decided(t, "error"))
        return (!s->ok && s->read == 0) || fail(t, "is read, though the file must fail");
    if (!decided(t, "reject", rule, sizeof rule)) return fail(t, "nothing is decided of it");
    if (s->ok || s->loaded || !s->rejected) return fail(t, "its records are not rejected");
    grid g;
    size_t size = 0;
    char *text = slurp_in(t, "rejects.csv", &size);
    if (!text) return fail(t, "its rejects are lost");
    grid_of_csv(&g, text, size, ',', false);
    size_t c = 0;
    while (c < g.columns && strcmp(g.names[c], "rule") != 0) c++;
    bool ok = g.rows == s->rejected && c < g.columns;
    for (size_t i = 0; ok && i < g.rows; i++) {
        const char *found = g.cells[i * g.columns + c].text;
        if (!found || strcmp(found, rule) != 0) ok = fail(t, "rule %s, not %s", found, rule);
    }
    if (!ok) fail(t, "%zu rejects, and %zu of them written", s->rejected, g.rows);
    grid_clear(&g);
    free(text);
    return ok;
}

static bool check_csv(trial *t) {
    bool spectrum = strstr(t->name, "csv-spectrum") != NULL;
    if (!lay_out_csv(t, spectrum || starts(t->base, "header-") || starts(t->base, "bad-")) ||
        !run(t, 1))
        return false;
    if (starts(t->base, "bad-")) return check_bad_csv(t);
    char path[700];
    size_t size = 0, stem = strlen(t->base) - 4;
    snprintf(path, sizeof path, "%.*s/../json/%.*s.json", (int)(t->base - t->path), t->path,
             (int)stem, t->base);
    char *json = process_slurp(path, &size);
    if (!json) return fail(t, "there are no expected values");
    const summary_step *s = &t->sum.steps[0];
    bool same = s->ok && s->rejected == 0;
    same = same ? same_rows(t, json, size) : fail(t, "it is refused");
    free(json);
    return same;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static bool lay_out_json(trial *t, const char *text, size_t size) {
    FILE *in = create(t, "in"), *member = create(t, "member"), *yaml = create(t, "p.yaml");
    if (!in || !member || !yaml) return fail(t, "cannot be laid out");
    fwrite(text, 1, size, in);
    fprintf(member, "{\"v\":");
    fwrite(text, 1, size, member);
    fprintf(member, "}");
    fprintf(yaml, "name: x\nsteps:\n");
    for (int i = 0; i < 2; i++)
        fprintf(yaml,
                "  s%d:\n"
                "    source: { path: [\"%s\"], format: json, max_depth: 1024, repeated_names: last,"
                " infer: none, columns: { %s: json } }\n"
                "    rejects: { max_ratio: 100%% }\n"
                "    sink: { path: o%d.ndjson, mode: replace, order: keep }\n",
                i, i ? "member" : "in", i ? "v" : "value", i);
    fclose(in);
    fclose(member);
    fclose(yaml);
    return true;
}

/* Null where v is absent. */
static bool same_value(const plain_json *got, const plain_json *want) {
    if (!want || !got) return !want && got && got->kind == PLAIN_NULL;
    return plain_json_equal(got, want);
}

/* Line number i of an output; NULL when there is none. */
static plain_json *record(const char *text, size_t size, size_t i) {
    size_t at = 0;
    plain_json *v = NULL;
    for (size_t k = 0; k <= i && at < size; k++) {
        plain_json_free(v);
        v = plain_json_read(text, size, &at);
        if (!v) return NULL;
        if (k == i) return v;
    }
    plain_json_free(v);
    return NULL;
}

/* As it stands: an object is a record, the items of an array are, another value is one. */
static bool same_as_records(trial *t, const plain_json *want) {
    size_t size = 0, n = want->kind == PLAIN_LIST ? want->n : 1;
    char *text = slurp_in(t, "o0.ndjson", &size);
    bool same = text && t->sum.steps[0].loaded == n;
    if (!same) fail(t, "as it stands: %zu records, not %zu", t->sum.steps[0].loaded, n);
    const plain_json *item = want->kind == PLAIN_LIST ? want->first : want;
    for (size_t i = 0; same && i < n; i++, item = item->next) {
        plain_json *got = record(text, size, i);
        same = got && got->kind == PLAIN_OBJECT;
        if (same && item->kind != PLAIN_OBJECT)
            same = same_value(plain_json_member(got, "value", 5), item);
        for (const plain_json *m = same && item->kind == PLAIN_OBJECT ? got->first : NULL; m;
             m = m->next)
            if (!m->key_size || strcmp(m->key, "value") != 0)
                same = same && same_value(plain_json_member(got, m->key, m->key_size),
                                          plain_json_member(item, m->key, m->key_size));
        if (!same) fail(t, "as it stands: record %zu is another value", i + 1);
        plain_json_free(got);
    }
    free(text);
    return same;
}

static bool same_as_member(trial *t, const plain_json *want) {
    size_t size = 0;
    char *text = slurp_in(t, "o1.ndjson", &size);
    plain_json *got = text ? record(text, size, 0) : NULL;
    const plain_json *v = got ? plain_json_member(got, "v", 1) : NULL;
    bool same = v && plain_json_equal(v, want);
    if (!same) fail(t, "as a member: another value");
    plain_json_free(got);
    free(text);
    return same;
}

static bool check_json(trial *t) {
    size_t size = 0, at = 0;
    char *text = process_slurp(t->path, &size);
    if (!text || !lay_out_json(t, text, size) || !run(t, 2)) return false;
    plain_json *want = plain_json_read(text, size, &at);
    if (want && at != size) {
        plain_json_free(want);
        want = NULL;
    }
    bool good[2];
    for (int i = 0; i < 2; i++) good[i] = t->sum.steps[i].ok && t->sum.steps[i].rejected == 0;
    bool must = starts(t->base, "y_") || starts(t->base, "pass");
    bool never = starts(t->base, "n_") || starts(t->base, "fail");
    bool ok = true;
    if (is_decided(t, "good")) must = true, never = false;
    if (is_decided(t, "bad")) never = true, must = false;
    if (must && (!good[0] || !good[1]))
        ok = fail(t, "%s: it is refused", good[0] ? "as a member" : "as it stands");
    if (never && ((good[0] && !is_decided(t, "sequence")) || good[1]))
        ok = fail(t, "%s: it is read", good[0] ? "as it stands" : "as a member");
    if (ok && must && !want) ok = fail(t, "the plain reader refuses it");
    if (ok && want && good[0] && !never) ok = same_as_records(t, want);
    if (ok && want && good[1]) ok = same_as_member(t, want);
    plain_json_free(want);
    free(text);
    return ok;
}

/* ---- one file ------------------------------------------------------------------------------ */

static void one(void *context, size_t i) {
    const plan *p = context;
    trial t = {.p = p, .path = p->files[i]};
    size_t root = strlen(p->root);
    t.name = strncmp(t.path, p->root, root) == 0 ? t.path + root : t.path;
    while (*t.name == '/') t.name++;
    t.base = strrchr(t.path, '/') ? strrchr(t.path, '/') + 1 : t.path;
    snprintf(t.dir, sizeof t.dir, "%s/%zu", p->work, i);
    size_t n = strlen(t.base);
    if (mkdir(t.dir, 0755) != 0)
        fail(&t, "cannot be laid out");
    else if (n > 4 && strcmp(t.base + n - 4, ".csv") == 0)
        check_csv(&t);
    else
        check_json(&t);
    if (t.why[0])
        process_say("not ok expected/%s: %s", t.name, t.why);
    else
        process_say("ok expected/%s", t.name);
    if (!getenv("WEIR_KEEP")) summary_remove_dir(t.dir);
}

int main(int argc, char **argv) {
    const char *jobs = getenv("WEIR_JOBS"), *timeout = getenv("WEIR_TIMEOUT_S");
    const char *root = getenv("WEIR_CORPUS");
    plan p = {.program = getenv("WEIR"), .root = root ? root : "", .files = argv + 3};
    if (argc < 4 || !p.program) {
        fprintf(stderr, "usage: WEIR=PROGRAM check_expected WORK DECIDED FILE...\n");
        return 2;
    }
    p.work = argv[1];
    p.decided = process_slurp(argv[2], NULL);
    p.timeout_s = timeout ? (int)strtol(timeout, NULL, 10) : 20;
    bool ok = p.decided &&
              process_share((size_t)argc - 3, jobs ? (int)strtol(jobs, NULL, 10) : 2, one, &p);
    free(p.decided);
    if (ok) return 0;
    printf("not ok expected: the driver died, or %s is missing\n", argv[2]);
    return 1;
}
