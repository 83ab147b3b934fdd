#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""llama-server as tests see it: its arguments, /health (503 while it loads), /v1/models and /v1/chat/completions on a Unix socket.

https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.  It answers in words "word0 word1 ...", or with a call
when it has tools and the last message speaks of a tool.
What goes wrong is an argument (model.arguments):

    --double-load SECONDS      /health says 503 that long
    --double-fail              it dies over the model, as over a damaged file
    --double-die N             it dies in the middle of the Nth answer (those for warming are not counted)
    --double-hang N            from the Nth answer on it says nothing more to anybody
    --double-words N           words of an answer (5)
    --double-pause SECONDS     between two words (0)
    --double-note FILE         a line for each start and each answer: "start PID", "answer N of SESSION, K busy"
"""
import argparse
import http.server
import json
import os
import socketserver
import sys
import threading
import time


def parse():
    p = argparse.ArgumentParser()
    p.add_argument('--model', required=True)
    p.add_argument('--alias', required=True)
    p.add_argument('--host', required=True)
    p.add_argument('--ctx-size', type=int, required=True)
    p.add_argument('--parallel', type=int, required=True)
    p.add_argument('--threads', type=int, required=True)
    p.add_argument('--n-gpu-layers', type=int)
    p.add_argument('--mmproj')
    p.add_argument('--jinja', action='store_true')
    p.add_argument('--no-webui', action='store_true')
    p.add_argument('--double-load', type=float, default=0)
    p.add_argument('--double-fail', action='store_true')
    p.add_argument('--double-die', type=int, default=0)
    p.add_argument('--double-hang', type=int, default=0)
    p.add_argument('--double-words', type=int, default=5)
    p.add_argument('--double-pause', type=float, default=0)
    p.add_argument('--double-note')
    return p.parse_args()


class State:
    def __init__(self, options):
        self.options = options
        self.ready_at = time.monotonic() + options.double_load
        self.lock = threading.Lock()
        self.slots = threading.Semaphore(options.parallel)
        self.answers = self.busy = 0
        self.hangs = False

    def note(self, line):
        if self.options.double_note:
            with open(self.options.double_note, 'a', encoding='utf-8') as f:
                f.write(line + '\n')


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    state = None

    def log_message(self, *_):
        pass

    def send_json(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json; charset=utf-8')
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def is_fit(self):
        while self.state.hangs:
            time.sleep(1)
        if time.monotonic() < self.state.ready_at:
            self.send_json(503, {'error': {'code': 503, 'message': 'Loading model', 'type': 'unavailable_error'}})
            return False
        return True

    def do_GET(self):
        if not self.is_fit():
            return
        if self.path == '/health':
            self.send_json(200, {'status': 'ok'})
        elif self.path == '/v1/models':
            self.send_json(200, {'object': 'list', 'data': [
                {'id': self.state.options.alias, 'object': 'model', 'owned_by': 'llamacpp', 'meta': {'n_ctx_train': 4096}}]})
        else:
            self.send_json(404, {'error': {'code': 404, 'message': 'File Not Found', 'type': 'not_found_error'}})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        if not self.is_fit():
            return
        with self.state.slots:
            if body.get('stream'):
                self.stream(body)
            else:
                self.send_json(200, {'object': 'chat.completion', 'model': self.state.options.alias, 'choices': [
                    {'index': 0, 'finish_reason': 'length', 'message': {'role': 'assistant', 'content': 'H'}}],
                    'usage': {'prompt_tokens': 1, 'completion_tokens': 1}})

    def piece(self, delta, reason=None, **more):
        event = {'object': 'chat.completion.chunk', 'model': self.state.options.alias,
                 'choices': [{'index': 0, 'delta': delta, 'finish_reason': reason}], **more}
        self.wfile.write(b'data: ' + json.dumps(event).encode() + b'\n\n')
        self.wfile.flush()

    def stream(self, body):
        s, o = self.state, self.state.options
        with s.lock:
            s.answers += 1
            s.busy += 1
            number = s.answers
            s.note(f'answer {number} of {body["messages"][-1]["content"]}, {s.busy} busy')
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Connection', 'close')
        self.end_headers()
        self.close_connection = True
        if body.get('tools') and body['messages'][-1]['role'] == 'user' and 'tool' in body['messages'][-1]['content']:
            self.piece({'tool_calls': [{'index': 0, 'id': 'c', 'type': 'function', 'function': {
                'name': body['tools'][0]['function']['name'], 'arguments': '{}'}}]})
            self.end('tool_calls')
            return
        for i in range(o.double_words):
            if number == o.double_die and i == 0:
                os._exit(3)
            if o.double_hang and number >= o.double_hang:
                s.hangs = True
                self.is_fit()
            time.sleep(o.double_pause)
            self.piece({'content': f'word{i} '})
        self.end('stop')

    def end(self, reason):
        with self.state.lock:
            self.state.busy -= 1
        self.piece({}, reason, usage={'prompt_tokens': 7, 'completion_tokens': self.state.options.double_words})
        self.wfile.write(b'data: [DONE]\n\n')


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 512

    def get_request(self):
        request, _ = super().get_request()
        return request, ('local', 0)

    def handle_error(self, *_):
        pass


def main():
    options = parse()
    state = State(options)
    state.note(f'start {os.getpid()}')
    print('main: loading model', file=sys.stderr, flush=True)
    if options.double_fail:
        print("gguf_init_from_file_impl: failed to read tensor info\nllama_model_load: error loading model: tensor 'x' data is not within the file "
              'bounds\nsrv  main: exiting due to model loading error', file=sys.stderr, flush=True)
        return 1
    Handler.state = state
    Server(options.host, Handler).serve_forever()
    return 0


sys.exit(main())
