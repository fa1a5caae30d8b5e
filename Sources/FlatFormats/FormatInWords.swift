public import ByteFiles

extension FlatFormats {
  /// The formats' names, for a sentence that continues with what has the format: `safetensors, npz or ONNX`.
  package static let names = enumeration(registry.compactMap(\.name))

  /// The endings of the files that can be written for a use, for a sentence: `.safetensors, .npz or .pt`.
  package static func endings(for use: Use) -> String {
    enumeration(registry.compactMap { $0.name != nil && $0.uses.contains(use) ? $0.suffix : nil })
  }

  /// The format of a file that is written for a use, by its name; nil for any other name.
  package static func kind(forName path: String, use: Use) -> FlatFormatKind? {
    kind(forName: path).flatMap { format(of: $0).uses.contains(use) ? $0 : nil }
  }

  private static func enumeration(_ words: [String]) -> String {
    words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
  }

  /// The format that the suffix of a file name identifies, as `kind` or `hdf5`; nil for suffixes that several formats
  /// use.
  public static func promise(ofName path: String) -> String? {
    let name = path.lowercased()
    return promises.first { name.hasSuffix($0.suffix) }?.kind
      ?? (isTorchName(name) ? FlatFormatKind.pytorch.rawValue : nil)
  }

  /// Whether a file has the suffix of binary weights, also in formats that this program does not read.
  static func hasNameOfWeights(_ path: String) -> Bool {
    promise(ofName: path) != nil || weights.contains(where: path.lowercased().hasSuffix)
  }

  /// Whether Hugging Face's libraries load a file of this name as PyTorch weights. The suffix alone promises nothing.
  private static func isTorchName(_ path: String) -> Bool {
    let name = SystemPath.bareName(of: path)
    return name.hasSuffix(".bin")
      && ["pytorch_model", "adapter_model", "diffusion_pytorch_model", "consolidated"].contains(
        where: name.hasPrefix)
  }

  /// Whether a file is in the place of another one that was not fetched: a Git LFS pointer, or an empty file, a text or a
  /// web page with the name of weights.
  package static func isStandIn(_ file: ReadableFile) -> Bool {
    let head = FileHead(of: file)
    if head.isPointer { return true }
    guard weights.contains(where: head.hasSuffix) else { return false }
    return isText(file)
  }

  /// Suffixes that only binary weights have, also in formats that this program does not read.
  private static let weights = [
    ".bin", ".ckpt", ".msgpack", ".gguf", ".pb", ".tflite", ".keras", ".pkl", ".pickle",
  ]

  /// The usual suffix of each format, longest first, and other suffixes that only one format uses.
  private static let promises: [(suffix: String, kind: String)] =
    FlatFormats.registry.filter(\.isKnownByName).map { ($0.suffix, $0.kind.rawValue) }
    .sorted { $0.suffix.count > $1.suffix.count }
    + [
      (".pth", FlatFormatKind.pytorch.rawValue), (".keras", FlatFormatKind.keras.rawValue), (".hdf5", "hdf5"),
      (".h5", "hdf5"),
    ]

  /// A description of a file's first bytes, for messages.
  public static func contentInWords(_ file: ReadableFile) -> String {
    let head = FileHead(of: file)
    if let known = ZipListing.words(file) ?? head.foreignContent { return known }
    if head.bytes.isEmpty { return head.contentInWords }
    guard isText(head.bytes, isCut: head.size > head.bytes.count) else { return head.contentInWords }
    return [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(head.bytes.first) ? "JSON text" : "text"
  }
}

extension FlatFormats {
  /// Whether the first bytes of a file are text, as far as they are read.
  package static func isText(_ file: ReadableFile) -> Bool {
    let head = FileHead(of: file)
    return isText(head.bytes, isCut: head.size > head.bytes.count)
  }

  /// Whether the bytes are UTF-8 without control characters; if the text is cut off, its last character may be
  /// incomplete.
  private static func isText(_ bytes: [UInt8], isCut: Bool) -> Bool {
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }) else { return false }
    return (0...(isCut ? 3 : 0)).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
  }
}
