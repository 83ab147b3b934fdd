#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Forgetting, through the real gateway: what was said, remembered and summarised is in the files before, and in none of them after;
also when the program is killed in the middle.  Somebody is handed over and forgotten whole; memories go out and come in again.

  forget_test.py BUILD"""
import json
import os
import sqlite3
import subprocess
import sys
import time
import uuid

import harness as h

WORD, PIECE, CHINESE = 'ZORBLAXQUIST', b'orblaxquist', '紫翎鸢尾'
STORED = ('clawdbot.db', 'clawdbot.db-wal', 'memory.db', 'memory.db-wal', 'memory', 'blobs', 'run')


def files(home):
    for name in sorted(os.listdir(home)):
        if name.startswith(('clawdbot.db', 'memory.db')):
            yield os.path.join(home, name)
    for folder in ('memory', 'blobs', 'run'):
        for where, _, names in os.walk(os.path.join(home, folder)):
            yield from (os.path.join(where, name) for name in names)


def found(home, *words):
    """Which of these are in which raw file."""
    hits = []
    for path in files(home):
        if not os.path.isfile(path):
            continue        # the socket
        with open(path, 'rb') as f:
            bytes_ = f.read()
        hits += [(os.path.relpath(path, home), w) for w in words if (w if isinstance(w, bytes) else w.encode()) in bytes_]
    return hits


def bigrams(text):
    return [text[i:i + 2] for i in range(len(text) - 1)]


class World(h.World):
    def __init__(self, **settings):
        super().__init__(**{'memory.absorb.after': '1s', 'memory.absorb.model': 'false', 'model_provider.context_tokens': 20000, **settings})

    def say(self, text, session):
        status, answer = self.gateway.ask('/api/v1/messages?mode=wait', 'POST', {'content': {'text': text}, 'session_id': session})
        assert status == 200, answer
        return answer

    def items(self, *words):
        return json.loads(self.gateway.cli('memory', 'list', '--all', '--limit', '1000', '--json', *words))

    def absorb(self, seconds=1.1):
        """Conversations are looked at when the program starts, and must have rested for a second then."""
        self.gateway.stop()
        time.sleep(seconds)
        self.gateway.start()
        h.wait_until(lambda: any(i['kind'] == 'exchange' for i in self.items()), 10, 'a conversation to be taken into memory')

    def summarise(self, items):
        """A summary that stands on an item, as the care of the memory makes them.  The gateway does not run."""
        db = sqlite3.connect(os.path.join(self.home, 'memory.db'))
        with db:
            at = items[0]['id'] >> 40
            number = db.execute('SELECT id << 40 | next FROM partitions WHERE id = ?', (at,)).fetchone()[0]
            db.execute("INSERT INTO items(id, kind, text, origin, created_at, hash, session_id) VALUES (?, 'summary', ?, 'conversation', 1, 'h', ?)",
                       (number, f'They spoke of {WORD} and {CHINESE}, and of the garden', items[0].get('session', '')))
            for i in items:
                db.execute('INSERT INTO item_sources(item, inbox_id, source) VALUES (?, ?, ?)', (number, i.get('message', 0), i['id']))
        db.close()
        return number


def tell(w):
    """A conversation with the words in it, and two without; its items."""
    session = str(uuid.uuid4())
    w.say('The garden has an old wall', session)
    w.say(f'Remember that my ship is called {WORD}, in Chinese {CHINESE}号', session)
    w.say('The roses are white', session)
    w.absorb()
    items = w.items()
    return [i for i in items if WORD in i['text'] or CHINESE in i['text']], [i for i in items if 'garden' in i['text']]


def check_before(w):
    hits = found(w.home, WORD, CHINESE, PIECE)
    for name in ('clawdbot.db', 'memory.db'):
        for what in (WORD, CHINESE):
            assert any(f.startswith(name) and x == what for f, x in hits), (name, what, hits)
    assert any(x == PIECE and f.startswith('memory.db') for f, x in hits), hits      # the index's own words


def check_after(w, *more):
    assert not found(w.home, WORD, WORD.lower(), CHINESE, PIECE, *bigrams(CHINESE), *more), found(w.home, WORD, CHINESE, PIECE, *more)
    answer = json.loads(w.gateway.cli('memory', 'search', '--all', '--json', WORD))
    assert not any(WORD in x['item']['text'] for x in answer['found']), answer
    assert json.loads(w.gateway.cli('memory', 'doctor', '--json'))['n'] == 0
    w.gateway.stop()
    assert not found(w.home, WORD, WORD.lower(), CHINESE, PIECE, *bigrams(CHINESE), *more), 'after the end'
    w.gateway.start()


def one_item():
    """an item is forgotten with its message, its exchange and the summary on it, and no file has a word of it"""
    with World() as w:
        w.gateway.start()
        mine, garden = tell(w)
        assert {i['kind'] for i in mine} >= {'fact', 'exchange'} and garden, mine
        fact, exchange = (next(i for i in mine if i['kind'] == k) for k in ('fact', 'exchange'))
        w.gateway.stop()
        summary = w.summarise([exchange, garden[0]])
        w.gateway.start()
        check_before(w)
        text = w.gateway.cli('memory', 'forget', '--dry-run', str(fact['id']))
        assert text.startswith('1 memories are meant'), text
        assert found(w.home, WORD)
        done = json.loads(w.gateway.cli('memory', 'forget', '--json', str(fact['id'])))
        assert done['items'] == 3 and done['messages'] == 1, done
        check_after(w)
        left = w.items()
        assert not {fact['id'], exchange['id'], summary} & {i['id'] for i in left}, left
        assert any('garden' in i['text'] for i in left), left
        status, answer = w.gateway.ask(f'/api/v1/sessions/{fact["session"]}/messages')
        texts = [m['text'] for m in answer['messages']]
        assert status == 200 and texts.count('[forgotten]') == 2 and 'The roses are white' in texts, texts
        answer = w.say('And now?', fact['session'])         # the conversation goes on
        assert 'And now?' in json.dumps(answer), answer
        w.gateway.cli('audit', 'verify')


def kept_messages():
    """--keep-messages leaves the conversation; --query takes all that has the words"""
    with World() as w:
        w.gateway.start()
        mine, _ = tell(w)
        done = json.loads(w.gateway.cli('memory', 'forget', '--json', '--keep-messages', '--query', f'ship {WORD.lower()}'))
        assert done['items'] == len(mine) and done['messages'] == 0, (done, mine)
        assert [f for f, _ in found(w.home, WORD)] and not [f for f, _ in found(w.home, WORD, PIECE) if f.startswith('memory')]
        assert any('garden' in i['text'] for i in w.items())


def killed():
    """a forgetting that is killed is ended at the next start"""
    for fault in ('forget_begun', 'forget_wiping'):
        with World() as w:
            w.gateway.start()
            mine, _ = tell(w)
            check_before(w)
            w.gateway.stop()
            w.gateway.start(fault=fault + ':crash')
            done = subprocess.run([h.PROGRAM, 'memory', 'forget', *(str(i['id']) for i in mine)], env=w.gateway.env(), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30, check=False)
            assert done.returncode != 0, done
            w.gateway.died()
            assert found(w.home, WORD), fault
            w.gateway.start()
            assert w.gateway.log('memory.forgetting_ended'), fault
            check_after(w)
            w.gateway.stop()
            assert not w.gateway.sql("SELECT * FROM meta WHERE key LIKE 'forget.%'")


BOB, GROUP = 77, -500


def write(w, who, chat, text):
    addressed = {'text': '@double_bot ' + text, 'entities': [{'type': 'mention', 'offset': 0, 'length': 11}]} if chat < 0 else {'text': text}
    w.telegram.ask('message', {'chat_id': chat, 'from': {'id': who, 'is_bot': False, 'first_name': 'Robertson' if who == BOB else 'Owner'},
                               **addressed})
    h.wait_until(lambda: any(m['text'] == text for m in w.gateway.rows('inbox', 'done')) and w.gateway.idle(), 10, f'an answer to {text}')


def pair_bob(w):
    w.telegram.ask('message', {'chat_id': BOB, 'from': {'id': BOB, 'is_bot': False, 'first_name': 'Robertson'}, 'text': 'hello'})
    told = lambda: [e for e in w.sends('clawdbot pair ') if e['params']['chat_id'] in (BOB, str(BOB))]
    h.wait_until(told, 10, 'a pairing code')
    w.gateway.cli('pair', told()[0]['params']['text'].split('clawdbot pair ')[1].split()[0].split('<')[0])
    h.wait_until(w.gateway.idle, 10, 'the pairing to be told')
    return next(p['id'] for p in json.loads(w.gateway.cli('users', 'list', '--json')) if any(a['user_id'] == str(BOB) for a in p['accounts']))


def whole_person():
    """export --user hands over all there is of somebody, forget --user takes it away, and others keep theirs"""
    with World() as w:
        w.gateway.start()
        w.pair()
        bob = pair_bob(w)
        write(w, BOB, BOB, f'Remember that my ship is called {WORD}')
        write(w, BOB, GROUP, f'Our harbour is {CHINESE}')
        write(w, h.OWNER, GROUP, 'Ours is the lighthouse')
        write(w, h.OWNER, h.OWNER, 'Remember that my lighthouse is red')
        w.absorb()
        h.wait_until(lambda: any('lighthouse is red' in i['text'] for i in w.items()) and len(w.items()) >= 4, 10, 'all of it in memory')
        lines = [json.loads(line) for line in w.gateway.cli('memory', 'export', '--user', bob).splitlines()]
        types = {line['type'] for line in lines}
        assert types >= {'person', 'conversation', 'message', 'reply', 'memory', 'usage'}, types
        whole = json.dumps(lines, ensure_ascii=False)
        assert WORD in whole and CHINESE in whole and 'Robertson' in whole and 'lighthouse' not in whole, whole
        assert found(w.home, 'Robertson')
        done = json.loads(w.gateway.cli('memory', 'forget', '--json', '--user', bob))
        assert done['items'] >= 3 and done['sessions'] == 1 and done['messages'] == 1, done
        check_after(w, 'Robertson', f'"user_id":"{BOB}"')
        assert not any(p['id'] == bob for p in json.loads(w.gateway.cli('users', 'list', '--json')))
        assert any('lighthouse is red' in i['text'] for i in w.items('--user', 'owner')), w.items()
        w.gateway.cli('audit', 'verify')
        again = json.loads(w.gateway.cli('memory', 'forget', '--json', '--user', bob))
        assert again == {'items': 0, 'messages': 0, 'sessions': 0, 'at_work': 0}, again


def out_and_in():
    """what is exported is imported once, and a bad line is told with its number while the rest goes on"""
    with World() as w:
        w.gateway.start()
        lines = ['{"text":"the first","kind":"fact","scope":"user:owner","pinned":true}', '{"text":', '', '{"text":"the third","kind":"odd"}',
                 '{"text":"第四条"}', '{"text":"words of a page","kind":"passage"}', '{"text":"   "}', '"no object"',
                 '{"text":"with a source","message":1,"session":"x","created_at":"2026-01-02T03:04:05Z","expires_at":"2999-01-01T00:00:00Z"}']
        path = os.path.join(w.home, 'in.jsonl')
        with open(path, 'w', encoding='utf-8') as f:
            f.write('\n'.join(lines))

        def take():
            done = subprocess.run([h.PROGRAM, 'memory', 'import', '--json', path], env=w.gateway.env(), stdout=subprocess.PIPE, timeout=30, check=False)
            return done.returncode, json.loads(done.stdout)
        code, answer = take()
        assert code == 1 and answer['saved'] == 3 and [e['line'] for e in answer['errors']] == [2, 4, 6, 7, 8], answer
        assert take()[1]['saved'] == 3
        items = w.items()
        assert sorted(i['text'] for i in items) == ['the first', 'with a source', '第四条'], items
        source = next(i for i in items if i['text'] == 'with a source')
        assert 'message' not in source and source['created_at'].startswith('2026-01-02') and source['expires_at'].startswith('2999'), source
        out = w.gateway.cli('memory', 'export')
        w.gateway.cli('memory', 'forget', '--scope', 'user:owner')
        assert not w.items()
        with open(path, 'w', encoding='utf-8') as f:
            f.write(out)
        assert 'taken in, 0 lines left out' in w.gateway.cli('memory', 'import', path)
        strip = lambda i: {k: v for k, v in i.items() if k not in ('id', 'embedded')}
        assert sorted(map(json.dumps, map(strip, w.items()))) == sorted(map(json.dumps, map(strip, items)))
        first = next(i for i in w.items() if i['text'] == 'the first')
        assert first['pinned'] and '[pinned]' not in w.gateway.cli('memory', 'pin', '--off', str(first['id']))
        assert 'pinned' not in json.loads(w.gateway.cli('memory', 'show', '--json', str(first['id'])))
        assert json.loads(w.gateway.cli('memory', 'stats', '--json'))['items'] == 3


def compressed():
    """old exchanges become a summary that points to its messages; a part is forgotten, and the rest is summarised anew"""
    with World(**{'memory.compress_after': '1s'}) as w:
        w.gateway.start()
        mine, _ = tell(w)
        before = w.items()
        told = json.loads(w.gateway.cli('memory', 'optimize', '--dry-run', '--json'))
        assert told['conversations'] == 1 and told['exchanges'] == 3 and w.items() == before, told
        done = json.loads(w.gateway.cli('memory', 'optimize', '--json'))
        assert done['exchanges'] == 3 and done['by_model'] == 1, done
        kinds = sorted(i['kind'] for i in w.items())
        assert 'exchange' not in kinds and kinds.count('summary') == 1, kinds
        summary = next(i for i in w.items() if i['kind'] == 'summary')
        assert WORD in summary['text'] and 'garden' in summary['text'], summary     # the double says what it was told
        fact = next(i for i in w.items() if i['kind'] == 'fact')
        done = json.loads(w.gateway.cli('memory', 'forget', '--json', str(fact['id'])))
        assert done['items'] == 2 and done['messages'] == 1, done
        check_after(w)
        assert not w.items()
        assert json.loads(w.gateway.cli('memory', 'optimize', '--json'))['rebuilt'] == 1
        again = w.items()
        assert len(again) == 1 and 'garden' in again[0]['text'] and again[0]['kind'] == 'summary', again
        assert json.loads(w.gateway.cli('memory', 'optimize', '--json'))['rebuilt'] == 0
        assert 'texts, index and vectors agree' in w.gateway.cli('doctor', '--set', 'model_provider.detect=false')


def had_its_time():
    """what is older than memory.retention_days or has expired goes, and what is pinned stays"""
    with World(**{'memory.retention_days': 30}) as w:
        w.gateway.start()
        path = os.path.join(w.home, 'in.jsonl')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(f'{{"text":"{WORD} is old","created_at":"2020-01-02T03:04:05Z"}}\n'
                    '{"text":"old and kept","created_at":"2020-01-02T03:04:05Z","pinned":true}\n'
                    f'{{"text":"{CHINESE}","expires_at":"2020-01-02T03:04:05Z"}}\n{{"text":"new"}}\n')
        w.gateway.cli('memory', 'import', path)
        os.unlink(path)
        assert found(w.home, WORD) and found(w.home, CHINESE)
        assert json.loads(w.gateway.cli('memory', 'optimize', '--dry-run', '--json'))['expired'] == 2
        assert json.loads(w.gateway.cli('memory', 'optimize', '--json'))['expired'] == 2
        assert sorted(i['text'] for i in w.items('--replaced')) == ['new', 'old and kept']
        check_after(w)


def encrypted():
    """with encrypted texts --query finds the same, a conversation is compressed, and no file has a word after"""
    with World(**{'memory.encrypt': 'true', 'memory.compress_after': '1s'}) as w:
        w.gateway.start()
        mine, _ = tell(w)
        assert len(mine) >= 2 and not [f for f, _ in found(w.home, WORD, CHINESE) if f.startswith('memory')]
        assert json.loads(w.gateway.cli('memory', 'optimize', '--json'))['exchanges'] == 3
        done = json.loads(w.gateway.cli('memory', 'forget', '--json', '--query', f'ship {WORD.lower()}'))
        assert done['items'] >= 2 and done['messages'] >= 1, done
        check_after(w)


def main():
    failed = 0
    tests = [one_item, kept_messages, killed, whole_person, out_and_in, compressed, had_its_time, encrypted]
    wanted = os.environ.get('PROOF_ONLY')
    for t in [t for t in tests if not wanted or t.__name__ == wanted]:
        print(f'- {t.__doc__}', flush=True)
        try:
            t()
        except Exception:       # pylint: disable=broad-except
            failed += 1
            sys.excepthook(*sys.exc_info())
    print(f'{len(tests) - failed} passed, {failed} failed')
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
