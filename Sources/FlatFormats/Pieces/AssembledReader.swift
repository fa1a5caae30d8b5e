internal import TensorStreams
internal import Tensors

/// Puts the pieces of a tensor together: reads its bytes in C order from the pieces that hold them.
///
/// A piece is open from its first element to its last. If pieces are rows, one is open at a time; if they are columns,
/// all of them are.
final class AssembledReader: TensorByteReader {
  /// The most pieces that are open at the same time.
  static let openLimit = 4096
  /// The bytes of all buffers together.
  private static let memory = 16 << 20

  private let name: TensorName
  private let path: String
  /// The bytes of one element.
  private let itemSize: Int
  /// The rule of the format for too many open pieces.
  private let limit: FlatFormatRule
  private let open: (Int) throws(FlatFormatError) -> PieceReader
  private var walk: PieceWalk
  private var readers: [Int: PieceReader] = [:]
  /// The current run: a piece, and the bytes that are left of it.
  private var run: (piece: Int, left: Int)?
  private(set) var remaining: Int

  /// - Parameters:
  ///   - shape: the extents of the tensor, which has elements.
  ///   - itemSize: the bytes of one element.
  ///   - tiling: how pieces make up this shape.
  ///   - limit: the rule for more open pieces than `openLimit`.
  ///   - open: opens a piece from its first byte.
  init(
    _ name: TensorName, in path: String, shape: [Int], itemSize: Int, _ tiling: PieceTiling,
    limit: FlatFormatRule, open: @escaping (Int) throws(FlatFormatError) -> PieceReader
  ) {
    self.name = name
    self.path = path
    self.itemSize = itemSize
    self.limit = limit
    self.open = open
    walk = PieceWalk(tiling, shape: shape)
    remaining = walk.total * itemSize
  }

  /// The bytes of a buffer, or of a window in which a piece's elements are put in order, if this many pieces may be open.
  static func share(of pieces: Int) -> Int { max(4096, min(1 << 20, memory / max(1, pieces))) }

  func read(into target: UnsafeMutableRawBufferPointer) throws {
    guard target.count <= remaining else {
      throw FlatFormatError.readPastEnd(of: name, in: path, left: remaining, asked: target.count)
    }
    var done = 0
    while done < target.count {
      guard let (piece, left) = try current() else { return }
      let count = min(left, target.count - done)
      let reader = try reader(of: piece)
      try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: target[done..<(done + count)]))
      if reader.isEmpty { readers[piece] = nil }
      run = left == count ? nil : (piece, left - count)
      done += count
      remaining -= count
    }
  }

  private func current() throws -> (piece: Int, left: Int)? {
    if let run { return run }
    guard let (piece, count) = walk.next() else {
      throw FlatFormatError.readPastEnd(of: name, in: path, left: 0, asked: remaining)
    }
    run = (piece, count * itemSize)
    return run
  }

  private func reader(of piece: Int) throws -> PieceReader {
    if let known = readers[piece] { return known }
    guard readers.count < Self.openLimit else {
      throw FlatFormatError.refused(
        limit, path: path, place: "tensor \(name.quoted)",
        expected: "at most \(Self.openLimit.grouped) pieces that have elements of one row", found: "more")
    }
    let reader = try open(piece)
    readers[piece] = reader
    return reader
  }
}
