// SPDX-License-Identifier: Apache-2.0
#include "tool/snmp_target.h"

#include <strings.h>

#include "config/config.h"

static enum err choose(const struct remote_host *h, const char *key, const char *given, const char *const *known, size_t *ret)
{
    for (size_t i = 0; known[i]; i++) {
        if (strcasecmp(given, known[i]) == 0) {
            *ret = i;
            return OK;
        }
    }
    return failed(ERR_INPUT, "%s.%s.%s: '%.40s' is not known here", h->section, h->name, key, given);
}

static enum err choose_name(const struct remote_host *h, const char *key, const char **name, const char *const *known)
{
    size_t i;

    TRY(choose(h, key, *name, known, &i));
    *name = known[i];
    return OK;
}

/* What passwords there are says which level is meant. */
static enum err take_level(struct arena *a, const struct remote_host *h, struct snmp_target *t)
{
    static const char *const levels[] = { "noAuthNoPriv", "authNoPriv", "authPriv", NULL };
    const char *meant = levels[*t->priv_password ? SNMP_AUTH_PRIV : *t->auth_password ? SNMP_AUTH : SNMP_NO_AUTH];
    size_t level;

    TRY(choose(h, "level", remote_text(a, h, "level", meant), levels, &level));
    t->level = (enum snmp_level)level;
    if (t->level != SNMP_NO_AUTH && !*t->auth_password)
        return failed(ERR_INPUT, "%s.%s: level %s needs auth_password", h->section, h->name, levels[level]);
    if (t->level == SNMP_AUTH_PRIV && !*t->priv_password)
        return failed(ERR_INPUT, "%s.%s: level authPriv needs priv_password", h->section, h->name);
    return OK;
}

static enum err take_user(struct arena *a, const struct remote_host *h, struct snmp_target *t)
{
    static const char *const auths[] = { "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512", "MD5", NULL };
    static const char *const privs[] = { "AES", "AES-192", "AES-256", "DES", NULL };

    t->auth = remote_text(a, h, "auth", "SHA");
    t->auth_password = remote_text(a, h, "auth_password", "");
    t->priv = remote_text(a, h, "priv", "AES");
    t->priv_password = remote_text(a, h, "priv_password", "");
    TRY(choose_name(h, "auth", &t->auth, auths));
    TRY(choose_name(h, "priv", &t->priv, privs));
    TRY(take_level(a, h, t));
    return *t->user ? OK : failed(ERR_INPUT, "%s.%s: version 3 needs user", h->section, h->name);
}

enum err snmp_target_from(struct arena *a, const struct remote_host *h, struct snmp_target *out)
{
    static const char *const known[] = { "host", "port", "version", "community", "user", "level", "auth", "auth_password", "priv",
                                         "priv_password", NULL };
    static const char *const versions[] = { "2c", "3", NULL };
    struct snmp_target t = {
        .name = h->name, .host = remote_text(a, h, "host", h->name), .community = remote_text(a, h, "community", ""),
        .user = remote_text(a, h, "user", ""), .timeout_ms = config_now()->snmp_timeout, .retries = (unsigned)config_now()->snmp_retries,
    };
    size_t version;

    TRY(remote_host_check(h, known));
    TRY(remote_port(h, 161, &t.port));
    TRY(choose(h, "version", remote_text(a, h, "version", *t.user ? "3" : "2c"), versions, &version));
    t.is_v3 = version == 1;
    if (t.is_v3)
        TRY(take_user(a, h, &t));
    else if (!*t.community)
        return failed(ERR_INPUT, "%s.%s: version 2c needs community", h->section, h->name);
    *out = t;
    return OK;
}
