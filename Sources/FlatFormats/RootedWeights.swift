package import TensorStreams
internal import Tensors

/// The tensors of a file below one root of their names, without that part: one of several models in a checkpoint.
package struct RootedWeights: FlatWeightsSource {
  /// The reason why a file has no such root.
  package enum Failure: Error {
    /// No tensor is below the root; `nearest` are roots of the file, the most similar one first.
    case nothing(nearest: [String])
    /// The file has a graph, whose nodes need all tensors under their own names.
    case graph
  }

  /// All of the file.
  let whole: any FlatWeightsSource
  private let places: [Int]
  /// The root, as names have it.
  package let rootName: String
  /// The components of the root.
  private let root: [String]
  /// Sharded safetensors become one file, because no index fits the new names.
  package let kind: FlatFormatKind
  /// The tensors below the root.
  package let tensors: [SourceTensor]
  /// The parts that the file leaves out, and the tensors outside the root: one entry for each part of their names.
  package let leftOut: [LeftOut]

  /// - Parameter root: the first components of names, such as `model_ema.module`.
  package init(_ whole: any FlatWeightsSource, root: String) throws(Failure) {
    if whole.kind == .onnx { throw .graph }
    let root = Self.bare(root)
    let names = whole.tensors.map(\.spec.name.text)
    let ends = names.map { Self.start(of: $0, below: root) }
    let places = names.indices.filter { ends[$0] != nil }
    if places.isEmpty { throw .nothing(nearest: Self.nearest(to: root, in: names)) }
    self.whole = whole
    self.places = places
    rootName = root
    self.root = root.unicodeScalars.split { $0 == "." || $0 == "/" }.map(String.init)
    kind = whole.kind == .shardedSafetensors ? .safetensors : whole.kind
    var found: [SourceTensor] = []
    found.reserveCapacity(places.count)
    // Two tensors that are tied to one outside the root are tied to each other.
    var firsts: [TensorName: TensorName] = [:]
    for place in places {
      let tensor = whole.tensors[place]
      let own = Self.name(names[place], from: ends[place])
      let target = tensor.tiedTo ?? tensor.spec.name
      let first = firsts[target]
      if first == nil { firsts[target] = own }
      found.append(SourceTensor(spec: tensor.spec.named(own), tiedTo: first))
    }
    tensors = found
    leftOut = Self.outside(names, ends, root) + whole.leftOut.map { Self.outside($0, root) }
  }

  package var path: String { whole.path }
  package var files: [String] { whole.files }
  package var remarks: [FlatRemark] { whole.remarks }
  package var isInModelOrder: Bool { whole.isInModelOrder }
  /// Without the ties, which have the old names.
  package var metadata: [(key: String, value: String)] {
    whole.metadata.filter { TensorName($0.key) != TensorName(TensorTies.key) }
  }
  /// Nil: the stored header has other names.
  package var verbatim: [UInt8]? { nil }

  package func optimizer() throws(FlatFormatError) -> OptimizerInput? {
    try whole.optimizer().map { $0.beside(model: $0.state.modelPlace + root) }
  }

  package func reader(of number: Int) throws -> any TensorByteReader {
    guard places.indices.contains(number) else {
      throw TensorStreamError.unknown(path: path, number: number)
    }
    return try whole.reader(of: places[number])
  }
}

extension RootedWeights {
  /// The root without the separator that may end it.
  private static func bare(_ root: String) -> String {
    root.hasSuffix(".") || root.hasSuffix("/") ? String(root.dropLast()) : root
  }

  /// The number of bytes before the part of a name that is below a root; nil for a name outside it.
  private static func start(of name: String, below root: String) -> Int? {
    let (name, root) = (name.utf8, root.utf8)
    guard name.count > root.count + 1, name.starts(with: root) else { return nil }
    let separator = name[name.index(name.startIndex, offsetBy: root.count)]
    return isSeparator(separator) ? root.count + 1 : nil
  }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/")
  }

  private static func name(_ name: String, from start: Int?) -> TensorName {
    TensorName(String(decoding: name.utf8.dropFirst(start ?? 0), as: UTF8.self))
  }

  /// The tensors outside the root, by the first component of their names.
  private static func outside(_ names: [String], _ ends: [Int?], _ root: String) -> [LeftOut] {
    var order: [TensorName] = []
    var counts: [TensorName: Int] = [:]
    for (name, end) in zip(names, ends) where end == nil {
      let part = TensorName(String(decoding: name.utf8.prefix { !isSeparator($0) }, as: UTF8.self))
      if counts[part] == nil { order.append(part) }
      counts[part, default: 0] += 1
    }
    return order.map { part in
      let count = counts[part] ?? 0
      return LeftOut(
        part.text,
        "\(count) \(count == 1 ? "tensor" : "tensors") outside the root \(TensorName(root).quoted)", .apart)
    }
  }

  /// A part that the file leaves out; one outside the root is not a part of the model. Another file may have tensors
  /// below the root.
  private static func outside(_ item: LeftOut, _ root: String) -> LeftOut {
    if item.fate == .elsewhere { return item }
    return start(of: item.name, below: root) == nil ? LeftOut(item.name, item.why, .apart) : item
  }

  /// Up to three roots of the file: those with the most common components first, then the shorter ones.
  private static func nearest(to root: String, in names: [String]) -> [String] {
    let wanted = components(root)
    var roots: [TensorName: Int] = [:]
    for name in names.prefix(100_000) {
      // Deeper roots are parts of a model.
      let parts = components(name).dropLast().prefix(4)
      for count in parts.indices.map({ $0 + 1 }) {
        roots[TensorName(parts.prefix(count).joined(separator: ".")), default: 0] += 1
      }
    }
    func score(_ name: TensorName) -> Int {
      let parts = components(name.text)
      let same = zip(parts, wanted).reduce(0) { sum, pair in
        let common = zip(pair.0.utf8, pair.1.utf8).prefix { $0 == $1 }.count
        return sum + (pair.0 == pair.1 ? 100 : min(common, 50))
      }
      return same - abs(parts.count - wanted.count)
    }
    let scored = roots.map { (name: $0.key, tensors: $0.value, score: score($0.key)) }
    return scored.sorted {
      if $0.score != $1.score { return $0.score > $1.score }
      return $0.tensors != $1.tensors ? $0.tensors > $1.tensors : $0.name < $1.name
    }.prefix(3).map(\.name.text)
  }

  private static func components(_ name: String) -> [String] {
    name.utf8.split(omittingEmptySubsequences: false, whereSeparator: isSeparator)
      .map { String(decoding: $0, as: UTF8.self) }
  }
}
