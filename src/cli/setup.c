// SPDX-License-Identifier: Apache-2.0
#include "cli/setup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/prompt.h"
#include "cli/remote.h"
#include "model/detect.h"
#include "model/presets.h"
#include "net/url.h"

#define OPENAI "https://api.openai.com/v1"

enum { CHECK_MS = 60000, LISTED_MAX = 12 };

struct setup {
    struct cli          *cli;
    struct setup_answers answers;
    struct model         model;         /* the one that was checked */
    bool                 has_model, skipped;    /* skipped: the input ended; what was answered so far counts */
};

/* In the language that was chosen, or else in that of the machine. */
static const char *in(const struct setup *s, const char *english, const char *chinese)
    __attribute__((format_arg(2), format_arg(3)));
static const char *in(const struct setup *s, const char *english, const char *chinese)
{
    const char *language = s->answers.language, *names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

    if (*language && strcmp(language, "auto") != 0)
        return strcmp(language, "zh") == 0 ? chinese : english;
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return strncmp(value, "zh", 2) == 0 ? chinese : english;
    }
    return english;
}

/* ---- asking ---- */

/* "" for an empty line, and for every question after the input has ended. */
static enum err ask(struct setup *s, enum visibility v, const char *question, const char **out) AWAITS
{
    str line;

    *out = "";
    if (s->skipped)
        return OK;
    printf("%s ", question);
    fflush(stdout);
    TRY(prompt_line(s->cli->arena, v, &line));
    s->skipped = line.p == NULL;
    if (s->skipped)
        putchar('\n');
    else
        *out = line.p;
    return OK;
}

static enum err ask_language(struct setup *s) AWAITS
{
    static const char *const languages[] = { "auto", "en", "zh" };
    const char *answer;

    TRY(ask(s, SHOWN, "Language / 语言: 1) as you write / 跟随你  2) English  3) 中文  [1]:", &answer));
    uint64_t n = *answer ? 0 : 1;

    if (*answer && str_u64(str_from(answer), &n))
        for (size_t i = 0; i < N_ELEMENTS(languages); i++)
            if (strcmp(answer, languages[i]) == 0)
                n = i + 1;
    s->answers.language = n >= 1 && n <= 3 ? languages[n - 1] : "auto";
    return OK;
}

/* ---- the model ---- */

static enum err find(struct setup *s, bool configured_only) AWAITS
{
    struct model_settings settings = { s->answers.endpoint, s->answers.api_key, s->answers.model, configured_only };
    enum err e = model_find(s->cli->arena, &settings, &s->model);

    s->has_model = e == OK;
    return e;
}

/* What was typed as the address of a server, or as the name of one that is known, with a scheme; NULL when it looks like a key.
 * "localhost:11434" is an address to people, and must not be sent to somebody else as a key. */
const char *setup_address(struct arena *a, const char *answer)
{
    struct url u = { 0 };
    const char *colon = strrchr(answer, ':');
    bool port = colon && colon[1] && colon[1 + strspn(colon + 1, "0123456789")] == '\0';
    const struct preset *known = preset_named(str_from(answer));

    if (known && strchr(known->endpoint, '{') == NULL)
        return known->endpoint;
    if (strstr(answer, "://"))
        return answer;
    if (!port && !strchr(answer, '/') && strcmp(answer, "localhost") != 0)
        return NULL;
    const char *plain = arena_printf(a, "http://%s", answer);
    bool numeric = url_parse(str_from(plain), &u) == OK && u.host.len && (u.is_ipv6 || u.host.p[u.host.len - 1] <= '9');

    return numeric || url_is_loopback(&u) ? plain : arena_printf(a, "https://%s", answer);
}

/* A key, an address, or nothing: told apart by what they look like. */
static enum err ask_provider(struct setup *s) AWAITS
{
    const char *answer;

    if (find(s, false) == OK)
        printf(in(s, "There is a model on hand: %s (%s).\n", "已找到可用的模型：%s（%s）。\n"), s->model.name, s->model.source);
    TRY(ask(s, HIDDEN, s->has_model
            ? in(s, "Paste an API key, or a model server's address or name (deepseek), to use another; Enter keeps this one (not shown):",
                 "要换一个，请粘贴 API key，或模型服务器的地址或名称（如 deepseek）；直接回车则使用它（输入不显示）：")
            : in(s, "Paste an API key, or a model server's address (http://...) or name (deepseek); Enter goes on without a model "
                 "(not shown):",
                 "请粘贴 API key，或模型服务器的地址（http://...）或名称（如 deepseek）；直接回车则暂不使用模型（输入不显示）："), &answer));
    if (*answer == '\0')
        return OK;
    s->has_model = false;
    s->answers.endpoint = setup_address(s->cli->arena, answer);
    if (s->answers.endpoint) {
        printf(in(s, "The server at %s.\n", "服务器：%s\n"), s->answers.endpoint);
        return ask(s, HIDDEN, in(s, "Its key, if it wants one (not shown):", "它的 API key，如果需要（输入不显示）："),
                   &s->answers.api_key);
    }
    s->answers.api_key = answer;
    TRY(ask(s, SHOWN, in(s, "The address it is for [" OPENAI "]:", "这个 key 对应的地址 [" OPENAI "]："), &answer));
    const char *address = *answer ? setup_address(s->cli->arena, answer) : OPENAI;

    s->answers.endpoint = address ? address : answer;
    return OK;
}

static void print_models(const struct setup *s, const char **names, size_t n, const char *taken)
{
    printf("%s", in(s, "It has", "它提供"));
    for (size_t i = 0; i < n && i < LISTED_MAX; i++) {
        fputs(i ? ", " : " ", stdout);
        cli_print_text(stdout, str_from(names[i]));
    }
    printf("%s.\nModel [", n > LISTED_MAX ? ", ..." : "");
    cli_print_text(stdout, str_from(taken));
}

static enum err ask_model(struct setup *s) AWAITS
{
    const char **names, *answer;
    size_t n;

    TRY(find(s, true));
    TRY(model_list(s->cli->arena, &s->model, &names, &n));
    if (n < 2)
        return OK;
    print_models(s, names, n, s->model.name);
    TRY(ask(s, SHOWN, "]:", &answer));
    if (*answer == '\0')
        return OK;
    s->answers.model = answer;
    return find(s, true);
}

static void print_delta(void *arg, str text)
{
    (void)arg;
    cli_print_text(stdout, text);
    fflush(stdout);
}

static enum err first_reply(struct setup *s) AWAITS
{
    bool chinese = strcmp(s->answers.language, "zh") == 0;
    struct chat_message hello = {
        .role = ROLE_USER, .text = chinese ? S("用一句话打个招呼。") : S("Say hello in one short sentence."),
    };
    struct prompt p = { .messages = &hello, .n_messages = 1, .temperature = -1 };
    struct completion_options o = { .on_delta = print_delta, .first_token_ms = CHECK_MS, .tries = 1 };
    struct reply r;

    printf(in(s, "Asking %s to say hello ...\n  ", "正在请 %s 打个招呼 ...\n  "), s->model.name);
    fflush(stdout);
    enum err e = complete(&s->model, s->cli->arena, &p, &o, &r);

    putchar('\n');
    return e;
}

/* Until it answers, or the user gives up on a model. */
static enum err settle_model(struct setup *s) AWAITS
{
    for (;;) {
        TRY(ask_provider(s));
        if (*s->answers.endpoint == '\0' && !s->has_model)
            return OK;
        enum err e = *s->answers.endpoint ? ask_model(s) : OK;

        if (e == OK)
            e = first_reply(s);
        if (e == OK)
            return OK;
        TRY(fiber_check());
        printf(in(s, "That did not work: %s\n", "没有成功：%s\n"), failed_text());
        s->answers.endpoint = s->answers.api_key = s->answers.model = "";
        s->has_model = false;
        if (s->skipped)
            return OK;
    }
}

/* ---- the whole ---- */

/* A layer above may say otherwise; then the answers are true and without effect, which would be hard to find out. */
static void tell_what_wins(struct cli *c, const struct setup_answers *a)
{
    CLEANUP(config_report_done) struct config_report r = {0};
    CLEANUP(json_decrefp) json_t *all = NULL;
    struct config_inputs in;
    json_t *row;
    size_t i;

    cli_inputs(c, &in);
    if (config_load(&in, &r)) {
        cli_print_report(stdout, &r);
        return;
    }
    all = config_show();
    json_array_foreach(all, i, row) {
        const char *path = json_text(row, "path"), *from = json_text(row, "from");
        bool ours = (*a->endpoint && strcmp(path, "model_provider.endpoint") == 0)
                    || (*a->language && strcmp(path, "language") == 0);

        if (ours && strstr(from, "/config/setup.yaml:") == NULL)
            printf("Mind: %s is set in %s, which wins.\n", path, from);
    }
}

static enum err setup_fiber(void *arg) AWAITS
{
    struct setup s = { .cli = arg, .answers = { "", "", "", "" } };
    const char *path;

    puts(in(&s, "A few questions; Enter takes what stands in [ ], Ctrl-D skips the rest. `clawdbot setup` asks again.",
            "几个问题：回车采用 [ ] 中的值，Ctrl-D 跳过其余问题。以后可用 `clawdbot setup` 重新设置。"));
    TRY(ask_language(&s));
    TRY(settle_model(&s));
    TRY(setup_write(s.cli, &s.answers, &path));
    if (!s.has_model)
        puts(in(&s, "No model for now: commands such as /help and /run are answered.",
                "暂时没有模型：仍可使用 /help、/run 等命令。"));
    tell_what_wins(s.cli, &s.answers);
    printf(in(&s, "Written to %s.\n", "已写入 %s\n"), path);
    return OK;
}

enum err command_setup(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    if (c->json)
        return cli_usage(c, "setup asks questions; programs write $CLAWDBOT_HOME/config/default.yaml");
    TRY(cli_in_loop(c, setup_fiber));
    puts("Start the assistant with `clawdbot gateway`, then talk with `clawdbot chat`.");
    return OK;
}

/* Every setting has its default, and the questions were never asked. */
static bool is_untouched(struct cli *c)
{
    CLEANUP(json_decrefp) json_t *all = config_show();
    json_t *row;
    size_t i;

    json_array_foreach(all, i, row)
        if (strcmp(json_text(row, "from"), "default") && strncmp(json_text(row, "from"), "--set", 5))
            return false;
    return access(arena_printf(c->arena, "%s/config/setup.yaml", config_now()->home), F_OK) != 0;
}

static enum err offer_fiber(void *arg) AWAITS
{
    struct setup s = { .cli = arg, .answers = { "", "", "", "" } };
    const char *answer, *path;

    TRY(ask(&s, SHOWN, in(&s, "Nothing is configured yet. Answer a few questions first? [Y/n]",
                           "还没有任何配置。先回答几个问题吗？[Y/n]"), &answer));
    if (!s.skipped && (*answer == '\0' || *answer == 'y' || *answer == 'Y'))
        return setup_fiber(arg);
    return setup_write(s.cli, &s.answers, &path);      /* so that nobody is asked twice */
}

enum err setup_offer(struct cli *c)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || c->json || !is_untouched(c))
        return OK;
    TRY(cli_in_loop(c, offer_fiber));
    return cli_load_config(c);
}
