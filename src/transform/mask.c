/* mask: values that must not be seen.  hash: values that only have to be told apart. */
#include "transform/made.h"

#include <stdio.h>

/* cast("name" as string) */
static bool put_as_text(weir_buf *out, const char *name) {
    return weir_buf_adds(out, "cast(") && weir_made_name(out, name) &&
           weir_buf_adds(out, " as string)");
}

static weir_made *new_made(const weir_bind *bind, const char *stage, size_t n) {
    weir_made *made = weir_arena_zero(bind->arena, 1, sizeof *made);
    if (!made) return NULL;
    made->stage = stage;
    made->n = (uint32_t)n;
    made->columns = weir_arena_zero(bind->arena, n + 1, sizeof *made->columns);
    return made->columns ? made : NULL;
}

/* Keeps name and text of a column; text is used up. */
static bool keep(const weir_bind *bind, weir_made_column *c, const char *name, weir_buf *text) {
    c->name = weir_arena_strdup(bind->arena, name);
    c->text = weir_arena_strndup(bind->arena, text->data, text->size);
    text->size = 0;
    return c->name && c->text;
}

/* ---- mask ---------------------------------------------------------------------------------- */

typedef enum method { STARS, EMAIL, CARD, REDACT, HASH, EMPTY } method;
static const char *const methods[] = {"stars", "email", "card", "redact", "hash", "null", NULL};

typedef struct mask_config {
    weir_opt_strings fields;
    int method;
    int64_t keep;
    bool keep_given;
    const char *salt;
} mask_config;

static const weir_option mask_fields[] = {
    {.name = "fields",
     .alias = "field",
     .type = WEIR_OPT_STRINGS,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(mask_config, fields),
     .help = "the columns",
     .since = "0.1"},
    {.name = "method",
     .type = WEIR_OPT_ENUM,
     .choices = methods,
     .fallback = "stars",
     .offset = offsetof(mask_config, method),
     .help =
         "stars for characters; email: a**@x.io; card: digits; redact: ***; hash: SHA-256; null",
     .since = "0.1"},
    {.name = "keep",
     .type = WEIR_OPT_INT,
     .min = -1000,
     .max = 1000,
     .offset = offsetof(mask_config, keep),
     .set_offset = offsetof(mask_config, keep_given),
     .help = "stars, card: so many last characters stay (first, when negative); 0, of a card 4",
     .since = "0.1"},
    {.name = "salt",
     .type = WEIR_OPT_SECRET,
     .offset = offsetof(mask_config, salt),
     .help = "hash: key of the HMAC; without one anybody can try values",
     .since = "0.1"},
    {0}};
static const weir_option mask_options[] = {{.name = "mask",
                                            .type = WEIR_OPT_STRUCT,
                                            .flags = WEIR_OPT_REQUIRED,
                                            .fields = mask_fields,
                                            .help = "hides values in place",
                                            .since = "0.1"},
                                           {0}};

/* An expression's call of one function on the field's text. */
static bool put_call(weir_buf *out, const char *function, const char *name, const char *more) {
    return weir_buf_adds(out, function) && weir_buf_adds(out, "(") && put_as_text(out, name) &&
           weir_buf_adds(out, more) && weir_buf_adds(out, ")");
}

static bool put_mask(weir_buf *out, const mask_config *c, const char *name) {
    char keep_text[40] = "";
    if (c->keep_given) snprintf(keep_text, sizeof keep_text, ", %lld", (long long)c->keep);
    switch ((method)c->method) {
    case STARS: return put_call(out, "mask", name, keep_text);
    case EMAIL: return put_call(out, "mask_email", name, "");
    case CARD: return put_call(out, "mask_card", name, keep_text);
    case REDACT: return put_call(out, "redact", name, "");
    case EMPTY:
        return weir_buf_adds(out, "if(false, ") && weir_made_name(out, name) &&
               weir_buf_adds(out, ")");
    case HASH: break;
    }
    if (!c->salt) return put_call(out, "sha256", name, "");
    return weir_buf_adds(out, "hmac_sha256(") && put_as_text(out, name) &&
           weir_buf_adds(out, ", ") && weir_made_text(out, c->salt) && weir_buf_adds(out, ")");
}

/* What a variable that is not set may come to. */
static bool check_salt(const char *salt, const weir_bind *bind) {
    if (!salt || *salt) return true;
    weir_diags_error(bind->diags, weir_bind_key(bind->node, "salt"), "salt",
                     "give a secret text, or remove the key",
                     "is empty: anybody could find a value by trying");
    return false;
}

static bool check_mask(const mask_config *c, const weir_bind *bind) {
    size_t faults = bind->diags->n_errors;
    if (c->keep_given && c->method != STARS && c->method != CARD)
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "keep"), "keep", "remove it",
                         "has a meaning with stars and card only");
    if (c->keep_given && c->method == CARD && c->keep < 0)
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "keep"), "keep",
                         "the last digits stay", "cannot be negative for a card");
    if (c->method == HASH && !check_salt(c->salt, bind)) return false;
    if (c->salt && c->method != HASH)
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "salt"), "salt", "remove it",
                         "has a meaning with hash only");
    return bind->diags->n_errors == faults;
}

static bool check_fields(const weir_opt_strings *fields, const weir_bind *bind, weir_operator *op) {
    const weir_node *at = weir_node_get(bind->node, "fields");
    if (!at) at = weir_node_get(bind->node, "field");
    bool ok = true;
    for (size_t i = 0; i < fields->n; i++) {
        uint32_t number;
        if (!weir_transform_field(bind, op, at ? weir_bind_item(at, i) : bind->node, "fields",
                                  fields->items[i], &number))
            ok = false;
    }
    if (fields->n) return ok;
    weir_diags_error(bind->diags, at ? at : bind->node, "fields", "name a column", "is empty");
    return false;
}

static weir_status mask_bind(const void *config, const weir_bind *bind, weir_operator *op,
                             weir_error *err) {
    const mask_config *c = config;
    weir_buf text = {0};
    op->reads = weir_transform_reads(bind, op->in);
    weir_made *made = new_made(bind, "mask", c->fields.n);
    if (!made || !op->reads) return weir_error_nomem(err);
    bool right = check_mask(c, bind);
    if (!check_fields(&c->fields, bind, op) || !right) return weir_bind_failed(bind, err);
    bool ok = true;
    for (size_t i = 0; ok && i < c->fields.n; i++)
        ok = put_mask(&text, c, c->fields.items[i]) &&
             keep(bind, &made->columns[i], c->fields.items[i], &text);
    weir_buf_clear(&text);
    if (!ok) return weir_error_nomem(err);
    return weir_made_bind(made, bind, op, weir_node_get(bind->node, "fields"), "fields", err);
}

const weir_operator_kind weir_transform_mask = {
    .name = "mask",
    .summary = "hides values: stars, parts of an e-mail address or card number, a hash",
    .example = "- mask: { field: email, method: email }",
    .options = mask_options,
    .config_size = sizeof(mask_config),
    .flags = WEIR_OP_CAN_FAIL,
    .bind = mask_bind,
    .free = weir_made_free,
    .local_new = weir_made_local_new,
    .local_free = weir_made_local_free,
    .process = weir_made_process,
};

/* ---- hash ---------------------------------------------------------------------------------- */

typedef enum algorithm { SHA256, SHA512, SHA1, MD5, XXHASH64, XXHASH128 } algorithm;
static const char *const algorithms[] = {"sha256",   "sha512",    "sha1", "md5",
                                         "xxhash64", "xxhash128", NULL};

typedef struct hash_config {
    weir_opt_strings fields;
    const char *into, *salt;
    int algorithm;
} hash_config;

static const weir_option hash_fields[] = {
    {.name = "fields",
     .alias = "field",
     .type = WEIR_OPT_STRINGS,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(hash_config, fields),
     .help = "the columns, in this order",
     .since = "0.1"},
    {.name = "into",
     .type = WEIR_OPT_STRING,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(hash_config, into),
     .help = "the column made",
     .since = "0.1"},
    {.name = "algorithm",
     .type = WEIR_OPT_ENUM,
     .choices = algorithms,
     .fallback = "sha256",
     .offset = offsetof(hash_config, algorithm),
     .help = "digests are texts in hexadecimal, xxhash64 is a uint64",
     .since = "0.1"},
    {.name = "salt",
     .type = WEIR_OPT_SECRET,
     .offset = offsetof(hash_config, salt),
     .help = "key of an HMAC with sha256, sha512 or sha1",
     .since = "0.1"},
    {0}};
static const weir_option hash_options[] = {{.name = "hash",
                                            .type = WEIR_OPT_STRUCT,
                                            .flags = WEIR_OPT_REQUIRED,
                                            .fields = hash_fields,
                                            .help = "one key of several columns",
                                            .since = "0.1"},
                                           {0}};

/* Of one column its text; of several each as LENGTH:TEXT, and - for a null, so that no two records
 * look alike that are not. */
static bool put_joined(weir_buf *out, const weir_opt_strings *fields) {
    if (fields->n == 1) return put_as_text(out, fields->items[0]);
    bool ok = true;
    for (size_t i = 0; ok && i < fields->n; i++) {
        const char *name = fields->items[i];
        ok = weir_buf_adds(out,
                           i ? " || coalesce(cast(octet_length(" : "coalesce(cast(octet_length(") &&
             put_as_text(out, name) && weir_buf_adds(out, ") as string) || ':' || ") &&
             put_as_text(out, name) && weir_buf_adds(out, " || ',', '-,')");
    }
    return ok;
}

static bool put_hash(weir_buf *out, const hash_config *c) {
    return (!c->salt || weir_buf_adds(out, "hmac_")) &&
           weir_buf_adds(out, algorithms[c->algorithm]) && weir_buf_adds(out, "(") &&
           put_joined(out, &c->fields) &&
           (!c->salt || (weir_buf_adds(out, ", ") && weir_made_text(out, c->salt))) &&
           weir_buf_adds(out, ")");
}

static weir_status hash_bind(const void *config, const weir_bind *bind, weir_operator *op,
                             weir_error *err) {
    const hash_config *c = config;
    weir_buf text = {0};
    op->reads = weir_transform_reads(bind, op->in);
    weir_made *made = new_made(bind, "hash", 1);
    if (!made || !op->reads) return weir_error_nomem(err);
    bool right = check_fields(&c->fields, bind, op);
    if (c->salt && c->algorithm > SHA1) {
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "salt"), "salt",
                         "write algorithm: sha256", "needs sha256, sha512 or sha1");
        right = false;
    }
    if (!check_salt(c->salt, bind)) right = false;
    if (!right) return weir_bind_failed(bind, err);
    bool ok = put_hash(&text, c) && keep(bind, &made->columns[0], c->into, &text);
    weir_buf_clear(&text);
    if (!ok) return weir_error_nomem(err);
    return weir_made_bind(made, bind, op, NULL, "hash", err);
}

const weir_operator_kind weir_transform_hash = {
    .name = "hash",
    .summary = "makes a key of one or several columns",
    .example = "- hash: { fields: [name, born], into: person_key, salt: \"${SALT}\" }",
    .options = hash_options,
    .config_size = sizeof(hash_config),
    .flags = WEIR_OP_CAN_FAIL,
    .bind = hash_bind,
    .free = weir_made_free,
    .local_new = weir_made_local_new,
    .local_free = weir_made_local_free,
    .process = weir_made_process,
};
