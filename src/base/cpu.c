#include "base/cpu.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic uint32_t found;              /* 0 = not asked yet */
static _Atomic uint32_t limit = UINT32_MAX; /* tests */

static uint32_t ask_machine(void) {
    uint32_t bits = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
        bits |= WEIR_CPU_SSE42;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt"))
        bits |= WEIR_CPU_AVX2;
    if (__builtin_cpu_supports("pclmul")) bits |= WEIR_CPU_PCLMUL;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        bits |= WEIR_CPU_AVX512;
#endif
    return bits;
}

static uint32_t find_out(void) {
    uint32_t bits = ask_machine();
    const char *simd = getenv("WEIR_SIMD");
    if (simd && strcmp(simd, "portable") == 0) bits = 0;
    if (simd && strcmp(simd, "avx2") == 0) bits &= ~(uint32_t)WEIR_CPU_AVX512;
    bits |= WEIR_CPU_READY;
    atomic_store_explicit(&found, bits, memory_order_relaxed);
    return bits;
}

uint32_t weir_cpu_features(void) {
    uint32_t bits = atomic_load_explicit(&found, memory_order_relaxed);
    if (bits == 0) bits = find_out();
    return bits & atomic_load_explicit(&limit, memory_order_relaxed);
}

void weir_cpu_limit(uint32_t mask) {
    atomic_store_explicit(&limit, mask, memory_order_relaxed);
}

/* First line of a small file under /proc or /sys; false when it cannot be read. */
static bool read_line(const char *path, char *line, int size) {
    FILE *f = fopen(path, "re");
    if (!f) return false;
    bool ok = fgets(line, size, f) != NULL;
    fclose(f);
    return ok;
}

/* CPUs that the quota of the process's own cgroup allows, rounded up; 0 = no quota.  Inside a
 * container the own group is mounted at the root of the tree, so only that place is read. */
static uint32_t quota_cpus(void) {
    char line[64];
    long long quota = -1, period = 0;
    if (read_line("/sys/fs/cgroup/cpu.max", line, sizeof line)) {
        char *end;
        quota = strtoll(line, &end, 10); /* "max 100000": no digits, no quota */
        if (end == line) return 0;
        period = strtoll(end, NULL, 10);
    } else if (read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", line, sizeof line)) {
        quota = strtoll(line, NULL, 10);
        if (read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us", line, sizeof line))
            period = strtoll(line, NULL, 10);
    }
    if (quota <= 0 || period <= 0) return 0;
    long long cpus = (quota + period - 1) / period;
    return cpus > 4096 ? 0 : (uint32_t)cpus;
}

uint32_t weir_cpu_count(void) {
    cpu_set_t set;
    uint32_t n = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        n = (uint32_t)CPU_COUNT(&set);
    uint32_t quota = quota_cpus();
    return quota && quota < n ? quota : n;
}
