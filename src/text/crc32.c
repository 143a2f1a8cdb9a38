/* CRC-32 and CRC-32C, 8 bytes a step ("slicing by 8"); CRC-32C by instruction where there is one.
 */
#include <pthread.h>
#include <string.h>

#include "base/cpu.h"
#include "text/hash.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* tables[0] is for one byte; tables[k] for a byte followed by k zero bytes. */
typedef uint32_t crc_tables[8][256];
static crc_tables tables_ieee, tables_castagnoli;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill(crc_tables tables, uint32_t polynomial) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
        tables[0][i] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (uint32_t i = 0; i < 256; i++)
            tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 255];
}

static void fill_both(void) {
    fill(tables_ieee, 0xEDB88320U);
    fill(tables_castagnoli, 0x82F63B78U);
}

static uint32_t update(crc_tables tables, uint32_t crc, const uint8_t *p, size_t n) {
    for (; n >= 8; n -= 8, p += 8) {
        uint32_t low =
            crc ^ ((uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0]);
        crc = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^
              tables[4][low >> 24] ^ tables[3][p[4]] ^ tables[2][p[5]] ^ tables[1][p[6]] ^
              tables[0][p[7]];
    }
    for (; n > 0; n--) crc = crc >> 8 ^ tables[0][(crc ^ *p++) & 255];
    return crc;
}

uint32_t weir_crc32(uint32_t crc, const void *p, size_t n) {
    pthread_once(&once, fill_both);
    return ~update(tables_ieee, ~crc, p, n);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t update_sse42(uint32_t crc, const uint8_t *p,
                                                               size_t n) {
    uint64_t wide = crc;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    for (; n > 0; n--) crc = _mm_crc32_u8(crc, *p++);
    return crc;
}
#endif

uint32_t weir_crc32c(uint32_t crc, const void *p, size_t n) {
#if defined(__x86_64__)
    if (weir_cpu_has_sse42()) return ~update_sse42(~crc, p, n);
#endif
    pthread_once(&once, fill_both);
    return ~update(tables_castagnoli, ~crc, p, n);
}
