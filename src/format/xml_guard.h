/* What libxml2 may be given: a look at each byte of a document before the parser sees it.
 *
 * libxml2 compares each attribute of a tag with all others, keeps every name it ever saw, and
 * expands entities; so a small hostile file can cost hours or all memory.  The guard follows the
 * markup (not its grammar: that is the parser's business), refuses what no data needs, and notes at
 * which line and byte each start tag stands, which the parser does not tell exactly.
 */
#ifndef WEIR_FORMAT_XML_GUARD_H
#define WEIR_FORMAT_XML_GUARD_H

#include "base/mem.h"

#define WEIR_XML_DEPTH_MAX 250u               /* levels of a document; libxml2 stops at 256 */
#define WEIR_XML_MAX_ATTRIBUTES 2000u         /* of one tag */
#define WEIR_XML_MAX_NAMESPACES 64u           /* declared in one tag */
#define WEIR_XML_MAX_TAG_BYTES (256u << 10)   /* of one tag, with its attributes */
#define WEIR_XML_MAX_SUBSET_BYTES (64u << 10) /* of a document type's declarations */
#define WEIR_XML_MAX_DEFAULTS 64u             /* literals in these declarations */
#define WEIR_XML_MAX_OTHER_BYTES (1u << 20)   /* of a comment or a processing instruction */

typedef struct weir_xml_place {
    uint64_t line, byte; /* 1-based line; offset of the '<' */
} weir_xml_place;

typedef enum weir_xml_units {
    WEIR_XML_UNITS_8,    /* markup is ASCII, byte by byte */
    WEIR_XML_UNITS_16LE, /* UTF-16 */
    WEIR_XML_UNITS_16BE
} weir_xml_units;

typedef struct weir_xml_guard {
    weir_xml_units units;
    size_t max_text_bytes; /* of one run of text, or of one CDATA section */
    uint8_t state, quote, match, half, name_at;
    bool have_half, in_subset, space_before, slash;
    uint32_t depth; /* elements that are open */
    uint64_t line, byte, token_bytes, subset_bytes;
    uint32_t attributes, namespaces, literals;
    bool last_cr;
    weir_xml_place tag; /* of the tag under way */
    /* Start tags that were passed on and not taken yet: a ring. */
    weir_xml_place *places;
    size_t first, n, capacity;
    const char *fault; /* what is wrong at `line`; NULL = nothing */
} weir_xml_guard;

/* Zeroes g; units and max_text_bytes as given. */
void weir_xml_guard_init(weir_xml_guard *g, weir_xml_units units, size_t max_text_bytes);
void weir_xml_guard_clear(weir_xml_guard *g);
/* Looks at the next n bytes.  WEIR_DATA with g->fault set, and a message and hint in err, when the
 * document asks for what is not allowed. */
WEIR_MUST_USE weir_status weir_xml_guard_look(weir_xml_guard *g, const char *p, size_t n,
                                              weir_error *err);
/* Takes the place of the next start tag, in the order of the document; zeros when there is none
 * (a document that is malformed). */
weir_xml_place weir_xml_guard_take(weir_xml_guard *g);

#endif
