// SPDX-License-Identifier: Apache-2.0
/* The connection to the MQTT broker.  The session outlives it (no clean session), so what is published at QoS 1 while we are away
 * waits; a message is acknowledged when it is stored, and not before, which is why this is not libmosquitto: that acknowledges
 * around a callback, and a callback cannot wait for a commit. */
#include "channel/mqtt.h"

#include <sys/socket.h>

#include "base/log.h"
#include "channel/markup.h"
#include "config/config.h"
#include "net/dial.h"
#include "net/tls.h"
#include "runtime/clock.h"

enum {
    PORT = 1883, PORT_TLS = 8883, OPEN_MS = 30 * 1000, WRITE_MS = 30 * 1000, KEEP_ALIVE_S = 60, TICK_MS = 15 * 1000,
    PING_AFTER_MS = 30 * 1000, DEAD_AFTER_MS = 75 * 1000, BATCH_MAX = 64, PATTERNS_MAX = 64,
};

/* A message on its way out, on the stack of who sends it; the connection may change meanwhile. */
struct flight { unsigned id, reason; bool arrived, lost; str packet; struct flight *next; };

static struct {
    struct transport io;
    struct buf       in;
    const struct channel_host *host;
    bool             online, v5, writing, broken;
    uint64_t         heard_ms, session;     /* session: how many there have been */
    bool             recalled;
    unsigned         last_id;
    struct flight   *flights;
    struct waiters   landed, may_write;
} q;

static const struct config *cfg(void)
{
    return config_now();
}

static bool configured(void)
{
    return cfg()->platforms_mqtt_host[0] && cfg()->platforms_mqtt_subscribe.n;
}

static void read_rules(struct mqtt_rules *out)
{
    const struct config *c = cfg();

    *out = (struct mqtt_rules){
        .subscribe = c->platforms_mqtt_subscribe.items, .n_subscribe = c->platforms_mqtt_subscribe.n,
        .text = str_from(c->platforms_mqtt_text), .user = str_from(c->platforms_mqtt_user), .chat = str_from(c->platforms_mqtt_chat),
        .id = str_from(c->platforms_mqtt_id),
    };
}

/* ---- bytes ---- */

static void unlock(int *unused UNUSED)
{
    q.writing = false;
    wake_all(&q.may_write);
}

/* Half a packet spoils all behind it, so whoever could not finish ends the connection. */
static void break_off(void)
{
    q.broken = true;
    shutdown(fd_raw(q.io.fd), SHUT_RDWR);
}

static enum err say(str packets) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit;

    deadline_set(&limit, WRITE_MS);
    while (q.writing)
        TRY(wait_on(&q.may_write, "the MQTT connection to write to"));
    if (!q.io.fd || q.broken)
        return failed(ERR_NET, "there is no MQTT connection");
    q.writing = true;
    CLEANUP(unlock) int held = 0;
    enum err e = transport_write(&q.io, &packets, 1);

    if (e)
        break_off();
    return e;
}

static enum err read_more(struct transport *io, struct buf *in) AWAITS
{
    bool readable, end;
    size_t n;

    TRY(transport_wait(io, NULL, &readable));
    TRY(transport_take(io, transport_scratch(), SCRATCH_SIZE, &n, &end));
    buf_add(in, str_of(transport_scratch(), n));
    if (end && !n)
        return failed(ERR_NET, "the MQTT broker closed the connection");
    q.heard_ms = clock_ms();
    return buf_check(in, "what the MQTT broker sent");
}

/* ---- beginning ---- */

static enum err secure(struct transport *io) AWAITS
{
    const struct config *c = cfg();
    struct ssl_ctx_st *context;

    if (!c->platforms_mqtt_tls)
        return OK;
    if (!c->platforms_mqtt_ca_file[0])
        return dial_tls(io, c->platforms_mqtt_host);
    TRY(tls_client_context(c->platforms_mqtt_ca_file, &context));
    enum err e = transport_connect_tls(io, context, c->platforms_mqtt_host);

    tls_context_free(context);
    return e;
}

static enum err check_settings(void)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct config *c = cfg();
    str filter;

    if (c->platforms_mqtt_subscribe.n > PATTERNS_MAX)
        return failed(ERR_AUTH, "platforms.mqtt.subscribe: at most %d patterns", PATTERNS_MAX);
    for (size_t i = 0; i < c->platforms_mqtt_subscribe.n; i++)
        if (mqtt_filter(a, str_from(c->platforms_mqtt_subscribe.items[i]), &filter))
            return failed_in(ERR_AUTH, "platforms.mqtt.subscribe: ");
    if (c->platforms_mqtt_password[0] && !c->platforms_mqtt_tls && !dial_is_loopback(c->platforms_mqtt_host))
        return failed(ERR_AUTH, "platforms.mqtt.password would go over the network in the clear: set platforms.mqtt.tls");
    log_mask(str_from(c->platforms_mqtt_password));
    return OK;
}

/* A refusal that a setting must mend stops the channel; of the others the broker may think better. */
static enum err refused(bool v5, unsigned code)
{
    bool ours = v5 ? (code >= 0x84 && code <= 0x87) || code == 0x8a : code == 1 || code == 2 || code == 4 || code == 5;

    return failed(ours ? ERR_AUTH : ERR_REMOTE, "the MQTT broker refuses the connection: %s%s", mqtt_reason(v5, code),
                  ours ? " (check platforms.mqtt.user, password, client_id and version)" : "");
}

static enum err await_packet(struct transport *io, struct buf *in, enum mqtt_type type, struct mqtt_packet *out, size_t *ret_used) AWAITS
{
    for (;;) {
        TRY(mqtt_take(buf_str(in), out, ret_used));
        if (*ret_used && out->type != (unsigned)type)
            return failed(ERR_REMOTE, "the MQTT broker answers out of turn");
        if (*ret_used)
            return OK;
        TRY(read_more(io, in));
    }
}

static enum err open_connection(struct transport *io, struct buf *in, const char *client_id, bool *ret_session) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit;
    CLEANUP(buf_done) struct buf b = {0};
    const struct config *c = cfg();
    bool v5 = str_eq(str_from(c->platforms_mqtt_version), S("5")), will = !str_eq(str_from(client_id), S("")) && io == &q.io;
    struct mqtt_packet p;
    unsigned present, code, port = (unsigned)c->platforms_mqtt_port;
    size_t used;

    deadline_set(&limit, OPEN_MS);
    TRY(dial(c->platforms_mqtt_host, port ? port : c->platforms_mqtt_tls ? PORT_TLS : PORT, DIAL_AS_OTHER, io));
    TRY(secure(io));
    mqtt_add_connect(&b, &(struct mqtt_connect){
        .v5 = v5, .client_id = str_from(client_id), .user = str_from(c->platforms_mqtt_user_name),
        .password = str_from(c->platforms_mqtt_password),
        .will_topic = str_from(will ? c->platforms_mqtt_status_topic : ""), .will_text = S("offline"), .keep_alive_s = KEEP_ALIVE_S });
    TRY(transport_write(io, &(str){ b.p, b.len }, 1));
    TRY(await_packet(io, in, MQTT_CONNACK, &p, &used));
    TRY(mqtt_read_answer(&p, v5, &present, &code));
    if (code)
        return refused(v5, code);
    buf_drop(in, used);
    *ret_session = present;
    return OK;
}

static unsigned next_id(void)
{
    bool used = true;

    while (used) {
        q.last_id = q.last_id % 65535 + 1;
        used = false;
        for (const struct flight *f = q.flights; f; f = f->next)
            used |= f->id == q.last_id;
    }
    return q.last_id;
}

static enum err subscribe(void) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = {0};
    const struct string_list *patterns = &cfg()->platforms_mqtt_subscribe;
    str filters[PATTERNS_MAX];

    for (size_t i = 0; i < patterns->n; i++)
        TRY(mqtt_filter(a, str_from(patterns->items[i]), &filters[i]));
    mqtt_add_subscribe(&b, next_id(), filters, patterns->n, q.v5);
    if (cfg()->platforms_mqtt_status_topic[0])
        mqtt_add_publish(&b, &(struct mqtt_publish){ .topic = str_from(cfg()->platforms_mqtt_status_topic), .payload = S("online"),
                                                     .retain = true }, q.v5);
    return say(buf_str(&b));
}

/* A session of before still knows what we sent and it did not acknowledge: it is sent again, marked as such (section 4.4).  A new
 * one does not, and nobody can say any more. */
static enum err settle_flights(bool session) AWAITS
{
    CLEANUP(buf_done) struct buf b = { .max = 4 * MQTT_PACKET_MAX };

    for (struct flight *f = q.flights; f; f = f->next) {
        f->lost |= !session;
        if (session && !f->arrived && b.len + f->packet.len < b.max) {
            size_t at = b.len;

            buf_add(&b, f->packet);
            b.p[at] |= 8;
        }
    }
    wake_all(&q.landed);
    return b.len ? say(buf_str(&b)) : OK;
}

static enum err count_session(bool present) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str text;

    if (!q.recalled) {
        TRY(q.host->recall(q.host, a, S("session"), &text));
        if (str_u64(text, &q.session))
            q.session = 0;
        q.recalled = true;
    }
    if (present)
        return OK;
    q.session++;
    return q.host->remember(q.host, S("session"), str_from(arena_printf(a, "%llu", (unsigned long long)q.session)));
}

/* ---- what comes in ---- */

static enum err take_answer(const struct mqtt_packet *p)
{
    unsigned id, reason;

    TRY(mqtt_read_answer(p, q.v5, &id, &reason));
    if (p->type == MQTT_SUBACK) {
        if (reason >= 0x80)
            return failed(ERR_AUTH, "the MQTT broker refuses a topic of platforms.mqtt.subscribe: %s", mqtt_reason(q.v5, reason));
        q.host->health(q.host, OK, "connected");
        return OK;
    }
    for (struct flight *f = q.flights; f; f = f->next)
        if (f->id == id) {
            f->arrived = true;
            f->reason = reason;
        }
    wake_all(&q.landed);
    return OK;
}

static enum err take_publish(struct arena *a, const struct mqtt_packet *p, struct message *out, bool *ret_wanted, struct buf *acks)
{
    struct mqtt_rules rules;
    struct mqtt_publish m;

    read_rules(&rules);
    TRY(mqtt_read_publish(p, q.v5, &m));
    mqtt_decode(a, &m, &rules, mqtt_delivery(a, &m, q.session), clock_wall_ms(), out, ret_wanted);
    if (!*ret_wanted)
        log_event(LOG_DEBUG, "mqtt.passed_over", F("topic", m.topic), F("retained", m.retain));
    if (m.qos)
        mqtt_add_puback(acks, m.id);
    return OK;
}

static enum err take_one(struct arena *a, const struct mqtt_packet *p, struct message *out, bool *ret_wanted, struct buf *acks)
{
    *ret_wanted = false;
    if (p->type == MQTT_PUBLISH)
        return take_publish(a, p, out, ret_wanted, acks);
    if (p->type == MQTT_PUBACK || p->type == MQTT_SUBACK)
        return take_answer(p);
    if (p->type == MQTT_DISCONNECT)
        return failed(ERR_NET, "the MQTT broker ends the connection: %s", mqtt_reason(q.v5, p->body.len ? (unsigned char)p->body.p[0] : 0));
    return OK;
}

/* Everything that is whole: stored in one commit, then acknowledged in one write. */
static enum err take_packets(void) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf acks = {0};
    struct message *messages = arena_alloc(a, BATCH_MAX * sizeof *messages);
    size_t n = 0, at = 0, used = 1;
    struct mqtt_packet p;
    bool wanted;

    while (n < BATCH_MAX) {
        TRY(mqtt_take(str_skip(buf_str(&q.in), at), &p, &used));
        if (!used)
            break;
        TRY(take_one(a, &p, &messages[n], &wanted, &acks));
        at += used;
        n += wanted;
    }
    buf_drop(&q.in, at);
    if (n)
        TRY(q.host->receive(q.host, messages, n));
    return acks.len ? say(buf_str(&acks)) : OK;
}

static enum err read_fiber(void *arg UNUSED) AWAITS
{
    for (;;) {
        struct mqtt_packet p;
        size_t used;

        TRY(take_packets());
        TRY(mqtt_take(buf_str(&q.in), &p, &used));
        if (!used)
            TRY(read_more(&q.io, &q.in));
    }
}

static enum err watch_fiber(void *arg UNUSED) AWAITS
{
    for (;;) {
        CLEANUP(buf_done) struct buf b = {0};

        TRY(fiber_sleep(TICK_MS));
        if (clock_ms() - q.heard_ms > DEAD_AFTER_MS)
            return failed(ERR_TIMEOUT, "the MQTT broker has not answered for %d s", DEAD_AFTER_MS / 1000);
        mqtt_add_simple(&b, MQTT_PINGREQ);
        if (clock_ms() - q.heard_ms > PING_AFTER_MS)
            TRY(say(buf_str(&b)));
    }
}

/* ---- what goes out ---- */

static void unlink_flight(struct flight *f)
{
    struct flight **at = &q.flights;

    while (*at && *at != f)
        at = &(*at)->next;
    if (*at)
        *at = f->next;
}

static str payload_of(struct arena *a, const struct outgoing *m)
{
    CLEANUP(buf_done) struct buf b = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (str_eq(str_from(cfg()->platforms_mqtt_payload), S("json"))) {
        j = json_pack("{s:o, s:o, s:o}", "text", json_from_str(m->text), "chat", json_from_str(m->chat_id), "reply_to",
                      json_from_str(m->reply_to));
        return json_print(a, j);
    }
    markup_write(&b, markup_parse(a, m->text), MARKUP_PLAIN);
    return b.len ? arena_str(a, buf_str(&b)) : m->text;
}

static enum err what_became(const struct flight *f)
{
    if (f->lost)
        return failed(ERR_NET, "the MQTT broker forgot the session before it acknowledged the message");
    if (f->reason < 0x80)
        return OK;
    return failed(f->reason == 0x97 ? ERR_LIMIT : f->reason == 0x87 ? ERR_AUTH : ERR_INPUT, "the MQTT broker refuses the message: %s",
                  mqtt_reason(q.v5, f->reason));
}

static enum err send_message(const struct channel_host *host UNUSED, struct arena *a, struct outgoing *m, void (*begun)(void *),
                             struct sent *out) AWAITS
{
    CLEANUP(buf_done) struct buf b = { .max = MQTT_PACKET_MAX + 70000 };
    CLEANUP(unlink_flight) struct flight f = {0};
    str topic;
    enum err e;

    if (!q.online)
        return failed(ERR_NET, "there is no MQTT connection");
    TRY(mqtt_topic(a, str_from(cfg()->platforms_mqtt_publish), m->chat_id, &topic));
    f.id = next_id();
    mqtt_add_publish(&b, &(struct mqtt_publish){ .topic = topic, .payload = payload_of(a, m), .id = f.id, .qos = 1,
                                                 .retain = cfg()->platforms_mqtt_retain }, q.v5);
    TRY(buf_check(&b, "the message"));
    f.packet = buf_str(&b);
    f.next = q.flights;
    q.flights = &f;
    begun(m);
    e = say(f.packet);
    if (e == ERR_NET)           /* the next connection will say it again, if the session is still there */
        e = OK;
    while (e == OK && !f.arrived && !f.lost)
        e = wait_on(&q.landed, "the MQTT broker to take a message");
    out->unknown = e != OK || f.lost;
    TRY(e);
    return what_became(&f);
}

/* ---- run ---- */

static enum err serve(void) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = {0};
    bool session;

    TRY(check_settings());
    q.v5 = str_eq(str_from(cfg()->platforms_mqtt_version), S("5"));
    TRY(open_connection(&q.io, &q.in, cfg()->platforms_mqtt_client_id, &session));
    TRY(count_session(session));
    TRY(settle_flights(session));
    TRY(subscribe());
    q.online = true;
    log_event(LOG_DEBUG, "mqtt.session", F("resumed", session));
    fibers_spawn(&g, "mqtt.read", read_fiber, NULL);
    fibers_spawn(&g, "mqtt.watch", watch_fiber, NULL);
    return fibers_wait(&g);
}

/* Going without a word: the broker then says "offline" for us, and keeps the session. */
static void end(void) AWAITS
{
    q.online = false;
    if (q.writing)
        break_off();
    while (q.writing)
        wait_out(&q.may_write, "a writer to leave the MQTT connection");
    transport_close(&q.io);
    q.broken = false;
    buf_done(&q.in);
}

static enum err run(const struct channel_host *host) AWAITS
{
    char text[ERR_TEXT_MAX];

    q.host = host;
    q.in.max = 2 * MQTT_PACKET_MAX;
    q.heard_ms = clock_ms();
    enum err e = serve();

    snprintf(text, sizeof text, "%s", failed_text());
    end();
    if (e != ERR_CANCELLED)
        host->health(host, e, text);
    return e ? failed(e, "%s", text) : OK;
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    CLEANUP(transport_close) struct transport io = {0};
    CLEANUP(buf_done) struct buf in = {0};
    const char *id = arena_printf(a, "%s-check", cfg()->platforms_mqtt_client_id);
    bool session;

    TRY(check_settings());
    TRY(open_connection(&io, &in, id, &session));
    *ret_who = str_from(arena_printf(a, "%s at %s", cfg()->platforms_mqtt_client_id, cfg()->platforms_mqtt_host));
    return OK;
}

static const struct channel_key keys[] = {
    { "platforms.mqtt.host", "The MQTT broker's name or address", "MQTT 服务器的地址", false },
    { "platforms.mqtt.user_name", "User name there; empty for none", "用户名，可留空", true },
    { "platforms.mqtt.password", "Password; empty for none", "密码，可留空", true },
    { "platforms.mqtt.subscribe", "Topics to listen to, separated by commas (clawdbot/{user}/in)",
      "要订阅的主题，用逗号分隔（clawdbot/{user}/in）", false },
    { "platforms.mqtt.publish", "Topic to answer on (clawdbot/{chat}/out)", "回复所用的主题（clawdbot/{chat}/out）", false },
};

const struct channel channel_mqtt = {
    .name = "mqtt", .title = "MQTT", .proven_by = "mosquitto 2.0", .keys = keys, .n_keys = N_ELEMENTS(keys), .markup = MARKUP_PLAIN,
    .unit = UNIT_BYTE, .text_max = 60000, .configured = configured, .check = check, .run = run, .send = send_message,
};
