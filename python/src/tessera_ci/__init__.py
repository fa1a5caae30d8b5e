"""Checks the model files of a repository in CI and before a commit, with the command `tessera`.

Only the standard library is imported, so that a CI job can run the package from a checkout, without installing it.
"""
