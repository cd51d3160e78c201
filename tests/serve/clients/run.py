"""Runs the tests of this folder and closes with a line of counts."""

import pathlib
import sys
import unittest

suite = unittest.defaultTestLoader.discover(str(pathlib.Path(__file__).parent), pattern="*_test.py")
result = unittest.TextTestRunner(verbosity=2).run(suite)
# A test may fail in several parts, and once more in what cleans up behind it.
bad = {getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors}
failed = len(bad | {test.id() for test in result.unexpectedSuccesses})
skipped = {getattr(test, "test_case", test).id() for test, _ in result.skipped} - bad
passed = max(0, result.testsRun - failed - len(skipped))
print(f"clients: {passed} passed, {failed} failed, {len(skipped)} skipped")
sys.exit(0 if failed == 0 and passed > 0 else 1)
