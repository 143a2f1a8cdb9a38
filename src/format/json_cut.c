/* The cutter: a stream of bytes -> chunks of whole records.
 *
 * Lines: a block is filled, cut behind its last line feed, and the rest goes to the front of the
 * next block.  Values: the same, but the cut is behind the last value that ended, and what stands
 * between the values of an array is checked here, once and serially.
 */
#include "format/json_cut.h"
#include "text/json.h"
#include "text/json_scan.h"

/* How much of the input decides what form it has. */
#define HEAD_BYTES ((size_t)64 << 10)

static bool is_space(char c) {
    return weir_json_is_blank(c) || c == '\n';
}

/* ---- blocks -------------------------------------------------------------------------------- */

/* A new block with the bytes keep..end of the old one in front, and filled from the stream. */
weir_status weir_json_cut_refill(weir_cutter *c, size_t keep, weir_error *err) {
    size_t tail = c->cur ? c->end - keep : 0, capacity = c->request->chunk_bytes, got = 0;
    size_t max = c->request->max_record_bytes + 1;
    if (weir_cancel_requested(c->request->cancel))
        return weir_error_set(err, WEIR_CANCELLED, "cancelled");
    if (capacity < 64) capacity = 64;
    if (tail > capacity / 2) capacity = tail * 2; /* a long record */
    if (tail > capacity / 4 && capacity > max) capacity = max > tail ? max : tail;
    if (capacity > UINT32_MAX)
        return weir_error_set(err, WEIR_RESOURCE, "a record of more than 4 GiB");
    weir_block *block = NULL;
    weir_status status = weir_block_new(c->request->ledger, capacity, &block, err);
    if (status != WEIR_OK) return status;
    if (tail) memcpy(block->data, c->cur->data + keep, tail);
    status = weir_stream_read_full(c->in, block->data + tail, capacity - tail, &got, err);
    if (status != WEIR_OK) {
        weir_block_release(block);
        return status;
    }
    c->stream_end = got < capacity - tail;
    block->size = tail + got;
    /* What is read behind a record that is cut off must not be what another one left there. */
    memset(block->data + block->size, 0, WEIR_BLOCK_PAD);
    weir_block_release(c->cur);
    c->cur = block;
    c->at -= c->at > keep ? keep : c->at;
    c->record -= c->record > keep ? keep : c->record;
    c->safe = c->begin = 0;
    c->end = tail + got;
    return WEIR_OK;
}

/* begin goes on to `to`, behind so many line feeds. */
static void advance(weir_cutter *c, size_t to, uint64_t lines) {
    const char *p = (const char *)c->cur->data + c->begin;
    const char *lf = lines ? memrchr(p, '\n', to - c->begin) : NULL;
    if (lf) c->line_byte = c->byte + (uint64_t)(lf - p) + 1;
    c->byte += to - c->begin;
    c->line += lines;
    c->begin = c->safe = to;
}

/* Hands out begin..to. */
void weir_json_cut_emit(weir_cutter *c, size_t to, uint32_t flags, weir_chunk *out) {
    const char *p = (const char *)c->cur->data;
    uint64_t lines = weir_json_count_lines(p + c->begin, to - c->begin);
    if (c->stream_end && to == c->end) flags |= WEIR_CHUNK_LAST;
    if (c->lines && c->line_end == '\r') flags |= WEIR_JSON_CHUNK_CR;
    if (!c->lines) {
        flags |= WEIR_JSON_CHUNK_VALUES;
        if (c->begin_in_array || !c->apart) flags |= WEIR_JSON_CHUNK_IN_ARRAY;
    }
    *out = (weir_chunk){.block = weir_block_retain(c->cur),
                        .begin = (uint32_t)c->begin,
                        .end = (uint32_t)to,
                        .flags = flags,
                        .n_lines = (uint32_t)lines,
                        .sequence = c->sequence++,
                        .first_byte = c->byte,
                        .first_line = c->line};
    advance(c, to, lines);
    c->begin_in_array = c->safe_in_array;
}

/* Goes on without handing out begin..to. */
void weir_json_cut_drop(weir_cutter *c, size_t to) {
    advance(c, to, weir_json_count_lines((const char *)c->cur->data + c->begin, to - c->begin));
}

/* Hands out the beginning of a record that is longer than allowed; the rest is dropped. */
void weir_json_cut_emit_long(weir_cutter *c, weir_chunk *out) {
    size_t to = c->end - c->begin > WEIR_JSON_KEEP_BYTES ? c->begin + WEIR_JSON_KEEP_BYTES : c->end;
    bool in_array = c->safe_in_array;
    c->safe_in_array = c->in_array;
    weir_json_cut_emit(c, to, WEIR_CHUNK_TOO_LONG, out);
    out->skipped_bytes = c->end - to;
    c->safe_in_array = in_array;
    c->dropping = true;
}

bool weir_json_cut_too_long(const weir_cutter *c, size_t begin) {
    return c->end - begin > c->request->max_record_bytes;
}

/* ---- lines --------------------------------------------------------------------------------- */

static weir_status next_lines(weir_cutter *c, weir_chunk *out, bool *got, bool *end,
                              weir_error *err) {
    weir_status status = WEIR_OK;
    for (;;) {
        const char *p = (const char *)c->cur->data;
        size_t size = c->end - c->begin;
        const char *nl = NULL;
        if (c->dropping) {
            nl = size ? memchr(p + c->begin, c->line_end, size) : NULL;
            weir_json_cut_drop(c, nl ? (size_t)(nl - p) + 1 : c->end);
            c->dropping = !nl && !c->stream_end;
            if (nl || c->stream_end) continue;
        } else if (c->stream_end && (size == 0 || !weir_json_cut_too_long(c, c->begin))) {
            *end = size == 0;
            *got = size != 0;
            if (*got) weir_json_cut_emit(c, c->end, 0, out);
            return WEIR_OK;
        } else {
            nl = size ? memrchr(p + c->begin, c->line_end, size) : NULL;
            if (nl) {
                weir_json_cut_emit(c, (size_t)(nl - p) + 1, 0, out);
                *got = true;
                return WEIR_OK;
            }
            if (weir_json_cut_too_long(c, c->begin)) {
                weir_json_cut_emit_long(c, out);
                *got = true;
                return WEIR_OK;
            }
        }
        WEIR_TRY(weir_json_cut_refill(c, c->begin, err));
    }
out:
    return status;
}

/* The texts between RS as records, which may go over lines. */
static weir_status index_sequence(const weir_cutter *c, weir_chunk *chunk, weir_error *err) {
    const char *data = (const char *)chunk->block->data;
    weir_block *index = NULL;
    size_t n = 1;
    for (size_t i = chunk->begin; i < chunk->end; i++) n += data[i] == WEIR_JSON_RS;
    weir_status status = weir_block_new(c->request->ledger, n * 2 * sizeof(uint32_t), &index, err);
    if (status != WEIR_OK) return status;
    uint32_t *to = (uint32_t *)(void *)index->data;
    for (size_t i = chunk->begin; i < chunk->end; i++) {
        const char *rs = memchr(data + i, WEIR_JSON_RS, chunk->end - i);
        size_t begin = i, end = rs ? (size_t)(rs - data) : chunk->end;
        i = end;
        while (begin < end && is_space(data[begin])) begin++;
        while (end > begin && is_space(data[end - 1])) end--;
        if (begin == end) continue;
        *to++ = (uint32_t)begin;
        *to++ = (uint32_t)end;
    }
    index->size = (size_t)((uint8_t *)to - index->data);
    chunk->index = index;
    chunk->flags |= WEIR_JSON_CHUNK_VALUES;
    return WEIR_OK;
}

/* ---- values -------------------------------------------------------------------------------- */

static const char not_closed[] = "the array is not closed";
static const char behind_array[] = "something stands behind the array whose elements are the "
                                   "records";
static const char behind_object[] = "a value that is no object stands behind an object";

/* What to do about c->fault, whose byte is b (0: the end of the file). */
static const char *remedy(const weir_cutter *c, const char *what, char b) {
    if (b == '/' || b == '#') return "JSON has no comments: take them out first";
    if (what == not_closed) return "its end is missing: was the file cut off while it was written?";
    if (what == behind_array)
        return "`record_path: $` takes the elements of each array in the file, `format: ndjson` "
               "each line as one record";
    if (what == behind_object)
        return "where each line is one record, say `format: ndjson`: then such a line is a reject";
    if (b == '}' || (b == ']' && !c->in_array)) return "it closes what was never opened";
    if (!c->in_array) return "between values at the top stands nothing but white space";
    if (c->expect == EXPECT_COMMA)
        return "the elements of an array stand behind a comma each: one is missing here, or a "
               "quote or bracket before it";
    if (c->expect == EXPECT_FIRST) return "take the comma away";
    return b == ']' ? "take away the comma before the bracket" : "take one of the commas away";
}

/* In front of the byte c->at stand so many of its line, without carriage returns at a break. */
static int64_t column_of(const weir_cutter *c) {
    const char *p = (const char *)c->cur->data + c->begin;
    const char *lf = c->at > c->begin ? memrchr(p, '\n', c->at - c->begin) : NULL;
    uint64_t at = c->byte + (c->at - c->begin);
    return (int64_t)(at - (lf ? c->byte + (uint64_t)(lf - p) + 1 : c->line_byte)) + 1;
}

weir_status weir_json_cut_malformed(const weir_cutter *c, const char *what, weir_error *err) {
    const char *p = (const char *)c->cur->data;
    uint64_t line = c->line + weir_json_count_lines(p + c->begin, c->at - c->begin);
    weir_status s = weir_error_set(err, WEIR_DATA, "malformed JSON: %s", what);
    weir_error_at(err, c->in->name, (int64_t)line, column_of(c));
    if (err) err->byte = (int64_t)(c->byte + (c->at - c->begin));
    if (!c->path) weir_error_hint(err, "%s", remedy(c, what, c->at < c->end ? p[c->at] : 0));
    return s;
}

/* A byte between two values at the top: true when it begins one.  Sets c->fault. */
static bool between_documents(weir_cutter *c, char b) {
    bool begins = b != ',' && b != ']' && b != '}' && b != '/' && b != '#';
    if (!begins) {
        c->fault = "a value expected";
    } else if (c->closed) {
        c->fault = behind_array;
    } else if (c->apart) {
        c->in_array = true;
        c->expect = EXPECT_FIRST;
        return false;
    } else if (c->begun && c->objects && b != '[' && b != '{') {
        c->fault = behind_object;
    }
    if (!c->begun) c->objects = b == '{';
    c->begun = true;
    return !c->fault;
}

/* A byte between two values: true when it begins one.  Sets c->fault. */
static bool between(weir_cutter *c, char b) {
    if (weir_json_is_blank(b) || b == '\n' || (b == WEIR_JSON_RS && !c->in_array)) return false;
    if (!c->in_array) return between_documents(c, b);
    if (b == ']' && c->expect != EXPECT_VALUE) {
        c->in_array = false;
        c->closed = true;
    } else if (b == ',' && c->expect == EXPECT_COMMA) {
        c->expect = EXPECT_VALUE;
    } else if (c->expect == EXPECT_COMMA) {
        c->fault = "',' or ']' expected";
    } else if (b == ',' || b == ']' || b == '}' || b == '/' || b == '#') {
        c->fault = "a value expected";
    } else {
        return true;
    }
    return false;
}

/* Walks to the end of the block, or to a fault. */
static void walk(weir_cutter *c) {
    const char *p = (const char *)c->cur->data;
    while (c->at < c->end && !c->fault) {
        if (!c->inside) {
            c->inside = between(c, p[c->at]);
            if (!c->inside) {
                c->at += !c->fault;
                continue;
            }
            c->record = c->at;
            c->span = (weir_json_span){0};
        }
        if (weir_json_span_step(&c->span, p, &c->at, c->end) == WEIR_JSON_STEP_MORE) break;
        c->inside = false;
        c->expect = EXPECT_COMMA;
        if (c->dropping) weir_json_cut_drop(c, c->at);
        c->dropping = false;
        c->safe = c->at;
        c->safe_in_array = c->in_array;
    }
}

static weir_status next_values(weir_cutter *c, weir_chunk *out, bool *got, bool *end,
                               weir_error *err) {
    weir_status status = WEIR_OK;
    for (;;) {
        walk(c);
        bool long_one = c->inside && !c->dropping && weir_json_cut_too_long(c, c->record);
        *got = true;
        if (c->dropping) {
            weir_json_cut_drop(c, c->end);
        } else if (c->safe > c->begin && (c->fault || long_one || !c->stream_end || c->in_array)) {
            weir_json_cut_emit(c, c->safe, 0, out);
            return WEIR_OK;
        } else if (c->fault) {
            return weir_json_cut_malformed(c, c->fault, err);
        } else if (long_one) {
            weir_json_cut_drop(c, c->record);
            weir_json_cut_emit_long(c, out);
            return WEIR_OK;
        } else if (c->stream_end && c->begin < c->end && (c->inside || !c->in_array)) {
            weir_json_cut_emit(c, c->end, 0, out); /* a value that is cut off becomes a reject */
            c->inside = false;
            return WEIR_OK;
        }
        *got = false;
        if (c->stream_end) {
            if (c->in_array) return weir_json_cut_malformed(c, not_closed, err);
            *end = true;
            return WEIR_OK;
        }
        /* No whole value stands here: blanks and commas in front of the record need not be kept. */
        weir_json_cut_drop(c, c->inside && !c->dropping ? c->record : c->end);
        c->begin_in_array = c->in_array;
        WEIR_TRY(weir_json_cut_refill(c, c->begin, err));
    }
out:
    return status;
}

/* ---- life ---------------------------------------------------------------------------------- */

static weir_status check_encoding(weir_cutter *c, weir_error *err) {
    const uint8_t *p = c->cur->data;
    if (c->end >= 3 && p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF) {
        c->begin = c->at = c->safe = 3;
        c->byte = c->line_byte = 3;
        return WEIR_OK;
    }
    bool wide = c->end >= 2 && ((p[0] == 0xFF && p[1] == 0xFE) || (p[0] == 0xFE && p[1] == 0xFF) ||
                                (p[0] && !p[1]) || (!p[0] && p[1]));
    if (!wide) return WEIR_OK;
    weir_status s = weir_error_set(err, WEIR_DATA, "the file is UTF-16 or UTF-32, not UTF-8");
    weir_error_at(err, c->in->name, 0, 0);
    weir_error_hint(err, "convert it first, for example with iconv -f UTF-16 -t UTF-8");
    return s;
}

/* Reads on until the first line is whole (all: in any case), or more than HEAD_BYTES are there:
 * what is decided on them must not depend on how much one reading gave. */
static weir_status read_head(weir_cutter *c, bool all, weir_error *err) {
    weir_status status = WEIR_OK;
    for (;;) {
        const char *p = (const char *)c->cur->data;
        size_t begin = c->begin;
        while (begin < c->end && (is_space(p[begin]) || p[begin] == WEIR_JSON_RS)) begin++;
        if (c->stream_end || c->end - c->begin >= HEAD_BYTES) return WEIR_OK;
        if (c->end >= c->request->max_record_bytes) return WEIR_OK;
        if (!all && begin < c->end && memchr(p + begin, '\n', c->end - begin)) return WEIR_OK;
        size_t keep = c->begin;
        WEIR_TRY(weir_json_cut_refill(c, 0, err));
        c->begin = c->at = c->safe = keep;
    }
out:
    return status;
}

/* The bytes of the head, without the blanks in front. */
static const char *head(const weir_cutter *c, const char **end) {
    const char *p = (const char *)c->cur->data + c->begin;
    size_t n = c->end - c->begin;
    *end = p + (n < HEAD_BYTES ? n : HEAD_BYTES);
    while (p < *end && (is_space(*p) || *p == WEIR_JSON_RS)) p++;
    return p;
}

/* A JSON text sequence (RFC 7464): RS stands in front of each record. */
static bool is_sequence(const weir_cutter *c) {
    return c->begin < c->end && c->cur->data[c->begin] == (uint8_t)WEIR_JSON_RS;
}

static bool begins_with_array(const weir_cutter *c) {
    const char *end, *p = head(c, &end);
    return p < end && *p == '[';
}

/* Whether [p, end) is one whole value, with blanks around it. */
static bool is_whole(const char *p, const char *end) {
    const char *stop = weir_json_skip(p, end, WEIR_JSON_DEPTH_MAX, NULL, NULL);
    return stop && weir_json_skip_space(stop, end) == end;
}

/* Whether the first line that is not blank is one whole object, or it and the one behind it are
 * whole values: then lines are the safer guess, as one bad line spoils no other. */
static bool looks_like_lines(const weir_cutter *c) {
    const char *end, *p = head(c, &end);
    const char *nl = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    if (!nl || (*p != '{' && *p != '[') || !is_whole(p, nl)) return false;
    if (*p == '{') return true;
    p = weir_json_skip_space(nl, end);
    nl = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    return p < end && is_whole(p, nl ? nl : end);
}

/* Whether the first value is an array and the whole document, as far as one looks: then its
 * elements are the records.  Values that begin on further lines make each of them a record. */
static bool is_one_array(const weir_cutter *c) {
    const char *end, *p = head(c, &end), *data = (const char *)c->cur->data;
    size_t at = (size_t)(p - data), stop = (size_t)(end - data);
    weir_json_span span = {0};
    if (p == end || *p != '[') return false;
    if (weir_json_span_step(&span, data, &at, stop) != WEIR_JSON_STEP_DONE) return true;
    p = weir_json_skip_space(data + at, end);
    return p == end || !memchr(data + at, '\n', (size_t)(p - data) - at) ||
           strchr(",]}/#", *p) != NULL;
}

/* Whether the first line begins a value of which it is not the whole. */
static bool begins_in_a_line(const weir_cutter *c) {
    const char *end, *p = head(c, &end);
    const char *nl = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    return nl && (*p == '{' || *p == '[') &&
           !weir_json_skip(p, nl, WEIR_JSON_DEPTH_MAX, NULL, NULL);
}

/* ... and that value is sound, or (an array) its first element is: then this is no NDJSON, whatever
 * the file is called, but values over several lines. */
static bool goes_over_lines(const weir_cutter *c) {
    const char *end, *p = head(c, &end);
    if (weir_json_skip(p, end, WEIR_JSON_DEPTH_MAX, NULL, NULL)) return true;
    if (*p != '[') return false;
    p = weir_json_skip_space(p + 1, end);
    p = p < end ? weir_json_skip(p, end, WEIR_JSON_DEPTH_MAX, NULL, NULL) : NULL;
    p = p ? weir_json_skip_space(p, end) : end;
    return p < end && *p == ',';
}

/* Where there is no LF, as far as one looks, a CR ends a line. */
static char line_end_of(const weir_cutter *c) {
    const char *end, *p = head(c, &end);
    size_t n = (size_t)(end - p);
    return n && !memchr(p, '\n', n) && memchr(p, '\r', n) ? '\r' : '\n';
}

weir_status weir_json_cutter_new(const weir_read_request *request, weir_stream *in,
                                 weir_cutter **out, weir_error *err) {
    const weir_json_read_config *config = request->config;
    weir_status status = WEIR_OK;
    weir_cutter *c = weir_alloc_zero(1, sizeof *c);
    if (!c) return weir_error_nomem(err);
    c->request = request;
    c->in = in;
    c->line = 1;
    WEIR_TRY(weir_json_cut_refill(c, 0, err));
    WEIR_TRY(check_encoding(c, err));
    WEIR_TRY(read_head(c, false, err));
    if (begins_with_array(c)) WEIR_TRY(read_head(c, true, err));
    c->line_end = config->lines ? line_end_of(c) : '\n';
    WEIR_TRY(weir_json_path_begin(c, err));
    c->lines = config->lines || looks_like_lines(c);
    if (is_sequence(c)) {
        c->lines = !c->path;
        c->line_end = WEIR_JSON_RS;
    } else if (c->lines && begins_in_a_line(c)) {
        WEIR_TRY(read_head(c, true, err));
        c->lines = !goes_over_lines(c);
    }
    c->apart = !c->lines && is_one_array(c);
    if (c->path && c->lines) weir_json_path_by_lines(c);
    if (c->path) c->lines = false;
    *out = c;
    c = NULL;
out:
    weir_json_cutter_free(c);
    return status;
}

weir_layout *weir_json_cutter_layout(weir_cutter *c) {
    (void)c;
    return NULL; /* records name their own fields */
}

weir_status weir_json_cutter_next(weir_cutter *c, weir_chunk *out, bool *end, weir_error *err) {
    weir_chunk chunk = {0};
    bool got = false, last = false;
    weir_status status = c->path    ? weir_json_path_next(c, &chunk, &got, &last, err)
                         : c->lines ? next_lines(c, &chunk, &got, &last, err)
                                    : next_values(c, &chunk, &got, &last, err);
    if (status == WEIR_OK && got && c->lines && c->line_end == WEIR_JSON_RS &&
        !(chunk.flags & WEIR_CHUNK_TOO_LONG))
        status = index_sequence(c, &chunk, err);
    if (status != WEIR_OK) {
        weir_chunk_clear(&chunk);
        return status;
    }
    *end = last;
    if (got) *out = chunk;
    return WEIR_OK;
}

void weir_json_cutter_free(weir_cutter *c) {
    if (!c) return;
    weir_json_path_free(c->path);
    weir_block_release(c->cur);
    weir_free(c);
}
