internal import StrictJSON
internal import Tensors

/// What a file holds beside the tensors that were looked at: the one place that prints it, for every command.
package struct LeftOutList: Sendable {
  /// Each by its name in the file, with the reason.
  package let items: [(name: String, why: String)]

  package init(_ items: [(name: String, why: String)] = []) { self.items = items }

  /// Lines of text that are printed; --json has all.
  private static let shown = 20

  /// A line for each: name and reason.
  ///
  /// - Parameters:
  ///   - side: which of two files it is, as the end of "left out".
  ///   - width: columns of the terminal; nil for a pipe, which gets one line for each.
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

  /// `[{name, why}]`; with `in` beside them for one of two files.
  func json(side: String? = nil) -> [JSONValue] {
    items.map { item in
      object(
        [("name", .string(item.name)), ("why", .string(item.why))]
          + (side.map { [("in", .string($0))] } ?? []))
    }
  }
}
