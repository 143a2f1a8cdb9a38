/* Leases: a lock of the operating system, which dies with its process, and a fencing number in the
 * database, which outlives even the removal of the lock file. */
#include "state/state_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "io/os.h"

typedef struct db_lease {
    weir_lease base;
    int fd;
    char *pipeline, *run_id;
} db_lease;

weir_status weir_statedb_fence(weir_lease *l, weir_error *err) {
    int64_t fence = 0;
    bool found = false;
    weir_status status =
        weir_statedb_number(weir_statedb_of(l->state), &fence, &found, err,
                            "select fence from leases where pipeline = ?", "t", l->pipeline);
    if (status != WEIR_OK || (found && (uint64_t)fence == l->fence)) return status;
    status = weir_error_set(err, WEIR_IO, "run %s no longer holds the lease of pipeline %s",
                            l->run_id, l->pipeline);
    weir_error_hint(err, "another run took over; nothing of this one is committed any more");
    if (err) {
        err->vendor_code = ESTALE;
        err->fatal = true;
    }
    return status;
}

/* "pid host run" of the holder, as it wrote them into the lock file; for the message only. */
static weir_status held(weir_statedb *d, int fd, const char *pipeline, weir_error *err) {
    char text[400];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    (void)d;
    text[n > 0 ? n : 0] = '\0';
    char *end = strchr(text, '\n');
    if (end) *end = '\0';
    weir_status status = weir_error_set(err, WEIR_IO, "pipeline %s is being run already%s%s",
                                        pipeline, *text ? " by " : "", text);
    weir_error_hint(err, "wait for that run to end, or stop it");
    if (err) {
        err->vendor_code = EBUSY;
        err->retriable = true;
    }
    return status;
}

/* Opens and locks the file; a file that was removed in between is no lock, so it is tried again. */
static weir_status lock(weir_statedb *d, const char *path, const char *pipeline, int *out,
                        weir_error *err) {
    for (int attempt = 0; attempt < 10; attempt++) {
        struct stat mine, there;
        int fd = -1;
        weir_status status = weir_os_open(path, O_RDWR | O_CREAT, 0666, &fd, err);
        if (status != WEIR_OK) return status;
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int code = errno;
            status = code == EWOULDBLOCK ? held(d, fd, pipeline, err)
                                         : weir_os_error(err, code, "lock", path);
            weir_os_close(fd);
            if (code == EINTR) continue;
            return status;
        }
        if (fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
            mine.st_dev == there.st_dev) {
            *out = fd;
            return WEIR_OK;
        }
        weir_os_close(fd);
    }
    return weir_error_set(err, WEIR_IO, "the lock %s keeps being removed", path);
}

static void sign(int fd, const char *run_id, const char *host) {
    char text[400];
    int n =
        snprintf(text, sizeof text, "run %s (process %ld on %s)\n", run_id, (long)getpid(), host);
    if (n <= 0 || (size_t)n >= sizeof text) return;
    if (ftruncate(fd, 0) == 0) (void)!pwrite(fd, text, (size_t)n, 0);
}

/* Takes the next fencing number and declares the runs of dead processes interrupted. */
static weir_status take(weir_statedb *d, const char *pipeline, const char *run_id, const char *host,
                        uint64_t *fence, weir_error *err) {
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    int64_t number = 0;
    WEIR_TRY(weir_statedb_number(
        d, &number, NULL, err,
        "insert into leases(pipeline, fence, run_id, pid, host, acquired) values(?1, 1, ?2, ?3, "
        "?4, ?5)"
        " on conflict(pipeline) do update set fence = fence + 1, run_id = ?2, pid = ?3, host = ?4,"
        " acquired = ?5, released = null returning fence",
        "ttiti", pipeline, run_id, (int64_t)getpid(), host, weir_statedb_now(0)));
    WEIR_TRY(weir_statedb_run(
        d, err,
        "update steps set status = 'interrupted' where status = 'running' and run_id in"
        " (select id from runs where pipeline = ? and status = 'running' and id <> ?)",
        "tt", pipeline, run_id));
    WEIR_TRY(weir_statedb_run(d, err,
                              "update runs set status = 'interrupted' where pipeline = ? and"
                              " status = 'running' and id <> ?",
                              "tt", pipeline, run_id));
    *fence = (uint64_t)number;
out:
    return weir_statedb_end(d, status, err);
}

static weir_status lock_path(weir_statedb *d, const char *pipeline, weir_buf *path,
                             weir_error *err) {
    if (!weir_buf_printf(path, "%s/locks", d->folder)) return weir_error_nomem(err);
    weir_status status = weir_file_make_folder(weir_buf_cstr(path), err);
    if (status != WEIR_OK) return status;
    if (!weir_buf_add(path, "/", 1) || !weir_file_escape_component(weir_slice_of(pipeline), path) ||
        !weir_buf_adds(path, ".lock"))
        return weir_error_nomem(err);
    return WEIR_OK;
}

weir_status weir_statedb_lease_acquire(weir_state *s, const char *pipeline, const char *run_id,
                                       weir_lease **out, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_status status = WEIR_OK;
    weir_buf path = {0};
    char host[256] = "";
    db_lease *l = weir_alloc_zero(1, sizeof *l);
    if (!l) return weir_error_nomem(err);
    l->fd = -1;
    l->pipeline = weir_strdup(pipeline);
    l->run_id = weir_strdup(run_id);
    if (!l->pipeline || !l->run_id) {
        status = weir_error_nomem(err);
        goto out;
    }
    if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
    WEIR_TRY(lock_path(d, pipeline, &path, err));
    WEIR_TRY(lock(d, weir_buf_cstr(&path), pipeline, &l->fd, err));
    sign(l->fd, run_id, host);
    l->base = (weir_lease){.state = s, .pipeline = l->pipeline, .run_id = l->run_id};
    WEIR_TRY(take(d, pipeline, run_id, host, &l->base.fence, err));
    weir_buf_clear(&path);
    *out = &l->base;
    return WEIR_OK;
out:
    weir_buf_clear(&path);
    weir_os_close(l->fd);
    weir_free(l->pipeline);
    weir_free(l->run_id);
    weir_free(l);
    return status;
}

weir_status weir_statedb_lease_renew(weir_lease *l, weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = weir_statedb_begin(d, false, err);
    if (status != WEIR_OK) return status;
    return weir_statedb_end(d, weir_statedb_fence(l, err), err);
}

void weir_statedb_lease_release(weir_lease *l) {
    db_lease *lease = (db_lease *)l;
    weir_statedb *d = weir_statedb_of(l->state);
    /* Only a note for people: what frees the lease is the lock. */
    if (weir_statedb_begin(d, true, NULL) == WEIR_OK) {
        weir_status status = weir_statedb_run(
            d, NULL, "update leases set released = ? where pipeline = ? and fence = ?", "itu",
            weir_statedb_now(0), l->pipeline, l->fence);
        status = weir_statedb_end(d, status, NULL);
        (void)status;
    }
    if (lease->fd >= 0) (void)!ftruncate(lease->fd, 0);
    weir_os_close(lease->fd);
    weir_free(lease->pipeline);
    weir_free(lease->run_id);
    weir_free(lease);
}
