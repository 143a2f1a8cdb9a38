/* Casts from text, from JSON, and to text. */
#include "column/cast_job.h"
#include "text/encode.h"
#include "text/json.h"

/* ---- one text, one value ------------------------------------------------------------------- */

static int parse_integer(const weir_type *t, weir_slice s, void *to) {
    if (t->id == WEIR_INT64) return weir_num_parse_int64(s.data, s.size, to);
    if (t->id == WEIR_UINT64) return weir_num_parse_uint64(s.data, s.size, to);
    bool is_signed = weir_type_is_signed(t);
    int64_t v = 0, max = ((int64_t)1 << (t->width * 8 - is_signed)) - 1;
    weir_num code = weir_num_parse_int_within(s.data, s.size, is_signed ? -max - 1 : 0, max, &v);
    switch (t->width) {
    case 1: *(uint8_t *)to = (uint8_t)v; break;
    case 2: *(uint16_t *)to = (uint16_t)v; break;
    default: *(uint32_t *)to = (uint32_t)v; break;
    }
    return code;
}

/* Reads a number with digits beyond the scale and rounds or cuts it. */
static int parse_lossy(const weir_type *t, weir_slice s, const weir_cast_options *o,
                       weir_int128 *out) {
    weir_num_shape shape;
    weir_int128 exact;
    weir_num code = weir_num_measure(s.data, s.size, &shape);
    if (code != WEIR_NUM_OK) return code;
    if (shape.whole + shape.fraction > WEIR_DECIMAL_MAX_PRECISION) return WEIR_NUM_RANGE;
    code = weir_num_parse_decimal128(s.data, s.size, WEIR_DECIMAL_MAX_PRECISION, shape.fraction,
                                     &exact);
    return code == WEIR_NUM_OK ? weir_cast_rescale(exact, shape.fraction, t->scale, o, out) : code;
}

static int parse_decimal(const weir_type *t, weir_slice s, const weir_cast_options *o, void *to) {
    weir_int128 v = 0;
    weir_num code;
    if (t->width == 8)
        code = weir_num_parse_decimal64(s.data, s.size, t->precision, t->scale, to);
    else
        code = weir_num_parse_decimal128(s.data, s.size, t->precision, t->scale, to);
    if (code != WEIR_NUM_LOSSY || (!o->lossy_round && !o->lossy_trunc)) return code;
    int lossy = parse_lossy(t, s, o, &v);
    if (lossy != WEIR_NUM_OK) return lossy;
    if (!weir_cast_fits(v, t->precision)) return WEIR_NUM_RANGE;
    if (t->width == 8)
        *(int64_t *)to = (int64_t)v;
    else
        *(weir_int128 *)to = v;
    return WEIR_NUM_OK;
}

/* "1.7" to an integer, when rounding or cutting was asked for. */
static int parse_lossy_integer(weir_cast_job *job, weir_slice s, void *to) {
    const weir_type *t = job->out->type;
    weir_int128 v = 0;
    weir_num_shape shape;
    if (weir_num_measure(s.data, s.size, &shape) != WEIR_NUM_OK) return WEIR_NUM_SYNTAX;
    int code = parse_lossy(t, s, job->options, &v);
    if (code != WEIR_NUM_OK) return code;
    int bits = t->width * 8;
    bool is_signed = weir_type_is_signed(t);
    weir_int128 max = ((weir_int128)1 << (is_signed ? bits - 1 : bits)) - 1;
    if (v > max || v < (is_signed ? -max - 1 : 0)) return WEIR_NUM_RANGE;
    memcpy(to, &v, t->width); /* little end first, as on every machine weir runs on */
    return WEIR_NUM_OK;
}

static int parse_json(weir_slice s) {
    const char *end = s.data + s.size;
    const char *p = weir_json_skip_space(s.data, end);
    if (p == end) return WEIR_NUM_EMPTY;
    p = weir_json_skip(p, end, WEIR_JSON_DEPTH_DEFAULT, NULL, NULL);
    return p && weir_json_skip_space(p, end) == end ? WEIR_NUM_OK : WEIR_NUM_SYNTAX;
}

static int parse_bool(weir_slice s, uint64_t *bits, uint32_t row) {
    bool v = false;
    weir_num code = weir_num_parse_bool(s.data, s.size, &v);
    if (v) weir_bit_set(bits, row);
    return code;
}

/* type is the id of job->out, a constant where the caller has a loop of its own. */
static inline __attribute__((always_inline)) int parse_as(weir_cast_job *job, weir_type_id type,
                                                          weir_slice s, uint32_t row) {
    const weir_type *t = job->out->type;
    void *to = (uint8_t *)job->out->values + (size_t)row * t->width;
    weir_ambiguous policy = (weir_ambiguous)job->options->ambiguous;
    switch (type) {
    case WEIR_BOOL: return parse_bool(s, job->out->values, row);
    case WEIR_INT64: return weir_num_parse_int64(s.data, s.size, to);
    case WEIR_FLOAT32: return weir_num_parse_float(s.data, s.size, WEIR_NUM_WORDS, to);
    case WEIR_FLOAT64: return weir_num_parse_double(s.data, s.size, WEIR_NUM_WORDS, to);
    case WEIR_DECIMAL: return parse_decimal(t, s, job->options, to);
    case WEIR_DATE: return weir_date_parse(s.data, s.size, to);
    case WEIR_TIME: return weir_time_parse(s.data, s.size, to);
    case WEIR_TIMESTAMP: return weir_timestamp_parse(s.data, s.size, to);
    case WEIR_TIMESTAMPTZ: return weir_timestamptz_parse(s.data, s.size, &job->zone, policy, to);
    case WEIR_INTERVAL: return weir_interval_parse(s.data, s.size, to);
    case WEIR_UUID:
        if (!s.size) return WEIR_NUM_EMPTY;
        return weir_uuid_parse(s.data, s.size, to) ? WEIR_NUM_OK : WEIR_NUM_SYNTAX;
    default: return parse_integer(t, s, to);
    }
}

/* By a format of the user's. */
static int parse_format(weir_cast_job *job, weir_slice s, uint32_t row) {
    weir_time_kind kind;
    int64_t v = 0;
    switch (job->out->type->id) {
    case WEIR_DATE: kind = WEIR_TIME_KIND_DATE; break;
    case WEIR_TIME: kind = WEIR_TIME_KIND_TIME; break;
    case WEIR_TIMESTAMP: kind = WEIR_TIME_KIND_TIMESTAMP; break;
    case WEIR_TIMESTAMPTZ: kind = WEIR_TIME_KIND_TIMESTAMPTZ; break;
    default: return parse_as(job, job->out->type->id, s, row);
    }
    weir_num code = weir_time_program_parse(job->options->format, kind, s.data, s.size, &job->zone,
                                            (weir_ambiguous)job->options->ambiguous, &v);
    if (kind == WEIR_TIME_KIND_DATE)
        ((int32_t *)job->out->values)[row] = (int32_t)v;
    else
        ((int64_t *)job->out->values)[row] = v;
    return code;
}

int weir_cast_parse(weir_cast_job *job, weir_slice s, uint32_t row) {
    char plain[WEIR_NUM_PLAIN_MAX];
    if (job->options->format) return parse_format(job, s, row);
    if (job->options->marks.decimal) {
        weir_num marks = weir_num_plain(s.data, s.size, job->options->marks, plain, &s.size);
        if (marks != WEIR_NUM_OK) return marks;
        s.data = plain;
    }
    int code = parse_as(job, job->out->type->id, s, row);
    bool lossy = job->options->lossy_round || job->options->lossy_trunc;
    if (code == WEIR_NUM_SYNTAX && lossy && weir_type_is_integer(job->out->type))
        code = parse_lossy_integer(
            job, s, (uint8_t *)job->out->values + (size_t)row * job->out->type->width);
    return code;
}

/* ---- text to values ------------------------------------------------------------------------ */

#define PARSE_LOOP(TYPE)                                                                           \
    case TYPE:                                                                                     \
        WEIR_CAST_ROWS(job, {                                                                      \
            int code = parse_as(job, TYPE, weir_view_slice(in, views + row), row);                 \
            if (__builtin_expect(code != 0, 0)) WEIR_TRY(weir_cast_fail(job, row, code, err));     \
        });                                                                                        \
        break

static bool means_null(const weir_cast_options *o, weir_slice s) {
    for (size_t i = 0; i < o->n_nulls; i++)
        if (weir_slice_is(s, o->nulls[i])) return true;
    return false;
}

static weir_status text_to_values(weir_cast_job *job, weir_error *err) {
    const weir_column *in = job->in;
    const weir_view *views = in->values;
    weir_status status = WEIR_OK;
    const weir_cast_options *o = job->options;
    bool plain =
        !o->lossy_round && !o->lossy_trunc && !o->format && !o->n_nulls && !o->marks.decimal;
    switch (plain ? job->out->type->id : WEIR_NULL) {
        PARSE_LOOP(WEIR_BOOL);
        PARSE_LOOP(WEIR_INT64);
        PARSE_LOOP(WEIR_FLOAT64);
        PARSE_LOOP(WEIR_DECIMAL);
        PARSE_LOOP(WEIR_DATE);
        PARSE_LOOP(WEIR_TIMESTAMP);
        PARSE_LOOP(WEIR_TIMESTAMPTZ);
    default:
        WEIR_CAST_ROWS(job, {
            weir_slice s = weir_view_slice(in, views + row);
            if (means_null(o, s)) {
                WEIR_TRY(weir_column_set_null(job->out, row, false, job->ledger, err));
                continue;
            }
            int code = weir_cast_parse(job, s, row);
            if (code) WEIR_TRY(weir_cast_fail(job, row, code, err));
        });
    }
out:
    return status;
}

/* Text is its own bytes; \x begins hexadecimal, as it is written. */
static weir_status text_to_binary(weir_cast_job *job, weir_error *err) {
    const weir_view *views = job->in->values;
    weir_view *to = job->out->values;
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_column_share_blocks(job->out, job->in, err));
    WEIR_CAST_ROWS(job, {
        weir_slice s = weir_view_slice(job->in, views + row);
        to[row] = views[row]; /* the same bytes in the same blocks */
        if (s.size >= 2 && s.data[0] == '\\' && s.data[1] == 'x') {
            char *p = weir_view_reserve(&job->writer, s.size / 2 + 1, err);
            if (!p) return WEIR_RESOURCE;
            size_t n = weir_hex_decode(s.data + 2, s.size - 2, p);
            if (n == SIZE_MAX)
                WEIR_TRY(weir_cast_fail(job, row, WEIR_CAST_SYNTAX, err));
            else
                to[row] = weir_view_commit(&job->writer, n);
        }
    });
out:
    return status;
}

static weir_status text_to_json(weir_cast_job *job, weir_error *err) {
    const weir_view *views = job->in->values;
    weir_view *to = job->out->values;
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_column_share_blocks(job->out, job->in, err));
    WEIR_CAST_ROWS(job, {
        to[row] = views[row];
        int code = parse_json(weir_view_slice(job->in, views + row));
        if (code) WEIR_TRY(weir_cast_fail(job, row, code, err));
    });
out:
    return status;
}

static weir_status binary_to_uuid(weir_cast_job *job, weir_error *err) {
    const weir_view *views = job->in->values;
    uint8_t *to = job->out->values;
    weir_status status = WEIR_OK;
    WEIR_CAST_ROWS(job, {
        weir_slice s = weir_view_slice(job->in, views + row);
        if (s.size == 16)
            memcpy(to + (size_t)row * 16, s.data, 16);
        else
            WEIR_TRY(weir_cast_fail(job, row, WEIR_CAST_SYNTAX, err));
    });
out:
    return status;
}

weir_status weir_cast_from_text(weir_cast_job *job, weir_error *err) {
    if (job->out->type->id == WEIR_UUID && job->in->type->id == WEIR_BINARY)
        return binary_to_uuid(job, err);
    if (job->out->type->id == WEIR_BINARY) return text_to_binary(job, err);
    if (job->out->type->id == WEIR_JSON) return text_to_json(job, err);
    return text_to_values(job, err);
}

/* ---- JSON to values ------------------------------------------------------------------------ */

/* The text that stands for a scalar: the inside of a string, unescaped, or a number or word as it
 * is. 0 = fine, -1 = JSON's null, else a code. */
static int json_scalar(weir_cast_job *job, weir_slice s, weir_slice *out) {
    const char *end = s.data + s.size;
    const char *p = weir_json_skip_space(s.data, end);
    while (end > p && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    *out = (weir_slice){p, (size_t)(end - p)};
    if (out->size == 0) return WEIR_CAST_EMPTY;
    if (weir_slice_is(*out, "null")) return -1;
    if (*p == '{' || *p == '[') return WEIR_CAST_SYNTAX;
    if (*p != '"') return 0;
    out->data++;
    if (out->size < 2) return WEIR_CAST_SYNTAX;
    out->size -= 2;
    if (!memchr(out->data, '\\', out->size)) return 0;
    job->text.size = 0;
    if (!weir_buf_reserve(&job->text, out->size)) return WEIR_CAST_SYNTAX;
    ptrdiff_t n = weir_json_unescape(out->data, out->size, job->text.data, NULL);
    if (n < 0) return WEIR_CAST_SYNTAX;
    *out = (weir_slice){job->text.data, (size_t)n};
    return 0;
}

weir_status weir_cast_from_json(weir_cast_job *job, weir_error *err) {
    const weir_view *views = job->in->values;
    bool binary = job->out->type->id == WEIR_BINARY;
    weir_status status = WEIR_OK;
    WEIR_CAST_ROWS(job, {
        weir_slice text;
        int code = json_scalar(job, weir_view_slice(job->in, views + row), &text);
        if (code == -1) {
            WEIR_TRY(weir_column_set_null(job->out, row, false, job->ledger, err));
        } else if (code == 0 && binary) {
            if (!weir_view_put(&job->writer, text.data, text.size,
                               (weir_view *)job->out->values + row, err))
                return WEIR_RESOURCE;
        } else {
            if (code == 0) code = weir_cast_parse(job, text, row);
            if (code) WEIR_TRY(weir_cast_fail(job, row, code, err));
        }
    });
out:
    return status;
}

/* ---- values to text ------------------------------------------------------------------------ */

/* FORMAT writes at most MOST bytes to p and gives their number. */
#define FORMAT_LOOP(MOST, FORMAT)                                                                  \
    do {                                                                                           \
        WEIR_CAST_ROWS(job, {                                                                      \
            char *p = weir_view_reserve(&job->writer, MOST, err);                                  \
            if (!p) return WEIR_RESOURCE;                                                          \
            views[row] = weir_view_commit(&job->writer, FORMAT);                                   \
        });                                                                                        \
    } while (0)
#define V(TYPE) (((const TYPE *)in->values)[row])

/* Types whose text has a known greatest length; false = another type. */
static weir_status format_rows(weir_cast_job *job, bool *done, weir_error *err) {
    const weir_column *in = job->in;
    weir_view *views = job->out->values;
    const weir_type *t = in->type;
    *done = true;
    switch (t->id) {
    case WEIR_INT8: FORMAT_LOOP(WEIR_NUM_INT64_MAX, weir_num_format_int64(V(int8_t), p)); break;
    case WEIR_INT16: FORMAT_LOOP(WEIR_NUM_INT64_MAX, weir_num_format_int64(V(int16_t), p)); break;
    case WEIR_INT32: FORMAT_LOOP(WEIR_NUM_INT64_MAX, weir_num_format_int64(V(int32_t), p)); break;
    case WEIR_INT64: FORMAT_LOOP(WEIR_NUM_INT64_MAX, weir_num_format_int64(V(int64_t), p)); break;
    case WEIR_UINT8: FORMAT_LOOP(WEIR_NUM_INT64_MAX, weir_num_format_uint64(V(uint8_t), p)); break;
    case WEIR_UINT16:
        FORMAT_LOOP(WEIR_NUM_INT64_MAX, weir_num_format_uint64(V(uint16_t), p));
        break;
    case WEIR_UINT32:
        FORMAT_LOOP(WEIR_NUM_INT64_MAX, weir_num_format_uint64(V(uint32_t), p));
        break;
    case WEIR_UINT64:
        FORMAT_LOOP(WEIR_NUM_INT64_MAX, weir_num_format_uint64(V(uint64_t), p));
        break;
    case WEIR_FLOAT32: FORMAT_LOOP(WEIR_NUM_DOUBLE_MAX, weir_num_format_float(V(float), p)); break;
    case WEIR_FLOAT64:
        FORMAT_LOOP(WEIR_NUM_DOUBLE_MAX, weir_num_format_double(V(double), p));
        break;
    case WEIR_DECIMAL:
        if (t->width == 8)
            FORMAT_LOOP(WEIR_NUM_DECIMAL_MAX, weir_num_format_decimal64(V(int64_t), t->scale, p));
        else
            FORMAT_LOOP(WEIR_NUM_DECIMAL_MAX,
                        weir_num_format_decimal128(V(weir_int128), t->scale, p));
        break;
    case WEIR_DATE: FORMAT_LOOP(WEIR_TIME_TEXT_MAX, weir_date_format(V(int32_t), p)); break;
    case WEIR_TIME: FORMAT_LOOP(WEIR_TIME_TEXT_MAX, weir_time_format(V(int64_t), p)); break;
    case WEIR_TIMESTAMP:
        FORMAT_LOOP(WEIR_TIME_TEXT_MAX, weir_timestamp_format(V(int64_t), ' ', p));
        break;
    case WEIR_TIMESTAMPTZ:
        FORMAT_LOOP(WEIR_TIME_TEXT_MAX, weir_timestamptz_format(V(int64_t), &job->zone, ' ', p));
        break;
    case WEIR_INTERVAL:
        FORMAT_LOOP(WEIR_INTERVAL_TEXT_MAX, weir_interval_format(&V(weir_interval), p));
        break;
    default: *done = false; break;
    }
    return WEIR_OK;
}

/* By a format of the user's. */
static weir_status format_times(weir_cast_job *job, weir_error *err) {
    const weir_column *in = job->in;
    weir_view *views = job->out->values;
    weir_type_id id = in->type->id;
    weir_time_kind kind = id == WEIR_DATE        ? WEIR_TIME_KIND_DATE
                          : id == WEIR_TIME      ? WEIR_TIME_KIND_TIME
                          : id == WEIR_TIMESTAMP ? WEIR_TIME_KIND_TIMESTAMP
                                                 : WEIR_TIME_KIND_TIMESTAMPTZ;
    size_t most = weir_time_program_max(job->options->format);
    WEIR_CAST_ROWS(job, {
        int64_t v = id == WEIR_DATE ? V(int32_t) : V(int64_t);
        char *p = weir_view_reserve(&job->writer, most, err);
        if (!p) return WEIR_RESOURCE;
        views[row] =
            weir_view_commit(&job->writer, weir_time_program_write(job->options->format, kind, v,
                                                                   &job->zone, p, most));
    });
    return WEIR_OK;
}

static bool is_moment(weir_type_id id) {
    return id >= WEIR_DATE && id <= WEIR_TIMESTAMPTZ;
}

weir_status weir_cast_to_text(weir_cast_job *job, weir_error *err) {
    weir_view *views = job->out->values;
    bool json = job->out->type->id == WEIR_JSON, done = false;
    weir_status status = WEIR_OK;
    if (!json && job->options->format && is_moment(job->in->type->id))
        return format_times(job, err);
    if (!json) {
        status = format_rows(job, &done, err);
        if (status != WEIR_OK || done) return status;
    }
    WEIR_CAST_ROWS(job, {
        job->text.size = 0;
        bool ok = json ? weir_column_json(job->in, row, &job->text)
                       : weir_column_text(job->in, row, &job->text);
        if (!ok) return weir_error_nomem(err);
        if (!weir_view_put(&job->writer, job->text.data, job->text.size, &views[row], err))
            return WEIR_RESOURCE;
    });
    return status;
}
