"""A Slurm of one node, this machine, in a folder: its own configuration, key, ports and logs; no root, no systemd."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Callable

# Debian's slurm-wlm has daemons in /usr/sbin, which is not on every PATH.
SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sacct", "scontrol", "squeue")

CONFIGURATION = """\
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
# No other machine can connect.
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
# No cgroups, no accounting, no MPI.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1,requeue_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# More processors and memory (MB) than the machine may have.
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
MinJobAge=600
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs={processors} RealMemory={memory} State=UNKNOWN
PartitionName=all Nodes=node Default=YES MaxTime=INFINITE State=UP
"""


class LocalSlurm:
    """Starts the three daemons; leaving the block kills them.

    The folder must be short (a Unix socket is in it), and on a disk where its user may write.
    """

    def __init__(self, folder: Path, processors: int = 8, memory: int = 8192) -> None:
        self.folder, self.processors, self.memory = folder, processors, memory
        self.daemons: list[subprocess.Popen[bytes]] = []
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": SEARCH}

    @staticmethod
    def missing() -> list[str]:
        return [name for name in PROGRAMS if shutil.which(name, path=SEARCH) is None]

    def __enter__(self) -> LocalSlurm:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        # munged trusts no folder that others may write to.
        self.folder.chmod(0o755)
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        controller, daemon = free_ports(2)
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            host=socket.gethostname().partition(".")[0], controller=controller, daemon=daemon,
            user=pwd.getpwuid(os.getuid()).pw_name, folder=self.folder,
            processors=self.processors, memory=self.memory))
        files = [f"--{what}={self.folder / name}" for what, name in (
            ("socket", "munge.socket"), ("key-file", "munge.key"), ("pid-file", "munge.pid"),
            ("seed-file", "munge.seed"), ("log-file", "munge.log"))]
        # /tmp is a folder that others may write to.
        self.launch("munged", "--foreground", "--force", *files)
        wait("munged", lambda: (self.folder / "munge.socket").exists(), self)
        self.launch("slurmctld", "-D")
        self.launch("slurmd", "-D", "-N", "node")
        wait("an idle node", lambda: "State=IDLE" in self.ask("scontrol", "show", "node", "node"), self)

    def launch(self, *words: str) -> None:
        with open(self.folder / f"{words[0]}.output", "wb") as output:
            self.daemons.append(subprocess.Popen(
                words, executable=shutil.which(words[0], path=SEARCH), env=self.environment, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output))

    def stop(self) -> None:
        if len(self.daemons) > 1:
            self.ask("scancel", "--full", "--signal=KILL", "--user", pwd.getpwuid(os.getuid()).pw_name)
        for daemon in reversed(self.daemons):
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons = []

    def ask(self, *words: str) -> str:
        """The output of a command of Slurm's, whatever its exit code."""
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=30).stdout

    def jobs(self) -> list[dict[str, str]]:
        """What the controller knows of every job and every task of an array."""
        lines = self.ask("scontrol", "--oneliner", "show", "jobs").splitlines()
        return [dict(word.partition("=")[::2] for word in line.split(" ") if "=" in word) for line in lines]

    def finish(self, seconds: float = 180) -> list[dict[str, str]]:
        """Waits until no job is left that waits or runs."""
        over = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY"}
        wait("the end of all jobs", lambda: all(one["JobState"] in over for one in self.jobs()), self, seconds)
        return self.jobs()


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def wait(what: str, condition: Callable[[], Any], slurm: LocalSlurm, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        dead = [daemon.args for daemon in slurm.daemons if daemon.poll() is not None]
        if dead or time.monotonic() > end:
            logs = {path.name: path.read_text(errors="replace")[-2000:] for path in slurm.folder.glob("*.log")}
            raise TimeoutError(f"expected {what}; ended: {dead}; jobs: {slurm.jobs() if not dead else ''}; {logs}")
        time.sleep(0.05)
