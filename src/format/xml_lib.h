/* libxml2, loaded when it is first needed.
 *
 * Debian's libxml2 brings ICU with it (30 MB): linked, every start of weir would pay for it, and a
 * static program could not have it.  So nothing links it; the functions that are used are looked up
 * in libxml2.so.2 by name, once a process.  A build without its headers says so.
 */
#ifndef WEIR_FORMAT_XML_LIB_H
#define WEIR_FORMAT_XML_LIB_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_include)
#if __has_include(<libxml/xmlreader.h>)
#define WEIR_HAVE_LIBXML2 1
#endif
#endif

#ifdef WEIR_HAVE_LIBXML2
#include <libxml/xmlreader.h>

#include "weir/error.h"

/* The functions in use, under their own names. */
typedef struct weir_xml_lib {
    void (*init_parser)(void);
    xmlTextReaderPtr (*reader_for_io)(xmlInputReadCallback read, xmlInputCloseCallback close,
                                      void *context, const char *url, const char *encoding,
                                      int options);
    void (*free_reader)(xmlTextReaderPtr reader);
    int (*read)(xmlTextReaderPtr reader);
    int (*node_type)(xmlTextReaderPtr reader);
    int (*is_empty)(xmlTextReaderPtr reader);
    int (*depth)(xmlTextReaderPtr reader);
    xmlNodePtr (*current_node)(xmlTextReaderPtr reader);
    void (*set_generic_error)(void *context, xmlGenericErrorFunc f); /* of the calling thread */
    void (*set_error_handler)(xmlTextReaderPtr reader, xmlStructuredErrorFunc f, void *context);
} weir_xml_lib;

/* The library, loaded on the first call.  WEIR_USAGE when the system does not have it.  Any
 * thread. */
WEIR_MUST_USE weir_status weir_xml_lib_get(const weir_xml_lib **out, weir_error *err);
#endif

/* The version of the library that is found, such as "2.9.14", in buf of `room` bytes; false: there
 * is none, and xml and xlsx cannot be read.  Any thread. */
bool weir_xml_lib_version(char *buf, size_t room);

#endif
