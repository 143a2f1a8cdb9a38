/* The automaton: one byte after the other.  It alone defines where records and fields end and what
 * is a fault; the vector code must agree with it on every text that it takes.
 *
 * Strict RFC 4180, with these answers where the text breaks it:
 *   a quote inside an unquoted field     is an ordinary character, and a flaw (unless keep_stray)
 *   text behind a closing quote          goes on as an unquoted field, and is a flaw
 *   CR outside quotes, not before LF     is an ordinary character, and a flaw (unless lone_cr)
 *   CR or CR LF at the end of the input  end the last line
 *
 * Where the escape is not the quote, a quote inside quotes may be written either way.
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

/* The next byte of a delimiter of several bytes; true when b is its last.  (Knuth, Morris, Pratt)
 */
static inline bool delimiter_byte(weir_csv_scan *s, const weir_csv_dialect *d, uint8_t b) {
    for (;;) {
        uint8_t want = s->matched ? d->delimiter_rest[s->matched - 1] : d->delimiter;
        if (b == want) break;
        if (!s->matched) return false;
        s->matched = d->delimiter_back[s->matched - 1];
    }
    if (++s->matched < d->delimiter_size) return false;
    s->matched = 0;
    return true;
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
    if (d->delimiter_size > 1 ? delimiter_byte(s, d, b) : b == d->delimiter) {
        close_field(s, at + 1 - d->delimiter_size);
        s->state = WEIR_CSV_AT_START;
    } else if (b == '\n') {
        return true;
    } else if (b == '\r') {
        s->pending_end = (uint32_t)at;
        s->state = WEIR_CSV_PLAIN_CR;
    } else if (b == d->quote && d->has_quote && s->state == WEIR_CSV_AT_START) {
        s->state = WEIR_CSV_IN_QUOTES;
        s->filled = s->n_fields + 1;
    } else if (d->escapes_plain && b == d->escape) {
        s->filled = s->n_fields + 1;
        s->state = WEIR_CSV_PLAIN_ESCAPE;
    } else {
        if (b == d->quote && d->has_quote && !d->keep_stray) flaw(s, WEIR_CSV_STRAY);
        if (!s->matched) s->filled = s->n_fields + 1;
        s->state = WEIR_CSV_IN_PLAIN;
    }
    return false;
}

/* A byte inside quotes.  Returns true when the record ends there (one_line only). */
static inline bool quoted_byte(weir_csv_scan *s, const weir_csv_dialect *d, uint8_t b, size_t at) {
    bool escaped = s->state == WEIR_CSV_AFTER_ESCAPE;
    if (b == '\n' || (b == '\r' && d->lone_cr)) {
        s->multi = true;
        s->last_line = at + 1;
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
    /* Behind the beginning of a delimiter of several bytes may stand only the rest of it. */
    if (s->matched && b != d->delimiter_rest[s->matched - 1]) {
        flaw(s, WEIR_CSV_BEHIND);
        s->state = WEIR_CSV_IN_PLAIN;
        return plain_byte(s, d, b, at);
    }
    if (b == d->quote) {
        s->state = WEIR_CSV_IN_QUOTES;
    } else if (d->delimiter_size > 1 && delimiter_byte(s, d, b)) {
        close_field(s, at + 1 - d->delimiter_size);
        s->state = WEIR_CSV_AT_START;
    } else if (s->matched) {
        return false;
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

/* A byte at the start of a record where comments are known.  True when it belongs to a mark. */
static inline bool mark_byte(weir_csv_scan *s, const weir_csv_dialect *d, uint8_t b) {
    if (b != (uint8_t)d->comment[s->matched]) {
        if (s->state == WEIR_CSV_COMMENT_MARK) {
            s->state = WEIR_CSV_IN_PLAIN;
            s->filled = 1;
        }
        s->matched = 0;
        return false;
    }
    s->comment = ++s->matched == d->comment_size;
    s->state = s->comment ? WEIR_CSV_IN_COMMENT : WEIR_CSV_COMMENT_MARK;
    if (s->comment) s->matched = 0;
    return true;
}

/* A byte of a comment; true when it ends there. */
static inline bool comment_byte(weir_csv_scan *s, const weir_csv_dialect *d, uint8_t b, size_t at) {
    if (b == '\r' && d->lone_cr) {
        s->pending_end = (uint32_t)at;
        s->state = WEIR_CSV_PLAIN_CR;
    }
    return b == '\n';
}

size_t weir_csv_scan_run(weir_csv_scan *s, const weir_csv_dialect *d, const uint8_t *p, size_t at,
                         size_t to) {
    for (; at < to; at++) {
        bool ended = false;
        if (s->state == WEIR_CSV_IN_PLAIN || s->state == WEIR_CSV_IN_QUOTES) {
            size_t from = at;
            at = pass_plain(d, p, at, to);
            if (at > from) s->matched = 0;
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
            s->filled = s->n_fields + 1;
            ended = plain_byte(s, d, b, at);
            break;
        case WEIR_CSV_COMMENT_MARK:
        case WEIR_CSV_AT_START:
            if (d->comment_size && s->n_fields == 0 && mark_byte(s, d, b)) break;
            ended = plain_byte(s, d, b, at);
            break;
        case WEIR_CSV_IN_PLAIN: ended = plain_byte(s, d, b, at); break;
        case WEIR_CSV_PLAIN_ESCAPE:
            s->multi |= b == '\n';
            s->state = WEIR_CSV_IN_PLAIN;
            if (b == '\n' && s->one_line) ended = true;
            break;
        case WEIR_CSV_IN_COMMENT: ended = comment_byte(s, d, b, at); break;
        case WEIR_CSV_IN_QUOTES:
        case WEIR_CSV_AFTER_ESCAPE: ended = quoted_byte(s, d, b, at); break;
        case WEIR_CSV_AFTER_QUOTE: ended = after_quote_byte(s, d, b, at); break;
        }
        if (s->wary && s->multi && !s->one_line && (s->flaws & WEIR_CSV_QUOTE_FLAWS)) {
            s->broken = true;
            return at + 1;
        }
        if (ended) return close_record(s, at, at + 1);
    }
    return to;
}

void weir_csv_scan_finish(weir_csv_scan *s, size_t to) {
    size_t end = to;
    if (s->state == WEIR_CSV_IN_QUOTES || s->state == WEIR_CSV_AFTER_ESCAPE)
        flaw(s, WEIR_CSV_UNCLOSED);
    else if (s->state == WEIR_CSV_AFTER_QUOTE && s->matched)
        flaw(s, WEIR_CSV_BEHIND);
    else if (s->state == WEIR_CSV_PLAIN_CR || s->state == WEIR_CSV_QUOTE_CR)
        end = s->pending_end;
    (void)close_record(s, end, to);
}

/* ---- quotes off ---------------------------------------------------------------------------- */

bool weir_csv_unquote(const weir_csv_dialect *d, weir_slice field, weir_slice *inner) {
    inner->data = field.data + 1;
    inner->size = field.size - 2;
    return memchr(inner->data, d->escape, inner->size) != NULL ||
           (!d->doubled && memchr(inner->data, d->quote, inner->size));
}

/* The next quote or escape in p..end, or end. */
static const char *next_special(const weir_csv_dialect *d, const char *p, const char *end) {
    const char *stop = memchr(p, d->escape, (size_t)(end - p));
    if (!stop) stop = end;
    const char *quote = d->doubled ? NULL : memchr(p, d->quote, (size_t)(stop - p));
    return quote ? quote : stop;
}

size_t weir_csv_unescape(const weir_csv_dialect *d, weir_slice inner, char *out) {
    const char *p = inner.data, *end = p + inner.size;
    char *o = out;
    while (p < end) {
        const char *stop = next_special(d, p, end);
        size_t n = (size_t)(stop - p);
        memcpy(o, p, n);
        o += n;
        if (stop == end) break;
        p = stop + 1;
        /* An escape counts in front of a quote or itself, a quote in front of a quote; else it is
         * a character. */
        bool escape = (uint8_t)*stop == d->escape;
        if (p < end && ((uint8_t)*p == d->quote || (escape && (uint8_t)*p == d->escape)))
            *o++ = *p++;
        else
            *o++ = *stop;
    }
    return (size_t)(o - out);
}

/* ---- escapes outside quotes ----------------------------------------------------------------- */

/* What an escaped letter stands for, as in PostgreSQL's COPY; 0 = itself. */
static char letter(char c) {
    static const char from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : 0;
}

size_t weir_csv_unescape_plain(const weir_csv_dialect *d, weir_slice text, char *out) {
    const char *p = text.data, *end = p + text.size;
    char *o = out;
    while (p < end) {
        char c = *p++;
        if ((uint8_t)c != d->escape || p == end) {
            *o++ = c;
            continue;
        }
        char meant = letter(*p);
        *o++ = meant ? meant : *p;
        p++;
    }
    return (size_t)(o - out);
}
