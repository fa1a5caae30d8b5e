internal import Tensors

extension Inspection {
  /// The inspection as text.
  ///
  /// - Parameter width: columns of the terminal, nil for a pipe.
  package func text(width: Int?) -> String { painted(width: width).plain }

  /// The same, with styles for a terminal.
  package func painted(width: Int?) -> PaintedText {
    let bytes = ByteCount(tensors.reduce(0) { $0 + ($1.tiedTo == nil ? $1.spec.byteCount : 0) })
    let elements = ParameterCount(tensors.reduce(0) { $0 + ($1.tiedTo == nil ? $1.spec.elementCount : 0) })
    let count = view.all.map { "\(tensors.count) of \($0)" } ?? "\(tensors.count)"
    var result = PaintedText(
      "\(PrintableText.line(file)): \(kind), \(count) \(view.all ?? tensors.count == 1 ? "tensor" : "tensors"), \(elements) "
        + "\(elements.value == 1 ? "element" : "elements"), \(bytes)\n")
    if let modelDigest { result += "model sha256 \(modelDigest)\n" }
    if let checkpoint { result += checkpoint.painted(width: width) }
    if !files.isEmpty { result += WrappedList.text("files: ", files.map(\.name), width: width) }
    for input in added {
      let files = input.files.map(\.name)
      let count = "\(input.tensors) \(input.tensors == 1 ? "tensor" : "tensors")"
      result += WrappedList.text(
        "added \(TensorName(input.task).quoted): ", ["\(PrintableText.line(input.kind)) of \(count)"] + files,
        width: width)
    }
    for (key, value) in metadata {
      result += "metadata \(TensorName(key).quoted): \(TensorName(value).quoted)\n"
    }
    result += leftOut.text(width: width)
    result += NoteList.text(
      notes.map { (kind: $0.kind, isWarning: $0.isWarning, sentence: "\($0.place): \($0.message)") })
    if tensors.isEmpty { return result }
    result += "\n"
    if let tree = view.tree {
      result += ModuleTree(listed).painted(depth: tree.depth, isBySize: view.order == .size, width: width)
    } else if tensors.contains(where: { $0.statistics != nil }) {
      result += StatisticsTable.painted(listed, width: width)
    } else {
      result += tensorTable(width: width)
    }
    return result
  }

  /// The tensors in the requested order; by default in the file's order, with counters last.
  private var listed: [Tensor] {
    if let order = view.order { return order.sorted(tensors) }
    return tensors.filter { !$0.spec.isCounter } + tensors.filter(\.spec.isCounter)
  }

  private func tensorTable(width: Int?) -> PaintedText {
    let hasPlacement = checkpoint != nil
    let hasTies = checkpoint == nil && tensors.contains { $0.tiedTo != nil }
    let hasDigests = tensors.contains { $0.digest != nil }
    var columns: [TextTable.Column] = [
      .init("name", shrinks: true), .init("dtype"), .init("shape"), .init("bytes", .right),
    ]
    if hasPlacement { columns.append(.init("stored")) }
    if hasTies { columns.append(.init("tied to")) }
    if hasDigests { columns.append(.init("sha256")) }
    var table = TextTable(columns)
    for tensor in listed {
      var cells = [
        tensor.spec.name.escaped, tensor.spec.dtype.rawValue, tensor.spec.shapeText,
        tensor.spec.byteCount.grouped,
      ]
      if hasPlacement {
        cells.append(tensor.tiedTo.map { "tied to \($0.quoted)" } ?? tensor.placement ?? "")
      }
      if hasTies { cells.append(tensor.tiedTo.map { $0.escaped } ?? "") }
      if hasDigests {
        // A digest is shortened for a terminal; pipes and JSON get all of it.
        let digest = tensor.digest?.description ?? ""
        cells.append(width == nil ? digest : String(digest.prefix(12)))
      }
      table.append(cells)
    }
    return table.painted(width: width)
  }
}

extension Inspection.Checkpoint {
  fileprivate func painted(width: Int?) -> PaintedText {
    let start = "\(units) \(units == 1 ? "unit" : "units")"
    var result = PaintedText(
      shares.isEmpty ? start + "\n" : WrappedList.text(start + ": ", shareWords, width: width))
    if !parts.isEmpty {
      let shown = parts.count > 4 ? parts.prefix(2) + ["…"] + parts.suffix(1) : parts[...]
      result += PaintedText(
        WrappedList.text("\(parts.count) files: ", shown.map { PrintableText.line($0) }, width: width))
    }
    if !axes.isEmpty {
      var table = TextTable([
        .init("axis", shrinks: true), .init("channels", .right), .init("per unit"), .init("common", .right),
      ])
      for (names, axis) in NumberedNames.folded(axes, name: \.name, areAlike: { $0.isLike($1) }) {
        table.append([names, String(axis.size), Self.list(axis.units), String(axis.common)])
      }
      result += "\n"
      result += table.painted(width: width)
    }
    if !tasks.isEmpty {
      var table = TextTable([
        .init("task", shrinks: true), .init("order of units"), .init("units of each level"),
      ])
      for task in tasks {
        table.append([task.name, Self.list(task.order), Self.levels(task.levels, task.levelNames)])
        let folded = NumberedNames.folded(
          task.axes, name: \.name, areAlike: { $0.order == $1.order && $0.levels == $1.levels })
        for (names, axis) in folded {
          table.append([
            "  on \(names)", Self.list(axis.order), Self.levels(axis.levels),
          ])
        }
      }
      result += "\n"
      result += table.painted(width: width)
    }
    return result
  }

  private static func list(_ numbers: [Int]) -> String { "[" + NumberList.text(numbers) + "]" }

  /// The levels of a task; if there are many, the first two and the last, which show the pattern.
  private static func levels(_ levels: [[Int]], _ names: [String] = []) -> String {
    if names.count == levels.count, levels.count <= 8 {
      return zip(names, levels).map { TensorName($0).escaped + " " + list($1) }.joined(separator: " ")
    }
    if levels.count <= 8 { return levels.map(list).joined(separator: " ") }
    return "\(levels.count): \(list(levels[0])) \(list(levels[1])) … \(list(levels[levels.count - 1]))"
  }

  /// The bytes of each unit; if there are many units, their range.
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

extension Inspection.Axis {
  /// Whether two axes differ only in their names.
  fileprivate func isLike(_ other: Inspection.Axis) -> Bool {
    size == other.size && units == other.units && common == other.common
  }
}
