/* Files that appear whole or not at all, under every failing system call. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/file.h"

static char dir[64];

static int setup(void **state) {
    (void)state;
    /* In memory where that is offered: these tests sync a lot, and kills do not care about the
     * disk. */
    const char *place = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(dir, sizeof dir, "%s/weir-iow-XXXXXX", place);
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}
static int teardown(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    for (int k = 0; k < WEIR_FAULT_KINDS; k++) weir_fault_arm((weir_fault_kind)k, 0, 0);
    return chdir("/tmp") == 0 && system(command) == 0 ? 0 : -1;
}

static int count_files(const char *folder) {
    int n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
}

static bool exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

/* Byte i of the test data. */
static char byte_at(size_t i) {
    return (char)(i * 7 + i / 251);
}

static void check_content(const char *path, size_t size) {
    weir_buf b = {0};
    weir_error err = {0};
    assert_int_equal(weir_file_read_all(path, size + 1, &b, &err), WEIR_OK);
    assert_int_equal(b.size, size);
    for (size_t i = 0; i < size; i++)
        if (b.data[i] != byte_at(i)) fail_msg("byte %zu", i);
    weir_buf_clear(&b);
}

/* begin, write size bytes in odd pieces, prepare, publish. */
static weir_status write_file(const char *path, const char *token, size_t size, bool replace,
                              weir_error *err) {
    weir_file_writer *w = NULL;
    char temp[256];
    static char data[1 << 21];
    weir_status status = weir_file_writer_begin(path, token, true, &w, err);
    if (status != WEIR_OK) return status;
    snprintf(temp, sizeof temp, "%s", weir_file_writer_temp(w));
    size_t piece = 1;
    for (size_t at = 0; at < size && status == WEIR_OK; at += piece) {
        piece = piece * 3 + 1;
        if (piece > sizeof data) piece = sizeof data;
        if (piece > size - at) piece = size - at;
        for (size_t i = 0; i < piece; i++) data[i] = byte_at(at + i);
        status = weir_stream_write(weir_file_writer_stream(w), data, piece, err);
    }
    if (status == WEIR_OK) status = weir_stream_finish(weir_file_writer_stream(w), err);
    if (status == WEIR_OK) {
        assert_int_equal(weir_file_writer_bytes(w), size);
        assert_false(exists(path) && !replace);
    }
    if (status == WEIR_OK) status = weir_file_writer_prepare(w, err);
    if (status == WEIR_OK)
        assert_int_equal(weir_file_writer_prepare(w, err), WEIR_OK);
    else
        assert_int_not_equal(weir_file_writer_prepare(w, NULL), WEIR_OK); /* failed for ever */
    weir_file_writer_free(w);
    if (status == WEIR_OK) status = weir_file_publish(temp, path, replace, err);
    return status;
}

static void whole_file(void **state) {
    (void)state;
    weir_error err = {0};
    static const size_t sizes[] = {0, 1, 100000, 1 << 20, (1 << 20) + 1, 20 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(write_file("a/b/out.bin", "r1", sizes[i], true, &err), WEIR_OK);
        check_content("a/b/out.bin", sizes[i]);
        assert_int_equal(count_files("a/b"), 1);
    }
    mode_t mask = umask(0);
    umask(mask);
    struct stat st;
    assert_int_equal(stat("a/b/out.bin", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
}

static void not_before_publish(void **state) {
    (void)state;
    weir_error err = {0};
    weir_file_writer *w = NULL;
    assert_int_equal(weir_file_writer_begin("out.csv", "20260101-a1", false, &w, &err), WEIR_OK);
    assert_string_equal(weir_file_writer_temp(w), ".out.csv.20260101-a1.tmp");
    assert_true(exists(".out.csv.20260101-a1.tmp"));
    assert_int_equal(weir_stream_write(weir_file_writer_stream(w), "x", 1, &err), WEIR_OK);
    weir_stream_close(weir_file_writer_stream(w)); /* a filter closing below does nothing */
    weir_fault_arm(WEIR_FAULT_FSYNC, 1000, EIO);
    assert_int_equal(weir_file_writer_prepare(w, &err), WEIR_OK);
    assert_int_equal(weir_fault_count(WEIR_FAULT_FSYNC), 2); /* the file and its folder */
    assert_int_equal(weir_stream_write(weir_file_writer_stream(w), "x", 1, &err), WEIR_INTERNAL);
    assert_false(exists("out.csv"));
    weir_file_writer_free(w);
    assert_true(exists(".out.csv.20260101-a1.tmp")); /* prepared: it stays */
    assert_int_equal(weir_file_publish(".out.csv.20260101-a1.tmp", "out.csv", false, &err),
                     WEIR_OK);
    assert_int_equal(weir_fault_count(WEIR_FAULT_FSYNC), 3); /* the folder again */
    assert_false(exists(".out.csv.20260101-a1.tmp"));
    assert_int_equal(weir_file_publish(".out.csv.20260101-a1.tmp", "out.csv", false, &err),
                     WEIR_OK); /* again: done */
    assert_int_equal(unlink("out.csv"), 0);
    assert_int_equal(weir_file_publish(".out.csv.20260101-a1.tmp", "out.csv", false, &err),
                     WEIR_IO);
}

static void compressed_stack(void **state) {
    (void)state;
    weir_error err = {0};
    weir_file_writer *w = NULL;
    weir_stream *s = NULL;
    weir_buf b = {0};
    assert_int_equal(weir_file_writer_begin("o.gz", "t", false, &w, &err), WEIR_OK);
    assert_int_equal(weir_compress(weir_file_writer_stream(w), WEIR_CODEC_GZIP, 0, &s, &err),
                     WEIR_OK);
    assert_int_equal(weir_stream_write(s, "hello", 5, &err), WEIR_OK);
    assert_int_equal(weir_stream_finish(s, &err), WEIR_OK);
    weir_stream_close(s);
    assert_int_equal(weir_file_writer_prepare(w, &err), WEIR_OK);
    assert_int_equal(weir_file_publish(weir_file_writer_temp(w), "o.gz", false, &err), WEIR_OK);
    weir_file_writer_free(w);
    weir_stream *in = NULL;
    assert_int_equal(weir_file_open("o.gz", NULL, &in, &err), WEIR_OK);
    assert_int_equal(weir_decompress(in, WEIR_CODEC_AUTO, 0, &in, &err), WEIR_OK);
    char buf[10];
    size_t n;
    assert_int_equal(weir_stream_read_full(in, buf, 10, &n, &err), WEIR_OK);
    assert_int_equal(n, 5);
    assert_true(weir_stream_bottom(in)->size_hint > 20);
    assert_int_equal(weir_stream_bottom(in)->position, weir_stream_bottom(in)->size_hint);
    weir_stream_close(in);
    weir_buf_clear(&b);
}

static void no_replace(void **state) {
    (void)state;
    weir_error err = {0};
    assert_int_equal(write_file("out", "a", 10, false, &err), WEIR_OK);
    weir_file_writer *w = NULL;
    assert_int_equal(weir_file_writer_begin("out", "b", false, &w, &err), WEIR_OK);
    assert_int_equal(weir_file_writer_prepare(w, &err), WEIR_OK);
    assert_int_equal(weir_file_publish(weir_file_writer_temp(w), "out", false, &err), WEIR_IO);
    assert_int_equal(err.vendor_code, EEXIST);
    assert_true(strstr(err.hint, "mode: replace") != NULL);
    assert_true(exists(".out.b.tmp"));
    check_content("out", 10);
    assert_int_equal(weir_file_publish(weir_file_writer_temp(w), "out", true, &err), WEIR_OK);
    weir_file_writer_free(w);
    check_content("out", 0);
}

static void abandoned(void **state) {
    (void)state;
    weir_error err = {0};
    weir_file_writer *w = NULL, *w2 = NULL;
    assert_int_equal(weir_file_writer_begin("out", "a", false, &w, &err), WEIR_OK);
    assert_int_equal(weir_file_writer_begin("out", "a", false, &w2, &err),
                     WEIR_IO); /* same token twice */
    assert_int_equal(err.vendor_code, EEXIST);
    assert_true(exists(".out.a.tmp"));
    weir_file_writer_free(w);
    assert_int_equal(count_files("."), 0);
    weir_file_writer_free(NULL);
}

static void bad_targets(void **state) {
    (void)state;
    weir_error err = {0};
    weir_file_writer *w = NULL;
    assert_int_equal(mkdir("d", 0777) | mkfifo("p", 0600), 0);
    assert_int_equal(weir_file_writer_begin("d", "a", false, &w, &err), WEIR_USAGE);
    assert_int_equal(weir_file_writer_begin("d/", "a", false, &w, &err), WEIR_USAGE);
    assert_int_equal(weir_file_writer_begin("p", "a", false, &w, &err), WEIR_USAGE);
    assert_int_equal(weir_file_writer_begin("", "a", false, &w, &err), WEIR_USAGE);
    assert_int_equal(weir_file_writer_begin("x", "a/b", false, &w, &err), WEIR_INTERNAL);
    assert_int_equal(weir_file_writer_begin("no/x", "a", false, &w, &err), WEIR_IO);
    assert_true(strstr(err.hint, "folder") != NULL);
    assert_null(w);
    char name[300];
    memset(name, 'n', 255);
    name[255] = 0;
    assert_int_equal(write_file(name, "20260101-120000-abcd.orders.1", 100, false, &err), WEIR_OK);
    check_content(name, 100);
}

/* The n-th write, fsync, rename, open, allocation fails: an error, no file under the name (or the
 * old one), no temporary left, and the next try works. */
static void every_failure(void **state) {
    (void)state;
    static const struct {
        weir_fault_kind kind;
        int code;
        weir_status status;
    } kinds[] = {
        {WEIR_FAULT_WRITE, ENOSPC, WEIR_RESOURCE}, {WEIR_FAULT_WRITE, EIO, WEIR_IO},
        {WEIR_FAULT_FSYNC, EIO, WEIR_IO},          {WEIR_FAULT_FSYNC, ENOSPC, WEIR_RESOURCE},
        {WEIR_FAULT_OPEN, EACCES, WEIR_IO},        {WEIR_FAULT_MALLOC, ENOMEM, WEIR_RESOURCE}};
    const size_t size = 18 << 20; /* two push-outs */
    weir_error err = {0};
    assert_int_equal(write_file("d/out", "old", 5, false, &err), WEIR_OK);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        long n = 1;
        for (;; n++) {
            weir_fault_arm(kinds[i].kind, n, kinds[i].code);
            weir_status status = write_file("d/out", "new", size, true, &err);
            bool passed = weir_fault_count(kinds[i].kind) < n;
            weir_fault_arm(kinds[i].kind, 0, 0);
            if (passed) {
                assert_int_equal(status, WEIR_OK);
                break;
            }
            /* Without memory for its buffer a writer writes piece by piece. */
            bool did_without = kinds[i].kind == WEIR_FAULT_MALLOC && status == WEIR_OK;
            if (!did_without) assert_int_equal(status, kinds[i].status);
            if (!did_without) assert_true(err.message[0] != 0);
            if (kinds[i].code == ENOSPC) assert_true(strstr(err.hint, "space") != NULL);
            /* Whole new file (the folder's fsync failed after the rename) or the whole old one. */
            struct stat st;
            assert_int_equal(stat("d/out", &st), 0);
            check_content("d/out", st.st_size == 5 ? 5 : size);
            assert_int_equal(count_files("d"), 1);
            if (st.st_size != 5)
                assert_int_equal(write_file("d/out", "old", 5, true, &err), WEIR_OK);
        }
        assert_true(n > 1);
        check_content("d/out", size);
        assert_int_equal(write_file("d/out", "old", 5, true, &err), WEIR_OK);
    }
    weir_fault_arm(WEIR_FAULT_RENAME, 1, EIO); /* the temporary stays: it is prepared */
    assert_int_equal(write_file("d/out", "new", size, true, &err), WEIR_IO);
    check_content("d/out", 5);
    assert_true(exists("d/.out.new.tmp"));
    size_t removed = 0;
    assert_int_equal(weir_file_publish("d/.out.new.tmp", "d/out", true, &err), WEIR_OK);
    check_content("d/out", size);
    assert_int_equal(weir_file_sweep("d", "new", &removed, &err), WEIR_OK);
    assert_int_equal(removed, 0);
}

static void sweeping(void **state) {
    (void)state;
    static const char *const files[] = {".a.r1.tmp", ".b.c.r1.tmp", ".a.r11.tmp", "a.r1.tmp",
                                        ".r1.tmp",   ".a.r2.tmp",   "a"};
    weir_error err = {0};
    size_t removed = 9;
    for (size_t i = 0; i < 7; i++) close(open(files[i], O_CREAT | O_WRONLY, 0600));
    assert_int_equal(weir_file_sweep("", "r1", &removed, &err), WEIR_OK);
    assert_int_equal(removed, 2);
    assert_int_equal(count_files("."), 5);
    assert_int_equal(weir_file_sweep("no/such", "r1", &removed, &err), WEIR_OK);
    assert_int_equal(removed, 0);
    assert_int_equal(weir_file_unlink("a", &err), WEIR_OK);
    assert_int_equal(weir_file_unlink("a", &err), WEIR_OK);
}

/* Small writes, a parked writer in between, a small buffer: the bytes are the same. */
static void small_writes_and_parking(void **state) {
    (void)state;
    weir_error err = {0};
    for (int k = 0; k < 3; k++) {
        weir_file_writer *w = NULL;
        const size_t size = 300000;
        assert_int_equal(weir_file_writer_begin("out", "t", false, &w, &err), WEIR_OK);
        if (k == 1) weir_file_writer_limit(w, 1);
        for (size_t at = 0; at < size; at += 3) {
            char three[3] = {byte_at(at), byte_at(at + 1), byte_at(at + 2)};
            assert_int_equal(weir_stream_write(weir_file_writer_stream(w), three, 3, &err),
                             WEIR_OK);
            if (k == 2 && at % 30000 == 0) {
                assert_int_equal(weir_file_writer_park(w, &err), WEIR_OK);
                assert_int_equal(weir_file_writer_park(w, &err), WEIR_OK);
            }
        }
        assert_int_equal(weir_file_writer_bytes(w), size);
        if (k == 2) assert_int_equal(weir_file_writer_park(w, &err), WEIR_OK);
        assert_int_equal(weir_file_writer_prepare(w, &err), WEIR_OK);
        assert_int_equal(weir_file_publish(weir_file_writer_temp(w), "out", true, &err), WEIR_OK);
        weir_file_writer_free(w);
        check_content("out", size);
    }
    /* The writes are gathered: few system calls for many small pieces. */
    weir_file_writer *w = NULL;
    assert_int_equal(weir_file_writer_begin("out", "t", false, &w, &err), WEIR_OK);
    weir_fault_arm(WEIR_FAULT_WRITE, 1000000, EIO);
    for (int i = 0; i < 1000000; i++)
        assert_int_equal(weir_stream_write(weir_file_writer_stream(w), "0123456789", 10, &err),
                         WEIR_OK);
    assert_true(weir_fault_count(WEIR_FAULT_WRITE) < 200);
    weir_fault_arm(WEIR_FAULT_WRITE, 0, 0);
    weir_file_writer_free(w);
    assert_int_equal(count_files("."), 1);
}

/* A real full disk: the file size limit stands in for it. */
static void file_too_large(void **state) {
    (void)state;
    struct rlimit old, small;
    weir_error err = {0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 3 << 20;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    weir_status status = write_file("out", "a", 10 << 20, false, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, WEIR_IO);
    assert_int_equal(err.vendor_code, EFBIG);
    assert_int_equal(count_files("."), 0);
}

/* Killed at random instants: the name shows nothing or a whole file. */
static void killed(void **state) {
    (void)state;
    const size_t size = 3 << 20;
    int whole = 0, none = 0;
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            weir_error err = {0};
            _exit(write_file("out", "k", size, true, &err) == WEIR_OK ? 0 : 1);
        }
        usleep((useconds_t)(i * 700));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        if (exists("out")) {
            check_content("out", size);
            assert_int_equal(unlink("out"), 0);
            whole++;
        } else {
            none++;
        }
        weir_error err = {0};
        assert_int_equal(weir_file_sweep(".", "k", NULL, &err), WEIR_OK);
        assert_int_equal(count_files("."), 0);
    }
    assert_true(none > 0);
    (void)whole;
}

static void folders(void **state) {
    (void)state;
    weir_error err = {0};
    char full[128];
    assert_int_equal(weir_file_make_folder("a/b//c/", &err), WEIR_OK);
    assert_int_equal(weir_file_make_folder("a/b/c", &err), WEIR_OK);
    assert_true(exists("a/b/c"));
    snprintf(full, sizeof full, "%s/x/y", dir);
    assert_int_equal(weir_file_make_folder(full, &err), WEIR_OK);
    assert_true(exists("x/y"));
    close(open("f", O_CREAT | O_WRONLY, 0600));
    assert_int_equal(weir_file_make_folder("f/g", &err), WEIR_IO);
    assert_int_equal(weir_file_make_folder("f", &err), WEIR_IO);
    assert_int_equal(weir_file_make_folder("", &err), WEIR_OK);
}

/* Many files at once: each is fsynced, so that the n-th failure is seen, whichever it is. */
#define MANY 40
static void many(weir_file_writer **w) {
    weir_error err = {0};
    for (int i = 0; i < MANY; i++) {
        char path[64];
        snprintf(path, sizeof path, "many/%d/%d", i / 10, i);
        *strrchr(path, '/') = '\0';
        assert_int_equal(weir_file_make_folder_unsynced(path, &err), WEIR_OK);
        path[strlen(path)] = '/';
        assert_int_equal(weir_file_writer_begin(path, "t", false, &w[i], &err), WEIR_OK);
        assert_int_equal(weir_stream_write(weir_file_writer_stream(w[i]), path, 4, &err), WEIR_OK);
    }
}
static void prepare_many(void **state) {
    (void)state;
    weir_error err = {0};
    weir_file_writer *w[MANY];
    int fsyncs = MANY + 4 + 1; /* files, their folders, the folder above */
    for (int n = 1; n <= fsyncs; n++) {
        many(w);
        weir_fault_arm(WEIR_FAULT_FSYNC, (uint64_t)n, EIO);
        assert_int_equal(weir_file_writers_prepare(w, MANY, strlen("many"), &err), WEIR_IO);
        weir_fault_arm(WEIR_FAULT_FSYNC, 0, 0);
        for (int i = 0; i < MANY; i++) weir_file_writer_free(w[i]);
        assert_int_equal(count_files("many/0"), 0); /* unprepared temporaries go */
    }
    many(w);
    weir_fault_arm(WEIR_FAULT_FSYNC, (uint64_t)fsyncs + 1, EIO);
    assert_int_equal(weir_file_writers_prepare(w, MANY, strlen("many"), &err), WEIR_OK);
    weir_fault_arm(WEIR_FAULT_FSYNC, 0, 0);
    char paths[MANY][64];
    const char *list[MANY];
    for (int i = 0; i < MANY; i++) {
        list[i] = paths[i];
        snprintf(paths[i], sizeof paths[i], "many/%d/%d", i / 10, i);
        const char *temp = weir_file_writer_temp(w[i]);
        assert_int_equal(weir_file_publish_name(temp, paths[i], false, &err), WEIR_OK);
        assert_int_equal(weir_file_publish_name(temp, paths[i], false, &err), WEIR_OK); /* again */
        weir_file_writer_free(w[i]);
    }
    weir_fault_arm(WEIR_FAULT_FSYNC, 5, EIO); /* four folders, once each */
    assert_int_equal(weir_file_sync_folders(list, MANY, SIZE_MAX, &err), WEIR_OK);
    weir_fault_arm(WEIR_FAULT_FSYNC, 4, EIO);
    assert_int_equal(weir_file_sync_folders(list, MANY, SIZE_MAX, &err), WEIR_IO);
    weir_fault_arm(WEIR_FAULT_FSYNC, 0, 0);
    assert_int_equal(count_files("many/3"), 10);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
    weir_fault_init();
    const struct CMUnitTest tests[] = {
        T(whole_file),
        T(not_before_publish),
        T(compressed_stack),
        T(no_replace),
        T(abandoned),
        T(bad_targets),
        T(every_failure),
        T(sweeping),
        T(small_writes_and_parking),
        T(file_too_large),
        T(killed),
        T(folders),
        T(prepare_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
