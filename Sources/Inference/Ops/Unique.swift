internal import ONNXGraph

/// The different slices of x along `axis`, or without `axis` its different elements, sorted or (`sorted` 0) as they occur
///
/// Slices are compared element by element; −0 equals 0, and NaN equals NaN and is greater than every number. x: numbers
/// of any kind, BOOL, or text in the order of its UTF-8 → y: as x with the number of different slices for the axis, or
/// [number]; INT64: the first place of each in x, [number]; the place of each slice of x in y; how often each occurs,
/// [number]. Source: ONNX `Unique`, versions 11, 28.
enum Unique: Operator {
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    var x = try call.input(0)
    let stated = try call.int("axis")
    if stated == nil { x = try x.reshaped([x.count]) }
    let axis = try call.axis(stated ?? 0, rank: x.rank)
    let slices = Slices(x, axis)
    try call.budget.spend(
      slices.count, slices.count.bitWidth - slices.count.leadingZeroBitCount + 1, slices.size + 1)
    // The order, the memory that sorting needs, and the groups.
    let listBytes = slices.count * 64
    try call.budget.take(bytes: listBytes)
    defer { call.budget.release(bytes: listBytes) }
    let keys = x.type == .string ? try ranks(call, x) : try Casting.numbers(x)
    var groups = try keys.type.visit(Group(keys: keys, slices: slices))
    if try !call.flag("sorted", default: true) { groups.sort { $0[0] < $1[0] } }
    var shape = x.shape
    shape[axis] = groups.count
    let y = try call.make(x.type, shape)
    let inner = slices.inner
    for (place, group) in groups.enumerated() {
      for outer in 0..<slices.outer {
        StridedCopy.run(
          inner, from: x, at: (outer * slices.count + group[0]) * inner, to: y,
          at: (outer * groups.count + place) * inner)
      }
    }
    let places = try call.make(.int64, [slices.count])
    for (place, group) in groups.enumerated() {
      for slice in group { places.values(Int64.self)[slice] = Int64(place) }
    }
    return [y, try call.make(groups.map { $0[0] }), places, try call.make(groups.map(\.count))]
  }

  /// Each text's place among the different texts in the order of their UTF-8.
  private static func ranks(_ call: OperatorCall, _ x: Tensor) throws(OperatorError) -> Tensor {
    let numbers = x.values(Int64.self)
    let ranks = try call.make(.int64, x.shape)
    var texts = Set(numbers.prefix(x.count)).map { (number: $0, text: call.run.strings.text($0)) }
    // Texts that differ only at their ends are compared as a whole.
    let bytes = texts.reduce(0) { $0 + $1.text.utf8.count }
    try call.budget.spend(bytes, Int.bitWidth - texts.count.leadingZeroBitCount)
    texts.sort { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    let places = Dictionary(
      texts.enumerated().map { ($0.element.number, Int64($0.offset)) },
      uniquingKeysWith: { first, _ in first })
    for place in 0..<x.count { ranks.values(Int64.self)[place] = places[numbers[place]] ?? 0 }
    return ranks
  }
}

/// The slices of a tensor along an axis: `outer` runs of `inner` elements each.
private struct Slices {
  let count: Int
  let outer: Int
  let inner: Int

  init(_ x: Tensor, _ axis: Int) {
    count = x.shape[axis]
    outer = x.shape[..<axis].product
    inner = x.shape[(axis + 1)...].product
  }

  var size: Int { outer * inner }

  /// The flat position of an element of a slice.
  func place(_ slice: Int, _ element: Int) -> Int {
    (element / inner * count + slice) * inner + element % inner
  }
}

/// The slices that are equal to each other, by their numbers; the groups are sorted by their elements.
private struct Group: ElementVisitor {
  let keys: Tensor
  let slices: Slices

  func visit<T: Element>(_: T.Type) -> [[Int]] {
    let values = keys.values(T.self)
    // −1: a is less than b; 0: they are equal; 1: a is greater.
    func order(_ a: Int, _ b: Int) -> Int {
      for element in 0..<slices.size {
        let (left, right) = (values[slices.place(a, element)].wide, values[slices.place(b, element)].wide)
        if left == right || (left.isNotANumber && right.isNotANumber) { continue }
        return left < right || right.isNotANumber ? -1 : 1
      }
      return 0
    }
    var groups: [[Int]] = []
    let sorted = (0..<slices.count).sorted { a, b in
      let order = order(a, b)
      return order == 0 ? a < b : order < 0
    }
    for slice in sorted {
      if let first = groups.last?.first, order(first, slice) == 0 {
        groups[groups.count - 1].append(slice)
      } else {
        groups.append([slice])
      }
    }
    return groups
  }
}
