// Tests of ByteFiles.
