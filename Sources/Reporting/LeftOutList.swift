internal import StrictJSON
internal import Tensors

/// The parts of a file that are not read as tensors. Every command prints them with this type.
package struct LeftOutList: Sendable {
  /// Each part's name in the file, with the reason.
  package let items: [(name: String, why: String)]

  package init(_ items: [(name: String, why: String)] = []) { self.items = items }

  /// The most lines that are printed; --json lists all parts.
  private static let shown = 20

  /// A line for each part: name and reason.
  ///
  /// - Parameters:
  ///   - side: the words after "left out" that name the file, if there are two files.
  ///   - width: columns of the terminal; nil for a pipe, where no line is wrapped.
  package func text(side: String = "", width: Int?) -> String {
    var result = ""
    for item in items.prefix(Self.shown) {
      result += WrappedSentence.text(
        "left out\(side): \(TensorName(item.name).quoted): \(item.why)", width: width)
    }
    if items.count > Self.shown {
      result += "left out\(side): \(items.count - Self.shown) more (--json has all)\n"
    }
    return result
  }

  /// The parts as `[{name, why}]`, also with `in` if there are two files.
  func json(side: String? = nil) -> [JSONValue] {
    items.map { item in
      object(
        [("name", .string(item.name)), ("why", .string(item.why))]
          + (side.map { [("in", .string($0))] } ?? []))
    }
  }
}
