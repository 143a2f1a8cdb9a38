/* Dates from text by a format, and back: to_date, to_timestamp, strftime. */
#include "expr/date_kernel.h"

#include <stdio.h>

typedef struct format_state {
    const weir_time_program *constant; /* in the program's arena */
} format_state;

/* The format in use: the constant, or the one compiled last. */
typedef struct format_use {
    const format_state *state;
    weir_text_arg texts;
    bool for_parse;
    const weir_time_program *last;
    weir_arena arena;
    weir_buf last_text;
} format_use;

static void format_clear(format_use *u) {
    weir_arena_clear(&u->arena);
    weir_buf_clear(&u->last_text);
}

/* NULL: the record has failed, or *status is set. */
static const weir_time_program *format_at(format_use *u, weir_call *call, weir_column *out,
                                          uint32_t row, weir_status *status, weir_error *err) {
    if (u->state->constant) return u->state->constant;
    weir_slice t = weir_text_at(&u->texts, row);
    if (u->last && u->last_text.size == t.size + 1 &&
        memcmp(u->last_text.data, t.data, t.size) == 0)
        return u->last;
    weir_arena_reset(&u->arena);
    u->last = NULL;
    u->last_text.size = 0;
    if (!weir_buf_add(&u->last_text, t.data, t.size) || !weir_buf_add(&u->last_text, "", 1)) {
        *status = weir_error_nomem(err);
        return NULL;
    }
    weir_error inner = {0};
    *status =
        weir_time_program_compile(u->last_text.data, u->for_parse, &u->arena, &u->last, &inner);
    if (*status == WEIR_USAGE) {
        *status = weir_call_fail(call, out, row, err, "wrong format: %s", inner.message);
        u->last = NULL;
        return NULL;
    }
    if (*status != WEIR_OK && err) *err = inner;
    return u->last;
}

static weir_status bind_format(weir_prepare *p, uint32_t i, bool for_parse, format_state **out,
                               weir_error *err) {
    weir_slice text;
    format_state *s = weir_arena_zero(p->binder->arena, 1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    p->state = *out = s;
    if (!weir_bound_text(p->args[i], &text)) {
        p->kernel_flags |= WEIR_K_CAN_FAIL;
        return WEIR_OK;
    }
    char *format = weir_arena_strndup(p->binder->arena, text.data, text.size);
    if (!format) return weir_error_nomem(err);
    if (!memchr(text.data, '%', text.size)) {
        weir_expr_fault(err, p->args[i]->at->begin, "the format %.*s has no %% field",
                        weir_clip(text), text.data);
        weir_error_hint(err, "formats are written like %%Y-%%m-%%d %%H:%%M:%%S");
        return WEIR_USAGE;
    }
    weir_error inner = {0};
    weir_status status =
        weir_time_program_compile(format, for_parse, p->binder->arena, &s->constant, &inner);
    if (status == WEIR_OK) return status;
    if (err) *err = inner;
    if (status == WEIR_USAGE && err) {
        weir_expr_fault(err, p->args[i]->at->begin, "wrong format: %s", inner.message);
        if (inner.hint[0]) weir_error_hint(err, "%s", inner.hint);
    }
    return status;
}

/* ---- text to value
 * ------------------------------------------------------------------------------------ */

static weir_status no_match(weir_call *call, weir_column *out, uint32_t row, weir_slice s,
                            weir_num code, weir_error *err) {
    const char *why = code == WEIR_NUM_EMPTY   ? "is empty"
                      : code == WEIR_NUM_RANGE ? "is no day or time that exists"
                      : code == WEIR_NUM_LOSSY ? "has digits below the microsecond"
                                               : "does not have the form of the format";
    return weir_call_fail(call, out, row, err, "'%.*s' %s", weir_clip(s), s.data, why);
}

static weir_status fn_parse(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    format_use u = {
        .state = call->state, .texts = weir_text_arg_of(call->args[1]), .for_parse = true};
    weir_time_kind kind = out->type->id == WEIR_DATE          ? WEIR_TIME_KIND_DATE
                          : out->type->id == WEIR_TIMESTAMPTZ ? WEIR_TIME_KIND_TIMESTAMPTZ
                          : out->type->id == WEIR_TIME        ? WEIR_TIME_KIND_TIME
                                                              : WEIR_TIME_KIND_TIMESTAMP;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        const weir_time_program *program = format_at(&u, call, out, row, &status, err);
        if (status != WEIR_OK) goto out;
        if (!program) continue;
        weir_slice s = weir_text_at(&a, row);
        int64_t v = 0;
        weir_num code =
            weir_time_program_parse(program, kind, s.data, s.size, NULL, WEIR_AMBIGUOUS_ERROR, &v);
        if (code != WEIR_NUM_OK) {
            WEIR_TRY(no_match(call, out, row, s, code, err));
            continue;
        }
        if (kind == WEIR_TIME_KIND_DATE)
            ((int32_t *)out->values)[row] = (int32_t)v;
        else
            ((int64_t *)out->values)[row] = v;
    }
out:
    format_clear(&u);
    return status;
}

static weir_status prepare_to_date(weir_prepare *p, weir_error *err) {
    format_state *s = NULL;
    if (p->n_args == 1)
        return weir_bind_cast(p->binder, p->at, p->args[0], weir_type_of(WEIR_DATE), &p->node, err);
    return bind_format(p, 1, true, &s, err);
}

/* A format with an offset gives an instant, one without a local time. */
static weir_status prepare_to_timestamp(weir_prepare *p, weir_error *err) {
    format_state *s = NULL;
    if (p->n_args == 1)
        return weir_bind_cast(p->binder, p->at, p->args[0], weir_type_of(WEIR_TIMESTAMP), &p->node,
                              err);
    weir_status status = bind_format(p, 1, true, &s, err);
    if (status != WEIR_OK) return status;
    bool zoned = s->constant && weir_time_program_has_zone(s->constant);
    p->type = weir_type_of(zoned ? WEIR_TIMESTAMPTZ : WEIR_TIMESTAMP);
    return WEIR_OK;
}

static weir_status prepare_seconds(weir_prepare *p, weir_error *err) {
    return weir_bind_named(p->binder, p->at, "from_epoch", p->args, 1, &p->node, err);
}

/* ---- value to text
 * ------------------------------------------------------------------------------------ */

static weir_status fn_format(weir_call *call, weir_column *out, weir_error *err) {
    const weir_type *t = call->args[0]->type;
    format_use u = {
        .state = call->state, .texts = weir_text_arg_of(call->args[1]), .for_parse = false};
    weir_text_out to = weir_text_out_of(call, out);
    weir_stamp_arg a;
    weir_time_kind kind = t->id == WEIR_DATE          ? WEIR_TIME_KIND_DATE
                          : t->id == WEIR_TIMESTAMPTZ ? WEIR_TIME_KIND_TIMESTAMPTZ
                          : t->id == WEIR_TIME        ? WEIR_TIME_KIND_TIME
                                                      : WEIR_TIME_KIND_TIMESTAMP;
    weir_status status = weir_stamp_arg_of(call->args[0], &a, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        const weir_time_program *program = format_at(&u, call, out, row, &status, err);
        if (status != WEIR_OK) goto out;
        if (!program) continue;
        size_t most = weir_time_program_max(program);
        char *room = NULL;
        WEIR_TRY(weir_text_room(&to, most, &room, err));
        int64_t v = a.days ? a.days[row & a.mask] : a.us[row & a.mask];
        weir_text_commit(&to, row,
                         weir_time_program_write(program, kind, v, a.zoned ? &a.zone : NULL, room,
                                                 most < 16 ? 16 : most));
    }
out:
    format_clear(&u);
    return status;
}
static weir_status prepare_format(weir_prepare *p, weir_error *err) {
    format_state *s = NULL;
    return bind_format(p, 1, false, &s, err);
}

const weir_function weir_functions_date_text[] = {
    {{"to_date", "", "to_date(string [, format string]) -> date", "date", 0,
      "a date read by a format such as '%d.%m.%Y' (without: ISO)",
      "to_date('09.03.2024', '%d.%m.%Y')", "2024-03-09", "strptime"},
     {{"ss?", 'd', WEIR_K_CAN_FAIL, fn_parse, prepare_to_date}}},
    {{"to_timestamp", "strptime", "to_timestamp(string [, format string]) -> timestamp|timestamptz",
      "date", 0,
      "a timestamp read by a format; with %z in it a timestamptz; of a number: seconds since 1970",
      "to_timestamp('09.03.2024 17:45', '%d.%m.%Y %H:%M')", "2024-03-09 17:45:00", "strptime"},
     {{"ss?", 'T', WEIR_K_CAN_FAIL, fn_parse, prepare_to_timestamp},
      {"i", 'Z', WEIR_K_CAN_FAIL, fn_parse, prepare_seconds},
      {"e", 'Z', WEIR_K_CAN_FAIL, fn_parse, prepare_seconds},
      {"f", 'Z', WEIR_K_CAN_FAIL, fn_parse, prepare_seconds}}},
    {{"to_time", "", "to_time(string, format string) -> time", "date", 0,
      "a time of day read by a format", "to_time('5:45 PM', '%I:%M %p')", "17:45:00", "strptime"},
     {{"ss", 't', WEIR_K_CAN_FAIL, fn_parse, prepare_to_date}}},
    {{"strftime", "format_date, date_format",
      "strftime(x date|timestamp|timestamptz|time, format string) -> string", "date", 0,
      "written by a format such as '%d.%m.%Y'", "strftime(date '2024-03-09', '%d.%m.%Y')",
      "09.03.2024", ""},
     {{"Ds", 's', 0, fn_format, prepare_format}, {"ts", 's', 0, fn_format, prepare_format}}},
    {.info = {.name = NULL}}};
