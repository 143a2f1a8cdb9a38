#include "api/init.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/codec.h"

/* A path as a YAML value that nothing in it can change. */
static bool put_path(weir_buf *out, const char *path) {
    bool ok = weir_buf_adds(out, "\"");
    for (const char *p = path; ok && *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            ok = weir_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            ok = weir_buf_printf(out, "\\x%02X", c);
        else if (c == '$' && p[1] == '{')
            ok = weir_buf_adds(out, "$$");
        else
            ok = weir_buf_add(out, p, 1);
    }
    return ok && weir_buf_adds(out, "\"");
}

static bool put_paths(weir_buf *out, size_t n, const char *const *paths) {
    if (n == 1) return put_path(out, paths[0]);
    bool ok = weir_buf_adds(out, "[");
    for (size_t i = 0; ok && i < n; i++)
        ok = (i == 0 || weir_buf_adds(out, ", ")) && put_path(out, paths[i]);
    return ok && weir_buf_adds(out, "]");
}

/* The first column that is text, for the examples in comments. */
static const char *text_column(const weir_infer_result *r) {
    for (size_t i = 0; i < r->n_columns; i++) {
        const char *name = r->columns[i].name;
        bool plain = isalpha((unsigned char)name[0]);
        for (const char *p = name; *p; p++)
            plain = plain && (isalnum((unsigned char)*p) || *p == '_');
        if (plain && r->columns[i].type->id == WEIR_STRING) return name;
    }
    return "name";
}

static bool put_sink(weir_buf *out, const char *name, const char *target) {
    bool file = target && weir_format_of_path(target);
    bool ok = weir_buf_adds(out, "sink:\n");
    if (!file) ok = ok && weir_buf_adds(out, "  type: sqlite\n");
    ok = ok && weir_buf_adds(out, "  path: ");
    if (target)
        ok = ok && put_path(out, target);
    else
        ok = ok && weir_buf_printf(out, "%s.sqlite", name);
    ok = ok && weir_buf_adds(out, "\n");
    if (!file) ok = ok && weir_buf_printf(out, "  table: %s\n", name);
    return ok &&
           weir_buf_adds(out, "  mode: replace              # append, or upsert with key: [...]; "
                              "`weir connectors`\n");
}

weir_status weir_api_init_text(const char *name, size_t n_paths, const char *const *paths,
                               const char *format, const char *target,
                               const weir_infer_result *columns, weir_buf *out, weir_error *err) {
    const char *text = text_column(columns);
    weir_infer_result shown = *columns;
    shown.format_open &= !format; /* else it is said twice */
    bool ok =
        weir_buf_printf(out,
                        "# Made by `weir init`.  weir check FILE says what is wrong with it, weir "
                        "preview FILE shows\n# the rows after each stage, weir run FILE loads "
                        "them.\nweir: 1\nname: %s\n\nsource:\n  path: ",
                        name) &&
        put_paths(out, n_paths, paths) && weir_buf_adds(out, "\n");
    if (ok && format) ok = weir_buf_printf(out, "  format: %s\n", format);
    ok =
        ok && weir_api_infer_yaml(&shown, 2, out) &&
        weir_buf_printf(out,
                        "\n# transform:                  # `weir help set`, `weir help functions`\n"
                        "#   - set: { %s: trim(%s) }\n"
                        "#   - filter: %s <> 'test'\n\n"
                        "# validate:                   # what must hold for each record; others "
                        "are set aside\n"
                        "#   - { field: %s, required: true }\n\n"
                        "rejects:\n"
                        "  max_ratio: 5%%               # above it nothing is loaded\n\n",
                        text, text, text, text) &&
        put_sink(out, name, target);
    return ok ? WEIR_OK : weir_error_nomem(err);
}

bool weir_api_init_starter(weir_buf *pipeline, weir_buf *example) {
    return weir_buf_adds(example, "id,email,amount,status\n"
                                  "1,Ann@Example.com,19.90,paid\n"
                                  "2,bob#example.com,5.00,paid\n"
                                  "3,cy@example.com,7.25,new\n"
                                  "4,di@example.com,1.00,test\n") &&
           weir_buf_adds(
               pipeline,
               "# Made by `weir init`: three commands to see what it does\n"
               "#   weir preview FILE         the rows after each stage\n"
               "#   weir run FILE             load them\n"
               "#   weir rejects show FILE    what was set aside, and why\n"
               "weir: 1\n"
               "name: example\n\n"
               "source:\n"
               "  path: " WEIR_INIT_EXAMPLE
               "           # files, patterns such as in/*.csv, or a database: `weir connectors`\n"
               "  columns:                    # what a field is; `weir infer DATA` writes this\n"
               "    id: int64!                # ! = never null\n"
               "    email: string\n"
               "    amount: \"decimal(10,2)\"\n"
               "    status: string\n\n"
               "transform:                    # `weir help set`, `weir help functions`\n"
               "  - filter: status <> 'test'\n"
               "  - set:\n"
               "      email: lower(trim(email))\n\n"
               "validate:                     # what must hold for each record; others are set "
               "aside\n"
               "  - { field: email, required: true, pattern: '^[^@]+@[^@]+$' }\n"
               "  - { field: status, in: [new, paid, shipped] }\n\n"
               "rejects:\n"
               "  max_ratio: 50%              # above it nothing is loaded; the default is 5 %\n\n"
               "sink:\n"
               "  type: sqlite\n"
               "  path: example.sqlite\n"
               "  table: orders\n"
               "  mode: upsert                # append, replace, ...: `weir connectors`\n"
               "  key: [id]\n\n"
               "tests:                        # weir test FILE, offline\n"
               "  - name: addresses are written small\n"
               "    input: [ { id: 7, email: \" Zoe@Example.com\", amount: \"1.50\", status: paid "
               "} ]\n"
               "    expect: { loaded: 1, rows: [ { email: zoe@example.com } ] }\n");
}

const char *weir_api_init_name(weir_arena *arena, const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t n = strlen(base);
    weir_codec_of_name(base, &n);
    const char *dot = memrchr(base, '.', n);
    if (dot > base) n = (size_t)(dot - base);
    if (n > 60) n = 60;
    char *name = weir_arena_zero(arena, n + 8, 1);
    size_t at = 0;
    for (size_t i = 0; name && i < n; i++) {
        unsigned char c = (unsigned char)base[i];
        if (isalnum(c) && c < 0x80)
            name[at++] = (char)tolower(c);
        else if (at && name[at - 1] != '_')
            name[at++] = '_';
    }
    while (name && at && name[at - 1] == '_') at--;
    if (name && (at == 0 || !isalpha((unsigned char)name[0]))) { /* a table's name begins so */
        memmove(name + 1, name, at);
        name[0] = 't';
        at++;
    }
    if (name) name[at] = '\0';
    return name;
}

weir_status weir_api_init_write(const char *path, const weir_buf *text, weir_error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST) {
        weir_error_set(err, WEIR_USAGE, "%s is there already, and nothing is overwritten", path);
        weir_error_hint(err, "name another FILE.yaml first, or move it away");
        return WEIR_USAGE;
    }
    if (fd < 0) return weir_error_errno(err, errno, "cannot make %s", path);
    size_t done = 0;
    int code = 0;
    while (done < text->size && code == 0) {
        ssize_t n = write(fd, text->data + done, text->size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) code = errno ? errno : EIO;
        if (n > 0) done += (size_t)n;
    }
    if (close(fd) != 0 && code == 0) code = errno;
    if (code == 0) return WEIR_OK;
    unlink(path);
    return weir_error_errno(err, code, "cannot write %s", path);
}

bool weir_api_init_in_git(const char *folder) {
    char at[PATH_MAX], git[PATH_MAX + 8];
    struct stat st;
    if (!realpath(folder, at)) return false;
    for (;;) {
        weir_buf path = {0};
        bool ok = weir_buf_printf(&path, "%s/.git", at) && path.size < sizeof git;
        bool there = ok && stat(weir_buf_cstr(&path), &st) == 0;
        weir_buf_clear(&path);
        if (there) return true;
        char *slash = strrchr(at, '/');
        if (!slash || !at[1]) return false;
        slash[slash == at] = '\0';
    }
}
