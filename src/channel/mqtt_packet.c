// SPDX-License-Identifier: Apache-2.0
#include "channel/mqtt_packet.h"

#include "base/utf8.h"

enum { V5_SESSION_EXPIRY = 0x11, REFUSED = 0x80 };

/* ---- reading ---- */

static bool take_byte(str *s, unsigned *out)
{
    if (!s->len)
        return false;
    *out = (unsigned char)s->p[0];
    *s = str_skip(*s, 1);
    return true;
}

static bool take_short(str *s, unsigned *out)
{
    unsigned high, low;

    if (!take_byte(s, &high) || !take_byte(s, &low))
        return false;
    *out = high << 8 | low;
    return true;
}

/* A variable byte integer: at most four bytes of seven bits (section 2.2.3 of 3.1.1, 1.5.5 of 5).  0: not whole, -1: none. */
static int take_length(str *s, size_t *out)
{
    unsigned byte;

    *out = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (!take_byte(s, &byte))
            return 0;
        *out |= (size_t)(byte & 127) << (7 * i);
        if (!(byte & 128))
            return 1;
    }
    return -1;
}

static bool take_text(str *s, str *out)
{
    unsigned n;

    if (!take_short(s, &n) || n > s->len)
        return false;
    *out = str_take(*s, n);
    *s = str_skip(*s, n);
    return utf8_valid(*out) && str_find_char(*out, '\0') == STR_NONE;
}

static bool skip_properties(str *s, bool v5)
{
    size_t n;

    if (!v5)
        return true;
    if (take_length(s, &n) != 1 || n > s->len)
        return false;
    *s = str_skip(*s, n);
    return true;
}

enum err mqtt_take(str bytes, struct mqtt_packet *out, size_t *ret_used)
{
    str rest = bytes;
    unsigned first;
    size_t n;

    *ret_used = 0;
    if (!take_byte(&rest, &first))
        return OK;
    int whole = take_length(&rest, &n);

    if (whole < 0)
        return failed(ERR_INPUT, "what answers there does not speak MQTT");
    if (whole && n > MQTT_PACKET_MAX)
        return failed(ERR_LIMIT, "the MQTT broker sent a packet above %d KiB", MQTT_PACKET_MAX >> 10);
    if (!whole || rest.len < n)
        return OK;
    *out = (struct mqtt_packet){ first >> 4, first & 15, str_take(rest, n) };
    *ret_used = bytes.len - rest.len + n;
    return OK;
}

enum err mqtt_read_publish(const struct mqtt_packet *p, bool v5, struct mqtt_publish *out)
{
    str s = p->body;
    bool good;

    *out = (struct mqtt_publish){ .qos = p->flags >> 1 & 3, .dup = p->flags & 8, .retain = p->flags & 1 };
    good = p->type == MQTT_PUBLISH && out->qos <= 1 && take_text(&s, &out->topic) && (!out->qos || (take_short(&s, &out->id) && out->id))
           && skip_properties(&s, v5);
    if (!good || !out->topic.len)
        return failed(ERR_INPUT, "the MQTT broker sent a message that cannot be read");
    out->payload = s;
    return OK;
}

enum err mqtt_read_answer(const struct mqtt_packet *p, bool v5, unsigned *ret_number, unsigned *ret_reason)
{
    str s = p->body;
    bool good = true;
    unsigned code;

    *ret_reason = 0;
    if (p->type == MQTT_CONNACK) {
        good = take_byte(&s, ret_number) && take_byte(&s, ret_reason);
        *ret_number &= 1;
    } else {
        good = take_short(&s, ret_number);
    }
    if (p->type == MQTT_PUBACK && s.len)        /* 5 leaves out a code that says "good" */
        take_byte(&s, ret_reason);
    if (p->type == MQTT_SUBACK) {
        good = good && skip_properties(&s, v5) && s.len;
        while (take_byte(&s, &code))
            *ret_reason = code > *ret_reason ? code : *ret_reason;
    }
    return good ? OK : failed(ERR_INPUT, "the MQTT broker's answer cannot be read");
}

const char *mqtt_reason(bool v5, unsigned code)
{
    static const struct { unsigned code; const char *words; } old[] = {
        { 1, "it does not speak this version" }, { 2, "it refuses the client id" }, { 3, "it is not available" },
        { 4, "wrong user or password" }, { 5, "not authorized" }, { 0x80, "refused" },
    }, new[] = {
        { 0x80, "refused" }, { 0x81, "malformed packet" }, { 0x82, "protocol error" }, { 0x83, "implementation specific error" },
        { 0x84, "it does not speak this version" }, { 0x85, "it refuses the client id" }, { 0x86, "wrong user or password" },
        { 0x87, "not authorized" }, { 0x88, "it is not available" }, { 0x89, "it is busy" }, { 0x8a, "banned" },
        { 0x8b, "it is shutting down" }, { 0x8d, "keep-alive timed out" }, { 0x8e, "another program took the session over" },
        { 0x8f, "bad topic filter" }, { 0x90, "bad topic name" }, { 0x95, "packet too large" }, { 0x97, "quota exceeded" },
        { 0x9f, "too many connections" },
    };

    for (size_t i = 0; v5 && i < N_ELEMENTS(new); i++)
        if (new[i].code == code)
            return new[i].words;
    for (size_t i = 0; !v5 && i < N_ELEMENTS(old); i++)
        if (old[i].code == code)
            return old[i].words;
    return "for a reason that has no name";
}

/* ---- writing ---- */

static void add_short(struct buf *b, size_t n)
{
    buf_add_char(b, (char)(n >> 8));
    buf_add_char(b, (char)n);
}

static void add_text(struct buf *b, str s)
{
    s = utf8_take(s, MQTT_TOPIC_MAX);
    add_short(b, s.len);
    buf_add(b, s);
}

static void add_packet(struct buf *out, unsigned first, const struct buf *body)
{
    size_t n = body->len;

    buf_add_char(out, (char)first);
    do {
        buf_add_char(out, (char)((n & 127) | (n > 127 ? 128 : 0)));
        n >>= 7;
    } while (n);
    buf_add(out, buf_str(body));
}

/* A session that outlives the connection: what is published meanwhile waits for us. */
void mqtt_add_connect(struct buf *out, const struct mqtt_connect *c)
{
    CLEANUP(buf_done) struct buf b = {0};
    unsigned flags = (c->user.len ? 0x80 : 0) | (c->password.len ? 0x40 : 0) | (c->will_topic.len ? 0x20 | 0x08 | 0x04 : 0);

    add_text(&b, S("MQTT"));
    buf_add_char(&b, c->v5 ? 5 : 4);
    buf_add_char(&b, (char)flags);
    add_short(&b, c->keep_alive_s);
    if (c->v5) {
        buf_add_char(&b, 5);
        buf_add_char(&b, V5_SESSION_EXPIRY);
        buf_add(&b, S("\xff\xff\xff\xff"));
    }
    add_text(&b, c->client_id);
    if (c->will_topic.len) {
        if (c->v5)
            buf_add_char(&b, 0);
        add_text(&b, c->will_topic);
        add_text(&b, c->will_text);
    }
    if (c->user.len)
        add_text(&b, c->user);
    if (c->password.len)
        add_text(&b, c->password);
    add_packet(out, MQTT_CONNECT << 4, &b);
}

void mqtt_add_publish(struct buf *out, const struct mqtt_publish *p, bool v5)
{
    CLEANUP(buf_done) struct buf b = { .max = MQTT_PACKET_MAX + 70000 };

    add_text(&b, p->topic);
    if (p->qos)
        add_short(&b, p->id);
    if (v5)
        buf_add_char(&b, 0);
    buf_add(&b, p->payload);
    add_packet(out, MQTT_PUBLISH << 4 | (p->dup ? 8 : 0) | p->qos << 1 | (p->retain ? 1 : 0), &b);
}

void mqtt_add_puback(struct buf *out, unsigned id)
{
    CLEANUP(buf_done) struct buf b = {0};

    add_short(&b, id);
    add_packet(out, MQTT_PUBACK << 4, &b);
}

void mqtt_add_subscribe(struct buf *out, unsigned id, const str *filters, size_t n, bool v5)
{
    CLEANUP(buf_done) struct buf b = {0};

    add_short(&b, id);
    if (v5)
        buf_add_char(&b, 0);
    for (size_t i = 0; i < n; i++) {
        add_text(&b, filters[i]);
        buf_add_char(&b, 1);
    }
    add_packet(out, MQTT_SUBSCRIBE << 4 | 2, &b);
}

void mqtt_add_simple(struct buf *out, enum mqtt_type type)
{
    add_packet(out, type << 4, &(struct buf){0});
}

/* ---- topics ---- */

static bool is_name(str level)
{
    return str_eq(level, S("{user}")) || str_eq(level, S("{chat}"));
}

enum err mqtt_filter(struct arena *a, str pattern, str *out)
{
    CLEANUP(buf_done) struct buf b = {0};
    str rest = pattern, level;
    bool ended = false;

    while (str_split(&rest, '/', &level)) {
        bool mark = level.len && (str_find_char(level, '+') != STR_NONE || str_find_char(level, '#') != STR_NONE);

        if (ended || (mark && level.len != 1) || (!is_name(level) && str_find_char(level, '{') != STR_NONE))
            return failed(ERR_INPUT, "'%.*s' is no topic pattern: a level is a word, +, {user}, {chat}, or # at the end", STR(pattern));
        ended = str_eq(level, S("#"));
        buf_addf(&b, "%s%.*s", b.len || level.p != pattern.p ? "/" : "", STR(is_name(level) ? S("+") : level));
    }
    *out = arena_str(a, buf_str(&b));
    return pattern.len ? OK : failed(ERR_INPUT, "an empty topic");
}

bool mqtt_match(str pattern, str topic, str *ret_user, str *ret_chat)
{
    str want, got;

    *ret_user = *ret_chat = S("");
    if (str_starts(topic, S("$")) && !str_starts(pattern, S("$")))
        return false;
    for (;;) {
        bool more_want = str_split(&pattern, '/', &want), more_got;

        if (more_want && str_eq(want, S("#")))
            return true;
        more_got = str_split(&topic, '/', &got);
        if (!more_want || !more_got)
            return more_want == more_got;
        if (str_eq(want, S("{user}")))
            *ret_user = got;
        else if (str_eq(want, S("{chat}")))
            *ret_chat = got;
        else if (!str_eq(want, S("+")) && !str_eq(want, got))
            return false;
    }
}

enum err mqtt_topic(struct arena *a, str pattern, str chat, str *out)
{
    CLEANUP(buf_done) struct buf b = {0};
    size_t at = str_find(pattern, S("{chat}"));

    if (at != STR_NONE && (!chat.len || str_find_char(chat, '/') != STR_NONE || str_find_char(chat, '+') != STR_NONE
                           || str_find_char(chat, '#') != STR_NONE || str_find_char(chat, '\0') != STR_NONE))
        return failed(ERR_INPUT, "the chat's name cannot be a level of a topic");
    buf_add(&b, str_take(pattern, at));
    if (at != STR_NONE) {
        buf_add(&b, chat);
        buf_add(&b, str_skip(pattern, at + 6));
    }
    *out = arena_str(a, buf_str(&b));
    return OK;
}
