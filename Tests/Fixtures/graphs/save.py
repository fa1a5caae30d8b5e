"""Writes one of the networks to a file.

usage: save.py NETWORK FILE
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import networks
import onnx

onnx.save(networks.make(sys.argv[1])[0], sys.argv[2])
