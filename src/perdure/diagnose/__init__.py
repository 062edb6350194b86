"""Is it me or them? Goes the way to any web service step by step, times each, and tells what it saw.

Only addresses that the user named are asked: the URL's host, hosts named with it, the resolver or the system's own, and
the proxy that the environment names. What is found on the way (another host's redirect, a status page) is told.
`core.diagnosis` judges; nothing here decides whose fault it is.
"""

from __future__ import annotations

from perdure.diagnose.run import Diagnosis, diagnose
from perdure.diagnose.target import Asked, NotAnAddress, Target

__all__ = ["Asked", "Diagnosis", "NotAnAddress", "Target", "diagnose"]
