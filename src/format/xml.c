/* XML: options, and the format object. */
#include "format/xml.h"

static const char *const names_choices[] = {"local", "prefix", NULL};
static const char *const nested_choices[] = {"json", "flatten", NULL};
static const char *const empty_choices[] = {"null", "text", NULL};

static const weir_option read_options[] = {
    {.name = "record",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_xml_read_config, record),
     .help =
         "the element of a record: its name (item), or its path from the top (/feed/entry, with * "
         "for any name); found from the content when not given",
     .since = "0.1"},
    {.name = "attributes",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_xml_read_config, attributes),
     .fallback = "@",
     .help = "what stands before the names of attributes",
     .since = "0.1"},
    {.name = "text",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_xml_read_config, text),
     .fallback = "#text",
     .help = "the name of the text that stands beside attributes or elements",
     .since = "0.1"},
    {.name = "names",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(weir_xml_read_config, names),
     .choices = names_choices,
     .fallback = "local",
     .help = "names without the prefix of their namespace, or with it (dc:title)",
     .since = "0.1"},
    {.name = "nested",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(weir_xml_read_config, nested),
     .choices = nested_choices,
     .fallback = "json",
     .help = "elements inside elements: one column of json, or a column each",
     .since = "0.1"},
    {.name = "separator",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_xml_read_config, separator),
     .fallback = ".",
     .help = "between the names of flattened elements",
     .since = "0.1"},
    {.name = "empty",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(weir_xml_read_config, empty),
     .choices = empty_choices,
     .fallback = "null",
     .help = "an element with nothing in it: null, or the empty text",
     .since = "0.1"},
    {.name = "trim",
     .type = WEIR_OPT_BOOL,
     .offset = offsetof(weir_xml_read_config, trim),
     .fallback = "true",
     .help = "leave out white space around a text",
     .since = "0.1"},
    {.name = "max_depth",
     .type = WEIR_OPT_INT,
     .offset = offsetof(weir_xml_read_config, max_depth),
     .fallback = "64",
     .min = 1,
     .max = WEIR_XML_DEPTH_MAX,
     .help = "levels of elements in a record; a deeper one is rejected",
     .since = "0.1"},
    {0}};

static const weir_read_ops read_ops = {
    .cutter_new = weir_xml_cutter_new,
    .cutter_layout = weir_xml_cutter_layout,
    .cutter_next = weir_xml_cutter_next,
    .cutter_free = weir_xml_cutter_free,
    .infer = weir_relay_infer_texts,
    .decoder_new = weir_relay_decoder_new,
    .decoder_begin = weir_relay_decoder_begin,
    .decoder_next = weir_relay_decoder_next,
    .decoder_free = weir_relay_decoder_free,
};

static const char *const extensions[] = {".xml", ".rss", ".atom", NULL};

const weir_format weir_format_xml = {
    .name = "xml",
    .summary = "elements of an XML document as records",
    .extensions = extensions,
    .read_options = read_options,
    .read_config_size = sizeof(weir_xml_read_config),
    .read = &read_ops,
    .text = WEIR_TEXT_NONE,
};
