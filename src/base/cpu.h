/* What the processor can do, asked in one place.
 *
 * Code with a vector form and a portable twin asks here once per batch or call.  The environment
 * variable WEIR_SIMD=portable makes every answer false, so that the twins can be tested on any
 * machine; WEIR_SIMD=avx2 hides what is newer than AVX2.
 */
#ifndef WEIR_BASE_CPU_H
#define WEIR_BASE_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WEIR_CPU_READY = 1, /* private: the bits below have been found out */
    WEIR_CPU_SSE42 = 2,
    WEIR_CPU_AVX2 = 4, /* with BMI1, BMI2 and POPCNT */
    WEIR_CPU_PCLMUL = 8,
    WEIR_CPU_AVX512 = 16 /* F, BW, DQ and VL */
};

/* The features as bits.  Any thread; the first call reads the environment. */
uint32_t weir_cpu_features(void);

static inline bool weir_cpu_has_avx2(void) {
    return (weir_cpu_features() & WEIR_CPU_AVX2) != 0;
}
static inline bool weir_cpu_has_pclmul(void) {
    return (weir_cpu_features() & WEIR_CPU_PCLMUL) != 0;
}
static inline bool weir_cpu_has_sse42(void) {
    return (weir_cpu_features() & WEIR_CPU_SSE42) != 0;
}
static inline bool weir_cpu_has_avx512(void) {
    return (weir_cpu_features() & WEIR_CPU_AVX512) != 0;
}

/* Tests: only the features of `mask` that the machine really has are reported from now on;
 * UINT32_MAX shows all again, 0 gives the portable twins.  Not to be called while others compute.
 */
void weir_cpu_limit(uint32_t mask);

/* Number of CPUs this process may use: its affinity mask cut by the cgroup quota (v1 or v2), at
 * least 1. */
uint32_t weir_cpu_count(void);

#endif
