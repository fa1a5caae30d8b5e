/// Values by key, as many as a budget allows; the one that was not used for the longest time goes first.
struct RecentValues<Key: Hashable, Value> {
  private struct Entry {
    let value: Value
    let cost: Int
    var turn: Int
  }

  private let budget: Int
  private var entries: [Key: Entry] = [:]
  /// Every use in order; only a key's last one counts, and those that do not count any more are passed over.
  private var uses: ArraySlice<(key: Key, turn: Int)> = []
  private var turn = 0
  private(set) var cost = 0

  init(budget: Int) { self.budget = budget }

  var keys: some Sequence<Key> { entries.keys }

  /// The value of a key, which stays.
  mutating func use(_ key: Key) -> Value? {
    guard let entry = entries[key] else { return nil }
    note(key)
    return entry.value
  }

  /// The value of a key, which is no longer kept.
  mutating func take(_ key: Key) -> Value? {
    guard let entry = entries.removeValue(forKey: key) else { return nil }
    cost -= entry.cost
    return entry.value
  }

  /// Keeps a value, unless it alone is over the budget.
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
    // Each renewal is paid for by as many uses as it looks at.
    if uses.count > 2 * entries.count + 64 {
      uses = ArraySlice(uses.filter { entries[$0.key]?.turn == $0.turn })
    }
  }
}
