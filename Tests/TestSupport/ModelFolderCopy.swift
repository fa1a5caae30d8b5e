internal import Foundation

/// A copy of a model's folder in `Tests/Fixtures/folders`, whose files a test changes.
public struct ModelFolderCopy: Sendable {
  /// A tensor of the weights: its dtype in safetensors, its shape and its bytes.
  public struct Tensor: Sendable {
    public var dtype = "F32"
    public var shape: [Int]
    public var bytes: [UInt8]

    /// A tensor of zeros.
    public init(shape: [Int]) {
      self.shape = shape
      bytes = [UInt8](repeating: 0, count: shape.reduce(4, *))
    }
  }

  public let folder: TemporaryFolder
  public var path: String { folder.path }

  /// The names of all folders.
  public static var names: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: SourceFolder.fixtures + "/folders").sorted()
    }
  }

  public init(of name: String, in folder: TemporaryFolder? = nil) throws {
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    let source = SourceFolder.fixtures + "/folders/" + name
    // What transformers writes; not what the tests expect.
    for file in try FileManager.default.contentsOfDirectory(atPath: source) where file != "expected.json" {
      _ = try folder.write(TemporaryFolder.bytes(of: source + "/" + file), as: file)
    }
  }

  /// Changes the object in a JSON file; a missing file begins as an empty object.
  public func change(_ name: String = "config.json", _ edit: (inout [String: Any]) -> Void) throws {
    let old = try? JSONSerialization.jsonObject(with: Data(TemporaryFolder.bytes(of: folder.file(name))))
    var object = old as? [String: Any] ?? [:]
    edit(&object)
    try write(object, as: name)
  }

  /// Writes a JSON file, also in a new folder in the folder.
  public func write(_ value: Any, as name: String) throws {
    let data = try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
    _ = try folder.write(Array(data), as: name)
  }

  public func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: folder.file(name)) }

  /// The tensors of a safetensors file in the folder.
  public func tensors(of name: String = "model.safetensors") throws -> [String: Tensor] {
    let bytes = try TemporaryFolder.bytes(of: folder.file(name))
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length]))
    var tensors: [String: Tensor] = [:]
    for (name, value) in header as? [String: [String: Any]] ?? [:] where name != "__metadata__" {
      guard let range = value["data_offsets"] as? [Int], let shape = value["shape"] as? [Int] else {
        continue
      }
      var tensor = Tensor(shape: shape)
      tensor.dtype = value["dtype"] as? String ?? ""
      tensor.bytes = Array(bytes[8 + length + range[0]..<8 + length + range[1]])
      tensors[name] = tensor
    }
    return tensors
  }

  /// Writes tensors as a safetensors file.
  public func write(tensors: [String: Tensor], as name: String = "model.safetensors") throws {
    var header: [String: Any] = ["__metadata__": ["format": "pt"]]
    var data: [UInt8] = []
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      header[name] = [
        "dtype": tensor.dtype, "shape": tensor.shape,
        "data_offsets": [data.count, data.count + tensor.bytes.count],
      ]
      data += tensor.bytes
    }
    let text = Array(try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys]))
    let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    _ = try folder.write(length + text + data, as: name)
  }

  /// Changes the tensors of the weights.
  public func changeTensors(_ edit: (inout [String: Tensor]) -> Void) throws {
    var tensors = try tensors()
    edit(&tensors)
    try write(tensors: tensors)
  }

  public static func shard(_ number: Int) -> String { "model-0000\(number)-of-00002.safetensors" }
  public static let index = "model.safetensors.index.json"

  /// Replaces the weights by two shards with an index.
  public func split() throws {
    let tensors = try tensors()
    try remove("model.safetensors")
    let names = tensors.keys.sorted()
    var map: [String: String] = [:]
    for (number, part) in [names.prefix(names.count / 2), names.suffix(names.count - names.count / 2)]
      .enumerated()
    {
      try write(tensors: tensors.filter { part.contains($0.key) }, as: Self.shard(number + 1))
      for name in part { map[name] = Self.shard(number + 1) }
    }
    let bytes = tensors.values.reduce(0) { $0 + $1.bytes.count }
    try write(
      ["metadata": ["total_size": bytes, "total_parameters": bytes / 4], "weight_map": map] as [String: Any],
      as: Self.index)
  }
}
