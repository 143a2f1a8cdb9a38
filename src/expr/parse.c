/* A Pratt parser: every operator has a strength, an operand takes what binds tighter. */
#include "expr/parse.h"

#include <strings.h>
#include "text/utf8.h"

/* ---- tokens -------------------------------------------------------------------------------- */

weir_status weir_parser_advance(weir_parser *p, weir_error *err) {
    p->last_end = p->now.end;
    p->now = p->next;
    return weir_lex_next(&p->lexer, &p->next, err);
}

weir_status weir_parser_expected(weir_parser *p, weir_error *err, const char *what) {
    const weir_token *t = &p->now;
    if (t->kind == WEIR_T_END)
        return weir_expr_fault(err, t->begin, "expected %s, but the expression ends here", what);
    weir_slice s = {p->text + t->begin, t->end - t->begin};
    if (s.size > 40) s.size = 40;
    s.size = (size_t)weir_clip(s);
    return weir_expr_fault(err, t->begin, "expected %s, found %.*s", what, (int)s.size, s.data);
}

weir_status weir_parser_take(weir_parser *p, weir_token_kind kind, const char *what,
                             weir_error *err) {
    if (p->now.kind != kind) return weir_parser_expected(p, err, what);
    return weir_parser_advance(p, err);
}

weir_status weir_parser_take_word(weir_parser *p, const char *word, weir_error *err) {
    if (!weir_token_is(&p->now, word)) return weir_parser_expected(p, err, word);
    return weir_parser_advance(p, err);
}

/* ---- nodes --------------------------------------------------------------------------------- */

weir_status weir_parser_push(weir_parser *p, weir_parser_list *list, const weir_expr *item,
                             weir_error *err) {
    if (list->n >= WEIR_EXPR_MAX_ITEMS)
        return weir_expr_fault(err, item->begin, "more than %d items in one list",
                               WEIR_EXPR_MAX_ITEMS);
    if (list->n == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 4;
        const weir_expr **items = weir_arena_alloc(p->arena, capacity * sizeof *items);
        if (!items) return weir_error_nomem(err);
        if (list->n) memcpy(items, list->items, list->n * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n++] = item;
    return WEIR_OK;
}

weir_status weir_parser_node(weir_parser *p, weir_expr_kind kind, uint32_t begin,
                             const weir_expr **args, uint32_t n, weir_expr **out, weir_error *err) {
    uint32_t depth = 0;
    for (uint32_t i = 0; i < n; i++)
        if (args[i]->depth > depth) depth = args[i]->depth;
    if (depth + 1 > WEIR_EXPR_MAX_DEPTH)
        return weir_expr_fault(err, begin, "the expression nests deeper than %d levels",
                               WEIR_EXPR_MAX_DEPTH);
    if (++p->n_nodes > WEIR_EXPR_MAX_NODES)
        return weir_expr_fault(err, begin, "the expression has more than %d parts",
                               WEIR_EXPR_MAX_NODES);
    weir_expr *e = weir_arena_zero(p->arena, 1, sizeof *e);
    if (!e) return weir_error_nomem(err);
    e->kind = (uint8_t)kind;
    e->depth = (uint16_t)(depth + 1);
    e->begin = begin;
    e->end = p->last_end;
    e->source = p->text;
    e->text = "";
    e->args = args;
    e->n = n;
    *out = e;
    return WEIR_OK;
}

/* A node over up to three arguments. */
static weir_status node_of(weir_parser *p, weir_expr_kind kind, uint32_t begin, const weir_expr *a,
                           const weir_expr *b, const weir_expr *c, weir_expr **out,
                           weir_error *err) {
    uint32_t n = a ? b ? c ? 3 : 2 : 1 : 0;
    const weir_expr **args = NULL;
    if (n) {
        args = weir_arena_alloc(p->arena, 3 * sizeof *args);
        if (!args) return weir_error_nomem(err);
        args[0] = a;
        args[1] = b;
        args[2] = c;
    }
    return weir_parser_node(p, kind, begin, args, n, out, err);
}

/* ---- operands ------------------------------------------------------------------------------ */

static weir_status parse_literal(weir_parser *p, weir_expr_kind kind, const weir_expr **out,
                                 weir_error *err) {
    weir_token t = p->now;
    weir_expr *e = NULL;
    weir_status status = weir_parser_advance(p, err);
    if (status == WEIR_OK) status = weir_parser_node(p, kind, t.begin, NULL, 0, &e, err);
    if (status != WEIR_OK) return status;
    e->text = t.text;
    e->text_size = t.size;
    *out = e;
    if (kind != WEIR_E_COLUMN) return WEIR_OK;
    e->flags |= WEIR_E_QUOTED;
    e->text = weir_arena_strndup(p->arena, t.text, t.size); /* names are terminated */
    return e->text ? WEIR_OK : weir_error_nomem(err);
}

/* ~x takes what binds tighter than the operators of bits, as PostgreSQL has it: ~ a + b is
 * ~ (a + b), ~ a & b is (~ a) & b. */
static weir_status parse_bit_not(weir_parser *p, const weir_expr **out, weir_error *err) {
    uint32_t begin = p->now.begin;
    const weir_expr *a = NULL;
    weir_expr *e = NULL;
    weir_status status = weir_parser_advance(p, err);
    if (status == WEIR_OK) status = weir_parser_expr(p, WEIR_P_OTHER, &a, err);
    if (status == WEIR_OK) status = node_of(p, WEIR_E_UNARY, begin, a, NULL, NULL, &e, err);
    if (status != WEIR_OK) return status;
    e->op = WEIR_X_BITNOT;
    *out = e;
    return WEIR_OK;
}

/* A sign before a number belongs to the number, so that -9223372036854775808 is an int64. */
static weir_status parse_sign(weir_parser *p, const weir_expr **out, weir_error *err) {
    weir_token sign = p->now;
    weir_status status = weir_parser_advance(p, err);
    const weir_expr *a = NULL;
    weir_expr *e = NULL;
    if (status == WEIR_OK) status = weir_parser_expr(p, WEIR_P_UNARY - 1, &a, err);
    if (status != WEIR_OK) return status;
    bool number = a->kind == WEIR_E_INT || a->kind == WEIR_E_DECIMAL || a->kind == WEIR_E_FLOAT;
    if (sign.op == WEIR_X_SUB && number && !(a->flags & WEIR_E_PAREN) && a->text[0] != '-') {
        char *text = weir_arena_alloc(p->arena, (size_t)a->text_size + 2);
        if (!text) return weir_error_nomem(err);
        text[0] = '-';
        memcpy(text + 1, a->text, a->text_size);
        text[a->text_size + 1] = '\0';
        status = weir_parser_node(p, (weir_expr_kind)a->kind, sign.begin, NULL, 0, &e, err);
        if (status != WEIR_OK) return status;
        e->text = text;
        e->text_size = a->text_size + 1;
        *out = e;
        return WEIR_OK;
    }
    status = node_of(p, WEIR_E_UNARY, sign.begin, a, NULL, NULL, &e, err);
    if (status != WEIR_OK) return status;
    e->op = sign.op == WEIR_X_SUB ? WEIR_X_NEG : WEIR_X_PLUS;
    *out = e;
    return WEIR_OK;
}

static weir_status parse_parens(weir_parser *p, const weir_expr **out, weir_error *err) {
    weir_token open = p->now;
    weir_status status = WEIR_OK;
    const weir_expr *a = NULL;
    WEIR_TRY(weir_parser_advance(p, err));
    WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &a, err));
    if (p->now.kind == WEIR_T_COMMA) {
        weir_expr_fault(err, p->now.begin, "a list stands only after in");
        return WEIR_USAGE;
    }
    if (p->now.kind != WEIR_T_CLOSE) {
        weir_parser_expected(p, err, ")");
        weir_error_hint(err, "the ( at %u is still open", open.begin + 1);
        return WEIR_USAGE;
    }
    WEIR_TRY(weir_parser_advance(p, err));
    weir_expr *copy = weir_arena_alloc(p->arena, sizeof *copy);
    if (!copy) return weir_error_nomem(err);
    *copy = *a;
    copy->flags |= WEIR_E_PAREN;
    copy->begin = open.begin;
    copy->end = p->last_end;
    *out = copy;
out:
    return status;
}

static weir_status parse_prefix(weir_parser *p, const weir_expr **out, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_expr *a = NULL;
    weir_expr *e = NULL;
    weir_token t = p->now;
    switch (t.kind) {
    case WEIR_T_INT: return parse_literal(p, WEIR_E_INT, out, err);
    case WEIR_T_DECIMAL: return parse_literal(p, WEIR_E_DECIMAL, out, err);
    case WEIR_T_FLOAT: return parse_literal(p, WEIR_E_FLOAT, out, err);
    case WEIR_T_STRING: return parse_literal(p, WEIR_E_STRING, out, err);
    case WEIR_T_QUOTED: return parse_literal(p, WEIR_E_COLUMN, out, err);
    case WEIR_T_OPEN: return parse_parens(p, out, err);
    case WEIR_T_OPERATOR:
        if (t.op == WEIR_X_SUB || t.op == WEIR_X_ADD) return parse_sign(p, out, err);
        if (t.op == WEIR_X_MATCH) return parse_bit_not(p, out, err);
        return weir_parser_expected(p, err, "a value");
    case WEIR_T_WORD:
        if (!weir_token_is(&t, "not")) return weir_parser_word(p, out, err);
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(weir_parser_expr(p, WEIR_P_NOT - 1, &a, err));
        WEIR_TRY(node_of(p, WEIR_E_NOT, t.begin, a, NULL, NULL, &e, err));
        *out = e;
        return WEIR_OK;
    default: return weir_parser_expected(p, err, "a value");
    }
out:
    return status;
}

/* ---- operators ----------------------------------------------------------------------------- */

weir_status weir_parser_arguments(weir_parser *p, weir_parser_list *list, const char *what,
                                  weir_error *err) {
    weir_status status = WEIR_OK;
    if (p->now.kind == WEIR_T_CLOSE) return weir_parser_advance(p, err);
    for (;;) {
        const weir_expr *a = NULL;
        WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &a, err));
        WEIR_TRY(weir_parser_push(p, list, a, err));
        if (p->now.kind == WEIR_T_CLOSE) return weir_parser_advance(p, err);
        if (p->now.kind != WEIR_T_COMMA) return weir_parser_expected(p, err, what);
        WEIR_TRY(weir_parser_advance(p, err));
    }
out:
    return status;
}

/* and, or, ||: joined into one node with all operands. */
static weir_status parse_chain(weir_parser *p, const weir_expr *left, weir_expr_kind kind,
                               int power, const weir_expr **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_parser_list list = {0};
    weir_token_kind token = p->now.kind;
    const char *word = kind == WEIR_E_AND ? "and" : "or";
    WEIR_TRY(weir_parser_push(p, &list, left, err));
    while (p->now.kind == token && (token == WEIR_T_CONCAT || weir_token_is(&p->now, word))) {
        const weir_expr *right = NULL;
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(weir_parser_expr(p, power, &right, err));
        WEIR_TRY(weir_parser_push(p, &list, right, err));
    }
    weir_expr *e = NULL;
    WEIR_TRY(weir_parser_node(p, kind, left->begin, list.items, list.n, &e, err));
    *out = e;
out:
    return status;
}

static weir_status parse_is(weir_parser *p, const weir_expr *left, const weir_expr **out,
                            weir_error *err) {
    static const char *const words[] = {"null", "true", "false", "unknown"};
    weir_status status = WEIR_OK;
    bool negated = false;
    weir_expr *e = NULL;
    WEIR_TRY(weir_parser_advance(p, err));
    if (weir_token_is(&p->now, "not")) {
        negated = true;
        WEIR_TRY(weir_parser_advance(p, err));
    }
    if (weir_token_is(&p->now, "distinct")) {
        const weir_expr *right = NULL;
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(weir_parser_take_word(p, "from", err));
        WEIR_TRY(weir_parser_expr(p, WEIR_P_IS, &right, err));
        WEIR_TRY(node_of(p, WEIR_E_DISTINCT, left->begin, left, right, NULL, &e, err));
    } else {
        unsigned which = 0;
        while (which < 4 && !weir_token_is(&p->now, words[which])) which++;
        if (which == 4)
            return weir_parser_expected(p, err, "null, true, false or distinct from after is");
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(node_of(p, WEIR_E_IS, left->begin, left, NULL, NULL, &e, err));
        e->op = (uint8_t)which;
    }
    if (negated) e->flags |= WEIR_E_NEGATED;
    *out = e;
out:
    return status;
}

/* What follows [not]: between, in, like, ilike, similar to. */
static weir_status parse_range(weir_parser *p, const weir_expr *left, const weir_expr **out,
                               weir_error *err) {
    weir_status status = WEIR_OK;
    uint8_t flags = 0;
    weir_expr *e = NULL;
    const weir_expr *a = NULL, *b = NULL;
    if (weir_token_is(&p->now, "not")) {
        flags |= WEIR_E_NEGATED;
        WEIR_TRY(weir_parser_advance(p, err));
    }
    if (weir_token_is(&p->now, "in")) {
        weir_parser_list list = {0};
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(weir_parser_take(p, WEIR_T_OPEN, "( after in", err));
        WEIR_TRY(weir_parser_push(p, &list, left, err));
        if (p->now.kind == WEIR_T_CLOSE)
            return weir_expr_fault(err, p->now.begin, "in () has no items");
        WEIR_TRY(weir_parser_arguments(p, &list, ", or ) in the list", err));
        WEIR_TRY(weir_parser_node(p, WEIR_E_IN, left->begin, list.items, list.n, &e, err));
    } else if (weir_token_is(&p->now, "between")) {
        WEIR_TRY(weir_parser_advance(p, err));
        if (weir_token_is(&p->now, "symmetric")) {
            flags |= WEIR_E_SYMMETRIC;
            WEIR_TRY(weir_parser_advance(p, err));
        }
        WEIR_TRY(weir_parser_expr(p, WEIR_P_RANGE, &a, err));
        WEIR_TRY(weir_parser_take_word(p, "and", err));
        WEIR_TRY(weir_parser_expr(p, WEIR_P_RANGE, &b, err));
        WEIR_TRY(node_of(p, WEIR_E_BETWEEN, left->begin, left, a, b, &e, err));
    } else {
        bool similar = weir_token_is(&p->now, "similar");
        if (weir_token_is(&p->now, "ilike")) flags |= WEIR_E_ICASE;
        WEIR_TRY(weir_parser_advance(p, err));
        if (similar) WEIR_TRY(weir_parser_take_word(p, "to", err));
        WEIR_TRY(weir_parser_expr(p, WEIR_P_RANGE, &a, err));
        if (weir_token_is(&p->now, "escape")) {
            WEIR_TRY(weir_parser_advance(p, err));
            WEIR_TRY(weir_parser_expr(p, WEIR_P_RANGE, &b, err));
        }
        WEIR_TRY(node_of(p, WEIR_E_LIKE, left->begin, left, a, b, &e, err));
        e->op = similar;
    }
    e->flags |= flags;
    *out = e;
out:
    return status;
}

/* x::type, x[i], x.name */
static weir_status parse_postfix(weir_parser *p, const weir_expr *left, const weir_expr **out,
                                 weir_error *err) {
    weir_status status = WEIR_OK;
    weir_expr *e = NULL;
    weir_token t = p->now;
    WEIR_TRY(weir_parser_advance(p, err));
    if (t.kind == WEIR_T_COLONS) {
        const weir_type *type = NULL;
        WEIR_TRY(weir_parser_type(p, &type, err));
        WEIR_TRY(node_of(p, WEIR_E_CAST, left->begin, left, NULL, NULL, &e, err));
        e->type = type;
    } else if (t.kind == WEIR_T_INDEX) {
        const weir_expr *index = NULL;
        WEIR_TRY(weir_parser_expr(p, WEIR_P_NONE, &index, err));
        WEIR_TRY(weir_parser_take(p, WEIR_T_UNINDEX, "]", err));
        WEIR_TRY(node_of(p, WEIR_E_INDEX, left->begin, left, index, NULL, &e, err));
    } else {
        weir_token name = p->now;
        if (name.kind != WEIR_T_WORD && name.kind != WEIR_T_QUOTED)
            return weir_parser_expected(p, err, "a field's name after .");
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(node_of(p, WEIR_E_FIELD, left->begin, left, NULL, NULL, &e, err));
        e->text = name.text;
        e->text_size = name.size;
        if (name.kind == WEIR_T_QUOTED) e->flags |= WEIR_E_QUOTED;
    }
    *out = e;
out:
    return status;
}

static weir_status parse_binary(weir_parser *p, const weir_expr *left, const weir_expr **out,
                                weir_error *err) {
    weir_status status = WEIR_OK;
    weir_token t = p->now;
    int power = weir_expr_op_power(t.op);
    const weir_expr *right = NULL;
    weir_expr *e = NULL;
    WEIR_TRY(weir_parser_advance(p, err));
    WEIR_TRY(weir_parser_expr(p, power, &right, err));
    if (power == WEIR_P_COMPARE && p->now.kind == WEIR_T_OPERATOR &&
        weir_expr_op_power(p->now.op) == WEIR_P_COMPARE) {
        weir_expr_fault(err, p->now.begin, "comparisons cannot be chained");
        weir_error_hint(err, "write a < b and b < c, or use parentheses");
        return WEIR_USAGE;
    }
    WEIR_TRY(node_of(p, WEIR_E_BINARY, left->begin, left, right, NULL, &e, err));
    e->op = (uint8_t)t.op;
    *out = e;
out:
    return status;
}

/* Strength of the token at hand as an infix operator; 0 = it is none. */
static int infix_power(const weir_parser *p) {
    const weir_token *t = &p->now;
    switch (t->kind) {
    case WEIR_T_OPERATOR: return weir_expr_op_power(t->op);
    case WEIR_T_CONCAT: return WEIR_P_OTHER;
    case WEIR_T_COLONS: return WEIR_P_CAST;
    case WEIR_T_INDEX: return WEIR_P_INDEX;
    case WEIR_T_DOT: return WEIR_P_DOT;
    case WEIR_T_WORD: break;
    default: return 0;
    }
    if (weir_token_is(t, "and")) return WEIR_P_AND;
    if (weir_token_is(t, "or")) return WEIR_P_OR;
    if (weir_token_is(t, "is")) return WEIR_P_IS;
    if (weir_token_is(t, "isnull") || weir_token_is(t, "notnull")) return WEIR_P_IS;
    if (weir_token_is(t, "at") && weir_token_is(&p->next, "time")) return WEIR_P_AT;
    if (weir_token_is(t, "similar") && weir_token_is(&p->next, "to")) return WEIR_P_RANGE;
    if (weir_token_is(t, "not")) t = &p->next;
    if (t == &p->next && weir_token_is(t, "similar")) return WEIR_P_RANGE;
    if (weir_token_is(t, "in") || weir_token_is(t, "between") || weir_token_is(t, "like") ||
        weir_token_is(t, "ilike"))
        return WEIR_P_RANGE;
    return 0;
}

static weir_status parse_word_infix(weir_parser *p, const weir_expr *left, int power,
                                    const weir_expr **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_expr *e = NULL;
    if (power == WEIR_P_AND) return parse_chain(p, left, WEIR_E_AND, power, out, err);
    if (power == WEIR_P_OR) return parse_chain(p, left, WEIR_E_OR, power, out, err);
    if (power == WEIR_P_RANGE) return parse_range(p, left, out, err);
    if (power == WEIR_P_AT) {
        const weir_expr *zone = NULL;
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(weir_parser_advance(p, err));
        WEIR_TRY(weir_parser_take_word(p, "zone", err));
        WEIR_TRY(weir_parser_expr(p, WEIR_P_AT, &zone, err));
        WEIR_TRY(node_of(p, WEIR_E_BINARY, left->begin, left, zone, NULL, &e, err));
        e->op = WEIR_X_ATZONE;
        *out = e;
        return WEIR_OK;
    }
    if (weir_token_is(&p->now, "is")) return parse_is(p, left, out, err);
    bool negated = weir_token_is(&p->now, "notnull");
    WEIR_TRY(weir_parser_advance(p, err));
    WEIR_TRY(node_of(p, WEIR_E_IS, left->begin, left, NULL, NULL, &e, err));
    e->op = WEIR_IS_NULL;
    if (negated) e->flags |= WEIR_E_NEGATED;
    *out = e;
out:
    return status;
}

weir_status weir_parser_expr(weir_parser *p, int power, const weir_expr **out, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_expr *left = NULL;
    if (++p->depth > WEIR_EXPR_MAX_DEPTH)
        return weir_expr_fault(err, p->now.begin, "the expression nests deeper than %d levels",
                               WEIR_EXPR_MAX_DEPTH);
    WEIR_TRY(parse_prefix(p, &left, err));
    for (int infix; (infix = infix_power(p)) > power;) {
        /* The strength of these says what they may be an operand of, not what they take. */
        bool chainless = infix == WEIR_P_RANGE && left->kind >= WEIR_E_IN &&
                         left->kind <= WEIR_E_BETWEEN && !(left->flags & WEIR_E_PAREN);
        if (chainless) {
            weir_parser_expected(p, err, "and, or or the end");
            weir_error_hint(err, "use parentheses");
            return WEIR_USAGE;
        }
        if (infix >= WEIR_P_CAST)
            WEIR_TRY(parse_postfix(p, left, &left, err));
        else if (p->now.kind == WEIR_T_CONCAT)
            WEIR_TRY(parse_chain(p, left, WEIR_E_CONCAT, infix, &left, err));
        else if (p->now.kind == WEIR_T_OPERATOR)
            WEIR_TRY(parse_binary(p, left, &left, err));
        else
            WEIR_TRY(parse_word_infix(p, left, infix, &left, err));
    }
    p->depth--;
    *out = left;
out:
    return status;
}

weir_status weir_expr_parse(const char *text, weir_arena *arena, const weir_expr **out,
                            weir_error *err) {
    weir_status status = WEIR_OK;
    size_t size = strlen(text);
    if (size > WEIR_EXPR_MAX_BYTES)
        return weir_expr_fault(err, 0, "the expression is longer than %u bytes",
                               WEIR_EXPR_MAX_BYTES);
    size_t valid = weir_utf8_valid_prefix(text, size);
    if (valid < size)
        return weir_expr_fault(err, (uint32_t)valid, "the expression is not UTF-8 from here on");
    weir_parser p = {.arena = arena};
    p.text = weir_arena_strndup(arena, text, size);
    if (!p.text) return weir_error_nomem(err);
    p.lexer = (weir_lexer){p.text, (uint32_t)size, 0, arena};
    const weir_expr *e = NULL;
    WEIR_TRY(weir_lex_next(&p.lexer, &p.now, err));
    WEIR_TRY(p.now.kind == WEIR_T_END ? WEIR_OK : weir_lex_next(&p.lexer, &p.next, err));
    if (p.now.kind == WEIR_T_END) {
        weir_expr_fault(err, 0, "the expression is empty");
        return WEIR_USAGE;
    }
    WEIR_TRY(weir_parser_expr(&p, WEIR_P_NONE, &e, err));
    if (p.now.kind != WEIR_T_END) {
        weir_parser_expected(&p, err, "an operator or the end");
        if (p.now.kind == WEIR_T_CLOSE) weir_error_hint(err, "there is no ( for this )");
        return WEIR_USAGE;
    }
    *out = e;
out:
    return status;
}
