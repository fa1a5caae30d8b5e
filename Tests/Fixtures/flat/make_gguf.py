"""Writes the GGUF fixtures of this folder, and ../gguf/llama.gguf, with gguf, the package of llama.cpp.

    pip install numpy==2.4.6 PyYAML==6.0.3 && pip install --no-deps gguf==0.19.0
    python make_gguf.py

The tests compare the reader with these files, and the writer with their bytes. `pattern` is that of make.py: byte i of a
tensor is (i * 37 + salt) mod 251. Blocks of quantised types are such bytes too, so their values mean nothing; the files
in `quantised` have values, with what gguf makes of them.
"""
import io
import json
import pathlib
import struct

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFEndian, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize

HERE = pathlib.Path(__file__).parent
T = GGMLQuantizationType
# ggml's numbers with more than one byte in a block, as gguf_convert_endian.py swaps them.
HALVES = {T.Q4_0: [0], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q6_K: [208], T.MXFP4: []}
WIDTHS = {T.F32: 4, T.F16: 2, T.BF16: 2, T.F64: 8, T.I8: 1, T.I16: 2, T.I32: 4, T.I64: 8}


def pattern(kind, shape, salt):
    elements, size = GGML_QUANT_SIZES[kind]
    count = int(np.prod(shape, dtype=np.int64)) // elements * size
    return bytearray((i * 37 + salt) % 251 for i in range(count))


def swapped(raw, kind):
    """The bytes in the other byte order."""
    size = GGML_QUANT_SIZES[kind][1]
    for start in range(0, len(raw), size):
        if kind in WIDTHS:
            raw[start:start + size] = raw[start:start + size][::-1]
        for at in HALVES.get(kind, []):
            raw[start + at:start + at + 2] = raw[start + at:start + at + 2][::-1]
    return raw


class Raw:
    """The bytes of a tensor, as the writer takes an array."""

    def __init__(self, raw):
        self.raw, self.nbytes, self.dtype = raw, len(raw), np.uint8

    def tofile(self, file):
        file.write(self.raw)


def write(path, tensors, fill=None, endian=GGUFEndian.LITTLE, alignment=None):
    writer = GGUFWriter(None, "none", endianess=endian)
    writer.kv_data[0].clear()
    if alignment:
        writer.add_custom_alignment(alignment)
    if fill:
        fill(writer)
    for salt, (name, kind, shape) in enumerate(tensors):
        raw = pattern(kind, shape, salt + 1)
        if endian == GGUFEndian.BIG:
            swapped(raw, kind)
        writer.tensors[-1][name] = type("Info", (), dict(
            shape=shape, dtype=kind, nbytes=len(raw), tensor=Raw(raw)))()
    writer.write_header_to_file(path)
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def metadata(writer):
    """Every type of metadata, and arrays."""
    writer.add_string("general.architecture", "llama")
    writer.add_uint8("a.u8", 200)
    writer.add_int8("a.i8", -100)
    writer.add_uint16("a.u16", 60000)
    writer.add_int16("a.i16", -30000)
    writer.add_uint32("llama.block_count", 2)
    writer.add_int32("a.i32", -2)
    writer.add_float32("llama.rope.freq_base", 10000.0)
    writer.add_bool("a.bool", True)
    writer.add_uint64("a.u64", 1 << 63)
    writer.add_int64("a.i64", -1 << 63)
    writer.add_float64("a.f64", 0.1)
    writer.add_string("a.text", "é 💥\n")
    writer.add_array("llama.feed_forward_length", [64, 96])
    writer.add_array("tokenizer.ggml.tokens", [f"<{n}>" for n in range(40)])
    writer.add_array("tokenizer.ggml.scores", [n / 2 for n in range(40)])


def nested(writer):
    metadata(writer)
    writer.add_key_value("a.nested", [[1, 2], [3], [[4, 5]]][:2], GGUFValueType.ARRAY)


# name, type, shape in C order: the same tables are in the tests.
PLAIN = [
    ("f32", T.F32, (3, 5)), ("f16", T.F16, (2, 1, 3)), ("bf16", T.BF16, (7,)), ("f64", T.F64, (2, 2, 1, 3)),
    ("i8", T.I8, (11,)), ("i16", T.I16, (5, 3)), ("i32", T.I32, (0, 4)), ("i64", T.I64, (2,)),
    ("q4_0", T.Q4_0, (3, 64)), ("q8_0", T.Q8_0, (2, 3, 32)), ("q4_k", T.Q4_K, (2, 256)), ("é", T.F32, (1,)),
]
BIG = [
    ("f32", T.F32, (3, 5)), ("f16", T.F16, (7,)), ("f64", T.F64, (3,)), ("i8", T.I8, (5,)), ("bf16", T.BF16, (2, 3)),
    ("q4_0", T.Q4_0, (3, 64)), ("q8_0", T.Q8_0, (5, 32)), ("q4_k", T.Q4_K, (2, 256)), ("q6_k", T.Q6_K, (1, 512)),
    ("mxfp4", T.MXFP4, (32,)), ("i64", T.I64, (2,)),
]


def values():
    """Blocks with the values that gguf computes from them, for each type whose values are read."""
    rows = []
    generator = np.random.default_rng(5)
    for kind in [T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0, T.Q2_K, T.Q3_K, T.Q4_K, T.Q5_K, T.Q6_K]:
        elements, size = GGML_QUANT_SIZES[kind]
        for number in range(4):
            raw = generator.integers(0, 256, size, "u1")
            # Scales of any bits include NaN and infinities; these are small numbers.
            for at in {T.Q4_1: [0, 2], T.Q5_1: [0, 2], T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2],
                       T.Q5_K: [0, 2], T.Q6_K: [208]}.get(kind, [0]):
                raw[at:at + 2] = np.frombuffer(np.float16(generator.normal()).tobytes(), "u1")
            if number == 0 and kind in (T.Q4_0, T.Q8_0):
                raw = quantize(np.linspace(-3, 2, elements, dtype="f4"), kind)
            floats = dequantize(raw.reshape(1, -1), kind).reshape(-1)
            rows.append({"dtype": kind.name, "bytes": raw.tobytes().hex(),
                         "values": floats.astype("<f4").tobytes().hex()})
    return rows


def llama(path):
    """A llama of two layers that llama.cpp runs: 64 feed-forward channels in blocks of 32, 4 query and 2 key heads."""
    vocabulary, hidden, channels, heads, keys = 16, 32, 64, 4, 2
    width = hidden // heads
    random = np.random.default_rng(7)
    writer = GGUFWriter(path, "llama")
    writer.add_name("Tiny llama")
    writer.add_context_length(64)
    writer.add_embedding_length(hidden)
    writer.add_block_count(2)
    writer.add_feed_forward_length(channels)
    writer.add_head_count(heads)
    writer.add_head_count_kv(keys)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(vocabulary)
    writer.add_tokenizer_model("no_vocab")
    ones = np.ones(hidden, "f4")
    writer.add_tensor("output_norm.weight", ones)

    def add(name, kind, *shape):
        writer.add_tensor(name, quantize(random.normal(0, 0.3, shape).astype("f4"), kind), raw_dtype=kind)

    add("token_embd.weight", T.Q8_0, vocabulary, hidden)
    for layer in range(2):
        writer.add_tensor(f"blk.{layer}.attn_norm.weight", ones)
        writer.add_tensor(f"blk.{layer}.ffn_norm.weight", ones)
        add(f"blk.{layer}.attn_q.weight", T.Q4_0, heads * width, hidden)
        add(f"blk.{layer}.attn_k.weight", T.Q4_0, keys * width, hidden)
        add(f"blk.{layer}.attn_v.weight", T.Q4_0, keys * width, hidden)
        add(f"blk.{layer}.attn_output.weight", T.F16, hidden, heads * width)
        add(f"blk.{layer}.ffn_gate.weight", T.Q4_0, channels, hidden)
        add(f"blk.{layer}.ffn_up.weight", T.Q4_0, channels, hidden)
        add(f"blk.{layer}.ffn_down.weight", T.Q4_0, hidden, channels)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    llama(HERE.parent / "gguf" / "llama.gguf")
    write(HERE / "none.gguf", [])
    write(HERE / "plain.gguf", PLAIN)
    write(HERE / "metadata.gguf", PLAIN, metadata, alignment=64)
    write(HERE / "nested.gguf", PLAIN[:1], nested)
    write(HERE / "big.gguf", BIG, metadata, endian=GGUFEndian.BIG)
    # Version 2 has the same layout.
    data = bytearray((HERE / "metadata.gguf").read_bytes())
    data[4:8] = struct.pack("<I", 2)
    (HERE / "version2.gguf").write_bytes(data)
    (HERE / "gguf-values.json").write_text(json.dumps(values(), indent=1) + "\n")
