#include "io/os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1u
#endif

/* One write(2) never asks for more: keeps the time between two looks at cancel short. */
#define WRITE_PIECE_BYTES ((size_t)4 << 20)
#define READ_PIECE_BYTES ((size_t)64 << 20)

weir_status weir_os_check(const weir_cancel *cancel, const char *what, const char *name,
                          weir_error *err) {
    if (!cancel) return WEIR_OK;
    bool stop = weir_cancel_requested(cancel);
    const char *why = "asked to stop";
    if (!stop) {
        weir_cancel *c = (weir_cancel *)(uintptr_t)cancel; /* C17 atomics do not load from const */
        int64_t deadline = atomic_load_explicit(&c->deadline_us, memory_order_relaxed);
        stop = deadline != 0 && weir_clock_monotonic_us() >= deadline;
        why = "the time allowed is over";
    }
    if (!stop) return WEIR_OK;
    return weir_error_set(err, WEIR_CANCELLED, "%s while %s %s", why, what, name);
}

static void add_hint(weir_error *err, int code, const char *name) {
    switch (code) {
    case ENOSPC:
        weir_error_hint(err, "free some space on the file system of %s and run again", name);
        break;
    case EDQUOT:
        weir_error_hint(err, "the disk quota is used up: free some space and run again");
        break;
    case EACCES:
    case EPERM:
        weir_error_hint(err, "check the permissions of %s and of the folders above it", name);
        break;
    case ENOENT: weir_error_hint(err, "check the spelling of the path"); break;
    case EROFS: weir_error_hint(err, "the file system is read-only: choose another place"); break;
    case EMFILE:
    case ENFILE: weir_error_hint(err, "raise the limit of open files (ulimit -n)"); break;
    case ENAMETOOLONG: weir_error_hint(err, "a file name has at most 255 bytes"); break;
    case EFBIG:
        weir_error_hint(err, "the file size limit is reached (ulimit -f, or the file system)");
        break;
    case EPIPE: weir_error_hint(err, "the program that reads the output has ended"); break;
    case EIO: weir_error_hint(err, "the device reports an error: look into the system log"); break;
    default: break;
    }
}

weir_status weir_os_error(weir_error *err, int code, const char *verb, const char *name) {
    weir_status status = weir_error_errno(err, code, "cannot %s %s", verb, name);
    if (err) {
        add_hint(err, code, name);
        err->vendor_code = code;
    }
    return status;
}

weir_status weir_os_open(const char *path, int flags, unsigned mode, int *fd, weir_error *err) {
    int code = 0, result;
    do {
        if (weir_fault(WEIR_FAULT_OPEN, &code)) {
            errno = code;
            result = -1;
        } else {
            result = open(path, flags | O_CLOEXEC, mode);
        }
    } while (result < 0 && errno == EINTR);
    if (result < 0) return weir_os_error(err, errno, flags & O_CREAT ? "create" : "open", path);
    *fd = result;
    return WEIR_OK;
}

weir_status weir_os_wait(int fd, short events, const weir_cancel *cancel, const char *name,
                         weir_error *err) {
    for (;;) {
        weir_status status =
            weir_os_check(cancel, events & POLLOUT ? "writing" : "reading", name, err);
        if (status != WEIR_OK) return status;
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, cancel ? WEIR_OS_SLICE_MS : -1);
        if (n > 0) return WEIR_OK; /* errors and hang-ups show in the read or write that follows */
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return weir_os_error(err, errno, "wait for", name);
    }
}

weir_status weir_os_read(int fd, void *buf, size_t size, bool wait_first, const weir_cancel *cancel,
                         const char *name, size_t *got, weir_error *err) {
    if (size > READ_PIECE_BYTES) size = READ_PIECE_BYTES;
    for (;;) {
        weir_status status = wait_first ? weir_os_wait(fd, POLLIN, cancel, name, err)
                                        : weir_os_check(cancel, "reading", name, err);
        if (status != WEIR_OK) return status;
        int code = 0;
        ssize_t n;
        if (weir_fault(WEIR_FAULT_READ, &code)) {
            errno = code;
            n = -1;
        } else {
            n = read(fd, buf, size);
        }
        if (n >= 0) {
            *got = (size_t)n;
            return WEIR_OK;
        }
        if (errno == EAGAIN) {
            wait_first = true;
            continue;
        }
        if (errno != EINTR) return weir_os_error(err, errno, "read", name);
    }
}

weir_status weir_os_read_at(int fd, uint64_t offset, void *buf, size_t size,
                            const weir_cancel *cancel, const char *name, size_t *got,
                            weir_error *err) {
    if (size > READ_PIECE_BYTES) size = READ_PIECE_BYTES;
    if (offset > INT64_MAX) return weir_os_error(err, EINVAL, "read", name);
    for (;;) {
        weir_status status = weir_os_check(cancel, "reading", name, err);
        if (status != WEIR_OK) return status;
        int code = 0;
        ssize_t n = -1;
        if (weir_fault(WEIR_FAULT_READ, &code))
            errno = code;
        else
            n = pread(fd, buf, size, (off_t)offset);
        if (n >= 0) {
            *got = (size_t)n;
            return WEIR_OK;
        }
        if (errno != EINTR) return weir_os_error(err, errno, "read", name);
    }
}

weir_status weir_os_write(int fd, const void *buf, size_t size, const weir_cancel *cancel,
                          const char *name, size_t *done, weir_error *err) {
    const char *p = buf;
    size_t left = size;
    weir_status status = WEIR_OK;
    while (left > 0) {
        status = weir_os_check(cancel, "writing", name, err);
        if (status != WEIR_OK) break;
        int code = 0;
        ssize_t n;
        if (weir_fault(WEIR_FAULT_WRITE, &code)) {
            errno = code;
            n = -1;
        } else {
            n = write(fd, p, left < WRITE_PIECE_BYTES ? left : WRITE_PIECE_BYTES);
        }
        if (n > 0) {
            p += n;
            left -= (size_t)n;
        } else if (n == 0 || errno == EAGAIN) {
            status = weir_os_wait(fd, POLLOUT, cancel, name, err);
            if (status != WEIR_OK) break;
        } else if (errno != EINTR) {
            status = weir_os_error(err, errno, "write", name);
            break;
        }
    }
    if (done) *done = size - left;
    return status;
}

weir_status weir_os_fsync(int fd, const char *name, weir_error *err) {
    int code = 0, result;
    do {
        if (weir_fault(WEIR_FAULT_FSYNC, &code)) {
            errno = code;
            result = -1;
        } else {
            result = fsync(fd);
        }
    } while (result != 0 && errno == EINTR);
    if (result != 0) return weir_os_error(err, errno, "make durable (fsync)", name);
    return WEIR_OK;
}

weir_status weir_os_fsync_folder(const char *folder, weir_error *err) {
    int fd = -1;
    const char *path = *folder ? folder : ".";
    weir_error local = {0};
    weir_status status = weir_os_open(path, O_RDONLY | O_DIRECTORY, 0, &fd, err);
    if (status != WEIR_OK) return status;
    status = weir_os_fsync(fd, path, &local);
    /* Some network and FUSE file systems do not know fsync of a folder; there is nothing more to
     * do. */
    if (status != WEIR_OK && local.vendor_code == EINVAL) status = WEIR_OK;
    if (status != WEIR_OK && err) *err = local;
    weir_os_close(fd);
    return status;
}

/* rename without replacing: renameat2 where the file system knows it, else a hard link, which fails
 * in the same way when the name is taken. */
static int rename_new(const char *from, const char *to) {
#ifdef SYS_renameat2
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != ENOSYS && errno != EINVAL) return -1;
#endif
    if (link(from, to) != 0) return -1;
    return unlink(from);
}

weir_status weir_os_rename(const char *from, const char *to, bool replace, weir_error *err) {
    int code = 0, result;
    if (weir_fault(WEIR_FAULT_RENAME, &code)) {
        errno = code;
        result = -1;
    } else {
        result = replace ? rename(from, to) : rename_new(from, to);
    }
    if (result == 0) return WEIR_OK;
    code = errno;
    weir_status status = weir_os_error(err, code, "rename a finished file to", to);
    if (code == EEXIST)
        weir_error_hint(err, "the file exists already: remove it or use mode: replace");
    return status;
}

void weir_os_close(int fd) {
    if (fd >= 0) (void)close(fd);
}

size_t weir_os_folder_size(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return 0;
    while (slash > path && slash[-1] == '/') slash--;
    return slash == path ? 1 : (size_t)(slash - path);
}
