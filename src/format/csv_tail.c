/* The end of a text: what is read is held back for a while, so that a footer is known before it
 * could be taken for records.  The same for every size of reads. */
#include "format/csv_sniff.h"

#define BUFFER_BYTES ((size_t)128 << 10)
#define DIRECT_BYTES ((size_t)64 << 10) /* larger reads go past the buffer */

size_t weir_csv_tail_cut(const weir_csv_dialect *d, uint32_t width, const uint8_t *data,
                         size_t begin, size_t end, int64_t lines, uint32_t *n) {
    *n = 0;
    if (!lines || end == begin) return 0;
    if (end - begin > WEIR_CSV_TAIL_BYTES) {
        /* From a line's begin on. */
        begin = end - WEIR_CSV_TAIL_BYTES;
        while (begin < end && data[begin] != '\n' && !(d->lone_cr && data[begin] == '\r')) begin++;
        if (begin < end) begin++;
    }
    return end - begin - weir_csv_footer(d, width, data + begin, end - begin, lines, n);
}

weir_status weir_csv_tail_begin(weir_csv_tail *t, weir_stream *in, const weir_csv_dialect *d,
                                uint32_t width, int64_t lines, weir_csv_head *head,
                                weir_error *err) {
    *t = (weir_csv_tail){.in = in, .dialect = d, .width = width, .lines = lines};
    t->ended = head->at_end;
    if (!lines) return WEIR_OK;
    if (head->at_end) {
        head->end -= weir_csv_tail_cut(d, width, head->block->data, head->begin, head->end, lines,
                                       &t->n_lines);
        head->block->size = head->end;
        return WEIR_OK;
    }
    size_t held = head->end - head->begin;
    if (held > WEIR_CSV_TAIL_BYTES) held = WEIR_CSV_TAIL_BYTES;
    t->buffer = weir_alloc(BUFFER_BYTES);
    if (!t->buffer) return weir_error_nomem(err);
    head->end -= held;
    memcpy(t->buffer, head->block->data + head->end, held);
    head->block->size = head->end;
    t->end = held;
    return WEIR_OK;
}

void weir_csv_tail_clear(weir_csv_tail *t) {
    weir_free(t->buffer);
    memset(t, 0, sizeof *t);
}

/* A large read: what is held, then the stream; the last bytes are held again. */
static weir_status read_direct(weir_csv_tail *t, uint8_t *to, size_t want, size_t *got,
                               weir_error *err) {
    size_t held = t->end - t->begin, fresh = 0;
    memcpy(to, t->buffer + t->begin, held);
    weir_status status = weir_stream_read_full(t->in, to + held, want - held, &fresh, err);
    if (status != WEIR_OK) return status;
    size_t all = held + fresh;
    t->begin = t->end = 0;
    if (all < want) {
        t->ended = true;
        *got = all - weir_csv_tail_cut(t->dialect, t->width, to, 0, all, t->lines, &t->n_lines);
        return WEIR_OK;
    }
    *got = all - WEIR_CSV_TAIL_BYTES;
    memcpy(t->buffer, to + *got, WEIR_CSV_TAIL_BYTES);
    t->end = WEIR_CSV_TAIL_BYTES;
    return WEIR_OK;
}

static weir_status refill(weir_csv_tail *t, weir_error *err) {
    size_t fresh = 0, room;
    memmove(t->buffer, t->buffer + t->begin, t->end - t->begin);
    t->end -= t->begin;
    t->begin = 0;
    room = BUFFER_BYTES - t->end;
    weir_status status = weir_stream_read_full(t->in, t->buffer + t->end, room, &fresh, err);
    if (status != WEIR_OK) return status;
    t->end += fresh;
    if (fresh == room) return WEIR_OK;
    t->ended = true;
    t->end -= weir_csv_tail_cut(t->dialect, t->width, t->buffer, 0, t->end, t->lines, &t->n_lines);
    return WEIR_OK;
}

weir_status weir_csv_tail_read(weir_csv_tail *t, uint8_t *to, size_t want, size_t *got, bool *end,
                               weir_error *err) {
    weir_status status;
    *got = 0;
    if (!t->buffer) {
        if (t->ended) {
            *end = true;
            return WEIR_OK;
        }
        status = weir_stream_read_full(t->in, to, want, got, err);
        if (status == WEIR_OK) *end = *got < want;
        return status;
    }
    if (!t->ended && want >= DIRECT_BYTES && want > t->end - t->begin + WEIR_CSV_TAIL_BYTES) {
        status = read_direct(t, to, want, got, err);
        if (status == WEIR_OK) *end = t->ended;
        return status;
    }
    while (!t->ended && t->end - t->begin <= WEIR_CSV_TAIL_BYTES) {
        status = refill(t, err);
        if (status != WEIR_OK) return status;
    }
    size_t ready = t->end - t->begin - (t->ended ? 0 : WEIR_CSV_TAIL_BYTES);
    *got = ready < want ? ready : want;
    memcpy(to, t->buffer + t->begin, *got);
    t->begin += *got;
    *end = t->ended && t->begin == t->end;
    return WEIR_OK;
}
