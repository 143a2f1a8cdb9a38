/* Which format a text is in, where its name does not tell: by its first lines. */
#include "format/fixed.h"
#include "format/format.h"
#include "format/text.h"
#include "io/zip.h"
#include "text/json.h"
#include "text/utf8.h"

#define HEAD_BYTES ((size_t)64 << 10)
#define MAX_LINES 100u

typedef struct head {
    const char *data;
    size_t size;
    bool whole;
    weir_slice lines[MAX_LINES]; /* that are not blank, without their ends */
    size_t n;
} head;

static void take_lines(head *h) {
    const char *p = h->data, *end = p + h->size;
    while (p < end && h->n < MAX_LINES) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        if (!eol && !h->whole && h->n) break; /* may be cut off */
        weir_slice line = {p, (size_t)((eol ? eol : end) - p)};
        p = eol ? eol + 1 : end;
        if (line.size && line.data[line.size - 1] == '\r') line.size--;
        if (weir_fixed_trim(line).size) h->lines[h->n++] = line;
    }
}

/* A value of JSON and nothing behind it. */
static bool is_json(weir_slice s) {
    const char *end = s.data + s.size, *p = weir_json_skip_space(s.data, end);
    p = p < end ? weir_json_skip(p, end, WEIR_JSON_DEPTH_DEFAULT, NULL, NULL) : NULL;
    return p && weir_json_skip_space(p, end) == end;
}

static const char *as_json(const head *h) {
    weir_slice first = weir_fixed_trim(h->lines[0]);
    if (first.data[0] != '{' && first.data[0] != '[') return NULL;
    if (first.data[0] == '{' && is_json(first)) return "ndjson";
    weir_slice all = {h->data, h->size};
    if (h->whole ? is_json(all) : first.size < 3 || first.data[1] == '"' || first.data[1] == '{')
        return "json";
    return NULL;
}

static const char *as_xml(const head *h) {
    weir_slice s = weir_fixed_trim(h->lines[0]);
    return s.size > 5 && memcmp(s.data, "<?xml", 5) == 0 ? "xml" : NULL;
}

/* Most lines are of one of the kinds of logs that have a name. */
static const char *as_log(const head *h) {
    for (const weir_text_pattern *p = weir_text_patterns; p->name; p++) {
        weir_regex *re = NULL;
        weir_error ignored = {0};
        size_t found = 0;
        if (weir_regex_new(p->text, strlen(p->text), 0, &re, &ignored) != WEIR_OK) return NULL;
        for (size_t i = 0; i < h->n; i++)
            found += weir_utf8_valid(h->lines[i].data, h->lines[i].size) &&
                     weir_regex_match(re, h->lines[i].data, h->lines[i].size) == WEIR_REGEX_MATCH;
        weir_regex_free(re);
        if (found * 10 >= h->n * 9) return "text";
    }
    return NULL;
}

/* Delimiters outside quotes. */
static size_t count(weir_slice line, char delimiter) {
    size_t n = 0;
    bool quoted = false;
    for (size_t i = 0; i < line.size; i++) {
        quoted = quoted != (line.data[i] == '"');
        n += !quoted && line.data[i] == delimiter;
    }
    return n;
}

/* The lines have the same number of a delimiter: nearly all, or most where it is more than one, for
 * quoted fields may go over several lines. */
static const char *as_delimited(const head *h) {
    static const char delimiters[] = "\t,;|";
    for (const char *d = delimiters; *d; d++) {
        size_t want = count(h->lines[0], *d), same = 0;
        for (size_t i = 0; i < h->n; i++) same += count(h->lines[i], *d) == want;
        if (want && same * 10 >= h->n * (want > 1 ? 6 : 9)) return *d == '\t' ? "tsv" : "csv";
    }
    return NULL;
}

/* Three lines at least whose blanks stand one below the other, and few of which are single. */
static const char *as_fixed(const head *h) {
    weir_fixed_found *found = weir_alloc(sizeof *found);
    bool is = found && h->n >= 3 &&
              weir_fixed_find((weir_slice){h->data, h->size}, h->whole, '\n', false,
                              WEIR_FIXED_HEADER_AUTO, found);
    if (is && !found->ruled) { /* words of prose may leave a gap by chance */
        size_t wide = 0;
        for (size_t i = 0; i < h->n; i++) {
            weir_slice s = weir_fixed_trim(h->lines[i]);
            for (size_t k = 1; k < s.size; k++)
                if (s.data[k] == ' ' && s.data[k - 1] == ' ') {
                    wide++;
                    break;
                }
        }
        is = wide * 2 >= h->n;
    }
    weir_free(found);
    return is ? "fixed" : NULL;
}

/* An archive of which nothing can be read: a workbook, or anything; NULL = no archive. */
static const char *as_archive(const char *path) {
    weir_error ignored = {0};
    weir_stream *in = NULL;
    weir_zip *z = NULL;
    const char *format = NULL;
    char magic[4];
    size_t got = 0;
    if (weir_file_open(path, NULL, &in, &ignored) != WEIR_OK) return NULL;
    if (in->at_will && weir_stream_read_at(in, 0, magic, sizeof magic, &got, &ignored) == WEIR_OK &&
        weir_zip_magic(magic, got)) {
        format = "csv";
        if (weir_zip_open(in, &(weir_zip_limits){0}, &z, &ignored) == WEIR_OK &&
            weir_zip_find(z, "xl/workbook.xml", NULL))
            format = "xlsx";
    }
    weir_zip_close(z);
    weir_stream_close(in);
    return format;
}

const char *weir_format_of_content(const char *path, const char *member) {
    weir_error ignored = {0};
    weir_stream *in = NULL;
    const char *format = NULL;
    weir_decompress_options o = {.codec = WEIR_CODEC_AUTO, .member = member};
    head *h = weir_alloc_zero(1, sizeof *h);
    char *data = weir_alloc(HEAD_BYTES);
    if (!h || !data || weir_file_open(path, NULL, &in, &ignored) != WEIR_OK) goto out;
    if (weir_decompress_with(in, &o, &in, &ignored) != WEIR_OK) {
        in = NULL;
        format = as_archive(path);
        goto out;
    }
    const weir_format *named = weir_format_of_path(in->name);
    if (named) {
        format = named->name;
    } else if (weir_transcode(in, "auto", false, &in, &ignored) != WEIR_OK) {
        in = NULL;
    } else if (weir_stream_read_full(in, data, HEAD_BYTES, &h->size, &ignored) == WEIR_OK) {
        size_t bom = h->size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        h->data = data + bom;
        h->whole = h->size < HEAD_BYTES;
        h->size -= bom;
        if (!memchr(h->data, 0, h->size)) take_lines(h);
    }
    if (h->n) {
        format = as_json(h);
        if (!format) format = as_xml(h);
        if (!format) format = as_log(h);
        if (!format) format = as_delimited(h);
        if (!format) format = as_fixed(h);
        if (!format) format = "text";
    }
out:
    weir_stream_close(in);
    weir_free(data);
    weir_free(h);
    return format;
}
