"""Signs the model in this folder with OpenSSF's model_signing 1.1.1, in each of its forms.

usage: make.py   (in a virtual environment with `pip install model-signing==1.1.1 pyopenssl`; not installed in CI)

The private key is made for this run and thrown away: `validate --signature` compares digests only.
"""

import subprocess
import tempfile
from pathlib import Path

from model_signing import hashing, signing

HERE = Path(__file__).parent
FORMS = {
    "files": hashing.Config(),
    "shards": hashing.Config().use_shard_serialization(shard_size=300),
    "blake2": hashing.Config().use_file_serialization(hashing_algorithm="blake2"),
}

with tempfile.TemporaryDirectory() as folder:
    key = Path(folder, "key.pem")
    subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True
    )

    def sign(model: Path, form: hashing.Config, name: str) -> None:
        config = signing.Config().use_elliptic_key_signer(private_key=str(key)).set_hashing_config(form)
        config.sign(str(model), str(HERE / name))

    for name, form in FORMS.items():
        sign(HERE / "model", form, f"{name}.sig")
    sign(HERE / "model" / "weights.safetensors", hashing.Config(), "one.sig")
