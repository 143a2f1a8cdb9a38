/* What text-to-value and value-to-text cost: nanoseconds per operation, best of several passes.
 *
 *     gcc -std=gnu17 -O2 -D_GNU_SOURCE -Iinclude -Isrc bench/micro/number.c build/libweir_core.a
 *
 * The texts lie in one buffer and follow each other as in a column, so that a pass measures the
 * throughput that a reader sees.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "text/hash.h"
#include "text/number.h"
#include "text/regex.h"
#include "text/utf8.h"

#define ROWS 50000
#define PASSES 20

static char text[ROWS * 32 + 64];
static uint32_t start[ROWS + 1];
static int64_t ints[ROWS];
static double doubles[ROWS];
static uint64_t sum; /* keeps the work from being thrown away */

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t next_random(void) {
    static uint64_t state = 88172645463325252ULL;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Fills the column with printf texts of random values. */
static void fill(const char *kind) {
    uint32_t at = 0;
    for (int i = 0; i < ROWS; i++) {
        uint64_t r = next_random();
        start[i] = at;
        int n = 0;
        if (!strcmp(kind, "int7")) n = snprintf(text + at, 32, "%d", (int)(1000000 + r % 9000000));
        if (!strcmp(kind, "int1-9"))
            n = snprintf(text + at, 32, "%d", (int)(r % 1000000000 >> r % 29));
        if (!strcmp(kind, "int18"))
            n = snprintf(text + at, 32, "%" PRIu64, 100000000000000000 + r % 800000000000000000);
        if (!strcmp(kind, "amount"))
            n = snprintf(text + at, 32, "%d.%02d", (int)(r % 10000), (int)(r >> 32) & 63);
        if (!strcmp(kind, "double6"))
            n = snprintf(text + at, 32, "%.6f", (double)(r % 180000000) / 1e6);
        if (!strcmp(kind, "double17")) n = snprintf(text + at, 32, "%.17g", (double)r / 1e9);
        at += (uint32_t)n;
    }
    start[ROWS] = at;
}

#define BENCH(name, body)                                                                          \
    do {                                                                                           \
        double best = 1e18;                                                                        \
        for (int pass = 0; pass < PASSES; pass++) {                                                \
            double from = now_ns();                                                                \
            for (int i = 0; i < ROWS; i++) {                                                       \
                const char *p = text + start[i];                                                   \
                size_t n = start[i + 1] - start[i];                                                \
                (void)p, (void)n;                                                                  \
                body;                                                                              \
            }                                                                                      \
            double took = (now_ns() - from) / ROWS;                                                \
            if (took < best) best = took;                                                          \
        }                                                                                          \
        printf("%-44s %7.2f ns\n", name, best);                                                    \
    } while (0)

static void bench_parse(void) {
    int64_t v = 0;
    double d = 0;
    weir_int128 wide = 0;
    fill("int7");
    BENCH("int64 parse, 7 digits", weir_num_parse_int64(p, n, &v); sum += (uint64_t)v);
    BENCH("int64 parse padded, 7 digits", weir_num_parse_int64_padded(p, n, &v);
          sum += (uint64_t)v);
    fill("int1-9");
    BENCH("int64 parse, 1 to 9 digits", weir_num_parse_int64(p, n, &v); sum += (uint64_t)v);
    BENCH("int64 parse padded, 1 to 9 digits", weir_num_parse_int64_padded(p, n, &v);
          sum += (uint64_t)v);
    fill("int18");
    BENCH("int64 parse, 18 digits", weir_num_parse_int64(p, n, &v); sum += (uint64_t)v);
    BENCH("int128 parse, 18 digits", weir_num_parse_int128(p, n, &wide); sum += (uint64_t)wide);
    fill("amount");
    BENCH("decimal(10,2) parse, \"1234.56\"", weir_num_parse_decimal64(p, n, 10, 2, &v);
          sum += (uint64_t)v);
    BENCH("decimal(10,2) parse padded", weir_num_parse_decimal64_padded(p, n, 10, 2, &v);
          sum += (uint64_t)v);
    BENCH("decimal(38,9) parse", weir_num_parse_decimal128(p, n, 38, 9, &wide);
          sum += (uint64_t)wide);
    BENCH("double parse, \"1234.56\"", weir_num_parse_double(p, n, 0, &d); sum += (uint64_t)d);
    fill("double6");
    BENCH("double parse, \"123.456789\"", weir_num_parse_double(p, n, 0, &d); sum += (uint64_t)d);
    BENCH("  strtod", sum += (uint64_t)strtod(p, NULL));
    fill("double17");
    BENCH("double parse, 17 digits", weir_num_parse_double(p, n, 0, &d); sum += (uint64_t)d);
}

static void bench_format(void) {
    char out[64];
    for (int i = 0; i < ROWS; i++) {
        uint64_t r = next_random();
        ints[i] = (int64_t)(1000000 + r % 9000000);
        doubles[i] = (double)(r % 180000000) / 1e6;
    }
    BENCH("int64 format, 7 digits", sum += weir_num_format_int64(ints[i], out));
    BENCH("decimal(10,2) format", sum += weir_num_format_decimal64(ints[i], 2, out));
    BENCH("double format, \"123.456789\"", sum += weir_num_format_double(doubles[i], out));
    for (int i = 0; i < ROWS; i++) doubles[i] = (double)next_random() / 1.0000000001e9;
    BENCH("double format, 17 digits", sum += weir_num_format_double(doubles[i], out));
    BENCH("  snprintf %.17g", sum += (uint64_t)snprintf(out, sizeof out, "%.17g", doubles[i]));
}

static void bench_other(void) {
    fill("int18");
    BENCH("XXH3 of 18 bytes", sum += weir_hash_bytes(p, n, 0));
    weir_regex *re = NULL;
    if (weir_regex_new("^[0-9]+$", 8, 0, &re, NULL) == WEIR_OK)
        BENCH("regex ^[0-9]+$ on 18 bytes", sum += (uint64_t)weir_regex_match(re, p, n));
    weir_regex_free(re);

    static char big[1 << 20];
    for (size_t i = 0; i < sizeof big; i++) big[i] = (char)('a' + i % 26);
    const struct {
        const char *name;
        uint32_t cpu;
        bool mixed;
    } cases[] = {{"UTF-8 proof, ASCII", UINT32_MAX, false},
                 {"UTF-8 proof, ASCII, portable", 0, false},
                 {"UTF-8 proof, mixed", UINT32_MAX, true},
                 {"UTF-8 proof, mixed, portable", 0, true}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        if (cases[k].mixed)
            for (size_t i = 0; i + 2 < sizeof big; i += 17) memcpy(big + i, "\xE2\x82\xAC", 3);
        if (cases[k].mixed) big[sizeof big - 1] = big[sizeof big - 2] = 'x';
        weir_cpu_limit(cases[k].cpu);
        double best = 1e18;
        for (int pass = 0; pass < PASSES; pass++) {
            double from = now_ns();
            sum += weir_utf8_valid(big, sizeof big);
            double took = now_ns() - from;
            if (took < best) best = took;
        }
        printf("%-44s %7.2f GB/s\n", cases[k].name, (double)sizeof big / best);
    }
    weir_cpu_limit(UINT32_MAX);
    static const struct {
        const char *name;
        weir_digest_kind kind;
    } digests[] = {{"MD5", WEIR_MD5},
                   {"SHA-1", WEIR_SHA1},
                   {"SHA-256", WEIR_SHA256},
                   {"SHA-512", WEIR_SHA512}};
    const size_t small = 1 << 14;     /* short enough for a pass without interruption */
    for (size_t k = 0; k <= 4; k++) { /* the last is CRC-32 */
        double best = 1e18;
        for (int pass = 0; pass < 100; pass++) {
            uint8_t digest[WEIR_DIGEST_MAX_BYTES];
            double from = now_ns();
            if (k < 4)
                weir_digest_bytes(digests[k].kind, big, small, digest);
            else
                digest[0] = (uint8_t)weir_crc32(0, big, small);
            double took = now_ns() - from;
            if (took < best) best = took;
            sum += digest[0];
        }
        printf("%-44s %7.2f GB/s\n", k < 4 ? digests[k].name : "CRC-32", (double)small / best);
    }
}

int main(void) {
    bench_parse();
    bench_format();
    bench_other();
    fprintf(stderr, "(%" PRIu64 ")\n", sum);
    return 0;
}
