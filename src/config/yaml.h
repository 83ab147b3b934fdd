// SPDX-License-Identifier: Apache-2.0
/* yaml.h: a YAML text as a tree in which every node knows its line and column.
 * One document; no anchors, aliases, tags or merge keys, so that a small file stays small; a key stands once in a map. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { YAML_SIZE_MAX = 1 << 20, YAML_NODES_MAX = 10000, YAML_CHILDREN_MAX = 1000, YAML_DEPTH_MAX = 32 };

enum node_kind { NODE_TEXT, NODE_MAP, NODE_LIST };

struct node {
    enum node_kind kind;
    bool           plain;       /* NODE_TEXT without quotes: may stand for a number, a flag or nothing */
    unsigned       line, column; /* from 1; columns count characters */
    str            text;        /* NODE_TEXT; NUL-terminated, holds no NUL */
    str            key;         /* in a map: what it stands under, and where that is written */
    unsigned       key_line, key_column;
    struct node   *first, *next; /* the children of a map or list; the sibling behind */
    size_t         n;           /* children */
};

/* An empty text is an empty map.  ERR_INPUT or ERR_LIMIT with "LINE:COLUMN: ..." as the text. */
enum err yaml_parse(struct arena *, str text, struct node **out) MUST_USE;

bool node_is_null(const struct node *);     /* plain and empty, ~ or null */
