/* What libyaml says about a file, in words that help. */
#ifndef WEIR_SPEC_YAML_ERROR_H
#define WEIR_SPEC_YAML_ERROR_H

#include <yaml.h>
#include "base/option.h"

/* Adds the error of parser over text to diags.  false = libyaml was short of memory. */
WEIR_MUST_USE bool weir_yaml_report(const yaml_parser_t *parser, weir_slice text,
                                    weir_diags *diags);

#endif
