/* The fast kernels of csv_value.h, by type. */
#ifndef WEIR_FORMAT_CSV_KERNELS_H
#define WEIR_FORMAT_CSV_KERNELS_H

#include "format/csv_value.h"

/* The kernel for t's type on this machine; never NULL. */
weir_csv_kernel weir_csv_kernel_pick(const weir_csv_target *t);

#endif
