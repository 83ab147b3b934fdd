// SPDX-License-Identifier: Apache-2.0
/* list.h: a doubly linked list through a member of its elements.  The list owns nothing.
 * A head and an unlinked node are both self-linked: list_init() them; removing twice is harmless. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct list { struct list *prev, *next; };

#define LIST_INIT(head)  { &(head), &(head) }
#define list_entry(node, type, member) ((type *)((char *)(node) - offsetof(type, member)))
/* The element at hand may be removed inside the loop; no other may. */
#define list_each(node, head) \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)

static inline void list_init(struct list *l) { l->prev = l->next = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

static inline void list_insert_before(struct list *at, struct list *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}

static inline void list_push_back(struct list *head, struct list *node) { list_insert_before(head, node); }
static inline void list_push_front(struct list *head, struct list *node) { list_insert_before(head->next, node); }

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

static inline struct list *list_pop_front(struct list *head)    /* NULL when empty */
{
    struct list *node = head->next;

    if (node == head)
        return NULL;
    list_remove(node);
    return node;
}
