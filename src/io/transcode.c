/* Text in any encoding as UTF-8.
 *
 * A byte or sequence that means nothing in its encoding comes out as bytes that are no UTF-8, so
 * that the reader behind rejects the record and nothing is replaced silently: a lone surrogate as
 * the three bytes that would encode it, anything else as 0xFF and, where it is no ASCII, the byte
 * itself.
 */
#include <errno.h>
#include <iconv.h>

#include "io/charset.h"
#include "text/utf8.h"

#define HEAD_BYTES ((size_t)256 << 10) /* looked at to tell the encoding */
#define CONTEXT_BYTES 64u              /* in front of the first byte that is not ASCII */
#define IN_BYTES ((size_t)32 << 10)
#define OUT_BYTES (IN_BYTES * 3 + 64)
#define NO_ICONV ((iconv_t)-1)

typedef struct transcoder {
    weir_stream base;
    weir_charset charset;
    weir_charset_found found;
    weir_transcode_tell tell;
    void *tell_context;
    bool watching; /* all was ASCII so far: the first byte that is not decides */
    uint8_t context[CONTEXT_BYTES];
    iconv_t library;
    uint8_t *in; /* bytes in_at..in_end wait to be converted */
    size_t in_at, in_end, in_capacity;
    bool in_eof, flushed;
    uint8_t *out; /* NULL: the bytes are UTF-8 and pass */
    size_t out_at, out_end;
    weir_status failed;
    /* TABLE: each byte's UTF-8, its length in the highest byte */
    uint32_t bytes[256];
    bool ascii; /* TABLE: the lower half is ASCII */
} transcoder;

/* ---- one encoding each ----------------------------------------------------------------------
 * They read from in[in_at] on, append to out while there is room, and stop in front of what is not
 * whole yet. */

static void put_bad(transcoder *t, uint8_t byte) {
    t->out[t->out_end++] = 0xFF;
    if (byte >= 0x80) t->out[t->out_end++] = byte;
}

/* A surrogate in the three bytes it would have. */
static void put_surrogate(transcoder *t, uint32_t c) {
    t->out[t->out_end++] = (uint8_t)(0xE0 | c >> 12);
    t->out[t->out_end++] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    t->out[t->out_end++] = (uint8_t)(0x80 | (c & 0x3F));
}

static void put_char(transcoder *t, uint32_t c) {
    if (c < 0x80)
        t->out[t->out_end++] = (uint8_t)c;
    else
        t->out_end += weir_utf8_encode(c, (char *)t->out + t->out_end);
}

static void make_bytes(transcoder *t) {
    t->ascii = true;
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t c = t->charset.table[b];
        char text[4] = {0};
        size_t n = c == 0xFFFF ? 0 : weir_utf8_encode(c, text);
        t->ascii = t->ascii && (b >= 0x80 || c == b);
        if (n == 0) { /* no such character */
            text[0] = (char)0xFF;
            text[1] = (char)b;
            n = b >= 0x80 ? 2 : 1;
        }
        t->bytes[b] = (uint32_t)n << 24 | (uint32_t)(uint8_t)text[2] << 16 |
                      (uint32_t)(uint8_t)text[1] << 8 | (uint8_t)text[0];
    }
}

static void from_table(transcoder *t) {
    size_t at = t->in_at, to = t->out_end;
    while (at < t->in_end && to + 8 <= OUT_BYTES) {
        if (t->ascii && at + 8 <= t->in_end) {
            uint64_t word;
            memcpy(&word, t->in + at, 8);
            if (!(word & 0x8080808080808080u)) {
                memcpy(t->out + to, &word, 8);
                at += 8;
                to += 8;
                continue;
            }
        }
        uint32_t bytes = t->bytes[t->in[at++]];
        memcpy(t->out + to, &bytes, 4); /* little end first, as everywhere here */
        to += bytes >> 24;
    }
    t->in_at = at;
    t->out_end = to;
}

static uint32_t unit16(const uint8_t *p, bool big) {
    return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static void from_utf16(transcoder *t, bool big) {
    while (t->in_end - t->in_at >= 2 && t->out_end + 8 <= OUT_BYTES) {
        const uint8_t *p = t->in + t->in_at;
        uint32_t c = unit16(p, big);
        if (c - 0xD800 >= 0x800) {
            put_char(t, c);
        } else if (c >= 0xDC00) {
            put_surrogate(t, c);
        } else if (t->in_end - t->in_at >= 4) {
            uint32_t low = unit16(p + 2, big);
            if (low - 0xDC00 < 0x400) {
                put_char(t, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
                t->in_at += 2;
            } else {
                put_surrogate(t, c);
            }
        } else {
            if (!t->in_eof) return;
            put_surrogate(t, c);
        }
        t->in_at += 2;
    }
}

static void from_utf32(transcoder *t, bool big) {
    while (t->in_end - t->in_at >= 4 && t->out_end + 8 <= OUT_BYTES) {
        const uint8_t *p = t->in + t->in_at;
        uint32_t c = big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                         : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
        if (c - 0xD800 < 0x800)
            put_surrogate(t, c);
        else if (c > 0x10FFFF)
            t->out[t->out_end++] = 0xFF;
        else
            put_char(t, c);
        t->in_at += 4;
    }
}

static void from_library(transcoder *t) {
    while (t->in_at < t->in_end && t->out_end + 80 <= OUT_BYTES) {
        char *in = (char *)t->in + t->in_at, *out = (char *)t->out + t->out_end;
        size_t in_left = t->in_end - t->in_at, out_left = OUT_BYTES - 8 - t->out_end;
        size_t n = iconv(t->library, &in, &in_left, &out, &out_left);
        int error = errno;
        bool moved = in_left < t->in_end - t->in_at;
        t->in_at = t->in_end - in_left;
        t->out_end = OUT_BYTES - 8 - out_left;
        if (n != (size_t)-1 || (error == E2BIG && moved)) continue;
        if (error == EINVAL && !t->in_eof) return; /* more bytes of this character are to come */
        put_bad(t, t->in[t->in_at++]);
    }
}

/* What an encoding with a state still holds back at the end. */
static void flush_library(transcoder *t) {
    char *out = (char *)t->out + t->out_end;
    size_t out_left = OUT_BYTES - t->out_end;
    if (iconv(t->library, NULL, NULL, &out, &out_left) != (size_t)-1)
        t->out_end = OUT_BYTES - out_left;
}

/* Bytes of a unit; 1 where nothing can be left over but what was dealt with. */
static size_t unit_bytes(const weir_charset *c) {
    switch (c->kind) {
    case WEIR_CHARSET_UTF16_LE:
    case WEIR_CHARSET_UTF16_BE: return 2;
    case WEIR_CHARSET_UTF32_LE:
    case WEIR_CHARSET_UTF32_BE: return 4;
    default: return 1;
    }
}

static void convert(transcoder *t) {
    switch (t->charset.kind) {
    case WEIR_CHARSET_TABLE: from_table(t); break;
    case WEIR_CHARSET_UTF16_LE: from_utf16(t, false); break;
    case WEIR_CHARSET_UTF16_BE: from_utf16(t, true); break;
    case WEIR_CHARSET_UTF32_LE: from_utf32(t, false); break;
    case WEIR_CHARSET_UTF32_BE: from_utf32(t, true); break;
    default: from_library(t); break;
    }
    if (!t->in_eof || t->in_end - t->in_at >= unit_bytes(&t->charset)) return;
    while (t->in_at < t->in_end && t->out_end + 8 <= OUT_BYTES)
        put_bad(t, t->in[t->in_at++]); /* the last character is cut off */
}

/* ---- the stream ---------------------------------------------------------------------------- */

/* Reads on behind what could not be converted yet. */
static weir_status read_more(transcoder *t, weir_error *err) {
    size_t left = t->in_end - t->in_at, got = 0;
    memmove(t->in, t->in + t->in_at, left);
    t->in_at = 0;
    t->in_end = left;
    weir_status status =
        weir_stream_read(t->base.under, t->in + left, t->in_capacity - left, &got, err);
    if (status != WEIR_OK) return status;
    t->in_end += got;
    t->in_eof = got == 0;
    return WEIR_OK;
}

static weir_status transcode_read(weir_stream *s, void *buf, size_t size, size_t *got,
                                  weir_error *err) {
    transcoder *t = (transcoder *)s;
    while (t->out_at == t->out_end) {
        t->out_at = t->out_end = 0;
        if (t->in_at == t->in_end && t->in_eof && t->flushed) break;
        convert(t);
        if (t->out_end) break;
        if (!t->in_eof) {
            weir_status status = read_more(t, err);
            if (status != WEIR_OK) return status;
        } else if (t->in_at == t->in_end) {
            if (t->library != NO_ICONV) flush_library(t);
            t->flushed = true;
        }
    }
    size_t n = t->out_end - t->out_at;
    if (n > size) n = size;
    memcpy(buf, t->out + t->out_at, n);
    t->out_at += n;
    s->position += n;
    *got = n;
    return WEIR_OK;
}

static weir_status choose(transcoder *t, weir_error *err);

/* Keeps the last bytes of what is passed on, for the look at what follows. */
static void keep_context(transcoder *t, const uint8_t *p, size_t n) {
    if (n >= CONTEXT_BYTES) {
        memcpy(t->context, p + n - CONTEXT_BYTES, CONTEXT_BYTES);
        return;
    }
    memmove(t->context, t->context + n, CONTEXT_BYTES - n);
    memcpy(t->context + CONTEXT_BYTES - n, p, n);
}

/* p[0..*n) was read; where it is not ASCII any more, the rest of it and what follows, 256 KiB from
 * there, decide which encoding it is, and *n is what stands in front.  The place does not depend
 * on how much is read at a time. */
static weir_status watch(transcoder *t, const uint8_t *p, size_t *n, weir_error *err) {
    size_t ascii = 0, more = 0;
    while (ascii < *n && p[ascii] < 0x80) ascii++;
    keep_context(t, p, ascii);
    if (ascii == *n) return WEIR_OK;
    t->watching = false;
    if (!t->in) t->in = weir_alloc(HEAD_BYTES);
    if (!t->in) return weir_error_nomem(err);
    t->in_at = 0;
    t->in_end = *n - ascii;
    memmove(t->in, p + ascii, t->in_end);
    *n = ascii;
    weir_status status =
        weir_stream_read_full(t->base.under, t->in + t->in_end, HEAD_BYTES - t->in_end, &more, err);
    if (status != WEIR_OK) return status;
    t->in_eof = more < HEAD_BYTES - t->in_end;
    t->in_end += more;
    uint8_t *all = weir_alloc(CONTEXT_BYTES + HEAD_BYTES);
    if (!all) return weir_error_nomem(err);
    memcpy(all, t->context, CONTEXT_BYTES);
    memcpy(all + CONTEXT_BYTES, t->in, t->in_end);
    weir_charset_guess(all, CONTEXT_BYTES + t->in_end, t->in_eof, &t->found);
    weir_free(all);
    t->charset = t->found.charset;
    return choose(t, err);
}

/* UTF-8: what was looked at, then the stream below as it is. */
static weir_status pass_read(weir_stream *s, void *buf, size_t size, size_t *got, weir_error *err) {
    transcoder *t = (transcoder *)s;
    size_t n = t->in_end - t->in_at;
    if (n == 0) {
        weir_free(t->in);
        t->in = NULL;
        t->in_at = t->in_end = 0;
        if (t->watching && size > HEAD_BYTES) size = HEAD_BYTES;
        weir_status status = weir_stream_read(s->under, buf, size, &n, err);
        if (status == WEIR_OK && t->watching) status = watch(t, buf, &n, err);
        if (status != WEIR_OK) return status;
        if (n == 0 && t->in) return s->ops->read(s, buf, size, got, err);
    } else {
        if (n > size) n = size;
        memcpy(buf, t->in + t->in_at, n);
        if (t->watching) keep_context(t, t->in + t->in_at, n);
        t->in_at += n;
    }
    s->position += n;
    *got = n;
    return WEIR_OK;
}

static void transcode_close(weir_stream *s) {
    transcoder *t = (transcoder *)s;
    weir_stream_close(s->under);
    if (t->library != NO_ICONV) iconv_close(t->library);
    weir_free(t->in);
    weir_free(t->out);
    weir_free(t);
}

static weir_status transcode_no_write(weir_stream *s, const void *buf, size_t size,
                                      weir_error *err) {
    (void)buf, (void)size;
    return weir_error_set(err, WEIR_INTERNAL, "%s is open for reading only", s->name);
}

static const weir_stream_ops transcode_ops = {
    .read = transcode_read, .write = transcode_no_write, .close = transcode_close};
/* What passes unchanged has the same places. */
static bool pass_next_member(weir_stream *s, uint64_t *at) {
    return weir_stream_next_member(s->under, at);
}

static const weir_stream_ops pass_ops = {.read = pass_read,
                                         .write = transcode_no_write,
                                         .next_member = pass_next_member,
                                         .close = transcode_close};

/* ---- beginning ----------------------------------------------------------------------------- */

/* The widest blocks a tar file has in front say so at byte 257; zip and its kin at byte 0. */
static weir_status refuse_archive(const transcoder *t, weir_error *err) {
    const uint8_t *p = t->in;
    const char *kind = NULL, *remedy = "unpack it first and read the files in it";
    if (t->in_end >= 262 && memcmp(p + 257, "ustar", 5) == 0) kind = "tar archive";
    if (t->in_end >= 4 && p[0] == 'P' && p[1] == 'K' && p[2] < 9 && p[3] == p[2] + 1)
        kind = "zip archive";
    if (!kind) return WEIR_OK;
    weir_error_set(err, WEIR_DATA, "%s is a %s, not a text file", t->base.name, kind);
    weir_error_at(err, t->base.name, 0, 0);
    weir_error_hint(err, "%s", remedy);
    return WEIR_DATA;
}

/* Declared "utf-16" and "utf-32": the mark decides, else where the NUL bytes stand. */
static void choose_end(transcoder *t) {
    bool wide = t->charset.kind == WEIR_CHARSET_UTF32;
    if (t->charset.kind != WEIR_CHARSET_UTF16 && !wide) return;
    weir_charset_found found;
    weir_charset_guess(t->in, t->in_end, t->in_eof, &found);
    bool big = found.charset.kind == (wide ? WEIR_CHARSET_UTF32_BE : WEIR_CHARSET_UTF16_BE);
    t->charset = wide ? (big ? weir_charset_utf32be : weir_charset_utf32le)
                      : (big ? weir_charset_utf16be : weir_charset_utf16le);
}

/* Makes the stream one of its charset, and tells of a guess. */
static weir_status choose(transcoder *t, weir_error *err) {
    t->base.encoding = t->charset.name;
    t->base.encoding_guessed = t->found.guessed;
    t->base.encoding_mixed = t->found.mixed;
    t->base.encoding_others = t->found.others[0] ? t->found.others : NULL;
    if (t->tell && (t->found.guessed || t->found.others[0])) t->tell(t->tell_context, &t->base);
    if (t->charset.kind == WEIR_CHARSET_UTF8) {
        t->base.ops = &pass_ops;
        return WEIR_OK;
    }
    t->base.ops = &transcode_ops;
    if (t->charset.kind == WEIR_CHARSET_TABLE) make_bytes(t);
    if (t->charset.kind == WEIR_CHARSET_ICONV) {
        t->library = iconv_open("UTF-8", t->charset.iconv);
        if (t->library == NO_ICONV) {
            weir_error_set(err, errno == ENOMEM ? WEIR_RESOURCE : WEIR_USAGE,
                           "the C library of this machine cannot read %s", t->charset.name);
            weir_error_hint(err, "install its conversion modules (gconv: Debian has them in libc6, "
                                 "others in glibc-gconv-extra), or convert the file with iconv");
            return errno == ENOMEM ? WEIR_RESOURCE : WEIR_USAGE;
        }
    }
    t->out = weir_alloc(OUT_BYTES);
    return t->out ? WEIR_OK : weir_error_nomem(err);
}

static weir_status begin(transcoder *t, const weir_transcode_options *o, weir_error *err) {
    weir_status status = weir_stream_read_full(t->base.under, t->in, HEAD_BYTES, &t->in_end, err);
    if (status != WEIR_OK) return status;
    t->in_eof = t->in_end < HEAD_BYTES;
    status = refuse_archive(t, err);
    if (status != WEIR_OK) return status;
    if (o->encoding && strcmp(o->encoding, "auto") != 0) {
        if (!weir_charset_find(o->encoding, t->found.own, &t->charset))
            return weir_encoding_check(o->encoding, err);
        choose_end(t);
    } else {
        weir_charset_guess(t->in, t->in_end, t->in_eof, &t->found);
        if (o->unicode_only && (t->found.guessed || t->found.others[0]))
            t->found = (weir_charset_found){.charset = weir_charset_utf8};
        t->charset = t->found.charset;
        t->watching = !o->unicode_only && !t->in_eof && t->charset.kind == WEIR_CHARSET_UTF8 &&
                      weir_utf8_is_ascii((const char *)t->in, t->in_end);
    }
    return choose(t, err);
}

weir_status weir_transcode_with(weir_stream *in, const weir_transcode_options *o, weir_stream **out,
                                weir_error *err) {
    transcoder *t = weir_alloc_zero(1, sizeof *t);
    if (!t) {
        weir_stream_close(in);
        return weir_error_nomem(err);
    }
    t->base = (weir_stream){
        .ops = &transcode_ops, .name = in->name, .size_hint = in->size_hint, .under = in};
    t->library = NO_ICONV;
    t->in_capacity = HEAD_BYTES;
    t->in = weir_alloc(HEAD_BYTES);
    t->tell = o->tell;
    t->tell_context = o->tell_context;
    weir_status status = t->in ? begin(t, o, err) : weir_error_nomem(err);
    if (status != WEIR_OK) {
        transcode_close(&t->base);
        return status;
    }
    *out = &t->base;
    return WEIR_OK;
}

weir_status weir_transcode(weir_stream *in, const char *encoding, bool unicode_only,
                           weir_stream **out, weir_error *err) {
    weir_transcode_options o = {.encoding = encoding, .unicode_only = unicode_only};
    return weir_transcode_with(in, &o, out, err);
}
