// SPDX-License-Identifier: Apache-2.0
/* modules/html_parse.h: gumbo, kept within limits.  Its tree is freed as what was allocated, never by gumbo, which recurses
 * as deep as the page. */
#pragma once
#include <gumbo.h>
#include <setjmp.h>

#include "base/str.h"

struct html_block { struct html_block *before, *after; size_t size; _Alignas(16) char bytes[]; };

struct html_tree {
    const GumboNode   *document;
    struct html_block *blocks;      /* private from here */
    size_t             held, n_calls;
    uint64_t           started;
    jmp_buf            give_up;
};

enum err html_parse(struct html_tree *, str html) MUST_USE;     /* {0} before; ERR_LIMIT: memory or time */
void     html_tree_done(struct html_tree *);

/* A walk over the tree below `root`, without recursion: next() gives each node twice, on entering and on leaving it. */
enum html_step { HTML_ENTER, HTML_LEAVE, HTML_END };
struct html_walk { struct html_place { const GumboNode *node; unsigned next; } *stack; size_t n, cap; const GumboNode *pending; };
enum html_step html_walk_next(struct html_walk *, const GumboNode **ret_node);
void           html_walk_skip(struct html_walk *);              /* after an ENTER: no child of it; LEAVE still comes */
void           html_walk_start(struct html_walk *, const GumboNode *root);
void           html_walk_done(struct html_walk *);
