"""Weaknesses that systems like this one were found to have, each as a test named for its class. Who sees whose: `test_reach_matrix`."""

from tests.test_reach_matrix import theirs, things

__all__ = ["theirs", "things"]
