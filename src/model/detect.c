// SPDX-License-Identifier: Apache-2.0
#include "model/detect.h"

#include <stdlib.h>
#include <string.h>

#include "model/accounts.h"
#include "model/api.h"
#include "model/presets.h"
#include "model/providers.h"
#include "net/client.h"
#include "net/url.h"
#include "runtime/fiber.h"


enum { LIST_MS = 10000, LOCAL_MS = 1500, LOCAL_CONNECT_MS = 300, LIST_MAX = 4 << 20 };

#define OPENAI_URL "https://api.openai.com/v1"
/* Their list has every model there ever was, in no order that helps. */
#define OPENAI_DEFAULT_MODEL "gpt-4.1-mini"

enum { OLLAMA_PORT = 11434, LLAMA_CPP_PORT = 8080, LM_STUDIO_PORT = 1234 };

static bool is_set(const char *c)
{
    return c && *c;
}

struct listing { const char **names; size_t n; str body; };

static enum err ask_list(struct arena *a, const struct model *m, uint64_t connect_ms, struct listing *out) AWAITS
{
    struct http_request rq;
    struct http_response r;

    TRY(m->provider->list_models(a, &m->target, &rq));
    rq.connect_timeout_ms = connect_ms;
    rq.max_body = LIST_MAX;
    TRY(http_fetch(a, &rq, &r, NULL));
    if (r.status != 200)
        return failed_in(m->provider->refused(r.status, r.body), "%s: ", rq.url);
    out->body = r.body;
    return m->provider->listed(a, r.body, &out->names, &out->n);
}

static enum err list_within(struct arena *a, const struct model *m, uint64_t ms, uint64_t connect_ms, struct listing *out) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    enum err e = ask_list(a, m, connect_ms, out);

    deadline_clear(&d);
    if (e == ERR_TIMEOUT && fiber_check() == OK)
        return failed(ERR_TIMEOUT, "%s did not say within %.3g s which models it has", m->target.endpoint, (double)ms / 1000);
    return e;
}

enum err model_list(struct arena *a, const struct model *m, const char ***ret_names, size_t *ret_n) AWAITS
{
    struct listing l;

    TRY(list_within(a, m, LIST_MS, 0, &l));
    *ret_names = l.names;
    *ret_n = l.n;
    return OK;
}

enum err model_list_told(struct arena *a, const struct model *m, struct model_listing *out) AWAITS
{
    CLEANUP(json_decrefp) json_t *list = NULL;
    struct listing l;

    TRY(list_within(a, m, LIST_MS, 0, &l));
    *out = (struct model_listing){ .names = l.names, .n = l.n, .contexts = arena_alloc(a, (l.n + 1) * sizeof *out->contexts) };
    TRY(json_parse(l.body, &list));
    for (size_t i = 0; i < l.n; i++)
        out->contexts[i] = api_listed_context(list, l.names[i]);
    return OK;
}

/* Servers list what embeds, ranks, hears and draws beside what talks. */
static bool can_chat(const char *name)
{
    static const char *const others[] = { "embed", "rerank", "whisper", "tts", "dall-e", "moderation", "bge-", "minilm" };

    for (size_t i = 0; i < N_ELEMENTS(others); i++)
        if (strcasestr(name, others[i]))
            return false;
    return true;
}

static enum err choose(struct model *m, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (can_chat(names[i])) {
            m->name = names[i];
            return OK;
        }
    return failed(ERR_NOT_FOUND, "%s has no model to talk to (it lists %zu)", m->target.endpoint, n);
}

static enum err name_it(struct arena *a, const char *wanted, struct model *m) AWAITS
{
    const char **names;
    size_t n;

    if (is_set(wanted))
        m->name = arena_c(a, str_from(wanted));
    else if (strcmp(m->target.endpoint, OPENAI_URL) == 0)
        m->name = OPENAI_DEFAULT_MODEL;
    if (m->name)
        return OK;
    TRY(model_list(a, m, &names, &n));
    return choose(m, names, n);
}

/* One that is known by its address has its manners, and its models have a name in front of theirs. */
static enum err use(struct arena *a, const struct model_settings *s, const char *source, struct model *out) AWAITS
{
    const char *endpoint = is_set(s->endpoint) ? s->endpoint : OPENAI_URL;
    const struct preset *p = preset_at(endpoint);
    struct model m = { .provider = p ? provider_named(str_from(p->api)) : &provider_openai, .source = source };

    if (p)
        m.target = (struct model_target){ .endpoint = p->endpoint, .key_field = p->key_field, .query = p->query, .quirks = p->quirks };
    else
        TRY(account_endpoint(a, endpoint, S("/v1"), &m.target.endpoint));
    m.target.api_key = is_set(s->api_key) ? arena_c(a, str_from(s->api_key)) : NULL;
    m.facts = MODEL_FACTS_UNKNOWN;
    m.caps = m.provider->caps;
    TRY(name_it(a, s->model, &m));
    m.label = p ? arena_printf(a, "%s/%s", p->name, m.name) : m.name;
    *out = m;
    return OK;
}

char *ollama_address(struct arena *a)
{
    str host = str_from(getenv("OLLAMA_HOST"));
    struct url u;

    if (host.len == 0)
        return arena_printf(a, "127.0.0.1:%d", OLLAMA_PORT);
    if (str_starts(host, S(":")))
        return arena_printf(a, "127.0.0.1%.*s", STR(host));
    const char *text = str_find(host, S("://")) == STR_NONE ? arena_printf(a, "http://%.*s", STR(host)) : host.p;

    if (url_parse(str_from(text), &u) != OK)
        return arena_printf(a, "127.0.0.1:%d", OLLAMA_PORT);
    return arena_printf(a, u.is_ipv6 ? "[%.*s]:%u" : "%.*s:%u", STR(str_eq(u.host, S("0.0.0.0")) ? S("127.0.0.1") : u.host),
                        u.has_port ? u.port : OLLAMA_PORT);
}

void model_locals(struct arena *a, struct model out[N_MODEL_LOCALS])
{
    const struct { const char *what, *preset, *address, *base; } all[N_MODEL_LOCALS] = {
        { "Ollama", "ollama", ollama_address(a), "" },
        { "llama.cpp", "llama.cpp", arena_printf(a, "127.0.0.1:%d", LLAMA_CPP_PORT), "/v1" },
        { "LM Studio", "lmstudio", arena_printf(a, "127.0.0.1:%d", LM_STUDIO_PORT), "/v1" },
    };

    for (size_t i = 0; i < N_MODEL_LOCALS; i++) {
        const struct preset *p = preset_named(str_from(all[i].preset));
        const struct provider *provider = provider_named(str_from(p->api));

        out[i] = (struct model){
            .provider = provider, .name = "", .label = arena_printf(a, "%s/", p->name), .caps = provider->caps,
            .source = arena_printf(a, "%s on %s", all[i].what, all[i].address), .facts = MODEL_FACTS_UNKNOWN,
            .target = { .endpoint = arena_printf(a, "http://%s%s", all[i].address, all[i].base), .quirks = p->quirks },
        };
    }
}

static enum err try_local(struct arena *a, struct model *m, const char *wanted) AWAITS
{
    struct listing l;

    TRY(list_within(a, m, LOCAL_MS, LOCAL_CONNECT_MS, &l));
    if (is_set(wanted))
        m->name = arena_c(a, str_from(wanted));
    else
        TRY(choose(m, l.names, l.n));
    m->label = arena_printf(a, "%s%s", m->label, m->name);
    return OK;
}

static enum err find_local(struct arena *a, const char *wanted, struct model *out) AWAITS
{
    struct model all[N_MODEL_LOCALS];

    model_locals(a, all);
    for (size_t i = 0; i < N_MODEL_LOCALS; i++)
        if (try_local(a, &all[i], wanted) == OK) {
            *out = all[i];
            return OK;
        }
    TRY(fiber_check());
    return failed(ERR_NOT_FOUND, "no model: model_provider.endpoint is not set, nor is OPENAI_API_KEY, and none of %s, %s and %s has one "
                  "to offer", all[0].source, all[1].source, all[2].source);
}

enum err model_find(struct arena *a, const struct model_settings *s, struct model *out) AWAITS
{
    struct model_settings env = { getenv("OPENAI_BASE_URL"), getenv("OPENAI_API_KEY"), getenv("OPENAI_MODEL"), false };

    if (is_set(s->endpoint) || is_set(s->api_key))
        return use(a, s, "model_provider in the configuration", out);
    if (s->configured_only)
        return failed(ERR_NOT_FOUND, "no model: model_provider.endpoint is not set, and model_provider.detect is off");
    if (is_set(s->model))
        env.model = s->model;
    if (is_set(env.endpoint) || is_set(env.api_key))
        return use(a, &env, "OPENAI_API_KEY or OPENAI_BASE_URL in the environment", out);
    return find_local(a, env.model, out);
}
