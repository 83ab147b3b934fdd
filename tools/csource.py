# SPDX-License-Identifier: Apache-2.0
"""What the tools know of our C: the folders' ranks, and functions as the house style lays them out (the body's braces
alone in the first column).  No C parser: where the style is kept, none is needed."""
import bisect
import os
import re

RANKS = {
    'base': 0, 'runtime': 1, 'net': 2, 'domain': 2, 'config': 2, 'store': 3, 'bus': 3, 'document': 3, 'model': 4,
    'channel': 4, 'tool': 4, 'memory': 4, 'nlu': 4, 'skill': 4, 'agent': 5, 'flow': 6, 'browser': 6, 'gateway': 7, 'plugin': 7,
    'cli': 8,
}
ATTRIBUTE = re.compile(r'__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)|_Alignas\([^()]*\)')
TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


class Function:
    def __init__(self, name, head, body, line, lines):
        self.name, self.head, self.body, self.line, self.lines = name, head, body, line, lines
        self.static = re.search(r'\bstatic\b', head) is not None


class Source:
    """One file: its text, the same without comments and strings (places and lines kept), its functions."""

    def __init__(self, root, path):
        self.path = path                                    # "src/net/http.c"
        self.folder = path.split('/')[1] if path.startswith('src/') else ''
        with open(os.path.join(root, path), encoding='utf-8') as f:
            self.text = f.read()
        self.code = TOKENS.sub(lambda m: _blank(m.group()), self.text)
        self.starts = [0] + [m.end() for m in re.finditer('\n', self.text)]

    @property
    def is_test(self):
        return self.path.endswith('_test.c') or '/fuzz/' in self.path or os.path.basename(self.path).startswith('test')

    def line_of(self, offset):
        return bisect.bisect_right(self.starts, offset)

    def line(self, number):
        return self.text.split('\n')[number - 1]

    def functions(self):
        for opening in re.finditer(r'^\{$', self.code, re.M):
            closing = self.code.find('\n}', opening.end())
            if closing < 0:
                continue
            start = _head_start(self.code, opening.start())
            head = self.code[start:opening.start()]
            name = function_name(head)
            if name:
                start += len(head) - len(head.lstrip())
                first = self.line_of(start)
                yield Function(name, head, Body(self, opening.end(), closing), first,
                               self.line_of(closing + 1) - first + 1)

    def prototypes(self):
        """(name, text) of each function declared, and of each function pointer in a structure as (".member", text).
        Words in comments count: a header that must not depend on err.h writes AWAITS in one."""
        text = re.sub(r'^[ \t]*#(?:\\\n|.)*', lambda m: _blank(m.group()), self.code, flags=re.M)
        for m in re.finditer(r'[^;{}]*;', text):
            piece = m.group()
            words = piece + ' '.join(re.findall(r'/\*\s*(AWAITS)\s*\*/', self.text[m.start():m.end()]))
            pointer = re.search(r'\(\s*\*\s*(\w+)\s*\)\s*\(', piece)
            name = function_name(piece)
            if pointer and not name:
                yield '.' + pointer.group(1), words
            elif name:
                yield name, words


class Body:
    def __init__(self, source, start, end):
        self.source, self.start, self.code = source, start, source.code[start:end]

    def calls(self):
        """(name, line) of each call; ".name" where it goes through a member."""
        for m in re.finditer(r'(\.|->)?\s*\b([A-Za-z_]\w*)\s*\(', self.code):
            yield ('.' if m.group(1) else '') + m.group(2), self.source.line_of(self.start + m.start(2))


def _blank(s):
    return s[0] + re.sub(r'[^\n]', ' ', s[1:-1]) + s[-1] if s[0] in '"\'' else re.sub(r'[^\n]', ' ', s)


def _head_start(code, end):
    """A definition's head begins behind the last blank line, directive, ';' or closing brace in front of it."""
    start = max(code.rfind(mark, 0, end) + len(mark) for mark in ('\n\n', ';\n', '}\n'))
    directive = list(re.finditer(r'^#.*\n', code[start:end], re.M))
    return start + (directive[-1].end() if directive else 0)


def function_name(head):
    """The name in "static enum err f(int x) AWAITS"; None for anything that is no plain function."""
    head = ATTRIBUTE.sub(' ', head)
    m = re.match(r'\s*((?:[\w*]+[\s*]+)+)\(?(\w+)\)?\s*\(', head)
    if not m or re.search(r'\b(typedef|return|else|case|do|if|while|for|switch|sizeof)\b', m.group(1)) or '=' in head[:m.end()]:
        return None
    return m.group(2)


def sources(root, *suffixes):
    """Every file below src/ with one of these endings, sorted."""
    found = []
    for folder, folders, names in os.walk(os.path.join(root, 'src')):
        folders.sort()
        found += [os.path.relpath(os.path.join(folder, n), root) for n in sorted(names) if n.endswith(suffixes)]
    return [Source(root, path) for path in found]
