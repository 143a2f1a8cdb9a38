/* Writing files that appear whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/file.h"
#include "io/os.h"

/* The buffer grows with the file: a thousand partitions of a few rows each must not cost a
 * gigabyte. */
#define WRITER_BUFFER_MIN_BYTES ((size_t)4 << 10)
#define WRITER_BUFFER_MAX_BYTES ((size_t)256 << 10)
#define PUSH_BYTES ((uint64_t)8 << 20) /* dirty pages are pushed out in pieces of this size */
#define NAME_MAX_BYTES 255

struct weir_file_writer {
    weir_stream base;
    int fd;
    char *path, *temp;
    char *buffer; /* made at the first small write */
    size_t used, capacity, max_capacity;
    uint64_t written, pushed; /* bytes in the file; bytes whose write-back was started */
    bool created, prepared;
    weir_status failed; /* sticky */
};

/* ---- pushing dirty pages out --------------------------------------------------------------- */

/* Starts write-back of what is new and waits for the piece before it, so that neither dirty memory
 * nor the last fsync grows with the file.  A failure of the device reported here would not be
 * reported again by fsync, so it counts. */
static weir_status push_out(weir_file_writer *w, weir_error *err) {
    int code = 0, rc;
    if (weir_fault(WEIR_FAULT_FSYNC, &code)) {
        errno = code;
        rc = -1;
    } else {
        rc = sync_file_range(w->fd, (off_t)w->pushed, (off_t)(w->written - w->pushed),
                             SYNC_FILE_RANGE_WRITE);
        if (rc == 0 && w->pushed >= PUSH_BYTES)
            rc = sync_file_range(w->fd, (off_t)(w->pushed - PUSH_BYTES), (off_t)PUSH_BYTES,
                                 SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                     SYNC_FILE_RANGE_WAIT_AFTER);
    }
    w->pushed = w->written;
    if (rc != 0 && (errno == EIO || errno == ENOSPC || errno == EDQUOT))
        return weir_os_error(err, errno, "write", w->base.name);
    return WEIR_OK; /* anything else: not supported here, fsync does it all at the end */
}

/* ---- the stream ---------------------------------------------------------------------------- */

static weir_status put(weir_file_writer *w, const char *p, size_t size, weir_error *err) {
    weir_status status = WEIR_OK;
    while (size > 0) {
        size_t n = size < PUSH_BYTES ? size : (size_t)PUSH_BYTES;
        WEIR_TRY(weir_os_write(w->fd, p, n, NULL, w->base.name, NULL, err));
        w->written += n;
        p += n;
        size -= n;
        if (w->written - w->pushed >= PUSH_BYTES) WEIR_TRY(push_out(w, err));
    }
out:
    if (status != WEIR_OK) w->failed = status;
    return status;
}

static weir_status flush(weir_file_writer *w, weir_error *err) {
    if (w->failed != WEIR_OK)
        return weir_error_set(err, w->failed, "an earlier write to %s failed", w->base.name);
    size_t n = w->used;
    w->used = 0;
    return put(w, w->buffer, n, err);
}

/* Opens a parked file again, at its end. */
static weir_status resume(weir_file_writer *w, weir_error *err) {
    if (w->fd >= 0 || !w->created || w->prepared) return WEIR_OK;
    weir_status status = weir_os_open(w->temp, O_WRONLY | O_APPEND | O_NOFOLLOW, 0, &w->fd, err);
    /* the name that people know */
    return status == WEIR_OK || !err ? status
                                     : weir_os_error(err, err->vendor_code, "open", w->path);
}

weir_status weir_file_writer_park(weir_file_writer *w, weir_error *err) {
    if (w->fd < 0) return WEIR_OK;
    weir_status status = flush(w, err);
    weir_os_close(w->fd);
    w->fd = -1;
    weir_free(w->buffer);
    w->buffer = NULL;
    w->capacity = 0;
    return status;
}

/* Enlarges the (empty) buffer when the file has become large enough to deserve it.  Without memory
 * the old size stays; with none at all writes go straight to the file. */
static void grow_buffer(weir_file_writer *w) {
    size_t goal = WRITER_BUFFER_MIN_BYTES;
    while (goal < w->max_capacity && goal * 4 <= w->written) goal *= 2;
    if (goal > w->max_capacity) goal = w->max_capacity;
    if (goal <= w->capacity) return;
    char *larger = weir_realloc(w->buffer, goal, 1);
    if (!larger) return;
    w->buffer = larger;
    w->capacity = goal;
}

static weir_status writer_write(weir_stream *s, const void *buf, size_t size, weir_error *err) {
    weir_file_writer *w = (weir_file_writer *)s;
    if (size == 0) return WEIR_OK;
    if (w->prepared)
        return weir_error_set(err, WEIR_INTERNAL, "%s takes no more data after its end", s->name);
    weir_status ready = resume(w, err);
    if (ready != WEIR_OK) return ready;
    if (w->failed != WEIR_OK || size > w->capacity - w->used) {
        weir_status status = flush(w, err);
        if (status != WEIR_OK) return status;
        grow_buffer(w);
    }
    if (size >= w->capacity) {
        weir_status status = put(w, buf, size, err);
        if (status != WEIR_OK) return status;
    } else {
        memcpy(w->buffer + w->used, buf, size);
        w->used += size;
    }
    s->position += size;
    return WEIR_OK;
}

static weir_status writer_finish(weir_stream *s, weir_error *err) {
    weir_file_writer *w = (weir_file_writer *)s;
    return w->prepared ? WEIR_OK : flush(w, err);
}

static weir_status writer_no_read(weir_stream *s, void *buf, size_t size, size_t *got,
                                  weir_error *err) {
    (void)buf, (void)size, (void)got;
    return weir_error_set(err, WEIR_INTERNAL, "%s is open for writing only", s->name);
}

static void writer_close(weir_stream *s) {
    (void)s; /* the writer owns its stream */
}

static const weir_stream_ops writer_ops = {
    .read = writer_no_read, .write = writer_write, .finish = writer_finish, .close = writer_close};

/* ---- begin, prepare, free ------------------------------------------------------------------ */

static bool token_ok(const char *token) {
    static const char ok[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-";
    size_t n = strlen(token);
    return n > 0 && n <= 128 && strspn(token, ok) == n;
}

/* "<folder>/.<name>.<token>.tmp"; the name is cut (at a character) to fit NAME_MAX_BYTES. */
static weir_status temp_name(const char *path, const char *token, char **out, weir_error *err) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t name_size = strlen(name), room = NAME_MAX_BYTES - strlen("...tmp") - strlen(token);
    if (name_size > room) {
        name_size = room;
        while (name_size > 0 && ((unsigned char)name[name_size] & 0xc0) == 0x80) name_size--;
    }
    weir_buf b = {0};
    if (!weir_buf_add(&b, path, (size_t)(name - path)) || !weir_buf_add(&b, ".", 1) ||
        !weir_buf_add(&b, name, name_size) || !weir_buf_printf(&b, ".%s.tmp", token) ||
        !weir_buf_add(&b, "", 1)) {
        weir_buf_clear(&b);
        return weir_error_nomem(err);
    }
    *out = b.data;
    return WEIR_OK;
}

/* What path may be before it is written: nothing, or a regular file. */
static weir_status check_target(const char *path, weir_error *err) {
    struct stat st;
    size_t n = strlen(path);
    weir_status status;
    if (n == 0 || path[n - 1] == '/') {
        status = weir_error_set(
            err, WEIR_USAGE, n ? "%s names a folder, not a file" : "the path of the file is empty",
            path);
        weir_error_hint(err, "write the name of a file");
        return status;
    }
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode)) return WEIR_OK;
    status = weir_error_set(err, WEIR_USAGE, "%s exists and is a %s", path,
                            S_ISDIR(st.st_mode)    ? "folder"
                            : S_ISFIFO(st.st_mode) ? "pipe"
                                                   : "device or socket");
    weir_error_hint(err, S_ISDIR(st.st_mode)
                             ? "write the name of a file in it"
                             : "to write to a pipe use - and redirect standard output");
    return status;
}

weir_status weir_file_writer_begin(const char *path, const char *token, bool make_folders,
                                   weir_file_writer **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_file_writer *w = NULL;
    if (!token_ok(token))
        return weir_error_set(err, WEIR_INTERNAL,
                              "a token of the temporary name has odd characters: %s", token);
    WEIR_TRY(check_target(path, err));
    w = weir_alloc_zero(1, sizeof *w);
    if (!w) return weir_error_nomem(err);
    w->fd = -1;
    w->max_capacity = WRITER_BUFFER_MAX_BYTES;
    w->path = weir_strdup(path);
    if (!w->path) {
        status = weir_error_nomem(err);
        goto out;
    }
    w->base = (weir_stream){.ops = &writer_ops, .name = w->path};
    WEIR_TRY(temp_name(path, token, &w->temp, err));
    size_t folder = weir_os_folder_size(path);
    if (make_folders && folder > 0) {
        char *parent = weir_strndup(path, folder);
        status = parent ? weir_file_make_folder(parent, err) : weir_error_nomem(err);
        weir_free(parent);
        if (status != WEIR_OK) goto out;
    }
    status = weir_os_open(w->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666, &w->fd, err);
    if (status != WEIR_OK) {
        if (err && err->vendor_code == EEXIST)
            weir_error_hint(err, "another run writes the same file, or an earlier one left this "
                                 "behind: remove it if none is running");
        if (err && err->vendor_code == ENOENT) weir_error_hint(err, "create the folder first");
        if (err && (err->vendor_code == EACCES || err->vendor_code == EROFS)) /* of the folder */
            status = weir_os_error(err, err->vendor_code, "create", path);
        goto out;
    }
    w->created = true;
    *out = w;
    return WEIR_OK;
out:
    weir_file_writer_free(w);
    return status;
}

void weir_file_writer_limit(weir_file_writer *w, size_t buffer_bytes) {
    w->max_capacity =
        buffer_bytes < WRITER_BUFFER_MIN_BYTES ? WRITER_BUFFER_MIN_BYTES : buffer_bytes;
}

weir_stream *weir_file_writer_stream(weir_file_writer *w) {
    return &w->base;
}
const char *weir_file_writer_temp(const weir_file_writer *w) {
    return w->temp;
}
uint64_t weir_file_writer_bytes(const weir_file_writer *w) {
    return w->written + w->used;
}

static weir_status fsync_folder_of(const char *path, weir_error *err) {
    char *folder = weir_strndup(path, weir_os_folder_size(path));
    if (!folder) return weir_error_nomem(err);
    weir_status status = weir_os_fsync_folder(folder, err);
    weir_free(folder);
    return status;
}

weir_status weir_file_writer_prepare(weir_file_writer *w, weir_error *err) {
    weir_status status = WEIR_OK;
    if (w->prepared) return WEIR_OK;
    WEIR_TRY(resume(w, err));
    WEIR_TRY(flush(w, err));
    WEIR_TRY(weir_os_fsync(w->fd, w->base.name, err));
    /* The name of the temporary too: after the decision recovery must find it. */
    WEIR_TRY(fsync_folder_of(w->temp, err));
    weir_os_close(w->fd);
    w->fd = -1;
    w->prepared = true;
out:
    if (status != WEIR_OK) w->failed = status;
    return status;
}

/* ---- many at once -------------------------------------------------------------------------- */

/* From this many files on one request to the file system is quicker than an fsync for each. */
#define MANY_FILES 32
#define FOLDERS_MAX ((size_t)4 << 20)

typedef struct folder_list {
    char **items;
    size_t n, capacity;
} folder_list;

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static weir_status folder_add(folder_list *l, const char *path, size_t size, weir_error *err) {
    size_t last = l->n ? strlen(l->items[l->n - 1]) : 0; /* files of a folder come together */
    if (l->n && last == size && memcmp(l->items[l->n - 1], path, size) == 0) return WEIR_OK;
    weir_status status =
        weir_grow((void **)&l->items, &l->capacity, l->n + 1, sizeof *l->items, FOLDERS_MAX, err);
    if (status != WEIR_OK) return status;
    if (!(l->items[l->n] = weir_strndup(path, size))) return weir_error_nomem(err);
    l->n++;
    return WEIR_OK;
}

weir_status weir_file_sync_folders(const char *const *paths, size_t n, size_t root_size,
                                   weir_error *err) {
    folder_list l = {0};
    weir_status status = WEIR_OK;
    for (size_t i = 0; i < n; i++) {
        size_t size = weir_os_folder_size(paths[i]);
        WEIR_TRY(folder_add(&l, paths[i], size, err));
        for (size_t k = size; k > root_size;)
            if (paths[i][--k] == '/') WEIR_TRY(folder_add(&l, paths[i], k ? k : 1, err));
        if (root_size == 0 && paths[i][0] != '/') WEIR_TRY(folder_add(&l, "", 0, err));
    }
    if (l.n > 1) qsort(l.items, l.n, sizeof *l.items, by_text);
    for (size_t i = 0; i < l.n; i++)
        if (i == 0 || strcmp(l.items[i - 1], l.items[i]) != 0)
            WEIR_TRY(weir_os_fsync_folder(l.items[i], err));
out:
    for (size_t i = 0; i < l.n; i++) weir_free(l.items[i]);
    weir_free(l.items);
    return status;
}

/* Writes out what the file systems of these files hold.  Only a help: each file's own fsync behind
 * it finds little to do, and is what reports a failure. */
static void push_file_systems(weir_file_writer *const *w, size_t n) {
    dev_t last = 0;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        int fd = -1;
        if (stat(w[i]->temp, &st) != 0 || (any && st.st_dev == last)) continue;
        if (weir_os_open(w[i]->temp, O_RDONLY | O_NOFOLLOW, 0, &fd, NULL) != WEIR_OK) continue;
        (void)syncfs(fd);
        weir_os_close(fd);
        last = st.st_dev;
        any = true;
    }
}

weir_status weir_file_writers_prepare(weir_file_writer *const *w, size_t n, size_t root_size,
                                      weir_error *err) {
    weir_status status = WEIR_OK;
    const char **temps = weir_alloc_zero(n + 1, sizeof *temps);
    if (!temps) return weir_error_nomem(err);
    for (size_t i = 0; i < n; i++) {
        temps[i] = w[i]->temp;
        if (!w[i]->prepared && n >= MANY_FILES) WEIR_TRY(weir_file_writer_park(w[i], err));
    }
    if (n >= MANY_FILES) push_file_systems(w, n);
    for (size_t i = 0; i < n; i++) {
        if (w[i]->prepared) continue;
        status = resume(w[i], err);
        if (status == WEIR_OK) status = flush(w[i], err);
        if (status == WEIR_OK) status = weir_os_fsync(w[i]->fd, w[i]->base.name, err);
        weir_os_close(w[i]->fd);
        w[i]->fd = -1;
        if (status != WEIR_OK) {
            w[i]->failed = status;
            goto out;
        }
    }
    /* The names of the temporaries too: after the decision recovery must find them. */
    WEIR_TRY(weir_file_sync_folders(temps, n, root_size, err));
    for (size_t i = 0; i < n; i++) w[i]->prepared = true;
out:
    weir_free(temps);
    return status;
}

void weir_file_writer_free(weir_file_writer *w) {
    if (!w) return;
    weir_os_close(w->fd);
    if (w->created && !w->prepared) (void)unlink(w->temp);
    weir_free(w->buffer);
    weir_free(w->temp);
    weir_free(w->path);
    weir_free(w);
}

/* ---- publishing ---------------------------------------------------------------------------- */

weir_status weir_file_publish(const char *temp, const char *path, bool replace, weir_error *err) {
    weir_status status = weir_file_publish_name(temp, path, replace, err);
    return status == WEIR_OK ? fsync_folder_of(path, err) : status;
}

weir_status weir_file_publish_name(const char *temp, const char *path, bool replace,
                                   weir_error *err) {
    struct stat st;
    if (lstat(temp, &st) != 0) {
        int code = errno;
        if (code != ENOENT || stat(path, &st) != 0) {
            weir_status status = weir_os_error(err, code, "publish", path);
            weir_error_hint(err, "the prepared file %s is gone", temp);
            return status;
        }
        /* Renamed before: only the folder may not have reached the disk yet. */
        return WEIR_OK;
    }
    return weir_os_rename(temp, path, replace, err);
}

weir_status weir_file_unlink(const char *path, weir_error *err) {
    if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
        return weir_os_error(err, errno, "remove", path);
    return WEIR_OK;
}

static weir_status make_one(const char *path, bool durable, weir_error *err) {
    struct stat st;
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode)) return WEIR_OK;
        return weir_os_error(err, ENOTDIR, "create the folder", path);
    }
    if (mkdir(path, 0777) != 0) {
        int code = errno; /* EEXIST: another process was faster */
        if (code != EEXIST || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
            return weir_os_error(err, code, "create the folder", path);
        return WEIR_OK;
    }
    return durable ? fsync_folder_of(path, err) : WEIR_OK;
}

static weir_status make_folders_of(const char *path, bool durable, weir_error *err) {
    weir_status status = WEIR_OK;
    char *copy = weir_strdup(path);
    if (!copy) return weir_error_nomem(err);
    size_t n = strlen(copy);
    while (n > 1 && copy[n - 1] == '/') copy[--n] = '\0';
    for (size_t i = 1; i < n; i++) {
        if (copy[i] != '/' || copy[i - 1] == '/') continue;
        copy[i] = '\0';
        status = make_one(copy, durable, err);
        copy[i] = '/';
        if (status != WEIR_OK) goto out;
    }
    if (n > 0) status = make_one(copy, durable, err);
out:
    weir_free(copy);
    return status;
}

weir_status weir_file_make_folder(const char *path, weir_error *err) {
    return make_folders_of(path, true, err);
}

weir_status weir_file_make_folder_unsynced(const char *path, weir_error *err) {
    return make_folders_of(path, false, err);
}
