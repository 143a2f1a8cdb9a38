/* The sentences of failures: what is wrong with this value, for a person. */
#include "text/utf8.h"
#include "validate/check.h"

/* The value as a reader knows it: text in quotes, long values cut. */
static bool add_value(weir_buf *out, const weir_column *c, uint32_t row) {
    weir_buf text = {.max = (size_t)1 << 20};
    bool is_text = c->type->id == WEIR_STRING || c->type->id == WEIR_JSON, ok = true;
    const char *quote = weir_type_is_view(c->type) ? "\"" : "";
    weir_slice s;
    if (weir_column_is_null(c, row)) return weir_buf_adds(out, "null");
    if (is_text) {
        s = weir_column_slice(c, row);
    } else {
        ok = weir_column_text(c, row, &text);
        s = (weir_slice){weir_buf_cstr(&text), text.size};
        /* A value of more than 1 MiB of text: its length is not worth the memory. */
        if (!ok) s = weir_slice_of("(a long value)"), ok = true;
    }
    ok = ok && weir_buf_adds(out, quote) && weir_buf_add(out, s.data, (size_t)weir_clip(s)) &&
         (s.size <= 100 || weir_buf_adds(out, "...")) && weir_buf_adds(out, quote);
    weir_buf_clear(&text);
    return ok;
}

static bool add_field_value(weir_buf *out, const check_run *run, uint32_t row) {
    return weir_buf_adds(out, run->c->name) && weir_buf_adds(out, " ") &&
           add_value(out, run->batch->columns[run->c->field], row);
}

static bool length_reason(weir_buf *out, const check_run *run, uint32_t row) {
    const check *k = run->c;
    const weir_column *c = run->batch->columns[k->field];
    const weir_column *base = weir_column_base(c);
    uint32_t slot = weir_column_slot(c, row);
    long long n, want = (long long)k->length;
    const char *unit = "character";
    if (!weir_type_is_view(c->type)) {
        const int32_t *offsets = base->values;
        n = offsets[slot + 1] - offsets[slot];
        unit = "item";
    } else {
        weir_slice s = weir_column_slice(c, row);
        n = (long long)(c->type->id == WEIR_BINARY ? s.size : weir_utf8_count(s.data, s.size));
        if (c->type->id == WEIR_BINARY) unit = "byte";
    }
    if (!add_field_value(out, run, row)) return false;
    const char *s = n == 1 ? "" : "s";
    if (k->kind == CHECK_LENGTH)
        return weir_buf_printf(out, " has %lld %s%s instead of %lld", n, unit, s, want);
    return weir_buf_printf(out, " has %lld %s%s, %s than %lld", n, unit, s,
                           k->kind == CHECK_MIN_LENGTH ? "fewer" : "more", want);
}

static bool pattern_reason(weir_buf *out, const check_run *run, uint32_t row) {
    const check *k = run->c;
    weir_slice s = weir_column_slice(run->batch->columns[k->field], row);
    /* Only long texts can be too costly; asking again is cheaper than to remember each row. */
    bool costly = s.size > 16 && weir_regex_match(k->regex, s.data, s.size) == WEIR_REGEX_LIMIT;
    return add_field_value(out, run, row) &&
           weir_buf_adds(out, costly ? " takes too many steps to match" : k->text);
}

static bool check_reason(weir_buf *out, const check_run *run, uint32_t row) {
    const check *k = run->c;
    weir_slice text = weir_slice_of(k->text);
    bool ok = weir_buf_printf(out, "%.*s%s is false", weir_clip(text), text.data,
                              text.size > 100 ? "..." : "");
    for (uint32_t i = 0; ok && i < k->n_shown; i++)
        ok = weir_buf_adds(out, i ? ", " : " (") &&
             weir_buf_adds(out, run->batch->schema->fields[k->shown[i]].name) &&
             weir_buf_adds(out, " ") && add_value(out, run->batch->columns[k->shown[i]], row);
    return ok && (k->n_shown == 0 || weir_buf_adds(out, ")"));
}

static bool type_reason(weir_buf *out, const check_run *run, uint32_t row) {
    /* The cast went through the rows in order. */
    size_t low = 0, high = run->found ? run->found->n : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const weir_failure *f = &run->found->items[middle];
        if (f->row == row) return weir_buf_adds(out, f->reason);
        if (f->row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return add_field_value(out, run, row) && weir_buf_printf(out, " is not %s", run->c->type->name);
}

bool weir_check_reason(const check_run *run, uint32_t row, weir_buf *out) {
    const check *k = run->c;
    if (k->message) return weir_buf_adds(out, k->message);
    switch (k->kind) {
    case CHECK_REQUIRED: {
        bool null = weir_column_is_null(run->batch->columns[k->field], row);
        return weir_buf_adds(out, k->name) &&
               weir_buf_adds(out, null ? " is missing" : " is empty");
    }
    case CHECK_TYPE: return type_reason(out, run, row);
    case CHECK_MIN:
    case CHECK_MAX:
    case CHECK_IN:
    case CHECK_NOT_IN: return add_field_value(out, run, row) && weir_buf_adds(out, k->text);
    case CHECK_LENGTH:
    case CHECK_MIN_LENGTH:
    case CHECK_MAX_LENGTH: return length_reason(out, run, row);
    case CHECK_PATTERN: return pattern_reason(out, run, row);
    case CHECK_EXPR: return check_reason(out, run, row);
    }
    return false;
}
