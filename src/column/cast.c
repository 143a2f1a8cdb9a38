/* cast: which pairs there are, the three encodings, and what is said about a value that fails. */
#include "column/cast_job.h"

#include <stdio.h>
#include "text/time.h"

/* ---- pairs --------------------------------------------------------------------------------- */

static bool is_time(const weir_type *t) {
    return t->id == WEIR_DATE || t->id == WEIR_TIMESTAMP || t->id == WEIR_TIMESTAMPTZ;
}
static bool is_number(const weir_type *t) {
    return weir_type_is_numeric(t) || t->id == WEIR_BOOL;
}

bool weir_cast_known(const weir_type *from, const weir_type *to) {
    if (from == to || from->id == WEIR_NULL) return true;
    if (to->id == WEIR_NULL) return false;
    if (to->id == WEIR_STRING || to->id == WEIR_JSON) return true;
    if (weir_type_is_nested(to) || weir_type_is_nested(from)) return false;
    if (from->id == WEIR_STRING) return true;
    if (from->id == WEIR_JSON) return true;
    if (is_number(from) && is_number(to)) return true;
    if (is_time(from) && is_time(to)) return true;
    if (from->id == WEIR_TIME && to->id == WEIR_INTERVAL) return true;
    if (from->id == WEIR_UUID && to->id == WEIR_BINARY) return true;
    return from->id == WEIR_BINARY && to->id == WEIR_UUID;
}

/* Pairs that differ in nothing but the name of the type. */
static bool only_the_name(const weir_type *from, const weir_type *to) {
    if (from->id == WEIR_JSON && to->id == WEIR_STRING) return true;
    if (from->id == WEIR_TIMESTAMPTZ && to->id == WEIR_TIMESTAMPTZ) return true;
    return from->id == WEIR_DECIMAL && to->id == WEIR_DECIMAL && from->scale == to->scale &&
           from->precision <= to->precision && from->width == to->width;
}

/* ---- failures ------------------------------------------------------------------------------ */

weir_status weir_cast_fail(weir_cast_job *job, uint32_t row, int code, weir_error *err) {
    if (!job->codes) {
        job->codes = weir_alloc_zero((size_t)job->in->length + 1, 1);
        if (!job->codes) return weir_error_nomem(err);
    }
    job->n_bad += job->codes[row] == 0;
    job->codes[row] = (uint8_t)code;
    return WEIR_OK;
}

static const char *what_is_wanted(const weir_type *to, char *buf, size_t size) {
    if (weir_type_is_integer(to))
        snprintf(buf, size, "a whole number (%s)", to->name);
    else if (weir_type_is_numeric(to))
        snprintf(buf, size, "a number (%s)", to->name);
    else if (to->id == WEIR_BOOL)
        return "true or false";
    else if (to->id == WEIR_UUID)
        return "a UUID";
    else if (to->id == WEIR_JSON)
        return "valid JSON";
    else if (to->id == WEIR_BINARY)
        return "binary: \\x is not followed by pairs of hexadecimal digits";
    else
        snprintf(buf, size, "%s %s", strchr("aeiou", to->name[0]) ? "an" : "a", to->name);
    return buf;
}

static const char *time_reason(const weir_cast_job *job, weir_slice text, int code) {
    weir_time_kind kind;
    switch (job->out->type->id) {
    case WEIR_DATE: kind = WEIR_TIME_KIND_DATE; break;
    case WEIR_TIME: kind = WEIR_TIME_KIND_TIME; break;
    case WEIR_TIMESTAMP: kind = WEIR_TIME_KIND_TIMESTAMP; break;
    case WEIR_TIMESTAMPTZ: kind = WEIR_TIME_KIND_TIMESTAMPTZ; break;
    case WEIR_INTERVAL: kind = WEIR_TIME_KIND_INTERVAL; break;
    default: return NULL;
    }
    if (job->in->type->id != WEIR_STRING || code > WEIR_CAST_LOSSY) return NULL;
    if (job->options->format)
        return code == WEIR_CAST_SYNTAX || code == WEIR_CAST_EMPTY ? "does not follow the format"
               : code == WEIR_CAST_LOSSY ? "has digits below the microsecond"
                                         : "is no date or time that exists";
    return weir_time_reason(kind, text.data, text.size, &job->zone, (weir_num)code);
}

/* The rest of the sentence that begins with the value. */
static void why(const weir_cast_job *job, weir_slice text, int code, char *buf, size_t size) {
    char wanted[128];
    const weir_type *to = job->out->type;
    const char *zone = job->zone.zone ? weir_zone_name(job->zone.zone) : "UTC";
    const char *reason = time_reason(job, text, code);
    if (reason) {
        snprintf(buf, size, "%s", reason);
        return;
    }
    switch (code) {
    case WEIR_CAST_RANGE: snprintf(buf, size, "is out of range for %s", to->name); break;
    case WEIR_CAST_LOSSY: snprintf(buf, size, "cannot be kept exactly as %s", to->name); break;
    case WEIR_CAST_TWICE: snprintf(buf, size, "happens twice in %s", zone); break;
    case WEIR_CAST_NEVER: snprintf(buf, size, "does not exist in %s", zone); break;
    case WEIR_CAST_TIME_OF_DAY:
        snprintf(
            buf, size,
            "has a time of day, which date cannot keep; cut it off with date_trunc('day', ...)");
        break;
    case WEIR_CAST_EMPTY:
        snprintf(buf, size, "is empty, not %s", what_is_wanted(to, wanted, sizeof wanted));
        break;
    default: snprintf(buf, size, "is not %s", what_is_wanted(to, wanted, sizeof wanted)); break;
    }
}

/* Adds the failure of one row of the batch whose value stands at slot of job->in. */
static weir_status blame_row(weir_cast_job *job, uint32_t slot, uint32_t row,
                             const weir_blame *blame, weir_error *err) {
    char rest[256];
    weir_slice text;
    if (job->in->type->id == WEIR_STRING || job->in->type->id == WEIR_JSON) {
        text = weir_column_slice(job->in, slot); /* it may be long: no copy */
    } else {
        job->text.size = 0;
        if (!weir_column_text(job->in, slot, &job->text)) return weir_error_nomem(err);
        text = (weir_slice){job->text.data ? job->text.data : "", job->text.size};
    }
    why(job, text, job->codes[slot], rest, sizeof rest);
    const char *quote = weir_type_is_view(job->in->type) ? "\"" : "";
    const char *field = blame->field ? blame->field : "";
    return weir_failures_add(blame->failures, row, blame->stage ? blame->stage : "cast", field,
                             blame->rule ? blame->rule : "type", err, "%s%s%s%.*s%s%s %s", field,
                             *field ? " " : "", quote, weir_clip(text), text.data,
                             text.size > 100 ? "..." : "", quote, rest);
}

/* Nulls and blames one row of out; a quiet cast only nulls. */
static weir_status fail_row(weir_cast_job *job, weir_column *out, uint32_t slot, uint32_t row,
                            const weir_blame *blame, weir_error *err) {
    bool loud = blame && blame->failures;
    weir_status status = WEIR_OK;
    if (out) status = weir_column_set_null(out, row, loud, job->ledger, err);
    if (status == WEIR_OK && loud) status = blame_row(job, slot, row, blame, err);
    return status;
}

/* ---- encodings ----------------------------------------------------------------------------- */

static weir_status convert(weir_cast_job *job, weir_error *err) {
    const weir_type *from = job->in->type, *to = job->out->type;
    if (to->id == WEIR_STRING || (to->id == WEIR_JSON && from->id != WEIR_STRING))
        return weir_cast_to_text(job, err);
    if (from->id == WEIR_STRING || from->id == WEIR_BINARY) return weir_cast_from_text(job, err);
    if (from->id == WEIR_JSON) return weir_cast_from_json(job, err);
    if (is_number(from)) return weir_cast_numbers(job, err);
    return weir_cast_times(job, err);
}

static weir_status prepare_zone(weir_cast_job *job, const weir_type *to, weir_error *err) {
    const weir_type *from = job->in->type;
    const char *name = job->options->zone;
    const weir_zone *zone = NULL;
    if (from->id != WEIR_TIMESTAMPTZ && to->id != WEIR_TIMESTAMPTZ) return WEIR_OK;
    if (!name) name = to->id == WEIR_TIMESTAMPTZ ? to->zone : from->zone;
    weir_status status = weir_zone_get(name, &zone, err);
    if (status == WEIR_OK) weir_zone_cache_init(&job->zone, zone);
    return status;
}

/* Converts a PLAIN column; job->out is the result, without the failed rows marked. */
static weir_status run_job(weir_cast_job *job, const weir_type *to, weir_error *err) {
    weir_status status = prepare_zone(job, to, err);
    if (status != WEIR_OK) return status;
    if (only_the_name(job->in->type, to)) return weir_column_retype(job->in, to, &job->out, err);
    status = weir_column_new(to, job->in->length, job->ledger, &job->out, err);
    if (status != WEIR_OK) return status;
    weir_column_share_bitmaps(job->out, job->in);
    job->writer.column = job->out;
    job->writer.ledger = job->ledger;
    return convert(job, err);
}

static weir_status cast_plain(weir_cast_job *job, const weir_type *to, const weir_blame *blame,
                              weir_error *err) {
    weir_status status = run_job(job, to, err);
    for (uint32_t k = 0; status == WEIR_OK && job->n_bad && k < job->rows.n; k++) {
        uint32_t row = weir_rows_at(&job->rows, k);
        if (job->codes[row]) status = fail_row(job, job->out, row, row, blame, err);
    }
    return status;
}

/* Runs over the dictionary; failures belong to the rows that use the value. */
static weir_status cast_dictionary(weir_cast_job *job, const weir_column *c, const weir_type *to,
                                   const weir_blame *blame, weir_error *err) {
    weir_rows rows = job->rows;
    weir_column *out = NULL, *values = NULL;
    weir_status status = WEIR_OK;
    job->in = c->dictionary;
    job->rows = (weir_rows){NULL, c->dictionary->length, c->dictionary->length};
    WEIR_TRY(run_job(job, to, err));
    /* Only what failed or became null (JSON's null) needs a look at the rows. */
    bool new_nulls = job->out->validity != NULL;
    values = job->out;
    job->out = NULL;
    WEIR_TRY(weir_column_redictionary(c, values, &out, err));
    weir_column_retain(values);
    for (uint32_t k = 0; (job->n_bad || new_nulls) && k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (weir_column_is_null(c, row)) continue;
        uint32_t slot = (uint32_t)c->indices[row];
        job->out = values; /* for the wording */
        if (job->n_bad && job->codes[slot])
            status = fail_row(job, out, slot, row, blame, err);
        else if (new_nulls && weir_column_is_null(values, slot))
            status = weir_column_set_null(out, row, false, job->ledger, err);
        job->out = NULL;
        if (status != WEIR_OK) goto out;
    }
    weir_block_release(values->validity_block);
    values->validity_block = NULL;
    values->validity = NULL;
    job->out = out;
    out = NULL;
out:
    weir_column_release(values);
    weir_column_release(out);
    return status;
}

/* One value for all rows. */
static weir_status cast_constant(weir_cast_job *job, const weir_column *c, const weir_type *to,
                                 const weir_blame *blame, weir_error *err) {
    weir_rows rows = job->rows;
    weir_column *one = NULL;
    weir_status status = weir_column_retype(c, c->type, &one, err);
    if (status != WEIR_OK) return status;
    for (uint32_t i = 0; i < c->n_children; i++) {
        WEIR_TRY(weir_column_add_child(one, c->children[i], err));
        weir_column_retain(c->children[i]);
    }
    one->encoding = WEIR_PLAIN;
    one->length = 1;
    job->in = one;
    job->rows = (weir_rows){NULL, 1, 1};
    WEIR_TRY(run_job(job, to, err));
    bool loud = blame && blame->failures;
    if (job->n_bad && rows.n) WEIR_TRY(weir_column_set_null(job->out, 0, loud, job->ledger, err));
    for (uint32_t k = 0; job->n_bad && loud && k < rows.n; k++)
        WEIR_TRY(fail_row(job, NULL, 0, weir_rows_at(&rows, k), blame, err));
    job->out->encoding = WEIR_CONSTANT;
    job->out->length = c->length;
out:
    job->in = c;
    weir_column_release(one);
    return status;
}

/* Nulls of no type become nulls of `to`. */
static weir_status cast_null(weir_cast_job *job, const weir_type *to, weir_ctx *ctx,
                             weir_error *err) {
    const weir_column *in = job->in;
    weir_column *nulls = NULL;
    weir_status status = weir_column_constant(to, in->length, NULL, 0, job->ledger, &nulls, err);
    if (status == WEIR_OK && in->poison && in->encoding != WEIR_CONSTANT) {
        weir_column *constant = nulls;
        nulls = NULL;
        status = weir_decode_plain(constant, ctx, &nulls, err);
        weir_column_release(constant);
    }
    if (status != WEIR_OK) return status;
    nulls->poison_block = weir_block_retain(in->poison_block);
    nulls->poison = in->poison;
    job->out = nulls;
    return WEIR_OK;
}

weir_status weir_cast(const weir_column *in, const weir_type *to, weir_rows rows,
                      const weir_cast_options *options, const weir_blame *blame, weir_ctx *ctx,
                      weir_column **out, weir_error *err) {
    static const weir_cast_options none = {0};
    weir_column *plain = NULL;
    if (in->type == to) {
        *out = weir_column_retain((weir_column *)(uintptr_t)in);
        return WEIR_OK;
    }
    if (!weir_cast_known(in->type, to))
        return weir_error_set(err, WEIR_USAGE, "%s cannot be cast to %s", in->type->name, to->name);
    weir_cast_job job = {.in = in,
                         .rows = rows,
                         .options = options ? options : &none,
                         .ledger = weir_ctx_ledger(ctx)};
    weir_status status = WEIR_OK;
    if (in->type->id == WEIR_NULL) {
        WEIR_TRY(cast_null(&job, to, ctx, err));
    } else if (in->encoding == WEIR_CONSTANT) {
        WEIR_TRY(cast_constant(&job, in, to, blame, err));
    } else if (weir_dictionary_pays(in, &rows)) {
        WEIR_TRY(cast_dictionary(&job, in, to, blame, err));
    } else {
        WEIR_TRY(weir_decode_plain(in, ctx, &plain, err));
        job.in = plain;
        WEIR_TRY(cast_plain(&job, to, blame, err));
    }
    *out = job.out;
    job.out = NULL;
out:
    weir_view_writer_clear(&job.writer);
    weir_column_release(job.out);
    weir_column_release(plain);
    weir_buf_clear(&job.text);
    weir_free(job.codes);
    return status;
}
