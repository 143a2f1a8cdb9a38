/* The cutter: a stream of bytes -> chunks of whole records.
 *
 * Blocks of chunk_bytes are filled and scanned, vector code first; all whole records of a block are
 * one chunk, the rest is copied to the front of the next block.  A record longer than that is held
 * in a list of blocks until its end is found, and then put together in a block of its exact size.
 *
 * Where the vector code meets a quote that is out of place, the automaton takes over at the start
 * of that record.  A record that has gone over a line end when it shows a fault of quoting is not
 * believed: a quote is missing in its first line, most likely, and what looks like the end of its
 * field is where another one begins.  Its lines in front of the one that shows the fault are cut
 * each for itself, and reading starts anew with that one.  So a missing quote costs one line, and a
 * sound record of several lines behind it is whole.
 *
 * The lines behind an unclosed one that can be no records, since they have another number of
 * fields, go with it: they are the rest of its field, and one reject.  No byte is looked at more
 * than a few times.
 *
 * None of this depends on where blocks begin: the borders of records, and which of them were cut
 * line by line, are the same for every chunk_bytes.
 */
#include "format/csv_sniff.h"

/* How far the automaton runs before the vector code may try again. */
#define AUTOMATON_BYTES ((size_t)64 << 10)
/* A broken record has no more bytes than this, unless its first line has. */
#define BROKEN_BYTES ((size_t)64 << 10)

/* Bytes begin..end of a block; the list owns a reference. */
typedef struct piece {
    weir_block *block;
    size_t begin, end;
} piece;

typedef struct piece_list {
    piece *items;
    size_t first, n, capacity; /* items[first .. n) are live */
    size_t bytes;
} piece_list;

struct weir_cutter {
    const weir_read_request *request;
    weir_csv_tail tail; /* the stream */
    bool footer_told;
    const weir_csv_kernels *kernels;
    weir_csv_dialect dialect;
    weir_layout *layout;

    weir_block *cur;       /* being filled and scanned */
    size_t limit;          /* cur is filled up to here */
    size_t begin, at, end; /* chunk begins at `begin`; scanned up to `at`; filled up to `end` */
    size_t record;         /* the record in the making begins here, or in `held` */
    piece_list held;       /* bytes of that record in earlier blocks */
    piece_list replay;     /* bytes to be read again, before the stream */
    bool stream_end;
    bool automaton; /* for the record in the making */
    weir_csv_cut cut;
    weir_csv_scan scan;
    uint64_t byte, line; /* address of `begin` (or of the first held byte) */
    uint64_t last_line;  /* where the last line of the record in the making begins, if several */
    uint64_t one_line_until; /* records that begin before this byte are single lines */
    bool peek;               /* the record is broken; how far it goes is being looked at */
    uint64_t peek_from;      /* peek: the line that is looked at begins here */
    uint64_t broken_end;     /* the broken record ends here; 0 = there is none */
    uint64_t sequence;

    /* Members of a compressed file */
    weir_block *head; /* what stands in front of the first record; NULL = no header */
    size_t head_bytes;
    uint64_t *members; /* the first of the places where members begin */
    size_t member_at, n_members;
    bool has_member; /* the next of these places is `member` */
    uint64_t member;
    size_t again; /* the head stands again, with this many bytes, at `again_at`; 0 = it does not.
                     Its bytes are the first to be replayed, and cur is not filled beyond. */
    uint64_t again_at;
};

/* ---- lists of pieces ----------------------------------------------------------------------- */

static weir_status list_push(piece_list *l, weir_block *block, size_t begin, size_t end,
                             weir_error *err) {
    if (l->first == l->n) l->first = l->n = 0;
    weir_status status = weir_grow((void **)&l->items, &l->capacity, l->n + 1, sizeof *l->items,
                                   SIZE_MAX / sizeof(piece) / 2, err);
    if (status != WEIR_OK) return status;
    l->items[l->n++] = (piece){block, begin, end};
    l->bytes += end - begin;
    return WEIR_OK;
}

/* Moves up to size bytes of the list to `to`, releasing what is used up; their number. */
static size_t list_take(piece_list *l, uint8_t *to, size_t size) {
    size_t done = 0;
    while (done < size && l->first < l->n) {
        piece *p = &l->items[l->first];
        size_t n = p->end - p->begin < size - done ? p->end - p->begin : size - done;
        memcpy(to + done, p->block->data + p->begin, n);
        p->begin += n;
        done += n;
        if (p->begin < p->end) break;
        weir_block_release(p->block);
        l->first++;
    }
    l->bytes -= done;
    return done;
}

static void list_clear(piece_list *l) {
    for (size_t i = l->first; i < l->n; i++) weir_block_release(l->items[i].block);
    weir_free(l->items);
    memset(l, 0, sizeof *l);
}

/* Puts a piece in front of the others. */
static weir_status list_push_front(piece_list *l, weir_block *block, size_t begin, size_t end,
                                   weir_error *err) {
    weir_status status = list_push(l, block, begin, end, err);
    if (status != WEIR_OK) return status;
    piece last = l->items[l->n - 1];
    memmove(l->items + l->first + 1, l->items + l->first, (l->n - 1 - l->first) * sizeof *l->items);
    l->items[l->first] = last;
    return WEIR_OK;
}

/* ---- filling ------------------------------------------------------------------------------- */

/* The whole input has been read into cur. */
static bool at_input_end(const weir_cutter *c) {
    return c->stream_end && c->replay.bytes == 0;
}

/* A footer was found behind what the head has seen: from now on the layout says so. */
static weir_status tell_footer(weir_cutter *c, weir_error *err) {
    const weir_csv_read_config *config = c->request->config;
    const weir_layout *old = c->layout;
    weir_layout *layout = NULL;
    weir_buf text = {0};
    c->footer_told = true;
    if (config->skip_footer != WEIR_CSV_FIND) return WEIR_OK;
    if (!weir_buf_printf(&text, "%sskip_footer: %u\n", old->dialect ? old->dialect : "",
                         c->tail.n_lines))
        return weir_error_nomem(err);
    weir_status status = weir_csv_layout_new(&c->dialect, old->names, old->n_names, &layout, err);
    if (status == WEIR_OK) status = weir_layout_describe(layout, weir_buf_cstr(&text), err);
    weir_buf_clear(&text);
    if (status != WEIR_OK) {
        weir_layout_release(layout);
        return status;
    }
    weir_layout_release(c->layout);
    c->layout = layout;
    return WEIR_OK;
}

/* The address behind what cur holds. */
static uint64_t filled_to(const weir_cutter *c) {
    return c->byte + c->held.bytes + (c->end - c->begin);
}

/* Whether cur ends where the head stands again. */
static bool at_head(const weir_cutter *c) {
    return c->again && filled_to(c) == c->again_at;
}

/* Compares the head with text behind a member's begin, over a BOM of its own.  *bytes: what has to
 * be there for a whole comparison; false = what is there differs. */
static bool is_head(const weir_cutter *c, const uint8_t *p, size_t size, size_t *bytes) {
    static const uint8_t bom[] = {0xEF, 0xBB, 0xBF};
    size_t skip = size && *p == bom[0] && *c->head->data != bom[0] ? sizeof bom : 0;
    size_t n = size < skip ? size : skip;
    *bytes = skip + c->head_bytes;
    if (n && memcmp(p, bom, n) != 0) return false;
    n = size - n < c->head_bytes ? size - n : c->head_bytes;
    return size <= skip || memcmp(p + skip, c->head->data, n) == 0;
}

/* Looks at a member's begin that may be the head and goes over the end of what was read: the first
 * bytes of the replay, to which more is read. */
static weir_status look_further(weir_cutter *c, size_t bytes, bool *same, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_block *block = NULL;
    uint8_t *text = weir_alloc(bytes);
    size_t n = 0;
    if (!text) return weir_error_nomem(err);
    while (c->replay.bytes < bytes && !c->stream_end) {
        size_t got = 0;
        WEIR_TRY(weir_block_new(c->request->ledger, bytes, &block, err));
        WEIR_TRY(weir_csv_tail_read(&c->tail, block->data, bytes, &got, &c->stream_end, err));
        block->size = got;
        if (got) {
            WEIR_TRY(list_push(&c->replay, block, 0, got, err));
            block = NULL;
        }
        weir_block_release(block);
        block = NULL;
    }
    for (size_t i = c->replay.first; i < c->replay.n && n < bytes; i++) {
        const piece *p = &c->replay.items[i];
        size_t part = p->end - p->begin < bytes - n ? p->end - p->begin : bytes - n;
        memcpy(text + n, p->block->data + p->begin, part);
        n += part;
    }
    *same = n == bytes && is_head(c, text, n, &bytes);
out:
    weir_block_release(block);
    weir_free(text);
    return status;
}

static bool next_member(weir_cutter *c) {
    if (c->member_at < c->n_members) {
        c->member = c->members[c->member_at++];
        return true;
    }
    return weir_stream_next_member(c->tail.in, &c->member);
}

/* Looks whether a member that begins in what was read, from c->at on, begins with the head again;
 * then cur ends there.  Nothing of this depends on where blocks begin. */
static weir_status find_head(weir_cutter *c, weir_error *err) {
    uint64_t end = filled_to(c), at = end - (c->end - c->at);
    while (!c->again) {
        if (!c->has_member) c->has_member = next_member(c);
        if (!c->has_member || (c->member >= end && c->head)) break;
        c->has_member = false;
        if (!c->head || c->member < at) continue;
        size_t from = c->end - (size_t)(end - c->member), bytes;
        if (!is_head(c, c->cur->data + from, c->end - from, &bytes)) continue;
        bool same = c->end - from >= bytes;
        weir_status status =
            list_push_front(&c->replay, weir_block_retain(c->cur), from, c->end, err);
        if (status != WEIR_OK) {
            weir_block_release(c->cur);
            return status;
        }
        c->cur->size = c->end = from;
        if (!same) status = look_further(c, bytes, &same, err);
        if (status != WEIR_OK) return status;
        if (same) {
            c->again = bytes;
            c->again_at = c->member;
        }
        break;
    }
    return WEIR_OK;
}

static weir_status rewind_record(weir_cutter *c, bool automaton, weir_error *err);

/* Passes over the head, which stands again where a record would begin. */
static weir_status pass_head(weir_cutter *c, weir_error *err) {
    uint64_t lines = c->kernels->lines(c->head->data, 0, c->head_bytes);
    for (uint8_t unused[256]; c->again;) {
        size_t n = c->again < sizeof unused ? c->again : sizeof unused;
        (void)list_take(&c->replay, unused, n);
        c->again -= n;
        c->byte += n;
    }
    weir_read_heads *heads = c->request->heads;
    if (heads && heads->n++ == 0) heads->first_line = c->line;
    c->line += lines;
    return rewind_record(c, false, err);
}

/* Fills cur up to its limit, or nearly so, or to where the head stands again. */
static weir_status fill(weir_cutter *c, weir_error *err) {
    size_t limit = c->limit;
    if (c->again && c->again_at - filled_to(c) < limit - c->end)
        limit = c->end + (size_t)(c->again_at - filled_to(c));
    c->end += list_take(&c->replay, c->cur->data + c->end, limit - c->end);
    weir_status status = WEIR_OK;
    while (status == WEIR_OK && !c->again && c->end < c->limit && !c->stream_end) {
        size_t got = 0, want = c->limit - c->end;
        status =
            weir_csv_tail_read(&c->tail, c->cur->data + c->end, want, &got, &c->stream_end, err);
        c->end += got;
        /* Nearly full: what is held back would be copied once more. */
        if (got && want > WEIR_CSV_TAIL_BYTES * 2 && c->limit - c->end <= WEIR_CSV_TAIL_BYTES)
            break;
    }
    c->cur->size = c->end;
    if (status == WEIR_OK) status = find_head(c, err);
    if (status == WEIR_OK && c->stream_end && c->tail.n_lines && !c->footer_told)
        status = tell_footer(c, err);
    return status;
}

/* Bytes of data in a block: chunk_bytes, less the front where this keeps the block at a size of
 * which the pool has kept pieces. */
static size_t room(const weir_cutter *c) {
    size_t bytes = c->request->chunk_bytes;
    return bytes >= 4096 ? bytes - WEIR_CSV_FRONT : bytes;
}

static weir_status new_block(weir_cutter *c, weir_block **out, weir_error *err) {
    weir_status status = weir_block_new(c->request->ledger, WEIR_CSV_FRONT + room(c), out, err);
    /* A record's first byte has "the byte before it" like any other. */
    if (status == WEIR_OK) memset((*out)->data, '\n', WEIR_CSV_FRONT);
    return status;
}

/* A new block behind the one that has been scanned; what is not whole yet moves along. */
static weir_status next_block(weir_cutter *c, weir_error *err) {
    weir_block *block = NULL;
    size_t tail = c->cur ? c->end - c->begin : 0, kept = 0;
    if (weir_cancel_requested(c->request->cancel))
        return weir_error_set(err, WEIR_CANCELLED, "cancelled");
    weir_status status = new_block(c, &block, err);
    if (status != WEIR_OK) return status;
    if (tail) {
        if (c->held.bytes || tail > room(c) / 2) {
            status = list_push(&c->held, c->cur, c->begin, c->end, err);
            if (status != WEIR_OK) {
                weir_block_release(block);
                return status;
            }
            block->data[WEIR_CSV_FRONT - 1] = c->cur->data[c->end - 1];
            c->cur = NULL;
        } else {
            memcpy(block->data + WEIR_CSV_FRONT, c->cur->data + c->begin, tail);
            kept = tail;
        }
    }
    weir_block_release(c->cur);
    c->cur = block;
    c->begin = c->record = WEIR_CSV_FRONT;
    c->at = c->end = WEIR_CSV_FRONT + kept;
    c->limit = WEIR_CSV_FRONT + room(c);
    return fill(c, err);
}

/* Goes back to the start of the record in the making. */
static weir_status rewind_record(weir_cutter *c, bool automaton, weir_error *err) {
    memset(&c->cut, 0, sizeof c->cut);
    if (c->held.bytes) {
        /* What is held, the rest of cur, and what waited for replay, in this order. */
        piece_list again = c->held;
        memset(&c->held, 0, sizeof c->held);
        weir_status status = list_push(&again, c->cur, c->begin, c->end, err);
        if (status == WEIR_OK) {
            c->cur = NULL;
            for (size_t i = c->replay.first; status == WEIR_OK && i < c->replay.n; i++) {
                piece *p = &c->replay.items[i];
                status = list_push(&again, weir_block_retain(p->block), p->begin, p->end, err);
                if (status != WEIR_OK) weir_block_release(p->block);
            }
        }
        list_clear(&c->replay);
        c->replay = again;
        if (status != WEIR_OK) return status;
        status = next_block(c, err);
        if (status != WEIR_OK) return status;
    }
    c->at = c->record;
    uint64_t address = c->byte + (c->record - c->begin);
    weir_csv_scan_reset(&c->scan, address < c->one_line_until);
    c->automaton = automaton || !c->dialect.regular || c->scan.one_line;
    return WEIR_OK;
}

/* ---- handing out --------------------------------------------------------------------------- */

#define COUNT_LINES UINT64_MAX

/* Bytes begin..to of cur, with what is held in front, as a chunk of `lines` line ends. */
static weir_status emit_lines(weir_cutter *c, size_t to, uint32_t flags, uint64_t lines,
                              weir_chunk *out, weir_error *err) {
    weir_block *block = NULL;
    size_t begin = c->begin, end = to;
    if (c->held.bytes) {
        size_t head = c->held.bytes, size = head + (to - c->begin);
        if (size > UINT32_MAX - 4096)
            return weir_error_set(err, WEIR_RESOURCE, "a record of more than 4 GiB");
        weir_status status = weir_block_new(c->request->ledger, WEIR_CSV_FRONT + size, &block, err);
        if (status != WEIR_OK) return status;
        memset(block->data, '\n', WEIR_CSV_FRONT);
        list_take(&c->held, block->data + WEIR_CSV_FRONT, head);
        memcpy(block->data + WEIR_CSV_FRONT + head, c->cur->data + c->begin, to - c->begin);
        begin = WEIR_CSV_FRONT;
        end = block->size = WEIR_CSV_FRONT + size;
    } else {
        block = weir_block_retain(c->cur);
    }
    if (lines == COUNT_LINES) lines = c->kernels->lines(block->data, begin, end);
    if (at_input_end(c) && to == c->end) flags |= WEIR_CHUNK_LAST;
    *out = (weir_chunk){.block = block,
                        .begin = (uint32_t)begin,
                        .end = (uint32_t)end,
                        .flags = flags,
                        .n_lines = (uint32_t)lines,
                        .sequence = c->sequence++,
                        .first_byte = c->byte,
                        .first_line = c->line,
                        .layout = weir_layout_retain(c->layout)};
    c->byte += end - begin;
    c->line += lines;
    c->begin = to;
    return WEIR_OK;
}

static weir_status emit(weir_cutter *c, size_t to, uint32_t flags, weir_chunk *out,
                        weir_error *err) {
    return emit_lines(c, to, flags, COUNT_LINES, out, err);
}

static uint32_t automaton_flags(const weir_cutter *c) {
    return WEIR_CHUNK_IRREGULAR | (c->scan.one_line ? WEIR_CHUNK_ONE_LINE : 0);
}

/* ---- the vector way ------------------------------------------------------------------------ */

/* Hands out what is whole.  The scan has counted the lines of all that it passed. */
static weir_status emit_regular(weir_cutter *c, weir_chunk *out, weir_error *err) {
    uint64_t behind = c->kernels->lines(c->cur->data, c->record, c->at);
    uint64_t lines = c->cut.lines - behind;
    c->cut.lines = behind;
    return emit_lines(c, c->record, 0, lines, out, err);
}

/* Scans what is new in cur.  *got: a chunk was handed out. */
static weir_status step_regular(weir_cutter *c, weir_chunk *out, bool *got, weir_error *err) {
    c->cut.last_end = c->record;
    c->at = c->kernels->cut(&c->dialect, &c->cut, c->cur->data, c->at, c->end);
    bool irregular = c->cut.irregular;
    c->record = c->cut.last_end;
    /* A held record may have become too long: only the automaton can tell. */
    size_t max = c->request->max_record_bytes;
    bool suspect = c->held.bytes && c->held.bytes + (c->at - c->begin) > max;
    if (suspect) {
        c->record = c->begin;
        return rewind_record(c, true, err);
    }
    if (irregular) {
        if (c->record == c->begin) return rewind_record(c, true, err);
        *got = true;
        weir_status status = emit_regular(c, out, err);
        return status == WEIR_OK ? rewind_record(c, true, err) : status;
    }
    if (c->record == c->begin) return WEIR_OK;
    *got = true;
    return emit_regular(c, out, err);
}

static size_t automaton_bytes(const weir_cutter *c) {
    return room(c) / 2 < AUTOMATON_BYTES ? room(c) / 2 : AUTOMATON_BYTES;
}

/* ---- the automaton ------------------------------------------------------------------------- */

/* The address of c->at. */
static uint64_t scanned(const weir_cutter *c) {
    return c->byte + c->held.bytes + (c->at - c->begin);
}

/* The record, which was looked at up to c->at, is not believed: its lines in front of the last are
 * cut one by one, the only one alone. */
static weir_status resync(weir_cutter *c, weir_chunk *out, bool *got, weir_error *err) {
    uint64_t until = c->scan.multi ? c->last_line : scanned(c);
    weir_status status = WEIR_OK;
    if (!c->held.bytes && c->record > c->begin) {
        *got = true;
        status = emit(c, c->record, automaton_flags(c), out, err);
        if (status != WEIR_OK) return status;
    }
    c->one_line_until = until;
    return rewind_record(c, true, err);
}

/* A record that exceeds the limit: keeps its beginning, passes over the rest of its line. */
static weir_status skip_record(weir_cutter *c, weir_chunk *out, bool *got, weir_error *err) {
    weir_block *kept = NULL;
    size_t size = c->request->max_record_bytes;
    weir_status status = WEIR_OK;
    if (!c->held.bytes && c->record > c->begin) {
        /* Records before it first; then this step comes again. */
        *got = true;
        return emit(c, c->record, automaton_flags(c), out, err);
    }
    if (size > WEIR_CSV_KEEP_BYTES) size = WEIR_CSV_KEEP_BYTES;
    WEIR_TRY(new_block(c, &kept, err));
    if (kept->capacity < WEIR_CSV_FRONT + size) {
        weir_block_release(kept);
        kept = NULL;
        WEIR_TRY(weir_block_new(c->request->ledger, WEIR_CSV_FRONT + size, &kept, err));
        memset(kept->data, '\n', WEIR_CSV_FRONT);
    }
    uint64_t total = c->held.bytes + (c->at - c->begin), lines = 0;
    size_t copied = 0;
    for (size_t i = c->held.first; i < c->held.n; i++) {
        const piece *p = &c->held.items[i];
        size_t n = p->end - p->begin;
        if (copied < size) {
            size_t part = n < size - copied ? n : size - copied;
            memcpy(kept->data + WEIR_CSV_FRONT + copied, p->block->data + p->begin, part);
            copied += part;
        }
        lines += c->kernels->lines(p->block->data, p->begin, p->end);
    }
    if (copied < size)
        memcpy(kept->data + WEIR_CSV_FRONT + copied, c->cur->data + c->begin, size - copied);
    kept->size = WEIR_CSV_FRONT + size;
    list_clear(&c->held);
    lines += c->kernels->lines(c->cur->data, c->begin, c->at);
    /* A CR that was the last byte looked at may have been the line end already. */
    bool cr = c->dialect.lone_cr && c->cur->data[c->at - 1] == '\r';
    c->begin = c->at;
    for (;;) {
        size_t from = c->at;
        bool ended = false;
        while (c->at < c->end && !ended) {
            uint8_t b = c->cur->data[c->at];
            if (cr && b != '\n') {
                ended = true;
                break;
            }
            cr = c->dialect.lone_cr && b == '\r';
            ended = b == '\n';
            c->at++;
        }
        lines += c->kernels->lines(c->cur->data, from, c->at);
        total += c->at - from;
        c->begin = c->record = c->at;
        if (ended || at_input_end(c)) break;
        c->again = 0; /* in the middle of a record it is none */
        uint8_t last = c->cur->data[c->at - 1];
        WEIR_TRY(next_block(c, err));
        c->cur->data[WEIR_CSV_FRONT - 1] = last;
    }
    *out = (weir_chunk){.block = kept,
                        .begin = WEIR_CSV_FRONT,
                        .end = (uint32_t)(WEIR_CSV_FRONT + size),
                        .flags = WEIR_CHUNK_TOO_LONG | WEIR_CHUNK_IRREGULAR,
                        .sequence = c->sequence++,
                        .first_byte = c->byte,
                        .first_line = c->line,
                        .skipped_bytes = total - size,
                        .layout = weir_layout_retain(c->layout)};
    if (at_input_end(c) && c->at == c->end) out->flags |= WEIR_CHUNK_LAST;
    kept = NULL;
    *got = true;
    c->byte += total;
    c->line += lines;
    status = rewind_record(c, false, err);
out:
    weir_block_release(kept);
    return status;
}

/* ---- broken records ------------------------------------------------------------------------ */

static size_t peek_bytes(const weir_cutter *c) {
    size_t max = c->request->max_record_bytes;
    return max < BROKEN_BYTES ? max : BROKEN_BYTES;
}

static bool may_peek(const weir_cutter *c) {
    return c->layout->n_names > 1 && c->held.bytes + (c->at - c->record) < peek_bytes(c);
}

/* Whether the line that was read can be no record, so that it belongs to the broken one. */
static bool goes_on(const weir_cutter *c) {
    const weir_csv_scan *s = &c->scan;
    uint32_t n = c->layout->n_names;
    if (s->comment || (s->flaws & WEIR_CSV_UNCLOSED)) return false;
    if (s->n_fields < n) return !(c->dialect.ragged & WEIR_CSV_PAD);
    return s->filled > n && !(c->dialect.ragged & WEIR_CSV_TRUNCATE);
}

/* The end of the broken record is known: back to its begin. */
static weir_status end_peek(weir_cutter *c, weir_error *err) {
    c->peek = false;
    return rewind_record(c, true, err);
}

/* A line behind a broken record ended at address. */
static weir_status peeked(weir_cutter *c, uint64_t address, weir_error *err) {
    bool blank = c->scan.n_fields == 1 && !c->scan.filled;
    if (!blank && !goes_on(c)) return end_peek(c, err);
    c->peek_from = address;
    if (!blank) c->broken_end = address;
    weir_csv_scan_reset(&c->scan, true);
    return WEIR_OK;
}

/* Hands out the broken record, when all of it stands in cur and what is held. */
static weir_status step_broken(weir_cutter *c, weir_chunk *out, bool *got, weir_error *err) {
    if (!c->held.bytes && c->record > c->begin) {
        *got = true;
        return emit(c, c->record, automaton_flags(c), out, err);
    }
    uint64_t rest = c->broken_end - c->byte - c->held.bytes;
    c->at = c->end - c->begin < rest ? c->end : c->begin + (size_t)rest;
    if (c->at - c->begin < rest) return WEIR_OK;
    bool one_line = c->broken_end < c->one_line_until;
    c->record = c->at;
    c->broken_end = 0;
    c->automaton = one_line || !c->dialect.regular;
    memset(&c->cut, 0, sizeof c->cut);
    weir_csv_scan_reset(&c->scan, one_line);
    *got = true;
    return emit(c, c->at, WEIR_CHUNK_IRREGULAR | WEIR_CHUNK_ONE_LINE | WEIR_CHUNK_BROKEN, out, err);
}

/* ---- steps of the automaton ---------------------------------------------------------------- */

/* A record ended at c->at. */
static weir_status end_record(weir_cutter *c, weir_chunk *out, bool *got, weir_error *err) {
    uint64_t address = scanned(c);
    bool one_line = c->scan.one_line;
    if (c->peek) return peeked(c, address, err);
    if (one_line && (c->scan.flaws & WEIR_CSV_UNCLOSED) && may_peek(c)) {
        c->peek = true;
        c->broken_end = c->peek_from = address;
        weir_csv_scan_reset(&c->scan, true);
        return WEIR_OK;
    }
    c->record = c->at;
    bool next_one_line = address < c->one_line_until;
    bool turn = c->dialect.regular && !next_one_line && c->at - c->begin >= automaton_bytes(c);
    if (c->held.bytes || next_one_line != one_line || turn) {
        uint32_t flags = automaton_flags(c);
        *got = true;
        weir_status status = emit(c, c->at, flags, out, err);
        if (status != WEIR_OK) return status;
    }
    if (*got) {
        c->automaton = next_one_line || !c->dialect.regular;
        memset(&c->cut, 0, sizeof c->cut);
    }
    weir_csv_scan_reset(&c->scan, next_one_line);
    return WEIR_OK;
}

static size_t pending_cr(const weir_cutter *c) {
    return c->scan.state == WEIR_CSV_PLAIN_CR || c->scan.state == WEIR_CSV_QUOTE_CR;
}

/* A quote is open, and may be over several lines. */
static bool is_open(const weir_cutter *c) {
    return !c->scan.one_line &&
           (c->scan.state == WEIR_CSV_IN_QUOTES || c->scan.state == WEIR_CSV_AFTER_ESCAPE);
}

static weir_status step_automaton(weir_cutter *c, weir_chunk *out, bool *got, weir_error *err) {
    while (!*got && c->at < c->end && c->automaton) {
        if (c->broken_end && !c->peek) {
            weir_status status = step_broken(c, out, got, err);
            if (status != WEIR_OK) return status;
            continue;
        }
        size_t max = c->peek ? peek_bytes(c) : c->request->max_record_bytes;
        size_t length = c->held.bytes + (c->at - c->record), to = c->end;
        if (c->end - c->at > max - length) to = c->at + (max - length);
        c->scan.last_line = 0;
        c->at = weir_csv_scan_run(&c->scan, &c->dialect, c->cur->data, c->at, to);
        /* A record of just the largest size may end with a lone CR, as the next byte tells. */
        if (to < c->end && !c->scan.done && c->dialect.lone_cr && c->cur->data[to] != '\n')
            (void)weir_csv_scan_run(&c->scan, &c->dialect, c->cur->data, to, to + pending_cr(c));
        if (c->scan.last_line)
            c->last_line = c->byte + c->held.bytes + (c->scan.last_line - c->begin);
        weir_status status = WEIR_OK;
        if (c->scan.broken) {
            status = resync(c, out, got, err);
        } else if (c->scan.done) {
            status = end_record(c, out, got, err);
        } else if (to < c->end && c->peek) {
            status = end_peek(c, err);
        } else if (to < c->end) {
            status = is_open(c) ? resync(c, out, got, err) : skip_record(c, out, got, err);
        }
        if (status != WEIR_OK) return status;
    }
    /* All of cur has been looked at: hand out what is whole. */
    if (!*got && c->automaton && c->at == c->end && c->record > c->begin && !c->held.bytes) {
        *got = true;
        return emit(c, c->record, automaton_flags(c), out, err);
    }
    return WEIR_OK;
}

/* ---- the end ------------------------------------------------------------------------------- */

/* Everything has been scanned and read; what is left is a record without a line end.  *more: it is
 * to be cut again. */
static weir_status last_record(weir_cutter *c, weir_chunk *out, bool *got, bool *more,
                               weir_error *err) {
    uint32_t flags = 0;
    *more = true;
    if (!c->automaton) {
        bool long_one = c->held.bytes + (c->end - c->begin) > c->request->max_record_bytes;
        if (c->cut.inside || long_one) return rewind_record(c, true, err);
    } else {
        if (is_open(c)) return resync(c, out, got, err);
        if (c->peek) {
            if (scanned(c) > c->peek_from) {
                weir_csv_scan_finish(&c->scan, c->end);
                if (c->scan.filled && goes_on(c)) c->broken_end = scanned(c);
            }
            return end_peek(c, err);
        }
        flags = automaton_flags(c);
    }
    *more = false;
    *got = true;
    weir_status status = emit(c, c->end, flags, out, err);
    c->record = c->at = c->end;
    return status;
}

/* cur has been scanned up to where the head stands again. */
static weir_status meet_head(weir_cutter *c, weir_chunk *out, bool *got, weir_error *err) {
    bool long_one = c->held.bytes + (c->end - c->begin) > c->request->max_record_bytes;
    if (!c->held.bytes && c->begin == c->end) return pass_head(c, err);
    if (c->automaton && c->peek) return end_peek(c, err);
    if (!c->automaton && !c->cut.inside && long_one) return rewind_record(c, true, err);
    if (c->automaton ? is_open(c) : c->cut.inside) {
        c->again = 0; /* a value */
        return WEIR_OK;
    }
    /* The member in front has no line end at its end. */
    weir_status status = emit(c, c->end, c->automaton ? automaton_flags(c) : 0, out, err);
    if (status != WEIR_OK) return status;
    *got = true;
    c->record = c->at = c->end;
    return rewind_record(c, false, err);
}

weir_status weir_csv_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err) {
    weir_chunk chunk = {0};
    weir_status status = WEIR_OK;
    bool got = false;
    while (!got) {
        if (c->at < c->end) {
            status = c->automaton ? step_automaton(c, &chunk, &got, err)
                                  : step_regular(c, &chunk, &got, err);
        } else if (at_head(c)) {
            status = meet_head(c, &chunk, &got, err);
        } else if (!at_input_end(c)) {
            status = next_block(c, err);
        } else if (c->held.bytes || c->begin < c->end) {
            bool more = false;
            status = last_record(c, &chunk, &got, &more, err);
        } else {
            *end = true;
            return WEIR_OK;
        }
        if (status != WEIR_OK) {
            if (got) weir_chunk_clear(&chunk);
            return status;
        }
    }
    /* Whether this was the last chunk shows only when the input is asked for more. */
    while (c->begin == c->end && (at_head(c) || !at_input_end(c))) {
        status = at_head(c) ? pass_head(c, err) : next_block(c, err);
        if (status != WEIR_OK) {
            weir_chunk_clear(&chunk);
            return status;
        }
        if (at_input_end(c) && c->begin == c->end) chunk.flags |= WEIR_CHUNK_LAST;
    }
    *end = false;
    *out = chunk;
    return WEIR_OK;
}

/* ---- life ---------------------------------------------------------------------------------- */

/* Keeps the head, in which members of a compressed file may begin again. */
#define HEAD_MAX_BYTES ((size_t)64 << 10)
static weir_status keep_head(weir_cutter *c, const weir_csv_head *head, weir_error *err) {
    const uint8_t *p = head->block->data + head->front;
    size_t n = head->begin - head->front;
    if (!head->front || n == 0 || n > HEAD_MAX_BYTES) return WEIR_OK;
    if (p[n - 1] != '\n' && p[n - 1] != '\r') return WEIR_OK;
    weir_status status = weir_block_new(c->request->ledger, n, &c->head, err);
    if (status != WEIR_OK) return status;
    memcpy(c->head->data, p, n);
    c->head_bytes = n;
    return WEIR_OK;
}

static weir_status cutter_new(const weir_read_request *request, weir_stream *in, uint8_t prior,
                              weir_cutter **out, weir_error *err) {
    weir_csv_head head = {0};
    weir_cutter *c = weir_alloc_zero(1, sizeof *c);
    if (!c) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    c->request = request;
    c->kernels = weir_csv_kernels_pick();
    WEIR_TRY(weir_csv_head_read(request, in, prior, &head, err));
    c->dialect = head.dialect;
    c->layout = head.layout;
    c->members = head.members;
    c->n_members = head.n_members;
    c->byte = head.byte;
    c->line = head.line;
    c->stream_end = head.at_end;
    c->automaton = !c->dialect.regular;
    c->scan.wary = true;
    const weir_csv_read_config *config = request->config;
    uint32_t width = head.width ? head.width : head.layout->n_names;
    int64_t footer = in->partial ? 0 : config->skip_footer; /* its end is not the text's */
    status = weir_csv_tail_begin(&c->tail, in, &c->dialect, width, footer, &head, err);
    c->footer_told = head.footer_seen;
    if (status == WEIR_OK && c->tail.n_lines && !c->footer_told) status = tell_footer(c, err);
    if (status == WEIR_OK) status = keep_head(c, &head, err);
    if (status == WEIR_OK) status = list_push(&c->replay, head.block, head.begin, head.end, err);
    if (status != WEIR_OK) {
        weir_block_release(head.block);
        goto out;
    }
    *out = c;
    c = NULL;
out:
    weir_csv_cutter_free(c);
    return status;
}

weir_status weir_csv_cutter_new(const weir_read_request *request, weir_stream *in,
                                weir_cutter **out, weir_error *err) {
    return cutter_new(request, in, ',', out, err);
}

weir_status weir_tsv_cutter_new(const weir_read_request *request, weir_stream *in,
                                weir_cutter **out, weir_error *err) {
    return cutter_new(request, in, '\t', out, err);
}

weir_layout *weir_csv_cutter_layout(weir_cutter *c) {
    return c->layout;
}

void weir_csv_cutter_free(weir_cutter *c) {
    if (!c) return;
    list_clear(&c->held);
    list_clear(&c->replay);
    weir_block_release(c->cur);
    weir_layout_release(c->layout);
    weir_csv_tail_clear(&c->tail);
    weir_block_release(c->head);
    weir_free(c->members);
    weir_free(c);
}
