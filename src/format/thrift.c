#include "format/thrift.h"

static uint64_t fault(weir_thrift *t) {
    t->bad = true;
    t->p = t->end;
    return 0;
}

static uint8_t byte(weir_thrift *t) {
    if (t->p == t->end) return (uint8_t)fault(t);
    return *t->p++;
}

static uint64_t varint(weir_thrift *t) {
    uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = byte(t);
        if (t->bad) return 0;
        n |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) return n;
    }
    return fault(t);
}

static int64_t zigzag(weir_thrift *t) {
    uint64_t n = varint(t);
    return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
}

bool weir_thrift_next(weir_thrift *t, weir_thrift_field *f) {
    uint8_t b = byte(t);
    if (t->bad || b == 0) return false;
    f->type = b & 0x0f;
    int64_t id = b >> 4 ? f->id + (b >> 4) : zigzag(t);
    if (id < INT16_MIN || id > INT16_MAX || f->type > WEIR_THRIFT_UUID) fault(t);
    f->id = (int16_t)id;
    return !t->bad;
}

int64_t weir_thrift_int(weir_thrift *t, const weir_thrift_field *f) {
    if (f->type == WEIR_THRIFT_BYTE) return (int8_t)byte(t);
    if (f->type < WEIR_THRIFT_I16 || f->type > WEIR_THRIFT_I64) return (int64_t)fault(t);
    return zigzag(t);
}

int32_t weir_thrift_int32(weir_thrift *t, const weir_thrift_field *f) {
    int64_t n = weir_thrift_int(t, f);
    if (n < INT32_MIN || n > INT32_MAX) return (int32_t)fault(t);
    return (int32_t)n;
}

bool weir_thrift_bool(weir_thrift *t, const weir_thrift_field *f) {
    if (f->type != WEIR_THRIFT_TRUE && f->type != WEIR_THRIFT_FALSE) fault(t);
    return !t->bad && f->type == WEIR_THRIFT_TRUE;
}

weir_slice weir_thrift_item_binary(weir_thrift *t) {
    uint64_t n = varint(t);
    if (t->bad || n > (uint64_t)(t->end - t->p)) {
        fault(t);
        return (weir_slice){0};
    }
    weir_slice s = {(const char *)t->p, (size_t)n};
    t->p += n;
    return s;
}

weir_slice weir_thrift_binary(weir_thrift *t, const weir_thrift_field *f) {
    if (f->type != WEIR_THRIFT_BINARY) fault(t);
    return weir_thrift_item_binary(t);
}

bool weir_thrift_struct(weir_thrift *t, const weir_thrift_field *f) {
    if (f->type != WEIR_THRIFT_STRUCT) fault(t);
    return !t->bad;
}

/* The head of a list or set: how many items of which type. */
static uint32_t list_head(weir_thrift *t, uint8_t *type) {
    uint8_t b = byte(t);
    uint64_t n = b >> 4;
    *type = b & 0x0f;
    if (n == 15) n = varint(t);
    if (t->bad || n > (uint64_t)(t->end - t->p)) return (uint32_t)fault(t);
    return n > UINT32_MAX ? (uint32_t)fault(t) : (uint32_t)n;
}

uint32_t weir_thrift_list(weir_thrift *t, const weir_thrift_field *f, weir_thrift_type item) {
    uint8_t type;
    if (f->type != WEIR_THRIFT_LIST) return (uint32_t)fault(t);
    uint32_t n = list_head(t, &type);
    bool same = type == item || (item == WEIR_THRIFT_TRUE && type == WEIR_THRIFT_FALSE);
    if (n && !same) return (uint32_t)fault(t);
    return n;
}

int64_t weir_thrift_item_int(weir_thrift *t) {
    return zigzag(t);
}

bool weir_thrift_item_bool(weir_thrift *t) {
    return byte(t) == WEIR_THRIFT_TRUE;
}

static void skip_map(weir_thrift *t) {
    uint64_t n = varint(t);
    if (t->bad || n == 0) return;
    uint8_t types = byte(t);
    if (n > (uint64_t)(t->end - t->p)) fault(t);
    for (uint64_t i = 0; i < n && !t->bad; i++) {
        weir_thrift_skip(t, types >> 4);
        weir_thrift_skip(t, types & 0x0f);
    }
}

/* A boolean as an item takes a byte; as a field it is in the head. */
static void skip_item(weir_thrift *t, uint8_t type) {
    if (type == WEIR_THRIFT_TRUE || type == WEIR_THRIFT_FALSE)
        byte(t);
    else
        weir_thrift_skip(t, type);
}

void weir_thrift_skip(weir_thrift *t, uint8_t type) {
    weir_thrift_field f = {0};
    uint8_t item;
    size_t n = type == WEIR_THRIFT_DOUBLE ? 8 : type == WEIR_THRIFT_UUID ? 16 : 0;
    if (t->bad) return;
    if (t->depth == WEIR_THRIFT_MAX_DEPTH) {
        fault(t);
        return;
    }
    t->depth++;
    switch (type) {
    case WEIR_THRIFT_TRUE:
    case WEIR_THRIFT_FALSE: break;
    case WEIR_THRIFT_BYTE: byte(t); break;
    case WEIR_THRIFT_I16:
    case WEIR_THRIFT_I32:
    case WEIR_THRIFT_I64: varint(t); break;
    case WEIR_THRIFT_DOUBLE:
    case WEIR_THRIFT_UUID:
        if ((size_t)(t->end - t->p) < n)
            fault(t);
        else
            t->p += n;
        break;
    case WEIR_THRIFT_BINARY: weir_thrift_item_binary(t); break;
    case WEIR_THRIFT_LIST:
    case WEIR_THRIFT_SET:
        for (uint32_t i = list_head(t, &item); i > 0 && !t->bad; i--) skip_item(t, item);
        break;
    case WEIR_THRIFT_MAP: skip_map(t); break;
    case WEIR_THRIFT_STRUCT:
        while (weir_thrift_next(t, &f)) weir_thrift_skip(t, f.type);
        break;
    default: fault(t);
    }
    t->depth--;
}
