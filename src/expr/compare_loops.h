/* Loops of compare.c over whole columns; included twice, for the baseline and for AVX2.
 * WEIR_LOOP_SUFFIX names the functions, WEIR_LOOP_TARGET says what they may use. */

#define LOOP_JOIN2(a, b) a##b
#define LOOP_JOIN(a, b) LOOP_JOIN2(a, b)
#define LOOP(name) LOOP_JOIN(name, WEIR_LOOP_SUFFIX)

/* Eight bytes of 0 or 1 to eight bits. */
WEIR_LOOP_TARGET static inline uint64_t LOOP(pack)(const uint8_t *bytes) {
    uint64_t bits = 0, word;
    for (int i = 0; i < 8; i++) {
        memcpy(&word, bytes + 8 * i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        bits |= (word * 0x0102040810204080ull >> 56) << (8 * i);
    }
    return bits;
}

#define COMPARE_LOOP(name, T, test)                                                                \
    WEIR_LOOP_TARGET static void LOOP(name##_columns)(const void *va, const void *vb, uint32_t n,  \
                                                      uint64_t *out) {                             \
        const T *pa = va, *pb = vb;                                                                \
        uint8_t bytes[64];                                                                         \
        uint32_t i = 0;                                                                            \
        for (; i + 64 <= n; i += 64) {                                                             \
            for (uint32_t j = 0; j < 64; j++) {                                                    \
                T a = pa[i + j], b = pb[i + j];                                                    \
                bytes[j] = (test);                                                                 \
            }                                                                                      \
            out[i >> 6] = LOOP(pack)(bytes);                                                       \
        }                                                                                          \
        for (uint64_t *last = out + (i >> 6); i < n; i++) {                                        \
            T a = pa[i], b = pb[i];                                                                \
            *last |= (uint64_t)(test) << (i & 63);                                                 \
        }                                                                                          \
    }                                                                                              \
    WEIR_LOOP_TARGET static void LOOP(name##_constant)(const void *va, const void *vb, uint32_t n, \
                                                       uint64_t *out) {                            \
        const T *pa = va, b = *(const T *)vb;                                                      \
        uint8_t bytes[64];                                                                         \
        uint32_t i = 0;                                                                            \
        for (; i + 64 <= n; i += 64) {                                                             \
            for (uint32_t j = 0; j < 64; j++) {                                                    \
                T a = pa[i + j];                                                                   \
                bytes[j] = (test);                                                                 \
            }                                                                                      \
            out[i >> 6] = LOOP(pack)(bytes);                                                       \
        }                                                                                          \
        for (uint64_t *last = out + (i >> 6); i < n; i++) {                                        \
            T a = pa[i];                                                                           \
            *last |= (uint64_t)(test) << (i & 63);                                                 \
        }                                                                                          \
    }

/* NaN equals itself and is larger than all else. */
#define COMPARE_LOOPS(name, T)                                                                     \
    COMPARE_LOOP(name##_lt, T, a < b)                                                              \
    COMPARE_LOOP(name##_le, T, a <= b)                                                             \
    COMPARE_LOOP(name##_eq, T, a == b)
#define COMPARE_LOOPS_FLOAT(name, T)                                                               \
    COMPARE_LOOP(name##_lt, T, (a < b) | ((b != b) & (a == a)))                                    \
    COMPARE_LOOP(name##_le, T, (a <= b) | (b != b))                                                \
    COMPARE_LOOP(name##_eq, T, (a == b) | ((a != a) & (b != b)))

COMPARE_LOOPS(i8, int8_t)
COMPARE_LOOPS(i16, int16_t)
COMPARE_LOOPS(i32, int32_t)
COMPARE_LOOPS(i64, int64_t)
COMPARE_LOOPS(u8, uint8_t)
COMPARE_LOOPS(u16, uint16_t)
COMPARE_LOOPS(u32, uint32_t)
COMPARE_LOOPS(u64, uint64_t)
COMPARE_LOOPS(i128, weir_int128)
COMPARE_LOOPS_FLOAT(f32, float)
COMPARE_LOOPS_FLOAT(f64, double)

#define COMPARE_ROW(name)                                                                          \
    {                                                                                              \
        {LOOP(name##_lt_columns), LOOP(name##_lt_constant)},                                       \
            {LOOP(name##_le_columns), LOOP(name##_le_constant)},                                   \
            {LOOP(name##_eq_columns), LOOP(name##_eq_constant)},                                   \
    }
static const compare_loop LOOP(compare_loops)[COMPARE_TYPES][3][2] = {
    COMPARE_ROW(i8),   COMPARE_ROW(i16), COMPARE_ROW(i32), COMPARE_ROW(i64),
    COMPARE_ROW(u8),   COMPARE_ROW(u16), COMPARE_ROW(u32), COMPARE_ROW(u64),
    COMPARE_ROW(i128), COMPARE_ROW(f32), COMPARE_ROW(f64),
};

#undef COMPARE_ROW
#undef COMPARE_LOOP
#undef COMPARE_LOOPS
#undef COMPARE_LOOPS_FLOAT
#undef LOOP
#undef LOOP_JOIN
#undef LOOP_JOIN2
