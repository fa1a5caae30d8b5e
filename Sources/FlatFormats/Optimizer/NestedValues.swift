internal import Tensors

/// Values at paths of keys.
struct NestedValues {
  private var all: [(path: [String], value: OptimizerState.Value)] = []

  private static let depthLimit = 16

  mutating func insert(_ path: [String], _ value: OptimizerState.Value) throws(OptimizerState.Malformed) {
    guard path.count <= Self.depthLimit else {
      throw OptimizerState.Malformed(
        place: path.joined(separator: "."), expected: "values at most \(Self.depthLimit) levels deep",
        found: "more")
    }
    all.append((path, value))
  }

  /// Whether the dictionary has a value of this key.
  func has(_ key: String) -> Bool { all.contains { $0.path.first == key } }

  /// The entries of the dictionary; numbers from 0 on as keys make a list of it.
  func entries(_ place: String) throws(OptimizerState.Malformed) -> [OptimizerState.Entry] {
    try Self.grouped(all[...], place).map { (key, items) throws(OptimizerState.Malformed) in
      OptimizerState.Entry(.text(key), try Self.value(items, "\(place).\(key)"))
    }
  }

  private typealias Items = ArraySlice<(path: [String], value: OptimizerState.Value)>

  private static func grouped(
    _ items: Items, _ place: String
  ) throws(OptimizerState.Malformed) -> [(key: String, items: Items)] {
    var places: [TensorName: Int] = [:]
    var found: [(key: String, items: Items)] = []
    for (path, value) in items {
      guard let key = path.first else {
        throw OptimizerState.Malformed(
          place: place, expected: "a value or a dictionary", found: "both, or two values")
      }
      let number = places[TensorName(key)] ?? found.count
      if number == found.count {
        places[TensorName(key)] = number
        found.append((key, []))
      }
      found[number].items.append((Array(path.dropFirst()), value))
    }
    return found
  }

  private static func value(
    _ items: Items, _ place: String
  ) throws(OptimizerState.Malformed) -> OptimizerState.Value {
    if let first = items.first, items.count == 1, first.path.isEmpty { return first.value }
    let groups = try grouped(items, place)
    let values = try groups.map { (key, items) throws(OptimizerState.Malformed) in
      OptimizerState.Entry(.text(key), try value(items, "\(place).\(key)"))
    }
    let numbers = groups.map { Int($0.key) }
    guard Set(numbers) == Set(0..<numbers.count) else { return .dictionary(values) }
    let sorted = zip(numbers, values).sorted { ($0.0 ?? 0) < ($1.0 ?? 0) }
    return .list(sorted.map(\.1.value))
  }
}
