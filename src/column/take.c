/* take: rows by number.  decode: plain columns from encoded ones. */
#include "column/kernel_util.h"

static weir_status take_bits(const uint64_t *bits, const uint32_t *idx, uint32_t n,
                             weir_ledger *ledger, weir_block **block, uint64_t **out,
                             weir_error *err) {
    size_t words = weir_bit_words(n);
    weir_block *b = NULL;
    weir_status status = weir_block_new(ledger, words ? words * 8 : 8, &b, err);
    if (status != WEIR_OK) return status;
    b->size = words * 8;
    uint64_t *to = (uint64_t *)(void *)b->data;
    for (size_t w = 0; w < words; w++) {
        uint32_t first = (uint32_t)w * 64, count = n - first < 64 ? n - first : 64;
        uint64_t word = 0;
        for (uint32_t i = 0; i < count; i++)
            word |= (uint64_t)weir_bit_get(bits, idx[first + i]) << i;
        to[w] = word;
    }
    *block = b;
    *out = to;
    return WEIR_OK;
}

static weir_status take_bitmaps(weir_column *out, const weir_column *c, const uint32_t *idx,
                                uint32_t n, weir_ledger *ledger, weir_error *err) {
    weir_status status = WEIR_OK;
    if (c->validity)
        status = take_bits(c->validity, idx, n, ledger, &out->validity_block, &out->validity, err);
    if (status == WEIR_OK && c->poison)
        status = take_bits(c->poison, idx, n, ledger, &out->poison_block, &out->poison, err);
    return status;
}

/* Values are moved by their width, whatever their type. */
typedef uint8_t __attribute__((may_alias)) bytes1;
typedef uint16_t __attribute__((may_alias)) bytes2;
typedef uint32_t __attribute__((may_alias)) bytes4;
typedef uint64_t __attribute__((may_alias)) bytes8;
typedef struct __attribute__((may_alias)) bytes16 {
    uint64_t a, b;
} bytes16;

#define TAKE_WIDTH(TYPE)                                                                           \
    do {                                                                                           \
        const TYPE *from = values;                                                                 \
        TYPE *to = out;                                                                            \
        for (uint32_t i = 0; i < n; i++) to[i] = from[idx[i]];                                     \
    } while (0)

static void take_fixed(const void *values, size_t width, const uint32_t *idx, uint32_t n,
                       void *out) {
    switch (width) {
    case 1: TAKE_WIDTH(bytes1); break;
    case 2: TAKE_WIDTH(bytes2); break;
    case 4: TAKE_WIDTH(bytes4); break;
    case 8: TAKE_WIDTH(bytes8); break;
    default: TAKE_WIDTH(bytes16); break;
    }
}

/* LIST and MAP: new offsets, then the children at the numbers they name. */
static weir_status take_items(weir_column *out, const weir_column *c, const uint32_t *idx,
                              uint32_t n, weir_ledger *ledger, weir_error *err) {
    const int32_t *from = c->values;
    int32_t *to = out->values;
    uint64_t total = 0;
    for (uint32_t i = 0; i < n; i++) total += (uint32_t)(from[idx[i] + 1] - from[idx[i]]);
    if (total > INT32_MAX)
        return weir_error_set(err, WEIR_RESOURCE, "lists of more than 2^31 items in one batch");
    uint32_t *items = weir_alloc(((size_t)total + 1) * sizeof *items);
    if (!items) return weir_error_nomem(err);
    uint32_t at = 0;
    to[0] = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (int32_t k = from[idx[i]]; k < from[idx[i] + 1]; k++) items[at++] = (uint32_t)k;
        to[i + 1] = (int32_t)at;
    }
    weir_status status = WEIR_OK;
    weir_column *child = NULL;
    for (uint32_t i = 0; i < c->n_children; i++) {
        WEIR_TRY(weir_take_at(c->children[i], items, at, ledger, &child, err));
        WEIR_TRY(weir_column_add_child(out, child, err));
        child = NULL;
    }
out:
    weir_column_release(child);
    weir_free(items);
    return status;
}

static weir_status take_plain(const weir_column *c, const uint32_t *idx, uint32_t n,
                              weir_ledger *ledger, weir_column **out, weir_error *err) {
    weir_column *to = NULL, *child = NULL;
    weir_status status = weir_column_new(c->type, n, ledger, &to, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(take_bitmaps(to, c, idx, n, ledger, err));
    switch (c->type->id) {
    case WEIR_NULL: break;
    case WEIR_BOOL:
        for (uint32_t i = 0; i < n; i++)
            if (weir_bit_get(c->values, idx[i])) weir_bit_set(to->values, i);
        break;
    case WEIR_LIST:
    case WEIR_MAP: WEIR_TRY(take_items(to, c, idx, n, ledger, err)); break;
    case WEIR_STRUCT:
        for (uint32_t i = 0; i < c->n_children; i++) {
            WEIR_TRY(weir_take_at(c->children[i], idx, n, ledger, &child, err));
            WEIR_TRY(weir_column_add_child(to, child, err));
            child = NULL;
        }
        break;
    default:
        take_fixed(c->values, c->type->width, idx, n, to->values);
        WEIR_TRY(weir_column_share_blocks(to, c, err));
        break;
    }
    *out = to;
    to = NULL;
out:
    weir_column_release(child);
    weir_column_release(to);
    return status;
}

static weir_status take_dictionary(const weir_column *c, const uint32_t *idx, uint32_t n,
                                   weir_ledger *ledger, weir_column **out, weir_error *err) {
    weir_column *to = NULL;
    weir_column *dictionary = weir_column_retain(c->dictionary);
    weir_status status = weir_column_dictionary(dictionary, n, ledger, &to, err);
    if (status != WEIR_OK) {
        weir_column_release(dictionary);
        return status;
    }
    take_fixed(c->indices, sizeof(int32_t), idx, n, to->indices);
    status = take_bitmaps(to, c, idx, n, ledger, err);
    if (status != WEIR_OK) {
        weir_column_release(to);
        return status;
    }
    *out = to;
    return WEIR_OK;
}

/* The same value, another number of rows. */
static weir_status take_constant(const weir_column *c, uint32_t n, weir_column **out,
                                 weir_error *err) {
    weir_column *to = NULL;
    weir_status status = weir_column_shell(c->type, WEIR_CONSTANT, n, &to, err);
    if (status != WEIR_OK) return status;
    weir_column_share_bitmaps(to, c);
    to->values_block = weir_block_retain(c->values_block);
    to->values = c->values;
    WEIR_TRY(weir_column_share_blocks(to, c, err));
    for (uint32_t i = 0; i < c->n_children; i++) {
        weir_column *child = weir_column_retain(c->children[i]);
        status = weir_column_add_child(to, child, err);
        if (status != WEIR_OK) {
            weir_column_release(child);
            goto out;
        }
    }
    *out = to;
    to = NULL;
out:
    weir_column_release(to);
    return status;
}

weir_status weir_take_at(const weir_column *c, const uint32_t *idx, uint32_t n, weir_ledger *ledger,
                         weir_column **out, weir_error *err) {
    switch (c->encoding) {
    case WEIR_CONSTANT: return take_constant(c, n, out, err);
    case WEIR_DICTIONARY: return take_dictionary(c, idx, n, ledger, out, err);
    default: return take_plain(c, idx, n, ledger, out, err);
    }
}

/* The numbers of the rows as 32-bit; freed by the caller. */
static uint32_t *wide_rows(const weir_rows *rows) {
    uint32_t *idx = weir_alloc(((size_t)rows->n + 1) * sizeof *idx);
    if (!idx) return NULL;
    if (rows->sel)
        for (uint32_t i = 0; i < rows->n; i++) idx[i] = rows->sel[i];
    else
        for (uint32_t i = 0; i < rows->n; i++) idx[i] = i;
    return idx;
}

weir_status weir_take(const weir_column *c, weir_rows rows, weir_ctx *ctx, weir_column **out,
                      weir_error *err) {
    if (!rows.sel && rows.n == c->length) {
        *out = weir_column_retain((weir_column *)(uintptr_t)c);
        return WEIR_OK;
    }
    if (c->encoding == WEIR_CONSTANT) return take_constant(c, rows.n, out, err);
    uint32_t *idx = wide_rows(&rows);
    if (!idx) return weir_error_nomem(err);
    weir_status status = weir_take_at(c, idx, rows.n, weir_ctx_ledger(ctx), out, err);
    weir_free(idx);
    return status;
}

/* ---- decode -------------------------------------------------------------------------------- */

/* Where the value of each row stands in the base column; null rows point at slot 0. */
static void slots_of(const weir_column *c, uint32_t *idx) {
    if (c->encoding == WEIR_CONSTANT)
        memset(idx, 0, (size_t)c->length * sizeof *idx);
    else
        for (uint32_t i = 0; i < c->length; i++)
            idx[i] = weir_column_is_null(c, i) ? 0 : (uint32_t)c->indices[i];
}

/* Bitmaps of the rows of an encoded column as those of a PLAIN one. */
static weir_status plain_bitmaps(weir_column *to, const weir_column *c, weir_ledger *ledger,
                                 weir_error *err) {
    if (c->encoding == WEIR_DICTIONARY) {
        weir_column_share_bitmaps(to, c);
        return WEIR_OK;
    }
    size_t bytes = weir_bit_words(c->length) * 8;
    weir_status status = WEIR_OK;
    if (c->validity && !weir_bit_get(c->validity, 0)) {
        status = weir_column_need_validity(to, ledger, err);
        if (status != WEIR_OK) return status;
        memset(to->validity, 0, bytes);
    }
    if (c->poison && weir_bit_get(c->poison, 0)) {
        status = weir_column_need_poison(to, ledger, err);
        if (status != WEIR_OK) return status;
        memset(to->poison, 0xFF, bytes);
    }
    return WEIR_OK;
}

/* All rows null because there is no value to point at. */
static bool has_no_slot(const weir_column *c) {
    return c->encoding == WEIR_DICTIONARY && c->dictionary->length == 0;
}

weir_status weir_decode_plain(const weir_column *c, weir_ctx *ctx, weir_column **out,
                              weir_error *err) {
    if (c->encoding == WEIR_PLAIN) {
        *out = weir_column_retain((weir_column *)(uintptr_t)c);
        return WEIR_OK;
    }
    weir_ledger *ledger = weir_ctx_ledger(ctx);
    weir_column *to = NULL, *shell = NULL, *nulls = NULL;
    weir_status status = WEIR_OK;
    uint32_t *idx = weir_alloc(((size_t)c->length + 1) * sizeof *idx);
    if (!idx) return weir_error_nomem(err);
    slots_of(c, idx);
    const weir_column *base = weir_column_base(c);
    if (has_no_slot(c)) {
        WEIR_TRY(weir_column_constant(c->type, 1, NULL, 0, ledger, &nulls, err));
        base = nulls;
        memset(idx, 0, (size_t)c->length * sizeof *idx);
    }
    /* take_plain looks at one row's bitmaps through the base; the rows' own come afterwards. */
    WEIR_TRY(weir_column_shell(base->type, WEIR_PLAIN,
                               base->encoding == WEIR_PLAIN ? base->length : 1, &shell, err));
    shell->values = base->values;
    shell->blocks = base->blocks;
    shell->n_blocks = base->n_blocks;
    shell->children = base->children;
    shell->n_children = base->n_children;
    WEIR_TRY(take_plain(shell, idx, c->length, ledger, &to, err));
    WEIR_TRY(plain_bitmaps(to, c, ledger, err));
    *out = to;
    to = NULL;
out:
    if (shell) { /* borrowed parts must not be released with it */
        shell->blocks = NULL;
        shell->children = NULL;
        shell->n_blocks = shell->n_children = 0;
        weir_column_release(shell);
    }
    weir_column_release(nulls);
    weir_column_release(to);
    weir_free(idx);
    return status;
}

/* ---- nulls --------------------------------------------------------------------------------- */

weir_status weir_with_nulls(const weir_column *c, const uint64_t *mask, weir_rows rows,
                            weir_ctx *ctx, weir_column **out, weir_error *err) {
    weir_column *to = NULL, *plain = NULL;
    weir_status status = WEIR_OK;
    if (c->encoding == WEIR_DICTIONARY) {
        weir_column *dictionary = weir_column_retain(c->dictionary);
        status = weir_column_redictionary(c, dictionary, &to, err);
        if (status != WEIR_OK) weir_column_release(dictionary);
    } else {
        WEIR_TRY(weir_decode_plain(c, ctx, &plain, err));
        WEIR_TRY(weir_column_retype(plain, c->type, &to, err));
        for (uint32_t i = 0; i < plain->n_children; i++) {
            weir_column *child = weir_column_retain(plain->children[i]);
            status = weir_column_add_child(to, child, err);
            if (status != WEIR_OK) weir_column_release(child);
            if (status != WEIR_OK) goto out;
        }
    }
    for (uint32_t k = 0; status == WEIR_OK && k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (weir_bit_get(mask, row))
            status = weir_column_set_null(to, row, false, weir_ctx_ledger(ctx), err);
    }
    if (status != WEIR_OK) goto out;
    *out = to;
    to = NULL;
out:
    weir_column_release(plain);
    weir_column_release(to);
    return status;
}
