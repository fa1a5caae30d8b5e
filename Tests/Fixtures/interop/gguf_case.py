"""GGUF files for the interop tests, and their judge: the reader of the package gguf.

    gguf_case.py make            writes model.gguf and plan.json: a small llama, quantised by gguf; and values.gguf, its
                                 tensors whose values tessera reads
    gguf_case.py values FLAT     compares the F32 of a safetensors file with those that gguf makes of values.gguf
    gguf_case.py tensors FILE REPORT    compares FILE with the output of `tessera inspect --json --digests`
    gguf_case.py network FILE    compares FILE with the channels that the plan gives to the first level
    gguf_case.py flat FILE WEIGHTS      compares FILE with the tensors of a safetensors file
    gguf_case.py python MODEL    compares what tessera_h5 reads from a unit checkpoint with model.gguf
"""
import hashlib
import json
import pathlib
import sys

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import GGUFEndian, GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize

FFN, HIDDEN = 768, 512
# The channels of `ffn` at level 1: units 1 and 2 of three, in blocks of 256.
KEPT = np.r_[256:768]


def check(holds, words):
    if not holds:
        sys.exit(words)


def make():
    write("model.gguf")
    write("values.gguf", without=T.IQ2_XXS)
    plan = {
        "format": "tessera.plan/1", "units": 3, "axes": {"ffn{}": {"size": FFN, "granule": 256}},
        "tensors": [
            {"match": "blk.{}.ffn_up.weight", "axes": ["ffn{}", None]},
            {"match": "blk.{}.ffn_gate.weight", "axes": ["ffn{}", None]},
            {"match": "blk.{}.ffn_down.weight", "axes": [None, "ffn{}"]},
        ],
        "tasks": [{"name": "all", "order": [1, 2, 0], "levels": [2, 3]}],
    }
    pathlib.Path("plan.json").write_text(json.dumps(plan))


def write(path, without=None):
    random = np.random.default_rng(3)
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FFN)
    writer.add_token_list([f"<{n}>" for n in range(64)])
    tensors = [("token_embd.weight", T.Q8_0, (64, HIDDEN)), ("output_norm.weight", T.F32, (HIDDEN,))]
    for layer, (up, down) in enumerate([(T.Q4_0, T.Q8_0), (T.Q5_1, T.Q4_1)]):
        tensors += [(f"blk.{layer}.{name}.weight", kind, shape) for name, kind, shape in [
            ("ffn_up", up, (FFN, HIDDEN)), ("ffn_gate", T.F16, (FFN, HIDDEN)), ("ffn_down", down, (HIDDEN, FFN)),
            ("ffn_norm", T.F32, (HIDDEN,))]]
    for name, kind, shape in tensors:
        values = random.normal(0, 0.1, shape).astype("f4")
        writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)
    # Types that the package cannot make: K-quants and BF16, of any bytes.
    for name, kind, shape in [("blk.1.k.weight", T.Q4_K, (5, 256)), ("blk.1.six.weight", T.Q6_K, (2, 512)),
                              ("blk.1.bf16.weight", T.BF16, (3, 7)), ("blk.1.iq.weight", T.IQ2_XXS, (3, 256))]:
        size = {T.Q4_K: 144, T.Q6_K: 210, T.BF16: 2 * 256, T.IQ2_XXS: 66}[kind]
        raw = random.integers(0, 256, (*shape[:-1], shape[-1] * size // 256), "u1")
        # Scales that are numbers.
        blocks = raw.reshape(-1, size if kind != T.BF16 else 2)
        for at in {T.Q4_K: [0, 2], T.Q6_K: [208]}.get(kind, []):
            blocks[:, at:at + 2] = random.normal(0, 1, len(blocks)).astype("f2").view("u1").reshape(-1, 2)
        if kind == T.BF16:
            blocks[:, 1] &= 0xBF
        if kind != without:
            writer.add_tensor(name, raw, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read(path):
    """Type, shape in C order and bytes of each tensor by name."""
    reader = GGUFReader(path)
    check(reader.endianess == GGUFEndian.LITTLE, "a big-endian file")
    return {t.name: (t.tensor_type.name, t.shape.tolist()[::-1], np.ascontiguousarray(t.data)) for t in reader.tensors}


def tensors(path, report):
    listed = json.loads(pathlib.Path(report).read_text())["tensors"]
    found = {row["name"]: (row["dtype"], row["shape"], row["sha256"]) for row in listed}
    wanted = {name: (kind, shape, hashlib.sha256(data.tobytes()).hexdigest())
              for name, (kind, shape, data) in read(path).items()}
    check(found == wanted, f"{found} {wanted}")
    print(json.dumps({"tensors": len(found)}))


def network(path):
    whole, part = read("model.gguf"), read(path)
    check(whole.keys() == part.keys(), "other tensors")
    fields = [{name: (field.types, field.contents()) for name, field in GGUFReader(one).fields.items()
               if not name.startswith("GGUF.")} for one in ("model.gguf", path)]
    fields[0]["llama.feed_forward_length"] = (fields[0]["llama.feed_forward_length"][0], len(KEPT))
    check(fields[0] == fields[1], f"other metadata: {fields}")
    for name, (kind, shape, data) in whole.items():
        if "ffn_up" in name or "ffn_gate" in name:
            data, shape = data[KEPT], [len(KEPT), shape[1]]
        if "ffn_down" in name:
            # The last dimension is in bytes: a third of them belongs to the first unit.
            data = data.reshape(HIDDEN, FFN // 256, -1)[:, 1:].reshape(HIDDEN, -1)
            shape = [HIDDEN, len(KEPT)]
        check(part[name][:2] == (kind, shape), f"{name}: {part[name][:2]} {kind} {shape}")
        check(part[name][2].tobytes() == data.tobytes(), f"{name}: other bytes")
    print(json.dumps({"tensors": len(part)}))


def safetensors(path):
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    return {name: (row["dtype"], row["shape"], data[8 + length:][slice(*row["data_offsets"])])
            for name, row in header.items()}


def flat(path, weights):
    found = {name: (kind, shape, tensor.tobytes()) for name, (kind, shape, tensor) in read(path).items()}
    check(found == safetensors(weights), "other tensors")
    print(json.dumps({"tensors": len(found)}))


def values(path):
    found = safetensors(path)
    whole = read("values.gguf")
    check(found.keys() == whole.keys(), "other tensors")
    for name, (kind, shape, data) in whole.items():
        numbers, dtype = data.tobytes(), kind
        if T[kind] not in (T.F32, T.F16, T.BF16):
            numbers, dtype = dequantize(data, T[kind]).astype("<f4").tobytes(), "F32"
        check(found[name] == (dtype, shape, numbers), f"{name}: {found[name][:2]}, or other values")
    print(json.dumps({"tensors": len(found)}))


def python(model):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "python" / "src"))
    import tessera_h5
    whole = read("model.gguf")
    with tessera_h5.open(model) as m:
        m.verify()
        state, small = m.state_dict(framework="bits"), m.state_dict("all", 1, framework="bits")
    check(state.keys() == whole.keys(), "other tensors")
    for name, (kind, shape, data) in whole.items():
        check(state[name].tobytes() == data.tobytes(), f"{name}: other bytes")
        if data.dtype == np.uint8 and kind != "BF16":
            check(state[name].shape == data.shape, f"{name}: {state[name].shape}")
    for name, array in read("small.gguf").items():
        check(small[name].tobytes() == array[2].tobytes(), f"{name}: other bytes in the network")
    print(json.dumps({"tensors": len(state)}))


if __name__ == "__main__":
    commands = {"make": make, "tensors": tensors, "network": network, "flat": flat, "values": values, "python": python}
    commands[sys.argv[1]](*sys.argv[2:])
