#include "engine/memo.h"

#include "text/hash.h"

#define SPACE "inference"

static uint64_t hash_node(const weir_node *n, uint64_t h) {
    if (!n) return h;
    h = weir_hash_combine(h, (uint64_t)n->kind + 1);
    if (n->kind == WEIR_NODE_SCALAR) return weir_hash_bytes(n->text, n->text_size, h);
    h = weir_hash_combine(h, n->n);
    for (size_t i = 0; i < n->n; i++) {
        if (n->kind == WEIR_NODE_MAP) h = hash_node(n->keys[i], h);
        h = hash_node(n->items[i], h);
    }
    return h;
}

static bool get(void *context, weir_buf *out) {
    weir_step_memo *m = context;
    weir_error ignored = {0};
    bool found = false;
    return weir_state_value_get(m->state, SPACE, m->key, out, &found, &ignored) == WEIR_OK && found;
}

static void put(void *context, weir_slice bytes) {
    weir_step_memo *m = context;
    weir_error ignored = {0};
    (void)!weir_state_value_put(m->state, SPACE, m->key, bytes, &ignored);
}

const weir_memo *weir_step_memo_init(weir_step_memo *m, const weir_step_env *e,
                                     const weir_step *step, weir_arena *arena) {
    const weir_source_spec *s = &step->flow.source;
    if (!e->state || !s->node || s->connection_name || s->from ||
        s->incremental.by != WEIR_INCREMENTAL_NONE)
        return NULL;
    m->state = e->state;
    m->key = weir_arena_printf(arena, "%s\n%s", e->pipeline->name, step->name);
    if (!m->key) return NULL;
    bool writes = !e->dry && !e->look_only;
    m->memo = (weir_memo){.source = hash_node(s->node, e->limit_rows),
                          .get = get,
                          .put = writes ? put : NULL,
                          .context = m};
    return &m->memo;
}
