internal import Tensors

/// A tensor's name split into its module and the word that names the tensor in it.
///
/// PyTorch joins modules with dots (`layer1.0.bn1.running_mean`), Keras, TensorFlow and JAX with slashes
/// (`bn/moving_mean:0`), MXNet and fused modules with underscores (`bn1_running_mean`, `in_proj_weight`).
struct RoleName {
  /// The meaning of the last word of a name.
  enum Word: Hashable {
    case counter, statistics, weight, bias, gamma, beta, scale, embedding, unknown
  }

  /// Everything before the word, with the separator: equal for the tensors of one module.
  let module: ModuleKey
  let word: Word
  /// Whether the word is a whole component, not the end of one.
  let isWhole: Bool
  /// The last component, in lower case.
  let component: [UInt8]

  init(_ name: TensorName) {
    var bytes = Array(name.text.utf8)
    // TensorFlow adds the number of the output of the operation that made a variable.
    if bytes.count > 2, bytes.suffix(2).elementsEqual(":0".utf8) { bytes.removeLast(2) }
    Self.removeParametrization(&bytes)
    let start = (bytes.lastIndex { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") } ?? -1) + 1
    let component = bytes[start...].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    self.component = component
    let (word, length) = Self.word(of: component)
    self.word = word
    isWhole = length == component.count
    module = ModuleKey(bytes: bytes[..<(bytes.count - length)])
  }

  /// Makes `conv.weight` of `conv.parametrizations.weight.original0`, PyTorch's name for a tensor from which a weight
  /// is computed.
  private static func removeParametrization(_ bytes: inout [UInt8]) {
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[parts.count - 1].starts(with: "original".utf8),
      parts[parts.count - 3].elementsEqual("parametrizations".utf8)
    else { return }
    let kept = parts.dropLast(3) + [parts[parts.count - 2]]
    bytes = Array(kept.joined(separator: [UInt8(ascii: ".")]))
  }

  /// Words that end a component, after an underscore or alone.
  private static let endings: [(text: [UInt8], word: Word)] = [
    ("num_batches_tracked", Word.counter), ("global_step", .counter), ("iterations", .counter),
    ("running_mean", .statistics), ("running_var", .statistics), ("moving_mean", .statistics),
    ("moving_variance", .statistics), ("moving_var", .statistics), ("weight", .weight), ("weights", .weight),
    ("kernel", .weight), ("bias", .bias), ("gamma", .gamma), ("beta", .beta), ("embeddings", .embedding),
    ("embedding", .embedding),
  ].map { (Array($0.0.utf8), $0.1) }

  /// Words that must be a whole component: many longer words end with them.
  private static let alone: [(text: [UInt8], word: Word)] = [
    ("w", Word.weight), ("b", .bias), ("scale", .scale),
  ].map { (Array($0.0.utf8), $0.1) }

  /// Words with a suffix: recurrent layers and reparametrised weights.
  private static let beginnings: [(text: [UInt8], word: Word)] = [
    ("weight_ih", Word.weight), ("weight_hh", .weight), ("weight_v", .weight), ("weight_g", .weight),
    ("weight_orig", .weight), ("bias_ih", .bias), ("bias_hh", .bias), ("bias_k", .bias), ("bias_v", .bias),
    ("bias_orig", .bias),
  ].map { (Array($0.0.utf8), $0.1) }

  /// The word that a component ends or begins with, and the number of its bytes.
  private static func word(of component: [UInt8]) -> (Word, Int) {
    for (text, word) in endings where component.count >= text.count && component.last == text.last {
      let before = component.count - text.count
      guard before == 0 || component[before - 1] == UInt8(ascii: "_"),
        component[before...].elementsEqual(text)
      else { continue }
      return (word, text.count)
    }
    for (text, word) in alone where component == text { return (word, component.count) }
    for (text, word) in beginnings where component.starts(with: text) { return (word, component.count) }
    return (.unknown, component.count)
  }

  /// Whether the last component contains a text in lower case.
  func componentContains(_ text: String) -> Bool { contains(component, text) }
}

/// The bytes before the word of a name, compared and hashed at once.
struct ModuleKey: Hashable {
  let bytes: ArraySlice<UInt8>

  static func == (a: Self, b: Self) -> Bool { a.bytes.elementsEqual(b.bytes) }

  func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  /// The last component of the module's own name, in lower case: `bn1` of `layer1.0.bn1.`.
  var lastComponent: [UInt8] {
    let separators = Array("./_".utf8)
    let end = bytes.lastIndex { !separators.contains($0) }.map { $0 + 1 } ?? bytes.startIndex
    let name = bytes[..<end]
    let start = name.lastIndex { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }.map { $0 + 1 }
    return name[(start ?? name.startIndex)...].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
  }
}

/// Whether bytes contain a text.
func contains(_ bytes: [UInt8], _ text: String) -> Bool {
  let wanted = Array(text.utf8)
  guard bytes.count >= wanted.count else { return false }
  return (0...(bytes.count - wanted.count)).contains { bytes[$0...].starts(with: wanted) }
}
