/* Writing: files that appear whole at commit.
 *
 * Workers encode (and compress: members can be put one behind the other); the one writer appends
 * the pieces to the file, or to one file a partition.  Prepared files wait under their temporary
 * names; the handle lists temporary and final names, so that commit and recovery need nothing else.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "connect/file/sink.h"
#include "text/json.h"

#define SWEEP_DEPTH 16 /* folders below the target that are searched for leftovers */

/* ---- names --------------------------------------------------------------------------------- */

/* Replaces {run_id} and, where asked, {date}; leaves {column} of partition_by for later. */
static weir_status fill_path(const sink *s, const char *path, const char *run_id, bool with_date,
                             char **out, weir_error *err) {
    weir_buf b = {0};
    char date[40];
    time_t t = (time_t)(s->env->now_us / 1000000);
    struct tm tm;
    gmtime_r(&t, &tm);
    snprintf(date, sizeof date, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    bool ok = true;
    for (const char *p = path; ok && *p;) {
        if (strncmp(p, "{run_id}", 8) == 0) {
            ok = weir_buf_adds(&b, run_id);
            p += 8;
        } else if (with_date && strncmp(p, "{date}", 6) == 0) {
            ok = weir_buf_adds(&b, date);
            p += 6;
        } else {
            bool twice = *p == '/' && b.size && b.data[b.size - 1] == '/';
            ok = twice || weir_buf_add(&b, p, 1);
            p++;
        }
    }
    *out = ok ? weir_arena_strndup(s->env->arena, b.data ? b.data : "", b.size) : NULL;
    weir_buf_clear(&b);
    return *out ? WEIR_OK : weir_error_nomem(err);
}

/* ---- open, plan, begin --------------------------------------------------------------------- */

static weir_status find_partitions(sink *s, weir_error *err) {
    const weir_opt_strings *by = &s->config->partition_by;
    s->partition = weir_alloc_zero(by->n + 1, sizeof *s->partition);
    if (!s->partition) return weir_error_nomem(err);
    for (size_t i = 0; i < by->n; i++) {
        int field = weir_schema_find(s->schema, by->items[i], strlen(by->items[i]));
        if (field < 0) {
            weir_error_set(err, WEIR_USAGE, "partition_by: there is no column %s", by->items[i]);
            const char *near = weir_schema_nearest(s->schema, by->items[i]);
            if (near) weir_error_hint(err, "did you mean %s?", near);
            return WEIR_USAGE;
        }
        s->partition[s->n_partition++] = (uint32_t)field;
    }
    return WEIR_OK;
}

static bool partitioned_by(const sink *s, uint32_t field) {
    for (uint32_t i = 0; i < s->n_partition; i++)
        if (s->partition[i] == field) return true;
    return false;
}

/* A {column} in the path that partition_by does not name would be one row's value for all. */
static weir_status check_placeholders(const sink *s, weir_error *err) {
    for (const char *p = s->path, *end; (p = strchr(p, '{')) && (end = strchr(p, '}')); p++) {
        int field = weir_schema_find(s->schema, p + 1, (size_t)(end - p - 1));
        if (field < 0 || partitioned_by(s, (uint32_t)field)) continue;
        const char *name = s->schema->fields[field].name;
        weir_error_set(err, WEIR_USAGE, "the path has {%s}, but partition_by does not name it",
                       name);
        weir_error_hint(err, "add %s to partition_by", name);
        return WEIR_USAGE;
    }
    return WEIR_OK;
}

/* Replacing removes what the path can name.  In the pipeline's own folder (or the root) a pattern
 * made of values alone could name files that others put there, inputs for example. */
static weir_status check_replace(const sink *s, weir_error *err) {
    if (s->request.mode == WEIR_MODE_REPLACE_PARTITIONS && !s->n_partition) {
        weir_error_set(err, WEIR_USAGE, "mode: replace_partitions needs partition_by");
        weir_error_hint(err, "name the columns of the partitions, or write mode: replace");
        return WEIR_USAGE;
    }
    if (!weir_file_sink_replaces(s) || !s->n_partition) return WEIR_OK;
    const char *brace = strchr(s->config->path, '{'), *slash = strchr(s->config->path + 1, '/');
    if (!brace || s->root_size == strlen(s->path) || (slash && slash < brace)) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "mode: %s would remove whatever looks like %s in this folder",
                   weir_load_mode_names[s->request.mode], s->config->path);
    weir_error_hint(err, "put the partitions into a folder of their own: out/%s",
                    s->config->path[0] == '/' ? s->config->path + 1 : s->config->path);
    return WEIR_USAGE;
}

/* A path that is a link to a file: the file it leads to is written, and the link stays. */
static weir_status follow_link(sink *s, weir_error *err) {
    struct stat st;
    if (s->to_stdout || !s->path || strchr(s->config->path, '{') || s->config->partition_by.n ||
        s->config->file_size || lstat(s->path, &st) != 0 || !S_ISLNK(st.st_mode))
        return WEIR_OK;
    char real[PATH_MAX];
    if (!realpath(s->path, real)) {
        weir_error_set(err, WEIR_USAGE, "%s is a link that leads to no file", s->path);
        weir_error_hint(err, "remove the link, or create what it names");
        return WEIR_USAGE;
    }
    s->path = weir_arena_strdup(s->env->arena, real);
    return s->path ? WEIR_OK : weir_error_nomem(err);
}

/* A file that is there is only overwritten when the user says so.  Asked before anything is
 * decided: a commit cannot fail any more. */
weir_status weir_file_sink_check_free(const sink *s, const char *path, weir_error *err) {
    struct stat st;
    if (lstat(path, &st) != 0) return WEIR_OK;
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) return WEIR_OK; /* the writer says so */
    if (!weir_file_sink_replaces(s)) {
        weir_error_set(err, WEIR_USAGE, "%s is there already", path);
        weir_error_hint(err, "give mode: replace, or a path with {run_id} for a new file a run");
        return WEIR_USAGE;
    }
    if (!S_ISLNK(st.st_mode)) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "%s is a link", path);
    weir_error_hint(err, "links are followed where path names one file; remove this one");
    return WEIR_USAGE;
}

static weir_status check_target(const sink *s, weir_error *err) {
    bool known = !s->to_stdout && !s->n_partition && !s->config->file_size;
    return known ? weir_file_sink_check_free(s, s->path, err) : WEIR_OK;
}

weir_status weir_file_sink_charset(const sink *s, weir_charset_writer **out, weir_error *err) {
    *out = NULL;
    if (!s->encoded) return WEIR_OK;
    return weir_charset_writer_new(s->config->encoding, s->config->bom, out, err);
}

/* Names of columns are looked at with the header, when the first file begins. */
static weir_status check_encoding(sink *s, weir_error *err) {
    weir_charset_writer *w = NULL;
    const char *encoding = s->config->encoding ? s->config->encoding : "utf-8";
    weir_status status = weir_charset_writer_new(encoding, s->config->bom, &w, err);
    if (status != WEIR_OK) return status;
    s->encoded = !weir_charset_writer_plain(w);
    if (s->encoded && s->request.format->text != WEIR_TEXT_ANY) {
        status = weir_error_set(err, WEIR_USAGE, "%s is written as plain UTF-8, not as %s%s",
                                s->request.format->name, weir_charset_writer_name(w),
                                s->config->bom ? " with a mark" : "");
        weir_error_hint(err, "encoding: and bom: are for csv, tsv and text");
    }
    weir_charset_writer_free(w);
    return status;
}

static void sink_close(void *object) {
    sink *s = object;
    if (!s) return;
    weir_schema_release(s->schema);
    weir_free(s->partition);
    weir_free(s);
}

static weir_status sink_open(const weir_sink_request *request, const weir_env *env,
                             weir_schema *schema, void **out, weir_error *err) {
    if (!request->format || !request->format->write)
        return weir_error_set(err, WEIR_USAGE, "the format %s cannot be written",
                              request->format ? request->format->name : "of this file");
    sink *s = weir_alloc_zero(1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    s->request = *request;
    s->env = env;
    s->config = request->config;
    s->schema = weir_schema_retain(schema);
    s->to_stdout = strcmp(s->config->path, "-") == 0;
    s->codec = weir_file_codec(s->config->compression, s->config->path, false);
    if (!weir_codec_writes(s->codec)) {
        status = weir_error_set(err, WEIR_USAGE, "%s: %s is read, but not written", s->config->path,
                                weir_codec_name(s->codec));
        weir_error_hint(err, "let the name end in .gz or .zst, or say compression: none");
        goto out;
    }
    WEIR_TRY(check_encoding(s, err));
    char *path;
    WEIR_TRY(weir_file_resolve(env, s->config->path, &path, err));
    WEIR_TRY(fill_path(s, path, env->run_id, true, &s->path, err));
    WEIR_TRY(find_partitions(s, err));
    WEIR_TRY(check_placeholders(s, err));
    WEIR_TRY(follow_link(s, err));
    s->root_size = weir_file_sink_root(s);
    WEIR_TRY(check_replace(s, err));
    if (s->to_stdout && (s->n_partition || s->config->file_size)) {
        status =
            weir_error_set(err, WEIR_USAGE, "standard output cannot be partitioned or rotated");
        goto out;
    }
    WEIR_TRY(check_target(s, err));
    *out = s;
    s = NULL;
out:
    sink_close(s);
    return status;
}

static weir_status sink_plan(void *object, weir_buf *out, weir_error *err) {
    sink *s = object;
    bool ok = weir_buf_printf(out, "write %s as %s%s%s\n", s->path, s->request.format->name,
                              s->codec == WEIR_CODEC_GZIP   ? ", gzip"
                              : s->codec == WEIR_CODEC_ZSTD ? ", zstd"
                                                            : "",
                              s->n_partition ? ", one file a partition" : "");
    bool several = s->n_partition || s->config->file_size;
    if (ok && several && s->request.mode == WEIR_MODE_REPLACE)
        ok = weir_buf_adds(out, "remove the other files of this name: numbers and partitions of "
                                "earlier runs\n");
    if (ok && s->request.mode == WEIR_MODE_REPLACE_PARTITIONS)
        ok = weir_buf_adds(out, "remove the other files of the partitions that are written\n");
    return ok ? WEIR_OK : weir_error_nomem(err);
}

static weir_status sink_begin(void *object, const weir_epoch *epoch, weir_error *err) {
    sink *s = object;
    s->token = weir_arena_strdup(s->env->arena, epoch->token);
    return s->token ? WEIR_OK : weir_error_nomem(err);
}

/* ---- prepare, commit, abort, recover ------------------------------------------------------- */

typedef weir_status (*on_file)(sink *s, const char *temp, const char *path, weir_error *err);

/* Calls `each` for every file of a handle. */
static weir_status with_files(sink *s, weir_slice handle, on_file each, weir_load_counts *counts,
                              weir_error *err) {
    weir_arena arena = {0};
    const weir_json *root = NULL;
    weir_status status = weir_json_parse(handle.data, handle.size, NULL, &arena, &root, err);
    const weir_json *files = status == WEIR_OK ? weir_json_get(root, "files") : NULL;
    for (const weir_json *f = files ? files->first : NULL; f && status == WEIR_OK; f = f->next) {
        const char *temp = weir_json_string(weir_json_at(f, 0));
        const char *path = weir_json_string(weir_json_at(f, 1));
        char *full_temp, *full_path;
        if (!temp || !path) {
            status = weir_error_set(err, WEIR_DATA, "a stored handle is damaged");
            break;
        }
        status = weir_file_resolve(s->env, temp, &full_temp, err);
        if (status == WEIR_OK) status = weir_file_resolve(s->env, path, &full_path, err);
        if (status == WEIR_OK) status = each(s, full_temp, full_path, err);
    }
    int64_t rows = 0, bytes = 0;
    if (status == WEIR_OK && counts && weir_json_int(weir_json_get(root, "rows"), &rows) &&
        weir_json_int(weir_json_get(root, "bytes"), &bytes)) {
        counts->inserted += (uint64_t)rows;
        counts->bytes += (uint64_t)bytes;
    }
    weir_arena_clear(&arena);
    return status;
}

static weir_status publish(sink *s, const char *temp, const char *path, weir_error *err) {
    weir_fault_point("file-publish");
    return weir_file_publish_name(temp, path, weir_file_sink_replaces(s), err);
}

/* Resolved names of a handle: the second of each pair of "files", or the texts of `key`. */
static weir_status names_of(const sink *s, const weir_json *list, weir_file_names *out,
                            weir_error *err) {
    weir_status status = WEIR_OK;
    for (const weir_json *f = list ? list->first : NULL; f; f = f->next) {
        const char *name = weir_json_string(f);
        char *full;
        if (!name) name = weir_json_string(weir_json_at(f, 1));
        if (!name) return weir_error_set(err, WEIR_DATA, "a stored handle is damaged");
        WEIR_TRY(weir_file_resolve(s->env, name, &full, err));
        WEIR_TRY(weir_file_names_add(out, full, err));
    }
out:
    return status;
}

/* Behind the renames: makes them durable, then removes what this run has replaced by nothing. */
static weir_status settle(const sink *s, weir_slice handle, weir_error *err) {
    weir_arena arena = {0};
    const weir_json *root = NULL;
    weir_file_names files = {0}, old = {0};
    weir_status status;
    WEIR_TRY(weir_json_parse(handle.data, handle.size, NULL, &arena, &root, err));
    WEIR_TRY(names_of(s, weir_json_get(root, "files"), &files, err));
    WEIR_TRY(names_of(s, weir_json_get(root, "remove"), &old, err));
    WEIR_TRY(weir_file_sync_folders((const char *const *)files.items, files.n, SIZE_MAX, err));
    for (size_t i = 0; i < old.n; i++) {
        weir_fault_point("file-remove");
        WEIR_TRY(weir_file_unlink(old.items[i], err));
    }
    WEIR_TRY(weir_file_sync_folders((const char *const *)old.items, old.n, SIZE_MAX, err));
out:
    weir_file_names_clear(&files);
    weir_file_names_clear(&old);
    weir_arena_clear(&arena);
    return status;
}

static weir_status forget(sink *s, const char *temp, const char *path, weir_error *err) {
    (void)s;
    (void)path;
    return weir_file_unlink(temp, err);
}

static weir_status sink_commit(void *object, const weir_epoch *epoch, const weir_slice *handles,
                               size_t n, weir_load_counts *counts, weir_error *err) {
    (void)epoch;
    for (size_t i = 0; i < n; i++) {
        weir_status status = with_files(object, handles[i], publish, counts, err);
        if (status == WEIR_OK) status = settle(object, handles[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* Removes what a dead run of this token left anywhere below folder. */
static weir_status sweep(const char *folder, const char *token, int depth, weir_error *err) {
    weir_status status = weir_file_sweep(folder, token, NULL, err);
    DIR *d = status == WEIR_OK && depth < SWEEP_DEPTH ? opendir(folder) : NULL;
    if (!d) return status;
    struct dirent *e;
    while (status == WEIR_OK && (e = readdir(d))) {
        if (e->d_name[0] == '.' || (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN)) continue;
        weir_buf path = {0};
        struct stat st;
        if (!weir_buf_printf(&path, "%s/%s", folder, e->d_name))
            status = weir_error_nomem(err);
        else if (lstat(weir_buf_cstr(&path), &st) == 0 && S_ISDIR(st.st_mode))
            status = sweep(weir_buf_cstr(&path), token, depth + 1, err);
        weir_buf_clear(&path);
    }
    closedir(d);
    return status;
}

/* The deepest folder that no placeholder belongs to holds everything this sink writes. */
static weir_status sweep_all(sink *s, const char *token, weir_error *err) {
    if (s->to_stdout) return WEIR_OK;
    const char *brace = strchr(s->path, '{');
    size_t end = brace ? (size_t)(brace - s->path) : strlen(s->path);
    while (end && s->path[end - 1] != '/') end--;
    char *folder = end > 1 ? weir_strndup(s->path, end - 1) : weir_strdup(end ? "/" : ".");
    if (!folder) return weir_error_nomem(err);
    bool deep = brace || s->config->partition_by.n > 0;
    weir_status status = sweep(folder, token, deep ? 0 : SWEEP_DEPTH, err);
    weir_free(folder);
    return status;
}

static weir_status sink_abort(void *object, const weir_epoch *epoch, const weir_slice *handles,
                              size_t n, weir_error *err) {
    for (size_t i = 0; i < n; i++) {
        weir_status status = with_files(object, handles[i], forget, NULL, err);
        if (status != WEIR_OK) return status;
    }
    return sweep_all(object, epoch->token, err);
}

/* Prepared files are durable: publishing again does no harm where it was done before. */
static weir_status sink_recover(const weir_sink_request *request, const weir_env *env,
                                const weir_epoch *epoch, const weir_slice *handles, size_t n,
                                weir_load_counts *counts, weir_recovery *out, weir_error *err) {
    sink s = {.request = *request, .env = env, .config = request->config};
    *out = WEIR_RECOVER_DONE;
    return sink_commit(&s, epoch, handles, n, counts, err);
}

static weir_status sink_discard(const weir_sink_request *request, const weir_env *env,
                                const weir_epoch *epoch, weir_error *err) {
    sink s = {.request = *request, .env = env, .config = request->config};
    s.to_stdout = strcmp(s.config->path, "-") == 0;
    char *path;
    weir_status status = weir_file_resolve(env, s.config->path, &path, err);
    if (status == WEIR_OK) /* a day may have passed: below the folder in front of {date} */
        status = fill_path(&s, path, epoch->run_id, false, &s.path, err);
    weir_error ignored = {0}; /* a link that leads nowhere has nothing beside its file */
    if (status == WEIR_OK) (void)!follow_link(&s, &ignored);
    return status == WEIR_OK ? sweep_all(&s, epoch->token, err) : status;
}

const weir_sink_ops weir_file_sink_ops = {
    .open = sink_open,
    .plan = sink_plan,
    .begin = sink_begin,
    .encoder_new = weir_file_sink_encoder_new,
    .encode = weir_file_sink_encode,
    .encoder_free = weir_file_sink_encoder_free,
    .piece_free = weir_file_sink_piece_free,
    .writer_new = weir_file_sink_writer_new,
    .write = weir_file_sink_write,
    .prepare = weir_file_sink_prepare,
    .writer_free = weir_file_sink_writer_free,
    .commit = sink_commit,
    .abort = sink_abort,
    .recover = sink_recover,
    .discard = sink_discard,
    .close = sink_close,
};
