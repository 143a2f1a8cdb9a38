/* What all SQL databases share: a dialect table, and the statements made from it.
 *
 * A connector of a database brings its dialect row, its type mapping and its bulk path; names,
 * tables, merges and the token table come from here.  Identifiers are always quoted; values are
 * never pasted into a statement.
 */
#ifndef WEIR_CONNECT_SQL_SQL_H
#define WEIR_CONNECT_SQL_SQL_H

#include "connect/connector.h"

typedef enum weir_sql_merge {
    WEIR_SQL_ON_CONFLICT, /* insert ... on conflict (key) do update set ... (SQLite, PostgreSQL,
                             DuckDB) */
    WEIR_SQL_ON_DUPLICATE /* insert ... on duplicate key update ... (MariaDB) */
} weir_sql_merge;

typedef struct weir_sql_dialect {
    const char *name;
    char quote;               /* " or ` */
    size_t max_name_bytes;    /* 0 = no limit that matters */
    bool numbered_parameters; /* $1 instead of ? */
    bool ddl_in_transaction;  /* create, drop, rename roll back with the rest */
    weir_sql_merge merge;
    const char *text_type; /* for the token table */
    /* Put behind the comparison of a version column whose values the database keeps as text
     * (decimals, times): " collate ..."; NULL where the database has the types itself. */
    const char *text_order;
    /* " is distinct from ", byte by byte whatever the column's collation: an upsert leaves a row
     * alone that has all the new values already; NULL = it does not look. */
    const char *distinct;
    /* The column type for a table weir creates; false = the type has no column form. */
    bool (*column_type)(const weir_type *type, weir_buf *out);
} weir_sql_dialect;

/* A table name as the user wrote it: "orders" or "shop.orders". */
typedef struct weir_sql_table {
    const char *schema, *name;
} weir_sql_table; /* schema NULL = default */
/* Splits at the first dot outside quotes; "a.b" in double quotes is one name.  Texts in arena. */
WEIR_MUST_USE weir_status weir_sql_table_parse(const weir_sql_dialect *d, const char *text,
                                               weir_arena *arena, weir_sql_table *out,
                                               weir_error *err);

/* Appends a quoted identifier. NUL bytes and too long names are refused. */
WEIR_MUST_USE weir_status weir_sql_quote(const weir_sql_dialect *d, const char *name, weir_buf *out,
                                         weir_error *err);
WEIR_MUST_USE weir_status weir_sql_quote_table(const weir_sql_dialect *d, const weir_sql_table *t,
                                               weir_buf *out, weir_error *err);

/* create table <t> (columns..., primary key (key)); key.n 0 = none. */
WEIR_MUST_USE weir_status weir_sql_create_table(const weir_sql_dialect *d, const weir_sql_table *t,
                                                const weir_schema *schema,
                                                const weir_opt_strings *key, weir_buf *out,
                                                weir_error *err);
/* alter table <t> add column <field>: never "not null", for the rows that are there get null. */
WEIR_MUST_USE weir_status weir_sql_add_column(const weir_sql_dialect *d, const weir_sql_table *t,
                                              const weir_field *field, weir_buf *out,
                                              weir_error *err);
/* insert into <t> (columns...) values (parameters...) */
WEIR_MUST_USE weir_status weir_sql_insert(const weir_sql_dialect *d, const weir_sql_table *t,
                                          const weir_schema *schema, weir_buf *out,
                                          weir_error *err);
/* The same, and on a collision of key the row is updated: all columns but the key, or nothing when
 * there are only keys; with version only when the new one is not older, without only when it
 * differs (dialects with `distinct`). */
WEIR_MUST_USE weir_status weir_sql_upsert(const weir_sql_dialect *d, const weir_sql_table *t,
                                          const weir_schema *schema, const weir_opt_strings *key,
                                          const char *version, weir_buf *out, weir_error *err);
/* select columns... from <t> (schema NULL: *) */
WEIR_MUST_USE weir_status weir_sql_select(const weir_sql_dialect *d, const weir_sql_table *t,
                                          const weir_schema *schema, weir_buf *out,
                                          weir_error *err);

/* The token table: one row for each committed epoch, under a unique token, written as the first
 * statement of the transaction that carries the data. */
#define WEIR_SQL_TOKEN_TABLE "_weir_commits"
WEIR_MUST_USE weir_status weir_sql_token_create(const weir_sql_dialect *d, weir_buf *out,
                                                weir_error *err);
/* Parameters: token, pipeline, step, sink, epoch, run id, committed at (text). */
WEIR_MUST_USE weir_status weir_sql_token_insert(const weir_sql_dialect *d, weir_buf *out,
                                                weir_error *err);
/* Parameter: token.  One row when committed. */
WEIR_MUST_USE weir_status weir_sql_token_select(const weir_sql_dialect *d, weir_buf *out,
                                                weir_error *err);

/* Key and version columns exist in schema; the version's type has an order; key not empty for
 * upsert.  WEIR_USAGE with "did you
 * mean". */
WEIR_MUST_USE weir_status weir_sql_check_request(const weir_sink_request *request,
                                                 const weir_schema *schema, weir_error *err);

#endif
