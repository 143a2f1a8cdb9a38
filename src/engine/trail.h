/* Where a split ceases to be readable: the first record behind the last good one.
 *
 * A file that goes on with another table, delimiter or encoding gives rejects only, from some line
 * on; which line that is shows when all has been read.  Positions are bytes of the split, so that
 * the answer does not depend on chunks or on threads.
 */
#ifndef WEIR_ENGINE_TRAIL_H
#define WEIR_ENGINE_TRAIL_H

#include "engine/account.h"

typedef struct weir_trail weir_trail;
/* For n splits; NULL: out of memory. */
weir_trail *weir_trail_new(size_t n);
void weir_trail_free(weir_trail *t); /* NULL is legal */
/* Looks at a batch as it was decoded; costs next to nothing where no record failed.  Any thread. */
WEIR_MUST_USE weir_status weir_trail_see(weir_trail *t, const weir_batch *b, weir_error *err);
/* Fills in what account says of records that could not be read: `first`, `odd`, and `unread`, one
 * clause about the first split of which ten records at least in a row, up to its end, could not be
 * read though others before them could.  Reorders what was seen, so nobody may look at a batch
 * meanwhile. */
void weir_trail_tell(weir_trail *t, weir_account *account);

#endif
