/// The place of one chunk's bytes in the file.
package struct ChunkPlace: Sendable, Equatable {
  package let address: Int
  /// Bytes as stored, at most 2³² − 1.
  package let count: Int

  package init(address: Int, count: Int) {
    self.address = address
    self.count = count
  }
}

/// The B-tree of version 1 of a dataset's chunks, written at once (HDF5 File Format Specification 2.0, III.A.1, node
/// type 1).
///
/// libhdf5 grows such a tree chunk by chunk, through its cache and under its lock. Here all chunks are known in
/// advance.
package struct ChunkTree {
  /// Extents of the dataset and of a chunk, outermost first.
  private let shape: [Int]
  private let chunkShape: [Int]
  private let elementSize: Int
  /// Chunks along each dimension.
  private let grid: [Int]

  /// The children of a node: twice the K in the superblock. Every dataset has a node, and most datasets have few
  /// chunks. With the default of 64, a node would take 2 kB.
  static let width = 16
  private static let headerSize = 24

  package init(shape: [Int], chunkShape: [Int], elementSize: Int) {
    self.shape = shape
    self.chunkShape = chunkShape
    self.elementSize = elementSize
    grid = zip(shape, chunkShape).map { ($0 + $1 - 1) / $1 }
  }

  /// The number of chunks of the dataset.
  package var chunkCount: Int { grid.reduce(1, *) }

  private var keySize: Int { 8 + 8 * (shape.count + 1) }
  /// The bytes of a node. A node is always read whole, so each one has the size of a full node.
  private var nodeSize: Int { Self.headerSize + Self.width * (8 + keySize) + keySize }

  /// The nodes, leaves first, for chunks in C order of their places; the last node is the root.
  ///
  /// - Parameters:
  ///   - chunks: one for each place.
  ///   - address: the address of the first node.
  package func nodes(_ chunks: [ChunkPlace], at address: Int) -> (bytes: [UInt8], root: Int) {
    var bytes: [UInt8] = []
    // For each node of the level below: its address, and the number of its first chunk.
    var below = chunks.enumerated().map { (address: $1.address, first: $0) }
    var level = 0
    repeat {
      var nodes: [(address: Int, first: Int)] = []
      let start = address + bytes.count
      for first in stride(from: 0, to: below.count, by: Self.width) {
        let children = below[first..<min(first + Self.width, below.count)]
        let place = start + nodes.count * nodeSize
        append(
          children, level: level, chunks: chunks,
          left: nodes.isEmpty ? nil : place - nodeSize,
          right: children.endIndex == below.count ? nil : place + nodeSize,
          end: children.endIndex == below.count ? chunks.count : below[children.endIndex].first, to: &bytes)
        nodes.append((place, below[first].first))
      }
      below = nodes
      level += 1
    } while below.count > 1
    return (bytes, below.first?.address ?? address)
  }

  private func append(
    _ children: ArraySlice<(address: Int, first: Int)>, level: Int, chunks: [ChunkPlace], left: Int?,
    right: Int?, end: Int, to bytes: inout [UInt8]
  ) {
    let start = bytes.count
    bytes += "TREE".utf8
    bytes += [1, UInt8(level), UInt8(children.count & 0xFF), UInt8(children.count >> 8)]
    Self.append(left.map(UInt64.init) ?? .max, to: &bytes)
    Self.append(right.map(UInt64.init) ?? .max, to: &bytes)
    for child in children {
      appendKey(child.first, count: chunks[child.first].count, to: &bytes)
      Self.append(UInt64(child.address), to: &bytes)
    }
    if end < chunks.count {
      appendKey(end, count: chunks[end].count, to: &bytes)
    } else {
      appendEnd(to: &bytes)
    }
    bytes += [UInt8](repeating: 0, count: start + nodeSize - bytes.count)
  }

  /// Appends a key: stored bytes, filter mask 0 (no filter skipped), the place of the chunk's first element, and byte 0
  /// of it.
  private func appendKey(_ number: Int, count: Int, to bytes: inout [UInt8]) {
    Self.append(UInt64(count), to: &bytes)
    for element in place(of: number) { Self.append(UInt64(element), to: &bytes) }
    Self.append(0, to: &bytes)
  }

  /// Appends the key after the last chunk: one chunk further in every dimension, also in that of the element's bytes.
  private func appendEnd(to bytes: inout [UInt8]) {
    Self.append(0, to: &bytes)
    for (element, size) in zip(place(of: chunkCount - 1), chunkShape) {
      Self.append(UInt64(element + size), to: &bytes)
    }
    Self.append(UInt64(elementSize), to: &bytes)
  }

  /// The first element of a chunk.
  private func place(of number: Int) -> [Int] {
    var place = chunkShape
    var rest = number
    for dimension in grid.indices.reversed() {
      place[dimension] = rest % grid[dimension] * chunkShape[dimension]
      rest /= grid[dimension]
    }
    return place
  }

  private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
