/* Fuzzes the reader of text.  The first four bytes choose pattern, kind of records, types and size
 * of chunks. */
#include "format/text.h"
#include "lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const patterns[] = {NULL,
                                           "combined",
                                           "syslog",
                                           "syslog5424",
                                           "logfmt",
                                           "logfmt",
                                           "%{IP:ip} %{NUMBER:n} %{QS:q}",
                                           "(?<a>\\w+)=(?<b>.*?)(?: (?<c>\\d+))?$"};
    static const char *const starts[] = {NULL, NULL, "^\\S", "^[0-9a-f]"};
    if (size < 4) return 0;
    weir_text_read_config config = {.pattern = patterns[data[0] & 7],
                                    .unmatched = data[0] >> 3 & 3,
                                    .skip = data[0] >> 7,
                                    .multiline.max_lines = 3};
    if (config.unmatched == 3) config.unmatched = 0;
    if (data[1] & 4)
        config.multiline.start = starts[data[1] & 3];
    else
        config.multiline.go_on = starts[data[1] & 3];
    read_twice(&weir_format_text, &config, data + 4, size - 4, data[2], data[3]);
    return 0;
}
