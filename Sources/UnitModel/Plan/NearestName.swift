/// The name that was most likely meant: the one with the fewest edits, if these are few for its length.
///
/// The time is limited: at most 20,000 names are compared, by their first 64 bytes, and names of a very different
/// length are skipped.
package func nearestName(to wanted: String, among names: some Sequence<String>) -> String? {
  let target = Array(wanted.utf8.prefix(64))
  // The limit is a third of the length, but two edits for names of four and five letters. More edits make another name,
  // not a typing error.
  var limit = target.count < 4 ? target.count / 2 : max(2, target.count / 3)
  var best: String?
  for name in names.prefix(20_000) {
    let bytes = Array(name.utf8.prefix(64))
    guard abs(bytes.count - target.count) <= limit, let edits = edits(target, bytes, atMost: limit) else {
      continue
    }
    if best == nil || edits < limit {
      best = name
      limit = edits
      if edits == 0 { break }
    }
  }
  return best
}

/// The number of insertions, deletions, substitutions and swaps of neighbours between two names; nil above a limit.
private func edits(_ a: [UInt8], _ b: [UInt8], atMost limit: Int) -> Int? {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    row.reserveCapacity(b.count + 1)
    for j in b.indices {
      var least = min(last[j + 1], row[j]) + 1
      least = min(least, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, beforeLast[j - 1] + 1) }
      row.append(least)
    }
    if (row.min() ?? 0) > limit { return nil }
    beforeLast = last
    last = row
  }
  return last[b.count] <= limit ? last[b.count] : nil
}
