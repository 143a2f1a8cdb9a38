/* XML: what its files share.  Not for other folders; they see `weir_format_xml` through format.h.
 *
 * Spec: XML 1.0 (fifth edition) and Namespaces in XML, as libxml2 reads them; docs/formats-xml.md
 * says how elements become records.
 *
 *   xml_lib.c     libxml2, loaded when needed      xml_guard.c   what it may be given
 *   xml_reader.c  a stream -> events               xml.c         options, the format object
 *   xml_find.c    which element is the record      xml_tree.c    one record -> JSON
 *   xml_cut.c     events -> records -> chunks      relay.c       ... -> batches
 */
#ifndef WEIR_FORMAT_XML_H
#define WEIR_FORMAT_XML_H

#include "format/format.h"
#include "format/relay.h"
#include "format/xml_reader.h"

extern const weir_format weir_format_xml;

typedef enum weir_xml_names { WEIR_XML_NAMES_LOCAL, WEIR_XML_NAMES_PREFIX } weir_xml_names;
typedef enum weir_xml_nested { WEIR_XML_NESTED_JSON, WEIR_XML_NESTED_FLATTEN } weir_xml_nested;
typedef enum weir_xml_empty { WEIR_XML_EMPTY_NULL, WEIR_XML_EMPTY_TEXT } weir_xml_empty;

typedef struct weir_xml_read_config {
    const char *record; /* NULL = found from the content */
    const char *attributes, *text, *separator;
    int names;  /* weir_xml_names */
    int nested; /* weir_xml_nested */
    int empty;  /* weir_xml_empty */
    bool trim;
    int64_t max_depth;
} weir_xml_read_config;

#define WEIR_XML_XSI "http://www.w3.org/2001/XMLSchema-instance"

/* ---- one record ---------------------------------------------------------------------------- */

/* An element or attribute of the record under way. */
typedef struct weir_xml_node {
    struct weir_xml_node *parent, *first, *last, *next;
    struct weir_xml_node *same; /* the next of the same name and parent; while it is written */
    struct weir_xml_name *name;
    struct weir_xml_name *prefixed; /* its name where `name` is ambiguous; NULL = the same */
    weir_buf text;                  /* in the tree's arena: data and size only */
    bool attribute, nil, follower, blank_only;
} weir_xml_node;

/* The record under way, as a tree. */
typedef struct weir_xml_tree {
    const weir_xml_read_config *config;
    weir_arena arena; /* of one record */
    weir_arena name_arena;
    struct weir_xml_name **names; /* open addressing */
    size_t n_names, slots;
    weir_xml_node *root, *at;
    uint32_t depth;
    uint64_t stamp;
    size_t n_nodes, max_bytes;
    bool too_long, too_deep;
    bool prefixes;   /* some names of the record have one that is not shown */
    char entity[64]; /* the first one that is not declared; "" = none */
    char key[64];
} weir_xml_tree;

void weir_xml_tree_init(weir_xml_tree *t, const weir_xml_read_config *config, size_t max_bytes,
                        weir_ledger *ledger);
void weir_xml_tree_clear(weir_xml_tree *t);
/* Begins a record at the START that x stands at; forgets the one before. */
WEIR_MUST_USE weir_status weir_xml_tree_begin(weir_xml_tree *t, const weir_xml_reader *x,
                                              weir_error *err);
/* Takes in an event inside the record.  *done: it was the END of the record. */
WEIR_MUST_USE weir_status weir_xml_tree_add(weir_xml_tree *t, const weir_xml_reader *x,
                                            weir_xml_event event, bool *done, weir_error *err);
/* Appends the record as a JSON object; false = no more room in out (the record is too long). */
WEIR_MUST_USE bool weir_xml_tree_write(weir_xml_tree *t, weir_buf *out);

/* ---- which element ------------------------------------------------------------------------- */

/* "item", "//item" (at any depth) or "/feed/entry", where a step may be "*". */
typedef struct weir_xml_path {
    char *text; /* as shown */
    char **steps;
    uint32_t n_steps;
    bool anywhere;
    uint32_t matched; /* levels of the document that agree so far */
} weir_xml_path;
/* WEIR_USAGE when text is no such path. */
WEIR_MUST_USE weir_status weir_xml_path_parse(const char *text, weir_xml_path *out,
                                              weir_error *err);
void weir_xml_path_clear(weir_xml_path *p);
/* A START, a true result: it is a record (whose END need not be told).  An END outside records. */
bool weir_xml_path_enter(weir_xml_path *p, const weir_xml_reader *x);
void weir_xml_path_leave(weir_xml_path *p, const weir_xml_reader *x);

/* How much of a document is looked at to find its records. */
#define WEIR_XML_HEAD_BYTES ((size_t)1 << 20)
/* Finds the record element of the document that begins with head: the element with the most
 * siblings of its name, not below another one that repeats.  partial: head is not all of it. */
WEIR_MUST_USE weir_status weir_xml_find_record(const char *name, weir_slice head, bool partial,
                                               weir_xml_path *out, weir_error *err);

/* ---- chunks -------------------------------------------------------------------------------- */

weir_status weir_xml_cutter_new(const weir_read_request *request, weir_stream *in,
                                weir_cutter **out, weir_error *err);
weir_layout *weir_xml_cutter_layout(weir_cutter *c);
weir_status weir_xml_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err);
void weir_xml_cutter_free(weir_cutter *c);

#endif
