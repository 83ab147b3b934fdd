// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/modules/ssh_parts.h"

/* --- who the host is --- */

/* As known_hosts and its tools have it: "host" or "[host]:port". */
static const char *known_as(const struct ssh_target *t, char *out, size_t size)
{
    snprintf(out, size, t->port == 22 ? "%s" : "[%s]:%u", t->host, t->port);
    return out;
}

/* "ssh-ed25519 SHA256:..." of the key it has shown. */
static void describe_key(ssh_session s, char *out, size_t size)
{
    ssh_key key = NULL;
    unsigned char *hash = NULL;
    size_t n = 0;
    char *print = NULL;

    snprintf(out, size, "of a kind that cannot be read");
    if (ssh_get_server_publickey(s, &key) != SSH_OK)
        return;
    if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &n) == 0)
        print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, n);
    if (print)
        snprintf(out, size, "%s %s", ssh_key_type_to_char(ssh_key_type(key)), print);
    ssh_string_free_char(print);
    ssh_clean_pubkey_hash(&hash);
    ssh_key_free(key);
}

static bool refuse_unknown(struct ssh_call *c, const char *key)
{
    const struct ssh_target *t = c->target;

    return ssh_refuse(c, "the key that %s port %u shows (%s) is not in %s, so it may be anybody's. Compare it with what the host "
                      "itself says (there: ssh-keygen -lf on its /etc/ssh/ssh_host_*_key.pub); when they are the same, the owner "
                      "adds it: ssh-keyscan -p %u %s >> %s", t->host, t->port, key, t->known_hosts, t->port, t->host, t->known_hosts);
}

static bool refuse_changed(struct ssh_call *c, const char *key)
{
    const struct ssh_target *t = c->target;
    char name[300];

    known_as(t, name, sizeof name);
    return ssh_refuse(c, "the key of %s port %u is another than the one in %s: it shows %s. Either the host was set up anew, or "
                      "somebody else answers in its place. Ask whoever runs it and compare the fingerprint; only when it is right: "
                      "ssh-keygen -R '%s' -f %s, then ssh-keyscan -p %u %s >> %s", t->host, t->port, t->known_hosts, key, name,
                      t->known_hosts, t->port, t->host, t->known_hosts);
}

static bool is_known(struct ssh_call *c, ssh_session s)
{
    char key[160];

    describe_key(s, key, sizeof key);
    switch (ssh_session_is_known_server(s)) {
    case SSH_KNOWN_HOSTS_OK:
        return true;
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
        return refuse_changed(c, key);
    case SSH_KNOWN_HOSTS_NOT_FOUND:
    case SSH_KNOWN_HOSTS_UNKNOWN:
        return refuse_unknown(c, key);
    default:
        return ssh_refuse(c, "%s cannot be looked through: %s", c->target->known_hosts, ssh_get_error(s));
    }
}

/* --- who we are --- */

/* Without it libssh would have OpenSSL ask at the terminal. */
static int no_passphrase(const char *prompt, char *buf, size_t len, int echo, int verify, void *arg)
{
    const char *passphrase = arg;

    (void)prompt;
    (void)echo;
    (void)verify;
    if (!*passphrase || strlen(passphrase) >= len)
        return -1;
    memcpy(buf, passphrase, strlen(passphrase) + 1);
    return 0;
}

static bool read_key(struct ssh_call *c, ssh_key *out)
{
    const struct ssh_target *t = c->target;
    struct stat st;

    if (stat(t->key, &st) != 0)
        return ssh_refuse(c, "its key, the file %s, cannot be read: %s", t->key, strerror(errno));
    if (st.st_mode & 077)
        return ssh_refuse(c, "its key, the file %s, can be read by others: chmod 600 %s", t->key, t->key);
    if (ssh_pki_import_privkey_file(t->key, *t->passphrase ? t->passphrase : NULL, no_passphrase, (void *)t->passphrase, out) != SSH_OK)
        return ssh_refuse(c, "the file %s is no private key that can be used%s", t->key, *t->passphrase ?
                          "; is the passphrase right?" : "; if it has a passphrase, set that beside it");
    return true;
}

static bool with_key(struct ssh_call *c, ssh_session s, int *ret_answer)
{
    ssh_key key = NULL;

    if (!read_key(c, &key))
        return false;
    *ret_answer = ssh_userauth_publickey(s, NULL, key);
    ssh_key_free(key);
    return true;
}

static int with_agent(struct ssh_call *c, ssh_session s)
{
    if (c->agent_fd < 0 || ssh_set_agent_socket(s, c->agent_fd) != SSH_OK)
        return SSH_AUTH_DENIED;
    c->agent_fd = -1;       /* the session's now */
    return ssh_userauth_agent(s, NULL);
}

/* Many servers take a password only as the answer to a question. */
static int with_answers(ssh_session s, const char *password)
{
    int answer = ssh_userauth_kbdint(s, NULL, NULL);

    for (int round = 0; answer == SSH_AUTH_INFO && round < 8; round++) {
        int n = ssh_userauth_kbdint_getnprompts(s);

        for (int i = 0; i < n; i++) {
            char echo = 1;

            ssh_userauth_kbdint_getprompt(s, (unsigned)i, &echo);
            if (ssh_userauth_kbdint_setanswer(s, (unsigned)i, echo ? "" : password) < 0)
                return SSH_AUTH_ERROR;
        }
        answer = ssh_userauth_kbdint(s, NULL, NULL);
    }
    return answer;
}

static int with_password(struct ssh_call *c, ssh_session s, int methods)
{
    int answer = SSH_AUTH_DENIED;

    if (methods & SSH_AUTH_METHOD_PASSWORD)
        answer = ssh_userauth_password(s, NULL, c->target->password);
    if (answer == SSH_AUTH_DENIED && (methods & SSH_AUTH_METHOD_INTERACTIVE))
        answer = with_answers(s, c->target->password);
    return answer;
}

static bool refuse_login(struct ssh_call *c, ssh_session s, int answer, int methods)
{
    const struct ssh_target *t = c->target;

    if (answer == SSH_AUTH_ERROR || answer == SSH_AUTH_AGAIN)
        return ssh_refuse(c, "%s broke off while %s was to be let in: %s", t->host, t->user, ssh_get_error(s));
    return ssh_refuse(c, "%s does not let %s in with%s%s%s%s; it takes%s%s%s%s", t->host, t->user,
                      *t->key ? " the key " : "", t->key, *t->agent ? " the agent's keys" : "", *t->password ? " the password" : "",
                      methods & SSH_AUTH_METHOD_PUBLICKEY ? " keys (the public one goes into ~/.ssh/authorized_keys there)" : "",
                      methods & SSH_AUTH_METHOD_PASSWORD ? " passwords" : "",
                      methods & SSH_AUTH_METHOD_INTERACTIVE ? " answers" : "", methods ? "" : " nothing that it names");
}

static bool let_in(struct ssh_call *c, ssh_session s)
{
    const struct ssh_target *t = c->target;
    int answer = ssh_userauth_none(s, NULL), methods = ssh_userauth_list(s, NULL);

    if (answer == SSH_AUTH_DENIED && *t->key && !with_key(c, s, &answer))
        return false;
    if ((answer == SSH_AUTH_DENIED || answer == SSH_AUTH_PARTIAL) && *t->agent)
        answer = with_agent(c, s);
    if ((answer == SSH_AUTH_DENIED || answer == SSH_AUTH_PARTIAL) && *t->password)
        answer = with_password(c, s, methods | (answer == SSH_AUTH_PARTIAL ? ssh_userauth_list(s, NULL) : 0));
    return answer == SSH_AUTH_SUCCESS || refuse_login(c, s, answer, methods);
}

/* --- both --- */

/* Nothing is read from anybody's ssh_config: it may name programs to run. */
static bool set_options(struct ssh_call *c, ssh_session s)
{
    const struct ssh_target *t = c->target;
    const long seconds = (long)c->connect_seconds;
    const unsigned port = t->port;
    const bool no = false;

    if (ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &no) || ssh_options_set(s, SSH_OPTIONS_HOST, t->host) ||
        ssh_options_set(s, SSH_OPTIONS_PORT, &port) || ssh_options_set(s, SSH_OPTIONS_USER, t->user) ||
        ssh_options_set(s, SSH_OPTIONS_KNOWNHOSTS, t->known_hosts) || ssh_options_set(s, SSH_OPTIONS_TIMEOUT, &seconds))
        return ssh_refuse(c, "it cannot be reached as it is configured: %s", ssh_get_error(s));
    return true;
}

bool ssh_login(struct ssh_call *c, ssh_session s)
{
    if (!set_options(c, s) || ssh_options_set(s, SSH_OPTIONS_FD, &c->fd))
        return false;
    int e = ssh_connect(s);

    c->fd = -1;             /* the session's now */
    if (e != SSH_OK)
        return ssh_refuse(c, "%s port %u answers, but not as an SSH server that can be spoken with: %s", c->target->host,
                          c->target->port, ssh_get_error(s));
    return is_known(c, s) && let_in(c, s);
}

bool ssh_check(struct ssh_call *c, ssh_session s)
{
    const struct ssh_target *t = c->target;
    ssh_key key = NULL;

    if (!set_options(c, s) || (*t->key && !read_key(c, &key)))
        return false;
    ssh_key_free(key);
    if (ssh_session_has_known_hosts_entry(s) == SSH_KNOWN_HOSTS_OK)
        return true;
    return ssh_refuse(c, "%s has no key of %s port %u, so it will be refused: ssh-keyscan -p %u %s >> %s, and compare the fingerprint",
                      t->known_hosts, t->host, t->port, t->port, t->host, t->known_hosts);
}
