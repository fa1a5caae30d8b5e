internal import ByteFiles
internal import Conversion
package import FlatFormats
package import TensorStreams
package import Tensors
package import UnitCheckpoints
internal import UnitModel

/// Weights with the state of the optimizer that trained them, from a training checkpoint or from the folder of one.
package struct Training {
  let weights: TrainedWeights
  /// The number of tensors of the state.
  package var tensorCount: Int { weights.optimizer.tensors.count }
  /// The path of the file with the state.
  var path: String { weights.optimizer.path }
  /// Both as one source; it does not leave out the state.
  package var source: any TensorSource { weights }

  /// The files beside a model's weights with the state of its optimizer, as transformers and accelerate write them.
  private static let fileNames = ["optimizer.pt", "optimizer.bin"]

  /// Finds the state in the file of the weights, or in `optimizer.pt` or `optimizer.bin` in their folder.
  ///
  /// - Parameter order: the names of the optimizer's parameters, in the order of its groups; nil if they are to be found.
  package init(_ flat: any FlatWeightsSource, of opened: OpenedFile, order: [TensorName]? = nil) throws {
    weights = try TrainedWeights(flat, try Self.state(of: flat, opened), order: order)
  }

  /// The state in a file again, under the names that a checkpoint has for it; nil if either has none.
  ///
  /// - Returns: also whether settings and everything else but the tensors are the same.
  package static func again(
    _ opened: OpenedFile, storedIn checkpoint: UnitCheckpoint
  ) throws -> (training: Training, hasSameSettings: Bool)? {
    guard case .flat(let flat) = try opened.contents, let stored = try checkpoint.optimizer()?.state,
      let state = try? state(of: flat, opened)
    else { return nil }
    let isNamed = state.state.parameters.allSatisfy { $0.name != nil }
    let weights = try TrainedWeights(
      flat, state, order: isNamed ? nil : stored.parameters.compactMap(\.name))
    let same =
      weights.optimizer.state.parameters == stored.parameters
      && weights.optimizer.state.groups == stored.groups && weights.optimizer.state.others == stored.others
    return (Training(weights: weights), same)
  }

  private init(weights: TrainedWeights) { self.weights = weights }

  private static func state(of flat: any FlatWeightsSource, _ opened: OpenedFile) throws -> OptimizerInput {
    if let own = try flat.optimizer() { return own }
    func weightsAlone(_ path: String) -> TesseraError {
      TesseraError(
        .request,
        "\(path): --with-optimizer: expected the state of an optimizer (a PyTorch file or a distributed checkpoint "
          + "with one, or \(fileNames.joined(separator: " or ")) in the folder), found weights alone")
    }
    guard let folder = opened.folder else { throw weightsAlone(opened.path) }
    let paths = fileNames.map { SystemPath.joined(folder, $0) }
    guard let path = paths.first(where: { FileIdentity(path: $0) != nil }) else { throw weightsAlone(folder) }
    let beside = try FlatFormats.open(ReadableFile(path: path), as: .pytorch)
    guard let state = try beside.optimizer() else {
      throw TesseraError(
        .format, "\(path): --with-optimizer: expected the state of an optimizer, found a file without one")
    }
    return state.taking(TensorName(SystemPath.bareName(of: path)))
  }

  /// Notes about the names of parameters.
  package var notes: [String] {
    if weights.isMatchedByOrder {
      return [
        "the optimizer numbers its parameters; the numbers of each group were taken to be in the model's order, as "
          + "their shapes allow (--parameter-order gives the names)"
      ]
    }
    if weights.optimizer.hasOrder { return [] }
    return [
      "the checkpoint does not have the order of the optimizer's parameters; load the state by their names "
        + "(set_optimizer_state_dict), not by order"
    ]
  }

  /// The settings, which a file of this kind does not hold; nil if it does.
  package func settings(leftOutBy kind: FlatFormatKind) -> LeftOut? {
    LeftOut(settingsOf: weights.optimizer.state, writtenAs: kind)
  }

  /// Notes about the names of parameters, and about moments that stay whole.
  func notes(in partition: Partition) -> [String] {
    var notes = notes
    var known: Set<TensorName> = []
    let uncut = OptimizerPlacement(partition).uncut.filter { known.insert($0.parameter).inserted }
    if let first = uncut.first {
      let others = known.count > 1 ? " (and those of \(known.count - 1) more parameters)" : ""
      notes.append(
        "\(first.tensor.quoted)\(others) does not have the shape of its parameter and stays whole; "
          + "a sub-network with a part of the parameter is extracted without its state")
    }
    return notes
  }

  /// Reads names of parameters, one on each line.
  package static func order(at path: String) throws(TesseraError) -> [TensorName] {
    try DocumentFile.read(path, limit: 64 << 20, as: "a list of names") { bytes in
      bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        return line.isEmpty ? nil : TensorName(String(decoding: line, as: UTF8.self))
      }
    }
  }
}
