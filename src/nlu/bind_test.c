// SPDX-License-Identifier: Apache-2.0
#include "nlu/bind.h"

#include "base/test.h"

/* The words that fill the slot when `tagged` of the text was tagged for it. */
static str value_of(struct arena *a, const char *text, const char *intent, const char *slot, const char *tagged)
{
    struct nlu_context context = { .now = INT64_C(1790000000000), .zone = zone_utc() };
    struct understanding *u = ARENA_NEW(a, struct understanding);

    normal_make(a, str_from(text), &u->normal);
    entities_find(a, &context, &u->normal, &u->entities);
    u->intent = intent_find(str_from(intent));
    size_t at = str_find(u->normal.text, str_from(tagged));

    CHECK(u->intent && at != STR_NONE);
    u->classified.tags[u->classified.n_tags++] = (struct tagged){ str_from(slot), (uint32_t)at, (uint32_t)(at + strlen(tagged)) };
    bind_slots(a, &context, u);
    for (size_t i = 0; i < u->n_slots; i++)
        if (str_eq(u->slots[i].slot->name, str_from(slot)))
            return u->slots[i].text;
    return S("");
}

TEST(a_value_reaches_as_far_as_what_is_named_there_and_no_further)
{
    static const struct { const char *text, *intent, *slot, *tagged, *want; } cases[] = {
        { "in #ops频道说一声", "message_send", "to", "#ops频", "#ops" },
        { "3/4 cup in ml", "unit_convert", "amount", "4 cup", "3/4 cup" },
        { "errors of nginx since 11 pm", "log_errors", "since", "since 11 pm", "11 pm" },
        { "nginx从上周三起的报错", "log_errors", "since", "从上周三起", "上周三" },
        { "back up my photos folder", "backup_create", "path", "my photos folder", "photos" },
        { "看看发票目录里有什么", "file_list", "path", "发票目录里", "发票" },
        { "list the folder", "file_list", "path", "folder", "folder" },
        { "remind me to call my mum", "reminder_add", "text", "call my mum", "call my mum" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        CHECK_STR(value_of(a, cases[i].text, cases[i].intent, cases[i].slot, cases[i].tagged), cases[i].want);
    }
}
