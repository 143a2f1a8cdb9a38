#include "engine/exchange.h"

#include <pthread.h>

/* A queue of messages, grown by doubling; `after` counts the control messages pushed before. */
typedef struct entry {
    weir_message message;
    uint64_t after;
} entry;

typedef struct fifo {
    entry *items;
    size_t head, n, capacity;
} fifo;

/* GATHER: what has arrived for one ticket. */
typedef struct turn {
    fifo queue;
    uint32_t copies; /* of a control message */
    bool closed;     /* no more messages of this ticket */
} turn;

#define TURNS_MAX 65536u

struct weir_exchange {
    weir_exchange_kind kind;
    uint32_t producers, consumers;
    size_t max_bytes, bytes;
    void (*discard)(void *);
    bool stopped;
    pthread_mutex_t lock;
    pthread_cond_t readable, writable;
    /* FORWARD: one shared queue of data and a log of controls, each consumer with its own cursor */
    fifo data;
    fifo controls;
    uint64_t *taken;
    uint32_t ends;
    /* GATHER */
    turn *turns; /* ring over tickets next .. next + capacity - 1 */
    size_t turn_capacity;
    uint64_t next;
    /* HASH: a queue for each (producer, consumer) */
    fifo *lanes;
    uint32_t *turn_of; /* round robin per consumer */
};

#define FIFO_MAX ((size_t)1 << 24)

static weir_status fifo_push(fifo *f, const weir_message *m, uint64_t after, weir_error *err) {
    if (f->n == f->capacity) {
        size_t capacity = f->capacity ? f->capacity * 2 : 16;
        if (capacity > FIFO_MAX)
            return weir_error_set(err, WEIR_RESOURCE, "a queue holds more than %zu messages",
                                  FIFO_MAX);
        entry *items = weir_alloc_zero(capacity, sizeof *items);
        if (!items) return weir_error_nomem(err);
        for (size_t i = 0; i < f->n; i++) items[i] = f->items[(f->head + i) % f->capacity];
        weir_free(f->items);
        f->items = items;
        f->head = 0;
        f->capacity = capacity;
    }
    entry *e = &f->items[(f->head + f->n++) % f->capacity];
    e->message = *m;
    e->after = after;
    return WEIR_OK;
}

static entry *fifo_peek(fifo *f) {
    return f->n ? &f->items[f->head] : NULL;
}

static weir_message fifo_pop(fifo *f) {
    weir_message m = f->items[f->head].message;
    f->head = (f->head + 1) % f->capacity;
    f->n--;
    return m;
}

static void fifo_clear(fifo *f, void (*discard)(void *)) {
    while (f->n) {
        weir_message m = fifo_pop(f);
        if (discard && m.kind == WEIR_MESSAGE_DATA && m.data) discard(m.data);
    }
    weir_free(f->items);
    f->items = NULL;
    f->capacity = 0;
}

weir_status weir_exchange_new(weir_exchange_kind kind, uint32_t producers, uint32_t consumers,
                              size_t max_bytes, void (*discard)(void *data), weir_exchange **out,
                              weir_error *err) {
    weir_exchange *x = weir_alloc_zero(1, sizeof *x);
    if (!x) return weir_error_nomem(err);
    x->kind = kind;
    x->producers = producers;
    x->consumers = kind == WEIR_EXCHANGE_GATHER ? 1 : consumers;
    x->max_bytes = max_bytes;
    x->discard = discard;
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->readable, NULL);
    pthread_cond_init(&x->writable, NULL);
    bool ok = true;
    if (kind == WEIR_EXCHANGE_FORWARD)
        ok = (x->taken = weir_alloc_zero(x->consumers, sizeof *x->taken)) != NULL;
    if (kind == WEIR_EXCHANGE_GATHER) {
        x->turn_capacity = 64;
        ok = (x->turns = weir_alloc_zero(x->turn_capacity, sizeof *x->turns)) != NULL;
    }
    if (kind == WEIR_EXCHANGE_HASH) {
        x->lanes = weir_alloc_zero((size_t)producers * x->consumers, sizeof *x->lanes);
        x->turn_of = weir_alloc_zero(x->consumers, sizeof *x->turn_of);
        ok = x->lanes && x->turn_of;
    }
    if (!ok) {
        weir_exchange_free(x);
        return weir_error_nomem(err);
    }
    *out = x;
    return WEIR_OK;
}

void weir_exchange_free(weir_exchange *x) {
    if (!x) return;
    fifo_clear(&x->data, x->discard);
    fifo_clear(&x->controls, NULL);
    for (size_t i = 0; x->turns && i < x->turn_capacity; i++)
        fifo_clear(&x->turns[i].queue, x->discard);
    for (size_t i = 0; x->lanes && i < (size_t)x->producers * x->consumers; i++)
        fifo_clear(&x->lanes[i], x->discard);
    weir_free(x->turns);
    weir_free(x->lanes);
    weir_free(x->turn_of);
    weir_free(x->taken);
    pthread_mutex_destroy(&x->lock);
    pthread_cond_destroy(&x->readable);
    pthread_cond_destroy(&x->writable);
    weir_free(x);
}

void weir_exchange_stop(weir_exchange *x) {
    if (!x) return;
    pthread_mutex_lock(&x->lock);
    x->stopped = true;
    pthread_cond_broadcast(&x->readable);
    pthread_cond_broadcast(&x->writable);
    pthread_mutex_unlock(&x->lock);
}

static weir_status stopped(weir_error *err) {
    return weir_error_set(err, WEIR_CANCELLED, "the flow is being stopped");
}

/* Whether the bound lets a message in now.  What the consumer waits for always gets in. */
static bool admits(const weir_exchange *x, const weir_message *m) {
    if (m->kind != WEIR_MESSAGE_DATA || x->bytes == 0) return true;
    if (x->kind == WEIR_EXCHANGE_GATHER) {
        /* in any case when the consumer has nothing of this ticket: one can come to any number */
        if (m->ticket == x->next)
            return x->turns[m->ticket % x->turn_capacity].queue.n == 0 ||
                   x->bytes + m->bytes <= x->max_bytes;
        if (m->ticket - x->next >= TURNS_MAX) return false;
    }
    if (x->kind == WEIR_EXCHANGE_FORWARD && x->data.n == 0) return true;
    return x->bytes + m->bytes <= x->max_bytes;
}

/* The ring slot of a ticket; grows the ring. */
static weir_status turn_at(weir_exchange *x, uint64_t ticket, turn **out, weir_error *err) {
    if (ticket < x->next)
        return weir_error_set(err, WEIR_INTERNAL, "ticket %llu came after its turn",
                              (unsigned long long)ticket);
    uint64_t ahead = ticket - x->next;
    if (ahead >= TURNS_MAX + x->producers)
        return weir_error_set(err, WEIR_INTERNAL, "ticket %llu is too far ahead",
                              (unsigned long long)ticket);
    if (ahead >= x->turn_capacity) {
        size_t capacity = x->turn_capacity;
        while (ahead >= capacity) capacity *= 2;
        turn *turns = weir_alloc_zero(capacity, sizeof *turns);
        if (!turns) return weir_error_nomem(err);
        for (uint64_t i = 0; i < x->turn_capacity; i++)
            turns[(x->next + i) % capacity] = x->turns[(x->next + i) % x->turn_capacity];
        weir_free(x->turns);
        x->turns = turns;
        x->turn_capacity = capacity;
    }
    *out = &x->turns[ticket % x->turn_capacity];
    return WEIR_OK;
}

static weir_status push_forward(weir_exchange *x, const weir_message *m, weir_error *err) {
    if (m->kind == WEIR_MESSAGE_DATA) return fifo_push(&x->data, m, x->controls.n, err);
    /* the end comes out when every producer has ended */
    if (m->kind == WEIR_MESSAGE_END && ++x->ends < x->producers) return WEIR_OK;
    return fifo_push(&x->controls, m, 0, err);
}

static weir_status push_gather(weir_exchange *x, const weir_message *m, weir_error *err) {
    turn *t = NULL;
    weir_status status = turn_at(x, m->ticket, &t, err);
    if (status != WEIR_OK) return status;
    if (m->kind == WEIR_MESSAGE_DATA) {
        if ((status = fifo_push(&t->queue, m, 0, err)) != WEIR_OK) return status;
        t->closed = !m->more;
        return WEIR_OK;
    }
    if (t->copies == 0 && (status = fifo_push(&t->queue, m, 0, err)) != WEIR_OK) return status;
    t->closed = ++t->copies == x->producers;
    return WEIR_OK;
}

weir_status weir_exchange_push(weir_exchange *x, uint32_t producer, uint32_t to,
                               const weir_message *m, weir_error *err) {
    weir_status status = WEIR_OK;
    pthread_mutex_lock(&x->lock);
    while (!x->stopped && !admits(x, m)) pthread_cond_wait(&x->writable, &x->lock);
    if (x->stopped) {
        status = stopped(err);
    } else if (x->kind == WEIR_EXCHANGE_FORWARD) {
        status = push_forward(x, m, err);
    } else if (x->kind == WEIR_EXCHANGE_GATHER) {
        status = push_gather(x, m, err);
    } else if (m->kind == WEIR_MESSAGE_DATA) {
        status = fifo_push(&x->lanes[(size_t)producer * x->consumers + to], m, 0, err);
    } else {
        for (uint32_t c = 0; c < x->consumers && status == WEIR_OK; c++)
            status = fifo_push(&x->lanes[(size_t)producer * x->consumers + c], m, 0, err);
    }
    if (status == WEIR_OK) {
        if (m->kind == WEIR_MESSAGE_DATA) x->bytes += m->bytes;
        if (x->consumers == 1)
            pthread_cond_signal(&x->readable);
        else
            pthread_cond_broadcast(&x->readable);
    }
    pthread_mutex_unlock(&x->lock);
    return status;
}

/* The three ways of taking; false = nothing to take yet. */
static bool pop_forward(weir_exchange *x, uint32_t consumer, weir_message *out) {
    entry *head = fifo_peek(&x->data);
    if (x->taken[consumer] < x->controls.n && (!head || head->after > x->taken[consumer])) {
        *out = x->controls.items[x->taken[consumer]++].message;
        return true;
    }
    if (!head) return false;
    *out = fifo_pop(&x->data);
    return true;
}

static bool pop_gather(weir_exchange *x, weir_message *out) {
    turn *t = &x->turns[x->next % x->turn_capacity];
    entry *head = fifo_peek(&t->queue);
    if (!head || (head->message.kind != WEIR_MESSAGE_DATA && !t->closed)) return false;
    *out = fifo_pop(&t->queue);
    if (t->closed && t->queue.n == 0) { /* the turn is over */
        t->closed = false;
        t->copies = 0;
        x->next++;
        pthread_cond_broadcast(&x->writable); /* the next ticket is now always let in */
    }
    return true;
}

static bool pop_hash(weir_exchange *x, uint32_t consumer, weir_message *out) {
    uint32_t at_control = 0;
    for (uint32_t i = 0; i < x->producers; i++) {
        uint32_t p = (x->turn_of[consumer] + i) % x->producers;
        fifo *lane = &x->lanes[(size_t)p * x->consumers + consumer];
        entry *head = fifo_peek(lane);
        if (!head) continue;
        if (head->message.kind != WEIR_MESSAGE_DATA) {
            at_control++;
            continue;
        }
        x->turn_of[consumer] = p + 1;
        *out = fifo_pop(lane);
        return true;
    }
    if (at_control < x->producers) return false;
    for (uint32_t p = 0; p < x->producers; p++)
        *out = fifo_pop(&x->lanes[(size_t)p * x->consumers + consumer]);
    return true;
}

weir_status weir_exchange_pop(weir_exchange *x, uint32_t consumer, weir_message *out,
                              weir_error *err) {
    weir_status status = WEIR_OK;
    pthread_mutex_lock(&x->lock);
    for (;;) {
        if (x->stopped) {
            status = stopped(err);
            break;
        }
        bool got = x->kind == WEIR_EXCHANGE_FORWARD  ? pop_forward(x, consumer, out)
                   : x->kind == WEIR_EXCHANGE_GATHER ? pop_gather(x, out)
                                                     : pop_hash(x, consumer, out);
        if (got) break;
        pthread_cond_wait(&x->readable, &x->lock);
    }
    if (status == WEIR_OK && out->kind == WEIR_MESSAGE_DATA) {
        x->bytes -= out->bytes;
        pthread_cond_broadcast(&x->writable);
    }
    pthread_mutex_unlock(&x->lock);
    return status;
}

bool weir_exchange_drain(weir_exchange *x, weir_message *out) {
    fifo *found = x->data.n ? &x->data : NULL;
    for (size_t i = 0; !found && x->turns && i < x->turn_capacity; i++)
        if (x->turns[i].queue.n) found = &x->turns[i].queue;
    for (size_t i = 0; !found && x->lanes && i < (size_t)x->producers * x->consumers; i++)
        if (x->lanes[i].n) found = &x->lanes[i];
    if (!found) return false;
    *out = fifo_pop(found);
    return true;
}
