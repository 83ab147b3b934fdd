// SPDX-License-Identifier: Apache-2.0
/* The channel: settings, who may write, and a look whether both servers let us in. */
#include "channel/mail.h"

#include "channel/imap.h"
#include "channel/smtp.h"
#include "config/config.h"

static const struct channel_key keys[] = {
    { "platforms.mail.address", "The address that the assistant writes from", "助手使用的邮箱地址", false },
    { "platforms.mail.password", "Its password (Gmail, Outlook and many others: an app password from the account's security page)",
      "该邮箱的密码(Gmail、QQ 邮箱等:在账号安全设置中生成的授权码)", false },
    { "platforms.mail.imap.host", "The IMAP server, such as imap.example.org", "IMAP 服务器,例如 imap.example.org", false },
    { "platforms.mail.smtp.host", "The SMTP server, such as smtp.example.org", "SMTP 服务器,例如 smtp.example.org", false },
    { "platforms.mail.allow", "Who may write without pairing: addresses, or *@example.org; empty for nobody",
      "哪些人无需配对即可写信:地址或 *@example.org;留空表示没有", true },
};

static bool configured(void)
{
    const struct config *c = config_now();

    return c->platforms_mail_address[0] && c->platforms_mail_imap_host[0] && c->platforms_mail_smtp_host[0];
}

static bool allows(str user_id)
{
    struct string_list list = config_now()->platforms_mail_allow;

    for (size_t i = 0; i < list.n; i++)
        if (mail_matches(user_id, str_from(list.items[i])))
            return true;
    return false;
}

static enum err check_settings(void)
{
    const struct config *c = config_now();

    if (!smtp_is_address(str_from(c->platforms_mail_address)))
        return failed(ERR_INPUT, "platforms.mail.address is no address");
    if (c->platforms_mail_require_dkim && !c->platforms_mail_authserv_id[0])
        return failed(ERR_INPUT, "platforms.mail.require_dkim needs platforms.mail.authserv_id: the name under which your mail server "
                                 "writes Authentication-Results");
    return OK;
}

static enum err run(const struct channel_host *host) AWAITS
{
    enum err e = check_settings();

    if (e) {
        host->health(host, e, failed_text());
        return e;
    }
    return mail_run(host);
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    const struct config *c = config_now();
    CLEANUP(imap_close) struct imap im = {0};
    struct mail_server imap, smtp;

    TRY(check_settings());
    TRY(mail_imap_server(a, &imap));
    TRY(mail_smtp_server(a, &smtp));
    TRY(imap_open(&imap, &im));
    TRY(imap_select(&im, str_from(c->platforms_mail_imap_mailbox)));
    TRY(smtp_check(&smtp));
    *ret_who = str_from(arena_printf(a, "%s (%s at %s, SMTP at %s)", c->platforms_mail_address, im.idle ? "IMAP with IDLE" : "IMAP",
                                     imap.host, smtp.host));
    return OK;
}

const struct channel channel_mail = {
    .name = "mail", .title = "Email", .proven_by = "dovecot 2.3 and postfix 3.7", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_HTML, .unit = UNIT_BYTE, .text_max = 256 << 10, .file_max = 18 << 20, .files = 1,
    .configured = configured, .allows = allows, .check = check, .run = run, .send = mail_send,
};
