/* Private to src/text: character properties, made by tools/gen_unicode.py. */
#ifndef WEIR_TEXT_UNICODE_TABLES_H
#define WEIR_TEXT_UNICODE_TABLES_H

#include <stdint.h>

enum { WEIR_UNICODE_SPACE = 1, WEIR_UNICODE_WORD = 2 };

typedef struct weir_unicode_record {
    int32_t upper, lower, title; /* distance from the character to the mapped one */
    int32_t flags;
} weir_unicode_record;

/* Characters beyond the first stage are like the last of it. */
extern const uint32_t weir_unicode_stage1_size;
extern const uint16_t weir_unicode_stage1[];
extern const uint8_t weir_unicode_stage2[];
extern const weir_unicode_record weir_unicode_records[];

static inline const weir_unicode_record *weir_unicode_find(uint32_t c) {
    uint32_t block = c >> 7;
    if (block >= weir_unicode_stage1_size) block = weir_unicode_stage1_size - 1;
    return &weir_unicode_records[weir_unicode_stage2[weir_unicode_stage1[block] * 128U +
                                                     (c & 127)]];
}

#endif
