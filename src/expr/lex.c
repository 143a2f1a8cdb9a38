#include "expr/lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

weir_status weir_expr_fault(weir_error *err, uint32_t offset, const char *fmt, ...) {
    char message[sizeof(err->message)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    weir_error_set(err, WEIR_USAGE, "%s", message);
    weir_error_at(err, NULL, 0, (int64_t)offset + 1);
    if (err) err->column = (int64_t)offset + 1;
    return WEIR_USAGE;
}

bool weir_token_is(const weir_token *t, const char *word) {
    return t->kind == WEIR_T_WORD && strlen(word) == t->size &&
           strncasecmp(t->text, word, t->size) == 0;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}
static bool is_word(char c) {
    return is_word_start(c) || is_digit(c) || c == '$';
}

/* Character i bytes ahead, NUL at the end. */
static char peek(const weir_lexer *l, uint32_t i) {
    return l->size - l->at > i ? l->text[l->at + i] : '\0';
}

static weir_status skip_space(weir_lexer *l, weir_error *err) {
    for (;;) {
        while (l->at < l->size && is_space(l->text[l->at])) l->at++;
        if (peek(l, 0) == '-' && peek(l, 1) == '-') {
            while (l->at < l->size && l->text[l->at] != '\n') l->at++;
        } else if (peek(l, 0) == '/' && peek(l, 1) == '*') {
            uint32_t begin = l->at;
            l->at += 2;
            while (l->at < l->size && !(peek(l, 0) == '*' && peek(l, 1) == '/')) l->at++;
            if (l->at >= l->size)
                return weir_expr_fault(err, begin, "the comment that starts here has no end");
            l->at += 2;
        } else {
            return WEIR_OK;
        }
    }
}

/* 'text' or "name": the quote doubled stands for itself. */
static weir_status lex_quoted(weir_lexer *l, char quote, weir_token *t, weir_error *err) {
    uint32_t i = l->at + 1, doubled = 0;
    for (;; i++) {
        if (i >= l->size) {
            weir_expr_fault(err, l->at, "the %s that starts here has no closing %c",
                            quote == '\'' ? "text" : "name", quote);
            weir_error_hint(err, "close it; inside, write %c%c for one %c", quote, quote, quote);
            return WEIR_USAGE;
        }
        if (l->text[i] != quote) continue;
        if (i + 1 >= l->size || l->text[i + 1] != quote) break;
        i++;
        doubled++;
    }
    uint32_t raw = i - l->at - 1;
    t->kind = quote == '\'' ? WEIR_T_STRING : WEIR_T_QUOTED;
    t->text = l->text + l->at + 1;
    t->size = raw;
    if (doubled) {
        char *copy = weir_arena_alloc(l->arena, raw + 1);
        if (!copy) return weir_error_nomem(err);
        uint32_t n = 0;
        for (uint32_t k = 0; k < raw; k++) {
            copy[n++] = t->text[k];
            if (t->text[k] == quote) k++;
        }
        copy[n] = '\0';
        t->text = copy;
        t->size = n;
    }
    if (t->kind == WEIR_T_QUOTED && t->size == 0)
        return weir_expr_fault(err, l->at, "\"\" names no column");
    l->at = i + 1;
    return WEIR_OK;
}

/* Digits with single underscores between them; true when there was at least one. */
static bool skip_digits(weir_lexer *l, bool *underscores) {
    uint32_t begin = l->at;
    while (is_digit(peek(l, 0)) || (peek(l, 0) == '_' && l->at > begin && is_digit(peek(l, 1)))) {
        if (peek(l, 0) == '_') *underscores = true;
        l->at++;
    }
    return l->at > begin;
}

static weir_status lex_number(weir_lexer *l, weir_token *t, weir_error *err) {
    uint32_t begin = l->at;
    bool underscores = false;
    t->kind = WEIR_T_INT;
    skip_digits(l, &underscores);
    if (peek(l, 0) == '.') {
        t->kind = WEIR_T_DECIMAL;
        l->at++;
        skip_digits(l, &underscores);
    }
    if (peek(l, 0) == 'e' || peek(l, 0) == 'E') {
        t->kind = WEIR_T_FLOAT;
        l->at++;
        if (peek(l, 0) == '+' || peek(l, 0) == '-') l->at++;
        if (!skip_digits(l, &underscores))
            return weir_expr_fault(err, begin, "the number has no digits after its e");
    }
    if (is_word(peek(l, 0))) {
        weir_expr_fault(err, begin, "a number is followed directly by %c", peek(l, 0));
        weir_error_hint(err, "a column whose name starts with a digit is written in double quotes");
        return WEIR_USAGE;
    }
    t->text = l->text + begin;
    t->size = l->at - begin;
    if (underscores) {
        char *copy = weir_arena_alloc(l->arena, t->size + 1);
        if (!copy) return weir_error_nomem(err);
        uint32_t n = 0;
        for (uint32_t k = 0; k < t->size; k++)
            if (t->text[k] != '_') copy[n++] = t->text[k];
        copy[n] = '\0';
        t->text = copy;
        t->size = n;
    }
    return WEIR_OK;
}

typedef struct spelling {
    const char *text;
    weir_token_kind kind;
    weir_expr_op op;
    const char *hint; /* not a token of the language: what to write */
} spelling;

/* Longest first. */
static const spelling spellings[] = {
    {"!~*", WEIR_T_OPERATOR, WEIR_X_NIMATCH, NULL},
    {"->>", WEIR_T_OPERATOR, WEIR_X_JSONTEXT, NULL},
    {"<=>", WEIR_T_END, WEIR_X_NONE, "write: is not distinct from"},
    {"===", WEIR_T_END, WEIR_X_NONE, "write ="},
    {"!==", WEIR_T_END, WEIR_X_NONE, "write <>"},
    {"->", WEIR_T_OPERATOR, WEIR_X_JSON, NULL},
    {"!~", WEIR_T_OPERATOR, WEIR_X_NMATCH, NULL},
    {"~*", WEIR_T_OPERATOR, WEIR_X_IMATCH, NULL},
    {"<>", WEIR_T_OPERATOR, WEIR_X_NE, NULL},
    {"!=", WEIR_T_OPERATOR, WEIR_X_NE, NULL},
    {"<=", WEIR_T_OPERATOR, WEIR_X_LE, NULL},
    {">=", WEIR_T_OPERATOR, WEIR_X_GE, NULL},
    {"<<", WEIR_T_OPERATOR, WEIR_X_SHL, NULL},
    {">>", WEIR_T_OPERATOR, WEIR_X_SHR, NULL},
    {"||", WEIR_T_CONCAT, WEIR_X_NONE, NULL},
    {"::", WEIR_T_COLONS, WEIR_X_NONE, NULL},
    {"==", WEIR_T_END, WEIR_X_NONE, "write ="},
    {"&&", WEIR_T_END, WEIR_X_NONE, "write and"},
    {"**", WEIR_T_END, WEIR_X_NONE, "write power(a, b) or a ^ b"},
    {"//", WEIR_T_END, WEIR_X_NONE, "write div(a, b)"},
    {"=", WEIR_T_OPERATOR, WEIR_X_EQ, NULL},
    {"<", WEIR_T_OPERATOR, WEIR_X_LT, NULL},
    {">", WEIR_T_OPERATOR, WEIR_X_GT, NULL},
    {"+", WEIR_T_OPERATOR, WEIR_X_ADD, NULL},
    {"-", WEIR_T_OPERATOR, WEIR_X_SUB, NULL},
    {"*", WEIR_T_OPERATOR, WEIR_X_MUL, NULL},
    {"/", WEIR_T_OPERATOR, WEIR_X_DIV, NULL},
    {"%", WEIR_T_OPERATOR, WEIR_X_MOD, NULL},
    {"^", WEIR_T_OPERATOR, WEIR_X_POW, NULL},
    {"~", WEIR_T_OPERATOR, WEIR_X_MATCH, NULL},
    {"&", WEIR_T_OPERATOR, WEIR_X_BITAND, NULL},
    {"|", WEIR_T_OPERATOR, WEIR_X_BITOR, NULL},
    {"#", WEIR_T_OPERATOR, WEIR_X_BITXOR, NULL},
    {"(", WEIR_T_OPEN, WEIR_X_NONE, NULL},
    {")", WEIR_T_CLOSE, WEIR_X_NONE, NULL},
    {"[", WEIR_T_INDEX, WEIR_X_NONE, NULL},
    {"]", WEIR_T_UNINDEX, WEIR_X_NONE, NULL},
    {",", WEIR_T_COMMA, WEIR_X_NONE, NULL},
    {".", WEIR_T_DOT, WEIR_X_NONE, NULL},
    {"!", WEIR_T_END, WEIR_X_NONE, "write not"},
    {"?", WEIR_T_END, WEIR_X_NONE, "write case when condition then a else b end"},
    {";", WEIR_T_END, WEIR_X_NONE, "an expression is one value; leave the ; out"},
    {"`", WEIR_T_END, WEIR_X_NONE, "write a column's name in double quotes"},
    {"{", WEIR_T_END, WEIR_X_NONE, "placeholders stand in paths, not in expressions"},
};

static weir_status lex_operator(weir_lexer *l, weir_token *t, weir_error *err) {
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        const spelling *s = &spellings[i];
        uint32_t n = (uint32_t)strlen(s->text);
        if (l->size - l->at < n || memcmp(l->text + l->at, s->text, n) != 0) continue;
        if (s->hint) {
            weir_expr_fault(err, l->at, "%s is not an operator here", s->text);
            weir_error_hint(err, "%s", s->hint);
            return WEIR_USAGE;
        }
        t->kind = s->kind;
        t->op = s->op;
        t->text = l->text + l->at;
        t->size = n;
        l->at += n;
        return WEIR_OK;
    }
    unsigned char c = (unsigned char)l->text[l->at];
    if (c < 0x20 || c == 0x7f)
        return weir_expr_fault(err, l->at, "byte 0x%02x does not belong in an expression", c);
    return weir_expr_fault(err, l->at, "%c does not belong in an expression", c);
}

weir_status weir_lex_next(weir_lexer *l, weir_token *out, weir_error *err) {
    weir_token t = {0};
    weir_status status = skip_space(l, err);
    if (status != WEIR_OK) return status;
    t.begin = l->at;
    char c = peek(l, 0);
    if (l->at >= l->size) {
        t.kind = WEIR_T_END;
        t.text = "";
    } else if (c == '\'' || c == '"') {
        status = lex_quoted(l, c, &t, err);
    } else if (is_digit(c) || (c == '.' && is_digit(peek(l, 1)))) {
        status = lex_number(l, &t, err);
    } else if (is_word_start(c)) {
        while (l->at < l->size && is_word(l->text[l->at])) l->at++;
        t.kind = WEIR_T_WORD;
        t.text = l->text + t.begin;
        t.size = l->at - t.begin;
    } else {
        status = lex_operator(l, &t, err);
    }
    if (status != WEIR_OK) return status;
    t.end = l->at;
    *out = t;
    return WEIR_OK;
}
