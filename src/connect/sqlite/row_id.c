/* Which row of its table a record is: the INTEGER PRIMARY KEY, which is SQLite's own rowid.  It
 * makes addresses that can be looked up, and a sample that is the same in the next run. */
#include "connect/sqlite/source.h"

/* Whether the column is the rowid by another name; *keys counts the columns of the primary key. */
static bool is_id(sqlite3 *db, const weir_sql_table *t, const char *column, int *keys) {
    const char *type = NULL;
    int key = 0;
    if (sqlite3_table_column_metadata(db, t->schema, t->name, column, &type, NULL, NULL, &key,
                                      NULL) != SQLITE_OK)
        return false; /* a view */
    *keys += key != 0;
    return key && type && sqlite3_stricmp(type, "INTEGER") == 0;
}

weir_status weir_sqlite_find_id(source *s, weir_error *err) {
    weir_sql_table table;
    int found = -1, keys = 0;
    s->id_column = -1;
    if (!s->config->table) return WEIR_OK;
    weir_status status =
        weir_sql_table_parse(&weir_sqlite_dialect, s->config->table, s->env->arena, &table, err);
    for (int c = 0; status == WEIR_OK && c < sqlite3_column_count(s->stmt); c++) {
        const char *name = sqlite3_column_name(s->stmt, c);
        if (name && is_id(s->db, &table, name, &keys)) found = c;
    }
    if (keys == 1) s->id_column = found;
    return status;
}

void weir_sqlite_note_id(source *s, uint32_t row) {
    if (s->id_column < 0 || row >= WEIR_SQLITE_BATCH_ROWS) return;
    int64_t id = sqlite3_column_int64(s->stmt, s->id_column);
    if (row == 0) s->ids_fit = true;
    s->ids_fit &= id >= 0; /* addresses have no sign */
    s->ids[row] = (uint64_t)id;
}

weir_status weir_sqlite_give_ids(const source *s, weir_batch *b, weir_error *err) {
    weir_origin *o = &b->origin;
    size_t bytes = (size_t)b->length * sizeof *o->row_id;
    if (s->id_column < 0 || !s->ids_fit) return WEIR_OK;
    weir_status status = weir_block_new(s->env->ledger, bytes, &o->rows_block, err);
    if (status != WEIR_OK) return status;
    o->row_id = (uint64_t *)(void *)o->rows_block->data;
    memcpy(o->row_id, s->ids, bytes);
    o->rows_block->size = bytes;
    return WEIR_OK;
}
