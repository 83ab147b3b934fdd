// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "tool/policy.h"
#include "tool/policy_pattern.h"
#include "tool/registry.h"

static const struct tool http = { .name = "http_fetch", .risk = RISK_OUTSIDE }, ssh = { .name = "ssh", .risk = RISK_OUTSIDE };

struct asked { const char *role, *tool, *arguments, *taint; };

static const struct tool *tool_named(const char *name)
{
    return strcmp(name, "http_fetch") == 0 ? &http : strcmp(name, "ssh") == 0 ? &ssh : tool_find(str_from(name));
}

static enum decision ask(const struct policy *p, const struct asked *q, struct arena *a, struct policy_answer *out)
{
    CLEANUP(json_decrefp) json_t *arguments = NULL;
    struct person who = { str_eq(str_from(q->role), S("owner")) ? S("owner") : S("bob"), str_from(q->role) };

    CHECK_OK(json_parse(str_from(q->arguments), &arguments));
    policy_decide(p, a, &(struct policy_facts){ .person = &who, .platform = S("telegram"), .chat_id = S("1"), .tool = tool_named(q->tool),
        .arguments = arguments, .workspace = "/home/me/workspace", .taint = str_from(q->taint) }, out);
    return out->decision;
}

static struct policy *policy_of(const char *rows, const char *roles)
{
    CLEANUP(json_decrefp) json_t *r = NULL;
    CLEANUP(json_decrefp) json_t *x = NULL;
    struct policy *p = NULL;

    CHECK_OK(json_parse(str_from(rows), &r));
    CHECK_OK(json_parse(str_from(roles), &x));
    CHECK_OK(policy_new(r, x, &p));
    return p;
}

static void free_policy(struct policy **p)
{
    policy_free(*p);
}

struct want { const char *line, *decision, *rule; };

static void check_lines(const struct policy *p, const char *role, const struct want *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *j = json_pack("{s:s}", "command", rows[i].line);
        struct asked q = { role, "exec", json_print(a, j).p, "" };
        struct policy_answer got;

        ask(p, &q, a, &got);
        if (strcmp(decision_name(got.decision), rows[i].decision) != 0 || strcmp(got.rule, rows[i].rule) != 0)
            test_failed(__FILE__, __LINE__, "%s: is %s by %s, want %s by %s", rows[i].line, decision_name(got.decision), got.rule,
                        rows[i].decision, rows[i].rule);
    }
}

TEST(without_a_configuration_the_defaults_decide)
{
    static const struct want rows[] = {
        { "ls -l", "allow", "default read" },
        { "cat a b", "allow", "default read" },
        { "grep -rn 'a b' src", "allow", "default read" },
        { "head -5 x | tail -1", "allow", "default read" },
        { "find . -name '*.c'", "allow", "default read" },
        { "find src -type f -newer x", "allow", "default read" },
        { "wc -l < a", "allow", "default read" },
        { "sort a b", "allow", "default read" },
        { "stat a", "allow", "default read" },
        { "diff a ../a", "allow", "default read" },
        { "cat /etc/hostname", "allow", "default read" },
        { "test -f a", "allow", "default read" },
        { "[ -d b ]", "allow", "default read" },
        { "sed s/a/b/g x", "allow", "default read" },
        { "sed -n 5,10p x", "allow", "default read" },
        { "awk -F: '{print $1}' x", "allow", "default read" },
        { "cd sub && ls", "allow", "default read" },
        { "ls", "allow", "default read" },
        { "LC_ALL=C sort x", "allow", "default read" },
        { "nice ls", "allow", "default read" },
        { "make test", "allow", "default execute" },
        { "make -j4 CC=gcc", "allow", "default execute" },
        { "./run.sh a b", "allow", "default execute" },
        { "python3 x.py --verbose", "allow", "default execute" },
        { "python3 -m pytest -q", "allow", "default execute" },
        { "bash build.sh", "allow", "default execute" },
        { "bash -e build.sh", "allow", "default execute" },
        { "node app.js", "allow", "default execute" },
        { "git status", "allow", "default execute" },
        { "git log --oneline -5", "allow", "default execute" },
        { "git commit -m 'a; rm b'", "allow", "default execute" },
        { "git add .", "allow", "default execute" },
        { "cargo build", "allow", "default execute" },
        { "npm test", "allow", "default execute" },
        { "echo 'rm -rf /'", "allow", "default execute" },
        { "echo \"(\"", "allow", "default execute" },
        { "printf '%s\\n' a", "allow", "default execute" },
        { "date", "allow", "default execute" },
        { "true", "allow", "default execute" },
        { "env -i make", "allow", "default execute" },
        { "timeout 5 make test", "allow", "default execute" },
        { "nohup make", "allow", "default execute" },
        { "git diff HEAD~1 -- a", "allow", "default execute" },
        { "echo x > /dev/null", "allow", "default execute" },
        { "kill 123", "allow", "default execute" },
        { "pip list", "allow", "default execute" },
        { "perl x.pl", "allow", "default execute" },
        { "echo 你好，世界", "allow", "default execute" },
        { "git branch -a", "allow", "default execute" },
        { "git stash", "allow", "default execute" },
        { "go test ./...", "allow", "default execute" },
        { "touch a", "allow", "default write" },
        { "mkdir -p a/b", "allow", "default write" },
        { "cp a b", "allow", "default write" },
        { "cp -r a b c", "allow", "default write" },
        { "cp a -t sub", "allow", "default write" },
        { "ln -s a b", "allow", "default write" },
        { "chmod +x a", "allow", "default write" },
        { "mv -n a b", "allow", "default write" },
        { "tee out", "allow", "default write" },
        { "sed -i s/a/b/ x", "allow", "default write" },
        { "tar -czf a.tgz sub", "allow", "default write" },
        { "install -m 644 a b", "allow", "default write" },
        { "cp a /tmp/x", "allow", "default write" },
        { "mkdir /tmp/y", "allow", "default write" },
        { "split a", "allow", "default write" },
        { "sort -o b a", "allow", "default write" },
        { "rm a", "ask", "default delete" },
        { "rm -rf x", "ask", "default delete" },
        { "rm -- -x", "ask", "default delete" },
        { "rm *", "ask", "default delete" },
        { "/bin/rm a", "ask", "default delete" },
        { "/usr/bin/rm -f a", "ask", "default delete" },
        { "./rm a", "ask", "default delete" },
        { "r\\m a", "ask", "default delete" },
        { "'rm' a", "ask", "default delete" },
        { "\"rm\" a", "ask", "default delete" },
        { "r''m a", "ask", "default delete" },
        { "rmdir a", "ask", "default delete" },
        { "unlink a", "ask", "default delete" },
        { "shred a", "ask", "default delete" },
        { "truncate -s 0 a", "ask", "default delete" },
        { "mv a b", "ask", "default delete" },
        { "find . -delete", "ask", "default delete" },
        { "find . -name x -delete", "ask", "default delete" },
        { "git clean -fd", "ask", "default delete" },
        { "git rm a", "ask", "default delete" },
        { "git reset --hard", "ask", "default delete" },
        { "git reset --ha", "ask", "default delete" },
        { "git checkout -- a", "ask", "default delete" },
        { "git checkout .", "ask", "default delete" },
        { "git checkout -f", "ask", "default delete" },
        { "git restore a", "ask", "default delete" },
        { "git branch -D x", "ask", "default delete" },
        { "git branch -dr x", "ask", "default delete" },
        { "git stash drop", "ask", "default delete" },
        { "git stash clear", "ask", "default delete" },
        { "env rm a", "ask", "default delete" },
        { "nice -n 5 rm a", "ask", "default delete" },
        { "timeout 5 rm a", "ask", "default delete" },
        { "timeout -s KILL 5 rm a", "ask", "default delete" },
        { "nohup rm a", "ask", "default delete" },
        { "nohup timeout 5 nice rm a", "ask", "default delete" },
        { "stdbuf -o L rm a", "ask", "default delete" },
        { "ls && rm -rf x", "ask", "default delete" },
        { "ls; rm x", "ask", "default delete" },
        { "ls | rm x", "ask", "default delete" },
        { "ls || rm x", "ask", "default delete" },
        { "ls\nrm x", "ask", "default delete" },
        { "LC_ALL=C rm x", "ask", "default delete" },
        { "cd sub && rm x", "ask", "default delete" },
        { "dd if=/dev/zero of=a", "ask", "default delete" },
        { "gzip a", "ask", "default delete" },
        { "rm /tmp/x", "ask", "default delete" },
        { "rm /home/me/workspace/a", "ask", "default delete" },
        { "ionice -c 3 rm a", "ask", "default delete" },
        { "setsid rm a", "ask", "default delete" },
        { "time rm a", "ask", "default delete" },
        { "rm a > /dev/null 2>&1", "ask", "default delete" },
        { "rm a # not", "ask", "default delete" },
        { "curl http://x", "ask", "default network" },
        { "wget -q x", "ask", "default network" },
        { "/usr/bin/curl x", "ask", "default network" },
        { "git push", "ask", "default network" },
        { "git push -f origin", "ask", "default network" },
        { "git fetch", "ask", "default network" },
        { "git clone https://x/y", "ask", "default network" },
        { "ssh web1 uptime", "ask", "default network" },
        { "scp a web1:", "ask", "default network" },
        { "rsync a web1:b", "ask", "default network" },
        { "nc -l 80", "ask", "default network" },
        { "pip install x", "ask", "default network" },
        { "apt-get install x", "ask", "default network" },
        { "npm install", "ask", "default network" },
        { "gh pr list", "ask", "default network" },
        { "ping x", "ask", "default network" },
        { "docker run x", "ask", "default network" },
        { "timeout 5 curl x", "ask", "default network" },
        { "echo a | nc x 1", "ask", "default network" },
        { "git remote update", "ask", "default network" },
        { "openssl s_client", "ask", "default network" },
        { "echo $(rm a)", "ask", "default complex" },
        { "echo `rm a`", "ask", "default complex" },
        { "echo $HOME", "ask", "default complex" },
        { "echo \"$HOME\"", "ask", "default complex" },
        { "echo ${x}", "ask", "default complex" },
        { "$X a", "ask", "default complex" },
        { "eval rm a", "ask", "default complex" },
        { "eval 'rm a'", "ask", "default complex" },
        { "exec rm a", "ask", "default complex" },
        { ". ./x", "ask", "default complex" },
        { "source x", "ask", "default complex" },
        { "sh -c 'rm a'", "ask", "default complex" },
        { "bash -c 'rm a'", "ask", "default complex" },
        { "bash -lc 'rm a'", "ask", "default complex" },
        { "/bin/sh -c x", "ask", "default complex" },
        { "dash", "ask", "default complex" },
        { "bash", "ask", "default complex" },
        { "bash -s", "ask", "default complex" },
        { "cat x | sh", "ask", "default complex" },
        { "bash < x", "ask", "default complex" },
        { "bash /dev/stdin", "ask", "default complex" },
        { "bash -i", "ask", "default complex" },
        { "python3 -c 'x'", "ask", "default complex" },
        { "python3", "ask", "default complex" },
        { "python3 -", "ask", "default complex" },
        { "python3.11 -c x", "ask", "default complex" },
        { "python3 -i x.py", "ask", "default complex" },
        { "python3 -m http.server", "ask", "default complex" },
        { "python3 -uc x", "ask", "default complex" },
        { "perl -e x", "ask", "default complex" },
        { "perl -ne x y", "ask", "default complex" },
        { "ruby -e x", "ask", "default complex" },
        { "node -e x", "ask", "default complex" },
        { "node --eval x", "ask", "default complex" },
        { "node -p 1", "ask", "default complex" },
        { "php -r x", "ask", "default complex" },
        { "find . -exec rm {} +", "ask", "default complex" },
        { "find . -exec rm {} \\;", "ask", "default complex" },
        { "find . -execdir x", "ask", "default complex" },
        { "find . -ok rm", "ask", "default complex" },
        { "ls | xargs rm", "ask", "default complex" },
        { "xargs rm", "ask", "default complex" },
        { "sudo rm a", "ask", "default complex" },
        { "sudo ls", "ask", "default complex" },
        { "su -c x", "ask", "default complex" },
        { "doas x", "ask", "default complex" },
        { "watch ls", "ask", "default complex" },
        { "env -S 'rm a'", "ask", "default complex" },
        { "env PATH=. ls", "ask", "default complex" },
        { "env A=b ls", "ask", "default complex" },
        { "env", "ask", "default complex" },
        { "nohup", "ask", "default complex" },
        { "timeout 5", "ask", "default complex" },
        { "timeout 5 sh -c x", "ask", "default complex" },
        { "env bash", "ask", "default complex" },
        { "PATH=. ls", "ask", "default complex" },
        { "LD_PRELOAD=./x ls", "ask", "default complex" },
        { "A=b", "ask", "default complex" },
        { "awk 'BEGIN { system(\"rm a\") }'", "ask", "default complex" },
        { "awk '{ print > \"x\" }' y", "ask", "default complex" },
        { "awk '{ \"ls\" | getline }'", "ask", "default complex" },
        { "awk -f x y", "ask", "default complex" },
        { "gawk -e x", "ask", "default complex" },
        { "sed e x", "ask", "default complex" },
        { "sed 's/a/b/e' x", "ask", "default complex" },
        { "sed 's/a/b/w y' x", "ask", "default complex" },
        { "sed -f x y", "ask", "default complex" },
        { "sed -e p x", "ask", "default complex" },
        { "sed '1e rm a' x", "ask", "default complex" },
        { "sed -n '1w y' x", "ask", "default complex" },
        { "tar --to-command=x -xf a", "ask", "default complex" },
        { "tar -xf a --checkpoint-action=exec=x", "ask", "default complex" },
        { "tar -I x -xf a", "ask", "default complex" },
        { "tar --use-compress-prog=x -xf a", "ask", "default complex" },
        { "sort --compress-program=x a", "ask", "default complex" },
        { "git -c core.pager=x log", "ask", "default complex" },
        { "git -c alias.x=!rm x", "ask", "default complex" },
        { "git --exec-path=. log", "ask", "default complex" },
        { "git config alias.x y", "ask", "default complex" },
        { "git rebase --exec x", "ask", "default complex" },
        { "git bisect run x", "ask", "default complex" },
        { "git submodule foreach x", "ask", "default complex" },
        { "git grep -O x", "ask", "default complex" },
        { "git clone --upload-pack=x y", "ask", "default complex" },
        { "git clone ext::x", "ask", "default complex" },
        { "git difftool", "ask", "default complex" },
        { "vim x", "ask", "default complex" },
        { "ed x", "ask", "default complex" },
        { "man x", "ask", "default complex" },
        { "less x", "ask", "default complex" },
        { "sqlite3 x", "ask", "default complex" },
        { "gdb x", "ask", "default complex" },
        { "make & rm x", "ask", "default complex" },
        { "(rm a)", "ask", "default complex" },
        { "{ rm a; }", "ask", "default complex" },
        { "f() { rm a; }; f", "ask", "default complex" },
        { "if true; then rm a; fi", "ask", "default complex" },
        { "for i in a; do rm $i; done", "ask", "default complex" },
        { "while true; do ls; done", "ask", "default complex" },
        { "! rm a", "ask", "default complex" },
        { "rm a &", "ask", "default complex" },
        { "cat <<E\nx\nE", "ask", "default complex" },
        { "cat <<< x", "ask", "default complex" },
        { "ls {a,b}", "ask", "default complex" },
        { "ls ~", "ask", "default complex" },
        { "ls ~bob", "ask", "default complex" },
        { "rm a 2>&3", "ask", "default complex" },
        { "ls >&f", "ask", "default complex" },
        { "ls &> f", "ask", "default complex" },
        { "diff <(a) <(b)", "ask", "default complex" },
        { "ls > *", "ask", "default complex" },
        { "alias ls=rm", "ask", "default complex" },
        { "command rm a", "ask", "default complex" },
        { "builtin eval x", "ask", "default complex" },
        { "export PATH=.", "ask", "default complex" },
        { "read PATH", "ask", "default complex" },
        { "set -x", "ask", "default complex" },
        { "trap 'rm a' EXIT", "ask", "default complex" },
        { "unset x", "ask", "default complex" },
        { "printf -v PATH x", "ask", "default complex" },
        { "test -v x", "ask", "default complex" },
        { "hash -p x ls", "ask", "default complex" },
        { "cd sub; ls", "ask", "default complex" },
        { "cd - && ls", "ask", "default complex" },
        { "cd", "ask", "default complex" },
        { "cd $X && ls", "ask", "default complex" },
        { "ls && cd sub && ls", "ask", "default complex" },
        { "pushd x", "ask", "default complex" },
        { "busybox rm a", "ask", "default complex" },
        { "unshare rm a", "ask", "default complex" },
        { "strace rm a", "ask", "default complex" },
        { "flock x rm a", "ask", "default complex" },
        { "script -c x", "ask", "default complex" },
        { "parallel rm", "ask", "default complex" },
        { "at now", "ask", "default complex" },
        { "crontab x", "ask", "default complex" },
        { "systemd-run x", "ask", "default complex" },
        { "ld-linux-x86-64.so.2 ./x", "ask", "default complex" },
        { "chroot x y", "ask", "default complex" },
        { "npx x", "ask", "default complex" },
        { "npm exec x", "ask", "default complex" },
        { "echo x > /home/me/other", "ask", "default complex" },
        { "echo x > ../other", "ask", "default complex" },
        { "ls $'a'", "ask", "default complex" },
        { "r? a", "ask", "default complex" },
        { "*", "ask", "default complex" },
        { "[a]x", "ask", "default complex" },
        { "echo x >", "ask", "default complex" },
        { "ls |", "ask", "default complex" },
        { "&& ls", "ask", "default complex" },
        { "ls 'x", "ask", "default complex" },
        { "echo x > /etc/passwd", "deny", "default system" },
        { "echo x >> /etc/passwd", "deny", "default system" },
        { "echo x > ../../../etc/passwd", "deny", "default system" },
        { "echo x >//etc/../etc/passwd", "deny", "default system" },
        { "tee /usr/bin/ls", "deny", "default system" },
        { "cp a /etc/x", "deny", "default system" },
        { "cp a ../../../usr/bin/ls", "deny", "default system" },
        { "cp -t /etc a", "deny", "default system" },
        { "cp --target-directory=/etc a", "deny", "default system" },
        { "cp --target=/etc a", "deny", "default system" },
        { "mv a /boot/x", "deny", "default system" },
        { "rm -rf /", "deny", "default system" },
        { "rm -rf /etc", "deny", "default system" },
        { "rm /usr/bin/ls", "deny", "default system" },
        { "touch /root/x", "deny", "default system" },
        { "mkdir /var/x", "deny", "default system" },
        { "chmod 777 /etc/shadow", "deny", "default system" },
        { "chown me /etc/x", "deny", "default system" },
        { "ln -s a /bin/x", "deny", "default system" },
        { "dd if=a of=/dev/sda", "deny", "default system" },
        { "sed -i s/a/b/ /etc/hosts", "deny", "default system" },
        { "tar -C /etc -xf a", "deny", "default system" },
        { "install a /usr/bin", "deny", "default system" },
        { "truncate -s 0 /etc/x", "deny", "default system" },
        { "shred /dev/sda", "deny", "default system" },
        { "find . -fprint /etc/y", "deny", "default system" },
        { "env rm /etc/x", "deny", "default system" },
        { "rm -rf /*", "deny", "default system" },
        { "echo a > /proc/sys/x", "deny", "default system" },
        { "sort -o /etc/x a", "deny", "default system" },
        { "git rm a && rm /boot/x", "deny", "default system" },
        { "cp a /home/other/x", "ask", "default elsewhere" },
        { "touch /opt/x", "ask", "default elsewhere" },
        { "tee ../x", "ask", "default elsewhere" },
        { "mkdir /home/me/x", "ask", "default elsewhere" },
        { "ln a ../b", "ask", "default elsewhere" },
    };
    CLEANUP(free_policy) struct policy *p = policy_of("[]", "{}");

    check_lines(p, "owner", rows, N_ELEMENTS(rows));
}

TEST(a_role_that_has_no_tools_has_none)
{
    static const struct { struct asked q; const char *decision, *rule; } rows[] = {
        { { "user", "read_file", "{\"path\":\"a\"}", "" }, "deny", "default user" },
        { { "guest", "exec", "{\"command\":\"ls\"}", "" }, "deny", "default guest" },
        { { "", "exec", "{\"command\":\"ls\"}", "" }, "deny", "role" }, { { "king", "exec", "{\"command\":\"ls\"}", "" }, "deny", "role" },
        { { "operator", "exec", "{\"command\":\"ls\"}", "" }, "allow", "default read" },
        { { "reader", "read_file", "{\"path\":\"a\"}", "" }, "allow", "default read" },
        { { "reader", "exec", "{\"command\":\"ls\"}", "" }, "deny", "role reader" },
        { { "owner", "exec", "{\"command\":\"ls\"}", "web page" }, "ask", "tainted" },
        { { "owner", "read_file", "{\"path\":\"a\"}", "web page" }, "allow", "default read" },
        { { "owner", "http_fetch", "{\"url\":\"https://a.org/\"}", "" }, "allow", "default fetch" },
        { { "owner", "http_fetch", "{\"url\":\"https://a.org/\"}", "web page" }, "ask", "tainted" },
        { { "owner", "http_fetch", "{\"url\":\"https://a.org/\",\"method\":\"POST\"}", "" }, "ask", "default network" },
        { { "owner", "http_fetch", "{\"url\":\"https://a.org/\",\"json\":null}", "" }, "ask", "default network" },
        { { "owner", "http_fetch", "{\"url\":\"https://a.org/\",\"save_to\":\"a\"}", "" }, "allow", "default fetch" },
        { { "owner", "http_fetch", "{\"url\":\"https://a.org/\",\"save_to\":\"/etc/a\"}", "" }, "deny", "default system" },
        { { "owner", "ssh", "{\"host\":\"web1\",\"command\":\"uptime\"}", "" }, "ask", "default network" },
        { { "owner", "service", "{\"action\":\"logs\",\"name\":\"nginx\"}", "log of nginx" }, "allow", "default read" },
        { { "owner", "service", "{\"action\":\"restart\",\"name\":\"nginx\"}", "" }, "ask", "default machine" },
        { { "owner", "processes", "{\"action\":\"ports\"}", "web page" }, "allow", "default read" },
        { { "owner", "clean_files", "{}", "" }, "allow", "default read" },
        { { "owner", "clean_files", "{\"action\":\"apply\",\"path\":\"a\",\"files\":[\"a/b.tmp\\t1\\tx\"]}", "" }, "ask", "default delete" },
        { { "owner", "backup", "{\"action\":\"list\"}", "web page" }, "allow", "default read" },
        { { "owner", "backup", "{\"action\":\"create\",\"path\":\"a\"}", "" }, "allow", "default write" },
        { { "owner", "backup", "{\"action\":\"create\",\"path\":\"a\"}", "web page" }, "ask", "tainted" },
        { { "owner", "backup", "{\"action\":\"restore\",\"name\":\"a\",\"to\":\"/etc\"}", "" }, "deny", "default system" },
        { { "owner", "clean_files", "{\"action\":\"apply\",\"files\":[\"a.tmp\\t1\\tx\"]}", "" }, "ask", "default delete" },
        { { "owner", "processes", "{\"action\":\"kill\",\"pid\":5}", "" }, "ask", "default machine" },
        { { "user", "processes", "{\"action\":\"list\"}", "" }, "deny", "default user" },
    };
    CLEANUP(free_policy) struct policy *p = policy_of("[]", "{\"reader\":{\"like\":\"user\",\"tools\":[\"read_file\",\"grep\"]}}");

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct policy_answer got;

        ask(p, &rows[i].q, a, &got);
        if (strcmp(decision_name(got.decision), rows[i].decision) != 0 || strcmp(got.rule, rows[i].rule) != 0)
            test_failed(__FILE__, __LINE__, "%s %s %s: is %s by %s, want %s by %s", rows[i].q.role, rows[i].q.tool, rows[i].q.arguments,
                        decision_name(got.decision), got.rule, rows[i].decision, rows[i].rule);
    }
}

TEST(the_first_row_that_fits_decides)
{
    static const struct want rows[] = {
        { "git push origin main", "allow", "policy row 2" }, { "git push --force", "deny", "policy row 1" }, { "git push", "allow", "policy row 2" },
        { "git push && rm x", "ask", "default delete" }, { "rm reports/a reports/b", "allow", "policy row 3" },
        { "rm reports/a b", "ask", "default delete" }, { "rm reports/../a", "ask", "default delete" }, { "rm reports/*", "ask", "default delete" },
        { "./git push", "ask", "default network" }, { "/usr/bin/git push", "allow", "policy row 2" }, { "make", "deny", "policy row 4" },
        { "PATH=. git push", "ask", "default complex" }, { "cat reports", "deny", "policy row 5" },
    };
    CLEANUP(free_policy) struct policy *p = policy_of(
        "[{\"command\":\"git push --force *\",\"decision\":\"deny\"},{\"role\":\"operator\",\"command\":\"git push *\",\"decision\":\"allow\"},"
        "{\"command\":\"rm *\",\"path\":\"reports/**\",\"decision\":\"allow\"},{\"platform\":\"telegram\",\"command\":\"make *\",\"decision\":\"deny\"},"
        "{\"command\":\"cat *\",\"path\":\"reports/secret/**\",\"decision\":\"deny\"}]", "{}");

    check_lines(p, "operator", rows, N_ELEMENTS(rows));
}

TEST(what_is_said_for_always_allows_that_call_again_and_no_other)
{
    CLEANUP(free_policy) struct policy *p = policy_of("[]", "{}");
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:s}", "command", "rm 'a b' *.o && git push");
    struct person bob = { S("bob"), S("operator") };
    struct policy_facts f = { .person = &bob, .tool = tool_named("exec"), .arguments = arguments, .workspace = "/w" };
    CLEANUP(json_decrefp) json_t *row = policy_row_for(&f);
    static const struct want rows[] = {
        { "rm 'a b' *.o && git push", "allow", "always 7" }, { "rm a b", "ask", "default delete" }, { "rm a.o", "ask", "default delete" },
        { "git push -f", "ask", "default network" }, { "git push", "allow", "always 7" },
    };

    CHECK(row != NULL);
    CHECK_OK(policy_add_always(p, 7, json_print(a, row)));
    check_lines(p, "operator", rows, N_ELEMENTS(rows));
    f.taint = S("a web page");
    CHECK(policy_row_for(&f) == NULL);
}

TEST(a_row_that_is_wrong_is_named_and_says_what_is_wrong)
{
    static const char *const rows[][2] = {
        { "{}", "list of rows" }, { "[1]", "policy row 1: a row is a map" }, { "[{}]", "policy row 1: decision is allow, ask or deny" },
        { "[{\"decision\":\"maybe\"}]", "not maybe" }, { "[{\"decision\":\"deny\"},{\"tol\":\"exec\",\"decision\":\"deny\"}]", "policy row 2: there is no key 'tol'; is 'tool' meant?" },
        { "[{\"tool\":\"exce\",\"decision\":\"deny\"}]", "no tool 'exce'" }, { "[{\"risk\":\"high\",\"decision\":\"deny\"}]", "risk is" },
        { "[{\"effect\":\"x\",\"decision\":\"deny\"}]", "effect is" }, { "[{\"path\":\"a[\",\"decision\":\"deny\"}]", "path: " },
        { "[{\"path\":\"../a\",\"decision\":\"deny\"}]", "relative" }, { "[{\"command\":[],\"decision\":\"deny\"}]", "command wants" },
        { "[{\"command\":\"\",\"decision\":\"deny\"}]", "command wants" }, { "[{\"tainted\":\"yes\",\"decision\":\"deny\"}]", "true or false" },
        { "[{\"workflow\":\"x\",\"decision\":\"deny\"}]", "no workflows yet" }, { "[{\"arguments\":{\"a\":[]},\"decision\":\"deny\"}]", "arguments.a" },
        { "[{\"role\":\"kign\",\"decision\":\"deny\"}]", "no role 'kign'" },
    };
    static const char *const roles[][2] = {
        { "[]", "map" }, { "{\"a\":1}", "roles.a: wants a map" }, { "{\"a\":{}}", "roles.a: like" }, { "{\"a\":{\"like\":\"owner\"}}", "like is" },
        { "{\"a\":{\"like\":\"b\"},\"b\":{\"like\":\"user\"}}", "like is" }, { "{\"user\":{\"like\":\"admin\"}}", "built in" },
        { "{\"A B\":{\"like\":\"user\"}}", "name" }, { "{\"a\":{\"like\":\"user\",\"x\":1}}", "no key 'x'" },
        { "{\"a\":{\"like\":\"user\",\"tools\":\"exec\"}}", "tools wants a list" }, { "{\"a\":{\"like\":\"user\",\"may_approve\":\"yes\"}}", "may_approve" },
    };
    struct policy *p;

    for (size_t i = 0; i < N_ELEMENTS(rows) + N_ELEMENTS(roles); i++) {
        CLEANUP(json_decrefp) json_t *j = NULL;
        const char *const *one = i < N_ELEMENTS(rows) ? rows[i] : roles[i - N_ELEMENTS(rows)];

        CHECK_OK(json_parse(str_from(one[0]), &j));
        CHECK_ERR(i < N_ELEMENTS(rows) ? policy_new(j, NULL, &p) : policy_new(NULL, j, &p), ERR_INPUT);
        if (!strstr(failed_text(), one[1]))
            test_failed(__FILE__, __LINE__, "%s: says \"%s\", not \"%s\"", one[0], failed_text(), one[1]);
    }
}

static const char *const some_rows[] = {
    "{\"command\":\"git *\",\"decision\":\"allow\"}", "{\"effect\":\"delete\",\"decision\":\"deny\"}", "{\"role\":\"operator\",\"decision\":\"ask\"}",
    "{\"tool\":\"exec\",\"complex\":true,\"decision\":\"allow\"}", "{\"path\":\"a/**\",\"decision\":\"deny\"}",
    "{\"tainted\":true,\"effect\":[\"read\",\"write\"],\"decision\":\"allow\"}", "{\"arguments\":{\"command\":\"ls*\"},\"decision\":\"deny\"}",
};
static const char *const some_calls[] = { "git log", "rm a/b", "echo $(x)", "ls a", "make", "git rm a/b && ls", "cat a/b > c" };

/* Every list of up to three of the rows, with one more behind it or before it. */
TEST(a_row_behind_the_one_that_decides_changes_nothing_and_one_that_denies_all_comes_first)
{
    size_t n = N_ELEMENTS(some_rows);

    for (size_t i = 0; i < n * n * n * N_ELEMENTS(some_calls); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const char *three = arena_printf(a, "%s,%s", some_rows[i % n], some_rows[i / n % n]), *more = some_rows[i / n / n % n];
        CLEANUP(free_policy) struct policy *before = policy_of(arena_printf(a, "[%s]", three), "{}");
        CLEANUP(free_policy) struct policy *after = policy_of(arena_printf(a, "[%s,%s,%s]", three, more, more), "{}");
        CLEANUP(free_policy) struct policy *denied = policy_of(arena_printf(a, "[{\"decision\":\"deny\"},%s]", three), "{}");
        CLEANUP(json_decrefp) json_t *j = json_pack("{s:s}", "command", some_calls[i / n / n / n]);
        struct asked q = { "operator", "exec", json_print(a, j).p, i % 2 ? "a web page" : "" };
        struct policy_answer x, y;

        ask(before, &q, a, &x);
        ask(after, &q, a, &y);
        if (strncmp(x.rule, "policy row", 10) == 0 && !strstr(some_calls[i / n / n / n], "&&") && !strchr(q.arguments, '>'))
            CHECK(x.decision == y.decision && strcmp(x.rule, y.rule) == 0);
        CHECK_INT(ask(denied, &q, a, &y), DECISION_DENY);
    }
}

TEST(a_role_lets_through_what_it_may_and_no_more)
{
    static const struct { const char *who, *role, *whom, *whose, *call; bool may; } rows[] = {
        { "owner", "owner", "bob", "operator", "rm a", true }, { "amy", "admin", "bob", "operator", "rm a", true },
        { "amy", "admin", "owner", "owner", "rm a", false }, { "bob", "operator", "bob", "operator", "rm a", true },
        { "bob", "operator", "eve", "operator", "rm a", false }, { "eve", "user", "eve", "user", "rm a", false },
        { "eve", "guest", "eve", "guest", "rm a", false }, { "", "", "eve", "user", "rm a", false },
        { "owner", "owner", "bob", "operator", "rm /etc/passwd", false }, { "lea", "lead", "bob", "operator", "rm a", true },
        { "tim", "timid", "tim", "timid", "rm a", false },
    };
    CLEANUP(free_policy) struct policy *p = policy_of("[]", "{\"lead\":{\"like\":\"operator\",\"may_approve\":true},"
                                                            "\"timid\":{\"like\":\"operator\",\"may_approve\":false}}");

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        CLEANUP(json_decrefp) json_t *j = json_pack("{s:s}", "command", rows[i].call);
        struct person who = { str_from(rows[i].who), str_from(rows[i].role) }, whom = { str_from(rows[i].whom), str_from(rows[i].whose) };
        struct policy_facts f = { .person = &whom, .tool = tool_named("exec"), .arguments = j, .workspace = "/w" };

        if (policy_may_approve(p, &who, &f) != rows[i].may)
            test_failed(__FILE__, __LINE__, "%s (%s) for %s (%s): %s", rows[i].who, rows[i].role, rows[i].whom, rows[i].whose, rows[i].call);
    }
}

static bool shown(const struct policy *p, const char *role, const char *tool)
{
    struct person who = { S("bob"), str_from(role) };

    return policy_may_use(p, &(struct policy_facts){ .person = &who, .platform = S("telegram"), .tool = tool_named(tool) });
}

TEST(a_model_is_shown_the_tools_that_some_call_may_use)
{
    CLEANUP(free_policy) struct policy *p = policy_of(
        "[{\"role\":\"user\",\"tool\":\"read_file\",\"path\":\"public/**\",\"decision\":\"allow\"},{\"tool\":\"grep\",\"decision\":\"deny\"},"
        "{\"tool\":\"list_dir\",\"path\":\"a/**\",\"decision\":\"deny\"}]", "{}");

    CHECK(shown(p, "user", "read_file") && !shown(p, "user", "exec") && !shown(p, "user", "list_dir"));
    CHECK(shown(p, "operator", "exec") && shown(p, "operator", "list_dir") && !shown(p, "operator", "grep"));
    CHECK(!shown(p, "guest", "read_file") && !shown(p, "", "read_file") && !shown(NULL, "owner", "read_file"));
}

TEST(files_are_matched_where_they_are)
{
    static const struct { const char *role, *tool, *arguments, *decision; } rows[] = {
        { "user", "read_file", "{\"path\":\"public/a\"}", "allow" }, { "user", "read_file", "{\"path\":\"./public//a/b\"}", "allow" },
        { "user", "read_file", "{\"path\":\"/home/me/workspace/public/a\"}", "allow" }, { "user", "read_file", "{\"path\":\"public/../a\"}", "deny" },
        { "user", "read_file", "{\"path\":\"a\"}", "deny" }, { "user", "read_file", "{\"path\":\"/public/a\"}", "deny" },
        { "operator", "read_file", "{\"path\":\"x/secret/k\"}", "deny" }, { "operator", "read_file", "{\"path\":\"x/secret\"}", "allow" },
        { "operator", "read_file", "{\"path\":\"k.pem\"}", "deny" }, { "operator", "read_file", "{\"path\":\"a/b/k.pem\"}", "deny" },
        { "operator", "grep", "{\"pattern\":\"a\"}", "deny" }, { "operator", "grep", "{\"pattern\":\"a\",\"path\":\"x\"}", "deny" },
        { "operator", "exec", "{\"command\":\"cat x/secret/k\"}", "deny" }, { "operator", "exec", "{\"command\":\"cat x/secret/../secret/k\"}", "deny" },
        { "operator", "exec", "{\"command\":\"cd x && cat secret/k\"}", "deny" }, { "operator", "exec", "{\"command\":\"cat k\",\"cwd\":\"x/secret\"}", "deny" },
        { "operator", "exec", "{\"command\":\"frobnicate x/secret/k\"}", "deny" }, { "operator", "exec", "{\"command\":\"cat < x/secret/k\"}", "deny" },
        { "operator", "exec", "{\"argv\":[\"cat\",\"x/secret/k\"]}", "deny" }, { "operator", "exec", "{\"argv\":[\"cat\",\"$(rm a)\"]}", "deny" },
        { "operator", "exec", "{\"command\":\"ls\",\"env\":{\"PATH\":\".\"}}", "ask" }, { "operator", "exec", "{\"command\":\"make\",\"env\":{\"LANG\":\"C\"}}", "allow" },
        { "operator", "http_fetch", "{\"url\":\"https://API.example.org:8/x\",\"method\":\"POST\"}", "allow" },
        { "operator", "http_fetch", "{\"url\":\"https://api.example.org@evil.com/\",\"method\":\"POST\"}", "ask" },
        { "operator", "http_fetch", "{\"url\":\"https://evil.com/api.example.org\",\"method\":\"POST\"}", "ask" },
        { "operator", "http_fetch", "{\"url\":\"https://evil.com\\\\@api.example.org\",\"method\":\"POST\"}", "ask" },
        { "operator", "ssh", "{\"host\":\"web1\",\"command\":\"uptime\"}", "allow" }, { "operator", "ssh", "{\"host\":\"web1\",\"command\":\"uptime; rm x\"}", "ask" },
        { "operator", "ssh", "{\"host\":\"web2\",\"command\":\"uptime\"}", "ask" },
        { "operator", "ssh", "{\"hosts\":[\"web1\",\"web1\"],\"command\":\"uptime\"}", "allow" },
        { "operator", "ssh", "{\"hosts\":[\"web1\",\"web2\"],\"command\":\"uptime\"}", "ask" },
        { "operator", "ssh", "{\"action\":\"get\",\"path\":\"a\",\"host\":\"web1\",\"command\":\"uptime\"}", "ask" },
        { "operator", "ssh", "{\"action\":\"hosts\"}", "allow" }, { "operator", "ssh", "{\"action\":\"put\",\"host\":\"web1\",\"path\":\"a.pem\"}", "deny" },
        { "operator", "http_fetch", "{\"url\":\"https://a.b/\",\"save_to\":\"x/secret/a\"}", "deny" },
        { "operator", "clean_files", "{\"action\":\"apply\",\"files\":[\"a.tmp\\t1\\tx\",\"x/secret/a.tmp\\t1\\tx\"]}", "deny" },
        { "operator", "clean_files", "{\"action\":\"apply\",\"files\":[\"y/a.tmp\\t1\\tx\"]}", "ask" },
        { "operator", "clean_files", "{\"path\":\"x/secret\"}", "deny" },
        { "operator", "http_fetch", "{\"url\":\"https://a.b/\",\"save_to\":\"a\"}", "allow" },
        { "operator", "http_fetch", "{\"url\":\"https://a.b/\",\"headers\":{\"X\":\"y\"}}", "ask" },
    };
    CLEANUP(free_policy) struct policy *p = policy_of(
        "[{\"role\":\"user\",\"path\":\"public/**\",\"decision\":\"allow\"},{\"role\":\"operator\",\"path\":[\"x/secret/**\",\"**/*.pem\"],\"decision\":\"deny\"},"
        "{\"host\":\"*.example.org\",\"decision\":\"allow\"},{\"tool\":\"ssh\",\"host\":\"web1\",\"command\":\"uptime\",\"decision\":\"allow\"}]", "{}");

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct asked q = { rows[i].role, rows[i].tool, rows[i].arguments, "" };
        struct policy_answer got;

        ask(p, &q, a, &got);
        if (strcmp(decision_name(got.decision), rows[i].decision) != 0)
            test_failed(__FILE__, __LINE__, "%s %s: is %s by %s, want %s", rows[i].tool, rows[i].arguments, decision_name(got.decision), got.rule, rows[i].decision);
    }
}

TEST(patterns_of_words_are_strict_where_they_allow_and_loose_where_they_forbid)
{
    static const struct { const char *pattern, *line; bool strict, loose; } rows[] = {
        { "git push *", "git push", true, true }, { "git push *", "git push a b", true, true }, { "git push", "git push a", false, false },
        { "git * main", "git push main", true, true }, { "git * main", "git push origin main", false, false },
        { "git push ** --force **", "git push --force", true, true }, { "git push ** --force **", "git push origin --force x", true, true },
        { "git push ** --force", "git push a --force b", false, false }, { "** rm **", "a b rm c", true, true },
        { "cat *.txt", "cat a.txt", true, true }, { "cat *.txt", "cat x/a.txt", false, true }, { "cat x/*", "cat x/../y", false, true },
        { "cat a.txt", "cat *", false, true }, { "cat *", "cat *.txt", true, true }, { "cat *.txt", "cat *.txt", true, true },
        { "cat a\\ b", "cat 'a b'", true, true }, { "cat a b", "cat 'a b'", false, false }, { "echo \"\"", "echo ''", true, true },
        { "rm a", "./rm a", false, true }, { "rm a", "/usr/bin/rm a", true, true }, { "r? a", "rm a", true, true }, { "cat \\*", "cat '*'", true, true },
        { "cat \\*", "cat x", false, false }, { "*", "anything at all", true, true }, { "cat \xe4\xbd\xa0?", "cat \xe4\xbd\xa0\xe5\xa5\xbd", true, true },
    };

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct word_pattern p = word_pattern_new(a, str_from(rows[i].pattern));
        struct shell_line line;

        shell_words_parse(a, str_from(rows[i].line), &line);
        CHECK_INT(line.n, 1);
        if (word_pattern_matches(&p, line.commands[0].words, line.commands[0].n, STRICT) != rows[i].strict
            || word_pattern_matches(&p, line.commands[0].words, line.commands[0].n, LOOSE) != rows[i].loose)
            test_failed(__FILE__, __LINE__, "<%s> and <%s>", rows[i].pattern, rows[i].line);
    }
}
