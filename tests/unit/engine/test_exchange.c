#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "engine/exchange.h"

#define MESSAGES 2000

typedef struct side {
    weir_exchange *x;
    uint32_t number, producers;
    uint64_t sum, count, order_faults;
    int64_t last_control;
    pthread_t thread;
} side;

static void push(weir_exchange *x, uint32_t producer, uint32_t to, weir_message m) {
    weir_error err = {0};
    assert_int_equal(weir_exchange_push(x, producer, to, &m, &err), WEIR_OK);
}

/* ---- forward ------------------------------------------------------------------------------- */

static void *take_all(void *arg) {
    side *s = arg;
    for (;;) {
        weir_message m;
        weir_error err = {0};
        if (weir_exchange_pop(s->x, s->number, &m, &err) != WEIR_OK) return NULL;
        if (m.kind == WEIR_MESSAGE_END) return NULL;
        if (m.kind == WEIR_MESSAGE_DATA)
            s->sum += m.ticket, s->count++;
        else
            s->last_control = m.value;
    }
}

static void forward_gives_each_message_once(void **state) {
    (void)state;
    weir_exchange *x;
    weir_error err = {0};
    assert_int_equal(weir_exchange_new(WEIR_EXCHANGE_FORWARD, 1, 3, 64, NULL, &x, &err), WEIR_OK);
    side sides[3];
    for (uint32_t i = 0; i < 3; i++) {
        sides[i] = (side){.x = x, .number = i};
        pthread_create(&sides[i].thread, NULL, take_all, &sides[i]);
    }
    for (uint64_t t = 0; t < MESSAGES; t++) {
        push(x, 0, 0, (weir_message){.kind = WEIR_MESSAGE_DATA, .ticket = t, .bytes = 10});
        if (t % 500 == 499)
            push(x, 0, 0, (weir_message){.kind = WEIR_MESSAGE_BARRIER, .value = (int64_t)t});
    }
    push(x, 0, 0, (weir_message){.kind = WEIR_MESSAGE_END});
    uint64_t sum = 0, count = 0;
    for (int i = 0; i < 3; i++) {
        pthread_join(sides[i].thread, NULL);
        sum += sides[i].sum;
        count += sides[i].count;
        assert_int_equal(sides[i].last_control, MESSAGES - 1); /* controls reach everyone */
    }
    assert_int_equal(count, MESSAGES);
    assert_int_equal(sum, (uint64_t)MESSAGES * (MESSAGES - 1) / 2);
    weir_exchange_free(x);
}

static void forward_holds_controls_behind_earlier_data(void **state) {
    (void)state;
    weir_exchange *x;
    weir_error err = {0};
    weir_message m;
    assert_int_equal(weir_exchange_new(WEIR_EXCHANGE_FORWARD, 1, 2, 1000, NULL, &x, &err), WEIR_OK);
    push(x, 0, 0, (weir_message){.kind = WEIR_MESSAGE_DATA, .ticket = 1});
    push(x, 0, 0, (weir_message){.kind = WEIR_MESSAGE_BARRIER, .value = 7});
    push(x, 0, 0, (weir_message){.kind = WEIR_MESSAGE_DATA, .ticket = 2});
    assert_int_equal(weir_exchange_pop(x, 0, &m, &err), WEIR_OK);
    assert_int_equal(m.ticket, 1);
    assert_int_equal(weir_exchange_pop(x, 1, &m, &err), WEIR_OK); /* the barrier, not data 2 */
    assert_int_equal(m.kind, WEIR_MESSAGE_BARRIER);
    assert_int_equal(weir_exchange_pop(x, 1, &m, &err), WEIR_OK);
    assert_int_equal(m.ticket, 2);
    assert_int_equal(weir_exchange_pop(x, 0, &m, &err), WEIR_OK);
    assert_int_equal(m.value, 7);
    weir_exchange_free(x);
}

/* ---- gather -------------------------------------------------------------------------------- */

static void *push_tickets(void *arg) {
    side *s = arg;
    for (uint64_t t = s->number; t < MESSAGES; t += s->producers) {
        uint64_t parts = t % 4; /* some tickets have nothing, some several messages */
        for (uint64_t i = 0; i < parts; i++)
            push(s->x, s->number, 0,
                 (weir_message){.kind = WEIR_MESSAGE_DATA,
                                .ticket = t,
                                .more = true,
                                .bytes = 40,
                                .value = (int64_t)i});
        push(s->x, s->number, 0, (weir_message){.kind = WEIR_MESSAGE_DATA, .ticket = t});
    }
    push(s->x, s->number, 0, (weir_message){.kind = WEIR_MESSAGE_END, .ticket = MESSAGES});
    return NULL;
}

static void gather_keeps_ticket_order(void **state) {
    (void)state;
    weir_exchange *x;
    weir_error err = {0};
    /* the bound is far below what is pushed: producers wait, and nothing hangs */
    assert_int_equal(weir_exchange_new(WEIR_EXCHANGE_GATHER, 3, 1, 100, NULL, &x, &err), WEIR_OK);
    side sides[3];
    for (uint32_t i = 0; i < 3; i++) {
        sides[i] = (side){.x = x, .number = i, .producers = 3};
        pthread_create(&sides[i].thread, NULL, push_tickets, &sides[i]);
    }
    uint64_t ticket = 0, part = 0, ends = 0;
    for (;;) {
        weir_message m;
        assert_int_equal(weir_exchange_pop(x, 0, &m, &err), WEIR_OK);
        if (m.kind == WEIR_MESSAGE_END) {
            ends++;
            break;
        }
        assert_int_equal(m.ticket, ticket);
        if (m.more) {
            assert_int_equal(m.value, part++);
        } else {
            assert_int_equal(part, ticket % 4);
            part = 0;
            ticket++;
        }
    }
    assert_int_equal(ticket, MESSAGES);
    assert_int_equal(ends, 1);
    for (int i = 0; i < 3; i++) pthread_join(sides[i].thread, NULL);
    weir_exchange_free(x);
}

/* ---- hash ---------------------------------------------------------------------------------- */

static void hash_aligns_barriers(void **state) {
    (void)state;
    weir_exchange *x;
    weir_error err = {0};
    weir_message m;
    assert_int_equal(weir_exchange_new(WEIR_EXCHANGE_HASH, 2, 2, 1000, NULL, &x, &err), WEIR_OK);
    push(x, 0, 1, (weir_message){.kind = WEIR_MESSAGE_DATA, .value = 1});
    push(x, 0, 0, (weir_message){.kind = WEIR_MESSAGE_BARRIER, .value = 9});
    push(x, 0, 1, (weir_message){.kind = WEIR_MESSAGE_DATA, .value = 3}); /* of the next epoch */
    push(x, 1, 1, (weir_message){.kind = WEIR_MESSAGE_DATA, .value = 2});
    push(x, 1, 0, (weir_message){.kind = WEIR_MESSAGE_BARRIER, .value = 9});
    int64_t sum = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(weir_exchange_pop(x, 1, &m, &err), WEIR_OK);
        assert_int_equal(m.kind, WEIR_MESSAGE_DATA);
        sum += m.value;
    }
    assert_int_equal(sum, 3); /* both messages before the barrier, not the one behind it */
    assert_int_equal(weir_exchange_pop(x, 1, &m, &err), WEIR_OK);
    assert_int_equal(m.kind, WEIR_MESSAGE_BARRIER);
    assert_int_equal(weir_exchange_pop(x, 1, &m, &err), WEIR_OK);
    assert_int_equal(m.value, 3);
    assert_int_equal(weir_exchange_pop(x, 0, &m, &err), WEIR_OK); /* the barrier reaches all */
    assert_int_equal(m.kind, WEIR_MESSAGE_BARRIER);
    weir_exchange_free(x);
}

/* ---- stop ---------------------------------------------------------------------------------- */

static int freed;
static void count_free(void *data) {
    (void)data;
    freed++;
}

static void *wait_for_message(void *arg) {
    side *s = arg;
    weir_message m;
    weir_error err = {0};
    s->sum = (uint64_t)weir_exchange_pop(s->x, 0, &m, &err);
    return NULL;
}

static void stop_ends_waiting_and_frees_the_rest(void **state) {
    (void)state;
    weir_exchange *x;
    weir_error err = {0};
    static int something;
    side s;
    assert_int_equal(weir_exchange_new(WEIR_EXCHANGE_GATHER, 1, 1, 100, count_free, &x, &err),
                     WEIR_OK);
    s = (side){.x = x};
    pthread_create(&s.thread, NULL, wait_for_message, &s);
    push(x, 0, 0, (weir_message){.kind = WEIR_MESSAGE_DATA, .ticket = 5, .data = &something});
    weir_exchange_stop(x);
    pthread_join(s.thread, NULL);
    assert_int_equal(s.sum, WEIR_CANCELLED);
    weir_message m = {.kind = WEIR_MESSAGE_DATA, .ticket = 6};
    assert_int_equal(weir_exchange_push(x, 0, 0, &m, &err), WEIR_CANCELLED);
    weir_exchange_free(x);
    assert_int_equal(freed, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_gives_each_message_once),
        cmocka_unit_test(forward_holds_controls_behind_earlier_data),
        cmocka_unit_test(gather_keeps_ticket_order),
        cmocka_unit_test(hash_aligns_barriers),
        cmocka_unit_test(stop_ends_waiting_and_frees_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
