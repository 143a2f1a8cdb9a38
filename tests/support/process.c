#include "support/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool redirect(int fd, const char *path, int flags) {
    int f = open(path, flags, 0644);
    if (f < 0 || dup2(f, fd) < 0) return false;
    close(f);
    return true;
}

static void child(char *const argv[], const char *dir, const char *out_path, const char *err_path) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    if (chdir(dir) == 0 && redirect(0, "/dev/null", O_RDONLY) &&
        redirect(1, out_path, O_WRONLY | O_CREAT | O_TRUNC) &&
        redirect(2, err_path, O_WRONLY | O_CREAT | O_TRUNC))
        execv(argv[0], argv);
    _exit(127);
}

bool process_run(char *const argv[], const char *dir, const char *out_path, const char *err_path,
                 int timeout_s, process_result *out) {
    sigset_t chld, before;
    struct timespec limit = {.tv_sec = timeout_s};
    struct rusage used;
    int status = 0;
    memset(out, 0, sizeof *out);
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, &before);
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) return false;
    if (pid == 0) child(argv, dir, out_path, err_path);
    while (sigtimedwait(&chld, NULL, &limit) < 0) {
        if (errno == EINTR) continue;
        out->timed_out = true;
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL);
        break;
    }
    while (wait4(pid, &status, 0, &used) < 0)
        if (errno != EINTR) return false;
    sigprocmask(SIG_SETMASK, &before, NULL);
    out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    out->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    out->max_rss_kib = used.ru_maxrss;
    out->user_s = (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6;
    return out->code != 127;
}

bool process_share(size_t n, int jobs, void (*work)(void *context, size_t i), void *context) {
    _Atomic size_t *next =
        mmap(NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool ok = next != MAP_FAILED;
    if (!ok) return false;
    fflush(NULL);
    for (int j = 0; j < jobs; j++) {
        pid_t pid = fork();
        if (pid < 0) ok = false;
        if (pid != 0) continue;
        for (size_t i; (i = atomic_fetch_add(next, 1)) < n;) work(context, i);
        fflush(NULL);
        _exit(0);
    }
    int status;
    while (wait(&status) > 0) ok = ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    munmap((void *)next, sizeof *next);
    return ok;
}

char *process_slurp(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    size_t capacity = 65536, n = 0, got;
    char *data = malloc(capacity + 1);
    while (data && (got = fread(data + n, 1, capacity - n, f)) > 0) {
        n += got;
        if (n < capacity) continue;
        capacity *= 2;
        char *grown = realloc(data, capacity + 1);
        if (!grown) free(data);
        data = grown;
    }
    fclose(f);
    if (data) data[n] = '\0';
    if (size) *size = n;
    return data;
}

void process_say(const char *format, ...) {
    char line[2048];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (n < 0) return;
    if (n > (int)sizeof line - 2) n = (int)sizeof line - 2;
    /* One line, whatever stands in it. */
    for (int i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ') line[i] = '?';
    line[n] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)n + 1) < 0) abort();
}
