/* A document as a row of events: libxml2's reader over a weir_stream, behind the guard.
 *
 * No network, no file, no entity is ever loaded; declarations of entities, needless sizes and
 * depths are refused (xml_guard.h).  Texts and names are UTF-8, whatever the document's encoding.
 */
#ifndef WEIR_FORMAT_XML_READER_H
#define WEIR_FORMAT_XML_READER_H

#include "format/xml_guard.h"
#include "io/stream.h"

#define WEIR_XML_TEXT_MAX ((size_t)10000000) /* bytes of one text, as libxml2 has it */

typedef struct weir_xml_limits {
    size_t max_text_bytes; /* of one text; 0 or more than WEIR_XML_TEXT_MAX: that */
    bool partial;          /* the stream is the beginning of something: its end is no fault */
    bool fragment;         /* a part of a package: only a plain 8-bit or UTF-16 document */
} weir_xml_limits;

typedef enum weir_xml_event {
    WEIR_XML_START, /* a start tag; an empty element gives START and END */
    WEIR_XML_END,
    WEIR_XML_TEXT,   /* text or CDATA; long or mixed text may come in several */
    WEIR_XML_ENTITY, /* a reference to an entity that is not declared here */
    WEIR_XML_EOF
} weir_xml_event;

typedef struct weir_xml_reader weir_xml_reader;

/* Opens a document.  in stays the caller's; ledger and cancel may be NULL.  WEIR_DATA when it is
 * in an encoding that is not read, WEIR_USAGE when libxml2 is not there. */
WEIR_MUST_USE weir_status weir_xml_open(weir_stream *in, const weir_xml_limits *limits,
                                        weir_ledger *ledger, weir_cancel *cancel,
                                        weir_xml_reader **out, weir_error *err);
void weir_xml_close(weir_xml_reader *x); /* NULL is legal */

/* The next event.  WEIR_DATA with the document's line when it is malformed or refused. */
WEIR_MUST_USE weir_status weir_xml_next(weir_xml_reader *x, weir_xml_event *event, weir_error *err);

/* Of a START or END: the local name, and with its prefix ("a:b"; the same when there is none).
 * Borrowed until the next event. */
weir_slice weir_xml_name(const weir_xml_reader *x);
weir_slice weir_xml_prefix(const weir_xml_reader *x); /* size 0 = none */
/* The namespace's URI; "" = none. */
const char *weir_xml_namespace(const weir_xml_reader *x);
/* Of a TEXT or ENTITY: the text, the entity's name. */
weir_slice weir_xml_text(const weir_xml_reader *x);
/* Levels above the event's element: 0 = the document's element. */
uint32_t weir_xml_depth(const weir_xml_reader *x);
/* Of a START: where its tag stands. */
weir_xml_place weir_xml_place_of(const weir_xml_reader *x);
/* Bytes that were read of the stream. */
uint64_t weir_xml_bytes(const weir_xml_reader *x);

typedef struct weir_xml_attribute {
    weir_slice name, prefix, value; /* local name */
    const char *uri;                /* namespace; "" = none */
    bool entity;                    /* its value refers to an entity that is not declared here */
    const void *next;               /* private */
} weir_xml_attribute;
/* The attributes of a START, without declarations of namespaces: *a zeroed at first.  false = no
 * more. */
bool weir_xml_attributes_next(const weir_xml_reader *x, weir_xml_attribute *a);

#endif
