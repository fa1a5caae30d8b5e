internal import Pickle
internal import Tensors

/// Writes a training checkpoint's pickle: the model's state dict and the optimizer's, under the keys that they had.
struct TorchOptimizerWriter {
  private let state: OptimizerState
  private let tensor: (TensorName, inout PickleWriter) -> Void

  /// - Parameter tensor: writes a tensor of the state.
  init(_ state: OptimizerState, tensor: @escaping (TensorName, inout PickleWriter) -> Void) {
    self.state = state
    self.tensor = tensor
  }

  /// Writes the whole value of the pickle.
  ///
  /// - Parameters:
  ///   - hasModel: whether there is a model; without one, the value is the optimizer's state dict itself.
  ///   - model: writes the model's state dict.
  func write(
    hasModel: Bool, to writer: inout PickleWriter, model: @escaping (inout PickleWriter) -> Void
  ) {
    guard hasModel else { return write(&writer) }
    // A reader finds the model under one usual key only.
    let known =
      state.modelPlace.count == 1 ? state.modelPlace.first { TorchNames.wrappers.contains($0) } : nil
    let beside = known ?? "model"
    let own = state.place.isEmpty || state.place.first == .text(beside) ? [.text("optimizer")] : state.place
    writer.dictionary { writer in
      writer.text(beside)
      model(&writer)
      Self.nested(own, &writer) { write(&$0) }
    }
  }

  /// Writes the first key of a path, and the value below the others.
  private static func nested(
    _ place: [OptimizerState.Key], _ writer: inout PickleWriter,
    _ body: @escaping (inout PickleWriter) -> Void
  ) {
    guard let first = place.first else { return }
    write(first, &writer)
    below(place.dropFirst(), &writer, body)
  }

  private static func below(
    _ place: ArraySlice<OptimizerState.Key>, _ writer: inout PickleWriter,
    _ body: @escaping (inout PickleWriter) -> Void
  ) {
    switch place.first {
    case nil: body(&writer)
    // Only one optimizer of a list was read.
    case .number?: writer.list { below(place.dropFirst(), &$0, body) }
    case .text?: writer.dictionary { nested(Array(place), &$0, body) }
    }
  }

  private static func write(_ key: OptimizerState.Key, _ writer: inout PickleWriter) {
    switch key {
    case .number(let number): writer.integer(number)
    case .text(let text): writer.text(text)
    }
  }

  private func write(_ writer: inout PickleWriter) {
    writer.dictionary { writer in
      writer.text("state")
      writer.dictionary { writer in
        for parameter in state.parameters {
          guard let own = parameter.state else { continue }
          Self.write(parameter.id, &writer)
          writer.dictionary { write(own, &$0) }
        }
      }
      writer.text("param_groups")
      writer.list { writer in
        for group in state.groups { writer.dictionary { write(group, &$0) } }
      }
      write(state.others, &writer)
    }
  }

  private func write(_ group: OptimizerState.Group, _ writer: inout PickleWriter) {
    let members = group.parameters.map { state.parameters[$0] }
    if group.hasNames {
      writer.text("param_names")
      writer.list { writer in for member in members { writer.text(member.name?.text ?? "") } }
    }
    write(group.values, &writer)
    writer.text("params")
    writer.list { writer in for member in members { Self.write(member.id, &writer) } }
  }

  private func write(_ entries: [OptimizerState.Entry], _ writer: inout PickleWriter) {
    for entry in entries {
      Self.write(entry.key, &writer)
      write(entry.value, &writer)
    }
  }

  private func write(_ value: OptimizerState.Value, _ writer: inout PickleWriter) {
    switch value {
    case .none: writer.none()
    case .boolean(let value): writer.boolean(value)
    case .integer(let value): writer.integer(value)
    case .real(let bits): writer.real(bits)
    case .text(let text): writer.text(text)
    case .list(let values): writer.list { writer in for value in values { write(value, &writer) } }
    case .tuple(let values): writer.tuple { writer in for value in values { write(value, &writer) } }
    case .dictionary(let entries): writer.dictionary { write(entries, &$0) }
    case .tensor(let name): tensor(name, &writer)
    }
  }
}
