// SPDX-License-Identifier: Apache-2.0
/* yaml_json.h: a YAML tree as JSON, for what is looked at by its keys and needs no places. */
#pragma once
#include "base/json.h"
#include "config/yaml.h"

/* A new reference.  Plain true, false, null and numbers are what they say; 1.2.3 and 10:30 are texts. */
json_t *node_to_json(const struct node *);
/* The same of a text with other words in its place. */
json_t *node_text_json(const struct node *, str text);
