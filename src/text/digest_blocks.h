/* Private to src/text: the inner loops of the digests; blocks of 64 bytes (SHA-512: 128). */
#ifndef WEIR_TEXT_DIGEST_BLOCKS_H
#define WEIR_TEXT_DIGEST_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

void weir_digest_blocks_md5(uint32_t state[8], const uint8_t *p, size_t blocks);
void weir_digest_blocks_sha1(uint32_t state[8], const uint8_t *p, size_t blocks);
void weir_digest_blocks_sha256(uint32_t state[8], const uint8_t *p, size_t blocks);
void weir_digest_blocks_sha512(uint64_t state[8], const uint8_t *p, size_t blocks);

#endif
