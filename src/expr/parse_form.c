/* The parser's other half: what begins with a word. */
#include "expr/parse.h"

#include <strings.h>

static const char *const reserved[] = {
    "and", "as",     "between", "case", "distinct", "else", "end", "false", "ilike", "in",
    "is",  "isnull", "like",    "not",  "notnull",  "null", "or",  "then",  "true",  "when"};

bool weir_expr_is_reserved(const char *word, size_t size) {
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strlen(reserved[i]) == size && strncasecmp(reserved[i], word, size) == 0) return true;
    return false;
}

/* A call of a function by name; the parser makes these for extract, substring and the like too. */
static weir_status make_call(weir_parser *p, const char *name, uint32_t begin,
                             const weir_parser_list *list, const weir_expr **out, weir_error *err) {
    weir_expr *e = NULL;
    weir_status status = weir_parser_node(p, WEIR_E_CALL, begin, list->items, list->n, &e, err);
    if (status != WEIR_OK) return status;
    e->text = name;
    e->text_size = (uint32_t)strlen(name);
    *out = e;
    return WEIR_OK;
}

/* ---- types --------------------------------------------------------------------------------- */

static bool word_at(const char *text, uint32_t *at, const char *word) {
    uint32_t i = *at;
    while (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') i++;
    size_t n = strlen(word);
    if (strncasecmp(text + i, word, n) != 0) return false;
    char c = text[i + n];
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9'))
        return false;
    *at = i + (uint32_t)n;
    return true;
}

/* Skips (...) or <...> with what is nested in it; false when it has no end. */
static bool skip_bracket(const char *text, uint32_t *at) {
    int depth = 0;
    for (uint32_t i = *at; text[i]; i++) {
        if (text[i] == '(' || text[i] == '<') depth++;
        if ((text[i] == ')' || text[i] == '>') && --depth == 0) {
            *at = i + 1;
            return true;
        }
    }
    return false;
}

/* The SQL spellings of more than one word, and what weir calls them. */
static const struct {
    const char *words[4];
    const char *name;
} long_types[] = {
    {{"double", "precision"}, "float64"},
    {{"character", "varying"}, "string"},
    {{"timestamp", "with", "time", "zone"}, "timestamptz"},
    {{"timestamp", "without", "time", "zone"}, "timestamp"},
    {{"time", "without", "time", "zone"}, "time"},
};

weir_status weir_parser_type(weir_parser *p, const weir_type **out, weir_error *err) {
    if (p->now.kind != WEIR_T_WORD) {
        weir_parser_expected(p, err, "a type");
        weir_error_hint(err, "such as int64, decimal(10,2), string, date, timestamptz");
        return WEIR_USAGE;
    }
    uint32_t begin = p->now.begin, end = p->now.end;
    const char *name = NULL;
    for (size_t i = 0; i < sizeof long_types / sizeof *long_types && !name; i++) {
        uint32_t at = begin;
        int k = 0;
        while (k < 4 && long_types[i].words[k] && word_at(p->text, &at, long_types[i].words[k]))
            k++;
        if (k == 4 || !long_types[i].words[k]) {
            name = long_types[i].name;
            end = at;
        }
    }
    if (!name) {
        uint32_t at = end;
        bool nested = weir_token_is(&p->now, "list") || weir_token_is(&p->now, "struct") ||
                      weir_token_is(&p->now, "map");
        while (p->text[at] == ' ') at++;
        if (p->text[at] == '(' || (p->text[at] == '<' && nested)) {
            if (!skip_bracket(p->text, &at))
                return weir_expr_fault(err, at, "the type's %c is never closed", p->text[at]);
            end = at;
        }
        name = weir_arena_strndup(p->arena, p->text + begin, end - begin);
        if (!name) return weir_error_nomem(err);
    }
    weir_error inner = {0};
    weir_status status = weir_type_parse(name, out, &inner);
    if (status != WEIR_OK) {
        int64_t column = inner.column > 0 ? inner.column : 1;
        if (err) *err = inner;
        if (status == WEIR_RESOURCE) return status;
        if (err) {
            err->status = WEIR_USAGE;
            err->line = 0;
            err->column = begin + column;
        }
        return WEIR_USAGE;
    }
    /* Go on behind the type's text. */
    p->last_end = end;
    p->lexer.at = end;
    status = weir_lex_next(&p->lexer, &p->now, err);
    if (status == WEIR_OK) status = weir_lex_next(&p->lexer, &p->next, err);
    p->last_end = end;
    return status;
}

/* ---- forms with words inside ---------------------------------------------------------------- */

/* cast(x as type), try_cast(x as type); the name and ( are taken. */
static weir_status parse_cast(weir_parser *p, uint32_t begin, uint8_t flags, const weir_expr **out,
                              weir_error *err) {
    weir_status status = WEIR_OK;
    weir_parser_list list = {0};
    const weir_expr *a = NULL;
    const weir_type *type = NULL;
    weir_expr *e = NULL;
    WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &a, err));
    WEIR_TRY(weir_parser_push(p, &list, a, err));
    if (!weir_token_is(&p->now, "as")) {
        weir_parser_expected(p, err, "as and a type");
        weir_error_hint(err, "write cast(x as int64)");
        return WEIR_USAGE;
    }
    WEIR_TRY(weir_parser_advance(p, err));
    WEIR_TRY(weir_parser_type(p, &type, err));
    WEIR_TRY(weir_parser_take(p, WEIR_T_CLOSE, ") after the type", err));
    WEIR_TRY(weir_parser_node(p, WEIR_E_CAST, begin, list.items, 1, &e, err));
    e->type = type;
    e->flags |= flags;
    *out = e;
out:
    return status;
}

/* A text literal made by the parser: the field of extract. */
static weir_status word_literal(weir_parser *p, weir_parser_list *list, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_token t = p->now;
    weir_expr *e = NULL;
    if (t.kind != WEIR_T_WORD && t.kind != WEIR_T_STRING)
        return weir_parser_expected(p, err, "a part such as year, month or hour");
    WEIR_TRY(weir_parser_advance(p, err));
    WEIR_TRY(weir_parser_node(p, WEIR_E_STRING, t.begin, NULL, 0, &e, err));
    e->text = t.text;
    e->text_size = t.size;
    WEIR_TRY(weir_parser_push(p, list, e, err));
out:
    return status;
}

/* extract(year from x) */
static weir_status parse_extract(weir_parser *p, uint32_t begin, const weir_expr **out,
                                 weir_error *err) {
    weir_status status = WEIR_OK;
    weir_parser_list list = {0};
    const weir_expr *a = NULL;
    WEIR_TRY(word_literal(p, &list, err));
    WEIR_TRY(weir_parser_take_word(p, "from", err));
    WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &a, err));
    WEIR_TRY(weir_parser_push(p, &list, a, err));
    WEIR_TRY(weir_parser_take(p, WEIR_T_CLOSE, ")", err));
    WEIR_TRY(make_call(p, "date_part", begin, &list, out, err));
out:
    return status;
}

/* substring(x from a [for b]), substring(x, a [, b]); overlay(x placing y from a [for b]) */
static weir_status parse_from_for(weir_parser *p, uint32_t begin, const char *name,
                                  const weir_expr **out, weir_error *err) {
    static const char *const words[] = {"placing", "from", "for"};
    weir_status status = WEIR_OK;
    weir_parser_list list = {0};
    for (;;) {
        const weir_expr *a = NULL;
        WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &a, err));
        WEIR_TRY(weir_parser_push(p, &list, a, err));
        bool more = p->now.kind == WEIR_T_COMMA;
        for (int i = 0; i < 3; i++) more = more || weir_token_is(&p->now, words[i]);
        if (!more) break;
        if (list.n == 1 && weir_token_is(&p->now, "for") && strcmp(name, "substr") == 0) {
            /* substring(x for n) begins at the first character. */
            weir_expr *one = NULL;
            WEIR_TRY(weir_parser_node(p, WEIR_E_INT, p->now.begin, NULL, 0, &one, err));
            one->text = "1";
            one->text_size = 1;
            WEIR_TRY(weir_parser_push(p, &list, one, err));
        }
        WEIR_TRY(weir_parser_advance(p, err));
    }
    WEIR_TRY(weir_parser_take(p, WEIR_T_CLOSE, ", from, for or )", err));
    WEIR_TRY(make_call(p, name, begin, &list, out, err));
out:
    return status;
}

/* position(a in b), position(a, b): strpos(b, a) */
static weir_status parse_position(weir_parser *p, uint32_t begin, const weir_expr **out,
                                  weir_error *err) {
    weir_status status = WEIR_OK;
    weir_parser_list list = {0};
    const weir_expr *a = NULL, *b = NULL;
    WEIR_TRY(weir_parser_expr(p, WEIR_P_RANGE, &a, err));
    if (p->now.kind != WEIR_T_COMMA && !weir_token_is(&p->now, "in"))
        return weir_parser_expected(p, err, "in, as in position('@' in email)");
    WEIR_TRY(weir_parser_advance(p, err));
    WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &b, err));
    WEIR_TRY(weir_parser_take(p, WEIR_T_CLOSE, ")", err));
    WEIR_TRY(weir_parser_push(p, &list, b, err));
    WEIR_TRY(weir_parser_push(p, &list, a, err));
    WEIR_TRY(make_call(p, "strpos", begin, &list, out, err));
out:
    return status;
}

/* trim([both|leading|trailing] [chars] [from] x), trim(x [, chars]) */
static weir_status parse_trim(weir_parser *p, uint32_t begin, const weir_expr **out,
                              weir_error *err) {
    weir_status status = WEIR_OK;
    weir_parser_list list = {0};
    const char *name = "trim";
    const weir_expr *a = NULL, *b = NULL;
    bool sided = true;
    bool word = p->next.kind != WEIR_T_CLOSE && p->next.kind != WEIR_T_COMMA;
    if (word && weir_token_is(&p->now, "both"))
        name = "trim";
    else if (word && weir_token_is(&p->now, "leading"))
        name = "ltrim";
    else if (word && weir_token_is(&p->now, "trailing"))
        name = "rtrim";
    else
        sided = false;
    if (sided) WEIR_TRY(weir_parser_advance(p, err));
    if (sided && weir_token_is(&p->now, "from")) WEIR_TRY(weir_parser_advance(p, err));
    WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &a, err));
    if (weir_token_is(&p->now, "from")) {
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &b, err));
        const weir_expr *swap = a;
        a = b;
        b = swap;
    } else if (p->now.kind == WEIR_T_COMMA) {
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &b, err));
    }
    WEIR_TRY(weir_parser_take(p, WEIR_T_CLOSE, ")", err));
    WEIR_TRY(weir_parser_push(p, &list, a, err));
    if (b) WEIR_TRY(weir_parser_push(p, &list, b, err));
    WEIR_TRY(make_call(p, name, begin, &list, out, err));
out:
    return status;
}

/* case [x] when a then b ... [else c] end */
static weir_status parse_case(weir_parser *p, const weir_expr **out, weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t begin = p->now.begin;
    weir_parser_list list = {0};
    const weir_expr *a = NULL;
    uint8_t flags = 0;
    WEIR_TRY(weir_parser_advance(p, err));
    if (!weir_token_is(&p->now, "when")) {
        flags |= WEIR_E_OPERAND;
        WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &a, err));
        WEIR_TRY(weir_parser_push(p, &list, a, err));
    }
    do {
        WEIR_TRY(weir_parser_take_word(p, "when", err));
        WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &a, err));
        WEIR_TRY(weir_parser_push(p, &list, a, err));
        WEIR_TRY(weir_parser_take_word(p, "then", err));
        WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &a, err));
        WEIR_TRY(weir_parser_push(p, &list, a, err));
    } while (weir_token_is(&p->now, "when"));
    if (weir_token_is(&p->now, "else")) {
        flags |= WEIR_E_ELSE;
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &a, err));
        WEIR_TRY(weir_parser_push(p, &list, a, err));
    }
    if (!weir_token_is(&p->now, "end"))
        return weir_parser_expected(p, err, "when, else or end in this case");
    WEIR_TRY(weir_parser_advance(p, err));
    weir_expr *e = NULL;
    WEIR_TRY(weir_parser_node(p, WEIR_E_CASE, begin, list.items, list.n, &e, err));
    e->flags |= flags;
    *out = e;
out:
    return status;
}

/* name(arguments); the name is at hand, ( next. */
static weir_status parse_call(weir_parser *p, const weir_expr **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_token t = p->now;
    WEIR_TRY(weir_parser_advance(p, err));
    WEIR_TRY(weir_parser_advance(p, err));
    if (weir_token_is(&t, "cast")) return parse_cast(p, t.begin, 0, out, err);
    if (weir_token_is(&t, "try_cast")) return parse_cast(p, t.begin, WEIR_E_TRYCAST, out, err);
    if (weir_token_is(&t, "extract")) return parse_extract(p, t.begin, out, err);
    if (p->now.kind != WEIR_T_CLOSE) {
        if (weir_token_is(&t, "substring")) return parse_from_for(p, t.begin, "substr", out, err);
        if (weir_token_is(&t, "overlay")) return parse_from_for(p, t.begin, "overlay", out, err);
        if (weir_token_is(&t, "position")) return parse_position(p, t.begin, out, err);
        if (weir_token_is(&t, "trim")) return parse_trim(p, t.begin, out, err);
    }
    char *name = weir_arena_strndup(p->arena, t.text, t.size);
    if (!name) return weir_error_nomem(err);
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    weir_parser_list list = {0};
    if (p->now.kind == WEIR_T_OPERATOR && p->now.op == WEIR_X_MUL) {
        weir_expr_fault(err, t.begin, "%s(*) counts rows, but an expression sees one record", name);
        weir_error_hint(err, "use an aggregate step or a quality metric");
        return WEIR_USAGE;
    }
    WEIR_TRY(weir_parser_arguments(p, &list, ", or ) after the argument", err));
    if (weir_token_is(&t, "try")) {
        weir_expr *e = NULL;
        if (list.n != 1) return weir_expr_fault(err, t.begin, "try takes one expression");
        WEIR_TRY(weir_parser_node(p, WEIR_E_TRY, t.begin, list.items, 1, &e, err));
        *out = e;
        return WEIR_OK;
    }
    WEIR_TRY(make_call(p, name, t.begin, &list, out, err));
out:
    return status;
}

/* date '2024-01-01' and the like: the type's word is at hand, a text next. */
static weir_status parse_typed(weir_parser *p, const weir_type *type, const weir_expr **out,
                               weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t begin = p->now.begin;
    weir_expr *e = NULL;
    WEIR_TRY(weir_parser_advance(p, err));
    weir_token t = p->now;
    WEIR_TRY(weir_parser_advance(p, err));
    WEIR_TRY(weir_parser_node(p, WEIR_E_TYPED, begin, NULL, 0, &e, err));
    e->type = type;
    e->text = t.text;
    e->text_size = t.size;
    *out = e;
out:
    return status;
}

static const struct {
    const char *word;
    weir_type_id id;
} literal_types[] = {
    {"date", WEIR_DATE},           {"time", WEIR_TIME},
    {"timestamp", WEIR_TIMESTAMP}, {"timestamptz", WEIR_TIMESTAMPTZ},
    {"interval", WEIR_INTERVAL},   {"uuid", WEIR_UUID},
    {"json", WEIR_JSON},
};

weir_status weir_parser_word(weir_parser *p, const weir_expr **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_token t = p->now;
    weir_expr *e = NULL;
    if (weir_token_is(&t, "case")) return parse_case(p, out, err);
    bool yes = weir_token_is(&t, "true"), no = weir_token_is(&t, "false");
    if (yes || no || weir_token_is(&t, "null")) {
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(
            weir_parser_node(p, yes || no ? WEIR_E_BOOL : WEIR_E_NULL, t.begin, NULL, 0, &e, err));
        e->op = yes;
        *out = e;
        return WEIR_OK;
    }
    if (weir_expr_is_reserved(t.text, t.size)) {
        weir_parser_expected(p, err, "a value");
        weir_error_hint(err, "if a column is called so, write it in double quotes");
        return WEIR_USAGE;
    }
    if (p->next.kind == WEIR_T_OPEN) return parse_call(p, out, err);
    if (p->next.kind == WEIR_T_STRING)
        for (size_t i = 0; i < sizeof literal_types / sizeof *literal_types; i++)
            if (weir_token_is(&t, literal_types[i].word))
                return parse_typed(p, weir_type_of(literal_types[i].id), out, err);
    WEIR_TRY(weir_parser_advance(p, err));
    WEIR_TRY(weir_parser_node(p, WEIR_E_COLUMN, t.begin, NULL, 0, &e, err));
    e->text = weir_arena_strndup(p->arena, t.text, t.size); /* terminated: visitors get it */
    if (!e->text) WEIR_TRY(weir_error_nomem(err));
    e->text_size = t.size;
    *out = e;
out:
    return status;
}
