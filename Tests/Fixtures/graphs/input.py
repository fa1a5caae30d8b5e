"""Writes an array of seeded numbers.

usage: input.py EXTENT,EXTENT,… FILE
"""

import sys

import numpy

shape = tuple(map(int, sys.argv[1].split(",")))
numpy.save(sys.argv[2], numpy.random.default_rng(1).standard_normal(shape).astype(numpy.float32))
