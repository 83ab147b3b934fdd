// SPDX-License-Identifier: Apache-2.0
#include "channel/chats.h"

#include <string.h>

#include "base/json.h"
#include "config/config.h"
#include "config/options.h"

enum { ROWS_MAX = 1000 };

static const char *const keys[] = { "platform", "chat", "agent", "mode", "answer" };
static const char *const answers[] = { "addressed", "all", "never" };
static const char *const modes[] = { "auto", "rules", "model" };

static bool fits(const json_t *row, str platform, str chat_id)
{
    str chat = json_text_str(row, "chat");

    return str_eq(json_text_str(row, "platform"), platform) && (chat.len == 0 || str_eq(chat, chat_id));
}

static str text_of(str platform, str chat_id, const char *key)
{
    const json_t *row;
    size_t i;

    json_array_foreach(config_now()->chats, i, row)
        if (fits(row, platform, chat_id) && json_at(row, key))
            return json_text_str(row, key);
    return S("");
}

enum chat_answer chats_answer(str platform, str chat_id)
{
    str answer = text_of(platform, chat_id, "answer");

    for (size_t i = 0; i < N_ELEMENTS(answers); i++)
        if (str_eq(answer, str_from(answers[i])))
            return (enum chat_answer)i;
    return ANSWER_ADDRESSED;
}

bool chats_wants(const struct message *m)
{
    enum chat_answer answer = chats_answer(m->platform, m->chat_id);

    return answer == ANSWER_ALL || (answer == ANSWER_ADDRESSED && !m->overheard);
}

bool chats_any_all(str platform)
{
    const json_t *row;
    size_t i;

    json_array_foreach(config_now()->chats, i, row)
        if (str_eq(json_text_str(row, "platform"), platform) && str_eq(json_text_str(row, "answer"), S("all")))
            return true;
    return false;
}

str chats_agent(str platform, str chat_id)
{
    return text_of(platform, chat_id, "agent");
}

str chats_mode(str platform, str chat_id)
{
    return text_of(platform, chat_id, "mode");
}

/* ---- checking ---- */

static enum err check_word(size_t n, const json_t *row, const char *key, const char *const *words, size_t n_words)
{
    const json_t *j = json_at(row, key);

    if (!j)
        return OK;
    for (size_t i = 0; i < n_words; i++)
        if (str_eq(json_strval(j), str_from(words[i])))
            return OK;
    return failed(ERR_INPUT, "chats[%zu].%s: is %s, %s or %s", n, key, words[0], words[1], words[2]);
}

static enum err check_keys(size_t n, const json_t *row)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)row, key, value) {
        const char *near = name_nearest(str_from(key), keys, N_ELEMENTS(keys));
        size_t i = 0;

        while (i < N_ELEMENTS(keys) && strcmp(keys[i], key))
            i++;
        if (i == N_ELEMENTS(keys))
            return failed(ERR_INPUT, "chats[%zu]: there is no '%.40s' here%s%s%s", n, key, near ? " (did you mean " : "", near ? near : "",
                          near ? "?)" : "");
        if (!json_is_string(value))
            return failed(ERR_INPUT, "chats[%zu].%s: a text is wanted; put numbers in quotes", n, key);
    }
    return OK;
}

static enum err check_row(size_t n, const json_t *row)
{
    if (!json_is_object(row))
        return failed(ERR_INPUT, "chats[%zu]: a map is wanted, such as {platform: telegram, chat: \"-100123\", answer: all}", n);
    TRY(check_keys(n, row));
    if (json_text_str(row, "platform").len == 0)
        return failed(ERR_INPUT, "chats[%zu]: platform is wanted", n);
    TRY(check_word(n, row, "answer", answers, N_ELEMENTS(answers)));
    return check_word(n, row, "mode", modes, N_ELEMENTS(modes));
}

enum err chats_check(void)
{
    const json_t *rows = config_now()->chats, *row;
    size_t i;

    if (rows && !json_is_array(rows))
        return failed(ERR_INPUT, "chats: a list of maps is wanted, such as [{platform: telegram, chat: \"-100123\", answer: all}]");
    if (json_array_size(rows) > ROWS_MAX)
        return failed(ERR_INPUT, "chats: at most %d", ROWS_MAX);
    json_array_foreach(rows, i, row)
        TRY(check_row(i, row));
    return OK;
}
