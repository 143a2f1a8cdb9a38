/* The one file of a zip archive as a stream: what is chosen, and what is refused. */
#include <stdio.h>

#include "base/printable.h"
#include "io/codec.h"
#include "io/file.h"
#include "io/zip.h"

#define NAMES_SHOWN 10u
#define NAMES_BYTES 512u

/* The stream of the member (under), and what it is read from. */
typedef struct archive {
    weir_stream base;
    weir_stream *in;
    weir_zip *zip;
} archive;

static weir_status archive_read(weir_stream *s, void *buf, size_t size, size_t *got,
                                weir_error *err) {
    weir_status status = weir_stream_read(s->under, buf, size, got, err);
    if (status == WEIR_OK) s->position += *got;
    return status;
}

static void archive_close(weir_stream *s) {
    archive *a = (archive *)s;
    weir_stream_close(s->under);
    weir_zip_close(a->zip);
    weir_stream_close(a->in);
    weir_free(a);
}

static const weir_stream_ops ops = {.read = archive_read, .close = archive_close};

static weir_status refuse(const weir_stream *in, const char *what, const char *hint,
                          weir_error *err) {
    weir_error_set(err, WEIR_DATA, "%s %s", in->name, what);
    weir_error_at(err, in->name, 0, 0);
    weir_error_hint(err, "%s", hint);
    return WEIR_DATA;
}

/* ---- documents ----------------------------------------------------------------------------- */

static bool has(const weir_zip *z, const char *name) {
    return weir_zip_find(z, name, NULL) != NULL;
}

/* Packages of office programs are zip archives, too. */
static bool is_package(const weir_zip *z) {
    return has(z, "[Content_Types].xml") || has(z, "_rels/.rels") ||
           (has(z, "mimetype") && has(z, "content.xml"));
}

static weir_status refuse_package(const weir_zip *z, const weir_stream *in, weir_error *err) {
    if (has(z, "xl/workbook.xml"))
        return refuse(in, "is an Excel workbook", "read it with format: xlsx", err);
    return refuse(in, "is a document of an office program, not an archive of data",
                  "save its table as xlsx or csv", err);
}

/* ---- the choice ---------------------------------------------------------------------------- */

/* A part of the path is "..": no archive of data has that. */
static bool climbs(const char *name) {
    for (const char *p = name; p; p = strchr(p, '/')) {
        if (*p == '/') p++;
        if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || !p[2])) return true;
    }
    return false;
}

static const char *base_of(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* Not a folder, and nothing that file managers leave behind. */
static bool is_file(const char *name) {
    const char *base = base_of(name);
    return *base && strncmp(name, "__MACOSX/", 9) != 0 && strcmp(base, ".DS_Store") != 0;
}

/* By the whole name, or by its last part where the pattern has no slash. */
static bool is_meant(const char *member, const char *name) {
    if (!member || strcmp(member, name) == 0) return true;
    if (weir_file_path_matches(member, name)) return true;
    return !strchr(member, '/') &&
           (strcmp(member, base_of(name)) == 0 || weir_file_path_matches(member, base_of(name)));
}

/* The names of files of the archive, as far as they fit; meant: only those that `member` means. */
static void list_names(const weir_zip *z, const char *member, char *out) {
    size_t n = 0, shown = 0, files = 0;
    out[0] = 0;
    for (size_t i = 0; i < weir_zip_count(z); i++) {
        const char *name = weir_zip_at(z, i)->name;
        char text[100];
        if (!is_file(name) || !is_meant(member, name)) continue;
        files++;
        size_t size = weir_printable(text, sizeof text, name, strlen(name));
        if (shown == NAMES_SHOWN || n + size + 40 > NAMES_BYTES) continue;
        n += (size_t)snprintf(out + n, NAMES_BYTES - n, "%s%s", shown++ ? ", " : "", text);
    }
    if (files > shown) snprintf(out + n, NAMES_BYTES - n, " and %zu more", files - shown);
}

static weir_status choose(const weir_zip *z, const weir_stream *in, const char *member,
                          const weir_zip_member **out, weir_error *err) {
    const weir_zip_member *found = NULL;
    size_t files = 0, meant = 0;
    char names[NAMES_BYTES];
    for (size_t i = 0; i < weir_zip_count(z); i++) {
        const weir_zip_member *m = weir_zip_at(z, i);
        if (climbs(m->name))
            return refuse(in, "is a zip archive with a file whose name leads out of its folder",
                          "it is damaged or hostile; weir reads nothing of it", err);
        if (!is_file(m->name)) continue;
        files++;
        if (!is_meant(member, m->name)) continue;
        meant++;
        found = m;
    }
    *out = found;
    if (meant == 1) return WEIR_OK;
    if (files == 0)
        return refuse(in, "is a zip archive without a file", "there is nothing to read in it", err);
    if (meant == 0) {
        list_names(z, NULL, names);
        weir_error_set(err, WEIR_DATA, "%s is a zip archive, and no file in it is called %.100s",
                       in->name, member);
        weir_error_hint(err, "it has %s", names);
    } else {
        list_names(z, member, names);
        weir_error_set(err, WEIR_DATA, "%s is a zip archive of %s%zu files%s%.60s: %s", in->name,
                       member ? "which " : "", meant, member ? " are meant by " : "",
                       member ? member : "", names);
        weir_error_hint(err, "say with member: which one to read, by its name or a pattern");
    }
    weir_error_at(err, in->name, 0, 0);
    return WEIR_DATA;
}

/* ---- beginning ----------------------------------------------------------------------------- */

weir_status weir_zip_reader(weir_stream *in, const weir_decompress_options *o, weir_stream **out,
                            weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_zip_member *m = NULL;
    weir_stream *member = NULL;
    weir_zip *z = NULL;
    /* A workbook is one whatever it is called; what is called a zip is looked into. */
    bool look = o->member || weir_codec_of_name(in->name, NULL) == WEIR_CODEC_ZIP;
    if (o->zip && !(look && in->at_will)) {
        *out = in;
        return WEIR_OK;
    }
    if (!in->at_will)
        return refuse(in, "is a zip archive that comes through a pipe or is packed once more",
                      "its list of files stands at its end: save it to a file, or unpack it before "
                      "(unzip -p)",
                      err);
    weir_zip_limits limits = {.max_member_bytes = o->max_bytes ? o->max_bytes : UINT64_MAX,
                              .max_ratio = o->max_ratio,
                              .ledger = o->ledger};
    archive *a = weir_alloc_zero(1, sizeof *a);
    if (!a) return weir_error_nomem(err);
    WEIR_TRY(weir_zip_open(in, &limits, &z, err));
    if (is_package(z)) {
        if (!o->zip) status = refuse_package(z, in, err);
        if (o->zip) *out = in;
        goto out;
    }
    WEIR_TRY(choose(z, in, o->member, &m, err));
    WEIR_TRY(weir_zip_read(z, m, &member, err));
    a->base = (weir_stream){
        .ops = &ops, .name = member->name, .size_hint = member->size_hint, .under = member};
    a->in = in;
    a->zip = z;
    *out = &a->base;
    return WEIR_OK;
out:
    weir_zip_close(z);
    weir_free(a);
    return status;
}
