/* select: keep these columns, in this order.  drop: keep the others. */
#include "transform/kinds.h"

typedef struct names_config {
    weir_opt_strings names;
} names_config;

static const weir_option select_options[] = {{.name = "select",
                                              .type = WEIR_OPT_STRINGS,
                                              .flags = WEIR_OPT_REQUIRED,
                                              .offset = offsetof(names_config, names),
                                              .help = "columns to keep, in this order",
                                              .since = "0.1"},
                                             {0}};

static const weir_option drop_options[] = {{.name = "drop",
                                            .type = WEIR_OPT_STRINGS,
                                            .flags = WEIR_OPT_REQUIRED,
                                            .offset = offsetof(names_config, names),
                                            .help = "columns to leave out",
                                            .since = "0.1"},
                                           {0}};

/* Numbers of the named fields, in order, and the bits in op->reads.  Faults go to diags. */
static weir_status find_names(const weir_opt_strings *names, const weir_bind *bind,
                              weir_operator *op, const char *key, uint32_t *numbers,
                              weir_error *err) {
    size_t faults = bind->diags->n_errors;
    op->reads = weir_transform_reads(bind, op->in);
    if (!op->reads) return weir_error_nomem(err);
    if (names->n == 0) weir_diags_error(bind->diags, bind->node, key, NULL, "names no column");
    for (size_t i = 0; i < names->n; i++) {
        const weir_node *at = weir_bind_item(bind->node, i);
        int number = weir_schema_find(op->in, names->items[i], strlen(names->items[i]));
        if (number < 0) {
            weir_bind_unknown_column(bind, at, key, op->in, names->items[i]);
        } else if (weir_bit_get(op->reads, (uint32_t)number)) {
            weir_diags_error(bind->diags, at, key, NULL, "names '%s' twice", names->items[i]);
        } else {
            numbers[i] = (uint32_t)number;
            weir_bit_set(op->reads, (uint32_t)number);
        }
    }
    return bind->diags->n_errors > faults ? weir_bind_failed(bind, err) : WEIR_OK;
}

static weir_status bind_names(const weir_opt_strings *names, bool keep, const weir_bind *bind,
                              weir_operator *op, weir_error *err) {
    const weir_schema *in = op->in;
    size_t room = (names->n > in->n_fields ? names->n : in->n_fields) + 1;
    uint32_t *numbers = weir_alloc_zero(room, sizeof *numbers), n = 0;
    weir_field *fields = weir_alloc_zero(room, sizeof *fields);
    weir_status status = WEIR_OK;
    if (!numbers || !fields) WEIR_TRY(weir_error_nomem(err));
    WEIR_TRY(find_names(names, bind, op, keep ? "select" : "drop", numbers, err));
    if (keep) {
        n = (uint32_t)names->n;
    } else {
        for (uint32_t i = 0; i < in->n_fields; i++)
            if (!weir_bit_get(op->reads, i)) numbers[n++] = i;
        if (n == 0) {
            weir_diags_error(bind->diags, bind->node, "drop", NULL, "leaves no column");
            WEIR_TRY(weir_bind_failed(bind, err));
        }
    }
    for (uint32_t i = 0; i < n; i++) fields[i] = in->fields[numbers[i]];
    WEIR_TRY(weir_pick_bind(bind, op, fields, numbers, n, err));
out:
    weir_free(numbers);
    weir_free(fields);
    return status;
}

static weir_status select_bind(const void *config, const weir_bind *bind, weir_operator *op,
                               weir_error *err) {
    return bind_names(&((const names_config *)config)->names, true, bind, op, err);
}

static weir_status drop_bind(const void *config, const weir_bind *bind, weir_operator *op,
                             weir_error *err) {
    return bind_names(&((const names_config *)config)->names, false, bind, op, err);
}

const weir_operator_kind weir_transform_select = {
    .name = "select",
    .summary = "keeps the named columns, in the order given",
    .options = select_options,
    .config_size = sizeof(names_config),
    .bind = select_bind,
    .process = weir_pick_process,
};

const weir_operator_kind weir_transform_drop = {
    .name = "drop",
    .summary = "leaves the named columns out",
    .options = drop_options,
    .config_size = sizeof(names_config),
    .bind = drop_bind,
    .process = weir_pick_process,
};
