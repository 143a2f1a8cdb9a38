/* Local files: reading, pipes, patterns, safe paths. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "io/file.h"
#include "io/os.h"

static char dir[64];

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/weir-io-XXXXXX");
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}
static int teardown(void **state) {
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", dir, dir);
    weir_fault_arm(WEIR_FAULT_READ, 0, 0);
    return chdir("/tmp") == 0 && system(command) == 0 ? 0 : -1;
}

static void touch(const char *path, const char *text) {
    char *copy = strdup(path);
    for (char *p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = 0;
        (void)mkdir(copy, 0777);
        *p = '/';
    }
    free(copy);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* ---- reading --- */

static void reads_a_file(void **state) {
    (void)state;
    weir_error err = {0};
    weir_stream *s = NULL;
    char buf[16];
    size_t n = 99;
    touch("a.txt", "hello world");
    assert_int_equal(weir_file_open("a.txt", NULL, &s, &err), WEIR_OK);
    assert_int_equal(s->size_hint, 11);
    assert_string_equal(s->name, "a.txt");
    assert_int_equal(weir_stream_read(s, buf, 5, &n, &err), WEIR_OK);
    assert_int_equal(n, 5);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(weir_stream_read_full(s, buf, sizeof buf, &n, &err), WEIR_OK);
    assert_int_equal(n, 6);
    assert_int_equal(s->position, 11);
    assert_int_equal(weir_stream_read(s, buf, 5, &n, &err), WEIR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(weir_stream_write(s, "x", 1, &err), WEIR_INTERNAL);
    weir_stream_close(s);
    weir_stream_close(NULL);
    weir_buf b = {0};
    assert_int_equal(weir_file_read_all("a.txt", 11, &b, &err), WEIR_OK);
    assert_int_equal(b.size, 11);
    assert_int_equal(weir_file_read_all("a.txt", 10, &b, &err), WEIR_DATA);
    assert_int_equal(b.size, 11);
    weir_buf_clear(&b);
}

static void refuses_odd_kinds(void **state) {
    (void)state;
    weir_error err = {0};
    weir_stream *s = NULL;
    assert_int_equal(weir_file_open(".", NULL, &s, &err), WEIR_USAGE);
    assert_true(strstr(err.hint, "*.csv") != NULL);
    assert_int_equal(weir_file_open("nothing", NULL, &s, &err), WEIR_IO);
    assert_int_equal(err.vendor_code, ENOENT);
    assert_string_equal(err.source, "nothing");
    weir_file_info info = {0};
    assert_int_equal(weir_file_stat(".", &info, &err), WEIR_USAGE);
    assert_int_equal(weir_file_stat("nothing", &info, &err), WEIR_IO);
    assert_null(s);
    assert_int_equal(weir_file_open("/dev/null", NULL, &s, &err), WEIR_OK);
    weir_stream_close(s);
}

/* EINTR is invisible, EIO is an error with the byte, and nothing leaks at any failing event. */
static void read_faults(void **state) {
    (void)state;
    weir_error err = {0};
    weir_stream *s = NULL;
    char buf[8];
    size_t n = 0;
    touch("a.txt", "0123456789");
    assert_int_equal(weir_file_open("a.txt", NULL, &s, &err), WEIR_OK);
    weir_fault_arm(WEIR_FAULT_READ, 1, EINTR);
    assert_int_equal(weir_stream_read(s, buf, 4, &n, &err), WEIR_OK);
    assert_int_equal(n, 4);
    weir_fault_arm(WEIR_FAULT_READ, 1, EAGAIN);
    assert_int_equal(weir_stream_read(s, buf, 4, &n, &err), WEIR_OK);
    weir_fault_arm(WEIR_FAULT_READ, 1, EIO);
    assert_int_equal(weir_stream_read(s, buf, 4, &n, &err), WEIR_IO);
    assert_int_equal(err.byte, 8);
    assert_string_equal(err.source, "a.txt");
    weir_fault_arm(WEIR_FAULT_READ, 0, 0);
    assert_int_equal(weir_stream_read(s, buf, 4, &n, &err), WEIR_OK); /* the caller may try again */
    assert_int_equal(n, 2);
    weir_stream_close(s);
    weir_fault_arm(WEIR_FAULT_OPEN, 1, EMFILE);
    assert_int_equal(weir_file_open("a.txt", NULL, &s, &err), WEIR_IO);
    assert_true(strstr(err.hint, "ulimit") != NULL);
    weir_fault_arm(WEIR_FAULT_OPEN, 1, EINTR);
    assert_int_equal(weir_file_open("a.txt", NULL, &s, &err), WEIR_OK);
    weir_stream_close(s);
    for (long k = 1; k <= 2; k++) {
        weir_fault_arm(WEIR_FAULT_MALLOC, k, 0);
        assert_int_equal(weir_file_open("a.txt", NULL, &s, &err), WEIR_RESOURCE);
    }
    weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
    weir_fault_arm(WEIR_FAULT_OPEN, 0, 0);
}

static void changed_while_read(void **state) {
    (void)state;
    weir_error err = {0};
    weir_file_info info = {0};
    touch("a.txt", "0123");
    assert_int_equal(weir_file_stat("a.txt", &info, &err), WEIR_OK);
    assert_int_equal(info.size_bytes, 4);
    assert_int_equal(weir_file_unchanged(&info, &err), WEIR_OK);
    FILE *f = fopen("a.txt", "a");
    fputs("more", f);
    fclose(f);
    assert_int_equal(weir_file_unchanged(&info, &err), WEIR_DATA);
    assert_true(err.retriable);
    assert_int_equal(unlink("a.txt"), 0);
    assert_int_equal(weir_file_unchanged(&info, &err), WEIR_IO);
    weir_free(info.path);
}

static void *fifo_writer(void *path) {
    usleep(30000);
    int fd = open(path, O_WRONLY);
    for (int i = 0; i < 5; i++) {
        if (write(fd, "abc", 3) != 3) abort();
        usleep(5000);
    }
    close(fd);
    return NULL;
}

static void fifo(void **state) {
    (void)state;
    weir_error err = {0};
    weir_stream *s = NULL;
    weir_cancel cancel = {0};
    pthread_t thread;
    char buf[64];
    size_t n = 0;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, fifo_writer, (void *)(uintptr_t) "pipe"), 0);
    assert_int_equal(weir_file_open("pipe", &cancel, &s, &err), WEIR_OK);
    assert_int_equal(weir_stream_read_full(s, buf, sizeof buf, &n, &err), WEIR_OK);
    assert_int_equal(n, 15);
    assert_memory_equal(buf, "abcabcabcabcabc", 15);
    weir_stream_close(s);
    pthread_join(thread, NULL);
}

static void *ask_to_stop(void *c) {
    usleep(50000);
    atomic_store(&((weir_cancel *)c)->requested, 15);
    return NULL;
}

/* A pipe that no one writes to: a stop and a deadline end the wait soon. */
static void pipe_cancel(void **state) {
    (void)state;
    weir_error err = {0};
    for (int k = 0; k < 2; k++) {
        weir_stream *s = NULL;
        weir_cancel cancel = {0};
        pthread_t thread;
        char buf[4];
        size_t n = 0;
        (void)mkfifo("pipe", 0600);
        assert_int_equal(weir_file_open("pipe", &cancel, &s, &err), WEIR_OK);
        int64_t start = weir_clock_monotonic_us();
        if (k == 0)
            assert_int_equal(pthread_create(&thread, NULL, ask_to_stop, &cancel), 0);
        else
            atomic_store(&cancel.deadline_us, start + 50000);
        assert_int_equal(weir_stream_read(s, buf, 4, &n, &err), WEIR_CANCELLED);
        int64_t took = weir_clock_monotonic_us() - start;
        assert_true(took >= 40000 && took < 1000000);
        if (k == 0) pthread_join(thread, NULL);
        weir_stream_close(s);
    }
}

static void standard_input(void **state) {
    (void)state;
    weir_error err = {0};
    int ends[2], saved = dup(0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "data", 4), 4);
    close(ends[1]);
    dup2(ends[0], 0);
    weir_stream *s = NULL;
    char buf[10];
    size_t n = 0;
    assert_int_equal(weir_file_open("-", NULL, &s, &err), WEIR_OK);
    assert_string_equal(s->name, "standard input");
    assert_int_equal(weir_stream_read_full(s, buf, sizeof buf, &n, &err), WEIR_OK);
    assert_int_equal(n, 4);
    weir_stream_close(s);
    assert_true(fcntl(0, F_GETFD) >= 0); /* not closed */
    weir_file_list l = {0};
    assert_int_equal(weir_file_glob("-", &l, &err), WEIR_OK);
    assert_int_equal(l.n, 1);
    assert_string_equal(l.items[0].path, "-");
    weir_file_list_clear(&l);
    dup2(saved, 0);
    close(saved);
    close(ends[0]);
}

static void writes_a_descriptor(void **state) {
    (void)state;
    weir_error err = {0};
    weir_stream *s = NULL;
    int fd = open("out", O_RDWR | O_CREAT, 0600);
    char *big = malloc(1 << 20);
    memset(big, 'b', 1 << 20);
    assert_int_equal(weir_fd_writer(fd, "out", &s, &err), WEIR_OK);
    weir_fault_arm(WEIR_FAULT_WRITE, 1, EINTR);
    assert_int_equal(weir_stream_write(s, "abc", 3, &err), WEIR_OK);
    assert_int_equal(weir_stream_write(s, big, 1 << 20, &err), WEIR_OK);
    assert_int_equal(weir_stream_write(s, "xyz", 3, &err), WEIR_OK);
    assert_int_equal(weir_stream_finish(s, &err), WEIR_OK);
    assert_int_equal(s->position, (1 << 20) + 6);
    assert_int_equal(lseek(fd, 0, SEEK_END), (1 << 20) + 6);
    char tail[4] = "";
    assert_int_equal(pread(fd, tail, 3, (1 << 20) + 3), 3);
    assert_string_equal(tail, "xyz");
    weir_fault_arm(WEIR_FAULT_WRITE, 1, ENOSPC);
    assert_int_equal(weir_stream_write(s, "abc", 3, &err), WEIR_OK);
    assert_int_equal(weir_stream_finish(s, &err), WEIR_RESOURCE);
    assert_true(strstr(err.hint, "space") != NULL);
    weir_fault_arm(WEIR_FAULT_WRITE, 0, 0);
    assert_int_equal(weir_stream_finish(s, &err), WEIR_RESOURCE); /* sticky */
    assert_int_equal(weir_stream_write(s, "abc", 3, &err), WEIR_RESOURCE);
    weir_stream_close(s);
    assert_true(fcntl(fd, F_GETFD) >= 0);
    close(fd);
    free(big);
}

/* A full pipe that no one reads: cancel ends the write; the other end's flags stay as they were. */
static void full_pipe(void **state) {
    (void)state;
    weir_error err = {0};
    weir_stream *s = NULL;
    weir_cancel cancel = {0};
    pthread_t thread;
    int ends[2];
    char *big = calloc(1, 1 << 20);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(weir_fd_writer(ends[1], "standard output", &s, &err), WEIR_OK);
    weir_fd_writer_set_cancel(s, &cancel);
    assert_int_equal(pthread_create(&thread, NULL, ask_to_stop, &cancel), 0);
    int64_t start = weir_clock_monotonic_us();
    assert_int_equal(weir_stream_write(s, big, 1 << 20, &err), WEIR_CANCELLED);
    assert_true(weir_clock_monotonic_us() - start < 1000000);
    pthread_join(thread, NULL);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    weir_stream_close(s);
    close(ends[0]);
    close(ends[1]);
    free(big);
}

static void memory(void **state) {
    (void)state;
    weir_error err = {0};
    weir_stream *s = NULL;
    char buf[3];
    size_t n;
    assert_int_equal(weir_memory_open("m", "abcd", 4, &s, &err), WEIR_OK);
    assert_int_equal(weir_stream_read(s, buf, 3, &n, &err), WEIR_OK);
    assert_int_equal(n, 3);
    assert_int_equal(weir_stream_read(s, buf, 3, &n, &err), WEIR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(weir_stream_read(s, buf, 3, &n, &err), WEIR_OK);
    assert_int_equal(n, 0);
    weir_stream_close(s);
}

/* ---- patterns --- */

static void name_matching(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *name;
        bool yes;
    } cases[] = {{"*", "", true},
                 {"*", "abc", true},
                 {"", "", true},
                 {"", "a", false},
                 {"a*c", "abc", true},
                 {"a*c", "ac", true},
                 {"a*c", "ab", false},
                 {"*.csv", "x.csv", true},
                 {"*.csv", "x.csv.gz", false},
                 {"?", "a", true},
                 {"?", "", false},
                 {"?", "\xc3\xa9", true},
                 {"?", "\xf0\x9f\x98\x80", true},
                 {"?", "\xff", true},
                 {"??", "\xc3\xa9", false},
                 {"[a-c]", "b", true},
                 {"[a-c]", "d", false},
                 {"[!a-c]", "d", true},
                 {"[^a-c]", "a", false},
                 {"[]]", "]", true},
                 {"[a-]", "-", true},
                 {"[\xc3\xa0-\xc3\xaf]", "\xc3\xa9", true},
                 {"[", "[", true},
                 {"[a", "[a", true},
                 {"\\*", "*", true},
                 {"\\*", "a", false},
                 {"a\\", "a\\", true},
                 {"[\\]]", "]", true},
                 {"**", "ab", true},
                 {"a*b*c*d", "aXbXcXd", true},
                 {"a*b*c*d", "aXbXdXc", false},
                 {"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
                 {"part-????.csv", "part-0001.csv", true},
                 {"[0-9][0-9]", "42", true},
                 {"{a,b}", "{a,b}", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (weir_file_name_matches(cases[i].pattern, cases[i].name) != cases[i].yes)
            fail_msg("pattern %s name %s", cases[i].pattern, cases[i].name);
    assert_true(weir_file_is_pattern("a*"));
    assert_true(weir_file_is_pattern("a?"));
    assert_true(weir_file_is_pattern("[ab]"));
    assert_true(weir_file_is_pattern("{a,b}"));
    assert_false(weir_file_is_pattern("{a}"));
    assert_false(weir_file_is_pattern("a[b"));
    assert_false(weir_file_is_pattern("a.csv"));
}

static void check_glob(const char *pattern, const char *expected) {
    weir_error err = {0};
    weir_file_list l = {0};
    weir_buf got = {0};
    assert_int_equal(weir_file_glob(pattern, &l, &err), WEIR_OK);
    for (size_t i = 0; i < l.n; i++)
        assert_true(weir_buf_printf(&got, "%s%s", i ? " " : "", l.items[i].path));
    if (strcmp(weir_buf_cstr(&got), expected) != 0)
        fail_msg("%s: got \"%s\" expected \"%s\"", pattern, weir_buf_cstr(&got), expected);
    weir_buf_clear(&got);
    weir_file_list_clear(&l);
}

static void globbing(void **state) {
    (void)state;
    weir_error err = {0};
    weir_file_list l = {0};
    static const char *const files[] = {"in/b.csv",
                                        "in/a.csv",
                                        "in/B.csv",
                                        "in/c.csv.tmp",
                                        "in/.h.csv",
                                        "in/_SUCCESS",
                                        "in/x.crc",
                                        "in/d.part",
                                        "in/e.json",
                                        "in/sub/f.csv",
                                        "in/sub/deep/g.csv",
                                        "in/.git/h.csv",
                                        "in/_temporary/i.csv",
                                        "in/2026-01/x.csv",
                                        "in/2026-02/x.csv",
                                        "in/w[1].csv",
                                        "in/w1.csv"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) touch(files[i], "x");
    assert_int_equal(symlink("sub", "in/link"), 0);
    assert_int_equal(symlink("a.csv", "in/z.csv"), 0);
    assert_int_equal(mkfifo("in/p.csv", 0600), 0);
    check_glob("in/?.csv", "in/B.csv in/a.csv in/b.csv in/z.csv");
    check_glob("in/{b,a}.csv", "in/a.csv in/b.csv");
    check_glob("in/{a,a,[ab]}.csv", "in/a.csv in/b.csv");
    check_glob("in/{sub,2026-{01,02}}/*.csv", "in/2026-01/x.csv in/2026-02/x.csv in/sub/f.csv");
    check_glob("{in/a.csv,in/e.json,in/no.csv}", "in/a.csv in/e.json");
    check_glob("in/*.json", "in/e.json");
    check_glob("./in//e*", "./in/e.json");
    check_glob("in/*/x.csv", "in/2026-01/x.csv in/2026-02/x.csv");
    check_glob("in/*/*.csv", "in/2026-01/x.csv in/2026-02/x.csv in/link/f.csv in/sub/f.csv");
    check_glob("in/**/x.csv", "in/2026-01/x.csv in/2026-02/x.csv");
    check_glob("in/**/[fg].csv", "in/sub/deep/g.csv in/sub/f.csv");
    check_glob("**/g.csv", "in/sub/deep/g.csv");
    check_glob("in/sub/**", "in/sub/deep/g.csv in/sub/f.csv");
    check_glob("in/*.tmp", "in/c.csv.tmp");
    check_glob("in/*.part", "in/d.part");
    check_glob("in/.*.csv", "in/.h.csv");
    check_glob("in/_*", "in/_SUCCESS");
    check_glob("in/[._]*", "");
    check_glob("in/.git/*.csv", "in/.git/h.csv");
    check_glob("in/_SUCCESS", "in/_SUCCESS");
    check_glob("in/w[1].csv", "in/w[1].csv"); /* word for word */
    check_glob("in/w[12].csv", "in/w1.csv");
    check_glob("in/w\\[1].csv", "in/w[1].csv");
    check_glob("no/*.csv", "");
    check_glob("in/nothing.csv", "");
    check_glob("in/a.csv/x", "");
    check_glob("in/a.csv/*", "");
    check_glob("in/p.csv", "in/p.csv"); /* a FIFO by name, never by wildcard */
    check_glob("in/p*.csv", "");
    assert_int_equal(weir_file_glob("in", &l, &err), WEIR_USAGE);
    assert_int_equal(weir_file_glob("in/", &l, &err), WEIR_USAGE);
    assert_true(strstr(err.hint, "in/*.csv") != NULL);
    assert_int_equal(weir_file_glob("", &l, &err), WEIR_USAGE);
    assert_int_equal(
        weir_file_glob(
            "{{{{a,b},c},d},e}{1,2,3,4,5,6,7,8,9}{1,2,3,4,5,6,7,8,9}{1,2,3,4,5,6,7,8,9}{1,2,3}", &l,
            &err),
        WEIR_USAGE);
    char full[128], expected[128];
    snprintf(full, sizeof full, "%s/in/[e]*", dir);
    snprintf(expected, sizeof expected, "%s/in/e.json", dir);
    check_glob(full, expected);
}

static void paths_as_text(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *path;
        bool yes;
    } cases[] = {{"in/*.csv", "in/all.csv", true},
                 {"in/*.csv", "./in//all.csv", true},
                 {"./in/./*.csv", "in/all.csv", true},
                 {"in/*.csv", "out/all.csv", false},
                 {"in/*.csv", "in/a/all.csv", false},
                 {"in/*", "in", false},
                 {"*", "in/all.csv", false},
                 {"**/*.csv", "all.csv", true},
                 {"**/*.csv", "a/b/all.csv", true},
                 {"**", "a/b/all.csv", true},
                 {"a/**/c.csv", "a/c.csv", true},
                 {"a/**/c.csv", "b/c.csv", false},
                 {"**/*.csv", ".git/all.csv", false},
                 {"in/*", "in/_all.csv", false},
                 {"in/_*", "in/_all.csv", true},
                 {"in/*", "in/all.tmp", false},
                 {"{in,out}/{a,b{1,2}}.csv", "out/b2.csv", true},
                 {"{in,out}/{a,b{1,2}}.csv", "out/b3.csv", false},
                 {"{in/*,out}.csv", "in/a.csv", true},
                 {"/in/*.csv", "in/a.csv", false},
                 {"/in/*.csv", "/in/a.csv", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (weir_file_path_matches(cases[i].pattern, cases[i].path) != cases[i].yes)
            fail_msg("pattern %s path %s", cases[i].pattern, cases[i].path);
}

static void glob_troubles(void **state) {
    (void)state;
    weir_error err = {0};
    weir_file_list l = {0};
    touch("in/a.csv", "");
    assert_int_equal(symlink("gone.csv", "in/b.csv"), 0);
    assert_int_equal(weir_file_glob("in/*.csv", &l, &err),
                     WEIR_IO); /* a dangling link is not skipped */
    l.keep_broken = true;      /* unless who asks wants to find out himself */
    assert_int_equal(weir_file_glob("in/*.csv", &l, &err), WEIR_OK);
    assert_int_equal(l.n, 2);
    assert_string_equal(l.items[1].path, "in/b.csv");
    assert_int_equal(l.items[1].mtime_ns, 0);
    weir_file_list_clear(&l);
    assert_int_equal(unlink("in/b.csv"), 0);
    assert_int_equal(symlink("..", "in/loop"), 0); /* a loop under ** ends */
    check_glob("**/*.csv", "in/a.csv");
    weir_fault_arm(WEIR_FAULT_OPEN, 1, EACCES);
    assert_int_equal(weir_file_glob("in/*.csv", &l, &err), WEIR_IO);
    weir_fault_arm(WEIR_FAULT_OPEN, 0, 0);
    for (long n = 1;; n++) {
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 0);
        weir_status status = weir_file_glob("{in,out}/**/*.csv", &l, &err);
        bool passed = weir_fault_count(WEIR_FAULT_MALLOC) < n;
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        assert_int_equal(status, passed ? WEIR_OK : WEIR_RESOURCE);
        if (passed) {
            assert_int_equal(l.n, 1);
            weir_file_list_clear(&l);
            break;
        }
        assert_int_equal(l.n, 0);
    }
}

/* ---- paths from data --- */

static void safe_join(void **state) {
    (void)state;
    static const char *const bad[] = {"",         "/etc/passwd", "..",    "../x", "a/../b",
                                      "a/..",     ".",           "a/./b", "a//b", "a/",
                                      "a\nb",     "a\x7f",       "out/x", "out",  "sub/up/x",
                                      "dangling", "dangling/x"};
    static const char *const good[] = {"a",         "a/b",    "a/b.csv",  "..a",
                                       "a..",       "...",    "inside/x", "new/deep/er",
                                       "k=v/p.csv", "sp ace", "\xc3\xa9"};
    weir_error err = {0};
    weir_buf out = {0};
    assert_int_equal(mkdir("root", 0777) | mkdir("root/sub", 0777), 0);
    assert_int_equal(symlink("/tmp", "root/out"), 0);
    assert_int_equal(symlink("../..", "root/sub/up"), 0);
    assert_int_equal(symlink("sub", "root/inside"), 0);
    assert_int_equal(symlink("/tmp/no-such-thing", "root/dangling"), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (weir_file_safe_join("root", weir_slice_of(bad[i]), &out, &err) != WEIR_DATA)
            fail_msg("accepted %s", bad[i]);
        assert_int_equal(out.size, 0);
    }
    assert_int_equal(weir_file_safe_join("root", (weir_slice){"a\0b", 3}, &out, &err), WEIR_DATA);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char expected[300];
        snprintf(expected, sizeof expected, "root/%s", good[i]);
        out.size = 0;
        assert_int_equal(weir_file_safe_join("root", weir_slice_of(good[i]), &out, &err), WEIR_OK);
        assert_string_equal(weir_buf_cstr(&out), expected);
        out.size = 0;
        assert_int_equal(weir_file_safe_join("root/", weir_slice_of(good[i]), &out, &err), WEIR_OK);
        assert_string_equal(weir_buf_cstr(&out), expected);
    }
    char *large = malloc(5001);
    memset(large, 'a', 5000);
    large[5000] = 0;
    out.size = 0;
    assert_int_equal(weir_file_safe_join("root", weir_slice_of(large), &out, &err), WEIR_DATA);
    for (int i = 100; i < 5000; i += 100) large[i] = '/';
    assert_int_equal(weir_file_safe_join("root", weir_slice_of(large), &out, &err), WEIR_DATA);
    free(large);
    assert_int_equal(weir_file_safe_join("not-there", weir_slice_of("x"), &out, &err), WEIR_OK);
    weir_buf_clear(&out);
}

static void escapes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        const char *expected;
    } cases[] = {{"abc-1.5_x=+", 11, "abc-1.5_x=+"},
                 {"a/b", 3, "a%2Fb"},
                 {"..", 2, "%2E%2E"},
                 {".", 1, "%2E"},
                 {"...", 3, "..."},
                 {"", 0, "%"},
                 {"100%", 4, "100%25"},
                 {"a\0b\n", 4, "a%00b%0A"},
                 {"\xc3\xa9", 2, "%C3%A9"},
                 {"a b", 3, "a%20b"}};
    weir_buf out = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        out.size = 0;
        assert_true(weir_file_escape_component((weir_slice){cases[i].text, cases[i].n}, &out));
        assert_string_equal(weir_buf_cstr(&out), cases[i].expected);
    }
    weir_buf_clear(&out);
    out.max = 2;
    assert_false(weir_file_escape_component((weir_slice){"a/b", 3}, &out));
    assert_int_equal(out.size, 0);
    weir_buf_clear(&out);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
    weir_fault_init();
    const struct CMUnitTest tests[] = {
        T(reads_a_file),   T(refuses_odd_kinds),
        T(read_faults),    T(changed_while_read),
        T(fifo),           T(pipe_cancel),
        T(standard_input), T(writes_a_descriptor),
        T(full_pipe),      T(memory),
        T(name_matching),  T(globbing),
        T(paths_as_text),  T(glob_troubles),
        T(safe_join),      T(escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
