/* Fuzzes unpacking: gzip, zstd, bzip2, xz, lzma, zip and what the first bytes tell.  The first byte
 * chooses the codec and the size of the reads; the result must not depend on that size. */
#include <stdint.h>
#include <stdlib.h>

#include "io/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

/* What comes out, at most 1 MiB of it. */
static weir_status unpack(const uint8_t *data, size_t size, weir_codec codec, const char *member,
                          size_t piece, weir_buf *out) {
    static const char *const names[] = {"f",    "f.gz",   "f.zst", "f.bz2",
                                        "f.xz", "f.lzma", "f.zip", "f.zip"};
    char buf[4096];
    weir_ledger ledger;
    weir_stream *in = NULL;
    weir_error err = {0};
    size_t got = 0;
    weir_ledger_init(&ledger, "fuzz", (size_t)32 << 20, NULL);
    weir_decompress_options o = {.codec = codec,
                                 .max_ratio = 100,
                                 .max_bytes = (uint64_t)1 << 20,
                                 .ledger = &ledger,
                                 .members = true,
                                 .member = member};
    check(weir_memory_open(names[codec], data, size, &in, &err) == WEIR_OK);
    weir_status status = weir_decompress_with(in, &o, &in, &err);
    if (status != WEIR_OK) in = NULL;
    while (status == WEIR_OK) {
        status = weir_stream_read(in, buf, piece, &got, &err);
        if (status != WEIR_OK || got == 0) break;
        check(got <= piece && weir_buf_add(out, buf, got));
        check(in->position == out->size);
    }
    uint64_t at, last = 0;
    while (in && weir_stream_next_member(in, &at)) { /* behind each other, within the text */
        check(at >= last && at <= out->size);
        last = at;
    }
    check(status == WEIR_OK || (err.status == status && err.message[0]));
    weir_stream_close(in);
    check(ledger.used_bytes == 0);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    weir_buf once = {0}, again = {0};
    if (size == 0) return 0;
    weir_codec codec = (weir_codec)(data[0] % 8);
    const char *member = data[0] & 128 ? "*.csv" : NULL;
    size_t piece = data[0] & 64 ? 1 : 700;
    weir_status status = unpack(data + 1, size - 1, codec, member, 4096, &once);
    weir_status other = unpack(data + 1, size - 1, codec, member, piece, &again);
    if (status == WEIR_OK) check(other == WEIR_OK && again.size == once.size);
    size_t same = once.size < again.size ? once.size : again.size;
    check(same == 0 || memcmp(once.data, again.data, same) == 0);
    weir_buf_clear(&once);
    weir_buf_clear(&again);
    return 0;
}
