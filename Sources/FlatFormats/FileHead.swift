internal import ByteFiles

/// A file's name, size and first bytes, from which its format is recognised.
struct FileHead {
  let path: String
  let size: Int
  /// The first 512 bytes or fewer: a shorter file has fewer, and the list is empty if the file cannot be read.
  let bytes: [UInt8]
  private let file: ReadableFile

  init(of file: ReadableFile) {
    self.file = file
    path = file.path
    size = file.size
    bytes = (try? file.bytes(at: 0, count: min(512, file.size))) ?? []
  }

  func starts(with prefix: [UInt8]) -> Bool { bytes.starts(with: prefix) }

  func starts(with prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

  /// Whether `text` occurs anywhere in the first bytes.
  func contains(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    return bytes.indices.contains { bytes[$0...].starts(with: wanted) }
  }

  /// The kind of an HDF5 file; nil for other files. This reads the root group of such a file.
  var hdf5: HDF5Recognition? {
    // The attribute of a unit checkpoint is in its first bytes, unless a tool has written the file again.
    contains("tessera.checkpoint") ? nil : HDF5Recognition.kind(of: file)
  }

  /// Whether the file is a map whose first array is one of Flax's. This reads the heads of its first values.
  var isFlax: Bool {
    let start: Int? =
      switch bytes.first ?? 0 {
      case 0x81...0x8F: 1
      case 0xDE: 3
      case 0xDF: 5
      default: nil
      }
    // The first key is a text. HDF5 begins like a map, and is read no further for it.
    guard let start, bytes.indices.contains(start),
      (0xA0...0xBF).contains(bytes[start]) || (0xD9...0xDB).contains(bytes[start])
    else { return false }
    return FlaxRecognition.matches(file)
  }

  /// Whether the file ends as a table of keys and values does.
  var endsInTableMark: Bool {
    let count = TableFile.magic.count
    guard size >= TableFile.footerSize else { return false }
    return (try? file.bytes(at: size - count, count: count))?.elementsEqual(TableFile.magic) == true
  }

  func hasSuffix(_ suffix: String) -> Bool { path.lowercased().hasSuffix(suffix) }

  /// Whether the file is a pointer of Git LFS, which stands for the file itself.
  var isPointer: Bool { starts(with: "version https://git-lfs") }

  /// Whether the file is a flatbuffer of TFLite.
  var isTFLite: Bool { bytes.dropFirst(4).starts(with: "TFL3".utf8) }

  /// The kind of file, if its first bytes identify a kind that no format here opens; else nil.
  var foreignContent: String? {
    for (prefix, words) in Self.known where starts(with: prefix) { return words }
    let text = String(decoding: bytes.prefix(64), as: UTF8.self).lowercased()
    if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") {
      return "a web page, which a failed download often leaves"
    }
    if isTFLite {
      return
        "a TFLite model; 'python -m tf2onnx.convert --tflite FILE --output OUT.onnx' makes an ONNX model of it"
    }
    if isPointer {
      return "a Git LFS pointer; the weights themselves were not fetched (git lfs pull)"
    }
    return nil
  }

  /// The kind of file or its first bytes, as a message names them.
  var contentInWords: String {
    if let foreignContent { return foreignContent }
    if bytes.isEmpty { return "an empty file" }
    if let part = tensorFlowPart { return part }
    let shown = bytes.prefix(8).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }
    return "the bytes " + shown.joined(separator: " ")
  }

  private static let known: [([UInt8], String)] = [
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file"),
    ([0x1F, 0x8B, 0x08], "a gzip file"),
    ([0x89, 0x50, 0x4E, 0x47], "a PNG picture"),
    ([0x7F, 0x45, 0x4C, 0x46], "a program (ELF)"),
    (Array("%PDF".utf8), "a PDF document"),
    ([0x28, 0xB5, 0x2F, 0xFD], "a zstd file"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "an xz file"),
    ([0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC], "a PyTorch file of before version 1.6"),
    ([0x80, 0x02, 0x63], "a pickle"),
    ([0x80, 0x02, 0x7D], "a pickle"),
    ([0x80, 0x04, 0x95], "a pickle"),
    ([0x80, 0x05, 0x95], "a pickle"),
  ]
}
