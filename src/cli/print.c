/* Numbers, sizes, errors as people read them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

const char *cli_count(uint64_t n, char *buf) {
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    char *p = buf;
    for (int i = 0; i < size; i++) {
        if (i && (size - i) % 3 == 0) *p++ = ',';
        *p++ = digits[i];
    }
    *p = '\0';
    return buf;
}

const char *cli_size(uint64_t bytes, char *buf) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double v = (double)bytes;
    int u = 0;
    while (v >= 1024 && u < 4) v /= 1024, u++;
    snprintf(buf, 32, u ? "%.1f %s" : "%.0f %s", v, units[u]);
    return buf;
}

const char *cli_time(int64_t us, char *buf) {
    if (us < 1000000)
        snprintf(buf, 32, "%.0f ms", (double)us / 1e3);
    else if (us < 60000000)
        snprintf(buf, 32, "%.2f s", (double)us / 1e6);
    else
        snprintf(buf, 32, "%lld min %02lld s", (long long)(us / 60000000),
                 (long long)(us / 1000000 % 60));
    return buf;
}

bool cli_color(const cli_args *a, int fd) {
    const char *no = getenv("NO_COLOR");
    return !a->no_color && !a->json && !(no && *no) && isatty(fd);
}

static int code_of(weir_status status) {
    switch (status) {
    case WEIR_OK: return EXIT_OK;
    case WEIR_USAGE: return EXIT_USAGE;
    case WEIR_LIMIT: return EXIT_LIMIT;
    case WEIR_CANCELLED: return 130;
    default: return EXIT_FAILED;
    }
}

int cli_fail(const weir_error *err) {
    char text[2048];
    fprintf(stderr, "weir: %s\n", weir_error_format(err, text, sizeof text));
    return code_of(err->status);
}

int cli_fail_diags(const weir_diags *d, const weir_error *err) {
    if (d->n == 0) return err ? cli_fail(err) : EXIT_USAGE;
    weir_buf text = {0};
    weir_error nomem = {0};
    if (!weir_diags_print(d, &text) || d->nomem) (void)weir_error_nomem(&nomem);
    if (text.size) fwrite(text.data, 1, text.size, stderr);
    weir_buf_clear(&text);
    if (nomem.status != WEIR_OK) return cli_fail(&nomem);
    if (err && err->status != WEIR_USAGE && err->status != WEIR_OK) return cli_fail(err);
    return EXIT_USAGE;
}
