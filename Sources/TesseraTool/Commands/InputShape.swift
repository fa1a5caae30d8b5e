internal import ArgumentParser
internal import ByteFiles
internal import ONNXGraph
internal import Tessera

/// An input's shape on the command line: `images=1x3x224x224` or `images=1,3,224,224`, without a name for a single
/// input.
struct InputShape {
  let name: String?
  let extents: [Int]

  init(parsing text: String) throws {
    // A name may contain an equals sign; a shape has none.
    let equals = text.lastIndex(of: "=")
    name = equals.map { String(text[..<$0]) }
    let shape = equals.map { text[text.index(after: $0)...] } ?? text[...]
    let separator: Character = shape.contains(",") ? "," : "x"
    let parts = shape.isEmpty ? [] : shape.split(separator: separator, omittingEmptySubsequences: false)
    let extents = parts.compactMap { $0.allSatisfy(\.isASCII) && $0.first != "+" ? Int($0) : nil }
    guard extents.count == parts.count, extents.allSatisfy({ $0 >= 0 }), name != nil || !extents.isEmpty
    else {
      throw ValidationError(
        "--input-shape: expected a shape such as images=1x3x224x224 or images=1,3,224,224, found '\(text)'")
    }
    self.extents = extents
  }

  /// The shapes by the name of their input.
  static func shapes(_ texts: [String], of model: Model) throws -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for text in texts {
      let shape = try InputShape(parsing: text)
      let required = model.graph.requiredInputs
      guard let name = shape.name ?? (required.count == 1 ? required.first?.name : nil) else {
        throw TesseraError(
          sentence:
            "\(model.file.path): --input-shape: expected the name of one of \(required.count) inputs before the shape, found '\(text)'"
        )
      }
      guard shapes.updateValue(shape.extents, forKey: name) == nil else {
        throw TesseraError(
          sentence:
            "\(model.file.path): --input-shape: expected every input once, found \(quoted(name)) twice")
      }
    }
    return shapes
  }
}
