internal import ONNXGraph

/// Keys of a map in ascending order, each once: the last of equal keys counts, as in ONNX Runtime.
struct MapOrder {
  /// INT64 or STRING, [n].
  let keys: Tensor
  /// For each key, its place in the given list.
  let places: [Int]

  init(numbers: [Int64], _ budget: RunBudget) throws(OperatorError) {
    places = Self.places(numbers)
    keys = try Tensor(.int64, [places.count], budget)
    for (target, place) in places.enumerated() { keys.values(Int64.self)[target] = numbers[place] }
  }

  init(texts: [String], _ strings: StringPool, _ budget: RunBudget) throws(OperatorError) {
    places = Self.places(texts)
    keys = try Tensor(.string, [places.count], budget)
    for (target, place) in places.enumerated() {
      keys.values(Int64.self)[target] = try strings.number(of: texts[place])
    }
  }

  private static func places<Key: Comparable & Hashable>(_ keys: [Key]) -> [Int] {
    var seen: Set<Key> = []
    return keys.indices.reversed().filter { seen.insert(keys[$0]).inserted }.sorted { keys[$0] < keys[$1] }
  }
}
