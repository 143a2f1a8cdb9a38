/* Regular expressions that give lists, places, or plain texts.  The pattern is a constant. */
#include "expr/list_kernel.h"
#include "text/regex.h"
#include "text/utf8.h"

typedef struct pattern {
    weir_regex *re; /* owned by the program */
    int64_t group;
} pattern;

static weir_status too_costly(weir_call *call, weir_column *out, uint32_t row, weir_regex_result r,
                              weir_error *err) {
    if (r == WEIR_REGEX_LIMIT)
        return weir_call_fail(call, out, row, err, "the pattern is too costly for this text");
    return weir_error_nomem(err);
}

/* The next place to look from: behind the match, one character on when it was empty. */
static size_t behind(weir_slice s, const weir_regex_span *m) {
    if (m->end > m->start) return m->end;
    uint32_t c;
    size_t n = m->end < s.size ? weir_utf8_decode(s.data + m->end, s.size - m->end, &c) : 0;
    return m->end + (n ? n : 1);
}

typedef enum wanted { MATCHES, PARTS } wanted;

/* The matches (or one of their groups), or what stands between them. */
static weir_status collect(weir_call *call, weir_column *out, wanted what, weir_error *err) {
    const pattern *p = call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_regex_span *spans =
        weir_arena_alloc(call->eval->scratch, (WEIR_REGEX_MAX_GROUPS + 1) * sizeof *spans);
    uint32_t n_spans = (uint32_t)p->group + 1;
    weir_list_out w = {0};
    weir_status status = WEIR_OK;
    if (!spans) return weir_error_nomem(err);
    WEIR_TRY(weir_list_open(call, out, &w, err));
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        weir_regex_result r = WEIR_REGEX_NOMATCH;
        size_t from = 0, done = 0;
        weir_list_row(&w, row);
        while (from <= s.size && (r = weir_regex_find(p->re, s.data, s.size, from, spans,
                                                      n_spans)) == WEIR_REGEX_MATCH) {
            const weir_regex_span *m = &spans[p->group];
            from = behind(s, &spans[0]);
            if (what == MATCHES) {
                if (m->start > m->end)
                    WEIR_TRY(weir_builder_null(w.items, false, err));
                else
                    WEIR_TRY(
                        weir_builder_bytes(w.items, s.data + m->start, m->end - m->start, err));
            } else if (m->end > m->start) {
                WEIR_TRY(weir_builder_bytes(w.items, s.data + done, m->start - done, err));
                done = m->end;
            }
        }
        if (r == WEIR_REGEX_LIMIT || r == WEIR_REGEX_ERROR)
            WEIR_TRY(too_costly(call, out, row, r, err));
        else if (what == PARTS)
            WEIR_TRY(weir_builder_bytes(w.items, s.data ? s.data + done : "", s.size - done, err));
    }
    status = weir_list_close(&w, err);
out:
    weir_list_clear(&w);
    return status;
}
static weir_status fn_extract_all(weir_call *call, weir_column *out, weir_error *err) {
    return collect(call, out, MATCHES, err);
}
static weir_status fn_split(weir_call *call, weir_column *out, weir_error *err) {
    return collect(call, out, PARTS, err);
}

/* Place of the first match in characters, from 1; 0 when there is none. */
static weir_status fn_instr(weir_call *call, weir_column *out, weir_error *err) {
    const pattern *p = call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        weir_regex_span m;
        weir_regex_result r = weir_regex_find(p->re, s.data, s.size, 0, &m, 1);
        ((int64_t *)out->values)[row] =
            r == WEIR_REGEX_MATCH ? (int64_t)weir_utf8_count(s.data, m.start) + 1 : 0;
        if (r == WEIR_REGEX_LIMIT || r == WEIR_REGEX_ERROR)
            WEIR_TRY(too_costly(call, out, row, r, err));
    }
out:
    return status;
}

static weir_status fn_full(weir_call *call, weir_column *out, weir_error *err) {
    const pattern *p = call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        weir_regex_result r = weir_regex_match(p->re, s.data, s.size);
        if (r == WEIR_REGEX_MATCH)
            weir_bit_set((uint64_t *)out->values, row);
        else if (r != WEIR_REGEX_NOMATCH)
            WEIR_TRY(too_costly(call, out, row, r, err));
    }
out:
    return status;
}

static weir_status fn_escape(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        char *room = NULL;
        size_t n = 0;
        if (s.size > WEIR_TEXT_RESULT_MAX / 2) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text longer than 64 MiB"));
            continue;
        }
        WEIR_TRY(weir_text_room(&t, s.size * 2, &room, err));
        for (size_t i = 0; i < s.size; i++) {
            if (s.data[i] && strchr("\\^$.|?*+()[]{}-/#", s.data[i])) room[n++] = '\\';
            room[n++] = s.data[i];
        }
        weir_text_commit(&t, row, n);
    }
out:
    return status;
}

/* ---- binding
 * ------------------------------------------------------------------------------------------------
 */

static void free_regex(void *re) {
    weir_regex_free(re);
}

static weir_status compile(weir_prepare *p, unsigned flags, pattern **out, weir_error *err) {
    weir_slice text;
    weir_error inner = {0};
    pattern *state = weir_arena_zero(p->binder->arena, 1, sizeof *state);
    if (!state) return weir_error_nomem(err);
    if (!weir_bound_text(p->args[1], &text))
        return weir_expr_fault(err, p->args[1]->at->begin, "the pattern must be a constant text");
    weir_status status = weir_regex_new(text.data, text.size, flags, &state->re, &inner);
    if (status == WEIR_USAGE) {
        weir_expr_fault(err, p->args[1]->at->begin, "wrong pattern: %s", inner.message);
        if (inner.column > 0)
            weir_error_hint(err, "at byte %lld of the pattern", (long long)inner.column);
        return WEIR_USAGE;
    }
    if (status != WEIR_OK) {
        if (err) *err = inner;
        return status;
    }
    p->state = *out = state;
    return weir_bind_own(p->binder, state->re, free_regex, err);
}
static weir_status prepare_list(weir_prepare *p, weir_error *err) {
    pattern *state = NULL;
    weir_status status = compile(p, 0, &state, err);
    if (status != WEIR_OK) return status;
    if (p->n_args > 2 && (!weir_bound_int(p->args[2], &state->group) || state->group < 0 ||
                          state->group > (int64_t)weir_regex_groups(state->re)))
        return weir_expr_fault(err, p->args[2]->at->begin, "the pattern has no such group");
    p->n_args = 1;
    return weir_type_list(weir_type_of(WEIR_STRING), &p->type, err);
}
static weir_status prepare_place(weir_prepare *p, weir_error *err) {
    pattern *state = NULL;
    weir_status status = compile(p, 0, &state, err);
    p->n_args = 1;
    return status;
}
static weir_status prepare_full(weir_prepare *p, weir_error *err) {
    pattern *state = NULL;
    weir_status status = compile(p, WEIR_REGEX_FULL, &state, err);
    p->n_args = 1;
    return status;
}

const weir_function weir_functions_regex_more[] = {
    {{"regexp_extract_all", "regexp_matches_all, extract_all",
      "regexp_extract_all(string, pattern string [, group int64]) -> list<string>", "regex", 0,
      "all matches, or one of their groups", "regexp_extract_all('a1b22', '[0-9]+')",
      "[\"1\",\"22\"]", ""},
     {{"ssi?", '!', WEIR_K_CAN_FAIL, fn_extract_all, prepare_list}}},
    {{"regexp_split", "regexp_split_to_array, string_split_regex",
      "regexp_split(string, pattern string) -> list<string>", "regex", 0,
      "what stands between the matches", "regexp_split('a1b22c', '[0-9]+')", "[\"a\",\"b\",\"c\"]",
      "string_split_regex"},
     {{"ss", '!', WEIR_K_CAN_FAIL, fn_split, prepare_list}}},
    {{"regexp_instr", "", "regexp_instr(string, pattern string) -> int64", "regex", 0,
      "place of the first match, from 1; 0 when there is none", "regexp_instr('größe 17', '[0-9]')",
      "7", "does not exist"},
     {{"ss", 'i', WEIR_K_CAN_FAIL, fn_instr, prepare_place}}},
    {{"regexp_full_match", "", "regexp_full_match(string, pattern string) -> bool", "regex", 0,
      "whether the whole text matches", "regexp_full_match('A-17b', '[A-Z]-[0-9]+')", "false", ""},
     {{"ss", 'B', WEIR_K_CAN_FAIL, fn_full, prepare_full}}},
    {{"regexp_escape", "", "regexp_escape(string) -> string", "regex", 0,
      "a pattern that matches just this text", "regexp_escape('1.5 (x)')", "1\\.5 \\(x\\)", ""},
     {{"s", 's', WEIR_K_CAN_FAIL, fn_escape, NULL}}},
    {.info = {.name = NULL}}};
