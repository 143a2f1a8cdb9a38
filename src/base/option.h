/* The option table: one row describes one option of a connector, transform, rule, format or of the
 * pipeline file itself.  From these rows come the parser, `weir check`, `weir help NAME`, the
 * reference pages and the JSON Schema.  Nothing is parsed by hand elsewhere.
 *
 *     typedef struct { char *path; bool header; weir_bytes max; } csv_config;
 *     static const weir_option csv_options[] = {
 *         {.name = "header", .type = WEIR_OPT_BOOL, .offset = offsetof(csv_config, header),
 *          .fallback = "true", .help = "the first record names the columns", .since = "0.1"},
 *         {0}};
 *
 * The input is a tree of weir_node, made from YAML (src/spec), JSON, or the command line.
 */
#ifndef WEIR_BASE_OPTION_H
#define WEIR_BASE_OPTION_H

#include "base/mem.h"

/* ---- the input tree ------------------------------------------------------------------------ */

typedef enum weir_node_kind {
    WEIR_NODE_NULL,
    WEIR_NODE_SCALAR,
    WEIR_NODE_LIST,
    WEIR_NODE_MAP
} weir_node_kind;

/* A node of a parsed file.  Lives in the arena of whoever parsed it.  A scalar is text only; its
 * type comes from the option table, never from its look. */
typedef struct weir_node {
    weir_node_kind kind;
    uint32_t line, column; /* 1-based place of the node in its file; 0 = not from a file */
    const char *file;      /* another file than the one the diagnostics are of; else NULL */
    bool quoted;           /* scalar written in quotes or as a block */
    bool secret;           /* text came from a secret reference: never print it */
    bool resolved;         /* references were resolved, not to be looked for again */
    const char *text;      /* SCALAR: terminated; size in text_size (may hold NUL) */
    size_t text_size;
    const char
        *written; /* SCALAR with references (${VAR}): the text as the file has it, else NULL */
    size_t n;     /* LIST, MAP: number of children */
    struct weir_node **items; /* LIST: items; MAP: values */
    struct weir_node **keys;  /* MAP: scalar nodes, same order as items */
} weir_node;

/* Value of a key in a MAP, or NULL (also for a node that is no map). */
const weir_node *weir_node_get(const weir_node *map, const char *key);
/* Number of a key in a MAP, or SIZE_MAX; for the place of the key itself. */
size_t weir_node_find(const weir_node *map, const char *key);

/* Trees that come from elsewhere than a file (command line, JSON, tests).  All return NULL, and
 * _add false, when memory is short.  _add takes key NULL for a list; keys and texts are copied. */
WEIR_MUST_USE weir_node *weir_node_scalar(weir_arena *a, const char *text, size_t text_size);
WEIR_MUST_USE weir_node *weir_node_map(weir_arena *a);
WEIR_MUST_USE weir_node *weir_node_list(weir_arena *a);
WEIR_MUST_USE bool weir_node_add(weir_arena *a, weir_node *parent, const char *key,
                                 weir_node *value);

/* A value for a message, in buf: `"text"`, clipped; the text as written when references were
 * resolved in it, so that no secret is printed; "a list", "a map", "nothing".  Returns buf. */
const char *weir_node_show(const weir_node *node, char *buf, size_t size);

/* Calls found(context, first, second) for every key of map that stands twice (numbers of the two
 * keys, the later one second).  Linear in the number of keys.  WEIR_RESOURCE when memory is
 * short. */
WEIR_MUST_USE weir_status weir_node_duplicates(const weir_node *map,
                                               void (*found)(void *, size_t, size_t),
                                               void *context);

/* ---- diagnostics --------------------------------------------------------------------------- */

/* All errors of a file, collected so that they can be reported at once. */
typedef struct weir_diag {
    const char *file; /* NULL = that of the diags */
    uint32_t line, column;
    bool warning;
    bool settled;                     /* see weir_diags_settle */
    const char *key, *message, *hint; /* in the arena of weir_diags; hint may be NULL */
} weir_diag;
typedef struct weir_diags {
    const char *file; /* borrowed */
    const char
        *part; /* borrowed: another file, that errors without a file of their own are of now */
    weir_arena arena;
    weir_diag *items; /* in order of place */
    size_t n, capacity;
    size_t n_errors;
    size_t n_dropped; /* beyond WEIR_DIAGS_MAX: counted only */
    bool nomem;       /* a message was lost because memory was short (it is counted) */
} weir_diags;
#define WEIR_DIAGS_MAX 1000
void weir_diags_init(weir_diags *d, const char *file);
void weir_diags_clear(weir_diags *d);
/* Adds an error at node's place (NULL node: the file).  key may be NULL. */
void weir_diags_error(weir_diags *d, const weir_node *at, const char *key, const char *hint,
                      const char *fmt, ...) WEIR_PRINTF(5, 6);
void weir_diags_warn(weir_diags *d, const weir_node *at, const char *key, const char *hint,
                     const char *fmt, ...) WEIR_PRINTF(5, 6);
/* From now on a place that has an error takes no other one: what a later look at the same value
 * would say (it has no value, it is not a size) only follows from the first. */
void weir_diags_settle(weir_diags *d);
/* "file:line:col: key: message; hint" lines in order of place into b.  Control characters are
 * escaped, so that no value of the file can forge a line.  false = memory is short. */
WEIR_MUST_USE bool weir_diags_print(const weir_diags *d, weir_buf *b);
/* WEIR_OK when no error was added; else WEIR_USAGE (WEIR_RESOURCE when memory was short) with the
 * first error, and how many more there are, in *err. */
weir_status weir_diags_status(const weir_diags *d, weir_error *err);

/* ---- option values ------------------------------------------------------------------------- */

typedef enum weir_opt_type {
    WEIR_OPT_STRING = 1, /* const char *                                                          */
    WEIR_OPT_SECRET,     /* const char *, printed as *** everywhere                               */
    WEIR_OPT_BOOL,       /* bool: true/false/yes/no/on/off                                        */
    WEIR_OPT_INT,        /* int64_t, within min..max when these differ; words of `choices` mean   */
                         /* -1, -2, ...; where `true` is one of them, true is 1 and false is 0    */
    WEIR_OPT_FLOAT,      /* double                                                                */
    WEIR_OPT_RATIO,      /* double: "1%" or 0.01                                                  */
    WEIR_OPT_SIZE,       /* uint64_t bytes: 64KiB, 512MiB, plain number                           */
    WEIR_OPT_DURATION,   /* int64_t microseconds: 500ms 30s 10m 1h 1h30m                          */
    WEIR_OPT_ENUM,       /* int: index into `choices` (NULL-terminated array of words)            */
    WEIR_OPT_CHAR,    /* weir_opt_char: one character of UTF-8, or "none"; \t and \\ understood; */
                      /* up to 4 bytes with WEIR_OPT_MANY; "auto" when `choices` has it       */
    WEIR_OPT_STRINGS, /* weir_opt_strings: list, or one scalar = list of one                   */
    WEIR_OPT_EXPR,    /* weir_opt_expr: text and place; parsed by src/expr when bound          */
    WEIR_OPT_EXPRS,   /* weir_opt_exprs: map name -> expression, order kept                    */
    WEIR_OPT_STRMAP,  /* weir_opt_strmap: map name -> string, order kept                       */
    WEIR_OPT_COLUMNS, /* weir_opt_columns: map name -> type text or struct of a column         */
    WEIR_OPT_STRUCT,  /* nested struct in place, described by `fields`                         */
    WEIR_OPT_LIST,    /* weir_opt_list: list of structs described by `fields`, `item_size`     */
    WEIR_OPT_NODE     /* const weir_node *: taken as it stands, checked by the owner           */
} weir_opt_type;

typedef struct weir_opt_char {
    bool set;
    bool automatic; /* "auto": size is 0 */
    uint8_t size;
    char bytes[5];
} weir_opt_char; /* size 0 = none */
typedef struct weir_opt_strings {
    size_t n;
    const char **items;
} weir_opt_strings;
typedef struct weir_opt_expr {
    const char *text;
    uint32_t line, column;
    bool quoted;
    bool secret; /* from a reference: no message may show it */
} weir_opt_expr;
typedef struct weir_opt_exprs {
    size_t n;
    const char **names;
    weir_opt_expr *items;
} weir_opt_exprs;
typedef struct weir_opt_strmap {
    size_t n;
    const char **names;
    const char **values;
} weir_opt_strmap;
/* One entry of `columns:`; "int64!" or {type, from, format, timezone, null, ambiguous, decimal,
 * thousands}. */
typedef struct weir_opt_column {
    const char *name, *type, *from, *format, *timezone; /* NULL = not given; type without its "!" */
    const char *decimal, *thousands;                    /* marks in numbers; NULL = not given */
    const char *ambiguous; /* repeated local hours: "error", "earlier", "later"; NULL = not given */
    weir_opt_strings nulls; /* `null:` words that mean null in this column; n 0 = not given */
    bool not_null;
    bool secret; /* type, format or timezone came from a reference: no message may show it */
    uint32_t line, column;
} weir_opt_column;
typedef struct weir_opt_columns {
    size_t n;
    weir_opt_column *items;
} weir_opt_columns;
typedef struct weir_opt_list {
    size_t n;
    void *items;
} weir_opt_list; /* n structs of item_size */

/* SHORT, of a STRUCT: what is no map is the value of its first field: `unnest: items` for
 * `unnest: { field: items }`.  ANY_KEY, of a STRMAP: its keys are values, and may be empty. */
enum {
    WEIR_OPT_REQUIRED = 1,
    WEIR_OPT_HIDDEN = 2,
    WEIR_OPT_SHORT = 4,
    WEIR_OPT_MANY = 8,
    WEIR_OPT_ANY_KEY = 16
};

typedef struct weir_option {
    const char *name; /* NULL ends the table */
    weir_opt_type type;
    uint32_t flags;
    size_t offset;              /* in the config struct */
    size_t set_offset;          /* of a bool that tells whether the option was given; 0 = none */
    const char *fallback;       /* default as text, parsed like input; NULL = zero */
    const char *const *choices; /* ENUM; words of INT and CHAR */
    const struct weir_option *fields; /* STRUCT, LIST */
    size_t item_size;                 /* LIST */
    int64_t min, max;                 /* INT, DURATION (when min != max), SIZE (max 0 = none) */
    const char *alias;                /* another accepted name */
    const char *help;                 /* one line, lower case, no full stop */
    const char *since;
} weir_option;

/* Fills *config (zeroed by the caller) from map by table: defaults first, then what is given.
 * Unknown keys (with the nearest spelling), duplicate keys, missing required options and bad values
 * go to diags.  NULL map = all defaults.  Texts live in arena.  Returns WEIR_USAGE when errors were
 * added, WEIR_RESOURCE when memory is short. */
WEIR_MUST_USE weir_status weir_option_bind(const weir_option *table, const weir_node *map,
                                           void *config, weir_arena *arena, weir_diags *diags);

/* The same where several tables share one map (a flow's source: connector + format + common):
 * a key is unknown only when no table has it. */
typedef struct weir_option_part {
    const weir_option *table;
    void *config;
} weir_option_part;
WEIR_MUST_USE weir_status weir_option_bind_parts(const weir_option_part *parts, size_t n,
                                                 const weir_node *map, weir_arena *arena,
                                                 weir_diags *diags);

/* Single values, for the command line and tests.  false = not of that form. */
bool weir_option_parse_size(weir_slice text, uint64_t *bytes);
bool weir_option_parse_duration(weir_slice text, int64_t *us);
bool weir_option_parse_ratio(weir_slice text, double *ratio);
bool weir_option_parse_bool(weir_slice text, bool *value);

/* "name  type  default  help" lines for `weir help NAME`. */
WEIR_MUST_USE bool weir_option_help(const weir_option *table, int indent, weir_buf *out);
/* A JSON Schema object for the table. */
WEIR_MUST_USE bool weir_option_schema(const weir_option *table, weir_buf *out);
/* Only the member of one row, `"name":{...}`, for an object made of several tables. */
WEIR_MUST_USE bool weir_option_schema_member(const weir_option *row, const char *name,
                                             weir_buf *out);
/* Markdown table for the reference pages. */
WEIR_MUST_USE bool weir_option_markdown(const weir_option *table, weir_buf *out);

#endif
