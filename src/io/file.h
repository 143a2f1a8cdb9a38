/* Local files as a pipeline needs them: found by pattern, written atomically.
 */
#ifndef WEIR_IO_FILE_H
#define WEIR_IO_FILE_H

#include "io/stream.h"

/* ---- finding ------------------------------------------------------------------------------- */

typedef struct weir_file_info {
    char *path; /* as a person would write it: pattern's folder + name */
    uint64_t size_bytes;
    int64_t mtime_ns;
    uint64_t inode, device;
} weir_file_info;
typedef struct weir_file_list {
    size_t n, capacity;
    weir_file_info *items;
    bool keep_broken; /* set by the caller: a dangling link is listed (size and time 0), so that the
                         fault comes when it is opened */
} weir_file_list;

/* Files that match pattern, sorted by the bytes of their paths, each once.
 *   *  ?  [a-z] [!a-z]   within a name, by characters; \\ takes the next character as it is
 *   {a,b}                alternatives, may nest and hold slashes; braces without a comma are
 * literal
 *   **                   as a whole name: any number of folders, none included; as the last name:
 *                        all files below.  Links to folders are not followed under **.
 * A pattern without wildcards, or one that is word for word the path of a file, names that file;
 * "-" is standard input; a folder is WEIR_USAGE with the hint to name the files in it.  Wildcards
 * at the start of a name pass over names that begin with "." or "_" (folders too: .git,
 * _temporary), and files whose name ends in .tmp, .crc or .part are passed over unless the pattern
 * ends so as well.  Only regular files (or links to them) match a wildcard; a folder that cannot be
 * read or a dangling link is an error, never silently skipped.  No match is not an error here: n is
 * 0.  out is zeroed by the caller, but for keep_broken. */
WEIR_MUST_USE weir_status weir_file_glob(const char *pattern, weir_file_list *out, weir_error *err);
void weir_file_list_clear(weir_file_list *l);
/* One existing file (or FIFO, or "-"); the caller frees out->path with weir_free. */
WEIR_MUST_USE weir_status weir_file_stat(const char *path, weir_file_info *out, weir_error *err);
/* WEIR_DATA (retriable) when the file is no longer what `before` says: size, time, inode.  Asked
 * after the last byte was read, so that a file that is still being written does not count as read.
 */
WEIR_MUST_USE weir_status weir_file_unchanged(const weir_file_info *before, weir_error *err);
/* True when text has glob characters. */
bool weir_file_is_pattern(const char *text);
/* Whether one name matches a pattern without slashes and braces, by the rules above but for those
 * on hidden and temporary names. */
bool weir_file_name_matches(const char *pattern, const char *name);
/* Whether a path that may not exist yet would be found by pattern, by all rules above; both
 * absolute or both from the same folder.  For checks: only the texts are looked at. */
bool weir_file_path_matches(const char *pattern, const char *path);

/* ---- writing atomically -------------------------------------------------------------------- */

/* A file that appears whole or not at all:  begin -> write* -> prepare (flush, fsync) -> publish
 * (rename, fsync of the folder) | abort (unlink).  The temporary name is
 * "<folder>/.<name>.<token>.tmp": found again by recovery through the token.  Dirty pages are
 * pushed out while writing (sync_file_range) so that the fsync at the end is short. */
typedef struct weir_file_writer weir_file_writer;
/* make_folders: create missing parents.  Mode 0666 & ~umask.  token: letters, digits, "._-".  A
 * path that exists and is no regular file is WEIR_USAGE; a temporary of the same name is WEIR_IO
 * (recovery removes those of dead runs: weir_file_sweep).  The name part of the temporary is
 * shortened when it would be too long for the file system. */
WEIR_MUST_USE weir_status weir_file_writer_begin(const char *path, const char *token,
                                                 bool make_folders, weir_file_writer **out,
                                                 weir_error *err);
/* Caps the buffer that gathers small writes (it grows with the file from 4 KiB to 256 KiB): for
 * sinks that keep many files open. */
void weir_file_writer_limit(weir_file_writer *w, size_t buffer_bytes);
/* The stream to write to; owned by the writer: closing it (or a filter on it) does nothing to the
 * file. */
weir_stream *weir_file_writer_stream(weir_file_writer *w);
const char *weir_file_writer_temp(const weir_file_writer *w);
uint64_t weir_file_writer_bytes(const weir_file_writer *w);
/* Writes out what is buffered and gives descriptor and buffer back until the next write: for sinks
 * with more files than descriptors. */
WEIR_MUST_USE weir_status weir_file_writer_park(weir_file_writer *w, weir_error *err);
/* Flushes, fsyncs and closes the descriptor.  After a failed write, flush or fsync it fails for
 * ever. */
WEIR_MUST_USE weir_status weir_file_writer_prepare(weir_file_writer *w, weir_error *err);
/* The same for many files: the file systems write out everything at once when there are many, each
 * file is still fsynced (that is what reports failures), and each folder once.  root_size: see
 * weir_file_sync_folders; pass SIZE_MAX when the folders were made durable before. */
WEIR_MUST_USE weir_status weir_file_writers_prepare(weir_file_writer *const *w, size_t n,
                                                    size_t root_size, weir_error *err);
void weir_file_writer_free(weir_file_writer *w); /* unlinks the temporary unless prepared */
/* Removes what dead runs left: files ".*.<token>.tmp" in folder.  A missing folder is fine.
 * *removed (may be NULL) counts them. */
WEIR_MUST_USE weir_status weir_file_sweep(const char *folder, const char *token, size_t *removed,
                                          weir_error *err);

/* Idempotent publish of a prepared temporary: rename(temp, path) + fsync(folder).  When temp is
 * gone and path exists it counts as done.  replace false and path exists (and temp too): WEIR_IO.
 */
WEIR_MUST_USE weir_status weir_file_publish(const char *temp, const char *path, bool replace,
                                            weir_error *err);
/* The same without the fsync: for many, weir_file_sync_folders follows. */
WEIR_MUST_USE weir_status weir_file_publish_name(const char *temp, const char *path, bool replace,
                                                 weir_error *err);
/* fsync of the folders of n paths, each folder once, and of the folders above them down to the
 * first root_size bytes of the path (the root itself too); SIZE_MAX = only the folders. */
WEIR_MUST_USE weir_status weir_file_sync_folders(const char *const *paths, size_t n,
                                                 size_t root_size, weir_error *err);
WEIR_MUST_USE weir_status weir_file_unlink(const char *path, weir_error *err); /* missing = ok */
/* mkdir -p with 0777 & ~umask; new folders are made durable in their parents. */
WEIR_MUST_USE weir_status weir_file_make_folder(const char *path, weir_error *err);
/* The same, not durable yet: weir_file_sync_folders makes it so. */
WEIR_MUST_USE weir_status weir_file_make_folder_unsynced(const char *path, weir_error *err);
/* Whole small file into out, at most max bytes. */
WEIR_MUST_USE weir_status weir_file_read_all(const char *path, size_t max, weir_buf *out,
                                             weir_error *err);
/* Joins a root and a relative path made from data (size bytes, so that NUL is seen) and appends the
 * result to out; refuses absolute paths, "." and "..", empty parts, NUL and control characters,
 * parts of more than 255 bytes, and links that lead out of root (also dangling ones). */
WEIR_MUST_USE weir_status weir_file_safe_join(const char *root, weir_slice relative, weir_buf *out,
                                              weir_error *err);
/* Appends `text` as one safe path component: bytes outside [A-Za-z0-9._=+-] as %XX; "." and ".."
 * and
 * "" are escaped as well (Hive's way; "" becomes __HIVE_DEFAULT_PARTITION__ for null is the
 * caller's). */
WEIR_MUST_USE bool weir_file_escape_component(weir_slice text, weir_buf *out);

#endif
