/* What the tests of the state share: a folder of their own and short ways to say things. */
#ifndef WEIR_TEST_STATE_H
#define WEIR_TEST_STATE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "state/state.h"

static char dir[64];

static int setup(void **state) {
    (void)state;
    /* In memory where that is offered: these tests sync a lot, and kills do not care about the
     * disk. */
    const char *place = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(dir, sizeof dir, "%s/weir-state-XXXXXX", place);
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}
static int teardown(void **state) {
    (void)state;
    char command[128];
    for (int k = 0; k < WEIR_FAULT_KINDS; k++) weir_fault_arm((weir_fault_kind)k, 0, 0);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return chdir("/tmp") == 0 && system(command) == 0 ? 0 : -1;
}

/* For calls that must succeed: OK(weir_state_...(..., &ok_error)). */
static weir_error ok_error;
#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != WEIR_OK) fail_msg("%s: %s", #call, ok_error.message);                        \
    } while (0)

static inline weir_state *open_state(void) {
    weir_state *s = NULL;
    OK(weir_state_open("st", true, &s, &ok_error));
    return s;
}

static inline weir_lease *take_lease(weir_state *s, const char *pipeline, const char *run) {
    weir_lease *l = NULL;
    OK(weir_state_lease_acquire(s, pipeline, run, &l, &ok_error));
    return l;
}

static inline weir_slice bytes_of(const char *text) {
    return weir_slice_of(text);
}

/* Text of a cell of a result. */
static inline const char *cell(const weir_state_result *r, uint64_t row, const char *column) {
    static char text[16][1024];
    static int turn;
    int field = weir_schema_find(r->schema, column, strlen(column));
    if (field < 0) fail_msg("no column %s", column);
    size_t b = 0;
    while (b < r->n && row >= r->batches[b]->length) row -= r->batches[b++]->length;
    if (b == r->n) fail_msg("no row");
    const weir_column *c = r->batches[b]->columns[field];
    if (weir_column_is_null(c, (uint32_t)row)) return "NULL";
    weir_buf out = {0};
    assert_true(weir_column_text(c, (uint32_t)row, &out));
    turn = (turn + 1) % 16;
    snprintf(text[turn], sizeof text[turn], "%s", weir_buf_cstr(&out));
    weir_buf_clear(&out);
    return text[turn];
}

static inline weir_state_result query(weir_state *s, weir_state_what what,
                                      const weir_state_filter *f) {
    weir_state_result r = {0};
    OK(weir_state_query(s, what, f, NULL, &r, &ok_error));
    for (size_t i = 0; i < r.n; i++) OK(weir_batch_validate(r.batches[i], &ok_error));
    return r;
}

static inline uint64_t count(weir_state *s, weir_state_what what, const weir_state_filter *f) {
    weir_state_result r = query(s, what, f);
    uint64_t n = r.rows;
    weir_state_result_clear(&r);
    return n;
}

static inline void check_sound(weir_state *s) {
    weir_buf findings = {0};
    OK(weir_state_check(s, &findings, &ok_error));
    if (findings.size) fail_msg("findings: %s", weir_buf_cstr(&findings));
    weir_buf_clear(&findings);
}

#endif
