// SPDX-License-Identifier: Apache-2.0
/* First, because its headers want so. */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/large_fd_set.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/module.h"
#include "tool/modules/snmp.h"

struct snmp_talk {
    const struct snmp_target *target;
    struct snmp_hooks hooks;
    void            *handle;        /* of the library's single-session API */
    int              fd;
    enum snmp_state  state;
    bool             too_big;
    char             error[400];
};

static void refuse(struct snmp_talk *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void refuse(struct snmp_talk *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(s->error, sizeof s->error, fmt, ap);
    va_end(ap);
    s->state = SNMP_REFUSED;
}

/* --- the library --- */

/* What init_snmp() does, but for reading configuration files and MIBs, and setting the locale.  At the end it calls those who
 * wait for the configuration to have been read: they draw the first salt for encryption, among other things. */
static void start(void)
{
    static bool started;
    netsnmp_session s;

    if (started)
        return;
    started = true;
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_APPTYPE, "clawdbot");
    init_callbacks();
    init_snmp_logging();
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
    netsnmp_container_init_list();
    snmp_sess_init(&s);
    snmp_init_statistics();
    init_snmpv3("clawdbot");
    snmp_call_callbacks(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_PREMIB_READ_CONFIG, NULL);
    snmp_call_callbacks(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG, NULL);
}

static int transport_send(netsnmp_transport *t, const void *p, int n, void **opaque, int *opaque_n)
{
    (void)opaque;
    (void)opaque_n;
    return (int)send(t->sock, p, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int transport_receive(netsnmp_transport *t, void *p, int n, void **opaque, int *opaque_n)
{
    *opaque = NULL;
    *opaque_n = 0;
    return (int)recv(t->sock, p, (size_t)n, MSG_DONTWAIT);
}

static int transport_close(netsnmp_transport *t)
{
    int fd = t->sock;

    t->sock = -1;
    return fd < 0 ? 0 : close(fd);
}

static char *transport_name(netsnmp_transport *t, const void *p, int n)
{
    (void)t;
    (void)p;
    (void)n;
    return strdup("agent");
}

static netsnmp_transport *transport_over(int fd)
{
    netsnmp_transport *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->domain = netsnmpUDPDomain;
    t->domain_length = (int)netsnmpUDPDomain_len;
    t->sock = fd;
    t->msgMaxSize = 0xffff - 8 - 20;
    t->f_send = transport_send;
    t->f_recv = transport_receive;
    t->f_close = transport_close;
    t->f_fmtaddr = transport_name;
    return t;
}

/* --- answers --- */

static struct snmp_oid oid_of(const oid *parts, size_t n)
{
    struct snmp_oid o = { .n = n < SNMP_OID_MAX ? n : SNMP_OID_MAX };

    for (size_t i = 0; i < o.n; i++)
        o.parts[i] = parts[i];
    return o;
}

static struct snmp_value value_of(const netsnmp_variable_list *v)
{
    struct snmp_value out = { .at = oid_of(v->name, v->name_length), .type = SNMP_TEXT, .bytes = str_of(v->val.string, v->val_len) };
    bool has_number = v->val_len >= sizeof(long) && v->val.integer;

    switch (v->type) {
    case ASN_INTEGER:
        out.type = SNMP_INTEGER;
        out.number = has_number ? *v->val.integer : 0;
        break;
    case ASN_COUNTER:
    case ASN_GAUGE:     /* and Unsigned32: the same tag */
    case ASN_TIMETICKS:
        out.type = v->type == ASN_COUNTER ? SNMP_COUNTER : v->type == ASN_GAUGE ? SNMP_GAUGE : SNMP_TICKS;
        out.count = has_number ? (uint32_t)*v->val.integer : 0;
        break;
    case ASN_COUNTER64:
        out.type = SNMP_COUNTER;
        out.count = v->val_len >= sizeof(struct counter64) ? (uint64_t)v->val.counter64->high << 32 | (uint32_t)v->val.counter64->low : 0;
        break;
    case ASN_OBJECT_ID:
        out.type = SNMP_OID;
        out.oid = oid_of(v->val.objid, v->val_len / sizeof(oid));
        break;
    case ASN_IPADDRESS:
        out.type = SNMP_ADDRESS;
        break;
    case ASN_NULL:
        out.type = SNMP_NOTHING;
        break;
    case SNMP_NOSUCHOBJECT:
        out.type = SNMP_NO_OBJECT;
        break;
    case SNMP_NOSUCHINSTANCE:
        out.type = SNMP_NO_INSTANCE;
        break;
    case SNMP_ENDOFMIBVIEW:
        out.type = SNMP_END;
        break;
    }
    return out;
}

static void refuse_report(struct snmp_talk *s, netsnmp_pdu *pdu)
{
    int kind = snmpv3_get_report_type(pdu);

    switch (kind) {
    case SNMPERR_UNKNOWN_USER_NAME:
        refuse(s, "the agent knows no user '%s'", s->target->user);
        break;
    case SNMPERR_AUTHENTICATION_FAILURE:
        refuse(s, "the agent does not take the password or its kind (auth, auth_password)");
        break;
    case SNMPERR_DECRYPTION_ERR:
        refuse(s, "the agent cannot decrypt: priv or priv_password differ");
        break;
    case SNMPERR_UNSUPPORTED_SEC_LEVEL:
        refuse(s, "the agent does not take this level of security for '%s'", s->target->user);
        break;
    default:
        refuse(s, "the agent refuses: %s", snmp_api_errstring(kind));
    }
}

static void take_answer(struct snmp_talk *s, netsnmp_pdu *pdu)
{
    if (pdu->command != SNMP_MSG_RESPONSE) {
        refuse_report(s, pdu);
        return;
    }
    if (pdu->errstat != SNMP_ERR_NOERROR) {
        s->too_big = pdu->errstat == SNMP_ERR_TOOBIG;
        refuse(s, "the agent answers: %s", snmp_errstring((int)pdu->errstat));
        return;
    }
    for (const netsnmp_variable_list *v = pdu->variables; v; v = v->next_variable) {
        struct snmp_value value = value_of(v);

        s->hooks.value(s->hooks.arg, &value);
    }
    s->state = SNMP_ANSWERED;
}

/* Until we have logged in, a report is the answer: it says who the agent is. */
static int on_event(int what, netsnmp_session *library, int id, netsnmp_pdu *pdu, void *arg)
{
    struct snmp_talk *s = arg;

    (void)id;
    if (what == NETSNMP_CALLBACK_OP_RESEND)
        return 1;
    if (what == NETSNMP_CALLBACK_OP_TIMED_OUT)
        refuse(s, "no answer: is it reached at port %u, and %s?", s->target->port,
               s->target->is_v3 ? "does it speak SNMPv3" : "is the community right");
    else if (what != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
        refuse(s, "the question cannot be sent: %s", snmp_api_errstring(library->s_snmp_errno));
    else if (s->target->is_v3 && !(library->flags & SNMP_FLAGS_USER_CREATED) && library->securityEngineIDLen)
        s->state = SNMP_ANSWERED;
    else
        take_answer(s, pdu);
    return 1;
}

/* --- questions --- */

static bool send_it(struct snmp_talk *s, netsnmp_pdu *pdu)
{
    s->state = SNMP_WAITS;
    s->too_big = false;
    if (snmp_sess_async_send(s->handle, pdu, on_event, s))
        return true;
    refuse(s, "the question cannot be sent: %s", snmp_api_errstring(snmp_sess_session(s->handle)->s_snmp_errno));
    snmp_free_pdu(pdu);
    return false;
}

/* RFC 3414, 4: a question in nobody's name, to be answered with the agent's own. */
static bool ask_who(struct snmp_talk *s)
{
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);
    struct usmUser *nobody = usm_get_user(NULL, 0, "");

    if (!nobody && (nobody = usm_create_user()) != NULL) {
        nobody->name = strdup("");
        nobody->secName = strdup("");
        usm_add_user(nobody);
    }
    if (!pdu || !nobody)
        return false;
    pdu->version = SNMP_VERSION_3;
    pdu->securityName = strdup("");
    pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
    pdu->securityModel = SNMP_SEC_MODEL_USM;
    return send_it(s, pdu);
}

static void describe(const struct snmp_target *t, netsnmp_session *out)
{
    static const int levels[] = { [SNMP_NO_AUTH] = SNMP_SEC_LEVEL_NOAUTH, [SNMP_AUTH] = SNMP_SEC_LEVEL_AUTHNOPRIV,
                                  [SNMP_AUTH_PRIV] = SNMP_SEC_LEVEL_AUTHPRIV };

    snmp_sess_init(out);
    out->version = t->is_v3 ? SNMP_VERSION_3 : SNMP_VERSION_2c;
    out->community = (u_char *)t->community;
    out->community_len = strlen(t->community);
    out->timeout = (long)t->timeout_ms * 1000;
    out->retries = (int)t->retries;
    out->flags |= SNMP_FLAGS_DONT_PROBE;        /* it would wait */
    if (!t->is_v3)
        return;
    out->securityName = (char *)t->user;
    out->securityNameLen = strlen(t->user);
    out->securityModel = SNMP_SEC_MODEL_USM;
    out->securityLevel = levels[t->level];
    if (t->level != SNMP_NO_AUTH)
        out->securityAuthProto = sc_get_auth_oid(usm_lookup_auth_type(t->auth), &out->securityAuthProtoLen);
    if (t->level == SNMP_AUTH_PRIV)
        out->securityPrivProto = sc_get_priv_oid(usm_lookup_priv_type(t->priv), &out->securityPrivProtoLen);
}

static void session_close(struct snmp_talk *s)
{
    if (!s)
        return;
    if (s->handle)
        snmp_sess_close(s->handle);
    free(s);
}

static struct snmp_talk *session_open(const struct snmp_target *t, int fd, const struct snmp_hooks *hooks)
{
    struct snmp_talk *s = calloc(1, sizeof *s);
    netsnmp_transport *over;
    netsnmp_session as;

    start();
    over = transport_over(fd);
    if (!s || !over) {
        close(fd);
        free(s);
        free(over);
        return NULL;
    }
    *s = (struct snmp_talk){ .target = t, .hooks = *hooks, .fd = fd, .state = SNMP_ANSWERED };
    describe(t, &as);
    s->handle = snmp_sess_add(&as, over, NULL, NULL);       /* frees the transport when it fails */
    if (!s->handle) {
        refuse(s, "%s", snmp_api_errstring(as.s_snmp_errno));
        return s;
    }
    snmp_sess_session(s->handle)->flags |= SNMP_FLAGS_DONT_PROBE;      /* taken away by now; else it asks later, and waits */
    if (t->is_v3 && !ask_who(s) && s->state != SNMP_REFUSED)
        refuse(s, "no memory");
    return s;
}

static bool derive_one(const char *kind, const char *name, const char *password, unsigned char *out, size_t *n, char *error, size_t size)
{
    size_t kind_n;
    const oid *as = sc_get_auth_oid(usm_lookup_auth_type(kind), &kind_n);

    *n = SNMP_KEY_MAX;
    if (as && generate_Ku(as, (u_int)kind_n, (const u_char *)password, strlen(password), out, n) == SNMPERR_SUCCESS)
        return true;
    snprintf(error, size, as ? "%s is no password for SNMP: it has at least 8 characters" : "%s: there is no such kind of password", name);
    return false;
}

static bool derive(const struct snmp_target *t, struct snmp_keys *out, char *error, size_t size)
{
    _Static_assert(SNMP_KEY_MAX >= USM_AUTH_KU_LEN && SNMP_KEY_MAX >= USM_PRIV_KU_LEN, "keys fit");
    *out = (struct snmp_keys){ 0 };
    if (t->level != SNMP_NO_AUTH && !derive_one(t->auth, "auth_password", t->auth_password, out->auth, &out->n_auth, error, size))
        return false;
    return t->level != SNMP_AUTH_PRIV || derive_one(t->auth, "priv_password", t->priv_password, out->priv, &out->n_priv, error, size);
}

/* The library's list of users may hold this one with the keys of another day. */
static bool log_in(struct snmp_talk *s, const struct snmp_keys *keys)
{
    netsnmp_session *as = snmp_sess_session(s->handle);
    struct usmUser *old = usm_get_user(as->securityEngineID, as->securityEngineIDLen, s->target->user);

    if (old && usm_remove_user(old))
        usm_free_user(old);
    memcpy(as->securityAuthKey, keys->auth, keys->n_auth);
    as->securityAuthKeyLen = keys->n_auth;
    memcpy(as->securityPrivKey, keys->priv, keys->n_priv);
    as->securityPrivKeyLen = keys->n_priv;
    if (create_user_from_session(as) == SNMPERR_SUCCESS)
        return true;
    refuse(s, "the keys for '%s' cannot be made: %s", s->target->user, snmp_api_errstring(snmp_errno));
    return false;
}

static bool ask(struct snmp_talk *s, enum snmp_ask what, const struct snmp_oid *oids, size_t n, unsigned repeat)
{
    netsnmp_pdu *pdu = snmp_pdu_create(what == SNMP_GET ? SNMP_MSG_GET : SNMP_MSG_GETBULK);

    if (!pdu) {
        refuse(s, "no memory");
        return false;
    }
    if (what == SNMP_NEXT) {
        pdu->non_repeaters = 0;
        pdu->max_repetitions = (long)repeat;
    }
    for (size_t i = 0; i < n; i++) {
        oid parts[SNMP_OID_MAX];

        for (size_t k = 0; k < oids[i].n; k++)
            parts[k] = oids[i].parts[k];
        snmp_add_null_var(pdu, parts, oids[i].n);
    }
    return send_it(s, pdu);
}

/* --- waiting --- */

static uint64_t wait_ms(struct snmp_talk *s)
{
    netsnmp_large_fd_set set;
    struct timeval left = { 0, 0 };
    int n = 0, block = 1;

    netsnmp_large_fd_set_init(&set, FD_SETSIZE);
    snmp_sess_select_info2(s->handle, &n, &set, &left, &block);
    netsnmp_large_fd_set_cleanup(&set);
    return block ? s->target->timeout_ms : (uint64_t)left.tv_sec * 1000 + (uint64_t)left.tv_usec / 1000 + 1;
}

static void turn(struct snmp_talk *s, bool is_readable)
{
    netsnmp_large_fd_set set;

    if (!is_readable) {
        snmp_sess_timeout(s->handle);
        return;
    }
    netsnmp_large_fd_set_init(&set, FD_SETSIZE > s->fd + 1 ? FD_SETSIZE : s->fd + 1);
    NETSNMP_LARGE_FD_SET(s->fd, &set);
    if (snmp_sess_read2(s->handle, &set) != 0 && errno == ECONNREFUSED)
        refuse(s, "nobody listens at port %u", s->target->port);
    netsnmp_large_fd_set_cleanup(&set);
}

static enum snmp_state session_state(const struct snmp_talk *s) { return s->state; }
static bool session_too_big(const struct snmp_talk *s) { return s->too_big; }
static const char *session_error(const struct snmp_talk *s) { return s->error; }

MODULE_TABLE const struct snmp_module clawdbot_module_snmp = {
    .derive = derive, .open = session_open, .log_in = log_in, .ask = ask, .wait_ms = wait_ms, .turn = turn, .state = session_state,
    .too_big = session_too_big, .error = session_error, .end = session_close,
};
