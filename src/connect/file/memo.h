/* What inference found in files, kept between runs and told by the files' content.
 *
 * A full inference reads all data before the run does.  Its result is kept (weir_memo of the
 * environment): the types, how values are written, the dialect of each file.  It holds for one
 * build of weir, one source as it is declared, and files of these bytes: before it is used the
 * files are read once and their XXH3-128 is compared, which is several times faster than looking at
 * their values.  The hash that is kept is taken of the very bytes that inference reads.
 */
#ifndef WEIR_CONNECT_FILE_MEMO_H
#define WEIR_CONNECT_FILE_MEMO_H

#include "connect/connector.h"
#include "text/hash.h"

/* The hash of a stream of bytes, whatever the pieces they come in. */
typedef struct weir_file_hash {
    weir_hash128 sum;
    uint64_t total_bytes;
    size_t filled;
    uint8_t *block; /* owned */
    bool scattered; /* read at will: it is not the hash of the file */
    bool end;       /* all bytes were seen, in order */
} weir_file_hash;
void weir_file_hash_clear(weir_file_hash *h);
/* A stream that gives the bytes of in and adds them to *h, which must outlive it; *h is zeroed
 * first.  Takes over in, also on failure. */
WEIR_MUST_USE weir_status weir_file_hashed(weir_stream *in, weir_file_hash *h, weir_stream **out,
                                           weir_error *err);
/* Reads path to its end. */
WEIR_MUST_USE weir_status weir_file_hash_of(const char *path, weir_cancel *cancel,
                                            weir_file_hash *h, weir_error *err);

/* What is known of a column of the data. */
typedef struct weir_file_known {
    const char *name;
    const weir_type *type; /* NULL: declared, or stated by the format */
    weir_opt_column how;   /* how its values are written; zeros = plainly */
} weir_file_known;

/* What one inference found; all in one arena.  Zeroed = nothing. */
typedef struct weir_file_memo {
    uint64_t source;   /* the build, the source as declared, names and sizes of its files */
    weir_hash128 data; /* the content of all files */
    uint32_t n_columns, n_splits;
    weir_file_known *columns; /* as found->names has them */
    const char **dialects;    /* of each file */
} weir_file_memo;

/* Which source it is: of weir_memo's own number, the build, and the files.  0 = nothing can be
 * kept: the program was linked without a build id. */
uint64_t weir_file_memo_source(const weir_memo *memo, const weir_splits *splits);
/* The content of files in order, split by split; start with zeros. */
void weir_file_memo_add(weir_hash128 *data, const weir_file_hash *file);
/* Versioned bytes with a checksum, and back; what is damaged, or of another version, is not loaded.
 * false: memory is short, it cannot be written so that it reads the same, or it is no memo. */
WEIR_MUST_USE bool weir_file_memo_save(const weir_file_memo *m, weir_buf *out);
WEIR_MUST_USE bool weir_file_memo_load(weir_file_memo *m, weir_slice bytes, weir_arena *arena);

#endif
