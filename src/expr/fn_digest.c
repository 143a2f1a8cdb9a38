/* Keyed and further digests, uuids by name, and masks for personal data. */
#include "expr/digest_kernel.h"
#include "text/utf8.h"

/* ---- digests
 * --------------------------------------------------------------------------------------------- */

static weir_status fn_sha224(weir_call *c, weir_column *o, weir_error *e) {
    return weir_digest_rows(c, o, WEIR_SHA224, e);
}
static weir_status fn_sha384(weir_call *c, weir_column *o, weir_error *e) {
    return weir_digest_rows(c, o, WEIR_SHA384, e);
}

static inline weir_status hmac(weir_call *call, weir_column *out, weir_digest_kind kind,
                               weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), k = weir_text_arg_of(call->args[1]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row), key = weir_text_at(&k, row);
        uint8_t bytes[WEIR_DIGEST_MAX_BYTES];
        char *room = NULL;
        size_t n = weir_digest_hmac(kind, key.data, key.size, s.data, s.size, bytes);
        WEIR_TRY(weir_text_room(&t, 2 * n, &room, err));
        weir_text_commit(&t, row, weir_hex_encode((const char *)bytes, n, room));
    }
out:
    return status;
}
static weir_status fn_hmac_sha256(weir_call *c, weir_column *o, weir_error *e) {
    return hmac(c, o, WEIR_SHA256, e);
}
static weir_status fn_hmac_sha512(weir_call *c, weir_column *o, weir_error *e) {
    return hmac(c, o, WEIR_SHA512, e);
}
static weir_status fn_hmac_sha1(weir_call *c, weir_column *o, weir_error *e) {
    return hmac(c, o, WEIR_SHA1, e);
}

static weir_status fn_crc32c(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    (void)err;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        ((int64_t *)out->values)[row] = weir_crc32c(0, s.data, s.size);
    }
    return WEIR_OK;
}

static weir_status fn_xxhash128(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        char text[32];
        weir_hash_format128(weir_hash_bytes128(s.data, s.size, 0), text);
        WEIR_TRY(weir_text_put(&t, row, text, sizeof text, err));
    }
out:
    return status;
}

/* RFC 4122, 4.3: the digest of a namespace and a name. */
static inline weir_status named_uuid(weir_call *call, weir_column *out, weir_digest_kind kind,
                                     uint8_t version) {
    WEIR_ARG(weir_hash128, space, 0);
    weir_text_arg names = weir_text_arg_of(call->args[1]);
    WEIR_EACH_ROW(row) {
        weir_slice name = weir_text_at(&names, row);
        uint8_t bytes[WEIR_DIGEST_MAX_BYTES];
        weir_digest d;
        weir_digest_init(&d, kind);
        weir_digest_update(&d, &WEIR_AT(space, row), 16);
        weir_digest_update(&d, name.data, name.size);
        weir_digest_final(&d, bytes);
        bytes[6] = (uint8_t)((bytes[6] & 0x0F) | version << 4);
        bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80);
        memcpy((uint8_t *)out->values + (size_t)row * 16, bytes, 16);
    }
    return WEIR_OK;
}
static weir_status fn_uuid_v5(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    return named_uuid(call, out, WEIR_SHA1, 5);
}
static weir_status fn_uuid_v3(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    return named_uuid(call, out, WEIR_MD5, 3);
}

/* ---- masks
 * -------------------------------------------------------------------------------------------------
 */

/* a***@x.io: the first character of a longer name and the domain stay; what has no @, or no name
 * before it, is all stars. */
static weir_status fn_mask_email(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        const char *at = s.size ? memrchr(s.data, '@', s.size) : NULL;
        size_t name = at && at > s.data ? (size_t)(at - s.data) : s.size;
        size_t first = name < s.size ? weir_utf8_offset(s.data, name, 1) : 0;
        if (first == name) first = 0;
        size_t stars = weir_utf8_count(s.data, name) - (first ? 1 : 0), size = 0;
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, s.size, &room, err));
        memcpy(room, s.data, first);
        size = first;
        memset(room + size, '*', stars);
        size += stars;
        memcpy(room + size, s.data + name, s.size - name);
        weir_text_commit(&t, row, size + s.size - name);
    }
out:
    return status;
}

/* Digits become stars but for the last four (keep); what stands between them stays.  A text that
 * would stay as it is, is all stars. */
static weir_status fn_mask_card(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    static const int64_t four = 4;
    const int64_t *keep_v = call->n_args > 1 ? call->args[1]->values : &four;
    uint32_t keep_m = call->n_args > 1 && call->args[1]->encoding == WEIR_PLAIN ? UINT32_MAX : 0;
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        int64_t keep = keep_v[row & keep_m], seen = 0;
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, s.size, &room, err));
        for (size_t i = 0; i < s.size; i++) seen += s.data[i] >= '0' && s.data[i] <= '9';
        if (seen <= keep || seen == 0) {
            size_t stars = weir_utf8_count(s.data, s.size);
            memset(room, '*', stars);
            weir_text_commit(&t, row, stars);
            continue;
        }
        seen = 0;
        for (size_t i = s.size; i-- > 0;) {
            bool digit = s.data[i] >= '0' && s.data[i] <= '9';
            room[i] = digit && seen >= keep ? '*' : s.data[i];
            seen += digit;
        }
        weir_text_commit(&t, row, s.size);
    }
out:
    return status;
}

/* Says only that there was something. */
static weir_status fn_redact(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) WEIR_TRY(weir_text_put(&t, row, "***", 3, err));
out:
    return status;
}
static weir_status prepare_text(weir_prepare *p, weir_error *err) {
    return weir_bind_cast(p->binder, p->at, p->args[0], weir_type_of(WEIR_STRING), &p->args[0],
                          err);
}

#define HMAC(name, doc, result)                                                                    \
    {                                                                                              \
        {#name,                                                                                    \
         "",                                                                                       \
         #name "(string|binary, key string) -> string",                                            \
         "hash",                                                                                   \
         0,                                                                                        \
         doc,                                                                                      \
         #name "('weir', 'key')",                                                                  \
         result,                                                                                   \
         "does not exist"},                                                                        \
        {                                                                                          \
            { "Ss", 's', 0, fn_##name, NULL }                                                      \
        }                                                                                          \
    }

const weir_function weir_functions_digest[] = {
    {{"sha224", "", "sha224(string|binary) -> string", "hash", 0,
      "digest of the bytes in hexadecimal", "sha224('')",
      "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f", "does not exist"},
     {{"S", 's', 0, fn_sha224, NULL}}},
    {{"sha384", "", "sha384(string|binary) -> string", "hash", 0,
      "digest of the bytes in hexadecimal", "left(sha384(''), 16)", "38b060a751ac9638",
      "does not exist"},
     {{"S", 's', 0, fn_sha384, NULL}}},
    HMAC(hmac_sha1, "HMAC with SHA-1 in hexadecimal", "4d9479483fb2b204f105452fafab06b6028b74af"),
    HMAC(hmac_sha256, "HMAC with SHA-256 in hexadecimal",
         "0752428289353926e237276e3a32ce3ea7ed40b6786e67153f9e9c1ec478a804"),
    HMAC(hmac_sha512, "HMAC with SHA-512 in hexadecimal",
         "036524d8fe4984a4d5653d60d25f75126fd2ec14037483ded2d12b1c57089e1dff6e6e60b9b4a479abc6a82f1"
         "b90a32b7fe6e1cd88567644233ba275c5c27225"),
    {{"crc32c", "", "crc32c(string|binary) -> int64", "hash", 0,
      "CRC-32C (Castagnoli) of the bytes", "crc32c('123456789')", "3808858755", "does not exist"},
     {{"S", 'i', 0, fn_crc32c, NULL}}},
    {{"xxhash128", "", "xxhash128(string|binary) -> string", "hash", 0,
      "XXH3 128 of the bytes in hexadecimal", "xxhash128('')", "99aa06d3014798d86001c324468d497f",
      "does not exist"},
     {{"S", 's', 0, fn_xxhash128, NULL}}},
    {{"uuid_v5", "", "uuid_v5(namespace uuid, name string) -> uuid", "hash", 0,
      "the uuid that SHA-1 gives a name within a namespace",
      "uuid_v5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'python.org')",
      "886313e1-3b8a-5372-9b90-0c9aee199e5d", "does not exist"},
     {{"us", 'u', 0, fn_uuid_v5, NULL}}},
    {{"uuid_v3", "", "uuid_v3(namespace uuid, name string) -> uuid", "hash", 0,
      "the uuid that MD5 gives a name within a namespace",
      "uuid_v3('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'python.org')",
      "6fa459ea-ee8a-3ca4-894e-db77e160355e", "does not exist"},
     {{"us", 'u', 0, fn_uuid_v3, NULL}}},
    {{"mask_email", "", "mask_email(string) -> string", "text", 0,
      "the name before the @ as stars but for its first character; without one all of it",
      "mask_email('ann@x.io')", "a**@x.io", "does not exist"},
     {{"s", 's', 0, fn_mask_email, NULL}}},
    {{"mask_card", "mask_digits", "mask_card(string [, keep int64]) -> string", "text", 0,
      "digits as stars but for the last 4 (or keep); blanks and hyphens stay",
      "mask_card('4111-1111-1111-1234')", "****-****-****-1234", "does not exist"},
     {{"si?", 's', 0, fn_mask_card, NULL}}},
    {{"redact", "", "redact(any) -> string", "text", 0,
      "*** for whatever there is; null stays null", "redact('secret')", "***", "does not exist"},
     {{"x", 's', 0, fn_redact, prepare_text}}},
    {.info = {.name = NULL}}};
