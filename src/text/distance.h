/* Levenshtein distance for "did you mean"; it lives in base, where the option table needs it. */
#ifndef WEIR_TEXT_DISTANCE_H
#define WEIR_TEXT_DISTANCE_H

#include "base/distance.h"

#endif
