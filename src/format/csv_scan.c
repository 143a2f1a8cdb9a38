/* The automaton: one byte after the other.  It alone defines where records and fields end and what
 * is a fault; the vector code must agree with it on every text that it takes.
 *
 * Strict RFC 4180, with these answers where the text breaks it:
 *   a quote inside an unquoted field     is an ordinary character, and a flaw (unless keep_stray)
 *   text behind a closing quote          goes on as an unquoted field, and is a flaw
 *   CR outside quotes, not before LF     is an ordinary character, and a flaw (unless lone_cr)
 *   CR or CR LF at the end of the input  end the last line
 */
#include "format/csv.h"

static inline void flaw(weir_csv_scan *s, uint8_t kind) {
    if (!s->flaws) s->flawed_field = s->n_fields;
    s->flaws |= kind;
}

static inline void close_field(weir_csv_scan *s, size_t end) {
    if (s->n_fields < s->max_fields) s->ends[s->n_fields] = (uint32_t)end;
    s->n_fields++;
}

static inline size_t close_record(weir_csv_scan *s, size_t field_end, size_t next) {
    close_field(s, field_end);
    s->done = true;
    return next;
}

/* Bytes that mean nothing in a plain or quoted field. */
static inline size_t pass_plain(const weir_csv_dialect *d, const uint8_t *p, size_t at, size_t to) {
    while (at < to && !d->stops[p[at]]) at++;
    return at;
}

/* A byte at the start of a field or inside a plain one.  Returns true when the record has ended at
 * that byte. */
static inline bool plain_byte(weir_csv_scan *s, const weir_csv_dialect *d, uint8_t b, size_t at) {
    if (b == d->delimiter) {
        close_field(s, at);
        s->state = WEIR_CSV_AT_START;
    } else if (b == '\n') {
        return true;
    } else if (b == '\r') {
        s->pending_end = (uint32_t)at;
        s->state = WEIR_CSV_PLAIN_CR;
    } else if (b == d->quote && d->has_quote && s->state == WEIR_CSV_AT_START) {
        s->state = WEIR_CSV_IN_QUOTES;
    } else {
        if (b == d->quote && d->has_quote && !d->keep_stray) flaw(s, WEIR_CSV_STRAY);
        s->state = WEIR_CSV_IN_PLAIN;
    }
    return false;
}

/* A byte inside quotes.  Returns true when the record ends there (one_line only). */
static inline bool quoted_byte(weir_csv_scan *s, const weir_csv_dialect *d, uint8_t b, size_t at) {
    bool escaped = s->state == WEIR_CSV_AFTER_ESCAPE;
    if (b == '\n' || (b == '\r' && d->lone_cr)) {
        s->multi = true;
        s->state = WEIR_CSV_IN_QUOTES;
        if (!s->one_line) return false;
        flaw(s, WEIR_CSV_UNCLOSED);
        if (b == '\n') return true;
        s->pending_end = (uint32_t)at;
        s->state = WEIR_CSV_PLAIN_CR;
    } else if (escaped) {
        s->state = WEIR_CSV_IN_QUOTES;
    } else if (b == d->escape && !d->doubled) {
        s->state = WEIR_CSV_AFTER_ESCAPE;
    } else if (b == d->quote) {
        s->state = WEIR_CSV_AFTER_QUOTE;
    }
    return false;
}

/* A byte behind a closing quote.  Returns true when the record ends there. */
static inline bool after_quote_byte(weir_csv_scan *s, const weir_csv_dialect *d, uint8_t b,
                                    size_t at) {
    if (b == d->quote && d->doubled) {
        s->state = WEIR_CSV_IN_QUOTES;
    } else if (b == d->delimiter) {
        close_field(s, at);
        s->state = WEIR_CSV_AT_START;
    } else if (b == '\n') {
        return true;
    } else if (b == '\r') {
        s->pending_end = (uint32_t)at;
        s->state = WEIR_CSV_QUOTE_CR;
    } else {
        flaw(s, WEIR_CSV_BEHIND);
        s->state = WEIR_CSV_IN_PLAIN;
    }
    return false;
}

size_t weir_csv_scan_run(weir_csv_scan *s, const weir_csv_dialect *d, const uint8_t *p, size_t at,
                         size_t to) {
    for (; at < to; at++) {
        bool ended = false;
        if (s->state == WEIR_CSV_IN_PLAIN || s->state == WEIR_CSV_IN_QUOTES) {
            at = pass_plain(d, p, at, to);
            if (at == to) break;
        }
        uint8_t b = p[at];
        switch ((weir_csv_state)s->state) {
        case WEIR_CSV_PLAIN_CR:
        case WEIR_CSV_QUOTE_CR:
            if (b == '\n') return close_record(s, s->pending_end, at + 1);
            if (d->lone_cr) return close_record(s, s->pending_end, at);
            flaw(s, s->state == WEIR_CSV_QUOTE_CR ? WEIR_CSV_BEHIND : WEIR_CSV_BARE_CR);
            s->state = WEIR_CSV_IN_PLAIN;
            ended = plain_byte(s, d, b, at);
            break;
        case WEIR_CSV_AT_START:
        case WEIR_CSV_IN_PLAIN: ended = plain_byte(s, d, b, at); break;
        case WEIR_CSV_IN_QUOTES:
        case WEIR_CSV_AFTER_ESCAPE: ended = quoted_byte(s, d, b, at); break;
        case WEIR_CSV_AFTER_QUOTE: ended = after_quote_byte(s, d, b, at); break;
        }
        if (ended) return close_record(s, at, at + 1);
    }
    return to;
}

void weir_csv_scan_finish(weir_csv_scan *s, size_t to) {
    size_t end = to;
    if (s->state == WEIR_CSV_IN_QUOTES || s->state == WEIR_CSV_AFTER_ESCAPE)
        flaw(s, WEIR_CSV_UNCLOSED);
    else if (s->state == WEIR_CSV_PLAIN_CR || s->state == WEIR_CSV_QUOTE_CR)
        end = s->pending_end;
    (void)close_record(s, end, to);
}

/* ---- quotes off ---------------------------------------------------------------------------- */

bool weir_csv_unquote(const weir_csv_dialect *d, weir_slice field, weir_slice *inner) {
    inner->data = field.data + 1;
    inner->size = field.size - 2;
    return memchr(inner->data, d->escape, inner->size) != NULL;
}

size_t weir_csv_unescape(const weir_csv_dialect *d, weir_slice inner, char *out) {
    const char *p = inner.data, *end = p + inner.size;
    char *o = out;
    while (p < end) {
        const char *stop = memchr(p, d->escape, (size_t)(end - p));
        size_t n = (size_t)((stop ? stop : end) - p);
        memcpy(o, p, n);
        o += n;
        if (!stop) break;
        p = stop + 1;
        /* An escape counts in front of a quote or itself, else it is a character. */
        if (p < end && ((uint8_t)*p == d->quote || (uint8_t)*p == d->escape))
            *o++ = *p++;
        else
            *o++ = (char)d->escape;
    }
    return (size_t)(o - out);
}
