/* Lists, structs and maps from the levels and values of their leaves. */
#include "format/parquet.h"

/* Makes the next entry of a leaf the one at c->at; c->ended when there is none. */
static weir_status need(weir_parquet_cursor *c, weir_error *err) {
    weir_parquet_leaf *l = &c->leaf;
    if (c->ended || c->at < c->got.levels) return WEIR_OK;
    if (l->left == 0 && l->p >= l->end) {
        c->ended = true;
        return WEIR_OK;
    }
    c->at = c->value = 0;
    return weir_parquet_leaf_read(l, WEIR_PARQUET_WINDOW, c->defs, c->reps, c->values, c->faults,
                                  &c->got, err);
}

static weir_status need_entry(weir_parquet_cursor *c, weir_error *err) {
    weir_status status = need(c, err);
    if (status == WEIR_OK && c->ended)
        return weir_error_set(err, WEIR_DATA, "column %s ends before its rows do",
                              c->leaf.node->name);
    return status;
}

/* Levels of the entry at hand; a leaf without levels of a kind has 0. */
static uint32_t def_of(const weir_parquet_cursor *c) {
    return c->leaf.node->def ? c->defs[c->at] : 0;
}

/* Whether the entry that comes next goes on with the list whose items begin at this level. */
static weir_status goes_on(weir_parquet_cursor *c, uint32_t rep, bool *out, weir_error *err) {
    weir_status status = need(c, err);
    *out = status == WEIR_OK && !c->ended && c->leaf.node->rep && c->reps[c->at] >= rep;
    return status;
}

static void advance(weir_parquet_cursor *c) {
    if (def_of(c) == c->leaf.node->def) c->value++;
    c->at++;
}

/* Passes over one entry of each leaf below: the value above them is null or empty. */
static weir_status pass_entry(const weir_parquet_node *n, weir_parquet_cursor *const *cursors,
                              weir_error *err) {
    for (uint32_t i = 0; i < n->n_leaves; i++) {
        weir_parquet_cursor *c = cursors[n->first_leaf + i];
        weir_status status = need_entry(c, err);
        if (status != WEIR_OK) return status;
        advance(c);
    }
    return WEIR_OK;
}

static weir_status put_leaf(weir_parquet_cursor *c, weir_builder *b, uint8_t *fault,
                            weir_error *err) {
    weir_status status = WEIR_OK;
    WEIR_TRY(need_entry(c, err));
    const weir_parquet_node *n = c->leaf.node;
    if (def_of(c) < n->def) {
        status = weir_builder_null(b, false, err);
    } else if (c->got.faulty && c->faults[c->value]) {
        *fault = c->faults[c->value];
        status = weir_builder_null(b, true, err);
    } else if (weir_parquet_is_bytes(n)) {
        weir_slice s;
        memcpy(&s, c->values + c->value * sizeof s, sizeof s);
        status = weir_builder_bytes(b, s.data, s.size, err);
    } else {
        status = weir_builder_value(b, c->values + (size_t)c->value * c->leaf.width, err);
    }
    advance(c);
out:
    return status;
}

static weir_status put_items(const weir_parquet_node *n, weir_parquet_cursor *const *cursors,
                             weir_builder *b, uint8_t *fault, weir_error *err) {
    weir_status status = WEIR_OK;
    bool more = true;
    while (more) {
        for (uint32_t i = 0; i < n->n_children; i++)
            WEIR_TRY(weir_parquet_assemble(&n->children[i], cursors, weir_builder_child(b, i),
                                           fault, err));
        WEIR_TRY(goes_on(cursors[n->first_leaf], n->item_rep, &more, err));
    }
    status = weir_builder_close_row(b, err);
out:
    return status;
}

weir_status weir_parquet_assemble(const weir_parquet_node *n, weir_parquet_cursor *const *cursors,
                                  weir_builder *b, uint8_t *fault, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_parquet_cursor *first = cursors[n->first_leaf];
    if (n->kind == WEIR_PARQUET_LEAF) return put_leaf(first, b, fault, err);
    WEIR_TRY(need_entry(first, err));
    uint32_t def = def_of(first);
    if (n->optional && def < n->def) {
        WEIR_TRY(pass_entry(n, cursors, err));
        return weir_builder_null(b, false, err);
    }
    if (n->kind == WEIR_PARQUET_STRUCT) {
        for (uint32_t i = 0; i < n->n_children; i++)
            WEIR_TRY(weir_parquet_assemble(&n->children[i], cursors, weir_builder_child(b, i),
                                           fault, err));
        return weir_builder_close_row(b, err);
    }
    if (def < n->item_def) {
        WEIR_TRY(pass_entry(n, cursors, err));
        return weir_builder_close_row(b, err);
    }
    status = put_items(n, cursors, b, fault, err);
out:
    return status;
}

weir_status weir_parquet_pass(weir_parquet_cursor *c, uint64_t rows, weir_error *err) {
    for (; rows > 0; rows--) {
        bool same = true;
        weir_status status = need_entry(c, err);
        if (status != WEIR_OK) return status;
        while (same) {
            advance(c);
            if ((status = goes_on(c, 1, &same, err)) != WEIR_OK) return status;
        }
    }
    return WEIR_OK;
}
