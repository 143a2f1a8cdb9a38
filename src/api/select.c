/* Which steps a command is about: names, patterns, and what lies before and behind them. */
#include <fnmatch.h>
#include <stdio.h>

#include "api/api.h"
#include "base/distance.h"

typedef struct selection {
    const weir_pipeline *p;
    bool *chosen;
} selection;

/* Steps that those of `from` (used up) need, all the way up: the order has each behind what it
 * needs. */
static void choose_before(selection *x, bool *from) {
    for (size_t i = x->p->n_steps; i-- > 0;) {
        const weir_step *step = &x->p->steps[x->p->order[i]];
        if (!from[x->p->order[i]]) continue;
        for (size_t k = 0; k < step->n_needs; k++)
            from[step->needs[k]] = x->chosen[step->needs[k]] = true;
    }
}

/* Steps that need one of `from` (used up), all the way down. */
static void choose_behind(selection *x, bool *from) {
    for (size_t i = 0; i < x->p->n_steps; i++) {
        size_t number = x->p->order[i];
        const weir_step *step = &x->p->steps[number];
        for (size_t k = 0; k < step->n_needs; k++)
            if (from[step->needs[k]]) from[number] = x->chosen[number] = true;
    }
}

static weir_status unknown_step(weir_session *s, const char *name, weir_error *err) {
    const char *names[256] = {0};
    size_t n = 0;
    for (; n < s->pipeline->n_steps && n < 256; n++) names[n] = s->pipeline->steps[n].name;
    const char *near = weir_distance_nearest(name, strlen(name), names, n);
    weir_error_set(err, WEIR_USAGE, "there is no step %s in %s", name, s->pipeline->file);
    if (near) {
        weir_error_hint(err, "did you mean %s?", near);
        return WEIR_USAGE;
    }
    char all[200];
    size_t used = 0;
    for (size_t i = 0; i < n && used < sizeof all; i++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", names[i]);
    if (used) weir_error_hint(err, n == 1 ? "its step is %s" : "its steps are %s", all);
    return WEIR_USAGE;
}

/* One selector without commas. */
static weir_status choose(weir_session *s, selection *x, const char *word, size_t size,
                          weir_error *err) {
    bool before = size && word[0] == '+', behind = size > 1 && word[size - 1] == '+';
    char *name = weir_arena_strndup(&s->arena, word + before, size - before - behind);
    bool *from = weir_arena_zero(&s->arena, x->p->n_steps + 1, sizeof *from);
    bool *down = weir_arena_zero(&s->arena, x->p->n_steps + 1, sizeof *down);
    bool any = false;
    if (!name || !from || !down) return weir_error_nomem(err);
    for (size_t i = 0; i < x->p->n_steps; i++) {
        if (fnmatch(name, x->p->steps[i].name, 0) != 0) continue;
        any = from[i] = down[i] = x->chosen[i] = true;
    }
    if (!any) return unknown_step(s, name, err);
    if (before) choose_before(x, from);
    if (behind) choose_behind(x, down);
    return WEIR_OK;
}

weir_status weir_api_select(weir_session *s, size_t n_selectors, const char *const *selectors,
                            size_t **steps, size_t *n, weir_error *err) {
    const weir_pipeline *p = s->pipeline;
    selection x = {.p = p, .chosen = weir_arena_zero(&s->arena, p->n_steps + 1, sizeof(bool))};
    *steps = weir_arena_zero(&s->arena, p->n_steps + 1, sizeof **steps);
    *n = 0;
    if (!x.chosen || !*steps) return weir_error_nomem(err);
    for (size_t i = 0; i < n_selectors; i++) {
        const char *at = selectors[i];
        for (;;) {
            const char *end = strchrnul(at, ',');
            weir_status status = choose(s, &x, at, (size_t)(end - at), err);
            if (status != WEIR_OK) return status;
            if (!*end) break;
            at = end + 1;
        }
    }
    for (size_t i = 0; i < p->n_steps; i++)
        if (x.chosen[i]) (*steps)[(*n)++] = i;
    return WEIR_OK;
}
