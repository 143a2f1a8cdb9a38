/* Paths made from data, and the temporaries of dead runs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "io/os.h"

/* ---- safe joins ---------------------------------------------------------------------------- */

static weir_status refuse(weir_slice relative, const char *why, weir_error *err) {
    int n = relative.size < 100 ? (int)relative.size : 100;
    weir_status status = weir_error_set(err, WEIR_DATA, "the path \"%.*s\" made from data %s", n,
                                        relative.data ? relative.data : "", why);
    weir_error_hint(err, "paths made from data must stay below their folder");
    return status;
}

static weir_status check_text(weir_slice r, weir_error *err) {
    if (r.size == 0) return refuse(r, "is empty", err);
    if (r.data[0] == '/') return refuse(r, "is absolute", err);
    for (size_t i = 0; i < r.size; i++) {
        unsigned char c = (unsigned char)r.data[i];
        if (c < 0x20 || c == 0x7f) return refuse(r, "has a control character", err);
    }
    for (size_t start = 0; start <= r.size;) {
        const char *p = r.data + start;
        const char *slash = memchr(p, '/', r.size - start);
        size_t n = slash ? (size_t)(slash - p) : r.size - start;
        if (n == 0) return refuse(r, "has an empty part", err);
        if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return refuse(r, "has a part \".\" or \"..\"", err);
        if (n > 255) return refuse(r, "has a part of more than 255 bytes", err);
        start += n + 1;
    }
    return WEIR_OK;
}

/* Whether the existing part of full (a path below root by its text) is below root in truth.  Each
 * part is examined, so that a link anywhere on the way is seen, and a dangling one too. */
static weir_status check_links(const char *root, const char *full, size_t root_size,
                               weir_slice relative, weir_error *err) {
    char real_root[PATH_MAX], real[PATH_MAX], prefix[PATH_MAX];
    if (!realpath(*root ? root : ".", real_root)) {
        if (errno == ENOENT) return WEIR_OK; /* nothing is there yet, so no links either */
        return weir_os_error(err, errno, "find the folder", root);
    }
    size_t real_size = strlen(real_root);
    if (real_size == 1) real_size = 0; /* "/" */
    size_t n = strlen(full);
    if (n >= sizeof prefix) return refuse(relative, "is too long", err);
    memcpy(prefix, full, n + 1);
    for (size_t i = root_size; i <= n; i++) {
        struct stat st;
        if (full[i] != '/' && full[i] != '\0') continue;
        prefix[i] = '\0';
        if (lstat(prefix, &st) != 0) {
            if (errno == ENOENT) return WEIR_OK;
            return weir_os_error(err, errno, "examine", prefix);
        }
        if (S_ISLNK(st.st_mode)) {
            if (!realpath(prefix, real)) return refuse(relative, "passes a dangling link", err);
            if (strncmp(real, real_root, real_size) != 0 ||
                (real[real_size] != '/' && real[real_size] != '\0'))
                return refuse(relative, "leads out of its folder through a link", err);
        }
        prefix[i] = full[i];
    }
    return WEIR_OK;
}

weir_status weir_file_safe_join(const char *root, weir_slice relative, weir_buf *out,
                                weir_error *err) {
    weir_status status = check_text(relative, err);
    if (status != WEIR_OK) return status;
    weir_buf full = {.max = PATH_MAX};
    size_t root_size = strlen(root);
    bool slash = root_size > 0 && root[root_size - 1] != '/';
    if (!weir_buf_add(&full, root, root_size) || (slash && !weir_buf_add(&full, "/", 1)) ||
        !weir_buf_add(&full, relative.data, relative.size) || !weir_buf_add(&full, "", 1)) {
        status = root_size + relative.size + 2 > PATH_MAX ? refuse(relative, "is too long", err)
                                                          : weir_error_nomem(err);
        goto out;
    }
    WEIR_TRY(check_links(root, full.data, root_size + slash, relative, err));
    if (!weir_buf_add(out, full.data, full.size - 1)) status = weir_error_nomem(err);
out:
    weir_buf_clear(&full);
    return status;
}

bool weir_file_escape_component(weir_slice text, weir_buf *out) {
    static const char hex[] = "0123456789ABCDEF";
    size_t start = out->size;
    bool dots = (text.size == 1 && text.data[0] == '.') ||
                (text.size == 2 && text.data[0] == '.' && text.data[1] == '.');
    if (text.size == 0) return weir_buf_add(out, "%", 1); /* no escaped text is a bare "%" */
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '_' || c == '=' || c == '+' || c == '-' || (c == '.' && !dots);
        char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
        if (!(plain ? weir_buf_add(out, &text.data[i], 1) : weir_buf_add(out, escaped, 3))) {
            out->size = start;
            return false;
        }
    }
    return true;
}

/* ---- leftovers ----------------------------------------------------------------------------- */

weir_status weir_file_sweep(const char *folder, const char *token, size_t *removed,
                            weir_error *err) {
    weir_status status = WEIR_OK;
    weir_buf ending = {0}, path = {0};
    const char *place = *folder ? folder : ".";
    size_t count = 0;
    int fd = -1;
    DIR *d = NULL;
    weir_error local = {0};
    status = weir_os_open(place, O_RDONLY | O_DIRECTORY, 0, &fd, &local);
    if (status != WEIR_OK) {
        if (local.vendor_code == ENOENT)
            status = WEIR_OK;
        else if (err)
            *err = local;
        goto out;
    }
    d = fdopendir(fd);
    if (!d) {
        status = weir_os_error(err, errno, "list", place);
        goto out;
    }
    fd = -1;
    if (!weir_buf_printf(&ending, ".%s.tmp", token)) {
        status = weir_error_nomem(err);
        goto out;
    }
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (!e) {
            if (errno) status = weir_os_error(err, errno, "list", place);
            break;
        }
        size_t n = strlen(e->d_name);
        if (e->d_name[0] != '.' || n <= ending.size ||
            memcmp(e->d_name + n - ending.size, ending.data, ending.size) != 0)
            continue;
        path.size = 0;
        if (!weir_buf_printf(&path, "%s/%s", place, e->d_name)) {
            status = weir_error_nomem(err);
            break;
        }
        WEIR_TRY(weir_file_unlink(weir_buf_cstr(&path), err));
        count++;
    }
out:
    if (d) (void)closedir(d);
    weir_os_close(fd);
    weir_buf_clear(&ending);
    weir_buf_clear(&path);
    if (status == WEIR_OK && removed) *removed = count;
    return status;
}
