#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Commands and the network, with the real program: curl in the sandbox, a real HTTPS server outside, the audit log.
argv[1]: the program."""
import http.server
import json
import os
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = os.path.abspath(sys.argv[1])
HOME = tempfile.mkdtemp(prefix='clawdbot-egress-')
# What was fetched is in the conversation from then on: that is another row.
ALLOWED = [{'tool': 'exec', 'tainted': True, 'decision': 'allow'}, {'tool': 'exec', 'decision': 'allow'}]
passed, failed = 0, 0


def check(name, true, shown):
    global passed, failed
    passed, failed = passed + bool(true), failed + (not true)
    if not true:
        print(f'FAILED {name}: {shown}')


class Page(http.server.BaseHTTPRequestHandler):
    keys = []

    def do_GET(self):
        Page.keys.append(self.headers.get('Authorization', ''))
        body = f'the page for {Page.keys[-1]}\n'.encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def https_server():
    cert, key = os.path.join(HOME, 'cert.pem'), os.path.join(HOME, 'key.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj',
                    '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], check=True, stderr=subprocess.DEVNULL)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, cert


def env(**more):
    return {'PATH': os.environ['PATH'], 'HOME': HOME, 'CLAWDBOT_HOME': HOME, 'LANG': 'C.UTF-8', **more}


def cli(*words, stdin=''):
    return subprocess.run([PROGRAM, *words], env=env(), input=stdin, capture_output=True, text=True, timeout=60, check=False)


class Gateway:
    """The program with this configuration, until it leaves the with block."""
    def __init__(self, config, cert):
        os.makedirs(os.path.join(HOME, 'config'), exist_ok=True)
        with open(os.path.join(HOME, 'config/default.yaml'), 'w', encoding='utf-8') as f:
            json.dump({'server': {'port': 0}, 'model_provider': {'detect': False}, 'policy': ALLOWED, **config}, f)
        self.cert = cert

    def __enter__(self):
        with open(os.path.join(HOME, 'log'), 'a', encoding='utf-8') as log:
            self.process = subprocess.Popen([PROGRAM, 'gateway'], env=env(SSL_CERT_FILE=self.cert), stdout=subprocess.PIPE, stderr=log,
                                            text=True)
        self.hello = self.process.stdout.readline()
        end = time.monotonic() + 20
        while cli('status').returncode and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


def run(command):
    return cli('send', '/run ' + command).stdout


def audited():
    with sqlite3.connect(os.path.join(HOME, 'clawdbot.db')) as db:
        return db.execute("SELECT event, subject, decision, detail FROM audit WHERE event LIKE 'egress.%' ORDER BY id").fetchall()


def main():
    server, cert = https_server()
    port = server.server_address[1]
    curl = "curl -sS -m 20 --noproxy '' "
    network = {'allow': [f'localhost:{port}'], 'private_hosts': ['localhost'],
               'secrets': [{'name': 'page-key', 'host': f'localhost:{port}', 'prefix': 'Bearer '}]}

    with Gateway({}, cert):
        said = run(curl + f'-k https://localhost:{port}/ 2>&1; printenv HTTPS_PROXY || echo none')
        if 'no command can be run here' in said:
            print('not tested: ' + said + '\n0 passed, 0 failed')
            return
        check('closed by default', 'the page' not in said and 'none\n' in said and not Page.keys, said)
        check('status says so', 'no network\n' in cli('status').stdout, cli('status').stdout)
        check('nothing was audited', audited() == [], audited())

    with Gateway({'sandbox': {'network': {'allow': ['http://x']}}}, cert) as g:
        g.process.wait(20)
        check('a wrong host stops the start', g.process.returncode != 0, g.process.returncode)

    with Gateway({'sandbox': {'network': network}}, cert):
        check('status counts hosts', 'no network but the proxy to 1 host' in cli('status').stdout, cli('status').stdout)
        said = run(curl + f'--cacert /nonexistent http://localhost:{port}/ 2>&1; ' + curl + f'-k https://localhost:{port}/')
        check('a tunnel carries bytes, and no secret', 'the page for \n' in said and Page.keys == [''], said)
        check('a missing secret is told', 'page-key' in (said := run(curl + f'http://localhost:{port}/')) and Page.keys == [''], said)
        said = run(curl + 'http://example.org/ ; ' + curl + '-p https://169.254.169.254/ 2>&1')
        check('others are refused', 'example.org:80 is not in sandbox.network.allow' in said and '403' in said, said)

    rows = audited()
    check('every refusal is in the audit log', [r[1] for r in rows if r[0] == 'egress.refused'][-2:] == ['example.org', '169.254.169.254'], rows)
    ends = [json.loads(r[3]) for r in rows if r[0] == 'egress.end' and r[1] == 'localhost']
    check('and every connection, with address and bytes', len(ends) == 1 and all(e['address'] == '127.0.0.1' and e['sent'] and e['received'] for e in ends), rows)
    server.shutdown()
    print(f'{passed} passed, {failed} failed')


try:
    main()
finally:
    shutil.rmtree(HOME)
sys.exit(bool(failed))
