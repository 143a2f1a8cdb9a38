/* Connectors that exist for tests only: they prove that the engine knows the interface and no
 * connector, and they misbehave on request. */
#ifndef TESTS_SUPPORT_CONNECTORS_H
#define TESTS_SUPPORT_CONNECTORS_H

#include "connect/connector.h"

/* A source of numbers: column n = 0, 1, 2, ... in batches of batch_rows, one column "n" int64 and
 * one "even" bool; endless when rows is 0.  fail_at > 0: reading batch fail_at fails. */
typedef struct test_source_config {
    uint64_t rows;
    uint32_t batch_rows;
    uint32_t splits; /* each gives all the rows; 0 = 1 */
    int64_t fail_at;
} test_source_config;
extern const weir_connector test_source_bounded;
extern const weir_connector test_source_endless;

/* A sink that remembers.  Rows of an epoch become visible at commit. */
typedef struct test_sink_log {
    int64_t *rows; /* committed values of column n, in the order they were written */
    size_t n, capacity;
    uint64_t epochs, aborted, writers;
    uint64_t positions_seen;
    size_t most_held; /* bytes waiting in one write call at most; for slow sinks */
} test_sink_log;
typedef struct test_sink_config {
    test_sink_log *log;
    int64_t sleep_us;       /* per write */
    int fail_writer;        /* number of the writer that fails, -1 = none */
    uint64_t fail_at_write; /* at its n-th write */
    bool fail_prepare, fail_commit;
    int64_t
        refuse_multiple; /* rows whose n is a multiple of it are refused by the target; 0 = none */
} test_sink_config;
extern const weir_connector test_sink_one;  /* one writer, in order */
extern const weir_connector test_sink_many; /* a writer a worker */
void test_sink_log_clear(test_sink_log *log);

#endif
