/* What a source's columns are: a flow is opened up to its source, which looks at the data; what it
 * found is put into words. */
#include "api/infer.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/printable.h"
#include "format/infer.h"

static const weir_type_id asked[] = {WEIR_BOOL,      WEIR_INT64,       WEIR_DECIMAL,
                                     WEIR_FLOAT64,   WEIR_DATE,        WEIR_TIME,
                                     WEIR_TIMESTAMP, WEIR_TIMESTAMPTZ, WEIR_UUID};
static const char *const asked_names[] = {"bool", "int64",     "decimal",     "float64", "date",
                                          "time", "timestamp", "timestamptz", "uuid"};
#define ASKED (sizeof asked / sizeof *asked)

/* One column in the making. */
typedef struct look {
    weir_arena *arena;
    const weir_found *found;
    const weir_splits *splits;
    const weir_type *type;
    const char *physical; /* the column's name in the data */
    uint32_t column;      /* in the evidence */
    bool has[ASKED];      /* a witness */
    weir_address at[ASKED];
    const char *text[ASKED];
    weir_buf why;
} look;

static const char *split_name(const weir_splits *splits, uint32_t split) {
    return split < splits->n ? splits->items[split].name : "";
}

/* ---- why not ------------------------------------------------------------------------------- */

static bool same_place(weir_address a, weir_address b) {
    return a.split == b.split && a.byte == b.byte && a.line == b.line;
}

static bool behind(weir_address a, weir_address b) {
    if (a.split != b.split) return a.split > b.split;
    return a.byte != b.byte ? a.byte > b.byte : a.line > b.line;
}

static int number_of(weir_type_id id) {
    for (size_t i = 0; i < ASKED; i++)
        if (asked[i] == id) return (int)i;
    return -1;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool only_digits(const char *s) {
    size_t n = strspn(s, "0123456789");
    return n > 0 && s[n] == '\0';
}

/* What is odd about a value that nearly is a number; "" = nothing can be said in short. */
static const char *oddity(const char *text) {
    size_t n = strlen(text);
    const char *p = text + (*text == '-');
    if (n && (text[0] == ' ' || text[0] == '\t' || text[n - 1] == ' ' || text[n - 1] == '\t'))
        return " has blanks around it";
    if (*text == '+' && strspn(text + 1, "0123456789.") == n - 1) return " has a plus sign";
    size_t whole = strspn(p, "0123456789"), rest = p[whole] == '.' ? whole + 1 : whole;
    if (p[0] == '0' && whole > 1 && rest + strspn(p + rest, "0123456789") == strlen(p))
        return " has a needless zero";
    if (only_digits(p) && strlen(p) > 38) return " has more than 38 digits";
    return "";
}

/* The same of a moment. */
static const char *time_oddity(const char *text) {
    const char *point = strrchr(text, '.'), *colon = strrchr(text, ':');
    if (!point || !colon || point != colon + 3 || !is_digit(colon[1]) || !is_digit(colon[2]))
        return "";
    return strspn(point + 1, "0123456789") > 6 ? " has more than 6 digits behind the second" : "";
}

static const char *oddity_of(const look *l, const char *text) {
    if (l->physical && strcmp(text, l->physical) == 0) return " is the column's own name";
    return oddity(text)[0] ? oddity(text) : time_oddity(text);
}

static bool say(look *l, const char *what, int which) {
    char shown[160];
    const char *text = l->text[which];
    weir_address at = l->at[which];
    weir_printable(shown, sizeof shown, text, strlen(text));
    return weir_buf_printf(&l->why, "%s%s: \"%s\"%s, %s:%llu", l->why.size ? "; " : "", what, shown,
                           oddity_of(l, text), split_name(l->splits, at.split),
                           (unsigned long long)at.line);
}

static bool say_not(look *l, int which) {
    char what[40];
    snprintf(what, sizeof what, "not %s", asked_names[which]);
    return say(l, what, which);
}

/* Of a group of types from narrow to wide: who ruled out each that held longer than the one before.
 */
static bool say_group(look *l, const weir_type_id *group, size_t n) {
    int last = -1;
    for (size_t i = 0; i < n; i++) {
        int which = number_of(group[i]);
        if (!l->has[which] || (last >= 0 && !behind(l->at[which], l->at[last]))) continue;
        if (!say_not(l, which)) return false;
        last = which;
    }
    return true;
}

static const weir_type_id numbers[] = {WEIR_INT64, WEIR_DECIMAL, WEIR_FLOAT64};
static const weir_type_id times[] = {WEIR_DATE, WEIR_TIMESTAMP, WEIR_TIMESTAMPTZ};

static bool in_group(const weir_type_id *group, size_t n, weir_type_id id) {
    for (size_t i = 0; i < n; i++)
        if (group[i] == id) return true;
    return false;
}

/* Text: the types that held longest are those that the column nearly is. */
static bool say_text(look *l) {
    int first = -1, last = -1;
    for (size_t i = 0; i < ASKED; i++) {
        if (!l->has[i]) continue;
        if (first < 0 || behind(l->at[first], l->at[i])) first = (int)i;
        if (last < 0 || behind(l->at[i], l->at[last])) last = (int)i;
    }
    if (last < 0) return true;
    const char *text = l->text[last];
    if (same_place(l->at[first], l->at[last])) { /* no type held more than nothing */
        bool number = oddity(text)[0] && strpbrk(text, "0123456789");
        if (time_oddity(text)[0])
            return say_not(l, number_of(strchr(text, '-') ? WEIR_TIMESTAMP : WEIR_TIME));
        return number ? say_not(l, number_of(WEIR_INT64)) : say(l, "text", last);
    }
    if (in_group(numbers, 3, asked[last])) return say_group(l, numbers, 3);
    if (in_group(times, 3, asked[last])) return say_group(l, times, 3);
    return say_not(l, last);
}

static bool say_why(look *l, bool plain) {
    if (l->type->id == WEIR_STRING && !weir_inference_hint(l->found->evidence, l->column, &l->why))
        return false;
    if (l->why.size || !plain) return true;
    switch (l->type->id) {
    case WEIR_STRING: return say_text(l);
    case WEIR_DECIMAL: return say_group(l, numbers, 1);
    case WEIR_FLOAT64: return say_group(l, numbers, 2);
    case WEIR_TIMESTAMP: return say_group(l, times, 1);
    case WEIR_JSON:
        return weir_buf_adds(&l->why, weir_inference_advice(l->found->evidence, l->column));
    default: return true;
    }
}

static const weir_opt_column *named(const weir_opt_columns *columns, const char *name) {
    for (size_t i = 0; columns && i < columns->n; i++)
        if (strcmp(columns->items[i].name, name) == 0) return &columns->items[i];
    return NULL;
}

/* ---- columns ------------------------------------------------------------------------------- */

static weir_status find_witnesses(look *l, weir_infer_column *c, weir_error *err) {
    weir_infer_witness *list = weir_arena_zero(l->arena, ASKED, sizeof *list);
    if (!list) return weir_error_nomem(err);
    for (size_t i = 0; i < ASKED; i++) {
        l->text[i] = weir_inference_witness(l->found->evidence, l->column, asked[i], &l->at[i]);
        l->has[i] = l->text[i][0] != '\0';
        if (!l->has[i]) continue;
        weir_infer_witness *w = &list[c->n_witnesses++];
        w->type = asked_names[i];
        w->text = weir_arena_strdup(l->arena, l->text[i]);
        w->source = weir_arena_strdup(l->arena, split_name(l->splits, l->at[i].split));
        w->line = l->at[i].line;
        if (!w->text || !w->source) return weir_error_nomem(err);
    }
    c->witnesses = list;
    return WEIR_OK;
}

/* What was found, where the file does not say how the column is written. */
static weir_status merge_how(weir_arena *arena, const weir_opt_column *found, weir_infer_column *c,
                             weir_error *err) {
    if (!found) return WEIR_OK;
    weir_opt_column *how = weir_arena_zero(arena, 1, sizeof *how);
    if (!how) return weir_error_nomem(err);
    if (c->how) *how = *c->how;
    if (!how->format) how->format = found->format;
    if (!how->nulls.n) how->nulls = found->nulls;
    if (!how->decimal && !how->thousands) {
        how->decimal = found->decimal;
        how->thousands = found->thousands;
    }
    /* the words and marks are constant, the list of words is the source's */
    const char **items = weir_arena_zero(arena, how->nulls.n + 1, sizeof *items);
    if (!items) return weir_error_nomem(err);
    for (size_t i = 0; i < how->nulls.n; i++) items[i] = how->nulls.items[i];
    how->nulls.items = items;
    c->how = how;
    return WEIR_OK;
}

static weir_status look_at_evidence(look *l, const char *physical, const weir_opt_column *found,
                                    weir_infer_column *c, weir_error *err) {
    const weir_found *f = l->found;
    weir_status status = WEIR_OK;
    const weir_found_name *n = weir_found_find(f, physical);
    if (n && f->header) {
        c->n_files = n->n_splits;
        if (n->lacking != UINT32_MAX)
            c->lacking = weir_arena_strdup(l->arena, split_name(l->splits, n->lacking));
        if (n->lacking != UINT32_MAX && !c->lacking) return weir_error_nomem(err);
    }
    if (!f->evidence || !weir_inference_find(f->evidence, physical, &l->column)) return WEIR_OK;
    c->counted = f->header;
    c->nulls = weir_inference_nulls(f->evidence, l->column);
    c->never_null |= c->counted && !f->sampled && c->nulls == 0 && !c->lacking &&
                     weir_inference_values(f->evidence, l->column) > 0;
    WEIR_TRY(find_witnesses(l, c, err));
    WEIR_TRY(merge_how(l->arena, found, c, err));
    if (!l->found->sampled && c->counted && f->unread.records && c->nulls == 0 &&
        weir_inference_values(f->evidence, l->column) == 0 &&
        !weir_buf_adds(&l->why, "none of its values can be read"))
        WEIR_TRY(weir_error_nomem(err));
    if (!say_why(l, !found || (!found->format && !found->decimal && !found->thousands)))
        WEIR_TRY(weir_error_nomem(err));
    c->why = weir_arena_strdup(l->arena, weir_buf_cstr(&l->why));
    if (!c->why) status = weir_error_nomem(err);
out:
    weir_buf_clear(&l->why);
    return status;
}

static weir_status fill_column(weir_session *s, const weir_source_request *request,
                               const weir_found *found, const weir_splits *splits,
                               const weir_field *field, weir_infer_column *c, weir_error *err) {
    const weir_opt_column *declared = named(request->columns, field->name);
    const char *physical = declared && declared->from ? declared->from : field->name;
    c->name = weir_arena_strdup(&s->arena, field->name);
    c->from = declared ? declared->from : NULL;
    c->type = field->type;
    c->declared = declared && declared->type;
    c->never_null = field->not_null;
    c->how = declared;
    c->why = "";
    if (!c->name) return weir_error_nomem(err);
    if (!found || c->declared) return WEIR_OK;
    look l = {.arena = &s->arena,
              .found = found,
              .splits = splits,
              .type = field->type,
              .physical = physical};
    return look_at_evidence(&l, physical, named(&found->columns, field->name), c, err);
}

static weir_status fill_result(weir_session *s, const weir_flow_config *config, weir_flow *f,
                               weir_infer_result *out, weir_error *err) {
    const weir_source_ops *ops = config->source->source;
    const weir_found *found = ops->found ? ops->found(weir_flow_source_object(f)) : NULL;
    const weir_schema *schema = weir_flow_full_schema(f);
    const weir_source_request *request = &config->source_request;
    weir_infer_column *columns = weir_arena_zero(&s->arena, schema->n_fields + 1u, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    weir_infer_result r = {.format = request->format ? request->format->name : NULL,
                           .dialect = "",
                           .n_files = weir_flow_splits(f)->n,
                           .columns = columns};
    if (found && found->dialect) r.dialect = weir_arena_strdup(&s->arena, found->dialect);
    if (!r.dialect) return weir_error_nomem(err);
    if (found && found->encoding_others) {
        r.encoding_others = weir_arena_strdup(&s->arena, found->encoding_others);
        if (!r.encoding_others) return weir_error_nomem(err);
    }
    r.sampled = found && found->sampled;
    if (request->format && r.n_files)
        r.format_open = weir_format_of_path(split_name(weir_flow_splits(f), 0)) != request->format;
    if (found && found->unread.records) {
        r.unread = found->unread.records;
        r.unread_of = found->unread.of;
        r.unread_line = found->unread.line;
        r.unread_encoding = found->unread.encoding;
        r.unread_source =
            weir_arena_strdup(&s->arena, split_name(weir_flow_splits(f), found->unread.split));
        r.unread_reason =
            found->unread.reason ? weir_arena_strdup(&s->arena, found->unread.reason) : "";
        if (!r.unread_source || !r.unread_reason) return weir_error_nomem(err);
    }
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const char *name = schema->fields[i].name;
        bool address = false; /* columns of the address are nobody's to declare */
        for (size_t k = 0; request->metadata && k < request->metadata->n; k++)
            address |= strcmp(request->metadata->items[k], name) == 0;
        if (address) continue;
        weir_status status = fill_column(s, request, found, weir_flow_splits(f), &schema->fields[i],
                                         &columns[r.n_columns++], err);
        if (status != WEIR_OK) return status;
    }
    *out = r;
    return WEIR_OK;
}

weir_status weir_api_load_source(weir_session *s, const weir_source_options *options,
                                 weir_error *err) {
    weir_diags_init(&s->diags, "weir infer");
    return weir_pipeline_from_source(options, weir_api_registry(), &s->arena, &s->diags,
                                     &s->pipeline, err);
}

weir_status weir_api_infer(weir_session *s, size_t number, weir_infer_result *out,
                           weir_error *err) {
    const weir_pipeline *p = s->pipeline;
    const weir_step *step = &p->steps[number];
    weir_flow_config config;
    weir_flow *f = NULL;
    weir_ledger ledger;
    weir_status status;
    size_t memory = p->memory_bytes ? (size_t)p->memory_bytes : WEIR_DEFAULT_MEMORY_BYTES;
    weir_ledger_init(&ledger, "infer", memory / 4 * 3, NULL); /* as a run */
    weir_env env = {.folder = p->folder,
                    .pipeline = p->name,
                    .step = step->name,
                    .run_id = "infer",
                    .arena = &s->arena,
                    .ledger = &ledger,
                    .cancel = &s->cancel,
                    .now_us = weir_clock_wall_us(),
                    .threads = p->threads > 0 ? (uint32_t)p->threads : weir_default_threads(),
                    .memory_bytes = memory};
    WEIR_TRY(weir_step_config(step, &s->arena, NULL, &config, err));
    config.n_sinks = config.n_operators = 0; /* the source is all that is looked at */
    WEIR_TRY(weir_flow_open(&config, &env, NULL, &s->diags, &f, err));
    if (weir_flow_is_empty(f))
        *out = (weir_infer_result){.dialect = ""};
    else
        WEIR_TRY(fill_result(s, &config, f, out, err));
out:
    weir_flow_close(f);
    return status;
}
