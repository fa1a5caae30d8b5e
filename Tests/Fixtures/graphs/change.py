"""Writes a model again with one element of one of its weights changed.

usage: change.py MODEL FILE TENSOR
"""

import sys

import onnx
from onnx import numpy_helper

model = onnx.load(sys.argv[1])
(tensor,) = [t for t in model.graph.initializer if t.name == sys.argv[3]]
array = numpy_helper.to_array(tensor).copy()
array.flat[0] += 1
tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
onnx.save(model, sys.argv[2])
