#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/os.h"

weir_status weir_stream_read_full(weir_stream *s, void *buf, size_t size, size_t *got,
                                  weir_error *err) {
    size_t have = 0;
    while (have < size) {
        size_t n = 0;
        weir_status status = s->ops->read(s, (char *)buf + have, size - have, &n, err);
        if (status != WEIR_OK) return status;
        if (n == 0) break;
        have += n;
    }
    *got = have;
    return WEIR_OK;
}

weir_status weir_stream_write(weir_stream *s, const void *buf, size_t size, weir_error *err) {
    if (!s->ops->write)
        return weir_error_set(err, WEIR_INTERNAL, "%s is open for reading only", s->name);
    return s->ops->write(s, buf, size, err);
}

weir_status weir_stream_finish(weir_stream *s, weir_error *err) {
    return s->ops->finish ? s->ops->finish(s, err) : WEIR_OK;
}

void weir_stream_close(weir_stream *s) {
    if (s) s->ops->close(s);
}

/* ---- memory -------------------------------------------------------------------------------- */

typedef struct memory_stream {
    weir_stream base;
    const char *data;
    size_t size, at;
    char *name;
} memory_stream;

static weir_status memory_read(weir_stream *s, void *buf, size_t size, size_t *got,
                               weir_error *err) {
    memory_stream *m = (memory_stream *)s;
    (void)err;
    size_t n = m->size - m->at;
    if (n > size) n = size;
    if (n > 0) memcpy(buf, m->data + m->at, n);
    m->at += n;
    s->position += n;
    *got = n;
    return WEIR_OK;
}

static weir_status memory_read_at(weir_stream *s, uint64_t offset, void *buf, size_t size,
                                  size_t *got, weir_error *err) {
    const memory_stream *m = (const memory_stream *)s;
    (void)err;
    size_t left = offset < m->size ? m->size - (size_t)offset : 0;
    *got = size < left ? size : left;
    if (*got) memcpy(buf, m->data + offset, *got);
    return WEIR_OK;
}

static void memory_close(weir_stream *s) {
    memory_stream *m = (memory_stream *)s;
    weir_free(m->name);
    weir_free(m);
}

static const weir_stream_ops memory_ops = {
    .read = memory_read, .read_at = memory_read_at, .close = memory_close};

weir_status weir_memory_open(const char *name, const void *data, size_t size, weir_stream **out,
                             weir_error *err) {
    memory_stream *m = weir_alloc_zero(1, sizeof *m);
    char *copy = weir_strdup(name);
    if (!m || !copy) {
        weir_free(m);
        weir_free(copy);
        return weir_error_nomem(err);
    }
    m->base = (weir_stream){.ops = &memory_ops, .name = copy, .size_hint = size, .at_will = true};
    m->name = copy;
    m->data = data;
    m->size = size;
    *out = &m->base;
    return WEIR_OK;
}

/* ---- descriptors --------------------------------------------------------------------------- */

/* Writes below this size are gathered: one system call moves at least as much. */
#define FD_BUFFER_BYTES ((size_t)128 << 10)

typedef struct fd_writer {
    weir_stream base;
    int fd;
    int own_fd; /* a second description of the same pipe that does not block; -1 = none */
    const weir_cancel *cancel;
    char *name;
    char *buffer;
    size_t used;
    weir_status failed; /* sticky: after a failure nothing may pretend that the output is whole */
} fd_writer;

static weir_status fd_put(fd_writer *w, const void *buf, size_t size, weir_error *err) {
    weir_status status = weir_os_write(w->own_fd >= 0 ? w->own_fd : w->fd, buf, size, w->cancel,
                                       w->base.name, NULL, err);
    if (status != WEIR_OK) w->failed = status;
    return status;
}

static weir_status fd_flush(fd_writer *w, weir_error *err) {
    if (w->failed != WEIR_OK)
        return weir_error_set(err, w->failed, "an earlier write to %s failed", w->base.name);
    size_t n = w->used;
    w->used = 0;
    return n > 0 ? fd_put(w, w->buffer, n, err) : WEIR_OK;
}

static weir_status fd_write(weir_stream *s, const void *buf, size_t size, weir_error *err) {
    fd_writer *w = (fd_writer *)s;
    if (size == 0) return WEIR_OK;
    if (w->failed != WEIR_OK || size > FD_BUFFER_BYTES - w->used) {
        weir_status status = fd_flush(w, err);
        if (status != WEIR_OK) return status;
    }
    if (size >= FD_BUFFER_BYTES) {
        weir_status status = fd_put(w, buf, size, err);
        if (status != WEIR_OK) return status;
    } else {
        memcpy(w->buffer + w->used, buf, size);
        w->used += size;
    }
    s->position += size;
    return WEIR_OK;
}

static weir_status fd_finish(weir_stream *s, weir_error *err) {
    return fd_flush((fd_writer *)s, err);
}

static weir_status fd_no_read(weir_stream *s, void *buf, size_t size, size_t *got,
                              weir_error *err) {
    (void)buf, (void)size, (void)got;
    return weir_error_set(err, WEIR_INTERNAL, "%s is open for writing only", s->name);
}

static void fd_close(weir_stream *s) {
    fd_writer *w = (fd_writer *)s;
    weir_os_close(w->own_fd);
    weir_free(w->buffer);
    weir_free(w->name);
    weir_free(w);
}

static const weir_stream_ops fd_ops = {
    .read = fd_no_read, .write = fd_write, .finish = fd_finish, .close = fd_close};

weir_status weir_fd_writer(int fd, const char *name, weir_stream **out, weir_error *err) {
    fd_writer *w = weir_alloc_zero(1, sizeof *w);
    char *copy = weir_strdup(name);
    char *buffer = weir_alloc(FD_BUFFER_BYTES);
    if (!w || !copy || !buffer) {
        weir_free(w);
        weir_free(copy);
        weir_free(buffer);
        return weir_error_nomem(err);
    }
    w->base = (weir_stream){.ops = &fd_ops, .name = copy};
    w->name = copy;
    w->buffer = buffer;
    w->fd = fd;
    w->own_fd = -1;
    *out = &w->base;
    return WEIR_OK;
}

void weir_fd_writer_set_cancel(weir_stream *s, const weir_cancel *cancel) {
    fd_writer *w = (fd_writer *)s;
    struct stat st;
    w->cancel = cancel;
    if (!cancel || w->own_fd >= 0 || fstat(w->fd, &st) != 0 || !S_ISFIFO(st.st_mode)) return;
    /* Switching the descriptor itself to O_NONBLOCK would switch it for every process that shares
     * it (a shell's terminal); a description of our own does not.  Without /proc writes just block.
     */
    char path[48];
    int n = snprintf(path, sizeof path, "/proc/self/fd/%d", w->fd);
    if (n > 0 && (size_t)n < sizeof path)
        w->own_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}
