#include "spec/yaml_error.h"
#include <stdio.h>

/* libyaml's sentence (or its beginning), ours, and what to do.  NULL message: libyaml's stays.
 * at_context: the place of what was begun says more than where the parser gave up. */
static const struct {
    const char *problem, *message, *hint;
    bool at_context;
} sentences[] = {
    {"mapping values are not allowed in this context", "a colon stands where none can",
     "check the indentation, or quote the value if it holds \": \"", false},
    {"could not find expected ':'", "this line is no key with a colon",
     "write `key: value`, or indent it as a part of the value above", true},
    {"did not find expected alphabetic or numeric character",
     "a plain value cannot begin with * or &", "quote the value", false},
    {"found unexpected end of stream", "a quote is not closed",
     "close it, or double it inside '...'", true},
    {"found unexpected document indicator",
     "a quote is not closed before the line of dashes or dots", "close it", true},
    {"found unknown escape character", "an unknown escape in double quotes",
     "write \\\\ for a backslash, or use single quotes", false},
    {"did not find expected hexdecimal number", "an escape without its hexadecimal digits",
     "write \\\\ for a backslash, or use single quotes", false},
    {"found a tab character where an indentation space is expected", "a tab is used to indent",
     "use blanks", false},
    {"found a tab character that violates indentation", "a tab is used to indent", "use blanks",
     false},
    {"block sequence entries are not allowed in this context", "a list cannot begin on this line",
     "put \"- \" on a line of its own", false},
    {"did not find expected comment or line break", "text stands behind | or >",
     "begin the block on the next line", false},
    {"did not find expected key",
     "the indentation does not fit the lines above, or a value holds a "
     "character that ends it",
     "line the keys up, or quote the value", false},
    {"did not find expected '-' indicator", "this line does not belong to the list above",
     "line it up with the other \"- \", or indent it", false},
    {"did not find expected ',' or ']'",
     "a list in [ ] is not closed, or a value in it wants quotes",
     "close it with ], or quote values that hold , : # { } [ ]", true},
    {"did not find expected ',' or '}'",
     "a map in { } is not closed, or a value in it wants quotes",
     "close it with }, or quote values that hold , : # { } [ ]", true},
    {"did not find expected <document start>", "something stands behind the end of the content",
     "check the indentation of this line", false},
    {"control characters are not allowed", "a control character stands in the file", "remove it",
     false},
};

/* Line and column (in characters) of a byte. */
static weir_node place_of(weir_slice text, size_t offset) {
    weir_node at = {.line = 1, .column = 1};
    for (size_t i = 0; i < offset && i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '\n') {
            at.line++;
            at.column = 1;
        } else if ((c & 0xC0) != 0x80)
            at.column++;
    }
    return at;
}

static weir_node place_of_mark(const yaml_mark_t *mark) {
    weir_node at = {.line = (uint32_t)mark->line + 1, .column = (uint32_t)mark->column + 1};
    return at;
}

/* First byte of the character at a place; '\0' behind the end. */
static char byte_at(weir_slice text, weir_node at) {
    uint32_t line = 1, column = 1;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (line == at.line && column == at.column && (c & 0xC0) != 0x80) return (char)c;
        if (c == '\n') {
            if (line == at.line) return '\n';
            line++;
            column = 1;
        } else if ((c & 0xC0) != 0x80)
            column++;
    }
    return '\0';
}

/* "found character that cannot start any token". */
static void report_token(weir_slice text, weir_node at, weir_diags *diags) {
    char c = byte_at(text, at);
    if (c == '\t')
        weir_diags_error(diags, &at, NULL, "use blanks", "a tab is used to indent");
    else
        weir_diags_error(diags, &at, NULL, "quote the value", "a plain value cannot begin with %c",
                         c);
}

static void report_reader(const yaml_parser_t *parser, weir_slice text, weir_diags *diags) {
    size_t offset = parser->problem_offset;
    /* libyaml names the byte that should have continued a character: back to where it began. */
    for (int i = 0; i < 3 && offset > 0 && strstr(parser->problem, "trailing"); i++)
        if ((unsigned char)text.data[--offset] >= 0xC0) break;
    weir_node at = place_of(text, offset);
    if (strstr(parser->problem, "control characters"))
        weir_diags_error(diags, &at, NULL, "remove it", "a control character (U+%04X) stands here",
                         (unsigned)parser->problem_value);
    else
        weir_diags_error(diags, &at, NULL, "save the file as UTF-8", "the file is not UTF-8 here");
}

bool weir_yaml_report(const yaml_parser_t *parser, weir_slice text, weir_diags *diags) {
    if (parser->error == YAML_MEMORY_ERROR) return false;
    if (parser->error == YAML_READER_ERROR && parser->problem) {
        report_reader(parser, text, diags);
        return true;
    }
    const char *problem = parser->problem ? parser->problem : "cannot be read";
    weir_node at = place_of_mark(&parser->problem_mark);
    if (strncmp(problem, "found character that cannot start", 33) == 0) {
        report_token(text, at, diags);
        return true;
    }
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        if (strncmp(problem, sentences[i].problem, strlen(sentences[i].problem)) != 0) continue;
        if (sentences[i].at_context && parser->context) at = place_of_mark(&parser->context_mark);
        weir_diags_error(diags, &at, NULL, sentences[i].hint, "%s", sentences[i].message);
        return true;
    }
    weir_diags_error(diags, &at, NULL, NULL, "%s%s%s", problem, parser->context ? ", " : "",
                     parser->context ? parser->context : "");
    return true;
}
