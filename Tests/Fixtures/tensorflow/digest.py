"""What TensorFlow says of real SavedModels from PyPI (real.json): numbers of tensors and elements, and one SHA-256.

The SHA-256 is that of the tensors' lines, `name dtype extent,extent,… digest`, sorted. Names are those of the object graph;
the keys that belong to an optimizer or to Keras's metrics are left out, and counted.

Run by hand with TensorFlow: python digest.py SITE-PACKAGES, where tools/requirements-files.txt has been installed.
"""
import hashlib
import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.core.protobuf import trackable_object_graph_pb2  # noqa: E402

FOLDERS = ["basic_pitch/saved_models/icassp_2022/nmp", "guesslang/data/model"]
DTYPES = {"float32": "F32", "int64": "I64"}
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"

site = Path(sys.argv[1])
real = {}
for folder in FOLDERS:
    reader = tf.train.load_checkpoint(str(site / folder / "variables" / "variables"))
    keys = sorted(reader.get_variable_to_shape_map())
    names = {key: key for key in keys}
    if GRAPH in keys:
        graph = trackable_object_graph_pb2.TrackableObjectGraph()
        graph.ParseFromString(reader.get_tensor(GRAPH))
        names = {value.checkpoint_key: value.full_name for node in graph.nodes for value in node.attributes}
    model = [key for key in keys if key != GRAPH and not key.startswith(("optimizer/", "keras_api/", "global_step"))
             and "/.OPTIMIZER_SLOT/" not in key]
    lines, elements = [], 0
    for key in model:
        value = np.asarray(reader.get_tensor(key))
        elements += value.size
        digest = hashlib.sha256(value.tobytes("C")).hexdigest()
        lines.append(f"{names[key]} {DTYPES[value.dtype.name]} {','.join(map(str, value.shape))} {digest}\n")
    real[folder] = {"entries": len(keys), "tensors": len(model), "elements": elements,
                    "sha256": hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()}
    print(folder, real[folder])
text = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in real.items())
(Path(__file__).parent / "real.json").write_text("{\n" + text + "\n}\n")
