/* Fuzzes the reader of fixed width.  The first four bytes choose options, types and size of chunks.
 */
#include "format/fixed.h"
#include "lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static weir_fixed_field fields[] = {{"a", 1, 3}, {"b", 0, 5}, {"c", 12, 0}};
    static const char *widths[] = {"2", "7", "1", "*"};
    if (size < 4) return 0;
    weir_fixed_read_config config = {.header = data[0] % 3,
                                     .units = data[0] >> 2 & 1,
                                     .trim = data[0] >> 3 & 3,
                                     .short_lines = data[0] >> 5 & 1,
                                     .skip = data[0] >> 7};
    if (data[1] & 1) config.fields = (weir_opt_list){3, fields};
    if (data[1] & 2) config.widths = (weir_opt_strings){3 + (data[1] >> 2 & 1), widths};
    read_twice(&weir_format_fixed, &config, data + 4, size - 4, data[2], data[3]);
    return 0;
}
