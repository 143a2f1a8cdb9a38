/* Addresses of the web and the net: parts of a URL, IP numbers. */
#include "expr/list_kernel.h"

#include <arpa/inet.h>
#include "text/encode.h"
#include "text/url.h"
#include "text/utf8.h"

/* ---- URLs
 * --------------------------------------------------------------------------------------------- */

typedef enum part { SCHEME, USER, HOST, PORT, PATH, QUERY, FRAGMENT, PARTS } part;
static const char *const parts[] = {"scheme", "user", "host", "port", "path", "query", "fragment"};

static weir_slice part_of(const weir_url *u, part which) {
    switch (which) {
    case SCHEME: return u->scheme;
    case USER: return u->user;
    case HOST: return u->host;
    case PORT: return u->port;
    case PATH: return u->path;
    case QUERY: return u->query;
    default: return u->fragment;
    }
}

/* State: the part. The result is a piece of the argument, as it is written there. */
static weir_status fn_part(weir_call *call, weir_column *out, weir_error *err) {
    part which = *(const part *)call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    uint32_t first = 0;
    weir_status status = weir_text_share(call, out, 0, &first, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        const weir_view *v = weir_text_view(&a, row);
        weir_slice s = weir_view_slice(a.base, v), piece = {NULL, 0};
        weir_url u;
        if (weir_url_split_reference(s, &u)) piece = part_of(&u, which);
        if (piece.data)
            ((weir_view *)out->values)[row] = weir_text_piece(v, s, piece, first);
        else
            status = weir_call_null(call, out, row, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}
static weir_status prepare_part(weir_prepare *p, weir_error *err) {
    static const part all[] = {SCHEME, USER, HOST, PORT, PATH, QUERY, FRAGMENT};
    weir_slice word;
    p->n_args = 1;
    if (weir_bound_text(p->args[1], &word))
        for (int i = 0; i < PARTS; i++)
            if (weir_slice_is(word, parts[i])) {
                p->state = &all[i];
                return WEIR_OK;
            }
    weir_expr_fault(err, p->args[1]->at->begin, "there is no such part of a URL");
    weir_error_hint(err, "'scheme', 'user', 'host', 'port', 'path', 'query' or 'fragment'");
    return WEIR_USAGE;
}
static weir_status prepare_host(weir_prepare *p, weir_error *err) {
    static const part host = HOST;
    (void)err;
    p->state = &host;
    return WEIR_OK;
}

typedef bool split_url(weir_slice s, weir_url *out);

/* The text, when it is a URL; else the record fails. */
static weir_status keep_url(weir_call *call, weir_column *out, split_url *split, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    uint32_t first = 0;
    weir_status status = weir_text_share(call, out, 0, &first, err);
    WEIR_EACH_ROW(row) {
        if (status != WEIR_OK) return status;
        const weir_view *v = weir_text_view(&a, row);
        weir_slice s = weir_view_slice(a.base, v);
        weir_url u;
        if (split(s, &u))
            ((weir_view *)out->values)[row] = weir_text_piece(v, s, s, first);
        else
            status = weir_call_fail(call, out, row, err, "'%.*s' is no URL", weir_clip(s), s.data);
    }
    return status;
}
static weir_status fn_to_url(weir_call *call, weir_column *out, weir_error *err) {
    return keep_url(call, out, weir_url_split, err);
}
static weir_status fn_url_reference(weir_call *call, weir_column *out, weir_error *err) {
    return keep_url(call, out, weir_url_split_reference, err);
}

/* The query of a URL, or the text itself, as when only the query is there. */
static weir_slice query_of(weir_slice s) {
    weir_url u;
    if (weir_url_split_reference(s, &u)) return u.query.data ? u.query : (weir_slice){s.data, 0};
    if (s.size && *s.data == '?') return (weir_slice){s.data + 1, s.size - 1};
    return s;
}

/* Decodes a piece of a query into text; false: not decodable, or no UTF-8. */
static bool decode(weir_slice s, weir_buf *text, bool *memory) {
    text->size = 0;
    *memory = weir_buf_add(text, s.data ? s.data : "", s.size) && weir_buf_add(text, "", 1);
    if (!*memory) return false;
    size_t n = weir_url_decode(text->data, s.size, true, text->data);
    if (n == SIZE_MAX || !weir_utf8_valid(text->data, n)) return false;
    text->size = n;
    return true;
}

/* url_query(url, name): the first such parameter, decoded. */
static weir_status fn_query(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), names = weir_text_arg_of(call->args[1]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_buf text = {.max = WEIR_TEXT_RESULT_MAX};
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice query = query_of(weir_text_at(&a, row)), want = weir_text_at(&names, row);
        weir_slice name, value = {NULL, 0};
        bool found = false, memory = true, wrong = false;
        while (!found && memory && weir_url_next(&query, &name, &value))
            found = decode(name, &text, &memory) && text.size == want.size &&
                    (!want.size || memcmp(text.data, want.data, want.size) == 0);
        if (found) wrong = !decode(value, &text, &memory);
        if (!memory) WEIR_TRY(weir_error_nomem(err));
        if (wrong)
            WEIR_TRY(weir_call_fail(call, out, row, err, "'%.*s' is not percent-encoded text",
                                    weir_clip(value), value.data));
        else if (found)
            WEIR_TRY(weir_text_put(&t, row, text.data, text.size, err));
        else
            WEIR_TRY(weir_call_null(call, out, row, err));
    }
out:
    weir_buf_clear(&text);
    return status;
}

/* One row of url_params; *why: the record fails. */
static weir_status params_row(weir_builder *b, weir_slice query, weir_buf *text, const char **why,
                              weir_error *err) {
    weir_slice name, value, earlier, ignored;
    weir_status status = WEIR_OK;
    bool memory = true;
    size_t n = 0;
    for (weir_slice rest = query; weir_url_next(&rest, &name, &value);) {
        if (!decode(name, text, &memory) || !decode(value, text, &memory))
            *why = memory ? "a parameter that is not percent-encoded text" : NULL;
        if (!memory) return weir_error_nomem(err);
        if (*why) return WEIR_OK;
        if (++n > 1000) {
            *why = "more than 1,000 parameters";
            return WEIR_OK;
        }
    }
    for (weir_slice rest = query; weir_url_next(&rest, &name, &value);) {
        bool again = false; /* of a name that stands twice the first counts */
        for (weir_slice before = query;
             !again && weir_url_next(&before, &earlier, &ignored) && earlier.data < name.data;)
            again = earlier.size == name.size && memcmp(earlier.data, name.data, name.size) == 0;
        if (again) continue;
        if (!decode(name, text, &memory)) return weir_error_nomem(err);
        WEIR_TRY(weir_builder_bytes(weir_builder_child(b, 0), text->data, text->size, err));
        if (!decode(value, text, &memory)) return weir_error_nomem(err);
        WEIR_TRY(weir_builder_bytes(weir_builder_child(b, 1), text->data, text->size, err));
    }
out:
    return status;
}

/* url_params(url): all parameters as a map. */
static weir_status fn_params(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_buf text = {.max = WEIR_TEXT_RESULT_MAX};
    weir_builder *b = NULL;
    weir_column *made = NULL;
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_builder_new(out->type, call->ledger, &b, err));
    for (uint32_t row = 0, k = 0; row < out->length; row++) {
        const char *why = NULL;
        bool active = k < call->rows.n && weir_rows_at(&call->rows, k) == row;
        if (active) k++;
        if (active) WEIR_TRY(params_row(b, query_of(weir_text_at(&a, row)), &text, &why, err));
        if (why) WEIR_TRY(weir_call_fail(call, out, row, err, "%s", why));
        WEIR_TRY(active && !why ? weir_builder_close_row(b, err)
                                : weir_builder_null(b, false, err));
    }
    WEIR_TRY(weir_builder_finish(b, &made, err));
    memcpy(out->values, made->values, ((size_t)out->length + 1) * sizeof(int32_t));
    for (uint32_t i = 0; i < 2; i++) {
        weir_column *child = weir_column_retain(made->children[i]);
        status = weir_column_add_child(out, child, err);
        if (status == WEIR_OK) continue;
        weir_column_release(child);
        goto out;
    }
out:
    weir_column_release(made);
    weir_builder_free(b);
    weir_buf_clear(&text);
    return status;
}
static weir_status prepare_params(weir_prepare *p, weir_error *err) {
    const weir_type *text = weir_type_of(WEIR_STRING);
    return weir_type_map(text, text, &p->type, err);
}

/* ---- IP addresses
 * ---------------------------------------------------------------------------------------- */

/* Bytes of an address: 4, 16, or 0 when it is none. */
static size_t address(weir_slice s, uint8_t bytes[16]) {
    char text[INET6_ADDRSTRLEN];
    if (s.size == 0 || s.size >= sizeof text || memchr(s.data, 0, s.size)) return 0;
    memcpy(text, s.data, s.size);
    text[s.size] = '\0';
    if (inet_pton(AF_INET, text, bytes) == 1) return 4;
    return inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
}

static weir_status fn_ip_to_int(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        uint8_t b[16] = {0};
        bool ok = address(s, b) == 4;
        ((int64_t *)out->values)[row] =
            ok ? (int64_t)b[0] << 24 | (int64_t)b[1] << 16 | (int64_t)b[2] << 8 | b[3] : 0;
        if (!ok)
            WEIR_TRY(weir_call_fail(call, out, row, err, "'%.*s' is no IPv4 address", weir_clip(s),
                                    s.data));
    }
out:
    return status;
}

static weir_status fn_int_to_ip(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, n, 0);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t v = WEIR_AT(n, row);
        uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        char text[INET_ADDRSTRLEN];
        if (v < 0 || v > UINT32_MAX || !inet_ntop(AF_INET, b, text, sizeof text))
            WEIR_TRY(weir_call_fail(call, out, row, err, "%lld is no IPv4 address", (long long)v));
        else
            WEIR_TRY(weir_text_put(&t, row, text, strlen(text), err));
    }
out:
    return status;
}

/* 10.0.0.0/8: address and length of the prefix. */
static size_t network(weir_slice s, uint8_t bytes[16], unsigned *bits) {
    const char *slash = s.size ? memchr(s.data, '/', s.size) : NULL;
    weir_slice ip = {s.data, slash ? (size_t)(slash - s.data) : s.size};
    size_t n = address(ip, bytes);
    *bits = (unsigned)n * 8;
    if (!n || !slash) return n;
    unsigned v = 0;
    const char *end = s.data + s.size;
    if (slash + 1 == end || end - slash > 4) return 0;
    for (const char *c = slash + 1; c < end; c++) {
        if (*c < '0' || *c > '9') return 0;
        v = v * 10 + (unsigned)(*c - '0');
    }
    if (v > *bits) return 0;
    *bits = v;
    return n;
}

static weir_status fn_ip_in(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), b = weir_text_arg_of(call->args[1]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice ip = weir_text_at(&a, row), net = weir_text_at(&b, row);
        uint8_t x[16] = {0}, y[16] = {0};
        unsigned bits = 0;
        size_t n = address(ip, x), m = network(net, y, &bits);
        weir_slice wrong = n ? net : ip;
        if (!n || !m) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "'%.*s' is no %s", weir_clip(wrong),
                                    wrong.data, n ? "network such as 10.0.0.0/8" : "IP address"));
            continue;
        }
        bool inside = n == m && memcmp(x, y, bits / 8) == 0;
        if (inside && bits % 8) inside = (x[bits / 8] ^ y[bits / 8]) >> (8 - bits % 8) == 0;
        if (inside) weir_bit_set((uint64_t *)out->values, row);
    }
out:
    return status;
}

static weir_status fn_ip_version(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        uint8_t bytes[16];
        size_t n = address(weir_text_at(&a, row), bytes);
        ((int64_t *)out->values)[row] = n == 4 ? 4 : 6;
        if (!n) WEIR_TRY(weir_call_null(call, out, row, err));
    }
out:
    return status;
}

const weir_function weir_functions_net[] = {
    {{"url_part", "parse_url", "url_part(url string, part string) -> string", "network", 0,
      "'scheme', 'user', 'host', 'port', 'path', 'query' or 'fragment' as written; null when it is "
      "not there",
      "url_part('https://x.io:8080/a?b=1#c', 'port')", "8080", "does not exist"},
     {{"ss", 's', 0, fn_part, prepare_part}}},
    {{"to_url", "", "to_url(string) -> string", "network", 0,
      "the text itself; fails when it is no address with scheme and host", "to_url('https://x.io')",
      "https://x.io", "does not exist"},
     {{"s", 's', WEIR_K_CAN_FAIL, fn_to_url, NULL}}},
    {{"url_reference", "", "url_reference(string) -> string", "network", 0,
      "the text itself; fails when it is neither a URL nor one without scheme and host, as in a "
      "log",
      "url_reference('/a/b?x=1')", "/a/b?x=1", "does not exist"},
     {{"s", 's', WEIR_K_CAN_FAIL, fn_url_reference, NULL}}},
    {{"url_host", "", "url_host(url string) -> string", "network", 0, "url_part(url, 'host')",
      "url_host('https://ann@x.io/a')", "x.io", "does not exist"},
     {{"s", 's', 0, fn_part, prepare_host}}},
    {{"url_query", "", "url_query(url string, name string) -> string", "network", 0,
      "the first such parameter of a URL or query, decoded; null when there is none",
      "url_query('https://x.io/?q=a%20b&n=1', 'q')", "a b", "does not exist"},
     {{"ss", 's', WEIR_K_CAN_FAIL, fn_query, NULL}}},
    {{"url_params", "", "url_params(url string) -> map<string, string>", "network", 0,
      "all parameters of a URL or query, decoded; of a name that stands twice the first",
      "url_params('a=1&b=x+y')", "{\"a\":\"1\",\"b\":\"x y\"}", "does not exist"},
     {{"s", '!', WEIR_K_CAN_FAIL, fn_params, prepare_params}}},
    {{"ip_to_int", "inet_aton", "ip_to_int(string) -> int64", "network", 0,
      "the number of an IPv4 address", "ip_to_int('10.0.0.1')", "167772161", "does not exist"},
     {{"s", 'i', WEIR_K_CAN_FAIL, fn_ip_to_int, NULL}}},
    {{"int_to_ip", "inet_ntoa", "int_to_ip(n int64) -> string", "network", 0,
      "the IPv4 address of a number", "int_to_ip(167772161)", "10.0.0.1", "does not exist"},
     {{"i", 's', WEIR_K_CAN_FAIL, fn_int_to_ip, NULL}}},
    {{"ip_in", "cidr_match", "ip_in(ip string, network string) -> bool", "network", 0,
      "whether an address lies in a network", "ip_in('10.1.2.3', '10.0.0.0/8')", "true",
      "does not exist"},
     {{"ss", 'B', WEIR_K_CAN_FAIL, fn_ip_in, NULL}}},
    {{"ip_version", "", "ip_version(string) -> int64", "network", 0,
      "4 or 6; null when it is no address", "ip_version('::1')", "6", "does not exist"},
     {{"s", 'i', 0, fn_ip_version, NULL}}},
    {.info = {.name = NULL}}};
