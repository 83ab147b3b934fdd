// SPDX-License-Identifier: Apache-2.0
#include "channel/xmpp_session.h"

#include "base/log.h"
#include "base/random.h"
#include "channel/xmpp.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

#define NS_SM   XMPP_NS_SM
#define NS_PING XMPP_NS_PING

enum { ASK_MS = 20 * 1000 };

/* One on its way out, on the stack of who sends it. */
struct flight {
    str      id;
    uint32_t number;
    bool     written, arrived, lost, unknown;
    char     refused[200];
    enum err why;
    struct flight *next;
};
/* An iq whose answer somebody waits for, on that stack. */
struct question { struct xmpp_session *of; const char *id; struct stanza *answer; bool lost; struct question *next; };

enum err xmpp_say(struct xmpp_session *s, str xml, unsigned n)
{
    return xmpp_stream_write(&s->stream, xml, n, NULL);
}

/* ---- questions ---- */

static void unlink_question(struct question *q)
{
    struct question **at = &q->of->questions;

    while (*at && *at != q)
        at = &(*at)->next;
    if (*at)
        *at = q->next;
    stanza_free(q->answer);
}

enum err xmpp_session_ask(struct xmpp_session *s, const char *type, str to, str inside, struct stanza **out)
{
    CLEANUP(deadline_clear) struct deadline limit;
    CLEANUP(buf_done) struct buf b = {0};
    char id[UUID_SIZE];

    if (!s->online)
        return failed(ERR_NET, "there is no XMPP session");
    random_uuid(id);
    CLEANUP(unlink_question) struct question q = { .of = s, .id = id, .next = s->questions };

    s->questions = &q;
    xml_addf(&b, "<iq type='%s' to='%s' id='%s'>", str_from(type), to, str_from(id));
    buf_add(&b, inside);
    buf_add(&b, S("</iq>"));
    deadline_set(&limit, ASK_MS);
    TRY(xmpp_say(s, buf_str(&b), 1));
    while (!q.answer && !q.lost)
        TRY(wait_on(&s->answered, "the XMPP server's answer"));
    if (q.lost)
        return failed(ERR_NET, "the XMPP session ended");
    if (!str_eq(xml_attribute(q.answer->node, "type"), S("result")))
        return failed(ERR_REMOTE, "the XMPP server refuses: %s", xmpp_error_words(q.answer->arena, q.answer->node));
    *out = q.answer;
    q.answer = NULL;
    return OK;
}

void xmpp_session_take_answer(struct xmpp_session *s, struct stanza *answer)
{
    str id = xml_attribute(answer->node, "id");

    for (struct question *q = s->questions; q; q = q->next)
        if (!q->answer && str_eq(id, str_from(q->id))) {
            q->answer = answer;
            wake_all(&s->answered);
            return;
        }
    if (str_eat(&id, S("ping-")))
        for (struct flight *f = s->flights; f; f = f->next)
            f->arrived |= str_eq(f->id, id);
    wake_all(&s->landed);
    stanza_free(answer);
}

/* ---- messages ---- */

static void unlink_flight(struct xmpp_session *s, struct flight *f)
{
    struct flight **at = &s->flights;

    while (*at && *at != f)
        at = &(*at)->next;
    if (*at)
        *at = f->next;
}

/* Stream management tells how many arrived; without it, the answer to a ping sent behind the message does (stanzas are handled in
 * order, RFC 6120 section 10.1). */
static void add_request_for_ack(const struct xmpp_session *s, struct buf *b, str id)
{
    if (s->managed)
        buf_add(b, S("<r xmlns='" NS_SM "'/>"));
    else
        xml_addf(b, "<iq type='get' to='%s' id='ping-%s'><ping xmlns='" NS_PING "'/></iq>", xmpp_domain(s->bare), id);
}

static enum err fly(struct xmpp_session *s, struct flight *f, str xml, struct sent *out) AWAITS
{
    enum err e;

    f->next = s->flights;
    s->flights = f;
    f->written = true;
    e = xmpp_stream_write(&s->stream, xml, 1, &f->number);
    if (e && f->number == 0) {          /* it had to wait for others, and never began */
        unlink_flight(s, f);
        return e;
    }
    if (e == ERR_NET)                   /* resuming the session will tell */
        e = OK;
    while (e == OK && !f->arrived && !f->lost)
        e = wait_on(&s->landed, "the XMPP server to take a message");
    unlink_flight(s, f);
    out->unknown = e != OK || f->unknown;
    TRY(e);
    if (f->lost)
        return failed(ERR_NET, "the XMPP connection broke before the server had the message");
    return OK;
}

enum err xmpp_session_deliver(struct xmpp_session *s, str id, struct buf *message, struct sent *out)
{
    struct flight f = { .id = id };

    add_request_for_ack(s, message, id);
    TRY(fly(s, &f, buf_str(message), out));
    out->gone = f.why == ERR_NOT_FOUND;
    return f.why ? failed(f.why, "XMPP: %s", f.refused) : OK;
}

/* The server has the first n stanzas of ours. */
void xmpp_session_arrived(struct xmpp_session *s, uint32_t n)
{
    for (struct flight *f = s->flights; f; f = f->next)
        if (f->written && (int32_t)(n - f->number) >= 0)
            f->arrived = true;
    wake_all(&s->landed);
}

/* Whatever has not arrived never will; unknown: nobody says whether it did. */
static void give_up_flights(struct xmpp_session *s, bool unknown)
{
    for (struct flight *f = s->flights; f; f = f->next) {
        f->unknown = !f->arrived && unknown;
        f->lost = !f->arrived;
    }
    wake_all(&s->landed);
}

/* RFC 6120 section 8.3.2: what an error's type says about trying again. */
static enum err meaning_of(const struct xml_node *error)
{
    str type = xml_attribute(error, "type");

    if (str_eq(type, S("wait")))
        return ERR_LIMIT;
    if (xml_child(error, "item-not-found", NULL) || xml_child(error, "gone", NULL) || xml_child(error, "service-unavailable", NULL)
        || xml_child(error, "recipient-unavailable", NULL) || xml_child(error, "remote-server-not-found", NULL))
        return ERR_NOT_FOUND;
    return ERR_INPUT;
}

void xmpp_session_take_error(struct xmpp_session *s, const struct stanza *bounced)
{
    str id = xml_attribute(bounced->node, "id");
    const char *words = xmpp_error_words(bounced->arena, bounced->node);

    for (struct flight *f = s->flights; f; f = f->next)
        if (str_eq(f->id, id)) {
            f->why = meaning_of(xml_child(bounced->node, "error", NULL));
            snprintf(f->refused, sizeof f->refused, "%s", words);
            return;
        }
    log_event(LOG_WARN, "xmpp.bounced", F("to", xml_attribute(bounced->node, "from")), F("error", words));
}

/* ---- beginning and end ---- */

static enum err hear(struct xmpp_session *s, const char *good, struct stanza **out) AWAITS
{
    for (;;) {
        CLEANUP(stanza_freep) struct stanza *heard = NULL;

        TRY(xmpp_stream_next(&s->stream, &heard));
        if (!xml_is(heard->node, good, NS_SM) && !xml_is(heard->node, "failed", NS_SM))
            continue;
        *out = heard;
        heard = NULL;
        return OK;
    }
}

/* The session of before goes on, if the server still has it.  Either way it may know how far we came. */
static enum err resume(struct xmpp_session *s, bool *ret_resumed) AWAITS
{
    CLEANUP(stanza_freep) struct stanza *answer = NULL;
    CLEANUP(buf_done) struct buf b = {0};
    char h[16];
    uint64_t n;

    snprintf(h, sizeof h, "%u", s->seen);
    xml_addf(&b, "<resume xmlns='" NS_SM "' previd='%s' h='%s'/>", str_from(s->sm_id), str_from(h));
    TRY(xmpp_say(s, buf_str(&b), 0));
    TRY(hear(s, "resumed", &answer));
    *ret_resumed = xml_is(answer->node, "resumed", NULL);
    bool told = str_u64(xml_attribute(answer->node, "h"), &n) == OK;

    if (told)
        xmpp_session_arrived(s, (uint32_t)n);
    give_up_flights(s, !told);
    if (*ret_resumed && !told)
        return failed(ERR_REMOTE, "the XMPP server resumes a session and does not say where");
    s->stream.sent = (uint32_t)n;
    s->managed = true;
    return OK;
}

/* Not having it is no failure: the server may not know it, or not for us. */
static enum err enable(struct xmpp_session *s) AWAITS
{
    CLEANUP(stanza_freep) struct stanza *answer = NULL;
    str id;

    s->sm_id[0] = '\0';
    s->seen = 0;
    if (!xml_child(s->stream.features->node, "sm", NS_SM))
        return OK;
    TRY(xmpp_say(s, S("<enable xmlns='" NS_SM "' resume='true'/>"), 0));
    s->stream.sent = 0;
    TRY(hear(s, "enabled", &answer));
    s->managed = xml_is(answer->node, "enabled", NULL);
    id = xml_attribute(answer->node, "id");
    if (s->managed && id.len && id.len < sizeof s->sm_id && str_find_char(id, ' ') == STR_NONE) {
        snprintf(s->sm_id, sizeof s->sm_id, "%.*s", STR(id));
        snprintf(s->sm_of, sizeof s->sm_of, "%.*s", STR(s->bare));
    }
    return OK;
}

static enum err begin_new(struct xmpp_session *s, struct arena *a, const char *resource) AWAITS
{
    str jid;

    give_up_flights(s, true);
    TRY(xmpp_stream_bind(&s->stream, a, resource, &jid));
    TRY(enable(s));
    return xmpp_say(s, S("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>"
                         "<presence><priority>5</priority></presence>"), 2);
}

enum err xmpp_session_begin(struct xmpp_session *s, struct arena *a, const struct xmpp_login *login, const char *resource)
{
    bool resumed = false;

    TRY(xmpp_stream_open(&s->stream, login));
    s->bare = str_from(arena_printf(a, "%.*s@%.*s", STR(login->user), STR(login->domain)));
    if (s->sm_id[0] && str_eq(str_from(s->sm_of), s->bare) && xml_child(s->stream.features->node, "sm", NS_SM))
        TRY(resume(s, &resumed));
    if (!resumed)
        TRY(begin_new(s, a, resource));
    log_event(LOG_DEBUG, "xmpp.session", F("resumed", resumed), F("managed", s->managed));
    return OK;
}

void xmpp_session_end(struct xmpp_session *s)
{
    s->online = s->managed = false;
    for (struct question *q = s->questions; q; q = q->next)
        q->lost = true;
    wake_all(&s->answered);
    if (!s->sm_id[0])
        give_up_flights(s, true);
}

/* "h whose id", as xmpp_session_write() wrote it. */
void xmpp_session_read(struct xmpp_session *s, str text)
{
    str h = NO_STR, of = NO_STR, id = text;
    uint64_t n;

    if (!str_split(&id, ' ', &h) || !str_split(&id, ' ', &of) || str_u64(h, &n) || !id.len || id.len >= sizeof s->sm_id)
        return;
    if (of.len >= sizeof s->sm_of)
        return;
    snprintf(s->sm_id, sizeof s->sm_id, "%.*s", STR(id));
    snprintf(s->sm_of, sizeof s->sm_of, "%.*s", STR(of));
    s->seen = (uint32_t)n;
}

str xmpp_session_write(const struct xmpp_session *s, struct arena *a, uint32_t handled)
{
    return s->sm_id[0] ? str_from(arena_printf(a, "%u %s %s", handled, s->sm_of, s->sm_id)) : S("");
}
