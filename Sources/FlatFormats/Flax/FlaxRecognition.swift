internal import ByteFiles

/// Recognises msgpack with Flax's arrays, by its first values.
enum FlaxRecognition {
  /// The most values that are looked at.
  private static let limit = 256
  private static let keyLimit = 256

  /// Whether the file is a map whose first array is one of Flax's. Only heads are read.
  static func matches(_ file: ReadableFile) -> Bool {
    let cursor = MsgpackCursor(file)
    guard case .map(let count)? = try? cursor.head(), count > 0 else { return false }
    var stack = [(isMap: true, left: count)]
    for _ in 0..<limit {
      while stack.last?.left == 0 { stack.removeLast() }
      guard let level = stack.indices.last else { return false }
      stack[level].left -= 1
      if stack[level].isMap {
        guard case .text(let count)? = try? cursor.head(), count <= keyLimit,
          let key = try? cursor.bytes(count), String(validating: key, as: UTF8.self) != nil
        else { return false }
      }
      guard let head = try? cursor.head() else { return false }
      switch head {
      case .map(let count): stack.append((true, count))
      case .array(let count): stack.append((false, count))
      case .extended(let type, _) where type == 1 || type == 3:
        guard (try? cursor.head()) == .array(3), case .array? = try? cursor.head() else { return false }
        return true
      case .text(let count), .binary(let count), .extended(_, let count): cursor.skip(count)
      case .null, .boolean, .integer, .float: break
      }
    }
    return false
  }
}
