/* Reading local files, pipes and standard input. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "io/os.h"

typedef struct file_stream {
    weir_stream base;
    int fd;
    bool own;       /* close it */
    uint64_t start; /* where offset 0 is: standard input may stand inside a file */
    bool waits;     /* a pipe or terminal: poll before each read */
    const weir_cancel *cancel;
    char *name;
} file_stream;

static weir_status file_read(weir_stream *s, void *buf, size_t size, size_t *got, weir_error *err) {
    file_stream *f = (file_stream *)s;
    size_t n = 0;
    weir_status status =
        size == 0 ? WEIR_OK : weir_os_read(f->fd, buf, size, f->waits, f->cancel, s->name, &n, err);
    if (status != WEIR_OK) {
        weir_error_at(err, s->name, 0, 0);
        if (err) err->byte = (int64_t)s->position;
        return status;
    }
    s->position += n;
    *got = n;
    return WEIR_OK;
}

static weir_status file_read_at(weir_stream *s, uint64_t offset, void *buf, size_t size,
                                size_t *got, weir_error *err) {
    file_stream *f = (file_stream *)s;
    *got = 0;
    if (size == 0) return WEIR_OK;
    weir_status status =
        weir_os_read_at(f->fd, f->start + offset, buf, size, f->cancel, s->name, got, err);
    if (status != WEIR_OK) {
        weir_error_at(err, s->name, 0, 0);
        if (err) err->byte = (int64_t)offset;
    }
    return status;
}

static void file_close(weir_stream *s) {
    file_stream *f = (file_stream *)s;
    if (f->own) weir_os_close(f->fd);
    weir_free(f->name);
    weir_free(f);
}

static const weir_stream_ops file_ops = {
    .read = file_read, .read_at = file_read_at, .close = file_close};

/* Refuses what is not a stream of bytes a pipeline could mean. */
static weir_status check_kind(const struct stat *st, const char *path, weir_error *err) {
    weir_status status;
    if (S_ISDIR(st->st_mode)) {
        status = weir_error_set(err, WEIR_USAGE, "%s is a folder", path);
        weir_error_hint(err, "name the files in it, for example %s/*.csv", path);
        return status;
    }
    if (S_ISREG(st->st_mode) || S_ISFIFO(st->st_mode) || S_ISCHR(st->st_mode)) return WEIR_OK;
    status = weir_error_set(err, WEIR_USAGE, "%s is a %s and no file", path,
                            S_ISBLK(st->st_mode) ? "block device" : "socket");
    weir_error_hint(err, "name a file, a pipe, or - for standard input");
    return status;
}

weir_status weir_file_open(const char *path, weir_cancel *cancel, weir_stream **out,
                           weir_error *err) {
    weir_status status = WEIR_OK;
    bool standard = strcmp(path, "-") == 0;
    int fd = STDIN_FILENO;
    struct stat st;
    file_stream *f = weir_alloc_zero(1, sizeof *f);
    char *name = weir_strdup(standard ? "standard input" : path);
    if (!f || !name) {
        status = weir_error_nomem(err);
        goto fail;
    }
    /* O_NONBLOCK: opening a FIFO must not hang before anyone can be asked to stop.  It has no
     * effect on files; reads from the FIFO wait in poll(2). */
    if (!standard) {
        fd = -1;
        status = weir_os_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd, err);
        if (status != WEIR_OK) goto fail;
    }
    if (fstat(fd, &st) != 0) {
        status = weir_os_error(err, errno, "examine", name);
        goto fail;
    }
    if (!(standard && S_ISSOCK(st.st_mode)) && (status = check_kind(&st, name, err)) != WEIR_OK)
        goto fail;
    f->base = (weir_stream){.ops = &file_ops, .name = name};
    f->waits = !S_ISREG(st.st_mode);
    if (!f->waits) {
        off_t at = standard ? lseek(fd, 0, SEEK_CUR) : 0;
        if (at >= 0 && st.st_size > at) f->base.size_hint = (uint64_t)(st.st_size - at);
        f->base.at_will = at >= 0;
        f->start = at > 0 ? (uint64_t)at : 0;
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    f->fd = fd;
    f->own = !standard;
    f->cancel = cancel;
    f->name = name;
    *out = &f->base;
    return WEIR_OK;
fail:
    if (!standard) weir_os_close(fd);
    weir_error_at(err, path, 0, 0);
    weir_free(name);
    weir_free(f);
    return status;
}

weir_status weir_file_read_all(const char *path, size_t max, weir_buf *out, weir_error *err) {
    weir_stream *s = NULL;
    size_t start = out->size;
    weir_status status = weir_file_open(path, NULL, &s, err);
    if (status != WEIR_OK) return status;
    for (;;) {
        char piece[16384];
        size_t n = 0;
        WEIR_TRY(weir_stream_read(s, piece, sizeof piece, &n, err));
        if (n == 0) break;
        if (out->size - start + n > max) {
            status = weir_error_set(err, WEIR_DATA, "%s is larger than the %zu bytes allowed", path,
                                    max);
            goto out;
        }
        if (!weir_buf_add(out, piece, n)) {
            status = weir_error_nomem(err);
            goto out;
        }
    }
out:
    if (status != WEIR_OK) out->size = start;
    weir_stream_close(s);
    return status;
}

static void info_of(const struct stat *st, char *path, weir_file_info *out) {
    *out =
        (weir_file_info){.path = path,
                         .size_bytes = (uint64_t)st->st_size,
                         .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
                         .inode = (uint64_t)st->st_ino,
                         .device = (uint64_t)st->st_dev};
}

weir_status weir_file_stat(const char *path, weir_file_info *out, weir_error *err) {
    struct stat st = {0};
    bool standard = strcmp(path, "-") == 0;
    if ((standard ? fstat(STDIN_FILENO, &st) : stat(path, &st)) != 0) {
        weir_status status = weir_os_error(err, errno, "find", path);
        weir_error_at(err, path, 0, 0);
        return status;
    }
    if (standard) st.st_size = 0, st.st_mtim = (struct timespec){0, 0};
    weir_status status = standard ? WEIR_OK : check_kind(&st, path, err);
    if (status != WEIR_OK) return status;
    char *copy = weir_strdup(path);
    if (!copy) return weir_error_nomem(err);
    info_of(&st, copy, out);
    return WEIR_OK;
}

weir_status weir_file_unchanged(const weir_file_info *before, weir_error *err) {
    struct stat st;
    if (strcmp(before->path, "-") == 0) return WEIR_OK;
    if (stat(before->path, &st) != 0) return weir_os_error(err, errno, "find", before->path);
    weir_file_info now;
    info_of(&st, NULL, &now);
    if (!S_ISREG(st.st_mode) ||
        (now.size_bytes == before->size_bytes && now.mtime_ns == before->mtime_ns &&
         now.inode == before->inode && now.device == before->device))
        return WEIR_OK;
    weir_status status = weir_error_set(
        err, WEIR_DATA, "%s was changed while it was read (%llu bytes then, %llu now)",
        before->path, (unsigned long long)before->size_bytes, (unsigned long long)now.size_bytes);
    weir_error_at(err, before->path, 0, 0);
    weir_error_hint(err, "let its writer finish under another name and rename it, then run again");
    if (err) err->retriable = true;
    return status;
}
