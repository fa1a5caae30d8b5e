internal import ByteFiles
internal import Tensors

/// Names of shards and indexes. They come from an index or a checkpoint, so they must not be paths out of the folder.
enum ShardName {
  static let suffix = ".safetensors"
  static let indexSuffix = ".safetensors.index.json"

  /// Whether a path ends in the suffix of an index, in upper or lower case.
  static func isIndex(_ path: String) -> Bool { path.lowercased().hasSuffix(indexSuffix) }

  /// The reason why `name` is not the bare name of a shard; nil for a valid one.
  static func fault(in name: String) -> String? {
    if name.hasSuffix(".bin") || name.hasSuffix(".pt") || name.hasSuffix(".pth") {
      return
        "a file of PyTorch; write safetensors (transformers: save_pretrained(…, safe_serialization=True)), or "
        + "give each file by its own path"
    }
    if !name.utf8.reversed().starts(with: suffix.utf8.reversed()) { return "another ending" }
    return bareFault(in: name)
  }

  /// The reason why `name` is not the bare name of an index; nil for a valid one.
  static func indexFault(in name: String) -> String? {
    if !name.lowercased().utf8.reversed().starts(with: ".json".utf8.reversed()) { return "another ending" }
    return bareFault(in: name)
  }

  /// Whether `name` is the bare name of any file.
  static func isBare(_ name: String) -> Bool { !name.isEmpty && bareFault(in: name) == nil }

  private static func bareFault(in name: String) -> String? {
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "/"), UInt8(ascii: "\\"): return "a path"
      case UInt8(ascii: ":"): return "a drive"
      case ..<0x20, 0x7F: return "a control character"
      default: break
      }
    }
    // Hidden files are not weights; this refuses `..` too.
    if name.utf8.first == UInt8(ascii: ".") { return "a hidden file" }
    // NAME_MAX of every common file system.
    if name.utf8.count > 255 { return "\(name.utf8.count) bytes" }
    return nil
  }

  /// The name that Hugging Face's libraries give a shard: `model-00002-of-00009.safetensors`, numbered from 1.
  static func numbered(_ stem: String, _ number: Int, of count: Int) -> String {
    "\(stem)-\(SystemPath.fiveDigits(number))-of-\(SystemPath.fiveDigits(count))\(suffix)"
  }

  /// The parts of a numbered name; nil for other names.
  static func parts(of name: String) -> (stem: String, number: Int, count: Int)? {
    guard name.hasSuffix(suffix) else { return nil }
    var rest = name.dropLast(suffix.count)
    guard let count = takeNumber(from: &rest), rest.hasSuffix("-of-") else { return nil }
    rest = rest.dropLast(4)
    guard let number = takeNumber(from: &rest), rest.hasSuffix("-"), rest.count > 1 else { return nil }
    let stem = String(rest.dropLast())
    // Digits in another form ("+1", more zeros) make another name.
    return numbered(stem, number, of: count) == name ? (stem, number, count) : nil
  }

  private static func takeNumber(from text: inout Substring) -> Int? {
    let digits = text.reversed().prefix { $0.isASCII && $0.isNumber }
    guard digits.count >= 5, digits.count <= 9 else { return nil }
    text = text.dropLast(digits.count)
    return Int(String(digits.reversed()))
  }

  /// The stem of an index's name: `model` of `model.safetensors.index.json`.
  static func stem(ofIndex name: String) -> String {
    isIndex(name) ? String(name.dropLast(indexSuffix.count)) : "model"
  }
}
