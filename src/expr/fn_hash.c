/* Digests, hashes and encodings. */
#include "expr/digest_kernel.h"
#include "text/utf8.h"

/* ---- digests
 * ------------------------------------------------------------------------------------------ */

static weir_status fn_md5(weir_call *c, weir_column *o, weir_error *e) {
    return weir_digest_rows(c, o, WEIR_MD5, e);
}
static weir_status fn_sha1(weir_call *c, weir_column *o, weir_error *e) {
    return weir_digest_rows(c, o, WEIR_SHA1, e);
}
static weir_status fn_sha256(weir_call *c, weir_column *o, weir_error *e) {
    return weir_digest_rows(c, o, WEIR_SHA256, e);
}
static weir_status fn_sha512(weir_call *c, weir_column *o, weir_error *e) {
    return weir_digest_rows(c, o, WEIR_SHA512, e);
}

static weir_status fn_crc32(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    (void)err;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        ((int64_t *)out->values)[row] = weir_crc32(0, s.data, s.size);
    }
    return WEIR_OK;
}

static weir_status fn_xxhash64(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    (void)err;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        ((uint64_t *)out->values)[row] = weir_hash_bytes(s.data, s.size, 0);
    }
    return WEIR_OK;
}
static weir_status prepare_xxhash(weir_prepare *p, weir_error *err) {
    (void)err;
    p->type = weir_type_of(WEIR_UINT64);
    return WEIR_OK;
}

/* hash(a, b, ...): over the texts of all, nulls apart from everything else. */
static weir_status fn_hash(weir_call *call, weir_column *out, weir_error *err) {
    uint64_t *to = out->values;
    (void)err;
    for (uint32_t i = 0; i < call->n_args; i++) {
        weir_text_arg a = weir_text_arg_of(call->args[i]);
        WEIR_EACH_ROW(row) {
            uint64_t h = 0x9ae16a3b2f90404full; /* no text is likely to have this one */
            if (!weir_column_is_null(call->args[i], row)) {
                weir_slice s = weir_text_at(&a, row);
                h = weir_hash_bytes(s.data, s.size, 0);
            }
            to[row] = i == 0 ? h : weir_hash_combine(to[row], h);
        }
    }
    return WEIR_OK;
}
static weir_status prepare_hash(weir_prepare *p, weir_error *err) {
    for (uint32_t i = 0; i < p->n_args; i++) {
        if (p->args[i]->type->id == WEIR_BINARY) continue;
        weir_status status = weir_bind_cast(p->binder, p->args[i]->at, p->args[i],
                                            weir_type_of(WEIR_STRING), &p->args[i], err);
        if (status != WEIR_OK) return status;
    }
    if (p->n_args == 0)
        return weir_expr_fault(err, p->at->begin, "hash takes at least one argument");
    p->type = weir_type_of(WEIR_UINT64);
    return WEIR_OK;
}

/* ---- encodings
 * ------------------------------------------------------------------------------------------ */

typedef enum encoding { ENC_HEX, ENC_BASE64, ENC_BASE64URL, ENC_URL } encoding;
static const char *const encodings[] = {"hex", "base64", "base64url", "url"};

static weir_status fn_encode(weir_call *call, weir_column *out, weir_error *err) {
    encoding how = *(const encoding *)call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        char *room = NULL;
        if (s.size > WEIR_TEXT_RESULT_MAX / 3) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        WEIR_TRY(weir_text_room(&t, s.size * 3 + 8, &room, err));
        size_t n = 0;
        switch (how) {
        case ENC_HEX: n = weir_hex_encode(s.data, s.size, room); break;
        case ENC_URL: n = weir_url_encode(s.data, s.size, NULL, room); break;
        default:
            n = weir_base64_encode(s.data, s.size,
                                   how == ENC_BASE64 ? WEIR_BASE64 : WEIR_BASE64_URL, room);
        }
        weir_text_commit(&t, row, n);
    }
out:
    return status;
}

static weir_status fn_decode(weir_call *call, weir_column *out, weir_error *err) {
    encoding how = *(const encoding *)call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, s.size + 8, &room, err));
        size_t n = 0;
        switch (how) {
        case ENC_HEX: n = weir_hex_decode(s.data, s.size, room); break;
        case ENC_URL: n = weir_url_decode(s.data, s.size, false, room); break;
        default:
            n = weir_base64_decode(s.data, s.size,
                                   how == ENC_BASE64 ? WEIR_BASE64 : WEIR_BASE64_URL, room);
        }
        bool text = out->type->id == WEIR_STRING;
        if (n == SIZE_MAX)
            WEIR_TRY(weir_call_fail(call, out, row, err, "'%.*s' is not %s", weir_clip(s), s.data,
                                    encodings[how]));
        else if (text && !weir_utf8_valid(room, n))
            WEIR_TRY(weir_call_fail(call, out, row, err, "the decoded bytes are not UTF-8"));
        else
            weir_text_commit(&t, row, n);
    }
out:
    return status;
}

/* Bytes as the text that they are. */
static weir_status fn_from_utf8(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    uint32_t first = 0;
    weir_status status = weir_text_share(call, out, 0, &first, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        const weir_view *v = weir_text_view(&a, row);
        weir_slice s = weir_view_slice(a.base, v);
        if (weir_utf8_valid(s.data, s.size))
            ((weir_view *)out->values)[row] = weir_text_piece(v, s, s, first);
        else
            WEIR_TRY(weir_call_fail(call, out, row, err, "the bytes are not UTF-8"));
    }
out:
    return status;
}

static weir_status set_encoding(weir_prepare *p, encoding how, weir_error *err) {
    encoding *e = weir_arena_alloc(p->binder->arena, sizeof *e);
    if (!e) return weir_error_nomem(err);
    *e = how;
    p->state = e;
    p->n_args = 1;
    return WEIR_OK;
}

/* The second argument of encode and decode, which must be constant. */
static weir_status prepare_encoding(weir_prepare *p, weir_error *err) {
    weir_slice text;
    if (weir_bound_text(p->args[1], &text))
        for (int i = 0; i < 4; i++)
            if (weir_slice_is(text, encodings[i])) return set_encoding(p, (encoding)i, err);
    weir_expr_fault(err, p->args[1]->at->begin, "there is no such encoding");
    weir_error_hint(err, "'hex', 'base64', 'base64url' or 'url'");
    return WEIR_USAGE;
}
static weir_status prepare_hex(weir_prepare *p, weir_error *err) {
    return set_encoding(p, ENC_HEX, err);
}
static weir_status prepare_base64(weir_prepare *p, weir_error *err) {
    return set_encoding(p, ENC_BASE64, err);
}
static weir_status prepare_url(weir_prepare *p, weir_error *err) {
    return set_encoding(p, ENC_URL, err);
}

#define DIGEST(name, example_result)                                                               \
    {                                                                                              \
        {#name,                                                                                    \
         "",                                                                                       \
         #name "(string|binary) -> string",                                                        \
         "hash",                                                                                   \
         0,                                                                                        \
         "digest of the bytes in hexadecimal",                                                     \
         #name "('weir')",                                                                         \
         example_result,                                                                           \
         ""},                                                                                      \
        {                                                                                          \
            { "S", 's', 0, fn_##name, NULL }                                                       \
        }                                                                                          \
    }

const weir_function weir_functions_hash[] = {
    DIGEST(md5, "57c6838eabf401f73f6dd50093408e33"),
    DIGEST(sha1, "73359e52b959cf85f75158a9bf78501ee2c9f529"),
    DIGEST(sha256, "9e1bd4e58bdc27cb9abf4c558b21963a3f3fb6b08c715e8e2bb6c795162994bc"),
    DIGEST(sha512, "f11512542fedc33dd3b3ba0c1a320447339703cc2f886818cad20b470a5646df9a178b5994fd506"
                   "cf264d404046281f1875f7d2317eb344e79896a71a0ccd7aa"),
    {{"crc32", "", "crc32(string|binary) -> int64", "hash", 0, "CRC-32 of the bytes as in gzip",
      "crc32('123456789')", "3421780262", "does not exist"},
     {{"S", 'i', 0, fn_crc32, NULL}}},
    {{"xxhash64", "", "xxhash64(string|binary) -> uint64", "hash", 0,
      "XXH3 64 of the bytes; the same on every machine", "xxhash64('')", "3244421341483603138",
      "does not exist"},
     {{"S", '!', 0, fn_xxhash64, prepare_xxhash}}},
    {{"hash", "", "hash(any, ...) -> uint64", "hash", 0,
      "of the texts of all arguments; the same on every machine", "hash('a', 1) = hash('a', '1')",
      "true", "other values"},
     {{"x*", '!', WEIR_K_NULLS, fn_hash, prepare_hash}}},
    {{"encode", "", "encode(string|binary, 'hex'|'base64'|'base64url'|'url') -> string", "hash", 0,
      "bytes as text", "encode('weir', 'base64')", "d2Vpcg==", "means text to blob"},
     {{"Ss", 's', WEIR_K_CAN_FAIL, fn_encode, prepare_encoding}}},
    {{"decode", "", "decode(string, 'hex'|'base64'|'base64url'|'url') -> binary", "hash", 0,
      "text as bytes", "from_utf8(decode('77656972', 'hex'))", "weir", "means blob to text"},
     {{"ss", 'b', WEIR_K_CAN_FAIL, fn_decode, prepare_encoding}}},
    {{"hex", "", "hex(string|binary) -> string", "hash", 0, "bytes in hexadecimal, lower case",
      "hex('AZ')", "415a", "upper case"},
     {{"S", 's', WEIR_K_CAN_FAIL, fn_encode, prepare_hex}}},
    {{"unhex", "", "unhex(string) -> binary", "hash", 0, "hexadecimal as bytes",
      "octet_length(unhex('00ff'))", "2", ""},
     {{"s", 'b', WEIR_K_CAN_FAIL, fn_decode, prepare_hex}}},
    {{"to_base64", "base64", "to_base64(string|binary) -> string", "hash", 0, "bytes in base64",
      "to_base64('weir')", "d2Vpcg==", ""},
     {{"S", 's', WEIR_K_CAN_FAIL, fn_encode, prepare_base64}}},
    {{"from_base64", "", "from_base64(string) -> binary", "hash", 0, "base64 as bytes",
      "from_utf8(from_base64('d2Vpcg=='))", "weir", ""},
     {{"s", 'b', WEIR_K_CAN_FAIL, fn_decode, prepare_base64}}},
    {{"from_utf8", "", "from_utf8(binary) -> string", "hash", 0,
      "bytes as the text they are; cast gives \\x and hexadecimal", "from_utf8(unhex('c3a4'))", "ä",
      "decode"},
     {{"b", 's', WEIR_K_CAN_FAIL, fn_from_utf8, NULL}}},
    {{"url_encode", "", "url_encode(string) -> string", "hash", 0,
      "percent-encoding of all but unreserved characters", "url_encode('a b/c')", "a%20b%2Fc", ""},
     {{"s", 's', WEIR_K_CAN_FAIL, fn_encode, prepare_url}}},
    {{"url_decode", "", "url_decode(string) -> string", "hash", 0, "percent-encoding undone",
      "url_decode('a%20b%2Fc')", "a b/c", "leaves a % that is no escape"},
     {{"s", 's', WEIR_K_CAN_FAIL, fn_decode, prepare_url}}},
    {.info = {.name = NULL}}};
