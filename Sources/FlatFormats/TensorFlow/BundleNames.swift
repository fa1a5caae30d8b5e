internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// The names of a checkpoint's tensors, and what belongs to an optimizer or a metric.
struct BundleNames {
  /// What a numeric entry is.
  enum Role {
    case model
    case optimizer
    case metric
    case counter
  }

  private static let value = "/.ATTRIBUTES/VARIABLE_VALUE"
  private static let slotMark = "/.OPTIMIZER_SLOT/"
  /// The slots of TensorFlow 1's optimizers, whose names follow that of the variable. A second slot ends in `_1`.
  private static let slots: Set<String> = [
    "Adam", "AdamW", "AdaMax", "LazyAdam", "Adagrad", "AdagradDA", "Adadelta", "Ftrl", "Momentum", "RMSProp",
    "ProximalAdagrad", "adam_m", "adam_v",
  ]

  private let graph: ObjectGraph?
  private let keys: Set<TensorName>

  /// - Parameter keys: those of all numeric entries.
  init(_ graph: ObjectGraph?, _ keys: [TensorName]) {
    self.graph = graph
    self.keys = Set(keys)
  }

  func role(of key: TensorName) -> Role {
    let text = key.text
    if text == "save_counter" + Self.value || text == "global_step" { return .counter }
    if text.firstRange(of: Self.slotMark) != nil { return .optimizer }
    if let graph {
      guard graph.apart.contains(key) else { return .model }
      return text.hasPrefix("keras_api/") ? .metric : .optimizer
    }
    if text == "beta1_power" || text == "beta2_power" { return .optimizer }
    let folder = SystemPath.folder(of: text)
    var slot = SystemPath.bareName(of: text)
    while let last = slot.unicodeScalars.last, ("0"..."9").contains(last) { slot.unicodeScalars.removeLast() }
    if slot.utf8.last == UInt8(ascii: "_") { slot.unicodeScalars.removeLast() }
    return Self.slots.contains(slot) && keys.contains(TensorName(folder)) ? .optimizer : .model
  }

  /// The tensors' names, and what kind of names they are.
  ///
  /// Those of an object-based checkpoint are the names that variables had in the program (`conv2d/kernel`). A variable that
  /// is stored twice under one name keeps the path of its second object, and is tied. If such names are missing, or different
  /// tensors have the same, all tensors are named by the paths of their objects.
  func names(of tensors: [BundleTensor]) -> (kind: String, names: [TensorName], ties: [Int: Int]) {
    let paths = Self.paths(tensors.map(\.key))
    guard let graph else { return ("variables", paths, [:]) }
    var firsts: [TensorName: Int] = [:]
    var names = paths
    var ties: [Int: Int] = [:]
    // In the order of the keys, so that it does not depend on the order of the data.
    for number in tensors.indices.sorted(by: { tensors[$0].key < tensors[$1].key }) {
      let tensor = tensors[number]
      guard let full = graph.fullNames[tensor.key], !full.isEmpty else { return ("objects", paths, [:]) }
      let name = TensorName(full)
      guard let first = firsts[name] else {
        firsts[name] = number
        names[number] = name
        continue
      }
      let other = tensors[first]
      guard other.spec.dtype == tensor.spec.dtype, other.spec.shape == tensor.spec.shape,
        other.checksums == tensor.checksums
      else { return ("objects", paths, [:]) }
      ties[number] = first
    }
    guard Set(names).count == names.count else { return ("objects", paths, [:]) }
    return ("variables", names, ties)
  }

  /// The keys without the mark of a variable's value, if they differ.
  private static func paths(_ keys: [TensorName]) -> [TensorName] {
    let short = keys.map { key in
      key.text.hasSuffix(value)
        ? TensorName(String(key.text.unicodeScalars.dropLast(value.unicodeScalars.count))) : key
    }
    return Set(short).count == short.count ? short : keys
  }
}
