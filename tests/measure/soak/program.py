"""Runs the program once, and says how that ended."""
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

PATIENCE = 300  # seconds, of a run that takes two alone; beyond it, it hangs


@dataclass
class Run:
    code: int  # as Popen has it: -9 for a process that SIGKILL ended
    errors: str  # standard error
    peak: int  # of memory, bytes
    seconds: float
    hung: bool = False


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("JANUS_")} | {"JANUS_CONFIG_FILE": ""}


def run(command, folder, strike=None, delay=0.0):
    """`strike(process)` is called once after `delay` seconds, if the process still runs then."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, env=clean_environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    parts = []
    reader = threading.Thread(target=lambda: parts.append(process.stderr.read()), daemon=True)
    reader.start()
    hung = False
    while True:
        # Not yet waited for, so that its number is nobody else's when it is struck.
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            break
        since = time.monotonic() - began
        if strike and since >= delay:
            strike(process)
            strike = None
        if since > PATIENCE:
            hung = True
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.005)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    reader.join(10)
    process.stderr.close()
    return Run(process.returncode, b"".join(parts).decode(errors="replace"), usage.ru_maxrss * 1024,
               time.monotonic() - began, hung)


def ending(code):
    """An exit code or signal for people."""
    return signal.Signals(-code).name if code < 0 else f"exit {code}"
