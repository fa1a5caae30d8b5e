// Tests of FlatFormats.
