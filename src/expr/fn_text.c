/* Text functions of one text: case, length, trimming, padding, characters. */
#include "expr/function.h"
#include "expr/text_fast.h"
#include "text/utf8.h"

/* ---- case ---------------------------------------------------------------------------------------
 */

typedef size_t (*case_function)(const char *p, size_t n, char *out);

/* fast: 0 none, else ASCII texts go 8 bytes at a time, 'l' to lower, 'u' to upper. */
static inline weir_status change_case(weir_call *call, weir_column *out, case_function change,
                                      char fast, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, weir_utf8_case_max(s.size) + 8, &room, err));
        bool done = fast && weir_ascii_case(s.data, s.size, fast == 'u', room);
        weir_text_commit(&t, row, done ? s.size : change(s.data, s.size, room));
    }
out:
    return status;
}
static weir_status fn_lower(weir_call *call, weir_column *out, weir_error *err) {
    return change_case(call, out, weir_utf8_to_lower, 'l', err);
}
static weir_status fn_upper(weir_call *call, weir_column *out, weir_error *err) {
    return change_case(call, out, weir_utf8_to_upper, 'u', err);
}
static weir_status fn_initcap(weir_call *call, weir_column *out, weir_error *err) {
    return change_case(call, out, weir_utf8_to_initcap, 0, err);
}

/* ---- length and characters
 * ------------------------------------------------------------------------ */

static weir_status fn_length(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    bool bytes = call->args[0]->type->id == WEIR_BINARY;
    (void)err;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        ((int64_t *)out->values)[row] = (int64_t)(bytes ? s.size : weir_utf8_count(s.data, s.size));
    }
    return WEIR_OK;
}

static weir_status fn_octet_length(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    (void)err;
    WEIR_EACH_ROW(row)((int64_t *)out->values)[row] = weir_text_view(&a, row)->in.size;
    return WEIR_OK;
}

static weir_status fn_ascii(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    (void)err;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        uint32_t c = 0;
        if (s.size && !weir_utf8_decode(s.data, s.size, &c)) c = (unsigned char)s.data[0];
        ((int64_t *)out->values)[row] = c;
    }
    return WEIR_OK;
}

static weir_status fn_chr(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, code, 0);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t c = WEIR_AT(code, row);
        char bytes[4];
        size_t n = c > 0 && c <= 0x10FFFF ? weir_utf8_encode((uint32_t)c, bytes) : 0;
        if (n)
            WEIR_TRY(weir_text_put(&t, row, bytes, n, err));
        else
            WEIR_TRY(weir_call_fail(call, out, row, err, "%lld is no character", (long long)c));
    }
out:
    return status;
}

static weir_status fn_reverse(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, s.size, &room, err));
        for (size_t i = 0; i < s.size;) {
            uint32_t c;
            size_t n = weir_utf8_decode(s.data + i, s.size - i, &c);
            if (!n) n = 1;
            memcpy(room + s.size - i - n, s.data + i, n);
            i += n;
        }
        weir_text_commit(&t, row, s.size);
    }
out:
    return status;
}

/* ---- trimming
 * --------------------------------------------------------------------------------------- */

/* The characters of a text as a set. */
static bool in_set(weir_slice set, uint32_t c) {
    for (size_t i = 0; i < set.size;) {
        uint32_t d;
        size_t n = weir_utf8_decode(set.data + i, set.size - i, &d);
        if (!n) n = 1, d = (unsigned char)set.data[i];
        if (c == d) return true;
        i += n;
    }
    return false;
}

static weir_slice trim_set(weir_slice s, weir_slice set, bool left, bool right) {
    while (left && s.size) {
        uint32_t c;
        size_t n = weir_utf8_decode(s.data, s.size, &c);
        if (!n || !in_set(set, c)) break;
        s.data += n;
        s.size -= n;
    }
    while (right && s.size) {
        size_t n = 1;
        while (n < s.size && n < 4 && ((unsigned char)s.data[s.size - n] & 0xC0) == 0x80) n++;
        uint32_t c;
        if (weir_utf8_decode(s.data + s.size - n, n, &c) != n || !in_set(set, c)) break;
        s.size -= n;
    }
    return s;
}

static weir_slice trim_blank(weir_slice s, bool left, bool right) {
    while (left && s.size && s.data[0] == ' ') s.data++, s.size--;
    while (right && s.size && s.data[s.size - 1] == ' ') s.size--;
    return s;
}

/* The results are pieces of the argument: no byte is copied. */
static weir_status trim_sides(weir_call *call, weir_column *out, bool left, bool right,
                              weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), set = a;
    bool given = call->n_args > 1;
    if (given) set = weir_text_arg_of(call->args[1]);
    uint32_t first = 0;
    weir_status status = weir_text_share(call, out, 0, &first, err);
    if (status != WEIR_OK) return status;
    weir_view *to = out->values;
    WEIR_EACH_ROW(row) {
        const weir_view *v = weir_text_view(&a, row);
        weir_slice s = weir_view_slice(a.base, v);
        weir_slice r =
            given ? trim_set(s, weir_text_at(&set, row), left, right) : trim_blank(s, left, right);
        to[row] = weir_text_piece(v, s, r, first);
    }
    return WEIR_OK;
}
static weir_status fn_trim(weir_call *call, weir_column *out, weir_error *err) {
    return trim_sides(call, out, true, true, err);
}
static weir_status fn_ltrim(weir_call *call, weir_column *out, weir_error *err) {
    return trim_sides(call, out, true, false, err);
}
static weir_status fn_rtrim(weir_call *call, weir_column *out, weir_error *err) {
    return trim_sides(call, out, false, true, err);
}

static weir_status fn_strip(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    uint32_t first = 0;
    weir_status status = weir_text_share(call, out, 0, &first, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        const weir_view *v = weir_text_view(&a, row);
        weir_slice s = weir_view_slice(a.base, v), r = weir_utf8_trim(s);
        if (r.size == 0) r.data = s.data;
        ((weir_view *)out->values)[row] = weir_text_piece(v, s, r, first);
    }
    return WEIR_OK;
}

/* ---- longer
 * ------------------------------------------------------------------------------------------ */

static weir_status fn_repeat(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    WEIR_ARG(int64_t, n, 1);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        int64_t times = WEIR_AT(n, row);
        size_t total;
        if (times < 0) times = 0;
        if (__builtin_mul_overflow(s.size, (size_t)times, &total) || total > WEIR_TEXT_RESULT_MAX) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, total, &room, err));
        for (size_t i = 0; i < total && s.size; i += s.size) memcpy(room + i, s.data, s.size);
        weir_text_commit(&t, row, total);
    }
out:
    return status;
}

/* Bytes of the first `chars` characters of fill repeated without end. */
static size_t fill_bytes(weir_slice fill, size_t chars, size_t per_round) {
    size_t rest = weir_utf8_offset(fill.data, fill.size, chars % per_round);
    return chars / per_round * fill.size + rest;
}

static weir_status pad(weir_call *call, weir_column *out, bool left, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), f = a;
    WEIR_ARG(int64_t, n, 1);
    bool given = call->n_args > 2;
    if (given) f = weir_text_arg_of(call->args[2]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row),
                   fill = given ? weir_text_at(&f, row) : (weir_slice){" ", 1};
        int64_t want = WEIR_AT(n, row) < 0 ? 0 : WEIR_AT(n, row);
        size_t have = weir_utf8_count(s.data, s.size),
               round = weir_utf8_count(fill.data, fill.size);
        char *room = NULL;
        if ((uint64_t)want > WEIR_TEXT_RESULT_MAX / 4) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        if ((size_t)want <= have || round == 0) { /* too long: cut at the end, as lpad does too */
            size_t keep = weir_utf8_offset(s.data, s.size, (size_t)want);
            WEIR_TRY(weir_text_put(&t, row, s.data, keep, err));
            continue;
        }
        size_t extra = fill_bytes(fill, (size_t)want - have, round);
        WEIR_TRY(weir_text_room(&t, s.size + extra, &room, err));
        char *at = left ? room : room + s.size;
        for (size_t i = 0; i < extra; i += fill.size)
            memcpy(at + i, fill.data, extra - i < fill.size ? extra - i : fill.size);
        memcpy(left ? room + extra : room, s.data, s.size);
        weir_text_commit(&t, row, s.size + extra);
    }
out:
    return status;
}
static weir_status fn_lpad(weir_call *call, weir_column *out, weir_error *err) {
    return pad(call, out, true, err);
}
static weir_status fn_rpad(weir_call *call, weir_column *out, weir_error *err) {
    return pad(call, out, false, err);
}

/* mask(x [, keep]): all but the last `keep` characters become '*'; negative: all but the first. */
static weir_status fn_mask(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    const int64_t zero = 0;
    const int64_t *keep_v = call->n_args > 1 ? call->args[1]->values : &zero;
    uint32_t keep_m = call->n_args > 1 && call->args[1]->encoding == WEIR_PLAIN ? UINT32_MAX : 0;
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        int64_t keep = keep_v[row & keep_m];
        size_t chars = weir_utf8_count(s.data, s.size);
        size_t show = keep < 0 ? 0 - (size_t)keep : (size_t)keep;
        if (show >= chars) show = 0; /* a mask that hides nothing is none */
        size_t hidden = chars - show;
        size_t cut = weir_utf8_offset(s.data, s.size, keep < 0 ? show : hidden);
        size_t shown = keep < 0 ? cut : s.size - cut;
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, hidden + shown, &room, err));
        if (keep < 0) {
            memcpy(room, s.data, shown);
            memset(room + shown, '*', hidden);
        } else {
            memset(room, '*', hidden);
            memcpy(room + hidden, s.data + cut, shown);
        }
        weir_text_commit(&t, row, hidden + shown);
    }
out:
    return status;
}

/* Of a list or map: the number of items. */
static weir_status prepare_items(weir_prepare *p, weir_error *err) {
    return weir_bind_named(p->binder, p->at, "cardinality", p->args, 1, &p->node, err);
}

const weir_function weir_functions_text[] = {
    {{"lower", "lcase", "lower(string) -> string", "text", 0,
      "small letters (Unicode, one character for one)", "lower('ÄRGER')", "ärger", ""},
     {{"s", 's', 0, fn_lower, NULL}}},
    {{"upper", "ucase", "upper(string) -> string", "text", 0,
      "capital letters (Unicode, one character for one; ß stays)", "upper('weir')", "WEIR",
      "ß becomes ẞ"},
     {{"s", 's', 0, fn_upper, NULL}}},
    {{"initcap", "", "initcap(string) -> string", "text", 0,
      "each word with a capital first letter", "initcap('jane DOE')", "Jane Doe", "does not exist"},
     {{"s", 's', 0, fn_initcap, NULL}}},
    {{"length", "char_length, character_length, len", "length(string|binary|list|map) -> int64",
      "text", 0, "number of characters (of a binary: bytes; of a list or map: items)",
      "length('größe')", "5", ""},
     {{"S", 'i', 0, fn_length, NULL}, {"L", 'i', 0, fn_length, prepare_items}}},
    {{"octet_length", "", "octet_length(string) -> int64", "text", 0, "number of bytes",
      "octet_length('größe')", "7", "takes blobs only; use strlen"},
     {{"S", 'i', 0, fn_octet_length, NULL}}},
    {{"ascii", "unicode, ord", "ascii(string) -> int64", "text", 0,
      "code point of the first character, 0 for the empty text", "ascii('A')", "65",
      "unicode and ord give -1 for the empty text"},
     {{"s", 'i', 0, fn_ascii, NULL}}},
    {{"chr", "", "chr(code int64) -> string", "text", 0, "the character with this code point",
      "chr(8364)", "€", ""},
     {{"i", 's', WEIR_K_CAN_FAIL, fn_chr, NULL}}},
    {{"reverse", "", "reverse(string) -> string", "text", 0, "characters in reverse order",
      "reverse('abc')", "cba", "keeps marks with their letters"},
     {{"s", 's', 0, fn_reverse, NULL}}},
    {{"trim", "btrim", "trim(string [, characters string]) -> string", "text", 0,
      "without blanks (or these characters) at both ends; also trim(both 'x' from s)",
      "trim('  a ')", "a", "takes Unicode blanks, too"},
     {{"ss?", 's', 0, fn_trim, NULL}}},
    {{"ltrim", "", "ltrim(string [, characters string]) -> string", "text", 0,
      "without blanks (or these characters) at the start", "ltrim('xxa', 'x')", "a",
      "takes Unicode blanks, too"},
     {{"ss?", 's', 0, fn_ltrim, NULL}}},
    {{"rtrim", "", "rtrim(string [, characters string]) -> string", "text", 0,
      "without blanks (or these characters) at the end", "rtrim('a--', '-')", "a",
      "takes Unicode blanks, too"},
     {{"ss?", 's', 0, fn_rtrim, NULL}}},
    {{"strip", "", "strip(string) -> string", "text", 0,
      "without any Unicode white space (tabs, line ends, no-break spaces) at both ends",
      "strip(chr(9) || 'a' || chr(160))", "a", "does not exist"},
     {{"s", 's', 0, fn_strip, NULL}}},
    {{"repeat", "", "repeat(string, times int64) -> string", "text", 0, "the text that many times",
      "repeat('ab', 3)", "ababab", ""},
     {{"si", 's', WEIR_K_CAN_FAIL, fn_repeat, NULL}}},
    {{"lpad", "", "lpad(string, length int64 [, fill string]) -> string", "text", 0,
      "filled at the left (or cut) to this many characters", "lpad('7', 3, '0')", "007", ""},
     {{"sis?", 's', WEIR_K_CAN_FAIL, fn_lpad, NULL}}},
    {{"rpad", "", "rpad(string, length int64 [, fill string]) -> string", "text", 0,
      "filled at the right (or cut) to this many characters", "rpad('7', 3, '.')", "7..", ""},
     {{"sis?", 's', WEIR_K_CAN_FAIL, fn_rpad, NULL}}},
    {{"mask", "", "mask(string [, keep int64]) -> string", "text", 0,
      "stars but for the last `keep` characters (the first, when negative)",
      "mask('4111111111111111', 4)", "************1111", "does not exist"},
     {{"si?", 's', 0, fn_mask, NULL}}},
    {.info = {.name = NULL}}};
