/* weir state: what is remembered of a pipeline, and its care. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "api/state.h"
#include "cli/cli.h"

/* ---- show ---------------------------------------------------------------------------------- */

/* Loaded files of one step. */
typedef struct counted {
    char step[128], pipeline[128];
    uint64_t files, bytes, rows;
} counted;

static int64_t number_at(const weir_batch *b, const char *name, uint32_t row) {
    int f = weir_schema_find(b->schema, name, strlen(name));
    return f < 0 || weir_column_is_null(b->columns[f], row)
               ? 0
               : ((const int64_t *)b->columns[f]->values)[row];
}

static void put_counted(const cli_args *a, const counted *c) {
    char x[32], y[32];
    if (c->files == 0) return;
    if (a->json) {
        printf("{\"kind\":\"files\",\"pipeline\":");
        cli_json_string(c->pipeline, strlen(c->pipeline));
        printf(",\"step\":");
        cli_json_string(c->step, strlen(c->step));
        printf(",\"files\":%llu,\"bytes\":%llu}\n", (unsigned long long)c->files,
               (unsigned long long)c->bytes);
    } else {
        printf("  %s/%s: %s files, %s\n", c->pipeline, c->step, cli_count(c->files, x),
               cli_size(c->bytes, y));
    }
}

/* The ledger in short: it may be long.  Rows come ordered by pipeline and step. */
static int show_files(const cli_args *a, weir_session *s, const char *pipeline) {
    weir_state_filter filter = {.pipeline = pipeline, .limit = 10000};
    weir_error err = {0};
    counted now = {0};
    bool any = false;
    for (bool more = true; more; filter.offset += filter.limit) {
        weir_state_result found = {0};
        if (weir_state_query(s->state, WEIR_STATE_FILES, &filter, NULL, &found, &err) != WEIR_OK)
            return cli_fail(&err);
        more = found.more;
        for (size_t i = 0; i < found.n; i++)
            for (uint32_t r = 0; r < found.batches[i]->length; r++) {
                const weir_batch *b = found.batches[i];
                counted is = {0};
                weir_slice step = weir_state_text(b, "step", r),
                           of = weir_state_text(b, "pipeline", r);
                snprintf(is.step, sizeof is.step, "%.*s", (int)step.size, step.data);
                snprintf(is.pipeline, sizeof is.pipeline, "%.*s", (int)of.size, of.data);
                if (strcmp(is.step, now.step) != 0 || strcmp(is.pipeline, now.pipeline) != 0) {
                    put_counted(a, &now);
                    now = is;
                }
                any = true;
                now.files++;
                now.bytes += (uint64_t)number_at(b, "size_bytes", r);
            }
        weir_state_result_clear(&found);
    }
    put_counted(a, &now);
    if (!any && !a->json) printf("  none\n");
    return EXIT_OK;
}

static void title(const cli_args *a, const char *text) {
    if (!a->json) printf("%s\n", text);
}

static int show_sizes(const cli_args *a, weir_session *s) {
    weir_state_sizes sizes;
    weir_error err = {0};
    char x[32], y[32], z[32];
    if (weir_api_state_sizes(s, &sizes, &err) != WEIR_OK) return cli_fail(&err);
    if (a->json)
        printf("{\"kind\":\"sizes\",\"database_bytes\":%llu,\"reject_files\":%llu,"
               "\"reject_bytes\":%llu}\n",
               (unsigned long long)sizes.database_bytes, (unsigned long long)sizes.reject_files,
               (unsigned long long)sizes.reject_bytes);
    else
        printf("\n%s: %s of state, %s reject file%s (%s)\n", s->state->place,
               cli_size(sizes.database_bytes, x), cli_count(sizes.reject_files, y),
               sizes.reject_files == 1 ? "" : "s", cli_size(sizes.reject_bytes, z));
    return EXIT_OK;
}

static int show_unfinished(const cli_args *a, weir_session *s, const char *pipeline) {
    static const char *const columns[] = {"pipeline", "step", "epoch", "state", "run_id", "begun"};
    weir_state_epochs open = {0};
    weir_error err = {0};
    int code = EXIT_OK;
    if (weir_state_epochs_unfinished(s->state, pipeline, &open, &err) != WEIR_OK)
        return cli_fail(&err);
    if (open.n) {
        weir_state_filter filter = {.pipeline = pipeline, .newest_first = true, .limit = open.n};
        title(a, "\nunfinished: the next run completes or undoes it");
        code = cli_print_query(a, s, WEIR_STATE_EPOCHS, &filter, columns, 6, NULL);
    }
    weir_state_epochs_clear(&open);
    return code;
}

static int show(const cli_args *a, weir_session *s) {
    static const char *const positions[] = {"pipeline", "step",   "position",
                                            "epoch",    "run_id", "updated"};
    static const char *const leases[] = {"pipeline", "run_id",   "pid",
                                         "host",     "acquired", "released"};
    const char *pipeline = s->pipeline ? s->pipeline->name : NULL;
    weir_state_filter filter = {.pipeline = pipeline, .limit = 1000};
    title(a, "positions");
    int code = cli_print_query(a, s, WEIR_STATE_POSITIONS, &filter, positions, 6, "  none");
    title(a, "\nloaded files");
    if (code == EXIT_OK) code = show_files(a, s, pipeline);
    title(a, "\nleases");
    if (code == EXIT_OK)
        code = cli_print_query(a, s, WEIR_STATE_LEASES, &filter, leases, 6, "  none");
    if (code == EXIT_OK) code = show_unfinished(a, s, pipeline);
    return code == EXIT_OK ? show_sizes(a, s) : code;
}

/* ---- reset, export, import, fsck ----------------------------------------------------------- */

static bool confirmed(const char *pipeline, const char *step) {
    char answer[16] = "";
    fprintf(stderr,
            "forget what %s%s%s has loaded? The next run reads everything again, and a sink with "
            "mode append gets it twice. [y/N] ",
            pipeline, *step ? ", step " : "", step);
    if (!fgets(answer, sizeof answer, stdin)) return false;
    return answer[0] == 'y' || answer[0] == 'Y';
}

static int reset(const cli_args *a, weir_session *s) {
    const char *step = a->n > 2 ? a->words[2] : NULL;
    weir_error err = {0};
    if (!step) {
        return cli_usage("weir state reset: name a STEP of %s, or all\n", a->words[1]);
    }
    bool all = strcmp(step, "all") == 0;
    size_t *steps, n;
    if (!all && weir_api_select(s, 1, &step, &steps, &n, &err) != WEIR_OK) return cli_fail(&err);
    if (!cli_flag_value(a, "--yes")) {
        if (!isatty(STDIN_FILENO)) {
            return cli_usage("weir state reset: nobody can be asked here; write --yes\n");
        }
        if (!confirmed(s->pipeline->name, all ? "" : step)) {
            fprintf(stderr, "nothing was changed\n");
            return EXIT_FAILED;
        }
    }
    for (size_t i = 0; i < (all ? 1 : n); i++)
        if (weir_api_state_reset(s, all ? NULL : s->pipeline->steps[steps[i]].name, &err) !=
            WEIR_OK)
            return cli_fail(&err);
    if (!a->quiet)
        fprintf(stderr, "%s%s%s: positions and loaded files are forgotten\n", s->pipeline->name,
                all ? "" : ", step ", all ? "" : step);
    return EXIT_OK;
}

static int export_state(weir_session *s) {
    weir_buf out = {0};
    weir_error err = {0};
    int code = EXIT_OK;
    if (weir_api_state_export(s, &out, &err) != WEIR_OK)
        code = cli_fail(&err);
    else
        fwrite(out.data, 1, out.size, stdout);
    weir_buf_clear(&out);
    return code;
}

/* All of a file, or of standard input for "-". */
static bool read_input(const char *path, weir_buf *out, weir_error *err) {
    char part[65536];
    bool pipe = strcmp(path, "-") == 0;
    FILE *f = pipe ? stdin : fopen(path, "rb");
    if (!f) {
        weir_error_errno(err, errno, "cannot open %s", path);
        return false;
    }
    size_t n;
    bool ok = true;
    out->max = WEIR_STATE_IMPORT_MAX_BYTES;
    while (ok && (n = fread(part, 1, sizeof part, f)) > 0) ok = weir_buf_add(out, part, n);
    if (!ok) weir_error_set(err, WEIR_RESOURCE, "%s is larger than 256 MiB", path);
    if (ok && ferror(f)) ok = weir_error_errno(err, EIO, "cannot read %s", path) == WEIR_OK;
    if (!pipe) fclose(f);
    return ok;
}

static int import_state(const cli_args *a, weir_session *s) {
    weir_buf text = {0};
    weir_error err = {0};
    uint64_t n = 0;
    int code = EXIT_OK;
    if (a->n < 3) {
        return cli_usage("weir state import: name the DUMP of `weir state export`, or -\n");
    }
    if (!read_input(a->words[2], &text, &err) ||
        weir_api_state_import(s, (weir_slice){text.size ? text.data : "", text.size}, &n, &err) !=
            WEIR_OK) {
        if (!err.source[0]) weir_error_at(&err, a->words[2], 0, 0);
        code = cli_fail(&err);
    } else if (!a->quiet) {
        fprintf(stderr, "%s: %llu entries are in the state\n", s->pipeline->name,
                (unsigned long long)n);
    }
    weir_buf_clear(&text);
    return code;
}

static int fsck(const cli_args *a, weir_session *s) {
    weir_buf text = {0};
    weir_error err = {0};
    int code = EXIT_OK;
    if (weir_api_state_fsck(s, &text, &err) != WEIR_OK) {
        code = cli_fail(&err);
    } else if (a->json) {
        const char *p = weir_buf_cstr(&text);
        printf("{\"sound\":%s,\"findings\":[", *p ? "false" : "true");
        for (bool first = true; *p; first = false) {
            const char *end = strchr(p, '\n');
            if (!first) putchar(',');
            cli_json_string(p, (size_t)(end - p));
            p = end + 1;
        }
        printf("]}\n");
    } else if (text.size) {
        fwrite(text.data, 1, text.size, stdout);
    } else if (!a->quiet) {
        printf("%s: sound\n", s->state->place);
    }
    if (code == EXIT_OK && text.size) code = EXIT_FAILED;
    weir_buf_clear(&text);
    return code;
}

int cli_cmd_state(cli_args *a) {
    static const char *const verbs[] = {"show", "fsck", "reset", "export", "import"};
    weir_session s;
    weir_error err = {0};
    size_t verb = 0;
    while (verb < 5 && strcmp(a->words[0], verbs[verb]) != 0) verb++;
    if (verb == 5) {
        return cli_usage("weir state: show, reset, export, import or fsck, not %s\n", a->words[0]);
    }
    if (verb >= 2 && a->n < 2) {
        return cli_usage("weir state %s: name the pipeline FILE\n", verbs[verb]);
    }
    weir_session_init(&s);
    int code;
    if (verb == 4) { /* a state to import into may not be there yet */
        code = cli_load(a, &s, a->words[1], &err) == WEIR_OK &&
                       weir_api_open_state(&s, true, &err) == WEIR_OK
                   ? EXIT_OK
                   : cli_fail_diags(&s.diags, &err);
    } else {
        code = cli_open_history(a, &s, a->n > 1 ? a->words[1] : NULL, verb == 2);
    }
    if (code == EXIT_OK)
        code = verb == 0   ? show(a, &s)
               : verb == 1 ? fsck(a, &s)
               : verb == 2 ? reset(a, &s)
               : verb == 3 ? export_state(&s)
                           : import_state(a, &s);
    weir_session_clear(&s);
    return code;
}
