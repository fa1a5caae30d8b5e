internal import ByteFiles
internal import Pickle
internal import Tensors

/// The form before version 1.6: five pickles one after another, then the storages. Each storage follows its element
/// count.
struct TorchLegacy {
  let file: ReadableFile
  let tree: PickleTree
  let isBigEndian: Bool
  /// The storages' keys, in file order.
  private let keys: [String]
  /// The position of the first storage's count.
  private let start: Int

  /// 0x1950a86a20f9469cfc6c, lowest byte first.
  private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
  /// The magic number's pickle in protocols 0 and 1.
  static let textMagic = "L119547037146038801333356L\n."
  private static let version = 1001

  /// Returns nil for a pickle that is not a PyTorch file.
  init?(_ file: ReadableFile) throws(FlatFormatError) {
    let pickles = TorchPickle(file, start: 0, size: file.size, place: "pickle")
    let first = try pickles.tree()
    guard Self.isMagic(first) else { return nil }
    let version = try pickles.tree(from: first.end)
    guard version.value(version.root) == .integer(Self.version) else {
      throw Self.refusal(file, "protocol", "\(Self.version)", "another value")
    }
    let system = try pickles.tree(from: version.end)
    isBigEndian = try Self.isBigEndian(system, file)
    tree = try pickles.tree(from: system.end)
    let list = try pickles.tree(from: tree.end)
    guard list.value(list.root) == .list else {
      throw Self.refusal(file, "list of storages", "a list of keys", "another value")
    }
    var keys: [String] = []
    for child in list.children(list.root) {
      switch list.value(child) {
      case .text(let key): keys.append(key)
      case .integer(let key): keys.append(String(key))
      default: throw Self.refusal(file, "list of storages", "texts for keys", "another value")
      }
    }
    self.file = file
    self.keys = keys
    start = list.end
  }

  /// The pickles: magic number, version, system information, the object itself, and the keys of its storages.
  static let pickleCount = 5

  static func isMagic(_ tree: PickleTree) -> Bool {
    guard case .bigInteger(let bytes) = tree.value(tree.root) else { return false }
    return bytes.starts(with: magic) && bytes.dropFirst(magic.count).allSatisfy { $0 == 0 }
  }

  private static func isBigEndian(_ tree: PickleTree, _ file: ReadableFile) throws(FlatFormatError) -> Bool {
    let pairs = tree.children(tree.root)
    guard tree.value(tree.root) == .dictionary, pairs.count % 2 == 0 else {
      throw refusal(file, "system information", "a dictionary", "another value")
    }
    for place in stride(from: 0, to: pairs.count, by: 2)
    where tree.value(pairs[place]) == .text("little_endian") {
      return tree.value(pairs[place + 1]) == .boolean(false)
    }
    return false
  }

  /// The first byte of each storage; nil for a storage inside the pickle. `rest` is the number of bytes after the last
  /// one.
  func starts(of storages: [TorchStorage]) throws(FlatFormatError) -> (starts: [Int?], rest: Int) {
    var numbers: [String: Int] = [:]
    for (number, storage) in storages.enumerated() where storage.pickled == nil {
      numbers[storage.key] = number
    }
    var starts = [Int?](repeating: nil, count: storages.count)
    var position = start
    for key in keys {
      let place = "storage \(TensorName(key).quoted)"
      guard let number = numbers[key], starts[number] == nil else {
        throw refusal(
          .torchStorage, place, "a storage that the pickle names, once",
          numbers[key] == nil ? "an unknown storage" : "a repeated storage")
      }
      let storage = storages[number]
      guard file.size - position >= 8 else {
        throw refusal(
          .torchStorageSize, place, "its count of elements", "the end of the file: it was cut off")
      }
      let count = try asFlatFormat { () throws(FileError) in
        ByteFields(try file.bytes(at: position, count: 8)).u64(0)
      }
      guard count == UInt64(storage.count) else {
        throw refusal(.torchStorageSize, place, "\(storage.count) elements", "a count of \(count ?? 0)")
      }
      position += 8
      guard file.size - position >= storage.byteCount else {
        throw refusal(
          .torchStorageSize, place, "\(storage.byteCount.grouped) bytes",
          "the end of the file after \((file.size - position).grouped): it was cut off")
      }
      starts[number] = position
      position += storage.byteCount
    }
    for (number, start) in starts.enumerated() {
      guard start != nil || storages[number].pickled != nil else {
        throw refusal(
          .torchStorage, "storage \(TensorName(storages[number].key).quoted)",
          "it in the file's list of storages",
          "no such entry")
      }
    }
    return (starts, file.size - position)
  }

  private func refusal(_ rule: FlatFormatRule, _ place: String, _ expected: String, _ found: String)
    -> FlatFormatError
  {
    .refused(rule, path: file.path, place: place, expected: expected, found: found)
  }

  private static func refusal(_ file: ReadableFile, _ place: String, _ expected: String, _ found: String)
    -> FlatFormatError
  {
    .refused(.torchLegacy, path: file.path, place: place, expected: expected, found: found)
  }
}
