/// Values by keys, in the order in which the keys come.
struct KeyedValues<Key: Hashable> {
  private var places: [Key: Int] = [:]
  private(set) var all: [(key: Key, values: NestedValues)] = []

  var isEmpty: Bool { all.isEmpty }

  func has(_ key: Key) -> Bool { places[key] != nil }

  subscript(_ key: Key) -> NestedValues {
    get { places[key].map { all[$0].values } ?? NestedValues() }
    _modify {
      let place = places[key] ?? all.count
      if place == all.count {
        places[key] = place
        all.append((key, NestedValues()))
      }
      yield &all[place].values
    }
  }
}

extension KeyedValues where Key == OptimizerState.Key {
  func entries() throws(OptimizerState.Malformed) -> [OptimizerState.Entry] {
    try all.map { (key, values) throws(OptimizerState.Malformed) in
      OptimizerState.Entry(key, .dictionary(try values.entries("state.\(key.text)")))
    }
  }
}
