// SPDX-License-Identifier: Apache-2.0
#include "memory/scope.h"

#include "base/buf.h"

static const char *const names[N_SCOPE_KINDS] = {
    [SCOPE_USER] = "user", [SCOPE_AGENT] = "agent", [SCOPE_CHAT] = "chat", [SCOPE_PROJECT] = "project", [SCOPE_GLOBAL] = "global",
};

const char *scope_kind_name(enum scope_kind k)
{
    return names[k];
}

bool scope_kind_parse(str s, enum scope_kind *out)
{
    for (size_t i = 0; i < N_SCOPE_KINDS; i++)
        if (str_eq(s, str_from(names[i]))) {
            *out = (enum scope_kind)i;
            return true;
        }
    return false;
}

bool scope_eq(struct scope a, struct scope b)
{
    return a.kind == b.kind && str_eq(a.key, b.key);
}

static void add_escaped(struct buf *b, str part)
{
    for (size_t i = 0; i < part.len; i++)
        if (part.p[i] == '/' || part.p[i] == '%')
            buf_addf(b, "%%%02X", (unsigned)part.p[i]);
        else
            buf_add(b, str_of(&part.p[i], 1));
}

str scope_chat_key(struct arena *a, str platform, str chat_id, str thread_id)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    add_escaped(&b, platform);
    buf_addf(&b, "/");
    add_escaped(&b, chat_id);
    buf_addf(&b, "/");
    add_escaped(&b, thread_id);
    return arena_str(a, buf_str(&b));
}

str scope_text(struct arena *a, struct scope s)
{
    return str_from(s.kind == SCOPE_GLOBAL ? names[s.kind] : arena_printf(a, "%s:%.*s", names[s.kind], STR(s.key)));
}

enum err scope_parse(struct arena *a, str text, struct scope *out)
{
    enum scope_kind kind;
    str rest = text, name;

    str_split(&rest, ':', &name);
    bool known = scope_kind_parse(name, &kind), keyed = name.len < text.len;

    if (!known || (kind == SCOPE_GLOBAL) == keyed || (kind != SCOPE_AGENT && kind != SCOPE_GLOBAL && !rest.len))
        return failed(ERR_INPUT, "'%.*s' is no scope: write user:NAME, agent:NAME, chat:PLATFORM/CHAT/THREAD, project:NAME or global",
                      STR(str_take(text, 100)));
    *out = (struct scope){ kind, arena_str(a, rest) };
    return OK;
}
