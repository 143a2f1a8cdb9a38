/* peak OUT COMMAND...: runs a command for at most 600 s, its standard output into the file (or
 * pipe) OUT, its errors into OUT.err, and prints its exit code and the most memory it held in KiB.
 */
#include <stdio.h>

#include "support/process.h"

int main(int argc, char **argv) {
    char errors[4096];
    process_result r;
    if (argc < 3) return 2;
    snprintf(errors, sizeof errors, "%s.err", argv[1]);
    if (!process_run(argv + 2, ".", argv[1], errors, 600, &r)) {
        perror(argv[2]);
        return 1;
    }
    printf("%d %ld\n", r.timed_out ? 124 : r.signal ? 128 + r.signal : r.code, r.max_rss_kib);
    return 0;
}
