/* Which files are the sink's own: those whose names its path can make.
 *
 * mode: replace takes the place of all of them, so what this run does not write again is removed.
 * A name counts only when it is exactly one that the sink could have written: every folder and the
 * name fit the path, values are escaped the way the sink escapes them, numbers are written its way.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "connect/file/sink.h"
#include "io/os.h"

#define VALUE_MAX_BYTES 256 /* a file name has at most 255 */

/* One name of the path: text with {column}s, or for a folder of Hive's kind text and a column. */
typedef struct component {
    char *text;
    int hive;   /* number in s->partition, -1 = none: the value stands behind text */
    bool fixed; /* no value in it */
} component;

typedef struct walk {
    const sink *s;
    const weir_file_written *written;
    weir_file_names *out;
    weir_error *err;
    component *parts;
    size_t n;
    char (*values)[VALUE_MAX_BYTES]; /* of each partition column, "" = not seen yet */
} walk;

/* ---- the path's components ----------------------------------------------------------------- */

/* The partition column that "{name}" at p stands for, -1 = p is plain text; *end: its brace. */
static int placeholder(const sink *s, const char *p, const char **end) {
    *end = *p == '{' ? strchr(p, '}') : NULL;
    int field = *end ? weir_schema_find(s->schema, p + 1, (size_t)(*end - p - 1)) : -1;
    for (uint32_t i = 0; field >= 0 && i < s->n_partition; i++)
        if (s->partition[i] == (uint32_t)field) return (int)i;
    return -1;
}

static bool has_value(const sink *s, const char *p, size_t size) {
    const char *end;
    for (size_t i = 0; i < size; i++)
        if (placeholder(s, p + i, &end) >= 0) return true;
    return false;
}

static bool in_path(const sink *s, uint32_t column) {
    const char *end;
    for (const char *p = s->path; *p; p++)
        if (placeholder(s, p, &end) == (int)column) return true;
    return false;
}

size_t weir_file_sink_root(const sink *s) {
    const char *slash = strrchr(s->path, '/');
    size_t name = slash ? (size_t)(slash - s->path) + 1 : 0, begin = 0;
    for (size_t i = 0; i < name; i++) {
        if (s->path[i] != '/') continue;
        if (has_value(s, s->path + begin, i - begin)) break;
        begin = i + 1;
    }
    return begin;
}

static weir_status add_component(walk *w, const char *text, size_t size, int hive) {
    component *c = &w->parts[w->n++];
    c->text = weir_strndup(text, size);
    c->hive = hive;
    c->fixed = hive < 0 && !has_value(w->s, text, size);
    return c->text ? WEIR_OK : weir_error_nomem(w->err);
}

static weir_status find_components(walk *w, const char *rest) {
    const sink *s = w->s;
    size_t most = s->n_partition + 2u;
    for (const char *p = rest; *p; p++) most += *p == '/';
    w->parts = weir_alloc_zero(most, sizeof *w->parts);
    w->values = weir_alloc_zero(s->n_partition + 1u, sizeof *w->values);
    if (!w->parts || !w->values) return weir_error_nomem(w->err);
    weir_status status = WEIR_OK;
    for (const char *slash; (slash = strchr(rest, '/')); rest = slash + 1)
        WEIR_TRY(add_component(w, rest, (size_t)(slash - rest), -1));
    for (uint32_t i = 0; i < s->n_partition; i++) {
        if (in_path(s, i)) continue;
        weir_buf b = {0};
        bool ok = weir_file_escape_component(weir_slice_of(s->schema->fields[s->partition[i]].name),
                                             &b) &&
                  weir_buf_adds(&b, "=");
        status = ok ? add_component(w, b.data, b.size, (int)i) : weir_error_nomem(w->err);
        weir_buf_clear(&b);
        if (status != WEIR_OK) return status;
    }
    WEIR_TRY(add_component(w, rest, strlen(rest), -1));
out:
    return status;
}

/* ---- matching one name --------------------------------------------------------------------- */

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* Whether the sink writes some value like this. */
static bool value_ok(const char *p, size_t n) {
    if (n == 1 && *p == '%') return true; /* an empty text */
    if (n == 0 || n >= VALUE_MAX_BYTES || (n == 1 && *p == '.') || (n == 2 && !memcmp(p, "..", 2)))
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        if (c == '%' && i + 2 < n && is_hex(p[i + 1]) && is_hex(p[i + 2]))
            i += 2;
        else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   (c && strchr("_=+-.", c))))
            return false;
    }
    return true;
}

static bool match_text(walk *w, const char *text, int hive, const char *name);

/* The value of column at the start of name, then the rest of the text.  A column that was seen
 * before must have the same value here. */
static bool match_value(walk *w, int column, const char *rest, const char *name) {
    char *value = w->values[column];
    size_t n = strlen(value), size = strlen(name);
    if (n) return strncmp(name, value, n) == 0 && match_text(w, rest, -1, name + n);
    for (n = size < VALUE_MAX_BYTES ? size : VALUE_MAX_BYTES - 1; n > 0; n--) {
        if (!value_ok(name, n)) continue;
        memcpy(value, name, n);
        value[n] = '\0';
        if (match_text(w, rest, -1, name + n)) return true;
        *value = '\0';
    }
    return false;
}

static bool match_text(walk *w, const char *text, int hive, const char *name) {
    for (const char *end; *text; text++, name++) {
        int column = hive < 0 ? placeholder(w->s, text, &end) : -1;
        if (column >= 0) return match_value(w, column, end + 1, name);
        if (*text != *name) return false;
    }
    return hive >= 0 ? match_value(w, hive, "", name) : *name == '\0';
}

/* "orders-00002.csv" -> "orders.csv": what weir_file_sink_numbered makes, taken back. */
static bool take_number_back(const char *name, char *out, size_t size) {
    const char *dot = strchr(name, '.');
    size_t end = dot ? (size_t)(dot - name) : strlen(name), begin = end;
    while (begin && name[begin - 1] >= '0' && name[begin - 1] <= '9') begin--;
    size_t digits = end - begin;
    if (digits < 5 || digits > 10 || (digits > 5 && name[begin] == '0')) return false;
    if (begin == 0 || name[begin - 1] != '-' || strlen(name) >= size) return false;
    memcpy(out, name, begin - 1);
    memcpy(out + begin - 1, name + end, strlen(name + end) + 1);
    return true;
}

/* ---- walking ------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}
static bool among(const char *text, const char *const *sorted, size_t n) {
    return n && bsearch(&text, sorted, n, sizeof *sorted, by_text) != NULL;
}

weir_status weir_file_names_add(weir_file_names *l, const char *path, weir_error *err) {
    weir_status status = weir_grow((void **)&l->items, &l->capacity, l->n + 1, sizeof *l->items,
                                   (size_t)16 << 20, err);
    if (status != WEIR_OK) return status;
    if (!(l->items[l->n] = weir_strdup(path))) return weir_error_nomem(err);
    l->n++;
    return WEIR_OK;
}

void weir_file_names_clear(weir_file_names *l) {
    for (size_t i = 0; i < l->n; i++) weir_free(l->items[i]);
    weir_free(l->items);
    *l = (weir_file_names){0};
}

/* A file whose name fits; key: its path without the number. */
static weir_status consider(walk *w, const char *path, const char *key) {
    struct stat st;
    const weir_file_written *x = w->written;
    if (among(path, x->paths, x->n)) return WEIR_OK;
    if (w->s->request.mode == WEIR_MODE_REPLACE_PARTITIONS && !among(key, x->keys, x->n))
        return WEIR_OK;
    if (lstat(path, &st) != 0 || !(S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))) return WEIR_OK;
    return weir_file_names_add(w->out, path, w->err);
}

static weir_status walk_level(walk *w, weir_buf *path, size_t level);

/* Forgets the values that were found since `seen` was taken. */
static void forget_values(walk *w, const bool *seen) {
    for (uint32_t i = 0; i < w->s->n_partition; i++)
        if (!seen[i]) w->values[i][0] = '\0';
}

/* An entry of the folder in path (its first keep bytes). */
static weir_status walk_entry(walk *w, weir_buf *path, size_t keep, size_t level,
                              const char *name) {
    const component *c = &w->parts[level];
    struct stat st;
    char bare[VALUE_MAX_BYTES];
    weir_status status = WEIR_OK;
    bool *seen = weir_alloc_zero(w->s->n_partition + 1u, sizeof *seen);
    if (!seen) return weir_error_nomem(w->err);
    for (uint32_t i = 0; i < w->s->n_partition; i++) seen[i] = w->values[i][0] != '\0';
    path->size = keep;
    bool plain = match_text(w, c->text, c->hive, name);
    if (level + 1 < w->n) {
        bool ok = plain && weir_buf_adds(path, name);
        if (plain && !ok) status = weir_error_nomem(w->err);
        if (ok && stat(weir_buf_cstr(path), &st) == 0 && S_ISDIR(st.st_mode))
            status = weir_buf_add(path, "/", 1) ? walk_level(w, path, level + 1)
                                                : weir_error_nomem(w->err);
        goto out;
    }
    forget_values(w, seen);
    bool numbered = w->s->config->file_size && take_number_back(name, bare, sizeof bare) &&
                    match_text(w, c->text, c->hive, bare);
    if (!plain && !numbered) goto out;
    char *key = NULL;
    if (!weir_buf_adds(path, numbered ? bare : name) || !(key = weir_strdup(weir_buf_cstr(path)))) {
        status = weir_error_nomem(w->err);
        goto out;
    }
    path->size = keep;
    status = weir_buf_adds(path, name) ? consider(w, weir_buf_cstr(path), key)
                                       : weir_error_nomem(w->err);
    weir_free(key);
out:
    forget_values(w, seen);
    weir_free(seen);
    path->size = keep;
    return status;
}

/* path: the folder, empty or ending in "/". */
static weir_status walk_level(walk *w, weir_buf *path, size_t level) {
    size_t keep = path->size;
    const component *c = &w->parts[level];
    bool last = level + 1 == w->n;
    if (c->fixed && !(last && w->s->config->file_size))
        return walk_entry(w, path, keep, level, c->text);
    const char *folder = keep ? weir_buf_cstr(path) : ".";
    DIR *d = opendir(folder);
    if (!d) {
        if (errno == ENOENT || errno == ENOTDIR) return WEIR_OK;
        return weir_os_error(w->err, errno, "list", folder);
    }
    weir_status status = WEIR_OK;
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (!e) {
            if (errno) status = weir_os_error(w->err, errno, "list", weir_buf_cstr(path));
            break;
        }
        size_t n = strlen(e->d_name); /* what is being written is never an old file */
        bool temporary = e->d_name[0] == '.' && n > 4 && !strcmp(e->d_name + n - 4, ".tmp");
        if (temporary || !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        WEIR_TRY(walk_entry(w, path, keep, level, e->d_name));
    }
out:
    (void)closedir(d);
    return status;
}

weir_status weir_file_sink_stale(const sink *s, weir_file_written *written, weir_file_names *out,
                                 weir_error *err) {
    walk w = {.s = s, .written = written, .out = out, .err = err};
    weir_buf path = {0};
    if (written->n > 1) {
        qsort(written->paths, written->n, sizeof *written->paths, by_text);
        qsort(written->keys, written->n, sizeof *written->keys, by_text);
    }
    size_t root = weir_file_sink_root(s);
    weir_status status = find_components(&w, s->path + root);
    if (status == WEIR_OK && !weir_buf_add(&path, s->path, root)) status = weir_error_nomem(err);
    if (status == WEIR_OK) status = walk_level(&w, &path, 0);
    for (size_t i = 0; i < w.n; i++) weir_free(w.parts[i].text);
    weir_free(w.parts);
    weir_free(w.values);
    weir_buf_clear(&path);
    return status;
}
