/* is_numeric and its kin: whether a text is of a form, without failing the record. */
#include "expr/function.h"

#include <arpa/inet.h>
#include "text/encode.h"
#include "text/number.h"
#include "text/time.h"
#include "text/url.h"
#include "text/utf8.h"

static bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool digit(char c) {
    return c >= '0' && c <= '9';
}

/* ---- the forms ----------------------------------------------------------------------------- */

static bool is_numeric(weir_slice s) {
    weir_num_shape shape;
    return weir_num_measure(s.data, s.size, &shape) == WEIR_NUM_OK;
}
static bool is_integer(weir_slice s) {
    size_t i = s.size && (s.data[0] == '-' || s.data[0] == '+');
    if (i == s.size) return false;
    for (; i < s.size; i++)
        if (!digit(s.data[i])) return false;
    return true;
}

/* Every character is of a kind, and there is one. */
static bool every(weir_slice s, bool (*kind)(uint32_t)) {
    for (size_t i = 0; i < s.size;) {
        uint32_t c = 0;
        size_t n = weir_utf8_decode(s.data + i, s.size - i, &c);
        if (!n || !kind(c)) return false;
        i += n;
    }
    return s.size > 0;
}
static bool kind_digit(uint32_t c) {
    return c >= '0' && c <= '9';
}
static bool kind_alpha(uint32_t c) {
    return c != '_' && !kind_digit(c) && weir_utf8_is_word(c);
}
static bool kind_alnum(uint32_t c) {
    return c != '_' && weir_utf8_is_word(c);
}
static bool is_alpha(weir_slice s) {
    return every(s, kind_alpha);
}
static bool is_digits(weir_slice s) {
    return every(s, kind_digit);
}
static bool is_alnum(weir_slice s) {
    return every(s, kind_alnum);
}
static bool is_ascii(weir_slice s) {
    return weir_utf8_is_ascii(s.data, s.size);
}
static bool is_blank(weir_slice s) {
    return weir_utf8_trim(s).size == 0;
}

static bool is_upper(weir_slice s) {
    bool some = false;
    for (size_t i = 0; i < s.size;) {
        uint32_t c = 0;
        size_t n = weir_utf8_decode(s.data + i, s.size - i, &c);
        if (!n || weir_utf8_upper(c) != c) return false;
        some |= weir_utf8_lower(c) != c;
        i += n;
    }
    return some;
}
static bool is_lower(weir_slice s) {
    bool some = false;
    for (size_t i = 0; i < s.size;) {
        uint32_t c = 0;
        size_t n = weir_utf8_decode(s.data + i, s.size - i, &c);
        if (!n || weir_utf8_lower(c) != c) return false;
        some |= weir_utf8_upper(c) != c;
        i += n;
    }
    return some;
}

/* Labels of letters, digits and inner hyphens with dots between; at least two, the last one not of
 * digits only. */
static bool is_domain(weir_slice s) {
    size_t labels = 0, begin = 0;
    bool digits = true;
    if (s.size > 253) return false;
    for (size_t i = 0; i <= s.size; i++) {
        if (i < s.size && s.data[i] != '.') {
            unsigned char c = (unsigned char)s.data[i];
            if (!letter((char)c) && !digit((char)c) && c != '-' && c < 0x80) return false;
            if (i == begin) digits = true;
            if (!digit((char)c)) digits = false;
            continue;
        }
        if (i == begin || i - begin > 63 || s.data[begin] == '-' || s.data[i - 1] == '-')
            return false;
        labels++;
        begin = i + 1;
    }
    return labels >= 2 && !digits;
}

/* dot-atom @ domain (RFC 5322 without quoted parts and comments). */
static bool is_email(weir_slice s) {
    const char *at = s.size ? memrchr(s.data, '@', s.size) : NULL;
    if (!at || at == s.data || at - s.data > 64) return false;
    for (const char *c = s.data; c < at; c++) {
        bool dot = *c == '.';
        if (dot && (c == s.data || c + 1 == at || c[1] == '.')) return false;
        if (!dot && !letter(*c) && !digit(*c) && (unsigned char)*c < 0x80 &&
            !(*c && strchr("!#$%&'*+-/=?^_`{|}~", *c)))
            return false;
    }
    return is_domain((weir_slice){at + 1, s.size - (size_t)(at - s.data) - 1});
}

static bool is_url(weir_slice s) {
    weir_url u;
    return weir_url_split(s, &u);
}

static bool is_address(weir_slice s, int family) {
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    if (s.size == 0 || s.size >= sizeof text || memchr(s.data, 0, s.size)) return false;
    memcpy(text, s.data, s.size);
    text[s.size] = '\0';
    return inet_pton(family, text, bytes) == 1;
}
static bool is_ipv4(weir_slice s) {
    return is_address(s, AF_INET);
}
static bool is_ipv6(weir_slice s) {
    return is_address(s, AF_INET6);
}
static bool is_ip(weir_slice s) {
    return is_ipv4(s) || is_ipv6(s);
}
static bool is_uuid(weir_slice s) {
    uint8_t bytes[16];
    return weir_uuid_parse(s.data, s.size, bytes);
}

/* Check digit of cards and the like; blanks and hyphens between the digits do not count. */
static bool is_luhn(weir_slice s) {
    unsigned sum = 0, n = 0;
    for (size_t i = s.size; i-- > 0;) {
        if (s.data[i] == ' ' || s.data[i] == '-') continue;
        if (!digit(s.data[i])) return false;
        unsigned d = (unsigned)(s.data[i] - '0') << (n & 1);
        sum = (sum + (d > 9 ? d - 9 : d)) % 10;
        n++;
    }
    return n >= 2 && sum == 0;
}

/* ISO 13616: the number, its first four characters moved to the end, is 1 modulo 97. */
static bool is_iban(weir_slice s) {
    char text[34];
    size_t n = 0;
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i];
        if (c == ' ') continue;
        if (n == sizeof text || (!letter(c) && !digit(c))) return false;
        text[n++] = c >= 'a' ? (char)(c - 32) : c;
    }
    if (n < 15 || !letter(text[0]) || !letter(text[1]) || !digit(text[2]) || !digit(text[3]))
        return false;
    unsigned rest = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[(i + 4) % n];
        unsigned v = digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
        rest = (rest * (v > 9 ? 100 : 10) + v) % 97;
    }
    return rest == 1;
}

#define CHECK(name)                                                                                \
    static weir_status fn_##name(weir_call *call, weir_column *out, weir_error *err) {             \
        weir_text_arg a = weir_text_arg_of(call->args[0]);                                         \
        (void)err;                                                                                 \
        WEIR_EACH_ROW(row)                                                                         \
        if (name(weir_text_at(&a, row))) weir_bit_set((uint64_t *)out->values, row);               \
        return WEIR_OK;                                                                            \
    }
CHECK(is_numeric)
CHECK(is_integer)
CHECK(is_alpha)
CHECK(is_digits)
CHECK(is_alnum)
CHECK(is_ascii)
CHECK(is_blank)
CHECK(is_upper)
CHECK(is_lower)
CHECK(is_email)
CHECK(is_domain)
CHECK(is_url)
CHECK(is_ip)
CHECK(is_ipv4)
CHECK(is_ipv6)
CHECK(is_uuid)
CHECK(is_luhn)
CHECK(is_iban)

/* ---- dates --------------------------------------------------------------------------------- */

typedef struct date_state {
    const weir_time_program *format; /* NULL = ISO */
} date_state;

static weir_status check_time(weir_call *call, weir_column *out, weir_time_kind kind) {
    const date_state *s = call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    bool zone = s->format && weir_time_program_has_zone(s->format);
    WEIR_EACH_ROW(row) {
        weir_slice t = weir_text_at(&a, row);
        int64_t us;
        int32_t days;
        weir_num r;
        if (s->format)
            r = weir_time_program_parse(s->format, zone ? WEIR_TIME_KIND_TIMESTAMPTZ : kind, t.data,
                                        t.size, NULL, WEIR_AMBIGUOUS_ERROR, &us);
        else if (kind == WEIR_TIME_KIND_DATE)
            r = weir_date_parse(t.data, t.size, &days);
        else if ((r = weir_timestamp_parse(t.data, t.size, &us)) != WEIR_NUM_OK)
            r = weir_timestamptz_parse(t.data, t.size, NULL, WEIR_AMBIGUOUS_ERROR, &us);
        if (r == WEIR_NUM_OK) weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}
static weir_status fn_is_date(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    return check_time(call, out, WEIR_TIME_KIND_DATE);
}
static weir_status fn_is_timestamp(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    return check_time(call, out, WEIR_TIME_KIND_TIMESTAMP);
}

static weir_status prepare_format(weir_prepare *p, weir_error *err) {
    weir_slice text;
    date_state *s = weir_arena_zero(p->binder->arena, 1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    p->state = s;
    if (p->n_args < 2) return WEIR_OK;
    if (!weir_bound_text(p->args[1], &text))
        return weir_expr_fault(err, p->args[1]->at->begin, "the format must be a constant text");
    char *format = weir_arena_strndup(p->binder->arena, text.data, text.size);
    if (!format) return weir_error_nomem(err);
    p->n_args = 1;
    weir_error inner = {0};
    weir_status status =
        weir_time_program_compile(format, true, p->binder->arena, &s->format, &inner);
    if (status == WEIR_USAGE)
        return weir_expr_fault(err, p->args[1]->at->begin, "wrong format: %s", inner.message);
    if (status != WEIR_OK && err) *err = inner;
    return status;
}

#define ROW(name, doc, example, result)                                                            \
    {                                                                                              \
        {#name,   "",     #name "(string) -> bool", "check", 0, "whether the text " doc,           \
         example, result, "does not exist"},                                                       \
        {                                                                                          \
            { "s", 'B', 0, fn_##name, NULL }                                                       \
        }                                                                                          \
    }

const weir_function weir_functions_check[] = {
    ROW(is_numeric, "is a number as cast reads it, also 1e5", "is_numeric('-1.50')", "true"),
    ROW(is_integer, "is a whole number of any size", "is_integer('1.0')", "false"),
    ROW(is_alpha, "has letters only", "is_alpha('Größe')", "true"),
    ROW(is_digits, "has the digits 0 to 9 only", "is_digits('007')", "true"),
    ROW(is_alnum, "has letters and digits only", "is_alnum('A-1')", "false"),
    ROW(is_ascii, "has ASCII characters only", "is_ascii('größe')", "false"),
    ROW(is_blank, "is empty or white space", "is_blank('  ')", "true"),
    ROW(is_upper, "has letters, all of them capital", "is_upper('AB-1')", "true"),
    ROW(is_lower, "has letters, all of them small", "is_lower('Ab')", "false"),
    ROW(is_email, "has the form of an e-mail address: name@domain.tld", "is_email('ann@x.io')",
        "true"),
    ROW(is_domain, "has the form of a domain name", "is_domain('example.org')", "true"),
    ROW(is_url, "is an address with scheme and host", "is_url('https://example.org/a?b=1')",
        "true"),
    ROW(is_ip, "is an IPv4 or IPv6 address", "is_ip('2001:db8::1')", "true"),
    ROW(is_ipv4, "is an IPv4 address", "is_ipv4('192.168.0.256')", "false"),
    ROW(is_ipv6, "is an IPv6 address", "is_ipv6('::1')", "true"),
    ROW(is_uuid, "is a uuid as cast reads it", "is_uuid('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')",
        "true"),
    ROW(is_luhn, "has digits with a right check digit, as card numbers have",
        "is_luhn('4111 1111 1111 1111')", "true"),
    ROW(is_iban, "is an IBAN with right check digits", "is_iban('DE89 3704 0044 0532 0130 00')",
        "true"),
    {{"is_date", "", "is_date(string [, format string]) -> bool", "check", 0,
      "whether the text is a day that exists, in ISO form or by a format",
      "is_date('31.02.2024', '%d.%m.%Y')", "false", "does not exist"},
     {{"ss?", 'B', 0, fn_is_date, prepare_format}}},
    {{"is_timestamp", "", "is_timestamp(string [, format string]) -> bool", "check", 0,
      "whether the text is a date with a time that exists, in ISO form or by a format",
      "is_timestamp('2024-01-31 12:30')", "true", "does not exist"},
     {{"ss?", 'B', 0, fn_is_timestamp, prepare_format}}},
    {.info = {.name = NULL}}};
