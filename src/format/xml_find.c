/* Which element is the record: a path that was given, or what the beginning of the document shows.
 */
#include "format/xml.h"

#include <strings.h>

#define STEPS_MAX 64u

/* ---- paths --------------------------------------------------------------------------------- */

void weir_xml_path_clear(weir_xml_path *p) {
    for (uint32_t i = 0; i < p->n_steps; i++) weir_free(p->steps[i]);
    weir_free(p->steps);
    weir_free(p->text);
    *p = (weir_xml_path){0};
}

static weir_status bad_path(const char *text, weir_error *err) {
    weir_error_set(err, WEIR_USAGE, "record: %.100s is no path of elements", text);
    weir_error_hint(err,
                    "write the element's name, as in item or //item, or its path from the top, as "
                    "in /feed/entry; * stands for any name");
    return WEIR_USAGE;
}

weir_status weir_xml_path_parse(const char *text, weir_xml_path *out, weir_error *err) {
    weir_xml_path p = {0};
    weir_status status = WEIR_OK;
    const char *at = text;
    p.anywhere = true;
    if (at[0] == '/' && at[1] == '/')
        at += 2;
    else if (*at == '/')
        p.anywhere = false, at++;
    p.text = weir_strdup(text);
    p.steps = weir_alloc_zero(STEPS_MAX, sizeof *p.steps);
    if (!p.text || !p.steps) {
        status = weir_error_nomem(err);
        goto out;
    }
    for (;;) {
        size_t n = strcspn(at, "/");
        bool odd = n == 0 || strcspn(at, "[]@()= \t\r\n") < n || p.n_steps == STEPS_MAX;
        if (odd || (p.anywhere && at[n])) {
            status = bad_path(text, err);
            goto out;
        }
        p.steps[p.n_steps] = weir_strndup(at, n);
        if (!p.steps[p.n_steps]) {
            status = weir_error_nomem(err);
            goto out;
        }
        p.n_steps++;
        if (!at[n]) break;
        at += n + 1;
    }
    *out = p;
    return WEIR_OK;
out:
    weir_xml_path_clear(&p);
    return status;
}

/* A step with a colon is compared with the prefix, one without is the local name. */
static bool is_step(const char *step, const weir_xml_reader *x) {
    const char *colon = strchr(step, ':');
    if (strcmp(step, "*") == 0) return true;
    if (!colon) return weir_slice_is(weir_xml_name(x), step);
    weir_slice prefix = weir_xml_prefix(x);
    return prefix.size == (size_t)(colon - step) && memcmp(prefix.data, step, prefix.size) == 0 &&
           weir_slice_is(weir_xml_name(x), colon + 1);
}

bool weir_xml_path_enter(weir_xml_path *p, const weir_xml_reader *x) {
    uint32_t depth = weir_xml_depth(x);
    if (p->anywhere) return is_step(p->steps[0], x);
    if (depth != p->matched || depth >= p->n_steps || !is_step(p->steps[depth], x)) return false;
    if (depth + 1 == p->n_steps) return true;
    p->matched = depth + 1;
    return false;
}

void weir_xml_path_leave(weir_xml_path *p, const weir_xml_reader *x) {
    uint32_t depth = weir_xml_depth(x);
    if (p->matched > depth) p->matched = depth;
}

/* ---- finding ------------------------------------------------------------------------------- */

#define PLACES_MAX 4096u  /* different paths */
#define CHILDREN_MAX 512u /* of one path */

/* A path of the document. */
typedef struct place {
    struct place *parent, *first, *last, *next;
    char *name;
    uint32_t depth, n_children;
    uint64_t instance; /* of the parent in which `count` was counted */
    uint64_t own;      /* number of this path's element under way */
    uint64_t count, most;
    bool structured; /* has attributes or elements */
} place;

typedef struct finder {
    weir_arena arena;
    place top; /* the document */
    place *at;
    uint32_t lost; /* levels below at that are not looked at */
    uint32_t n_places;
    uint64_t elements;
} finder;

static weir_status enter(finder *f, const weir_xml_reader *x, weir_error *err) {
    weir_slice name = weir_xml_name(x);
    place *p = f->lost ? NULL : f->at->first;
    f->at->structured |= !f->lost;
    if (f->lost) {
        f->lost++;
        return WEIR_OK;
    }
    while (p && !weir_slice_is(name, p->name)) p = p->next;
    if (!p) {
        if (f->n_places == PLACES_MAX || f->at->n_children == CHILDREN_MAX) {
            f->lost = 1;
            return WEIR_OK;
        }
        p = weir_arena_zero(&f->arena, 1, sizeof *p);
        if (p) p->name = weir_arena_strndup(&f->arena, name.data, name.size);
        if (!p || !p->name) return weir_error_nomem(err);
        p->parent = f->at;
        p->depth = f->at->depth + 1;
        if (f->at->last)
            f->at->last->next = p;
        else
            f->at->first = p;
        f->at->last = p;
        f->at->n_children++;
        f->n_places++;
    }
    if (p->instance != f->at->own) p->count = 0;
    p->instance = f->at->own;
    if (++p->count > p->most) p->most = p->count;
    p->own = ++f->elements;
    weir_xml_attribute a = {0};
    while (weir_xml_attributes_next(x, &a)) p->structured |= strcmp(a.uri, WEIR_XML_XSI) != 0;
    f->at = p;
    return WEIR_OK;
}

static weir_status look(finder *f, weir_xml_reader *x, weir_error *err) {
    f->at = &f->top;
    f->top.own = ++f->elements;
    for (;;) {
        weir_xml_event event = WEIR_XML_EOF;
        weir_status status = weir_xml_next(x, &event, err);
        if (status != WEIR_OK || event == WEIR_XML_EOF) return status;
        if (event == WEIR_XML_START && (status = enter(f, x, err)) != WEIR_OK) return status;
        if (event != WEIR_XML_END) continue;
        if (f->lost)
            f->lost--;
        else if (f->at->parent)
            f->at = f->at->parent;
    }
}

/* An element of elements is a likelier record than one of attributes, and that than one of text;
 * then the number decides, then the smaller depth, then the order. */
static int rank(const place *p) {
    return p->first ? 2 : p->structured;
}

static bool better(const place *a, const place *b) {
    if (!b) return true;
    if (rank(a) != rank(b)) return rank(a) > rank(b);
    if (a->most != b->most) return a->most > b->most;
    return a->depth < b->depth;
}

/* The best of the paths that repeat, below none that does. */
static const place *most_repeated(const place *p, const place *best) {
    for (const place *c = p->first; c; c = c->next) {
        if (c->most < 2)
            best = most_repeated(c, best);
        else if (better(c, best))
            best = c;
    }
    return best;
}

/* Whether whole is the name of many parts: orders, orderList and OrderSet of order. */
static bool is_plural(const char *whole, const char *part) {
    size_t n = strlen(part);
    if (strlen(whole) > n && strncasecmp(whole, part, n) == 0) return true;
    return n > 2 && part[n - 1] == 'y' && strncasecmp(whole, part, n - 1) == 0 &&
           strncasecmp(whole + n - 1, "ies", 3) == 0;
}

/* Whether an element is a record by its name: that of feeds and exports, or the one of its parent
 * in the singular. */
static bool is_named_record(const place *p) {
    static const char *const names[] = {"item", "entry", "record", "row", NULL};
    if (!p->structured || !p->parent || !p->parent->name) return false;
    for (size_t i = 0; names[i]; i++)
        if (strcasecmp(p->name, names[i]) == 0) return true;
    return is_plural(p->parent->name, p->name);
}

/* A record that stands once, near the top: what repeats inside it must not be taken for records.
 * NULL = none is seen. */
static const place *single_record(const finder *f) {
    const place *p = f->top.first;
    bool wrapped = false; /* p is all that its parent has */
    while (p && p->most == 1) {
        const place *complex = NULL, *named = NULL;
        uint32_t n = 0;
        for (const place *c = p->first; c; c = c->next) {
            if (c->first && c->most > 1) return NULL;
            if (c->first) complex = c, n++;
            if (c->most == 1 && !named && is_named_record(c)) named = c;
        }
        if (named) return named;
        if (n == 1 && (p->n_children == 1 || complex->n_children == 1)) {
            wrapped = p->n_children == 1;
            p = complex;
            continue;
        }
        if (wrapped) return p->n_children > 1 ? p : NULL;
        return n == 1 ? complex : NULL;
    }
    return NULL;
}

static bool stands_below(const place *p, const place *above) {
    while (p && p != above) p = p->parent;
    return p != NULL;
}

/* What repeats is the record, unless one that stands once is likelier. */
static const place *choose(const finder *f) {
    const place *best = most_repeated(&f->top, NULL), *single = single_record(f);
    if (!single) return best;
    bool below = best && stands_below(best, single);
    if (is_named_record(single)) return !best || below || !is_named_record(best) ? single : best;
    return below && rank(best) < rank(single) ? single : best;
}

/* Nothing repeats: one record.  Elements that only wrap a single other one are no record. */
static const place *only_one(const finder *f) {
    const place *p = f->top.first;
    while (p && p->first && !p->first->next && p->first->first) p = p->first;
    return p;
}

static weir_status path_of(finder *f, const place *p, weir_xml_path *out, weir_error *err) {
    const char *text = "";
    for (; p && p != &f->top; p = p->parent) {
        text = weir_arena_printf(&f->arena, "/%s%s", p->name, text);
        if (!text) return weir_error_nomem(err);
    }
    return weir_xml_path_parse(text, out, err);
}

weir_status weir_xml_find_record(const char *name, weir_slice head, bool partial,
                                 weir_xml_path *out, weir_error *err) {
    finder f = {0};
    weir_stream *in = NULL;
    weir_xml_reader *x = NULL;
    weir_status status;
    WEIR_TRY(weir_memory_open(name, head.data, head.size, &in, err));
    WEIR_TRY(weir_xml_open(in, &(weir_xml_limits){.partial = partial}, NULL, NULL, &x, err));
    status = look(&f, x, err);
    /* A fault further on is told when the records before it have been read. */
    if (status == WEIR_DATA && f.top.first) status = WEIR_OK;
    WEIR_TRY(status);
    const place *p = choose(&f);
    if (!p) p = only_one(&f);
    if (!p) {
        weir_error_set(err, WEIR_DATA, "the first MiB of the document has no element");
        weir_error_at(err, name, 0, 0);
        status = WEIR_DATA;
        goto out;
    }
    status = path_of(&f, p, out, err);
out:
    weir_xml_close(x);
    weir_stream_close(in);
    weir_arena_clear(&f.arena);
    return status;
}
