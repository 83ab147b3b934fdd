// SPDX-License-Identifier: Apache-2.0
/* The facts are from the platforms' documentation:
 *   Discord       support.discord.com "Markdown Text 101"; docs.discord.com/developers/reference#message-formatting
 *   Slack         docs.slack.dev/messaging/formatting-message-text
 *   WhatsApp      faq.whatsapp.com "How to format your messages"
 *   Google Chat   developers.google.com/workspace/chat/format-messages (Chat's own syntax, not its Markdown)
 *   WeCom         developer.work.weixin.qq.com/document/path/90236, "markdown" (the subset that apps and robots share)
 *   DingTalk      open.dingtalk.com/document/orgapp/message-type; code is not in its list, and left in backticks
 *   Feishu        open.feishu.cn "Markdown component" of cards
 *   Teams         learn.microsoft.com "Format your bot messages", what text-only messages have on every client
 *   XMPP          XEP-0393
 *   IRC           modern.ircdocs.horse/formatting */
#include "channel/markup_marks.h"

#include <string.h>

#include "base/mem.h"

#define ZERO_WIDTH_SPACE "\xe2\x80\x8b"

/* discord.com: an escaped "<@1>" still calls, and so does "@everyone" in any text that may. */
static const char *const discord_mentions[] = { "@everyone", "@here", "<@", "<#", NULL };
/* "<!channel>" cannot be written: "<" is escaped.  The bare words call where a message is sent with link_names. */
static const char *const slack_mentions[] = { "@everyone", "@here", "@channel", "<!", "<@", "<#", NULL };
static const char *const google_mentions[] = { "<users/", NULL };
static const char *const wecom_mentions[] = { "<@", NULL };
static const char *const at_mentions[] = { "<at", NULL };
/* Who takes Markdown is Mattermost, or a webhook in front of anything. */
static const char *const markdown_mentions[] = { "@everyone", "@here", "@channel", "@all", "<@", "<!", "<at", NULL };

static const struct marks table[] = {
    [MARKUP_PLAIN] = { .tags = true, .bullet = "• ", .newline = "\n" },
    [MARKUP_MARKDOWN] = { .bullet = "- ", .newline = "\n", .mentions = markdown_mentions },     /* the source itself */
    [MARKUP_HTML] = { .tags = true, .bullet = "• ", .newline = "\n" },                               /* markup_web.c */
    [MARKUP_TELEGRAM_HTML] = {
        .style = { { "<b>", "</b>" }, { "<i>", "</i>" }, { "<s>", "</s>" }, { "<code>", "</code>" } },
        .tags = true, .code_alone = true, .fence = { "<pre>", "</pre>" }, .link = LINK_TAG, .quote = { "<blockquote>", "</blockquote>" },
        .bullet = "• ", .newline = "\n", .entity = "&<>\"", .entity_in_code = true,
    },
    [MARKUP_DISCORD] = {
        .style = { { .open = "**" }, { .open = "*" }, { .open = "~~" }, { .open = "`" } },
        .code_any_ticks = true, .fence = { "```", "\n```" }, .fence_language = true, .link = LINK_BRACKETS, .bare_links = true,
        .heading_max = 3, .quote_lines = true, .bullet = "- ", .newline = "\n",
        .backslash = "\\*_~`|[]<", .line_start = "#->", .mentions = discord_mentions,
    },
    [MARKUP_SLACK] = {
        .style = { { .open = "*" }, { .open = "_" }, { .open = "~" }, { .open = "`" } }, .place = AT_WORDS,
        .fence = { "```\n", "\n```" }, .link = LINK_ANGLES, .quote_lines = true, .bullet = "• ", .newline = "\n",
        .entity = "&<>", .entity_in_code = true, .mentions = slack_mentions,
    },
    [MARKUP_WHATSAPP] = {
        .style = { { .open = "*" }, { .open = "_" }, { .open = "~" }, { .open = "`" } }, .place = AT_WORDS, .code_alone = true,
        .fence = { "```", "```" }, .quote_lines = true, .bullet = "- ", .newline = "\n",
    },
    [MARKUP_GOOGLE_CHAT] = {
        .style = { { .open = "*" }, { .open = "_" }, { .open = "~" }, { .open = "`" } }, .place = AT_WORDS, .code_alone = true,
        .fence = { "```\n", "\n```" }, .link = LINK_ANGLES, .bullet = "- ", .newline = "\n", .mentions = google_mentions,
    },
    [MARKUP_WECOM] = {
        .style = { [STYLE_BOLD] = { .open = "**" }, [STYLE_CODE] = { .open = "`" } }, .code_alone = true,
        .line = { .open = "`" }, .link = LINK_BRACKETS, .heading_max = 6, .quote_lines = true, .bullet = "• ", .newline = "\n",
        .mentions = wecom_mentions,
    },
    [MARKUP_DINGTALK] = {
        .style = { { .open = "**" }, { .open = "*" }, [STYLE_CODE] = { .open = "`" } }, .code_alone = true,
        .fence = { "```", "\n```" }, .fence_language = true, .link = LINK_BRACKETS, .heading_max = 6, .quote_lines = true,
        .bullet = "- ", .newline = "  \n", .mentions = at_mentions,
    },
    [MARKUP_FEISHU] = {
        .style = { { .open = "**" }, { .open = "*" }, { .open = "~~" }, { .open = "`" } }, .code_alone = true,
        .fence = { "```", "\n```" }, .fence_language = true, .link = LINK_BRACKETS, .quote_lines = true, .bullet = "- ", .indent = 4,
        .newline = "\n", .entity = "&<>*_~`[]", .line_start = "#->+", .entity_numbers = true, .mentions = at_mentions,
    },
    [MARKUP_TEAMS] = {
        .style = { { .open = "**" }, { .open = "*" }, [STYLE_CODE] = { .open = "`" } }, .code_any_ticks = true,
        .fence = { "```", "\n```" }, .fence_language = true, .link = LINK_BRACKETS, .quote_lines = true, .bullet = "• ",
        .newline = "  \n", .backslash = "\\*_~`[]", .entity = "&<>", .line_start = "#-+=", .mentions = at_mentions,
    },
    [MARKUP_XMPP] = {
        .style = { { .open = "*" }, { .open = "_" }, { .open = "~" }, { .open = "`" } }, .place = AT_SPACES,
        .fence = { "```\n", "\n```" }, .quote_lines = true, .quotes_nest = true, .bullet = "• ", .newline = "\n",
    },
    [MARKUP_IRC] = {
        .style = { { .open = "\x02" }, { .open = "\x1d" }, { .open = "\x1e" }, { .open = "\x11" } },
        .line = { .open = "\x11" }, .bullet = "• ", .newline = "\n",
    },
};

const struct marks *markup_marks(enum markup markup)
{
    return &table[(size_t)markup < N_ELEMENTS(table) ? markup : MARKUP_PLAIN];
}

bool markup_is_mention(str s, const struct marks *m)
{
    for (const char *const *p = m->mentions; p && *p; p++)
        if (str_eq_nocase(str_take(s, strlen(*p)), str_from(*p)))
            return true;
    return false;
}

void markup_without_mentions(struct buf *b, size_t from, const struct marks *m)
{
    CLEANUP(buf_done) struct buf out = { .max = b->max };
    str text = str_skip(buf_str(b), from);
    size_t done = 0;

    if (!m->mentions)
        return;
    for (size_t i = 0; i < text.len; i++) {
        if ((text.p[i] != '@' && text.p[i] != '<') || !markup_is_mention(str_skip(text, i), m))
            continue;
        buf_add(&out, str_cut(text, done, i + 1));
        buf_add(&out, S(ZERO_WIDTH_SPACE));
        done = i + 1;
    }
    if (!done)
        return;
    buf_add(&out, str_skip(text, done));
    buf_cut(b, from);
    buf_add(b, buf_str(&out));
}
