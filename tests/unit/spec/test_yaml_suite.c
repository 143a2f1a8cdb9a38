/* The YAML test suite (WEIR_CORPUS/yaml/yaml-test-suite): nothing crashes, hangs or grows, and what
 * libyaml accepts and weir allows has the structure that the suite's event list says. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>
#include "spec/yaml.h"

/* ---- reading the suite's files ------------------------------------------------------------- */

static char *read_all(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    char *text = malloc(1 << 20);
    assert_non_null(text);
    *size = fread(text, 1, (1 << 20) - 1, f);
    text[*size] = '\0';
    fclose(f);
    return text;
}

static const struct {
    const char *mark, *text;
} marks[] = {{"\xE2\x90\xA3", " "},             /* open box: a blank */
             {"\xC2\xBB", "\t"},                /* closing guillemet behind dashes: a tab */
             {"\xE2\x80\x94", ""},              /* those dashes */
             {"\xE2\x86\xB5", ""},              /* return sign: shows an empty line's end */
             {"\xE2\x88\x8E\n", ""},            /* end of proof: no line end here */
             {"\xE2\x86\x90", "\r"},            /* left arrow: carriage return */
             {"\xE2\x87\x94", "\xEF\xBB\xBF"}}; /* double arrow: byte order mark */

/* The suite shows invisible characters by visible ones. */
static char *unmark(const char *text, size_t *size) {
    size_t n = strlen(text), at = 0;
    char *out = malloc(n * 2 + 1);
    assert_non_null(out);
    for (size_t i = 0; i < n;) {
        size_t k = 0, count = sizeof marks / sizeof *marks;
        while (k < count && strncmp(text + i, marks[k].mark, strlen(marks[k].mark)) != 0) k++;
        if (k < count) {
            memcpy(out + at, marks[k].text, strlen(marks[k].text));
            at += strlen(marks[k].text);
            i += strlen(marks[k].mark);
        } else
            out[at++] = text[i++];
    }
    out[at] = '\0';
    *size = at;
    return out;
}

/* ---- the expected events ------------------------------------------------------------------- */

typedef struct events {
    char **lines;
    size_t n, at;
    struct {
        char name[64];
        size_t line;
    } anchors[64];
    size_t n_anchors;
} events;

static void split_events(char *tree, events *e) {
    memset(e, 0, sizeof *e);
    e->lines = calloc(strlen(tree) + 1, sizeof *e->lines);
    for (char *line = tree; line && *line;) {
        char *end = strchr(line, '\n');
        if (end) *end = '\0';
        while (*line == ' ') line++;
        if (*line) e->lines[e->n++] = line;
        line = end ? end + 1 : NULL;
    }
}

static void note_anchor(events *e, const char *line, size_t number) {
    const char *amp = strstr(line, " &");
    const char *text = strncmp(line, "=VAL", 4) == 0 ? strpbrk(line + 5, ":\"'|>") : NULL;
    if (!amp || (text && amp > text) || e->n_anchors == 64) return;
    size_t n = strcspn(amp + 2, " ");
    snprintf(e->anchors[e->n_anchors].name, 64, "%.*s", (int)n, amp + 2);
    e->anchors[e->n_anchors++].line = number;
}

/* The text of "=VAL &a :text" without escapes. */
static char *value_text(const char *line) {
    const char *p = line + 5;
    while (*p == '&' || *p == '<') {
        p += strcspn(p, " ");
        if (*p == ' ') p++;
    }
    char *out = malloc(strlen(p) + 1);
    size_t at = 0;
    for (p++; *p; p++) {
        if (*p != '\\') {
            out[at++] = *p;
            continue;
        }
        p++;
        out[at++] = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p == 'b' ? '\b' : *p == 'r' ? '\r' : *p;
    }
    out[at] = '\0';
    return out;
}

/* Whether the node is what the events say; moves behind them. */
static bool same(events *e, const weir_node *node);

static bool same_alias(events *e, const weir_node *node) {
    const char *name = e->lines[e->at++] + 6;
    for (size_t i = e->n_anchors; i > 0; i--) {
        if (strcmp(e->anchors[i - 1].name, name) != 0) continue;
        size_t back = e->at, anchors = e->n_anchors;
        e->at = e->anchors[i - 1].line;
        bool ok = same(e, node);
        e->at = back;
        e->n_anchors = anchors;
        return ok;
    }
    return false;
}

static bool same(events *e, const weir_node *node) {
    const char *line = e->lines[e->at];
    if (strncmp(line, "=ALI", 4) == 0) return same_alias(e, node);
    note_anchor(e, line, e->at);
    if (strncmp(line, "=VAL", 4) == 0) {
        char *text = value_text(line);
        bool ok = node->kind == WEIR_NODE_NULL
                      ? text[0] == '\0'
                      : node->kind == WEIR_NODE_SCALAR && strlen(text) == node->text_size &&
                            memcmp(text, node->text, node->text_size) == 0;
        if (!ok) printf("  value \"%s\" is \"%s\"\n", text, node->text ? node->text : "?");
        free(text);
        e->at++;
        return ok;
    }
    bool map = strncmp(line, "+MAP", 4) == 0;
    if (node->kind != (map ? WEIR_NODE_MAP : WEIR_NODE_LIST)) return false;
    e->at++;
    for (size_t i = 0; i < node->n; i++) {
        if (map && !same(e, node->keys[i])) return false;
        if (!same(e, node->items[i])) return false;
    }
    if (strcmp(e->lines[e->at], map ? "-MAP" : "-SEQ") != 0) return false;
    e->at++;
    return true;
}

/* ---- what may be refused ------------------------------------------------------------------- */

static bool libyaml_accepts(const char *text, size_t size) {
    yaml_parser_t p;
    yaml_event_t e;
    bool ok = true, end = false;
    assert_true(yaml_parser_initialize(&p));
    yaml_parser_set_input_string(&p, (const unsigned char *)text, size);
    while (ok && !end) {
        ok = yaml_parser_parse(&p, &e);
        if (!ok) break;
        end = e.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&p);
    return ok;
}

/* The messages that weir's own rules give; any other refusal is a failure. */
static bool refused_by_rule(const weir_diags *d) {
    static const char *const rules[] = {"a tag (",         "a second document",
                                        "cannot be a key", "a key cannot stand",
                                        "stands twice",    "the file is empty"};
    for (size_t i = 0; i < d->n; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof rules / sizeof *rules && !known; k++)
            known = strstr(d->items[i].message, rules[k]) != NULL;
        if (!known) return false;
    }
    return d->n > 0;
}

typedef struct tally {
    int cases, compared, refused, not_read, wrong;
} tally;

/* Where libyaml 0.2.5 itself reads something else than the suite says: `?foo` at the start of a
 * flow map (652Z, HM87) and a last line of blanks without a line end in a block scalar (L24T,
 * JEF9). */
static bool reads_differently(const char *file) {
    static const char *const files[] = {"652Z", "HM87", "JEF9", "L24T", NULL};
    for (size_t i = 0; files[i]; i++)
        if (strncmp(file, files[i], 4) == 0) return true;
    return false;
}

static void one_case(const char *file, const char *yaml, const char *tree, bool fails, tally *t) {
    size_t size, tree_size;
    char *text = unmark(yaml, &size), *expected = unmark(tree, &tree_size);
    weir_arena arena = {.max_bytes = 8 << 20};
    weir_diags diags;
    weir_node *root = NULL;
    weir_diags_init(&diags, file);
    t->cases++;
    weir_status status = weir_yaml_parse((weir_slice){text, size}, NULL, &arena, &diags, &root);
    assert_true(status == WEIR_OK || status == WEIR_USAGE);
    assert_int_equal(status == WEIR_OK, diags.n_errors == 0);
    if (fails || !libyaml_accepts(text, size) || reads_differently(file))
        t->not_read++;
    else if (status == WEIR_USAGE) {
        t->refused++;
        if (!refused_by_rule(&diags)) {
            t->wrong++;
            printf("%s: refused: %s\n", file, diags.items[0].message);
        }
    } else {
        events e;
        split_events(expected, &e);
        while (e.at < e.n && (e.lines[e.at][0] != '+' || strncmp(e.lines[e.at], "+MAP", 4)) &&
               strncmp(e.lines[e.at], "+SEQ", 4) && e.lines[e.at][0] != '=')
            e.at++;
        t->compared++;
        if (e.at == e.n || !same(&e, root)) {
            t->wrong++;
            printf("%s: differs at event %zu\n", file, e.at);
        }
        free(e.lines);
    }
    weir_diags_clear(&diags);
    weir_arena_clear(&arena);
    free(text);
    free(expected);
}

static const char *text_of(const weir_node *map, const char *key, const char *before) {
    const weir_node *n = weir_node_get(map, key);
    return n && n->text ? n->text : before;
}

/* A file of the suite: a list of cases; later ones inherit what they do not say. */
static void one_file(const char *folder, const char *name, tally *t) {
    char path[4096];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = read_all(path, &size);
    assert_non_null(text);
    weir_arena arena = {0};
    weir_diags diags;
    weir_node *root = NULL;
    weir_diags_init(&diags, name);
    assert_int_equal(weir_yaml_parse((weir_slice){text, size}, NULL, &arena, &diags, &root),
                     WEIR_OK);
    const char *yaml = "", *tree = "", *fail = "";
    for (size_t i = 0; i < root->n; i++) {
        yaml = text_of(root->items[i], "yaml", yaml);
        tree = text_of(root->items[i], "tree", tree);
        fail = text_of(root->items[i], "fail", fail);
        one_case(name, yaml, tree, strcmp(fail, "true") == 0, t);
    }
    weir_diags_clear(&diags);
    weir_arena_clear(&arena);
    free(text);
}

static void test_suite(void **state) {
    (void)state;
    const char *corpus = getenv("WEIR_CORPUS");
    char folder[3000];
    snprintf(folder, sizeof folder, "%s/yaml/yaml-test-suite",
             corpus ? corpus : "../shared/corpus");
    DIR *d = opendir(folder);
    if (!d) {
        printf("skipped: no corpus\n");
        skip();
    }
    tally t = {0};
    struct dirent *entry;
    while ((entry = readdir(d)))
        if (strstr(entry->d_name, ".yaml")) one_file(folder, entry->d_name, &t);
    closedir(d);
    printf("%d cases: %d compared, %d refused by weir's rules, %d not read by libyaml or to fail\n",
           t.cases, t.compared, t.refused, t.not_read);
    assert_int_equal(t.wrong, 0);
    assert_true(t.compared >= 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_suite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
