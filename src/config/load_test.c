// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "config/load.h"

static const char *const no_env[] = { NULL };

/* A home folder of the test's own, made anew by each fresh_home(). */
static char home[64];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static void remove_home(void)
{
    if (*home)
        nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void fresh_home(void)
{
    char path[128];

    if (*home == '\0')
        atexit(remove_home);
    remove_home();
    snprintf(home, sizeof home, "%s", "/tmp/clawdbot-config-XXXXXX");
    CHECK(mkdtemp(home));
    snprintf(path, sizeof path, "%s/config", home);
    CHECK(mkdir(path, 0700) == 0);
}

static const char *in_home(const char *name)
{
    static char path[4][192];
    static unsigned turn;
    char *p = path[turn++ % N_ELEMENTS(path)];

    snprintf(p, sizeof path[0], "%s/%s", home, name);
    return p;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_home(name), "w");

    CHECK(f);
    fputs(text, f);
    fclose(f);
}

/* One note a line, "E" or "W" before it, the home folder as "~". */
static void draw(struct buf *b, const struct config_report *r)
{
    for (const struct config_note *n = r->first; n; n = n->next) {
        str place = str_from(n->where);

        buf_addf(b, "%c ", n->error ? 'E' : 'W');
        if (str_eat(&place, str_from(home)))
            buf_add_char(b, '~');
        buf_addf(b, "%.*s%s%s\n", STR(place), *n->where ? ": " : "", n->text);
    }
}

static void check_load(const struct config_inputs *in, const char *want)
{
    CLEANUP(config_report_done) struct config_report r = {0};
    CLEANUP(buf_done) struct buf got = {0};
    enum err e = config_load(in, &r);

    draw(&got, &r);
    CHECK_STR(buf_str(&got), want);
    CHECK_INT(e, r.n_errors ? ERR_INPUT : OK);
}

static void check_startable(const char *want)
{
    CLEANUP(config_report_done) struct config_report r = {0};
    CLEANUP(buf_done) struct buf got = {0};
    enum err e = config_check_startable(&r);

    draw(&got, &r);
    CHECK_STR(buf_str(&got), want);
    CHECK_INT(e, r.n_errors ? ERR_INPUT : OK);
}

TEST(without_any_file_the_defaults_hold)
{
    fresh_home();
    check_load(&(struct config_inputs){ .home = home, .env = no_env }, "");
    CHECK_INT(config_now()->server_port, 8000);
    CHECK_INT(config_now()->turn_timeout, 600000);
    CHECK_INT(config_now()->sandbox_memory, 512 << 20);
    CHECK_STR(str_from(config_now()->server_host), "127.0.0.1");
    CHECK_STR(str_from(config_now()->workspace_path), in_home("workspace"));
    CHECK_INT(config_now()->sandbox_enabled.n, 35);
    CHECK(config_now()->plugins == NULL);
    check_startable("");
}

TEST(later_layers_win)
{
    static const char *const env[] = { "CLAWDBOT_ENV=production", "CLAWDBOT_TURN_ROUNDS=5", "CLAWDBOT_TURN_HISTORY=6", "CLAWDBOT_LANGUAGE=", NULL };
    static const char *const sets[] = { "turn.history=7" };

    fresh_home();
    CHECK(mkdir(in_home("beside"), 0700) == 0);
    put("config/setup.yaml",       "server: {port: 0, host: b}\nblobs: {expire: 1d}\n");
    put("config/default.yaml",     "server: {port: 1, workers: 1, host: a}\nturn: {rounds: 1, history: 1}\nlanguage: zh\n");
    put("config/production.yaml",  "server: {port: 2, workers: 2}\n");
    put("beside/default.yaml",     "server: {port: 3, workers: 3}\n");
    put("beside/production.yaml",  "server: {port: 4}\n");
    put("beside/mine.yaml",        "turn: {rounds: 4, history: 4}\n");
    check_load(&(struct config_inputs){ .home = home, .env = env, .file = in_home("beside/mine.yaml"), .sets = sets, .n_sets = 1 }, "");
    const struct config *c = config_now();

    CHECK_STR(str_from(c->server_host), "a");
    CHECK_INT(c->blobs_expire, 86400000);
    CHECK_INT(c->server_workers, 3);
    CHECK_INT(c->server_port, 4);
    CHECK_INT(c->turn_rounds, 5);
    CHECK_INT(c->turn_history, 7);
    CHECK_STR(str_from(c->language), "zh");     /* an empty variable is as good as none */
}

TEST(every_mistake_is_told_with_its_place)
{
    static const char *const env[] = { "CLAWDBOT_SERVER_PORT=eighty", "CLAWDBOT_SERVER_PROT=1", "CLAWDBOT_SERVICE_HOST=10.0.0.1", NULL };
    static const char *const sets[] = { "server.prot=1", "turn.rounds=0", "language", "nonsense=1" };

    fresh_home();
    put("config/default.yaml",
        "server:\n  prot: 9000\n  workers: many\n  host: [a]\nturn: 5\nlog:\nsandbox: {enabled: [exec, rm]}\n"
        "server.port: 1\nmodel_provider: {api_key: {secret: X}}\nplugins: yes\nlanguage: ${NO_SUCH}\n");
    check_load(&(struct config_inputs){ .home = home, .env = env, .sets = sets, .n_sets = 4 },
        "E ~/config/default.yaml:2:3: unknown key 'prot' in 'server'; did you mean 'port'?\n"
        "E ~/config/default.yaml:3:12: 'server.workers' wants a whole number, 1..128, not 'many'\n"
        "E ~/config/default.yaml:4:9: 'server.host' wants a text, not a list\n"
        "E ~/config/default.yaml:5:7: 'turn' wants a map of settings\n"
        "E ~/config/default.yaml:7:20: 'sandbox.enabled' is one of exec|process|python|pytest|read_file|write_file|edit_file|list_dir|find_files|grep|http_fetch|web_search|ssh|snmp_get|snmp_walk|system_status|processes|service|archive_files|clean_files|backup|summarize|send_message|sessions|spawn_agent|plan|reminder|lists|notes|calculate|calendar|knowledge|memory_search|memory_save|memory_forget, not 'rm'\n"
        "E ~/config/default.yaml:8:1: unknown key 'server.port'\n"
        "E ~/config/default.yaml:9:27: 'model_provider.api_key' wants a secret's name: small letters, digits, '_', '.' and '-', at most 64\n"
        "W ~/config/default.yaml:10:10: 'plugins' is known, not built yet: it has no effect\n"
        "E ~/config/default.yaml:10:10: 'plugins' wants a list or map, not a text\n"
        "E ~/config/default.yaml:11:11: 'language' names the environment variable NO_SUCH, which is not set\n"
        "E environment variable CLAWDBOT_SERVER_PORT: 'server.port' wants a port number, not 'eighty'\n"
        "W environment variable CLAWDBOT_SERVER_PROT: belongs to no setting; the one for 'server.port' is spelt otherwise\n"
        "W environment variable CLAWDBOT_SERVICE_HOST: belongs to no setting\n"
        "E --set server.prot: unknown key; did you mean 'server.port'?\n"
        "E --set turn.rounds: 'turn.rounds' wants a whole number, 1..1000, not '0'\n"
        "E --set language: is written --set PATH=VALUE\n"
        "E --set nonsense: unknown key\n");
}

TEST(a_broken_file_is_told_and_changes_nothing)
{
    fresh_home();
    put("config/default.yaml", "server: {port: 1234}\n");
    check_load(&(struct config_inputs){ .home = home, .env = no_env }, "");
    put("config/default.yaml", "server: {port: 1\n");
    check_load(&(struct config_inputs){ .home = home, .env = no_env },
        "E ~/config/default.yaml:2:1: did not find expected ',' or '}'\n");
    CHECK_INT(config_now()->server_port, 1234);
    CHECK_STR(str_skip(str_from(failed_text()), strlen(home)), "/config/default.yaml:2:1: did not find expected ',' or '}'");
    check_load(&(struct config_inputs){ .home = home, .env = no_env, .file = "no/such.yaml" },
        "E ~/config/default.yaml:2:1: did not find expected ',' or '}'\nE no/such.yaml: No such file or directory\n");
}

TEST(the_users_samples_load_as_they_stand)
{
    static const struct { const char *file, *notes, *startable; } cases[] = {
        { "database-pool.yaml",
          "W database-pool.yaml:2:14: 'database.pool_size' is known, not built yet: it has no effect\n"
          "W database-pool.yaml:3:17: 'database.max_overflow' is known, not built yet: it has no effect\n", "" },
        { "default.yaml", "",
          "E default.yaml:5:8: the store for 'postgresql://' is not built yet; name a file (sqlite:/path/to/clawdbot.db) "
          "or leave database.url out\n" },
        { "plugins.yaml",
          "W plugins.yaml:2:3: 'plugins' is known, not built yet: it has no effect\n", "" },
        { "production.yaml",
          "",
          "E production.yaml:5:13: model_provider.endpoint is this gateway itself (it listens on 127.0.0.1, port 8000); "
          "name the model server's address, or move the gateway with server.port\n" },
        { "semantic-search.yaml", "", "" },
        { "skills.yaml",
          "W skills.yaml:2:3: 'skills' is known, not built yet: it has no effect\n", "" },
        { "telegram-discord.yaml", "", "" },
    };
    char from[96], cwd[4096];

    CHECK(getcwd(cwd, sizeof cwd));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        str text;

        fresh_home();       /* alone: by itself in an empty folder */
        snprintf(from, sizeof from, "tests/samples/config/%s", cases[i].file);
        CHECK_OK(file_read(a, from, 1 << 20, &text));
        put(cases[i].file, text.p);
        CHECK(chdir(home) == 0);
        check_load(&(struct config_inputs){ .home = home, .env = no_env, .file = cases[i].file }, cases[i].notes);
        check_startable(cases[i].startable);
        CHECK(chdir(cwd) == 0);
    }
}

TEST(the_users_samples_load_in_layers)
{
    static const char *const env[] = { "CLAWDBOT_ENV=production", NULL };

    fresh_home();
    check_load(&(struct config_inputs){ .home = home, .env = env, .file = "tests/samples/config/telegram-discord.yaml" }, "");
    CHECK_STR(str_from(config_now()->server_host), "0.0.0.0");
    CHECK_INT(config_now()->server_workers, 4);
    CHECK_STR(str_from(config_now()->platforms_telegram_token), "YOUR_BOT_TOKEN");
    CHECK_STR(str_from(config_now()->platforms_discord_guild_ids.items[0]), "123456789");
    CHECK_STR(str_from(config_now()->database_url), "postgresql://user:pass@localhost:5432/clawdbot");
    check_startable(
        "E tests/samples/config/default.yaml:5:8: the store for 'postgresql://' is not built yet; name a file "
        "(sqlite:/path/to/clawdbot.db) or leave database.url out\n"
        "E tests/samples/config/production.yaml:5:13: model_provider.endpoint is this gateway itself (it listens on 0.0.0.0, "
        "port 8000); name the model server's address, or move the gateway with server.port\n");
}

TEST(an_origin_is_one_that_a_browser_may_send)
{
    static const struct { const char *origin; bool good; } cases[] = {
        { "https://app.example",      true  }, { "http://localhost:3000", true  }, { "https://[::1]:1", true  },
        { "https://app.example/",     false }, { "app.example",           false }, { "*",               false },
        { "https://app.example/page", false }, { "ftp://app.example",     false }, { "https://",        false },
    };
    fresh_home();
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(config_report_done) struct config_report r = {0};
        CLEANUP(buf_done) struct buf set = {0};

        buf_addf(&set, "server.cors_origins=[\"%s\"]", cases[i].origin);
        const char *sets[] = { buf_c(&set) };

        check_load(&(struct config_inputs){ .home = home, .env = no_env, .sets = sets, .n_sets = 1 }, "");
        CHECK_INT(config_check_startable(&r), cases[i].good ? OK : ERR_INPUT);
    }
}

TEST(an_endpoint_that_is_the_gateway_is_seen_in_every_spelling)
{
    static const struct { const char *host, *port, *endpoint; bool itself; } cases[] = {
        { "127.0.0.1",   "8000", "http://localhost:8000",        true  },
        { "127.0.0.1",   "8000", "http://LOCALHOST:8000/v1",     true  },
        { "127.0.0.1",   "8000", "http://127.0.0.1:8000/v1",     true  },
        { "127.0.0.1",   "8000", "http://0.0.0.0:8000",          true  },
        { "127.0.0.1",   "8000", "http://[::1]:8000/v1",         true  },
        { "0.0.0.0",     "8000", "http://127.0.0.2:8000",        true  },
        { "::",          "80",   "http://localhost/v1",          true  },
        { "0.0.0.0",     "443",  "https://u:p@localhost/v1",     true  },
        { "192.168.1.5", "8000", "http://192.168.1.5:8000",      true  },
        { "192.168.1.5", "8000", "http://localhost:8000",        false },
        { "127.0.0.1",   "8000", "http://localhost:8001",        false },
        { "127.0.0.1",   "8000", "http://localhost",             false },
        { "127.0.0.1",   "8000", "http://localhost.example:8000", false },
        { "127.0.0.1",   "8000", "https://api.openai.com/v1",    false },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(config_report_done) struct config_report r = {0};
        char h[64], p[64], e[96];
        const char *const sets[] = { h, p, e, NULL };

        snprintf(h, sizeof h, "server.host=%s", cases[i].host);
        snprintf(p, sizeof p, "server.port=%s", cases[i].port);
        snprintf(e, sizeof e, "model_provider.endpoint=%s", cases[i].endpoint);
        CHECK_OK(config_load_for_test("/nonexistent", sets));
        if ((config_check_startable(&r) != OK) != cases[i].itself)
            test_failed(__FILE__, __LINE__, "%s on %s:%s", cases[i].endpoint, cases[i].host, cases[i].port);
        CHECK(!cases[i].itself || strstr(r.first->text, "this gateway itself"));
    }
}

TEST(secrets_come_from_files_and_are_never_shown)
{
    fresh_home();
    put("config/key", "sk-from-file-1\n");
    put("mine.yaml", "model_provider: {api_key: {file: key}}\nplatforms: {telegram: {token: 123456:ABC}}\n"
                     "database: {url: 'sqlite://u:hunter22@x/y'}\nplugins: [{module: m, config: {api_key: hunter33, n: 1}}]\n");
    check_load(&(struct config_inputs){ .home = home, .env = no_env, .file = in_home("mine.yaml") },
        "W ~/mine.yaml:4:10: 'plugins' is known, not built yet: it has no effect\n");
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *shown = config_show();
    str text = json_print(a, shown);

    CHECK_STR(str_from(config_now()->model_provider_api_key), "sk-from-file-1");
    CHECK(str_find(text, S("sk-from")) == STR_NONE);
    CHECK(str_find(text, S("123456:ABC")) == STR_NONE);
    CHECK(str_find(text, S("hunter")) == STR_NONE);
    CHECK(str_find(text, S("sqlite://u:***@x/y")) != STR_NONE);
    CHECK(str_find(text, S("\"api_key\":\"***\"")) != STR_NONE);
    CHECK_STR(json_strval(json_at(config_now()->plugins, "0.config.api_key")), "hunter33");
    put("mine.yaml", "model_provider: {api_key: {file: nothing-there}}\n");
    check_load(&(struct config_inputs){ .home = home, .env = no_env, .file = in_home("mine.yaml") },
        arena_printf(a, "E ~/mine.yaml:1:27: 'model_provider.api_key' cannot be read: %s/nothing-there: No such file or directory\n", home));
}

TEST(a_secret_within_a_map_comes_from_a_file_and_is_masked)
{
    fresh_home();
    put("config/key", "from-a-file-7\n");
    put("mine.yaml", "plugins: [{password: {file: key}, Community: plain-text-8, where: {file: key}}]\n");
    check_load(&(struct config_inputs){ .home = home, .env = no_env, .file = in_home("mine.yaml") },
        "W ~/mine.yaml:1:10: 'plugins' is known, not built yet: it has no effect\n");
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *shown = config_show();
    str text = json_print(a, shown);

    CHECK_STR(json_text_str(config_now()->plugins, "0.password"), "from-a-file-7");
    CHECK_STR(json_text_str(config_now()->plugins, "0.where.file"), "key");
    CHECK(str_find(text, S("from-a-file-7")) == STR_NONE);
    CHECK(str_find(text, S("plain-text-8")) == STR_NONE);
    put("mine.yaml", "plugins: [{password: {file: gone}}]\n");
    check_load(&(struct config_inputs){ .home = home, .env = no_env, .file = in_home("mine.yaml") }, arena_printf(a,
        "W ~/mine.yaml:1:10: 'plugins' is known, not built yet: it has no effect\n"
        "E ~/mine.yaml:1:10: 'plugins' has a 'password' that cannot be read: %s/gone: No such file or directory\n", home));
}

static enum err known_secret(void *arg, str name, str *out)
{
    if (!str_eq(name, S("known")))
        return failed(ERR_NOT_FOUND, "there is no secret '%.*s'", STR(name));
    *out = str_from(arg);
    return OK;
}

TEST(a_kept_secret_is_asked_for_once_there_is_somebody_to_ask)
{
    CLEANUP(config_report_done) struct config_report again = {0};
    char value[] = "kept-value-9";

    fresh_home();
    put("mine.yaml", "model_provider: {api_key: {secret: known}}\nplatforms: {telegram: {token: {secret: known}}}\n"
                     "server: {port: 7}\n");
    check_load(&(struct config_inputs){ .home = home, .env = no_env, .file = in_home("mine.yaml") }, "");
    CHECK_STR(str_from(config_now()->model_provider_api_key), "");
    CHECK_INT(config_secret_count(), 2);
    config_use_resolver(&(struct config_resolver){ known_secret, value });
    CHECK_OK(config_load_again(&again));        /* also what takes a restart otherwise */
    CHECK_STR(str_from(config_now()->model_provider_api_key), "kept-value-9");
    CHECK_STR(str_from(config_now()->platforms_telegram_token), "kept-value-9");
    CHECK_INT(config_now()->server_port, 7);
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *shown = config_show();
    str text = json_print(a, shown);

    CHECK(str_find(text, S("kept-value-9")) == STR_NONE);
    CHECK(str_find(text, S("{secret: known}")) != STR_NONE);
    memcpy(value, "new--value-9", 12);
    CHECK_OK(config_reload(&again));
    CHECK_STR(str_from(config_now()->model_provider_api_key), "new--value-9");
    CHECK_STR(str_from(config_now()->platforms_telegram_token), "new--value-9");
    put("mine.yaml", "model_provider: {api_key: {secret: gone}}\n");
    CHECK_ERR(config_reload(&again), ERR_INPUT);
    CHECK_STR(str_from(config_now()->model_provider_api_key), "new--value-9");
    check_load(&(struct config_inputs){ .home = home, .env = no_env, .file = in_home("mine.yaml") },
        "E ~/mine.yaml:1:27: 'model_provider.api_key' is {secret: gone}: there is no secret 'gone'\n");
    config_use_resolver(NULL);
}

TEST(what_may_not_be_kept_secret_says_so)
{
    fresh_home();
    put("mine.yaml", "database: {url: {secret: db}}\nserver: {host: {secret: host}}\n");
    check_load(&(struct config_inputs){ .home = home, .env = no_env, .file = in_home("mine.yaml") },
        "E ~/mine.yaml:1:17: 'database.url' cannot be {secret: name}: the secrets are in that very database; use ${NAME}\n"
        "E ~/mine.yaml:2:16: 'server.host' cannot be {secret: name}; only tokens, keys and passwords can\n");
}

TEST(paths_are_looked_up_beside_the_file_then_at_home)
{
    static const char *const env[] = { "HOME=/home/me", NULL };

    fresh_home();
    put("config/a.pem", "");
    put("mine.yaml", "server: {tls: {cert: a.pem, key: b.pem}}\nworkspace: {path: ~/w}\nlog: {file: /var/log/x}\n");
    check_load(&(struct config_inputs){ .home = home, .env = env, .file = in_home("mine.yaml") }, "");
    CHECK_STR(str_from(config_now()->server_tls_cert), in_home("config/a.pem"));
    CHECK_STR(str_from(config_now()->server_tls_key), in_home("b.pem"));
    CHECK_STR(str_from(config_now()->workspace_path), "/home/me/w");
    CHECK_STR(str_from(config_now()->log_file), "/var/log/x");
}

TEST(the_home_folder_is_found)
{
    static const struct { const char *home; const char *env[4]; const char *want; } cases[] = {
        { "/h",  { "CLAWDBOT_HOME=/e" },                        "/h"                            },
        { NULL,  { "CLAWDBOT_HOME=/e", "XDG_DATA_HOME=/x" },    "/e"                            },
        { NULL,  { "XDG_DATA_HOME=/x", "HOME=/me" },            "/x/clawdbot"                   },
        { NULL,  { "XDG_DATA_HOME=x", "HOME=/me" },             "/me/.local/share/clawdbot"     },
        { NULL,  { "CLAWDBOT_HOME=", "HOME=/me" },              "/me/.local/share/clawdbot"     },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const char *got;

        CHECK_OK(config_home(a, &(struct config_inputs){ .home = cases[i].home, .env = cases[i].env }, &got));
        CHECK_STR(str_from(got), cases[i].want);
    }
}

TEST(a_reload_takes_what_it_can_and_says_what_it_cannot)
{
    CLEANUP(config_report_done) struct config_report r = {0};
    CLEANUP(config_report_done) struct config_report bad = {0};
    CLEANUP(buf_done) struct buf got = {0};

    fresh_home();
    put("config/default.yaml", "server: {port: 1}\nturn: {rounds: 1}\n");
    check_load(&(struct config_inputs){ .home = home, .env = no_env }, "");
    const struct config *before = config_now();

    put("config/default.yaml", "server: {port: 2}\nturn: {rounds: 2}\n");
    CHECK_OK(config_reload(&r));
    draw(&got, &r);
    CHECK_STR(buf_str(&got), "W ~/config/default.yaml:1:16: 'server.port' changed and takes effect when the gateway is started anew\n");
    CHECK_INT(r.n_changed, 2);
    CHECK_INT(config_now()->server_port, 1);
    CHECK_INT(config_now()->turn_rounds, 2);
    CHECK_INT(before->turn_rounds, 1);

    put("config/default.yaml", "turn: {rounds: none}\n");
    CHECK_ERR(config_reload(&bad), ERR_INPUT);
    CHECK_INT(config_now()->turn_rounds, 2);
}

TEST(environment_and_flags_may_hold_lists)
{
    static const char *const sets[] = { "sandbox.enabled=[exec, list_dir]", "server.cors_origins=https://a,https://b",
                                        "skills=[{module: x}]", NULL };

    CHECK_OK(config_load_for_test("/nonexistent", sets));
    CHECK_INT(config_now()->sandbox_enabled.n, 2);
    CHECK_STR(str_from(config_now()->server_cors_origins.items[1]), "https://b");
    CHECK_STR(json_strval(json_at(config_now()->skills, "0.module")), "x");
}
