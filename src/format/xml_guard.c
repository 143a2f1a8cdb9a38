/* An automaton over bytes (or UTF-16 units, of which those beyond ASCII count as letters). */
#include "format/xml_guard.h"

enum state {
    TEXT,
    OPEN,    /* behind '<' */
    TAG,     /* in a start tag */
    VALUE,   /* in a quoted value of it */
    END_TAG, /* in an end tag */
    PI,      /* <? ... ?> */
    BANG,    /* behind "<!" */
    COMMENT,
    CDATA,
    DOCTYPE,  /* outside a literal */
    LITERAL,  /* in a quoted literal of DOCTYPE */
    SUB_OPEN, /* behind '<' in DOCTYPE's [ ... ] */
    SUB_BANG, /* behind "<!" there */
    SUB_DECLARATION,
    SUB_LITERAL,
    SUB_COMMENT,
    SUB_PI
};

/* name_at: how much of "xmlns" the name of an attribute has shown, or what it is. */
enum { NAME_XMLNS = 5, NAME_PREFIX, NAME_OTHER };

#define PLACES_MAX ((size_t)1 << 20)

void weir_xml_guard_init(weir_xml_guard *g, weir_xml_units units, size_t max_text_bytes) {
    *g = (weir_xml_guard){
        .units = units, .max_text_bytes = max_text_bytes, .line = 1, .state = TEXT};
}

void weir_xml_guard_clear(weir_xml_guard *g) {
    weir_free(g->places);
    g->places = NULL;
    g->n = g->first = g->capacity = 0;
}

weir_xml_place weir_xml_guard_take(weir_xml_guard *g) {
    weir_xml_place place = {0};
    if (g->n == 0) return place;
    place = g->places[g->first];
    g->first = (g->first + 1) & (g->capacity - 1);
    g->n--;
    return place;
}

static weir_status add_place(weir_xml_guard *g, weir_error *err) {
    if (g->n == g->capacity) {
        size_t capacity = g->capacity ? g->capacity * 2 : 256;
        if (capacity > PLACES_MAX)
            return weir_error_set(err, WEIR_INTERNAL, "start tags are not taken");
        weir_xml_place *places = weir_alloc_zero(capacity, sizeof *places);
        if (!places) return weir_error_nomem(err);
        for (size_t i = 0; i < g->n; i++) places[i] = g->places[(g->first + i) & (g->capacity - 1)];
        weir_free(g->places);
        g->places = places;
        g->capacity = capacity;
        g->first = 0;
    }
    g->places[(g->first + g->n++) & (g->capacity - 1)] = g->tag;
    return WEIR_OK;
}

static weir_status refuse(weir_xml_guard *g, const char *what, const char *hint, weir_error *err) {
    g->fault = what;
    weir_error_set(err, WEIR_DATA, "%s", what);
    weir_error_hint(err, "%s", hint);
    return WEIR_DATA;
}

#define HINT_LARGE "the document is damaged or hostile; weir reads no such XML"
#define HINT_ENTITY                                                                                \
    "entities are never expanded or loaded; write their text into the document, for example with " \
    "xmllint --noent, where its origin is trusted"

static void enter(weir_xml_guard *g, enum state state) {
    g->state = (uint8_t)state;
    g->token_bytes = 0;
    g->match = 0;
}

static bool is_space(unsigned char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Follows a word over several characters; true when c was its last one. */
static bool follows(weir_xml_guard *g, const char *word, unsigned char c) {
    if (c == (unsigned char)word[g->match]) {
        g->match++;
        return word[g->match] == 0;
    }
    /* "--->" and "]]]>" and "??>": the word may begin one character later */
    if (g->match > 0 && c == (unsigned char)word[g->match - 1] && word[g->match] == '>')
        return false;
    g->match = c == (unsigned char)word[0];
    return false;
}

/* In a start tag, outside a value. */
static weir_status in_tag(weir_xml_guard *g, unsigned char c, weir_error *err) {
    static const char xmlns[] = "xmlns";
    if (c == '>') {
        enter(g, TEXT);
        g->depth += !g->slash;
        if (g->depth > WEIR_XML_DEPTH_MAX)
            return refuse(g, "elements are nested more than 250 levels deep", HINT_LARGE, err);
        return add_place(g, err);
    }
    g->slash = c == '/';
    if (is_space(c)) {
        g->space_before = true;
        return WEIR_OK;
    }
    if (c == '"' || c == '\'') {
        g->quote = c;
        g->state = VALUE;
        return WEIR_OK;
    }
    if (c == '=') {
        if (++g->attributes > WEIR_XML_MAX_ATTRIBUTES)
            return refuse(g, "a tag has more than 2000 attributes", HINT_LARGE, err);
        bool declares = g->name_at == NAME_XMLNS || g->name_at == NAME_PREFIX;
        if (declares && ++g->namespaces > WEIR_XML_MAX_NAMESPACES)
            return refuse(g, "a tag declares more than 64 namespaces", HINT_LARGE, err);
        return WEIR_OK;
    }
    if (g->space_before) g->name_at = 0;
    g->space_before = false;
    if (g->name_at < NAME_XMLNS)
        g->name_at = c == (unsigned char)xmlns[g->name_at] ? (uint8_t)(g->name_at + 1) : NAME_OTHER;
    else if (g->name_at == NAME_XMLNS)
        g->name_at = c == ':' ? NAME_PREFIX : NAME_OTHER;
    return WEIR_OK;
}

/* Behind "<!" in text. */
static weir_status behind_bang(weir_xml_guard *g, unsigned char c, weir_error *err) {
    static const char *const words[] = {"--", "[CDATA[", "DOCTYPE"};
    static const enum state states[] = {COMMENT, CDATA, DOCTYPE};
    (void)err;
    for (int i = 0; i < 3; i++) {
        const char *w = words[i];
        if (g->token_bytes > strlen(w) || (unsigned char)w[g->token_bytes - 1] != c) continue;
        if (g->match && g->match != (uint8_t)(i + 1)) continue;
        g->match = (uint8_t)(i + 1);
        if (w[g->token_bytes] == 0) {
            enter(g, states[i]);
            g->subset_bytes = 0;
            g->in_subset = false;
        }
        return WEIR_OK;
    }
    enter(g, END_TAG); /* no markup: the parser will say so */
    if (c == '>') enter(g, TEXT);
    return WEIR_OK;
}

static weir_status too_large(weir_xml_guard *g, size_t max, const char *what, weir_error *err) {
    return g->token_bytes > max ? refuse(g, what, HINT_LARGE, err) : WEIR_OK;
}

/* Between [ and ] of a document type. */
static weir_status in_subset(weir_xml_guard *g, unsigned char c, weir_error *err) {
    switch ((enum state)g->state) {
    case SUB_OPEN:
        if (c == '!')
            enter(g, SUB_BANG);
        else if (c == '?')
            enter(g, SUB_PI);
        else
            enter(g, SUB_DECLARATION);
        return WEIR_OK;
    case SUB_BANG:
        g->match = g->match == 0 ? (c == '-' ? 1 : c == 'E' ? 2 : 4) : g->match;
        if (g->token_bytes < 2) return WEIR_OK;
        if (g->match == 1 && c == '-')
            enter(g, SUB_COMMENT);
        else if (g->match == 2 && c == 'N')
            return refuse(g, "the document declares entities", HINT_ENTITY, err);
        else {
            enter(g, SUB_DECLARATION);
            if (c == '>') enter(g, DOCTYPE);
        }
        return WEIR_OK;
    case SUB_DECLARATION:
        if (c == '>') enter(g, DOCTYPE);
        if (c == '%')
            return refuse(g, "the document type refers to a parameter entity", HINT_ENTITY, err);
        if (c == '"' || c == '\'') {
            if (++g->literals > WEIR_XML_MAX_DEFAULTS)
                return refuse(g, "the document type has more than 64 literals", HINT_LARGE, err);
            g->quote = c;
            g->state = SUB_LITERAL;
        }
        return WEIR_OK;
    case SUB_LITERAL:
        if (c == g->quote) g->state = SUB_DECLARATION;
        return WEIR_OK;
    case SUB_COMMENT:
        if (follows(g, "-->", c)) enter(g, DOCTYPE);
        return WEIR_OK;
    default: /* SUB_PI */
        if (follows(g, "?>", c)) enter(g, DOCTYPE);
        return WEIR_OK;
    }
}

static weir_status in_doctype(weir_xml_guard *g, unsigned char c, weir_error *err) {
    if (++g->subset_bytes > WEIR_XML_MAX_SUBSET_BYTES)
        return refuse(g, "the document type is longer than 64 KiB", HINT_LARGE, err);
    if (g->state == LITERAL) {
        if (c == g->quote) g->state = DOCTYPE;
        return WEIR_OK;
    }
    if (g->state != DOCTYPE) return in_subset(g, c, err);
    if (g->in_subset) {
        if (c == '<') enter(g, SUB_OPEN);
        if (c == ']') g->in_subset = false;
        if (c == '%')
            return refuse(g, "the document type refers to a parameter entity", HINT_ENTITY, err);
        return WEIR_OK;
    }
    if (c == '[') g->in_subset = true;
    if (c == '>') enter(g, TEXT);
    if (c == '"' || c == '\'') {
        g->quote = c;
        g->state = LITERAL;
    }
    return WEIR_OK;
}

static weir_status behind_open(weir_xml_guard *g, unsigned char c) {
    g->attributes = g->namespaces = 0;
    g->name_at = NAME_OTHER;
    g->space_before = g->slash = false;
    if (c == '/' && g->depth) g->depth--;
    enter(g, c == '!' ? BANG : c == '?' ? PI : c == '/' ? END_TAG : TAG);
    return WEIR_OK;
}

static const char text_is_long[] = "a text is too long";
static const char tag_is_long[] = "a tag is longer than 256 KiB";
static const char pi_is_long[] = "a processing instruction is longer than 1 MiB";
static const char comment_is_long[] = "a comment is longer than 1 MiB";

static weir_status step(weir_xml_guard *g, unsigned char c, weir_error *err) {
    g->token_bytes++;
    switch ((enum state)g->state) {
    case TEXT:
        if (c != '<') return too_large(g, g->max_text_bytes, text_is_long, err);
        g->tag = (weir_xml_place){g->line, g->byte};
        enter(g, OPEN);
        return WEIR_OK;
    case OPEN: return behind_open(g, c);
    case TAG: {
        weir_status status = in_tag(g, c, err);
        if (status != WEIR_OK) return status;
        return too_large(g, WEIR_XML_MAX_TAG_BYTES, tag_is_long, err);
    }
    case VALUE:
        if (c == g->quote) {
            g->state = TAG;
            g->space_before = true;
        }
        return too_large(g, WEIR_XML_MAX_TAG_BYTES, tag_is_long, err);
    case END_TAG:
        if (c == '>') enter(g, TEXT);
        return too_large(g, WEIR_XML_MAX_TAG_BYTES, tag_is_long, err);
    case PI:
        if (follows(g, "?>", c)) enter(g, TEXT);
        return too_large(g, WEIR_XML_MAX_OTHER_BYTES, pi_is_long, err);
    case BANG: return behind_bang(g, c, err);
    case COMMENT:
        if (follows(g, "-->", c)) enter(g, TEXT);
        return too_large(g, WEIR_XML_MAX_OTHER_BYTES, comment_is_long, err);
    case CDATA:
        if (follows(g, "]]>", c)) enter(g, TEXT);
        return too_large(g, g->max_text_bytes, text_is_long, err);
    default: return in_doctype(g, c, err);
    }
}

/* Lines end with LF, CR LF or a lone CR. */
static void count_line(weir_xml_guard *g, unsigned char c) {
    if (c == '\n' && !g->last_cr) g->line++;
    if (c == '\r') g->line++;
    g->last_cr = c == '\r';
}

/* Which bytes end a run of dull ones, by what they are in. */
enum { STOP_TEXT = 1, STOP_VALUE = 2, STOP_NAME = 4, STOP_END = 8, STOP_LONG = 16 };
#define STOP_LINE (STOP_TEXT | STOP_VALUE | STOP_NAME | STOP_END | STOP_LONG)
static const uint8_t stops[256] = {
    ['\n'] = STOP_LINE,
    ['\r'] = STOP_LINE,
    ['<'] = STOP_TEXT,
    ['"'] = STOP_VALUE | STOP_NAME,
    ['\''] = STOP_VALUE | STOP_NAME,
    [' '] = STOP_NAME,
    ['\t'] = STOP_NAME,
    ['='] = STOP_NAME,
    ['/'] = STOP_NAME,
    ['>'] = STOP_NAME | STOP_END | STOP_LONG,
    ['-'] = STOP_LONG,
    [']'] = STOP_LONG,
    ['?'] = STOP_LONG,
};

/* What ends a run in the state of g; 0 = each byte counts. */
static uint8_t stop_of(const weir_xml_guard *g) {
    switch ((enum state)g->state) {
    case TEXT: return STOP_TEXT;
    case VALUE: return STOP_VALUE;
    case TAG: return g->name_at == NAME_OTHER && !g->space_before && !g->slash ? STOP_NAME : 0;
    case END_TAG: return STOP_END;
    case PI:
    case COMMENT:
    case CDATA: return g->match == 0 ? STOP_LONG : 0;
    default: return 0;
    }
}

/* Most bytes are text, values and names: passes over those that change nothing. */
static size_t plain_run(const weir_xml_guard *g, const char *p, size_t n) {
    uint8_t stop = stop_of(g);
    size_t i = 0;
    if (stop == 0) return 0;
    while (i < n && !(stops[(uint8_t)p[i]] & stop)) i++;
    return i;
}

/* The limit of what a run was in. */
static weir_status check_run(weir_xml_guard *g, weir_error *err) {
    switch ((enum state)g->state) {
    case TEXT:
    case CDATA: return too_large(g, g->max_text_bytes, text_is_long, err);
    case PI: return too_large(g, WEIR_XML_MAX_OTHER_BYTES, pi_is_long, err);
    case COMMENT: return too_large(g, WEIR_XML_MAX_OTHER_BYTES, comment_is_long, err);
    default: return too_large(g, WEIR_XML_MAX_TAG_BYTES, tag_is_long, err);
    }
}

weir_status weir_xml_guard_look(weir_xml_guard *g, const char *p, size_t n, weir_error *err) {
    weir_status status = WEIR_OK;
    if (g->units != WEIR_XML_UNITS_8) {
        for (size_t i = 0; i < n; i++, g->byte += g->have_half ? 0 : 2) {
            g->have_half = !g->have_half;
            if (g->have_half) {
                g->half = (uint8_t)p[i];
                continue;
            }
            uint8_t second = (uint8_t)p[i];
            uint8_t low = g->units == WEIR_XML_UNITS_16LE ? g->half : second;
            uint8_t high = g->units == WEIR_XML_UNITS_16LE ? second : g->half;
            unsigned char c = high ? 'x' : low;
            WEIR_TRY(step(g, c, err));
            count_line(g, c);
        }
        return WEIR_OK;
    }
    for (size_t i = 0; i < n;) {
        size_t run = plain_run(g, p + i, n - i);
        if (run) {
            g->token_bytes += run;
            g->byte += run;
            g->last_cr = false;
            i += run;
            WEIR_TRY(check_run(g, err));
            if (i == n) break;
        }
        WEIR_TRY(step(g, (unsigned char)p[i], err));
        count_line(g, (unsigned char)p[i]);
        g->byte++;
        i++;
    }
out:
    return status;
}
