/* Text functions of several texts: pieces, search, replacement, joining. */
#include "expr/function.h"
#include "expr/text_fast.h"
#include "text/utf8.h"

/* ---- pieces: views into the argument
 * ------------------------------------------------------------- */

typedef struct pieces {
    weir_text_arg a;
    uint32_t first;
} pieces;

static weir_status begin_pieces(weir_call *call, weir_column *out, pieces *p, weir_error *err) {
    p->a = weir_text_arg_of(call->args[0]);
    return weir_text_share(call, out, 0, &p->first, err);
}

static void put_piece(const pieces *p, weir_column *out, uint32_t row, weir_slice r) {
    const weir_view *v = weir_text_view(&p->a, row);
    weir_slice whole = weir_view_slice(p->a.base, v);
    if (r.size == 0) r.data = whole.data;
    ((weir_view *)out->values)[row] = weir_text_piece(v, whole, r, p->first);
}

static weir_slice substring_bytes(weir_slice s, int64_t start, int64_t length) {
    int64_t begin = start - 1, end = length < 0 ? INT64_MAX : 0;
    if (length >= 0 && __builtin_add_overflow(begin, length, &end)) end = INT64_MAX;
    if (begin < 0) begin = 0;
    if (end > (int64_t)s.size) end = (int64_t)s.size;
    if (begin >= end) return (weir_slice){s.data, 0};
    return (weir_slice){s.data + begin, (size_t)(end - begin)};
}

static weir_status fn_substr(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, start, 1);
    bool limited = call->n_args > 2, bytes = call->args[0]->type->id == WEIR_BINARY;
    const int64_t *length = limited ? call->args[2]->values : NULL;
    uint32_t mask = limited && call->args[2]->encoding == WEIR_PLAIN ? UINT32_MAX : 0;
    pieces p;
    weir_status status = begin_pieces(call, out, &p, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        int64_t n = limited ? length[row & mask] : -1, from = WEIR_AT(start, row);
        if (limited && n < 0) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "negative length %lld", (long long)n));
            continue;
        }
        if (from == INT64_MIN) from++;
        weir_slice s = weir_text_at(&p.a, row);
        /* Where all that matters is ASCII, characters are bytes. */
        size_t end = n >= 0 && from >= 0 && from <= 4096 && n <= 4096 ? (size_t)(from + n) : s.size;
        bool simple = bytes || weir_text_is_ascii(s.data, end < s.size ? end : s.size);
        put_piece(&p, out, row,
                  simple ? substring_bytes(s, from, n) : weir_utf8_substring(s, from, n));
    }
out:
    return status;
}

/* left(s, n), right(s, n); a negative n leaves that many away at the other end. */
static weir_status left_right(weir_call *call, weir_column *out, bool left, weir_error *err) {
    WEIR_ARG(int64_t, n, 1);
    pieces p;
    weir_status status = begin_pieces(call, out, &p, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&p.a, row);
        int64_t chars = (int64_t)weir_utf8_count(s.data, s.size), want = WEIR_AT(n, row);
        if (want < 0) want = want < -chars ? 0 : chars + want;
        if (want > chars) want = chars;
        size_t cut = weir_utf8_offset(s.data, s.size, (size_t)(left ? want : chars - want));
        put_piece(&p, out, row,
                  left ? (weir_slice){s.data, cut} : (weir_slice){s.data + cut, s.size - cut});
    }
    return WEIR_OK;
}
static weir_status fn_left(weir_call *call, weir_column *out, weir_error *err) {
    return left_right(call, out, true, err);
}
static weir_status fn_right(weir_call *call, weir_column *out, weir_error *err) {
    return left_right(call, out, false, err);
}

/* The next place of d in s at or behind byte `from`; s.size when there is none. */
static size_t find(weir_slice s, size_t from, weir_slice d) {
    return d.size == 0 || from > s.size ? s.size : weir_text_find(s, from, d);
}

/* Part number n (1-based; negative: from the end); empty when there is none. */
static weir_slice part_of(weir_slice s, weir_slice d, int64_t n) {
    weir_slice none = {s.data, 0};
    if (d.size == 0) return n == 1 || n == -1 ? s : none;
    if (n < 0) {
        int64_t parts = 1;
        for (size_t i = find(s, 0, d); i < s.size; i = find(s, i + d.size, d)) {
            parts++;
            if (i + d.size > s.size) break;
        }
        if (n < -parts) return none;
        n = parts + n + 1;
    }
    size_t begin = 0;
    for (; n > 1; n--) {
        size_t at = find(s, begin, d);
        if (at >= s.size) return none;
        begin = at + d.size;
    }
    return (weir_slice){s.data + begin, find(s, begin, d) - begin};
}

static weir_status fn_split_part(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg d = weir_text_arg_of(call->args[1]);
    WEIR_ARG(int64_t, n, 2);
    pieces p;
    weir_status status = begin_pieces(call, out, &p, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        int64_t which = WEIR_AT(n, row);
        if (which == 0) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "part 0 (they count from 1)"));
            continue;
        }
        put_piece(&p, out, row, part_of(weir_text_at(&p.a, row), weir_text_at(&d, row), which));
    }
out:
    return status;
}

/* ---- search
 * ---------------------------------------------------------------------------------------- */

static weir_status fn_strpos(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), b = weir_text_arg_of(call->args[1]);
    (void)err;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row), d = weir_text_at(&b, row);
        size_t at = find(s, 0, d);
        int64_t r = d.size == 0 ? 1 : at < s.size ? (int64_t)weir_utf8_count(s.data, at) + 1 : 0;
        ((int64_t *)out->values)[row] = r;
    }
    return WEIR_OK;
}

enum { AT_START, AT_END, ANYWHERE };
static inline void search(weir_call *call, weir_column *out, int where) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), b = weir_text_arg_of(call->args[1]);
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row), d = weir_text_at(&b, row);
        bool yes = s.size >= d.size;
        if (yes && d.size && where == ANYWHERE) yes = find(s, 0, d) < s.size;
        if (yes && d.size && where != ANYWHERE)
            yes =
                memcmp(where == AT_START ? s.data : s.data + s.size - d.size, d.data, d.size) == 0;
        if (yes) weir_bit_set((uint64_t *)out->values, row);
    }
}
static weir_status fn_starts_with(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    search(call, out, AT_START);
    return WEIR_OK;
}
static weir_status fn_ends_with(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    search(call, out, AT_END);
    return WEIR_OK;
}
static weir_status fn_contains(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    search(call, out, ANYWHERE);
    return WEIR_OK;
}

/* ---- replacement
 * ----------------------------------------------------------------------------------- */

static weir_status fn_replace(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), b = weir_text_arg_of(call->args[1]),
                  c = weir_text_arg_of(call->args[2]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row), from = weir_text_at(&b, row),
                   to = weir_text_at(&c, row);
        size_t times = 0;
        for (size_t i = find(s, 0, from); i < s.size; i = find(s, i + from.size, from)) times++;
        if (times == 0) {
            WEIR_TRY(weir_text_put(&t, row, s.data, s.size, err));
            continue;
        }
        size_t total = s.size - times * from.size, added;
        if (__builtin_mul_overflow(times, to.size, &added) ||
            __builtin_add_overflow(total, added, &total) || total > WEIR_TEXT_RESULT_MAX) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, total, &room, err));
        size_t begin = 0;
        for (size_t i = find(s, 0, from); i < s.size; i = find(s, begin, from)) {
            memcpy(room, s.data + begin, i - begin);
            room += i - begin;
            memcpy(room, to.data, to.size);
            room += to.size;
            begin = i + from.size;
        }
        memcpy(room, s.data + begin, s.size - begin);
        weir_text_commit(&t, row, total);
    }
out:
    return status;
}

/* translate(s, from, to): each character of `from` becomes the one at its place in `to`, or
 * nothing. */
static weir_status fn_translate(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), b = weir_text_arg_of(call->args[1]),
                  c = weir_text_arg_of(call->args[2]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row), from = weir_text_at(&b, row),
                   to = weir_text_at(&c, row);
        char *room = NULL;
        size_t n = 0;
        if (s.size > WEIR_TEXT_RESULT_MAX / 4) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        WEIR_TRY(weir_text_room(&t, s.size * 4, &room, err));
        for (size_t i = 0, step; i < s.size; i += step) {
            uint32_t code = 0, other = 0;
            size_t f = 0, k = 0, fs = 0;
            step = weir_utf8_decode(s.data + i, s.size - i, &code);
            if (!step) step = 1;
            bool hit = false;
            for (; f < from.size && !hit; f += fs, k++) {
                fs = weir_utf8_decode(from.data + f, from.size - f, &other);
                if (!fs) fs = 1;
                hit = other == code;
            }
            if (!hit) {
                memcpy(room + n, s.data + i, step);
                n += step;
                continue;
            }
            weir_slice r = weir_utf8_substring(to, (int64_t)k, 1);
            memcpy(room + n, r.data ? r.data : "", r.size);
            n += r.size;
        }
        weir_text_commit(&t, row, n);
    }
out:
    return status;
}

/* overlay(s, new, start [, length]) */
static weir_status fn_overlay(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), b = weir_text_arg_of(call->args[1]);
    WEIR_ARG(int64_t, start, 2);
    bool limited = call->n_args > 3;
    const int64_t *length = limited ? call->args[3]->values : NULL;
    uint32_t mask = limited && call->args[3]->encoding == WEIR_PLAIN ? UINT32_MAX : 0;
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row), with = weir_text_at(&b, row);
        int64_t at = WEIR_AT(start, row), chars = (int64_t)weir_utf8_count(s.data, s.size);
        int64_t n = limited ? length[row & mask] : (int64_t)weir_utf8_count(with.data, with.size);
        if (at < 1 || n < 0) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "negative or zero place"));
            continue;
        }
        int64_t begin = at - 1 > chars ? chars : at - 1, rest = chars - begin;
        size_t i = weir_utf8_offset(s.data, s.size, (size_t)begin);
        size_t j = weir_utf8_offset(s.data, s.size, (size_t)(n > rest ? chars : begin + n));
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, s.size + with.size, &room, err));
        memcpy(room, s.data, i);
        memcpy(room + i, with.data, with.size);
        memcpy(room + i + with.size, s.data + j, s.size - j);
        weir_text_commit(&t, row, i + with.size + s.size - j);
    }
out:
    return status;
}

/* ---- joining
 * ---------------------------------------------------------------------------------------- */

/* All arguments behind `first` one after the other, `between` between those that are not null. */
static weir_status join(weir_call *call, weir_column *out, uint32_t first, bool separated,
                        weir_error *err) {
    uint32_t n = call->n_args;
    weir_text_arg *args = weir_arena_alloc(call->eval->scratch, (n + 1) * sizeof *args);
    if (!args) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) args[i] = weir_text_arg_of(call->args[i]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        size_t total = 0;
        if (separated && weir_column_is_null(call->args[0], row)) {
            WEIR_TRY(weir_call_null(call, out, row, err));
            continue;
        }
        weir_slice between = separated ? weir_text_at(&args[0], row) : (weir_slice){"", 0};
        for (uint32_t i = first; i < n; i++)
            if (!weir_column_is_null(call->args[i], row))
                total += weir_text_view(&args[i], row)->in.size + between.size;
        if (total > WEIR_TEXT_RESULT_MAX) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, total, &room, err));
        size_t size = 0;
        bool some = false;
        for (uint32_t i = first; i < n; i++) {
            if (weir_column_is_null(call->args[i], row)) continue;
            if (some && between.size) {
                memcpy(room + size, between.data, between.size);
                size += between.size;
            }
            some = true;
            weir_slice s = weir_text_at(&args[i], row);
            memcpy(room + size, s.data, s.size);
            size += s.size;
        }
        weir_text_commit(&t, row, size);
    }
out:
    return status;
}

/* a || b || ...: no argument is null. */
static weir_status fn_concat_op(weir_call *call, weir_column *out, weir_error *err) {
    uint32_t n = call->n_args;
    weir_text_arg *args = weir_arena_alloc(call->eval->scratch, (n + 1) * sizeof *args);
    if (!args) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) args[i] = weir_text_arg_of(call->args[i]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        size_t total = 0;
        for (uint32_t i = 0; i < n; i++) total += weir_text_view(&args[i], row)->in.size;
        if (total > WEIR_TEXT_RESULT_MAX) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        char *room = NULL, *to;
        WEIR_TRY(weir_text_room(&t, total + 16, &room, err));
        to = room;
        for (uint32_t i = 0; i < n; i++) {
            const weir_view *v = weir_text_view(&args[i], row);
            if (v->in.size <= 12) { /* all twelve bytes at once; what is too much is overwritten */
                memcpy(to, v->in.bytes, 12);
                to += v->in.size;
                continue;
            }
            weir_slice s = weir_view_slice(args[i].base, v);
            memcpy(to, s.data, s.size);
            to += s.size;
        }
        weir_text_commit(&t, row, total);
    }
out:
    return status;
}
static weir_status fn_concat(weir_call *call, weir_column *out, weir_error *err) {
    return join(call, out, 0, false, err);
}
static weir_status fn_concat_ws(weir_call *call, weir_column *out, weir_error *err) {
    return join(call, out, 1, true, err);
}

/* concat takes anything, as text. */
static weir_status all_text(weir_prepare *p, weir_error *err) {
    for (uint32_t i = 0; i < p->n_args; i++) {
        weir_status status = weir_bind_cast(p->binder, p->args[i]->at, p->args[i],
                                            weir_type_of(WEIR_STRING), &p->args[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

const weir_function weir_functions_text_edit[] = {
    {{"substr", "substring", "substr(string, start int64 [, length int64]) -> string", "text", 0,
      "characters from start (1-based); also substring(s from a for b)",
      "substr('weirdness', 5, 3)", "dne", "start 0 and negative starts differ"},
     {{"sii?", 's', WEIR_K_CAN_FAIL, fn_substr, NULL},
      {"bii?", 'b', WEIR_K_CAN_FAIL, fn_substr, NULL}}},
    {{"left", "", "left(string, n int64) -> string", "text", 0,
      "the first n characters; n < 0: all but the last", "left('weir', 2)", "we", ""},
     {{"si", 's', 0, fn_left, NULL}}},
    {{"right", "", "right(string, n int64) -> string", "text", 0,
      "the last n characters; n < 0: all but the first", "right('weir', -1)", "eir", ""},
     {{"si", 's', 0, fn_right, NULL}}},
    {{"split_part", "", "split_part(string, delimiter string, n int64) -> string", "text", 0,
      "part n between delimiters (from the end when negative), empty when there is none",
      "split_part('a/b/c', '/', -1)", "c", ""},
     {{"ssi", 's', WEIR_K_CAN_FAIL, fn_split_part, NULL}}},
    {{"strpos", "instr", "strpos(string, part string) -> int64", "text", 0,
      "place of the first occurrence (1-based), 0 when there is none; also position(part in s)",
      "strpos('größe', 'ß')", "4", ""},
     {{"ss", 'i', 0, fn_strpos, NULL}}},
    {{"starts_with", "prefix", "starts_with(string, start string) -> bool", "text", 0,
      "whether it begins so", "starts_with('weir', 'we')", "true", ""},
     {{"ss", 'B', 0, fn_starts_with, NULL}}},
    {{"ends_with", "suffix", "ends_with(string, end string) -> bool", "text", 0,
      "whether it ends so", "ends_with('a.csv', '.csv')", "true", ""},
     {{"ss", 'B', 0, fn_ends_with, NULL}}},
    {{"contains", "", "contains(string, part string) -> bool", "text", 0,
      "whether part occurs in it", "contains('weir', 'ei')", "true", ""},
     {{"ss", 'B', 0, fn_contains, NULL}}},
    {{"replace", "", "replace(string, from string, to string) -> string", "text", 0,
      "every occurrence of from becomes to", "replace('1,234,5', ',', '')", "12345", ""},
     {{"sss", 's', WEIR_K_CAN_FAIL, fn_replace, NULL}}},
    {{"translate", "", "translate(string, from string, to string) -> string", "text", 0,
      "each character of from becomes the one at its place in to, or nothing",
      "translate('12-345', '15-', 'ax')", "a234x", ""},
     {{"sss", 's', WEIR_K_CAN_FAIL, fn_translate, NULL}}},
    {{"overlay", "", "overlay(string, new string, start int64 [, length int64]) -> string", "text",
      0, "new in place of length characters; also overlay(s placing new from a for b)",
      "overlay('abcdef', 'XY', 2, 3)", "aXYef", "does not exist"},
     {{"ssii?", 's', WEIR_K_CAN_FAIL, fn_overlay, NULL}}},
    {{"concat", "", "concat(any, ...) -> string", "text", 0,
      "all as text one after the other, nulls left out", "concat('a', null, 1)", "a1", ""},
     {{"xx*", 's', WEIR_K_CAN_FAIL | WEIR_K_NULLS, fn_concat, all_text}}},
    {{"concat_ws", "", "concat_ws(separator string, any, ...) -> string", "text", 0,
      "all as text with the separator between, nulls left out", "concat_ws('-', 'a', null, 'b')",
      "a-b", ""},
     {{"sx*", 's', WEIR_K_CAN_FAIL | WEIR_K_NULLS, fn_concat_ws, all_text}}},
    {{"concat_op", "", "", "text", 0, NULL, "", "", ""},
     {{"s*", 's', WEIR_K_CAN_FAIL, fn_concat_op, NULL}}},
    {{"concat_binary_op", "", "", "text", 0, NULL, "", "", ""},
     {{"b*", 'b', WEIR_K_CAN_FAIL, fn_concat_op, NULL}}},
    {.info = {.name = NULL}}};
