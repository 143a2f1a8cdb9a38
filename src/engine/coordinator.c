#include "engine/coordinator.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "text/json.h"

static weir_epoch epoch_for(const weir_coordinator *c, size_t sink) {
    return (weir_epoch){.number = c->number,
                        .token = c->token,
                        .pipeline = c->env->pipeline,
                        .step = c->step,
                        .sink = c->config->sinks[sink].name,
                        .run_id = c->owner ? c->owner : c->env->run_id};
}

static size_t targets(const weir_coordinator *c) {
    return c->config->n_targets ? c->config->n_targets : 1;
}

/* The i-th target to commit: those first whose transaction dies with the process. */
static size_t target_at(const weir_coordinator *c, size_t i) {
    for (int pass = 0; pass < 2; pass++)
        for (size_t t = 0; t < targets(c); t++) {
            bool mortal = c->config->sinks[t].connector->caps & WEIR_CAP_TXN;
            if (mortal == (pass == 0) && i-- == 0) return t;
        }
    return 0;
}

static bool any_settled(const weir_coordinator *c) {
    for (size_t t = 0; t < targets(c); t++)
        if (c->settled[t]) return true;
    return false;
}

/* ---- begin --------------------------------------------------------------------------------- */

static void name_token(weir_coordinator *c, const char *run_id) {
    snprintf(c->token, sizeof c->token, "%s.%.80s.%llu", run_id, c->step,
             (unsigned long long)c->number);
}

static weir_status begin(void *context, weir_flow *f, weir_error *err) {
    weir_coordinator *c = context;
    weir_status status = WEIR_OK;
    if (!c->again) {
        WEIR_TRY(weir_state_epoch_begin(c->lease, c->step, &c->number, err));
        c->owner = NULL;
        name_token(c, c->env->run_id);
        c->decided = false;
    }
    c->begun = true;
    weir_fault_point("after-begin");
    for (size_t i = 0; i < c->config->n_sinks; i++) {
        weir_epoch e = epoch_for(c, i);
        if (c->settled[i]) continue;
        WEIR_TRY(c->config->sinks[i].connector->sink->begin(weir_flow_sink_object(f, i), &e, err));
    }
out:
    return status;
}

/* ---- the intent ---------------------------------------------------------------------------- */

/* The engine's own bytes in the intent: the token (a second try must use the same) and the figures,
 * for the run that completes the epoch after a crash. */
#define FIGURES(a)                                                                                 \
    {                                                                                              \
        {"read", &(a)->rows_read}, {"created", &(a)->rows_created},                                \
            {"rejected", &(a)->rows_rejected}, {"filtered", &(a)->rows_filtered},                  \
            {"absorbed", &(a)->rows_absorbed}, {"loaded", &(a)->rows_loaded},                      \
            {"bytes", &(a)->bytes_read}, {"splits", &(a)->splits},                                 \
            {"splits_skipped", &(a)->splits_skipped}, {"warnings", &(a)->warnings},                \
            {"inserted", &(a)->loaded.inserted}, {"updated", &(a)->loaded.updated},                \
            {"unchanged", &(a)->loaded.unchanged}, {"stale", &(a)->loaded.stale},                  \
            {"bytes_out", &(a)->loaded.bytes},                                                     \
    }

static weir_status account_save(const weir_coordinator *c, const weir_account *a, weir_buf *out,
                                weir_error *err) {
    const struct {
        const char *name;
        const uint64_t *value;
    } figures[] = FIGURES(a);
    weir_json_writer w = {.out = out};
    out->size = 0;
    weir_json_open(&w, '{');
    weir_json_key(&w, "token");
    weir_json_write_string(&w, c->token);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        weir_json_key(&w, figures[i].name);
        weir_json_write_uint(&w, *figures[i].value);
    }
    weir_json_close(&w, '}');
    return w.failed ? weir_error_nomem(err) : WEIR_OK;
}

/* token may be NULL; else it receives the epoch's. */
static weir_status account_load(weir_slice bytes, weir_account *a, char *token, size_t token_size,
                                weir_error *err) {
    const struct {
        const char *name;
        uint64_t *value;
    } figures[] = FIGURES(a);
    weir_arena arena = {0};
    const weir_json *root = NULL;
    weir_status status = weir_json_parse(bytes.data, bytes.size, NULL, &arena, &root, err);
    const char *text = status == WEIR_OK ? weir_json_string(weir_json_get(root, "token")) : NULL;
    if (status == WEIR_OK && token && (!text || strlen(text) >= token_size))
        status = weir_error_set(err, WEIR_DATA, "the stored intent has no token");
    if (status == WEIR_OK) {
        if (token) snprintf(token, token_size, "%s", text);
        for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
            int64_t v = 0;
            if (weir_json_int(weir_json_get(root, figures[i].name), &v) && v >= 0)
                *figures[i].value = (uint64_t)v;
        }
    }
    weir_arena_clear(&arena);
    return status;
}

weir_status weir_coordinator_account(weir_slice bytes, weir_account *account, weir_error *err) {
    return account_load(bytes, account, NULL, 0, err);
}

/* Everything the intent points to while it is being written. */
typedef struct intent_parts {
    weir_buf splits, account, position_text;
    weir_state_handle *handles;
    weir_state_file *files;
    weir_state_reject reject;
    weir_state_position position;
} intent_parts;

static void parts_clear(intent_parts *p) {
    weir_buf_clear(&p->splits);
    weir_buf_clear(&p->account);
    weir_buf_clear(&p->position_text);
    weir_free(p->handles);
    weir_free(p->files);
}

static weir_status add_handles(const weir_coordinator *c, const weir_flow_epoch *e, intent_parts *p,
                               weir_state_intent *in, weir_error *err) {
    size_t n = 0;
    for (size_t s = 0; s < e->n_sinks; s++) n += e->sinks[s].n + c->n_settled_handles[s];
    p->handles = weir_alloc_zero(n + 1, sizeof *p->handles);
    if (!p->handles) return weir_error_nomem(err);
    for (size_t s = 0; s < e->n_sinks; s++)
        for (size_t i = 0; i < e->sinks[s].n; i++)
            p->handles[in->n_handles++] =
                (weir_state_handle){c->config->sinks[s].name, e->sinks[s].handles[i]};
    for (size_t s = 0; s < e->n_sinks; s++)
        for (size_t i = 0; i < c->n_settled_handles[s]; i++)
            p->handles[in->n_handles++] =
                (weir_state_handle){c->config->sinks[s].name, c->settled_handles[s][i]};
    in->handles = p->handles;
    return WEIR_OK;
}

static weir_status add_files(const weir_flow *f, intent_parts *p, weir_state_intent *in,
                             weir_error *err) {
    const weir_splits *splits = weir_flow_splits(f);
    p->files = weir_alloc_zero(splits->n + 1, sizeof *p->files);
    if (!p->files) return weir_error_nomem(err);
    for (size_t i = 0; i < splits->n; i++) {
        const weir_split *x = &splits->items[i];
        p->files[in->n_files++] = (weir_state_file){
            .path = x->name, .size_bytes = x->size_bytes, .mtime_ns = x->mtime_ns};
    }
    in->files = p->files;
    return WEIR_OK;
}

static weir_status write_intent(weir_coordinator *c, weir_flow *f, const weir_flow_epoch *e,
                                weir_error *err) {
    intent_parts p = {0};
    weir_state_intent in = {0};
    weir_status status;
    WEIR_TRY(weir_splits_save(weir_flow_splits(f), &p.splits, err));
    weir_account account = *e->account;
    account.splits_skipped = c->splits_skipped;
    WEIR_TRY(account_save(c, &account, &p.account, err));
    in.splits = (weir_slice){p.splits.data, p.splits.size};
    in.account = (weir_slice){p.account.data, p.account.size};
    WEIR_TRY(add_handles(c, e, &p, &in, err));
    if (c->ledger_files) WEIR_TRY(add_files(f, &p, &in, err));
    if (e->account->rows_rejected && c->reject_path) {
        p.reject = (weir_state_reject){.path = c->reject_path,
                                       .format = c->reject_format,
                                       .rows = e->account->rows_rejected,
                                       .source = c->reject_source};
        in.rejects = &p.reject;
        in.n_rejects = 1;
    }
    if (e->position.size && !c->no_position) {
        const weir_source_ops *source = c->config->source->source;
        if (source->describe) WEIR_TRY(source->describe(e->position, &p.position_text, err));
        p.position = (weir_state_position){.fingerprint = c->extract ? c->extract : "",
                                           .bytes = e->position,
                                           .text = weir_buf_cstr(&p.position_text)};
        in.positions = &p.position;
        in.n_positions = 1;
    }
    status = weir_state_epoch_intent(c->lease, c->step, c->number, &in, err);
out:
    parts_clear(&p);
    return status;
}

/* ---- limits -------------------------------------------------------------------------------- */

weir_status weir_coordinator_limits(const weir_flow_config *g, const weir_account *a,
                                    weir_error *err) {
    uint64_t rejected = a->rows_rejected, read = a->rows_read + a->rows_created;
    if (rejected == 0) return WEIR_OK;
    weir_status status = WEIR_OK;
    const char *part = a->unread[0] ? "; " : a->first[0] ? "; the first is " : "";
    const char *why = a->unread[0] ? a->unread : a->first;
    if (a->rows_loaded == 0 && a->rows_filtered < read && g->max_ratio >= 0)
        status = weir_error_set(err, WEIR_LIMIT,
                                "all %llu records that were to be loaded were "
                                "rejected%s%s",
                                (unsigned long long)rejected, part, why);
    else if (g->max_rows >= 0 && rejected > (uint64_t)g->max_rows)
        status = weir_error_set(err, WEIR_LIMIT, "%llu records were rejected, max_rows is %lld%s%s",
                                (unsigned long long)rejected, (long long)g->max_rows, part, why);
    else if (g->max_ratio >= 0 && (double)rejected > g->max_ratio * (double)read)
        status = weir_error_set(err, WEIR_LIMIT,
                                "%llu of %llu records (%.2f %%) were rejected, "
                                "max_ratio is %g %%%s%s",
                                (unsigned long long)rejected, (unsigned long long)read,
                                100.0 * (double)rejected / (double)read, 100.0 * g->max_ratio, part,
                                why);
    bool width = a->odd * 2 > rejected && !a->unread[0];
    if (status != WEIR_OK)
        weir_error_hint(err,
                        "nothing was committed; see `weir rejects list`, mend the input or the "
                        "rules, %sor raise rejects: max_ratio",
                        width ? "let ragged: pad read short records (truncate: long ones, fit: "
                                "both), "
                              : "");
    return status;
}

/* ---- commit -------------------------------------------------------------------------------- */

static weir_status commit_sink(weir_coordinator *c, weir_flow *f, const weir_flow_epoch *e,
                               size_t sink, weir_load_counts *counts, weir_error *err) {
    weir_epoch epoch = epoch_for(c, sink);
    return c->config->sinks[sink].connector->sink->commit(weir_flow_sink_object(f, sink), &epoch,
                                                          e->sinks[sink].handles, e->sinks[sink].n,
                                                          counts, err);
}

/* A limit was passed: the load is undone, but its rejects are kept, for they say why. */
static weir_status refuse(weir_coordinator *c, weir_flow *f, const weir_flow_epoch *e,
                          weir_error *err) {
    weir_error second = {0};
    weir_load_counts ignored = {0};
    weir_status status = WEIR_OK;
    /* The rejects first: the abort sweeps away what has the epoch's token and was not published,
     * theirs too where they go to the same folder. */
    for (size_t i = targets(c); status == WEIR_OK && i < c->config->n_sinks; i++)
        status = commit_sink(c, f, e, i, &ignored, &second);
    for (size_t i = 0; status == WEIR_OK && i < targets(c); i++) {
        weir_epoch epoch = epoch_for(c, i);
        status = c->config->sinks[i].connector->sink->abort(
            weir_flow_sink_object(f, i), &epoch, e->sinks[i].handles, e->sinks[i].n, &second);
    }
    if (status == WEIR_OK) status = weir_state_epoch_undone(c->lease, c->step, c->number, &second);
    if (status == WEIR_OK && c->reject_path) {
        weir_state_reject set = {.path = c->reject_path,
                                 .format = c->reject_format,
                                 .rows = e->account->rows_rejected,
                                 .source = c->reject_source};
        const char *run = c->env->run_id;
        status = weir_state_reject_put(c->lease->state, run, c->step, c->number, &set, &second);
        /* the good records were not loaded either: there is nothing to replay into */
        if (status == WEIR_OK)
            status = weir_state_reject_mark(c->lease->state, run, c->step, c->reject_path,
                                            WEIR_REJECTS_DISCARDED, run, NULL, &second);
        c->rejects = e->account->rows_rejected;
    }
    c->begun = false;
    if (status != WEIR_OK) weir_error_context(err, "undoing the load: %s", second.message);
    return WEIR_LIMIT;
}

/* The epoch's end, with the figures as they are now known. */
static weir_status finish(weir_coordinator *c, const weir_account *account, weir_error *err) {
    weir_buf bytes = {0};
    weir_status status = account_save(c, account, &bytes, err);
    if (status == WEIR_OK)
        status = weir_state_epoch_done(c->lease, c->step, c->number,
                                       (weir_slice){bytes.data, bytes.size}, err);
    weir_buf_clear(&bytes);
    return status;
}

/* One after the other; counts gets the sum. */
static weir_status commit_targets(weir_coordinator *c, weir_flow *f, const weir_flow_epoch *e,
                                  weir_load_counts *counts, weir_error *err) {
    weir_status status = WEIR_OK;
    for (size_t i = 0; status == WEIR_OK && i < targets(c); i++) {
        size_t t = target_at(c, i);
        weir_load_counts one = {0};
        if (i) weir_fault_point("between-sinks");
        if (c->settled[t])
            one = c->settled_counts[t];
        else
            status = commit_sink(c, f, e, t, &one, err);
        weir_load_counts_add(counts, &one);
        if (status != WEIR_OK && targets(c) > 1)
            weir_error_context(err, "committing %s", c->config->sinks[t].name);
    }
    return status;
}

static weir_status commit(void *context, weir_flow *f, const weir_flow_epoch *e, weir_error *err) {
    weir_coordinator *c = context;
    weir_status status;
    weir_load_counts counts = {0}, ignored = {0};
    weir_account account = *e->account;
    weir_fault_point("after-prepare");
    WEIR_TRY(write_intent(c, f, e, err));
    weir_fault_point("after-intent");
    if (!c->decided && (status = weir_coordinator_limits(c->config, e->account, err)) != WEIR_OK) {
        c->limit = status;
        return refuse(c, f, e, err);
    }
    if (!c->decided) WEIR_TRY(weir_state_epoch_decide(c->lease, c->step, c->number, NULL, 0, err));
    c->decided = true;
    weir_fault_point("after-decision");
    WEIR_TRY(commit_targets(c, f, e, &counts, err));
    weir_fault_point("after-sink-commit");
    WEIR_TRY(weir_state_epoch_committed(c->lease, c->step, c->number, err));
    weir_fault_point("after-committed");
    for (size_t i = targets(c); i < c->config->n_sinks; i++)
        WEIR_TRY(commit_sink(c, f, e, i, &ignored, err));
    weir_fault_point("after-rejects");
    account.loaded = counts;
    account.splits_skipped = c->splits_skipped;
    WEIR_TRY(finish(c, &account, err));
    weir_fault_point("after-done");
    c->begun = c->decided = c->again = c->rejects_before = false;
    memset(c->settled, 0, sizeof c->settled);
    memset(c->n_settled_handles, 0, sizeof c->n_settled_handles);
    weir_load_counts_add(&c->loaded, &counts);
    c->rejects += e->account->rows_rejected;
    status = weir_account_check(&account, err);
out:
    return status;
}

weir_flow_hooks weir_coordinator_hooks(weir_coordinator *c) {
    return (weir_flow_hooks){.begin = begin, .commit = commit, .context = c};
}

weir_status weir_coordinator_abort(weir_coordinator *c, weir_flow *f, weir_error *err) {
    if (!c->begun || c->decided) return WEIR_OK;
    weir_status status = WEIR_OK;
    for (size_t i = 0; i < c->config->n_sinks; i++) {
        weir_epoch e = epoch_for(c, i);
        if (!weir_flow_sink_object(f, i)) continue;
        weir_status one = c->config->sinks[i].connector->sink->abort(weir_flow_sink_object(f, i),
                                                                     &e, NULL, 0, err);
        if (status == WEIR_OK) status = one;
    }
    if (status == WEIR_OK) status = weir_state_epoch_undone(c->lease, c->step, c->number, err);
    c->begun = false;
    return status;
}

/* ---- recovery ------------------------------------------------------------------------------ */

static weir_status discard_all(weir_coordinator *c, weir_error *err) {
    for (size_t i = 0; i < c->config->n_sinks; i++) {
        const weir_flow_sink *s = &c->config->sinks[i];
        weir_epoch e = epoch_for(c, i);
        if (c->settled[i]) continue;
        weir_status status = s->connector->sink->discard(&s->request, c->env, &e, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* Completes one sink of a decided epoch from its stored handles. */
static weir_status recover_sink(weir_coordinator *c, const weir_state_epoch *epoch, size_t sink,
                                weir_load_counts *counts, weir_recovery *out, weir_error *err) {
    const weir_flow_sink *s = &c->config->sinks[sink];
    const weir_state_intent *in = &epoch->intent;
    weir_slice *handles = weir_alloc_zero(in->n_handles + 1, sizeof *handles);
    if (!handles) return weir_error_nomem(err);
    size_t n = 0;
    for (size_t i = 0; i < in->n_handles; i++)
        if (strcmp(in->handles[i].sink, s->name) == 0) handles[n++] = in->handles[i].bytes;
    weir_epoch e = epoch_for(c, sink);
    weir_status status =
        s->connector->sink->recover(&s->request, c->env, &e, handles, n, counts, out, err);
    weir_free(handles);
    return status;
}

/* A target has committed: its handles stay in the intent while the others' part is read again. */
static weir_status settle(weir_coordinator *c, const weir_state_epoch *epoch, size_t target,
                          const weir_load_counts *counts, weir_error *err) {
    const weir_state_intent *in = &epoch->intent;
    const char *name = c->config->sinks[target].name;
    weir_slice *copies = weir_arena_zero(c->env->arena, in->n_handles + 1, sizeof *copies);
    size_t n = 0;
    if (!copies) return weir_error_nomem(err);
    for (size_t i = 0; i < in->n_handles; i++) {
        if (strcmp(in->handles[i].sink, name) != 0) continue;
        char *copy =
            weir_arena_strndup(c->env->arena, in->handles[i].bytes.data, in->handles[i].bytes.size);
        if (!copy) return weir_error_nomem(err);
        copies[n++] = (weir_slice){copy, in->handles[i].bytes.size};
    }
    c->settled[target] = true;
    c->settled_counts[target] = *counts;
    c->settled_handles[target] = copies;
    c->n_settled_handles[target] = n;
    return WEIR_OK;
}

static weir_status lost_after_commit(const weir_coordinator *c, weir_error *err) {
    weir_error_set(err, WEIR_INTERNAL,
                   "epoch %llu of step %s was committed, but its token is not in the target",
                   (unsigned long long)c->number, c->step);
    weir_error_hint(err, "was the target replaced or restored? `weir state reset` forgets the "
                         "epoch");
    return WEIR_INTERNAL;
}

/* Completes what the targets have of a decided epoch; *lost when one of them has nothing of it.
 * When the first one asked has lost it, no other has committed, and none is touched. */
static weir_status recover_targets(weir_coordinator *c, const weir_state_epoch *epoch, bool *lost,
                                   weir_load_counts *counts, weir_error *err) {
    weir_status status = WEIR_OK;
    *lost = false;
    for (size_t i = 0; i < targets(c); i++) {
        size_t t = target_at(c, i);
        weir_recovery found = WEIR_RECOVER_DONE;
        weir_load_counts one = {0};
        if (*lost && !any_settled(c) && !(c->config->sinks[t].connector->caps & WEIR_CAP_TXN))
            break; /* files wait until it is known that all of it can be had */
        WEIR_TRY(recover_sink(c, epoch, t, &one, &found, err));
        if (found == WEIR_RECOVER_LOST) {
            *lost = true;
            if (epoch->state == WEIR_EPOCH_COMMITTED) return lost_after_commit(c, err);
            continue;
        }
        WEIR_TRY(settle(c, epoch, t, &one, err));
        weir_load_counts_add(counts, &one);
    }
out:
    return status;
}

/* An epoch is to be read again, but not for a target that has committed it: what that one refused
 * stands in the reject set alone.  So the set is published before it is written anew.  Once it
 * stands there it is whole; what has its temporary name may then be of a second reading. */
static weir_status keep_reject_set(weir_coordinator *c, const weir_state_epoch *epoch,
                                   weir_error *err) {
    weir_load_counts ignored = {0};
    weir_recovery found = WEIR_RECOVER_DONE;
    if (!any_settled(c) || epoch->intent.n_rejects == 0) return WEIR_OK;
    c->rejects_before = true;
    if (access(c->owner_rejects, F_OK) == 0) return WEIR_OK;
    return recover_sink(c, epoch, targets(c), &ignored, &found, err);
}

static weir_status roll_forward(weir_coordinator *c, const weir_state_epoch *epoch,
                                weir_epoch_fate *fate, weir_splits *splits, weir_account *account,
                                weir_error *err) {
    weir_status status;
    weir_recovery found = WEIR_RECOVER_DONE;
    weir_load_counts ignored = {0};
    bool lost = false;
    WEIR_TRY(account_load(epoch->intent.account, account, c->token, sizeof c->token, err));
    account->loaded = (weir_load_counts){0}; /* the sinks say */
    c->decided = true;
    WEIR_TRY(recover_targets(c, epoch, &lost, &account->loaded, err));
    if (lost) {
        WEIR_TRY(keep_reject_set(c, epoch, err));
        WEIR_TRY(discard_all(c, err));
        WEIR_TRY(weir_splits_load(splits, epoch->intent.splits, err));
        c->again = true;
        *fate = WEIR_FATE_AGAIN;
        goto out;
    }
    memset(c->settled, 0, sizeof c->settled);
    memset(c->n_settled_handles, 0, sizeof c->n_settled_handles);
    if (epoch->state == WEIR_EPOCH_DECIDED)
        WEIR_TRY(weir_state_epoch_committed(c->lease, c->step, c->number, err));
    for (size_t i = targets(c); i < c->config->n_sinks; i++)
        WEIR_TRY(recover_sink(c, epoch, i, &ignored, &found, err));
    WEIR_TRY(finish(c, account, err));
    *fate = WEIR_FATE_DONE;
out:
    return status;
}

weir_status weir_coordinator_recover(weir_coordinator *c, const weir_state_epoch *epoch,
                                     weir_epoch_fate *fate, weir_splits *splits,
                                     weir_account *account, weir_error *err) {
    c->number = epoch->number;
    c->owner = epoch->run_id;
    name_token(c, epoch->run_id);
    if (epoch->state == WEIR_EPOCH_DECIDED || epoch->state == WEIR_EPOCH_COMMITTED)
        return roll_forward(c, epoch, fate, splits, account, err);
    weir_status status = discard_all(c, err);
    if (status == WEIR_OK) status = weir_state_epoch_undone(c->lease, c->step, c->number, err);
    *fate = WEIR_FATE_UNDONE;
    return status;
}

/* Names a target that has committed the epoch and one that has not. */
static weir_status half_loaded(const weir_coordinator *c, weir_error *err) {
    size_t done = 0, open = 0;
    for (size_t t = 0; t < targets(c); t++) {
        if (c->settled[t])
            done = t;
        else
            open = t;
    }
    weir_error_set(
        err, WEIR_DATA,
        "epoch %llu of step %s is in %s, but %s lost it, and it cannot be read again as it "
        "was",
        (unsigned long long)c->number, c->step, c->config->sinks[done].name,
        c->config->sinks[open].name);
    weir_error_hint(err, "put the input and the pipeline file back as they were and run again");
    return WEIR_DATA;
}

weir_status weir_coordinator_give_up(weir_coordinator *c, weir_error *err) {
    if (any_settled(c)) return half_loaded(c, err);
    weir_status status = discard_all(c, err);
    if (status == WEIR_OK) status = weir_state_epoch_undone(c->lease, c->step, c->number, err);
    c->again = c->decided = c->begun = false;
    return status;
}
