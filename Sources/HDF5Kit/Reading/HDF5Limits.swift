/// The limits of the reader for one file.
///
/// Every size in a file is first checked against the file itself; these limits apply where that check is not enough.
package struct HDF5Limits: Sendable {
  /// Bytes that one read may return, and that one chunk may decode to.
  package var byteBudget = 1 << 30
  /// Bytes of decoded chunks that are kept, for a caller that reads a chunk in pieces.
  package var keptChunkBytes = 32 << 20
  /// Larger decoded chunks, in bytes, are read in pieces, if their filters allow it, and not kept.
  package var streamedChunk = 256 << 10
  /// The bytes of kept states at which reading in pieces stopped: about 1,500 states.
  ///
  /// A tensor cut twice into 16 units has 256 blocks that are read alternately. If they are shuffled, each block has a
  /// state for every byte of an element.
  package var cursorBytes = 64 << 20
  /// The largest ratio of declared to stored bytes, for a chunked dataset that declares more than 64 MiB. Deflate
  /// cannot exceed 1,032; Keras refuses at 1,000.
  package var declaredPerStored = 1_100
  /// Links of one group.
  package var linksPerGroup = 4_000_000
  /// Bytes of all names of one listing.
  package var nameBytesPerGroup = 256 << 20
  /// Bytes of one name.
  package var nameBytes = 65_535
  /// Levels of a B-tree. With 2⁸ entries in each node, this depth would need more than 2⁶⁴ bytes.
  package var treeDepth = 16
  /// Levels of nested groups.
  package var groupDepth = 64
  /// Objects of one walk.
  package var objects = 4_000_000
  /// Bytes of one object header with all its continuation blocks.
  package var headerBytes = 64 << 20
  /// Bytes of all object headers of one walk for each byte of the file, in addition to `headerBytes`. In a hostile
  /// file, headers may share blocks and links may share headers.
  package var headerBytesPerFileByte = 16
  /// Continuation blocks of one object header.
  package var headerBlocks = 65_536
  /// Nested datatypes (members of members, elements of elements).
  package var datatypeDepth = 32
  /// Chunks of one dataset.
  package var chunks = 16_000_000

  /// Whether wrong checksums of metadata are errors. It is false only in tests with broken files, so that they reach
  /// the code after the checksum.
  package var checksMetadata = true

  /// The default limits.
  package init() {}
}
