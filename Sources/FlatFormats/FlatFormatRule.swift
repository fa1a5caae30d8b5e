/// The rules by which a flat file is refused; the raw values are stable and serve as rule ids.
///
/// The tests have a malformed example for each case, and fail if one is missing.
public enum FlatFormatRule: String, CaseIterable, Sendable {
  /// The bytes belong to no format that is read here.
  case notRecognised = "flat.not-recognised"
  /// The file does not have the tensor that was requested.
  case noSuchTensor = "flat.no-such-tensor"
  /// A part of the source that is not read here would be lost in the other file.
  case leftOut = "flat.left-out"
  /// A read asks for more bytes than the tensor has left.
  case readPastEnd = "flat.read-past-end"
  /// Two tensors to be written have the same name.
  case sinkDuplicateName = "flat.sink-duplicate-name"
  /// A tie to be written names a tensor that does not exist, or one of another dtype or shape.
  case sinkTie = "flat.sink-tie"
  /// More bytes arrived than the tensors to be written have.
  case sinkTooMuch = "flat.sink-too-much"
  /// The file was finished before every byte had arrived.
  case sinkTooLittle = "flat.sink-too-little"
  /// The format cannot hold the tensor's dtype.
  case sinkDType = "flat.sink-dtype"
  /// The format cannot hold this number of tensors.
  case sinkTensorCount = "flat.sink-tensor-count"
  /// The writer would produce a file that the reader of the format refuses or reads differently.
  case sinkUnreadable = "flat.sink-unreadable"

  /// The file is too short to hold the length of its header.
  case safetensorsLength = "safetensors.length"
  /// The header is longer than 100,000,000 bytes.
  case safetensorsHeaderLimit = "safetensors.header-limit"
  /// The header reaches past the end of the file.
  case safetensorsHeaderBounds = "safetensors.header-bounds"
  /// The header does not begin with `{`.
  case safetensorsHeaderStart = "safetensors.header-start"
  /// Something other than spaces follows the header's JSON.
  case safetensorsPadding = "safetensors.padding"
  /// The header is not the JSON that the format describes.
  case safetensorsSyntax = "safetensors.syntax"
  /// A string of the header is not UTF-8, or has a raw control character, a bad escape or a lone surrogate.
  case safetensorsText = "safetensors.text"
  /// A number of the header is not a plain integer below 2⁶³.
  case safetensorsInteger = "safetensors.integer"
  /// Two tensors have the same name.
  case safetensorsDuplicateTensor = "safetensors.duplicate-tensor"
  /// A tensor has a field twice.
  case safetensorsDuplicateField = "safetensors.duplicate-field"
  /// A key of the metadata, or `__metadata__` itself, occurs twice.
  case safetensorsDuplicateMetadata = "safetensors.duplicate-metadata"
  /// A tensor has a field that the format does not know.
  case safetensorsUnknownField = "safetensors.unknown-field"
  /// A tensor lacks a field.
  case safetensorsMissingField = "safetensors.missing-field"
  /// A dtype that the format does not know.
  case safetensorsDType = "safetensors.dtype"
  /// A shape whose size overflows, that ends inside a byte, or that has too many dimensions.
  case safetensorsShape = "safetensors.shape"
  /// `data_offsets` span more or fewer bytes than dtype and shape require.
  case safetensorsSize = "safetensors.size"
  /// Bytes between two tensors that belong to neither.
  case safetensorsHole = "safetensors.hole"
  /// Two tensors share bytes.
  case safetensorsOverlap = "safetensors.overlap"
  /// The last tensor ends before or after the end of the file.
  case safetensorsBodySize = "safetensors.body-size"
  /// A stored header that is to be written again does not describe the tensors to be written.
  case safetensorsVerbatim = "safetensors.verbatim"
  /// A tensor is named `__metadata__`, which the format reserves.
  case safetensorsReservedName = "safetensors.reserved-name"

  /// The index of a set of shards is not JSON of the expected form.
  case shardsIndex = "shards.index"
  /// The index, or all headers of the shards together, are larger than this reader accepts.
  case shardsLimit = "shards.limit"
  /// The name of a shard is not the bare name of a safetensors file.
  case shardsName = "shards.name"
  /// A shard that is a link to a file outside the folder.
  case shardsLink = "shards.link"
  /// A shard that the index names does not exist.
  case shardsMissingShard = "shards.missing-shard"
  /// A tensor is missing from the shard that the index gives for it.
  case shardsMissingTensor = "shards.missing-tensor"
  /// A shard has a tensor that the index does not name.
  case shardsExtraTensor = "shards.extra-tensor"
  /// A tensor is in two shards, or twice in the index.
  case shardsDuplicateTensor = "shards.duplicate-tensor"
  /// The weights of a folder without an index are ambiguous.
  case shardsFolder = "shards.folder"
  /// Stored shards or a stored index do not describe the tensors to be written.
  case shardsVerbatim = "shards.verbatim"
  /// A file to be written is one of the files that are being read, or a shard of another set.
  case shardsOverSource = "shards.over-source"
  /// A file to be written exists already and must not be replaced.
  case shardsInTheWay = "shards.in-the-way"

  /// The metadata of a distributed checkpoint is not the pickle that PyTorch writes.
  case dcpMetadata = "dcp.metadata"
  /// The metadata, the files or the pieces are more than this reader accepts.
  case dcpLimit = "dcp.limit"
  /// A file that the metadata names does not exist, or has a name that is a path.
  case dcpFile = "dcp.file"
  /// A piece's bytes are outside its file, or are those of another piece, too.
  case dcpRange = "dcp.range"
  /// The pieces are stored in a way that is not read here: compressed, or not in files.
  case dcpStorage = "dcp.storage"
  /// A tensor is described wrongly.
  case dcpTensor = "dcp.tensor"
  /// A piece has elements outside its tensor.
  case dcpBounds = "dcp.bounds"
  /// A piece is not stored, or holds something other than the metadata gives.
  case dcpPiece = "dcp.piece"
  /// Elements of a tensor are in no piece.
  case dcpMissing = "dcp.missing"
  /// Elements of a tensor are in two pieces.
  case dcpOverlap = "dcp.overlap"
  /// The safetensors of several ranks lack their offsets, or disagree.
  case dcpRanks = "dcp.ranks"
  /// A file has pieces of tensors, which are not whole tensors.
  case dcpPart = "dcp.part"
  /// A distributed checkpoint cannot be written.
  case dcpWrite = "dcp.write"

  /// The file does not begin with `\x93NUMPY`.
  case npyMagic = "npy.magic"
  /// The version of the format is not 1.0, 2.0 or 3.0.
  case npyVersion = "npy.version"
  /// The file ends inside the header.
  case npyHeaderBounds = "npy.header-bounds"
  /// The header is longer than 10,000 bytes, NumPy's own limit.
  case npyHeaderLimit = "npy.header-limit"
  /// The header is not the Python dictionary that the format describes.
  case npySyntax = "npy.syntax"
  /// A key of the header occurs twice.
  case npyDuplicateKey = "npy.duplicate-key"
  /// The header has a key other than descr, fortran_order and shape.
  case npyUnknownKey = "npy.unknown-key"
  /// One of descr, fortran_order and shape is missing.
  case npyMissingKey = "npy.missing-key"
  /// The shape is not a tuple of extents, or its size overflows.
  case npyShape = "npy.shape"
  /// `fortran_order` is neither True nor False.
  case npyOrder = "npy.order"
  /// A dtype that no tensor can have: text, dates, or one that NumPy does not have either.
  case npyDType = "npy.dtype"
  /// Python objects, which only a pickle could restore.
  case npyObject = "npy.object"
  /// Records of several fields.
  case npyStructured = "npy.structured"
  /// `long double`, whose bits differ between machines.
  case npyLongDouble = "npy.long-double"
  /// The dtype gives only the width of an element, and no dtype is assumed for it.
  case npyOpaque = "npy.opaque"
  /// The assumed dtype has another width than the elements.
  case npyAssumedWidth = "npy.assumed-width"
  /// The data have more or fewer bytes than dtype and shape require.
  case npyDataSize = "npy.data-size"
  /// A dtype that NumPy lacks would be written as raw bytes, which the user has not allowed.
  case npyOpaqueWrite = "npy.opaque-write"
  /// The array's header would be longer than NumPy reads, or have more than 64 dimensions.
  case npyHeaderWrite = "npy.header-write"
  /// A member of an npz is not an npy file.
  case npzMember = "npz.member"
  /// A tensor's name that cannot be the name of a zip member.
  case npzName = "npz.name"
  /// The ties take more bytes than the archive's comment can hold.
  case npzTies = "npz.ties"

  /// A pickle ends before its last instruction, or inside one.
  case pickleTruncated = "pickle.truncated"
  /// A byte that is not an instruction.
  case pickleOpcode = "pickle.opcode"
  /// A protocol above 5.
  case pickleVersion = "pickle.version"
  /// An instruction finds too few values on the stack, or a value of the wrong kind.
  case pickleStack = "pickle.stack"
  /// An instruction reads a memo entry that was never stored.
  case pickleMemo = "pickle.memo"
  /// The number, text or length of an instruction is invalid.
  case pickleArgument = "pickle.argument"
  /// More instructions, values or text than any checkpoint needs.
  case pickleLimit = "pickle.limit"
  /// A pickle without tensors that refers to other Python names.
  case pickleGlobals = "pickle.globals"

  /// A pickle without tensors.
  case torchNoTensors = "pytorch.no-tensors"
  /// The tar form that was used before 2017.
  case torchTar = "pytorch.tar"
  /// One rank's share of the weights, as DeepSpeed's ZeRO writes it.
  case torchDeepSpeed = "pytorch.deepspeed"
  /// The archive does not have exactly one pickle, has members outside its folder, or has a member that is too large.
  case torchMembers = "pytorch.members"
  /// A version of the zip form that PyTorch does not read.
  case torchVersion = "pytorch.version"
  /// A byte order other than little and big.
  case torchByteOrder = "pytorch.byte-order"
  /// The pickles around the one with the tensors are not those of the older form.
  case torchLegacy = "pytorch.legacy"
  /// A storage is described wrongly or in two ways, or is missing.
  case torchStorage = "pytorch.storage"
  /// A storage has more or fewer bytes than the pickle gives.
  case torchStorageSize = "pytorch.storage-size"
  /// A tensor is described wrongly.
  case torchTensor = "pytorch.tensor"
  /// A tensor has elements outside its storage.
  case torchBounds = "pytorch.bounds"
  /// Two tensors have the same name.
  case torchDuplicateName = "pytorch.duplicate-name"
  /// Nested containers, or names of tensors, are too many or too long.
  case torchNesting = "pytorch.nesting"
  /// Tensors unfold to far more bytes than the file has.
  case torchAmplification = "pytorch.amplification"
  /// A packed storage is too large to be unpacked in memory.
  case torchPacked = "pytorch.packed"

  /// An ONNX file cannot be written from tensors alone: it needs a graph.
  case onnxWrite = "onnx.write"

  /// A structure of an HDF5 file is damaged, or refers to bytes outside the file.
  case hdf5Structure = "hdf5.structure"
  /// An HDF5 file uses a feature that is not read here.
  case hdf5Feature = "hdf5.feature"
  /// A dataset declares far more bytes than it stores, or a structure is larger than this reader accepts.
  case hdf5Limit = "hdf5.limit"
  /// A tensor whose name, dtype or shape no dataset can have.
  case hdf5Write = "hdf5.write"
  /// The lists of layers and weights do not describe the groups and datasets of a Keras file.
  case kerasLayers = "keras.layers"
  /// A `.keras` archive without weights that can be read in their place.
  case kerasArchive = "keras.archive"
  /// The index of a set of `.weights.h5` files is not JSON of the expected form, or does not describe the files.
  case kerasShards = "keras.shards"
  /// A Keras archive cannot be written from tensors alone.
  case kerasWrite = "keras.write"

  /// The file does not begin with `GGUF`.
  case ggufMagic = "gguf.magic"
  /// A version other than 2 and 3.
  case ggufVersion = "gguf.version"
  /// A number, a text, an array, or a count of metadata or tensors reaches past the end of the file.
  case ggufTruncated = "gguf.truncated"
  /// A header of more than 100,000,000 bytes, too many metadata, an alignment or a padding that is too large, or arrays
  /// nested too deep.
  case ggufLimit = "gguf.limit"
  /// A key of the metadata is empty, too long or not UTF-8.
  case ggufKey = "gguf.key"
  /// A key of the metadata occurs twice.
  case ggufDuplicateKey = "gguf.duplicate-key"
  /// A type of metadata that the format does not know.
  case ggufValueType = "gguf.value-type"
  /// `general.alignment` is not a UINT32 that is a power of two.
  case ggufAlignment = "gguf.alignment"
  /// A tensor's name is not UTF-8.
  case ggufName = "gguf.name"
  /// Two tensors have the same name.
  case ggufDuplicateTensor = "gguf.duplicate-tensor"
  /// A shape with more than four dimensions, of too many bytes, or with rows that end inside a block.
  case ggufShape = "gguf.shape"
  /// A type of tensors that ggml does not have, or no longer has.
  case ggufType = "gguf.type"
  /// A big-endian file with blocks whose big-endian form is not defined.
  case ggufByteOrder = "gguf.byte-order"
  /// A tensor does not begin at the next multiple of the alignment after the tensor before it.
  case ggufOffset = "gguf.offset"
  /// Bytes other than zero between two tensors or after the last one.
  case ggufPadding = "gguf.padding"
  /// The file ends before its last tensor, or goes on after it.
  case ggufBodySize = "gguf.body-size"
  /// A piece of a model that llama-gguf-split divided.
  case ggufSplit = "gguf.split"
  /// A stored header that is to be written again does not describe the tensors to be written.
  case ggufVerbatim = "gguf.verbatim"
  /// A name or a rank that llama.cpp does not read.
  case ggufWrite = "gguf.write"

  /// The file is no msgpack, is cut off, or has bytes after its map.
  case flaxStructure = "flax.structure"
  /// A key is no text, or occurs twice in a map.
  case flaxKey = "flax.key"
  /// An array without shape, dtype and bytes, or whose bytes do not fit its shape.
  case flaxArray = "flax.array"
  /// The chunks of a large array do not make up an array.
  case flaxChunks = "flax.chunks"
  /// Maps are nested too deep, or values or names are too many.
  case flaxLimit = "flax.limit"
  /// Flax's files are only read.
  case flaxWrite = "flax.write"

  /// The index is no sorted table of keys and values.
  case tensorflowTable = "tensorflow.table"
  /// The header or an entry of the index cannot be decoded.
  case tensorflowEntry = "tensorflow.entry"
  /// The shape of a tensor does not fit the number of its bytes.
  case tensorflowTensor = "tensorflow.tensor"
  /// The CRC-32C of a block of the index or of a tensor differs from the stored one.
  case tensorflowChecksum = "tensorflow.checksum"
  /// A data file is missing, leads out of the folder, or does not belong to the index.
  case tensorflowShard = "tensorflow.shard"
  /// The bytes of an entry are outside its data file, or those of another entry, too.
  case tensorflowRange = "tensorflow.range"
  /// The slices of a partitioned variable do not make up the variable.
  case tensorflowSlices = "tensorflow.slices"
  /// The graph of objects cannot be decoded.
  case tensorflowGraph = "tensorflow.graph"
  /// A compressed index, big-endian numbers, slices of several axes, or a later version of the format.
  case tensorflowFeature = "tensorflow.feature"
  /// Keys, blocks or data files are too many or too large.
  case tensorflowLimit = "tensorflow.limit"
  /// A folder with several checkpoints, or a SavedModel without variables.
  case tensorflowFolder = "tensorflow.folder"
  /// TensorFlow's files are only read.
  case tensorflowWrite = "tensorflow.write"
}
