"""Tests of the sandbox, over HTTP. All other tests rely on the sandbox."""
