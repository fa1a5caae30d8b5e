/// What the reader allows a file to ask for.
///
/// Every size in a file is first checked against the file itself; these limits hold what that cannot bound.
package struct HDF5Limits: Sendable {
  /// Bytes one read may return, and bytes one chunk may decode to.
  package var byteBudget = 1 << 30
  /// Bytes of the decoded chunks that are kept, for a caller that reads a chunk in pieces.
  package var keptChunkBytes = 32 << 20
  /// Chunks larger than this are read in pieces where their filters allow it, and not kept.
  package var streamedChunk = 256 << 10
  /// Bytes of the places where reading in pieces stopped: some 1,500 of them. A tensor cut twice into 16 units has 256
  /// blocks that are read by turns, and each has as many places as its elements have bytes when they are shuffled.
  package var cursorBytes = 64 << 20
  /// How many times more bytes a chunked dataset may declare than it stores, once it declares over 64 MiB.
  /// Deflate cannot exceed 1,032; Keras refuses at 1,000.
  package var declaredPerStored = 1_100
  /// Links of one group.
  package var linksPerGroup = 4_000_000
  /// Bytes of all the names of one listing.
  package var nameBytesPerGroup = 256 << 20
  /// Bytes of one name.
  package var nameBytes = 65_535
  /// Levels of a B-tree; 2⁸ entries per node would need more than 2⁶⁴ bytes at this depth.
  package var treeDepth = 16
  /// Groups in groups.
  package var groupDepth = 64
  /// Objects of one walk.
  package var objects = 4_000_000
  /// Bytes of one object header with all its continuation blocks.
  package var headerBytes = 64 << 20
  /// Bytes of all object headers of one walk, as a multiple of the file's size beyond `headerBytes`. Headers
  /// of a crafted file may share their blocks, and links their headers.
  package var headerBytesPerFileByte = 16
  /// Continuation blocks of one object header.
  package var headerBlocks = 65_536
  /// Nested datatypes (members of members, elements of elements).
  package var datatypeDepth = 32
  /// Chunks of one dataset.
  package var chunks = 16_000_000

  /// Whether wrong metadata checksums are errors. Off only in tests with broken files, so that they reach
  /// what a checksum would hide.
  package var checksMetadata = true

  /// The limits of every ordinary use.
  package init() {}
}
