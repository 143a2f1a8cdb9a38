/* Reading Thrift's compact protocol (thrift-compact-protocol.md): the metadata of Parquet files.
 *
 *     weir_thrift_field f = {0};                       one for each structure
 *     while (weir_thrift_next(t, &f))
 *         switch (f.id) {
 *         case 1: n = weir_thrift_int(t, &f); break;
 *         default: weir_thrift_skip(t, f.type);
 *         }
 *     if (t->bad) ...
 *
 * Nothing is allocated; texts point into the bytes.  After the first fault `bad` is set, every call
 * returns 0 or false, and loops end.
 */
#ifndef WEIR_FORMAT_THRIFT_H
#define WEIR_FORMAT_THRIFT_H

#include "base/mem.h"

#define WEIR_THRIFT_MAX_DEPTH 64

typedef enum weir_thrift_type {
    WEIR_THRIFT_STOP,
    WEIR_THRIFT_TRUE,
    WEIR_THRIFT_FALSE,
    WEIR_THRIFT_BYTE,
    WEIR_THRIFT_I16,
    WEIR_THRIFT_I32,
    WEIR_THRIFT_I64,
    WEIR_THRIFT_DOUBLE,
    WEIR_THRIFT_BINARY,
    WEIR_THRIFT_LIST,
    WEIR_THRIFT_SET,
    WEIR_THRIFT_MAP,
    WEIR_THRIFT_STRUCT,
    WEIR_THRIFT_UUID
} weir_thrift_type;

typedef struct weir_thrift {
    const uint8_t *p, *end;
    uint32_t depth; /* of structures and containers that are being skipped */
    bool bad;
} weir_thrift;

typedef struct weir_thrift_field {
    int16_t id;
    uint8_t type; /* weir_thrift_type */
} weir_thrift_field;

/* The head of the structure's next field; false at its end. */
bool weir_thrift_next(weir_thrift *t, weir_thrift_field *f);
/* The value of a field of any integer type; a fault when it is none, or beyond int32 where the
 * caller asks for one. */
int64_t weir_thrift_int(weir_thrift *t, const weir_thrift_field *f);
int32_t weir_thrift_int32(weir_thrift *t, const weir_thrift_field *f);
bool weir_thrift_bool(weir_thrift *t, const weir_thrift_field *f);
/* A text or bytes; data NULL on a fault. */
weir_slice weir_thrift_binary(weir_thrift *t, const weir_thrift_field *f);
/* Whether the field is a structure, so that its fields may be read; a fault when not. */
bool weir_thrift_struct(weir_thrift *t, const weir_thrift_field *f);
/* The number of items of a list of `item` (for booleans either type); each takes a byte at least,
 * so no more than there are bytes. */
uint32_t weir_thrift_list(weir_thrift *t, const weir_thrift_field *f, weir_thrift_type item);
/* An item of a list of integers or texts. */
int64_t weir_thrift_item_int(weir_thrift *t);
weir_slice weir_thrift_item_binary(weir_thrift *t);
bool weir_thrift_item_bool(weir_thrift *t);
/* Passes over a value. */
void weir_thrift_skip(weir_thrift *t, uint8_t type);

#endif
