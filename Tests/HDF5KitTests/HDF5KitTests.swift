// Tests of HDF5Kit.
