"""A private Dovecot: own folder, own ports, own users, started and ended by the tests, as root or not."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.ports import free_ports

DOVECOT = Path("/usr/sbin/dovecot")
CONFIGURATION = """
base_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
default_login_user = {login_user}
default_internal_user = {internal_user}
default_internal_group = {internal_group}
mail_location = maildir:~/Maildir
first_valid_uid = 1
imap_idle_notify_interval = 2 mins
mailbox_list_index = no
auth_failure_delay = 0
auth_username_chars =
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
"""
LOCAL = "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix=/nowhere\n"
"""Every token is wrong."""
ASKING = """
introspection_url = http://127.0.0.1:{port}/simulator/oauth/introspect
introspection_mode = post
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
"""
PASSWORD = 'se"cr\\et'
"""With the two characters that IMAP's quoted strings must escape."""


class Dovecot:
    """One running server."""

    def __init__(self, folder: Path, cert: Path, key: Path, provider: int | None = None) -> None:
        """With the port of an OAuth provider it takes nothing but tokens, and asks that one about each."""
        self.folder = folder
        self.cert = cert
        self.port, self.tls_port = free_ports(2)
        root = os.getuid() == 0
        self._user = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.getuid())
        own = pwd.getpwuid(os.getuid()).pw_name
        (folder / "home").mkdir()
        (folder / "run").mkdir()
        for place in (folder, folder / "home"):
            place.chmod(0o755)
        shutil.chown(folder / "home", self._user.pw_uid, self._user.pw_gid)
        self._users = 0
        users = [f"user{number}:{{PLAIN}}{PASSWORD}::::::" for number in range(1, 100)]
        users.append("लेखा:{PLAIN}पासवर्ड::::::")
        (folder / "users").write_text("\n".join(users) + "\n", encoding="utf-8")
        (folder / "oauth2.conf").write_text(LOCAL if provider is None else ASKING.format(port=provider))
        self.conf = folder / "dovecot.conf"
        group = pwd.getpwnam("dovecot").pw_name if root else subprocess.check_output(["id", "-gn"], text=True).strip()
        self.conf.write_text(
            CONFIGURATION.format(
                folder=folder, cert=cert, key=key, port=self.port, tls_port=self.tls_port,
                uid=self._user.pw_uid, gid=self._user.pw_gid, internal_group=group,
                mechanisms="plain login xoauth2" if provider is None else "xoauth2",
                login_user="dovenull" if root else own, internal_user="dovecot" if root else own,
            )
        )  # fmt: skip

    def start(self) -> None:
        """Start, and wait until it listens."""
        self._process = subprocess.Popen([DOVECOT, "-F", "-c", self.conf], stderr=subprocess.PIPE)
        for _ in range(200):
            if self._process.poll() is not None:
                raise RuntimeError(self._process.stderr.read().decode())
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("Dovecot does not listen")

    def stop(self) -> None:
        """End it and its children."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)
        self._process.stderr.close()

    def fresh(self) -> str:
        """Name of a user with an empty mailbox."""
        self._users += 1
        return f"user{self._users}"

    def kick(self, user: str) -> None:
        """Throw a user's connections out."""
        subprocess.run(["/usr/bin/doveadm", "-c", self.conf, "kick", user], check=False, capture_output=True)
