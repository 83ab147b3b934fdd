// SPDX-License-Identifier: Apache-2.0
/* Whatever a broker sends: it is read or refused, and what was read is written as it came. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/mqtt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_publish(const struct mqtt_packet *p, bool v5)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = {0};
    static const char *const patterns[] = { "a/{user}/in", "{chat}/#", "+" };
    struct mqtt_rules rules = { .subscribe = patterns, .n_subscribe = 3, .text = v5 ? S("/text") : S(""), .id = S("") };
    struct mqtt_publish m, again;
    struct mqtt_packet q;
    struct message out;
    size_t used;
    bool wanted;

    if (mqtt_read_publish(p, v5, &m))
        return;
    mqtt_add_publish(&b, &m, v5);
    assert(mqtt_take(buf_str(&b), &q, &used) == OK && used == b.len && mqtt_read_publish(&q, v5, &again) == OK);
    assert(str_eq(m.topic, again.topic) && str_eq(m.payload, again.payload) && m.id == again.id && m.qos == again.qos);
    mqtt_decode(a, &m, &rules, mqtt_delivery(a, &m, 1), 1, &out, &wanted);
    if (wanted)
        assert(out.external_id.len && out.chat_id.len && out.user_id.len && utf8_valid(out.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str rest = str_of(data, size);
    struct mqtt_packet p;
    size_t used;
    unsigned n, code;

    while (mqtt_take(rest, &p, &used) == OK && used) {
        for (int v5 = 0; v5 < 2; v5++) {
            check_publish(&p, v5);
            if (mqtt_read_answer(&p, v5, &n, &code) == OK)
                assert(n <= 65535 && code <= 255 && mqtt_reason(v5, code)[0]);
        }
        rest = str_skip(rest, used);
    }
    return 0;
}
