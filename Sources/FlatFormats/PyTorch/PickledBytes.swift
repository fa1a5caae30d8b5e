internal import Pickle
internal import Tensors

/// Bytes that are in a pickle.
enum PickledBytes: Hashable {
  /// As they are, from a place of the pickle on.
  case plain(start: Int, count: Int)
  /// As the characters of these numbers, in `count` bytes of UTF-8.
  case text(start: Int, count: Int)
  /// Read with the pickle.
  case held([UInt8])

  /// Nil for bytes that cannot be had.
  init?(_ run: PickleRun, _ value: PickleValue) {
    switch run.coding {
    case .plain: self = .plain(start: run.offset, count: run.count)
    case .latin1: self = .text(start: run.offset, count: run.count)
    case .absent: return nil
    case .held:
      guard case .text(let text) = value else { return nil }
      var bytes: [UInt8] = []
      for scalar in text.unicodeScalars {
        guard let byte = UInt8(exactly: scalar.value) else { return nil }
        bytes.append(byte)
      }
      self = .held(bytes)
    }
  }

  /// Whether they are found only by reading from the first on.
  var isText: Bool { if case .text = self { true } else { false } }
}

/// Where the bytes of a pickle are.
enum PickleHome: Sendable {
  /// In the file, from `start` on.
  case file(FilePayload)
  /// In memory: of a packed archive.
  case memory(MemoryPayload)

  var payload: any NpyPayload {
    switch self {
    case .file(let payload): payload
    case .memory(let payload): payload
    }
  }
}

/// Counts the bytes that texts of a pickle stand for, each text once.
final class PickledTexts {
  let home: PickleHome
  private let path: String
  private var counts: [Int: Int?] = [:]

  /// `path` names the file in messages.
  init(_ home: PickleHome, path: String) {
    self.home = home
    self.path = path
  }

  /// Nil for a text that does not stand for bytes.
  func byteCount(of bytes: PickledBytes) throws(FlatFormatError) -> Int? {
    switch bytes {
    case .plain(_, let count): return count
    case .held(let bytes): return bytes.count
    case .text(let start, let count):
      if let known = counts[start] { return known }
      let found = try Latin1Payload(home.payload, start: start, count: count, path: path).byteCount()
      counts[start] = found
      return found
    }
  }
}

/// What lies in other bytes from a place on.
final class SlicePayload: NpyPayload {
  private let base: any NpyPayload
  private let start: Int

  init(_ base: any NpyPayload, start: Int) {
    self.base = base
    self.start = start
  }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    try base.read(at: start + offset, into: buffer)
  }
}
