// SPDX-License-Identifier: Apache-2.0
#include "cli/keeper.h"

#include "base/json.h"
#include "net/url.h"
#include "store/secrets.h"

enum err keeper_open(struct keeper *k, enum local_how how)
{
    TRY(local_open(k->cli, how, &k->local));
    if (k->local.store)
        return secrets_open(k->local.store, k->local.home, &k->secrets);
    return remote_call(k->cli, "GET", "/api/v1/admin/secrets", NULL, &k->known);
}

void keeper_close(struct keeper *k)
{
    secrets_close(k->secrets);
    local_close(&k->local);
    json_decref(k->known);
    k->secrets = NULL;
    k->known = NULL;
}

str keeper_name(const struct keeper *k, size_t i)
{
    return k->secrets ? secret_name(k->secrets, i) : json_strval(json_array_get(json_at(k->known, "secrets"), i));
}

size_t keeper_count(const struct keeper *k)
{
    size_t n = 0;

    while (keeper_name(k, n).p)
        n++;
    return n;
}

const char *keeper_key(const struct keeper *k)
{
    return k->secrets ? secrets_key_source(k->secrets) : json_text(k->known, "key");
}

static const char *remote_path(struct cli *c, const char *name)
{
    CLEANUP(buf_done) struct buf path = { 0 };

    buf_add(&path, S("/api/v1/admin/secrets/"));
    url_add_encoded(&path, str_from(name));
    return arena_c(c->arena, buf_str(&path));
}

enum err keeper_keep(struct keeper *k, const char *name, str value)
{
    CLEANUP(json_decrefp) json_t *body = NULL, *answer = NULL;

    if (k->secrets)
        return secret_set(k->secrets, str_from(name), value, S("owner"));
    body = json_pack("{s:s%}", "value", value.p, value.len);
    if (body == NULL)
        return failed(ERR_INPUT, "a secret is text (UTF-8); encode other bytes, with base64 say");
    return remote_call(k->cli, "PUT", remote_path(k->cli, name), body, &answer);
}

enum err keeper_forget(struct keeper *k, const char *name)
{
    CLEANUP(json_decrefp) json_t *answer = NULL;

    if (k->secrets)
        return secret_remove(k->secrets, str_from(name), S("owner"));
    return remote_call(k->cli, "DELETE", remote_path(k->cli, name), NULL, &answer);
}

static enum err get(void *arg, str name, str *out)
{
    const struct keeper *k = arg;

    if (k->secrets)
        return secret_get(k->secrets, name, out);
    for (size_t i = 0; i < keeper_count(k); i++)
        if (str_eq(keeper_name(k, i), name)) {
            *out = S("***");
            return OK;
        }
    return failed(ERR_NOT_FOUND, "there is no secret \"%.*s\"", STR(name));
}

enum err keeper_resolve(struct keeper *k, struct config_report *r)
{
    config_use_resolver(&(struct config_resolver){ get, k });
    enum err e = config_load_again(r);

    config_use_resolver(NULL);
    return e;
}
