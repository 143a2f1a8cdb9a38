/* Reading zip archives (APPNOTE.TXT 6.3: stored and deflated members, zip64) member by member.
 *
 * Only the directory at the end is believed, and it is checked; nothing is ever unpacked to a file,
 * so names that climb out (../) mean nothing here.  Sizes that an archive claims allocate nothing.
 */
#ifndef WEIR_IO_ZIP_H
#define WEIR_IO_ZIP_H

#include "io/stream.h"

typedef struct weir_zip_member {
    const char *name;      /* '/' between folders, none in front; of the archive */
    uint64_t size_bytes;   /* unpacked, as the directory says: checked while it is read */
    uint64_t packed_bytes; /* as it stands in the archive */
    uint64_t offset;       /* of its local header */
    uint32_t crc;
    uint16_t method, flags;
} weir_zip_member;

typedef struct weir_zip_limits {
    uint64_t max_spool_bytes;  /* of an archive that cannot be read at will; 0 = 256 MiB */
    uint64_t max_member_bytes; /* unpacked; 0 = 16 GiB */
    double max_ratio;          /* unpacked bytes a packed one, after the first 16 MiB; 0 = 1000 */
    weir_ledger *ledger;
} weir_zip_limits;

#define WEIR_ZIP_MAX_MEMBERS 65535u
#define WEIR_ZIP_MAX_DIRECTORY ((uint64_t)16 << 20)

typedef struct weir_zip weir_zip;

/* Whether these first bytes of a file are a zip archive's. */
bool weir_zip_magic(const void *head, size_t size);

/* Reads the directory of the archive in `in`, which stays the caller's and must live as long.  A
 * stream that cannot be read at will (a pipe, gzip) is kept in memory, charged to the ledger.
 * WEIR_DATA when it is no archive, is damaged, or has more members than allowed. */
WEIR_MUST_USE weir_status weir_zip_open(weir_stream *in, const weir_zip_limits *limits,
                                        weir_zip **out, weir_error *err);
void weir_zip_close(weir_zip *z); /* NULL is legal; its members' streams must be closed before */
size_t weir_zip_count(const weir_zip *z);
const weir_zip_member *weir_zip_at(const weir_zip *z, size_t i);
/* By name, in any case of ASCII letters; NULL = none. *twice (may be NULL): several are called so.
 */
const weir_zip_member *weir_zip_find(const weir_zip *z, const char *name, bool *twice);

/* A stream of the member's unpacked bytes, checked against the directory's size and checksum; its
 * name is "archive: member".  Several may be open at once.  WEIR_DATA when it is encrypted or
 * packed with a method that is not read. */
WEIR_MUST_USE weir_status weir_zip_read(weir_zip *z, const weir_zip_member *m, weir_stream **out,
                                        weir_error *err);

#endif
