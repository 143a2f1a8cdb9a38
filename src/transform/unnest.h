/* What unnest.c (options, binding, rows) and unnest_piece.c (batches) share. */
#ifndef WEIR_TRANSFORM_UNNEST_H
#define WEIR_TRANSFORM_UNNEST_H

#include "text/json.h"
#include "transform/kinds.h"

typedef struct unnest_config {
    const char *field, *as, *key, *index, *prefix;
    bool fields, outer;
    int64_t max_items;
} unnest_config;

typedef struct unnest_state {
    uint32_t field;    /* of the list */
    uint32_t first, n; /* columns of the result that take its place */
    const char *name;  /* of the list, for failures */
    bool members, index, outer, json;
    uint64_t max_items;
    size_t row_bytes; /* what a row of the result takes, without lists in it */
} unnest_state;

#define UNNEST_NO_ITEM UINT32_MAX

/* One batch being unnested, and the piece that is being filled. */
typedef struct unnest_run {
    const weir_operator *op;
    const unnest_state *state;
    weir_ctx *ctx;
    const weir_batch *batch;
    weir_pieces *out;
    weir_column *list;    /* PLAIN */
    weir_column **items;  /* PLAIN columns of all items: one, key and value, or the members */
    weir_column *structs; /* borrowed: where the members come from; NULL */
    uint32_t n_items;
    /* failures of the batch chained by row: number + 1, 0 = none; NULL when there are none */
    uint32_t *head, *next;
    /* the piece */
    uint32_t n, capacity;
    size_t bytes;
    uint32_t *rows;   /* of the batch */
    uint32_t *number; /* of the item, from 1; 0 = none */
    uint32_t *at;     /* of the item in `items`; UNNEST_NO_ITEM */
    weir_view *views; /* json: the items themselves */
    weir_failures *failures;
    uint32_t sized_row; /* whose lists take sized_bytes */
    size_t sized_bytes;
} unnest_run;

/* The lists of the batch and room for a piece; _end frees all, also after a failure. */
WEIR_MUST_USE weir_status unnest_begin(unnest_run *u, weir_error *err);
void unnest_end(unnest_run *u);
/* A row of the result: row of the batch with item `number` (0: none), which stands at `at` of the
 * items.  What has failed of the row goes with it. */
WEIR_MUST_USE weir_status unnest_put(unnest_run *u, uint32_t row, uint32_t number, uint32_t at,
                                     weir_error *err);
/* The same with an item of json, a part of the row's text. */
WEIR_MUST_USE weir_status unnest_put_json(unnest_run *u, uint32_t row, uint32_t number,
                                          weir_slice item, weir_slice text, weir_error *err);
/* The row put last has failed. */
WEIR_MUST_USE weir_status unnest_fail(unnest_run *u, const char *rule, const char *reason,
                                      weir_error *err);
/* Hands the piece on. */
WEIR_MUST_USE weir_status unnest_flush(unnest_run *u, weir_error *err);
/* Bytes of a row of schema, lists and texts not counted. */
size_t unnest_row_bytes(const weir_schema *schema);

/* The items of a JSON array, one after the other.  The text is valid JSON. */
typedef struct json_items {
    const char *at, *end;
} json_items;

/* false: the text is no array. */
static inline bool json_items_begin(json_items *j, weir_slice text) {
    j->end = text.data + text.size;
    j->at = weir_json_skip_space(text.data, j->end);
    if (j->at == j->end || *j->at != '[') return false;
    j->at++;
    return true;
}

/* false: there are no more. */
static inline bool json_items_next(json_items *j, weir_slice *item) {
    const char *p = weir_json_skip_space(j->at, j->end), *bad = NULL, *why = NULL;
    if (p < j->end && *p == ',') p = weir_json_skip_space(p + 1, j->end);
    if (p == j->end || *p == ']') return false;
    const char *end = weir_json_skip(p, j->end, WEIR_JSON_DEPTH_MAX, &bad, &why);
    if (!end) return false;
    *item = (weir_slice){p, (size_t)(end - p)};
    j->at = end;
    return true;
}

#endif
