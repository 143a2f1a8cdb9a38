/* Loading modules: files, their tables, settings, errors; and the connector's own table. */
#include "connect/module.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/distance.h"
#include "base/log.h"
#include "base/printable.h"

#define CONNECTORS_MAX 1024u
#define OPTIONS_MAX 1024u
#define HELD_MAX 256u

/* ---- options of the pipeline file ---------------------------------------------------------- */

static const weir_option options[] = {
    {.name = "path",
     .type = WEIR_OPT_STRING,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(weir_module_config, path),
     .since = "0.1",
     .help = "the module, a shared object (.so); it runs with all rights of weir"},
    {.name = "options",
     .type = WEIR_OPT_STRMAP,
     .offset = offsetof(weir_module_config, options),
     .since = "0.1",
     .help = "settings of the module's connector, as it names them"},
    {0}};

static const weir_option end_options[] = {{.name = "connector",
                                           .type = WEIR_OPT_STRING,
                                           .offset = offsetof(weir_module_end, connector),
                                           .since = "0.1",
                                           .help = "which source or sink of the module; not "
                                                   "needed when it has one"},
                                          {0}};

static weir_status check(const void *connection, const weir_env *env, weir_error *err) {
    const weir_module *m = NULL;
    return weir_module_load_file(connection, env, &m, err);
}

const weir_connector weir_connector_module = {
    .abi = WEIR_CONNECTOR_ABI,
    .struct_size = sizeof(weir_connector),
    .name = "module",
    .summary = "sources and sinks of a module, a shared object from outside weir",
    .roles = WEIR_ROLE_SOURCE | WEIR_ROLE_SINK,
    .caps = WEIR_CAP_SINGLE_WRITER,
    .modes = 1u << WEIR_MODE_APPEND | 1u << WEIR_MODE_REPLACE | 1u << WEIR_MODE_TRUNCATE |
             1u << WEIR_MODE_UPSERT,
    .default_mode = WEIR_MODE_APPEND,
    .options = options,
    .config_size = sizeof(weir_module_config),
    .source_options = end_options,
    .source_config_size = sizeof(weir_module_end),
    .sink_options = end_options,
    .sink_config_size = sizeof(weir_module_end),
    .check = check,
    .source = &weir_module_source_ops,
    .sink = &weir_module_sink_ops,
};

/* ---- the host ------------------------------------------------------------------------------ */

static weir_status host_fail(weir_error *err, weir_status status, const char *format, ...)
    WEIR_PRINTF(3, 4);
static weir_status host_fail_errno(weir_error *err, int code, const char *format, ...)
    WEIR_PRINTF(3, 4);
static void host_hint(weir_error *err, const char *format, ...) WEIR_PRINTF(2, 3);
static void host_log(int level, const char *format, ...) WEIR_PRINTF(2, 3);

#define FORMATTED(text, format)                                                                    \
    char text[640];                                                                                \
    va_list args;                                                                                  \
    va_start(args, format);                                                                        \
    vsnprintf(text, sizeof text, format, args);                                                    \
    va_end(args)

static weir_status host_fail(weir_error *err, weir_status status, const char *format, ...) {
    FORMATTED(text, format);
    return weir_error_set(err, status, "%s", text);
}

static weir_status host_fail_errno(weir_error *err, int code, const char *format, ...) {
    FORMATTED(text, format);
    return weir_error_errno(err, code, "%s", text);
}

static void host_hint(weir_error *err, const char *format, ...) {
    FORMATTED(text, format);
    weir_error_hint(err, "%s", text);
}

static void host_log(int level, const char *format, ...) {
    static const weir_log_level levels[] = {WEIR_LOG_ERROR, WEIR_LOG_WARN, WEIR_LOG_INFO,
                                            WEIR_LOG_DEBUG};
    FORMATTED(text, format);
    weir_log(level >= 0 && level < 4 ? levels[level] : WEIR_LOG_DEBUG, "%s", text);
}

static const weir_host host = {.abi = WEIR_MODULE_ABI,
                               .struct_size = sizeof(weir_host),
                               .fail = host_fail,
                               .fail_errno = host_fail_errno,
                               .hint = host_hint,
                               .log = host_log};

/* ---- the tables of a module ---------------------------------------------------------------- */

static bool is_name(const char *s) {
    if (!s || !*s) return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_')) return false;
    return true;
}

static weir_status wrong(const char *what, weir_error *err) {
    return weir_error_set(err, WEIR_USAGE, "the module is faulty: %s", what);
}

static weir_status check_options(const weir_module_option *o, uint32_t n, weir_error *err) {
    if (n > OPTIONS_MAX || (n && !o)) return wrong("its options are missing", err);
    for (uint32_t i = 0; i < n; i++) {
        if (!is_name(o[i].name)) return wrong("an option has no name of [a-z0-9_]", err);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(o[i].name, o[k].name) == 0) return wrong("two options have one name", err);
    }
    return WEIR_OK;
}

static weir_status check_source(const weir_module_source *s, weir_error *err) {
    if (!s || s->struct_size < sizeof *s) return wrong("a source's table is too short", err);
    if (!is_name(s->name)) return wrong("a source has no name of [a-z0-9_]", err);
    if (!s->open || !s->schema || !s->next || !s->close)
        return wrong("a source lacks a function", err);
    return check_options(s->options, s->n_options, err);
}

static weir_status check_sink(const weir_module_sink *s, weir_error *err) {
    if (!s || s->struct_size < sizeof *s) return wrong("a sink's table is too short", err);
    if (!is_name(s->name)) return wrong("a sink has no name of [a-z0-9_]", err);
    if (!s->open || !s->schema || !s->begin || !s->write || !s->prepare || !s->commit ||
        !s->abort || !s->recover || !s->discard || !s->close)
        return wrong("a sink lacks a function", err);
    return check_options(s->options, s->n_options, err);
}

static weir_status check_module(const weir_module *m, weir_error *err) {
    weir_status status = WEIR_OK;
    if (m->abi != WEIR_MODULE_ABI) {
        weir_error_set(err, WEIR_USAGE, "the module is made for interface %u, this weir has %u",
                       m->abi, WEIR_MODULE_ABI);
        weir_error_hint(err, "compile it with the headers of this version");
        return WEIR_USAGE;
    }
    if (m->struct_size < sizeof *m) return wrong("its table is too short", err);
    if (m->n_sources > CONNECTORS_MAX || m->n_sinks > CONNECTORS_MAX ||
        (m->n_sources && !m->sources) || (m->n_sinks && !m->sinks))
        return wrong("its list of connectors is missing", err);
    if (m->n_sources + m->n_sinks == 0) return wrong("it has no connectors", err);
    for (uint32_t i = 0; i < m->n_sources; i++) {
        WEIR_TRY(check_source(m->sources[i], err));
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(m->sources[i]->name, m->sources[k]->name) == 0)
                return wrong("two sources have one name", err);
    }
    for (uint32_t i = 0; i < m->n_sinks; i++) {
        WEIR_TRY(check_sink(m->sinks[i], err));
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(m->sinks[i]->name, m->sinks[k]->name) == 0)
                return wrong("two sinks have one name", err);
    }
out:
    return status;
}

/* ---- files --------------------------------------------------------------------------------- */

/* What is loaded, by the file's own identity; never unloaded: threads and thread-local data of a
 * module would not survive that. */
typedef struct held {
    dev_t device;
    ino_t inode;
    const weir_module *module;
} held;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static held loaded[HELD_MAX];
static size_t n_loaded;

static weir_status no_module(const char *path, const char *why, weir_error *err) {
    char text[400];
    weir_printable(text, sizeof text, why ? why : "", why ? strlen(why) : 0);
    weir_error_set(err, WEIR_USAGE, "%s is no module of weir: %s", path, text);
    return WEIR_USAGE;
}

static weir_status open_file(const char *path, const weir_module **out, weir_error *err) {
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) return no_module(path, dlerror(), err);
    const weir_module *(*entry)(const weir_host *) = NULL;
    void *symbol = dlsym(object, "weir_module_open");
    weir_status status = WEIR_OK;
    if (symbol)
        memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from object to function */
    else
        status = no_module(path, "it has no function weir_module_open", err);
    const weir_module *m = entry ? entry(&host) : NULL;
    if (entry && !m) status = no_module(path, "it does not work with this version", err);
    if (m) status = check_module(m, err);
    if (status == WEIR_OK)
        *out = m;
    else
        dlclose(object);
    return status;
}

static weir_status load_locked(const char *path, const weir_module **out, weir_error *err) {
    struct stat st;
    if (stat(path, &st) != 0) {
        weir_error_set(err, WEIR_USAGE, "there is no module %s", path);
        weir_error_hint(err, "path counts from the folder of the pipeline file");
        return WEIR_USAGE;
    }
    if (!S_ISREG(st.st_mode)) return no_module(path, "it is no file", err);
    for (size_t i = 0; i < n_loaded; i++)
        if (loaded[i].device == st.st_dev && loaded[i].inode == st.st_ino) {
            *out = loaded[i].module;
            return WEIR_OK;
        }
    if (n_loaded == HELD_MAX)
        return weir_error_set(err, WEIR_RESOURCE, "more than %u modules are loaded", HELD_MAX);
    const weir_module *m = NULL;
    weir_status status = open_file(path, &m, err);
    if (status != WEIR_OK) return status;
    loaded[n_loaded++] = (held){st.st_dev, st.st_ino, m};
    *out = m;
    return WEIR_OK;
}

weir_status weir_module_load_file(const weir_module_config *config, const weir_env *env,
                                  const weir_module **out, weir_error *err) {
    /* always with a folder in front, else the system would search its own folders */
    weir_buf path = {0};
    bool absolute = config->path[0] == '/';
    const char *folder = env->folder && env->folder[0] ? env->folder : ".";
    bool ok = absolute || (weir_buf_adds(&path, folder) && weir_buf_adds(&path, "/"));
    if (!ok || !weir_buf_adds(&path, config->path) || !weir_buf_add(&path, "", 1)) {
        weir_buf_clear(&path);
        return weir_error_nomem(err);
    }
    pthread_mutex_lock(&lock);
    weir_status status = load_locked(path.data, out, err);
    pthread_mutex_unlock(&lock);
    if (status != WEIR_OK && err && !err->source[0]) weir_error_at(err, config->path, 0, 0);
    weir_buf_clear(&path);
    return status;
}

/* ---- finding a connector ------------------------------------------------------------------- */

/* Which of n names; n when there is none, and *err is set. */
static uint32_t find(const weir_module *m, const char *name, const char *kind,
                     const char *const *names, uint32_t n, weir_error *err) {
    if (!name && n == 1) return 0;
    for (uint32_t i = 0; name && i < n; i++)
        if (strcmp(names[i], name) == 0) return i;
    char list[300] = "";
    for (uint32_t i = 0; i < n; i++) {
        size_t at = strlen(list);
        snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", names[i]);
    }
    const char *module = m->name ? m->name : "?";
    if (n == 0)
        weir_error_set(err, WEIR_USAGE, "the module %s has no %s", module, kind);
    else if (!name)
        weir_error_set(err, WEIR_USAGE, "connector: is missing, the module %s has several", module);
    else
        weir_error_set(err, WEIR_USAGE, "connector: the module %s has no %s %.100s", module, kind,
                       name);
    if (n) weir_error_hint(err, "there is: %s", list);
    return n;
}

weir_status weir_module_find_source(const weir_module *m, const char *name,
                                    const weir_module_source **out, weir_error *err) {
    const char **names = weir_alloc_zero(m->n_sources + 1u, sizeof *names);
    if (!names) return weir_error_nomem(err);
    for (uint32_t i = 0; i < m->n_sources; i++) names[i] = m->sources[i]->name;
    uint32_t at = find(m, name, "source", names, m->n_sources, err);
    weir_free(names);
    if (at == m->n_sources) return WEIR_USAGE;
    *out = m->sources[at];
    return WEIR_OK;
}

weir_status weir_module_find_sink(const weir_module *m, const char *name,
                                  const weir_module_sink **out, weir_error *err) {
    const char **names = weir_alloc_zero(m->n_sinks + 1u, sizeof *names);
    if (!names) return weir_error_nomem(err);
    for (uint32_t i = 0; i < m->n_sinks; i++) names[i] = m->sinks[i]->name;
    uint32_t at = find(m, name, "sink", names, m->n_sinks, err);
    weir_free(names);
    if (at == m->n_sinks) return WEIR_USAGE;
    *out = m->sinks[at];
    return WEIR_OK;
}

/* ---- a run --------------------------------------------------------------------------------- */

static bool cancelled(const weir_module_run *run) {
    const weir_module_context *c = run->reserved;
    return weir_cancel_requested(c->env->cancel);
}

static const char *given(const weir_opt_strmap *map, const char *name) {
    for (size_t i = 0; i < map->n; i++)
        if (strcmp(map->names[i], name) == 0) return map->values[i];
    return NULL;
}

static weir_status check_known(const weir_opt_strmap *map, const weir_module_option *table,
                               uint32_t n, weir_error *err) {
    for (size_t i = 0; i < map->n; i++) {
        uint32_t k = 0;
        while (k < n && strcmp(table[k].name, map->names[i]) != 0) k++;
        if (k < n) continue;
        const char **names = weir_alloc_zero(n + 1u, sizeof *names);
        if (!names) return weir_error_nomem(err);
        for (k = 0; k < n; k++) names[k] = table[k].name;
        const char *near = weir_distance_nearest(map->names[i], strlen(map->names[i]), names, n);
        weir_free(names);
        weir_error_set(err, WEIR_USAGE, "options: the module knows no %.100s", map->names[i]);
        if (near) weir_error_hint(err, "did you mean %s?", near);
        return WEIR_USAGE;
    }
    return WEIR_OK;
}

weir_status weir_module_context_init(weir_module_context *c, const weir_module_config *config,
                                     const weir_module_option *table, uint32_t n,
                                     const weir_env *env, weir_error *err) {
    weir_status status = check_known(&config->options, table, n, err);
    if (status != WEIR_OK) return status;
    weir_module_setting *settings = weir_alloc_zero(n + 1u, sizeof *settings);
    if (!settings) return weir_error_nomem(err);
    size_t used = 0;
    for (uint32_t i = 0; i < n; i++) {
        const char *value = given(&config->options, table[i].name);
        if (!value) value = table[i].fallback;
        if (value)
            settings[used++] = (weir_module_setting){table[i].name, value};
        else if (table[i].required) {
            weir_error_set(err, WEIR_USAGE, "options: %s is missing", table[i].name);
            if (table[i].help) weir_error_hint(err, "%s: %s", table[i].name, table[i].help);
            weir_free(settings);
            return WEIR_USAGE;
        }
    }
    c->env = env;
    c->settings = settings;
    c->run = (weir_module_run){.struct_size = sizeof c->run,
                               .threads = env->threads,
                               .folder = env->folder ? env->folder : ".",
                               .pipeline = env->pipeline ? env->pipeline : "",
                               .step = env->step ? env->step : "",
                               .run_id = env->run_id ? env->run_id : "",
                               .now_us = env->now_us,
                               .n_settings = used,
                               .settings = settings,
                               .cancelled = cancelled,
                               .reserved = c};
    return WEIR_OK;
}

void weir_module_context_clear(weir_module_context *c) {
    weir_free(c->settings);
    c->settings = NULL;
}

/* ---- errors -------------------------------------------------------------------------------- */

/* Terminates and cleans one text of an error in place. */
static void clean(char *text, size_t size) {
    char copy[sizeof((weir_error *)0)->message];
    text[size - 1] = '\0';
    weir_printable(copy, size, text, strlen(text));
    memcpy(text, copy, size);
    text[size - 1] = '\0';
}

weir_status weir_module_fault(const weir_module_config *config, const char *connector,
                              const char *slot, weir_status status, weir_error *from,
                              weir_error *err) {
    if (status == WEIR_OK) return WEIR_OK;
    bool known = (int)status > WEIR_OK && status <= WEIR_INTERNAL;
    if (!known || !from->message[0] || from->status == WEIR_OK) {
        bool retriable = from->retriable;
        weir_error_set(from, known ? status : WEIR_INTERNAL, "%s failed and said nothing", slot);
        from->retriable = retriable;
    }
    from->status = known ? status : WEIR_INTERNAL;
    clean(from->message, sizeof from->message);
    clean(from->source, sizeof from->source);
    clean(from->hint, sizeof from->hint);
    clean(from->trail, sizeof from->trail);
    clean(from->key, sizeof from->key);
    from->sqlstate[sizeof from->sqlstate - 1] = '\0';
    weir_error_context(from, "in %s of %s", slot, connector);
    if (!from->source[0]) weir_error_at(from, config->path, 0, 0);
    if (err) *err = *from;
    return from->status;
}
