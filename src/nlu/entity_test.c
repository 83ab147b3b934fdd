// SPDX-License-Identifier: Apache-2.0
#include "nlu/entity.h"

#include "base/buf.h"
#include "base/test.h"

static const str hosts[] = { S("web-1"), S("DB01"), S("homeserver") };

/* 21 September 2026, a Monday, 14:13:20 UTC. */
static struct nlu_context here(void)
{
    return (struct nlu_context){ .now = 1790000000000, .zone = zone_utc(), .project = S("/projects/my_app"),
        .last_file = S("/tmp/last.txt"), .hosts = hosts, .n_hosts = N_ELEMENTS(hosts) };
}

static void find(struct arena *a, str text, struct normal *n, struct entities *all)
{
    struct nlu_context context = here();

    normal_make(a, text, n);
    entities_find(a, &context, n, all);
}

static const char *shown(const struct entities *all, struct buf *b)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct entity *e = &all->p[i];

        buf_addf(b, "%s%s:%.*s", i ? " | " : "", entity_type_name(e->type), STR(e->text));
        if (e->type >= ENTITY_SIZE && e->type <= ENTITY_PERCENT)
            buf_addf(b, "=%.10g", e->number);
    }
    return buf_c(b);
}

/* What a text names: "type:text | type:text". */
static const struct { const char *text, *want; } cases[] = {
/* rows */
    { "把/var/log/syslog打开", "path:/var/log/syslog" },
    { "查看config.yaml里的内容", "path:config.yaml" },
    { "cat /var/log/syslog, please", "path:/var/log/syslog" },
    { "open ./README.md and ../Makefile.", "path:./README.md | path:../Makefile" },
    { "copy ~/notes.txt to /tmp/", "path:~/notes.txt | path:/tmp/" },
    { "把 ~/文档/报告.docx 复制到 /mnt/备份/", "path:~/文档/报告.docx | path:/mnt/备份/" },
    { "look in src/main.c and docs/", "path:src/main.c | path:docs/" },
    { "a.tar.gz解压到/opt/app下", "path:a.tar.gz | path:/opt/app" },
    { "查看 Makefile 和 Dockerfile", "path:Makefile | path:Dockerfile" },
    { "show me the README", "path:README" },
    { "what does LICENSE say", "path:LICENSE" },
    { "update the license", "" },
    { "打开会议纪要.docx", "path:会议纪要.docx" },
    { "删除 2024年报告.pdf", "path:2024年报告.pdf" },
    { "把简历_final.docx发给我", "path:简历_final.docx" },
    { "在/home/用户目录下找", "path:/home/用户" },
    { "在/data/备份里找大文件", "path:/data/备份" },
    { "\"/home/me/My Documents/a b.txt\"", "quoted:/home/me/My Documents/a b.txt | path:/home/me/My Documents/a b.txt" },
    { "打开“my file.txt”", "quoted:my file.txt | path:my file.txt" },
    { "move C:\\Users\\Bob\\file.txt to D:\\", "path:C:\\Users\\Bob\\file.txt | path:D:\\" },
    { "type \\\\server\\share\\x.doc", "path:\\\\server\\share\\x.doc" },
    { "the meeting is on 12/25", "when:on 12/25 | number:12 | number:25" },
    { "add 1/2 cup of sugar and/or milk", "quantity:1/2 cup=0.5 | number:1 | number:2" },
    { "1 3/4 miles, 5/0 miles", "quantity:1 3/4 miles=1.75 | number:1 | number:3 | number:4 | number:5 | quantity:0 miles=0 | number:0" },
    { "TCP/IP and I/O, yes/no, km/h, 24/7", "when:24/7 | number:24 | number:7" },
    { "on 2024/01/02 at 9", "when:on 2024/01/02 at 9 | number:2024 | number:01 | number:02 | number:9" },
    { "upgrade to v1.2.3 or 2.0.1", "" },
    { "version 1.2.3.4 is out", "" },
    { "e.g. this, i.e. that", "" },
    { "I like node.js and vue.js", "" },
    { "see https://example.com/a.txt?x=1&y=2, ok", "url:https://example.com/a.txt?x=1&y=2" },
    { "(https://example.com/a_(b))", "url:https://example.com/a_(b)" },
    { "打开https://example.com，然后", "url:https://example.com" },
    { "https://a.com，https://b.com", "url:https://a.com | url:https://b.com" },
    { "www.example.com", "url:www.example.com" },
    { "go to example.com/docs now", "url:example.com/docs" },
    { "example.com:8080", "url:example.com:8080" },
    { "ping example.com.", "host:example.com" },
    { "git clone git@github.com:owner/repo.git", "url:git@github.com:owner/repo.git" },
    { "ssh://git@host.example.com/x", "url:ssh://git@host.example.com/x" },
    { "mail bob.smith+x@mail.example.co.uk now", "email:bob.smith+x@mail.example.co.uk" },
    { "发邮件给zhang@qq.com", "email:zhang@qq.com" },
    { "tell @alice the build is done", "mention:alice" },
    { "给@张三发消息说好的", "mention:张三" },
    { "post in #general", "mention:general" },
    { "@李四 你好", "mention:李四" },
    { "issue #12 is open", "number:12" },
    { "ping 10.0.0.5", "host:10.0.0.5" },
    { "10.0.0.5:8080", "host:10.0.0.5" },
    { "10.0.0.0/8", "host:10.0.0.0 | number:8" },
    { "ping 300.1.1.1", "" },
    { "ping fe80::1 and ::1", "host:fe80::1 | host:::1" },
    { "12:30:45", "when:12:30:45" },
    { "std::vector", "" },
    { "00:11:22:33:44:55", "" },
    { "restart nginx on web-1", "service:nginx | host:web-1" },
    { "在web-1上重启nginx", "host:web-1 | service:nginx" },
    { "WEB-1的磁盘", "host:web-1" },
    { "db01 load", "host:DB01" },
    { "ssh到prod-api-2看看", "service:ssh | host:prod-api-2" },
    { "on prod-api-2", "host:prod-api-2" },
    { "server web3 is slow", "host:web3" },
    { "服务器 app-7 的内存", "host:app-7" },
    { "run it on python3", "" },
    { "disk use of sda1", "" },
    { "on May-1", "" },
    { "at web-1.example.com", "host:web-1.example.com" },
    { "nginx-proxy and web-12", "" },
    { "delete *.log in /var/log", "glob:*.log | path:/var/log" },
    { "rm /tmp/*.bak", "glob:/tmp/*.bak" },
    { "find data_?.csv", "glob:data_?.csv" },
    { "what is in notes.txt?", "path:notes.txt" },
    { "3*4 and **bold** and 2 * 3", "number:3 | number:4 | number:2 | number:3" },
    { "**/*.py", "glob:**/*.py" },
    { "test_*", "glob:test_*" },
    { "所有的*.jpg", "glob:*.jpg" },
    { "restart httpd", "service:apache2" },
    { "重启mysql和redis", "service:mysql | service:redis-server" },
    { "postgres is down", "service:postgresql" },
    { "is sshd running", "service:ssh" },
    { "docker ps", "service:docker" },
    { "my-app.service", "service:my-app" },
    { "nginx.service的状态", "service:nginx" },
    { "a file named x", "" },
    { "say \"hello world\" to him", "quoted:hello world" },
    { "it's what 'they' don't say", "quoted:they" },
    { "5\" and 6\" screens", "number:5 | number:6" },
    { "“你好”和‘世界’", "quoted:你好 | quoted:世界" },
    { "「こんにちは」", "quoted:こんにちは" },
    { "《三体》好看吗", "quoted:三体 | number:三" },
    { "run `ls -la` now", "code:ls -la" },
    { "```sh", "" },
    { "unclosed `code", "" },
    { "unclosed \"quote", "" },
    { "翻译成英文", "language:en" },
    { "translate into Polish", "language:pl" },
    { "polish this text", "" },
    { "speak French", "language:fr" },
    { "what time is it in New York", "place:New York" },
    { "beijing time", "place:Beijing" },
    { "北京市场很大", "place:北京" },
    { "上海市天气", "place:上海" },
    { "台北几点", "place:台北" },
    { "臺灣時間", "place:台湾" },
    { "weather in Turkey", "place:Turkey" },
    { "eat turkey", "" },
    { "ls -la", "" },
    { "LA time", "place:Los Angeles" },
    { "在项目目录运行测试", "path:/projects/my_app" },
    { "run tests in the project directory", "path:/projects/my_app" },
    { "项目经理找我", "" },
    { "这个文件多大", "path:/tmp/last.txt" },
    { "delete that file", "path:/tmp/last.txt" },
    { "list this folder", "path:/projects/my_app" },
    { "三个项目", "number:三" },
    { "下载目录里有什么", "path:~/Downloads" },
    { "清理临时目录", "path:/tmp" },
    { "根目录", "path:/" },
    { "df -h /", "path:/" },
    { "/ 分区", "path:/" },
    { "cd ~", "path:~" },
    { "3~5点", "number:3 | when:5点 | number:5" },
    { "/usr/bin/python3.11", "path:/usr/bin/python3.11" },
    { "src/app.tsx", "path:src/app.tsx" },
    { "origin/main", "" },
    { "feature/login", "" },
    { "merge feature/login into main", "" },
    { "red/green/blue", "" },
    { "2024/report.pdf", "path:2024/report.pdf" },
    { "path:/etc/hosts", "path:/etc/hosts" },
    { "key=/etc/x", "path:/etc/x" },
    { "(src/main.c)", "path:src/main.c" },
    { "[docs/a.md]", "path:docs/a.md" },
    { "see notes.txt,todo.txt", "path:notes.txt | path:todo.txt" },
    { "notes.txt和todo.txt", "path:notes.txt | path:todo.txt" },
    { "notes.txt、todo.txt", "path:notes.txt | path:todo.txt" },
    { "notes.txt。谢谢", "path:notes.txt" },
    { "/etc/nginx/nginx.conf。重启", "path:/etc/nginx/nginx.conf" },
    { "~/.bashrc", "path:~/.bashrc" },
    { ".gitignore", "path:.gitignore" },
    { ".env", "path:.env" },
    { "/etc/nginx/sites-available/", "path:/etc/nginx/sites-available/" },
    { "打开/etc/hosts文件", "path:/etc/hosts" },
    { "把/tmp/a.txt移到/tmp/b.txt", "path:/tmp/a.txt | path:/tmp/b.txt" },
    { "比较a.json和b.json", "path:a.json | path:b.json" },
    { "比較a.json和b.json", "path:a.json | path:b.json" },
    { "ＲＥＡＤＭＥ.md", "path:README.md" },
    { "～/Ｄocs/a.txt", "path:~/Docs/a.txt" },
    { "/Var/Log/X.LOG", "path:/Var/Log/X.LOG" },
    { "什么是tcp/ip", "" },
    { "or/and", "" },
    { "he/she", "" },
    { "w/o", "" },
    { "s3://bucket/key", "url:s3://bucket/key" },
    { "file:///etc/hosts", "url:file:///etc/hosts" },
    { "ftp://a/b", "url:ftp://a/b" },
    { "http://", "" },
    { "https://例子.cn", "" },
    { "localhost", "host:localhost" },
    { "http://localhost:3000/x", "url:http://localhost:3000/x" },
    { "user.name", "" },
    { "settings.py", "path:settings.py" },
    { "setup.cfg", "path:setup.cfg" },
    { "foo.xyz", "host:foo.xyz" },
    { "my_data.dat2", "path:my_data.dat2" },
    { "file foo.bar", "path:foo.bar" },
    { "hello.world", "" },
    { "done.thanks", "" },
    { "3.5m", "size:3.5m=3670016 | quantity:3.5m=3.5 | when:3.5m | number:3.5" },
    { "1.a", "number:1" },
    { "2024.txt", "path:2024.txt" },
    { "😀😀 /tmp 😀", "path:/tmp" },
    { "files over 2G", "size:2G=2147483648 | quantity:2G=2 | number:2" },
    { "500 MB and 1.5 TiB", "size:500 MB=524288000 | quantity:500 MB=500 | number:500 | size:1.5 TiB=1.649267442e+12 | quantity:1.5 TiB=1.5 | number:1.5" },
    { "三百兆以上的文件", "size:三百兆=314572800 | quantity:三百兆=300 | number:三百" },
    { "大于两个G", "size:两个G=2147483648 | quantity:两个G=2 | number:两" },
    { "半个G", "size:半个G=536870912 | quantity:半个G=0.5 | number:半" },
    { "half a gig", "size:half a gig=536870912 | quantity:half a gig=0.5 | number:half" },
    { "a gigabyte", "size:a gigabyte=1073741824 | quantity:a gigabyte=1" },
    { "a hundred megabytes", "size:a hundred megabytes=104857600 | quantity:a hundred megabytes=100 | number:a hundred" },
    { "超过100m的", "size:100m=104857600 | quantity:100m=100 | when:100m | number:100" },
    { "in 5m", "when:in 5m | quantity:5m=5 | number:5" },
    { "4G网络", "quantity:4G=4 | number:4" },
    { "5k run", "quantity:5k=5 | number:5" },
    { "4k视频", "quantity:4k=4 | number:4" },
    { "1024字节", "size:1024字节=1024 | quantity:1024字节=1024 | number:1024" },
    { "80% full", "percent:80%=80 | number:80" },
    { "百分之八十", "percent:百分之八十=80 | number:八十" },
    { "百分百", "percent:百分百=100" },
    { "50 percent", "percent:50 percent=50 | number:50" },
    { "twelve files", "number:twelve" },
    { "前20行", "number:20" },
    { "half a dozen", "number:half a dozen" },
    { "一下 一些 统一", "" },
    { "port 8080", "number:8080" },
    { "web-3 has 2 disks", "number:2" },
    { "-5 degrees", "quantity:-5 degrees=-5 | number:-5" },
    { "3-5", "number:3" },
    { "三十二", "number:三十二" },
    { "1,024", "number:1,024" },
    { "3.5", "number:3.5" },
    { "kill 1234", "number:1234" },
    { "~/图片/2024春节", "path:~/图片/2024春节" },
    { "/share/临时/5月对账单.xlsx", "path:/share/临时/5月对账单.xlsx" },
    { "搬到 /mnt/移动硬盘", "path:/mnt/移动硬盘" },
    { "把/etc/备份到/mnt", "path:/etc/ | path:/mnt" },
    { "/data/下载/a.iso", "path:/data/下载/a.iso" },
    { "/data/下载里的", "path:/data/下载" },
    { "log-01 上找", "host:log-01" },
    { "on build-9", "host:build-9" },
    { "remind me tomorrow at 3 pm", "when:tomorrow at 3 pm | number:3" },
    { "明天下午三点开会", "when:明天下午三点 | number:三" },
    { "每周一早上九点", "when:每周一早上九点 | number:九" },
    { "every weekday at 9", "when:every weekday at 9 | number:9" },
    { "in 20 minutes", "when:in 20 minutes | quantity:20 minutes=20 | number:20" },
    { "20分钟后", "when:20分钟后 | quantity:20分钟=20 | number:20" },
    { "昨天的日志", "when:昨天" },
    { "last 2 hours", "when:last 2 hours | quantity:2 hours=2 | number:2" },
    { "backup the logs since yesterday", "when:since yesterday" },
    { "5 km in miles", "quantity:5 km=5 | number:5" },
    { "三斤是多少克", "quantity:三斤=3 | number:三" },
    { "20 degrees celsius", "quantity:20 degrees celsius=20 | number:20" },
    { "32华氏度", "quantity:32华氏度=32 | number:32" },
    { "half an hour", "quantity:half an hour=0.5 | when:half an hour | number:half" },
    { "两个半小时", "quantity:两个半小时=2.5 | when:两个半小时 | number:两 | number:半" },
    { "a mile in km", "quantity:a mile=1" },
    { "10月1日放假", "when:10月1日 | number:10 | number:1" },
    { "2026-10-01", "when:2026-10-01 | number:2026" },
    { "next friday", "when:next friday" },
    { "下周五", "when:下周五" },
    { "today", "when:today" },
    { "the last hour", "when:the last hour" },
    { "半小时", "quantity:半小时=0.5 | when:半小时 | number:半" },
    { "in may", "when:in may" },
    { "may I ask", "" },
    { "second try", "" },
    { "set a timer for 5m", "quantity:5m=5 | when:5m | number:5" },
    { "5m timer", "size:5m=5242880 | quantity:5m=5 | when:5m | number:5" },
    { "从9点到10点", "when:从9点到10点 | number:9 | number:10" },
    { "at noon in Tokyo", "when:at noon | place:Tokyo" },
    { "the disk on mon-1", "host:mon-1" },
    { "every mon-fri at 9", "when:every mon-fri at 9 | number:9" },
    { "São Paulo time", "place:São Paulo" },
    /* end of rows */
};

TEST(what_a_text_names_is_found)
{
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf b = {0};
        struct arena *a = arena_new();
        struct normal n;
        struct entities all;

        find(a, str_from(cases[i].text), &n, &all);
        if (strcmp(shown(&all, &b), cases[i].want))
            test_failed(__FILE__, __LINE__, "\"%s\": is %s, want %s", cases[i].text, buf_c(&b), cases[i].want);
        arena_free(a);
    }
}

TEST(the_span_is_that_of_the_words)
{
    static const struct { const char *text; enum entity_type type; const char *words; } spans[] = {
        { "請把 /Var/log  打開", ENTITY_PATH, "/var/log" },
        { "run tests in the project directory now", ENTITY_PATH, "the project directory" },
        { "say \"Hello World\"", ENTITY_QUOTED, "hello world" },
        { "tell @Alice", ENTITY_MENTION, "@alice" },
        { "跑 `LS -la`", ENTITY_CODE, "ls -la" },
        { "打开会议纪要.DOCX吧", ENTITY_PATH, "会议纪要.docx" },
        { "restart Nginx.service", ENTITY_SERVICE, "nginx.service" },
        { "上海市的天气", ENTITY_PLACE, "上海市" },
    };

    for (size_t i = 0; i < N_ELEMENTS(spans); i++) {
        struct arena *a = arena_new();
        struct normal n;
        struct entities all;

        find(a, str_from(spans[i].text), &n, &all);
        CHECK_INT(all.n, 1);
        CHECK_INT(all.p[0].type, spans[i].type);
        CHECK_STR(str_cut(n.text, all.p[0].start, all.p[0].end), spans[i].words);
        arena_free(a);
    }
}

TEST(places_have_their_zone)
{
    static const struct { const char *text, *name, *zone; } places[] = {
        { "北京", "北京", "Asia/Shanghai" }, { "Peking", "Beijing", "Asia/Shanghai" }, { "臺北", "台北", "Asia/Taipei" },
        { "São Paulo", "São Paulo", "America/Sao_Paulo" }, { "sao paulo", "São Paulo", "America/Sao_Paulo" },
        { "the USA", "United States", "America/New_York" }, { "洛杉磯", "洛杉矶", "America/Los_Angeles" },
    };

    for (size_t i = 0; i < N_ELEMENTS(places); i++) {
        struct arena *a = arena_new();
        struct normal n;
        struct entities all;

        find(a, str_from(places[i].text), &n, &all);
        CHECK_INT(all.n, 1);
        CHECK_STR(all.p[0].text, places[i].name);
        CHECK_STR(str_from(all.p[0].zone), places[i].zone);
        arena_free(a);
    }
}

TEST(code_between_fences_is_as_it_was_written)
{
    struct arena *a = arena_new();
    struct normal n;
    struct entities all;

    find(a, S("run\n```sh\nLS -la\n  cat x\n```\nnow"), &n, &all);
    CHECK_INT(all.n, 1);
    CHECK_INT(all.p[0].type, ENTITY_CODE);
    CHECK_STR(all.p[0].text, "LS -la\n  cat x");
    arena_free(a);
}

TEST(without_a_project_or_a_last_file_none_is_named)
{
    struct arena *a = arena_new();
    struct nlu_context nothing = { .zone = zone_utc() };
    struct normal n;
    struct entities all;

    normal_make(a, S("在项目目录打开这个文件, and the project directory too"), &n);
    entities_find(a, &nothing, &n, &all);
    CHECK_INT(all.n, 0);
    arena_free(a);
}

/* However long the text: each of these would take minutes if its length counted twice. */
TEST(no_text_takes_long)
{
    static const char *const pieces[] = { "\"", "'", "「", "`", "``` ", "a.", "/", "a/", "😀", "@a", "1", "一", "[", "a[", ":", "a:", "x@", "-", "~",
        "2024-", "w ", "the ", "在", "项目", ".a", "*", "*a", "\\", "https://", "a-", "三百", "at 9 ", "1:", "北", "new " };

    for (size_t i = 0; i < N_ELEMENTS(pieces); i++) {
        CLEANUP(buf_done) struct buf b = {0};
        struct arena *a = arena_new();
        struct normal n;
        struct entities all;

        while (b.len < 30000)
            buf_add(&b, str_from(pieces[i]));
        find(a, buf_str(&b), &n, &all);
        CHECK(all.n <= ENTITIES_MAX);
        arena_free(a);
    }
}
