"""How commands end where the memory of a process is limited: `ulimit -v` from what cannot start to what is plenty.

    memory_limits.py JANUS [-m MODEL] [--thresholds 100] [--threads 2] [--only describe caption] [--verbose]

For each command two limits are found by halving: the least at which `janus --version` starts, and the least at which the
command succeeds. It is then run under --thresholds limits, spread evenly between the first and one and a half times the second.
Prints, in Markdown, how often each exit code came. A run that ends by a signal is printed with its limit, and so is one that
fails without exactly one line; either makes the exit code 1.
"""
import argparse
import collections
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
MOST = 16 << 10  # MiB
PATIENCE_S = 120


def limited(mib):
    def apply():
        resource.setrlimit(resource.RLIMIT_AS, (int(mib * MIB), int(mib * MIB)))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return apply


def environment(options):
    keep = {name: value for name, value in os.environ.items() if not name.startswith("JANUS_")}
    return {**keep, "JANUS_THREADS": str(options.threads), "JANUS_CONFIG_FILE": ""}


def run(line, mib, options):
    """-> (exit code, or minus the signal's number; standard error)"""
    done = subprocess.run(line, preexec_fn=limited(mib), env=environment(options), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=PATIENCE_S)
    return done.returncode, done.stderr.decode(errors="replace")


def serve(line, mib, options):
    """The same for a server, which is asked to end once it says that it is ready."""
    with tempfile.TemporaryFile() as errors:
        server = subprocess.Popen(line, preexec_fn=limited(mib), env=environment(options), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=errors, text=True)
        address = server.stdout.readline().partition('"url":"')[2].partition('"')[0]
        until = time.monotonic() + PATIENCE_S
        while address and server.poll() is None and time.monotonic() < until:
            try:
                urllib.request.urlopen(address + "/health", timeout=5).read()
                break
            except OSError:
                time.sleep(0.02)
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
        code = server.wait(timeout=PATIENCE_S)
        server.stdout.close()
        errors.seek(0)
        return code, errors.read().decode(errors="replace")


def least(succeeds, low, high):
    """-> the least limit in MiB that succeeds"""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if succeeds(middle) else (middle + 1, high)
    return low


def commands(options, folder):
    model = ["-m", options.model] if options.model else []
    pictures = ROOT / "samples/pictures"
    codes = folder / "codes.json"
    subprocess.run([options.janus, "encode", pictures / "cross.png", "-o", codes, "-q", *model], check=True,
                   env=environment(options))
    prompts = folder / "prompts.txt"
    prompts.write_text("a red circle\na blue star\n")
    quantized = options.model or ROOT / "samples/janus-tiny/model"
    return {
        "describe": ["describe", pictures / "cross.png", pictures / "ring_below.jpg", "-n", "8", *model],
        "generate": ["generate", "a red circle", "-o", folder / "a.png", *model],
        "generate --prompts": ["generate", "--prompts", prompts, "-o", f"{folder}/made/", "--overwrite", *model],
        "caption": ["caption", pictures, "-n", "8", *model],
        "embed": ["embed", pictures, "-o", folder / "a.npy", *model],
        "quantize": ["quantize", quantized, "--type", "q8_0", "-o", folder / "a.gguf"],
        "encode": ["encode", pictures / "cross.png", "-o", folder / "a.json", *model],
        "decode": ["decode", codes, "-o", folder / "b.png", *model],
        "score": ["score", "--image", pictures / "cross.png", "--text", "a cross", *model],
        "chat": ["chat", *model],
        "serve": ["serve", "--port", "0", "--json", *model],
    }


def is_one_line(text):
    return text.startswith("janus: ") and text.count("\n") == 1 and text.endswith("\n")


def sweep(name, words, floor, options):
    line = [str(word) for word in [options.janus, *words, "-q"]]
    end = serve if name == "serve" else run
    enough = least(lambda mib: end(line, mib, options)[0] == 0, floor, MOST)
    if enough == MOST:
        sys.exit(f"{name}: expected it to succeed under {MOST} MiB, found that it does not; try {' '.join(line)}")
    wrong = []
    codes = collections.Counter()
    top = enough + enough // 2
    for k in range(options.thresholds):
        mib = floor + (top - floor) * k / max(1, options.thresholds - 1)
        code, errors = end(line, mib, options)
        codes[code] += 1
        if options.verbose:
            print(f"{name} {mib:.2f} MiB: {code} {errors.strip()}", file=sys.stderr)
        if code < 0 or (code != 0 and not is_one_line(errors)):
            wrong.append((name, mib, code, errors.strip()))
    ends = ", ".join(f"{count}x {code}" for code, count in sorted(codes.items()))
    print(f"| {name} | {floor} to {top} | {enough} | {ends} | {sum(code < 0 for _, _, code, _ in wrong)} |", flush=True)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("janus")
    parser.add_argument("-m", "--model")
    parser.add_argument("--thresholds", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    floor = least(lambda mib: run([options.janus, "--version"], mib, options)[0] == 0, 1, MOST)
    print("| command | MiB | enough | exit codes | signals |\n|---|---|---|---|---|")
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for name, words in commands(options, Path(folder)).items():
            if not options.only or name in options.only:
                wrong += sweep(name, words, floor, options)
    for name, mib, code, errors in wrong:
        print(f"{name} at {mib:.2f} MiB ended with {code}: {errors or 'no word'}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
