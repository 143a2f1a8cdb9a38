/* The fast kernels of csv_value.h, by type. */
#ifndef WEIR_FORMAT_CSV_KERNELS_H
#define WEIR_FORMAT_CSV_KERNELS_H

#include "format/csv_value.h"

/* The kernel for t's type on this machine; never NULL. */
weir_csv_kernel weir_csv_kernel_pick(const weir_csv_target *t);

/* The portable kernel of t's type, for tests. */
weir_csv_kernel weir_csv_kernel_portable(const weir_csv_target *t);

#if defined(__x86_64__)
uint64_t weir_csv_string_sse4(const weir_csv_target *t, const weir_csv_cells *c, void *out);
uint64_t weir_csv_date_sse4(const weir_csv_target *t, const weir_csv_cells *c, void *out);
/* Without offset; with Z. */
uint64_t weir_csv_timestamp_sse4(const weir_csv_target *t, const weir_csv_cells *c, void *out);
uint64_t weir_csv_timestamptz_sse4(const weir_csv_target *t, const weir_csv_cells *c, void *out);
#endif

#endif
