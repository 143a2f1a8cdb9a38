/* Web addresses, cut into their parts as RFC 3986 has it (appendix B), without judging them. */
#ifndef WEIR_TEXT_URL_H
#define WEIR_TEXT_URL_H

#include "base/mem.h"

/* Pieces of the address, still percent-encoded.  data is NULL for a part that is not there; an
 * empty one (`?` with nothing behind it) is there with size 0. */
typedef struct weir_url {
    weir_slice scheme, user, host, port, path, query, fragment; /* host: [..] without brackets */
} weir_url;

/* Cuts s.  false: it is no address with a scheme and a host (`scheme://host...`), has blanks or
 * control characters, or a port that is no number up to 65535.  Any thread. */
bool weir_url_split(weir_slice s, weir_url *out);

/* The same for what stands in a log or a link: an address, or one that is relative to a host or a
 * page (RFC 3986, 4.2) and begins with `/`, `?` or `#`: then scheme, and mostly host, are not
 * there. */
bool weir_url_split_reference(weir_slice s, weir_url *out);

/* The next `name=value` of a query; both still encoded, value.data NULL without `=`.  Empty pairs
 * are left out.  false: there is no further one. */
bool weir_url_next(weir_slice *query, weir_slice *name, weir_slice *value);

#endif
