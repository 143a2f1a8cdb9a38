/* Which build this program is. */
#ifndef WEIR_BASE_BUILD_ID_H
#define WEIR_BASE_BUILD_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The linker's identification of the program or library that holds this code: another one after
 * each change of its code or data.  Copies up to cap bytes and returns how many there are; 0 = it
 * was linked without.  Any thread. */
size_t weir_build_id(uint8_t *id, size_t cap);

#endif
