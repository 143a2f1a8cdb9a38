#include "api/state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "text/encode.h"
#include "text/json.h"

/* ---- the folder ---------------------------------------------------------------------------- */

typedef weir_status (*each_file)(void *context, const char *path, const struct stat *st,
                                 weir_error *err);

/* Calls each for every regular file below a folder, two levels deep, as rejects lie; a folder that
 * is not there has none. */
static weir_status walk(const char *folder, int depth, each_file each, void *context,
                        weir_error *err) {
    DIR *d = opendir(folder);
    weir_status status = WEIR_OK;
    weir_buf path = {0};
    if (!d)
        return errno == ENOENT ? WEIR_OK : weir_error_errno(err, errno, "cannot read %s", folder);
    for (struct dirent *e; status == WEIR_OK && (e = readdir(d)) != NULL;) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        path.size = 0;
        if (!weir_buf_printf(&path, "%s/%s", folder, e->d_name)) {
            status = weir_error_nomem(err);
            break;
        }
        if (lstat(weir_buf_cstr(&path), &st) != 0) continue; /* gone meanwhile */
        if (S_ISDIR(st.st_mode) && depth > 0)
            status = walk(weir_buf_cstr(&path), depth - 1, each, context, err);
        else if (S_ISREG(st.st_mode))
            status = each(context, weir_buf_cstr(&path), &st, err);
    }
    closedir(d);
    weir_buf_clear(&path);
    return status;
}

static weir_status add_size(void *context, const char *path, const struct stat *st,
                            weir_error *err) {
    weir_state_sizes *sizes = context;
    (void)path;
    (void)err;
    sizes->reject_files++;
    sizes->reject_bytes += (uint64_t)st->st_size;
    return WEIR_OK;
}

static const char *folder_of(const weir_session *s) {
    return s->state->place;
}

weir_status weir_api_state_sizes(weir_session *s, weir_state_sizes *out, weir_error *err) {
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    weir_buf path = {0};
    weir_status status = WEIR_OK;
    *out = (weir_state_sizes){0};
    for (size_t i = 0; i < sizeof ends / sizeof *ends && status == WEIR_OK; i++) {
        struct stat st;
        path.size = 0;
        if (!weir_buf_printf(&path, "%s/state.db%s", folder_of(s), ends[i]))
            status = weir_error_nomem(err);
        else if (stat(weir_buf_cstr(&path), &st) == 0)
            out->database_bytes += (uint64_t)st.st_size;
    }
    path.size = 0;
    if (status == WEIR_OK && !weir_buf_printf(&path, "%s/rejects", folder_of(s)))
        status = weir_error_nomem(err);
    if (status == WEIR_OK) status = walk(weir_buf_cstr(&path), 2, add_size, out, err);
    weir_buf_clear(&path);
    return status;
}

/* ---- reset --------------------------------------------------------------------------------- */

/* The lease of the pipeline, for changes by hand. */
static weir_status take_lease(weir_session *s, weir_lease **out, weir_error *err) {
    char id[WEIR_RUN_ID_SIZE];
    weir_status status = weir_state_run_id(s->state, id, err);
    if (status == WEIR_OK)
        status = weir_state_lease_acquire(s->state, s->pipeline->name, id, out, err);
    return status;
}

weir_status weir_api_state_reset(weir_session *s, const char *step, weir_error *err) {
    weir_lease *lease = NULL;
    weir_status status = take_lease(s, &lease, err);
    if (status == WEIR_OK) status = weir_state_step_reset(lease, step, err);
    weir_state_lease_release(lease);
    return status;
}

/* ---- export -------------------------------------------------------------------------------- */

static void put_slice(weir_json_writer *w, const char *key, weir_slice text) {
    weir_json_key(w, key);
    weir_json_write_string_n(w, text.data, text.size);
}

static weir_status put_position(weir_session *s, const weir_batch *b, uint32_t row,
                                weir_json_writer *w, weir_error *err) {
    weir_slice step = weir_state_text(b, "step", row),
               print = weir_state_text(b, "fingerprint", row);
    char *step_text = weir_arena_strndup(&s->arena, step.data, step.size);
    char *print_text = weir_arena_strndup(&s->arena, print.data, print.size);
    weir_state_position p = {0};
    bool found = false;
    if (!step_text || !print_text) return weir_error_nomem(err);
    weir_status status = weir_state_position_get(s->state, s->pipeline->name, step_text, print_text,
                                                 &s->arena, &p, &found, NULL, err);
    if (status != WEIR_OK || !found) return status;
    char *hex = weir_arena_zero(&s->arena, p.bytes.size * 2 + 1, 1);
    if (!hex) return weir_error_nomem(err);
    weir_json_open(w, '{');
    put_slice(w, "kind", weir_slice_of("position"));
    put_slice(w, "step", step);
    put_slice(w, "fingerprint", print);
    put_slice(w, "bytes", (weir_slice){hex, weir_hex_encode(p.bytes.data, p.bytes.size, hex)});
    put_slice(w, "text", weir_slice_of(p.text));
    weir_json_close(w, '}');
    return WEIR_OK;
}

static void put_file(const weir_batch *b, uint32_t row, weir_json_writer *w) {
    static const char *const texts[] = {"step", "path", "hash"};
    static const char *const numbers[] = {"size_bytes", "mtime_ns", "rows"};
    weir_json_open(w, '{');
    put_slice(w, "kind", weir_slice_of("file"));
    for (size_t i = 0; i < 3; i++) put_slice(w, texts[i], weir_state_text(b, texts[i], row));
    for (size_t i = 0; i < 3; i++) {
        int f = weir_schema_find(b->schema, numbers[i], strlen(numbers[i]));
        weir_json_key(w, numbers[i]);
        weir_json_write_int(w, ((const int64_t *)b->columns[f]->values)[row]);
    }
    weir_json_close(w, '}');
}

static weir_status export_all(weir_session *s, weir_state_what what, weir_buf *out,
                              weir_error *err) {
    weir_state_filter filter = {.pipeline = s->pipeline->name, .limit = 10000};
    weir_status status = WEIR_OK;
    for (bool more = true; more && status == WEIR_OK; filter.offset += filter.limit) {
        weir_state_result found = {0};
        status = weir_state_query(s->state, what, &filter, NULL, &found, err);
        more = status == WEIR_OK && found.more;
        for (size_t i = 0; status == WEIR_OK && i < found.n; i++)
            for (uint32_t r = 0; status == WEIR_OK && r < found.batches[i]->length; r++) {
                weir_json_writer w = {.out = out};
                if (what == WEIR_STATE_FILES)
                    put_file(found.batches[i], r, &w);
                else
                    status = put_position(s, found.batches[i], r, &w, err);
                if (w.failed || !weir_buf_adds(out, "\n")) status = weir_error_nomem(err);
            }
        weir_state_result_clear(&found);
    }
    return status;
}

weir_status weir_api_state_export(weir_session *s, weir_buf *out, weir_error *err) {
    weir_json_writer w = {.out = out};
    weir_json_open(&w, '{');
    weir_json_key(&w, "weir_state");
    weir_json_write_int(&w, 1);
    put_slice(&w, "pipeline", weir_slice_of(s->pipeline->name));
    weir_json_close(&w, '}');
    if (w.failed || !weir_buf_adds(out, "\n")) return weir_error_nomem(err);
    weir_status status = export_all(s, WEIR_STATE_POSITIONS, out, err);
    return status == WEIR_OK ? export_all(s, WEIR_STATE_FILES, out, err) : status;
}

/* ---- import -------------------------------------------------------------------------------- */

typedef struct import {
    weir_session *s;
    uint64_t line;
    weir_error *err;
    struct entry {
        const char *step;
        bool is_file;
        weir_state_file file;
        weir_state_position position;
    } * items;
    size_t n, capacity;
} import;

static weir_status bad_line(import *m, const char *what, const char *hint) {
    weir_error_set(m->err, WEIR_USAGE, "line %llu: %s", (unsigned long long)m->line, what);
    if (hint) weir_error_hint(m->err, "%s", hint);
    return WEIR_USAGE;
}

static weir_status read_first(import *m, const weir_json *v) {
    int64_t version = 0;
    const char *pipeline = weir_json_string(weir_json_get(v, "pipeline"));
    if (!weir_json_int(weir_json_get(v, "weir_state"), &version) || !pipeline)
        return bad_line(m, "this is no export of a state", "write one with `weir state export`");
    if (version != 1) return bad_line(m, "the export is of a newer weir", NULL);
    if (strcmp(pipeline, m->s->pipeline->name) == 0) return WEIR_OK;
    weir_error_set(m->err, WEIR_USAGE, "the export is of pipeline %.80s, not of %s", pipeline,
                   m->s->pipeline->name);
    weir_error_hint(m->err, "change \"pipeline\" in its first line when that is meant");
    return WEIR_USAGE;
}

static weir_status read_position(import *m, const weir_json *v, struct entry *e) {
    const weir_json *bytes = weir_json_get(v, "bytes");
    e->position.fingerprint = weir_json_string(weir_json_get(v, "fingerprint"));
    e->position.text = weir_json_string(weir_json_get(v, "text"));
    if (!e->position.fingerprint || !e->position.text || !weir_json_string(bytes))
        return bad_line(m, "a position has fingerprint, bytes and text", NULL);
    char *raw = weir_arena_zero(&m->s->arena, bytes->text.size / 2 + 1, 1);
    if (!raw) return weir_error_nomem(m->err);
    size_t n = weir_hex_decode(bytes->text.data, bytes->text.size, raw);
    if (n == SIZE_MAX) return bad_line(m, "bytes is not hexadecimal", NULL);
    e->position.bytes = (weir_slice){raw, n};
    return WEIR_OK;
}

static weir_status read_file(import *m, const weir_json *v, struct entry *e) {
    int64_t size = -1, rows = -1;
    e->is_file = true;
    e->file.path = weir_json_string(weir_json_get(v, "path"));
    e->file.hash = weir_json_string(weir_json_get(v, "hash"));
    bool ok = e->file.path && e->file.hash &&
              weir_json_int(weir_json_get(v, "size_bytes"), &size) && size >= 0 &&
              weir_json_int(weir_json_get(v, "mtime_ns"), &e->file.mtime_ns) &&
              weir_json_int(weir_json_get(v, "rows"), &rows) && rows >= 0;
    if (!ok) return bad_line(m, "a file has path, hash, size_bytes, mtime_ns and rows", NULL);
    e->file.size_bytes = (uint64_t)size;
    e->file.rows = (uint64_t)rows;
    return WEIR_OK;
}

static weir_status read_entry(import *m, const weir_json *v) {
    struct entry e = {.step = weir_json_string(weir_json_get(v, "step"))};
    const char *kind = weir_json_string(weir_json_get(v, "kind"));
    weir_status status;
    if (!e.step || weir_pipeline_find_step(m->s->pipeline, e.step) == SIZE_MAX)
        return bad_line(m, "it is of a step that the pipeline does not have", NULL);
    if (kind && strcmp(kind, "file") == 0)
        status = read_file(m, v, &e);
    else if (kind && strcmp(kind, "position") == 0)
        status = read_position(m, v, &e);
    else
        status = bad_line(m, "kind is file or position", NULL);
    if (status == WEIR_OK)
        status = weir_grow((void **)&m->items, &m->capacity, m->n + 1, sizeof *m->items, 10000000,
                           m->err);
    if (status == WEIR_OK) m->items[m->n++] = e;
    return status;
}

static weir_status read_lines(import *m, weir_slice lines) {
    const char *p = lines.data, *end = lines.data + lines.size;
    for (m->line = 1; p < end; m->line++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop) stop = end;
        const weir_json *v = NULL;
        weir_error why = {0};
        weir_status status = WEIR_OK;
        if (weir_json_skip_space(p, stop) < stop) {
            status = weir_json_parse(p, (size_t)(stop - p), NULL, &m->s->arena, &v, &why);
            if (status == WEIR_DATA)
                status = bad_line(m, why.message, NULL);
            else if (status != WEIR_OK)
                *m->err = why;
            else
                status = m->line == 1 ? read_first(m, v) : read_entry(m, v);
        } else if (m->line == 1) {
            status = bad_line(m, "this is no export of a state", NULL);
        }
        if (status != WEIR_OK) return status;
        p = stop < end ? stop + 1 : end;
    }
    return m->line > 1 ? WEIR_OK : bad_line(m, "the export is empty", NULL);
}

/* Files of one step that stand together go in together. */
static weir_status write_entries(import *m, weir_lease *lease) {
    weir_state_file *files = weir_alloc_zero(m->n + 1, sizeof *files);
    weir_status status = files ? WEIR_OK : weir_error_nomem(m->err);
    for (size_t i = 0; status == WEIR_OK && i < m->n;) {
        const char *step = m->items[i].step;
        size_t n = 0;
        if (!m->items[i].is_file) {
            status = weir_state_position_set(lease, step, &m->items[i++].position, m->err);
            continue;
        }
        for (; i < m->n && m->items[i].is_file && strcmp(m->items[i].step, step) == 0; i++)
            files[n++] = m->items[i].file;
        status = weir_state_files_set(lease, step, files, n, m->err);
    }
    weir_free(files);
    return status;
}

weir_status weir_api_state_import(weir_session *s, weir_slice lines, uint64_t *n, weir_error *err) {
    weir_error own = {0};
import m = {.s = s, .err = err ? err: & own };
    weir_lease *lease = NULL;
    weir_status status = read_lines(&m, lines);
    if (status == WEIR_OK) status = take_lease(s, &lease, m.err);
    if (status == WEIR_OK) status = write_entries(&m, lease);
    weir_state_lease_release(lease);
    if (status == WEIR_OK) *n = m.n;
    weir_free(m.items);
    return status;
}

/* ---- fsck ---------------------------------------------------------------------------------- */

typedef struct fsck {
    weir_session *s;
    weir_buf *findings;
    size_t n_known, capacity;
    char **known; /* paths of the index of rejects, in the arena */
} fsck;

static weir_status find(fsck *k, weir_error *err, const char *what, const char *path,
                        const char *remedy) {
    if (weir_buf_printf(k->findings, "%s: %s; %s\n", path, what, remedy)) return WEIR_OK;
    return weir_error_nomem(err);
}

/* What the database says of itself, each with a remedy. */
static weir_status look_at_database(fsck *k, weir_error *err) {
    weir_buf text = {0};
    weir_status status = weir_state_check(k->s->state, &text, err);
    const char *p = weir_buf_cstr(&text);
    while (status == WEIR_OK && *p) {
        const char *end = strchrnul(p, '\n');
        bool unfinished = memmem(p, (size_t)(end - p), "unfinished epochs", 17) != NULL;
        if (!weir_buf_printf(k->findings, "%s/state.db: %.*s; %s\n", folder_of(k->s),
                             (int)(end - p), p,
                             unfinished ? "run the pipeline once more: it settles them"
                                        : "restore the folder from a backup, or export the state, "
                                          "move the folder away and import it again"))
            status = weir_error_nomem(err);
        p = *end ? end + 1 : end;
    }
    weir_buf_clear(&text);
    return status;
}

static weir_status look_at_index(fsck *k, weir_error *err) {
    weir_state_filter filter = {0};
    weir_state_result found = {0};
    weir_status status =
        weir_state_query(k->s->state, WEIR_STATE_REJECTS, &filter, NULL, &found, err);
    for (size_t i = 0; status == WEIR_OK && i < found.n; i++)
        for (uint32_t r = 0; status == WEIR_OK && r < found.batches[i]->length; r++) {
            const weir_batch *b = found.batches[i];
            weir_slice path = weir_state_text(b, "path", r);
            char *copy = weir_arena_strndup(&k->s->arena, path.data, path.size);
            struct stat st;
            if (!copy) status = weir_error_nomem(err);
            if (status == WEIR_OK)
                status = weir_grow((void **)&k->known, &k->capacity, k->n_known + 1,
                                   sizeof *k->known, 100000000, err);
            if (status != WEIR_OK) break;
            k->known[k->n_known++] = copy;
            if (!weir_slice_is(weir_state_text(b, "state", r), "open") || stat(copy, &st) == 0)
                continue;
            weir_slice run = weir_state_text(b, "run_id", r);
            char remedy[128];
            snprintf(remedy, sizeof remedy,
                     "restore the file, or let the set go: weir rejects discard %.*s",
                     (int)run.size, run.data);
            status = find(k, err, "open rejects are gone", copy, remedy);
        }
    weir_state_result_clear(&found);
    return status;
}

static bool is_known(const fsck *k, const char *path) {
    struct stat want, st;
    if (stat(path, &want) != 0) return true;
    for (size_t i = 0; i < k->n_known; i++)
        if (strcmp(k->known[i], path) == 0) return true;
    const char *name = strrchr(path, '/');
    for (size_t i = 0; i < k->n_known; i++) /* the folder may be named in another way now */
        if (name && strstr(k->known[i], name) && stat(k->known[i], &st) == 0 &&
            st.st_ino == want.st_ino && st.st_dev == want.st_dev)
            return true;
    return false;
}

static weir_status look_at_file(void *context, const char *path, const struct stat *st,
                                weir_error *err) {
    fsck *k = context;
    size_t n = strlen(path);
    (void)st;
    if (strstr(path, ".tmp") && (n < 4 || strcmp(path + n - 4, ".csv") != 0))
        return find(k, err, "a run that died has left it", path,
                    "the next run removes it when the epoch is settled; else delete it");
    if (!is_known(k, path))
        return find(k, err, "no run knows of these rejects", path,
                    "look at them, then delete them");
    return WEIR_OK;
}

weir_status weir_api_state_fsck(weir_session *s, weir_buf *findings, weir_error *err) {
    fsck k = {.s = s, .findings = findings};
    weir_buf path = {0};
    weir_status status;
    WEIR_TRY(look_at_database(&k, err));
    WEIR_TRY(look_at_index(&k, err));
    if (!weir_buf_printf(&path, "%s/rejects", folder_of(s))) {
        status = weir_error_nomem(err);
        goto out;
    }
    WEIR_TRY(walk(weir_buf_cstr(&path), 2, look_at_file, &k, err));
out:
    weir_buf_clear(&path);
    weir_free(k.known);
    return status;
}
