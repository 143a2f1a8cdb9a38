/* The columns of an Arrow array: each layout checked, shared where it is ours, else converted. */
#include "column/arrow_job.h"

#include "column/cast_job.h"
#include "text/json.h"
#include "text/utf8.h"

#define BROKEN(...) weir_error_set(err, WEIR_DATA, __VA_ARGS__)
#define ROWS_MAX ((uint64_t)1 << 56) /* so that a row times any width fits */
#define VARIADIC_MAX 65536

/* Foreign buffers need not be aligned. */
typedef int32_t __attribute__((aligned(1), may_alias)) loose_i32;
typedef int64_t __attribute__((aligned(1), may_alias)) loose_i64;

/* One column that is being made. */
typedef struct part {
    weir_arrow_job *job;
    const struct ArrowSchema *s;
    const struct ArrowArray *a;
    const weir_arrow_format *f;
    const weir_type *type;
    const weir_arrow_frame *frame;
    uint64_t at; /* physical row of the array that is our row 0 */
    uint32_t n;
    weir_column *c; /* with validity */
} part;

/* ---- checks and failures ------------------------------------------------------------------- */

weir_status weir_arrow_check(const struct ArrowArray *a, int64_t n_buffers, int64_t n_children,
                             uint64_t start, uint32_t n, weir_error *err) {
    if (a->length < 0 || a->offset < 0 || (uint64_t)a->length > ROWS_MAX ||
        (uint64_t)a->offset > ROWS_MAX)
        return BROKEN("an Arrow array has length %lld and offset %lld", (long long)a->length,
                      (long long)a->offset);
    if (start > (uint64_t)a->length || n > (uint64_t)a->length - start)
        return BROKEN("an Arrow array has %lld rows, but %llu are wanted", (long long)a->length,
                      (unsigned long long)(start + n));
    if (a->null_count < -1 || a->null_count > a->length)
        return BROKEN("an Arrow array of %lld rows has %lld nulls", (long long)a->length,
                      (long long)a->null_count);
    if ((n_buffers >= 0 && a->n_buffers != n_buffers) || a->n_buffers < 0 ||
        (a->n_buffers && !a->buffers))
        return BROKEN("an Arrow array has %lld buffers", (long long)a->n_buffers);
    if (a->n_children != n_children || (n_children && !a->children))
        return BROKEN("an Arrow array has %lld children", (long long)a->n_children);
    return WEIR_OK;
}

static uint32_t row_of(const weir_arrow_frame *frame, uint32_t slot) {
    for (; frame->up; frame = frame->up) {
        if (!frame->offsets) continue;
        uint32_t low = 0, high = frame->up->n; /* the last row whose offset is not behind slot */
        while (high - low > 1) {
            uint32_t middle = low + (high - low) / 2;
            if ((uint32_t)frame->offsets[middle] <= slot)
                low = middle;
            else
                high = middle;
        }
        slot = low;
    }
    return slot;
}

weir_status weir_arrow_blame(weir_arrow_job *job, const weir_arrow_frame *frame, uint32_t slot,
                             const char *rule, const char *reason, weir_error *err) {
    uint32_t row = row_of(frame, slot);
    const weir_arrow_frame *root = frame;
    while (root->up) root = root->up;
    if (!job->bad) {
        job->bad = weir_alloc_zero(weir_bit_words(root->n) + 1, sizeof *job->bad);
        if (!job->bad) return weir_error_nomem(err);
    }
    weir_bit_set(job->bad, row);
    job->reason = reason;
    if (job->in_dictionary) return WEIR_OK; /* the rows that use it are told later */
    weir_failures *failures = NULL;
    weir_status status = weir_batch_failures(job->batch, &failures, err);
    if (status == WEIR_OK)
        status = weir_failures_put(failures, row, "read", job->field, rule, reason, err);
    return status;
}

static weir_status blame(part *p, uint32_t slot, const char *reason, weir_error *err) {
    return weir_arrow_blame(p->job, p->frame, slot, "type", reason, err);
}

/* A buffer that must be there when there are rows. */
static weir_status need(const part *p, int which, const void **out, weir_error *err) {
    *out = p->a->buffers[which];
    return *out || p->n == 0 ? WEIR_OK : BROKEN("buffer %d of an Arrow array is missing", which);
}

static bool is_null(const part *p, uint32_t i) {
    return p->c->validity && !weir_bit_get(p->c->validity, i);
}

/* Bytes of the array as a block that keeps it alive. */
static weir_status wrap(const part *p, const void *data, size_t size, weir_block **out,
                        weir_error *err) {
    weir_arrow_holder *h = p->job->holder;
    weir_status status =
        weir_block_wrap((void *)(uintptr_t)data, size, weir_arrow_holder_release, h, out, err);
    if (status == WEIR_OK) atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
    return status;
}

/* ---- bitmaps ------------------------------------------------------------------------------- */

/* n bits from bit `at` on; reads no byte behind the last of them.  Bits behind n are zero. */
static void copy_bits(const uint8_t *from, uint64_t at, uint32_t n, uint64_t *to) {
    uint8_t *out = (uint8_t *)to;
    const uint8_t *in = from + (at >> 3);
    unsigned shift = (unsigned)(at & 7);
    size_t bytes = ((size_t)n + 7) / 8, there = (shift + (size_t)n + 7) / 8;
    memset(to, 0, weir_bit_words(n) * 8);
    if (n == 0) return;
    if (shift == 0) {
        memcpy(out, in, bytes);
    } else {
        for (size_t i = 0; i < bytes; i++) {
            unsigned next = i + 1 < there ? in[i + 1] : 0;
            out[i] = (uint8_t)(in[i] >> shift | next << (8 - shift));
        }
    }
    if (n % 8) out[bytes - 1] &= (uint8_t)((1u << n % 8) - 1);
}

static weir_status import_validity(part *p, weir_error *err) {
    if (p->f->layout == WEIR_ARROW_NULL || p->a->n_buffers == 0) return WEIR_OK;
    const uint8_t *bits = p->a->buffers[0];
    if (!bits) {
        if (p->a->null_count > 0)
            return BROKEN("an Arrow array has %lld nulls and no bitmap of them",
                          (long long)p->a->null_count);
        return WEIR_OK;
    }
    if (p->a->null_count == 0) return WEIR_OK;
    weir_status status = weir_column_need_validity(p->c, weir_ctx_ledger(p->job->ctx), err);
    if (status == WEIR_OK) copy_bits(bits, p->at, p->n, p->c->validity);
    return status;
}

static weir_status import_bits(part *p, weir_error *err) {
    const void *bits = NULL;
    weir_status status = need(p, 1, &bits, err);
    if (status == WEIR_OK && p->n) copy_bits(bits, p->at, p->n, p->c->values);
    return status;
}

/* ---- fixed width --------------------------------------------------------------------------- */

static weir_status check_values(part *p, weir_error *err) {
    weir_status status = WEIR_OK;
    if (p->type->id == WEIR_TIME) {
        const int64_t *v = p->c->values;
        for (uint32_t i = 0; status == WEIR_OK && i < p->n; i++)
            if ((v[i] < 0 || v[i] >= WEIR_US_PER_DAY) && !is_null(p, i))
                status = blame(p, i, "the time of day is not between 00:00 and 24:00", err);
    } else if (weir_type_is_decimal128(p->type)) {
        const __int128 *v = p->c->values;
        for (uint32_t i = 0; status == WEIR_OK && i < p->n; i++)
            if (!is_null(p, i) && !weir_cast_fits(v[i], p->type->precision))
                status = blame(p, i, "the decimal has more digits than its type", err);
    } else if (p->type->id == WEIR_DECIMAL) {
        const int64_t *v = p->c->values;
        for (uint32_t i = 0; status == WEIR_OK && i < p->n; i++)
            if (!is_null(p, i) && !weir_cast_fits(v[i], p->type->precision))
                status = blame(p, i, "the decimal has more digits than its type", err);
    }
    return status;
}

/* Values that stand as ours: shared, or copied when their address does not suit. */
static weir_status import_fixed(part *p, weir_error *err) {
    const void *values = NULL;
    size_t width = p->type->width;
    weir_status status = need(p, 1, &values, err);
    if (status != WEIR_OK || p->n == 0) return status;
    const uint8_t *from = (const uint8_t *)values + p->at * width;
    size_t bytes = (size_t)p->n * width;
    if ((uintptr_t)from % width == 0) {
        weir_block *block = NULL;
        status = wrap(p, from, bytes, &block, err);
        if (status != WEIR_OK) return status;
        weir_block_release(p->c->values_block);
        p->c->values_block = block;
        p->c->values = block->data;
    } else {
        memcpy(p->c->values, from, bytes);
    }
    return check_values(p, err);
}

/* Decimals of 32 and 64 bits, and those of 128 that we keep in 64. */
static weir_status import_decimal(part *p, weir_error *err) {
    const void *values = NULL;
    weir_status status = need(p, 1, &values, err);
    if (status != WEIR_OK || p->n == 0) return status;
    if (p->f->width == p->type->width) return import_fixed(p, err);
    const uint8_t *from = (const uint8_t *)values + p->at * p->f->width;
    for (uint32_t i = 0; status == WEIR_OK && i < p->n; i++, from += p->f->width) {
        __int128 v = 0;
        if (p->f->width == 16)
            memcpy(&v, from, 16);
        else
            v = p->f->width == 8 ? *(const loose_i64 *)from : *(const loose_i32 *)from;
        bool bad = !is_null(p, i) && !weir_cast_fits(v, p->type->precision);
        if (p->type->width == 16)
            ((__int128 *)p->c->values)[i] = bad ? 0 : v;
        else
            ((int64_t *)p->c->values)[i] = bad ? 0 : (int64_t)v;
        if (bad) status = blame(p, i, "the decimal has more digits than its type", err);
    }
    return status;
}

/* Times and dates in other units than ours. */
static weir_status import_scaled(part *p, weir_error *err) {
    const void *values = NULL;
    weir_status status = need(p, 1, &values, err);
    if (status != WEIR_OK) return status;
    bool date = p->type->id == WEIR_DATE, time = p->type->id == WEIR_TIME;
    if (p->f->width == 8 && p->f->multiplier == 1 && p->f->divisor == 1 && !date)
        return import_fixed(p, err);
    for (uint32_t i = 0; status == WEIR_OK && i < p->n; i++) {
        int64_t v = p->f->width == 4 ? ((const loose_i32 *)values)[p->at + i]
                                     : ((const loose_i64 *)values)[p->at + i];
        const char *fault = NULL;
        if (v % p->f->divisor != 0)
            fault = date ? "the date is not a whole day"
                         : "the time has nanoseconds, which weir does not keep";
        v /= p->f->divisor;
        if (__builtin_mul_overflow(v, p->f->multiplier, &v) ||
            (date && (v < INT32_MIN || v > INT32_MAX)))
            fault = "the time is out of range";
        if (time && (v < 0 || v >= WEIR_US_PER_DAY))
            fault = "the time of day is not between 00:00 and 24:00";
        if (is_null(p, i)) fault = NULL;
        if (date)
            ((int32_t *)p->c->values)[i] = (int32_t)v;
        else
            ((int64_t *)p->c->values)[i] = v;
        if (fault) status = blame(p, i, fault, err);
    }
    return status;
}

static weir_status import_interval(part *p, weir_error *err) {
    const void *values = NULL;
    weir_status status = need(p, 1, &values, err);
    if (status != WEIR_OK || p->n == 0) return status;
    const uint8_t *from = (const uint8_t *)values + p->at * p->f->width;
    for (uint32_t i = 0; status == WEIR_OK && i < p->n; i++, from += p->f->width) {
        weir_interval v = {0};
        int32_t first = *(const loose_i32 *)from;
        bool bad = false;
        if (p->f->layout == WEIR_ARROW_MONTHS) {
            v.months = first;
        } else if (p->f->layout == WEIR_ARROW_DAY_MS) {
            v.days = first;
            v.micros = (int64_t) * (const loose_i32 *)(from + 4) * 1000;
        } else {
            v.months = first;
            v.days = *(const loose_i32 *)(from + 4);
            int64_t nanos = *(const loose_i64 *)(from + 8);
            bad = nanos % 1000 != 0 && !is_null(p, i);
            v.micros = nanos / 1000;
        }
        ((weir_interval *)p->c->values)[i] = v;
        if (bad)
            status = blame(p, i, "the interval has nanoseconds, which weir does not keep", err);
    }
    return status;
}

/* ---- texts --------------------------------------------------------------------------------- */

static bool is_json(weir_slice s) {
    const char *end = s.data + s.size;
    const char *at = weir_json_skip_space(s.data, end);
    at = weir_json_skip(at, end, WEIR_JSON_DEPTH_DEFAULT, NULL, NULL);
    return at && weir_json_skip_space(at, end) == end;
}

/* Why a text is not of the type; NULL = it is.  proven: it is UTF-8 for sure. */
static const char *text_fault(const weir_type *t, weir_slice s, bool proven) {
    if (t->id == WEIR_BINARY) return NULL;
    if (!proven && !weir_utf8_valid(s.data, s.size)) return "the text is not UTF-8";
    return t->id == WEIR_JSON && !is_json(s) ? "the text is not valid JSON" : NULL;
}

/* Views of texts that stand in one foreign buffer, wrapped in windows that 31 bits can address. */
typedef struct window {
    const uint8_t *data; /* of the whole buffer */
    uint64_t end;        /* bytes of it that are ours to use */
    uint64_t base;
    uint32_t index;
    bool open;
} window;

static weir_status put_view(part *p, window *w, uint32_t i, uint64_t from, uint64_t size,
                            weir_error *err) {
    weir_view *v = (weir_view *)p->c->values + i;
    if (size > 12 && (!w->open || from + size - w->base > INT32_MAX)) {
        uint64_t bytes = w->end - from < INT32_MAX ? w->end - from : INT32_MAX;
        weir_block *block = NULL;
        weir_status status = wrap(p, w->data + from, (size_t)bytes, &block, err);
        if (status == WEIR_OK) status = weir_column_add_block(p->c, block, &w->index, err);
        weir_block_release(block);
        if (status != WEIR_OK) return status;
        w->base = from;
        w->open = true;
    }
    *v = (weir_view){.words = {0, 0}};
    if (size == 0) return WEIR_OK;
    *v = weir_view_make(w->data + from, (uint32_t)size, w->index, (uint32_t)(from - w->base));
    return WEIR_OK;
}

static weir_status put_text(part *p, window *w, uint32_t i, uint64_t from, uint64_t size,
                            bool proven, weir_error *err) {
    const char *fault = NULL;
    if (is_null(p, i))
        size = 0;
    else if (size > INT32_MAX)
        fault = "the text is longer than 2 GiB";
    else
        fault = text_fault(
            p->type, (weir_slice){size ? (const char *)w->data + from : "", (size_t)size}, proven);
    weir_status status = put_view(p, w, i, from, fault ? 0 : size, err);
    return status == WEIR_OK && fault ? blame(p, i, fault, err) : status;
}

static int64_t offset_at(const void *offsets, uint32_t width, uint64_t i) {
    return width == 4 ? ((const loose_i32 *)offsets)[i] : ((const loose_i64 *)offsets)[i];
}

/* n + 1 offsets that never go back. */
static weir_status check_offsets(const part *p, const void *offsets, weir_error *err) {
    int64_t last = offset_at(offsets, p->f->width, p->at);
    if (last < 0) return BROKEN("an Arrow offset is %lld", (long long)last);
    for (uint32_t i = 1; i <= p->n; i++) {
        int64_t next = offset_at(offsets, p->f->width, p->at + i);
        if (next < last)
            return BROKEN("an Arrow offset goes back from %lld to %lld", (long long)last,
                          (long long)next);
        last = next;
    }
    return WEIR_OK;
}

static weir_status import_text(part *p, weir_error *err) {
    const void *offsets = NULL;
    weir_status status = need(p, 1, &offsets, err);
    if (status != WEIR_OK || p->n == 0) return status;
    status = check_offsets(p, offsets, err);
    if (status != WEIR_OK) return status;
    uint64_t first = (uint64_t)offset_at(offsets, p->f->width, p->at);
    uint64_t end = (uint64_t)offset_at(offsets, p->f->width, p->at + p->n);
    window w = {.data = p->a->buffers[2], .end = end};
    if (!w.data && end > first) return BROKEN("the texts of an Arrow array are missing");
    bool proven = end == first || weir_utf8_is_ascii((const char *)w.data + first, end - first);
    for (uint32_t i = 0; status == WEIR_OK && i < p->n; i++) {
        uint64_t from = (uint64_t)offset_at(offsets, p->f->width, p->at + i);
        uint64_t to = (uint64_t)offset_at(offsets, p->f->width, p->at + i + 1);
        status = put_text(p, &w, i, from, to - from, proven, err);
    }
    return status;
}

/* w:n as binary. */
static weir_status import_bytes(part *p, weir_error *err) {
    const void *values = NULL;
    weir_status status = need(p, 1, &values, err);
    uint64_t width = p->f->width;
    window w = {.data = values, .end = (p->at + p->n) * width};
    for (uint32_t i = 0; status == WEIR_OK && i < p->n; i++)
        status = put_text(p, &w, i, (p->at + i) * width, width, true, err);
    return status;
}

/* The variadic buffers of a view array as blocks of the column, and their sizes. */
static weir_status add_variadic(part *p, const loose_i64 **sizes, int64_t *count, weir_error *err) {
    int64_t n = p->a->n_buffers - 3;
    if (n < 0 || n > VARIADIC_MAX)
        return BROKEN("an Arrow array of views has %lld buffers", (long long)p->a->n_buffers);
    const loose_i64 *bytes = p->a->buffers[p->a->n_buffers - 1];
    if (n && !bytes) return BROKEN("the sizes of an Arrow array's buffers are missing");
    for (int64_t i = 0; i < n; i++) {
        const void *data = p->a->buffers[2 + i];
        if (bytes[i] < 0 || (bytes[i] && !data))
            return BROKEN("text buffer %lld of an Arrow array has %lld bytes", (long long)i,
                          (long long)bytes[i]);
        weir_block *block = NULL;
        weir_status status = wrap(p, data ? data : "", (size_t)bytes[i], &block, err);
        if (status == WEIR_OK) status = weir_column_add_block(p->c, block, NULL, err);
        weir_block_release(block);
        if (status != WEIR_OK) return status;
    }
    *sizes = bytes;
    *count = n;
    return WEIR_OK;
}

/* One view, copied: padded with zeros, within its buffer, with the right prefix. */
static weir_status import_view(part *p, const uint8_t *from, const loose_i64 *sizes, int64_t n,
                               uint32_t i, weir_error *err) {
    weir_view v, *to = (weir_view *)p->c->values + i;
    memcpy(&v, from, sizeof v);
    *to = (weir_view){.words = {0, 0}};
    if (is_null(p, i)) return WEIR_OK;
    if (v.in.size > INT32_MAX) return BROKEN("an Arrow view has a negative size");
    weir_slice s = {v.in.bytes, v.in.size};
    if (v.in.size <= 12) {
        memset(v.in.bytes + v.in.size, 0, 12 - v.in.size);
    } else {
        if (v.ref.block >= (uint64_t)n || v.ref.offset > INT32_MAX ||
            (int64_t)v.ref.offset + (int64_t)v.ref.size > sizes[v.ref.block])
            return BROKEN("an Arrow view is at %u+%u of buffer %u, outside", v.ref.offset,
                          v.ref.size, v.ref.block);
        s.data = (const char *)p->c->blocks[v.ref.block]->data + v.ref.offset;
        memcpy(v.ref.prefix, s.data, 4);
    }
    const char *fault = text_fault(p->type, s, false);
    if (fault) return blame(p, i, fault, err);
    *to = v;
    return WEIR_OK;
}

static weir_status import_views(part *p, weir_error *err) {
    const void *views = NULL;
    const loose_i64 *sizes = NULL;
    int64_t n = 0;
    weir_status status = add_variadic(p, &sizes, &n, err);
    if (status == WEIR_OK) status = need(p, 1, &views, err);
    for (uint32_t i = 0; status == WEIR_OK && i < p->n; i++)
        status = import_view(p, (const uint8_t *)views + (p->at + i) * sizeof(weir_view), sizes, n,
                             i, err);
    return status;
}

/* ---- nested -------------------------------------------------------------------------------- */

static weir_status add_child(part *p, const struct ArrowSchema *s, const struct ArrowArray *a,
                             uint32_t field, uint64_t start, uint32_t n,
                             const weir_arrow_frame *frame, weir_error *err) {
    weir_column *child = NULL, *plain = NULL;
    if (!a) return BROKEN("child %u of an Arrow array is missing", field);
    weir_status status =
        weir_arrow_values(p->job, s, a, p->type->fields[field].type, start, n, frame, &child, err);
    if (status != WEIR_OK) return status;
    status = weir_decode_plain(child, p->job->ctx, &plain, err);
    weir_column_release(child);
    if (status != WEIR_OK) return status;
    status = weir_column_add_child(p->c, plain, err);
    if (status != WEIR_OK) weir_column_release(plain);
    return status;
}

/* Nulls where the type has none, below values that are there. */
static weir_status check_child_nulls(part *p, uint32_t field, const weir_arrow_frame *frame,
                                     const char *reason, weir_error *err) {
    const weir_column *child = p->c->children[field];
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; status == WEIR_OK && i < frame->n; i++) {
        if (!weir_column_is_null(child, i) || (!frame->offsets && is_null(p, i))) continue;
        status = weir_arrow_blame(p->job, frame, i, "not null", reason, err);
    }
    return status;
}

static weir_status import_struct(part *p, weir_error *err) {
    weir_arrow_frame below = {.up = p->frame, .n = p->n};
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; status == WEIR_OK && i < p->type->n_fields; i++) {
        status = add_child(p, p->s->children[i], p->a->children[i], i, p->at, p->n, &below, err);
        if (status == WEIR_OK && p->type->fields[i].not_null)
            status = check_child_nulls(p, i, &below, "a field of the struct is null", err);
    }
    return status;
}

/* Offsets counted from our first item; *first its number in the child. */
static weir_status import_offsets(part *p, uint64_t *first, uint32_t *items, weir_error *err) {
    const void *offsets = NULL;
    *first = *items = 0;
    weir_status status = need(p, 1, &offsets, err);
    if (status != WEIR_OK || p->n == 0) return status;
    status = check_offsets(p, offsets, err);
    if (status != WEIR_OK) return status;
    int64_t begin = offset_at(offsets, p->f->width, p->at);
    int64_t end = offset_at(offsets, p->f->width, p->at + p->n);
    if (end - begin > INT32_MAX)
        return weir_error_set(err, WEIR_RESOURCE, "lists of more than 2^31 items in one batch");
    int32_t *to = p->c->values;
    for (uint32_t i = 0; i <= p->n; i++)
        to[i] = (int32_t)(offset_at(offsets, p->f->width, p->at + i) - begin);
    *first = (uint64_t)begin;
    *items = (uint32_t)(end - begin);
    return WEIR_OK;
}

static weir_status import_list(part *p, weir_error *err) {
    uint64_t first;
    uint32_t items;
    weir_status status = import_offsets(p, &first, &items, err);
    if (status != WEIR_OK) return status;
    weir_arrow_frame below = {.up = p->frame, .offsets = p->c->values, .n = items};
    return add_child(p, p->s->children[0], p->a->children[0], 0, first, items, &below, err);
}

static weir_status import_map(part *p, weir_error *err) {
    uint64_t first;
    uint32_t items;
    const struct ArrowArray *entries = p->a->children[0];
    const struct ArrowSchema *s = p->s->children[0];
    if (!entries) return BROKEN("the entries of an Arrow map are missing");
    weir_status status = import_offsets(p, &first, &items, err);
    if (status == WEIR_OK) status = weir_arrow_check(entries, 1, 2, first, items, err);
    weir_arrow_frame below = {.up = p->frame, .offsets = p->c->values, .n = items};
    for (uint32_t i = 0; status == WEIR_OK && i < 2; i++)
        status = add_child(p, s->children[i], entries->children[i], i,
                           (uint64_t)entries->offset + first, items, &below, err);
    if (status == WEIR_OK)
        status = check_child_nulls(p, 0, &below, "a key of the map is null", err);
    return status;
}

/* ---- dictionaries -------------------------------------------------------------------------- */

/* The values of a dictionary, once for all batches: PLAIN, its nulls kept aside. */
static weir_status load_dictionary(weir_arrow_job *job, const struct ArrowSchema *s,
                                   const struct ArrowArray *a, const weir_type *type,
                                   weir_arrow_dictionary *d, weir_error *err) {
    if (a->length < 0 || a->length > INT32_MAX)
        return BROKEN("an Arrow dictionary has %lld values", (long long)a->length);
    uint32_t n = (uint32_t)a->length;
    weir_arrow_job inner = *job; /* faults go to the rows that use the value */
    weir_arrow_frame root = {.n = n};
    weir_column *c = NULL;
    inner.in_dictionary = true;
    inner.bad = NULL;
    weir_status status = weir_arrow_values(&inner, s, a, type, 0, n, &root, &c, err);
    job->dictionaries = inner.dictionaries; /* a dictionary may have one of its own */
    job->n_dictionaries = inner.n_dictionaries;
    job->dictionaries_capacity = inner.dictionaries_capacity;
    *d = (weir_arrow_dictionary){.array = a, .unusable = inner.bad, .reason = inner.reason};
    if (status == WEIR_OK) status = weir_decode_plain(c, job->ctx, &d->values, err);
    weir_column_release(c);
    if (status != WEIR_OK || !d->values->validity) return status;
    size_t words = weir_bit_words(n);
    d->nulls = weir_alloc_zero(words + 1, sizeof *d->nulls);
    if (!d->nulls) return weir_error_nomem(err);
    for (size_t i = 0; i < words; i++) d->nulls[i] = ~d->values->validity[i];
    weir_block_release(d->values->validity_block);
    d->values->validity_block = NULL;
    d->values->validity = NULL;
    return WEIR_OK;
}

static weir_status find_dictionary(weir_arrow_job *job, const struct ArrowSchema *s,
                                   const struct ArrowArray *a, const weir_type *type, size_t *index,
                                   weir_error *err) {
    for (size_t i = 0; i < job->n_dictionaries; i++) {
        *index = i;
        if (job->dictionaries[i].array == a && job->dictionaries[i].values->type == type)
            return WEIR_OK;
    }
    weir_arrow_dictionary d = {0};
    weir_status status = load_dictionary(job, s, a, type, &d, err);
    if (status == WEIR_OK)
        status = weir_grow((void **)&job->dictionaries, &job->dictionaries_capacity,
                           job->n_dictionaries + 1, sizeof d, (size_t)1 << 20, err);
    if (status != WEIR_OK) {
        weir_column_release(d.values);
        weir_free(d.nulls);
        weir_free(d.unusable);
        return status;
    }
    *index = job->n_dictionaries;
    job->dictionaries[job->n_dictionaries++] = d;
    return WEIR_OK;
}

static uint64_t index_at(const void *values, const weir_type *t, uint64_t i) {
    const uint8_t *p = (const uint8_t *)values + i * t->width;
    uint64_t v = 0;
    memcpy(&v, p, t->width);
    unsigned unused = 64 - 8u * t->width;
    return weir_type_is_signed(t) ? (uint64_t)((int64_t)(v << unused) >> unused) : v;
}

/* Indices, checked; rows whose value is null or failed are marked. */
static weir_status import_indices(part *p, const weir_arrow_dictionary *d, weir_error *err) {
    const void *values = NULL;
    weir_status status = need(p, 1, &values, err);
    weir_ledger *ledger = weir_ctx_ledger(p->job->ctx);
    for (uint32_t i = 0; status == WEIR_OK && i < p->n; i++) {
        uint64_t index = index_at(values, p->f->type, p->at + i);
        bool inside = index < d->values->length;
        p->c->indices[i] = inside ? (int32_t)index : 0;
        if (is_null(p, i)) continue;
        if (!inside)
            return BROKEN("row %u has index %lld of an Arrow dictionary of %u values", i,
                          (long long)index, d->values->length);
        if (d->nulls && weir_bit_get(d->nulls, (uint32_t)index))
            status = weir_column_set_null(p->c, i, false, ledger, err);
        else if (d->unusable && weir_bit_get(d->unusable, (uint32_t)index))
            status = blame(p, i, d->reason, err);
    }
    return status;
}

static weir_status import_dictionary(part *p, weir_column **out, weir_error *err) {
    size_t which = 0;
    if (!p->a->dictionary) return BROKEN("an Arrow array has no dictionary");
    weir_status status = weir_arrow_check(p->a, 2, 0, p->at - (uint64_t)p->a->offset, p->n, err);
    if (status == WEIR_OK)
        status = find_dictionary(p->job, p->s->dictionary, p->a->dictionary, p->type, &which, err);
    if (status != WEIR_OK) return status;
    weir_ledger *ledger = weir_ctx_ledger(p->job->ctx);
    weir_column *values = p->job->dictionaries[which].values;
    if (values->type->id == WEIR_NULL) /* no bitmap can say more than the type does */
        return weir_column_constant(values->type, p->n, NULL, 0, ledger, out, err);
    status = weir_column_dictionary(weir_column_retain(values), p->n, ledger, &p->c, err);
    if (status != WEIR_OK) {
        weir_column_release(values);
        return status;
    }
    status = import_validity(p, err);
    if (status == WEIR_OK) status = import_indices(p, &p->job->dictionaries[which], err);
    if (status != WEIR_OK)
        weir_column_release(p->c);
    else
        *out = p->c;
    return status;
}

/* ---- any column ---------------------------------------------------------------------------- */

static int64_t buffers_wanted(weir_arrow_layout layout) {
    switch (layout) {
    case WEIR_ARROW_NULL: return 0;
    case WEIR_ARROW_STRUCT: return 1;
    case WEIR_ARROW_TEXT: return 3;
    case WEIR_ARROW_VIEWS: return -1;
    default: return 2;
    }
}

static weir_status import_values(part *p, weir_error *err) {
    switch (p->f->layout) {
    case WEIR_ARROW_NULL: return WEIR_OK;
    case WEIR_ARROW_BITS: return import_bits(p, err);
    case WEIR_ARROW_FIXED: return import_fixed(p, err);
    case WEIR_ARROW_DECIMAL: return import_decimal(p, err);
    case WEIR_ARROW_SCALED: return import_scaled(p, err);
    case WEIR_ARROW_DAY_MS:
    case WEIR_ARROW_MONTHS:
    case WEIR_ARROW_NANO: return import_interval(p, err);
    case WEIR_ARROW_TEXT: return import_text(p, err);
    case WEIR_ARROW_VIEWS: return import_views(p, err);
    case WEIR_ARROW_BYTES: return import_bytes(p, err);
    case WEIR_ARROW_LIST: return import_list(p, err);
    case WEIR_ARROW_STRUCT: return import_struct(p, err);
    case WEIR_ARROW_MAP: return import_map(p, err);
    }
    return weir_error_set(err, WEIR_INTERNAL, "Arrow layout %d", (int)p->f->layout);
}

weir_status weir_arrow_values(weir_arrow_job *job, const struct ArrowSchema *s,
                              const struct ArrowArray *a, const weir_type *type, uint64_t start,
                              uint32_t n, const weir_arrow_frame *frame, weir_column **out,
                              weir_error *err) {
    weir_arrow_format f;
    weir_status status = weir_arrow_format_parse(s, &f, err);
    if (status != WEIR_OK) return status;
    part p = {.job = job, .s = s, .a = a, .f = &f, .type = type, .frame = frame, .n = n};
    status = weir_arrow_check(a, s->dictionary ? 2 : buffers_wanted(f.layout), s->n_children, start,
                              n, err);
    if (status != WEIR_OK) return status;
    p.at = (uint64_t)a->offset + start;
    if (s->dictionary) return import_dictionary(&p, out, err);
    if (f.layout == WEIR_ARROW_VIEWS && a->n_buffers < 3)
        return BROKEN("an Arrow array of views has %lld buffers", (long long)a->n_buffers);
    WEIR_TRY(weir_column_new(type, n, weir_ctx_ledger(job->ctx), &p.c, err));
    WEIR_TRY(import_validity(&p, err));
    WEIR_TRY(import_values(&p, err));
    *out = p.c;
    return WEIR_OK;
out:
    weir_column_release(p.c);
    return status;
}
