internal import Tensors

/// Items whose names differ in only one number, as one line: `ffn0 … ffn11`.
enum NumberedNames {
  /// The smallest group; smaller ones are listed item by item.
  private static let least = 3

  /// The items in order. Each has its own name, or the names of the consecutive equal items that it replaces.
  static func folded<Thing>(
    _ things: [Thing], name: (Thing) -> String, areAlike: (Thing, Thing) -> Bool
  ) -> [(names: String, thing: Thing)] {
    let names = things.map(name)
    // The items with a number in their names; the keys are the texts around the number.
    var places: [Hole: [Int: Int]] = [:]
    for (place, name) in names.enumerated() {
      for hole in Hole.all(in: name) { places[hole.hole, default: [:]][hole.number] = place }
    }
    var isDone = [Bool](repeating: false, count: things.count)
    var result: [(names: String, thing: Thing)] = []
    for (place, thing) in things.enumerated() where !isDone[place] {
      var longest = [place]
      for hole in Hole.all(in: names[place]) {
        var run = [place]
        while let next = places[hole.hole]?[hole.number + run.count], !isDone[next],
          areAlike(thing, things[next])
        {
          run.append(next)
        }
        if run.count > longest.count { longest = run }
      }
      if longest.count < least { longest = [place] }
      for member in longest { isDone[member] = true }
      let last = longest[longest.count - 1]
      result.append((last == place ? names[place] : "\(names[place]) … \(names[last])", thing))
    }
    return result
  }

  /// The text before and after a number in a name.
  private struct Hole: Hashable {
    let before: TensorName
    let behind: TensorName

    /// The longest name, in bytes, that is searched for numbers.
    private static let longest = 256

    /// The numbers in a name, without leading zeros, that fit an `Int`.
    static func all(in name: String) -> [(hole: Hole, number: Int)] {
      let bytes = Array(name.utf8)
      // A long name with many numbers would be split thousands of times.
      if bytes.count > longest { return [] }
      var result: [(hole: Hole, number: Int)] = []
      var start = 0
      while start < bytes.count {
        var end = start
        while end < bytes.count, (0x30...0x39).contains(bytes[end]) { end += 1 }
        let digits = String(decoding: bytes[start..<end], as: UTF8.self)
        if !digits.isEmpty, digits.utf8.count < 10, digits == "0" || !digits.hasPrefix("0"),
          let number = Int(digits)
        {
          let (before, behind) = (bytes[..<start], bytes[end...])
          result.append(
            (
              Hole(
                before: TensorName(String(decoding: before, as: UTF8.self)),
                behind: TensorName(String(decoding: behind, as: UTF8.self))), number
            ))
        }
        start = max(end, start + 1)
      }
      return result
    }
  }
}
