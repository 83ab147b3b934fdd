// SPDX-License-Identifier: Apache-2.0
/* Whatever a transcript is like, what is made of it is what every model API takes; making it valid again changes nothing, and
 * what the user says next changes nothing before the last message.  The first byte: what the model can; the rest: test_transcript.h. */
#include <assert.h>

#include "agent/test_transcript.h"
#include "agent/transcript_valid.h"
#include "base/map.h"
#include "domain/provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(str name)
{
    assert(name.len >= 1 && name.len <= 64);
    for (size_t i = 0; i < name.len; i++)
        assert(name.p[i] && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", name.p[i]));
}

static void check_calls(const struct transcript *t, size_t i, struct map *ids)
{
    const struct chat_message *m = &t->messages[i];

    for (size_t k = 0; k < m->n_calls; k++) {
        CLEANUP(json_decrefp) json_t *j = NULL;

        check_name(m->calls[k].id);
        check_name(m->calls[k].name);
        assert(map_put(ids, m->calls[k].id, (void *)m) == NULL);
        assert(json_parse(m->calls[k].arguments, &j) == OK && json_is_object(j));
        assert(i + 1 + k < t->n && t->messages[i + 1 + k].role == ROLE_TOOL);
        assert(str_eq(t->messages[i + 1 + k].call_id, m->calls[k].id));
    }
    assert(i + 1 + m->n_calls == t->n || t->messages[i + 1 + m->n_calls].role != ROLE_TOOL);
}

static void check_message(const struct transcript *t, size_t i, unsigned caps)
{
    const struct chat_message *m = &t->messages[i];
    enum role before = i ? t->messages[i - 1].role : ROLE_SYSTEM;

    assert(m->role != ROLE_SYSTEM || i == 0);
    assert(m->role != ROLE_ASSISTANT || before == ROLE_USER || before == ROLE_TOOL);
    assert(m->role != ROLE_USER || before != ROLE_USER || i == 0);
    assert(m->role == ROLE_ASSISTANT || m->n_calls == 0);
    assert(m->role == ROLE_USER || m->n_images == 0);
    assert(str_trim(m->text).len || m->n_calls || m->n_images);
    assert((caps & CAP_TOOLS) || (m->role != ROLE_TOOL && m->n_calls == 0));
    assert((caps & CAP_VISION) || m->n_images == 0);
}

static void check(const struct transcript *t, unsigned caps)
{
    struct map ids = { 0 };

    assert(t->n && (t->messages[t->n - 1].role == ROLE_USER || t->messages[t->n - 1].role == ROLE_TOOL));
    for (size_t i = 0; i < t->n; i++) {
        check_message(t, i, caps);
        if (t->messages[i].role == ROLE_ASSISTANT)
            check_calls(t, i, &ids);
    }
    map_done(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    if (size == 0)
        return 0;
    unsigned caps = data[0] & (CAP_TOOLS | CAP_VISION);
    struct transcript in = test_transcript(a, str_of(data + 1, size - 1));
    struct transcript out = { .arena = a }, again = { .arena = a }, later = { .arena = a };

    transcript_make_valid(&in, caps, &out);
    check(&out, caps);
    transcript_make_valid(&out, caps, &again);
    assert(str_eq(test_transcript_text(&out), test_transcript_text(&again)));
    transcript_user(&in, S("next"));
    transcript_make_valid(&in, caps, &later);
    assert(later.n >= out.n);
    out.n = later.n = out.n - 1;
    assert(str_eq(test_transcript_text(&out), test_transcript_text(&later)));
    return 0;
}
