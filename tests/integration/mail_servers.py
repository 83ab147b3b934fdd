# SPDX-License-Identifier: Apache-2.0
"""Debian's dovecot (IMAP, LMTP) and postfix (SMTP, submission) as processes of a test: all they have is in one temporary folder, they
listen on free ports of the loopback interface, and they end with the test.  As root, as postfix wants it."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

DOMAIN = 'example.test'
PASSWORD = 'wonder-land'


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(('127.0.0.1', 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def certificate(folder):
    """A certificate for localhost and 127.0.0.1, which is its own authority; the paths of it and its key."""
    cert, key = os.path.join(folder, 'cert.pem'), os.path.join(folder, 'key.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
                    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.chmod(key, 0o644)
    return cert, key


def wait_for_port(port, process, log):
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            if time.monotonic() > end or process.poll() is not None:
                text = open(log, encoding='utf-8', errors='replace').read()[-3000:] if os.path.exists(log) else ''
                raise AssertionError(f'no server on port {port}: {text}') from None
            time.sleep(0.02)


DOVECOT = '''
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
auth_mechanisms = plain login
mail_location = maildir:~/Maildir
mail_max_userip_connections = 50
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
first_valid_uid = 1
first_valid_gid = 1
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {auth}
  }}
}}
'''

POSTFIX = '''
compatibility_level = 3.6
queue_directory = {folder}/spool
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mx.{domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
smtpd_sasl_auth_enable = yes
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
message_size_limit = 40000000
in_flow_delay = 0
'''

MASTER = '''
127.0.0.1:{smtp} inet n - n - - smtpd
127.0.0.1:{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
'''


class MailServers:
    """Mailboxes for `people` of example.test, all with one password; `imap`, `imaps`, `smtp`, `smtps` are ports."""
    def __init__(self, people):
        self.folder = tempfile.mkdtemp(prefix='clawdbot-mail-')
        os.chmod(self.folder, 0o755)
        self.cert, self.key = certificate(self.folder)
        self.imap, self.imaps, self.lmtp, self.auth, self.smtp, self.smtps = free_ports(6)
        self.values = {'folder': self.folder, 'cert': self.cert, 'key': self.key, 'domain': DOMAIN, 'imap': self.imap, 'imaps': self.imaps,
                       'lmtp': self.lmtp, 'auth': self.auth, 'smtp': self.smtp, 'smtps': self.smtps}
        self.write('users', ''.join(f'{name}@{DOMAIN}:{PASSWORD}\n' for name in people))
        self.write('dovecot.conf', DOVECOT.format(**self.values))
        os.makedirs(os.path.join(self.folder, 'mail'))
        shutil.chown(os.path.join(self.folder, 'mail'), 'mail', 'mail')
        for name in ('spool', 'data', 'postfix'):
            os.makedirs(os.path.join(self.folder, name))
        shutil.chown(os.path.join(self.folder, 'data'), 'postfix')
        self.write('postfix/main.cf', POSTFIX.format(**self.values))
        self.write('postfix/master.cf', MASTER.format(**self.values))
        self.dovecot = self.postfix = None
        self.start_dovecot()
        self.start_postfix()

    def write(self, name, text):
        with open(os.path.join(self.folder, name), 'w', encoding='utf-8') as f:
            f.write(text)

    def start_dovecot(self):
        self.dovecot = subprocess.Popen(['/usr/sbin/dovecot', '-F', '-c', os.path.join(self.folder, 'dovecot.conf')], start_new_session=True)
        wait_for_port(self.imap, self.dovecot, os.path.join(self.folder, 'dovecot.log'))

    def stop_dovecot(self):
        self.dovecot.terminate()
        self.dovecot.wait(20)

    def start_postfix(self):
        uid, spool = pwd.getpwnam('postfix'), os.path.join(self.folder, 'spool')
        for name in ('active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold', 'incoming', 'maildrop', 'private', 'public', 'saved',
                     'trace', 'pid'):
            os.makedirs(os.path.join(spool, name), exist_ok=True)
            if name != 'pid':
                os.chown(os.path.join(spool, name), uid.pw_uid, uid.pw_gid)
        self.postfix = subprocess.Popen(['/usr/lib/postfix/sbin/master', '-c', os.path.join(self.folder, 'postfix'), '-d'],
                                        start_new_session=True, stdin=subprocess.DEVNULL)
        wait_for_port(self.smtp, self.postfix, os.path.join(self.folder, 'postfix.log'))

    def stop_postfix(self):
        self.postfix.terminate()
        self.postfix.wait(20)

    def logs(self):
        text = ''
        for name in ('dovecot.log', 'postfix.log'):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                text += f'--- {name}\n' + open(path, encoding='utf-8', errors='replace').read()[-4000:]
        return text

    def close(self):
        for process in (self.postfix, self.dovecot):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
