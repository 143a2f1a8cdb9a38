#include "connect/file/file.h"

/* In the order of weir_file_compression; those that are only read come last. */
static const char *const compressions[] = {"auto", "none", "gzip", "zstd", "bzip2",
                                           "xz",   "lzma", "zip",  NULL};
static const char *const compressions_written[] = {"auto", "none", "gzip", "zstd", NULL};

static const weir_option source_options[] = {
    {.name = "path",
     .type = WEIR_OPT_STRINGS,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(weir_file_source_config, path),
     .since = "0.1",
     .help = "files to read: names or patterns (* ? [a-z] {a,b} **), - for standard input"},
    {.name = "compression",
     .type = WEIR_OPT_ENUM,
     .choices = compressions,
     .fallback = "auto",
     .offset = offsetof(weir_file_source_config, compression),
     .since = "0.1",
     .help = "how the files are packed; auto looks at their first bytes"},
    {.name = "member",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_file_source_config, member),
     .since = "0.1",
     .help = "the file to read of a zip archive that has several: its name, or a pattern that only "
             "one has"},
    {.name = "encoding",
     .type = WEIR_OPT_STRING,
     .fallback = "auto",
     .offset = offsetof(weir_file_source_config, encoding),
     .since = "0.1",
     .help = "how characters are written: utf-8, utf-16, windows-1252, gb18030, ...; auto looks at "
             "the beginning of each file"},
    {.name = "max_ratio",
     .type = WEIR_OPT_INT,
     .fallback = "1000",
     .min = 1,
     .max = 1000000,
     .offset = offsetof(weir_file_source_config, max_ratio),
     .since = "0.1",
     .help = "a compressed file that unpacks to more than this many times its size (and 16 MiB) is "
             "refused"},
    {.name = "max_unpacked",
     .type = WEIR_OPT_SIZE,
     .fallback = "0",
     .offset = offsetof(weir_file_source_config, max_unpacked),
     .since = "0.1",
     .help = "a compressed file that unpacks to more bytes is refused; 0 = any size"},
    {.name = "max_record",
     .type = WEIR_OPT_SIZE,
     .fallback = "0",
     .offset = offsetof(weir_file_source_config, max_record),
     .since = "0.1",
     .help = "a longer record is a reject; default a quarter of the memory, at most 64 MiB"},
    {.name = "chunk",
     .type = WEIR_OPT_SIZE,
     .fallback = "0",
     .flags = WEIR_OPT_HIDDEN,
     .offset = offsetof(weir_file_source_config, chunk),
     .since = "0.1",
     .help = "bytes a worker gets at once; default from the memory"},
    {0}};

static const weir_option sink_options[] = {
    {.name = "path",
     .type = WEIR_OPT_STRING,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(weir_file_sink_config, path),
     .since = "0.1",
     .help =
         "file to write; {run_id}, {date} and {column} of partition_by are filled in; - for "
         "standard output.  mode: append writes new files only (one that is there is an error); "
         "replace takes the place of all files of this name, numbers and partitions; "
         "replace_partitions of those in the partitions this run writes"},
    {.name = "compression",
     .type = WEIR_OPT_ENUM,
     .choices = compressions_written,
     .fallback = "auto",
     .offset = offsetof(weir_file_sink_config, compression),
     .since = "0.1",
     .help = "auto follows the name: .gz gzip, .zst zstd"},
    {.name = "compression_level",
     .type = WEIR_OPT_INT,
     .fallback = "0",
     .min = 0,
     .max = 22,
     .offset = offsetof(weir_file_sink_config, level),
     .since = "0.1",
     .help = "0 is the codec's default"},
    {.name = "partition_by",
     .type = WEIR_OPT_STRINGS,
     .offset = offsetof(weir_file_sink_config, partition_by),
     .since = "0.1",
     .help = "columns whose values choose the file: folders column=value, or {column} in path"},
    {.name = "file_size",
     .type = WEIR_OPT_SIZE,
     .fallback = "0",
     .offset = offsetof(weir_file_sink_config, file_size),
     .since = "0.1",
     .help = "begin a new file before this size is passed (one larger record excepted); files are "
             "numbered"},
    {.name = "skip_empty",
     .type = WEIR_OPT_BOOL,
     .fallback = "false",
     .offset = offsetof(weir_file_sink_config, skip_empty),
     .since = "0.1",
     .help = "write no file when there is no record"},
    {.name = "encoding",
     .type = WEIR_OPT_STRING,
     .fallback = "utf-8",
     .offset = offsetof(weir_file_sink_config, encoding),
     .since = "0.1",
     .help =
         "how the characters of csv, tsv and text are written: utf-8, utf-16, windows-1252, "
         "shift_jis, ...; a record with a character that the encoding does not have is a reject"},
    {.name = "bom",
     .type = WEIR_OPT_BOOL,
     .fallback = "false",
     .offset = offsetof(weir_file_sink_config, bom),
     .since = "0.1",
     .help = "a byte order mark in front of each file, for UTF-8, UTF-16 and UTF-32 (utf-16 and "
             "utf-32 always have one)"},
    {0}};

static const weir_option connection_options[] = {{0}};

const weir_connector weir_connector_file = {
    .abi = WEIR_CONNECTOR_ABI,
    .struct_size = sizeof(weir_connector),
    .name = "file",
    .summary = "local files and standard input or output, in any format",
    .roles = WEIR_ROLE_SOURCE | WEIR_ROLE_SINK,
    .caps = WEIR_CAP_SPLITS | WEIR_CAP_STABLE | WEIR_CAP_PROJECT | WEIR_CAP_FORMATS |
            WEIR_CAP_SINGLE_WRITER | WEIR_CAP_DURABLE_PREPARE,
    .modes = 1u << WEIR_MODE_APPEND | 1u << WEIR_MODE_REPLACE | 1u << WEIR_MODE_REPLACE_PARTITIONS,
    .default_mode = WEIR_MODE_APPEND,
    .options = connection_options,
    .source_options = source_options,
    .source_config_size = sizeof(weir_file_source_config),
    .sink_options = sink_options,
    .sink_config_size = sizeof(weir_file_sink_config),
    .source = &weir_file_source_ops,
    .sink = &weir_file_sink_ops,
};

weir_status weir_file_resolve(const weir_env *env, const char *path, char **out, weir_error *err) {
    bool as_is = path[0] == '/' || strcmp(path, "-") == 0 || !env->folder || !env->folder[0] ||
                 strcmp(env->folder, ".") == 0;
    *out = as_is ? weir_arena_strdup(env->arena, path)
                 : weir_arena_printf(env->arena, "%s/%s", env->folder, path);
    return *out ? WEIR_OK : weir_error_nomem(err);
}

const char *weir_file_name(const weir_env *env, const char *written, const char *path) {
    size_t n = env->folder ? strlen(env->folder) : 0;
    if (written[0] == '/') return path;
    if (n && strncmp(path, env->folder, n) == 0 && path[n] == '/') path += n + 1;
    while (path[0] == '.' && path[1] == '/') path += 2;
    return path;
}

weir_codec weir_file_codec(int option, const char *path, bool reading) {
    size_t stem;
    switch (option) {
    case WEIR_FILE_NONE: return WEIR_CODEC_NONE;
    case WEIR_FILE_GZIP: return WEIR_CODEC_GZIP;
    case WEIR_FILE_ZSTD: return WEIR_CODEC_ZSTD;
    case WEIR_FILE_BZIP2: return WEIR_CODEC_BZIP2;
    case WEIR_FILE_XZ: return WEIR_CODEC_XZ;
    case WEIR_FILE_LZMA: return WEIR_CODEC_LZMA;
    case WEIR_FILE_ZIP: return WEIR_CODEC_ZIP;
    default: return reading ? WEIR_CODEC_AUTO : weir_codec_of_name(path, &stem);
    }
}
