/* Allocation, ledger, blocks, arenas, buffers: values, limits, and failure of the n-th allocation.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/pool.h"

static int free_faults(void **state) {
    (void)state;
    weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
    return 0;
}

static void test_alloc_sizes(void **state) {
    (void)state;
    void *a = weir_alloc(0), *b = weir_alloc(0);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    weir_free(a);
    weir_free(b);
    assert_null(weir_alloc(SIZE_MAX));
    assert_null(weir_alloc_zero(SIZE_MAX / 2, 3));
    assert_null(weir_realloc(NULL, SIZE_MAX / 4, 8));
    weir_free(NULL);
    unsigned char *z = weir_alloc_zero(10, 10);
    assert_non_null(z);
    for (int i = 0; i < 100; i++) assert_int_equal(z[i], 0);
    weir_free(z);
    char *s = weir_strndup("ab\0cd", 5);
    assert_memory_equal(s, "ab\0cd", 6);
    weir_free(s);
    s = weir_strdup("text");
    assert_string_equal(s, "text");
    weir_free(s);
    assert_null(weir_strndup("", SIZE_MAX));
}

static void test_alloc_faults(void **state) {
    (void)state;
    weir_fault_arm(WEIR_FAULT_MALLOC, 2, 0);
    void *a = weir_alloc(8);
    assert_non_null(a);
    assert_null(weir_realloc(a, 2, 8)); /* a is still there */
    a = weir_realloc(a, 2, 8);
    assert_non_null(a);
    assert_int_equal(weir_fault_count(WEIR_FAULT_MALLOC), 3);
    weir_free(a);
}

static void test_grow(void **state) {
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    weir_error err = {0};
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(weir_grow((void **)&items, &capacity, i + 1, sizeof *items, 100, &err),
                         WEIR_OK);
        items[i] = (int)i;
    }
    assert_int_equal(capacity, 100); /* doubling stops at the cap */
    assert_int_equal(items[99], 99);
    assert_int_equal(weir_grow((void **)&items, &capacity, 101, sizeof *items, 100, &err),
                     WEIR_RESOURCE);
    assert_int_equal(err.status, WEIR_RESOURCE);
    assert_int_equal(capacity, 100);
    int *before = items;
    weir_fault_arm(WEIR_FAULT_MALLOC, 1, 0);
    assert_int_equal(weir_grow((void **)&items, &capacity, 101, sizeof *items, 1000, &err),
                     WEIR_RESOURCE);
    assert_ptr_equal(items, before);
    assert_int_equal(capacity, 100);
    weir_free(items);
}

static void test_ledger(void **state) {
    (void)state;
    weir_ledger run, sink;
    weir_ledger_init(&run, "run", 1000, NULL);
    weir_ledger_init(&sink, "sink", 0, &run);
    assert_true(weir_ledger_charge(NULL, SIZE_MAX));
    weir_ledger_release(NULL, 5);
    assert_true(weir_ledger_charge(&sink, 600));
    assert_false(weir_ledger_charge(&sink, 401)); /* the parent says no: nothing is charged */
    assert_int_equal(sink.used_bytes, 600);
    assert_int_equal(run.used_bytes, 600);
    assert_true(weir_ledger_charge(&sink, 400));
    assert_false(weir_ledger_charge(&run, 1));
    assert_false(weir_ledger_charge(&sink, SIZE_MAX)); /* overflow is a refusal */
    weir_ledger_release(&sink, 1000);
    assert_int_equal(sink.used_bytes, 0);
    assert_int_equal(run.used_bytes, 0);
    assert_int_equal(run.peak_bytes, 1000);
    assert_int_equal(sink.peak_bytes, 1000);
}

static _Atomic size_t charges_that_fit;

static void *charge_much(void *p) {
    weir_ledger *l = p;
    for (int i = 0; i < 100000; i++) {
        if (!weir_ledger_charge(l, 7)) continue;
        if (l->parent->used_bytes > l->parent->limit_bytes) return (void *)1;
        charges_that_fit++;
        weir_ledger_release(l, 7);
    }
    return NULL;
}

static void test_ledger_threads(void **state) {
    (void)state;
    weir_ledger run, part[4];
    weir_ledger_init(&run, "run", 20, NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        weir_ledger_init(&part[i], "part", 0, &run);
        assert_int_equal(pthread_create(&threads[i], NULL, charge_much, &part[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_true(charges_that_fit > 0); /* one thread alone may be starved by the others */
    assert_int_equal(run.used_bytes, 0);
    assert_true(run.peak_bytes <= 20);
}

static void test_block(void **state) {
    (void)state;
    weir_ledger run;
    weir_ledger_init(&run, "run", 1 << 20, NULL);
    static const size_t sizes[] = {0, 1, 63, 64, 4096, 4097, 65536, 100000, 1 << 19};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        weir_block *b = NULL;
        assert_int_equal(weir_block_new(&run, sizes[i], &b, NULL), WEIR_OK);
        assert_true(b->capacity >= sizes[i]);
        assert_true(b->capacity <= sizes[i] + sizes[i] / 4 + 64);
        if ((sizes[i] & (sizes[i] - 1)) == 0 && sizes[i] >= 64)
            assert_int_equal(b->capacity, sizes[i]);
        assert_int_equal((uintptr_t)b->data % 64, 0);
        assert_int_equal(b->size, 0);
        assert_int_equal(run.used_bytes, b->capacity);
        memset(b->data, 0xA5, b->capacity);
        for (int k = 0; k < WEIR_BLOCK_PAD; k++) assert_int_equal(b->data[b->capacity + k], 0);
        assert_ptr_equal(weir_block_retain(b), b);
        weir_block_release(b);
        assert_int_equal(run.used_bytes, b->capacity);
        weir_block_release(b);
        assert_int_equal(run.used_bytes, 0);
    }
    assert_null(weir_block_retain(NULL));
    weir_block_release(NULL);
    weir_block *b = NULL;
    weir_error err = {0};
    assert_int_equal(weir_block_new(&run, (1 << 20) + 1, &b, &err), WEIR_RESOURCE);
    assert_non_null(strstr(err.message, "'run'"));
    assert_null(b);
    assert_int_equal(weir_block_new(NULL, SIZE_MAX, &b, &err), WEIR_RESOURCE);
    assert_int_equal(weir_block_new(NULL, SIZE_MAX - 4000, &b, &err), WEIR_RESOURCE);
    weir_fault_arm(WEIR_FAULT_MALLOC, 1, 0);
    assert_int_equal(weir_block_new(&run, 100, &b, &err), WEIR_RESOURCE);
    assert_int_equal(run.used_bytes, 0); /* the charge was taken back */
}

static void count_release(void *context) {
    ++*(int *)context;
}

static void test_block_wrap(void **state) {
    (void)state;
    char foreign[8] = "foreign";
    int released = 0;
    weir_block *b = NULL;
    assert_int_equal(weir_block_wrap(foreign, 8, count_release, &released, &b, NULL), WEIR_OK);
    assert_ptr_equal(b->data, foreign);
    assert_int_equal(b->size, 8);
    weir_block_retain(b);
    weir_block_release(b);
    assert_int_equal(released, 0);
    weir_block_release(b);
    assert_int_equal(released, 1);
    assert_int_equal(weir_block_wrap(foreign, 8, NULL, NULL, &b, NULL), WEIR_OK);
    weir_block_release(b);
    weir_fault_arm(WEIR_FAULT_MALLOC, 1, 0);
    assert_int_equal(weir_block_wrap(foreign, 8, count_release, &released, &b, NULL),
                     WEIR_RESOURCE);
    assert_int_equal(released, 1); /* what could not be wrapped still belongs to the caller */
}

static void test_pool(void **state) {
    (void)state;
    /* Rounding: monotonic, at most a quarter more, stable. */
    size_t before = 0;
    for (size_t n = 4096; n <= WEIR_POOL_MAX_BYTES; n += 997) {
        size_t r = weir_pool_round(n);
        assert_true(r >= n && r <= n + n / 4);
        assert_true(r >= before);
        assert_int_equal(weir_pool_round(r), r);
        before = r;
    }
    assert_int_equal(weir_pool_round(WEIR_POOL_MAX_BYTES), WEIR_POOL_MAX_BYTES);
    assert_int_equal(weir_pool_round(SIZE_MAX), 0);

    weir_block_trim();
    assert_int_equal(weir_pool_kept(), 0);
    weir_block *blocks[64];
    for (int i = 0; i < 64; i++)
        assert_int_equal(weir_block_new(NULL, 1 << 20, &blocks[i], NULL), WEIR_OK);
    for (int i = 0; i < 64; i++) weir_block_release(blocks[i]);
    assert_true(weir_pool_kept() <= WEIR_POOL_KEPT_BYTES);
    size_t kept = weir_pool_kept();
    weir_block *small = NULL;
    assert_int_equal(weir_block_new(NULL, 65536, &small, NULL), WEIR_OK);
    weir_block_release(small);
    /* A full pool makes room for the sizes now in use (under a sanitizer nothing is kept). */
    assert_true(weir_pool_kept() <= WEIR_POOL_KEPT_BYTES);
    if (kept) {
        weir_block *again = NULL;
        assert_int_equal(weir_block_new(NULL, 65536, &again, NULL), WEIR_OK);
        assert_ptr_equal(again, small);
        weir_block_release(again);
    }
    weir_block_trim();
    assert_int_equal(weir_pool_kept(), 0);
}

static void *churn(void *p) {
    unsigned seed = (unsigned)(uintptr_t)p;
    weir_block *held[16] = {0};
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525 + 1013904223;
        unsigned slot = seed >> 28, size = 4096U << (seed >> 8) % 8;
        if (held[slot] && held[slot]->data[0] != slot) return (void *)1;
        weir_block_release(held[slot]);
        held[slot] = NULL;
        if (weir_block_new(NULL, size + slot, &held[slot], NULL) != WEIR_OK) return (void *)2;
        held[slot]->data[0] = (uint8_t)slot;
        held[slot]->data[held[slot]->capacity - 1] = 1;
    }
    for (int i = 0; i < 16; i++) weir_block_release(held[i]);
    return NULL;
}

static void test_pool_threads(void **state) {
    (void)state;
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_true(weir_pool_kept() <= WEIR_POOL_KEPT_BYTES);
    weir_block_trim();
}

static void test_arena(void **state) {
    (void)state;
    weir_ledger run;
    weir_ledger_init(&run, "run", 0, NULL);
    weir_arena a = {.ledger = &run};
    char *texts[1000];
    for (int i = 0; i < 1000; i++) {
        texts[i] = weir_arena_printf(&a, "text number %d", i);
        assert_non_null(texts[i]);
        assert_int_equal((uintptr_t)texts[i] % 16, 0);
    }
    char *large = weir_arena_alloc(&a, 1 << 20);
    assert_non_null(large);
    memset(large, 1, 1 << 20);
    char *after = weir_arena_strdup(&a, "after");
    assert_string_equal(after, "after");
    for (int i = 0; i < 1000; i += 333) {
        char want[32];
        snprintf(want, sizeof want, "text number %d", i);
        assert_string_equal(texts[i], want);
    }
    assert_int_equal(run.used_bytes, a.total_bytes);
    int *zeros = weir_arena_zero(&a, 100, sizeof(int));
    for (int i = 0; i < 100; i++) assert_int_equal(zeros[i], 0);
    assert_null(weir_arena_zero(&a, SIZE_MAX / 2, 4));
    assert_null(weir_arena_alloc(&a, SIZE_MAX));
    assert_non_null(weir_arena_alloc(&a, 0));
    assert_memory_equal(weir_arena_strndup(&a, "a\0b", 3), "a\0b", 4);

    weir_arena_reset(&a);
    assert_true(a.total_bytes > 0 && a.total_bytes <= 256 << 10);
    assert_int_equal(run.used_bytes, a.total_bytes);
    size_t kept = a.total_bytes;
    assert_non_null(weir_arena_alloc(&a, 100));
    assert_int_equal(a.total_bytes, kept); /* the kept chunk serves it */
    weir_arena_clear(&a);
    assert_int_equal(run.used_bytes, 0);
    assert_int_equal(a.total_bytes, 0);
    weir_arena_clear(&a);
    assert_non_null(weir_arena_alloc(&a, 1)); /* usable again */
    weir_arena_clear(&a);
}

static void test_arena_limits(void **state) {
    (void)state;
    weir_arena a = {.max_bytes = 10000};
    size_t got = 0;
    while (weir_arena_alloc(&a, 100)) got += 112;
    assert_true(got > 8000 && got <= 10000);
    assert_true(a.total_bytes <= 10000);
    weir_arena_clear(&a);

    weir_ledger run;
    weir_ledger_init(&run, "run", 8192, NULL);
    weir_arena b = {.ledger = &run};
    assert_non_null(weir_arena_alloc(&b, 4000));
    assert_null(weir_arena_alloc(&b, 8000));
    assert_non_null(weir_arena_alloc(&b, 4000)); /* a chunk of just that size still fits */
    weir_arena_clear(&b);
    assert_int_equal(run.used_bytes, 0);

    /* A failing allocation is not papered over by a second attempt. */
    weir_arena c = {0};
    weir_fault_arm(WEIR_FAULT_MALLOC, 1, 0);
    assert_null(weir_arena_alloc(&c, 100));
    assert_non_null(weir_arena_alloc(&c, 100));
    weir_fault_arm(WEIR_FAULT_MALLOC, 1, 0);
    assert_null(weir_arena_alloc(&c, 100000));
    weir_arena_clear(&c);
}

static void test_buf(void **state) {
    (void)state;
    weir_buf b = {0};
    assert_string_equal(weir_buf_cstr(&b), "");
    assert_true(weir_buf_adds(&b, "one "));
    assert_true(weir_buf_printf(&b, "%s %d", "two", 3));
    assert_true(weir_buf_add(&b, NULL, 0));
    assert_int_equal(b.size, 9);
    assert_string_equal(weir_buf_cstr(&b), "one two 3");
    assert_int_equal(b.size, 9);
    weir_buf_clear(&b);
    assert_null(b.data);

    weir_buf capped = {.max = 5};
    assert_true(weir_buf_adds(&capped, "abcde")); /* to the last byte */
    assert_string_equal(weir_buf_cstr(&capped), "abcde");
    assert_false(weir_buf_adds(&capped, "f"));
    assert_int_equal(capped.size, 5);
    capped.size = 0;
    assert_true(weir_buf_printf(&capped, "%s", "12345"));
    assert_false(weir_buf_printf(&capped, "%s", "6"));
    capped.size = 3;
    assert_false(weir_buf_printf(&capped, "%s", "678"));
    assert_int_equal(capped.size, 3);
    weir_buf_clear(&capped);

    weir_buf failing = {0};
    weir_fault_arm(WEIR_FAULT_MALLOC, 1, 0);
    assert_false(weir_buf_adds(&failing, "x"));
    assert_int_equal(failing.size, 0);
    weir_buf_clear(&failing);
    assert_false(weir_buf_reserve(&(weir_buf){.size = 10}, SIZE_MAX - 5));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_alloc_sizes, free_faults),
        cmocka_unit_test_teardown(test_alloc_faults, free_faults),
        cmocka_unit_test_teardown(test_grow, free_faults),
        cmocka_unit_test(test_ledger),
        cmocka_unit_test(test_ledger_threads),
        cmocka_unit_test_teardown(test_block, free_faults),
        cmocka_unit_test_teardown(test_block_wrap, free_faults),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_pool_threads),
        cmocka_unit_test(test_arena),
        cmocka_unit_test_teardown(test_arena_limits, free_faults),
        cmocka_unit_test_teardown(test_buf, free_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
