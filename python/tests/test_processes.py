"""Forks, pickles, Ctrl-C, the end of Python, and memory."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import time
from glob import glob
from pathlib import Path

import janus_cpp as jc
import pytest
from conftest import wait_for

READY = "print('ready', flush=True)"


def test_fork_is_refused(python, star):
    done = python(
        """
        import os, sys, warnings
        import janus_cpp as jc
        warnings.simplefilter("ignore")
        star = sys.argv[1]

        def ask(model):
            try:
                return model.describe(star)
            except jc.ModelError as error:
                return str(error)

        if __name__ == "__main__":
            model = jc.load()
            expected = model.describe(star)
            stream = model.describe(star, stream=True)
            next(stream)
            child = os.fork()
            if child == 0:
                # Nothing of the parent's is touched, whatever the child lets go of.
                refused = ask(model)
                del stream
                model.close()
                del model
                os._exit(0 if "get_context(\\"spawn\\")" in refused else 3)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert stream.result() == expected == model.describe(star)

            # A fork ends as ever, whatever other threads are at, and may open a model of its own.
            import threading

            def forever():
                while True:
                    model.describe(star)

            threading.Thread(target=forever, daemon=True).start()
            model.describe(star)
            child = os.fork()
            if child == 0:
                sys.exit(0 if jc.load(threads=1).describe(star) == expected else 3)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            print("ok")
        """,
        star,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


def test_spawned_processes_open_models_of_their_own(tmp_path, star):
    script = tmp_path / "spawn.py"
    script.write_text(
        """
import multiprocessing, pickle, sys
import janus_cpp as jc

def ask(pickled, picture):
    return pickle.loads(pickled).describe(picture)

if __name__ == "__main__":
    model = jc.load()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        answers = pool.starmap(ask, [(pickle.dumps(model), sys.argv[1])] * 2)
    assert answers == [model.describe(sys.argv[1])] * 2
    print("ok")
"""
    )
    done = subprocess.run([sys.executable, script, star], capture_output=True, text=True, timeout=300)
    assert done.stdout == "ok\n" and done.returncode == 0, done.stderr


def test_pickled_model_is_opened_again(model, star):
    with jc.load(threads=1, batch_size=2) as first:
        again = pickle.loads(pickle.dumps(first))
    with again:
        assert again.info["batch_size"] == 2 and again.info["fingerprint"] == model.info["fingerprint"]
        assert again.describe(star) == model.describe(star)


@pytest.mark.parametrize(
    ("call", "all_tokens"), [("generate(['a star'] * 200)", 200 * 64), ("describe([star] * 5000)", 5000 * 8)]
)
def test_interrupt_ends_a_call_and_its_requests(call, all_tokens, star):
    script = f"""
import signal, sys, time
import janus_cpp as jc
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start what runs in the background without it
star = sys.argv[1]
model = jc.load()
model.describe(star)
{READY}
try:
    model.{call}
except KeyboardInterrupt:
    while model.status["running"] + model.status["waiting"] > 0:
        time.sleep(0.01)
    print("interrupted", model.status["tokens_sampled"] < {all_tokens})
"""
    process = subprocess.Popen([sys.executable, "-c", script, star], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=300)
    assert out == "interrupted True\n" and process.returncode == 0


def test_python_ends_whatever_is_under_way(python, star):
    done = python(
        """
        import asyncio, sys
        import janus_cpp as jc
        model = jc.load()
        asyncio.run(model.adescribe(sys.argv[1]))
        kept = model.generate("a star", preview_every=1)
        next(kept)
        """,
        star,
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr


@pytest.mark.parametrize("seconds", [0, 0.05, 0.1, 0.2, 0.3])
def test_daemon_threads_leave_when_python_ends(python, star, tmp_path, seconds):
    """Python ends no thread amid C++, which would abort the process."""
    done = python(
        """
        import sys, threading, time
        import janus_cpp as jc
        star, output, seconds = sys.argv[1:]
        model = jc.load(threads=1)
        calls = [
            lambda: model.describe(star),
            lambda: list(model.describe(star, stream=True)),
            lambda: model.generate(["a star"] * 3),
            lambda: model.embed(star),
            lambda: model.encode(star),
            lambda: jc.load(threads=1, type="q8_0").close(),
            lambda: jc.quantize(None, output),
        ]

        def forever(call):
            while True:
                call()

        for call in calls:
            threading.Thread(target=forever, args=[call], daemon=True).start()
        time.sleep(float(seconds))
        """,
        star,
        str(tmp_path / "x.gguf"),
        str(seconds),
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_memory_stays_flat(python, star):
    done = python(
        """
        import sys
        import janus_cpp as jc

        def resident_kib():
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

        def call(times):
            for _ in range(times):
                model.describe(sys.argv[1], max_tokens=1)
                model.embed(sys.argv[1])
                model.tokenize("a star")
                list(model.describe(sys.argv[1], max_tokens=1, stream=True))

        model = jc.load(threads=1)
        call(50)
        before = resident_kib()
        call(1000 // 4)
        print(resident_kib() - before)
        """,
        star,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 4096  # KiB


def test_all_threads_sleep_when_nothing_is_asked(model, star):
    model.describe(star)

    def awake():
        states = [Path(path).read_text().rpartition(")")[2].split()[0] for path in glob("/proc/self/task/*/stat")]
        return states.count("R") - 1  # but for this one

    wait_for(lambda: awake() == 0)  # they look for more work for a moment
