#include <stdio.h>
#include "base/option.h"

size_t weir_node_find(const weir_node *map, const char *key) {
    if (!map || map->kind != WEIR_NODE_MAP) return SIZE_MAX;
    size_t size = strlen(key);
    for (size_t i = 0; i < map->n; i++) {
        const weir_node *k = map->keys[i];
        if (k->text_size == size && memcmp(k->text, key, size) == 0) return i;
    }
    return SIZE_MAX;
}

const weir_node *weir_node_get(const weir_node *map, const char *key) {
    size_t i = weir_node_find(map, key);
    return i == SIZE_MAX ? NULL : map->items[i];
}

/* ---- building ------------------------------------------------------------------------------ */

weir_node *weir_node_scalar(weir_arena *a, const char *text, size_t text_size) {
    weir_node *n = weir_arena_zero(a, 1, sizeof *n);
    if (!n) return NULL;
    n->kind = WEIR_NODE_SCALAR;
    n->text = weir_arena_strndup(a, text, text_size);
    n->text_size = text_size;
    return n->text ? n : NULL;
}

static weir_node *new_node(weir_arena *a, weir_node_kind kind) {
    weir_node *n = weir_arena_zero(a, 1, sizeof *n);
    if (n) n->kind = kind;
    return n;
}

weir_node *weir_node_map(weir_arena *a) {
    return new_node(a, WEIR_NODE_MAP);
}
weir_node *weir_node_list(weir_arena *a) {
    return new_node(a, WEIR_NODE_LIST);
}

/* Room for one more child.  The arrays grow at powers of two, so no capacity needs to be kept. */
static bool make_room(weir_arena *a, weir_node *parent) {
    size_t n = parent->n;
    if (n != 0 && (n & (n - 1)) != 0) return true;
    size_t want = n ? n * 2 : 1;
    weir_node **items = weir_arena_zero(a, want, sizeof *items);
    if (!items) return false;
    if (n) memcpy(items, parent->items, n * sizeof *items);
    if (parent->kind == WEIR_NODE_MAP) {
        weir_node **keys = weir_arena_zero(a, want, sizeof *keys);
        if (!keys) return false;
        if (n) memcpy(keys, parent->keys, n * sizeof *keys);
        parent->keys = keys;
    }
    parent->items = items;
    return true;
}

bool weir_node_add(weir_arena *a, weir_node *parent, const char *key, weir_node *value) {
    weir_node *k = NULL;
    if (parent->kind == WEIR_NODE_MAP && !(k = weir_node_scalar(a, key, strlen(key)))) return false;
    if (!value || !make_room(a, parent)) return false;
    if (k) parent->keys[parent->n] = k;
    parent->items[parent->n++] = value;
    return true;
}

/* ---- showing ------------------------------------------------------------------------------- */

const char *weir_node_show(const weir_node *node, char *buf, size_t size) {
    const char *fixed = NULL;
    if (!node || node->kind == WEIR_NODE_NULL)
        fixed = "nothing";
    else if (node->kind == WEIR_NODE_LIST)
        fixed = "a list";
    else if (node->kind == WEIR_NODE_MAP)
        fixed = "a map";
    else if (node->secret && !node->written)
        fixed = "***";
    if (size == 0) return buf;
    if (!fixed && size < 8) fixed = "...";
    if (fixed) {
        snprintf(buf, size, "%s", fixed);
        return buf;
    }
    const char *text = node->written ? node->written : node->text;
    size_t n = node->written ? strlen(text) : node->text_size;
    size_t room = size - 6; /* two quotes, three dots, the terminator */
    size_t cut = n;
    if (cut > 60) cut = 60;
    if (cut > room) cut = room;
    while (cut > 0 && cut < n && ((unsigned char)text[cut] & 0xC0) == 0x80) cut--;
    snprintf(buf, size, "\"%.*s%s\"", (int)cut, text, cut < n ? "..." : "");
    return buf;
}

/* ---- duplicate keys ------------------------------------------------------------------------ */

static uint64_t hash_key(const weir_node *k) {
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < k->text_size; i++) h = (h ^ (unsigned char)k->text[i]) * 1099511628211u;
    return h ^ (h >> 29);
}

static bool same_key(const weir_node *a, const weir_node *b) {
    return a->text_size == b->text_size && memcmp(a->text, b->text, a->text_size) == 0;
}

static void duplicates_small(const weir_node *map, void (*found)(void *, size_t, size_t),
                             void *context) {
    for (size_t i = 1; i < map->n; i++)
        for (size_t j = 0; j < i; j++)
            if (same_key(map->keys[i], map->keys[j])) {
                found(context, j, i);
                break;
            }
}

weir_status weir_node_duplicates(const weir_node *map, void (*found)(void *, size_t, size_t),
                                 void *context) {
    if (!map || map->kind != WEIR_NODE_MAP) return WEIR_OK;
    if (map->n <= 16) {
        duplicates_small(map, found, context);
        return WEIR_OK;
    }
    size_t slots = 64;
    while (slots < map->n * 2) slots *= 2;
    size_t *table = weir_alloc_zero(slots, sizeof *table); /* number of a key + 1; 0 = free */
    if (!table) return WEIR_RESOURCE;
    for (size_t i = 0; i < map->n; i++) {
        size_t at = (size_t)hash_key(map->keys[i]) & (slots - 1);
        while (table[at] && !same_key(map->keys[table[at] - 1], map->keys[i]))
            at = (at + 1) & (slots - 1);
        if (table[at])
            found(context, table[at] - 1, i);
        else
            table[at] = i + 1;
    }
    weir_free(table);
    return WEIR_OK;
}
