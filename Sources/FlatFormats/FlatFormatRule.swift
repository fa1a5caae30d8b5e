/// The rules by which a flat file is refused; the raw values are stable and can be used as rule ids.
///
/// Every case has a malformed example in the tests, which fail when one is missing.
public enum FlatFormatRule: String, CaseIterable, Sendable {
  /// The bytes are of no format known here.
  case notRecognised = "flat.not-recognised"
  /// A tensor was asked for that the file does not have.
  case noSuchTensor = "flat.no-such-tensor"
  /// Something that is not read here would be lost on the way to another file.
  case leftOut = "flat.left-out"
  /// More bytes were asked of a tensor than it has.
  case readPastEnd = "flat.read-past-end"
  /// Two tensors to be written have one name.
  case sinkDuplicateName = "flat.sink-duplicate-name"
  /// A tie to be written names a tensor that is not there, or one of another dtype or shape.
  case sinkTie = "flat.sink-tie"
  /// More bytes arrived than the tensors to be written have.
  case sinkTooMuch = "flat.sink-too-much"
  /// The file was finished before every byte had arrived.
  case sinkTooLittle = "flat.sink-too-little"
  /// The format cannot hold the tensor's dtype.
  case sinkDType = "flat.sink-dtype"
  /// The format cannot hold this number of tensors.
  case sinkTensorCount = "flat.sink-tensor-count"
  /// What a format's writer would write and its reader would refuse, or read as something else.
  case sinkUnreadable = "flat.sink-unreadable"

  /// The file is too short for the length of its header.
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
  /// Two tensors have one name.
  case safetensorsDuplicateTensor = "safetensors.duplicate-tensor"
  /// A tensor has a field twice.
  case safetensorsDuplicateField = "safetensors.duplicate-field"
  /// The metadata have a key twice, or there are two of them.
  case safetensorsDuplicateMetadata = "safetensors.duplicate-metadata"
  /// A tensor has a field that the format does not know.
  case safetensorsUnknownField = "safetensors.unknown-field"
  /// A tensor lacks a field.
  case safetensorsMissingField = "safetensors.missing-field"
  /// A dtype that the format does not know.
  case safetensorsDType = "safetensors.dtype"
  /// A shape whose size overflows, that ends inside a byte, or that has too many dimensions.
  case safetensorsShape = "safetensors.shape"
  /// `data_offsets` that span more or fewer bytes than dtype and shape say.
  case safetensorsSize = "safetensors.size"
  /// Bytes between two tensors that belong to neither.
  case safetensorsHole = "safetensors.hole"
  /// Two tensors share bytes.
  case safetensorsOverlap = "safetensors.overlap"
  /// The tensors end before or after the file does.
  case safetensorsBodySize = "safetensors.body-size"
  /// The header to be written again does not describe the tensors to be written.
  case safetensorsVerbatim = "safetensors.verbatim"
  /// `__metadata__` is the format's own name and no tensor can have it.
  case safetensorsReservedName = "safetensors.reserved-name"

  /// The index of a set of shards is not the JSON that is expected.
  case shardsIndex = "shards.index"
  /// An index, or the headers of all shards together, larger than is read.
  case shardsLimit = "shards.limit"
  /// A shard's name that is no bare name of a safetensors file.
  case shardsName = "shards.name"
  /// A shard that is a link to a file outside the folder.
  case shardsLink = "shards.link"
  /// A shard that the index names and that is not there.
  case shardsMissingShard = "shards.missing-shard"
  /// A tensor that is not in the shard that the index names.
  case shardsMissingTensor = "shards.missing-tensor"
  /// A tensor of a shard that the index does not name.
  case shardsExtraTensor = "shards.extra-tensor"
  /// A tensor in two shards, or twice in the index.
  case shardsDuplicateTensor = "shards.duplicate-tensor"
  /// A folder without an index in which it is not clear what the weights are.
  case shardsFolder = "shards.folder"
  /// Stored shards or a stored index that do not describe the tensors to be written.
  case shardsVerbatim = "shards.verbatim"
  /// A file to be written is one of those that are read.
  case shardsOverSource = "shards.over-source"
  /// A file to be written is there, and is not to be replaced.
  case shardsInTheWay = "shards.in-the-way"

  /// The file does not begin with `\x93NUMPY`.
  case npyMagic = "npy.magic"
  /// A version of the format other than 1.0, 2.0 and 3.0.
  case npyVersion = "npy.version"
  /// The file ends inside the header.
  case npyHeaderBounds = "npy.header-bounds"
  /// The header is longer than 10,000 bytes, NumPy's own limit.
  case npyHeaderLimit = "npy.header-limit"
  /// The header is not the Python dictionary that the format describes.
  case npySyntax = "npy.syntax"
  /// A key of the header twice.
  case npyDuplicateKey = "npy.duplicate-key"
  /// A key other than descr, fortran_order and shape.
  case npyUnknownKey = "npy.unknown-key"
  /// One of descr, fortran_order and shape is not there.
  case npyMissingKey = "npy.missing-key"
  /// A shape that is not a tuple of extents, or whose size overflows.
  case npyShape = "npy.shape"
  /// `fortran_order` is neither True nor False.
  case npyOrder = "npy.order"
  /// A dtype that no tensor has: text, dates, or one that NumPy does not know either.
  case npyDType = "npy.dtype"
  /// Python objects, which only a pickle could bring back.
  case npyObject = "npy.object"
  /// Records of several fields.
  case npyStructured = "npy.structured"
  /// `long double`, whose bits differ between machines.
  case npyLongDouble = "npy.long-double"
  /// A dtype that says only how wide an element is, and nobody said what it is.
  case npyOpaque = "npy.opaque"
  /// The assumed dtype is of another width than the elements.
  case npyAssumedWidth = "npy.assumed-width"
  /// More or fewer bytes of data than dtype and shape say.
  case npyDataSize = "npy.data-size"
  /// A dtype that NumPy lacks would be written as raw bytes, and nobody allowed it.
  case npyOpaqueWrite = "npy.opaque-write"
  /// The array's header would be longer than NumPy reads.
  case npyHeaderWrite = "npy.header-write"
  /// A member of an npz that is no npy file.
  case npzMember = "npz.member"
  /// A tensor's name that cannot be the name of a zip member.
  case npzName = "npz.name"
  /// More ties than the archive's comment holds.
  case npzTies = "npz.ties"

  /// The file has no end of central directory record: no zip, or one cut off.
  case zipEnd = "zip.end"
  /// Bytes after the archive's end, or a comment of another length than it says.
  case zipComment = "zip.comment"
  /// An archive in several parts.
  case zipDisks = "zip.disks"
  /// The zip64 records at the end are missing, damaged, or disagree with the plain one.
  case zipEnd64 = "zip.end64"
  /// The central directory does not end where the end record begins, or is too large.
  case zipDirectoryBounds = "zip.directory-bounds"
  /// An entry of the central directory without its signature.
  case zipDirectorySignature = "zip.directory-signature"
  /// The central directory ends inside an entry, or goes on after the last.
  case zipDirectorySize = "zip.directory-size"
  /// An extra field that reaches past its buffer, or twice.
  case zipExtra = "zip.extra"
  /// The zip64 extra field lacks a value that the entry leaves to it.
  case zipExtra64 = "zip.extra64"
  /// A member without its local header.
  case zipLocalSignature = "zip.local-signature"
  /// The local header and the central directory say different things.
  case zipLocal = "zip.local"
  /// A member whose data reach past the members' part of the file.
  case zipDataBounds = "zip.data-bounds"
  /// Two members share bytes.
  case zipOverlap = "zip.overlap"
  /// Two members have one name.
  case zipDuplicateName = "zip.duplicate-name"
  /// A member's name that is absolute, leaves the archive, or has a character that no name may have.
  case zipName = "zip.name"
  /// A member's name in an encoding that is not said, or a second name in an extra field.
  case zipNameEncoding = "zip.name-encoding"
  /// An encrypted or patched member.
  case zipEncrypted = "zip.encrypted"
  /// A compression method other than stored and deflated.
  case zipMethod = "zip.method"
  /// A stored member whose two sizes differ.
  case zipStoredSize = "zip.stored-size"
  /// A member or an archive that claims to hold more than deflate can, or than is wise to unpack.
  case zipRatio = "zip.ratio"
  /// Compressed data that are damaged, cut off, or go on after their end.
  case zipDeflate = "zip.deflate"
  /// A member that unpacks to fewer bytes than it says.
  case zipShort = "zip.short"
  /// A member that unpacks to more bytes than it says.
  case zipLong = "zip.long"
  /// A member whose bytes do not have their CRC-32.
  case zipCRC = "zip.crc"

  /// A pickle that ends before its last instruction, or inside one.
  case pickleTruncated = "pickle.truncated"
  /// A byte that is no instruction.
  case pickleOpcode = "pickle.opcode"
  /// A protocol after the fifth.
  case pickleVersion = "pickle.version"
  /// An instruction that finds too little on the stack, or something of another kind.
  case pickleStack = "pickle.stack"
  /// A value is asked for that was never put away.
  case pickleMemo = "pickle.memo"
  /// A number, a text or a length of an instruction that is none.
  case pickleArgument = "pickle.argument"
  /// More instructions, values or text than any checkpoint has.
  case pickleLimit = "pickle.limit"
  /// A pickle without tensors that asks Python for other things.
  case pickleGlobals = "pickle.globals"

  /// A pickle without tensors.
  case torchNoTensors = "pytorch.no-tensors"
  /// The tar form of before 2017.
  case torchTar = "pytorch.tar"
  /// An archive without the one pickle, with members outside its folder, or with one that is too large.
  case torchMembers = "pytorch.members"
  /// A version of the zip form that PyTorch does not have.
  case torchVersion = "pytorch.version"
  /// An order of bytes other than little and big.
  case torchByteOrder = "pytorch.byte-order"
  /// The pickles around that of the tensors are not what the older form has there.
  case torchLegacy = "pytorch.legacy"
  /// A storage that is not described as one, is not there, or is described in two ways.
  case torchStorage = "pytorch.storage"
  /// A storage of more or fewer bytes than the pickle says.
  case torchStorageSize = "pytorch.storage-size"
  /// A tensor that is not described as one.
  case torchTensor = "pytorch.tensor"
  /// A tensor with elements outside its storage.
  case torchBounds = "pytorch.bounds"
  /// Two tensors have one name.
  case torchDuplicateName = "pytorch.duplicate-name"
  /// Containers within containers, or names of tensors, that are too many or too long.
  case torchNesting = "pytorch.nesting"
  /// Tensors that unfold to far more bytes than the file has.
  case torchAmplification = "pytorch.amplification"
  /// A packed storage that is too large to be unpacked to memory.
  case torchPacked = "pytorch.packed"

  /// Bytes that are no protobuf message: a bad key, a varint without end, a length that leaves its message.
  case onnxWire = "onnx.wire"
  /// A field with another wire type than its number has in ONNX.
  case onnxFieldType = "onnx.field-type"
  /// A name that is not UTF-8, or longer than a name can be.
  case onnxText = "onnx.text"
  /// Graphs within graphs, or types within types, deeper than is wise to follow.
  case onnxNesting = "onnx.nesting"
  /// More nodes, names or numbers than any model has.
  case onnxCount = "onnx.count"
  /// A message without its graph: no model, or a damaged one.
  case onnxNoGraph = "onnx.no-graph"
  /// An element type that the format does not know, or one that a tensor cannot have.
  case onnxDType = "onnx.dtype"
  /// Dimensions that are negative, too many, or whose product overflows.
  case onnxShape = "onnx.shape"
  /// More or fewer elements than the dimensions say, or elements in two fields at once.
  case onnxData = "onnx.data"
  /// External data that lie outside the model's folder, behind a link, or nowhere.
  case onnxExternal = "onnx.external"
  /// Two values or tensors of one graph with one name, or a tensor without.
  case onnxName = "onnx.name"
  /// An attribute without a type, or with a value of another.
  case onnxAttribute = "onnx.attribute"
  /// A segmented tensor, which no tool writes.
  case onnxSegment = "onnx.segment"
  /// Tensors alone make no model: an ONNX file needs a graph.
  case onnxWrite = "onnx.write"
}
