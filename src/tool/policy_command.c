// SPDX-License-Identifier: Apache-2.0
#include "tool/policy_command.h"

#include <string.h>

enum kind {
    RUNS, READS, WRITES, COPIES, MOVES, DELETES, OWNS, REACHES, WRAPS, INTERPRETS, HIDES, FIND, GIT, SED, AWK, TAR, DD, SORT, PACKAGES,
    PRINTF, TEST, SPLIT, KILLS,
};

static const struct { const char *name; enum kind kind; } known[] = {
#define COMMAND(name, kind) { name, kind },
#include "tool/policy_commands.def"
#undef COMMAND
};

struct judged { const struct act_place *place; struct policy_act *act; };

static str base_name(str path)
{
    for (size_t i = path.len; i > 0; i--)
        if (path.p[i - 1] == '/')
            return str_skip(path, i);
    return path;
}

/* "python3.11", "perl5.36", "gcc-12": the name without a version. */
static str without_version(str name)
{
    size_t n = name.len;

    while (n > 1 && ((name.p[n - 1] >= '0' && name.p[n - 1] <= '9') || name.p[n - 1] == '.' || name.p[n - 1] == '-'))
        n--;
    return str_take(name, n);
}

static enum kind kind_of_name(str name)
{
    for (size_t i = 0; i < N_ELEMENTS(known); i++)
        if (str_eq(name, str_from(known[i].name)))
            return known[i].kind;
    return RUNS;
}

static enum kind kind_of(str program)
{
    str name = base_name(program);
    enum kind kind = kind_of_name(name);

    return kind == RUNS ? kind_of_name(without_version(name)) : kind;
}

static str word(const struct judged *j, size_t i)
{
    return i < j->act->n_words ? j->act->words[i].text : NO_STR;
}

static bool is_option(str w)
{
    return w.len > 1 && w.p[0] == '-';
}

static bool has_word(const struct judged *j, str w)
{
    for (size_t i = 1; i < j->act->n_words; i++)
        if (str_eq(word(j, i), w))
            return true;
    return false;
}

/* "-n", also within "-vn"; or "--long", also "--long=x" and cut short as getopt takes it. */
static bool has_option(const struct judged *j, char letter, const char *longer)
{
    for (size_t i = 1; i < j->act->n_words; i++) {
        str w = word(j, i), name = str_take(w, str_find_char(w, '='));

        if (str_eq(w, S("--")))
            return false;
        if (str_starts(w, S("--")) && longer && name.len > 2 && str_starts(str_from(longer), str_skip(name, 2)))
            return true;
        if (letter && is_option(w) && w.p[1] != '-' && str_find_char(w, letter) != STR_NONE)
            return true;
    }
    return false;
}

static void hides(struct judged *j, const char *why)
{
    if (!j->act->complex)
        j->act->complex = why;
}

static const char runs_another[] = "it runs another command, or text as a program";

/* ---- operands that are files ---- */

/* Every operand; options are skipped, and so is nothing behind "--". */
static void add_operands(struct judged *j, size_t from, unsigned effect)
{
    bool options = true;

    for (size_t i = from; i < j->act->n_words; i++) {
        if (options && str_eq(word(j, i), S("--")))
            options = false;
        else if (!options || !is_option(word(j, i)))
            act_add_path(j->place, j->act, &j->act->words[i], effect);
    }
}

static size_t last_operand(const struct judged *j)
{
    for (size_t i = j->act->n_words; i > 1; i--)
        if (!is_option(word(j, i - 1)))
            return i - 1;
    return 0;
}

/* The folder of "-t folder", "-tfolder", "--target-directory=folder"; false: there is none. */
static bool add_target_folder(struct judged *j)
{
    for (size_t i = 1; i < j->act->n_words; i++) {
        str w = word(j, i);
        struct shell_word folder = { NO_STR, j->act->words[i].has_glob };

        if (str_starts(w, S("--t")) && str_find_char(w, '=') != STR_NONE)
            folder.text = str_skip(w, str_find_char(w, '=') + 1);
        else if (is_option(w) && w.p[1] != '-' && str_find_char(w, 't') != STR_NONE)
            folder.text = str_skip(w, str_find_char(w, 't') + 1);
        else if (!str_starts(w, S("--t")))
            continue;
        if (folder.text.len == 0 && i + 1 < j->act->n_words)
            folder = j->act->words[i + 1];
        act_add_path(j->place, j->act, &folder, EFFECT_WRITE);
        return true;
    }
    return false;
}

static void judge_copy(struct judged *j)
{
    if (add_target_folder(j)) {
        add_operands(j, 1, EFFECT_READ);
        return;
    }
    size_t last = last_operand(j);

    for (size_t i = 1; i < j->act->n_words; i++)
        if (!is_option(word(j, i)))
            act_add_path(j->place, j->act, &j->act->words[i], i == last ? EFFECT_WRITE : EFFECT_READ);
}

static void judge_move(struct judged *j)
{
    bool keeps = has_option(j, 'n', "no-clobber");

    (void)add_target_folder(j);
    add_operands(j, 1, keeps ? EFFECT_WRITE : EFFECT_DELETE);
}

static void judge_owns(struct judged *j)
{
    size_t first = 1;

    while (first < j->act->n_words && is_option(word(j, first)))
        first++;
    add_operands(j, has_option(j, 0, "reference") ? first : first + 1, EFFECT_WRITE);
}

static void judge_dd(struct judged *j)
{
    for (size_t i = 1; i < j->act->n_words; i++) {
        struct shell_word w = j->act->words[i];

        if (str_eat(&w.text, S("of=")))
            act_add_path(j->place, j->act, &w, EFFECT_DELETE);
        else if (str_eat(&w.text, S("if=")))
            act_add_path(j->place, j->act, &w, EFFECT_READ);
    }
}

static void judge_sort(struct judged *j)
{
    if (has_option(j, 0, "compress-program"))
        hides(j, runs_another);
    bool writes = has_option(j, 'o', "output");

    add_operands(j, 1, writes ? EFFECT_WRITE : EFFECT_READ);
}

/* ---- commands around commands ---- */

/* Options of a wrapper that have their value in the next word. */
static bool takes_value(str program, str option)
{
    static const struct { const char *program, *options; } rows[] = {
        { "timeout", "-k -s --kill-after --signal" }, { "nice", "-n --adjustment" }, { "ionice", "-c -n --class --classdata" },
        { "stdbuf", "-i -o -e --input --output --error" }, { "env", "-u --unset" },
    };

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        str rest = str_from(rows[i].options), one;

        while (str_eq(program, str_from(rows[i].program)) && str_split(&rest, ' ', &one))
            if (str_eq(one, option))
                return true;
    }
    return false;
}

/* Where the inner command begins; 0: that cannot be told. */
static size_t inner_command(const struct judged *j, str program)
{
    size_t i = 1;

    while (i < j->act->n_words && is_option(word(j, i))) {
        str w = word(j, i);

        if (str_eq(program, S("env")) && !str_eq(w, S("-i")) && !str_eq(w, S("-u")))
            return 0;       /* -S splits a text into words, -C goes elsewhere */
        if (str_eq(program, S("time")) && !str_eq(w, S("-p")) && !str_eq(w, S("-v")))
            return 0;
        if (str_eq(program, S("ionice")) && (str_starts(w, S("-p")) || str_starts(w, S("-P")) || str_starts(w, S("-u"))))
            return 0;
        i += str_eq(w, S("--")) ? 0 : takes_value(program, w) ? 2 : 1;
        if (str_eq(w, S("--")))
            return i + 1;
    }
    return i + str_eq(program, S("timeout"));
}

static void judge(struct judged *j, unsigned depth);

static void judge_wrapped(struct judged *j, unsigned depth)
{
    str program = base_name(word(j, 0));
    size_t from = inner_command(j, program);

    if (str_eq(program, S("env")) && from && str_find_char(word(j, from), '=') != STR_NONE)
        from = 0;
    for (size_t i = 0; i <= from && i < j->act->n_words; i++)
        if (j->act->words[i].has_glob)
            from = 0;
    if (from == 0 || from >= j->act->n_words || depth > 4) {
        hides(j, runs_another);
        return;
    }
    j->act->words += from;
    j->act->n_words -= from;
    judge(j, depth + 1);
}


static bool is_one_of(str w, const char *list)
{
    str rest = str_from(list), one;

    while (str_split(&rest, ' ', &one))
        if (str_eq(one, w))
            return true;
    return false;
}

/* The shells' own -e, -x and such; Python's -u; not "-c", "-i" or "-s". */
static bool is_plain_option(str program, str w)
{
    bool shell = is_one_of(program, "sh bash dash ash ksh mksh zsh"), python = is_one_of(program, "python python2 python3 pypy pypy3");

    for (size_t i = 1; i < w.len; i++)
        if (!(shell && strchr("euxvn", w.p[i])) && !(python && strchr("uBIEsOb", w.p[i])))
            return false;
    return is_option(w);
}

static bool runs_known_module(const struct judged *j, size_t i)
{
    return str_eq(word(j, i), S("-m"))
           && is_one_of(word(j, i + 1), "pytest unittest json.tool py_compile compileall venv mypy flake8 black ruff pyflakes");
}

static void judge_interpreter(struct judged *j)
{
    str program = without_version(base_name(word(j, 0)));
    size_t i = 1;

    if (j->act->n_words == 2 && is_one_of(word(j, 1), "--version --help -V"))
        return;
    while (is_plain_option(program, word(j, i)))
        i++;
    str file = word(j, i);

    if (str_starts(program, S("py")) && runs_known_module(j, i))
        return;
    if (file.len == 0 || file.p[0] == '-' || str_starts(file, S("/dev/")) || str_starts(file, S("/proc/"))
        || j->act->words[i].has_glob)
        hides(j, runs_another);
    else
        act_add_path(j->place, j->act, &j->act->words[i], EFFECT_READ);
    j->act->effects |= EFFECT_EXECUTE;
}

/* ---- commands with languages of their own ---- */

static void judge_find(struct judged *j)
{
    size_t i = 1;

    for (size_t k = 1; k < j->act->n_words; k++) {
        if (is_one_of(word(j, k), "-exec -execdir -ok -okdir"))
            hides(j, runs_another);
        if (str_eq(word(j, k), S("-delete")))
            j->act->effects |= EFFECT_DELETE;
        if (is_one_of(word(j, k), "-fprint -fprint0 -fprintf -fls") && k + 1 < j->act->n_words)
            act_add_path(j->place, j->act, &j->act->words[k + 1], EFFECT_WRITE);
    }
    while (i < j->act->n_words && (is_one_of(word(j, i), "-H -L -P") || str_starts(word(j, i), S("-O"))))
        i++;
    for (; i < j->act->n_words && !is_option(word(j, i)) && !is_one_of(word(j, i), "( !"); i++)
        act_add_path(j->place, j->act, &j->act->words[i], EFFECT_READ);
    j->act->effects |= EFFECT_READ;
}

static bool git_deletes(const struct judged *j, size_t sub)
{
    str name = word(j, sub), next = word(j, sub + 1);

    if (is_one_of(name, "clean rm restore gc prune reflog filter-repo"))
        return true;
    if (str_eq(name, S("reset")))
        return has_option(j, 0, "hard") || has_option(j, 0, "merge");
    if (str_eq(name, S("checkout")) || str_eq(name, S("switch")))
        return has_option(j, 'f', "force") || has_option(j, 0, "discard-changes") || has_word(j, S("--")) || has_word(j, S("."));
    if (str_eq(name, S("branch")) || str_eq(name, S("tag")))
        return has_option(j, 'd', "delete") || has_option(j, 'D', NULL) || has_option(j, 'f', "force");
    if (str_eq(name, S("stash")))
        return is_one_of(next, "drop clear pop");
    return is_one_of(name, "worktree remote notes submodule") && is_one_of(next, "remove rm prune deinit");
}

static void judge_git(struct judged *j)
{
    size_t sub = 1;

    while (is_one_of(word(j, sub), "--no-pager -P --no-optional-locks --literal-pathspecs"))
        sub++;
    str name = word(j, sub);

    if (name.len == 0 || is_one_of(name, "--version --help -v -h version help"))
        return;
    if (is_option(name) || is_one_of(name, "config bisect filter-branch difftool mergetool submodule send-email instaweb gui hook")
        || has_option(j, 0, "exec") || has_option(j, 0, "upload-pack") || has_option(j, 0, "receive-pack")
        || has_option(j, 0, "open-files-in-pager") || has_option(j, 0, "output") || has_option(j, 'O', NULL)
        || has_option(j, 0, "config") || has_option(j, 'u', "template"))
        hides(j, "git is told to run or to write something of its own");
    for (size_t i = sub; i < j->act->n_words; i++)
        if (str_find(word(j, i), S("ext::")) != STR_NONE)
            hides(j, runs_another);
    if (is_one_of(name, "push fetch pull clone ls-remote fetch-pack send-pack request-pull svn p4 archive"))
        j->act->effects |= EFFECT_NETWORK;
    if (str_eq(name, S("remote")) && is_one_of(word(j, sub + 1), "update show prune"))
        j->act->effects |= EFFECT_NETWORK;
    if (git_deletes(j, sub))
        j->act->effects |= EFFECT_DELETE;
}

/* One of the few programs that cannot run or write anything: s/a/b/g, 5p, 1,10d, $!d, /x/p. */
static bool is_plain_sed(str p)
{
    if (str_starts(p, S("s")) && p.len > 3) {
        char sep = p.p[1];
        size_t seen = 0, i;

        if ((sep >= 'a' && sep <= 'z') || (sep >= 'A' && sep <= 'Z') || sep == '\\' || sep == '\n' || (sep >= '0' && sep <= '9')
            || sep == ';' || sep == ' ')
            return false;
        for (i = 2; i < p.len && seen < 2; i++) {
            if (p.p[i] == '[' && seen == 0)     /* the separator in a set ends nothing for some */
                return false;
            if (p.p[i] == '\\')
                i++;
            else
                seen += p.p[i] == sep;
        }
        for (; i < p.len; i++)
            if (!strchr("gpiI0123456789", p.p[i]))
                return false;
        return seen == 2;
    }
    for (size_t i = 0; i < p.len; i++)
        if (!strchr("0123456789,$!pdq=", p.p[i]))
            return false;
    return p.len > 0;
}

static void judge_sed(struct judged *j)
{
    bool in_place = has_option(j, 'i', "in-place");
    size_t i = 1;

    while (is_one_of(word(j, i), "-n -E -r -i -s -z -u -ni -i.bak --in-place --quiet --regexp-extended -nE -Ei -Ein -nr"))
        i++;
    if (!is_plain_sed(word(j, i))) {
        hides(j, "sed can run commands and write files, and this is more than a plain substitution");
        return;
    }
    if (i + 1 < j->act->n_words && is_option(word(j, i + 1)))
        hides(j, "sed has options behind its program");
    add_operands(j, i + 1, in_place ? EFFECT_WRITE : EFFECT_READ);
}

static void judge_awk(struct judged *j)
{
    size_t i = 1;

    while (str_starts(word(j, i), S("-F")))
        i += word(j, i).len == 2 ? 2 : 1;
    str program = word(j, i);

    if (program.len == 0 || is_option(program) || str_find(program, S("system")) != STR_NONE
        || str_find(program, S("getline")) != STR_NONE)
        hides(j, runs_another);
    for (size_t k = 0; k < program.len; k++)
        if (strchr("|>@\\`", program.p[k]))
            hides(j, "the awk program can run commands or write files");
    add_operands(j, i + 1, EFFECT_READ);
}

static void judge_tar(struct judged *j)
{
    static const char *const hiding[] = {
        "to-command", "checkpoint-action", "use-compress-program", "info-script", "new-volume-script", "rsh-command",
        "rmt-command", "files-from", "remove-files", "absolute-names", "one-top-level", "directory",
    };

    for (size_t i = 0; i < N_ELEMENTS(hiding); i++)
        if (has_option(j, 0, hiding[i]))
            hides(j, "tar is told to run, to delete or to go elsewhere");
    if (has_option(j, 'I', NULL) || has_option(j, 'F', NULL) || has_option(j, 'P', NULL) || has_option(j, 'T', NULL))
        hides(j, "tar is told to run or to go elsewhere");
    for (size_t i = 2; i < j->act->n_words; i++)        /* -C folder: absolute ones are seen, others stay below */
        if (!is_option(word(j, i)))
            act_add_path(j->place, j->act, &j->act->words[i], str_eq(word(j, i - 1), S("-C")) ? EFFECT_WRITE : EFFECT_READ);
    j->act->effects |= EFFECT_WRITE;
}

/* Managers of packages fetch and run what others wrote; what only looks at what is there does not. */
static void judge_packages(struct judged *j)
{
    str program = base_name(word(j, 0)), verb = word(j, 1);

    if (str_eq(program, S("npx")))
        hides(j, runs_another);
    if (str_eq(program, S("go")) || str_eq(program, S("cargo")) || str_eq(program, S("npm")) || str_eq(program, S("yarn"))
        || str_eq(program, S("pnpm"))) {
        if (is_one_of(verb, "exec x dlx"))
            hides(j, runs_another);
        if (is_one_of(verb, "build test vet fmt run check clippy doc bench start version --version -v env list ls"))
            return;
    }
    if (is_one_of(verb, "--version -V list show freeze status log diff -l -s -L search policy info help --help"))
        return;
    j->act->effects |= EFFECT_NETWORK;
}

static void judge_printf(struct judged *j)
{
    if (is_option(word(j, 1)))
        hides(j, "it may set a variable");
}

static void judge_test(struct judged *j)
{
    if (has_word(j, S("-v")) || has_word(j, S("-R")))
        hides(j, "it looks at a variable");
    j->act->effects |= EFFECT_READ;
}

static void judge_split(struct judged *j)
{
    if (has_option(j, 0, "filter"))
        hides(j, runs_another);
    add_operands(j, 1, EFFECT_WRITE);
}

static void judge_remote(struct judged *j)
{
    j->act->effects |= EFFECT_NETWORK;
}

static void judge_simple(struct judged *j, enum kind kind)
{
    static const enum effect operands[] = { [READS] = EFFECT_READ, [WRITES] = EFFECT_WRITE, [DELETES] = EFFECT_DELETE };

    j->act->effects |= kind == READS ? EFFECT_READ : kind == DELETES ? EFFECT_DELETE : 0U;
    add_operands(j, 1, operands[kind]);
}

/* Its words may be files: whoever may not touch one shall not name it here either. */
static void judge_unknown(struct judged *j)
{
    add_operands(j, 1, 0);
    j->act->guessed = true;
}

static void judge(struct judged *j, unsigned depth)
{
    enum kind kind = kind_of(word(j, 0));

    switch (kind) {
    case RUNS: judge_unknown(j); break;
    case KILLS: break;
    case READS:
    case WRITES:
    case DELETES: judge_simple(j, kind); break;
    case COPIES: judge_copy(j); break;
    case MOVES: judge_move(j); break;
    case OWNS: judge_owns(j); break;
    case REACHES: judge_remote(j); break;
    case WRAPS: judge_wrapped(j, depth); break;
    case INTERPRETS: judge_interpreter(j); break;
    case HIDES: hides(j, runs_another); break;
    case FIND: judge_find(j); break;
    case GIT: judge_git(j); break;
    case SED: judge_sed(j); break;
    case AWK: judge_awk(j); break;
    case TAR: judge_tar(j); break;
    case DD: judge_dd(j); break;
    case SORT: judge_sort(j); break;
    case PACKAGES: judge_packages(j); break;
    case PRINTF: judge_printf(j); break;
    case TEST: judge_test(j); break;
    case SPLIT: judge_split(j); break;
    }
}

void command_judge(const struct act_place *place, struct policy_act *act)
{
    struct judged j = { place, act };

    judge(&j, 0);
}
