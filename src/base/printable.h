/* Text from outside made fit for a terminal or a log: nothing in it can forge a line, move the
 * cursor or break the encoding. */
#ifndef WEIR_BASE_PRINTABLE_H
#define WEIR_BASE_PRINTABLE_H

#include <stddef.h>

/* Copies n bytes of src into dst (cap bytes, always terminated when cap > 0).  Line ends and tabs
 * become one space each; other control characters (C0, DEL, C1, line separators, marks that turn
 * the direction of text) and bytes that are not UTF-8 become "\xNN"; the copy is cut at a character
 * boundary when dst is too small.  Returns the length of what was written, without the terminator.
 * src may not overlap dst.  Any thread. */
size_t weir_printable(char *dst, size_t cap, const char *src, size_t n);

#endif
