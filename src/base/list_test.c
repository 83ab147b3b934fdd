// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/list.h"

struct item { char letter; struct list node; };

static void check(struct list *head, const char *want)
{
    CLEANUP(buf_done) struct buf forth = {0}, back = {0};

    list_each(node, head)
        buf_add_char(&forth, list_entry(node, struct item, node)->letter);
    for (struct list *node = head->prev; node != head; node = node->prev)
        buf_add_char(&back, list_entry(node, struct item, node)->letter);
    CHECK_STR(buf_str(&forth), want);
    CHECK_INT(back.len, forth.len);
    for (size_t i = 0; i < forth.len; i++)
        CHECK(forth.p[i] == back.p[back.len - 1 - i]);
}

TEST(a_list_keeps_its_order_both_ways)
{
    struct list head = LIST_INIT(head);
    struct item a = { .letter = 'a' }, b = { .letter = 'b' }, c = { .letter = 'c' }, d = { .letter = 'd' };

    CHECK(list_empty(&head) && list_pop_front(&head) == NULL);
    list_push_back(&head, &b.node);
    list_push_back(&head, &d.node);
    list_push_front(&head, &a.node);
    list_insert_before(&d.node, &c.node);
    check(&head, "abcd");
    list_remove(&c.node);
    list_remove(&c.node);       /* twice is harmless */
    check(&head, "abd");
    CHECK(list_pop_front(&head) == &a.node && list_empty(&a.node));
    check(&head, "bd");
}

TEST(the_element_at_hand_may_be_removed)
{
    struct list head = LIST_INIT(head);
    struct item items[] = { { .letter = 'a' }, { .letter = 'b' }, { .letter = 'c' } };

    for (size_t i = 0; i < N_ELEMENTS(items); i++)
        list_push_back(&head, &items[i].node);
    list_each(node, &head)
        if (list_entry(node, struct item, node)->letter != 'b')
            list_remove(node);
    check(&head, "b");
    list_each(node, &head)
        list_remove(node);
    CHECK(list_empty(&head));
}
