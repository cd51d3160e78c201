"""Runs the tests of this folder and closes with a line of counts."""

import pathlib
import sys
import unittest

suite = unittest.defaultTestLoader.discover(str(pathlib.Path(__file__).parent), pattern="*_test.py")
result = unittest.TextTestRunner(verbosity=2).run(suite)
# One test may fail twice: in its own lines, and in what its page's console had.
failed = len({test.id() for test, _ in result.failures + result.errors})
passed = result.testsRun - failed - len(result.skipped)
print(f"page: {passed} passed, {failed} failed, {len(result.skipped)} skipped")
sys.exit(0 if failed == 0 and passed > 0 else 1)
