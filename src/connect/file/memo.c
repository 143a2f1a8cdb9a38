#include "connect/file/memo.h"

#include "base/build_id.h"

#define BLOCK_BYTES ((size_t)128 << 10) /* is part of what the hash is */
#define MAGIC "weir-inference-1"
#define MEMO_MAX_BYTES ((size_t)1 << 20) /* a larger one is not kept */
#define NONE UINT32_MAX                  /* length of a text that is not there */

/* ---- the hash of a file -------------------------------------------------------------------- */

/* Chains the hashes of blocks. */
static void chain(weir_hash128 *sum, weir_hash128 next) {
    uint64_t pair[4] = {sum->low, sum->high, next.low, next.high};
    *sum = weir_hash_bytes128(pair, sizeof pair, 0);
}

static weir_status hash_init(weir_file_hash *h, weir_error *err) {
    memset(h, 0, sizeof *h);
    h->block = weir_alloc(BLOCK_BYTES);
    return h->block ? WEIR_OK : weir_error_nomem(err);
}

static void hash_add(weir_file_hash *h, const uint8_t *p, size_t n) {
    h->total_bytes += n;
    while (n) {
        size_t take = BLOCK_BYTES - h->filled < n ? BLOCK_BYTES - h->filled : n;
        memcpy(h->block + h->filled, p, take);
        h->filled += take;
        p += take;
        n -= take;
        if (h->filled < BLOCK_BYTES) continue;
        chain(&h->sum, weir_hash_bytes128(h->block, BLOCK_BYTES, 0));
        h->filled = 0;
    }
}

static void hash_end(weir_file_hash *h) {
    if (h->end || h->scattered) return;
    chain(&h->sum, weir_hash_bytes128(h->block, h->filled, 0));
    h->end = true;
}

void weir_file_hash_clear(weir_file_hash *h) {
    weir_free(h->block);
    memset(h, 0, sizeof *h);
}

typedef struct hashed {
    weir_stream base;
    weir_file_hash *hash;
} hashed;

static weir_status hashed_read(weir_stream *stream, void *buf, size_t size, size_t *got,
                               weir_error *err) {
    hashed *s = (hashed *)stream;
    weir_status status = weir_stream_read(stream->under, buf, size, got, err);
    if (status != WEIR_OK) return status;
    stream->position += *got;
    if (*got)
        hash_add(s->hash, buf, *got);
    else
        hash_end(s->hash);
    return WEIR_OK;
}
static weir_status hashed_read_at(weir_stream *stream, uint64_t offset, void *buf, size_t size,
                                  size_t *got, weir_error *err) {
    ((hashed *)stream)->hash->scattered = true;
    return weir_stream_read_at(stream->under, offset, buf, size, got, err);
}
static void hashed_close(weir_stream *stream) {
    weir_stream_close(stream->under);
    weir_free(stream);
}
static const weir_stream_ops hashed_ops = {
    .read = hashed_read, .read_at = hashed_read_at, .close = hashed_close};

weir_status weir_file_hashed(weir_stream *in, weir_file_hash *h, weir_stream **out,
                             weir_error *err) {
    weir_status status = hash_init(h, err);
    hashed *s = status == WEIR_OK ? weir_alloc_zero(1, sizeof *s) : NULL;
    if (!s) {
        weir_stream_close(in);
        return weir_error_nomem(err);
    }
    s->base = (weir_stream){.ops = &hashed_ops,
                            .name = in->name,
                            .size_hint = in->size_hint,
                            .under = in,
                            .at_will = in->at_will};
    s->hash = h;
    *out = &s->base;
    return WEIR_OK;
}

weir_status weir_file_hash_of(const char *path, weir_cancel *cancel, weir_file_hash *h,
                              weir_error *err) {
    weir_stream *in = NULL;
    weir_status status;
    WEIR_TRY(hash_init(h, err));
    WEIR_TRY(weir_file_open(path, cancel, &in, err));
    for (size_t got = 1; got;) {
        WEIR_TRY(weir_stream_read_full(in, h->block, BLOCK_BYTES, &got, err));
        if (weir_cancel_requested(cancel))
            WEIR_TRY(weir_error_set(err, WEIR_CANCELLED, "stopped on request"));
        h->total_bytes += got;
        h->filled = got;
        if (got < BLOCK_BYTES) break;
        chain(&h->sum, weir_hash_bytes128(h->block, BLOCK_BYTES, 0));
        h->filled = 0;
    }
    hash_end(h);
out:
    weir_stream_close(in);
    return status;
}

uint64_t weir_file_memo_source(const weir_memo *memo, const weir_splits *splits) {
    uint8_t build[32];
    size_t n = weir_build_id(build, sizeof build);
    if (n == 0) return 0;
    uint64_t h = weir_hash_bytes(build, n, memo->source);
    for (size_t i = 0; i < splits->n; i++) {
        const weir_split *s = &splits->items[i];
        h = weir_hash_bytes(s->name, strlen(s->name), h);
        h = weir_hash_bytes(&s->size_bytes, sizeof s->size_bytes, h);
    }
    return h ? h : 1;
}

void weir_file_memo_add(weir_hash128 *data, const weir_file_hash *file) {
    weir_hash128 size = {file->total_bytes, 0};
    chain(data, file->sum);
    chain(data, size);
}

/* ---- its bytes ----------------------------------------------------------------------------- */

static bool put32(weir_buf *b, uint32_t v) {
    return weir_buf_add(b, &v, sizeof v);
}
static bool put64(weir_buf *b, uint64_t v) {
    return weir_buf_add(b, &v, sizeof v);
}
static bool put_text(weir_buf *b, const char *text) {
    size_t n = text ? strlen(text) : 0;
    if (!text) return put32(b, NONE);
    return n < NONE && put32(b, (uint32_t)n) && weir_buf_add(b, text, n);
}

static bool put_column(weir_buf *b, const weir_file_known *c) {
    const weir_type *same = NULL;
    weir_error ignored = {0};
    const weir_opt_column *how = &c->how;
    if (c->type && (weir_type_parse(c->type->name, &same, &ignored) != WEIR_OK || same != c->type))
        return false;
    bool ok = put_text(b, c->name) && put_text(b, c->type ? c->type->name : NULL) &&
              put_text(b, how->format) && put_text(b, how->decimal) &&
              put_text(b, how->thousands) && put32(b, (uint32_t)how->nulls.n);
    for (size_t i = 0; ok && i < how->nulls.n; i++) ok = put_text(b, how->nulls.items[i]);
    return ok;
}

bool weir_file_memo_save(const weir_file_memo *m, weir_buf *out) {
    size_t begin = out->size;
    bool ok = weir_buf_adds(out, MAGIC) && put64(out, m->source) && put64(out, m->data.low) &&
              put64(out, m->data.high) && put32(out, m->n_columns) && put32(out, m->n_splits);
    for (uint32_t i = 0; ok && i < m->n_columns; i++) ok = put_column(out, &m->columns[i]);
    for (uint32_t i = 0; ok && i < m->n_splits; i++) ok = put_text(out, m->dialects[i]);
    if (!ok || out->size - begin > MEMO_MAX_BYTES) return false;
    return put64(out, weir_hash_bytes(out->data + begin, out->size - begin, 0));
}

typedef struct reader {
    const char *p, *end;
    weir_arena *arena;
    bool bad;
} reader;

static const char *take(reader *r, size_t n) {
    const char *p = r->p;
    if (r->bad || (size_t)(r->end - p) < n) {
        r->bad = true;
        return NULL;
    }
    r->p += n;
    return p;
}
static uint32_t get32(reader *r) {
    uint32_t v = 0;
    const char *p = take(r, sizeof v);
    if (p) memcpy(&v, p, sizeof v);
    return v;
}
static uint64_t get64(reader *r) {
    uint64_t v = 0;
    const char *p = take(r, sizeof v);
    if (p) memcpy(&v, p, sizeof v);
    return v;
}
static const char *get_text(reader *r) {
    uint32_t n = get32(r);
    const char *p = n == NONE ? NULL : take(r, n);
    if (!p) return NULL;
    const char *copy = weir_arena_strndup(r->arena, p, n);
    r->bad |= !copy;
    return copy;
}
/* A count of things that take `least` bytes each, so that no more is allocated than was read. */
static uint32_t get_count(reader *r, size_t least) {
    uint32_t n = get32(r);
    if (r->bad || n > (size_t)(r->end - r->p) / least) {
        r->bad = true;
        return 0;
    }
    return n;
}

static void get_column(reader *r, weir_file_known *c) {
    weir_error ignored = {0};
    c->name = get_text(r);
    const char *type = get_text(r);
    c->how.format = get_text(r);
    c->how.decimal = get_text(r);
    c->how.thousands = get_text(r);
    uint32_t n = get_count(r, sizeof n);
    const char **words = weir_arena_zero(r->arena, n + 1u, sizeof *words);
    r->bad |= !c->name || !words;
    for (uint32_t i = 0; !r->bad && i < n; i++) {
        words[i] = get_text(r);
        r->bad |= !words[i];
    }
    c->how.nulls = (weir_opt_strings){n, words};
    if (!r->bad && type) r->bad = weir_type_parse(type, &c->type, &ignored) != WEIR_OK;
}

bool weir_file_memo_load(weir_file_memo *m, weir_slice bytes, weir_arena *arena) {
    uint64_t sum;
    if (bytes.size < sizeof sum + sizeof MAGIC) return false;
    bytes.size -= sizeof sum;
    memcpy(&sum, bytes.data + bytes.size, sizeof sum);
    if (sum != weir_hash_bytes(bytes.data, bytes.size, 0)) return false;
    reader r = {bytes.data, bytes.data + bytes.size, arena, false};
    const char *magic = take(&r, sizeof MAGIC - 1);
    if (!magic || memcmp(magic, MAGIC, sizeof MAGIC - 1) != 0) return false;
    weir_file_memo read = {.source = get64(&r)};
    read.data.low = get64(&r);
    read.data.high = get64(&r);
    read.n_columns = get_count(&r, 1);
    read.n_splits = get_count(&r, 1);
    read.columns = weir_arena_zero(arena, read.n_columns + 1u, sizeof *read.columns);
    read.dialects = weir_arena_zero(arena, read.n_splits + 1u, sizeof *read.dialects);
    if (!read.columns || !read.dialects) return false;
    for (uint32_t i = 0; !r.bad && i < read.n_columns; i++) get_column(&r, &read.columns[i]);
    for (uint32_t i = 0; !r.bad && i < read.n_splits; i++) {
        read.dialects[i] = get_text(&r);
        r.bad |= !read.dialects[i];
    }
    if (r.bad || r.p != r.end) return false;
    *m = read;
    return true;
}
