/* nested: flatten - members of objects inside a record as columns of their own: "who.name".
 *
 * A name that leads to such columns is a group: a target of its own behind those of the columns.
 * Groups come from the schema's names, so what nobody reads is passed over as ever.
 */
#include "format/json_decode.h"
#include "text/hash.h"

/* Whether some column or field of the data is called name, or lies below it. */
static bool covers(const char *known, weir_slice name, weir_slice separator) {
    size_t n = strlen(known);
    if (n < name.size || (name.size && memcmp(known, name.data, name.size) != 0)) return false;
    return n == name.size || (n > name.size + separator.size &&
                              memcmp(known + name.size, separator.data, separator.size) == 0);
}

bool weir_json_flat_name_is_known(const weir_decoder *d, weir_slice name) {
    const weir_opt_columns *columns = d->request->columns;
    const weir_schema *all = d->request->all;
    for (size_t i = 0; columns && i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        if (covers(c->from ? c->from : c->name, name, d->separator)) return true;
    }
    for (uint32_t i = 0; all && i < all->n_fields; i++)
        if (covers(all->fields[i].name, name, d->separator)) return true;
    return false;
}

/* ---- groups -------------------------------------------------------------------------------- */

size_t weir_json_count_groups(const weir_schema *schema, const weir_opt_columns *columns,
                              weir_slice separator) {
    size_t n = 0;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const char *key = weir_json_key_of(schema, columns, i);
        for (const char *p = key; (p = strstr(p, separator.data)); p += separator.size) n++;
    }
    return n;
}

/* Makes the slot of the first bytes of a column's key, which lead to that column, a group. */
static void add_group(weir_decoder *d, const weir_json_target *leaf, size_t size) {
    const char *key = leaf->key;
    uint32_t at = (uint32_t)weir_hash_bytes(key, size, 0) & d->index_mask;
    for (; d->index[at]; at = (at + 1) & d->index_mask) {
        const weir_json_target *t = &d->targets[d->index[at] - 1];
        if (t->key_size == size && memcmp(t->key, key, size) == 0) break;
    }
    uint32_t self = d->index[at];
    if (self && d->targets[self - 1].group) return;
    weir_json_target *g = &d->targets[d->n_targets + d->n_groups++];
    /* a failure names the leaf: its name lives as long as the batch */
    *g = (weir_json_target){
        .group = true, .self = self, .name = leaf->name, .key = key, .key_size = size};
    d->index[at] = d->n_targets + d->n_groups;
}

void weir_json_add_groups(weir_decoder *d) {
    for (uint32_t i = 0; i < d->n_targets; i++) {
        const char *key = d->targets[i].key;
        for (const char *p = key; (p = strstr(p, d->separator.data)); p += d->separator.size)
            if (p > key) add_group(d, &d->targets[i], (size_t)(p - key));
    }
}

/* ---- records ------------------------------------------------------------------------------- */

static const char *fault(weir_decoder *d, const char *at, const char *why) {
    d->fault_at = at;
    d->fault_why = why;
    return NULL;
}

static const char *skip_value(weir_decoder *d, const char *p, const char *end) {
    const char *at = p, *why = "a value expected";
    const char *q = p < end ? weir_json_skip(p, end, d->max_depth - 1, &at, &why) : NULL;
    return q ? q : fault(d, at, why);
}

/* Appends a separator and the name at p (behind its quote) to d->path.  Returns its end. */
static const char *add_name(weir_decoder *d, const char *p, const char *end) {
    const char *at, *why;
    bool escaped = false;
    const char *stop = weir_json_string_check(p, end, &escaped, &at, &why);
    if (!stop) return fault(d, at, why);
    size_t n = (size_t)(stop - p);
    bool ok = weir_buf_add(&d->path, d->separator.data, d->separator.size) &&
              weir_buf_reserve(&d->path, n + 1);
    if (!ok) {
        d->status = weir_error_nomem(d->err);
        return NULL;
    }
    char *to = d->path.data + d->path.size;
    ptrdiff_t size = (ptrdiff_t)n;
    if (escaped)
        size = weir_json_unescape(p, n, to, NULL);
    else if (n)
        memcpy(to, p, n);
    d->path.size += size < 0 ? 0 : (size_t)size;
    return stop + 1;
}

/* {}: it has no members that could be columns, and is a value of its own column. */
static bool is_empty(const char *p, const char *end) {
    p = weir_json_skip_space(p + 1, end);
    return p < end && *p == '}';
}

static const char *read_value(weir_decoder *d, weir_json_target *g, const char *p, const char *end,
                              uint32_t row, uint32_t depth);

/* The members of the object at p, whose path is d->path. */
static const char *read_members(weir_decoder *d, const char *p, const char *end, uint32_t row,
                                uint32_t depth) {
    size_t here = d->path.size;
    if (depth >= d->max_depth) return fault(d, p, "too many objects and arrays inside each other");
    p = weir_json_skip_space(p + 1, end);
    if (p < end && *p == '}') return p + 1;
    for (;;) {
        const char *name = p;
        if (p >= end || *p != '"') return fault(d, p, weir_json_name_fault(p, end));
        p = add_name(d, p + 1, end);
        if (!p) return NULL;
        p = weir_json_skip_space(p, end);
        if (p >= end || *p != ':') return fault(d, p, "':' expected");
        p = weir_json_skip_space(p + 1, end);
        if (p >= end) return fault(d, p, "a value expected");
        uint32_t target = weir_json_find_target(d, d->path.data, d->path.size);
        weir_slice path = {d->path.data, d->path.size};
        if (target && d->targets[target - 1].group) {
            p = read_value(d, &d->targets[target - 1], p, end, row, depth);
        } else if (target) {
            p = weir_json_take_member(d, &d->targets[target - 1], p, end, row);
        } else if (d->reject_extra && !weir_json_flat_name_is_known(d, path)) {
            return fault(d, name, NULL); /* extra_columns */
        } else {
            p = skip_value(d, p, end);
        }
        if (!p) return NULL;
        d->path.size = here;
        p = weir_json_skip_space(p, end);
        if (p >= end || (*p != ',' && *p != '}')) return fault(d, p, "',' or '}' expected");
        if (*p++ == '}') return p;
        p = weir_json_skip_space(p, end);
    }
}

/* The value at p of a group, whose path is d->path. */
static const char *read_value(weir_decoder *d, weir_json_target *g, const char *p, const char *end,
                              uint32_t row, uint32_t depth) {
    weir_json_target *self = g->self ? &d->targets[g->self - 1] : NULL;
    bool whole = self && self->declared && (self->nested || self->type->id == WEIR_JSON);
    if (*p == '{' && !whole && !is_empty(p, end)) {
        if (g->stamp == row + 1 && d->repeated_first) return skip_value(d, p, end);
        if (g->stamp == row + 1)
            return fault(d, p, "a name stands twice, and its members are columns");
        g->stamp = row + 1;
        return read_members(d, p, end, row, depth + 1);
    }
    if (self) return weir_json_take_member(d, self, p, end, row);
    const char *stop = skip_value(d, p, end);
    weir_slice path = {g->key, g->key_size};
    if (!stop || *p == 'n' || *p == '{') return stop;
    const weir_schema *all = d->request->all;
    if (all && weir_schema_find(all, path.data, path.size) >= 0) return stop; /* nobody reads it */
    weir_slice token = {p, (size_t)(stop - p)};
    return weir_json_fail(d, row, g->name, token, "stands in place of an object") ? stop : NULL;
}

const char *weir_json_flatten_read(weir_decoder *d, weir_json_target *g, const char *p,
                                   const char *end, uint32_t row) {
    const char *bound = weir_json_line_end(d, p, end);
    if (p >= bound) return fault(d, bound, "a value expected");
    d->path.size = 0;
    if (!weir_buf_add(&d->path, g->key, g->key_size)) {
        d->status = weir_error_nomem(d->err);
        return NULL;
    }
    return read_value(d, g, p, bound, row, 1);
}
