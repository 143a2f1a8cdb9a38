#include "text/regex.h"

#include <limits.h>
#include <pthread.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct weir_regex {
    pcre2_code *code;
    uint32_t groups;
    bool bytes;
    bool jit;
};

/* ---- memory -------------------------------------------------------------------------------- */

/* PCRE2 allocates through weir_alloc, so that the fault layer reaches it. */
static void *take(size_t size, void *context) {
    (void)context;
    return weir_alloc(size);
}
static void give(void *p, void *context) {
    (void)context;
    weir_free(p);
}

/* ---- what a thread needs to match ------------------------------------------------------------ */

#define JIT_STACK_FIRST_BYTES ((size_t)32 << 10)
#define JIT_STACK_MAX_BYTES ((size_t)512 << 10)
#define HEAP_LIMIT_KIB 16384 /* for patterns that the JIT does not take */
#define DEPTH_LIMIT 10000

typedef struct workspace {
    pcre2_match_data *data;
    pcre2_match_context *match;
    pcre2_jit_stack *stack;
} workspace;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;
static _Thread_local workspace *mine;

static void workspace_free(void *p) {
    workspace *w = p;
    pcre2_jit_stack_free(w->stack);
    pcre2_match_context_free(w->match);
    pcre2_match_data_free(w->data);
    weir_free(w);
    mine = NULL;
}

static void make_key(void) {
    key_made = pthread_key_create(&key, workspace_free) == 0;
}

/* The thread's workspace; NULL when memory is short. */
static workspace *workspace_get(void) {
    if (mine) return mine;
    pthread_once(&key_once, make_key);
    workspace *w = weir_alloc_zero(1, sizeof *w);
    if (!w) return NULL;
    pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
    if (general) {
        w->data = pcre2_match_data_create(WEIR_REGEX_MAX_GROUPS + 1, general);
        w->match = pcre2_match_context_create(general);
        w->stack = pcre2_jit_stack_create(JIT_STACK_FIRST_BYTES, JIT_STACK_MAX_BYTES, general);
        pcre2_general_context_free(general);
    }
    if (!w->data || !w->match || !w->stack || !key_made || pthread_setspecific(key, w) != 0) {
        workspace_free(w);
        return NULL;
    }
    pcre2_set_match_limit(w->match, WEIR_REGEX_MATCH_LIMIT);
    pcre2_set_depth_limit(w->match, DEPTH_LIMIT);
    pcre2_set_heap_limit(w->match, HEAP_LIMIT_KIB);
    pcre2_jit_stack_assign(w->match, NULL, w->stack);
    mine = w;
    return w;
}

/* ---- compile ------------------------------------------------------------------------------- */

static uint32_t compile_options(unsigned flags) {
    uint32_t options = PCRE2_NEVER_BACKSLASH_C;
    if (flags & WEIR_REGEX_LITERAL) options = PCRE2_LITERAL;
    if (!(flags & WEIR_REGEX_BYTES))
        options |= PCRE2_UTF;
    else if (!(flags & WEIR_REGEX_LITERAL))
        options |= PCRE2_NEVER_UTF; /* "(*UTF)" in a pattern */
    if (flags & WEIR_REGEX_CASELESS) options |= PCRE2_CASELESS;
    if (flags & WEIR_REGEX_FULL) options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    if (!(flags & WEIR_REGEX_LITERAL)) {
        if (flags & WEIR_REGEX_MULTILINE)
            options |= PCRE2_MULTILINE;
        else
            options |= PCRE2_DOLLAR_ENDONLY; /* $ is the end, not before a last line end */
        if (flags & WEIR_REGEX_DOTALL) options |= PCRE2_DOTALL;
        if (flags & WEIR_REGEX_UNICODE && !(flags & WEIR_REGEX_BYTES)) options |= PCRE2_UCP;
    }
    return options;
}

static weir_status compile_error(int code, size_t offset, weir_error *err) {
    if (code == PCRE2_ERROR_HEAP_FAILED) return weir_error_nomem(err);
    PCRE2_UCHAR text[160] = "";
    pcre2_get_error_message(code, text, sizeof text);
    weir_error_set(err, WEIR_USAGE, "the pattern is wrong at byte %zu: %s", offset + 1,
                   (const char *)text);
    weir_error_at(err, NULL, 0, (int64_t)offset + 1);
    return WEIR_USAGE;
}

static weir_status compile(const char *pattern, size_t n, unsigned flags, weir_regex *re,
                           weir_error *err) {
    pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
    weir_status status = WEIR_OK;
    if (!context) {
        status = weir_error_nomem(err);
    } else {
        int code = 0;
        PCRE2_SIZE offset = 0;
        pcre2_set_parens_nest_limit(context, 200);
        re->code =
            pcre2_compile((PCRE2_SPTR)pattern, n, compile_options(flags), &code, &offset, context);
        if (!re->code) status = compile_error(code, offset, err);
    }
    pcre2_compile_context_free(context);
    pcre2_general_context_free(general);
    return status;
}

weir_status weir_regex_new(const char *pattern, size_t n, unsigned flags, weir_regex **out,
                           weir_error *err) {
    if (n > WEIR_REGEX_MAX_PATTERN_BYTES) {
        weir_error_set(err, WEIR_USAGE, "the pattern is %zu bytes long; %d is the most", n,
                       WEIR_REGEX_MAX_PATTERN_BYTES);
        return WEIR_USAGE;
    }
    weir_regex *re = weir_alloc_zero(1, sizeof *re);
    if (!re) return weir_error_nomem(err);
    weir_status status;
    WEIR_TRY(compile(n ? pattern : "", n, flags, re, err));
    pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &re->groups);
    if (re->groups > WEIR_REGEX_MAX_GROUPS) {
        status = weir_error_set(err, WEIR_USAGE, "the pattern has %u groups; %d is the most",
                                re->groups, WEIR_REGEX_MAX_GROUPS);
        weir_error_hint(err, "write (?:...) for groups that need not be captured");
        goto out;
    }
    re->bytes = (flags & WEIR_REGEX_BYTES) != 0;
    /* Where there is no JIT (or no memory for it) the interpreter does the same, slower. */
    re->jit = pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0;
    *out = re;
    return WEIR_OK;
out:
    weir_regex_free(re);
    return status;
}

void weir_regex_free(weir_regex *re) {
    if (!re) return;
    pcre2_code_free(re->code);
    weir_free(re);
}

uint32_t weir_regex_groups(const weir_regex *re) {
    return re->groups;
}

int weir_regex_group(const weir_regex *re, const char *name) {
    int number = pcre2_substring_number_from_name(re->code, (PCRE2_SPTR)name);
    return number > 0 ? number : -1;
}

const char *weir_regex_group_name(const weir_regex *re, uint32_t group) {
    uint32_t n = 0, size = 0;
    PCRE2_SPTR table = NULL;
    if (pcre2_pattern_info(re->code, PCRE2_INFO_NAMECOUNT, &n) != 0 || n == 0 ||
        pcre2_pattern_info(re->code, PCRE2_INFO_NAMEENTRYSIZE, &size) != 0 ||
        pcre2_pattern_info(re->code, PCRE2_INFO_NAMETABLE, &table) != 0)
        return NULL;
    for (uint32_t i = 0; i < n; i++, table += size)
        if (((uint32_t)table[0] << 8 | table[1]) == group) return (const char *)table + 2;
    return NULL;
}

/* ---- match --------------------------------------------------------------------------------- */

static weir_regex_result run(const weir_regex *re, const char *p, size_t n, size_t from,
                             workspace *w) {
    PCRE2_SPTR text = (PCRE2_SPTR)(n ? p : "");
    int rc;
    if (re->jit)
        rc = pcre2_jit_match(re->code, text, n, from, 0, w->data, w->match);
    else
        rc = pcre2_match(re->code, text, n, from, PCRE2_NO_UTF_CHECK, w->data, w->match);
    if (rc >= 0) return WEIR_REGEX_MATCH;
    switch (rc) {
    case PCRE2_ERROR_NOMATCH: return WEIR_REGEX_NOMATCH;
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_JIT_STACKLIMIT: return WEIR_REGEX_LIMIT;
    default: return WEIR_REGEX_ERROR;
    }
}

weir_regex_result weir_regex_match(const weir_regex *re, const char *p, size_t n) {
    workspace *w = workspace_get();
    return w ? run(re, p, n, 0, w) : WEIR_REGEX_ERROR;
}

/* Group i of the match in w.  \K may set a start behind the end: then it is empty at the end. */
static weir_regex_span span_of(const weir_regex *re, const workspace *w, uint32_t i) {
    const weir_regex_span none = {1, 0};
    if (i > re->groups) return none;
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(w->data);
    if (v[2 * i] == PCRE2_UNSET) return none;
    return (weir_regex_span){v[2 * i] < v[2 * i + 1] ? v[2 * i] : v[2 * i + 1], v[2 * i + 1]};
}

weir_regex_result weir_regex_find(const weir_regex *re, const char *p, size_t n, size_t from,
                                  weir_regex_span *spans, uint32_t n_spans) {
    workspace *w = workspace_get();
    if (!w) return WEIR_REGEX_ERROR;
    if (from > n) return WEIR_REGEX_NOMATCH;
    weir_regex_result result = run(re, p, n, from, w);
    if (result == WEIR_REGEX_MATCH)
        for (uint32_t i = 0; i < n_spans; i++) spans[i] = span_of(re, w, i);
    return result;
}

weir_regex_result weir_regex_extract(const weir_regex *re, const char *p, size_t n, uint32_t group,
                                     weir_slice *out) {
    workspace *w = workspace_get();
    if (!w) return WEIR_REGEX_ERROR;
    weir_regex_result result = run(re, p, n, 0, w);
    if (result != WEIR_REGEX_MATCH) return result;
    weir_regex_span span = span_of(re, w, group);
    if (span.start > span.end)
        *out = (weir_slice){NULL, 0};
    else
        *out = (weir_slice){(n ? p : "") + span.start, span.end - span.start};
    return WEIR_REGEX_MATCH;
}

/* Bytes of the character at p[i], i < n. */
static size_t step(const weir_regex *re, const char *p, size_t n, size_t i) {
    size_t length = 1;
    if (!re->bytes)
        while (i + length < n && ((unsigned char)p[i + length] & 0xC0) == 0x80) length++;
    return length;
}

/* The next match at or behind *from, which then stands where the search goes on (n + 1 when there
 * is nothing left).  Lookbehinds can give a match that starts before; it counts as one at *from. */
static weir_regex_result next_match(const weir_regex *re, const char *p, size_t n, size_t *from,
                                    workspace *w, weir_regex_span *span) {
    if (*from > n) return WEIR_REGEX_NOMATCH;
    weir_regex_result result = run(re, p, n, *from, w);
    if (result != WEIR_REGEX_MATCH) return result;
    *span = span_of(re, w, 0);
    if (span->start < *from) span->start = *from;
    if (span->end < span->start) span->end = span->start;
    *from = span->end;
    /* An empty match: go on behind the next character, or for ever. */
    if (span->start == span->end) *from += span->end < n ? step(re, p, n, span->end) : 1;
    return WEIR_REGEX_MATCH;
}

weir_regex_result weir_regex_count(const weir_regex *re, const char *p, size_t n, size_t *count) {
    workspace *w = workspace_get();
    if (!w) return WEIR_REGEX_ERROR;
    size_t from = 0, found = 0;
    weir_regex_span span;
    weir_regex_result result;
    while ((result = next_match(re, p, n, &from, w, &span)) == WEIR_REGEX_MATCH) found++;
    if (result != WEIR_REGEX_NOMATCH) return result;
    *count = found;
    return found ? WEIR_REGEX_MATCH : WEIR_REGEX_NOMATCH;
}

/* ---- replace ------------------------------------------------------------------------------- */

/* Appends the replacement for the match in w. */
static bool add_replacement(const weir_regex *re, const char *p, const workspace *w,
                            weir_regex_span whole, weir_slice replacement, weir_buf *out) {
    const char *r = replacement.data, *end = r + replacement.size;
    while (r < end) {
        const char *slash = memchr(r, '\\', (size_t)(end - r));
        if (!slash || slash + 1 == end) return weir_buf_add(out, r, (size_t)(end - r));
        if (!weir_buf_add(out, r, (size_t)(slash - r))) return false;
        char c = slash[1];
        r = slash + 2;
        if (c == '&') {
            if (!weir_buf_add(out, p + whole.start, whole.end - whole.start)) return false;
        } else if (c >= '1' && c <= '9') {
            weir_regex_span span = span_of(re, w, (uint32_t)(c - '0'));
            if (span.start < span.end && !weir_buf_add(out, p + span.start, span.end - span.start))
                return false;
        } else if (!weir_buf_add(out, c == '\\' ? slash + 1 : slash, c == '\\' ? 1 : 2)) {
            return false;
        }
    }
    return true;
}

weir_regex_result weir_regex_replace(const weir_regex *re, const char *p, size_t n,
                                     weir_slice replacement, bool all, weir_buf *out) {
    workspace *w = workspace_get();
    if (!w) return WEIR_REGEX_ERROR;
    const size_t before = out->size;
    size_t from = 0, copied = 0;
    bool found = false;
    weir_regex_span span;
    weir_regex_result result;
    while ((result = next_match(re, p, n, &from, w, &span)) == WEIR_REGEX_MATCH) {
        found = true;
        if (!weir_buf_add(out, p + copied, span.start - copied) ||
            !add_replacement(re, p, w, span, replacement, out)) {
            result = WEIR_REGEX_ERROR;
            break;
        }
        copied = span.end;
        if (!all) {
            result = WEIR_REGEX_NOMATCH;
            break;
        }
    }
    if (result == WEIR_REGEX_NOMATCH && weir_buf_add(out, p + copied, n - copied))
        return found ? WEIR_REGEX_MATCH : WEIR_REGEX_NOMATCH;
    out->size = before;
    return result == WEIR_REGEX_NOMATCH ? WEIR_REGEX_ERROR : result;
}
