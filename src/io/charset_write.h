/* Text in other encodings than UTF-8, for writing. */
#ifndef WEIR_IO_CHARSET_WRITE_H
#define WEIR_IO_CHARSET_WRITE_H

#include "base/context.h"
#include "base/mem.h"

typedef struct weir_charset_writer weir_charset_writer;

/* encoding: as `encoding:` takes it, but not "auto"; WEIR_USAGE when there is none of that name.
 * utf-16 and utf-32 without an end are the little one, with a mark.  mark: a byte order mark stands
 * in front of each file; WEIR_USAGE for encodings that have none.  For one thread. */
WEIR_MUST_USE weir_status weir_charset_writer_new(const char *encoding, bool mark,
                                                  weir_charset_writer **out, weir_error *err);
void weir_charset_writer_free(weir_charset_writer *w); /* NULL is legal */
/* Its name as weir shows it; lives as long as w. */
const char *weir_charset_writer_name(const weir_charset_writer *w);
/* Whether UTF-8 comes out as it is, without a mark. */
bool weir_charset_writer_plain(const weir_charset_writer *w);
/* What stands in front of each file; may be empty. */
weir_slice weir_charset_writer_mark(const weir_charset_writer *w);
/* Appends UTF-8 text in the encoding.  *bad: where the first character stands that it does not have
 * (or that is no UTF-8), n = none; out is then left as it was. */
WEIR_MUST_USE weir_status weir_charset_writer_put(weir_charset_writer *w, const char *text,
                                                  size_t n, weir_buf *out, size_t *bad,
                                                  weir_error *err);
/* The same without the text: *bad alone. */
WEIR_MUST_USE weir_status weir_charset_writer_check(weir_charset_writer *w, const char *text,
                                                    size_t n, size_t *bad, weir_error *err);

#endif
