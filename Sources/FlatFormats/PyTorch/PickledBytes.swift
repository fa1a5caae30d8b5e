internal import Pickle
internal import Tensors

/// The bytes of an array inside a pickle.
enum PickledBytes: Hashable {
  /// The bytes themselves, at a position of the pickle.
  case plain(start: Int, count: Int)
  /// Text that encodes the bytes: characters U+0000 to U+00FF, in `count` bytes of UTF-8.
  case text(start: Int, count: Int)
  /// Bytes that were read together with the pickle.
  case held([UInt8])

  /// Returns nil for bytes whose place is unknown.
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

  /// Whether the bytes can be read only from the first one on.
  var isText: Bool { if case .text = self { true } else { false } }
}

/// The place of a pickle's bytes.
enum PickleHome: Sendable {
  /// In the file.
  case file(FilePayload)
  /// In memory, for a packed archive.
  case memory(MemoryPayload)

  var payload: any NpyPayload {
    switch self {
    case .file(let payload): payload
    case .memory(let payload): payload
    }
  }
}

/// Counts the bytes that texts of a pickle encode, each text once.
final class PickledTexts {
  let home: PickleHome
  private let path: String
  private var counts: [Int: Int?] = [:]

  /// `path` is the file's name in messages.
  init(_ home: PickleHome, path: String) {
    self.home = home
    self.path = path
  }

  /// The number of bytes; nil for a text that does not encode bytes.
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

/// A part of another payload, from one of its bytes on.
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
