#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collections of documents through the real program: read in, kept up to date, killed in the middle, removed.  argv[1]: the program."""
import http.server
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zipfile

PROGRAM = os.path.abspath(sys.argv.pop(1))
WORD = ('<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body>'
        '</w:document>')
TYPES = ('<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override '
         'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
         '</Types>')


def paragraph(text):
    return f'<w:p><w:r><w:t>{text}</w:t></w:r></w:p>'


def pdf(text):
    """One page with these words."""
    stream = f'BT /F1 12 Tf 20 100 Td ({text}) Tj ET'
    objects = ['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
               '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
               f'<< /Length {len(stream)} >>\nstream\n{stream}\nendstream', '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>']
    out, places = b'%PDF-1.4\n', []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f'{number} 0 obj\n{body}\nendobj\n'.encode()
    table = b''.join(b'%010d 00000 n \n' % at for at in places)
    return (out + b'xref\n0 6\n0000000000 65535 f \n' + table
            + f'trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n'.encode())


class Knowledge(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix='clawdbot-knowledge-')
        self.addCleanup(shutil.rmtree, self.home)
        self.docs = os.path.join(self.home, 'docs')
        self.state = os.path.join(self.home, 'state')
        os.mkdir(self.docs)
        self.gateway = None
        self.addCleanup(self.stop)

    def env(self):
        return {'PATH': os.environ['PATH'], 'HOME': self.home, 'CLAWDBOT_HOME': self.state, 'LANG': 'C.UTF-8'}

    def start(self, *settings):
        sets = [word for one in ('server.port=0', 'model_provider.detect=false', *settings) for word in ('--set', one)]
        self.log = open(os.path.join(self.home, 'gateway.log'), 'a', encoding='utf-8')
        self.addCleanup(self.log.close)
        self.gateway = subprocess.Popen([PROGRAM, 'gateway', *sets], env=self.env(), stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.addCleanup(self.gateway.stdout.close)
        self.assertIn('Clawdbot', self.gateway.stdout.readline())
        self.until(lambda: os.path.exists(os.path.join(self.state, 'run/gateway.sock')), 'the gateway')

    def stop(self, how=signal.SIGTERM):
        if self.gateway:
            self.gateway.send_signal(how)
            self.gateway.wait(timeout=60)
            self.gateway = None

    def cli(self, *words, cwd=None):
        done = subprocess.run([PROGRAM, *words], env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120,
                              check=False, cwd=cwd)
        return done.returncode, done.stdout, done.stderr

    def ok(self, *words, cwd=None):
        code, out, err = self.cli(*words, cwd=cwd)
        err = '\n'.join(line for line in err.splitlines() if '"fiber.slow"' not in line)   # a busy machine
        self.assertEqual((code, err), (0, ''), (words, out))
        return out

    def put(self, name, content):
        path = os.path.join(self.docs, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def until(self, true, what, seconds=20):
        end = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.02)

    def rows(self, sql, *values):
        db = sqlite3.connect(f'file:{self.state}/memory.db?mode=ro', uri=True, timeout=20)
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def items(self, collection='k'):
        return self.rows('SELECT i.title, i.place, i.text, i.taint FROM items i JOIN partitions p ON p.id = i.id >> 40 '
                         'WHERE p.collection = ? ORDER BY i.title, i.id', collection)

    def state_of(self, name='k'):
        return json.loads(self.ok('knowledge', 'status', name, '--json'))

    def errors(self, name='k'):
        return dict(self.rows("SELECT d.name, d.error FROM documents d JOIN collections c ON c.id = d.collection "
                              "WHERE c.name = ? AND d.error <> ''", name))

    def docx(self, name, body):
        path = os.path.join(self.docs, name)
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as z:
            z.writestr('[Content_Types].xml', TYPES)
            z.writestr('word/document.xml', WORD.format(body))

    def test_every_format_is_read_in_edited_and_removed(self):
        self.put('guide.md', '# Ports\nStaging listens on 8443.\n')
        self.put('sub/manual.pdf', pdf('The printer is on floor two.'))
        self.docx('letter.docx', paragraph('The contract ends in May.'))
        self.put('hosts.csv', 'host,port\nweb,80\nssh,22\n')
        self.put('mail.eml', 'From: anna@example.org\nSubject: Invoice\n\nPay 42 euros.\n')
        self.put('数据库.txt', '备份服务器在机房三楼。\n')
        self.start()
        out = self.ok('knowledge', 'add', 'k', 'docs', '--watch', cwd=self.home)
        self.assertIn('6 read', out)
        found = {title.split(' > ')[0]: (place, text, taint) for title, place, text, taint in self.items()}
        self.assertEqual(found['guide.md'], ('line 2', 'Staging listens on 8443.', 'document guide.md (knowledge k)'))
        self.assertEqual(found['sub/manual.pdf'][:2], ('page 1', 'The printer is on floor two.'))
        self.assertIn('The contract ends in May.', found['letter.docx'][1])
        self.assertEqual(found['hosts.csv'][:2], ('row 3', 'host: ssh; port: 22'))
        self.assertIn('Pay 42 euros.', found['mail.eml'][1])
        self.assertEqual(found['数据库.txt'][1], '备份服务器在机房三楼。')

        self.put('guide.md', '# Ports\nStaging listens on 9443 now.\n')
        self.until(lambda: ('guide.md > Ports', 'line 2', 'Staging listens on 9443 now.', 'document guide.md (knowledge k)')
                   in self.items(), 'the edit')
        os.remove(os.path.join(self.docs, 'hosts.csv'))
        self.until(lambda: not any('hosts.csv' in i[0] for i in self.items()), 'the removal')

        code, _, err = self.cli('knowledge', 'add', 'k', self.docs)
        self.assertEqual((code, 'already' in err), (1, True), err)
        self.ok('knowledge', 'rm', 'k')
        self.assertEqual(self.items(), [])
        self.assertEqual(self.cli('knowledge', 'status', 'k')[0], 1)
        self.assertEqual(self.rows('SELECT count(*) FROM documents'), [(0,)])

    def test_bad_input_has_an_error_each_and_the_rest_goes_on(self):
        self.put('large.txt', b'A line of a long text, number 1234567.\n\n' * (50 * 1024 * 1024 // 40))
        self.put('too-large.txt', b'x' * (65 * 1024 * 1024))
        self.put('binary.txt', b'\x7fELF\2\1\1\0' + bytes(range(256)) * 64)
        self.put('broken.pdf', pdf('words')[:120])
        self.docx('bomb.docx', paragraph('a' * (300 * 1024 * 1024)))
        self.put('nested.html', '<div>' * 100000 + 'deep' + '</div>' * 100000)
        self.put('nul.txt', b'Before\0after, \xff\xfe and the end.\n')
        self.put('empty.md', '')
        self.put('good.md', 'This one is sound.\n')
        self.start()
        began = time.monotonic()
        self.cli('knowledge', 'add', 'k', self.docs, '--no-wait')
        slowest = 0
        while self.state_of()['progress']['state'] != 'idle':
            asked = time.monotonic()
            self.ok('status', '--json')
            slowest = max(slowest, time.monotonic() - asked)
            self.assertLess(time.monotonic() - began, 100)
        errors = self.errors()
        for name, words in {'binary.txt': 'program', 'broken.pdf': 'PDF', 'bomb.docx': '', 'too-large.txt': 'knowledge.max_file_size'}.items():
            self.assertIn(words, errors.get(name, 'no error'), name)
            self.assertNotEqual(errors.get(name), None, (name, errors))
        texts = [i[2] for i in self.items()]
        self.assertIn('This one is sound.', texts)
        self.assertTrue(any(t.startswith('Before') for t in texts))
        self.assertTrue(any(i[0].startswith('large.txt') for i in self.items()))
        print(f'bad input: {time.monotonic() - began:.1f} s, slowest answer meanwhile {slowest:.2f} s, {len(texts)} passages, {errors}',
              file=sys.stderr)

    def test_killed_in_the_middle_it_goes_on_and_has_nothing_twice(self):
        count = 3000
        for i in range(count):
            self.put(f'{i % 50}/{i}.md', f'Note {i} says something of its own.\n')
        self.start()
        self.ok('knowledge', 'add', 'k', self.docs, '--no-wait')
        for part in (0.2, 0.5):
            self.until(lambda least=part: self.rows('SELECT count(*) FROM items')[0][0] >= count * least, 'a part of it')
            self.stop(signal.SIGKILL)
            self.start()
        self.until(lambda: self.state_of()['progress']['state'] == 'idle', 'the rest', 60)
        self.assertEqual(self.rows('SELECT count(*), count(DISTINCT text), count(DISTINCT document) FROM items'), [(count,) * 3])
        self.assertEqual(self.rows('SELECT count(*) FROM documents WHERE size < 0'), [(0,)])
        self.assertEqual(self.state_of()['documents'], count)

    def test_the_workspace_and_what_may_not_be_read(self):
        self.start()
        with open(os.path.join(self.state, 'workspace/MEMORY.md'), 'w', encoding='utf-8') as f:
            f.write('The owner likes green tea.\n')
        self.until(lambda: [i[2] for i in self.items('workspace')] == ['The owner likes green tea.'], 'MEMORY.md')
        for path in (self.state, os.path.join(self.state, 'run')):
            code, _, err = self.cli('knowledge', 'add', 'k', path)
            self.assertEqual((code, 'assistant itself' in err), (1, True), err)
        self.put('seen.md', 'Seen.\n')
        self.ok('knowledge', 'add', 'all', self.home)       # the state is below it, and left out
        self.assertEqual({i[0] for i in self.items('all') if 'state' in i[0]}, set())
        self.assertIn('docs/seen.md', {i[0] for i in self.items('all')})
        code, _, err = self.cli('knowledge', 'add', 'page', 'http://127.0.0.1:9/secret')
        self.assertEqual((code, 'private_hosts' in err), (1, True), err)

    def test_a_page_is_asked_for_again_only_when_it_changed(self):
        class Page(http.server.BaseHTTPRequestHandler):
            text, asked = '<h1>Title</h1><p>The first words.</p>', []

            def do_GET(self):
                etag = f'"{hash(self.text)}"'
                same = self.headers.get('If-None-Match') == etag
                self.asked.append(same)
                self.send_response(304 if same else 200)
                self.send_header('ETag', etag)
                self.send_header('Content-Type', 'text/html')
                self.send_header('Content-Length', '0' if same else str(len(self.text)))
                self.end_headers()
                if not same:
                    self.wfile.write(self.text.encode())

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(('127.0.0.1', 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.start('tools.http_fetch.private_hosts=[127.0.0.1]')
        url = f'http://127.0.0.1:{server.server_port}/page'
        self.ok('knowledge', 'add', 'k', url)
        self.assertIn('The first words.', self.items()[0][2])
        self.assertEqual(self.items()[0][3], f'web page {url}')
        self.ok('knowledge', 'sync', 'k')
        self.assertEqual(Page.asked, [False, True])
        Page.text = '<h1>Title</h1><p>Other words.</p>'
        self.ok('knowledge', 'sync', 'k')
        self.assertEqual([('first' in i[2], 'Other' in i[2]) for i in self.items()], [(False, True)])


if __name__ == '__main__':
    result = unittest.main(exit=False, verbosity=int(os.environ.get('VERBOSE', '0'))).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(bad != 0)
