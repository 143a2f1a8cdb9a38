/* Records that come in another notation (XML, spreadsheets) and are handed on as lines of JSON.
 *
 * The cutter of such a format writes each record as one JSON object; the JSON decoder types them on
 * the workers.  A chunk's layout carries where in the file each record stood, and what is wrong
 * with records that could not be taken as they are, so that a reject has its address and its
 * reason; its raw form is the line of JSON.
 */
#ifndef WEIR_FORMAT_RELAY_H
#define WEIR_FORMAT_RELAY_H

#include "format/format.h"
#include "format/json.h"

typedef struct weir_relay_place {
    uint64_t line, byte;
} weir_relay_place;

typedef struct weir_relay_fault {
    uint32_t row;     /* of the chunk */
    const char *rule; /* static */
    char *reason;
} weir_relay_fault;

typedef struct weir_relay {
    const weir_read_request *request;
    weir_buf record; /* the record in the making; the caller appends to it */
    size_t charged_bytes;
    weir_block *block;        /* whole records */
    weir_relay_place *places; /* of the records in block */
    size_t n_rows, places_capacity;
    weir_relay_fault *faults;
    size_t n_faults, faults_capacity;
    uint64_t line, byte; /* of the record in the making */
    const char *fault_rule;
    char fault[200];
    uint64_t sequence;
    weir_chunk ready[3];
    uint32_t n_ready;
} weir_relay;

/* request must outlive r. */
void weir_relay_init(weir_relay *r, const weir_read_request *request);
void weir_relay_clear(weir_relay *r);

/* Begins a record that stands at line and byte of its file; r->record is empty then. */
void weir_relay_begin(weir_relay *r, uint64_t line, uint64_t byte);
/* The record will be a reject: rule (static text) and reason.  The first one counts. */
void weir_relay_fail(weir_relay *r, const char *rule, const char *fmt, ...) WEIR_PRINTF(3, 4);
/* Ends the record: r->record holds a JSON object without line feeds.  One that is longer than
 * max_record_bytes, or cut (true), becomes the reject of a record that is too long. */
WEIR_MUST_USE weir_status weir_relay_end(weir_relay *r, bool cut, weir_error *err);
/* Everything that was put in is handed out. */
WEIR_MUST_USE weir_status weir_relay_flush(weir_relay *r, weir_error *err);
/* The next chunk; false = none is ready. */
bool weir_relay_take(weir_relay *r, weir_chunk *out);

/* ---- decoding ------------------------------------------------------------------------------ */

/* Slots of weir_read_ops for such formats. texts: strings are evidence of types as text is (XML has
 * nothing else), else as in JSON. */
weir_status weir_relay_infer_texts(const weir_read_request *request, const weir_chunk *chunk,
                                   struct weir_inference *into, weir_error *err);
weir_status weir_relay_infer(const weir_read_request *request, const weir_chunk *chunk,
                             struct weir_inference *into, weir_error *err);
weir_status weir_relay_decoder_new(const weir_read_request *request, weir_schema *schema,
                                   weir_ctx *ctx, weir_decoder **out, weir_error *err);
weir_status weir_relay_decoder_begin(weir_decoder *d, const weir_chunk *chunk, weir_error *err);
weir_status weir_relay_decoder_next(weir_decoder *d, weir_ctx *ctx, weir_batch **out,
                                    weir_error *err);
void weir_relay_decoder_free(weir_decoder *d);

#endif
