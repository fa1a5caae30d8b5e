internal import ByteFiles
internal import Tensors

/// The header of an array: the msgpack list (shape, name of the dtype, bytes) in an extension of type 1 or 3.
struct FlaxArray {
  let shape: [Int]
  let dtype: String
  /// The elements in the file, in C order.
  let data: Range<Int>

  private static let rankLimit = 64
  private static let nameLimit = 256

  /// Reads the header and passes over the elements.
  ///
  /// - Parameter count: the bytes of the extension, which begin at the cursor's position and are in the file.
  init(_ cursor: MsgpackCursor, count: Int, _ place: String) throws(FlatFormatError) {
    let outer = cursor.end
    cursor.end = cursor.position + count
    defer { cursor.end = outer }
    func broken(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(.flaxArray, path: cursor.file.path, place: place, expected: expected, found: found)
    }
    let list = try cursor.head()
    guard list == .array(3) else { throw broken("a list of shape, dtype and bytes", list.words) }
    let extents = try cursor.head()
    guard case .array(let rank) = extents, rank <= Self.rankLimit else {
      throw broken("a shape of at most \(Self.rankLimit) extents", extents.words)
    }
    var shape: [Int] = []
    for _ in 0..<rank {
      let head = try cursor.head()
      guard case .integer(let extent?) = head, extent >= 0 else {
        throw broken("extents that are whole numbers, 0 or more", head.words)
      }
      shape.append(extent)
    }
    let name = try cursor.head()
    let length: Int? =
      switch name {
      case .text(let count), .binary(let count): count
      default: nil
      }
    guard let length, length <= Self.nameLimit,
      let text = String(validating: try cursor.bytes(length), as: UTF8.self)
    else { throw broken("the name of a dtype", name.words) }
    let data = try cursor.head()
    guard case .binary(let size) = data else { throw broken("the bytes of the elements", data.words) }
    let start = cursor.position
    guard size == cursor.left else {
      throw broken("the elements at the end of the array", "\((cursor.left - size).grouped) more bytes")
    }
    cursor.skip(size)
    (self.shape, dtype, self.data) = (shape, text, start..<(start + size))
  }
}
