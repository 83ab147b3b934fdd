// SPDX-License-Identifier: Apache-2.0
/* Whatever form comes: it is decoded or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/sms.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool configured;
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct sms_form *form = ARENA_NEW(a, struct sms_form);
    struct hook_message m;
    bool wanted;

    if (!configured)
        configured = config_load_for_test("/nonexistent", (const char *const[]){ "platforms.sms.account_sid=AC1", NULL }) == OK;
    sms_form_read(a, str_of(data, size), form);
    (void)sms_twilio_signed(a, S("t"), S("https://h"), form, S("x"));
    if (sms_twilio_decode(a, form, &m, &wanted) || !wanted)
        return 0;
    assert(m.message.external_id.len && m.message.chat_id.len && utf8_valid(m.message.text));
    return 0;
}
