// SPDX-License-Identifier: Apache-2.0
/* mqtt_packet.h: MQTT 3.1.1 and 5 packets, taken from bytes and written; and topics of patterns with {user} and {chat}.  No I/O.
 * What a client needs at QoS 1, nothing of QoS 2. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum mqtt_type {
    MQTT_CONNECT = 1, MQTT_CONNACK, MQTT_PUBLISH, MQTT_PUBACK, MQTT_SUBSCRIBE = 8, MQTT_SUBACK, MQTT_PINGREQ = 12, MQTT_PINGRESP,
    MQTT_DISCONNECT,
};
enum { MQTT_PACKET_MAX = 1 << 20, MQTT_TOPIC_MAX = 65535 };

struct mqtt_packet { unsigned type, flags; str body; };

/* The first whole packet of the bytes; *ret_used is 0 while it is not whole.  ERR_INPUT: that is no MQTT; ERR_LIMIT: too large. */
enum err mqtt_take(str bytes, struct mqtt_packet *out, size_t *ret_used) MUST_USE;

struct mqtt_publish { str topic, payload; unsigned id, qos; bool dup, retain; };
/* `v5` where the connection speaks it: packets have properties then, of which none is needed here. */
enum err mqtt_read_publish(const struct mqtt_packet *, bool v5, struct mqtt_publish *out) MUST_USE;
/* CONNACK: *ret_number is whether the session is still there; PUBACK, SUBACK: whose it is.  *ret_reason: the first (worst, of a
 * SUBACK) code; from 0x80 on (of a CONNACK of 3.1.1: from 1) it is a refusal. */
enum err mqtt_read_answer(const struct mqtt_packet *, bool v5, unsigned *ret_number, unsigned *ret_reason) MUST_USE;
const char *mqtt_reason(bool v5, unsigned code);        /* in words */

struct mqtt_connect { bool v5; str client_id, user, password, will_topic, will_text; unsigned keep_alive_s; };
void     mqtt_add_connect(struct buf *, const struct mqtt_connect *);
void     mqtt_add_publish(struct buf *, const struct mqtt_publish *, bool v5);
void     mqtt_add_puback(struct buf *, unsigned id);
void     mqtt_add_subscribe(struct buf *, unsigned id, const str *filters, size_t n, bool v5);
void     mqtt_add_simple(struct buf *, enum mqtt_type);     /* PINGREQ, DISCONNECT */

/* ---- topics ---- */

/* "home/{user}/ask": the filter to subscribe with is "home/+/ask".  ERR_INPUT: no pattern. */
enum err mqtt_filter(struct arena *, str pattern, str *out) MUST_USE;
/* Does the topic fit, and what stands where?  "" for what the pattern does not have. */
bool     mqtt_match(str pattern, str topic, str *ret_user, str *ret_chat);
/* The topic with the chat in the place of {chat}.  ERR_INPUT: the chat's name would reach another topic. */
enum err mqtt_topic(struct arena *, str pattern, str chat, str *out) MUST_USE;
