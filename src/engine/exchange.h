/* Exchanges: the bounded queues that join the stages of a plan.
 *
 * Everything travels in the same queues: data, epoch barriers, watermarks, schema changes and the
 * end. An exchange is bounded in bytes; producers wait, and the message that the consumer needs
 * next is always let in, so that waiting cannot become a deadlock.
 *
 *   FORWARD  data goes to whichever consumer is free; control messages reach every consumer, each
 *            behind all data pushed before it.
 *   GATHER   many producers, one consumer; messages come out in the order of their tickets, which
 *            the first stage hands out 0, 1, 2, ... without gaps.  Control messages carry a ticket
 * too and come out once, when every producer has pushed its copy. HASH     the producer names the
 * consumer (by key hash); control messages are aligned: a consumer sees one when all producers have
 * pushed it, and no later data of any producer before it.
 */
#ifndef WEIR_ENGINE_EXCHANGE_H
#define WEIR_ENGINE_EXCHANGE_H

#include "base/context.h"

typedef enum weir_exchange_kind {
    WEIR_EXCHANGE_FORWARD,
    WEIR_EXCHANGE_GATHER,
    WEIR_EXCHANGE_HASH
} weir_exchange_kind;

typedef enum weir_message_kind {
    WEIR_MESSAGE_DATA,
    WEIR_MESSAGE_BARRIER,   /* value: epoch number */
    WEIR_MESSAGE_WATERMARK, /* value: microseconds */
    WEIR_MESSAGE_SCHEMA,    /* data: weir_schema, borrowed by all consumers */
    WEIR_MESSAGE_END        /* nothing follows from this producer */
} weir_message_kind;

typedef struct weir_message {
    weir_message_kind kind;
    uint64_t ticket; /* GATHER: place in the order */
    bool more;       /* GATHER data: more messages with this ticket follow from this producer */
    size_t bytes;    /* what the message holds; counts against the bound */
    int64_t value;
    void *data; /* owned by the message; handed on to who pops it */
} weir_message;

typedef struct weir_exchange weir_exchange;

/* discard frees the data of messages that nobody popped; may be NULL. max_bytes bounds what is
 * queued. */
WEIR_MUST_USE weir_status weir_exchange_new(weir_exchange_kind kind, uint32_t producers,
                                            uint32_t consumers, size_t max_bytes,
                                            void (*discard)(void *data), weir_exchange **out,
                                            weir_error *err);
/* Frees what is still queued.  No thread may be inside. */
void weir_exchange_free(weir_exchange *x);

/* Hands a message on; waits while the bound is reached.  producer: 0..producers-1; to: the consumer
 * (HASH data only).  On failure (WEIR_CANCELLED after weir_exchange_stop, WEIR_RESOURCE) the
 * message stays the caller's.  Any thread, one at a time per producer. */
WEIR_MUST_USE weir_status weir_exchange_push(weir_exchange *x, uint32_t producer, uint32_t to,
                                             const weir_message *message, weir_error *err);
/* Takes the next message; waits for one.  After END has been popped, do not call again. */
WEIR_MUST_USE weir_status weir_exchange_pop(weir_exchange *x, uint32_t consumer, weir_message *out,
                                            weir_error *err);
/* After weir_exchange_stop, with no thread inside: takes out what is still queued, in any order,
 * one message a call; false = empty.  For messages that only their owner can free. */
bool weir_exchange_drain(weir_exchange *x, weir_message *out);
/* Ends all waiting, now and later, with WEIR_CANCELLED.  Any thread. */
void weir_exchange_stop(weir_exchange *x);

#endif
