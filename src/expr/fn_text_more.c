/* Text functions that people bring along: accents, slugs, HTML, quoting, format, parts by marks. */
#include "expr/function.h"
#include "text/unaccent.h"
#include "text/utf8.h"

/* ---- pieces of the argument ----------------------------------------------------------------- */

/* A piece of s chosen by a mark; data NULL: the result is null. */
typedef weir_slice (*piece_function)(weir_slice s, weir_slice mark);

static const char *first_of(weir_slice s, weir_slice mark) {
    return mark.size && s.size ? memmem(s.data, s.size, mark.data, mark.size) : NULL;
}
static const char *last_of(weir_slice s, weir_slice mark) {
    const char *found = NULL;
    if (!mark.size || s.size < mark.size) return NULL;
    for (size_t i = s.size - mark.size + 1; i-- > 0 && !found;)
        if (memcmp(s.data + i, mark.data, mark.size) == 0) found = s.data + i;
    return found;
}
static weir_slice before(weir_slice s, weir_slice mark) {
    const char *at = first_of(s, mark);
    return at ? (weir_slice){s.data, (size_t)(at - s.data)} : s;
}
static weir_slice after(weir_slice s, weir_slice mark) {
    const char *at = first_of(s, mark);
    if (!at) return (weir_slice){s.data, 0};
    return (weir_slice){at + mark.size, s.size - (size_t)(at - s.data) - mark.size};
}
static weir_slice before_last(weir_slice s, weir_slice mark) {
    const char *at = last_of(s, mark);
    return at ? (weir_slice){s.data, (size_t)(at - s.data)} : s;
}
static weir_slice after_last(weir_slice s, weir_slice mark) {
    const char *at = last_of(s, mark);
    if (!at) return (weir_slice){s.data, 0};
    return (weir_slice){at + mark.size, s.size - (size_t)(at - s.data) - mark.size};
}
static weir_slice no_prefix(weir_slice s, weir_slice mark) {
    if (s.size < mark.size || (mark.size && memcmp(s.data, mark.data, mark.size) != 0)) return s;
    return (weir_slice){s.data + mark.size, s.size - mark.size};
}
static weir_slice no_suffix(weir_slice s, weir_slice mark) {
    if (s.size < mark.size ||
        (mark.size && memcmp(s.data + s.size - mark.size, mark.data, mark.size) != 0))
        return s;
    return (weir_slice){s.data, s.size - mark.size};
}

static weir_status pieces(weir_call *call, weir_column *out, piece_function cut, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), m = weir_text_arg_of(call->args[1]);
    uint32_t first = 0;
    weir_status status = weir_text_share(call, out, 0, &first, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        const weir_view *v = weir_text_view(&a, row);
        weir_slice s = weir_view_slice(a.base, v);
        ((weir_view *)out->values)[row] =
            weir_text_piece(v, s, cut(s, weir_text_at(&m, row)), first);
    }
    return WEIR_OK;
}
#define PIECE(name)                                                                                \
    static weir_status fn_##name(weir_call *call, weir_column *out, weir_error *err) {             \
        return pieces(call, out, name, err);                                                       \
    }
PIECE(before)
PIECE(after)
PIECE(before_last)
PIECE(after_last)
PIECE(no_prefix)
PIECE(no_suffix)

/* An empty or blank text is null. */
static weir_status fn_blank_to_null(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    uint32_t first = 0;
    weir_status status = weir_text_share(call, out, 0, &first, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        const weir_view *v = weir_text_view(&a, row);
        weir_slice s = weir_view_slice(a.base, v);
        if (weir_utf8_trim(s).size == 0)
            WEIR_TRY(weir_call_null(call, out, row, err));
        else
            ((weir_view *)out->values)[row] = weir_text_piece(v, s, s, first);
    }
out:
    return status;
}

/* ---- one text into another ------------------------------------------------------------------ */

/* Writes into room of factor * n + extra bytes; returns the size. */
typedef size_t (*rewrite_function)(const char *p, size_t n, char *room);

static weir_status rewrite(weir_call *call, weir_column *out, rewrite_function write, size_t factor,
                           weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        char *room = NULL;
        if (s.size > WEIR_TEXT_RESULT_MAX / factor) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        WEIR_TRY(weir_text_room(&t, s.size * factor + 4, &room, err));
        weir_text_commit(&t, row, write(s.data, s.size, room));
    }
out:
    return status;
}

/* Runs of white space become one blank, none at the ends. */
static size_t normalize_space(const char *p, size_t n, char *room) {
    size_t size = 0;
    bool gap = false;
    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t m = weir_utf8_decode(p + i, n - i, &c);
        if (!m) m = 1, c = 0xFFFD;
        if (weir_utf8_is_space(c)) {
            gap = true;
        } else {
            if (gap && size) room[size++] = ' ';
            gap = false;
            memcpy(room + size, p + i, m);
            size += m;
        }
        i += m;
    }
    return size;
}

/* Small letters and digits, everything else one hyphen between them. */
static size_t slugify(const char *p, size_t n, char *room) {
    size_t size = 0, plain = weir_unaccent(p, n, room);
    bool gap = false;
    for (size_t i = 0; i < plain;) {
        uint32_t c = 0;
        size_t m = weir_utf8_decode(room + i, plain - i, &c);
        if (!m) m = 1, c = ' ';
        if (c != '_' && weir_utf8_is_word(c)) {
            char bytes[4], *from = room + i;
            size_t k = weir_utf8_encode(weir_utf8_lower(c), bytes);
            if (k && k <= m)
                from = bytes;
            else
                k = m;
            if (gap && size) room[size++] = '-';
            gap = false;
            memmove(room + size, from, k);
            size += k;
        } else {
            gap = true;
        }
        i += m;
    }
    return size;
}

static size_t html_escape(const char *p, size_t n, char *room) {
    char *to = room;
    for (size_t i = 0; i < n; i++) {
        const char *text = p[i] == '&'    ? "&amp;"
                           : p[i] == '<'  ? "&lt;"
                           : p[i] == '>'  ? "&gt;"
                           : p[i] == '"'  ? "&quot;"
                           : p[i] == '\'' ? "&#39;"
                                          : NULL;
        if (text)
            to = stpcpy(to, text);
        else
            *to++ = p[i];
    }
    return (size_t)(to - room);
}

static size_t html_unescape(const char *p, size_t n, char *room) {
    size_t size = 0;
    for (size_t i = 0; i < n;) {
        size_t length = n - i < 12 ? n - i : 12;
        const char *end = p[i] == '&' ? memchr(p + i, ';', length) : NULL;
        uint32_t code = end ? weir_entity_find(p + i + 1, (size_t)(end - p) - i - 1) : 0;
        if (code) {
            size += weir_utf8_encode(code, room + size);
            i = (size_t)(end - p) + 1;
        } else {
            room[size++] = p[i++];
        }
    }
    return size;
}

/* In quotes, quotes doubled. */
static size_t quoted(const char *p, size_t n, char quote, char *room) {
    size_t size = 0;
    room[size++] = quote;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == quote) room[size++] = quote;
        room[size++] = p[i];
    }
    room[size++] = quote;
    return size;
}
static size_t quote_literal(const char *p, size_t n, char *room) {
    return quoted(p, n, '\'', room);
}
static size_t quote_ident(const char *p, size_t n, char *room) {
    bool plain = n > 0 && !(p[0] >= '0' && p[0] <= '9');
    for (size_t i = 0; i < n && plain; i++)
        plain = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') || p[i] == '_';
    if (!plain || weir_expr_is_reserved(p, n)) return quoted(p, n, '"', room);
    memcpy(room, p, n);
    return n;
}

#define REWRITE(name, factor)                                                                      \
    static weir_status fn_##name(weir_call *call, weir_column *out, weir_error *err) {             \
        return rewrite(call, out, name, factor, err);                                              \
    }
REWRITE(normalize_space, 1)
REWRITE(slugify, 1)
REWRITE(html_escape, 6)
REWRITE(html_unescape, 1)
REWRITE(quote_literal, 2)
REWRITE(quote_ident, 2)
REWRITE(weir_unaccent, 1)

/* ---- with a number --------------------------------------------------------------------------- */

/* Everything before (n < 0: behind) the n-th delimiter, counted from the right for n < 0. */
static weir_slice by_index(weir_slice s, weir_slice mark, int64_t n) {
    if (n == 0 || mark.size == 0 || s.size == 0) return (weir_slice){s.data, 0};
    if (n > 0) {
        const char *at = s.data, *end = s.data + s.size;
        while ((at = memmem(at, (size_t)(end - at), mark.data, mark.size)) && --n) at += mark.size;
        return at ? (weir_slice){s.data, (size_t)(at - s.data)} : s;
    }
    weir_slice rest = s;
    for (;;) {
        const char *at = last_of(rest, mark);
        if (!at) return s;
        if (++n == 0) {
            at += mark.size;
            return (weir_slice){at, s.size - (size_t)(at - s.data)};
        }
        rest.size = (size_t)(at - s.data);
    }
}

static weir_status fn_substring_index(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), m = weir_text_arg_of(call->args[1]);
    WEIR_ARG(int64_t, n, 2);
    uint32_t first = 0;
    weir_status status = weir_text_share(call, out, 0, &first, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        const weir_view *v = weir_text_view(&a, row);
        weir_slice s = weir_view_slice(a.base, v);
        weir_slice r = by_index(s, weir_text_at(&m, row), WEIR_AT(n, row));
        ((weir_view *)out->values)[row] = weir_text_piece(v, s, r, first);
    }
    return WEIR_OK;
}

/* Zeros at the left, behind a sign. */
static weir_status fn_zfill(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    WEIR_ARG(int64_t, n, 1);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        int64_t want = WEIR_AT(n, row), have = (int64_t)weir_utf8_count(s.data, s.size);
        size_t sign = s.size && (s.data[0] == '-' || s.data[0] == '+');
        char *room = NULL;
        if (want > (int64_t)WEIR_TEXT_RESULT_MAX) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        size_t zeros = want > have ? (size_t)(want - have) : 0;
        WEIR_TRY(weir_text_room(&t, s.size + zeros, &room, err));
        memcpy(room, s.data, sign);
        memset(room + sign, '0', zeros);
        memcpy(room + sign + zeros, s.data + sign, s.size - sign);
        weir_text_commit(&t, row, s.size + zeros);
    }
out:
    return status;
}

static weir_status fn_bit_length(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    (void)err;
    WEIR_EACH_ROW(row)
    ((int64_t *)out->values)[row] = (int64_t)weir_text_view(&a, row)->in.size * 8;
    return WEIR_OK;
}

/* Occurrences that do not overlap. */
static weir_status fn_count(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), m = weir_text_arg_of(call->args[1]);
    (void)err;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row), mark = weir_text_at(&m, row);
        int64_t n = 0;
        for (const char *at; (at = first_of(s, mark)) != NULL; n++)
            s = (weir_slice){at + mark.size, s.size - (size_t)(at - s.data) - mark.size};
        ((int64_t *)out->values)[row] = n;
    }
    return WEIR_OK;
}

/* ---- format -----------------------------------------------------------------------------------
 */

/* One piece of a format: text, then an argument (0 = none). */
static bool add_argument(weir_call *call, weir_text_arg *args, uint32_t i, char kind, uint32_t row,
                         weir_buf *text) {
    bool null = weir_column_is_null(call->args[i], row);
    if (null) return kind != 'L' || weir_buf_adds(text, "null");
    weir_slice s = weir_text_at(&args[i], row);
    if (kind == 's') return weir_buf_add(text, s.data, s.size);
    char quote = kind == 'L' ? '\'' : '"';
    bool ok = weir_buf_add(text, &quote, 1);
    for (size_t k = 0; ok && k < s.size; k++)
        ok = (s.data[k] != quote || weir_buf_add(text, &quote, 1)) &&
             weir_buf_add(text, &s.data[k], 1);
    return ok && weir_buf_add(text, &quote, 1);
}

/* A format without % that has places {}, {0}: DuckDB's and Python's way; {{ and }} are braces. */
static bool has_braces(weir_slice f) {
    if (f.size == 0 || memchr(f.data, '%', f.size)) return false;
    for (size_t i = 0; i < f.size; i++) {
        size_t k = i + 1;
        if (f.data[i] != '{') continue;
        while (k < f.size && f.data[k] >= '0' && f.data[k] <= '9') k++;
        if (k < f.size && (f.data[k] == '}' || f.data[k] == ':')) return true;
    }
    return false;
}

static const char *braces_row(weir_call *call, weir_text_arg *args, weir_slice f, uint32_t row,
                              weir_buf *text, bool *ok) {
    uint32_t next = 1;
    for (size_t i = 0; i < f.size && *ok; i++) {
        char c = f.data[i];
        bool twice = i + 1 < f.size && f.data[i + 1] == c;
        if ((c != '{' && c != '}') || twice) {
            *ok = weir_buf_add(text, &c, 1);
            i += c == '{' || c == '}';
            continue;
        }
        uint32_t number = 0;
        size_t digits = ++i;
        while (i < f.size && f.data[i] >= '0' && f.data[i] <= '9' && i - digits < 5)
            number = number * 10 + (uint32_t)(f.data[i++] - '0');
        if (i < f.size && f.data[i] == ':')
            return "the format knows {} and {0} only; printf has widths and digits";
        if (c == '}' || i >= f.size || f.data[i] != '}') return "the format has a wrong place";
        if (i > digits) next = number + 1;
        if (next >= call->n_args) return "the format has more places than there are arguments";
        *ok = add_argument(call, args, next++, 's', row, text);
    }
    return NULL;
}

/* PostgreSQL's format: %s, %I, %L, %%, and %2$s for the second argument.  NULL: right, else why. */
static const char *format_row(weir_call *call, weir_text_arg *args, weir_slice f, uint32_t row,
                              weir_buf *text, bool *ok) {
    uint32_t next = 1;
    *ok = true;
    if (call->n_args > 1 && has_braces(f)) return braces_row(call, args, f, row, text, ok);
    for (size_t i = 0; i < f.size && *ok;) {
        const char *percent = memchr(f.data + i, '%', f.size - i);
        size_t end = percent ? (size_t)(percent - f.data) : f.size;
        *ok = weir_buf_add(text, f.data + i, end - i);
        i = end;
        if (!percent || !*ok) break;
        if (++i >= f.size) return "the format ends in %";
        if (f.data[i] == '%') {
            *ok = weir_buf_add(text, "%", 1);
            i++;
            continue;
        }
        size_t digits = i;
        uint32_t number = 0;
        while (i < f.size && f.data[i] >= '0' && f.data[i] <= '9' && i - digits < 5)
            number = number * 10 + (uint32_t)(f.data[i++] - '0');
        if (i > digits) {
            if (i >= f.size || f.data[i] != '$' || number == 0)
                return "the format has a wrong place";
            next = number;
            i++;
        }
        if (i >= f.size || !strchr("sIL", f.data[i]) || !f.data[i])
            return "the format knows %s, %I, %L and %% only";
        if (next >= call->n_args) return "the format has more places than there are arguments";
        *ok = add_argument(call, args, next++, f.data[i++], row, text);
    }
    return NULL;
}

static weir_status fn_format(weir_call *call, weir_column *out, weir_error *err) {
    uint32_t n = call->n_args;
    weir_text_arg *args = weir_arena_alloc(call->eval->scratch, (n + 1) * sizeof *args);
    weir_text_out t = weir_text_out_of(call, out);
    weir_buf text = {.max = WEIR_TEXT_RESULT_MAX};
    weir_status status = WEIR_OK;
    if (!args) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) args[i] = weir_text_arg_of(call->args[i]);
    WEIR_EACH_ROW(row) {
        bool ok = true;
        text.size = 0;
        if (weir_column_is_null(call->args[0], row)) {
            WEIR_TRY(weir_call_null(call, out, row, err));
            continue;
        }
        const char *why = format_row(call, args, weir_text_at(&args[0], row), row, &text, &ok);
        if (!ok && text.size < WEIR_TEXT_RESULT_MAX / 2) WEIR_TRY(weir_error_nomem(err));
        if (!ok) why = "text longer than 64 MiB";
        if (why)
            WEIR_TRY(weir_call_fail(call, out, row, err, "%s", why));
        else
            WEIR_TRY(weir_text_put(&t, row, text.data ? text.data : "", text.size, err));
    }
out:
    weir_buf_clear(&text);
    return status;
}

static weir_status all_text(weir_prepare *p, weir_error *err) {
    for (uint32_t i = 0; i < p->n_args; i++) {
        weir_status status = weir_bind_cast(p->binder, p->args[i]->at, p->args[i],
                                            weir_type_of(WEIR_STRING), &p->args[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* ---- the table --------------------------------------------------------------------------------
 */

#define ONE(name, alias, kernel, flags, doc, example, result, duck)                                \
    {                                                                                              \
        {name, alias, name "(string) -> string", "text", 0, doc, example, result, duck}, {         \
            { "s", 's', flags, kernel, NULL }                                                      \
        }                                                                                          \
    }
#define MARK(name, alias, mark, kernel, doc, example, result)                                      \
    {                                                                                              \
        {name,    alias,  name "(string, " mark " string) -> string",                              \
         "text",  0,      doc,                                                                     \
         example, result, "does not exist"},                                                       \
        {                                                                                          \
            { "ss", 's', 0, kernel, NULL }                                                         \
        }                                                                                          \
    }

const weir_function weir_functions_text_more[] = {
    ONE("unaccent", "strip_accents", fn_weir_unaccent, WEIR_K_CAN_FAIL,
        "Latin letters without their marks; ß becomes ss, ø o", "unaccent('Crème brûlée')",
        "Creme brulee", "strip_accents"),
    ONE("slugify", "", fn_slugify, WEIR_K_CAN_FAIL,
        "small letters and digits without accents, one hyphen for everything between",
        "slugify(' Größe & Gewicht! ')", "grosse-gewicht", "does not exist"),
    ONE("normalize_space", "squeeze", fn_normalize_space, WEIR_K_CAN_FAIL,
        "white space at the ends removed, each run of it inside one blank",
        "normalize_space('  a   b ')", "a b", "does not exist"),
    ONE("html_escape", "", fn_html_escape, WEIR_K_CAN_FAIL,
        "the five characters with a meaning in HTML as entities", "html_escape('a < b')",
        "a &lt; b", "does not exist"),
    ONE("html_unescape", "", fn_html_unescape, WEIR_K_CAN_FAIL,
        "entities of HTML 4 and numbered ones as characters; others stay",
        "html_unescape('Fish &amp; chips &#8364; &eacute;')", "Fish & chips € é", "does not exist"),
    ONE("quote_literal", "quote", fn_quote_literal, WEIR_K_CAN_FAIL,
        "in single quotes, quotes in it doubled", "quote_literal('it''s')", "'it''s'",
        "does not exist"),
    ONE("quote_ident", "", fn_quote_ident, WEIR_K_CAN_FAIL,
        "as a name in SQL: in double quotes where it needs them", "quote_ident('Order id')",
        "\"Order id\"", "does not exist"),
    ONE("blank_to_null", "null_if_blank", fn_blank_to_null, 0,
        "null for an empty or blank text, else the text", "blank_to_null('  ')", "null",
        "does not exist"),
    MARK("substring_before", "substr_before", "mark", fn_before,
         "what stands before the first mark; all when there is none",
         "substring_before('a/b/c', '/')", "a"),
    MARK("substring_after", "substr_after", "mark", fn_after,
         "what stands behind the first mark; empty when there is none",
         "substring_after('a/b/c', '/')", "b/c"),
    MARK("substring_before_last", "", "mark", fn_before_last,
         "what stands before the last mark; all when there is none",
         "substring_before_last('a/b/c', '/')", "a/b"),
    MARK("substring_after_last", "", "mark", fn_after_last,
         "what stands behind the last mark; empty when there is none",
         "substring_after_last('a/b/c', '/')", "c"),
    MARK("remove_prefix", "strip_prefix", "prefix", fn_no_prefix, "without this beginning",
         "remove_prefix('www.x.io', 'www.')", "x.io"),
    MARK("remove_suffix", "strip_suffix", "suffix", fn_no_suffix, "without this end",
         "remove_suffix('a.csv', '.csv')", "a"),
    {{"substring_index", "", "substring_index(string, delimiter string, n int64) -> string", "text",
      0, "all before the n-th delimiter; n < 0: all behind the n-th from the end",
      "substring_index('www.x.io', '.', -2)", "x.io", "does not exist"},
     {{"ssi", 's', 0, fn_substring_index, NULL}}},
    {{"zfill", "", "zfill(string, length int64) -> string", "text", 0,
      "zeros at the left, behind a sign, to this many characters; never cut", "zfill('-7', 4)",
      "-007", "does not exist"},
     {{"si", 's', WEIR_K_CAN_FAIL, fn_zfill, NULL}}},
    {{"bit_length", "", "bit_length(string|binary) -> int64", "text", 0, "number of bits",
      "bit_length('größe')", "56", ""},
     {{"S", 'i', 0, fn_bit_length, NULL}}},
    {{"substr_count", "count_matches", "substr_count(string, part string) -> int64", "text", 0,
      "how often part occurs, without overlap", "substr_count('banana', 'an')", "2",
      "does not exist"},
     {{"ss", 'i', 0, fn_count, NULL}}},
    {{"format", "", "format(format string, any, ...) -> string", "text", 0,
      "%s the next argument (null: nothing), %L in single quotes, %I in double quotes, %2$s the "
      "second, %% a percent sign; in a format without % also {} and {0}",
      "format('%s of %s, %2$L', 3, 'it''s')", "3 of it's, 'it''s'", "means fmt's {} only"},
     {{"sx*", 's', WEIR_K_CAN_FAIL | WEIR_K_NULLS, fn_format, all_text}}},
    {.info = {.name = NULL}}};
