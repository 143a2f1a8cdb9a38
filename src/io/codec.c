/* Which codec, and the filters' common parts. */
#include "io/codec.h"
#include "io/unpack.h"

#include <stdio.h>
#include <strings.h>

/* ---- names --------------------------------------------------------------------------------- */

static const struct {
    const char *suffix;
    weir_codec codec;
} suffixes[] = {
    {".gz", WEIR_CODEC_GZIP},  {".gzip", WEIR_CODEC_GZIP}, {".bgz", WEIR_CODEC_GZIP},
    {".zst", WEIR_CODEC_ZSTD}, {".zstd", WEIR_CODEC_ZSTD}, {".bz2", WEIR_CODEC_BZIP2},
    {".xz", WEIR_CODEC_XZ},    {".lzma", WEIR_CODEC_LZMA}, {".zip", WEIR_CODEC_ZIP},
};

weir_codec weir_codec_of_name(const char *name, size_t *stem_size) {
    size_t n = strlen(name);
    if (stem_size) *stem_size = n;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t k = strlen(suffixes[i].suffix);
        /* A file called just ".gz" has no stem and is no compressed anything. */
        if (n > k && name[n - k - 1] != '/' && strcasecmp(name + n - k, suffixes[i].suffix) == 0) {
            if (stem_size) *stem_size = n - k;
            return suffixes[i].codec;
        }
    }
    return WEIR_CODEC_NONE;
}

const char *weir_codec_name(weir_codec codec) {
    static const char *const names[] = {"none", "gzip", "zstd", "bzip2",
                                        "xz",   "lzma", "zip",  "auto"};
    return (unsigned)codec < sizeof names / sizeof *names ? names[codec] : "?";
}

bool weir_codec_versions(weir_buf *out, bool json) {
    const struct {
        const char *name, *version;
    } all[] = {{"zstd", weir_zstd_version()},
               {"bzip2", weir_bzip2_version()},
               {"liblzma", weir_xz_version()},
               {"brotli", weir_brotli_version()}};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof all / sizeof *all; i++) {
        int n = (int)strcspn(all[i].version, ","); /* bzip2 has a date there */
        ok = json ? weir_buf_printf(out, ",\"%s\":\"%.*s\"", all[i].name, n, all[i].version)
                  : weir_buf_printf(out, ", %s %.*s", all[i].name, n, all[i].version);
    }
    return ok;
}

bool weir_codec_writes(weir_codec codec) {
    return codec == WEIR_CODEC_NONE || codec == WEIR_CODEC_GZIP || codec == WEIR_CODEC_ZSTD;
}

/* ---- shared by the filters ----------------------------------------------------------------- */

/* In front of each allocation, so that freeing knows what to give back; 64 keeps the alignment. */
typedef union memory_head {
    size_t size;
    char pad[64];
} memory_head;

void *weir_codec_alloc(weir_ledger *ledger, size_t size) {
    if (size > SIZE_MAX - sizeof(memory_head)) return NULL;
    size += sizeof(memory_head);
    if (!weir_ledger_charge(ledger, size)) return NULL;
    memory_head *h = weir_alloc(size);
    if (!h) {
        weir_ledger_release(ledger, size);
        return NULL;
    }
    h->size = size;
    return h + 1;
}

void weir_codec_free(weir_ledger *ledger, void *p) {
    if (!p) return;
    memory_head *h = (memory_head *)p - 1;
    weir_ledger_release(ledger, h->size);
    weir_free(h);
}

weir_status weir_codec_bad(weir_stream *s, uint64_t offset, weir_error *err, const char *fmt, ...) {
    char text[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    weir_error_set(err, WEIR_DATA, "%s (at byte %llu of the compressed data)",
                   n < 0 ? "the compressed data is damaged" : text, (unsigned long long)offset);
    weir_error_at(err, s->name, 0, 0);
    if (err) err->byte = (int64_t)offset;
    weir_error_hint(err,
                    "the file may be cut off or damaged: get it again from where it came from");
    return WEIR_DATA;
}

weir_status weir_codec_check_limits(weir_stream *s, uint64_t in_bytes, uint64_t out_bytes,
                                    const weir_codec_limits *limits, weir_error *err) {
    if (limits->max_bytes && out_bytes > limits->max_bytes) {
        weir_status status =
            weir_codec_bad(s, in_bytes, err, "the data unpacks to more than %llu bytes",
                           (unsigned long long)limits->max_bytes);
        weir_error_hint(err, "raise max_unpacked when the file may be that large");
        return status;
    }
    if (out_bytes <= WEIR_DECOMPRESS_FREE_BYTES ||
        (double)out_bytes <= (double)in_bytes * limits->max_ratio)
        return WEIR_OK;
    weir_status status = weir_codec_bad(
        s, in_bytes, err, "the data unpacks to more than %.0f times its size", limits->max_ratio);
    weir_error_hint(err, "this looks like a decompression bomb; raise max_ratio if it is not");
    return status;
}

weir_status weir_codec_member_begins(weir_codec_members *m, uint64_t at, weir_error *err) {
    if (!m->wanted || at == m->last) return WEIR_OK;
    if (m->first == m->n) m->first = m->n = 0;
    weir_status status = weir_grow((void **)&m->at, &m->capacity, m->n + 1, sizeof *m->at,
                                   SIZE_MAX / sizeof *m->at / 2, err);
    if (status == WEIR_OK) m->at[m->n++] = m->last = at;
    return status;
}

bool weir_codec_member_take(weir_codec_members *m, uint64_t *at) {
    if (m->first == m->n) return false;
    *at = m->at[m->first++];
    return true;
}

weir_status weir_codec_no_read(weir_stream *s, void *buf, size_t size, size_t *got,
                               weir_error *err) {
    (void)buf, (void)size, (void)got;
    return weir_error_set(err, WEIR_INTERNAL, "%s is open for writing only", s->name);
}

/* ---- detection by the first bytes ---------------------------------------------------------- */

#define MAGIC_MAX 13
static const struct magic {
    uint8_t size;
    uint8_t bytes[MAGIC_MAX];
    uint8_t mask[MAGIC_MAX]; /* 0 = any byte */
    weir_codec codec;        /* NONE: refused */
    const char *name;
} magics[] = {
    {3, {0x1f, 0x8b, 0x08}, {255, 255, 255}, WEIR_CODEC_GZIP, "gzip"},
    {4, {0x28, 0xb5, 0x2f, 0xfd}, {255, 255, 255, 255}, WEIR_CODEC_ZSTD, "zstd"},
    {4,
     {0x50, 0x2a, 0x4d, 0x18},
     {0xf0, 255, 255, 255},
     WEIR_CODEC_ZSTD,
     "zstd"}, /* skippable frame */
    {10,
     {'B', 'Z', 'h', 0, '1', 'A', 'Y', '&', 'S', 'Y'},
     {255, 255, 255, 0, 255, 255, 255, 255, 255, 255},
     WEIR_CODEC_BZIP2,
     "bzip2"},
    {10, /* of no data */
     {'B', 'Z', 'h', 0, 0x17, 'r', 'E', '8', 'P', 0x90},
     {255, 255, 255, 0, 255, 255, 255, 255, 255, 255},
     WEIR_CODEC_BZIP2,
     "bzip2"},
    {6, {0xfd, '7', 'z', 'X', 'Z', 0}, {255, 255, 255, 255, 255, 255}, WEIR_CODEC_XZ, "xz"},
    /* .lzma has no magic: the usual properties, a dictionary of whole 64 KiB, and no stated size.
     * The name tells the others. */
    {13,
     {0x5d, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255},
     {255, 255, 255, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255},
     WEIR_CODEC_LZMA,
     "lzma"},
    {4, {'L', 'Z', 'I', 'P'}, {255, 255, 255, 255}, WEIR_CODEC_NONE, "lzip"},
    {4, {0x04, 0x22, 0x4d, 0x18}, {255, 255, 255, 255}, WEIR_CODEC_NONE, "lz4"},
    {4, {'P', 'K', 3, 4}, {255, 255, 255, 255}, WEIR_CODEC_ZIP, "zip"},
    {4, {'P', 'K', 5, 6}, {255, 255, 255, 255}, WEIR_CODEC_ZIP, "zip"},
    {6, {'7', 'z', 0xbc, 0xaf, 0x27, 0x1c}, {255, 255, 255, 255, 255, 255}, WEIR_CODEC_NONE, "7z"},
    {2, {0x1f, 0x9d}, {255, 255}, WEIR_CODEC_NONE, "compress (.Z)"},
    {4, {0x89, 'L', 'Z', 'O'}, {255, 255, 255, 255}, WEIR_CODEC_NONE, "lzop"},
    {10,
     {0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'},
     {255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
     WEIR_CODEC_NONE,
     "framed snappy"},
};
#define MAGICS (sizeof magics / sizeof *magics)

static bool magic_agrees(const struct magic *m, const uint8_t *head, size_t n) {
    for (size_t i = 0; i < n && i < m->size; i++)
        if ((head[i] & m->mask[i]) != (m->bytes[i] & m->mask[i])) return false;
    return true;
}

/* Reads as few bytes as decide, so that a slow pipe of plain text is not held up.  *found: the
 * magic, or NULL for plain data; *partial: the input ended inside a possible magic of that codec.
 */
static weir_status peek(weir_stream *in, uint8_t *head, size_t *size, const struct magic **found,
                        weir_codec *partial, weir_error *err) {
    size_t n = 0;
    *found = NULL;
    *partial = WEIR_CODEC_NONE;
    for (;;) {
        bool open = false;
        for (size_t i = 0; i < MAGICS; i++) {
            if (!magic_agrees(&magics[i], head, n)) continue;
            if (n >= magics[i].size) {
                *found = &magics[i];
                *size = n;
                return WEIR_OK;
            }
            open = true;
        }
        size_t got = 0;
        if (open) {
            weir_status status = weir_stream_read(in, head + n, 1, &got, err);
            if (status != WEIR_OK) return status;
        }
        if (got == 0) break;
        n += got;
    }
    for (size_t i = 0; i < MAGICS && n > 0; i++)
        if (n < magics[i].size && magic_agrees(&magics[i], head, n) &&
            magics[i].codec != WEIR_CODEC_NONE)
            *partial = magics[i].codec;
    *size = n;
    return WEIR_OK;
}

/* A reader that gives back the bytes peek took. */
typedef struct unread_stream {
    weir_stream base;
    uint8_t head[MAGIC_MAX];
    uint8_t size, at;
} unread_stream;

static weir_status unread_read(weir_stream *s, void *buf, size_t size, size_t *got,
                               weir_error *err) {
    unread_stream *u = (unread_stream *)s;
    size_t n = 0;
    if (u->at < u->size) {
        n = (size_t)(u->size - u->at);
        if (n > size) n = size;
        memcpy(buf, u->head + u->at, n);
        u->at = (uint8_t)(u->at + n);
    } else {
        weir_status status = weir_stream_read(s->under, buf, size, &n, err);
        if (status != WEIR_OK) return status;
    }
    s->position += n;
    *got = n;
    return WEIR_OK;
}

static weir_status unread_read_at(weir_stream *s, uint64_t offset, void *buf, size_t size,
                                  size_t *got, weir_error *err) {
    return weir_stream_read_at(s->under, offset, buf, size, got, err);
}

static void unread_close(weir_stream *s) {
    weir_stream_close(s->under);
    weir_free(s);
}

static const weir_stream_ops unread_ops = {
    .read = unread_read, .read_at = unread_read_at, .close = unread_close};

/* Formats that cannot be told by their first bytes. */
static const struct {
    const char *suffix, *name;
} unmarked[] = {{".snappy", "snappy"}, {".sz", "snappy"}, {".br", "brotli"}};

static const char *unmarked_codec(const char *name) {
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof unmarked / sizeof *unmarked; i++) {
        size_t k = strlen(unmarked[i].suffix);
        if (n > k && strcasecmp(name + n - k, unmarked[i].suffix) == 0) return unmarked[i].name;
    }
    return NULL;
}

static weir_status refuse(const weir_stream *in, const char *codec, weir_error *err) {
    if (strcmp(codec, "7z") == 0) {
        weir_error_set(err, WEIR_DATA, "%s is a %s archive, which weir does not unpack", in->name,
                       codec);
        weir_error_hint(err, "unpack it first and read the files in it");
    } else {
        weir_error_set(err, WEIR_DATA, "%s is compressed with %s, which weir does not read",
                       in->name, codec);
        weir_error_hint(err, "unpack it first, or compress it with gzip or zstd");
    }
    weir_error_at(err, in->name, 0, 0);
    return WEIR_DATA;
}

static weir_status detect(weir_stream **in, weir_codec *codec, weir_error *err) {
    const struct magic *found;
    weir_codec partial;
    uint8_t head[MAGIC_MAX];
    size_t n = 0;
    weir_status status = peek(*in, head, &n, &found, &partial, err);
    if (status != WEIR_OK) return status;
    const char *strange = found && found->codec == WEIR_CODEC_NONE ? found->name : NULL;
    if (!found) strange = unmarked_codec((*in)->name);
    if (strange) return refuse(*in, strange, err);
    weir_codec named = weir_codec_of_name((*in)->name, NULL);
    *codec = found ? found->codec : WEIR_CODEC_NONE;
    /* "x.csv.gz" without a byte in it is a file that was cut off, not an empty table. */
    if (!found && named != WEIR_CODEC_NONE && (n == 0 || partial == named)) *codec = named;
    if (!found && named == WEIR_CODEC_LZMA) *codec = named;
    unread_stream *u = weir_alloc_zero(1, sizeof *u);
    if (!u) return weir_error_nomem(err);
    u->base = (weir_stream){.ops = &unread_ops,
                            .name = (*in)->name,
                            .size_hint = (*in)->size_hint,
                            .under = *in,
                            .at_will = (*in)->at_will};
    memcpy(u->head, head, n);
    u->size = (uint8_t)n;
    *in = &u->base;
    return WEIR_OK;
}

/* The file of an archive, which is data and not packed once more.  Takes over in, also on failure.
 */
static weir_status unzip(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                         weir_error *err) {
    weir_stream *file = NULL;
    weir_codec inner = WEIR_CODEC_NONE;
    weir_status status = weir_zip_reader(in, o, &file, err);
    if (status != WEIR_OK) {
        weir_stream_close(in);
        return status;
    }
    if (file != in) status = detect(&file, &inner, err);
    if (status == WEIR_OK && inner != WEIR_CODEC_NONE && !(o->zip && inner == WEIR_CODEC_ZIP)) {
        weir_error_set(err, WEIR_DATA, "%s is itself packed with %s", file->name,
                       weir_codec_name(inner));
        weir_error_hint(err, "unpack the archive first and read the file that was in it");
        weir_error_at(err, file->name, 0, 0);
        status = WEIR_DATA;
    }
    if (status == WEIR_OK)
        *out = file;
    else
        weir_stream_close(file);
    return status;
}

/* ---- the public calls ---------------------------------------------------------------------- */

weir_status weir_decompress_with(weir_stream *in, const weir_decompress_options *options,
                                 weir_stream **out, weir_error *err) {
    weir_decompress_options o = *options;
    weir_status status = WEIR_OK;
    if (!(o.max_ratio > 0)) o.max_ratio = WEIR_DECOMPRESS_DEFAULT_RATIO;
    if (o.max_window_bytes == 0 || o.max_window_bytes > WEIR_DECOMPRESS_MAX_WINDOW)
        o.max_window_bytes = WEIR_DECOMPRESS_MAX_WINDOW;
    if (o.codec == WEIR_CODEC_AUTO) WEIR_TRY(detect(&in, &o.codec, err));
    if (o.codec == WEIR_CODEC_GZIP)
        WEIR_TRY(weir_gzip_reader(in, &o, out, err));
    else if (o.codec == WEIR_CODEC_ZSTD)
        WEIR_TRY(weir_zstd_reader(in, &o, out, err));
    else if (o.codec == WEIR_CODEC_BZIP2)
        WEIR_TRY(weir_bzip2_reader(in, &o, out, err));
    else if (o.codec == WEIR_CODEC_XZ || o.codec == WEIR_CODEC_LZMA)
        WEIR_TRY(weir_xz_reader(in, &o, out, err));
    else if (o.codec == WEIR_CODEC_ZIP)
        return unzip(in, &o, out, err);
    else
        *out = in;
    return WEIR_OK;
out:
    weir_stream_close(in);
    return status;
}

weir_status weir_decompress(weir_stream *in, weir_codec codec, double max_ratio, weir_stream **out,
                            weir_error *err) {
    weir_decompress_options o = {.codec = codec, .max_ratio = max_ratio};
    return weir_decompress_with(in, &o, out, err);
}

static weir_status check_level(weir_codec codec, int level, weir_error *err) {
    int max = codec == WEIR_CODEC_ZSTD ? 19 : 9;
    if (!weir_codec_writes(codec)) {
        weir_error_set(err, WEIR_USAGE, "%s is read, but not written", weir_codec_name(codec));
        weir_error_hint(err, "write gzip or zstd");
        return WEIR_USAGE;
    }
    if (level >= 0 && level <= max) return WEIR_OK;
    weir_status status = weir_error_set(err, WEIR_USAGE, "%s has no compression level %d",
                                        weir_codec_name(codec), level);
    weir_error_hint(err, "choose 1 (fast) to %d (small)", max);
    return status;
}

weir_status weir_compress(weir_stream *to, weir_codec codec, int level, weir_stream **out,
                          weir_error *err) {
    weir_status status = WEIR_OK;
    if (codec == WEIR_CODEC_NONE || codec == WEIR_CODEC_AUTO) {
        *out = to;
        return WEIR_OK;
    }
    WEIR_TRY(check_level(codec, level, err));
    if (codec == WEIR_CODEC_GZIP)
        WEIR_TRY(weir_gzip_writer(to, level, out, err));
    else
        WEIR_TRY(weir_zstd_writer(to, level, out, err));
    return WEIR_OK;
out:
    weir_stream_close(to);
    return status;
}

struct weir_compressor {
    weir_codec codec;
    void *state;
};

weir_status weir_compressor_new(weir_codec codec, int level, weir_compressor **out,
                                weir_error *err) {
    weir_status status = WEIR_OK;
    weir_compressor *c = weir_alloc_zero(1, sizeof *c);
    if (!c) return weir_error_nomem(err);
    c->codec = codec;
    if (codec != WEIR_CODEC_NONE && codec != WEIR_CODEC_AUTO) {
        WEIR_TRY(check_level(codec, level, err));
        if (codec == WEIR_CODEC_GZIP)
            WEIR_TRY(weir_gzip_block_new(level, &c->state, err));
        else
            WEIR_TRY(weir_zstd_block_new(level, &c->state, err));
    }
    *out = c;
    return WEIR_OK;
out:
    weir_free(c);
    return status;
}

weir_status weir_compressor_block(weir_compressor *c, const void *data, size_t size, weir_buf *out,
                                  weir_error *err) {
    if (c->codec == WEIR_CODEC_GZIP) return weir_gzip_block(c->state, data, size, out, err);
    if (c->codec == WEIR_CODEC_ZSTD) return weir_zstd_block(c->state, data, size, out, err);
    return weir_buf_add(out, data, size) ? WEIR_OK : weir_error_nomem(err);
}

void weir_compressor_free(weir_compressor *c) {
    if (!c) return;
    if (c->codec == WEIR_CODEC_GZIP) weir_gzip_block_free(c->state);
    if (c->codec == WEIR_CODEC_ZSTD) weir_zstd_block_free(c->state);
    weir_free(c);
}

weir_status weir_compress_block(weir_codec codec, int level, const void *data, size_t size,
                                weir_buf *out, weir_error *err) {
    weir_compressor *c = NULL;
    weir_status status = weir_compressor_new(codec, level, &c, err);
    if (status != WEIR_OK) return status;
    status = weir_compressor_block(c, data, size, out, err);
    weir_compressor_free(c);
    return status;
}
