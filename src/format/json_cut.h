/* The cutter's parts.  Private to json_cut.c and json_path.c. */
#ifndef WEIR_FORMAT_JSON_CUT_H
#define WEIR_FORMAT_JSON_CUT_H

#include "format/json.h"

#define WEIR_JSON_KEEP_BYTES 4096u /* raw bytes kept of a record that is too long */

/* What an array at the top waits for. */
enum expect { EXPECT_FIRST, EXPECT_COMMA, EXPECT_VALUE };

struct weir_cutter {
    const weir_read_request *request;
    weir_stream *in;
    bool lines;
    char line_end; /* of lines: LF, or CR where there is no LF */
    weir_block *cur;
    size_t begin, end;             /* bytes not handed out yet */
    uint64_t byte, line, sequence; /* address of begin */
    bool stream_end;
    /* values only */
    size_t at;     /* walked up to here */
    size_t safe;   /* behind the last whole value, or begin */
    size_t record; /* begin of the value under way */
    bool in_array, inside, begin_in_array, safe_in_array;
    bool objects;       /* the first value was an object: all are */
    bool begun;         /* there was a first value */
    bool apart;         /* it is an array, and its elements are the records */
    bool closed;        /* ... and it has ended: nothing may follow */
    uint64_t line_byte; /* address of the line in which begin stands */
    enum expect expect;
    weir_json_span span;
    struct weir_json_path *path; /* record_path; else NULL */
    bool dropping;               /* the record under way is too long; its begin was handed out */
    const char *fault; /* what is wrong at `at`; the values before it are handed out first */
};

/* ---- json_cut.c ---------------------------------------------------------------------------- */

/* A new block with the bytes keep..end of the old one in front, and filled from the stream. */
WEIR_MUST_USE weir_status weir_json_cut_refill(weir_cutter *c, size_t keep, weir_error *err);
/* Hands out begin..to. */
void weir_json_cut_emit(weir_cutter *c, size_t to, uint32_t flags, weir_chunk *out);
/* Hands out the beginning of a record that is longer than allowed; the rest is dropped. */
void weir_json_cut_emit_long(weir_cutter *c, weir_chunk *out);
/* Goes on without handing out begin..to. */
void weir_json_cut_drop(weir_cutter *c, size_t to);
/* Whether what stands from begin to the end of the block is longer than a record may be. */
bool weir_json_cut_too_long(const weir_cutter *c, size_t begin);
/* "malformed JSON: WHAT" with the place c->at. */
weir_status weir_json_cut_malformed(const weir_cutter *c, const char *what, weir_error *err);

/* ---- json_path.c --------------------------------------------------------------------------- */

/* Makes c->path of the option record_path, if it is set.  WEIR_USAGE for a wrong path. */
WEIR_MUST_USE weir_status weir_json_path_begin(weir_cutter *c, weir_error *err);
/* The next chunk of the records that the path leads to, as the cutter's. */
WEIR_MUST_USE weir_status weir_json_path_next(weir_cutter *c, weir_chunk *out, bool *got, bool *end,
                                              weir_error *err);
/* Each line is a document: a malformed one costs itself. */
void weir_json_path_by_lines(weir_cutter *c);
void weir_json_path_free(struct weir_json_path *p); /* NULL is legal */

#endif
