# SPDX-License-Identifier: Apache-2.0
"""gateway_double: answers on a unix socket what a test tells it to, and keeps what it was asked."""
import http.server
import json
import os
import socketserver
import threading


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    allow_reuse_address = True


class Gateway:
    """answers: {"METHOD /path?query": (status, value)}; a function as the value streams: it is given send(event, data)."""

    def __init__(self, home, answers):
        os.makedirs(os.path.join(home, 'run'), exist_ok=True)
        self.answers, self.asked = answers, []
        self.stopped = threading.Event()
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def answer(self):
                length = int(self.headers.get('Content-Length') or 0)
                body = self.rfile.read(length)
                key = f'{self.command} {self.path}'
                gateway.asked.append((key, json.loads(body) if body else None))
                status, value = gateway.answers.get(key, (404, {'title': 'Not found', 'detail': f'no {key}'}))
                if key.endswith('/stop'):
                    gateway.stopped.set()
                if callable(value):
                    self.stream(value)
                    return
                text = json.dumps(value).encode()
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def stream(self, fn):
                self.send_response(200)
                self.send_header('Content-Type', 'text/event-stream')
                self.send_header('Connection', 'close')
                self.end_headers()

                def send(event, data):
                    self.wfile.write(f'event: {event}\ndata: {json.dumps(data)}\n\n'.encode())
                    self.wfile.flush()
                fn(send)
                self.close_connection = True

            def log_message(self, *args):
                pass

            def address_string(self):
                return 'unix'

        path = os.path.join(home, 'run', 'gateway.sock')
        if os.path.exists(path):
            os.unlink(path)
        self.server = Server(path, Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.server.shutdown()
        self.server.server_close()
