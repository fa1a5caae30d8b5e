/// Values by key, up to a limit of their total cost. The least recently used value is removed first.
struct RecentValues<Key: Hashable, Value> {
  private struct Entry {
    let value: Value
    let cost: Int
    var turn: Int
  }

  private let budget: Int
  private var entries: [Key: Entry] = [:]
  /// All uses in order. Only the last use of a key counts; older ones are ignored.
  private var uses: ArraySlice<(key: Key, turn: Int)> = []
  private var turn = 0
  private(set) var cost = 0

  init(budget: Int) { self.budget = budget }

  var keys: some Sequence<Key> { entries.keys }

  /// The value of a key; it stays, and this counts as a use.
  mutating func use(_ key: Key) -> Value? {
    guard let entry = entries[key] else { return nil }
    note(key)
    return entry.value
  }

  /// Removes and returns the value of a key.
  mutating func take(_ key: Key) -> Value? {
    guard let entry = entries.removeValue(forKey: key) else { return nil }
    cost -= entry.cost
    return entry.value
  }

  /// Keeps a value, unless its cost alone exceeds the limit.
  mutating func insert(_ value: Value, cost: Int, for key: Key) {
    _ = take(key)
    guard cost <= budget else { return }
    while self.cost > budget - cost, let oldest = uses.popFirst() {
      if entries[oldest.key]?.turn == oldest.turn { _ = take(oldest.key) }
    }
    entries[key] = Entry(value: value, cost: cost, turn: turn)
    self.cost += cost
    note(key)
  }

  private mutating func note(_ key: Key) {
    turn += 1
    entries[key]?.turn = turn
    uses.append((key, turn))
    // A cleanup removes more than half of the uses, so the mean cost of a use is constant.
    if uses.count > 2 * entries.count + 64 {
      uses = ArraySlice(uses.filter { entries[$0.key]?.turn == $0.turn })
    }
  }
}
