/* Canonical text of an expression, and small questions about the tree. */
#include "expr/ast.h"

#include "text/utf8.h"

static const struct {
    const char *text;
    uint8_t power;
} operators[WEIR_X_OPS] = {
    [WEIR_X_NEG] = {"-", WEIR_P_UNARY},
    [WEIR_X_PLUS] = {"+", WEIR_P_UNARY},
    [WEIR_X_ADD] = {"+", WEIR_P_ADD},
    [WEIR_X_SUB] = {"-", WEIR_P_ADD},
    [WEIR_X_MUL] = {"*", WEIR_P_MUL},
    [WEIR_X_DIV] = {"/", WEIR_P_MUL},
    [WEIR_X_MOD] = {"%", WEIR_P_MUL},
    [WEIR_X_POW] = {"^", WEIR_P_POW},
    [WEIR_X_EQ] = {"=", WEIR_P_COMPARE},
    [WEIR_X_NE] = {"<>", WEIR_P_COMPARE},
    [WEIR_X_LT] = {"<", WEIR_P_COMPARE},
    [WEIR_X_LE] = {"<=", WEIR_P_COMPARE},
    [WEIR_X_GT] = {">", WEIR_P_COMPARE},
    [WEIR_X_GE] = {">=", WEIR_P_COMPARE},
    [WEIR_X_MATCH] = {"~", WEIR_P_OTHER},
    [WEIR_X_IMATCH] = {"~*", WEIR_P_OTHER},
    [WEIR_X_NMATCH] = {"!~", WEIR_P_OTHER},
    [WEIR_X_NIMATCH] = {"!~*", WEIR_P_OTHER},
    [WEIR_X_JSON] = {"->", WEIR_P_OTHER},
    [WEIR_X_JSONTEXT] = {"->>", WEIR_P_OTHER},
    [WEIR_X_ATZONE] = {"at time zone", WEIR_P_AT},
    [WEIR_X_BITAND] = {"&", WEIR_P_OTHER},
    [WEIR_X_BITOR] = {"|", WEIR_P_OTHER},
    [WEIR_X_BITXOR] = {"#", WEIR_P_OTHER},
    [WEIR_X_BITNOT] = {"~", WEIR_P_OTHER},
    [WEIR_X_SHL] = {"<<", WEIR_P_OTHER},
    [WEIR_X_SHR] = {">>", WEIR_P_OTHER},
};

const char *weir_expr_op_text(weir_expr_op op) {
    return operators[op].text;
}

int weir_expr_op_power(weir_expr_op op) {
    return operators[op].power;
}

weir_slice weir_expr_piece(const weir_expr *e) {
    weir_slice s = {e->source + e->begin, e->end - e->begin};
    s.size = weir_utf8_clip(s.data, s.size, 60);
    return s;
}

const char *weir_expr_column_name(const weir_expr *e) {
    return e->kind == WEIR_E_COLUMN ? e->text : NULL;
}

void weir_expr_columns(const weir_expr *e, void (*visit)(void *context, const char *name),
                       void *context) {
    if (e->kind == WEIR_E_COLUMN) visit(context, e->text);
    for (uint32_t i = 0; i < e->n; i++) weir_expr_columns(e->args[i], visit, context);
}

/* Strength of the node when it stands as an operand. */
static int power_of(const weir_expr *e) {
    switch (e->kind) {
    case WEIR_E_OR: return WEIR_P_OR;
    case WEIR_E_AND: return WEIR_P_AND;
    case WEIR_E_NOT: return WEIR_P_NOT;
    case WEIR_E_IS:
    case WEIR_E_DISTINCT: return WEIR_P_IS;
    case WEIR_E_IN:
    case WEIR_E_LIKE:
    case WEIR_E_BETWEEN: return WEIR_P_RANGE;
    case WEIR_E_CONCAT: return WEIR_P_OTHER;
    case WEIR_E_BINARY: return operators[e->op].power;
    case WEIR_E_UNARY: return e->op == WEIR_X_BITNOT ? WEIR_P_OTHER : WEIR_P_UNARY;
    case WEIR_E_INT:
    case WEIR_E_DECIMAL:
    case WEIR_E_FLOAT: return e->text[0] == '-' ? WEIR_P_UNARY : WEIR_P_ATOM;
    case WEIR_E_INDEX: return WEIR_P_INDEX;
    case WEIR_E_FIELD: return WEIR_P_DOT;
    default: return WEIR_P_ATOM;
    }
}

static bool put(const weir_expr *e, weir_buf *out);

/* e as an operand that must bind at least as strongly as `power`. */
static bool put_operand(const weir_expr *e, int power, weir_buf *out) {
    if (power_of(e) >= power) return put(e, out);
    return weir_buf_adds(out, "(") && put(e, out) && weir_buf_adds(out, ")");
}

static bool put_quoted(const char *text, size_t size, char quote, weir_buf *out) {
    if (!weir_buf_add(out, &quote, 1)) return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == quote && !weir_buf_add(out, &quote, 1)) return false;
        if (!weir_buf_add(out, text + i, 1)) return false;
    }
    return weir_buf_add(out, &quote, 1);
}

static bool is_word_byte(char c, bool first) {
    bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
    return letter || (!first && ((c >= '0' && c <= '9') || c == '$'));
}

/* A quoted name stays quoted: without quotes it may also match in another case. */
static bool put_name(const weir_expr *e, weir_buf *out) {
    bool plain = !(e->flags & WEIR_E_QUOTED) && e->text_size > 0 &&
                 !weir_expr_is_reserved(e->text, e->text_size);
    for (uint32_t i = 0; plain && i < e->text_size; i++) plain = is_word_byte(e->text[i], i == 0);
    if (plain) return weir_buf_add(out, e->text, e->text_size);
    return put_quoted(e->text, e->text_size, '"', out);
}

static bool put_list(const weir_expr *e, uint32_t first, const char *separator, int power,
                     weir_buf *out) {
    for (uint32_t i = first; i < e->n; i++) {
        if (i > first && !weir_buf_adds(out, separator)) return false;
        if (!put_operand(e->args[i], power, out)) return false;
    }
    return true;
}

static bool put_case(const weir_expr *e, weir_buf *out) {
    uint32_t i = 0, last = e->n - ((e->flags & WEIR_E_ELSE) ? 1 : 0);
    if (!weir_buf_adds(out, "case")) return false;
    if (e->flags & WEIR_E_OPERAND)
        if (!weir_buf_adds(out, " ") || !put(e->args[i++], out)) return false;
    for (; i < last; i += 2)
        if (!weir_buf_adds(out, " when ") || !put(e->args[i], out) ||
            !weir_buf_adds(out, " then ") || !put(e->args[i + 1], out))
            return false;
    if (e->flags & WEIR_E_ELSE)
        if (!weir_buf_adds(out, " else ") || !put(e->args[e->n - 1], out)) return false;
    return weir_buf_adds(out, " end");
}

/* in, like, between, is, is distinct from. */
static bool put_predicate(const weir_expr *e, weir_buf *out) {
    static const char *const words[] = {"null", "true", "false", "unknown"};
    bool is = e->kind == WEIR_E_IS || e->kind == WEIR_E_DISTINCT;
    const char *no = e->flags & WEIR_E_NEGATED ? "not " : "";
    if (!put_operand(e->args[0], is ? WEIR_P_IS : WEIR_P_RANGE + 1, out)) return false;
    switch (e->kind) {
    case WEIR_E_IS: return weir_buf_printf(out, " is %s%s", no, words[e->op]);
    case WEIR_E_DISTINCT:
        return weir_buf_printf(out, " is %sdistinct from ", no) &&
               put_operand(e->args[1], WEIR_P_IS + 1, out);
    case WEIR_E_IN:
        return weir_buf_printf(out, " %sin (", no) && put_list(e, 1, ", ", 0, out) &&
               weir_buf_adds(out, ")");
    case WEIR_E_LIKE:
        return weir_buf_printf(out, " %s%s ", no,
                               e->op                     ? "similar to"
                               : e->flags & WEIR_E_ICASE ? "ilike"
                                                         : "like") &&
               put_operand(e->args[1], WEIR_P_RANGE + 1, out) &&
               (e->n < 3 ||
                (weir_buf_adds(out, " escape ") && put_operand(e->args[2], WEIR_P_RANGE + 1, out)));
    default:
        return weir_buf_printf(out, " %sbetween %s", no,
                               e->flags & WEIR_E_SYMMETRIC ? "symmetric " : "") &&
               put_operand(e->args[1], WEIR_P_RANGE + 1, out) && weir_buf_adds(out, " and ") &&
               put_operand(e->args[2], WEIR_P_RANGE + 1, out);
    }
}

static bool put_binary(const weir_expr *e, weir_buf *out) {
    int power = operators[e->op].power;
    /* Comparisons do not chain: both sides must bind tighter. */
    int left = power == WEIR_P_COMPARE ? power + 1 : power;
    return put_operand(e->args[0], left, out) &&
           weir_buf_printf(out, " %s ", operators[e->op].text) &&
           put_operand(e->args[1], power + 1, out);
}

static bool put(const weir_expr *e, weir_buf *out) {
    switch (e->kind) {
    case WEIR_E_NULL: return weir_buf_adds(out, "null");
    case WEIR_E_BOOL: return weir_buf_adds(out, e->op ? "true" : "false");
    case WEIR_E_INT:
    case WEIR_E_DECIMAL:
    case WEIR_E_FLOAT: return weir_buf_add(out, e->text, e->text_size);
    case WEIR_E_STRING: return put_quoted(e->text, e->text_size, '\'', out);
    case WEIR_E_TYPED:
        return weir_buf_printf(out, "%s ",
                               e->type->id == WEIR_TIMESTAMPTZ ? "timestamptz" : e->type->name) &&
               put_quoted(e->text, e->text_size, '\'', out);
    case WEIR_E_COLUMN: return put_name(e, out);
    case WEIR_E_FIELD:
        return put_operand(e->args[0], WEIR_P_INDEX, out) && weir_buf_adds(out, ".") &&
               put_name(e, out);
    case WEIR_E_INDEX:
        return put_operand(e->args[0], WEIR_P_INDEX, out) && weir_buf_adds(out, "[") &&
               put(e->args[1], out) && weir_buf_adds(out, "]");
    case WEIR_E_UNARY:
        if (e->op == WEIR_X_BITNOT)
            return weir_buf_adds(out, "~ ") && put_operand(e->args[0], WEIR_P_OTHER + 1, out);
        return weir_buf_adds(out, e->op == WEIR_X_NEG ? "- " : "+ ") &&
               put_operand(e->args[0],
                           e->args[0]->flags & WEIR_E_PAREN ? WEIR_P_ATOM + 1 : WEIR_P_UNARY, out);
    case WEIR_E_NOT: return weir_buf_adds(out, "not ") && put_operand(e->args[0], WEIR_P_NOT, out);
    case WEIR_E_AND: return put_list(e, 0, " and ", WEIR_P_AND + 1, out);
    case WEIR_E_OR: return put_list(e, 0, " or ", WEIR_P_OR + 1, out);
    case WEIR_E_CONCAT: return put_list(e, 0, " || ", WEIR_P_OTHER + 1, out);
    case WEIR_E_BINARY: return put_binary(e, out);
    case WEIR_E_CASE: return put_case(e, out);
    case WEIR_E_CAST:
        return weir_buf_adds(out, e->flags & WEIR_E_TRYCAST ? "try_cast(" : "cast(") &&
               put(e->args[0], out) && weir_buf_printf(out, " as %s)", e->type->name);
    case WEIR_E_TRY:
        return weir_buf_adds(out, "try(") && put(e->args[0], out) && weir_buf_adds(out, ")");
    case WEIR_E_CALL:
        return weir_buf_printf(out, "%.*s(", (int)e->text_size, e->text) &&
               put_list(e, 0, ", ", 0, out) && weir_buf_adds(out, ")");
    default: return put_predicate(e, out);
    }
}

bool weir_expr_format(const weir_expr *expr, weir_buf *out) {
    return put(expr, out);
}
