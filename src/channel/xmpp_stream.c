// SPDX-License-Identifier: Apache-2.0
#include "channel/xmpp_stream.h"

#include <sys/socket.h>

#include "base/mem.h"
#include "base/random.h"
#include "channel/xmpp_sasl.h"
#include "net/dial.h"
#include "net/tls.h"
#include "runtime/clock.h"

#define NS_STREAMS "http://etherx.jabber.org/streams"
#define NS_TLS     "urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL    "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_BIND    "urn:ietf:params:xml:ns:xmpp-bind"

enum { PORT = 5222, PORT_DIRECT = 5223, OPEN_MS = 60 * 1000, WRITE_MS = 30 * 1000, SASL_TEXT_MAX = 8 << 10 };

/* ---- bytes ---- */

static void unlock(struct xmpp_stream **s)
{
    (*s)->writing = false;
    wake_all(&(*s)->may_write);
}

/* Half a stanza spoils all behind it, so whoever could not finish ends the stream. */
static void break_off(struct xmpp_stream *s)
{
    s->broken = true;
    shutdown(fd_raw(s->io.fd), SHUT_RDWR);
}

enum err xmpp_stream_write(struct xmpp_stream *s, str xml, unsigned n, uint32_t *ret_sent)
{
    CLEANUP(deadline_clear) struct deadline limit;

    deadline_set(&limit, WRITE_MS);
    while (s->writing)
        TRY(wait_on(&s->may_write, "the stream to write to"));
    if (!s->io.fd || s->broken)
        return failed(ERR_NET, "the XMPP stream is closed");
    s->writing = true;
    CLEANUP(unlock) struct xmpp_stream *held = s;

    s->sent += n;
    if (ret_sent)
        *ret_sent = s->sent;
    enum err e = transport_write(&s->io, &xml, 1);

    if (e)
        break_off(s);
    return e;
}

static enum err read_some(struct xmpp_stream *s, struct waiters *also, bool *ret_read) AWAITS
{
    bool end;
    size_t n;

    TRY(transport_wait(&s->io, also, ret_read));
    if (!*ret_read)
        return OK;
    TRY(transport_take(&s->io, transport_scratch(), SCRATCH_SIZE, &n, &end));
    if (n)
        s->heard_ms = clock_ms();
    TRY(xmpp_parser_feed(s->parser, str_of(transport_scratch(), n)));
    if (end && n == 0)
        return failed(ERR_NET, "the XMPP server closed the connection");
    return OK;
}

/* A stream error is the server's last word (RFC 6120 section 4.9). */
static enum err check_stream_error(const struct stanza *s)
{
    if (!xml_is(s->node, "error", NS_STREAMS))
        return OK;
    const char *words = xmpp_error_words(s->arena, s->node);

    if (xml_child(s->node, "conflict", NULL))
        return failed(ERR_CONFLICT, "another program is connected as this resource");
    return failed(xml_child(s->node, "not-authorized", NULL) ? ERR_AUTH : ERR_NET, "the XMPP server ended the stream: %s", words);
}

enum err xmpp_stream_next_or(struct xmpp_stream *s, struct waiters *also, struct stanza **out)
{
    CLEANUP(stanza_freep) struct stanza *found = NULL;
    bool read = true;

    *out = NULL;
    while (!(found = xmpp_parser_take(s->parser)) && read) {
        if (xmpp_parser_ended(s->parser))
            return failed(ERR_NET, "the XMPP server ended the stream");
        TRY(read_some(s, also, &read));
    }
    if (!found)
        return OK;
    TRY(check_stream_error(found));
    *out = found;
    found = NULL;
    return OK;
}

enum err xmpp_stream_next(struct xmpp_stream *s, struct stanza **out)
{
    return xmpp_stream_next_or(s, NULL, out);
}

static str text_of_error(const struct xml_node *error)
{
    const struct xml_node *text = xml_child(error, "text", NULL);

    return text ? text->text : S("");
}

const char *xmpp_error_words(struct arena *a, const struct xml_node *n)
{
    const struct xml_node *inner = xml_child(n, "error", NULL), *error = inner ? inner : n, *condition = error ? error->first : NULL;
    str text = error ? text_of_error(error) : S("");

    if (condition && xml_is(condition, "text", NULL))
        condition = condition->next;
    return arena_printf(a, "%.*s%s%.*s", STR(str_take(condition ? condition->name : S("no reason given"), 80)), text.len ? ": " : "",
                        STR(str_take(text, 200)));
}

/* ---- the way in ---- */

/* A new stream over the same connection: the old one's state is gone (RFC 6120 section 4.3.3). */
static enum err restart(struct xmpp_stream *s, const struct xmpp_login *l, struct stanza **ret_features) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};

    xmpp_parser_free(s->parser);
    s->parser = xmpp_parser_new();
    xml_addf(&b, "<?xml version='1.0'?><stream:stream to='%s' version='1.0' xml:lang='en' xmlns='jabber:client' "
                 "xmlns:stream='" NS_STREAMS "'>", l->domain);
    TRY(xmpp_stream_write(s, buf_str(&b), 0, NULL));
    TRY(xmpp_stream_next(s, ret_features));
    if (!xml_is((*ret_features)->node, "features", NS_STREAMS))
        return failed(ERR_REMOTE, "the XMPP server does not say what it offers");
    return OK;
}

static const char *host_of(struct arena *a, const struct xmpp_login *l)
{
    return l->host && l->host[0] ? l->host : arena_c(a, l->domain);
}

/* The certificate is the domain's, wherever the server stands (RFC 6120 section 13.7.2.1). */
static enum err secure(struct xmpp_stream *s, struct arena *a, const struct xmpp_login *l) AWAITS
{
    struct ssl_ctx_st *context;

    if (!l->ca_file || !l->ca_file[0])
        return dial_tls(&s->io, arena_c(a, l->domain));
    TRY(tls_client_context(l->ca_file, &context));
    enum err e = transport_connect_tls(&s->io, context, arena_c(a, l->domain));

    tls_context_free(context);
    return e;
}

/* Whatever came behind <proceed/> came from nobody knows whom: the parser it went to is thrown away, and TLS would not take it. */
static enum err start_tls(struct xmpp_stream *s, struct arena *a, const struct xmpp_login *l) AWAITS
{
    CLEANUP(stanza_freep) struct stanza *features = NULL, *answer = NULL, *more = NULL;

    TRY(restart(s, l, &features));
    if (!xml_child(features->node, "starttls", NS_TLS))
        return failed(ERR_AUTH, "the XMPP server offers no STARTTLS; set platforms.xmpp.tls to direct, or mend the server");
    TRY(xmpp_stream_write(s, S("<starttls xmlns='" NS_TLS "'/>"), 0, NULL));
    TRY(xmpp_stream_next(s, &answer));
    if (!xml_is(answer->node, "proceed", NS_TLS))
        return failed(ERR_REMOTE, "the XMPP server refuses STARTTLS");
    more = xmpp_parser_take(s->parser);
    if (more)
        return failed(ERR_REMOTE, "the XMPP server spoke before TLS was there");
    return secure(s, a, l);
}

static enum sasl_mechanism best_mechanism(const struct xml_node *features)
{
    const struct xml_node *list = xml_child(features, "mechanisms", NS_SASL);
    enum sasl_mechanism best = SASL_NONE;

    for (const struct xml_node *m = list ? list->first : NULL; m; m = m->next) {
        enum sasl_mechanism named = sasl_named(m->text);

        best = named > best ? named : best;
    }
    return best;
}

static enum err say_sasl(struct xmpp_stream *s, const char *element, const char *mechanism, str text) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};

    buf_addf(&b, "<%s xmlns='" NS_SASL "'", element);
    if (mechanism)
        buf_addf(&b, " mechanism='%s'", mechanism);
    buf_add_char(&b, '>');
    buf_add_base64(&b, text);
    buf_addf(&b, "</%s>", element);
    return xmpp_stream_write(s, buf_str(&b), 0, NULL);
}

/* A temporary failure (RFC 6120 section 6.5.11) may be gone later; the others stay until somebody changes a setting. */
static enum err hear_sasl(struct xmpp_stream *s, struct arena *a, const char *wanted, str *ret_text) AWAITS
{
    CLEANUP(stanza_freep) struct stanza *answer = NULL;
    CLEANUP(buf_done) struct buf text = { .max = SASL_TEXT_MAX };

    TRY(xmpp_stream_next(s, &answer));
    if (xml_is(answer->node, "failure", NS_SASL)) {
        bool later = xml_child(answer->node, "temporary-auth-failure", NULL) != NULL;

        return failed(later ? ERR_NET : ERR_AUTH, "the XMPP server refuses the login (%s): check platforms.xmpp.jid and password",
                      xmpp_error_words(a, answer->node));
    }
    if (!xml_is(answer->node, wanted, NS_SASL))
        return failed(ERR_REMOTE, "the XMPP server answers out of turn while we log in");
    if (answer->node->text.len && !str_eq(answer->node->text, S("=")))
        TRY(buf_add_unbase64(&text, answer->node->text));
    *ret_text = arena_str(a, buf_str(&text));
    return OK;
}

static enum err log_in_by_scram(struct xmpp_stream *s, struct arena *a, const struct xmpp_login *l, enum sasl_mechanism m) AWAITS
{
    char nonce[UUID_SIZE];
    str said, answer;

    random_uuid(nonce);
    struct scram scram = { .mechanism = m, .user = l->user, .password = sasl_prepared(a, l->password), .nonce = str_from(nonce) };

    TRY(say_sasl(s, "auth", sasl_name(m), scram_first(a, &scram)));
    TRY(hear_sasl(s, a, "challenge", &said));
    TRY(scram_answer(a, &scram, said, &answer));
    TRY(say_sasl(s, "response", NULL, answer));
    TRY(hear_sasl(s, a, "success", &said));
    return scram_finish(&scram, said);
}

static enum err log_in(struct xmpp_stream *s, struct arena *a, const struct xmpp_login *l, const struct xml_node *features) AWAITS
{
    enum sasl_mechanism m = best_mechanism(features);
    str nothing;

    if (m == SASL_NONE)
        return failed(ERR_AUTH, "the XMPP server offers no way to log in that we know (SCRAM-SHA-256, SCRAM-SHA-1, PLAIN)");
    if (m != SASL_PLAIN)
        return log_in_by_scram(s, a, l, m);
    TRY(say_sasl(s, "auth", "PLAIN", plain_message(a, l->user, sasl_prepared(a, l->password))));
    return hear_sasl(s, a, "success", &nothing);
}

static enum err open_stream(struct xmpp_stream *s, const struct xmpp_login *l) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(stanza_freep) struct stanza *features = NULL;

    TRY(dial(host_of(a, l), l->port ? l->port : l->direct_tls ? PORT_DIRECT : PORT, DIAL_AS_OTHER, &s->io));
    s->heard_ms = clock_ms();
    if (l->direct_tls)
        TRY(secure(s, a, l));
    else
        TRY(start_tls(s, a, l));
    TRY(restart(s, l, &features));
    TRY(log_in(s, a, l, features->node));
    return restart(s, l, &s->features);
}

enum err xmpp_stream_open(struct xmpp_stream *s, const struct xmpp_login *l)
{
    CLEANUP(deadline_clear) struct deadline limit;

    deadline_set(&limit, OPEN_MS);
    return open_stream(s, l);
}

void xmpp_stream_close(struct xmpp_stream *s)
{
    if (s->writing)
        break_off(s);
    while (s->writing)
        wait_out(&s->may_write, "a writer to leave the stream");
    transport_close(&s->io);
    xmpp_parser_free(s->parser);
    stanza_free(s->features);
    s->parser = NULL;
    s->features = NULL;
    s->broken = false;
    wake_all(&s->may_write);
}

/* ---- asking ---- */

enum err xmpp_stream_ask(struct xmpp_stream *s, str iq, str id, struct stanza **out)
{
    TRY(xmpp_stream_write(s, iq, 0, NULL));
    for (;;) {
        CLEANUP(stanza_freep) struct stanza *answer = NULL;

        TRY(xmpp_stream_next(s, &answer));
        if (!xml_is(answer->node, "iq", NULL) || !str_eq(xml_attribute(answer->node, "id"), id))
            continue;       /* before we said that we are here nobody sends what could be missed */
        if (!str_eq(xml_attribute(answer->node, "type"), S("result")))
            return failed(ERR_REMOTE, "the XMPP server refuses: %s", xmpp_error_words(answer->arena, answer->node));
        *out = answer;
        answer = NULL;
        return OK;
    }
}

enum err xmpp_stream_bind(struct xmpp_stream *s, struct arena *a, const char *resource, str *ret_jid)
{
    CLEANUP(stanza_freep) struct stanza *answer = NULL;
    CLEANUP(buf_done) struct buf b = {0};

    xml_addf(&b, "<iq type='set' id='bind'><bind xmlns='" NS_BIND "'><resource>%s</resource></bind></iq>", str_from(resource));
    TRY(xmpp_stream_ask(s, buf_str(&b), S("bind"), &answer));
    *ret_jid = arena_str(a, xml_child_text(xml_child(answer->node, "bind", NS_BIND), "jid", NULL));
    return ret_jid->len ? OK : failed(ERR_REMOTE, "the XMPP server gives us no address");
}
