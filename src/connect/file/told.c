/* What a run says about encodings that were guessed. */
#include "connect/file/told.h"

#include "base/log.h"
#include "text/hash.h"

static bool is_new(weir_told *told, const char *name) {
    uint64_t hash = weir_hash_bytes(name, strlen(name), 0);
    for (uint32_t i = 0; i < told->n; i++)
        if (told->names[i] == hash) return false;
    if (told->n == WEIR_TOLD_FILES) {
        told->more++;
        return false;
    }
    told->names[told->n++] = hash;
    return true;
}

void weir_told_encoding(void *context, const weir_stream *s) {
    weir_told *told = context;
    const char *others = s->encoding_others;
    if (!told->reading || !is_new(told, s->name)) return;
    if (!s->encoding_guessed)
        weir_log_warn("%s: not all of it is UTF-8, and it reads like no other encoding throughout; "
                      "records that are not UTF-8 are rejects (if it is %s, say so with encoding:)",
                      s->name, others);
    else if (s->encoding_mixed)
        weir_log_warn("%s: read as %s, but parts of it look like UTF-8: are there two encodings in "
                      "it? encoding: decides",
                      s->name, s->encoding);
    else if (others)
        weir_log_warn("%s: read as %s, but it may be %s: encoding: decides", s->name, s->encoding,
                      others);
    else
        weir_log_warn("%s: read as %s, as its letters say (encoding: %s makes it certain)", s->name,
                      s->encoding, s->encoding);
}

void weir_told_rest(const weir_told *told) {
    if (told->more)
        weir_log_warn("the encoding of %llu more file%s was guessed",
                      (unsigned long long)told->more, told->more == 1 ? "" : "s");
}
