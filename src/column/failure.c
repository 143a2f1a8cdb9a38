/* Failures of single records. */
#include "column/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include "text/utf8.h"

#define CLIP_BYTES 100
/* Reasons of one batch; what goes beyond keeps its entry but not its words. */
#define REASONS_MAX_BYTES ((size_t)32 << 20)
#define REASON_MAX_BYTES 2048

weir_status weir_failures_new(uint32_t rows, weir_failures **out, weir_error *err) {
    weir_failures *f = weir_alloc_zero(1, sizeof *f);
    if (!f) return weir_error_nomem(err);
    f->rows = rows;
    f->arena.max_bytes = REASONS_MAX_BYTES;
    f->bad = weir_alloc_zero(((size_t)rows + 63) / 64 + 1, sizeof *f->bad);
    if (!f->bad) {
        weir_failures_free(f);
        return weir_error_nomem(err);
    }
    *out = f;
    return WEIR_OK;
}

void weir_failures_free(weir_failures *f) {
    if (!f) return;
    for (uint32_t i = 0; f->raw && i < f->rows; i++) weir_free((char *)(uintptr_t)f->raw[i].data);
    weir_free(f->raw);
    weir_arena_clear(&f->arena);
    weir_free(f->items);
    weir_free(f->bad);
    weir_free(f->counts);
    weir_free(f);
}

/* Room for one more entry of row; *keep is false when the row has had its share. */
static weir_status next_entry(weir_failures *f, uint32_t row, bool *keep, weir_error *err) {
    if (row >= f->rows)
        return weir_error_set(err, WEIR_INTERNAL, "a failure of row %u in a batch of %u", row,
                              f->rows);
    if (!f->counts) { /* most batches have no failure: this is made for the first one */
        f->counts = weir_alloc_zero((size_t)f->rows + 1, 1);
        if (!f->counts) return weir_error_nomem(err);
    }
    *keep = f->counts[row] < WEIR_FAILURES_PER_ROW;
    if (*keep) {
        weir_status status = weir_grow((void **)&f->items, &f->capacity, f->n + 1, sizeof *f->items,
                                       (size_t)f->rows * WEIR_FAILURES_PER_ROW, err);
        if (status != WEIR_OK) return status;
        f->counts[row]++;
    } else {
        f->dropped++;
    }
    f->bad[row >> 6] |= 1ull << (row & 63);
    return WEIR_OK;
}

weir_status weir_failures_put(weir_failures *f, uint32_t row, const char *stage, const char *field,
                              const char *rule, const char *reason, weir_error *err) {
    bool keep = false;
    weir_status status = next_entry(f, row, &keep, err);
    if (status == WEIR_OK && keep)
        f->items[f->n++] = (weir_failure){
            .row = row, .stage = stage, .field = field, .rule = rule, .reason = reason};
    return status;
}

weir_status weir_failures_add(weir_failures *f, uint32_t row, const char *stage, const char *field,
                              const char *rule, weir_error *err, const char *fmt, ...) {
    char text[REASON_MAX_BYTES];
    if (row < f->rows && f->counts && f->counts[row] >= WEIR_FAILURES_PER_ROW)
        return weir_failures_put(f, row, stage, field, rule, "", err);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0) n = 0;
    size_t size = (size_t)n < sizeof text ? (size_t)n
                                          : weir_utf8_clip(text, sizeof text - 1, sizeof text - 1);
    const char *reason = weir_arena_strndup(&f->arena, text, size);
    if (!reason) {
        if (f->arena.total_bytes + REASON_MAX_BYTES + 65536 * 4 < REASONS_MAX_BYTES)
            return weir_error_nomem(err);
        reason = "(too many failures in one batch to keep their reasons)";
    }
    return weir_failures_put(f, row, stage, field, rule, reason, err);
}

weir_status weir_failures_keep_raw(weir_failures *f, uint32_t row, weir_slice raw,
                                   weir_error *err) {
    if (row >= f->rows)
        return weir_error_set(err, WEIR_INTERNAL, "a raw form of row %u in a batch of %u", row,
                              f->rows);
    if (!f->raw) {
        f->raw = weir_alloc_zero((size_t)f->rows + 1, sizeof *f->raw);
        if (!f->raw) return weir_error_nomem(err);
    }
    char *copy = weir_strndup(raw.data, raw.size);
    if (!copy) return weir_error_nomem(err);
    weir_free((char *)(uintptr_t)f->raw[row].data);
    f->raw[row] = (weir_slice){copy, raw.size};
    return WEIR_OK;
}

int weir_clip(weir_slice s) {
    if (s.size <= CLIP_BYTES) return (int)s.size;
    return (int)weir_utf8_clip(s.data, s.size, CLIP_BYTES);
}
