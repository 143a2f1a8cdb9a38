/* Text: options, the layout of a split, and the format object. */
#include <stdio.h>

#include "format/text.h"

static const char *const unmatched_choices[] = {"reject", "keep", "drop", NULL};

static const weir_option multiline_options[] = {
    {.name = "start",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_text_multiline, start),
     .help = "a record begins with a line in which this regular expression occurs",
     .since = "0.1"},
    {.name = "continue",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_text_multiline, go_on),
     .help = "a line in which this regular expression occurs goes on with the record before it",
     .since = "0.1"},
    {.name = "max_lines",
     .type = WEIR_OPT_INT,
     .fallback = "10000",
     .min = 1,
     .max = 1000000000,
     .offset = offsetof(weir_text_multiline, max_lines),
     .help = "a record of more lines is rejected",
     .since = "0.1"},
    {0}};

static const weir_option read_options[] = {
    {.name = "pattern",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_text_read_config, pattern),
     .help = "how a record is taken apart: common, combined, syslog, syslog5424, nginx_error, "
             "apache_error, cri, elb, alb, s3, haproxy, postgres, logfmt, or a regular expression "
             "with (?<column>...) or "
             "%{NAME:column:type} parts; without it there is one column, line",
     .since = "0.1"},
    {.name = "multiline",
     .type = WEIR_OPT_STRUCT,
     .fields = multiline_options,
     .offset = offsetof(weir_text_read_config, multiline),
     .help = "records of several lines; give start or continue",
     .since = "0.1"},
    {.name = "unmatched",
     .type = WEIR_OPT_ENUM,
     .choices = unmatched_choices,
     .fallback = "reject",
     .offset = offsetof(weir_text_read_config, unmatched),
     .help = "records in which the pattern does not occur: keep puts them into a column line",
     .since = "0.1"},
    {.name = "skip",
     .type = WEIR_OPT_INT,
     .fallback = "0",
     .min = 0,
     .max = 1000000,
     .offset = offsetof(weir_text_read_config, skip),
     .help = "lines in front of the records that are passed over",
     .since = "0.1"},
    {0}};

static const weir_option write_options[] = {
    {.name = "template",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_text_write_config, template),
     .help = "what a line holds: text with {column} parts, {{ and }} for braces; without it there "
             "must be one column",
     .since = "0.1"},
    {0}};

/* ---- layouts ------------------------------------------------------------------------------- */

static void text_layout_free(void *p) {
    weir_text_layout *l = p;
    if (!l) return;
    weir_regex_free(l->regex);
    weir_regex_free(l->start);
    weir_arena_clear(&l->arena);
    weir_free(l);
}

static weir_status make_rule(weir_text_layout *l, const weir_read_request *request,
                             weir_error *err) {
    const weir_text_read_config *config = request->config;
    const weir_text_multiline *m = &config->multiline;
    weir_line_rule *rule = &l->lines.rule;
    rule->keep_blank = !config->pattern;
    rule->start_bytes = weir_line_start_bytes(request);
    if (m->start && m->go_on)
        return weir_error_set(err, WEIR_USAGE, "give start or continue, not both");
    if (!m->start && !m->go_on) return WEIR_OK;
    weir_status status = weir_text_regex(m->start ? m->start : m->go_on, WEIR_REGEX_BYTES,
                                         &l->arena, &l->start, err);
    if (status != WEIR_OK) return status;
    rule->start = l->start;
    rule->continues = !m->start;
    rule->max_lines = m->max_lines > 0 ? (uint32_t)m->max_lines : 10000;
    return WEIR_OK;
}

/* names: of a replay; NULL = the pattern's. */
static weir_status make_layout(const weir_read_request *request, uint8_t eol, weir_layout **out,
                               weir_error *err) {
    const weir_text_read_config *config = request->config;
    weir_layout *layout = NULL;
    weir_status status = WEIR_OK;
    weir_text_layout *l = weir_alloc_zero(1, sizeof *l);
    if (!l) return weir_error_nomem(err);
    l->lines.eol = eol;
    l->unmatched = config->unmatched;
    const char *key = "multiline";
    WEIR_TRY(make_rule(l, request, err));
    key = "pattern";
    if (config->pattern && strcmp(config->pattern, "logfmt") == 0) {
        l->lines.split_named = weir_text_logfmt_split;
        l->lines.infer_named = weir_text_logfmt_infer;
    } else {
        WEIR_TRY(weir_text_compile(l, config->pattern, err));
    }
    WEIR_TRY(weir_layout_new(l->names, l->lines.n_columns, &layout, err));
    if (l->columns) WEIR_TRY(weir_layout_types(layout, err));
    for (uint32_t i = 0; i < l->lines.n_columns; i++) layout->types[i] = l->columns[i].type;
    layout->private_data = l;
    layout->private_free = text_layout_free;
    *out = layout;
    return WEIR_OK;
out:
    if (status == WEIR_USAGE && err) snprintf(err->key, sizeof err->key, "%s", key);
    weir_layout_release(layout);
    text_layout_free(l);
    return status;
}

/* Lines that are read whole: a pattern that fits them is worth a word. */
static weir_status look_for_pattern(const weir_lines *lines, weir_layout *layout, weir_error *err) {
    bool whole, all = false;
    const char *name = NULL;
    char text[80];
    weir_slice head = weir_lines_head(lines, &whole);
    weir_status status = weir_text_known(head.data, head.size, &name, &all, err);
    if (status != WEIR_OK || !name) return status;
    snprintf(text, sizeof text, "# pattern: %s takes %sthese lines apart\n", name,
             all ? "" : "most of ");
    return weir_layout_describe(layout, text, err);
}

static weir_status cutter_new(const weir_read_request *request, weir_stream *in, weir_cutter **out,
                              weir_error *err) {
    const weir_text_read_config *config = request->config;
    weir_lines *lines = NULL;
    weir_layout *layout = NULL;
    weir_status status = WEIR_OK;
    bool got = true;
    WEIR_TRY(weir_lines_new(request, in, &lines, err));
    for (int64_t i = 0; i < config->skip && got; i++)
        WEIR_TRY(weir_lines_skip(lines, NULL, &got, err));
    WEIR_TRY(make_layout(request, weir_lines_eol(lines), &layout, err));
    if (!config->pattern) WEIR_TRY(look_for_pattern(lines, layout, err));
    weir_lines_set(lines, &((weir_text_layout *)layout->private_data)->lines.rule, layout);
    *out = (weir_cutter *)lines;
    return WEIR_OK;
out:
    weir_layout_release(layout);
    weir_lines_free(lines);
    return status;
}

/* logfmt: records name their own columns. */
static weir_layout *cutter_layout(weir_cutter *c) {
    weir_layout *layout = weir_lines_layout((weir_lines *)c);
    return layout->n_names ? layout : NULL;
}

static weir_status layout_of(const weir_read_request *request, const char *const *names, uint32_t n,
                             weir_layout **out, weir_error *err) {
    (void)names, (void)n;
    return make_layout(request, '\n', out, err);
}

/* Compiles what the config says, for its errors. */
static weir_status read_check(const void *config, weir_error *err) {
    const weir_text_read_config *c = config;
    const weir_read_request request = {.config = c, .max_record_bytes = WEIR_LINES_HEAD_BYTES};
    weir_layout *layout = NULL;
    weir_status status = make_layout(&request, '\n', &layout, err);
    weir_layout_release(layout);
    return status;
}

/* ---- the format ---------------------------------------------------------------------------- */

static const weir_read_ops read_ops = {
    .cutter_new = cutter_new,
    .cutter_layout = cutter_layout,
    .cutter_next = weir_lines_cutter_next,
    .cutter_free = weir_lines_cutter_free,
    .layout_of = layout_of,
    .infer = weir_lines_infer,
    .decoder_new = weir_lines_decoder_new,
    .decoder_begin = weir_lines_decoder_begin,
    .decoder_next = weir_lines_decoder_next,
    .decoder_free = weir_lines_decoder_free,
};

static const char *const extensions[] = {".log", NULL};

const weir_format weir_format_text = {
    .name = "text",
    .summary = "lines: logs and other text, taken apart by patterns",
    .extensions = extensions,
    .read_options = read_options,
    .read_config_size = sizeof(weir_text_read_config),
    .read = &read_ops,
    .read_check = read_check,
    .write_options = write_options,
    .write_config_size = sizeof(weir_text_write_config),
    .write = &weir_text_write_ops,
};
