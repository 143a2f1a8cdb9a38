/* What was found as text: YAML that can stand under `source:`, and JSON. */
#include "api/infer.h"
#include "base/printable.h"
#include "text/json.h"
#include "text/utf8.h"

#define PLAIN_KEY_MAX 1000 /* a longer key has to be written as "? key" */
#define COMMENT_COLUMN 60  /* comments of longer lines stand one blank behind */

/* ---- YAML scalars -------------------------------------------------------------------------- */

/* Words that readers of YAML take for something else than text. */
static bool is_yaml_word(const char *s) {
    static const char *const words[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *w = words[i];
        size_t k = 0;
        while (w[k] && (s[k] | 0x20) == w[k]) k++;
        if (!w[k] && !s[k]) return true;
    }
    return false;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Whether s can stand without quotes wherever a scalar can. */
static bool is_plain(const char *s, size_t n) {
    if (n == 0 || !is_letter(s[0]) || is_yaml_word(s)) return false;
    for (size_t i = 1; i < n; i++) {
        bool inside = s[i] == ' ' && i + 1 < n;
        if (!is_letter(s[i]) && !(s[i] >= '0' && s[i] <= '9') && !strchr("-./!", s[i]) && !inside)
            return false;
    }
    return true;
}

/* Characters that YAML does not show, or takes for the end of a line. */
static bool must_escape(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF ||
           c == 0xFFFE || c == 0xFFFF;
}

/* Text of a comment: nothing in it ends the line. */
static bool add_shown(weir_buf *out, const char *s, size_t n) {
    bool ok = true;
    for (size_t i = 0, size; ok && i < n; i += size) {
        uint32_t c = 0xFFFD;
        size = weir_utf8_decode(s + i, n - i, &c);
        if (size == 0) size = 1;
        ok = must_escape(c) && c != 0xA0 ? weir_buf_printf(out, "\\u%04X", (unsigned)c)
                                         : weir_buf_add(out, s + i, size);
    }
    return ok;
}

/* s in double quotes.  value: "${" would be a reference there. */
static bool add_quoted(weir_buf *out, const char *s, size_t n, bool value) {
    if (!weir_buf_adds(out, "\"")) return false;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t size = weir_utf8_decode(s + i, n - i, &c);
        bool ok;
        if (size == 0) { /* no name is so, but a broken line helps nobody */
            ok = weir_buf_adds(out, "\\uFFFD");
            size = 1;
        } else if (c == '"' || c == '\\') {
            ok = weir_buf_printf(out, "\\%c", (char)c);
        } else if (c == '\n' || c == '\t' || c == '\r') {
            ok = weir_buf_adds(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
        } else if (must_escape(c)) {
            ok = weir_buf_printf(out, "\\u%04X", (unsigned)c);
        } else {
            if (value && c == '$' && i + 1 < n && s[i + 1] == '{' && !weir_buf_adds(out, "$"))
                return false;
            ok = weir_buf_add(out, s + i, size);
        }
        if (!ok) return false;
        i += size;
    }
    return weir_buf_adds(out, "\"");
}

static bool add_value(weir_buf *out, const char *s) {
    size_t n = strlen(s);
    return is_plain(s, n) ? weir_buf_add(out, s, n) : add_quoted(out, s, n, true);
}

static bool add_key(weir_buf *out, const char *s) {
    size_t n = strlen(s), before = out->size;
    if (is_plain(s, n) && n <= PLAIN_KEY_MAX) return weir_buf_add(out, s, n);
    if (!add_quoted(out, s, n, false)) return false;
    if (out->size - before <= PLAIN_KEY_MAX) return true;
    out->size = before;
    return weir_buf_adds(out, "? ") && add_quoted(out, s, n, false) && weir_buf_adds(out, "\n");
}

/* ---- one column ---------------------------------------------------------------------------- */

static bool add_list_member(weir_buf *out, const char *name, const weir_opt_strings *values) {
    bool ok = weir_buf_printf(out, ", %s: [", name);
    for (size_t i = 0; ok && i < values->n; i++)
        ok = (i == 0 || weir_buf_adds(out, ", ")) && add_value(out, values->items[i]);
    return ok && weir_buf_adds(out, "]");
}

static bool add_text_member(weir_buf *out, const char *name, const char *value) {
    return !value || (weir_buf_printf(out, ", %s: ", name) && add_value(out, value));
}

static bool add_type(weir_buf *out, const weir_infer_column *c) {
    weir_buf text = {0};
    bool ok = weir_buf_printf(&text, "%s%s", c->type->name, c->never_null ? "!" : "") &&
              add_value(out, weir_buf_cstr(&text));
    weir_buf_clear(&text);
    return ok;
}

/* A type alone, or a map. */
static bool add_column_value(weir_buf *out, const weir_infer_column *c) {
    static const weir_opt_column plain;
    const weir_opt_column *how = c->how ? c->how : &plain;
    weir_buf more = {0};
    bool ok = add_text_member(&more, "from", c->from) &&
              add_text_member(&more, "format", how->format) &&
              add_text_member(&more, "decimal", how->decimal) &&
              add_text_member(&more, "thousands", how->thousands) &&
              add_text_member(&more, "timezone", how->timezone) &&
              add_text_member(&more, "ambiguous", how->ambiguous) &&
              (how->nulls.n == 0 || add_list_member(&more, "null", &how->nulls));
    if (ok && more.size == 0)
        ok = add_type(out, c);
    else if (ok)
        ok = weir_buf_adds(out, "{ type: ") && add_type(out, c) &&
             weir_buf_add(out, more.data, more.size) && weir_buf_adds(out, " }");
    weir_buf_clear(&more);
    return ok;
}

/* The first other column of this name in any case; NULL = none. */
#define TWINS_MAX 2000u /* columns among which one is looked for */
static const char *same_but_for_case(const weir_infer_result *r, const weir_infer_column *c) {
    for (size_t i = 0; r->n_columns <= TWINS_MAX && i < r->n_columns; i++)
        if (&r->columns[i] != c && strcasecmp(r->columns[i].name, c->name) == 0)
            return r->columns[i].name;
    return NULL;
}

static bool add_comment(weir_buf *out, const weir_infer_result *r, const weir_infer_column *c) {
    char shown[160];
    bool ok = weir_buf_adds(out, c->why);
    if (ok && c->counted && c->nulls)
        ok = weir_buf_printf(out, "%s%llu null%s", out->size ? "; " : "",
                             (unsigned long long)c->nulls, c->nulls == 1 ? "" : "s");
    if (!ok || !c->lacking) return ok;
    weir_printable(shown, sizeof shown, c->lacking, strlen(c->lacking));
    ok = weir_buf_printf(out, "%sin %u of %zu files, not in %s", out->size ? "; " : "", c->n_files,
                         r->n_files, shown);
    const char *twin = ok ? same_but_for_case(r, c) : NULL;
    if (!twin) return ok;
    weir_printable(shown, sizeof shown, twin, strlen(twin));
    return weir_buf_printf(out, "; is %s the same? then coalesce both", shown);
}

/* ---- the block ----------------------------------------------------------------------------- */

static size_t characters(const char *p, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += ((unsigned char)p[i] & 0xC0) != 0x80;
    return count;
}

/* `name: value` of a column; a key that is too long for its line stands on one of its own. */
static bool add_line(weir_buf *out, int indent, const weir_infer_column *c) {
    weir_buf key = {0};
    bool ok = add_key(&key, c->name);
    if (ok && key.data[0] == '?')
        ok = weir_buf_add(out, key.data, key.size) && weir_buf_printf(out, "%*s: ", indent, "");
    else if (ok)
        ok = weir_buf_add(out, key.data, key.size) && weir_buf_adds(out, ": ");
    weir_buf_clear(&key);
    return ok && add_column_value(out, c);
}

/* Where comments begin: behind the longest line that has one, unless that is very long. */
static bool comment_column(const weir_infer_result *r, int indent, size_t *out) {
    weir_buf line = {0}, comment = {0};
    bool ok = true;
    *out = 0;
    for (size_t i = 0; ok && i < r->n_columns; i++) {
        line.size = comment.size = 0;
        ok = add_line(&line, indent, &r->columns[i]) && add_comment(&comment, r, &r->columns[i]);
        size_t n = ok ? characters(line.data, line.size) : 0;
        if (ok && comment.size && n > *out && n <= COMMENT_COLUMN) *out = n;
    }
    weir_buf_clear(&line);
    weir_buf_clear(&comment);
    return ok;
}

/* Lines of the dialect, each behind the indent. */
static bool add_lines(weir_buf *out, int indent, const char *lines) {
    while (*lines) {
        size_t n = strcspn(lines, "\n");
        if (!weir_buf_printf(out, "%*s", indent, "") || !weir_buf_add(out, lines, n) ||
            !weir_buf_adds(out, "\n"))
            return false;
        lines += n + (lines[n] == '\n');
    }
    return true;
}

static bool has_named(const weir_infer_result *r) {
    for (size_t i = 0; i < r->n_columns; i++)
        if (r->columns[i].name[0]) return true;
    return false;
}

/* What cannot be read, as a comment. */
static bool add_unread(weir_buf *out, int indent, const weir_infer_result *r) {
    weir_buf line = {0};
    if (r->unread == 0) return true;
    bool ok = weir_buf_printf(&line, "# %llu of %llu record%s cannot be read",
                              (unsigned long long)r->unread, (unsigned long long)r->unread_of,
                              r->unread_of == 1 ? "" : "s");
    if (ok && r->unread_reason && r->unread_reason[0])
        ok = weir_buf_printf(&line, ": %s, %s:%llu", r->unread_reason, r->unread_source,
                             (unsigned long long)r->unread_line);
    if (ok && r->unread_encoding) ok = weir_buf_adds(&line, "; give encoding:");
    ok = ok && weir_buf_printf(out, "%*s", indent, "") && add_shown(out, line.data, line.size) &&
         weir_buf_adds(out, "\n");
    weir_buf_clear(&line);
    return ok;
}

bool weir_api_infer_yaml(const weir_infer_result *r, int indent, weir_buf *out) {
    weir_buf line = {0}, comment = {0};
    size_t at;
    bool ok = comment_column(r, indent + 2, &at) &&
              (!r->format_open || weir_buf_printf(out, "%*sformat: %s\n", indent, "", r->format)) &&
              add_lines(out, indent, r->dialect) &&
              (!r->encoding_others ||
               weir_buf_printf(out, "%*s# the encoding may be %s as well: write down what it is\n",
                               indent, "", r->encoding_others)) &&
              add_unread(out, indent, r) &&
              weir_buf_printf(out, "%*scolumns:%s\n", indent, "", has_named(r) ? "" : " {}");
    for (size_t i = 0; ok && i < r->n_columns; i++) {
        line.size = comment.size = 0;
        if (!r->columns[i].name[0]) {
            ok = weir_buf_printf(out, "%*s# a column without a name, which cannot stand here\n",
                                 indent + 2, "");
            continue;
        }
        ok = add_line(&line, indent + 2, &r->columns[i]) &&
             add_comment(&comment, r, &r->columns[i]) &&
             weir_buf_printf(out, "%*s", indent + 2, "") && weir_buf_add(out, line.data, line.size);
        size_t n = ok ? characters(line.data, line.size) : 0;
        if (ok && comment.size)
            ok = weir_buf_printf(out, "%*s# ", (int)(n < at ? at - n : 0) + 1, "") &&
                 add_shown(out, comment.data, comment.size);
        ok = ok && weir_buf_adds(out, "\n");
    }
    weir_buf_clear(&line);
    weir_buf_clear(&comment);
    return ok;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static bool json_string(weir_buf *out, const char *s) {
    return s ? weir_json_put_string(out, s, strlen(s), WEIR_JSON_UTF8_REPLACE, NULL)
             : weir_buf_adds(out, "null");
}

static bool json_member(weir_buf *out, const char *name, const char *value) {
    return !value || (weir_buf_printf(out, ",\"%s\":", name) && json_string(out, value));
}

static bool json_how(weir_buf *out, const weir_opt_column *how) {
    if (!how) return true;
    bool ok = json_member(out, "format", how->format) &&
              json_member(out, "decimal", how->decimal) &&
              json_member(out, "thousands", how->thousands) &&
              json_member(out, "timezone", how->timezone) &&
              json_member(out, "ambiguous", how->ambiguous);
    if (!ok || how->nulls.n == 0) return ok;
    ok = weir_buf_adds(out, ",\"null\":[");
    for (size_t i = 0; ok && i < how->nulls.n; i++)
        ok = (i == 0 || weir_buf_adds(out, ",")) && json_string(out, how->nulls.items[i]);
    return ok && weir_buf_adds(out, "]");
}

static bool json_column(weir_buf *out, const weir_infer_column *c) {
    bool ok = weir_buf_adds(out, "{\"name\":") && json_string(out, c->name) &&
              json_member(out, "from", c->from) && json_member(out, "type", c->type->name) &&
              weir_buf_printf(out, ",\"not_null\":%s,\"declared\":%s",
                              c->never_null ? "true" : "false", c->declared ? "true" : "false") &&
              json_how(out, c->how);
    if (ok && c->counted)
        ok = weir_buf_printf(out, ",\"nulls\":%llu", (unsigned long long)c->nulls);
    if (ok && c->n_files) ok = weir_buf_printf(out, ",\"files\":%u", c->n_files);
    ok = ok && json_member(out, "lacking", c->lacking) &&
         json_member(out, "why", c->why[0] ? c->why : NULL) && weir_buf_adds(out, ",\"not\":[");
    for (size_t i = 0; ok && i < c->n_witnesses; i++) {
        const weir_infer_witness *w = &c->witnesses[i];
        ok = weir_buf_printf(out, "%s{\"type\":\"%s\",\"value\":", i ? "," : "", w->type) &&
             json_string(out, w->text) && json_member(out, "source", w->source) &&
             weir_buf_printf(out, ",\"line\":%llu}", (unsigned long long)w->line);
    }
    return ok && weir_buf_adds(out, "]}");
}

static bool json_unread(weir_buf *out, const weir_infer_result *r) {
    if (r->unread == 0) return true;
    bool ok = weir_buf_printf(out, ",\"unreadable\":{\"records\":%llu,\"of\":%llu",
                              (unsigned long long)r->unread, (unsigned long long)r->unread_of);
    if (ok && r->unread_reason && r->unread_reason[0])
        ok = weir_buf_adds(out, ",\"first\":{\"reason\":") && json_string(out, r->unread_reason) &&
             json_member(out, "source", r->unread_source) &&
             weir_buf_printf(out, ",\"line\":%llu}", (unsigned long long)r->unread_line);
    return ok && weir_buf_adds(out, "}");
}

bool weir_api_infer_json(const weir_infer_result *r, weir_buf *out) {
    bool ok = weir_buf_adds(out, "{\"format\":") && json_string(out, r->format) &&
              json_member(out, "dialect", r->dialect[0] ? r->dialect : NULL) &&
              json_member(out, "encoding_or", r->encoding_others) &&
              weir_buf_printf(out, ",\"files\":%zu,\"sampled\":%s", r->n_files,
                              r->sampled ? "true" : "false") &&
              json_unread(out, r) && weir_buf_adds(out, ",\"columns\":[");
    for (size_t i = 0; ok && i < r->n_columns; i++)
        ok = (i == 0 || weir_buf_adds(out, ",")) && json_column(out, &r->columns[i]);
    return ok && weir_buf_adds(out, "]}\n");
}
