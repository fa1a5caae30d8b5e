internal import Tensors

extension Inspection {
  /// The inspection as people read it.
  ///
  /// - Parameter width: columns of the terminal, nil for a pipe.
  package func text(width: Int?) -> String {
    let bytes = ByteCount(tensors.reduce(0) { $0 + ($1.tiedTo == nil ? $1.spec.byteCount : 0) })
    let elements = ParameterCount(tensors.reduce(0) { $0 + ($1.tiedTo == nil ? $1.spec.elementCount : 0) })
    var result =
      "\(PrintableText.line(file)): \(kind), \(tensors.count) \(tensors.count == 1 ? "tensor" : "tensors"), \(elements) "
      + "\(elements.value == 1 ? "element" : "elements"), \(bytes)\n"
    if let modelDigest { result += "model sha256 \(modelDigest)\n" }
    if let checkpoint { result += checkpoint.text(width: width) }
    for (key, value) in metadata {
      result += "metadata \(TensorName(key).quoted): \(TensorName(value).quoted)\n"
    }
    result += leftOut.text(width: width)
    result += NoteList.text(notes.map { (kind: $0.kind, sentence: "\($0.place): \($0.message)") })
    if !tensors.isEmpty { result += "\n" + tensorTable(width: width) }
    return result
  }

  private func tensorTable(width: Int?) -> String {
    let hasPlacement = checkpoint != nil
    let hasDigests = tensors.contains { $0.digest != nil }
    var columns: [TextTable.Column] = [
      .init("name", shrinks: true), .init("dtype"), .init("shape"), .init("bytes", .right),
    ]
    if hasPlacement { columns.append(.init("stored")) }
    if hasDigests { columns.append(.init("sha256")) }
    var table = TextTable(columns)
    for tensor in tensors {
      var cells = [
        tensor.spec.name.escaped, tensor.spec.dtype.rawValue, tensor.spec.shapeText,
        ParameterCount(tensor.spec.byteCount).description,
      ]
      if hasPlacement {
        cells.append(tensor.tiedTo.map { "tied to \($0.quoted)" } ?? tensor.placement ?? "")
      }
      if hasDigests {
        // A digest that a terminal cannot hold beside a name is shortened; pipes and JSON have it whole.
        let digest = tensor.digest?.description ?? ""
        cells.append(width == nil ? digest : String(digest.prefix(12)))
      }
      table.append(cells)
    }
    return table.text(width: width)
  }
}

extension Inspection.Checkpoint {
  fileprivate func text(width: Int?) -> String {
    var result = "\(units) \(units == 1 ? "unit" : "units")"
    if shares.isEmpty {
      result += "\n"
    } else {
      result = WrappedList.text(result + ": ", shareWords, width: width)
    }
    if !axes.isEmpty {
      var table = TextTable([
        .init("axis", shrinks: true), .init("channels", .right), .init("per unit"), .init("common", .right),
      ])
      for axis in axes {
        table.append([axis.name, String(axis.size), Self.list(axis.units), String(axis.common)])
      }
      result += "\n" + table.text(width: width)
    }
    if !tasks.isEmpty {
      var table = TextTable([
        .init("task", shrinks: true), .init("order of units"), .init("units of each level"),
      ])
      for task in tasks {
        table.append([task.name, Self.list(task.order), Self.levels(task.levels, task.levelNames)])
        for axis in task.axes {
          table.append([
            "  on \(axis.name)", Self.list(axis.order), Self.levels(axis.levels),
          ])
        }
      }
      result += "\n" + table.text(width: width)
    }
    return result
  }

  private static func list(_ numbers: [Int]) -> String { "[" + NumberList.text(numbers) + "]" }

  /// The levels of a task; of many the first two and the last, which show what the others are.
  private static func levels(_ levels: [[Int]], _ names: [String] = []) -> String {
    if names.count == levels.count, levels.count <= 8 {
      return zip(names, levels).map { TensorName($0).escaped + " " + list($1) }.joined(separator: " ")
    }
    if levels.count <= 8 { return levels.map(list).joined(separator: " ") }
    return "\(levels.count): \(list(levels[0])) \(list(levels[1])) … \(list(levels[levels.count - 1]))"
  }

  /// How much each unit has: one by one, or of many that have the same, once.
  private var shareWords: [String] {
    let units = shares.filter { $0.owner.hasPrefix("unit ") }
    let others = shares.filter { !$0.owner.hasPrefix("unit ") }.map { "\($0.owner) \($0.byteCount)" }
    let sizes = units.map(\.byteCount)
    guard units.count > 4, let least = sizes.min(), let most = sizes.max() else {
      return units.map { "\($0.owner) \($0.byteCount)" } + others
    }
    let each = least == most ? "\(least) each" : "\(least) to \(most) each"
    return [each] + others
  }
}
