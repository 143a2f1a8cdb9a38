#include "conformance/summary.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/plain_json.h"
#include "support/process.h"

static size_t number_in(const plain_json *object, const char *name) {
    const plain_json *v = plain_json_member(object, name, strlen(name));
    return v && v->kind == PLAIN_NUMBER ? (size_t)strtoull(v->text, NULL, 10) : 0;
}

static void read_step(const plain_json *s, summary_step *out) {
    const plain_json *status = plain_json_member(s, "status", 6);
    const plain_json *error = plain_json_member(s, "error", 5);
    out->ok = status && strcmp(status->text, "ok") == 0;
    out->told = error && error->kind == PLAIN_TEXT && error->size >= 20;
    out->read = number_in(s, "read");
    out->loaded = number_in(s, "loaded");
    out->rejected = number_in(s, "rejected");
}

bool summary_read(const char *path, summary *out) {
    size_t size = 0, at = 0;
    char *text = process_slurp(path, &size);
    plain_json *all = text ? plain_json_read(text, size, &at) : NULL;
    const plain_json *steps = all && at == size ? plain_json_member(all, "steps", 5) : NULL;
    memset(out, 0, sizeof *out);
    for (const plain_json *s = steps ? steps->first : NULL; s && out->n < SUMMARY_STEPS_MAX;
         s = s->next)
        read_step(s, &out->steps[out->n++]);
    plain_json_free(all);
    free(text);
    return steps != NULL;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void summary_remove_dir(const char *dir) {
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
