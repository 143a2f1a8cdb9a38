/* SQLite's files through the fault layer: the system's VFS with a counter in front of each read,
 * write, sync and open, so that tests can fail the n-th of them. */
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/fault.h"
#include "state/vfs.h"

typedef struct shim_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct, in the same memory */
} shim_file;

#define SHIM_HEAD ((sizeof(shim_file) + 15) & ~(size_t)15)
#define REAL(f) (((shim_file *)(f))->real)

static sqlite3_vfs *system_vfs;

static int write_code(int code) {
    return code == ENOSPC || code == EDQUOT ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int shim_close(sqlite3_file *f) {
    return REAL(f)->pMethods->xClose(REAL(f));
}

static int shim_read(sqlite3_file *f, void *buf, int n, sqlite3_int64 at) {
    int code;
    if (weir_fault(WEIR_FAULT_READ, &code)) return SQLITE_IOERR_READ;
    return REAL(f)->pMethods->xRead(REAL(f), buf, n, at);
}

static int shim_write(sqlite3_file *f, const void *buf, int n, sqlite3_int64 at) {
    int code;
    if (weir_fault(WEIR_FAULT_WRITE, &code)) return write_code(code);
    return REAL(f)->pMethods->xWrite(REAL(f), buf, n, at);
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 size) {
    int code;
    if (weir_fault(WEIR_FAULT_WRITE, &code)) return SQLITE_IOERR_TRUNCATE;
    return REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int shim_sync(sqlite3_file *f, int flags) {
    int code;
    if (weir_fault(WEIR_FAULT_FSYNC, &code)) return SQLITE_IOERR_FSYNC;
    return REAL(f)->pMethods->xSync(REAL(f), flags);
}

static int shim_size(sqlite3_file *f, sqlite3_int64 *size) {
    return REAL(f)->pMethods->xFileSize(REAL(f), size);
}
static int shim_lock(sqlite3_file *f, int level) {
    return REAL(f)->pMethods->xLock(REAL(f), level);
}
static int shim_unlock(sqlite3_file *f, int level) {
    return REAL(f)->pMethods->xUnlock(REAL(f), level);
}
static int shim_reserved(sqlite3_file *f, int *out) {
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}
static int shim_control(sqlite3_file *f, int op, void *arg) {
    return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int shim_sector(sqlite3_file *f) {
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int shim_device(sqlite3_file *f) {
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}
static int shim_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
    return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, out);
}
static int shim_shm_lock(sqlite3_file *f, int at, int n, int flags) {
    return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags);
}
static void shim_barrier(sqlite3_file *f) {
    REAL(f)->pMethods->xShmBarrier(REAL(f));
}
static int shim_unmap(sqlite3_file *f, int remove) {
    return REAL(f)->pMethods->xShmUnmap(REAL(f), remove);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2, /* no memory mapping of the database: errors of a mapped file are signals */
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_barrier,
    .xShmUnmap = shim_unmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
                     int *out_flags) {
    (void)vfs;
    shim_file *s = (shim_file *)f;
    int code;
    s->base.pMethods = NULL;
    s->real = (sqlite3_file *)(void *)((char *)f + SHIM_HEAD);
    if (weir_fault(WEIR_FAULT_OPEN, &code)) return SQLITE_CANTOPEN;
    int rc = system_vfs->xOpen(system_vfs, name, s->real, flags, out_flags);
    if (s->real->pMethods) s->base.pMethods = &shim_methods;
    return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs;
    int code;
    if (sync && weir_fault(WEIR_FAULT_FSYNC, &code)) return SQLITE_IOERR_DIR_FSYNC;
    return system_vfs->xDelete(system_vfs, name, sync);
}

/* ---- memory --------------------------------------------------------------------------------- */

static sqlite3_mem_methods system_memory;

static void *shim_malloc(int size) {
    int code;
    return weir_fault(WEIR_FAULT_SQLITE, &code) ? NULL : system_memory.xMalloc(size);
}

static void *shim_realloc(void *old, int size) {
    int code;
    return weir_fault(WEIR_FAULT_SQLITE, &code) ? NULL : system_memory.xRealloc(old, size);
}

static int count_memory(void) {
    int rc = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &system_memory);
    if (rc != SQLITE_OK) return rc;
    sqlite3_mem_methods counted = system_memory;
    counted.xMalloc = shim_malloc;
    counted.xRealloc = shim_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &counted);
}

/* ---- registration --------------------------------------------------------------------------- */

static sqlite3_vfs shim;
static int register_code;

static void register_once(void) {
    /* Misuse = the library is in use already (test programs, a host): then its memory is its own.
     */
    if (weir_fault_on) (void)count_memory();
    system_vfs = sqlite3_vfs_find(NULL); /* initialises the library */
    if (!system_vfs) {
        register_code = SQLITE_ERROR;
        return;
    }
    shim = *system_vfs; /* what is not counted goes straight to the system's functions */
    shim.zName = "weir-state";
    shim.pNext = NULL;
    shim.szOsFile = (int)SHIM_HEAD + system_vfs->szOsFile;
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    register_code = sqlite3_vfs_register(&shim, 0);
}

weir_status weir_statedb_vfs(const char **name, weir_error *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_once);
    if (register_code != SQLITE_OK)
        return weir_error_set(err, WEIR_INTERNAL, "SQLite cannot be started: %s",
                              sqlite3_errstr(register_code));
    *name = shim.zName;
    return WEIR_OK;
}
