/* A plan as text for people, made from its JSON: both say the same. */
#include "api/api.h"
#include "engine/plan.h"
#include "text/json.h"

static const char *text_of(const weir_json *v, const char *name) {
    const char *text = weir_json_string(weir_json_get(v, name));
    return text ? text : "";
}

static int64_t int_of(const weir_json *v, const char *name) {
    int64_t n = 0;
    (void)weir_json_int(weir_json_get(v, name), &n);
    return n;
}

static bool put_size(weir_buf *out, int64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double v = (double)bytes;
    int u = 0;
    while (v >= 1024 && u < 4) v /= 1024, u++;
    return weir_buf_printf(out, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

/* "a, b, c" of a list of texts, behind `before`; nothing when there is no list. */
static bool put_list(weir_buf *out, const char *before, const weir_json *list) {
    if (!list || list->n == 0) return true;
    bool ok = weir_buf_adds(out, before);
    for (const weir_json *i = list->first; ok && i; i = i->next)
        ok = weir_buf_printf(out, "%s%s", i == list->first ? "" : ", ", i->text.data);
    return ok;
}

/* Columns, a line each: the name, the type, and where the type comes from. */
static bool put_columns(weir_buf *out, const weir_json *list) {
    size_t width = 0;
    bool ok = true;
    for (const weir_json *c = list ? list->first : NULL; c; c = c->next) {
        size_t n = strlen(text_of(c, "name"));
        if (n > width && n <= 40) width = n;
    }
    for (const weir_json *c = list ? list->first : NULL; ok && c; c = c->next) {
        bool not_null = false, read = true;
        (void)weir_json_bool(weir_json_get(c, "not_null"), &not_null);
        (void)weir_json_bool(weir_json_get(c, "read"), &read);
        const char *from = text_of(c, "from");
        ok = weir_buf_printf(out, "    %-*s  %s%s", (int)width, text_of(c, "name"),
                             text_of(c, "type"), not_null ? "!" : "");
        if (ok && *from && strcmp(from, "source") != 0) ok = weir_buf_printf(out, "  %s", from);
        if (ok && !read) ok = weir_buf_adds(out, ", not read");
        ok = ok && weir_buf_adds(out, "\n");
    }
    return ok;
}

static bool put_files(weir_buf *out, const weir_json *source) {
    const weir_json *names = weir_json_get(source, "names");
    int64_t all = int_of(source, "splits");
    bool ok = true;
    for (const weir_json *f = names ? names->first : NULL; ok && f; f = f->next) {
        int64_t bytes = int_of(f, "bytes");
        ok = weir_buf_printf(out, "    %s", text_of(f, "name"));
        if (ok && bytes) ok = weir_buf_adds(out, "  ") && put_size(out, bytes);
        ok = ok && weir_buf_adds(out, "\n");
    }
    if (ok && names && (int64_t)names->n < all)
        ok = weir_buf_printf(out, "    and %lld more\n", (long long)(all - (int64_t)names->n));
    return ok;
}

static bool put_source(weir_buf *out, const weir_json *source, weir_arena *arena) {
    int64_t splits = int_of(source, "splits"), before = int_of(source, "loaded_before");
    int64_t limit = int_of(source, "limit");
    const char *format = text_of(source, "format");
    bool ok =
        weir_buf_printf(out, "  reads %lld split%s", (long long)splits, splits == 1 ? "" : "s");
    if (ok && int_of(source, "bytes"))
        ok = weir_buf_adds(out, ", ") && put_size(out, int_of(source, "bytes"));
    if (ok && *format) ok = weir_buf_printf(out, ", %s", format);
    const char *dialect = weir_plan_dialect(arena, text_of(source, "dialect"));
    if (ok && dialect && *dialect) ok = weir_buf_printf(out, ": %s", dialect);
    if (ok && before) ok = weir_buf_printf(out, "; %lld loaded before", (long long)before);
    if (ok && limit) ok = weir_buf_printf(out, "; the first %lld rows", (long long)limit);
    ok = ok && weir_buf_adds(out, "\n") && put_files(out, source);
    const weir_json *columns = weir_json_get(source, "columns");
    if (ok && columns) ok = weir_buf_adds(out, "  columns\n") && put_columns(out, columns);
    return ok;
}

/* "looks up in customers (sqlite): 3 records of id int64, name string" */
static bool put_input(weir_buf *out, const weir_json *input) {
    if (!input) return true;
    const char *format = text_of(input, "format");
    int64_t rows = int_of(input, "rows");
    bool ok = weir_buf_printf(out, "    looks up in %s (%s): %lld record%s", text_of(input, "name"),
                              *format ? format : text_of(input, "connector"), (long long)rows,
                              rows == 1 ? "" : "s");
    const weir_json *columns = weir_json_get(input, "columns");
    for (const weir_json *c = columns ? columns->first : NULL; ok && c; c = c->next)
        ok = weir_buf_printf(out, "%s%s %s", c == columns->first ? " of " : ", ",
                             text_of(c, "name"), text_of(c, "type"));
    return ok && weir_buf_adds(out, "\n");
}

static bool put_operators(weir_buf *out, const weir_json *list) {
    bool ok = true;
    for (const weir_json *o = list ? list->first : NULL; ok && o; o = o->next)
        ok = weir_buf_printf(out, "  %s", text_of(o, "operator")) &&
             put_list(out, "  + ", weir_json_get(o, "added")) &&
             put_list(out, "  - ", weir_json_get(o, "removed")) &&
             put_list(out, "  ~ ", weir_json_get(o, "retyped")) && weir_buf_adds(out, "\n") &&
             put_input(out, weir_json_get(o, "input"));
    return ok;
}

static bool put_sink(weir_buf *out, const char *title, const weir_json *sink) {
    if (!sink) return true;
    bool ok = weir_buf_printf(out, "  %s %s, mode %s", title, text_of(sink, "connector"),
                              text_of(sink, "mode")) &&
              put_list(out, ", key ", weir_json_get(sink, "key")) && weir_buf_adds(out, "\n");
    const weir_json *will = weir_json_get(sink, "will");
    for (const weir_json *l = will ? will->first : NULL; ok && l; l = l->next)
        ok = weir_buf_printf(out, "    %s\n", l->text.data);
    const weir_json *columns = weir_json_get(sink, "columns");
    if (ok && columns) ok = weir_buf_adds(out, "  columns loaded\n") && put_columns(out, columns);
    return ok;
}

static bool put_routes(weir_buf *out, const weir_json *routes) {
    bool ok = true;
    for (const weir_json *r = routes ? routes->first : NULL; ok && r; r = r->next) {
        const char *when = text_of(r, "when");
        ok = weir_buf_printf(out, "  route %s: %s\n", text_of(r, "route"),
                             *when ? when : "what no other takes") &&
             put_sink(out, "loads into", r);
    }
    return ok;
}

static bool put_limits(weir_buf *out, const weir_json *limits) {
    double ratio;
    int64_t rows;
    bool ok = true;
    if (weir_json_double(weir_json_get(limits, "max_ratio"), &ratio))
        ok = weir_buf_printf(out, "  commits nothing above %g %% rejects\n", ratio * 100);
    if (ok && weir_json_int(weir_json_get(limits, "max_rows"), &rows))
        ok = weir_buf_printf(out, "  commits nothing above %lld rejects\n", (long long)rows);
    return ok;
}

static bool put_step(weir_buf *out, const weir_json *step, weir_arena *arena) {
    const weir_json *source = weir_json_get(step, "source");
    bool ok = weir_buf_printf(out, "step %s", text_of(step, "step")) &&
              put_list(out, ", after ", weir_json_get(step, "needs"));
    if (*text_of(step, "later"))
        return ok && weir_buf_printf(out,
                                     "\n  is planned when it is reached, for it reads what an "
                                     "earlier step writes; now: %s\n",
                                     text_of(step, "later"));
    ok = ok && weir_buf_printf(out, ": %s -> %s\n", text_of(source, "connector"),
                               weir_json_get(step, "routes")
                                   ? "several sinks"
                                   : text_of(weir_json_get(step, "sink"), "connector"));
    if (int_of(source, "splits") == 0) return ok && weir_buf_adds(out, "  nothing new to read\n");
    return ok && put_source(out, source, arena) &&
           put_operators(out, weir_json_get(step, "operators")) &&
           put_sink(out, "loads into", weir_json_get(step, "sink")) &&
           put_routes(out, weir_json_get(step, "routes")) &&
           put_sink(out, "rejects into", weir_json_get(step, "rejects")) &&
           put_limits(out, weir_json_get(step, "reject_limits"));
}

weir_status weir_api_plan_text(weir_slice json, weir_buf *out, weir_error *err) {
    weir_arena arena = {0};
    const weir_json *root = NULL;
    weir_status status = weir_json_parse(json.data, json.size, NULL, &arena, &root, err);
    if (status == WEIR_OK) {
        bool ok =
            weir_buf_printf(out, "pipeline %s: ", text_of(root, "pipeline")) &&
            put_size(out, int_of(root, "memory_bytes")) &&
            weir_buf_printf(out, " of memory, %lld thread%s\n", (long long)int_of(root, "threads"),
                            int_of(root, "threads") == 1 ? "" : "s");
        const weir_json *steps = weir_json_get(root, "steps");
        for (const weir_json *s = steps ? steps->first : NULL; ok && s; s = s->next)
            ok = weir_buf_adds(out, "\n") && put_step(out, s, &arena);
        if (!ok) status = weir_error_nomem(err);
    }
    weir_arena_clear(&arena);
    return status;
}
