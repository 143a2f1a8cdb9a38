/* System calls as src/io (and src/state) make them: through the fault layer, with EINTR and short
 * transfers handled, stoppable, and with an error that says what to do.
 *
 * All functions may be called from any thread.  `name` is what a person calls the file; it is only
 * used for messages.
 */
#ifndef WEIR_IO_OS_H
#define WEIR_IO_OS_H

#include <sys/types.h>
#include "base/context.h"

/* Longest time, in milliseconds, that a wait passes over a request to stop. */
#define WEIR_OS_SLICE_MS 100

/* WEIR_CANCELLED when a stop was requested or cancel's deadline has passed; NULL cancel: WEIR_OK.
 * what completes the sentence "stopped while ...". */
WEIR_MUST_USE weir_status weir_os_check(const weir_cancel *cancel, const char *what,
                                        const char *name, weir_error *err);

/* Fills err for a failed call on name: class by errno and a hint for the usual causes (no space, no
 * permission, too many files, read-only, not there).  verb as in "cannot <verb> <name>".
 * Returns the status. */
weir_status weir_os_error(weir_error *err, int code, const char *verb, const char *name);

/* open(2) with O_CLOEXEC.  *fd is untouched on failure; err->vendor_code is the errno. */
WEIR_MUST_USE weir_status weir_os_open(const char *path, int flags, unsigned mode, int *fd,
                                       weir_error *err);

/* Waits until fd is ready for events (POLLIN, POLLOUT) or in an error state, in slices, or until
 * cancel says stop. */
WEIR_MUST_USE weir_status weir_os_wait(int fd, short events, const weir_cancel *cancel,
                                       const char *name, weir_error *err);

/* Reads 1..size bytes, or *got = 0 at the end.  wait_first: poll before reading (pipes, terminals),
 * so that a stop is noticed. */
WEIR_MUST_USE weir_status weir_os_read(int fd, void *buf, size_t size, bool wait_first,
                                       const weir_cancel *cancel, const char *name, size_t *got,
                                       weir_error *err);

/* Reads 1..size bytes at offset of a file, or *got = 0 behind its end; pread(2). */
WEIR_MUST_USE weir_status weir_os_read_at(int fd, uint64_t offset, void *buf, size_t size,
                                          const weir_cancel *cancel, const char *name, size_t *got,
                                          weir_error *err);

/* Writes all of buf.  A descriptor that does not block is waited for.  On failure some bytes may
 * have been written; *done (may be NULL) says how many in either case. */
WEIR_MUST_USE weir_status weir_os_write(int fd, const void *buf, size_t size,
                                        const weir_cancel *cancel, const char *name, size_t *done,
                                        weir_error *err);

/* fsync(2).  Never to be repeated after a failure: the kernel may have dropped the dirty pages. */
WEIR_MUST_USE weir_status weir_os_fsync(int fd, const char *name, weir_error *err);
/* fsync of a folder by path ("" = the current one), which makes names in it durable. */
WEIR_MUST_USE weir_status weir_os_fsync_folder(const char *folder, weir_error *err);

/* rename(2); replace false: fails with EEXIST (err->vendor_code) when `to` exists. */
WEIR_MUST_USE weir_status weir_os_rename(const char *from, const char *to, bool replace,
                                         weir_error *err);

/* Closes fd unless it is negative; errors of close are of no use and dropped (written data is
 * fsynced before). */
void weir_os_close(int fd);

/* Length of the folder part of path without its slash: "a/b/c" 3, "c" 0, "/c" 1 (the root). */
size_t weir_os_folder_size(const char *path);

#endif
