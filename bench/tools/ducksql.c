/* ducksql: the smallest driver for libduckdb, so that a whole process can be timed.
 *
 *     ducksql [-t THREADS] [-d DATABASE] [-p] SQL...
 *
 * Each argument is run as one list of statements; -p prints the rows of each, tabs between columns.
 * Link with libduckdb.so; duckdb.h comes from the package of the same project.
 */
#include <duckdb.h>
#include <stdio.h>
#include <string.h>

static void print_rows(duckdb_result *result) {
    for (idx_t y = 0; y < duckdb_row_count(result); y++) {
        for (idx_t x = 0; x < duckdb_column_count(result); x++) {
            char *value = duckdb_value_varchar(result, x, y);
            printf("%s%s", x ? "\t" : "", value ? value : "NULL");
            duckdb_free(value);
        }
        putchar('\n');
    }
}

int main(int argc, char **argv) {
    const char *threads = "2", *path = NULL;
    int print = 0, i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (!strcmp(argv[i], "-t") && i + 1 < argc)
            threads = argv[++i];
        else if (!strcmp(argv[i], "-d") && i + 1 < argc)
            path = argv[++i];
        else if (!strcmp(argv[i], "-p"))
            print = 1;
    }
    duckdb_config config;
    duckdb_database database;
    duckdb_connection connection;
    char *error = NULL;
    if (duckdb_create_config(&config) != DuckDBSuccess) return 1;
    duckdb_set_config(config, "threads", threads);
    if (duckdb_open_ext(path, &database, config, &error) != DuckDBSuccess) {
        fprintf(stderr, "open: %s\n", error);
        return 1;
    }
    if (duckdb_connect(database, &connection) != DuckDBSuccess) return 1;
    for (; i < argc; i++) {
        duckdb_result result;
        if (duckdb_query(connection, argv[i], &result) != DuckDBSuccess) {
            fprintf(stderr, "%s\n", duckdb_result_error(&result));
            return 1;
        }
        if (print) print_rows(&result);
        duckdb_destroy_result(&result);
    }
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    duckdb_destroy_config(&config);
    return 0;
}
