"""What tessera_h5 and tessera_ci share. Only the standard library is imported: a CI job runs it from a checkout."""
