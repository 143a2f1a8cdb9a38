#include "engine/account.h"

void weir_load_counts_add(weir_load_counts *a, const weir_load_counts *b) {
    a->inserted += b->inserted;
    a->updated += b->updated;
    a->unchanged += b->unchanged;
    a->stale += b->stale;
    a->bytes += b->bytes;
}

void weir_account_add(weir_account *a, const weir_account *b) {
    for (size_t i = 0; i < a->n_operators && i < b->n_operators; i++) {
        weir_operator_account *x = &a->operators[i];
        const weir_operator_account *y = &b->operators[i];
        x->in += y->in;
        x->created += y->created;
        x->out += y->out;
        x->rejected += y->rejected;
        x->filtered += y->filtered;
        x->absorbed += y->absorbed;
    }
    a->rows_read += b->rows_read;
    a->bytes_read += b->bytes_read;
    a->rows_created += b->rows_created;
    a->rows_loaded += b->rows_loaded;
    a->rows_rejected += b->rows_rejected;
    a->rows_filtered += b->rows_filtered;
    a->rows_absorbed += b->rows_absorbed;
    a->warnings += b->warnings;
    weir_load_counts_add(&a->loaded, &b->loaded);
    a->splits += b->splits;
    a->splits_skipped += b->splits_skipped;
    a->phases.cut += b->phases.cut;
    a->phases.parse += b->phases.parse;
    a->phases.transform += b->phases.transform;
    a->phases.validate += b->phases.validate;
    a->phases.encode += b->phases.encode;
    a->phases.write += b->phases.write;
    if (!a->unread[0]) memcpy(a->unread, b->unread, sizeof a->unread);
    if (!a->first[0]) memcpy(a->first, b->first, sizeof a->first);
    a->odd += b->odd;
}

weir_status weir_account_check(const weir_account *a, weir_error *err) {
    size_t loads = a->n_loads ? a->n_loads : 1;
    uint64_t reach = 0, loaded = 0; /* rows that reach the sinks, and those they took */
    uint64_t rejected = 0, filtered = 0, absorbed = 0, created = 0;
    for (size_t i = 0; i < a->n_operators; i++) {
        const weir_operator_account *o = &a->operators[i];
        rejected += o->rejected;
        filtered += o->filtered;
        absorbed += o->absorbed;
        created += o->created;
        uint64_t left = o->in + o->created,
                 right = o->out + o->rejected + o->filtered + o->absorbed;
        bool load = i + loads >= a->n_operators;
        bool chained = i == 0 || load || o->in == a->operators[i - 1].out;
        if (load) reach += o->in, loaded += o->out;
        if (left == right && chained) continue;
        return weir_error_set(
            err, WEIR_INTERNAL,
            "the account of operator %zu (%s) does not balance: in %llu + created "
            "%llu, out %llu + rejected %llu + filtered %llu + absorbed %llu",
            i, o->name ? o->name : "?", (unsigned long long)o->in, (unsigned long long)o->created,
            (unsigned long long)o->out, (unsigned long long)o->rejected,
            (unsigned long long)o->filtered, (unsigned long long)o->absorbed);
    }
    if (a->n_operators > loads && reach != a->operators[a->n_operators - loads - 1].out)
        return weir_error_set(err, WEIR_INTERNAL, "%llu rows reach the sinks of %llu that were to",
                              (unsigned long long)reach,
                              (unsigned long long)a->operators[a->n_operators - loads - 1].out);
    uint64_t accepted =
        a->loaded.inserted + a->loaded.updated + a->loaded.unchanged + a->loaded.stale;
    if (rejected != a->rows_rejected || filtered != a->rows_filtered ||
        absorbed != a->rows_absorbed || created != a->rows_created || accepted != a->rows_loaded ||
        (a->n_operators && loaded != a->rows_loaded))
        return weir_error_set(
            err, WEIR_INTERNAL,
            "the run's account does not balance: the target accepted %llu of %llu "
            "rows, %llu rejected, %llu filtered",
            (unsigned long long)accepted, (unsigned long long)a->rows_loaded,
            (unsigned long long)a->rows_rejected, (unsigned long long)a->rows_filtered);
    return WEIR_OK;
}
