"""The programs in Python of docs/serving.md, as a reader pastes them."""

import contextlib
import io
import os
import pathlib
import re
import tempfile
import unittest

from server import ROOT, STAR_TEXT, Server

PROGRAMS = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "serving.md").read_text(), re.DOTALL | re.MULTILINE)


class ServingPageTest(unittest.TestCase):
    def test_programs_run(self):
        self.assertEqual(len(PROGRAMS), 2)
        with Server() as server, tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            os.symlink(ROOT / "samples", "samples")
            for program in PROGRAMS:
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    exec(program.replace("http://127.0.0.1:8080", server.address), {})  # noqa: S102
                self.assertIn(STAR_TEXT, printed.getvalue())
            self.assertTrue(pathlib.Path("image-0.png").exists() and pathlib.Path("image-1.png").exists())


if __name__ == "__main__":
    unittest.main()
