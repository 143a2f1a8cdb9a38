/* Names of connectors and formats to their tables. */
#include <strings.h>
#include "io/file.h"
#include "io/stream.h"
#include "spec/load.h"

static const char *connector_name(const void *context, size_t i) {
    const weir_connector *const *list = context;
    return list && list[i] ? list[i]->name : NULL;
}

const weir_connector *weir_spec_connector(loader *l, const weir_node *map, const char *key,
                                          const char *name) {
    const weir_connector *const *list = l->registry->connectors;
    for (size_t i = 0; list && list[i]; i++)
        if (strcmp(list[i]->name, name) == 0) return list[i];
    const weir_node *at = weir_node_get(map, key);
    char shown[80];
    weir_node text = {.kind = WEIR_NODE_SCALAR, .text = name, .text_size = strlen(name)};
    weir_diags_error(
        l->diags, at ? at : map, key, weir_spec_suggest(l, name, "there are", connector_name, list),
        "no connector is called %s in this version",
        weir_node_show(at && at->kind == WEIR_NODE_SCALAR ? at : &text, shown, sizeof shown));
    return NULL;
}

const weir_format *weir_spec_format(const weir_spec_registry *r, const char *name) {
    for (size_t i = 0; r->formats && r->formats[i]; i++)
        if (strcmp(r->formats[i]->name, name) == 0) return r->formats[i];
    return NULL;
}

static bool ends_with(const char *text, size_t size, const char *end) {
    size_t n = strlen(end);
    return n < size && strncasecmp(text + size - n, end, n) == 0;
}

const weir_format *weir_spec_format_of_path(const weir_spec_registry *r, const char *path) {
    size_t size = strlen(path);
    weir_codec_of_name(path, &size);
    for (size_t i = 0; r->formats && r->formats[i]; i++)
        for (const char *const *e = r->formats[i]->extensions; e && *e; e++)
            if (ends_with(path, size, *e)) return r->formats[i];
    return NULL;
}

/* By name, else by what stands in it; a pipe is not touched.  Of a zip archive the name of the file
 * in it comes first. */
static const weir_format *format_of_file(const weir_spec_registry *r, const char *path,
                                         const char *member) {
    const weir_format *format = weir_spec_format_of_path(r, path);
    weir_file_info info = {0};
    weir_error ignored = {0};
    bool archive = weir_codec_of_name(path, NULL) == WEIR_CODEC_ZIP;
    if ((format && !archive) || weir_file_stat(path, &info, &ignored) != WEIR_OK) return format;
    const char *name = info.mtime_ns ? weir_format_of_content(path, member) : NULL;
    weir_free(info.path);
    return name ? weir_spec_format(r, name) : format;
}

const weir_format *weir_spec_format_of_files(const weir_spec_registry *r, const char *folder,
                                             const char *pattern, const char *member) {
    weir_buf path = {0};
    weir_file_list files = {.keep_broken = true};
    weir_error ignored = {0}; /* the source itself says what is wrong with its files */
    const weir_format *format = NULL;
    bool below = folder && folder[0] && pattern[0] != '/';
    if (strcmp(pattern, "-") == 0) return NULL;
    if (!weir_buf_printf(&path, "%s%s%s", below ? folder : "", below ? "/" : "", pattern)) {
        files.n = 0;
    } else if (!weir_file_is_pattern(pattern)) {
        format = format_of_file(r, weir_buf_cstr(&path), member);
    } else if (weir_file_glob(weir_buf_cstr(&path), &files, &ignored) != WEIR_OK) {
        files.n = 0;
    }
    for (size_t i = 0; i < files.n; i++) {
        const weir_format *own = format_of_file(r, files.items[i].path, member);
        if (i > 0 && own != format) own = NULL;
        format = own;
        if (!own) break;
    }
    weir_file_list_clear(&files);
    weir_buf_clear(&path);
    return format;
}

const weir_connector *weir_spec_connector_of_path(const weir_spec_registry *r, const char *path) {
    size_t size = strlen(path);
    for (size_t i = 0; r->connectors && r->connectors[i]; i++)
        for (const char *const *e = r->connectors[i]->extensions; e && *e; e++)
            if (ends_with(path, size, *e)) return r->connectors[i];
    return NULL;
}
