internal import Inference
internal import ONNXGraph
package import TensorStreams
internal import Tensors
package import UnitModel

/// Inputs and labels of tasks.
///
/// The arrays of a task are `TASK.INPUT` for each input of the graph and `TASK.labels`; `INPUT` and `labels` are for
/// tasks without their own. The first dimension of each is the number of samples.
package struct TaskData {
  private let source: any TensorSource
  private let places: [TensorName: Int]
  private let count: Int?
  private let seed: Int
  private let byteLimit: Int

  /// - Parameters:
  ///   - count: the most samples of each task, chosen at random; nil for all.
  ///   - seed: the seed of the choice.
  ///   - byteLimit: the most bytes of a task's samples.
  package init(_ source: any TensorSource, count: Int? = nil, seed: Int = 1, byteLimit: Int = 4 << 30) {
    self.byteLimit = byteLimit
    self.source = source
    places = source.places
    (self.count, self.seed) = (count, seed)
  }

  /// Whether a task has labels.
  package func hasLabels(_ task: TaskID) -> Bool { place(of: "labels", for: task) != nil }

  /// The arrays of a task, with the same chosen samples in each.
  struct Samples {
    let inputs: [(name: String, rows: Rows)]
    let labels: Rows?
    let count: Int
  }

  /// The arrays of a task for inputs and, if wanted, its labels.
  ///
  /// Throws `LearningError` unless all have the same number of samples, before some are chosen.
  func samples(_ inputs: [String], withLabels: Bool, for task: TaskID) throws -> Samples {
    let names = inputs + (withLabels ? ["labels"] : [])
    let numbers = try names.map { try place(of: $0, among: task) }
    let totals = numbers.map { source.tensors[$0].spec.shape.first ?? 0 }
    guard let total = totals.first, totals.allSatisfy({ $0 == total }) else {
      throw LearningError(
        path: source.path, place: "task \(task.quoted)",
        expected: withLabels ? "as many labels as samples of each input" : "as many samples of each input",
        found: zip(totals, numbers).map { "\($0) in \(source.tensors[$1].spec.name.quoted)" }.joined(
          separator: ", "))
    }
    let chosen =
      count.map { $0 < total ? Self.choice($0, of: total, seed) : Array(0..<total) } ?? Array(0..<total)
    let bytes = numbers.reduce(0) { $0 + source.tensors[$1].spec.byteCount / max(1, total) * chosen.count }
    guard bytes <= byteLimit else {
      throw LearningError(
        path: source.path, place: "task \(task.quoted)",
        expected: "samples of at most \(byteLimit.grouped) bytes in total (--max-samples, --memory-limit)",
        found: bytes.grouped)
    }
    let arrays = try numbers.map { try rows(of: $0, chosen) }
    return Samples(
      inputs: Array(zip(inputs, arrays)), labels: withLabels ? arrays.last : nil, count: chosen.count)
  }

  /// An array with the rows of the chosen samples.
  struct Rows {
    let spec: TensorSpec
    let type: ElementType
    /// The elements of the chosen rows, one row after another.
    let bytes: [UInt8]
    let count: Int

    var rowShape: [Int] { Array(spec.shape.dropFirst()) }
    var rowBytes: Int { count == 0 ? 0 : bytes.count / count }

    /// The elements as numbers; nil for other types than integers and ordinary floating-point numbers.
    var numbers: [Double]? {
      func all<T: BitwiseCopyable>(_: T.Type, _ value: (T) -> Double) -> [Double] {
        bytes.withUnsafeBytes { bytes in
          (0..<bytes.count / MemoryLayout<T>.size).map {
            value(bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self))
          }
        }
      }
      switch spec.dtype {
      case .i64: return all(Int64.self) { Double($0) }
      case .i32: return all(Int32.self) { Double($0) }
      case .i16: return all(Int16.self) { Double($0) }
      case .i8: return all(Int8.self) { Double($0) }
      case .u8, .bool: return all(UInt8.self) { Double($0) }
      case .f64: return all(Double.self) { $0 }
      case .f32: return all(Float.self) { Double($0) }
      default: return nil
      }
    }
  }

  /// The number of the array for an input, or of the labels.
  private func place(of name: String, among task: TaskID) throws -> Int {
    guard let place = place(of: name, for: task) else {
      throw LearningError(
        path: source.path, place: "task \(task.quoted)",
        expected: "an array '\(task.text).\(name)' or '\(name)'",
        found: found(name, for: task))
    }
    let spec = source.tensors[place].spec
    guard let rows = spec.shape.first, rows > 0, ElementType(spec.dtype) != nil, spec.dtype.bytes != nil
    else {
      throw LearningError(
        path: source.path, place: "array \(spec.name.quoted)",
        expected: "samples on the first dimension, with elements of whole bytes",
        found: "\(spec.dtype.rawValue) \(spec.shapeText)")
    }
    return place
  }

  /// The chosen rows of an array; the others are read, but not kept.
  private func rows(of place: Int, _ chosen: [Int]) throws -> Rows {
    let spec = source.tensors[place].spec
    guard let type = ElementType(spec.dtype), let width = spec.dtype.bytes else {
      throw LearningError(
        path: source.path, place: "array \(spec.name.quoted)", expected: "elements of whole bytes",
        found: spec.dtype.rawValue)
    }
    let rowBytes = spec.shape.dropFirst().reduce(width, *)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(chosen.count * rowBytes)
    var (start, next) = (0, 0)
    try source.reader(of: place).forEachWindow(limit: 1 << 20) { window in
      let end = start + window.count
      while next < chosen.count {
        let row = chosen[next] * rowBytes..<(chosen[next] + 1) * rowBytes
        if row.lowerBound >= end { break }
        bytes += window[max(row.lowerBound, start) - start..<min(row.upperBound, end) - start]
        if row.upperBound > end { break }
        next += 1
      }
      start = end
    }
    return Rows(spec: spec, type: type, bytes: bytes, count: chosen.count)
  }

  /// The arrays that are there, in words; an array of the name that is no tensor comes first.
  private func found(_ name: String, for task: TaskID) -> String {
    for part in source.leftOut where ["\(task.text).\(name)", name].contains(where: { part.name == $0 }) {
      return "'\(part.name)': \(part.why)"
    }
    return source.tensors.isEmpty
      ? "none" : "only " + source.tensors.prefix(8).map { $0.spec.name.quoted }.joined(separator: ", ")
  }

  private func place(of name: String, for task: TaskID) -> Int? {
    places[TensorName("\(task.text).\(name)")] ?? places[TensorName(name)]
  }

  /// Distinct numbers below `all`, ascending: Floyd's sample, with SplitMix64.
  private static func choice(_ count: Int, of all: Int, _ seed: Int) -> [Int] {
    var random = SplitMix64(seed: UInt64(bitPattern: Int64(seed)))
    var chosen: Set<Int> = []
    for limit in all - count..<all {
      let number = Int(random.next() % UInt64(limit + 1))
      if !chosen.insert(number).inserted { chosen.insert(limit) }
    }
    return chosen.sorted()
  }
}

/// Data or a network from which no affinities can be learned.
package struct LearningError: Error, CustomStringConvertible {
  let path: String
  let place: String
  let expected: String
  let found: String

  package var description: String { "\(path): \(place): expected \(expected), found \(found)" }
}
