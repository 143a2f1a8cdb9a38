/* Files from the wild through the program: nothing crashes, hangs or takes more memory than it may,
 * and what is written is what a plain reader sees in the input.
 *
 *     check_files WORK csv|json FILE...
 *
 * Each file goes through three processes: a run of six steps (types found in the whole file, in its
 * beginning, not at all; into CSV and into NDJSON), a preview of it, and `weir copy` as a person
 * would type it.  One line a file, in the protocol of tests/README.md.
 *
 * WEIR is the program; WEIR_JOBS how many files at once; WEIR_MEMORY_KIB what a process may hold
 * (0: not looked at); WEIR_TIMEOUT_S after how many seconds it hangs.
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

enum { INFERS = 3, STEPS = 6 };
static const char *const infers[INFERS] = {"none", "sample", "full"};

typedef struct sweep {
    const char *program, *work, *root;
    char **files;
    bool json;
    long memory_kib;
    int timeout_s;
} sweep;

/* One file under test. */
typedef struct trial {
    const sweep *s;
    const char *path, *name, *format;
    char dir[512];
    char why[700];
    bool ok[STEPS];
    size_t rejected[STEPS];
} trial;

__attribute__((format(printf, 2, 3))) static bool fail(trial *t, const char *format, ...) {
    if (t->why[0]) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(t->why, sizeof t->why, format, args);
    va_end(args);
    return false;
}

static char *slurp_in(const trial *t, const char *name, size_t *size) {
    char path[700];
    snprintf(path, sizeof path, "%s/%s", t->dir, name);
    return process_slurp(path, size);
}

static bool has_suffix(const char *s, const char *end) {
    size_t n = strlen(s), k = strlen(end);
    return n >= k && strcmp(s + n - k, end) == 0;
}

static const char *format_of(const sweep *s, const char *path) {
    if (!s->json) return has_suffix(path, ".tsv") ? "tsv" : "csv";
    return has_suffix(path, "ndjson") || has_suffix(path, "jsonl") ? "ndjson" : "json";
}

/* ---- processes ----------------------------------------------------------------------------- */

/* Runs the program and checks what holds for every outcome. */
static bool run(trial *t, const char *what, char *const argv[], int *code) {
    process_result r;
    char err[64];
    snprintf(err, sizeof err, "%s.err", what);
    char out[64];
    snprintf(out, sizeof out, "%s.out", what);
    if (!process_run(argv, t->dir, out, err, t->s->timeout_s, &r))
        return fail(t, "%s: cannot be started", what);
    *code = r.code;
    if (r.timed_out) return fail(t, "%s: hangs", what);
    if (r.signal) return fail(t, "%s: ended by signal %d", what, r.signal);
    if (r.code < 0 || r.code > 4) return fail(t, "%s: exit code %d", what, r.code);
    if (t->s->memory_kib && r.max_rss_kib > t->s->memory_kib)
        return fail(t, "%s: takes %ld KiB", what, r.max_rss_kib);
    return true;
}

/* A failure must say something. */
static bool has_message(trial *t, const char *what) {
    char err[64];
    snprintf(err, sizeof err, "%s.err", what);
    size_t size = 0;
    char *text = slurp_in(t, err, &size);
    const char *said = text ? strstr(text, "weir: ") : NULL;
    /* Errors of a file come without the name of the program. */
    bool ok = (said && strlen(said) > 20) || (text && strchr(text, ':') && size > 40);
    free(text);
    return ok || fail(t, "%s: fails without a message", what);
}

/* The options of the plain reader's dialect: what is found by itself is not its matter.  A lone CR
 * ends lines when the first one ends so. */
static void plain_dialect(const trial *t, char *out, size_t room) {
    size_t size = 0, at = 0;
    char *text = process_slurp(t->path, &size);
    while (text && at < size && text[at] != '\n' && text[at] != '\r') at++;
    bool cr = text && at + 1 < size && text[at] == '\r' && text[at + 1] != '\n';
    free(text);
    snprintf(
        out, room,
        ", delimiter: \"%s\", quote: '\"', escape: none, comment: none, header: true, skip: 0, "
        "units: 0, skip_footer: 0, newline: %s, names: error, encoding: utf-8",
        strcmp(t->format, "tsv") == 0 ? "\\t" : ",", cr ? "cr" : "lf");
}

static void write_pipeline(const trial *t) {
    char path[700], dialect[300] = "";
    if (!t->s->json) plain_dialect(t, dialect, sizeof dialect);
    snprintf(path, sizeof path, "%s/p.yaml", t->dir);
    FILE *f = fopen(path, "w");
    if (!f) return;
    fprintf(f, "name: sweep\nsteps:\n");
    for (int i = 0; i < STEPS; i++) {
        fprintf(f,
                "  s%d:\n    source: { path: [\"in\"], format: %s, infer: %s, on_empty: ok%s }\n"
                "    rejects: { max_ratio: 100%% }\n"
                "    sink: { path: o%d.%s, mode: replace, order: keep }\n",
                i, t->format, infers[i / 2], dialect, i, i % 2 ? "ndjson" : "csv");
    }
    fclose(f);
}

static bool read_summary(trial *t, int code) {
    char path[700];
    summary all;
    snprintf(path, sizeof path, "%s/run.out", t->dir);
    if (!summary_read(path, &all)) return fail(t, "run: the summary is no JSON");
    if (all.n != STEPS) return fail(t, "run: %zu steps, not %d", all.n, STEPS);
    for (size_t i = 0; i < STEPS; i++) {
        const summary_step *s = &all.steps[i];
        t->ok[i] = s->ok;
        t->rejected[i] = s->rejected;
        if (!s->ok && !s->told) return fail(t, "run: step s%zu fails without a message", i);
        if (!s->ok && code == 0) return fail(t, "run: step s%zu failed with exit code 0", i);
        if (s->ok && s->read != s->loaded + s->rejected)
            return fail(t, "run: step s%zu does not balance", i);
    }
    for (size_t i = 1; i < STEPS; i++)
        if (t->ok[i] != t->ok[i & ~(size_t)1])
            return fail(t, "run: with infer %s, CSV and NDJSON end differently", infers[i / 2]);
    return true;
}

/* ---- CSV ----------------------------------------------------------------------------------- */

static void read_output(const trial *t, int step, grid *g) {
    char name[32];
    size_t size = 0;
    snprintf(name, sizeof name, "o%d.%s", step, step % 2 ? "ndjson" : "csv");
    char *text = slurp_in(t, name, &size);
    memset(g, 0, sizeof *g);
    if (!text)
        snprintf(g->why, sizeof g->why, "there is no %s", name);
    else if (step % 2)
        grid_of_ndjson(g, text, size);
    else
        grid_of_csv(g, text, size, ',', false);
    free(text);
}

/* Packed files are not for the plain reader: tests/corpus compares them with what Python unpacks.
 */
static bool packed(const char *text, size_t size) {
    static const struct {
        const char *magic;
        size_t n;
    } known[] = {{"PK\3\4", 4},
                 {"\x1F\x8B", 2},
                 {"\x28\xB5\x2F\xFD", 4},
                 {"BZh", 3},
                 {"\xFD"
                  "7zXZ",
                  5}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (size > known[i].n && memcmp(text, known[i].magic, known[i].n) == 0) return true;
    return false;
}

/* Each output against what the plain reader sees. */
static bool compare_csv(trial *t, const char *text, size_t size) {
    grid want, got;
    char why[500];
    grid_of_csv(&want, text, size, strcmp(t->format, "tsv") == 0 ? '\t' : ',', false);
    bool same = true, empty = strcmp(want.why, "no header") == 0;
    for (int i = 0; same && i < STEPS; i++) {
        /* All records are bad: the run fails, and writes nothing.  Blank files are left out, as the
         * pipeline says on_empty: ok. */
        bool good = empty || (!want.why[0] && (want.rows || !want.bad));
        if (t->ok[i] != good) {
            same = fail(t, "infer %s: %s, the plain reader: %s", infers[i / 2],
                        t->ok[i] ? "read" : "refused",
                        good          ? "read"
                        : want.why[0] ? want.why
                                      : "all bad");
            break;
        }
        if (!good || empty) continue;
        read_output(t, i, &got);
        /* In a file of one column null and the empty text look alike. */
        grid_match match = i >= 2                            ? GRID_SAME_VALUE
                           : i % 2 == 0 && want.columns == 1 ? GRID_NO_EMPTY
                                                             : GRID_EXACT;
        if (!grid_same(&got, &want, match, why, sizeof why))
            same = fail(t, "infer %s, %s: %s", infers[i / 2], i % 2 ? "ndjson" : "csv", why);
        else if (t->rejected[i] != want.bad)
            same =
                fail(t, "infer %s: %zu rejects, not %zu", infers[i / 2], t->rejected[i], want.bad);
        grid_clear(&got);
    }
    grid_clear(&want);
    return same;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static int depth_of(const plain_json *v) {
    int most = 0;
    for (const plain_json *m = v->first; m; m = m->next) {
        int d = depth_of(m);
        most = d > most ? d : most;
    }
    return most + 1;
}

static bool plain_names(const plain_json *v) {
    for (const plain_json *m = v->first; m; m = m->next) {
        if (v->kind == PLAIN_OBJECT && plain_json_member(v, m->key, m->key_size) != m) return false;
        if (v->kind == PLAIN_OBJECT && (m->key_size == 0 || strlen(m->key) != m->key_size))
            return false;
        if (!plain_names(m)) return false;
    }
    return true;
}

/* All values of a text, one behind the other; NULL when something is no JSON.  An array gives its
 * items.  lines: one value a line. */
static plain_json *all_values(const char *text, size_t size, bool lines) {
    plain_json *all = calloc(1, sizeof *all);
    size_t at = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    all->kind = PLAIN_LIST;
    while (at < size && strspn(text + at, " \t\r\n") < size - at) {
        const char *end = lines ? memchr(text + at, '\n', size - at) : NULL;
        size_t to = end ? (size_t)(end - text) + 1 : size;
        if (lines && strspn(text + at, " \t\r\n") >= to - at) {
            at = to;
            continue;
        }
        plain_json *v = plain_json_read(text, to, &at);
        if (!v || (lines && at != to)) {
            plain_json_free(v);
            plain_json_free(all);
            return NULL;
        }
        if (all->last)
            all->last->next = v;
        else
            all->first = v;
        all->last = v;
        all->n++;
    }
    return all;
}

/* The values of all records; false: what becomes of some of them is a matter of rules that are
 * tested elsewhere. */
static bool simple_records(const plain_json *all) {
    for (const plain_json *v = all->first; v; v = v->next)
        if (v->kind != PLAIN_OBJECT || v->n == 0 || depth_of(v) > 60 || !plain_names(v))
            return false;
    return all->n > 0;
}

/* A member as it was and as it came out.  A column of several kinds becomes text or JSON; numbers
 * keep their value; dates may come out in another form. */
static bool same_member(const plain_json *was, const plain_json *is) {
    if (!was || was->kind == PLAIN_NULL) return is->kind == PLAIN_NULL;
    if (plain_json_equal(was, is)) return true;
    grid_cell a = {.text = was->text, .size = was->size}, b = {.text = is->text, .size = is->size};
    if (was->kind == PLAIN_TRUE || was->kind == PLAIN_FALSE)
        a = (grid_cell){.text = (char *)(was->kind == PLAIN_TRUE ? "true" : "false"),
                        .size = was->kind == PLAIN_TRUE ? 4 : 5};
    return is->kind == PLAIN_TEXT && a.text && grid_cell_same(&b, &a, GRID_SAME_VALUE);
}

static bool compare_records(trial *t, int step, const plain_json *all) {
    char name[32];
    size_t size = 0, row = 0;
    snprintf(name, sizeof name, "o%d.ndjson", step);
    char *text = slurp_in(t, name, &size);
    plain_json *out = text ? all_values(text, size, true) : NULL;
    bool same = out && out->n == all->n;
    if (!same)
        fail(t, "infer %s: %zu records, not %zu", infers[step / 2], out ? out->n : 0, all->n);
    const plain_json *is = out ? out->first : NULL;
    for (const plain_json *was = all->first; same && was; was = was->next, is = is->next, row++) {
        for (const plain_json *m = was->first; same && m; m = m->next)
            if (!plain_json_member(is, m->key, m->key_size))
                same =
                    fail(t, "infer %s: record %zu: %s is lost", infers[step / 2], row + 1, m->key);
        for (const plain_json *m = is->first; same && m; m = m->next)
            if (!same_member(plain_json_member(was, m->key, m->key_size), m))
                same = fail(t, "infer %s: record %zu: another value in %s", infers[step / 2],
                            row + 1, m->key);
    }
    plain_json_free(out);
    free(text);
    return same;
}

static bool compare_json(trial *t, const char *text, size_t size) {
    bool lines = strcmp(t->format, "ndjson") == 0;
    plain_json *all = all_values(text, size, lines);
    if (!all && memchr(text, 0, size)) return true; /* UTF-16: tests/pipelines/encodings */
    if (!all && lines) { /* a record may go over lines, and lines may end with CR */
        all = all_values(text, size, false);
        lines = false;
    }
    if (all && !lines && all->n == 1 && all->first->kind == PLAIN_LIST) {
        plain_json *list = all->first;
        all->first = NULL;
        plain_json_free(all);
        all = list;
    }
    bool same = true;
    if (!all) {
        for (int i = 0; same && i < STEPS; i++)
            if (t->ok[i] && t->rejected[i] == 0)
                same = fail(t, "infer %s: malformed, and nothing was rejected", infers[i / 2]);
    } else if (simple_records(all)) {
        for (int i = 0; same && i < STEPS; i++) {
            if (!t->ok[i] || t->rejected[i])
                same = fail(t, "infer %s: %s, though it is well formed", infers[i / 2],
                            t->ok[i] ? "has rejects" : "refused");
            else if (i % 2)
                same = compare_records(t, i, all);
        }
    }
    plain_json_free(all);
    return same;
}

/* ---- one file ------------------------------------------------------------------------------ */

static bool try_file(trial *t) {
    char *program = (char *)t->s->program;
    char *const run_args[] = {program, "run", "p.yaml", "-o", "json", NULL};
    char *const preview_args[] = {program, "preview", "p.yaml", "s4", "-n", "5", NULL};
    char *const copy_args[] = {program,           "copy", "in", "copy.ndjson", "--from-format",
                               (char *)t->format, NULL};
    int code = 0;
    size_t size = 0;
    write_pipeline(t);
    if (!run(t, "run", run_args, &code) || !read_summary(t, code)) return false;
    if (!run(t, "preview", preview_args, &code)) return false;
    if (code && !has_message(t, "preview")) return false;
    if (!run(t, "copy", copy_args, &code)) return false;
    if (code && !has_message(t, "copy")) return false;
    char *text = process_slurp(t->path, &size);
    if (!text) return fail(t, "cannot be read");
    bool same = packed(text, size) ||
                (t->s->json ? compare_json(t, text, size) : compare_csv(t, text, size));
    free(text);
    return same && !t->why[0];
}

static void one(void *context, size_t i) {
    const sweep *s = context;
    trial t = {.s = s, .path = s->files[i]};
    char link[600];
    size_t root = strlen(s->root);
    t.name = strncmp(t.path, s->root, root) == 0 ? t.path + root : t.path;
    while (*t.name == '/') t.name++;
    t.format = format_of(s, t.path);
    snprintf(t.dir, sizeof t.dir, "%s/%zu", s->work, i);
    snprintf(link, sizeof link, "%s/in", t.dir);
    if (mkdir(t.dir, 0755) != 0 || symlink(t.path, link) != 0)
        fail(&t, "cannot be laid out");
    else
        try_file(&t);
    if (t.why[0])
        process_say("not ok files/%s: %s", t.name, t.why);
    else
        process_say("ok files/%s", t.name);
    if (!getenv("WEIR_KEEP")) summary_remove_dir(t.dir);
}

int main(int argc, char **argv) {
    const char *jobs = getenv("WEIR_JOBS"), *memory = getenv("WEIR_MEMORY_KIB");
    const char *timeout = getenv("WEIR_TIMEOUT_S"), *root = getenv("WEIR_CORPUS");
    sweep s = {.program = getenv("WEIR"), .root = root ? root : ""};
    if (argc < 3 || !s.program) {
        fprintf(stderr, "usage: WEIR=PROGRAM check_files WORK csv|json FILE...\n");
        return 2;
    }
    s.work = argv[1];
    s.json = strcmp(argv[2], "json") == 0;
    s.files = argv + 3;
    s.memory_kib = memory ? strtol(memory, NULL, 10) : 256 << 10;
    s.timeout_s = timeout ? (int)strtol(timeout, NULL, 10) : 20;
    if (process_share((size_t)argc - 3, jobs ? (int)strtol(jobs, NULL, 10) : 2, one, &s)) return 0;
    printf("not ok files: a driver died\n");
    return 1;
}
