/* What all connectors share: splits as bytes, packets, names of modes. */
#include "connect/connector.h"

const char *const weir_load_mode_names[] = {
    "append", "replace",  "truncate",           "upsert", "delete_insert",
    "scd2",   "snapshot", "replace_partitions", NULL};

void weir_packet_clear(weir_packet *p) {
    if (!p) return;
    weir_chunk_clear(&p->chunk);
    weir_batch_free(p->batch);
    p->batch = NULL;
    if (p->extra && p->extra_free) p->extra_free(p->extra);
    p->extra = NULL;
}

weir_status weir_splits_add(weir_splits *s, const weir_split *split, weir_error *err) {
    weir_status status =
        weir_grow((void **)&s->items, &s->capacity, s->n + 1, sizeof *s->items, 1u << 24, err);
    if (status != WEIR_OK) return status;
    weir_split copy = *split;
    copy.name = weir_arena_strdup(&s->arena, split->name ? split->name : "");
    void *data = weir_arena_alloc(&s->arena, split->data_size ? split->data_size : 1);
    if (!copy.name || !data) return weir_error_nomem(err);
    if (split->data_size) memcpy(data, split->data, split->data_size);
    copy.data = data;
    s->items[s->n++] = copy;
    return WEIR_OK;
}

void weir_splits_clear(weir_splits *s) {
    weir_free(s->items);
    weir_arena_clear(&s->arena);
    memset(s, 0, sizeof *s);
}

/* Version 1: "WSP1", then for each split name, size, mtime, data, each length before its bytes;
 * integers are 8 bytes, little-endian. */
static bool put_u64(weir_buf *b, uint64_t v) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(v >> (8 * i));
    return weir_buf_add(b, bytes, 8);
}

static bool put_bytes(weir_buf *b, const void *p, size_t n) {
    return put_u64(b, n) && weir_buf_add(b, p, n);
}

weir_status weir_splits_save(const weir_splits *s, weir_buf *out, weir_error *err) {
    bool ok = weir_buf_adds(out, "WSP1");
    for (size_t i = 0; ok && i < s->n; i++) {
        const weir_split *x = &s->items[i];
        ok = put_bytes(out, x->name, strlen(x->name)) && put_u64(out, x->size_bytes) &&
             put_u64(out, (uint64_t)x->mtime_ns) && put_bytes(out, x->data, x->data_size);
    }
    return ok ? WEIR_OK : weir_error_nomem(err);
}

static bool get_u64(weir_slice *s, uint64_t *v) {
    if (s->size < 8) return false;
    *v = 0;
    for (int i = 0; i < 8; i++) *v |= (uint64_t)(uint8_t)s->data[i] << (8 * i);
    s->data += 8;
    s->size -= 8;
    return true;
}

static bool get_bytes(weir_slice *s, weir_slice *v) {
    uint64_t n;
    if (!get_u64(s, &n) || n > s->size) return false;
    *v = (weir_slice){s->data, (size_t)n};
    s->data += n;
    s->size -= (size_t)n;
    return true;
}

weir_status weir_splits_load(weir_splits *s, weir_slice bytes, weir_error *err) {
    if (bytes.size < 4 || memcmp(bytes.data, "WSP1", 4) != 0)
        return weir_error_set(err, WEIR_DATA, "the stored splits are of another version");
    bytes.data += 4;
    bytes.size -= 4;
    while (bytes.size) {
        weir_slice name, data;
        uint64_t size, mtime;
        if (!get_bytes(&bytes, &name) || !get_u64(&bytes, &size) || !get_u64(&bytes, &mtime) ||
            !get_bytes(&bytes, &data))
            return weir_error_set(err, WEIR_DATA, "the stored splits are damaged");
        char *text = weir_arena_strndup(&s->arena, name.data, name.size);
        if (!text) return weir_error_nomem(err);
        weir_split x = {text, size, (int64_t)mtime, data.data, data.size};
        weir_status status = weir_splits_add(s, &x, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}
