internal import ByteFiles
internal import Conversion
package import FlatFormats
package import TensorStreams
package import Tensors
internal import UnitModel

/// Weights with the state of the optimizer that trained them, from a training checkpoint or from the folder of one.
package struct Training {
  let weights: TrainedWeights
  /// The number of tensors of the state.
  package var tensorCount: Int { weights.optimizer.tensors.count }
  /// Both as one source; it does not leave out the state.
  package var source: any TensorSource { weights }

  /// The file beside a model's weights with the state of its optimizer, as trainers of transformers write it.
  private static let fileName = "optimizer.pt"

  /// Finds the state in the file of the weights, or in `optimizer.pt` in their folder.
  ///
  /// - Parameter order: the names of the model's parameters, in its order; nil if the weights have that order.
  package init(_ flat: any FlatWeightsSource, of opened: OpenedFile, order: [TensorName]? = nil) throws {
    weights = try TrainedWeights(flat, try Self.state(of: flat, opened), order: order)
  }

  private static func state(of flat: any FlatWeightsSource, _ opened: OpenedFile) throws -> OptimizerInput {
    if let own = try flat.optimizer() { return own }
    guard let folder = opened.folder else {
      throw TesseraError(
        .request, "\(opened.path): --with-optimizer: expected the state of an optimizer, found weights alone")
    }
    let path = SystemPath.joined(folder, fileName)
    guard FileIdentity(path: path) != nil else {
      throw TesseraError(
        .request,
        "\(folder): --with-optimizer: expected \(fileName) beside the weights, found no file of that name")
    }
    let beside = try FlatFormats.open(ReadableFile(path: path), as: .pytorch)
    guard let state = try beside.optimizer() else {
      throw TesseraError(
        .format, "\(path): --with-optimizer: expected the state of an optimizer, found a file without one")
    }
    return state
  }

  /// What the user should know about the names of parameters.
  package var notes: [String] {
    if weights.isMatchedByOrder {
      return [
        "the optimizer numbers its parameters; the numbers were matched with the model's tensors by order and shape"
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
    if kind.holdsOptimizers { return nil }
    return LeftOut(
      Joining.optimizer,
      "its settings (\(weights.optimizer.state.settingsInWords)), which only a DEST .pt holds", .apart)
  }

  /// What the user should know.
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
