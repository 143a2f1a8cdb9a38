/* The cutter where record_path leads to the records.
 *
 * A path of names, wildcards, indexes and slices that count forward is followed while reading: what
 * is open on the way is a short stack, what the path passes by is checked and dropped, and the
 * records get a table (weir_chunk.index), as anything may stand between them.  Other paths need the
 * document as a whole; it is read into one block and its tree is asked.
 */
#include <stdio.h>

#include "format/json_cut.h"
#include "text/json_scan.h"
#include "text/jsonpath.h"
#include "text/utf8.h"

#define STEPS_MAX 64u
#define SEEN_BYTES 200u
#define DOCUMENT_DEFAULT ((uint64_t)64 << 20)
#define VALUES_MAX ((size_t)16 << 20) /* of a document's tree; the ledger is the tighter limit */

/* What the byte at c->at must be. */
typedef enum place {
    AT_DOCUMENT, /* in front of a document */
    AT_FIRST,    /* behind a bracket */
    AT_NAME,     /* behind a comma of an object */
    AT_IN_NAME,
    AT_COLON,
    AT_VALUE,
    AT_IN_VALUE,
    AT_NEXT /* behind a value: a comma or the closing bracket */
} place;

typedef struct level {
    bool array;
    bool hit;   /* the member under way is the one that the step names */
    bool seen;  /* ... and there was one of that name before */
    uint64_t n; /* items begun */
} level;

struct weir_json_path {
    weir_jsonpath *path;
    bool lines;        /* each line is a document */
    bool whole;        /* the document is needed as a whole */
    bool lead_reached; /* something that can hold records was found */
    weir_json_repeated repeated;
    size_t n_steps, n_real; /* with and without the step into an array at the path's end */
    weir_jsonpath_step steps[STEPS_MAX + 1];
    level open[STEPS_MAX + 1];
    size_t depth;
    place place;
    bool record; /* the value under way is one */
    uint64_t documents;
    weir_buf name;         /* unescaped */
    char seen[SEEN_BYTES]; /* names at the top of the first document, for a message */
    uint32_t *index;       /* begin and end of the records in the block */
    size_t n_index, index_capacity;
    weir_status status; /* of a failing call inside the walk */
    weir_error *err;
    char fault[160]; /* text of c->fault where it is not constant */
};

weir_status weir_json_path_begin(weir_cutter *c, weir_error *err) {
    const weir_json_read_config *config = c->request->config;
    weir_status status = WEIR_OK;
    if (!config->record_path) return WEIR_OK;
    struct weir_json_path *p = weir_alloc_zero(1, sizeof *p);
    if (!p) return weir_error_nomem(err);
    c->path = p;
    p->repeated = (weir_json_repeated)config->repeated;
    p->name.max = c->request->max_record_bytes + 64;
    status = weir_jsonpath_new(config->record_path, strlen(config->record_path), &p->path, err);
    if (status != WEIR_OK) {
        if (err) weir_error_context(err, "reading record_path");
        return status;
    }
    p->whole = !weir_jsonpath_steps(p->path, p->steps, STEPS_MAX, &p->n_real);
    p->n_steps = p->n_real;
    /* One value that is an array is taken apart, as an array at the top is. */
    if (weir_jsonpath_is_singular(p->path))
        p->steps[p->n_steps++] = (weir_jsonpath_step){.kind = WEIR_JSONPATH_EVERY};
    return WEIR_OK;
}

void weir_json_path_by_lines(weir_cutter *c) {
    c->path->lines = !c->path->whole;
}

void weir_json_path_free(struct weir_json_path *p) {
    if (!p) return;
    weir_jsonpath_free(p->path);
    weir_buf_clear(&p->name);
    weir_free(p->index);
    weir_free(p);
}

/* Notes a record.  false: p->status. */
static bool note(struct weir_json_path *p, size_t begin, size_t end) {
    if (p->n_index + 2 > p->index_capacity) {
        p->status = weir_grow((void **)&p->index, &p->index_capacity, p->n_index + 2,
                              sizeof *p->index, SIZE_MAX / sizeof *p->index, p->err);
        if (p->status != WEIR_OK) return false;
    }
    p->index[p->n_index++] = (uint32_t)begin;
    p->index[p->n_index++] = (uint32_t)end;
    return true;
}

/* Hands out begin..to with the records noted. */
static weir_status emit(weir_cutter *c, size_t to, uint32_t flags, weir_chunk *out,
                        weir_error *err) {
    struct weir_json_path *p = c->path;
    size_t bytes = p->n_index * sizeof *p->index;
    weir_block *index = NULL;
    weir_status status = weir_block_new(c->request->ledger, bytes ? bytes : 1, &index, err);
    if (status != WEIR_OK) return status;
    if (bytes) memcpy(index->data, p->index, bytes);
    index->size = bytes;
    p->n_index = 0;
    weir_json_cut_emit(c, to, flags, out);
    out->index = index;
    return WEIR_OK;
}

/* The path led nowhere in any document. */
static weir_status leads_nowhere(const weir_cutter *c, weir_error *err) {
    const weir_json_read_config *config = c->request->config;
    weir_status s = weir_error_set(err, WEIR_DATA, "record_path %.200s leads to nothing here",
                                   config->record_path);
    weir_error_at(err, c->in->name, 0, 0);
    if (c->path->seen[0])
        weir_error_hint(err, "at the top there are %s", c->path->seen);
    else
        weir_error_hint(err, "at the top there is no object");
    return s;
}

static const char line_ends[] = "the line ends inside the document";

/* ---- following the path -------------------------------------------------------------------- */

static void fault(weir_cutter *c, size_t at, const char *what) {
    c->at = at;
    c->fault = what;
}

/* Whether the value that begins now is one that the path goes through (or ends at). */
static bool on_path(struct weir_json_path *p) {
    if (p->depth == 0) return true;
    level *l = &p->open[p->depth - 1];
    const weir_jsonpath_step *s = &p->steps[p->depth - 1];
    if (!l->array) return s->kind == WEIR_JSONPATH_EVERY || l->hit;
    uint64_t i = l->n++;
    if (s->kind == WEIR_JSONPATH_EVERY) return true;
    return i >= s->start && i < s->end && (i - s->start) % s->every == 0;
}

/* A value begins at c->at: goes into it, or begins to pass over it. */
static void begin_value(weir_cutter *c, char b) {
    struct weir_json_path *p = c->path;
    bool hit = on_path(p);
    p->record = hit && p->depth >= p->n_real;
    if (hit && p->depth < p->n_steps && (b == '{' || b == '[')) {
        const weir_jsonpath_step *s = &p->steps[p->depth];
        bool takes = p->depth == p->n_real            ? b == '['
                     : s->kind == WEIR_JSONPATH_NAME  ? b == '{'
                     : s->kind == WEIR_JSONPATH_ITEMS ? b == '['
                                                      : true;
        if (takes) {
            bool last = p->depth + 1 == p->n_real && !s->single;
            p->lead_reached |= p->depth == p->n_real || last;
            p->open[p->depth++] = (level){.array = b == '['};
            p->place = AT_FIRST;
            c->at++;
            return;
        }
    }
    p->lead_reached |= p->record;
    p->place = AT_IN_VALUE;
    c->record = c->at;
    c->span = (weir_json_span){0};
    c->inside = true;
}

static void close_container(weir_cutter *c) {
    struct weir_json_path *p = c->path;
    c->at++;
    p->depth--;
    p->place = p->depth ? AT_NEXT : AT_DOCUMENT;
}

/* One byte between values and names. */
static void between(weir_cutter *c, char b) {
    struct weir_json_path *p = c->path;
    const level *l = p->depth ? &p->open[p->depth - 1] : NULL;
    bool closes = l && b == (l->array ? ']' : '}');
    if (b == '\n' && l && p->lines) {
        c->fault = line_ends;
        return;
    }
    if (weir_json_is_blank(b) || b == '\n' || (b == WEIR_JSON_RS && p->place == AT_DOCUMENT)) {
        c->at++;
        return;
    }
    switch (p->place) {
    case AT_FIRST:
        if (closes) {
            close_container(c);
            return;
        }
        p->place = l->array ? AT_VALUE : AT_NAME;
        return;
    case AT_NEXT:
        if (closes) {
            close_container(c);
        } else if (b == ',') {
            p->place = l->array ? AT_VALUE : AT_NAME;
            c->at++;
        } else {
            c->fault = l->array ? "',' or ']' expected" : "',' or '}' expected";
        }
        return;
    case AT_NAME:
        if (b != '"') {
            c->fault = b == '/' || b == '#' ? "JSON has no comments" : "a name in quotes expected";
            return;
        }
        p->place = AT_IN_NAME;
        c->record = c->at;
        c->span = (weir_json_span){0};
        c->inside = true;
        return;
    case AT_COLON:
        if (b != ':') {
            c->fault = "':' expected";
            return;
        }
        p->place = AT_VALUE;
        c->at++;
        return;
    default:
        if (b == ',' || b == ']' || b == '}' || b == ':') {
            c->fault = "a value expected";
            return;
        }
        if (p->place == AT_DOCUMENT) p->documents++;
        begin_value(c, b);
    }
}

/* Keeps the names of the first document's members for a message. */
static void remember_name(struct weir_json_path *p, weir_slice name) {
    size_t n = strlen(p->seen), room = SEEN_BYTES - n;
    if (p->depth != 1 || p->documents != 1 || name.size + 8 > room) return;
    snprintf(p->seen + n, room, "%s%.*s", n ? ", " : "", (int)name.size, name.data);
}

/* The name c->record..c->at has ended. */
static void end_name(weir_cutter *c) {
    struct weir_json_path *p = c->path;
    const char *data = (const char *)c->cur->data, *at, *why;
    const char *begin = data + c->record + 1, *end = data + c->at;
    bool escaped = false;
    p->place = AT_COLON;
    const char *stop = weir_json_string_check(begin, end, &escaped, &at, &why);
    if (!stop) {
        fault(c, (size_t)(at - data), why);
        return;
    }
    weir_slice name = {begin, (size_t)(stop - begin)};
    if (!weir_utf8_valid(name.data, name.size)) {
        fault(c, c->record, "the text is not UTF-8");
        return;
    }
    if (escaped) {
        p->name.size = 0;
        if (!weir_buf_reserve(&p->name, name.size + 1)) {
            p->status = weir_error_nomem(p->err);
            return;
        }
        ptrdiff_t n = weir_json_unescape(name.data, name.size, p->name.data, NULL);
        name = (weir_slice){p->name.data, n < 0 ? 0 : (size_t)n};
    }
    level *l = &p->open[p->depth - 1];
    const weir_jsonpath_step *s = &p->steps[p->depth - 1];
    remember_name(p, name);
    l->hit = s->kind == WEIR_JSONPATH_NAME && s->name.size == name.size &&
             (name.size == 0 || memcmp(s->name.data, name.data, name.size) == 0);
    if (!l->hit) return;
    if (l->seen && p->repeated == WEIR_JSON_REPEATED_FIRST) {
        l->hit = false;
    } else if (l->seen) {
        snprintf(p->fault, sizeof p->fault, "the name \"%.60s\" of record_path stands twice%s",
                 p->steps[p->depth - 1].name.data,
                 p->repeated == WEIR_JSON_REPEATED_LAST ? "; the last cannot be known while reading"
                                                        : "");
        fault(c, c->record, p->fault);
    }
    l->seen = true;
}

/* The value c->record..c->at has ended. */
static void end_value(weir_cutter *c) {
    struct weir_json_path *p = c->path;
    const weir_json_read_config *config = c->request->config;
    p->place = p->depth ? AT_NEXT : AT_DOCUMENT;
    if (c->dropping) { /* too long to be looked at, or handed out as such */
        weir_json_cut_drop(c, c->at);
        c->dropping = false;
        return;
    }
    if (p->record) {
        if (note(p, c->record, c->at)) c->safe = c->at;
        return;
    }
    const char *data = (const char *)c->cur->data, *at = NULL, *why = NULL;
    const char *begin = data + c->record, *end = data + c->at;
    size_t size = c->at - c->record, good = weir_utf8_valid_prefix(begin, size);
    if (good < size) {
        fault(c, c->record + good, "the text is not UTF-8");
        return;
    }
    uint32_t depth = config->max_depth > 0 ? (uint32_t)config->max_depth : WEIR_JSON_DEPTH_DEFAULT;
    const char *stop = weir_json_skip(begin, end, depth, &at, &why);
    if (!stop) fault(c, (size_t)(at - data), why);
    if (stop && stop < end) fault(c, (size_t)(stop - data), "something follows the value");
}

/* Walks to the end of the block, or to a fault. */
static void walk(weir_cutter *c) {
    struct weir_json_path *p = c->path;
    const char *data = (const char *)c->cur->data;
    while (c->at < c->end && !c->fault && p->status == WEIR_OK) {
        if (!c->inside) {
            between(c, data[c->at]);
            continue;
        }
        size_t from = c->at;
        weir_json_step step = weir_json_span_step(&c->span, data, &c->at, c->end);
        size_t stop = c->at + (step == WEIR_JSON_STEP_BROKEN); /* at a line feed */
        const char *lf = p->lines && stop > from ? memchr(data + from, '\n', stop - from) : NULL;
        if (lf) {
            fault(c, (size_t)(lf - data), line_ends);
            return;
        }
        if (step == WEIR_JSON_STEP_MORE) return;
        c->inside = false;
        if (p->place == AT_IN_NAME)
            end_name(c);
        else
            end_value(c);
    }
}

/* The end of the input: a number or word at the top ends there, too. */
static void finish(weir_cutter *c) {
    if (c->inside && c->path->depth == 0 && c->span.in_scalar && !c->span.in_string) {
        c->inside = false;
        end_value(c);
    }
}

/* Hands out the rest of a line that is malformed as a record of its own, which fails, and begins
 * anew behind it; or (no *got) reads on to the line's end. */
static weir_status skip_line(weir_cutter *c, weir_chunk *out, bool *got, weir_error *err) {
    struct weir_json_path *p = c->path;
    const char *data = (const char *)c->cur->data;
    weir_status status = WEIR_OK;
    size_t begin = c->inside && !c->dropping ? c->record : c->at;
    const char *lf = c->at < c->end ? memchr(data + c->at, '\n', c->end - c->at) : NULL;
    if (!lf && !c->stream_end) {
        if (c->end - begin > c->request->max_record_bytes)
            return weir_json_cut_malformed(c, c->fault, err);
        weir_json_cut_drop(c, begin);
        return weir_json_cut_refill(c, begin, err);
    }
    size_t end = lf ? (size_t)(lf - data) : c->end, to = end + (lf != NULL);
    while (end > begin && weir_json_is_blank(data[end - 1])) end--;
    if (end == begin) end = to; /* nothing but the line's end is left of it */
    if (!note(p, begin, end)) return p->status;
    weir_json_cut_drop(c, begin);
    WEIR_TRY(emit(c, to, WEIR_JSON_CHUNK_BROKEN, out, err));
    c->at = to;
    c->fault = NULL;
    c->inside = c->dropping = false;
    p->depth = 0;
    p->place = AT_DOCUMENT;
    *got = true;
out:
    return status;
}

static weir_status next_followed(weir_cutter *c, weir_chunk *out, bool *got, bool *end,
                                 weir_error *err) {
    struct weir_json_path *p = c->path;
    weir_status status = WEIR_OK;
    p->err = err;
    for (;;) {
        walk(c);
        if (c->stream_end && !c->fault && c->at == c->end) finish(c);
        WEIR_TRY(p->status);
        bool long_one = c->inside && !c->dropping && weir_json_cut_too_long(c, c->record);
        if (p->n_index) {
            *got = true;
            return emit(c, c->safe, 0, out, err);
        }
        if (c->fault && p->lines) {
            WEIR_TRY(skip_line(c, out, got, err));
            if (*got) return WEIR_OK;
            continue;
        }
        if (c->fault) return weir_json_cut_malformed(c, c->fault, err);
        if (long_one && p->place == AT_IN_NAME)
            return weir_json_cut_malformed(c, "a name longer than max_record", err);
        if (long_one) {
            weir_json_cut_drop(c, c->record);
            c->dropping = true;
            if (p->record) {
                weir_json_cut_emit_long(c, out);
                *got = true;
                return WEIR_OK;
            }
        }
        if (c->stream_end) {
            if (c->inside || p->depth || p->place != AT_DOCUMENT)
                return weir_json_cut_malformed(c, "the document is cut off", err);
            if (p->documents && !p->lead_reached) return leads_nowhere(c, err);
            *end = true;
            return WEIR_OK;
        }
        weir_json_cut_drop(c, c->inside && !c->dropping ? c->record : c->end);
        WEIR_TRY(weir_json_cut_refill(c, c->begin, err));
    }
out:
    return status;
}

/* ---- whole documents ----------------------------------------------------------------------- */

/* Reads all that is left into the block. */
static weir_status read_all(weir_cutter *c, weir_error *err) {
    const weir_json_read_config *config = c->request->config;
    uint64_t most = config->max_document ? config->max_document : DOCUMENT_DEFAULT;
    if (most > UINT32_MAX - 64) most = UINT32_MAX - 64; /* what a block's offsets can name */
    weir_status status = WEIR_OK;
    while (!c->stream_end) {
        size_t size = c->end, got = 0;
        weir_block *block = NULL;
        if (weir_cancel_requested(c->request->cancel))
            return weir_error_set(err, WEIR_CANCELLED, "cancelled");
        if (size > most) break;
        size_t room = size < most / 2 ? size * 2 : (size_t)most + 1;
        if (room < 4096) room = 4096;
        WEIR_TRY(weir_block_new(c->request->ledger, room, &block, err));
        memcpy(block->data, c->cur->data, size);
        status = weir_stream_read_full(c->in, block->data + size, room - size, &got, err);
        if (status != WEIR_OK) {
            weir_block_release(block);
            return status;
        }
        c->stream_end = got < room - size;
        block->size = c->end = size + got;
        memset(block->data + block->size, 0, WEIR_BLOCK_PAD);
        weir_block_release(c->cur);
        c->cur = block;
    }
    if (c->end <= most) return WEIR_OK;
    weir_error_set(
        err, WEIR_RESOURCE,
        "record_path %.100s needs the whole document at once, and that has more than the "
        "%llu bytes of max_document",
        config->record_path, (unsigned long long)most);
    weir_error_at(err, c->in->name, 0, 0);
    weir_error_hint(err,
                    "a path of names, [*], indexes and slices from the front is followed while "
                    "reading, in bounded memory");
    return WEIR_RESOURCE;
out:
    return status;
}

/* Notes what the path selects in the document text[0 .. size) that stands at `at` of the block. */
static weir_status ask(weir_cutter *c, size_t at, size_t size, weir_error *err) {
    struct weir_json_path *p = c->path;
    const weir_json_read_config *config = c->request->config;
    weir_json_limits limits = {.max_bytes = SIZE_MAX,
                               .max_values = VALUES_MAX,
                               .max_depth = (uint32_t)config->max_depth,
                               .duplicates_last = config->repeated == WEIR_JSON_REPEATED_LAST,
                               .duplicates_first = config->repeated == WEIR_JSON_REPEATED_FIRST};
    weir_arena arena = {.ledger = c->request->ledger};
    const weir_json *root = NULL, **nodes = NULL;
    const char *text = (const char *)c->cur->data + at, *end = text + size;
    weir_status status = WEIR_OK;
    size_t n = 0;
    WEIR_TRY(weir_json_parse(text, size, &limits, &arena, &root, err));
    WEIR_TRY(weir_jsonpath_find(p->path, root, &arena, &nodes, &n, err));
    p->lead_reached |= n > 0;
    for (const weir_json *m = root->kind == WEIR_JSON_OBJECT ? root->first : NULL; m; m = m->next) {
        p->depth = 1; /* of the names */
        remember_name(p, m->key);
        p->depth = 0;
    }
    bool apart = n == 1 && weir_jsonpath_is_singular(p->path) && nodes[0]->kind == WEIR_JSON_ARRAY;
    const weir_json *child = apart ? nodes[0]->first : NULL;
    for (size_t i = 0; apart ? child != NULL : i < n; i++) {
        const weir_json *v = apart ? child : nodes[i];
        const char *stop = weir_json_skip(text + v->byte, end, WEIR_JSON_DEPTH_MAX, NULL, NULL);
        if (!stop) WEIR_TRY(weir_error_set(err, WEIR_INTERNAL, "a value changed"));
        if (!note(p, at + v->byte, at + (size_t)(stop - text))) WEIR_TRY(p->status);
        if (apart) child = child->next;
    }
out:
    if (status == WEIR_RESOURCE && err) {
        weir_error_set(err, status,
                       "record_path %.100s needs the whole document in memory, and %zu bytes with "
                       "%zu of what is known of them are too much",
                       config->record_path, size, arena.total_bytes);
        weir_error_at(err, c->in->name, 0, 0);
        weir_error_hint(err, "raise limits: memory, or write a path of names, [*], indexes and "
                             "slices from the front, which is followed while reading");
    }
    weir_arena_clear(&arena);
    return status;
}

static weir_status next_whole(weir_cutter *c, weir_chunk *out, bool *got, bool *end,
                              weir_error *err) {
    struct weir_json_path *p = c->path;
    weir_status status = WEIR_OK;
    p->err = err;
    if (p->documents) {
        *end = true;
        return WEIR_OK;
    }
    WEIR_TRY(read_all(c, err));
    const char *data = (const char *)c->cur->data;
    while (c->at < c->end) {
        char b = data[c->at];
        if (weir_json_is_blank(b) || b == '\n' || b == WEIR_JSON_RS) {
            c->at++;
            continue;
        }
        size_t from = c->at;
        weir_json_span span = {0};
        (void)weir_json_span_step(&span, data, &c->at, c->end);
        if (c->at == from) c->at++;
        p->documents++;
        weir_error inner = {0};
        status = ask(c, from, c->at - from, &inner);
        if (status == WEIR_OK) continue;
        if (err) *err = inner;
        if (status == WEIR_DATA) {
            uint64_t line = c->line + weir_json_count_lines(data, from);
            weir_error_at(err, c->in->name, (int64_t)line + (inner.line ? inner.line - 1 : 0),
                          inner.line > 1 ? inner.column : 0);
            if (err) err->byte = (int64_t)(c->byte - c->begin + from) + inner.byte;
        }
        return status;
    }
    *end = p->documents == 0;
    if (*end) return WEIR_OK;
    if (!p->lead_reached) return leads_nowhere(c, err);
    *got = true;
    return emit(c, c->end, 0, out, err);
out:
    return status;
}

weir_status weir_json_path_next(weir_cutter *c, weir_chunk *out, bool *got, bool *end,
                                weir_error *err) {
    return c->path->whole ? next_whole(c, out, got, end, err)
                          : next_followed(c, out, got, end, err);
}
