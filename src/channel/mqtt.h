// SPDX-License-Identifier: Apache-2.0
/* mqtt.h: the parts of the MQTT channel.  mqtt.c: the connection; mqtt_message.c: what a topic and a payload say; underneath:
 * mqtt_packet.h. */
#pragma once
#include "channel/mqtt_packet.h"
#include "domain/channel.h"

/* What the settings say about messages. */
struct mqtt_rules {
    const char *const *subscribe;   /* patterns, n_subscribe */
    size_t      n_subscribe;
    str         text, user, chat, id;       /* JSON pointers into the payload; "": as it is, by the topic, by delivery */
};

/* *ret_wanted false: nobody is to answer it (no text, not JSON where JSON is read, a value retained from before).
 * delivery: what makes this delivery known again, for a payload without an id. */
void     mqtt_decode(struct arena *, const struct mqtt_publish *, const struct mqtt_rules *, str delivery, int64_t now_ms,
                     struct message *out, bool *ret_wanted);
/* Which delivery this is, in its session: told again after a broken connection it is the same. */
str      mqtt_delivery(struct arena *, const struct mqtt_publish *, uint64_t session);
