/* The options of a rule, and how they become checks. */
#include <stdio.h>
#include <stdlib.h>
#include "validate/check.h"

static const char *const on_fail_words[] = {"reject", "null", "warn", "fail", NULL};

#define AT(FIELD) .offset = offsetof(rule_config, FIELD), .since = "0.1"
static const weir_option rule_options[] = {
    {.name = "field", .type = WEIR_OPT_STRING, AT(field), .help = "column that is looked at"},
    {.name = "required", .type = WEIR_OPT_BOOL, AT(required), .help = "not null and not empty"},
    {.name = "type",
     .type = WEIR_OPT_STRING,
     AT(type),
     .help = "the value can be cast to this type (the column keeps its own)"},
    {.name = "min",
     .type = WEIR_OPT_STRING,
     AT(min),
     .help = "smallest value, of the column's type"},
    {.name = "max",
     .type = WEIR_OPT_STRING,
     AT(max),
     .help = "largest value, of the column's type"},
    {.name = "length",
     .type = WEIR_OPT_INT,
     AT(length),
     .set_offset = offsetof(rule_config, has_length),
     .max = INT64_MAX,
     .help = "exact number of characters, bytes of binary, or items of a list"},
    {.name = "min_length",
     .type = WEIR_OPT_INT,
     AT(min_length),
     .set_offset = offsetof(rule_config, has_min_length),
     .max = INT64_MAX,
     .help = "least length"},
    {.name = "max_length",
     .type = WEIR_OPT_INT,
     AT(max_length),
     .set_offset = offsetof(rule_config, has_max_length),
     .max = INT64_MAX,
     .help = "greatest length"},
    {.name = "pattern",
     .type = WEIR_OPT_STRING,
     AT(pattern),
     .help = "regular expression that occurs in the text; ^ and $ for the whole"},
    {.name = "in",
     .type = WEIR_OPT_STRINGS,
     AT(in),
     .set_offset = offsetof(rule_config, has_in),
     .help = "allowed values"},
    {.name = "not_in",
     .type = WEIR_OPT_STRINGS,
     AT(not_in),
     .set_offset = offsetof(rule_config, has_not_in),
     .help = "forbidden values"},
    {.name = "check",
     .type = WEIR_OPT_EXPR,
     AT(check),
     .help = "expression over the record; it fails when it is false"},
    {.name = "name",
     .type = WEIR_OPT_STRING,
     AT(name),
     .help = "name of the rule in rejects and counts"},
    {.name = "message",
     .type = WEIR_OPT_STRING,
     AT(message),
     .help = "reason to give instead of weir's own"},
    {.name = "on_fail",
     .type = WEIR_OPT_ENUM,
     AT(on_fail),
     .choices = on_fail_words,
     .fallback = "reject",
     .help = "reject the record, set the field null, warn (count only), or fail the run"},
    {0}};

static const weir_option options[] = {{.name = "validate",
                                       .type = WEIR_OPT_LIST,
                                       .flags = WEIR_OPT_REQUIRED,
                                       .offset = offsetof(validate_config, rules),
                                       .fields = rule_options,
                                       .item_size = sizeof(rule_config),
                                       .help = "rules that each record must keep",
                                       .since = "0.1"},
                                      {0}};

/* ---- one entry ----------------------------------------------------------------------------- */

typedef struct binding {
    const weir_bind *bind;
    weir_operator *op;
    validate_state *state;
    size_t capacity;
    const rule_config *rule;
    const weir_node *node; /* of the entry */
    int field;             /* -1 = none or unknown */
    const char *field_name, *rule_name, *message;
} binding;

/* The place of an option's value. */
static const weir_node *place(const binding *b, const char *key) {
    const weir_node *at =
        b->node && b->node->kind == WEIR_NODE_MAP ? weir_node_get(b->node, key) : NULL;
    return at ? at : b->node;
}

static const char *keep(const binding *b, const char *text, weir_status *status, weir_error *err) {
    const char *copy = text ? weir_arena_strdup(b->bind->arena, text) : NULL;
    if (text && !copy) *status = weir_error_nomem(err);
    return copy;
}

static const weir_type *field_type(const binding *b) {
    return b->op->in->fields[b->field].type;
}

/* The next check, with what all checks of the entry share. */
static check *add_check(binding *b, check_kind kind, const char *word) {
    check *c = &b->state->checks[b->state->n++];
    c->kind = kind;
    c->field = b->field;
    c->name = b->field_name;
    c->rule = b->rule_name ? b->rule_name : word;
    c->message = b->message;
    c->on_fail = (weir_on_fail)b->rule->on_fail;
    return c;
}

/* A fault of the entry; never a status. */
#define FAULT(KEY, HINT, ...)                                                                      \
    weir_diags_error(b->bind->diags, place(b, KEY), KEY, HINT, __VA_ARGS__)

/* Values of the field's type from their texts, PLAIN.  WEIR_USAGE: told to diags. */
static weir_status literals(binding *b, const char *key, const char *const *texts, size_t n,
                            weir_column **out, weir_error *err) {
    weir_builder *builder = NULL;
    weir_column *text = NULL, *values = NULL;
    weir_failures *failures = NULL;
    const weir_type *string = weir_type_of(WEIR_STRING);
    weir_status status = WEIR_OK;
    if (weir_type_is_nested(field_type(b)) || field_type(b)->id == WEIR_JSON ||
        field_type(b)->id == WEIR_NULL) {
        FAULT(key, "use a check", "is not for columns of type %s", field_type(b)->name);
        return WEIR_USAGE;
    }
    WEIR_TRY(weir_builder_new(string, NULL, &builder, err));
    for (size_t i = 0; i < n; i++)
        WEIR_TRY(weir_builder_bytes(builder, texts[i], strlen(texts[i]), err));
    WEIR_TRY(weir_builder_finish(builder, &text, err));
    WEIR_TRY(weir_failures_new((uint32_t)n, &failures, err));
    weir_blame blame = {.failures = failures, .stage = "check", .field = "", .rule = key};
    weir_rows rows = {NULL, (uint32_t)n, (uint32_t)n};
    WEIR_TRY(weir_cast(text, field_type(b), rows, NULL, &blame, NULL, &values, err));
    for (size_t i = 0; i < failures->n; i++)
        weir_diags_error(b->bind->diags, weir_bind_item(place(b, key), failures->items[i].row), key,
                         NULL, "%s", failures->items[i].reason);
    if (failures->n) {
        status = WEIR_USAGE;
        goto out;
    }
    *out = values;
    values = NULL;
out:
    weir_builder_free(builder);
    weir_failures_free(failures);
    weir_column_release(text);
    weir_column_release(values);
    return status;
}

static weir_status bind_bound(binding *b, check_kind kind, const char *key, const char *text,
                              weir_error *err) {
    weir_column *value = NULL;
    if (!text || b->field < 0) return WEIR_OK;
    if (field_type(b)->id == WEIR_BOOL) {
        FAULT(key, "use in: [true] or a check", "is not for columns of type bool");
        return WEIR_OK;
    }
    weir_status status = literals(b, key, &text, 1, &value, err);
    if (status == WEIR_USAGE) return WEIR_OK;
    if (status != WEIR_OK) return status;
    value->encoding = WEIR_CONSTANT; /* of one row: its bitmaps fit */
    check *c = add_check(b, kind, key);
    c->bound = value;
    c->text = weir_arena_printf(b->bind->arena, " is %s the %simum %.100s",
                                kind == CHECK_MIN ? "below" : "above", key, text);
    return c->text ? WEIR_OK : weir_error_nomem(err);
}

static weir_status bind_type(binding *b, weir_error *err) {
    const weir_type *type = NULL;
    const char *text = b->rule->type;
    if (!text) return WEIR_OK;
    weir_status status = weir_type_parse(text, &type, err);
    const weir_node *at = place(b, "type");
    if (status == WEIR_USAGE) {
        weir_bind_fault(b->bind, at ? at->line : 0, at ? at->column : 0, at && at->quoted, text,
                        "type", err);
        return WEIR_OK;
    }
    if (status != WEIR_OK || b->field < 0) return status;
    if (!weir_cast_known(field_type(b), type)) {
        FAULT("type", NULL, "%s is %s, which cannot be cast to %s", b->field_name,
              field_type(b)->name, type->name);
        return WEIR_OK;
    }
    add_check(b, CHECK_TYPE, "type")->type = type;
    return WEIR_OK;
}

static void bind_length(binding *b, check_kind kind, const char *key, bool given, int64_t n) {
    if (!given || b->field < 0) return;
    const weir_type *t = field_type(b);
    if (!weir_type_is_view(t) && t->id != WEIR_LIST && t->id != WEIR_MAP) {
        FAULT(key, "use min and max for values", "is for text, binary and lists; %s is %s",
              b->field_name, t->name);
        return;
    }
    add_check(b, kind, key)->length = n;
}

static weir_status bind_pattern(binding *b, weir_error *err) {
    const char *text = b->rule->pattern;
    weir_regex *regex = NULL;
    if (!text) return WEIR_OK;
    const weir_type *t = b->field < 0 ? weir_type_of(WEIR_STRING) : field_type(b);
    if (!weir_type_is_view(t)) {
        FAULT("pattern", "cast it in a check: check: regexp_like(cast(x as string), '...')",
              "is for text; %s is %s", b->field_name, t->name);
        return WEIR_OK;
    }
    weir_status status = weir_regex_new(text, strlen(text),
                                        t->id == WEIR_BINARY ? WEIR_REGEX_BYTES : 0, &regex, err);
    const weir_node *at = place(b, "pattern");
    if (status == WEIR_USAGE) {
        weir_bind_fault(b->bind, at ? at->line : 0, at ? at->column : 0, at && at->quoted, text,
                        "pattern", err);
        return WEIR_OK;
    }
    if (b->field < 0) weir_regex_free(regex);
    if (status != WEIR_OK || b->field < 0) return status;
    check *c = add_check(b, CHECK_PATTERN, "pattern");
    c->regex = regex;
    weir_slice shown = weir_slice_of(text);
    c->text = weir_arena_printf(b->bind->arena, " does not match %.*s%s", weir_clip(shown), text,
                                shown.size > 100 ? "..." : "");
    return c->text ? WEIR_OK : weir_error_nomem(err);
}

/* " is not one of new, paid, shipped" for the sentence, cut after about 200 bytes. */
static const char *join(const binding *b, const weir_opt_strings *items) {
    weir_buf text = {0};
    bool ok = weir_buf_adds(&text, " is not one of ");
    for (size_t i = 0; ok && i < items->n; i++) {
        ok = (i == 0 || weir_buf_adds(&text, ", ")) && weir_buf_adds(&text, items->items[i]);
        if (text.size > 200 && i + 1 < items->n) {
            ok = ok && weir_buf_printf(&text, ", ... (%zu)", items->n);
            break;
        }
    }
    const char *copy = ok ? weir_arena_strdup(b->bind->arena, weir_buf_cstr(&text)) : NULL;
    weir_buf_clear(&text);
    return copy;
}

static weir_status bind_set(binding *b, check_kind kind, const char *key, bool given,
                            const weir_opt_strings *items, weir_error *err) {
    weir_column *values = NULL;
    if (!given) return WEIR_OK;
    if (items->n == 0)
        FAULT(key, "name a value, or remove it",
              kind == CHECK_IN ? "allows no value at all" : "forbids nothing");
    if (items->n == 0 || b->field < 0) return WEIR_OK;
    weir_status status = literals(b, key, items->items, items->n, &values, err);
    if (status == WEIR_USAGE) return WEIR_OK;
    if (status != WEIR_OK) return status;
    check *c = add_check(b, kind, key);
    status = weir_value_set_new(values, &c->set, err);
    if (status != WEIR_OK) {
        weir_column_release(values);
        return status;
    }
    c->text = kind == CHECK_IN ? join(b, items) : " is not allowed";
    return c->text ? WEIR_OK : weir_error_nomem(err);
}

/* The first few columns of an expression, so that the reason can show their values. */
#define SHOWN_MAX 4
typedef struct shown {
    const weir_schema *schema;
    uint32_t fields[SHOWN_MAX];
    uint32_t n;
} shown;
static void visit(void *context, const char *name) {
    shown *s = context;
    int field = weir_schema_find(s->schema, name, strlen(name));
    for (uint32_t i = 0; i < s->n; i++)
        if ((int)s->fields[i] == field) return;
    if (field >= 0 && s->n < SHOWN_MAX) s->fields[s->n++] = (uint32_t)field;
}

static weir_status bind_check(binding *b, weir_error *err) {
    const weir_opt_expr *e = &b->rule->check;
    const weir_expr *expr = NULL;
    weir_program *program = NULL;
    if (!e->text) return WEIR_OK;
    if (!b->rule->field && b->rule->on_fail == WEIR_ON_FAIL_NULL)
        FAULT("on_fail", "name the field that is to become null", "null needs a field");
    weir_status status = weir_expr_parse(e->text, b->bind->arena, &expr, err);
    if (status == WEIR_OK)
        status =
            weir_expr_bind_known(expr, b->bind, b->op->in, weir_type_of(WEIR_BOOL), &program, err);
    if (status == WEIR_USAGE) {
        weir_bind_expr_fault(b->bind, e, "check", err);
        return WEIR_OK;
    }
    if (status != WEIR_OK || !program) return status;
    check *c = add_check(b, CHECK_EXPR, "check");
    c->program = program;
    c->text = keep(b, e->text, &status, err);
    shown found = {.schema = b->op->in};
    weir_expr_columns(expr, visit, &found);
    uint32_t *fields = weir_arena_zero(b->bind->arena, SHOWN_MAX, sizeof *fields);
    if (!fields || status != WEIR_OK) return weir_error_nomem(err);
    memcpy(fields, found.fields, found.n * sizeof *fields);
    c->shown = fields;
    c->n_shown = found.n;
    for (uint32_t i = 0; i < b->op->in->n_fields; i++)
        if (weir_bit_get(weir_program_reads(program), i)) weir_bit_set(b->op->reads, i);
    return WEIR_OK;
}

/* Whether the entry names a constraint that looks at a field. */
static bool needs_field(const rule_config *r) {
    return r->required || r->type || r->min || r->max || r->has_length || r->has_min_length ||
           r->has_max_length || r->pattern || r->has_in || r->has_not_in;
}

static weir_status bind_field(binding *b, weir_error *err) {
    const rule_config *r = b->rule;
    weir_status status = WEIR_OK;
    b->field = -1;
    b->field_name = r->field ? keep(b, r->field, &status, err) : "";
    b->rule_name = keep(b, r->name, &status, err);
    b->message = keep(b, r->message, &status, err);
    if (status != WEIR_OK) return status;
    if (!needs_field(r) && !r->check.text) {
        weir_diags_error(b->bind->diags, b->node, "validate",
                         "add required, type, min, max, length, pattern, in, not_in or check",
                         "an entry holds no rule");
        return WEIR_OK;
    }
    if (!r->field) {
        if (needs_field(r))
            weir_diags_error(b->bind->diags, b->node, "validate",
                             "add field: and the column's name", "an entry names no field");
        return WEIR_OK;
    }
    b->field = weir_schema_find(b->op->in, r->field, strlen(r->field));
    if (b->field >= 0)
        weir_bit_set(b->op->reads, (uint32_t)b->field);
    else if (!weir_bind_may_have(b->bind, r->field, false))
        weir_bind_unknown_column(b->bind, place(b, "field"), "field", b->op->in, r->field);
    return WEIR_OK;
}

/* min and max as they are written, where the column's type is not known: only numbers compare. */
static bool numbers_cross(const binding *b) {
    const weir_node *low = place(b, "min"), *high = place(b, "max");
    const rule_config *r = b->rule;
    char *end_low = NULL, *end_high = NULL;
    if (!low || !high || low->quoted || high->quoted) return false;
    double x = strtod(r->min, &end_low), y = strtod(r->max, &end_high);
    return end_low != r->min && !*end_low && end_high != r->max && !*end_high && x > y;
}

/* Rules of one entry that no value can keep together. */
static void check_bounds(binding *b, size_t first) {
    const rule_config *r = b->rule;
    const weir_column *low = NULL, *high = NULL;
    for (size_t i = first; i < b->state->n; i++) {
        const check *c = &b->state->checks[i];
        if (c->kind == CHECK_MIN) low = c->bound;
        if (c->kind == CHECK_MAX) high = c->bound;
    }
    bool crossed = low && high                        ? weir_compare_values(low, 0, high, 0) > 0
                   : r->min && r->max && b->field < 0 ? numbers_cross(b)
                                                      : false;
    if (crossed)
        FAULT("max", "exchange min and max", "%.100s is below the minimum %.100s", r->max, r->min);
    if (r->has_min_length && r->has_max_length && r->min_length > r->max_length)
        FAULT("max_length", "exchange min_length and max_length", "%lld is below min_length %lld",
              (long long)r->max_length, (long long)r->min_length);
    if (r->has_length && ((r->has_min_length && r->min_length > r->length) ||
                          (r->has_max_length && r->max_length < r->length)))
        FAULT("length", "keep one of them", "%lld is outside min_length and max_length",
              (long long)r->length);
}

static weir_status bind_rule(binding *b, weir_error *err) {
    const rule_config *r = b->rule;
    weir_status status = WEIR_OK;
    size_t first = b->state->n;
    WEIR_TRY(bind_field(b, err));
    if (r->required && r->on_fail == WEIR_ON_FAIL_NULL)
        FAULT("on_fail", "write reject, warn or fail", "null cannot mend what is required");
    if (r->required && b->field >= 0) add_check(b, CHECK_REQUIRED, "required");
    WEIR_TRY(bind_type(b, err));
    WEIR_TRY(bind_bound(b, CHECK_MIN, "min", r->min, err));
    WEIR_TRY(bind_bound(b, CHECK_MAX, "max", r->max, err));
    bind_length(b, CHECK_LENGTH, "length", r->has_length, r->length);
    bind_length(b, CHECK_MIN_LENGTH, "min_length", r->has_min_length, r->min_length);
    bind_length(b, CHECK_MAX_LENGTH, "max_length", r->has_max_length, r->max_length);
    WEIR_TRY(bind_pattern(b, err));
    WEIR_TRY(bind_set(b, CHECK_IN, "in", r->has_in, &r->in, err));
    WEIR_TRY(bind_set(b, CHECK_NOT_IN, "not_in", r->has_not_in, &r->not_in, err));
    WEIR_TRY(bind_check(b, err));
    check_bounds(b, first);
out:
    return status;
}

/* ---- the list ------------------------------------------------------------------------------ */

static void free_state(validate_state *state) {
    for (size_t i = 0; state && i < state->n; i++) {
        check *c = &state->checks[i];
        weir_column_release(c->bound);
        weir_regex_free(c->regex);
        weir_value_set_free(c->set);
        weir_program_free(c->program);
    }
}

static void validate_free(weir_operator *op) {
    free_state(op->state);
    op->state = NULL;
}

/* A field that a rule may set null is no longer "never null". */
static weir_status out_schema(const validate_state *state, weir_operator *op, weir_error *err) {
    const weir_schema *in = op->in;
    bool changed = false;
    weir_field *fields = weir_alloc(((size_t)in->n_fields + 1) * sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    if (in->n_fields) memcpy(fields, in->fields, in->n_fields * sizeof *fields);
    for (size_t i = 0; i < state->n; i++) {
        const check *c = &state->checks[i];
        if (c->on_fail != WEIR_ON_FAIL_NULL || c->field < 0 || !fields[c->field].not_null) continue;
        fields[c->field].not_null = false;
        changed = true;
    }
    weir_status status = WEIR_OK;
    if (changed)
        status = weir_schema_new(fields, in->n_fields, &op->out, err);
    else
        op->out = weir_schema_retain(op->in);
    weir_free(fields);
    return status;
}

static weir_status validate_bind(const void *config, const weir_bind *bind, weir_operator *op,
                                 weir_error *err) {
    const weir_opt_list *rules = &((const validate_config *)config)->rules;
    size_t faults = bind->diags->n_errors;
    weir_status status = WEIR_OK;
    validate_state *state = weir_arena_zero(bind->arena, 1, sizeof *state);
    op->reads =
        weir_arena_zero(bind->arena, weir_bit_words(op->in->n_fields) + 1, sizeof *op->reads);
    if (!state || !op->reads) return weir_error_nomem(err);
    state->checks = weir_arena_zero(bind->arena, rules->n * 11 + 1, sizeof *state->checks);
    if (!state->checks) return weir_error_nomem(err);
    for (size_t i = 0; i < rules->n; i++) {
        binding b = {.bind = bind,
                     .op = op,
                     .state = state,
                     .rule = (const rule_config *)rules->items + i,
                     .node = weir_bind_item(bind->node, i)};
        WEIR_TRY(bind_rule(&b, err));
    }
    if (bind->diags->n_errors > faults) WEIR_TRY(weir_bind_failed(bind, err));
    WEIR_TRY(out_schema(state, op, err));
    op->state = state;
    return WEIR_OK;
out:
    free_state(state);
    return status;
}

const weir_operator_kind weir_validate_kind = {
    .name = "validate",
    .summary = "checks each record; what fails leaves the flow as a reject",
    .options = options,
    .config_size = sizeof(validate_config),
    .flags = WEIR_OP_VALIDATES | WEIR_OP_CAN_FAIL,
    .bind = validate_bind,
    .free = validate_free,
    .local_new = weir_validate_local_new,
    .local_free = weir_validate_local_free,
    .process = weir_validate_process,
};

const weir_operator_kind *const weir_validate_kinds[] = {&weir_validate_kind, NULL};

const weir_operator_kind *weir_validate_find(const char *name) {
    return strcmp(name, weir_validate_kind.name) == 0 ? &weir_validate_kind : NULL;
}
