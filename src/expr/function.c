/* The function table: all arrays as one index, names, the reference page, users' functions. */
#include "expr/function.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include "base/distance.h"

enum { MAX_FUNCTIONS = 512, MAX_USER = 256 };

static const weir_function *const arrays[] = {
    weir_functions_jsonpath,  weir_functions_text,       weir_functions_text_edit,
    weir_functions_regex,     weir_functions_number,     weir_functions_decimal,
    weir_functions_date,      weir_functions_date_text,  weir_functions_hash,
    weir_functions_json,      weir_functions_logic,      weir_functions_cast,
    weir_functions_list,      weir_functions_check,      weir_functions_similar,
    weir_functions_text_more, weir_functions_math,       weir_functions_number_text,
    weir_functions_calendar,  weir_functions_form,       weir_functions_list_more,
    weir_functions_map,       weir_functions_json_make,  weir_functions_net,
    weir_functions_digest,    weir_functions_regex_more, weir_functions_sql,
    weir_functions_printf,    weir_functions_to_char,    weir_functions_to_number};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static weir_function_info infos[MAX_FUNCTIONS]; /* listed ones, in order */
static const weir_function *listed[MAX_FUNCTIONS];
static size_t n_infos;

/* Categories in the order of the reference page. */
static const char *const categories[] = {"text", "regex", "check", "number", "date", "logic",
                                         "cast", "json",  "list",  "map",    "hash", "network"};

static int category_number(const char *category) {
    for (int i = 0; i < (int)(sizeof categories / sizeof *categories); i++)
        if (strcmp(categories[i], category) == 0) return i;
    return 99;
}

static int by_category(const void *a, const void *b) {
    const weir_function *x = *(const weir_function *const *)a,
                        *y = *(const weir_function *const *)b;
    int order = category_number(x->info.category) - category_number(y->info.category);
    return order ? order : strcmp(x->info.name, y->info.name);
}

static void build(void) {
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        for (const weir_function *f = arrays[i]; f->info.name; f++)
            if (f->info.summary && n_infos < MAX_FUNCTIONS) listed[n_infos++] = f;
    qsort(listed, n_infos, sizeof *listed, by_category);
    for (size_t i = 0; i < n_infos; i++) {
        infos[i] = listed[i]->info;
        for (const weir_overload *o = listed[i]->overloads; o->args; o++) {
            if (o->kernel_flags & WEIR_K_CAN_FAIL) infos[i].flags |= WEIR_FUNCTION_CAN_FAIL;
            if (o->kernel_flags & WEIR_K_NULLS) infos[i].flags |= WEIR_FUNCTION_NULLS;
            if (o->kernel_flags & WEIR_K_VOLATILE) infos[i].flags |= WEIR_FUNCTION_VOLATILE;
        }
        if (!listed[i]->overloads[0].args) infos[i].flags |= WEIR_FUNCTION_SYNTAX;
    }
}

const weir_function_info *weir_function_table(size_t *n) {
    pthread_once(&once, build);
    *n = n_infos;
    return infos;
}

/* Whether name is among the comma-separated words. */
static bool has_word(const char *words, const char *name, size_t size) {
    for (const char *w = words; *w;) {
        size_t n = strcspn(w, ",");
        if (n == size && strncasecmp(w, name, n) == 0) return true;
        w += n;
        w += strspn(w, ", ");
    }
    return false;
}

static bool is_named(const weir_function_info *f, const char *name, size_t size) {
    if (strlen(f->name) == size && strncasecmp(f->name, name, size) == 0) return true;
    return f->aliases && has_word(f->aliases, name, size);
}

const weir_function *weir_function_lookup(const char *name, size_t size) {
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        for (const weir_function *f = arrays[i]; f->info.name; f++)
            if (is_named(&f->info, name, size)) return f;
    return NULL;
}

const weir_function_info *weir_function_find(const char *name) {
    size_t n = 0;
    const weir_function_info *table = weir_function_table(&n);
    for (size_t i = 0; i < n; i++)
        if (is_named(&table[i], name, strlen(name))) return &table[i];
    return NULL;
}

const char *weir_function_nearest(const char *name, size_t size) {
    const char *names[MAX_FUNCTIONS];
    size_t n = 0;
    const weir_function_info *table = weir_function_table(&n);
    for (size_t i = 0; i < n; i++) names[i] = table[i].name;
    return weir_distance_nearest(name, size, names, n);
}

/* ---- the reference page ------------------------------------------------------------------------
 */

/* Text in a table cell: | and line ends would break it. */
static bool put_cell(weir_buf *out, const char *text, bool code) {
    if (code && !weir_buf_adds(out, "`")) return false;
    for (const char *c = text; *c; c++) {
        bool ok =
            *c == '|' ? weir_buf_adds(out, "\\|") : weir_buf_add(out, *c == '\n' ? " " : c, 1);
        if (!ok) return false;
    }
    return !code || weir_buf_adds(out, "`");
}

bool weir_function_markdown(weir_buf *out) {
    size_t n = 0;
    const weir_function_info *t = weir_function_table(&n);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        if (i == 0 || strcmp(t[i].category, t[i - 1].category) != 0)
            ok = weir_buf_printf(
                out, "\n### %c%s\n\n| function | | example | result |\n|---|---|---|---|\n",
                t[i].category[0] - 'a' + 'A', t[i].category + 1);
        ok = ok && weir_buf_adds(out, "| ") && put_cell(out, t[i].signature, true) &&
             weir_buf_adds(out, " | ") && put_cell(out, t[i].summary, false);
        if (ok && t[i].aliases[0])
            ok = weir_buf_adds(out, "; also ") && put_cell(out, t[i].aliases, false);
        if (ok && (t[i].flags & WEIR_FUNCTION_CAN_FAIL))
            ok = weir_buf_adds(out, "; may fail a record");
        if (ok && (t[i].flags & WEIR_FUNCTION_VOLATILE))
            ok = weir_buf_adds(out, "; differs from run to run");
        if (ok && t[i].duckdb[0])
            ok = weir_buf_adds(out, "; in a DuckDB `sql:` step: ") &&
                 put_cell(out, t[i].duckdb, false);
        ok = ok && weir_buf_adds(out, " | ") &&
             (!t[i].example[0] || put_cell(out, t[i].example, true)) && weir_buf_adds(out, " | ") &&
             (!t[i].result[0] || put_cell(out, t[i].result, true)) && weir_buf_adds(out, " |\n");
    }
    return ok;
}

/* ---- users' functions ---------------------------------------------------------------------------
 */

static pthread_mutex_t user_lock = PTHREAD_MUTEX_INITIALIZER;
static weir_user_function *users[MAX_USER];
static size_t n_users;

const weir_user_function *weir_function_lookup_user(const char *name, size_t size) {
    const weir_user_function *found = NULL;
    pthread_mutex_lock(&user_lock);
    for (size_t i = 0; i < n_users && !found; i++)
        if (strlen(users[i]->name) == size && strncasecmp(users[i]->name, name, size) == 0)
            found = users[i];
    pthread_mutex_unlock(&user_lock);
    return found;
}

static bool is_name(const char *name) {
    size_t n = strlen(name);
    if (n == 0 || n > 63 || weir_expr_is_reserved(name, n)) return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return true;
}

weir_status weir_function_register(const weir_user_function *f, weir_error *err) {
    if (!f->name || !is_name(f->name) || !f->call || !f->result ||
        f->n_args > WEIR_FUNCTION_MAX_ARGS)
        return weir_error_set(err, WEIR_USAGE,
                              "%s cannot be registered: name, call and result are needed",
                              f->name ? f->name : "a function without name");
    for (uint32_t i = 0; i < f->n_args; i++)
        if (!f->args[i])
            return weir_error_set(err, WEIR_USAGE, "argument %u of %s has no type", i + 1, f->name);
    size_t size = strlen(f->name);
    if (weir_function_lookup(f->name, size) || weir_function_lookup_user(f->name, size))
        return weir_error_set(err, WEIR_USAGE, "there is a function %s already", f->name);
    weir_user_function *copy = weir_alloc(sizeof *copy);
    char *name = weir_strdup(f->name);
    if (!copy || !name) {
        weir_free(copy);
        weir_free(name);
        return weir_error_nomem(err);
    }
    *copy = *f;
    copy->name = name;
    pthread_mutex_lock(&user_lock);
    bool room = n_users < MAX_USER;
    if (room) users[n_users++] = copy;
    pthread_mutex_unlock(&user_lock);
    if (room) return WEIR_OK;
    weir_free(copy);
    weir_free(name);
    return weir_error_set(err, WEIR_USAGE, "more than %d functions of one's own", MAX_USER);
}
