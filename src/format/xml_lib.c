#include "format/xml_lib.h"

#ifdef WEIR_HAVE_LIBXML2

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "libxml2.so.2"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static weir_xml_lib lib;
static bool loaded;
static char version[32]; /* of what was loaded */

/* Beside the program first (bin/../lib, where an unpacked tarball keeps what it brought), then
 * where the system looks. */
static void *open_library(void) {
    char path[PATH_MAX + 64];
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
    if (n > 0) {
        path[n] = 0;
        char *slash = strrchr(path, '/');
        if (slash) {
            size_t at = (size_t)(slash - path);
            snprintf(path + at, sizeof path - at, "/../lib/%s", FILE_NAME);
            void *object = access(path, R_OK) == 0 ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
            if (object) return object;
        }
    }
    return dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL);
}

static weir_status look_up(void *object, weir_error *err) {
    const struct {
        const char *name;
        void *place;
    } wanted[] = {
        {"xmlInitParser", &lib.init_parser},
        {"xmlReaderForIO", &lib.reader_for_io},
        {"xmlFreeTextReader", &lib.free_reader},
        {"xmlTextReaderRead", &lib.read},
        {"xmlTextReaderNodeType", &lib.node_type},
        {"xmlTextReaderIsEmptyElement", &lib.is_empty},
        {"xmlTextReaderDepth", &lib.depth},
        {"xmlTextReaderCurrentNode", &lib.current_node},
        {"xmlSetGenericErrorFunc", &lib.set_generic_error},
        {"xmlTextReaderSetStructuredErrorHandler", &lib.set_error_handler},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *symbol = dlsym(object, wanted[i].name);
        if (!symbol)
            return weir_error_set(err, WEIR_USAGE, "this system's " FILE_NAME " has no %s",
                                  wanted[i].name);
        memcpy(wanted[i].place, &symbol, sizeof symbol); /* ISO C has no such cast */
    }
    return WEIR_OK;
}

/* "20914" or "20914-GITv2.9.14" as "2.9.14". */
static void note_version(void *symbol) {
    const char *text = symbol ? *(const char *const *)symbol : "";
    unsigned number = 0;
    for (size_t i = 0; i < 8 && text[i] >= '0' && text[i] <= '9'; i++)
        number = number * 10 + (unsigned)(text[i] - '0');
    snprintf(version, sizeof version, "%u.%u.%u", number / 10000, number / 100 % 100, number % 100);
}

static weir_status load(weir_error *err) {
    void *object = open_library();
    if (!object) {
        weir_error_set(err, WEIR_USAGE,
                       "xml and xlsx are read with libxml2, which this system does not have");
        weir_error_hint(err, "install it: apt-get install libxml2");
        return WEIR_USAGE;
    }
    weir_status status = look_up(object, err);
    if (status != WEIR_OK) {
        dlclose(object);
        return status;
    }
    lib.init_parser();
    note_version(dlsym(object, "xmlParserVersion"));
    loaded = true; /* for good: what it holds per thread must not lose its code */
    return WEIR_OK;
}

weir_status weir_xml_lib_get(const weir_xml_lib **out, weir_error *err) {
    pthread_mutex_lock(&lock);
    weir_status status = loaded ? WEIR_OK : load(err);
    pthread_mutex_unlock(&lock);
    if (status == WEIR_OK) *out = &lib;
    return status;
}

bool weir_xml_lib_version(char *buf, size_t room) {
    const weir_xml_lib *found;
    weir_error ignored = {0};
    if (weir_xml_lib_get(&found, &ignored) != WEIR_OK) return false;
    snprintf(buf, room, "%s", version);
    return true;
}

#else

bool weir_xml_lib_version(char *buf, size_t room) {
    (void)buf, (void)room;
    return false;
}

#endif
