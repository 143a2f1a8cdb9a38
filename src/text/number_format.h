/* Private to src/text: the table of digit pairs "00".."99". */
#ifndef WEIR_TEXT_NUMBER_FORMAT_H
#define WEIR_TEXT_NUMBER_FORMAT_H

extern const char weir_num_pairs[200];

#endif
