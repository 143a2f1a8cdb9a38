/* A stream of lines -> chunks of whole records.
 *
 * A block is filled, cut behind its last whole record, and the rest goes to the front of the next
 * block.  Where records are groups of lines, the cut is in front of the last line that begins one:
 * lines are tried from the end, so that cutting costs little and the workers find the other
 * borders.
 */
#include "format/lines.h"

#define KEEP_BYTES 4096u /* raw bytes kept of a record that is too long */

struct weir_lines {
    const weir_read_request *request;
    weir_stream *in;
    weir_line_rule rule;
    weir_layout *layout;
    uint8_t eol;
    uint8_t *head; /* bytes head_at..head_end come before those of the stream */
    size_t head_at, head_end;
    bool head_whole;
    weir_block *cur;
    size_t begin, end;             /* bytes of cur that were not handed out yet */
    uint64_t byte, line, sequence; /* address of begin */
    bool stream_end;
    bool dropping, mid_line; /* the rest of a record that is too long is passed over */
};

/* ---- lines --------------------------------------------------------------------------------- */

uint32_t weir_line_count(const uint8_t *data, uint32_t from, uint32_t to) {
    const uint8_t *end = data + to, *p = data + from;
    uint32_t n = 0;
    for (; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++) n++;
    for (p = data + from; p < end && (p = memchr(p, '\r', (size_t)(end - p))); p++)
        n += !(p + 1 < end && p[1] == '\n');
    return n;
}

/* Whether a record begins with the line [p, end). */
static bool is_start(const weir_line_rule *rule, const uint8_t *p, size_t size) {
    if (!rule->start) return true;
    if (size && p[size - 1] == '\r') size--;
    if (size > rule->start_bytes) size = rule->start_bytes;
    bool found = weir_regex_match(rule->start, (const char *)p, size) == WEIR_REGEX_MATCH;
    return found != rule->continues;
}

static const uint8_t *find_eol(const uint8_t *p, const uint8_t *end, uint8_t eol) {
    return p < end ? memchr(p, eol, (size_t)(end - p)) : NULL;
}

void weir_line_records_begin(weir_line_records *r, const weir_line_rule *rule, uint8_t eol,
                             const weir_chunk *chunk) {
    *r = (weir_line_records){.rule = rule,
                             .data = chunk->block->data,
                             .at = chunk->begin,
                             .end = chunk->end,
                             .eol = eol,
                             .whole = chunk->flags & WEIR_CHUNK_TOO_LONG};
}

static bool blank(const uint8_t *p, const uint8_t *end) {
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) p++;
    return p == end;
}

bool weir_line_records_next(weir_line_records *r, uint32_t *begin, uint32_t *end, uint32_t *lines) {
    while (r->at < r->end) {
        const uint8_t *p = r->data + r->at, *last = r->data + r->end, *stop = last, *next = last;
        *lines = 1;
        if (!r->whole) {
            const uint8_t *eol = find_eol(p, last, r->eol);
            if (eol) stop = eol, next = eol + 1;
            while (r->rule->start && next < last) {
                eol = find_eol(next, last, r->eol);
                const uint8_t *to = eol ? eol : last;
                if (is_start(r->rule, next, (size_t)(to - next))) break;
                stop = to;
                next = eol ? eol + 1 : last;
                ++*lines;
            }
        }
        r->at = (uint32_t)(next - r->data);
        if (stop > p && stop[-1] == '\r' && r->eol == '\n') stop--;
        if (!r->rule->keep_blank && !r->whole && blank(p, stop)) continue;
        *begin = (uint32_t)(p - r->data);
        *end = (uint32_t)(stop - r->data);
        return true;
    }
    return false;
}

/* ---- the head ------------------------------------------------------------------------------ */

weir_status weir_lines_new(const weir_read_request *request, weir_stream *in, weir_lines **out,
                           weir_error *err) {
    weir_lines *l = weir_alloc_zero(1, sizeof *l);
    if (!l) return weir_error_nomem(err);
    l->request = request;
    l->in = in;
    l->line = 1;
    l->eol = '\n';
    l->head = weir_alloc(WEIR_LINES_HEAD_BYTES);
    weir_status status =
        l->head ? weir_stream_read_full(in, l->head, WEIR_LINES_HEAD_BYTES, &l->head_end, err)
                : weir_error_nomem(err);
    if (status != WEIR_OK) {
        weir_lines_free(l);
        return status;
    }
    l->head_whole = l->head_end < WEIR_LINES_HEAD_BYTES;
    if (!memchr(l->head, '\n', l->head_end) && memchr(l->head, '\r', l->head_end)) l->eol = '\r';
    while (l->head_end >= l->head_at + 3 && memcmp(l->head + l->head_at, "\xEF\xBB\xBF", 3) == 0)
        l->head_at = l->byte = l->head_at + 3;
    *out = l;
    return WEIR_OK;
}

void weir_lines_free(weir_lines *l) {
    if (!l) return;
    weir_block_release(l->cur);
    weir_layout_release(l->layout);
    weir_free(l->head);
    weir_free(l);
}

weir_slice weir_lines_head(const weir_lines *l, bool *whole) {
    *whole = l->head_whole;
    return (weir_slice){(const char *)l->head + l->head_at, l->head_end - l->head_at};
}

uint8_t weir_lines_eol(const weir_lines *l) {
    return l->eol;
}

weir_status weir_lines_skip(weir_lines *l, weir_slice *line, bool *got, weir_error *err) {
    const uint8_t *p = l->head + l->head_at, *last = l->head + l->head_end;
    *got = p < last;
    if (!*got) return WEIR_OK;
    const uint8_t *eol = find_eol(p, last, l->eol), *stop = eol ? eol : last;
    if (!eol && !l->head_whole) {
        weir_error_set(err, WEIR_DATA, "the lines in front of the records have more than %zu bytes",
                       WEIR_LINES_HEAD_BYTES);
        weir_error_hint(err, "skip fewer lines");
        weir_error_at(err, l->in->name, (int64_t)l->line, 0);
        return WEIR_DATA;
    }
    size_t used = (size_t)((eol ? eol + 1 : last) - p);
    if (stop > p && stop[-1] == '\r') stop--;
    if (line) *line = (weir_slice){(const char *)p, (size_t)(stop - p)};
    l->line += weir_line_count(p, 0, (uint32_t)used);
    l->byte += used;
    l->head_at += used;
    return WEIR_OK;
}

uint32_t weir_line_start_bytes(const weir_read_request *request) {
    size_t half = request->max_record_bytes / 2;
    return half < WEIR_LINES_START_BYTES ? (uint32_t)half : WEIR_LINES_START_BYTES;
}

void weir_lines_set(weir_lines *l, const weir_line_rule *rule, weir_layout *layout) {
    l->rule = *rule;
    l->layout = layout;
}

weir_layout *weir_lines_layout(weir_lines *l) {
    return l->layout;
}

/* ---- filling ------------------------------------------------------------------------------- */

static weir_status read_full(weir_lines *l, uint8_t *to, size_t size, size_t *got,
                             weir_error *err) {
    size_t n = l->head_end - l->head_at, more = 0;
    if (n > size) n = size;
    memcpy(to, l->head + l->head_at, n);
    l->head_at += n;
    *got = n;
    if (n == size || l->head_whole) return WEIR_OK;
    weir_status status = weir_stream_read_full(l->in, to + n, size - n, &more, err);
    *got += more;
    return status;
}

/* A new block with the bytes keep..end of the old one in front. */
static weir_status refill(weir_lines *l, size_t keep, weir_error *err) {
    size_t tail = l->cur ? l->end - keep : 0, capacity = l->request->chunk_bytes, got = 0;
    size_t max = l->request->max_record_bytes + 1;
    if (weir_cancel_requested(l->request->cancel))
        return weir_error_set(err, WEIR_CANCELLED, "cancelled");
    if (capacity < 64) capacity = 64;
    if (tail > capacity / 2) capacity = tail * 2; /* a long record */
    if (tail > capacity / 4 && capacity > max) capacity = max > tail ? max : tail;
    if (capacity > UINT32_MAX - WEIR_LINES_FRONT)
        return weir_error_set(err, WEIR_RESOURCE, "a record of more than 4 GiB");
    weir_block *block = NULL;
    weir_status status =
        weir_block_new(l->request->ledger, WEIR_LINES_FRONT + capacity, &block, err);
    if (status != WEIR_OK) return status;
    memset(block->data, '\n', WEIR_LINES_FRONT);
    if (tail) memcpy(block->data + WEIR_LINES_FRONT, l->cur->data + keep, tail);
    status = read_full(l, block->data + WEIR_LINES_FRONT + tail, capacity - tail, &got, err);
    if (status != WEIR_OK) {
        weir_block_release(block);
        return status;
    }
    l->stream_end = got < capacity - tail;
    block->size = WEIR_LINES_FRONT + tail + got;
    weir_block_release(l->cur);
    l->cur = block;
    l->begin = WEIR_LINES_FRONT;
    l->end = block->size;
    return WEIR_OK;
}

/* ---- handing out --------------------------------------------------------------------------- */

static void pass(weir_lines *l, size_t to) {
    l->line += weir_line_count(l->cur->data, (uint32_t)l->begin, (uint32_t)to);
    l->byte += to - l->begin;
    l->begin = to;
}

static void emit(weir_lines *l, size_t to, uint32_t flags, weir_chunk *out) {
    if (l->stream_end && to == l->end) flags |= WEIR_CHUNK_LAST;
    *out = (weir_chunk){.block = weir_block_retain(l->cur),
                        .begin = (uint32_t)l->begin,
                        .end = (uint32_t)to,
                        .flags = flags,
                        .n_lines = weir_line_count(l->cur->data, (uint32_t)l->begin, (uint32_t)to),
                        .sequence = l->sequence++,
                        .first_byte = l->byte,
                        .first_line = l->line,
                        .layout = weir_layout_retain(l->layout)};
    pass(l, to);
}

/* Whether the line at p is known well enough to tell whether a record begins with it. */
static bool decidable(const weir_lines *l, const uint8_t *p, const uint8_t *eol) {
    return eol || l->stream_end ||
           (size_t)(l->cur->data + l->end - p) > l->rule.start_bytes; /* one more for a CR */
}

/* Behind the last whole record of begin..end; begin when there is none. */
static size_t last_border(const weir_lines *l) {
    const uint8_t *data = l->cur->data, *first = data + l->begin, *last = data + l->end;
    if (l->stream_end) return l->end;
    const uint8_t *stop = last; /* a line may begin behind the line ends in front of it */
    while (stop > first) {
        const uint8_t *eol = memrchr(first, l->eol, (size_t)(stop - first));
        if (!eol) break;
        const uint8_t *line = eol + 1;
        if (!l->rule.start) return (size_t)(line - data);
        const uint8_t *end = find_eol(line, last, l->eol);
        if (line < last && decidable(l, line, end) &&
            is_start(&l->rule, line, (size_t)((end ? end : last) - line)))
            return (size_t)(line - data);
        stop = eol;
    }
    return l->begin;
}

/* Passes over lines until one begins a record.  true: l->begin is there, or at the input's end. */
static bool drop(weir_lines *l) {
    for (;;) {
        const uint8_t *data = l->cur->data, *p = data + l->begin, *last = data + l->end;
        const uint8_t *eol = find_eol(p, last, l->eol);
        if (l->mid_line) {
            bool cr = !eol && p < last && last[-1] == '\r' && !l->stream_end;
            pass(l, eol ? (size_t)(eol + 1 - data) : l->end - cr); /* an LF may follow a CR */
            l->mid_line = !eol;
            if (!eol) return l->stream_end;
            continue;
        }
        if (p == last) return l->stream_end;
        if (!decidable(l, p, eol)) return false;
        if (is_start(&l->rule, p, (size_t)((eol ? eol : last) - p))) return true;
        l->mid_line = true;
    }
}

weir_status weir_lines_next(weir_lines *l, weir_chunk *out, bool *end, weir_error *err) {
    weir_status status = l->cur ? WEIR_OK : refill(l, 0, err);
    *end = false;
    while (status == WEIR_OK) {
        if (l->dropping) l->dropping = !drop(l);
        if (!l->dropping) {
            size_t size = l->end - l->begin, to = last_border(l);
            if (to > l->begin) {
                emit(l, to, 0, out);
                return WEIR_OK;
            }
            if (!l->stream_end && size > l->request->max_record_bytes) {
                size_t kept = size > KEEP_BYTES ? KEEP_BYTES : size;
                kept -= l->cur->data[l->begin + kept - 1] == '\r'; /* with the LF behind it */
                emit(l, l->begin + kept, WEIR_CHUNK_TOO_LONG, out);
                out->skipped_bytes = size - kept;
                l->dropping = l->mid_line = true;
                return WEIR_OK;
            }
        }
        *end = l->stream_end;
        if (*end) return WEIR_OK;
        status = refill(l, l->begin, err);
    }
    return status;
}

/* ---- as a cutter --------------------------------------------------------------------------- */

weir_layout *weir_lines_cutter_layout(weir_cutter *c) {
    return weir_lines_layout((weir_lines *)c);
}

weir_status weir_lines_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err) {
    return weir_lines_next((weir_lines *)c, out, end, err);
}

void weir_lines_cutter_free(weir_cutter *c) {
    weir_lines_free((weir_lines *)c);
}
