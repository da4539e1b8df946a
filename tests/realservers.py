"""Real Dovecot and Postfix on loopback for tests: what the practice servers imitate. Debian 12, root.

Everything lives under one folder, nothing in /etc is touched, and what was started is stopped by its own pid file.
Domains may be dotless (tuhaiduong). Besides the users every domain has recipients that go wrong:
greylist@ 450, blocked@ 550 5.7.1, moved@ 551, bounce@ (accepted, then a delivery report from a refusing server).
Anybody at DISCARDED is taken from a user who has logged in, and thrown away.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from vanthu_cli.sandbox.pki import PracticePki

LOOPBACK = "127.0.0.1"
WAIT = 15.0
DISCARDED = "bo-qua.test"
# Mail is kept under a system user every Debian has, so that no user need be made.
KEEPER = "nobody"
_DOVECOT, _POSTFIX = "/usr/sbin/dovecot", "/usr/sbin/postfix"
_FAULTS = {
    "greylist": "450 4.2.0 Greylisted, try again in 300 seconds",
    "blocked": "550 5.7.1 Message refused by policy",
    "moved": "551 5.1.6 User moved",
}


@dataclass(frozen=True, slots=True)
class RealServers:
    """TCP ports on 127.0.0.1: IMAP with STARTTLS, IMAP over TLS, submission (STARTTLS and AUTH), plain port 25."""

    host: str
    imap: int
    imaps: int
    submission: int
    mx: int


def missing() -> str:
    """Return why real servers cannot run here, or nothing."""
    if os.geteuid() != 0:
        return "Dovecot and Postfix need root: run `sudo make test`"
    absent = [path for path in (_DOVECOT, _POSTFIX, "/usr/lib/dovecot/lmtp") if not Path(path).exists()]
    return f"not installed: {', '.join(absent)}; run `sudo sh tests/install-servers.sh`" if absent else ""


@contextmanager
def real_servers(folder: Path, users: Mapping[str, str], pki: PracticePki) -> Iterator[RealServers]:
    """Run both servers for `users` (address to password) with the practice TLS certificate until the block is left.

    Every system user must be able to enter `folder` (mode 755 all the way up), and its path must be short: Unix
    sockets have at most 107 letters.
    """
    imap, imaps, submission, mx, lmtp, refusing = _free_ports(6)
    for part in ("run", "mail", "log", "etc", "spool", "data"):
        (folder / part).mkdir(mode=0o755, parents=True, exist_ok=True)
    shutil.chown(folder / "mail", KEEPER)
    shutil.chown(folder / "data", "postfix")
    _configure_dovecot(folder, users, pki, imap=imap, imaps=imaps, lmtp=lmtp)
    _configure_postfix(folder, users, pki, mx=mx, submission=submission, lmtp=lmtp, refusing=refusing)
    pids = (folder / "spool" / "pid" / "master.pid", folder / "run" / "master.pid")
    try:
        _run([_DOVECOT, "-c", str(folder / "etc" / "dovecot.conf")], folder / "log" / "start.log")
        _run([_POSTFIX, "-c", str(folder / "etc"), "start"], folder / "log" / "start.log")
        for port in (imap, imaps, submission, mx, lmtp, refusing):
            _wait_for(port)
        yield RealServers(LOOPBACK, imap, imaps, submission, mx)
    finally:
        for pid in pids:
            _stop(pid)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _run(command: list[str], log: Path) -> None:
    with log.open("ab") as out:  # a pipe would be held open by the daemon
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=WAIT)


def _wait_for(port: int) -> None:
    end = time.monotonic() + WAIT
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def _stop(pid_file: Path) -> None:
    with suppress(FileNotFoundError, ProcessLookupError):
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            os.kill(pid, 0)
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)


def _configure_dovecot(
    folder: Path, users: Mapping[str, str], pki: PracticePki, *, imap: int, imaps: int, lmtp: int
) -> None:
    passwords = folder / "etc" / "users"
    passwords.write_text("".join(f"{user}:{{PLAIN}}{password}::::::\n" for user, password in users.items()))
    passwords.chmod(0o640)
    shutil.chown(passwords, group="dovecot")
    (folder / "etc" / "dovecot.conf").write_text(f"""\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log/dovecot.log
instance_name = vanthu-test
listen = {LOOPBACK}
protocols = imap lmtp
default_internal_user = dovecot
default_login_user = dovenull
mail_location = maildir:~/Maildir
mail_uid = {KEEPER}
mail_gid = nogroup
first_valid_uid = 1
ssl = required
ssl_cert = <{pki.tls_certificate}
ssl_key = <{pki.tls_key}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_mechanisms = plain login
# %d of vanthu@tuhaiduong is tuhaiduong; a default realm would make it something else
auth_default_realm =
auth_username_format = %Lu
auth_failure_delay = 0
mail_max_userip_connections = 50
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Lu {passwords}
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {passwords}
  override_fields = uid={KEEPER} gid=nogroup home={folder}/mail/%Ld/%Ln
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@mail.haiduong.gov.vn
}}
lmtp_save_to_detail_mailbox = no
hostname = mail.haiduong.gov.vn
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
    address = {LOOPBACK}
    port = {lmtp}
  }}
}}
service auth {{
  unix_listener auth-postfix {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
""")


def _configure_postfix(
    folder: Path, users: Mapping[str, str], pki: PracticePki, *, mx: int, submission: int, lmtp: int, refusing: int
) -> None:
    etc = folder / "etc"
    domains = sorted({user.rpartition("@")[2] for user in users})
    odd = [f"{name}@{domain}" for domain in domains for name in (*_FAULTS, "bounce")]
    (etc / "mailboxes").write_text("".join(f"{address} ok\n" for address in (*users, *odd)))
    (etc / "faults").write_text(
        "".join(f"{name}@{domain} {text}\n" for domain in domains for name, text in _FAULTS.items())
    )
    roads = [f"bounce@{domain} smtp:[{LOOPBACK}]:{refusing}" for domain in domains]
    (etc / "transport").write_text("\n".join([*roads, f"{DISCARDED} discard:"]) + "\n")
    (etc / "refuse").write_text("".join(f"{domain} 550 5.1.1 No such user here\n" for domain in domains))
    (etc / "main.cf").write_text(f"""\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = {LOOPBACK}
inet_protocols = ipv4
maillog_file = {folder}/log/postfix.log
maillog_file_prefixes = {folder}/log
myhostname = mail.haiduong.gov.vn
mydomain = haiduong.gov.vn
myorigin = haiduong.gov.vn
mydestination =
# else vanthu@tuhaiduong becomes vanthu@tuhaiduong.haiduong.gov.vn
append_dot_mydomain = no
local_header_rewrite_clients =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = {" ".join(domains)}
virtual_mailbox_maps = texthash:{etc}/mailboxes
virtual_transport = lmtp:inet:{LOOPBACK}:{lmtp}
transport_maps = texthash:{etc}/transport
# nothing leaves this machine
default_transport = error:5.4.4 no outside world in this test
relay_transport = error:5.4.4 no relay
local_transport = error:5.4.4 no local mail
disable_dns_lookups = yes
smtp_host_lookup = native
smtputf8_enable = yes
strict_smtputf8 = no
message_size_limit = 31457280
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_tls_cert_file = {pki.tls_certificate}
smtpd_tls_key_file = {pki.tls_key}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/run/auth-postfix
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain =
# reject_non_fqdn_* would refuse the dotless domain
smtpd_helo_required = yes
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:{etc}/faults, permit_mynetworks,
    permit_sasl_authenticated, reject_unauth_destination
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
queue_run_delay = 5s
minimal_backoff_time = 5s
maximal_backoff_time = 30s
maximal_queue_lifetime = 2m
bounce_queue_lifetime = 2m
notify_classes =
alias_maps =
alias_database =
biff = no
""")
    (etc / "master.cf").write_text(f"""\
postlog   unix-dgram n  -  n  -  1  postlogd
{LOOPBACK}:{mx}  inet  n  -  n  -  -  smtpd
{LOOPBACK}:{submission}  inet  n  -  n  -  -  smtpd
  -o smtpd_tls_security_level=encrypt -o mynetworks=
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
{LOOPBACK}:{refusing}  inet  n  -  n  -  -  smtpd
  -o myhostname=mx.remote.test -o virtual_transport=error:refused
  -o smtpd_recipient_restrictions=check_recipient_access,texthash:{etc}/refuse,reject
pickup    unix  n  -  n  60     1  pickup
cleanup   unix  n  -  n  -      0  cleanup
qmgr      unix  n  -  n  300    1  qmgr
tlsmgr    unix  -  -  n  1000?  1  tlsmgr
rewrite   unix  -  -  n  -      -  trivial-rewrite
bounce    unix  -  -  n  -      0  bounce
defer     unix  -  -  n  -      0  bounce
trace     unix  -  -  n  -      0  bounce
verify    unix  -  -  n  -      1  verify
flush     unix  n  -  n  1000?  0  flush
proxymap  unix  -  -  n  -      -  proxymap
smtp      unix  -  -  n  -      -  smtp
showq     unix  n  -  n  -      -  showq
error     unix  -  -  n  -      -  error
discard   unix  -  -  n  -      -  discard
retry     unix  -  -  n  -      -  error
lmtp      unix  -  -  n  -      -  lmtp
anvil     unix  -  -  n  -      1  anvil
scache    unix  -  -  n  -      1  scache
""")
